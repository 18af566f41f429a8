package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"jalon/models"
	"jalon/store"
)

// DevCmd starts everything on this machine.
type DevCmd struct {
	ClockScale string `help:"Business seconds per real second; as JALON_CLOCK_SCALE." placeholder:"N"`
	ClockEpoch string `help:"Business instant of the first start, with its zone; as JALON_CLOCK_EPOCH." placeholder:"RFC3339"`
}

// Run starts the installation of the data folder, or goes on with it, until ctx ends.
func (d DevCmd) Run(ctx context.Context) error {
	environ := os.Environ()
	for name, value := range map[string]string{"JALON_CLOCK_SCALE": d.ClockScale, "JALON_CLOCK_EPOCH": d.ClockEpoch} {
		if value != "" {
			environ = append(environ, name+"="+value)
		}
	}
	c, err := ReadConfig(environ, forDev)
	if err != nil {
		return err
	}
	unlock, err := lockFolder(c.Data)
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.ownLinkKey(); err != nil {
		return err
	}
	l, err := c.takePorts()
	if err != nil {
		return err
	}
	defer l.Close()
	log := newLogger(c, true)
	slog.SetDefault(log)

	password := ""
	err = prepare(ctx, c, func(st *store.Store, now time.Time) error {
		password, err = firstAdmin(ctx, st, now)
		if err != nil || password == "" {
			return err
		}
		return loadSample(ctx, st, now)
	})
	if err != nil {
		return err
	}
	bin, err := findTemporal(ctx, c)
	if err != nil {
		return err
	}
	temporal, err := startTemporal(bin, c)
	if err != nil {
		return err
	}
	defer temporal.Stop()
	s, err := open(ctx, c, log)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := awaitTemporal(ctx, s.temporal, temporal); err != nil {
		return err
	}
	if err := ensureSearchAttributes(ctx, s.temporal, c.TemporalNamespace); err != nil {
		return err
	}
	handler, err := s.handler()
	if err != nil {
		return err
	}
	s.greet(password)
	return s.runAll(ctx, l, handler, temporal)
}

// stopWithin bounds how long worker and API may take to end, so that all of it takes less than six seconds.
const stopWithin = 4 * time.Second

// runAll runs worker, relay and API until ctx ends or one of them, or Temporal, ends for good.
func (s *system) runAll(ctx context.Context, l net.Listener, handler http.Handler, temporal *temporalServer) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.serve(ctx, l, handler) })
	group.Go(func() error { return s.work(ctx) })
	group.Go(func() error {
		select {
		case err := <-temporal.stopped:
			temporal.stopped <- err // Stop still reads it
			return err
		case <-ctx.Done():
			return nil
		}
	})
	ended := make(chan error, 1)
	go func() { ended <- group.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	fmt.Println("Stopping …")
	select {
	case err := <-ended:
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	case <-time.After(stopWithin):
		s.log.Warn("what was still running is left: it is taken up at the next start")
		return nil
	}
}

func (s *system) greet(password string) {
	fmt.Printf(`
Jalon is ready.

  API and pages   %[1]s
  console         %[1]s/console
  OpenAPI         %[1]s/openapi.json   readable at %[1]s/docs
  mailbox         %[1]s/mailbox
  Temporal UI     %[2]s
  data            %[3]s

`, s.cfg.PublicURL, s.cfg.TemporalUIURL, s.cfg.Data)
	if s.clock.Scale > 1 {
		fmt.Printf("  Business time runs %d times as fast as real time; it is %s.\n\n", s.clock.Scale,
			s.clock.Business(time.Now()).Format(time.RFC3339))
	}
	if password != "" {
		fmt.Printf("  Sign in as admin with the password %s   (shown this once)\n\n", password)
	} else {
		fmt.Print("  Sign in as admin; a new password is made by: jalon user password admin\n\n")
	}
	fmt.Println("Ctrl-C stops everything; the next start goes on from here.")
}

// prepare migrates the installation's database, sets its clock and then runs fn, all or nothing.
func prepare(ctx context.Context, c Config, fn func(st *store.Store, now time.Time) error) error {
	st, err := store.Open(ctx, c.Database)
	if err != nil {
		return fmt.Errorf("JALON_DATABASE_URL: %w", err)
	}
	defer st.Close()
	if err := st.Migrate(ctx); err != nil {
		return err
	}
	now := time.Now()
	clock, err := installClock(ctx, st, c, now)
	if err != nil {
		return err
	}
	return st.Transact(ctx, func(tx *store.Store) error { return fn(tx, clock.Business(now)) })
}

// firstAdmin opens the first account and answers its password; empty when there is an account already.
func firstAdmin(ctx context.Context, st *store.Store, now time.Time) (password string, err error) {
	users, err := st.Users(ctx)
	if err != nil || len(users) > 0 {
		return "", err
	}
	return addUser(ctx, st, now, models.User{Login: "admin", Name: "Admin", Email: "admin@example.org", Lang: models.French,
		Roles: staffRoles})
}

// ownLinkKey reads the link key that this folder's installation made for itself, or makes it.
func (c *Config) ownLinkKey() error {
	if len(c.LinkKeys) > 0 {
		return nil
	}
	file := filepath.Join(c.Data, "link.key")
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		raw = []byte(secret(32))
		err = os.WriteFile(file, raw, 0o600)
	}
	c.LinkKeys = []string{strings.TrimSpace(string(raw))}
	return err
}

// takePorts takes the API's port and chooses those of Temporal, each of which may be 0.
func (c *Config) takePorts() (net.Listener, error) {
	derived := c.PublicURL == publicURL(c.Listen)
	l, err := listen("JALON_LISTEN", "the API", c.Listen)
	if err != nil {
		return nil, err
	}
	c.Listen = l.Addr().String()
	if derived {
		c.PublicURL = publicURL(c.Listen)
	}
	if c.TemporalAddress, err = freePort("JALON_TEMPORAL_ADDRESS", "Temporal", c.TemporalAddress); err == nil {
		c.TemporalUI, err = freePort("JALON_TEMPORAL_UI", "the Temporal UI", c.TemporalUI)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	if c.TemporalUIURL == "" {
		c.TemporalUIURL = publicURL(c.TemporalUI)
	}
	return l, nil
}

// publicURL is where a listening address is reached from the same machine.
func publicURL(listen string) string {
	host, port, _ := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// lockFolder makes the data folder this process's own: two servers on the same files would ruin them.
func lockFolder(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("JALON_DATA: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("JALON_DATA: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("another jalon dev runs on %s: stop it, or choose another folder with JALON_DATA=…", dir)
	}
	return func() { f.Close() }, nil
}
