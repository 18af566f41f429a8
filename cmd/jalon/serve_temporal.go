package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
)

// main stays on the first thread: the signal that ends a child with its parent is kept per thread, and a program that
// another thread becomes has none.
func init() { runtime.LockOSThread() }

// TemporalCmd runs the development server alone, for tests and demonstrations that stop it and start it again.
type TemporalCmd struct{}

// Run becomes the server: what is started is what can be stopped.
func (TemporalCmd) Run(ctx context.Context) error {
	c, err := ReadConfig(os.Environ(), forDev)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	for _, a := range []struct{ setting, what, address string }{
		{"JALON_TEMPORAL_ADDRESS", "Temporal", c.TemporalAddress}, {"JALON_TEMPORAL_UI", "the Temporal UI", c.TemporalUI}} {
		if strings.HasSuffix(a.address, ":0") {
			return fmt.Errorf("%s: a port is needed here, others have to find it", a.setting)
		}
		if _, err := freePort(a.setting, a.what, a.address); err != nil {
			return err
		}
	}
	bin, err := findTemporal(ctx, c)
	if err != nil {
		return err
	}
	args, err := temporalArgs(c)
	if err != nil {
		return err
	}
	return syscall.Exec(bin, append([]string{bin}, args...), os.Environ())
}
