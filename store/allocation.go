package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"jalon/models"
)

// sequence is the last number given in a series and a year, 0 where numbers do not start again each year.
type sequence struct {
	Series string `gorm:"primaryKey"`
	Year   int    `gorm:"primaryKey;autoIncrement:false"`
	Last   int64
}

// allocation is a number given for a key.
type allocation struct {
	Series string `gorm:"primaryKey"`
	Key    string `gorm:"primaryKey"`
	Value  string
}

// Series of references and numbers. A supplier's own is SelfBilledSeries plus the trainer's reference.
const (
	SeriesRequest       = "request"        // D-2026-000001
	SeriesClient        = "client"         // C-000001
	SeriesContact       = "contact"        // X-000001
	SeriesTrainer       = "trainer"        // T-000001
	SeriesParticipant   = "participant"    // P-000001
	SeriesUser          = "user"           // U-000001
	SeriesToken         = "token"          // K-000001
	SeriesLeave         = "leave"          // L-000001
	SeriesNote          = "note"           // N-000001
	SeriesProgrammeText = "programme_text" // W-000001
	SeriesInvoice       = "invoice"        // I-2026-000001
	SeriesClientInvoice = "client_invoice" // F-2026-0001
	SelfBilledSeries    = "self_billed/"   // A-T-000042-2026-0001
)

var plainSeries = map[string]string{SeriesClient: "C", SeriesContact: "X", SeriesTrainer: "T", SeriesParticipant: "P",
	SeriesUser: "U", SeriesToken: "K", SeriesLeave: "L", SeriesNote: "N", SeriesProgrammeText: "W"}

// number writes the nth number of a series; ok is false if there is no such series.
func number(series string, year int, n int64) (text string, ok bool) {
	supplier, selfBilled := strings.CutPrefix(series, SelfBilledSeries)
	switch {
	case plainSeries[series] != "":
		return fmt.Sprintf("%s-%06d", plainSeries[series], n), true
	case series == SeriesRequest:
		return fmt.Sprintf("D-%d-%06d", year, n), true
	case series == SeriesInvoice:
		return fmt.Sprintf("I-%d-%06d", year, n), true
	case series == SeriesClientInvoice:
		return fmt.Sprintf("F-%d-%04d", year, n), true
	case selfBilled && supplier != "":
		return fmt.Sprintf("A-%s-%d-%04d", supplier, year, n), true
	}
	return "", false
}

// Allocated is the number that was given for a key; ErrNotFound if none was.
func (s *Store) Allocated(ctx context.Context, series, key string) (string, error) {
	given, err := one[allocation](ctx, s, "series = ? AND key = ?", series, key)
	return given.Value, err
}

// Allocate gives the next number of a series and year, unbroken; the same key gets the same one again. An unknown
// series, no key or no year where the series has one: invalid_input.
func (s *Store) Allocate(ctx context.Context, a models.Allocation) (string, error) {
	if _, ok := number(a.Series, a.Year, 1); !ok || a.Key == "" {
		return "", models.NewError(models.CodeInvalid, fmt.Sprintf("allocation: unknown series %q, or no key", a.Series))
	}
	if plainSeries[a.Series] != "" {
		a.Year = 0
	} else if a.Year < 1 || a.Year > 9999 {
		return "", models.NewError(models.CodeInvalid, fmt.Sprintf("allocation: series %q needs a year", a.Series))
	}
	var value string
	err := s.Transact(ctx, func(tx *Store) error {
		// The row is locked before the key is looked for: two callers of one key get one number.
		if _, err := insert(ctx, tx, sequence{Series: a.Series, Year: a.Year}); err != nil {
			return err
		}
		var seq sequence
		if err := tx.locked(ctx).Where("series = ? AND year = ?", a.Series, a.Year).Take(&seq).Error; err != nil {
			return failure(err)
		}
		given, err := one[allocation](ctx, tx, "series = ? AND key = ?", a.Series, a.Key)
		if err == nil {
			value = given.Value
			return nil
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		value, _ = number(a.Series, a.Year, seq.Last+1)
		n, err := insert(ctx, tx, allocation{Series: a.Series, Key: a.Key, Value: value})
		if err == nil && n == 0 {
			err = models.NewError(models.CodeConflict, "allocation: the same key was given a number in another year just now")
		}
		if err != nil {
			return err
		}
		_, err = update[sequence](ctx, tx, map[string]any{"last": seq.Last + 1}, "series = ? AND year = ?", a.Series, a.Year)
		return err
	})
	return value, err
}
