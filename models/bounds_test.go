package models

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMomentsTypedAreBounded(t *testing.T) {
	now := time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		got  error
		code Code
	}{
		"received now":            {CheckReceived(now, now), ""},
		"received a year ago":     {CheckReceived(now.AddDate(-1, 0, 0), now), ""},
		"received before that":    {CheckReceived(now.AddDate(-1, 0, 0).Add(-time.Second), now), CodeDateTooOld},
		"received in year 1026":   {CheckReceived(now.AddDate(-1000, 0, 0), now), CodeDateTooOld},
		"received in a moment":    {CheckReceived(now.Add(time.Second), now), CodeFutureDate},
		"received in year 2206":   {CheckReceived(now.AddDate(180, 0, 0), now), CodeFutureDate},
		"F079 slot":               {CheckSlot(now.AddDate(1, 0, 0), now), ""},
		"F079 slot past":          {CheckSlot(now, now), CodePastDate},
		"F079 slot in year 2206":  {CheckSlot(now.AddDate(180, 0, 0), now), CodeDateTooFar},
		"wanted today":            {CheckWanted("2026-11-25", "2026-11-25"), ""},
		"wanted in two years":     {CheckWanted("2028-11-25", "2026-11-25"), ""},
		"wanted later":            {CheckWanted("2028-11-26", "2026-11-25"), CodeDateTooFar},
		"wanted yesterday":        {CheckWanted("2026-11-24", "2026-11-25"), CodePastDate},
		"paid today":              {CheckPaid("2026-11-25", "2026-10-25", "2026-11-25"), ""},
		"paid tomorrow":           {CheckPaid("2026-11-26", "", "2026-11-25"), CodeFutureDate},
		"paid before it was made": {CheckPaid("2026-10-24", "2026-10-25", "2026-11-25"), CodePastDate},
		"paid a year ago":         {CheckPaid("2025-11-25", "", "2026-11-25"), ""},
		"paid in year 1026":       {CheckPaid("1026-11-25", "", "2026-11-25"), CodeDateTooOld},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.code, ErrorCode(c.got)) })
	}
}

func TestF108HalfDaysToPlan(t *testing.T) {
	now := time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC)
	at := func(from, to time.Duration) HalfDay { return HalfDay{Start: now.Add(from), End: now.Add(to)} }
	far := now.AddDate(2, 0, 0)
	for name, c := range map[string]struct {
		halfDays []HalfDay
		place    string
		code     Code
	}{
		"two of a day":        {[]HalfDay{at(time.Hour, 4*time.Hour), at(4*time.Hour, 8*time.Hour)}, "", ""},
		"begun":               {[]HalfDay{at(0, time.Hour)}, "[0].start", CodePastDate},
		"in year 1026":        {[]HalfDay{{Start: now.AddDate(-1000, 0, 0), End: now.AddDate(-1000, 0, 0).Add(time.Hour)}}, "[0].start", CodePastDate},
		"in two years":        {[]HalfDay{{Start: far, End: far.Add(time.Hour)}}, "", ""},
		"in year 2206":        {[]HalfDay{at(time.Hour, 2*time.Hour), {Start: now.AddDate(180, 0, 0), End: now.AddDate(180, 0, 0).Add(time.Hour)}}, "[1].start", CodeDateTooFar},
		"ends before":         {[]HalfDay{at(2*time.Hour, time.Hour)}, "[0].end", CodeInvalid},
		"half an hour":        {[]HalfDay{at(time.Hour, 90*time.Minute)}, "", ""},
		"less":                {[]HalfDay{at(time.Hour, 90*time.Minute-1)}, "[0].end", CodeInvalid},
		"of no length, kept":  {[]HalfDay{at(time.Hour, time.Hour+1)}, "[0].end", CodeInvalid},
		"ends in 2206":        {[]HalfDay{{Start: now.Add(time.Hour), End: now.AddDate(180, 0, 0)}}, "[0].end", CodeInvalid},
		"over the one before": {[]HalfDay{at(time.Hour, 4*time.Hour), at(3*time.Hour, 8*time.Hour)}, "[1].start", CodeSessionOverlap},
	} {
		t.Run(name, func(t *testing.T) {
			place, err := CheckHalfDays(c.halfDays, now)
			require.Equal(t, c.place, place)
			require.Equal(t, c.code, ErrorCode(err))
		})
	}
}
