package workflows

import (
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// request is one training request, from intake to closure. Its story is a loop over stages; whatever makes the story
// turn (the trainer leaves, the dossier ends) is a field that every wait looks at.
type request struct {
	*process
	in    models.RequestInput
	scope models.Scope
	row   models.Request

	ending     *ending // the dossier ends before its time
	left       *left   // the retained trainer leaves
	waivedStep models.Stage
	alerts     []models.Alert // that stand, the newest last

	search    *search
	runnersUp []models.Invitation // kept from the last search
	asked     []string            // trainers not to be asked again about this version
	chosen    *retained
	assigned  int // trainers assigned so far
	qualified bool
	reworked  bool

	audit      *models.Audit
	audits     int
	programme  *models.Programme
	programmes int
	approved   int // number of the approved programme
	decision   *models.Decision
	decided    models.Verb
	interview  *models.Verdict
	readiness  *models.Verdict
	contracts  []*models.Contract
	reminders  map[string][]string // queued reminders by contract, read by key only
	convention int                 // number of the programme within the client's signed document

	sessions []*planned
	settled  []string                     // pay lines transmitted
	paid     []string                     // pay lines paid
	followUp workflow.ChildWorkflowFuture // nil until there is something to follow up
}

// ending says how a dossier ends before its time.
type ending struct {
	stage  models.Stage
	reason string
	by     models.JournalLine
}

// left says why the retained trainer leaves.
type left struct {
	reason string
	by     models.JournalLine
}

// retained is the trainer of the mission.
type retained struct {
	trainer    string
	invitation string // empty when assigned
	offer      models.Offer
	engaged    bool  // the contract is signed
	shares     []int // half-days left to hold when retained, which a flat rate covers
}

// search is the running Solicitation.
type search struct {
	number int
	future workflow.ChildWorkflowFuture
	ended  bool
	failed bool // cancelled from outside: staff decide
}

// TrainingRequest runs one training request from its intake to its closure, cancellation or handing over.
func TrainingRequest(ctx workflow.Context, in models.RequestInput) error {
	r := &request{in: in, scope: in.Scope, reminders: map[string][]string{}}
	if err := r.setup(ctx); err != nil {
		return err
	}
	r.run(ctx)
	return r.finish(ctx)
}

func (r *request) setup(ctx workflow.Context) (err error) {
	if r.process, err = newProcess(ctx, r.in.Common, r.in.Ref, r.in.Scope.Owner, r.fact); err != nil {
		return err
	}
	r.subject = r.in.Ref
	r.elsewhere = r.followed
	r.interrupted = func() bool { return r.ending != nil || r.left != nil || r.reworked }
	r.foundBy = func(i *indexed) { i.stage, i.trainer, i.alert = string(r.row.Stage), r.row.TrainerRef, r.row.Alert }
	r.reached = func(result models.CommandResult) models.CommandResult {
		if result.Ref == r.dossier {
			return r.result()
		}
		return result
	}
	r.waived = func() bool { return r.waivedStep != "" && r.waivedStep == r.row.Stage }
	r.row = models.Request{Ref: r.in.Ref, Stage: models.StageQualification, Policy: r.common.Policy.Name,
		PolicyHash: r.common.Policy.Version, Topic: r.scope.Topic, Owner: r.scope.Owner, OpenedAt: r.now(ctx)}
	r.stage = models.French.StageName(r.row.Stage)
	// A command that came before the first task acts as soon as it is registered: what it tells comes after the arrival, which
	// makes no step by itself.
	r.journal(models.JournalLine{Kind: "request_opened", Subject: r.dossier, Actor: string(models.RoleClient), Channel: r.in.Channel,
		Recorder: r.in.Recorder})
	r.gathered = 0
	return r.commands(ctx)
}

func (r *request) run(ctx workflow.Context) {
	r.project()
	received := letter{Template: "request_received", To: models.RoleClient, Subject: r.dossier,
		Links: []models.Link{{Purpose: models.LinkCancel, Subject: r.dossier}}}
	if r.common.Policy.SearchStart == models.SearchOnCreation { // all others wait for their qualification first
		received.Args = models.Args{{Name: "searched", Value: "yes"}}
	}
	r.send(ctx, received)
	if limit := r.common.Policy.GroupAlert; limit > 0 && r.scope.GroupSize > limit { // F007
		r.raise(ctx, "group_size", r.dossier)
	}
	for !r.row.Stage.Ended() && r.failure == nil {
		r.stage = models.French.StageName(r.row.Stage)
		r.play(ctx)
		switch {
		case r.failure != nil:
		case ctx.Err() != nil && r.row.Stage != models.StageDelivered: // cancelled in the Temporal UI: the agency cancels, and everybody is told
			durable, _ := workflow.NewDisconnectedContext(ctx)
			if r.ending == nil {
				r.ending = &ending{stage: models.StageCancelled, reason: "by_agency", by: models.JournalLine{Actor: string(models.RoleStaff)}}
			}
			r.end(durable)
		case r.ending != nil:
			r.end(ctx)
		case r.reworked:
			r.rework(ctx)
		case r.left != nil:
			r.resume(ctx)
		default:
			r.enter(ctx, r.common.Policy.StageAfter(r.row.Stage))
		}
	}
}

// play runs the stage the dossier stands at, until it is done or the story turns.
func (r *request) play(ctx workflow.Context) {
	switch r.row.Stage {
	case models.StageQualification:
		r.playQualification(ctx)
	case models.StageSolicitation:
		r.playSolicitation(ctx)
	case models.StageAudit:
		r.playAudit(ctx)
	case models.StageProgramme:
		r.playProgramme(ctx)
	case models.StageInterview:
		r.playInterview(ctx)
	case models.StageContract:
		r.playContract(ctx)
	case models.StageReadiness:
		r.playReadiness(ctx)
	case models.StageSessions:
		r.playSessions(ctx)
	case models.StageDelivered:
		r.playDelivered(ctx)
	}
}

// enter is the only place where the stage changes.
func (r *request) enter(ctx workflow.Context, s models.Stage) {
	if r.waivedStep == r.row.Stage {
		r.waivedStep = ""
	}
	r.row.Stage = s
	r.alerts = slices.DeleteFunc(r.alerts, func(a models.Alert) bool {
		return a.Subject == r.dossier || a.Alert == models.AlertUndeliverable // nothing of this stage is awaited any more
	})
	if s == models.StageDelivered {
		r.row.DeliveredAt = r.now(ctx)
	}
	if s.Ended() {
		r.row.EndedAt = r.now(ctx)
		r.alerts = nil
		if r.row.Outcome == "" {
			r.row.Outcome = string(s)
		}
	}
	r.stage = models.French.StageName(s)
	r.project()
	r.journal(models.JournalLine{Kind: "stage_entered", Subject: r.dossier, Actor: string(models.RoleSystem),
		Args: models.Args{{Name: "stage", Value: string(s)}}})
}

// project records the dossier's row as it is now.
func (r *request) project() {
	r.row.Alert, r.row.AlertAt = "", time.Time{}
	if n := len(r.alerts); n > 0 {
		r.row.Alert, r.row.AlertAt = r.alerts[n-1].Alert, r.alerts[n-1].Since
	}
	r.hush(func(a alarm) bool {
		return !slices.ContainsFunc(r.alerts, func(x models.Alert) bool { return x.Alert == a.alert && x.Subject == a.subject })
	})
	row, alerts := r.row, slices.Clone(r.alerts)
	r.record(func(s *models.Step) { s.Rows.Request, s.Rows.Alerts = &row, alerts })
}

// raise shows an alert on the dossier and tells staff.
func (r *request) raise(ctx workflow.Context, alert, subject string) {
	r.alertStaff(ctx, alert, subject)
	r.mark(alert, subject, r.now(ctx))
}

// mark shows an alert above the others; one raised again counts from the first time.
func (r *request) mark(alert, subject string, since time.Time) {
	shown := models.Alert{Alert: alert, Subject: subject, Since: since}
	r.alerts = slices.DeleteFunc(r.alerts, func(a models.Alert) bool {
		again := a.Alert == alert && a.Subject == subject
		if again {
			shown.Since = a.Since
		}
		return again
	})
	r.alerts = append(r.alerts, shown)
	r.project()
}

// clear takes back the alerts about a subject.
func (r *request) clear(subject string) {
	r.clearWhere(func(a models.Alert) bool { return a.Subject == subject })
}

// cleared takes back what a fact says is settled: the alert that it names, or all about its subject where it names none, as
// a session's does, whose alerts are steps of one story.
func (r *request) cleared(f models.Fact) {
	others := slices.ContainsFunc(r.alerts, func(a models.Alert) bool { return a.Subject == f.Subject && a.Alert != f.Data.Reason })
	if f.Data.Reason == "" || !others || !passes(r.durable, gateOneAlert) {
		r.clear(f.Subject)
		return
	}
	r.clearWhere(func(a models.Alert) bool { return a.Subject == f.Subject && a.Alert == f.Data.Reason })
}

func (r *request) clearWhere(over func(models.Alert) bool) {
	n := len(r.alerts)
	r.alerts = slices.DeleteFunc(r.alerts, over)
	if len(r.alerts) != n {
		r.project()
	}
}

// raiser is raise for one subject, as waits want it.
func (r *request) raiser(ctx workflow.Context, subject string) func(string) {
	return func(alert string) { r.raise(ctx, alert, subject) }
}

// playQualification waits until the needs are known, unless the policy starts the search on creation (F003, F004).
func (r *request) playQualification(ctx workflow.Context) {
	if r.common.Policy.SearchStart == models.SearchOnCreation {
		return
	}
	r.awaitStaff(ctx, wait{Subject: r.dossier}, "qualification_overdue", r.raiser(ctx, r.dossier),
		func() bool { return r.qualified || r.chosen != nil })
}

// playSolicitation has a trainer found: the search decides by its own deadlines, the request waits for its choice.
func (r *request) playSolicitation(ctx workflow.Context) {
	turned := func() bool { return r.chosen != nil || r.interrupted() || r.failure != nil || ctx.Err() != nil }
	for !turned() {
		if r.search == nil || r.search.ended {
			r.startSearch(ctx)
		}
		s := r.search // one that was ending when the trainer left chooses nobody: another follows it
		_ = r.await(ctx, func() bool { return turned() || s.ended && !s.failed })
	}
	if r.chosen != nil {
		r.clear(models.SolicitationID(r.dossier, r.row.Solicitation))
	}
}

// startSearch starts a Solicitation; trainers asked about this version of the request are not asked again.
func (r *request) startSearch(ctx workflow.Context) {
	r.row.Solicitation++
	r.project()
	in := models.SolicitationInput{Common: r.common, Dossier: r.dossier, Number: r.row.Solicitation, Scope: r.scope,
		Asked: r.asked, RunnersUp: r.runnersUp}
	r.runnersUp = nil
	id := models.SolicitationID(r.dossier, r.row.Solicitation)
	childCtx := workflow.WithChildOptions(ctx,
		child(id, "Recherche d'un formateur · "+r.dossier, enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL))
	s := &search{number: r.row.Solicitation}
	s.future = workflow.ExecuteChildWorkflow(childCtx, models.SolicitationType, spelled[any](ctx, in))
	r.search = s
	r.when(s.future.IsReady, func(ctx workflow.Context) {
		var result models.SolicitationResult
		err := s.future.Get(ctx, &result)
		if err == nil {
			r.runnersUp = append(r.runnersUp, result.RunnersUp...)
			for _, t := range result.Asked {
				if !slices.Contains(r.asked, t) {
					r.asked = append(r.asked, t)
				}
			}
		}
		s.ended, s.failed = true, err != nil
	})
}

// endSearch has the running search give up or succeed, and waits for it, so that its runners-up are known.
func (r *request) endSearch(ctx workflow.Context, kind models.FactKind) {
	if r.search == nil || r.search.ended {
		return
	}
	s := r.search
	r.tell(models.Fact{ID: r.dossier + "/" + string(kind) + "/" + itoa(s.number), Kind: kind, Subject: r.dossier,
		Workflow: models.SolicitationID(r.dossier, s.number)})
	durable, _ := workflow.NewDisconnectedContext(ctx)
	_ = r.await(durable, func() bool { return s.ended })
}

// resume goes back to the search after the trainer left: what was promised is undone, the runner-up comes first.
func (r *request) resume(ctx workflow.Context) {
	gone, why := r.chosen, *r.left
	line := why.by
	line.Kind, line.Subject = "trainer_left", r.dossier
	line.Args = append(line.Args, models.Arg{Name: "reason", Value: why.reason})
	r.journal(line)
	if gone != nil {
		r.undo(ctx, why.reason)
		if !slices.Contains(r.asked, gone.trainer) {
			r.asked = append(r.asked, gone.trainer)
		}
		r.runnersUp = slices.DeleteFunc(r.runnersUp, func(i models.Invitation) bool { return i.TrainerRef == gone.trainer })
	}
	if r.search != nil && !r.search.ended {
		r.tell(models.Fact{ID: r.dossier + "/dropped/" + itoa(r.sentCount("dropped")), Kind: models.FactTrainerDropped,
			Subject: r.dossier, Workflow: models.SolicitationID(r.dossier, r.search.number), Data: models.FactData{Reason: why.reason}})
	}
	changed := letter{Template: "trainer_changed_client", To: models.RoleClient, Subject: r.dossier}
	if r.row.Solicitation > 0 { // one assigned without a search leaves nobody to begin with
		changed.Args = models.Args{{Name: "searched", Value: "yes"}}
	}
	r.send(ctx, changed)
	r.left = nil
	r.enter(ctx, models.StageSolicitation)
	if why.reason == "trainer_withdrew" && passes(ctx, gateWithdrawal) {
		r.raise(ctx, "trainer_withdrew", r.dossier) // of this stage: it goes with it
	}
}

// undo takes back, step by step, what was promised to the trainer who leaves.
func (r *request) undo(ctx workflow.Context, reason string) {
	gone := r.chosen
	r.undoSessions()
	r.undoContracts(ctx, func(c *models.Contract) bool {
		return c.Signer == models.RoleTrainer && c.Status != models.ContractDeclined
	})
	r.undoProgramme()
	r.undoAudit(ctx)
	r.send(ctx, letter{Template: "mission_ended", To: models.RoleTrainer, ToRef: gone.trainer, Subject: r.dossier,
		Args: models.Args{{Name: "reason", Value: reason}}})
	r.chosen, r.interview, r.readiness, r.decision = nil, nil, nil, nil
	r.row.TrainerRef, r.row.RateCents, r.row.RateUnit = "", 0, ""
	r.alerts = nil
	r.project()
}

// rework starts again with a new version of the request: everybody may be asked again (F074).
func (r *request) rework(ctx workflow.Context) {
	if r.chosen != nil {
		r.undo(ctx, "request_reworked")
	}
	r.undoContracts(ctx, func(*models.Contract) bool { return true }) // the client's, about the version before
	r.endSearch(ctx, models.FactSearchReworked)
	r.asked, r.runnersUp = nil, nil
	r.reworked = false
	r.alerts = nil
	r.enter(ctx, models.StageSolicitation)
}

// end closes a dossier before its time: everyone concerned is told, what was promised is undone.
func (r *request) end(ctx workflow.Context) {
	e := r.ending
	line := e.by
	line.Kind, line.Subject = "request_"+string(e.stage), r.dossier
	line.Args = append(line.Args, models.Arg{Name: "reason", Value: e.reason})
	r.journal(line)
	if e.by.Actor == string(models.RoleClient) && (e.by.Recorder == "" || e.by.Recorder != r.owner) {
		// A mail and no alert: there is nothing left to decide, and an alert goes when the dossier ends.
		r.send(ctx, letter{Template: "staff_request_cancelled", To: models.RoleStaff, ToRef: r.owner, Subject: r.dossier,
			Args: models.Args{{Name: "note", Value: e.by.Note}}})
	}
	r.endSearch(ctx, models.FactSearchReworked)
	r.undoSessions()
	r.undoContracts(ctx, func(*models.Contract) bool { return true })
	r.undoProgramme()
	r.undoAudit(ctx)
	if r.chosen != nil {
		r.send(ctx, letter{Template: "mission_cancelled", To: models.RoleTrainer, ToRef: r.chosen.trainer, Subject: r.dossier})
	}
	template := "request_cancelled_client"
	if e.stage == models.StageHandedOver {
		template = "request_handed_over_client"
	}
	r.send(ctx, letter{Template: template, To: models.RoleClient, Subject: r.dossier})
	r.awaitSessions(ctx)
	if r.held() > 0 { // what was given is billed and certified all the same
		r.conclude(ctx)
	}
	r.row.Outcome = e.reason
	r.enter(ctx, e.stage)
}

// fact takes in what happened to the dossier.
func (r *request) fact(f models.Fact) string {
	switch f.Kind {
	case models.FactTrainerChosen:
		return r.trainerChosen(f)
	case models.FactSlotsOffered, models.FactSlotChosen, models.FactSlotsRefused, models.FactAuditReported:
		return r.auditFact(f)
	case models.FactProgrammeSubmitted:
		return r.programmeSubmitted(f)
	case models.FactContractSigned, models.FactContractDeclined:
		return r.contractFact(f)
	case models.FactTrainerWithdrew:
		return r.trainerWithdrew(f)
	case models.FactClientCancelled:
		return r.clientCancelled(f)
	case models.FactLinesSettled, models.FactInvoicePaid, models.FactInvoiceUnpaid, models.FactLinesCancelled:
		return r.moneyFact(f)
	case models.FactAlertRaised:
		r.mark(f.Data.Reason, f.Subject, f.ReceivedAt)
		return models.FactApplied
	case models.FactAlertCleared:
		r.cleared(f)
		return models.FactApplied
	case models.FactUndeliverable:
		r.mark(models.AlertUndeliverable, f.Data.Ref, f.ReceivedAt)
		r.journal(models.JournalLine{Kind: "message_undeliverable", Subject: f.Data.Ref, Actor: string(models.RoleSystem)})
		return models.FactApplied
	}
	return models.FactLate // addressed to something of this dossier that is over
}

// trainerChosen takes the search's choice.
func (r *request) trainerChosen(f models.Fact) string {
	if r.chosen != nil || r.row.Stage != models.StageSolicitation || r.interrupted() {
		return models.FactIgnored
	}
	r.retain(f.Data.Ref, f.Subject, models.Offer{Cents: f.Data.RateCents, Unit: f.Data.RateUnit})
	return models.FactApplied
}

func (r *request) retain(trainer, invitation string, offer models.Offer) {
	r.chosen = &retained{trainer: trainer, invitation: invitation, offer: offer, shares: r.freeShares(r.scope.Order.HalfDays)}
	r.row.TrainerRef, r.row.RateCents, r.row.RateUnit = trainer, offer.Cents, offer.Unit
	r.project()
}

// withdrawal is the link by which the retained trainer leaves. Somebody assigned again gets a new one: the first may be used.
func (r *request) withdrawal() models.Link {
	l := models.Link{Purpose: models.LinkWithdraw, Subject: r.chosen.invitation}
	if l.Subject == "" {
		l.Subject, l.Generation = models.AssignmentRef(r.dossier, r.chosen.trainer), r.assigned
	}
	return l
}

// trainerWithdrew makes the story turn when the retained trainer leaves before the course is delivered.
func (r *request) trainerWithdrew(f models.Fact) string {
	if r.chosen == nil || r.left != nil || r.row.Stage == models.StageDelivered || f.Actor != r.chosen.trainer {
		return models.FactIgnored
	}
	r.left = &left{reason: "trainer_withdrew", by: models.JournalLine{Actor: f.Actor, Channel: f.Channel, Recorder: f.Recorder,
		Note: f.Data.Note, At: f.ReceivedAt}}
	return models.FactApplied
}

// clientCancelled ends the dossier; what is delivered is delivered.
func (r *request) clientCancelled(f models.Fact) string {
	if r.ending != nil || r.row.Stage == models.StageDelivered {
		return models.FactIgnored
	}
	r.ending = &ending{stage: models.StageCancelled, reason: "by_client", by: models.JournalLine{Actor: string(models.RoleClient),
		Channel: f.Channel, Recorder: f.Recorder, Note: f.Data.Note, At: f.ReceivedAt}}
	return models.FactApplied
}
