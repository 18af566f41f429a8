package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
)

// park leaves two messages of a dossier of which nobody knows whether they left, one that could not be written, and one
// of a month.
func (o *office) park() {
	o.t.Helper()
	o.mission(models.StageSolicitation, func(r *models.Request, s *models.Step) {
		searched(r, s)
		r.Alert, r.AlertAt = "choice_overdue", paris(24, 18, 0) // hides the one about the messages
		for _, key := range []string{"request/" + dossier + "/invitation_reminder/1", "second", "unwritten"} {
			s.Messages = append(s.Messages, models.Message{Key: key, Dossier: dossier, Workflow: models.RequestID(dossier), Template: "invitation_reminder",
				To: models.RoleStaff, ToRef: "U-000003", Subject: dossier, NotBefore: paris(24, 9, 0)})
		}
		s.Messages = append(s.Messages, models.Message{Key: "month", Workflow: "w", Template: "recap", To: models.RoleStaff, Subject: "agency/T-000042/2026-11/recap/1", NotBefore: paris(24, 9, 0)})
	})
	for _, key := range []string{"request/" + dossier + "/invitation_reminder/1", "second", "month"} {
		ok, err := o.store.RecordAttempt(o.t.Context(), key, paris(24, 9, 30))
		require.NoError(o.t, err)
		require.True(o.t, ok)
		require.NoError(o.t, o.store.MessageFailed(o.t.Context(), key, models.MessageParked, "unclear", paris(24, 9, 32)))
	}
	require.NoError(o.t, o.store.MessageFailed(o.t.Context(), "unwritten", models.MessageParked, "document_incomplete", paris(24, 9, 32)))
}

func (o *office) messageStatus(key string) string {
	o.t.Helper()
	m, err := o.store.Message(o.t.Context(), key)
	require.NoError(o.t, err)
	return m.Status
}

// The dossier says of a mail that reached nobody which one it is and to whom: by its key, by what it is about, or by the
// follow-up that sent it.
func TestUndeliveredMessagesAreNamedOnTheDossier(t *testing.T) {
	o := newOffice(t)
	session := models.SessionRef(dossier, 1)
	o.mission(models.StageSessions, func(r *models.Request, s *models.Step) {
		withSession(24, models.SessionConvoked)(r, s)
		r.Alert, r.AlertAt = "message_undeliverable", paris(24, 10, 0)
		for _, subject := range []string{session, "ask"} {
			s.Rows.Alerts = append(s.Rows.Alerts, models.Alert{Dossier: dossier, Alert: r.Alert, Subject: subject, Since: r.AlertAt})
		}
		s.Messages = []models.Message{
			{Key: "summons", Template: "convocation", To: models.RoleParticipant, ToRef: "P-000002", Subject: session},
			{Key: "ask", Template: "contract_client", To: models.RoleClient, Subject: dossier + "/contract/1"},
			{Key: "other", Template: "programme_approved", To: models.RoleTrainer, ToRef: "T-000042", Subject: dossier + "/programme/1"},
		}
		for i := range s.Messages {
			s.Messages[i].Dossier, s.Messages[i].Workflow, s.Messages[i].NotBefore = dossier, models.RequestID(dossier), paris(24, 9, 0)
		}
		s.Journal = []models.JournalLine{{ID: "lost", Dossier: dossier, At: paris(24, 10, 0), Kind: "message_undeliverable", Subject: "other", Actor: "system"}}
	})
	for _, key := range []string{"summons", "ask", "other"} {
		require.NoError(t, o.store.MessageSent(t.Context(), key, paris(24, 9, 5)))
		require.NoError(t, o.store.MessageFailed(t.Context(), key, models.MessageBounced, "bounced", paris(24, 9, 6)))
	}
	var view RequestView
	o.do(models.RoleStaff, "GET", "/requests/"+dossier, "").into(t, &view)
	require.Equal(t, [][]string{{"ask"}, {"summons"}}, [][]string{view.Alerts[0].Undelivered, view.Alerts[1].Undelivered})
	page := o.get(dossierPath)
	lost := page.Find("section[aria-labelledby=h-alert] li")
	require.Equal(t, 2, lost.Length())
	require.Contains(t, plain(lost.Text()), "Convocation, séance 1, à sans-nom@example.org (Non remis, mardi 24 novembre 2026 à 9 h 05).")
	require.Contains(t, plain(lost.Text()), "Document à signer par le client, document 1, à Camille Exemple, client (Non remis, mardi 24 novembre 2026 à 9 h 05).")
	require.Contains(t, plain(o.get(dossierPath+"/journal").words()), "Un message n’a pas pu être remis. Programme approuvé, version 1, à Formatrice Alpha, formateur (Non remis,")
}

// Staff who are told that nobody knows whether a message left settle it where they are told.
func TestParkedMessagesAreSettledInTheConsole(t *testing.T) {
	o := newOffice(t)
	o.park()
	first := "request/" + dossier + "/invitation_reminder/1"
	for path, box := range map[string]string{dossiersPath: "On ne sait pas si 4 messages sont partis.", moneyPath: "On ne sait pas si 4 messages sont partis.", dossierPath: "Messages à vérifier"} {
		require.Contains(t, plain(o.get(path).words()), box, path)
	}
	require.Equal(t, 5, o.get(dossierPath).Find(`section[aria-labelledby=h-parked] a`).Length(), "what was never tried cannot have left")
	page := o.get(dossierPath + "/messages")
	require.Equal(t, 5, page.Find(".acts a").Length())
	list := o.get(messagesPath)
	require.Equal(t, 7, list.Find(".acts a").Length())
	require.Contains(t, plain(list.words()), "Rappel : sollicitation le serveur de courrier n’a pas dit s’il l’a pris. Cléo Exemple, équipe")
	require.Contains(t, plain(list.words()), "le message n’a pas pu être rédigé.")
	require.Equal(t, ConsolePath+"/money/recaps/agency/T-000042/2026-11", list.Find(`td a[href^="/console/money"]`).AttrOr("href", ""))
	for _, path := range []string{dossierPath, dossierPath + "/messages", messagesPath} {
		for _, lang := range []string{"en", "fr"} {
			p := o.get(path + "?lang=" + lang)
			require.NotRegexp(t, `\[[a-z_]+\.[a-z_.]+\]`, p.html)
			require.NotContains(t, p.html, "<script")
		}
	}

	left := settlePath(verbLeft, first, "dossier")
	require.Equal(t, 1, page.Find(`.acts a[href="`+left+`"]`).Length())
	form := o.get(left)
	require.Contains(t, plain(form.words()), "Le message sera tenu pour parti au moment de l’essai : mardi 24 novembre 2026 à 9 h 30.")
	require.Contains(t, form.words(), first, "its key, to look for")
	require.Equal(t, models.MessageParked, o.messageStatus(first), "looking changes nothing")
	sent := form.form(t, nil)
	done := o.post(form.action(t), sent)
	require.Equal(t, []any{http.StatusSeeOther, dossierPath + "/messages"}, []any{done.status, done.header.Get("Location")})
	require.Contains(t, o.get(dossierPath+"/messages").words(), "Le message est tenu pour parti.")
	require.Equal(t, models.MessageSent, o.messageStatus(first))
	require.Equal(t, http.StatusSeeOther, o.post(form.action(t), sent).status, "a second click")
	require.Contains(t, plain(o.get(dossierPath+"/journal").words()), "Un message dont on ne savait pas s’il était parti est tenu pour parti : Rappel : sollicitation.Amel Exemple, dans la console")

	late := o.get(settlePath(verbAgain, first, "dossier"))
	require.Equal(t, []any{http.StatusConflict, string(models.CodeNotParked)}, []any{late.status, late.code()})
	require.Zero(t, late.Find("form.decide").Length())
	require.Equal(t, string(models.CodeNeverTried), o.get(settlePath(verbLeft, "unwritten", "")).code())

	form = o.get(settlePath(verbAgain, "second", ""))
	require.Contains(t, plain(form.words()), "S’il était parti quand même, la personne le reçoit deux fois.")
	require.NoError(t, o.store.Settle(t.Context(), store.Settlement{ID: "elsewhere", Key: "second", Left: true, At: o.now}))
	late = o.post(form.action(t), form.form(t, nil))
	require.Equal(t, []any{http.StatusConflict, string(models.CodeNotParked)}, []any{late.status, late.code()}, "somebody was faster")

	form = o.get(settlePath(verbAgain, "unwritten", ""))
	require.Contains(t, plain(form.words()), "Complétez d’abord ce qui lui manquait")
	done = o.post(form.action(t), form.form(t, nil))
	require.Equal(t, []any{http.StatusSeeOther, messagesPath}, []any{done.status, done.header.Get("Location")})
	require.Equal(t, models.MessageQueued, o.messageStatus("unwritten"))
	require.Zero(t, o.get(dossierPath).Find(`section[aria-labelledby=h-parked]`).Length())

	o.as("cleo") // a month's message is about money
	require.NotContains(t, o.get(dossiersPath).words(), "On ne sait pas")
	require.Zero(t, o.get(messagesPath).Find(".acts a").Length())
	require.Equal(t, http.StatusForbidden, o.get(settlePath(verbLeft, "month", "")).status)
	require.Equal(t, http.StatusNotFound, o.get(settlePath(verbLeft, "nothing", "")).status)
}

func TestParkedMessagesAreSettledThroughTheAPI(t *testing.T) {
	o := newOffice(t)
	o.park()
	h := o.agency
	var listed List[models.Message]
	h.staff("GET", "/messages/parked?limit=3", "").into(t, &listed)
	require.Len(t, listed.Items, 3)
	require.NotEmpty(t, listed.Next)
	h.do(models.RolePedagogy, "GET", "/messages/parked", "").into(t, &listed)
	require.Len(t, listed.Items, 3)
	h.refused(h.do(models.RolePedagogy, "POST", "/messages/left", `{"message_key":"month"}`), 403, models.CodeForbidden)
	h.refused(h.staff("POST", "/messages/left", `{"message_key":"nothing"}`), 404, models.CodeUnknown)
	h.refused(h.staff("POST", "/messages/left", `{"message_key":"unwritten"}`), 409, models.CodeNeverTried)
	var m models.Message
	a := h.do(models.RoleFinance, "POST", "/messages/left", `{"message_key":"month"}`, "Idempotency-Key", "one")
	a.into(t, &m)
	require.Equal(t, models.MessageSent, m.Status)
	require.Equal(t, a.body, h.do(models.RoleFinance, "POST", "/messages/left", `{"message_key":"month"}`, "Idempotency-Key", "one").body)
	h.refused(h.do(models.RoleFinance, "POST", "/messages/again", `{"message_key":"month"}`), 409, models.CodeNotParked)
	h.staff("POST", "/messages/again", `{"message_key":"second"}`).into(t, &m)
	require.Equal(t, models.MessageQueued, m.Status)
	lines, err := o.store.JournalOf(t.Context(), "agency/T-000042/2026-11/recap/1", store.Cursor{}, 10)
	require.NoError(t, err)
	require.Len(t, lines.Items, 1)
	require.NotEmpty(t, lines.Items[0].Actor)
}

func TestBrowserParkedMessages(t *testing.T) {
	o := newOffice(t)
	ctx := browser(t)
	o.park()
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(o.http.URL+"/sign-in"),
		chromedp.SendKeys("#f-login", "amel", chromedp.ByQuery),
		chromedp.SendKeys("#f-password", officePassword+kb.Enter, chromedp.ByQuery),
		opened(`.console .menu`)))

	// By keyboard alone, from the dossier to what was found, and back.
	press := func(selector string) chromedp.Action {
		return chromedp.ActionFunc(func(ctx context.Context) error {
			return chromedp.Run(ctx, chromedp.Focus(selector, chromedp.ByQuery), chromedp.KeyEvent(kb.Enter))
		})
	}
	var said string
	require.NoError(t, chromedp.Run(ctx, chromedp.Navigate(o.http.URL+dossierPath), press(`a[href*="messages/left"]`), opened("form.decide")))
	fits(t, ctx)
	require.NoError(t, chromedp.Run(ctx, press("form.decide button"), opened(".box.good"), chromedp.Text(".box.good", &said, chromedp.ByQuery)))
	require.True(t, strings.HasPrefix(said, "Le message est tenu pour parti"))
	fits(t, ctx)
	o.looks(t, ctx, "parked", messagesPath)
	o.looks(t, ctx, "parked-dossier", dossierPath)
	o.looks(t, ctx, "parked-messages", dossierPath+"/messages?"+url.Values{"lang": {"en"}}.Encode())
	o.looks(t, ctx, "parked-again", settlePath(verbAgain, "second", "")+"&lang=fr")
	o.looks(t, ctx, "parked-board", dossiersPath) // a dossier that looks for a trainer: the longest name of a stage
}
