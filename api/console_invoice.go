package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"jalon/models"
	"jalon/store"
	"jalon/web"
)

// decisionsOnInvoices are what finance may decide about an invoice, in the order a page offers them.
var decisionsOnInvoices = []models.Verb{models.VerbConform, models.VerbReject, models.VerbPay, models.VerbUndo, models.VerbWithdraw}

func (s *Server) registerConsoleInvoice() {
	const path = "/money/invoices/:ref"
	s.console(http.MethodGet, path, StaffMoney, func(d *desk) { d.showInvoice(http.StatusOK, "") })
	s.console(http.MethodGet, path+"/document", StaffMoney, func(d *desk) {
		serveInvoiceDocument(d, func(i models.Invoice) string { return i.SHA256 })
	})
	s.console(http.MethodGet, path+"/replaced", StaffMoney, func(d *desk) {
		serveInvoiceDocument(d, func(i models.Invoice) string { return i.ReplacesSHA256 })
	})
	for _, verb := range decisionsOnInvoices {
		s.console(http.MethodPost, path+"/"+string(verb), Finance, func(d *desk) { decideInvoice(d, verb) })
	}
	s.bodies[http.MethodPost+" "+ConsolePath+path+"/record"] = uploadLimit + formLimit
	s.console(http.MethodPost, path+"/record", StaffMoney, recordInvoice)
}

// replacedInvoice is one that the agency had written in the supplier's name, for which a credit note is owed.
type replacedInvoice struct{ Says, Href string }

type invoicePageData struct {
	Tabs       []moneyTab
	Line       payable
	Facts      []pageFact
	Correct    []*correction // who is paid or billed
	Note       string        // why it was sent back or withdrawn
	Unpayable  string        // what keeps it from being paid
	Mismatch   string        // what the supplier claims is not what was agreed on
	Document   string
	Replaced   *replacedInvoice
	Resendable []parkedLine
	Lines      []recapLine
	Staffed    bool // lines say what became of them: they are all in this invoice
	Total      string
	Clocks     []pageFact
	Awaited    []*dueWords
	Decisions  []moneyDecision
	Record     bool // an invoice received otherwise than by the link can be keyed
	Opened     bool // its form was refused
	Channels   picks
	Reserved   bool // decisions are finance's
	History    []journalEntry
	Key        string
	lacks      bool // the supplier cannot be paid
}

// showInvoice draws one invoice; refused is the form that was sent and not taken.
func (d *desk) showInvoice(status int, refused string) {
	i, err := d.s.store.Invoice(d.ctx, d.c.Param("ref"))
	if err != nil {
		d.fail(err)
		return
	}
	d.s.alertRead(d.ctx, store.AlertsOf{Workflow: models.InvoiceID(i.Ref)}, d.who.Ref)
	p, err := d.invoicePage(i, refused)
	if err != nil {
		d.fail(err)
		return
	}
	title := d.t("money.invoice_title", "number", i.Number)
	if i.Number == "" {
		title = d.t("money.invoice_unnumbered", "ref", i.Ref)
	}
	d.render(status, "console_money_invoice", &web.Page{Title: title, State: i.Status, Faults: d.faults, Values: d.values, Data: p})
}

func (d *desk) invoicePage(i models.Invoice, refused string) (p invoicePageData, err error) {
	lines, err := d.invoiceLines([]models.Invoice{i})
	if err != nil {
		return p, err
	}
	p.Line, p.Key, p.Note = lines[0], d.formKey(), d.noteText(i.Note)
	if p.Facts, err = d.invoiceFacts(i, p.Line); err != nil {
		return p, err
	}
	if p.Correct, err = d.corrections(i, p.Line); err != nil {
		return p, err
	}
	if i.SHA256 != "" {
		p.Document = p.Line.Href + "/document"
	}
	if i.Replaces != "" {
		p.Replaced = &replacedInvoice{d.t("money.replaces", "number", i.Replaces), p.Line.Href + "/replaced"}
	}
	pay, err := d.s.store.PayLinesByRefs(d.ctx, i.Lines)
	if err != nil {
		return p, err
	}
	p.Lines, p.Total = d.payLines(pay), web.Money(d.lang, i.NetCents)
	p.Clocks = d.invoiceClocks(i)
	undelivered, err := d.s.store.UndeliveredBy(d.ctx, models.InvoiceID(i.Ref))
	if err == nil {
		p.Resendable, err = d.resendable(undelivered, "money")
	}
	if err != nil {
		return p, err
	}
	var open []models.Deadline
	if p.Awaited, open, err = d.clocks(models.InvoiceID(i.Ref)); err != nil {
		return p, err
	}
	if p.Mismatch, err = d.mismatch(i); err != nil {
		return p, err
	}
	err = d.s.payable(d.ctx, i)
	switch code := models.ErrorCode(err); {
	case code == models.CodeAccountMissing || code == models.CodeCompanyNumber:
		p.lacks = true
		if i.Status == models.InvoiceConform {
			p.Unpayable = Sentence(code, d.lang)
		}
	case err != nil && code != models.CodeUnknown:
		return p, err
	}
	p.Decisions = d.invoiceDecisions(i, p, open, refused)
	if p.Reserved = len(p.Decisions) > 0 && !Finance.Allows(d.who.Roles); p.Reserved {
		p.Decisions = nil
	}
	p.Record = i.Receivable()
	p.Opened = refused == "record"
	p.Channels = d.channels()
	if d.values == nil {
		now := d.now.In(web.Zone)
		d.values = url.Values{"paid_on": {string(d.s.today())}, "issued_on": {string(d.s.today())}, "received_on": {now.Format(time.DateOnly)}, "received_at": {now.Format("15:04")}}
	}
	if p.History, err = d.happenings(nil, "", i.Ref); err != nil {
		return p, err
	}
	tab := tabSuppliers
	if i.Kind == models.InvoiceClient {
		tab = tabClients
	}
	p.Tabs, _, err = d.moneyTabs(tab)
	return p, err
}

// corrections lead to who is paid, or to who is billed and the person there.
func (d *desk) corrections(i models.Invoice, line payable) (out []*correction, err error) {
	lead := func(label, who, route string, refs ...string) {
		if c := d.correction(label, who, line.Href, route, refs...); c != nil {
			out = append(out, c)
		}
	}
	if i.TrainerRef != "" {
		lead("correct.link_trainer", line.Who, trainerRoute, i.TrainerRef)
		return out, nil
	}
	if i.Dossier == "" {
		return out, nil
	}
	brief, err := d.s.store.Brief(d.ctx, i.Dossier)
	if err != nil {
		return out, err
	}
	if brief.ClientRef != "" {
		lead("correct.link_client", line.Who, clientRoute, brief.ClientRef)
	}
	if brief.BillingRef == "" {
		return out, nil
	}
	c, err := d.s.store.Contact(d.ctx, brief.BillingRef)
	if err == nil {
		lead("correct.link_billed", c.Name, contactRoute, c.ClientRef, c.Ref)
	}
	return out, err
}

// channels are how something can have reached the agency besides a link.
func (d *desk) channels() picks {
	options := []pick{}
	for _, c := range []models.Channel{models.ChannelMail, models.ChannelPaper, models.ChannelPhone} {
		options = append(options, pick{Value: string(c), Label: d.t("money.channel_" + string(c))})
	}
	return d.group("radio", "channel", d.t("money.channel"), "", options...)
}

// companyNumber is the number of who sells a trainer's work, by what it is called where they are established.
func (d *desk) companyNumber(t models.Trainer) []pageFact {
	switch {
	case t.Company == "":
		return nil
	case t.Domestic():
		return []pageFact{{d.t("money.company"), t.Company}}
	}
	return []pageFact{{d.t("money.company_abroad"), t.Company}}
}

func (d *desk) invoiceFacts(i models.Invoice, line payable) ([]pageFact, error) {
	who := "money.payee"
	facts := []pageFact{}
	if i.Kind == models.InvoiceClient {
		who = "money.client"
	}
	facts = append(facts, pageFact{d.t(who), line.Who})
	if i.TrainerRef != "" {
		t, err := d.s.store.Trainer(d.ctx, i.TrainerRef)
		if err != nil && models.ErrorCode(err) != models.CodeUnknown {
			return nil, err
		}
		if payee := t.Payee(); payee != t.Name {
			facts = append(facts, pageFact{d.t("money.intermediary"), payee})
		}
		facts = append(facts, d.companyNumber(t)...)
		switch {
		case t.Ref == "" || !i.Kind.Payable() || !i.Unpaid():
		case slices.Contains(t.Lacking(), models.CodeAccountMissing):
			facts = append(facts, pageFact{d.t("money.account"), d.t("money.no_account")}) // F203
		case i.Status == models.InvoiceConform && t.IBAN != "": // with plain spaces: it is copied into the form of a bank
			facts = append(facts, pageFact{d.t("money.credit"), models.GroupIBAN(t.IBAN, " ")}, pageFact{d.t("money.transfer"), i.Number})
		}
	}
	facts = append(facts, pageFact{d.t("money.kind"), d.t("money.kind_" + string(i.Kind))},
		pageFact{d.t("money.reference"), i.Ref},
		pageFact{d.t("money.net"), web.Money(d.lang, i.NetCents)}, pageFact{d.t("money.vat"), web.Money(d.lang, i.VATCents)},
		pageFact{d.t("money.total"), web.Money(d.lang, i.TotalCents)})
	if i.Kind == models.InvoiceSupplier && i.Status == models.InvoiceNonConforming {
		claimed, found, err := d.claimed(i)
		if err != nil {
			return nil, err
		}
		if found {
			facts = append(facts, pageFact{d.t("money.claimed"), d.t("money.claimed_amounts", "net", web.Money(d.lang, claimed.NetCents), "vat", web.Money(d.lang, claimed.VATCents))})
		}
	}
	at := func(key string, t time.Time) {
		if !t.IsZero() {
			facts = append(facts, pageFact{d.t("money." + key), web.DateTime(d.lang, t)})
		}
	}
	if i.Kind == models.InvoiceSupplier && !i.IssuedAt.IsZero() { // the date it bears
		facts = append(facts, pageFact{d.t("money.issued_at"), web.Day(d.lang, d.s.calendar.DateOf(i.IssuedAt))})
	} else {
		at("issued_at", i.IssuedAt)
	}
	at("received_at_fact", i.ReceivedAt)
	at("conform_at", i.ConformAt)
	if !i.PaidOn.IsZero() {
		facts = append(facts, pageFact{d.t("money.paid_on_fact"), web.Day(d.lang, i.PaidOn)})
	}
	return facts, nil
}

// invoiceClocks are the two clocks of what the agency owes (F196, F197), the one that leads said so; a client's has one.
func (d *desk) invoiceClocks(i models.Invoice) []pageFact {
	var out []pageFact
	clock := func(name string, day models.Date, leads bool) {
		if day.IsZero() {
			return
		}
		words := web.Day(d.lang, day)
		if leads {
			words += " " + d.t("money.leads")
		}
		if name == "pay_on" && i.Overdue(d.s.today()) {
			words += " " + d.t("money.at_once")
		}
		out = append(out, pageFact{d.t("money." + name), words})
	}
	if i.Kind == models.InvoiceClient {
		clock("client_term", i.PromiseOn, false)
		return out
	}
	lead := i.LeadingClock()
	clock("promise_on", i.PromiseOn, lead == models.ClockPromise)
	clock("legal_on", i.LegalOn, lead == models.ClockLegal && i.PromiseOn != "")
	clock("pay_on", i.PayOn, false)
	return out
}

// mismatch says what a supplier's invoice claims, where that is not what was agreed on (F200); empty if it agrees.
func (d *desk) mismatch(i models.Invoice) (string, error) {
	if i.Kind != models.InvoiceSupplier || i.Status != models.InvoiceReceived {
		return "", nil
	}
	claimed, found, err := d.claimed(i)
	if err != nil || !found || claimed.NetCents == i.NetCents && claimed.VATCents == i.VATCents {
		return "", err
	}
	return d.t("money.mismatch", "net", web.Money(d.lang, claimed.NetCents), "vat", web.Money(d.lang, claimed.VATCents),
		"agreed_net", web.Money(d.lang, i.NetCents), "agreed_vat", web.Money(d.lang, i.VATCents)), nil
}

// claimed is what a supplier's invoice says; false if it never came.
func (d *desk) claimed(i models.Invoice) (models.FactData, bool, error) {
	f, err := d.s.store.LastFact(d.ctx, models.InvoiceID(i.Ref), models.FactInvoiceReceived)
	if models.ErrorCode(err) == models.CodeUnknown {
		return models.FactData{}, false, nil
	}
	return f.Data, err == nil, err
}

// invoiceDecisions are what finance can decide now, each with what will happen.
func (d *desk) invoiceDecisions(i models.Invoice, p invoicePageData, open []models.Deadline, refused string) []moneyDecision {
	payable := i.Kind.Payable()
	claimable := slices.ContainsFunc(open, func(x models.Deadline) bool { return x.Kind == models.DeadlineClaim })
	var out []moneyDecision
	for _, verb := range decisionsOnInvoices {
		if i.Takes(verb) != nil || verb == models.VerbConform && p.Mismatch != "" || verb == models.VerbPay && p.lacks || verb == models.VerbUndo && i.Status == models.InvoicePaid && !claimable {
			continue
		}
		name := string(verb)
		says := name + "_says"
		switch {
		case !payable:
			says += "_client"
		case verb == models.VerbUndo:
			if says += "_" + i.Status; i.Status == models.InvoicePaid && i.PayOn < d.s.today() {
				says += "_late"
			}
		case verb == models.VerbConform && p.lacks:
			says += "_lacking"
		case verb == models.VerbConform && d.s.calendar.PayDay(i.LegalOn) < d.s.today():
			says += "_late"
		}
		x := moneyDecision{Verb: name, Title: d.t("money." + name), Submit: d.t("money." + name + "_submit"), Paid: verb == models.VerbPay,
			Grave: verb == models.VerbWithdraw, Open: refused == name || verb == models.VerbConform || verb == models.VerbPay,
			Says: d.t("money."+says, "who", p.Line.Who, "legal", web.Day(d.lang, i.LegalOn), "pay_on", web.Day(d.lang, i.PayOn))}
		switch verb {
		case models.VerbReject, models.VerbUndo, models.VerbWithdraw:
			x.Reason = name + "_reason"
		}
		out = append(out, x)
	}
	return out
}

// decideInvoice sends a decision about an invoice to the API.
func decideInvoice(d *desk, verb models.Verb) {
	if err := d.read(); err != nil {
		d.fail(err)
		return
	}
	ref, name := d.c.Param("ref"), string(verb)
	body := map[string]any{}
	switch verb {
	case models.VerbReject, models.VerbUndo, models.VerbWithdraw:
		body["reason"] = d.text(&d.faults, name+"_reason", d.t("money."+name+"_reason"), web.MaxText, false)
	case models.VerbPay:
		day, err := models.ParseDate(d.values.Get("paid_on"))
		if err != nil {
			d.faults.add("paid_on", d.t("money.day_wrong"))
		}
		body["paid_on"] = day
		if reference := d.text(&d.faults, "payment_reference", d.t("money.payment_reference"), web.MaxLine, true); reference != "" {
			body["reason"] = d.t("money.paid_with", "reference", reference)
		}
	}
	if len(d.faults) > 0 {
		d.showInvoice(http.StatusUnprocessableEntity, name)
		return
	}
	if p := d.call(http.MethodPost, "/invoices/"+url.PathEscape(ref)+"/"+name, body, nil); p != nil {
		d.refused(p, map[string]string{"body.reason": name + "_reason"})
		d.showInvoice(p.Status, name)
		return
	}
	d.done(ConsoleAddress("", ref), d.t("money."+name+"_done"))
}

// recordInvoice keys an invoice that a supplier sent by mail or on paper.
func recordInvoice(d *desk) {
	d.uploads = true
	if err := d.read(); err != nil {
		d.fail(err)
		return
	}
	ref := d.c.Param("ref")
	body := map[string]any{"number": d.text(&d.faults, "number", d.t("invoice.number"), 60, false),
		"net_cents": d.euros(&d.faults, "net", 1), "vat_cents": d.euros(&d.faults, "vat", 0)}
	issued := models.Date(d.values.Get("issued_on"))
	if models.CheckIssued(issued, d.s.today()) != nil {
		d.faults.add("issued_on", d.t("invoice.issued_on_wrong"))
	}
	body["issued_on"] = issued
	d.keyed(body)
	body["document"] = d.file(&d.faults)
	if len(d.faults) > 0 {
		d.showInvoice(http.StatusUnprocessableEntity, "record")
		return
	}
	if p := d.call(http.MethodPost, "/invoices/"+url.PathEscape(ref)+"/record", body, nil); p != nil {
		d.refused(p, map[string]string{"body.received_at": "received_on", "body.net_cents": "net", "body.vat_cents": "vat", "body.document": "file"})
		d.showInvoice(p.Status, "record")
		return
	}
	d.done(ConsoleAddress("", ref), d.t("money.record_done"))
}

// keyed reads how and when something reached the agency into the body of a call.
func (d *desk) keyed(body map[string]any) {
	channel := d.values.Get("channel")
	if !slices.Contains([]string{"phone", "paper", "mail"}, channel) {
		d.faults.add("channel", d.t("money.channel_missing"))
	}
	body["channel"] = channel
	at, err := time.ParseInLocation("2006-01-02 15:04", strings.TrimSpace(d.values.Get("received_on")+" "+d.values.Get("received_at")), web.Zone)
	if err != nil {
		d.faults.add("received_on", d.t("money.day_wrong"))
	}
	body["received_at"] = at
}

func serveInvoiceDocument(d *desk, of func(models.Invoice) string) {
	i, err := d.s.store.Invoice(d.ctx, d.c.Param("ref"))
	if err == nil && (of(i) == "" || d.s.cfg.Documents == nil) {
		err = models.NewError(models.CodeUnknown, "no document yet")
	}
	if err != nil {
		d.fail(err)
		return
	}
	d.sendDocument(of(i), "inline")
}
