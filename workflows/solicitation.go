package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// solicitation is one search for a trainer (F067 to F074): waves of invitations, silence as refusal, the choice by
// staff, runners-up kept until the trainer's contract is signed.
type solicitation struct {
	*process
	in          models.SolicitationInput
	invitations []models.Invitation
	reminders   map[string]string    // queued reminder by invitation, read by key only
	leaves      map[string]time.Time // of an invitation's mail, read by key only
	given       string               // the trainer who got the mission without being chosen here
	deadlines   []pending            // one per wave
	wave        int
	waiting     bool // the wave's answers are awaited
	exhausted   bool
	chosen      string        // invitation
	over        bool          // the contract is signed, or the search is given up
	widen       *models.Widen // a wave asked for by staff
	adjacent    bool
	asked       []string
}

// Solicitation finds a trainer and keeps the runners-up until the trainer's contract is signed or the search is given
// up.
func Solicitation(ctx workflow.Context, in models.SolicitationInput) (models.SolicitationResult, error) {
	s := &solicitation{in: in, reminders: map[string]string{}, leaves: map[string]time.Time{}, asked: slices.Clone(in.Asked)}
	if err := s.setup(ctx); err != nil {
		return models.SolicitationResult{}, err
	}
	s.run(ctx)
	if err := s.finish(ctx); err != nil {
		return models.SolicitationResult{}, err
	}
	return s.result(), nil
}

func (s *solicitation) setup(ctx workflow.Context) (err error) {
	if s.process, err = newProcess(ctx, s.in.Common, s.in.Dossier, s.in.Scope.Owner, s.fact); err != nil {
		return err
	}
	s.subject = models.SolicitationID(s.in.Dossier, s.in.Number)
	s.stage = models.French.StageName(models.StageSolicitation)
	s.interrupted = func() bool { return s.over }
	s.elsewhere, s.owing = s.kept, s.silent
	if err := command(ctx, s.process, models.VerbChoose, s.checkChoose, s.choose); err != nil {
		return err
	}
	return command(ctx, s.process, models.VerbWiden, s.checkWiden, s.widened)
}

func (s *solicitation) run(ctx workflow.Context) {
	for _, r := range s.in.RunnersUp {
		s.invite(models.Invitation{TrainerRef: r.TrainerRef, Status: models.InvitationInterested, RateCents: r.RateCents,
			RateUnit: r.RateUnit, Score: r.Score, Upskilling: r.Upskilling, UpskillOK: r.UpskillOK, SentAt: r.SentAt,
			AnsweredAt: r.AnsweredAt})
	}
	for !s.over && ctx.Err() == nil && s.failure == nil {
		switch {
		case s.chosen != "":
			_ = s.await(ctx, func() bool { return s.over || s.chosen == "" })
		case s.widen != nil:
			w := s.widen
			s.widen = nil
			s.adjacent = s.adjacent || w.Adjacent
			s.ask(ctx, w.Trainers)
		case s.waiting:
			_ = s.await(ctx, func() bool { return s.over || s.chosen != "" || s.widen != nil || !s.waiting })
		case s.count(models.InvitationInterested) > 0:
			s.awaitStaff(ctx, wait{Subject: s.dossier}, "choice_overdue", s.raise(ctx),
				func() bool { return s.over || s.chosen != "" || s.widen != nil })
		case !s.exhausted && s.wave < s.maxWaves():
			s.ask(ctx, nil)
		default:
			s.raise(ctx)(s.lack())
			s.awaitStaff(ctx, wait{Subject: s.dossier}, s.lack(), s.raise(ctx), s.turned)
		}
	}
	if ctx.Err() != nil {
		s.over = true
	}
	s.dismiss(ctx)
}

// turned tells whether the search can go on: somebody was chosen or answered, staff widened it, or it is over.
func (s *solicitation) turned() bool {
	if s.over || s.chosen != "" || s.widen != nil {
		return true
	}
	return s.exhaustedNow() && s.count(models.InvitationInterested) > 0
}

// exhaustedNow tells whether the search stands still for want of candidates.
func (s *solicitation) exhaustedNow() bool {
	return !s.waiting && (s.exhausted || s.wave >= s.maxWaves())
}

func (s *solicitation) maxWaves() int { return max(1, s.common.Policy.MaxWaves) }

// lack names why staff are called: nobody to ask, or nobody who wants to.
func (s *solicitation) lack() string {
	if len(s.invitations) == 0 {
		return "no_candidate_left"
	}
	return "nobody_interested"
}

// raise tells staff, and the request, that the search needs a person.
func (s *solicitation) raise(ctx workflow.Context) func(alert string) {
	return func(alert string) {
		s.alertStaff(ctx, alert, s.dossier)
		s.tellAlert(alert)
	}
}

// ask contacts the next candidates: those named by staff, or the best not asked yet (F051, F073). Without any holder of
// the skill the search widens to adjacent ones (F050).
func (s *solicitation) ask(ctx workflow.Context, only []string) {
	limit := s.common.Policy.WaveSize
	if len(only) > 0 {
		limit = 0 // all those staff named
	}
	in := models.MatchInput{Dossier: s.dossier, Scope: s.in.Scope, Adjacent: s.adjacent, Exclude: s.asked, Only: only, Limit: limit,
		TargetRateShare: s.common.Policy.TargetRateShare}
	found, err := s.match(ctx, in)
	if err == nil && len(found) == 0 && len(only) == 0 && !s.adjacent {
		s.adjacent, in.Adjacent = true, true
		found, err = s.match(ctx, in)
	}
	if err != nil || s.over {
		return // cancelled meanwhile
	}
	if len(found) == 0 {
		s.exhausted = true
		return
	}
	s.exhausted = false
	s.wave++
	s.waiting = true
	now := s.now(ctx)
	first := len(s.invitations)
	for _, c := range found {
		s.asked = append(s.asked, c.TrainerRef)
		s.invite(models.Invitation{TrainerRef: c.TrainerRef, Status: models.InvitationSent, Score: c.Score, Upskilling: c.Upskilling, SentAt: now})
	}
	leaves := s.cal.MailTime(now, s.common.Policy.MailHours)
	delay := s.common.Policy.SilenceDelay
	if s.in.Scope.Urgent {
		delay = s.common.Policy.UrgentSilenceDelay
	}
	due := s.cal.Add(leaves, delay)
	args := models.Args{{Name: "due", Value: due.Format(time.RFC3339)}}
	var keys []string
	for i := first; i < len(s.invitations); i++ {
		inv := &s.invitations[i]
		l := letter{Template: "invitation", To: models.RoleTrainer, ToRef: inv.TrainerRef, Subject: inv.Ref, Args: args,
			Links: []models.Link{{Purpose: models.LinkAnswer, Subject: inv.Ref}}}
		key, at := s.send(ctx, l)
		keys, s.leaves[inv.Ref] = append(keys, key), at
		if remind := s.common.Policy.ReminderDelay; !remind.IsOff() {
			l.Template, l.When = "invitation_reminder", s.reminder(leaves, remind)
			if l.When.Before(due) {
				s.reminders[inv.Ref], _ = s.send(ctx, l)
			}
		}
	}
	d := s.opens(ctx, wait{Kind: models.DeadlineSilence, Subject: s.dossier, Awaits: models.RoleTrainer, From: leaves,
		Delay: delay, Asked: keys})
	for i := first; i < len(s.invitations); i++ {
		s.invitations[i].DeadlineID = d.ID
		s.row(s.invitations[i])
	}
	s.deadlines = append(s.deadlines, d)
	s.journal(models.JournalLine{Kind: "wave_sent", Subject: s.dossier, Actor: string(models.RoleSystem),
		Args: models.Args{{Name: "wave", Value: itoa(s.wave)}, {Name: "trainers", Value: itoa(len(found))}}})
	wave := s.wave
	s.aside(ctx, func(ctx workflow.Context) { s.listen(ctx, wave, d) })
}

// reminder is when a reminder leaves: the delay after the first mail, at the start of that day.
func (s *solicitation) reminder(from time.Time, delay models.Delay) time.Time {
	if delay.Unit == models.DelayHours {
		return s.cal.Add(from, delay)
	}
	day := s.cal.DateOf(s.cal.Add(from, delay))
	return s.cal.At(day, 0, 0)
}

// listen waits for the answers of one wave; silence is a refusal, kept apart from one (F070).
func (s *solicitation) listen(ctx workflow.Context, wave int, d pending) {
	outcome := s.waitUntil(ctx, d, func() bool { return s.answered(wave) })
	for i := range s.invitations {
		inv := &s.invitations[i]
		if inv.Wave != wave || inv.Status != models.InvitationSent {
			continue
		}
		switch outcome {
		case models.Missed:
			inv.Status = models.InvitationSilent
			if !slices.Contains(d.Asked, s.keyOf(*inv)) { // its mail never reached anybody
				inv.Status = models.InvitationUndeliverable
			}
			s.journal(models.JournalLine{Kind: "invitation_" + string(inv.Status), Subject: inv.Ref, Actor: inv.TrainerRef, At: d.DueAt})
		case models.Undeliverable:
			inv.Status = models.InvitationUndeliverable
			s.journal(models.JournalLine{Kind: "invitation_undeliverable", Subject: inv.Ref, Actor: inv.TrainerRef})
		default:
			continue
		}
		s.row(*inv)
	}
	if wave == s.wave {
		s.waiting = false
	}
}

// keyOf is the key of the first mail of an invitation.
func (s *solicitation) keyOf(inv models.Invitation) string {
	return inv.Ref + "/invitation/" + inv.TrainerRef
}

func (s *solicitation) answered(wave int) bool {
	return !slices.ContainsFunc(s.invitations, func(i models.Invitation) bool {
		return i.Wave == wave && (i.Status == models.InvitationSent || i.Status == models.InvitationNotRetained)
	})
}

func (s *solicitation) invite(inv models.Invitation) {
	inv.Dossier, inv.Search, inv.Number = s.dossier, s.in.Number, len(s.invitations)+1
	inv.Ref = models.InvitationRef(s.dossier, s.in.Number, inv.Number)
	inv.Wave = s.wave
	s.invitations = append(s.invitations, inv)
	s.row(inv)
}

func (s *solicitation) row(inv models.Invitation) {
	s.record(func(step *models.Step) {
		put(&step.Rows.Invitations, inv, func(i models.Invitation) string { return i.Ref })
	})
}

func (s *solicitation) count(status models.InvitationStatus) int {
	n := 0
	for _, i := range s.invitations {
		if i.Status == status {
			n++
		}
	}
	return n
}

func (s *solicitation) find(ref string) *models.Invitation {
	for i := range s.invitations {
		if s.invitations[i].Ref == ref {
			return &s.invitations[i]
		}
	}
	return nil
}

// fact takes in what happened to the search.
func (s *solicitation) fact(f models.Fact) string {
	switch f.Kind {
	case models.FactOwnerChanged:
		return s.handedOn(f)
	case models.FactInvitationAnswered:
		return s.answer(f)
	case models.FactUndeliverable:
		return s.undeliverable(f)
	case models.FactTrainerDropped:
		return s.dropped(f)
	case models.FactTrainerEngaged, models.FactSearchReworked:
		s.over, s.given = true, f.Data.Ref
		return models.FactApplied
	}
	return models.FactIgnored
}

// answer records a trainer's yes or no. After silence it counts only if it was received before the due instant, and as
// long as nobody else was chosen; otherwise it is kept as late, for staff (F071).
func (s *solicitation) answer(f models.Fact) string {
	inv := s.find(f.Subject)
	if inv == nil || (f.Data.Answer != "interested" && f.Data.Answer != "declined") {
		return models.FactIgnored
	}
	if f.Data.Answer == "interested" && !(models.Offer{Cents: f.Data.RateCents, Unit: f.Data.RateUnit}).Named() {
		return models.FactIgnored
	}
	reopened := inv.Status == models.InvitationSilent && s.inTime(*inv, f.ReceivedAt) && s.chosen == ""
	switch {
	case inv.Status == models.InvitationSent, inv.Status == models.InvitationUndeliverable, reopened:
		inv.Status = models.InvitationStatus(f.Data.Answer)
	case inv.Status == models.InvitationSilent:
		inv.LateAnswer = f.Data.Answer
	default:
		return models.FactIgnored // the first answer stands
	}
	inv.AnsweredAt, inv.RateCents, inv.RateUnit = f.ReceivedAt, f.Data.RateCents, f.Data.RateUnit
	inv.UpskillOK, inv.Note = f.Data.Agreed, f.Data.Note
	s.row(*inv)
	s.withdraw(s.keyOf(*inv)) // answered by phone before it left, it is not asked any more
	if key := s.reminders[inv.Ref]; key != "" {
		delete(s.reminders, inv.Ref)
		s.withdraw(key)
	}
	if inv.LateAnswer != "" {
		return models.FactLate
	}
	s.journal(models.JournalLine{Kind: "invitation_" + f.Data.Answer, Subject: inv.Ref, Actor: inv.TrainerRef, Channel: f.Channel,
		Recorder: f.Recorder, Note: f.Data.Note, At: f.ReceivedAt,
		Args: models.Args{{Name: "rate", Value: itoa(int(inv.RateCents))}, {Name: "unit", Value: string(inv.RateUnit)}}})
	return models.FactApplied
}

// inTime tells whether an answer received then was before the due instant of the invitation's wave.
func (s *solicitation) inTime(inv models.Invitation, received time.Time) bool {
	for _, d := range s.deadlines {
		if d.ID == inv.DeadlineID {
			return !received.After(d.DueAt)
		}
	}
	return false
}

// undeliverable marks the trainer whose invitation reached nobody: no silence follows from it.
func (s *solicitation) undeliverable(f models.Fact) string {
	for i := range s.invitations {
		inv := &s.invitations[i]
		if s.keyOf(*inv) != f.Data.Ref || inv.Status != models.InvitationSent {
			continue
		}
		inv.Status = models.InvitationUndeliverable
		s.row(*inv)
		if key := s.reminders[inv.Ref]; key != "" {
			s.withdraw(key)
		}
		s.journal(models.JournalLine{Kind: "invitation_undeliverable", Subject: inv.Ref, Actor: inv.TrainerRef})
		return models.FactApplied
	}
	return models.FactIgnored
}

// dropped brings the search back: the one who left keeps the invitation's last status, the runners-up come first.
func (s *solicitation) dropped(f models.Fact) string {
	inv := s.find(s.chosen)
	if inv == nil {
		return models.FactIgnored
	}
	inv.Status = models.InvitationDropped
	s.row(*inv)
	s.chosen = ""
	s.journal(models.JournalLine{Kind: "search_resumed", Subject: inv.Ref, Actor: string(models.RoleSystem),
		Args: models.Args{{Name: "reason", Value: f.Data.Reason}}})
	return models.FactApplied
}

func (s *solicitation) checkChoose(in models.Choose) error {
	inv := s.find(in.Invitation)
	switch {
	case inv == nil:
		return models.NewError(models.CodeUnknown, "no such invitation in this search")
	case s.chosen != "":
		return models.NewError(models.CodeAlreadyChosen, "a trainer is already retained")
	case s.over:
		return models.NewError(models.CodeFinished, "the search is over")
	}
	return inv.Choosable()
}

// choose retains a trainer; the reason is kept as evidence (F066).
func (s *solicitation) choose(_ workflow.Context, in models.Choose) models.CommandResult {
	inv := s.find(in.Invitation)
	s.chosen = inv.Ref
	inv.Status, inv.DecidedNote = models.InvitationChosen, in.Note
	s.row(*inv)
	s.tell(models.Fact{ID: inv.Ref + "/chosen/" + itoa(s.sentCount(inv.Ref)), Kind: models.FactTrainerChosen,
		Workflow: models.RequestID(s.dossier), Subject: inv.Ref,
		Data: models.FactData{Ref: inv.TrainerRef, RateCents: inv.RateCents, RateUnit: inv.RateUnit}})
	s.journal(models.JournalLine{Kind: "trainer_chosen", Subject: inv.Ref, Actor: in.Actor, Channel: in.Through(), Note: in.Note,
		Args: models.Args{{Name: "trainer", Value: inv.TrainerRef}}})
	return models.CommandResult{Ref: inv.Ref, Status: string(inv.Status)}
}

// sentCount numbers repeated facts about one subject.
func (p *process) sentCount(subject string) int {
	key := "fact " + subject
	p.sent[key]++
	return p.sent[key]
}

// tellAlert shows an alert of this process on its request.
func (p *process) tellAlert(alert string) {
	p.tell(models.Fact{ID: p.id + "/alert/" + itoa(p.sentCount("alert")), Kind: models.FactAlertRaised,
		Workflow: models.RequestID(p.dossier), Subject: p.subject, Data: models.FactData{Reason: alert}})
}

func (s *solicitation) checkWiden(in models.Widen) error {
	switch {
	case s.over:
		return models.NewError(models.CodeFinished, "the search is over")
	case s.chosen != "":
		return models.NewError(models.CodeAlreadyChosen, "a trainer is already retained")
	}
	for _, t := range in.Trainers {
		if slices.Contains(s.asked, t) {
			return models.NewError(models.CodeTrainerBusy, "this trainer was already asked: "+t)
		}
	}
	return nil
}

func (s *solicitation) widened(_ workflow.Context, in models.Widen) models.CommandResult {
	s.widen = &in
	s.journal(models.JournalLine{Kind: "search_widened", Subject: s.dossier, Actor: in.Actor, Channel: in.Through(), Note: in.Note})
	return models.CommandResult{Ref: s.id, Status: "asking"}
}

// dismiss tells everyone who is still waiting that the search is over.
func (s *solicitation) dismiss(ctx workflow.Context) {
	for i := range s.invitations {
		inv := &s.invitations[i]
		closed := letter{Template: "invitation_closed", To: models.RoleTrainer, ToRef: inv.TrainerRef, Subject: inv.Ref}
		switch inv.Status {
		case models.InvitationInterested, models.InvitationSent:
		case models.InvitationUndeliverable: // it may have been sent again: only the outbox knows
			if !passes(ctx, gateBounced) {
				continue
			}
			closed.Follows = s.keyOf(*inv)
		default:
			continue
		}
		unasked := inv.Status == models.InvitationSent && s.now(ctx).Before(s.leaves[inv.Ref])
		inv.Status = models.InvitationNotRetained
		s.row(*inv)
		if key := s.reminders[inv.Ref]; key != "" {
			s.withdraw(key)
		}
		s.withdraw(s.keyOf(*inv))
		if unasked || inv.TrainerRef == s.given { // who never got the question, or got the mission
			continue
		}
		s.send(ctx, closed)
	}
}

// result keeps who was interested, best first, in case the search has to resume.
func (s *solicitation) result() models.SolicitationResult {
	out := models.SolicitationResult{Asked: s.asked}
	for _, inv := range s.invitations {
		if inv.Status == models.InvitationNotRetained && inv.RateCents > 0 {
			out.RunnersUp = append(out.RunnersUp, inv)
		}
	}
	return out
}
