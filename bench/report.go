package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// What the figures must reach.
const (
	maxWallRatio    = 1.3
	maxEvents       = 1000
	maxLongest      = 360
	maxReplayRatio  = 2
	maxLatencyRatio = 1.5
)

// measures are the figures of a run, as they come.
type measures struct {
	machine              machine
	walls, bareWalls     []float64
	counts, bareCounts   []count
	replays, bareReplays []float64
	answers, bareAnswers []float64
	stays, bareStays     [][]stay
}

// add measures a mission and its twin.
func (m *measures) add(p pair, b bare) error {
	took, floor, err := replay(p.mission, p.floor, b)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	m.replays, m.bareReplays = append(m.replays, took...), append(m.bareReplays, floor...)
	w, z := ms(wall(working(p.mission))), ms(wall(working(p.floor)))
	m.walls, m.bareWalls = append(m.walls, w), append(m.bareWalls, z)
	m.counts, m.bareCounts = append(m.counts, weigh(p.mission)), append(m.bareCounts, weigh(p.floor))
	m.stays, m.bareStays = append(m.stays, stays(p.mission)), append(m.bareStays, stays(p.floor))
	c := m.counts[len(m.counts)-1]
	say("  mission %d: %.0f ms, bare %.0f ms; %d events, %d in the longest", len(m.walls), w, z, c.Events, c.Longest)
	return nil
}

// report is the file of a run. Each judged figure has its key; raw holds what it was computed from.
type report struct {
	WallRatio            float64 `json:"wall_ratio"`
	HistoryEvents        int     `json:"history_events"`
	HistoryEventsLongest int     `json:"history_events_longest"`
	HistoryBytes         int     `json:"history_bytes"`
	ReplayRatio          float64 `json:"replay_ratio"`
	AnswerLatencyRatio   float64 `json:"answer_latency_ratio"`
	Machine              machine `json:"machine"`
	Raw                  raw     `json:"raw"`
}

type raw struct {
	Missions   int     `json:"missions"`
	Answers    int     `json:"answers"`
	RunSeconds float64 `json:"run_seconds"`
	WallMS     against `json:"wall_ms"`
	Events     against `json:"history_events"`
	Longest    against `json:"history_events_longest"`
	Bytes      against `json:"history_bytes"`
	ReplayMS   against `json:"replay_ms"`
	LatencyMS  against `json:"answer_latency_ms"`
	// Where the wall time goes, summed over the mission of the median wall time; what overlaps counts twice.
	Stays     []stay `json:"stays"`
	BareStays []stay `json:"bare_stays"`
}

// against is a measure beside its floor.
type against struct {
	Jalon spread `json:"jalon"`
	Floor spread `json:"floor"`
}

// ratio is that of the medians.
func (a against) ratio() float64 { return round(a.Jalon.Median/a.Floor.Median, 3) }

func (m *measures) report(took time.Duration) report {
	of := func(counts []count, f func(count) int) spread {
		var all []float64
		for _, c := range counts {
			all = append(all, float64(f(c)))
		}
		return spreadOf(all)
	}
	counted := func(f func(count) int) against { return against{of(m.counts, f), of(m.bareCounts, f)} }
	middle := medianAt(m.walls)
	r := report{Machine: m.machine, Raw: raw{
		Missions: len(m.walls), Answers: len(m.answers), RunSeconds: round(took.Seconds(), 1),
		WallMS:    against{spreadOf(m.walls), spreadOf(m.bareWalls)},
		Events:    counted(func(c count) int { return c.Events }),
		Longest:   counted(func(c count) int { return c.Longest }),
		Bytes:     counted(func(c count) int { return c.Bytes }),
		ReplayMS:  against{spreadOf(m.replays), spreadOf(m.bareReplays)},
		LatencyMS: against{spreadOf(m.answers), spreadOf(m.bareAnswers)},
		Stays:     m.stays[middle], BareStays: m.bareStays[middle],
	}}
	r.WallRatio, r.ReplayRatio, r.AnswerLatencyRatio = r.Raw.WallMS.ratio(), r.Raw.ReplayMS.ratio(), r.Raw.LatencyMS.ratio()
	// A bound holds for every mission: the heaviest is the one judged.
	r.HistoryEvents, r.HistoryEventsLongest = int(r.Raw.Events.Jalon.Max), int(r.Raw.Longest.Jalon.Max)
	r.HistoryBytes = int(r.Raw.Bytes.Jalon.Max)
	return r
}

// verdict is a judged figure.
type verdict struct {
	name         string
	got, allowed float64
}

func (r report) verdicts() []verdict {
	return []verdict{
		{"wall_ratio", r.WallRatio, maxWallRatio},
		{"history_events", float64(r.HistoryEvents), maxEvents},
		{"history_events_longest", float64(r.HistoryEventsLongest), maxLongest},
		{"replay_ratio", r.ReplayRatio, maxReplayRatio},
		{"answer_latency_ratio", r.AnswerLatencyRatio, maxLatencyRatio},
	}
}

func (r report) passes() bool {
	for _, v := range r.verdicts() {
		if !(v.got <= v.allowed) { // NaN does not pass
			return false
		}
	}
	return true
}

func (r report) write(path string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(content, '\n'), 0o644)
}

func (r report) print(out io.Writer) {
	m := r.Machine
	fmt.Fprintf(out, "%d missions, %d answers in %.0f s, on %d cores, %.1f GiB, %s, %s, %s, load before %s\n\n", r.Raw.Missions, r.Raw.Answers,
		r.Raw.RunSeconds, m.Cores, m.MemoryGiB, m.CPU, m.OS, m.Go, m.LoadAverage)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tmin\tmedian\tmax\tfloor min\tmedian\tmax\tratio\t")
	for _, row := range []struct {
		name   string
		format string
		a      against
	}{
		{"wall, ms", "%.0f", r.Raw.WallMS}, {"history events", "%.0f", r.Raw.Events}, {"in the longest", "%.0f", r.Raw.Longest},
		{"history bytes", "%.0f", r.Raw.Bytes}, {"replay, ms", "%.2f", r.Raw.ReplayMS}, {"answer to mail, ms", "%.1f", r.Raw.LatencyMS},
	} {
		fmt.Fprintf(w, "%s\t", row.name)
		for _, x := range []float64{row.a.Jalon.Min, row.a.Jalon.Median, row.a.Jalon.Max, row.a.Floor.Min, row.a.Floor.Median, row.a.Floor.Max} {
			fmt.Fprintf(w, row.format+"\t", x)
		}
		fmt.Fprintf(w, "%.2f\t\n", row.a.ratio())
	}
	w.Flush()

	fmt.Fprintln(out, "\nWhere the wall time of the median mission goes, ms (waiting for a worker, running), floor beside it:")
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, s := range r.Raw.Stays {
		fmt.Fprintf(w, "%s\t%d\t%.0f\t%.0f\t\n", s.Kind, s.Count, s.WaitingMS, s.RunningMS)
	}
	for _, s := range r.Raw.BareStays {
		fmt.Fprintf(w, "floor: %s\t%d\t%.0f\t%.0f\t\n", s.Kind, s.Count, s.WaitingMS, s.RunningMS)
	}
	w.Flush()
	fmt.Fprintln(out)
	for _, v := range r.verdicts() {
		word := "PASS"
		if !(v.got <= v.allowed) {
			word = "MISS"
		}
		fmt.Fprintf(out, "%s  %s %g, target at most %g\n", word, v.name, v.got, v.allowed)
	}
}

// medianAt is the place of the median, the lower of two.
func medianAt(all []float64) int {
	median := spreadOf(all).Median
	best := 0
	for i, x := range all {
		if math.Abs(x-median) < math.Abs(all[best]-median) {
			best = i
		}
	}
	return best
}

func round(x float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(x*p) / p
}
