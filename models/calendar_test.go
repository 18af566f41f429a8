package models

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func calendar(t interface{ Fatal(...any) }, spec CalendarSpec) Calendar {
	c, err := NewCalendar(spec)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// easter is Gauss's rule with Lilius's corrections, another one than the library's.
func easter(year int) Date {
	k := year / 100
	m := 15 + (3*k+3)/4 - (8*k+13)/25
	s := 2 - (3*k+3)/4
	a := year % 19
	d := (19*a + m) % 30
	r := (d + a/11) / 29
	og := 21 + d - r
	sz := 7 - (year+year/4+s)%7
	oe := 7 - (og-sz)%7
	return NewDate(year, time.March, og+oe)
}

func TestHolidays(t *testing.T) {
	national, alsace := calendar(t, CalendarSpec{}), calendar(t, CalendarSpec{Region: RegionAlsaceMoselle})
	t.Run("2026 as published", func(t *testing.T) {
		want := []Date{"2026-01-01", "2026-04-06", "2026-05-01", "2026-05-08", "2026-05-14", "2026-05-25", "2026-07-14",
			"2026-08-15", "2026-11-01", "2026-11-11", "2026-12-25"}
		var got []Date
		for d := Date("2026-01-01"); d.Year() == 2026; d = d.AddDays(1) {
			if national.IsHoliday(d) {
				got = append(got, d)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("movable ones as published", func(t *testing.T) {
		for _, d := range []Date{"2024-04-01", "2024-05-09", "2024-05-20", "2025-04-21", "2025-05-29", "2025-06-09",
			"2027-03-29", "2027-05-06", "2027-05-17", "2028-04-17", "2028-05-25", "2028-06-05"} {
			if !national.IsHoliday(d) {
				t.Errorf("%s is a holiday", d)
			}
		}
	})
	t.Run("two centuries by another rule", func(t *testing.T) {
		for year := 1950; year < 2150; year++ {
			e, n, local := easter(year), 0, 0
			bank := []Date{NewDate(year, 1, 1), e.AddDays(-2), e.AddDays(1), NewDate(year, 5, 1), NewDate(year, 12, 25), NewDate(year, 12, 26)}
			for d := NewDate(year, 1, 1); d.Year() == year; d = d.AddDays(1) {
				fixed := slices.Contains([]string{"01-01", "05-01", "05-08", "07-14", "08-15", "11-01", "11-11", "12-25"}, string(d[5:]))
				want := fixed || d == e.AddDays(1) || d == e.AddDays(39) || d == e.AddDays(50)
				if national.IsHoliday(d) != want {
					t.Fatalf("%s: holiday %v", d, !want)
				}
				wantLocal := want || d == e.AddDays(-2) || d[5:] == "12-26"
				if alsace.IsHoliday(d) != wantLocal {
					t.Fatalf("%s: holiday in Alsace-Moselle %v", d, !wantLocal)
				}
				weekday := d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
				if got := weekday && !want && !slices.Contains(bank, d); national.IsBankDay(d) != got {
					t.Fatalf("%s: bank day %v", d, !got)
				}
				if want {
					n++
				}
				if wantLocal {
					local++
				}
			}
			// 11 by law, or 10 when Ascension falls on 1 or 8 May.
			if n != 11 && !(n == 10 && slices.Contains([]string{"05-01", "05-08"}, string(e.AddDays(39)[5:]))) || local != n+2 {
				t.Fatalf("%d: %d holidays, %d in Alsace-Moselle", year, n, local)
			}
		}
	})
}

func TestF070Delays(t *testing.T) {
	for _, c := range []struct {
		name, from, delay, want string
		spec                    CalendarSpec
	}{
		{"hours are elapsed", "2026-11-06T09:30:00Z", "72h", "2026-11-09T09:30:00Z", CalendarSpec{}},
		{"hours across spring", "2026-03-28T09:00:00Z", "72h", "2026-03-31T09:00:00Z", CalendarSpec{}},
		{"hours across autumn", "2026-10-24T08:00:00Z", "48h", "2026-10-26T08:00:00Z", CalendarSpec{}},
		{"days end before midnight", "2026-06-01T08:00:00Z", "7d", "2026-06-08T21:59:59.999999Z", CalendarSpec{}},
		{"the starting date is the local one", "2026-06-01T22:30:00Z", "1d", "2026-06-03T21:59:59.999999Z", CalendarSpec{}},
		{"days at noon", "2026-12-01T08:00:00Z", "7d@12:00", "2026-12-08T11:00:00Z", CalendarSpec{}},
		{"a day of 23 hours", "2026-03-28T09:00:00Z", "1d", "2026-03-29T21:59:59.999999Z", CalendarSpec{}},
		{"a day of 25 hours", "2026-10-24T08:00:00Z", "1d", "2026-10-25T22:59:59.999999Z", CalendarSpec{}},
		{"a day of 23 hours in 2027", "2027-03-27T09:00:00Z", "1d", "2027-03-28T21:59:59.999999Z", CalendarSpec{}},
		{"a time skipped in spring", "2026-03-28T09:00:00Z", "1d@02:30", "2026-03-29T01:30:00Z", CalendarSpec{}},
		{"a time met twice in autumn", "2026-10-24T08:00:00Z", "1d@02:30", "2026-10-25T00:30:00Z", CalendarSpec{}},
		{"business days skip weekend and 11 November", "2026-11-06T09:00:00Z", "3bd@18:00", "2026-11-12T17:00:00Z", CalendarSpec{}},
		{"business days from a Saturday", "2026-11-07T09:00:00Z", "1bd", "2026-11-09T22:59:59.999999Z", CalendarSpec{}},
		{"business days over Easter and spring", "2027-03-26T09:00:00Z", "3bd", "2027-04-01T21:59:59.999999Z", CalendarSpec{}},
		{"business days over autumn", "2026-10-23T08:00:00Z", "1bd@18:00", "2026-10-26T17:00:00Z", CalendarSpec{}},
		{"May 2026", "2026-05-07T08:00:00Z", "5bd", "2026-05-18T21:59:59.999999Z", CalendarSpec{}},
		{"Good Friday", "2026-04-02T08:00:00Z", "1bd@18:00", "2026-04-03T16:00:00Z", CalendarSpec{}},
		{"Good Friday in Alsace-Moselle", "2026-04-02T08:00:00Z", "1bd@18:00", "2026-04-07T16:00:00Z", CalendarSpec{Region: RegionAlsaceMoselle}},
		{"26 December in Alsace-Moselle", "2025-12-24T08:00:00Z", "1bd@18:00", "2025-12-29T17:00:00Z", CalendarSpec{Region: RegionAlsaceMoselle}},
		{"closures", "2026-12-23T08:00:00Z", "1bd@18:00", "2026-12-29T17:00:00Z", CalendarSpec{Closures: []Date{"2026-12-28", "2026-12-24"}}},
		{"another zone", "2026-06-01T08:00:00Z", "1d", "2026-06-03T03:59:59.999999Z", CalendarSpec{Zone: "America/Martinique"}},
		{"off is at once", "2026-06-01T08:00:00Z", "off", "2026-06-01T08:00:00Z", CalendarSpec{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := calendar(t, c.spec).Add(instant(c.from), MustDelay(c.delay))
			if got != instant(c.want) {
				t.Errorf("%s + %s = %s, want %s", c.from, c.delay, got.Format(time.RFC3339Nano), c.want)
			}
		})
	}
}

func TestBefore(t *testing.T) {
	c := calendar(t, CalendarSpec{})
	for _, x := range []struct{ to, delay, want string }{
		{"2026-11-23T08:00:00Z", "7d", "2026-11-15T23:00:00Z"},
		{"2026-11-23T08:00:00Z", "7d@09:00", "2026-11-16T08:00:00Z"},
		{"2026-03-31T07:00:00Z", "3d@09:00", "2026-03-28T08:00:00Z"},
		{"2026-11-13T08:00:00Z", "2bd@09:00", "2026-11-10T08:00:00Z"},
		{"2026-11-23T08:00:00Z", "48h", "2026-11-21T08:00:00Z"},
		{"2026-11-23T08:00:00Z", "off", "2026-11-23T08:00:00Z"},
	} {
		if got := c.Before(instant(x.to), MustDelay(x.delay)); got != instant(x.want) {
			t.Errorf("%s before %s = %s, want %s", x.delay, x.to, got, x.want)
		}
	}
}

func TestF178Recurrence(t *testing.T) {
	c := calendar(t, CalendarSpec{})
	closed := calendar(t, CalendarSpec{Closures: []Date{"2026-09-07", "2026-09-08"}})
	for _, x := range []struct {
		name, cron, after, want string
		cal                     Calendar
	}{
		{"a weekday stays", "0 8 5 * *", "2026-10-01T00:00:00Z", "2026-10-05T06:00:00Z", c},
		{"a Saturday moves to Monday", "0 8 5 * *", "2026-09-01T00:00:00Z", "2026-09-07T06:00:00Z", c},
		{"asked on the Sunday between", "0 8 5 * *", "2026-09-06T12:00:00Z", "2026-09-07T06:00:00Z", c},
		{"asked on the Monday, earlier", "0 8 5 * *", "2026-09-07T05:59:59.999999Z", "2026-09-07T06:00:00Z", c},
		{"asked at the instant itself", "0 8 5 * *", "2026-09-07T06:00:00Z", "2026-10-05T06:00:00Z", c},
		{"Easter Sunday moves to Tuesday", "0 8 5 * *", "2026-04-01T00:00:00Z", "2026-04-07T06:00:00Z", c},
		{"winter time", "0 8 5 * *", "2026-11-06T00:00:00Z", "2026-12-07T07:00:00Z", c},
		{"closures", "0 8 5 * *", "2026-09-01T00:00:00Z", "2026-09-09T06:00:00Z", closed},
		{"asked within closures", "0 8 5 * *", "2026-09-08T12:00:00Z", "2026-09-09T06:00:00Z", closed},
		{"a time skipped in spring is not lost", "30 2 28 3 *", "2027-03-01T00:00:00Z", "2027-03-30T00:30:00Z", c},
		{"a time met twice is met once", "30 2 25 10 *", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", c},
		{"several merge in their order", "0 8,18 * * 6,0", "2026-09-04T12:00:00Z", "2026-09-07T06:00:00Z", c},
		{"each of them", "0 8,18 * * 6,0", "2026-09-07T06:00:00Z", "2026-09-07T16:00:00Z", c},
		{"last month of the year", "0 8 1 1 *", "2026-06-01T00:00:00Z", "2027-01-04T07:00:00Z", c},
	} {
		t.Run(x.name, func(t *testing.T) {
			got, err := x.cal.NextRecurrence(x.cron, instant(x.after))
			if err != nil || got != instant(x.want) {
				t.Errorf("got %s, %v, want %s", got, err, x.want)
			}
		})
	}
	for _, bad := range []string{"", "0 8 5 *", "0 0 8 5 * *", "@monthly", "@every 1h", "TZ=UTC 0 8 5 * *",
		"CRON_TZ=UTC 0 8 5 * *", "0 8 32 * *", "0 8 30 2 *", "0 24 * * *", "x 8 5 * *", "TZ=", "0 8 ? * *"} {
		if _, err := c.NextRecurrence(bad, instant("2026-01-01T00:00:00Z")); ErrorCode(err) != CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
		if err := ParseRecurrence(bad); ErrorCode(err) != CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestPayDay(t *testing.T) {
	c := calendar(t, CalendarSpec{Closures: []Date{"2026-11-10"}})
	for due, want := range map[Date]Date{
		"2026-06-10": "2026-06-10", // an ordinary Wednesday
		"2026-06-14": "2026-06-12", // Sunday
		"2026-04-06": "2026-04-02", // Easter Monday: over the weekend and TARGET's Good Friday
		"2026-04-03": "2026-04-02", // Good Friday: banks only
		"2026-05-14": "2026-05-13", // Ascension: France only
		"2026-11-11": "2026-11-10", // the agency's closure does not stop banks
		"2025-12-26": "2025-12-24",
		"2027-01-03": "2026-12-31",
	} {
		if got := c.PayDay(due); got != want {
			t.Errorf("due %s: paid %s, want %s", due, got, want)
		}
	}
}

func TestMailTime(t *testing.T) {
	c := calendar(t, CalendarSpec{})
	hours, _ := ParseMailHours("08:00-19:00")
	for _, x := range []struct{ at, want string }{
		{"2026-11-23T10:00:00.000001Z", "2026-11-23T10:00:00.000001Z"},
		{"2026-11-23T06:59:59.999999Z", "2026-11-23T07:00:00Z"},
		{"2026-11-23T07:00:00Z", "2026-11-23T07:00:00Z"},
		{"2026-11-23T17:59:59.999999Z", "2026-11-23T17:59:59.999999Z"},
		{"2026-11-23T18:00:00Z", "2026-11-24T07:00:00Z"},
		{"2026-11-21T10:00:00Z", "2026-11-23T07:00:00Z"}, // Saturday
		{"2026-11-20T20:00:00Z", "2026-11-23T07:00:00Z"}, // Friday night
		{"2026-12-24T20:00:00Z", "2026-12-28T07:00:00Z"}, // Christmas, then a weekend
		{"2026-03-27T20:00:00Z", "2026-03-30T06:00:00Z"}, // over the change to summer time
		{"2026-11-22T23:30:00Z", "2026-11-23T07:00:00Z"}, // already Monday in Paris
	} {
		if got := c.MailTime(instant(x.at), hours); got != instant(x.want) {
			t.Errorf("%s: got %s, want %s", x.at, got, x.want)
		}
	}
	if at := instant("2026-11-22T10:00:00Z"); c.MailTime(at, MailHours{}) != at {
		t.Error("without mail hours a mail waits")
	}
}

func TestDatesAndMonths(t *testing.T) {
	for _, bad := range []string{"2026-02-29", "2026-2-3", "2026-13-01", "20260203", "2026-02-03T00:00:00Z", "x"} {
		if _, err := ParseDate(bad); ErrorCode(err) != CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
		var d Date
		if json.Unmarshal([]byte(`"`+bad+`"`), &d) == nil {
			t.Errorf("%q read from JSON", bad)
		}
	}
	if _, err := ParseMonth("2026-00"); err == nil {
		t.Error("month 0")
	}
	d := Date("2026-11-30")
	if d.Weekday() != time.Monday || d.Year() != 2026 || d.Month() != "2026-11" || d.Day() != 30 || d.AddDays(1) != "2026-12-01" ||
		d.DaysUntil("2027-01-01") != 32 || d.DaysUntil("2026-11-01") != -29 || !Date("").IsZero() {
		t.Error("date helpers")
	}
	m := Month("2026-12")
	if m.Next() != "2027-01" || m.Previous() != "2026-11" || m.First() != "2026-12-01" || m.Last() != "2026-12-31" || Month("2028-02").Last() != "2028-02-29" {
		t.Error("month helpers")
	}
	c := calendar(t, CalendarSpec{})
	if late := instant("2026-11-30T23:30:00Z"); c.DateOf(late) != "2026-12-01" || c.MonthOf(late) != "2026-12" {
		t.Error("the date at an instant is Paris's")
	}
	if got := d.At(24, 0, c.Location()); got != instant("2026-11-30T23:00:00Z") {
		t.Errorf("24:00 is %s", got)
	}
	if c.AddDays(d, 2) != "2026-12-02" || c.NextBusinessDay("2026-11-28") != d || c.NextBusinessDay(d) != d || c.IsBusinessDay("2026-11-28") {
		t.Error("business days")
	}
}

func TestDelayText(t *testing.T) {
	for _, s := range []string{"72h", "7d", "3bd", "3bd@18:00", "7d@00:00", "off"} {
		d, err := ParseDelay(s)
		data, _ := json.Marshal(d)
		var back Delay
		if err != nil || d.String() != s || string(data) != `"`+s+`"` || json.Unmarshal(data, &back) != nil || back != d {
			t.Errorf("%s: %+v, %v, %s, %+v", s, d, err, data, back)
		}
	}
	if !MustDelay("off").IsOff() || MustDelay("1h").IsOff() {
		t.Error("off")
	}
	for _, bad := range []string{"", "0d", "-1d", "07d", "7", "d", "7w", "7 d", "1.5d", "72h@18:00", "3bd@24:00", "3bd@8:00",
		"3bd@", "3BD", "100000d", "3bd@18:00 ", "none"} {
		if _, err := ParseDelay(bad); ErrorCode(err) != CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, bad := range []string{"", "8-19", "19:00-08:00", "08:00-08:00", "08:00", "08:00-19:00-20:00"} {
		if _, err := ParseMailHours(bad); ErrorCode(err) != CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, spec := range []CalendarSpec{{Zone: "Europe/Nowhere"}, {Zone: "Local"}, {Region: "bretagne"}, {Closures: []Date{"2026-02-30"}}} {
		if _, err := NewCalendar(spec); ErrorCode(err) != CodeInvalid {
			t.Errorf("%+v: %v", spec, err)
		}
	}
}

func TestCalendarProperties(t *testing.T) {
	first := Date("2020-01-01")
	rapid.Check(t, func(t *rapid.T) {
		date := func(name string) Date { return first.AddDays(rapid.IntRange(0, 9000).Draw(t, name)) }
		spec := CalendarSpec{Region: rapid.SampledFrom([]string{RegionNational, RegionAlsaceMoselle}).Draw(t, "region")}
		for range rapid.IntRange(0, 5).Draw(t, "closures") {
			spec.Closures = append(spec.Closures, date("closure"))
		}
		c := calendar(t, spec)
		d, n := date("date"), rapid.IntRange(1, 60).Draw(t, "n")

		// Counting what was added gives it back, and going back over it too.
		later := c.AddBusinessDays(d, n)
		if !c.IsBusinessDay(later) || c.BusinessDaysBetween(d, later) != n {
			t.Fatalf("%s + %dbd = %s", d, n, later)
		}
		if start := c.NextBusinessDay(d); c.AddBusinessDays(c.AddBusinessDays(start, n), -n) != start {
			t.Fatalf("%s and back", start)
		}
		if p := c.PayDay(d); p > d || !c.IsBankDay(p) || p.DaysUntil(d) > 5 {
			t.Fatalf("due %s, paid %s", d, p)
		}

		// A day ends a microsecond before the next begins, and lasts 24 hours but for the two changes.
		start, end := c.At(d, 0, 0), c.EndOf(d)
		if c.DateOf(start) != d || c.DateOf(end) != d || c.DateOf(start.Add(-time.Microsecond)) != d.AddDays(-1) || c.DateOf(end.Add(time.Microsecond)) != d.AddDays(1) {
			t.Fatalf("%s is from %s to %s", d, start, end)
		}
		change := d.Weekday() == time.Sunday && d.Day() > 24
		hours := 24 * time.Hour
		if change && d[5:7] == "03" {
			hours = 23 * time.Hour
		} else if change && d[5:7] == "10" {
			hours = 25 * time.Hour
		}
		if end.Add(time.Microsecond).Sub(start) != hours {
			t.Fatalf("%s lasts %s", d, end.Sub(start))
		}

		// Delays are monotonic in their start and in their length, and never in the past.
		a := start.Add(time.Duration(rapid.Int64Range(0, 86_399_999_999).Draw(t, "µs")) * time.Microsecond)
		b := a.Add(time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "later")) * time.Microsecond)
		delay := Delay{N: n, Unit: rapid.SampledFrom([]DelayUnit{DelayHours, DelayDays, DelayBusinessDays}).Draw(t, "unit")}
		if delay.Unit != DelayHours && rapid.Bool().Draw(t, "at a time") {
			delay.At = TimeOfDay(time.Date(0, 1, 1, 0, rapid.IntRange(0, 1439).Draw(t, "time"), 0, 0, time.UTC).Format("15:04"))
		}
		longer := delay
		longer.N++
		if due := c.Add(a, delay); !due.After(a) || c.Add(b, delay).Before(due) || !c.Add(a, longer).After(due) {
			t.Fatalf("%s + %s = %s", a, delay, due)
		}

		// A mail leaves within hours, and nothing makes it wait twice.
		mail := MailHours{Open: "08:00", Close: "19:00"}
		if out := c.MailTime(a, mail); out.Before(a) || c.MailTime(out, mail) != out || !c.IsBusinessDay(c.DateOf(out)) {
			t.Fatalf("mail of %s leaves at %s", a, out)
		}

		// A monthly date is on the first business day from its own, once a month.
		day := rapid.IntRange(1, 28).Draw(t, "day of month")
		next, err := c.NextRecurrence("0 8 "+NewDate(2026, 1, day).utc().Format("2")+" * *", a)
		if err != nil || !next.After(a) {
			t.Fatalf("after %s: %s, %v", a, next, err)
		}
		want := time.Time{}
		for m := d.Month().Previous(); !want.After(a); m = m.Next() {
			want = c.At(c.NextBusinessDay(m.First().AddDays(day-1)), 8, 0)
		}
		if next != want {
			t.Fatalf("after %s: %s, want %s", a, next, want)
		}
	})
}
