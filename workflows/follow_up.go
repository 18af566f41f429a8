package workflows

import (
	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// How long answers to an evaluation are awaited: practice, not statute (rules section 10).
var (
	hotAnswer  = models.MustDelay("7d")
	coldAnswer = models.MustDelay("30d")
)

// followUp sends certificates and evaluations after the course; it outlives the dossier.
type followUp struct {
	*process
	in      models.FollowUpInput
	stopped bool
}

// FollowUp has certificates and hot evaluations leave by themselves, reminds those who did not answer, and sends the
// cold evaluation when the policy says (F140 to F143).
func FollowUp(ctx workflow.Context, in models.FollowUpInput) error {
	f := &followUp{in: in}
	if err := f.setup(ctx); err != nil {
		return err
	}
	f.run(ctx)
	return f.finish(ctx)
}

func (f *followUp) setup(ctx workflow.Context) (err error) {
	if f.process, err = newProcess(ctx, f.in.Common, f.in.Dossier, f.in.Owner, f.fact); err != nil {
		return err
	}
	f.subject, f.stage = f.in.Dossier, "Suivi "+f.in.Dossier
	f.interrupted = func() bool { return f.stopped }
	return command(ctx, f.process, models.VerbGiveUp, f.checkGiveUp, f.giveUp)
}

func (f *followUp) run(ctx workflow.Context) {
	var attended []string
	issued := f.insist(ctx, f.dossier, func() (err error) {
		attended, err = f.issueCertificates(ctx, models.CertificateInput{Dossier: f.dossier, At: f.now(ctx)})
		return err
	})
	if !issued {
		return
	}
	for _, p := range attended {
		f.send(ctx, letter{Template: "certificate", To: models.RoleParticipant, ToRef: p, Subject: f.dossier,
			Attach: []string{string(models.DocumentCertificate) + ":" + f.dossier + "|" + p}})
	}
	f.journal(models.JournalLine{Kind: "certificates_sent", Subject: f.dossier, Actor: string(models.RoleSystem),
		Args: models.Args{{Name: "participants", Value: itoa(len(attended))}}})
	if f.common.Policy.HotEvaluation != models.Off {
		f.survey(ctx, models.EvaluationHot, "hot_evaluation", models.LinkHot, attended)
		if f.until(ctx, wait{Kind: models.DeadlineHot, Subject: f.dossier, Delay: hotAnswer}, never) {
			if reading, err := f.readEvaluations(ctx, models.EvaluationQuery{Dossier: f.dossier, Kind: models.EvaluationHot}); err == nil {
				f.remind(ctx, among(attended, reading.Missing))
			}
		}
	}
	if f.stopped || f.common.Policy.ColdEvaluation.IsOff() {
		return
	}
	cold := f.cal.Add(f.in.CourseEnd, f.common.Policy.ColdEvaluation)
	if !f.until(ctx, wait{Kind: models.DeadlineCold, Subject: f.dossier, Due: models.Latest(cold, f.now(ctx))}, never) {
		return
	}
	f.survey(ctx, models.EvaluationCold, "cold_evaluation", models.LinkCold, attended)
	f.until(ctx, wait{Kind: models.DeadlineColdAnswer, Subject: f.dossier, Delay: coldAnswer}, never)
}

// survey asks participants to evaluate the course.
func (f *followUp) survey(ctx workflow.Context, kind, template string, purpose models.Purpose, to []string) {
	f.ask(ctx, template, purpose, to)
	f.evaluationLine("evaluation_asked", kind, to)
}

// remind asks again those who did not answer the hot evaluation.
func (f *followUp) remind(ctx workflow.Context, missing []string) {
	f.ask(ctx, "hot_reminder", models.LinkHot, missing)
	if len(missing) == 0 {
		f.evaluationLine("evaluation_answered", models.EvaluationHot, nil)
		return
	}
	f.evaluationLine("evaluation_reminded", models.EvaluationHot, missing)
}

func (f *followUp) ask(ctx workflow.Context, template string, purpose models.Purpose, to []string) {
	for _, p := range to {
		f.send(ctx, letter{Template: template, To: models.RoleParticipant, ToRef: p, Subject: f.dossier,
			Links: []models.Link{{Purpose: purpose, Subject: f.dossier + "|" + p}}})
	}
}

func (f *followUp) evaluationLine(line, evaluation string, to []string) {
	f.journal(models.JournalLine{Kind: line, Subject: f.dossier, Actor: string(models.RoleSystem),
		Args: models.Args{{Name: "evaluation", Value: evaluation}, {Name: "participants", Value: itoa(len(to))}}})
}

// fact shows on the dossier that a certificate or a questionnaire reached nobody; answers are rows.
func (f *followUp) fact(x models.Fact) string {
	switch x.Kind {
	case models.FactOwnerChanged:
		return f.handedOn(x)
	case models.FactUndeliverable:
	default:
		return models.FactIgnored
	}
	f.tellAlert(models.AlertUndeliverable)
	f.journal(models.JournalLine{Kind: "message_undeliverable", Subject: x.Data.Ref, Actor: string(models.RoleSystem)})
	return models.FactApplied
}

func (f *followUp) checkGiveUp(in models.Decision) error {
	if in.Note == "" {
		return models.NewError(models.CodeReasonMissing, "a reason is needed")
	}
	return nil
}

func (f *followUp) giveUp(_ workflow.Context, in models.Decision) models.CommandResult {
	f.stopped = true
	f.decisionLine("follow_up_given_up", f.dossier, in.By)
	return models.CommandResult{Ref: f.dossier, Status: "given_up"}
}

// among keeps what is in both lists, in the order of the first.
func among(list, wanted []string) []string {
	var out []string
	for _, x := range list {
		for _, w := range wanted {
			if x == w {
				out = append(out, x)
			}
		}
	}
	return out
}
