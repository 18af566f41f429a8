package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"jalon/activities"
	"jalon/models"
	"jalon/store"
)

// stuckAfter is how long, real time, something may wait before the watcher reports it, each watchEvery.
const (
	stuckAfter = time.Minute
	watchEvery = 20 * time.Second
	watchRound = 500 // running processes asked about at each look: 10,000 within seven minutes
)

// Watcher reports what should have moved long ago: steps that cannot be written, facts and messages that stay,
// processes whose workflow task fails again and again (code that does not fit their history).
type Watcher struct {
	Temporal   client.Client
	Store      *store.Store
	Activities *activities.Activities
	Clock      models.Clock
	Log        *slog.Logger

	next []byte // where the round over running processes goes on
}

// Backlog counts what has waited for over a minute of real time.
type Backlog struct {
	Steps    []string // workflows whose step this process cannot write
	Tasks    []string // workflows whose task was to be done and fails, or is taken by nobody
	Facts    int64
	Messages int64 // free to leave, or attempted without an answer
	Parked   int64 // a person must look
}

// Stuck tells whether anything waits for too long, or for a person: what is parked of a month shows on no dossier.
func (b Backlog) Stuck() bool {
	return len(b.Steps) > 0 || len(b.Tasks) > 0 || b.Facts > 0 || b.Messages > 0 || b.Parked > 0
}

// Backlog reads the counts.
func (w *Watcher) Backlog(ctx context.Context) (Backlog, error) {
	before := time.Now().Add(-stuckAfter)
	counts, err := w.Store.Backlog(ctx, w.Clock.Business(before))
	if err != nil {
		return Backlog{}, fmt.Errorf("no answer of the database: %w", err)
	}
	tasks, err := w.stuckTasks(ctx, before)
	if err != nil {
		err = fmt.Errorf("no answer of Temporal: %w", err)
	}
	return Backlog{Steps: w.Activities.StuckSteps(before), Tasks: tasks, Facts: counts.Facts, Messages: counts.Messages,
		Parked: counts.Parked}, err
}

// stuckTasks asks about the next watchRound running processes, and names those whose workflow task has waited since
// before an instant (real time).
func (w *Watcher) stuckTasks(ctx context.Context, before time.Time) ([]string, error) {
	list, err := w.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: `ExecutionStatus = "Running"`, PageSize: watchRound, NextPageToken: w.next})
	if err != nil {
		w.next = nil // a token may outlive what it points to
		return nil, err
	}
	w.next = list.NextPageToken
	var stuck []string
	for _, e := range list.Executions {
		d, err := w.Temporal.DescribeWorkflow(ctx, e.Execution.WorkflowId, e.Execution.RunId)
		if err != nil {
			return stuck, err
		}
		task := d.RawResponse.PendingWorkflowTask
		if task == nil || !task.OriginalScheduledTime.AsTime().Before(before) {
			continue
		}
		stuck = append(stuck, fmt.Sprintf("%s (attempt %d)", e.Execution.WorkflowId, task.Attempt))
	}
	return stuck, nil
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
			w.Log.Error("watch: blind", "cause", err.Error())
		case backlog.Stuck():
			w.Log.Error("watch: something has waited for over a minute", "steps", backlog.Steps, "tasks", backlog.Tasks, "facts", backlog.Facts,
				"messages", backlog.Messages, "parked", backlog.Parked)
		}
	}
}
