package api

import (
	"context"
	"slices"

	"jalon/models"
	"jalon/store"
)

// RecapAddress names a month of pay.
type RecapAddress struct {
	Payer   string       `path:"payer" maxLength:"32" doc:"Who pays: agency, or a centre"`
	Trainer string       `path:"trainer" maxLength:"32" doc:"The trainer, T-000042"`
	Month   models.Month `path:"month" pattern:"^[0-9]{4}-[0-9]{2}$" doc:"The month, 2026-11"`
}

// RecapView is a month's statement, newest version, with its lines.
type RecapView struct {
	models.Recap
	PayLines []models.PayLine `json:"pay_lines"`
	Versions []models.Recap   `json:"versions" doc:"Oldest first"`
}

func (s *Server) recapView(ctx context.Context, a RecapAddress) (v RecapView, err error) {
	v.Versions, err = s.store.Recaps(ctx, models.RemunerationID(a.Payer, a.Trainer, a.Month))
	if err != nil {
		return v, err
	}
	if len(v.Versions) == 0 {
		return v, refuse(models.CodeUnknown)
	}
	v.Recap = v.Versions[len(v.Versions)-1]
	v.PayLines, err = s.store.PayLinesByRefs(ctx, v.Lines)
	return v, err
}

func (s *Server) registerRecaps() {
	add(s, operation{method: "GET", path: "/recaps", id: "list-recaps", tag: "recaps", rule: StaffMoney, summary: "Monthly statements, all versions (F178)"},
		func(ctx context.Context, in *struct {
			Trainer string       `query:"trainer" maxLength:"32" doc:"Those of a trainer, T-000042"`
			Status  string       `query:"status" enum:"sent,accepted,contested,with_staff,replaced" doc:"Where they stand"`
			Month   models.Month `query:"month" pattern:"^[0-9]{4}-[0-9]{2}$" doc:"Those of a month, 2026-11"`
			Paging
		}) (*listOutput[models.Recap], error) {
			return paged(&in.Paging, func(from store.Cursor) (store.Page[models.Recap], error) {
				return s.store.AllRecaps(ctx, store.RecapFilter{Trainer: in.Trainer, Status: in.Status, Month: in.Month}, from, in.Limit)
			})
		})
	add(s, operation{method: "GET", path: "/recaps/{payer}/{trainer}/{month}", id: "get-recap", tag: "recaps", rule: StaffMoney, summary: "A month's statement with its lines"},
		func(ctx context.Context, in *RecapAddress) (*itemOutput[RecapView], error) {
			return item(s.recapView(ctx, *in))
		})
	add(s, operation{method: "POST", path: "/recaps/{payer}/{trainer}/{month}/correct", id: "correct-recap", tag: "recaps", rule: StaffMoney,
		keyed: true, summary: "Decide the contested lines; one not named keeps its amount (F181)"},
		func(ctx context.Context, in *struct {
			RecapAddress
			Body struct {
				Why
				Corrections []models.LineCorrection `json:"corrections,omitempty" maxItems:"500" doc:"What is decided of contested lines"`
			}
		}) (*itemOutput[models.CommandResult], error) {
			v, err := s.recapView(ctx, in.RecapAddress)
			if err != nil {
				return nil, err
			}
			if err := misplaced("body.corrections", models.CheckCorrections(in.Body.Corrections, v.Lines)); err != nil {
				return nil, err
			}
			return s.decide(ctx, models.VerbCorrectRecap, "", in.Body.words(), order{workflow: v.Workflow,
				command: func(by models.By) any { return models.CorrectRecap{By: by, Corrections: in.Body.Corrections} }})
		})
	add(s, operation{method: "POST", path: "/recaps/{payer}/{trainer}/{month}/record", id: "record-recap", tag: "recaps", rule: StaffMoney,
		keyed: true, body: scanBody, summary: "Key a trainer's answer to the monthly statement"},
		func(ctx context.Context, in *struct {
			RecapAddress
			Body struct {
				Keyed
				Why
				Scanned
				Kind  models.FactKind `json:"kind" enum:"recap_accepted,recap_contested" doc:"The trainer's answer"`
				Lines []string        `json:"lines,omitempty" maxItems:"500" doc:"Those contested"`
			}
		}) (*itemOutput[Recorded], error) {
			v, err := s.recapView(ctx, in.RecapAddress)
			if err != nil {
				return nil, err
			}
			if !v.Unanswered() {
				return nil, refuse(models.CodeConflict)
			}
			f := models.Fact{Kind: in.Body.Kind, Subject: v.Ref, Actor: in.Trainer}
			if f.Kind == models.FactRecapAccepted {
				f.Data.SHA256 = v.SHA256
			} else {
				if len(in.Body.Lines) == 0 {
					return nil, invalid("body.lines", "say which lines are contested")
				}
				for _, l := range in.Body.Lines {
					if !slices.Contains(v.Lines, l) {
						return nil, refuse(models.CodeLineUnknown)
					}
				}
				f.Data.Lines = in.Body.Lines
			}
			return s.record(ctx, f, in.Body.Keyed, v.SentAt, "", in.Body.words(), in.Body.Scan)
		})
}
