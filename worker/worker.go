// Package worker runs the processes: it registers workflows and activities, and holds the relay of inbox and outbox.
package worker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"jalon/activities"
	"jalon/mail"
	"jalon/models"
	"jalon/store"
	"jalon/workflows"
)

// Real-time settings.
const (
	pollers      = 8
	stopWithin   = 10 * time.Second
	startEvery   = time.Second
	quickSticky  = time.Second     // accelerated runs: a worker that died must not cost days
	deadlockTime = 5 * time.Second // a small machine under load is no deadlock
)

// Config is what a worker needs. All fields are required.
type Config struct {
	Client     client.Client
	Store      *store.Store
	Activities *activities.Activities
	Courier    *activities.Courier
	Letters    Letters
	Transport  mail.Transport
	Clock      models.Clock
	Log        *slog.Logger
}

// Worker executes workflows and activities, and relays inbox and outbox.
type Worker struct {
	config  Config
	relay   *Relay
	watcher *Watcher
}

// TaskTimeout is the workflow task timeout that goes with a clock, real time; 0 keeps the server's 10 s.
func TaskTimeout(clock models.Clock) time.Duration {
	if clock.Scale > 1 {
		return 2 * time.Second
	}
	return 0
}

// New is a worker; nothing runs yet.
func New(c Config) *Worker {
	return &Worker{config: c,
		relay:   &Relay{Store: c.Store, Courier: c.Courier, Letters: c.Letters, Transport: c.Transport, Clock: c.Clock, Log: c.Log},
		watcher: &Watcher{Temporal: c.Client, Store: c.Store, Activities: c.Activities, Clock: c.Clock, Log: c.Log}}
}

// Run works until ctx ends, then lets what runs finish for a few seconds. Without Temporal the relay still sends, and
// the rest starts when it is back. The error is a fatal one of the Temporal client, such as a namespace that was
// deleted.
func (w *Worker) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() { w.relay.Run(ctx) })
	running.Go(func() { w.watcher.Run(ctx) })

	sdk, fatal := w.start(ctx)
	if sdk == nil {
		return nil
	}
	defer sdk.Stop()
	select {
	case <-ctx.Done():
		return nil
	case err := <-fatal:
		return fmt.Errorf("worker: %w", err)
	}
}

// start tries until Temporal answers; nil when ctx ended first. A worker that did not start cannot be started again.
func (w *Worker) start(ctx context.Context) (worker.Worker, <-chan error) {
	again := time.NewTicker(startEvery)
	defer again.Stop()
	for ctx.Err() == nil {
		sdk, fatal := w.build()
		err := sdk.Start()
		if err == nil {
			return sdk, fatal
		}
		w.config.Log.Warn("worker: Temporal does not answer, trying again", "cause", err.Error())
		select {
		case <-ctx.Done():
		case <-again.C:
		}
	}
	return nil, nil
}

// build registers all workflows and activities.
func (w *Worker) build() (worker.Worker, <-chan error) {
	fatal := make(chan error, 1)
	o := worker.Options{
		Interceptors:                     []interceptor.WorkerInterceptor{&pulse{}},
		MaxConcurrentWorkflowTaskPollers: pollers,
		MaxConcurrentActivityTaskPollers: pollers,
		WorkerStopTimeout:                stopWithin,
		DeadlockDetectionTimeout:         deadlockTime,
		OnFatalError: func(err error) {
			select {
			case fatal <- err:
			default: // the first one is enough
			}
		},
	}
	if w.config.Clock.Scale > 1 {
		o.StickyScheduleToStartTimeout = quickSticky
	}
	sdk := worker.New(w.config.Client, models.TaskQueue, o)
	register(sdk, w.config.Activities)
	return sdk, fatal
}

// processes are the workflows by the name they are registered under.
func processes() map[string]any {
	return map[string]any{
		models.TrainingRequestType: workflows.TrainingRequest,
		models.SolicitationType:    workflows.Solicitation,
		models.SessionType:         workflows.Session,
		models.FollowUpType:        workflows.FollowUp,
		models.RemunerationType:    workflows.Remuneration,
		models.InvoiceType:         workflows.Invoice,
	}
}

// effects are the activities by the name they are registered under.
func effects(a *activities.Activities) map[string]any {
	return map[string]any{
		workflows.ActivityApply:             a.Apply,
		workflows.ActivityMatch:             a.Match,
		workflows.ActivityAllocate:          a.Allocate,
		workflows.ActivityRender:            a.Render,
		workflows.ActivityReadAttendance:    a.ReadAttendance,
		workflows.ActivityReadLines:         a.ReadLines,
		workflows.ActivityReadSupplier:      a.ReadSupplier,
		workflows.ActivityReadEvaluations:   a.ReadEvaluations,
		workflows.ActivityIssueCertificates: a.IssueCertificates,
	}
}

// RegisterProcesses registers the workflows alone, as a replayer needs them.
func RegisterProcesses(r worker.WorkflowRegistry) {
	for name, process := range processes() {
		r.RegisterWorkflowWithOptions(process, workflow.RegisterOptions{Name: name})
	}
}

func register(r worker.Registry, a *activities.Activities) {
	RegisterProcesses(r)
	for name, effect := range effects(a) {
		r.RegisterActivityWithOptions(effect, activity.RegisterOptions{Name: name})
	}
}
