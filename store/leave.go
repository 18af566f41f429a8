package store

import (
	"context"
	"errors"
	"time"

	"jalon/models"
)

// Leave reads an absence of somebody of the staff.
func (s *Store) Leave(ctx context.Context, ref string) (models.Leave, error) {
	return one[models.Leave](ctx, s, "ref = ?", ref)
}

// Leaves lists the absences of a user that end on a day or later, by date.
func (s *Store) Leaves(ctx context.Context, user string, from models.Date) ([]models.Leave, error) {
	return all[models.Leave](ctx, s, "until, ref", "user_ref = ? AND until >= ?", user, from)
}

// LeavesFrom lists everybody's absences that end on a day or later, by user and date.
func (s *Store) LeavesFrom(ctx context.Context, from models.Date) ([]models.Leave, error) {
	return all[models.Leave](ctx, s, "user_ref, until, ref", "until >= ?", from)
}

// LeaveOn reads the absence that covers a day; ErrNotFound if the user is there.
func (s *Store) LeaveOn(ctx context.Context, user string, day models.Date) (models.Leave, error) {
	return one[models.Leave](ctx, s, `user_ref = ? AND until >= ? AND "from" <= ?`, user, day, day)
}

// AddLeave writes an absence, once; one that overlaps another of the same user is a conflict.
func (s *Store) AddLeave(ctx context.Context, l models.Leave) error {
	return s.Transact(ctx, func(tx *Store) error {
		// The account is locked, so that two absences keyed at once do not overlap.
		var owner models.User
		if err := tx.locked(ctx).Where("ref = ?", l.UserRef).Take(&owner).Error; err != nil {
			return failure(err)
		}
		var n int64
		err := tx.db.WithContext(ctx).Model(&models.Leave{}).
			Where(`user_ref = ? AND ref <> ? AND until >= ? AND "from" <= ?`, l.UserRef, l.Ref, l.From, l.Until).Count(&n).Error
		if err != nil {
			return failure(err)
		}
		if n > 0 {
			return models.NewError(models.CodeConflict, "another absence covers some of these days")
		}
		_, err = insert(ctx, tx, l)
		return err
	})
}

// DropLeave forgets an absence; an unknown one is forgotten already.
func (s *Store) DropLeave(ctx context.Context, ref string) error {
	return s.Transact(ctx, func(tx *Store) error {
		return failure(tx.db.WithContext(ctx).Where("ref = ?", ref).Delete(&models.Leave{}).Error)
	})
}

// StandIn is who reads what is meant for a user on a day: the user, or along the chain of backups the first one who
// has an active account with an address and is not absent. A user without reference: nobody, the team reads it.
func (s *Store) StandIn(ctx context.Context, user string, day models.Date) (models.User, error) {
	seen := map[string]bool{}
	for ref := user; ref != "" && !seen[ref]; {
		seen[ref] = true
		u, err := s.User(ctx, ref)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return models.User{}, err
		}
		away, err := s.LeaveOn(ctx, ref, day)
		switch {
		case errors.Is(err, ErrNotFound) && u.Active && u.Email != "":
			return u, nil
		case err != nil && !errors.Is(err, ErrNotFound):
			return models.User{}, err
		}
		ref = away.Backup
	}
	return models.User{}, nil
}

// AlertsOf says which alerts: those of a dossier, or those of one process (a month, an invoice).
type AlertsOf struct{ Dossier, Workflow string }

// ReadAlerts notes that somebody has seen the alerts whose copy waits to go to the team, at (business time): the copies
// do not leave. It tells how many there were.
func (s *Store) ReadAlerts(ctx context.Context, of AlertsOf, reader string, at time.Time) (int, error) {
	column, value := "dossier", of.Dossier
	if value == "" {
		column, value = "workflow", of.Workflow
	}
	waiting := column + " = ? AND template = ? AND status = ?"
	args := []any{value, models.TemplateAlertUnread, models.MessageQueued}
	// Most pages are opened without an alert: looked up before a writer is asked for.
	if some, err := all[models.Message](ctx, s, "key", waiting, args...); err != nil || len(some) == 0 {
		return 0, err
	}
	var n int
	err := s.Transact(ctx, func(tx *Store) error {
		var copies []models.Message
		if err := tx.locked(ctx).Where(waiting, args...).Order("key").Find(&copies).Error; err != nil {
			return failure(err)
		}
		n = len(copies)
		var keys []string
		reads := make([]models.AlertRead, n)
		for i, m := range copies {
			keys = append(keys, m.Key)
			reads[i] = models.AlertRead{Alert: m.Key, Dossier: m.Dossier, Reader: reader, At: at}
		}
		if _, err := insert(ctx, tx, reads...); err != nil {
			return err
		}
		return tx.withdraw(ctx, keys)
	})
	return n, err
}

// AlertReads lists who read the alerts of a dossier, latest first.
func (s *Store) AlertReads(ctx context.Context, dossier string) ([]models.AlertRead, error) {
	return all[models.AlertRead](ctx, s, "at DESC, alert", "dossier = ?", dossier)
}
