package models

import "time"

// Channel is how something reached the agency.
type Channel string

// Channels.
const (
	ChannelLink     Channel = "link"
	ChannelPhone    Channel = "phone"
	ChannelPaper    Channel = "paper"
	ChannelMail     Channel = "mail"
	ChannelSite     Channel = "site"
	ChannelPartner  Channel = "partner"
	ChannelConsole  Channel = "console"
	ChannelAPI      Channel = "api"
	ChannelWebhook  Channel = "webhook"
	ChannelWorkflow Channel = "workflow"
)

// FactKind names what happened outside a workflow.
type FactKind string

// Facts from people and systems; each has its staff twin through `record`.
const (
	FactIntake             FactKind = "request_received"    // starts a TrainingRequest
	FactInvitationAnswered FactKind = "invitation_answered" // Answer, RateCents, RateUnit, Agreed
	FactSlotsOffered       FactKind = "slots_offered"       // Slots
	FactSlotChosen         FactKind = "slot_chosen"         // At
	FactSlotsRefused       FactKind = "slots_refused"       // none suits the client
	FactAuditReported      FactKind = "audit_reported"      // Scale, Feasible, Note; At: when held, if not as agreed
	FactProgrammeSubmitted FactKind = "programme_submitted" // Ref of a ProgrammeText
	FactContractSigned     FactKind = "contract_signed"     // SHA256
	FactContractDeclined   FactKind = "contract_declined"   // Note
	FactTrainerWithdrew    FactKind = "trainer_withdrew"    // Note
	FactClientCancelled    FactKind = "client_cancelled"    // Note
	FactSheetSigned        FactKind = "sheet_signed"
	FactAbsenceJustified   FactKind = "absence_justified"       // Note
	FactRecapAccepted      FactKind = "recap_accepted"          // SHA256
	FactRecapContested     FactKind = "recap_contested"         // Lines, Note
	FactInvoiceReceived    FactKind = "invoice_received"        // Number, SHA256, NetCents, VATCents
	FactUndeliverable      FactKind = "message_undeliverable"   // Ref: message key
	FactRegistered         FactKind = "participants_registered" // to each session not over: late convocations
)

// Facts from one workflow to another.
const (
	FactTrainerChosen  FactKind = "trainer_chosen"  // solicitation → request: Ref trainer, Subject invitation, RateCents, RateUnit
	FactTrainerDropped FactKind = "trainer_dropped" // request → solicitation: Reason
	FactTrainerEngaged FactKind = "trainer_engaged" // request → solicitation: the search is over
	FactSearchReworked FactKind = "search_reworked" // request → solicitation: give up, a new search follows
	FactLineDue        FactKind = "line_due"        // session → remuneration (signal-with-start)
	FactLinesSettled   FactKind = "lines_settled"   // remuneration → request: Lines, Ref invoice
	FactInvoiceDue     FactKind = "invoice_due"     // remuneration or request → starts an Invoice
	FactInvoicePaid    FactKind = "invoice_paid"    // invoice → request: Lines, PaidOn
	FactInvoiceUnpaid  FactKind = "invoice_unpaid"  // a payment confirmed by mistake was undone: Lines
	FactAlertRaised    FactKind = "alert_raised"    // child or outbox → request: Reason, Subject
	FactAlertCleared   FactKind = "alert_cleared"   // child or outbox → request: Reason (all about Subject where none is named), Subject
	FactOwnerChanged   FactKind = "owner_changed"   // request → child: Ref user
	FactLinesCancelled FactKind = "lines_cancelled" // remuneration → request: contested lines decided at nothing
)

// Fact is something that happened, kept in the inbox with the moment it was received and delivered to its workflow as
// a signal. It is never refused. It holds references only.
type Fact struct {
	ID         string    `gorm:"primaryKey;size:160" json:"id"`
	Kind       FactKind  `json:"kind"`
	Workflow   string    `gorm:"index" json:"workflow"` // ID of the addressee
	Dossier    string    `gorm:"index" json:"request_ref,omitempty"`
	Subject    string    `json:"subject,omitempty"`
	DeadlineID string    `gorm:"index" json:"deadline_id,omitempty"` // the wait it answers
	ReceivedAt time.Time `gorm:"serializer:instant;type:varchar(27)" json:"received_at,omitzero" required:"true"`
	Channel    Channel   `json:"channel"`
	Actor      string    `json:"actor,omitempty"`       // who did it: a reference
	Recorder   string    `json:"recorded_by,omitempty"` // staff who keyed it
	Data       FactData  `gorm:"serializer:json" json:"data"`
	Start      *Start    `gorm:"serializer:json" json:"start,omitempty"` // how to start the addressee if it does not run
}

// FactData are the particulars of a fact; which ones are set follows from its kind.
type FactData struct {
	Answer    string      `json:"answer,omitempty"` // interested or declined
	RateCents Cents       `json:"rate_cents,omitempty"`
	RateUnit  Unit        `json:"rate_unit,omitempty"`
	Agreed    bool        `json:"agreed,omitempty"` // to upskilling (F050)
	Slots     []time.Time `json:"slots,omitempty"`
	At        time.Time   `json:"at,omitzero"`
	Scale     string      `json:"scale,omitempty"`
	Feasible  bool        `json:"feasible,omitempty"`
	Ref       string      `json:"ref,omitempty"`
	SHA256    string      `json:"sha256,omitempty"`
	Lines     []string    `json:"lines,omitempty"`
	PaidOn    Date        `json:"paid_on,omitempty"`
	Number    string      `json:"number,omitempty"`
	IssuedOn  Date        `json:"issued_on,omitempty"` // that the supplier's invoice bears
	NetCents  Cents       `json:"net_cents,omitempty"`
	VATCents  Cents       `json:"vat_cents,omitempty"`
	Reason    string      `json:"reason,omitempty"` // a code
	Note      string      `json:"note,omitempty"`   // reference of a Note
	Scan      string      `json:"scan,omitempty"`   // SHA-256 of the document that proves what staff recorded
}

// Told tells whether a line of the journal is what was written of a fact that staff recorded. Lines do not name facts; who
// recorded it, what, of what and when it was received do.
func (f Fact) Told(l JournalLine) bool {
	if f.Recorder == "" || l.Recorder != f.Recorder || l.Channel != f.Channel || !l.At.Equal(f.ReceivedAt) {
		return false
	}
	kind, subject := string(f.Kind), f.Subject
	switch {
	case l.Kind == "fact_"+FactLate, l.Kind == "fact_"+FactIgnored: // whatever it is, it changed nothing
		return l.Subject == subject && l.Args.Get("fact") == kind
	case f.Kind == FactInvitationAnswered:
		kind = "invitation_" + f.Data.Answer
	case f.Kind == FactTrainerWithdrew:
		kind, subject = "trainer_left", f.Dossier
	case f.Kind == FactClientCancelled:
		kind = "request_" + string(StageCancelled)
	}
	return l.Kind == kind && l.Subject == subject
}

// Start tells the relay which workflow to start, with what input, when the addressee does not run. Exactly one input
// is set.
type Start struct {
	Request      *RequestInput      `json:"request,omitempty"`
	Remuneration *RemunerationInput `json:"remuneration,omitempty"`
	Invoice      *InvoiceInput      `json:"invoice,omitempty"`
}

// Delivery states of an inbox row.
const (
	FactPending   = "pending"
	FactDelivered = "delivered" // signalled; the workflow has not said yet what it did with it
	FactApplied   = "applied"
	FactIgnored   = "ignored" // a repeat, or nothing to change
	FactLate      = "late"    // after the deadline, or for something that ended
)

// Inbox is a fact with its delivery state.
type Inbox struct {
	Fact       `gorm:"embedded"`
	State      string    `gorm:"index:inbox_state,priority:1" json:"state"`
	Attempts   int       `json:"attempts"`
	LeaseUntil time.Time `gorm:"serializer:instant;type:varchar(27);index:inbox_state,priority:2" json:"-"` // real time
	StoredAt   time.Time `gorm:"serializer:instant;type:varchar(27)" json:"stored_at"`
}

// TableName is the table of the inbox.
func (Inbox) TableName() string { return "inbox" }
