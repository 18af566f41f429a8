package worker

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// TestRecordedHistoriesReplay replays the histories of whole missions: code that would have decided otherwise would
// break dossiers that run. UPDATE_HISTORIES=1 go test ./e2e -run TestReferenceMission records them anew.
func TestRecordedHistoriesReplay(t *testing.T) {
	files, err := filepath.Glob("../workflows/testdata/histories/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded history, and an empty corpus proves nothing: %v", err)
	}
	replayer := worker.NewWorkflowReplayer()
	for name, process := range processes() {
		replayer.RegisterWorkflowWithOptions(process, workflow.RegisterOptions{Name: name})
	}
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	seen := map[string]bool{}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			history, err := client.HistoryFromJSON(f, client.HistoryJSONOptions{})
			if err != nil || len(history.Events) == 0 {
				t.Fatalf("no history in it: %v", err)
			}
			started := history.Events[0].GetWorkflowExecutionStartedEventAttributes()
			seen[started.WorkflowType.GetName()] = true
			// A process names its deadlines after its own ID.
			err = replayer.ReplayWorkflowHistoryWithOptions(quiet, history, worker.ReplayWorkflowHistoryOptions{
				OriginalExecution: workflow.Execution{ID: started.WorkflowId, RunID: started.OriginalExecutionRunId}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for name := range processes() {
		if !seen[name] {
			t.Errorf("no history of a %s", name)
		}
	}
}
