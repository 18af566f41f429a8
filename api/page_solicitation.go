package api

import (
	"time"

	"jalon/models"
	"jalon/web"
)

// Answers of a trainer to an invitation, as facts carry them.
const (
	answerInterested = "interested"
	answerDeclined   = "declined"
)

// answerPage lets a trainer answer an invitation (F070, F072). Late, the answer is kept and staff decide (F071).
type answerPage struct {
	invitation models.Invitation
	brief      models.Brief
	deadline   models.Deadline
	late       bool
}

func openAnswer(v *visit) (linkPage, error) {
	inv, err := v.s.store.Invitation(v.ctx, v.link.Subject)
	if err != nil {
		return nil, err
	}
	if err := v.trainer(inv.TrainerRef); err != nil {
		return nil, err
	}
	if inv.LateAnswer != "" {
		return nil, v.answered(inv.LateAnswer, inv.RateCents, inv.RateUnit, inv.AnsweredAt)
	}
	switch inv.Status {
	case models.InvitationInterested, models.InvitationChosen:
		return nil, v.answered(answerInterested, inv.RateCents, inv.RateUnit, inv.AnsweredAt)
	case models.InvitationDeclined:
		return nil, v.answered(answerDeclined, 0, "", inv.AnsweredAt)
	}
	if row, ok, err := v.stored(); err != nil {
		return nil, err
	} else if ok {
		return nil, v.answered(row.Data.Answer, row.Data.RateCents, row.Data.RateUnit, row.ReceivedAt)
	}
	brief, request, err := v.mission(inv.Dossier)
	if err != nil {
		return nil, err
	}
	if inv.Status == models.InvitationNotRetained || inv.Status == models.InvitationDropped {
		return nil, v.withdrawn(v.t("answer.filled"))
	}
	if err := v.ended(request); err != nil {
		return nil, err
	}
	p := &answerPage{invitation: inv, brief: brief}
	if p.deadline, err = v.due(inv.DeadlineID); err != nil {
		return nil, err
	}
	p.late = inv.Status == models.InvitationSilent || v.over(p.deadline)
	return p, nil
}

// answered shows the recorded answer.
func (v *visit) answered(answer string, cents models.Cents, unit models.Unit, at time.Time) *linkStop {
	if answer != answerInterested {
		return v.used(at, v.t("answer.declined"))
	}
	return v.used(at, v.t("answer.interested"), v.rate("your_rate", cents, unit)...)
}

// rate is a rate with its unit.
func (v *visit) rate(key string, cents models.Cents, unit models.Unit) []pageFact {
	if cents == 0 {
		return nil
	}
	return v.fact(key, web.Money(v.lang, cents)+" "+v.t("unit."+string(unit)))
}

func (p *answerPage) show(v *visit, page *web.Page) string {
	unit := p.brief.Order.Unit
	if !unit.Valid() {
		unit = models.UnitDay
	}
	v.initial("unit", string(unit))
	var units []pick
	for _, u := range models.Units {
		units = append(units, pick{Value: string(u), Label: v.t("unit." + string(u)), On: v.values.Get("unit") == string(u)})
	}
	page.Title = v.t("answer.title")
	data := struct {
		Late       string
		Facts      []pageFact
		Units      []pick
		Upskilling bool
		Agree      picks
		Declining  bool
	}{Units: units, Upskilling: p.invitation.Upskilling, Declining: v.values.Get("action") == "decline",
		Agree: v.confirm("agree", v.t("answer.upskilling_label"), v.t("answer.upskilling")),
		Facts: append(v.about(p.brief, false), v.answerBy(p.deadline)...)}
	if p.late {
		data.Late = v.t("answer.late", "due", web.DateTime(v.lang, p.deadline.DueAt))
	}
	page.Data = data
	return "answer"
}

func (p *answerPage) act(v *visit, action string) (*linkDone, error) {
	var wrong faults
	data := models.FactData{}
	var note string
	next := v.t("answer.next_declined")
	switch action {
	case "accept":
		data.Answer = answerInterested
		data.RateCents = v.euros(&wrong, "rate", 1_00)
		data.RateUnit = models.Unit(v.values.Get("unit"))
		if !data.RateUnit.Valid() {
			wrong.add("unit", v.t("fault.choose", "label", v.t("answer.unit")))
		}
		if p.invitation.Upskilling {
			v.ticked(&wrong, "agree", v.t("answer.upskilling"))
			data.Agreed = true
		}
		note = v.text(&wrong, "message", v.t("answer.message"), web.MaxText, true)
		next = v.t("answer.next_interested")
	case "decline":
		data.Answer = answerDeclined
		note = v.text(&wrong, "reason", v.t("answer.reason"), web.MaxText, true)
	default:
		return nil, errAction
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	with := v.note(&data, p.brief.Ref, note)
	if err := v.receive(models.FactInvitationAnswered, data, with...); err != nil {
		return nil, err
	}
	if p.late && data.Answer == answerInterested {
		next = v.t("answer.next_late")
	}
	return v.done(v.answered(data.Answer, data.RateCents, data.RateUnit, time.Time{}), next), nil
}
