package models

import "time"

// DeadlineKind says what a deadline is about; its sentences are looked up by it.
type DeadlineKind string

// Kinds of deadline.
const (
	DeadlineSilence         DeadlineKind = "silence"          // invitations unanswered are refusals (F070)
	DeadlineStaff           DeadlineKind = "staff_step"       // a step only staff can take
	DeadlineSlots           DeadlineKind = "audit_slots"      // the trainer offers slots
	DeadlineSlotChoice      DeadlineKind = "audit_choice"     // the client picks one
	DeadlineAuditReport     DeadlineKind = "audit_report"     // the trainer records the outcome
	DeadlineProgramme       DeadlineKind = "programme"        // the trainer submits the programme
	DeadlineClientSignature DeadlineKind = "client_signature" // reminder, then staff
	DeadlineTrainerContract DeadlineKind = "trainer_contract" // expires: the search resumes
	DeadlineConvocation     DeadlineKind = "convocation"      // not awaited from anyone: convocations leave
	DeadlineSheet           DeadlineKind = "sheet_deposit"
	DeadlineAbsence         DeadlineKind = "absence_justification" // 48 h by default (F136)
	DeadlineHot             DeadlineKind = "hot_evaluation"
	DeadlineCold            DeadlineKind = "cold_evaluation"
	DeadlineColdAnswer      DeadlineKind = "cold_evaluation_answer"
	DeadlineRecapDay        DeadlineKind = "recap_day"
	DeadlineRecap           DeadlineKind = "recap"
	DeadlineInvoiceUpload   DeadlineKind = "invoice_upload"
	DeadlineConformity      DeadlineKind = "conformity"
	DeadlinePayment         DeadlineKind = "payment"    // the promise: 30 days (F197)
	DeadlineLegalCap        DeadlineKind = "legal_cap"  // never postponed (rules section 1)
	DeadlineClaim           DeadlineKind = "paid_claim" // a payment not credited is claimed, a mistake undone (F205)
	DeadlineClientPayment   DeadlineKind = "client_payment"
)

// Outcome is how a deadline ended.
type Outcome string

// Outcomes. Open is not one yet.
const (
	Open          Outcome = "open"
	Met           Outcome = "met"
	Missed        Outcome = "missed"
	Waived        Outcome = "waived"
	Undeliverable Outcome = "undeliverable"
	Cancelled     Outcome = "cancelled"
)

// Deadline is an awaited thing with its due instant and its consequence. It is at once a timer in Temporal, a row of
// what falls due, and the expiry of the link that serves it. Written by Apply for its workflow; facts lock its row.
type Deadline struct {
	ID          string       `gorm:"primaryKey;size:160" json:"id"`
	Workflow    string       `gorm:"index" json:"workflow"`
	Dossier     string       `gorm:"index" json:"request_ref,omitempty"`
	Kind        DeadlineKind `json:"kind"`
	Subject     string       `gorm:"index" json:"subject"`
	Awaits      Role         `json:"awaits"`
	AwaitsRef   string       `json:"awaits_ref,omitempty"`
	OpenedAt    time.Time    `gorm:"serializer:instant;type:varchar(27)" json:"opened_at"`
	DueAt       time.Time    `gorm:"serializer:instant;type:varchar(27);index:deadline_due,priority:2" json:"due_at"`
	Status      Outcome      `gorm:"index:deadline_due,priority:1" json:"status"`
	ClosedAt    time.Time    `gorm:"serializer:instant;type:varchar(27)" json:"closed_at,omitzero"`
	Consequence string       `json:"consequence"` // sentence key: what happens by itself
	Postponable bool         `json:"postponable"` // never for legal ones
	Postponed   int          `json:"postponed"`   // how many times
	Note        string       `json:"note_ref,omitempty"`
	Asked       []string     `gorm:"serializer:json" json:"asked,omitempty"` // keys of the messages that ask
	// LeftBy is the latest instant at which those messages may leave without moving DueAt: a delay counts from the
	// moment the message that asks really left.
	LeftBy time.Time `gorm:"serializer:instant;type:varchar(27)" json:"left_by,omitzero"`
}

// PostponedBy are the roles that may postpone a deadline: those who may give, by the roles of DESIGN section 5, the decision
// that it waits for. What is owed is for finance alone, what becomes an invoice for staff too, what a course is made of for
// staff and pedagogy; a step of the team is for whom it is awaited from. Administrators may always.
func (d Deadline) PostponedBy() []Role {
	switch d.Kind {
	case DeadlineConformity, DeadlinePayment, DeadlineLegalCap, DeadlineClaim, DeadlineClientPayment:
		return []Role{RoleFinance}
	case DeadlineRecapDay, DeadlineRecap, DeadlineInvoiceUpload:
		return []Role{RoleStaff, RoleFinance}
	case DeadlineSlots, DeadlineSlotChoice, DeadlineAuditReport, DeadlineProgramme, DeadlineConvocation, DeadlineSheet, DeadlineAbsence,
		DeadlineHot, DeadlineCold, DeadlineColdAnswer:
		return []Role{RoleStaff, RolePedagogy}
	case DeadlineStaff:
		switch d.Awaits {
		case RoleFinance:
			return []Role{RoleFinance}
		case RolePedagogy:
			return []Role{RoleStaff, RolePedagogy}
		}
	}
	return []Role{RoleStaff}
}
