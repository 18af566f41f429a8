package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"jalon/models"
	"jalon/store"
	"jalon/web"
)

func (s *Server) registerConsoleRecaps() {
	const path = "/money/recaps/:payer/:trainer/:month"
	s.console(http.MethodGet, "/money/recaps", StaffMoney, serveRecaps)
	s.console(http.MethodGet, path, StaffMoney, func(d *desk) { d.showRecap(http.StatusOK, "") })
	s.console(http.MethodGet, path+"/document", StaffMoney, serveRecapDocument)
	s.console(http.MethodPost, path+"/correct", StaffMoney, correctRecap)
	s.console(http.MethodGet, path+"/scans/:sha256", StaffMoney, serveRecapScan)
	s.bodies[http.MethodPost+" "+ConsolePath+path+"/record"] = uploadLimit + formLimit
	s.console(http.MethodPost, path+"/record", StaffMoney, recordRecap)
}

var recapStatuses = []string{models.RecapSent, models.RecapWithStaff, models.RecapContested, models.RecapAccepted, models.RecapReplaced}

// recapTone colours a status; its word says the same.
func recapTone(status string) string {
	switch status {
	case models.RecapAccepted:
		return "good"
	case models.RecapContested, models.RecapWithStaff:
		return "warn"
	}
	return ""
}

// recapRow is a month's statement in the list.
type recapRow struct {
	Href, Trainer, Month, Version, Amount, Status, Tone, Sent, Answered string
}

type recapsPage struct {
	Tabs    []moneyTab
	Chips   []chip
	Months  picker
	Status  string
	Rows    []recapRow
	Caption string
	Pages   *web.Pages
}

// monthsOffered bounds the choice of months.
const monthsOffered = 36

// serveRecaps lists the monthly statements by month and status.
func serveRecaps(d *desk) {
	query := d.c.Request.URL.Query()
	f := store.RecapFilter{Status: query.Get("status"), Month: models.Month(query.Get("month"))}
	f.Current = f.Status == ""
	cursor, err := d.cursor()
	if err == nil && f.Month != "" {
		_, err = models.ParseMonth(string(f.Month))
	}
	if err != nil || f.Status != "" && !slices.Contains(recapStatuses, f.Status) {
		d.fail(models.NewError(models.CodeMalformed, "status, month or cursor"))
		return
	}
	list, err := d.s.store.AllRecaps(d.ctx, f, cursor, store.DefaultPage)
	if err != nil {
		d.fail(err)
		return
	}
	months, err := d.s.store.RecapMonths(d.ctx, monthsOffered)
	if err != nil {
		d.fail(err)
		return
	}
	p := recapsPage{Status: f.Status, Pages: d.pages(cursor, list.Next), Caption: d.t("money.recaps_caption"),
		Months: picker{Name: "month", Label: d.t("money.month"), Options: []option{{Label: d.t("money.months_all"), On: f.Month == ""}}}}
	for _, m := range months {
		p.Months.Options = append(p.Months.Options, option{string(m), web.MonthName(d.lang, m), m == f.Month})
	}
	here := func(status string) string {
		to := url.Values{}
		if f.Month != "" {
			to.Set("month", string(f.Month))
		}
		if status != "" {
			to.Set("status", status)
		}
		if len(to) == 0 {
			return moneyPath + "/recaps"
		}
		return moneyPath + "/recaps?" + to.Encode()
	}
	p.Chips = []chip{{d.t("money.recap_current"), here(""), uncounted, f.Status == ""}}
	decide, err := d.s.store.RecapsToDecide(d.ctx, f.Month)
	if err != nil {
		d.fail(err)
		return
	}
	for _, status := range recapStatuses {
		n := uncounted // only what waits for the agency is counted
		if status == models.RecapContested || status == models.RecapWithStaff {
			n = int(decide[status])
		}
		p.Chips = append(p.Chips, chip{d.t("money.recap_" + status), here(status), n, f.Status == status})
	}
	var refs []string
	for _, r := range list.Items {
		refs = append(refs, r.TrainerRef)
	}
	names, err := d.s.store.Names(d.ctx, refs)
	if err == nil {
		p.Tabs, _, err = d.moneyTabs(tabRecaps)
	}
	if err != nil {
		d.fail(err)
		return
	}
	for _, r := range list.Items {
		p.Rows = append(p.Rows, d.recapRow(r, names))
	}
	d.render(http.StatusOK, "console_money_recaps", &web.Page{Title: d.t("money.recaps_title"), State: "list", Data: p})
}

func (d *desk) recapRow(r models.Recap, names map[string]string) recapRow {
	row := recapRow{Href: ConsoleAddress("", r.Ref), Trainer: names[r.TrainerRef], Month: web.MonthName(d.lang, r.Month), Amount: web.Money(d.lang, r.Cents),
		Status: d.t("money.recap_" + r.Status), Tone: recapTone(r.Status)}
	if row.Trainer == "" {
		row.Trainer = r.TrainerRef
	}
	if r.Number > 1 {
		row.Version = d.t("money.version", "number", r.Number)
	}
	if !r.SentAt.IsZero() {
		row.Sent = web.ShortDay(d.lang, d.s.calendar.DateOf(r.SentAt))
	}
	if !r.AnsweredAt.IsZero() {
		row.Answered = web.ShortDay(d.lang, d.s.calendar.DateOf(r.AnsweredAt))
	}
	return row
}

// correctable is a line whose quantity staff decide.
type correctable struct {
	web.Field
	Ref   string
	Index int
}

type recapPageData struct {
	Tabs       []moneyTab
	Row        recapRow
	Facts      []pageFact
	Trainer    *correction
	Resendable []parkedLine
	Note       string // what the trainer says is wrong
	Lines      []recapLine
	Staffed    bool   // lines say what became of them
	Replaced   string // what became of it, once its lines are no longer as it said
	Total      string
	Document   string
	Awaited    []*dueWords
	Correct    []correctable // contested lines to decide; none: nothing is
	Record     bool          // the trainer's answer is awaited
	Answers    picks
	Lined      picks // lines that the trainer contests
	Channels   picks
	Versions   []recapRow
	Opened     string // the form that was refused
	History    []journalEntry
	Key        string
}

func (d *desk) recapAddress() RecapAddress {
	return RecapAddress{Payer: d.c.Param("payer"), Trainer: d.c.Param("trainer"), Month: models.Month(d.c.Param("month"))}
}

func (a RecapAddress) path() string {
	return "/recaps/" + url.PathEscape(a.Payer) + "/" + url.PathEscape(a.Trainer) + "/" + url.PathEscape(string(a.Month))
}

// showRecap draws a month's statement, newest version; refused is the form that was sent and not taken.
func (d *desk) showRecap(status int, refused string) {
	a := d.recapAddress()
	v, err := d.s.recapView(d.ctx, a)
	if err != nil {
		d.fail(err)
		return
	}
	d.s.alertRead(d.ctx, store.AlertsOf{Workflow: v.Workflow}, d.who.Ref)
	p, err := d.recapPage(v, refused)
	if err != nil {
		d.fail(err)
		return
	}
	d.render(status, "console_money_recap", &web.Page{Title: d.t("money.recap_title", "month", p.Row.Month, "who", p.Row.Trainer), State: v.Status,
		Faults: d.faults, Values: d.values, Data: p})
}

func (d *desk) recapPage(v RecapView, refused string) (p recapPageData, err error) {
	names, err := d.s.store.Names(d.ctx, []string{v.TrainerRef})
	if err != nil {
		return p, err
	}
	p.Row, p.Key, p.Opened, p.Note = d.recapRow(v.Recap, names), d.formKey(), refused, d.noteText(v.Note)
	p.Lines, p.Total, p.Staffed = d.payLines(v.PayLines), web.Money(d.lang, v.Cents), true
	for i, l := range v.PayLines {
		p.Lines[i].Status, p.Lines[i].Tone = d.t("money.line_"+l.Status), map[string]string{models.LineContested: "warn", models.LinePaid: "good"}[l.Status]
		if l.InvoiceRef != "" {
			p.Lines[i].Invoice = l.InvoiceRef
		}
	}
	if v.Status == models.RecapReplaced {
		p.Replaced = d.t("money.none_left")
		if dueStill(v.PayLines) {
			p.Replaced = d.t("money.replaced")
		}
	}
	p.Facts = []pageFact{{d.t("money.payee"), p.Row.Trainer}, {d.t("money.status"), p.Row.Status}}
	if !v.SentAt.IsZero() {
		p.Facts = append(p.Facts, pageFact{d.t("money.sent"), web.DateTime(d.lang, v.SentAt)})
	}
	if !v.AnsweredAt.IsZero() {
		p.Facts = append(p.Facts, pageFact{d.t("money.answered"), web.DateTime(d.lang, v.AnsweredAt)})
	}
	p.Trainer = d.correction("correct.link_trainer", p.Row.Trainer, p.Row.Href, trainerRoute, v.TrainerRef)
	if v.SHA256 != "" {
		p.Document = p.Row.Href + "/document"
	}
	undelivered, err := d.s.store.UndeliveredBy(d.ctx, v.Workflow)
	if err == nil {
		p.Resendable, err = d.resendable(undelivered, "money")
	}
	if err != nil {
		return p, err
	}
	var open []models.Deadline
	if p.Awaited, open, err = d.clocks(v.Workflow); err != nil {
		return p, err
	}
	p.Record = v.Unanswered()
	// The team decides once the process asks for it: the lines agreed on have left then.
	if v.Status == models.RecapContested && slices.ContainsFunc(open, func(x models.Deadline) bool { return x.Kind == models.DeadlineStaff }) {
		p.Correct = d.correctables(v)
	}
	d.recapForm(v, &p)
	for i := len(v.Versions) - 1; i >= 0; i-- {
		p.Versions = append(p.Versions, d.recapRow(v.Versions[i], names))
	}
	subjects := []string{}
	for _, x := range v.Versions {
		subjects = append(subjects, x.Ref)
	}
	facts, err := d.s.store.FactsOf(d.ctx, v.Workflow)
	if err != nil {
		return p, err
	}
	if p.History, err = d.happenings(facts, p.Row.Href, subjects...); err != nil {
		return p, err
	}
	p.Tabs, _, err = d.moneyTabs(tabRecaps)
	return p, err
}

// recapForm is what the form of the trainer's answer offers.
func (d *desk) recapForm(v RecapView, p *recapPageData) {
	if d.values == nil {
		now := d.now.In(web.Zone)
		d.values = url.Values{"received_on": {now.Format(time.DateOnly)}, "received_at": {now.Format("15:04")}}
	}
	p.Answers = d.group("radio", "answer", d.t("money.answer"), "", pick{Value: string(models.FactRecapAccepted), Label: d.t("money.answer_accepted"), Small: d.t("money.answer_accepted_says")},
		pick{Value: string(models.FactRecapContested), Label: d.t("money.answer_contested"), Small: d.t("money.answer_contested_says")})
	var options []pick
	for i, l := range v.PayLines {
		options = append(options, pick{Value: l.Ref, Label: p.Lines[i].Title, Small: p.Lines[i].Day + ", " + p.Lines[i].Amount})
	}
	p.Lined = d.group("checkbox", "line", d.t("money.contested_lines"), "", options...)
	p.Channels = d.channels()
}

// correctables are the contested lines with the quantity as it stands.
func (d *desk) correctables(v RecapView) []correctable {
	var out []correctable
	for i, l := range v.PayLines {
		if l.Status != models.LineContested {
			continue
		}
		name := "quantity-" + strconv.Itoa(i)
		f := web.Field{Name: name, ID: "f-" + name, Label: d.payLines([]models.PayLine{l})[0].Title, Type: "text", Mode: "decimal", Class: "short", Required: true, Max: 12,
			Hint:  d.t("money.quantity_hint", "unit", web.Quantity(d.lang, l.Quantity, l.Unit), "rate", web.Money(d.lang, l.RateCents)),
			Value: d.lang.Quantity(l.Quantity)}
		if l.Unit == models.UnitFlat {
			f.Hint = d.t("money.quantity_hint_flat", "rate", web.Money(d.lang, l.RateCents))
		}
		if d.values.Has(name) {
			f.Value = d.values.Get(name)
		}
		for _, x := range d.faults {
			if x.Field == name {
				f.Wrong = x.Message
			}
		}
		out = append(out, correctable{f, l.Ref, i})
	}
	return out
}

// correctRecap sends what staff decide about contested lines.
func correctRecap(d *desk) {
	if err := d.read(); err != nil {
		d.fail(err)
		return
	}
	a := d.recapAddress()
	v, err := d.s.recapView(d.ctx, a)
	if err != nil {
		d.fail(err)
		return
	}
	corrections := []models.LineCorrection{}
	for i, l := range v.PayLines {
		name := "quantity-" + strconv.Itoa(i)
		if !d.values.Has(name) {
			continue
		}
		n, ok := parseEuros(d.values.Get(name)) // hundredths, as cents are
		if !ok {
			d.faults.add(name, d.t("money.quantity_wrong"))
			continue
		}
		corrections = append(corrections, models.LineCorrection{Line: l.Ref, Quantity: int64(n)})
	}
	body := map[string]any{"corrections": corrections, "reason": d.text(&d.faults, "correct_reason", d.t("money.correct_reason"), web.MaxText, false)}
	if len(d.faults) > 0 {
		d.showRecap(http.StatusUnprocessableEntity, "correct")
		return
	}
	if p := d.call(http.MethodPost, a.path()+"/correct", body, nil); p != nil {
		d.refused(p, map[string]string{"body.reason": "correct_reason", "body.corrections": ""})
		d.showRecap(p.Status, "correct")
		return
	}
	d.done(ConsolePath+"/money"+a.path(), d.t("money.correct_done"))
}

// recordRecap keys a trainer's answer given by phone, by mail or on paper.
func recordRecap(d *desk) {
	d.uploads = true
	if err := d.read(); err != nil {
		d.fail(err)
		return
	}
	a := d.recapAddress()
	kind := models.FactKind(d.values.Get("answer"))
	body := map[string]any{"kind": kind}
	switch {
	case kind != models.FactRecapAccepted && kind != models.FactRecapContested:
		d.faults.add("answer", d.t("money.answer_missing"))
	case kind == models.FactRecapContested && len(d.values["line"]) == 0:
		d.faults.add("line", d.t("money.line_missing"))
	case kind == models.FactRecapContested:
		body["lines"] = d.values["line"]
	}
	d.keyed(body)
	if words := d.text(&d.faults, "answer_words", d.t("money.answer_words"), web.MaxText, true); words != "" {
		body["reason"] = words
	}
	if content := d.scanned(&d.faults); content != nil {
		body["scan"] = content
	}
	if len(d.faults) > 0 {
		d.showRecap(http.StatusUnprocessableEntity, "record")
		return
	}
	if p := d.call(http.MethodPost, a.path()+"/record", body, nil); p != nil {
		d.refused(p, map[string]string{"body.received_at": "received_on", "body.lines": "line"})
		d.showRecap(p.Status, "record")
		return
	}
	d.done(ConsolePath+"/money"+a.path(), d.t("money.answer_done"))
}

// serveRecapScan shows what proves an answer to this month's statement, and no other file.
func serveRecapScan(d *desk) {
	v, err := d.s.recapView(d.ctx, d.recapAddress())
	var doc models.Document
	if err == nil {
		doc, err = d.s.store.Document(d.ctx, d.c.Param("sha256"))
	}
	if err == nil && (doc.Kind != models.DocumentMoneyEvidence || d.s.cfg.Documents == nil ||
		!slices.ContainsFunc(v.Versions, func(x models.Recap) bool { return x.Ref == doc.Subject })) {
		err = refuse(models.CodeUnknown)
	}
	if err != nil {
		d.fail(err)
		return
	}
	d.sendDocument(doc.SHA256, "inline")
}

func serveRecapDocument(d *desk) {
	a := d.recapAddress()
	v, err := d.s.recapView(d.ctx, a)
	if err == nil && (v.SHA256 == "" || d.s.cfg.Documents == nil) {
		err = models.NewError(models.CodeUnknown, "no document yet")
	}
	if err != nil {
		d.fail(err)
		return
	}
	d.sendDocument(v.SHA256, "inline")
}

// payLines are lines of pay in words, each with the mission it is of.
func (v *visit) payLines(lines []models.PayLine) []recapLine {
	titles := map[string]string{}
	out := make([]recapLine, len(lines))
	for i, l := range lines {
		if _, ok := titles[l.Dossier]; !ok {
			titles[l.Dossier] = l.Dossier
			if b, err := v.s.store.Brief(v.ctx, l.Dossier); err == nil {
				titles[l.Dossier] = v.title(b)
			}
		}
		line := recapLine{Title: titles[l.Dossier] + ", " + v.t("fact.session") + " " + strconv.Itoa(models.LastNumber(l.Ref)),
			Day: web.ShortDay(v.lang, l.HeldOn), Amount: web.Money(v.lang, l.Cents), Dossier: l.Dossier}
		if l.Unit == models.UnitFlat && !l.Corrected {
			line.Quantity, line.Rate = v.t("unit.flat"), web.Money(v.lang, l.RateCents)
		} else {
			line.Quantity = web.Quantity(v.lang, l.Quantity, l.Unit)
			line.Rate = web.Money(v.lang, l.RateCents) + " " + v.t("unit."+string(l.Unit))
		}
		if l.Corrected {
			line.Quantity += " " + v.t("recap.corrected")
		}
		out[i] = line
	}
	return out
}
