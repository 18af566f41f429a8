package api

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"jalon/models"
)

// person uses a page as assistive technology presents it: by the roles and names of what is on it.
type person struct {
	t   *testing.T
	ctx context.Context
}

func (p *person) run(actions ...chromedp.Action) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Run(p.ctx, actions...))
}

// goes runs what leads to another page, and looks at that one.
func (p *person) goes(actions ...chromedp.Action) {
	p.t.Helper()
	_, err := chromedp.RunResponse(p.ctx, actions...)
	require.NoError(p.t, err)
	fits(p.t, p.ctx)
	accessible(p.t, p.ctx)
}

// find is the one thing on the page of a role with these words in its name.
func (p *person) find(role, name string) []cdp.NodeID {
	p.t.Helper()
	var tree axTree
	var found, others []string
	var ids []cdp.NodeID
	p.run(chromedp.ActionFunc(func(ctx context.Context) error {
		if err := tree.read(ctx); err != nil {
			return err
		}
		var backend []cdp.BackendNodeID
		for _, n := range tree.Nodes {
			switch {
			case n.Ignored || n.Role.text() != role:
			case strings.Contains(plain(n.Name.text()), name):
				found, backend = append(found, n.Name.text()), append(backend, n.Backend)
			default:
				others = append(others, n.Name.text())
			}
		}
		var err error
		ids, err = dom.PushNodesByBackendIDsToFrontend(backend).Do(ctx)
		return err
	}))
	require.Len(p.t, found, 1, "%s %q; others: %q", role, name, others)
	return ids
}

// step is one thing that a person does on a page.
type step func(p *person)

func writes(field, text string) step {
	return func(p *person) {
		p.t.Helper()
		p.run(chromedp.Focus(p.find("textbox", field), chromedp.ByNodeID),
			chromedp.Evaluate(`document.activeElement.select()`, nil), input.InsertText(text))
	}
}

// sets is for what browsers draw each in their own way: lists, dates.
func sets(role, field, value string) step {
	return func(p *person) {
		p.t.Helper()
		p.run(chromedp.SetValue(p.find(role, field), value, chromedp.ByNodeID))
	}
}

func ticks(role, name string) step {
	return func(p *person) {
		p.t.Helper()
		p.run(chromedp.Click(p.find(role, name), chromedp.ByNodeID))
	}
}

func attaches(field, path string) step {
	return func(p *person) {
		p.t.Helper()
		p.run(chromedp.SetUploadFiles(p.find("button", field), []string{path}, chromedp.ByNodeID))
	}
}

// presses sends a form, and looks at the page that answers.
func presses(button string) step {
	return func(p *person) {
		p.t.Helper()
		p.goes(chromedp.Click(p.find("button", button), chromedp.ByNodeID))
	}
}

// state is what the page says of itself to machines.
func (p *person) state() (state, code, lang string) {
	p.t.Helper()
	p.run(chromedp.Evaluate(`document.querySelector("main").dataset.state ?? ""`, &state), chromedp.Evaluate(`document.querySelector("main").dataset.code ?? ""`, &code),
		chromedp.Evaluate(`document.documentElement.lang`, &lang))
	return state, code, lang
}

// words are those of the page.
func (p *person) words() string {
	p.t.Helper()
	var s string
	p.run(chromedp.Text("main", &s, chromedp.ByQuery))
	return plain(s)
}

// TestBrowserEveryLink has each page behind a link used by who holds it, on a phone: wrongly first, then rightly, then
// opened again.
func TestBrowserEveryLink(t *testing.T) {
	invoice := filepath.Join(t.TempDir(), "facture.pdf")
	require.NoError(t, os.WriteFile(invoice, []byte(pdf+"% facture\n"), 0o600))
	note := func(want string) func(*testing.T, *pageHouse, models.Inbox) {
		return func(t *testing.T, h *pageHouse, row models.Inbox) {
			n, err := h.store.Note(t.Context(), row.Data.Note)
			require.NoError(t, err)
			require.Equal(t, want, n.Text)
		}
	}
	evaluation := func(who, kind string, score int) func(*testing.T, *pageHouse, models.Inbox) {
		return func(t *testing.T, h *pageHouse, _ models.Inbox) {
			row, err := h.store.Evaluation(t.Context(), dossier, who, kind)
			require.NoError(t, err)
			require.Equal(t, score, row.Score)
		}
	}
	for _, j := range []struct {
		name       string
		day, hour  int // of November; the house's own moment if zero
		purpose    models.Purpose
		subject    string
		generation int
		lang       models.Lang
		wrong      []step // ends with the form refused
		faults     []string
		right      []step
		kind       models.FactKind // received; none if empty
		check      func(*testing.T, *pageHouse, models.Inbox)
	}{
		{name: "F070 a trainer declines", purpose: models.LinkAnswer, subject: dossier + "/1/invitation/1", lang: models.French,
			right: []step{ticks("DisclosureTriangle", "Non, pas cette fois"), writes("La raison, si vous voulez", "Déjà prise ce mois"), presses("Je décline")},
			kind:  models.FactInvitationAnswered, check: note("Déjà prise ce mois")},
		{name: "F071 F050 a trainer answers late, and agrees to prepare", purpose: models.LinkAnswer, subject: dossier + "/1/invitation/2", lang: models.English,
			wrong:  []step{writes("Your indicative rate", "plenty"), presses("I am interested")},
			faults: []string{"Write an amount in euros", "Please tick this box to continue"},
			right: []step{writes("Your indicative rate", "60"), sets("combobox", "Rate unit", "hour"), ticks("checkbox", "I agree to prepare"),
				writes("A message for us", "With pleasure"), presses("I am interested")},
			kind: models.FactInvitationAnswered, check: func(t *testing.T, h *pageHouse, row models.Inbox) {
				require.True(t, row.Data.Agreed)
				require.Equal(t, models.Cents(6_000), row.Data.RateCents)
				require.Equal(t, models.UnitHour, row.Data.RateUnit)
				note("With pleasure")(t, h, row)
			}},
		{name: "F079 a trainer offers slots", purpose: models.LinkSlots, subject: dossier + "/audit/1", generation: 1, lang: models.French,
			wrong:  []step{sets("DateTime", "Créneau 1", "2026-11-25T13:00"), sets("DateTime", "Créneau 2", "2026-11-26T10:00"), presses("Proposer ces créneaux")},
			faults: []string{"Ce créneau est déjà passé : Créneau 1"},
			right:  []step{sets("DateTime", "Créneau 1", "2026-11-26T15:30"), presses("Proposer ces créneaux")},
			kind:   models.FactSlotsOffered, check: func(t *testing.T, _ *pageHouse, row models.Inbox) {
				require.Len(t, row.Data.Slots, 2)
				require.True(t, row.Data.Slots[0].Equal(paris(26, 15, 30)) || row.Data.Slots[0].Equal(paris(26, 10, 0)))
			}},
		{name: "F079 a client chooses", purpose: models.LinkChoose, subject: dossier + "/audit/2", generation: 1, lang: models.French,
			wrong: []step{presses("Confirmer ce créneau")}, faults: []string{"Choisissez une réponse : Votre choix"},
			right: []step{ticks("radio", "jeudi 26 novembre 2026 à 15 h 30"), presses("Confirmer ce créneau")},
			kind:  models.FactSlotChosen, check: func(t *testing.T, _ *pageHouse, row models.Inbox) {
				require.True(t, row.Data.At.Equal(paris(26, 15, 30)))
			}},
		{name: "F079 no slot suits a client", purpose: models.LinkChoose, subject: dossier + "/audit/2", generation: 1, lang: models.French,
			right: []step{presses("Aucun ne me convient")}, kind: models.FactSlotsRefused},
		{name: "F080 F082 a trainer reports on the call", purpose: models.LinkAuditReport, subject: dossier + "/audit/3", generation: 1, lang: models.French,
			wrong:  []step{writes("Vos observations", "Niveaux proches"), presses("Enregistrer le compte rendu")},
			faults: []string{"Choisissez une réponse : De quel ordre est le besoin", "Choisissez une réponse : L’accompagnement attendu"},
			right:  []step{ticks("radio", "Des difficultés isolées"), ticks("radio", "Oui, je peux le réaliser"), presses("Enregistrer le compte rendu")},
			kind:   models.FactAuditReported, check: func(t *testing.T, h *pageHouse, row models.Inbox) {
				require.True(t, row.Data.Feasible)
				require.Equal(t, "isolated", row.Data.Scale)
				note("Niveaux proches")(t, h, row)
			}},
		{name: "F091 a trainer submits what was returned", purpose: models.LinkProgramme, subject: dossier + "/programme/2", lang: models.English,
			wrong: []step{presses("Send the programme")}, faults: []string{"Please fill in: Assessment of learning"},
			right: []step{writes("Objectives", "Sort and filter"), writes("Assessment of learning", "A final exercise"), presses("Send the programme")},
			kind:  models.FactProgrammeSubmitted, check: func(t *testing.T, h *pageHouse, row models.Inbox) {
				text, err := h.store.ProgrammeText(t.Context(), row.Data.Ref)
				require.NoError(t, err)
				require.Equal(t, []string{"Sort and filter", "Tris", "A final exercise"}, []string{text.Objectives, text.Content, text.Assessment})
			}},
		{name: "F101 a client signs", purpose: models.LinkSign, subject: dossier + "/contract/1", lang: models.French,
			wrong: []step{writes("Vos prénom et nom", "Alix Exemple"), presses("Signer")}, faults: []string{"Cochez cette case pour continuer"},
			right: []step{ticks("checkbox", "J’ai lu le document"), presses("Signer")},
			kind:  models.FactContractSigned, check: func(t *testing.T, h *pageHouse, row models.Inbox) {
				require.Equal(t, sha, row.Data.SHA256)
				note("Alix Exemple")(t, h, row)
			}},
		{name: "F096 a trainer declines to sign", purpose: models.LinkSign, subject: dossier + "/contract/2", lang: models.French,
			wrong:  []step{ticks("DisclosureTriangle", "Je ne souhaite pas signer"), presses("Refuser de signer")},
			faults: []string{"Renseignez ce champ : Ce qui ne convient pas"},
			right:  []step{writes("Ce qui ne convient pas", "Le tarif"), presses("Refuser de signer")}, kind: models.FactContractDeclined, check: note("Le tarif")},
		{name: "F124 a participant signs half-days", purpose: models.LinkAttend, subject: dossier + "/session/1|P-000001", lang: models.French,
			wrong: []step{presses("Signer")}, faults: []string{"Choisissez une réponse : Je signe ma présence"},
			right: []step{ticks("checkbox", "9 h 00"), ticks("checkbox", "13 h 30"), presses("Signer")},
			check: func(t *testing.T, h *pageHouse, _ models.Inbox) {
				rows, err := h.store.Attendances(t.Context(), dossier+"/session/1")
				require.NoError(t, err)
				require.Len(t, rows, 2)
				for _, a := range rows {
					require.Equal(t, models.AttendanceSigned, a.State)
				}
			}},
		{name: "F136 a participant justifies an absence", purpose: models.LinkJustify, subject: dossier + "/session/2/absence/P-000001", lang: models.French,
			wrong: []step{presses("Envoyer")}, faults: []string{"Renseignez ce champ : Le motif de votre absence"},
			right: []step{writes("Le motif de votre absence", "Train supprimé"), presses("Envoyer")}, kind: models.FactAbsenceJustified, check: note("Train supprimé")},
		{name: "F120 a participant is tested before the course", day: 20, hour: 8, purpose: models.LinkPositioning, subject: dossier + "|P-000001", lang: models.French,
			wrong: []step{writes("Ce que vous attendez", "Des macros"), presses("Envoyer mes réponses")}, faults: []string{"Je connais le vocabulaire", "à un collègue"},
			right: []step{answers("Tout à fait", 0), answers("Tout à fait", 1), answers("Pas du tout", 2), answers("Un peu", 3), answers("Un peu", 4), presses("Envoyer mes réponses")},
			check: evaluation("P-000001", models.EvaluationPositioning, 50)},
		{name: "F141 a participant evaluates the course", purpose: models.LinkHot, subject: dossier + "|P-000001", lang: models.French,
			wrong: []step{presses("Envoyer mes réponses")}, faults: []string{"Choisissez une réponse : Dans l’ensemble"},
			right: []step{ticks("radio", "Plutôt oui"), writes("Ce qui vous a plu", "Les exercices"), presses("Envoyer mes réponses")},
			check: evaluation("P-000001", models.EvaluationHot, 4)},
		{name: "F142 a participant evaluates the course later", purpose: models.LinkCold, subject: dossier + "|P-000002", lang: models.English,
			wrong: []step{presses("Send")}, faults: []string{"Please choose an answer: Do you use what you learned"},
			right: []step{ticks("radio", "Partly"), writes("What you use", "Pivot tables"), presses("Send")},
			check: evaluation("P-000002", models.EvaluationCold, 3)},
		{name: "F180 a trainer accepts the month", purpose: models.LinkRecap, subject: recapRef, lang: models.French,
			right: []step{presses("J’accepte ce relevé")}, kind: models.FactRecapAccepted,
			check: func(t *testing.T, _ *pageHouse, row models.Inbox) { require.Equal(t, sha, row.Data.SHA256) }},
		{name: "F181 a trainer contests the month", purpose: models.LinkRecap, subject: recapRef, lang: models.French,
			wrong:  []step{ticks("DisclosureTriangle", "Je conteste"), presses("Contester")},
			faults: []string{"Renseignez ce champ : Ce qui ne va pas"},
			right:  []step{ticks("checkbox", "Séance 2"), writes("Ce qui ne va pas", "Une demi-journée de moins"), presses("Contester")},
			kind:   models.FactRecapContested, check: func(t *testing.T, h *pageHouse, row models.Inbox) {
				require.Equal(t, []string{dossier + "/session/2"}, row.Data.Lines)
				note("Une demi-journée de moins")(t, h, row)
			}},
		{name: "F194 a trainer sends an invoice", purpose: models.LinkInvoice, subject: "I-2026-000077", generation: 1, lang: models.French,
			wrong:  []step{writes("Numéro de la facture", "F-2026-9"), writes("Montant hors taxes", "900"), writes("TVA", "beaucoup"), presses("Envoyer la facture")},
			faults: []string{"Joignez votre facture en PDF", "Écrivez un montant en euros"},
			right:  []step{writes("TVA", "180,00"), attaches("La facture", invoice), presses("Envoyer la facture")},
			kind:   models.FactInvoiceReceived, check: func(t *testing.T, h *pageHouse, row models.Inbox) {
				require.Equal(t, "F-2026-9", row.Data.Number)
				require.Equal(t, models.Cents(18_000), row.Data.VATCents)
				kept, err := h.files.Get(t.Context(), row.Data.SHA256)
				require.NoError(t, err)
				require.Equal(t, pdf+"% facture\n", string(kept))
			}},
		{name: "a trainer leaves", purpose: models.LinkWithdraw, subject: dossier + "/1/invitation/4", lang: models.French,
			wrong: []step{writes("La raison", "Accident"), presses("Me désister")}, faults: []string{"Cochez cette case pour continuer"},
			right: []step{ticks("checkbox", "Je me désiste"), presses("Me désister")}, kind: models.FactTrainerWithdrew, check: note("Accident")},
		{name: "a client cancels", purpose: models.LinkCancel, subject: dossier, lang: models.French,
			wrong: []step{ticks("checkbox", "J’annule"), presses("Annuler la demande")}, faults: []string{"Renseignez ce champ : La raison"},
			right: []step{writes("La raison", "Budget gelé"), presses("Annuler la demande")}, kind: models.FactClientCancelled, check: note("Budget gelé")},
	} {
		t.Run(j.name, func(t *testing.T) {
			h := newPageHouse(t)
			if j.day > 0 {
				h.set(paris(j.day, j.hour, 0))
			}
			p := &person{t, browser(t)}
			address := h.link(j.purpose, j.subject, j.generation)
			stands := func(state, code string) {
				t.Helper()
				is, with, lang := p.state()
				require.Equal(t, []string{state, code, string(j.lang)}, []string{is, with, lang}, p.words())
			}
			p.goes(chromedp.Navigate(address))
			stands("form", "")
			if len(j.wrong) > 0 {
				h.unchanged(func() {
					for _, does := range j.wrong {
						does(p)
					}
				})
				stands("form", string(models.CodeInvalid))
				var alert string
				p.run(chromedp.Text("[role=alert]", &alert, chromedp.ByQuery))
				for _, fault := range j.faults {
					require.Contains(t, plain(alert), fault)
				}
				picture(t, p.ctx, "refused-"+string(j.purpose))
			}
			for _, does := range j.right {
				does(p)
			}
			stands("done", "")
			picture(t, p.ctx, "done-"+string(j.purpose))
			var row models.Inbox
			if j.kind != "" {
				row = h.fact(j.purpose, j.subject, j.generation)
				require.Equal(t, j.kind, row.Kind)
				require.NotEmpty(t, row.Actor)
				require.Len(t, h.delivered.facts, 1)
			}
			if j.check != nil {
				j.check(t, h, row)
			}
			h.unchanged(func() { p.goes(chromedp.Navigate(address)) })
			stands("recorded", string(models.CodeLinkUsed))
		})
	}
}

// answers picks the answer of that name to a question, from 0, of a page whose questions share their answers.
func answers(name string, question int) step {
	return func(p *person) {
		p.t.Helper()
		pick := fmt.Sprintf(`document.querySelectorAll("fieldset")[%d]`, question)
		var legend string
		p.run(chromedp.Evaluate(pick+`.querySelector("legend").textContent`, &legend),
			chromedp.Evaluate(fmt.Sprintf(`[...%s.querySelectorAll("label")].find(l => l.textContent.trim() === %q).click()`, pick, name), nil))
		require.NotEmpty(p.t, legend)
	}
}

// TestBrowserSheetByKeyboard has the trainer sign the sheet without a mouse (F125): every stop shows where it is, and is
// reached in the order of the page.
func TestBrowserSheetByKeyboard(t *testing.T) {
	h := newPageHouse(t)
	p := &person{t, browser(t)}
	p.goes(chromedp.Navigate(h.link(models.LinkSheet, dossier+"/session/2")))
	reach := func(name string) {
		t.Helper()
		var passed []string
		for range 20 {
			var focus struct {
				Name  string
				Shown bool
			}
			p.run(chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(`(e => ({Name: (e.labels?.[0] ?? e).innerText.trim(),
				Shown: getComputedStyle(e).outlineStyle !== "none"}))(document.activeElement)`, &focus))
			require.True(t, focus.Shown, "where the keyboard is cannot be seen: %s", focus.Name)
			if strings.HasPrefix(plain(focus.Name), name) {
				return
			}
			passed = append(passed, focus.Name)
		}
		t.Fatalf("%q is not reached by Tab: %q", name, passed)
	}
	reach("Aller au contenu")
	p.run(chromedp.KeyEvent(kb.Enter))
	h.unchanged(func() {
		reach("9 h 00")
		p.run(chromedp.KeyEvent(" "))
		reach("Vos prénom et nom")
		p.run(chromedp.KeyEvent("Formatrice Exemple"))
		p.goes(chromedp.KeyEvent(kb.Enter)) // too early: three half-days and a box are missing
	})
	state, code, _ := p.state()
	require.Equal(t, []string{"form", string(models.CodeInvalid)}, []string{state, code})
	picture(t, p.ctx, "refused-sheet")

	reach("Aller au contenu")
	reach("Alix") // the first fault leads to the person it is about
	p.run(chromedp.KeyEvent(kb.Enter))
	reach("9 h 00") // ticked before, and still so
	reach("13 h 30")
	p.run(chromedp.KeyEvent(" "))
	for _, halfDay := range []string{"9 h 00", "13 h 30"} {
		reach(halfDay)
		p.run(chromedp.KeyEvent(" "))
	}
	reach("Je certifie")
	p.run(chromedp.KeyEvent(" "))
	reach("Vos prénom et nom")
	reach("Signer la feuille")
	p.goes(chromedp.KeyEvent(kb.Enter))
	state, _, _ = p.state()
	require.Equal(t, "done", state, p.words())
	require.Equal(t, models.FactSheetSigned, h.fact(models.LinkSheet, dossier+"/session/2", 0).Kind)
	rows, err := h.store.Attendances(t.Context(), dossier+"/session/2")
	require.NoError(t, err)
	require.Len(t, rows, 4)
	for _, a := range rows {
		require.Equal(t, models.AttendanceAbsent, a.State)
	}
	h.unchanged(func() { p.goes(chromedp.Reload()) }) // what was sent is not sent again
}

// TestBrowserLinksOfNoUse reads what a link says that is late, early, withdrawn or not ours: in words, with what is
// still possible, and without a form.
func TestBrowserLinksOfNoUse(t *testing.T) {
	h := newPageHouse(t)
	p := &person{t, browser(t)}
	for _, c := range []struct {
		name, address, state string
		code                 models.Code
		lang                 models.Lang
		says                 string
	}{
		{"late", h.link(models.LinkSign, dossier+"/contract/3"), "closed", models.CodeLinkExpired, models.French, "jusqu’au mardi 24 novembre 2026"},
		{"late-en", h.link(models.LinkJustify, dossier+"/session/2/absence/P-000002"), "closed", models.CodeLinkExpired, models.English, "until Tuesday 24 November 2026"},
		{"withdrawn", h.link(models.LinkSign, dossier+"/contract/4"), "closed", models.CodeLinkWithdrawn, models.French, "n’attend plus de réponse"},
		{"replaced", h.link(models.LinkSlots, dossier+"/audit/1", 0), "closed", models.CodeLinkWithdrawn, models.French, "message plus récent"},
		{"filled", h.link(models.LinkAnswer, dossier+"/1/invitation/3"), "closed", models.CodeLinkWithdrawn, models.English, "went to somebody else"},
		{"early", h.link(models.LinkSheet, dossier+"/session/1"), "waiting", models.CodeSessionState, models.French, "25 novembre 2026"},
		{"early-en", h.link(models.LinkAuditReport, dossier+"/audit/5", 1), "waiting", models.CodeCallToCome, models.English, "26 November 2026 at 10:00"},
		{"cut", h.link(models.LinkAnswer, dossier+"/1/invitation/1")[:60], "failed", models.CodeLinkInvalid, models.English, "Open it again from our message"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.t = t
			h.unchanged(func() { p.goes(chromedp.Navigate(c.address)) })
			state, code, lang := p.state()
			require.Equal(t, []string{c.state, string(c.code), string(c.lang)}, []string{state, code, lang})
			require.Contains(t, p.words(), c.says)
			var forms int
			p.run(chromedp.Evaluate(`document.forms.length`, &forms))
			require.Zero(t, forms)
			picture(t, p.ctx, "notice-"+c.name)
		})
	}
}
