package models

import "time"

// InvitationStatus is where the answer of one asked trainer stands. Silent is not declined (F070).
type InvitationStatus string

// Invitation statuses.
const (
	InvitationSent          InvitationStatus = "sent"
	InvitationInterested    InvitationStatus = "interested"
	InvitationDeclined      InvitationStatus = "declined"
	InvitationSilent        InvitationStatus = "silent"
	InvitationUndeliverable InvitationStatus = "undeliverable"
	InvitationChosen        InvitationStatus = "chosen"
	InvitationNotRetained   InvitationStatus = "not_retained" // another was engaged, or the search ended
	InvitationDropped       InvitationStatus = "dropped"      // chosen, then unfit, expired or withdrawn
)

// Invitation is one trainer asked about one search, written by its Solicitation workflow.
type Invitation struct {
	Ref         string           `gorm:"primaryKey;size:80" json:"ref"` // D-2026-000123/1/invitation/3
	Dossier     string           `gorm:"index" json:"request_ref"`
	Search      int              `json:"search"`
	Number      int              `json:"number"`
	Wave        int              `json:"wave"`
	TrainerRef  string           `gorm:"index" json:"trainer_ref"`
	Status      InvitationStatus `json:"status"`
	Upskilling  bool             `json:"upskilling"`        // adjacent skill only (F050)
	UpskillOK   bool             `json:"upskilling_agreed"` // the trainer agreed to it
	RateCents   Cents            `json:"rate_cents,omitempty"`
	RateUnit    Unit             `json:"rate_unit,omitempty"`
	Score       int              `json:"score"` // contact order, 0 to 1000 (F051)
	DeadlineID  string           `json:"deadline_id"`
	SentAt      time.Time        `gorm:"serializer:instant;type:varchar(27)" json:"sent_at"`
	AnsweredAt  time.Time        `gorm:"serializer:instant;type:varchar(27)" json:"answered_at,omitzero"`
	LateAnswer  string           `json:"late_answer,omitempty"` // interested or declined after silence (F071)
	Note        string           `json:"note_ref,omitempty"`
	DecidedNote string           `json:"decision_note_ref,omitempty"` // why chosen (F066)
}

// AwaitsAnswer tells whether the trainer's answer would still be heard, even after silence (F071).
func (i Invitation) AwaitsAnswer() bool {
	return i.Status == InvitationSent || i.Status == InvitationUndeliverable || i.Status == InvitationSilent && i.LateAnswer == ""
}

// Answered tells whether the trainer's first answer stands: another one changes nothing.
func (i Invitation) Answered() bool {
	return i.Status == InvitationInterested || i.Status == InvitationDeclined || i.Status == InvitationChosen
}

// Candidate is one trainer found by matching, in contact order.
type Candidate struct {
	TrainerRef string `json:"trainer_ref"`
	Score      int    `json:"score"`
	Upskilling bool   `json:"upskilling,omitempty"`
}
