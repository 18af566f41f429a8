package web

import (
	"net/url"
	"slices"
	"time"

	"jalon/models"
)

// Page is what every template is given.
type Page struct {
	Lang     models.Lang
	Path     string      // of the request, without its query
	Chosen   bool        // the language was asked for in the query and goes on in forms
	Switch   string      // address of the same page in the other language
	Personal bool        // behind a link given to one person
	Wide     bool        // a board rather than a letter
	Title    string      // the one h1, in the person's words
	State    string      // form, done, recorded, waiting, closed: for machines
	Code     models.Code // stable code of a refusal
	Contact  string      // the team's address, empty if not set
	Faults   []Fault
	Values   url.Values // what was typed
	Console  *Console   // the frame of staff's pages; nil on all others
	Data     any
}

// Console is what frames every page of the staff console.
type Console struct {
	User  string // name of who is signed in
	Nav   []NavItem
	Flash string // what was just done, said once
}

// NavItem is an entry of the console's menu.
type NavItem struct {
	Href, Label string
	Current     bool
}

// Fault is one thing to correct. Field is the name of the input, empty when none is concerned.
type Fault struct {
	Field   string
	Message string
}

// Pages are the links under a long list.
type Pages struct{ Label, First, FirstLabel, Next, NextLabel string }

// T is a sentence in the page's language.
func (p *Page) T(key string, pairs ...any) string { return T(p.Lang, key, pairs...) }

// DateTime, Day, Time, Money, Unit and Quantity are the figures of the page in words.
func (p *Page) DateTime(t time.Time) string { return DateTime(p.Lang, t) }

// Day is a date in words.
func (p *Page) Day(d models.Date) string { return Day(p.Lang, d) }

// Hour is the time of day in Paris.
func (p *Page) Hour(t time.Time) string { return Hour(p.Lang, t) }

// Money is an amount.
func (p *Page) Money(c models.Cents) string { return Money(p.Lang, c) }

// Value is what was typed in a field.
func (p *Page) Value(name string) string { return p.Values.Get(name) }

// Ticked tells whether a field was given this value.
func (p *Page) Ticked(name, value string) bool { return slices.Contains(p.Values[name], value) }

// Wrong is what is wrong with a field, empty if nothing.
func (p *Page) Wrong(name string) string {
	for _, f := range p.Faults {
		if f.Field == name {
			return f.Message
		}
	}
	return ""
}

// Action is where the forms of the page go: the page itself, in the language chosen.
func (p *Page) Action() string {
	if p.Chosen {
		return p.Path + "?lang=" + string(p.Lang)
	}
	return p.Path
}

// Other is the other language.
func (p *Page) Other() models.Lang {
	if p.Lang == models.English {
		return models.French
	}
	return models.English
}

// Field is one input with its label, hint and fault; templates draw it.
type Field struct {
	Name, ID, Label, Hint, Wrong, Value, Type, Mode, Auto, Optional, Min, Class string
	Required                                                                    bool
	Max                                                                         int
	Rows                                                                        int
}

// Described are the IDs of what explains the input.
func (f Field) Described() string {
	var out string
	if f.Hint != "" {
		out = f.ID + "-hint"
	}
	if f.Wrong != "" {
		out += " " + f.ID + "-wrong"
	}
	return out
}

// Input is the field called name, labelled by the message prefix.name, with its hint prefix.name_hint if there is one.
// It is required unless optional is among the options, which are pairs otherwise: type, mode, auto, min, class.
func (p *Page) Input(prefix, name string, options ...string) Field {
	f := Field{Name: name, ID: "f-" + name, Label: p.T(prefix + "." + name), Wrong: p.Wrong(name), Value: p.Value(name),
		Type: "text", Required: true, Max: MaxLine}
	if hint := prefix + "." + name + "_hint"; Has(hint) {
		f.Hint = p.T(hint)
	}
	for i := 0; i < len(options); i++ {
		if options[i] == "optional" {
			f.Required, f.Optional = false, p.T("form.optional")
			continue
		}
		if i+1 == len(options) {
			break
		}
		switch i++; options[i-1] {
		case "type":
			f.Type = options[i]
		case "mode":
			f.Mode = options[i]
		case "auto":
			f.Auto = options[i]
		case "min":
			f.Min = options[i]
		case "class":
			f.Class = options[i]
		case "label":
			f.Label = options[i]
		}
	}
	return f
}

// Text is Input for a text of several lines.
func (p *Page) Text(prefix, name string, options ...string) Field {
	f := p.Input(prefix, name, options...)
	f.Max, f.Rows = MaxText, 4
	if f.Class == "tall" {
		f.Max, f.Rows = MaxPart, 8
	}
	return f
}

// Limits of what is typed, in characters.
const (
	MaxLine = 200
	MaxText = 2000
	MaxPart = 20000
)
