package activities

import (
	"reflect"
	"testing"

	"jalon/models"
)

func TestF124F135SheetIsReadPerHalfDay(t *testing.T) {
	people := []models.Participant{{Ref: "P-1"}, {Ref: "P-2"}, {Ref: "P-3"}}
	rows := []models.Attendance{
		{Participant: "P-1", HalfDay: 0, State: models.AttendanceSigned}, {Participant: "P-1", HalfDay: 1, State: models.AttendanceSigned},
		{Participant: "P-2", HalfDay: 0, State: models.AttendanceSigned}, {Participant: "P-2", HalfDay: 1, State: models.AttendanceAbsent},
		{Participant: "P-3", HalfDay: 0, State: models.AttendanceAbsent}, // the afternoon is open: not an absence yet
		{Participant: "P-4", HalfDay: 0, State: models.AttendanceSigned}, // no longer registered
		{Participant: "P-1", HalfDay: 2, State: models.AttendanceSigned}, // of a half-day that was dropped
	}
	got := readSheet(people, rows, 2)
	want := models.AttendanceReading{Participants: []string{"P-1", "P-2", "P-3"}, Signed: 3, Unsigned: 1,
		Absences: []models.AbsenceEntry{{Participant: "P-2", HalfDays: []int{1}}, {Participant: "P-3", HalfDays: []int{0}}},
		Open:     []models.AbsenceEntry{{Participant: "P-3", HalfDays: []int{1}}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
