package models

import "time"

// User is a staff account.
type User struct {
	Ref       string    `gorm:"primaryKey;size:32" json:"ref"` // U-000001
	Login     string    `gorm:"uniqueIndex;size:120" json:"login"`
	Name      string    `json:"name"`
	Email     string    `json:"email"`
	Lang      Lang      `json:"lang"`
	Roles     []Role    `gorm:"serializer:json" json:"roles"`
	Hash      string    `json:"-"` // argon2id
	Active    bool      `json:"active"`
	CreatedAt time.Time `gorm:"serializer:instant;type:varchar(27);autoCreateTime:false" json:"created_at"`
}

// Token lets a machine act; only its SHA-256 is kept.
type Token struct {
	Ref       string    `gorm:"primaryKey;size:32" json:"ref"` // K-000001
	Name      string    `json:"name"`
	SHA256    string    `gorm:"uniqueIndex;size:64" json:"-"`
	Roles     []Role    `gorm:"serializer:json" json:"roles"`
	ExpiresAt time.Time `gorm:"serializer:instant;type:varchar(27)" json:"expires_at,omitzero"` // business time; zero: never
	CreatedAt time.Time `gorm:"serializer:instant;type:varchar(27);autoCreateTime:false" json:"created_at"`
}

// Idempotency keeps the outcome of a command for a caller's key.
type Idempotency struct {
	ID        string    `gorm:"primaryKey;size:64" json:"id"` // SHA-256 of caller, method, path and key
	BodyHash  string    `json:"body_hash"`
	Status    int       `json:"status"` // 0 while under way
	Body      []byte    `json:"body"`
	Workflow  string    `json:"workflow,omitempty"` // the process a command was sent to, empty if none was
	UpdateID  string    `json:"update_id,omitempty"`
	CreatedAt time.Time `gorm:"serializer:instant;type:varchar(27);autoCreateTime:false" json:"created_at"`
}
