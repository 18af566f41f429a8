package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"jalon/models"
	"jalon/worker/temporaltest"
)

// TestWatcherNamesTasksThatFail: a process whose code no longer fits, and one that no worker takes, are named; one that
// waits for people is not.
func TestWatcherNamesTasksThatFail(t *testing.T) {
	c, _ := temporaltest.Start(t)
	sdk := worker.New(c, models.TaskQueue, worker.Options{})
	sdk.RegisterWorkflowWithOptions(func(workflow.Context) error { panic("does not fit its history") }, workflow.RegisterOptions{Name: "Broken"})
	sdk.RegisterWorkflowWithOptions(func(ctx workflow.Context) error {
		workflow.GetSignalChannel(ctx, "never").Receive(ctx, nil)
		return nil
	},
		workflow.RegisterOptions{Name: "Patient"})
	require.NoError(t, sdk.Start())
	t.Cleanup(sdk.Stop)
	for id, start := range map[string]struct{ name, queue string }{
		"request/broken":    {"Broken", models.TaskQueue},
		"request/patient":   {"Patient", models.TaskQueue},
		"request/abandoned": {"Patient", "nobody"},
	} {
		_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: start.queue}, start.name)
		require.NoError(t, err)
	}
	w := &Watcher{Temporal: c}
	require.Eventually(t, func() bool { // the patient one has done its first task, the broken one failed it
		p, err := c.DescribeWorkflow(t.Context(), "request/patient", "")
		require.NoError(t, err)
		b, err := c.DescribeWorkflow(t.Context(), "request/broken", "")
		require.NoError(t, err)
		stuck, err := w.stuckTasks(t.Context(), time.Now().Add(time.Minute))
		require.NoError(t, err)
		return p.RawResponse.PendingWorkflowTask == nil && p.HistoryLength > 3 && b.RawResponse.GetPendingWorkflowTask().GetAttempt() > 1 && len(stuck) == 2
	}, time.Minute, 50*time.Millisecond)
	stuck, err := w.stuckTasks(t.Context(), time.Now().Add(time.Minute))
	require.NoError(t, err)
	require.Contains(t, stuck, "request/abandoned (attempt 1)")
	stuck, err = w.stuckTasks(t.Context(), time.Now().Add(-time.Minute))
	require.NoError(t, err)
	require.Empty(t, stuck, "nothing has waited for long yet")
}

func TestWatcherTellsOfWhatIsParked(t *testing.T) {
	require.False(t, Backlog{}.Stuck())
	require.True(t, Backlog{Parked: 1}.Stuck())
}
