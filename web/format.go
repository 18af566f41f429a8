package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"jalon/models"
)

// Zone is where dates and times are shown: people of the agency live there.
var Zone = mustZone(models.DefaultZone)

var (
	daysFR   = []string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}
	monthsFR = []string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
		"novembre", "décembre"}
)

// DateTime is an instant in words, Paris time: « lundi 30 novembre 2026 à 14 h 00 ».
func DateTime(lang models.Lang, t time.Time) string {
	t = t.In(Zone)
	day := Day(lang, models.Date(t.Format(time.DateOnly)))
	if lang == models.English {
		return day + " at\u00a0" + Hour(lang, t)
	}
	return day + " à\u00a0" + Hour(lang, t)
}

// Day is a date in words: « lundi 30 novembre 2026 ».
func Day(lang models.Lang, d models.Date) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return string(d)
	}
	if lang == models.English {
		return t.Format("Monday 2 January 2006")
	}
	number := strconv.Itoa(t.Day())
	if t.Day() == 1 {
		number = "1er"
	}
	return fmt.Sprintf("%s %s %s %d", daysFR[t.Weekday()], number, monthsFR[t.Month()-1], t.Year())
}

// ShortDay is a date without its day of the week: « 30 novembre 2026 ».
func ShortDay(lang models.Lang, d models.Date) string {
	_, rest, _ := strings.Cut(Day(lang, d), " ")
	return rest
}

// MonthName is a month in words: « novembre 2026 ».
func MonthName(lang models.Lang, m models.Month) string {
	t, err := time.Parse("2006-01", string(m))
	if err != nil {
		return string(m)
	}
	if lang == models.English {
		return t.Format("January 2006")
	}
	return fmt.Sprintf("%s %d", monthsFR[t.Month()-1], t.Year())
}

// Hour is the time of day in Paris: « 14 h 00 ».
func Hour(lang models.Lang, t time.Time) string {
	t = t.In(Zone)
	if lang == models.English {
		return t.Format("15:04")
	}
	return fmt.Sprintf("%d\u00a0h\u00a0%02d", t.Hour(), t.Minute())
}

var (
	shortDaysFR   = []string{"dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."}
	shortMonthsFR = []string{"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."}
)

// When is an instant as dense lists show it, seen from now: « aujourd’hui, 14 h 00 », « lun. 30 nov. ». The last minute
// of a day is that day; the year is told if it is another one.
func When(lang models.Lang, t, now time.Time) string {
	t, now = t.In(Zone), now.In(Zone)
	var day string
	today := models.Date(now.Format(time.DateOnly))
	switch models.Date(t.Format(time.DateOnly)) {
	case today.AddDays(-1):
		day = T(lang, "when.yesterday")
	case today:
		day = T(lang, "when.today")
	case today.AddDays(1):
		day = T(lang, "when.tomorrow")
	default:
		day = t.Format("Mon 2 Jan")
		if lang != models.English {
			number := strconv.Itoa(t.Day())
			if t.Day() == 1 {
				number = "1er"
			}
			day = shortDaysFR[t.Weekday()] + "\u00a0" + number + "\u00a0" + shortMonthsFR[t.Month()-1]
		}
		if t.Year() != now.Year() {
			day += " " + strconv.Itoa(t.Year())
		}
	}
	if t.Hour() == 23 && t.Minute() == 59 {
		return day
	}
	return day + ", " + Hour(lang, t)
}

// Money is an amount in euros.
func Money(lang models.Lang, c models.Cents) string {
	if lang == models.English {
		return c.FormatEN()
	}
	return c.FormatFR()
}

// Quantity is a number of hundredths with its unit: « 1,5 jour », "1.5 days".
func Quantity(lang models.Lang, hundredths int64, unit models.Unit) string {
	n := strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%d.%02d", hundredths/100, hundredths%100), "0"), ".")
	if lang == models.French {
		n = strings.Replace(n, ".", ",", 1)
	}
	return n + "\u00a0" + T(lang, "count."+string(unit), "count", pluralOf(hundredths, lang))
}

// pluralOf is a whole number that takes the same plural: French counts 1.5 as one, English as many.
func pluralOf(hundredths int64, lang models.Lang) int {
	if hundredths%100 == 0 || lang == models.French {
		return int(hundredths / 100)
	}
	return 2
}

func mustZone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return loc
}
