package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// listen takes the address of a setting, or says in words which port is taken, by whom and what to change.
func listen(setting, what, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err == nil {
		return l, nil
	}
	_, port, _ := net.SplitHostPort(address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		holder := portHolder(port)
		if holder != "" {
			holder = " by " + holder
		}
		return nil, fmt.Errorf("port %s, wanted for %s, is taken%s: stop what uses it, or choose another with %s=%s",
			port, what, holder, setting, example(address))
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("port %s, wanted for %s, is reserved to the administrator: choose one above 1023 with %s=%s",
			port, what, setting, example(address))
	}
	return nil, fmt.Errorf("%s: cannot listen on %s: %w", setting, address, err)
}

// example is the same address ten thousand ports further, or back when that is too far.
func example(address string) string {
	host, port, _ := net.SplitHostPort(address)
	n, err := strconv.Atoi(port)
	if err != nil {
		return host + ":18080"
	}
	if n += 10000; n > 65535 {
		n -= 20000
	}
	return net.JoinHostPort(host, strconv.Itoa(n))
}

// freePort resolves port 0 for a server that cannot say which one it took, and checks any other.
func freePort(setting, what, address string) (string, error) {
	l, err := listen(setting, what, address)
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// portHolder names the process that listens on a port, as far as /proc tells.
func portHolder(port string) string {
	n, err := strconv.Atoi(port)
	if err != nil {
		return ""
	}
	socket := ""
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		data, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			const listening = "0A"
			f := strings.Fields(line)
			if len(f) > 9 && f[3] == listening && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", n)) {
				socket = "socket:[" + f[9] + "]"
			}
		}
	}
	if socket == "" {
		return ""
	}
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && to == socket {
			pid := strings.Split(fd, "/")[2]
			name, err := os.ReadFile("/proc/" + pid + "/comm")
			if err != nil {
				return "process " + pid
			}
			return fmt.Sprintf("%s (process %s)", bytes.TrimSpace(name), pid)
		}
	}
	return ""
}
