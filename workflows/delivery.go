package workflows

import (
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// planned is one session of the dossier and the child that follows it.
type planned struct {
	session models.Session
	shares  []int // which of the ordered half-days it holds, for the parts of a flat rate
	cancel  workflow.CancelFunc
	ended   bool
	result  models.SessionResult
}

// counts tells whether the session is still to be held or was.
func (s *planned) counts() bool {
	return !s.ended || s.result.Session.Status == models.SessionValidated
}

// playSessions has everything that was ordered planned, held and validated; the last absence window closes it.
func (r *request) playSessions(ctx workflow.Context) {
	for !r.delivered() && !r.interrupted() && r.failure == nil && ctx.Err() == nil {
		if r.halfDays((*planned).counts) < r.scope.Order.HalfDays {
			r.awaitStaff(ctx, wait{Subject: r.dossier}, "planning_overdue", r.raiser(ctx, r.dossier),
				func() bool { return r.halfDays((*planned).counts) >= r.scope.Order.HalfDays })
			r.clear(r.dossier)
			continue
		}
		_ = r.await(ctx, func() bool {
			return r.delivered() || r.halfDays((*planned).counts) < r.scope.Order.HalfDays || r.interrupted()
		})
	}
}

// delivered tells whether all that was ordered is held, validated, and over.
func (r *request) delivered() bool {
	return !slices.ContainsFunc(r.sessions, func(s *planned) bool { return !s.ended }) && r.held() >= r.scope.Order.HalfDays
}

func (r *request) held() int {
	return r.halfDays(func(s *planned) bool { return s.ended && s.result.Session.Status == models.SessionValidated })
}

func (r *request) halfDays(which func(*planned) bool) int {
	n := 0
	for _, s := range r.sessions {
		if which(s) {
			n += len(s.session.HalfDays)
		}
	}
	return n
}

// checkPlan refuses sessions that cannot be held as planned (F108).
func (r *request) checkPlan(now time.Time, in models.PlanSessions) error {
	if err := r.standing().Takes(models.VerbPlanSessions); err != nil {
		return err
	}
	n := r.halfDays((*planned).counts)
	var taken []models.HalfDay
	for _, s := range r.sessions {
		if s.counts() {
			taken = append(taken, in.HoursOf(s.session)...)
		}
	}
	if _, err := models.CheckPlan(in.Sessions, taken, now); err != nil {
		return err
	}
	if n+in.HalfDays() > r.scope.Order.HalfDays {
		return models.NewError(models.CodeOverPlanned, "more half-days than ordered")
	}
	return r.steady()
}

// plan starts a child for each session and tells trainer and client.
func (r *request) plan(ctx workflow.Context, in models.PlanSessions) models.CommandResult {
	for _, s := range in.Sessions {
		n := len(r.sessions) + 1
		session := models.Session{Ref: models.SessionRef(r.dossier, n), Dossier: r.dossier, Number: n, TrainerRef: r.chosen.trainer,
			Status: models.SessionPlanned, HalfDays: s.HalfDays, PlaceRef: s.PlaceRef,
			StartAt: s.HalfDays[0].Start, EndAt: s.HalfDays[len(s.HalfDays)-1].End}
		r.startSession(ctx, session)
	}
	first := slices.MinFunc(in.Sessions, func(a, b models.PlannedSession) int { return a.HalfDays[0].Start.Compare(b.HalfDays[0].Start) })
	atOnce := r.pressing(ctx, first.HalfDays[0].Start)
	r.send(ctx, letter{Template: "sessions_planned_trainer", To: models.RoleTrainer, ToRef: r.chosen.trainer, Subject: r.dossier, AtOnce: atOnce})
	r.send(ctx, letter{Template: "sessions_planned_client", To: models.RoleClient, Subject: r.dossier, AtOnce: atOnce})
	r.decisionLine("sessions_planned", r.dossier, in.By, models.Arg{Name: "sessions", Value: itoa(len(in.Sessions))})
	return r.result()
}

func (r *request) startSession(ctx workflow.Context, session models.Session) {
	shares := r.freeShares(len(session.HalfDays))
	in := models.SessionInput{Common: r.common, Session: session, RateCents: r.chosen.offer.Cents, RateUnit: r.chosen.offer.Unit,
		LineCents: r.flatShare(shares), First: len(r.sessions) == 0, Owner: r.owner}
	r.record(func(s *models.Step) { // here at once, so that links and refusals know it; its own process writes it from then on
		put(&s.Rows.NewSessions, session, func(s models.Session) string { return s.Ref })
	})
	childCtx, cancel := workflow.WithCancel(workflow.WithChildOptions(ctx,
		child(models.SessionID(r.dossier, session.Number), sessionSummary(session), enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL)))
	s := &planned{session: session, shares: shares, cancel: cancel}
	r.sessions = append(r.sessions, s)
	future := workflow.ExecuteChildWorkflow(childCtx, models.SessionType, spelled[any](ctx, in))
	r.when(future.IsReady, func(ctx workflow.Context) {
		s.result = models.SessionResult{Session: session}
		err := future.Get(ctx, &s.result)
		if err != nil {
			s.result.Session.Status = models.SessionCancelled
		}
		s.session, s.ended = s.result.Session, true
		if s.session.Status == models.SessionValidated {
			r.row.HalfDaysHeld = r.held()
			r.project()
		}
		r.watchAbsences(ctx, s)
	})
}

// freeShares are the first n of the ordered half-days that no session holds: one planned again takes those of the
// session it replaces.
func (r *request) freeShares(n int) (out []int) {
	for i := 0; i < r.scope.Order.HalfDays && len(out) < n; i++ {
		if !slices.ContainsFunc(r.sessions, func(s *planned) bool { return s.counts() && slices.Contains(s.shares, i) }) {
			out = append(out, i)
		}
	}
	return out
}

// flatShare is a session's part of a flat rate, which covers what was left to hold when the trainer was retained: the
// parts add up to it, to the cent.
func (r *request) flatShare(shares []int) (sum models.Cents) {
	if r.chosen.offer.Unit != models.UnitFlat {
		return 0
	}
	weights := make([]int64, len(r.chosen.shares))
	for i := range weights {
		weights[i] = 1
	}
	for i, cents := range models.Share(r.chosen.offer.Cents, weights) {
		if slices.Contains(shares, r.chosen.shares[i]) {
			sum += cents
		}
	}
	return sum
}

// watchAbsences calls staff when a participant misses sessions in a row, or too many without reason (F138).
func (r *request) watchAbsences(ctx workflow.Context, last *planned) {
	p := r.common.Policy
	for _, a := range last.result.Absences {
		row, unjustified := 0, 0
		for _, s := range r.sessions {
			if !s.ended || s.session.Status != models.SessionValidated {
				continue
			}
			i := slices.IndexFunc(s.result.Absences, func(x models.Absence) bool { return x.Participant == a.Participant })
			if i < 0 {
				row = 0
				continue
			}
			row++
			if s.result.Absences[i].Status == models.AbsenceUnjustified {
				unjustified++
			}
		}
		if n := p.ConsecutiveAbsenceAlert; n > 0 && row >= n {
			r.raise(ctx, "consecutive_absences", a.Ref)
		} else if n := p.UnjustifiedAbsenceAlert; n > 0 && unjustified >= n && a.Status == models.AbsenceUnjustified {
			r.raise(ctx, "unjustified_absences", a.Ref)
		}
	}
}

// undoSessions calls off the sessions still to come; each child tells its participants and its trainer, and sees
// through what has begun.
func (r *request) undoSessions() {
	for _, s := range r.sessions {
		if !s.ended {
			s.cancel()
		}
	}
}

// awaitSessions waits until every session is over: those that have begun have their own deadlines.
func (r *request) awaitSessions(ctx workflow.Context) {
	_ = r.await(ctx, func() bool {
		return !slices.ContainsFunc(r.sessions, func(s *planned) bool { return !s.ended })
	})
}

// playDelivered invoices the client, starts the follow-up and waits until the policy lets the dossier close (F206).
// Money has its own clocks: nothing here is awaited with a deadline.
func (r *request) playDelivered(ctx workflow.Context) {
	durable, _ := workflow.NewDisconnectedContext(ctx) // what is delivered cannot be cancelled any more
	r.conclude(durable)
	_ = r.await(durable, r.closable)
}

// conclude bills what was held and hands certificates and evaluations to the follow-up.
func (r *request) conclude(ctx workflow.Context) {
	r.invoiceClient(ctx)
	r.startFollowUp(ctx)
}

// closable tells whether every pay line is transmitted, or paid, as the policy wants.
func (r *request) closable() bool { return len(r.unpaid()) == 0 }

// unpaid are the pay lines that closing waits for.
func (r *request) unpaid() (lines []string) {
	for _, s := range r.sessions {
		line := s.result.Line
		transmitted := r.common.Policy.ClosureWhen == models.ClosureWhenTransmitted && slices.Contains(r.settled, line)
		if line != "" && !transmitted && !slices.Contains(r.paid, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// invoiceClient has the client's invoice issued for what was ordered and delivered (F211): where less was held, for the
// part of the price that falls to it.
func (r *request) invoiceClient(ctx workflow.Context) {
	o := r.scope.Order
	net := o.TotalCents()
	if held := r.held(); held < o.HalfDays {
		net = models.Share(net, []int64{int64(held), int64(o.HalfDays - held)})[0]
	}
	if net <= 0 {
		return
	}
	ref, err := r.allocate(ctx, models.Allocation{Series: "invoice", Key: r.dossier + "/client", Year: r.today(ctx).Year()})
	if err != nil {
		return
	}
	r.row.InvoiceRef = ref
	r.project()
	vat := models.VAT(net, o.VATBps)
	r.tell(models.Fact{ID: r.dossier + "/client_invoice", Kind: models.FactInvoiceDue, Workflow: models.InvoiceID(ref), Subject: ref,
		Start: &models.Start{Invoice: &models.InvoiceInput{Common: r.common, Owner: r.owner, Invoice: models.Invoice{Ref: ref,
			Kind: models.InvoiceClient, Dossier: r.dossier, NetCents: net, VATBps: o.VATBps, VATCents: vat, TotalCents: net + vat}}}})
}

// startFollowUp hands certificates and evaluations to a child that outlives the dossier.
func (r *request) startFollowUp(ctx workflow.Context) {
	end := r.row.DeliveredAt
	var last time.Time
	for _, s := range r.sessions {
		if s.session.Status == models.SessionValidated && s.session.EndAt.After(last) {
			last = s.session.EndAt
		}
	}
	if !last.IsZero() {
		end = last
	}
	in := models.FollowUpInput{Common: r.common, Dossier: r.dossier, CourseEnd: end, Owner: r.owner}
	childCtx := workflow.WithChildOptions(ctx, child(models.FollowUpID(r.dossier), "Suivi de la formation · "+r.dossier,
		enumspb.PARENT_CLOSE_POLICY_ABANDON))
	r.followUp = workflow.ExecuteChildWorkflow(childCtx, models.FollowUpType, spelled[any](ctx, in))
	// Started is awaited: a parent that completes before would leave no child behind.
	_ = r.ready(ctx, r.followUp.GetChildWorkflowExecution())
}

// moneyFact follows the dossier's pay lines.
func (r *request) moneyFact(f models.Fact) string {
	for _, line := range f.Data.Lines {
		switch f.Kind {
		case models.FactLinesSettled:
			r.settled = append(r.settled, line)
		case models.FactInvoicePaid, models.FactLinesCancelled:
			r.paid = append(r.paid, line)
		case models.FactInvoiceUnpaid:
			r.paid = slices.DeleteFunc(r.paid, func(l string) bool { return l == line })
		}
	}
	line := models.JournalLine{Kind: string(f.Kind), Subject: f.Subject, Actor: string(models.RoleSystem)}
	if f.Data.PaidOn != "" {
		line.Args = models.Args{{Name: "paid_on", Value: string(f.Data.PaidOn)}}
	}
	line.Args = append(line.Args, numberArg(f.Data.Number)...)
	r.journal(line)
	return models.FactApplied
}
