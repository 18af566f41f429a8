package api

import (
	"context"
	"time"

	"jalon/models"
	"jalon/store"
)

// postponing is who may postpone a deadline.
func postponing(d models.Deadline) Rule { return Rule{Roles: d.PostponedBy()} }

func (s *Server) registerDeadlines() {
	add(s, operation{method: "GET", path: "/deadlines", id: "list-deadlines", tag: "deadlines", rule: Everyone, summary: "What falls due, soonest first"},
		func(ctx context.Context, in *struct {
			Request string      `query:"request" maxLength:"32" doc:"Those of a dossier"`
			Awaits  models.Role `query:"awaits" enum:"trainer,client,billing,participant,participants,staff,pedagogy,finance,system" doc:"From whom something is awaited"`
			Before  time.Time   `query:"before" doc:"Due no later"`
			Paging
		}) (*listOutput[models.Deadline], error) {
			return paged(&in.Paging, func(from store.Cursor) (store.Page[models.Deadline], error) {
				return s.store.OpenDeadlines(ctx, store.DeadlineFilter{Dossier: in.Request, Awaits: in.Awaits, Before: in.Before}, from, in.Limit)
			})
		})
	add(s, operation{method: "POST", path: "/deadlines/postpone", id: "postpone", tag: "deadlines", rule: Everyone, keyed: true,
		summary: "Move a deadline later, saying why, for who decides what it awaits; the link that serves it stays valid"},
		func(ctx context.Context, in *struct {
			Body struct {
				Why
				DeadlineID string    `json:"deadline_id" minLength:"1" maxLength:"160" doc:"As listed"`
				DueAt      time.Time `json:"due_at" doc:"The new one, later"`
			}
		}) (*itemOutput[models.CommandResult], error) {
			d, err := s.store.Deadline(ctx, in.Body.DeadlineID)
			if err != nil {
				return nil, err
			}
			call := callFrom(ctx)
			call.rule = postponing(d) // the journal says in which of their roles somebody decided
			err = d.CheckPostponed(in.Body.DueAt, s.now())
			switch code := models.ErrorCode(err); {
			case code == models.CodeDeadlineClosed, code == models.CodeDeadlineLegal: // nobody could, on no date
				return nil, err
			case !call.rule.Allows(call.Roles):
				return nil, refuse(models.CodeDeadlineRole)
			case err != nil:
				return nil, misplaced("body.due_at", err)
			}
			return s.decide(ctx, models.VerbPostpone, d.Dossier, in.Body.words(), order{workflow: d.Workflow, command: func(by models.By) any {
				return models.Postpone{By: by, DeadlineID: d.ID, DueAt: in.Body.DueAt.UTC().Truncate(time.Microsecond)}
			}})
		})
}
