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

// MessageUnanswered puts a message back in the queue if the attempt that was read is still its last and still without
// an answer: two relays that saw the same one do not undo each other's next attempt.
func (s *Store) MessageUnanswered(ctx context.Context, m models.Message) error {
	_, err := update[models.Message](ctx, s, map[string]any{"status": models.MessageQueued, "lease_until": ""},
		"key = ? AND status = ? AND attempts = ?", m.Key, models.MessageSending, m.Attempts)
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
