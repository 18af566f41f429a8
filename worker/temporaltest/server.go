// Package temporaltest gives tests a real Temporal dev server of their own.
package temporaltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"jalon/models"
)

// startWithin is generous: the server is up in a quarter of a second, unless the machine is busy compiling.
const startWithin = 30 * time.Second

// Options are the dev server's settings that make timers fire on time and hops cheap (DESIGN section 3): timers at
// most 50 ms late instead of a second, 10 ms instead of 45 ms per hop.
var Options = []string{
	"--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL",
	"--dynamic-config-value", `history.timerProcessorMaxTimeShift="5ms"`,
	"--dynamic-config-value", "history.transferProcessorMaxPollRPS=150",
	"--dynamic-config-value", "history.timerProcessorMaxPollRPS=150",
	"--dynamic-config-value", "history.visibilityProcessorMaxPollRPS=150",
	"--dynamic-config-value", "matching.numTaskqueueReadPartitions=1",
	"--dynamic-config-value", "matching.numTaskqueueWritePartitions=1",
	"--search-attribute", models.AttributeDossier + "=Keyword", "--search-attribute", models.AttributeStage + "=Keyword",
	"--search-attribute", models.AttributePolicy + "=Keyword", "--search-attribute", models.AttributeTrainer + "=Keyword",
	"--search-attribute", models.AttributeAlert + "=Keyword", "--search-attribute", models.AttributeOwner + "=Keyword",
	"--search-attribute", models.AttributeDeadlineKind + "=Keyword", "--search-attribute", models.AttributeNextDeadline + "=Datetime",
}

// Server is a dev server that a test may stop and start again on the same data.
type Server struct {
	Addr    string // host:port
	binary  string
	db      string
	process *exec.Cmd
	ended   chan struct{} // closed once it has
	output  *lockedBuffer
}

// Start runs a dev server on a free port with a database file in a temporary folder, and a client of its default
// namespace. Both go when the test ends. A missing server binary fails the test.
func Start(t testing.TB) (client.Client, string) {
	t.Helper()
	s := New(t)
	return s.Dial(t), s.Addr
}

// New is Start for tests that stop and start the server themselves.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{Addr: freeAddr(t), binary: binary(t), db: filepath.Join(t.TempDir(), "temporal.db")}
	t.Cleanup(s.Stop)
	s.Restart(t)
	return s
}

// Dial is a client of the server's default namespace, closed when the test ends.
func (s *Server) Dial(t testing.TB) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: s.Addr, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		t.Fatalf("dial the Temporal dev server: %v", err)
	}
	t.Cleanup(c.Close)
	return c
}

// Stop kills the server, which is safe for its database.
func (s *Server) Stop() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	<-s.ended
	s.process = nil
}

// Restart starts the server on the address and the data it had, and waits until it serves. One that ends meanwhile is
// started again: another program took a port that it had found free.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	s.start(t)
	for {
		err := s.ping(ctx)
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-s.ended:
			t.Logf("the Temporal dev server ended and is started again: %s", s.output)
			s.start(t)
		case <-ctx.Done():
			t.Fatalf("the Temporal dev server did not come up: %v\n%s", err, s.output)
		}
	}
}

func (s *Server) start(t testing.TB) {
	t.Helper()
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"server", "start-dev", "--headless", "--ip", host, "--port", port, "--db-filename", s.db,
		"--log-level", "error"}, Options...)
	s.output, s.ended = &lockedBuffer{}, make(chan struct{})
	process, ended := exec.Command(s.binary, args...), s.ended
	process.Stdout, process.Stderr = s.output, s.output
	if err := process.Start(); err != nil {
		t.Fatalf("start the Temporal dev server: %v", err)
	}
	s.process = process
	go func() {
		_ = process.Wait()
		close(ended)
	}()
}

func (s *Server) ping(ctx context.Context) error {
	c, err := client.DialContext(ctx, client.Options{HostPort: s.Addr, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{})
	return err
}

// binary is bin/temporal of the checkout, else the one on PATH.
func binary(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		file := filepath.Join(dir, "bin", "temporal")
		if info, err := os.Stat(file); err == nil && info.Mode()&0o111 != 0 {
			return file
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || dir == filepath.Dir(dir) {
			break
		}
	}
	file, err := exec.LookPath("temporal")
	if err != nil {
		t.Fatal("no Temporal dev server: run `make build`, which leaves bin/temporal")
	}
	return file
}

// freeAddr is a port below those that the system gives to outgoing connections, which would take it meanwhile.
func freeAddr(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no free port")
	return ""
}

// lockedBuffer keeps the server's output until a failure needs it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
