package models

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Step is what one workflow writes at once: changed rows, journal, deadlines, messages and facts for others. Apply
// writes it in one transaction; a step with the same or an older number is ignored and its recorded result returned.
type Step struct {
	Workflow  string         `json:"workflow"`
	Run       string         `json:"run"`
	Seq       int64          `json:"seq"`
	At        time.Time      `json:"at"` // business time
	Dossier   string         `json:"dossier,omitempty"`
	Policy    string         `json:"policy,omitempty"`
	Rows      Rows           `json:"rows,omitzero"`
	Journal   []JournalLine  `json:"journal,omitempty"`
	Deadlines []Deadline     `json:"deadlines,omitempty"`
	Expiries  []string       `json:"expiries,omitempty"` // deadlines whose timer fired
	Messages  []Message      `json:"messages,omitempty"`
	Withdraw  []string       `json:"withdraw,omitempty"` // keys of messages not to send any more
	Facts     []Fact         `json:"facts,omitempty"`
	Handled   []FactHandling `json:"handled,omitempty"`
}

// Complete is the step with everything in its parts that they have in common with it, and therefore do not say in a history:
// whose they are, of which dossier, when. What they say themselves stands.
func (s Step) Complete() Step {
	s.Journal, s.Deadlines, s.Messages, s.Rows.Alerts = slices.Clone(s.Journal), slices.Clone(s.Deadlines), slices.Clone(s.Messages), slices.Clone(s.Rows.Alerts)
	instant := func(t *time.Time) {
		if t.IsZero() {
			*t = s.At
		}
	}
	for i := range s.Journal {
		l := &s.Journal[i]
		l.ID, l.Dossier = cmp.Or(l.ID, fmt.Sprintf("%s#%d.%d", s.Workflow, s.Seq, i+1)), cmp.Or(l.Dossier, s.Dossier)
		instant(&l.At)
	}
	for i := range s.Deadlines {
		d := &s.Deadlines[i]
		d.Workflow, d.Dossier = cmp.Or(d.Workflow, s.Workflow), cmp.Or(d.Dossier, s.Dossier)
	}
	for i := range s.Messages {
		m := &s.Messages[i]
		m.Workflow, m.Dossier, m.Status = cmp.Or(m.Workflow, s.Workflow), cmp.Or(m.Dossier, s.Dossier), cmp.Or(m.Status, MessageQueued)
		instant(&m.NotBefore)
		instant(&m.CreatedAt)
	}
	for i := range s.Rows.Alerts {
		a := &s.Rows.Alerts[i]
		a.Dossier, a.Place = cmp.Or(a.Dossier, s.Dossier), i
	}
	return s
}

// FactHandling is what a workflow did with a fact.
type FactHandling struct {
	ID    string `json:"id"`
	State string `json:"state"` // applied, ignored, late
}

// Rows are the projected rows a step upserts, whole. A new line's month is decided by Apply: its payee's first
// unsettled one.
type Rows struct {
	Request     *Request     `json:"request,omitempty"`
	Alerts      []Alert      `json:"alerts,omitempty"` // all that stand, with the request: the others are over
	Invitations []Invitation `json:"invitations,omitempty"`
	Audits      []Audit      `json:"audits,omitempty"`
	Programmes  []Programme  `json:"programmes,omitempty"`
	Contracts   []Contract   `json:"contracts,omitempty"`
	NewSessions []Session    `json:"new_sessions,omitempty"` // inserted once: their own processes write them from then on
	Sessions    []Session    `json:"sessions,omitempty"`
	Absences    []Absence    `json:"absences,omitempty"`
	NewLines    []PayLine    `json:"new_lines,omitempty"` // inserted once; the fact line_due for their month goes with them
	Lines       []PayLine    `json:"lines,omitempty"`     // updated by the month or the invoice that owns them
	Reopened    []PayLine    `json:"reopened,omitempty"`  // due again: they move to their payee's first unsettled month
	Recaps      []Recap      `json:"recaps,omitempty"`
	PayMonth    *PayMonth    `json:"pay_month,omitempty"`
	Invoices    []Invoice    `json:"invoices,omitempty"`
}

// StepResult is what Apply answers: for each expiry, whether it was missed, or the facts received in time.
type StepResult struct {
	Expiries []ExpiryResult `json:"expiries,omitempty"`
}

// ExpiryResult is the outcome of one expiry: missed is written only when no fact answered in time and every message
// that asked has left (or is known not to be deliverable) no later than Asked says.
type ExpiryResult struct {
	DeadlineID string         `json:"deadline_id"`
	Missed     bool           `json:"missed"`
	Facts      []Fact         `json:"facts,omitempty"` // received in time, whether signalled or not
	Asked      []MessageState `json:"asked,omitempty"`
}

// Common is what every process is told at its start.
type Common struct {
	Policy Policy `json:"policy"`
	Clock  Clock  `json:"clock"`
}

// RequestInput starts a TrainingRequest.
type RequestInput struct {
	Common
	Ref      string  `json:"ref"`
	Scope    Scope   `json:"scope"`
	Channel  Channel `json:"channel,omitempty"`     // how it reached the agency
	Recorder string  `json:"recorded_by,omitempty"` // staff who keyed it
}

// SolicitationInput starts a Solicitation.
type SolicitationInput struct {
	Common
	Dossier   string       `json:"dossier"`
	Number    int          `json:"number"`
	Scope     Scope        `json:"scope"`
	Asked     []string     `json:"asked,omitempty"`      // trainers already asked about this version, or who left
	RunnersUp []Invitation `json:"runners_up,omitempty"` // interested in an earlier search of the same version
}

// SolicitationResult is what is kept of a search: the interested trainers that were not retained, and all who were asked.
type SolicitationResult struct {
	RunnersUp []Invitation `json:"runners_up,omitempty"`
	Asked     []string     `json:"asked,omitempty"`
}

// SessionInput starts a Session.
type SessionInput struct {
	Common
	Session   Session `json:"session"`
	RateCents Cents   `json:"rate_cents"`
	RateUnit  Unit    `json:"rate_unit"`
	LineCents Cents   `json:"line_cents,omitempty"` // the session's share of a flat rate
	First     bool    `json:"first"`                // the positioning test goes with its convocation
	Owner     string  `json:"owner,omitempty"`      // who is alerted
}

// SessionResult is how a session ended.
type SessionResult struct {
	Session  Session   `json:"session"`
	Line     string    `json:"line,omitempty"` // its pay line, when validated and paid
	Absences []Absence `json:"absences,omitempty"`
}

// FollowUpInput starts a FollowUp.
type FollowUpInput struct {
	Common
	Dossier   string    `json:"dossier"`
	CourseEnd time.Time `json:"course_end"`
	Owner     string    `json:"owner,omitempty"`
}

// RemunerationInput starts a trainer's month.
type RemunerationInput struct {
	Common
	Payer      string `json:"payer"`
	TrainerRef string `json:"trainer_ref"`
	Month      Month  `json:"month"`
	Owner      string `json:"owner,omitempty"`
}

// InvoiceInput starts an Invoice.
type InvoiceInput struct {
	Common
	Invoice Invoice   `json:"invoice"`
	Lines   []PayLine `json:"lines,omitempty"` // what it pays
	Owner   string    `json:"owner,omitempty"` // who is alerted
}
