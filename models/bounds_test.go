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
		"received now":            {CheckReceived(now, time.Time{}, now), ""},
		"received a year ago":     {CheckReceived(now.AddDate(-1, 0, 0), time.Time{}, now), ""},
		"received before that":    {CheckReceived(now.AddDate(-1, 0, 0).Add(-time.Second), time.Time{}, now), CodeDateTooOld},
		"received long before":    {CheckReceived(now.AddDate(0, -10, 0), now.AddDate(0, -1, 0), now), CodeDateTooOld},
		"received in year 1026":   {CheckReceived(now.AddDate(-1000, 0, 0), time.Time{}, now), CodeDateTooOld},
		"received in a moment":    {CheckReceived(now.Add(time.Second), time.Time{}, now), CodeFutureDate},
		"received in year 2206":   {CheckReceived(now.AddDate(180, 0, 0), time.Time{}, now), CodeFutureDate},
		"received as it began":    {CheckReceived(now.Add(-time.Hour), now.Add(-time.Hour), now), ""},
		"received in its minute":  {CheckReceived(now.Add(-time.Hour), now.Add(59*time.Second-time.Hour), now), ""},
		"received a minute early": {CheckReceived(now.Add(-time.Hour), now.Add(time.Minute-time.Hour), now), CodeDateTooOld},
		"issued today":            {CheckIssued("2026-11-25", "2026-11-25"), ""},
		"issued a year ago":       {CheckIssued("2025-11-25", "2026-11-25"), ""},
		"issued before that":      {CheckIssued("2025-11-24", "2026-11-25"), CodeDateTooOld},
		"issued tomorrow":         {CheckIssued("2026-11-26", "2026-11-25"), CodeFutureDate},
		"issued no day":           {CheckIssued("2026-11-31", "2026-12-25"), CodeInvalid},
		"F079 slot":               {CheckSlot(now.AddDate(1, 0, 0), now), ""},
		"F079 slot past":          {CheckSlot(now, now), CodePastDate},
		"F079 slot in year 2206":  {CheckSlot(now.AddDate(180, 0, 0), now), CodeDateTooFar},
		"wanted today":            {CheckWanted("2026-11-25", "2026-11-25"), ""},
		"wanted in two years":     {CheckWanted("2028-11-25", "2026-11-25"), ""},
		"wanted later":            {CheckWanted("2028-11-26", "2026-11-25"), CodeDateTooFar},
		"wanted yesterday":        {CheckWanted("2026-11-24", "2026-11-25"), CodePastDate},
		"paid today":              {CheckPaid("2026-11-25", "2026-10-25", "2026-11-25"), ""},
		"paid tomorrow":           {CheckPaid("2026-11-26", "", "2026-11-25"), CodeFutureDate},
		"paid before it was made": {CheckPaid("2026-10-24", "2026-10-25", "2026-11-25"), CodePaidBeforeIssued},
		"paid a year ago":         {CheckPaid("2025-11-25", "", "2026-11-25"), ""},
		"paid in year 1026":       {CheckPaid("1026-11-25", "", "2026-11-25"), CodeDateTooOld},
		"paid on no day":          {CheckPaid("2026-02-30", "", "2026-11-25"), CodeInvalid},
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
			place, err := CheckHalfDays(c.halfDays, nil, now)
			require.Equal(t, c.place, place)
			require.Equal(t, c.code, ErrorCode(err))
		})
	}
}

func TestF108SessionsToPlan(t *testing.T) {
	now := time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC)
	day := func(n int) HalfDay {
		return HalfDay{Start: now.AddDate(0, 0, n), End: now.AddDate(0, 0, n).Add(3 * time.Hour)}
	}
	session := func(days ...int) (s PlannedSession) {
		for _, n := range days {
			s.HalfDays = append(s.HalfDays, day(n))
		}
		return s
	}
	for name, c := range map[string]struct {
		sessions []PlannedSession
		place    string
		code     Code
	}{
		"beside another":   {[]PlannedSession{session(2), session(3, 4)}, "", ""},
		"none":             {nil, "", CodeInvalid},
		"of no half-day":   {[]PlannedSession{session(2), session()}, "[1].half_days", CodeInvalid},
		"over each other":  {[]PlannedSession{session(2, 3), session(3)}, "[1].half_days[0].start", CodeSessionOverlap},
		"over one planned": {[]PlannedSession{session(2), session(3, 5)}, "[1].half_days[1].start", CodeSessionOverlap},
		"in the past":      {[]PlannedSession{session(2), session(-1)}, "[1].half_days[0].start", CodePastDate},
	} {
		t.Run(name, func(t *testing.T) {
			taken := append(make([]HalfDay, 0, 9), day(5))
			place, err := CheckPlan(c.sessions, taken, now)
			require.Equal(t, c.place, place)
			require.Equal(t, c.code, ErrorCode(err))
			require.Empty(t, taken[:2][1], "what was given is left alone")
		})
	}
	s := Session{HalfDays: session(2, 3).HalfDays}
	for name, c := range map[string]struct {
		to    []int
		place string
		code  Code
	}{"later": {[]int{3, 4}, "", ""}, "in part": {[]int{4}, "", CodeInvalid}, "over another": {[]int{4, 5}, "[1].start", CodeSessionOverlap}} {
		t.Run("moved "+name, func(t *testing.T) {
			place, err := s.CheckMove(session(c.to...).HalfDays, []HalfDay{day(5)}, now)
			require.Equal(t, c.place, place)
			require.Equal(t, c.code, ErrorCode(err))
		})
	}
}

func TestDeadlinePostponed(t *testing.T) {
	now := time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC)
	at := func(days int) time.Time { return now.AddDate(0, 0, days) }
	usual := Deadline{Status: Open, Postponable: true, DueAt: at(5)}
	overdue := Deadline{Status: Open, Postponable: true, DueAt: at(-400)}
	for name, c := range map[string]struct {
		deadline Deadline
		due      time.Time
		code     Code
	}{
		"later":                {usual, at(6), ""},
		"a year later":         {usual, at(5 + 366), ""},
		"more":                 {usual, at(5 + 367), CodeDateTooFar},
		"not later":            {usual, at(5), CodeDeadlineEarlier},
		"overdue":              {overdue, at(366), ""},
		"overdue, more":        {overdue, at(367), CodeDateTooFar},
		"overdue, in the past": {overdue, at(-1), CodePastDate},
		"of the law":           {Deadline{Status: Open, DueAt: at(5)}, at(6), CodeDeadlineLegal},
		"met":                  {Deadline{Status: Met, Postponable: true, DueAt: at(5)}, at(6), CodeDeadlineClosed},
		"of no process":        {Deadline{}, at(6), CodeDeadlineClosed},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.code, ErrorCode(c.deadline.CheckPostponed(c.due, now))) })
	}
}

func TestF181CorrectionsOfARecap(t *testing.T) {
	lines := []string{"one", "two"}
	for name, c := range map[string]struct {
		corrections []LineCorrection
		code        Code
	}{
		"none":     {nil, ""},
		"both":     {[]LineCorrection{{Line: "one"}, {Line: "two", Quantity: 10_000_000}}, ""},
		"of none":  {[]LineCorrection{{Line: "three"}}, CodeLineUnknown},
		"twice":    {[]LineCorrection{{Line: "one"}, {Line: "one", Quantity: 1}}, CodeInvalid},
		"below":    {[]LineCorrection{{Line: "one", Quantity: -1}}, CodeInvalid},
		"too much": {[]LineCorrection{{Line: "one", Quantity: 10_000_001}}, CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.code, ErrorCode(CheckCorrections(c.corrections, lines))) })
	}
}

func TestF072RateNamed(t *testing.T) {
	require.True(t, Offer{Cents: 1, Unit: UnitDay}.Named())
	require.False(t, Offer{Unit: UnitDay}.Named())
	require.False(t, Offer{Cents: 1}.Named())
	require.False(t, Offer{Cents: 1, Unit: "week"}.Named())
}
