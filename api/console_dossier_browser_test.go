package api

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"jalon/models"
)

func TestBrowserDossier(t *testing.T) {
	o := newOffice(t)
	ctx := browser(t)
	o.mission(models.StageSolicitation, func(r *models.Request, s *models.Step) {
		searched(r, s)
		r.Alert, r.AlertAt = "choice_overdue", paris(24, 18, 0)
		s.Journal = []models.JournalLine{{ID: "j1", Dossier: dossier, At: paris(24, 10, 0), Kind: "invitation_interested", Subject: dossier + "/1/invitation/1", Actor: "T-000042",
			Channel: models.ChannelPhone, Recorder: "U-000001", Note: "N-000001"}}
	})
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(o.http.URL+"/sign-in"),
		chromedp.SendKeys("#f-login", "amel", chromedp.ByQuery),
		chromedp.SendKeys("#f-password", officePassword+kb.Enter, chromedp.ByQuery),
		opened(`.console .menu`)))

	// By keyboard alone, from the dossier to a form that says what is wrong and keeps what was typed.
	var heading, focus, note string
	require.NoError(t, chromedp.Run(ctx, chromedp.Navigate(o.http.URL+dossierPath), chromedp.WaitReady("ul.offers")))
	fits(t, ctx)
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Focus(`a[href*="record/answer"]`),
		chromedp.KeyEvent(kb.Enter),
		opened("form.decide"),
		chromedp.Text("h1", &heading)))
	require.Contains(t, heading, "Réponse de")
	fits(t, ctx)
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Focus(`input[name=answer][value=interested]`),
		chromedp.KeyEvent(" "),
		chromedp.SendKeys("#f-note", "Disponible en décembre", chromedp.ByQuery),
		chromedp.Focus("#f-rate"),
		chromedp.KeyEvent(kb.Enter),
		opened("[role=alert] a"),
		chromedp.Click("[role=alert] a"),
		chromedp.Evaluate(`document.activeElement.id || document.querySelector(":target").id`, &focus),
		chromedp.Value("#f-note", &note, chromedp.ByQuery)))
	require.Equal(t, "f-rate", focus)
	require.Equal(t, "Disponible en décembre", note)
	accessible(t, ctx)
	picture(t, ctx, "record-refused")

	look := func(name, path string) { o.looks(t, ctx, name, dossierPath+path) }
	look("dossier-search", "")
	for _, tab := range []string{"/journal", "/deadlines", "/people", "/messages", "/money"} {
		look("dossier"+tab[1:], tab)
	}
	o.moveTo(paris(25, 21, 0)) // what is asked now leaves tomorrow
	o.mission(models.StageSolicitation, func(r *models.Request, s *models.Step) {
		searched(r, s)
		ref := models.InvitationRef(dossier, 1, 3)
		s.Messages = []models.Message{{Key: ref, Dossier: dossier, Workflow: models.SolicitationID(dossier, 1), Template: "invitation", To: models.RoleTrainer, ToRef: "T-000042", Subject: ref, NotBefore: paris(26, 8, 0)}}
	})
	look("dossier-unsent", "")
	look("decide-choose", "/decide/choose")
	look("decide-cancel", "/decide/cancel?lang=en")
	look("decide-widen", "/decide/widen?lang=fr")
	look("decide-register", "/decide/register")
	o.mission(models.StageQualification, nil)
	look("dossier-fresh", "")
	look("decide-qualify", "/decide/qualify")
	o.mission(models.StageProgramme, withProgramme)
	look("decide-approve", "/decide/approve-programme")
	look("record-programme", "/record/programme?subject="+url.QueryEscape(dossier+"/programme/1"))
	o.mission(models.StageContract, withContract)
	for n, d := range []models.Document{{Kind: models.DocumentConvention, Subject: dossier + "/contract/1"}, {Kind: models.DocumentSheet, Subject: dossier + "/session/2"},
		{Kind: models.DocumentCertificate, Subject: dossier + "|P-000001"}, {Kind: models.DocumentInvoice, Subject: "I-2026-000001"}} {
		d.SHA256, d.Dossier, d.Name, d.MediaType, d.CreatedAt = fmt.Sprintf("%064d", n), dossier, "x.pdf", "application/pdf", paris(24, 9, 30)
		require.NoError(t, o.store.SaveDocument(t.Context(), d))
	}
	look("dossier-documents", "/documents")
	look("record-signature", "/record/signature?subject="+url.QueryEscape(dossier+"/contract/1"))
	o.mission(models.StageSessions, retained)
	look("decide-plan", "/decide/plan-sessions")
	o.mission(models.StageSessions, withSession(24, models.SessionToJudge))
	look("dossier-sessions", "/sessions")
	look("record-sheet", "/record/sheet?subject="+url.QueryEscape(dossier+"/session/1"))
	look("record-presence", "/record/presence?subject="+url.QueryEscape(dossier+"/session/1"))
	look("decide-judge", "/decide/judge-sheet?subject=1")
}
