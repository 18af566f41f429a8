package models

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// parameter describes one key of a policy file; its field is the one whose JSON name is the key. Honoured values are
// those the engine acts upon, later ones are read and make the policy refuse requests. "any" stands for every value of
// the field's type except off, within min and max where it is a number.
type parameter struct {
	key      string
	honoured []string
	later    []string
	min, max int
	check    func(text string) error // of a text that is no choice
}

const anyValue = "any"

func oneOf(values ...string) []string { return values }

var (
	anyOnly   = oneOf(anyValue)
	offOnly   = oneOf(Off)
	anyOrOff  = oneOf(anyValue, Off)
	cpfByLaw  = "2024-04-01 77700 EUR, 2026-01-01 83600 EUR"
	allStages = []Stage{StageQualification, StageSolicitation, StageAudit, StageProgramme, StageInterview, StageContract,
		StageReadiness, StageSessions, StageDelivered, StageClosed}
)

// parameters is the one list of what a policy may say and of what the engine honours, in the order of the files.
var parameters = []parameter{
	{key: "label.fr", honoured: anyOnly, check: checkLabel},
	{key: "label.en", honoured: anyOnly, check: checkLabel},

	{key: "search_start", honoured: oneOf(SearchAfterNeeds, SearchOnCreation), later: oneOf("published", "open_path", Off)},
	{key: "stages", honoured: anyOnly}, // all of them, in any lawful order; see Unsupported
	{key: "trainer_management_ends", honoured: offOnly, later: oneOf(string(StageContract))},
	{key: "silence_delay", honoured: anyOnly, later: offOnly},
	{key: "urgent_silence_delay", honoured: anyOnly, later: offOnly},
	{key: "reminder_delay", honoured: anyOnly, later: offOnly},
	{key: "wave_size", honoured: anyOnly, later: offOnly, min: 1, max: 100},
	{key: "max_waves", honoured: anyOnly, later: offOnly, min: 1, max: 100},
	{key: "late_answer", honoured: oneOf("staff_only"), later: offOnly},
	{key: "target_rate_share", honoured: anyOnly, later: offOnly, min: 1, max: 100},
	{key: "target_rate_source", honoured: oneOf("budget"), later: oneOf("centre_grid", "path_grid", Off)},
	{key: "mail_hours", honoured: anyOnly},
	{key: "agency_closures", honoured: anyOrOff},
	{key: "group_alert", honoured: anyOnly, min: 1, max: 10_000},

	{key: "application_answer", honoured: anyOnly, later: offOnly},
	{key: "application_answer_mentor", honoured: offOnly, later: anyOnly},
	{key: "application_answer_coach", honoured: offOnly, later: anyOnly},
	{key: "application_close_without_answer", honoured: offOnly, later: anyOnly},
	{key: "application_close_without_answer_coach", honoured: offOnly, later: anyOnly},
	{key: "level_gate", honoured: offOnly, later: oneOf("on")},
	{key: "native_wish", honoured: offOnly, later: oneOf("on")},
	{key: "skill_test_validity", honoured: anyOnly, later: offOnly, min: 1, max: 120},
	{key: "cv_validity", honoured: anyOnly, later: offOnly, min: 1, max: 120},
	{key: "cv_renewal", honoured: oneOf("age"), later: oneOf("new_path")},
	{key: "nda_policy", honoured: oneOf("before_first_contract"), later: oneOf("after_first_mission", "always")},
	{key: "label_policy", honoured: oneOf("recommended"), later: oneOf("listed_cases", "seller_only")},
	{key: "cpf_ceiling", honoured: oneOf(cpfByLaw), later: anyOnly},
	{key: "vigilance_threshold", honoured: anyOnly, later: offOnly},
	{key: "vigilance_period", honoured: anyOnly, later: offOnly, min: 1, max: 6}, // D8222-5: at most 6 months
	{key: "vigilance_collector", honoured: oneOf("agency"), later: oneOf("external")},

	{key: "audit_call", honoured: oneOf("client"), later: oneOf("learner", Off)},
	{key: "audit_call_window", honoured: anyOnly, later: offOnly},
	{key: "programme_source", honoured: oneOf("trainer"), later: oneOf("template", Off)},
	{key: "programme_delay", honoured: anyOnly, later: offOnly},
	{key: "contract_party", honoured: oneOf("agency"), later: oneOf("ordering_centre", "three_signatures")},
	{key: "contract_signature_expiry", honoured: anyOnly, later: offOnly},
	{key: "contract_signature_reminder", honoured: anyOnly, later: offOnly},
	{key: "client_signature_expiry", honoured: anyOnly, later: offOnly},
	{key: "client_signature_reminder", honoured: anyOnly, later: offOnly},
	{key: "cancellation_compensation", honoured: offOnly, later: anyOnly},

	{key: "plan_before_start", honoured: oneOf("on"), later: offOnly},
	{key: "registration_mandatory", honoured: oneOf("all"), later: oneOf("not_education", Off)},
	{key: "convocation_when", honoured: oneOf("lead"), later: oneOf("registration", Off)},
	{key: "convocation_lead", honoured: anyOnly, later: offOnly},
	{key: "signature_unit", honoured: oneOf("half_day"), later: oneOf("session_status")},
	{key: "sheet_deposit", honoured: anyOnly, later: offOnly},
	{key: "full_attendance_threshold", honoured: anyOnly, min: 1, max: 100},
	{key: "full_attendance_preset", honoured: anyOrOff, min: 1, max: 100},
	{key: "absence_justification_window", honoured: anyOnly},
	{key: "consecutive_absence_alert", honoured: anyOnly, later: offOnly, min: 1, max: 100},
	{key: "unjustified_absence_alert", honoured: anyOnly, later: offOnly, min: 1, max: 100},
	{key: "weekly_slot", honoured: offOnly, later: anyOnly, min: 1, max: 7},
	{key: "contact_attempts", honoured: anyOnly, later: offOnly, min: 1, max: 100},
	{key: "novice_wait_alert", honoured: anyOnly, later: offOnly, min: 1, max: 120},
	{key: "hot_evaluation", honoured: oneOf("mandatory"), later: oneOf("optional", "automatic", Off)},
	{key: "hot_evaluation_at", honoured: oneOf("course_end"), later: oneOf("session_end", Off)},
	{key: "cold_evaluation", honoured: anyOnly, later: offOnly},
	{key: "cold_evaluation_when", honoured: oneOf("delay"), later: oneOf("optional", "automatic", Off)},

	{key: "debtor", honoured: oneOf(DebtorAgency), later: oneOf("ordering_centre", Off)},
	{key: "pay_trigger", honoured: oneOf(PayTriggerRecap), later: oneOf("trainer_invoice", "centre_invoice", "request", Off)},
	{key: "pay_basis", honoured: oneOf("contract"), later: oneOf("project", "centre_hours", "invoice", "session", "duration")},
	{key: "pay_basis_since", honoured: offOnly, later: anyOnly},
	{key: "pay_request_rate", honoured: anyOnly, later: offOnly, min: 1, max: 31},
	{key: "anticipated_pay", honoured: offOnly, later: oneOf("several_sessions")},
	{key: "recap_day", honoured: anyOnly, later: offOnly, check: ParseRecurrence},
	{key: "recap_missing_claim", honoured: anyOnly, later: offOnly, min: 1, max: 28},
	{key: "recap_silence", honoured: oneOf("never_accepts"), later: offOnly},
	{key: "recap_reminder", honoured: anyOnly, later: offOnly},
	{key: "recap_contest_window", honoured: anyOnly, later: offOnly},
	{key: "undisputed_part", honoured: oneOf(UndisputedPay, UndisputedWait), later: offOnly},
	{key: "self_billing", honoured: oneOf(SelfBillingDomestic, Off), later: oneOf("own_invoice", "recap")},
	{key: "conformity_check", honoured: anyOnly, later: offOnly},
	{key: "promise_days", honoured: anyOnly, min: 1, max: 60},
	{key: "promise_start", honoured: oneOf(PromiseFromConformity), later: oneOf("accepted")},
	// No policy may outlast the law: C. com. L441-10 I, CGI 289 I-3.
	{key: "legal_cap.from_issue", honoured: anyOnly, min: 1, max: 60},
	{key: "legal_cap.periodic", honoured: anyOnly, min: 1, max: 45},
	{key: "legal_cap.from_performance", honoured: anyOnly, min: 1, max: 30},
	{key: "legal_cap_alert", honoured: anyOnly, min: 1, max: 29},
	{key: "unpaid_claim_after", honoured: anyOnly, later: offOnly},
	{key: "coordinator_share", honoured: oneOf("at_delivered"), later: oneOf("at_closure", Off)},
	{key: "client_invoice", honoured: oneOf("at_delivered"), later: oneOf("at_closure", "on_completeness", Off)},
	{key: "referral_threshold", honoured: offOnly, later: anyOnly, min: 1, max: 1000},
	{key: "referral_review", honoured: offOnly, later: oneOf("month_end")},
	{key: "trainer_course_discount", honoured: offOnly, later: anyOnly, min: 1, max: 100},

	{key: "staff_step", honoured: anyOnly},
	{key: "alert_unread", honoured: anyOrOff},
	{key: "closure_when", honoured: oneOf(ClosureWhenPaid, ClosureWhenTransmitted), later: oneOf("client_invoice_issued", Off)},
	{key: "internal_annual_report", honoured: offOnly, later: anyOnly, check: checkMonthDay},
	{key: "calendar.zone", honoured: anyOnly, check: func(s string) error {
		_, err := NewCalendar(CalendarSpec{Zone: s})
		return err
	}},
	{key: "calendar.region", honoured: oneOf(RegionNational, RegionAlsaceMoselle)},
}

// Unsupported lists, by the name they have in the file, the parameters whose value the engine does not honour yet: a
// policy with one refuses requests with policy_unsupported. It may be called in a workflow: it reflects upon the fields
// in the order of the table, which the checker cannot see.
//
//workflowcheck:ignore
func (p Policy) Unsupported() []string {
	var names []string
	for _, par := range parameters {
		text := textOf(p.field(par.key))
		ok := slices.Contains(par.honoured, text) || text != Off && slices.Contains(par.honoured, anyValue)
		if par.key == "stages" {
			ok = len(p.Stages) == len(allStages)
		}
		if name, _, _ := strings.Cut(par.key, "."); !ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// ParsePolicy reads the policy called name from a YAML file. A file that says `extends: other` takes from other, whose
// text resolve gives, what it does not say; any other file says everything. The error (invalid_input) has a line for
// each fault, with file, line and key.
func ParsePolicy(name string, data []byte, resolve func(name string) ([]byte, error)) (Policy, error) {
	return parsePolicy(name, data, resolve, nil)
}

func parsePolicy(name string, data []byte, resolve func(string) ([]byte, error), chain []string) (Policy, error) {
	if !policyName.MatchString(name) {
		return Policy{}, NewError(CodeInvalid, fmt.Sprintf("%q is not a policy name: small letters, digits and hyphens", name))
	}
	r := &policyReader{file: name + ".yaml", lines: map[string]int{}, policy: Policy{}}
	entries := r.open(data)

	base := ""
	for _, e := range entries {
		if e.key == "extends" {
			r.seen(e)
			base, _ = r.scalar(e)
		}
	}
	if base != "" && len(r.faults) == 0 {
		p, err := resolvePolicy(base, resolve, append(chain, name))
		if err != nil {
			// What an extended file says wrong is said of that file, not of this line.
			return Policy{}, NewError(CodeInvalid, fmt.Sprintf("%s:%d: extends: %s", r.file, r.lines["extends"], message(err)))
		}
		r.policy = p
	}
	r.policy.Name, r.policy.Version = name, ""

	for _, e := range entries {
		if e.key != "extends" {
			r.read(e)
		}
	}
	for _, par := range parameters {
		if _, said := r.lines[par.key]; !said && (base == "" || strings.HasPrefix(par.key, "label.")) {
			r.fault(1, par.key, "is missing")
		}
	}
	if len(r.faults) == 0 {
		r.crossCheck()
	}
	if len(r.faults) > 0 {
		return Policy{}, NewError(CodeInvalid, strings.Join(r.faults, "\n"))
	}
	r.policy.Version = r.policy.hash()
	return r.policy, nil
}

func resolvePolicy(base string, resolve func(string) ([]byte, error), chain []string) (Policy, error) {
	if slices.Contains(chain, base) {
		return Policy{}, NewError(CodeInvalid, fmt.Sprintf("%q extends itself", base))
	}
	if resolve == nil {
		return Policy{}, NewError(CodeInvalid, fmt.Sprintf("no policy is called %q", base))
	}
	if !policyName.MatchString(base) {
		return Policy{}, NewError(CodeInvalid, fmt.Sprintf("%q is not a policy name", base))
	}
	data, err := resolve(base)
	if err != nil {
		return Policy{}, err
	}
	return parsePolicy(base, data, resolve, chain)
}

var policyName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)

// policyReader reads one file into policy, collecting every fault it meets.
type policyReader struct {
	file   string
	policy Policy
	lines  map[string]int // of the keys met; looked up, never walked
	faults []string
}

// entry is one key of the file, dotted inside a group, with its value.
type entry struct {
	key   string
	line  int
	value ast.Node
}

func (r *policyReader) fault(line int, key, format string, args ...any) {
	why := fmt.Sprintf(format, args...)
	if key != "" {
		why = key + ": " + why
	}
	r.faults = append(r.faults, fmt.Sprintf("%s:%d: %s", r.file, line, why))
}

// seen notes where a key stands, and says when it stands there twice.
func (r *policyReader) seen(e entry) bool {
	if first, twice := r.lines[e.key]; twice {
		r.fault(e.line, e.key, "is given twice, first on line %d", first)
		return false
	}
	r.lines[e.key] = e.line
	return true
}

// open is the top of the file.
func (r *policyReader) open(data []byte) []entry {
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		line, why := 1, err.Error()
		var at interface {
			GetToken() *token.Token
			GetMessage() string
		}
		if errors.As(err, &at) && at.GetToken() != nil {
			line, why = at.GetToken().Position.Line, at.GetMessage()
		}
		r.fault(line, "", "%s", why)
		return nil
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) != 1 {
		r.fault(1, "", "one document of keys and values is needed")
		return nil
	}
	return r.entries("", bodies[0], 1)
}

// entries are the keys and values of a mapping, in the order of the file.
func (r *policyReader) entries(group string, node ast.Node, line int) []entry {
	m, ok := node.(ast.MapNode)
	if _, alias := node.(*ast.AliasNode); !ok || alias {
		r.fault(line, group, "must be a group of keys and values")
		return nil
	}
	var out []entry
	for it := m.MapRange(); it.Next(); {
		tk := it.Key().GetToken()
		key := tk.Value
		if strings.Contains(key, ".") { // our own mark for the keys of a group
			r.fault(tk.Position.Line, key, "is not a known key")
			continue
		}
		if group != "" {
			key = group + "." + key
		}
		out = append(out, entry{key: key, line: tk.Position.Line, value: it.Value()})
	}
	return out
}

// scalar is the text of a plain or quoted value.
func (r *policyReader) scalar(e entry) (string, bool) {
	switch v := e.value.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return v.GetToken().Value, true
	case nil, *ast.NullNode:
		r.fault(e.line, e.key, "has no value")
	default:
		r.fault(e.line, e.key, "must be a single value")
	}
	return "", false
}

func (r *policyReader) read(e entry) {
	i := slices.IndexFunc(parameters, func(p parameter) bool { return p.key == e.key })
	if i < 0 {
		inGroup := func(p parameter) bool { return strings.HasPrefix(p.key, e.key+".") }
		if !slices.ContainsFunc(parameters, inGroup) {
			r.fault(e.line, e.key, "is not a known key%s", suggestion(e.key))
			return
		}
		if r.seen(e) {
			for _, sub := range r.entries(e.key, e.value, e.line) {
				r.read(sub)
			}
		}
		return
	}
	if !r.seen(e) {
		return
	}
	par := parameters[i]
	field := r.policy.field(par.key)
	if field.Kind() == reflect.Slice {
		r.readList(e, par, field)
		return
	}
	text, ok := r.scalar(e)
	if !ok {
		return
	}
	if err := par.set(field, text); err != nil {
		r.fault(e.line, e.key, "%s", message(err))
	}
}

func (r *policyReader) readList(e entry, par parameter, field reflect.Value) {
	seq, ok := e.value.(*ast.SequenceNode)
	if !ok {
		r.fault(e.line, e.key, "must be a list")
		return
	}
	list := reflect.New(field.Type()).Elem() // what an extended file listed is replaced
	for _, v := range seq.Values {
		line := e.line
		if v != nil && v.GetToken() != nil {
			line = v.GetToken().Position.Line
		}
		item := reflect.New(field.Type().Elem()).Elem()
		if item.Kind() == reflect.Struct {
			r.readItem(par.key, line, v, item)
		} else if text, ok := r.scalar(entry{key: e.key, line: line, value: v}); ok {
			if err := setText(item, text); err != nil {
				r.fault(line, e.key, "%s", message(err))
			}
		}
		list = reflect.Append(list, item)
	}
	if list.Len() == 0 && !slices.Contains(append(slices.Clone(par.honoured), par.later...), Off) {
		r.fault(e.line, e.key, "must not be empty")
	}
	field.Set(list)
}

// readItem reads one mapping of a list, all of whose keys are needed.
func (r *policyReader) readItem(key string, line int, node ast.Node, item reflect.Value) {
	said := map[string]bool{}
	for _, e := range r.entries(key, node, line) {
		name := strings.TrimPrefix(e.key, key+".")
		f := fieldNamed(item, name)
		if !f.IsValid() {
			r.fault(e.line, e.key, "is not a known key")
			continue
		}
		if said[name] {
			r.fault(e.line, e.key, "is given twice")
			continue
		}
		said[name] = true
		if text, ok := r.scalar(e); ok {
			if err := setText(f, text); err != nil {
				r.fault(e.line, e.key, "%s", message(err))
			}
		}
	}
	for i := range item.NumField() {
		if name := jsonName(item.Type().Field(i)); !said[name] {
			r.fault(line, key+"."+name, "is missing")
		}
	}
}

// crossCheck judges values against each other; the line is that of the key if the file has it, else of `extends`.
func (r *policyReader) crossCheck() {
	p := r.policy
	bad := func(key, format string, args ...any) {
		line, ok := r.lines[key]
		if !ok {
			line = max(1, r.lines["extends"])
		}
		r.fault(line, key, format, args...)
	}
	if why := stagesFault(p.Stages); why != "" {
		bad("stages", "%s", why)
	}
	for i := range p.AgencyClosures {
		if slices.Contains(p.AgencyClosures[:i], p.AgencyClosures[i]) {
			bad("agency_closures", "%s is listed twice", p.AgencyClosures[i])
		}
	}
	for i, d := range p.CPFCeiling {
		if d.Amount <= 0 {
			bad("cpf_ceiling", "%s must be more than nothing", euros(d.Amount))
		}
		if i > 0 && d.From <= p.CPFCeiling[i-1].From {
			bad("cpf_ceiling", "dates must follow each other")
		}
	}
	for _, s := range p.CancellationCompensation {
		if s.Percent < 1 || s.Percent > 100 || s.Notice.IsOff() {
			bad("cancellation_compensation", "a notice and a percentage from 1 to 100 are needed")
		}
	}
	if p.Has(StageSolicitation) && p.SearchStart == Off {
		bad("search_start", "must not be off: the stages have a solicitation")
	}
	if p.SilenceDelay.IsOff() != p.UrgentSilenceDelay.IsOff() {
		bad("urgent_silence_delay", "must be off when silence_delay is, and only then")
	}
	if p.PayTrigger == PayTriggerRecap && (p.RecapDay == "" || p.RecapSilence == Off) {
		bad("pay_trigger", "recap needs recap_day and recap_silence")
	}
	if (p.HotEvaluation == Off) != (p.HotEvaluationAt == Off) {
		bad("hot_evaluation_at", "must be off when hot_evaluation is, and only then")
	}
	for _, pair := range []struct {
		key          string
		first, later Delay
		of           string
	}{
		{"reminder_delay", p.ReminderDelay, p.SilenceDelay, "silence_delay"},
		{"urgent_silence_delay", p.UrgentSilenceDelay, p.SilenceDelay, "silence_delay"},
		{"contract_signature_reminder", p.ContractSignatureReminder, p.ContractSignatureExpiry, "contract_signature_expiry"},
		{"client_signature_reminder", p.ClientSignatureReminder, p.ClientSignatureExpiry, "client_signature_expiry"},
		{"recap_reminder", p.RecapReminder, p.RecapContestWindow, "recap_contest_window"},
	} {
		if pair.first.Unit == pair.later.Unit && !pair.first.IsOff() && pair.first.N >= pair.later.N {
			bad(pair.key, "%s must be shorter than %s, %s", pair.first, pair.of, pair.later)
		}
	}
}

// stagesFault says what is wrong with a list of stages, or nothing: the four of the search in their order, then
// interview, contract and readiness in any, then the three that every request ends with.
func stagesFault(stages []Stage) string {
	rank := func(s Stage) int {
		i := slices.Index(allStages, s)
		if free := slices.Index(allStages, StageInterview); i > free && i <= free+2 {
			return free
		}
		return i
	}
	for i, s := range stages {
		if !slices.Contains(allStages, s) {
			return fmt.Sprintf("%q is not a stage", s)
		}
		if slices.Contains(stages[:i], s) {
			return fmt.Sprintf("%s is listed twice", s)
		}
		if i > 0 && rank(stages[i-1]) > rank(s) {
			return fmt.Sprintf("%s cannot come after %s", s, stages[i-1])
		}
	}
	for _, s := range []Stage{StageQualification, StageSessions, StageDelivered, StageClosed} {
		if !slices.Contains(stages, s) {
			return fmt.Sprintf("%s is missing: every request has it", s)
		}
	}
	return ""
}

// set gives a parameter's value to its field, if it is one it may have.
func (par parameter) set(field reflect.Value, text string) error {
	values := append(slices.Clone(par.honoured), par.later...)
	free := slices.Contains(values, anyValue)
	if text == Off && slices.Contains(values, Off) {
		field.SetZero()
		if field.Kind() == reflect.String && !free {
			field.SetString(Off)
		}
		return nil
	}
	if !free {
		if !slices.Contains(values, text) {
			return fmt.Errorf("%q is none of %s", text, strings.Join(values, ", "))
		}
		return setText(field, text)
	}
	if text == Off {
		return fmt.Errorf("must not be off")
	}
	if par.check != nil {
		if err := par.check(text); err != nil {
			return err
		}
	}
	if err := setText(field, text); err != nil {
		return err
	}
	if n, ok := field.Interface().(int); ok && (n < par.min || n > par.max) {
		return fmt.Errorf("%d is not between %d and %d", n, par.min, par.max)
	}
	if c, ok := field.Interface().(Cents); ok && c <= 0 {
		return fmt.Errorf("%s must be more than nothing", euros(c))
	}
	return nil
}

// setText reads a text into a field by its type.
func setText(field reflect.Value, text string) error {
	switch v := field.Addr().Interface().(type) {
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil || strconv.Itoa(n) != text {
			return fmt.Errorf("%q is not a whole number", text)
		}
		*v = n
	case *bool:
		if text != "on" && text != Off {
			return fmt.Errorf("%q is neither on nor off", text)
		}
		*v = text == "on"
	case *Cents:
		m := eurosForm.FindStringSubmatch(text)
		if m == nil {
			return fmt.Errorf("%q is not an amount such as 5000 EUR", text)
		}
		whole, _ := strconv.ParseInt(m[1], 10, 64)
		part, _ := strconv.ParseInt("0"+m[2], 10, 64)
		*v = Cents(whole*100 + part)
	case *Date: // UnmarshalText would take no date at all
		d, err := ParseDate(text)
		if err != nil {
			return err
		}
		*v = d
	case *MailHours:
		h, err := ParseMailHours(text)
		if err != nil {
			return err
		}
		*v = h
	case *Delay:
		return v.UnmarshalText([]byte(text))
	default:
		field.SetString(text)
	}
	return nil
}

var eurosForm = regexp.MustCompile(`^([0-9]{1,12})(?:\.([0-9]{2}))? EUR$`)

func euros(c Cents) string {
	if c%100 == 0 {
		return fmt.Sprintf("%d EUR", c/100)
	}
	return fmt.Sprintf("%d.%02d EUR", c/100, c%100)
}

// textOf is a value as the file has it; off for the zero value.
func textOf(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case bool:
		if x {
			return "on"
		}
		return Off
	case Cents:
		if x == 0 {
			return Off
		}
		return euros(x)
	case []DatedCents:
		if len(x) == 0 {
			return Off
		}
		parts := make([]string, len(x))
		for i, d := range x {
			parts[i] = string(d.From) + " " + euros(d.Amount)
		}
		return strings.Join(parts, ", ")
	}
	if v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 {
		return Off
	}
	return fmt.Sprint(v.Interface())
}

// field is where a parameter's value is kept: the field whose JSON name is the key, in its group if it has one.
func (p *Policy) field(key string) reflect.Value {
	v := reflect.ValueOf(p).Elem()
	for name := range strings.SplitSeq(key, ".") {
		v = fieldNamed(v, name)
	}
	return v
}

func fieldNamed(v reflect.Value, name string) reflect.Value {
	for i := range v.NumField() {
		if jsonName(v.Type().Field(i)) == name {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// suggestion names the known key that a wrong one was probably meant to be.
func suggestion(key string) string {
	plain := func(s string) string {
		return strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(s))
	}
	for _, p := range parameters {
		if a, b := plain(key), plain(p.key); a == b || a+"s" == b || a == b+"s" {
			return fmt.Sprintf(" (is %s meant?)", p.key)
		}
	}
	return ""
}

func checkLabel(s string) error {
	if s != strings.TrimSpace(s) || len(s) < 2 || len(s) > 120 {
		return fmt.Errorf("a name of 2 to 120 characters is needed")
	}
	return nil
}

func checkMonthDay(s string) error {
	// 2001 is no leap year: the day must exist every year.
	if _, err := time.Parse(time.DateOnly, "2001-"+s); err != nil {
		return fmt.Errorf("%q is not a day of the year such as 03-30", s)
	}
	return nil
}

// message is an error's sentence without its code.
func message(err error) string {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}
