package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"jalon/models"
	"jalon/store"
)

// ErrUnavailable says that Temporal did not take the fact now (temporarily_unavailable): it stays in the inbox, and
// the relay delivers it later.
var ErrUnavailable = models.NewError(models.CodeUnavailable, "Temporal is away: the fact stays in the inbox")

// Courier brings facts from the inbox to their workflows: used by the API straight after Receive, and by the relay for
// what that could not deliver.
type Courier struct {
	Client client.Client
	Store  *store.Store
	Clock  models.Clock
	// TaskTimeout of the workflows it starts, real time; 0 keeps the server's 10 s. Accelerated runs need 1 to 2 s,
	// since a task that died with its worker is tried again only after it.
	TaskTimeout time.Duration
}

// Deliver signals the fact to its addressee, started first where the fact says how. A fact for a workflow that ended
// goes to its dossier's request; where that ended too, the row is marked late and journalled. The inbox row says in the
// end what became of it. Errors: ErrUnavailable, or what the store says; the row is then unchanged.
func (c *Courier) Deliver(ctx context.Context, row models.Inbox) error {
	known, err := c.send(ctx, row.Fact)
	if err == nil && !known {
		// What took it in an earlier delivery, of which nobody knew, wrote so before it ended.
		if row, err = c.Store.Fact(ctx, row.ID); err == nil && row.State != models.FactPending && row.State != models.FactDelivered {
			return nil
		}
	}
	if request := models.RequestID(row.Dossier); err == nil && !known && row.Dossier != "" && request != row.Workflow {
		known, err = c.signal(ctx, request, row.Fact)
	}
	switch {
	case err != nil:
		return fmt.Errorf("deliver %s: %w", row.Kind, err)
	case known:
		return c.Store.FactDelivered(ctx, row.ID)
	}
	return c.Store.FactLate(ctx, row.ID, c.Clock.Business(time.Now()))
}

// send tells whether the addressee took the fact; false when it ended or never ran.
func (c *Courier) send(ctx context.Context, f models.Fact) (bool, error) {
	switch {
	case f.Start == nil:
		return c.signal(ctx, f.Workflow, f)
	case f.Start.Request != nil:
		in := *f.Start.Request
		return c.start(ctx, f.Workflow, models.TrainingRequestType, in.Ref+" · "+in.Scope.Topic, in)
	case f.Start.Invoice != nil:
		in := *f.Start.Invoice
		return c.start(ctx, f.Workflow, models.InvoiceType, invoiceSummary(in.Invoice), in)
	case f.Start.Remuneration != nil:
		in := *f.Start.Remuneration
		o := c.options(f.Workflow, "Rémunération "+in.TrainerRef+" · "+string(in.Month))
		f.Start = nil
		_, err := c.Client.SignalWithStartWorkflow(ctx, f.Workflow, models.FactSignal, f, o, models.RemunerationType, in)
		return outcome(ctx, err)
	}
	return false, models.NewError(models.CodeInvalid, "a start without input")
}

func (c *Courier) signal(ctx context.Context, workflow string, f models.Fact) (bool, error) {
	f.Start = nil // nothing the workflow does not know already
	// Without a run ID the signal goes to the running one.
	return outcome(ctx, c.Client.SignalWorkflow(ctx, workflow, "", models.FactSignal, f))
}

// start is also true when the workflow runs or ran: its first fact was delivered before.
func (c *Courier) start(ctx context.Context, id, workflowType, summary string, in any) (bool, error) {
	_, err := c.Client.ExecuteWorkflow(ctx, c.options(id, summary), workflowType, in)
	if e := (*serviceerror.WorkflowExecutionAlreadyStarted)(nil); errors.As(err, &e) {
		return true, nil
	}
	return outcome(ctx, err)
}

func (c *Courier) options(id, summary string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: id, TaskQueue: models.TaskQueue, StaticSummary: summary, WorkflowTaskTimeout: c.TaskTimeout,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}
}

func invoiceSummary(i models.Invoice) string {
	switch i.Kind {
	case models.InvoiceClient:
		return i.Ref + " · facture client"
	case models.InvoiceSelfBilled:
		return i.Ref + " · autofacture " + i.TrainerRef
	}
	return i.Ref + " · facture fournisseur " + i.TrainerRef
}

// outcome reads Temporal's answer: taken, nobody there any more, or an error.
func outcome(ctx context.Context, err error) (bool, error) {
	var (
		gone    *serviceerror.NotFound
		ended   *serviceerror.WorkflowExecutionAlreadyStarted
		refused *serviceerror.InvalidArgument
	)
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &gone), errors.As(err, &ended):
		return false, nil
	case errors.As(err, &refused):
		// Its text may quote the input; the code is enough to find the row.
		return false, models.NewError(models.CodeInvalid, "Temporal refused the fact")
	case errors.Is(ctx.Err(), context.Canceled):
		return false, ctx.Err()
	}
	return false, fmt.Errorf("%w: %w", ErrUnavailable, err)
}
