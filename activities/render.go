package activities

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"jalon/documents"
	"jalon/models"
	"jalon/store"
)

// The documents are French law's: so are their words, whoever reads them.
const fr = models.French

// clerk draws documents from the database and keeps them, for activities and for the mails that enclose some.
type clerk struct {
	Store     *store.Store
	Documents *documents.Folder
	Agency    documents.Agency
}

func (a *Activities) clerk() clerk { return clerk{a.Store, a.Documents, a.Agency} }

// Render draws a document from the database and from what the step is about to write, keeps it, and returns its
// SHA-256: what is signed or accepted is that. The same input gives the same bytes as long as the rows it names did not
// change; its date is the input's.
func (a *Activities) Render(ctx context.Context, in models.RenderInput) (string, error) {
	sha, err := a.clerk().file(ctx, in)
	return sha, failure(ctx, err)
}

// file draws a document and keeps it.
func (a clerk) file(ctx context.Context, in models.RenderInput) (string, error) {
	name, pdf, err := a.draw(ctx, in)
	if err != nil {
		return "", err
	}
	return a.keep(ctx, in, name, pdf)
}

func (a clerk) draw(ctx context.Context, in models.RenderInput) (name string, pdf []byte, err error) {
	switch in.Kind {
	case models.DocumentConvention, models.DocumentTrainerContract:
		return a.contract(ctx, in)
	case models.DocumentRecap:
		return a.recap(ctx, in)
	case models.DocumentInvoice:
		return a.invoice(ctx, in)
	case models.DocumentInvoiceDraft:
		return a.invoiceDraft(ctx, in)
	case models.DocumentSheet:
		return a.sheet(ctx, in)
	case models.DocumentProgramme:
		return a.programme(ctx, in)
	case models.DocumentConvocation:
		return a.convocation(ctx, in)
	}
	return "", nil, models.NewError(models.CodeInvalid, "no document of kind "+string(in.Kind))
}

// keep stores a document before the row that names it, so that no row ever names a file that is not there.
func (a clerk) keep(ctx context.Context, in models.RenderInput, name string, pdf []byte) (string, error) {
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

func (a clerk) brief(ctx context.Context, dossier string) (models.Brief, documents.Course, error) {
	b, err := a.Store.Brief(ctx, dossier)
	if err != nil {
		return b, documents.Course{}, err
	}
	c := documents.Course{Dossier: b.Ref, Title: b.Title, Mode: fr.ModeName(b.Mode), Duration: fr.HalfDaysName(b.Order.HalfDays),
		Level: fr.LevelName(b.Level), GroupSize: b.GroupSize, Remote: b.Mode == models.ModeRemote || b.Mode == models.ModeMixed}
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
	c.Sessions, c.Period = planned(sessions, fr), period(b, sessions)
	return b, c, err
}

// planned are sessions in words, one line a day.
func planned(sessions []models.Session, lang models.Lang) (out []string) {
	for _, s := range sessions {
		if s.Counts() {
			out = append(out, lang.Times(s.HalfDays)...)
		}
	}
	return out
}

// period is when a course is held, as its dossier knows it best (D6353-1): its sessions, else from when it is wanted.
func period(b models.Brief, sessions []models.Session) string {
	var from, to models.Date
	for _, s := range sessions {
		if s.Counts() {
			first, last := models.ParisDate(s.StartAt), models.ParisDate(s.EndAt)
			if to = max(to, last); from == "" || first < from {
				from = first
			}
		}
	}
	const agreed = "dates fixées d’un commun accord"
	switch {
	case from != "" && b.Order.Unplanned(sessions) > 0:
		return span(from, to) + " pour les séances ci-dessous, les autres à des " + agreed
	case from != "":
		return span(from, to)
	case b.WantedFrom != "":
		return "à partir du " + fr.ShortDay(b.WantedFrom) + ", aux " + agreed + " après la signature"
	}
	return agreed + " après la signature"
}

func (a clerk) contract(ctx context.Context, in models.RenderInput) (string, []byte, error) {
	if in.Contract == nil {
		return "", nil, models.NewError(models.CodeInvalid, "the contract to render is missing")
	}
	b, course, err := a.brief(ctx, in.Contract.Dossier)
	if err != nil {
		return "", nil, err
	}
	if in.Order != nil { // the brief may hold a change that never reached the process
		b.Order, course.Duration = *in.Order, fr.HalfDaysName(in.Order.HalfDays)
	}
	t, err := known(a.Store.Trainer(ctx, in.Contract.TrainerRef))
	if err != nil {
		return "", nil, err
	}
	if in.Contract.Kind == models.ContractTrainer {
		programme, err := a.approved(ctx, in.Contract.Dossier)
		if err != nil {
			return "", nil, err
		}
		m := documents.Mission{Ref: in.Contract.Ref, At: in.At, Agency: a.Agency, Trainer: supplier(t), Course: course, Programme: programme,
			Abroad: !t.Domestic(), Mandate: t.Supplier().Mandates(), VATText: vatText(t), CPF: b.Funding == "cpf", Terms: terms(in)}
		if in.Rate != nil {
			m.Rate = fr.RateName(in.Rate.Cents, in.Rate.Unit)
			m.Cents, _ = b.Order.CostAt(in.Rate.Cents, in.Rate.Unit)
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
		Agency: a.Agency, Course: course, Programme: programme, Trainer: t.Name, Titles: titles(t),
		Client: buyer(client), Price: documents.Price{Net: net, VAT: vat, Total: net + vat, VATBps: b.Order.VATBps,
			Quantity: count(b.Order.Unit, b.Order.Quantity), Unit: fr.Euros(b.Order.UnitPriceCents)}}
	kind := "contrat-de-formation"
	if course.Level == "" && agreement.Individual { // which must say so (L6353-4, 2°)
		agreement.Course.Level = "aucun"
	}
	if !agreement.Individual {
		agreement.Client.Represented, kind = contact.Name, "convention"
		if agreement.Programme == (documents.Programme{}) && b.Needs != "" { // staff went without a written one
			agreement.Programme = documents.Programme{Objectives: "Répondre au besoin exprimé par le client\u00a0: " + b.Needs,
				Content: "Les points nécessaires à ces objectifs, adaptés au niveau des participants, sans programme écrit séparé."}
		}
	}
	pdf, err := documents.Convention(agreement)
	return fileName(kind, in.Subject), pdf, err
}

// version is the programme the client signs: the approved one, else the last that was submitted (the contract may come
// first where its order is free), else none.
func (a clerk) version(ctx context.Context, dossier string) (models.Programme, error) {
	all, err := a.Store.Programmes(ctx, dossier)
	var last models.Programme
	for _, p := range all {
		if p.Stands() {
			last = p
		}
		if p.Status == models.ProgrammeApproved && p.TextRef != "" {
			break
		}
	}
	return last, err
}

func (a clerk) approved(ctx context.Context, dossier string) (documents.Programme, error) {
	p, err := a.version(ctx, dossier)
	if err != nil || p.TextRef == "" {
		return documents.Programme{}, err
	}
	t, err := a.Store.ProgrammeText(ctx, p.TextRef)
	return documents.Programme{Objectives: t.Objectives, Content: t.Content, Methods: t.Methods, Assessment: t.Assessment}, err
}

// programme draws the version of a dossier's programme that stands, always the same way: who else registers, or when it
// is held, does not change it.
func (a clerk) programme(ctx context.Context, in models.RenderInput) (string, []byte, error) {
	p, err := a.Store.Programme(ctx, in.Subject)
	if err != nil {
		return "", nil, err
	}
	text, err := a.Store.ProgrammeText(ctx, p.TextRef)
	if err != nil {
		return "", nil, err
	}
	_, course, err := a.brief(ctx, p.Dossier)
	if err != nil {
		return "", nil, err
	}
	t, err := known(a.Store.Trainer(ctx, p.TrainerRef))
	if err != nil {
		return "", nil, err
	}
	pdf, err := documents.Syllabus(documents.Outline{Ref: p.Ref, At: in.At, Agency: a.Agency, Course: course, Trainer: t.Name,
		Programme: documents.Programme{Objectives: text.Objectives, Content: text.Content, Methods: text.Methods, Assessment: text.Assessment}})
	return fileName("programme", p.Ref), pdf, err
}

// legalForms are what must stand beside the name of who sells (C. com. R526-27 for the one-person business).
var legalForms = map[models.LegalForm]string{models.FormMicro: "Entrepreneur individuel (EI)", models.FormUmbrella: "En portage salarial",
	models.FormTempAgency: "Par une entreprise de travail temporaire", models.FormCooperative: "Dans une coopérative d’activité et d’emploi"}

// supplier is a trainer as a party: with an intermediary it is the one who sells, for the trainer (F021).
func supplier(t models.Trainer) documents.Party {
	name := t.Payee()
	if name != t.Name {
		name += ", pour " + t.Name
	}
	return documents.Party{Name: name, Address: t.Address, LegalForm: legalForms[t.LegalForm], Company: t.Company, VATNumber: t.VATNumber, ActivityNumber: t.NDA}
}

func buyer(c models.Client) documents.Party {
	return documents.Party{Name: c.Name, Address: c.Address, Company: c.Company, VATNumber: c.VATNumber, Type: c.Type}
}

// titles are the trainer's titles and references, which an individual's contract must state (L6353-4).
func titles(t models.Trainer) string {
	if t.Titles != "" && t.Label {
		return t.Titles + "\ncertification qualité"
	}
	return t.Titles
}

// vatText is the mention an invoice of that supplier carries (rules section 3).
func vatText(t models.Trainer) string {
	switch t.VATStatus {
	case models.VATFranchise:
		return "TVA non applicable, art. 293 B du CGI"
	case models.VATExempt:
		return documents.Exempt
	case models.VATReverse:
		return "Autoliquidation (art. 283-2 du CGI)"
	}
	return ""
}

// terms are those of the request's policy; what began before they were told follows the standard one.
func terms(in models.RenderInput) models.Terms {
	if in.Terms != nil {
		return *in.Terms
	}
	return models.Terms{PromiseDays: 30, VigilanceCents: 500000, VigilanceMonths: 6}
}

var lineStatuses = map[string]string{models.LineDue: "validée", models.LineContested: "contestée", models.LineSettled: "réglée",
	models.LinePaid: "payée", models.LineCancelled: "annulée"}

// lines puts pay lines in words, in the order asked for, with the days from the first to the last.
func (a clerk) lines(ctx context.Context, refs []string) (out []documents.Line, period string, err error) {
	rows, err := a.Store.PayLinesByRefs(ctx, refs)
	if err != nil {
		return nil, "", err
	}
	var from, to models.Date
	byRef := map[string]models.PayLine{}
	for _, r := range rows {
		byRef[r.Ref] = r
	}
	titles := map[string]string{}
	for _, ref := range refs {
		l, ok := byRef[ref]
		if !ok {
			return nil, "", models.NewError(models.CodeLineUnknown, "no pay line "+ref)
		}
		if _, seen := titles[l.Dossier]; !seen {
			_, course, err := a.brief(ctx, l.Dossier)
			if err != nil {
				return nil, "", err
			}
			titles[l.Dossier] = course.Title
		}
		s, err := known(a.Store.Session(ctx, ref))
		if err != nil {
			return nil, "", err
		}
		if to = max(to, l.HeldOn); from == "" || l.HeldOn < from {
			from = l.HeldOn
		}
		duration := ""
		if len(s.HalfDays) > 0 {
			duration = fr.Minutes(s.Minutes())
		}
		out = append(out, documents.Line{Ref: l.Ref, Label: titles[l.Dossier], Date: fr.ShortDay(l.HeldOn), Status: lineStatuses[l.Status],
			Duration: duration, Quantity: quantity(l), Rate: fr.Euros(l.RateCents), Cents: l.Cents})
	}
	return out, span(from, to), nil
}

// span is the days from one to another in words.
func span(from, to models.Date) string {
	if from == to {
		return fr.ShortDay(from)
	}
	return "du " + fr.ShortDay(from) + " au " + fr.ShortDay(to)
}

func quantity(l models.PayLine) string {
	if l.Unit == models.UnitFlat && !l.Corrected || l.Quantity == 0 {
		return fr.UnitName(l.Unit)
	}
	if l.Corrected { // the duration beside it is that of the sheet
		return count(l.Unit, l.Quantity) + " (corrigée)"
	}
	return count(l.Unit, l.Quantity)
}

// count is a quantity in words: « 1,5 jour », « 3 jours », « 1 forfait ».
func count(unit models.Unit, hundredths int64) string {
	name := fr.UnitName(unit)
	if hundredths >= 200 {
		name += "s"
	}
	return fr.Quantity(hundredths) + "\u00a0" + name
}

func (a clerk) recap(ctx context.Context, in models.RenderInput) (string, []byte, error) {
	if in.Recap == nil {
		return "", nil, models.NewError(models.CodeInvalid, "the recap to render is missing")
	}
	t, err := a.Store.Trainer(ctx, in.Recap.TrainerRef)
	if err != nil {
		return "", nil, err
	}
	lines, _, err := a.lines(ctx, in.Recap.Lines)
	if err != nil {
		return "", nil, err
	}
	statement := documents.Statement{Ref: in.Recap.Ref, At: in.At, Agency: a.Agency, Trainer: supplier(t),
		Month: in.Recap.Month, Lines: lines, Total: in.Recap.Cents, VATText: vatText(t), Terms: terms(in), BilledApart: in.Recap.BilledApart}
	if in.Recap.Corrects() {
		statement.Replaces = models.RecapRef(in.Recap.Payer, in.Recap.TrainerRef, in.Recap.Month, in.Recap.Number-1)
	}
	why, err := known(a.Store.Note(ctx, in.Recap.Explanation))
	if err != nil {
		return "", nil, err
	}
	statement.Explanation = why.Text
	pdf, err := documents.Recap(statement)
	return fileName("releve", in.Subject), pdf, err
}

func (a clerk) invoice(ctx context.Context, in models.RenderInput) (string, []byte, error) {
	i := in.Invoice
	if i == nil {
		return "", nil, models.NewError(models.CodeInvalid, "the invoice to render is missing")
	}
	bill := documents.Bill{Number: i.Number, At: in.At, Agency: a.Agency, DueOn: i.DueOn(),
		Price: documents.Price{Net: i.NetCents, VAT: i.VATCents, Total: i.TotalCents, VATBps: i.VATBps}}
	var err error
	switch i.Kind {
	case models.InvoiceSelfBilled:
		bill.PromiseDays = terms(in).PromiseDays
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

func (a clerk) selfBilled(ctx context.Context, i models.Invoice, bill *documents.Bill) error {
	t, err := a.Store.Trainer(ctx, i.TrainerRef)
	if err != nil {
		return err
	}
	seller := supplier(t)
	bill.Lines, bill.Period, err = a.lines(ctx, i.Lines)
	bill.SelfBilled, bill.Trainer, bill.VATText, bill.IBAN = true, &seller, vatText(t), t.IBAN
	return err
}

// invoiceDraft draws the invoice that is awaited from a supplier, for them to check, number and issue.
func (a clerk) invoiceDraft(ctx context.Context, in models.RenderInput) (string, []byte, error) {
	i, err := a.Store.Invoice(ctx, in.Subject)
	if err != nil {
		return "", nil, err
	}
	t, err := a.Store.Trainer(ctx, i.TrainerRef)
	if err != nil {
		return "", nil, err
	}
	bps := t.VATStatus.RateBps()
	vat := models.VAT(i.NetCents, bps)
	bill := documents.Bill{At: in.At, Agency: a.Agency, Price: documents.Price{Net: i.NetCents, VAT: vat, Total: i.NetCents + vat, VATBps: bps}}
	if err := a.selfBilled(ctx, i, &bill); err != nil {
		return "", nil, err
	}
	bill.SelfBilled = false
	pdf, err := documents.Invoice(bill)
	return fileName("projet-de-facture", i.Ref), pdf, err
}

// clientInvoice adds what a training invoice must tell (F202): trainees, dates and hours net of absences.
func (a clerk) clientInvoice(ctx context.Context, i models.Invoice, bill *documents.Bill) error {
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
	code, status := reporting(b)
	bill.Course, bill.Client, bill.IBAN = course, buyer(c), a.Agency.IBAN
	sessions, err := a.Store.Sessions(ctx, i.Dossier)
	if err != nil {
		return err
	}
	order, held := b.Order, models.Held(sessions)
	if held < order.HalfDays {
		bill.Course.Duration = fr.HalfDaysName(held) + ", pour une commande de " + course.Duration + "\u00a0: la formation est réalisée en partie, seules les séances tenues sont facturées"
	}
	bill.Details = [][2]string{{"Séances", strings.Join(course.Sessions, "\n")}}
	if len(attended) > 0 {
		bill.Details = append(bill.Details, [2]string{"Stagiaires", strconv.Itoa(len(names)) + "\u00a0: " + strings.Join(names, ", ")}, [2]string{"Statut des stagiaires", status},
			[2]string{"Heures-stagiaires", fr.Minutes(minutes) + ", absences déduites"})
		bill.Period = span(slices.MinFunc(attended, func(x, y presence) int { return strings.Compare(string(x.from), string(y.from)) }).from,
			slices.MaxFunc(attended, func(x, y presence) int { return strings.Compare(string(x.to), string(y.to)) }).to)
	}
	bill.Details = append(bill.Details, [2]string{"Code BPF", code})
	part := order.Part(held, i.NetCents)
	bill.Lines = []documents.Line{{Label: course.Title, Quantity: count(part.Unit, part.Quantity), Rate: fr.Euros(part.UnitPriceCents), Cents: i.NetCents}}
	if i.VATBps == 0 {
		bill.VATText = documents.Exempt
	}
	return nil
}

// reporting is where an invoice goes in the yearly pedagogical and financial report (Cerfa 10443, frames C and F-1), and
// who its trainees are there (F202, F221).
func reporting(b models.Brief) (code, trainees string) {
	switch {
	case b.Funding == "cpf":
		return "cadre C, ligne 2 e (compte personnel de formation)", "titulaires d’un compte personnel de formation"
	case !b.ClientType.Organisation():
		return "cadre C, ligne 9 (personnes à titre individuel et à leurs frais)", "particuliers à leurs propres frais"
	case b.Funding == "skills_operator":
		return "cadre C, ligne 2 h (plan de développement des compétences, par un opérateur de compétences)", "salariés d’employeurs privés"
	case b.Funding == "employment_service":
		return "cadre C, ligne 7 (France Travail)", "personnes en recherche d’emploi"
	case b.ClientType == models.ClientPublic:
		return "cadre C, ligne 3 (pouvoirs publics, pour la formation de leurs agents)", "agents publics"
	case b.ClientType == models.ClientEducation:
		return "cadre C, ligne 10 (autres organismes de formation)", "autres stagiaires"
	case b.Funding != "employer":
		return "cadre C, ligne 11 (autres produits)", "autres stagiaires"
	}
	return "cadre C, ligne 1 (entreprises, pour la formation de leurs salariés)", "salariés d’employeurs privés"
}
