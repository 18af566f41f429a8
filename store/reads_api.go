package store

import (
	"context"

	"jalon/models"
)

// SaveAttendances records several signatures and absences, all or none, under the conditions of SaveAttendance.
func (s *Store) SaveAttendances(ctx context.Context, rows []models.Attendance) ([]models.Attendance, error) {
	var out []models.Attendance
	err := s.Transact(ctx, func(tx *Store) error {
		out = make([]models.Attendance, 0, len(rows))
		for _, a := range rows {
			stored, _, err := tx.SaveAttendance(ctx, a)
			if err != nil {
				return err
			}
			out = append(out, stored)
		}
		return nil
	})
	return out, err
}

// RecapFilter narrows a list of recaps; empty fields do not.
type RecapFilter struct {
	Trainer string
	Status  string
	Month   models.Month
}

// AllRecaps lists monthly statements by reference: payer, trainer, month and version.
func (s *Store) AllRecaps(ctx context.Context, f RecapFilter, from Cursor, limit int) (Page[models.Recap], error) {
	db := s.db.WithContext(ctx)
	for _, c := range []struct{ column, value string }{{"trainer_ref", f.Trainer}, {"status", f.Status}, {"month", string(f.Month)}} {
		if c.value != "" {
			db = db.Where(c.column+" = ?", c.value)
		}
	}
	return page(db, order[models.Recap]{id: "ref", place: func(r models.Recap) Cursor { return Cursor{ID: r.Ref} }}, from, limit)
}

// Payables lists the conforming invoices that the agency has to pay, by the date money leaves.
func (s *Store) Payables(ctx context.Context) ([]models.Invoice, error) {
	return all[models.Invoice](ctx, s, "pay_on, ref", "status = ? AND kind <> ?", models.InvoiceConform, models.InvoiceClient)
}
