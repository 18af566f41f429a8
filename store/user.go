package store

import (
	"context"
	"errors"
	"time"

	"jalon/models"
)

// User reads a staff account.
func (s *Store) User(ctx context.Context, ref string) (models.User, error) {
	return one[models.User](ctx, s, "ref = ?", ref)
}

// UserByLogin reads a staff account, active or not.
func (s *Store) UserByLogin(ctx context.Context, login string) (models.User, error) {
	return one[models.User](ctx, s, "login = ?", login)
}

// Users lists staff accounts.
func (s *Store) Users(ctx context.Context) ([]models.User, error) {
	return all[models.User](ctx, s, "ref", "")
}

// SaveUser writes a staff account, whole; a login already taken is a conflict.
func (s *Store) SaveUser(ctx context.Context, u models.User) error { return save(ctx, s, u) }

// TokenByHash reads the token of this SHA-256, expired or not.
func (s *Store) TokenByHash(ctx context.Context, sha256 string) (models.Token, error) {
	return one[models.Token](ctx, s, "sha256 = ?", sha256)
}

// Tokens lists tokens.
func (s *Store) Tokens(ctx context.Context) ([]models.Token, error) {
	return all[models.Token](ctx, s, "ref", "")
}

// SaveToken writes a token, whole.
func (s *Store) SaveToken(ctx context.Context, t models.Token) error { return save(ctx, s, t) }

// DeleteToken revokes a token; an unknown one is revoked already.
func (s *Store) DeleteToken(ctx context.Context, ref string) error {
	return s.Transact(ctx, func(tx *Store) error {
		return failure(tx.db.WithContext(ctx).Where("ref = ?", ref).Delete(&models.Token{}).Error)
	})
}

// BeginIdempotent takes a caller's key for a command, now in business time. Not fresh: the command was begun before,
// and Status 0 says that it is under way. The same key with another body is refused (idempotency_key_reused).
func (s *Store) BeginIdempotent(ctx context.Context, id, bodyHash string, now time.Time) (row models.Idempotency, fresh bool, err error) {
	err = s.Transact(ctx, func(tx *Store) error {
		row = models.Idempotency{ID: id, BodyHash: bodyHash, CreatedAt: now}
		n, err := insert(ctx, tx, row)
		if fresh = n == 1; err != nil || fresh {
			return err
		}
		row, err = one[models.Idempotency](ctx, tx, "id = ?", id)
		if err == nil && row.BodyHash != bodyHash {
			return models.NewError(models.CodeKeyReused, "this Idempotency-Key came with another body")
		}
		return err
	})
	return row, fresh, err
}

// Idempotent reads what became of a command: Status 0 says that it is under way.
func (s *Store) Idempotent(ctx context.Context, id string) (models.Idempotency, error) {
	return one[models.Idempotency](ctx, s, "id = ?", id)
}

// SendIdempotent notes which update of which process a command is, before it is sent: if its call gets no answer, a repeat
// asks for that of the update.
func (s *Store) SendIdempotent(ctx context.Context, id, workflow, updateID string) error {
	_, err := update[models.Idempotency](ctx, s, map[string]any{"workflow": workflow, "update_id": updateID}, "id = ? AND status = 0", id)
	return err
}

// FinishIdempotent keeps the answer of a command; the first one stays.
func (s *Store) FinishIdempotent(ctx context.Context, id string, status int, body []byte) error {
	_, err := update[models.Idempotency](ctx, s, map[string]any{"status": status, "body": body}, "id = ? AND status = 0", id)
	return err
}

// AbandonIdempotent forgets a command that has no answer, so that it may be tried again.
func (s *Store) AbandonIdempotent(ctx context.Context, id string) error {
	return s.Transact(ctx, func(tx *Store) error {
		return failure(tx.db.WithContext(ctx).Where("id = ? AND status = 0", id).Delete(&models.Idempotency{}).Error)
	})
}

// signIn is one browser's sign-in, as the session manager wants it kept.
type signIn struct {
	Token     string `gorm:"primaryKey"`
	Data      []byte
	ExpiresAt time.Time `gorm:"serializer:instant;type:varchar(27);index"` // real time
}

// SignIns keeps staff sign-ins: a store for the scs session manager. Tokens given to it must be hashed
// (SessionManager.HashTokenInStore).
type SignIns struct{ s *Store }

// SignIns is where staff sign-ins are kept.
func (s *Store) SignIns() SignIns { return SignIns{s} }

// FindCtx reads a sign-in that has not expired.
func (k SignIns) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	row, err := one[signIn](ctx, k.s, "token = ? AND expires_at > ?", token, instant(time.Now()))
	if errors.Is(err, ErrNotFound) {
		return nil, false, nil
	}
	return row.Data, err == nil, err
}

// CommitCtx writes a sign-in and forgets those that have expired.
func (k SignIns) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	return k.s.Transact(ctx, func(tx *Store) error {
		if err := tx.db.WithContext(ctx).Where("expires_at <= ?", instant(time.Now())).Delete(&signIn{}).Error; err != nil {
			return failure(err)
		}
		return save(ctx, tx, signIn{Token: token, Data: data, ExpiresAt: expires})
	})
}

// DeleteCtx forgets a sign-in.
func (k SignIns) DeleteCtx(ctx context.Context, token string) error {
	return k.s.Transact(ctx, func(tx *Store) error {
		return failure(tx.db.WithContext(ctx).Where("token = ?", token).Delete(&signIn{}).Error)
	})
}

// Find is FindCtx without a context.
func (k SignIns) Find(token string) ([]byte, bool, error) {
	return k.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (k SignIns) Commit(token string, data []byte, expires time.Time) error {
	return k.CommitCtx(context.Background(), token, data, expires)
}

// Delete is DeleteCtx without a context.
func (k SignIns) Delete(token string) error { return k.DeleteCtx(context.Background(), token) }
