package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
	"jalon/store/storetest"
)

// written are steps of three processes of one dossier as they were written, facts and messages included.
func written(t *testing.T, s *store.Store) []models.Step {
	t.Helper()
	require.NoError(t, s.SaveTrainer(ctx, models.Trainer{Ref: "T-1", Email: "trainer@example.org", Active: true}))
	require.NoError(t, s.SaveBrief(ctx, models.Brief{Ref: dossier, ContactRef: "X-1"}))
	require.NoError(t, s.SaveParticipants(ctx, []models.Participant{{Ref: "P-1", Dossier: dossier, Email: "p1@example.org", CreatedAt: noon}}))
	late := due(2, "2026-11-24")
	late.At = noon.Add(2 * time.Hour)
	steps := []models.Step{
		{Workflow: request, Seq: 1, At: noon, Dossier: dossier, Rows: models.Rows{Request: &models.Request{Ref: dossier, Stage: models.StageAudit, Alert: "group_size", AlertAt: noon},
			Alerts:      []models.Alert{{Dossier: dossier, Alert: "qualification_overdue", Subject: dossier, Since: noon}, {Dossier: dossier, Alert: "group_size", Subject: dossier, Since: noon}},
			NewSessions: []models.Session{{Ref: models.SessionRef(dossier, 1), Dossier: dossier, Number: 1, Status: models.SessionPlanned}}},
			Journal:   []models.JournalLine{{ID: "line/1", Dossier: dossier, At: noon, Kind: "request_opened"}},
			Deadlines: []models.Deadline{{ID: "silence", Workflow: request, Dossier: dossier, Status: models.Open, DueAt: noon.Add(time.Hour)}},
			Messages: []models.Message{{Key: "ask", Template: "invitation", To: models.RoleTrainer, ToRef: "T-1"},
				{Key: "all", Template: "convocation", To: models.RoleParticipants}}},
		due(1, "2026-11-23"),
		settle("2026-11"),
		late, // its month is settled: it joins the next
		{Workflow: request, Seq: 2, At: noon.Add(2 * time.Hour), Dossier: dossier, Expiries: []string{"silence"},
			Handled: []models.FactHandling{{ID: "told", State: models.FactApplied}}},
	}
	for i := range steps {
		steps[i].Run = "run"
	}
	for i, step := range steps {
		if i == len(steps)-1 {
			_, _, err := s.Receive(ctx, fact("told", ""), at(0))
			require.NoError(t, err)
		}
		apply(t, s, step)
	}
	return steps
}

func verify(t *testing.T, s *store.Store, steps []models.Step) store.Verification {
	t.Helper()
	written := map[string]int64{}
	for _, step := range steps {
		if step.Rows.Request == nil || step.Rows.Request.Stage != models.StageClosed { // that one is on its way
			written[step.Workflow] = max(written[step.Workflow], step.Seq)
		}
	}
	v, err := s.Verify(ctx, storetest.SQLite(t), func(context.Context) (store.Histories, error) {
		return store.Histories{Steps: steps, Written: written}, nil
	})
	require.NoError(t, err)
	return v
}

func TestProjectionFoldsAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		steps := written(t, s)
		month, err := s.PayLine(ctx, models.SessionRef(dossier, 2))
		require.NoError(t, err)
		require.Equal(t, models.Month("2026-12"), month.Month)

		// What others than processes write is no difference: deliveries, late facts, a class that changed since.
		require.NoError(t, s.MessageSent(ctx, "ask", noon))
		require.NoError(t, s.FactDelivered(ctx, "line_due/"+models.SessionRef(dossier, 1)))
		_, _, err = s.Receive(ctx, fact("nobody-left", ""), at(time.Hour))
		require.NoError(t, err)
		require.NoError(t, s.FactLate(ctx, "nobody-left", noon))
		require.NoError(t, s.MessageFailed(ctx, "ask", models.MessageParked, "unclear", noon))
		require.NoError(t, s.Settle(ctx, store.Settlement{ID: "found", Key: "ask", Actor: "U-1", At: noon}))
		line := models.JournalLine{Dossier: dossier, Subject: dossier, Actor: "U-1", Channel: models.ChannelConsole, At: noon}
		for range 2 { // the call again
			require.NoError(t, s.Register(ctx, "key", line, []models.Participant{{Ref: "P-2", Dossier: dossier, Email: "p2@example.org", CreatedAt: noon.Add(time.Hour)},
				{Ref: "P-3", Dossier: dossier, CreatedAt: noon.Add(time.Hour)}}))
		}
		line.At = noon.Add(time.Hour)
		require.NoError(t, s.CorrectParticipant(ctx, line, models.Participant{Ref: "P-2", Name: "Léa", Email: "p2@example.org"}))
		require.NoError(t, s.RemoveParticipant(ctx, line, "P-3"))
		// They are convoked late, by the same message sent again: only they get it.
		again := models.Step{Workflow: request, Run: "run", Seq: 3, At: noon.Add(3 * time.Hour), Dossier: dossier, Messages: steps[0].Messages[1:],
			Deadlines: []models.Deadline{{ID: "silence", Status: models.Missed, DueAt: noon.Add(time.Hour), ClosedAt: noon.Add(time.Hour)}}}
		apply(t, s, again)
		late, err := s.Message(ctx, "all/P-2")
		require.NoError(t, err)
		require.Equal(t, again.At, late.CreatedAt)
		require.Equal(t, again.At, late.NotBefore)
		steps = append(steps, again)
		// A step that history has and the database not yet is on its way, its repeat too.
		next := models.Step{Workflow: request, Run: "run", Seq: 4, At: noon, Rows: models.Rows{Request: &models.Request{Ref: dossier, Stage: models.StageClosed}}}

		v := verify(t, s, append(slices.Clone(steps), steps[0], next))
		require.Empty(t, v.Differences)
		require.Zero(t, v.Forgotten)
		require.Greater(t, v.Rows, 12)
		lines, err := s.JournalBack(ctx, dossier, store.Cursor{}, 20)
		require.NoError(t, err)
		require.Len(t, slices.DeleteFunc(lines.Items, func(l models.JournalLine) bool { return l.Kind != "participants_registered" }), 1)
	})
}

func TestProjectionShowsWhatNoHistoryExplains(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		steps := written(t, s)
		differ := func(change func(steps []models.Step) []models.Step) []string {
			copied := slices.Clone(steps)
			var out []string
			for _, d := range verify(t, s, change(copied)).Differences {
				out = append(out, d.Table+" "+d.Key+" "+d.Column)
			}
			return out
		}
		require.Equal(t, []string{"requests " + dossier + " stage"}, differ(func(steps []models.Step) []models.Step {
			r := *steps[0].Rows.Request
			r.Stage = models.StageContract
			steps[0].Rows.Request = &r
			return steps
		}), "a status that no process decided")
		require.Equal(t, []string{"alerts " + dossier + "|group_size|" + dossier + " "}, differ(func(steps []models.Step) []models.Step {
			steps[0].Rows.Alerts = steps[0].Rows.Alerts[:1]
			return steps
		}), "an alert that no process raised")
		require.Equal(t, []string{"journal_lines line/1 "}, differ(func(steps []models.Step) []models.Step {
			steps[0].Journal = nil
			return steps
		}), "a line of what did not happen")
		require.Equal(t, []string{"messages lost "}, differ(func(steps []models.Step) []models.Step {
			steps[0].Messages = append(slices.Clone(steps[0].Messages), models.Message{Key: "lost", To: models.RoleStaff})
			return steps
		}), "a message that was lost")
		require.Equal(t, []string{"messages all/P-1 created_at"}, differ(func(steps []models.Step) []models.Step {
			steps[0].Messages = slices.Clone(steps[0].Messages)
			steps[0].Messages[1].CreatedAt = noon.Add(time.Minute)
			return steps
		}), "a copy of another moment, to somebody registered all along")
		require.Equal(t, []string{"inbox told state"}, differ(func(steps []models.Step) []models.Step {
			steps[4].Handled = []models.FactHandling{{ID: "told", State: models.FactIgnored}}
			return steps
		}), "a fact told otherwise")
		require.Equal(t, []string{"processes " + request + " seq"}, differ(func(steps []models.Step) []models.Step {
			return append(steps, models.Step{Workflow: request, Run: "run", Seq: 3, At: noon})
		}), "a step that was answered, and lost")
		require.Contains(t, differ(func(steps []models.Step) []models.Step {
			steps[2], steps[3] = steps[3], steps[2] // had the line come before its month was settled, the month would have been told so
			return steps
		}), "inbox line_due/"+models.SessionRef(dossier, 2)+"/2026-12 ")
		require.Contains(t, differ(func(steps []models.Step) []models.Step {
			return slices.DeleteFunc(steps, func(s models.Step) bool { return s.Workflow == request && s.Seq == 2 })
		}), "processes "+request+" seq", "a step that no history has")
	})
}

func TestProjectionOfForgottenHistories(t *testing.T) {
	s := storetest.SQLite(t)
	steps := written(t, s)
	v := verify(t, s, slices.DeleteFunc(steps, func(s models.Step) bool { return s.Workflow == models.SessionID(dossier, 1) }))
	require.Equal(t, 1, v.Forgotten)
	require.Empty(t, v.Differences, "Temporal forgets what ended long ago: that is no fault of the database")
}
