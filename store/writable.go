package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// Ready tells whether the database answers and takes writes. It writes nothing itself while writes succeed: that would fill
// the journal of a database that nobody uses. The first write refused for lack of room makes it try, until one succeeds.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.Ping(ctx); err != nil {
		return err
	}
	if !s.core.full.Load() {
		return nil
	}
	// More than a page, so that room is needed; what is written is taken back in the same transaction, which leaves nothing.
	const name, size = "room", 64 << 10
	err := s.Transact(ctx, func(tx *Store) error {
		if err := tx.SetSetting(ctx, name, strings.Repeat(".", size)); err != nil {
			return err
		}
		return failure(tx.db.WithContext(ctx).Where("name = ?", name).Delete(&setting{}).Error)
	})
	if err != nil {
		return fmt.Errorf("database takes no writes: %w", err)
	}
	s.core.full.Store(false)
	return nil
}

// full tells whether the database answers and cannot write: its disk is full, or failed, or is read only.
func full(err error) bool {
	if e := (*sqlite.Error)(nil); errors.As(err, &e) {
		const readonly, io, noRoom = 8, 10, 13
		code := e.Code() & 0xff
		return code == readonly || code == io || code == noRoom
	}
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		const readonly, io, noRoom = "25006", "58030", "53100"
		return e.Code == readonly || e.Code == io || e.Code == noRoom
	}
	return false
}
