package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"

	"jalon/models"
)

// Reads of the pages about one dossier.

// JournalBack lists the timeline of a dossier, newest first.
func (s *Store) JournalBack(ctx context.Context, dossier string, from Cursor, limit int) (Page[models.JournalLine], error) {
	return page(s.db.WithContext(ctx).Where("dossier = ?", dossier), order[models.JournalLine]{at: "at", id: "id", desc: true,
		place: func(l models.JournalLine) Cursor { return Cursor{At: l.At, ID: l.ID} }}, from, limit)
}

// MessagesBack lists a dossier's messages, or those that were taken back, newest first: by the moment at which they left, or are
// (were) to leave. Those of a step are made in one instant, and leave over weeks. They are few enough to be sorted as they are
// read, which costs less than an index that every mail that leaves would change.
func (s *Store) MessagesBack(ctx context.Context, dossier string, takenBack bool, from Cursor, limit int) (Page[models.Message], error) {
	return page(s.messagesOf(ctx, dossier, takenBack), order[models.Message]{at: "COALESCE(NULLIF(sent_at, ''), not_before)", id: "key", desc: true,
		place: func(m models.Message) Cursor {
			at := m.SentAt
			if at.IsZero() {
				at = m.NotBefore
			}
			return Cursor{At: at, ID: m.Key}
		}}, from, limit)
}

// TakenBack counts the messages of a dossier that were taken back before they left.
func (s *Store) TakenBack(ctx context.Context, dossier string) (n int64, err error) {
	err = s.messagesOf(ctx, dossier, true).Model(&models.Message{}).Count(&n).Error
	return n, failure(err)
}

func (s *Store) messagesOf(ctx context.Context, dossier string, takenBack bool) *gorm.DB {
	in := "NOT IN"
	if takenBack {
		in = "IN"
	}
	return s.db.WithContext(ctx).Where("dossier = ? AND status "+in+" ?", dossier, models.MessagesTakenBack)
}

// MessagesOf lists the messages of a dossier of some templates, in the order in which they leave.
func (s *Store) MessagesOf(ctx context.Context, dossier string, templates ...string) ([]models.Message, error) {
	return all[models.Message](ctx, s, "not_before, key", "dossier = ? AND template IN ?", dossier, templates)
}

// PastDeadlines lists the deadlines of a dossier that are decided, the latest due first.
func (s *Store) PastDeadlines(ctx context.Context, dossier string, from Cursor, limit int) (Page[models.Deadline], error) {
	return page(s.db.WithContext(ctx).Where("dossier = ? AND status <> ?", dossier, models.Open),
		order[models.Deadline]{at: "due_at", id: "id", desc: true,
			place: func(d models.Deadline) Cursor { return Cursor{At: d.DueAt, ID: d.ID} }}, from, limit)
}

// AttendancesOf lists the signatures and absences of several sessions.
func (s *Store) AttendancesOf(ctx context.Context, sessions []string) ([]models.Attendance, error) {
	return all[models.Attendance](ctx, s, "session, participant, half_day", "session IN ?", sessions)
}

// Notes reads free texts by their references; those that are gone are left out.
func (s *Store) Notes(ctx context.Context, refs []string) (map[string]string, error) {
	out := map[string]string{}
	if len(refs) == 0 {
		return out, nil
	}
	rows, err := all[models.Note](ctx, s, "ref", "ref IN ?", refs)
	for _, n := range rows {
		out[n.Ref] = n.Text
	}
	return out, err
}

// named are the tables in which people and machines are named, by the letter their references start with.
var named = []struct {
	series string
	table  any
}{
	{SeriesTrainer, &models.Trainer{}}, {SeriesContact, &models.Contact{}}, {SeriesParticipant, &models.Participant{}},
	{SeriesUser, &models.User{}}, {SeriesToken, &models.Token{}}, {SeriesClient, &models.Client{}},
}

// Names are the names of people and machines by reference; a participant without one goes by the address. What is
// unknown or is no such reference is left out.
func (s *Store) Names(ctx context.Context, refs []string) (map[string]string, error) {
	out := map[string]string{}
	for _, n := range named {
		var of []string
		for _, ref := range refs {
			if strings.HasPrefix(ref, plainSeries[n.series]+"-") {
				of = append(of, ref)
			}
		}
		if len(of) == 0 {
			continue
		}
		var rows []struct{ Ref, Name string }
		db := s.db.WithContext(ctx).Model(n.table).Select("ref", "name")
		if n.series == SeriesParticipant { // registered by address alone, for now
			db = db.Select("ref", "CASE WHEN name = '' THEN email ELSE name END AS name")
		}
		if err := db.Where("ref IN ?", of).Find(&rows).Error; err != nil {
			return nil, failure(err)
		}
		for _, r := range rows {
			if r.Name != "" {
				out[r.Ref] = r.Name
			}
		}
	}
	return out, nil
}

// ClientNames are the names of the clients of dossiers, by dossier.
func (s *Store) ClientNames(ctx context.Context, dossiers []string) (map[string]string, error) {
	var rows []struct{ Ref, Name string }
	err := s.db.WithContext(ctx).Table("briefs").Select("briefs.ref", "clients.name").
		Joins("JOIN clients ON clients.ref = briefs.client_ref").Where("briefs.ref IN ?", dossiers).Find(&rows).Error
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.Ref] = r.Name
	}
	return out, failure(err)
}

// ClientRefs are the clients of dossiers, by dossier.
func (s *Store) ClientRefs(ctx context.Context, dossiers []string) (map[string]string, error) {
	var rows []struct{ Ref, ClientRef string }
	err := s.db.WithContext(ctx).Model(&models.Brief{}).Select("ref", "client_ref").Where("ref IN ?", dossiers).Find(&rows).Error
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.Ref] = r.ClientRef
	}
	return out, failure(err)
}

// FactsOf lists the facts told to a process, oldest first.
func (s *Store) FactsOf(ctx context.Context, workflow string) ([]models.Inbox, error) {
	return all[models.Inbox](ctx, s, "received_at, id", "workflow = ?", workflow)
}

// LineOfLate tells whether a line is the one that FactLate wrote of a fact.
func LineOfLate(l models.JournalLine, f models.Fact) bool { return l.ID == lateLine+f.ID }

// Settled tells whether every fact of a dossier stored since an instant (business time) is handled by its process.
func (s *Store) Settled(ctx context.Context, dossier string, since time.Time) (bool, error) {
	var row models.Inbox
	err := s.db.WithContext(ctx).Select("id").Where("dossier = ? AND stored_at >= ? AND state IN ?", dossier, instant(since),
		[]string{models.FactPending, models.FactDelivered}).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return true, nil
	}
	return false, failure(err)
}
