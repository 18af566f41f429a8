package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	processes "jalon/worker"
)

// ReplayCmd replays histories.
type ReplayCmd struct {
	Paths []string `arg:"" type:"path" help:"Histories in JSON, gzipped or not, and folders of them."`
}

// Run fails on the first history that this version's workflows would have decided otherwise, and when there is none:
// an empty corpus proves nothing.
func (c ReplayCmd) Run() error {
	replayer := worker.NewWorkflowReplayer()
	processes.RegisterProcesses(replayer)
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	count := 0
	for _, path := range c.Paths {
		err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(file, ".json") && !strings.HasSuffix(file, ".json.gz") {
				return err
			}
			if err := replayFile(replayer, quiet, file); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			count++
			return nil
		})
		if err != nil {
			return err
		}
	}
	if count == 0 {
		return errors.New("no history found (*.json, *.json.gz)")
	}
	fmt.Printf("%d histories replay the same\n", count)
	return nil
}

func replayFile(replayer worker.WorkflowReplayer, quiet log.Logger, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return err
		}
	}
	history, err := client.HistoryFromJSON(r, client.HistoryJSONOptions{})
	if err != nil {
		return err
	}
	if len(history.Events) == 0 {
		return errors.New("an empty history")
	}
	// A process names its deadlines after its own ID.
	started := history.Events[0].GetWorkflowExecutionStartedEventAttributes()
	return replayer.ReplayWorkflowHistoryWithOptions(quiet, history, worker.ReplayWorkflowHistoryOptions{
		OriginalExecution: workflow.Execution{ID: started.GetWorkflowId(), RunID: started.GetOriginalExecutionRunId()}})
}
