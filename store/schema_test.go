package store

import (
	"sync"
	"testing"

	"gorm.io/gorm/schema"

	"jalon/models"
)

// tables are all the rows there are.
var tables = []any{&setting{}, &process{}, &sequence{}, &allocation{}, &signIn{}, &models.Idempotency{},
	&models.Inbox{}, &models.Message{}, &models.MailboxItem{}, &models.Deadline{}, &models.JournalLine{},
	&models.Brief{}, &models.Request{}, &models.Client{}, &models.Contact{}, &models.Trainer{}, &models.Skill{},
	&models.Course{}, &models.Participant{}, &models.Note{}, &models.User{}, &models.Token{}, &models.Invitation{},
	&models.Audit{}, &models.Programme{}, &models.ProgrammeText{}, &models.Contract{}, &models.Document{},
	&models.Session{}, &models.Attendance{}, &models.Absence{}, &models.Evaluation{}, &models.PayLine{},
	&models.Recap{}, &models.PayMonth{}, &models.Invoice{}}

func parse(t *testing.T, model any) *schema.Schema {
	t.Helper()
	s, err := schema.Parse(model, &sync.Map{}, schema.NamingStrategy{IdentifierMaxLength: 64})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
