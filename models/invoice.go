package models

import "time"

// InvoiceKind tells who owes.
type InvoiceKind string

// Kinds of invoice.
const (
	InvoiceSelfBilled InvoiceKind = "self_billed" // issued by the agency in the supplier's name
	InvoiceSupplier   InvoiceKind = "supplier"    // uploaded by the supplier
	InvoiceClient     InvoiceKind = "client"
)

// Payable tells whether the agency owes it.
func (k InvoiceKind) Payable() bool { return k != InvoiceClient }

// Invoice is the projection of an Invoice workflow. Overdue is computed, never stored.
type Invoice struct {
	Ref        string      `gorm:"primaryKey;size:32" json:"ref"` // I-2026-000077
	Number     string      `json:"number"`                        // unbroken series per issuer; the supplier's own when uploaded
	Kind       InvoiceKind `gorm:"index" json:"kind"`
	Dossier    string      `gorm:"index" json:"request_ref,omitempty"`
	RecapRef   string      `json:"recap_ref,omitempty"`
	TrainerRef string      `gorm:"index" json:"trainer_ref,omitempty"`
	Status     string      `gorm:"index" json:"status"`
	Lines      []string    `gorm:"serializer:json" json:"lines,omitempty"`
	NetCents   Cents       `json:"net_cents"`
	VATBps     int64       `json:"vat_bps"`
	VATCents   Cents       `json:"vat_cents"`
	TotalCents Cents       `json:"total_cents"`
	SHA256     string      `json:"sha256,omitempty"`
	Round      int         `json:"round"` // deposits asked from the supplier: generation of its link
	IssuedAt   time.Time   `gorm:"serializer:instant;type:varchar(27)" json:"issued_at,omitzero"`
	ReceivedAt time.Time   `gorm:"serializer:instant;type:varchar(27)" json:"received_at,omitzero"`
	ConformAt  time.Time   `gorm:"serializer:instant;type:varchar(27)" json:"conform_at,omitzero"`
	PromiseOn  Date        `gorm:"size:10" json:"promise_on,omitempty"`   // F197
	LegalOn    Date        `gorm:"size:10" json:"legal_on,omitempty"`     // legal ceiling
	PayOn      Date        `gorm:"size:10;index" json:"pay_on,omitempty"` // last bank day not after the earlier of both
	PaidOn     Date        `gorm:"size:10" json:"paid_on,omitempty"`
	Note       string      `json:"note_ref,omitempty"`
	DeadlineID string      `json:"deadline_id"`

	// What the agency had issued in the supplier's name, and the supplier replaced by their own.
	Replaces       string `json:"replaces,omitempty" doc:"Number of the self-billed invoice in whose place this one came: a credit note is owed for it"`
	ReplacesSHA256 string `json:"replaces_sha256,omitempty" doc:"Its document"`
}

// Invoice statuses.
const (
	InvoiceAwaited       = "awaited"        // the supplier has to send it
	InvoiceReceived      = "received"       // conformity awaited
	InvoiceNonConforming = "non_conforming" // sent back with reasons (F198)
	InvoiceConform       = "conform"        // its payment is due
	InvoiceIssued        = "issued"         // to the client
	InvoicePaid          = "paid"
	InvoiceWithdrawn     = "withdrawn"
)

// Clocks that the payment of an invoice may follow.
const (
	ClockPromise = "promise" // F197
	ClockLegal   = "legal"
	ClockClient  = "client" // the client's own term
)

// LeadingClock is the clock that an invoice's payment follows: the earlier one (F196).
func (i Invoice) LeadingClock() string {
	switch {
	case i.Kind == InvoiceClient:
		return ClockClient
	case !i.PromiseOn.IsZero() && (i.LegalOn.IsZero() || i.PromiseOn <= i.LegalOn):
		return ClockPromise
	}
	return ClockLegal
}

// DueOn is when an invoice is to be paid: the earlier of its clocks, which runs even while the invoice is held (F196).
func (i Invoice) DueOn() Date {
	switch {
	case i.Kind == InvoiceClient:
		return i.PromiseOn
	case !i.PayOn.IsZero():
		return i.PayOn
	}
	return i.LegalOn
}

// Unpaid tells whether money is still to be paid.
func (i Invoice) Unpaid() bool { return i.Status != InvoicePaid && i.Status != InvoiceWithdrawn }

// Overdue tells whether an invoice is not paid and its date has passed, held or not.
func (i Invoice) Overdue(today Date) bool {
	due := i.DueOn()
	return i.Unpaid() && !due.IsZero() && due < today
}

// Receivable tells whether a supplier may still send the invoice: it has not come, or went back (F194, F198), also where
// the agency had written it in the supplier's name (rules section 2).
func (i Invoice) Receivable() bool {
	return i.Kind.Payable() && (i.Status == InvoiceAwaited || i.Status == InvoiceNonConforming)
}
