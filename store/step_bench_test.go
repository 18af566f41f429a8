package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
	"jalon/store/storetest"
)

// measure runs fn on a database of either kind that holds an agency's dossiers.
func measure(b *testing.B, fn func(b *testing.B, s *store.Store)) {
	for name, open := range map[string]func(testing.TB) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			s := open(b)
			storetest.Fill(b, s, 200)
			fn(b, s)
		})
	}
}

// midway is a step as a search writes them: answers taken, the next wave asked.
func midway(seq int64) models.Step {
	id := func(what string, i int64) string { return fmt.Sprintf("%s/%s/%d", request, what, i) }
	invitation := func(n int64) models.Invitation {
		return models.Invitation{Ref: id("invitation", n), Dossier: dossier, Number: int(n), TrainerRef: "T-000001", Status: models.InvitationSent, SentAt: noon}
	}
	message := func(n int64, what string) models.Message {
		return models.Message{Key: id(what, n), Template: "invitation", To: models.RoleTrainer, ToRef: "T-000001", DeadlineID: id("silence", n),
			Links: []models.Link{{Purpose: models.LinkAnswer, Subject: id("invitation", n)}}, Args: models.Args{{Name: "reference", Value: dossier}}}
	}
	return models.Step{Workflow: request, Run: "run", Seq: seq, At: noon.Add(time.Duration(seq) * time.Second), Dossier: dossier,
		Rows: models.Rows{Request: &models.Request{Ref: dossier, Stage: models.StageSolicitation, OpenedAt: noon},
			Invitations: []models.Invitation{invitation(seq), invitation(seq + 1)}},
		Journal: []models.JournalLine{{Kind: "invitation_answered", Subject: id("invitation", seq), Actor: "T-000001", Channel: models.ChannelLink},
			{Kind: "invited", Subject: id("invitation", seq+1), Actor: "system", Args: models.Args{{Name: "wave", Value: "2"}}}},
		Deadlines: []models.Deadline{{ID: id("silence", seq), Workflow: request, Dossier: dossier, Kind: models.DeadlineSilence, Awaits: models.RoleTrainer,
			OpenedAt: noon, DueAt: noon.Add(72 * time.Hour), Status: models.Open, Postponable: true, Asked: []string{id("ask", seq)}}},
		Messages: []models.Message{message(seq, "ask"), message(seq, "reminder")},
		Withdraw: []string{id("reminder", seq-1)},
		Handled:  []models.FactHandling{{ID: id("fact", seq), State: models.FactApplied}}}
}

func BenchmarkApply(b *testing.B) {
	measure(b, func(b *testing.B, s *store.Store) {
		for seq := int64(1); b.Loop(); seq++ {
			b.StopTimer()
			step := midway(seq)
			_, _, err := s.Receive(b.Context(), fact(step.Handled[0].ID, ""), at(0))
			require.NoError(b, err)
			b.StartTimer()
			_, err = s.Apply(b.Context(), step)
			require.NoError(b, err)
		}
	})
}

func BenchmarkReceive(b *testing.B) {
	measure(b, func(b *testing.B, s *store.Store) {
		_, err := s.Apply(b.Context(), midway(1))
		require.NoError(b, err)
		for i := 0; b.Loop(); i++ {
			_, dup, err := s.Receive(b.Context(), fact(fmt.Sprint(i), request+"/silence/1"), at(0))
			require.NoError(b, err)
			require.False(b, dup)
		}
	})
}

// BenchmarkRelay sends the two messages of a step, of which only the sending counts.
func BenchmarkRelay(b *testing.B) {
	measure(b, func(b *testing.B, s *store.Store) {
		for seq := int64(1); b.Loop(); seq++ {
			b.StopTimer()
			_, err := s.Apply(b.Context(), midway(seq))
			require.NoError(b, err)
			now := noon.Add(time.Duration(seq) * time.Second)
			b.StartTimer()
			rows, err := s.ClaimMessages(b.Context(), now, now, time.Second, 32)
			require.NoError(b, err)
			require.Len(b, rows, 2)
			for _, m := range rows {
				mine, err := s.RecordAttempt(b.Context(), m.Key, now)
				require.NoError(b, err)
				require.True(b, mine)
				require.NoError(b, s.MessageSent(b.Context(), m.Key, now))
			}
		}
	})
}
