package demo

import "syscall"

// childAttributes keep the terminal's Ctrl-C from a child, and end it with this process however that one ends.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
