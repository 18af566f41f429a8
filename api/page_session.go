package api

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"jalon/models"
	"jalon/store"
	"jalon/web"
)

// halfDay is a half-day in words.
func (v *visit) halfDay(h models.HalfDay) string {
	return web.Day(v.lang, models.Date(h.Start.In(web.Zone).Format(time.DateOnly))) + ", " + v.hours(h)
}

func (v *visit) hours(h models.HalfDay) string {
	return v.t("between", "from", web.Hour(v.lang, h.Start), "to", web.Hour(v.lang, h.End))
}

// halfDays are the half-days of a session in words; those of a single day are told by their hours alone.
func (v *visit) halfDays(session models.Session) []string {
	day := func(t time.Time) string { return t.In(web.Zone).Format(time.DateOnly) }
	same := true
	for _, h := range session.HalfDays {
		same = same && day(h.Start) == day(session.StartAt)
	}
	var out []string
	for _, h := range session.HalfDays {
		if same {
			out = append(out, v.hours(h))
		} else {
			out = append(out, v.halfDay(h))
		}
	}
	return out
}

// aboutSession says which session of which course.
func (v *visit) aboutSession(brief models.Brief, session models.Session) []pageFact {
	facts := append(v.fact("course", v.title(brief)), v.fact("session", strconv.Itoa(session.Number))...)
	place := v.noteText(session.PlaceRef)
	if place == "" {
		place = brief.Address
	}
	facts = append(facts, v.fact("when", web.Day(v.lang, models.Date(session.StartAt.In(web.Zone).Format(time.DateOnly))))...)
	return append(facts, v.fact("place", place)...)
}

// attendPage lets a participant sign each half-day, from its start until the sheet is signed (F124).
type attendPage struct {
	session     models.Session
	brief       models.Brief
	participant models.Participant
	recorded    map[int]models.Attendance
	why         string // nobody signs any more
}

func openAttend(v *visit) (linkPage, error) {
	ref, who, _ := strings.Cut(v.link.Subject, "|")
	session, err := v.s.store.Session(v.ctx, ref)
	if err != nil {
		return nil, err
	}
	p := &attendPage{session: session, recorded: map[int]models.Attendance{}}
	if p.participant, err = v.participant(session.Dossier, who); err != nil {
		return nil, err
	}
	if session.Status == models.SessionCancelled {
		return nil, v.withdrawn(v.t("attend.cancelled"))
	}
	if p.brief, _, err = v.mission(session.Dossier); err != nil {
		return nil, err
	}
	rows, err := v.s.store.Attendances(v.ctx, ref)
	if err != nil {
		return nil, err
	}
	for _, a := range rows {
		if a.Participant == who {
			p.recorded[a.HalfDay] = a
		}
	}
	deadline, err := v.due(session.DeadlineID)
	if err != nil {
		return nil, err
	}
	switch {
	case session.SheetClosed():
		p.why = v.signingOver(session)
		if len(p.recorded) == 0 {
			return nil, v.withdrawn(p.why)
		}
	case v.over(deadline):
		p.why = v.signingOver(session)
		if len(p.recorded) == 0 {
			return nil, v.expired(deadline.DueAt)
		}
	}
	return p, nil
}

// signingOver says why participants sign no more, and what is left to who was there: until it is judged, a sheet takes what
// they signed on paper.
func (v *visit) signingOver(s models.Session) string {
	if s.TakesPresence(v.now) {
		return v.t("attend.signing_over")
	}
	return v.t("attend.sheet_closed")
}

// open lists the half-days that can be signed now.
func (p *attendPage) open(v *visit) []int {
	var out []int
	if p.why != "" {
		return nil
	}
	for i, h := range p.session.HalfDays {
		if _, done := p.recorded[i]; !done && !v.now.Before(h.Start) {
			out = append(out, i)
		}
	}
	return out
}

// dayState is a half-day with where it stands.
type dayState struct{ Label, State, Tone string }

func (p *attendPage) days(v *visit) []dayState {
	var out []dayState
	labels := v.halfDays(p.session)
	for i, h := range p.session.HalfDays {
		d := dayState{Label: labels[i], State: v.t("state.open"), Tone: "warn"}
		a, done := p.recorded[i]
		switch {
		case done && a.State == models.AttendanceSigned:
			d.State, d.Tone = v.t("state.signed"), "good"
		case done:
			d.State, d.Tone = v.t("state.absent"), ""
		case p.why != "":
			d.State, d.Tone = v.t("state.closed"), ""
		case v.now.Before(h.Start):
			d.State, d.Tone = v.t("state.early", "from", web.Hour(v.lang, h.Start)), ""
		}
		out = append(out, d)
	}
	return out
}

func (p *attendPage) show(v *visit, page *web.Page) string {
	open := p.open(v)
	if v.values == nil {
		v.initial()
		if len(open) == 1 {
			v.values.Set("half_day", strconv.Itoa(open[0])) // the usual case: one touch less
		}
	}
	var options []pick
	for _, i := range open {
		options = append(options, pick{Value: strconv.Itoa(i), Label: v.halfDays(p.session)[i]})
	}
	why := p.why
	switch {
	case why != "":
		page.State, page.Code = "closed", models.CodeLinkUsed
	case len(open) > 0:
	case len(p.recorded) == len(p.session.HalfDays):
		why = v.t("attend.all_signed")
		page.State, page.Code = "recorded", models.CodeLinkUsed
	default:
		why = v.t("attend.none_yet")
		page.State, page.Code = "waiting", models.CodeSessionState
	}
	page.Title = v.t("attend.title")
	page.Data = struct {
		Facts []pageFact
		Days  []dayState
		Open  bool
		Why   string
		Picks picks
	}{append(v.fact("participant", p.participant.Name), v.aboutSession(p.brief, p.session)...), p.days(v), len(open) > 0, why,
		v.group("checkbox", "half_day", v.t("attend.pick"), "", options...)}
	return "attend"
}

func (p *attendPage) act(v *visit, action string) (*linkDone, error) {
	if action != "attend" {
		return nil, errAction
	}
	given := v.values["half_day"]
	var wrong faults
	field := "half_day"
	if len(p.open(v)) == 0 {
		field = "" // nothing to tick is left on the page
	}
	var chosen []int
	again := 0
	for _, s := range given {
		i, err := strconv.Atoi(s)
		if err != nil || i < 0 || i >= len(p.session.HalfDays) {
			wrong.add(field, v.t("fault.choose", "label", v.t("attend.pick")))
			break
		}
		if a, done := p.recorded[i]; done && a.State == models.AttendanceSigned {
			again++
		} else if p.why != "" || done || v.now.Before(p.session.HalfDays[i].Start) {
			wrong.add(field, v.t("fault.half_day", "label", v.halfDay(p.session.HalfDays[i])))
		} else {
			chosen = append(chosen, i)
		}
	}
	if len(given) == 0 {
		wrong.add(field, v.t("fault.choose", "label", v.t("attend.pick")))
	}
	if len(wrong) > 0 && p.why != "" {
		return nil, v.withdrawn(p.why)
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	err := v.s.store.Transact(v.ctx, func(tx *store.Store) error {
		for _, i := range chosen {
			stored, first, err := tx.SaveAttendance(v.ctx, models.Attendance{Session: p.session.Ref, Participant: v.person,
				HalfDay: i, State: models.AttendanceSigned, SignedAt: v.now, Channel: models.ChannelLink})
			if err != nil {
				return err
			}
			if !first && stored.State != models.AttendanceSigned {
				return models.NewError(models.CodeSessionState, "marked absent meanwhile")
			}
		}
		return nil
	})
	if models.ErrorCode(err) == models.CodeSessionState {
		return nil, v.withdrawn(v.t("attend.sheet_closed"))
	}
	if err != nil {
		return nil, err
	}
	for _, i := range chosen {
		p.recorded[i] = models.Attendance{State: models.AttendanceSigned}
	}
	if len(chosen) == 0 && again > 0 {
		stop := v.used(time.Time{}, v.t("state.signed"))
		stop.notice.Facts = p.facts(v)
		return nil, stop
	}
	return &linkDone{facts: p.facts(v), next: v.t("attend.next")}, nil
}

// facts are the half-days with where they stand.
func (p *attendPage) facts(v *visit) []pageFact {
	var out []pageFact
	for _, d := range p.days(v) {
		out = append(out, pageFact{d.Label, d.State})
	}
	return out
}

// sheetPage lets the trainer mark absences and sign the sheet, once the session is over (F125).
type sheetPage struct {
	session  models.Session
	brief    models.Brief
	people   []models.Participant
	recorded map[string]models.Attendance // by participant:half-day
	deadline models.Deadline
	late     bool // participants no longer sign: what they left open is for staff to judge
}

func cell(participant string, halfDay int) string { return participant + ":" + strconv.Itoa(halfDay) }

func openSheet(v *visit) (linkPage, error) {
	session, err := v.s.store.Session(v.ctx, v.link.Subject)
	if err != nil {
		return nil, err
	}
	if err := v.trainer(session.TrainerRef); err != nil {
		return nil, err
	}
	if session.Status == models.SessionCancelled {
		return nil, v.withdrawn(v.t("attend.cancelled"))
	}
	if !session.SheetSigned.IsZero() {
		return nil, v.used(session.SheetSigned, v.t("sheet.signed"))
	}
	if fact, ok, err := v.stored(); err != nil {
		return nil, err
	} else if ok {
		return nil, v.used(fact.ReceivedAt, v.t("sheet.signed"))
	}
	p := &sheetPage{session: session}
	if p.brief, _, err = v.mission(session.Dossier); err != nil {
		return nil, err
	}
	deadline, err := v.due(session.DeadlineID)
	if err != nil {
		return nil, err
	}
	p.deadline = deadline
	switch session.Status {
	case models.SessionToJudge:
		p.late = true // better late than never: the reminder says so
	case models.SessionValidated, models.SessionRefused:
		return nil, v.withdrawn(v.t("attend.sheet_closed"))
	}
	if v.now.Before(session.EndAt) {
		return nil, v.early(models.CodeSessionState, v.t("sheet.early", "end", web.DateTime(v.lang, session.EndAt)), v.aboutSession(p.brief, session)...)
	}
	return p, p.load(v, v.s.store)
}

func (p *sheetPage) load(v *visit, st *store.Store) error {
	people, err := st.Participants(v.ctx, p.session.Dossier, true)
	if err != nil {
		return err
	}
	rows, err := st.Attendances(v.ctx, p.session.Ref)
	if err != nil {
		return err
	}
	p.people = p.session.Roll(people, rows)
	p.recorded = map[string]models.Attendance{}
	for _, a := range rows {
		p.recorded[cell(a.Participant, a.HalfDay)] = a
	}
	return nil
}

// sheetPerson is one participant's line of the sheet.
type sheetPerson struct {
	ID, Name string
	Days     []sheetDay
}

type sheetDay struct {
	ID, Label, Value, State, Tone, Wrong string
	Open, On                             bool
}

func (p *sheetPage) show(v *visit, page *web.Page) string {
	v.initial()
	var people []sheetPerson
	for n, who := range p.people {
		line := sheetPerson{ID: fmt.Sprintf("f-person%d", n), Name: who.Name}
		undecided := slices.ContainsFunc(v.faults, func(f web.Fault) bool { return "f-"+f.Field == line.ID })
		for i, label := range v.halfDays(p.session) {
			d := sheetDay{ID: fmt.Sprintf("%s-%d", line.ID, i), Label: label, Value: cell(who.Ref, i)}
			a, done := p.recorded[d.Value]
			switch {
			case done && a.State == models.AttendanceSigned:
				d.State, d.Tone = v.t("state.signed"), "good"
			case done:
				d.State = v.t("state.absent")
			default:
				d.Open = true
				for _, given := range v.values["absent"] {
					d.On = d.On || given == d.Value
				}
				if undecided && !d.On {
					d.Wrong = v.t("sheet.undecided")
				}
			}
			line.Days = append(line.Days, d)
		}
		people = append(people, line)
	}
	how, unsigned := v.t("sheet.how"), v.t("sheet.unsigned")
	if p.late {
		how, unsigned = v.t("sheet.how_late"), v.t("sheet.unsigned_late")
	}
	page.Title = v.t("sheet.title")
	page.Data = struct {
		Late, How, Unsigned string
		Facts               []pageFact
		People              []sheetPerson
		Confirm             picks
	}{v.late(p.deadline), how, unsigned, v.aboutSession(p.brief, p.session), people, v.confirm("certify", v.t("sheet.confirm_label"), v.t("sheet.confirm"))}
	return "sheet"
}

var errOpen = errors.New("half-days left open")

func (p *sheetPage) act(v *visit, action string) (*linkDone, error) {
	if action != "sign" {
		return nil, errAction
	}
	var wrong faults
	v.ticked(&wrong, "certify", v.t("sheet.confirm"))
	name := v.text(&wrong, "name", v.t("sheet.name"), web.MaxLine, false)
	given := map[string]bool{}
	for _, s := range v.values["absent"] {
		given[s] = true
	}
	open := p.left(v, given)
	wrong = append(open, wrong...)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	data := models.FactData{}
	with := v.note(&data, p.brief.Ref, name)
	with = append(with, store.Alongside(func(tx *store.Store) error {
		// Read again under the lock: a half-day signed since the page was shown stays signed.
		if err := p.load(v, tx); err != nil {
			return err
		}
		if len(p.left(v, given)) > 0 {
			return errOpen
		}
		var entries []models.AbsenceEntry
		for _, who := range p.people {
			e := models.AbsenceEntry{Participant: who.Ref}
			for i := range p.session.HalfDays {
				if _, done := p.recorded[cell(who.Ref, i)]; !done && given[cell(who.Ref, i)] {
					e.HalfDays = append(e.HalfDays, i)
				}
			}
			if len(e.HalfDays) > 0 {
				entries = append(entries, e)
			}
		}
		_, err := tx.MarkAbsent(v.ctx, p.session.Ref, entries, v.now, models.ChannelLink, "")
		return err
	}))
	err := v.receive(models.FactSheetSigned, data, with...)
	if errors.Is(err, errOpen) {
		return nil, p.left(v, given)
	}
	if models.ErrorCode(err) == models.CodeSessionState {
		return nil, v.withdrawn(v.t("attend.sheet_closed"))
	}
	if err != nil {
		return nil, err
	}
	next := "sheet.next"
	if len(p.people) == 0 || len(p.undecided(v, given)) > 0 {
		next = "sheet.next_incomplete"
	}
	return v.done(v.used(time.Time{}, v.t("sheet.signed")), v.t(next)), nil
}

// left names the half-days without which the sheet is not taken: once it is late, none.
func (p *sheetPage) left(v *visit, given map[string]bool) faults {
	if p.late {
		return nil
	}
	return p.undecided(v, given)
}

// undecided names the half-days that are neither signed nor marked absent.
func (p *sheetPage) undecided(v *visit, given map[string]bool) faults {
	var out faults
	for n, who := range p.people {
		for i, label := range v.halfDays(p.session) {
			if _, done := p.recorded[cell(who.Ref, i)]; !done && !given[cell(who.Ref, i)] {
				out.add(fmt.Sprintf("person%d", n), v.t("fault.open_half_day", "name", who.Name, "day", label))
			}
		}
	}
	return out
}
