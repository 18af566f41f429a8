package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"jalon/demo"
	"jalon/models"
)

// staff follow what falls due, as the handbook says.
type staff struct {
	run     *run
	mu      sync.Mutex
	refused map[string]int // times a call was, by path and key
	done    map[string]bool
}

// post sends a call about something, once; a refusal is kept under its key, so who calls again decides anew.
func (s *staff) post(ctx context.Context, path, about string, body any) error {
	key := path + "/" + about
	s.mu.Lock()
	again, done := s.refused[key], s.done[key]
	s.mu.Unlock()
	if done {
		return nil
	}
	s.run.tell("staff: %s about %s", path, about)
	err := s.run.player.Staff.Post(ctx, path, fmt.Sprintf("%s/%d", key, again), body, nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	if refusal := (*demo.Problem)(nil); errors.As(err, &refusal) {
		s.refused[key]++
	}
	s.done[key] = err == nil
	return err
}

// mind looks after a mission until it ends: whatever waits for staff is seen to.
func (s *staff) mind(ctx context.Context, m *demo.Mission, own *mind) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.Done:
			return
		case <-tick.C:
		}
		deadlines, err := demo.All[models.Deadline](ctx, s.run.player.Staff, "/requests/"+m.Ref+"/deadlines")
		for _, d := range deadlines {
			if d.Status == models.Open && err == nil {
				err = s.see(ctx, m, own, d)
			}
			if err != nil && forgives(err) {
				err = nil
			}
		}
		if err != nil && ctx.Err() == nil {
			s.run.hinder(fmt.Errorf("%s: %w", m.Ref, err))
		}
	}
}

// see does what a deadline asks of staff.
func (s *staff) see(ctx context.Context, m *demo.Mission, own *mind, d models.Deadline) error {
	record := func(kind models.FactKind, with map[string]any) error {
		body := map[string]any{"kind": kind, "channel": "phone", "subject": d.Subject}
		for k, v := range with {
			body[k] = v
		}
		return s.post(ctx, "/requests/"+m.Ref+"/record", d.ID, body)
	}
	switch {
	case d.Postponable && d.Kind != models.DeadlineStaff && d.Awaits != models.RoleSystem && slices.Contains(d.PostponedBy(), models.RoleStaff) && own.once("postpone"):
		s.run.tell("%s: %s postponed", m.Ref, d.ID)
		return s.post(ctx, "/deadlines/postpone", d.ID, map[string]any{"deadline_id": d.ID, "due_at": d.DueAt.Add(24 * time.Hour), "reason": "Jour férié local."})
	case d.Kind != models.DeadlineStaff:
		return nil
	}
	session := fmt.Sprintf("/requests/%s/sessions/%d/", m.Ref, models.LastNumber(d.Subject))
	switch d.Consequence {
	case "nobody_interested", "no_candidate_left":
		return s.find(ctx, m, d)
	case "no_answer_slots":
		var slots []time.Time
		day := s.run.player.Calendar.DateOf(s.run.player.Now())
		for n := range 3 {
			slots = append(slots, s.run.player.Calendar.At(s.run.player.Calendar.AddBusinessDays(day, n+3), 14, 0))
		}
		return record(models.FactSlotsOffered, map[string]any{"slots": slots})
	case "audit_not_reported":
		return record(models.FactAuditReported, map[string]any{"scale": "isolated", "feasible": true})
	case "programme_late":
		return record(models.FactProgrammeSubmitted, map[string]any{"programme": map[string]any{"objectives": "Savoir.", "content": "Un jour.",
			"methods": "Exercices.", "assessment": "Un cas."}})
	case "client_unsigned":
		return record(models.FactContractSigned, map[string]any{"channel": "paper"})
	case "client_declined":
		return m.Command(ctx, "reissue-contract", d.Subject, map[string]any{"contract": d.Subject, "reason": "Conditions revues."})
	case "sheet_missing":
		return record(models.FactSheetSigned, map[string]any{"channel": "paper"})
	case "sheet_incomplete":
		passed := !own.once("session_refused")
		s.run.tell("%s judged %t", d.Subject, passed)
		return s.post(ctx, session+"judge-sheet", d.ID, map[string]any{"passed": passed, "reason": "Vu avec le client."})
	case models.AlertUndeliverable, "document_refused":
		return fmt.Errorf("%s: %s", d.Subject, d.Consequence)
	}
	return nil // the board shows it
}

// find asks somebody found elsewhere, or names them outright when they were asked already.
func (s *staff) find(ctx context.Context, m *demo.Mission, d models.Deadline) error {
	trainer := s.run.player.Trainer(spare(m.Script.Number)).Ref
	err := m.Command(ctx, "widen", d.ID, map[string]any{"trainers": []string{trainer}, "reason": "Recommandée par une consœur."})
	refused := (*demo.Problem)(nil)
	if !errors.As(err, &refused) || refused.Status != 409 {
		return err
	}
	s.run.tell("%s: %s is assigned (%s)", m.Ref, trainer, refused.Code)
	return m.Command(ctx, "assign", d.ID, map[string]any{"trainer_ref": trainer, "rate_cents": 48000, "rate_unit": "day", "reason": "Convenu par téléphone."})
}

// correct decides a contested month: what is not named keeps its amount.
func (s *staff) correct(ctx context.Context, month string) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		var recap models.Recap
		if err := s.run.player.Staff.Get(ctx, "/recaps/"+month, &recap); err != nil {
			return err
		}
		if recap.Status == models.RecapContested {
			err := s.post(ctx, "/recaps/"+month+"/correct", recap.Ref, map[string]any{"reason": "Vérifié auprès du client."})
			if err == nil || !forgives(err) {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
