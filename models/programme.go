package models

import (
	"slices"
	"time"
)

// Programme is one version of the adapted programme, its decision written by the request; its text is a
// ProgrammeText written by the API.
type Programme struct {
	Ref         string    `gorm:"primaryKey;size:80" json:"ref"` // D-2026-000123/programme/2
	Dossier     string    `gorm:"index" json:"request_ref"`
	Number      int       `json:"number"`
	TrainerRef  string    `json:"trainer_ref"`
	Status      string    `json:"status"` // awaited, submitted, returned, approved, waived, cancelled
	TextRef     string    `json:"text_ref,omitempty"`
	SubmittedAt time.Time `gorm:"serializer:instant;type:varchar(27)" json:"submitted_at,omitzero"`
	Note        string    `json:"note_ref,omitempty"` // why it was returned
	DeadlineID  string    `json:"deadline_id"`
}

// Programme statuses.
const (
	ProgrammeAwaited   = "awaited"
	ProgrammeSubmitted = "submitted"
	ProgrammeReturned  = "returned"
	ProgrammeApproved  = "approved"
	ProgrammeWaived    = "waived"
	ProgrammeCancelled = "cancelled"
)

// Receivable tells whether a text for this version may still come: until it is decided, another may replace it.
func (p Programme) Receivable() bool {
	return p.Status == ProgrammeAwaited || p.Status == ProgrammeSubmitted
}

// Stands tells whether what was written of this version is what the client signs for, unless a later one is.
func (p Programme) Stands() bool {
	return p.TextRef != "" && p.Status != ProgrammeCancelled && p.Status != ProgrammeReturned
}

// CheckWithoutProgramme checks that the client's document can be drawn up without a programme still to be written: from a
// version that stands, or for an organisation from its needs. Errors: needs_unknown.
func CheckWithoutProgramme(b Brief, versions []Programme) error {
	if slices.ContainsFunc(versions, Programme.Stands) || b.ClientType.Organisation() && b.Needs != "" {
		return nil
	}
	return NewError(CodeNeedsUnknown, "neither a programme nor needs")
}

// ProgrammeText is what the trainer wrote: any layout that holds these four parts (F091).
type ProgrammeText struct {
	Ref        string    `gorm:"primaryKey;size:40" json:"ref"`
	Dossier    string    `gorm:"index" json:"request_ref"`
	Objectives string    `json:"objectives"`
	Content    string    `json:"content"`
	Methods    string    `json:"methods"`
	Assessment string    `json:"assessment"`
	CreatedAt  time.Time `gorm:"serializer:instant;type:varchar(27);autoCreateTime:false" json:"created_at"`
}

// Missing names the required parts that are empty, in form order (F091).
func (t ProgrammeText) Missing() []string {
	var out []string
	for _, p := range []struct{ name, text string }{{"objectives", t.Objectives}, {"content", t.Content},
		{"methods", t.Methods}, {"assessment", t.Assessment}} {
		if p.text == "" {
			out = append(out, p.name)
		}
	}
	return out
}
