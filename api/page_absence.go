package api

import (
	"time"

	"jalon/models"
	"jalon/web"
)

// justifyPage takes a participant's reason within the window of the policy (F136).
type justifyPage struct {
	absence  models.Absence
	session  models.Session
	brief    models.Brief
	deadline models.Deadline
}

func openJustify(v *visit) (linkPage, error) {
	row, err := v.s.store.Absence(v.ctx, v.link.Subject)
	if err != nil {
		return nil, err
	}
	if _, err := v.participant(row.Dossier, row.Participant); err != nil {
		return nil, err
	}
	p := &justifyPage{absence: row}
	if p.deadline, err = v.due(row.DeadlineID); err != nil {
		return nil, err
	}
	switch row.Status {
	case models.AbsenceJustified:
		return nil, v.used(row.JustifiedAt, v.t("justify.justified"))
	case models.AbsenceCancelled:
		return nil, v.withdrawn(v.t("justify.cancelled"))
	}
	if fact, ok, err := v.stored(); err != nil {
		return nil, err
	} else if ok && row.Status == models.AbsenceOpen {
		return nil, v.used(fact.ReceivedAt, v.t("justify.justified"))
	}
	if row.Status == models.AbsenceUnjustified || v.over(p.deadline) {
		return nil, v.expired(p.deadline.DueAt, v.t("justify.unjustified"))
	}
	if p.session, err = v.s.store.Session(v.ctx, row.Session); err != nil {
		return nil, err
	}
	p.brief, err = v.s.store.Brief(v.ctx, row.Dossier)
	return p, err
}

func (p *justifyPage) show(v *visit, page *web.Page) string {
	v.initial()
	var missed string
	for _, i := range p.absence.HalfDays {
		if i >= 0 && i < len(p.session.HalfDays) {
			if missed != "" {
				missed += "\n"
			}
			missed += v.halfDay(p.session.HalfDays[i])
		}
	}
	page.Title = v.t("justify.title")
	page.Data = struct{ Facts []pageFact }{append(append(v.fact("course", v.title(p.brief)), v.fact("halfdays", missed)...),
		v.answerBy(p.deadline)...)}
	return "justify"
}

func (p *justifyPage) act(v *visit, action string) (*linkDone, error) {
	if action != "justify" {
		return nil, errAction
	}
	var wrong faults
	reason := v.text(&wrong, "reason", v.t("justify.reason"), web.MaxText, false)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	data := models.FactData{}
	with := v.note(&data, p.absence.Dossier, reason)
	if err := v.receive(models.FactAbsenceJustified, data, with...); err != nil {
		return nil, err
	}
	return v.done(v.used(time.Time{}, v.t("justify.justified")), v.t("justify.next")), nil
}
