package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"jalon/demo"
	"jalon/models"
	"jalon/store/pgserver"
)

const (
	scale    = 43200 // half a business day a second
	missions = 5
	kills    = 10
	database = "database" // beside the processes of demo.Installation
	killSpan = 125 * time.Second
	calmSpan = 3 * time.Minute // for what still runs once every dossier is closed
)

// epoch is a Monday morning.
var epoch = time.Date(2026, time.November, 2, 6, 0, 0, 0, time.UTC)

// run is one installation with its people, and what is done to it.
type run struct {
	binary  string
	seed    uint64
	verbose bool
	dir     string
	summary string
	server  *pgserver.Server
	in      *demo.Installation
	player  *demo.Player
	cast    *cast
	staff   *staff
	began   time.Time

	mu      sync.Mutex
	arrived chan struct{} // closed and replaced at each mail
	story   *os.File
	errs    []error // that staff met
}

func (r *run) hinder(err error) {
	r.tell("error: %s", err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, err)
}

func newRun(binary string, seed uint64, verbose bool) *run {
	return &run{binary: binary, seed: seed, verbose: verbose, arrived: make(chan struct{})}
}

// random is a source of its own for each use, so that one does not shift the others.
func (r *run) random(use uint64) *rand.Rand { return rand.New(rand.NewPCG(r.seed, use)) }

func (r *run) remove() { os.RemoveAll(r.dir) }

// tell writes the story of the run.
func (r *run) tell(format string, args ...any) {
	line := fmt.Sprintf("%6.2fs %s\n", time.Since(r.began).Seconds(), fmt.Sprintf(format, args...))
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = r.story.WriteString(line)
	if r.verbose {
		fmt.Print("    ", line)
	}
}

// play runs everything and answers which invariants are broken.
func (r *run) play(ctx context.Context) (broken []string, err error) {
	r.began = time.Now()
	if r.dir, err = os.MkdirTemp("", fmt.Sprintf("jalon-chaos-%d-", r.seed)); err != nil {
		return nil, err
	}
	if r.story, err = os.Create(filepath.Join(r.dir, "story.log")); err != nil {
		return nil, err
	}
	defer r.story.Close()
	// A killed process loses nothing that the kernel has: fsync would cost time and prove nothing here.
	r.server, err = pgserver.New("fsync=off", "max_connections=120")
	if r.server != nil {
		defer r.server.Remove()
	}
	if err == nil {
		err = r.server.Start()
	}
	if err == nil {
		err = r.server.SQL("postgres", "CREATE DATABASE jalon")
	}
	if err != nil {
		return nil, err
	}
	r.in, err = demo.Install(ctx, demo.Options{Binary: r.binary, Dir: r.dir, Scale: scale, Epoch: epoch, Database: r.server.URL("jalon")})
	if r.in != nil {
		defer r.in.Stop()
	}
	if err != nil {
		return nil, err
	}
	r.cast = newCast(r)
	r.player, err = demo.New(ctx, demo.Config{URL: r.in.URL, StaffToken: r.in.StaffToken, FinanceToken: r.in.FinanceToken, Report: r.event,
		On: r.cast.money(), Forgives: forgives})
	if err != nil {
		return nil, err
	}
	r.staff = &staff{run: r, refused: map[string]int{}, done: map[string]bool{}}
	if err := r.cast.hire(ctx); err != nil {
		return nil, err
	}
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	acting, stop := context.WithCancel(ctx)
	defer stop()
	var people, killer sync.WaitGroup
	people.Go(func() { r.player.Run(acting) })
	var playing []*demo.Mission
	for n := range missions {
		m, err := r.player.Open(ctx, r.cast.script(n))
		if err != nil {
			return nil, err
		}
		playing = append(playing, m)
		people.Go(func() { r.staff.mind(acting, m, r.cast.minds[n]) })
	}
	over := make(chan struct{})
	var killing error
	killer.Go(func() {
		if killing = r.kill(ctx, over); killing != nil {
			giveUp() // what does not come back would be waited for in vain
		}
	})
	for _, m := range playing {
		select {
		case <-m.Done:
		case <-ctx.Done():
		}
	}
	close(over)
	killer.Wait()
	for _, m := range playing {
		select {
		case <-m.Done:
		default:
			broken = append(broken, fmt.Sprintf("%s did not end: %s", m.Ref, r.where(m)))
		}
	}
	if killing != nil {
		return broken, killing
	}
	if len(broken) == 0 {
		broken = append(broken, r.check(ctx, playing, func() { stop(); people.Wait() })...)
	}
	stop()
	people.Wait()
	for _, err := range append(r.player.Errors(), r.errs...) {
		broken = append(broken, "people were hindered: "+err.Error())
	}
	return broken, nil
}

// event is told of what people do.
func (r *run) event(e demo.Event) {
	r.tell("%s %s %s", e.At.Format("2006-01-02 15:04"), e.Dossier, e.What)
	r.mu.Lock()
	close(r.arrived)
	r.arrived = make(chan struct{})
	r.mu.Unlock()
}

// where says where a mission stands.
func (r *run) where(m *demo.Mission) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var row models.Request
	if err := r.player.Staff.Get(ctx, "/requests/"+m.Ref, &row); err != nil {
		return err.Error()
	}
	deadlines, err := demo.All[models.Deadline](ctx, r.player.Staff, "/requests/"+m.Ref+"/deadlines")
	if err != nil {
		return err.Error()
	}
	out := []string{string(row.Stage)}
	for _, d := range deadlines {
		if d.Status == models.Open {
			out = append(out, fmt.Sprintf("%s until %s (%s, %s)", d.Kind, d.DueAt.Format("2006-01-02"), d.Consequence, d.Subject))
		}
	}
	return strings.Join(out, ", ")
}

// cut is one kill.
type cut struct {
	at      time.Duration // from the beginning, real time
	soon    time.Duration // after the next thing that happens
	targets []string
	outage  time.Duration
}

// cuts are drawn from the seed: each of the four is killed twice, the others together.
func (r *run) cuts() []cut {
	rng := r.random(1)
	all := []string{demo.Worker, demo.API, demo.Temporal, database}
	var out []cut
	for n := range kills {
		c := cut{at: time.Duration(rng.Int64N(int64(killSpan))), soon: time.Duration(rng.Int64N(int64(300 * time.Millisecond))),
			outage: time.Duration(rng.Int64N(int64(900 * time.Millisecond))), targets: all[n%len(all) : n%len(all)+1]}
		if n >= 2*len(all) {
			c.targets = slices.Clone(all)
			rng.Shuffle(len(all), func(i, j int) { c.targets[i], c.targets[j] = c.targets[j], c.targets[i] })
			c.targets = c.targets[:2+rng.IntN(3)]
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b cut) int { return int(a.at - b.at) })
	return out
}

// kill does all cuts, without waiting for their moments once every mission is over.
func (r *run) kill(ctx context.Context, over <-chan struct{}) error {
	for n, c := range r.cuts() {
		if n == kills/2 { // nothing has to stop for it
			if out, err := r.in.Run(ctx, "verify"); err != nil {
				return fmt.Errorf("while missions go on: %w\n%s", err, out)
			}
		}
		r.until(ctx, over, time.Until(r.began.Add(c.at)), nil)
		r.mu.Lock()
		arrived := r.arrived
		r.mu.Unlock()
		r.until(ctx, over, 1500*time.Millisecond, arrived)
		r.until(ctx, over, c.soon, nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.tell("KILL %s for %s", strings.Join(c.targets, ", "), c.outage.Round(time.Millisecond))
		for _, target := range c.targets {
			if target != database {
				r.in.Kill(target)
			} else if err := r.server.Kill(); err != nil {
				return err
			}
		}
		r.until(ctx, nil, c.outage, nil)
		for _, target := range []string{database, demo.Temporal, demo.API, demo.Worker} { // none starts without its database
			if !slices.Contains(c.targets, target) {
				continue
			}
			start := func() error { return r.in.Start(target) }
			if target == database {
				start = r.server.Start
			}
			if err := start(); err != nil {
				return err
			}
		}
		if err := r.in.Ready(ctx); err != nil {
			return fmt.Errorf("after a kill of %s: %w", strings.Join(c.targets, ", "), err)
		}
	}
	return nil
}

// until waits in real time for the first of its ends.
func (r *run) until(ctx context.Context, over <-chan struct{}, d time.Duration, arrived <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-over:
	case <-arrived:
	case <-t.C:
	}
}

// forgives tells what is nobody's mistake while things break: what was overtaken by a deadline, a decision, or the end of
// the dossier.
func forgives(err error) bool {
	var (
		refused *demo.Problem
		stopped *demo.Stopped
	)
	switch {
	case errors.As(err, &refused):
		return refused.Status == 409 || refused.Status == 410 || refused.Code == string(models.CodePastDate) ||
			refused.Code == string(models.CodeDeadlineEarlier)
	case errors.As(err, &stopped):
		return stopped.Page.State == "closed" || stopped.Page.Status == 409 || stopped.Page.Status == 410
	}
	return errors.Is(err, demo.ErrUnsigned)
}
