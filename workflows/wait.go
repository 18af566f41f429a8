package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// grace is how late the message that asks may leave without moving an hour-counted delay.
const grace = 15 * time.Minute

// unsent is how long a wait for a given instant goes on while the message that asks has not left.
var unsent = models.MustDelay("1bd")

// wait describes a deadline to open. Either Due is given, or Delay counts from the moment the asking message leaves.
type wait struct {
	Kind        models.DeadlineKind
	Subject     string
	Awaits      models.Role
	AwaitsRef   string
	Due         time.Time
	From        time.Time // when Delay starts to count; now if zero
	Delay       models.Delay
	Asked       []string // keys of the messages that ask
	Reminder    string   // key of the message that went out when staff were called, to who is awaited
	Fixed       bool     // staff cannot postpone it
	Consequence string   // sentence key, the kind's own if empty
	// Turned, if set, is all that ends this wait before its time: it does not belong to the step the dossier stands at.
	Turned func() bool
}

// pending is an open deadline and how its due instant is computed.
type pending struct {
	*models.Deadline
	delay  models.Delay
	turned func() bool
	waived func() bool
}

// opens records a deadline, so that rows and links of the same step can name it.
func (p *process) opens(ctx workflow.Context, w wait) pending {
	p.numbered++
	now := p.now(ctx)
	from := w.From
	if from.Before(now) {
		from = now
	}
	due := w.Due
	if due.IsZero() {
		due = p.cal.Add(from, w.Delay)
	}
	if w.Consequence == "" {
		w.Consequence = string(w.Kind)
	}
	d := &models.Deadline{ID: fmt.Sprintf("%s#%d", p.id, p.numbered), Kind: w.Kind,
		Subject: w.Subject, Awaits: w.Awaits, AwaitsRef: w.AwaitsRef, OpenedAt: now, DueAt: due, Status: models.Open,
		Consequence: w.Consequence, Postponable: !w.Fixed, Asked: w.Asked, LeftBy: p.leftBy(from, w.Delay)}
	if len(w.Asked) > 0 && from.After(now) {
		p.asking[d.ID] = from
	}
	p.open = append(p.open, d)
	p.project(d)
	if w.Turned != nil {
		return pending{Deadline: d, delay: w.Delay, turned: w.Turned, waived: never}
	}
	return pending{Deadline: d, delay: w.Delay, turned: p.interrupted, waived: p.waived}
}

// leftBy is the latest departure from which a delay leads to the same due instant.
func (p *process) leftBy(from time.Time, delay models.Delay) time.Time {
	if delay.Unit == models.DelayHours {
		return from.Add(grace)
	}
	return p.cal.EndOf(p.cal.DateOf(from))
}

// project records the deadline's row as it is now.
func (p *process) project(d *models.Deadline) {
	p.record(func(s *models.Step) {
		put(&s.Deadlines, *d, func(d models.Deadline) string { return d.ID })
	})
}

// close ends a deadline.
func (p *process) close(ctx workflow.Context, d *models.Deadline, o models.Outcome) models.Outcome {
	d.Status = o
	d.ClosedAt = p.now(ctx)
	if o == models.Missed || d.Awaits == models.RoleSystem && d.ClosedAt.After(d.DueAt) {
		d.ClosedAt = d.DueAt // what a deadline causes is dated by it
	}
	p.open = slices.DeleteFunc(p.open, func(x *models.Deadline) bool { return x == d })
	delete(p.asking, d.ID)
	p.project(d)
	if o == models.Met || o == models.Waived || o == models.Cancelled {
		p.withdraw(d.Asked...) // a question that has not left yet is not asked any more
	}
	return o
}

// waitUntil is the only business wait. It returns when met says so, when the deadline was missed, or when the step is
// waived or the story turns; staff may postpone it meanwhile. Its timer is cancelled on every path.
//
// At expiry the database decides: facts received in time are taken in first, whatever the moment they are processed,
// and the delay is prolonged when the message that asks left later than planned or has not left at all.
func (p *process) waitUntil(ctx workflow.Context, d pending, met func() bool) models.Outcome {
	for {
		switch {
		case met():
			return p.close(ctx, d.Deadline, models.Met)
		case d.waived():
			return p.close(ctx, d.Deadline, models.Waived)
		case d.turned() || p.done || ctx.Err() != nil || p.failure != nil:
			return p.close(ctx, d.Deadline, models.Cancelled)
		}
		if !p.untilDue(ctx, d, met) {
			continue
		}
		if d.Awaits == models.RoleSystem { // a date that came: nobody could answer it, nobody missed it
			p.close(ctx, d.Deadline, models.Met)
			return models.Missed
		}
		if o := p.expire(ctx, d, met); o != models.Open {
			return o
		}
	}
}

// untilDue blocks until the deadline is due (true) or anything else is worth a look (false).
func (p *process) untilDue(ctx workflow.Context, d pending, met func() bool) bool {
	due := d.DueAt
	turned := func() bool {
		return met() || d.waived() || d.turned() || p.done || !d.DueAt.Equal(due)
	}
	if p.later {
		upTo := p.gathered
		err := p.await(ctx, func() bool { return p.written >= upTo || turned() })
		if err != nil || turned() {
			return false
		}
	}
	timerCtx, cancel := workflow.WithCancel(ctx)
	timer := workflow.NewTimerWithOptions(timerCtx, p.common.Clock.RealDelay(workflow.Now(ctx), due),
		workflow.TimerOptions{Summary: spelled(ctx, timerSummary(d.Deadline))})
	err := p.await(ctx, func() bool { return timer.IsReady() || turned() })
	if p.over = append(p.over, cancel); !p.later || p.done {
		p.endTimers()
	}
	return err == nil && timer.IsReady() && !turned()
}

// expire asks the database whether the deadline is missed.
func (p *process) expire(ctx workflow.Context, d pending, met func() bool) models.Outcome {
	due := d.DueAt
	p.record(func(s *models.Step) { s.Expiries = append(s.Expiries, d.ID) })
	if err := p.flush(ctx); err != nil {
		return models.Cancelled
	}
	result := p.expiries[d.ID]
	delete(p.expiries, d.ID)
	if !d.DueAt.Equal(due) { // postponed while the database was asked, which may have written it as missed
		p.project(d.Deadline)
		return models.Open
	}
	if result.Missed {
		if met() { // a fact that counts came while the database was asked
			return p.close(ctx, d.Deadline, models.Met)
		}
		return p.close(ctx, d.Deadline, models.Missed)
	}
	for _, f := range result.Facts {
		p.take(f)
	}
	if met() {
		return p.close(ctx, d.Deadline, models.Met)
	}
	if len(result.Facts) > 0 {
		return models.Open // what came in time was not an answer to this: ask again
	}
	return p.prolong(ctx, d, result.Asked)
}

// prolong looks at the messages that asked: what never reached anybody makes no silence, what left late moves the due
// instant.
func (p *process) prolong(ctx workflow.Context, d pending, asked []models.MessageState) models.Outcome {
	due, leftBy := d.DueAt, d.LeftBy
	for _, m := range asked {
		switch m.Status {
		case models.MessageBounced, models.MessageNoAddress:
			d.Asked = slices.DeleteFunc(slices.Clone(d.Asked), func(k string) bool { return k == m.Key })
		case models.MessageSent, models.MessageDelivered:
			if m.SentAt.After(d.LeftBy) {
				due = models.Latest(due, p.cal.Add(m.SentAt, d.delay))
				leftBy = models.Latest(leftBy, p.leftBy(m.SentAt, d.delay))
			}
		case models.MessageWithdrawn:
		default: // not left yet, or nobody knows: it counts from when it does
			now := p.now(ctx)
			delay := d.delay
			if delay.IsOff() {
				delay = unsent
			}
			due = models.Latest(due, p.cal.Add(now, delay))
			leftBy = models.Latest(leftBy, p.leftBy(now, d.delay))
		}
	}
	if len(d.Asked) == 0 && len(asked) > 0 {
		return p.close(ctx, d.Deadline, models.Undeliverable)
	}
	d.DueAt, d.LeftBy = due, leftBy
	p.project(d.Deadline)
	return models.Open
}

// until waits for an instant at which something happens by itself. False: the story turned before.
func (p *process) until(ctx workflow.Context, w wait, turned func() bool) bool {
	w.Awaits = models.RoleSystem
	return p.waitUntil(ctx, p.opens(ctx, w), turned) == models.Missed
}

// awaitStaff waits for a step that only staff can take: each staff_step that passes alerts, the owner first, then the
// team, then once a week.
func (p *process) awaitStaff(ctx workflow.Context, w wait, alert string, raise func(alert string), met func() bool) models.Outcome {
	if w.Kind == "" {
		w.Kind = models.DeadlineStaff
	}
	if w.Awaits == "" {
		w.Awaits = models.RoleStaff
	}
	if w.Consequence == "" {
		w.Consequence = alert
	}
	for n := 0; ; n++ {
		w.Delay = p.common.Policy.StaffStep
		if n > 1 {
			w.Delay = models.Delay{N: 5, Unit: models.DelayBusinessDays}
		}
		outcome := p.waitUntil(ctx, p.opens(ctx, w), met)
		if outcome != models.Missed {
			p.recall(func(a alarm) bool { return a.alert == alert && a.subject == w.Subject })
			if w.Reminder != "" {
				p.withdraw(w.Reminder)
			}
			return outcome
		}
		raise(alert)
	}
}

// insist does what must not be left undone because a trainer's or a client's file lacks something: staff are told, mend
// it, and it is done again when their step is due. False: the story turned meanwhile.
func (p *process) insist(ctx workflow.Context, subject string, do func() error) bool {
	for {
		switch err := do(); {
		case err == nil:
			p.hush(func(a alarm) bool { return a.alert == "document_refused" && a.subject == subject })
			return true
		case ctx.Err() != nil || p.interrupted() || p.failure != nil || !passes(ctx, gateInsist):
			return false
		}
		p.alertStaff(ctx, "document_refused", subject)
		again := p.opens(ctx, wait{Kind: models.DeadlineStaff, Subject: subject, Awaits: models.RoleStaff,
			Delay: p.common.Policy.StaffStep, Consequence: "document_refused"})
		if p.waitUntil(ctx, again, never) != models.Missed {
			return false
		}
	}
}

// checkPostpone refuses what cannot be postponed.
func (p *process) checkPostpone(now time.Time, in models.Postpone) error {
	var d models.Deadline // one that is not open here is not open at all
	if i := slices.IndexFunc(p.open, func(d *models.Deadline) bool { return d.ID == in.DeadlineID }); i >= 0 {
		d = *p.open[i]
	}
	if err := d.CheckPostponed(in.DueAt, now); err != nil {
		return err
	}
	if in.Note == "" {
		return models.NewError(models.CodeReasonMissing, "a reason is needed")
	}
	return nil
}

// postpone moves a deadline; whoever waits for it sees the new instant, and the mailed link lives as long.
func (p *process) postpone(_ workflow.Context, in models.Postpone) models.CommandResult {
	i := slices.IndexFunc(p.open, func(d *models.Deadline) bool { return d.ID == in.DeadlineID })
	if i < 0 {
		return models.CommandResult{Ref: in.DeadlineID, Status: string(models.Cancelled)}
	}
	d := p.open[i]
	d.DueAt, d.Note = in.DueAt, in.Note
	d.Postponed++
	p.project(d)
	p.journal(models.JournalLine{Kind: "deadline_postponed", Subject: d.Subject, Actor: in.Actor, Channel: in.Through(),
		Note: in.Note, Args: models.Args{{Name: "deadline", Value: string(d.Kind)}, {Name: "due", Value: in.DueAt.UTC().Format(time.RFC3339)}}})
	return models.CommandResult{Ref: d.ID, Status: string(models.Open)}
}
