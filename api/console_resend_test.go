package api

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
)

// failing leaves a message of a dossier that reached nobody.
func (o *office) failing(m models.Message) {
	o.t.Helper()
	m.Dossier, m.NotBefore = dossier, paris(24, 9, 0)
	if m.Workflow == "" {
		m.Workflow = models.RequestID(dossier)
	}
	o.apply(models.Step{Dossier: dossier, Messages: []models.Message{m}})
	ok, err := o.store.RecordAttempt(o.t.Context(), m.Key, paris(24, 9, 30))
	require.NoError(o.t, err)
	require.True(o.t, ok)
	require.NoError(o.t, o.store.MessageFailed(o.t.Context(), m.Key, models.MessageBounced, "bounced", paris(24, 9, 32)))
}

// invitationTo is the mail of the nth invitation.
func invitationTo(n int, trainer string) models.Message {
	ref := models.InvitationRef(dossier, 1, n)
	return models.Message{Key: ref + "/invitation/" + trainer, Template: "invitation", To: models.RoleTrainer, ToRef: trainer, Subject: ref,
		Workflow: models.SolicitationID(dossier, 1), Links: []models.Link{{Purpose: models.LinkAnswer, Subject: ref}}}
}

// Staff correct an address, then send again what bounced, where it still asks for something.
func TestConsoleSendsAgainWhatReachedNobody(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSolicitation, func(r *models.Request, s *models.Step) {
		searched(r, s)
		s.Rows.Invitations[2].Status = models.InvitationUndeliverable
	})
	m := invitationTo(3, "T-000042")
	o.failing(m)
	messages, again := dossierPath+"/messages", settlePath(verbAgain, m.Key, "dossier")
	page := o.get(messages)
	wellMade(t, page)
	require.Equal(t, 1, page.Find(`.acts a`).Length(), "it did not leave: nobody says that it did")
	require.Equal(t, again, page.Find(`.acts a`).AttrOr("href", ""))
	require.Contains(t, o.get(dossierPath+"/people").words(), "Message non remis")
	require.Equal(t, 1, o.get(dossierPath).Find(`section[aria-labelledby=h-unreached] a[href="`+again+`"]`).Length(), "where the alert is read")
	require.NotZero(t, o.get(dossierPath).Find(`a[href^="/console/trainers/T-000042?"]`).Length(), "corrected where it is seen")

	trainer, err := o.store.Trainer(t.Context(), "T-000042")
	require.NoError(t, err)
	trainer.Email = ""
	require.NoError(t, o.store.SaveTrainer(t.Context(), trainer))
	page = o.get(again)
	require.Equal(t, []any{http.StatusConflict, string(models.CodeNoAddress)}, []any{page.status, page.code()})
	require.Zero(t, page.Find("form.decide").Length())
	o.agency.refused(o.agency.staff("POST", "/messages/again", `{"message_key":"`+m.Key+`"}`), 409, models.CodeNoAddress)
	trainer.Email = "alpha@example.com"
	require.NoError(t, o.store.SaveTrainer(t.Context(), trainer))
	page = o.get(again)
	wellMade(t, page)
	require.Contains(t, plainly(page.words()), "Adresse actuellealpha@example.com")
	require.Equal(t, models.MessageBounced, o.messageStatus(m.Key), "looking changes nothing")
	form := page.form(t, nil)
	for range 2 {
		done := o.post(page.action(t), form)
		require.Equal(t, []any{http.StatusSeeOther, messages}, []any{done.status, done.header.Get("Location")})
	}
	require.Contains(t, o.get(messages).words(), "Le message part à nouveau.")
	require.Equal(t, models.MessageQueued, o.messageStatus(m.Key))
	require.Contains(t, plain(o.get(dossierPath+"/journal").words()), "Un message qui n’avait pas pu être remis est renvoyé : Sollicitation.Amel Exemple, dans la console")
	require.Contains(t, o.get(dossierPath).words(), "Renvoyé, peut répondre")
	require.Zero(t, o.get(messages).Find(`.acts a`).Length())
	require.Zero(t, o.get(dossierPath).Find(`section[aria-labelledby=h-unreached]`).Length())
	require.Equal(t, string(models.CodeNotParked), o.get(again).code())
	o.get(messages + "?lang=en")
	require.NotRegexp(t, `\[[a-z_]+\.[a-z_.]+\]`, o.get(again).html)
}

// What a message asked for or told of may be over since: it is not sent again, here nor through the API.
func TestNothingIsSentAgainThatIsOver(t *testing.T) {
	convocation := models.Message{Key: "convocation", Template: "convocation", To: models.RoleParticipant, ToRef: "P-000001", Subject: models.SessionRef(dossier, 1),
		Workflow: models.SessionID(dossier, 1), Links: []models.Link{{Purpose: models.LinkPositioning, Subject: dossier + "|P-000001"}}}
	sign := models.Message{Key: "sign", Template: "contract_client", To: models.RoleClient, ToRef: "X-000001", Subject: models.ContractRef(dossier, 1),
		Links: []models.Link{{Purpose: models.LinkSign, Subject: models.ContractRef(dossier, 1)}}}
	planned := models.Message{Key: "planned", Template: "sessions_planned_trainer", To: models.RoleTrainer, ToRef: "T-000042", Subject: dossier}
	told := models.Message{Key: "cancelled", Template: "request_cancelled_client", To: models.RoleClient, ToRef: "X-000001", Subject: dossier}
	pending := func(r *models.Request, s *models.Step) {
		withContract(r, s)
		s.Rows.Contracts[0].Status = models.ContractPending
	}
	for name, c := range map[string]struct {
		stage  models.Stage
		change func(*models.Request, *models.Step)
		then   func(*office)
		m      models.Message
		over   bool
	}{
		"a contract to sign":            {models.StageContract, pending, nil, sign, false},
		"a contract declined":           {models.StageContract, withContract, nil, sign, true},
		"an invitation answered":        {models.StageSolicitation, searched, nil, invitationTo(1, "T-000042"), true},
		"an invitation not answered":    {models.StageSolicitation, searched, nil, invitationTo(3, "T-000042"), false},
		"an invitation, one is chosen":  {models.StageAudit, func(r *models.Request, s *models.Step) { searched(r, s); retained(r, s) }, nil, invitationTo(3, "T-000042"), true},
		"a convocation":                 {models.StageSessions, withSession(26, models.SessionConvoked), nil, convocation, false},
		"a convocation to what is held": {models.StageSessions, withSession(24, models.SessionToJudge), nil, convocation, true},
		"a convocation of one removed": {models.StageSessions, withSession(26, models.SessionConvoked), func(o *office) {
			require.NoError(t, o.store.RemoveParticipant(t.Context(), models.JournalLine{Dossier: dossier, At: o.now}, "P-000001"))
		}, convocation, true},
		"dates of somebody else's sessions": {models.StageSessions, func(r *models.Request, s *models.Step) {
			withSession(26, models.SessionConvoked)(r, s)
			s.Rows.NewSessions[0].TrainerRef, s.Rows.Sessions[0].TrainerRef = "T-000043", "T-000043"
		}, nil, planned, true},
		"that it is cancelled": {models.StageCancelled, nil, nil, told, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.mission(c.stage, c.change)
			o.failing(c.m)
			if c.then != nil {
				c.then(o)
			}
			links, status := 1, models.MessageQueued
			if c.over {
				links, status = 0, models.MessageBounced
				page := o.get(settlePath(verbAgain, c.m.Key, ""))
				require.Equal(t, []any{http.StatusConflict, string(models.CodeMessageOver)}, []any{page.status, page.code()})
				require.Zero(t, page.Find("form.decide").Length())
			}
			require.Equal(t, links, o.get(dossierPath+"/messages").Find(`.acts a`).Length())
			a := o.agency.staff("POST", "/messages/again", `{"message_key":"`+c.m.Key+`"}`)
			if c.over {
				o.agency.refused(a, 409, models.CodeMessageOver)
			}
			require.Equal(t, status, o.messageStatus(c.m.Key))
			lines, err := o.store.JournalBack(t.Context(), dossier, store.Cursor{}, 10)
			require.NoError(t, err)
			resent := slices.ContainsFunc(lines.Items, func(l models.JournalLine) bool { return l.Kind == "message_resent" })
			require.Equal(t, !c.over, resent, "what is refused leaves no line")
		})
	}
}

// A statement and an invoice that bounced are sent again from their own pages, by who may see money.
func TestConsoleSendsAgainWhatIsAboutMoney(t *testing.T) {
	o := newOffice(t)
	o.money()
	ref := month + "/recap/1"
	for path, m := range map[string]models.Message{
		ConsoleAddress("", ref): {Key: "month", Workflow: "remuneration/" + month, Template: "recap", To: models.RoleTrainer, ToRef: "T-000001", Subject: ref},
		ConsoleAddress("", "I-2026-000004"): {Key: "ask", Workflow: models.InvoiceID("I-2026-000004"), Template: "invoice_ask", To: models.RoleTrainer, ToRef: "T-000001", Subject: "I-2026-000004",
			Links: []models.Link{{Purpose: models.LinkInvoice, Subject: "I-2026-000004"}}},
	} {
		o.as("amel")
		m.NotBefore = paris(24, 9, 0)
		o.apply(models.Step{Messages: []models.Message{m}})
		require.NoError(t, o.store.MessageFailed(t.Context(), m.Key, models.MessageBounced, "bounced", paris(24, 9, 32)))
		page := o.get(path)
		wellMade(t, page)
		again := page.Find(`section[aria-labelledby=h-unreached] a`).AttrOr("href", "")
		require.Equal(t, settlePath(verbAgain, m.Key, "money"), again, page.words())
		o.as("cleo")
		require.Equal(t, http.StatusForbidden, o.get(again).status)
		o.as("bo")
		done := o.fill(again, nil)
		require.Equal(t, []any{http.StatusSeeOther, path}, []any{done.status, done.header.Get("Location")})
		require.Equal(t, models.MessageQueued, o.messageStatus(m.Key))
		require.Zero(t, o.get(path).Find(`section[aria-labelledby=h-unreached]`).Length())
	}
}

func TestBrowserSendsAgain(t *testing.T) {
	o := newOffice(t)
	ctx := browser(t)
	o.mission(models.StageSolicitation, func(r *models.Request, s *models.Step) {
		searched(r, s)
		s.Rows.Invitations[2].Status = models.InvitationUndeliverable
	})
	m := invitationTo(3, "T-000042")
	o.failing(m)
	o.visits(t, ctx, "amel")
	for name, path := range map[string]string{"failed-messages": dossierPath + "/messages", "failed-again": settlePath(verbAgain, m.Key, "dossier"), "failed-dossier": dossierPath} {
		o.looks(t, ctx, name, path)
		fits(t, ctx)
	}
}
