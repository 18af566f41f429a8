package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"jalon/models"
)

// BoardFilter narrows the list of dossiers that staff look at; empty fields do not.
type BoardFilter struct {
	Stages    []models.Stage // one of them
	Owner     string         // user reference
	Unowned   bool           // nobody's
	Alert     string         // one alert, the newest or not
	Alerted   bool           // any alert
	Policy    string
	Trainer   string    // retained
	DueBefore time.Time // something is awaited, due before
	Search    string    // words, each found in the reference, the title, the topic, the client, its contacts or the trainer
}

// BoardRow is a dossier as lists show it: with names, the alerts that stand, and the next thing awaited, if any.
type BoardRow struct {
	models.Request `gorm:"embedded"`
	Title          string
	Client         string
	Trainer        string
	Alerts         []models.Alert  `gorm:"-"` // the newest first
	Next           models.Deadline `gorm:"-"`
}

// Board lists dossiers, newest first.
func (s *Store) Board(ctx context.Context, f BoardFilter, from Cursor, limit int) (Page[BoardRow], error) {
	p, err := page(s.board(ctx, f, boardRow), order[BoardRow]{at: "r.opened_at", id: "r.ref", desc: true,
		place: func(r BoardRow) Cursor { return Cursor{At: r.OpenedAt, ID: r.Ref} }}, from, limit)
	if err != nil {
		return p, err
	}
	return p, s.complete(ctx, p.Items)
}

// BoardByDue lists the dossiers of which something is awaited, by what is due next.
func (s *Store) BoardByDue(ctx context.Context, f BoardFilter, from Cursor, limit int) (Page[BoardRow], error) {
	type row struct {
		BoardRow `gorm:"embedded"`
		DueAt    time.Time `gorm:"serializer:instant"`
	}
	// CROSS JOIN keeps SQLite from starting at the dossiers and sorting them all.
	db := s.board(ctx, f, boardRow+", d.due_at").Table("deadlines d CROSS JOIN requests r").
		Where("d." + isOpen + " AND d.dossier <> '' AND r.ref = d.dossier AND " + isNext)
	rows, err := page(db, order[row]{at: "d.due_at", id: "r.ref",
		place: func(r row) Cursor { return Cursor{At: r.DueAt, ID: r.Ref} }}, from, limit)
	out := Page[BoardRow]{Next: rows.Next}
	for _, r := range rows.Items {
		out.Items = append(out.Items, r.BoardRow)
	}
	if err != nil {
		return out, err
	}
	return out, s.complete(ctx, out.Items)
}

// BoardCount is how many dossiers stand at a stage; with an alert, on how many of them it stands.
type BoardCount struct {
	Stage models.Stage
	Alert string
	Count int
}

// BoardCounts counts dossiers by stage, whatever the filter says of it, then the alerts on them, whatever it says of those.
func (s *Store) BoardCounts(ctx context.Context, f BoardFilter) ([]BoardCount, error) {
	f.Stages = nil
	stages, alerts := []BoardCount{}, []BoardCount{}
	if err := s.board(ctx, f, "r.stage, count(*) AS count").Group("r.stage").Order("r.stage").Find(&stages).Error; err != nil {
		return nil, failure(err)
	}
	f.Alert, f.Alerted = "", false
	// CROSS JOIN has SQLite start at the alerts, which are few.
	err := s.board(ctx, f, "r.stage, a.alert, count(DISTINCT r.ref) AS count").Table("alerts a CROSS JOIN requests r").
		Where("r.ref = a.dossier").Group("r.stage, a.alert").Order("r.stage, a.alert").Find(&alerts).Error
	return append(stages, alerts...), failure(err)
}

// Written out, not bound: the index of open deadlines is used for this very condition.
const (
	isOpen = "status = '" + string(models.Open) + "'"
	isNext = "NOT EXISTS (SELECT 1 FROM deadlines e WHERE e.dossier = d.dossier AND e." + isOpen +
		" AND (e.due_at < d.due_at OR e.due_at = d.due_at AND e.id < d.id))"
)

const boardRow = "r.*, b.title AS title, c.name AS client, t.name AS trainer"

// board is a query over dossiers (r) with their names, if columns want them.
func (s *Store) board(ctx context.Context, f BoardFilter, columns string) *gorm.DB {
	db := s.db.WithContext(ctx).Table("requests r").Select(columns)
	words := strings.Fields(Fold(f.Search))
	if len(words) > 0 || strings.Contains(columns, "b.title") {
		db = db.Joins("LEFT JOIN briefs b ON b.ref = r.ref")
	}
	if strings.Contains(columns, "c.name") {
		db = db.Joins("LEFT JOIN clients c ON c.ref = b.client_ref").Joins("LEFT JOIN trainers t ON t.ref = r.trainer_ref")
	}
	switch {
	case len(f.Stages) == 1:
		db = db.Where("r.stage = ?", f.Stages[0])
	case len(f.Stages) > 1:
		// An expression: SQLite then walks the dossiers by age, instead of sorting all those of the stages.
		db = db.Where("r.stage || '' IN ?", f.Stages)
	}
	for _, c := range []struct{ column, value string }{{"r.owner", f.Owner}, {"r.policy", f.Policy}, {"r.trainer_ref", f.Trainer}} {
		if c.value != "" {
			db = db.Where(c.column+" = ?", c.value)
		}
	}
	if f.Unowned {
		db = db.Where("r.owner = ''")
	}
	if f.Alert != "" {
		db = db.Where("r.ref IN ("+underAlert+")", f.Alert)
	}
	if f.Alerted {
		db = db.Where("r.alert <> ''")
	}
	if !f.DueBefore.IsZero() {
		db = db.Where("r.ref IN (SELECT o.dossier FROM deadlines o WHERE o."+isOpen+" AND o.due_at < ?)", instant(f.DueBefore))
	}
	return search(db, words)
}

// complete fills in the alerts that stand on each dossier, and what it awaits next.
func (s *Store) complete(ctx context.Context, rows []BoardRow) error {
	refs := make([]string, len(rows))
	for i, r := range rows {
		refs[i] = r.Ref
	}
	var next []models.Deadline
	err := s.db.WithContext(ctx).Table("deadlines d").Where("d.dossier IN ? AND d."+isOpen+" AND "+isNext, refs).Find(&next).Error
	if err != nil {
		return failure(err)
	}
	of := make(map[string]models.Deadline, len(next))
	for _, d := range next {
		of[d.Dossier] = d
	}
	alerts, err := s.Alerts(ctx, refs...)
	standing := map[string][]models.Alert{}
	for _, a := range alerts {
		standing[a.Dossier] = append(standing[a.Dossier], a)
	}
	for i := range rows {
		rows[i].Next, rows[i].Alerts = of[rows[i].Ref], standing[rows[i].Ref]
	}
	return err
}

// Waiting names the first requests received whose process has not begun.
func (s *Store) Waiting(ctx context.Context, limit int) (refs []string, err error) {
	err = s.db.WithContext(ctx).Model(&models.Inbox{}).Where("state = ? AND kind = ?", models.FactPending, models.FactIntake).
		Order("stored_at, id").Limit(limit).Pluck("dossier", &refs).Error
	return refs, failure(err)
}

// DueFilter narrows the board of what falls due; empty fields do not.
type DueFilter struct {
	Awaits  models.Role
	Kind    models.DeadlineKind
	Owner   string // user reference
	Unowned bool   // of nobody's dossier, or of no dossier
	From    time.Time
	Before  time.Time
}

// DueRow is an open deadline with the names people know it by.
type DueRow struct {
	models.Deadline `gorm:"embedded"`
	Owner           string
	Alert           string
	Title           string
	Client          string
	Person          string // who it is awaited from
}

// Due lists what falls due, soonest first.
func (s *Store) Due(ctx context.Context, f DueFilter, from Cursor, limit int) (Page[DueRow], error) {
	db := s.due(ctx, f, true).Select("d.*, r.owner AS owner, r.alert AS alert, b.title AS title, c.name AS client, coalesce(t.name, k.name, p.name, '') AS person").
		Joins("LEFT JOIN briefs b ON b.ref = d.dossier").
		Joins("LEFT JOIN clients c ON c.ref = b.client_ref").
		Joins("LEFT JOIN trainers t ON t.ref = d.awaits_ref").
		Joins("LEFT JOIN contacts k ON k.ref = d.awaits_ref").
		Joins("LEFT JOIN participants p ON p.ref = d.awaits_ref")
	return page(db, order[DueRow]{at: "d.due_at", id: "d.id",
		place: func(r DueRow) Cursor { return Cursor{At: r.DueAt, ID: r.ID} }}, from, limit)
}

// DueCount is how many open deadlines of a kind await a role in a span of time.
type DueCount struct {
	Span   int // the first of the bounds that they are due before; how many bounds there are if none
	Awaits models.Role
	Kind   models.DeadlineKind
	Count  int
}

// DueCounts counts what falls due, split at rising bounds; From and Before of the filter are not looked at.
func (s *Store) DueCounts(ctx context.Context, f DueFilter, bounds []time.Time) ([]DueCount, error) {
	f.From, f.Before = time.Time{}, time.Time{}
	span, args := "CASE", []any{}
	for i, b := range bounds {
		span += " WHEN d.due_at < ? THEN " + string(rune('0'+i))
		args = append(args, instant(b))
	}
	span += " ELSE " + string(rune('0'+len(bounds))) + " END"
	out := []DueCount{}
	err := s.due(ctx, f, f.Owner != "" || f.Unowned).Select(span+" AS span, d.awaits, d.kind, count(*) AS count", args...).
		Group("1, 2, 3").Order("1, 2, 3").Find(&out).Error
	return out, failure(err)
}

// due is a query over open deadlines (d), with their dossiers (r) if asked.
func (s *Store) due(ctx context.Context, f DueFilter, dossiers bool) *gorm.DB {
	db := s.db.WithContext(ctx).Table("deadlines d").Where("d." + isOpen)
	if dossiers {
		db = db.Joins("LEFT JOIN requests r ON r.ref = d.dossier")
	}
	if f.Awaits != "" {
		db = db.Where("d.awaits = ?", f.Awaits)
	}
	if f.Kind != "" {
		db = db.Where("d.kind = ?", f.Kind)
	}
	if f.Owner != "" {
		db = db.Where("r.owner = ?", f.Owner)
	}
	if f.Unowned {
		db = db.Where("coalesce(r.owner, '') = ''")
	}
	if !f.From.IsZero() {
		db = db.Where("d.due_at >= ?", instant(f.From))
	}
	if !f.Before.IsZero() {
		db = db.Where("d.due_at < ?", instant(f.Before))
	}
	return db
}
