package workflows_test

import (
	"time"

	"jalon/models"
)

// autopilot has everybody do what is asked of them, soon after it is asked; a test replaces what it is about.
func (h *harness) autopilot() {
	id := models.RequestID(dossier)
	soon := func(f func()) { h.later(time.Hour, f) }
	h.onMail["invitation"] = func(m models.Message) {
		soon(func() {
			if m.ToRef == trainer(1) || m.ToRef == trainer(2) {
				h.answer(m.Subject, "interested", 45_000)
			} else {
				h.answer(m.Subject, "declined", 0)
			}
		})
	}
	h.onJournal["invitation_interested"] = func(l models.JournalLine) {
		inv := row[models.Invitation](h.world, l.Subject)
		if inv.TrainerRef == trainer(1) {
			soon(func() { h.choose(inv) })
		}
	}
	h.onJournal["search_resumed"] = func(models.JournalLine) { soon(h.chooseBest) }
	h.onJournal["stage_entered"] = func(l models.JournalLine) { soon(func() { h.staffStep(id, models.Stage(l.Args.Get("stage"))) }) }
	h.onJournal["request_opened"] = func(models.JournalLine) { soon(func() { h.staffStep(id, models.StageQualification) }) }
	slots := func(m models.Message) {
		soon(func() {
			now := h.env.Now().UTC()
			h.fact(models.Fact{Kind: models.FactSlotsOffered, Subject: m.Subject, Actor: m.ToRef,
				Data: models.FactData{Slots: []time.Time{now.Add(48 * time.Hour), now.Add(72 * time.Hour)}}})
		})
	}
	h.onMail["audit_slots"] = slots
	h.onMail["audit_choice"] = func(m models.Message) {
		soon(func() {
			if a := row[models.Audit](h.world, m.Subject); len(a.Slots) > 0 {
				h.fact(models.Fact{Kind: models.FactSlotChosen, Subject: m.Subject, Data: models.FactData{At: a.Slots[0]}})
			}
		})
	}
	h.onMail["audit_booked_trainer"] = func(m models.Message) {
		a := row[models.Audit](h.world, m.Subject)
		h.later(a.SlotAt.Add(2*time.Hour).Sub(h.env.Now()), func() { h.report(m.Subject, true) })
	}
	programme := func(m models.Message) {
		soon(func() {
			h.fact(models.Fact{Kind: models.FactProgrammeSubmitted, Subject: m.Subject, Actor: m.ToRef, Data: models.FactData{Ref: "text/" + m.Subject}})
		})
	}
	h.onMail["programme_ask"], h.onMail["programme_returned"] = programme, programme
	h.onJournal["programme_submitted"] = func(models.JournalLine) {
		soon(func() { h.command(id, models.VerbApproveProgramme, decision()) })
	}
	h.onMail["trainer_contract"] = func(m models.Message) { soon(func() { h.sign(m.Subject, m.ToRef) }) }
	h.onMail["contract_client"] = func(m models.Message) { soon(func() { h.sign(m.Subject, "client") }) }
	h.onMail["sheet_ask"] = func(m models.Message) { soon(func() { h.sheet(m.Subject) }) }
	h.onJournal["session_validated"] = func(l models.JournalLine) { // the month pays
		h.later(40*24*time.Hour, func() {
			h.fact(models.Fact{Kind: models.FactInvoicePaid, Channel: models.ChannelWorkflow, Subject: "I-2026-000002",
				Data: models.FactData{Lines: []string{l.Subject}}})
		})
	}
}

// staffStep is what staff do at a stage.
func (h *harness) staffStep(id string, s models.Stage) {
	switch s {
	case models.StageQualification:
		h.command(id, models.VerbQualify, models.Qualify{By: staff, Scope: h.scope()})
	case models.StageInterview:
		h.command(id, models.VerbRecordInterview, models.Verdict{By: staff, Passed: true})
	case models.StageReadiness:
		h.command(id, models.VerbConfirmReadiness, models.Verdict{By: staff, Passed: true})
	case models.StageSessions:
		h.command(id, models.VerbPlanSessions, models.PlanSessions{By: staff, Sessions: h.days(2)})
	case models.StageSolicitation:
		h.chooseBest()
	}
}

// days are one-day sessions, a week apart, from three weeks on.
func (h *harness) days(n int) []models.PlannedSession {
	var out []models.PlannedSession
	first := models.ParisDate(h.env.Now()).AddDays(21)
	for i := range n {
		day := first.AddDays(7 * i)
		out = append(out, models.PlannedSession{HalfDays: []models.HalfDay{
			{Start: day.At(9, 0, paris), End: day.At(12, 30, paris)}, {Start: day.At(14, 0, paris), End: day.At(17, 30, paris)}}})
	}
	return out
}

func (h *harness) answer(invitation, what string, rate models.Cents) models.Fact {
	inv := row[models.Invitation](h.world, invitation)
	f := models.Fact{Kind: models.FactInvitationAnswered, Subject: invitation, Actor: inv.TrainerRef, Data: models.FactData{Answer: what}}
	if rate > 0 {
		f.Data.RateCents, f.Data.RateUnit = rate, models.UnitDay
	}
	return h.fact(f)
}

func (h *harness) choose(inv models.Invitation) *reply {
	return h.command(models.SolicitationID(dossier, inv.Search), models.VerbChoose, models.Choose{By: staff, Invitation: inv.Ref})
}

// chooseBest retains the first interested trainer of the current search, if any.
func (h *harness) chooseBest() {
	for _, inv := range all[models.Invitation](h.world) {
		if inv.Search == h.current.Solicitation && inv.Status == models.InvitationInterested {
			h.choose(inv)
			return
		}
	}
}

func (h *harness) report(audit string, feasible bool) {
	h.fact(models.Fact{Kind: models.FactAuditReported, Subject: audit, Actor: h.current.TrainerRef,
		Data: models.FactData{Scale: "isolated", Feasible: feasible, Note: "N-000002"}})
}

func (h *harness) sign(contract, who string) models.Fact {
	return h.fact(models.Fact{Kind: models.FactContractSigned, Subject: contract, Actor: who, Data: models.FactData{SHA256: sha(contract)}})
}

func (h *harness) sheet(session string) {
	h.fact(models.Fact{Kind: models.FactSheetSigned, Subject: session, Actor: h.current.TrainerRef})
}

// when replaces what staff do the first time the dossier enters a stage; nothing else of the autopilot changes.
func (h *harness) when(s models.Stage, f func()) {
	name := "stage_entered"
	if s == models.StageQualification {
		name = "request_opened"
	}
	usual, done := h.onJournal[name], false
	h.onJournal[name] = func(l models.JournalLine) {
		if done || s != models.StageQualification && l.Args.Get("stage") != string(s) {
			fire(usual, l)
			return
		}
		done = true
		f()
	}
}

// also adds to what happens when the dossier enters a stage for the first time, half an hour later.
func (h *harness) also(s models.Stage, after time.Duration, f func()) {
	name := "stage_entered"
	if s == models.StageQualification {
		name = "request_opened"
	}
	usual, done := h.onJournal[name], false
	h.onJournal[name] = func(l models.JournalLine) {
		fire(usual, l)
		if !done && (s == models.StageQualification || l.Args.Get("stage") == string(s)) {
			done = true
			h.later(after, f)
		}
	}
}
