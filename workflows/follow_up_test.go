package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

func (h *harness) followUp() {
	h.t.Helper()
	h.run(models.FollowUpType, models.FollowUpID(dossier), models.FollowUpInput{Common: h.common(), Dossier: dossier,
		CourseEnd: on("2026-10-30 17:30"), Owner: "U-000001"})
}

func TestFollowUp(t *testing.T) {
	t.Run("F140 F141 F142 F143 certificates, hot evaluation, reminder to who is missing, cold evaluation", func(t *testing.T) {
		h := newHarness(t)
		h.certified = []string{"P-000001", "P-000003"}
		h.missing[models.EvaluationHot] = []string{"P-000002", "P-000003"}
		h.followUp()
		require.False(t, h.cut)
		require.Len(t, h.left("certificate"), 2)
		require.Equal(t, []string{"certificate:" + dossier + "|P-000001"}, h.left("certificate")[0].Attach)
		require.Len(t, h.left("hot_evaluation"), 2)
		reminders := h.left("hot_reminder")
		require.Len(t, reminders, 1)
		require.Equal(t, "P-000003", reminders[0].ToRef)
		require.Equal(t, "1", h.line("evaluation_reminded").Args.Get("participants"))
		require.Len(t, h.kinds("evaluation_asked"), 2, "hot and cold, once")
		cold := h.left("cold_evaluation")
		require.Len(t, cold, 2)
		require.Equal(t, on("2027-01-29 08:00"), cold[0].SentAt, "ninety days after the course")
		require.Equal(t, models.Link{Purpose: models.LinkCold, Subject: dossier + "|P-000001"}, cold[0].Links[0])
		t.Logf("steps: %d", len(h.steps))
	})
	t.Run("F141 everybody answered: nobody is reminded, and the history says so", func(t *testing.T) {
		h := newHarness(t)
		h.followUp()
		require.Empty(t, h.mails("hot_reminder"))
		require.Len(t, h.kinds("evaluation_answered"), 1)
		require.Empty(t, h.kinds("evaluation_reminded"))
		require.Len(t, h.kinds("evaluation_asked"), 2)
	})
	t.Run("F142 no evaluations when the policy has none", func(t *testing.T) {
		h := newHarness(t)
		h.policy.HotEvaluation, h.policy.ColdEvaluation = models.Off, models.Delay{}
		h.followUp()
		require.Len(t, h.mails("certificate"), 3)
		require.Empty(t, h.mails("hot_evaluation"))
	})
	t.Run("F140 a certificate that reaches nobody shows on the dossier", func(t *testing.T) {
		h := newHarness(t)
		h.mailFate = func(m models.Message) (string, time.Duration) {
			if m.Template == "certificate" && m.ToRef == "P-000002" {
				return models.MessageNoAddress, 0
			}
			return "", 0
		}
		h.followUp()
		require.Len(t, h.kinds("message_undeliverable"), 1)
		for _, f := range h.inbox {
			if f.Kind == models.FactAlertRaised {
				require.Equal(t, dossier, f.Subject)
			}
		}
		require.Len(t, h.told(models.FactAlertRaised), 1)
	})
	for _, when := range []string{"2026-11-03 10:00", "2026-12-03 10:00", "2027-02-10 10:00"} {
		t.Run("F143 given up on "+when, func(t *testing.T) {
			h := newHarness(t)
			var mute *reply
			h.at(when, func() {
				mute = h.command(h.id, models.VerbGiveUp, models.Decision{By: models.By{Actor: "U"}})
				h.do(h.id, models.VerbGiveUp, decision())
			})
			h.followUp()
			require.Equal(t, models.CodeReasonMissing, mute.code)
			require.Equal(t, "follow_up_given_up", h.journal[len(h.journal)-1].Kind)
		})
	}
}
