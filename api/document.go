package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"go.temporal.io/sdk/client"

	"jalon/models"
)

// registerRest registers what answers something else than JSON, and what no person calls.
func (s *Server) registerRest() {
	s.page(http.MethodGet, Prefix+"/documents/:sha256", Everyone, s.serveDocument)
	s.page(http.MethodGet, Prefix+"/requests/:ref/contracts/:number/signed-copy", Everyone, s.serveSigned)
	s.describeFiles()
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

// describeFiles tells the readers of the API where files are, beside the calls that answer JSON.
func (s *Server) describeFiles() {
	describe := func(op operation, parameters ...*huma.Param) {
		roles, security := op.rule.document()
		responses := refusalsOf(op)
		responses["200"] = &huma.Response{Description: "The file as it was kept", Content: map[string]*huma.MediaType{
			"application/pdf": {}, "image/jpeg": {}, "image/png": {}}}
		s.api.OpenAPI().AddOperation(&huma.Operation{OperationID: op.id, Method: op.method, Path: Prefix + op.path, Tags: []string{"documents"},
			Summary: op.summary, Parameters: parameters, Responses: responses, Security: security, Extensions: map[string]any{"x-roles": roles}})
	}
	inPath := func(name, words string, schema *huma.Schema) *huma.Param {
		return &huma.Param{Name: name, In: "path", Required: true, Description: words, Schema: schema}
	}
	describe(operation{method: http.MethodGet, path: "/documents/{sha256}", id: "get-document", rule: Everyone,
		summary: "A file; what is about money is for staff and finance, what is about a participant for staff and pedagogy"},
		inPath("sha256", "As listed with what it is of: the SHA-256 of its bytes", &huma.Schema{Type: huma.TypeString, Pattern: "^[0-9a-f]{64}$"}))
	describe(operation{method: http.MethodGet, path: "/requests/{ref}/contracts/{number}/signed-copy", id: "get-signed-copy", rule: Everyone,
		summary: "The signed copy of a contract: the scan that staff recorded, or the document and a page that says who signed it"},
		inPath("ref", "The dossier, D-2026-000123", &huma.Schema{Type: huma.TypeString}),
		inPath("number", "Of the contract within its dossier", &huma.Schema{Type: huma.TypeInteger}))
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
	d, err := s.store.Document(c.Request.Context(), c.Param("sha256"))
	s.serveFile(c, d, err)
}

func (s *Server) serveSigned(c *gin.Context) {
	d, err := s.signed(c.Request.Context(), c.Param("ref"), c.Param("number"))
	s.serveFile(c, d, err)
}

// signed is the signed copy of a contract of a dossier.
func (s *Server) signed(ctx context.Context, dossier, number string) (models.Document, error) {
	n, err := strconv.Atoi(number)
	if err != nil || s.cfg.Copies == nil {
		return models.Document{}, refuse(models.CodeUnknown)
	}
	return s.cfg.Copies.Signed(ctx, models.ContractRef(dossier, n))
}

// serveFile answers a file that was found to who may read it.
func (s *Server) serveFile(c *gin.Context, d models.Document, err error) {
	ctx := c.Request.Context()
	if err == nil && s.cfg.Documents == nil {
		err = refuse(models.CodeUnknown)
	}
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
