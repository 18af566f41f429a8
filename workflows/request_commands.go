package workflows

import (
	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// commands registers what staff decide about a dossier.
func (r *request) commands(ctx workflow.Context) error {
	plannable := func(in models.PlanSessions) error { return r.checkPlan(r.now(ctx), in) }
	type registration struct {
		verb models.Verb
		err  error
	}
	for _, c := range []registration{
		{models.VerbQualify, command(ctx, r.process, models.VerbQualify, r.checkQualify, r.qualify)},
		{models.VerbHandOver, command(ctx, r.process, models.VerbHandOver, r.checkHandOver, r.handOver)},
		{models.VerbCancel, command(ctx, r.process, models.VerbCancel, r.checkCancel, r.cancel)},
		{models.VerbAssign, command(ctx, r.process, models.VerbAssign, r.checkAssign, r.assign)},
		{models.VerbRework, command(ctx, r.process, models.VerbRework, r.checkRework, r.askRework)},
		{models.VerbDropTrainer, command(ctx, r.process, models.VerbDropTrainer, r.checkDrop, r.drop)},
		{models.VerbWaive, command(ctx, r.process, models.VerbWaive, r.checkWaive, r.waive)},
		{models.VerbApproveProgramme, command(ctx, r.process, models.VerbApproveProgramme, r.checkApprove, r.decide(models.VerbApproveProgramme))},
		{models.VerbReturnProgramme, command(ctx, r.process, models.VerbReturnProgramme, r.checkReturn, r.decide(models.VerbReturnProgramme))},
		{models.VerbRecordInterview, command(ctx, r.process, models.VerbRecordInterview, r.verdict(models.VerbRecordInterview), r.recordInterview)},
		{models.VerbReissueContract, command(ctx, r.process, models.VerbReissueContract, r.checkReissue, r.reissue)},
		{models.VerbConfirmReadiness, command(ctx, r.process, models.VerbConfirmReadiness, r.verdict(models.VerbConfirmReadiness), r.confirmReadiness)},
		{models.VerbPlanSessions, command(ctx, r.process, models.VerbPlanSessions, plannable, r.plan)},
		{models.VerbReassign, command(ctx, r.process, models.VerbReassign, r.checkReassign, r.reassign)},
	} {
		if c.err != nil {
			return c.err
		}
	}
	return nil
}

// result answers a command with the dossier's stage.
func (r *request) result() models.CommandResult {
	return models.CommandResult{Ref: r.dossier, Status: string(r.row.Stage)}
}

// by is the journal line of a decision.
func by(b models.By) models.JournalLine {
	return models.JournalLine{Actor: b.Actor, Channel: b.Through(), Note: b.Note}
}

// decisionLine journals a decision under a kind.
func (p *process) decisionLine(kind, subject string, b models.By, args ...models.Arg) {
	line := by(b)
	line.Kind, line.Subject, line.Args = kind, subject, args
	p.journal(line)
}

// steady refuses while the story is turning.
func (r *request) steady() error {
	if r.interrupted() {
		return models.NewError(models.CodeConflict, "the dossier is changing, try again shortly")
	}
	return nil
}

// standing is what the decisions about the dossier depend on.
func (r *request) standing() models.Standing {
	s := models.Standing{Stage: r.row.Stage, Qualified: r.qualified, Retained: r.chosen != nil, Held: r.row.HalfDaysHeld > 0}
	if r.programme != nil && r.decision == nil {
		s.Programme = r.programme.Status
	}
	if c := r.clientContract(); c != nil {
		s.Document = c.Status
	}
	return s
}

// verdict is the check of a verdict on the step the dossier stands at.
func (r *request) verdict(v models.Verb) func(models.Verdict) error {
	return func(models.Verdict) error {
		if err := r.standing().Takes(v); err != nil {
			return err
		}
		return r.steady()
	}
}

func (r *request) checkQualify(models.Qualify) error {
	if err := r.standing().Takes(models.VerbQualify); err != nil {
		return err
	}
	return r.steady()
}

func (r *request) qualify(_ workflow.Context, in models.Qualify) models.CommandResult {
	r.scope, r.qualified = in.Scope, true
	r.rescope()
	r.decisionLine("request_qualified", r.dossier, in.By)
	return r.result()
}

// rescope takes over what staff changed in the request.
func (r *request) rescope() {
	r.owner, r.row.Owner, r.row.Topic = r.scope.Owner, r.scope.Owner, r.scope.Topic
	r.project()
}

func (r *request) checkHandOver(in models.Decision) error {
	if err := r.standing().Takes(models.VerbHandOver); err != nil {
		return err
	}
	return r.checkCancel(in)
}

func (r *request) handOver(_ workflow.Context, in models.Decision) models.CommandResult {
	r.ending = &ending{stage: models.StageHandedOver, reason: "out_of_scope", by: by(in.By)}
	return r.result()
}

func (r *request) checkCancel(in models.Decision) error {
	if err := r.standing().Takes(models.VerbCancel); err != nil {
		return err
	}
	switch {
	case in.Note == "":
		return models.NewError(models.CodeReasonMissing, "a reason is needed")
	case r.ending != nil:
		return r.steady()
	}
	return nil
}

func (r *request) cancel(_ workflow.Context, in models.Decision) models.CommandResult {
	reason := in.Reason
	if reason == "" {
		reason = "by_agency"
	}
	r.ending = &ending{stage: models.StageCancelled, reason: reason, by: by(in.By)}
	return r.result()
}

func (r *request) checkAssign(in models.Assign) error {
	if err := r.standing().Takes(models.VerbAssign); err != nil {
		return err
	}
	if !(models.Offer{Cents: in.RateCents, Unit: in.RateUnit}).Named() {
		return models.NewError(models.CodeInvalid, "a rate and its unit are needed")
	}
	return r.steady()
}

// assign retains a known trainer without a search; a running one is over.
func (r *request) assign(_ workflow.Context, in models.Assign) models.CommandResult {
	r.assigned++
	r.retain(in.TrainerRef, "", models.Offer{Cents: in.RateCents, Unit: in.RateUnit})
	if r.search != nil && !r.search.ended {
		r.tell(models.Fact{ID: r.dossier + "/assigned/" + itoa(r.search.number), Kind: models.FactSearchReworked, Subject: r.dossier,
			Workflow: models.SolicitationID(r.dossier, r.search.number), Data: models.FactData{Ref: in.TrainerRef}})
	}
	r.decisionLine("trainer_assigned", r.dossier, in.By, models.Arg{Name: "trainer", Value: in.TrainerRef})
	return r.result()
}

func (r *request) checkRework(models.Qualify) error {
	if err := r.standing().Takes(models.VerbRework); err != nil {
		return err
	}
	return r.steady()
}

func (r *request) askRework(_ workflow.Context, in models.Qualify) models.CommandResult {
	r.scope, r.reworked = in.Scope, true
	r.rescope()
	r.decisionLine("request_reworked", r.dossier, in.By)
	return r.result()
}

func (r *request) checkDrop(in models.Decision) error {
	if err := r.standing().Takes(models.VerbDropTrainer); err != nil {
		return err
	}
	if in.Note == "" {
		return models.NewError(models.CodeReasonMissing, "a reason is needed")
	}
	return r.steady()
}

func (r *request) drop(_ workflow.Context, in models.Decision) models.CommandResult {
	r.left = &left{reason: "dropped_by_staff", by: by(in.By)}
	return r.result()
}

func (r *request) checkWaive(in models.Waive) error {
	switch {
	case in.Step != r.row.Stage:
		return models.NewError(models.CodeWrongStage, "the dossier does not stand at this step")
	case in.Note == "":
		return models.NewError(models.CodeReasonMissing, "a reason is needed")
	}
	if err := r.standing().Takes(models.VerbWaive); err != nil {
		return err
	}
	return r.steady()
}

// waive skips the step the dossier stands at; the journal keeps why.
func (r *request) waive(_ workflow.Context, in models.Waive) models.CommandResult {
	r.waivedStep = in.Step
	r.decisionLine("step_waived", r.dossier, in.By, models.Arg{Name: "stage", Value: string(in.Step)})
	return r.result()
}

func (r *request) checkReassign(in models.Reassign) error {
	if err := r.standing().Takes(models.VerbReassign); err != nil {
		return err
	}
	switch in.Owner {
	case "":
		return models.NewError(models.CodeInvalid, "say who looks after the dossier")
	case r.owner:
		return models.NewError(models.CodeConflict, "the dossier is theirs already")
	}
	return nil
}

// reassign hands the dossier to somebody else, who is alerted from now on: by it, and by what runs for it.
func (r *request) reassign(_ workflow.Context, in models.Reassign) models.CommandResult {
	r.scope.Owner = in.Owner
	r.rescope()
	r.decisionLine("owner_changed", r.dossier, in.By, models.Arg{Name: "owner", Value: in.Owner})
	var children []string
	if r.search != nil && !r.search.ended {
		children = append(children, models.SolicitationID(r.dossier, r.search.number))
	}
	for _, s := range r.sessions {
		if !s.ended {
			children = append(children, models.SessionID(r.dossier, s.session.Number))
		}
	}
	if r.row.Stage == models.StageDelivered {
		children = append(children, models.FollowUpID(r.dossier))
	}
	n := itoa(r.sentCount("owner_changed"))
	for _, id := range children {
		r.tell(models.Fact{ID: id + "/owner/" + n, Kind: models.FactOwnerChanged, Workflow: id, Subject: r.dossier, Data: models.FactData{Ref: in.Owner}})
	}
	return r.result()
}

// handedOn takes over the new owner of the dossier a process belongs to.
func (p *process) handedOn(f models.Fact) string {
	p.owner = f.Data.Ref
	return models.FactApplied
}
