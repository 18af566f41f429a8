// Package workflows holds the processes of Jalon: deterministic, knowing models and the names of activities only.
//
// Every process embeds process: facts come in by one signal, commands by updates, what they change is gathered into
// steps that one writer hands to the activity Apply in order, and every business wait goes through waitUntil.
package workflows

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// process is what all workflows share.
type process struct {
	common   models.Common
	cal      models.Calendar
	id       string
	run      string
	dossier  string
	owner    string
	subject  string // what the UI shows as the process's reference
	seq      int64
	gathered int // changes recorded so far
	written  int // of which written
	facts    workflow.ReceiveChannel
	durable  workflow.Context            // of the story, past its cancellation: to ask for steps, never to wait
	step     *models.Step                // being gathered
	writing  *promise[models.StepResult] // the step that is being written
	upTo     int                         // changes written with it
	turning  bool                        // somebody who waits turns the process
	beside   int                         // asides under way; a command acts at once, and then only waits
	later    bool                        // timers and search attributes follow a step once it is written
	over     []workflow.CancelFunc       // of timers, once the step is written
	watches  []watch
	expiries map[string]models.ExpiryResult // by deadline, read by key only
	open     []*models.Deadline             // in order of opening
	asking   map[string]time.Time           // when the mail leaves that asks later than its deadline opens, read by key only
	lost     map[string]bool                // messages that reached nobody, read by key only
	numbered int                            // deadlines opened so far
	seen     map[string]bool                // facts received, read by key only
	held     []models.Fact                  // received after a deadline that has not been decided yet
	sent     map[string]int                 // messages recorded per key, read by key only
	unread   []alarm                        // alerts whose mail, or its copy to the team, may still leave
	receive  func(f models.Fact) string     // what a fact changes; returns its state. Never blocks
	done     bool                           // the story is over: commands are refused, facts are late
	failure  error                          // Apply refused for good

	interrupted func() bool                                     // the story has to turn: every wait ends cancelled
	waived      func() bool                                     // the step is skipped: every wait ends waived
	reached     func(models.CommandResult) models.CommandResult // what a command's result has become once its step is written
	stage       string
	elsewhere   func() []string               // what is awaited without a deadline here, in words, and where to look
	owing       func(*models.Deadline) string // from whom a deadline awaits something, in words
	foundBy     func(*indexed)                // what this kind of process adds to its search attributes
	number      func() string                 // of the subject as it stands, which lines of the timeline keep
	indexed     indexed                       // search attributes as last written
	history     []string                      // what happened last, for the current details
}

func never() bool { return false }

func itoa(n int) string { return strconv.Itoa(n) }

// newProcess sets up what all processes share and registers what all answer to. It does not block.
func newProcess(ctx workflow.Context, common models.Common, dossier, owner string, receive func(models.Fact) string) (*process, error) {
	cal, err := models.NewCalendar(common.Policy.CalendarSpec())
	if err != nil {
		return nil, refusal(err)
	}
	info := workflow.GetInfo(ctx)
	p := &process{
		common: common, cal: cal, id: info.WorkflowExecution.ID, run: info.OriginalRunID, dossier: dossier,
		owner: owner, expiries: map[string]models.ExpiryResult{}, asking: map[string]time.Time{}, lost: map[string]bool{}, seen: map[string]bool{}, sent: map[string]int{},
		facts: workflow.GetSignalChannel(ctx, models.FactSignal), step: &models.Step{}, receive: receive, interrupted: never, waived: never, elsewhere: func() []string { return nil },
		reached: func(r models.CommandResult) models.CommandResult { return r },
	}
	p.owing = p.owes
	p.durable, _ = workflow.NewDisconnectedContext(ctx)
	p.later = passes(ctx, gateAfterwards)
	postponable := func(in models.Postpone) error { return p.checkPostpone(p.now(ctx), in) }
	if err := command(ctx, p, models.VerbPostpone, postponable, p.postpone); err != nil {
		return nil, err
	}
	return p, nil
}

// now is the business time of the current workflow task.
func (p *process) now(ctx workflow.Context) time.Time {
	return p.common.Clock.Business(workflow.Now(ctx))
}

// today is the business date.
func (p *process) today(ctx workflow.Context) models.Date { return p.cal.DateOf(p.now(ctx)) }

// take receives one fact, once. A fact is never refused and cannot harm: what cannot be applied is kept as ignored or
// late.
func (p *process) take(f models.Fact) {
	if p.seen[f.ID] {
		return
	}
	p.seen[f.ID] = true
	if !p.decided(f) {
		p.held = append(p.held, f)
		return
	}
	p.handle(f)
}

// decided tells whether a fact can be taken in: one received after the due instant of an open deadline waits until that
// is decided or moved, whatever the moment both are processed.
func (p *process) decided(f models.Fact) bool {
	return p.done || !slices.ContainsFunc(p.open, func(d *models.Deadline) bool {
		return d.ID == f.DeadlineID && f.ReceivedAt.After(d.DueAt)
	})
}

// release takes in the facts that waited for a deadline to be decided or moved.
func (p *process) release() {
	held := p.held
	p.held = nil
	for _, f := range held {
		if p.decided(f) {
			p.handle(f)
		} else {
			p.held = append(p.held, f)
		}
	}
}

func (p *process) handle(f models.Fact) {
	if f.Kind == models.FactUndeliverable {
		p.lost[f.Data.Ref] = true
	}
	state := models.FactLate
	if !p.done {
		state = p.receive(f)
	}
	if state != models.FactApplied && f.Channel != models.ChannelWorkflow && f.Kind != models.FactUndeliverable {
		p.journal(models.JournalLine{Kind: "fact_" + state, Subject: f.Subject, Actor: f.Actor, Channel: f.Channel,
			Recorder: f.Recorder, Note: f.Data.Note, At: f.ReceivedAt, Args: models.Args{{Name: "fact", Value: string(f.Kind)}}})
	}
	p.record(func(s *models.Step) { s.Handled = append(s.Handled, models.FactHandling{ID: f.ID, State: state}) })
}

// record adds a change to the step being gathered. Rows of the same reference replace each other.
func (p *process) record(change func(s *models.Step)) {
	change(p.step)
	p.gathered++
}

// put adds or replaces a row in a list of rows keyed by key.
func put[T any](rows *[]T, row T, key func(T) string) {
	if i := slices.IndexFunc(*rows, func(r T) bool { return key(r) == key(row) }); i >= 0 {
		(*rows)[i] = row
		return
	}
	*rows = append(*rows, row)
}

// journal adds a line to the timeline; At defaults to the time of the step.
func (p *process) journal(line models.JournalLine) {
	if p.number != nil && line.Subject == p.subject {
		line.Args = append(slices.Clone(line.Args), numberArg(p.number())...)
	}
	p.record(func(s *models.Step) { s.Journal = append(s.Journal, line) })
	words := happened(line)
	if words == "" {
		return
	}
	p.history = append(p.history, words)
	if n := len(p.history); n > 5 {
		p.history = p.history[n-5:]
	}
}

// numberArg is the number an invoice goes by when a line is written; another may replace it later.
func numberArg(number string) models.Args {
	if number == "" {
		return nil
	}
	return models.Args{{Name: "number", Value: number}}
}

// tell records a fact for another workflow; the relay delivers it once the step is written.
func (p *process) tell(f models.Fact) {
	f.Channel = models.ChannelWorkflow
	f.Actor = p.id
	if f.Dossier == "" {
		f.Dossier = p.dossier
	}
	p.record(func(s *models.Step) { s.Facts = append(s.Facts, f) })
}

// letter is a message to record. When is the business instant before which it does not leave, AtOnce that the mail
// hours do not hold it back, Follows the key of a message without which it is not wanted.
type letter struct {
	Template string
	To       models.Role
	ToRef    string
	Subject  string
	Links    []models.Link
	Attach   []string
	Args     models.Args
	When     time.Time
	AtOnce   bool
	Follows  string
}

// message makes the row of a letter. Its key is what it is for, numbered when it is sent again.
func (p *process) message(ctx workflow.Context, l letter) models.Message {
	key := l.Subject + "/" + l.Template
	if l.To == models.RoleStaff { // a dossier and its searches may call about the same subject
		key = p.id + "/" + key
	}
	if l.ToRef != "" {
		key += "/" + l.ToRef
	}
	p.sent[key]++
	if n := p.sent[key]; n > 1 {
		key = fmt.Sprintf("%s/%d", key, n)
	}
	leaves := models.Latest(p.now(ctx), l.When)
	if !l.AtOnce {
		leaves = p.cal.MailTime(leaves, p.common.Policy.MailHours)
	}
	return models.Message{Key: key, Template: l.Template, To: l.To, ToRef: l.ToRef, Subject: l.Subject, Links: l.Links,
		Attach: l.Attach, Args: l.Args, NotBefore: leaves, Follows: l.Follows}
}

// send records a message and returns its key and the instant at which it is to leave.
func (p *process) send(ctx workflow.Context, l letter) (key string, leaves time.Time) {
	m := p.message(ctx, l)
	p.record(func(s *models.Step) { s.Messages = append(s.Messages, m) })
	return m.Key, m.NotBefore
}

// pressing tells whether the next hour of mail comes too late for what begins at an instant: what tells of it leaves at
// once.
func (p *process) pressing(ctx workflow.Context, begins time.Time) bool {
	return !p.cal.MailTime(p.now(ctx), p.common.Policy.MailHours).Before(begins)
}

// withdraw takes back messages that have not left.
func (p *process) withdraw(keys ...string) {
	if len(keys) > 0 {
		p.record(func(s *models.Step) { s.Withdraw = append(s.Withdraw, keys...) })
	}
}

// alarm is an alert, the key of its mail, and that of the copy that goes to the team unless the owner reads it.
type alarm struct{ alert, subject, mail, copy string }

// alertStaff tells the owner of the dossier, or the team, what needs a person. What is not read in time goes to the
// team: its copy waits in the outbox (docs/adr/0007).
func (p *process) alertStaff(ctx workflow.Context, alert, subject string) {
	l := letter{Template: models.TemplateAlert, To: models.RoleStaff, ToRef: p.owner, Subject: subject,
		Args: models.Args{{Name: "alert", Value: alert}, {Name: "subject", Value: subject}}}
	mail, leaves := p.send(ctx, l)
	a := alarm{alert: alert, subject: subject, mail: mail}
	if limit := p.common.Policy.AlertUnread; p.owner != "" && !limit.IsOff() {
		l.Template, l.ToRef, l.When = models.TemplateAlertUnread, "", p.cal.Add(leaves, limit)
		l.Args = append(l.Args, models.Arg{Name: "owner", Value: p.owner})
		a.copy, _ = p.send(ctx, l)
	}
	p.unread = append(p.unread, a)
	p.journal(models.JournalLine{Kind: "alert", Subject: subject, Actor: string(models.RoleSystem),
		Args: models.Args{{Name: "alert", Value: alert}}})
}

// hush takes back the copies to the team of alerts that need nobody any more. Their mails leave all the same: some tell
// what the owner has not seen, as that a contract expired.
func (p *process) hush(over func(alarm) bool) {
	var keys []string
	for i, a := range p.unread {
		if a.copy != "" && over(a) {
			keys = append(keys, a.copy)
			p.unread[i].copy = ""
		}
	}
	p.withdraw(keys...)
}

// recall takes back alerts that ask for what is done: their copies, and their mails where these wait for the morning. Asked
// where something else is recorded, it makes no step of its own.
func (p *process) recall(done func(alarm) bool) {
	p.hush(done)
	var keys []string
	p.unread = slices.DeleteFunc(p.unread, func(a alarm) bool {
		if done(a) {
			keys = append(keys, a.mail)
			return true
		}
		return false
	})
	p.withdraw(keys...)
}

func everyAlarm(alarm) bool { return true }

// await blocks until met says so; an error says that ctx was cancelled, or that Apply refused for good. Whoever waits while nobody else does so turns the
// process meanwhile: it is the story, since whatever else a process does runs only while the story waits.
func (p *process) await(ctx workflow.Context, met func() bool) error {
	for !met() {
		if p.failure != nil {
			return p.failure
		}
		var err error
		if p.turning {
			err = workflow.Await(ctx, func() bool { return met() || !p.turning || p.failure != nil })
		} else {
			p.turning = true
			err = p.turn(ctx, met)
			p.turning = false
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// turn takes in facts, and is the only caller of Apply: it hands over what was gathered, one step after the other, until
// met says so. What a deadline causes comes before the facts that were too late for it, and asides come before the story.
// It goes with a wait, not with a coroutine of its own, since each coroutine costs every workflow task and every replay a
// few switches.
func (p *process) turn(ctx workflow.Context, met func() bool) error {
	for {
		over, gathered, first := false, p.gathered, p.beside > 0
		if err := workflow.Await(ctx, func() bool {
			if first {
				first = false
				return false
			}
			over = met() || p.failure != nil
			switch {
			case over, p.facts.Len() > 0, len(p.held) > 0 && slices.ContainsFunc(p.held, p.decided), p.overdue() >= 0:
				return true
			case p.writing != nil:
				return p.writing.IsReady()
			}
			return p.gathered > p.written
		}); err != nil || over {
			return err
		}
		p.takeIn(ctx)
		switch {
		case p.writing != nil:
			if p.writing.IsReady() {
				p.wrote(ctx)
			}
		case p.gathered > p.written && p.gathered == gathered:
			// All others have run and added nothing: one task makes one step.
			p.write(ctx)
		}
	}
}

// aside has something done beside the story. It comes before the story wherever both have something to do.
func (p *process) aside(ctx workflow.Context, do func(workflow.Context)) {
	p.beside++
	workflow.Go(ctx, func(ctx workflow.Context) {
		defer func() { p.beside-- }()
		do(ctx)
	})
}

// takeIn receives what has come: facts, and what is watched.
func (p *process) takeIn(ctx workflow.Context) {
	for i := p.overdue(); i >= 0; i = p.overdue() { // one after the other: what one does may be watched in turn
		w := p.watches[i]
		p.watches = slices.Delete(p.watches, i, i+1)
		w.then(ctx)
	}
	for p.facts.Len() > 0 {
		var f models.Fact
		if !p.facts.ReceiveAsync(&f) {
			break // the SDK drops what it cannot read
		}
		p.take(f)
	}
	p.release()
}

// watch is something that happens once, without a coroutine that waits for it.
type watch struct {
	due  func() bool
	then func(workflow.Context) // must not block
}

// ready waits for the end of what was asked for, however the story turns meanwhile; the error says that Apply refused
// for good.
func (p *process) ready(ctx workflow.Context, f workflow.Future) error {
	durable, _ := workflow.NewDisconnectedContext(ctx)
	return p.await(durable, f.IsReady)
}

// overdue is the first of what is watched that has happened, -1 if none has.
func (p *process) overdue() int {
	return slices.IndexFunc(p.watches, func(w watch) bool { return w.due() })
}

// when has then run once, in the first turn in which due says so.
func (p *process) when(due func() bool, then func(workflow.Context)) {
	p.watches = append(p.watches, watch{due, then})
}

// write closes the step being gathered and hands it over.
func (p *process) write(ctx workflow.Context) {
	step := p.next(ctx)
	p.upTo = p.gathered
	p.show(ctx)
	if !p.later {
		p.index(ctx)
	}
	p.writing = apply(p.durable, step)
}

// wrote takes what the database said to a step.
func (p *process) wrote(ctx workflow.Context) {
	result, err := p.writing.get(ctx)
	p.writing = nil
	if err != nil {
		p.failure = err
		return
	}
	for _, e := range result.Expiries {
		p.expiries[e.DeadlineID] = e
	}
	p.written = p.upTo
	p.endTimers()
	if p.later {
		p.index(ctx)
	}
}

// endTimers cancels the timers of waits that are over.
func (p *process) endTimers() {
	for _, cancel := range p.over {
		cancel()
	}
	p.over = nil
}

// next closes the step being gathered and numbers it. Its parts do not repeat what it says: of whom, of which dossier, when.
func (p *process) next(ctx workflow.Context) *models.Step {
	p.seq++
	step := p.step
	p.step = &models.Step{}
	step.Workflow, step.Run, step.Seq, step.At, step.Dossier = p.id, p.run, p.seq, p.now(ctx), p.dossier
	return step
}

// flush waits until everything recorded so far is written. It outlives cancellation: what was promised is undone on
// record.
func (p *process) flush(ctx workflow.Context) error {
	durable, _ := workflow.NewDisconnectedContext(ctx)
	upTo := p.gathered
	if err := p.await(durable, func() bool { return p.written >= upTo }); err != nil {
		return err
	}
	return p.failure
}

// finish ends a process: nothing is accepted any more, what is on its way is taken in, handlers answer, everything is
// written. Between its return and the workflow's nothing may block.
func (p *process) finish(ctx workflow.Context) error {
	p.done = true
	p.endTimers()
	p.hush(everyAlarm)
	durable, _ := workflow.NewDisconnectedContext(ctx)
	for {
		if err := p.flush(ctx); err != nil {
			return err
		}
		if err := p.await(durable, func() bool { return len(p.open) == 0 && workflow.AllHandlersFinished(durable) }); err != nil {
			return err
		}
		p.takeIn(ctx)
		if p.gathered == p.written {
			return nil
		}
	}
}

// show keeps the Temporal UI's current details true: stage, what is awaited, last steps.
func (p *process) show(ctx workflow.Context) {
	workflow.SetCurrentDetails(ctx, p.describe())
}
