package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"

	"jalon/models"
)

// Names of what a bare workflow uses.
const (
	bareActivity = "bare"
	bareSignal   = "bare"
	bareUpdate   = "bare"
)

// longTimer is a timer that the script cancels before it fires.
const longTimer = time.Hour

func doNothing(context.Context) error { return nil }

// perform is the bare workflow of a script: the same commands in the same order, each task as soon as it has been told
// what the mission's was told, and no logic. The script is part of the code, so that inputs are empty too.
func perform(s script, id func(string) string) func(workflow.Context) error {
	return func(ctx workflow.Context) error {
		signals, updates, due, answered := 0, 0, 0, 0
		err := workflow.SetUpdateHandler(ctx, bareUpdate, func(ctx workflow.Context) error {
			updates++
			mine := updates
			defer func() { answered++ }()
			return workflow.Await(ctx, func() bool { return due >= mine })
		})
		if err != nil {
			return err
		}
		workflow.Go(ctx, func(ctx workflow.Context) {
			for workflow.GetSignalChannel(ctx, bareSignal).Receive(ctx, nil) {
				signals++
			}
		})
		activities := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
		ends := map[thing]interface{ IsReady() bool }{} // read by key only
		cancels := map[int]workflow.CancelFunc{}
		for _, t := range s.Tasks {
			told := func() bool {
				return signals >= t.Signals && updates >= t.Updates &&
					!slices.ContainsFunc(t.Ended, func(x thing) bool { return !ends[x].IsReady() })
			}
			if err := workflow.Await(ctx, told); err != nil {
				return err
			}
			for _, c := range t.Commands {
				switch c.Kind {
				case anActivity:
					ends[c.thing] = workflow.ExecuteActivity(activities, bareActivity)
				case aTimer:
					timing, cancel := workflow.WithCancel(ctx)
					fires := c.Fires
					if fires == 0 {
						fires = longTimer
					}
					ends[c.thing], cancels[c.N] = workflow.NewTimer(timing, fires), cancel
				case cancelTimer:
					cancels[c.N]()
				case aChild:
					o := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: id(c.ID), ParentClosePolicy: c.Close})
					future := workflow.ExecuteChildWorkflow(o, c.ID)
					ends[c.thing], ends[thing{childStarted, c.N}] = future, future.GetChildWorkflowExecution()
				case answer:
					due = max(due, c.N+1)
					if err := workflow.Await(ctx, func() bool { return answered >= due }); err != nil {
						return err
					}
				case attributes:
					if err := workflow.UpsertTypedSearchAttributes(ctx, stage.ValueUnset()); err != nil {
						return err
					}
				case gate:
					workflow.GetVersion(ctx, "bare-"+strconv.Itoa(c.N), workflow.DefaultVersion, 1)
				case end:
					return nil
				}
			}
		}
		return errors.New("a script without end")
	}
}

// stage is a search attribute that every installation has; unset, it carries nothing.
var stage = temporal.NewSearchAttributeKeyKeyword(models.AttributeStage)

// bare is the bare twin of a mission.
type bare struct {
	scripts []script
	offset  func(at time.Time) time.Duration // of an instant of the mission, from the beginning of the bare run
	prefix  string                           // of its workflow IDs, and its task queue
}

// pauseMost is what is left of a pause of the mission, in which nothing is scheduled or running, in the bare run.
const pauseMost = 100 * time.Millisecond

// twin makes the bare twin of a mission.
func twin(mission []recording, prefix string) (bare, error) {
	merged := working(mission)
	if len(merged) == 0 {
		return bare{}, errors.New("a mission that did nothing")
	}
	squeezed := squeeze(merged, pauseMost)
	b := bare{prefix: prefix, offset: func(at time.Time) time.Duration { return squeezed(merged[0].from, at) }}
	for _, r := range mission {
		s, err := read(r, squeezed)
		if err != nil {
			return bare{}, err
		}
		b.scripts = append(b.scripts, s)
	}
	return b, nil
}

func (b bare) id(mission string) string { return b.prefix + "/" + mission }

// register registers the bare workflows, each under the ID of the one it repeats.
func (b bare) register(r worker.WorkflowRegistry) {
	for _, s := range b.scripts {
		r.RegisterWorkflowWithOptions(perform(s, b.id), workflow.RegisterOptions{Name: s.ID})
	}
}

// newWorker is a worker with the settings of the house's own.
func newWorker(c client.Client, queue string) worker.Worker {
	return worker.New(c, queue, worker.Options{MaxConcurrentWorkflowTaskPollers: 8, MaxConcurrentActivityTaskPollers: 8})
}

// run plays the twin: what came from outside comes at the same moments, timers fire at the same moments, and pauses are
// cut short. It returns the histories, in the order of the mission's.
func (b bare) run(ctx context.Context, c client.Client) ([]recording, error) {
	w := newWorker(c, b.prefix)
	b.register(w)
	w.RegisterActivityWithOptions(doNothing, activity.RegisterOptions{Name: bareActivity})
	if err := w.Start(); err != nil {
		return nil, err
	}
	defer w.Stop()
	ctx, cancel := context.WithTimeout(ctx, missionPatience)
	defer cancel()
	begin := time.Now().Add(pauseMost)
	group, sending := errgroup.WithContext(ctx)
	for _, s := range b.scripts {
		for _, in := range s.Outside {
			group.Go(func() error {
				if !sleep(sending, time.Until(begin.Add(b.offset(in.At)))) {
					return sending.Err()
				}
				return b.send(sending, c, in)
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("the bare run did not take what the mission took: %w", err)
	}
	var out []recording
	for _, s := range b.scripts {
		if err := c.GetWorkflow(ctx, b.id(s.ID), "").Get(ctx, nil); err != nil {
			return nil, err
		}
		r, err := record(ctx, c, b.id(s.ID), "")
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, b.check(out)
}

// send brings in what came from outside; what comes before its child has started is brought again, as the relay does.
func (b bare) send(ctx context.Context, c client.Client, in input) error {
	o := client.StartWorkflowOptions{ID: b.id(in.Workflow), TaskQueue: b.prefix}
	for {
		var err error
		switch in.Kind {
		case byStart:
			_, err = c.ExecuteWorkflow(ctx, o, in.Workflow)
		case bySignalStart:
			_, err = c.SignalWithStartWorkflow(ctx, o.ID, bareSignal, nil, o, in.Workflow)
		case bySignal:
			err = c.SignalWorkflow(ctx, o.ID, "", bareSignal, nil)
		case byUpdate:
			var h client.WorkflowUpdateHandle
			if h, err = c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{WorkflowID: o.ID, UpdateName: bareUpdate,
				WaitForStage: client.WorkflowUpdateStageCompleted}); err == nil {
				err = h.Get(ctx, nil)
			}
		}
		if e := (*serviceerror.NotFound)(nil); !errors.As(err, &e) {
			return err
		}
		if !sleep(ctx, 5*time.Millisecond) {
			return err
		}
	}
}

// check makes sure that the twin gave the mission's commands, in its order.
func (b bare) check(got []recording) error {
	for i, s := range b.scripts {
		again, err := read(got[i], func(time.Time, time.Time) time.Duration { return 0 })
		if err != nil {
			return err
		}
		want, given := s.commands(), again.commands()
		for n := range max(len(want), len(given)) {
			if n >= len(want) || n >= len(given) || want[n] != given[n] {
				return fmt.Errorf("the bare run of %s gave other commands than the mission: %v, not %v", s.ID,
					given[min(n, len(given)):min(n+3, len(given))], want[min(n, len(want)):min(n+3, len(want))])
			}
		}
	}
	return nil
}

// record reads a history.
func record(ctx context.Context, c client.Client, id, run string) (recording, error) {
	r := recording{ID: id, Run: run}
	for it := c.GetWorkflowHistory(ctx, id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		e, err := it.Next()
		if err != nil {
			return r, err
		}
		r.Events = append(r.Events, e)
	}
	return r, nil
}

// sleep waits; false when ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
