package api

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"jalon/models"
	"jalon/store"
	"jalon/web"
)

const (
	duePath      = ConsolePath + "/due"
	postponePath = duePath + "/postpone"
)

func (s *Server) registerConsoleDue() {
	s.console(http.MethodGet, "/due", Everyone, serveDue)
	s.console(http.MethodGet, "/due/postpone", Everyone, servePostpone)
	s.console(http.MethodPost, "/due/postpone", Everyone, servePostpone)
}

// spanNames are the spans of time that the board is split into, in order.
var spanNames = []string{spanOverdue, spanToday, spanWeek, spanLater}

// rolesInOrder are those from whom something may be awaited.
var rolesInOrder = []models.Role{models.RoleStaff, models.RolePedagogy, models.RoleFinance, models.RoleTrainer, models.RoleClient,
	models.RoleBilling, models.RoleParticipant, models.RoleParticipants, models.RoleSystem}

// dueLine is an open deadline on the board.
type dueLine struct {
	*dueWords
	Ref, Href, Title, Client, Owner, Postpone, Fixed string
	Alerted                                          bool
}

// dueGroup is what falls due in one span of time.
type dueGroup struct {
	Name, Title string
	Lines       []dueLine
}

// duePage is what the board shows.
type duePage struct {
	Chips    []chip
	Pickers  []picker
	When     string
	Groups   []dueGroup
	Pages    *web.Pages
	Filtered bool
}

func serveDue(d *desk) {
	query := d.c.Request.URL.Query()
	f := store.DueFilter{Awaits: models.Role(query.Get("awaits")), Kind: models.DeadlineKind(query.Get("kind"))}
	f.Owner, f.Unowned = d.ownerFilter(query)
	bounds := d.spans()
	when := query.Get("when")
	span := slices.Index(spanNames, when)
	if when != "" && span < 0 {
		d.fail(models.NewError(models.CodeMalformed, "when"))
		return
	}
	if span > 0 {
		f.From = bounds[span-1]
	}
	if span >= 0 && span < len(bounds) {
		f.Before = bounds[span]
	}
	// The choices of a filter are counted without it, so that another one can be chosen.
	wide := f
	wide.Awaits, wide.Kind = "", ""
	b, err := loadBoard(d, func(from store.Cursor) (store.Page[store.DueRow], error) {
		return d.s.store.Due(d.ctx, f, from, store.DefaultPage)
	}, func() ([]store.DueCount, error) {
		return d.s.store.DueCounts(d.ctx, wide, bounds)
	})
	if err != nil {
		d.fail(err)
		return
	}
	p := duePage{When: when, Pages: b.pages}
	for _, name := range []string{"awaits", "kind", "owner"} {
		p.Filtered = p.Filtered || query.Get(name) != ""
	}
	p.Chips = d.spanChips(f, b.counts, when, query)
	p.Pickers = []picker{d.rolePicker(f.Awaits, b.counts), d.kindPicker(f.Kind, b.counts), d.ownerPicker(query.Get("owner"), b.users)}
	accounts, err := d.accounts(b.rows)
	if err != nil {
		d.fail(err)
		return
	}
	open := make([]models.Deadline, len(b.rows))
	for i, row := range b.rows {
		open[i] = row.Deadline
	}
	asking, err := d.s.store.Asking(d.ctx, open...)
	if err != nil {
		d.fail(err)
		return
	}
	for _, row := range b.rows {
		i := slices.IndexFunc(bounds, row.DueAt.Before)
		if i < 0 {
			i = len(bounds)
		}
		name := spanNames[i]
		if n := len(p.Groups); n == 0 || p.Groups[n-1].Name != name {
			p.Groups = append(p.Groups, dueGroup{Name: name, Title: d.t("due." + name)})
		}
		g := &p.Groups[len(p.Groups)-1]
		g.Lines = append(g.Lines, d.dueLine(row, b.owners, accounts, asking))
	}
	d.render(http.StatusOK, "console_due", &web.Page{Title: d.t("due.title"), State: "list", Data: p})
}

func (d *desk) dueLine(row store.DueRow, owners map[string]string, accounts map[string]account, asking map[string][]models.Message) dueLine {
	line := dueLine{dueWords: d.dueWords(row.Deadline, row.Person, asking), Title: row.Title, Client: row.Client, Owner: owners[row.Owner], Alerted: row.Alert != ""}
	line.Ref, line.Href = d.leadsTo(row.Deadline)
	if a, ok := accounts[row.Subject]; ok && row.Dossier == "" {
		line.Ref, line.Title = a.Name, a.Who
	}
	switch {
	case !row.Postponable:
		line.Fixed = d.t("due.legal")
	case postponing(row.Deadline).Allows(d.who.Roles):
		line.Postpone = postponePath + "?" + url.Values{"id": {row.ID}}.Encode()
	}
	return line
}

// leadsTo is where a deadline is dealt with: its dossier, or else its invoice or the month it settles.
func (d *desk) leadsTo(x models.Deadline) (name, href string) {
	if x.Dossier != "" {
		return x.Dossier, dossiersPath + "/" + x.Dossier
	}
	if !StaffMoney.Allows(d.who.Roles) {
		return x.Subject, ""
	}
	return x.Subject, ConsoleAddress("", x.Subject)
}

// account is an invoice or a trainer's month as people know it, and whose it is.
type account struct{ Name, Who string }

// accounts are what deadlines outside dossiers are about, by their subjects.
func (d *desk) accounts(rows []store.DueRow) (map[string]account, error) {
	out, trainers := map[string]account{}, map[string]string{}
	var invoices []string
	for _, row := range rows {
		if row.Dossier != "" {
			continue
		}
		if trainer, month, ok := models.PayMonthOf(row.Subject); ok {
			out[row.Subject] = account{Name: d.t("money.recap_of", "month", web.MonthName(d.lang, month))}
			trainers[row.Subject] = trainer
		} else {
			invoices = append(invoices, row.Subject)
		}
	}
	list, err := d.invoicesOf(invoices)
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		out[i.Ref], trainers[i.Ref] = account{Name: cmp.Or(i.Number, i.Ref)}, i.TrainerRef
	}
	names, err := d.s.store.Names(d.ctx, slices.Collect(maps.Values(trainers)))
	for subject, trainer := range trainers {
		out[subject] = account{out[subject].Name, cmp.Or(names[trainer], trainer)}
	}
	return out, err
}

func (d *desk) spanChips(f store.DueFilter, counts []store.DueCount, when string, query url.Values) []chip {
	totals, total := make([]int, len(spanNames)), 0
	for _, c := range counts {
		if (f.Awaits == "" || c.Awaits == f.Awaits) && (f.Kind == "" || c.Kind == f.Kind) {
			totals[c.Span] += c.Count
			total += c.Count
		}
	}
	href := func(value string) string {
		to := url.Values{}
		for _, name := range []string{"awaits", "kind", "owner"} {
			if v := query.Get(name); v != "" {
				to.Set(name, v)
			}
		}
		if value != "" {
			to.Set("when", value)
		}
		if len(to) == 0 {
			return duePath
		}
		return duePath + "?" + to.Encode()
	}
	chips := []chip{{d.t("due.all"), href(""), total, when == ""}}
	for i, name := range spanNames {
		chips = append(chips, chip{d.t("due." + name), href(name), totals[i], when == name})
	}
	return chips
}

func (d *desk) rolePicker(on models.Role, counts []store.DueCount) picker {
	options := []option{{Label: d.t("due.awaits_all")}}
	for _, r := range rolesInOrder {
		if r == on || slices.ContainsFunc(counts, func(c store.DueCount) bool { return c.Awaits == r }) {
			options = append(options, option{string(r), d.awaits(r), r == on})
		}
	}
	return picker{Name: "awaits", Label: d.t("due.awaits"), Options: options}
}

func (d *desk) kindPicker(on models.DeadlineKind, counts []store.DueCount) picker {
	options := []option{}
	for _, c := range counts {
		o := option{string(c.Kind), d.lang.Awaited(c.Kind), c.Kind == on}
		if !slices.Contains(options, o) {
			options = append(options, o)
		}
	}
	slices.SortFunc(options, func(a, b option) int { return strings.Compare(store.Fold(a.Label), store.Fold(b.Label)) })
	return picker{Name: "kind", Label: d.t("due.kind"), Options: append([]option{{Label: d.t("due.kind_all")}}, options...)}
}

// postponePage is what the form of a deadline shows.
type postponePage struct {
	ID, Key, From string
	Line          dueLine
	Facts         []pageFact
	Back          string
}

// servePostpone asks for a later moment and why, and has the API decide.
func servePostpone(d *desk) {
	id, from := d.c.Query("id"), d.c.Query("from")
	if d.c.Request.Method == http.MethodPost {
		if err := d.read(); err != nil {
			d.fail(err)
			return
		}
		id, from = d.values.Get("id"), d.values.Get("from")
	}
	x, err := d.s.store.Deadline(d.ctx, id)
	if err != nil {
		d.fail(err)
		return
	}
	back := duePath
	if from == "dossier" && x.Dossier != "" {
		back = dossiersPath + "/" + x.Dossier
	}
	if x.Status != models.Open || !x.Postponable {
		words := d.t("postpone.closed")
		if x.Status == models.Open {
			words = d.t("due.legal")
		}
		d.render(http.StatusConflict, "notice", &web.Page{Title: d.t("postpone.not"), State: "closed", Data: notice{Tone: "warn", Words: []string{words}}})
		return
	}
	if !postponing(x).Allows(d.who.Roles) {
		d.forbidden("postpone.forbidden")
		return
	}
	status := http.StatusOK
	if d.c.Request.Method == http.MethodPost {
		if status = d.postpone(x, back); status == http.StatusSeeOther {
			return
		}
	} else {
		local := x.DueAt.In(web.Zone)
		d.values = url.Values{"time": {local.Format("15:04")}}
	}
	row := store.DueRow{Deadline: x}
	accounts, err := d.accounts([]store.DueRow{row})
	if err != nil {
		d.fail(err)
		return
	}
	asking, err := d.s.store.Asking(d.ctx, x)
	if err != nil {
		d.fail(err)
		return
	}
	line := d.dueLine(row, nil, accounts, asking)
	facts := []pageFact{{d.t("due.what"), strings.TrimSpace(line.What + " " + line.Of)}, {d.t("due.from"), line.From},
		{d.t("due.until"), web.DateTime(d.lang, x.DueAt)}, {d.t("due.otherwise"), line.Otherwise}}
	d.render(status, "console_postpone", &web.Page{Title: d.t("postpone.title"), State: "form", Faults: d.faults, Values: d.values,
		Data: postponePage{ID: id, Key: d.formKey(), From: from, Line: line, Facts: facts, Back: back}})
}

// postpone asks the API to move a deadline and tells the status of its answer.
func (d *desk) postpone(x models.Deadline, back string) int {
	reason := d.text(&d.faults, "reason", d.t("postpone.reason"), web.MaxText, false)
	due, err := time.ParseInLocation("2006-01-02 15:04", d.values.Get("date")+" "+d.values.Get("time"), web.Zone)
	if err != nil {
		d.faults.add("date", d.t("postpone.date_wrong"))
	}
	if len(d.faults) > 0 {
		return http.StatusUnprocessableEntity
	}
	p := d.call(http.MethodPost, "/deadlines/postpone", map[string]any{"deadline_id": x.ID, "due_at": due, "reason": reason}, nil)
	if p != nil {
		switch models.Code(p.Code) {
		case models.CodeDeadlineEarlier, models.CodePastDate:
			d.faults.add("date", p.Detail)
		case models.CodeDateTooFar:
			d.faults.add("date", d.t("postpone.too_late"))
		default:
			d.refused(p, map[string]string{"body.due_at": "date", "body.reason": "reason"})
		}
		return p.Status
	}
	d.done(back, d.t("postpone.done", "what", d.lang.AwaitedOf(x), "due", web.DateTime(d.lang, due)))
	return http.StatusSeeOther
}
