package models

import "time"

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

// Audit statuses.
const (
	AuditSlotsAwaited  = "slots_awaited"
	AuditChoiceAwaited = "choice_awaited"
	AuditBooked        = "booked"
	AuditHeld          = "held"
	AuditWaived        = "waived"
	AuditCancelled     = "cancelled"
)
