package api

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/gabriel-vasile/mimetype"

	"jalon/models"
	"jalon/store"
	"jalon/web"
)

// invoicePage takes a supplier's own invoice (F194); whether it conforms is finance's decision, later.
type invoicePage struct {
	invoice  models.Invoice
	deadline models.Deadline
}

func openInvoice(v *visit) (linkPage, error) {
	row, err := v.s.store.Invoice(v.ctx, v.link.Subject)
	if err != nil {
		return nil, err
	}
	if !row.Kind.Payable() || row.TrainerRef == "" {
		return nil, models.NewError(models.CodeLinkInvalid, "not a supplier's invoice")
	}
	if err := v.trainer(row.TrainerRef); err != nil {
		return nil, err
	}
	if fact, ok, err := v.stored(); err != nil {
		return nil, err
	} else if ok {
		return nil, v.invoiceTold(fact.Data, fact.ReceivedAt)
	}
	switch {
	case row.Receivable():
	case row.Status == models.InvoiceWithdrawn:
		return nil, v.withdrawn("")
	default:
		return nil, v.invoiceTold(models.FactData{Number: row.Number, NetCents: row.NetCents, VATCents: row.VATCents}, row.ReceivedAt)
	}
	if v.link.Generation != row.Round {
		return nil, v.withdrawn("")
	}
	p := &invoicePage{invoice: row}
	p.deadline, err = v.due(row.DeadlineID)
	return p, err
}

func (v *visit) invoiceTold(d models.FactData, at time.Time) *linkStop {
	return v.used(at, v.t("invoice.received"), append(append(v.fact("number", d.Number),
		v.fact("net", web.Money(v.lang, d.NetCents))...), v.fact("vat", web.Money(v.lang, d.VATCents))...)...)
}

func (p *invoicePage) show(v *visit, page *web.Page) string {
	v.initial("issued_on", string(v.s.today()))
	var expected []pageFact
	if p.invoice.NetCents > 0 && p.invoice.Status == models.InvoiceAwaited {
		expected = v.fact("net_expected", web.Money(v.lang, p.invoice.NetCents))
	}
	page.Title = v.t("invoice.title")
	page.Data = struct {
		Late, Note string
		Facts      []pageFact
	}{v.late(p.deadline), v.noteText(p.invoice.Note), append(expected, v.answerBy(p.deadline)...)}
	return "invoice"
}

func (p *invoicePage) act(v *visit, action string) (*linkDone, error) {
	if action != "send" {
		return nil, errAction
	}
	var wrong faults
	data := models.FactData{Number: v.text(&wrong, "number", v.t("invoice.number"), 60, false),
		NetCents: v.euros(&wrong, "net", 1), VATCents: v.euros(&wrong, "vat", 0), IssuedOn: models.Date(v.values.Get("issued_on"))}
	if models.CheckIssued(data.IssuedOn, v.s.today()) != nil {
		wrong.add("issued_on", v.t("invoice.issued_on_wrong"))
	}
	content := v.file(&wrong)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	// The file comes first: a fact never names what is not there.
	sha, err := v.s.cfg.Documents.Put(v.ctx, content)
	if err != nil {
		return nil, err
	}
	data.SHA256 = sha
	doc := models.Document{SHA256: sha, Kind: models.DocumentInvoice, Subject: p.invoice.Ref, Dossier: p.invoice.Dossier,
		Name: p.invoice.Ref + ".pdf", MediaType: "application/pdf", Size: int64(len(content)), CreatedAt: v.now}
	err = v.receive(models.FactInvoiceReceived, data,
		store.Alongside(func(tx *store.Store) error { return tx.SaveDocument(v.ctx, doc) }))
	if err != nil {
		return nil, err
	}
	return v.done(v.invoiceTold(data, time.Time{}), v.t("invoice.next")), nil
}

// file reads the uploaded file, which must be a PDF by its content.
func (v *visit) file(wrong *faults) []byte {
	f, header, err := v.c.Request.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) || err == nil && header.Size == 0 {
		wrong.add("file", v.t("fault.file_none"))
		return nil
	}
	if err != nil {
		wrong.add("file", v.t("fault.file_pdf"))
		return nil
	}
	defer f.Close()
	if header.Size > uploadLimit {
		wrong.add("file", v.t("fault.file_large"))
		return nil
	}
	content, err := io.ReadAll(f)
	if err != nil || !mimetype.Detect(content).Is("application/pdf") {
		wrong.add("file", v.t("fault.file_pdf"))
		return nil
	}
	return content
}
