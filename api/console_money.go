package api

import (
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"jalon/models"
	"jalon/store"
	"jalon/web"
)

const moneyPath = ConsolePath + "/money"

func (s *Server) registerConsoleMoney() {
	s.console(http.MethodGet, "/money", StaffMoney, servePayments)
	s.console(http.MethodGet, "/money/payments.csv", Finance, exportPayments)
	s.console(http.MethodGet, "/money/invoices", StaffMoney, serveInvoices)
	s.console(http.MethodGet, "/money/clients", StaffMoney, serveInvoices)
	s.registerConsoleInvoice()
	s.registerConsoleRecaps()
}

// ConsoleAddress is where staff deal with something: its invoice, its month, or else its dossier.
func ConsoleAddress(dossier, subject string) string {
	parts := strings.Split(subject, "/")
	switch {
	case strings.HasPrefix(subject, "I-"):
		return moneyPath + "/invoices/" + subject
	case len(parts) == 5 && parts[3] == "recap":
		return moneyPath + "/recaps/" + strings.Join(parts[:3], "/")
	case dossier != "":
		return dossiersPath + "/" + dossier
	}
	return moneyPath
}

// The parts of the money pages.
const (
	tabPayments  = "payments"
	tabSuppliers = "suppliers"
	tabClients   = "clients"
	tabRecaps    = "recaps"
)

// moneyTab leads to a list, and says how much of it awaits somebody: the list itself may hold what is over as well.
type moneyTab struct {
	Label, Href, Awaits string
	On                  bool
}

// moneyTabs lead to the lists. counts are those of the list shown, by status.
func (d *desk) moneyTabs(on string) (tabs []moneyTab, counts map[string]int64, err error) {
	suppliers, clients, err := d.s.store.InvoicesByStatus(d.ctx)
	if err != nil {
		return nil, nil, err
	}
	if counts = suppliers; on == tabClients {
		counts = clients
	}
	held, err := d.s.store.HeldLateSum(d.ctx, d.s.today())
	if err != nil {
		return nil, nil, err
	}
	recaps, err := d.s.store.RecapsToDecide(d.ctx, "")
	tab := func(name, path string, n int64) {
		t := moneyTab{Label: d.t("money." + name), Href: moneyPath + path, On: on == name}
		if n > 0 {
			t.Awaits = d.t("money."+name+"_await", "number", int(n))
		}
		tabs = append(tabs, t)
	}
	tab(tabPayments, "", suppliers[models.InvoiceConform]+held.Count)
	tab(tabSuppliers, "/invoices", suppliers[models.InvoiceReceived])
	tab(tabClients, "/clients", clients[models.InvoiceIssued])
	tab(tabRecaps, "/recaps", recaps[models.RecapContested]+recaps[models.RecapWithStaff])
	return tabs, counts, err
}

// payable is an invoice of a supplier or of a client in a list.
type payable struct {
	Ref, Href, Number, Who, About, AboutHref, Amount, Status, Tone string
	Day, Machine, Clock, Late                                      string // when money is due, which clock says so, and that it is late
	Since                                                          string // when it was paid, or else came or left
	Lacks                                                          string // what keeps it from being paid
	Todo                                                           string // what has to be done first
}

// invoiceLines are invoices as lists show them, with the names of who is paid or pays.
func (d *desk) invoiceLines(rows []models.Invoice) ([]payable, error) {
	var trainers, dossiers []string
	for _, i := range rows {
		trainers, dossiers = append(trainers, i.TrainerRef), append(dossiers, i.Dossier)
	}
	names, err := d.s.store.Names(d.ctx, trainers)
	if err != nil {
		return nil, err
	}
	clients, err := d.s.store.ClientNames(d.ctx, dossiers)
	maps.Copy(names, clients)
	out := make([]payable, len(rows))
	for n, i := range rows {
		out[n] = d.payableLine(i, names)
	}
	return out, err
}

func (d *desk) payableLine(i models.Invoice, names map[string]string) payable {
	line := payable{Ref: i.Ref, Href: ConsoleAddress("", i.Ref), Number: i.Number, Amount: web.Money(d.lang, i.TotalCents),
		Status: d.t("money.status_" + i.Status), Tone: invoiceTone(i.Status)}
	who := i.TrainerRef
	if i.Kind == models.InvoiceClient {
		who = i.Dossier
	}
	if line.Who = names[who]; line.Who == "" {
		line.Who = who
	}
	if parts := strings.Split(i.RecapRef, "/"); len(parts) == 5 {
		line.About, line.AboutHref = d.t("money.recap_of", "month", web.MonthName(d.lang, models.Month(parts[2]))), ConsoleAddress("", i.RecapRef)
	} else if i.Dossier != "" {
		line.About, line.AboutHref = i.Dossier, ConsoleAddress(i.Dossier, "")
	}
	since := func(key string, day models.Date) { line.Since = d.t("money."+key, "day", web.ShortDay(d.lang, day)) }
	switch {
	case i.Status == models.InvoicePaid && !i.PaidOn.IsZero():
		since("paid_the", i.PaidOn)
	case !i.ReceivedAt.IsZero():
		since("received_the", d.s.calendar.DateOf(i.ReceivedAt))
	case i.Kind == models.InvoiceClient && !i.IssuedAt.IsZero():
		since("issued_the", d.s.calendar.DateOf(i.IssuedAt))
	}
	if due := i.DueOn(); !due.IsZero() && i.Unpaid() {
		line.Day, line.Machine, line.Clock = web.ShortDay(d.lang, due), string(due), d.t("money.clock_"+i.LeadingClock())
		if i.Overdue(d.s.today()) {
			line.Late = d.t("money.late")
		}
	}
	return line
}

// invoiceTone colours a status; its word says the same.
func invoiceTone(status string) string {
	switch status {
	case models.InvoicePaid:
		return "good"
	case models.InvoiceReceived, models.InvoiceNonConforming:
		return "warn"
	}
	return ""
}

type paymentsPage struct {
	Tabs    []moneyTab
	Sums    []pageFact
	Held    []payable // late already, and not declared conforming
	Rows    []payable
	Export  string
	Pages   *web.Pages
	Caption string
	Parked  *parkedBox
}

// servePayments shows what is to be paid, by the date money leaves.
func servePayments(d *desk) {
	cursor, err := d.cursor()
	if err != nil {
		d.fail(err)
		return
	}
	list, err := d.s.store.Payables(d.ctx, cursor, store.DefaultPage)
	if err != nil {
		d.fail(err)
		return
	}
	today := d.s.today()
	p := paymentsPage{Pages: d.pages(cursor, list.Next), Caption: d.t("money.payments_caption")}
	late, soon, all, err := d.s.store.PayableSums(d.ctx, today, today.AddDays(7))
	if err != nil {
		d.fail(err)
		return
	}
	held, err := d.s.store.HeldLateSum(d.ctx, today)
	if err == nil && held.Count > 0 && cursor == (store.Cursor{}) {
		p.Held, err = d.heldLines(today)
	}
	if err != nil {
		d.fail(err)
		return
	}
	p.Sums = d.moneySums(late.Plus(held), soon, all.Plus(held))
	if p.Rows, err = d.payableLines(list.Items); err == nil {
		p.Tabs, _, err = d.moneyTabs(tabPayments)
	}
	if err == nil {
		p.Parked, err = d.parkedBox()
	}
	if err != nil {
		d.fail(err)
		return
	}
	if Finance.Allows(d.who.Roles) && len(p.Rows) > 0 {
		p.Export = moneyPath + "/payments.csv"
	}
	d.render(http.StatusOK, "console_money", &web.Page{Title: d.t("money.payments_title"), State: "list", Data: p})
}

// moneySums are totals with tax: of what is late, of what is due within a week, and of all.
func (d *desk) moneySums(late, soon, all store.Owed) (out []pageFact) {
	for i, due := range []store.Owed{late, soon, all} {
		out = append(out, pageFact{d.t("money.sum_" + []string{"late", "week", "all"}[i]), d.t("money.sum", "count", int(due.Count), "amount", web.Money(d.lang, due.Cents))})
	}
	return out
}

// payableLines are the invoices to pay, with what keeps one from being paid (F203).
func (d *desk) payableLines(rows []models.Invoice) ([]payable, error) {
	lines, err := d.invoiceLines(rows)
	if err != nil {
		return nil, err
	}
	payees, err := d.payees(rows)
	for n, i := range rows {
		lines[n].Lacks = strings.Join(d.gaps(payees[i.TrainerRef]), ", ")
	}
	return lines, err
}

// heldLines are the invoices that are late before they can be paid, with what has to be done first.
func (d *desk) heldLines(today models.Date) ([]payable, error) {
	rows, err := d.s.store.HeldLate(d.ctx, today, store.DefaultPage)
	if err != nil {
		return nil, err
	}
	lines, err := d.invoiceLines(rows)
	for n := range lines {
		lines[n].Todo = d.t("money.held_" + rows[n].Status)
	}
	return lines, err
}

// payees are who is paid by invoices, by their references.
func (d *desk) payees(rows []models.Invoice) (map[string]models.Trainer, error) {
	refs := make([]string, len(rows))
	for n, i := range rows {
		refs[n] = i.TrainerRef
	}
	trainers, err := d.s.store.TrainersByRefs(d.ctx, refs)
	out := make(map[string]models.Trainer, len(trainers))
	for _, t := range trainers {
		out[t.Ref] = t
	}
	return out, err
}

// exportPayments is what is to be paid as a table, with the accounts to pay to.
func exportPayments(d *desk) {
	var head []string
	for _, name := range []string{"pay_on", "payee", "iban", "amount", "number", "reference", "legal_on"} {
		head = append(head, d.t("money.csv_"+name))
	}
	d.export("paiements", head, d.payments())
}

// payments are the rows of the export.
func (d *desk) payments() iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for from := (store.Cursor{}); ; {
			page, err := d.s.store.Payables(d.ctx, from, store.MaxPage)
			var payees map[string]models.Trainer
			if err == nil {
				payees, err = d.payees(page.Items)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for _, i := range page.Items {
				t := payees[i.TrainerRef]
				if !yield([]string{string(i.PayOn), t.Payee(), t.IBAN, d.plainAmount(i.TotalCents), i.Number, i.Ref, string(i.LegalOn)}, nil) {
					return
				}
			}
			if from = page.Next; from.ID == "" {
				return
			}
		}
	}
}

// plainAmount is an amount as spreadsheets of the language read it.
func (d *desk) plainAmount(c models.Cents) string {
	if d.lang == models.French {
		return c.Plain(",")
	}
	return c.Plain(".")
}

// Statuses in the order of an invoice's life, and those a client's can have.
var (
	supplierStatuses = []string{models.InvoiceAwaited, models.InvoiceReceived, models.InvoiceNonConforming, models.InvoiceConform, models.InvoicePaid, models.InvoiceWithdrawn}
	clientStatuses   = []string{models.InvoiceIssued, models.InvoicePaid, models.InvoiceWithdrawn}
)

type invoicesPage struct {
	Tabs    []moneyTab
	Chips   []chip
	Sums    []pageFact // what clients owe
	Rows    []payable
	Who     string // heading of the column
	Caption string
	Pages   *web.Pages
}

// serveInvoices lists the invoices of suppliers, or of clients, by status.
func serveInvoices(d *desk) {
	tab, statuses, f := tabSuppliers, supplierStatuses, store.InvoiceFilter{Payable: true}
	if strings.HasSuffix(d.c.FullPath(), "/clients") {
		tab, statuses, f = tabClients, clientStatuses, store.InvoiceFilter{Kind: models.InvoiceClient}
	}
	f.Status = d.c.Query("status")
	cursor, err := d.cursor()
	if err != nil || f.Status != "" && !slices.Contains(statuses, f.Status) {
		d.fail(models.NewError(models.CodeMalformed, "status or cursor"))
		return
	}
	list, err := d.s.store.Invoices(d.ctx, f, cursor, store.DefaultPage)
	if err != nil {
		d.fail(err)
		return
	}
	p := invoicesPage{Pages: d.pages(cursor, list.Next), Who: d.t("money.payee"), Caption: d.t("money." + tab + "_caption")}
	if tab == tabClients {
		p.Who = d.t("money.client")
		today := d.s.today()
		late, soon, all, err := d.s.store.ReceivableSums(d.ctx, today, today.AddDays(7))
		if err != nil {
			d.fail(err)
			return
		}
		p.Sums = d.moneySums(late, soon, all)
	}
	tabs, counts, err := d.moneyTabs(tab)
	if err == nil {
		p.Tabs = tabs
		p.Rows, err = d.invoiceLines(list.Items)
	}
	if err != nil {
		d.fail(err)
		return
	}
	here := d.c.Request.URL.Path
	p.Chips = []chip{{d.t("money.status_all"), here, uncounted, f.Status == ""}}
	for _, status := range statuses {
		n := uncounted // what is over is not counted: there is more of it every day
		if status != models.InvoicePaid && status != models.InvoiceWithdrawn {
			n = int(counts[status])
		}
		p.Chips = append(p.Chips, chip{d.t("money.status_" + status), here + "?" + url.Values{"status": {status}}.Encode(), n, f.Status == status})
	}
	d.render(http.StatusOK, "console_money_invoices", &web.Page{Title: d.t("money." + tab + "_title"), State: "list", Data: p})
}

// uncounted is the count of a chip that shows none.
const uncounted = -1

// invoicesOf are the invoices among references, for who may see any.
func (d *desk) invoicesOf(refs []string) ([]models.Invoice, error) {
	refs = slices.DeleteFunc(slices.Clone(refs), func(ref string) bool { return !strings.HasPrefix(ref, "I-") })
	if len(refs) == 0 || !StaffMoney.Allows(d.who.Roles) {
		return nil, nil
	}
	return d.s.store.InvoicesByRefs(d.ctx, refs)
}

// happenings are the timeline of an invoice or of a month, latest first, with the reasons given.
// Scans of what staff recorded are those of facts, under the address at.
func (d *desk) happenings(facts []models.Inbox, at string, subjects ...string) ([]journalEntry, error) {
	var lines []models.JournalLine
	for _, subject := range subjects {
		page, err := d.s.store.JournalOf(d.ctx, subject, store.Cursor{}, store.MaxPage)
		if err != nil {
			return nil, err
		}
		lines = append(lines, slices.DeleteFunc(page.Items, models.JournalLine.Echo)...)
	}
	slices.SortStableFunc(lines, func(a, b models.JournalLine) int { return b.At.Compare(a.At) })
	var notes, people []string
	for _, l := range lines {
		people, notes = append(people, l.Actor, l.Recorder), append(notes, l.Note)
	}
	words, err := d.s.store.Notes(d.ctx, notes)
	if err != nil {
		return nil, err
	}
	names, err := d.s.store.Names(d.ctx, people)
	called := func(ref string) string {
		if name := names[ref]; name != "" {
			return name
		}
		return d.lang.RoleName(models.Role(ref)) // the reference itself for what is no role
	}
	scans := proofs(d.who, facts, lines)
	out := make([]journalEntry, len(lines))
	for i, l := range lines {
		said := l
		if _, month, ok := models.PayMonthOf(l.Subject); ok {
			said.Subject = web.MonthName(d.lang, month)
		}
		entry := journalEntry{When: web.DateTime(d.lang, l.At), Sentence: JournalSentence(said, d.lang), By: called(l.Actor), Note: words[l.Note]}
		if l.Recorder != "" {
			entry.By = d.t("money.recorded_by", "who", entry.By, "recorder", called(l.Recorder))
		}
		if sha := scans[l.ID]; sha != "" {
			entry.Proof, entry.ProofLabel = at+"/scans/"+sha, d.t("dossier.document.evidence")
		}
		out[i] = entry
	}
	return out, err
}

// clocks are what a process awaits now.
func (d *desk) clocks(workflow string) ([]*dueWords, []models.Deadline, error) {
	open, err := d.s.store.OpenDeadlines(d.ctx, store.DeadlineFilter{Workflow: workflow}, store.Cursor{}, store.MaxPage)
	if err != nil {
		return nil, nil, err
	}
	asking, err := d.s.store.Asking(d.ctx, open.Items...)
	var out []*dueWords
	for _, x := range open.Items {
		out = append(out, d.dueWords(x, "", asking))
	}
	return out, open.Items, err
}

// moneyDecision is something that can be done now: what it is called, what will happen, and what has to be said.
type moneyDecision struct {
	Verb, Title, Says, Submit string
	Reason                    string // name of the field for it, if one is needed
	Paid                      bool   // asks for the day and the reference of a payment
	Grave, Open               bool
}
