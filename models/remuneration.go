package models

import (
	"slices"
	"time"
)

// PayLine is what one validated session is worth to its trainer. It belongs to its payee's first unsettled month.
type PayLine struct {
	Ref        string    `gorm:"primaryKey;size:80" json:"ref"` // the session's reference
	Dossier    string    `gorm:"index" json:"request_ref"`
	Payer      string    `gorm:"index:pay_month,priority:1" json:"payer"`
	TrainerRef string    `gorm:"index:pay_month,priority:2" json:"trainer_ref"`
	Month      Month     `gorm:"index:pay_month,priority:3;size:7" json:"month"`
	HeldOn     Date      `json:"held_on"`
	Unit       Unit      `json:"unit"`
	Quantity   int64     `json:"quantity"` // hundredths of Unit
	RateCents  Cents     `json:"rate_cents"`
	Cents      Cents     `json:"amount_cents"` // excluding tax
	Status     string    `json:"status"`       // due, contested, settled, paid, cancelled
	RecapRef   string    `json:"recap_ref,omitempty"`
	InvoiceRef string    `gorm:"index" json:"invoice_ref,omitempty"`
	Corrected  bool      `json:"corrected,omitempty"` // staff decided its quantity, which is no longer that of its session (F181)
	CreatedAt  time.Time `gorm:"serializer:instant;type:varchar(27);autoCreateTime:false" json:"created_at"`
}

// Pay line statuses.
const (
	LineDue       = "due"
	LineContested = "contested"
	LineSettled   = "settled"
	LinePaid      = "paid"
	LineCancelled = "cancelled"
)

// Recap is one version of a trainer's monthly statement (F178, F179); silence never accepts it (F180).
type Recap struct {
	Ref        string    `gorm:"primaryKey;size:80" json:"ref"` // agency/T-000042/2026-11/recap/1
	Workflow   string    `gorm:"index" json:"workflow"`
	Payer      string    `json:"payer"`
	TrainerRef string    `gorm:"index" json:"trainer_ref"`
	Month      Month     `gorm:"size:7" json:"month"`
	Number     int       `json:"number"`
	Status     string    `json:"status"` // sent, accepted, contested, with_staff, replaced, settled
	Lines      []string  `gorm:"serializer:json" json:"lines"`
	Contested  []string  `gorm:"serializer:json" json:"contested,omitempty"`
	Cents      Cents     `json:"amount_cents"`
	SHA256     string    `json:"sha256"`
	SentAt     time.Time `gorm:"serializer:instant;type:varchar(27)" json:"sent_at,omitzero"`
	AnsweredAt time.Time `gorm:"serializer:instant;type:varchar(27)" json:"answered_at,omitzero"`
	Note       string    `json:"note_ref,omitempty"`
	DeadlineID string    `json:"deadline_id"`
	// Of one that replaces the version before it (F181): why, and whether lines that were not contested are billed apart.
	Explanation string `json:"explanation_ref,omitempty"`
	BilledApart bool   `json:"billed_apart,omitempty"`
}

// Corrects tells whether it replaces the version before it.
func (r Recap) Corrects() bool { return r.Number > 1 }

// Unanswered tells whether the trainer's answer is still awaited, by the trainer's link or through staff.
func (r Recap) Unanswered() bool { return r.Status == RecapSent || r.Status == RecapWithStaff }

// Recap statuses.
const (
	RecapSent      = "sent"
	RecapAccepted  = "accepted"
	RecapContested = "contested"
	RecapWithStaff = "with_staff"
	RecapReplaced  = "replaced"
)

// PayMonth closes a month of pay: a line that comes after SettledAt falls in the next one.
type PayMonth struct {
	Payer      string    `gorm:"primaryKey;size:32" json:"payer"`
	TrainerRef string    `gorm:"primaryKey;size:32" json:"trainer_ref"`
	Month      Month     `gorm:"primaryKey;size:7" json:"month"`
	SettledAt  time.Time `gorm:"serializer:instant;type:varchar(27)" json:"settled_at,omitzero"`
}

// CheckCorrections checks what is decided of the lines of a recap (F181). Errors: line_unknown, invalid_input.
func CheckCorrections(corrections []LineCorrection, lines []string) error {
	decided := map[string]bool{}
	for _, c := range corrections {
		switch {
		case !slices.Contains(lines, c.Line):
			return NewError(CodeLineUnknown, "no such line to decide")
		case decided[c.Line]:
			return NewError(CodeInvalid, "a line is decided once")
		case c.Quantity < 0 || c.Quantity > mostQuantity:
			return NewError(CodeInvalid, "a quantity is 0 or more, in hundredths")
		}
		decided[c.Line] = true
	}
	return nil
}

// mostQuantity bounds the quantity of a line, in hundredths.
const mostQuantity = 10_000_000

// LineCorrection is a decided amount for a contested line; 0 cancels it.
type LineCorrection struct {
	Line     string `json:"line" doc:"Reference"`
	Quantity int64  `json:"quantity" doc:"Decided, in hundredths of the line's unit"`
}
