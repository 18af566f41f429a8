// Package pgserver runs a PostgreSQL server of one's own, for tests: on a socket in a folder of its own, gone with it.
package pgserver

import (
	"bufio"
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
	"syscall"
)

// Server is a cluster that can be started, killed and started again.
type Server struct {
	dir      string
	bin      string
	settings []string
	cred     *syscall.Credential
	child    *os.Process
	done     chan struct{}
}

// New makes a cluster with settings (name=value), which does not run yet. Remove it in any case.
func New(settings ...string) (*Server, error) {
	s := &Server{settings: settings}
	var err error
	if s.bin, err = binaries(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "jalon-postgres-"); err != nil {
		return nil, err
	}
	// The server refuses to run as root.
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			u, err = user.Lookup("nobody")
		}
		if err != nil {
			return s, err
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		s.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(s.dir, uid, gid); err != nil {
			return s, err
		}
	}
	return s, s.run("initdb", "-D", s.data(), "-U", "postgres", "--auth=trust", "--locale=C", "-E", "UTF8", "--no-sync")
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// URL is the address of a database, whether the server runs or not.
func (s *Server) URL(database string) string {
	return "postgres://postgres@/" + database + "?sslmode=disable&host=" + url.QueryEscape(s.dir)
}

// SQL runs a statement in a database as the superuser.
func (s *Server) SQL(database, statement string) error {
	return s.run("psql", "-X", "-q", "-h", s.dir, "-U", "postgres", "-d", database, "-c", statement)
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH"), "HOME=" + s.dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred}
	return cmd
}

func (s *Server) run(name string, args ...string) error {
	out, err := s.command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// Start starts the server and returns once it accepts connections. It dies with this process, even a killed one.
func (s *Server) Start() error {
	args := []string{"-D", s.data(), "-k", s.dir, "-c", "listen_addresses="}
	for _, setting := range s.settings {
		args = append(args, "-c", setting)
	}
	cmd := s.command("postgres", args...)
	cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	log, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	started := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		// The death of the thread that forked counts as the parent's.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		var said strings.Builder
		lines := bufio.NewScanner(log)
		for ready := false; !ready && lines.Scan(); {
			said.WriteString(lines.Text() + "\n")
			ready = strings.Contains(lines.Text(), "ready to accept connections")
			if ready {
				started <- nil
			}
		}
		_, _ = io.Copy(io.Discard, log)
		_ = cmd.Wait()
		select {
		case started <- errors.New("PostgreSQL did not start:\n" + said.String()):
		default:
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	s.child, s.done = cmd.Process, done
	return nil
}

// Kill ends the server and every process of it with SIGKILL, as a power cut does to them.
func (s *Server) Kill() error {
	if s.child == nil {
		return nil
	}
	if err := s.child.Signal(syscall.SIGSTOP); err != nil { // it forks nobody meanwhile
		return err
	}
	list, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", s.child.Pid))
	backends := strings.Fields(string(list))
	for _, pid := range backends {
		if n, err := strconv.Atoi(pid); err == nil {
			_ = syscall.Kill(n, syscall.SIGKILL) // one that ended meanwhile is what is wanted
		}
	}
	s.end(syscall.SIGKILL)
	// A new server refuses to start while one of them still holds the shared memory.
	for _, pid := range backends {
		for alive(pid) {
			runtime.Gosched()
		}
	}
	return err
}

// alive tells whether a process of the server has not ended yet.
func alive(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && strings.Contains(string(stat), "(postgres)") && !strings.Contains(string(stat), ") Z ")
}

// Remove ends the server at once and removes its folder.
func (s *Server) Remove() {
	s.end(syscall.SIGQUIT)
	os.RemoveAll(s.dir)
}

func (s *Server) end(signal syscall.Signal) {
	if s.child != nil {
		_ = s.child.Signal(signal)
		<-s.done
		s.child = nil
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
