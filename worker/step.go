package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"jalon/models"
	"jalon/store"
	"jalon/workflows"
)

// Histories reads from the histories of a namespace every step that its workflows handed to Apply.
func Histories(ctx context.Context, c client.Client) (store.Histories, error) {
	r := newRecord()
	for token := []byte(nil); ; {
		page, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{NextPageToken: token})
		if err != nil {
			return store.Histories{}, fmt.Errorf("list workflows: %w", err)
		}
		for _, w := range page.Executions {
			events := c.GetWorkflowHistory(ctx, w.Execution.WorkflowId, w.Execution.RunId, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			for events.HasNext() {
				event, err := events.Next()
				if gone := (*serviceerror.NotFound)(nil); errors.As(err, &gone) {
					break // dropped while the list was read
				}
				if err == nil {
					err = r.read(event)
				}
				if err != nil {
					return store.Histories{}, fmt.Errorf("history of %s: %w", w.Execution.WorkflowId, err)
				}
			}
		}
		if token = page.NextPageToken; len(token) == 0 {
			return store.Histories{Steps: r.ordered(), Written: r.written}, nil
		}
	}
}

// record is what histories tell of steps.
type record struct {
	steps   []scheduled
	asked   map[int64]int     // by event of the history being read: index in steps
	written map[string]int64  // by workflow: the last step that was answered
	months  map[string]string // by line_due fact: the month that was told of the line
}

func newRecord() record { return record{written: map[string]int64{}, months: map[string]string{}} }

type scheduled struct {
	models.Step
	at    time.Time // real time
	after int       // breaks a tie of two that are known to have followed each other
}

func (s scheduled) before(o scheduled) bool {
	return s.at.Before(o.at) || s.at.Equal(o.at) && s.after < o.after
}

func (r *record) read(event *historypb.HistoryEvent) error {
	if event.GetEventId() == 1 {
		r.asked = map[int64]int{}
	}
	decode := converter.GetDefaultDataConverter().FromPayloads
	if a := event.GetActivityTaskScheduledEventAttributes(); a.GetActivityType().GetName() == workflows.ActivityApply {
		s := scheduled{at: event.GetEventTime().AsTime()}
		if err := decode(a.GetInput(), &s.Step); err != nil {
			return err
		}
		r.asked[event.GetEventId()] = len(r.steps)
		r.steps = append(r.steps, s)
	}
	if a := event.GetActivityTaskCompletedEventAttributes(); a != nil {
		if i, ours := r.asked[a.GetScheduledEventId()]; ours {
			r.written[r.steps[i].Workflow] = r.steps[i].Seq
		}
	}
	if a := event.GetWorkflowExecutionSignaledEventAttributes(); a.GetSignalName() == models.FactSignal {
		var f models.Fact
		if err := decode(a.GetInput(), &f); err != nil {
			return err
		}
		if f.Kind == models.FactLineDue {
			r.months[f.ID] = f.Workflow
		}
	}
	return nil
}

// ordered sorts steps by the moment they were asked for. A step that follows from another (by its fact, or by a row it
// read) was asked for after that one was written, so the order holds even where a crash let a later one overtake. Only a
// pay line and the settling of its payee's month do not know of each other: the one that was written first decided which
// month the line joined, and that month was told.
func (r *record) ordered() []models.Step {
	settled, placed := map[models.PayMonth][]*scheduled{}, map[models.PayMonth][]placing{}
	for i := range r.steps {
		step := &r.steps[i]
		if m := step.Rows.PayMonth; m != nil {
			payee := models.PayMonth{Payer: m.Payer, TrainerRef: m.TrainerRef}
			settled[payee] = append(settled[payee], step)
		}
		for _, line := range slices.Concat(step.Rows.NewLines, step.Rows.Reopened) {
			payee := models.PayMonth{Payer: line.Payer, TrainerRef: line.TrainerRef}
			placed[payee] = append(placed[payee], placing{step, line.HeldOn.Month(), r.joined(step.Step, line)})
		}
	}
	for payee, steps := range settled {
		for range len(steps) + len(placed[payee]) { // one may push the next
			for _, s := range steps {
				month := s.Rows.PayMonth.Month
				for _, p := range placed[payee] {
					switch {
					case p.joined == "" || month < p.held || month > p.joined: // indifferent
					case month < p.joined && !s.before(*p.scheduled):
						p.at, p.after = s.at, s.after+1
					case month == p.joined && !p.before(*s):
						s.at, s.after = p.at, p.after+1
					}
				}
			}
		}
	}
	slices.SortStableFunc(r.steps, func(a, b scheduled) int { return cmp.Or(a.at.Compare(b.at), a.after-b.after) })
	out := make([]models.Step, len(r.steps))
	for i, s := range r.steps {
		out[i] = s.Step
	}
	return out
}

// placing is a step that places a pay line, which joins its payee's first month from held on that is not settled. No
// month was told of it yet if joined is empty.
type placing struct {
	*scheduled
	held, joined models.Month
}

func (r *record) joined(step models.Step, line models.PayLine) models.Month {
	for _, f := range step.Facts {
		if f.Kind == models.FactLineDue && f.Subject == line.Ref {
			told := r.months[f.ID]
			return models.Month(told[strings.LastIndex(told, "/")+1:])
		}
	}
	return ""
}
