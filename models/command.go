package models

import (
	"cmp"
	"time"
)

// Verb names a command: the Update of a running workflow and the last segment of its route, with dashes.
type Verb string

// Commands of a TrainingRequest.
const (
	VerbQualify          Verb = "qualify"           // Qualify: the needs are known, the search may start (F004)
	VerbHandOver         Verb = "hand_over"         // Decision: out of scope (F013)
	VerbCancel           Verb = "cancel"            // Decision: what was promised is undone
	VerbAssign           Verb = "assign"            // Assign: a known trainer, no search
	VerbRework           Verb = "rework"            // Qualify: new version of the request, a new search (F074)
	VerbDropTrainer      Verb = "drop_trainer"      // Decision: the retained trainer leaves, runner-up first
	VerbWaive            Verb = "waive"             // Waive: skip the step the dossier stands at
	VerbApproveProgramme Verb = "approve_programme" // Decision
	VerbReturnProgramme  Verb = "return_programme"  // Decision, note required
	VerbRecordInterview  Verb = "record_interview"  // Verdict (F084)
	VerbReissueContract  Verb = "reissue_contract"  // Reissue: a new version of a declined or expired document
	VerbConfirmReadiness Verb = "confirm_readiness" // Verdict (F085)
	VerbPlanSessions     Verb = "plan_sessions"     // PlanSessions (F108)
	VerbReassign         Verb = "reassign"          // Reassign: somebody else of the staff looks after the dossier
)

// Commands of a Solicitation.
const (
	VerbChoose Verb = "choose" // Choose (F052, F066)
	VerbWiden  Verb = "widen"  // Widen: next wave at once, adjacent skills, or named trainers (F050, F074)
)

// Commands of a Session.
const (
	VerbJudgeSheet    Verb = "judge_sheet"    // Verdict: held or not, in spite of the sheet (F128)
	VerbCancelSession Verb = "cancel_session" // Decision
	VerbReschedule    Verb = "reschedule"     // Reschedule
)

// Commands of a month and of an invoice.
const (
	VerbCorrectRecap Verb = "correct_recap" // CorrectRecap (F181)
	VerbConform      Verb = "conform"       // Decision (F195)
	VerbReject       Verb = "reject"        // Decision, note required (F198)
	VerbPay          Verb = "pay"           // Pay: the payment is confirmed
	VerbUndo         Verb = "undo"          // Decision: a conforming or paid mark made by mistake
	VerbWithdraw     Verb = "withdraw"      // Decision: the invoice is withdrawn
)

// Commands of every process.
const (
	VerbPostpone Verb = "postpone" // Postpone
	VerbGiveUp   Verb = "give_up"  // Decision: of a FollowUp
)

// By is who decides, in every command.
type By struct {
	Actor string `json:"actor"` // user or token reference
	Role  Role   `json:"role"`
	Note  string `json:"note,omitempty"` // reference of the Note holding the reason
	// Channel is console for who is signed in, api for a machine; a command sent by an earlier version has none.
	Channel Channel `json:"channel,omitempty"`
}

// Through is the channel a decision came through.
func (b By) Through() Channel { return cmp.Or(b.Channel, ChannelConsole) }

// Decision is a command without particulars.
type Decision struct {
	By
	Reason string `json:"reason,omitempty"` // a code, e.g. by_client
}

// Qualify carries the request as staff know it now.
type Qualify struct {
	By
	Scope Scope `json:"scope"`
}

// Assign names a trainer and the agreed rate.
type Assign struct {
	By
	TrainerRef string `json:"trainer_ref"`
	RateCents  Cents  `json:"rate_cents"`
	RateUnit   Unit   `json:"rate_unit"`
}

// Waive names the step to skip: audit, programme, interview or readiness; it must be the current one.
type Waive struct {
	By
	Step Stage `json:"step"`
}

// Reassign names the new owner of a dossier.
type Reassign struct {
	By
	Owner string `json:"owner"` // user reference
}

// Verdict is a yes or a no.
type Verdict struct {
	By
	Passed bool `json:"passed"`
}

// Reissue names the contract to replace.
type Reissue struct {
	By
	Contract string `json:"contract"`
}

// PlanSessions plans sessions in the order given.
type PlanSessions struct {
	By
	Sessions []PlannedSession `json:"sessions"`
	// Hours are those of the sessions planned already, as the database has them: their own processes move them.
	Hours []SessionHours `json:"hours,omitempty"`
}

// SessionHours is when a session of a dossier is held.
type SessionHours struct {
	Number   int       `json:"number"`
	HalfDays []HalfDay `json:"half_days"`
}

// HalfDays is how many are to be planned.
func (p PlanSessions) HalfDays() (n int) {
	for _, s := range p.Sessions {
		n += len(s.HalfDays)
	}
	return n
}

// HoursOf is when a session is held, as its dossier's process knows it unless the database has it otherwise.
func (p PlanSessions) HoursOf(s Session) []HalfDay {
	for _, h := range p.Hours {
		if h.Number == s.Number {
			return h.HalfDays
		}
	}
	return s.HalfDays
}

// PlannedSession is one session to plan; half-days are in order and do not overlap.
type PlannedSession struct {
	HalfDays []HalfDay `json:"half_days"`
	PlaceRef string    `json:"place_note_ref,omitempty"`
}

// Reschedule moves a session that has not started, to other hours, another place or both.
type Reschedule struct {
	By
	HalfDays []HalfDay `json:"half_days"`
	PlaceRef string    `json:"place_note_ref,omitempty"` // as it was if empty
}

// Choose retains one interested trainer.
type Choose struct {
	By
	Invitation string `json:"invitation"`
}

// Widen goes on with a search: with trainers named by staff, with holders of adjacent skills, or with the next wave.
type Widen struct {
	By
	Trainers []string `json:"trainers,omitempty"`
	Adjacent bool     `json:"adjacent,omitempty"`
}

// CorrectRecap decides contested lines; a line not named keeps its amount.
type CorrectRecap struct {
	By
	Corrections []LineCorrection `json:"corrections"`
}

// Pay confirms a payment.
type Pay struct {
	By
	PaidOn Date `json:"paid_on"`
}

// Postpone moves a deadline later, with a reason.
type Postpone struct {
	By
	DeadlineID string    `json:"deadline_id"`
	DueAt      time.Time `json:"due_at"`
}

// CommandResult answers a command once its step is written.
type CommandResult struct {
	Ref    string `json:"ref"`
	Status string `json:"status"`
}
