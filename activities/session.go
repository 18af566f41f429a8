package activities

import (
	"context"
	"strings"
	"time"

	"jalon/documents"
	"jalon/models"
)

// ReadAttendance reads the sheet of a session (F124): who is on it, how many half-days are signed, how many are
// neither signed nor marked, and who was marked absent (F135). An unsigned half-day is not an absence until the trainer
// or staff mark it. The sheet is drawn and kept as it was read: it is the proof of the hours (L6362-6).
func (a *Activities) ReadAttendance(ctx context.Context, s models.Session) (models.AttendanceReading, error) {
	c := a.clerk()
	people, marks, err := c.attendance(ctx, s)
	if err == nil {
		err = c.keepSheet(ctx, s, people, marks)
	}
	if err != nil && models.ErrorCode(err) != models.CodeDocumentIncomplete { // the signatures are in the rows: the paper holds nobody up
		return models.AttendanceReading{}, failure(ctx, err)
	}
	return readSheet(people, marks, len(s.HalfDays)), nil
}

// attendance is what stands on the sheet of a session: who it is for, and their marks.
func (a clerk) attendance(ctx context.Context, s models.Session) ([]models.Participant, []models.Attendance, error) {
	registered, err := a.Store.Participants(ctx, s.Dossier, true)
	if err != nil {
		return nil, nil, err
	}
	marks, err := a.Store.Attendances(ctx, s.Ref)
	return s.Roll(registered, marks), marks, err
}

// keepSheet draws the sheet of a session, as the step under way is about to write it, and keeps it.
func (a clerk) keepSheet(ctx context.Context, s models.Session, people []models.Participant, marks []models.Attendance) error {
	at := s.SheetSigned
	if at.IsZero() {
		at = s.EndAt
	}
	roll, err := a.roll(ctx, s, at, people, marks)
	if err != nil {
		return err
	}
	pdf, err := documents.Sheets(roll)
	if err != nil {
		return err
	}
	_, err = a.keep(ctx, models.RenderInput{Kind: models.DocumentSheet, Subject: s.Ref, Dossier: s.Dossier, At: at}, fileName("emargement", s.Ref), pdf)
	return err
}

// sheet draws the attendance sheet of a session as it stands (F123), or those of all sessions that a dossier has planned,
// blank, for who signs on paper.
func (a clerk) sheet(ctx context.Context, in models.RenderInput) (string, []byte, error) {
	sessions, blank := []models.Session{}, in.Subject == in.Dossier
	if blank {
		all, err := a.Store.Sessions(ctx, in.Dossier)
		if err != nil {
			return "", nil, err
		}
		for _, s := range all {
			if s.Status == models.SessionPlanned || s.Status == models.SessionConvoked {
				sessions = append(sessions, s)
			}
		}
	} else {
		s, err := a.Store.Session(ctx, in.Subject)
		if err != nil {
			return "", nil, err
		}
		sessions = append(sessions, s)
	}
	var rolls []documents.Roll
	for _, s := range sessions {
		people, marks, err := a.attendance(ctx, s)
		if err != nil {
			return "", nil, err
		}
		roll, err := a.roll(ctx, s, in.At, people, marks)
		if err != nil {
			return "", nil, err
		}
		if blank && len(people) > 0 { // room for who registers after it was printed
			roll.Spare = 2
		}
		rolls = append(rolls, roll)
	}
	pdf, err := documents.Sheets(rolls...)
	return fileName("emargement", in.Subject), pdf, err
}

func (a clerk) roll(ctx context.Context, s models.Session, at time.Time, people []models.Participant, marks []models.Attendance) (documents.Roll, error) {
	course, t, err := a.session(ctx, s)
	if err != nil {
		return documents.Roll{}, err
	}
	roll := documents.Roll{Ref: s.Ref, At: at, Agency: a.Agency, Course: course, Trainer: t.Name, Times: fr.Times(s.HalfDays)}
	if !s.SheetSigned.IsZero() {
		roll.TrainerSigned = fr.Moment(s.SheetSigned)
	}
	for _, h := range s.HalfDays {
		roll.HalfDays = append(roll.HalfDays, fr.Hour(h.Start)+" – "+fr.Hour(h.End))
	}
	for _, p := range people {
		row := documents.Attendee{Name: p.Name, Email: p.Email, Marks: make([]string, len(s.HalfDays))}
		for _, m := range marks {
			if m.Participant != p.Ref || m.HalfDay < 0 || m.HalfDay >= len(row.Marks) {
				continue
			}
			row.Marks[m.HalfDay] = mark(m)
		}
		roll.People = append(roll.People, row)
	}
	return roll, nil
}

func mark(m models.Attendance) string {
	if m.State != models.AttendanceSigned {
		return "Absent"
	}
	how := "Signé en ligne\nle "
	if m.Channel != "" && m.Channel != models.ChannelLink {
		how = "Signé, relevé\nle "
	}
	return how + fr.ShortDay(models.ParisDate(m.SignedAt)) + " à " + fr.Hour(m.SignedAt)
}

// session is the course of a session, at its place, and its trainer.
func (a clerk) session(ctx context.Context, s models.Session) (documents.Course, models.Trainer, error) {
	_, course, err := a.brief(ctx, s.Dossier)
	if err != nil {
		return course, models.Trainer{}, err
	}
	if s.PlaceRef != "" {
		n, err := known(a.Store.Note(ctx, s.PlaceRef))
		if err != nil {
			return course, models.Trainer{}, err
		}
		course.Place = n.Text
	}
	t, err := known(a.Store.Trainer(ctx, s.TrainerRef))
	return course, t, err
}

// convocation draws what a participant must know before a session; the subject is session|participant (F119).
func (a clerk) convocation(ctx context.Context, in models.RenderInput) (string, []byte, error) {
	ref, person, _ := strings.Cut(in.Subject, "|")
	p, err := a.Store.Participant(ctx, person)
	if err != nil {
		return "", nil, err
	}
	s, err := a.Store.Session(ctx, ref)
	if err != nil {
		return "", nil, err
	}
	course, t, err := a.session(ctx, s)
	if err != nil {
		return "", nil, err
	}
	b, err := a.Store.Brief(ctx, s.Dossier)
	if err != nil {
		return "", nil, err
	}
	out := documents.Summons{Ref: s.Ref + " – " + p.Ref, At: in.At, Lang: p.Lang, Agency: a.Agency, Participant: p.Name, Course: course, Times: p.Lang.Times(s.HalfDays), Trainer: t.Name}
	if b.ClientType.Organisation() {
		c, err := known(a.Store.Client(ctx, b.ClientRef))
		if err != nil {
			return "", nil, err
		}
		contact, err := known(a.Store.Contact(ctx, b.ContactRef))
		if err != nil {
			return "", nil, err
		}
		out.Client, out.Contact = c.Name, contact.Name
	}
	programme, err := a.approved(ctx, s.Dossier)
	if err != nil {
		return "", nil, err
	}
	out.Assessment, out.Programme = programme.Assessment, programme != documents.Programme{}
	if p.Lang == models.English {
		course, err := known(a.Store.Course(ctx, b.Topic))
		if err != nil {
			return "", nil, err
		}
		if b.Title == "" {
			out.Course.Title = courseTitle(course, p.Lang)
		}
		out.Course.Mode, out.Course.Duration = p.Lang.ModeName(b.Mode), p.Lang.HalfDaysName(b.Order.HalfDays)
		sessions, err := a.Store.Sessions(ctx, s.Dossier)
		if err != nil {
			return "", nil, err
		}
		out.Course.Sessions = planned(sessions, p.Lang)
	}
	pdf, err := documents.Convocation(out)
	return fileName("convocation", in.Subject), pdf, err
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
