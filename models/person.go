package models

import (
	"regexp"
	"time"
)

// Role is who something is awaited from, or who a message goes to.
type Role string

// The roles outside and inside the agency.
const (
	RoleTrainer      Role = "trainer"
	RoleClient       Role = "client" // the contact who asks and signs
	RoleBilling      Role = "billing"
	RoleParticipant  Role = "participant"
	RoleParticipants Role = "participants" // every participant registered on the dossier
	RoleStaff        Role = "staff"        // the owner of the dossier, or the team
	RolePedagogy     Role = "pedagogy"
	RoleFinance      Role = "finance"
	RoleAdmin        Role = "admin"
	RoleSystem       Role = "system"
)

// Lang is a language people are addressed in.
type Lang string

// French first, English second.
const (
	French  Lang = "fr"
	English Lang = "en"
)

// ClientType selects contract form and registration rules (F005).
type ClientType string

// Client types.
const (
	ClientIndividual  ClientType = "individual"
	ClientSoleTrader  ClientType = "sole_trader"
	ClientVerySmall   ClientType = "very_small_firm"
	ClientSME         ClientType = "sme"
	ClientLarge       ClientType = "large_firm"
	ClientAssociation ClientType = "association"
	ClientPublic      ClientType = "public_body"
	ClientEducation   ClientType = "education"
)

// ClientTypes lists the client types in the order forms show them.
var ClientTypes = []ClientType{ClientIndividual, ClientSoleTrader, ClientVerySmall, ClientSME, ClientLarge,
	ClientAssociation, ClientPublic, ClientEducation}

// Organisation tells whether the client signs a convention rather than an individual training contract (F101).
func (t ClientType) Organisation() bool { return t != ClientIndividual }

// Client is a customer, written by the API.
type Client struct {
	Ref       string     `gorm:"primaryKey;size:32" json:"ref"`
	Type      ClientType `json:"type"`
	Name      string     `json:"name"`
	Company   string     `json:"company_number,omitempty"` // SIREN, empty for an individual
	VATNumber string     `json:"vat_number,omitempty"`
	Address   string     `json:"address"`
	CreatedAt time.Time  `gorm:"serializer:instant;type:varchar(27);autoCreateTime:false" json:"created_at"`
}

// bareEmail is the form of addresses without quotes or comments (RFC 5322, dot-atom) at a domain with a dot, letters of any
// language allowed; nothing invisible, which pasting brings.
var bareEmail = func() *regexp.Regexp {
	const atom = `[^\pZ\pC"(),.:;<>@\[\\\]]+`
	const label = `[\pL\pN](?:[\pL\pM\pN-]*[\pL\pM\pN])?` // marks: accents written apart
	return regexp.MustCompile("^" + atom + `(?:\.` + atom + `)*@` + label + `(?:\.` + label + `)+$`)
}()

// CheckEmail checks an address that people typed. It is kept as it is written on mails: with a name, quotes or angle
// brackets around it, some transports would refuse it. Errors: invalid_input.
func CheckEmail(address string) error {
	if !bareEmail.MatchString(address) {
		return NewError(CodeInvalid, "an address alone is needed, such as camille@example.org")
	}
	return nil
}

// Contact is a person at a client: who asks and signs, or who is billed.
type Contact struct {
	Ref       string `gorm:"primaryKey;size:32" json:"ref"`
	ClientRef string `gorm:"index" json:"client_ref"`
	Name      string `json:"name"`
	Email     string `json:"email"`
	Phone     string `json:"phone,omitempty"`
	Lang      Lang   `json:"lang"`
}

// LegalForm is how a trainer works (F021).
type LegalForm string

// Legal forms.
const (
	FormCompany     LegalForm = "company"
	FormMicro       LegalForm = "micro_entrepreneur"
	FormUmbrella    LegalForm = "umbrella"
	FormTempAgency  LegalForm = "temp_agency"
	FormCooperative LegalForm = "cooperative"
	FormForeign     LegalForm = "foreign"
)

// Intermediated tells whether a company sells the trainer's work for them: its number, and its name, serve contract, invoice
// and payment (F021).
func (f LegalForm) Intermediated() bool {
	return f == FormUmbrella || f == FormTempAgency || f == FormCooperative
}

// VATStatus is how a supplier stands towards VAT (rules section 3).
type VATStatus string

// VAT statuses.
const (
	VATTaxable   VATStatus = "taxable"
	VATFranchise VATStatus = "franchise"
	VATExempt    VATStatus = "exempt_training"
	VATReverse   VATStatus = "reverse_charge"
)

// RateBps is the VAT rate in basis points that a supplier of this status charges.
func (s VATStatus) RateBps() int64 {
	if s == VATTaxable {
		return 2000
	}
	return 0
}

// Trainer is the master record of a trainer, written by the API. Process state about a trainer is elsewhere.
type Trainer struct {
	Ref         string    `gorm:"primaryKey;size:32" json:"ref"`
	Name        string    `json:"name"`
	Email       string    `json:"email"`
	Phone       string    `json:"phone,omitempty"`
	Lang        Lang      `json:"lang"`
	Address     string    `json:"address,omitempty"`
	Department  string    `json:"department,omitempty"` // two-character French department, for distance
	LegalForm   LegalForm `json:"legal_form"`
	Company     string    `json:"company_number,omitempty"` // SIREN of the trainer or of the intermediary (F021, F022)
	VATStatus   VATStatus `json:"vat_status"`
	VATNumber   string    `json:"vat_number,omitempty"`
	NDA         string    `json:"activity_number,omitempty"`
	Label       bool      `json:"quality_label"`
	IBAN        string    `json:"iban,omitempty"`
	SelfBilling bool      `json:"self_billing_mandate"` // a signed mandate exists (CGI 289 I-2)
	RateCents   Cents     `json:"rate_cents,omitempty"` // own reference rate (F055)
	RateUnit    Unit      `json:"rate_unit,omitempty"`
	Validated   bool      `json:"validated"` // profile checked by staff (F036)
	Active      bool      `json:"active"`
	CreatedAt   time.Time `gorm:"serializer:instant;type:varchar(27);autoCreateTime:false" json:"created_at"`
	Skills      []Skill   `gorm:"foreignKey:TrainerRef;references:Ref" json:"skills"`

	Intermediary string `json:"intermediary_name,omitempty"` // the company that sells their work, where the legal form is Intermediated
	Titles       string `json:"titles,omitempty"`            // diplomas, certificates and references (F018)
}

// Domestic tells whether the supplier is established in France; only then may it be self-billed (F192, F193).
func (t Trainer) Domestic() bool { return t.LegalForm != FormForeign }

// Supplier is what paying the trainer depends on.
func (t Trainer) Supplier() Supplier {
	return Supplier{Domestic: t.Domestic(), Mandate: t.SelfBilling, VAT: t.VATStatus, Company: t.Company != "", Umbrella: t.LegalForm == FormUmbrella}
}

// Lacking is what keeps a supplier from being paid: no company number (F022), no account (F203). Abroad, some banks know no
// IBAN: finance have the account otherwise.
func (t Trainer) Lacking() (out []Code) {
	if t.Company == "" {
		out = append(out, CodeCompanyNumber)
	}
	if t.IBAN == "" && t.Domestic() {
		out = append(out, CodeAccountMissing)
	}
	return out
}

// Payee is the name of who sells a trainer's work, invoices it and is paid: the intermediary if it is known, else the trainer.
func (t Trainer) Payee() string {
	if t.LegalForm.Intermediated() && t.Intermediary != "" {
		return t.Intermediary
	}
	return t.Name
}

// Skill is one skill of a trainer with its level, 1 to 5 (F020).
type Skill struct {
	TrainerRef string `gorm:"primaryKey;size:32" json:"-"`
	Topic      string `gorm:"primaryKey;size:64" json:"topic" doc:"A topic of the catalogue"`
	Level      int    `json:"level" doc:"1 to 5 (F020)"`
}

// Course is a line of the catalogue: what a request can be about.
type Course struct {
	Topic    string `gorm:"primaryKey;size:64" json:"topic"` // stable slug, e.g. "tableur"
	TitleFR  string `json:"title_fr"`
	TitleEN  string `json:"title_en"`
	Similar  string `json:"similar"`  // comma-separated topics declared as similar (F049)
	Adjacent string `json:"adjacent"` // comma-separated topics that need upskilling (F050)
}

// Participant is a person registered on a dossier (F112, F114). Without a name the entry is incomplete; without an
// address nothing can be sent (F122).
type Participant struct {
	Ref       string    `gorm:"primaryKey;size:32" json:"ref"`
	Dossier   string    `gorm:"index" json:"request_ref"`
	Name      string    `json:"name"`
	Email     string    `json:"email"`
	Lang      Lang      `json:"lang"`
	CreatedAt time.Time `gorm:"serializer:instant;type:varchar(27);autoCreateTime:false" json:"created_at"`
	RemovedAt time.Time `gorm:"serializer:instant;type:varchar(27)" json:"removed_at,omitzero"`
}

// Incomplete tells whether nothing can be sent to a participant: without a name or an address (F114).
func (p Participant) Incomplete() bool { return p.Name == "" || p.Email == "" }

// Note is a free text of somebody, stored apart so that workflows carry only its reference.
type Note struct {
	Ref     string    `gorm:"primaryKey;size:40" json:"ref"`
	Dossier string    `gorm:"index" json:"request_ref"`
	Author  string    `json:"author"` // user or person reference
	Text    string    `json:"text"`
	At      time.Time `gorm:"serializer:instant;type:varchar(27)" json:"at"`
}
