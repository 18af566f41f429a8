package models

import "time"

// MatchInput asks for the trainers to contact, in order (F049, F051).
type MatchInput struct {
	Dossier  string   `json:"dossier"`
	Scope    Scope    `json:"scope"`
	Adjacent bool     `json:"adjacent"` // holders of adjacent skills, flagged as needing upskilling (F050)
	Exclude  []string `json:"exclude,omitempty"`
	Only     []string `json:"only,omitempty"` // named by staff
	Limit    int      `json:"limit"`          // 0: all
	// TargetRateShare is the policy's share of the budget for the trainer, in % (F056); 0 when it has none.
	TargetRateShare int `json:"target_rate_share,omitempty"`
}

// Allocation asks for the next number of a series; the same key always gets the same number.
type Allocation struct {
	Series string `json:"series"`
	Key    string `json:"key"`
	Year   int    `json:"year"` // business year
}

// RenderInput names a document to render from the database. At is its date (business time).
type RenderInput struct {
	Kind    DocumentKind `json:"kind"`
	Subject string       `json:"subject"` // contract, recap or invoice reference
	Dossier string       `json:"dossier,omitempty"`
	At      time.Time    `json:"at"`
	// What the row will hold once the step is written; rendering comes first since the row carries the SHA-256.
	Contract *Contract `json:"contract,omitempty"`
	Recap    *Recap    `json:"recap,omitempty"`
	Invoice  *Invoice  `json:"invoice,omitempty"`
	Rate     *Offer    `json:"rate,omitempty"`
	Order    *Order    `json:"order,omitempty"` // of a contract, as its process will bill it; that of the brief if absent
	Terms    *Terms    `json:"terms,omitempty"` // those of the standard policy if absent
}

// Terms are what a policy promises or asks for in documents.
type Terms struct {
	PromiseDays     int   `json:"promise_days"` // from receipt and conformity to payment
	VigilanceCents  Cents `json:"vigilance_cents"`
	VigilanceMonths int   `json:"vigilance_months"`
	UndisputedPaid  bool  `json:"undisputed_paid,omitempty"` // lines of a statement that are not contested are billed at once
}

// Terms is what the documents of the policy's requests say.
func (p Policy) Terms() *Terms {
	return &Terms{PromiseDays: p.PromiseDays, VigilanceCents: p.VigilanceThreshold, VigilanceMonths: p.VigilancePeriod,
		UndisputedPaid: p.UndisputedPart == UndisputedPay}
}

// Offer is a rate per unit.
type Offer struct {
	Cents Cents `json:"cents"`
	Unit  Unit  `json:"unit"`
}

// Named tells whether a rate is said, and per what (F072).
func (o Offer) Named() bool { return o.Cents > 0 && o.Unit.Valid() }

// LinesQuery asks for the open lines of a month of pay.
type LinesQuery struct {
	Payer      string `json:"payer"`
	TrainerRef string `json:"trainer_ref"`
	Month      Month  `json:"month"`
}

// Supplier is what paying a trainer depends on; it holds nothing personal.
type Supplier struct {
	Domestic bool      `json:"domestic"`
	Mandate  bool      `json:"mandate"` // express written self-billing mandate
	VAT      VATStatus `json:"vat"`
	Company  bool      `json:"company"` // a company number is known (F199)
	Umbrella bool      `json:"umbrella"`
}

// Mandates tells whether the supplier may be self-billed, and gave a mandate for it (F192, F193).
func (s Supplier) Mandates() bool { return s.Domestic && s.Mandate && !s.Umbrella }

// SelfBills tells whether the agency writes the supplier's invoices (F192, F193).
func (p Policy) SelfBills(s Supplier) bool {
	return p.SelfBilling == SelfBillingDomestic && s.Mandates()
}

// EvaluationQuery asks how many answered a questionnaire.
type EvaluationQuery struct {
	Dossier string `json:"dossier"`
	Kind    string `json:"kind"`
}

// EvaluationReading counts the answers to a questionnaire; Missing lists who has not answered.
type EvaluationReading struct {
	Expected int      `json:"expected"`
	Missing  []string `json:"missing,omitempty"`
}

// CertificateInput asks for the certificates of a course, one per participant who attended.
type CertificateInput struct {
	Dossier string    `json:"dossier"`
	At      time.Time `json:"at"`
}
