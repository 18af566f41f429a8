package models

import (
	"strings"
	"time"
)

// Stage is where a training request stands.
type Stage string

// The stages of a request, in their usual order, then its exits.
const (
	StageQualification Stage = "qualification"
	StageSolicitation  Stage = "solicitation"
	StageAudit         Stage = "audit"
	StageProgramme     Stage = "programme"
	StageInterview     Stage = "interview"
	StageContract      Stage = "contract"
	StageReadiness     Stage = "readiness"
	StageSessions      Stage = "sessions"
	StageDelivered     Stage = "delivered"
	StageClosed        Stage = "closed"
	StageHandedOver    Stage = "handed_over"
	StageCancelled     Stage = "cancelled"
)

// Ended tells whether nothing can change any more.
func (s Stage) Ended() bool {
	return s == StageClosed || s == StageHandedOver || s == StageCancelled
}

// Mode is how a course is delivered (F006).
type Mode string

// Delivery modes; all but remote need an address.
const (
	ModeClient Mode = "at_client"
	ModeCentre Mode = "in_centre"
	ModeRemote Mode = "remote"
	ModeMixed  Mode = "mixed"
)

// OnSite tells whether an address is needed.
func (m Mode) OnSite() bool { return m != ModeRemote }

// Order is what the client buys: a volume in half-days and its price.
type Order struct {
	HalfDays       int   `json:"half_days"`
	Unit           Unit  `json:"unit"`
	Quantity       int64 `json:"quantity"` // hundredths of Unit
	UnitPriceCents Cents `json:"unit_price_cents"`
	VATBps         int64 `json:"vat_bps"`
}

// TotalCents is the price excluding tax, rounded half-even.
func (o Order) TotalCents() Cents { return MulQuantity(o.UnitPriceCents, o.Quantity) }

// Unplanned is how many half-days of the order no session stands for; below zero if there are too many.
func (o Order) Unplanned(sessions []Session) int {
	n := o.HalfDays
	for _, s := range sessions {
		if s.Counts() {
			n -= len(s.HalfDays)
		}
	}
	return n
}

// Part is what was delivered of the order once that many of its half-days are held, as an invoice of that amount words it:
// a quantity at the unit price where they come to it, else a flat price (CGI ann. II 242 nonies A: quantity and unit price).
func (o Order) Part(held int, net Cents) Order {
	if held < o.HalfDays && o.Unit != UnitFlat {
		o.Quantity = o.Quantity * int64(held) / int64(o.HalfDays)
	}
	if o.TotalCents() != net {
		o.Unit, o.Quantity, o.UnitPriceCents = UnitFlat, 100, net
	}
	return o
}

// CostAt is what the whole order is worth at a rate; false if the number of hours is not known yet.
func (o Order) CostAt(rate Cents, unit Unit) (Cents, bool) {
	switch unit {
	case UnitFlat:
		return rate, true
	case o.Unit:
		return MulQuantity(rate, o.Quantity), true
	}
	quantity := Quantity(unit, o.HalfDays, 0)
	return MulQuantity(rate, quantity), quantity > 0
}

// Brief is what is known of a request: written by the API at intake and by qualification, read by pages, mails and
// documents. What the process needs of it travels, without personal data, in Scope.
type Brief struct {
	Ref         string     `gorm:"primaryKey;size:32" json:"ref"`
	Channel     Channel    `json:"channel"` // site, partner, phone, mail (F001)
	Partner     string     `json:"partner,omitempty"`
	ClientRef   string     `gorm:"index" json:"client_ref"`
	ClientType  ClientType `json:"client_type"`
	ContactRef  string     `json:"contact_ref"`
	BillingRef  string     `json:"billing_contact_ref"`
	Topic       string     `json:"topic"`
	Title       string     `json:"title"`
	Needs       string     `json:"needs"` // free text
	Mode        Mode       `json:"mode"`
	Address     string     `json:"address,omitempty"`
	Department  string     `json:"department,omitempty"`
	GroupSize   int        `json:"group_size"`
	Level       string     `json:"level,omitempty"` // beginner, intermediate, expert (F010)
	Funding     string     `json:"funding"`         // F009
	BudgetCents Cents      `json:"budget_cents"`    // 0: not known yet (F008)
	WantedFrom  Date       `json:"wanted_from,omitempty"`
	Urgent      bool       `json:"urgent"`
	Order       Order      `gorm:"embedded;embeddedPrefix:order_" json:"order"`
	Policy      string     `json:"policy"`
	Owner       string     `json:"owner"` // user reference of the case officer
	CreatedAt   time.Time  `gorm:"serializer:instant;type:varchar(27);autoCreateTime:false" json:"created_at"`
}

// Exceeded tells whether more people are registered than the client announced (F007): allowed, and shown.
func (b Brief) Exceeded(registered int) bool { return b.GroupSize > 0 && registered > b.GroupSize }

// Scope is the part of a brief that decides how the process goes; it holds nothing personal.
type Scope struct {
	Topic       string     `json:"topic"`
	ClientType  ClientType `json:"client_type"`
	Mode        Mode       `json:"mode"`
	Department  string     `json:"department,omitempty"`
	GroupSize   int        `json:"group_size"`
	Funding     string     `json:"funding"`
	BudgetCents Cents      `json:"budget_cents"`
	Urgent      bool       `json:"urgent"`
	Order       Order      `json:"order"`
	Owner       string     `json:"owner"`
}

// Scope extracts what the process needs.
func (b Brief) Scope() Scope {
	return Scope{Topic: b.Topic, ClientType: b.ClientType, Mode: b.Mode, Department: b.Department,
		GroupSize: b.GroupSize, Funding: b.Funding, BudgetCents: b.BudgetCents, Urgent: b.Urgent, Order: b.Order,
		Owner: b.Owner}
}

// Request is the projection of a TrainingRequest workflow, its only writer (through Apply).
type Request struct {
	Ref          string    `gorm:"primaryKey;size:32" json:"ref"`
	Stage        Stage     `gorm:"index" json:"stage"`
	Policy       string    `json:"policy"`
	PolicyHash   string    `json:"policy_version"`
	Topic        string    `json:"topic"`
	Owner        string    `gorm:"index" json:"owner"`
	Solicitation int       `json:"solicitation"` // number of the current search, 0 before the first
	TrainerRef   string    `json:"trainer_ref,omitempty"`
	RateCents    Cents     `json:"rate_cents,omitempty"` // agreed with the trainer
	RateUnit     Unit      `json:"rate_unit,omitempty"`
	Alert        string    `gorm:"index" json:"alert,omitempty"` // the newest of the alerts that stand: a sentence key
	AlertAt      time.Time `gorm:"serializer:instant;type:varchar(27)" json:"alert_since,omitzero"`
	Outcome      string    `json:"outcome,omitempty"` // why it ended: closed, cancelled_by_client…
	HalfDaysHeld int       `json:"half_days_held"`
	InvoiceRef   string    `json:"client_invoice_ref,omitempty"`
	OpenedAt     time.Time `gorm:"serializer:instant;type:varchar(27)" json:"opened_at"`
	DeliveredAt  time.Time `gorm:"serializer:instant;type:varchar(27)" json:"delivered_at,omitzero"`
	EndedAt      time.Time `gorm:"serializer:instant;type:varchar(27)" json:"ended_at,omitzero"`
}

// Alert is something of a dossier that a person must look at, until it is settled.
type Alert struct {
	Dossier string    `gorm:"primaryKey;size:32" json:"request_ref"`
	Alert   string    `gorm:"primaryKey;size:64" json:"alert"`    // a sentence key
	Subject string    `gorm:"primaryKey;size:200" json:"subject"` // reference of what it is about
	Since   time.Time `gorm:"serializer:instant;type:varchar(27)" json:"since"`
	Place   int       `json:"-"` // among those of the dossier as its process lists them: the newest last, or raised again last
}

// Alerts about a message, which the store takes back once it is settled.
const (
	AlertUndeliverable = "message_undeliverable" // Message.AlertSubject says about what
	AlertParked        = "message_parked"        // about the message's key
)

// JournalLine is one line of a dossier's timeline: what happened, when, by whom, through which channel. Its sentence
// is looked up by Kind and filled with Args, which hold references and figures only.
type JournalLine struct {
	ID       string    `gorm:"primaryKey;size:160" json:"id"` // workflow ID, step and index: written once
	Dossier  string    `gorm:"index:journal_dossier,priority:1" json:"request_ref"`
	At       time.Time `gorm:"serializer:instant;type:varchar(27);index:journal_dossier,priority:2" json:"at,omitzero" required:"true"`
	Kind     string    `json:"kind"`
	Subject  string    `json:"subject,omitempty"`
	Actor    string    `json:"actor"` // role or reference
	Channel  Channel   `json:"channel,omitempty"`
	Recorder string    `json:"recorded_by,omitempty"` // staff who keyed it for somebody
	Note     string    `json:"note_ref,omitempty"`
	Args     Args      `gorm:"serializer:json" json:"args,omitempty"`
}

// Excuse tells whether a line's note is why somebody was away (F136), which may be about their health; late too.
func (l JournalLine) Excuse() bool {
	return l.Kind == string(FactAbsenceJustified) || l.Args.Get("fact") == string(FactAbsenceJustified)
}

// Echo tells whether a line is what a dossier wrote of an invoice or a month that told it: these tell it themselves, once, and
// as many dossiers as they pay for repeat it.
func (l JournalLine) Echo() bool {
	switch FactKind(l.Kind) {
	case FactLinesSettled, FactInvoicePaid, FactInvoiceUnpaid:
		return l.Dossier != "" && strings.HasPrefix(l.ID, RequestID(l.Dossier)+"#")
	}
	return false
}

// Args are the named values of a sentence, in a fixed order.
type Args []Arg

// Arg is one named value of a sentence.
type Arg struct {
	Name  string `json:"n"`
	Value string `json:"v"`
}

// Get is the value called name, or the empty string.
func (a Args) Get(name string) string {
	for _, x := range a {
		if x.Name == name {
			return x.Value
		}
	}
	return ""
}
