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

// Asking lists the messages that ask for what some deadlines await, by the deadline's ID: those of the keys it has, or made
// for each participant from one that has such a key.
func (s *Store) Asking(ctx context.Context, deadlines ...models.Deadline) (map[string][]models.Message, error) {
	var keys []string
	for _, d := range deadlines {
		keys = append(keys, d.Asked...)
	}
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := all[models.Message](ctx, s, "key", "key IN ? OR group_key IN ?", keys, keys)
	out := map[string][]models.Message{}
	for _, d := range deadlines {
		for _, m := range rows {
			if slices.Contains(d.Asked, m.Key) || slices.Contains(d.Asked, m.GroupKey) {
				out[d.ID] = append(out[d.ID], m)
			}
		}
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
