package api

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"jalon/documents"
	"jalon/mail"
	"jalon/models"
	"jalon/store"
	"jalon/web"
)

// pageHouse is the pages on a real database, with links signed as mails have them. Its clock stands still.
type pageHouse struct {
	t         *testing.T
	url       string
	store     *store.Store
	signer    *mail.Signer
	files     *documents.Folder
	path      string
	delivered *deliveries
	mu        sync.Mutex
	at        time.Time
}

// deliveries is a courier that keeps what it is given.
type deliveries struct {
	mu    sync.Mutex
	facts []models.Fact
}

func (d *deliveries) Deliver(_ context.Context, row models.Inbox) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.facts = append(d.facts, row.Fact)
	return nil
}

const (
	hostile = `<script>alert("x")</script> & 'Ω'`
	dossier = "D-2026-000123"
	pdf     = "%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
)

// paris is a moment of the house's week, in Paris.
func paris(day, hour, minute int) time.Time {
	return models.NewDate(2026, time.November, day).At(hour, minute, web.Zone)
}

func newPageHouse(t *testing.T) *pageHouse {
	t.Helper()
	ctx := t.Context()
	h := &pageHouse{t: t, path: filepath.Join(t.TempDir(), "jalon.db"), delivered: &deliveries{}, at: paris(25, 14, 0)}
	var err error
	h.store, err = store.Open(ctx, "sqlite:"+h.path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.store.Close()) })
	require.NoError(t, h.store.Migrate(ctx))
	h.signer, err = mail.NewSigner(strings.Repeat("k", mail.MinLinkKey))
	require.NoError(t, err)
	h.files, err = documents.NewFolder(t.TempDir())
	require.NoError(t, err)
	temporal, err := client.NewLazyClient(client.Options{})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)
	server := httptest.NewUnstartedServer(nil)
	h.url = "http://" + server.Listener.Addr().String()
	s, err := New(Config{Store: h.store, Temporal: temporal, Courier: h.delivered, Signer: h.signer,
		Documents: h.files, PublicURL: h.url, Mailbox: true, TemporalUIURL: "http://localhost:8233",
		TeamEmail: "equipe@example.org", Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: h.now, RateBurst: 100_000})
	require.NoError(t, err)
	server.Config.Handler = s.Handler()
	server.Start()
	t.Cleanup(server.Close)
	h.seed()
	return h
}

func (h *pageHouse) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *pageHouse) set(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = at
}

var sha = documents.SHA256([]byte(pdf))

// seed puts one row of each kind that a link can be about; the moment is Wednesday 25 November 2026, 14:00.
func (h *pageHouse) seed() {
	t, ctx := h.t, h.t.Context()
	for _, err := range []error{
		h.store.SaveClient(ctx, models.Client{Ref: "C-000001", Type: models.ClientSME, Name: "Atelier " + hostile}),
		h.store.SaveContact(ctx, models.Contact{Ref: "CC-000001", ClientRef: "C-000001", Name: "Contact " + hostile, Email: "contact@example.org", Lang: models.French}),
		h.store.SaveTrainer(ctx, models.Trainer{Ref: "T-000042", Name: "Formatrice " + hostile, Email: "t42@example.org", Lang: models.French, Active: true}),
		h.store.SaveTrainer(ctx, models.Trainer{Ref: "T-000043", Name: "Second", Email: "t43@example.org", Lang: models.English, Active: true}),
		h.store.SaveCourse(ctx, models.Course{Topic: "tableur", TitleFR: "Tableur", TitleEN: "Spreadsheets"}),
		h.store.SaveBrief(ctx, models.Brief{Ref: dossier, ClientRef: "C-000001", ContactRef: "CC-000001", BillingRef: "CC-000001",
			Topic: "tableur", Title: "Tableur, prise en main " + hostile, Needs: "Des tableaux croisés " + hostile,
			Mode: models.ModeClient, Address: "12 rue des Lilas, 69003 Lyon", Department: "69", GroupSize: 4, Level: "beginner",
			WantedFrom: "2026-12-14", Order: models.Order{HalfDays: 6, Unit: models.UnitDay, Quantity: 300}}),
		h.store.SaveBrief(ctx, models.Brief{Ref: "D-2026-000200", ClientRef: "C-000001", ContactRef: "CC-000001", Topic: "tableur"}),
		h.store.SaveParticipants(ctx, []models.Participant{
			{Ref: "P-000001", Dossier: dossier, Name: "Alix " + hostile, Email: "alix@example.org", Lang: models.French},
			{Ref: "P-000002", Dossier: dossier, Name: "Camille", Email: "camille@example.org", Lang: models.English},
			{Ref: "P-000003", Dossier: dossier, Name: "Parti", Lang: models.French, RemovedAt: paris(20, 9, 0)},
			{Ref: "P-000009", Dossier: "D-2026-000200", Name: "Autre", Lang: models.French},
		}),
		h.store.SaveNote(ctx, models.Note{Ref: "N-1", Dossier: dossier, Text: "Préciser l'évaluation " + hostile}),
		h.store.SaveProgrammeText(ctx, models.ProgrammeText{Ref: "X-1", Dossier: dossier, Objectives: "Savoir trier", Content: "Tris", Methods: "Exercices " + hostile, Assessment: ""}),
		h.store.SaveDocument(ctx, models.Document{SHA256: sha, Kind: models.DocumentConvention, Name: "convention.pdf", MediaType: "application/pdf", Size: int64(len(pdf))}),
	} {
		require.NoError(t, err)
	}
	_, err := h.files.Put(ctx, []byte(pdf))
	require.NoError(t, err)
	day := func(d int) []models.HalfDay {
		return []models.HalfDay{{Start: paris(d, 9, 0), End: paris(d, 12, 30)}, {Start: paris(d, 13, 30), End: paris(d, 17, 0)}}
	}
	slots := []time.Time{paris(26, 10, 0), paris(26, 15, 30), paris(27, 9, 0)}
	h.apply(models.Step{Rows: models.Rows{
		Request: &models.Request{Ref: dossier, Stage: models.StageContract, TrainerRef: "T-000042", RateCents: 45_000, RateUnit: models.UnitDay, OpenedAt: paris(2, 9, 0)},
		Invitations: []models.Invitation{
			{Ref: dossier + "/1/invitation/1", Dossier: dossier, Search: 1, Number: 1, TrainerRef: "T-000042", Status: models.InvitationSent, DeadlineID: "open"},
			{Ref: dossier + "/1/invitation/2", Dossier: dossier, Search: 1, Number: 2, TrainerRef: "T-000043", Status: models.InvitationSilent, Upskilling: true, DeadlineID: "past"},
			{Ref: dossier + "/1/invitation/3", Dossier: dossier, Search: 1, Number: 3, TrainerRef: "T-000043", Status: models.InvitationNotRetained, DeadlineID: "past"},
			{Ref: dossier + "/1/invitation/4", Dossier: dossier, Search: 1, Number: 4, TrainerRef: "T-000042", Status: models.InvitationChosen, RateCents: 45_000, RateUnit: models.UnitDay, AnsweredAt: paris(20, 9, 0)},
		},
		Audits: []models.Audit{
			{Ref: dossier + "/audit/1", Dossier: dossier, Number: 1, TrainerRef: "T-000042", Status: models.AuditSlotsAwaited, Round: 1, DeadlineID: "open"},
			{Ref: dossier + "/audit/2", Dossier: dossier, Number: 2, TrainerRef: "T-000042", Status: models.AuditChoiceAwaited, Slots: slots, Round: 1, DeadlineID: "open"},
			{Ref: dossier + "/audit/3", Dossier: dossier, Number: 3, TrainerRef: "T-000042", Status: models.AuditBooked, SlotAt: paris(25, 10, 0), Round: 1},
			{Ref: dossier + "/audit/4", Dossier: dossier, Number: 4, TrainerRef: "T-000043", Status: models.AuditHeld, Scale: "isolated", Feasible: true, Round: 1},
			{Ref: dossier + "/audit/5", Dossier: dossier, Number: 5, TrainerRef: "T-000043", Status: models.AuditBooked, SlotAt: paris(26, 10, 0), Round: 1},
			{Ref: dossier + "/audit/6", Dossier: dossier, Number: 6, TrainerRef: "T-000043", Status: models.AuditHeld, Feasible: true, Round: 1},
		},
		Programmes: []models.Programme{
			{Ref: dossier + "/programme/1", Dossier: dossier, Number: 1, TrainerRef: "T-000043", Status: models.ProgrammeReturned, TextRef: "X-1", Note: "N-1"},
			{Ref: dossier + "/programme/2", Dossier: dossier, Number: 2, TrainerRef: "T-000043", Status: models.ProgrammeAwaited, DeadlineID: "open"},
			{Ref: dossier + "/programme/3", Dossier: dossier, Number: 3, TrainerRef: "T-000042", Status: models.ProgrammeAwaited},
		},
		Contracts: []models.Contract{
			{Ref: dossier + "/contract/1", Dossier: dossier, Number: 1, Kind: models.ContractConvention, Signer: models.RoleClient, Status: models.ContractPending, SHA256: sha, DeadlineID: "past-client"},
			{Ref: dossier + "/contract/2", Dossier: dossier, Number: 2, Kind: models.ContractTrainer, Signer: models.RoleTrainer, TrainerRef: "T-000042", Status: models.ContractPending, SHA256: sha, DeadlineID: "open"},
			{Ref: dossier + "/contract/3", Dossier: dossier, Number: 3, Kind: models.ContractTrainer, Signer: models.RoleTrainer, TrainerRef: "T-000042", Status: models.ContractPending, SHA256: sha, DeadlineID: "past"},
			{Ref: dossier + "/contract/4", Dossier: dossier, Number: 4, Kind: models.ContractConvention, Signer: models.RoleClient, Status: models.ContractCancelled, SHA256: sha},
		},
		Sessions: []models.Session{
			{Ref: dossier + "/session/1", Dossier: dossier, Number: 1, TrainerRef: "T-000042", Status: models.SessionConvoked, HalfDays: day(25), StartAt: paris(25, 9, 0), EndAt: paris(25, 17, 0), DeadlineID: "open"},
			{Ref: dossier + "/session/2", Dossier: dossier, Number: 2, TrainerRef: "T-000042", Status: models.SessionConvoked, HalfDays: day(24), StartAt: paris(24, 9, 0), EndAt: paris(24, 17, 0), DeadlineID: "open"},
			{Ref: dossier + "/session/3", Dossier: dossier, Number: 3, TrainerRef: "T-000042", Status: models.SessionCancelled, HalfDays: day(23), StartAt: paris(23, 9, 0), EndAt: paris(23, 17, 0)},
			{Ref: dossier + "/session/4", Dossier: dossier, Number: 4, TrainerRef: "T-000042", Status: models.SessionToJudge, HalfDays: day(20), StartAt: paris(20, 9, 0), EndAt: paris(20, 17, 0), DeadlineID: "past"},
			{Ref: "D-2026-000200/session/1", Dossier: "D-2026-000200", Number: 1, TrainerRef: "T-000042", Status: models.SessionPlanned, HalfDays: day(30), StartAt: paris(30, 9, 0), EndAt: paris(30, 17, 0)},
		},
		Absences: []models.Absence{
			{Ref: dossier + "/session/2/absence/P-000001", Dossier: dossier, Session: dossier + "/session/2", Participant: "P-000001", HalfDays: []int{0, 1}, Status: models.AbsenceOpen, DeadlineID: "open"},
			{Ref: dossier + "/session/2/absence/P-000002", Dossier: dossier, Session: dossier + "/session/2", Participant: "P-000002", HalfDays: []int{1}, Status: models.AbsenceOpen, DeadlineID: "past"},
		},
		Recaps: []models.Recap{{Ref: "agency/T-000042/2026-10/recap/1", Workflow: "remuneration/agency/T-000042/2026-10", Payer: "agency",
			TrainerRef: "T-000042", Month: "2026-10", Number: 1, Status: models.RecapSent, Lines: []string{dossier + "/session/1", dossier + "/session/2"}, Cents: 90_000, SHA256: sha, DeadlineID: "open"}},
		Lines: []models.PayLine{
			{Ref: dossier + "/session/1", Dossier: dossier, Payer: "agency", TrainerRef: "T-000042", Month: "2026-10", HeldOn: "2026-10-29", Unit: models.UnitDay, Quantity: 100, RateCents: 45_000, Cents: 45_000, Status: models.LineDue},
			{Ref: dossier + "/session/2", Dossier: dossier, Payer: "agency", TrainerRef: "T-000042", Month: "2026-10", HeldOn: "2026-10-30", Unit: models.UnitDay, Quantity: 100, RateCents: 45_000, Cents: 45_000, Status: models.LineDue},
		},
		Invoices: []models.Invoice{
			{Ref: "I-2026-000077", Kind: models.InvoiceSupplier, TrainerRef: "T-000042", Status: models.InvoiceAwaited, NetCents: 90_000, Round: 1, DeadlineID: "open"},
			{Ref: "I-2026-000078", Kind: models.InvoiceClient, Status: models.InvoiceIssued},
		},
	}, Deadlines: []models.Deadline{
		{ID: "open", Workflow: "w", Kind: models.DeadlineSilence, Status: models.Open, DueAt: paris(27, 18, 0)},
		{ID: "past", Workflow: "w", Kind: models.DeadlineSilence, Status: models.Missed, DueAt: paris(24, 18, 0)},
		{ID: "past-client", Workflow: "w", Kind: models.DeadlineClientSignature, Status: models.Open, DueAt: paris(24, 18, 0)},
	}})
}

var steps int64

func (h *pageHouse) apply(step models.Step) {
	h.t.Helper()
	steps++
	step.Workflow, step.Run, step.Seq, step.At = "seed", "run", steps, h.now()
	_, err := h.store.Apply(h.t.Context(), step)
	require.NoError(h.t, err)
}

func (h *pageHouse) link(purpose models.Purpose, subject string, generation ...int) string {
	l := models.Link{Purpose: purpose, Subject: subject}
	if len(generation) > 0 {
		l.Generation = generation[0]
	}
	return h.url + "/l/" + h.signer.Sign(l)
}

// seen is an answered page.
type seen struct {
	*goquery.Document
	status int
	header http.Header
	html   string
}

func (p seen) code() string  { return p.Find("main").AttrOr("data-code", "") }
func (p seen) state() string { return p.Find("main").AttrOr("data-state", "") }
func (p seen) words() string { return strings.Join(strings.Fields(p.Find("main").Text()), " ") }

func (h *pageHouse) send(r *http.Request) seen {
	h.t.Helper()
	res, err := http.DefaultClient.Do(r)
	require.NoError(h.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(h.t, err)
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	require.NoError(h.t, err)
	return seen{doc, res.StatusCode, res.Header, string(body)}
}

func (h *pageHouse) get(url string) seen {
	h.t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	require.NoError(h.t, err)
	return h.send(r)
}

func (h *pageHouse) post(url string, form url.Values) seen {
	h.t.Helper()
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(form.Encode()))
	require.NoError(h.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return h.send(r)
}

func (h *pageHouse) upload(url string, form url.Values, name string, content []byte) seen {
	h.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k := range form {
		require.NoError(h.t, w.WriteField(k, form.Get(k)))
	}
	if name != "" {
		part, err := w.CreateFormFile("file", name)
		require.NoError(h.t, err)
		_, err = part.Write(content)
		require.NoError(h.t, err)
	}
	require.NoError(h.t, w.Close())
	r, err := http.NewRequest(http.MethodPost, url, &body)
	require.NoError(h.t, err)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return h.send(r)
}

// unchanged runs fn and requires that nothing was written to the database meanwhile, by anybody.
func (h *pageHouse) unchanged(fn func()) {
	h.t.Helper()
	db, err := sql.Open("sqlite", "file:"+h.path)
	require.NoError(h.t, err)
	defer db.Close()
	conn, err := db.Conn(h.t.Context())
	require.NoError(h.t, err)
	defer conn.Close()
	version := func() (n int64) {
		require.NoError(h.t, conn.QueryRowContext(h.t.Context(), "PRAGMA data_version").Scan(&n))
		return n
	}
	before := version()
	fn()
	require.Equal(h.t, before, version(), "something was written")
}

// fact is the one fact received for a link.
func (h *pageHouse) fact(purpose models.Purpose, subject string, generation int) models.Inbox {
	h.t.Helper()
	row, err := h.store.Fact(h.t.Context(), fmt.Sprintf("%s/%s/%d", purpose, subject, generation))
	require.NoError(h.t, err)
	return row
}

var unknownSentence = regexp.MustCompile(`\[[a-z_]+\.[a-z_0-9.]+\]`)

// wellMade checks what every page owes to every reader.
func wellMade(t *testing.T, p seen) {
	t.Helper()
	require.Equal(t, 1, p.Find("h1").Length(), "one h1")
	require.NotEmpty(t, strings.TrimSpace(p.Find("h1").Text()))
	require.NotEmpty(t, p.Find("title").Text())
	require.Contains(t, []string{"fr", "en"}, p.Find("html").AttrOr("lang", ""))
	require.Equal(t, 1, p.Find("main").Length())
	require.NotContains(t, p.html, "<script")
	require.NotContains(t, p.html, " style=")
	require.Empty(t, unknownSentence.FindAllString(p.html, -1), "a sentence is missing")
	ids := map[string]bool{}
	p.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		id := s.AttrOr("id", "")
		require.False(t, ids[id], "id %s twice", id)
		ids[id] = true
	})
	p.Find("input:not([type=hidden]), select, textarea").Each(func(_ int, s *goquery.Selection) {
		labelled := s.ParentsFiltered("label").Length() > 0
		if id, ok := s.Attr("id"); ok {
			labelled = labelled || p.Find(fmt.Sprintf(`label[for="%s"]`, id)).Length() == 1
		}
		require.True(t, labelled, "%s has no label", s.AttrOr("name", "?"))
	})
	p.Find("fieldset").Each(func(_ int, s *goquery.Selection) {
		require.Equal(t, 1, s.ChildrenFiltered("legend").Length(), "a group needs a legend")
	})
	p.Find("[aria-describedby]").Each(func(_ int, s *goquery.Selection) {
		for _, id := range strings.Fields(s.AttrOr("aria-describedby", "")) {
			require.True(t, ids[id], "described by %s, which is missing", id)
		}
	})
	p.Find(`[role=alert] a, a.skip`).Each(func(_ int, s *goquery.Selection) {
		require.True(t, ids[strings.TrimPrefix(s.AttrOr("href", ""), "#")], "%s leads nowhere", s.AttrOr("href", ""))
	})
	p.Find("img").Each(func(_ int, s *goquery.Selection) {
		_, ok := s.Attr("alt")
		require.True(t, ok, "an image without alternative")
	})
	p.Find("iframe").Each(func(_ int, s *goquery.Selection) { require.NotEmpty(t, s.AttrOr("title", "")) })
	require.Contains(t, p.header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Equal(t, "no-store", p.header.Get("Cache-Control"))
	require.Equal(t, "no-referrer", p.header.Get("Referrer-Policy"))
	require.Contains(t, p.header.Get("X-Robots-Tag"), "noindex")
}
