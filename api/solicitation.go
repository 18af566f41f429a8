package api

import (
	"context"
	"fmt"
	"strconv"

	"jalon/models"
)

// ChooseInput retains one of the interested trainers, and says why (F052, F066).
type ChooseInput struct {
	Why
	Invitation string `json:"invitation,omitempty" maxLength:"80" doc:"Reference, or else number in the current search"`
	Number     int    `json:"number,omitempty" minimum:"0" doc:"In the current search"`
}

// WidenInput goes on with a search: with trainers named, with holders of adjacent skills, or with the next wave.
type WidenInput struct {
	Why
	Trainers []string `json:"trainers,omitempty" maxItems:"100" doc:"References of whom to ask"`
	Adjacent bool     `json:"adjacent,omitempty" doc:"Ask holders of adjacent skills too (F050)"`
}

// registerSolicitation registers what staff decide about a search.
func (s *Server) registerSolicitation() {
	requestCommand(s, models.VerbChoose, Staff, "Retain one of the interested trainers (F052, F066)",
		func(ctx context.Context, r models.Request, _ models.Brief, in ChooseInput) (order, error) {
			if r.Solicitation == 0 {
				return order{}, refuse(models.CodeWrongStage)
			}
			ref := in.Invitation
			if n, err := strconv.Atoi(ref); err == nil {
				ref, in.Number = "", n
			}
			if ref == "" && in.Number == 0 {
				return order{}, invalid("body.invitation", "needed")
			}
			if ref == "" {
				ref = models.InvitationRef(r.Ref, r.Solicitation, in.Number)
			}
			if inv, err := s.store.Invitation(ctx, ref); err != nil || inv.Dossier != r.Ref {
				return order{}, firstError(err, refuse(models.CodeUnknown))
			}
			return order{workflow: models.SolicitationID(r.Ref, r.Solicitation), command: func(by models.By) any {
				return models.Choose{By: by, Invitation: ref}
			}}, nil
		})
	requestCommand(s, models.VerbWiden, Staff, "Go on with the search (F050, F074)",
		func(ctx context.Context, r models.Request, _ models.Brief, in WidenInput) (order, error) {
			if r.Solicitation == 0 {
				return order{}, refuse(models.CodeWrongStage)
			}
			for i, t := range in.Trainers {
				if err := s.knownTrainer(ctx, t, fmt.Sprintf("body.trainers[%d]", i)); err != nil {
					return order{}, err
				}
			}
			return order{workflow: models.SolicitationID(r.Ref, r.Solicitation), command: func(by models.By) any {
				return models.Widen{By: by, Trainers: in.Trainers, Adjacent: in.Adjacent}
			}}, nil
		})
}
