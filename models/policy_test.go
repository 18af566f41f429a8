package models_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"jalon/models"
)

func file(t testing.TB, name string) string {
	data, err := os.ReadFile("../policies/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func resolve(t testing.TB) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if name != "standard" {
			return nil, models.NewError(models.CodePolicyUnknown, fmt.Sprintf("no policy is called %q", name))
		}
		return []byte(file(t, name)), nil
	}
}

func parse(t testing.TB, text string) (models.Policy, error) {
	return models.ParsePolicy("mine", []byte(text), resolve(t))
}

const mine = "extends: standard\nlabel: { fr: Le mien, en: Mine }\n"

func TestPolicyStandard(t *testing.T) {
	p, err := models.ParsePolicy("standard", []byte(file(t, "standard")), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rule      string
		got, want any
	}{
		{"F007 a group above 12 is flagged", p.GroupAlert, 12},
		{"F039 a skill test is valid for 12 months", p.SkillTestValidity, 12},
		{"F044 a CV is valid for 12 months", p.CVValidity, 12},
		{"F056 the trainer's share of the budget", p.TargetRateShare, 40},
		{"F070 silence is a refusal after 3 business days at 18:00", p.SilenceDelay.String(), "3bd@18:00"},
		{"F070 and after 1 when urgent", p.UrgentSilenceDelay.String(), "1bd@18:00"},
		{"F070 a reminder after 1", p.ReminderDelay.String(), "1bd"},
		{"F071 a late answer is for staff", p.LateAnswer, "staff_only"},
		{"F073 candidates in a wave", p.WaveSize, 5},
		{"F073 waves", p.MaxWaves, 3},
		{"F086 stages", p.Stages, []models.Stage{"qualification", "solicitation", "audit", "programme", "interview",
			"contract", "readiness", "sessions", "delivered", "closed"}},
		{"audit_call_window", p.AuditCallWindow.String(), "5bd"},
		{"programme_delay", p.ProgrammeDelay.String(), "5bd"},
		{"contract_signature_expiry", p.ContractSignatureExpiry.String(), "7d"},
		{"contract_signature_reminder", p.ContractSignatureReminder.String(), "3d"},
		{"client_signature_expiry", p.ClientSignatureExpiry.String(), "30d"},
		{"client_signature_reminder", p.ClientSignatureReminder.String(), "7d"},
		{"convocation_lead", p.ConvocationLead.String(), "7d"},
		{"sheet_deposit", p.SheetDeposit.String(), "1bd"},
		{"full_attendance_threshold", p.FullAttendanceThreshold, 100},
		{"F136 a learner has 48 h to justify", p.AbsenceJustificationWindow.String(), "48h"},
		{"F138 two consecutive absences alert", p.ConsecutiveAbsenceAlert, 2},
		{"F138 two unjustified absences alert", p.UnjustifiedAbsenceAlert, 2},
		{"F142 the hot evaluation is mandatory", p.HotEvaluation, "mandatory"},
		{"F143 the cold evaluation after 90 days", p.ColdEvaluation.String(), "90d"},
		{"F178 the recap on the 5th", p.RecapDay, "0 8 5 * *"},
		{"F180 silence never accepts", p.RecapSilence, "never_accepts"},
		{"recap_contest_window", p.RecapContestWindow.String(), "10d"},
		{"recap_reminder", p.RecapReminder.String(), "3bd"},
		{"F182 a missing recap is claimed from the 7th", p.RecapMissingClaim, 7},
		{"F192 domestic suppliers are self-billed", p.SelfBilling, models.SelfBillingDomestic},
		{"conformity_check", p.ConformityCheck.String(), "5bd"},
		{"F197 the promise is 30 days", p.PromiseDays, 30},
		{"F196 from conformity", p.PromiseStart, models.PromiseFromConformity},
		{"F197 the law's terms", p.LegalCap, models.LegalCap{FromIssue: 60, Periodic: 45, FromPerformance: 30}},
		{"the alert before the law's term", p.LegalCapAlert, 10},
		{"F205 a claim about a paid bill after a week", p.UnpaidClaimAfter.String(), "7d"},
		{"F046 vigilance from 5,000 EUR", p.VigilanceThreshold, models.Cents(500000)},
		{"F046 every 6 months", p.VigilancePeriod, 6},
		{"F042 the CPF ceiling by date", p.CPFCeiling, []models.DatedCents{{"2024-04-01", 7770000}, {"2026-01-01", 8360000}}},
		{"staff_step", p.StaffStep.String(), "2bd"},
		{"alert_unread", p.AlertUnread.String(), "1bd"},
		{"mail_hours", p.MailHours.String(), "08:00-19:00"},
		{"closure_when", p.ClosureWhen, models.ClosureWhenPaid},
		{"plan_before_start", p.PlanBeforeStart, true},
		{"level_gate", p.LevelGate, false},
		{"calendar", p.CalendarSpec(), models.CalendarSpec{Zone: "Europe/Paris", Region: "national"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if !reflect.DeepEqual(c.got, c.want) {
				t.Errorf("got %v, want %v", c.got, c.want)
			}
		})
	}
	if got := p.Unsupported(); got != nil {
		t.Errorf("standard holds what the engine does not honour: %v", got)
	}
	if p.StageAfter(models.StageInterview) != models.StageContract || p.StageAfter(models.StageClosed) != "" || !p.Has(models.StageAudit) {
		t.Error("stages")
	}
}

// A key left out of standard, a field without a key, or a key without a field would be a rule nobody can set.
func TestPolicyEveryFieldHasItsKey(t *testing.T) {
	text, v := file(t, "standard"), reflect.TypeFor[models.Policy]()
	for i := range v.NumField() {
		key := v.Field(i).Tag.Get("json")
		if key == "name" || key == "version" {
			continue
		}
		if !strings.Contains(text, "\n"+key+":") {
			t.Errorf("standard does not say %s", key)
		}
		var lines []string // standard without it
		skip := false
		for line := range strings.Lines(text) {
			if line[0] != ' ' {
				skip = strings.HasPrefix(line, key+":")
			}
			if !skip {
				lines = append(lines, line)
			}
		}
		_, err := models.ParsePolicy("standard", []byte(strings.Join(lines, "")), nil)
		if err == nil || !strings.Contains(err.Error(), "standard.yaml:1: "+key) || !strings.Contains(err.Error(), "is missing") {
			t.Errorf("without %s: %v", key, err)
		}
	}
}

func TestPolicyRefusals(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", mine + "wave_sise: 5\n", "mine.yaml:3: wave_sise: is not a known key"},
		{"nearly known key", mine + "wave-size: 5\n", "mine.yaml:3: wave-size: is not a known key (is wave_size meant?)"},
		{"unknown key of a group", mine + "legal_cap:\n  periodic: 45\n  yearly: 3\n", "mine.yaml:5: legal_cap.yearly: is not a known key"},
		{"dotted key", mine + "legal_cap.periodic: 45\n", "mine.yaml:3: legal_cap.periodic"},
		{"key given twice", mine + "wave_size: 5\n\nwave_size: 6\n", "mine.yaml:5: wave_size: is given twice, first on line 3"},
		{"group given twice", mine + "legal_cap: { periodic: 45 }\nlegal_cap: { periodic: 44 }\n", "mine.yaml:4: legal_cap: is given twice"},
		{"key of a group given twice", mine + "legal_cap:\n  periodic: 45\n  periodic: 44\n", "mine.yaml:5: legal_cap.periodic: is given twice"},
		{"extends given twice", mine + "extends: standard\n", "mine.yaml:3: extends: is given twice"},
		{"unknown word", mine + "search_start: someday\n", `mine.yaml:3: search_start: "someday" is none of after_needs, on_creation, published, open_path, off`},
		{"bad delay", mine + "silence_delay: 3 days\n", `mine.yaml:3: silence_delay: "3 days" is not a delay`},
		{"zero delay", mine + "silence_delay: 0bd\n", `mine.yaml:3: silence_delay: "0bd" is not a delay`},
		{"delay that must not be off", mine + "staff_step: off\n", "mine.yaml:3: staff_step: must not be off"},
		{"not a number", mine + "wave_size: many\n", `mine.yaml:3: wave_size: "many" is not a whole number`},
		{"a fraction", mine + "wave_size: 2.5\n", `mine.yaml:3: wave_size: "2.5" is not a whole number`},
		{"octal", mine + "wave_size: 010\n", `mine.yaml:3: wave_size: "010" is not a whole number`},
		{"below its range", mine + "wave_size: 0\n", "mine.yaml:3: wave_size: 0 is not between 1 and 100"},
		{"a share above the whole", mine + "target_rate_share: 140\n", "mine.yaml:3: target_rate_share: 140 is not between 1 and 100"},
		{"a term above the law's", mine + "legal_cap: { periodic: 60 }\n", "mine.yaml:3: legal_cap.periodic: 60 is not between 1 and 45"},
		{"true for on", mine + "plan_before_start: true\n", `mine.yaml:3: plan_before_start: "true" is none of on, off`},
		{"amount without currency", mine + "vigilance_threshold: 5000\n", `mine.yaml:3: vigilance_threshold: "5000" is not an amount`},
		{"no amount", mine + "vigilance_threshold: 0 EUR\n", "mine.yaml:3: vigilance_threshold: 0 EUR must be more than nothing"},
		{"bad hours", mine + "mail_hours: 19:00-08:00\n", `mine.yaml:3: mail_hours: "19:00-08:00" is not a range of hours`},
		{"bad date", mine + "agency_closures:\n  - 2026-12-24\n  - 2026-02-30\n", `mine.yaml:5: agency_closures: "2026-02-30" is not a date`},
		{"date twice", mine + "agency_closures: [2026-12-24, 2026-12-24]\n", "mine.yaml:3: agency_closures: 2026-12-24 is listed twice"},
		{"bad recurrence", mine + "recap_day: 5\n", `mine.yaml:3: recap_day: "5" is not a recurring date`},
		{"recurrence that never comes", mine + `recap_day: "0 8 31 2 *"` + "\n", "mine.yaml:3: recap_day: "},
		{"bad day of the year", mine + "internal_annual_report: 02-29\n", `mine.yaml:3: internal_annual_report: "02-29" is not a day of the year`},
		{"unknown zone", mine + "calendar: { zone: Europe/Nowhere }\n", `mine.yaml:3: calendar.zone: "Europe/Nowhere" is not a known time zone`},
		{"no value", mine + "wave_size:\n", "mine.yaml:3: wave_size: has no value"},
		{"null", mine + "wave_size: ~\n", "mine.yaml:3: wave_size: has no value"},
		{"list for a value", mine + "wave_size: [5]\n", "mine.yaml:3: wave_size: must be a single value"},
		{"value for a list", mine + "stages: all\n", "mine.yaml:3: stages: must be a list"},
		{"value for a group", mine + "legal_cap: 45\n", "mine.yaml:3: legal_cap: must be a group of keys and values"},
		{"alias", "extends: standard\nlabel: { fr: &a Un, en: *a }\n", "mine.yaml:2: label.fr: must be a single value"},
		{"merge", mine + "calendar:\n  <<: { region: national }\n", "mine.yaml:4: calendar.<<: is not a known key"},
		{"tag", mine + "wave_size: !!str 5\n", "mine.yaml:3: wave_size: must be a single value"},
		{"no label", "extends: standard\n", "mine.yaml:1: label.fr: is missing"},
		{"no stage", mine + "stages: []\n", "mine.yaml:3: stages: must not be empty"},
		{"unknown stage", mine + "stages: [qualification, party, sessions, delivered, closed]\n", `mine.yaml:3: stages: "party" is not a stage`},
		{"exit for a stage", mine + "stages: [qualification, sessions, delivered, closed, cancelled]\n", `mine.yaml:3: stages: "cancelled" is not a stage`},
		{"stage twice", mine + "stages: [qualification, audit, audit, sessions, delivered, closed]\n", "mine.yaml:3: stages: audit is listed twice"},
		{"programme before audit", mine + "stages: [qualification, programme, audit, sessions, delivered, closed]\n", "mine.yaml:3: stages: audit cannot come after programme"},
		{"contract before the search", mine + "stages: [qualification, contract, solicitation, sessions, delivered, closed]\n", "mine.yaml:3: stages: solicitation cannot come after contract"},
		{"contract after the sessions", mine + "stages: [qualification, sessions, contract, delivered, closed]\n", "mine.yaml:3: stages: contract cannot come after sessions"},
		{"no sessions", mine + "stages: [qualification, delivered, closed]\n", "mine.yaml:3: stages: sessions is missing"},
		{"item without a key", mine + "cpf_ceiling:\n  - { from: 2024-04-01 }\n", "mine.yaml:4: cpf_ceiling.amount: is missing"},
		{"item with another key", mine + "cancellation_compensation:\n  - { notice: 7d, percent: 50, who: client }\n", "mine.yaml:4: cancellation_compensation.who: is not a known key"},
		{"item out of range", mine + "cancellation_compensation:\n  - { notice: 7d, percent: 150 }\n", "mine.yaml:3: cancellation_compensation: a notice and a percentage"},
		{"items out of order", mine + "cpf_ceiling:\n  - { from: 2026-01-01, amount: 2 EUR }\n  - { from: 2024-01-01, amount: 1 EUR }\n", "mine.yaml:3: cpf_ceiling: dates must follow"},
		{"item that is no group", mine + "cpf_ceiling: [77700 EUR]\n", "mine.yaml:3: cpf_ceiling: must be a group"},
		{"reminder after the expiry", mine + "contract_signature_reminder: 7d\n", "mine.yaml:3: contract_signature_reminder: 7d must be shorter than contract_signature_expiry, 7d"},
		{"reminder after an inherited change", mine + "contract_signature_expiry: 2d\n", "mine.yaml:1: contract_signature_reminder: 3d must be shorter"},
		{"recap without a day", mine + "recap_day: off\n", "mine.yaml:1: pay_trigger: recap needs recap_day"},
		{"silence off but when urgent", mine + "silence_delay: off\n", "urgent_silence_delay: must be off"},
		{"search that never starts", mine + "search_start: off\n", "mine.yaml:3: search_start: must not be off"},
		{"extends nothing known", "extends: nobody\nlabel: { fr: Le mien, en: Mine }\n", `mine.yaml:1: extends: no policy is called "nobody"`},
		{"extends a path", "extends: ../../secret\nlabel: { fr: Le mien, en: Mine }\n", "is not a policy name"},
		{"extends itself", "extends: mine\nlabel: { fr: Le mien, en: Mine }\n", `mine.yaml:1: extends: "mine" extends itself`},
		{"empty", "", "mine.yaml:1: one document"},
		{"a list", "- 1\n", "mine.yaml:1: must be a group of keys and values"},
		{"two documents", mine + "---\n" + mine, "mine.yaml:1: one document"},
		{"not YAML", mine + "stages: [a\n", "mine.yaml:3: "},
		{"not YAML either", mine + "\twave_size: 5\n", "mine.yaml:3: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := parse(t, c.text)
			if models.ErrorCode(err) != models.CodeInvalid || !strings.Contains(err.Error(), c.want) || p.Name != "" {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	t.Run("all at once", func(t *testing.T) {
		_, err := parse(t, mine+"wave_sise: 5\nwave_size: many\nstaff_step: soon\n")
		if err == nil || strings.Count(err.Error(), "mine.yaml:") != 3 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("bad name", func(t *testing.T) {
		if _, err := models.ParsePolicy("../x", []byte(mine), resolve(t)); models.ErrorCode(err) != models.CodeInvalid {
			t.Errorf("got %v", err)
		}
	})
}

func TestPolicyExtends(t *testing.T) {
	standard, _ := models.ParsePolicy("standard", []byte(file(t, "standard")), nil)
	p, err := parse(t, mine+`
stages: [qualification, solicitation, audit, programme, readiness, contract, interview, sessions, delivered, closed]
silence_delay: 5bd
wave_size: 8
agency_closures: [2026-12-24]
undisputed_part: wait
self_billing: off
closure_when: transmitted
legal_cap: { periodic: 40 }
calendar: { region: alsace-moselle }
vigilance_threshold: 4000.50 EUR
`)
	if err != nil {
		t.Fatal(err)
	}
	want := standard
	want.Name, want.Version, want.Label = "mine", p.Version, models.Label{FR: "Le mien", EN: "Mine"}
	want.Stages = []models.Stage{"qualification", "solicitation", "audit", "programme", "readiness", "contract",
		"interview", "sessions", "delivered", "closed"}
	want.SilenceDelay, want.WaveSize, want.AgencyClosures = models.MustDelay("5bd"), 8, []models.Date{"2026-12-24"}
	want.UndisputedPart, want.SelfBilling, want.ClosureWhen = "wait", models.Off, "transmitted"
	want.LegalCap.Periodic, want.Calendar.Region, want.VigilanceThreshold = 40, "alsace-moselle", 400050
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got  %+v\nwant %+v", p, want)
	}
	if got := p.Unsupported(); got != nil {
		t.Errorf("unsupported: %v", got)
	}

	again, _ := parse(t, "# a comment changes nothing\n"+mine+"self_billing: domestic\n")
	same, _ := parse(t, mine)
	if len(p.Version) != 12 || again.Version != same.Version || p.Version == same.Version {
		t.Errorf("versions %s, %s, %s: must follow the content", p.Version, again.Version, same.Version)
	}
}

func TestPolicyUnsupportedNamesEachParameter(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"search_start: published", "search_start"},
		{"stages: [qualification, solicitation, audit, programme, contract, readiness, sessions, delivered, closed]", "stages"},
		{"debtor: ordering_centre", "debtor"},
		{"pay_trigger: trainer_invoice", "pay_trigger"},
		{"pay_basis: project", "pay_basis"},
		{"contract_party: three_signatures", "contract_party"},
		{"signature_unit: session_status", "signature_unit"},
		{"nda_policy: always", "nda_policy"},
		{"label_policy: seller_only", "label_policy"},
		{"self_billing: recap", "self_billing"},
		{"promise_start: accepted", "promise_start"},
		{"coordinator_share: at_closure", "coordinator_share"},
		{"client_invoice: at_closure", "client_invoice"},
		{"closure_when: client_invoice_issued", "closure_when"},
		{"hot_evaluation_at: session_end", "hot_evaluation_at"},
		{"level_gate: on", "level_gate"},
		{"plan_before_start: off", "plan_before_start"},
		{"weekly_slot: 1", "weekly_slot"},
		{"wave_size: off", "wave_size"},
		{"cpf_ceiling: [{ from: 2024-04-01, amount: 77700 EUR }]", "cpf_ceiling"},
		{"cancellation_compensation: [{ notice: 7d, percent: 50 }]", "cancellation_compensation"},
	} {
		p, err := parse(t, mine+c.text+"\n")
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		} else if got := p.Unsupported(); !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s: %v", c.text, got)
		}
	}
}

func TestPolicyJSON(t *testing.T) {
	for _, name := range []string{"standard", "optedif", "mission-formateur", "solstice", "fresque", "openclassrooms"} {
		p, err := models.ParsePolicy(name, []byte(file(t, name)), resolve(t))
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(p)
		var back models.Policy
		if err != nil || json.Unmarshal(data, &back) != nil || !reflect.DeepEqual(p, back) {
			t.Errorf("%s comes back as another:\n%+v\n%+v", name, p, back)
		}
	}
}

// Policies come from administrators, and partner centres' from further away: no text may bring the reader down.
func FuzzParsePolicy(f *testing.F) {
	f.Add(mine)
	f.Add(file(f, "standard"))
	f.Add(mine + "cpf_ceiling: [{ from: &a 2024-04-01, amount: *a }, ~, [], {}]\nlegal_cap: { ? [x] : 3 }\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parse(t, text)
		if err == nil && p.Version == "" {
			t.Error("accepted without a version")
		}
	})
}
