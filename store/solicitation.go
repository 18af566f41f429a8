package store

import (
	"context"

	"jalon/models"
)

// Invitation reads one trainer's invitation.
func (s *Store) Invitation(ctx context.Context, ref string) (models.Invitation, error) {
	return one[models.Invitation](ctx, s, "ref = ?", ref)
}

// Invitations lists those of a dossier's nth search, in the order they were sent; of all searches if it is 0.
func (s *Store) Invitations(ctx context.Context, dossier string, search int) ([]models.Invitation, error) {
	if search == 0 {
		return all[models.Invitation](ctx, s, "search, number", "dossier = ?", dossier)
	}
	return all[models.Invitation](ctx, s, "number", "dossier = ? AND search = ?", dossier, search)
}

// InvitationsOfTrainer lists what a trainer was asked, oldest first.
func (s *Store) InvitationsOfTrainer(ctx context.Context, trainer string) ([]models.Invitation, error) {
	return all[models.Invitation](ctx, s, "sent_at, ref", "trainer_ref = ?", trainer)
}
