package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"jalon/mail"
	"jalon/models"
	"jalon/store"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// postman is a transport that answers what the test wants, and counts.
type postman struct {
	name   string
	answer func(m mail.Mail) error
	mu     sync.Mutex
	took   map[string]int // attempts by key
	done   chan struct{}  // closed when want different mails were taken
	want   int
}

func newPostman(name string, want int) *postman {
	return &postman{name: name, took: map[string]int{}, done: make(chan struct{}), want: want}
}

func (p *postman) Name() string { return p.name }

func (p *postman) Send(_ context.Context, m mail.Mail) (mail.Receipt, error) {
	p.mu.Lock()
	p.took[m.Key]++
	if len(p.took) == p.want && p.took[m.Key] == 1 {
		close(p.done)
	}
	p.mu.Unlock()
	if p.answer != nil {
		return mail.Receipt{}, p.answer(m)
	}
	return mail.Receipt{}, nil
}

func (p *postman) attempts(key string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.took[key]
}

// scribe writes letters without words.
type scribe func(m models.Message) error

func (s scribe) Render(_ context.Context, m models.Message) (mail.Mail, error) {
	if s != nil {
		if err := s(m); err != nil {
			return mail.Mail{}, err
		}
	}
	return mail.Mail{Key: m.Key, Template: m.Template}, nil
}

// runner stands for the courier: it notes what it delivers.
type runner struct {
	store   *store.Store
	mu      sync.Mutex
	brought map[string][]string // fact IDs by workflow
	away    map[string]bool     // workflows that cannot be reached
}

func (r *runner) Deliver(ctx context.Context, row models.Inbox) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away[row.Workflow] {
		return models.NewError(models.CodeUnavailable, "away")
	}
	if r.brought == nil {
		r.brought = map[string][]string{}
	}
	r.brought[row.Workflow] = append(r.brought[row.Workflow], row.ID)
	return r.store.FactDelivered(ctx, row.ID)
}

// bench is a relay on a database of its own, with a real clock that the test moves.
type bench struct {
	*Relay
	t       *testing.T
	real    time.Time
	runner  *runner
	postman *postman
	path    string
}

func newBench(t *testing.T, transport string) *bench {
	t.Helper()
	b := &bench{t: t, real: noon, path: filepath.Join(t.TempDir(), "jalon.db"), postman: newPostman(transport, 0)}
	s := b.open()
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.runner = &runner{store: s, away: map[string]bool{}}
	b.Relay = &Relay{Store: s, Courier: b.runner, Letters: scribe(nil), Transport: b.postman, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return b.real }}
	return b
}

func (b *bench) open() *store.Store {
	b.t.Helper()
	s, err := store.Open(b.t.Context(), "sqlite:"+b.path)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { s.Close() })
	return s
}

// enqueue writes messages to staff, as a step does.
func (b *bench) enqueue(messages ...models.Message) {
	b.t.Helper()
	for i := range messages {
		messages[i].To, messages[i].Template = models.RoleStaff, "staff_alert"
	}
	step := models.Step{Workflow: "request/D-1/" + messages[0].Key, Run: "r", Seq: 1, At: b.business(), Dossier: "D-1", Messages: messages}
	if _, err := b.Store.Apply(b.t.Context(), step); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) pass() time.Duration {
	b.t.Helper()
	wait, err := b.SendMessages(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return wait
}

func (b *bench) message(key string) models.Message {
	b.t.Helper()
	m, err := b.Store.Message(b.t.Context(), key)
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

func (b *bench) expect(key, status, failure string, attempts int) {
	b.t.Helper()
	m := b.message(key)
	if m.Status != status || m.Failure != failure || b.postman.attempts(key) != attempts {
		b.t.Errorf("%s: %s %q after %d attempts, want %s %q after %d", key, m.Status, m.Failure, b.postman.attempts(key), status, failure, attempts)
	}
}

func TestTwoRelaysSendNothingTwice(t *testing.T) {
	const n = 300
	b := newBench(t, "sendgrid")
	b.Now = nil
	b.postman = newPostman("sendgrid", n)
	var messages []models.Message
	for i := range n {
		messages = append(messages, models.Message{Key: fmt.Sprintf("m/%03d", i)})
	}
	b.enqueue(messages...)
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	var relays sync.WaitGroup
	for range 2 {
		s := b.open()
		r := &Relay{Store: s, Courier: b.runner, Letters: scribe(nil), Transport: b.postman, Log: b.Log}
		relays.Go(func() { r.Run(ctx) })
	}
	select {
	case <-b.postman.done:
	case <-ctx.Done():
		t.Fatal("not everything was sent")
	}
	stop()
	relays.Wait()
	for key, attempts := range b.postman.took {
		if attempts != 1 || b.message(key).Status != models.MessageSent {
			t.Errorf("%s: %d attempts, %s", key, attempts, b.message(key).Status)
		}
	}
}

func TestCommitWakesTheRelay(t *testing.T) {
	b := newBench(t, "local")
	b.Now = nil
	b.postman.want = 1
	ctx, stop := context.WithCancel(t.Context())
	var relay sync.WaitGroup
	relay.Go(func() { b.Run(ctx) })
	b.enqueue(models.Message{Key: "m"})
	select {
	case <-b.postman.done:
	case <-time.After(30 * time.Second):
		t.Error("not sent")
	}
	stop()
	relay.Wait()
}

// A relay that dies between recording its attempt and the answer leaves the message as sending.
func TestKilledBetweenAttemptAndAnswer(t *testing.T) {
	for _, c := range []struct {
		transport string
		wait      time.Duration
		status    string
		failure   string
		attempts  int
	}{
		{"local", time.Second, models.MessageSending, "", 0},
		{"local", 3 * time.Second, models.MessageSent, "", 1},
		{"sendgrid", 59 * time.Minute, models.MessageSending, "", 0},
		{"sendgrid", time.Hour, models.MessageSent, "", 1},
		{"smtp", time.Minute, models.MessageSending, "", 0},
		{"smtp", time.Hour, models.MessageParked, "unclear", 0},
		{"unheard of", time.Hour, models.MessageParked, "unclear", 0},
	} {
		t.Run(fmt.Sprint(c.transport, " after ", c.wait), func(t *testing.T) {
			b := newBench(t, c.transport)
			b.enqueue(models.Message{Key: "m"})
			if _, err := b.Store.ClaimMessages(t.Context(), b.real, b.business(), lease, 1); err != nil {
				t.Fatal(err)
			}
			if ok, err := b.Store.RecordAttempt(t.Context(), "m", b.business()); !ok || err != nil {
				t.Fatal(ok, err)
			}
			b.real = b.real.Add(c.wait)
			b.pass()
			b.pass()
			b.expect("m", c.status, c.failure, c.attempts)
		})
	}
}

func TestUnclearAnswerIsNotRepeatedBeforeItsTime(t *testing.T) {
	b := newBench(t, "sendgrid")
	b.postman.answer = func(mail.Mail) error { return &mail.Unclear{Code: "timeout"} }
	b.enqueue(models.Message{Key: "m"})
	b.pass()
	b.pass()
	b.expect("m", models.MessageSending, "", 1)
	// Its event arrives within the hour.
	if err := b.Store.MessageEvent(t.Context(), "m", store.EventDelivered, b.business()); err != nil {
		t.Fatal(err)
	}
	b.real = b.real.Add(2 * time.Hour)
	b.pass()
	b.expect("m", models.MessageDelivered, "", 1)
}

func TestRefusedMailTellsItsWorkflow(t *testing.T) {
	b := newBench(t, "sendgrid")
	b.postman.answer = func(m mail.Mail) error {
		if m.Key == "bad" {
			return &mail.Rejected{Code: "status_400"}
		}
		return nil
	}
	b.enqueue(models.Message{Key: "bad"}, models.Message{Key: "good"})
	b.pass()
	b.expect("bad", models.MessageBounced, "status_400", 1)
	b.expect("good", models.MessageSent, "", 1)
	facts, err := b.Store.Facts(t.Context(), "D-1")
	if err != nil || len(facts) != 1 || facts[0].Kind != models.FactUndeliverable || facts[0].Data.Ref != "bad" {
		t.Errorf("facts %+v (%v)", facts, err)
	}
}

func TestMailNotTakenIsTriedAgainLater(t *testing.T) {
	for name, c := range map[string]struct {
		answer error
		code   string
		after  time.Duration
	}{
		"the provider's hint": {&mail.Retry{Code: "status_429", After: 90 * time.Second}, "status_429", 90 * time.Second},
		"without a hint":      {&mail.Retry{Code: "status_503"}, "status_503", backoffFrom},
		"anything else":       {errors.New("connection refused"), "transport_error", backoffFrom},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "smtp")
			b.postman.answer = func(mail.Mail) error { return c.answer }
			b.enqueue(models.Message{Key: "m"})
			b.pass()
			b.expect("m", models.MessageQueued, c.code, 1)
			b.postman.answer = nil
			b.real = b.real.Add(c.after - time.Millisecond)
			b.pass()
			b.expect("m", models.MessageQueued, c.code, 1)
			b.real = b.real.Add(time.Millisecond)
			b.pass()
			if m := b.message("m"); m.Status != models.MessageSent || !m.SentAt.Equal(b.business()) {
				t.Errorf("%s at %s", m.Status, m.SentAt)
			}
		})
	}
}

func TestLetterThatCannotBeWrittenBlocksNoOther(t *testing.T) {
	for name, c := range map[string]struct {
		fault           error
		status, failure string
	}{
		"unknown template":    {models.NewError(models.CodeUnknown, "no template"), models.MessageParked, "not_found"},
		"no address left":     {models.NewError(models.MessageNoAddress, "no address"), models.MessageNoAddress, "no_address"},
		"database away":       {errors.New("connection reset"), models.MessageQueued, "internal_error"},
		"panic in a template": {nil, models.MessageParked, "render_failed"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "sendgrid")
			b.Letters = scribe(func(m models.Message) error {
				if m.Key != "bad" {
					return nil
				}
				if c.fault == nil {
					panic("template")
				}
				return c.fault
			})
			b.enqueue(models.Message{Key: "bad"}, models.Message{Key: "good"})
			b.pass()
			b.expect("bad", c.status, c.failure, 0)
			b.expect("good", models.MessageSent, "", 1)
		})
	}
}

func TestMessageWaitsForItsBusinessHour(t *testing.T) {
	b := newBench(t, "local")
	b.Clock = models.Clock{RealEpoch: noon, BusinessEpoch: noon, Scale: 86_400}
	b.enqueue(models.Message{Key: "m", NotBefore: noon.Add(6 * time.Hour)})
	if wait := b.pass(); wait != 250*time.Millisecond {
		t.Errorf("wakes after %s, not a quarter of a day", wait)
	}
	b.expect("m", models.MessageQueued, "", 0)
	b.real = b.real.Add(250 * time.Millisecond)
	b.pass()
	b.expect("m", models.MessageSent, "", 1)
}

func TestWithdrawnMessageDoesNotLeave(t *testing.T) {
	b := newBench(t, "local")
	b.enqueue(models.Message{Key: "m"})
	b.Letters = scribe(func(models.Message) error {
		// Withdrawn after the claim.
		_, err := b.Store.Apply(t.Context(), models.Step{Workflow: "request/D-1", Run: "r", Seq: 1, At: b.business(), Withdraw: []string{"m"}})
		return err
	})
	b.pass()
	b.expect("m", models.MessageWithdrawn, "", 0)
}

func (b *bench) receive(id, workflow string) {
	b.t.Helper()
	b.real = b.real.Add(time.Microsecond)
	_, _, err := b.Store.Receive(b.t.Context(), models.Fact{ID: id, Kind: models.FactClientCancelled, Workflow: workflow, Channel: models.ChannelLink}, b.business)
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) deliverAll() {
	b.t.Helper()
	if _, err := b.DeliverFacts(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func TestFactsKeepTheirOrderAndBlockNobodyElse(t *testing.T) {
	b := newBench(t, "local")
	for i := range 3 {
		b.receive(fmt.Sprint("a/", i), "request/a")
		b.receive(fmt.Sprint("b/", i), "request/b")
	}
	b.runner.away["request/a"] = true
	b.deliverAll()
	if got := b.runner.brought; len(got["request/a"]) != 0 || !reflect.DeepEqual(got["request/b"], []string{"b/0", "b/1", "b/2"}) {
		t.Fatalf("brought %v", got)
	}
	b.runner.away["request/a"] = false
	b.receive("a/3", "request/a") // must not overtake those that wait
	b.deliverAll()
	if got := b.runner.brought["request/a"]; len(got) != 0 {
		t.Errorf("overtaken by %v", got)
	}
	b.real = b.real.Add(time.Minute)
	b.deliverAll()
	if got := b.runner.brought["request/a"]; !reflect.DeepEqual(got, []string{"a/0", "a/1", "a/2", "a/3"}) {
		t.Errorf("brought %v", got)
	}
}

func TestFactOfADeadRelayIsDeliveredByAnother(t *testing.T) {
	b := newBench(t, "local")
	b.receive("a/0", "request/a")
	if rows, err := b.Store.ClaimFacts(t.Context(), b.real, lease, 10); err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	b.deliverAll()
	if len(b.runner.brought) != 0 {
		t.Fatal("taken from a relay that holds it")
	}
	b.real = b.real.Add(lease)
	b.deliverAll()
	if len(b.runner.brought["request/a"]) != 1 {
		t.Error("never delivered")
	}
}

func TestLogsNameNobody(t *testing.T) {
	b := newBench(t, "smtp")
	var log strings.Builder
	b.Log = slog.New(slog.NewTextHandler(&log, nil))
	b.postman.answer = func(mail.Mail) error { return errors.New("550 <someone@example.org> unknown") }
	b.enqueue(models.Message{Key: "m", ToRef: "T-000042"})
	b.pass()
	if log.Len() == 0 || strings.Contains(log.String(), "example.org") {
		t.Errorf("log %q", log.String())
	}
}

func TestWatcherCountsWhatWaits(t *testing.T) {
	b := newBench(t, "smtp")
	b.enqueue(models.Message{Key: "waits"}, models.Message{Key: "later", NotBefore: noon.AddDate(1, 0, 0)})
	b.receive("a/0", "request/a")
	counts, err := b.Store.Backlog(t.Context(), b.business().Add(-time.Minute))
	if err != nil || counts != (store.Backlog{}) {
		t.Errorf("at once: %+v (%v)", counts, err)
	}
	counts, err = b.Store.Backlog(t.Context(), b.business().Add(time.Minute))
	if err != nil || counts != (store.Backlog{Facts: 1, Messages: 1}) {
		t.Errorf("later: %+v (%v)", counts, err)
	}
}

func TestStoppingRelayGivesBackWhatItHolds(t *testing.T) {
	b := newBench(t, "local")
	b.enqueue(models.Message{Key: "m"})
	b.receive("a/0", "request/a")
	b.runner.away["request/a"] = true
	messages, err := b.Store.ClaimMessages(t.Context(), b.real, b.business(), lease, 1)
	if err != nil || len(messages) != 1 {
		t.Fatal(messages, err)
	}
	facts, err := b.Store.ClaimFacts(t.Context(), b.real, lease, 1)
	if err != nil || len(facts) != 1 {
		t.Fatal(facts, err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := errors.Join(b.send(stopped, messages[0]), b.deliver(stopped, facts)); err != nil {
		t.Fatal(err)
	}
	b.expect("m", models.MessageQueued, "", 0)
	b.runner.away["request/a"] = false
	b.pass()
	b.deliverAll()
	b.expect("m", models.MessageSent, "", 1)
	if len(b.runner.brought["request/a"]) != 1 {
		t.Error("the fact waits for the lease of a relay that stopped")
	}
}
