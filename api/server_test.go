package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"jalon/activities"
	"jalon/documents"
	"jalon/mail"
	"jalon/models"
	"jalon/store"
	"jalon/worker/temporaltest"
)

// epoch is the business moment at which a test's server shows its clock: a Monday.
var epoch = time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)

// process stands for a TrainingRequest: it takes every command and refuses what says so in its note. Handing over lasts
// until it is told to go on.
func process(ctx workflow.Context, in models.RequestInput) error {
	heard := 0 // of a session that was cancelled, after a while
	for _, verb := range []models.Verb{models.VerbQualify, models.VerbCancel, models.VerbApproveProgramme, models.VerbPlanSessions,
		models.VerbRework, models.VerbChoose, models.VerbReturnProgramme, models.VerbReassign, models.VerbHandOver} {
		err := workflow.SetUpdateHandlerWithOptions(ctx, string(verb), func(ctx workflow.Context, _ map[string]any) (models.CommandResult, error) {
			if verb == models.VerbHandOver {
				workflow.GetSignalChannel(ctx, goOn).Receive(ctx, nil)
			}
			return models.CommandResult{Ref: in.Ref, Status: "done"}, nil
		}, workflow.UpdateHandlerOptions{Validator: func(_ workflow.Context, arg map[string]any) error {
			if verb == models.VerbReturnProgramme && arg["note"] == nil {
				return temporal.NewNonRetryableApplicationError("why", string(models.CodeReasonMissing), nil)
			}
			if hours, known := arg["hours"].([]any); verb == models.VerbPlanSessions && known && len(hours) == 1 {
				if heard++; heard < 3 {
					return temporal.NewNonRetryableApplicationError("too many", string(models.CodeOverPlanned), nil)
				}
			}
			if verb == models.VerbApproveProgramme {
				return temporal.NewNonRetryableApplicationError("not now", string(models.CodeProgrammeMissing), nil)
			}
			if scope, ok := arg["scope"].(map[string]any); ok && scope["group_size"] == float64(99) {
				return temporal.NewNonRetryableApplicationError("not now", string(models.CodeWrongStage), nil)
			}
			return nil
		}})
		if err != nil {
			return err
		}
	}
	return workflow.Await(ctx, func() bool { return false })
}

const goOn = "go_on"

// agency is a server with everything real behind it.
type agency struct {
	*Server
	t      testing.TB
	http   *httptest.Server
	log    *lockedBuffer
	tokens map[models.Role]string
	keys   *atomic.Int64
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// issuing is who issues documents.
var issuing = documents.Agency{Name: "Agence Exemple", LegalForm: "SARL", Address: "1 rue Exemple, Paris", Company: "123456789", VATNumber: "FR00123456789", Representative: "Camille Exemple, gérante"}

// newAgency opens a server on a temporary SQLite database. Without Temporal, its client leads nowhere.
func newAgency(t testing.TB, temporalClient client.Client, change ...func(*Config)) *agency {
	t.Helper()
	ctx := t.Context()
	st, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "jalon.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if err := st.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	if temporalClient == nil {
		temporalClient, err = client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1", Logger: quiet{}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(temporalClient.Close)
	}
	signer, err := mail.NewSigner(strings.Repeat("k", mail.MinLinkKey))
	if err != nil {
		t.Fatal(err)
	}
	files, err := documents.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log := &lockedBuffer{}
	clock := models.Clock{RealEpoch: time.Now(), BusinessEpoch: epoch, Scale: 1}
	cfg := Config{Store: st, Temporal: temporalClient, Courier: &activities.Courier{Client: temporalClient, Store: st, Clock: clock},
		Signer: signer, Clock: clock, Documents: files, Copies: activities.Copies{Store: st, Documents: files, Agency: issuing}, PublicURL: "https://missions.example.org", Partners: []string{"centre-1"},
		Timeout: 5 * time.Second, Log: slog.New(slog.NewJSONHandler(log, nil))}
	for _, fn := range change {
		fn(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := &agency{Server: s, t: t, http: httptest.NewServer(s.Handler()), log: log, tokens: map[models.Role]string{}, keys: &atomic.Int64{}}
	t.Cleanup(h.http.Close)
	for i, role := range []models.Role{models.RoleStaff, models.RolePedagogy, models.RoleFinance, models.RoleAdmin} {
		h.tokens[role] = NewToken()
		err := s.store.SaveToken(ctx, models.Token{Ref: fmt.Sprintf("K-%06d", i+1), Name: string(role), SHA256: HashToken(h.tokens[role]),
			Roles: []models.Role{role}, CreatedAt: epoch})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []models.Course{{Topic: "tableur", TitleFR: "Tableur", TitleEN: "Spreadsheet"}} {
		if err := s.store.SaveCourse(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// quiet silences the SDK.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

func (a answer) problem(t testing.TB) Problem {
	t.Helper()
	var p Problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("%d is no problem document: %s", a.StatusCode, a.body)
	}
	return p
}

func (a answer) into(t testing.TB, v any) {
	t.Helper()
	if a.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatal(err)
	}
}

// do calls the API as a role; headers come in pairs and replace the usual ones.
func (h *agency) do(role models.Role, method, path, body string, headers ...string) answer {
	h.t.Helper()
	switch path {
	case "/openapi.json", "/healthz", "/readyz", "/docs":
	default:
		path = Prefix + path
	}
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.http.URL+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if role != "" {
		r.Header.Set("Authorization", "Bearer "+h.tokens[role])
	}
	if method == http.MethodPost {
		r.Header.Set("Idempotency-Key", fmt.Sprintf("key-%d", h.keys.Add(1)))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := h.http.Client().Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer{res, string(raw)}
}

func (h *agency) staff(method, path, body string, headers ...string) answer {
	h.t.Helper()
	return h.do(models.RoleStaff, method, path, body, headers...)
}

// refused checks status, code and that a sentence is there in both languages' own words.
func (h *agency) refused(a answer, status int, code models.Code) Problem {
	h.t.Helper()
	if a.StatusCode != status {
		h.t.Fatalf("%s %s: status %d, want %d: %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body)
	}
	p := a.problem(h.t)
	if p.Code != string(code) || p.Detail == "" || p.Status != status {
		h.t.Fatalf("%s %s: %+v, want %s", a.Request.Method, a.Request.URL.Path, p, code)
	}
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		h.t.Fatalf("content type %q", got)
	}
	return p
}

const intakeBody = `{"channel":"phone","client":{"type":"sme","name":"Example SARL","company_number":"123456789",
 "contacts":[{"name":"Camille Exemple","email":"camille@example.org"},{"name":"Compta","email":"compta@example.org","billing":true}]},
 "topic":"tableur","title":"Tableur, 3 jours","needs":"Le groupe débute","mode":"at_client","address":"1 rue de l'Exemple, Paris",
 "department":"75","group_size":4,"budget_cents":600000,
 "order":{"half_days":6,"unit":"half_day","unit_price_cents":90000,"vat_bps":2000}}`

func (h *agency) open() models.Brief {
	h.t.Helper()
	var b models.Brief
	h.staff("POST", "/requests", intakeBody).into(h.t, &b)
	return b
}

// running is a house whose commands reach a real Temporal server.
func runningAgency(t *testing.T, change ...func(*Config)) *agency {
	t.Helper()
	c, _ := temporaltest.Start(t)
	w := worker.New(c, models.TaskQueue, worker.Options{})
	w.RegisterWorkflowWithOptions(process, workflow.RegisterOptions{Name: models.TrainingRequestType})
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	return newAgency(t, c, change...)
}
