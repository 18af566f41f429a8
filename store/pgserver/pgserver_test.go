package pgserver_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/store/pgserver"
)

func TestKilledServerKeepsWhatWasCommitted(t *testing.T) {
	s, err := pgserver.New()
	if s != nil {
		t.Cleanup(s.Remove)
	}
	require.NoError(t, err)
	require.NoError(t, s.Start())
	require.NoError(t, s.SQL("postgres", "CREATE TABLE kept AS SELECT 1 AS n"))
	require.NoError(t, s.Kill())
	require.Error(t, s.SQL("postgres", "SELECT n FROM kept"))
	require.NoError(t, s.Start())
	require.NoError(t, s.SQL("postgres", "DO $$ BEGIN ASSERT (SELECT n FROM kept) = 1; END $$"))
	require.NoError(t, s.Kill())
}
