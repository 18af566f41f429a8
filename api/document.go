package api

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"go.temporal.io/sdk/client"

	"jalon/models"
)

// registerRest registers what answers something else than JSON, and what no person calls.
func (s *Server) registerRest() {
	s.page(http.MethodGet, Prefix+"/documents/:sha256", Everyone, s.serveDocument)
	s.describeDocument()
	s.page(http.MethodPost, Prefix+"/webhooks/sendgrid", Public, s.mailEvents)
	s.page(http.MethodGet, "/openapi.json", Public, func(c *gin.Context) {
		body, err := s.OpenAPI()
		if err != nil {
			s.problem(c, err)
			return
		}
		c.Data(http.StatusOK, "application/vnd.oai.openapi+json;version=3.1", body)
	})
	s.page(http.MethodGet, "/docs", Public, s.docs)
	s.page(http.MethodGet, "/healthz", Public, func(c *gin.Context) { c.String(http.StatusOK, "ok") })
	s.page(http.MethodGet, "/readyz", Public, s.ready)
}

// describeDocument tells the readers of the API where files are, beside the calls that answer JSON.
func (s *Server) describeDocument() {
	op := operation{method: http.MethodGet, path: "/documents/{sha256}", rule: Everyone}
	roles, security := op.rule.document()
	responses := refusalsOf(op)
	responses["200"] = &huma.Response{Description: "The file as it was kept", Content: map[string]*huma.MediaType{
		"application/pdf": {}, "image/jpeg": {}, "image/png": {}}}
	s.api.OpenAPI().AddOperation(&huma.Operation{OperationID: "get-document", Method: op.method, Path: Prefix + op.path, Tags: []string{"documents"},
		Summary:    "A file; what is about money is for staff and finance, what is about a participant for staff and pedagogy",
		Parameters: []*huma.Param{{Name: "sha256", In: "path", Required: true, Description: "As listed with what it is of: the SHA-256 of its bytes", Schema: &huma.Schema{Type: huma.TypeString, Pattern: "^[0-9a-f]{64}$"}}},
		Responses:  responses, Security: security, Extensions: map[string]any{"x-roles": roles}})
}

// OpenAPI describes the typed API (OpenAPI 3.1), as kept in openapi.json.
func (s *Server) OpenAPI() ([]byte, error) {
	raw, err := json.Marshal(s.api.OpenAPI())
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func (s *Server) serveDocument(c *gin.Context) {
	ctx := c.Request.Context()
	if s.cfg.Documents == nil {
		s.problem(c, refuse(models.CodeUnknown))
		return
	}
	d, err := s.store.Document(ctx, c.Param("sha256"))
	if err == nil && !reading(d.Kind).Allows(callFrom(ctx).Roles) {
		err = refuse(models.CodeForbidden)
	}
	if err != nil {
		s.problem(c, err)
		return
	}
	content, err := s.cfg.Documents.Get(ctx, d.SHA256)
	if err != nil {
		s.problem(c, err)
		return
	}
	c.Header("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.Name}))
	c.Header("Content-Security-Policy", "default-src 'none'; sandbox")
	c.Data(http.StatusOK, d.MediaType, content)
}

// mailEvents takes what SendGrid tells of messages that left. Repeats change nothing, unknown messages are not ours.
func (s *Server) mailEvents(c *gin.Context) {
	if s.cfg.Events == nil {
		s.problem(c, refuse(models.CodeUnknown))
		return
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		s.problem(c, err)
		return
	}
	events, err := s.cfg.Events.Read(c.Request.Header, body)
	if err != nil {
		s.problem(c, err)
		return
	}
	for _, e := range events {
		err := s.store.MessageEvent(c.Request.Context(), e.Key, string(e.Kind), s.cfg.Clock.Business(e.At))
		if err != nil && models.ErrorCode(err) != models.CodeUnknown {
			s.problem(c, err) // the provider sends the batch again
			return
		}
	}
	c.Status(http.StatusNoContent)
}

// ready tells whether database and Temporal answer.
func (s *Server) ready(c *gin.Context) {
	ctx := c.Request.Context()
	if err := s.store.Ready(ctx); err != nil {
		s.problem(c, refuse(models.CodeUnavailable))
		return
	}
	if _, err := s.cfg.Temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		s.problem(c, refuse(models.CodeUnavailable))
		return
	}
	c.String(http.StatusOK, "ready")
}

func (s *Server) registerAPI() {
	s.registerAuth()
	s.registerClients()
	s.registerTrainers()
	s.registerCatalogue()
	s.registerRequests()
	s.registerCommands()
	s.registerSessions()
	s.registerRecaps()
	s.registerInvoices()
	s.registerDeadlines()
	s.registerMessages()
	s.registerUsers()
	s.registerRecord()
	s.registerRest()
}
