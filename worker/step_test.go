package worker

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"jalon/models"
	"jalon/store"
)

// TestStepsAreInTheOrderTheyWereWritten has a crash let a later step overtake an earlier one.
func TestStepsAreInTheOrderTheyWereWritten(t *testing.T) {
	line := func(held models.Date, at int) scheduled {
		return scheduled{at: time.Unix(int64(at), 0), Step: models.Step{Workflow: "line",
			Rows:  models.Rows{NewLines: []models.PayLine{{Ref: "S", Payer: "agency", TrainerRef: "T", HeldOn: held}}},
			Facts: []models.Fact{{ID: "line_due/S", Kind: models.FactLineDue, Subject: "S"}}}}
	}
	settles := func(month models.Month, at int) scheduled {
		return scheduled{at: time.Unix(int64(at), 0), Step: models.Step{Workflow: string(month),
			Rows: models.Rows{PayMonth: &models.PayMonth{Payer: "agency", TrainerRef: "T", Month: month}}}}
	}
	other := scheduled{at: time.Unix(3, 0), Step: models.Step{Workflow: "other"}}
	for name, c := range map[string]struct {
		steps []scheduled
		told  models.Month
		want  []string
	}{
		"as they were asked for":              {[]scheduled{line("2026-11-24", 1), settles("2026-11", 2), other}, "2026-11", []string{"line", "2026-11", "other"}},
		"the line overtook the settling":      {[]scheduled{settles("2026-11", 1), line("2026-11-24", 2), other}, "2026-11", []string{"line", "2026-11", "other"}},
		"the settling overtook the line":      {[]scheduled{line("2026-11-24", 1), settles("2026-11", 2), other}, "2026-12", []string{"2026-11", "line", "other"}},
		"two months settled before":           {[]scheduled{line("2026-11-24", 1), settles("2026-11", 2), settles("2026-12", 2)}, "2027-01", []string{"2026-11", "2026-12", "line"}},
		"another month is indifferent":        {[]scheduled{line("2026-12-02", 1), other, settles("2026-11", 4)}, "2026-12", []string{"line", "other", "2026-11"}},
		"nobody knows before a month is told": {[]scheduled{line("2026-11-24", 1), settles("2026-11", 2)}, "", []string{"line", "2026-11"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecord()
			r.steps = c.steps
			if c.told != "" {
				r.months["line_due/S"] = models.RemunerationID("agency", "T", c.told)
			}
			var got []string
			for _, s := range r.ordered() {
				got = append(got, s.Workflow)
			}
			require.Equal(t, c.want, got)
		})
	}
}

// TestRecordedMissionFolds folds the recorded histories of one whole mission into an empty database.
func TestRecordedMissionFolds(t *testing.T) {
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "jalon.db"))
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Migrate(t.Context()))
	files, err := filepath.Glob("../workflows/testdata/histories/[^v]*_*-2026-*.json") // v…: of earlier versions
	require.NoError(t, err)
	months, err := filepath.Glob("../workflows/testdata/histories/remuneration_*.json")
	require.NoError(t, err)
	r := newRecord()
	for _, file := range append(files, months...) {
		f, err := os.Open(file)
		require.NoError(t, err)
		history, err := client.HistoryFromJSON(f, client.HistoryJSONOptions{})
		require.NoError(t, err)
		for _, e := range history.Events {
			require.NoError(t, r.read(e))
		}
		f.Close()
	}
	require.Equal(t, int64(len(r.ordered())), sum(r.written), "every step was answered")
	for _, step := range r.ordered() {
		_, err := s.Apply(t.Context(), step)
		require.NoError(t, err)
	}
	row, err := s.Request(t.Context(), "D-2026-000001")
	require.NoError(t, err)
	require.Equal(t, models.StageClosed, row.Stage)
	sessions, err := s.Sessions(t.Context(), row.Ref)
	require.NoError(t, err)
	require.Len(t, sessions, 3)
	for _, x := range sessions {
		require.Equal(t, models.SessionValidated, x.Status)
		line, err := s.PayLine(t.Context(), x.Ref)
		require.NoError(t, err)
		require.Equal(t, models.LinePaid, line.Status)
		require.Equal(t, models.Month("2026-11"), line.Month)
	}
}

func sum(last map[string]int64) (n int64) {
	for _, seq := range last {
		n += seq
	}
	return n
}
