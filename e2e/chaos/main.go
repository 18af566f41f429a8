// Command chaos plays missions while every part of the installation is killed at random moments, and then looks for
// what must never be: a mail lost or sent twice, a row that no history explains, an answer taken for silence.
//
// What happens follows from the seed: how people behave, what is killed, when and for how long. When exactly a kill
// meets what is going on does not, so a seed that failed is worth several runs.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// runLimit bounds one run in real time; most take three minutes.
const runLimit = 9 * time.Minute

func main() {
	seed := flag.Uint64("seed", 0, "seed of the first run, each next one adds 1; 0: a random one")
	runs := flag.Int("runs", 1, "how many runs")
	binary := flag.String("jalon", "bin/jalon", "the program to run")
	verbose := flag.Bool("v", false, "tell all that happens")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := chaos(ctx, *binary, *seed, *runs, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

// chaos stops at the first run that breaks something, so that its installation can be looked at.
func chaos(ctx context.Context, binary string, seed uint64, runs int, verbose bool) error {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	if _, err := exec.LookPath(binary); err != nil {
		return fmt.Errorf("no program to run: make build (%w)", err)
	}
	if seed == 0 {
		seed = 1 + rand.Uint64N(1_000_000)
	}
	for n := range runs {
		one := seed + uint64(n)
		fmt.Printf("run %d of %d: SEED=%d\n", n+1, runs, one)
		began := time.Now()
		limited, cancel := context.WithTimeout(ctx, runLimit)
		r := newRun(binary, one, verbose)
		broken, err := r.play(limited)
		cancel()
		if ctx.Err() != nil {
			r.remove()
			return ctx.Err()
		}
		if err != nil {
			broken = append(broken, err.Error())
		}
		if len(broken) > 0 {
			fmt.Printf("  broken:\n    %s\n  kept: %s\n  again: make chaos SEED=%d\n", strings.Join(broken, "\n    "), r.dir, one)
			return fmt.Errorf("seed %d: %d invariants broken", one, len(broken))
		}
		r.remove()
		fmt.Printf("  %s, in %s\n", r.summary, time.Since(began).Round(time.Second))
	}
	return nil
}
