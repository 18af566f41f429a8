package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"jalon/models"
)

// The processes of an installation, each of which may be killed and started again.
const (
	Temporal = "temporal"
	Worker   = "worker"
	API      = "api"
)

// Options say what to install.
type Options struct {
	Binary string // bin/jalon
	Dir    string // empty or new folder; everything the installation keeps is in it
	Scale  int64
	Epoch  time.Time // business instant of the start
	// Database is the address of an empty PostgreSQL database; a file in Dir if empty.
	Database string
	// Temporal is the address of a server that is there already; empty: one of its own.
	Temporal string
	// Settings (NAME=value) win over those of a demonstration, such as another way for mails.
	Settings []string
}

// Installation is a whole Jalon of its own: Temporal, worker and API as separate processes of one binary, on free
// loopback ports, with the sample agency.
type Installation struct {
	URL             string
	TemporalAddress string
	StaffToken      string
	FinanceToken    string
	Dir             string
	binary          string
	env             []string
	mu              sync.Mutex
	running         map[string]*process
}

type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

const readyWithin = time.Minute // it takes a second, unless the machine is busy

// Install sets up an installation and starts it; its business time runs from here on. Stop it in any case.
func Install(ctx context.Context, o Options) (*Installation, error) {
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	in := &Installation{URL: "http://" + ports[0], TemporalAddress: ports[1], Dir: o.Dir, binary: o.Binary, running: map[string]*process{}}
	for _, v := range os.Environ() { // only what was asked for: the settings of another installation do not belong here
		if !strings.HasPrefix(v, "JALON_") || strings.HasPrefix(v, "JALON_TEMPORAL_BIN=") {
			in.env = append(in.env, v)
		}
	}
	if o.Temporal != "" {
		in.TemporalAddress = o.Temporal
	}
	in.env = append(in.env, "JALON_DATA="+o.Dir, "JALON_LISTEN="+ports[0], "JALON_PUBLIC_URL="+in.URL,
		"JALON_TEMPORAL_ADDRESS="+in.TemporalAddress, "JALON_TEMPORAL_UI="+ports[2], "JALON_LINK_KEYS="+linkKey(), "JALON_LOG_LEVEL=warn")
	if o.Database != "" {
		in.env = append(in.env, "JALON_DATABASE_URL="+o.Database)
	}
	in.env = append(in.env, agency...)
	in.env = append(in.env, o.Settings...)
	if o.Temporal == "" {
		if err := in.Start(Temporal); err != nil {
			return in, err
		}
	}
	clock := []string{"JALON_CLOCK_SCALE=" + strconv.FormatInt(o.Scale, 10), "JALON_CLOCK_EPOCH=" + o.Epoch.Format(time.RFC3339)}
	if _, err := in.runWith(ctx, clock, "migrate", "--sample"); err != nil {
		return in, err
	}
	if in.StaffToken, err = in.Token(ctx, "equipe", models.RoleStaff, models.RolePedagogy); err != nil {
		return in, err
	}
	if in.FinanceToken, err = in.Token(ctx, "comptabilite", models.RoleFinance); err != nil {
		return in, err
	}
	if err := in.Start(API); err != nil {
		return in, err
	}
	if err := in.Start(Worker); err != nil {
		return in, err
	}
	return in, in.Ready(ctx)
}

// Token makes a machine token, as an administrator does.
func (in *Installation) Token(ctx context.Context, name string, roles ...models.Role) (string, error) {
	args := []string{"user", "token", name, "--days", "0"}
	for _, r := range roles {
		args = append(args, "--role", string(r))
	}
	out, err := in.Run(ctx, args...)
	return strings.TrimSpace(out), err
}

// Run runs a command of the binary to its end and answers its output.
func (in *Installation) Run(ctx context.Context, args ...string) (string, error) {
	return in.runWith(ctx, nil, args...)
}

func (in *Installation) runWith(ctx context.Context, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, in.binary, args...)
	var stderr bytes.Buffer
	cmd.Env, cmd.Stderr = append(in.env, env...), &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("jalon %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return string(out), err
}

// Start starts a process that is not running. It does not wait until it serves.
func (in *Installation) Start(name string) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.running[name] != nil {
		return fmt.Errorf("%s runs already", name)
	}
	log, err := os.OpenFile(filepath.Join(in.Dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	p := &process{cmd: exec.Command(in.binary, name), done: make(chan struct{})}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr, p.cmd.SysProcAttr = in.env, log, log, childAttributes()
	started := make(chan error, 1)
	go func() {
		// The kernel ends a child when the thread that started it ends: this one lasts as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer log.Close()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
		}
		close(p.done)
	}()
	if err := <-started; err != nil {
		return err
	}
	in.running[name] = p
	return nil
}

// Kill ends a process at once, as a power cut does.
func (in *Installation) Kill(name string) { in.end(name, syscall.SIGKILL) }

// Restart ends a process as a service manager does, and starts it again.
func (in *Installation) Restart(name string) error {
	in.end(name, syscall.SIGTERM)
	return in.Start(name)
}

// Stop ends everything, in order, within seconds.
func (in *Installation) Stop() {
	for _, name := range []string{API, Worker} {
		in.end(name, syscall.SIGTERM)
	}
	in.end(Temporal, syscall.SIGKILL) // safe, and three seconds faster
}

func (in *Installation) end(name string, s syscall.Signal) {
	in.mu.Lock()
	p := in.running[name]
	delete(in.running, name)
	in.mu.Unlock()
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(s)
	select {
	case <-p.done:
	case <-time.After(3 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// Ready waits until the API answers and Temporal is listening.
func (in *Installation) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		if name := in.dead(); name != "" {
			return fmt.Errorf("%s ended: its last words are in %s", name, filepath.Join(in.Dir, name+".log"))
		}
		if answers(ctx, in.URL+"/healthz") && listens(in.TemporalAddress) {
			return nil
		}
		if !pause(ctx, 20*time.Millisecond) {
			return fmt.Errorf("not ready within %s: %w", readyWithin, ctx.Err())
		}
	}
}

func (in *Installation) dead() string {
	in.mu.Lock()
	defer in.mu.Unlock()
	for name, p := range in.running {
		select {
		case <-p.done:
			return name
		default:
		}
	}
	return ""
}

func answers(ctx context.Context, address string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func listens(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		c.Close()
	}
	return err == nil
}

func linkKey() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// freePorts are loopback addresses that nobody listens on, below the ports that systems give to outgoing connections: a
// process that is started again must find its own still free.
func freePorts(n int) ([]string, error) {
	var out []string
	for try := 0; len(out) < n; try++ {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(15000+mathrand.IntN(17000))))
		if err != nil && try < 100 {
			continue
		}
		if err != nil {
			return nil, err
		}
		defer l.Close()
		out = append(out, l.Addr().String())
	}
	return out, nil
}
