package store

import (
	"context"
	"slices"
	"time"

	"jalon/models"
)

// Deadline reads a deadline.
func (s *Store) Deadline(ctx context.Context, id string) (models.Deadline, error) {
	return one[models.Deadline](ctx, s, "id = ?", id)
}

// Deadlines lists those of a dossier, open or not, by due instant.
func (s *Store) Deadlines(ctx context.Context, dossier string) ([]models.Deadline, error) {
	return all[models.Deadline](ctx, s, "due_at, id", "dossier = ?", dossier)
}

// Unreached are those of some open deadlines, by ID, of which no message that asks reached anybody: they end without a silence.
func (s *Store) Unreached(ctx context.Context, open []models.Deadline) (map[string]bool, error) {
	var keys []string
	for _, d := range open {
		keys = append(keys, d.Asked...)
	}
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := all[models.Message](ctx, s, "key", "key IN ? OR group_key IN ?", keys, keys)
	out := map[string]bool{}
	for _, d := range open {
		asks := slices.DeleteFunc(slices.Clone(rows), func(m models.Message) bool {
			return !slices.Contains(d.Asked, m.Key) && !slices.Contains(d.Asked, m.GroupKey)
		})
		out[d.ID] = len(asks) > 0 && !slices.ContainsFunc(asks, func(m models.Message) bool { return !m.Undelivered() })
	}
	return out, err
}

// DeadlineFilter narrows a list of open deadlines; empty fields do not.
type DeadlineFilter struct {
	Dossier  string
	Workflow string
	Awaits   models.Role
	Before   time.Time // due no later
}

// OpenDeadlines lists what falls due, soonest first.
func (s *Store) OpenDeadlines(ctx context.Context, f DeadlineFilter, from Cursor, limit int) (Page[models.Deadline], error) {
	db := s.db.WithContext(ctx).Where(isOpen)
	if f.Dossier != "" {
		db = db.Where("dossier = ?", f.Dossier)
	}
	if f.Workflow != "" {
		db = db.Where("workflow = ?", f.Workflow)
	}
	if f.Awaits != "" {
		db = db.Where("awaits = ?", f.Awaits)
	}
	if !f.Before.IsZero() {
		db = db.Where("due_at <= ?", instant(f.Before))
	}
	return page(db, order[models.Deadline]{at: "due_at", id: "id",
		place: func(d models.Deadline) Cursor { return Cursor{At: d.DueAt, ID: d.ID} }}, from, limit)
}
