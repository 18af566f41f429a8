package models

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAStepIsCompleted: what the parts of a step leave out is that of the step, and what they say themselves stands.
func TestAStepIsCompleted(t *testing.T) {
	at := time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC)
	before := at.Add(-time.Hour)
	said := Step{Workflow: "request/D-1", Run: "r", Seq: 7, At: at, Dossier: "D-1",
		Journal:   []JournalLine{{Kind: "a"}, {Kind: "b", ID: "own", Dossier: "D-2", At: before}},
		Deadlines: []Deadline{{ID: "d"}, {ID: "e", Workflow: "other", Dossier: "D-2"}},
		Messages:  []Message{{Key: "m"}, {Key: "n", Workflow: "other", Dossier: "D-2", Status: MessageSent, NotBefore: before, CreatedAt: before}},
		Rows:      Rows{Alerts: []Alert{{Alert: "x"}, {Alert: "y", Dossier: "D-2"}}}}
	kept, err := json.Marshal(said)
	require.NoError(t, err)
	got := said.Complete()
	require.Equal(t, []JournalLine{{Kind: "a", ID: "request/D-1#7.1", Dossier: "D-1", At: at}, said.Journal[1]}, got.Journal)
	require.Equal(t, []Deadline{{ID: "d", Workflow: "request/D-1", Dossier: "D-1"}, said.Deadlines[1]}, got.Deadlines)
	require.Equal(t, []Message{{Key: "m", Workflow: "request/D-1", Dossier: "D-1", Status: MessageQueued, NotBefore: at, CreatedAt: at}, said.Messages[1]}, got.Messages)
	require.Equal(t, []Alert{{Alert: "x", Dossier: "D-1"}, {Alert: "y", Dossier: "D-2", Place: 1}}, got.Rows.Alerts)
	require.Equal(t, got, got.Complete())
	again, err := json.Marshal(said)
	require.NoError(t, err)
	require.Equal(t, kept, again, "the step that was asked for is left as it was")
}
