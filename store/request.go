package store

import (
	"context"
	"strings"

	"jalon/models"
)

// Brief reads what is known of a request.
func (s *Store) Brief(ctx context.Context, ref string) (models.Brief, error) {
	return one[models.Brief](ctx, s, "ref = ?", ref)
}

// NewestOfClient is the latest dossier of a client, empty if there is none.
func (s *Store) NewestOfClient(ctx context.Context, client string) (string, error) {
	var refs []string
	err := s.db.WithContext(ctx).Model(&models.Brief{}).Where("client_ref = ?", client).Order("created_at DESC, ref DESC").Limit(1).Pluck("ref", &refs).Error
	return strings.Join(refs, ""), failure(err)
}

// SaveBrief writes what is known of a request, whole.
func (s *Store) SaveBrief(ctx context.Context, b models.Brief) error {
	return saveFindable(ctx, s, b, briefText)
}

// ReplaceBrief writes a brief unless somebody changed it since it was read (conflict); one that reads as wanted already
// is left alone.
func (s *Store) ReplaceBrief(ctx context.Context, before, after models.Brief) error {
	return s.Transact(ctx, func(tx *Store) error {
		var row models.Brief
		if err := tx.locked(ctx).Where("ref = ?", after.Ref).Take(&row).Error; err != nil {
			return failure(err)
		}
		switch row {
		case after:
			return nil
		case before:
			return tx.SaveBrief(ctx, after)
		}
		return models.NewError(models.CodeConflict, "the brief was changed meanwhile")
	})
}

// Request reads the projection of a dossier.
func (s *Store) Request(ctx context.Context, ref string) (models.Request, error) {
	return one[models.Request](ctx, s, "ref = ?", ref)
}

// Alerts lists those that stand on dossiers, of each the newest first, which its row tells too.
func (s *Store) Alerts(ctx context.Context, dossiers ...string) ([]models.Alert, error) {
	return all[models.Alert](ctx, s, "place DESC, alert, subject", "dossier IN ?", dossiers)
}

// underAlert are the dossiers on which an alert stands.
const underAlert = "SELECT a.dossier FROM alerts a WHERE a.alert = ?"

// RequestFilter narrows a list of dossiers; empty fields do not.
type RequestFilter struct {
	Stage   models.Stage
	Owner   string
	Alert   string // one alert, the newest or not
	Alerted bool   // any alert
	Open    bool   // not ended
}

// Requests lists dossiers, newest first.
func (s *Store) Requests(ctx context.Context, f RequestFilter, from Cursor, limit int) (Page[models.Request], error) {
	db := s.db.WithContext(ctx)
	if f.Stage != "" {
		db = db.Where("stage = ?", f.Stage)
	}
	if f.Owner != "" {
		db = db.Where("owner = ?", f.Owner)
	}
	if f.Alert != "" {
		db = db.Where("ref IN ("+underAlert+")", f.Alert)
	}
	if f.Alerted {
		db = db.Where("alert <> ''")
	}
	if f.Open {
		db = db.Where("stage NOT IN ?", ended)
	}
	return page(db, order[models.Request]{at: "opened_at", id: "ref", desc: true,
		place: func(r models.Request) Cursor { return Cursor{At: r.OpenedAt, ID: r.Ref} }}, from, limit)
}

// OpenByOwner counts the dossiers that have not ended, by who looks after them; nobody's are under the empty reference.
func (s *Store) OpenByOwner(ctx context.Context) (map[string]int64, error) {
	var rows []struct {
		Owner string
		Count int64
	}
	err := s.db.WithContext(ctx).Model(&models.Request{}).Select("owner, count(*) AS count").
		Where("stage NOT IN ?", ended).Group("owner").Scan(&rows).Error
	out := map[string]int64{}
	for _, r := range rows {
		out[r.Owner] = r.Count
	}
	return out, failure(err)
}

// ended are the stages after which nothing changes.
var ended = []models.Stage{models.StageClosed, models.StageHandedOver, models.StageCancelled}

// Journal lists the timeline of a dossier, oldest first.
func (s *Store) Journal(ctx context.Context, dossier string, from Cursor, limit int) (Page[models.JournalLine], error) {
	return page(s.db.WithContext(ctx).Where("dossier = ?", dossier), order[models.JournalLine]{at: "at", id: "id",
		place: func(l models.JournalLine) Cursor { return Cursor{At: l.At, ID: l.ID} }}, from, limit)
}

// Note reads a free text.
func (s *Store) Note(ctx context.Context, ref string) (models.Note, error) {
	return one[models.Note](ctx, s, "ref = ?", ref)
}

// SaveNote keeps a free text.
func (s *Store) SaveNote(ctx context.Context, n models.Note) error { return save(ctx, s, n) }

// DropNotes forgets free texts that turned out to explain nothing.
func (s *Store) DropNotes(ctx context.Context, refs []string) error {
	return s.Transact(ctx, func(tx *Store) error {
		return failure(tx.db.WithContext(ctx).Where("ref IN ?", refs).Delete(&models.Note{}).Error)
	})
}
