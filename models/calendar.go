package models

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones are the same on every machine, and on those that have none

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/aa"
	"github.com/rickar/cal/v2/ecb"
	"github.com/rickar/cal/v2/fr"
	"github.com/robfig/cron/v3"
)

// Date is a calendar day without a zone, as ISO text (2026-11-30); it sorts as text. Empty means none.
type Date string

// ParseDate reads an ISO date; anything else is refused (invalid_input).
func ParseDate(s string) (Date, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", NewError(CodeInvalid, fmt.Sprintf("%q is not a date such as 2026-11-30", s))
	}
	return Date(s), nil
}

// NewDate is the date of a year, month and day, normalised as by time.Date (31 November is 1 December).
func NewDate(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
}

// UnmarshalText reads an ISO date, or nothing for no date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = ""
		return nil
	}
	v, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// IsZero tells whether there is no date.
func (d Date) IsZero() bool { return d == "" }

// utc is midnight of the date in UTC, the zero time if it is not a date.
func (d Date) utc() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

// AddDays is the date n days later, earlier if n is negative.
func (d Date) AddDays(n int) Date {
	t := d.utc()
	return NewDate(t.Year(), t.Month(), t.Day()+n)
}

// AddYears is the date n years later, earlier if n is negative; 29 February is 1 March in other years.
func (d Date) AddYears(n int) Date {
	t := d.utc()
	return NewDate(t.Year()+n, t.Month(), t.Day())
}

// DaysUntil is how many days later other is, negative if it is earlier.
func (d Date) DaysUntil(other Date) int {
	return int((other.utc().Unix() - d.utc().Unix()) / (24 * 60 * 60))
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// Year is the civil year.
func (d Date) Year() int { return d.utc().Year() }

// Month is the civil month.
func (d Date) Month() Month { return Month(d.utc().Format("2006-01")) }

// Day is the day of the month.
func (d Date) Day() int { return d.utc().Day() }

// At is the instant of hh:mm on that date in loc, in UTC. A time skipped in spring counts on from before the change
// (02:30 is 03:30), a time met twice in autumn is the first one. 24:00 is the following midnight.
func (d Date) At(hh, mm int, loc *time.Location) time.Time {
	t := d.utc()
	wall := time.Date(t.Year(), t.Month(), t.Day(), hh, mm, 0, 0, time.UTC)
	offset := func(t time.Time) time.Duration {
		_, s := t.In(loc).Zone()
		return time.Duration(s) * time.Second
	}
	before := offset(wall.Add(-24 * time.Hour))
	early := wall.Add(-before)
	if offset(early) == before {
		return early
	}
	after := offset(wall.Add(24 * time.Hour))
	if late := wall.Add(-after); offset(late) == after {
		return late
	}
	return early
}

// Month is a calendar month as ISO text (2026-11); it sorts as text. Empty means none.
type Month string

// ParseMonth reads an ISO month; anything else is refused (invalid_input).
func ParseMonth(s string) (Month, error) {
	if _, err := time.Parse("2006-01", s); err != nil {
		return "", NewError(CodeInvalid, fmt.Sprintf("%q is not a month such as 2026-11", s))
	}
	return Month(s), nil
}

// UnmarshalText reads an ISO month, or nothing for no month.
func (m *Month) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*m = ""
		return nil
	}
	v, err := ParseMonth(string(text))
	if err != nil {
		return err
	}
	*m = v
	return nil
}

// Next is the following month.
func (m Month) Next() Month { return m.Last().AddDays(1).Month() }

// Previous is the month before.
func (m Month) Previous() Month { return m.First().AddDays(-1).Month() }

// First is its first day.
func (m Month) First() Date { return Date(m + "-01") }

// Last is its last day.
func (m Month) Last() Date {
	t := m.First().utc()
	return NewDate(t.Year(), t.Month()+1, 0)
}

// DelayUnit says what a Delay counts.
type DelayUnit string

// Delays count elapsed hours, calendar days or business days.
const (
	DelayHours        DelayUnit = "h"
	DelayDays         DelayUnit = "d"
	DelayBusinessDays DelayUnit = "bd"
)

// Delay is a duration of a policy: 72h, 7d, 3bd, 3bd@18:00. The zero value is off: the rule does not apply.
type Delay struct {
	N    int
	Unit DelayUnit
	At   TimeOfDay // of the last day; empty for its end
}

// ParseDelay reads a delay, or "off". Anything else is refused (invalid_input), zero and negative delays included. By
// hand: each workflow reads some thirty of them when it starts and at each replay.
func ParseDelay(s string) (Delay, error) {
	if s == "off" {
		return Delay{}, nil
	}
	counted, at, timed := strings.Cut(s, "@")
	digits := strings.TrimRight(counted, "hdb")
	n, err := strconv.ParseUint(digits, 10, 32)
	d := Delay{N: int(n), Unit: DelayUnit(counted[len(digits):])}
	ok := err == nil && n > 0 && digits[0] != '0' && len(digits) <= 5
	ok = ok && (d.Unit == DelayHours || d.Unit == DelayDays || d.Unit == DelayBusinessDays)
	if timed {
		d.At, err = ParseTimeOfDay(at)
		ok = ok && err == nil && d.Unit != DelayHours
	}
	if !ok {
		return Delay{}, NewError(CodeInvalid, fmt.Sprintf("%q is not a delay such as 72h, 7d, 3bd or 3bd@18:00", s))
	}
	return d, nil
}

// MustDelay is ParseDelay for constants; it panics on a bad one.
func MustDelay(s string) Delay {
	d, err := ParseDelay(s)
	if err != nil {
		panic(err)
	}
	return d
}

// IsOff tells whether the rule does not apply.
func (d Delay) IsOff() bool { return d == Delay{} }

func (d Delay) String() string {
	if d.IsOff() {
		return "off"
	}
	s := strconv.Itoa(d.N) + string(d.Unit)
	if d.At != "" {
		s += "@" + string(d.At)
	}
	return s
}

// MarshalText writes the delay as a policy does.
func (d Delay) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a delay as a policy does.
func (d *Delay) UnmarshalText(text []byte) error {
	v, err := ParseDelay(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// TimeOfDay is a wall-clock time, 00:00 to 23:59; it sorts as text. Empty means none.
type TimeOfDay string

// ParseTimeOfDay reads hh:mm; anything else is refused (invalid_input).
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	if _, err := time.Parse("15:04", s); err != nil || len(s) != 5 {
		return "", NewError(CodeInvalid, fmt.Sprintf("%q is not a time such as 18:00", s))
	}
	return TimeOfDay(s), nil
}

// HourMinute is its hour and minute, 0 and 0 for none.
func (t TimeOfDay) HourMinute() (hh, mm int) {
	v, _ := time.Parse("15:04", string(t))
	return v.Hour(), v.Minute()
}

// MailHours are the hours, on business days, within which mails leave: from Open, before Close.
type MailHours struct {
	Open  TimeOfDay
	Close TimeOfDay
}

// ParseMailHours reads hours such as 08:00-19:00; anything else is refused (invalid_input).
func ParseMailHours(s string) (MailHours, error) {
	from, to, _ := strings.Cut(s, "-")
	open, err := ParseTimeOfDay(from)
	closing, err2 := ParseTimeOfDay(to)
	if err != nil || err2 != nil || open >= closing {
		return MailHours{}, NewError(CodeInvalid, fmt.Sprintf("%q is not a range of hours such as 08:00-19:00", s))
	}
	return MailHours{Open: open, Close: closing}, nil
}

func (h MailHours) String() string { return string(h.Open) + "-" + string(h.Close) }

// MarshalText writes the hours as a policy does; nothing for none.
func (h MailHours) MarshalText() ([]byte, error) {
	if h == (MailHours{}) {
		return nil, nil
	}
	return []byte(h.String()), nil
}

// UnmarshalText reads the hours as a policy does.
func (h *MailHours) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*h = MailHours{}
		return nil
	}
	v, err := ParseMailHours(string(text))
	if err != nil {
		return err
	}
	*h = v
	return nil
}

// Regions whose holidays are known.
const (
	RegionNational      = "national"
	RegionAlsaceMoselle = "alsace-moselle"
)

// DefaultZone is where days begin and end unless a policy says otherwise.
const DefaultZone = "Europe/Paris"

// CalendarSpec is what a calendar is built from. Zone is an IANA name, DefaultZone if empty; Region is national if
// empty; Closures are the agency's own days off.
type CalendarSpec struct {
	Zone     string `json:"zone,omitempty"`
	Region   string `json:"region,omitempty"`
	Closures []Date `json:"closures,omitempty"`
}

// Calendar answers every question about days: business days, bank days, what a delay leads to. It is a value, cheap to
// build and the same everywhere.
type Calendar struct {
	loc      *time.Location
	holidays []*cal.Holiday
	closures []Date // sorted
}

var (
	// Loaded once: a workflow that builds the usual calendar reads no file.
	paris, parisErr = time.LoadLocation(DefaultZone)

	// Code du travail, art. L3133-1, and for the second list L3134-13.
	nationalHolidays      = fr.Holidays
	alsaceMoselleHolidays = append(slices.Clone(fr.Holidays), aa.GoodFriday, aa.ChristmasDay2)
)

// NewCalendar builds a calendar; an unknown zone or region or a bad closure is refused (invalid_input).
func NewCalendar(spec CalendarSpec) (Calendar, error) {
	c := Calendar{loc: paris, holidays: nationalHolidays}
	err := parisErr
	if spec.Zone != "" && spec.Zone != DefaultZone {
		c.loc, err = time.LoadLocation(spec.Zone)
	}
	if err != nil || spec.Zone == "Local" {
		return Calendar{}, NewError(CodeInvalid, fmt.Sprintf("%q is not a known time zone", spec.Zone))
	}
	switch spec.Region {
	case "", RegionNational:
	case RegionAlsaceMoselle:
		c.holidays = alsaceMoselleHolidays
	default:
		return Calendar{}, NewError(CodeInvalid, fmt.Sprintf("%q is not a known region", spec.Region))
	}
	for _, d := range spec.Closures {
		if _, err := ParseDate(string(d)); err != nil {
			return Calendar{}, err
		}
	}
	c.closures = slices.Clone(spec.Closures)
	slices.Sort(c.closures)
	return c, nil
}

// Location is the calendar's zone.
func (c Calendar) Location() *time.Location { return c.loc }

// DateOf is the calendar's date at an instant.
func (c Calendar) DateOf(t time.Time) Date { return Date(t.In(c.loc).Format(time.DateOnly)) }

// MonthOf is the calendar's month at an instant.
func (c Calendar) MonthOf(t time.Time) Month { return Month(t.In(c.loc).Format("2006-01")) }

// At is the instant of hh:mm on a date in the calendar's zone; see Date.At.
func (c Calendar) At(d Date, hh, mm int) time.Time { return d.At(hh, mm, c.loc) }

// EndOf is the last microsecond of a date.
func (c Calendar) EndOf(d Date) time.Time { return d.AddDays(1).At(0, 0, c.loc).Add(-time.Microsecond) }

// IsHoliday tells whether a date is a public holiday of the calendar's region.
func (c Calendar) IsHoliday(d Date) bool { return among(c.holidays, d) }

// IsBusinessDay tells whether a date is neither on a weekend, nor a public holiday, nor a closure of the agency.
func (c Calendar) IsBusinessDay(d Date) bool {
	_, closed := slices.BinarySearch(c.closures, d)
	return !closed && !weekend(d) && !c.IsHoliday(d)
}

// IsBankDay tells whether money moves on a date: neither on a weekend, nor a public holiday in France, nor a closing
// day of the European payment system (TARGET). The agency's own closures do not matter to banks.
func (c Calendar) IsBankDay(d Date) bool {
	return !weekend(d) && !c.IsHoliday(d) && !among(ecb.Holidays, d)
}

// NextBusinessDay is the date itself if it is a business day, else the next one.
func (c Calendar) NextBusinessDay(d Date) Date {
	for !c.IsBusinessDay(d) {
		d = d.AddDays(1)
	}
	return d
}

// PayDay is the last day not after due on which money moves: the legal due date itself is never moved.
func (c Calendar) PayDay(due Date) Date {
	for !c.IsBankDay(due) {
		due = due.AddDays(-1)
	}
	return due
}

// AddDays is the date n days later.
func (c Calendar) AddDays(d Date, n int) Date { return d.AddDays(n) }

// AddBusinessDays is the nth business day after a date, which is not counted itself; before it if n is negative.
func (c Calendar) AddBusinessDays(d Date, n int) Date {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for n > 0 {
		d = d.AddDays(step)
		if c.IsBusinessDay(d) {
			n--
		}
	}
	return d
}

// BusinessDaysBetween counts the business days after from, up to and including to; 0 if to is not later.
func (c Calendar) BusinessDaysBetween(from, to Date) int {
	n := 0
	for d := from; d < to; {
		d = d.AddDays(1)
		if c.IsBusinessDay(d) {
			n++
		}
	}
	return n
}

// Add is the instant, in UTC, at which a delay that starts at from is due. N hours are elapsed hours. N days, and N
// business days, do not count the starting date and are due at the last microsecond of the Nth, or at its @hh:mm. Off
// is due at once.
func (c Calendar) Add(from time.Time, d Delay) time.Time {
	var last Date
	switch d.Unit {
	case DelayHours:
		return from.Add(time.Duration(d.N) * time.Hour).UTC()
	case DelayDays:
		last = c.DateOf(from).AddDays(d.N)
	case DelayBusinessDays:
		last = c.AddBusinessDays(c.DateOf(from), d.N)
	default:
		return from.UTC()
	}
	if d.At == "" {
		return c.EndOf(last)
	}
	hh, mm := d.At.HourMinute()
	return c.At(last, hh, mm)
}

// Before is the instant, in UTC, that lies a delay before to: N hours earlier, or on the Nth day or business day before
// its date, at its @hh:mm or else at midnight. Off is to itself.
func (c Calendar) Before(to time.Time, d Delay) time.Time {
	var first Date
	switch d.Unit {
	case DelayHours:
		return to.Add(-time.Duration(d.N) * time.Hour).UTC()
	case DelayDays:
		first = c.DateOf(to).AddDays(-d.N)
	case DelayBusinessDays:
		first = c.AddBusinessDays(c.DateOf(to), -d.N)
	default:
		return to.UTC()
	}
	hh, mm := d.At.HourMinute()
	return c.At(first, hh, mm)
}

// MailTime is t if it lies within the mail hours of a business day, else their next opening.
func (c Calendar) MailTime(t time.Time, hours MailHours) time.Time {
	if hours == (MailHours{}) {
		return t.UTC()
	}
	oh, om := hours.Open.HourMinute()
	ch, cm := hours.Close.HourMinute()
	day := c.DateOf(t)
	if c.IsBusinessDay(day) {
		if open := c.At(day, oh, om); t.Before(open) {
			return open
		}
		if t.Before(c.At(day, ch, cm)) {
			return t.UTC()
		}
	}
	return c.At(c.NextBusinessDay(day.AddDays(1)), oh, om)
}

// ParseRecurrence checks a recurring date: a cron expression of five fields (minute, hour, day of month, month, day of
// week). Anything else is refused (invalid_input), a zone or an interval included: the calendar has its own zone.
func ParseRecurrence(cronExpr string) error {
	_, err := parseCron(cronExpr)
	return err
}

// cronForm keeps out the zone prefixes and the descriptors, which have their own idea of local time.
var cronForm = regexp.MustCompile(`^[0-9A-Za-z*/,\- ]+$`)

func parseCron(expr string) (cron.Schedule, error) {
	bad := func(why any) error {
		return NewError(CodeInvalid, fmt.Sprintf("%q is not a recurring date such as 0 8 5 * *: %v", expr, why))
	}
	if !cronForm.MatchString(expr) {
		return nil, bad("five fields are needed")
	}
	s, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(expr)
	if err != nil {
		return nil, bad(err)
	}
	if s.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, bad("it never comes")
	}
	return s, nil
}

// NextRecurrence is the first instant after a given one, in UTC, of a cron expression read in the calendar's zone, each
// of its dates being moved to the next business day at the same wall-clock time. The expression must pass
// ParseRecurrence.
func (c Calendar) NextRecurrence(cronExpr string, after time.Time) (time.Time, error) {
	s, err := parseCron(cronExpr)
	if err != nil {
		return time.Time{}, err
	}
	// A date of the days off just before may still have been moved to later than after.
	day := c.DateOf(after)
	for !c.IsBusinessDay(day.AddDays(-1)) {
		day = day.AddDays(-1)
	}
	// The schedule walks wall-clock time as if it were UTC, so that no clock change skips or repeats a date.
	var best time.Time
	for wall := s.Next(day.utc().Add(-time.Second)); !wall.IsZero(); wall = s.Next(wall) {
		date := Date(wall.Format(time.DateOnly))
		if !best.IsZero() && c.DateOf(best) < date {
			break // what comes from here on is moved later still, never earlier
		}
		at := c.At(c.NextBusinessDay(date), wall.Hour(), wall.Minute())
		if at.After(after) && (best.IsZero() || at.Before(best)) {
			best = at
		}
	}
	if best.IsZero() {
		return time.Time{}, NewError(CodeInvalid, fmt.Sprintf("%q has no date after %s", cronExpr, day))
	}
	return best, nil
}

func weekend(d Date) bool {
	w := d.Weekday()
	return w == time.Saturday || w == time.Sunday
}

func among(holidays []*cal.Holiday, d Date) bool {
	year, month, day := d.utc().Date()
	for _, h := range holidays {
		actual, _ := h.Calc(year)
		// Noon: the library counts from midnight in the machine's zone, which some zones skip once a year.
		if y, m, n := actual.Add(12 * time.Hour).Date(); y == year && m == month && n == day {
			return true
		}
	}
	return false
}
