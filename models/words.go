package models

import (
	"strconv"
	"strings"
	"time"
)

// What people read, in mails, documents and pages alike. Hours are those of Paris; French has no-break spaces where a
// line must not break.

const nbsp = "\u00a0"

var (
	frenchDays    = [...]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}
	frenchMonths  = [...]string{"", "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}
	frenchModes   = map[Mode]string{ModeClient: "Sur site, chez le client", ModeCentre: "Dans un centre de formation", ModeRemote: "À distance", ModeMixed: "En partie à distance"}
	englishModes  = map[Mode]string{ModeClient: "On the client's premises", ModeCentre: "In a training centre", ModeRemote: "Remote", ModeMixed: "Partly remote"}
	frenchUnits   = map[Unit]string{UnitHour: "heure", UnitHalfDay: "demi-journée", UnitDay: "jour", UnitFlat: "forfait"}
	englishUnits  = map[Unit]string{UnitHour: "hour", UnitHalfDay: "half-day", UnitDay: "day", UnitFlat: "flat fee"}
	frenchLevels  = map[string]string{"beginner": "débutant", "intermediate": "intermédiaire", "expert": "expert"}
	englishLevels = map[string]string{"beginner": "beginner", "intermediate": "intermediate", "expert": "expert"}
)

// Day is a date in words: « lundi 7 décembre 2026 », Monday 7 December 2026; empty for none.
func (l Lang) Day(d Date) string {
	if d.IsZero() {
		return ""
	}
	t := d.utc()
	if l == English {
		return t.Format("Monday 2 January 2006")
	}
	return frenchDays[t.Weekday()] + nbsp + frenchDate(t)
}

// ShortDay is a date without its weekday: « 7 décembre 2026 », 7 December 2026; empty for none.
func (l Lang) ShortDay(d Date) string {
	if d.IsZero() {
		return ""
	}
	if l == English {
		return d.utc().Format("2 January 2006")
	}
	return frenchDate(d.utc())
}

func frenchDate(t time.Time) string {
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 {
		day = "1er"
	}
	return day + nbsp + frenchMonths[t.Month()] + " " + strconv.Itoa(t.Year())
}

// MonthName is a month in words: « novembre 2026 », November 2026; empty for none.
func (l Lang) MonthName(m Month) string {
	t, err := time.Parse("2006-01", string(m))
	if err != nil {
		return ""
	}
	if l == English {
		return t.Format("January 2006")
	}
	return frenchMonths[t.Month()] + " " + strconv.Itoa(t.Year())
}

// Hour is the time of day in Paris: « 9 h », « 18 h 30 », 18:30.
func (l Lang) Hour(t time.Time) string {
	t = t.In(paris)
	if l == English {
		return t.Format("15:04")
	}
	s := strconv.Itoa(t.Hour()) + nbsp + "h"
	if t.Minute() != 0 {
		s += nbsp + t.Format("04")
	}
	return s
}

// Moment is an instant in words: « lundi 7 décembre 2026 à 18 h », Monday 7 December 2026 at 18:00.
func (l Lang) Moment(t time.Time) string {
	at := " à "
	if l == English {
		at = " at "
	}
	return l.Day(ParisDate(t)) + at + l.Hour(t)
}

// ParisDate is the date in Paris at an instant.
func ParisDate(t time.Time) Date { return Date(t.In(paris).Format(time.DateOnly)) }

// Times are half-days in words, one line a day: « lundi 7 décembre 2026, de 9 h à 12 h 30 et de 14 h à 17 h 30 ».
func (l Lang) Times(halfDays []HalfDay) []string {
	var out []string
	var last Date
	for _, h := range halfDays {
		span := "de " + l.Hour(h.Start) + " à " + l.Hour(h.End)
		and := " et "
		if l == English {
			span, and = l.Hour(h.Start)+" to "+l.Hour(h.End), " and "
		}
		if d := ParisDate(h.Start); d == last {
			out[len(out)-1] += and + span
		} else {
			out, last = append(out, l.Day(d)+", "+span), d
		}
	}
	return out
}

// HalfDaysName is a volume in words: « 3 jours (6 demi-journées) »; empty for none.
func (l Lang) HalfDaysName(n int) string {
	if n <= 0 {
		return ""
	}
	half, day := "demi-journée", "jour"
	if l == English {
		half, day = "half-day", "day"
	}
	plural := func(n int, word string) string {
		s := strconv.Itoa(n) + nbsp + word
		if n > 1 {
			s += "s"
		}
		return s
	}
	if n%2 != 0 {
		return plural(n, half)
	}
	return plural(n/2, day) + " (" + plural(n, half) + ")"
}

// Minutes is a duration in words: « 3 h 30 », 3 h 30 min.
func (l Lang) Minutes(n int64) string {
	s := strconv.FormatInt(n/60, 10) + nbsp + "h"
	if n%60 == 0 {
		return s
	}
	rest := strconv.FormatInt(n%60, 10)
	if len(rest) == 1 {
		rest = "0" + rest
	}
	s += nbsp + rest
	if l == English {
		s += nbsp + "min"
	}
	return s
}

// Euros is an amount as the language writes it.
func (l Lang) Euros(c Cents) string {
	if l == English {
		return c.FormatEN()
	}
	return c.FormatFR()
}

// Quantity is a volume in hundredths: « 1,5 », 1.5.
func (l Lang) Quantity(hundredths int64) string {
	mark := ","
	if l == English {
		mark = "."
	}
	return strings.TrimSuffix(strings.TrimRight(Cents(hundredths).Plain(mark), "0"), mark)
}

// RateName is a rate in words: « 450,00 € par jour », « 1 200,00 € au forfait »; empty for no unit.
func (l Lang) RateName(c Cents, u Unit) string {
	switch {
	case !u.Valid():
		return ""
	case u == UnitFlat && l == English:
		return l.Euros(c) + " flat"
	case u == UnitFlat:
		return l.Euros(c) + " au forfait"
	case l == English:
		return l.Euros(c) + " per " + l.UnitName(u)
	}
	return l.Euros(c) + " par " + l.UnitName(u)
}

// ModeName is the name of a delivery mode; empty for an unknown one.
func (l Lang) ModeName(m Mode) string {
	if l == English {
		return englishModes[m]
	}
	return frenchModes[m]
}

// UnitName is the name of one unit.
func (l Lang) UnitName(u Unit) string {
	if l == English {
		return englishUnits[u]
	}
	return frenchUnits[u]
}

// LevelName is the name of a level of trainees.
func (l Lang) LevelName(level string) string {
	if l == English {
		return englishLevels[level]
	}
	return frenchLevels[level]
}
