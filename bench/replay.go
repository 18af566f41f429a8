package main

import (
	"log/slog"
	"time"

	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	processes "jalon/worker"
)

// replays is how many times each mission is replayed, in turn with its twin. A replay takes some milliseconds, and half as
// much again when memory is collected during it: of twenty, the median still varied by a tenth.
const replays = 100

// quiet is a log that nobody reads.
var quiet = log.NewStructuredLogger(slog.New(slog.DiscardHandler))

// replay replays the histories of a mission and of its twin in turn, and answers how long each took, in milliseconds.
func replay(mission, floor []recording, b bare) (took, floors []float64, err error) {
	own, bare := worker.NewWorkflowReplayer(), worker.NewWorkflowReplayer()
	processes.RegisterProcesses(own)
	b.register(bare)
	for n := range replays + 1 {
		a, err := timeReplay(own, mission)
		if err != nil {
			return nil, nil, err
		}
		z, err := timeReplay(bare, floor)
		if err != nil {
			return nil, nil, err
		}
		if n > 0 { // the first warms up
			took, floors = append(took, ms(a)), append(floors, ms(z))
		}
	}
	return took, floors, nil
}

func timeReplay(r worker.WorkflowReplayer, recordings []recording) (time.Duration, error) {
	var sum time.Duration
	for _, x := range recordings {
		o := worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: x.ID,
			RunID: x.Events[0].GetWorkflowExecutionStartedEventAttributes().OriginalExecutionRunId}}
		h := &historypb.History{Events: x.Events}
		began := time.Now()
		if err := r.ReplayWorkflowHistoryWithOptions(quiet, h, o); err != nil {
			return 0, err
		}
		sum += time.Since(began)
	}
	return sum, nil
}
