package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// playAudit organises the needs-analysis call: the trainer offers slots, the client picks one, the trainer reports
// (F079 to F083). An unfit outcome sends the dossier back to the search.
func (r *request) playAudit(ctx workflow.Context) {
	r.audits++
	r.audit = &models.Audit{Ref: models.AuditRef(r.dossier, r.audits), Dossier: r.dossier, Number: r.audits,
		TrainerRef: r.chosen.trainer, Status: models.AuditSlotsAwaited}
	for r.audit.Status != models.AuditHeld && !r.interrupted() && !r.waived() && r.failure == nil && ctx.Err() == nil {
		switch r.audit.Status {
		case models.AuditSlotsAwaited:
			r.awaitSlots(ctx)
		case models.AuditChoiceAwaited:
			r.awaitChoice(ctx)
		case models.AuditBooked:
			r.awaitReport(ctx)
		}
	}
	switch {
	case r.waived():
		r.audit.Status = models.AuditWaived
		r.auditRow()
	case r.audit.Status == models.AuditHeld && !r.audit.Feasible && r.left == nil:
		r.left = &left{reason: "audit_unfit", by: models.JournalLine{Actor: r.audit.TrainerRef}}
	}
	r.clear(r.audit.Ref)
}

func (r *request) auditRow() {
	row := *r.audit
	r.record(func(s *models.Step) { put(&s.Rows.Audits, row, func(a models.Audit) string { return a.Ref }) })
}

// answer waits for what somebody outside owes: at the due instant a reminder leaves and staff are told; then staff are
// called again until it came or they decided.
func (r *request) answer(ctx workflow.Context, w wait, reminder letter, alert string, opened func(id string), met func() bool) {
	d := r.opens(ctx, w)
	opened(d.ID)
	reminded := ""
	switch r.waitUntil(ctx, d, met) {
	case models.Missed:
		if reminder.Template != "" {
			reminded, _ = r.send(ctx, reminder)
		}
		r.raise(ctx, alert, w.Subject)
	case models.Undeliverable:
		r.raise(ctx, models.AlertUndeliverable, w.Subject)
	default:
		return
	}
	if r.awaitStaff(ctx, wait{Subject: w.Subject, Consequence: alert, Reminder: reminded}, alert, r.raiser(ctx, w.Subject), met) == models.Met {
		r.recall(func(a alarm) bool { return a.subject == w.Subject }) // that nobody could be asked, too
		r.clear(w.Subject)
	}
}

func (r *request) awaitSlots(ctx workflow.Context) {
	a := r.audit
	a.Round++
	a.Slots, a.SlotAt = nil, time.Time{}
	ask := letter{Template: "audit_slots", To: models.RoleTrainer, ToRef: a.TrainerRef, Subject: a.Ref,
		Links: []models.Link{{Purpose: models.LinkSlots, Subject: a.Ref, Generation: a.Round}}}
	reminder := ask
	reminder.Template = "audit_slots_reminder"
	ask.Links = append(ask.Links, r.withdrawal())
	ask.Args = r.dueArg(ctx, r.common.Policy.AuditCallWindow)
	if r.chosen.invitation == "" {
		ask.Args = append(ask.Args, models.Arg{Name: "assigned", Value: "yes"})
	}
	key, leaves := r.send(ctx, ask)
	r.answer(ctx, wait{Kind: models.DeadlineSlots, Subject: a.Ref, Awaits: models.RoleTrainer, AwaitsRef: a.TrainerRef,
		From: leaves, Delay: r.common.Policy.AuditCallWindow, Asked: []string{key}}, reminder, "no_answer_slots",
		func(id string) { a.DeadlineID = id; r.auditRow() },
		func() bool { return a.Status != models.AuditSlotsAwaited })
}

// dueArg is the due instant a mail that leaves now announces.
func (p *process) dueArg(ctx workflow.Context, delay models.Delay) models.Args {
	leaves := p.cal.MailTime(p.now(ctx), p.common.Policy.MailHours)
	return models.Args{{Name: "due", Value: p.cal.Add(leaves, delay).Format(time.RFC3339)}}
}

func (r *request) awaitChoice(ctx workflow.Context) {
	a := r.audit
	last := slices.MaxFunc(a.Slots, time.Time.Compare)
	leaves := r.cal.MailTime(r.now(ctx), r.common.Policy.MailHours)
	due := r.cal.Add(leaves, r.common.Policy.AuditCallWindow)
	if last.Before(due) {
		due = last
	}
	ask := letter{Template: "audit_choice", To: models.RoleClient, Subject: a.Ref,
		Links: []models.Link{{Purpose: models.LinkChoose, Subject: a.Ref, Generation: a.Round}},
		Args:  models.Args{{Name: "due", Value: due.Format(time.RFC3339)}}}
	key, _ := r.send(ctx, ask)
	d := r.opens(ctx, wait{Kind: models.DeadlineSlotChoice, Subject: a.Ref, Awaits: models.RoleClient, From: leaves, Due: due, Asked: []string{key}})
	a.DeadlineID = d.ID
	r.auditRow()
	chosen := func() bool { return a.Status != models.AuditChoiceAwaited }
	outcome := r.waitUntil(ctx, d, chosen)
	if outcome != models.Missed && outcome != models.Undeliverable {
		return
	}
	r.raise(ctx, "no_slot_chosen", a.Ref)
	if !r.now(ctx).Before(last) { // none is left to choose: the trainer is asked for others
		a.Status = models.AuditSlotsAwaited
		return
	}
	ask.Template = "audit_choice_reminder"
	key, _ = r.send(ctx, ask)
	d = r.opens(ctx, wait{Kind: models.DeadlineSlotChoice, Subject: a.Ref, Awaits: models.RoleClient, Due: last})
	a.DeadlineID = d.ID
	r.auditRow()
	switch r.waitUntil(ctx, d, chosen) {
	case models.Missed:
		a.Status = models.AuditSlotsAwaited
	case models.Met:
		r.withdraw(key)
		r.recall(func(x alarm) bool { return x.subject == a.Ref })
		r.clear(a.Ref)
	}
}

func (r *request) awaitReport(ctx workflow.Context) {
	a := r.audit
	slot := models.Args{{Name: "slot", Value: a.SlotAt.Format(time.RFC3339)}}
	report := []models.Link{{Purpose: models.LinkAuditReport, Subject: a.Ref, Generation: a.Round}}
	links := append(slices.Clone(report), r.withdrawal())
	toTrainer, _ := r.send(ctx, letter{Template: "audit_booked_trainer", To: models.RoleTrainer, ToRef: a.TrainerRef, Subject: a.Ref, Links: links, Args: slot})
	toClient, _ := r.send(ctx, letter{Template: "audit_booked_client", To: models.RoleClient, Subject: a.Ref, Args: slot})
	key, leaves := r.send(ctx, letter{Template: "audit_report_reminder", To: models.RoleTrainer, ToRef: a.TrainerRef, Subject: a.Ref,
		Links: report, Args: slot, When: a.SlotAt.Add(time.Hour)})
	r.answer(ctx, wait{Kind: models.DeadlineAuditReport, Subject: a.Ref, Awaits: models.RoleTrainer, AwaitsRef: a.TrainerRef,
		From: leaves, Delay: r.common.Policy.StaffStep, Asked: []string{key}}, letter{}, "audit_not_reported",
		func(id string) { a.DeadlineID = id; r.auditRow() },
		func() bool { return a.Status != models.AuditBooked })
	r.withdraw(toTrainer, toClient, key) // what has not left would announce a call that is over
}

// auditFact moves the audit on. What does not fit its status is a repeat, or too late to matter.
func (r *request) auditFact(f models.Fact) string {
	a := r.audit
	if a == nil || f.Subject != a.Ref || r.row.Stage != models.StageAudit || r.interrupted() {
		return models.FactIgnored
	}
	switch {
	case f.Kind == models.FactSlotsOffered && a.Status == models.AuditSlotsAwaited && len(f.Data.Slots) > 0:
		a.Slots, a.Status = f.Data.Slots, models.AuditChoiceAwaited
	case f.Kind == models.FactSlotChosen && a.Status == models.AuditChoiceAwaited && a.CheckChoice(f.Data.At, f.ReceivedAt) == nil:
		a.SlotAt, a.Status = f.Data.At, models.AuditBooked
	case f.Kind == models.FactSlotsRefused && a.Status == models.AuditChoiceAwaited:
		a.Status = models.AuditSlotsAwaited
	case f.Kind == models.FactAuditReported && (a.Status == models.AuditBooked || f.Recorder != "") &&
		(a.CheckReport(f.Data.At, r.row.OpenedAt, f.ReceivedAt) == nil || !passes(r.durable, gateReport)):
		if !f.Data.At.IsZero() {
			a.SlotAt = f.Data.At
		}
		a.Scale, a.Feasible, a.Note, a.Status = f.Data.Scale, f.Data.Feasible, f.Data.Note, models.AuditHeld
	default:
		return models.FactIgnored
	}
	r.auditRow()
	r.journal(models.JournalLine{Kind: string(f.Kind), Subject: a.Ref, Actor: f.Actor, Channel: f.Channel, Recorder: f.Recorder,
		Note: f.Data.Note, At: f.ReceivedAt})
	return models.FactApplied
}

// undoAudit calls off a call that was booked or being arranged.
func (r *request) undoAudit(ctx workflow.Context) {
	if r.audit == nil {
		return
	}
	switch r.audit.Status {
	case models.AuditBooked:
		r.send(ctx, letter{Template: "audit_cancelled_client", To: models.RoleClient, Subject: r.audit.Ref})
		fallthrough
	case models.AuditSlotsAwaited, models.AuditChoiceAwaited:
		r.audit.Status = models.AuditCancelled
		r.auditRow()
	}
	r.audit = nil
}
