package api

import (
	"encoding/csv"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"jalon/mail"
	"jalon/models"
	"jalon/store"
	"jalon/web"
)

const dossiersPath = ConsolePath + "/dossiers"

func (s *Server) registerConsoleBoard() {
	s.console(http.MethodGet, "/dossiers", Everyone, serveDossiers)
	s.console(http.MethodPost, "/dossiers/search", Everyone, searchDossiers)
	s.console(http.MethodGet, "/dossiers.csv", Everyone, exportDossiers)
}

// Values of the filters that are not rows.
const (
	filterOpen   = "open"
	filterEnded  = "ended"
	filterAll    = "all"
	filterMe     = "me"
	filterNobody = "nobody"
	filterAny    = "any"
	sortDue      = "due"
)

// What falls due, in time spans; a dossier's filter takes a span and all that is sooner.
const (
	spanOverdue = "overdue"
	spanToday   = "today"
	spanWeek    = "week"
	spanLater   = "later"
)

var stagesInOrder = []models.Stage{models.StageQualification, models.StageSolicitation, models.StageAudit, models.StageProgramme,
	models.StageInterview, models.StageContract, models.StageReadiness, models.StageSessions, models.StageDelivered,
	models.StageClosed, models.StageHandedOver, models.StageCancelled}

// stagesOf are the stages that a filter stands for; none: every stage.
func stagesOf(values []string) ([]models.Stage, error) {
	var out []models.Stage
	for _, v := range values {
		switch v {
		case filterAll:
			return nil, nil
		case filterOpen, filterEnded:
			for _, stage := range stagesInOrder {
				if stage.Ended() == (v == filterEnded) {
					out = append(out, stage)
				}
			}
		default:
			if !slices.Contains(stagesInOrder, models.Stage(v)) {
				return nil, models.NewError(models.CodeMalformed, "stage")
			}
			out = append(out, models.Stage(v))
		}
	}
	return out, nil
}

// spans are the ends of what is overdue (due now is), of today and of this week, in business time.
func (d *desk) spans() []time.Time {
	today := d.s.calendar.DateOf(d.now)
	monday := today.AddDays(1)
	for monday.Weekday() != time.Monday {
		monday = monday.AddDays(1)
	}
	return []time.Time{d.now.Add(time.Microsecond), today.AddDays(1).At(0, 0, web.Zone), monday.At(0, 0, web.Zone)}
}

// filtering is what an address of the list asks for.
type filtering struct {
	store.BoardFilter
	query url.Values // of the address, without its cursor
	byDue bool
	lost  bool // the search it names is forgotten
}

// filters are what the address of a list asks for, without its cursor.
func (d *desk) filters() url.Values {
	query := d.c.Request.URL.Query()
	for name := range query {
		if name == "cursor" || name == "lang" || query.Get(name) == "" {
			query.Del(name)
		}
	}
	return query
}

func (d *desk) filtering() (filtering, error) {
	f := filtering{query: d.filters()}
	stages := f.query["stage"]
	if len(stages) == 0 {
		stages = []string{filterOpen}
	}
	var err error
	if f.Stages, err = stagesOf(stages); err != nil {
		return f, err
	}
	f.Owner, f.Unowned = d.ownerFilter(f.query)
	switch alert := f.query.Get("alert"); alert {
	case filterAny:
		f.Alerted = true
	default:
		f.Alert = alert
	}
	f.Policy = f.query.Get("policy")
	spans := d.spans()
	switch due := f.query.Get("due"); due {
	case "":
	case spanOverdue:
		f.DueBefore = spans[0]
	case spanToday:
		f.DueBefore = spans[1]
	case spanWeek:
		f.DueBefore = spans[2]
	default:
		return f, models.NewError(models.CodeMalformed, "due")
	}
	switch sort := f.query.Get("sort"); sort {
	case "":
	case sortDue:
		f.byDue = true
	default:
		return f, models.NewError(models.CodeMalformed, "sort")
	}
	f.Search, f.lost = d.sought(f.query)
	return f, nil
}

// ownerFilter is whose dossiers are asked for: everybody's if the reference is empty, unless those of nobody are.
func (d *desk) ownerFilter(query url.Values) (ref string, nobody bool) {
	switch owner := query.Get("owner"); owner {
	case filterMe:
		return d.who.Ref, false
	case filterNobody:
		return "", true
	default:
		return owner, false
	}
}

func (f filtering) href(pairs ...string) string { return narrowed(dossiersPath, f.query, pairs...) }

// narrowed is the address of a list with some of its filters changed, in pairs; an empty value takes one off.
func narrowed(path string, filters url.Values, pairs ...string) string {
	query := maps.Clone(filters)
	for i := 0; i+1 < len(pairs); i += 2 {
		if query.Del(pairs[i]); pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// Words searched for name people, so they stay out of addresses: the session keeps the last ones, addresses their number.
const (
	searchesKey  = "searches" // session: how many there were
	searchesKept = 20
)

func searchKey(n string) string { return "search " + n }

// searchDossiers keeps the words and shows what they find; the reference of a dossier leads straight to it.
func searchDossiers(d *desk) {
	if err := d.read(); err != nil {
		d.fail(err)
		return
	}
	words := d.words()
	if ref := strings.ToUpper(words); strings.HasPrefix(ref, "D-") {
		if _, err := d.s.store.Request(d.ctx, ref); err == nil {
			d.c.Redirect(http.StatusSeeOther, dossiersPath+"/"+ref)
			return
		}
	}
	f := filtering{query: url.Values{}}
	for _, name := range []string{"stage", "owner", "alert", "due", "policy", "sort"} {
		if values := d.values[name]; len(values) > 0 {
			f.query[name] = values
		}
	}
	d.c.Redirect(http.StatusSeeOther, f.href("search", d.keepSearch(words)))
}

// words are those of a search that was sent.
func (d *desk) words() string {
	words := []rune(strings.Join(strings.Fields(d.values.Get("words")), " "))
	return string(words[:min(len(words), web.MaxLine)])
}

// keepSearch keeps the words of a search and numbers it; no words, no number.
func (d *desk) keepSearch(words string) string {
	if words == "" {
		return ""
	}
	n := d.s.sessions.GetInt(d.ctx, searchesKey) + 1
	number := strconv.Itoa(n)
	d.s.sessions.Put(d.ctx, searchesKey, n)
	d.s.sessions.Put(d.ctx, searchKey(number), words)
	d.s.sessions.Remove(d.ctx, searchKey(strconv.Itoa(n-searchesKept)))
	return number
}

// sought are the words of the search that an address names; lost: they are forgotten.
func (d *desk) sought(query url.Values) (words string, lost bool) {
	n := query.Get("search")
	if n == "" {
		return "", false
	}
	words = d.s.sessions.GetString(d.ctx, searchKey(n))
	return words, words == ""
}

// searchBox is where words are looked for in a list, and says when they are.
type searchBox struct {
	Action, Label, Hint, Submit string
	Words                       string
	Keep                        []field
	Lost                        string // says that the search is forgotten
	Says                        string // says that the list is searched
	All, AllLabel               string // the list without search
}

// searchBox is that of a list whose words begin with prefix.
func (d *desk) searchBox(prefix, path string, filters kept, words string, lost bool) searchBox {
	b := searchBox{Action: path + "/search", Label: d.t(prefix + ".words"), Hint: d.t(prefix + ".words_hint"), Submit: d.t("dossiers.search"), Words: words,
		Keep: filters.Keep("search"), All: narrowed(path, url.Values(filters), "search", ""), AllLabel: d.t("dossiers.without_search")}
	switch {
	case lost:
		b.Lost = d.t("dossiers.lost")
	case words != "":
		b.Says = d.t(prefix+".searched", "words", words)
	}
	return b
}

// option is a choice of a filter.
type option struct {
	Value, Label string
	On           bool
}

// picker is a filter with its choices.
type picker struct {
	Name, Label string
	Options     []option
	Wrong       string // what is wrong with the choice, in a form
}

func (d *desk) picker(name, on string, options ...option) picker {
	for i := range options {
		options[i].On = options[i].Value == on
	}
	return picker{Name: name, Label: d.t("dossiers." + name), Options: options}
}

// ownerPicker offers oneself, nobody, and the team.
func (d *desk) ownerPicker(on string, team []models.User) picker {
	options := []option{{Label: d.t("dossiers.everybody")}, {Value: filterMe, Label: d.t("dossiers.me")}, {Value: filterNobody, Label: d.t("dossiers.nobody")}}
	for _, u := range team {
		if u.Active || u.Ref == on {
			options = append(options, option{Value: u.Ref, Label: u.Name})
		}
	}
	return d.picker("owner", on, options...)
}

// chip is a count that narrows a list down.
type chip struct {
	Label, Href string
	Count       int
	On          bool
}

// dossierLine is a dossier in the list.
type dossierLine struct {
	Ref, Href, Title, Client, Stage, Owner, Trainer string
	Alerts                                          []alertLine
	Ended                                           bool
	Next                                            *dueWords
}

// alertLine is what a person must look at, in one line: since when, and about how much if it is said of several things.
type alertLine struct {
	Sentence, Since string
	Count           int
}

// alertLines are the alerts that stand on a dossier, the newest first; each is said once.
func (d *desk) alertLines(alerts []models.Alert) (out []alertLine) {
	at, since := map[string]int{}, map[string]time.Time{}
	for _, a := range alerts {
		i, said := at[a.Alert]
		if !said {
			i, at[a.Alert] = len(out), len(out)
			out = append(out, alertLine{Sentence: firstSentence(mail.AlertSentence(d.lang, a.Alert))})
		}
		out[i].Count++
		if first, known := since[a.Alert]; !a.Since.IsZero() && (!known || a.Since.Before(first)) {
			since[a.Alert] = a.Since
			out[i].Since = d.t("dossiers.since", "when", web.When(d.lang, a.Since, d.now))
		}
	}
	return out
}

// dueWords are an open deadline in words.
type dueWords struct {
	What, Of, Detail, From, When, Machine, LateWord, Otherwise string
	Late                                                       bool
}

// dueWords say what a deadline awaits from whom until when, and what happens otherwise.
func (d *desk) dueWords(x models.Deadline, person string, asking map[string][]models.Message) *dueWords {
	w := &dueWords{What: d.lang.AwaitedOf(x), Of: d.partOf(x.Dossier, x.Subject), From: d.awaits(x.Awaits), Otherwise: d.otherwise(x, asking),
		When: web.When(d.lang, x.DueAt, d.now), Machine: x.DueAt.UTC().Format(time.RFC3339)}
	if person != "" {
		w.From += ", " + person
	}
	if w.Late = !x.DueAt.After(d.now); w.Late {
		w.LateWord = d.t("due.late")
	}
	if x.Consequence != string(x.Kind) { // a step of staff: the alert says which
		w.Detail = firstSentence(mail.AlertSentence(d.lang, x.Consequence))
	}
	return w
}

// otherwise is what happens when an open deadline passes; who could not be asked is not taken to be silent.
func (d *desk) otherwise(x models.Deadline, asking map[string][]models.Message) string {
	if models.Unreached(asking[x.ID]) {
		return d.lang.Unreached()
	}
	return d.lang.Otherwise(x.Kind)
}

// awaits is from whom something is awaited; nobody can hasten what happens by itself.
func (d *desk) awaits(r models.Role) string {
	if r == models.RoleSystem {
		return d.t("due.by_itself")
	}
	return d.lang.RoleName(r)
}

// partOf says which part of a dossier something is about: « séance 2 »; empty if it is the dossier.
func (d *desk) partOf(dossier, subject string) string {
	parts := strings.Split(strings.TrimPrefix(strings.TrimPrefix(subject, dossier), "/"), "/")
	if len(parts) < 2 || dossier == "" {
		return ""
	}
	if key := "part." + parts[0]; web.Has(key) {
		return d.t(key, "number", parts[1])
	}
	return ""
}

// firstSentence is a text up to its first full stop.
func firstSentence(s string) string {
	if i := strings.Index(s, ". "); i >= 0 {
		return s[:i+1]
	}
	return s
}

func (d *desk) dossierLine(row store.BoardRow, owners map[string]string) dossierLine {
	line := dossierLine{Ref: row.Ref, Href: dossiersPath + "/" + row.Ref, Title: row.Title, Client: row.Client,
		Stage: d.lang.StageName(row.Stage), Owner: owners[row.Owner], Trainer: row.Trainer, Alerts: d.alertLines(row.Alerts), Ended: row.Stage.Ended()}
	if line.Owner == "" {
		line.Owner = row.Owner
	}
	if row.Next.ID != "" {
		line.Next = d.dueWords(row.Next, "", nil)
	}
	return line
}

// team are the accounts, and their names by reference.
func (d *desk) team() ([]models.User, map[string]string, error) {
	users, err := d.s.store.Users(d.ctx)
	names := make(map[string]string, len(users))
	for _, u := range users {
		names[u.Ref] = u.Name
	}
	return users, names, err
}

// dossiersPage is what the list shows.
type dossiersPage struct {
	Intake  string // where a request is opened
	Chips   []chip
	Pickers []picker
	Stages  []option // several at once
	kept
	Search   searchBox
	Waiting  []string
	Parked   *parkedBox
	Dossiers dossierTable
	Export   string
	Pages    *web.Pages
	Filtered bool // anything but the list as it opens
	Narrowed bool // by what the folded form holds
}

// dossierTable is a list of dossiers.
type dossierTable struct {
	Caption string
	Rows    []dossierLine
	Trained bool // says who the trainer is
}

// field is a hidden input.
type field struct{ Name, Value string }

// kept are the filters of a list.
type kept url.Values

// Keep are the filters that a form carries on, all but those it sets itself.
func (k kept) Keep(except ...string) []field {
	var out []field
	for _, name := range slices.Sorted(maps.Keys(k)) {
		if slices.Contains(except, name) {
			continue
		}
		for _, v := range k[name] {
			out = append(out, field{name, v})
		}
	}
	return out
}

// board is what a board is drawn from: a page of its rows, how many there are by what narrows them, and who owns them.
type board[R, C any] struct {
	rows   []R
	pages  *web.Pages
	counts []C
	users  []models.User
	owners map[string]string
}

// loadBoard reads the page that the address names.
func loadBoard[R, C any](d *desk, rows func(from store.Cursor) (store.Page[R], error), counts func() ([]C, error)) (b board[R, C], err error) {
	cursor, err := d.cursor()
	if err != nil {
		return b, err
	}
	list, err := rows(cursor)
	if err != nil {
		return b, err
	}
	b.rows, b.pages = list.Items, d.pages(cursor, list.Next)
	if b.counts, err = counts(); err != nil {
		return b, err
	}
	b.users, b.owners, err = d.team()
	return b, err
}

func serveDossiers(d *desk) {
	f, err := d.filtering()
	if err != nil {
		d.fail(err)
		return
	}
	b, err := loadBoard(d, func(from store.Cursor) (store.Page[store.BoardRow], error) {
		return d.dossiers(f, from, store.DefaultPage)
	}, func() ([]store.BoardCount, error) {
		return d.s.store.BoardCounts(d.ctx, f.BoardFilter)
	})
	if err != nil {
		d.fail(err)
		return
	}
	waiting, err := d.s.store.Waiting(d.ctx, store.DefaultPage)
	if err != nil {
		d.fail(err)
		return
	}
	parked, err := d.parkedBox()
	if err != nil {
		d.fail(err)
		return
	}
	p := dossiersPage{Intake: d.intakeLink(), Parked: parked, Search: d.searchBox("dossiers", dossiersPath, kept(f.query), f.Search, f.lost), Waiting: waiting,
		kept: kept(f.query), Pages: b.pages, Filtered: len(f.query) > 0, Dossiers: dossierTable{Trained: true},
		Export: dossiersPath + ".csv?" + f.query.Encode()}
	for _, name := range []string{"owner", "alert", "due", "policy", "sort"} {
		p.Narrowed = p.Narrowed || f.query.Has(name)
	}
	chips, alerts, shown := d.stageChips(f, b.counts)
	p.Chips = chips
	p.Dossiers.Caption = d.t("dossiers.caption", "count", shown)
	if f.byDue {
		p.Dossiers.Caption = d.t("dossiers.caption_due")
	}
	p.Pickers = []picker{
		d.ownerPicker(f.query.Get("owner"), b.users),
		d.picker("alert", f.query.Get("alert"), append([]option{{Label: d.t("dossiers.alert_all")}, {Value: filterAny, Label: d.t("dossiers.alert_any")}}, alerts...)...),
		d.picker("due", f.query.Get("due"), option{Label: d.t("dossiers.due_all")}, option{Value: spanOverdue, Label: d.t("dossiers.due_overdue")},
			option{Value: spanToday, Label: d.t("dossiers.due_today")}, option{Value: spanWeek, Label: d.t("dossiers.due_week")}),
		d.picker("policy", f.Policy, d.policyOptions()...),
		d.picker("sort", f.query.Get("sort"), option{Label: d.t("dossiers.sort_newest")}, option{Value: sortDue, Label: d.t("dossiers.sort_due")}),
	}
	for _, stage := range stagesInOrder {
		p.Stages = append(p.Stages, option{string(stage), d.lang.StageName(stage), slices.Contains(f.query["stage"], string(stage))})
	}
	for _, row := range b.rows {
		p.Dossiers.Rows = append(p.Dossiers.Rows, d.dossierLine(row, b.owners))
	}
	d.render(http.StatusOK, "console_board", &web.Page{Title: d.t("dossiers.title"), State: "list", Data: p})
}

func (d *desk) dossiers(f filtering, from store.Cursor, limit int) (store.Page[store.BoardRow], error) {
	switch {
	case f.lost:
		return store.Page[store.BoardRow]{}, nil
	case f.byDue:
		return d.s.store.BoardByDue(d.ctx, f.BoardFilter, from, limit)
	}
	return d.s.store.Board(d.ctx, f.BoardFilter, from, limit)
}

func (d *desk) policyOptions() []option {
	out := []option{{Label: d.t("dossiers.policy_all")}}
	for _, name := range d.s.cfg.Policies.Names() {
		out = append(out, option{Value: name, Label: d.s.policyName(d.lang, name)})
	}
	return out
}

// stageChips are the counts by stage under the other filters, the alerts there are, and how many dossiers are listed.
func (d *desk) stageChips(f filtering, counts []store.BoardCount) (chips []chip, alerts []option, shown int) {
	byStage := map[models.Stage]int{}
	byAlert := map[string]int{}
	inList := func(stage models.Stage) bool { return len(f.Stages) == 0 || slices.Contains(f.Stages, stage) }
	total, open := 0, 0
	for _, c := range counts {
		if c.Alert != "" {
			if inList(c.Stage) {
				byAlert[c.Alert] += c.Count
			}
			continue
		}
		byStage[c.Stage] += c.Count
		total += c.Count
		if !c.Stage.Ended() {
			open += c.Count
		}
		if inList(c.Stage) {
			shown += c.Count
		}
	}
	on := f.query["stage"]
	add := func(value, label string, count int) {
		now := len(on) == 1 && on[0] == value || len(on) == 0 && value == filterOpen
		if count == 0 && !now && value != filterOpen && value != filterEnded && value != filterAll {
			return
		}
		to := value
		if value == filterOpen { // the list as it opens
			to = ""
		}
		chips = append(chips, chip{label, f.href("stage", to), count, now})
	}
	add(filterOpen, d.t("dossiers.open"), open)
	for _, stage := range stagesInOrder {
		if !stage.Ended() {
			add(string(stage), d.lang.StageName(stage), byStage[stage])
		}
	}
	add(filterEnded, d.t("dossiers.ended"), total-open)
	for _, stage := range stagesInOrder {
		if stage.Ended() {
			add(string(stage), d.lang.StageName(stage), byStage[stage])
		}
	}
	add(filterAll, d.t("dossiers.all"), total)

	if on := f.Alert; on != "" && byAlert[on] == 0 {
		byAlert[on] = 0
	}
	for _, alert := range slices.Sorted(maps.Keys(byAlert)) {
		alerts = append(alerts, option{Value: alert, Label: fmt.Sprintf("%s (%d)", firstSentence(mail.AlertSentence(d.lang, alert)), byAlert[alert])})
	}
	return chips, alerts, shown
}

// exportDossiers writes the filtered list as a file that spreadsheets open as it is: in French with semicolons.
func exportDossiers(d *desk) {
	f, err := d.filtering()
	if err != nil {
		d.fail(err)
		return
	}
	_, owners, err := d.team()
	if err != nil {
		d.fail(err)
		return
	}
	var head []string
	for _, name := range []string{"reference", "stage", "title_column", "client", "owner", "trainer", "policy", "opened", "alert", "alert_since", "next", "from", "due"} {
		head = append(head, d.t("dossiers."+name))
	}
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(web.Zone).Format("2006-01-02 15:04")
	}
	d.export("dossiers", head, func(yield func([]string, error) bool) {
		for from := (store.Cursor{}); ; {
			page, err := d.dossiers(f, from, store.MaxPage)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, row := range page.Items {
				line := d.dossierLine(row, owners)
				var alerts []string
				for _, a := range line.Alerts {
					alerts = append(alerts, a.Sentence)
				}
				cells := []string{line.Ref, line.Stage, line.Title, line.Client, line.Owner, line.Trainer, d.s.policyName(d.lang, row.Policy), at(row.OpenedAt), strings.Join(alerts, " "), at(row.AlertAt), "", "", ""}
				if n := line.Next; n != nil {
					cells[10], cells[11], cells[12] = n.What, n.From, at(row.Next.DueAt)
				}
				if !yield(cells, nil) {
					return
				}
			}
			if from = page.Next; from.ID == "" {
				return
			}
		}
	})
}

// export sends a table as a file that spreadsheets of the language read, named after the day.
func (d *desk) export(name string, head []string, rows iter.Seq2[[]string, error]) {
	var w *csv.Writer
	begin := func() {
		h := d.c.Writer.Header()
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s.csv"`, name, d.s.today()))
		d.c.Status(http.StatusOK)
		_, _ = d.c.Writer.WriteString("\ufeff") // tells Excel that it is UTF-8
		w = csv.NewWriter(d.c.Writer)
		w.UseCRLF = true
		if d.lang == models.French {
			w.Comma = ';'
		}
		_ = w.Write(head)
	}
	for cells, err := range rows {
		switch {
		case err != nil && w == nil: // before the first byte: it can still be told
			d.fail(err)
			return
		case err != nil:
			d.s.log.ErrorContext(d.ctx, "export broke off", "request", requestIDFrom(d.ctx), "error", err)
			d.c.Abort()
			panic(http.ErrAbortHandler) // a file that lacks its end must not look whole
		case w == nil:
			begin()
		}
		for i := range cells {
			cells[i] = unformula(cells[i])
		}
		if w.Write(cells) != nil {
			return // nobody listens any more
		}
	}
	if w == nil {
		begin()
	}
	w.Flush()
}

// unformula keeps a spreadsheet from computing what somebody typed.
func unformula(s string) string {
	// Some pass over white space, and read wide signs as plain ones.
	if begins := strings.TrimSpace(s); begins != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(begins)[0]) {
		return "'" + s
	}
	return s
}
