package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"

	"jalon/demo"
	"jalon/models"
	"jalon/store"
)

const (
	assigned = "alpha@example.org" // a trainer of the sample agency
	// calm is the rest between two measured answers, so that what the one leaves to do does not delay the other.
	calm = 30 * time.Millisecond
	// answerPatience bounds the wait for one mail.
	answerPatience = 10 * time.Second
)

// question is a mail that asks for moments of the audit call, and waits for its answer.
type question struct{ audit, link string }

// latencies measures answers at the pace of real time, within the hours at which mails leave: each is posted on the page
// behind a mail's link, by the trainer who offers moments for the audit call, and causes a mail to the client. In turn
// with each, a signal is sent to a bare workflow of the same server, which runs an activity. In milliseconds.
func latencies(ctx context.Context, binary string, n int) (answers, floors []float64, err error) {
	dir, err := os.MkdirTemp("", "jalon-bench-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	in, err := demo.Install(ctx, demo.Options{Binary: binary, Dir: dir, Scale: 1, Epoch: epoch.Add(3 * time.Hour)})
	if in != nil {
		defer in.Stop()
	}
	if err != nil {
		return nil, nil, err
	}
	c, err := client.Dial(client.Options{HostPort: in.TemporalAddress, Logger: quiet})
	if err != nil {
		return nil, nil, err
	}
	defer c.Close()
	player, err := demo.New(ctx, demo.Config{URL: in.URL, StaffToken: in.StaffToken, FinanceToken: in.FinanceToken})
	if err != nil {
		return nil, nil, err
	}
	// Read beside the house: to look through its API would load what is measured.
	rows, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "jalon.db"))
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	clock, err := rows.InstallClock(ctx, models.Clock{})
	if err != nil {
		return nil, nil, err
	}

	questions, err := ask(ctx, player, n)
	if err != nil {
		return nil, nil, err
	}
	signalled, stop, err := listen(ctx, c, n)
	if err != nil {
		return nil, nil, err
	}
	defer stop()
	for i, q := range questions {
		took, err := answered(ctx, player, rows, clock, q)
		if err != nil {
			return nil, nil, err
		}
		floor, err := signalled(i)
		if err != nil {
			return nil, nil, err
		}
		answers, floors = append(answers, ms(took)), append(floors, ms(floor))
		if !sleep(ctx, calm) {
			return nil, nil, ctx.Err()
		}
	}
	return answers, floors, nil
}

// ask opens dossiers and assigns a trainer to each, whom the house then asks for moments of the audit call.
func ask(ctx context.Context, player *demo.Player, n int) ([]question, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute+time.Duration(n)*time.Second)
	defer cancel()
	var mu sync.Mutex
	var out []question
	all := make(chan struct{})
	asked := func(_ context.Context, m *demo.Mission, mail demo.Mail) error {
		mu.Lock()
		defer mu.Unlock()
		if out = append(out, question{models.AuditRef(m.Ref, 1), mail.Link(models.LinkSlots)}); len(out) == n {
			close(all)
		}
		return nil
	}
	reading, stop := context.WithCancel(ctx)
	var people sync.WaitGroup
	people.Go(func() { player.Run(reading) })
	defer people.Wait()
	defer stop()
	for i := range n {
		s := demo.Reference(i)
		s.On = map[string]demo.React{"audit_slots": asked}
		s.Board = map[models.Stage]demo.Act{models.StageQualification: nil}
		m, err := player.Open(ctx, s)
		if err != nil {
			return nil, err
		}
		body := map[string]any{"trainer_ref": player.Trainer(assigned).Ref, "rate_cents": 45000, "rate_unit": models.UnitDay}
		if err := m.Command(ctx, "assign", "", body); err != nil {
			return nil, err
		}
	}
	select {
	case <-all:
		return out, errors.Join(player.Errors()...)
	case <-ctx.Done():
		return nil, errors.Join(fmt.Errorf("%d of %d questions were not asked", n-len(out), n), errors.Join(player.Errors()...))
	}
}

// answered posts one answer, and tells how long it took from the POST until the mail it causes was in the mailbox.
func answered(ctx context.Context, player *demo.Player, rows *store.Store, clock models.Clock, q question) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	browser := player.Browser(assigned)
	page, err := browser.Open(ctx, q.link)
	if err != nil {
		return 0, err
	}
	form := page.Form("offer")
	if form == nil {
		return 0, &demo.Stopped{Action: "offer", Page: page}
	}
	day := player.Calendar.DateOf(player.Now())
	for n := 1; n <= 3; n++ {
		form.Values.Set("slot"+strconv.Itoa(n), string(player.Calendar.AddBusinessDays(day, n+2))+"T14:00")
	}
	posted := time.Now()
	if page, err = browser.Submit(ctx, page, form); err != nil {
		return 0, err
	}
	if page.Status != http.StatusOK {
		return 0, &demo.Stopped{Action: "offer", Page: page}
	}
	for {
		message, err := rows.Message(ctx, q.audit+"/audit_choice")
		if err == nil && !message.SentAt.IsZero() { // written once the mailbox has kept the mail
			return clock.Real(message.SentAt).Sub(posted), nil
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return 0, err
		}
		if !sleep(ctx, 5*time.Millisecond) {
			return 0, fmt.Errorf("no mail within %s of an answer", answerPatience)
		}
	}
}

// listen starts bare workflows that run an activity once they are signalled. signalled sends one its signal, and tells
// how long it took from the call until the activity ran.
func listen(ctx context.Context, c client.Client, n int) (signalled func(i int) (time.Duration, error), stop func(), err error) {
	const queue, name = "bare/answers", "bare"
	id := func(i int) string { return queue + "/" + strconv.Itoa(i) }
	ran := make(chan time.Time, 1)
	w := newWorker(c, queue)
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context) error {
		workflow.GetSignalChannel(ctx, bareSignal).Receive(ctx, nil)
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
		return workflow.ExecuteActivity(ctx, bareActivity).Get(ctx, nil)
	}, workflow.RegisterOptions{Name: name})
	w.RegisterActivityWithOptions(func(context.Context) error {
		ran <- time.Now()
		return nil
	}, activity.RegisterOptions{Name: bareActivity})
	if err := w.Start(); err != nil {
		return nil, nil, err
	}
	var group errgroup.Group
	group.SetLimit(8)
	for i := range n {
		group.Go(func() error {
			_, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id(i), TaskQueue: queue}, name)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		w.Stop()
		return nil, nil, err
	}
	return func(i int) (time.Duration, error) {
		sent := time.Now()
		if err := c.SignalWorkflow(ctx, id(i), "", bareSignal, nil); err != nil {
			return 0, err
		}
		select {
		case at := <-ran:
			return at.Sub(sent), nil
		case <-time.After(answerPatience):
			return 0, fmt.Errorf("no activity within %s of a signal", answerPatience)
		}
	}, w.Stop, nil
}
