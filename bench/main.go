// Command bench measures what a mission costs against a floor: a bare workflow that gives the Temporal server the same
// commands in the same order, without data and without logic. README.md says how each figure is taken.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	o := options{}
	flag.IntVar(&o.missions, "missions", 10, "missions to play, about a minute and a half each")
	flag.IntVar(&o.answers, "answers", 200, "answers to measure")
	flag.StringVar(&o.binary, "binary", "bin/jalon", "the program to measure")
	flag.StringVar(&o.out, "out", "bench/out/latest.json", "file of the figures")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	missions, answers int
	binary, out       string
}

// errMissed says that a figure is worse than its target.
var errMissed = errors.New("a target is missed")

func run(ctx context.Context, o options) error {
	if o.missions < 1 || o.answers < 1 || flag.NArg() > 0 {
		return errors.New("-missions and -answers must be at least 1, and nothing follows them")
	}
	binary, err := filepath.Abs(o.binary)
	if err != nil {
		return err
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute+time.Duration(o.missions)*2*time.Minute)
	defer cancel()
	m := measures{machine: thisMachine()}
	say("%d answers, with a signal to a bare workflow after each", o.answers)
	if m.answers, m.bareAnswers, err = latencies(ctx, binary, o.answers); err != nil {
		return fmt.Errorf("answers: %w", err)
	}
	say("%d reference missions, each followed by its bare twin", o.missions)
	if err := missions(ctx, binary, o.missions, m.add); err != nil {
		return fmt.Errorf("missions: %w", err)
	}
	r := m.report(time.Since(began))
	if err := r.write(o.out); err != nil {
		return err
	}
	r.print(os.Stdout)
	if !r.passes() {
		return errMissed
	}
	return nil
}

// say tells who waits how far the run is.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
