package models

import "time"

// Leave is an absence of somebody of the staff, and who reads what is meant for them meanwhile.
type Leave struct {
	Ref       string    `gorm:"primaryKey;size:32" json:"ref"` // L-000001
	UserRef   string    `gorm:"index:leave_days,priority:1" json:"user_ref"`
	From      Date      `json:"from"`                                     // first day, Europe/Paris
	Until     Date      `gorm:"index:leave_days,priority:2" json:"until"` // last day
	Backup    string    `json:"backup_ref,omitempty"`                     // user; empty: the team
	Recorder  string    `json:"recorded_by"`
	CreatedAt time.Time `gorm:"serializer:instant;type:varchar(27);autoCreateTime:false" json:"created_at"`
}

// Covers tells whether a day belongs to the absence.
func (l Leave) Covers(day Date) bool { return l.From <= day && day <= l.Until }

// AlertRead says who was the first to read an alert; its copy to the team did not leave then (docs/adr/0007).
type AlertRead struct {
	Alert   string    `gorm:"primaryKey;size:200" json:"alert"` // key of the team's copy in the outbox
	Dossier string    `gorm:"index" json:"request_ref,omitempty"`
	Reader  string    `json:"read_by"` // user or token reference
	At      time.Time `gorm:"serializer:instant;type:varchar(27)" json:"at"`
}
