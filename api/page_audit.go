package api

import (
	"errors"
	"strconv"
	"time"

	"jalon/models"
	"jalon/web"
)

// maxSlots is how many moments a trainer may offer for the audit call.
const maxSlots = 5

// localTime is how a browser sends a date and time: without a zone, which is the agency's.
const localTime = "2006-01-02T15:04"

// auditPage is what the three links of an audit call share (F079).
type auditPage struct{ audit models.Audit }

// openAudit reads the audit; a link of an earlier round, or of an audit that is off, awaits nothing. What the round's
// link already led to shows as recorded.
func openAudit(v *visit, byClient bool) (auditPage, error) {
	p := auditPage{}
	var err error
	if p.audit, err = v.s.store.Audit(v.ctx, v.link.Subject); err != nil {
		return p, err
	}
	v.to = models.Fact{Dossier: p.audit.Dossier, Workflow: models.RequestID(p.audit.Dossier), DeadlineID: p.audit.DeadlineID}
	if byClient {
		var brief models.Brief
		if brief, err = v.s.store.Brief(v.ctx, p.audit.Dossier); err == nil {
			err = v.contact(brief)
		}
	} else {
		err = v.trainer(p.audit.TrainerRef)
	}
	if err != nil {
		return p, err
	}
	request, err := v.request(p.audit.Dossier)
	if err != nil {
		return p, err
	}
	if row, ok, err := v.stored(); err != nil {
		return p, err
	} else if ok {
		return p, v.auditTold(row.Kind, row.Data, row.ReceivedAt)
	}
	if err := v.ended(request); err != nil {
		return p, err
	}
	if s := p.audit.Status; s == models.AuditCancelled || s == models.AuditWaived || v.link.Generation != p.audit.Round {
		return p, v.withdrawn("")
	}
	return p, nil
}

// shown is what the form says besides the audit, which who acts does not wait for. What cannot be read is left out.
func (p auditPage) shown(v *visit) (models.Brief, models.Deadline) {
	brief, err := v.s.store.Brief(v.ctx, p.audit.Dossier)
	deadline, derr := v.due(p.audit.DeadlineID)
	if err = errors.Join(err, derr); err != nil {
		v.s.log.WarnContext(v.ctx, "form not complete", "request", requestIDFrom(v.ctx), "error", err)
	}
	return brief, deadline
}

// auditTold shows what was recorded about the audit.
func (v *visit) auditTold(kind models.FactKind, data models.FactData, at time.Time) *linkStop {
	switch kind {
	case models.FactSlotsOffered:
		return v.used(at, v.slots(data.Slots))
	case models.FactSlotChosen:
		return v.used(at, web.DateTime(v.lang, data.At))
	case models.FactSlotsRefused:
		return v.used(at, v.t("choose.refused"))
	}
	outcome := v.t("report.no")
	if data.Feasible {
		outcome = v.t("report.yes")
	}
	return v.used(at, v.t("report."+data.Scale)+", "+outcome)
}

// slots are moments in words, one per line.
func (v *visit) slots(slots []time.Time) string {
	var out string
	for i, t := range slots {
		if i > 0 {
			out += "\n"
		}
		out += web.DateTime(v.lang, t)
	}
	return out
}

// slotsPage lets the trainer offer moments for the call.
type slotsPage struct{ auditPage }

func openSlots(v *visit) (linkPage, error) {
	p, err := openAudit(v, false)
	if err != nil {
		return nil, err
	}
	if p.audit.Status != models.AuditSlotsAwaited {
		return nil, v.auditTold(models.FactSlotsOffered, models.FactData{Slots: p.audit.Slots}, time.Time{})
	}
	return slotsPage{p}, nil
}

func (p slotsPage) show(v *visit, page *web.Page) string {
	v.initial()
	page.Title, page.Values = v.t("slots.title"), v.values
	brief, deadline := p.shown(v)
	var inputs []web.Field
	for n := 1; n <= maxSlots; n++ {
		options := []string{"type", "datetime-local", "class", "short", "label", v.t("slots.slot", "n", n),
			"min", v.now.In(web.Zone).Format(localTime)}
		if n > 1 {
			options = append(options, "optional")
		}
		inputs = append(inputs, page.Input("slots", "slot"+strconv.Itoa(n), options...))
	}
	page.Data = struct {
		Late   string
		Facts  []pageFact
		Inputs []web.Field
	}{v.late(deadline), append(v.about(brief, true), v.answerBy(deadline)...), inputs}
	return "slots"
}

func (p slotsPage) act(v *visit, action string) (*linkDone, error) {
	if action != "offer" {
		return nil, errAction
	}
	var wrong faults
	var slots []time.Time
	for n := 1; n <= maxSlots; n++ {
		name := "slot" + strconv.Itoa(n)
		text := v.values.Get(name)
		if text == "" {
			continue
		}
		label := v.t("slots.slot", "n", n)
		at, ok := parseLocal(text)
		outside := models.ErrorCode(models.CheckSlot(at, v.now))
		switch {
		case !ok:
			wrong.add(name, v.t("fault.slot_form", "label", label))
		case outside == models.CodePastDate:
			wrong.add(name, v.t("fault.slot_past", "label", label))
		case outside != "":
			wrong.add(name, v.t("fault.slot_far", "label", label))
		case containsTime(slots, at):
			wrong.add(name, v.t("fault.slot_twice", "label", label))
		default:
			slots = append(slots, at)
		}
	}
	if len(slots) == 0 && len(wrong) == 0 {
		wrong.add("slot1", v.t("fault.slot_none"))
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	data := models.FactData{Slots: slots}
	if err := v.receive(models.FactSlotsOffered, data); err != nil {
		return nil, err
	}
	return v.done(v.auditTold(models.FactSlotsOffered, data, time.Time{}), v.t("slots.next")), nil
}

// parseLocal reads a date and time typed in the agency's zone; seconds, which some browsers add, are ignored.
func parseLocal(s string) (time.Time, bool) {
	if len(s) > len(localTime) && s[len(localTime)] == ':' {
		s = s[:len(localTime)]
	}
	t, err := time.Parse(localTime, s)
	if err != nil {
		return time.Time{}, false
	}
	return models.Date(t.Format(time.DateOnly)).At(t.Hour(), t.Minute(), web.Zone), true
}

func containsTime(list []time.Time, t time.Time) bool {
	for _, u := range list {
		if u.Equal(t) {
			return true
		}
	}
	return false
}

// choosePage lets the client pick a moment, or say that none suits.
type choosePage struct{ auditPage }

func openChoose(v *visit) (linkPage, error) {
	p, err := openAudit(v, true)
	if err != nil {
		return nil, err
	}
	switch p.audit.Status {
	case models.AuditChoiceAwaited:
		return choosePage{p}, nil
	case models.AuditSlotsAwaited:
		return nil, v.withdrawn("")
	}
	return nil, v.auditTold(models.FactSlotChosen, models.FactData{At: p.audit.SlotAt}, time.Time{})
}

func (p choosePage) show(v *visit, page *web.Page) string {
	v.initial()
	var options []pick
	for _, t := range p.audit.Slots {
		if p.audit.CheckChoice(t, v.now) != nil {
			continue // past since it was offered
		}
		options = append(options, pick{Value: t.UTC().Format(time.RFC3339), Label: web.DateTime(v.lang, t)})
	}
	var trainer []pageFact
	if t, err := v.s.store.TrainerAddress(v.ctx, p.audit.TrainerRef); err == nil {
		trainer = v.fact("trainer", t.Name)
	}
	page.Title = v.t("choose.title")
	brief, deadline := p.shown(v)
	page.Data = struct {
		Late  string
		Facts []pageFact
		Picks picks
	}{v.late(deadline), append(append(v.fact("course", v.title(brief)), trainer...), v.answerBy(deadline)...),
		v.group("radio", "slot", v.t("choose.slot"), "", options...)}
	return "choose"
}

func (p choosePage) act(v *visit, action string) (*linkDone, error) {
	kind, data, next := models.FactSlotsRefused, models.FactData{}, v.t("choose.next_none")
	switch action {
	case "none":
	case "choose":
		at, err := time.Parse(time.RFC3339, v.values.Get("slot"))
		var wrong faults
		if err == nil {
			err = p.audit.CheckChoice(at, v.now)
		}
		switch {
		case models.ErrorCode(err) == models.CodePastDate:
			wrong.add("slot", v.t("fault.slot_past", "label", web.DateTime(v.lang, at)))
		case err != nil:
			wrong.add("slot", v.t("fault.choose", "label", v.t("choose.slot")))
		}
		if err := wrong.err(); err != nil {
			return nil, err
		}
		kind, data.At, next = models.FactSlotChosen, at, v.t("choose.next")
	default:
		return nil, errAction
	}
	if err := v.receive(kind, data); err != nil {
		return nil, err
	}
	return v.done(v.auditTold(kind, data, time.Time{}), next), nil
}

// reportPage takes the trainer's report of the call, from the moment it was due to take place (F080, F082).
type reportPage struct{ auditPage }

func openReport(v *visit) (linkPage, error) {
	p, err := openAudit(v, false)
	if err != nil {
		return nil, err
	}
	switch p.audit.Status {
	case models.AuditHeld:
		return nil, v.auditTold(models.FactAuditReported, models.FactData{Scale: p.audit.Scale, Feasible: p.audit.Feasible}, time.Time{})
	case models.AuditBooked:
	default:
		return nil, v.early(models.CodeWrongStage, v.t("report.not_booked"))
	}
	if err := p.audit.CheckReport(time.Time{}, time.Time{}, v.now); err != nil {
		brief, _ := p.shown(v)
		return nil, v.early(models.ErrorCode(err), v.t("report.early", "slot", web.DateTime(v.lang, p.audit.SlotAt)), v.about(brief, true)...)
	}
	return reportPage{p}, nil
}

func (p reportPage) show(v *visit, page *web.Page) string {
	v.initial()
	page.Title = v.t("report.title")
	brief, deadline := p.shown(v)
	page.Data = struct {
		Late  string
		Facts []pageFact
		Picks []picks
	}{v.late(deadline), append(v.about(brief, true), v.fact("slot", web.DateTime(v.lang, p.audit.SlotAt))...), []picks{
		v.group("radio", "scale", v.t("report.scale"), "", pick{Value: "isolated", Label: v.t("report.isolated")},
			pick{Value: "complex", Label: v.t("report.complex")}),
		v.group("radio", "feasible", v.t("report.feasible"), "", pick{Value: "yes", Label: v.t("report.feasible_yes")},
			pick{Value: "no", Label: v.t("report.feasible_no")}),
	}}
	return "report"
}

func (p reportPage) act(v *visit, action string) (*linkDone, error) {
	if action != "report" {
		return nil, errAction
	}
	var wrong faults
	data := models.FactData{Scale: v.values.Get("scale"), Feasible: v.values.Get("feasible") == "yes"}
	if data.Scale != "isolated" && data.Scale != "complex" {
		wrong.add("scale", v.t("fault.choose", "label", v.t("report.scale")))
	}
	if f := v.values.Get("feasible"); f != "yes" && f != "no" {
		wrong.add("feasible", v.t("fault.choose", "label", v.t("report.feasible")))
	}
	observation := v.text(&wrong, "observation", v.t("report.observation"), web.MaxText, false)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	with := v.note(&data, p.audit.Dossier, observation)
	if err := v.receive(models.FactAuditReported, data, with...); err != nil {
		return nil, err
	}
	next := v.t("report.next_no")
	if data.Feasible {
		next = v.t("report.next_yes")
	}
	return v.done(v.auditTold(models.FactAuditReported, data, time.Time{}), next), nil
}
