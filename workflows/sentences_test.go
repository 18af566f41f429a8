package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdk "go.temporal.io/api/sdk/v1"

	"jalon/models"
)

// details is what the Temporal UI shows of the running process.
func (h *harness) details() string {
	v, err := h.env.QueryWorkflow("__temporal_workflow_metadata")
	require.NoError(h.t, err)
	var m sdk.WorkflowMetadata
	require.NoError(h.t, v.Get(&m))
	return m.CurrentDetails
}

func TestCurrentDetails(t *testing.T) {
	t.Run("of a search", func(t *testing.T) {
		h := searching(t)
		h.answers(map[int]string{2: "interested", 4: "declined"})
		var first, later, kept string
		h.at("2026-11-02 09:01", func() { first = h.details() })
		h.at("2026-11-03 12:00", func() { later = h.details() })
		h.at("2026-11-03 14:00", func() { h.choose(row[models.Invitation](h.world, inv(2))) })
		h.at("2026-11-03 15:00", func() { kept = h.details() })
		h.search()
		require.Contains(t, first, "**Recherche d’un formateur**\n\n"+
			"- Réponses des formateurs sollicités (D-2026-000001 ; 5 sans réponse sur 5 : T-000001, T-000002, T-000003, T-000004, T-000005), "+
			"avant le 05/11/2026 18:00 ; sinon silence vaut refus\n")
		require.Contains(t, first, "\n\nLes heures sont celles de Paris.\n")
		require.Contains(t, later, "(D-2026-000001 ; 3 sans réponse sur 5 : T-000001, T-000003, T-000005), avant le 05/11/2026 18:00")
		require.Contains(t, kept, "- Recherche en réserve jusqu’à la signature de T-000002 ; s’il quitte la mission, elle reprend : personne d’autre n’a répondu favorablement\n"+
			"- Audit, programme et contrat du formateur retenu : voir `request/D-2026-000001`\n")
	})
	t.Run("of a session", func(t *testing.T) {
		h := newHarness(t)
		moved := day("2026-11-23")
		var planned, convoked, after string
		h.at("2026-11-02 12:00", func() { planned = h.details() })
		h.at("2026-11-14 12:00", func() { convoked = h.details() })
		h.at("2026-11-14 13:00", func() {
			h.do(sessionID, models.VerbReschedule, models.Reschedule{By: staff, HalfDays: moved})
		})
		h.at("2026-11-14 14:00", func() { after = h.details() })
		h.at("2026-11-23 18:00", func() {
			h.fact(models.Fact{Kind: models.FactSheetSigned, Subject: sessionRef, Actor: trainer(1)})
		})
		h.session()
		require.Contains(t, planned, "**Séance 1, "+models.French.Times(day("2026-11-20"))[0]+"**\n\n"+
			"- Date d’envoi des convocations (D-2026-000001/session/1), le 13/11/2026 00:00 : les convocations partent\n")
		require.NotContains(t, planned, "Émargement")
		require.Contains(t, convoked, "- Feuille d’émargement signée par le formateur (D-2026-000001/session/1 ; formateur T-000001 ; départ de l’e-mail le 20/11/2026 17:30), avant le ")
		require.Contains(t, convoked, "- Émargement des participants : 2 demi-journées, chacune dès son début et jusqu’à la feuille signée par le formateur ; sinon ")
		require.Contains(t, after, "**Séance 1, "+models.French.Times(moved)[0]+"**")
	})
	t.Run("F136 of an absence that nobody could be told of", func(t *testing.T) {
		h := newHarness(t)
		h.absences[sessionRef] = []models.AbsenceEntry{{Participant: "P-000002", HalfDays: []int{1}}}
		h.signed()
		h.mailFate = func(m models.Message) (string, time.Duration) {
			if m.Template == "absence_told" {
				return models.MessageNoAddress, 0
			}
			return "", 0
		}
		var got string
		h.at("2026-11-21 09:00", func() {
			h.fact(models.Fact{Kind: models.FactAbsenceJustified, Subject: "of somebody else"}) // a step, which shows the details again
		})
		h.at("2026-11-21 10:00", func() { got = h.details() })
		h.session()
		require.Contains(t, got, "participant P-000002 ; e-mail non remis), avant le 22/11/2026 18:00 ; "+
			"sinon et sauf renvoi, personne n’a reçu le message : l’équipe est alertée et a un délai de plus\n")
		require.NotContains(t, got, "injustifiée")
	})
	t.Run("of a mail that waits for the hours of mail", func(t *testing.T) {
		h := searching(t)
		var got string
		h.at("2026-11-02 22:00", func() {
			for n := range 5 {
				h.answer(inv(n+1), "declined", 0)
			}
		})
		h.at("2026-11-02 22:30", func() { got = h.details() })
		h.search()
		require.Contains(t, got, "(D-2026-000001 ; 3 sans réponse sur 3 : T-000006, T-000007, T-000008 ; départ de l’e-mail le 03/11/2026 08:00), avant le 06/11/2026")
	})
	t.Run("of a dossier that waits for signatures", func(t *testing.T) {
		h := working(t)
		var got string
		for _, template := range []string{"contract_client", "trainer_contract"} {
			usual := h.onMail[template]
			h.onMail[template] = func(m models.Message) {
				if m.Template == "contract_client" {
					got = h.details()
				}
				usual(m)
			}
		}
		h.request()
		require.Contains(t, got, "**Contrats**")
		require.Contains(t, got, "(D-2026-000001/contract/1 ; formateur T-000001)")
		require.Contains(t, got, "sinon le contrat expire et la recherche reprend")
		require.Contains(t, got, "- Autres candidats, en réserve jusqu’à la signature du formateur retenu : voir `request/D-2026-000001/solicitation/1`\n")
		require.Contains(t, got, "sinon alerte à l’équipe")
	})
	t.Run("of a dossier whose sessions and pay others follow", func(t *testing.T) {
		h := working(t)
		var sessions, paying string
		h.onJournal["sessions_planned"] = func(models.JournalLine) { h.later(time.Hour, func() { sessions = h.details() }) }
		usual := h.onJournal["stage_entered"]
		h.onJournal["stage_entered"] = func(l models.JournalLine) {
			usual(l)
			if l.Args.Get("stage") == string(models.StageDelivered) {
				h.later(time.Hour, func() { paying = h.details() })
			}
		}
		h.request()
		first := row[models.Session](h.world, sessionRef)
		require.Contains(t, h.called, "Séance 1 · planifiée pour le "+models.French.ShortDay(models.ParisDate(first.StartAt))+" · D-2026-000001")
		require.Contains(t, sessions, "voir `request/D-2026-000001/session/")
		require.NotContains(t, sessions, "solicitation/1")
		require.NotContains(t, sessions, "follow-up")
		require.NotContains(t, sessions, "invoice/")
		require.Contains(t, paying, "- Certificats et évaluations : voir `request/D-2026-000001/follow-up`, ")
		require.Contains(t, paying, "- Facture du client et son règlement : voir `invoice/"+h.current.InvoiceRef+"`, ")
		require.Contains(t, paying, "relevé mensuel")
		require.Contains(t, paying, "puis le dossier se clôt")
	})
}
