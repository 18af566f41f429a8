package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"jalon/models"
	"jalon/store"
	"jalon/web"
)

// decision is something staff decide about a dossier: when it is offered, the form it takes, and the call of the typed
// API that it becomes. Its words are decide.NAME.
type decision struct {
	name   string
	method string // POST if empty
	route  string // of the typed API: who may decide is its rule
	grave  bool   // what it ends does not come back: a box has to be ticked
	draws  bool   // contracts may be drawn from the dossier as it is then
	tab    string // where to go on to; the situation if empty
	// offers tells whether it can be decided now, about a subject where it has one.
	offers func(x *dossierDesk, subject string) error
	// fill draws the fields and reads what was typed in them; it returns the body of the call.
	fill func(x *dossierDesk, f *draft) any
	// until tells that what the decision leads to shows: (*dossierDesk).goesOn if nil.
	until func(x *dossierDesk, now models.Request) bool
}

// decisionOrder is the order in which decisions are offered.
var decisionOrder = []string{"qualify", "choose", "approve-programme", "return-programme", "record-interview", "confirm-readiness",
	"plan-sessions", "reissue-contract", "widen", "assign", "register", "waive", "give-up-follow-up", "reassign", "rework", "drop-trainer", "hand-over", "cancel"}

// takes offers a command where the request takes it.
func takes(v models.Verb) func(*dossierDesk, string) error {
	return func(x *dossierDesk, _ string) error { return x.standing.Takes(v) }
}

// ofSession offers a command where the session takes it.
func ofSession(v models.Verb) func(*dossierDesk, string) error {
	return func(x *dossierDesk, subject string) error {
		s, err := x.session(subject)
		if err == nil {
			err = s.Takes(v, x.now)
		}
		return err
	}
}

// session is the one of this dossier with this number.
func (x *dossierDesk) session(number string) (models.Session, error) {
	for _, s := range x.sessions {
		if strconv.Itoa(s.Number) == number {
			return s, nil
		}
	}
	return models.Session{}, refuse(models.CodeSessionUnknown)
}

var decisions = map[string]*decision{
	"qualify": {route: "/requests/{ref}/qualify", offers: takes(models.VerbQualify), fill: (*dossierDesk).fillNeeds,
		until: func(x *dossierDesk, now models.Request) bool {
			return now.Stage != models.StageQualification && x.goesOn(now)
		}},
	"rework": {route: "/requests/{ref}/rework", grave: true, offers: takes(models.VerbRework), fill: (*dossierDesk).fillNeeds,
		until: func(x *dossierDesk, now models.Request) bool { return now.Solicitation > x.row.Solicitation }},
	"reassign": {route: "/requests/{ref}/reassign", offers: takes(models.VerbReassign), fill: (*dossierDesk).fillOwner},
	"assign":   {route: "/requests/{ref}/assign", offers: takes(models.VerbAssign), fill: (*dossierDesk).fillAssign},
	"choose": {route: "/requests/{ref}/choose", fill: (*dossierDesk).fillChoose,
		offers: func(x *dossierDesk, _ string) error {
			if err := x.standing.Takes(models.VerbChoose); err != nil {
				return err
			}
			if len(x.choosable()) == 0 {
				return refuse(models.CodeNotInterested)
			}
			return nil
		},
		until: func(x *dossierDesk, now models.Request) bool { return now.TrainerRef != "" && x.goesOn(now) }},
	"widen":     {route: "/requests/{ref}/widen", offers: takes(models.VerbWiden), fill: (*dossierDesk).fillWiden},
	"hand-over": {route: "/requests/{ref}/hand-over", grave: true, offers: takes(models.VerbHandOver), fill: reason, until: ended},
	"cancel": {route: "/requests/{ref}/cancel", grave: true, offers: takes(models.VerbCancel), until: ended,
		fill: func(_ *dossierDesk, f *draft) any {
			cause := f.choose("cause", "radio", opt{}, "by_client", "by_agency")
			return map[string]any{"cause": cause, "reason": f.area("reason", opt{})}
		}},
	"drop-trainer": {route: "/requests/{ref}/drop-trainer", grave: true, offers: takes(models.VerbDropTrainer), fill: reason,
		until: func(_ *dossierDesk, now models.Request) bool { return now.TrainerRef == "" }},
	"waive": {route: "/requests/{ref}/waive", draws: true, offers: takes(models.VerbWaive),
		fill: func(x *dossierDesk, f *draft) any {
			return map[string]any{"step": f.hidden("step", string(x.row.Stage)), "reason": f.area("reason", opt{})}
		}},
	"approve-programme": {route: "/requests/{ref}/approve-programme", draws: true, offers: takes(models.VerbApproveProgramme), fill: (*dossierDesk).fillProgramme},
	"return-programme": {route: "/requests/{ref}/return-programme", offers: takes(models.VerbReturnProgramme),
		fill: func(x *dossierDesk, f *draft) any {
			x.readProgramme(f)
			words := f.area("changes", opt{})
			f.at["reason"] = "changes"
			return map[string]any{"reason": words}
		}},
	"record-interview":  {route: "/requests/{ref}/record-interview", draws: true, offers: takes(models.VerbRecordInterview), fill: verdict},
	"confirm-readiness": {route: "/requests/{ref}/confirm-readiness", draws: true, offers: takes(models.VerbConfirmReadiness), fill: verdict},
	"reissue-contract": {route: "/requests/{ref}/reissue-contract", draws: true, offers: takes(models.VerbReissueContract),
		fill: func(x *dossierDesk, f *draft) any {
			ref := ""
			if c := models.ClientDocument(x.contracts); c != nil {
				ref = c.Ref
			}
			return map[string]any{"contract": f.hidden("contract", ref), "reason": f.area("reason", opt{optional: true})}
		}},
	"plan-sessions": {route: "/requests/{ref}/plan-sessions", tab: "sessions", fill: (*dossierDesk).fillPlan,
		offers: func(x *dossierDesk, _ string) error {
			if err := x.standing.Takes(models.VerbPlanSessions); err != nil {
				return err
			}
			if x.brief.Order.Unplanned(x.sessions) <= 0 {
				return refuse(models.CodeOverPlanned)
			}
			return nil
		}},
	"judge-sheet": {route: "/requests/{ref}/sessions/{number}/judge-sheet", tab: "sessions", offers: ofSession(models.VerbJudgeSheet), fill: (*dossierDesk).fillJudgement},
	"reschedule":  {route: "/requests/{ref}/sessions/{number}/reschedule", tab: "sessions", offers: ofSession(models.VerbReschedule), fill: (*dossierDesk).fillReschedule},
	"cancel-session": {route: "/requests/{ref}/sessions/{number}/cancel", tab: "sessions", grave: true, offers: ofSession(models.VerbCancelSession), fill: reason,
		until: func(x *dossierDesk, _ models.Request) bool {
			s, err := x.session(x.c.Query("subject"))
			if err == nil {
				s, err = x.s.store.Session(x.ctx, s.Ref)
			}
			return err == nil && s.Status == models.SessionCancelled
		}},
	"register": {route: "/requests/{ref}/registrations", tab: "people", fill: (*dossierDesk).fillRegister,
		offers: func(x *dossierDesk, _ string) error { return x.standing.TakesParticipants() }},
	"complete-participant": {method: http.MethodPut, route: "/requests/{ref}/registrations/{participant}", tab: "people",
		offers: func(x *dossierDesk, subject string) error {
			if x.row.Stage.Ended() || subject == "" {
				return refuse(models.CodeClosed)
			}
			return nil
		},
		fill: func(x *dossierDesk, f *draft) any {
			p, err := x.s.store.Participant(x.ctx, x.c.Query("subject"))
			if err != nil || p.Dossier != x.brief.Ref {
				p = models.Participant{Lang: models.French}
			}
			return map[string]any{"name": f.text("name", opt{initial: p.Name}), "email": f.text("email", opt{initial: p.Email, optional: true}),
				"lang": f.writtenIn("lang", p.Lang, opt{})}
		}},
	"remove-participant": {method: http.MethodDelete, route: "/requests/{ref}/registrations/{participant}", tab: "people", grave: true,
		offers: func(x *dossierDesk, subject string) error {
			if x.row.Stage.Ended() || subject == "" {
				return refuse(models.CodeClosed)
			}
			if signed, err := x.hasSigned(subject); err != nil {
				return err
			} else if signed {
				return refuse(models.CodeHasSigned)
			}
			return nil
		},
		fill: func(*dossierDesk, *draft) any { return nil }},
	"give-up-follow-up": {route: "/requests/{ref}/give-up-follow-up", tab: "sessions", fill: reason,
		offers: func(x *dossierDesk, _ string) error {
			if err := x.standing.Takes(models.VerbGiveUp); err != nil {
				return err
			}
			if !slices.ContainsFunc(x.open, func(d models.Deadline) bool { return d.Workflow == models.FollowUpID(x.brief.Ref) }) {
				return refuse(models.CodeFinished)
			}
			return nil
		}},
}

func init() {
	for name, c := range decisions {
		c.name = name
		if c.method == "" {
			c.method = http.MethodPost
		}
	}
}

// goesOn tells that the stage a dossier stands at has begun: somebody is waited for. Documents take a moment to be drawn.
func (x *dossierDesk) goesOn(now models.Request) bool {
	process := models.RequestID(now.Ref)
	switch now.Stage {
	case models.StageSolicitation:
		process = models.SolicitationID(now.Ref, now.Solicitation)
	case models.StageAudit, models.StageProgramme, models.StageInterview, models.StageContract, models.StageReadiness:
	default:
		return true
	}
	open, err := x.s.store.OpenDeadlines(x.ctx, store.DeadlineFilter{Dossier: now.Ref, Workflow: process}, store.Cursor{}, 1)
	return err == nil && len(open.Items) > 0
}

func ended(_ *dossierDesk, now models.Request) bool { return now.Stage.Ended() }

// exceeded warns that contracts to be drawn name more people than the client announced (F007); empty where they do not, or
// where none is drawn any more. What cannot be read is left out: it is not needed to decide.
func (x *dossierDesk) exceeded() string {
	if x.row.Stage == models.StageAudit {
		return "" // the programme comes first
	}
	drawn := func(c models.Contract) bool {
		return c.Kind == models.ContractTrainer && c.TrainerRef == x.row.TrainerRef && (c.WasSigned() || c.Status == models.ContractPending)
	}
	client := models.ClientDocument(x.contracts)
	people, err := x.s.store.Participants(x.ctx, x.brief.Ref, true)
	if err != nil || !x.brief.Exceeded(len(people)) || slices.ContainsFunc(x.contracts, drawn) && (client == nil || client.Status == models.ContractSigned) {
		return ""
	}
	return x.t("dossier.group_exceeded", "registered", len(people), "group", x.brief.GroupSize)
}

// reason asks why, and nothing else.
func reason(_ *dossierDesk, f *draft) any { return map[string]any{"reason": f.area("reason", opt{})} }

// verdict asks for a yes or a no, and why if it is no.
func verdict(_ *dossierDesk, f *draft) any {
	passed := f.choose("passed", "radio", opt{}, "yes", "no")
	words := f.area("observation", opt{optional: true, plain: f.has("observation_hint")})
	f.at["reason"] = "observation"
	return map[string]any{"passed": passed == "yes", "reason": words}
}

// fillJudgement says what the sheet to judge holds, and what a session held means for who is marked absent on it and for who
// is neither that nor signed: judged without a look at it, who was there becomes absent.
func (x *dossierDesk) fillJudgement(f *draft) any {
	s, _, roll, recorded := x.sheetOf(f, x.c.Query("subject"))
	days := x.halfDays(s)
	f.facts = []pageFact{{x.t("dossier.sheet"), x.sheetState(s)}}
	var absent, open int // people with such a half-day
	signed := false
	for _, p := range roll {
		var states []string
		missed, left := false, false
		for i := range s.HalfDays {
			state := "dossier.not_signed"
			switch a, ok := recorded(p.Ref, i); {
			case !ok:
				left = true
			case a.State == models.AttendanceSigned:
				state, signed = "state.signed", true
			default:
				state, missed = "dossier.absent", true
			}
			states = append(states, x.t("decide.judge-sheet.half_day", "day", days[i], "state", x.t(state)))
		}
		if missed {
			absent++
		}
		if left {
			open++
		}
		f.facts = append(f.facts, pageFact{goesBy(p), strings.Join(states, x.t("decide.judge-sheet.and"))})
	}
	if !signed {
		f.weighs = append(f.weighs, x.t("decide.judge-sheet.nobody"))
	}
	if absent > 0 {
		f.weighs = append(f.weighs, x.t("decide.judge-sheet.marked", "count", absent))
	}
	if open > 0 {
		f.weighs = append(f.weighs, x.t("decide.judge-sheet.open", "count", open), x.t("decide.judge-sheet.before"))
		if x.offersRecord("presence", s.Ref) {
			f.first = []offer{x.recordOffer("presence", s.Ref)}
		}
	}
	return verdict(x, f)
}

// offered tells whether something can be decided now by who is here.
func (x *dossierDesk) offered(name, subject string) bool {
	c := decisions[name]
	return x.may(c.method, c.route) && c.offers(x, subject) == nil
}

// offerOf is how a decision is announced.
func (x *dossierDesk) offerOf(c *decision, subject string) offer {
	o := offer{Href: x.at("decide", c.name), Label: x.says(c, subject, "title"), Says: x.says(c, subject, "says"), Grave: c.grave}
	if subject != "" {
		o.Href += "?subject=" + url.QueryEscape(subject)
	}
	return o
}

// says is one of a decision's sentences.
func (x *dossierDesk) says(c *decision, subject, which string) string {
	what := x.called(subject)
	if s, err := x.session(subject); err == nil {
		what = x.t("dossier.session_of", "n", s.Number, "day", web.ShortDay(x.lang, models.ParisDate(s.StartAt)))
	}
	key := "decide." + c.name + "." + which
	if searching := key + "_searching"; x.row.Stage == models.StageSolicitation && web.Has(searching) {
		key = searching
	}
	return x.t(key, "subject", what, "stage", x.lang.StageName(x.row.Stage), "trainer", x.called(x.row.TrainerRef))
}

// offers are the decisions that the dossier takes now, for whom may take them.
func (x *dossierDesk) offers() []offer {
	var out []offer
	for _, name := range decisionOrder {
		if x.offered(name, "") {
			out = append(out, x.offerOf(decisions[name], ""))
		}
	}
	for _, s := range x.sessions {
		if s.Status == models.SessionToJudge {
			out = append(x.sessionDecisions(s), out...)
		}
	}
	return out
}

// sessionDecisions are those that a session takes now.
func (x *dossierDesk) sessionDecisions(s models.Session) []offer {
	var out []offer
	number := strconv.Itoa(s.Number)
	for _, name := range []string{"judge-sheet", "reschedule", "cancel-session"} {
		if x.offered(name, number) {
			out = append(out, x.offerOf(decisions[name], number))
		}
	}
	return out
}

// decidePage is what the page of a decision, or of something to record, is drawn from.
type decidePage struct {
	Action, Back, BackLabel, Button string
	Leave                           string // what not to do it is called, where it is not to change nothing
	Says                            string
	Warn                            string // what to look at before it is decided
	Facts                           []pageFact
	Weighs                          []string
	First                           []offer // what is to be done before
	Paper                           []pageFact
	Controls                        []control
	Key                             string
	Grave                           bool
	Upload                          bool // a file may go with it
	Lists                           map[string][]pick
}

// serveDecision shows a decision with what it will do, and takes it.
func (x *dossierDesk) serveDecision() {
	c := decisions[x.c.Param("what")]
	if c == nil {
		x.fail(refuse(models.CodeUnknown))
		return
	}
	subject := x.c.Query("subject")
	if err := x.meet([]string{subject}); err != nil {
		x.fail(err)
		return
	}
	f := x.draft("decide."+c.name, c.method, c.route, func() error { return c.offers(x, subject) })
	if f == nil {
		return
	}
	body := c.fill(x, f)
	if c.grave {
		f.tick("sure", x.says(c, subject, "sure"))
	}
	page := decidePage{Action: x.c.Request.URL.RequestURI(), Back: x.at(), Button: x.says(c, subject, "button"), Says: x.says(c, subject, "says"), Grave: c.grave}
	if c.draws {
		page.Warn = x.exceeded()
	}
	title := x.says(c, subject, "title")
	path := filled(c.route, x.brief.Ref, subject)
	if !f.posted || !f.send(c.method, path, body, nil) {
		x.draw(title, f, page)
		return
	}
	until := c.until
	if until == nil {
		until = (*dossierDesk).goesOn
	}
	shown := x.settle(func(now models.Request) bool { return until(x, now) })
	x.goOn(c.tab, x.says(c, subject, "done"), shown)
}

// send makes the call of a form without faults; false: the form has to be shown again.
func (f *draft) send(method, path string, body, out any) bool {
	if len(f.faults) > 0 {
		f.status, f.code = http.StatusUnprocessableEntity, models.CodeInvalid
		return false
	}
	p := f.call(method, path, body, out)
	if p == nil {
		return true
	}
	f.status, f.code = p.Status, models.Code(p.Code)
	f.refused(p)
	return false
}

// foresee says of a form what its call would be refused for, beside the faults it has, so that all are corrected at once:
// what the API says of the shape of its body, then checks. A field already at fault was not read, and no more is said of it.
func (f *draft) foresee(path string, body any, checks func(raw []byte) []error) {
	if !f.posted {
		return
	}
	raw, err := json.Marshal(body)
	var loose any
	if err == nil {
		err = json.Unmarshal(raw, &loose)
	}
	if err != nil {
		panic(err) // bodies are structs and maps of plain values
	}
	described := f.s.api.OpenAPI()
	var found huma.ValidateResult
	at := huma.NewPathBuffer(nil, 0)
	at.Push("body")
	huma.Validate(described.Components.Schemas, described.Paths[Prefix+path].Post.RequestBody.Content["application/json"].Schema, at, huma.ModeWriteToServer, loose, &found)
	f.refusedUnread(humaProblem(f.lang, http.StatusUnprocessableEntity, found.Errors))
	for _, err := range checks(raw) {
		f.refusedUnread(f.s.problemOf(f.ctx, f.lang, err))
	}
}

// refusedUnread is refused, but for fields whose faults are said already.
func (f *draft) refusedUnread(p *Problem) {
	p.Errors = slices.DeleteFunc(p.Errors, func(fault Fault) bool {
		name := f.fieldOf(strings.TrimPrefix(fault.Location, "body."))
		return slices.ContainsFunc(f.faults, func(w web.Fault) bool { return w.Field == name })
	})
	if len(p.Errors) > 0 {
		f.refused(p)
	}
}

// draw shows a form about a dossier.
func (x *dossierDesk) draw(title string, f *draft, p decidePage) {
	f.facts = append(x.which(x.brief), append([]pageFact{{x.t("dossier.stage"), x.lang.StageName(x.row.Stage)}}, f.facts...)...)
	p.BackLabel = x.t("dossier.back")
	f.draw(title, p)
}

// draw shows the form.
func (f *draft) draw(title string, p decidePage) {
	f.explain()
	p.Controls, p.Key, p.Lists, p.Paper, p.Facts = f.controls, f.formKey(), f.lists, f.paper, f.facts
	p.Weighs, p.First = f.weighs, f.first
	f.render(f.status, "console_decide", &web.Page{Title: title, State: "form", Code: f.code, Faults: f.faults, Values: f.values, Data: p})
}

// notNow says why something cannot be decided, or not any more.
func (x *dossierDesk) notNow(err error) {
	code := models.ErrorCode(err)
	if Status(code) >= http.StatusInternalServerError {
		x.fail(err)
		return
	}
	if x.row.Stage.Ended() {
		code = models.CodeClosed
	}
	says := Sentence(code, x.lang)
	switch {
	case x.ending != nil && code == models.CodeConflict:
		says = x.ended()
	case code == models.CodeWrongStage:
		says = wrongStage(x.row.Stage, x.lang)
	}
	x.desk.render(Status(code), "console_decide", &web.Page{Title: x.t("dossier.not_now"), State: "closed", Code: code,
		Data: decidePage{Back: x.at(), BackLabel: x.t("dossier.back"), Says: says, Facts: x.which(x.brief)}})
}

// settleWithin bounds how long a page waits for what an act leads to, in real time.
const settleWithin = 2 * time.Second

// settle lets the processes write what follows from an act, so that the page shown next tells it. What crosses from one
// process to another goes through the inbox; when nothing of it is on its way any more, the rows are those of now.
func (x *dossierDesk) settle(shows func(now models.Request) bool) bool {
	return poll(x.ctx, settleWithin, 20*time.Millisecond, func(ctx context.Context) bool {
		if settled, err := x.s.store.Settled(ctx, x.brief.Ref, x.now); err != nil || !settled {
			return false
		}
		_, now, err := x.s.dossier(ctx, x.brief.Ref)
		return err == nil && shows(now)
	})
}

// draft is a form, read and drawn in one go: each field is declared where its value is used.
type draft struct {
	*desk
	prefix   string
	posted   bool
	more     bool // asked for more rows instead of being sent
	corrects bool // a row, whole: what was left as it was drawn stays what it is, whoever corrected it meanwhile
	status   int
	code     models.Code
	controls []control
	lists    map[string][]pick
	paper    []pageFact                                     // texts to read before deciding
	facts    []pageFact                                     // what it is about
	weighs   []string                                       // what it leads to, as things stand
	first    []offer                                        // what is to be done before
	at       map[string]string                              // the field of a place in the body, where their names differ
	blame    map[models.Code]string                         // the field that a refusal without place is about
	say      func(code models.Code, location string) string // a better sentence than the refusal's, empty for none
}

// control is one element of a form.
type control struct {
	web.Field
	Kind    string // input, textarea, radio, checkbox, select, hidden, group
	Options []pick
	List    string    // ID of what an input suggests
	Items   []control // of a group
	Step    string
}

// opt is what is particular about a field.
type opt struct {
	optional                   bool
	kind, mode, initial, label string
	hint                       string
	list                       string
	most                       int
	class                      string
	keys                       string // prefix of the words of a choice's values
	words                      map[string]string
	plain                      bool  // optional, unmarked: its group says it, or its hint says when it is needed
	cap                        int64 // of a number in hundredths: what the API takes at most
	free                       bool  // the API knows which values there are: those shown may have changed meanwhile
}

// draft opens the form of what is decided or recorded by a call, with what was sent; nil: it is not offered now, not to this
// person, or cannot be read, which is said.
func (x *dossierDesk) draft(prefix, method, route string, offered func() error) *draft {
	if !x.may(method, route) {
		x.forbidden("dossier.forbidden")
		return nil
	}
	if !x.posted() {
		if err := offered(); err != nil {
			x.notNow(err)
			return nil
		}
	}
	return x.openDraft(prefix)
}

// openDraft opens a form with what was sent; nil: it cannot be read, which is said.
func (d *desk) openDraft(prefix string) *draft {
	f := &draft{desk: d, prefix: prefix, status: http.StatusOK, at: map[string]string{}, lists: map[string][]pick{},
		blame: map[models.Code]string{models.CodeReasonMissing: "reason"}}
	if d.posted() {
		if err := d.read(); err != nil {
			d.fail(err)
			return nil
		}
		f.more = d.values.Get("more") != ""
		f.posted = !f.more
	}
	if f.values == nil {
		f.values = url.Values{}
	}
	return f
}

// posted tells whether a form was sent.
func (d *desk) posted() bool { return d.c.Request.Method == http.MethodPost }

// goOn leads to the tab that shows what was done, and says it; what has still to be written is said to come.
func (x *dossierDesk) goOn(tab, said string, shown bool) {
	if !shown {
		said += " " + x.t("dossier.soon")
	}
	to := x.at()
	if tab != "" {
		to = x.at(tab)
	}
	x.done(to, said)
}

// drawnAs begins the names of what the fields of a form that corrects held when it was drawn.
const drawnAs = "drawn."

// field declares a field; what it holds first is its initial value.
func (f *draft) field(name, kind string, o opt) control {
	label := o.label
	if label == "" {
		label = f.word(name)
	}
	c := control{Field: web.Field{Name: name, ID: "f-" + name, Label: label, Hint: o.hint, Type: "text", Required: !o.optional, Max: web.MaxLine,
		Mode: o.mode, Class: o.class}, Kind: kind, List: o.list}
	if o.kind != "" {
		c.Type = o.kind
	}
	if o.most > 0 {
		c.Max = o.most
	}
	if o.optional && !o.plain && kind != "hidden" {
		c.Optional = f.t("form.optional")
	}
	if c.Hint == "" && f.has(name+"_hint") {
		c.Hint = f.word(name + "_hint")
	}
	fresh := !f.posted && !f.more
	if fresh {
		f.values.Set(name, o.initial)
	}
	if f.corrects {
		drawn := drawnAs + name
		if fresh || f.values.Get(name) == f.values.Get(drawn) {
			f.values.Set(name, o.initial)
			f.values.Set(drawn, o.initial)
		}
		f.add(control{Field: web.Field{Name: drawn, Value: f.values.Get(drawn)}, Kind: "hidden"})
	}
	c.Value = f.values.Get(name)
	return c
}

// word is a label: the form's own, or the common one.
func (f *draft) word(name string) string {
	if key := f.prefix + "." + name; web.Has(key) {
		return f.t(key)
	}
	return f.t("ask." + name)
}

func (f *draft) has(name string) bool { return web.Has(f.prefix+"."+name) || web.Has("ask."+name) }

func (f *draft) add(c control) { f.controls = append(f.controls, c) }

// wrong notes a fault of a field.
func (f *draft) wrong(name, message string) {
	if f.posted {
		f.faults.add(name, message)
	}
}

// typed is the text of a field, checked.
func (f *draft) typed(c control) string {
	switch n := len([]rune(c.Value)); {
	case c.Value == "" && c.Required:
		f.wrong(c.Name, f.t("fault.required", "label", c.Label))
	case n > c.Max:
		f.wrong(c.Name, f.t("fault.too_long", "label", c.Label, "max", c.Max))
	}
	return c.Value
}

// text is one line.
func (f *draft) text(name string, o opt) string {
	c := f.field(name, "input", o)
	f.add(c)
	return f.typed(c)
}

// area is a text of several lines.
func (f *draft) area(name string, o opt) string {
	if o.most == 0 {
		o.most = web.MaxText
	}
	c := f.field(name, "textarea", o)
	c.Rows = 4
	f.add(c)
	return f.typed(c)
}

// scan is the file of what proves a thing recorded, if one was given: what kind of file it is, the API says.
func (f *draft) scan() []byte {
	c := f.field("scan", "file", opt{optional: true})
	f.add(c)
	if !f.posted {
		return nil
	}
	return f.scanned(&f.faults)
}

// hidden is a value the form was drawn for: a form that has grown old does not act on something else.
func (f *draft) hidden(name, value string) string {
	c := f.field(name, "hidden", opt{initial: value, optional: true})
	f.add(c)
	return c.Value
}

// choose is one of several values, labelled by PREFIX.NAME_VALUE unless words are given.
func (f *draft) choose(name, kind string, o opt, values ...string) string {
	c := f.field(name, kind, o)
	c.Type = kind
	for _, value := range values {
		label, ok := o.words[value]
		switch {
		case ok:
		case o.keys != "":
			label = f.t(o.keys + value)
		default:
			label = f.word(name + "_" + value)
		}
		c.Options = append(c.Options, pick{Value: value, Label: label, On: value == c.Value})
	}
	f.add(c)
	switch {
	case c.Value == "" && !c.Required, c.Value != "" && o.free:
	case !slices.Contains(values, c.Value):
		f.wrong(name, f.t("fault.choose", "label", c.Label))
	}
	return c.Value
}

// tick is a box that has to be ticked.
func (f *draft) tick(name, label string) {
	c := f.field(name, "checkbox", opt{label: f.t("dossier.confirm")})
	c.Type = "checkbox"
	c.Options = []pick{{Value: "yes", Label: label, On: c.Value == "yes"}}
	f.add(c)
	if c.Value != "yes" {
		f.wrong(name, f.t("fault.tick", "label", label))
	}
}

// figure declares a field for a number; read turns what was typed into one and says what is wrong with it. An optional one
// left empty is none.
func figure[N any](f *draft, name, mode string, o opt, read func(text, label string) (n N, wrong string)) (n N) {
	o.mode = mode
	c := f.field(name, "input", o)
	f.add(c)
	if c.Value == "" && !c.Required {
		return n
	}
	n, wrong := read(c.Value, c.Label)
	if wrong != "" {
		f.wrong(name, wrong)
		var none N
		return none
	}
	return n
}

// number is a whole number within bounds.
func (f *draft) number(name string, least, most int, o opt) int {
	return figure(f, name, "numeric", o, func(text, label string) (n int, wrong string) {
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > most {
			wrong = f.t("dossier.fault_number", "label", label, "min", least, "max", most)
		}
		return n, wrong
	})
}

// decimal is a number with up to two decimals, in hundredths.
func (f *draft) decimal(name string, least int64, o opt) int64 {
	return figure(f, name, "decimal", o, func(text, label string) (n int64, wrong string) {
		hundredths, ok := parseEuros(text)
		switch {
		case !ok || int64(hundredths) < least:
			wrong = f.t("dossier.fault_decimal", "label", label)
		case o.cap > 0 && int64(hundredths) > o.cap:
			wrong = f.t("dossier.fault_most", "max", f.lang.Quantity(o.cap))
		}
		return int64(hundredths), wrong
	})
}

// amount is a sum in euros.
func (f *draft) amount(name string, least models.Cents, o opt) models.Cents {
	return figure(f, name, "decimal", o, func(text, _ string) (cents models.Cents, wrong string) {
		cents, ok := parseEuros(text)
		switch {
		case !ok:
			wrong = f.t("fault.money")
		case cents < least:
			wrong = f.t("dossier.fault_least", "min", web.Money(f.lang, least))
		case o.cap > 0 && int64(cents) > o.cap:
			wrong = f.t("dossier.fault_most", "max", web.Money(f.lang, models.Cents(o.cap)))
		}
		return cents, wrong
	})
}

// timed declares a field of a kind for a time; none if nothing was typed, or nothing that read understands.
func timed[T any](f *draft, name, kind, fault string, o opt, read func(text string) (T, error)) (none T) {
	o.kind = kind
	c := f.field(name, "input", o)
	f.add(c)
	if f.typed(c) == "" {
		return none
	}
	at, err := read(c.Value)
	if err != nil {
		f.wrong(name, f.t(fault, "label", c.Label))
		return none
	}
	return at
}

// date is a day.
func (f *draft) date(name string, o opt) models.Date {
	return timed(f, name, "date", "dossier.fault_date", o, models.ParseDate)
}

// moment is a day and a time in Paris.
func (f *draft) moment(name string, o opt) time.Time {
	return timed(f, name, "datetime-local", "dossier.fault_moment", o, func(text string) (time.Time, error) {
		t, err := time.Parse(localTime, text[:min(len(text), len(localTime))]) // browsers may add seconds
		return f.s.calendar.At(models.NewDate(t.Year(), t.Month(), t.Day()), t.Hour(), t.Minute()), err
	})
}

// local is an instant as a datetime-local input holds it.
func (f *draft) local(t time.Time) string { return t.In(f.s.calendar.Location()).Format(localTime) }

// group puts what fill declares under a legend of their own.
func (f *draft) group(id, legend string, fill func()) {
	outer := f.controls
	f.controls = nil
	fill()
	g := control{Field: web.Field{ID: "f-" + id, Label: legend}, Kind: "group", Items: f.controls}
	f.controls = append(outer, g)
}

// refused puts the faults of a refused call beside their fields. What the API says of a field is for programmers; a
// person reads the sentence of the refusal.
func (f *draft) refused(p *Problem) {
	for _, fault := range p.Errors {
		message := p.Detail
		if p.Code == string(models.CodeInvalid) {
			message = f.t("dossier.fault_unacceptable")
		}
		if f.say != nil {
			message = cmp.Or(f.say(models.Code(p.Code), fault.Location), message)
		}
		name := f.fieldOf(strings.TrimPrefix(fault.Location, "body."))
		if !slices.ContainsFunc(f.faults, func(w web.Fault) bool { return w.Field == name && w.Message == message }) {
			f.faults.add(name, message)
		}
	}
	switch {
	case p.Code == string(models.CodeKeyReused): // sent, gone back to, changed and sent again
		f.faults.add("", f.t("dossier.sent_already"))
	case len(p.Errors) == 0:
		f.faults.add(f.fieldOf(f.blame[models.Code(p.Code)]), p.Detail)
	}
}

// fieldOf is the field that a place in the body was read from, empty if none is shown.
func (f *draft) fieldOf(location string) string {
	for at := location; at != ""; at = at[:max(strings.LastIndexAny(at, ".["), 0)] {
		if name, ok := f.at[at]; ok {
			return name
		}
		if shows(f.controls, at) {
			return at
		}
	}
	return ""
}

func shows(controls []control, name string) bool {
	return slices.ContainsFunc(controls, func(c control) bool {
		return c.Name == name && c.Kind != "hidden" || shows(c.Items, name)
	})
}

// came tells whether a file was sent under a name.
func (f *draft) came(name string) bool {
	form := f.c.Request.MultipartForm
	return form != nil && slices.ContainsFunc(form.File[name], func(h *multipart.FileHeader) bool { return h.Size > 0 })
}

// explain puts each fault beside its field.
func (f *draft) explain() {
	var walk func([]control)
	walk = func(list []control) {
		for i := range list {
			for _, fault := range f.faults {
				if fault.Field == list[i].Name && fault.Field != "" {
					list[i].Wrong = fault.Message
				}
			}
			if list[i].Kind == "file" && f.posted && f.came(list[i].Name) {
				list[i].Hint += " " + f.t("dossier.scan_again") // browsers keep no file in a form that comes back
			}
			walk(list[i].Items)
		}
	}
	walk(f.controls)
}

// topic is a line of the catalogue.
func (f *draft) topic(initial string) string {
	topics, words, err := f.courses()
	if err != nil {
		f.wrong("topic", Sentence(models.CodeUnavailable, f.lang))
	}
	return f.choose("topic", "select", opt{initial: initial, words: words}, topics...)
}

// courses are the topics of the catalogue, with their titles.
func (d *desk) courses() (topics []string, titles map[string]string, err error) {
	rows, err := d.s.store.Courses(d.ctx)
	titles = map[string]string{}
	for _, c := range rows {
		topics, titles[c.Topic] = append(topics, c.Topic), c.TitleFR
		if d.lang == models.English && c.TitleEN != "" {
			titles[c.Topic] = c.TitleEN
		}
	}
	return topics, titles, err
}

// fillNeeds is what is known of a request, to complete or to change.
func (x *dossierDesk) fillNeeds(f *draft) any {
	in := f.needs(x.brief)
	if owner := f.owner(x.row.Owner, true); owner != "" {
		in["owner"] = owner
	}
	in["reason"] = f.area("reason", opt{optional: true})
	return in
}

// needs are what a client wants and buys.
func (f *draft) needs(b models.Brief) map[string]any {
	in := map[string]any{}
	count := func(n int) string {
		if n == 0 {
			return "" // nothing is known yet
		}
		return strconv.Itoa(n)
	}
	in["topic"] = f.topic(b.Topic)
	in["title"] = f.text("title", opt{initial: b.Title, label: f.t("ask.title")})
	in["needs"] = f.area("needs", opt{initial: b.Needs, optional: true, most: 10_000})
	in["mode"] = f.choose("mode", "select", opt{initial: string(b.Mode), keys: "mode."}, string(models.ModeClient), string(models.ModeCentre), string(models.ModeRemote), string(models.ModeMixed))
	in["address"] = f.text("address", opt{initial: b.Address, optional: true, plain: true, most: 500})
	in["department"] = f.text("department", opt{initial: b.Department, optional: true, class: "short"})
	in["group_size"] = f.number("group_size", 1, 1000, opt{initial: count(b.GroupSize), class: "short"})
	if level := f.choose("level", "select", opt{initial: b.Level, optional: true, keys: "level."}, "beginner", "intermediate", "expert"); level != "" {
		in["level"] = level
	}
	in["funding"] = f.choose("funding", "select", opt{initial: b.Funding, keys: "dossier.funding.", words: map[string]string{"other": f.t("dossier.funding.something_else")}}, "employer", "skills_operator", "cpf", "employment_service", "self_paid_monthly", "volunteer_credit", "other")
	in["budget_cents"] = f.amount("budget", 0, opt{initial: f.euroText(b.BudgetCents), optional: true, class: "short", cap: 1_000_000_000_00})
	if day := f.date("wanted_from", opt{initial: string(b.WantedFrom), optional: true, class: "short"}); day != "" {
		in["wanted_from"] = day
	}
	in["urgent"] = f.yes("urgent", b.Urgent)
	f.group("order", f.t("ask.order"), func() {
		o := map[string]any{}
		o["half_days"] = f.number("half_days", 1, 1000, opt{initial: count(b.Order.HalfDays), class: "short"})
		o["unit"] = f.choose("unit", "select", opt{initial: string(b.Order.Unit), keys: "unit."}, texts(models.Units)...)
		o["unit_price_cents"] = f.amount("unit_price", 0, opt{initial: f.euroText(b.Order.UnitPriceCents), class: "short", cap: 10_000_000_00})
		known := b.Order.Quantity
		if known == models.Quantity(b.Order.Unit, b.Order.HalfDays, 0) || b.Order.Unit == models.UnitFlat {
			known = 0 // it follows the half-days, when they are corrected too
		}
		if quantity := f.decimal("quantity", 1, opt{initial: f.decimalText(known), optional: true, class: "short", cap: 100_000_00}); quantity > 0 {
			o["quantity"] = quantity
		}
		o["vat_bps"] = f.vat(b.Order)
		in["order"] = o
	})
	for at, field := range map[string]string{"budget_cents": "budget", "order.half_days": "half_days", "order.unit": "unit",
		"order.unit_price_cents": "unit_price", "order.quantity": "quantity", "order.vat_bps": "vat"} {
		f.at[at] = field
	}
	return in
}

// vat is the tax of an order, in basis points. Somebody says that it is exempt: documents then invoke the law.
func (f *draft) vat(o models.Order) int64 {
	const standard, exempt, other = "standard", "exempt", "other"
	known, rate := "", int64(0)
	switch {
	case o.VATBps == models.VATTaxable.RateBps():
		known = standard
	case o.VATBps > 0:
		known, rate = other, o.VATBps
	case o.UnitPriceCents > 0:
		known = exempt
	}
	chosen := f.choose("vat", "select", opt{initial: known}, standard, exempt, other)
	rate = f.decimal("vat_rate", 1, opt{initial: f.decimalText(rate), optional: true, class: "short", cap: 100_00})
	switch {
	case chosen == standard:
		return models.VATTaxable.RateBps()
	case chosen == other && f.values.Get("vat_rate") == "":
		f.wrong("vat_rate", f.t("fault.required", "label", f.word("vat_rate")))
	case chosen == other:
		return rate
	}
	return 0
}

// owner is who looks after the dossier.
func (f *draft) owner(now string, optional bool) string {
	team, names, err := f.team()
	if err != nil {
		f.wrong("owner", Sentence(models.CodeUnavailable, f.lang))
	}
	var owners []string
	for _, u := range team {
		if u.Active && (u.Ref == now || Staff.Allows(u.Roles)) { // whoever it is given to decides
			owners = append(owners, u.Ref)
		}
	}
	return f.choose("owner", "select", opt{initial: now, optional: optional, words: names}, owners...)
}

func (x *dossierDesk) fillOwner(f *draft) any {
	f.blame[models.CodeConflict] = "owner"
	return map[string]any{"owner": f.owner(x.row.Owner, false), "reason": f.area("reason", opt{optional: true})}
}

// euroText is an amount as somebody types it; nothing for none.
func (f *draft) euroText(c models.Cents) string { return f.decimalText(int64(c)) }

func (f *draft) decimalText(hundredths int64) string {
	if hundredths == 0 {
		return ""
	}
	return f.lang.Quantity(hundredths)
}

// fillRate asks for a rate and its unit.
func (f *draft) fillRate(cents models.Cents, unit models.Unit) (models.Cents, string) {
	rate := f.amount("rate", 1_00, opt{initial: f.euroText(cents), class: "short"})
	f.at["rate_cents"], f.at["rate_unit"] = "rate", "rate_in"
	return rate, f.choose("rate_in", "select", opt{initial: string(unit), keys: "unit."}, texts(models.Units)...)
}

// trainers are suggested by name and reference, those who master the topic first.
func (x *dossierDesk) trainers(f *draft) {
	var out []pick
	seen := map[string]bool{}
	suggest := func(t models.Trainer, small string) {
		if t.Active && !seen[t.Ref] && len(out) < 500 {
			seen[t.Ref] = true
			out = append(out, pick{Value: t.Ref + " · " + t.Name, Label: small})
		}
	}
	topical, err := x.s.store.TrainersByTopics(x.ctx, []string{x.brief.Topic})
	if err == nil {
		for _, t := range topical {
			suggest(t, x.t("dossier.masters", "rate", x.lang.RateName(t.RateCents, t.RateUnit)))
		}
		var page store.Page[models.Trainer]
		page, err = x.s.store.Trainers(x.ctx, store.Cursor{}, store.MaxPage)
		for _, t := range page.Items {
			suggest(t, "")
		}
	}
	if err != nil {
		f.wrong("", Sentence(models.CodeUnavailable, x.lang))
	}
	f.lists["trainers"] = out
}

// trainer is a trainer by reference or by the name of exactly one.
func (f *draft) trainer(name string, o opt) string {
	o.list = "trainers"
	typed := f.text(name, o)
	ref, _, _ := strings.Cut(typed, " ")
	for _, t := range f.lists["trainers"] {
		if _, called, _ := strings.Cut(t.Value, " · "); strings.EqualFold(called, typed) {
			ref, _, _ = strings.Cut(t.Value, " ")
		}
	}
	return ref
}

func (x *dossierDesk) fillAssign(f *draft) any {
	x.trainers(f)
	in := map[string]any{"trainer_ref": f.trainer("trainer", opt{})}
	f.at["trainer_ref"] = "trainer"
	in["rate_cents"], in["rate_unit"] = f.fillRate(0, x.brief.Order.Unit)
	in["reason"] = f.area("reason", opt{optional: true})
	return in
}

// choosable are the trainers of the current search that may be retained.
func (x *dossierDesk) choosable() []models.Invitation {
	var out []models.Invitation
	for _, i := range x.invitations {
		if i.Search == x.row.Solicitation && i.Choosable() == nil {
			out = append(out, i)
		}
	}
	return out
}

func (x *dossierDesk) fillChoose(f *draft) any {
	var refs []string
	words := map[string]string{}
	for _, i := range x.choosable() {
		refs, words[i.Ref] = append(refs, i.Ref), x.called(i.TrainerRef)
		if i.RateCents > 0 {
			words[i.Ref] += " · " + x.lang.RateName(i.RateCents, i.RateUnit)
		}
		if i.LateAnswer != "" {
			words[i.Ref] += " · " + x.t("dossier.after_silence")
		}
	}
	initial := x.c.Query("subject")
	if len(refs) == 1 {
		initial = refs[0]
	}
	return map[string]any{"invitation": f.choose("invitation", "radio", opt{initial: initial, words: words, free: true}, refs...),
		"reason": f.area("reason", opt{optional: true})}
}

func (x *dossierDesk) fillWiden(f *draft) any {
	how := f.choose("how", "radio", opt{initial: "wave"}, "wave", "adjacent", "named")
	x.trainers(f)
	var named []string
	for n := 1; n <= 3; n++ {
		name := "trainer" + strconv.Itoa(n)
		if ref := f.trainer(name, opt{optional: true, label: x.t("ask.trainer_n", "n", n)}); ref != "" {
			f.at["trainers["+strconv.Itoa(len(named))+"]"] = name
			named = append(named, ref)
		}
	}
	in := map[string]any{"adjacent": how == "adjacent", "reason": f.area("reason", opt{optional: true})}
	switch {
	case how == "named" && len(named) == 0:
		f.wrong("trainer1", x.t("decide.widen.nobody"))
	case how == "named":
		in["trainers"] = named
	}
	return in
}

// programmeText is what a trainer wrote, nothing yet where none came.
func (x *dossierDesk) programmeText(p models.Programme) ([]pageFact, error) {
	if p.TextRef == "" {
		return nil, nil
	}
	text, err := x.s.store.ProgrammeText(x.ctx, p.TextRef)
	return []pageFact{{x.t("programme.objectives"), text.Objectives}, {x.t("programme.content"), text.Content},
		{x.t("programme.methods"), text.Methods}, {x.t("programme.assessment"), text.Assessment}}, err
}

// readProgramme puts the version at hand before the form: it is read before it is decided.
func (x *dossierDesk) readProgramme(f *draft) {
	n := len(x.programmes)
	if n == 0 {
		return
	}
	var err error
	if f.paper, err = x.programmeText(x.programmes[n-1]); err != nil {
		f.wrong("", Sentence(models.CodeUnavailable, x.lang))
	}
}

func (x *dossierDesk) fillProgramme(f *draft) any {
	x.readProgramme(f)
	return map[string]any{"reason": f.area("reason", opt{optional: true})}
}

// halfDay reads one half-day of a row: a day and its hours.
func (f *draft) halfDay(prefix string, day models.Date, from, to string, optional bool) (h models.HalfDay, given bool) {
	start := f.text(prefix+"_from", opt{label: f.t("ask.from"), kind: "time", initial: from, optional: optional, plain: true, class: "hour"})
	end := f.text(prefix+"_to", opt{label: f.t("ask.to"), kind: "time", initial: to, optional: optional, plain: true, class: "hour"})
	if day == "" || start == "" && end == "" {
		return h, false
	}
	at := func(name, value string) time.Time {
		t, err := time.Parse("15:04", value[:min(len(value), 5)])
		if err != nil {
			f.wrong(name, f.t("dossier.fault_hour"))
			return time.Time{}
		}
		return f.s.calendar.At(day, t.Hour(), t.Minute())
	}
	h = models.HalfDay{Start: at(prefix+"_from", start), End: at(prefix+"_to", end)}
	if !h.Start.IsZero() && !h.End.IsZero() && !h.End.After(h.Start) {
		f.wrong(prefix+"_to", f.t("dossier.fault_order"))
	}
	return h, true
}

// rowsShown is how many rows a form of many offers; asking for more keeps what is typed.
func (f *draft) rowsShown(first, most int) int {
	rows, _ := strconv.Atoi(f.values.Get("rows"))
	if rows < 1 {
		rows = first
	}
	if f.more {
		rows += 3
	}
	rows = min(rows, most)
	f.values.Set("rows", strconv.Itoa(rows))
	f.add(control{Field: web.Field{Name: "rows", ID: "f-rows", Value: strconv.Itoa(rows)}, Kind: "hidden"})
	return rows
}

func (x *dossierDesk) fillPlan(f *draft) any {
	left := x.brief.Order.Unplanned(x.sessions)
	f.facts = append(f.facts, pageFact{x.t("dossier.to_plan"), x.lang.HalfDaysName(left)})
	var sessions []map[string]any
	rows := f.rowsShown(min((left+1)/2, 10), 40)
	room, err := x.lastRoom()
	if err != nil {
		f.wrong("", Sentence(models.ErrorCode(err), x.lang))
	}
	for n := 1; n <= rows; n++ {
		id := "s" + strconv.Itoa(n)
		f.group(id, x.t("dossier.day_n", "n", n), func() {
			day := f.date(id+"_day", opt{optional: true, plain: true, label: x.t("ask.day"), hint: x.t("dossier.empty_row"), class: "short"})
			var halfDays []models.HalfDay
			at := "sessions[" + strconv.Itoa(len(sessions)) + "]"
			afternoon, fromPM, toPM := left-2*(n-1) >= 2, "14:00", "17:30"
			if !afternoon { // an odd half-day is left for the last day
				fromPM, toPM = "", ""
			}
			for _, part := range []struct{ name, from, to string }{{"am", "09:00", "12:30"}, {"pm", fromPM, toPM}} {
				f.group(id+part.name, x.t("ask."+part.name), func() {
					if h, ok := f.halfDay(id+"_"+part.name, day, part.from, part.to, true); ok {
						f.at[at+".half_days["+strconv.Itoa(len(halfDays))+"]"] = id + "_" + part.name + "_from"
						halfDays = append(halfDays, h)
					}
				})
			}
			o := opt{optional: true, label: x.t("ask.place"), most: 1000}
			if x.brief.Mode == models.ModeRemote {
				o.plain, o.label, o.hint = true, x.t("ask.room"), x.t("ask.room_hint")
			}
			place := f.text(id+"_place", o)
			if place == "" && x.brief.Mode == models.ModeRemote {
				place = room // most courses keep one
			}
			switch {
			case day == "":
				return
			case len(halfDays) == 0:
				f.wrong(id+"_day", x.t("dossier.fault_no_half_day"))
			}
			f.at[at], f.at[at+".place"] = id+"_day", id+"_place"
			room = place
			sessions = append(sessions, map[string]any{"half_days": halfDays, "place": place})
		})
	}
	f.add(control{Kind: "more", Field: web.Field{Label: x.t("dossier.more_days")}})
	if len(sessions) == 0 {
		f.wrong("s1_day", x.t("dossier.fault_no_day"))
	}
	return map[string]any{"sessions": sessions}
}

// lastRoom is the place of the session planned last, of those that are held; empty if none has one of its own.
func (x *dossierDesk) lastRoom() (string, error) {
	ref := ""
	for _, s := range x.sessions {
		if s.Counts() && s.PlaceRef != "" {
			ref = s.PlaceRef
		}
	}
	words, err := x.s.store.Notes(x.ctx, []string{ref})
	return words[ref], err
}

func (x *dossierDesk) fillReschedule(f *draft) any {
	s, err := x.session(x.c.Query("subject"))
	if err != nil {
		f.wrong("", Sentence(models.ErrorCode(err), x.lang))
	}
	f.facts = append(f.facts, pageFact{x.t("dossier.planned_for"), strings.Join(x.lang.Times(s.HalfDays), "\n")})
	var halfDays []models.HalfDay
	for i, h := range s.HalfDays {
		id := "h" + strconv.Itoa(i+1)
		f.group(id, x.t("dossier.half_day_n", "n", i+1), func() {
			day := f.date(id+"_day", opt{initial: string(models.ParisDate(h.Start)), label: x.t("ask.day"), class: "short"})
			clock := func(t time.Time) string { return t.In(x.s.calendar.Location()).Format("15:04") }
			f.at["half_days["+strconv.Itoa(len(halfDays))+"]"] = id + "_from"
			if moved, ok := f.halfDay(id, day, clock(h.Start), clock(h.End), false); ok {
				halfDays = append(halfDays, moved)
			}
		})
	}
	place := f.text("place", opt{optional: true, hint: x.t("ask.place_kept"), most: 1000})
	return map[string]any{"half_days": halfDays, "place": place, "reason": f.area("reason", opt{optional: true})}
}

// fillRegister takes a list of people, one a line: a name, an address, or both.
func (x *dossierDesk) fillRegister(f *draft) any {
	typed := f.area("people", opt{most: 50_000})
	lang := f.writtenIn("lang", models.French, opt{})
	var people []map[string]any
	for _, line := range strings.Split(typed, "\n") {
		var name []string
		email := ""
		// Lists are pasted, with the spaces of other programs: U+200B is none to Unicode.
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;<>()\"\u200b", r) }) {
			if strings.Contains(word, "@") && email == "" {
				email = word
			} else {
				name = append(name, word)
			}
		}
		if len(name) == 0 && email == "" {
			continue
		}
		people = append(people, map[string]any{"name": strings.Join(name, " "), "email": email, "lang": lang})
	}
	f.at["participants"] = "people"
	f.say = func(code models.Code, location string) string {
		var n int
		if _, err := fmt.Sscanf(location, "body.participants[%d]", &n); err != nil || n >= len(people) {
			return ""
		}
		key := "decide.register.wrong"
		if code == models.CodeConflict {
			key = "decide.register.known"
			if slices.ContainsFunc(people[:n], func(p map[string]any) bool {
				return strings.EqualFold(fmt.Sprint(p["email"]), fmt.Sprint(people[n]["email"]))
			}) {
				key = "decide.register.twice" // of one list, nobody is registered
			}
		}
		return x.t(key, "line", fmt.Sprint(people[n]["name"], " ", people[n]["email"]))
	}
	if typed != "" && len(people) == 0 {
		f.wrong("people", x.t("fault.required", "label", x.t("ask.people")))
	}
	return map[string]any{"participants": people}
}
