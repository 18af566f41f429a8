package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// session follows one planned day: convocations, half-day signatures, the trainer's sheet, absence windows, validation
// (F119 to F136).
type session struct {
	*process
	in       models.SessionInput
	row      models.Session
	moved    bool
	ended    bool // cancelled by staff
	dropped  bool // the mission goes without it: it was still to come
	judged   *models.Verdict
	queued   []string // messages of the planned day
	convoked letter
	calls    []models.Message // the summons, for who registers late
	absences []*models.Absence
	windows  int       // absence windows open
	closed   []pending // absence windows, open or not
	line     string
}

// Session follows one session until it is validated, refused or cancelled and its last absence window is over.
func Session(ctx workflow.Context, in models.SessionInput) (models.SessionResult, error) {
	s := &session{in: in, row: in.Session}
	if err := s.setup(ctx); err != nil {
		return models.SessionResult{}, err
	}
	s.run(ctx)
	if err := s.finish(ctx); err != nil {
		return models.SessionResult{}, err
	}
	out := models.SessionResult{Session: s.row, Line: s.line}
	for _, a := range s.absences {
		out.Absences = append(out.Absences, *a)
	}
	return out, nil
}

func (s *session) setup(ctx workflow.Context) (err error) {
	if s.process, err = newProcess(ctx, s.in.Common, s.in.Session.Dossier, s.in.Owner, s.fact); err != nil {
		return err
	}
	s.subject, s.stage = s.row.Ref, s.title()
	s.elsewhere = s.signatures
	s.foundBy = func(i *indexed) { i.trainer = s.row.TrainerRef }
	s.interrupted = func() bool { return s.moved || s.ended || s.dropped }
	judgeable := func(in models.Verdict) error { return s.checkJudge(s.now(ctx), in) }
	if err := command(ctx, s.process, models.VerbJudgeSheet, judgeable, s.judge); err != nil {
		return err
	}
	cancellable := func(in models.Decision) error { return s.checkCancel(s.now(ctx), in) }
	if err := command(ctx, s.process, models.VerbCancelSession, cancellable, s.cancel); err != nil {
		return err
	}
	movable := func(in models.Reschedule) error { return s.checkReschedule(s.now(ctx), in) }
	return command(ctx, s.process, models.VerbReschedule, movable, s.reschedule)
}

// outlast is a context that the request's cancellation does not reach: a session that has begun was given, and is seen
// through to its sheet, its pay and its absences; one still to come is called off.
func (s *session) outlast(ctx workflow.Context) workflow.Context {
	s.when(func() bool { return ctx.Err() != nil }, func(ctx workflow.Context) { s.dropped = s.row.StartAt.After(s.now(ctx)) })
	durable, _ := workflow.NewDisconnectedContext(ctx)
	return durable
}

func (s *session) run(ctx workflow.Context) {
	ctx = s.outlast(ctx)
	for s.row.Status == models.SessionPlanned && s.failure == nil {
		s.moved = false
		s.convoke(ctx)
		s.awaitSheet(ctx)
		switch {
		case s.failure != nil:
		case s.dropped || s.ended:
			s.undo(ctx)
		case s.moved:
			s.withdraw(s.queued...)
			s.queued = nil
			s.tellMoved(ctx)
		default:
			s.settle(ctx)
		}
	}
	_ = s.await(ctx, func() bool { return s.windows == 0 })
}

// convoke waits for the lead before the session, then convokes every participant; what has to be signed on the day is
// queued for it.
func (s *session) convoke(ctx workflow.Context) {
	at := s.cal.Before(s.row.StartAt, s.common.Policy.ConvocationLead)
	s.project()
	if at.After(s.now(ctx)) && !s.until(ctx, wait{Kind: models.DeadlineConvocation, Subject: s.row.Ref, Due: at}, never) {
		return
	}
	s.row.Status = models.SessionConvoked
	ref := models.Args{{Name: "session", Value: s.row.Ref}}
	s.convoked = letter{Template: "convocation", To: models.RoleParticipants, Subject: s.row.Ref, Args: ref,
		AtOnce: s.pressing(ctx, s.row.StartAt)}
	if s.in.First { // the positioning test goes with the first convocation (F120)
		s.convoked.Links = []models.Link{{Purpose: models.LinkPositioning, Subject: s.dossier + "|"}}
	}
	s.summon(ctx)
	key, _ := s.send(ctx, letter{Template: "sheet_ask", To: models.RoleTrainer, ToRef: s.row.TrainerRef, Subject: s.row.Ref, Args: ref,
		Links: []models.Link{{Purpose: models.LinkSheet, Subject: s.row.Ref}}, When: s.row.EndAt, AtOnce: true})
	s.queued = append(s.queued, key)
	s.project()
	s.journal(models.JournalLine{Kind: "session_convoked", Subject: s.row.Ref, Actor: string(models.RoleSystem)})
}

// summon sends convocation and attendance links to every registered participant.
func (s *session) summon(ctx workflow.Context) {
	s.calls = []models.Message{s.message(ctx, s.convoked),
		s.message(ctx, letter{Template: "attend", To: models.RoleParticipants, Subject: s.row.Ref, Args: s.convoked.Args,
			Links: []models.Link{{Purpose: models.LinkAttend, Subject: s.row.Ref + "|"}}, When: s.row.StartAt, AtOnce: true})}
	for _, m := range s.calls {
		s.queued = append(s.queued, m.Key)
	}
	s.call()
}

// call records the summons: whoever has them already gets no other, since their keys are known.
func (s *session) call() {
	s.record(func(step *models.Step) { step.Messages = append(step.Messages, s.calls...) })
}

// awaitSheet waits until the trainer has signed the sheet, or staff have judged it.
func (s *session) awaitSheet(ctx workflow.Context) {
	if s.row.Status != models.SessionConvoked || s.interrupted() {
		return
	}
	due := s.cal.Add(s.row.EndAt, s.common.Policy.SheetDeposit)
	d := s.opens(ctx, wait{Kind: models.DeadlineSheet, Subject: s.row.Ref, Awaits: models.RoleTrainer, AwaitsRef: s.row.TrainerRef,
		Due: models.Latest(due, s.now(ctx)), From: s.row.EndAt, Delay: s.common.Policy.SheetDeposit, Asked: s.queued[len(s.queued)-1:]})
	s.row.DeadlineID = d.ID
	s.project()
	known := func() bool { return !s.row.SheetSigned.IsZero() || s.judged != nil }
	switch s.waitUntil(ctx, d, known) {
	case models.Missed, models.Undeliverable: // attendance not recorded (F129)
		key, _ := s.send(ctx, letter{Template: "sheet_reminder", To: models.RoleTrainer, ToRef: s.row.TrainerRef, Subject: s.row.Ref,
			Links: []models.Link{{Purpose: models.LinkSheet, Subject: s.row.Ref}}, Args: s.convoked.Args})
		s.row.Status = models.SessionToJudge
		s.project()
		s.raise(ctx, "sheet_missing")
		if s.awaitStaff(ctx, wait{Subject: s.row.Ref, Reminder: key}, "sheet_missing", s.raiser(ctx), known) == models.Met {
			s.calm()
		}
	}
}

// settle reads the sheet once: a complete one validates the session by itself, otherwise staff judge.
func (s *session) settle(ctx workflow.Context) {
	reading, err := s.readAttendance(ctx, s.row)
	if err != nil {
		s.undo(ctx)
		return
	}
	s.row.Complete = reading.Unsigned == 0 && len(reading.Participants) > 0 && !s.row.SheetSigned.IsZero()
	if !s.row.Complete && s.judged == nil {
		s.row.Status = models.SessionToJudge
		s.project()
		s.raise(ctx, "sheet_incomplete")
		if s.awaitStaff(ctx, wait{Subject: s.row.Ref}, "sheet_incomplete", s.raiser(ctx), func() bool { return s.judged != nil }) != models.Met {
			s.undo(ctx)
			return
		}
		s.calm()
		if reading, err = s.readAttendance(ctx, s.row); err != nil { // staff may have keyed what was missing
			s.undo(ctx)
			return
		}
	}
	s.withdraw(s.queued...) // not left yet, it would tell of a session that is over
	if s.judged != nil && !s.judged.Passed {
		s.row.Status, s.row.Note = models.SessionRefused, s.judged.Note
		s.project()
		return
	}
	s.row.Status = models.SessionValidated
	s.project()
	s.pay(ctx)
	s.journal(models.JournalLine{Kind: "session_validated", Subject: s.row.Ref, Actor: string(models.RoleSystem)})
	missing := reading.Absences
	for _, o := range reading.Open { // staff validated without their signature: hours unproved are not counted
		if i := slices.IndexFunc(missing, func(e models.AbsenceEntry) bool { return e.Participant == o.Participant }); i >= 0 {
			missing[i].HalfDays = append(missing[i].HalfDays, o.HalfDays...)
			slices.Sort(missing[i].HalfDays)
			continue
		}
		missing = append(missing, o)
	}
	for _, e := range missing {
		s.open(ctx, e)
	}
}

// open tells a participant of an absence and gives the policy's window to justify it, from the later of the half-day's
// end and the moment the participant is told (F136).
func (s *session) open(ctx workflow.Context, e models.AbsenceEntry) {
	a := &models.Absence{Ref: models.AbsenceRef(s.row.Ref, e.Participant), Dossier: s.dossier, Session: s.row.Ref,
		Participant: e.Participant, HalfDays: e.HalfDays, Status: models.AbsenceOpen}
	s.absences = append(s.absences, a)
	window := s.common.Policy.AbsenceJustificationWindow
	told := models.Latest(s.cal.MailTime(s.now(ctx), s.common.Policy.MailHours), s.row.HalfDays[e.HalfDays[len(e.HalfDays)-1]].End)
	key, leaves := s.send(ctx, letter{Template: "absence_told", To: models.RoleParticipant, ToRef: e.Participant, Subject: a.Ref,
		Links: []models.Link{{Purpose: models.LinkJustify, Subject: a.Ref}}, When: told,
		Args: models.Args{{Name: "session", Value: s.row.Ref}, {Name: "due", Value: s.cal.Add(told, window).Format(time.RFC3339)}}})
	a.ToldAt = leaves
	d := s.opens(ctx, wait{Kind: models.DeadlineAbsence, Subject: a.Ref, Awaits: models.RoleParticipant, AwaitsRef: e.Participant,
		From: leaves, Delay: window, Asked: []string{key}})
	a.DeadlineID = d.ID
	s.closed = append(s.closed, d)
	s.absence(a)
	s.windows++
	s.aside(ctx, func(ctx workflow.Context) {
		justified := func() bool { return a.Status != models.AbsenceOpen }
		switch outcome := s.waitUntil(ctx, d, justified); outcome {
		case models.Undeliverable: // staff have one step to tell the participant: a window nobody can close would hold the dossier
			s.raise(ctx, models.AlertUndeliverable)
			staffed := s.opens(ctx, wait{Kind: models.DeadlineStaff, Subject: a.Ref, Awaits: models.RoleStaff,
				Delay: s.common.Policy.StaffStep, Consequence: models.AlertUndeliverable})
			outcome = s.waitUntil(ctx, staffed, justified)
			s.unjustified(a, staffed.Deadline, outcome)
			s.calm()
		default:
			s.unjustified(a, d.Deadline, outcome)
		}
		s.windows--
	})
}

// unjustified closes an absence whose window is over without a justification.
func (s *session) unjustified(a *models.Absence, d *models.Deadline, outcome models.Outcome) {
	switch outcome {
	case models.Missed:
		a.Status = models.AbsenceUnjustified
		s.journal(models.JournalLine{Kind: "absence_unjustified", Subject: a.Ref, Actor: a.Participant, At: d.DueAt})
	case models.Cancelled:
		a.Status = models.AbsenceCancelled
	default:
		return
	}
	s.absence(a)
}

func (s *session) absence(a *models.Absence) {
	row := *a
	s.record(func(step *models.Step) {
		put(&step.Rows.Absences, row, func(a models.Absence) string { return a.Ref })
	})
}

// pay sends the session's line to the trainer's month.
func (s *session) pay(ctx workflow.Context) {
	quantity := models.Quantity(s.in.RateUnit, len(s.row.HalfDays), s.row.Minutes())
	cents := models.MulQuantity(s.in.RateCents, quantity)
	rate := s.in.RateCents
	if s.in.RateUnit == models.UnitFlat {
		quantity, cents, rate = 100, s.in.LineCents, s.in.LineCents
	}
	if cents <= 0 {
		return
	}
	s.line = s.row.Ref
	line := models.PayLine{Ref: s.row.Ref, Dossier: s.dossier, Payer: models.PayerAgency, TrainerRef: s.row.TrainerRef,
		HeldOn: s.cal.DateOf(s.row.StartAt), Unit: s.in.RateUnit, Quantity: quantity, RateCents: rate, Cents: cents,
		Status: models.LineDue, CreatedAt: s.now(ctx)}
	s.record(func(step *models.Step) { step.Rows.NewLines = append(step.Rows.NewLines, line) })
	s.tell(models.Fact{ID: "line_due/" + line.Ref, Kind: models.FactLineDue, Subject: line.Ref,
		Start: &models.Start{Remuneration: &models.RemunerationInput{Common: s.common, Payer: line.Payer, TrainerRef: line.TrainerRef, Owner: s.owner}}})
}

func (s *session) project() {
	row := s.row
	s.record(func(step *models.Step) {
		put(&step.Rows.Sessions, row, func(r models.Session) string { return r.Ref })
	})
}

func (s *session) raise(ctx workflow.Context, alert string) {
	s.alertStaff(ctx, alert, s.row.Ref)
	s.tellAlert(alert)
}

func (s *session) raiser(ctx workflow.Context) func(string) {
	return func(alert string) { s.raise(ctx, alert) }
}

// calm takes back this session's alert on the dossier.
func (s *session) calm() {
	s.hush(everyAlarm)
	s.tell(models.Fact{ID: s.id + "/calm/" + itoa(s.sentCount("calm")), Kind: models.FactAlertCleared,
		Workflow: models.RequestID(s.dossier), Subject: s.subject})
}

// fact takes in the trainer's signature, justifications, and participants registered late.
func (s *session) fact(f models.Fact) string {
	switch f.Kind {
	case models.FactOwnerChanged:
		return s.handedOn(f)
	case models.FactSheetSigned:
		if !s.row.TakesSheet(f.ReceivedAt) || s.row.Status == models.SessionPlanned || s.judged != nil || s.ended {
			return models.FactIgnored
		}
		s.row.SheetSigned, s.row.SheetBy = f.ReceivedAt, f.Actor
		s.project()
	case models.FactAbsenceJustified:
		i := slices.IndexFunc(s.absences, func(a *models.Absence) bool { return a.Ref == f.Subject })
		if i < 0 {
			return models.FactIgnored
		}
		a := s.absences[i]
		if !a.Justifiable() {
			return models.FactIgnored
		}
		if a.Status == models.AbsenceUnjustified && !s.inWindow(a, f.ReceivedAt) {
			return models.FactLate
		}
		a.Status, a.JustifiedAt, a.Note = models.AbsenceJustified, f.ReceivedAt, f.Data.Note
		s.absence(a)
	case models.FactRegistered:
		if s.row.Status != models.SessionConvoked {
			return models.FactIgnored
		}
		s.call()
		return models.FactApplied
	case models.FactUndeliverable:
		s.tellAlert(models.AlertUndeliverable)
		s.journal(models.JournalLine{Kind: "message_undeliverable", Subject: f.Data.Ref, Actor: string(models.RoleSystem)})
		return models.FactApplied
	default:
		return models.FactIgnored
	}
	s.journal(models.JournalLine{Kind: string(f.Kind), Subject: f.Subject, Actor: f.Actor, Channel: f.Channel, Recorder: f.Recorder,
		Note: f.Data.Note, At: f.ReceivedAt})
	return models.FactApplied
}

// inWindow tells whether a justification keyed later was received before the window closed.
func (s *session) inWindow(a *models.Absence, received time.Time) bool {
	for _, w := range s.closed {
		if w.ID == a.DeadlineID {
			return !received.After(w.DueAt)
		}
	}
	return false
}

func (s *session) checkJudge(now time.Time, in models.Verdict) error {
	if err := s.row.Takes(models.VerbJudgeSheet, now); err != nil {
		return err
	}
	switch {
	case s.judged != nil:
		return models.NewError(models.CodeSessionState, "this session is judged already")
	case !in.Passed && in.Note == "":
		return models.NewError(models.CodeReasonMissing, "say why the session does not count")
	}
	return nil
}

// judge records the verdict of staff on a missing or incomplete sheet (F128).
func (s *session) judge(ctx workflow.Context, in models.Verdict) models.CommandResult {
	s.judged = &in
	s.decisionLine("sheet_judged", s.row.Ref, in.By, passed(in))
	return models.CommandResult{Ref: s.row.Ref, Status: s.row.Status}
}

func (s *session) checkCancel(now time.Time, in models.Decision) error {
	if err := s.row.Takes(models.VerbCancelSession, now); err != nil {
		return err
	}
	switch {
	case s.ended:
		return models.NewError(models.CodeSessionState, "this session is cancelled already")
	case in.Note == "":
		return models.NewError(models.CodeReasonMissing, "a reason is needed")
	}
	return nil
}

func (s *session) cancel(_ workflow.Context, in models.Decision) models.CommandResult {
	s.ended = true
	s.row.Note = in.Note
	s.decisionLine("session_cancelled", s.row.Ref, in.By)
	return models.CommandResult{Ref: s.row.Ref, Status: models.SessionCancelled}
}

func (s *session) checkReschedule(now time.Time, in models.Reschedule) error {
	if err := s.row.Takes(models.VerbReschedule, now); err != nil {
		return err
	}
	if s.ended || s.moved {
		return models.NewError(models.CodeSessionState, "this session is being moved or cancelled")
	}
	if in.PlaceRef == "" && slices.EqualFunc(in.HalfDays, s.row.HalfDays, func(a, b models.HalfDay) bool { return a.Start.Equal(b.Start) && a.End.Equal(b.End) }) {
		return models.NewError(models.CodeSessionUnchanged, "this session stands there already")
	}
	_, err := s.row.CheckMove(in.HalfDays, nil, now)
	return err
}

func (s *session) reschedule(_ workflow.Context, in models.Reschedule) models.CommandResult {
	s.row.HalfDays, s.row.Status, s.moved = in.HalfDays, models.SessionPlanned, true
	s.row.StartAt, s.row.EndAt = in.HalfDays[0].Start, in.HalfDays[len(in.HalfDays)-1].End
	if in.PlaceRef != "" {
		s.row.PlaceRef = in.PlaceRef
	}
	s.stage = s.title()
	s.project()
	s.decisionLine("session_moved", s.row.Ref, in.By)
	return models.CommandResult{Ref: s.row.Ref, Status: s.row.Status}
}

// tellMoved tells everyone of the new date.
func (s *session) tellMoved(ctx workflow.Context) { s.announce(ctx, "session_moved_") }

// undo cancels the session and tells everyone, once; what is validated stays.
func (s *session) undo(ctx workflow.Context) {
	if s.row.Status == models.SessionValidated || s.row.Status == models.SessionRefused {
		return
	}
	s.withdraw(s.queued...)
	s.row.Status = models.SessionCancelled
	s.project()
	s.announce(ctx, "session_cancelled_")
}

func (s *session) announce(ctx workflow.Context, template string) {
	args := models.Args{{Name: "session", Value: s.row.Ref}}
	s.send(ctx, letter{Template: template + "participant", To: models.RoleParticipants, Subject: s.row.Ref, Args: args, AtOnce: true})
	s.send(ctx, letter{Template: template + "trainer", To: models.RoleTrainer, ToRef: s.row.TrainerRef, Subject: s.row.Ref, Args: args, AtOnce: true})
	s.send(ctx, letter{Template: template + "client", To: models.RoleClient, Subject: s.row.Ref, Args: args, AtOnce: true})
}
