// Package storetest runs a test on both databases: SQLite in a file, and a PostgreSQL cluster of the test's own.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"jalon/store"
	"jalon/store/pgserver"
)

// Main runs a package's tests, then stops the cluster that they started, and what else stop names: call it from
// TestMain.
func Main(m *testing.M, stop ...func()) {
	shared.main = true
	code := m.Run()
	shared.stop()
	for _, fn := range stop {
		fn()
	}
	os.Exit(code)
}

// Each runs fn on a migrated database of either kind.
func Each(t *testing.T, fn func(t *testing.T, s *store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t)) })
}

// SQLite is a migrated SQLite database of the test.
func SQLite(t testing.TB) *store.Store {
	t.Helper()
	s := open(t, "sqlite:"+filepath.Join(t.TempDir(), "jalon.db"))
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Postgres is a migrated PostgreSQL database of the test, in the package's cluster.
func Postgres(t testing.TB) *store.Store {
	t.Helper()
	name, err := shared.emptied(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shared.release(name) })
	return open(t, shared.server.URL(name))
}

// PostgresURL is the address of a migrated PostgreSQL database that no other test sees.
func PostgresURL(t testing.TB) string {
	t.Helper()
	name, err := shared.database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return shared.server.URL(name)
}

func open(t testing.TB, address string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// cluster is one PostgreSQL server for all tests of a package.
type cluster struct {
	main   bool
	mu     sync.Mutex
	err    error // why it could not start
	server *pgserver.Server
	count  int
	free   []string // databases that another test is done with: emptying one is much faster than making one
}

var shared cluster

const template = "jalon_template"

// database makes a database from the migrated template.
func (c *cluster) database(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.main {
		return "", errors.New("storetest: call storetest.Main from TestMain, which stops the cluster")
	}
	if c.server == nil && c.err == nil {
		c.err = c.start(ctx)
	}
	if c.err != nil {
		return "", c.err
	}
	c.count++
	name := fmt.Sprintf("test_%d", c.count)
	return name, c.server.SQL("postgres", "CREATE DATABASE "+name+" TEMPLATE "+template)
}

const emptyAll = `DO $$ DECLARE name text; BEGIN
FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version' LOOP
	EXECUTE 'DELETE FROM ' || quote_ident(name);
END LOOP; END $$`

// emptied is a database that is free again, or a new one.
func (c *cluster) emptied(ctx context.Context) (string, error) {
	c.mu.Lock()
	n := len(c.free)
	if n == 0 {
		c.mu.Unlock()
		return c.database(ctx)
	}
	name := c.free[n-1]
	c.free = c.free[:n-1]
	c.mu.Unlock()
	return name, c.server.SQL(name, emptyAll)
}

func (c *cluster) release(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.free = append(c.free, name)
}

// start makes a cluster that keeps nothing, which is fast, and the template.
func (c *cluster) start(ctx context.Context) (err error) {
	c.server, err = pgserver.New("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0",
		"autovacuum=off", "max_connections=200", "shared_buffers=64MB")
	if err != nil {
		return err
	}
	if err := c.server.Start(); err != nil {
		return err
	}
	if err := c.server.SQL("postgres", "CREATE DATABASE "+template); err != nil {
		return err
	}
	s, err := store.Open(ctx, c.server.URL(template))
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Migrate(ctx)
}

func (c *cluster) stop() {
	if c.server != nil {
		c.server.Remove()
	}
}
