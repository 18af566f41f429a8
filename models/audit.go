package models

import (
	"slices"
	"time"
)

// Audit is the needs-analysis call between the retained trainer and the client (F079), written by its request.
type Audit struct {
	Ref        string      `gorm:"primaryKey;size:80" json:"ref"` // D-2026-000123/audit/1
	Dossier    string      `gorm:"index" json:"request_ref"`
	Number     int         `json:"number"`
	TrainerRef string      `json:"trainer_ref"`
	Status     string      `json:"status"` // slots_awaited, choice_awaited, booked, held, waived, cancelled
	Slots      []time.Time `gorm:"serializer:json" json:"slots"`
	SlotAt     time.Time   `gorm:"serializer:instant;type:varchar(27)" json:"slot_at,omitzero"`
	Scale      string      `json:"scale,omitempty"` // isolated or complex (F080)
	Feasible   bool        `json:"feasible"`
	Note       string      `json:"note_ref,omitempty"` // observation (F082)
	Round      int         `json:"round"`              // generation of the links: a new choice of slots withdraws the old ones
	DeadlineID string      `json:"deadline_id"`
}

// CheckChoice checks the moment that the client picks, received at an instant: one of those offered, still to come (F079).
// Errors: invalid_input, past_date.
func (a Audit) CheckChoice(at, received time.Time) error {
	switch {
	case !slices.ContainsFunc(a.Slots, at.Equal):
		return NewError(CodeInvalid, "not one of the slots offered")
	case !at.After(received):
		return NewError(CodePastDate, "already past")
	}
	return nil
}

// CheckReport checks that the call took place before its report was received (F080), in a dossier opened at an instant: when
// it was agreed, unless staff say that it was held at another moment. A call that was never booked took place when they say.
// Errors: call_to_come, date_too_old.
func (a Audit) CheckReport(held, opened, received time.Time) error {
	if !held.IsZero() && before(held, opened) {
		return NewError(CodeDateTooOld, "before what it is about began")
	}
	if held.IsZero() && a.Status == AuditBooked {
		held = a.SlotAt
	}
	if received.Before(held) {
		return NewError(CodeCallToCome, "the call has still to take place")
	}
	return nil
}

// Audit statuses.
const (
	AuditSlotsAwaited  = "slots_awaited"
	AuditChoiceAwaited = "choice_awaited"
	AuditBooked        = "booked"
	AuditHeld          = "held"
	AuditWaived        = "waived"
	AuditCancelled     = "cancelled"
)
