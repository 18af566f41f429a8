package activities

import (
	"context"

	"jalon/models"
)

// ReadSupplier tells what paying a trainer depends on: establishment, mandate, VAT and company number (F199).
func (a *Activities) ReadSupplier(ctx context.Context, trainerRef string) (models.Supplier, error) {
	t, err := a.Store.Trainer(ctx, trainerRef)
	if err != nil {
		return models.Supplier{}, failure(ctx, err)
	}
	return t.Supplier(), nil
}
