package workflows_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

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
	for before, want := range map[bool]struct{ shown, set, unset []int }{
		// The step that opens a wait, the one that closes it and opens another, the last one.
		false: {shown: []int{1, 2, 3}, set: []int{1, 2}, unset: []int{2, 2}},
		true:  {shown: []int{0, 1, 2}, set: []int{0, 1}, unset: []int{1, 2}},
	} {
		t.Run(fmt.Sprintf("before: %v", before), func(t *testing.T) {
			h := alone(t, before)
			var shown []int
			h.env.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(mock.Arguments) { shown = append(shown, h.stepsWritten()) }).Return(nil)
			h.at("2026-11-02 10:00", func() { h.answer(inv(1), "interested", 45_000) })
			h.search()
			require.Equal(t, want.shown, shown)
			require.Equal(t, want.set, h.set)
			require.Equal(t, want.unset, h.unset)
			require.Equal(t, []string{"wave_sent", "invitation_interested"}, h.kinds())
		})
		t.Run(fmt.Sprintf("decided while the question is written, before: %v", before), func(t *testing.T) {
			h := alone(t, before)
			h.writing = func(s models.Step) {
				if s.Seq == 2 { // staff are asked to choose
					done := make(chan struct{})
					h.later(0, func() {
						h.do(h.id, models.VerbChoose, models.Choose{By: staff, Invitation: inv(1)})
						h.later(0, func() { close(done) })
					})
					<-done
				}
			}
			h.at("2026-11-02 10:00", func() { h.answer(inv(1), "interested", 45_000) })
			h.search()
			require.Equal(t, models.Met, h.waits(models.DeadlineStaff)[0].Status)
			require.Len(t, h.set, map[bool]int{false: 1, true: 2}[before], "the timer of what is over before it is written")
		})
	}
}

// alone is a search that asks one trainer, and ends at ten the next morning.
func alone(t *testing.T, before bool) *harness {
	h := newHarness(t)
	if before {
		h.before("timers-and-attributes-afterwards")
	}
	h.policy.WaveSize, h.policy.MaxWaves = 1, 1
	h.at("2026-11-03 10:00", h.engaged)
	return h
}

// TestGateWithdrawal: staff are told of a trainer who withdraws, until another is retained (F081); a dossier that came there
// before the gate goes on as it did.
func TestGateWithdrawal(t *testing.T) {
	for before, want := range map[bool][]string{false: {"trainer_withdrew"}, true: nil} {
		t.Run(fmt.Sprintf("before: %v", before), func(t *testing.T) {
			h := working(t)
			if before {
				h.before("alert-of-a-withdrawal")
			}
			usual := h.onMail["audit_slots"]
			h.onMail["audit_slots"] = func(m models.Message) {
				h.onMail["audit_slots"] = usual
				h.later(time.Hour, func() { h.fact(models.Fact{Kind: models.FactTrainerWithdrew, Actor: m.ToRef}) })
			}
			var shown, after []models.Alert
			h.onMail["trainer_changed_client"] = func(models.Message) { shown = h.standing }
			h.also(models.StageProgramme, time.Minute, func() { after = h.standing })
			h.request()
			require.Equal(t, want, h.alerts())
			require.Len(t, shown, len(want), "on the dossier, while another is looked for")
			require.Empty(t, after, "another is retained")
			require.Equal(t, models.StageClosed, h.current.Stage)
		})
	}
}

// TestGateBounced: who was sent again an invitation that bounced is told of the end of the search as the others are (F075), and
// who never got one is not; a search that ended before the gate told neither.
func TestGateBounced(t *testing.T) {
	for before, want := range map[bool]struct {
		told   []string
		status models.InvitationStatus
	}{
		false: {[]string{trainer(2), trainer(4), trainer(5)}, models.InvitationNotRetained},
		true:  {[]string{trainer(4), trainer(5)}, models.InvitationUndeliverable},
	} {
		t.Run(fmt.Sprintf("before: %v", before), func(t *testing.T) {
			h := newHarness(t)
			if before {
				h.before("end-told-after-a-bounce")
			}
			h.mailFate = func(m models.Message) (string, time.Duration) {
				if m.Template == "invitation" && slices.Contains([]string{inv(2), inv(3)}, m.Subject) {
					return models.MessageBounced, 0
				}
				return "", 0
			}
			h.answers(map[int]string{1: "interested"})
			h.at("2026-11-02 12:00", func() { h.resent(inv(2) + "/invitation/" + trainer(2)) })
			h.at("2026-11-02 15:00", func() { h.choose(row[models.Invitation](h.world, inv(1))) })
			h.at("2026-11-03 15:00", func() { h.engaged() })
			h.search()
			var told []string
			for _, m := range h.left("invitation_closed") {
				told = append(told, m.ToRef)
			}
			require.Equal(t, want.told, told)
			require.Equal(t, []models.InvitationStatus{want.status, want.status}, []models.InvitationStatus{h.status(2), h.status(3)})
		})
	}
}

// TestGateReport: the report of a call that is still to come, or was held before its dossier was opened, changes nothing
// (F080); a dossier that took one before the gate keeps it.
func TestGateReport(t *testing.T) {
	for before, want := range map[bool]string{false: "isolated", true: "complex"} {
		for name, ago := range map[string]time.Duration{"to come": 0, "before the dossier": 180 * 24 * time.Hour} {
			t.Run(fmt.Sprintf("%s, before: %v", name, before), func(t *testing.T) {
				h := working(t)
				if before {
					h.before("report-after-the-call")
				}
				earlyReport(h, ago)
				h.request()
				require.Equal(t, want, row[models.Audit](h.world, models.AuditRef(dossier, 1)).Scale, "the trainer's own is isolated")
				require.Len(t, h.kinds("fact_ignored"), 1, "the other one")
				require.Equal(t, models.StageClosed, h.current.Stage)
			})
		}
	}
}

// TestGateOneAlert: a parked message that is settled takes back its own alert, not that the same message reached nobody; a
// dossier that came there before the gate goes on as it did.
func TestGateOneAlert(t *testing.T) {
	const key = "the-message"
	for before, want := range map[bool][]string{false: {models.AlertUndeliverable}, true: nil} {
		t.Run(fmt.Sprintf("before: %v", before), func(t *testing.T) {
			h := working(t)
			if before {
				h.before("one-alert-taken-back")
			}
			about := func() (out []string) {
				for _, a := range h.standing {
					if a.Subject == key {
						out = append(out, a.Alert)
					}
				}
				return out
			}
			tell := func(kind models.FactKind, alert string) func() {
				return func() { h.fact(models.Fact{Kind: kind, Subject: key, Data: models.FactData{Reason: alert}}) }
			}
			var raised, settled, unnamed []string
			usual := h.onMail["audit_slots"]
			h.onMail["audit_slots"] = func(m models.Message) {
				tell(models.FactAlertRaised, models.AlertParked)()
				tell(models.FactAlertRaised, models.AlertUndeliverable)()
				h.later(time.Minute, func() { raised = about(); tell(models.FactAlertCleared, models.AlertParked)() })
				h.later(2*time.Minute, func() { settled = about(); tell(models.FactAlertCleared, "")() })
				h.later(3*time.Minute, func() { unnamed = about() })
				fire(usual, m)
			}
			h.request()
			require.Equal(t, []string{models.AlertParked, models.AlertUndeliverable}, raised)
			require.Equal(t, want, settled)
			require.Empty(t, unnamed, "a fact that names no alert takes back all, as those of earlier versions do")
			require.Equal(t, models.StageClosed, h.current.Stage)
		})
	}
}

// TestGateDeparture: a client has 30 days from the day on which the invoice reaches it (F202); one that was drawn before the
// gate goes on from its own date.
func TestGateDeparture(t *testing.T) {
	for before, want := range map[bool]models.Date{false: "2026-12-31", true: "2026-12-30"} {
		t.Run(fmt.Sprintf("before: %v", before), func(t *testing.T) {
			h := newHarness(t)
			if before {
				h.before("term-from-departure")
			}
			h.paid("2026-12-20 10:00", "2026-12-20")
			v := h.invoice(models.InvoiceClient, "2026-11-30 20:00") // after the hours of mail
			require.Equal(t, on("2026-12-01 08:00"), h.left("client_invoice")[0].SentAt)
			require.Equal(t, want, v.PromiseOn)
		})
	}
}
