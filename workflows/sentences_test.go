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
		var got string
		h.at("2026-11-02 12:00", func() { got = h.details() })
		h.search()
		require.Equal(t, "**Recherche d’un formateur**\n\n"+
			"- Réponses des formateurs sollicités (formateur, D-2026-000001), avant le 05/11/2026 18:00 ; sinon silence vaut refus\n"+
			"\nDernières étapes : formateurs sollicités\n", got)
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
		require.Contains(t, got, "sinon le contrat expire et la recherche reprend")
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
		require.Contains(t, sessions, "voir `request/D-2026-000001/session/")
		require.Contains(t, paying, "relevé mensuel")
		require.Contains(t, paying, "puis le dossier se clôt")
	})
}
