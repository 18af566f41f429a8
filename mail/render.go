package mail

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode"

	"jalon/models"
)

// A template is one file of structured parts, so that the text and the HTML of a mail never say different things:
//
//	Subject: what it is about
//
//	A paragraph, over one line or several.
//
//	= Label: a fact          a row is left out when it says nothing; line ends make several lines
//	@mission                 the rows of _mission.txt
//
//	" the free text of somebody, quoted
//
//	> answer: what the button of the link with that purpose says
//	>? positioning: the same, for a link that is not always there
//
// Each part is a text/template of its own: what people typed cannot make new parts. A part that says nothing is left
// out. A link of the message that no button names gets one at the end.

//go:embed all:templates
var files embed.FS

// Data is what a template may say. A template that needs something that is not set fails.
type Data struct {
	Recipient  string
	Agency     string
	Dossier    string
	Title      string
	Mode       models.Mode
	Place      string // address or room; never filled for those who may not know the client yet
	Department string
	Level      string
	HalfDays   int
	GroupSize  int
	WantedFrom models.Date
	Upskilling bool
	Assigned   bool // the trainer was named for the mission, without having been asked
	Searched   bool // trainers were asked already, or are being asked

	Trainer      string
	TrainerPhone string
	Client       string
	Contact      string
	ContactPhone string
	ContactEmail string
	Participant  string
	Owner        string // of the dossier, in mails to staff
	Instead      bool   // the reader stands in for the owner

	Sessions []Session   // planned ones
	Session  *Session    // the one the message is about
	Slots    []time.Time // offered for the audit
	At       time.Time   // of the audit
	Due      time.Time   // until when an answer is awaited
	Awaited  time.Time   // until when it was awaited, once that is past

	Amount *models.Cents
	Rate   string
	Month  models.Month
	Number string // of an invoice
	PayOn  models.Date
	PaidOn models.Date

	Late      bool // PayOn is past when the mail leaves
	NoAccount bool // of who is to be paid
	NoCompany bool

	Note    string // free text of somebody
	Alert   string // key of an alert
	Reason  string // key of a reason
	Subject string // reference of what an alert is about
	Links   []Link

	Undelivered Undelivered // what an alert says reached nobody

	Corrected   bool // the statement replaces one that was contested; Note says why
	BilledApart bool // lines that were not contested are billed apart

	Individual bool // the client pays alone, and signs a contract rather than a convention
	Enclosed   bool // documents drawn for this mail come with it
}

// Session is a session as mails tell it.
type Session struct {
	Number   int
	HalfDays []models.HalfDay
	Place    string
}

// Undelivered are the first mails that reached nobody, and how many more did.
type Undelivered struct {
	Mails []UndeliveredMail
	More  int
}

// UndeliveredMail is one of them; its subject is empty where nobody knows it any more.
type UndeliveredMail struct {
	Recipient, Subject string
	At                 time.Time
}

// Link is a link of a mail. An address without a purpose that a template knows still gets a button.
type Link struct {
	Purpose models.Purpose
	URL     string
}

// LinkConsole is the purpose of the address where staff see a dossier; it needs signing in, so it holds no token.
const LinkConsole models.Purpose = "console"

// Languages are those every template exists in.
var Languages = []models.Lang{models.French, models.English}

type partKind int

const (
	paragraph partKind = iota
	fact
	quote
	button
)

type part struct {
	kind     partKind
	label    string // of a fact or a button
	purpose  models.Purpose
	optional bool
	body     *template.Template
}

type words struct {
	templates map[string][]part // the first part is the subject
	sources   map[string]string // of all parts of a template
	alerts    map[string]string
	reasons   map[string]string
	buttons   map[string]string // by purpose, for links no button names
	phrases   map[string]string
}

var vocabulary = load()

func load() map[models.Lang]words {
	out := map[models.Lang]words{}
	for _, lang := range Languages {
		dir := "templates/" + string(lang)
		w := words{templates: map[string][]part{}, sources: map[string]string{}, alerts: table(lang, dir+"/_alerts.txt"),
			reasons: table(lang, dir+"/_reasons.txt"), buttons: table(lang, dir+"/_buttons.txt"),
			phrases: table(lang, dir+"/_phrases.txt")}
		names, err := fs.Glob(files, dir+"/*.txt")
		if err != nil {
			panic(err)
		}
		for _, name := range names {
			base := strings.TrimSuffix(strings.TrimPrefix(name, dir+"/"), ".txt")
			if strings.HasPrefix(base, "_") {
				continue
			}
			parts, err := parse(lang, dir, name, w)
			if err != nil {
				panic(fmt.Sprintf("mail template %s: %v", name, err)) // embedded: a test renders every one
			}
			w.templates[base] = parts
			for _, p := range parts {
				w.sources[base] += p.body.Root.String()
			}
		}
		out[lang] = w
	}
	return out
}

func read(lang models.Lang, name string) string {
	data, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	s := string(data)
	if lang == models.French {
		// Typed with plain spaces, shown with those that no line may break.
		s = models.FrenchSpaces.Replace(s)
	}
	return s
}

// table reads lines such as "key: sentence".
func table(lang models.Lang, name string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(read(lang, name)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			out[key] = value
		}
	}
	return out
}

func parse(lang models.Lang, dir, name string, w words) ([]part, error) {
	text := read(lang, name)
	head, body, _ := strings.Cut(text, "\n")
	subject, ok := strings.CutPrefix(head, "Subject: ")
	if !ok {
		return nil, errors.New("the first line is not a subject")
	}
	var parts []part
	add := func(p part, body string) error {
		t, err := template.New(name).Funcs(functions(lang, w)).Parse(strings.TrimSpace(body))
		p.body = t
		parts = append(parts, p)
		return err
	}
	err := add(part{}, subject)
	for _, block := range strings.Split(body, "\n\n") {
		var lines, prose []string
		for line := range strings.Lines(strings.TrimSpace(block)) {
			line = strings.TrimSpace(line)
			if macro, ok := strings.CutPrefix(line, "@"); ok {
				lines = append(lines, strings.Split(strings.TrimSpace(read(lang, dir+"/_"+macro+".txt")), "\n")...)
			} else {
				lines = append(lines, line)
			}
		}
		for _, line := range lines {
			if rest, ok := strings.CutPrefix(line, "= "); ok {
				label, value, _ := strings.Cut(rest, ": ")
				err = errors.Join(err, add(part{kind: fact, label: label}, value))
			} else if rest, ok := strings.CutPrefix(line, `" `); ok {
				err = errors.Join(err, add(part{kind: quote}, rest))
			} else if rest, ok := strings.CutPrefix(line, ">"); ok {
				rest, optional := strings.CutPrefix(rest, "?")
				purpose, label, _ := strings.Cut(strings.TrimSpace(rest), ": ")
				err = errors.Join(err, add(part{kind: button, purpose: models.Purpose(purpose), optional: optional}, label))
			} else if line != "" {
				prose = append(prose, line)
			}
		}
		if len(prose) > 0 {
			err = errors.Join(err, add(part{kind: paragraph}, strings.Join(prose, " ")))
		}
	}
	return parts, err
}

// functions are the words a template can ask for; what it needs and does not get is an error.
func functions(lang models.Lang, w words) template.FuncMap {
	return template.FuncMap{
		"set": func(t time.Time) bool { return !t.IsZero() },
		"need": func(name, s string) (string, error) {
			if s == "" {
				return "", fmt.Errorf("%s is not set", name)
			}
			return s, nil
		},
		"moment": func(t time.Time) (string, error) {
			if t.IsZero() {
				return "", errors.New("a moment is not set")
			}
			return lang.Moment(t), nil
		},
		"moments": func(ts []time.Time) string {
			out := make([]string, len(ts))
			for i, t := range ts {
				out[i] = lang.Moment(t)
			}
			return strings.Join(out, "\n")
		},
		"day": func(d models.Date) (string, error) {
			if d.IsZero() {
				return "", errors.New("a date is not set")
			}
			return lang.Day(d), nil
		},
		"month": func(m models.Month) (string, error) {
			if s := lang.MonthName(m); s != "" {
				return s, nil
			}
			return "", errors.New("a month is not set")
		},
		"euros": func(c *models.Cents) (string, error) {
			if c == nil {
				return "", errors.New("an amount is not set")
			}
			return lang.Euros(*c), nil
		},
		"halfdays": lang.HalfDaysName,
		"level":    lang.LevelName,
		"place": func(d Data, s *Session) string {
			out := []string{lang.ModeName(d.Mode)}
			if s != nil && s.Place != "" {
				out = append(out, s.Place)
			} else if d.Place != "" {
				out = append(out, d.Place)
			}
			return strings.Join(slices.DeleteFunc(out, func(s string) bool { return s == "" }), " – ")
		},
		"start": func(s *Session) (string, error) {
			if s == nil || len(s.HalfDays) == 0 {
				return "", errors.New("a session is not set")
			}
			return lang.Moment(s.HalfDays[0].Start), nil
		},
		"times": func(s *Session) (string, error) {
			if s == nil || len(s.HalfDays) == 0 {
				return "", errors.New("a session is not set")
			}
			return strings.Join(lang.Times(s.HalfDays), "\n"), nil
		},
		"calendar": func(all []Session) string {
			var out []string
			for _, s := range all {
				for _, times := range lang.Times(s.HalfDays) {
					if s.Place != "" {
						times += " – " + s.Place
					}
					out = append(out, times)
				}
			}
			return strings.Join(out, "\n")
		},
		"alert": func(key string) (string, error) {
			if key == "" {
				return "", errors.New("the alert is not set")
			}
			if s := w.alerts[key]; s != "" {
				return s, nil
			}
			return strings.ReplaceAll(w.alerts["unknown"], "KEY", key), nil
		},
		"reason": func(key string) string { return w.reasons[key] },
		"undelivered": func(all Undelivered) string {
			var out []string
			for _, u := range all.Mails {
				parts := []string{u.Recipient, u.Subject, lang.Moment(u.At)}
				out = append(out, strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " – "))
			}
			switch {
			case all.More == 1:
				out = append(out, w.phrases["another"])
			case all.More > 1:
				out = append(out, strings.ReplaceAll(w.phrases["others"], "COUNT", strconv.Itoa(all.More)))
			}
			return strings.Join(out, "\n")
		},
	}
}

// Templates lists the names of the templates, sorted.
func Templates() []string {
	var out []string
	for name := range vocabulary[models.French].templates {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Says tells whether a template names a field of Data, in any language: what none does need not be read.
func Says(name, field string) bool {
	for _, w := range vocabulary {
		if strings.Contains(w.sources[name], "."+field) {
			return true
		}
	}
	return false
}

// AlertSentence is an alert in words; one without a sentence of its own is named by its key.
func AlertSentence(lang models.Lang, key string) string {
	w := vocabulary[language(lang)]
	if s := w.alerts[key]; s != "" {
		return s
	}
	return strings.ReplaceAll(w.alerts["unknown"], "KEY", key)
}

func language(l models.Lang) models.Lang {
	if l == models.English {
		return models.English
	}
	return models.French
}

// page is what both renditions are made from.
type page struct {
	Lang     models.Lang
	Subject  string
	Greeting string
	Parts    []rendered
	Closing  string
	Team     string
	Footer   string
	Under    string // what announces the plain link under a button
}

type rendered struct {
	Text  string   // of a paragraph
	Facts []row    // a table
	Quote []string // lines
	URL   string   // of a button, Text being its words
}

type row struct {
	Label string
	Lines []string
}

// Render is a message in words. An unknown template is refused (not_found); so is one that needs what data does not
// hold (invalid_input). Any other language than English is answered in French.
func Render(name string, lang models.Lang, data Data) (subject, text, html string, err error) {
	lang = language(lang)
	w := vocabulary[lang]
	parts, ok := w.templates[name]
	if !ok {
		return "", "", "", models.NewError(models.CodeUnknown, "no mail template "+name)
	}
	p, err := w.fill(lang, parts, clean(data))
	if err != nil {
		return "", "", "", models.NewError(models.CodeInvalid, fmt.Sprintf("mail template %s: %v", name, err))
	}
	var b bytes.Buffer
	if err := layout.Execute(&b, p); err != nil {
		return "", "", "", fmt.Errorf("mail template %s: %w", name, err)
	}
	return p.Subject, p.plain(), b.String(), nil
}

// Subject is the subject of a message alone, refused as Render refuses it.
func Subject(name string, lang models.Lang, data Data) (string, error) {
	parts, ok := vocabulary[language(lang)].templates[name]
	if !ok {
		return "", models.NewError(models.CodeUnknown, "no mail template "+name)
	}
	s, err := parts[0].fill(clean(data))
	if err == nil && s == "" {
		err = errNoSubject
	}
	if err != nil {
		return "", models.NewError(models.CodeInvalid, fmt.Sprintf("mail template %s: %v", name, err))
	}
	return s, nil
}

var errNoSubject = errors.New("the subject says nothing")

// fill is the text of one part.
func (p part) fill(data Data) (string, error) {
	var b strings.Builder
	err := p.body.Execute(&b, data)
	return strings.TrimSpace(b.String()), err
}

func (w words) fill(lang models.Lang, parts []part, data Data) (page, error) {
	p := page{Lang: lang, Greeting: w.phrases["greeting"], Closing: w.phrases["closing"], Under: w.phrases["under"],
		Team: strings.ReplaceAll(w.phrases["team"], "AGENCY", data.Agency)}
	if data.Recipient != "" {
		p.Greeting = strings.ReplaceAll(w.phrases["greeting_name"], "NAME", data.Recipient)
	}
	footer := "footer"
	if data.Dossier == "" {
		footer = "footer_alone"
	}
	p.Footer = strings.NewReplacer("AGENCY", data.Agency, "DOSSIER", data.Dossier).Replace(w.phrases[footer])
	if data.Instead && data.Owner != "" {
		p.Parts = append(p.Parts, rendered{Text: strings.ReplaceAll(w.phrases["instead"], "OWNER", data.Owner)})
	}
	used := make([]bool, len(data.Links))
	for i, part := range parts {
		s, err := part.fill(data)
		if err != nil {
			return page{}, err
		}
		if i == 0 {
			if p.Subject = s; s == "" {
				return page{}, errNoSubject
			}
			continue
		}
		if s == "" {
			continue
		}
		switch part.kind {
		case paragraph:
			p.Parts = append(p.Parts, rendered{Text: s})
		case quote:
			p.Parts = append(p.Parts, rendered{Quote: strings.Split(s, "\n")})
		case fact:
			r := row{Label: part.label, Lines: strings.Split(s, "\n")}
			if n := len(p.Parts); n > 0 && p.Parts[n-1].Facts != nil {
				p.Parts[n-1].Facts = append(p.Parts[n-1].Facts, r)
			} else {
				p.Parts = append(p.Parts, rendered{Facts: []row{r}})
			}
		case button:
			at := slices.IndexFunc(data.Links, func(l Link) bool { return l.Purpose == part.purpose })
			if at < 0 && !part.optional {
				return page{}, fmt.Errorf("the link %s is missing", part.purpose)
			}
			if at >= 0 {
				used[at] = true
				p.Parts = append(p.Parts, rendered{Text: s, URL: data.Links[at].URL})
			}
		}
	}
	for i, l := range data.Links {
		if !used[i] {
			label := w.buttons[string(l.Purpose)]
			if label == "" {
				label = w.buttons["other"]
			}
			p.Parts = append(p.Parts, rendered{Text: label, URL: l.URL})
		}
	}
	return p, nil
}

func (p page) plain() string {
	var b strings.Builder
	colon := ": "
	if p.Lang == models.French {
		colon = "\u00a0: "
	}
	fmt.Fprintf(&b, "%s\n", p.Greeting)
	for _, r := range p.Parts {
		b.WriteByte('\n')
		switch {
		case r.URL != "":
			fmt.Fprintf(&b, "%s%s\n%s\n", r.Text, strings.TrimRight(colon, " "), r.URL)
		case r.Facts != nil:
			for _, f := range r.Facts {
				if len(f.Lines) == 1 {
					fmt.Fprintf(&b, "  %s%s%s\n", f.Label, colon, f.Lines[0])
					continue
				}
				fmt.Fprintf(&b, "  %s%s\n", f.Label, strings.TrimRight(colon, " "))
				for _, l := range f.Lines {
					fmt.Fprintf(&b, "    - %s\n", l)
				}
			}
		case r.Quote != nil:
			for _, l := range r.Quote {
				fmt.Fprintf(&b, "> %s\n", l)
			}
		default:
			fmt.Fprintf(&b, "%s\n", r.Text)
		}
	}
	fmt.Fprintf(&b, "\n%s\n%s\n\n-- \n%s\n", p.Closing, p.Team, p.Footer)
	return b.String()
}

// clean keeps what people typed on one line and free of control characters, so that a name cannot add lines to a
// subject or to a mail; only a note keeps its own lines.
func clean(d Data) Data {
	for _, s := range []*string{&d.Recipient, &d.Agency, &d.Dossier, &d.Title, &d.Place, &d.Department, &d.Trainer,
		&d.TrainerPhone, &d.Client, &d.Contact, &d.ContactPhone, &d.ContactEmail, &d.Participant, &d.Owner, &d.Rate, &d.Number, &d.Subject, &d.Alert} {
		*s = oneLine(*s)
	}
	if d.Session != nil {
		s := *d.Session
		s.Place = oneLine(s.Place)
		d.Session = &s
	}
	d.Sessions = slices.Clone(d.Sessions)
	for i := range d.Sessions {
		d.Sessions[i].Place = oneLine(d.Sessions[i].Place)
	}
	d.Undelivered.Mails = slices.Clone(d.Undelivered.Mails)
	for i, m := range d.Undelivered.Mails {
		d.Undelivered.Mails[i].Recipient, d.Undelivered.Mails[i].Subject = oneLine(m.Recipient), oneLine(m.Subject)
	}
	lines := strings.Split(strings.ReplaceAll(d.Note, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = oneLine(lines[i])
	}
	d.Note = strings.Join(lines, "\n")
	return d
}

func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if models.BreaksLine(r) {
			return ' '
		}
		// Marks that reorder text could make an address or a name read as another one.
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.TrimSpace(s)
}

var layout = htmltemplate.Must(htmltemplate.ParseFS(files, "templates/layout.html"))
