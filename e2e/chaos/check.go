package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"jalon/demo"
	"jalon/models"
	"jalon/store"
	"jalon/worker"
)

// check looks at all that is left once every mission is over, and answers what must not be.
type check struct {
	run      *run
	store    *store.Store
	temporal client.Client
	broken   []string
	messages map[string]models.Message // by key
}

func (c *check) breaks(format string, args ...any) {
	c.broken = append(c.broken, fmt.Sprintf(format, args...))
}

// check waits until nothing runs any more, stops the people and the processes, and looks.
func (r *run) check(ctx context.Context, played []*demo.Mission, stop func()) []string {
	c := &check{run: r, messages: map[string]models.Message{}}
	if err := c.all(ctx, played, stop); err != nil {
		c.breaks("%s", err)
	}
	return c.broken
}

func (c *check) all(ctx context.Context, played []*demo.Mission, stop func()) (err error) {
	quiet := temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler))
	if c.temporal, err = client.DialContext(ctx, client.Options{HostPort: c.run.in.TemporalAddress, Logger: quiet}); err != nil {
		return err
	}
	defer c.temporal.Close()
	if c.store, err = store.Open(ctx, c.run.server.URL("jalon")); err != nil {
		return err
	}
	defer c.store.Close()
	for _, m := range played { // months of waiting for evaluations would prove nothing
		err := c.run.staff.post(ctx, "/requests/"+m.Ref+"/give-up-follow-up", m.Ref, map[string]any{"reason": "Fin de l'exercice."})
		if err != nil && !forgives(err) {
			c.breaks("%s: the follow-up is not given up: %s", m.Ref, err)
		}
	}
	if err := c.calm(ctx); err != nil {
		return err
	}
	stop()
	ends := map[models.Stage]int{}
	for _, m := range played {
		if err := c.mission(ctx, m, c.run.cast.minds[m.Script.Number], ends); err != nil {
			return err
		}
	}
	if _, err := c.answers(ctx, ""); err != nil { // months and invoices
		return err
	}
	if err := c.mails(ctx); err != nil {
		return err
	}
	if err := c.money(ctx); err != nil {
		return err
	}
	if err := c.histories(ctx, quiet); err != nil {
		return err
	}
	out, err := c.run.in.Run(ctx, "verify")
	if err != nil {
		c.breaks("projection: %s\n%s", err, out)
	}
	c.run.summary = fmt.Sprintf("%d closed, %d cancelled, %d mails; %s", ends[models.StageClosed], ends[models.StageCancelled], len(c.messages),
		strings.TrimSpace(out))
	return nil
}

// calm waits until every workflow has ended and nothing is left to deliver.
func (c *check) calm(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, calmSpan)
	defer cancel()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		running, err := c.executions(ctx, `ExecutionStatus = "Running"`)
		if err == nil && len(running) == 0 {
			var backlog store.Backlog
			if backlog, err = c.store.Backlog(ctx, c.run.player.Now().AddDate(1, 0, 0)); err == nil && backlog == (store.Backlog{}) {
				return nil
			}
			err = fmt.Errorf("left to deliver: %+v", backlog)
		}
		select {
		case <-ctx.Done():
			for _, w := range running {
				c.breaks("%s still runs", w.Execution.WorkflowId)
			}
			return err
		case <-tick.C:
		}
	}
}

func (c *check) executions(ctx context.Context, query string) (out []*workflowpb.WorkflowExecutionInfo, err error) {
	for token := []byte(nil); ; {
		page, err := c.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, NextPageToken: token})
		if err != nil {
			return nil, err
		}
		out = append(out, page.Executions...)
		if token = page.NextPageToken; len(token) == 0 {
			return out, nil
		}
	}
}

// mission checks one dossier: how it ended, and that no answer in time counts as silence.
func (c *check) mission(ctx context.Context, m *demo.Mission, own *mind, ends map[models.Stage]int) error {
	row, err := c.store.Request(ctx, m.Ref)
	if err != nil {
		return err
	}
	ends[row.Stage]++
	wants := row.Stage == models.StageClosed && m.Closed() || row.Stage == models.StageCancelled && own.ended
	if !wants || row.Alert != "" {
		c.breaks("%s ended as %s, %s, alert %q", m.Ref, row.Stage, row.Outcome, row.Alert)
	}
	inTime, err := c.answers(ctx, m.Ref)
	if err != nil {
		return err
	}
	invitations, err := c.store.Invitations(ctx, m.Ref, 0)
	if err != nil {
		return err
	}
	asked := map[string]int{}
	for _, i := range invitations {
		if inTime[i.Ref] && (i.Status == models.InvitationSilent || i.Status == models.InvitationUndeliverable) {
			c.breaks("%s was answered in time and is %s", i.Ref, i.Status)
		}
		asked[fmt.Sprint(i.TrainerRef, i.Search)]++
	}
	for who, n := range asked {
		if n > 1 {
			c.breaks("%s: %s was invited %d times in one search", m.Ref, who, n)
		}
	}
	absences, err := c.store.Absences(ctx, m.Ref)
	for _, a := range absences {
		if inTime[a.Ref] && a.Status == models.AbsenceUnjustified {
			c.breaks("%s was justified in time and is %s", a.Ref, a.Status)
		}
	}
	if err != nil {
		return err
	}
	return c.outbox(ctx, m.Ref)
}

// answers checks the facts and deadlines of a dossier, or of none, and tells the subjects of which an answer came in time.
func (c *check) answers(ctx context.Context, dossier string) (inTime map[string]bool, err error) {
	deadlines, err := c.store.Deadlines(ctx, dossier)
	if err != nil {
		return nil, err
	}
	due := map[string]models.Deadline{}
	for _, d := range deadlines {
		due[d.ID] = d
		if d.Status == models.Open {
			c.breaks("all is over and %s is still awaited", d.ID)
		}
	}
	facts, err := c.store.Facts(ctx, dossier)
	if err != nil {
		return nil, err
	}
	inTime = map[string]bool{}
	for _, f := range facts {
		// What starts a process says all it has to say by that.
		starts := f.Kind == models.FactIntake || f.Kind == models.FactInvoiceDue
		if f.State == models.FactPending || f.State == models.FactDelivered && !starts {
			c.breaks("fact %s is %s", f.ID, f.State)
		}
		d, known := due[f.DeadlineID]
		if !known || f.ReceivedAt.After(d.DueAt) {
			continue
		}
		inTime[f.Subject] = true
		if d.Status == models.Missed && d.Kind != models.DeadlineSilence && f.State == models.FactApplied {
			c.breaks("%s answered %s on %s, due on %s, and the deadline is missed", f.ID, d.ID, f.ReceivedAt.Format(time.RFC3339), d.DueAt.Format(time.RFC3339))
		}
		if f.State == models.FactLate && d.Status == models.Missed { // not: the dossier ended before
			c.breaks("fact %s came on %s, due on %s, and is late", f.ID, f.ReceivedAt.Format(time.RFC3339), d.DueAt.Format(time.RFC3339))
		}
	}
	return inTime, nil
}

// outbox reads the messages of a dossier, or of none: those of months and invoices.
func (c *check) outbox(ctx context.Context, dossier string) error {
	for from := (store.Cursor{}); ; {
		page, err := c.store.Messages(ctx, dossier, from, store.MaxPage)
		if err != nil {
			return err
		}
		for _, message := range page.Items {
			c.messages[message.Key] = message
		}
		if from = page.Next; from.ID == "" {
			return nil
		}
	}
}

// mails checks that what was to leave left once, and nothing else did.
func (c *check) mails(ctx context.Context) error {
	if err := c.outbox(ctx, ""); err != nil {
		return err
	}
	kept := map[string]bool{}
	for from := (store.Cursor{}); ; {
		page, err := c.store.Mailbox(ctx, "", from, store.MaxPage)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			kept[item.Key] = true
			if _, known := c.messages[item.Key]; !known {
				c.breaks("mail %s left, and no message says so", item.Key)
			}
		}
		if from = page.Next; from.ID == "" {
			break
		}
	}
	same := map[string]int{}
	for _, key := range slices.Sorted(maps.Keys(c.messages)) {
		m := c.messages[key]
		switch {
		case m.Status == models.MessageSent && !kept[key]:
			c.breaks("message %s is sent, and in no mailbox", key)
		case m.Status == models.MessageWithdrawn && kept[key]:
			c.breaks("message %s is withdrawn, and in a mailbox", key)
		case m.Status != models.MessageSent && m.Status != models.MessageWithdrawn:
			c.breaks("message %s is %s (%s)", key, m.Status, m.Failure)
		}
		if kept[key] && slices.Contains(single, m.Template) {
			same[fmt.Sprint(m.Template, " to ", m.ToRef, " about ", m.Subject)]++
		}
	}
	for what, n := range same {
		if n > 1 {
			c.breaks("%d mails %s", n, what)
		}
	}
	return nil
}

// single are the templates that one person gets once about one thing, whatever happens: others are repeated when what
// they tell happens again.
var single = []string{"request_received", "invitation", "invitation_reminder", "audit_report_reminder", "programme_ask", "programme_returned",
	"programme_approved", "trainer_contract", "contract_client", "contract_signed", "trainer_contract_expired", "certificate", "absence_told", "hot_evaluation",
	"client_invoice", "recap", "recap_reminder", "self_billed_invoice", "invoice_paid", "request_cancelled_client", "staff_request_cancelled", "mission_cancelled"}

// money checks that each session held is paid once.
func (c *check) money(ctx context.Context) error {
	numbers, billed := map[string]string{}, map[string]string{}
	for from := (store.Cursor{}); ; {
		page, err := c.store.Invoices(ctx, store.InvoiceFilter{}, from, store.MaxPage)
		if err != nil {
			return err
		}
		for _, i := range page.Items {
			if i.Status != models.InvoicePaid {
				c.breaks("invoice %s is %s", i.Ref, i.Status)
			}
			if other := numbers[i.Number+i.TrainerRef]; other != "" {
				c.breaks("invoices %s and %s have one number, %s", other, i.Ref, i.Number)
			}
			numbers[i.Number+i.TrainerRef] = i.Ref
			for _, line := range i.Lines {
				if other := billed[line]; other != "" {
					c.breaks("line %s is in invoices %s and %s", line, other, i.Ref)
				}
				billed[line] = i.Ref
			}
		}
		if from = page.Next; from.ID == "" {
			break
		}
	}
	for dossier := range c.dossiers() {
		sessions, err := c.store.Sessions(ctx, dossier)
		if err != nil {
			return err
		}
		for _, s := range sessions {
			line, err := c.store.PayLine(ctx, s.Ref)
			switch {
			case s.Status != models.SessionValidated && err == nil:
				c.breaks("%s is %s and has a pay line", s.Ref, s.Status)
			case s.Status != models.SessionValidated:
			case err != nil:
				c.breaks("%s is validated and has no pay line: %s", s.Ref, err)
			case line.Status != models.LinePaid || billed[s.Ref] == "" || line.InvoiceRef != billed[s.Ref]:
				c.breaks("line %s is %s on %q, and billed on %q", s.Ref, line.Status, line.InvoiceRef, billed[s.Ref])
			}
		}
	}
	return nil
}

func (c *check) dossiers() map[string]bool {
	out := map[string]bool{}
	for _, m := range c.messages {
		if m.Dossier != "" {
			out[m.Dossier] = true
		}
	}
	return out
}

// histories checks that every workflow completed, that none of its tasks failed, and that each replays the same.
func (c *check) histories(ctx context.Context, quiet temporallog.Logger) error {
	replayer := sdk.NewWorkflowReplayer()
	worker.RegisterProcesses(replayer)
	all, err := c.executions(ctx, "")
	if err != nil {
		return err
	}
	for _, w := range all {
		id := w.Execution.WorkflowId
		if w.Status != enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
			c.breaks("%s ended as %s", id, w.Status)
		}
		history := &historypb.History{}
		for events := c.temporal.GetWorkflowHistory(ctx, id, w.Execution.RunId, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
			e, err := events.Next()
			if err != nil {
				return err
			}
			history.Events = append(history.Events, e)
			// A server killed while it handed out a task forgets what it had not written of it: the task is done again.
			f := e.GetWorkflowTaskFailedEventAttributes()
			if f != nil && f.Cause != enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND &&
				!strings.Contains(f.GetFailure().GetMessage(), "premature end of stream") {
				c.breaks("%s: a task failed: %s, %s", id, f.Cause, f.GetFailure().GetMessage())
			}
		}
		err := replayer.ReplayWorkflowHistoryWithOptions(quiet, history, sdk.ReplayWorkflowHistoryOptions{
			OriginalExecution: workflow.Execution{ID: id, RunID: w.Execution.RunId}})
		if err != nil {
			c.breaks("%s does not replay: %s", id, err)
		}
	}
	return nil
}
