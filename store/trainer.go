package store

import (
	"context"
	"strings"

	"gorm.io/gorm"

	"jalon/models"
)

// TrainerFilter narrows the list of trainers that staff look at; empty fields do not.
type TrainerFilter struct {
	Active    bool   // who can be solicited
	Unchecked bool   // whose profile staff have not validated (F036)
	Topic     string // who has the skill (F020)
	Search    string // words, each found in the reference, the name or the e-mail
}

// FindTrainers lists trainers with skills, newest first.
func (s *Store) FindTrainers(ctx context.Context, f TrainerFilter, from Cursor, limit int) (Page[models.Trainer], error) {
	return page(f.narrow(s.withSkills(ctx)), order[models.Trainer]{id: "ref", desc: true,
		place: func(t models.Trainer) Cursor { return Cursor{ID: t.Ref} }}, from, limit)
}

// TrainerCount is how many trainers can be solicited or not, with a profile that staff validated or not.
type TrainerCount struct {
	Active, Validated bool
	Count             int
}

// TrainerCounts counts trainers, whatever the filter says of being active or unchecked.
func (s *Store) TrainerCounts(ctx context.Context, f TrainerFilter) ([]TrainerCount, error) {
	f.Active, f.Unchecked = false, false
	out := []TrainerCount{}
	err := f.narrow(s.db.WithContext(ctx).Model(&models.Trainer{})).Select("active, validated, count(*) AS count").
		Group("active, validated").Order("active, validated").Find(&out).Error
	return out, failure(err)
}

func (f TrainerFilter) narrow(db *gorm.DB) *gorm.DB {
	if f.Active {
		db = db.Where("active = ?", true)
	}
	if f.Unchecked {
		db = db.Where("validated = ?", false)
	}
	if f.Topic != "" {
		db = db.Where("ref IN (SELECT trainer_ref FROM skills WHERE topic = ?)", f.Topic)
	}
	words := strings.Fields(f.Search)
	for _, w := range words[:min(len(words), maxWords)] {
		like := func(s string) string { return "%" + likeEscapes.Replace(s) + "%" }
		// The e-mail is no part of what a trainer is found by: a dossier would be, by where its trainer has a mailbox.
		db = db.Where("(ref IN (SELECT ref FROM search_texts WHERE kind = @kind AND text LIKE @folded ESCAPE '!')"+
			" OR lower(ref) LIKE @typed ESCAPE '!' OR lower(email) LIKE @typed ESCAPE '!')",
			map[string]any{"kind": findTrainer, "folded": like(Fold(w)), "typed": like(strings.ToLower(w))})
	}
	return db
}

// AskedRow is what a trainer is asked about, with the names people know it by.
type AskedRow struct {
	models.Invitation `gorm:"embedded"`
	Title             string
	Client            string
}

// AskedNow lists the dossiers in search of a trainer that ask this one, who has not declined, the latest asked first.
func (s *Store) AskedNow(ctx context.Context, trainer string, limit int) ([]AskedRow, error) {
	out := []AskedRow{}
	err := s.db.WithContext(ctx).Table("invitations i").Select("i.*, b.title AS title, c.name AS client").
		Joins("JOIN requests r ON r.ref = i.dossier AND r.solicitation = i.search").
		Joins("LEFT JOIN briefs b ON b.ref = i.dossier").Joins("LEFT JOIN clients c ON c.ref = b.client_ref").
		Where("i.trainer_ref = ? AND i.status IN ? AND i.late_answer <> ? AND r.stage = ?", trainer,
			[]models.InvitationStatus{models.InvitationSent, models.InvitationInterested, models.InvitationSilent, models.InvitationUndeliverable},
			models.InvitationDeclined, models.StageSolicitation).
		Order("i.sent_at DESC, i.ref").Limit(limit).Find(&out).Error
	return out, failure(err)
}
