package main

import (
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
)

// recording is the history of one workflow.
type recording struct {
	ID     string
	Run    string
	Events []*historypb.HistoryEvent
}

// script is what one workflow of a mission did, without its reasons.
type script struct {
	ID      string
	Tasks   []*task
	Outside []input
}

// task is a workflow task that gave commands, and what it had been told before it.
type task struct {
	Signals, Updates int     // received until then
	Ended            []thing // since the task before
	Commands         []*command
}

type kind string

const (
	anActivity   kind = "activity"
	aTimer       kind = "timer"
	cancelTimer  kind = "cancel timer"
	aChild       kind = "child"
	childStarted kind = "child started"
	answer       kind = "answer update"
	attributes   kind = "search attributes"
	gate         kind = "version"
	end          kind = "end"
)

// thing is the nth activity, timer, child or update of its workflow, from 0.
type thing struct {
	Kind kind
	N    int
}

// command is what a workflow asks of the server.
type command struct {
	thing
	Fires time.Duration // of a timer, in the bare run; 0: the mission cancelled it
	ID    string        // of a child
	Close enumspb.ParentClosePolicy
}

type inputKind string

const (
	byStart       inputKind = "start"
	bySignalStart inputKind = "signal with start"
	bySignal      inputKind = "signal"
	byUpdate      inputKind = "update"
)

// input is what reaches a workflow from outside, at an instant of the mission.
type input struct {
	At       time.Time
	Kind     inputKind
	Workflow string
}

// read makes the script of a workflow that completed. squeezed tells how long a stretch of the mission lasts in the
// bare run. What the bare workflow cannot repeat is an error: a floor that leaves something out would flatter nobody.
func read(r recording, squeezed func(from, to time.Time) time.Duration) (script, error) {
	s := script{ID: r.ID}
	var (
		told, now = &task{}, &task{} // what the coming task is told; the task that gives commands
		scheduled time.Time          // the task under way
		counts    = map[kind]int{}
		things    = map[int64]thing{} // by the event that began them
		timers    = map[int64]*command{}
		began     = map[int64]time.Time{}
		gated     bool
	)
	give := func(c command) *command {
		now.Commands = append(now.Commands, &c)
		return &c
	}
	next := func(k kind, event int64) thing {
		t := thing{k, counts[k]}
		counts[k]++
		things[event] = t
		return t
	}
	for i, e := range r.Events {
		at, afterGate := e.EventTime.AsTime(), gated
		gated = false
		switch e.EventType {
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
			scheduled = at
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
			s.Tasks, now = append(s.Tasks, told), told
			told = &task{Signals: now.Signals, Updates: now.Updates}
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED, enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED, enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
			enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED:

		// What a workflow is told.
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
			if e.GetWorkflowExecutionStartedEventAttributes().ParentWorkflowExecution == nil {
				s.Outside = append(s.Outside, input{at, byStart, r.ID})
			}
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
			told.Signals++
			if i == 1 && len(s.Outside) == 1 {
				s.Outside[0].Kind = bySignalStart
			} else {
				s.Outside = append(s.Outside, input{at, bySignal, r.ID})
			}
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: // written with the commands of the task that was told
			things[e.EventId] = thing{answer, now.Updates}
			now.Updates++
			told.Updates++
			s.Outside = append(s.Outside, input{scheduled, byUpdate, r.ID})
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
			told.Ended = append(told.Ended, things[e.GetActivityTaskCompletedEventAttributes().ScheduledEventId])
		case enumspb.EVENT_TYPE_TIMER_FIRED:
			from := e.GetTimerFiredEventAttributes().StartedEventId
			told.Ended = append(told.Ended, things[from])
			timers[from].Fires = max(squeezed(began[from], at), time.Millisecond)
		case enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
			c := things[e.GetChildWorkflowExecutionStartedEventAttributes().InitiatedEventId]
			told.Ended = append(told.Ended, thing{childStarted, c.N})
		case enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:
			told.Ended = append(told.Ended, things[e.GetChildWorkflowExecutionCompletedEventAttributes().InitiatedEventId])

		// What it commands.
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			give(command{thing: next(anActivity, e.EventId)})
		case enumspb.EVENT_TYPE_TIMER_STARTED:
			timers[e.EventId], began[e.EventId] = give(command{thing: next(aTimer, e.EventId)}), at
		case enumspb.EVENT_TYPE_TIMER_CANCELED:
			give(command{thing: thing{cancelTimer, things[e.GetTimerCanceledEventAttributes().StartedEventId].N}})
		case enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
			a := e.GetStartChildWorkflowExecutionInitiatedEventAttributes()
			give(command{thing: next(aChild, e.EventId), ID: a.WorkflowId, Close: a.ParentClosePolicy})
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
			give(command{thing: things[e.GetWorkflowExecutionUpdateCompletedEventAttributes().AcceptedEventId]})
		case enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
			if !afterGate { // the SDK adds one to each version gate
				give(command{thing: next(attributes, e.EventId)})
			}
		case enumspb.EVENT_TYPE_MARKER_RECORDED:
			if name := e.GetMarkerRecordedEventAttributes().MarkerName; name != "Version" {
				return s, fmt.Errorf("%s, event %d: the bare workflow knows no marker %s", r.ID, e.EventId, name)
			}
			gated = true
			give(command{thing: next(gate, e.EventId)})
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
			give(command{thing: thing{Kind: end}})
		default:
			return s, fmt.Errorf("%s, event %d: the bare workflow knows no %s", r.ID, e.EventId, e.EventType)
		}
	}
	s.Tasks = busy(s.Tasks)
	if n := len(s.Tasks); n == 0 || s.Tasks[n-1].Commands[len(s.Tasks[n-1].Commands)-1].Kind != end {
		return s, fmt.Errorf("%s did not complete", r.ID)
	}
	return s, nil
}

// busy drops the tasks without commands; what they were told counts for the next one.
func busy(tasks []*task) []*task {
	var out []*task
	var ended []thing
	for _, t := range tasks {
		t.Ended = append(ended, t.Ended...)
		ended = t.Ended
		if len(t.Commands) > 0 {
			out, ended = append(out, t), nil
		}
	}
	return out
}

// commands are those of a script in order, without what differs between two runs.
func (s script) commands() []thing {
	var out []thing
	for _, t := range s.Tasks {
		for _, c := range t.Commands {
			out = append(out, c.thing)
		}
	}
	return out
}
