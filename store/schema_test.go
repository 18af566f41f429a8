package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm/schema"

	"jalon/models"
)

// tables are all the rows there are.
var tables = []any{&setting{}, &process{}, &sequence{}, &allocation{}, &signIn{}, &searchText{}, &models.Idempotency{},
	&models.Inbox{}, &models.Message{}, &models.MailboxItem{}, &models.Deadline{}, &models.JournalLine{},
	&models.Brief{}, &models.Request{}, &models.Alert{}, &models.Client{}, &models.Contact{}, &models.Trainer{}, &models.Skill{},
	&models.Course{}, &models.Participant{}, &models.Note{}, &models.User{}, &models.Token{}, &models.Invitation{},
	&models.Audit{}, &models.Programme{}, &models.ProgrammeText{}, &models.Contract{}, &models.Document{},
	&models.Session{}, &models.Attendance{}, &models.Absence{}, &models.Evaluation{}, &models.PayLine{},
	&models.Recap{}, &models.PayMonth{}, &models.Invoice{}, &models.Leave{}, &models.AlertRead{}}

// TestSchema compares every row type with the migrated table, so that no field is forgotten in a migration.
func TestSchema(t *testing.T) {
	s, err := Open(t.Context(), "sqlite:"+t.TempDir()+"/jalon.db")
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Migrate(t.Context()))
	var migrated []string
	require.NoError(t, s.db.Raw("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'goose_db_version'").Scan(&migrated).Error)
	var known []string
	for _, model := range tables {
		m, err := schema.Parse(model, &sync.Map{}, s.db.NamingStrategy)
		require.NoError(t, err)
		known = append(known, m.Table)
		var columns []struct{ Name, Type string }
		require.NoError(t, s.db.Raw("SELECT name, lower(type) AS type FROM pragma_table_info(?)", m.Table).Scan(&columns).Error)
		want, got := map[string]string{}, map[string]string{}
		for _, f := range m.Fields {
			if f.DBName != "" {
				want[f.DBName] = columnType(f)
			}
		}
		for _, c := range columns {
			got[c.Name] = c.Type
		}
		require.Equal(t, want, got, "table %s: write a migration", m.Table)
	}
	require.ElementsMatch(t, known, migrated)
}

func columnType(f *schema.Field) string {
	switch f.FieldType.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64:
		return "bigint"
	}
	switch {
	case f.TagSettings["SERIALIZER"] == "instant":
		return "varchar(27)"
	case f.TagSettings["SERIALIZER"] == "" && f.FieldType.Kind() == reflect.Slice:
		return "bytea"
	}
	return "text"
}

// TestTablesAreComplete finds the row types of package models that nobody listed above.
func TestTablesAreComplete(t *testing.T) {
	var listed []string
	for _, model := range tables {
		listed = append(listed, reflect.TypeOf(model).Elem().Name())
	}
	files, err := filepath.Glob("../models/*.go")
	require.NoError(t, err)
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			body, ok := spec.Type.(*ast.StructType)
			row := ok && slices.ContainsFunc(body.Fields.List, func(f *ast.Field) bool {
				return f.Tag != nil && strings.Contains(f.Tag.Value, "primaryKey")
			})
			if row && spec.Name.Name != "Fact" { // kept as Inbox
				require.Contains(t, listed, spec.Name.Name)
			}
			return true
		})
	}
}

// TestProjectionListsWhatStepsCarry holds the list of projected tables to what Apply writes.
func TestProjectionListsWhatStepsCarry(t *testing.T) {
	listed := map[reflect.Type]bool{}
	for _, p := range projection {
		listed[reflect.TypeOf(p.rows)] = true
	}
	carried := []reflect.Type{reflect.TypeFor[models.JournalLine](), reflect.TypeFor[models.Deadline](), reflect.TypeFor[models.Message](),
		reflect.TypeFor[models.Inbox]()}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[models.Rows]()) {
		carried = append(carried, f.Type.Elem())
	}
	for _, row := range carried {
		require.True(t, listed[row], "%s is written by Apply: list it in projection.go", row)
	}
}
