package store

import (
	"context"
	"errors"

	"jalon/models"
)

// PayLine reads what a session is worth to its trainer.
func (s *Store) PayLine(ctx context.Context, ref string) (models.PayLine, error) {
	return one[models.PayLine](ctx, s, "ref = ?", ref)
}

// PayLines lists the lines of a month of pay, by date.
func (s *Store) PayLines(ctx context.Context, q models.LinesQuery) ([]models.PayLine, error) {
	return all[models.PayLine](ctx, s, "held_on, ref", "payer = ? AND trainer_ref = ? AND month = ?", q.Payer, q.TrainerRef, q.Month)
}

// PayLinesOfDossier lists a dossier's lines, by date.
func (s *Store) PayLinesOfDossier(ctx context.Context, dossier string) ([]models.PayLine, error) {
	return all[models.PayLine](ctx, s, "held_on, ref", "dossier = ?", dossier)
}

// PayLinesByRefs lists lines by their references, by date: those of a recap or of an invoice.
func (s *Store) PayLinesByRefs(ctx context.Context, refs []string) ([]models.PayLine, error) {
	return all[models.PayLine](ctx, s, "held_on, ref", "ref IN ?", refs)
}

// PayLinesOfRecap lists the lines that a recap shows, replaced or not.
func (s *Store) PayLinesOfRecap(ctx context.Context, ref string) ([]models.PayLine, error) {
	r, err := s.Recap(ctx, ref)
	if err != nil {
		return nil, err
	}
	return s.PayLinesByRefs(ctx, r.Lines)
}

// PayMonth reads a month of pay.
func (s *Store) PayMonth(ctx context.Context, payer, trainer string, month models.Month) (models.PayMonth, error) {
	return one[models.PayMonth](ctx, s, "payer = ? AND trainer_ref = ? AND month = ?", payer, trainer, month)
}

// ActivePayMonth is the month a line of this month would join: the payee's first one that is not settled.
func (s *Store) ActivePayMonth(ctx context.Context, payer, trainer string, from models.Month) (models.Month, error) {
	for month := from; ; month = month.Next() {
		m, err := s.PayMonth(ctx, payer, trainer, month)
		if errors.Is(err, ErrNotFound) || err == nil && m.SettledAt.IsZero() {
			return month, nil
		}
		if err != nil {
			return "", err
		}
	}
}

// Recap reads one version of a monthly statement.
func (s *Store) Recap(ctx context.Context, ref string) (models.Recap, error) {
	return one[models.Recap](ctx, s, "ref = ?", ref)
}

// Recaps lists the versions of a month's statement, by the ID of its workflow.
func (s *Store) Recaps(ctx context.Context, workflow string) ([]models.Recap, error) {
	return all[models.Recap](ctx, s, "number", "workflow = ?", workflow)
}

// RecapsOfTrainer lists a trainer's statements, by month.
func (s *Store) RecapsOfTrainer(ctx context.Context, trainer string) ([]models.Recap, error) {
	return all[models.Recap](ctx, s, "month, number, ref", "trainer_ref = ?", trainer)
}

// Invoice reads an invoice.
func (s *Store) Invoice(ctx context.Context, ref string) (models.Invoice, error) {
	return one[models.Invoice](ctx, s, "ref = ?", ref)
}

// InvoicesByRefs lists invoices by reference; unknown references are left out.
func (s *Store) InvoicesByRefs(ctx context.Context, refs []string) ([]models.Invoice, error) {
	return all[models.Invoice](ctx, s, "ref", "ref IN ?", refs)
}

// InvoiceFilter narrows a list of invoices; empty fields do not.
type InvoiceFilter struct {
	Kind    models.InvoiceKind
	Status  string
	Dossier string
	Trainer string
	Client  string // those that a client owes
	Recap   string
	Payable bool // those that the agency owes
}

// Invoices lists invoices by reference, newest first.
func (s *Store) Invoices(ctx context.Context, f InvoiceFilter, from Cursor, limit int) (Page[models.Invoice], error) {
	db := s.db.WithContext(ctx)
	for _, c := range []struct{ column, value string }{{"kind", string(f.Kind)}, {"status", f.Status}, {"dossier", f.Dossier},
		{"trainer_ref", f.Trainer}, {"recap_ref", f.Recap}} {
		if c.value != "" {
			db = db.Where(c.column+" = ?", c.value)
		}
	}
	if f.Client != "" {
		db = db.Where("kind = ? AND dossier IN (SELECT ref FROM briefs WHERE client_ref = ?)", models.InvoiceClient, f.Client)
	}
	if f.Payable {
		db = db.Where("kind <> ?", models.InvoiceClient)
	}
	return page(db, order[models.Invoice]{id: "ref", desc: true,
		place: func(i models.Invoice) Cursor { return Cursor{ID: i.Ref} }}, from, limit)
}
