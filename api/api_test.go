package api

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/activities"
	"jalon/mail"
	"jalon/models"
	"jalon/store"
)

func TestEveryRouteHasARule(t *testing.T) {
	h := newAgency(t, nil, func(c *Config) { c.Mailbox = true })
	routes := h.engine.Routes()
	if len(routes) < 60 {
		t.Fatalf("only %d routes", len(routes))
	}
	for _, r := range routes {
		rule, ok := h.rules[r.Method+" "+r.Path]
		if !ok || !rule.Public && len(rule.Roles) == 0 {
			t.Errorf("%s %s has no rule", r.Method, r.Path)
		}
		if !ok || rule.Public || strings.HasPrefix(r.Path, ConsolePath) { // see TestNobodyEntersTheConsoleUnasked
			continue
		}
		path := strings.NewReplacer(":ref", "D-2026-000001", ":number", "1", ":participant", "P-000001", ":payer", "agency",
			":trainer", "T-000001", ":month", "2026-11", ":sha256", "ab", ":topic", "tableur", ":name", "standard", "*key", "x").Replace(r.Path)
		h.refused(h.do("", r.Method, strings.TrimPrefix(path, Prefix), "", "Idempotency-Key", ""), http.StatusUnauthorized, models.CodeUnauthenticated)
		for role := range h.tokens {
			if !rule.Allows([]models.Role{role}) {
				h.refused(h.do(role, r.Method, strings.TrimPrefix(path, Prefix), ""), http.StatusForbidden, models.CodeForbidden)
			}
		}
	}
	for path, item := range h.api.OpenAPI().Paths {
		if item.Post != nil && item.Post.Metadata[keyedMeta] != true && !strings.Contains(path, "/sign-") {
			t.Errorf("POST %s takes no Idempotency-Key", path)
		}
	}
}

func TestOpenAPIIsKept(t *testing.T) {
	h := newAgency(t, nil)
	got, err := h.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile("openapi.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile("openapi.json")
	if err != nil || string(kept) != string(got) {
		t.Errorf("openapi.json differs from the code (%v): UPDATE=1 go test ./api -run OpenAPI, and review the difference", err)
	}
	a := h.do("", "GET", "/openapi.json", "")
	if a.StatusCode != 200 || a.body != string(got) {
		t.Errorf("/openapi.json: %d", a.StatusCode)
	}
}

func TestF001IntakeWithoutTemporalLosesNothing(t *testing.T) {
	h := newAgency(t, nil, func(c *Config) { c.Timeout = 300 * time.Millisecond })
	a := h.staff("POST", "/requests", intakeBody, "Idempotency-Key", "intake-1")
	var b models.Brief
	a.into(t, &b)
	if a.StatusCode != http.StatusCreated || a.Header.Get("Location") != Prefix+"/requests/"+b.Ref {
		t.Fatalf("%d %v", a.StatusCode, a.Header)
	}
	if b.ClientType != models.ClientSME || b.Order.Quantity != 600 || b.ContactRef == b.BillingRef || b.Policy != "standard" {
		t.Errorf("brief %+v", b)
	}
	row, err := h.store.Fact(t.Context(), "request_received/"+b.Ref)
	if err != nil || row.State != models.FactPending || row.Start == nil || row.Start.Request.Scope.GroupSize != 4 ||
		row.Start.Request.Channel != models.ChannelPhone || row.Start.Request.Recorder != "" {
		t.Fatalf("fact %+v (%v)", row, err)
	}
	if strings.Contains(mustJSON(t, row), "camille") || strings.Contains(mustJSON(t, row), "débute") {
		t.Error("the fact holds personal matter")
	}
	claimed, err := h.store.ClaimFacts(t.Context(), time.Now().Add(time.Second), time.Minute, 10)
	if err != nil || len(claimed) != 1 {
		t.Errorf("the relay cannot take it: %v (%v)", claimed, err)
	}

	again := h.staff("POST", "/requests", intakeBody, "Idempotency-Key", "intake-1")
	if again.StatusCode != http.StatusCreated || again.body != a.body || again.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("repeat: %d %v %s", again.StatusCode, again.Header, again.body)
	}
	h.refused(h.staff("POST", "/requests", strings.Replace(intakeBody, `"group_size":4`, `"group_size":5`, 1), "Idempotency-Key", "intake-1"),
		http.StatusUnprocessableEntity, models.CodeKeyReused)
	if other := h.do(models.RoleAdmin, "POST", "/requests", intakeBody, "Idempotency-Key", "intake-1"); other.body == a.body {
		t.Error("another caller's key is another key")
	}

	var view RequestView
	h.staff("GET", "/requests/"+b.Ref, "").into(t, &view)
	if view.Stage != models.StageQualification || view.Client.Name != "Example SARL" || len(view.Client.Contacts) != 2 {
		t.Errorf("view %+v", view)
	}

	p := h.refused(h.staff("POST", "/requests/"+b.Ref+"/cancel", `{"reason":"plus besoin"}`, "Idempotency-Key", "cancel-1"),
		http.StatusServiceUnavailable, models.CodeUnavailable)
	if p.Detail != Sentence(models.CodeUnavailable, models.French) {
		t.Error(p.Detail)
	}
	second := h.staff("POST", "/requests/"+b.Ref+"/cancel", `{"reason":"plus besoin"}`, "Idempotency-Key", "cancel-1")
	if second.Header.Get("Retry-After") == "" || second.Header.Get("Idempotency-Replayed") != "" {
		t.Errorf("503: %v", second.Header)
	}
}

// A second click arrives when the first one has acted and not answered yet: the stage has changed, and says nothing
// about who clicked twice.
func TestARepeatRefusedForWhatTheFirstCallDidGetsItsAnswer(t *testing.T) {
	h := newAgency(t, nil)
	var b models.Brief
	h.staff("POST", "/requests", intakeBody).into(t, &b)
	path, body := "/requests/"+b.Ref+"/choose", `{"invitation":"x"}`
	first := func(key string) string {
		id := digest("K-000001", "POST", Prefix+path, key)
		if _, fresh, err := h.store.BeginIdempotent(t.Context(), id, digest(body), epoch); err != nil || !fresh {
			t.Fatal(fresh, err)
		}
		return id
	}
	id := first("twice")
	done := make(chan error, 1)
	go func() {
		select { // the repeat is refused and waits, by then
		case <-t.Context().Done():
		case <-time.After(100 * time.Millisecond):
		}
		done <- h.store.FinishIdempotent(context.Background(), id, http.StatusOK, []byte(`{"ref":"done"}`))
	}()
	a := h.staff("POST", path, body, "Idempotency-Key", "twice")
	if a.StatusCode != http.StatusOK || a.body != `{"ref":"done"}` || a.Header.Get("Idempotency-Replayed") != "true" || a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	first("died")
	h.refused(h.staff("POST", path, body, "Idempotency-Key", "died"), http.StatusConflict, models.CodeWrongStage)
}

// A name typed at the sign-in page may be as long as a form: it is not kept, and an address that may not try any more
// does not slow the accounts down.
func TestWhoGuessesTakesNoRoom(t *testing.T) {
	h := newAgency(t, nil)
	for i := range 50 {
		w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "https://missions.example.org"+signInPath,
			strings.NewReader(url.Values{"login": {strings.Repeat("é", 1000) + strconv.Itoa(i)}, "password": {"x"}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "https://missions.example.org")
		h.Handler().ServeHTTP(w, r)
		if i > 20 && w.Code != http.StatusTooManyRequests {
			t.Fatal(i, w.Code)
		}
	}
	if n := len(h.signIns.buckets); n > 20 {
		t.Errorf("%d names are kept of an address that may not try any more", n)
	}
	for key := range h.signIns.buckets {
		if len(key) > 100 {
			t.Errorf("%d bytes are kept of a name", len(key))
		}
	}
}

// Behind a proxy everybody shares its address: what it says of theirs is believed, what anybody else says is not.
func TestWhoSignsInBehindAProxy(t *testing.T) {
	for name, c := range map[string]struct {
		trusted       []string
		from, said    string // the connection's address, and the header; %d is another one each time
		apart         bool   // attempts are counted apart
		alsoAppending bool   // the proxy adds a header of its own to the one that came
	}{
		"no proxy is trusted":                    {nil, "10.0.0.7", "192.0.2.%d", false, false},
		"the proxy's word":                       {[]string{"10.0.0.7"}, "10.0.0.7", "192.0.2.%d", true, false},
		"its network's":                          {[]string{"10.0.0.0/24"}, "10.0.0.7", "192.0.2.%d", true, false},
		"somebody else's word":                   {[]string{"10.0.0.7"}, "198.51.100.9", "192.0.2.%d", false, false},
		"a visitor who makes up where from":      {[]string{"10.0.0.7"}, "10.0.0.7", "192.0.2.%d, 198.51.100.9", false, false},
		"the same, the proxy adding its own":     {[]string{"10.0.0.7"}, "10.0.0.7", "192.0.2.%d", false, true},
		"two proxies, one after the other":       {[]string{"10.0.0.0/24"}, "10.0.0.7", "192.0.2.%d, 10.0.0.8", true, false},
		"another header that nobody was told of": {[]string{"10.0.0.7"}, "10.0.0.7", "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newAgency(t, nil, func(cfg *Config) { cfg.TrustedProxies = c.trusted })
			last := 0
			for i := range 15 {
				w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "https://missions.example.org"+signInPath,
					strings.NewReader(url.Values{"login": {"nobody" + strconv.Itoa(i)}, "password": {"x"}}.Encode()))
				r.RemoteAddr = c.from + ":4711"
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Header.Set("Origin", "https://missions.example.org")
				r.Header.Set("X-Real-IP", fmt.Sprintf("203.0.113.%d", i+1))
				if c.said != "" {
					r.Header.Add("X-Forwarded-For", strings.Replace(c.said, "%d", strconv.Itoa(i+1), 1))
				}
				if c.alsoAppending {
					r.Header.Add("X-Forwarded-For", "198.51.100.9")
				}
				h.Handler().ServeHTTP(w, r)
				last = w.Code
			}
			want := http.StatusTooManyRequests
			if c.apart {
				want = http.StatusUnauthorized
			}
			if last != want {
				t.Errorf("the fifteenth attempt: %d, want %d", last, want)
			}
		})
	}
	cfg := newAgency(t, nil).cfg
	cfg.TrustedProxies = []string{"proxy"}
	if _, err := New(cfg); err == nil {
		t.Error("a proxy that is no address is taken")
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestFollowUpOfACancelledCourseIsGivenUp reaches for the process, which is away here, only where there is one.
func TestFollowUpOfACancelledCourseIsGivenUp(t *testing.T) {
	h := newAgency(t, nil)
	b := h.open()
	for seq, held := range []int{0, 2} {
		_, err := h.store.Apply(t.Context(), models.Step{Workflow: models.RequestID(b.Ref), Run: "run", Seq: int64(seq + 1), At: time.Now(),
			Rows: models.Rows{Request: &models.Request{Ref: b.Ref, Stage: models.StageCancelled, HalfDaysHeld: held}}})
		if err != nil {
			t.Fatal(err)
		}
		a := h.staff("POST", "/requests/"+b.Ref+"/give-up-follow-up", `{"reason":"x"}`)
		if held == 0 {
			h.refused(a, http.StatusConflict, models.CodeWrongStage)
		} else {
			h.refused(a, http.StatusServiceUnavailable, models.CodeUnavailable)
		}
	}
}

func TestBadInputIsRefusedInWords(t *testing.T) {
	h := newAgency(t, nil)
	b := h.open()
	count := func() int {
		facts, err := h.store.Facts(t.Context(), b.Ref)
		if err != nil {
			t.Fatal(err)
		}
		return len(facts)
	}
	apply(t, h.store, models.Request{Ref: b.Ref, Stage: models.StageQualification, OpenedAt: epoch}, models.Rows{
		Audits: []models.Audit{{Ref: models.AuditRef(b.Ref, 1), Dossier: b.Ref, Number: 1, TrainerRef: "T-000001", Status: models.AuditSlotsAwaited}}})
	before := count()
	with := func(old, new string) string { return strings.Replace(intakeBody, old, new, 1) }
	const past = `{"half_days":[{"start":"2026-10-30T09:00:00Z","end":"2026-10-30T12:00:00Z"}]}`
	cases := []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code                     models.Code
	}{
		{"unknown request", "GET", "/requests/D-2026-999999", "", nil, 404, models.CodeUnknown},
		{"unknown journal", "GET", "/requests/D-2026-999999/journal", "", nil, 404, models.CodeUnknown},
		{"command of an unknown request", "POST", "/requests/D-2026-999999/cancel", `{"reason":"x"}`, nil, 404, models.CodeUnknown},
		{"unknown route", "GET", "/nothing", "", nil, 404, models.CodeUnknown},
		{"malformed body", "POST", "/requests", `{"channel":`, nil, 400, models.CodeMalformed},
		{"another media type", "POST", "/requests", `a=b`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, models.CodeMalformed},
		{"no body", "POST", "/requests", "", nil, 422, models.CodeInvalid},
		{"too large", "POST", "/requests", `{"title":"` + strings.Repeat("a", DefaultBodyLimit) + `"}`, nil, 413, models.CodeTooLarge},
		{"no idempotency key", "POST", "/requests", intakeBody, []string{"Idempotency-Key", ""}, 400, models.CodeKeyMissing},
		{"key too long", "POST", "/requests", intakeBody, []string{"Idempotency-Key", strings.Repeat("k", 201)}, 400, models.CodeKeyMissing},
		{"unknown field", "POST", "/requests", with(`"group_size":4`, `"group_size":4,"surprise":1`), nil, 422, models.CodeInvalid},
		{"empty group", "POST", "/requests", with(`"group_size":4`, `"group_size":0`), nil, 422, models.CodeInvalid},
		{"F006 on site without address", "POST", "/requests", with(`"address":"1 rue de l'Exemple, Paris",`, ""), nil, 422, models.CodeInvalid},
		{"F002 unknown partner", "POST", "/requests", with(`"channel":"phone"`, `"channel":"partner","partner":"nobody"`), nil, 422, models.CodeInvalid},
		{"topic out of the catalogue", "POST", "/requests", with(`"topic":"tableur"`, `"topic":"poterie"`), nil, 422, models.CodeInvalid},
		{"past date", "POST", "/requests", with(`"group_size":4`, `"group_size":4,"wanted_from":"2026-11-01"`), nil, 422, models.CodePastDate},
		{"no date", "POST", "/requests", with(`"group_size":4`, `"group_size":4,"wanted_from":"2026-02-30"`), nil, 422, models.CodeInvalid},
		{"individual with a company number", "POST", "/requests", with(`"type":"sme"`, `"type":"individual"`), nil, 422, models.CodeClientForm},
		{"unknown policy", "POST", "/requests", with(`"group_size":4`, `"group_size":4,"policy":"nothing"`), nil, 422, models.CodePolicyUnknown},
		{"method that an address does not have", "PUT", "/requests", "", nil, 405, models.CodeMethod},
		{"nonsense cursor", "GET", "/requests?cursor=%21%21", "", nil, 400, models.CodeInvalid},
		{"nonsense limit", "GET", "/requests?limit=abc", "", nil, 400, models.CodeInvalid},
		{"limit too high", "GET", "/requests?limit=101", "", nil, 400, models.CodeInvalid},
		{"limit too low", "GET", "/trainers?limit=0", "", nil, 400, models.CodeInvalid},
		{"cursor of another list", "GET", "/catalogue?cursor=" + store.Cursor{ID: "nothing"}.String(), "", nil, 400, models.CodeInvalid},
		{"unknown stage", "GET", "/requests?stage=nowhere", "", nil, 400, models.CodeInvalid},
		{"session that does not exist", "POST", "/requests/" + b.Ref + "/sessions/7/reschedule", past, nil, 404, models.CodeSessionUnknown},
		{"unknown invoice", "GET", "/invoices/I-2026-000001", "", nil, 404, models.CodeUnknown},
		{"unknown deadline", "POST", "/deadlines/postpone", `{"deadline_id":"x","due_at":"2026-12-01T09:00:00Z","reason":"x"}`, nil, 404, models.CodeUnknown},
		{"choice before a search", "POST", "/requests/" + b.Ref + "/choose", `{"number":1}`, nil, 409, models.CodeWrongStage},
		{"unknown trainer", "POST", "/requests/" + b.Ref + "/assign", `{"trainer_ref":"T-000009","rate_cents":30000,"rate_unit":"day"}`, nil, 422, models.CodeTrainerUnknown},
		{"text that is not UTF-8", "POST", "/requests/" + b.Ref + "/cancel", "{\"reason\":\"\xff\"}", nil, 400, models.CodeMalformed},
		{"text with a null character", "POST", "/requests/" + b.Ref + "/cancel", `{"reason":"a\u0000b"}`, nil, 400, models.CodeMalformed},
		{"follow-up that does not exist yet", "POST", "/requests/" + b.Ref + "/give-up-follow-up", `{"reason":"x"}`, nil, 409, models.CodeWrongStage},
		{"rework out of stage", "POST", "/requests/" + b.Ref + "/rework", `{}`, nil, 409, models.CodeWrongStage},
		{"record about another dossier", "POST", "/requests/" + b.Ref + "/record", `{"kind":"contract_signed","subject":"D-2026-000099/contract/1","channel":"paper"}`, nil, 404, models.CodeUnknown},
		{"record for a name", "POST", "/requests/" + b.Ref + "/record", `{"kind":"client_cancelled","channel":"phone","on_behalf_of":"Somebody Else"}`, nil, 422, models.CodeInvalid},
		{"record from the future", "POST", "/requests/" + b.Ref + "/record", `{"kind":"client_cancelled","channel":"phone","received_at":"2027-01-01T09:00:00Z"}`, nil, 422, models.CodeFutureDate},
		{"record from another age", "POST", "/requests/" + b.Ref + "/record", `{"kind":"client_cancelled","channel":"phone","received_at":"1026-11-01T09:00:00Z"}`, nil, 422, models.CodeDateTooOld},
		{"slots of another age", "POST", "/requests/" + b.Ref + "/record", `{"kind":"slots_offered","subject":"` + models.AuditRef(b.Ref, 1) + `","channel":"phone","slots":["2206-11-05T09:00:00Z"]}`, nil, 422, models.CodeDateTooFar},
		{"wanted in another age", "POST", "/requests", with(`"group_size":4`, `"group_size":4,"wanted_from":"2206-11-05"`), nil, 422, models.CodeDateTooFar},
		{"wrong token", "GET", "/requests", "", []string{"Authorization", "Bearer jln_wrong"}, 401, models.CodeUnauthenticated},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := *h
			in.t = t
			p := in.refused(in.staff(c.method, c.path, c.body, c.headers...), c.status, c.code)
			if !strings.HasPrefix(p.Detail, Sentence(c.code, models.French)) {
				t.Errorf("French: %q", p.Detail)
			}
			p = in.refused(in.staff(c.method, c.path, c.body, append([]string{"Accept-Language", "en"}, c.headers...)...), c.status, c.code)
			if !strings.HasPrefix(p.Detail, Sentence(c.code, models.English)) {
				t.Errorf("English: %q", p.Detail)
			}
		})
	}
	if count() != before {
		t.Error("a refusal changed something")
	}
	t.Run("a validation names the field, never its value", func(t *testing.T) {
		a := h.staff("POST", "/clients", `{"type":"sme","name":"Example","contacts":[{"name":"x","email":"secret-person"}]}`)
		p := h.refused(a, 422, models.CodeInvalid)
		if len(p.Errors) != 1 || p.Errors[0].Location != "body.contacts[0].email" || strings.Contains(a.body, "secret-person") {
			t.Errorf("%s", a.body)
		}
	})
	t.Run("an address is typed alone, wherever it is", func(t *testing.T) {
		h := *h
		h.t = t
		for _, typed := range []string{`<a@example.org>`, `\"A\" <a@example.org>`, `\"a\"@example.org`} {
			for path, body := range map[string]string{
				"POST /clients": `{"type":"sme","name":"Example","contacts":[{"name":"x","email":"@"}]}`,
				"POST /clients/" + b.ClientRef + "/contacts": `{"name":"x","email":"@"}`,
				"POST /requests": with("camille@example.org", "@"),
				"POST /trainers": `{"name":"X","email":"@","legal_form":"company"}`,
				"POST /requests/" + b.Ref + "/registrations":  `{"participants":[{"name":"X","email":"@"}]}`,
				"PUT /requests/" + b.Ref + "/registrations/x": `{"name":"X","email":"@"}`,
			} {
				method, path, _ := strings.Cut(path, " ")
				p := h.refused(h.staff(method, path, strings.Replace(body, `"@"`, `"`+typed+`"`, 1), "Accept-Language", "en"), 422, models.CodeInvalid)
				if len(p.Errors) != 1 || !strings.HasSuffix(p.Errors[0].Location, ".email") || !strings.HasPrefix(p.Errors[0].Message, "an address alone") {
					t.Errorf("%s %s: %+v", path, typed, p.Errors)
				}
			}
		}
	})
	t.Run("policy_unsupported names the parameters", func(t *testing.T) {
		p := h.refused(h.staff("POST", "/requests", with(`"group_size":4`, `"group_size":4,"policy":"openclassrooms"`)), 422, models.CodePolicyUnsupported)
		if len(p.Names) == 0 {
			t.Errorf("%+v", p)
		}
	})
	t.Run("the log holds neither bodies, tokens nor references", func(t *testing.T) {
		logged := h.log.String()
		for _, secret := range []string{"camille", h.tokens[models.RoleStaff], "jln_", b.Ref, "secret-person"} {
			if strings.Contains(logged, secret) {
				t.Errorf("%q is in the log", secret)
			}
		}
		if !strings.Contains(logged, `"route":"/api/v1/requests/:ref"`) {
			t.Error("routes are not logged")
		}
	})
}

func TestCommandsReachTheProcess(t *testing.T) {
	h := runningAgency(t)
	b := h.open()
	path := "/requests/" + b.Ref
	if a := h.do("", "GET", "/readyz", ""); a.StatusCode != http.StatusOK {
		t.Errorf("readyz: %d %s", a.StatusCode, a.body)
	}
	t.Run("a command is done once", func(t *testing.T) {
		first := h.staff("POST", path+"/cancel", `{"reason":"le client renonce","cause":"by_client"}`, "Idempotency-Key", "one")
		var r models.CommandResult
		first.into(t, &r)
		if r.Status != "done" || r.Ref != b.Ref {
			t.Errorf("%+v", r)
		}
		again := h.staff("POST", path+"/cancel", `{"reason":"le client renonce","cause":"by_client"}`, "Idempotency-Key", "one")
		if again.body != first.body || again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%s %v", again.body, again.Header)
		}
	})
	t.Run("a refusal keeps its code", func(t *testing.T) {
		h.refused(h.do(models.RolePedagogy, "POST", path+"/approve-programme", ""), 409, models.CodeProgrammeMissing)
		h.refused(h.do(models.RolePedagogy, "POST", path+"/approve-programme", `{"note":"un motif"}`), 409, models.CodeProgrammeMissing)
		if n, err := h.store.Note(t.Context(), "N-000002"); models.ErrorCode(err) != models.CodeUnknown {
			t.Errorf("the reason of what was refused is kept: %+v (%v)", n, err)
		}
		h.refused(h.do(models.RolePedagogy, "POST", path+"/return-programme", "{}"), 422, models.CodeReasonMissing)
		h.do(models.RolePedagogy, "POST", path+"/return-programme", `{"note":"à revoir"}`).into(t, &models.CommandResult{})
	})
	t.Run("finance does not decide on requests", func(t *testing.T) {
		h.refused(h.do(models.RoleFinance, "POST", path+"/cancel", `{"reason":"x"}`), 403, models.CodeForbidden)
		h.refused(h.staff("POST", "/invoices/I-2026-000001/pay", `{}`), 403, models.CodeForbidden)
	})
	t.Run("F004 qualification changes the brief, a refused one does not", func(t *testing.T) {
		h.refused(h.staff("POST", path+"/qualify", `{"group_size":99}`), 409, models.CodeWrongStage)
		kept, err := h.store.Brief(t.Context(), b.Ref)
		if err != nil || kept.GroupSize != 4 {
			t.Errorf("%+v (%v)", kept, err)
		}
		h.staff("POST", path+"/qualify", `{"group_size":5}`).into(t, &models.CommandResult{})
		kept, err = h.store.Brief(t.Context(), b.Ref)
		if err != nil || kept.GroupSize != 5 || kept.Title != b.Title {
			t.Errorf("%+v (%v)", kept, err)
		}
	})
	t.Run("F108 a session cannot be planned in the past, nor over another", func(t *testing.T) {
		plan := func(body string) answer { return h.staff("POST", path+"/plan-sessions", body) }
		h.refused(plan(`{"sessions":[{"half_days":[{"start":"2026-12-01T09:00:00Z","end":"2026-12-01T12:00:00Z"}]}]}`), 409, models.CodeNoTrainer)
		apply(t, h.store, models.Request{Ref: b.Ref, Stage: models.StageSessions, Policy: "standard", TrainerRef: "T-000001", OpenedAt: epoch})
		h.refused(plan(`{"sessions":[{"half_days":[{"start":"2026-11-01T09:00:00Z","end":"2026-11-01T12:00:00Z"}]}]}`), 422, models.CodePastDate)
		h.refused(plan(`{"sessions":[{"half_days":[{"start":"2026-12-01T09:00:00Z","end":"2026-12-01T12:00:00Z"},{"start":"2026-12-01T11:00:00Z","end":"2026-12-01T15:00:00Z"}]}]}`), 422, models.CodeSessionOverlap)
		h.refused(plan(`{"sessions":[{"half_days":[{"start":"2026-12-01T09:00:00Z","end":"2026-12-01T09:00:00.0000001Z"}]}]}`), 422, models.CodeInvalid)
		h.refused(plan(`{"sessions":[{"half_days":[{"start":"2206-12-01T09:00:00Z","end":"2206-12-01T12:00:00Z"}]}]}`), 422, models.CodeDateTooFar)
		day := `{"half_days":[{"start":"2026-12-01T09:00:00Z","end":"2026-12-01T12:00:00Z"}]}`
		p := h.refused(plan(`{"sessions":[`+day+`,`+day+`]}`), 422, models.CodeSessionOverlap)
		if len(p.Errors) != 1 || p.Errors[0].Location != "body.sessions[1].half_days[0].start" {
			t.Errorf("%+v", p)
		}
		plan(`{"sessions":[{"place":"Salle 2","half_days":[{"start":"2026-12-01T09:00:00Z","end":"2026-12-01T12:00:00Z"}]}]}`).into(t, &models.CommandResult{})
	})
	t.Run("F121 a session held remotely is planned with its room", func(t *testing.T) {
		brief, err := h.store.Brief(t.Context(), b.Ref)
		require.NoError(t, err)
		remote := brief
		remote.Mode, remote.Address = models.ModeRemote, ""
		require.NoError(t, h.store.ReplaceBrief(t.Context(), brief, remote))
		day := `"half_days":[{"start":"2026-12-03T09:00:00Z","end":"2026-12-03T12:00:00Z"}]}`
		other := strings.ReplaceAll(day, "2026-12-03", "2026-12-04")
		plan := func(place string) answer {
			return h.staff("POST", path+"/plan-sessions", `{"sessions":[{"place":"https://visio.example.org/1",`+day+`,{`+place+other+`]}`, "Idempotency-Key", "a-room")
		}
		for _, none := range []string{"", `"place":"  ",`} {
			p := h.refused(plan(none), 422, models.CodePlaceMissing)
			require.Equal(t, "body.sessions[1].place", p.Errors[0].Location)
		}
		plan(`"place":"Le lien vient du formateur",`).into(t, &models.CommandResult{})
		require.NoError(t, h.store.ReplaceBrief(t.Context(), remote, brief))
	})
	t.Run("F121 a session moved to where it is held goes nowhere", func(t *testing.T) {
		require.NoError(t, h.store.SaveNote(t.Context(), models.Note{Ref: "N-700000", Dossier: b.Ref, Text: "Salle 1", At: epoch}))
		for place, want := range map[string]string{"Salle 1": "", "Salle 2": "Salle 2", "": ""} {
			got, err := h.newPlace(t.Context(), models.Session{PlaceRef: "N-700000"}, place)
			require.NoError(t, err)
			require.Equal(t, want, got, place)
		}
	})
	t.Run("F128 a session is planned as soon as another one is cancelled", func(t *testing.T) {
		half := func(day int) models.HalfDay {
			return models.HalfDay{Start: epoch.AddDate(0, 0, day), End: epoch.AddDate(0, 0, day).Add(3 * time.Hour)}
		}
		var rows models.Rows
		for n, status := range []string{models.SessionCancelled, models.SessionPlanned} {
			rows.NewSessions = append(rows.NewSessions, models.Session{Ref: models.SessionRef(b.Ref, n+1), Dossier: b.Ref, Number: n + 1, TrainerRef: "T-000001",
				Status: status, HalfDays: []models.HalfDay{half(20 + n)}, StartAt: half(20 + n).Start, EndAt: half(20 + n).End})
		}
		apply(t, h.store, models.Request{Ref: b.Ref, Stage: models.StageSessions, Policy: "standard", TrainerRef: "T-000001", OpenedAt: epoch}, rows)
		plan := func(n int) answer {
			var days []string
			for i := range n {
				day := half(30 + i)
				days = append(days, fmt.Sprintf(`{"half_days":[{"start":%q,"end":%q}]}`, day.Start.Format(time.RFC3339), day.End.Format(time.RFC3339)))
			}
			return h.staff("POST", path+"/plan-sessions", `{"sessions":[`+strings.Join(days, ",")+`]}`)
		}
		brief, err := h.store.Brief(t.Context(), b.Ref)
		require.NoError(t, err)
		h.refused(plan(brief.Order.HalfDays), 422, models.CodeOverPlanned)
		plan(brief.Order.HalfDays-1).into(t, &models.CommandResult{})
	})
	t.Run("what ended cannot change", func(t *testing.T) {
		apply(t, h.store, models.Request{Ref: b.Ref, Stage: models.StageClosed, Policy: "standard", OpenedAt: epoch, EndedAt: epoch})
		h.refused(h.staff("POST", path+"/cancel", `{"reason":"x"}`), 410, models.CodeClosed)
		h.refused(h.staff("POST", path+"/registrations", `{"participants":[{"name":"X","email":"x@example.org"}]}`), 410, models.CodeClosed)
		h.refused(h.staff("POST", path+"/record", `{"kind":"client_cancelled","channel":"phone"}`), 410, models.CodeClosed)
	})
}

var applied int64

// apply writes rows as a process would.
func apply(t *testing.T, st *store.Store, r models.Request, rows ...models.Rows) {
	t.Helper()
	applied++
	step := models.Step{Workflow: models.RequestID(r.Ref), Run: "run", Seq: applied, At: epoch, Dossier: r.Ref}
	if len(rows) > 0 {
		step.Rows = rows[0]
	}
	step.Rows.Request = &r
	step.Journal = []models.JournalLine{{ID: r.Ref + time.Unix(applied, 0).String(), Dossier: r.Ref, At: epoch, Kind: "stage_entered",
		Subject: r.Ref, Actor: "system", Args: models.Args{{Name: "stage", Value: string(r.Stage)}}}}
	if _, err := st.Apply(t.Context(), step); err != nil {
		t.Fatal(err)
	}
}

func TestStaffTwins(t *testing.T) {
	h := newAgency(t, nil, func(c *Config) { c.Courier = leaveToRelay{} })
	b := h.open()
	ref, opened := b.Ref, epoch.AddDate(0, 0, -1)
	session := models.Session{Ref: models.SessionRef(ref, 1), Dossier: ref, Number: 1, TrainerRef: "T-000001", Status: models.SessionConvoked,
		HalfDays: []models.HalfDay{{Start: epoch.Add(-4 * time.Hour), End: epoch.Add(-time.Hour)}}, StartAt: epoch.Add(-4 * time.Hour),
		EndAt: epoch.Add(-time.Hour), DeadlineID: "sheet"}
	apply(t, h.store, models.Request{Ref: ref, Stage: models.StageSessions, OpenedAt: opened, TrainerRef: "T-000001"}, models.Rows{
		Invitations: []models.Invitation{{Ref: models.InvitationRef(ref, 2, 1), Dossier: ref, Search: 2, Number: 1, TrainerRef: "T-000001", Status: models.InvitationSent, DeadlineID: "silence", SentAt: epoch},
			{Ref: models.InvitationRef(ref, 2, 2), Dossier: ref, Search: 2, Number: 2, TrainerRef: "T-000002", Status: models.InvitationInterested}},
		Audits:     []models.Audit{{Ref: models.AuditRef(ref, 1), Dossier: ref, Number: 1, TrainerRef: "T-000001", Status: models.AuditChoiceAwaited, Slots: []time.Time{epoch.Add(48 * time.Hour)}, DeadlineID: "choice"}},
		Programmes: []models.Programme{{Ref: models.ProgrammeRef(ref, 1), Dossier: ref, Number: 1, TrainerRef: "T-000001", Status: models.ProgrammeAwaited, DeadlineID: "programme"}},
		Contracts:  []models.Contract{{Ref: models.ContractRef(ref, 1), Dossier: ref, Number: 1, Signer: models.RoleClient, Status: models.ContractPending, SentAt: epoch.Add(-time.Hour), SHA256: strings.Repeat("a", 64), DeadlineID: "sign"}},
		Sessions:   []models.Session{session},
	})
	record := func(body string, headers ...string) answer {
		return h.staff("POST", "/requests/"+ref+"/record", body, headers...)
	}
	stored := func(a answer) models.Inbox {
		t.Helper()
		var r Recorded
		a.into(t, &r)
		row, err := h.store.Fact(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if row.Recorder != "K-000001" || row.Channel == "" {
			t.Errorf("%+v", row.Fact)
		}
		return row
	}
	t.Run("an answer goes to its search, with the moment it was received", func(t *testing.T) {
		row := stored(record(`{"kind":"invitation_answered","subject":"` + ref + `/2/invitation/1","channel":"phone","received_at":"2026-11-02T07:00:00Z","answer":"interested","rate_cents":45000,"rate_unit":"day"}`))
		if row.Workflow != models.SolicitationID(ref, 2) || row.DeadlineID != "silence" || row.Actor != "T-000001" || row.Data.RateCents != 45000 ||
			!row.ReceivedAt.Equal(time.Date(2026, 11, 2, 7, 0, 0, 0, time.UTC)) {
			t.Errorf("%+v", row.Fact)
		}
		h.refused(record(`{"kind":"invitation_answered","subject":"`+ref+`/2/invitation/1","channel":"phone","answer":"interested"}`), 422, models.CodeInvalid)
	})
	t.Run("F071 the first answer stands: another one is refused", func(t *testing.T) {
		h.refused(record(`{"kind":"invitation_answered","subject":"`+ref+`/2/invitation/2","channel":"phone","answer":"declined"}`), 409, models.CodeAnswered)
	})
	t.Run("what was done came after what it is about", func(t *testing.T) {
		at := func(t time.Time) string { return `,"channel":"phone","received_at":"` + t.Format(time.RFC3339) + `"}` }
		early := at(opened.Add(-time.Minute))
		for _, body := range []string{`{"kind":"client_cancelled"` + early, `{"kind":"slots_refused"` + early, `{"kind":"trainer_withdrew"` + early,
			`{"kind":"contract_signed","subject":"` + ref + `/contract/1"` + at(epoch.Add(-61*time.Minute)),
			`{"kind":"contract_declined","subject":"` + ref + `/contract/1"` + early} {
			p := h.refused(record(body), 422, models.CodeDateTooOld)
			require.Equal(t, []Fault{{"body.received_at", "c’est avant le début de ce dont il s’agit"}}, p.Errors, body)
		}
		h.refused(h.staff("POST", "/requests/"+ref+"/sessions/1/attendances", `{"attendances":[{"participant":"P-000001","half_day":0,"state":"signed"}]`+early), 422, models.CodeDateTooOld)
		stored(record(`{"kind":"contract_declined","subject":"` + ref + `/contract/1"` + at(epoch.Add(-time.Hour))))
	})
	t.Run("F081 who leaves was retained: others decline", func(t *testing.T) {
		h.refused(record(`{"kind":"trainer_withdrew","subject":"`+ref+`/2/invitation/2","channel":"phone"}`), 409, models.CodeNoTrainer)
		stored(record(`{"kind":"trainer_withdrew","subject":"` + ref + `/2/invitation/1","channel":"phone"}`))
		// An assigned one was never invited: whoever is retained leaves.
		row := stored(record(`{"kind":"trainer_withdrew","channel":"phone"}`))
		if row.Workflow != models.RequestID(ref) || row.Dossier != ref || row.Actor != "T-000001" {
			t.Errorf("%+v", row.Fact)
		}
		nobody := h.open().Ref
		apply(t, h.store, models.Request{Ref: nobody, Stage: models.StageSolicitation, OpenedAt: epoch})
		h.refused(h.staff("POST", "/requests/"+nobody+"/record", `{"kind":"trainer_withdrew","channel":"phone"}`), 409, models.CodeNoTrainer)
	})
	t.Run("audit", func(t *testing.T) {
		row := stored(record(`{"kind":"slot_chosen","channel":"phone","at":"` + epoch.Add(48*time.Hour).Format(time.RFC3339) + `"}`))
		if row.Workflow != models.RequestID(ref) || row.Subject != models.AuditRef(ref, 1) || row.DeadlineID != "choice" || row.Actor != b.ContactRef {
			t.Errorf("%+v", row.Fact)
		}
		h.refused(record(`{"kind":"slot_chosen","channel":"phone","at":"2026-12-01T09:00:00Z"}`), 422, models.CodeInvalid)
		p := h.refused(record(`{"kind":"slot_chosen","channel":"phone"}`), 422, models.CodeInvalid)
		require.Equal(t, []Fault{{"body.at", "nécessaire"}}, p.Errors)
		h.refused(record(`{"kind":"slots_offered","channel":"phone","slots":["2026-10-01T09:00:00Z"]}`), 422, models.CodePastDate)
	})
	t.Run("F091 programme", func(t *testing.T) {
		row := stored(record(`{"kind":"programme_submitted","channel":"mail","programme":{"objectives":"o","content":"c","methods":"m","assessment":"a"}}`))
		text, err := h.store.ProgrammeText(t.Context(), row.Data.Ref)
		if err != nil || text.Content != "c" {
			t.Errorf("%+v (%v)", text, err)
		}
		p := h.refused(record(`{"kind":"programme_submitted","channel":"mail","programme":{"objectives":"o","content":"","methods":"m","assessment":"a"}}`), 422, models.CodeProgrammeIncomplete)
		if len(p.Errors) != 1 || p.Errors[0].Location != "body.programme.content" {
			t.Errorf("%+v", p)
		}
	})
	t.Run("signature", func(t *testing.T) {
		row := stored(record(`{"kind":"contract_signed","subject":"` + ref + `/contract/1","channel":"paper"}`))
		if row.Data.SHA256 != strings.Repeat("a", 64) || row.DeadlineID != "sign" || row.Actor != b.ContactRef {
			t.Errorf("%+v", row.Fact)
		}
		h.refused(record(`{"kind":"contract_signed","subject":"`+ref+`/contract/1","channel":"paper","sha256":"`+strings.Repeat("b", 64)+`"}`), 409, models.CodeDocumentChanged)
	})
	t.Run("F112 F114 participants, attendances and evaluations", func(t *testing.T) {
		var people List[Registration]
		h.staff("POST", "/requests/"+ref+"/registrations", `{"participants":[{"name":"Alix","email":"alix@example.org"},{"name":"Sans Adresse"}]}`).into(t, &people)
		if len(people.Items) != 2 || people.Items[0].Incomplete || !people.Items[1].Incomplete {
			t.Fatalf("%+v", people)
		}
		h.refused(h.staff("POST", "/requests/"+ref+"/registrations", `{"participants":[{"name":"Alix","email":"alix@example.org"}]}`), 409, models.CodeConflict)
		alix := people.Items[0].Ref
		var rows List[models.Attendance]
		h.staff("POST", "/requests/"+ref+"/sessions/1/attendances", `{"channel":"paper","attendances":[{"participant":"`+alix+`","half_day":0,"state":"signed"}]}`).into(t, &rows)
		if len(rows.Items) != 1 || rows.Items[0].Recorder != "K-000001" {
			t.Errorf("%+v", rows)
		}
		h.refused(h.staff("POST", "/requests/"+ref+"/sessions/1/attendances", `{"channel":"paper","attendances":[{"participant":"`+alix+`","half_day":3,"state":"signed"}]}`), 422, models.CodeInvalid)
		row := stored(record(`{"kind":"sheet_signed","subject":"` + ref + `/session/1","channel":"paper","absent":[{"participant":"` + people.Items[1].Ref + `","half_days":[0]}]}`))
		if row.Workflow != models.SessionID(ref, 1) || row.DeadlineID != "sheet" {
			t.Errorf("%+v", row.Fact)
		}
		var view SessionView
		h.staff("GET", "/requests/"+ref+"/sessions/1", "").into(t, &view)
		if len(view.Attendances) != 2 {
			t.Errorf("%+v", view)
		}
		h.staff("POST", "/requests/"+ref+"/evaluations", `{"participant":"`+alix+`","kind":"hot","score":5,"channel":"paper"}`).into(t, &models.Evaluation{})
		h.refused(h.staff("POST", "/requests/"+ref+"/evaluations", `{"participant":"`+alix+`","kind":"hot","score":9,"channel":"paper"}`), 422, models.CodeInvalid)
		bare := people.Items[1].Ref
		var whole Registration
		h.staff("PUT", "/requests/"+ref+"/registrations/"+bare, `{"name":"Bo Complet","email":"bo@example.org"}`).into(t, &whole)
		if whole.Incomplete || whole.Ref != bare || whole.Name != "Bo Complet" {
			t.Errorf("%+v", whole)
		}
		for _, same := range []string{"alix@example.org", "Alix@Example.org"} {
			h.refused(h.staff("PUT", "/requests/"+ref+"/registrations/"+bare, `{"name":"Bo","email":"`+same+`"}`), 409, models.CodeConflict)
			h.refused(h.staff("POST", "/requests/"+ref+"/registrations", `{"participants":[{"name":"Bo","email":"`+same+`"}]}`), 409, models.CodeConflict)
		}
		h.refused(h.staff("POST", "/requests/"+ref+"/registrations", `{"participants":[{"email":"cy@example.org"},{"email":"CY@example.org"}]}`), 409, models.CodeConflict)
		h.refused(h.staff("PUT", "/requests/"+ref+"/registrations/"+bare, `{}`), 422, models.CodeInvalid)
		h.refused(h.staff("PUT", "/requests/"+ref+"/registrations/P-999999", `{"name":"Bo"}`), 404, models.CodeUnknown)
		h.refused(h.staff("DELETE", "/requests/"+ref+"/registrations/"+alix, ""), 409, models.CodeHasSigned)
		for range 2 {
			if a := h.staff("DELETE", "/requests/"+ref+"/registrations/"+bare, ""); a.StatusCode != http.StatusNoContent {
				t.Errorf("%d %s", a.StatusCode, a.body)
			}
		}
	})
	t.Run("a repeat records nothing more", func(t *testing.T) {
		body := `{"kind":"client_cancelled","channel":"phone","reason":"n'en veut plus"}`
		first, second := record(body, "Idempotency-Key", "same"), record(body, "Idempotency-Key", "same")
		if first.body != second.body || second.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%s / %s", first.body, second.body)
		}
		note, err := h.store.Note(t.Context(), stored(first).Data.Note)
		if err != nil || note.Text != "n'en veut plus" {
			t.Errorf("%+v (%v)", note, err)
		}
	})
	t.Run("the journal speaks the reader's language", func(t *testing.T) {
		var lines List[JournalView]
		h.staff("GET", "/requests/"+ref+"/journal", "", "Accept-Language", "en").into(t, &lines)
		if len(lines.Items) != 4 || lines.Items[0].Sentence != "The request enters the stage “Sessions”." {
			t.Errorf("%+v", lines)
		}
		for i, verb := range map[int]string{2: "participant_corrected", 3: "participant_removed"} {
			if l := lines.Items[i]; l.Kind != verb || l.Subject != "P-000002" || !strings.Contains(l.Sentence, l.Subject) || l.Actor != "K-000001" || l.Channel != models.ChannelAPI {
				t.Errorf("F114 %+v", l)
			}
		}
		if l := lines.Items[1]; l.Sentence != "Participants registered: 2." || l.Actor != "K-000001" || l.Channel != models.ChannelAPI {
			t.Errorf("F112 %+v", l)
		}
		if got := JournalSentence(models.JournalLine{Kind: "never_heard_of"}, models.French); got != "never_heard_of" {
			t.Error(got)
		}
	})
	t.Run("F080 a report tells of a call that was held", func(t *testing.T) {
		slot := epoch.Add(48 * time.Hour)
		apply(t, h.store, models.Request{Ref: ref, Stage: models.StageAudit, OpenedAt: opened, TrainerRef: "T-000001"}, models.Rows{
			Audits: []models.Audit{{Ref: models.AuditRef(ref, 1), Dossier: ref, Number: 1, TrainerRef: "T-000001", Status: models.AuditBooked, SlotAt: slot, DeadlineID: "report"}}})
		report := func(more string) string {
			return `{"kind":"audit_reported","channel":"phone","scale":"isolated","feasible":true` + more + `}`
		}
		at := func(t time.Time) string { return `,"at":"` + t.Format(time.RFC3339) + `"` }
		if p := h.refused(record(report("")), 409, models.CodeCallToCome); len(p.Errors) != 1 || p.Errors[0].Location != "body.at" {
			t.Errorf("%+v", p)
		}
		h.refused(record(report(at(slot))), 422, models.CodeFutureDate)
		h.refused(record(report(at(epoch.AddDate(-2, 0, 0)))), 422, models.CodeDateTooOld)
		if p := h.refused(record(report(at(opened.Add(-time.Minute)))), 422, models.CodeDateTooOld); p.Errors[0].Location != "body.at" {
			t.Errorf("%+v", p)
		}
		if row := stored(record(report(at(epoch.Add(-time.Hour))))); !row.Data.At.Equal(epoch.Add(-time.Hour)) || row.Actor != "T-000001" {
			t.Errorf("%+v", row.Fact)
		}
	})
	t.Run("F125 the sheet of a session that was judged is not signed any more", func(t *testing.T) {
		session.Status = models.SessionRefused
		apply(t, h.store, models.Request{Ref: ref, Stage: models.StageSessions, OpenedAt: opened, TrainerRef: "T-000001"}, models.Rows{Sessions: []models.Session{session}})
		h.refused(record(`{"kind":"sheet_signed","subject":"`+ref+`/session/1","channel":"paper"}`), 409, models.CodeSessionState)
	})
}

// leaveToRelay delivers nothing: as if Temporal were away.
type leaveToRelay struct{}

func (leaveToRelay) Deliver(context.Context, models.Inbox) error { return activities.ErrUnavailable }

func TestPagesOfLists(t *testing.T) {
	h := newAgency(t, nil, func(c *Config) { c.Courier = leaveToRelay{} })
	for range 5 {
		h.staff("POST", "/trainers", `{"name":"X","email":"x@example.org","legal_form":"company","skills":[{"topic":"tableur","level":3}]}`).into(t, &models.Trainer{})
	}
	seen, cursor := map[string]bool{}, ""
	for range 4 {
		var page List[models.Trainer]
		h.staff("GET", "/trainers?limit=2&cursor="+url.QueryEscape(cursor), "").into(t, &page)
		for _, x := range page.Items {
			if seen[x.Ref] {
				t.Errorf("%s twice", x.Ref)
			}
			seen[x.Ref] = true
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d trainers seen", len(seen))
	}
	t.Run("F055 F022 a profile is replaced whole", func(t *testing.T) {
		var x models.Trainer
		h.staff("PUT", "/trainers/T-000001", `{"name":"Y","email":"y@example.org","legal_form":"foreign","rate_cents":50000,"rate_unit":"day"}`).into(t, &x)
		if x.RateCents != 50000 || !x.Active || len(x.Skills) != 0 || x.Company != "" {
			t.Errorf("%+v", x)
		}
		h.refused(h.staff("PUT", "/trainers/T-000001", `{"name":"Y","email":"y@example.org","legal_form":"company","company_number":"12"}`), 422, models.CodeInvalid)
	})
	t.Run("F021 an intermediary is named", func(t *testing.T) {
		var x models.Trainer
		h.staff("PUT", "/trainers/T-000001", `{"name":"Y","email":"y@example.org","legal_form":"umbrella","intermediary_name":" Portage Exemple "}`).into(t, &x)
		if x.Intermediary != "Portage Exemple" || x.Payee() != "Portage Exemple" {
			t.Errorf("%+v", x)
		}
		h.refused(h.staff("PUT", "/trainers/T-000001", `{"name":"Y","email":"y@example.org","legal_form":"umbrella","intermediary_name":"a\nb"}`), 422, models.CodeInvalid)
	})
}

func TestMoneyAndDeadlines(t *testing.T) {
	h := newAgency(t, nil, func(c *Config) { c.Courier = leaveToRelay{} })
	b := h.open()
	recap := models.Recap{Ref: models.RecapRef("agency", "T-000001", "2026-11", 1), Workflow: models.RemunerationID("agency", "T-000001", "2026-11"),
		Payer: "agency", TrainerRef: "T-000001", Month: "2026-11", Number: 1, Status: models.RecapSent, Lines: []string{b.Ref + "/session/1"}, SHA256: "x", DeadlineID: "recap"}
	apply(t, h.store, models.Request{Ref: b.Ref, Stage: models.StageSessions, OpenedAt: epoch}, models.Rows{Recaps: []models.Recap{recap},
		Invoices: []models.Invoice{{Ref: "I-2026-000001", Kind: models.InvoiceSupplier, Status: models.InvoiceAwaited, TrainerRef: "T-000001", DeadlineID: "upload"},
			{Ref: "I-2026-000002", Kind: models.InvoiceSelfBilled, Status: models.InvoiceConform, PayOn: "2026-10-30", IssuedAt: epoch.AddDate(0, -1, 0)},
			{Ref: "I-2026-000003", Kind: models.InvoiceClient, Dossier: b.Ref, Status: models.InvoiceConform, PaidOn: "2026-11-01"},
			{Ref: "I-2026-000004", Kind: models.InvoiceSelfBilled, Status: models.InvoiceNonConforming, TrainerRef: "T-000001"}}})
	var payments List[InvoiceView]
	h.do(models.RoleFinance, "GET", "/payments", "").into(t, &payments)
	if len(payments.Items) != 1 || payments.Items[0].Ref != "I-2026-000002" || !payments.Items[0].Overdue {
		t.Errorf("%+v", payments)
	}
	var theirs List[InvoiceView]
	h.do(models.RoleFinance, "GET", "/invoices?client="+b.ClientRef, "").into(t, &theirs)
	require.Len(t, theirs.Items, 1)
	require.Equal(t, []string{"I-2026-000003", b.ClientRef, "2026-11-01"}, []string{theirs.Items[0].Ref, theirs.Items[0].ClientRef, string(theirs.Items[0].PaidOn)})
	var none List[InvoiceView]
	h.do(models.RoleFinance, "GET", "/invoices?client=C-999999", "").into(t, &none)
	require.Empty(t, none.Items)
	h.refused(h.do(models.RoleFinance, "POST", "/invoices/I-2026-000002/pay", `{"paid_on":"2026-12-01"}`), 422, models.CodeFutureDate)
	h.refused(h.do(models.RoleFinance, "POST", "/invoices/I-2026-000002/pay", `{"paid_on":"2026-10-01"}`), 422, models.CodePaidBeforeIssued)
	h.refused(h.do(models.RoleFinance, "POST", "/invoices/I-2026-000003/pay", `{"paid_on":"1026-10-01"}`), 422, models.CodeDateTooOld)
	twice := `{"line":"` + b.Ref + `/session/1","quantity":50}`
	h.refused(h.staff("POST", "/recaps/agency/T-000001/2026-11/correct", `{"corrections":[`+twice+`,`+twice+`],"note":"x"}`), 422, models.CodeInvalid)
	var r Recorded
	h.staff("POST", "/recaps/agency/T-000001/2026-11/record", `{"kind":"recap_contested","lines":["`+b.Ref+`/session/1"],"channel":"phone","note":"il manque une heure"}`).into(t, &r)
	row, err := h.store.Fact(t.Context(), r.ID)
	if err != nil || row.Workflow != recap.Workflow || row.DeadlineID != "recap" || row.Data.Note == "" {
		t.Errorf("%+v (%v)", row.Fact, err)
	}
	h.refused(h.staff("POST", "/recaps/agency/T-000001/2026-11/record", `{"kind":"recap_contested","lines":["x"],"channel":"phone"}`), 422, models.CodeLineUnknown)
	h.refused(h.staff("POST", "/recaps/agency/T-000001/2026-10/record", `{"kind":"recap_accepted","channel":"phone"}`), 404, models.CodeUnknown)

	t.Run("a supplier's paper invoice", func(t *testing.T) {
		pdf := "JVBERi0xLjQK" // %PDF-1.4
		for at, code := range map[string]models.Code{"2027-01-01T09:00:00Z": models.CodeFutureDate, "1026-01-01T09:00:00Z": models.CodeDateTooOld} {
			h.refused(h.staff("POST", "/invoices/I-2026-000001/record", `{"number":"F12","net_cents":1,"document":"`+pdf+`","channel":"paper","received_at":"`+at+`"}`), 422, code)
		}
		sha := fmt.Sprintf("%x", sha256.Sum256([]byte("%PDF-1.4\n")))
		if _, err := h.store.Document(t.Context(), sha); models.ErrorCode(err) != models.CodeUnknown {
			t.Errorf("the invoice of a refused call is kept (%v)", err)
		}
		if _, err := h.cfg.Documents.Get(t.Context(), sha); models.ErrorCode(err) != models.CodeUnknown {
			t.Errorf("its file is (%v)", err)
		}
		var r Recorded
		h.staff("POST", "/invoices/I-2026-000001/record", `{"number":"F12","net_cents":100000,"vat_cents":20000,"document":"`+pdf+`","channel":"paper"}`).into(t, &r)
		row, err := h.store.Fact(t.Context(), r.ID)
		if err != nil || row.Workflow != models.InvoiceID("I-2026-000001") || len(row.Data.SHA256) != 64 || row.Data.IssuedOn != "2026-11-02" {
			t.Fatalf("%+v (%v)", row.Fact, err)
		}
		a := h.staff("GET", "/documents/"+row.Data.SHA256, "")
		if a.StatusCode != 200 || a.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(a.body, "%PDF") {
			t.Errorf("%d %v", a.StatusCode, a.Header)
		}
		h.refused(h.staff("POST", "/invoices/I-2026-000001/record", `{"number":"F12","net_cents":1,"document":"aGVsbG8=","channel":"paper"}`), 422, models.CodeInvalid)
		for day, code := range map[string]models.Code{"2027-01-01": models.CodeFutureDate, "2025-01-01": models.CodeDateTooOld} {
			h.refused(h.staff("POST", "/invoices/I-2026-000001/record", `{"number":"F12","issued_on":"`+day+`","net_cents":1,"document":"`+pdf+`","channel":"paper"}`), 422, code)
		}
		upload := `{"number":"F13","net_cents":100000,"vat_cents":20000,"document":"` + pdf + `","channel":"paper"}`
		h.staff("POST", "/invoices/I-2026-000004/record", upload).into(t, &r) // F198: sent back, though the agency had written it
		h.refused(h.staff("POST", "/invoices/I-2026-000003/record", upload), 409, models.CodeInvoiceState)
	})
	t.Run("F181 an answer that was given is not given again", func(t *testing.T) {
		recap.Status = models.RecapContested
		apply(t, h.store, models.Request{Ref: b.Ref, Stage: models.StageSessions, OpenedAt: epoch}, models.Rows{Recaps: []models.Recap{recap}})
		h.refused(h.staff("POST", "/recaps/agency/T-000001/2026-11/record", `{"kind":"recap_accepted","channel":"phone"}`), 409, models.CodeConflict)
	})
	t.Run("deadlines move later, legal ones never", func(t *testing.T) {
		if _, err := h.store.Apply(t.Context(), models.Step{Workflow: "invoice/I-2026-000002", Run: "run", Seq: 1, At: epoch, Deadlines: []models.Deadline{
			{ID: "legal", Workflow: "invoice/I-2026-000002", Status: models.Open, DueAt: epoch.Add(time.Hour)},
			{ID: "usual", Workflow: "invoice/I-2026-000002", Status: models.Open, DueAt: epoch.Add(2 * time.Hour), Postponable: true},
			{ID: "over", Workflow: "invoice/I-2026-000002", Status: models.Missed, DueAt: epoch}}}); err != nil {
			t.Fatal(err)
		}
		var due List[models.Deadline]
		h.staff("GET", "/deadlines", "").into(t, &due)
		if len(due.Items) != 2 || due.Items[0].ID != "legal" {
			t.Errorf("%+v", due)
		}
		postpone := func(id, at string, headers ...string) answer {
			return h.staff("POST", "/deadlines/postpone", `{"deadline_id":"`+id+`","due_at":"`+at+`","reason":"congés"}`, headers...)
		}
		h.refused(postpone("legal", "2026-12-01T09:00:00Z"), 422, models.CodeDeadlineLegal)
		h.refused(postpone("over", "2026-12-01T09:00:00Z"), 409, models.CodeDeadlineClosed)
		for _, role := range []models.Role{models.RoleFinance, models.RolePedagogy} {
			h.refused(h.do(role, "POST", "/deadlines/postpone", `{"deadline_id":"usual","due_at":"2026-12-01T09:00:00Z","reason":"congés"}`), 403, models.CodeDeadlineRole)
		}
		for _, c := range []struct { // a date that is corrected comes with the same key
			at   string
			code models.Code
		}{
			{"2026-11-02T09:00:00Z", models.CodeDeadlineEarlier},
			{"2062-12-01T09:00:00Z", models.CodeDateTooFar}, // nothing would move it back
		} {
			p := h.refused(postpone("usual", c.at, "Idempotency-Key", "usual"), 422, c.code)
			require.Len(t, p.Errors, 1)
			require.Equal(t, "body.due_at", p.Errors[0].Location)
		}
	})
}

func TestSignIn(t *testing.T) {
	h := newAgency(t, nil)
	hash, err := HashPassword("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.store.SaveUser(t.Context(), models.User{Ref: "U-000001", Login: "camille", Name: "Camille", Roles: []models.Role{models.RoleStaff}, Hash: hash, Active: true, CreatedAt: epoch}); err != nil {
		t.Fatal(err)
	}
	h.refused(h.do("", "POST", "/sign-in", `{"login":"camille","password":"wrong"}`), 401, models.CodeWrongPassword)
	h.refused(h.do("", "POST", "/sign-in", `{"login":"nobody","password":"wrong"}`), 401, models.CodeWrongPassword)
	a := h.do("", "POST", "/sign-in", `{"login":"Camille","password":"correct horse"}`)
	var who Who
	a.into(t, &who)
	cookies := a.Cookies()
	if who.Ref != "U-000001" || len(cookies) != 1 || !cookies[0].HttpOnly || !cookies[0].Secure || cookies[0].SameSite != http.SameSiteLaxMode {
		t.Fatalf("%+v %v", who, cookies)
	}
	cookie := cookies[0].Name + "=" + cookies[0].Value
	h.do("", "GET", "/me", "", "Cookie", cookie).into(t, &who)

	body := `{"type":"sme","name":"Example"}`
	h.refused(h.do("", "POST", "/clients", body, "Cookie", cookie), 403, models.CodeForeignOrigin)
	h.refused(h.do("", "POST", "/clients", body, "Cookie", cookie, "Origin", "https://evil.example.com"), 403, models.CodeForeignOrigin)
	h.refused(h.do("", "POST", "/clients", body, "Cookie", cookie, "Origin", "https://missions.example.org", "Sec-Fetch-Site", "cross-site"), 403, models.CodeForeignOrigin)
	h.do("", "POST", "/clients", body, "Cookie", cookie, "Origin", "https://missions.example.org").into(t, &ClientView{})

	if out := h.do("", "POST", "/sign-out", "", "Cookie", cookie, "Origin", "https://missions.example.org"); out.StatusCode != http.StatusNoContent {
		t.Errorf("%d %s", out.StatusCode, out.body)
	}
	h.refused(h.do("", "GET", "/me", "", "Cookie", cookie), 401, models.CodeUnauthenticated)

	t.Run("guessing is slowed down", func(t *testing.T) {
		for range 20 {
			if a := h.do("", "POST", "/sign-in", `{"login":"camille","password":"wrong"}`); a.StatusCode == http.StatusTooManyRequests {
				if a.Header.Get("Retry-After") == "" {
					t.Error("no Retry-After")
				}
				return
			}
		}
		t.Error("twenty guesses in a row")
	})
}

func TestRateOfACaller(t *testing.T) {
	h := newAgency(t, nil, func(c *Config) { c.RateLimit, c.RateBurst = 0.001, 3 })
	for range 3 {
		h.staff("GET", "/clock", "").into(t, &ClockView{})
	}
	a := h.staff("GET", "/clock", "")
	h.refused(a, 429, models.CodeRateLimited)
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	h.do(models.RoleAdmin, "GET", "/clock", "").into(t, &ClockView{})
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	h := newAgency(t, nil)
	for _, path := range []string{"/healthz", "/clock", "/nothing"} {
		a := h.staff("GET", path, "")
		for _, name := range []string{"X-Request-Id", "X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy", "Strict-Transport-Security"} {
			if a.Header.Get(name) == "" {
				t.Errorf("%s: no %s", path, name)
			}
		}
	}
	h.refused(h.do("", "GET", "/documents/"+strings.Repeat("a", 64), ""), 401, models.CodeUnauthenticated)
	h.refused(h.staff("GET", "/documents/"+strings.Repeat("a", 64), ""), 404, models.CodeUnknown)
	h.refused(h.do("", "POST", "/webhooks/sendgrid", "[]"), 404, models.CodeUnknown)
	h.refused(h.do("", "GET", "/readyz", ""), 503, models.CodeUnavailable)
	if a := h.do("", "GET", "/docs", ""); a.StatusCode != 200 || strings.Contains(a.body, "https://") || !strings.Contains(a.body, "/api/v1/requests/{ref}/cancel") {
		t.Errorf("docs: %d", a.StatusCode)
	}
}

func TestBouncesComeBackSigned(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	events, err := mail.NewEvents(base64.StdEncoding.EncodeToString(der))
	if err != nil {
		t.Fatal(err)
	}
	h := newAgency(t, nil, func(c *Config) { c.Events, c.Courier = events, leaveToRelay{} })
	b := h.open()
	if _, err := h.store.Apply(t.Context(), models.Step{Workflow: models.RequestID(b.Ref), Run: "run", Seq: 1, At: epoch, Dossier: b.Ref,
		Messages: []models.Message{{Key: "convention", Dossier: b.Ref, Workflow: models.RequestID(b.Ref), Template: "contract_client",
			To: models.RoleClient, ToRef: b.ContactRef, Subject: b.Ref, Status: models.MessageQueued, CreatedAt: epoch}}}); err != nil {
		t.Fatal(err)
	}
	body := `[{"event":"bounce","sg_event_id":"1","jalon_key":"convention","timestamp":1793606400},{"event":"delivered","jalon_key":"unknown","timestamp":1}]`
	sum := sha256.Sum256([]byte("1793606400" + body))
	signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	post := func(body string) answer {
		return h.do("", "POST", "/webhooks/sendgrid", body, "X-Twilio-Email-Event-Webhook-Timestamp", "1793606400",
			"X-Twilio-Email-Event-Webhook-Signature", base64.StdEncoding.EncodeToString(signature))
	}
	h.refused(post(body+" "), 401, models.CodeUnauthenticated)
	for range 2 { // the provider repeats itself
		if a := post(body); a.StatusCode != http.StatusNoContent {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
	}
	m, err := h.store.Message(t.Context(), "convention")
	if err != nil || m.Status != models.MessageBounced {
		t.Errorf("%+v (%v)", m, err)
	}
	facts, err := h.store.Facts(t.Context(), b.Ref)
	if err != nil || len(facts) != 2 || facts[1].Kind != models.FactUndeliverable && facts[0].Kind != models.FactUndeliverable {
		t.Errorf("%+v (%v)", facts, err)
	}
}
