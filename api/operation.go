package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"jalon/models"
	"jalon/store"
)

// Prefix is where the typed API begins.
const Prefix = "/api/v1"

const maxKey = 200 // characters of an idempotency key

// operation is one route of the typed API, with its rule beside it.
type operation struct {
	method, path string // the path without Prefix
	id, tag      string
	summary      string
	rule         Rule
	status       int   // of success; 0: 200, or 201 for one that creates
	keyed        bool  // needs an Idempotency-Key
	body         int64 // limit in bytes; 0: the server's
}

// humaConfig is the document's head; schema links and the docs page of the library, which loads scripts from
// elsewhere, are left out.
func humaConfig() huma.Config {
	c := huma.DefaultConfig("Jalon", "1")
	c.CreateHooks = nil
	c.DocsPath, c.SchemasPath, c.OpenAPIPath = "", "", ""
	c.Info.Description = "Training missions, from the request to the payment of the trainer. Times are RFC 3339 in " +
		"business time, amounts integer cents of euro, lists paged by cursor. Every command takes an Idempotency-Key. " +
		"Refusals are problem documents with a stable code, in French or English by Accept-Language."
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "Machine token, for programs: the header Authorization: Bearer jln_…, made by " +
			"an administrator with jalon user token NAME --role staff. It has the roles that it was made with."},
		"session": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "Cookie that POST " + Prefix + "/sign-in sets, for pages. Calls that " +
			"change something must come from our own: with the header Origin of the address they go to, which browsers send by themselves, or they are refused (foreign_origin)."},
	}
	problem := map[string]*huma.MediaType{"application/problem+json": {Schema: c.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")}}
	c.Components.Responses = map[string]*huma.Response{anyProblem: {Description: "Any refusal", Content: problem}}
	for status, title := range problemStatuses {
		r := &huma.Response{Description: statusMeaning(status), Content: problem}
		if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
			r.Headers = map[string]*huma.Param{"Retry-After": {Description: "Seconds after which to call again", Schema: &huma.Schema{Type: huma.TypeInteger}}}
		}
		c.Components.Responses[title] = r
	}
	return c
}

// anyProblem is what stands for the statuses that are not told apart.
const anyProblem = "Problem"

// problemStatuses are the statuses of refusals that calls may get, with what the document calls them.
var problemStatuses = map[int]string{
	http.StatusBadRequest: "BadRequest", http.StatusUnauthorized: "Unauthorized", http.StatusForbidden: "Forbidden", http.StatusNotFound: "NotFound",
	http.StatusConflict: "Conflict", http.StatusGone: "Gone", http.StatusRequestEntityTooLarge: "TooLarge", http.StatusUnsupportedMediaType: "UnsupportedMediaType",
	http.StatusUnprocessableEntity: "UnprocessableEntity", http.StatusTooManyRequests: "TooManyRequests", http.StatusInternalServerError: "InternalError",
	http.StatusServiceUnavailable: "Unavailable",
}

// statusMeaning is what a status means, with the codes that it comes with.
func statusMeaning(status int) string {
	words := http.StatusText(status)
	for _, code := range codesInOrder() {
		if refusals[code].status == status {
			words += "\n- `" + string(code) + "`: " + refusals[code].en
		}
	}
	if status == http.StatusUnsupportedMediaType {
		words += "\n- `" + string(models.CodeMalformed) + "`: Only application/json is read."
	}
	return words
}

// refusalsOf are the answers other than success that an operation may give.
func refusalsOf(op operation) map[string]*huma.Response {
	statuses := []int{http.StatusBadRequest, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable}
	acts := unsafe(op.method)
	if !op.rule.Public || acts {
		statuses = append(statuses, http.StatusUnauthorized, http.StatusForbidden)
	}
	if acts || strings.Contains(op.path, "{") {
		statuses = append(statuses, http.StatusNotFound)
	}
	if acts {
		statuses = append(statuses, http.StatusConflict, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)
	}
	out := map[string]*huma.Response{"default": {Ref: "#/components/responses/" + anyProblem}}
	for _, status := range statuses {
		out[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + problemStatuses[status]}
	}
	return out
}

const (
	ruleMeta  = "rule"
	keyedMeta = "keyed"
)

// add registers an operation and its handler; what the handler refuses is answered as a problem document.
func add[I, O any](s *Server, op operation, handler func(context.Context, *I) (*O, error)) {
	path := Prefix + op.path
	s.rules[op.method+" "+ginPath(path)] = op.rule
	limit := s.cfg.BodyLimit
	if op.body > 0 {
		limit = op.body
		s.bodies[op.method+" "+ginPath(path)] = limit
	}
	roles, security := op.rule.document()
	h := huma.Operation{OperationID: op.id, Method: op.method, Path: path, Summary: op.summary, Tags: []string{op.tag},
		DefaultStatus: op.status, MaxBodyBytes: limit + 1, Security: security,
		Metadata:   map[string]any{ruleMeta: op.rule, keyedMeta: op.keyed},
		Responses:  refusalsOf(op),
		Extensions: map[string]any{"x-roles": roles}}
	if op.keyed {
		one, most := 1, maxKey
		h.Parameters = append(h.Parameters, &huma.Param{Name: "Idempotency-Key", In: "header", Required: true,
			Description: "Chosen by the caller, one per thing to do: a repeat is answered without being done again",
			Schema:      &huma.Schema{Type: "string", MinLength: &one, MaxLength: &most}})
	}
	huma.Register(s.api, h, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			s.forget(ctx, err)
			return nil, s.problemOf(ctx, callFrom(ctx).lang, err)
		}
		return out, nil
	})
}

// document tells who may use an operation, and how they say who they are.
func (r Rule) document() (roles []string, security []map[string][]string) {
	if r.Public {
		return []string{"public"}, []map[string][]string{}
	}
	for _, role := range r.Roles {
		roles = append(roles, string(role))
	}
	if !r.has(models.RoleAdmin) {
		roles = append(roles, string(models.RoleAdmin))
	}
	return roles, []map[string][]string{{"token": {}}, {"session": {}}}
}

// forget drops the free texts of a call that was refused. Without an answer they stay: a process may have taken them.
func (s *Server) forget(ctx context.Context, err error) {
	notes := callFrom(ctx).notes
	if code := codeOf(err); len(notes) == 0 || code == models.CodeUnavailable || code == models.CodeInternal {
		return
	}
	if err := s.store.DropNotes(context.WithoutCancel(ctx), notes); err != nil {
		s.log.WarnContext(ctx, "note of a refused call kept", "request", requestIDFrom(ctx), "error", err)
	}
}

func (r Rule) has(role models.Role) bool {
	for _, x := range r.Roles {
		if x == role {
			return true
		}
	}
	return false
}

func ginPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// guard admits a call of the typed API, reads its body and looks after its idempotency key.
func (s *Server) guard(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	rule, _ := ctx.Operation().Metadata[ruleMeta].(Rule) // without one, nobody is allowed
	if err := s.admit(c, rule); err != nil {
		s.problem(c, err)
		return
	}
	if !unsafe(c.Request.Method) {
		next(ctx)
		return
	}
	if t := c.ContentType(); t != "" && t != "application/json" && c.Request.ContentLength != 0 {
		writeProblem(c, humaProblem(langOf(c.Request), http.StatusUnsupportedMediaType, nil))
		return
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		if codeOf(err) != models.CodeTooLarge {
			err = refuse(models.CodeMalformed) // the caller went away, or sends less than it announced
		}
		s.problem(c, err)
		return
	}
	if !utf8.Valid(body) || bytes.Contains(body, []byte(`\u0000`)) {
		s.problem(c, refuse(models.CodeMalformed)) // it would be kept altered, or not at all
		return
	}
	if len(body) == 0 && ctx.Operation().RequestBody != nil {
		body = []byte("{}") // a decision without particulars needs no body
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	if keyed, _ := ctx.Operation().Metadata[keyedMeta].(bool); keyed {
		s.once(c, body, func() { next(ctx) })
		return
	}
	next(ctx)
}

// once does something at most once for a caller's key. What was decided is kept and answered again; what was not
// (the input was refused as unreadable, a part of the system was away) leaves the key free.
func (s *Server) once(c *gin.Context, body []byte, do func()) {
	key := c.GetHeader("Idempotency-Key")
	if key == "" || len(key) > maxKey {
		s.problem(c, refuse(models.CodeKeyMissing))
		return
	}
	ctx := c.Request.Context()
	call := callFrom(ctx)
	call.key = digest(call.Ref, c.Request.Method, c.Request.URL.Path, key)
	row, fresh, err := s.store.BeginIdempotent(ctx, call.key, digest(string(body)), s.now())
	switch {
	case err != nil:
		s.problem(c, err)
		return
	case !fresh && row.Status != 0:
		s.replay(c.Writer, row)
		return
	}
	// A row that is under way still is either a call at this very moment or one that got no answer; a fresh one may be of a
	// key left free by a call whose commit was reported as failed. What that one did may be why a repeat would be refused: it
	// is looked for first. Doing it again is safe where it did nothing: references are allocated by key, facts and updates
	// have identities made of it.
	if first, ok, err := s.did(ctx, row); err != nil {
		s.problem(c, err)
		return
	} else if ok {
		s.replay(c.Writer, first)
		return
	}
	w := &recorder{ResponseWriter: c.Writer}
	c.Writer = w
	func() {
		defer func() { c.Writer = w.ResponseWriter }()
		do()
	}()
	end := context.WithoutCancel(ctx)
	if !fresh && s.age(row) < s.cfg.Timeout && w.Status() >= http.StatusMultipleChoices && w.Status() < http.StatusInternalServerError {
		// What the first call has just done may be why this one is refused: who clicked twice gets the first one's answer. One
		// that began longer ago got none, and has none to wait for.
		if first, ok := s.outcome(ctx, call.key); ok {
			w.ResponseWriter.Header().Del("Retry-After")
			s.replay(w.ResponseWriter, first)
			return
		}
	}
	switch {
	case final(w.Status(), w.body.Bytes()):
		err = s.store.FinishIdempotent(end, call.key, w.Status(), w.body.Bytes())
	case call.sent && w.Status() >= http.StatusInternalServerError:
		// Its process may take it still: the row stays under way, for a repeat to ask.
	default:
		err = s.store.AbandonIdempotent(end, call.key)
	}
	if err != nil {
		s.log.ErrorContext(ctx, "outcome not kept", "request", requestIDFrom(ctx), "error", err)
	}
	w.flush()
}

// did is what a first call did without answering, as it would have answered: what it wrote or the command its process
// took; false: neither. Its answer is kept from now on.
func (s *Server) did(ctx context.Context, row models.Idempotency) (first models.Idempotency, ok bool, err error) {
	answer, status, err := s.written(ctx, row.ID)
	switch {
	case err == nil:
	case models.ErrorCode(err) != models.CodeUnknown:
		return row, false, err
	case row.Workflow == "":
		return row, false, nil
	default:
		result, taken, err := s.taken(ctx, row.Workflow, row.UpdateID)
		if err != nil || !taken {
			return row, false, err
		}
		s.alertRead(ctx, store.AlertsOf{Workflow: row.Workflow}, callFrom(ctx).Ref)
		answer, status = result, http.StatusOK
	}
	if row.Body, err = json.Marshal(answer); err != nil {
		return row, false, err
	}
	row.Status = status
	return row, true, s.store.FinishIdempotent(context.WithoutCancel(ctx), row.ID, row.Status, row.Body)
}

// written is the answer to a call that wrote something under its key: a fact, or people it registered. not_found: neither.
func (s *Server) written(ctx context.Context, key string) (answer any, status int, err error) {
	fact, err := s.store.Fact(ctx, recordID(key))
	switch {
	case err == nil:
		return recorded(fact), http.StatusOK, nil
	case models.ErrorCode(err) != models.CodeUnknown:
		return nil, 0, err
	}
	people, err := s.store.Registered(ctx, key)
	out := List[Registration]{Items: []Registration{}}
	for _, p := range people {
		out.Items = append(out.Items, registration(p))
	}
	return out, http.StatusCreated, err
}

// replay answers what was answered before.
func (s *Server) replay(w http.ResponseWriter, row models.Idempotency) {
	kind := "application/json"
	if row.Status >= http.StatusBadRequest {
		kind = "application/problem+json"
	}
	w.Header().Set("Idempotency-Replayed", "true")
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(row.Status)
	_, _ = w.Write(row.Body)
}

// age is how long ago a call began, in real time.
func (s *Server) age(row models.Idempotency) time.Duration {
	return s.cfg.Now().Sub(s.cfg.Clock.Real(row.CreatedAt))
}

// firstWithin bounds how long a repeat that is refused waits for the answer of a first call under way, in real time.
const firstWithin = 2 * time.Second

// outcome is the answer kept for a key, waited for a moment; false: there is none.
func (s *Server) outcome(ctx context.Context, key string) (models.Idempotency, bool) {
	var row models.Idempotency
	known := poll(ctx, firstWithin, 20*time.Millisecond, func(ctx context.Context) bool {
		var err error
		row, err = s.store.Idempotent(ctx, key)
		return err != nil || row.Status != 0 // an error: given up by the first call, or cannot be read
	})
	return row, known && row.Status != 0
}

// poll asks again and again, in real time, until something is done; false: it was not within that time.
func poll(ctx context.Context, within, every time.Duration, done func(context.Context) bool) bool {
	ctx, stop := context.WithTimeout(ctx, within)
	defer stop()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for !done(ctx) {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

// final tells whether an answer decides: done, or refused for what the database or the process says.
func final(status int, body []byte) bool {
	switch status {
	case http.StatusConflict, http.StatusGone:
		return true
	case http.StatusUnprocessableEntity:
		return !slices.ContainsFunc(amendable, func(code models.Code) bool {
			return bytes.Contains(body, []byte(`"code":"`+string(code)+`"`))
		})
	}
	return status < 300
}

// amendable are the refusals of an input that is wrong by itself: corrected, it may come with the same key.
var amendable = []models.Code{models.CodeInvalid, models.CodePastDate, models.CodeFutureDate, models.CodeDateTooOld,
	models.CodeDateTooFar, models.CodeDeadlineEarlier, models.CodePlaceMissing}

// recorder holds an answer back until its outcome is kept.
type recorder struct {
	gin.ResponseWriter
	body bytes.Buffer
}

func (r *recorder) Write(b []byte) (int, error)       { return r.body.Write(b) }
func (r *recorder) WriteString(v string) (int, error) { return r.body.WriteString(v) }
func (r *recorder) WriteHeaderNow()                   {}
func (r *recorder) flush()                            { _, _ = r.ResponseWriter.Write(r.body.Bytes()) }

// digest is a SHA-256 over parts, kept apart.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// List is one page of a list; Next is the cursor of the following one, empty on the last.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page, absent on the last"`
}

type listOutput[T any] struct{ Body List[T] }

type itemOutput[T any] struct{ Body T }

type createdOutput[T any] struct {
	Location string `header:"Location"`
	Body     T
}

// Paging are the parameters of every list.
type Paging struct {
	Cursor string `query:"cursor" maxLength:"300" doc:"The next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"Items of a page"`
}
