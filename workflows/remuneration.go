package workflows

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// remuneration is a trainer's month: the recap on its day, its answer, and the invoice of what is agreed (F177 to F181).
type remuneration struct {
	*process
	in        models.RemunerationInput
	lines     []models.PayLine // still to be agreed on
	recap     *models.Recap
	recaps    int
	answered  models.FactKind
	contested []string
	corrected *models.CorrectRecap
	apart     bool // lines that were not contested are billed already
}

// Remuneration settles a trainer's month: nothing is paid without the trainer's explicit agreement, whatever the
// silence (F180).
func Remuneration(ctx workflow.Context, in models.RemunerationInput) error {
	m := &remuneration{in: in}
	if err := m.setup(ctx); err != nil {
		return err
	}
	m.run(ctx)
	return m.finish(ctx)
}

func (m *remuneration) setup(ctx workflow.Context) (err error) {
	if m.process, err = newProcess(ctx, m.in.Common, "", m.in.Owner, m.fact); err != nil {
		return err
	}
	m.subject = m.id
	m.foundBy = func(i *indexed) { i.trainer = m.in.TrainerRef }
	return command(ctx, m.process, models.VerbCorrectRecap, m.checkCorrect, m.correct)
}

func (m *remuneration) run(ctx workflow.Context) {
	day, err := m.cal.NextRecurrence(m.common.Policy.RecapDay, m.cal.EndOf(m.in.Month.Last()))
	if err != nil {
		m.failure = refusal(err)
		return
	}
	if !m.until(ctx, wait{Kind: models.DeadlineRecapDay, Subject: m.id, Due: models.Latest(day, m.now(ctx))}, never) {
		return
	}
	if m.lines, err = m.readLines(ctx, models.LinesQuery{Payer: m.in.Payer, TrainerRef: m.in.TrainerRef, Month: m.in.Month}); err != nil {
		return
	}
	// The month is closed in the step that takes its lines into the recap: one that came meanwhile moves to the next.
	m.record(func(s *models.Step) {
		s.Rows.PayMonth = &models.PayMonth{Payer: m.in.Payer, TrainerRef: m.in.TrainerRef, Month: m.in.Month, SettledAt: m.now(ctx)}
	})
	for len(m.lines) > 0 && m.failure == nil && ctx.Err() == nil {
		if !m.issue(ctx) || !m.awaitAnswer(ctx) {
			return
		}
		if m.answered == models.FactRecapAccepted {
			m.settle(ctx, m.lines)
			m.lines = nil
			return
		}
		m.arbitrate(ctx)
	}
}

// issue sends the recap of what is still to be agreed on (F179).
func (m *remuneration) issue(ctx workflow.Context) bool {
	m.recaps++
	why := ""
	if m.corrected != nil {
		why = m.corrected.Note
	}
	m.answered, m.corrected, m.contested = "", nil, nil
	ref := models.RecapRef(m.in.Payer, m.in.TrainerRef, m.in.Month, m.recaps)
	rc := &models.Recap{Ref: ref, Workflow: m.id, Payer: m.in.Payer, TrainerRef: m.in.TrainerRef, Month: m.in.Month,
		Number: m.recaps, Status: models.RecapSent, SentAt: m.now(ctx),
		Explanation: why, BilledApart: m.apart}
	for i := range m.lines {
		m.lines[i].RecapRef = ref
		rc.Lines = append(rc.Lines, m.lines[i].Ref)
		rc.Cents += m.lines[i].Cents
		m.line(m.lines[i])
	}
	if m.flush(ctx) != nil { // the document is drawn from the lines as they stand
		return false
	}
	drawn := m.insist(ctx, ref, func() (err error) {
		rc.SentAt = m.now(ctx)
		rc.SHA256, err = m.render(ctx, models.RenderInput{Kind: models.DocumentRecap, Subject: ref, At: rc.SentAt, Recap: rc, Terms: m.common.Policy.Terms()})
		return err
	})
	if !drawn {
		return false
	}
	m.recap = rc
	return true
}

func (m *remuneration) row() {
	row := *m.recap
	m.record(func(s *models.Step) { put(&s.Rows.Recaps, row, func(r models.Recap) string { return r.Ref }) })
}

func (m *remuneration) line(l models.PayLine) {
	m.record(func(s *models.Step) { put(&s.Rows.Lines, l, func(l models.PayLine) string { return l.Ref }) })
}

// awaitAnswer waits for the trainer's yes or no: silence is reminded, then handed to staff, never taken for a yes.
func (m *remuneration) awaitAnswer(ctx workflow.Context) bool {
	p := m.common.Policy
	rc := m.recap
	ask := letter{Template: "recap", To: models.RoleTrainer, ToRef: rc.TrainerRef, Subject: rc.Ref, Attach: []string{rc.SHA256},
		Links: []models.Link{{Purpose: models.LinkRecap, Subject: rc.Ref}},
		Args: append(m.dueArg(ctx, p.RecapReminder), models.Arg{Name: "recap", Value: rc.Ref},
			models.Arg{Name: "amount", Value: itoa(int(rc.Cents))})}
	key, leaves := m.send(ctx, ask)
	d := m.opens(ctx, wait{Kind: models.DeadlineRecap, Subject: rc.Ref, Awaits: models.RoleTrainer, AwaitsRef: rc.TrainerRef,
		From: leaves, Delay: p.RecapReminder, Asked: []string{key}})
	rc.DeadlineID = d.ID
	m.row()
	m.journal(models.JournalLine{Kind: "recap_sent", Subject: rc.Ref, Actor: string(models.RoleSystem)})
	answered := func() bool { return m.answered != "" }
	switch m.waitUntil(ctx, d, answered) {
	case models.Met:
		return true
	case models.Cancelled:
		return false
	}
	ask.Template, ask.Attach = "recap_reminder", nil
	reminded, _ := m.send(ctx, ask)
	rc.Status = models.RecapWithStaff
	m.row()
	m.alertStaff(ctx, "recap_unanswered", rc.Ref)
	return m.awaitStaff(ctx, wait{Subject: rc.Ref, Reminder: reminded}, "recap_unanswered",
		func(alert string) { m.alertStaff(ctx, alert, rc.Ref) }, answered) == models.Met
}

// arbitrate settles what is not disputed, if the policy pays it, and waits for staff to decide the rest; what was
// decided goes to the trainer in a new recap, never over the one contested (rules section 2).
func (m *remuneration) arbitrate(ctx workflow.Context) {
	disputed := func(l models.PayLine) bool { return len(m.contested) == 0 || slices.Contains(m.contested, l.Ref) }
	if m.common.Policy.UndisputedPart == models.UndisputedPay {
		var agreed, rest []models.PayLine
		for _, l := range m.lines {
			if disputed(l) {
				rest = append(rest, l)
			} else {
				agreed = append(agreed, l)
			}
		}
		m.settle(ctx, agreed)
		m.lines, m.apart = rest, m.apart || len(agreed) > 0
	}
	for i := range m.lines {
		if disputed(m.lines[i]) {
			m.lines[i].Status = models.LineContested
			m.line(m.lines[i])
		}
	}
	rc := m.recap
	m.alertStaff(ctx, "recap_contested", rc.Ref)
	m.awaitStaff(ctx, wait{Subject: rc.Ref}, "recap_contested", func(alert string) { m.alertStaff(ctx, alert, rc.Ref) },
		func() bool { return m.corrected != nil })
	if m.corrected == nil {
		return
	}
	rc.Status = models.RecapReplaced
	m.row()
	m.applyCorrections(ctx)
}

// applyCorrections takes over what staff decided; a line decided at nothing is cancelled. The trainer is told why by the
// next recap, or by a message where nothing is left for one.
func (m *remuneration) applyCorrections(ctx workflow.Context) {
	var kept, cancelled []models.PayLine
	for _, l := range m.lines {
		l.Status = models.LineDue
		for _, c := range m.corrected.Corrections {
			if c.Line == l.Ref {
				l.Corrected = l.Corrected || c.Quantity != l.Quantity
				l.Quantity, l.Cents = c.Quantity, models.MulQuantity(l.RateCents, c.Quantity)
			}
		}
		if l.Cents > 0 {
			kept = append(kept, l)
			m.line(l)
			continue
		}
		l.Status = models.LineCancelled
		m.line(l)
		cancelled = append(cancelled, l)
	}
	m.tellDossiers(models.FactLinesCancelled, m.recap.Ref, cancelled, models.FactData{})
	if m.lines = kept; len(kept) == 0 {
		m.send(ctx, letter{Template: "recap_cancelled", To: models.RoleTrainer, ToRef: m.in.TrainerRef, Subject: m.recap.Ref,
			Args: models.Args{{Name: "note", Value: m.corrected.Note}}})
	}
}

// settle turns agreed lines into an invoice: self-billed for a domestic supplier with a mandate, otherwise the supplier
// is asked for one (F192, F193).
func (m *remuneration) settle(ctx workflow.Context, lines []models.PayLine) {
	if len(lines) == 0 {
		return
	}
	var supplier models.Supplier
	read := m.insist(ctx, m.recap.Ref, func() (err error) {
		supplier, err = m.readSupplier(ctx, m.in.TrainerRef)
		return err
	})
	if !read {
		return
	}
	year := m.today(ctx).Year()
	ref, err := m.allocate(ctx, models.Allocation{Series: "invoice", Key: m.recap.Ref, Year: year})
	if err != nil {
		return
	}
	invoice := models.Invoice{Ref: ref, Kind: models.InvoiceSupplier, RecapRef: m.recap.Ref, TrainerRef: m.in.TrainerRef, VATBps: supplier.VAT.RateBps()}
	if m.common.Policy.SelfBills(supplier) {
		invoice.Kind = models.InvoiceSelfBilled
		if invoice.Number, err = m.allocate(ctx, models.Allocation{Series: "self_billed/" + m.in.TrainerRef, Key: ref, Year: year}); err != nil {
			return
		}
	}
	lines = slices.Clone(lines)
	for i := range lines {
		lines[i].Status, lines[i].InvoiceRef = models.LineSettled, ref
		m.line(lines[i])
		invoice.Lines = append(invoice.Lines, lines[i].Ref)
		invoice.NetCents += lines[i].Cents
	}
	invoice.VATCents = models.VAT(invoice.NetCents, invoice.VATBps)
	invoice.TotalCents = invoice.NetCents + invoice.VATCents
	m.tellDossiers(models.FactLinesSettled, ref, lines, models.FactData{Number: invoice.Number})
	m.tell(models.Fact{ID: "invoice_due/" + ref, Kind: models.FactInvoiceDue, Workflow: models.InvoiceID(ref), Subject: ref,
		Start: &models.Start{Invoice: &models.InvoiceInput{Common: m.common, Invoice: invoice, Lines: lines, Owner: m.owner}}})
	m.journal(models.JournalLine{Kind: "lines_settled", Subject: m.recap.Ref, Actor: string(models.RoleSystem),
		Args: append(models.Args{{Name: "invoice", Value: ref}}, numberArg(invoice.Number)...)})
}

// tellDossiers tells each dossier, in order, what became of its lines; data is what it is told besides.
func (p *process) tellDossiers(kind models.FactKind, subject string, lines []models.PayLine, data models.FactData) {
	var dossiers []string
	for _, l := range lines {
		if !slices.Contains(dossiers, l.Dossier) {
			dossiers = append(dossiers, l.Dossier)
		}
	}
	for _, d := range dossiers {
		var refs []string
		for _, l := range lines {
			if l.Dossier == d {
				refs = append(refs, l.Ref)
			}
		}
		id := string(kind) + "/" + subject + "/" + d
		if n := p.sentCount(id); n > 1 || kind == models.FactLinesCancelled {
			id += "/" + itoa(n)
		}
		data.Lines = refs
		p.tell(models.Fact{ID: id, Kind: kind, Workflow: models.RequestID(d), Dossier: d, Subject: subject, Data: data})
	}
}

// fact takes the trainer's answer to the recap as it was sent.
func (m *remuneration) fact(f models.Fact) string {
	switch f.Kind {
	case models.FactLineDue:
		return models.FactApplied // the month runs, that is all it says
	case models.FactRecapAccepted, models.FactRecapContested:
	default:
		return models.FactIgnored
	}
	if m.recap == nil || m.recap.Ref != f.Subject || m.answered != "" {
		return models.FactIgnored
	}
	if f.Kind == models.FactRecapAccepted {
		if f.Data.SHA256 != m.recap.SHA256 {
			return models.FactIgnored
		}
		m.recap.Status = models.RecapAccepted
	} else {
		for _, ref := range f.Data.Lines {
			if slices.Contains(m.recap.Lines, ref) {
				m.contested = append(m.contested, ref)
			}
		}
		m.recap.Status, m.recap.Contested = models.RecapContested, m.contested
	}
	m.answered, m.recap.Note, m.recap.AnsweredAt = f.Kind, f.Data.Note, f.ReceivedAt
	m.row()
	m.journal(models.JournalLine{Kind: string(f.Kind), Subject: m.recap.Ref, Actor: f.Actor, Channel: f.Channel, Recorder: f.Recorder,
		Note: f.Data.Note, At: f.ReceivedAt})
	return models.FactApplied
}

func (m *remuneration) checkCorrect(in models.CorrectRecap) error {
	if m.recap == nil || m.recap.Status != models.RecapContested || m.corrected != nil {
		return models.NewError(models.CodeConflict, "no contested recap awaits a decision")
	}
	if in.Note == "" {
		return models.NewError(models.CodeReasonMissing, "explain the gap to the trainer")
	}
	var lines []string
	for _, l := range m.lines {
		lines = append(lines, l.Ref)
	}
	return models.CheckCorrections(in.Corrections, lines)
}

func (m *remuneration) correct(_ workflow.Context, in models.CorrectRecap) models.CommandResult {
	m.corrected = &in
	m.decisionLine("recap_corrected", m.recap.Ref, in.By)
	return models.CommandResult{Ref: m.recap.Ref, Status: models.RecapReplaced}
}
