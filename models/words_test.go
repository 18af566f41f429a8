package models

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestWordsForPeople(t *testing.T) {
	at := time.Date(2026, 12, 7, 17, 0, 0, 0, time.UTC)
	day := func(h, m int) time.Time { return NewDate(2026, 12, 1).At(h, m, paris) }
	half := []HalfDay{{day(9, 0), day(12, 30)}, {day(14, 0), day(17, 30)}}
	for _, c := range []struct{ got, want string }{
		{French.Moment(at), "lundi\u00a07\u00a0décembre 2026 à 18\u00a0h"},
		{English.Moment(at), "Monday 7 December 2026 at 18:00"},
		{French.Day("2026-12-01"), "mardi\u00a01er\u00a0décembre 2026"},
		{French.Day(""), ""},
		{French.MonthName("2026-08"), "août 2026"},
		{English.MonthName("2026-08"), "August 2026"},
		{French.HalfDaysName(6), "3\u00a0jours (6\u00a0demi-journées)"},
		{French.HalfDaysName(1), "1\u00a0demi-journée"},
		{English.HalfDaysName(5), "5\u00a0half-days"},
		{French.Minutes(420), "7\u00a0h"},
		{French.Minutes(65), "1\u00a0h\u00a005"},
		{French.Quantity(150), "1,5"},
		{English.Quantity(1225), "12.25"},
		{French.RateName(45000, UnitDay), "450,00\u00a0€ par jour"},
		{English.RateName(120000, UnitFlat), "€1,200.00 flat"},
		{French.Times(half)[0], "mardi\u00a01er\u00a0décembre 2026, de 9\u00a0h à 12\u00a0h\u00a030 et de 14\u00a0h à 17\u00a0h\u00a030"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	if got := English.Times(half); !slices.Equal(got, []string{"Tuesday 1 December 2026, 09:00 to 12:30 and 14:00 to 17:30"}) {
		t.Errorf("English times: %q", got)
	}
}

// TestEveryNameIsKnown finds stages, roles and kinds of deadline that nobody named in both languages.
func TestEveryNameIsKnown(t *testing.T) {
	named := map[string]func(Lang, string) string{
		"Stage":    func(l Lang, s string) string { return l.StageName(Stage(s)) },
		"Role":     func(l Lang, s string) string { return l.RoleName(Role(s)) },
		"Deadline": func(l Lang, s string) string { return l.Awaited(DeadlineKind(s)) },
	}
	for _, file := range []string{"request.go", "person.go", "deadline.go"} {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			value, ok := spec.Values[0].(*ast.BasicLit)
			if !ok || value.Kind != token.STRING {
				return true
			}
			raw, _ := strconv.Unquote(value.Value)
			for prefix, name := range named {
				if !strings.HasPrefix(spec.Names[0].Name, prefix) {
					continue
				}
				for _, l := range []Lang{French, English} {
					// Audit is called audit in both languages: a name differs from the key by its capital at least.
					if got := name(l, raw); got == raw && prefix != "Role" || got == "" {
						t.Errorf("%s has no name in %s", spec.Names[0].Name, l)
					}
				}
			}
			return true
		})
	}
	for _, l := range []Lang{French, English} {
		if l.Otherwise("x") == "" || l.Otherwise(DeadlineSilence) == l.Otherwise("x") {
			t.Errorf("consequences in %s", l)
		}
	}
}
