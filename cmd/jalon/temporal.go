package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"
)

// temporalMinor is the oldest Temporal 1.x server whose updates, summaries and priorities are relied upon.
const temporalMinor = 29

// devServerSettings make the development server fit for accelerated time: out of the box its timers are up to a second
// late, which is a day at scale 86400, and each hop takes 45 ms.
var devServerSettings = []string{
	"history.transferProcessorMaxPollRPS=150",
	"history.timerProcessorMaxPollRPS=150",
	"history.visibilityProcessorMaxPollRPS=150",
	`history.timerProcessorMaxTimeShift="5ms"`,
	"matching.numTaskqueueReadPartitions=1",
	"matching.numTaskqueueWritePartitions=1",
}

// temporalArgs is the command line of the development server: a file in the data folder, written ahead, loopback only.
func temporalArgs(c Config) ([]string, error) {
	host, port, err := net.SplitHostPort(c.TemporalAddress)
	if err != nil {
		return nil, err
	}
	uiHost, uiPort, err := net.SplitHostPort(c.TemporalUI)
	if err != nil {
		return nil, err
	}
	args := []string{"server", "start-dev",
		"--ip", ipOf(host), "--port", port, "--ui-ip", ipOf(uiHost), "--ui-port", uiPort,
		"--db-filename", filepath.Join(c.Data, "temporal.db"),
		"--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL",
		"--namespace", c.TemporalNamespace, "--log-level", "warn"}
	for _, s := range devServerSettings {
		args = append(args, "--dynamic-config-value", s)
	}
	return args, nil
}

func ipOf(host string) string {
	if host == "localhost" {
		return "127.0.0.1"
	}
	return host
}

// findTemporal looks for a Temporal CLI whose server is recent enough: the one asked for, on PATH, beside this program,
// and at last builds the pinned one from tools/go.mod.
func findTemporal(ctx context.Context, c Config) (string, error) {
	if c.TemporalBin != "" {
		if err := checkTemporal(ctx, c.TemporalBin); err != nil {
			return "", fmt.Errorf("JALON_TEMPORAL_BIN: %w", err)
		}
		return c.TemporalBin, nil
	}
	if path, err := exec.LookPath("temporal"); err == nil {
		if err = checkTemporal(ctx, path); err == nil {
			return path, nil
		}
		slog.Info("the temporal on PATH is not used", "why", err)
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	beside := filepath.Join(filepath.Dir(self), "temporal")
	if checkTemporal(ctx, beside) == nil {
		return beside, nil
	}
	return buildTemporal(ctx, filepath.Dir(self))
}

var serverVersion = regexp.MustCompile(`Server (\d+)\.(\d+)\.\d+`)

// checkTemporal asks a Temporal CLI for its server's version: the CLI's own is 0.0.0 when built from source.
func checkTemporal(ctx context.Context, path string) error {
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return fmt.Errorf("%s --version: %w", path, err)
	}
	m := serverVersion.FindSubmatch(out)
	if m == nil {
		return fmt.Errorf("%s does not tell its server's version", path)
	}
	major, _ := strconv.Atoi(string(m[1]))
	minor, _ := strconv.Atoi(string(m[2]))
	if major < 1 || major == 1 && minor < temporalMinor {
		return fmt.Errorf("%s holds server %d.%d, and 1.%d or newer is needed", path, major, minor, temporalMinor)
	}
	return nil
}

// buildTemporal builds the CLI that tools/go.mod pins, found in the working folder, above it, or above this program.
func buildTemporal(ctx context.Context, selfDir string) (string, error) {
	wd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for _, start := range []string{wd, selfDir} {
		for dir := start; ; dir = filepath.Dir(dir) {
			tools := filepath.Join(dir, "tools")
			if _, err := os.Stat(filepath.Join(tools, "go.mod")); err == nil {
				bin := filepath.Join(dir, "bin", "temporal")
				fmt.Fprintf(os.Stderr, "Building the Temporal CLI once into %s (about three minutes) …\n", bin)
				cmd := exec.CommandContext(ctx, "go", "build", "-C", tools, "-trimpath", "-ldflags=-s -w", "-o", bin,
					"github.com/temporalio/cli/cmd/temporal")
				cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
				if err := cmd.Run(); err != nil {
					return "", fmt.Errorf("building the Temporal CLI: %w", err)
				}
				return bin, nil
			}
			if filepath.Dir(dir) == dir {
				break
			}
		}
	}
	return "", errors.New("no Temporal CLI with a server 1.29 or newer: install one, set JALON_TEMPORAL_BIN to it, or run make build")
}

// temporalServer is the development server, run as a child that never outlives this process.
type temporalServer struct {
	bin     string
	args    []string
	log     string        // file
	stop    chan struct{} // closed to end it
	stopped chan error    // its end, after stop or for good
}

const (
	temporalGrace    = 1500 * time.Millisecond // it takes 3 s to end by itself, and a hard end is safe
	temporalRestarts = 5                       // within temporalWindow, after which something is wrong with it
	temporalWindow   = time.Minute
)

// startTemporal runs the server, and again when it dies, until Stop. Its output goes to a file.
func startTemporal(bin string, c Config) (*temporalServer, error) {
	args, err := temporalArgs(c)
	if err != nil {
		return nil, err
	}
	s := &temporalServer{bin: bin, args: args, log: filepath.Join(c.Data, "temporal.log"),
		stop: make(chan struct{}), stopped: make(chan error, 1)}
	go s.supervise()
	return s, nil
}

func (s *temporalServer) supervise() {
	// The kernel ends the child when the thread that started it ends, so this thread must last as long as the process.
	runtime.LockOSThread()
	var starts []time.Time
	for {
		starts = append(starts, time.Now())
		err := s.runOnce()
		select {
		case <-s.stop:
			s.stopped <- nil
			return
		default:
		}
		if n := len(starts); n > temporalRestarts && starts[n-1].Sub(starts[n-1-temporalRestarts]) < temporalWindow {
			s.stopped <- fmt.Errorf("the Temporal server ended %d times within %s (%w); its last words are in %s",
				temporalRestarts+1, temporalWindow, err, s.log)
			return
		}
		slog.Warn("the Temporal server ended and is started again; nothing is lost", "why", err)
	}
}

func (s *temporalServer) runOnce() error {
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(s.bin, s.args...)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = log, log, childAttributes()
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-s.stop:
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(temporalGrace):
		_ = cmd.Process.Kill()
		<-ended
	}
	return nil
}

// Stop ends the server, at the latest after temporalGrace.
func (s *temporalServer) Stop() {
	close(s.stop)
	<-s.stopped
}

// awaitTemporal waits until the server answers, or returns what ended it.
func awaitTemporal(ctx context.Context, c client.Client, s *temporalServer) error {
	for {
		try, cancel := context.WithTimeout(ctx, time.Second)
		_, err := c.CheckHealth(try, &client.CheckHealthRequest{})
		cancel()
		if err == nil {
			return nil
		}
		select {
		case err := <-s.stopped:
			s.stopped <- err // Stop still reads it
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
