package models

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAuditCall(t *testing.T) {
	now := time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC)
	slot, opened := now.Add(time.Hour), now.AddDate(0, 0, -3)
	booked := Audit{Status: AuditBooked, Slots: []time.Time{slot, now}, SlotAt: slot}
	for name, c := range map[string]struct {
		got  error
		code Code
	}{
		"F079 a slot":                      {booked.CheckChoice(slot.In(time.FixedZone("Paris", 3600)), now), ""},
		"F079 another":                     {booked.CheckChoice(slot.Add(time.Minute), now), CodeInvalid},
		"F079 one that is past":            {booked.CheckChoice(now, now), CodePastDate},
		"F080 before the call":             {booked.CheckReport(time.Time{}, opened, slot.Add(-time.Second)), CodeCallToCome},
		"F080 from its moment":             {booked.CheckReport(time.Time{}, opened, slot), ""},
		"F080 held earlier":                {booked.CheckReport(now.Add(-time.Hour), opened, now), ""},
		"F080 held later than it was told": {booked.CheckReport(now.Add(time.Minute), opened, now), CodeCallToCome},
		"F080 held as it was opened":       {booked.CheckReport(opened, opened, now), ""},
		"F080 held before it was opened":   {booked.CheckReport(opened.Add(-time.Minute), opened, now), CodeDateTooOld},
		"F080 never booked, nor opened":    {Audit{}.CheckReport(opened.AddDate(0, -6, 0), opened, now), CodeDateTooOld},
		"F080 never booked":                {Audit{Status: AuditChoiceAwaited}.CheckReport(time.Time{}, opened, now), ""},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.code, ErrorCode(c.got)) })
	}
}
