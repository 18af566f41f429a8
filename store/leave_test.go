package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
	"jalon/store/storetest"
)

func account(t *testing.T, s *store.Store, ref string, active bool) {
	t.Helper()
	require.NoError(t, s.SaveUser(ctx, models.User{Ref: ref, Login: ref, Name: ref, Email: ref + "@example.org", Active: active}))
}

func TestLeaves(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		account(t, s, "U-1", true)
		leave := models.Leave{Ref: "L-1", UserRef: "U-1", From: "2026-12-01", Until: "2026-12-04", Backup: "U-2", Recorder: "U-1", CreatedAt: noon}
		require.NoError(t, s.AddLeave(ctx, leave))
		require.NoError(t, s.AddLeave(ctx, leave), "again changes nothing")
		for _, c := range []struct {
			from, until models.Date
			code        models.Code
		}{
			{"2026-12-04", "2026-12-08", models.CodeConflict}, {"2026-11-20", "2026-12-01", models.CodeConflict},
			{"2026-11-20", "2026-12-20", models.CodeConflict}, {"2026-12-02", "2026-12-03", models.CodeConflict},
			{"2026-11-20", "2026-11-30", ""}, {"2026-12-05", "2026-12-05", ""},
		} {
			err := s.AddLeave(ctx, models.Leave{Ref: "L-" + string(c.from+c.until), UserRef: "U-1", From: c.from, Until: c.until})
			require.Equal(t, c.code, models.ErrorCode(err), "%s to %s", c.from, c.until)
		}
		require.ErrorIs(t, s.AddLeave(ctx, models.Leave{Ref: "L-9", UserRef: "U-9", From: "2026-12-01", Until: "2026-12-04"}), store.ErrNotFound)
		for day, found := range map[models.Date]bool{"2026-12-01": true, "2026-12-04": true, "2026-12-06": false, "2026-11-19": false} {
			l, err := s.LeaveOn(ctx, "U-1", day)
			require.Equal(t, found, err == nil, day)
			require.Equal(t, found, l.Covers(day))
		}
		coming, err := s.Leaves(ctx, "U-1", "2026-12-01")
		require.NoError(t, err)
		require.Len(t, coming, 2, "what is over is left out")
		require.Equal(t, leave, coming[0])
		everybody, err := s.LeavesFrom(ctx, "2026-12-05")
		require.NoError(t, err)
		require.Len(t, everybody, 1)
		require.NoError(t, s.DropLeave(ctx, "L-1"))
		require.NoError(t, s.DropLeave(ctx, "L-1"), "again changes nothing")
		_, err = s.Leave(ctx, "L-1")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestLeavesAtOnceDoNotOverlap(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		account(t, s, "U-1", true)
		_ = together(8, func(i int) error {
			return s.AddLeave(ctx, models.Leave{Ref: "L-" + string(rune('a'+i)), UserRef: "U-1", From: "2026-12-01", Until: "2026-12-04"})
		})
		all, err := s.LeavesFrom(ctx, "2026-12-01")
		require.NoError(t, err)
		require.Len(t, all, 1)
	})
}

// TestStandIn follows the chain of backups.
func TestStandIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for ref, active := range map[string]bool{"U-here": true, "U-away": true, "U-chain": true, "U-gone": false, "U-lost": true,
			"U-left": false, "U-round": true, "U-trip": true, "U-lonely": true, "U-silent": true} {
			account(t, s, ref, active)
		}
		require.NoError(t, s.SaveUser(ctx, models.User{Ref: "U-mute", Login: "mute", Active: true})) // no address
		for user, backup := range map[string]string{"U-away": "U-here", "U-chain": "U-away", "U-left": "U-here", "U-lost": "U-gone",
			"U-round": "U-trip", "U-trip": "U-round", "U-lonely": "", "U-silent": "U-mute"} {
			require.NoError(t, s.AddLeave(ctx, models.Leave{Ref: "L-" + user, UserRef: user, From: "2026-12-01", Until: "2026-12-04", Backup: backup}))
		}
		for _, c := range []struct {
			user string
			day  models.Date
			want string
			why  string
		}{
			{"U-here", "2026-12-02", "U-here", "not absent"},
			{"U-away", "2026-11-30", "U-away", "not yet"},
			{"U-away", "2026-12-01", "U-here", "from the first day"},
			{"U-away", "2026-12-04", "U-here", "to the last"},
			{"U-away", "2026-12-05", "U-away", "and no longer"},
			{"U-chain", "2026-12-02", "U-here", "the backup's backup"},
			{"U-round", "2026-12-02", "", "a circle leads to the team"},
			{"U-lonely", "2026-12-02", "", "nobody named"},
			{"U-lost", "2026-12-02", "", "the backup's account is closed"},
			{"U-left", "2026-12-02", "U-here", "a closed account with an absence"},
			{"U-gone", "2026-12-02", "", "a closed account"},
			{"U-silent", "2026-12-02", "", "the backup has no address"},
			{"U-nobody", "2026-12-02", "", "unknown"},
		} {
			u, err := s.StandIn(ctx, c.user, c.day)
			require.NoError(t, err)
			require.Equal(t, c.want, u.Ref, "%s on %s: %s", c.user, c.day, c.why)
		}
	})
}

func TestReadAlerts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		alert := func(key, template string) models.Message {
			return models.Message{Key: key, Template: template, To: models.RoleStaff, NotBefore: noon.Add(24 * time.Hour)}
		}
		_, err := s.Apply(ctx, models.Step{Workflow: request, Run: "r", Seq: 1, At: noon, Dossier: dossier, Messages: []models.Message{
			alert("a/1", models.TemplateAlert), alert("a/2", models.TemplateAlertUnread), alert("a/3", models.TemplateAlertUnread)}})
		require.NoError(t, err)
		_, err = s.Apply(ctx, models.Step{Workflow: "invoice/I-1", Run: "r", Seq: 1, At: noon, Messages: []models.Message{alert("i/1", models.TemplateAlertUnread)}})
		require.NoError(t, err)
		n, err := s.ReadAlerts(ctx, store.AlertsOf{Dossier: "D-2026-000002"}, "U-1", noon)
		require.NoError(t, err)
		require.Zero(t, n)
		n, err = s.ReadAlerts(ctx, store.AlertsOf{Dossier: dossier}, "U-1", noon.Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, 2, n)
		n, err = s.ReadAlerts(ctx, store.AlertsOf{Dossier: dossier}, "U-2", noon.Add(2*time.Hour))
		require.NoError(t, err)
		require.Zero(t, n, "read once")
		for key, status := range map[string]string{"a/1": models.MessageQueued, "a/2": models.MessageWithdrawn, "a/3": models.MessageWithdrawn, "i/1": models.MessageQueued} {
			m, err := s.Message(ctx, key)
			require.NoError(t, err)
			require.Equal(t, status, m.Status, key)
		}
		reads, err := s.AlertReads(ctx, dossier)
		require.NoError(t, err)
		require.Equal(t, []models.AlertRead{{Alert: "a/2", Dossier: dossier, Reader: "U-1", At: noon.Add(time.Hour)},
			{Alert: "a/3", Dossier: dossier, Reader: "U-1", At: noon.Add(time.Hour)}}, reads)
		n, err = s.ReadAlerts(ctx, store.AlertsOf{Workflow: "invoice/I-1"}, "U-1", noon)
		require.NoError(t, err)
		require.Equal(t, 1, n)
	})
}
