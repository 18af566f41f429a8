package store

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func openPool(t *testing.T, path string) *sql.DB {
	t.Helper()
	s, err := Open(t.Context(), "sqlite:"+path)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	pool, err := s.db.DB()
	require.NoError(t, err)
	return pool
}

// kept are the statements that a connection keeps.
func kept(t *testing.T, conn *sql.Conn) map[string]statement {
	t.Helper()
	var out map[string]statement
	require.NoError(t, conn.Raw(func(c any) error { out = c.(*keeper).kept; return nil }))
	return out
}

func TestStatementsAreKept(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "jalon.db")
	pool := openPool(t, path)
	conn, err := pool.Conn(ctx)
	require.NoError(t, err)
	defer conn.Close()
	exec := func(text string, args ...any) {
		t.Helper()
		_, err := conn.ExecContext(ctx, text, args...)
		require.NoError(t, err)
	}
	exec("CREATE TABLE t (n integer, s text)")
	require.Empty(t, kept(t, conn), "what has no arguments")
	const insert, read = "INSERT INTO t VALUES (?, ?)", "SELECT n FROM t WHERE n >= ? ORDER BY n"
	for i := range 3 {
		exec(insert, i, "row")
	}
	require.Len(t, kept(t, conn), 1)

	// numbers reads, and does something at each row.
	numbers := func(text string, from int, each func()) (out []int) {
		t.Helper()
		rows, err := conn.QueryContext(ctx, text, from)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var n int
			require.NoError(t, rows.Scan(&n))
			out = append(out, n)
			each()
		}
		require.NoError(t, rows.Err())
		return out
	}
	nothing := func() {}
	require.Equal(t, []int{0, 1, 2}, numbers(read, 0, func() {
		require.Equal(t, []int{1, 2}, numbers(read, 1, nothing), "the same text within its own rows")
	}))
	require.Len(t, kept(t, conn), 2)

	_, err = conn.ExecContext(ctx, "INSERT INTO t VALUES (?)", 1)
	require.Error(t, err, "a statement that does not compile")
	for i := range maxKept + 10 {
		text := "SELECT n FROM t WHERE n IN (?" + strings.Repeat(", 1", i) + ")"
		require.Equal(t, []int{1}, numbers(text, 1, nothing))
	}
	require.Len(t, kept(t, conn), maxKept)

	_, err = openPool(t, path).ExecContext(ctx, "ALTER TABLE t ADD COLUMN more text")
	require.NoError(t, err)
	_, err = conn.ExecContext(ctx, insert, 3, "row")
	require.ErrorContains(t, err, "3 columns", "another process changed the schema")
	exec("INSERT INTO t VALUES (?, ?, ?)", 3, "row", "more")
	require.Equal(t, []int{2, 3}, numbers(read, 2, nothing))
}

// TestStatementsOfMany writes and reads from more goroutines than there are connections, some of them cut off.
func TestStatementsOfMany(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	s, err := Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "jalon.db"))
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Migrate(ctx))
	pool, err := s.db.DB()
	require.NoError(t, err)
	pool.SetConnMaxIdleTime(time.Millisecond)
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			for n := range 20 {
				ctx := ctx
				if n%4 == 3 {
					var cut func()
					ctx, cut = context.WithTimeout(ctx, time.Duration(i*n)*time.Microsecond)
					defer cut()
				}
				name := fmt.Sprint(i, "/", n)
				err := s.Transact(ctx, func(tx *Store) error {
					if err := tx.SetSetting(ctx, name, name); err != nil {
						return err
					}
					_, err := tx.Setting(ctx, name)
					return err
				})
				if err == nil {
					_, err = s.Setting(ctx, name)
				}
				if ctx.Err() == nil && err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
