package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"jalon/models"
)

// Session reads a planned session.
func (s *Store) Session(ctx context.Context, ref string) (models.Session, error) {
	return one[models.Session](ctx, s, "ref = ?", ref)
}

// Sessions lists those of a dossier, in order of planning.
func (s *Store) Sessions(ctx context.Context, dossier string) ([]models.Session, error) {
	return all[models.Session](ctx, s, "number", "dossier = ?", dossier)
}

// SessionsOfTrainer lists a trainer's sessions that are not over at an instant and not cancelled, soonest first.
func (s *Store) SessionsOfTrainer(ctx context.Context, trainer string, after time.Time) ([]models.Session, error) {
	return all[models.Session](ctx, s, "start_at, ref", "trainer_ref = ? AND end_at > ? AND status <> ?", trainer,
		instant(after), models.SessionCancelled)
}

// Attendance reads one participant's presence in one half-day.
func (s *Store) Attendance(ctx context.Context, session, participant string, halfDay int) (models.Attendance, error) {
	return one[models.Attendance](ctx, s, "session = ? AND participant = ? AND half_day = ?", session, participant, halfDay)
}

// Attendances lists a session's signatures and absences.
func (s *Store) Attendances(ctx context.Context, session string) ([]models.Attendance, error) {
	return all[models.Attendance](ctx, s, "participant, half_day", "session = ?", session)
}

// SaveAttendance records a signature or an absence for a half-day; the first record stays, and comes back with first
// false. The session's row is held meanwhile: a record dated (SignedAt) before the half-day starts, or coming once the
// sheet is signed or the session left to staff, is refused (session_wrong_state); staff may still key what they have to
// judge, and a trainer who signs late who was away. session_unknown, not_found (participant) and invalid_input (half-day, state) are the others.
func (s *Store) SaveAttendance(ctx context.Context, a models.Attendance) (stored models.Attendance, first bool, err error) {
	err = s.Transact(ctx, func(tx *Store) error {
		stored, err = tx.Attendance(ctx, a.Session, a.Participant, a.HalfDay)
		if first = errors.Is(err, ErrNotFound); !first {
			return err
		}
		// Shared: a whole class signs at once, and only the session's own step must wait.
		var row models.Session
		err := tx.db.WithContext(ctx).Clauses(clause.Locking{Strength: clause.LockingStrengthShare}).Where("ref = ?", a.Session).Take(&row).Error
		if err := failure(err); errors.Is(err, ErrNotFound) {
			return models.NewError(models.CodeSessionUnknown, "no session "+a.Session)
		} else if err != nil {
			return err
		}
		if a.HalfDay < 0 || a.HalfDay >= len(row.HalfDays) || a.State != models.AttendanceSigned && a.State != models.AttendanceAbsent {
			return models.NewError(models.CodeInvalid, fmt.Sprintf("session %s: no half-day %d or no state %q", a.Session, a.HalfDay, a.State))
		}
		open := (row.Status == models.SessionPlanned || row.Status == models.SessionConvoked) && row.SheetSigned.IsZero()
		if row.Status == models.SessionToJudge { // staff key the paper sheet, or a trainer signs late, before it is judged
			open = a.Recorder != "" || a.State == models.AttendanceAbsent && row.SheetSigned.IsZero()
		}
		if !open || a.SignedAt.Before(row.HalfDays[a.HalfDay].Start) {
			return models.NewError(models.CodeSessionState, fmt.Sprintf("session %s takes no signature any more, or not yet", a.Session))
		}
		// Held as well: who has signed is not removed.
		var p models.Participant
		err = failure(tx.db.WithContext(ctx).Clauses(clause.Locking{Strength: clause.LockingStrengthShare}).Where("ref = ?", a.Participant).Take(&p).Error)
		if err != nil || p.Dossier != row.Dossier || !p.RemovedAt.IsZero() {
			return cmpErr(err, ErrNotFound)
		}
		n, err := insert(ctx, tx, a)
		if err != nil {
			return err
		}
		first = n == 1
		stored, err = tx.Attendance(ctx, a.Session, a.Participant, a.HalfDay)
		return err
	})
	return stored, first, err
}

// MarkAbsent records, under the same conditions, that participants missed half-days; what was recorded before stays.
// It tells how many marks are new.
func (s *Store) MarkAbsent(ctx context.Context, session string, entries []models.AbsenceEntry, at time.Time, channel models.Channel, recorder string) (n int, err error) {
	err = s.Transact(ctx, func(tx *Store) error {
		n = 0
		for _, e := range entries {
			for _, h := range e.HalfDays {
				_, first, err := tx.SaveAttendance(ctx, models.Attendance{Session: session, Participant: e.Participant,
					HalfDay: h, State: models.AttendanceAbsent, SignedAt: at, Channel: channel, Recorder: recorder})
				if err != nil {
					return err
				}
				if first {
					n++
				}
			}
		}
		return nil
	})
	return n, err
}

// Absence reads a participant's absence from a session.
func (s *Store) Absence(ctx context.Context, ref string) (models.Absence, error) {
	return one[models.Absence](ctx, s, "ref = ?", ref)
}

// Absences lists those of a dossier.
func (s *Store) Absences(ctx context.Context, dossier string) ([]models.Absence, error) {
	return all[models.Absence](ctx, s, "ref", "dossier = ?", dossier)
}

// Evaluation reads a participant's answer to a questionnaire.
func (s *Store) Evaluation(ctx context.Context, dossier, participant, kind string) (models.Evaluation, error) {
	return one[models.Evaluation](ctx, s, "dossier = ? AND participant = ? AND kind = ?", dossier, participant, kind)
}

// Evaluations lists a dossier's answers of a kind, of all kinds if it is empty.
func (s *Store) Evaluations(ctx context.Context, dossier, kind string) ([]models.Evaluation, error) {
	if kind == "" {
		return all[models.Evaluation](ctx, s, "kind, participant", "dossier = ?", dossier)
	}
	return all[models.Evaluation](ctx, s, "participant", "dossier = ? AND kind = ?", dossier, kind)
}

// SaveEvaluation records an answer; the first one stays, and comes back with first false.
func (s *Store) SaveEvaluation(ctx context.Context, e models.Evaluation) (stored models.Evaluation, first bool, err error) {
	err = s.Transact(ctx, func(tx *Store) error {
		n, err := insert(ctx, tx, e)
		if err != nil {
			return err
		}
		first = n == 1
		stored, err = tx.Evaluation(ctx, e.Dossier, e.Participant, e.Kind)
		return err
	})
	return stored, first, err
}
