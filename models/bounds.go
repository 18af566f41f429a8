package models

import (
	"fmt"
	"slices"
	"time"
)

// Moments that people type are bounded: with a wrong year, what happened would close waits of long ago, and what is to come
// would be waited for as long as the dossier lives.
const (
	receivedYears = 1 // ago, at most
	slotYears     = 1 // ahead, at most
	plannedYears  = 2
)

// A half-day lasts between these: a shorter one is a slip, and nobody signs a sheet for it.
const (
	shortestHalfDay = 30 * time.Minute
	longestHalfDay  = 12 * time.Hour
)

// longestDelay bounds how far a deadline may be moved, in days: more is a mistake in the year.
const longestDelay = 366

// CheckReceived checks when something is said to have reached the agency, about what began at an instant: none if that is not
// known. Errors: future_date, date_too_old.
func CheckReceived(at, began, now time.Time) error {
	switch {
	case at.After(now):
		return NewError(CodeFutureDate, "still to come")
	case before(at, began):
		return NewError(CodeDateTooOld, "before what it is about began")
	case at.Before(now.AddDate(-receivedYears, 0, 0)):
		return NewError(CodeDateTooOld, "more than a year ago")
	}
	return nil
}

// CheckSlot checks a moment offered for an audit (F079). Errors: past_date, date_too_far.
func CheckSlot(at, now time.Time) error { return coming(at, now, slotYears) }

// CheckWanted checks the day from which a client wants a course. Errors: past_date, date_too_far.
func CheckWanted(day, today Date) error {
	switch {
	case day < today:
		return NewError(CodePastDate, "already past")
	case day > today.AddYears(plannedYears):
		return NewError(CodeDateTooFar, fmt.Sprintf("more than %d years ahead", plannedYears))
	}
	return nil
}

// CheckPaid checks the day of a payment said to have been made; issued is none if the supplier's own date is not known.
// Errors: invalid_input, future_date, paid_before_issued, date_too_old.
func CheckPaid(on, issued, today Date) error {
	if _, err := ParseDate(string(on)); err != nil {
		return err
	}
	switch {
	case on > today:
		return NewError(CodeFutureDate, "still to come")
	case on < issued:
		return NewError(CodePaidBeforeIssued, "before the invoice was issued")
	case issued.IsZero() && on < today.AddYears(-receivedYears):
		return NewError(CodeDateTooOld, "more than a year ago")
	}
	return nil
}

// CheckIssued checks the date that a supplier's invoice bears. Errors: invalid_input, future_date, date_too_old.
func CheckIssued(on, today Date) error {
	if _, err := ParseDate(string(on)); err != nil {
		return err
	}
	switch {
	case on > today:
		return NewError(CodeFutureDate, "still to come")
	case on < today.AddYears(-receivedYears):
		return NewError(CodeDateTooOld, "more than a year ago")
	}
	return nil
}

// CheckPlan checks sessions to hold beside the half-days taken already, and says which end of which half-day is wrong:
// "[0].half_days[1].start". Errors: those of CheckHalfDays.
func CheckPlan(sessions []PlannedSession, taken []HalfDay, now time.Time) (place string, err error) {
	if len(sessions) == 0 {
		return "", NewError(CodeInvalid, "no session to plan")
	}
	for i, s := range sessions {
		if place, err := CheckHalfDays(s.HalfDays, taken, now); err != nil {
			return fmt.Sprintf("[%d].half_days%s", i, place), err
		}
		taken = append(slices.Clip(taken), s.HalfDays...)
	}
	return "", nil
}

// CheckHalfDays checks the half-days of a session to hold, planned before they take place (F108) beside those taken
// already, and says which end of which one is wrong: "[1].start". Errors: invalid_input, session_overlap, past_date,
// date_too_far.
func CheckHalfDays(halfDays, taken []HalfDay, now time.Time) (place string, err error) {
	if len(halfDays) == 0 {
		return "", NewError(CodeInvalid, "a session has at least one half-day")
	}
	for i, h := range halfDays {
		start, end := fmt.Sprintf("[%d].start", i), fmt.Sprintf("[%d].end", i)
		if err := coming(h.Start, now, plannedYears); err != nil {
			return start, err
		}
		switch {
		case !h.End.After(h.Start):
			return end, NewError(CodeInvalid, "ends before it starts")
		case h.End.Sub(h.Start) < shortestHalfDay:
			return end, NewError(CodeInvalid, fmt.Sprintf("a half-day lasts %d minutes at least", int(shortestHalfDay.Minutes())))
		case h.End.Sub(h.Start) > longestHalfDay:
			return end, NewError(CodeInvalid, fmt.Sprintf("a half-day lasts %d hours at most", int(longestHalfDay.Hours())))
		case i > 0 && h.Start.Before(halfDays[i-1].End):
			return start, NewError(CodeSessionOverlap, "before the end of the one before")
		case Overlap(halfDays[i:i+1], taken):
			return start, NewError(CodeSessionOverlap, "at the time of another session")
		}
	}
	return "", nil
}

// CheckPostponed checks the later moment to which an open deadline is moved. Errors: deadline_closed,
// deadline_not_postponable, deadline_must_be_later, past_date, date_too_far.
func (d Deadline) CheckPostponed(due, now time.Time) error {
	switch {
	case d.Status != Open:
		return NewError(CodeDeadlineClosed, "this deadline is not open")
	case !d.Postponable:
		return NewError(CodeDeadlineLegal, "this deadline cannot be postponed")
	case !due.After(d.DueAt):
		return NewError(CodeDeadlineEarlier, "a postponed deadline is later than before")
	case !due.After(now):
		return NewError(CodePastDate, "already past")
	case due.After(Latest(d.DueAt, now).AddDate(0, 0, longestDelay)): // it could not be moved back
		return NewError(CodeDateTooFar, "more than a year later")
	}
	return nil
}

// before tells whether a moment that people typed, who know minutes, is before another.
func before(at, other time.Time) bool { return at.Before(other.Truncate(time.Minute)) }

// Latest is the later of two instants.
func Latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func coming(at, now time.Time, years int) error {
	switch {
	case !at.After(now):
		return NewError(CodePastDate, "already past")
	case at.After(now.AddDate(years, 0, 0)):
		return NewError(CodeDateTooFar, fmt.Sprintf("more than %d years ahead", years))
	}
	return nil
}
