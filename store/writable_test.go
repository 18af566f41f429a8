package store_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/store"
	"jalon/store/storetest"
)

// A database that answers and cannot write is not ready; once it can again, it is, and nothing is left of the trying.
func TestADatabaseWithoutRoomIsNotReady(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		exec := store.Session(t, s)
		without, with := "SET default_transaction_read_only = on", "SET default_transaction_read_only = off"
		if store.IsSQLite(s) {
			without, with = "PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000" // 1: no more than there are
		}
		write := func() error { return s.SetSetting(ctx, "text", strings.Repeat("x", 1<<20)) }
		require.NoError(t, s.Ready(ctx))
		exec(without)
		require.NoError(t, s.Ready(ctx), "nobody has seen it yet")
		require.Error(t, write())
		require.ErrorContains(t, s.Ready(ctx), "takes no writes")
		require.Error(t, s.Ready(ctx))
		exec(with)
		require.NoError(t, s.Ready(ctx))
		_, err := s.Setting(ctx, "room")
		require.ErrorIs(t, err, store.ErrNotFound)
		require.NoError(t, write())
	})
}

// What is tried is written and taken back at once: where it cannot be taken back, it was never there.
func TestTryingToWriteLeavesNothingWhenItFails(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		exec := store.Session(t, s)
		without, with := "SET default_transaction_read_only = on", "SET default_transaction_read_only = off"
		if store.IsSQLite(s) {
			without, with = "PRAGMA query_only = 1", "PRAGMA query_only = 0"
			exec("CREATE TRIGGER kept BEFORE DELETE ON settings BEGIN SELECT RAISE(ABORT, 'kept'); END")
		} else {
			exec("CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'kept'; END $$")
			exec("CREATE TRIGGER kept BEFORE DELETE ON settings FOR EACH ROW EXECUTE FUNCTION kept()")
		}
		exec(without)
		require.Error(t, s.SetSetting(ctx, "text", "x"))
		exec(with)
		require.ErrorContains(t, s.Ready(ctx), "kept")
		_, err := s.Setting(ctx, "room")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}
