package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// invoice follows one invoice until it is paid or withdrawn. What the agency owes has two clocks (F196, F197): the
// promise, from the later of receipt and conformity, and the legal ceiling; the earlier one leads.
type invoice struct {
	*process
	in        models.InvoiceInput
	row       models.Invoice
	mismatch  bool // amounts or VAT are not those agreed on (F200)
	withdrawn bool
	undone    bool     // a mark was taken back: the step before is played again
	bill      []string // the message that brings the client's invoice
	reminders []string // those that remind the client of it
	notice    []string // the last message that tells the trainer of the payment

	watched  models.Date  // the legal ceiling that is
	billed   models.Cents // with tax, by the supplier's own invoice
	promised time.Time    // when the trainer was told a day of payment that still holds
}

// Invoice runs one invoice: received, conforming, paid.
func Invoice(ctx workflow.Context, in models.InvoiceInput) error {
	v := &invoice{in: in, row: in.Invoice}
	if err := v.setup(ctx); err != nil {
		return err
	}
	v.run(ctx)
	return v.finish(ctx)
}

func (v *invoice) setup(ctx workflow.Context) (err error) {
	if v.process, err = newProcess(ctx, v.in.Common, v.in.Invoice.Dossier, v.in.Owner, v.fact); err != nil {
		return err
	}
	v.subject = v.row.Ref
	v.foundBy = func(i *indexed) { i.trainer = v.row.TrainerRef }
	v.number = func() string { return v.row.Number }
	v.interrupted = func() bool { return v.withdrawn }
	if err := command(ctx, v.process, models.VerbConform, v.checkConform, v.conform); err != nil {
		return err
	}
	if err := command(ctx, v.process, models.VerbReject, v.checkReject, v.reject); err != nil {
		return err
	}
	payable := func(in models.Pay) error { return v.checkPay(v.today(ctx), in) }
	if err := command(ctx, v.process, models.VerbPay, payable, v.pay); err != nil {
		return err
	}
	if err := command(ctx, v.process, models.VerbUndo, v.checkUndo, v.undo); err != nil {
		return err
	}
	return command(ctx, v.process, models.VerbWithdraw, v.checkWithdraw, v.withdrawInvoice)
}

func (v *invoice) run(ctx workflow.Context) {
	switch v.row.Kind {
	case models.InvoiceSelfBilled:
		if !v.issue(ctx) {
			return
		}
		v.row.ReceivedAt, v.row.Status = v.row.IssuedAt, models.InvoiceReceived
		v.send(ctx, letter{Template: "self_billed_invoice", To: models.RoleTrainer, ToRef: v.row.TrainerRef, Subject: v.row.Ref,
			Attach: []string{v.row.SHA256}, Args: v.args()})
	case models.InvoiceClient:
		number, err := v.allocate(ctx, models.Allocation{Series: "client_invoice", Key: v.row.Ref, Year: v.today(ctx).Year()})
		if err != nil {
			return
		}
		v.row.Number = number
		if !v.issue(ctx) {
			return
		}
		v.row.Status = models.InvoiceIssued
		key, _ := v.send(ctx, letter{Template: "client_invoice", To: models.RoleBilling, Subject: v.row.Ref, Attach: []string{v.row.SHA256}, Args: v.args()})
		v.bill = []string{key}
	default:
		v.row.Status = models.InvoiceAwaited
	}
	v.journal(models.JournalLine{Kind: "invoice_" + v.row.Status, Subject: v.row.Ref, Actor: string(models.RoleSystem)})
	v.project()
	for v.failure == nil && ctx.Err() == nil {
		switch {
		case v.withdrawn:
			v.end(ctx)
			return
		case v.row.Status == models.InvoiceAwaited || v.row.Status == models.InvoiceNonConforming:
			v.awaitDeposit(ctx)
		case v.row.Status == models.InvoiceReceived:
			v.awaitConformity(ctx)
		case v.row.Status == models.InvoiceConform:
			v.awaitPayment(ctx)
		case v.row.Status == models.InvoiceIssued:
			v.awaitClient(ctx)
		case v.row.Status == models.InvoicePaid:
			if v.keepPaid(ctx) {
				return
			}
		}
	}
}

// issue draws the document of an invoice that the agency writes.
func (v *invoice) issue(ctx workflow.Context) bool {
	return v.insist(ctx, v.row.Ref, func() (err error) {
		v.row.IssuedAt = v.now(ctx)
		if v.row.Kind == models.InvoiceClient {
			// A public body's term runs from receipt (R2192-10).
			from, leaves := v.cal.DateOf(v.row.IssuedAt), v.cal.DateOf(v.cal.MailTime(v.row.IssuedAt, v.common.Policy.MailHours))
			if leaves != from && passes(ctx, gateDeparture) {
				from = leaves
			}
			v.row.PromiseOn = from.AddDays(v.common.Policy.LegalCap.FromPerformance)
		} else {
			v.row.LegalOn = v.legal()
		}
		v.row.SHA256, err = v.render(ctx, models.RenderInput{Kind: models.DocumentInvoice, Subject: v.row.Ref, Dossier: v.dossier, At: v.row.IssuedAt, Invoice: &v.row, Terms: v.common.Policy.Terms()})
		return err
	})
}

// legal is the legal ceiling: 45 days from issue, since recaps make periodic invoices (CGI 289 I-3, C. com. L441-10).
func (v *invoice) legal() models.Date {
	return v.cal.DateOf(v.row.IssuedAt).AddDays(v.common.Policy.LegalCap.Periodic)
}

func (v *invoice) args(more ...models.Arg) models.Args {
	return append(models.Args{{Name: "invoice", Value: v.row.Ref}, {Name: "amount", Value: itoa(int(v.row.TotalCents))}}, more...)
}

func (v *invoice) project() {
	row := v.row
	v.record(func(s *models.Step) { put(&s.Rows.Invoices, row, func(i models.Invoice) string { return i.Ref }) })
}

func (v *invoice) raiser(ctx workflow.Context) func(string) {
	return func(alert string) { v.alertStaff(ctx, alert, v.row.Ref) }
}

// awaitDeposit asks the supplier for an invoice, the first time or again with reasons (F194, F198).
func (v *invoice) awaitDeposit(ctx workflow.Context) {
	p := v.common.Policy
	v.row.Round++
	ask := letter{Template: "invoice_ask", To: models.RoleTrainer, ToRef: v.row.TrainerRef, Subject: v.row.Ref,
		Links: []models.Link{{Purpose: models.LinkInvoice, Subject: v.row.Ref, Generation: v.row.Round}}, Args: v.args(v.dueArg(ctx, p.RecapReminder)...)}
	reminder := ask
	reminder.Template = "invoice_reminder"
	if v.row.Status == models.InvoiceNonConforming {
		ask.Template = "invoice_rejected"
		ask.Args = append(ask.Args, models.Arg{Name: "note", Value: v.row.Note})
		if v.row.Kind == models.InvoiceSupplier {
			ask.Args = append(ask.Args, models.Arg{Name: "billed", Value: itoa(int(v.billed))})
		}
	}
	key, leaves := v.send(ctx, ask)
	deposited := func() bool { return v.row.Status == models.InvoiceReceived }
	d := v.opens(ctx, wait{Kind: models.DeadlineInvoiceUpload, Subject: v.row.Ref, Awaits: models.RoleTrainer, AwaitsRef: v.row.TrainerRef,
		From: leaves, Delay: p.RecapReminder, Asked: []string{key}})
	v.row.DeadlineID = d.ID
	v.project()
	reminded := ""
	switch v.waitUntil(ctx, d, deposited) {
	case models.Missed:
		reminded, _ = v.send(ctx, reminder)
		fallthrough
	case models.Undeliverable:
		v.alertStaff(ctx, "invoice_not_received", v.row.Ref)
		v.awaitStaff(ctx, wait{Subject: v.row.Ref, Reminder: reminded}, "invoice_not_received", v.raiser(ctx), deposited)
	}
}

// awaitConformity waits for the check of invoice, sheets and documents (F195). The legal ceiling runs beside it.
func (v *invoice) awaitConformity(ctx workflow.Context) {
	v.watchCap(ctx)
	v.undone = false
	v.send(ctx, letter{Template: "finance_conformity", To: models.RoleFinance, Subject: v.row.Ref, Args: v.args()})
	decided := func() bool { return v.row.Status != models.InvoiceReceived }
	d := v.opens(ctx, wait{Kind: models.DeadlineConformity, Subject: v.row.Ref, Awaits: models.RoleFinance, Delay: v.common.Policy.ConformityCheck})
	v.row.DeadlineID = d.ID
	v.project()
	if v.waitUntil(ctx, d, decided) == models.Missed {
		v.alertStaff(ctx, "conformity_overdue", v.row.Ref)
		v.awaitStaff(ctx, wait{Subject: v.row.Ref, Awaits: models.RoleFinance}, "conformity_overdue", v.raiser(ctx), decided)
	}
}

// watchCap alerts finance before the legal ceiling, even when the invoice is held as non-conforming. Another invoice brings
// the ceiling of its own date.
func (v *invoice) watchCap(ctx workflow.Context) {
	legal := v.row.LegalOn
	if v.watched == legal {
		return
	}
	v.watched = legal
	alert := v.cal.EndOf(legal.AddDays(-v.common.Policy.LegalCapAlert))
	v.aside(ctx, func(ctx workflow.Context) {
		settled := func() bool { return v.row.Status == models.InvoicePaid }
		over := func() bool { return v.withdrawn || v.watched != legal }
		d := v.opens(ctx, wait{Kind: models.DeadlineLegalCap, Subject: v.row.Ref, Awaits: models.RoleFinance, Due: models.Latest(alert, v.now(ctx)), Fixed: true, Turned: over})
		switch v.waitUntil(ctx, d, settled) {
		case models.Missed:
			v.alertStaff(ctx, "legal_cap_near", v.row.Ref) // once
		case models.Met:
			v.watched = ""
		}
	})
}

// awaitPayment holds the clock: money is due on the last bank day not after the earlier of promise and ceiling, and
// finance are told on that day; a day that passes without payment is a late one.
func (v *invoice) awaitPayment(ctx workflow.Context) {
	v.watchCap(ctx) // again, when a payment was marked by mistake
	v.undone = false
	day := models.Args{{Name: "pay_on", Value: string(v.row.PayOn)}}
	told, leaves := v.send(ctx, letter{Template: "invoice_conform", To: models.RoleTrainer, ToRef: v.row.TrainerRef, Subject: v.row.Ref, Args: v.args(day...)})
	if v.notice = []string{told}; v.promised.IsZero() {
		v.promised = leaves
	}
	key, _ := v.send(ctx, letter{Template: "finance_payment_due", To: models.RoleFinance, Subject: v.row.Ref, Args: v.args(day...),
		When: v.cal.At(v.row.PayOn, 0, 0)})
	over := func() bool { return v.row.Status != models.InvoiceConform }
	d := v.opens(ctx, wait{Kind: models.DeadlinePayment, Subject: v.row.Ref, Awaits: models.RoleFinance,
		Due: models.Latest(v.cal.EndOf(v.row.PayOn), v.now(ctx)), Fixed: true})
	v.row.DeadlineID = d.ID
	v.project()
	outcome := v.waitUntil(ctx, d, over)
	if outcome == models.Missed {
		late, _ := v.send(ctx, letter{Template: "finance_payment_late", To: models.RoleFinance, Subject: v.row.Ref, Args: v.args(day...)})
		v.alertStaff(ctx, "payment_late", v.row.Ref)
		v.awaitStaff(ctx, wait{Subject: v.row.Ref, Awaits: models.RoleFinance, Reminder: late}, "payment_late", v.raiser(ctx), over)
	}
	v.withdraw(key)
}

// awaitClient waits for the client's payment: reminded, then handed to finance.
func (v *invoice) awaitClient(ctx workflow.Context) {
	paid := func() bool { return v.row.Status != models.InvoiceIssued }
	d := v.opens(ctx, wait{Kind: models.DeadlineClientPayment, Subject: v.row.Ref, Awaits: models.RoleBilling,
		Due: models.Latest(v.cal.EndOf(v.row.PromiseOn), v.now(ctx))})
	v.row.DeadlineID = d.ID
	v.project()
	if v.waitUntil(ctx, d, paid) == models.Missed {
		key, _ := v.send(ctx, letter{Template: "client_invoice_reminder", To: models.RoleBilling, Subject: v.row.Ref, Args: v.args()})
		v.reminders = append(v.reminders, key)
		v.alertStaff(ctx, "client_payment_late", v.row.Ref)
		v.awaitStaff(ctx, wait{Subject: v.row.Ref, Awaits: models.RoleFinance}, "client_payment_late", v.raiser(ctx), paid)
	}
}

// keepPaid leaves the time in which a payment that was not credited is claimed (F205); a mark made by mistake can be
// undone meanwhile. True: the invoice is over.
func (v *invoice) keepPaid(ctx workflow.Context) bool {
	v.undone = false
	window := v.common.Policy.UnpaidClaimAfter
	if window.IsOff() || v.row.Kind == models.InvoiceClient {
		return true
	}
	v.until(ctx, wait{Kind: models.DeadlineClaim, Subject: v.row.Ref, Delay: window}, func() bool { return v.undone })
	return !v.undone
}

// end withdraws the invoice: its lines are due again, in their payee's first unsettled month.
func (v *invoice) end(ctx workflow.Context) {
	v.row.Status = models.InvoiceWithdrawn
	v.project()
	if v.row.Kind == models.InvoiceClient {
		v.withdraw(slices.Concat(v.bill, v.reminders)...) // not left yet, they would ask for what is not owed
		return
	}
	v.withdraw(v.notice...)
	v.send(ctx, letter{Template: "invoice_withdrawn", To: models.RoleTrainer, ToRef: v.row.TrainerRef, Subject: v.row.Ref, Args: v.args()})
	for _, l := range v.in.Lines {
		l.Status, l.RecapRef, l.InvoiceRef = models.LineDue, "", ""
		v.record(func(s *models.Step) { s.Rows.Reopened = append(s.Rows.Reopened, l) })
		v.tell(models.Fact{ID: "line_due/" + l.Ref + "/" + v.row.Ref, Kind: models.FactLineDue, Subject: l.Ref, Dossier: l.Dossier,
			Start: &models.Start{Remuneration: &models.RemunerationInput{Common: v.common, Payer: l.Payer, TrainerRef: l.TrainerRef, Owner: v.owner}}})
	}
}

// fact takes in the supplier's invoice. What does not agree with the accepted amount, or with the supplier's VAT
// status, cannot be marked as conforming (F200).
func (v *invoice) fact(f models.Fact) string {
	if f.Kind != models.FactInvoiceReceived || !v.row.Receivable() {
		return models.FactIgnored
	}
	args := models.Args{}
	if v.row.Kind == models.InvoiceSelfBilled { // issued: it is in the books, and a credit note is owed for it (rules section 2)
		v.row.Replaces, v.row.ReplacesSHA256 = v.row.Number, v.row.SHA256
		args = append(args, models.Arg{Name: "replaces", Value: v.row.Replaces})
	}
	v.row.Number, v.row.SHA256, v.row.ReceivedAt = f.Data.Number, f.Data.SHA256, f.ReceivedAt
	v.row.Kind, v.row.Note = models.InvoiceSupplier, "" // the reason was about the one before
	v.billed = f.Data.NetCents + f.Data.VATCents
	switch {
	case f.Data.IssuedOn != "":
		v.row.IssuedAt = v.cal.At(f.Data.IssuedOn, 0, 0)
		v.row.LegalOn = v.legal()
	case v.row.IssuedAt.IsZero(): // recorded before the date was asked for
		v.row.IssuedAt = f.ReceivedAt
		v.row.LegalOn = v.legal()
	}
	v.row.Status = models.InvoiceReceived
	v.project()
	if v.mismatch = f.Data.NetCents != v.row.NetCents || f.Data.VATCents != v.row.VATCents; v.mismatch {
		args = append(args, models.Arg{Name: "mismatch", Value: string(models.CodeVATMismatch)})
	}
	v.journal(models.JournalLine{Kind: string(f.Kind), Subject: v.row.Ref, Actor: f.Actor, Channel: f.Channel, Recorder: f.Recorder, At: f.ReceivedAt, Args: args})
	return models.FactApplied
}

func (v *invoice) checkConform(models.Decision) error {
	if err := v.row.Takes(models.VerbConform); err != nil {
		return err
	}
	if v.mismatch {
		return models.NewError(models.CodeVATMismatch, "the amounts are not those agreed on, or VAT does not fit the supplier's status")
	}
	return nil
}

// conform starts the promise: 30 days from the later of receipt and conformity; the legal ceiling leads if earlier.
func (v *invoice) conform(ctx workflow.Context, in models.Decision) models.CommandResult {
	v.row.Status, v.row.ConformAt = models.InvoiceConform, v.now(ctx)
	v.row.PromiseOn = v.cal.DateOf(models.Latest(v.row.ReceivedAt, v.row.ConformAt)).AddDays(v.common.Policy.PromiseDays)
	v.row.PayOn = v.cal.PayDay(min(v.row.PromiseOn, v.row.LegalOn))
	v.project()
	v.decisionLine("invoice_conform", v.row.Ref, in.By, models.Arg{Name: "pay_on", Value: string(v.row.PayOn)})
	return v.result()
}

func (v *invoice) checkReject(in models.Decision) error {
	if in.Note == "" {
		return models.NewError(models.CodeReasonMissing, "say what has to be mended")
	}
	return v.row.Takes(models.VerbReject)
}

func (v *invoice) reject(_ workflow.Context, in models.Decision) models.CommandResult {
	v.row.Status, v.row.Note = models.InvoiceNonConforming, in.Note
	v.project()
	v.decisionLine("invoice_rejected", v.row.Ref, in.By)
	return v.result()
}

func (v *invoice) checkPay(today models.Date, in models.Pay) error {
	if err := models.CheckPaid(in.PaidOn, v.cal.DateOf(v.row.IssuedAt), today); err != nil {
		return err
	}
	return v.row.Takes(models.VerbPay)
}

// pay confirms a payment and tells the dossiers concerned.
func (v *invoice) pay(ctx workflow.Context, in models.Pay) models.CommandResult {
	v.row.Status, v.row.PaidOn = models.InvoicePaid, in.PaidOn
	v.recall(everyAlarm)
	v.withdraw(slices.Concat(v.reminders, v.notice)...)
	v.project()
	v.lines(models.LinePaid)
	if v.row.Kind.Payable() {
		v.tellDossiers(models.FactInvoicePaid, v.row.Ref, v.in.Lines, models.FactData{PaidOn: in.PaidOn, Number: v.row.Number})
		told, _ := v.send(ctx, letter{Template: "invoice_paid", To: models.RoleTrainer, ToRef: v.row.TrainerRef, Subject: v.row.Ref,
			Args: v.args(models.Arg{Name: "paid_on", Value: string(in.PaidOn)})})
		v.notice = []string{told}
	}
	v.decisionLine("invoice_paid", v.row.Ref, in.By, models.Arg{Name: "paid_on", Value: string(in.PaidOn)})
	return v.result()
}

// lines projects what became of the invoice's pay lines.
func (v *invoice) lines(status string) {
	for _, l := range v.in.Lines {
		l.Status = status
		v.record(func(s *models.Step) { put(&s.Rows.Lines, l, func(l models.PayLine) string { return l.Ref }) })
	}
}

func (v *invoice) checkUndo(in models.Decision) error {
	if in.Note == "" {
		return models.NewError(models.CodeReasonMissing, "a reason is needed")
	}
	return v.row.Takes(models.VerbUndo)
}

// undo takes back a paid or conforming mark made by mistake. Who was told a day of payment is told that it no longer holds.
func (v *invoice) undo(ctx workflow.Context, in models.Decision) models.CommandResult {
	v.undone = true
	v.withdraw(v.notice...)
	if v.row.Status == models.InvoicePaid {
		v.row.Status, v.row.PaidOn = models.InvoiceConform, ""
		v.lines(models.LineSettled)
		v.tellDossiers(models.FactInvoiceUnpaid, v.row.Ref, v.in.Lines, models.FactData{Number: v.row.Number})
	} else {
		v.row.Status, v.row.ConformAt, v.row.PromiseOn, v.row.PayOn = models.InvoiceReceived, time.Time{}, "", ""
		if !v.promised.IsZero() && !v.promised.After(v.now(ctx)) {
			v.send(ctx, letter{Template: "invoice_unconfirmed", To: models.RoleTrainer, ToRef: v.row.TrainerRef, Subject: v.row.Ref, Args: v.args()})
		}
		v.promised = time.Time{}
	}
	v.project()
	v.decisionLine("invoice_undone", v.row.Ref, in.By)
	return v.result()
}

func (v *invoice) checkWithdraw(in models.Decision) error {
	switch {
	case in.Note == "":
		return models.NewError(models.CodeReasonMissing, "a reason is needed")
	case v.withdrawn:
		return models.NewError(models.CodeInvoiceState, "the invoice is being withdrawn already")
	}
	return v.row.Takes(models.VerbWithdraw)
}

func (v *invoice) withdrawInvoice(_ workflow.Context, in models.Decision) models.CommandResult {
	v.withdrawn, v.row.Note = true, in.Note
	v.decisionLine("invoice_withdrawn", v.row.Ref, in.By)
	return models.CommandResult{Ref: v.row.Ref, Status: models.InvoiceWithdrawn}
}

func (v *invoice) result() models.CommandResult {
	return models.CommandResult{Ref: v.row.Ref, Status: v.row.Status}
}
