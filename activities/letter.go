package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"jalon/documents"
	"jalon/mail"
	"jalon/models"
	"jalon/store"
)

// Letters turns a row of the outbox into a mail: it finds who it is for, in which language, and what its references
// stand for, at the moment it leaves.
type Letters struct {
	Store     *store.Store
	Documents *documents.Folder
	Signer    *mail.Signer
	BaseURL   string // public address, without a slash at its end
	Agency    documents.Agency
	From      string // name and address
	TeamEmail string // of what nobody in particular is asked
	// Console is the address where staff see a reference; nil leaves the button out.
	Console func(dossier, subject string) string
	Clock   models.Clock // of the installation: who is absent today
}

// Render writes a message (F067). Refusals: no_address when its addressee has none, not_found when it refers to what is
// not there, invalid_input when it lacks what its template needs; any other error may pass.
func (l *Letters) Render(ctx context.Context, m models.Message) (mail.Mail, error) {
	to, err := l.addressee(ctx, m)
	if err != nil {
		return mail.Mail{}, err
	}
	if to.Email == "" {
		return mail.Mail{}, models.NewError(models.MessageNoAddress, string(m.To)+" "+m.ToRef+" has no address")
	}
	from, err := netmail.ParseAddress(l.From)
	if err != nil {
		return mail.Mail{}, models.NewError(models.CodeInvalid, "the sender is not an address")
	}
	d, err := l.data(ctx, m, to)
	if err != nil {
		return mail.Mail{}, err
	}
	out := mail.Mail{Key: m.Key, MessageID: mail.MessageID(m.Key, from.Address[strings.LastIndexByte(from.Address, '@')+1:]),
		From: from.Address, FromName: from.Name, To: to.Email, ToName: to.Name, Lang: to.Lang, Template: m.Template, Dossier: m.Dossier}
	drawn, err := l.enclose(ctx, m)
	if err != nil {
		return mail.Mail{}, err
	}
	d.Enclosed = len(drawn) > 0
	if out.Subject, out.Text, out.HTML, err = mail.Render(m.Template, to.Lang, d); err != nil {
		return mail.Mail{}, err
	}
	for _, a := range append(slices.Clone(m.Attach), drawn...) {
		attached, err := l.attachment(ctx, a)
		if err != nil {
			return mail.Mail{}, err
		}
		out.Attachments = append(out.Attachments, attached)
	}
	return out, nil
}

// enclosures are the documents drawn when a message leaves, besides those that its process attached: what they inform
// people of binds nobody, and is told as it stands then.
var enclosures = map[string][]models.DocumentKind{
	"convocation":               {models.DocumentConvocation, models.DocumentProgramme},
	"session_moved_participant": {models.DocumentConvocation},
	"sessions_planned_trainer":  {models.DocumentProgramme, models.DocumentSheet},
	"session_moved_trainer":     {models.DocumentSheet},
	"invoice_ask":               {models.DocumentInvoiceDraft},
	"contract_signed":           {models.DocumentSigned},
}

// enclose draws what goes with a message, dated as the message is, so that a retry draws the same, and returns the
// SHA-256 of each. What there is nothing to draw from stays out: the mail says what matters by itself, but for the one
// that is there to bring a signed copy.
func (l *Letters) enclose(ctx context.Context, m models.Message) ([]string, error) {
	c := clerk{l.Store, l.Documents, l.Agency}
	var out []string
	for _, kind := range enclosures[m.Template] {
		in := models.RenderInput{Kind: kind, Subject: m.Subject, Dossier: m.Dossier, At: m.CreatedAt}
		switch kind {
		case models.DocumentProgramme:
			p, err := c.version(ctx, m.Dossier)
			if err != nil {
				return nil, err
			}
			if p.TextRef == "" {
				continue
			}
			in.Subject, in.At = p.Ref, p.SubmittedAt
		case models.DocumentConvocation:
			in.Subject = m.Subject + "|" + m.ToRef
		case models.DocumentSheet:
			in.Subject = m.Dossier
		case models.DocumentSigned:
			d, err := c.signed(ctx, m.Subject)
			if err != nil {
				return nil, err
			}
			out = append(out, d.SHA256)
			continue
		}
		sha, err := c.file(ctx, in)
		if code := models.ErrorCode(err); code == models.CodeDocumentIncomplete || code == models.CodeUnknown {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, sha)
	}
	return out, nil
}

// addressee finds who a message is for today.
func (l *Letters) addressee(ctx context.Context, m models.Message) (store.Addressee, error) {
	return l.Store.Addressee(ctx, m, l.today(), l.TeamEmail)
}

func (l *Letters) today() models.Date { return models.ParisDate(l.Clock.Business(time.Now())) }

// asked are the templates for those who may not know who the client is yet (F068).
var asked = []string{"invitation", "invitation_reminder", "invitation_closed"}

// data gathers what the message refers to. What is not there is left out; a template that needs it says so.
func (l *Letters) data(ctx context.Context, m models.Message, to store.Addressee) (mail.Data, error) {
	g := &gathering{Letters: l, ctx: ctx, lang: to.Lang}
	g.d = mail.Data{Recipient: to.Name, Agency: l.Agency.Name, Dossier: m.Dossier, Alert: m.Args.Get("alert"),
		Reason: m.Args.Get("reason"), Subject: m.Args.Get("subject"), Month: models.Month(m.Args.Get("month")),
		PayOn: models.Date(m.Args.Get("pay_on")), PaidOn: models.Date(m.Args.Get("paid_on"))}
	g.d.Owner, g.d.Instead, g.d.Assigned = to.Owner, to.Instead, m.Args.Get("assigned") == "yes"
	g.d.Searched = m.Args.Get("searched") == "yes"
	if g.d.Subject == "" {
		g.d.Subject = m.Subject
	}
	if m.Dossier != "" {
		g.brief(m)
	}
	for _, ref := range []string{m.Subject, m.Args.Get("recap"), m.Args.Get("invoice"), m.Args.Get("session")} {
		g.subject(ref, m)
	}
	g.note(m.Args.Get("note"))
	g.args(m)
	if mail.Says(m.Template, "Trainer") {
		g.trainerName(m.Dossier)
	}
	if mail.Says(m.Template, "Undelivered") && g.d.Alert == models.AlertUndeliverable {
		g.undelivered(m.Dossier, g.d.Subject)
	}
	if g.err != nil {
		return mail.Data{}, g.err
	}
	for _, link := range m.Links {
		g.d.Links = append(g.d.Links, mail.Link{Purpose: link.Purpose, URL: l.URL(link)})
	}
	if inside := m.To == models.RoleStaff || m.To == models.RoleFinance || m.To == models.RolePedagogy; inside && l.Console != nil {
		g.d.Links = append(g.d.Links, mail.Link{Purpose: mail.LinkConsole, URL: l.Console(m.Dossier, g.d.Subject)})
	}
	return g.d, nil
}

// subjectLine is the subject of a message as it would be now.
func (l *Letters) subjectLine(ctx context.Context, m models.Message, to store.Addressee) (string, error) {
	d, err := l.data(ctx, m, to)
	if err != nil {
		return "", err
	}
	return mail.Subject(m.Template, to.Lang, d)
}

// URL is the public address of a link.
func (l *Letters) URL(link models.Link) string { return l.BaseURL + "/l/" + l.Signer.Sign(link) }

// gathering fills in a mail's data, row by row; the first error that is not an absence stops it.
type gathering struct {
	*Letters
	ctx     context.Context
	lang    models.Lang
	d       mail.Data
	trainer string // reference of who is concerned by what the message is about
	awaited string // the deadline read last
	unbound bool   // it ended without a message that reached anybody: its date binds nobody
	err     error
}

// found tells whether a row was read; one that is not there is no error.
func (g *gathering) found(err error) bool {
	if err != nil && models.ErrorCode(err) != models.CodeUnknown && g.err == nil {
		g.err = err
	}
	return err == nil && g.err == nil
}

func (g *gathering) brief(m models.Message) {
	b, err := g.Store.Brief(g.ctx, m.Dossier)
	if err != nil {
		g.err = errors.Join(g.err, err)
		return
	}
	g.d.Title, g.d.Mode, g.d.Department, g.d.Level = b.Title, b.Mode, b.Department, b.Level
	g.d.HalfDays, g.d.GroupSize, g.d.WantedFrom = b.Order.HalfDays, b.GroupSize, b.WantedFrom
	if g.d.Title == "" {
		if c, err := g.Store.Course(g.ctx, b.Topic); g.found(err) {
			g.d.Title = courseTitle(c, g.lang)
		}
	}
	if slices.Contains(asked, m.Template) {
		return
	}
	if b.Mode.OnSite() {
		g.d.Place = b.Address
	}
	if mail.Says(m.Template, "Sessions") {
		g.sessions(m.Dossier)
	}
	switch m.To {
	case models.RoleTrainer:
		if mail.Says(m.Template, "Client") {
			if c, err := g.Store.Client(g.ctx, b.ClientRef); g.found(err) {
				g.d.Client = c.Name
			}
		}
		if mail.Says(m.Template, "Contact") {
			if c, err := g.Store.Contact(g.ctx, b.ContactRef); g.found(err) {
				g.d.Contact, g.d.ContactPhone, g.d.ContactEmail = c.Name, c.Phone, c.Email
			}
		}
	case models.RoleClient:
		if total := b.Order.TotalCents(); total > 0 {
			g.d.Amount = &total
		}
	}
}

func (g *gathering) sessions(dossier string) {
	sessions, err := g.Store.Sessions(g.ctx, dossier)
	if !g.found(err) {
		return
	}
	for _, s := range sessions {
		if s.Counts() {
			g.d.Sessions = append(g.d.Sessions, mail.Session{Number: s.Number, HalfDays: s.HalfDays, Place: g.place(s)})
		}
	}
}

// place is where a session takes place, or its video room, where that was said of it.
func (g *gathering) place(s models.Session) string {
	if s.PlaceRef == "" {
		return ""
	}
	n, err := g.Store.Note(g.ctx, s.PlaceRef)
	g.found(err)
	return n.Text
}

// undelivered says of the mails that an alert is about, which process histories do not name: to whom, about what and of
// when. Those to staff are left out, since such an alert can be one of them.
func (g *gathering) undelivered(dossier, subject string) {
	of, err := g.Store.UndeliveredOf(g.ctx, dossier, subject)
	if !g.found(err) {
		return
	}
	all := slices.DeleteFunc(of[subject], func(m models.Message) bool { return m.To == models.RoleStaff })
	few := all[:min(len(all), models.UndeliveredNamed)]
	g.d.Undelivered.More = len(all) - len(few)
	for _, m := range few {
		to, err := g.addressee(g.ctx, m)
		if !g.found(err) {
			continue
		}
		line, err := g.subjectLine(g.ctx, m, to)
		if models.ErrorCode(err) != models.CodeInvalid { // without words when what it told of is gone
			g.found(err)
		}
		g.d.Undelivered.Mails = append(g.d.Undelivered.Mails, mail.UndeliveredMail{Recipient: to.Name, Subject: line, At: m.Tried()})
	}
}

func courseTitle(c models.Course, lang models.Lang) string {
	if lang == models.English && c.TitleEN != "" {
		return c.TitleEN
	}
	return c.TitleFR
}

// subject reads the row a reference names.
func (g *gathering) subject(ref string, m models.Message) {
	switch {
	case ref == "":
	case strings.Contains(ref, "/absence/"):
		if a, err := g.Store.Absence(g.ctx, ref); g.found(err) {
			g.session(a.Session, a.HalfDays)
			g.due(a.DeadlineID)
		}
	case strings.Contains(ref, "/invitation/"):
		if i, err := g.Store.Invitation(g.ctx, ref); g.found(err) {
			g.d.Upskilling, g.trainer = i.Upskilling, i.TrainerRef
			g.due(i.DeadlineID)
		}
	case strings.Contains(ref, "/audit/"):
		if a, err := g.Store.Audit(g.ctx, ref); g.found(err) {
			g.d.Slots, g.d.At, g.trainer = a.Slots, a.SlotAt, a.TrainerRef
			g.due(a.DeadlineID)
		}
	case strings.Contains(ref, "/programme/"):
		if p, err := g.Store.Programme(g.ctx, ref); g.found(err) {
			g.trainer = p.TrainerRef
			g.note(p.Note)
			g.due(p.DeadlineID)
		}
	case strings.Contains(ref, "/contract/"):
		if c, err := g.Store.Contract(g.ctx, ref); g.found(err) {
			g.d.Individual = c.Kind == models.ContractIndividual
			g.due(c.DeadlineID)
			if c.TrainerRef != "" {
				g.trainer = c.TrainerRef
			}
			if r, err := g.Store.Request(g.ctx, m.Dossier); c.Kind == models.ContractTrainer && g.found(err) {
				g.d.Rate = g.lang.RateName(r.RateCents, r.RateUnit)
			}
		}
	case strings.Contains(ref, "/recap/"):
		if r, err := g.Store.Recap(g.ctx, ref); g.found(err) {
			g.d.Month, g.d.Amount, g.trainer = r.Month, &r.Cents, r.TrainerRef
			g.d.Corrected, g.d.BilledApart = r.Corrects(), r.BilledApart
			g.note(r.Explanation)
			g.due(r.DeadlineID)
		}
	case strings.Contains(ref, "/session/"):
		if g.d.Session == nil {
			g.session(ref, nil)
		}
	case strings.HasPrefix(ref, "I-"):
		g.invoice(ref, m)
	}
}

// session tells of a session, or of some of its half-days.
func (g *gathering) session(ref string, only []int) {
	s, err := g.Store.Session(g.ctx, ref)
	if !g.found(err) {
		return
	}
	out := &mail.Session{Number: s.Number, HalfDays: s.HalfDays, Place: g.place(s)}
	if only != nil {
		out.HalfDays = nil
		for i, h := range s.HalfDays {
			if slices.Contains(only, i) {
				out.HalfDays = append(out.HalfDays, h)
			}
		}
	} else {
		g.due(s.DeadlineID)
	}
	g.d.Session, g.trainer = out, s.TrainerRef
}

func (g *gathering) invoice(ref string, m models.Message) {
	i, err := g.Store.Invoice(g.ctx, ref)
	if !g.found(err) {
		return
	}
	total := i.TotalCents
	if i.Status == models.InvoiceAwaited && i.NetCents != 0 {
		total = i.NetCents // what is asked for is said excluding tax
	}
	g.d.Number, g.d.Amount = i.Number, &total
	if i.TrainerRef != "" {
		g.trainer = i.TrainerRef
	}
	if g.d.PayOn == "" {
		g.d.PayOn = i.PayOn
	}
	if g.d.PayOn == "" && i.Kind == models.InvoiceClient {
		g.d.PayOn = i.PromiseOn
	}
	if g.d.PaidOn == "" {
		g.d.PaidOn = i.PaidOn
	}
	g.d.Late = g.d.PayOn != "" && g.d.PayOn < g.today()
	if mail.Says(m.Template, "NoAccount") {
		t, err := g.Store.Trainer(g.ctx, i.TrainerRef)
		g.found(err)
		lacks := t.Lacking()
		g.d.NoAccount, g.d.NoCompany = slices.Contains(lacks, models.CodeAccountMissing), slices.Contains(lacks, models.CodeCompanyNumber)
	}
	g.note(i.Note)
	g.due(i.DeadlineID)
	if i.RecapRef != "" {
		if r, err := g.Store.Recap(g.ctx, i.RecapRef); g.found(err) {
			g.d.Month = r.Month
		}
	}
}

func (g *gathering) note(ref string) {
	if ref == "" {
		return
	}
	if n, err := g.Store.Note(g.ctx, ref); g.found(err) {
		g.d.Note = n.Text
	}
}

// due takes the deadline as it stands: it may have been postponed since the message was written.
func (g *gathering) due(id string) {
	if id == "" || id == g.awaited {
		return
	}
	g.awaited = id
	if d, err := g.Store.Deadline(g.ctx, id); g.found(err) {
		switch d.Status {
		case models.Open:
			g.d.Due = d.DueAt
		case models.Missed:
			g.d.Awaited = d.DueAt
		case models.Undeliverable:
			g.unbound = true
		}
	}
}

// args are what the process said; a deadline found open in the database counts more.
func (g *gathering) args(m models.Message) {
	instant := func(name string, into *time.Time) {
		if v := m.Args.Get(name); v != "" && into.IsZero() {
			t, err := time.Parse(time.RFC3339Nano, v)
			if err != nil && g.err == nil {
				g.err = models.NewError(models.CodeInvalid, fmt.Sprintf("%s is not an instant", name))
			}
			*into = t
		}
	}
	g.due(m.DeadlineID)
	if !g.unbound && g.d.Awaited.IsZero() {
		instant("due", &g.d.Due)
	}
	instant("slot", &g.d.At)
	billed := m.Args.Get("billed") // what the supplier billed, rather than what was agreed on
	if v := cmp.Or(billed, m.Args.Get("amount")); v != "" && (billed != "" || g.d.Amount == nil) {
		cents, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			g.err = errors.Join(g.err, models.NewError(models.CodeInvalid, "the amount is not in cents"))
			return
		}
		amount := models.Cents(cents)
		g.d.Amount = &amount
	}
}

// trainerName names the trainer of what the message is about, or else of the dossier.
func (g *gathering) trainerName(dossier string) {
	if g.trainer == "" && dossier != "" {
		if r, err := g.Store.Request(g.ctx, dossier); g.found(err) {
			g.trainer = r.TrainerRef
		}
	}
	if g.trainer == "" {
		return
	}
	if t, err := g.Store.TrainerAddress(g.ctx, g.trainer); g.found(err) {
		g.d.Trainer, g.d.TrainerPhone = t.Name, t.Phone
	}
}

// attachment is a document by its SHA-256, or the newest of a kind about a subject ("certificate:D-…|P-…").
func (l *Letters) attachment(ctx context.Context, name string) (mail.Attachment, error) {
	var row models.Document
	var err error
	if kind, subject, ok := strings.Cut(name, ":"); ok {
		row, err = l.Store.DocumentOf(ctx, models.DocumentKind(kind), subject)
	} else {
		row, err = l.Store.Document(ctx, name)
	}
	if err != nil {
		return mail.Attachment{}, err
	}
	data, err := l.Documents.Get(ctx, row.SHA256)
	if err != nil {
		return mail.Attachment{}, err
	}
	return mail.Attachment{Name: row.Name, MediaType: row.MediaType, SHA256: row.SHA256, Data: data}, nil
}
