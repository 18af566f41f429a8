package api

import (
	"context"
	"slices"
	"strings"

	"jalon/models"
	"jalon/store"
	"jalon/web"
)

// SettleInput names a parked message.
type SettleInput struct {
	Key string `json:"message_key" minLength:"1" maxLength:"200" doc:"As listed"`
}

// settling is who may look after a message that nobody knows to have left: what is about money is for who may see it.
func settling(m models.Message) Rule {
	if m.Money() {
		return StaffMoney
	}
	return Everyone
}

// parkedFor narrows the parked messages down to those that somebody may settle, of one dossier or of all.
func parkedFor(who Caller, dossier string) store.ParkedFilter {
	return store.ParkedFilter{Dossier: dossier, NoMoney: !StaffMoney.Allows(who.Roles)}
}

// shown are messages as somebody may read them: the amount of an invoice, a statement or a payment is for who may see money.
func shown(who Caller, p store.Page[models.Message], err error) (store.Page[models.Message], error) {
	if !StaffMoney.Allows(who.Roles) {
		for i := range p.Items {
			p.Items[i].Args = slices.DeleteFunc(p.Items[i].Args, func(a models.Arg) bool { return a.Name == "amount" })
		}
	}
	return p, err
}

// templateName is what a message is, in words; the template itself if it has none.
func templateName(lang models.Lang, template string) string {
	if key := "dossier.template." + template; web.Has(key) {
		return web.T(lang, key)
	}
	return template
}

// messageName is what a message is and of which part of its dossier: « Convocation, séance 2 ».
func (d *desk) messageName(m models.Message) string {
	name := templateName(d.lang, m.Template)
	if part := d.partOf(m.Dossier, m.Subject); part != "" {
		name += d.t("dossier.comma") + part
	}
	return name
}

func (s *Server) registerMessages() {
	add(s, operation{method: "GET", path: "/messages/parked", id: "list-parked-messages", tag: "messages", rule: Everyone,
		summary: "Messages that nobody knows to have left, the oldest first"},
		func(ctx context.Context, in *Paging) (*listOutput[models.Message], error) {
			return paged(in, func(from store.Cursor) (store.Page[models.Message], error) {
				who := callFrom(ctx).Caller
				p, err := s.store.Parked(ctx, parkedFor(who, ""), from, in.Limit)
				return shown(who, p, err)
			})
		})
	settle := func(verb string, left bool, summary string) {
		add(s, operation{method: "POST", path: "/messages/" + verb, id: "message-" + verb, tag: "messages", rule: Everyone, keyed: true, summary: summary},
			func(ctx context.Context, in *struct{ Body SettleInput }) (*itemOutput[models.Message], error) {
				call := callFrom(ctx)
				m, err := s.store.Message(ctx, in.Body.Key)
				if err == nil && !settling(m).Allows(call.Roles) {
					err = refuse(models.CodeForbidden)
				}
				do := s.store.Settle
				if err == nil && !left && m.Undelivered() {
					do, err = s.store.Resend, s.ofUse(ctx, m)
				}
				if err != nil {
					return nil, err
				}
				if err := do(ctx, store.Settlement{ID: call.key, Key: m.Key, Left: left, Actor: call.Ref, Channel: call.through(), At: s.now()}); err != nil {
					return nil, err
				}
				return item(s.store.Message(ctx, m.Key))
			})
	}
	settle(verbLeft, true, "A parked message left, somebody found out: what it asks for counts from its attempt")
	settle(verbAgain, false, "A parked message did not leave, or one reached nobody: it is sent again, to the address known by now")
}

// settleable refuses what the API would refuse of a message, as it is now.
func (s *Server) settleable(ctx context.Context, m models.Message, left bool) error {
	if left || !m.Undelivered() {
		return m.Settleable(left)
	}
	if err := s.ofUse(ctx, m); err != nil {
		return err
	}
	address, err := s.addressOf(ctx, m)
	if err == nil && address == "" {
		err = refuse(models.CodeNoAddress)
	}
	return err
}

// addressOf is where a message would go now; empty if nobody knows.
func (s *Server) addressOf(ctx context.Context, m models.Message) (string, error) {
	to, err := s.store.Addressee(ctx, m, models.ParisDate(s.now()), s.cfg.TeamEmail)
	if models.ErrorCode(err) == models.CodeUnknown {
		err = nil
	}
	return to.Email, err
}

// ofUse refuses (message_over) a message that reached nobody and is not worth sending again: what it tells of is past or
// settled otherwise, or its link would say that nothing is awaited any more. Its words are those of the day it leaves.
func (s *Server) ofUse(ctx context.Context, m models.Message) error {
	useful, err := s.current(ctx, m)
	if err != nil && models.ErrorCode(err) != models.CodeUnknown {
		return err
	}
	if err != nil || !useful {
		return refuse(models.CodeMessageOver)
	}
	return nil
}

// current tells whether what a message asks for or tells of still stands.
func (s *Server) current(ctx context.Context, m models.Message) (bool, error) {
	if m.To == models.RoleParticipant {
		if p, err := s.store.Participant(ctx, m.ToRef); err != nil || !p.RemovedAt.IsZero() {
			return false, err
		}
	}
	stands := standing[m.Template]
	if stands == nil {
		return false, nil // a template of an earlier version: nobody can write it any more
	}
	return stands(s, ctx, m)
}

// standing is, of each template, how to tell whether a message still stands. It is decided here and not in models, since
// what a link asks for stands for as long as its page would offer it.
var standing = func() map[string]func(*Server, context.Context, models.Message) (bool, error) {
	out := map[string]func(*Server, context.Context, models.Message) (bool, error){}
	for _, of := range []struct {
		stands    func(*Server, context.Context, models.Message) (bool, error)
		templates string
	}{
		{(*Server).tells, `audit_cancelled_client certificate contract_signed course_cancelled_participant finance_conformity finance_payment_due finance_payment_late
			invitation_closed invoice_paid invoice_withdrawn mission_cancelled mission_ended programme_approved recap_cancelled request_cancelled_client
			request_handed_over_client self_billed_invoice session_cancelled_client session_cancelled_participant session_cancelled_trainer
			staff_alert staff_alert_unread staff_request_cancelled trainer_changed_client trainer_contract_expired`},
		{(*Server).asks, `absence_told attend audit_choice audit_choice_reminder audit_report_reminder audit_slots audit_slots_reminder cold_evaluation
			contract_client contract_client_reminder hot_evaluation hot_reminder invoice_ask invoice_rejected invoice_reminder
			programme_ask programme_reminder programme_returned recap recap_reminder request_received sheet_ask sheet_reminder
			trainer_contract trainer_contract_reminder`},
		{(*Server).invites, "invitation invitation_reminder"},
		{(*Server).callToCome, "audit_booked_client audit_booked_trainer"},
		{(*Server).interviewToCome, "interview_notice"},
		{(*Server).sessionsToCome, "sessions_planned_client sessions_planned_trainer"},
		{(*Server).sessionToCome, "convocation session_moved_client session_moved_participant session_moved_trainer"},
		{(*Server).unpaid, "client_invoice client_invoice_reminder"},
		{invoiceStands(models.InvoiceConform), "invoice_conform"},
		{invoiceStands(models.InvoiceReceived), "invoice_unconfirmed"},
	} {
		for template := range strings.FieldsSeq(of.templates) {
			out[template] = of.stands
		}
	}
	return out
}()

// tells is for what happened, and is told whenever it can be.
func (s *Server) tells(context.Context, models.Message) (bool, error) { return true, nil }

// asks is for what waits for an answer on the page of a link, the first if there are several.
func (s *Server) asks(ctx context.Context, m models.Message) (bool, error) {
	if len(m.Links) == 0 {
		return false, nil
	}
	return s.serves(ctx, m.Links[0])
}

func (s *Server) invites(ctx context.Context, m models.Message) (bool, error) {
	i, err := s.store.Invitation(ctx, m.Subject)
	if err != nil {
		return false, err
	}
	r, err := s.store.Request(ctx, m.Dossier)
	return i.AwaitsAnswer() && i.Search == r.Solicitation && models.Standing{Stage: r.Stage}.Takes(models.VerbChoose) == nil, err
}

func (s *Server) callToCome(ctx context.Context, m models.Message) (bool, error) {
	a, err := s.store.Audit(ctx, m.Subject)
	return a.Status == models.AuditBooked && a.SlotAt.After(s.now()), err
}

func (s *Server) interviewToCome(ctx context.Context, m models.Message) (bool, error) {
	r, err := s.store.Request(ctx, m.Dossier)
	return r.Stage == models.StageInterview && r.TrainerRef == m.ToRef, err
}

func (s *Server) sessionsToCome(ctx context.Context, m models.Message) (bool, error) {
	all, err := s.store.Sessions(ctx, m.Dossier)
	return slices.ContainsFunc(all, func(x models.Session) bool { return s.toCome(x, m) }), err
}

func (s *Server) sessionToCome(ctx context.Context, m models.Message) (bool, error) {
	x, err := s.store.Session(ctx, m.Subject)
	return s.toCome(x, m), err
}

// toCome tells whether a session takes place later on, and is still for the trainer whom a message tells of it.
func (s *Server) toCome(x models.Session, m models.Message) bool {
	return x.Counts() && x.EndAt.After(s.now()) && (m.To != models.RoleTrainer || x.TrainerRef == m.ToRef)
}

// invoiceStands is for what tells that an invoice has come to a status, for as long as it has it.
func invoiceStands(status string) func(*Server, context.Context, models.Message) (bool, error) {
	return func(s *Server, ctx context.Context, m models.Message) (bool, error) {
		i, err := s.store.Invoice(ctx, m.Subject)
		return i.Status == status, err
	}
}

func (s *Server) unpaid(ctx context.Context, m models.Message) (bool, error) {
	i, err := s.store.Invoice(ctx, m.Subject)
	return i.Unpaid(), err
}

// What is said of a parked message.
const (
	verbLeft  = "left"
	verbAgain = "again"
)
