package store_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
	"jalon/store/storetest"
)

// TestF020FindTrainers checks on both databases what the console's list of trainers and a trainer's page ask of them.
func TestF020FindTrainers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for _, x := range []models.Trainer{
			{Ref: "T-000001", Name: "Anaïs Ñandú", Email: "Formation@Exemple.org", Active: true, Validated: true, Skills: []models.Skill{{Topic: "tableur", Level: 4}, {Topic: "couture", Level: 2}}},
			{Ref: "T-000002", Name: "MAÎTRE CŒUR", Email: "zoé_b@example.net", Active: true, Skills: []models.Skill{{Topic: "couture", Level: 5}}},
			{Ref: "T-000003", Name: "100 % Bo", Email: "bo@example.org", Skills: []models.Skill{{Topic: "tableur", Level: 1}}},
		} {
			require.NoError(t, s.SaveTrainer(ctx, x))
		}
		refs := func(p store.Page[models.Trainer]) (out []string) {
			for _, x := range p.Items {
				out = append(out, strings.TrimPrefix(x.Ref, "T-00000"))
			}
			return out
		}
		for _, c := range []struct {
			filter store.TrainerFilter
			want   []string
		}{
			{store.TrainerFilter{}, []string{"3", "2", "1"}},
			{store.TrainerFilter{Active: true}, []string{"2", "1"}},
			{store.TrainerFilter{Active: true, Unchecked: true}, []string{"2"}},
			{store.TrainerFilter{Topic: "tableur"}, []string{"3", "1"}},
			{store.TrainerFilter{Topic: "tableur", Active: true, Search: "exemple"}, []string{"1"}},
			{store.TrainerFilter{Search: "nandu ANAIS"}, []string{"1"}},
			{store.TrainerFilter{Search: "coeur maitre"}, []string{"2"}},
			{store.TrainerFilter{Search: "t-000003"}, []string{"3"}},
			{store.TrainerFilter{Search: "formation@exemple.org"}, []string{"1"}},
			{store.TrainerFilter{Search: "zoé_b@"}, []string{"2"}},
			{store.TrainerFilter{Search: "@example"}, []string{"3", "2"}},
			{store.TrainerFilter{Search: "100 %"}, []string{"3"}},
			{store.TrainerFilter{Search: "'; --"}, nil},
			{store.TrainerFilter{Search: "anais coeur"}, nil},
		} {
			p, err := s.FindTrainers(ctx, c.filter, store.Cursor{}, 0)
			require.NoError(t, err)
			require.Equal(t, c.want, refs(p), c.filter)
		}
		p, err := s.FindTrainers(ctx, store.TrainerFilter{}, store.Cursor{}, 2)
		require.NoError(t, err)
		require.Len(t, p.Items[1].Skills, 1)
		p, err = s.FindTrainers(ctx, store.TrainerFilter{}, p.Next, 2)
		require.NoError(t, err)
		require.Equal(t, []string{"1"}, refs(p))
		require.Zero(t, p.Next)
		counts, err := s.TrainerCounts(ctx, store.TrainerFilter{Active: true, Unchecked: true, Search: "example exemple"})
		require.NoError(t, err)
		require.Empty(t, counts)
		counts, err = s.TrainerCounts(ctx, store.TrainerFilter{Active: true, Unchecked: true})
		require.NoError(t, err)
		require.Equal(t, []store.TrainerCount{{false, false, 1}, {true, false, 1}, {true, true, 1}}, counts)
		counts, err = s.TrainerCounts(ctx, store.TrainerFilter{Topic: "couture"})
		require.NoError(t, err)
		require.Equal(t, []store.TrainerCount{{true, false, 1}, {true, true, 1}}, counts)
	})
}

// TestAskedNow: a trainer is asked now by the search that goes on, unless they declined, whenever they said so.
func TestAskedNow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		seq := int64(0)
		ask := func(ref string, stage models.Stage, search int, i models.Invitation) {
			seq++
			require.NoError(t, s.SaveClient(ctx, models.Client{Ref: "C-1", Name: "Atelier"}))
			require.NoError(t, s.SaveBrief(ctx, models.Brief{Ref: ref, ClientRef: "C-1", Title: "Dorure"}))
			i.Ref, i.Dossier, i.SentAt = ref+"/1/invitation/1", ref, noon.AddDate(0, 0, int(seq))
			if i.TrainerRef == "" {
				i.TrainerRef = "T-1"
			}
			_, err := s.Apply(ctx, models.Step{Workflow: "seed", Run: "r", Seq: seq, At: noon, Dossier: ref, Rows: models.Rows{
				Request: &models.Request{Ref: ref, Stage: stage, Solicitation: search, OpenedAt: noon, TrainerRef: map[bool]string{true: "T-1"}[stage == models.StageAudit]}, Invitations: []models.Invitation{i}}})
			require.NoError(t, err)
		}
		ask("D-1", models.StageSolicitation, 1, models.Invitation{Search: 1, Status: models.InvitationSent})
		ask("D-2", models.StageSolicitation, 1, models.Invitation{Search: 1, Status: models.InvitationSilent, LateAnswer: "interested"})
		ask("D-3", models.StageSolicitation, 1, models.Invitation{Search: 1, Status: models.InvitationSilent, LateAnswer: "declined"})
		ask("D-4", models.StageSolicitation, 1, models.Invitation{Search: 1, Status: models.InvitationDeclined})
		ask("D-5", models.StageSolicitation, 2, models.Invitation{Search: 1, Status: models.InvitationSent})
		ask("D-6", models.StageAudit, 1, models.Invitation{Search: 1, Status: models.InvitationSilent})
		ask("D-7", models.StageSolicitation, 1, models.Invitation{Search: 1, Status: models.InvitationSent, TrainerRef: "T-2"})
		rows, err := s.AskedNow(ctx, "T-1", 10)
		require.NoError(t, err)
		require.Len(t, rows, 2)
		require.Equal(t, []string{"D-2", "Dorure", "Atelier", "D-1"}, []string{rows[0].Dossier, rows[0].Title, rows[0].Client, rows[1].Dossier})
		require.Equal(t, noon.AddDate(0, 0, 1), rows[1].SentAt)
		rows, err = s.AskedNow(ctx, "T-1", 1)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		p, err := s.Board(ctx, store.BoardFilter{Trainer: "T-1"}, store.Cursor{}, 0)
		require.NoError(t, err)
		require.Len(t, p.Items, 1)
		require.Equal(t, "D-6", p.Items[0].Ref)
	})
}
