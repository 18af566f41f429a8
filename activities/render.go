package activities

import (
	"context"
	"strconv"
	"strings"

	"jalon/documents"
	"jalon/models"
)

// The documents are French law's: so are their words, whoever reads them.
const fr = models.French

// Render draws a document from the database and from what the step is about to write, keeps it, and returns its
// SHA-256: what is signed or accepted is that. The same input gives the same bytes as long as the rows it names did not
// change; its date is the input's.
func (a *Activities) Render(ctx context.Context, in models.RenderInput) (string, error) {
	var pdf []byte
	var name string
	var err error
	switch in.Kind {
	case models.DocumentConvention, models.DocumentTrainerContract:
		name, pdf, err = a.contract(ctx, in)
	case models.DocumentRecap:
		name, pdf, err = a.recap(ctx, in)
	case models.DocumentInvoice:
		name, pdf, err = a.invoice(ctx, in)
	case models.DocumentSheet:
		name, pdf, err = a.sheet(ctx, in)
	default:
		err = models.NewError(models.CodeInvalid, "no document of kind "+string(in.Kind))
	}
	if err != nil {
		return "", failure(ctx, err)
	}
	sha, err := a.keep(ctx, in, name, pdf)
	return sha, failure(ctx, err)
}

// keep stores a document before the row that names it, so that no row ever names a file that is not there.
func (a *Activities) keep(ctx context.Context, in models.RenderInput, name string, pdf []byte) (string, error) {
	sha, err := a.Documents.Put(ctx, pdf)
	if err != nil {
		return "", err
	}
	return sha, a.Store.SaveDocument(ctx, models.Document{SHA256: sha, Kind: in.Kind, Subject: in.Subject, Dossier: in.Dossier,
		Name: name, MediaType: "application/pdf", Size: int64(len(pdf)), CreatedAt: in.At})
}

// fileName is a name that any system takes.
func fileName(kind, ref string) string {
	return kind + "-" + strings.Map(func(r rune) rune {
		if r == '/' || r == '|' || r == ' ' {
			return '-'
		}
		return r
	}, ref) + ".pdf"
}

// known drops the error of a row that is not there: a document then leaves out what it would have said.
func known[T any](row T, err error) (T, error) {
	if models.ErrorCode(err) == models.CodeUnknown {
		var none T
		return none, nil
	}
	return row, err
}

func (a *Activities) brief(ctx context.Context, dossier string) (models.Brief, documents.Course, error) {
	b, err := a.Store.Brief(ctx, dossier)
	if err != nil {
		return b, documents.Course{}, err
	}
	c := documents.Course{Dossier: b.Ref, Title: b.Title, Mode: fr.ModeName(b.Mode), Duration: fr.HalfDaysName(b.Order.HalfDays),
		Level: fr.LevelName(b.Level), GroupSize: b.GroupSize}
	if b.Mode.OnSite() {
		c.Place = b.Address
	}
	if c.Title == "" {
		course, err := known(a.Store.Course(ctx, b.Topic))
		if err != nil {
			return b, c, err
		}
		c.Title = course.TitleFR
	}
	people, err := a.Store.Participants(ctx, dossier, true)
	if err != nil {
		return b, c, err
	}
	for _, p := range people {
		if p.Name != "" {
			c.Participants = append(c.Participants, p.Name)
		}
	}
	sessions, err := a.Store.Sessions(ctx, dossier)
	if err != nil {
		return b, c, err
	}
	for _, s := range sessions {
		if s.Status != models.SessionCancelled && s.Status != models.SessionRefused {
			c.Sessions = append(c.Sessions, fr.Times(s.HalfDays)...)
		}
	}
	if len(c.Sessions) == 0 {
		if c.Period = "dates fixées d’un commun accord après la signature"; b.WantedFrom != "" {
			c.Period = "à partir du " + fr.ShortDay(b.WantedFrom) + ", aux " + c.Period
		}
	}
	return b, c, nil
}

func (a *Activities) contract(ctx context.Context, in models.RenderInput) (string, []byte, error) {
	if in.Contract == nil {
		return "", nil, models.NewError(models.CodeInvalid, "the contract to render is missing")
	}
	b, course, err := a.brief(ctx, in.Contract.Dossier)
	if err != nil {
		return "", nil, err
	}
	t, err := known(a.Store.Trainer(ctx, in.Contract.TrainerRef))
	if err != nil {
		return "", nil, err
	}
	if in.Contract.Kind == models.ContractTrainer {
		m := documents.Mission{Ref: in.Contract.Ref, At: in.At, Agency: a.Agency, Trainer: supplier(t), Course: course,
			Mandate: t.SelfBilling && t.Domestic() && t.LegalForm != models.FormUmbrella, VATText: vatText(t)}
		if in.Rate != nil {
			m.Rate, m.Cents = fr.RateName(in.Rate.Cents, in.Rate.Unit), missionCents(*in.Rate, b.Order)
		}
		pdf, err := documents.TrainerContract(m)
		return fileName("contrat", in.Subject), pdf, err
	}
	client, err := a.Store.Client(ctx, b.ClientRef)
	if err != nil {
		return "", nil, err
	}
	contact, err := known(a.Store.Contact(ctx, b.ContactRef))
	if err != nil {
		return "", nil, err
	}
	programme, err := a.approved(ctx, in.Contract.Dossier)
	if err != nil {
		return "", nil, err
	}
	net := b.Order.TotalCents()
	vat := models.VAT(net, b.Order.VATBps)
	agreement := documents.Agreement{Ref: in.Contract.Ref, At: in.At, Individual: in.Contract.Kind == models.ContractIndividual,
		Agency: a.Agency, Course: course, Programme: programme, Trainer: t.Name, Titles: titles(t, b.Topic),
		Client: documents.Party{Name: client.Name, Address: client.Address, Company: client.Company, VATNumber: client.VATNumber, Represented: contact.Name},
		Price:  documents.Price{Net: net, VAT: vat, Total: net + vat, VATBps: b.Order.VATBps}}
	kind := "convention"
	if agreement.Individual {
		agreement.Client.Represented, kind = "", "contrat-de-formation"
	}
	pdf, err := documents.Convention(agreement)
	return fileName(kind, in.Subject), pdf, err
}

// approved is the programme the client signs: the approved one, else the last that was submitted (the contract may come
// first where its order is free), else none.
func (a *Activities) approved(ctx context.Context, dossier string) (documents.Programme, error) {
	all, err := a.Store.Programmes(ctx, dossier)
	if err != nil {
		return documents.Programme{}, err
	}
	ref := ""
	for _, p := range all {
		if p.TextRef != "" && p.Status != models.ProgrammeCancelled && p.Status != models.ProgrammeReturned {
			ref = p.TextRef
		}
		if p.Status == models.ProgrammeApproved && p.TextRef != "" {
			break
		}
	}
	if ref == "" {
		return documents.Programme{}, nil
	}
	t, err := a.Store.ProgrammeText(ctx, ref)
	return documents.Programme{Objectives: t.Objectives, Content: t.Content, Methods: t.Methods, Assessment: t.Assessment}, err
}

func supplier(t models.Trainer) documents.Party {
	return documents.Party{Name: t.Name, Address: t.Address, Company: t.Company, VATNumber: t.VATNumber, ActivityNumber: t.NDA}
}

// titles are the trainer's references for the topic, which an individual's contract must state.
func titles(t models.Trainer, topic string) string {
	var out []string
	for _, s := range t.Skills {
		if s.Topic == topic {
			out = append(out, "niveau "+strconv.Itoa(s.Level)+" sur 5 dans le sujet de la formation")
		}
	}
	if t.Label {
		out = append(out, "certification qualité")
	}
	return strings.Join(out, ", ")
}

// vatText is the mention an invoice of that supplier carries (rules section 3).
func vatText(t models.Trainer) string {
	switch t.VATStatus {
	case models.VATFranchise:
		return "TVA non applicable, art. 293 B du CGI"
	case models.VATExempt:
		return "Exonération de TVA, art. 261-4-4° a du CGI"
	case models.VATReverse:
		return "Autoliquidation"
	}
	return ""
}

// missionCents is what the whole order comes to at a rate; 0 for a rate per hour, whose quantity the plan gives.
func missionCents(rate models.Offer, order models.Order) models.Cents {
	if rate.Unit == models.UnitFlat {
		return rate.Cents
	}
	return models.MulQuantity(rate.Cents, models.Quantity(rate.Unit, order.HalfDays, 0))
}

var lineStatuses = map[string]string{models.LineDue: "validée", models.LineContested: "contestée", models.LineSettled: "réglée",
	models.LinePaid: "payée", models.LineCancelled: "annulée"}

// lines puts pay lines in words, in the order asked for.
func (a *Activities) lines(ctx context.Context, refs []string) ([]documents.Line, error) {
	rows, err := a.Store.PayLinesByRefs(ctx, refs)
	if err != nil {
		return nil, err
	}
	byRef := map[string]models.PayLine{}
	for _, r := range rows {
		byRef[r.Ref] = r
	}
	titles := map[string]string{}
	out := make([]documents.Line, 0, len(refs))
	for _, ref := range refs {
		l, ok := byRef[ref]
		if !ok {
			return nil, models.NewError(models.CodeLineUnknown, "no pay line "+ref)
		}
		if _, seen := titles[l.Dossier]; !seen {
			_, course, err := a.brief(ctx, l.Dossier)
			if err != nil {
				return nil, err
			}
			titles[l.Dossier] = course.Title
		}
		s, err := known(a.Store.Session(ctx, ref))
		if err != nil {
			return nil, err
		}
		duration := ""
		if len(s.HalfDays) > 0 {
			duration = fr.Minutes(s.Minutes())
		}
		out = append(out, documents.Line{Ref: l.Ref, Label: titles[l.Dossier], Date: fr.ShortDay(l.HeldOn), Status: lineStatuses[l.Status],
			Duration: duration, Quantity: quantity(l), Rate: fr.Euros(l.RateCents), Cents: l.Cents})
	}
	return out, nil
}

func quantity(l models.PayLine) string {
	if l.Unit == models.UnitFlat || l.Quantity == 0 {
		return fr.UnitName(l.Unit)
	}
	name := fr.UnitName(l.Unit)
	if l.Quantity >= 200 {
		name += "s"
	}
	return fr.Quantity(l.Quantity) + "\u00a0" + name
}

func (a *Activities) recap(ctx context.Context, in models.RenderInput) (string, []byte, error) {
	if in.Recap == nil {
		return "", nil, models.NewError(models.CodeInvalid, "the recap to render is missing")
	}
	t, err := a.Store.Trainer(ctx, in.Recap.TrainerRef)
	if err != nil {
		return "", nil, err
	}
	lines, err := a.lines(ctx, in.Recap.Lines)
	if err != nil {
		return "", nil, err
	}
	pdf, err := documents.Recap(documents.Statement{Ref: in.Recap.Ref, At: in.At, Agency: a.Agency, Trainer: supplier(t),
		Month: in.Recap.Month, Lines: lines, Total: in.Recap.Cents})
	return fileName("releve", in.Subject), pdf, err
}

func (a *Activities) invoice(ctx context.Context, in models.RenderInput) (string, []byte, error) {
	i := in.Invoice
	if i == nil {
		return "", nil, models.NewError(models.CodeInvalid, "the invoice to render is missing")
	}
	bill := documents.Bill{Number: i.Number, At: in.At, DueOn: invoiceDue(*i, in),
		Price: documents.Price{Net: i.NetCents, VAT: i.VATCents, Total: i.TotalCents, VATBps: i.VATBps}}
	var err error
	switch i.Kind {
	case models.InvoiceSelfBilled:
		err = a.selfBilled(ctx, *i, &bill)
	case models.InvoiceClient:
		err = a.clientInvoice(ctx, *i, &bill)
	default:
		err = models.NewError(models.CodeInvalid, "a supplier writes its own invoice")
	}
	if err != nil {
		return "", nil, err
	}
	pdf, err := documents.Invoice(bill)
	return fileName("facture", i.Number), pdf, err
}

// invoiceDue is the date an invoice says it is due on: when it is to be paid if that is known, else 30 days after it.
func invoiceDue(i models.Invoice, in models.RenderInput) models.Date {
	for _, d := range []models.Date{i.PayOn, i.PromiseOn} {
		if d != "" {
			return d
		}
	}
	return models.ParisDate(in.At).AddDays(30)
}

func (a *Activities) selfBilled(ctx context.Context, i models.Invoice, bill *documents.Bill) error {
	t, err := a.Store.Trainer(ctx, i.TrainerRef)
	if err != nil {
		return err
	}
	bill.Lines, err = a.lines(ctx, i.Lines)
	bill.SelfBilled, bill.BilledBy, bill.VATText, bill.IBAN = true, a.Agency, vatText(t), t.IBAN
	bill.Seller = documents.Agency{Name: t.Name, Address: t.Address, Company: t.Company, VATNumber: t.VATNumber, ActivityNumber: t.NDA}
	bill.Buyer = documents.Party{Name: a.Agency.Name, Address: a.Agency.Address, Company: a.Agency.Company, VATNumber: a.Agency.VATNumber}
	return err
}

// clientInvoice adds what a training invoice must tell (F202): trainees, dates and hours net of absences.
func (a *Activities) clientInvoice(ctx context.Context, i models.Invoice, bill *documents.Bill) error {
	b, course, err := a.brief(ctx, i.Dossier)
	if err != nil {
		return err
	}
	c, err := a.Store.Client(ctx, b.ClientRef)
	if err != nil {
		return err
	}
	attended, err := a.attended(ctx, i.Dossier)
	if err != nil {
		return err
	}
	var minutes int64
	var names []string
	for _, p := range attended {
		minutes += p.minutes
		names = append(names, p.Name)
	}
	bill.Seller, bill.Course = a.Agency, course
	bill.Buyer = documents.Party{Name: c.Name, Address: c.Address, Company: c.Company, VATNumber: c.VATNumber}
	bill.Details = [][2]string{{"Dates", strings.Join(course.Sessions, "\n")}, {"Durée", course.Duration},
		{"Stagiaires", strconv.Itoa(len(names)) + "\u00a0: " + strings.Join(names, ", ")}, {"Heures-stagiaires", fr.Minutes(minutes) + ", absences déduites"}}
	if len(names) == 0 {
		bill.Details = bill.Details[:2]
	}
	order := b.Order
	line := documents.Line{Label: course.Title, Quantity: quantity(models.PayLine{Unit: order.Unit, Quantity: order.Quantity}),
		Rate: fr.Euros(order.UnitPriceCents), Cents: i.NetCents}
	if order.TotalCents() != i.NetCents { // less than was ordered: the quantity would not explain the amount
		line.Quantity, line.Rate = "", ""
	}
	bill.Lines = []documents.Line{line}
	if i.VATBps == 0 {
		bill.VATText = "Exonération de TVA, art. 261-4-4° a du CGI"
	}
	return nil
}

// sheet draws the attendance sheet of a session as it stands (F123).
func (a *Activities) sheet(ctx context.Context, in models.RenderInput) (string, []byte, error) {
	s, err := a.Store.Session(ctx, in.Subject)
	if err != nil {
		return "", nil, err
	}
	_, course, err := a.brief(ctx, s.Dossier)
	if err != nil {
		return "", nil, err
	}
	if s.PlaceRef != "" {
		n, err := known(a.Store.Note(ctx, s.PlaceRef))
		if err != nil {
			return "", nil, err
		}
		course.Place = n.Text
	}
	t, err := known(a.Store.Trainer(ctx, s.TrainerRef))
	if err != nil {
		return "", nil, err
	}
	people, err := a.Store.Participants(ctx, s.Dossier, true)
	if err != nil {
		return "", nil, err
	}
	marks, err := a.Store.Attendances(ctx, s.Ref)
	if err != nil {
		return "", nil, err
	}
	roll := documents.Roll{Ref: s.Ref, At: in.At, Agency: a.Agency, Course: course, Trainer: t.Name, Times: fr.Times(s.HalfDays)}
	if !s.SheetSigned.IsZero() {
		roll.TrainerSigned = fr.Moment(s.SheetSigned)
	}
	for _, h := range s.HalfDays {
		roll.HalfDays = append(roll.HalfDays, fr.Hour(h.Start)+" – "+fr.Hour(h.End))
	}
	for _, p := range people {
		row := documents.Attendee{Name: p.Name, Email: p.Email, Marks: make([]string, len(s.HalfDays))}
		for _, m := range marks {
			if m.Participant != p.Ref || m.HalfDay < 0 || m.HalfDay >= len(row.Marks) {
				continue
			}
			if row.Marks[m.HalfDay] = "Absent"; m.State == models.AttendanceSigned {
				row.Marks[m.HalfDay] = "Signé le " + fr.ShortDay(models.ParisDate(m.SignedAt)) + " à " + fr.Hour(m.SignedAt)
			}
		}
		roll.People = append(roll.People, row)
	}
	pdf, err := documents.Sheet(roll)
	return fileName("emargement", s.Ref), pdf, err
}
