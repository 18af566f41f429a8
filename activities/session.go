package activities

import (
	"context"

	"jalon/models"
)

// ReadAttendance reads the sheet of a session (F124): who is registered, how many half-days are signed, how many are
// neither signed nor marked, and who was marked absent (F135). An unsigned half-day is not an absence until the trainer
// or staff mark it.
func (a *Activities) ReadAttendance(ctx context.Context, s models.Session) (models.AttendanceReading, error) {
	participants, err := a.Store.Participants(ctx, s.Dossier, true)
	if err != nil {
		return models.AttendanceReading{}, failure(ctx, err)
	}
	rows, err := a.Store.Attendances(ctx, s.Ref)
	if err != nil {
		return models.AttendanceReading{}, failure(ctx, err)
	}
	return readSheet(participants, rows, len(s.HalfDays)), nil
}

func readSheet(participants []models.Participant, rows []models.Attendance, halfDays int) models.AttendanceReading {
	type cell struct {
		participant string
		halfDay     int
	}
	marks := map[cell]string{}
	for _, r := range rows {
		marks[cell{r.Participant, r.HalfDay}] = r.State
	}
	out := models.AttendanceReading{Participants: []string{}, Absences: []models.AbsenceEntry{}}
	for _, p := range participants {
		out.Participants = append(out.Participants, p.Ref)
		absence, open := models.AbsenceEntry{Participant: p.Ref}, models.AbsenceEntry{Participant: p.Ref}
		for h := range halfDays {
			switch marks[cell{p.Ref, h}] {
			case models.AttendanceSigned:
				out.Signed++
			case models.AttendanceAbsent:
				absence.HalfDays = append(absence.HalfDays, h)
			default:
				out.Unsigned++
				open.HalfDays = append(open.HalfDays, h)
			}
		}
		if len(absence.HalfDays) > 0 {
			out.Absences = append(out.Absences, absence)
		}
		if len(open.HalfDays) > 0 {
			out.Open = append(out.Open, open)
		}
	}
	return out
}

// ReadEvaluations counts who was asked to fill in a questionnaire and names those who have not.
func (a *Activities) ReadEvaluations(ctx context.Context, q models.EvaluationQuery) (models.EvaluationReading, error) {
	participants, err := a.Store.Participants(ctx, q.Dossier, true)
	if err != nil {
		return models.EvaluationReading{}, failure(ctx, err)
	}
	rows, err := a.Store.Evaluations(ctx, q.Dossier, q.Kind)
	if err != nil {
		return models.EvaluationReading{}, failure(ctx, err)
	}
	answered := map[string]bool{}
	for _, r := range rows {
		answered[r.Participant] = true
	}
	var out models.EvaluationReading
	for _, p := range participants {
		out.Expected++
		if !answered[p.Ref] {
			out.Missing = append(out.Missing, p.Ref)
		}
	}
	return out, nil
}
