package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"jalon/models"
)

// Message reads one message of the outbox.
func (s *Store) Message(ctx context.Context, key string) (models.Message, error) {
	return one[models.Message](ctx, s, "key = ?", key)
}

// Messages lists a dossier's messages, oldest first.
func (s *Store) Messages(ctx context.Context, dossier string, from Cursor, limit int) (Page[models.Message], error) {
	return page(s.db.WithContext(ctx).Where("dossier = ?", dossier), order[models.Message]{at: "created_at", id: "key",
		place: func(m models.Message) Cursor { return Cursor{At: m.CreatedAt, ID: m.Key} }}, from, limit)
}

// undelivered narrows messages down to those that reached nobody, and should have: nobody looks for participants removed since.
const undelivered = " = ? AND status IN ? AND NOT EXISTS (SELECT 1 FROM participants WHERE participants.ref = to_ref AND removed_at <> '')"

// Undelivered lists the messages of a dossier that reached nobody, oldest first.
func (s *Store) Undelivered(ctx context.Context, dossier string) ([]models.Message, error) {
	return all[models.Message](ctx, s, "created_at, key", "messages.dossier"+undelivered, dossier, models.MessagesUndelivered)
}

// UndeliveredBy lists those of a process.
func (s *Store) UndeliveredBy(ctx context.Context, workflow string) ([]models.Message, error) {
	return all[models.Message](ctx, s, "created_at, key", "messages.workflow"+undelivered, workflow, models.MessagesUndelivered)
}

// UndeliveredOf lists, by subject, those that alerts of a dossier or lines of its journal about these subjects are about.
func (s *Store) UndeliveredOf(ctx context.Context, dossier string, subjects ...string) (map[string][]models.Message, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	rows, err := s.Undelivered(ctx, dossier)
	return models.ByAlert(rows, subjects...), err
}

// ClaimMessages takes queued messages that may leave now (business time) and whose lease is over, oldest first, and
// leases them for a while of real time.
func (s *Store) ClaimMessages(ctx context.Context, realNow, businessNow time.Time, lease time.Duration, limit int) ([]models.Message, error) {
	passOver := "" // rows that another relay is claiming; SQLite has a single writer
	if !s.core.sqlite {
		passOver = " FOR UPDATE SKIP LOCKED"
	}
	var rows []models.Message
	// One statement, since mails wait for it. What locks rows is read once, whatever the plan, when it is named.
	err := s.once(ctx, func(tx *Store) error {
		rows = nil
		return failure(tx.db.WithContext(ctx).Raw(`WITH free AS (SELECT key FROM messages WHERE status = ? AND not_before <= ? AND lease_until <= ?
			ORDER BY not_before, key LIMIT ?`+passOver+`) UPDATE messages SET lease_until = ? WHERE key IN (SELECT key FROM free) RETURNING *`,
			models.MessageQueued, instant(businessNow), instant(realNow), limit, instant(realNow.Add(lease))).Scan(&rows).Error)
	})
	slices.SortFunc(rows, func(a, b models.Message) int {
		return cmp.Or(a.NotBefore.Compare(b.NotBefore), strings.Compare(a.Key, b.Key))
	})
	return rows, err
}

// RecordAttempt notes, before it is made, that a message is about to leave at (business time). False: it was
// withdrawn or taken by another relay meanwhile, and must not be sent.
func (s *Store) RecordAttempt(ctx context.Context, key string, at time.Time) (bool, error) {
	n, err := update[models.Message](ctx, s, map[string]any{"status": models.MessageSending, "attempts": gorm.Expr("attempts + 1"),
		"attempt_at": instant(at)}, "key = ? AND status = ?", key, models.MessageQueued)
	return n > 0, err
}

func (s *Store) lockMessage(ctx context.Context, key string) (models.Message, error) {
	var m models.Message
	err := s.locked(ctx).Where("key = ?", key).Take(&m).Error
	return m, failure(err)
}

// MessageSent says that a message left at (business time). What a webhook said of it already stays.
func (s *Store) MessageSent(ctx context.Context, key string, at time.Time) error {
	onItsWay := []string{models.MessageQueued, models.MessageSending, models.MessageParked}
	n, err := update[models.Message](ctx, s, map[string]any{"sent_at": instant(at),
		"status":  gorm.Expr("CASE WHEN status IN ? THEN ? ELSE status END", onItsWay, models.MessageSent),
		"failure": gorm.Expr("CASE WHEN status IN ? THEN '' ELSE failure END", onItsWay)}, "key = ? AND sent_at = ''", key)
	if err == nil && n == 0 {
		_, err = s.Message(ctx, key)
	}
	return err
}

// MessageFailed ends a message as bounced, no_address or parked, with a code. All but parked tell its workflow, in
// the same transaction, that it reached nobody; parked raises an alert on its dossier. At is business time.
func (s *Store) MessageFailed(ctx context.Context, key, status, code string, at time.Time) error {
	switch status {
	case models.MessageBounced, models.MessageNoAddress, models.MessageParked:
	default:
		return models.NewError(models.CodeInvalid, fmt.Sprintf("message: %q is not a failure", status))
	}
	return s.Transact(ctx, func(tx *Store) error {
		m, err := tx.lockMessage(ctx, key)
		if err != nil {
			return err
		}
		switch m.Status {
		case models.MessageBounced, models.MessageNoAddress, models.MessageWithdrawn, models.MessageSuperseded:
			return nil
		}
		_, err = update[models.Message](ctx, tx, map[string]any{"status": status, "failure": code}, "key = ?", key)
		switch {
		case err != nil || m.Status == status:
			return err
		case status == models.MessageParked:
			return tx.tellAlert(ctx, models.FactAlertRaised, m.Dossier, models.AlertParked, m.Key, at)
		}
		return tx.undeliverable(ctx, m, at)
	})
}

// Settlement is what a person found out about a parked message, or wants of one that reached nobody.
type Settlement struct {
	ID      string // of this finding: the same one again changes nothing
	Key     string
	Left    bool // it left; or else it goes again
	Actor   string
	Channel models.Channel
	At      time.Time // business time
}

// settledLine begins the keys of the journal lines that Settle and Resend write.
const settledLine = "message_settled/"

// Settle says what became of a parked message, as a person found out: it left (at the attempt), or it did not and goes
// again. Refused: what models.Message.Settleable refuses.
func (s *Store) Settle(ctx context.Context, x Settlement) error {
	kind := "message_again"
	if x.Left {
		kind = "message_left"
	}
	return s.settleMessage(ctx, x, kind, func(tx *Store, m models.Message) error {
		if err := m.Settleable(x.Left); err != nil {
			return err
		}
		values := map[string]any{"status": models.MessageQueued, "lease_until": "", "failure": ""}
		if x.Left {
			values = map[string]any{"status": models.MessageSent, "sent_at": instant(m.AttemptAt), "failure": ""}
		}
		if _, err := update[models.Message](ctx, tx, values, "key = ?", x.Key); err != nil {
			return err
		}
		return tx.tellAlert(ctx, models.FactAlertCleared, m.Dossier, models.AlertParked, m.Key, x.At)
	})
}

// Resend sends a message that reached nobody to the address known by now: who asks has made sure that it is still of use.
// What waits for an answer to it counts from when it leaves. Refused: any other message (message_not_parked), and one for
// somebody without an address (address_missing).
func (s *Store) Resend(ctx context.Context, x Settlement) error {
	return s.settleMessage(ctx, x, "message_resent", func(tx *Store, m models.Message) error {
		if !m.Undelivered() {
			return models.NewError(models.CodeNotParked, "this message is "+m.Status+", it did not fail")
		}
		_, without, err := tx.byAddress(ctx, []models.Message{m})
		if err != nil {
			return err
		}
		if len(without) > 0 {
			return models.NewError(models.CodeNoAddress, "there is nowhere to send this message")
		}
		_, err = update[models.Message](ctx, tx, map[string]any{"status": models.MessageQueued, "lease_until": "", "attempt_at": "", "sent_at": "", "failure": ""}, "key = ?", m.Key)
		if err != nil {
			return err
		}
		tx.tx.left.Messages = true
		if m.Key != m.AlertSubject() {
			err = tx.tellAlert(ctx, models.FactAlertCleared, m.Dossier, models.AlertUndeliverable, m.Key, x.At)
		}
		if err != nil {
			return err
		}
		return tx.clearUndeliverable(ctx, m.Dossier, m.AlertSubject(), x.At)
	})
}

// settleMessage changes a message once, with a line in the journal that says who did it: of the dossier, or, for a message of a
// month, of what it is about.
func (s *Store) settleMessage(ctx context.Context, x Settlement, kind string, change func(*Store, models.Message) error) error {
	return s.Transact(ctx, func(tx *Store) error {
		m, err := tx.lockMessage(ctx, x.Key)
		if err != nil {
			return err
		}
		n, err := insert(ctx, tx, models.JournalLine{ID: settledLine + x.ID, Dossier: m.Dossier, At: x.At, Kind: kind, Subject: m.Subject,
			Actor: x.Actor, Channel: x.Channel, Args: models.Args{{Name: "template", Value: m.Template}}})
		if err != nil || n == 0 {
			return err
		}
		return change(tx, m)
	})
}

// clearUndeliverable takes back the alert that messages reached nobody, unless another one about the same subject did.
func (s *Store) clearUndeliverable(ctx context.Context, dossier, subject string, at time.Time) error {
	left, err := s.UndeliveredOf(ctx, dossier, subject)
	if err != nil || len(left[subject]) > 0 {
		return err
	}
	return s.tellAlert(ctx, models.FactAlertCleared, dossier, models.AlertUndeliverable, subject, at)
}

// tellAlert raises an alert of the outbox on a dossier, or takes it back; the watcher tells of a month's.
func (s *Store) tellAlert(ctx context.Context, kind models.FactKind, dossier, alert, subject string, at time.Time) error {
	if dossier == "" {
		return nil
	}
	if kind == models.FactAlertCleared { // none is left on a dossier that ended, and nobody to tell
		r, err := s.Request(ctx, dossier)
		if err := unlessUnknown(err); err != nil || r.Stage.Ended() {
			return err
		}
	}
	return s.post(ctx, at, models.Fact{ID: fmt.Sprintf("%s/%s/%d", kind, subject, at.UnixMicro()), Kind: kind, Workflow: models.RequestID(dossier),
		Dossier: dossier, Subject: subject, ReceivedAt: at, Channel: models.ChannelMail, Actor: string(models.RoleSystem),
		Data: models.FactData{Reason: alert}})
}

// ParkedFilter narrows the parked messages down.
type ParkedFilter struct {
	Dossier string // of this one alone
	NoMoney bool   // without those about money (models.Message.Money)
}

func (s *Store) parked(ctx context.Context, f ParkedFilter) *gorm.DB {
	db := s.db.WithContext(ctx).Where("status = ?", models.MessageParked)
	if f.Dossier != "" {
		db = db.Where("dossier = ?", f.Dossier)
	}
	if f.NoMoney {
		db = db.Where("dossier <> '' AND template NOT IN ?", models.TemplatesOfMoney)
	}
	return db
}

// Parked lists the messages that wait for a person to find out what became of them, the oldest first.
func (s *Store) Parked(ctx context.Context, f ParkedFilter, from Cursor, limit int) (Page[models.Message], error) {
	return page(s.parked(ctx, f), order[models.Message]{at: "created_at", id: "key",
		place: func(m models.Message) Cursor { return Cursor{At: m.CreatedAt, ID: m.Key} }}, from, limit)
}

// ParkedCount counts them.
func (s *Store) ParkedCount(ctx context.Context, f ParkedFilter) (n int64, err error) {
	err = s.parked(ctx, f).Model(&models.Message{}).Count(&n).Error
	return n, failure(err)
}

// Events that a mail provider reports.
const (
	EventDelivered = "delivered"
	EventBounced   = "bounced"
	EventDropped   = "dropped"
)

// MessageEvent takes what the provider reports of a message at (business time). Repeats, other events and those of an
// attempt before it was sent again change nothing; an unknown message is ErrNotFound.
func (s *Store) MessageEvent(ctx context.Context, key, event string, at time.Time) error {
	if event != EventBounced && event != EventDropped && event != EventDelivered {
		return nil
	}
	return s.Transact(ctx, func(tx *Store) error {
		m, err := tx.lockMessage(ctx, key)
		if err != nil || m.Precedes(at) {
			return err
		}
		if event != EventDelivered {
			return tx.MessageFailed(ctx, key, models.MessageBounced, event, at)
		}
		switch m.Status {
		case models.MessageQueued, models.MessageSending, models.MessageSent, models.MessageParked:
		default:
			return nil
		}
		values := map[string]any{"status": models.MessageDelivered, "failure": ""}
		if m.SentAt.IsZero() {
			values["sent_at"] = instant(at)
		}
		_, err = update[models.Message](ctx, tx, values, "key = ?", key)
		return err
	})
}

// StaleSending lists the messages whose attempt, made no later than before (business time), got no answer.
func (s *Store) StaleSending(ctx context.Context, before time.Time) ([]models.Message, error) {
	return all[models.Message](ctx, s, "attempt_at, key", "status = ? AND attempt_at <= ?", models.MessageSending, instant(before))
}

// KeepMail puts a rendered mail in the local mailbox, once.
func (s *Store) KeepMail(ctx context.Context, item models.MailboxItem) error {
	_, err := insert(ctx, s, item)
	return err
}

// Mailbox lists kept mails, newest first, of one recipient or of all.
func (s *Store) Mailbox(ctx context.Context, recipient string, from Cursor, limit int) (Page[models.MailboxItem], error) {
	db := s.db.WithContext(ctx)
	if recipient != "" {
		db = db.Where("recipient = ?", recipient)
	}
	return page(db, order[models.MailboxItem]{at: "at", id: "key", desc: true,
		place: func(m models.MailboxItem) Cursor { return Cursor{At: m.At, ID: m.Key} }}, from, limit)
}

// MailboxItem reads one kept mail.
func (s *Store) MailboxItem(ctx context.Context, key string) (models.MailboxItem, error) {
	return one[models.MailboxItem](ctx, s, "key = ?", key)
}
