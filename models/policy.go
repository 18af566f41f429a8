package models

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// Off is the value of a choice that a way of working does not use.
const Off = "off"

// Values of a policy's choices that the engine honours.
const (
	SearchAfterNeeds       = "after_needs"
	SearchOnCreation       = "on_creation"
	DebtorAgency           = "agency"
	PayTriggerRecap        = "recap"
	UndisputedPay          = "pay"
	UndisputedWait         = "wait"
	SelfBillingDomestic    = "domestic"
	PromiseFromConformity  = "conform"
	ClosureWhenPaid        = "paid"
	ClosureWhenTransmitted = "transmitted"
)

// Policy is one way of working: what differs between agencies, never code branches by name. It is pinned in the input
// of each request; rules section 13 lists and explains its parameters. A Delay, a count or a choice that is off does
// not apply.
type Policy struct {
	Name    string `json:"name"`
	Version string `json:"version"` // hash of the resolved content
	Label   Label  `json:"label"`

	// The search.
	SearchStart        string    `json:"search_start"`
	Stages             []Stage   `json:"stages"`
	ManagementEnds     string    `json:"trainer_management_ends"` // where a mandate of trainer management stops
	SilenceDelay       Delay     `json:"silence_delay"`
	UrgentSilenceDelay Delay     `json:"urgent_silence_delay"`
	ReminderDelay      Delay     `json:"reminder_delay"` // after the invitation left
	WaveSize           int       `json:"wave_size"`      // 0: all eligible at once
	MaxWaves           int       `json:"max_waves"`
	LateAnswer         string    `json:"late_answer"`
	TargetRateShare    int       `json:"target_rate_share"` // % of the budget
	TargetRateSource   string    `json:"target_rate_source"`
	MailHours          MailHours `json:"mail_hours"`
	AgencyClosures     []Date    `json:"agency_closures"`
	GroupAlert         int       `json:"group_alert"` // people above which staff check

	// Trainers.
	ApplicationAnswer                  Delay        `json:"application_answer"`
	ApplicationAnswerMentor            Delay        `json:"application_answer_mentor"`
	ApplicationAnswerCoach             Delay        `json:"application_answer_coach"`
	ApplicationCloseWithoutAnswer      Delay        `json:"application_close_without_answer"`
	ApplicationCloseWithoutAnswerCoach Delay        `json:"application_close_without_answer_coach"`
	LevelGate                          bool         `json:"level_gate"`
	NativeWish                         bool         `json:"native_wish"`
	SkillTestValidity                  int          `json:"skill_test_validity"` // months
	CVValidity                         int          `json:"cv_validity"`         // months
	CVRenewal                          string       `json:"cv_renewal"`
	NDAPolicy                          string       `json:"nda_policy"`
	LabelPolicy                        string       `json:"label_policy"`
	CPFCeiling                         []DatedCents `json:"cpf_ceiling"`
	VigilanceThreshold                 Cents        `json:"vigilance_threshold"`
	VigilancePeriod                    int          `json:"vigilance_period"` // months
	VigilanceCollector                 string       `json:"vigilance_collector"`

	// From the audit to the contracts.
	AuditCallWindow           Delay              `json:"audit_call_window"`
	AuditCall                 string             `json:"audit_call"`
	ProgrammeDelay            Delay              `json:"programme_delay"`
	ProgrammeSource           string             `json:"programme_source"`
	ContractParty             string             `json:"contract_party"`
	ContractSignatureExpiry   Delay              `json:"contract_signature_expiry"`
	ContractSignatureReminder Delay              `json:"contract_signature_reminder"`
	ClientSignatureExpiry     Delay              `json:"client_signature_expiry"`
	ClientSignatureReminder   Delay              `json:"client_signature_reminder"`
	CancellationCompensation  []CancellationStep `json:"cancellation_compensation"`

	// Sessions.
	PlanBeforeStart            bool   `json:"plan_before_start"`
	RegistrationMandatory      string `json:"registration_mandatory"`
	ConvocationLead            Delay  `json:"convocation_lead"` // before the session
	ConvocationWhen            string `json:"convocation_when"`
	SignatureUnit              string `json:"signature_unit"`
	SheetDeposit               Delay  `json:"sheet_deposit"`             // after the session
	FullAttendanceThreshold    int    `json:"full_attendance_threshold"` // %
	FullAttendancePreset       int    `json:"full_attendance_preset"`    // %, kept and never applied
	AbsenceJustificationWindow Delay  `json:"absence_justification_window"`
	ConsecutiveAbsenceAlert    int    `json:"consecutive_absence_alert"`
	UnjustifiedAbsenceAlert    int    `json:"unjustified_absence_alert"`
	WeeklySlot                 int    `json:"weekly_slot"`
	ContactAttempts            int    `json:"contact_attempts"`
	NoviceWaitAlert            int    `json:"novice_wait_alert"` // months
	HotEvaluation              string `json:"hot_evaluation"`
	HotEvaluationAt            string `json:"hot_evaluation_at"`
	ColdEvaluation             Delay  `json:"cold_evaluation"`
	ColdEvaluationWhen         string `json:"cold_evaluation_when"`

	// Money.
	Debtor                string   `json:"debtor"`
	PayTrigger            string   `json:"pay_trigger"`
	PayBasis              string   `json:"pay_basis"`
	PayBasisSince         Date     `json:"pay_basis_since"`
	PayRequestRate        int      `json:"pay_request_rate"` // per month and mission
	AnticipatedPay        string   `json:"anticipated_pay"`
	RecapDay              string   `json:"recap_day"`           // cron expression; empty when off
	RecapMissingClaim     int      `json:"recap_missing_claim"` // day of the month
	RecapSilence          string   `json:"recap_silence"`
	RecapReminder         Delay    `json:"recap_reminder"`
	RecapContestWindow    Delay    `json:"recap_contest_window"` // off: open
	UndisputedPart        string   `json:"undisputed_part"`
	SelfBilling           string   `json:"self_billing"`
	ConformityCheck       Delay    `json:"conformity_check"`
	PromiseDays           int      `json:"promise_days"`
	PromiseStart          string   `json:"promise_start"`
	LegalCap              LegalCap `json:"legal_cap"`
	LegalCapAlert         int      `json:"legal_cap_alert"` // days before the cap
	UnpaidClaimAfter      Delay    `json:"unpaid_claim_after"`
	CoordinatorShare      string   `json:"coordinator_share"`
	ClientInvoice         string   `json:"client_invoice"`
	ReferralThreshold     int      `json:"referral_threshold"` // sessions
	ReferralReview        string   `json:"referral_review"`
	TrainerCourseDiscount int      `json:"trainer_course_discount"` // %

	// The agency.
	StaffStep            Delay        `json:"staff_step"`
	AlertUnread          Delay        `json:"alert_unread"` // off: alerts stay with their owner
	ClosureWhen          string       `json:"closure_when"`
	InternalAnnualReport string       `json:"internal_annual_report"` // MM-DD; empty when off
	Calendar             PolicyRegion `json:"calendar"`
}

// Label names a policy in French and in English.
type Label struct {
	FR string `json:"fr"`
	EN string `json:"en"`
}

// In is the name in a language.
func (l Label) In(lang Lang) string {
	if lang == English {
		return l.EN
	}
	return l.FR
}

// LegalCap holds the longest lawful payment terms, in calendar days (C. com. L441-10, CGI 289 I-3).
type LegalCap struct {
	FromIssue       int `json:"from_issue"`       // of an ordinary invoice, when a term is agreed
	Periodic        int `json:"periodic"`         // from issue, of a periodic invoice
	FromPerformance int `json:"from_performance"` // when nothing is agreed
}

// DatedCents is an amount in force from a date on.
type DatedCents struct {
	From   Date  `json:"from"`
	Amount Cents `json:"amount"`
}

// CancellationStep is the share of the price owed for a cancellation with at most that notice.
type CancellationStep struct {
	Notice  Delay `json:"notice"`
	Percent int   `json:"percent"`
}

// PolicyRegion is where the policy's days begin and end, and whose holidays they follow.
type PolicyRegion struct {
	Zone   string `json:"zone"`
	Region string `json:"region"`
}

// CalendarSpec is what the policy's calendar is built from.
func (p Policy) CalendarSpec() CalendarSpec {
	return CalendarSpec{Zone: p.Calendar.Zone, Region: p.Calendar.Region, Closures: p.AgencyClosures}
}

// Has tells whether the way of working has a stage.
func (p Policy) Has(s Stage) bool { return slices.Contains(p.Stages, s) }

// StageAfter is the stage that follows s, or the empty one after the last and for a stage the policy does not have.
func (p Policy) StageAfter(s Stage) Stage {
	if i := slices.Index(p.Stages, s); i >= 0 && i+1 < len(p.Stages) {
		return p.Stages[i+1]
	}
	return ""
}

func (p Policy) hash() string {
	p.Version = ""
	data, err := json.Marshal(p)
	if err != nil {
		panic(err) // texts, numbers and slices of them always have a JSON form
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])[:12]
}
