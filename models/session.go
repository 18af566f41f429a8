package models

import (
	"slices"
	"time"
)

// HalfDay is one signature unit of a session (F124).
type HalfDay struct {
	Start time.Time `json:"start" doc:"When it begins"`
	End   time.Time `json:"end" doc:"When it ends"`
}

// Session is one planned day of a course, written by its Session workflow.
type Session struct {
	Ref         string    `gorm:"primaryKey;size:80" json:"ref"` // D-2026-000123/session/3
	Dossier     string    `gorm:"index" json:"request_ref"`
	Number      int       `json:"number"`
	TrainerRef  string    `json:"trainer_ref"`
	Status      string    `json:"status"`
	HalfDays    []HalfDay `gorm:"serializer:json" json:"half_days"`
	StartAt     time.Time `gorm:"serializer:instant;type:varchar(27)" json:"start_at"`
	EndAt       time.Time `gorm:"serializer:instant;type:varchar(27)" json:"end_at"`
	PlaceRef    string    `json:"place_note_ref,omitempty"` // note with the place or the video room
	SheetSigned time.Time `gorm:"serializer:instant;type:varchar(27)" json:"sheet_signed_at,omitzero"`
	SheetBy     string    `json:"sheet_signed_by,omitempty"`
	Complete    bool      `json:"sheet_complete"`
	Note        string    `json:"note_ref,omitempty"`
	DeadlineID  string    `json:"deadline_id"` // the sheet's
}

// Session statuses. Whether a session has started or is over follows from the clock. Half-days are signed from their
// start until the sheet is deposited or judged.
const (
	SessionPlanned   = "planned"
	SessionConvoked  = "convoked"
	SessionToJudge   = "to_judge"
	SessionValidated = "validated"
	SessionRefused   = "refused" // judged not held: nothing is paid
	SessionCancelled = "cancelled"
)

// Counts tells whether a session stands for half-days of the order: those of one cancelled or not held are to plan again.
func (s Session) Counts() bool { return s.Status != SessionCancelled && s.Status != SessionRefused }

// Held is how many half-days of a course were held: those of its validated sessions.
func Held(sessions []Session) (n int) {
	for _, s := range sessions {
		if s.Status == SessionValidated {
			n += len(s.HalfDays)
		}
	}
	return n
}

// SheetClosed tells whether nobody signs a session's sheet any more (F124).
func (s Session) SheetClosed() bool {
	return s.Status == SessionToJudge || s.Status == SessionValidated || s.Status == SessionRefused || !s.SheetSigned.IsZero()
}

// open tells whether a session's sheet is still staff's to complete.
func (s Session) open() bool {
	return s.Status == SessionPlanned || s.Status == SessionConvoked || s.Status == SessionToJudge
}

// TakesSheet tells whether the trainer's signature of the sheet can be recorded at an instant: once, when all is over.
func (s Session) TakesSheet(now time.Time) bool {
	return s.open() && s.SheetSigned.IsZero() && !s.EndAt.After(now)
}

// TakesPresence tells whether what a paper sheet says of each half-day can be recorded at an instant: from the start,
// until the sheet is signed; one to judge is completed all the same.
func (s Session) TakesPresence(now time.Time) bool {
	return s.open() && !s.StartAt.After(now) && (s.SheetSigned.IsZero() || s.Status == SessionToJudge)
}

// CheckPlace refuses (place_missing) a session held remotely of which nothing says where: the brief has an address for all
// others, and its participants would be convoked to nowhere (F119, F121).
func CheckPlace(mode Mode, place string) error {
	if mode == ModeRemote && place == "" {
		return NewError(CodePlaceMissing, "held remotely, it needs a link, or who will send it")
	}
	return nil
}

// CheckMove checks the half-days that a session is moved to, beside those of the other sessions, as CheckHalfDays does. It
// keeps their number (invalid_input): the order counts them.
func (s Session) CheckMove(halfDays, others []HalfDay, now time.Time) (place string, err error) {
	if len(halfDays) != len(s.HalfDays) {
		return "", NewError(CodeInvalid, "a session keeps its number of half-days")
	}
	return CheckHalfDays(halfDays, others, now)
}

// Overlap tells whether some time is in both.
func Overlap(a, b []HalfDay) bool {
	for _, x := range a {
		for _, y := range b {
			if x.Start.Before(y.End) && y.Start.Before(x.End) {
				return true
			}
		}
	}
	return false
}

// Roll is who the sheet of a session is for, among those registered and with what is marked on it: who registers once it
// is over was never expected there, but can have been there.
func (s Session) Roll(registered []Participant, marks []Attendance) []Participant {
	return slices.DeleteFunc(slices.Clone(registered), func(p Participant) bool {
		marked := func(m Attendance) bool { return m.Session == s.Ref && m.Participant == p.Ref }
		return !p.CreatedAt.Before(s.EndAt) && !slices.ContainsFunc(marks, marked)
	})
}

// Justifiable tells whether a reason for an absence can still be recorded (F136); what comes late is kept as late.
func (a Absence) Justifiable() bool {
	return a.Status == AbsenceOpen || a.Status == AbsenceUnjustified
}

// Minutes is the planned duration.
func (s Session) Minutes() int64 {
	var n int64
	for _, h := range s.HalfDays {
		n += int64(h.End.Sub(h.Start) / time.Minute)
	}
	return n
}

// Quantity is the volume of n half-days lasting minutes, in hundredths of unit; flat has none.
func Quantity(unit Unit, halfDays int, minutes int64) int64 {
	switch unit {
	case UnitHour:
		return minutes * 100 / 60
	case UnitHalfDay:
		return int64(halfDays) * 100
	case UnitDay:
		return int64(halfDays) * 50
	}
	return 0
}

// Attendance is one participant's presence in one half-day: a row, read once when the sheet is deposited.
type Attendance struct {
	Session     string    `gorm:"primaryKey;size:80" json:"session_ref"`
	Participant string    `gorm:"primaryKey;size:32" json:"participant_ref"`
	HalfDay     int       `gorm:"primaryKey;autoIncrement:false" json:"half_day"` // 0-based
	State       string    `json:"state"`                                          // signed, absent
	SignedAt    time.Time `gorm:"serializer:instant;type:varchar(27)" json:"signed_at"`
	Channel     Channel   `json:"channel"`
	Recorder    string    `json:"recorded_by,omitempty"`
}

// Attendance states.
const (
	AttendanceSigned = "signed"
	AttendanceAbsent = "absent" // marked by the trainer on the sheet, or by staff
)

// Absence is one participant's absence from one or more half-days of a session (F135), with the window to justify it.
type Absence struct {
	Ref         string    `gorm:"primaryKey;size:120" json:"ref"` // D-…/session/2/absence/P-000009
	Dossier     string    `gorm:"index" json:"request_ref"`
	Session     string    `gorm:"index" json:"session_ref"`
	Participant string    `gorm:"index" json:"participant_ref"`
	HalfDays    []int     `gorm:"serializer:json" json:"half_days"`
	Status      string    `json:"status"` // open, justified, unjustified, cancelled
	ToldAt      time.Time `gorm:"serializer:instant;type:varchar(27)" json:"told_at,omitzero"`
	JustifiedAt time.Time `gorm:"serializer:instant;type:varchar(27)" json:"justified_at,omitzero"`
	Note        string    `json:"note_ref,omitempty"`
	DeadlineID  string    `json:"deadline_id"`
}

// Absence statuses.
const (
	AbsenceOpen        = "open"
	AbsenceJustified   = "justified"
	AbsenceUnjustified = "unjustified"
	AbsenceCancelled   = "cancelled"
)

// Evaluation is one participant's answer to a questionnaire: a row, read once. Kind is positioning, hot or cold.
type Evaluation struct {
	Dossier     string    `gorm:"primaryKey;size:32" json:"request_ref"`
	Participant string    `gorm:"primaryKey;size:32" json:"participant_ref"`
	Kind        string    `gorm:"primaryKey;size:16" json:"kind"`
	Score       int       `json:"score"` // 0 to 100 for positioning, 1 to 5 for the others
	Text        string    `json:"text"`
	At          time.Time `gorm:"serializer:instant;type:varchar(27)" json:"at"`
	Channel     Channel   `json:"channel"`
	Recorder    string    `json:"recorded_by,omitempty"`
}

// Kinds of evaluation.
const (
	EvaluationPositioning = "positioning"
	EvaluationHot         = "hot"
	EvaluationCold        = "cold"
)

// ScoreBounds are the least and the most that an answer to a questionnaire may score.
func ScoreBounds(kind string) (least, most int) {
	if kind == EvaluationPositioning {
		return 0, 100
	}
	return 1, 5
}

// AttendanceReading is what the sheet of a session says when it is read: references only.
type AttendanceReading struct {
	Participants []string       `json:"participants"` // on it, in order
	Absences     []AbsenceEntry `json:"absences"`
	Unsigned     int            `json:"unsigned"` // participant half-days neither signed nor marked absent
	Open         []AbsenceEntry `json:"open"`     // the same, by participant
	Signed       int            `json:"signed"`
}

// AbsenceEntry is one participant's missed half-days.
type AbsenceEntry struct {
	Participant string `json:"participant" doc:"Reference"`
	HalfDays    []int  `json:"half_days" doc:"From 0"`
}
