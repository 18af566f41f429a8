package activities

import (
	"context"
	"errors"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"

	"jalon/models"
	"jalon/store"
	"jalon/worker/temporaltest"
)

const dossier = "D-2026-000001"

// delivery is a courier with a store and a real server. No worker runs: what was signalled is read from histories.
type delivery struct {
	*Courier
	t *testing.T
}

func newDelivery(t *testing.T) (delivery, *temporaltest.Server) {
	t.Helper()
	server := temporaltest.New(t)
	return delivery{&Courier{Client: server.Dial(t), Store: newStore(t)}, t}, server
}

// receive stores a fact and hands it to the courier.
func (d delivery) receive(f models.Fact) (models.Inbox, error) {
	d.t.Helper()
	return d.receiveWithin(time.Minute, f)
}

func (d delivery) receiveWithin(patience time.Duration, f models.Fact) (models.Inbox, error) {
	d.t.Helper()
	row, _, err := d.Store.Receive(d.t.Context(), f, time.Now)
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	err = d.Deliver(ctx, row)
	stored, readErr := d.Store.Fact(d.t.Context(), f.ID)
	if readErr != nil {
		d.t.Fatal(readErr)
	}
	return stored, err
}

func (d delivery) must(f models.Fact, state string) {
	d.t.Helper()
	row, err := d.receive(f)
	if err != nil || row.State != state {
		d.t.Fatalf("%s: state %s (%v), want %s", f.ID, row.State, err, state)
	}
}

// signals counts the facts a workflow was told, in its last run.
func (d delivery) signals(workflow string) []string {
	d.t.Helper()
	var out []string
	for events := d.Client.GetWorkflowHistory(d.t.Context(), workflow, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
		e, err := events.Next()
		if err != nil {
			d.t.Fatal(err)
		}
		if s := e.GetWorkflowExecutionSignaledEventAttributes(); s != nil {
			out = append(out, string(s.GetInput().GetPayloads()[0].GetData()))
		}
	}
	return out
}

func (d delivery) end(workflow string) {
	d.t.Helper()
	if err := d.Client.TerminateWorkflow(d.t.Context(), workflow, "", "test"); err != nil {
		d.t.Fatal(err)
	}
}

func intake() models.Fact {
	return models.Fact{ID: "intake/" + dossier, Kind: models.FactIntake, Workflow: models.RequestID(dossier), Dossier: dossier,
		Channel: models.ChannelSite, Start: &models.Start{Request: &models.RequestInput{Ref: dossier, Scope: models.Scope{Topic: "tableur"}}}}
}

func told(id, workflow string) models.Fact {
	return models.Fact{ID: id, Kind: models.FactClientCancelled, Workflow: workflow, Dossier: dossier, Channel: models.ChannelLink}
}

func TestCourier(t *testing.T) {
	d, server := newDelivery(t)
	request, session := models.RequestID(dossier), models.SessionID(dossier, 1)

	t.Run("an intake starts its request, once", func(t *testing.T) {
		d.must(intake(), models.FactDelivered)
		first, err := d.Client.DescribeWorkflow(t.Context(), request, "")
		if err != nil {
			t.Fatal(err)
		}
		if summary, err := first.GetStaticSummary(); err != nil || summary != "D-2026-000001 · tableur" {
			t.Errorf("summary %q (%v)", summary, err)
		}
		row, err := d.Store.Fact(t.Context(), intake().ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Deliver(t.Context(), row); err != nil {
			t.Fatal(err)
		}
		second, err := d.Client.DescribeWorkflow(t.Context(), request, "")
		if err != nil || second.WorkflowExecution.RunID != first.WorkflowExecution.RunID {
			t.Errorf("started twice (%v)", err)
		}
	})

	t.Run("a fact is signalled without how to start", func(t *testing.T) {
		d.must(told("told/1", request), models.FactDelivered)
		if got := d.signals(request); len(got) != 1 {
			t.Errorf("signals %v", got)
		}
	})

	t.Run("a fact for a child that ended goes to its request", func(t *testing.T) {
		d.must(told("told/2", session), models.FactDelivered)
		if got := d.signals(request); len(got) != 2 {
			t.Errorf("signals %v", got)
		}
	})

	t.Run("what a child took in before it ended is not told again", func(t *testing.T) {
		// An earlier delivery was cut off after the signal: the row was read before the child's last step.
		row, _, err := d.Store.Receive(t.Context(), told("told/taken", session), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Store.Apply(t.Context(), models.Step{Workflow: session, Run: "r", Seq: 1, At: time.Now(),
			Handled: []models.FactHandling{{ID: row.ID, State: models.FactApplied}}}); err != nil {
			t.Fatal(err)
		}
		if err := d.Deliver(t.Context(), row); err != nil {
			t.Fatal(err)
		}
		if got := d.signals(request); len(got) != 2 {
			t.Errorf("signals %v: the request would call late what was applied", got)
		}
	})

	t.Run("a month is started by its first line and told the next", func(t *testing.T) {
		in := models.RemunerationInput{Payer: models.PayerAgency, TrainerRef: "T-000042", Month: "2026-11"}
		month := models.RemunerationID(in.Payer, in.TrainerRef, in.Month)
		for _, line := range []string{"line/1", "line/2"} {
			f := told(line, month)
			f.Kind, f.Start = models.FactLineDue, &models.Start{Remuneration: &in}
			d.must(f, models.FactDelivered)
		}
		if got := d.signals(month); len(got) != 2 {
			t.Errorf("signals %v", got)
		}
		d.end(month)
		f := told("line/3", month)
		f.Kind, f.Start = models.FactLineDue, &models.Start{Remuneration: &in}
		d.must(f, models.FactDelivered) // to the request
		if got := d.signals(request); len(got) != 3 {
			t.Errorf("a closed month was not told to the request: %v", got)
		}
	})

	t.Run("an invoice is started, and never again once it ended", func(t *testing.T) {
		id := models.InvoiceID("I-2026-000077")
		f := told("invoice/1", id)
		f.Kind, f.Start = models.FactInvoiceDue, &models.Start{Invoice: &models.InvoiceInput{Invoice: models.Invoice{Ref: "I-2026-000077", Kind: models.InvoiceClient}}}
		d.must(f, models.FactDelivered)
		d.end(id)
		f.ID = "invoice/2"
		d.must(f, models.FactDelivered)
		run, err := d.Client.DescribeWorkflow(t.Context(), id, "")
		if err != nil || run.Status != enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED {
			t.Errorf("status %v (%v)", run.Status, err)
		}
	})

	t.Run("a fact for a dossier that ended is late and journalled", func(t *testing.T) {
		d.end(request)
		d.must(told("told/3", session), models.FactLate)
		d.must(told("told/4", request), models.FactLate)
		journal, err := d.Store.Journal(t.Context(), dossier, store.Cursor{}, 0)
		if err != nil || len(journal.Items) != 2 || journal.Items[0].Kind != "fact_late" {
			t.Errorf("journal %+v (%v)", journal.Items, err)
		}
	})

	t.Run("what the workflow said stays", func(t *testing.T) {
		row, err := d.Store.Fact(t.Context(), "told/3")
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Store.FactDelivered(t.Context(), row.ID); err != nil {
			t.Fatal(err)
		}
		if row, err = d.Store.Fact(t.Context(), row.ID); err != nil || row.State != models.FactLate {
			t.Errorf("state %s (%v)", row.State, err)
		}
	})

	t.Run("without Temporal the fact stays", func(t *testing.T) {
		server.Stop()
		row, err := d.receiveWithin(300*time.Millisecond, told("told/5", request))
		if !errors.Is(err, ErrUnavailable) || models.ErrorCode(err) != models.CodeUnavailable || row.State != models.FactPending {
			t.Errorf("state %s, error %v", row.State, err)
		}
	})
}
