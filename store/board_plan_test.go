package store

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"jalon/models"
	"jalon/store/pgserver"
)

// TestBoardUsesIndexes reads SQLite's plans of what the console asks most: dossiers and deadlines are found or walked by
// an index, in the order of the page, never read through and sorted.
func TestBoardUsesIndexes(t *testing.T) {
	s, err := Open(t.Context(), "sqlite:"+t.TempDir()+"/jalon.db")
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Migrate(t.Context()))
	type statement struct {
		sql  string
		vars []any
	}
	var asked []statement
	require.NoError(t, s.db.Callback().Query().After("gorm:query").Register("test:keep", func(db *gorm.DB) {
		asked = append(asked, statement{db.Statement.SQL.String(), db.Statement.Vars})
	}))
	now := time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC)
	open := []models.Stage{models.StageQualification, models.StageSolicitation, models.StageSessions}
	from := Cursor{At: now, ID: "D-2026-000001"}
	counted := regexp.MustCompile(`count\((\*|DISTINCT)`)
	for name, ask := range map[string]func(ctx context.Context) error{
		"the list as it opens": func(ctx context.Context) error {
			_, err := s.Board(ctx, BoardFilter{Stages: open}, from, 0)
			return err
		},
		"one stage": func(ctx context.Context) error {
			_, err := s.Board(ctx, BoardFilter{Stages: open[:1]}, from, 0)
			return err
		},
		"one owner": func(ctx context.Context) error {
			_, err := s.Board(ctx, BoardFilter{Owner: "U-1"}, from, 0)
			return err
		},
		"alerts": func(ctx context.Context) error {
			_, err := s.Board(ctx, BoardFilter{Alerted: true}, from, 0)
			return err
		},
		"one alert": func(ctx context.Context) error {
			_, err := s.Board(ctx, BoardFilter{Alert: "programme_late"}, from, 0)
			return err
		},
		"overdue": func(ctx context.Context) error {
			_, err := s.Board(ctx, BoardFilter{DueBefore: now}, from, 0)
			return err
		},
		"by next due": func(ctx context.Context) error {
			_, err := s.BoardByDue(ctx, BoardFilter{Stages: open}, from, 0)
			return err
		},
		"counts":    func(ctx context.Context) error { _, err := s.BoardCounts(ctx, BoardFilter{}); return err },
		"the board": func(ctx context.Context) error { _, err := s.Due(ctx, DueFilter{}, from, 0); return err },
		"the board this week": func(ctx context.Context) error {
			_, err := s.Due(ctx, DueFilter{From: now, Before: now.AddDate(0, 0, 7)}, from, 0)
			return err
		},
		"the board of a role": func(ctx context.Context) error {
			_, err := s.Due(ctx, DueFilter{Awaits: models.RoleStaff}, from, 0)
			return err
		},
		"its counts": func(ctx context.Context) error { _, err := s.DueCounts(ctx, DueFilter{}, []time.Time{now}); return err },
		"missions of a trainer": func(ctx context.Context) error {
			_, err := s.Board(ctx, BoardFilter{Trainer: "T-1"}, from, 0)
			return err
		},
		"trainers": func(ctx context.Context) error {
			_, err := s.FindTrainers(ctx, TrainerFilter{Active: true}, Cursor{ID: "T-1"}, 0)
			return err
		},
		"trainers with a skill": func(ctx context.Context) error {
			_, err := s.FindTrainers(ctx, TrainerFilter{Topic: "tableur"}, Cursor{}, 0)
			return err
		},
		"requests not opened": func(ctx context.Context) error { _, err := s.Waiting(ctx, 50); return err },
	} {
		asked = nil
		require.NoError(t, ask(t.Context()), name)
		require.NotEmpty(t, asked, name)
		for _, q := range asked {
			var plan []struct{ Detail string }
			require.NoError(t, s.db.Raw("EXPLAIN QUERY PLAN "+q.sql, q.vars...).Scan(&plan).Error)
			for _, step := range plan {
				if name == "missions of a trainer" && strings.Contains(step.Detail, " r ") {
					require.Contains(t, step.Detail, "trainer_ref=?", q.sql)
				}
				if regexp.MustCompile(`^SCAN (r|a|alerts|d|e|o|i|inbox|trainers|skills)\b`).MatchString(step.Detail) {
					require.Regexp(t, "USING (COVERING )?INDEX", step.Detail, "%s: %s", name, q.sql)
				}
				// What is due, and the alerts that stand, are little.
				if few := name == "overdue" || name == "one alert" || strings.Contains(q.sql, "FROM `alerts`"); !few && !counted.MatchString(q.sql) {
					require.NotRegexp(t, "USE TEMP B-TREE FOR ORDER BY", step.Detail, "%s: %s", name, q.sql)
				}
			}
		}
	}
}

// TestWithdrawnByKey holds the plan of what every step does: by status, it would read all that is queued.
func TestWithdrawnByKey(t *testing.T) {
	s, err := Open(t.Context(), "sqlite:"+t.TempDir()+"/jalon.db")
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Migrate(t.Context()))
	var plan []struct{ Detail string }
	require.NoError(t, s.db.Callback().Update().After("gorm:update").Register("test:plan", func(db *gorm.DB) {
		require.NoError(t, s.db.Raw("EXPLAIN QUERY PLAN "+db.Statement.SQL.String(), db.Statement.Vars...).Scan(&plan).Error)
	}))
	require.NoError(t, s.withdraw(t.Context(), []string{"a", "b"}))
	require.Contains(t, fmt.Sprint(plan), "(key=?)")
	require.NotContains(t, fmt.Sprint(plan), "status")
}

func TestRowsOfAnOlderVersionAreFoundToo(t *testing.T) {
	s, err := Open(t.Context(), "sqlite:"+t.TempDir()+"/jalon.db")
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Migrate(t.Context()))
	require.NoError(t, s.SaveClient(t.Context(), models.Client{Ref: "C-1", Name: "Échoppe"}))
	require.NoError(t, s.SaveContact(t.Context(), models.Contact{Ref: "CC-1", ClientRef: "C-1", Name: "Noé"}))
	require.NoError(t, s.SaveTrainer(t.Context(), models.Trainer{Ref: "T-1", Name: "Zoë"}))
	require.NoError(t, s.SaveBrief(t.Context(), models.Brief{Ref: "D-1", Title: "Été", ClientRef: "C-1"}))
	kept := func() []searchText {
		rows, err := all[searchText](t.Context(), s, "kind", "")
		require.NoError(t, err)
		return rows
	}
	want := []searchText{{findBrief, "D-1", "d-1 ete "}, {findClient, "C-1", "echoppe"}, {findContact, "CC-1", "noe"}, {findTrainer, "T-1", "zoe"}}
	require.Equal(t, want, kept())
	require.NoError(t, s.db.Exec("DELETE FROM search_texts").Error)
	require.NoError(t, s.Migrate(t.Context()))
	require.Equal(t, want, kept())
}

// TestAlertsOfAnOlderVersion: what the dossier's row tells is what the fold of its older steps tells too, the newest alone.
func TestAlertsOfAnOlderVersion(t *testing.T) {
	server, err := pgserver.New()
	require.NoError(t, err)
	defer server.Remove()
	require.NoError(t, server.Start())
	for _, address := range []string{"sqlite:" + t.TempDir() + "/jalon.db", server.URL("postgres")} {
		kind, _, _ := strings.Cut(address, ":")
		t.Run(kind, func(t *testing.T) {
			s, err := Open(t.Context(), address)
			require.NoError(t, err)
			defer s.Close()
			p, err := s.provider()
			require.NoError(t, err)
			_, err = p.UpTo(t.Context(), 5)
			require.NoError(t, err)
			since := time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC)
			require.NoError(t, save(t.Context(), s, models.Request{Ref: "D-1", Alert: "programme_late", AlertAt: since}, models.Request{Ref: "D-2"}))
			require.NoError(t, s.Migrate(t.Context()))
			want := []models.Alert{{Dossier: "D-1", Alert: "programme_late", Since: since}}
			migrated, err := s.Alerts(t.Context(), "D-1", "D-2")
			require.NoError(t, err)
			require.Equal(t, want, migrated)
			step := models.Step{Workflow: "request/D-1", Run: "r", Seq: 1, At: since,
				Rows: models.Rows{Request: &models.Request{Ref: "D-1", Alert: "programme_late", AlertAt: since}}}
			_, err = s.Apply(t.Context(), step)
			require.NoError(t, err)
			folded, err := s.Alerts(t.Context(), "D-1")
			require.NoError(t, err)
			require.Equal(t, want, folded)
		})
	}
}
