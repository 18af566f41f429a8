package api

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"jalon/models"
)

const recapRef = "agency/T-000042/2026-10/recap/1"

// journey is what one purpose does when all goes well, and what it refuses.
type journey struct {
	name       string
	purpose    models.Purpose
	subject    string
	generation int
	good       url.Values
	kind       models.FactKind
	workflow   string
	check      func(t *testing.T, h *pageHouse, row models.Inbox)
	bad        url.Values
	wrong      []string // fields at fault
	kept       string   // what was typed and must still be there
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

func journeys() []journey {
	note := func(want string) func(*testing.T, *pageHouse, models.Inbox) {
		return func(t *testing.T, h *pageHouse, row models.Inbox) {
			n, err := h.store.Note(t.Context(), row.Data.Note)
			require.NoError(t, err)
			require.Equal(t, want, n.Text)
			require.Equal(t, row.Actor, n.Author)
		}
	}
	request := models.RequestID(dossier)
	return []journey{
		{name: "F072 interested", purpose: models.LinkAnswer, subject: dossier + "/1/invitation/1",
			good: form("action", "accept", "rate", "412,50 €", "unit", "day", "message", "Avec plaisir"),
			kind: models.FactInvitationAnswered, workflow: models.SolicitationID(dossier, 1),
			check: func(t *testing.T, h *pageHouse, row models.Inbox) {
				require.Equal(t, "interested", row.Data.Answer)
				require.Equal(t, models.Cents(41_250), row.Data.RateCents)
				require.Equal(t, models.UnitDay, row.Data.RateUnit)
				require.Equal(t, "open", row.DeadlineID)
				note("Avec plaisir")(t, h, row)
			},
			bad: form("action", "accept", "rate", "beaucoup", "unit", "lune", "message", "Un mot "+hostile), wrong: []string{"rate", "unit"}, kept: "Un mot " + hostile},
		{name: "F070 declined", purpose: models.LinkAnswer, subject: dossier + "/1/invitation/1",
			good: form("action", "decline", "reason", "Déjà pris\r\nce mois"), kind: models.FactInvitationAnswered, workflow: models.SolicitationID(dossier, 1),
			check: func(t *testing.T, h *pageHouse, row models.Inbox) {
				require.Equal(t, "declined", row.Data.Answer)
				note("Déjà pris\nce mois")(t, h, row)
			},
			bad: form("action", "decline", "reason", strings.Repeat("é", 2001)), wrong: []string{"reason"}},
		{name: "F071 F050 late, upskilling", purpose: models.LinkAnswer, subject: dossier + "/1/invitation/2",
			good: form("action", "accept", "rate", "60", "unit", "hour", "agree", "yes"), kind: models.FactInvitationAnswered, workflow: models.SolicitationID(dossier, 1),
			check: func(t *testing.T, _ *pageHouse, row models.Inbox) { require.True(t, row.Data.Agreed) },
			bad:   form("action", "accept", "rate", "60", "unit", "hour"), wrong: []string{"agree"}, kept: "60"},
		{name: "F079 slots", purpose: models.LinkSlots, subject: dossier + "/audit/1", generation: 1,
			good: form("action", "offer", "slot1", "2026-11-26T10:00", "slot3", "2027-07-01T09:30:00"), kind: models.FactSlotsOffered, workflow: request,
			check: func(t *testing.T, _ *pageHouse, row models.Inbox) {
				require.Len(t, row.Data.Slots, 2)
				require.True(t, row.Data.Slots[0].Equal(paris(26, 10, 0)))
				require.Equal(t, "2027-07-01T07:30:00Z", row.Data.Slots[1].UTC().Format(time.RFC3339), "summer time")
			},
			bad:   form("action", "offer", "slot1", "2026-11-25T13:59", "slot2", "demain", "slot3", "2026-11-26T10:00", "slot4", "2026-11-26T10:00", "slot5", "2030-01-01T10:00"),
			wrong: []string{"slot1", "slot2", "slot4", "slot5"}, kept: "2026-11-26T10:00"},
		{name: "F079 choice", purpose: models.LinkChoose, subject: dossier + "/audit/2", generation: 1,
			good: form("action", "choose", "slot", paris(26, 15, 30).UTC().Format(time.RFC3339)), kind: models.FactSlotChosen, workflow: request,
			check: func(t *testing.T, _ *pageHouse, row models.Inbox) {
				require.True(t, row.Data.At.Equal(paris(26, 15, 30)))
			},
			bad: form("action", "choose", "slot", paris(26, 16, 0).UTC().Format(time.RFC3339)), wrong: []string{"slot"}},
		{name: "F079 none suits", purpose: models.LinkChoose, subject: dossier + "/audit/2", generation: 1,
			good: form("action", "none"), kind: models.FactSlotsRefused, workflow: request, bad: form("action", "choose"), wrong: []string{"slot"}},
		{name: "F080 F082 report", purpose: models.LinkAuditReport, subject: dossier + "/audit/3", generation: 1,
			good: form("action", "report", "scale", "complex", "feasible", "no", "observation", "Trop large"), kind: models.FactAuditReported, workflow: request,
			check: func(t *testing.T, h *pageHouse, row models.Inbox) {
				require.Equal(t, "complex", row.Data.Scale)
				require.False(t, row.Data.Feasible)
				note("Trop large")(t, h, row)
			},
			bad: form("action", "report", "observation", "Seulement"), wrong: []string{"scale", "feasible"}, kept: "Seulement"},
		{name: "F091 programme", purpose: models.LinkProgramme, subject: dossier + "/programme/2",
			good: form("action", "submit", "objectives", "a", "content", "b", "methods", "c", "assessment", "d"), kind: models.FactProgrammeSubmitted, workflow: request,
			check: func(t *testing.T, h *pageHouse, row models.Inbox) {
				text, err := h.store.ProgrammeText(t.Context(), row.Data.Ref)
				require.NoError(t, err)
				require.Equal(t, []string{"a", "b", "c", "d"}, []string{text.Objectives, text.Content, text.Methods, text.Assessment})
			},
			bad: form("action", "submit", "objectives", "Savoir "+hostile, "content", " \n "), wrong: []string{"content", "methods", "assessment"}, kept: "Savoir " + hostile},
		{name: "F101 the client signs, though late", purpose: models.LinkSign, subject: dossier + "/contract/1",
			good: form("action", "sign", "sha256", sha, "read", "yes", "name", "Alix Martin"), kind: models.FactContractSigned, workflow: request,
			check: func(t *testing.T, h *pageHouse, row models.Inbox) {
				require.Equal(t, sha, row.Data.SHA256)
				require.Equal(t, "CC-000001", row.Actor)
				note("Alix Martin")(t, h, row)
			},
			bad: form("action", "sign", "sha256", sha, "name", "Alix "+hostile), wrong: []string{"read"}, kept: "Alix " + hostile},
		{name: "F096 the trainer declines", purpose: models.LinkSign, subject: dossier + "/contract/2",
			good: form("action", "decline", "reason", "Le tarif"), kind: models.FactContractDeclined, workflow: request, check: note("Le tarif"),
			bad: form("action", "decline"), wrong: []string{"reason"}},
		{name: "F125 sheet", purpose: models.LinkSheet, subject: dossier + "/session/2",
			good: url.Values{"action": {"sign"}, "certify": {"yes"}, "name": {"Formatrice"}, "absent": {"P-000001:0", "P-000001:1", "P-000002:0", "P-000002:1"}},
			kind: models.FactSheetSigned, workflow: models.SessionID(dossier, 2),
			check: func(t *testing.T, h *pageHouse, _ models.Inbox) {
				rows, err := h.store.Attendances(t.Context(), dossier+"/session/2")
				require.NoError(t, err)
				require.Len(t, rows, 4)
				for _, a := range rows {
					require.Equal(t, models.AttendanceAbsent, a.State)
				}
			},
			bad: form("action", "sign", "absent", "P-000001:0", "name", "Formatrice "+hostile), wrong: []string{"person0", "person1", "certify"}, kept: "Formatrice " + hostile},
		{name: "F136 justified", purpose: models.LinkJustify, subject: dossier + "/session/2/absence/P-000001",
			good: form("action", "justify", "reason", "Malade"), kind: models.FactAbsenceJustified, workflow: models.SessionID(dossier, 2), check: note("Malade"),
			bad: form("action", "justify", "reason", "  "), wrong: []string{"reason"}},
		{name: "F180 accepted", purpose: models.LinkRecap, subject: recapRef,
			good: form("action", "accept", "sha256", sha), kind: models.FactRecapAccepted, workflow: "remuneration/agency/T-000042/2026-10",
			check: func(t *testing.T, _ *pageHouse, row models.Inbox) { require.Equal(t, sha, row.Data.SHA256) },
			bad:   form("action", "contest"), wrong: []string{"explanation"}},
		{name: "F181 contested", purpose: models.LinkRecap, subject: recapRef,
			good: form("action", "contest", "line", dossier+"/session/2", "explanation", "Une demi-journée de moins"), kind: models.FactRecapContested, workflow: "remuneration/agency/T-000042/2026-10",
			check: func(t *testing.T, h *pageHouse, row models.Inbox) {
				require.Equal(t, []string{dossier + "/session/2"}, row.Data.Lines)
				note("Une demi-journée de moins")(t, h, row)
			},
			bad: form("action", "contest", "line", dossier+"/session/9", "explanation", "Pas la mienne"), wrong: []string{"line"}, kept: "Pas la mienne"},
		{name: "a trainer leaves", purpose: models.LinkWithdraw, subject: dossier + "/1/invitation/4",
			good: form("action", "withdraw", "reason", "Accident", "confirm", "yes"), kind: models.FactTrainerWithdrew, workflow: request, check: note("Accident"),
			bad: form("action", "withdraw", "reason", "Je pars "+hostile), wrong: []string{"confirm"}, kept: "Je pars " + hostile},
		{name: "F081 an assigned trainer leaves", purpose: models.LinkWithdraw, subject: models.AssignmentRef(dossier, "T-000042"), generation: 1,
			good: form("action", "withdraw", "reason", "Accident", "confirm", "yes"), kind: models.FactTrainerWithdrew, workflow: request,
			check: func(t *testing.T, h *pageHouse, row models.Inbox) {
				require.Equal(t, "T-000042", row.Actor)
				note("Accident")(t, h, row)
			},
			bad: form("action", "withdraw", "confirm", "yes"), wrong: []string{"reason"}},
		{name: "a client cancels", purpose: models.LinkCancel, subject: dossier,
			good: form("action", "cancel", "reason", "Budget", "confirm", "yes"), kind: models.FactClientCancelled, workflow: request, check: note("Budget"),
			bad: form("action", "cancel", "confirm", "yes"), wrong: []string{"reason"}},
	}
}

func TestF181CorrectedRecapSaysWhatItReplacesAndWhy(t *testing.T) {
	h := newPageHouse(t)
	first, err := h.store.Recap(t.Context(), recapRef)
	require.NoError(t, err)
	lines, err := h.store.PayLinesByRefs(t.Context(), first.Lines[1:])
	require.NoError(t, err)
	require.NoError(t, h.store.SaveNote(t.Context(), models.Note{Ref: "N-why", Text: "Une demi-journée, selon la feuille."}))
	second := first
	second.Ref, second.Number, second.Lines, second.Cents = strings.TrimSuffix(recapRef, "1")+"2", 2, first.Lines[1:], 22_500
	second.Explanation, second.BilledApart = "N-why", true
	first.Status, lines[0].Quantity, lines[0].Cents, lines[0].Corrected = models.RecapReplaced, 50, 22_500, true
	h.apply(models.Step{Rows: models.Rows{Recaps: []models.Recap{first, second}, Lines: lines}})
	p := h.get(h.link(models.LinkRecap, second.Ref))
	for _, words := range []string{"remplace la version 1", "Une demi-journée, selon la feuille.", "facturées à part", "0,5 jour (corrigée)"} {
		require.Contains(t, p.words(), words)
	}
}

func TestF181AReplacedRecapPointsToTheOneThatCounts(t *testing.T) {
	h := newPageHouse(t)
	row, err := h.store.Recap(t.Context(), recapRef)
	require.NoError(t, err)
	row.Status = models.RecapReplaced
	h.apply(models.Step{Rows: models.Rows{Recaps: []models.Recap{row}}})
	p := h.get(h.link(models.LinkRecap, recapRef))
	require.Contains(t, p.words(), "Un relevé corrigé remplace celui-ci")
	require.Contains(t, p.words(), "900,00 €")
	require.Zero(t, p.Find("table").Length(), "its lines are no longer as it said")
	next := row
	next.Ref, next.Number, next.Status, next.SentAt = strings.TrimSuffix(recapRef, "1")+"2", 2, models.RecapSent, paris(25, 9, 0)
	h.apply(models.Step{Rows: models.Rows{Recaps: []models.Recap{next}}})
	require.Contains(t, h.get(h.link(models.LinkRecap, recapRef)).words(), "La version 2, du mercredi 25 novembre 2026, remplace ce relevé.")
}

func TestF193TheTrainerIsToldWhoWritesTheInvoice(t *testing.T) {
	const separately, yours, now = "La facture suit dans un message séparé", "à vous d’établir la facture", "facturées dès maintenant"
	answer := func(policy string, mandate bool, action url.Values) string {
		h := newPageHouse(t)
		h.apply(models.Step{Dossier: dossier, Rows: models.Rows{Request: &models.Request{Ref: dossier, Policy: policy, Stage: models.StageSessions, TrainerRef: "T-000042"}}})
		trainer, err := h.store.Trainer(t.Context(), "T-000042")
		require.NoError(t, err)
		trainer.SelfBilling = mandate
		require.NoError(t, h.store.SaveTrainer(t.Context(), trainer))
		return h.post(h.link(models.LinkRecap, recapRef), action).words()
	}
	accept := form("action", "accept", "sha256", sha)
	require.Contains(t, answer("standard", true, accept), separately)
	require.Contains(t, answer("standard", false, accept), yours)
	require.Contains(t, answer("optedif", true, accept), yours)
	require.Contains(t, answer("forgotten", true, accept), separately)
	part := form("action", "contest", "line", dossier+"/session/2", "explanation", "Une demi-journée de moins")
	require.Contains(t, answer("standard", true, part), now)
	require.Contains(t, answer("standard", false, part), yours)
	all := answer("standard", false, form("action", "contest", "explanation", "Il manque une séance"))
	require.NotContains(t, all, yours, "nothing is billed before it is corrected")
}

func TestLinksShowThenActOnce(t *testing.T) {
	for _, j := range journeys() {
		t.Run(j.name, func(t *testing.T) {
			h := newPageHouse(t)
			address := h.link(j.purpose, j.subject, j.generation)
			h.unchanged(func() {
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					// What mail scanners add to an address does nothing either.
					r, err := http.NewRequest(method, address+"?"+j.good.Encode(), nil)
					require.NoError(t, err)
					p := h.send(r)
					require.Equal(t, http.StatusOK, p.status)
					if method == http.MethodGet {
						wellMade(t, p)
						require.Equal(t, "form", p.state())
						require.Contains(t, p.header.Get("Content-Language"), p.Find("html").AttrOr("lang", "?"))
					}
				}
				en := h.get(address + "?lang=en")
				wellMade(t, en)
				require.Equal(t, "en", en.Find("html").AttrOr("lang", ""))

				refused := h.post(address, j.bad)
				require.Equal(t, http.StatusUnprocessableEntity, refused.status)
				wellMade(t, refused)
				require.Equal(t, "invalid_input", refused.code())
				require.Equal(t, 1, refused.Find("[role=alert]").Length())
				for _, field := range j.wrong {
					require.Positive(t, refused.Find(`[role=alert] a[href="#f-`+field+`"]`).Length(), field)
				}
				if j.kept != "" {
					kept := false
					for _, typed := range refused.Find("input[value]").Nodes {
						for _, a := range typed.Attr {
							kept = kept || a.Key == "value" && a.Val == j.kept
						}
					}
					require.True(t, kept || strings.Contains(refused.Find("textarea").Text(), j.kept), "what was typed is lost")
				}
				require.Equal(t, http.StatusBadRequest, h.post(address, form("action", "explode")).status)
				onlyInQuery := h.post(address+"?"+j.good.Encode(), url.Values{})
				require.Equal(t, http.StatusBadRequest, onlyInQuery.status, "the action is read from the body alone")
			})

			done := h.post(address, j.good)
			require.Equal(t, http.StatusOK, done.status, done.words())
			wellMade(t, done)
			require.Equal(t, "done", done.state())
			row := h.fact(j.purpose, j.subject, j.generation)
			require.Equal(t, j.kind, row.Kind)
			require.Equal(t, j.workflow, row.Workflow)
			require.Equal(t, j.subject, row.Subject)
			require.Equal(t, models.ChannelLink, row.Channel)
			require.NotEmpty(t, row.Actor)
			require.True(t, row.ReceivedAt.Equal(h.now()))
			if j.check != nil {
				j.check(t, h, row)
			}
			require.Len(t, h.delivered.facts, 1)

			h.unchanged(func() {
				again := h.post(address, j.good)
				require.Equal(t, http.StatusConflict, again.status)
				require.Equal(t, "link_used", again.code())
				wellMade(t, again)
				later := h.get(address)
				require.Equal(t, http.StatusOK, later.status)
				require.Equal(t, "link_used", later.code())
				require.Equal(t, "recorded", later.state())
				wellMade(t, later)
			})
			require.Len(t, h.delivered.facts, 1)
		})
	}
}

func TestF136JustifiedOnceThoughPressedTwiceAtOnce(t *testing.T) {
	h := newPageHouse(t)
	address := h.link(models.LinkJustify, dossier+"/session/2/absence/P-000001")
	var wg sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		wg.Go(func() { statuses[i] = h.post(address, form("action", "justify", "reason", "Malade")).status })
	}
	wg.Wait()
	ok := 0
	for _, s := range statuses {
		if s == http.StatusOK {
			ok++
		} else {
			require.Equal(t, http.StatusConflict, s)
		}
	}
	require.Equal(t, 1, ok)
	require.Len(t, h.delivered.facts, 1)
}

// Who got nothing in time is not late: staff look for them, and the process takes what they do.
func TestF070ALinkOutlivesTheDateThatNoMessageTold(t *testing.T) {
	h := newPageHouse(t)
	past, err := h.store.Deadline(t.Context(), "past")
	require.NoError(t, err)
	contract, absence := h.link(models.LinkSign, dossier+"/contract/3"), h.link(models.LinkJustify, dossier+"/session/2/absence/P-000002")
	require.Equal(t, http.StatusGone, h.get(contract).status)
	past.Status = models.Undeliverable
	h.apply(models.Step{Deadlines: []models.Deadline{past}})
	for _, address := range []string{contract, absence} {
		page := h.get(address)
		require.Equal(t, http.StatusOK, page.status)
		require.NotContains(t, page.words(), "24 novembre 2026 à 18", "a date that binds nobody")
	}
	require.Equal(t, http.StatusOK, h.post(absence, form("action", "justify", "reason", "Malade")).status)
}

func TestLinksThatAreOfNoUse(t *testing.T) {
	h := newPageHouse(t)
	good := h.link(models.LinkAnswer, dossier+"/1/invitation/1")
	for _, c := range []struct {
		name, url string
		status    int
		code      models.Code
		says      string
	}{
		{"altered", good[:len(good)-1] + string('A'+('z'-good[len(good)-1])%20), 404, models.CodeLinkInvalid, "pas valable"},
		{"cut", good[:len(good)-20], 404, models.CodeLinkInvalid, "pas valable"},
		{"nonsense", h.url + "/l/abc", 404, models.CodeLinkInvalid, "pas valable"},
		{"unknown purpose", h.link("fly", "x"), 404, models.CodeLinkInvalid, "pas valable"},
		{"unknown subject", h.link(models.LinkAnswer, dossier+"/1/invitation/99"), 404, models.CodeLinkInvalid, "pas valable"},
		{"F096 expired contract", h.link(models.LinkSign, dossier+"/contract/3"), 410, models.CodeLinkExpired, "24 novembre 2026"},
		{"F136 expired window", h.link(models.LinkJustify, dossier+"/session/2/absence/P-000002"), 410, models.CodeLinkExpired, "The time to give a reason has passed"},
		{"cancelled contract", h.link(models.LinkSign, dossier+"/contract/4"), 410, models.CodeLinkWithdrawn, "plus utile"},
		{"mission filled", h.link(models.LinkAnswer, dossier+"/1/invitation/3"), 410, models.CodeLinkWithdrawn, "somebody else"},
		{"earlier round", h.link(models.LinkSlots, dossier+"/audit/1", 0), 410, models.CodeLinkWithdrawn, "plus utile"},
		{"returned programme", h.link(models.LinkProgramme, dossier+"/programme/1"), 410, models.CodeLinkWithdrawn, "returned to you"},
		{"cancelled session", h.link(models.LinkAttend, dossier+"/session/3|P-000001"), 410, models.CodeLinkWithdrawn, "annulée"},
		{"session to judge", h.link(models.LinkAttend, dossier+"/session/4|P-000001"), 410, models.CodeLinkWithdrawn, "sur papier"},
		{"removed participant", h.link(models.LinkAttend, dossier+"/session/1|P-000003"), 410, models.CodeLinkWithdrawn, "plus utile"},
		{"participant of another dossier", h.link(models.LinkAttend, dossier+"/session/1|P-000009"), 404, models.CodeLinkInvalid, "pas valable"},
		{"evaluation of another dossier", h.link(models.LinkHot, dossier+"|P-000009"), 404, models.CodeLinkInvalid, "pas valable"},
		{"positioning after the first session", h.link(models.LinkPositioning, dossier+"|P-000001"), 410, models.CodeLinkExpired, "commencé"},
		{"client's invoice", h.link(models.LinkInvoice, "I-2026-000078"), 404, models.CodeLinkInvalid, "pas valable"},
		{"not this trainer's mission", h.link(models.LinkWithdraw, dossier+"/1/invitation/3"), 410, models.CodeLinkWithdrawn, "no longer yours"},
		{"no longer assigned", h.link(models.LinkWithdraw, models.AssignmentRef(dossier, "T-000043"), 1), 410, models.CodeLinkWithdrawn, "no longer yours"},
		{"assigned to no dossier", h.link(models.LinkWithdraw, models.AssignmentRef("D-2026-999999", "T-000042"), 1), 404, models.CodeLinkInvalid, "pas valable"},
		{"no document", h.link(models.LinkDocument, strings.Repeat("0", 64)), 404, models.CodeLinkInvalid, "pas valable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			h.unchanged(func() {
				for _, p := range []seen{h.get(c.url), h.post(c.url, form("action", "accept", "rate", "1", "unit", "day"))} {
					if c.name == "no document" && p.status == http.StatusBadRequest {
						continue
					}
					require.Equal(t, c.status, p.status, p.words())
					require.Equal(t, string(c.code), p.code())
					require.Contains(t, p.words(), c.says)
					require.Empty(t, p.Find("form").Nodes)
					wellMade(t, p)
				}
			})
		})
	}
}

func TestAClientWhoSignedDoesNotCancelByALink(t *testing.T) {
	h := newPageHouse(t)
	address := h.link(models.LinkCancel, dossier)
	signed := func(kind models.ContractKind, at time.Time) {
		h.apply(models.Step{Rows: models.Rows{Contracts: []models.Contract{{Ref: dossier + "/contract/1", Dossier: dossier, Number: 1, Kind: kind,
			Signer: models.RoleClient, Status: models.ContractSigned, SHA256: sha, SignedAt: at}}}})
	}
	refused := func(says ...string) {
		t.Helper()
		h.unchanged(func() {
			for _, p := range []seen{h.get(address), h.post(address, form("action", "cancel", "reason", "Budget", "confirm", "yes"))} {
				require.Equal(t, http.StatusGone, p.status, p.words())
				require.Equal(t, "link_withdrawn", p.code())
				require.Empty(t, p.Find("form").Nodes)
				for _, words := range says {
					require.Contains(t, p.words(), words)
				}
				wellMade(t, p)
			}
		})
	}
	signed(models.ContractConvention, paris(24, 9, 0))
	refused("La convention est signée depuis le mardi 24 novembre 2026", "article 5", "seules les prestations effectivement réalisées sont dues", "Répondez à notre message")
	signed(models.ContractIndividual, paris(24, 9, 0))
	require.Equal(t, "form", h.get(address).state(), "a consumer has 14 days to withdraw")
	signed(models.ContractIndividual, paris(2, 9, 0))
	refused("le délai de rétractation est passé", "au prorata du prix")
	h.apply(models.Step{Rows: models.Rows{Request: &models.Request{Ref: dossier, Stage: models.StageSessions, HalfDaysHeld: 2},
		Contracts: []models.Contract{{Ref: dossier + "/contract/1", Dossier: dossier, Number: 1, Signer: models.RoleClient, Status: models.ContractCancelled}}}})
	refused("La formation a commencé")
}

func TestLinksThatComeTooEarly(t *testing.T) {
	h := newPageHouse(t)
	for _, c := range []struct {
		name, url string
		code      models.Code
		says      string
	}{
		{"F080 report before the call", h.link(models.LinkAuditReport, dossier+"/audit/5", 1), models.CodeCallToCome, "26 November 2026 at 10:00"},
		{"F083 programme before the audit", h.link(models.LinkProgramme, dossier+"/programme/3"), models.CodeAuditMissing, "compte rendu"},
		{"F125 sheet before the end", h.link(models.LinkSheet, dossier+"/session/1"), models.CodeSessionState, "17 h 00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			h.unchanged(func() {
				p := h.get(c.url)
				require.Equal(t, http.StatusOK, p.status)
				require.Equal(t, string(c.code), p.code())
				require.Contains(t, strings.ReplaceAll(p.words(), "\u00a0", " "), c.says)
				wellMade(t, p)
				require.Equal(t, http.StatusConflict, h.post(c.url, form("action", "sign")).status)
			})
		})
	}
}

func TestADeadlineIsMetAtItsVeryInstant(t *testing.T) {
	h := newPageHouse(t)
	address := h.link(models.LinkSign, dossier+"/contract/2")
	h.set(paris(27, 18, 0))
	require.Equal(t, "form", h.get(address).state())
	h.set(paris(27, 18, 0).Add(time.Microsecond))
	require.Equal(t, http.StatusGone, h.get(address).status)
}

func TestAnEndedDossierAwaitsNothing(t *testing.T) {
	h := newPageHouse(t)
	h.apply(models.Step{Rows: models.Rows{Request: &models.Request{Ref: dossier, Stage: models.StageCancelled}}})
	for _, address := range []string{h.link(models.LinkAnswer, dossier+"/1/invitation/1"), h.link(models.LinkCancel, dossier),
		h.link(models.LinkSign, dossier+"/contract/1"), h.link(models.LinkHot, dossier+"|P-000001")} {
		p := h.get(address)
		require.Equal(t, http.StatusGone, p.status)
		require.Equal(t, "link_withdrawn", p.code())
	}
}

func TestWhatWasHeldIsEvaluatedEvenIfTheRestIsCancelled(t *testing.T) {
	h := newPageHouse(t)
	h.apply(models.Step{Rows: models.Rows{Request: &models.Request{Ref: dossier, Stage: models.StageCancelled, HalfDaysHeld: 2}}})
	require.Equal(t, "form", h.get(h.link(models.LinkHot, dossier+"|P-000001")).state())
}

func TestWhatStaffRecordedShowsOnTheLink(t *testing.T) {
	h := newPageHouse(t)
	h.apply(models.Step{Rows: models.Rows{Invitations: []models.Invitation{{Ref: dossier + "/1/invitation/1", Dossier: dossier,
		TrainerRef: "T-000042", Status: models.InvitationInterested, RateCents: 40_000, RateUnit: models.UnitDay, AnsweredAt: paris(24, 9, 0)}}}})
	p := h.get(h.link(models.LinkAnswer, dossier+"/1/invitation/1"))
	require.Equal(t, "recorded", p.state())
	require.Contains(t, strings.ReplaceAll(p.words(), "\u00a0", " "), "400,00 €")
}

func TestF091AReturnedProgrammeComesBackFilled(t *testing.T) {
	h := newPageHouse(t)
	p := h.get(h.link(models.LinkProgramme, dossier+"/programme/2"))
	require.Equal(t, "Savoir trier", strings.TrimSpace(p.Find("#f-objectives").Text()))
	require.Equal(t, "Exercices "+hostile, strings.TrimSpace(p.Find("#f-methods").Text()))
	require.Contains(t, p.words(), "Préciser l'évaluation")
}

func TestOnlyTheDocumentShownIsSigned(t *testing.T) {
	h := newPageHouse(t)
	for _, c := range []struct {
		url  string
		form url.Values
	}{
		{h.link(models.LinkSign, dossier+"/contract/1"), form("action", "sign", "sha256", strings.Repeat("0", 64), "read", "yes", "name", "Alix")},
		{h.link(models.LinkRecap, recapRef), form("action", "accept", "sha256", strings.Repeat("0", 64))},
	} {
		h.unchanged(func() {
			p := h.post(c.url, c.form)
			require.Equal(t, http.StatusConflict, p.status)
			require.Equal(t, "document_changed", p.code())
			require.Equal(t, 1, p.Find("[role=alert]").Length())
			wellMade(t, p)
		})
	}
	for _, address := range []string{h.link(models.LinkSign, dossier+"/contract/1") + "/document", h.link(models.LinkRecap, recapRef) + "/document",
		h.link(models.LinkDocument, sha)} {
		p := h.get(address)
		require.Equal(t, http.StatusOK, p.status)
		require.Equal(t, "application/pdf", p.header.Get("Content-Type"))
		require.Equal(t, "inline; filename=convention.pdf", p.header.Get("Content-Disposition"))
		require.Equal(t, "no-store", p.header.Get("Cache-Control"))
	}
	require.Equal(t, http.StatusNotFound, h.get(h.link(models.LinkAnswer, dossier+"/1/invitation/1")+"/document").status)
}

func TestF124HalfDaysAreSignedFromTheirStart(t *testing.T) {
	h := newPageHouse(t)
	address := h.link(models.LinkAttend, dossier+"/session/1|P-000001")
	h.set(paris(25, 8, 59))
	early := h.get(address)
	require.Equal(t, "waiting", early.state())
	require.Empty(t, early.Find("form").Nodes)
	wellMade(t, early)
	h.set(paris(25, 10, 0))
	h.unchanged(func() {
		p := h.get(address)
		wellMade(t, p)
		require.Equal(t, 1, p.Find("input[name=half_day]").Length(), "the afternoon has not begun")
		require.Equal(t, http.StatusUnprocessableEntity, h.post(address, form("action", "attend", "half_day", "1")).status)
		require.Equal(t, http.StatusUnprocessableEntity, h.post(address, form("action", "attend")).status)
		require.Equal(t, http.StatusUnprocessableEntity, h.post(address, form("action", "attend", "half_day", "7")).status)
	})
	require.Equal(t, http.StatusOK, h.post(address, form("action", "attend", "half_day", "0")).status)
	h.unchanged(func() {
		again := h.post(address, form("action", "attend", "half_day", "0"))
		require.Equal(t, http.StatusConflict, again.status)
		require.Equal(t, "link_used", again.code())
	})
	h.set(paris(25, 14, 0))
	require.Equal(t, http.StatusOK, h.post(address, form("action", "attend", "half_day", "1")).status)
	p := h.get(address)
	require.Equal(t, "recorded", p.state())
	rows, err := h.store.Attendances(t.Context(), dossier+"/session/1")
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, models.AttendanceSigned, rows[0].State)
	require.True(t, rows[0].SignedAt.Equal(paris(25, 10, 0)))
}

// F079: the client chooses among what is still to come; what passes while the page is read is refused.
func TestF079SlotsThatArePastAreNotOffered(t *testing.T) {
	h := newPageHouse(t)
	choose := h.link(models.LinkChoose, dossier+"/audit/2", 1)
	offered := func(p seen) []string {
		return p.Find("input[name=slot]").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("value", "") })
	}
	written := func(at time.Time) string { return at.UTC().Format(time.RFC3339) }
	require.Len(t, offered(h.get(choose)), 3)
	h.set(paris(26, 10, 0))
	p := h.post(choose, form("action", "choose", "slot", written(paris(26, 10, 0))))
	require.Equal(t, http.StatusUnprocessableEntity, p.status)
	require.Contains(t, p.words(), "Ce créneau est déjà passé")
	require.Equal(t, []string{written(paris(26, 15, 30)), written(paris(27, 9, 0))}, offered(p))
	require.Equal(t, offered(p), offered(h.get(choose)))
	h.set(paris(27, 9, 0))
	for _, p := range []seen{h.get(choose), h.post(choose, form("action", "choose", "slot", written(paris(27, 9, 0))))} {
		require.Empty(t, offered(p))
		require.Contains(t, p.words(), "Les créneaux proposés sont tous passés.")
		require.Equal(t, []string{"none"}, p.Find("input[name=action]").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("value", "") }))
		wellMade(t, p)
	}
	require.Equal(t, http.StatusOK, h.post(choose, form("action", "none")).status)
}

func TestF129AMissedSheetIsOnlyLate(t *testing.T) {
	h := newPageHouse(t)
	sheet := h.link(models.LinkSheet, dossier+"/session/4")
	p := h.get(sheet)
	require.Contains(t, p.words(), "envoyez-nous la feuille papier qu’elle a signée", "links are closed")
	require.Contains(t, p.words(), "la feuille est alors incomplète et l’agence décide")
	require.NotContains(t, p.words(), "la feuille ne peut pas être signée")
	require.Contains(t, h.get(h.link(models.LinkSheet, dossier+"/session/2")).words(), "avant que vous ne signiez, elle le peut par le lien de son message")
	require.Equal(t, http.StatusOK, p.status, p.words())
	require.Contains(t, p.words(), "24 novembre 2026")
	require.NotEmpty(t, p.Find("input[name=absent]").Nodes)
	attend := h.get(h.link(models.LinkAttend, dossier+"/session/4|P-000001"))
	require.Contains(t, attend.words(), "Les participants ne peuvent plus signer cette feuille par leur lien")
	require.NotContains(t, attend.words(), "est close", "the trainer still signs it")
	done := h.post(sheet, url.Values{"action": {"sign"}, "certify": {"yes"}, "name": {"Formatrice"}, "absent": {"P-000001:0"}})
	require.Equal(t, http.StatusOK, done.status, done.words())
	require.Contains(t, done.words(), "La feuille est incomplète, l’agence l’examine")
	rows, err := h.store.Attendances(t.Context(), dossier+"/session/4")
	require.NoError(t, err)
	require.Len(t, rows, 1, "what participants left open is for staff to judge")
}

func TestF125ASignatureSinceThePageWasShownStays(t *testing.T) {
	h := newPageHouse(t)
	attend := h.link(models.LinkAttend, dossier+"/session/2|P-000002")
	require.Equal(t, http.StatusOK, h.post(attend, url.Values{"action": {"attend"}, "half_day": {"0"}}).status)
	sheet := h.link(models.LinkSheet, dossier+"/session/2")
	done := h.post(sheet, url.Values{"action": {"sign"}, "certify": {"yes"}, "name": {"Formatrice"},
		"absent": {"P-000001:0", "P-000001:1", "P-000002:0", "P-000002:1"}})
	require.Equal(t, http.StatusOK, done.status, done.words())
	require.Contains(t, done.words(), "La feuille est complète")
	a, err := h.store.Attendance(t.Context(), dossier+"/session/2", "P-000002", 0)
	require.NoError(t, err)
	require.Equal(t, models.AttendanceSigned, a.State)
	late := h.post(attend, url.Values{"action": {"attend"}, "half_day": {"1"}})
	require.Equal(t, http.StatusUnprocessableEntity, late.status, "marked absent")
	wellMade(t, late)
}

func TestF125WhoRegistersOnceItIsOverHoldsNoSheetUp(t *testing.T) {
	h := newPageHouse(t)
	require.NoError(t, h.store.SaveParticipants(t.Context(), []models.Participant{{Ref: "P-000004", Dossier: dossier, Name: "Tardif", CreatedAt: paris(24, 17, 30)}}))
	sheet := h.link(models.LinkSheet, dossier+"/session/2")
	require.NotContains(t, h.get(sheet).words(), "Tardif")
	done := h.post(sheet, url.Values{"action": {"sign"}, "certify": {"yes"}, "name": {"Formatrice"}, "absent": {"P-000001:0", "P-000001:1", "P-000002:0", "P-000002:1"}})
	require.Equal(t, http.StatusOK, done.status, done.words())
}

func TestEvaluationsAreAnsweredOnce(t *testing.T) {
	h := newPageHouse(t)
	h.set(paris(20, 8, 0))
	for _, c := range []struct {
		purpose models.Purpose
		kind    string
		form    url.Values
		score   int
	}{
		{models.LinkPositioning, models.EvaluationPositioning, form("action", "evaluate", "q1", "4", "q2", "0", "q3", "1", "q4", "2", "q5", "4", "text", "Des macros"), 55},
		{models.LinkHot, models.EvaluationHot, form("action", "evaluate", "q1", "5", "text", ""), 5},
		{models.LinkCold, models.EvaluationCold, form("action", "evaluate", "q1", "3"), 3},
	} {
		t.Run("F120 "+c.kind, func(t *testing.T) {
			h.t = t
			address := h.link(c.purpose, dossier+"|P-000001")
			h.unchanged(func() {
				p := h.get(address)
				wellMade(t, p)
				require.Equal(t, "form", p.state())
				refused := h.post(address, form("action", "evaluate", "q1", "9", "text", "Un mot"))
				require.Equal(t, http.StatusUnprocessableEntity, refused.status)
				require.Contains(t, refused.Find("textarea").Text(), "Un mot")
				wellMade(t, refused)
			})
			require.Equal(t, http.StatusOK, h.post(address, c.form).status)
			h.unchanged(func() {
				require.Equal(t, http.StatusConflict, h.post(address, c.form).status)
				require.Equal(t, "link_used", h.get(address).code())
			})
			row, err := h.store.Evaluation(t.Context(), dossier, "P-000001", c.kind)
			require.NoError(t, err)
			require.Equal(t, c.score, row.Score)
		})
	}
}

func TestF194AnInvoiceIsAPDF(t *testing.T) {
	h := newPageHouse(t)
	address := h.link(models.LinkInvoice, "I-2026-000077", 1)
	fields := form("action", "send", "number", "F-2026-9", "issued_on", "2026-11-20", "net", "900", "vat", "180,00")
	h.unchanged(func() {
		p := h.get(address)
		wellMade(t, p)
		require.Equal(t, string(models.ParisDate(h.at)), p.Find("#f-issued_on").AttrOr("value", ""))
		for _, day := range []string{"", "hier", "2026-12-25", "2025-11-01"} {
			dated := form("action", "send", "number", "F-2026-9", "issued_on", day, "net", "900", "vat", "180,00")
			require.Equal(t, 1, h.upload(address, dated, "f.pdf", []byte(pdf)).Find(`[role=alert] a[href="#f-issued_on"]`).Length(), day)
		}
		for name, p := range map[string]seen{
			"none":  h.upload(address, fields, "", nil),
			"empty": h.upload(address, fields, "f.pdf", nil),
			"image": h.upload(address, fields, "f.pdf", []byte("\x89PNG\r\n\x1a\n")),
			"large": h.upload(address, fields, "f.pdf", append([]byte(pdf), make([]byte, uploadLimit)...)),
			"plain": h.post(address, fields),
		} {
			require.Equal(t, http.StatusUnprocessableEntity, p.status, name)
			require.Equal(t, 1, p.Find(`[role=alert] a[href="#f-file"]`).Length(), name)
			require.Equal(t, "F-2026-9", p.Find("#f-number").AttrOr("value", ""), name)
			wellMade(t, p)
		}
		huge := h.upload(address, fields, "f.pdf", make([]byte, uploadLimit+formLimit))
		require.Equal(t, http.StatusRequestEntityTooLarge, huge.status)
		require.Equal(t, "body_too_large", huge.code())
	})
	mine := []byte(pdf + "% facture\n")
	done := h.upload(address, fields, "f.pdf", mine)
	require.Equal(t, http.StatusOK, done.status, done.words())
	row := h.fact(models.LinkInvoice, "I-2026-000077", 1)
	require.Equal(t, models.FactInvoiceReceived, row.Kind)
	require.Equal(t, "F-2026-9", row.Data.Number)
	require.Equal(t, models.Cents(90_000), row.Data.NetCents)
	require.Equal(t, models.Cents(18_000), row.Data.VATCents)
	require.Equal(t, models.Date("2026-11-20"), row.Data.IssuedOn, "F196")
	kept, err := h.files.Get(t.Context(), row.Data.SHA256)
	require.NoError(t, err)
	require.Equal(t, mine, kept)
	doc, err := h.store.Document(t.Context(), row.Data.SHA256)
	require.NoError(t, err)
	require.Equal(t, "I-2026-000077", doc.Subject)
	require.Equal(t, http.StatusConflict, h.upload(address, fields, "f.pdf", mine).status)
}

func TestFormsThatCannotBeRead(t *testing.T) {
	h := newPageHouse(t)
	address := h.link(models.LinkAnswer, dossier+"/1/invitation/1")
	h.unchanged(func() {
		for name, c := range map[string]struct {
			kind, body string
			status     int
		}{
			"json":     {"application/json", `{"action":"accept"}`, 400},
			"none":     {"", "", 400},
			"escape":   {"application/x-www-form-urlencoded", "action=%zz", 400},
			"encoding": {"application/x-www-form-urlencoded", "action=decline&reason=%ff%fe", 400},
			"large":    {"application/x-www-form-urlencoded", "action=decline&reason=" + strings.Repeat("a", formLimit), 413},
		} {
			r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(c.body))
			require.NoError(t, err)
			r.Header.Set("Content-Type", c.kind)
			p := h.send(r)
			require.Equal(t, c.status, p.status, name)
			require.NotEmpty(t, p.code(), name)
			wellMade(t, p)
		}
	})
}

func TestLanguage(t *testing.T) {
	h := newPageHouse(t)
	lang := func(address, accept string) string {
		r, err := http.NewRequest(http.MethodGet, address, nil)
		require.NoError(t, err)
		r.Header.Set("Accept-Language", accept)
		return h.send(r).Find("html").AttrOr("lang", "")
	}
	mine, second := h.link(models.LinkAnswer, dossier+"/1/invitation/1"), h.link(models.LinkAnswer, dossier+"/1/invitation/2")
	require.Equal(t, "fr", lang(mine, "en"), "the person's own language first")
	require.Equal(t, "en", lang(second, "fr"))
	require.Equal(t, "en", lang(mine+"?lang=en", "fr"))
	require.Equal(t, "fr", lang(mine+"?lang=xx", "en"))
	require.Equal(t, "en", lang(h.url+"/l/none", "en-GB"), "nobody is known: the reader's browser decides")
	require.True(t, strings.HasSuffix(h.get(mine+"?lang=en").Find("form").AttrOr("action", ""), "?lang=en"))
	done := h.post(mine+"?lang=en", form("action", "decline"))
	require.Equal(t, "en", done.Find("html").AttrOr("lang", ""))
}

func TestHostileNamesAreOnlyWords(t *testing.T) {
	h := newPageHouse(t)
	for _, address := range []string{h.link(models.LinkAuditReport, dossier+"/audit/3", 1), h.link(models.LinkChoose, dossier+"/audit/2", 1),
		h.link(models.LinkAttend, dossier+"/session/1|P-000001"), h.link(models.LinkSheet, dossier+"/session/2"),
		h.link(models.LinkRecap, recapRef), h.link(models.LinkCancel, dossier)} {
		p := h.get(address)
		require.Equal(t, http.StatusOK, p.status)
		require.NotContains(t, p.html, "<script")
		require.Contains(t, p.words(), `<script>alert("x")</script>`)
		wellMade(t, p)
	}
}

func TestAmountsAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]models.Cents{"450": 45_000, "412,50": 41_250, "412.5": 41_250, "1\u202f234,56 €": 123_456, "0": 0} {
		got, ok := parseEuros(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "-1", "+1", "1e3", "1,234", "1.2.3", "1,", ",5", "dix", "١٢", "99999999999"} {
		_, ok := parseEuros(text)
		require.False(t, ok, text)
	}
}
