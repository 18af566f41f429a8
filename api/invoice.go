package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"jalon/models"
	"jalon/store"
)

// InvoiceView is an invoice with what is computed of it.
type InvoiceView struct {
	models.Invoice
	ClientRef string `json:"client_ref,omitempty" doc:"Who owes it, of a client's invoice"`
	Overdue   bool   `json:"overdue" doc:"Computed: its date has passed and it is not paid, held or not"`
}

// PayInput confirms a payment.
type PayInput struct {
	Why
	PaidOn models.Date `json:"paid_on,omitempty" format:"date" doc:"Today if absent"`
}

// InvoiceUpload is a supplier's invoice, keyed by staff.
type InvoiceUpload struct {
	Keyed
	Why
	Number   string       `json:"number" minLength:"1" maxLength:"64" doc:"The supplier's own"`
	NetCents models.Cents `json:"net_cents" minimum:"0" maximum:"100000000000" doc:"Excluding tax"`
	VATCents models.Cents `json:"vat_cents,omitempty" minimum:"0" maximum:"100000000000" doc:"0: none"`
	IssuedOn models.Date  `json:"issued_on,omitempty" format:"date" doc:"The date it bears, from which the legal term counts; today if absent"`
	Document []byte       `json:"document" doc:"The PDF, in base64"`
}

type invoiceInput[B any] struct {
	Ref  string `path:"ref" maxLength:"32" doc:"The invoice, I-2026-000077"`
	Body B
}

func invoiceCommand[B reasoned](s *Server, verb models.Verb, summary string, prepare func(ctx context.Context, i models.Invoice, in B) (func(models.By) any, error)) {
	add(s, operation{method: "POST", path: "/invoices/{ref}/" + string(verb), id: string(verb) + "-invoice", tag: "invoices", rule: Finance,
		keyed: true, summary: summary},
		func(ctx context.Context, in *invoiceInput[B]) (*itemOutput[models.CommandResult], error) {
			i, err := s.store.Invoice(ctx, in.Ref)
			if err != nil {
				return nil, err
			}
			if i.Status == models.InvoiceWithdrawn {
				return nil, refuse(models.CodeFinished)
			}
			command, err := prepare(ctx, i, in.Body)
			if err != nil {
				return nil, err
			}
			return s.decide(ctx, verb, i.Dossier, in.Body.words(), order{workflow: models.InvoiceID(i.Ref), command: command})
		})
}

func (s *Server) registerInvoices() {
	add(s, operation{method: "GET", path: "/invoices", id: "list-invoices", tag: "invoices", rule: StaffMoney, summary: "Invoices, newest first"},
		func(ctx context.Context, in *struct {
			Kind    models.InvoiceKind `query:"kind" enum:"self_billed,supplier,client" doc:"Who wrote it and who owes it: self_billed and supplier are owed by the agency, client by a client"`
			Status  string             `query:"status" enum:"awaited,received,non_conforming,conform,issued,paid,withdrawn" doc:"Where it stands"`
			Request string             `query:"request" maxLength:"32" doc:"Those of a dossier"`
			Trainer string             `query:"trainer" maxLength:"32" doc:"Those of a trainer, T-000042"`
			Client  string             `query:"client" maxLength:"32" doc:"What a client owes, C-000042"`
			Paging
		}) (*listOutput[InvoiceView], error) {
			return paged(&in.Paging, func(from store.Cursor) (store.Page[InvoiceView], error) {
				p, err := s.store.Invoices(ctx, store.InvoiceFilter{Kind: in.Kind, Status: in.Status, Dossier: in.Request,
					Trainer: in.Trainer, Client: in.Client}, from, in.Limit)
				return s.invoicePage(ctx, p, err)
			})
		})
	add(s, operation{method: "GET", path: "/invoices/{ref}", id: "get-invoice", tag: "invoices", rule: StaffMoney, summary: "An invoice"},
		func(ctx context.Context, in *refInput) (*itemOutput[InvoiceView], error) {
			i, err := s.store.Invoice(ctx, in.Ref)
			if err != nil {
				return nil, err
			}
			views, err := s.invoiceViews(ctx, []models.Invoice{i})
			return item(views[0], err)
		})
	add(s, operation{method: "GET", path: "/payments", id: "list-payments", tag: "invoices", rule: StaffMoney,
		summary: "What is to be paid, by the date money leaves (F197)"},
		func(ctx context.Context, in *Paging) (*listOutput[InvoiceView], error) {
			return paged(in, func(from store.Cursor) (store.Page[InvoiceView], error) {
				p, err := s.store.Payables(ctx, from, in.Limit)
				return s.invoicePage(ctx, p, err)
			})
		})
	decision := func(context.Context, models.Invoice, DecisionInput) (func(models.By) any, error) {
		return func(by models.By) any { return models.Decision{By: by} }, nil
	}
	invoiceCommand(s, models.VerbConform, "The invoice conforms: its payment is due (F195)", decision)
	invoiceCommand(s, models.VerbReject, "The invoice does not conform: say what has to be mended (F198)", decision)
	invoiceCommand(s, models.VerbUndo, "Undo a conforming or paid mark made by mistake, saying why", decision)
	invoiceCommand(s, models.VerbWithdraw, "Withdraw the invoice, saying why", decision)
	invoiceCommand(s, models.VerbPay, "The payment is confirmed", func(ctx context.Context, i models.Invoice, in PayInput) (func(models.By) any, error) {
		if in.PaidOn == "" {
			in.PaidOn = s.today()
		}
		var issued models.Date
		if !i.IssuedAt.IsZero() {
			issued = s.calendar.DateOf(i.IssuedAt)
		}
		if err := misplaced("body.paid_on", models.CheckPaid(in.PaidOn, issued, s.today())); err != nil {
			return nil, err
		}
		if err := s.payable(ctx, i); err != nil {
			return nil, err
		}
		return func(by models.By) any { return models.Pay{By: by, PaidOn: in.PaidOn} }, nil
	})
	add(s, operation{method: "POST", path: "/invoices/{ref}/record", id: "record-invoice", tag: "invoices", rule: StaffMoney, keyed: true,
		body: uploadLimit * 2, summary: "Key an invoice that a supplier sent by mail or on paper"},
		func(ctx context.Context, in *invoiceInput[InvoiceUpload]) (*itemOutput[Recorded], error) {
			i, err := s.store.Invoice(ctx, in.Ref)
			if err != nil {
				return nil, err
			}
			if !i.Receivable() {
				return nil, refuse(models.CodeInvoiceState)
			}
			b := in.Body
			if http.DetectContentType(b.Document) != "application/pdf" || s.cfg.Documents == nil {
				return nil, invalid("body.document", "a PDF is needed")
			}
			if _, err := s.received(b.Keyed, time.Time{}); err != nil { // before anything is kept
				return nil, err
			}
			if b.IssuedOn == "" {
				b.IssuedOn = s.today()
			}
			if err := misplaced("body.issued_on", models.CheckIssued(b.IssuedOn, s.today())); err != nil {
				return nil, err
			}
			sha, err := s.cfg.Documents.Put(ctx, b.Document)
			if err != nil {
				return nil, err
			}
			pdf := models.Document{SHA256: sha, Kind: models.DocumentInvoice, Subject: i.Ref, Dossier: i.Dossier,
				Name: fmt.Sprintf("%s.pdf", i.Ref), MediaType: "application/pdf", Size: int64(len(b.Document)), CreatedAt: s.now()}
			return s.record(ctx, models.Fact{Kind: models.FactInvoiceReceived, Subject: i.Ref, Actor: i.TrainerRef,
				Data: models.FactData{Number: b.Number, SHA256: sha, NetCents: b.NetCents, VATCents: b.VATCents, IssuedOn: b.IssuedOn}}, b.Keyed, time.Time{}, "", b.words(), nil,
				store.Alongside(func(tx *store.Store) error { return tx.SaveDocument(ctx, pdf) }))
		})
}

// payable refuses (account_missing, company_number_missing) an invoice whose supplier cannot be paid.
func (s *Server) payable(ctx context.Context, i models.Invoice) error {
	if !i.Kind.Payable() {
		return nil
	}
	t, err := s.store.Trainer(ctx, i.TrainerRef)
	if lacks := t.Lacking(); err == nil && len(lacks) > 0 {
		return refuse(lacks[0])
	}
	return err
}

func (s *Server) invoiceViews(ctx context.Context, rows []models.Invoice) ([]InvoiceView, error) {
	var dossiers []string
	for _, i := range rows {
		if i.Kind == models.InvoiceClient {
			dossiers = append(dossiers, i.Dossier)
		}
	}
	clients, err := s.store.ClientRefs(ctx, dossiers)
	out := make([]InvoiceView, len(rows))
	for n, i := range rows {
		out[n] = InvoiceView{Invoice: i, Overdue: i.Overdue(s.today())}
		if i.Kind == models.InvoiceClient {
			out[n].ClientRef = clients[i.Dossier]
		}
	}
	return out, err
}

func (s *Server) invoicePage(ctx context.Context, p store.Page[models.Invoice], err error) (store.Page[InvoiceView], error) {
	if err != nil {
		return store.Page[InvoiceView]{}, err
	}
	views, err := s.invoiceViews(ctx, p.Items)
	return store.Page[InvoiceView]{Items: views, Next: p.Next}, err
}
