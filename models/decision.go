package models

import (
	"slices"
	"time"
)

// What may be decided is one rule with two readers: the validators of the processes, which refuse, and the pages, which
// offer. A validator knows in addition what no row tells: that the story is turning, that a reason is missing.

// Standing is where a request stands, as far as the decisions about it depend on it.
type Standing struct {
	Stage     Stage
	Qualified bool   // the needs are known, the search is about to start
	Retained  bool   // a trainer is
	Programme string // status of the version at hand, empty if there is none
	Document  string // status of the client's document that stands, empty if there is none
	Held      bool   // some of what was ordered was given
	Ending    bool   // cancelled, while sessions under way still end
}

// Delivered tells whether all that was ordered is held, or will never be.
func (s Stage) Delivered() bool { return s == StageDelivered || s.Ended() }

// takenAt are the stages at which a command of a request is taken; what is not listed is taken until all is delivered.
var takenAt = map[Verb][]Stage{
	VerbQualify:          {StageQualification},
	VerbHandOver:         {StageQualification, StageSolicitation}, // F013: never after a contract
	VerbAssign:           {StageQualification, StageSolicitation},
	VerbChoose:           {StageSolicitation},
	VerbWiden:            {StageSolicitation},
	VerbRework:           {StageSolicitation, StageAudit, StageProgramme},
	VerbApproveProgramme: {StageProgramme},
	VerbReturnProgramme:  {StageProgramme},
	VerbRecordInterview:  {StageInterview},
	VerbReissueContract:  {StageContract},
	VerbConfirmReadiness: {StageReadiness},
	VerbPlanSessions:     {StageSessions},
	VerbGiveUp:           {StageDelivered, StageClosed},
	VerbWaive:            {StageAudit, StageProgramme, StageInterview, StageReadiness},
}

// Takes tells whether a request standing so takes a command. Errors: wrong_stage, trainer_already_chosen,
// no_trainer_chosen, programme_not_submitted, conflict, nothing_to_waive.
func (s Standing) Takes(v Verb) error {
	switch {
	case s.Ending && v != VerbReassign:
		return NewError(CodeConflict, "the dossier is being cancelled")
	case v == VerbDropTrainer && !s.Retained:
		return NewError(CodeNoTrainer, "no trainer is retained")
	case v == VerbWaive && !s.at(v):
		return NewError(CodeNothingToWaive, "this step cannot be skipped")
	case !s.at(v), v == VerbQualify && s.Qualified:
		return NewError(CodeWrongStage, "the dossier does not stand at this stage")
	}
	switch v {
	case VerbAssign, VerbChoose, VerbWiden:
		if s.Retained {
			return NewError(CodeAlreadyChosen, "a trainer is already retained")
		}
	case VerbApproveProgramme, VerbReturnProgramme:
		if s.Programme != ProgrammeSubmitted {
			return NewError(CodeProgrammeMissing, "no programme awaits a decision")
		}
	case VerbReissueContract:
		if s.Document == "" || s.Document == ContractSigned {
			return NewError(CodeConflict, "only the client's unsigned document is replaced")
		}
	}
	return nil
}

// TakesParticipants tells whether people may be registered for a request standing so: not once all that was ordered is held
// (wrong_stage), and nobody joins what only ends (conflict).
func (s Standing) TakesParticipants() error {
	switch {
	case s.Stage.Delivered():
		return NewError(CodeWrongStage, "all that was ordered is held")
	case s.Ending:
		return NewError(CodeConflict, "the dossier is being cancelled")
	}
	return nil
}

func (s Standing) at(v Verb) bool {
	stages, ok := takenAt[v]
	switch {
	case v == VerbReassign:
		return !s.Stage.Ended() // what is delivered still has its money
	case v == VerbGiveUp && s.Stage == StageCancelled:
		return s.Held // what was given is followed up all the same
	case !ok:
		return !s.Stage.Delivered()
	}
	return slices.Contains(stages, s.Stage)
}

// Choosable tells whether the trainer asked may be retained (F052, F066, F071): interested, even after silence, and
// agreeing to the upskilling where it is needed (F050). Errors: trainer_not_interested, upskilling_not_agreed.
func (i Invitation) Choosable() error {
	switch {
	case i.Status != InvitationInterested && (i.Status != InvitationSilent || i.LateAnswer != "interested"):
		return NewError(CodeNotInterested, "this trainer has not accepted the invitation")
	case i.Upskilling && !i.UpskillOK:
		return NewError(CodeUpskillingNotAgreed, "this trainer has not agreed to the upskilling needed")
	}
	return nil
}

// Takes tells whether a session takes a command at an instant of business time; session_wrong_state otherwise.
func (s Session) Takes(v Verb, now time.Time) error {
	pending := s.Status == SessionPlanned || s.Status == SessionConvoked
	var ok bool
	switch v {
	case VerbJudgeSheet:
		ok = !now.Before(s.EndAt) && (s.Status == SessionToJudge || s.Status == SessionConvoked)
	case VerbCancelSession:
		ok = pending && s.SheetSigned.IsZero()
	case VerbReschedule:
		ok = pending && s.SheetSigned.IsZero() && now.Before(s.StartAt)
	}
	if !ok {
		return NewError(CodeSessionState, "the session does not allow this, or not any more")
	}
	return nil
}

// Takes tells whether an invoice takes a command; invoice_wrong_state otherwise. That the supplier claims other amounts
// (F200), or that the time to undo a payment is over, its row does not tell.
func (i Invoice) Takes(v Verb) error {
	var ok bool
	switch v {
	case VerbConform, VerbReject:
		ok = i.Status == InvoiceReceived
	case VerbPay:
		ok = i.Status == InvoiceConform || i.Status == InvoiceIssued
	case VerbUndo:
		ok = i.Kind.Payable() && (i.Status == InvoiceConform || i.Status == InvoicePaid)
	case VerbWithdraw:
		ok = i.Status != "" && i.Status != InvoicePaid && i.Status != InvoiceWithdrawn
	}
	if !ok {
		return NewError(CodeInvoiceState, "the invoice does not stand there")
	}
	return nil
}
