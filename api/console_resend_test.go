package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"jalon/mail"
	"jalon/models"
	"jalon/store"
)

// undelivered leaves a message of a dossier that reached nobody.
func (o *office) undelivered(m models.Message) {
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

// bouncedInvitation is the mail of a trainer asked who is known not to have got it.
func (o *office) bouncedInvitation() models.Message {
	o.t.Helper()
	o.mission(models.StageSolicitation, func(r *models.Request, s *models.Step) {
		searched(r, s)
		s.Rows.Invitations[2].Status = models.InvitationUndeliverable
	})
	m := invitationTo(3, "T-000042")
	o.undelivered(m)
	return m
}

// Staff correct an address, then send again what bounced, where it still asks for something.
func TestConsoleSendsAgainWhatReachedNobody(t *testing.T) {
	o := newOffice(t)
	m := o.bouncedInvitation()
	messages, again := dossierPath+"/messages", settlePath(verbAgain, m.Key, "dossier")
	page := o.get(messages)
	wellMade(t, page)
	require.Equal(t, 1, page.Find(`.acts a`).Length(), "it did not leave: nobody says that it did")
	require.Equal(t, again, page.Find(`.acts a`).AttrOr("href", ""))
	require.Contains(t, o.get(dossierPath+"/people").words(), "Message non remis")
	require.Equal(t, 1, o.get(dossierPath).Find(`section[aria-labelledby=h-resendable] a[href="`+again+`"]`).Length(), "where the alert is read")
	require.NotZero(t, o.get(dossierPath).Find(`a[href^="/console/trainers/T-000042/correct?"]`).Length(), "corrected where it is seen")

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
	require.Zero(t, o.get(dossierPath).Find(`section[aria-labelledby=h-resendable]`).Length())
	require.Equal(t, string(models.CodeNotParked), o.get(again).code())
	o.get(messages + "?lang=en")
	require.NotRegexp(t, `\[[a-z_]+\.[a-z_.]+\]`, o.get(again).html)
}

// The list of who was asked says, once the search ended, who was told so and whom no mail reached.
func TestConsoleSaysWhoWasNeverReached(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageContract, func(r *models.Request, s *models.Step) {
		searched(r, s)
		s.Rows.Invitations[1].Status, s.Rows.Invitations[2].Status = models.InvitationNotRetained, models.InvitationNotRetained
	})
	o.undelivered(invitationTo(3, "T-000042"))
	words := o.get(dossierPath + "/people").words()
	require.Equal(t, []int{1, 1}, []int{strings.Count(words, "Candidature non retenue"), strings.Count(words, "Message non remis")}, words)
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
			o.undelivered(c.m)
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

// Of every template it is decided when a message is worth sending again.
func TestEveryTemplateIsDecided(t *testing.T) {
	require.ElementsMatch(t, mail.Templates(), slices.Collect(maps.Keys(standing)))
}

// What a message tells of or asks for stands until it is past or settled, or somebody else's.
func TestWhatStillStands(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageInterview, func(r *models.Request, s *models.Step) {
		withContract(r, s)
		s.Rows.Contracts[0].Status = models.ContractPending
		signed := s.Rows.Contracts[0]
		signed.Ref, signed.Number, signed.Status = models.ContractRef(dossier, 2), 2, models.ContractSigned
		s.Rows.Contracts = append(s.Rows.Contracts, signed)
		withSession(26, models.SessionConvoked)(r, s)
		past := s.Rows.Sessions[0]
		past.Ref, past.Number, past.StartAt, past.EndAt = models.SessionRef(dossier, 2), 2, paris(24, 9, 0), paris(24, 17, 30)
		s.Rows.NewSessions, s.Rows.Sessions = append(s.Rows.NewSessions, past), append(s.Rows.Sessions, past)
		for n, at := range []time.Time{paris(26, 9, 0), paris(24, 9, 0)} {
			s.Rows.Audits = append(s.Rows.Audits, models.Audit{Ref: models.AuditRef(dossier, n+1), Dossier: dossier, Number: n + 1, TrainerRef: "T-000042", Status: models.AuditBooked, SlotAt: at})
			s.Rows.Invoices = append(s.Rows.Invoices, models.Invoice{Ref: fmt.Sprintf("I-2026-00000%d", n+1), Dossier: dossier, Status: []string{models.InvoiceConform, models.InvoicePaid}[n]})
		}
		s.Rows.Invoices = append(s.Rows.Invoices, models.Invoice{Ref: "I-2026-000003", Dossier: dossier, Status: models.InvoiceReceived})
	})
	trainer := func(subject, ref string) models.Message {
		return models.Message{Dossier: dossier, Subject: subject, To: models.RoleTrainer, ToRef: ref}
	}
	client := func(subject string) models.Message {
		return models.Message{Dossier: dossier, Subject: subject, To: models.RoleClient, ToRef: "X-000001"}
	}
	participant := func(subject string) models.Message {
		return models.Message{Dossier: dossier, Subject: subject, To: models.RoleParticipant, ToRef: "P-000001"}
	}
	sign := func(n int) models.Message {
		m := client(models.ContractRef(dossier, n))
		m.Links = []models.Link{{Purpose: models.LinkSign, Subject: m.Subject}}
		return m
	}
	here, past := models.SessionRef(dossier, 1), models.SessionRef(dossier, 2)
	call, called := models.AuditRef(dossier, 1), models.AuditRef(dossier, 2)
	for template, c := range map[string]struct{ stands, over models.Message }{
		"audit_booked_client":       {client(call), client(called)},
		"audit_booked_trainer":      {trainer(call, "T-000042"), trainer(called, "T-000042")},
		"interview_notice":          {trainer(dossier, "T-000042"), trainer(dossier, "T-000043")},
		"convocation":               {participant(here), participant(past)},
		"session_moved_client":      {client(here), client(past)},
		"session_moved_participant": {participant(here), participant(past)},
		"session_moved_trainer":     {trainer(here, "T-000042"), trainer(here, "T-000043")},
		"sessions_planned_client":   {client(dossier), models.Message{Dossier: "D-2026-000009", To: models.RoleClient}},
		"sessions_planned_trainer":  {trainer(dossier, "T-000042"), trainer(dossier, "T-000043")},
		"client_invoice":            {client("I-2026-000001"), client("I-2026-000002")},
		"client_invoice_reminder":   {client("I-2026-000001"), client("I-2026-000002")},
		"invoice_conform":           {trainer("I-2026-000001", "T-000042"), trainer("I-2026-000003", "T-000042")},
		"invoice_unconfirmed":       {trainer("I-2026-000003", "T-000042"), trainer("I-2026-000001", "T-000042")},
		"contract_client":           {sign(1), sign(2)},
		"contract_client_reminder":  {sign(1), sign(2)},
		"trainer_contract":          {sign(1), client(models.ContractRef(dossier, 1))}, // without its link it asks for nothing
		"trainer_contract_reminder": {sign(1), sign(2)},
	} {
		c.stands.Template, c.over.Template = template, template
		stands, err := o.current(t.Context(), c.stands)
		require.NoError(t, err, template)
		require.True(t, stands, template)
		stands, err = o.current(t.Context(), c.over)
		require.NoError(t, err, template)
		require.False(t, stands, template)
	}
	forgotten, err := o.current(t.Context(), models.Message{Template: "of_an_earlier_version"})
	require.NoError(t, err)
	require.False(t, forgotten, "nobody can write it")
}

// One that is worth sending again is offered, however many later ones are not.
func TestConsoleOffersWhatIsWorthSendingAgain(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSessions, withSession(24, models.SessionToJudge))
	told := models.Message{Key: "worth", Template: "request_handed_over_client", To: models.RoleClient, ToRef: "X-000001", Subject: dossier}
	o.undelivered(told)
	for i := range resendShown + 1 {
		o.undelivered(models.Message{Key: fmt.Sprintf("worthless/%d", i), Template: "convocation", To: models.RoleParticipant, ToRef: "P-000001",
			Subject: models.SessionRef(dossier, 1), Workflow: models.SessionID(dossier, 1)})
	}
	links := o.get(dossierPath).Find("section[aria-labelledby=h-resendable] a")
	require.Equal(t, 1, links.Length())
	require.Equal(t, settlePath(verbAgain, "worth", "dossier"), links.AttrOr("href", ""))
	for i := range resendShown + 1 {
		told.Key = fmt.Sprintf("worth/%d", i)
		o.undelivered(told)
	}
	require.Equal(t, resendShown, o.get(dossierPath).Find("section[aria-labelledby=h-resendable] a").Length(), "the Messages tab has all")
}

// convocations are the mails of two sessions to somebody, which reached nobody.
func (o *office) convocations(participant string) (keys []string) {
	o.t.Helper()
	o.mission(models.StageSessions, func(r *models.Request, s *models.Step) {
		withSession(26, models.SessionConvoked)(r, s)
		second := s.Rows.Sessions[0]
		second.Ref, second.Number = models.SessionRef(dossier, 2), 2
		s.Rows.NewSessions, s.Rows.Sessions = append(s.Rows.NewSessions, second), append(s.Rows.Sessions, second)
	})
	for n := 1; n <= 2; n++ {
		keys = append(keys, fmt.Sprintf("convocation/%d", n))
		o.undelivered(models.Message{Key: keys[n-1], Template: "convocation", To: models.RoleParticipant, ToRef: participant, Subject: models.SessionRef(dossier, n),
			Workflow: models.SessionID(dossier, n)})
	}
	return keys
}

// Two of a kind to the same person are told apart by what they are about.
func TestConsoleTellsMessagesOfAKindApart(t *testing.T) {
	o := newOffice(t)
	o.convocations("P-000001")
	name := "Alix " + hostile
	list := o.get(dossierPath).Find("section[aria-labelledby=h-resendable] li")
	require.Equal(t, 2, list.Length())
	for i, session := range []string{"séance 2", "séance 1"} {
		require.Contains(t, plain(list.Eq(i).Text()), "Convocation, "+session+" · "+name+", participant")
		require.NotContains(t, list.Eq(i).Text(), "participants")
	}
	heads := o.get(dossierPath + "/messages").Find("tbody th").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	require.ElementsMatch(t, []string{"Convocation, séance 1", "Convocation, séance 2"}, heads)
}

// Somebody without an address is given one where their mail is offered to be sent again, which then it is.
func TestConsoleLeadsToTheAddressThatAMailLacks(t *testing.T) {
	o := newOffice(t)
	key := o.convocations("P-000001")[0]
	person, err := o.store.Participant(t.Context(), "P-000001")
	require.NoError(t, err)
	person.Email = ""
	require.NoError(t, o.store.CorrectParticipant(t.Context(), models.JournalLine{ID: "1", Dossier: dossier, At: o.now}, person))
	messages, again := dossierPath+"/messages", settlePath(verbAgain, key, "dossier")
	complete := dossierPath + "/decide/complete-participant?subject=P-000001"
	for _, path := range []string{dossierPath, messages} {
		page := o.get(path)
		wellMade(t, page)
		require.Equal(t, 2, page.Find(`.acts a[href="`+complete+`"]`).Length(), path)
		require.Contains(t, page.words(), "Ajouter une adresse")
		require.Zero(t, page.Find(`a[href="`+again+`"]`).Length(), path)
	}
	closed := o.get(again)
	wellMade(t, closed)
	require.Equal(t, []any{http.StatusConflict, 1}, []any{closed.status, closed.Find(`a[href="` + complete + `"]`).Length()})
	done := o.fill(complete, url.Values{"email": {"alix@example.org"}})
	require.Equal(t, http.StatusSeeOther, done.status, done.words())
	require.Equal(t, 1, o.get(messages).Find(`.acts a[href="`+again+`"]`).Length())

	require.NoError(t, o.store.SaveTrainer(t.Context(), models.Trainer{Ref: "T-000044", Name: "Formateur Charlie", Active: true}))
	d := &desk{visit: &visit{s: o.Server, ctx: t.Context(), lang: models.French}, who: Caller{Roles: []models.Role{models.RoleStaff}}}
	link, err := d.addressLink(models.Message{To: models.RoleTrainer, ToRef: "T-000044"}, messages)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, o.get(link.Href).status)
}

// Of hundreds that an alert is about the page and the API name the first ones, and count the others.
func TestManyUndeliveredMessagesAreCounted(t *testing.T) {
	o := newOffice(t)
	session := models.SessionRef(dossier, 1)
	o.mission(models.StageSessions, func(r *models.Request, s *models.Step) {
		withSession(26, models.SessionConvoked)(r, s)
		r.Alert, r.AlertAt = models.AlertUndeliverable, paris(24, 10, 0)
		s.Rows.Alerts = []models.Alert{{Dossier: dossier, Alert: r.Alert, Subject: session, Since: r.AlertAt}}
	})
	for i := range models.UndeliveredNamed + 3 {
		o.undelivered(models.Message{Key: fmt.Sprintf("call/%02d", i), Template: "convocation", To: models.RoleParticipant, ToRef: "P-000001",
			Subject: session, Workflow: models.SessionID(dossier, 1)})
	}
	var view RequestView
	o.do(models.RoleStaff, "GET", "/requests/"+dossier, "").into(t, &view)
	require.Len(t, view.Alerts[0].Undelivered, models.UndeliveredNamed)
	require.Equal(t, 3, view.Alerts[0].UndeliveredMore)
	items := o.get(dossierPath).Find("section[aria-labelledby=h-alert] li")
	require.Equal(t, models.UndeliveredNamed+1, items.Length())
	require.Equal(t, "Et 3 autres.", items.Last().Text())
}

// A mail to the staff goes to who looks after the dossier, as the relay will send it.
func TestConsoleSaysWhereAMailToStaffGoes(t *testing.T) {
	o := newOffice(t, func(cfg *Config) { cfg.TeamEmail = "equipe@example.org" })
	o.mission(models.StageSolicitation, nil)
	o.undelivered(models.Message{Key: "alert", Template: models.TemplateAlert, To: models.RoleStaff, ToRef: "U-000002", Subject: dossier})
	again := settlePath(verbAgain, "alert", "")
	require.Contains(t, plainly(o.get(again).words()), "equipe@example.org", "its owner has none")
	amel, err := o.store.User(t.Context(), "U-000001")
	require.NoError(t, err)
	amel.Email = "amel@example.org"
	require.NoError(t, o.store.SaveUser(t.Context(), amel))
	require.Contains(t, plainly(o.get(again).words()), "amel@example.org")
}

// A failure of the database is no reason to offer nothing.
func TestConsoleSaysThatItCouldNotRead(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSolicitation, searched)
	o.undelivered(invitationTo(3, "T-000042"))
	m, err := o.store.Message(t.Context(), invitationTo(3, "T-000042").Key)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := &desk{visit: &visit{s: o.Server, ctx: ctx, lang: models.French}, who: Caller{Roles: []models.Role{models.RoleStaff}}}
	_, err = d.againLink(m, "")
	require.ErrorIs(t, err, context.Canceled)
}

// A statement and an invoice that bounced are sent again from their own pages, by who may see money.
func TestConsoleSendsAgainWhatIsAboutMoney(t *testing.T) {
	o := newOffice(t)
	o.money()
	ref := "agency/T-000002/2026-11/recap/1"
	require.NoError(t, o.store.SaveTrainer(t.Context(), models.Trainer{Ref: "T-000002", Name: "Zoé Œuvré", Email: "zoe@example.org", Active: true}))
	for path, m := range map[string]models.Message{
		ConsoleAddress("", ref): {Key: "month", Workflow: "remuneration/agency/T-000002/2026-11", Template: "recap", To: models.RoleTrainer, ToRef: "T-000002", Subject: ref,
			Links: []models.Link{{Purpose: models.LinkRecap, Subject: ref}}},
		ConsoleAddress("", "I-2026-000004"): {Key: "ask", Workflow: models.InvoiceID("I-2026-000004"), Template: "invoice_ask", To: models.RoleTrainer, ToRef: "T-000001", Subject: "I-2026-000004",
			Links: []models.Link{{Purpose: models.LinkInvoice, Subject: "I-2026-000004"}}},
	} {
		o.as("amel")
		m.NotBefore = paris(24, 9, 0)
		o.apply(models.Step{Messages: []models.Message{m}})
		require.NoError(t, o.store.MessageFailed(t.Context(), m.Key, models.MessageBounced, "bounced", paris(24, 9, 32)))
		page := o.get(path)
		wellMade(t, page)
		again := page.Find(`section[aria-labelledby=h-resendable] a`).AttrOr("href", "")
		require.Equal(t, settlePath(verbAgain, m.Key, "money"), again, page.words())
		o.as("cleo")
		require.Equal(t, http.StatusForbidden, o.get(again).status)
		o.as("bo")
		done := o.fill(again, nil)
		require.Equal(t, []any{http.StatusSeeOther, path}, []any{done.status, done.header.Get("Location")})
		require.Equal(t, models.MessageQueued, o.messageStatus(m.Key))
		require.Zero(t, o.get(path).Find(`section[aria-labelledby=h-resendable]`).Length())
	}
}

func TestBrowserSendsAgain(t *testing.T) {
	o := newOffice(t)
	ctx := browser(t)
	m := o.bouncedInvitation()
	o.visits(t, ctx, "amel")
	for name, path := range map[string]string{"undelivered-messages": dossierPath + "/messages", "undelivered-again": settlePath(verbAgain, m.Key, "dossier"), "undelivered-dossier": dossierPath} {
		o.looks(t, ctx, name, path)
		fits(t, ctx)
	}
}
