package activities

import (
	"context"

	"jalon/models"
)

// Allocate gives the next number of a series; the same key always gets the same one.
func (a *Activities) Allocate(ctx context.Context, in models.Allocation) (string, error) {
	number, err := a.Store.Allocate(ctx, in)
	return number, failure(ctx, err)
}
