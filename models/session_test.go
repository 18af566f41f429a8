package models

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestF123TheSheetIsForWhoRegisteredBeforeTheEnd(t *testing.T) {
	end := time.Date(2026, 12, 7, 16, 30, 0, 0, time.UTC)
	s := Session{Ref: "D-1/session/1", StartAt: end.Add(-8 * time.Hour), EndAt: end}
	registered := []Participant{{Ref: "P-old"}, {Ref: "P-during", CreatedAt: end.Add(-time.Second)}, {Ref: "P-end", CreatedAt: end},
		{Ref: "P-late", CreatedAt: end.Add(time.Hour)}, {Ref: "P-there", CreatedAt: end.Add(time.Hour)}}
	marks := []Attendance{{Session: s.Ref, Participant: "P-there", State: AttendanceSigned}, {Session: "D-1/session/2", Participant: "P-late", State: AttendanceSigned}}
	var refs []string
	for _, p := range s.Roll(registered, marks) {
		refs = append(refs, p.Ref)
	}
	require.Equal(t, []string{"P-old", "P-during", "P-there"}, refs)
	require.Equal(t, "P-end", registered[2].Ref, "what was given stays as it was")
}
