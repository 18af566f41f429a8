package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"jalon/mail"
	"jalon/models"
	"jalon/store"
)

// Letters renders a message: its words come from the database when it leaves. An error with a refusal's code parks the
// message; any other one is tried again.
type Letters interface {
	Render(ctx context.Context, m models.Message) (mail.Mail, error)
}

// Deliverer brings a fact to its workflow.
type Deliverer interface {
	Deliver(ctx context.Context, row models.Inbox) error
}

// Real-time settings of the relay.
const (
	pollEvery = time.Second // where no commit in this process wakes it
	batch     = 32          // rows claimed at once
	atOnce    = 8           // served at once
	// lease is how long what a relay died with waits for another one. A row that changes hands because its relay was
	// slow does no harm: a fact told twice counts once, and an attempt is recorded once.
	lease       = 5 * time.Second
	deliverIn   = 10 * time.Second
	sendIn      = 75 * time.Second // more than a transport's own limit
	backoffFrom = 200 * time.Millisecond
	backoffTo   = time.Minute
)

// unclear is what to do with a message whose attempt got no answer, per transport: wait at least this long, then try
// again or park it.
var unclear = map[string]struct {
	after time.Duration
	again bool
}{
	"local":    {after: 2 * time.Second, again: true}, // keeping the same mail twice changes nothing
	"sendgrid": {after: time.Hour, again: true},       // its events carry the key: an hour of silence means it has none
}

// parkAfter is for transports that say nothing afterwards, such as SMTP: a person must look.
const parkAfter = 2 * time.Minute

// Relay is the only sender of messages, and delivers the facts that the API could not. Any number may run: rows are
// claimed under a lease. It logs keys and codes, never who a message is for.
type Relay struct {
	Store     *store.Store
	Courier   Deliverer
	Letters   Letters
	Transport mail.Transport
	Clock     models.Clock
	Log       *slog.Logger
	Now       func() time.Time // real time; time.Now unless set
}

// Run works until ctx ends; what it holds then is left to the leases.
func (r *Relay) Run(ctx context.Context) {
	facts, messages := make(chan struct{}, 1), make(chan struct{}, 1) // one wake-up may be pending
	// Each is rung for what it delivers: woken for nothing, one would hold up the other's transaction.
	r.Store.OnCommit(func(left store.Left) {
		if left.Facts {
			ring(facts)
		}
		if left.Messages {
			ring(messages)
		}
	})
	var both sync.WaitGroup
	both.Go(func() { r.loop(ctx, facts, r.DeliverFacts) })
	both.Go(func() { r.loop(ctx, messages, r.SendMessages) })
	both.Wait()
}

func ring(bell chan<- struct{}) {
	select {
	case bell <- struct{}{}:
	default: // already rung
	}
}

// loop runs passes: at once while there is more, else when woken, when the pass says that something falls due, and at
// the latest when it is time to poll.
func (r *Relay) loop(ctx context.Context, bell <-chan struct{}, pass func(context.Context) (time.Duration, error)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-bell:
		case <-timer.C:
		}
		next, err := pass(ctx)
		if err != nil && ctx.Err() == nil {
			r.Log.Warn("relay: pass failed", "cause", err.Error())
			next = pollEvery
		}
		timer.Reset(min(next, pollEvery))
	}
}

// DeliverFacts brings what is pending in the inbox to its workflows, in order for each of them: what one does not take
// holds up its own later facts only. It answers how long to wait, real time, before the next pass.
func (r *Relay) DeliverFacts(ctx context.Context) (time.Duration, error) {
	rows, err := r.Store.ClaimFacts(ctx, r.now(), lease, batch)
	if err != nil {
		return 0, fmt.Errorf("claim facts: %w", err)
	}
	var addressees []string
	queues := map[string][]models.Inbox{}
	for _, row := range rows {
		if queues[row.Workflow] == nil {
			addressees = append(addressees, row.Workflow)
		}
		queues[row.Workflow] = append(queues[row.Workflow], row)
	}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, addressee := range addressees {
		group.Go(func() error { return r.deliver(ctx, queues[addressee]) })
	}
	err = group.Wait()
	if len(rows) == batch {
		return 0, err
	}
	return pollEvery, err
}

// deliver hands over one addressee's facts until one is not taken; that one and the rest wait.
func (r *Relay) deliver(ctx context.Context, rows []models.Inbox) error {
	for i, row := range rows {
		if err := r.deliverOne(ctx, row); err != nil {
			until := r.now()
			if ctx.Err() == nil {
				until = until.Add(backoff(row.Attempts))
				r.Log.Warn("relay: fact not delivered", "fact", row.ID, "kind", row.Kind, "attempts", row.Attempts,
					"code", models.ErrorCode(err))
			}
			for _, waiting := range rows[i:] {
				if err := r.Store.FactRetry(context.WithoutCancel(ctx), waiting.ID, until); err != nil {
					return fmt.Errorf("put facts back: %w", err)
				}
			}
			return nil
		}
	}
	return nil
}

func (r *Relay) deliverOne(ctx context.Context, row models.Inbox) error {
	ctx, cancel := context.WithTimeout(ctx, deliverIn)
	defer cancel()
	return r.Courier.Deliver(ctx, row)
}

// SendMessages sends what may leave now, and decides about attempts that got no answer. It answers how long to wait,
// real time, before the next pass.
func (r *Relay) SendMessages(ctx context.Context) (time.Duration, error) {
	rows, err := r.Store.ClaimMessages(ctx, r.now(), r.business(), lease, batch)
	if err != nil {
		return 0, fmt.Errorf("claim messages: %w", err)
	}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, m := range rows {
		group.Go(func() error { return r.send(ctx, m) })
	}
	if err := group.Wait(); err != nil || len(rows) == batch {
		return 0, err
	}
	if err := r.recover(ctx); err != nil { // after those who wait for nothing
		return 0, err
	}
	due, err := r.Store.NextMessageDue(ctx, r.business())
	if err != nil || due.IsZero() {
		return pollEvery, err
	}
	return r.Clock.RealDelay(r.now(), due), nil
}

// send makes one attempt. The message is rendered first, so that the attempt, once recorded, has little left to go
// wrong before the transport answers.
func (r *Relay) send(ctx context.Context, m models.Message) error {
	if ctx.Err() != nil { // stopping: the next relay need not wait for the lease
		return r.Store.MessageBack(context.WithoutCancel(ctx), m, time.Time{}, m.Failure)
	}
	letter, err := r.render(ctx, m)
	if err != nil {
		return r.unrendered(ctx, m, err)
	}
	letter.At = r.business()
	mine, err := r.Store.RecordAttempt(ctx, m.Key, letter.At)
	if err != nil || !mine {
		return err
	}
	m.Status, m.Attempts = models.MessageSending, m.Attempts+1
	// An attempt once made is finished, and what the transport said is written, even while stopping.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendIn)
	defer cancel()
	_, err = r.Transport.Send(ctx, letter)
	var (
		rejected *mail.Rejected
		retry    *mail.Retry
		noAnswer *mail.Unclear
	)
	switch {
	case err == nil:
		return r.Store.MessageSent(ctx, m.Key, r.business())
	case errors.As(err, &rejected):
		r.Log.Error("relay: message refused", "message", m.Key, "template", m.Template, "code", rejected.Code)
		return r.Store.MessageFailed(ctx, m.Key, models.MessageBounced, rejected.Code, r.business())
	case errors.As(err, &noAnswer):
		r.Log.Warn("relay: message perhaps sent", "message", m.Key, "template", m.Template, "code", noAnswer.Code)
		return nil // stays as sending: see recover
	case errors.As(err, &retry):
		return r.again(ctx, m, retry.Code, max(retry.After, backoff(m.Attempts)))
	}
	return r.again(ctx, m, "transport_error", backoff(m.Attempts))
}

// render keeps a faulty template from stopping the relay.
func (r *Relay) render(ctx context.Context, m models.Message) (letter mail.Mail, err error) {
	defer func() {
		if recover() != nil {
			err = models.NewError("render_failed", "the template panicked")
		}
	}()
	return r.Letters.Render(ctx, m)
}

// unrendered parks a message that cannot be written; where the database or a document store did not answer, it waits.
func (r *Relay) unrendered(ctx context.Context, m models.Message, err error) error {
	if ctx.Err() != nil {
		return r.Store.MessageBack(context.WithoutCancel(ctx), m, time.Time{}, m.Failure)
	}
	switch code := models.ErrorCode(err); code {
	case models.CodeInternal, models.CodeUnavailable:
		return r.again(ctx, m, string(code), backoff(m.Attempts+1))
	case models.MessageNoAddress:
		return r.Store.MessageFailed(ctx, m.Key, models.MessageNoAddress, models.MessageNoAddress, r.business())
	default:
		r.Log.Error("relay: message parked, it cannot be written", "message", m.Key, "template", m.Template, "code", code)
		return r.Store.MessageFailed(ctx, m.Key, models.MessageParked, string(code), r.business())
	}
}

func (r *Relay) again(ctx context.Context, m models.Message, code string, after time.Duration) error {
	r.Log.Warn("relay: message not sent yet", "message", m.Key, "template", m.Template, "code", code, "attempts", m.Attempts)
	return r.Store.MessageBack(ctx, m, r.now().Add(after), code)
}

// recover decides about attempts without an answer, left by an unclear one or by a relay that died between recording
// its attempt and the answer.
func (r *Relay) recover(ctx context.Context) error {
	rule, listed := unclear[r.Transport.Name()]
	if !listed {
		rule.after = parkAfter
	}
	rows, err := r.Store.StaleSending(ctx, r.Clock.Business(r.now().Add(-rule.after)))
	if err != nil {
		return fmt.Errorf("read attempts without answer: %w", err)
	}
	for _, m := range rows {
		if rule.again {
			err = r.Store.MessageBack(ctx, m, time.Time{}, "unclear")
		} else {
			r.Log.Error("relay: message parked, perhaps sent", "message", m.Key, "template", m.Template)
			err = r.Store.MessageFailed(ctx, m.Key, models.MessageParked, "unclear", r.business())
		}
		if err != nil {
			return fmt.Errorf("settle attempts without answer: %w", err)
		}
	}
	return nil
}

func (r *Relay) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}

func (r *Relay) business() time.Time { return r.Clock.Business(r.now()) }

// backoff doubles from one attempt to the next.
func backoff(attempts int) time.Duration {
	return min(backoffTo, backoffFrom<<min(max(attempts-1, 0), 16))
}
