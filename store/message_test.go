package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
	"jalon/store/storetest"
)

// TestParkedMessageIsSettledByAPerson raises an alert on the dossier of a message that nobody knows to have left, until
// a person says what became of it.
func TestParkedMessageIsSettledByAPerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		park := func(key string, at time.Time) {
			ok, err := s.RecordAttempt(ctx, key, at)
			require.NoError(t, err)
			require.True(t, ok)
			require.NoError(t, s.MessageFailed(ctx, key, models.MessageParked, "unclear", at.Add(time.Minute)))
			require.NoError(t, s.MessageFailed(ctx, key, models.MessageParked, "unclear", at.Add(2*time.Minute)), "another relay saw it too")
		}
		alerts := func() (out []string) {
			rows, err := s.ClaimFacts(ctx, noon.Add(240*time.Hour), time.Second, 100)
			require.NoError(t, err)
			for _, f := range rows {
				require.Equal(t, models.RequestID(dossier), f.Workflow)
				out = append(out, string(f.Kind)+" "+f.Subject)
				require.NoError(t, s.FactDelivered(ctx, f.ID))
			}
			return out
		}
		message := func(key string) models.Message {
			m, err := s.Message(ctx, key)
			require.NoError(t, err)
			return m
		}
		apply(t, s, models.Step{Workflow: request, Seq: 1, Dossier: dossier, Messages: []models.Message{
			{Key: "left", Template: "certificate", To: models.RoleStaff}, {Key: "lost", Template: "certificate", To: models.RoleStaff}}})
		require.Equal(t, models.CodeConflict, models.ErrorCode(s.SettleMessage(ctx, "left", true, noon)), "it is not parked")
		require.Equal(t, models.CodeUnknown, models.ErrorCode(s.SettleMessage(ctx, "nothing", true, noon)))

		park("left", noon)
		park("lost", noon)
		require.ElementsMatch(t, []string{"alert_raised left", "alert_raised lost"}, alerts())
		parked, err := s.ParkedMessages(ctx)
		require.NoError(t, err)
		require.Len(t, parked, 2)

		require.NoError(t, s.SettleMessage(ctx, "left", true, noon.Add(time.Hour)))
		require.Equal(t, models.MessageSent, message("left").Status)
		require.True(t, message("left").SentAt.Equal(noon), "it left when it was tried")
		require.NoError(t, s.SettleMessage(ctx, "lost", false, noon.Add(time.Hour)))
		require.Equal(t, models.MessageQueued, message("lost").Status)
		require.ElementsMatch(t, []string{"alert_cleared left", "alert_cleared lost"}, alerts())
		claimed, err := s.ClaimMessages(ctx, noon, noon, time.Minute, 10)
		require.NoError(t, err)
		require.Len(t, claimed, 1)
		require.Equal(t, "lost", claimed[0].Key)

		park("lost", noon.Add(2*time.Hour))
		require.Equal(t, []string{"alert_raised lost"}, alerts(), "each time")
	})
}
