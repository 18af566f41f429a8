package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

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
	Current bool // without those replaced by a newer version
}

// AllRecaps lists monthly statements, newest month first.
func (s *Store) AllRecaps(ctx context.Context, f RecapFilter, from Cursor, limit int) (Page[models.Recap], error) {
	db := s.db.WithContext(ctx)
	for _, c := range []struct{ column, value string }{{"trainer_ref", f.Trainer}, {"status", f.Status}, {"month", string(f.Month)}} {
		if c.value != "" {
			db = db.Where(c.column+" = ?", c.value)
		}
	}
	if f.Current {
		db = db.Where("status <> ?", models.RecapReplaced)
	}
	const layout = "2006-01"
	return page(db, order[models.Recap]{at: "month", id: "ref", layout: layout, desc: true, place: func(r models.Recap) Cursor {
		return Cursor{At: calendarDay(layout, string(r.Month)), ID: r.Ref}
	}}, from, limit)
}

// RecapMonths are the latest months that have statements, newest first.
func (s *Store) RecapMonths(ctx context.Context, limit int) ([]models.Month, error) {
	var out []models.Month
	err := s.db.WithContext(ctx).Model(&models.Recap{}).Distinct("month").Order("month DESC").Limit(limit).Pluck("month", &out).Error
	return out, failure(err)
}

// RecapsToDecide counts the statements that wait for staff, contested or not answered, of a month or of all, by status.
func (s *Store) RecapsToDecide(ctx context.Context, month models.Month) (map[string]int64, error) {
	var rows []struct {
		Status string
		Count  int64
	}
	db := s.db.WithContext(ctx).Model(&models.Recap{}).Select("status, count(*) AS count").
		Where("status IN ?", []string{models.RecapContested, models.RecapWithStaff})
	if month != "" {
		db = db.Where("month = ?", month)
	}
	err := db.Group("status").Scan(&rows).Error
	out := map[string]int64{}
	for _, r := range rows {
		out[r.Status] = r.Count
	}
	return out, failure(err)
}

// Payables lists the conforming invoices that the agency has to pay, by the date money leaves.
func (s *Store) Payables(ctx context.Context, from Cursor, limit int) (Page[models.Invoice], error) {
	return page(s.payable(ctx), order[models.Invoice]{at: "pay_on", id: "ref", layout: time.DateOnly, place: func(i models.Invoice) Cursor {
		return Cursor{At: calendarDay(time.DateOnly, string(i.PayOn)), ID: i.Ref}
	}}, from, limit)
}

func (s *Store) payable(ctx context.Context) *gorm.DB {
	return s.db.WithContext(ctx).Where("status = ? AND kind <> ?", models.InvoiceConform, models.InvoiceClient)
}

// HeldLate lists the first of the invoices to check, or sent back, whose legal term was before today, the oldest term first: it
// runs while they are held (F196).
func (s *Store) HeldLate(ctx context.Context, today models.Date, limit int) ([]models.Invoice, error) {
	var rows []models.Invoice
	err := s.heldLate(ctx, today).Order("legal_on, ref").Limit(limit).Find(&rows).Error
	return rows, failure(err)
}

// HeldLateSum adds them up.
func (s *Store) HeldLateSum(ctx context.Context, today models.Date) (Owed, error) {
	late, _, _, err := sums(s.heldLate(ctx, today), "legal_on", today, today)
	return late, err
}

func (s *Store) heldLate(ctx context.Context, today models.Date) *gorm.DB {
	return s.db.WithContext(ctx).Where("status IN ? AND kind <> ? AND legal_on <> '' AND legal_on < ?",
		[]string{models.InvoiceReceived, models.InvoiceNonConforming}, models.InvoiceClient, today)
}

// Owed is how much there is to pay.
type Owed struct {
	Count int64
	Cents models.Cents
}

// Plus is what both come to.
func (o Owed) Plus(x Owed) Owed { return Owed{o.Count + x.Count, o.Cents + x.Cents} }

// PayableSums adds up what is to be paid: what should have left before today, what is to leave until a day, and all.
func (s *Store) PayableSums(ctx context.Context, today, until models.Date) (late, soon, all Owed, err error) {
	return sums(s.payable(ctx), "pay_on", today, until)
}

// ReceivableSums adds up what clients owe in the same way, by their own terms.
func (s *Store) ReceivableSums(ctx context.Context, today, until models.Date) (late, soon, all Owed, err error) {
	return sums(s.db.WithContext(ctx).Where("status = ? AND kind = ?", models.InvoiceIssued, models.InvoiceClient), "promise_on", today, until)
}

func sums(db *gorm.DB, due string, today, until models.Date) (late, soon, all Owed, err error) {
	var row struct{ LateCount, LateCents, SoonCount, SoonCents, AllCount, AllCents int64 }
	err = db.Model(&models.Invoice{}).Select(fmt.Sprintf(`count(*) AS all_count, coalesce(sum(total_cents), 0) AS all_cents,
		coalesce(sum(CASE WHEN %[1]s < ? THEN 1 ELSE 0 END), 0) AS late_count, coalesce(sum(CASE WHEN %[1]s < ? THEN total_cents ELSE 0 END), 0) AS late_cents,
		coalesce(sum(CASE WHEN %[1]s BETWEEN ? AND ? THEN 1 ELSE 0 END), 0) AS soon_count, coalesce(sum(CASE WHEN %[1]s BETWEEN ? AND ? THEN total_cents ELSE 0 END), 0) AS soon_cents`, due),
		today, today, today, until, today, until).Scan(&row).Error
	return Owed{row.LateCount, models.Cents(row.LateCents)}, Owed{row.SoonCount, models.Cents(row.SoonCents)}, Owed{row.AllCount, models.Cents(row.AllCents)}, failure(err)
}

// InvoicesByStatus counts the invoices that are not over yet, those of clients and those of suppliers apart.
func (s *Store) InvoicesByStatus(ctx context.Context) (suppliers, clients map[string]int64, err error) {
	var rows []struct {
		Kind   models.InvoiceKind
		Status string
		Count  int64
	}
	err = s.db.WithContext(ctx).Model(&models.Invoice{}).Select("kind, status, count(*) AS count").
		Where("status IN ?", []string{models.InvoiceAwaited, models.InvoiceReceived, models.InvoiceNonConforming, models.InvoiceConform, models.InvoiceIssued}).
		Group("kind, status").Scan(&rows).Error
	suppliers, clients = map[string]int64{}, map[string]int64{}
	for _, r := range rows {
		if r.Kind.Payable() {
			suppliers[r.Status] += r.Count
		} else {
			clients[r.Status] += r.Count
		}
	}
	return suppliers, clients, failure(err)
}

// LineOf is the line of a kind in the timeline of one thing; ErrNotFound if there is none.
func (s *Store) LineOf(ctx context.Context, subject, kind string) (models.JournalLine, error) {
	return one[models.JournalLine](ctx, s, "subject = ? AND kind = ?", subject, kind)
}

// LastLine is the latest line of some kinds in the timeline of a dossier up to an instant; ErrNotFound if there is none.
func (s *Store) LastLine(ctx context.Context, dossier string, upTo time.Time, kinds ...string) (models.JournalLine, error) {
	var line models.JournalLine
	err := s.db.WithContext(ctx).Where("dossier = ? AND at <= ? AND kind IN ?", dossier, instant(upTo), kinds).Order("at DESC, id DESC").Take(&line).Error
	return line, failure(err)
}

// JournalOf lists the timeline of one thing, an invoice or a recap, oldest first.
func (s *Store) JournalOf(ctx context.Context, subject string, from Cursor, limit int) (Page[models.JournalLine], error) {
	return page(s.db.WithContext(ctx).Where("subject = ?", subject), order[models.JournalLine]{at: "at", id: "id",
		place: func(l models.JournalLine) Cursor { return Cursor{At: l.At, ID: l.ID} }}, from, limit)
}
