package models

import (
	"slices"
	"strings"
	"time"
)

// Message is one row of the outbox: what must reach somebody, keyed by what it is for. It holds references; the
// words are rendered when it leaves. Written by Apply, delivered by the relay alone.
type Message struct {
	Key        string    `gorm:"primaryKey;size:200" json:"key"`
	GroupKey   string    `gorm:"index" json:"group_key,omitempty"` // of the message to all participants it was made from
	Dossier    string    `gorm:"index" json:"request_ref,omitempty"`
	Workflow   string    `gorm:"index" json:"workflow"` // told when it cannot be delivered
	Template   string    `json:"template"`
	To         Role      `json:"to"`
	ToRef      string    `json:"to_ref"` // trainer, contact, participant or user reference
	Subject    string    `json:"subject"`
	Links      []Link    `gorm:"serializer:json" json:"links,omitempty"`
	Attach     []string  `gorm:"serializer:json" json:"attach,omitempty"` // SHA-256 of documents
	Args       Args      `gorm:"serializer:json" json:"args,omitempty"`
	DeadlineID string    `json:"deadline_id,omitempty"` // the wait it asks for
	NotBefore  time.Time `gorm:"serializer:instant;type:varchar(27);index:message_due,priority:2" json:"not_before"`
	Status     string    `gorm:"index:message_due,priority:1" json:"status"`
	Attempts   int       `json:"attempts"`
	AttemptAt  time.Time `gorm:"serializer:instant;type:varchar(27)" json:"attempt_at,omitzero"`
	LeaseUntil time.Time `gorm:"serializer:instant;type:varchar(27)" json:"-"` // real time, not business time
	SentAt     time.Time `gorm:"serializer:instant;type:varchar(27)" json:"sent_at,omitzero"`
	Failure    string    `json:"failure,omitempty"` // a code, never the provider's words
	CreatedAt  time.Time `gorm:"serializer:instant;type:varchar(27);autoCreateTime:false" json:"created_at,omitzero" required:"true"`
	Follows    string    `gorm:"-" json:"follows,omitempty" hidden:"true"` // of a step: key of the message that must have left for this one to leave
}

// Waits tells whether a message may not leave yet: most wait for the hours of mail.
func (m Message) Waits(now time.Time) bool {
	return m.Status == MessageQueued && m.NotBefore.After(now)
}

// AlertSubject is what its process raises AlertUndeliverable about, when this message reached nobody: a session and a
// follow-up about themselves, a request that waits for an answer about what it asked. Any other process raises none; its
// request raises one about the message's key, as of its own messages.
func (m Message) AlertSubject() string {
	request := RequestID(m.Dossier)
	switch {
	case m.Workflow == FollowUpID(m.Dossier):
		return m.Dossier
	case strings.HasPrefix(m.Workflow, request+"/session/"):
		return SessionRef(m.Dossier, LastNumber(m.Workflow))
	case m.Workflow == request && m.Subject != m.Dossier:
		return m.Subject
	}
	return m.Key
}

// Of tells whether AlertUndeliverable about subject is about this message.
func (m Message) Of(subject string) bool {
	return subject == m.Key || subject == m.AlertSubject()
}

// ByAlert groups messages by the subjects that AlertUndeliverable, or a line of the journal, is about.
func ByAlert(messages []Message, subjects ...string) map[string][]Message {
	out := make(map[string][]Message, len(subjects))
	for _, subject := range subjects {
		out[subject] = nil
	}
	for _, m := range messages {
		for subject := range out {
			if m.Of(subject) {
				out[subject] = append(out[subject], m)
			}
		}
	}
	return out
}

// Tried is when a message left, or was last tried, or, never tried, when it was asked for.
func (m Message) Tried() time.Time {
	switch {
	case !m.SentAt.IsZero():
		return m.SentAt
	case !m.AttemptAt.IsZero():
		return m.AttemptAt
	}
	return m.CreatedAt
}

// clocksDiffer is by how much a provider's clock may be behind.
const clocksDiffer = time.Minute

// Precedes tells whether what a provider reports (business time) came before a message was last sent: it is about an earlier
// attempt, perhaps to an address that has been corrected since.
func (m Message) Precedes(at time.Time) bool {
	return m.Attempts > 0 && m.AttemptAt.IsZero() || m.Attempts > 1 && at.Before(m.AttemptAt.Add(-clocksDiffer))
}

// Undelivered tells whether a message reached nobody, for want of an address or because of a wrong one.
func (m Message) Undelivered() bool {
	return slices.Contains(MessagesUndelivered, m.Status)
}

// Unreached tells of the messages that ask for something whether none reached anybody: what they ask for then ends without a
// silence.
func Unreached(asking []Message) bool {
	return len(asking) > 0 && !slices.ContainsFunc(asking, func(m Message) bool { return !m.Undelivered() })
}

// Left tells whether a message is on its way to somebody, as far as anybody knows.
func (m Message) Left() bool {
	switch m.Status {
	case MessageSending, MessageSent, MessageDelivered:
		return true
	}
	return m.Status == MessageParked && !m.AttemptAt.IsZero()
}

// Settleable refuses what nobody can say of a message: only a parked one can be found to have left or not
// (message_not_parked), and only one that was tried can have left (message_never_tried).
func (m Message) Settleable(left bool) error {
	switch {
	case m.Status != MessageParked:
		return NewError(CodeNotParked, "this message is "+m.Status+", not parked")
	case left && m.AttemptAt.IsZero():
		return NewError(CodeNeverTried, "this message was never attempted")
	}
	return nil
}

// Money tells whether a message is about what is billed or paid: it tells an amount, or is of a month and no dossier.
func (m Message) Money() bool {
	return m.Dossier == "" || slices.Contains(TemplatesOfMoney, m.Template)
}

// Message statuses.
const (
	MessageQueued     = "queued"
	MessageSending    = "sending" // an attempt is recorded, its answer not known yet
	MessageSent       = "sent"
	MessageDelivered  = "delivered"
	MessageBounced    = "bounced"
	MessageParked     = "parked"    // an unclear answer that must not be repeated: staff look
	MessageWithdrawn  = "withdrawn" // no longer wanted before it left
	MessageNoAddress  = "no_address"
	MessageSuperseded = "superseded"
)

// MessagesUndelivered are the statuses of a message that reached nobody.
var MessagesUndelivered = []string{MessageBounced, MessageNoAddress}

// MessagesTakenBack are the statuses of a message that was not wanted any more before it left.
var MessagesTakenBack = []string{MessageWithdrawn, MessageSuperseded}

// UndeliveredNamed is how many undelivered messages are named where an alert is read; more are counted.
const UndeliveredNamed = 12

// TemplatesThatAsk are those of what a dossier shows as asked from somebody outside: a trainer, a signature.
var TemplatesThatAsk = []string{"invitation", "contract_client", "trainer_contract"}

// TemplatesOfMoney are those that tell the amount of an invoice, of a month's statement or of a payment.
var TemplatesOfMoney = []string{"client_invoice", "client_invoice_reminder", "finance_conformity", "finance_payment_due", "finance_payment_late",
	"invoice_ask", "invoice_conform", "invoice_paid", "invoice_rejected", "invoice_reminder", "invoice_unconfirmed", "invoice_withdrawn",
	"recap", "recap_reminder", "self_billed_invoice"}

// Templates of what staff are called about: to the owner, and to the team when nobody read it in time.
const (
	TemplateAlert       = "staff_alert"
	TemplateAlertUnread = "staff_alert_unread"
)

// Purpose is what a link lets its holder do.
type Purpose string

// Purposes of links.
const (
	LinkAnswer      Purpose = "answer"      // subject: invitation
	LinkSlots       Purpose = "slots"       // subject: audit; the trainer offers
	LinkChoose      Purpose = "choose"      // subject: audit; the client picks
	LinkAuditReport Purpose = "report"      // subject: audit
	LinkProgramme   Purpose = "programme"   // subject: programme
	LinkSign        Purpose = "sign"        // subject: contract
	LinkAttend      Purpose = "attend"      // subject: session|participant
	LinkSheet       Purpose = "sheet"       // subject: session; the trainer signs
	LinkJustify     Purpose = "justify"     // subject: absence
	LinkPositioning Purpose = "positioning" // subject: dossier|participant
	LinkHot         Purpose = "hot"         // subject: dossier|participant
	LinkCold        Purpose = "cold"        // subject: dossier|participant
	LinkRecap       Purpose = "recap"       // subject: recap
	LinkInvoice     Purpose = "invoice"     // subject: invoice; the supplier uploads
	LinkWithdraw    Purpose = "withdraw"    // subject: invitation or assignment; the retained trainer leaves
	LinkCancel      Purpose = "cancel"      // subject: dossier; the client cancels
	LinkDocument    Purpose = "document"    // subject: SHA-256
)

// Link is what a token is signed over, besides its key: purpose, subject and generation. A subject "…|" ending in a
// bar is completed with the participant's reference when a message goes to every participant.
type Link struct {
	Purpose    Purpose `json:"purpose"`
	Subject    string  `json:"subject"`
	Generation int     `json:"generation,omitempty"`
}

// MessageState is what the expiry of a deadline needs to know of a message that asked.
type MessageState struct {
	Key    string    `json:"key"`
	Status string    `json:"status"`
	SentAt time.Time `json:"sent_at,omitzero"`
}

// MailboxItem is a mail kept by the local mailbox, rendered.
type MailboxItem struct {
	Key       string    `gorm:"primaryKey;size:200" json:"key"`
	MessageID string    `json:"message_id"`
	To        string    `gorm:"column:recipient;index" json:"to"`
	Subject   string    `json:"subject"`
	Text      string    `json:"text"`
	HTML      string    `json:"html"`
	Attach    []string  `gorm:"serializer:json" json:"attach,omitempty"`
	Dossier   string    `gorm:"index" json:"request_ref,omitempty"`
	Template  string    `json:"template"`
	At        time.Time `gorm:"serializer:instant;type:varchar(27);index" json:"at"`
}
