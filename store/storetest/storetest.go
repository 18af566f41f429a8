// Package storetest runs a test on both databases: SQLite in a file, and a PostgreSQL cluster of the test's own.
package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"jalon/store"
)

// Main runs a package's tests, then stops the cluster that they started: call it from TestMain.
func Main(m *testing.M) {
	shared.main = true
	code := m.Run()
	shared.stop()
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
	return open(t, shared.address(name))
}

// PostgresURL is the address of a migrated PostgreSQL database that no other test sees.
func PostgresURL(t testing.TB) string {
	t.Helper()
	name, err := shared.database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return shared.address(name)
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
	main  bool
	mu    sync.Mutex
	err   error // why it could not start
	dir   string
	bin   string
	cred  *syscall.Credential
	child *os.Process
	done  chan struct{}
	count int
	free  []string // databases that another test is done with: emptying one is much faster than making one
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
	if c.child == nil && c.err == nil {
		c.err = c.start(ctx)
	}
	if c.err != nil {
		return "", c.err
	}
	c.count++
	name := fmt.Sprintf("test_%d", c.count)
	return name, c.sql("postgres", "CREATE DATABASE "+name+" TEMPLATE "+template)
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
	return name, c.sql(name, emptyAll)
}

func (c *cluster) release(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.free = append(c.free, name)
}

func (c *cluster) address(name string) string {
	return "postgres://postgres@/" + name + "?sslmode=disable&host=" + url.QueryEscape(c.dir)
}

// sql runs a statement in a database as the superuser.
func (c *cluster) sql(database, statement string) error {
	return c.run(filepath.Join(c.bin, "psql"), "-X", "-q", "-h", c.dir, "-U", "postgres", "-d", database, "-c", statement)
}

func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH"), "HOME=" + c.dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.cred}
	return cmd
}

func (c *cluster) run(name string, args ...string) error {
	out, err := c.command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, out)
	}
	return nil
}

func (c *cluster) start(ctx context.Context) (err error) {
	if c.bin, err = binaries(); err != nil {
		return err
	}
	if c.dir, err = os.MkdirTemp("", "jalon-postgres-"); err != nil {
		return err
	}
	// The server refuses to run as root.
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			u, err = user.Lookup("nobody")
		}
		if err != nil {
			return err
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		c.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(c.dir, uid, gid); err != nil {
			return err
		}
	}
	data := filepath.Join(c.dir, "data")
	err = c.run(filepath.Join(c.bin, "initdb"), "-D", data, "-U", "postgres", "--auth=trust", "--locale=C", "-E", "UTF8", "--no-sync")
	if err != nil {
		return err
	}
	if err := c.serve(data); err != nil {
		return err
	}
	if err := c.sql("postgres", "CREATE DATABASE "+template); err != nil {
		return err
	}
	s, err := store.Open(ctx, c.address(template))
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Migrate(ctx)
}

// serve starts the server and returns once it accepts connections. It dies with the test, even a killed one.
func (c *cluster) serve(data string) error {
	cmd := c.command(filepath.Join(c.bin, "postgres"), "-D", data, "-k", c.dir, "-c", "listen_addresses=", "-c", "fsync=off",
		"-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "wal_level=minimal", "-c", "max_wal_senders=0", "-c", "autovacuum=off", "-c", "max_connections=200", "-c", "shared_buffers=64MB")
	cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	log, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	started := make(chan error, 1)
	c.done = make(chan struct{})
	go func() {
		defer close(c.done)
		// The death of the thread that forked counts as the parent's.
		runtime.LockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		c.child = cmd.Process
		var said strings.Builder
		lines := bufio.NewScanner(log)
		for ready := false; !ready && lines.Scan(); {
			said.WriteString(lines.Text() + "\n")
			ready = strings.Contains(lines.Text(), "ready to accept connections")
			if ready {
				started <- nil
			}
		}
		io.Copy(io.Discard, log)
		cmd.Wait()
		select {
		case started <- errors.New("PostgreSQL did not start:\n" + said.String()):
		default:
		}
	}()
	return <-started
}

func (c *cluster) stop() {
	if c.child != nil {
		c.child.Signal(syscall.SIGQUIT) // at once: nothing is kept
		<-c.done
	}
	if c.dir != "" {
		os.RemoveAll(c.dir)
	}
}

// binaries is the folder of the newest PostgreSQL.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	best, version := "", -1.0
	for _, path := range found {
		v, err := strconv.ParseFloat(filepath.Base(filepath.Dir(filepath.Dir(path))), 64)
		if err == nil && v > version {
			best, version = filepath.Dir(path), v
		}
	}
	if best != "" {
		return best, nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	return "", errors.New("PostgreSQL is missing, install it: apt-get install postgresql")
}
