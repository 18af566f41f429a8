package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"jalon/models"
	"jalon/worker/temporaltest"
)

// plainly is a text without its line breaks and no-break spaces.
func plainly(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\u00a0", " ")), " ")
}

func TestDueShowsWhatIsAwaitedAndWhatHappensOtherwise(t *testing.T) {
	o := newOffice(t)
	o.dossiers()
	p := o.get("/console/due")
	wellMade(t, p)
	groups := p.Find("main section").Map(func(_ int, s *goquery.Selection) string {
		return fmt.Sprintf("%s %d", s.Find("h2").Text(), s.Find("tbody tr").Length())
	})
	require.Equal(t, []string{"Dépassées 1", "Aujourd’hui 1", "Cette semaine 2", "Plus tard 1"}, groups)
	rows := p.Find("tbody tr").Map(func(_ int, s *goquery.Selection) string { return plainly(s.Text()) })
	for i, words := range [][]string{
		{"aujourd’hui, 10 h 00", "en retard", "Programme adapté du formateur, version 2", "formateur, François Fabulé", "relance et alerte", "D-2026-000002", "à regarder", "Bo Exemple", "Reporter"},
		{"aujourd’hui, 18 h 00", "Qualifier la demande", "La demande attend d’être qualifiée.", "équipe", "alerte au responsable, puis à l’équipe", "D-2026-000001", "Amel Exemple"},
		{"ven. 27 nov.", "Avertissement avant le terme légal de paiement", "la comptabilité apprend que le terme approche", "I-2026-000007", "Délai légal"},
		{"sam. 28 nov. ", "Le client n’a pas signé son document dans le délai prévu, malgré le rappel."},
		{"lun. 30 nov., 9 h 00", "Date d’envoi des convocations, séance 1", "automatique", "les convocations partent", "D-2026-000003"},
	} {
		for _, w := range words {
			require.Contains(t, rows[i], w)
		}
	}
	require.Zero(t, p.Find("tbody tr").Eq(2).Find(`a[href*=postpone]`).Length(), "the law's term has no way to be moved")
	require.Equal(t, "/console/dossiers/D-2026-000002", p.Find(`tbody tr`).First().Find("a").First().AttrOr("href", ""))
	chips := p.Find(".chips .count").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	require.Equal(t, []string{"5", "1", "1", "2", "1"}, chips)
	wellMade(t, o.get("/console/due?lang=en"))
}

// F136: who could not be told is not silent; the board and the dossier say what happens instead, until the message goes again.
func TestDueOfWhomNothingReached(t *testing.T) {
	o := newOffice(t)
	o.dossiers()
	const ref, key = "D-2026-000003", "absence/told"
	require.NoError(t, o.store.SaveParticipants(t.Context(), []models.Participant{{Ref: "P-000001", Dossier: ref, Name: "Alix", Email: "alix@example.org"}}))
	subject := models.AbsenceRef(models.SessionRef(ref, 1), "P-000001")
	o.apply(models.Step{Dossier: ref, Messages: []models.Message{{Key: key, Template: "absence_told", To: models.RoleParticipant, ToRef: "P-000001", Subject: subject}},
		Deadlines: []models.Deadline{{ID: "absence", Kind: models.DeadlineAbsence, Subject: subject, Awaits: models.RoleParticipant, AwaitsRef: "P-000001",
			DueAt: paris(28, 9, 0), Status: models.Open, Consequence: string(models.DeadlineAbsence), Asked: []string{key}}}})
	says := func(want, not string) {
		t.Helper()
		for _, path := range []string{"/console/due?kind=absence_justification", "/console/dossiers/" + ref} {
			words := plainly(o.get(path).words())
			require.Contains(t, words, want, path)
			require.NotContains(t, words, not, path)
		}
	}
	silent, unreached := models.French.Otherwise(models.DeadlineAbsence), models.French.Unreached()
	says(silent, unreached)
	require.NoError(t, o.store.MessageFailed(t.Context(), key, models.MessageBounced, "", o.now))
	says(unreached, silent)
}

// A step has one name, on the board of what falls due, in the list of dossiers and on its dossier.
func TestAStepOfStaffHasOneName(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSessions, func(r *models.Request, s *models.Step) {
		withSession(24, models.SessionToJudge)(r, s)
		s.Deadlines = append(s.Deadlines, models.Deadline{ID: "sheet", Workflow: models.SessionID(dossier, 1), Dossier: dossier, Kind: models.DeadlineStaff,
			Subject: models.SessionRef(dossier, 1), Awaits: models.RoleStaff, DueAt: paris(26, 18, 0), Status: models.Open, Consequence: "sheet_missing"})
	})
	for _, path := range []string{"/console/due", dossiersPath, dossierPath} {
		require.Contains(t, plainly(o.get(path).words()), "Obtenir la feuille d’émargement, séance 1", path)
	}
}

func TestDueFilters(t *testing.T) {
	o := newOffice(t)
	o.dossiers()
	for query, want := range map[string]int{
		"when=overdue": 1, "when=today": 1, "when=week": 2, "when=later": 1,
		"awaits=staff": 2, "awaits=trainer": 1, "awaits=system": 1, "awaits=finance": 1, "kind=programme": 1, "kind=staff_step&when=week": 1,
		"owner=me": 1, "owner=U-000002": 2, "owner=nobody": 2, "awaits=billing": 0,
	} {
		p := o.get("/console/due?" + query)
		require.Equal(t, http.StatusOK, p.status, query)
		wellMade(t, p)
		require.Equal(t, want, p.Find("tbody tr").Length(), query)
		if want == 0 {
			require.Equal(t, 1, p.Find(".nothing").Length())
		}
	}
	require.Equal(t, http.StatusBadRequest, o.get("/console/due?when=never").status)
	require.Equal(t, http.StatusBadRequest, o.get("/console/due?cursor=x").status)
	p := o.get("/console/due?awaits=staff&when=week")
	require.Equal(t, "/console/due?awaits=staff", p.Find(".chips a").First().AttrOr("href", ""), "a chip keeps the other filters")
	require.Equal(t, []string{"2", "0", "1", "1", "0"}, p.Find(".chips .count").Map(func(_ int, s *goquery.Selection) string { return s.Text() }))
	require.Equal(t, "staff", p.Find("#f-awaits [selected]").AttrOr("value", ""))
	require.Greater(t, p.Find("#f-awaits option").Length(), 2, "another role can be chosen")

}

// A month and an invoice are of no dossier: the board calls them as the money pages do, the invoice by its reference until
// it has a number.
func TestDueNamesMonthsAndInvoices(t *testing.T) {
	o := newOffice(t)
	o.dossiers()
	month := models.RemunerationID(models.PayerAgency, "T-000001", "2026-10")
	recap := models.RecapRef(models.PayerAgency, "T-000001", "2026-10", 1)
	step := models.Step{Rows: models.Rows{Invoices: []models.Invoice{{Ref: "I-2026-000008", Number: "F-2026-0003", Kind: models.InvoiceSelfBilled, TrainerRef: "T-000001"},
		{Ref: "I-2026-000009", Kind: models.InvoiceSupplier, TrainerRef: "T-000001"}}}}
	for id, x := range map[string]models.Deadline{"a": {Workflow: month, Subject: month, Kind: models.DeadlineRecapDay}, "b": {Workflow: month, Subject: recap, Kind: models.DeadlineRecap},
		"c": {Workflow: "invoice/I-2026-000008", Subject: "I-2026-000008", Kind: models.DeadlineConformity}, "d": {Workflow: "invoice/I-2026-000009", Subject: "I-2026-000009", Kind: models.DeadlineInvoiceUpload}} {
		x.ID, x.Awaits, x.Status, x.DueAt, x.Postponable = id, models.RoleSystem, models.Open, paris(28, 9, 0), true
		step.Deadlines = append(step.Deadlines, x)
	}
	o.apply(step)
	says := map[models.DeadlineKind]string{models.DeadlineRecapDay: "Relevé, octobre 2026 François Fabulé", models.DeadlineRecap: "Relevé, octobre 2026 François Fabulé",
		models.DeadlineConformity: "F-2026-0003 François Fabulé", models.DeadlineInvoiceUpload: "I-2026-000009 François Fabulé"}
	for kind, words := range says {
		p := o.get("/console/due?kind=" + string(kind))
		wellMade(t, p)
		require.Contains(t, plainly(p.Find("tbody tr").Text()), words, kind)
	}
	require.Contains(t, plainly(o.get(postponePath+"?id=a").words()), "Relevé, octobre 2026, François Fabulé")
	o.as("cleo")
	require.NotContains(t, o.get("/console/due").html, "F-2026-0003", "invoices are not for pedagogy")
}

// Each postpones what they decide: others are not offered it, and their calls are refused.
func TestDueIsPostponedByWhoDecidesIt(t *testing.T) {
	o := newOffice(t)
	o.dossiers()
	o.apply(models.Step{Deadlines: []models.Deadline{{ID: "invoice/I-2026-000008#1", Workflow: "invoice/I-2026-000008", Subject: "I-2026-000008", Kind: models.DeadlineConformity,
		Awaits: models.RoleFinance, Status: models.Open, DueAt: paris(28, 9, 0), Postponable: true}}})
	const qualify, programme, signature, convocation, conformity = "request/D-2026-000001#1", "request/D-2026-000002#4", "request/D-2026-000002#5", "request/D-2026-000003/session/1#1", "invoice/I-2026-000008#1"
	for login, may := range map[string][]string{"amel": {programme, qualify, signature, convocation}, "cleo": {programme, convocation}, "bo": {conformity}} {
		o.as(login)
		p := o.get("/console/due")
		require.Equal(t, 6, p.Find("tbody tr").Length(), login)
		offered := p.Find(`a[href*=postpone]`).Map(func(_ int, a *goquery.Selection) string {
			to, _ := url.Parse(a.AttrOr("href", ""))
			return to.Query().Get("id")
		})
		require.Equal(t, may, offered, login)
		for _, id := range []string{qualify, programme, signature, convocation, conformity} {
			form := o.get(postponePath + "?" + url.Values{"id": {id}}.Encode())
			sent := o.post(postponePath, url.Values{"id": {id}, "key": {form.Find("[name=key]").AttrOr("value", "")}, "date": {"2026-11-20"}, "time": {"09:00"}, "reason": {"congés"}})
			if slices.Contains(may, id) {
				require.Equal(t, http.StatusOK, form.status, "%s %s", login, id)
				require.Equal(t, http.StatusUnprocessableEntity, sent.status, "%s %s: it is earlier", login, id)
			} else {
				require.Equal(t, http.StatusForbidden, form.status, "%s %s", login, id)
				require.Equal(t, http.StatusForbidden, sent.status, "%s %s", login, id)
			}
		}
	}
}

// delayed stands for a process with one deadline: it takes what it is asked.
func delayed(ctx workflow.Context, _ models.RequestInput) error {
	err := workflow.SetUpdateHandler(ctx, string(models.VerbPostpone), func(_ workflow.Context, in models.Postpone) (models.CommandResult, error) {
		return models.CommandResult{Ref: in.DeadlineID, Status: in.DueAt.Format("2006-01-02T15:04Z07:00") + " " + in.By.Actor}, nil
	})
	if err != nil {
		return err
	}
	return workflow.Await(ctx, func() bool { return false })
}

func TestPostponeFromTheBoard(t *testing.T) {
	c, _ := temporaltest.Start(t)
	w := worker.New(c, models.TaskQueue, worker.Options{})
	w.RegisterWorkflowWithOptions(delayed, workflow.RegisterOptions{Name: models.TrainingRequestType})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "request/D-2026-000001", TaskQueue: models.TaskQueue},
		models.TrainingRequestType, models.RequestInput{Ref: "D-2026-000001"})
	require.NoError(t, err)

	o := newOffice(t, func(cfg *Config) { cfg.Temporal = c })
	o.dossiers()
	form := o.get(o.get("/console/due?when=today").Find(`a[href*=postpone]`).AttrOr("href", ""))
	wellMade(t, form)
	for _, words := range []string{"Qualifier la demande", "La demande attend d’être qualifiée.", "mercredi 25 novembre 2026 à 18 h 00", "alerte au responsable", "Le lien déjà envoyé reste valable"} {
		require.Contains(t, plainly(form.words()), words)
	}
	require.Equal(t, "18:00", form.Find("#f-time").AttrOr("value", ""))
	values := url.Values{"id": {"request/D-2026-000001#1"}, "key": {form.Find("[name=key]").AttrOr("value", "")},
		"date": {"2026-11-25"}, "time": {"17:00"}, "reason": {"Le client rappelle vendredi"}}

	for name, want := range map[string][2]string{"reason": {"", "Motif"}, "date": {"bientôt", "date et une heure"}, "date ": {"9999-12-31", "Vérifiez l’année"}} {
		bad := url.Values{}
		for k, v := range values {
			bad[k] = v
		}
		name = strings.TrimSpace(name)
		bad.Set(name, want[0])
		p := o.post(postponePath, bad)
		wellMade(t, p)
		require.Equal(t, http.StatusUnprocessableEntity, p.status)
		require.Contains(t, p.Find("[role=alert] a[href='#f-"+name+"']").Text(), want[1])
		values.Set("key", p.Find("[name=key]").AttrOr("value", ""))
	}
	early := o.post(postponePath, values)
	wellMade(t, early)
	require.Equal(t, http.StatusUnprocessableEntity, early.status)
	require.Equal(t, 1, early.Find("[role=alert] a[href='#f-date']").Length(), "a deadline is moved later only: the API says so")
	require.Equal(t, "Le client rappelle vendredi", strings.TrimSpace(early.Find("#f-reason").Text()), "what was typed stays")
	require.NotEqual(t, values.Get("key"), early.Find("[name=key]").AttrOr("value", ""), "the form corrected is another call")

	values.Set("key", early.Find("[name=key]").AttrOr("value", ""))
	values.Set("date", "2026-11-27")
	for range 2 { // a double click acts once
		p := o.post(postponePath, values)
		require.Equal(t, http.StatusSeeOther, p.status, p.words())
		require.Equal(t, duePath, p.header.Get("Location"))
	}
	said := o.get(duePath)
	require.Contains(t, plainly(said.Find("[role=status]").Text()), "Qualifier la demande : échéance reportée au vendredi 27 novembre 2026 à 17 h 00.")
	require.Zero(t, o.get(duePath).Find("[role=status]").Length(), "said once")
	updates := 0
	for events := c.GetWorkflowHistory(t.Context(), run.GetID(), run.GetRunID(), false, 0); events.HasNext(); {
		e, err := events.Next()
		require.NoError(t, err)
		if a := e.GetWorkflowExecutionUpdateCompletedEventAttributes(); a != nil {
			updates++
			require.Contains(t, string(a.Outcome.GetSuccess().Payloads[0].Data), "2026-11-27T16:00Z U-000001")
		}
	}
	require.Equal(t, 1, updates)

	values.Set("from", "dossier")
	p := o.post(postponePath, values)
	require.Equal(t, "/console/dossiers/D-2026-000001", p.header.Get("Location"))
	for id, words := range map[string]string{"invoice/I-2026-000007#2": "Délai légal", "request/D-2026-000003#1": "n’est plus ouverte"} {
		p := o.get(postponePath + "?" + url.Values{"id": {id}}.Encode())
		wellMade(t, p)
		require.Equal(t, http.StatusConflict, p.status)
		require.Contains(t, p.words(), words)
	}
	require.Equal(t, http.StatusNotFound, o.get(postponePath+"?id=none").status)
}
