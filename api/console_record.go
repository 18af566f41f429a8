package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"jalon/models"
	"jalon/web"
)

// recording is the twin of a link: what somebody outside did by phone, on paper or by mail, keyed by staff. Its words
// are record.NAME.
type recording struct {
	name  string
	route string // of the typed API
	tab   string
	// subjects are what it can be recorded about now; an empty one where there is no choice.
	subjects func(x *dossierDesk) []string
	// fill draws the fields and reads what was typed; it returns the body of the call, without how it was received.
	fill func(x *dossierDesk, f *draft, subject string) map[string]any
}

const recordRoute = "/requests/{ref}/record"

// recordOrder is the order in which things to record are offered.
var recordOrder = []string{"answer", "slots", "slot", "report", "programme", "signature", "sheet", "presence", "justification", "evaluation", "withdrawal", "client-cancel"}

var recordings = map[string]*recording{
	"answer": {route: recordRoute, fill: (*dossierDesk).fillAnswer, subjects: func(x *dossierDesk) (out []string) {
		if x.standing.Takes(models.VerbChoose) != nil {
			return nil
		}
		for _, i := range x.invitations {
			if i.Search == x.row.Solicitation && i.AwaitsAnswer() {
				out = append(out, i.Ref)
			}
		}
		return out
	}},
	"slots": {route: recordRoute, subjects: ofAudit(models.AuditSlotsAwaited), fill: func(_ *dossierDesk, f *draft, subject string) map[string]any {
		var slots []time.Time
		for n := 1; n <= 5; n++ {
			name := "slot" + strconv.Itoa(n)
			if at := f.moment(name, opt{optional: n > 1, label: f.t("slots.slot", "n", n), class: "short"}); !at.IsZero() {
				slots = append(slots, at)
			}
		}
		f.at["slots"] = "slot1"
		return map[string]any{"kind": models.FactSlotsOffered, "subject": subject, "slots": slots}
	}},
	"slot": {route: recordRoute, subjects: ofAudit(models.AuditChoiceAwaited), fill: (*dossierDesk).fillSlot},
	"report": {route: recordRoute, subjects: ofAudit(models.AuditSlotsAwaited, models.AuditChoiceAwaited, models.AuditBooked),
		fill: func(x *dossierDesk, f *draft, subject string) map[string]any {
			agreed := ""
			for _, a := range x.audits {
				if a.Ref == subject && !a.SlotAt.IsZero() && a.CheckReport(time.Time{}, x.row.OpenedAt, x.now) == nil {
					agreed = f.local(a.SlotAt)
				}
			}
			f.at["at"], f.blame[models.CodeCallToCome] = "held_at", "held_at"
			return map[string]any{"kind": models.FactAuditReported, "subject": subject, "at": f.moment("held_at", opt{initial: agreed, class: "short"}),
				"scale":    f.choose("scale", "radio", opt{label: f.t("report.scale"), keys: "report."}, "isolated", "complex"),
				"feasible": f.choose("feasible", "radio", opt{label: f.t("record.report.feasible"), keys: "dossier.yes_no."}, "yes", "no") == "yes"}
		}},
	"programme": {route: recordRoute, fill: (*dossierDesk).fillParts, subjects: func(x *dossierDesk) []string {
		if n := len(x.programmes); n > 0 && x.row.Stage == models.StageProgramme && x.programmes[n-1].Receivable() {
			return []string{x.programmes[n-1].Ref}
		}
		return nil
	}},
	"signature": {route: recordRoute, subjects: (*dossierDesk).unsigned, fill: func(x *dossierDesk, f *draft, subject string) map[string]any {
		for _, c := range x.contracts {
			if c.Ref == subject && c.SHA256 != "" {
				f.facts = append(f.facts, pageFact{x.t("form.fingerprint"), c.SHA256})
			}
		}
		kind := models.FactContractSigned
		if f.choose("outcome", "radio", opt{}, "signed", "declined") == "declined" {
			kind = models.FactContractDeclined
		}
		return map[string]any{"kind": kind, "subject": subject}
	}},
	"sheet": {route: recordRoute, tab: "sessions", fill: (*dossierDesk).fillSheet,
		subjects: ofSessions(models.Session.TakesSheet)},
	"presence": {route: "/requests/{ref}/sessions/{number}/attendances", tab: "sessions", fill: (*dossierDesk).fillPresence,
		subjects: ofSessions(models.Session.TakesPresence)},
	"justification": {route: recordRoute, tab: "sessions", subjects: func(x *dossierDesk) (out []string) {
		for _, a := range x.absences {
			if a.Justifiable() {
				out = append(out, a.Ref)
			}
		}
		return out
	}, fill: func(_ *dossierDesk, _ *draft, subject string) map[string]any {
		return map[string]any{"kind": models.FactAbsenceJustified, "subject": subject}
	}},
	"evaluation": {route: "/requests/{ref}/evaluations", tab: "sessions", fill: (*dossierDesk).fillEvaluation, subjects: func(x *dossierDesk) []string {
		if len(x.sessions) == 0 {
			return nil
		}
		return []string{""}
	}},
	"withdrawal": {route: recordRoute, subjects: func(x *dossierDesk) []string {
		if x.standing.Takes(models.VerbDropTrainer) != nil {
			return nil
		}
		return []string{""}
	}, fill: func(_ *dossierDesk, f *draft, _ string) map[string]any {
		f.tick("sure", f.t("record.withdrawal.sure"))
		return map[string]any{"kind": models.FactTrainerWithdrew}
	}},
	"client-cancel": {route: recordRoute, subjects: func(x *dossierDesk) []string {
		if x.standing.Takes(models.VerbCancel) != nil {
			return nil
		}
		return []string{""}
	}, fill: func(_ *dossierDesk, f *draft, _ string) map[string]any {
		f.tick("sure", f.t("record.client-cancel.sure"))
		return map[string]any{"kind": models.FactClientCancelled}
	}},
}

func init() {
	for name, r := range recordings {
		r.name = name
	}
}

// ofAudit is the newest audit where it has one of these statuses.
func ofAudit(statuses ...string) func(*dossierDesk) []string {
	return func(x *dossierDesk) []string {
		if n := len(x.audits); n > 0 && x.row.Stage == models.StageAudit && slices.Contains(statuses, x.audits[n-1].Status) {
			return []string{x.audits[n-1].Ref}
		}
		return nil
	}
}

// ofSessions are the sessions that take something now.
func ofSessions(takes func(models.Session, time.Time) bool) func(*dossierDesk) []string {
	return func(x *dossierDesk) (out []string) {
		for _, s := range x.sessions {
			if takes(s, x.now) {
				out = append(out, s.Ref)
			}
		}
		return out
	}
}

// unsigned are the documents that can be signed or declined.
func (x *dossierDesk) unsigned() (out []string) {
	for _, c := range x.contracts {
		if c.Signable() {
			out = append(out, c.Ref)
		}
	}
	return out
}

// offersRecord tells whether something can be recorded now, about a subject, by who is here.
func (x *dossierDesk) offersRecord(name, subject string) bool {
	r := recordings[name]
	return !x.row.Stage.Ended() && x.may(http.MethodPost, r.route) && slices.Contains(r.subjects(x), subject)
}

// recordOffers are what can be recorded now.
func (x *dossierDesk) recordOffers() []offer {
	var out []offer
	for _, name := range recordOrder {
		if name == "answer" {
			continue // beside each trainer asked
		}
		for _, subject := range recordings[name].subjects(x) {
			if x.offersRecord(name, subject) {
				out = append(out, x.recordOffer(name, subject))
			}
		}
	}
	return out
}

// sessionRecords are what can be recorded about a session now.
func (x *dossierDesk) sessionRecords(s models.Session) []offer {
	var out []offer
	for _, name := range []string{"sheet", "presence"} {
		if x.offersRecord(name, s.Ref) {
			out = append(out, x.recordOffer(name, s.Ref))
		}
	}
	return out
}

// recordOffer is how something to record is announced.
func (x *dossierDesk) recordOffer(name, subject string) offer {
	r := recordings[name]
	o := offer{Href: x.at("record", name), Label: x.records(r, subject, "title"), Says: x.records(r, subject, "says")}
	if subject != "" {
		o.Href += "?subject=" + url.QueryEscape(subject)
	}
	return o
}

// records is one of a recording's sentences.
func (x *dossierDesk) records(r *recording, subject, which string) string {
	what := x.subject(subject)
	if s, err := x.session(strconv.Itoa(models.LastNumber(subject))); err == nil && s.Ref == subject {
		what = x.t("dossier.session_of", "n", s.Number, "day", web.ShortDay(x.lang, models.ParisDate(s.StartAt)))
	}
	return x.t("record."+r.name+"."+which, "subject", what, "trainer", x.called(x.row.TrainerRef), "client", x.called(x.brief.ContactRef))
}

// serveRecord shows what is awaited and from whom, and keeps what they did.
func (x *dossierDesk) serveRecord() {
	r := recordings[x.c.Param("what")]
	if r == nil {
		x.fail(refuse(models.CodeUnknown))
		return
	}
	subject := x.c.Query("subject")
	x.uploads = true
	f := x.draft("record."+r.name, http.MethodPost, r.route, func() error {
		answered := func(i models.Invitation) bool { return i.Ref == subject && i.Answered() }
		switch {
		case x.offersRecord(r.name, subject):
			return nil
		case r.name == "answer" && slices.ContainsFunc(x.invitations, answered):
			return refuse(models.CodeAnswered)
		}
		return refuse(models.CodeWrongStage)
	})
	if f == nil {
		return
	}
	if from := x.from(r.name, subject); from != "" {
		f.facts = append(f.facts, pageFact{x.t("dossier.awaited_from"), from})
	}
	body := r.fill(x, f, subject)
	f.group("received", x.t("dossier.how_received"), func() {
		body["channel"] = f.choose("channel", "select", opt{initial: string(models.ChannelPhone), keys: "dossier.channel."},
			string(models.ChannelPhone), string(models.ChannelPaper), string(models.ChannelMail))
		body["received_at"] = f.moment("received_at", opt{initial: f.local(x.now), class: "short"})
		if r.route == recordRoute {
			body["note"] = f.area("note", opt{optional: true})
		}
		if content := f.scan(); content != nil {
			body["scan"] = content
		}
	})
	f.blame[models.CodeFutureDate] = "received_at"
	title := x.records(r, subject, "title")
	path := filled(r.route, x.brief.Ref, strconv.Itoa(models.LastNumber(subject)))
	var stored Recorded
	if !f.posted || !f.send(http.MethodPost, path, body, &stored) {
		x.draw(title, f, decidePage{Action: x.c.Request.URL.RequestURI(), Back: x.at(), Button: x.t("dossier.record_button"), Upload: true, Says: x.records(r, subject, "says")})
		return
	}
	said, shown := x.t("dossier.recorded"), x.settle(x.goesOn)
	// What came too late, or twice, is kept and changes nothing: who records it should know.
	if row, err := x.s.store.Fact(x.ctx, stored.ID); err == nil && (row.State == models.FactLate || row.State == models.FactIgnored) {
		said, shown = x.t("dossier.recorded_late"), true
	}
	x.goOn(r.tab, said, shown)
}

// from is who something was awaited from.
func (x *dossierDesk) from(name, subject string) string {
	switch name {
	case "slot", "client-cancel":
		return x.person(models.RoleClient, "")
	case "answer":
		return x.subject(subject)
	case "signature":
		for _, c := range x.contracts {
			if c.Ref == subject && c.Signer == models.RoleTrainer {
				return x.person(models.RoleTrainer, c.TrainerRef)
			}
		}
		return x.person(models.RoleClient, "")
	case "justification":
		return x.called(subject[strings.LastIndexByte(subject, '/')+1:])
	case "evaluation", "presence":
		return ""
	}
	return x.person(models.RoleTrainer, x.row.TrainerRef)
}

func (x *dossierDesk) fillAnswer(f *draft, subject string) map[string]any {
	upskilling := false
	for _, i := range x.invitations {
		upskilling = upskilling || i.Ref == subject && i.Upskilling
	}
	in := map[string]any{"kind": models.FactInvitationAnswered, "subject": subject}
	answer := f.choose("answer", "radio", opt{}, answerInterested, answerDeclined)
	in["answer"] = answer
	rate := f.amount("rate", 1_00, opt{optional: answer != answerInterested, plain: true, class: "short", hint: x.t("record.answer.rate_hint")})
	unit := f.choose("rate_in", "select", opt{initial: string(x.brief.Order.Unit), keys: "unit."}, texts(models.Units)...)
	f.at["rate_cents"], f.at["rate_unit"] = "rate", "rate_in"
	if answer == answerInterested {
		in["rate_cents"], in["rate_unit"] = rate, unit
	}
	if upskilling {
		in["agreed"] = f.choose("agreed", "radio", opt{keys: "dossier.yes_no.", label: x.t("answer.upskilling_label"), optional: answer != answerInterested}, "yes", "no") == "yes"
	}
	return in
}

func (x *dossierDesk) fillSlot(f *draft, subject string) map[string]any {
	var offered []string
	words := map[string]string{"none": x.t("record.slot.none")}
	for _, a := range x.audits {
		if a.Ref != subject {
			continue
		}
		for _, at := range a.Slots {
			value := at.UTC().Format(time.RFC3339Nano)
			offered, words[value] = append(offered, value), web.DateTime(x.lang, at)
		}
	}
	choice := f.choose("at", "radio", opt{label: x.t("record.slot.chosen"), words: words, free: true}, append(offered, "none")...)
	if choice == "none" {
		return map[string]any{"kind": models.FactSlotsRefused, "subject": subject}
	}
	return map[string]any{"kind": models.FactSlotChosen, "subject": subject, "at": choice}
}

func (x *dossierDesk) fillParts(f *draft, subject string) map[string]any {
	part := func(name string) string {
		f.at["programme."+name] = name
		return f.area(name, opt{label: x.t("programme." + name), most: web.MaxPart, class: "tall"})
	}
	return map[string]any{"kind": models.FactProgrammeSubmitted, "subject": subject, "programme": map[string]string{
		"objectives": part("objectives"), "content": part("content"), "methods": part("methods"), "assessment": part("assessment")}}
}

// sheetOf is the session of a sheet with who is registered, who of them is on it and what is signed already.
func (x *dossierDesk) sheetOf(f *draft, subject string) (s models.Session, people, roll []models.Participant, recorded func(string, int) (models.Attendance, bool)) {
	var rows []models.Attendance
	s, err := x.session(strconv.Itoa(models.LastNumber(subject)))
	if err == nil {
		people, err = x.s.store.Participants(x.ctx, x.brief.Ref, true)
	}
	if err == nil {
		rows, err = x.s.store.Attendances(x.ctx, s.Ref)
	}
	if err != nil {
		f.wrong("", Sentence(models.ErrorCode(err), x.lang))
	}
	return s, people, s.Roll(people, rows), func(participant string, halfDay int) (models.Attendance, bool) {
		for _, a := range rows {
			if a.Participant == participant && a.HalfDay == halfDay {
				return a, true
			}
		}
		return models.Attendance{}, false
	}
}

// box is one half-day of somebody as forms name it.
func box(participant string, halfDay int) string { return participant + "." + strconv.Itoa(halfDay) }

// fillSheet takes the trainer's signature of a sheet: who was away is ticked.
func (x *dossierDesk) fillSheet(f *draft, subject string) map[string]any {
	s, _, roll, recorded := x.sheetOf(f, subject)
	days := x.halfDays(s)
	var absent []models.AbsenceEntry
	for _, p := range roll {
		g := x.group("checkbox", "absent", goesBy(p), "")
		entry := models.AbsenceEntry{Participant: p.Ref}
		for i := range s.HalfDays {
			if a, ok := recorded(p.Ref, i); ok && a.State == models.AttendanceSigned {
				continue
			}
			value := box(p.Ref, i)
			on := slices.Contains(x.values["absent"], value)
			g.Options = append(g.Options, pick{Value: value, Label: x.t("sheet.absent", "day", days[i]), On: on})
			if on {
				entry.HalfDays = append(entry.HalfDays, i)
			}
		}
		if len(entry.HalfDays) > 0 {
			absent = append(absent, entry)
		}
		if len(g.Options) > 0 {
			c := control{Field: g.Field, Kind: "checkbox", Options: g.Options}
			c.ID, c.Required = "f-"+p.Ref, false
			f.add(c)
		}
	}
	f.blame[models.CodeSessionState] = "received_at"
	return map[string]any{"kind": models.FactSheetSigned, "subject": subject, "absent": absent}
}

// fillPresence keys what a paper sheet says of each half-day; what is recorded already stays. Who registered once the
// session was over can have signed it there.
func (x *dossierDesk) fillPresence(f *draft, subject string) map[string]any {
	s, people, _, recorded := x.sheetOf(f, subject)
	days := x.halfDays(s)
	rows := []AttendanceInput{}
	shown := 0
	for _, p := range people {
		f.group(p.Ref, goesBy(p), func() {
			for i, h := range s.HalfDays {
				if _, ok := recorded(p.Ref, i); ok || h.Start.After(x.now) {
					continue
				}
				shown++
				state := f.choose(box(p.Ref, i), "select", opt{optional: true, label: days[i], keys: "record.presence."}, models.AttendanceSigned, models.AttendanceAbsent)
				if state != "" {
					rows = append(rows, AttendanceInput{Participant: p.Ref, HalfDay: i, State: state})
				}
			}
		})
	}
	f.controls = slices.DeleteFunc(f.controls, func(c control) bool { return c.Kind == "group" && len(c.Items) == 0 })
	if len(rows) == 0 && shown > 0 {
		f.wrong("", x.t("record.presence.none"))
	}
	f.blame[models.CodeSessionState] = "received_at"
	return map[string]any{"attendances": rows}
}

func (x *dossierDesk) fillEvaluation(f *draft, _ string) map[string]any {
	people, err := x.s.store.Participants(x.ctx, x.brief.Ref, true)
	if err != nil {
		f.wrong("", Sentence(models.CodeUnavailable, x.lang))
	}
	var refs []string
	words := map[string]string{}
	for _, p := range people {
		refs, words[p.Ref] = append(refs, p.Ref), goesBy(p)
	}
	in := map[string]any{"participant": f.choose("participant", "select", opt{words: words}, refs...)}
	kind := f.choose("kind", "select", opt{keys: "dossier.evaluation."}, evaluationKinds...)
	in["kind"] = kind
	least, most := models.ScoreBounds(kind)
	in["score"] = f.number("score", least, most, opt{class: "short"})
	in["text"] = f.area("text", opt{optional: true, most: 10_000})
	return in
}
