package activities

import (
	"context"

	"jalon/models"
)

// ReadLines lists what a month of pay holds and is not settled yet.
func (a *Activities) ReadLines(ctx context.Context, q models.LinesQuery) ([]models.PayLine, error) {
	lines, err := a.Store.PayLines(ctx, q)
	if err != nil {
		return nil, failure(ctx, err)
	}
	open := []models.PayLine{}
	for _, l := range lines {
		if l.Status == models.LineDue || l.Status == models.LineContested {
			open = append(open, l)
		}
	}
	return open, nil
}
