package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"jalon/models"
	"jalon/store"
)

// Why is the reason of a decision, in words. It is kept apart: processes carry its reference.
type Why struct {
	Reason string `json:"reason,omitempty" maxLength:"4000" doc:"Why, in words"`
	Note   string `json:"note,omitempty" maxLength:"4000" doc:"The same as reason"`
}

func (w Why) words() string {
	if text := strings.TrimSpace(w.Reason); text != "" {
		return text
	}
	return strings.TrimSpace(w.Note)
}

// DecisionInput decides without particulars.
type DecisionInput struct{ Why }

// CancelInput cancels a request.
type CancelInput struct {
	Why
	Cause string `json:"cause,omitempty" enum:"by_client,by_agency" default:"by_agency" doc:"Whose wish it is"`
}

// QualifyInput is what staff learnt since; what is absent stays as it is.
type QualifyInput struct {
	Why
	Topic       *string       `json:"topic,omitempty" maxLength:"64" doc:"A topic of the catalogue"`
	Title       *string       `json:"title,omitempty" minLength:"1" maxLength:"200" doc:"What the mission is called"`
	Needs       *string       `json:"needs,omitempty" maxLength:"10000" doc:"Free text"`
	Mode        *models.Mode  `json:"mode,omitempty" enum:"at_client,in_centre,remote,mixed" doc:"Where it is held; all but remote need an address (F006)"`
	Address     *string       `json:"address,omitempty" maxLength:"500" doc:"Of the course"`
	Department  *string       `json:"department,omitempty" pattern:"^([0-9][0-9AB][0-9]?)?$" doc:"French department of the course"`
	GroupSize   *int          `json:"group_size,omitempty" minimum:"1" maximum:"1000" doc:"Trainees"`
	Level       *string       `json:"level,omitempty" enum:"beginner,intermediate,expert" doc:"Of the trainees (F010)"`
	Funding     *string       `json:"funding,omitempty" enum:"employer,skills_operator,cpf,employment_service,self_paid_monthly,volunteer_credit,other" doc:"Who pays in the end (F009)"`
	BudgetCents *models.Cents `json:"budget_cents,omitempty" minimum:"0" maximum:"100000000000" doc:"Excluding tax; 0: not known (F008)"`
	WantedFrom  *models.Date  `json:"wanted_from,omitempty" format:"date" doc:"First day that suits the client"`
	Urgent      *bool         `json:"urgent,omitempty" doc:"Trainers have less time to answer"`
	Order       *OrderInput   `json:"order,omitempty" doc:"What the client buys"`
	Owner       *string       `json:"owner,omitempty" maxLength:"32" doc:"User who looks after the dossier"`
}

// AssignInput names a known trainer, without a search.
type AssignInput struct {
	Why
	TrainerRef string       `json:"trainer_ref" minLength:"1" maxLength:"32" doc:"Who is retained"`
	RateCents  models.Cents `json:"rate_cents" minimum:"1" maximum:"100000000" doc:"Agreed, per unit"`
	RateUnit   models.Unit  `json:"rate_unit" enum:"hour,half_day,day,flat" doc:"What the rate is for"`
}

// WaiveInput names the step to skip, the one the dossier stands at.
type WaiveInput struct {
	Why
	Step models.Stage `json:"step" enum:"audit,programme,interview,readiness" doc:"The stage the dossier stands at"`
}

// VerdictInput is a yes or a no.
type VerdictInput struct {
	Why
	Passed bool `json:"passed" doc:"Yes or no"`
}

// ReissueInput names the document to replace.
type ReissueInput struct {
	Why
	Contract string `json:"contract,omitempty" maxLength:"80" doc:"Reference, or else number"`
	Number   int    `json:"number,omitempty" minimum:"0" doc:"In the dossier"`
}

// SessionPlan is one session to plan.
type SessionPlan struct {
	HalfDays []models.HalfDay `json:"half_days" minItems:"1" maxItems:"20" doc:"In order, without overlap"`
	Place    string           `json:"place,omitempty" maxLength:"1000" doc:"Place or video room, in words; needed if the course is remote"`
}

// PlanInput plans sessions, in the order given (F108).
type PlanInput struct {
	Why
	Sessions []SessionPlan `json:"sessions" minItems:"1" maxItems:"200" doc:"In order"`
}

// RescheduleInput moves a session.
type RescheduleInput struct {
	Why
	HalfDays []models.HalfDay `json:"half_days" minItems:"1" maxItems:"20" doc:"Those it is held at from now on, in order, without overlap"`
	Place    string           `json:"place,omitempty" maxLength:"1000" doc:"The new place or video room, in words; as it was if absent"`
}

// order is a command ready to go: its process, and its particulars once it is known who decides.
type order struct {
	workflow string
	command  func(by models.By) any
	// behind, if set, tells whether the process refuses what the database allows: others write there what it hears of later.
	behind func(refusal models.Code) bool
}

// A process that is behind, or whose task failed, gets the command again, in real time, until it has heard.
const (
	behindWithin = 2 * time.Second
	behindEvery  = 50 * time.Millisecond
)

// decide keeps the reason, sends the command to its process and waits for its outcome. Refusals of the process come
// back with their code; temporarily_unavailable when it does not answer in time (a repeat with the same key is safe).
func (s *Server) decide(ctx context.Context, verb models.Verb, dossier, why string, o order) (*itemOutput[models.CommandResult], error) {
	call := callFrom(ctx)
	by := call.by()
	var err error
	if by.Note, err = s.note(ctx, dossier, call.Ref, why); err != nil {
		return nil, err
	}
	id := digest(call.Ref, string(verb), o.workflow, call.key)
	if err := s.store.SendIdempotent(ctx, call.key, o.workflow, id); err != nil {
		return nil, err
	}
	call.sent = true
	command := o.command(by)
	out, err := insist(ctx, o.behind, func() (models.CommandResult, error) { return s.update(ctx, o.workflow, verb, id, command) })
	if err == nil { // who decides has read what called for it
		s.alertRead(ctx, store.AlertsOf{Workflow: o.workflow}, call.Ref)
	}
	return item(out, err)
}

// insist gives a command, and gives it again while its process is behind.
func insist(ctx context.Context, behind func(models.Code) bool, give func() (models.CommandResult, error)) (models.CommandResult, error) {
	out, err := give()
	refused := func() bool { return err != nil && behind != nil && behind(codeOf(err)) }
	if refused() {
		poll(ctx, behindWithin, behindEvery, func(context.Context) bool {
			out, err = give()
			return !refused()
		})
	}
	return out, err
}

// update gives a command to a process and waits for its outcome, for as long as the server's Timeout (real time). Where a
// task of the process fails meanwhile, Temporal drops the update and tries the task again: the update is sent again, with
// the same ID.
func (s *Server) update(ctx context.Context, workflow string, verb models.Verb, id string, command any) (models.CommandResult, error) {
	var (
		result models.CommandResult
		err    error
	)
	poll(ctx, s.cfg.Timeout, behindEvery, func(ctx context.Context) bool {
		var handle client.WorkflowUpdateHandle
		handle, err = s.cfg.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{WorkflowID: workflow, UpdateID: id,
			UpdateName: string(verb), Args: []any{command}, WaitForStage: client.WorkflowUpdateStageCompleted})
		if err == nil {
			err = handle.Get(ctx, &result)
		}
		failed := (*serviceerror.WorkflowNotReady)(nil)
		return !errors.As(err, &failed)
	})
	if missing := (*serviceerror.NotFound)(nil); errors.As(err, &missing) {
		return result, s.away(ctx, workflow)
	}
	return result, err
}

// taken is what became of a command that was sent and not answered; false: its process never took it.
func (s *Server) taken(ctx context.Context, workflow, id string) (result models.CommandResult, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	err = s.cfg.Temporal.GetWorkflowUpdateHandle(client.GetWorkflowUpdateHandleOptions{WorkflowID: workflow, UpdateID: id}).Get(ctx, &result)
	if missing := (*serviceerror.NotFound)(nil); errors.As(err, &missing) || endedFirst(err) {
		return result, false, nil
	}
	return result, true, err
}

// away says why a process that should run does not answer: it ended, its last step not being seen here yet, or the
// relay has still to start it.
func (s *Server) away(ctx context.Context, workflow string) error {
	d, err := s.cfg.Temporal.DescribeWorkflow(ctx, workflow, "")
	if err == nil && d.Status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return refuse(models.CodeFinished)
	}
	return refuse(models.CodeUnavailable)
}

type reasoned interface{ words() string }

// requestInput is a command of a dossier.
type requestInput[B any] struct {
	Ref  string `path:"ref" maxLength:"32" doc:"The dossier, D-2026-000123"`
	Body B
}

// requestCommand registers POST /requests/{ref}/verb. prepare checks what the database can tell.
func requestCommand[B reasoned](s *Server, verb models.Verb, rule Rule, summary string,
	prepare func(ctx context.Context, r models.Request, b models.Brief, in B) (order, error)) {
	name := strings.ReplaceAll(string(verb), "_", "-")
	add(s, operation{method: "POST", path: "/requests/{ref}/" + name, id: name, tag: "commands", rule: rule, keyed: true, summary: summary},
		func(ctx context.Context, in *requestInput[B]) (*itemOutput[models.CommandResult], error) {
			b, r, err := s.running(ctx, in.Ref)
			if err != nil {
				return nil, err
			}
			o, err := prepare(ctx, r, b, in.Body)
			if err != nil {
				return nil, err
			}
			return s.decide(ctx, verb, in.Ref, in.Body.words(), o)
		})
}

func toRequest(r models.Request, command func(by models.By) any) (order, error) {
	return order{workflow: models.RequestID(r.Ref), command: command}, nil
}

func (s *Server) registerCommands() {
	decision := func(verb models.Verb, rule Rule, summary string) {
		requestCommand(s, verb, rule, summary, func(_ context.Context, r models.Request, _ models.Brief, in DecisionInput) (order, error) {
			return toRequest(r, func(by models.By) any { return models.Decision{By: by} })
		})
	}
	verdict := func(verb models.Verb, rule Rule, summary string) {
		requestCommand(s, verb, rule, summary, func(_ context.Context, r models.Request, _ models.Brief, in VerdictInput) (order, error) {
			return toRequest(r, func(by models.By) any { return models.Verdict{By: by, Passed: in.Passed} })
		})
	}
	decision(models.VerbHandOver, Staff, "Out of scope: the client is passed on (F013)")
	decision(models.VerbDropTrainer, Staff, "The retained trainer leaves; the runner-up comes first")
	decision(models.VerbApproveProgramme, Pedagogy, "Approve the programme")
	decision(models.VerbReturnProgramme, Pedagogy, "Send the programme back, saying why")
	verdict(models.VerbRecordInterview, Pedagogy, "Record the interview (F084)")
	verdict(models.VerbConfirmReadiness, Pedagogy, "The last check of the paperwork (F085)")
	requestCommand(s, models.VerbCancel, Staff, "Cancel: what was promised is undone",
		func(_ context.Context, r models.Request, _ models.Brief, in CancelInput) (order, error) {
			return toRequest(r, func(by models.By) any { return models.Decision{By: by, Reason: in.Cause} })
		})
	requestCommand(s, models.VerbWaive, Pedagogy, "Skip the step the dossier stands at, saying why",
		func(ctx context.Context, r models.Request, b models.Brief, in WaiveInput) (order, error) {
			if in.Step == models.StageProgramme {
				versions, err := s.store.Programmes(ctx, r.Ref)
				if err == nil {
					err = models.CheckWithoutProgramme(b, versions)
				}
				if err != nil {
					return order{}, err
				}
			}
			return toRequest(r, func(by models.By) any { return models.Waive{By: by, Step: in.Step} })
		})
	requestCommand(s, models.VerbAssign, Staff, "Retain a known trainer, without a search",
		func(ctx context.Context, r models.Request, _ models.Brief, in AssignInput) (order, error) {
			if err := s.knownTrainer(ctx, in.TrainerRef, "body.trainer_ref"); err != nil {
				return order{}, err
			}
			return toRequest(r, func(by models.By) any {
				return models.Assign{By: by, TrainerRef: in.TrainerRef, RateCents: in.RateCents, RateUnit: in.RateUnit}
			})
		})
	requestCommand(s, models.VerbReissueContract, Staff, "A new version of a declined or expired document",
		func(ctx context.Context, r models.Request, _ models.Brief, in ReissueInput) (order, error) {
			ref := in.Contract
			if ref == "" {
				ref = models.ContractRef(r.Ref, in.Number)
			}
			if c, err := s.store.Contract(ctx, ref); err != nil || c.Dossier != r.Ref {
				return order{}, firstError(err, refuse(models.CodeUnknown))
			}
			return toRequest(r, func(by models.By) any { return models.Reissue{By: by, Contract: ref} })
		})
	requestCommand(s, models.VerbPlanSessions, Staff, "Plan sessions, before they take place (F108)",
		func(ctx context.Context, r models.Request, b models.Brief, in PlanInput) (order, error) {
			if len(r.TrainerRef) == 0 {
				return order{}, refuse(models.CodeNoTrainer)
			}
			planned, err := s.store.Sessions(ctx, r.Ref)
			if err != nil {
				return order{}, err
			}
			plan := models.PlanSessions{}
			for _, p := range planned {
				if p.Counts() {
					plan.Hours = append(plan.Hours, models.SessionHours{Number: p.Number, HalfDays: p.HalfDays})
				}
			}
			for _, p := range in.Sessions {
				plan.Sessions = append(plan.Sessions, models.PlannedSession{HalfDays: inUTC(p.HalfDays)})
			}
			// Beside what is planned already its process knows: a repeat of a plan that was taken would overlap itself here.
			if at, err := models.CheckPlan(plan.Sessions, nil, s.now()); err != nil {
				return order{}, misplaced("body.sessions"+at, err)
			}
			for i, p := range in.Sessions {
				if err := models.CheckPlace(b.Mode, models.Trimmed(p.Place)); err != nil {
					return order{}, misplaced(fmt.Sprintf("body.sessions[%d].place", i), err)
				}
			}
			for i, p := range in.Sessions {
				if plan.Sessions[i].PlaceRef, err = s.note(ctx, r.Ref, callFrom(ctx).Ref, models.Trimmed(p.Place)); err != nil {
					return order{}, err
				}
			}
			o, err := toRequest(r, func(by models.By) any { plan.By = by; return plan })
			o.behind = func(refusal models.Code) bool { // of one that was cancelled its process hears once the session's has ended
				return refusal == models.CodeOverPlanned && b.Order.Unplanned(planned) >= plan.HalfDays()
			}
			return o, err
		})
	s.registerSolicitation()
	s.qualification(models.VerbQualify, "The needs are known: the search may start (F004)")
	s.qualification(models.VerbRework, "A new version of the request, a new search (F074)")

	add(s, operation{method: "POST", path: "/requests/{ref}/give-up-follow-up", id: "give-up-follow-up", tag: "commands", rule: Staff,
		keyed: true, summary: "Stop waiting for evaluations"},
		func(ctx context.Context, in *requestInput[DecisionInput]) (*itemOutput[models.CommandResult], error) {
			_, r, err := s.dossier(ctx, in.Ref)
			if err != nil {
				return nil, err
			}
			if err := (models.Standing{Stage: r.Stage, Held: r.HalfDaysHeld > 0}).Takes(models.VerbGiveUp); err != nil {
				return nil, err // nothing is followed up yet, or ever
			}
			return s.decide(ctx, models.VerbGiveUp, in.Ref, in.Body.words(), order{workflow: models.FollowUpID(in.Ref),
				command: func(by models.By) any { return models.Decision{By: by} }})
		})
}

// qualification registers a command that changes the brief first, and puts it back when the process refuses.
func (s *Server) qualification(verb models.Verb, summary string) {
	name := string(verb)
	add(s, operation{method: "POST", path: "/requests/{ref}/" + name, id: name, tag: "commands", rule: Staff, keyed: true, summary: summary},
		func(ctx context.Context, in *requestInput[QualifyInput]) (*itemOutput[models.CommandResult], error) {
			before, r, err := s.running(ctx, in.Ref)
			if err != nil {
				return nil, err
			}
			if err := (models.Standing{Stage: r.Stage}).Takes(verb); err != nil {
				return nil, err
			}
			brief := before
			if err := s.apply(ctx, &brief, in.Body.needs(before)); err != nil {
				return nil, err
			}
			return s.rebrief(ctx, verb, before, brief, in.Body.words(),
				func(by models.By) any { return models.Qualify{By: by, Scope: brief.Scope()} })
		})
}

// rebrief changes the brief, then sends the command that says so; what the process refuses is put back.
func (s *Server) rebrief(ctx context.Context, verb models.Verb, before, after models.Brief, why string, command func(models.By) any) (*itemOutput[models.CommandResult], error) {
	// Two who change it at once: one of them is refused, so that what is put back is never the other's.
	if err := s.store.ReplaceBrief(ctx, before, after); err != nil {
		return nil, err
	}
	out, err := s.decide(ctx, verb, after.Ref, why, order{workflow: models.RequestID(after.Ref), command: command})
	if err != nil && codeOf(err) != models.CodeUnavailable {
		// Without an answer the change stays: the process may have taken it, and a repeat settles it.
		err = firstError(s.store.ReplaceBrief(context.WithoutCancel(ctx), after, before), err)
	}
	return out, err
}

// needs are those of a brief with what changed.
func (in QualifyInput) needs(b models.Brief) Needs {
	o := OrderInput{HalfDays: b.Order.HalfDays, Unit: b.Order.Unit, Quantity: b.Order.Quantity,
		UnitPriceCents: b.Order.UnitPriceCents, VATBps: b.Order.VATBps}
	return Needs{Topic: or(in.Topic, b.Topic), Title: or(in.Title, b.Title), Needs: or(in.Needs, b.Needs), Mode: or(in.Mode, b.Mode),
		Address: or(in.Address, b.Address), Department: or(in.Department, b.Department), GroupSize: or(in.GroupSize, b.GroupSize),
		Level: or(in.Level, b.Level), Funding: or(in.Funding, b.Funding), BudgetCents: or(in.BudgetCents, b.BudgetCents),
		WantedFrom: or(in.WantedFrom, b.WantedFrom), Urgent: or(in.Urgent, b.Urgent), Order: or(in.Order, o), Owner: or(in.Owner, "")}
}

func or[T any](changed *T, before T) T {
	if changed != nil {
		return *changed
	}
	return before
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// knownTrainer refuses (trainer_unknown) one that does not exist or is not active.
func (s *Server) knownTrainer(ctx context.Context, ref, at string) error {
	t, err := s.store.Trainer(ctx, ref)
	if models.ErrorCode(err) == models.CodeUnknown || err == nil && !t.Active {
		return fault(models.CodeTrainerUnknown, at, "no such active trainer")
	}
	return err
}

func inUTC(halfDays []models.HalfDay) []models.HalfDay {
	out := make([]models.HalfDay, len(halfDays))
	for i, h := range halfDays {
		out[i] = models.HalfDay{Start: h.Start.UTC(), End: h.End.UTC()}
	}
	return out
}
