package policies

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"jalon/models"
)

// What the engine does not honour yet, per policy: a line leaves this table when the engine learns it.
var unsupported = map[string]string{
	"standard": "",
	"optedif": `skill_test_validity nda_policy
		consecutive_absence_alert unjustified_absence_alert contact_attempts novice_wait_alert
		pay_trigger pay_basis pay_request_rate recap_day recap_missing_claim recap_reminder recap_contest_window
		undisputed_part`,
	"mission-formateur": `search_start stages trainer_management_ends silence_delay urgent_silence_delay reminder_delay
		wave_size max_waves target_rate_share target_rate_source level_gate native_wish nda_policy label_policy cpf_ceiling
		audit_call audit_call_window programme_source programme_delay contract_party
		consecutive_absence_alert unjustified_absence_alert contact_attempts novice_wait_alert
		debtor pay_trigger pay_basis pay_request_rate recap_day recap_missing_claim recap_reminder recap_contest_window
		undisputed_part`,
	"solstice": `search_start stages silence_delay urgent_silence_delay reminder_delay wave_size max_waves late_answer
		target_rate_share target_rate_source application_answer skill_test_validity label_policy
		audit_call audit_call_window programme_source programme_delay contract_party
		consecutive_absence_alert unjustified_absence_alert contact_attempts novice_wait_alert cold_evaluation_when
		debtor pay_trigger pay_basis pay_request_rate recap_day recap_missing_claim recap_reminder recap_contest_window
		undisputed_part self_billing conformity_check coordinator_share client_invoice closure_when internal_annual_report`,
	"fresque": `search_start stages silence_delay urgent_silence_delay reminder_delay wave_size max_waves late_answer
		target_rate_share target_rate_source application_answer skill_test_validity
		audit_call audit_call_window programme_source programme_delay
		registration_mandatory convocation_when convocation_lead
		consecutive_absence_alert unjustified_absence_alert contact_attempts novice_wait_alert
		hot_evaluation hot_evaluation_at cold_evaluation cold_evaluation_when
		pay_trigger pay_basis anticipated_pay recap_day recap_missing_claim recap_reminder undisputed_part
		coordinator_share client_invoice`,
	"openclassrooms": `search_start stages silence_delay urgent_silence_delay reminder_delay wave_size max_waves late_answer
		target_rate_share target_rate_source application_answer application_answer_mentor application_answer_coach
		application_close_without_answer_coach skill_test_validity cv_validity cv_renewal
		vigilance_threshold vigilance_period vigilance_collector
		audit_call audit_call_window programme_source programme_delay contract_signature_expiry contract_signature_reminder
		client_signature_expiry client_signature_reminder registration_mandatory convocation_when convocation_lead
		signature_unit sheet_deposit weekly_slot hot_evaluation hot_evaluation_at cold_evaluation cold_evaluation_when
		pay_basis pay_basis_since pay_request_rate recap_contest_window self_billing promise_start
		coordinator_share client_invoice referral_threshold referral_review trainer_course_discount closure_when`,
}

func TestLoadEveryPolicy(t *testing.T) {
	want := []string{"fresque", "mission-formateur", "openclassrooms", "optedif", "solstice", "standard"}
	if got := Names(); !slices.Equal(got, want) {
		t.Fatalf("got %v", got)
	}
	versions := map[string]bool{}
	for _, name := range Names() {
		p, err := Load(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Name != name || p.Label.FR == "" || p.Label.EN == "" || versions[p.Version] {
			t.Errorf("%s: %q, %+v, %s", name, p.Name, p.Label, p.Version)
		}
		versions[p.Version] = true
		got, want := p.Unsupported(), strings.Fields(unsupported[name])
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s does not honour\n%v, not\n%v", name, got, want)
		}
		if _, err := models.NewCalendar(p.CalendarSpec()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The figures that the source systems state themselves.
func TestSourceSystems(t *testing.T) {
	load := func(name string) models.Policy {
		p, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	op, mf, co, fr, oc := load("optedif"), load("mission-formateur"), load("solstice"), load("fresque"), load("openclassrooms")
	for _, c := range []struct {
		rule string
		ok   bool
	}{
		{"F003 the search starts with the file", op.SearchStart == models.SearchOnCreation},
		{"F007 groups above 3 are checked", op.GroupAlert == 3},
		{"F040 no activity number before the first mission", op.NDAPolicy == "after_first_mission"},
		{"F070 silence is a refusal after 3 business days", op.SilenceDelay == models.MustDelay("3bd@18:00")},
		{"F197 45 days at most, 30 promised", op.LegalCap.FromIssue == 45 && op.LegalCap.Periodic == 45 && op.PromiseDays == 30},
		{"F194 the trainer invoices", op.PayTrigger == "trainer_invoice" && op.SelfBilling == models.Off && op.RecapDay == ""},
		{"F016 trainer management alone ends at the contract", mf.ManagementEnds == "contract"},
		{"F039 skill tests last 12 months", mf.SkillTestValidity == 12 && mf.LevelGate && mf.NativeWish},
		{"F042 one CPF ceiling", slices.Equal(mf.CPFCeiling, []models.DatedCents{{From: "2024-04-01", Amount: 7770000}})},
		{"F059 the centre's grid", mf.TargetRateSource == "centre_grid" && mf.PayBasis == "centre_hours"},
		{"F044 a CV lasts 12 months", co.CVValidity == 12},
		{"F143 the cold evaluation is optional", co.ColdEvaluationWhen == "optional" && co.HotEvaluation == "mandatory"},
		{"F220 the yearly report by 30 March", co.InternalAnnualReport == "03-30"},
		{"80 % is a preset, 100 % the threshold", co.FullAttendancePreset == 80 && co.FullAttendanceThreshold == 100},
		{"F190 early pay with several sessions", fr.AnticipatedPay == "several_sessions"},
		{"F191 one pay request a month and mission", fr.PayRequestRate == 1},
		{"F192 domestic suppliers are self-billed", fr.SelfBilling == models.SelfBillingDomestic},
		{"F206 closed once pay requests are transmitted", fr.ClosureWhen == models.ClosureWhenTransmitted},
		{"F210 the coordinator's share at closure", fr.CoordinatorShare == "at_closure" && fr.ClientInvoice == "at_closure"},
		{"F027 answers in 3 and 7 business days", oc.ApplicationAnswerMentor == models.MustDelay("3bd") && oc.ApplicationAnswerCoach == models.MustDelay("7bd")},
		{"F028 a coach not answered in a week", oc.ApplicationCloseWithoutAnswerCoach == models.MustDelay("7d")},
		{"F035 20 % on an own course", oc.TrainerCourseDiscount == 20},
		{"F064 a novice waits a month", oc.NoviceWaitAlert == 1},
		{"F136 48 h to justify", oc.AbsenceJustificationWindow == models.MustDelay("48h")},
		{"F138 alerts at two absences", oc.ConsecutiveAbsenceAlert == 2 && oc.UnjustifiedAbsenceAlert == 2},
		{"F156 one weekly slot", oc.WeeklySlot == 1},
		{"F171 three contact attempts", oc.ContactAttempts == 3},
		{"F178 the recap on the 5th", oc.RecapDay == "0 8 5 * *"},
		{"F180 silence never accepts", oc.RecapSilence == "never_accepts"},
		{"F182 claims from the 7th", oc.RecapMissingClaim == 7},
		{"F183 time spent since September 2024", oc.PayBasis == "duration" && oc.PayBasisSince == "2024-09-01"},
		{"F187 five sessions, at month end", oc.ReferralThreshold == 5 && oc.ReferralReview == "month_end"},
		{"F197 30 days from acceptance", oc.PromiseDays == 30 && oc.PromiseStart == "accepted"},
		{"F205 a claim after a week", oc.UnpaidClaimAfter == models.MustDelay("7d")},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if !c.ok {
				t.Error("not so")
			}
		})
	}
}

func TestLoadFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("agency.yaml", "extends: standard\nlabel: { fr: Agence, en: Agency }\nwave_size: 7\n")
	p, err := LoadFile(write("centre.yaml", "extends: agency\nlabel: { fr: Centre, en: Centre }\nmax_waves: 4\n"))
	if err != nil || p.Name != "centre" || p.WaveSize != 7 || p.MaxWaves != 4 || p.PromiseDays != 30 {
		t.Errorf("got %+v, %v", p, err)
	}
	_, err = LoadFile(write("wrong.yaml", "extends: agency\nlabel: { fr: Faux, en: Wrong }\nwaves: 4\n"))
	if models.ErrorCode(err) != models.CodeInvalid || !strings.Contains(err.Error(), "wrong.yaml:3: waves: is not a known key") {
		t.Errorf("got %v", err)
	}
	write("agency.yaml", "extends: standard\nlabel: { fr: Agence, en: Agency }\nwave_size: 700\n")
	if _, err = LoadFile(filepath.Join(dir, "centre.yaml")); err == nil || !strings.Contains(err.Error(), "agency.yaml:3: wave_size") {
		t.Errorf("got %v", err)
	}
	if _, err = LoadFile(filepath.Join(dir, "none.yaml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err = Load("nobody"); models.ErrorCode(err) != models.CodePolicyUnknown {
		t.Errorf("got %v", err)
	}
}
