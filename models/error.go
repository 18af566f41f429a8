package models

import "errors"

// Code is the stable name of a refusal, the same word in a Temporal error type, in the `code` of a problem document
// and as the key of the sentence shown to a person.
type Code string

// The refusals of Jalon. A code is never renamed: clients and mails refer to it.
const (
	CodeUnknown           Code = "not_found"
	CodeInternal          Code = "internal_error"
	CodeUnavailable       Code = "temporarily_unavailable"
	CodeInvalid           Code = "invalid_input"
	CodeMalformed         Code = "malformed_body"
	CodeTooLarge          Code = "body_too_large"
	CodeMethod            Code = "method_not_allowed"
	CodeUnauthenticated   Code = "unauthenticated"
	CodeForbidden         Code = "forbidden"
	CodeForeignOrigin     Code = "foreign_origin"
	CodeWrongPassword     Code = "wrong_password"
	CodeRateLimited       Code = "rate_limited"
	CodeConflict          Code = "conflict"
	CodeWrongStage        Code = "wrong_stage"
	CodeClosed            Code = "dossier_closed"
	CodeFinished          Code = "finished"
	CodePolicyUnsupported Code = "policy_unsupported"
	CodePolicyUnknown     Code = "policy_unknown"
	CodeKeyReused         Code = "idempotency_key_reused"
	CodeKeyMissing        Code = "idempotency_key_missing"
	CodeAnswered          Code = "already_answered"
	CodePaidBeforeIssued  Code = "paid_before_issued"
	CodePastDate          Code = "past_date"
	CodeFutureDate        Code = "future_date"
	CodeDateTooOld        Code = "date_too_old"
	CodeDateTooFar        Code = "date_too_far"

	CodeLinkInvalid   Code = "link_invalid"
	CodeLinkExpired   Code = "link_expired"
	CodeLinkUsed      Code = "link_used"
	CodeLinkWithdrawn Code = "link_withdrawn"

	CodeNotInterested       Code = "trainer_not_interested"
	CodeUpskillingNotAgreed Code = "upskilling_not_agreed"
	CodeAlreadyChosen       Code = "trainer_already_chosen"
	CodeNoTrainer           Code = "no_trainer_chosen"
	CodeTrainerUnknown      Code = "trainer_unknown"
	CodeTrainerBusy         Code = "trainer_busy"
	CodeTrainerIneligible   Code = "trainer_ineligible"
	CodeNoCandidate         Code = "no_candidate_left"
	CodeAuditMissing        Code = "audit_not_recorded"
	CodeCallToCome          Code = "call_to_come" // the audit's
	CodeProgrammeIncomplete Code = "programme_incomplete"
	CodeProgrammeMissing    Code = "programme_not_submitted"
	CodeDocumentChanged     Code = "document_changed"
	CodeDocumentIncomplete  Code = "document_incomplete" // it lacks what the law wants on it
	CodeNotSigned           Code = "not_signed"
	CodeSessionUnknown      Code = "session_unknown"
	CodeSessionOverlap      Code = "session_overlap"
	CodeSessionState        Code = "session_wrong_state"
	CodeSessionUnchanged    Code = "session_unchanged" // a move to where and when it stands
	CodeOverPlanned         Code = "more_than_ordered"
	CodePlaceMissing        Code = "place_missing" // of a session held remotely
	CodeNoParticipants      Code = "no_participants"
	CodeHasSigned           Code = "participant_has_signed" // what they attended stands
	CodeDeadlineClosed      Code = "deadline_closed"
	CodeDeadlineLegal       Code = "deadline_not_postponable"
	CodeDeadlineRole        Code = "deadline_of_another_role"
	CodeDeadlineEarlier     Code = "deadline_must_be_later"
	CodeNothingToWaive      Code = "nothing_to_waive"
	CodeReasonMissing       Code = "reason_missing"
	CodeLineUnknown         Code = "line_unknown"
	CodeInvoiceState        Code = "invoice_wrong_state"
	CodeCompanyNumber       Code = "company_number_missing"
	CodeAccountMissing      Code = "account_missing"
	CodeVATMismatch         Code = "vat_mismatch"
	CodeClientForm          Code = "client_form_mismatch"
	CodeBudgetUnknown       Code = "budget_unknown"
	CodeNeedsUnknown        Code = "needs_unknown" // nothing would tell what the client signs for
	CodeTariffPerHead       Code = "tariff_per_participant"
	CodeStaleRun            Code = "stale_run"
	CodeScanType            Code = "scan_wrong_type" // neither a PDF nor a picture
	CodeScanLarge           Code = "scan_too_large"
	CodeScanElsewhere       Code = "scan_filed_elsewhere" // the same bytes belong to another dossier or month, or are for others to read
	CodeNotParked           Code = "message_not_parked"   // what became of it is known already
	CodeNeverTried          Code = "message_never_tried"  // it cannot have left
	CodeMessageOver         Code = "message_over"         // what it asks for or tells of is over
	CodeNoAddress           Code = "address_missing"      // there is still nowhere to send it
)

// Error is a refusal that somebody can act upon: a code for machines and a sentence in English for logs. What people
// read is looked up by code in their language.
type Error struct {
	Code    Code
	Message string
}

// NewError makes a refusal.
func NewError(code Code, message string) *Error { return &Error{Code: code, Message: message} }

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// ErrorCode is the code carried by err, or CodeInternal when it carries none; empty for nil.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
