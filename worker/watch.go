package worker

import (
	"context"
	"log/slog"
	"time"

	"jalon/activities"
	"jalon/models"
	"jalon/store"
)

// stuckAfter is how long, real time, something may wait before the watcher reports it, each watchEvery.
const (
	stuckAfter = time.Minute
	watchEvery = 20 * time.Second
)

// Watcher reports what should have moved long ago: steps that cannot be written, facts and messages that stay.
type Watcher struct {
	Store      *store.Store
	Activities *activities.Activities
	Clock      models.Clock
	Log        *slog.Logger
}

// Backlog counts what has waited for over a minute of real time.
type Backlog struct {
	Steps    []string `json:"steps"` // workflows whose step this process cannot write
	Facts    int64    `json:"facts"`
	Messages int64    `json:"messages"` // free to leave, or attempted without an answer
	Parked   int64    `json:"parked"`   // a person must look
}

// Stuck tells whether anything waits for too long.
func (b Backlog) Stuck() bool { return len(b.Steps) > 0 || b.Facts > 0 || b.Messages > 0 }

// Backlog reads the counts.
func (w *Watcher) Backlog(ctx context.Context) (Backlog, error) {
	before := time.Now().Add(-stuckAfter)
	counts, err := w.Store.Backlog(ctx, w.Clock.Business(before))
	return Backlog{Steps: w.Activities.StuckSteps(before), Facts: counts.Facts, Messages: counts.Messages,
		Parked: counts.Parked}, err
}

// Run reports until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		backlog, err := w.Backlog(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			w.Log.Error("watch: the database does not answer", "cause", err.Error())
		case backlog.Stuck():
			w.Log.Error("watch: something has waited for over a minute", "steps", backlog.Steps, "facts", backlog.Facts,
				"messages", backlog.Messages, "parked", backlog.Parked)
		}
	}
}
