package api

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"jalon/models"
)

// office is the console of an agency on Wednesday 25 November 2026 at 14:00, with somebody signed in.
type office struct {
	*agency
	client *http.Client
	now    time.Time // moved by moveTo: the server reads it too
	moving sync.Mutex
	seq    int64
}

const officePassword = "un mot de passe pour de vrai"

func newOffice(t testing.TB, change ...func(*Config)) *office {
	t.Helper()
	o := &office{now: paris(25, 14, 0)}
	change = append([]func(*Config){func(cfg *Config) {
		cfg.Clock, cfg.PublicURL, cfg.Now = models.Clock{}, "http://127.0.0.1", func() time.Time {
			o.moving.Lock()
			defer o.moving.Unlock()
			return o.now
		}
		cfg.RateBurst = 100_000
	}}, change...)
	o.agency = newAgency(t, nil, change...)
	hash, err := HashPassword(officePassword)
	require.NoError(t, err)
	for _, u := range []models.User{
		{Ref: "U-000001", Login: "amel", Name: "Amel Exemple", Lang: models.French, Roles: []models.Role{models.RoleStaff}, Hash: hash, Active: true},
		{Ref: "U-000002", Login: "bo", Name: "Bo Exemple", Lang: models.French, Roles: []models.Role{models.RoleFinance}, Hash: hash, Active: true},
		{Ref: "U-000003", Login: "cleo", Name: "Cléo Exemple", Lang: models.French, Roles: []models.Role{models.RolePedagogy}, Hash: hash, Active: true},
	} {
		require.NoError(t, o.store.SaveUser(t.Context(), u))
	}
	o.as("amel")
	return o
}

// moveTo sets the time of the house.
func (o *office) moveTo(at time.Time) {
	o.moving.Lock()
	defer o.moving.Unlock()
	o.now = at
}

// as signs somebody in.
func (o *office) as(login string) {
	o.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(o.t, err)
	o.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res := o.post(signInPath, url.Values{"login": {login}, "password": {officePassword}})
	require.Equal(o.t, http.StatusSeeOther, res.status, res.words())
}

func (o *office) send(r *http.Request) seen {
	o.t.Helper()
	r.Header.Set("Accept", "text/html")
	res, err := o.client.Do(r)
	require.NoError(o.t, err)
	defer res.Body.Close()
	doc, err := goquery.NewDocumentFromReader(res.Body)
	require.NoError(o.t, err)
	html, err := doc.Html()
	require.NoError(o.t, err)
	return seen{doc, res.StatusCode, res.Header, html}
}

func (o *office) get(path string) seen {
	o.t.Helper()
	r, err := http.NewRequest(http.MethodGet, o.http.URL+path, nil)
	require.NoError(o.t, err)
	return o.send(r)
}

func (o *office) post(path string, form url.Values) seen {
	o.t.Helper()
	r, err := http.NewRequest(http.MethodPost, o.http.URL+path, strings.NewReader(form.Encode()))
	require.NoError(o.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return o.send(r)
}

func (o *office) apply(step models.Step) {
	o.t.Helper()
	o.seq++
	step.Workflow, step.Run, step.Seq, step.At = "seed", "run", o.seq, o.now
	_, err := o.store.Apply(o.t.Context(), step)
	require.NoError(o.t, err)
}

// dossiers puts four of them on the desks: one fresh, one in an alert, one in sessions, one closed.
func (o *office) dossiers() {
	o.t.Helper()
	ctx := o.t.Context()
	for i, name := range []string{"Atelier Œillet", "Société " + hostile, "Ville d’Évian"} {
		client := fmt.Sprintf("C-%06d", i+1)
		require.NoError(o.t, o.store.SaveClient(ctx, models.Client{Ref: client, Type: models.ClientSME, Name: name}))
		require.NoError(o.t, o.store.SaveContact(ctx, models.Contact{Ref: "C" + client, ClientRef: client, Name: []string{"Zoé Lefèvre", "Ana Costa", "Léo Garnier"}[i]}))
	}
	require.NoError(o.t, o.store.SaveTrainer(ctx, models.Trainer{Ref: "T-000001", Name: "François Fabulé", Active: true}))
	day := func(n int) time.Time { return paris(n, 9, 0) }
	for i, b := range []models.Request{
		{Stage: models.StageQualification, Owner: "U-000001", OpenedAt: day(24)},
		{Stage: models.StageProgramme, Owner: "U-000002", OpenedAt: day(20), TrainerRef: "T-000001", Alert: "programme_late", AlertAt: day(23)},
		{Stage: models.StageSessions, OpenedAt: day(10), TrainerRef: "T-000001"},
		{Stage: models.StageClosed, Owner: "U-000001", OpenedAt: day(2), TrainerRef: "T-000001"},
	} {
		b.Ref, b.Policy = fmt.Sprintf("D-2026-%06d", i+1), "standard"
		client := fmt.Sprintf("C-%06d", i%3+1)
		require.NoError(o.t, o.store.SaveBrief(ctx, models.Brief{Ref: b.Ref, ClientRef: client, ContactRef: "C" + client, Topic: "tableur",
			Title: []string{"Tableur, prise en main", "=Formules " + hostile, "Sécurité incendie", "Gérer un élève"}[i]}))
		o.apply(models.Step{Rows: models.Rows{Request: &b}})
	}
	o.apply(models.Step{Deadlines: []models.Deadline{
		{ID: "request/D-2026-000001#1", Workflow: "request/D-2026-000001", Dossier: "D-2026-000001", Subject: "D-2026-000001", Kind: models.DeadlineStaff,
			Awaits: models.RoleStaff, Status: models.Open, DueAt: paris(25, 18, 0), Consequence: "qualification_overdue", Postponable: true},
		{ID: "request/D-2026-000002#4", Workflow: "request/D-2026-000002", Dossier: "D-2026-000002", Subject: "D-2026-000002/programme/2", Kind: models.DeadlineProgramme,
			Awaits: models.RoleTrainer, AwaitsRef: "T-000001", Status: models.Open, DueAt: paris(25, 10, 0), Consequence: "programme", Postponable: true},
		{ID: "request/D-2026-000002#5", Workflow: "request/D-2026-000002", Dossier: "D-2026-000002", Subject: "D-2026-000002", Kind: models.DeadlineStaff,
			Awaits: models.RoleStaff, Status: models.Open, DueAt: paris(28, 23, 59).Add(time.Minute - time.Microsecond), Consequence: "client_unsigned", Postponable: true},
		{ID: "request/D-2026-000003/session/1#1", Workflow: "request/D-2026-000003/session/1", Dossier: "D-2026-000003", Subject: "D-2026-000003/session/1",
			Kind: models.DeadlineConvocation, Awaits: models.RoleSystem, Status: models.Open, DueAt: paris(30, 9, 0), Consequence: "convocation", Postponable: true},
		{ID: "request/D-2026-000003#1", Workflow: "request/D-2026-000003", Dossier: "D-2026-000003", Subject: "D-2026-000003", Kind: models.DeadlineStaff,
			Awaits: models.RoleStaff, Status: models.Met, DueAt: paris(11, 9, 0), Consequence: "qualification_overdue", Postponable: true},
		{ID: "invoice/I-2026-000007#2", Workflow: "invoice/I-2026-000007", Subject: "I-2026-000007", Kind: models.DeadlineLegalCap,
			Awaits: models.RoleFinance, Status: models.Open, DueAt: paris(27, 23, 59), Consequence: "legal_cap"},
	}})
}

// refs are the dossiers of a list, in order.
func (p seen) refs() []string {
	return p.Find("table.board tbody th a").Map(func(_ int, s *goquery.Selection) string { return strings.TrimPrefix(s.Text(), "D-2026-") })
}

func TestDossiersShowsWhereEachOneStands(t *testing.T) {
	o := newOffice(t)
	o.dossiers()
	p := o.get("/console/dossiers")
	wellMade(t, p)
	require.Equal(t, []string{"000001", "000002", "000003"}, p.refs(), "open ones, newest first")
	row := strings.Join(strings.Fields(p.Find("table.board tbody tr").Eq(1).Text()), " ")
	for _, words := range []string{"D-2026-000002", "=Formules " + hostile, "Société " + hostile, "Programme", "aujourd’hui, 10 h 00", "en retard",
		"Programme adapté du formateur", "version 2", "formateur", "Le programme adapté n’a pas été déposé à temps.", "depuis lun. 23 nov., 9 h 00", "Bo Exemple", "François Fabulé"} {
		require.Contains(t, strings.ReplaceAll(row, "\u00a0", " "), words)
	}
	require.Equal(t, "/console/dossiers/D-2026-000002", p.Find("table.board tbody a").Eq(1).AttrOr("href", ""))
	require.Equal(t, 1, p.Find("table.board tbody tr").Eq(1).Find("a").Length(), "one link for each row")
	chips := map[string]string{}
	p.Find(".chips a").Each(func(_ int, s *goquery.Selection) {
		count := s.Find(".count").Text()
		chips[strings.TrimSpace(strings.TrimSuffix(s.Text(), count))] = count
	})
	require.Equal(t, map[string]string{"En cours": "3", "Analyse du besoin": "1", "Programme": "1", "Séances": "1", "Terminés": "1", "Clos": "1", "Tous": "4"}, chips)
	require.Equal(t, "En cours 3", strings.Join(strings.Fields(p.Find(`.chips [aria-current]`).Text()), " "))

	english := o.get("/console/dossiers?lang=en")
	wellMade(t, english)
	require.Contains(t, english.words(), "since Mon 23 Nov, 09:00")
	require.Contains(t, o.get("/console/dossiers").words(), "newest first", "the language stays")
}

func TestDossiersFilters(t *testing.T) {
	o := newOffice(t)
	o.dossiers()
	for query, want := range map[string][]string{
		"stage=all":                    {"000001", "000002", "000003", "000004"},
		"stage=ended":                  {"000004"},
		"stage=programme":              {"000002"},
		"stage=programme&stage=closed": {"000002", "000004"},
		"owner=me":                     {"000001"},
		"owner=me&stage=all":           {"000001", "000004"},
		"owner=nobody":                 {"000003"},
		"owner=U-000002":               {"000002"},
		"alert=any":                    {"000002"},
		"alert=programme_late":         {"000002"},
		"alert=client_unsigned":        nil,
		"due=overdue":                  {"000002"},
		"due=today":                    {"000001", "000002"},
		"due=week":                     {"000001", "000002"}, // Monday is next week
		"policy=standard":              {"000001", "000002", "000003"},
		"policy=solstice":              nil,
		"sort=due":                     {"000002", "000001", "000003"},
		"sort=due&owner=nobody":        {"000003"},
	} {
		p := o.get("/console/dossiers?" + query)
		require.Equal(t, http.StatusOK, p.status, query)
		wellMade(t, p)
		if want == nil {
			require.Empty(t, p.refs(), query)
			require.Equal(t, 1, p.Find(".nothing").Length(), query)
			continue
		}
		require.Equal(t, want, p.refs(), query)
		asked, err := url.ParseQuery(query)
		require.NoError(t, err)
		for name := range asked {
			if name != "stage" {
				require.Equal(t, asked.Get(name), p.Find(`select[name="`+name+`"] [selected]`).AttrOr("value", ""), "the filter is shown")
			}
		}
	}
	for _, query := range []string{"stage=unknown", "due=later", "sort=oldest", "cursor=x"} {
		p := o.get("/console/dossiers?" + query)
		require.Equal(t, http.StatusBadRequest, p.status, query)
		wellMade(t, p)
	}
	kept := o.get("/console/dossiers?owner=me&alert=any").Find(`.chips a`).Last().AttrOr("href", "")
	require.Equal(t, "/console/dossiers?alert=any&owner=me&stage=all", kept, "a chip keeps the other filters")
}

// A newer alert hides none that still stands: not in the list, nor from who looks for it.
func TestDossiersShowEveryAlertThatStands(t *testing.T) {
	o := newOffice(t)
	o.dossiers()
	const ref = "D-2026-000002"
	row, err := o.store.Request(t.Context(), ref)
	require.NoError(t, err)
	o.apply(models.Step{Rows: models.Rows{Request: &row, Alerts: []models.Alert{
		{Dossier: ref, Alert: "message_undeliverable", Subject: "a", Since: paris(22, 9, 0)},
		{Dossier: ref, Alert: "message_undeliverable", Subject: "b", Since: paris(21, 9, 0)},
		{Dossier: ref, Alert: row.Alert, Subject: ref + "/programme/2", Since: row.AlertAt}}}})
	for _, query := range []string{"", "?alert=message_undeliverable", "?alert=programme_late", "?sort=due"} {
		p := o.get(dossiersPath + query)
		wellMade(t, p)
		line := p.Find(`table.board tbody tr:has(a[href$="` + ref + `"]) .alert`).Map(func(_ int, s *goquery.Selection) string { return plainly(s.Text()) })
		require.Equal(t, []string{"! Le programme adapté n’a pas été déposé à temps.", "! Un message n’a pas pu être remis : le silence de son destinataire ne sera pas pris pour un refus. (2)"}, line, query)
		require.Contains(t, plainly(p.words()), "(2) depuis sam. 21 nov., 9 h 00", "the first of them")
		offered := p.Find(`select[name=alert] option`).Map(func(_ int, s *goquery.Selection) string { return plainly(s.Text()) })
		require.Contains(t, offered, "Un message n’a pas pu être remis : le silence de son destinataire ne sera pas pris pour un refus. (1)", "on how many dossiers")
		require.Contains(t, offered, "Le programme adapté n’a pas été déposé à temps. (1)")
	}
	p := o.get(dossiersPath + "?alert=message_undeliverable")
	require.Equal(t, []string{"000002"}, p.refs())
	require.Equal(t, "En cours 1", plainly(strings.Join(strings.Fields(p.Find(`.chips [aria-current]`).Text()), " ")))
	require.Contains(t, plainly(o.get(dossiersPath+".csv").html), "Le programme adapté n’a pas été déposé à temps. Un message n’a pas pu être remis")
}

func TestDossiersSearchKeepsNamesOutOfAddresses(t *testing.T) {
	o := newOffice(t)
	o.dossiers()
	search := func(words string, more ...string) seen {
		form := url.Values{"words": {words}, "stage": {"all"}}
		for i := 0; i+1 < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		p := o.post("/console/dossiers/search", form)
		require.Equal(t, http.StatusSeeOther, p.status)
		to := p.header.Get("Location")
		require.NotContains(t, strings.ToLower(to), "lef")
		return o.get(to)
	}
	for words, want := range map[string][]string{
		"zoe lefevre":       {"000001", "000004"}, // a contact, without accents
		"LEFÈVRE":           {"000001", "000004"},
		"oeillet":           {"000001", "000004"},
		"ville d'evian":     {"000003"},
		"fabule":            {"000002", "000003", "000004"},
		"fabule incendie":   {"000003"},
		"000004":            {"000004"},
		"tableur":           {"000001", "000002", "000003", "000004"}, // the course in the catalogue
		"eleve":             {"000004"},
		"<script>":          {"000002"},
		"personne de connu": nil,
		"100%":              nil,
		"_":                 nil,
	} {
		p := search(words)
		wellMade(t, p)
		require.Equal(t, want, append([]string(nil), p.refs()...), words)
		require.Equal(t, words, p.Find("#f-words").AttrOr("value", ""))
		require.Equal(t, 1, p.Find(`.box[role=status]`).Length(), "it says that the list is searched")
	}
	p := search("fabule", "owner", "me")
	require.Equal(t, []string{"000004"}, p.refs(), "filters go on")
	all := p.Find(`.box[role=status] a`).AttrOr("href", "")
	require.Equal(t, []string{"000001", "000004"}, o.get(all).refs())

	p = o.post("/console/dossiers/search", url.Values{"words": {" d-2026-000003 "}})
	require.Equal(t, "/console/dossiers/D-2026-000003", p.header.Get("Location"), "a reference leads to its dossier")
	p = o.post("/console/dossiers/search", url.Values{"words": {""}, "owner": {"me"}})
	require.Equal(t, "/console/dossiers?owner=me", p.header.Get("Location"))

	lost := o.get("/console/dossiers?search=77")
	wellMade(t, lost)
	require.Contains(t, lost.words(), "n’est plus en mémoire")
	require.Empty(t, lost.refs(), "an unknown search does not show everything")
	first := search("fabule")
	require.NotEmpty(t, first.refs())
	for range searchesKept {
		search("autre")
	}
	require.NotContains(t, o.log.String(), "fabule")
}

func TestDossiersPageByPage(t *testing.T) {
	o := newOffice(t)
	for i := range 120 {
		ref := fmt.Sprintf("D-2026-%06d", i+1)
		o.apply(models.Step{Rows: models.Rows{Request: &models.Request{Ref: ref, Stage: models.StageAudit, OpenedAt: paris(1, 9, i/3)}},
			Deadlines: []models.Deadline{{ID: "request/" + ref + "#1", Dossier: ref, Subject: ref, Kind: models.DeadlineSlots, Awaits: models.RoleTrainer,
				Status: models.Open, DueAt: paris(26, 9, i/5), Consequence: "audit_slots"}}})
	}
	for _, query := range []string{"stage=audit", "sort=due"} {
		got, pages := map[string]bool{}, 0
		for next := "/console/dossiers?" + query; next != ""; pages++ {
			p := o.get(next)
			wellMade(t, p)
			for _, ref := range p.refs() {
				require.False(t, got[ref], "%s twice", ref)
				got[ref] = true
			}
			next = p.Find(`a[rel=next]`).AttrOr("href", "")
			if next != "" {
				require.Contains(t, next, query)
				next = "/console/dossiers" + next
			}
		}
		require.Len(t, got, 120)
		require.Equal(t, 3, pages)
	}
}

func TestDossiersExport(t *testing.T) {
	o := newOffice(t)
	o.dossiers()
	href := o.get("/console/dossiers?owner=U-000002").Find(".under a").AttrOr("href", "")
	r, err := http.NewRequest(http.MethodGet, o.http.URL+href, nil)
	require.NoError(t, err)
	res, err := o.client.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, "text/csv; charset=utf-8", res.Header.Get("Content-Type"))
	require.Equal(t, `attachment; filename="dossiers-2026-11-25.csv"`, res.Header.Get("Content-Disposition"))
	bom := make([]byte, 3)
	_, err = res.Body.Read(bom)
	require.NoError(t, err)
	require.Equal(t, "\ufeff", string(bom))
	reader := csv.NewReader(res.Body)
	reader.Comma = ';'
	rows, err := reader.ReadAll()
	require.NoError(t, err)
	require.Equal(t, [][]string{
		{"Référence", "Étape", "Intitulé", "Client", "Responsable", "Formateur", "Façon de travailler", "Ouvert le", "À regarder", "Depuis le", "Prochaine échéance", "Attendu de", "Échéance"},
		{"D-2026-000002", "Programme", "'=Formules " + hostile, "Société " + hostile, "Bo Exemple", "François Fabulé", "Standard", "2026-11-20 09:00",
			"Le programme adapté n’a pas été déposé à temps.", "2026-11-23 09:00", "Programme adapté du formateur", "formateur", "2026-11-25 10:00"}}, rows)
}

// A way of working is called by its name in words wherever one is picked; the address keeps its short one.
func TestConsoleCallsPoliciesByTheirNames(t *testing.T) {
	o := newOffice(t)
	o.as("amel")
	picked := func(path string) []string {
		return o.get(path).Find("select[name=policy] option").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("value", "?") + "=" + s.Text() })
	}
	require.Subset(t, picked(dossiersPath+"?lang=en"), []string{"=All", "optedif=Automatic trainer search"})
	require.Subset(t, picked(dossiersPath+"?lang=fr"), []string{"=Toutes", "optedif=Recherche automatique de formateur"})
	require.Equal(t, []string{"standard=Standard"}, picked(intakeFormPath), "those that take requests")
	require.Equal(t, "mine", o.policyName(models.French, "mine"), "of a dossier whose policy is gone")

	o.mission(models.StageSessions, nil)
	require.NotContains(t, o.get(dossierPath).words(), "Façon de travailler", "the usual one")
	brief, err := o.store.Brief(t.Context(), dossier)
	require.NoError(t, err)
	brief.Policy = "fresque"
	require.NoError(t, o.store.SaveBrief(t.Context(), brief))
	require.Contains(t, o.get(dossierPath).words(), "Façon de travaillerRéseau d’ateliers")
}

func TestExportsHoldNoFormulas(t *testing.T) {
	for typed, kept := range map[string]string{"": "", "Tableur": "Tableur", "1-2": "1-2", "=1+1": "'=1+1", "+33": "'+33", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)",
		" =1+1": "' =1+1", "\t=1": "'\t=1", "\n=1": "'\n=1", "\u00a0@x": "'\u00a0@x", "＝1+1": "'＝1+1", "＠x": "'＠x"} {
		require.Equal(t, kept, unformula(typed), "%q", typed)
	}
}

func TestDossiersTellsOfRequestsNotOpenedYet(t *testing.T) {
	o := newOffice(t)
	require.Zero(t, o.get("/console/dossiers").Find(".box.warn").Length())
	_, _, err := o.store.Receive(t.Context(), models.Fact{ID: "intake/D-2026-000009", Kind: models.FactIntake, Workflow: "request/D-2026-000009",
		Dossier: "D-2026-000009", Channel: models.ChannelPhone}, func() time.Time { return o.now })
	require.NoError(t, err)
	p := o.get("/console/dossiers")
	wellMade(t, p)
	require.Contains(t, p.Find(".box.warn").Text(), "D-2026-000009")
}
