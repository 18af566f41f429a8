package models

import "time"

// ContractKind tells the client's document from the trainer's.
type ContractKind string

// Kinds of contract: an organisation signs a convention, an individual a training contract (F101).
const (
	ContractConvention ContractKind = "convention"
	ContractIndividual ContractKind = "training_contract"
	ContractTrainer    ContractKind = "trainer_contract"
)

// Contract is one document to sign and its signature, written by the request. What is signed is the SHA-256 of the
// rendered document.
type Contract struct {
	Ref        string       `gorm:"primaryKey;size:80" json:"ref"` // D-2026-000123/contract/1
	Dossier    string       `gorm:"index" json:"request_ref"`
	Number     int          `json:"number"`
	Kind       ContractKind `json:"kind"`
	Signer     Role         `json:"signer"` // client or trainer
	TrainerRef string       `json:"trainer_ref,omitempty"`
	Status     string       `json:"status"` // pending, signed, declined, expired, cancelled
	SHA256     string       `json:"sha256"`
	SentAt     time.Time    `gorm:"serializer:instant;type:varchar(27)" json:"sent_at,omitzero"`
	SignedAt   time.Time    `gorm:"serializer:instant;type:varchar(27)" json:"signed_at,omitzero"`
	Note       string       `json:"note_ref,omitempty"`
	DeadlineID string       `json:"deadline_id"`
}

// Contract statuses.
const (
	ContractPending   = "pending"
	ContractSigned    = "signed"
	ContractDeclined  = "declined"
	ContractExpired   = "expired"
	ContractCancelled = "cancelled"
)

// Signable tells whether a signature or a refusal can be recorded: who refused may still sign.
func (c Contract) Signable() bool { return c.Status == ContractPending || c.Status == ContractDeclined }

// WasSigned tells whether there is, or will be, a signed copy: what was signed stays so when it loses its effect.
func (c Contract) WasSigned() bool { return !c.SignedAt.IsZero() }

// withdrawalDays is how long a consumer goes back on a contract signed at a distance, without a reason (C. conso. L221-18).
const withdrawalDays = 14

// ClientDocument is the client's document that stands, nil if there is none.
func ClientDocument(contracts []Contract) *Contract {
	for i := len(contracts) - 1; i >= 0; i-- {
		if c := &contracts[i]; c.Signer == RoleClient && c.Status != ContractCancelled {
			return c
		}
	}
	return nil
}

// Binds tells whether who signed cannot go back alone at an instant any more: an organisation once it has signed, a consumer
// at the end of the day that the law gives them, put off to the next business day (L221-19).
func (c Contract) Binds(now time.Time, calendar Calendar) bool {
	if c.Status != ContractSigned || c.Kind != ContractIndividual {
		return c.Status == ContractSigned
	}
	last := calendar.NextBusinessDay(calendar.DateOf(c.SignedAt).AddDays(withdrawalDays))
	return now.After(calendar.EndOf(last))
}

// ClientBound tells whether a client does not cancel alone any more: what they signed binds them, or without it some of the
// course was held. What is agreed on then is recorded by staff.
func ClientBound(document *Contract, held bool, now time.Time, calendar Calendar) bool {
	if document != nil && document.Status == ContractSigned {
		return document.Binds(now, calendar)
	}
	return held
}

// Began is when what people do about a document may begin: once it is sent, in a dossier that was opened at an instant.
func (c Contract) Began(opened time.Time) time.Time { return Latest(opened, c.SentAt) }

// DocumentKind names what can be rendered.
type DocumentKind string

// Kinds of document.
const (
	DocumentConvention      DocumentKind = "convention"
	DocumentTrainerContract DocumentKind = "trainer_contract"
	DocumentRecap           DocumentKind = "recap"
	DocumentInvoice         DocumentKind = "invoice"
	DocumentCertificate     DocumentKind = "certificate"
	DocumentSheet           DocumentKind = "attendance_sheet"
	DocumentProgramme       DocumentKind = "programme"
	DocumentConvocation     DocumentKind = "convocation"
	DocumentInvoiceDraft    DocumentKind = "invoice_draft" // for a supplier to check, number and issue
	DocumentSigned          DocumentKind = "signed_copy"   // a convention or contract as signed, and who signed it
	DocumentEvidence        DocumentKind = "evidence"      // a scan of what staff recorded for somebody
	DocumentMoneyEvidence   DocumentKind = "money_evidence"
	// What a participant says of the course, or why they were away, which may be medical.
	DocumentParticipantEvidence DocumentKind = "participant_evidence"
)

// EvidenceOf is the kind of a scan that proves a fact: who may open it follows from what it proves.
func EvidenceOf(f FactKind) DocumentKind {
	switch f {
	case FactAbsenceJustified:
		return DocumentParticipantEvidence
	case FactRecapAccepted, FactRecapContested:
		return DocumentMoneyEvidence
	}
	return DocumentEvidence
}

// Money tells whether a document is about what is billed or paid; a contract is about what is agreed on.
func (k DocumentKind) Money() bool {
	return k == DocumentInvoice || k == DocumentInvoiceDraft || k == DocumentRecap || k == DocumentMoneyEvidence
}

// Document is a stored file, found by its content's SHA-256; Subject is what it documents.
type Document struct {
	SHA256    string       `gorm:"primaryKey;size:64" json:"sha256"`
	Kind      DocumentKind `json:"kind"`
	Subject   string       `gorm:"index" json:"subject"`
	Dossier   string       `gorm:"index" json:"request_ref,omitempty"`
	Name      string       `json:"name"`
	MediaType string       `json:"media_type"`
	Size      int64        `json:"size"`
	CreatedAt time.Time    `gorm:"serializer:instant;type:varchar(27);autoCreateTime:false" json:"created_at"`
}
