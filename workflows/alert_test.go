package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

// TestAlertUnread follows the copy that goes to the team of an alert that its owner does not read (docs/adr/0007).
func TestAlertUnread(t *testing.T) {
	id := models.RequestID(dossier)
	unread := func(h *harness) (left, withdrawn int) {
		for _, m := range h.mails(models.TemplateAlertUnread) {
			require.Equal(t, models.RoleStaff, m.To)
			require.Empty(t, m.ToRef, "the team")
			switch m.Status {
			case models.MessageSent:
				left++
			case models.MessageWithdrawn:
				withdrawn++
			}
		}
		return left, withdrawn
	}
	t.Run("nobody acts for a business day: the team is told", func(t *testing.T) {
		h := working(t)
		h.when(models.StageQualification, func() {}) // nobody qualifies
		h.at("2026-11-06 10:00", func() { h.do(id, models.VerbQualify, models.Qualify{By: staff, Scope: h.scope()}) })
		h.at("2026-11-06 12:00", func() {
			alert, copied := h.mails(models.TemplateAlert)[0], h.mails(models.TemplateAlertUnread)[0]
			require.Equal(t, on("2026-11-05 08:00"), alert.NotBefore, "two business days after the request, in the mail hours")
			require.Equal(t, on("2026-11-09 08:00"), copied.NotBefore, "Friday passes; a day that is no business day does not count")
			require.Equal(t, "qualification_overdue", copied.Args.Get("alert"))
			require.Equal(t, "U-000001", copied.Args.Get("owner"))
		})
		h.request()
		left, withdrawn := unread(h)
		require.Equal(t, []int{0, 1}, []int{left, withdrawn}, "done on Friday: the team is not told on Monday")
	})
	t.Run("the team is told when nobody acts, and each call anew", func(t *testing.T) {
		h := working(t)
		h.when(models.StageQualification, func() {})
		h.at("2026-11-10 10:00", func() { h.do(id, models.VerbQualify, models.Qualify{By: staff, Scope: h.scope()}) })
		h.request()
		left, withdrawn := unread(h)
		require.Equal(t, []int{1, 1}, []int{left, withdrawn})
	})
	t.Run("an alert to the team has no copy", func(t *testing.T) {
		h := working(t)
		h.policy.GroupAlert = 7
		nobody := h.scope()
		nobody.Owner = ""
		h.run(models.TrainingRequestType, id, models.RequestInput{Common: h.common(), Ref: dossier, Scope: nobody})
		require.NotEmpty(t, h.mails(models.TemplateAlert))
		require.Empty(t, h.mails(models.TemplateAlertUnread))
	})
	t.Run("off: alerts stay with their owner", func(t *testing.T) {
		h := working(t)
		h.policy.GroupAlert, h.policy.AlertUnread = 7, models.Delay{}
		h.request()
		require.NotEmpty(t, h.mails(models.TemplateAlert))
		require.Empty(t, h.mails(models.TemplateAlertUnread))
	})
	t.Run("paid in the night: nobody is told in the morning that it is late", func(t *testing.T) {
		h := newHarness(t)
		h.must("2026-11-03 10:00", models.VerbConform)
		h.paid("2026-12-04 02:00", "2026-12-03")
		h.invoice(models.InvoiceSelfBilled)
		require.Contains(t, h.alerts(), "payment_late")
		require.Empty(t, h.left(models.TemplateAlert))
		require.Empty(t, h.left("finance_payment_late"))
	})
	t.Run("paid meanwhile: no copy about the payment leaves", func(t *testing.T) {
		h := newHarness(t)
		h.must("2026-11-03 10:00", models.VerbConform)
		h.paid("2026-12-04 10:00", "2026-12-04") // promised for the 3rd, late since midnight, said at 8
		h.invoice(models.InvoiceSelfBilled)
		require.Contains(t, h.alerts(), "payment_late")
		left, withdrawn := unread(h)
		require.Equal(t, []int{0, 1}, []int{left, withdrawn})
	})
}

func TestReassign(t *testing.T) {
	id := models.RequestID(dossier)
	h := working(t)
	h.policy.GroupAlert = 7
	var again, nobody *reply
	h.when(models.StageQualification, func() {
		h.do(id, models.VerbReassign, models.Reassign{By: staff, Owner: "U-000002"})
		again = h.command(id, models.VerbReassign, models.Reassign{By: staff, Owner: "U-000002"})
		nobody = h.command(id, models.VerbReassign, models.Reassign{By: staff})
		scope := h.scope()
		scope.Owner = "U-000002" // as the brief says now
		h.do(id, models.VerbQualify, models.Qualify{By: staff, Scope: scope})
	})
	h.also(models.StageSessions, 2*time.Hour, func() { h.do(id, models.VerbReassign, models.Reassign{By: staff, Owner: "U-000003"}) })
	h.onMail["sheet_ask"] = nil // a sheet nobody signs calls the owner
	h.onMail[models.TemplateAlert] = func(m models.Message) {
		if m.Args.Get("alert") == "sheet_missing" {
			h.later(time.Hour, func() { h.sheet(m.Subject) })
		}
	}
	h.request()
	require.Equal(t, models.CodeConflict, again.code)
	require.Equal(t, models.CodeInvalid, nobody.code)
	require.Equal(t, "U-000003", h.current.Owner)
	require.Equal(t, []string{"owner_changed", "owner_changed"}, h.kinds("owner_changed"))
	var alerted []string
	for _, m := range h.mails(models.TemplateAlert) {
		alerted = append(alerted, m.Args.Get("alert")+" "+m.ToRef)
	}
	require.Equal(t, []string{"group_size U-000001", "sheet_missing U-000003", "sheet_missing U-000003"}, alerted, "a session that was planned before")
	require.NotEmpty(t, h.told(models.FactOwnerChanged))
}
