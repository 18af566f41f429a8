package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// runMain makes the test binary behave as jalon itself, so that what is tested is what ships.
const runMain = "RUN_MAIN_OF_JALON"

func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// jalon is the command line of a process of its own, on the data of a test.
func jalon(t *testing.T, data string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	temporal, err := filepath.Abs(filepath.Join("..", "..", "bin", "temporal"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(temporal); err != nil {
		t.Fatal("bin/temporal is missing: make build")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), runMain+"=1", "JALON_DATA="+data, "JALON_TEMPORAL_BIN="+temporal,
		"JALON_LISTEN=127.0.0.1:0", "JALON_TEMPORAL_ADDRESS=127.0.0.1:0", "JALON_TEMPORAL_UI=127.0.0.1:0")
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// refused runs a command that must not start, and answers what it says.
func refused(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err == nil {
		t.Fatalf("it starts: %s", said.String())
	}
	return said.String()
}

// running is a jalon dev that is ready.
type running struct {
	cmd     *exec.Cmd
	greeted string
	rest    sync.WaitGroup
	stderr  bytes.Buffer
}

func startDev(t *testing.T, data string, env ...string) *running {
	t.Helper()
	r := &running{cmd: jalon(t, data, env, "dev")}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.cmd.Stderr = &r.stderr
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		r.greeted += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			r.rest.Go(func() { _, _ = io.Copy(io.Discard, out) })
			return r
		}
	}
	_ = r.cmd.Wait()
	t.Fatalf("it is not ready: %s%s", r.greeted, r.stderr.String())
	return nil
}

// find is the first group of a pattern in the greeting.
func (r *running) find(t *testing.T, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(r.greeted)
	if m == nil {
		t.Fatalf("%s is not in %s", pattern, r.greeted)
	}
	return m[1]
}

// stop ends it as Ctrl-C does, and fails if that is slow or unclean.
func (r *running) stop(t *testing.T) {
	t.Helper()
	began := time.Now()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	r.rest.Wait()
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("it ends with %v: %s", err, r.stderr.String())
	}
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("it takes %s to stop", took)
	}
}

func TestDevStartsStopsAndGoesOn(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	r := startDev(t, data, "JALON_CLOCK_SCALE=60")
	password := r.find(t, `password (\S+)`)
	url := r.find(t, `API and pages +(\S+)`)
	if console := r.find(t, `console +(http\S+)`); console != url+"/console" {
		t.Errorf("the console is said to be at %s", console)
	}
	res, err := http.Get(url + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("GET /openapi.json: %s", res.Status)
	}
	body := fmt.Sprintf(`{"login":"admin","password":%q}`, password)
	res, err = http.Post(url+"/api/v1/sign-in", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("signing in with the printed password: %s", res.Status)
	}
	if said := refused(t, jalon(t, data, nil, "dev")); !strings.Contains(said, "another jalon dev") {
		t.Errorf("a second one on the same folder: %s", said)
	}
	temporal := r.find(t, `Temporal UI +http://(\S+)`)
	r.stop(t)
	if c, err := net.Dial("tcp", temporal); err == nil {
		c.Close()
		t.Error("the Temporal server outlives jalon dev")
	}

	t.Run("the second start goes on", func(t *testing.T) {
		r := startDev(t, data)
		defer r.stop(t)
		if strings.Contains(r.greeted, password) || !strings.Contains(r.greeted, "jalon user password admin") {
			t.Errorf("it says: %s", r.greeted)
		}
		if !strings.Contains(r.greeted, "60 times") {
			t.Errorf("the clock is not the stored one: %s", r.greeted)
		}
	})
	t.Run("another clock is refused", func(t *testing.T) {
		if said := refused(t, jalon(t, data, nil, "dev", "--clock-scale", "3600")); !strings.Contains(said, "scale 60") {
			t.Errorf("it says: %s", said)
		}
	})
	t.Run("data of a newer version is refused", func(t *testing.T) {
		db, err := sql.Open("sqlite", filepath.Join(data, "jalon.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (999999, 1)"); err != nil {
			t.Fatal(err)
		}
		if said := refused(t, jalon(t, data, nil, "dev")); !strings.Contains(said, "newer version") {
			t.Errorf("it says: %s", said)
		}
	})
}

func TestDevRefusesTakenPorts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, setting := range []string{"JALON_LISTEN", "JALON_TEMPORAL_ADDRESS", "JALON_TEMPORAL_UI"} {
		said := refused(t, jalon(t, t.TempDir(), []string{setting + "=" + l.Addr().String()}, "dev"))
		if !strings.Contains(said, "is taken") || !strings.Contains(said, setting) {
			t.Errorf("%s: %s", setting, said)
		}
	}
}
