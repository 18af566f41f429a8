//go:build !linux

package main

import "syscall"

// childAttributes keep the terminal's Ctrl-C from a child, which must end last.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
