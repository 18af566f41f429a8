package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"jalon/models"
)

// projected is a table that Apply writes. Others columns are written by somebody else, or follow from what somebody else
// wrote.
type projected struct {
	rows   any
	others []string
}

// projection are the tables that processes project. Whatever a step carries lands in one of them, and nobody else writes
// there: folded again from the steps of all histories, they come out the same (docs/adr/0005).
var projection = []projected{
	{rows: process{}, others: []string{"result"}}, // what expiries found
	{rows: models.Request{}},
	{rows: models.Alert{}},
	{rows: models.Invitation{}},
	{rows: models.Audit{}},
	{rows: models.Programme{}},
	{rows: models.Contract{}},
	{rows: models.Session{}},
	{rows: models.Absence{}},
	{rows: models.PayLine{}},
	{rows: models.PayMonth{}},
	{rows: models.Recap{}},
	{rows: models.Invoice{}},
	{rows: models.Deadline{}},
	{rows: models.JournalLine{}}, // but for those of facts that nobody was left to take, of messages that a person settled, and of participants
	{rows: models.Message{}, others: []string{"status", "attempts", "attempt_at", "lease_until", "sent_at", "failure"}}, // its delivery
	{rows: models.Inbox{}, others: []string{"attempts", "lease_until"}},                                                 // its delivery, but for what processes say of it
}

// toldByNoProcess begins the keys of the journal lines that no step carries.
var toldByNoProcess = []string{lateLine, settledLine, registeredLine, correctedLine, removedLine}

// Difference is a row, or one column of it, that is not what the histories say.
type Difference struct {
	Table, Key string
	Column     string // empty: the whole row
	Stored     string // empty: no such row
	Folded     string // as the steps of the histories have it; empty: no such row
}

func (d Difference) String() string {
	at := d.Table + " " + d.Key
	switch {
	case d.Stored == "":
		return at + ": missing, the histories have " + d.Folded
	case d.Folded == "":
		return at + ": in no history: " + d.Stored
	}
	return fmt.Sprintf("%s: %s is %s, the histories have %s", at, d.Column, d.Stored, d.Folded)
}

// Verification is the outcome of Verify.
type Verification struct {
	Steps       int // folded
	Rows        int // compared
	Forgotten   int // processes whose history is gone: what they alone wrote is not compared
	Differences []Difference
}

// Histories are what Temporal has kept of the steps of all processes.
type Histories struct {
	Steps   []models.Step    // in an order in which they can have been written
	Written map[string]int64 // by workflow: the last step that Apply answered
}

// Verify folds the steps of all histories into empty, a migrated database without rows, and tells how the projection
// stored here differs from it. The stored one is read at one moment, then the histories: steps written since do not
// count, so a running system can be verified.
func (s *Store) Verify(ctx context.Context, empty *Store, read func(context.Context) (Histories, error)) (Verification, error) {
	stored, err := s.picture(ctx, func(tx *Store) error { return tx.copyContext(ctx, empty) })
	if err != nil {
		return Verification{}, fmt.Errorf("read the projection: %w", err)
	}
	histories, err := read(ctx)
	if err != nil {
		return Verification{}, fmt.Errorf("read the histories: %w", err)
	}
	out := Verification{}
	if out.Differences, err = s.lost(ctx, histories.Written); err != nil {
		return Verification{}, fmt.Errorf("read the processes: %w", err)
	}
	steps := slices.DeleteFunc(histories.Steps, func(step models.Step) bool { return step.Seq > stored.processes[step.Workflow].Seq })
	undecided, err := empty.fold(ctx, steps)
	if err != nil {
		return Verification{}, fmt.Errorf("fold: %w", err)
	}
	folded, err := empty.picture(ctx, nil)
	if err != nil {
		return Verification{}, fmt.Errorf("read what was folded: %w", err)
	}
	out.Steps = len(steps)
	for workflow := range stored.processes {
		if _, known := folded.processes[workflow]; !known {
			out.Forgotten++
		}
	}
	for _, table := range slices.Sorted(maps.Keys(stored.tables)) {
		rows, differences := compareTable(table, stored, folded, undecided)
		out.Rows += rows
		if out.Forgotten > 0 {
			differences = slices.DeleteFunc(differences, func(d Difference) bool {
				return d.Folded == "" || d.Table == "inbox" && d.Column == "state"
			})
		}
		out.Differences = append(out.Differences, differences...)
	}
	return out, nil
}

// lost tells which processes were told that a step is written, and do not find it here.
func (s *Store) lost(ctx context.Context, written map[string]int64) (out []Difference, err error) {
	rows, err := all[process](ctx, s, "workflow", "")
	stored := map[string]int64{}
	for _, p := range rows {
		stored[p.Workflow] = p.Seq
	}
	for _, workflow := range slices.Sorted(maps.Keys(written)) {
		if seq := stored[workflow]; seq < written[workflow] {
			out = append(out, Difference{"processes", workflow, "seq", fmt.Sprint(seq), fmt.Sprint(written[workflow])})
		}
	}
	return out, err
}

// copyContext copies what steps refer to and do not carry: who can be written to, who is registered, and what people
// told, as it was before any process took it.
func (s *Store) copyContext(ctx context.Context, to *Store) error {
	facts, err := all[models.Inbox](ctx, s, "id", "channel <> ?", models.ChannelWorkflow)
	if err != nil {
		return err
	}
	for i := range facts {
		facts[i].State = models.FactPending
	}
	if _, err := insert(ctx, to, facts...); err != nil {
		return err
	}
	for _, copied := range []func() error{
		func() error { return copyAll[models.Brief](ctx, s, to) },
		func() error { return copyAll[models.Contact](ctx, s, to) },
		func() error { return copyAll[models.Trainer](ctx, s, to) },
		func() error { return copyAll[models.Participant](ctx, s, to) },
	} {
		if err := copied(); err != nil {
			return err
		}
	}
	return nil
}

func copyAll[T any](ctx context.Context, from, to *Store) error {
	rows, err := all[T](ctx, from, "ref", "")
	if err == nil {
		_, err = insert(ctx, to, rows...)
	}
	return err
}

// fold applies steps one after the other. It answers the deadlines whose expiry is the last thing their process asked
// for: only its next step will say what became of them.
func (s *Store) fold(ctx context.Context, steps []models.Step) (undecided map[string]bool, err error) {
	last := map[string]models.Step{}
	for _, step := range steps {
		if step.Seq > last[step.Workflow].Seq {
			last[step.Workflow] = step
		}
		// An expiry is a question, answered by facts and messages as they stood; the deadline's own row is written
		// whole by the step after it.
		step.Expiries = nil
		if _, err := s.Apply(ctx, step); err != nil {
			return nil, err
		}
	}
	undecided = map[string]bool{}
	for _, step := range last {
		for _, id := range step.Expiries {
			undecided[id] = true
		}
	}
	return undecided, nil
}

// picture is the projection at one moment, as text.
type picture struct {
	processes map[string]process
	tables    map[string]map[string]map[string]string // by table, key and column
	people    map[string]models.Participant
}

// picture reads it; also runs at the same moment.
func (s *Store) picture(ctx context.Context, also func(tx *Store) error) (p picture, err error) {
	options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	if s.core.sqlite {
		options = nil // one writer at a time is as good
	}
	err = s.db.WithContext(ctx).Transaction(func(db *gorm.DB) error {
		tx := &Store{db: db, core: s.core, tx: &transaction{}}
		p = picture{map[string]process{}, map[string]map[string]map[string]string{}, map[string]models.Participant{}}
		processes, err := all[process](ctx, tx, "workflow", "")
		for _, row := range processes {
			p.processes[row.Workflow] = row
		}
		if err != nil {
			return err
		}
		people, err := all[models.Participant](ctx, tx, "ref", "")
		for _, row := range people {
			p.people[row.Ref] = row
		}
		if err != nil {
			return err
		}
		for _, t := range projection {
			name, rows, err := t.read(ctx, db)
			if err != nil {
				return err
			}
			p.tables[name] = rows
		}
		if also != nil {
			return also(tx)
		}
		return nil
	}, options)
	return p, failure(err)
}

// read reads a table by key and column.
func (t projected) read(ctx context.Context, db *gorm.DB) (name string, out map[string]map[string]string, err error) {
	statement := &gorm.Statement{DB: db}
	if err := statement.Parse(t.rows); err != nil {
		return "", nil, err
	}
	rows := reflect.New(reflect.SliceOf(statement.Schema.ModelType))
	if err := db.Find(rows.Interface()).Error; err != nil {
		return "", nil, err
	}
	out = map[string]map[string]string{}
	for i := range rows.Elem().Len() {
		row, cells, key := rows.Elem().Index(i), map[string]string{}, []string{}
		for _, f := range statement.Schema.Fields {
			if f.DBName == "" || slices.Contains(t.others, f.DBName) {
				continue
			}
			value := f.ReflectValueOf(ctx, row).Interface()
			if f.PrimaryKey {
				key = append(key, fmt.Sprint(value))
				continue
			}
			text, err := json.Marshal(value)
			if err != nil {
				return "", nil, err
			}
			cells[f.DBName] = string(text)
		}
		out[strings.Join(key, "|")] = cells
	}
	return statement.Schema.Table, out, nil
}

// compareTable tells how the rows of a table differ, by key.
func compareTable(table string, stored, folded picture, undecided map[string]bool) (compared int, out []Difference) {
	keys := map[string]bool{}
	for _, rows := range []map[string]map[string]string{stored.tables[table], folded.tables[table]} {
		for key := range rows {
			keys[key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		was, is := stored.tables[table][key], folded.tables[table][key]
		switch table {
		case "journal_lines":
			if is == nil && slices.ContainsFunc(toldByNoProcess, func(begins string) bool { return strings.HasPrefix(key, begins) }) {
				continue
			}
		case "messages": // who is registered decides who gets what everybody gets
			if row := cmp.Or(is["to_ref"], was["to_ref"]); stored.cameOrWent(row, cmp.Or(is["created_at"], was["created_at"])) {
				if was == nil || is == nil {
					continue
				}
				// Folded, a copy is made when the message is first sent; stored, when it was sent again to who came since.
				if is["group_key"] != quoted("") {
					is = maps.Clone(is)
					if is["not_before"] == is["created_at"] && was["not_before"] == was["created_at"] { // it says nothing of its own
						is["not_before"] = was["not_before"]
					}
					is["created_at"] = was["created_at"]
				}
			}
		case "inbox": // until its process says what became of a fact, the courier's word stands
			if was != nil && is != nil && is["state"] == quoted(models.FactPending) &&
				(was["state"] == quoted(models.FactDelivered) || was["state"] == quoted(models.FactLate)) {
				is = maps.Clone(is)
				is["state"] = was["state"]
			}
		case "deadlines":
			if was != nil && is != nil && undecided[key] {
				is = maps.Clone(is)
				is["status"], is["closed_at"] = was["status"], was["closed_at"]
			}
		}
		compared++
		if was == nil || is == nil {
			out = append(out, Difference{Table: table, Key: key, Stored: line(was), Folded: line(is)})
			continue
		}
		for _, column := range slices.Sorted(maps.Keys(was)) {
			if was[column] != is[column] {
				out = append(out, Difference{table, key, column, was[column], is[column]})
			}
		}
	}
	return compared, out
}

// cameOrWent tells whether a participant registered or left since a message to all of them was made.
func (p picture) cameOrWent(ref, since string) bool {
	who, known := p.people[strings.Trim(ref, `"`)]
	if !known {
		return false
	}
	var made time.Time
	return json.Unmarshal([]byte(since), &made) == nil && (!who.RemovedAt.IsZero() || who.CreatedAt.After(made))
}

func quoted(text string) string { return `"` + text + `"` }

// line is a row as one line, empty for none.
func line(row map[string]string) string {
	var out []string
	for _, column := range slices.Sorted(maps.Keys(row)) {
		out = append(out, column+"="+row[column])
	}
	return strings.Join(out, " ")
}
