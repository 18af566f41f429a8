package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"

	"jalon/worker/temporaltest"
)

var noon = time.Date(2026, time.November, 2, 12, 0, 0, 0, time.UTC)

func at(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }

func between(pairs ...int) []interval {
	var out []interval
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, interval{at(pairs[i]), at(pairs[i+1])})
	}
	return out
}

func TestWallCountsOverlapOnce(t *testing.T) {
	merged := merge(between(50, 60, 0, 10, 5, 20, 6, 7, 20, 25))
	require.Equal(t, between(0, 25, 50, 60), merged)
	require.Equal(t, 35*time.Millisecond, wall(merged))
	require.Zero(t, wall(nil))
}

func TestSqueezeShortensPausesOnly(t *testing.T) {
	squeezed := squeeze(between(0, 10, 1000, 1020, 1030, 1040), 100*time.Millisecond)
	for name, c := range map[string]struct{ from, to, want int }{
		"within work":          {2, 9, 7},
		"over a long pause":    {10, 1000, 100},
		"end of a long pause":  {10, 990, 100},
		"begin of a pause":     {10, 60, 50},
		"over a short pause":   {1020, 1030, 10},
		"from work to work":    {5, 1035, 5 + 100 + 20 + 10 + 5},
		"before the beginning": {-4, 0, 4},
	} {
		require.Equal(t, time.Duration(c.want)*time.Millisecond, squeezed(at(c.from), at(c.to)), name)
	}
}

func TestSpread(t *testing.T) {
	require.Equal(t, spread{Min: 1, Median: 3, Max: 9, All: []float64{9, 1, 3}}, spreadOf([]float64{9, 1, 3}))
	require.Equal(t, 2.5, spreadOf([]float64{4, 1, 3, 2}).Median)
	require.Zero(t, spreadOf(nil))
	require.Equal(t, 2, medianAt([]float64{9, 1, 3}))
}

// corpus reads recorded histories of the reference mission.
func corpus(t *testing.T, names ...string) []recording {
	t.Helper()
	var out []recording
	for _, name := range names {
		f, err := os.Open(filepath.Join("..", "workflows", "testdata", "histories", name+".json"))
		require.NoError(t, err)
		h, err := client.HistoryFromJSON(f, client.HistoryJSONOptions{})
		require.NoError(t, err)
		require.NoError(t, f.Close())
		out = append(out, recording{ID: h.Events[0].GetWorkflowExecutionStartedEventAttributes().WorkflowId, Events: h.Events})
	}
	return out
}

func TestScriptHoldsEveryCommandAndInput(t *testing.T) {
	files, err := filepath.Glob("../workflows/testdata/histories/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	scripts := 0
	for _, file := range files {
		if strings.HasPrefix(filepath.Base(file), "v") {
			continue // of an earlier version
		}
		r := corpus(t, strings.TrimSuffix(filepath.Base(file), ".json"))[0]
		closed := r.Events[len(r.Events)-1].EventType == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED
		s, err := read(r, func(from, to time.Time) time.Duration { return to.Sub(from) })
		if !closed {
			require.ErrorContains(t, err, "did not complete")
			continue
		}
		scripts++
		require.NoError(t, err)
		got, want := map[string]int{}, map[string]int{}
		for _, c := range s.commands() {
			got[string(c.Kind)]++
		}
		for _, in := range s.Outside {
			got[string(in.Kind)]++
		}
		for i, e := range r.Events {
			switch e.EventType {
			case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
				want[string(anActivity)]++
			case enumspb.EVENT_TYPE_TIMER_STARTED:
				want[string(aTimer)]++
			case enumspb.EVENT_TYPE_TIMER_CANCELED:
				want[string(cancelTimer)]++
			case enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
				want[string(aChild)]++
			case enumspb.EVENT_TYPE_MARKER_RECORDED:
				want[string(gate)]++
			case enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
				if r.Events[i-1].EventType != enumspb.EVENT_TYPE_MARKER_RECORDED { // the SDK's own, for a gate
					want[string(attributes)]++
				}
			case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
				want[string(byUpdate)]++
				want[string(answer)]++
			case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
				want[string(end)]++
			case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
				if i > 1 {
					want[string(bySignal)]++
				}
			case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
				switch {
				case e.GetWorkflowExecutionStartedEventAttributes().ParentWorkflowExecution != nil:
				case r.Events[1].EventType == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
					want[string(bySignalStart)]++
				default:
					want[string(byStart)]++
				}
			}
		}
		require.Equal(t, want, got, file)
		for _, task := range s.Tasks {
			require.NotEmpty(t, task.Commands)
		}
	}
	require.Positive(t, scripts)
}

func TestScriptRefusesWhatItCannotRepeat(t *testing.T) {
	r := corpus(t, "invoice_I-2026-000001")[0]
	r.Events = slices.Clone(r.Events)
	r.Events[5] = &historypb.HistoryEvent{EventId: 6, EventType: enumspb.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED}
	_, err := read(r, func(time.Time, time.Time) time.Duration { return 0 })
	require.ErrorContains(t, err, "knows no SignalExternalWorkflowExecutionInitiated")
}

// TestTwinRepeatsTheMission plays the bare twin of recorded workflows, which have timers, signals and updates, on a real
// server: run refuses a twin whose commands differ, replay one that would decide otherwise.
func TestTwinRepeatsTheMission(t *testing.T) {
	files, err := filepath.Glob("../workflows/testdata/histories/remuneration_*.json")
	require.NoError(t, err)
	require.Len(t, files, 1)
	mission := corpus(t, "invoice_I-2026-000001", "invoice_I-2026-000002", strings.TrimSuffix(filepath.Base(files[0]), ".json"))
	c, _ := temporaltest.Start(t)
	b, err := twin(mission, "bare/test")
	require.NoError(t, err)
	floor, err := b.run(t.Context(), c)
	require.NoError(t, err)
	got, want := weigh(floor), weigh(mission)
	require.InDelta(t, want.Events, got.Events, float64(want.Events)/10)
	require.Less(t, got.Bytes, want.Bytes)

	var m measures
	m.machine = thisMachine()
	m.answers, m.bareAnswers = []float64{3, 1, 2}, []float64{1, 2, 4}
	require.NoError(t, m.add(pair{mission, floor}, b))
	r := m.report(time.Minute)
	require.Equal(t, want.Events, r.HistoryEvents)
	require.Equal(t, want.Longest, r.HistoryEventsLongest)
	require.Equal(t, want.Bytes, r.HistoryBytes)
	require.Equal(t, 1.0, r.AnswerLatencyRatio)
	require.Positive(t, r.WallRatio)
	require.Positive(t, r.ReplayRatio)

	out := filepath.Join(t.TempDir(), "out", "latest.json")
	require.NoError(t, r.write(out))
	content, err := os.ReadFile(out)
	require.NoError(t, err)
	var keys map[string]any
	require.NoError(t, json.Unmarshal(content, &keys))
	for _, key := range []string{"wall_ratio", "history_events", "history_events_longest", "history_bytes", "replay_ratio",
		"answer_latency_ratio", "machine", "raw"} {
		require.Contains(t, keys, key)
	}
	require.Len(t, keys, 8)
	var table bytes.Buffer
	r.print(&table)
	require.Contains(t, table.String(), "PASS  history_events ")
}

func TestTargetsAreUpperBounds(t *testing.T) {
	r := report{WallRatio: maxWallRatio, HistoryEvents: maxEvents, HistoryEventsLongest: maxLongest, ReplayRatio: maxReplayRatio,
		AnswerLatencyRatio: maxLatencyRatio}
	require.True(t, r.passes())
	for name, spoil := range map[string]func(*report){
		"wall":    func(r *report) { r.WallRatio += 0.001 },
		"events":  func(r *report) { r.HistoryEvents++ },
		"longest": func(r *report) { r.HistoryEventsLongest++ },
		"replay":  func(r *report) { r.ReplayRatio += 0.001 },
		"latency": func(r *report) { r.AnswerLatencyRatio += 0.001 },
	} {
		worse := r
		spoil(&worse)
		require.False(t, worse.passes(), name)
	}
}

func TestMissionsBeginOnMondays(t *testing.T) {
	require.Zero(t, untilMonday(epoch))
	require.Equal(t, 500*time.Millisecond, untilMonday(epoch.AddDate(0, 0, 6)))
	require.Equal(t, 500*time.Millisecond, untilMonday(epoch.AddDate(0, 0, 13)))
}
