package models

import (
	"fmt"
	"strconv"
	"strings"
)

// Payer is who owes trainers under the policies honoured so far.
const PayerAgency = "agency"

// Workflow types, as registered.
const (
	TrainingRequestType = "TrainingRequest"
	SolicitationType    = "Solicitation"
	SessionType         = "Session"
	FollowUpType        = "FollowUp"
	RemunerationType    = "Remuneration"
	InvoiceType         = "Invoice"
)

// TaskQueue is where workflows and activities are executed.
const TaskQueue = "jalon"

// FactSignal is the one signal: every fact arrives by it.
const FactSignal = "fact"

// RequestID is the workflow ID of a dossier.
func RequestID(dossier string) string { return "request/" + dossier }

// SolicitationID is the workflow ID of a dossier's nth search.
func SolicitationID(dossier string, n int) string {
	return fmt.Sprintf("request/%s/solicitation/%d", dossier, n)
}

// SessionID is the workflow ID of a session.
func SessionID(dossier string, n int) string { return fmt.Sprintf("request/%s/session/%d", dossier, n) }

// FollowUpID is the workflow ID of a dossier's follow-up.
func FollowUpID(dossier string) string { return "request/" + dossier + "/follow-up" }

// RemunerationID is the workflow ID of a trainer's month.
func RemunerationID(payer, trainer string, month Month) string {
	return fmt.Sprintf("remuneration/%s/%s/%s", payer, trainer, month)
}

// PayMonthOf is whose month a workflow ID or the reference of a recap is about, and which.
func PayMonthOf(ref string) (trainer string, month Month, ok bool) {
	parts := strings.Split(strings.TrimPrefix(ref, "remuneration/"), "/")
	if len(parts) != 3 && (len(parts) != 5 || parts[3] != "recap") {
		return "", "", false
	}
	return parts[1], Month(parts[2]), strings.HasPrefix(parts[1], "T-")
}

// InvoiceID is the workflow ID of an invoice.
func InvoiceID(ref string) string { return "invoice/" + ref }

// InvitationRef, SessionRef and the like are references of what belongs to a dossier.
func InvitationRef(dossier string, search, n int) string {
	return fmt.Sprintf("%s/%d/invitation/%d", dossier, search, n)
}

// SessionRef is the reference of a dossier's nth session.
func SessionRef(dossier string, n int) string { return fmt.Sprintf("%s/session/%d", dossier, n) }

// AuditRef is the reference of a dossier's nth audit.
func AuditRef(dossier string, n int) string { return fmt.Sprintf("%s/audit/%d", dossier, n) }

// ProgrammeRef is the reference of a dossier's nth programme version.
func ProgrammeRef(dossier string, n int) string { return fmt.Sprintf("%s/programme/%d", dossier, n) }

// ContractRef is the reference of a dossier's nth document to sign.
func ContractRef(dossier string, n int) string { return fmt.Sprintf("%s/contract/%d", dossier, n) }

// AssignmentRef is the reference of a trainer who was assigned to a dossier and never invited to it.
func AssignmentRef(dossier, trainer string) string { return dossier + assigned + trainer }

// AssignedTrainer is who was assigned, by the reference of the assignment.
func AssignedTrainer(ref string) (trainer string, ok bool) {
	_, trainer, ok = strings.Cut(ref, assigned)
	return trainer, ok
}

const assigned = "/trainer/"

// AbsenceRef is the reference of one participant's absence from a session.
func AbsenceRef(session, participant string) string { return session + "/absence/" + participant }

// RecapRef is the reference of the nth recap of a trainer's month.
func RecapRef(payer, trainer string, month Month, n int) string {
	return fmt.Sprintf("%s/%s/%s/recap/%d", payer, trainer, month, n)
}

// DossierOf is the dossier a workflow ID or a reference belongs to, or the empty string (months and invoices).
func DossierOf(id string) string {
	id = strings.TrimPrefix(id, "request/")
	if dossier, _, _ := strings.Cut(id, "/"); strings.HasPrefix(dossier, "D-") {
		return dossier
	}
	return ""
}

// LastNumber is the number a reference ends with, 0 if none.
func LastNumber(ref string) int {
	n, err := strconv.Atoi(ref[strings.LastIndexByte(ref, '/')+1:])
	if err != nil {
		return 0
	}
	return n
}
