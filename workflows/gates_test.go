package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// before has a process run as it did before a gate.
func (h *harness) before(gate string) {
	h.env.OnGetVersion(gate, workflow.DefaultVersion, workflow.Version(1)).Return(workflow.DefaultVersion)
}

// TestGateInsist: what a document cannot be drawn from calls staff, and is done again after their step. Dossiers that
// came there before the gate end as they did: the histories v1_*_refused.json replay.
func TestGateInsist(t *testing.T) {
	const gate = "insist-on-documents"
	t.Run("F178 the monthly recap", func(t *testing.T) {
		h := newHarness(t)
		h.refused = 2
		h.onMail["recap"] = func(models.Message) { h.accept(1) }
		h.month(1, "2026-11")
		require.Equal(t, []string{"document_refused", "document_refused"}, h.alerts())
		require.Equal(t, models.RecapAccepted, row[models.Recap](h.world, recap+"1").Status)
		require.Len(t, h.told(models.FactInvoiceDue), 1)
	})
	t.Run("F178 the monthly recap, before", func(t *testing.T) {
		h := newHarness(t)
		h.before(gate)
		h.refused = 1
		h.month(1, "2026-11")
		require.Empty(t, h.alerts())
		require.Empty(t, h.told(models.FactInvoiceDue))
	})
	t.Run("F192 the self-billed invoice, dated by the day it is drawn", func(t *testing.T) {
		h := newHarness(t)
		h.refused = 1
		h.must("2026-11-09 10:00", models.VerbConform)
		h.paid("2026-11-20 10:00", "2026-11-20")
		v := h.invoice(models.InvoiceSelfBilled)
		require.Equal(t, "document_refused", h.alerts()[0])
		require.Equal(t, models.InvoicePaid, v.Status)
		require.Equal(t, sha(invoiceRef), v.SHA256)
		require.Equal(t, h.waits(models.DeadlineStaff)[0].DueAt, v.IssuedAt)
	})
	t.Run("F192 the self-billed invoice, before", func(t *testing.T) {
		h := newHarness(t)
		h.before(gate)
		h.refused = 1
		h.run(models.InvoiceType, invoiceID, models.InvoiceInput{Common: h.common(), Invoice: models.Invoice{Ref: invoiceRef,
			Kind: models.InvoiceSelfBilled, TrainerRef: trainer(1), NetCents: 45_000, TotalCents: 45_000}})
		require.Empty(t, all[models.Invoice](h.world))
		require.Empty(t, h.alerts())
	})
	t.Run("F140 certificates", func(t *testing.T) {
		h := newHarness(t)
		h.refused = 1
		h.followUp()
		require.Equal(t, []string{"document_refused"}, h.alerts())
		require.Len(t, h.mails("certificate"), 3)
	})
	t.Run("F140 certificates, before", func(t *testing.T) {
		h := newHarness(t)
		h.before(gate)
		h.refused = 1
		h.followUp()
		require.Empty(t, h.alerts())
		require.Empty(t, h.mails("certificate"))
	})
}

// TestGateAfterwards: whoever waits for the mail that an answer causes waits for the step alone; what the Temporal UI
// shows of it follows. Dossiers that began before the gate go on as they did: the histories v2_*.json replay.
func TestGateAfterwards(t *testing.T) {
	tell := func(before bool) (shown []int, story []string) {
		h := newHarness(t)
		if before {
			h.before("timers-and-attributes-afterwards")
		}
		h.env.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(mock.Arguments) { shown = append(shown, len(h.steps)) }).Return(nil)
		h.signed()
		h.session()
		return shown, h.kinds()
	}
	after, story := tell(false)
	require.Equal(t, 1, after[0], "the first step is written before it is shown")
	before, same := tell(true)
	require.Equal(t, 0, before[0], "it used to be asked for together")
	require.Equal(t, same, story)
}
