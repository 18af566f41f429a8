package workflows

import (
	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// playProgramme has the adapted programme written and approved (F089 to F091): a version that is returned is followed
// by another.
func (r *request) playProgramme(ctx workflow.Context) {
	var note string
	for r.failure == nil && ctx.Err() == nil {
		r.awaitProgramme(ctx, note)
		if r.interrupted() || r.waived() {
			break
		}
		r.awaitStaff(ctx, wait{Subject: r.programme.Ref, Awaits: models.RolePedagogy}, "programme_unreviewed",
			r.raiser(ctx, r.programme.Ref), func() bool { return r.decision != nil })
		r.clear(r.programme.Ref)
		if r.decision == nil {
			break
		}
		r.programme.Note = r.decision.Note
		if r.decided == models.VerbApproveProgramme {
			r.programme.Status = models.ProgrammeApproved
			r.approved = r.programme.Number
			r.programmeRow()
			r.send(ctx, letter{Template: "programme_approved", To: models.RoleTrainer, ToRef: r.programme.TrainerRef, Subject: r.programme.Ref})
			return
		}
		r.programme.Status = models.ProgrammeReturned
		r.programmeRow()
		note = r.decision.Note
	}
	if r.waived() && r.programme != nil {
		r.programme.Status = models.ProgrammeWaived
		r.programmeRow()
	}
}

// awaitProgramme asks for a version and waits for it; late, the trainer is reminded and staff are told.
func (r *request) awaitProgramme(ctx workflow.Context, note string) {
	r.programmes++
	pr := &models.Programme{Ref: models.ProgrammeRef(r.dossier, r.programmes), Dossier: r.dossier, Number: r.programmes,
		TrainerRef: r.chosen.trainer, Status: models.ProgrammeAwaited}
	r.programme, r.decision = pr, nil
	ask := letter{Template: "programme_ask", To: models.RoleTrainer, ToRef: pr.TrainerRef, Subject: pr.Ref,
		Links: []models.Link{{Purpose: models.LinkProgramme, Subject: pr.Ref}}, Args: r.dueArg(ctx, r.common.Policy.ProgrammeDelay)}
	reminder := ask
	reminder.Template = "programme_reminder"
	if note != "" {
		ask.Template = "programme_returned"
		ask.Args = append(ask.Args, models.Arg{Name: "note", Value: note})
	}
	ask.Links = append(ask.Links, r.withdrawal())
	key, leaves := r.send(ctx, ask)
	r.answer(ctx, wait{Kind: models.DeadlineProgramme, Subject: pr.Ref, Awaits: models.RoleTrainer, AwaitsRef: pr.TrainerRef,
		From: leaves, Delay: r.common.Policy.ProgrammeDelay, Asked: []string{key}}, reminder, "programme_late",
		func(id string) { pr.DeadlineID = id; r.programmeRow() },
		func() bool { return pr.Status == models.ProgrammeSubmitted })
}

func (r *request) programmeRow() {
	row := *r.programme
	r.record(func(s *models.Step) { put(&s.Rows.Programmes, row, func(p models.Programme) string { return p.Ref }) })
}

// programmeSubmitted takes a version in; until it is decided a later one replaces its text.
func (r *request) programmeSubmitted(f models.Fact) string {
	pr := r.programme
	if pr == nil || f.Subject != pr.Ref || f.Data.Ref == "" || r.interrupted() || r.decision != nil || !pr.Receivable() {
		return models.FactIgnored
	}
	pr.Status, pr.TextRef, pr.SubmittedAt = models.ProgrammeSubmitted, f.Data.Ref, f.ReceivedAt
	r.programmeRow()
	r.journal(models.JournalLine{Kind: string(f.Kind), Subject: pr.Ref, Actor: f.Actor, Channel: f.Channel, Recorder: f.Recorder, At: f.ReceivedAt})
	return models.FactApplied
}

func (r *request) checkApprove(models.Decision) error {
	if err := r.standing().Takes(models.VerbApproveProgramme); err != nil {
		return err
	}
	return r.steady()
}

func (r *request) checkReturn(in models.Decision) error {
	if err := r.checkApprove(in); err != nil {
		return err
	}
	if in.Note == "" {
		return models.NewError(models.CodeReasonMissing, "say what has to change")
	}
	return nil
}

// decide records the decision on the programme that awaits one.
func (r *request) decide(verb models.Verb) func(workflow.Context, models.Decision) models.CommandResult {
	return func(_ workflow.Context, in models.Decision) models.CommandResult {
		r.decision, r.decided = &in, verb
		kind := "programme_approved"
		if verb == models.VerbReturnProgramme {
			kind = "programme_returned"
		}
		r.decisionLine(kind, r.programme.Ref, in.By)
		return models.CommandResult{Ref: r.programme.Ref, Status: kind}
	}
}

// undoProgramme withdraws a programme that is being written or read.
func (r *request) undoProgramme() {
	if r.programme != nil && r.programme.Receivable() {
		r.programme.Status = models.ProgrammeCancelled
		r.programmeRow()
	}
	r.programme = nil
}

// playInterview is the recruiter's interview with the trainer (F084).
func (r *request) playInterview(ctx workflow.Context) {
	r.interview = nil
	notice, _ := r.send(ctx, letter{Template: "interview_notice", To: models.RoleTrainer, ToRef: r.chosen.trainer, Subject: r.dossier})
	r.awaitStaff(ctx, wait{Subject: r.dossier}, "interview_overdue", r.raiser(ctx, r.dossier), func() bool { return r.interview != nil })
	r.withdraw(notice) // not left yet, it would announce an interview that is over
	if r.interview != nil && !r.interview.Passed && r.left == nil {
		r.left = &left{reason: "interview_failed", by: by(r.interview.By)}
	}
}

func (r *request) recordInterview(_ workflow.Context, in models.Verdict) models.CommandResult {
	r.interview = &in
	r.decisionLine("interview_recorded", r.dossier, in.By, passed(in))
	return r.result()
}

func passed(in models.Verdict) models.Arg {
	value := "no"
	if in.Passed {
		value = "yes"
	}
	return models.Arg{Name: "passed", Value: value}
}

// playReadiness is the pedagogical engineer's last check of the paperwork (F085): until it passes, nothing is delivered.
func (r *request) playReadiness(ctx workflow.Context) {
	r.readiness = nil
	r.awaitStaff(ctx, wait{Subject: r.dossier, Awaits: models.RolePedagogy}, "readiness_overdue", r.raiser(ctx, r.dossier),
		func() bool { return r.readiness != nil && r.readiness.Passed })
}

func (r *request) confirmReadiness(ctx workflow.Context, in models.Verdict) models.CommandResult {
	r.readiness = &in
	r.decisionLine("readiness_checked", r.dossier, in.By, passed(in))
	if !in.Passed {
		r.raise(ctx, "readiness_refused", r.dossier)
	}
	return r.result()
}
