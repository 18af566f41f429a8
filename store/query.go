package store

import (
	"context"
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"jalon/models"
)

// MaxPage is the most rows a page may hold; DefaultPage is how many it holds when the limit is 0.
const (
	MaxPage     = 500
	DefaultPage = 50
)

// maxRows is how many rows a statement writes at most: databases count its arguments.
const maxRows = 100

// Cursor is a place in a list, by instant then key. The zero cursor is its beginning.
type Cursor struct {
	At time.Time
	ID string
}

// String is the cursor as URLs carry it; empty for the beginning.
func (c Cursor) String() string {
	if c.ID == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(instant(c.At) + " " + c.ID))
}

// ParseCursor reads what String wrote; anything else is refused (invalid_input).
func ParseCursor(s string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	at, id, ok := strings.Cut(string(raw), " ")
	t, terr := parseInstant(at)
	if err != nil || !ok || terr != nil || id == "" {
		return Cursor{}, models.NewError(models.CodeInvalid, "cursor: use the one a page gave")
	}
	return Cursor{At: t, ID: id}, nil
}

// Page is a slice of a list; Next is zero on the last one.
type Page[T any] struct {
	Items []T
	Next  Cursor
}

// order says how a list is sorted: by an instant (none if empty), then by a unique text, both in one direction. layout
// is how at is written where it is a date or a month.
type order[T any] struct {
	at, id string
	layout string
	desc   bool
	place  func(T) Cursor
}

// bound is the instant of a cursor as its column holds it.
func (o order[T]) bound(t time.Time) string {
	if o.layout == "" || t.IsZero() {
		return instant(t)
	}
	return t.UTC().Format(o.layout)
}

// calendarDay is where a date, or a month, stands in a list; none comes first.
func calendarDay(layout, text string) time.Time {
	t, err := time.Parse(layout, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// page reads at most limit rows after a cursor; the caller has narrowed db down.
func page[T any](db *gorm.DB, by order[T], from Cursor, limit int) (Page[T], error) {
	if limit <= 0 {
		limit = DefaultPage
	}
	limit = min(limit, MaxPage)
	cmp, dir := ">", ""
	if by.desc {
		cmp, dir = "<", " DESC"
	}
	if by.at != "" {
		db = db.Order(by.at + dir)
	}
	db = db.Order(by.id + dir).Limit(limit + 1)
	switch {
	case from.ID == "":
	case by.at == "":
		db = db.Where(by.id+" "+cmp+" ?", from.ID)
	default:
		db = db.Where("("+by.at+", "+by.id+") "+cmp+" (?, ?)", by.bound(from.At), from.ID)
	}
	var out Page[T]
	if err := failure(db.Find(&out.Items).Error); err != nil {
		return Page[T]{}, err
	}
	if len(out.Items) > limit {
		out.Items = out.Items[:limit]
		out.Next = by.place(out.Items[limit-1])
	}
	return out, nil
}

// one reads the row that a condition names.
func one[T any](ctx context.Context, s *Store, query string, args ...any) (T, error) {
	var row T
	err := s.db.WithContext(ctx).Where(query, args...).Take(&row).Error
	return row, failure(err)
}

// all reads every row that a condition names, sorted.
func all[T any](ctx context.Context, s *Store, sort, query string, args ...any) ([]T, error) {
	rows := []T{}
	err := s.db.WithContext(ctx).Where(query, args...).Order(sort).Find(&rows).Error
	return rows, failure(err)
}

// save writes rows whole, new or not: one that comes twice ends as its last version.
func save[T any](ctx context.Context, s *Store, rows ...T) error {
	if len(rows) == 0 {
		return nil
	}
	rows, err := lastVersions(ctx, s, rows)
	if err != nil {
		return err
	}
	return s.writing(len(rows))(ctx, func(tx *Store) error {
		return failure(tx.db.WithContext(ctx).Omit(clause.Associations).Clauses(clause.OnConflict{UpdateAll: true}).
			CreateInBatches(&rows, maxRows).Error)
	})
}

// lastVersions are the rows, each key once, since PostgreSQL refuses to write one twice in a statement.
func lastVersions[T any](ctx context.Context, s *Store, rows []T) ([]T, error) {
	if len(rows) == 1 {
		return rows, nil
	}
	table := gorm.Statement{DB: s.db}
	if err := table.Parse(&rows[0]); err != nil {
		return nil, err
	}
	place := map[string]int{}
	out := make([]T, 0, len(rows))
	for i := range rows {
		var key []any
		for _, f := range table.Schema.PrimaryFields {
			v, _ := f.ValueOf(ctx, reflect.ValueOf(&rows[i]).Elem())
			key = append(key, v)
		}
		id := fmt.Sprintf("%q", key)
		if at, twice := place[id]; twice {
			out[at] = rows[i]
			continue
		}
		place[id] = len(out)
		out = append(out, rows[i])
	}
	return out, nil
}

// writing is how to write n rows.
func (s *Store) writing(n int) func(context.Context, func(tx *Store) error) error {
	if n <= maxRows {
		return s.once
	}
	return s.Transact
}

// insert writes the rows whose key is new and tells how many were.
func insert[T any](ctx context.Context, s *Store, rows ...T) (n int64, err error) {
	if len(rows) == 0 {
		return 0, nil
	}
	err = s.writing(len(rows))(ctx, func(tx *Store) error {
		res := tx.db.WithContext(ctx).Omit(clause.Associations).Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(&rows, maxRows)
		n = res.RowsAffected
		return failure(res.Error)
	})
	return n, err
}

// update changes columns of the rows that a condition names and tells how many there were.
func update[T any](ctx context.Context, s *Store, values map[string]any, query string, args ...any) (n int64, err error) {
	err = s.once(ctx, func(tx *Store) error {
		res := tx.db.WithContext(ctx).Model(new(T)).Where(query, args...).Updates(values)
		n = res.RowsAffected
		return failure(res.Error)
	})
	return n, err
}

// locked is a query whose rows stay locked until the transaction ends; SQLite has a single writer anyway.
func (s *Store) locked(ctx context.Context) *gorm.DB {
	return s.db.WithContext(ctx).Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate})
}
