package main

import (
	"cmp"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/proto"
)

// interval is a stretch of real time.
type interval struct{ from, to time.Time }

// working are the intervals in which a workflow task or an activity is scheduled or running, merged and in order.
func working(recordings []recording) []interval {
	var out []interval
	for _, r := range recordings {
		for _, e := range r.Events {
			if scheduled := begun(e); scheduled > 0 {
				out = append(out, interval{r.Events[scheduled-1].EventTime.AsTime(), e.EventTime.AsTime()})
			}
		}
	}
	return merge(out)
}

// begun is the event that scheduled the workflow task or activity that an event ends, 0 if it ends none.
func begun(e *historypb.HistoryEvent) int64 {
	switch e.EventType {
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
		return e.GetWorkflowTaskCompletedEventAttributes().ScheduledEventId
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED:
		return e.GetWorkflowTaskFailedEventAttributes().ScheduledEventId
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
		return e.GetWorkflowTaskTimedOutEventAttributes().ScheduledEventId
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
		return e.GetActivityTaskCompletedEventAttributes().ScheduledEventId
	}
	return 0
}

// ran is the event that started the completed workflow task or activity.
func ran(e *historypb.HistoryEvent) int64 {
	return max(e.GetWorkflowTaskCompletedEventAttributes().GetStartedEventId(),
		e.GetActivityTaskCompletedEventAttributes().GetStartedEventId())
}

// merge joins intervals that touch.
func merge(in []interval) []interval {
	slices.SortFunc(in, func(a, b interval) int { return a.from.Compare(b.from) })
	var out []interval
	for _, i := range in {
		if n := len(out) - 1; n >= 0 && !i.from.After(out[n].to) {
			if i.to.After(out[n].to) {
				out[n].to = i.to
			}
			continue
		}
		out = append(out, i)
	}
	return out
}

// wall is how long merged intervals last together.
func wall(merged []interval) time.Duration {
	var sum time.Duration
	for _, i := range merged {
		sum += i.to.Sub(i.from)
	}
	return sum
}

// squeeze shortens the pauses between merged intervals to at most rest, and answers how long a stretch of the original
// time then lasts.
func squeeze(merged []interval, rest time.Duration) func(from, to time.Time) time.Duration {
	// at is the place of an instant in the squeezed time, from the beginning of the first interval.
	at := func(t time.Time) time.Duration {
		var passed time.Duration
		for n, i := range merged {
			if n > 0 {
				pause := merged[n].from.Sub(merged[n-1].to)
				if t.Before(i.from) {
					return passed + min(t.Sub(merged[n-1].to), rest)
				}
				passed += min(pause, rest)
			}
			if t.Before(i.to) {
				return passed + t.Sub(i.from)
			}
			passed += i.to.Sub(i.from)
		}
		return passed
	}
	return func(from, to time.Time) time.Duration { return at(to) - at(from) }
}

// count is what a mission weighs.
type count struct {
	Events  int `json:"events"`
	Longest int `json:"longest"`
	Bytes   int `json:"bytes"`
}

func weigh(recordings []recording) count {
	var c count
	for _, r := range recordings {
		c.Events += len(r.Events)
		c.Longest = max(c.Longest, len(r.Events))
		for _, e := range r.Events {
			c.Bytes += proto.Size(e)
		}
	}
	return c
}

// stay says how long tasks of a kind waited for a worker and how long they ran, summed over a mission.
type stay struct {
	Kind      string  `json:"kind"`
	Count     int     `json:"count"`
	WaitingMS float64 `json:"waiting_ms"`
	RunningMS float64 `json:"running_ms"`
}

// stays tells where the time of a mission goes: workflow tasks, and activities by type.
func stays(recordings []recording) []stay {
	by := map[string]*stay{}
	for _, r := range recordings {
		for _, e := range r.Events {
			scheduled, started := begun(e), ran(e)
			if scheduled == 0 || started == 0 {
				continue
			}
			name := "workflow task"
			if a := r.Events[scheduled-1].GetActivityTaskScheduledEventAttributes(); a != nil {
				name = a.ActivityType.Name
			}
			s := by[name]
			if s == nil {
				s = &stay{Kind: name}
				by[name] = s
			}
			begin := r.Events[started-1].EventTime.AsTime()
			s.Count++
			s.WaitingMS += ms(begin.Sub(r.Events[scheduled-1].EventTime.AsTime()))
			s.RunningMS += ms(e.EventTime.AsTime().Sub(begin))
		}
	}
	var out []stay
	for _, s := range by {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b stay) int { return cmp.Compare(b.WaitingMS+b.RunningMS, a.WaitingMS+a.RunningMS) })
	return out
}

// spread is the figures of one measure over all runs.
type spread struct {
	Min    float64   `json:"min"`
	Median float64   `json:"median"`
	Max    float64   `json:"max"`
	All    []float64 `json:"all"`
}

func spreadOf(all []float64) spread {
	sorted := slices.Sorted(slices.Values(all))
	n := len(sorted)
	if n == 0 {
		return spread{}
	}
	return spread{Min: sorted[0], Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Max: sorted[n-1], All: all}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
