package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"jalon/models"
)

// ReceiveOption adds to what Receive does.
type ReceiveOption func(*receiving)

type receiving struct {
	alongside []func(tx *Store) error
	lease     time.Time
}

// Alongside runs fn in the transaction that stores the fact, only when the fact is new; its error undoes both. fn may
// run again, and must do nothing but use tx.
func Alongside(fn func(tx *Store) error) ReceiveOption {
	return func(r *receiving) { r.alongside = append(r.alongside, fn) }
}

// Leased leaves the fact to the caller until a real instant: relays do not claim it before.
func Leased(until time.Time) ReceiveOption { return func(r *receiving) { r.lease = until } }

// Receive stores a fact, for good. Its moment of receipt is now() (business time), taken while the row of the deadline
// it answers is locked, unless staff gave one. A known ID changes nothing: the stored row comes back with dup true.
func (s *Store) Receive(ctx context.Context, fact models.Fact, now func() time.Time, opts ...ReceiveOption) (row models.Inbox, dup bool, err error) {
	if fact.ID == "" || fact.Kind == "" || fact.Workflow == "" {
		return models.Inbox{}, false, models.NewError(models.CodeInvalid, "fact: ID, kind and addressee are required")
	}
	var r receiving
	for _, o := range opts {
		o(&r)
	}
	err = s.Transact(ctx, func(tx *Store) error {
		if fact.DeadlineID != "" {
			if err := tx.lockDeadlines(ctx, fact.DeadlineID); err != nil {
				return err
			}
		}
		at := now().UTC().Truncate(time.Microsecond)
		row = models.Inbox{Fact: fact, State: models.FactPending, LeaseUntil: r.lease, StoredAt: at}
		if row.ReceivedAt.IsZero() {
			row.ReceivedAt = at
		}
		n, err := insert(ctx, tx, row)
		if err != nil {
			return err
		}
		if dup = n == 0; dup {
			row, err = tx.Fact(ctx, fact.ID)
			return err
		}
		tx.tx.left.Facts = true
		for _, fn := range r.alongside {
			if err := fn(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return models.Inbox{}, false, err
	}
	return row, dup, nil
}

// Fact reads a fact with its delivery state.
func (s *Store) Fact(ctx context.Context, id string) (models.Inbox, error) {
	return one[models.Inbox](ctx, s, "id = ?", id)
}

// Facts lists a dossier's facts, oldest first.
func (s *Store) Facts(ctx context.Context, dossier string) ([]models.Inbox, error) {
	return all[models.Inbox](ctx, s, "received_at, id", "dossier = ?", dossier)
}

// LastFact is the latest fact of a kind told to a process.
func (s *Store) LastFact(ctx context.Context, workflow string, kind models.FactKind) (models.Inbox, error) {
	var row models.Inbox
	err := s.db.WithContext(ctx).Where("workflow = ? AND kind = ?", workflow, kind).Order("received_at DESC, id DESC").Take(&row).Error
	return row, failure(err)
}

// ClaimFacts takes pending facts whose lease is over, oldest first, and leases them for a while of real time: two
// relays never hold the same one.
func (s *Store) ClaimFacts(ctx context.Context, realNow time.Time, lease time.Duration, limit int) ([]models.Inbox, error) {
	var rows []models.Inbox
	err := s.Transact(ctx, func(tx *Store) error {
		rows = nil
		// A fact waits for the earlier ones of its addressee that somebody holds.
		err := tx.unclaimed(ctx).Where("state = ? AND lease_until <= ?", models.FactPending, instant(realNow)).
			Where(`NOT EXISTS (SELECT 1 FROM inbox AS earlier WHERE earlier.workflow = inbox.workflow AND earlier.state = ?
				AND earlier.lease_until > ? AND (earlier.stored_at, earlier.id) < (inbox.stored_at, inbox.id))`,
				models.FactPending, instant(realNow)).
			Order("stored_at, id").Limit(limit).Find(&rows).Error
		if err != nil {
			return failure(err)
		}
		ids := make([]string, len(rows))
		for i := range rows {
			rows[i].Attempts++
			ids[i], rows[i].LeaseUntil = rows[i].ID, realNow.Add(lease)
		}
		if len(rows) > 0 {
			_, err = update[models.Inbox](ctx, tx, map[string]any{"attempts": gorm.Expr("attempts + 1"),
				"lease_until": instant(realNow.Add(lease))}, "id IN ?", ids)
		}
		return err
	})
	return rows, err
}

// unclaimed is a query that takes locks and passes over rows that another relay is claiming.
func (s *Store) unclaimed(ctx context.Context) *gorm.DB {
	return s.db.WithContext(ctx).Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate, Options: clause.LockingOptionsSkipLocked})
}

// FactDelivered says that a fact was signalled; what its workflow said of it already stays.
func (s *Store) FactDelivered(ctx context.Context, id string) error {
	_, err := update[models.Inbox](ctx, s, map[string]any{"state": models.FactDelivered}, "id = ? AND state = ?", id, models.FactPending)
	return err
}

// lateLine begins the keys of the journal lines that FactLate writes.
const lateLine = "fact_late/"

// FactLate says that nobody was left to tell, and writes it in the dossier's journal, dated at (business time).
func (s *Store) FactLate(ctx context.Context, id string, at time.Time) error {
	return s.Transact(ctx, func(tx *Store) error {
		n, err := update[models.Inbox](ctx, tx, map[string]any{"state": models.FactLate}, "id = ? AND state IN ?", id,
			[]string{models.FactPending, models.FactDelivered})
		if err != nil || n == 0 {
			return err
		}
		row, err := tx.Fact(ctx, id)
		if err != nil || row.Dossier == "" {
			return err
		}
		_, err = insert(ctx, tx, models.JournalLine{ID: lateLine + id, Dossier: row.Dossier, At: at, Kind: "fact_late",
			Subject: row.Subject, Actor: row.Actor, Channel: row.Channel, Recorder: row.Recorder,
			Args: models.Args{{Name: "fact", Value: string(row.Kind)}}})
		return err
	})
}

// FactRetry leaves a pending fact alone until a real instant.
func (s *Store) FactRetry(ctx context.Context, id string, until time.Time) error {
	_, err := update[models.Inbox](ctx, s, map[string]any{"lease_until": instant(until)}, "id = ? AND state = ?", id, models.FactPending)
	return err
}

// undeliverable tells a message's workflow that it reached nobody.
func (s *Store) undeliverable(ctx context.Context, m models.Message, at time.Time) error {
	if m.Workflow == "" {
		return nil
	}
	id := fmt.Sprintf("%s/%s", models.FactUndeliverable, m.Key)
	if m.Attempts > 0 { // one without an address is told once, and tried once there is one
		id += fmt.Sprintf("/%d", m.Attempts)
	}
	return s.post(ctx, at, models.Fact{ID: id, Kind: models.FactUndeliverable,
		Workflow: m.Workflow, Dossier: m.Dossier, Subject: m.Subject, ReceivedAt: at, Channel: models.ChannelMail,
		Actor: string(models.RoleSystem), Data: models.FactData{Ref: m.Key}})
}
