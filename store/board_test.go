package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
	"jalon/store/storetest"
)

func boardRefs(p store.Page[store.BoardRow]) []string {
	var out []string
	for _, r := range p.Items {
		out = append(out, strings.TrimPrefix(r.Ref, "D-2026-"))
	}
	return out
}

// TestBoard checks on both databases what the console's pages ask of them; the pages' own tests check the rest.
func TestBoard(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for i, name := range []string{"Ébénisterie Müller & Fils", "MAÎTRE CŒUR", "100 % bois_brut!"} {
			require.NoError(t, s.SaveClient(ctx, models.Client{Ref: fmt.Sprint("C-", i), Name: name}))
			require.NoError(t, s.SaveContact(ctx, models.Contact{Ref: fmt.Sprint("CC-", i), ClientRef: fmt.Sprint("C-", i), Name: "Zoë " + string([]rune(name)[:1])}))
		}
		require.NoError(t, s.SaveTrainer(ctx, models.Trainer{Ref: "T-1", Name: "Anaïs Ñandú"}))
		seq := int64(0)
		apply := func(step models.Step) {
			seq++
			step.Workflow, step.Run, step.Seq, step.At = "seed", "r", seq, noon
			if r := step.Rows.Request; r != nil {
				step.Dossier = r.Ref
			}
			_, err := s.Apply(ctx, step)
			require.NoError(t, err)
		}
		stages := []models.Stage{models.StageQualification, models.StageAudit, models.StageClosed}
		standing := map[string][]models.Alert{"D-2026-000002": { // as its process lists them: the last is shown first, though it was raised before
			{Alert: "message_parked", Subject: "b", Since: noon.Add(-time.Hour)},
			{Alert: "message_parked", Subject: "a", Since: noon.Add(time.Hour)},
			{Alert: "audit_overdue", Subject: "D-2026-000002/audit/1", Since: noon}}}
		for i, stage := range stages {
			ref := fmt.Sprintf("D-2026-%06d", i+1)
			require.NoError(t, s.SaveBrief(ctx, models.Brief{Ref: ref, ClientRef: fmt.Sprint("C-", i), ContactRef: fmt.Sprint("CC-", i), Title: []string{"Dorure", "L’œuvre", "Rabot"}[i], Topic: []string{"", "couture", ""}[i]}))
			r := models.Request{Ref: ref, Stage: stage, Policy: "standard", OpenedAt: noon.Add(time.Duration(i) * time.Hour)}
			if i == 1 {
				r.Alert, r.AlertAt, r.Owner, r.TrainerRef = "audit_overdue", noon, "U-1", "T-1"
				old := []models.Alert{{Dossier: ref, Alert: "group_size", Subject: ref, Since: noon.Add(-2 * time.Hour)}}
				apply(models.Step{Rows: models.Rows{Request: &r, Alerts: old}}) // over since
			}
			apply(models.Step{Rows: models.Rows{Request: &r, Alerts: standing[ref]}})
			for n, status := range []models.Outcome{models.Missed, models.Open, models.Open} {
				if i == 2 {
					status = models.Met
				}
				apply(models.Step{Deadlines: []models.Deadline{{ID: fmt.Sprintf("request/%s#%d", ref, 9-n), Dossier: ref, Subject: ref, Kind: models.DeadlineSlots,
					Awaits: models.RoleTrainer, AwaitsRef: "T-1", Status: status, DueAt: noon.AddDate(0, 0, 3-i+n/2)}}})
			}
		}
		p, err := s.Board(ctx, store.BoardFilter{}, store.Cursor{}, 0)
		require.NoError(t, err)
		require.Equal(t, []string{"000003", "000002", "000001"}, boardRefs(p))
		require.Equal(t, "Anaïs Ñandú", p.Items[1].Trainer)
		require.Equal(t, "MAÎTRE CŒUR", p.Items[1].Client)
		require.Equal(t, "L’œuvre", p.Items[1].Title)
		require.Equal(t, noon, p.Items[1].AlertAt)
		var shown []string
		for _, a := range p.Items[1].Alerts {
			shown = append(shown, a.Alert+" "+a.Subject)
		}
		require.Equal(t, []string{"audit_overdue D-2026-000002/audit/1", "message_parked a", "message_parked b"}, shown, "the newest hides none")
		require.Empty(t, p.Items[0].Alerts)
		require.Equal(t, "request/D-2026-000002#8", p.Items[1].Next.ID, "the missed one is not awaited any more")
		require.Equal(t, noon.AddDate(0, 0, 2), p.Items[1].Next.DueAt)
		require.Empty(t, p.Items[0].Next.ID)

		p, err = s.BoardByDue(ctx, store.BoardFilter{}, store.Cursor{}, 1)
		require.NoError(t, err)
		require.Equal(t, []string{"000002"}, boardRefs(p))
		p, err = s.BoardByDue(ctx, store.BoardFilter{}, p.Next, 1)
		require.NoError(t, err)
		require.Equal(t, []string{"000001"}, boardRefs(p))
		require.Zero(t, p.Next)

		for words, want := range map[string][]string{
			"ebenisterie": {"000001"}, "MULLER fils": {"000001"}, "maitre coeur": {"000002"}, "CŒUR": {"000002"}, "oeuvre": {"000002"},
			"l'oeuvre": {"000002"}, "nandu": {"000002"}, "couture": {"000002"}, "zoe m": {"000002", "000001"}, "d-2026-000003": {"000003"},
			"100 %": {"000003"}, "s_b": {"000003"}, "brut!": {"000003"}, "%": {"000003"}, "s%b": nil, "'; --": nil, "muller rabot": nil,
		} {
			p, err := s.Board(ctx, store.BoardFilter{Search: words}, store.Cursor{}, 0)
			require.NoError(t, err, words)
			require.Equal(t, want, boardRefs(p), words)
			counts, err := s.BoardCounts(ctx, store.BoardFilter{Search: words})
			require.NoError(t, err)
			n := 0
			for _, c := range counts {
				if c.Alert == "" {
					n += c.Count
				}
			}
			require.Equal(t, len(want), n, words)
		}
		counts, err := s.BoardCounts(ctx, store.BoardFilter{Alerted: true, Stages: stages[:1]})
		require.NoError(t, err)
		require.Equal(t, []store.BoardCount{{models.StageAudit, "", 1}, {models.StageAudit, "audit_overdue", 1}, {models.StageAudit, "message_parked", 1}}, counts)
		counts, err = s.BoardCounts(ctx, store.BoardFilter{Alert: "message_parked"})
		require.NoError(t, err)
		require.Equal(t, []store.BoardCount{{models.StageAudit, "", 1}, {models.StageAudit, "audit_overdue", 1}, {models.StageAudit, "message_parked", 1}}, counts)
		counts, err = s.BoardCounts(ctx, store.BoardFilter{})
		require.NoError(t, err)
		require.Equal(t, []store.BoardCount{{models.StageAudit, "", 1}, {models.StageClosed, "", 1}, {models.StageQualification, "", 1},
			{models.StageAudit, "audit_overdue", 1}, {models.StageAudit, "message_parked", 1}}, counts)
		hidden, err := s.Requests(ctx, store.RequestFilter{Alert: "message_parked"}, store.Cursor{}, 0)
		require.NoError(t, err)
		require.Len(t, hidden.Items, 1)
		for _, c := range []struct {
			filter store.BoardFilter
			want   []string
		}{
			{store.BoardFilter{Stages: stages[:2]}, []string{"000002", "000001"}},
			{store.BoardFilter{Alerted: true}, []string{"000002"}},
			{store.BoardFilter{Alert: "audit_overdue", Owner: "U-1", Policy: "standard"}, []string{"000002"}},
			{store.BoardFilter{Alert: "message_parked"}, []string{"000002"}},
			{store.BoardFilter{Alert: "group_size"}, nil},
			{store.BoardFilter{Unowned: true}, []string{"000003", "000001"}},
			{store.BoardFilter{DueBefore: noon.AddDate(0, 0, 2)}, nil},
			{store.BoardFilter{DueBefore: noon.AddDate(0, 0, 2).Add(time.Microsecond)}, []string{"000002"}},
		} {
			p, err := s.Board(ctx, c.filter, store.Cursor{}, 0)
			require.NoError(t, err)
			require.Equal(t, c.want, boardRefs(p), c.filter)
		}

		due, err := s.Due(ctx, store.DueFilter{Awaits: models.RoleTrainer, Kind: models.DeadlineSlots}, store.Cursor{}, 3)
		require.NoError(t, err)
		require.Len(t, due.Items, 3)
		require.NotZero(t, due.Next)
		require.Equal(t, "Anaïs Ñandú", due.Items[0].Person)
		require.Equal(t, "audit_overdue", due.Items[0].Alert)
		require.Equal(t, "U-1", due.Items[0].Owner)
		due, err = s.Due(ctx, store.DueFilter{Owner: "U-1", From: noon.AddDate(0, 0, 3)}, store.Cursor{}, 0)
		require.NoError(t, err)
		require.Len(t, due.Items, 1)
		spans, err := s.DueCounts(ctx, store.DueFilter{}, []time.Time{noon, noon.AddDate(0, 0, 3)})
		require.NoError(t, err)
		require.Equal(t, []store.DueCount{{1, models.RoleTrainer, models.DeadlineSlots, 1}, {2, models.RoleTrainer, models.DeadlineSlots, 3}}, spans)
	})
}

func TestFold(t *testing.T) {
	require.Equal(t, "l'oeuvre de cesar a noel: ca, ici", store.Fold("L’Œuvre de CÉSAR à Noël: Ça, ici"))
}
