package store

import (
	"context"
	"time"

	"jalon/models"
)

// NextMessageDue is the earliest business instant after now at which a queued message may leave, zero if there is none.
func (s *Store) NextMessageDue(ctx context.Context, now time.Time) (time.Time, error) {
	var next []models.Message
	err := s.db.WithContext(ctx).Select("key", "not_before").Where("status = ? AND not_before > ?", models.MessageQueued, instant(now)).
		Order("not_before").Limit(1).Find(&next).Error
	if err != nil || len(next) == 0 {
		return time.Time{}, failure(err)
	}
	return next[0].NotBefore, nil
}

// Held are the messages that may not leave yet: most wait for the hours of mail, reminders for their day.
type Held struct {
	Next  time.Time // business time; zero if there are none
	First int       // how many leave then
	Later int       // how many after
}

// Held counts the queued messages that leave after a business instant.
func (s *Store) Held(ctx context.Context, now time.Time) (Held, error) {
	h := Held{}
	var err error
	if h.Next, err = s.NextMessageDue(ctx, now); err != nil || h.Next.IsZero() {
		return h, err
	}
	count := func(condition string) (int, error) {
		var n int64
		err := s.db.WithContext(ctx).Model(&models.Message{}).Where("status = ? AND not_before "+condition+" ?", models.MessageQueued, instant(h.Next)).Count(&n).Error
		return int(n), failure(err)
	}
	if h.First, err = count("="); err != nil {
		return h, err
	}
	h.Later, err = count(">")
	return h, err
}

// MessageBack puts a message back in the queue until a real instant, with the code of what went wrong, if its status
// and attempts are still those that were read: relays that saw the same one do not undo each other's next attempt.
func (s *Store) MessageBack(ctx context.Context, m models.Message, until time.Time, code string) error {
	_, err := update[models.Message](ctx, s, map[string]any{"status": models.MessageQueued, "lease_until": instant(until), "failure": code},
		"key = ? AND status = ? AND attempts = ?", m.Key, m.Status, m.Attempts)
	return err
}

// Backlog counts what should have moved.
type Backlog struct {
	Facts    int64 // pending
	Messages int64 // free to leave, or attempted without an answer
	Parked   int64
}

// Backlog counts what has been waiting since before a business instant; parked messages count at once.
func (s *Store) Backlog(ctx context.Context, before time.Time) (Backlog, error) {
	var b Backlog
	at := instant(before)
	db := s.db.WithContext(ctx)
	err := db.Model(&models.Inbox{}).Where("state = ? AND stored_at < ?", models.FactPending, at).Count(&b.Facts).Error
	if err == nil {
		err = db.Model(&models.Message{}).Where("status = ? AND not_before < ? OR status = ? AND attempt_at < ?",
			models.MessageQueued, at, models.MessageSending, at).Count(&b.Messages).Error
	}
	if err == nil {
		err = db.Model(&models.Message{}).Where("status = ?", models.MessageParked).Count(&b.Parked).Error
	}
	return b, failure(err)
}
