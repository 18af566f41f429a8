package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"jalon/models"
	"jalon/policies"
	"jalon/store"
)

// OrderInput is what the client buys.
type OrderInput struct {
	HalfDays       int          `json:"half_days" minimum:"1" maximum:"1000" doc:"To be held in all"`
	Unit           models.Unit  `json:"unit" enum:"hour,half_day,day,flat" doc:"What the price is for"`
	Quantity       int64        `json:"quantity,omitempty" minimum:"0" maximum:"10000000" doc:"Hundredths of the unit; from the half-days if absent, except by the hour"`
	UnitPriceCents models.Cents `json:"unit_price_cents" minimum:"0" maximum:"1000000000" doc:"Excluding tax"`
	VATBps         int64        `json:"vat_bps,omitempty" minimum:"0" maximum:"10000" doc:"Basis points; 0: exempt"`
}

func (o OrderInput) order(at string) (models.Order, error) {
	if o.Quantity == 0 {
		o.Quantity = models.Quantity(o.Unit, o.HalfDays, 0)
		if o.Unit == models.UnitFlat {
			o.Quantity = 100
		}
	}
	if o.Quantity == 0 {
		return models.Order{}, invalid(at+".quantity", "by the hour, the number of hours is needed")
	}
	return models.Order{HalfDays: o.HalfDays, Unit: o.Unit, Quantity: o.Quantity, UnitPriceCents: o.UnitPriceCents,
		VATBps: o.VATBps}, nil
}

// Needs is what is known of a request, at intake and at qualification.
type Needs struct {
	Topic       string       `json:"topic" maxLength:"64" doc:"A topic of the catalogue"`
	Title       string       `json:"title" minLength:"1" maxLength:"200" doc:"What the mission is called"`
	Needs       string       `json:"needs,omitempty" maxLength:"10000" doc:"Free text"`
	Mode        models.Mode  `json:"mode" enum:"at_client,in_centre,remote,mixed" doc:"All but remote need an address (F006)"`
	Address     string       `json:"address,omitempty" maxLength:"500" doc:"Of the course"`
	Department  string       `json:"department,omitempty" pattern:"^([0-9][0-9AB][0-9]?)?$" doc:"French department of the course"`
	GroupSize   int          `json:"group_size" minimum:"1" maximum:"1000" doc:"Trainees"`
	Level       string       `json:"level,omitempty" enum:"beginner,intermediate,expert" doc:"Of the trainees (F010)"`
	Funding     string       `json:"funding,omitempty" enum:"employer,skills_operator,cpf,employment_service,self_paid_monthly,volunteer_credit,other" default:"employer" doc:"F009"`
	BudgetCents models.Cents `json:"budget_cents,omitempty" minimum:"0" maximum:"100000000000" doc:"0: not known yet (F008)"`
	WantedFrom  models.Date  `json:"wanted_from,omitempty" format:"date" doc:"First day that suits the client"`
	Urgent      bool         `json:"urgent,omitempty" doc:"Trainers have less time to answer"`
	Order       OrderInput   `json:"order" doc:"What the client buys"`
	Owner       string       `json:"owner,omitempty" maxLength:"32" doc:"User who looks after the dossier; the caller if absent"`
}

// Intake is a request as it reaches the agency (F001).
type Intake struct {
	Channel    models.Channel `json:"channel" enum:"site,partner,phone,mail" doc:"How it reached the agency"`
	Partner    string         `json:"partner,omitempty" maxLength:"64" doc:"Code of a known partner (F002)"`
	ClientRef  string         `json:"client_ref,omitempty" maxLength:"32" doc:"A known client, or else client"`
	Client     *NewClient     `json:"client,omitempty" doc:"A new client, or else client_ref"`
	ContactRef string         `json:"contact_ref,omitempty" maxLength:"32" doc:"Who asks and signs; the client's first contact if absent"`
	BillingRef string         `json:"billing_contact_ref,omitempty" maxLength:"32" doc:"Who is billed; the contact marked so, or who asks, if absent"`
	Policy     string         `json:"policy,omitempty" maxLength:"64" default:"standard" doc:"The way of working it pins"`
	Needs
}

// AlertView is an alert that stands, with the messages that it says reached nobody.
type AlertView struct {
	models.Alert
	Undelivered     []string `json:"undelivered,omitempty" doc:"Keys of the messages that it says reached nobody, as /messages lists them: the first ones"`
	UndeliveredMore int      `json:"undelivered_more,omitempty" doc:"How many more there are"`
}

// alerts are those that stand on a dossier, the newest first.
func (s *Server) alerts(ctx context.Context, ref string) ([]AlertView, error) {
	rows, err := s.store.Alerts(ctx, ref)
	if err != nil {
		return nil, err
	}
	undelivered, err := s.store.UndeliveredOf(ctx, ref, undeliverable(rows)...)
	out := make([]AlertView, len(rows))
	for i, a := range rows {
		out[i].Alert = a
		if a.Alert != models.AlertUndeliverable {
			continue
		}
		few, more := firstNamed(undelivered[a.Subject])
		out[i].UndeliveredMore = more
		for _, m := range few {
			out[i].Undelivered = append(out[i].Undelivered, m.Key)
		}
	}
	return out, err
}

// undeliverable are the subjects of the alerts that messages reached nobody.
func undeliverable(alerts []models.Alert) (out []string) {
	for _, a := range alerts {
		if a.Alert == models.AlertUndeliverable {
			out = append(out, a.Subject)
		}
	}
	return out
}

// firstNamed are the messages that are named where an alert is read, and how many more there are.
func firstNamed(all []models.Message) (few []models.Message, more int) {
	few = all[:min(len(all), models.UndeliveredNamed)]
	return few, len(all) - len(few)
}

// RequestView is a dossier and what it stands at.
type RequestView struct {
	models.Request
	Alerts      []AlertView         `json:"alerts" doc:"All that stand, the newest first"`
	Brief       models.Brief        `json:"brief"`
	Client      ClientView          `json:"client"`
	Deadlines   []models.Deadline   `json:"deadlines" doc:"Open ones, soonest first"`
	Invitations []models.Invitation `json:"invitations" doc:"Of the current search"`
	Audit       *models.Audit       `json:"audit,omitempty"`
	Programme   *models.Programme   `json:"programme,omitempty"`
	Contracts   []models.Contract   `json:"contracts"`
	Sessions    []models.Session    `json:"sessions"`
}

// checks trims what is known of a request, and is what is wrong with it that no look at the database is needed for; the day
// that was wanted before may have passed since.
func (in *Needs) checks(wanted, today models.Date) (wrong []error) {
	wrong = append(wrong, called("body.title", &in.Title))
	if in.Address = models.Trimmed(in.Address); in.Mode.OnSite() && in.Address == "" {
		wrong = append(wrong, invalid("body.address", "this mode needs an address"))
	}
	if in.WantedFrom != "" && in.WantedFrom != wanted {
		wrong = append(wrong, misplaced("body.wanted_from", models.CheckWanted(in.WantedFrom, today)))
	}
	return slices.DeleteFunc(wrong, func(err error) bool { return err == nil })
}

// apply fills a brief with what is known; what the schema cannot say is checked here.
func (s *Server) apply(ctx context.Context, b *models.Brief, in Needs) error {
	if err := s.knownTopic(ctx, in.Topic, "body.topic"); err != nil {
		return err
	}
	in.Needs = models.Trimmed(in.Needs)
	if err := firstError(in.checks(b.WantedFrom, s.today())...); err != nil {
		return err
	}
	if in.Owner != "" {
		u, err := s.store.User(ctx, in.Owner)
		if models.ErrorCode(err) == models.CodeUnknown || err == nil && !u.Active {
			return invalid("body.owner", "no such account")
		}
		if err != nil {
			return err
		}
		b.Owner = in.Owner
	}
	order, err := in.Order.order("body.order")
	if err != nil {
		return err
	}
	b.Topic, b.Title, b.Needs, b.Mode, b.Address, b.Department = in.Topic, in.Title, in.Needs, in.Mode, in.Address, in.Department
	b.GroupSize, b.Level, b.Funding, b.BudgetCents = in.GroupSize, in.Level, in.Funding, in.BudgetCents
	b.WantedFrom, b.Urgent, b.Order = in.WantedFrom, in.Urgent, order
	if b.Funding == "" {
		b.Funding = "employer"
	}
	return nil
}

// intake stores a request, its client and the fact that starts its process in one transaction.
func (s *Server) intake(ctx context.Context, in Intake) (models.Brief, error) {
	call := callFrom(ctx)
	b := models.Brief{Channel: in.Channel, Partner: in.Partner, Policy: in.Policy, CreatedAt: s.now()}
	if b.Policy == "" {
		b.Policy = policies.Default
	}
	policy, err := s.policy(b.Policy)
	if err != nil {
		return b, err
	}
	if in.Partner != "" && !slices.Contains(s.cfg.Partners, in.Partner) || in.Channel == models.ChannelPartner && in.Partner == "" {
		return b, invalid("body.partner", "not a known partner") // F002
	}
	if !call.Machine {
		b.Owner = call.Ref
	}
	if err := s.apply(ctx, &b, in.Needs); err != nil {
		return b, err
	}
	client, fresh, err := s.intakeClient(ctx, in)
	if err != nil {
		return b, err
	}
	if len(client.Contacts) == 0 {
		return b, invalid("body.client.contacts", "somebody to talk to is needed")
	}
	known := func(ref string) bool {
		return slices.ContainsFunc(client.Contacts, func(c models.Contact) bool { return c.Ref == ref })
	}
	b.ClientRef, b.ClientType, b.ContactRef, b.BillingRef = client.Ref, client.Type, in.ContactRef, in.BillingRef
	if b.ContactRef == "" {
		b.ContactRef = client.Contacts[0].Ref
	}
	if b.BillingRef == "" {
		b.BillingRef = b.ContactRef
		if in.Client != nil {
			if i := slices.IndexFunc(in.Client.Contacts, func(c NewContact) bool { return c.Billing }); i >= 0 {
				b.BillingRef = client.Contacts[i].Ref
			}
		}
	}
	if !known(b.ContactRef) {
		return b, invalid("body.contact_ref", "not of this client")
	}
	if !known(b.BillingRef) {
		return b, invalid("body.billing_contact_ref", "not of this client")
	}
	b.Ref, err = s.store.Allocate(ctx, models.Allocation{Series: store.SeriesRequest, Key: call.key, Year: s.today().Year()})
	if err != nil {
		return b, err
	}
	fact := models.Fact{ID: string(models.FactIntake) + "/" + b.Ref, Kind: models.FactIntake, Workflow: models.RequestID(b.Ref),
		Dossier: b.Ref, Subject: b.Ref, Channel: in.Channel, Actor: b.ContactRef, Recorder: call.Ref,
		Start: &models.Start{Request: &models.RequestInput{Common: models.Common{Policy: policy, Clock: s.cfg.Clock},
			Ref: b.Ref, Scope: b.Scope(), Channel: in.Channel}}}
	if !call.Machine {
		fact.Start.Request.Recorder = call.Ref
	}
	_, _, err = s.receive(ctx, fact, store.Alongside(func(tx *store.Store) error {
		if fresh {
			if err := tx.AddClient(ctx, client.Client, client.Contacts); err != nil {
				return err
			}
		}
		return tx.SaveBrief(ctx, b)
	}))
	return b, err
}

// intakeClient is the client of a request, known or new.
func (s *Server) intakeClient(ctx context.Context, in Intake) (v ClientView, fresh bool, err error) {
	switch {
	case in.ClientRef != "" && in.Client != nil:
		return v, false, invalid("body.client", "either a known client or a new one")
	case in.ClientRef != "":
		v, err = s.clientView(ctx, in.ClientRef)
		if models.ErrorCode(err) == models.CodeUnknown {
			err = invalid("body.client_ref", "no such client")
		}
		return v, false, err
	case in.Client == nil:
		return v, false, invalid("body.client", "a client is needed")
	}
	if err := in.Client.check("body.client"); err != nil {
		return v, false, err
	}
	v, err = s.newClient(ctx, *in.Client)
	return v, true, err
}

// dossier is what the database knows of a request. Before its process has written anything it stands at qualification.
func (s *Server) dossier(ctx context.Context, ref string) (models.Brief, models.Request, error) {
	b, err := s.store.Brief(ctx, ref)
	if err != nil {
		return b, models.Request{}, err
	}
	callFrom(ctx).dossier = ref
	r, err := s.store.Request(ctx, ref)
	if models.ErrorCode(err) == models.CodeUnknown {
		r, err = models.Request{Ref: ref, Stage: models.StageQualification, Policy: b.Policy, Topic: b.Topic, Owner: b.Owner,
			OpenedAt: b.CreatedAt}, nil
	}
	return b, r, err
}

// running is a dossier that may still change; dossier_closed otherwise.
func (s *Server) running(ctx context.Context, ref string) (models.Brief, models.Request, error) {
	b, r, err := s.dossier(ctx, ref)
	if err == nil && r.Stage.Ended() {
		err = refuse(models.CodeClosed)
	}
	return b, r, err
}

// ending is the line that says that a dossier is cancelled while its sessions under way still end: no row tells it, and its
// stage stays; nil for one that goes on, or that ended.
func (s *Server) ending(ctx context.Context, r models.Request, sessions []models.Session) (*models.JournalLine, error) {
	if r.Stage.Ended() || len(sessions) == 0 {
		return nil, nil
	}
	line, err := s.store.LineOf(ctx, r.Ref, "request_"+string(models.StageCancelled))
	if models.ErrorCode(err) == models.CodeUnknown {
		return nil, nil
	}
	return &line, err
}

func (s *Server) requestView(ctx context.Context, ref string) (v RequestView, err error) {
	if v.Brief, v.Request, err = s.dossier(ctx, ref); err != nil {
		return v, err
	}
	if v.Client, err = s.clientView(ctx, v.Brief.ClientRef); err != nil {
		return v, err
	}
	if v.Alerts, err = s.alerts(ctx, ref); err != nil {
		return v, err
	}
	open, err := s.store.OpenDeadlines(ctx, store.DeadlineFilter{Dossier: ref}, store.Cursor{}, store.MaxPage)
	if err != nil {
		return v, err
	}
	v.Deadlines = append([]models.Deadline{}, open.Items...)
	v.Invitations = []models.Invitation{}
	if v.Solicitation > 0 {
		if v.Invitations, err = s.store.Invitations(ctx, ref, v.Solicitation); err != nil {
			return v, err
		}
	}
	audits, err := s.store.Audits(ctx, ref)
	if err != nil {
		return v, err
	}
	if n := len(audits); n > 0 {
		v.Audit = &audits[n-1]
	}
	programmes, err := s.store.Programmes(ctx, ref)
	if err != nil {
		return v, err
	}
	if n := len(programmes); n > 0 {
		v.Programme = &programmes[n-1]
	}
	if v.Contracts, err = s.store.Contracts(ctx, ref); err != nil {
		return v, err
	}
	v.Sessions, err = s.store.Sessions(ctx, ref)
	return v, err
}

// ProgrammeView is a version of a programme with its text.
type ProgrammeView struct {
	models.Programme
	Text *models.ProgrammeText `json:"text,omitempty"`
}

// Registration is a participant of a dossier.
type Registration struct {
	models.Participant
	Incomplete bool `json:"incomplete" doc:"Without a name or an address: nothing can be sent (F114)"`
}

func registration(p models.Participant) Registration {
	return Registration{p, p.Incomplete()}
}

// NewParticipant is a person to register.
type NewParticipant struct {
	Name  string      `json:"name,omitempty" maxLength:"200" doc:"As certificates write it"`
	Email string      `json:"email,omitempty" maxLength:"254" doc:"The address alone"`
	Lang  models.Lang `json:"lang,omitempty" enum:"fr,en" default:"fr" doc:"Of their mails"`
}

// check refuses who has neither a name nor an address.
func (p *NewParticipant) check(at string) error {
	if p.Name != "" || p.Email == "" {
		switch err := called(at+".name", &p.Name); {
		case p.Name == "" && p.Email == "":
			return invalid(at+".name", "a name or an address is needed")
		case err != nil:
			return err
		}
	}
	if p.Email == "" {
		return nil
	}
	return misplaced(at+".email", models.CheckEmail(p.Email))
}

// ofDossier is the address of something that belongs to a dossier.
type ofDossier struct {
	Ref string `path:"ref" maxLength:"32" doc:"The dossier, D-2026-000123"`
	Paging
}

// sub registers the list of what a dossier has of a kind.
func sub[T any](s *Server, name, summary string, rule Rule, read func(context.Context, string) ([]T, error), key func(T) string) {
	add(s, operation{method: "GET", path: "/requests/{ref}/" + name, id: "list-request-" + name, tag: "requests", rule: rule, summary: summary},
		func(ctx context.Context, in *ofDossier) (*listOutput[T], error) {
			if _, err := s.store.Brief(ctx, in.Ref); err != nil {
				return nil, err
			}
			rows, err := read(ctx, in.Ref)
			if err != nil {
				return nil, err
			}
			return sliced(&in.Paging, rows, key)
		})
}

// readable are the files of a dossier that the caller may open.
func (s *Server) readable(ctx context.Context, dossier string) ([]models.Document, error) {
	docs, err := s.store.Documents(ctx, dossier)
	roles := callFrom(ctx).Roles
	return slices.DeleteFunc(docs, func(d models.Document) bool { return !reading(d.Kind).Allows(roles) }), err
}

func (s *Server) registerRequests() {
	add(s, operation{method: "POST", path: "/requests", id: "create-request", tag: "requests", rule: Staff, keyed: true,
		status: http.StatusCreated, summary: "Open a request: its process starts at once (F001)"},
		func(ctx context.Context, in *struct{ Body Intake }) (*createdOutput[models.Brief], error) {
			b, err := s.intake(ctx, in.Body)
			if err != nil {
				return nil, err
			}
			return created("/requests/"+b.Ref, b), nil
		})
	add(s, operation{method: "GET", path: "/requests", id: "list-requests", tag: "requests", rule: Everyone, summary: "Dossiers, newest first"},
		func(ctx context.Context, in *struct {
			Stage models.Stage `query:"stage" enum:"qualification,solicitation,audit,programme,interview,contract,readiness,sessions,delivered,closed,handed_over,cancelled" doc:"Those that stand at a stage"`
			Owner string       `query:"owner" maxLength:"32" doc:"Those that somebody looks after, U-000001"`
			Alert string       `query:"alert" maxLength:"64" doc:"A sentence key, of the newest or not; or any"`
			Open  bool         `query:"open" doc:"Without those that ended"`
			Paging
		}) (*listOutput[models.Request], error) {
			f := store.RequestFilter{Stage: in.Stage, Owner: in.Owner, Open: in.Open}
			if in.Alert == "any" {
				f.Alerted = true
			} else {
				f.Alert = in.Alert
			}
			return paged(&in.Paging, func(from store.Cursor) (store.Page[models.Request], error) {
				return s.store.Requests(ctx, f, from, in.Limit)
			})
		})
	add(s, operation{method: "GET", path: "/requests/{ref}", id: "get-request", tag: "requests", rule: Everyone, summary: "A dossier and what it stands at"},
		func(ctx context.Context, in *refInput) (*itemOutput[RequestView], error) {
			return item(s.requestView(ctx, in.Ref))
		})
	add(s, operation{method: "GET", path: "/requests/{ref}/journal", id: "get-journal", tag: "requests", rule: Everyone,
		summary: "What happened, oldest first, in the reader's language"},
		func(ctx context.Context, in *ofDossier) (*listOutput[JournalView], error) {
			if _, err := s.store.Brief(ctx, in.Ref); err != nil {
				return nil, err
			}
			from, err := cursorOf(in.Cursor)
			if err != nil {
				return nil, badQuery("cursor", "use the one a page gave")
			}
			p, err := s.store.Journal(ctx, in.Ref, from, in.Limit)
			if err != nil {
				return nil, err
			}
			out := List[JournalView]{Items: []JournalView{}, Next: p.Next.String()}
			for _, line := range p.Items {
				v, err := s.journalView(ctx, line)
				if err != nil {
					return nil, err
				}
				out.Items = append(out.Items, v)
			}
			return &listOutput[JournalView]{out}, nil
		})
	add(s, operation{method: "GET", path: "/requests/{ref}/messages", id: "list-messages", tag: "requests", rule: Everyone,
		summary: "Messages of a dossier, oldest first, without their words"},
		func(ctx context.Context, in *ofDossier) (*listOutput[models.Message], error) {
			if _, err := s.store.Brief(ctx, in.Ref); err != nil {
				return nil, err
			}
			return paged(&in.Paging, func(from store.Cursor) (store.Page[models.Message], error) {
				p, err := s.store.Messages(ctx, in.Ref, from, in.Limit)
				return shown(callFrom(ctx).Caller, p, err)
			})
		})

	sub(s, "invitations", "Trainers asked, in every search", Everyone, func(ctx context.Context, ref string) ([]models.Invitation, error) {
		return s.store.Invitations(ctx, ref, 0)
	}, func(x models.Invitation) string { return x.Ref })
	sub(s, "audits", "Needs-analysis calls", Everyone, s.store.Audits, func(x models.Audit) string { return x.Ref })
	sub(s, "programmes", "Versions of the programme, with their text", Everyone, func(ctx context.Context, ref string) ([]ProgrammeView, error) {
		rows, err := s.store.Programmes(ctx, ref)
		out := make([]ProgrammeView, len(rows))
		for i, p := range rows {
			out[i].Programme = p
			if p.TextRef == "" {
				continue
			}
			t, err := s.store.ProgrammeText(ctx, p.TextRef)
			if err != nil {
				return nil, err
			}
			out[i].Text = &t
		}
		return out, err
	}, func(x ProgrammeView) string { return x.Ref })
	sub(s, "contracts", "Documents to sign", Everyone, s.store.Contracts, func(x models.Contract) string { return x.Ref })
	sub(s, "sessions", "Planned sessions", Everyone, s.store.Sessions, func(x models.Session) string { return x.Ref })
	sub(s, "absences", "Absences and their windows", Everyone, s.store.Absences, func(x models.Absence) string { return x.Ref })
	sub(s, "documents", "Stored files that the caller may open", Everyone, s.readable, func(x models.Document) string { return x.SHA256 })
	sub(s, "deadlines", "Deadlines, open or not", Everyone, s.store.Deadlines, func(x models.Deadline) string { return x.ID })
	sub(s, "lines", "Pay lines", StaffMoney, s.store.PayLinesOfDossier, func(x models.PayLine) string { return x.Ref })
	sub(s, "facts", "What was received, and what became of it", Everyone, func(ctx context.Context, ref string) ([]models.Inbox, error) {
		rows, err := s.store.Facts(ctx, ref)
		for i := range rows {
			rows[i].Start = nil // how to start a process is no news of it
		}
		if !StaffMoney.Allows(callFrom(ctx).Roles) {
			rows = slices.DeleteFunc(rows, func(f models.Inbox) bool { return f.Kind == models.FactInvoiceReceived }) // it tells amounts
		}
		return rows, err
	}, func(x models.Inbox) string { return x.ID })
	sub(s, "evaluations", "Answers to questionnaires", Pedagogy, func(ctx context.Context, ref string) ([]models.Evaluation, error) {
		return s.store.Evaluations(ctx, ref, "")
	}, func(x models.Evaluation) string { return x.Kind + "/" + x.Participant })
	sub(s, "registrations", "Participants, those removed too (F112)", Everyone, func(ctx context.Context, ref string) ([]Registration, error) {
		people, err := s.store.Participants(ctx, ref, false)
		out := make([]Registration, len(people))
		for i, p := range people {
			out[i] = registration(p)
		}
		return out, err
	}, func(x Registration) string { return x.Ref })

	add(s, operation{method: "POST", path: "/requests/{ref}/registrations", id: "register", tag: "requests", rule: Staff, keyed: true,
		status: http.StatusCreated, summary: "Register participants, as many as wanted at once (F112, F114)"},
		func(ctx context.Context, in *struct {
			Ref  string `path:"ref" maxLength:"32" doc:"The dossier, D-2026-000123"`
			Body struct {
				Participants []NewParticipant `json:"participants" minItems:"1" maxItems:"500" doc:"All are registered, or none"`
			}
		}) (*createdOutput[List[Registration]], error) {
			out, err := s.register(ctx, in.Ref, in.Body.Participants)
			if err != nil {
				return nil, err
			}
			return created("/requests/"+in.Ref+"/registrations", List[Registration]{Items: out}), nil
		})
	add(s, operation{method: "PUT", path: "/requests/{ref}/registrations/{participant}", id: "complete-registration", tag: "requests",
		rule: Staff, summary: "Complete or correct a participant: certificates need a name, mails an address (F114)"},
		func(ctx context.Context, in *struct {
			Ref         string `path:"ref" maxLength:"32" doc:"The dossier, D-2026-000123"`
			Participant string `path:"participant" maxLength:"32" doc:"The participant, P-000042"`
			Body        NewParticipant
		}) (*itemOutput[Registration], error) {
			return item(s.completeRegistration(ctx, in.Ref, in.Participant, in.Body))
		})
	add(s, operation{method: "DELETE", path: "/requests/{ref}/registrations/{participant}", id: "unregister", tag: "requests",
		rule: Staff, status: http.StatusNoContent, summary: "Take a participant off a dossier, unless they have signed a half-day; again changes nothing"},
		func(ctx context.Context, in *struct {
			Ref         string `path:"ref" maxLength:"32" doc:"The dossier, D-2026-000123"`
			Participant string `path:"participant" maxLength:"32" doc:"The participant, P-000042"`
		}) (*struct{}, error) {
			if _, _, err := s.running(ctx, in.Ref); err != nil {
				return nil, err
			}
			return nil, s.store.RemoveParticipant(ctx, s.enrolment(ctx, in.Ref), in.Participant)
		})
}

// reached tells whether others than a participant have this address: in whatever case, it is the same mailbox.
func reached(email, participant string, people []models.Participant) bool {
	return email != "" && slices.ContainsFunc(people, func(p models.Participant) bool {
		return strings.EqualFold(p.Email, email) && p.Ref != participant
	})
}

// register writes new participants.
func (s *Server) register(ctx context.Context, ref string, people []NewParticipant) ([]Registration, error) {
	b, r, err := s.running(ctx, ref)
	if err != nil {
		return nil, err
	}
	sessions, err := s.store.Sessions(ctx, ref)
	if err != nil {
		return nil, err
	}
	ending, err := s.ending(ctx, r, sessions)
	if err == nil {
		err = models.Standing{Stage: r.Stage, Ending: ending != nil}.TakesParticipants()
	}
	if err != nil {
		return nil, err
	}
	call := callFrom(ctx)
	var out []Registration
	var rows []models.Participant
	existing, err := s.store.Participants(ctx, ref, true)
	if err != nil {
		return nil, err
	}
	for i := range people {
		p, at := &people[i], fmt.Sprintf("body.participants[%d]", i)
		if err := p.check(at); err != nil {
			return nil, err
		}
		participant, err := s.store.Allocate(ctx, models.Allocation{Series: store.SeriesParticipant, Key: store.ParticipantKey(call.key, i)})
		if err != nil {
			return nil, err
		}
		switch {
		case reached(p.Email, participant, existing):
			return nil, fault(models.CodeConflict, at+".email", "registered already")
		case reached(p.Email, participant, rows):
			return nil, fault(models.CodeConflict, at+".email", "listed twice")
		}
		row := models.Participant{Ref: participant, Dossier: ref, Name: p.Name, Email: p.Email, Lang: orFrench(p.Lang), CreatedAt: s.now()}
		rows, out = append(rows, row), append(out, registration(row))
	}
	line := s.enrolment(ctx, ref)
	if n := len(existing) + len(rows); b.Exceeded(n) {
		line.Args = models.Args{{Name: "registered", Value: strconv.Itoa(n)}, {Name: "group", Value: strconv.Itoa(b.GroupSize)}}
	}
	return out, s.enrol(ctx, ref, call.key, func(tx *store.Store) error { return tx.Register(ctx, call.key, line, rows) })
}

// enrolment is the line of the journal that says who changes who is registered, and when.
func (s *Server) enrolment(ctx context.Context, ref string) models.JournalLine {
	call := callFrom(ctx)
	return models.JournalLine{Dossier: ref, At: s.now(), Subject: ref, Actor: call.Ref, Channel: call.through()}
}

// completeRegistration writes what is now known of a participant, also once the course is held: certificates wait for
// their names.
func (s *Server) completeRegistration(ctx context.Context, ref, participant string, in NewParticipant) (Registration, error) {
	if _, _, err := s.running(ctx, ref); err != nil {
		return Registration{}, err
	}
	if err := in.check("body"); err != nil {
		return Registration{}, err
	}
	people, err := s.store.Participants(ctx, ref, true)
	if err != nil {
		return Registration{}, err
	}
	i := slices.IndexFunc(people, func(p models.Participant) bool { return p.Ref == participant })
	switch {
	case i < 0:
		return Registration{}, refuse(models.CodeUnknown)
	case reached(in.Email, participant, people):
		return Registration{}, fault(models.CodeConflict, "body.email", "registered already")
	}
	p := people[i]
	p.Name, p.Email, p.Lang = in.Name, in.Email, orFrench(in.Lang)
	return registration(p), s.enrol(ctx, ref, digest(participant, p.Name, p.Email), func(tx *store.Store) error {
		return tx.CorrectParticipant(ctx, s.enrolment(ctx, ref), p)
	})
}

// enrol has participants written and tells each session still to come, once for a key, so that those who are known late are
// convoked too.
func (s *Server) enrol(ctx context.Context, ref, key string, write func(tx *store.Store) error) error {
	call := callFrom(ctx)
	sessions, err := s.store.Sessions(ctx, ref)
	if err != nil {
		return err
	}
	// The relay tells the sessions: nobody waits for it.
	return s.store.Transact(ctx, func(tx *store.Store) error {
		if err := write(tx); err != nil {
			return err
		}
		for _, x := range sessions {
			if x.Status == models.SessionCancelled || !x.EndAt.After(s.now()) {
				continue
			}
			_, _, err := tx.Receive(ctx, models.Fact{ID: string(models.FactRegistered) + "/" + x.Ref + "/" + key,
				Kind: models.FactRegistered, Workflow: models.SessionID(ref, x.Number), Dossier: ref, Subject: x.Ref,
				Channel: call.through(), Actor: call.Ref}, s.now)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
