package api

import (
	"time"

	"jalon/models"
	"jalon/store"
	"jalon/web"
)

// programmePage takes the adapted programme in its four parts (F089, F091), what was returned pre-filled.
type programmePage struct {
	programme models.Programme
	brief     models.Brief
	deadline  models.Deadline
	before    models.ProgrammeText
	note      string // why the version before was returned
}

func openProgramme(v *visit) (linkPage, error) {
	row, err := v.s.store.Programme(v.ctx, v.link.Subject)
	if err != nil {
		return nil, err
	}
	if err := v.trainer(row.TrainerRef); err != nil {
		return nil, err
	}
	switch row.Status {
	case models.ProgrammeSubmitted:
		return nil, v.used(row.SubmittedAt, v.t("programme.submitted"))
	case models.ProgrammeApproved:
		return nil, v.used(row.SubmittedAt, v.t("programme.approved"))
	case models.ProgrammeReturned:
		return nil, v.withdrawn(v.t("programme.returned_already"))
	case models.ProgrammeWaived, models.ProgrammeCancelled:
		return nil, v.withdrawn("")
	}
	if fact, ok, err := v.stored(); err != nil {
		return nil, err
	} else if ok {
		return nil, v.used(fact.ReceivedAt, v.t("programme.submitted"))
	}
	p := &programmePage{programme: row}
	var request models.Request
	if p.brief, request, err = v.mission(row.Dossier); err != nil {
		return nil, err
	}
	if err := v.ended(request); err != nil {
		return nil, err
	}
	if err := p.audited(v); err != nil {
		return nil, err
	}
	if p.deadline, err = v.due(row.DeadlineID); err != nil {
		return nil, err
	}
	return p, p.previous(v)
}

// audited refuses a programme before the outcome of the call is recorded (F083).
func (p *programmePage) audited(v *visit) error {
	audits, err := v.s.store.Audits(v.ctx, p.programme.Dossier)
	if err != nil {
		return err
	}
	for i := len(audits) - 1; i >= 0; i-- {
		if a := audits[i]; a.TrainerRef == p.programme.TrainerRef {
			switch a.Status {
			case models.AuditSlotsAwaited, models.AuditChoiceAwaited, models.AuditBooked:
				return v.early(models.CodeAuditMissing, v.t("programme.audit_first"), v.about(p.brief, true)...)
			}
			return nil
		}
	}
	return nil
}

// previous finds the version that was returned, if this one replaces it.
func (p *programmePage) previous(v *visit) error {
	all, err := v.s.store.Programmes(v.ctx, p.programme.Dossier)
	if err != nil {
		return err
	}
	for _, row := range all {
		if row.TrainerRef != p.programme.TrainerRef || row.Number >= p.programme.Number || row.Status != models.ProgrammeReturned {
			continue
		}
		p.note = v.noteText(row.Note)
		if row.TextRef == "" {
			continue
		}
		if p.before, err = v.s.store.ProgrammeText(v.ctx, row.TextRef); err != nil && models.ErrorCode(err) != models.CodeUnknown {
			return err
		}
	}
	return nil
}

func (p *programmePage) show(v *visit, page *web.Page) string {
	v.initial("objectives", p.before.Objectives, "content", p.before.Content, "methods", p.before.Methods,
		"assessment", p.before.Assessment)
	page.Title = v.t("programme.title")
	page.Data = struct {
		Late, Note string
		Facts      []pageFact
	}{v.late(p.deadline), p.note, append(v.about(p.brief, true), v.answerBy(p.deadline)...)}
	return "programme"
}

func (p *programmePage) act(v *visit, action string) (*linkDone, error) {
	if action != "submit" {
		return nil, errAction
	}
	var wrong faults
	part := func(name string) string { return v.text(&wrong, name, v.t("programme."+name), web.MaxPart, false) }
	text := models.ProgrammeText{Ref: "X-" + randomID(), Dossier: p.brief.Ref, CreatedAt: v.now,
		Objectives: part("objectives"), Content: part("content"), Methods: part("methods"), Assessment: part("assessment")}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	err := v.receive(models.FactProgrammeSubmitted, models.FactData{Ref: text.Ref},
		store.Alongside(func(tx *store.Store) error { return tx.SaveProgrammeText(v.ctx, text) }))
	if err != nil {
		return nil, err
	}
	return v.done(v.used(time.Time{}, v.t("programme.submitted")), v.t("programme.next")), nil
}
