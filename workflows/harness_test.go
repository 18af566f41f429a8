package workflows_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"jalon/models"
	"jalon/policies"
	"jalon/workflows"
)

// The world of every test: one dossier, Monday 2 November 2026, nine o'clock in Paris.
const dossier = "D-2026-000001"

var (
	paris, _ = time.LoadLocation(models.DefaultZone)
	start    = on("2026-11-02 09:00")
)

// on is an instant written as people in Paris say it.
func on(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, paris)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func standard(t testing.TB) models.Policy {
	t.Helper()
	p, err := policies.Load(policies.Default)
	require.NoError(t, err)
	return p
}

// world is the database as the contract of Apply describes it, in memory.
type world struct {
	t  testing.TB
	h  *harness
	mu sync.Mutex

	seqs      map[string]int64
	results   map[string]models.StepResult
	steps     []models.Step
	current   models.Request
	standing  []models.Alert
	rows      map[string]any // last row by reference: invitations, audits, …, by their type
	journal   []models.JournalLine
	deadlines map[string]models.Deadline
	opened    []string
	messages  map[string]models.Message
	keys      []string // of messages, in order
	inbox     map[string]models.Inbox
	facts     []string // IDs, in order
	lines     map[string]models.PayLine
	months    map[string]models.PayMonth
	numbers   map[string]string

	participants []string
	trainers     []models.Candidate
	adjacent     []models.Candidate
	supplier     models.Supplier
	rendered     models.RenderInput                             // last
	certified    []string                                       // participants who get a certificate
	missing      map[string][]string                            // who did not answer, by evaluation
	absences     map[string][]models.AbsenceEntry               // by session
	unsigned     map[string][]models.AbsenceEntry               // by session
	mailFate     func(m models.Message) (string, time.Duration) // status instead of sent, or a delay
	lose         func(s models.Step) bool                       // the answer of Apply is lost once it is written
	writing      func(s models.Step)                            // called while a step is being written
	stale        func(s models.Step) bool                       // Apply refuses the step for good
	lost         map[int64]bool
	refused      int // documents that cannot be drawn, to begin with
}

// row is the last row of a type written under a reference.
func row[T any](w *world, ref string) T {
	w.mu.Lock()
	defer w.mu.Unlock()
	out, ok := w.rows[fmt.Sprintf("%T/%s", *new(T), ref)].(T)
	if !ok {
		w.t.Errorf("no %T %s", *new(T), ref)
	}
	return out
}

func keep[T any](w *world, ref string, r T) { w.rows[fmt.Sprintf("%T/%s", r, ref)] = r }

// all are the rows of a type, in the order of their references.
func all[T any](w *world) []T {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []string
	prefix := fmt.Sprintf("%T/", *new(T))
	for k := range w.rows {
		if strings.HasPrefix(k, prefix) {
			names = append(names, k)
		}
	}
	slices.Sort(names)
	var out []T
	for _, n := range names {
		out = append(out, w.rows[n].(T))
	}
	return out
}

// Apply writes a step as the contract says: once by number, in one go.
func (w *world) Apply(_ context.Context, s models.Step) (models.StepResult, error) {
	if w.writing != nil {
		w.writing(s)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s = s.Complete()
	if s.Seq <= w.seqs[s.Workflow] {
		return w.results[s.Workflow], nil
	}
	if w.stale != nil && w.stale(s) {
		return models.StepResult{}, temporal.NewNonRetryableApplicationError("", string(models.CodeStaleRun), nil)
	}
	if s.Seq != w.seqs[s.Workflow]+1 {
		w.t.Errorf("%s wrote step %d after %d", s.Workflow, s.Seq, w.seqs[s.Workflow])
	}
	w.steps = append(w.steps, s)
	result := w.write(s)
	w.seqs[s.Workflow], w.results[s.Workflow] = s.Seq, result
	if w.lose != nil && w.lose(s) && !w.lost[s.Seq] {
		w.lost[s.Seq] = true
		return models.StepResult{}, errors.New("connection lost after commit")
	}
	return result, nil
}

func (w *world) write(s models.Step) (out models.StepResult) {
	for _, f := range s.Handled {
		if in, ok := w.inbox[f.ID]; ok {
			in.State = f.State
			w.inbox[f.ID] = in
		}
	}
	w.saveRows(s)
	for _, l := range s.Journal {
		if slices.ContainsFunc(w.journal, func(x models.JournalLine) bool { return x.ID == l.ID }) {
			w.t.Errorf("journal line %s twice", l.ID)
		}
		w.journal = append(w.journal, l)
		w.h.later(0, func() { fire(w.h.onJournal[l.Kind], l) })
	}
	for _, d := range s.Deadlines {
		old, known := w.deadlines[d.ID]
		if d.Workflow != s.Workflow || known && (old.Workflow != d.Workflow || d.DueAt.Before(old.DueAt)) {
			w.t.Errorf("deadline %s changes hands or is shortened: %v then %v", d.ID, old, d)
		}
		w.deadlines[d.ID] = d
		if !known {
			w.opened = append(w.opened, d.ID)
			w.h.later(0, func() { fire(w.h.onOpen[d.Kind], d) })
		}
	}
	for _, m := range s.Messages {
		for _, c := range w.expand(m) {
			w.enqueue(c)
		}
	}
	for _, k := range s.Withdraw {
		for name, m := range w.messages {
			if (name == k || m.GroupKey == k) && m.Status == models.MessageQueued {
				m.Status = models.MessageWithdrawn
				w.messages[name] = m
			}
		}
	}
	for _, f := range s.Facts {
		if f.Kind != models.FactLineDue || f.Workflow != "" {
			w.post(s, f)
		}
	}
	for _, id := range s.Expiries {
		out.Expiries = append(out.Expiries, w.expire(id, s.At))
	}
	return out
}

func (w *world) saveRows(s models.Step) {
	r := s.Rows
	if r.Request != nil {
		w.current, w.standing = *r.Request, r.Alerts
	}
	for _, x := range r.Invitations {
		keep(w, x.Ref, x)
	}
	chosen := 0
	for _, x := range w.rows {
		if i, ok := x.(models.Invitation); ok && i.Status == models.InvitationChosen && i.Search == w.current.Solicitation {
			chosen++
		}
	}
	if chosen > 1 {
		w.t.Errorf("%d trainers are chosen at once", chosen)
	}
	for _, x := range r.Audits {
		keep(w, x.Ref, x)
	}
	for _, x := range r.Programmes {
		keep(w, x.Ref, x)
	}
	for _, x := range r.Contracts {
		keep(w, x.Ref, x)
	}
	for _, x := range r.Sessions {
		keep(w, x.Ref, x)
	}
	for _, x := range r.Absences {
		keep(w, x.Ref, x)
	}
	for _, x := range r.Recaps {
		keep(w, x.Ref, x)
	}
	for _, x := range r.Invoices {
		keep(w, x.Ref, x)
	}
	for _, l := range r.Lines {
		w.lines[l.Ref] = l
	}
	prototype := func(ref string) models.Fact {
		i := slices.IndexFunc(s.Facts, func(f models.Fact) bool { return f.Kind == models.FactLineDue && f.Subject == ref })
		if i < 0 {
			w.t.Errorf("line %s: no fact says how to start its month", ref)
			return models.Fact{}
		}
		return s.Facts[i]
	}
	if m := r.PayMonth; m != nil {
		w.months[fmt.Sprint(m.Payer, m.TrainerRef, m.Month)] = *m
		for ref, l := range w.lines { // what came after the month was read falls in the next one
			if l.TrainerRef == m.TrainerRef && l.Payer == m.Payer && l.Month == m.Month && l.Status == models.LineDue && l.RecapRef == "" {
				l.Month = w.openMonth(l, m.Month.Next())
				w.lines[ref] = l
			}
		}
	}
	for _, l := range append(slices.Clone(r.NewLines), r.Reopened...) {
		f := prototype(l.Ref)
		l.Month = w.openMonth(l, l.HeldOn.Month())
		w.lines[l.Ref] = l
		begin := *f.Start.Remuneration
		begin.Month = l.Month
		f.Workflow, f.Start = models.RemunerationID(l.Payer, l.TrainerRef, l.Month), &models.Start{Remuneration: &begin}
		w.post(s, f)
	}
}

func (w *world) openMonth(l models.PayLine, first models.Month) models.Month {
	for !w.months[fmt.Sprint(l.Payer, l.TrainerRef, first)].SettledAt.IsZero() {
		first = first.Next()
	}
	return first
}

func (w *world) expand(m models.Message) []models.Message {
	if m.To != models.RoleParticipants {
		return []models.Message{m}
	}
	var out []models.Message
	for _, p := range w.participants {
		c := m
		c.Key, c.GroupKey, c.To, c.ToRef = m.Key+"/"+p, m.Key, models.RoleParticipant, p
		c.Links = slices.Clone(m.Links)
		for i, l := range c.Links {
			if strings.HasSuffix(l.Subject, "|") {
				c.Links[i].Subject += p
			}
		}
		out = append(out, c)
	}
	return out
}

func (w *world) enqueue(m models.Message) {
	if old, known := w.messages[m.Key]; known {
		if old.Workflow != m.Workflow {
			w.t.Errorf("message %s is written by %s and by %s: the second never leaves", m.Key, old.Workflow, m.Workflow)
		}
		return
	}
	w.keys = append(w.keys, m.Key)
	if first, known := w.messages[m.Follows]; m.Follows != "" && !(known && first.Left()) {
		m.Status = models.MessageWithdrawn
		w.messages[m.Key] = m
		return
	}
	fate, delay := "", time.Duration(0)
	if w.mailFate != nil {
		fate, delay = w.mailFate(m)
	}
	w.messages[m.Key] = m
	if fate == models.MessageNoAddress {
		w.undeliverable(m.Key, fate)
		return
	}
	if fate == models.MessageQueued { // stuck
		return
	}
	w.h.later(max(0, m.NotBefore.Sub(w.h.env.Now()))+delay, func() { w.leave(m.Key, fate) })
}

// leave has a message reach its reader, unless it was withdrawn.
func (w *world) leave(name, fate string) {
	w.mu.Lock()
	m := w.messages[name]
	if m.Status != models.MessageQueued {
		w.mu.Unlock()
		return
	}
	if fate == models.MessageBounced {
		w.undeliverable(name, fate)
		w.mu.Unlock()
		return
	}
	m.Status, m.SentAt = models.MessageSent, w.h.env.Now().UTC()
	w.messages[name] = m
	w.mu.Unlock()
	fire(w.h.onMail[m.Template], m)
}

func (w *world) undeliverable(name, status string) {
	m := w.messages[name]
	m.Status = status
	w.messages[name] = m
	f := models.Fact{ID: "undeliverable/" + name, Kind: models.FactUndeliverable, Workflow: m.Workflow, Dossier: m.Dossier,
		Channel: models.ChannelWebhook, ReceivedAt: w.h.env.Now().UTC(), Data: models.FactData{Ref: name}}
	w.receive(f)
	w.h.later(0, func() { w.h.deliver(f) })
}

// resent has a message that bounced leave again, as staff may ask: no process is told.
func (w *world) resent(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.messages[name]
	if m.Status != models.MessageBounced {
		w.t.Errorf("message %s did not bounce: it is %s", name, m.Status)
	}
	m.Status, m.SentAt = models.MessageSent, w.h.env.Now().UTC()
	w.messages[name] = m
}

func (w *world) post(s models.Step, f models.Fact) {
	if f.ReceivedAt.IsZero() {
		f.ReceivedAt = s.At
	}
	if f.Workflow == "" || f.ID == "" {
		w.t.Errorf("fact %+v has no addressee or no ID", f)
	}
	if !w.receive(f) {
		w.t.Errorf("fact %s is told twice: the second is never delivered", f.ID)
		return
	}
	w.h.later(0, func() { w.h.deliver(f) })
}

func (w *world) receive(f models.Fact) bool {
	if _, known := w.inbox[f.ID]; known {
		return false
	}
	w.inbox[f.ID] = models.Inbox{Fact: f, State: models.FactPending}
	w.facts = append(w.facts, f.ID)
	return true
}

func (w *world) expire(id string, at time.Time) models.ExpiryResult {
	d := w.deadlines[id]
	out := models.ExpiryResult{DeadlineID: id}
	if at.Before(d.DueAt) {
		w.t.Errorf("%s expires at %v, before it is due at %v", id, at, d.DueAt)
	}
	for _, f := range w.facts {
		in := w.inbox[f]
		if in.DeadlineID == id && !in.ReceivedAt.After(d.DueAt) && (in.State == models.FactPending || in.State == models.FactDelivered) {
			out.Facts = append(out.Facts, in.Fact)
		}
	}
	silent := true
	for _, k := range d.Asked {
		m, ok := w.messages[k]
		if !ok {
			continue
		}
		out.Asked = append(out.Asked, models.MessageState{Key: k, Status: m.Status, SentAt: m.SentAt})
		left := m.Status == models.MessageSent && !m.SentAt.After(d.LeftBy)
		silent = silent && (left || m.Status == models.MessageWithdrawn)
	}
	out.Missed = len(out.Facts) == 0 && (d.Status == models.Missed || d.Status == models.Open && silent)
	if out.Missed && d.Status == models.Open {
		d.Status, d.ClosedAt = models.Missed, d.DueAt
		w.deadlines[id] = d
	}
	return out
}

func (w *world) Match(_ context.Context, in models.MatchInput) ([]models.Candidate, error) {
	found := slices.Clone(w.trainers)
	if in.Adjacent {
		found = append(found, w.adjacent...)
	}
	found = slices.DeleteFunc(found, func(c models.Candidate) bool {
		return slices.Contains(in.Exclude, c.TrainerRef) || len(in.Only) > 0 && !slices.Contains(in.Only, c.TrainerRef)
	})
	if in.Limit > 0 && len(found) > in.Limit {
		found = found[:in.Limit]
	}
	return found, nil
}

func (w *world) Allocate(_ context.Context, a models.Allocation) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := a.Series + " " + a.Key
	if w.numbers[name] == "" {
		n := 1
		for k := range w.numbers {
			if strings.HasPrefix(k, a.Series+" ") {
				n++
			}
		}
		w.numbers[name] = fmt.Sprintf("%s-%d-%06d", map[string]string{"invoice": "I", "client_invoice": "F"}[a.Series], a.Year, n)
	}
	return w.numbers[name], nil
}

func (w *world) Render(_ context.Context, in models.RenderInput) (string, error) {
	if in.Contract == nil && in.Recap == nil && in.Invoice == nil {
		w.t.Errorf("%s %s is rendered from nothing", in.Kind, in.Subject)
	}
	w.rendered = in
	return sha(in.Subject), w.refuse()
}

// refuse is what lacks for a document, as many times as the test says.
func (w *world) refuse() error {
	if w.refused == 0 {
		return nil
	}
	w.refused--
	return temporal.NewNonRetryableApplicationError("incomplete", string(models.CodeInvalid), nil)
}

// sha is what the document of a subject is signed by.
func sha(subject string) string {
	sum := sha256.Sum256([]byte(subject))
	return hex.EncodeToString(sum[:])
}

func (w *world) ReadAttendance(_ context.Context, s models.Session) (models.AttendanceReading, error) {
	out := models.AttendanceReading{Participants: w.participants, Absences: w.absences[s.Ref], Open: w.unsigned[s.Ref]}
	out.Signed = len(w.participants) * len(s.HalfDays)
	for _, a := range out.Open {
		out.Unsigned += len(a.HalfDays)
	}
	for _, a := range append(slices.Clone(out.Absences), out.Open...) {
		out.Signed -= len(a.HalfDays)
	}
	return out, nil
}

func (w *world) ReadLines(_ context.Context, q models.LinesQuery) ([]models.PayLine, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []models.PayLine
	for _, l := range w.lines {
		if l.Payer == q.Payer && l.TrainerRef == q.TrainerRef && l.Month == q.Month && (l.Status == models.LineDue || l.Status == models.LineContested) {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b models.PayLine) int { return strings.Compare(a.Ref, b.Ref) })
	return out, nil
}

func (w *world) ReadSupplier(context.Context, string) (models.Supplier, error) {
	return w.supplier, nil
}

func (w *world) ReadEvaluations(_ context.Context, q models.EvaluationQuery) (models.EvaluationReading, error) {
	return models.EvaluationReading{Expected: len(w.participants), Missing: w.missing[q.Kind]}, nil
}

func (w *world) IssueCertificates(context.Context, models.CertificateInput) ([]string, error) {
	return w.certified, w.refuse()
}

// harness runs workflows against a world, in skipped time.
type harness struct {
	*world
	env     *testsuite.TestWorkflowEnvironment
	policy  models.Policy
	id      string
	running bool
	cut     bool              // the horizon cut the run short
	awaited []models.Deadline // what was open then
	horizon time.Duration
	sent    int
	timers  map[string]bool // running timers of workflows
	unborn  map[string]bool // children asked for that do not run yet
	called  []string        // what the UI calls children, in order
	set     []int           // steps written when each timer was set
	unset   []int           // and when each was cancelled

	onMail    map[string]func(models.Message)
	onJournal map[string]func(models.JournalLine)
	onOpen    map[models.DeadlineKind]func(models.Deadline)
}

func newHarness(t testing.TB) *harness {
	t.Helper()
	suite := testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 1}))))
	h := &harness{policy: standard(t), env: suite.NewTestWorkflowEnvironment(), horizon: 500 * 24 * time.Hour, timers: map[string]bool{}, unborn: map[string]bool{},
		onMail: map[string]func(models.Message){}, onJournal: map[string]func(models.JournalLine){}, onOpen: map[models.DeadlineKind]func(models.Deadline){}}
	h.world = &world{t: t, h: h, seqs: map[string]int64{}, results: map[string]models.StepResult{}, rows: map[string]any{},
		deadlines: map[string]models.Deadline{}, messages: map[string]models.Message{}, inbox: map[string]models.Inbox{},
		lines: map[string]models.PayLine{}, months: map[string]models.PayMonth{}, numbers: map[string]string{},
		missing: map[string][]string{}, absences: map[string][]models.AbsenceEntry{}, unsigned: map[string][]models.AbsenceEntry{},
		lost: map[int64]bool{}, participants: []string{"P-000001", "P-000002", "P-000003"}, certified: []string{"P-000001", "P-000002", "P-000003"},
		supplier: models.Supplier{Domestic: true, Mandate: true, Company: true}}
	for i := 1; i <= 8; i++ {
		h.trainers = append(h.trainers, models.Candidate{TrainerRef: trainer(i), Score: 1000 - i})
	}
	h.env.SetStartTime(start)
	h.env.SetTestTimeout(20 * time.Second)
	h.env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&births{h: h}}})
	h.env.SetOnChildWorkflowStartedListener(func(info *workflow.Info, _ workflow.Context, _ converter.EncodedValues) {
		delete(h.unborn, info.WorkflowExecution.ID)
	})
	h.env.RegisterWorkflowWithOptions(workflows.TrainingRequest, workflow.RegisterOptions{Name: models.TrainingRequestType})
	h.env.RegisterWorkflowWithOptions(workflows.Solicitation, workflow.RegisterOptions{Name: models.SolicitationType})
	h.env.RegisterWorkflowWithOptions(workflows.Session, workflow.RegisterOptions{Name: models.SessionType})
	h.env.RegisterWorkflowWithOptions(workflows.FollowUp, workflow.RegisterOptions{Name: models.FollowUpType})
	h.env.RegisterWorkflowWithOptions(workflows.Remuneration, workflow.RegisterOptions{Name: models.RemunerationType})
	h.env.RegisterWorkflowWithOptions(workflows.Invoice, workflow.RegisterOptions{Name: models.InvoiceType})
	for name, f := range map[string]any{
		workflows.ActivityApply: h.Apply, workflows.ActivityMatch: h.Match, workflows.ActivityAllocate: h.Allocate,
		workflows.ActivityRender: h.Render, workflows.ActivityReadAttendance: h.ReadAttendance, workflows.ActivityReadLines: h.ReadLines,
		workflows.ActivityReadSupplier: h.ReadSupplier, workflows.ActivityReadEvaluations: h.ReadEvaluations,
		workflows.ActivityIssueCertificates: h.IssueCertificates,
	} {
		h.env.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name})
	}
	return h
}

// births notes the children that are asked for. What reaches a child before its first task waits for it on a server; in the
// test environment, which runs children beside its main loop, it finds no handler and ends the test.
type births struct {
	interceptor.WorkerInterceptorBase
	h *harness
}

func (b *births) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &birthsInbound{interceptor.WorkflowInboundInterceptorBase{Next: next}, b.h}
}

type birthsInbound struct {
	interceptor.WorkflowInboundInterceptorBase
	h *harness
}

func (b *birthsInbound) Init(out interceptor.WorkflowOutboundInterceptor) error {
	return b.Next.Init(&birthsOutbound{interceptor.WorkflowOutboundInterceptorBase{Next: out}, b.h})
}

type birthsOutbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	h *harness
}

func (b *birthsOutbound) ExecuteChildWorkflow(ctx workflow.Context, childType string, args ...any) workflow.ChildWorkflowFuture {
	options := workflow.GetChildWorkflowOptions(ctx)
	b.h.unborn[options.WorkflowID] = true
	b.h.called = append(b.h.called, options.StaticSummary)
	return b.Next.ExecuteChildWorkflow(ctx, childType, args...)
}

// born runs f in the main loop, at once or as soon as the child of this ID runs.
func (h *harness) born(id string, f func()) {
	if h.unborn[id] {
		h.later(0, func() { h.born(id, f) })
		return
	}
	f()
}

func trainer(n int) string { return fmt.Sprintf("T-%06d", n) }

func (h *harness) common() models.Common { return models.Common{Policy: h.policy} }

func (h *harness) scope() models.Scope {
	return models.Scope{Topic: "docker", ClientType: models.ClientSME, Mode: models.ModeRemote, GroupSize: 8, Owner: "U-000001",
		BudgetCents: 500_000, Order: models.Order{HalfDays: 4, Unit: models.UnitDay, Quantity: 200, UnitPriceCents: 120_000, VATBps: 2000}}
}

// fire runs a hook if there is one.
func fire[T any](hook func(T), with T) {
	if hook != nil {
		hook(with)
	}
}

// later runs f in the main loop after a delay of business time.
func (h *harness) later(d time.Duration, f func()) { h.env.RegisterDelayedCallback(f, d) }

// at runs f at an instant of business time.
func (h *harness) at(when string, f func()) {
	now := start
	if h.running {
		now = h.env.Now()
	}
	h.later(on(when).Sub(now), f)
}

// run executes a workflow to its end; nothing may stay open.
func (h *harness) run(workflowType, id string, in any) {
	h.t.Helper()
	h.id = id
	h.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: id, TaskQueue: models.TaskQueue})
	h.env.SetOnTimerScheduledListener(func(timer string, _ time.Duration) {
		h.timers[timer] = true
		h.set = append(h.set, h.stepsWritten())
	})
	h.env.SetOnTimerCanceledListener(func(timer string) {
		delete(h.timers, timer)
		h.unset = append(h.unset, h.stepsWritten())
	})
	h.env.SetOnTimerFiredListener(func(timer string) { delete(h.timers, timer) })
	h.later(0, func() { h.running = true })
	h.later(h.horizon, func() {
		if !h.env.IsWorkflowCompleted() {
			h.cut = true
			for _, d := range h.deadlines {
				if d.Status == models.Open {
					h.awaited = append(h.awaited, d)
				}
			}
			h.env.CancelWorkflow()
		}
	})
	h.env.ExecuteWorkflow(workflowType, in)
	require.True(h.t, h.env.IsWorkflowCompleted())
	err := h.env.GetWorkflowError()
	if h.stale != nil { // what it had promised stays as it was written
		var refused *temporal.ApplicationError
		require.ErrorAs(h.t, err, &refused)
		require.Equal(h.t, string(models.CodeStaleRun), refused.Type())
		require.False(h.t, h.cut, "it waited for ever")
		return
	}
	if err != nil && !(h.cut && temporal.IsCanceledError(err)) {
		require.NoError(h.t, err)
	}
	for _, name := range h.opened {
		if d := h.deadlines[name]; d.Status == models.Open {
			h.t.Errorf("deadline %s (%s, %s) is left open", name, d.Kind, d.Subject)
		}
	}
	if len(h.timers) > 0 {
		h.t.Errorf("%d timers are left running", len(h.timers))
	}
}

func (w *world) stepsWritten() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.steps)
}

// stop cancels the run at an instant, for processes that wait for a person for ever.
func (h *harness) stop(when string) {
	h.horizon = on(when).Sub(start)
}

func (h *harness) request() {
	h.t.Helper()
	h.run(models.TrainingRequestType, models.RequestID(dossier), models.RequestInput{Common: h.common(), Ref: dossier, Scope: h.scope()})
}

// deliver hands a fact to its workflow, to its request if that is gone, or keeps it as late: what the relay does.
func (h *harness) deliver(f models.Fact) {
	h.born(f.Workflow, func() {
		for _, id := range []string{f.Workflow, models.RequestID(f.Dossier)} {
			if h.env.SignalWorkflowByID(id, models.FactSignal, f) == nil {
				h.mark(f.ID, models.FactDelivered)
				return
			}
		}
		if f.Start == nil {
			h.mark(f.ID, models.FactLate)
		}
	})
}

func (h *harness) mark(id, state string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if in, ok := h.inbox[id]; ok && in.State == models.FactPending {
		in.State = state
		h.inbox[id] = in
	}
}

// keyed stores a fact without delivering it: nobody could reach the workflow.
func (h *harness) keyed(f models.Fact) models.Fact {
	h.sent++
	if f.ID == "" {
		f.ID = fmt.Sprintf("%s/%s/%d", f.Kind, f.Subject, h.sent)
	}
	if f.ReceivedAt.IsZero() {
		f.ReceivedAt = h.env.Now().UTC()
	}
	if f.Channel == "" {
		f.Channel = models.ChannelLink
	}
	f.Dossier = dossier
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.rows {
		switch x := r.(type) {
		case models.Invitation:
			if x.Ref == f.Subject && f.Kind == models.FactInvitationAnswered {
				f.DeadlineID, f.Workflow = x.DeadlineID, models.SolicitationID(dossier, x.Search)
			}
		case models.Audit:
			if x.Ref == f.Subject {
				f.DeadlineID = x.DeadlineID
			}
		case models.Programme:
			if x.Ref == f.Subject {
				f.DeadlineID = x.DeadlineID
			}
		case models.Contract:
			if x.Ref == f.Subject {
				f.DeadlineID = x.DeadlineID
			}
		case models.Session:
			if x.Ref == f.Subject {
				f.DeadlineID, f.Workflow = x.DeadlineID, models.SessionID(dossier, x.Number)
			}
		case models.Absence:
			if x.Ref == f.Subject {
				f.DeadlineID, f.Workflow = x.DeadlineID, "request/"+x.Session
			}
		case models.Recap:
			if x.Ref == f.Subject {
				f.DeadlineID, f.Workflow, f.Dossier = x.DeadlineID, x.Workflow, ""
			}
		case models.Invoice:
			if x.Ref == f.Subject && f.Kind == models.FactInvoiceReceived {
				f.DeadlineID, f.Workflow = x.DeadlineID, models.InvoiceID(x.Ref)
			}
		}
	}
	if f.Workflow == "" {
		f.Workflow = models.RequestID(dossier)
	}
	h.receive(f)
	return f
}

// fact is what happened outside: stored, then delivered at once.
func (h *harness) fact(f models.Fact) models.Fact {
	f = h.keyed(f)
	h.deliver(f)
	return f
}

// reply is what a command was answered.
type reply struct {
	accepted, completed bool
	code                models.Code // of the refusal
	err                 error
	result              models.CommandResult
	journal             []string // lines written when the answer came
}

// command sends an update and keeps its answer.
func (h *harness) command(id string, verb models.Verb, arg any) *reply {
	r := &reply{}
	h.sent++
	refused := func(err error) {
		r.err = err
		var e *temporal.ApplicationError
		if errors.As(err, &e) {
			r.code = models.Code(e.Type())
		}
	}
	update := fmt.Sprintf("update-%d", h.sent)
	h.born(id, func() {
		err := h.env.UpdateWorkflowByID(id, string(verb), update, &testsuite.TestUpdateCallback{
			OnAccept: func() { r.accepted = true },
			OnReject: refused,
			OnComplete: func(v any, err error) {
				if err != nil {
					refused(err)
					return
				}
				r.completed = true
				r.result, _ = v.(models.CommandResult)
				h.mu.Lock()
				defer h.mu.Unlock()
				for _, l := range h.journal {
					r.journal = append(r.journal, l.Kind)
				}
			},
		}, arg)
		if err != nil {
			r.err, r.code = err, models.CodeUnknown
		}
	})
	return r
}

// staff is who decides in tests, with a reason.
var staff = models.By{Actor: "U-000001", Role: models.RoleStaff, Note: "N-000001"}

func decision() models.Decision { return models.Decision{By: staff} }

// do sends a command that must be accepted.
func (h *harness) do(id string, verb models.Verb, arg any) {
	h.sent++
	update := fmt.Sprintf("do-%d", h.sent)
	h.born(id, func() {
		require.NoError(h.t, h.env.UpdateWorkflowByID(id, string(verb), update, &testsuite.TestUpdateCallback{
			OnAccept: func() {},
			OnReject: func(err error) { h.t.Errorf("%s is refused: %v", verb, err) },
			OnComplete: func(_ any, err error) {
				if err != nil {
					h.t.Errorf("%s fails: %v", verb, err)
				}
			},
		}, arg))
	})
}

// kinds are the kinds of the journal's lines, in order, those named only if any are.
func (h *harness) kinds(only ...string) []string {
	var out []string
	for _, l := range h.journal {
		if len(only) == 0 || slices.Contains(only, l.Kind) {
			out = append(out, l.Kind)
		}
	}
	return out
}

// line is the first journal line of a kind.
func (h *harness) line(kind string) models.JournalLine {
	h.t.Helper()
	i := slices.IndexFunc(h.journal, func(l models.JournalLine) bool { return l.Kind == kind })
	require.GreaterOrEqual(h.t, i, 0, "no journal line %s in %v", kind, h.kinds())
	return h.journal[i]
}

// alerts are the alerts raised, in order.
func (h *harness) alerts() []string {
	var out []string
	for _, l := range h.journal {
		if l.Kind == "alert" {
			out = append(out, l.Args.Get("alert"))
		}
	}
	return out
}

// stages are the stages entered, in order.
func (h *harness) stages() []models.Stage {
	var out []models.Stage
	for _, l := range h.journal {
		if l.Kind == "stage_entered" {
			out = append(out, models.Stage(l.Args.Get("stage")))
		}
	}
	return out
}

// mails are the messages of a template, in the order they were written.
func (h *harness) mails(template string) []models.Message {
	var out []models.Message
	for _, k := range h.keys {
		if m := h.messages[k]; m.Template == template {
			out = append(out, m)
		}
	}
	return out
}

// left are the messages of a template that reached somebody.
func (h *harness) left(template string) []models.Message {
	return slices.DeleteFunc(h.mails(template), func(m models.Message) bool { return m.Status != models.MessageSent })
}

// waits are the deadlines of a kind, in order of opening.
func (h *harness) waits(kind models.DeadlineKind) []models.Deadline {
	var out []models.Deadline
	for _, id := range h.opened {
		if d := h.deadlines[id]; d.Kind == kind {
			out = append(out, d)
		}
	}
	return out
}

// told are the facts of a kind in the inbox, in order.
func (h *harness) told(kind models.FactKind) []models.Inbox {
	var out []models.Inbox
	for _, id := range h.facts {
		if in := h.inbox[id]; in.Kind == kind {
			out = append(out, in)
		}
	}
	return out
}

// written are the steps of one workflow.
func (h *harness) written(id string) []models.Step {
	return slices.DeleteFunc(slices.Clone(h.steps), func(s models.Step) bool { return s.Workflow != id })
}
