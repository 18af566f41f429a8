package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

const invoiceRef = "I-2026-000077"

var invoiceID = models.InvoiceID(invoiceRef)

// invoice runs an invoice of 450 € issued on 2 November 2026, its ceiling on 17 December.
func (h *harness) invoice(kind models.InvoiceKind, at ...string) models.Invoice {
	h.t.Helper()
	if len(at) > 0 {
		h.env.SetStartTime(on(at[0]))
	}
	lines := []models.PayLine{{Ref: models.SessionRef(dossier, 1), Dossier: dossier, Payer: models.PayerAgency, TrainerRef: trainer(1),
		Month: "2026-10", HeldOn: "2026-10-15", Cents: 45_000, Status: models.LineSettled}}
	in := models.InvoiceInput{Common: h.common(), Owner: "U-000001", Invoice: models.Invoice{Ref: invoiceRef, Kind: kind, TrainerRef: trainer(1),
		NetCents: 45_000, VATBps: 2000, VATCents: 9_000, TotalCents: 54_000}}
	if kind == models.InvoiceClient {
		in.Invoice.Dossier, in.Invoice.TrainerRef = dossier, ""
	} else {
		in.Lines, in.Invoice.Lines = lines, []string{lines[0].Ref}
	}
	if kind == models.InvoiceSelfBilled {
		in.Invoice.Number = "T-000001-2026-0001"
	}
	h.run(models.InvoiceType, invoiceID, in)
	return row[models.Invoice](h.world, invoiceRef)
}

func (h *harness) must(when string, verb models.Verb) {
	h.at(when, func() { h.do(invoiceID, verb, decision()) })
}

func (h *harness) paid(when string, on models.Date) {
	h.at(when, func() { h.do(invoiceID, models.VerbPay, models.Pay{By: staff, PaidOn: on}) })
}

func (h *harness) deposit(when string, net, vat models.Cents, issued ...models.Date) {
	data := models.FactData{Number: "2026-12", SHA256: sha("upload"), NetCents: net, VATCents: vat}
	if len(issued) > 0 {
		data.IssuedOn = issued[0]
	}
	h.at(when, func() {
		h.fact(models.Fact{Kind: models.FactInvoiceReceived, Subject: invoiceRef, Actor: trainer(1), Data: data})
	})
}

func TestInvoiceClocks(t *testing.T) {
	for _, c := range []struct {
		name, conform         string
		promise, legal, payOn models.Date
	}{
		{"the promise leads", "2026-11-03 10:00", "2026-12-03", "2026-12-17", "2026-12-03"},
		{"the promise falls on a Saturday", "2026-11-05 10:00", "2026-12-05", "2026-12-17", "2026-12-04"},
		{"conformity comes late: the legal ceiling leads", "2026-11-30 10:00", "2026-12-30", "2026-12-17", "2026-12-17"},
	} {
		t.Run("F196 F197 "+c.name, func(t *testing.T) {
			h := newHarness(t)
			h.must(c.conform, models.VerbConform)
			h.paid("2026-12-17 10:00", "2026-12-17")
			v := h.invoice(models.InvoiceSelfBilled)
			require.Equal(t, models.InvoicePaid, v.Status)
			require.Equal(t, c.promise, v.PromiseOn)
			require.Equal(t, c.legal, v.LegalOn)
			require.Equal(t, c.payOn, v.PayOn)
			require.Equal(t, c.legal, h.rendered.Invoice.DueOn(), "what it says it is due on holds whenever it is checked")
			require.Equal(t, 30, h.rendered.Terms.PromiseDays)
			require.Equal(t, c.payOn.At(8, 0, paris), h.mails("finance_payment_due")[0].NotBefore)
		})
	}
	for _, c := range []struct {
		name, begin, conform, pay string
		payOn                     models.Date
	}{
		{"Christmas", "2026-11-20 10:00", "2026-11-25 10:00", "2026-12-24 10:00", "2026-12-24"},
		{"Easter Monday, and Good Friday, which is no bank day", "2027-02-22 10:00", "2027-02-27 10:00", "2027-03-25 10:00", "2027-03-25"},
	} {
		t.Run("F197 money leaves before "+c.name, func(t *testing.T) {
			h := newHarness(t)
			offset := on(c.begin).Sub(start)
			h.later(on(c.conform).Sub(start)-offset, func() { h.do(invoiceID, models.VerbConform, decision()) })
			h.later(on(c.pay).Sub(start)-offset, func() { h.do(invoiceID, models.VerbPay, models.Pay{By: staff, PaidOn: c.payOn}) })
			require.Equal(t, c.payOn, h.invoice(models.InvoiceSelfBilled, c.begin).PayOn)
		})
	}
	t.Run("F195 nobody checks: finance are called; the ceiling's alert comes ten days before", func(t *testing.T) {
		h := newHarness(t)
		h.must("2026-12-10 10:00", models.VerbConform)
		h.paid("2026-12-21 10:00", "2026-12-21")
		v := h.invoice(models.InvoiceSelfBilled)
		require.Equal(t, "conformity_overdue", h.alerts()[0])
		require.Contains(t, h.alerts(), "legal_cap_near")
		require.Contains(t, h.alerts(), "payment_late")
		require.Len(t, h.left("finance_payment_late"), 1)
		require.Equal(t, models.Date("2026-12-17"), v.PayOn)
		cap := h.waits(models.DeadlineLegalCap)[0]
		require.False(t, cap.Postponable)
		require.Equal(t, on("2026-12-08 00:00").Add(-1000), cap.DueAt)
	})
	t.Run("F196 the legal ceiling cannot be postponed, nor the promise", func(t *testing.T) {
		h := newHarness(t)
		var legal, promise *reply
		h.must("2026-11-03 10:00", models.VerbConform)
		h.at("2026-11-04 10:00", func() {
			for kind, r := range map[models.DeadlineKind]**reply{models.DeadlineLegalCap: &legal, models.DeadlinePayment: &promise} {
				*r = h.command(invoiceID, models.VerbPostpone, models.Postpone{By: staff, DeadlineID: h.waits(kind)[0].ID, DueAt: on("2027-02-01 10:00")})
			}
		})
		h.paid("2026-12-01 10:00", "2026-12-01")
		h.invoice(models.InvoiceSelfBilled)
		require.Equal(t, models.CodeDeadlineLegal, legal.code)
		require.Equal(t, models.CodeDeadlineLegal, promise.code)
	})
	t.Run("F196 the ceiling is watched while the invoice is held", func(t *testing.T) {
		h := newHarness(t)
		h.must("2026-11-04 10:00", models.VerbReject)
		h.at("2026-12-09 10:00", func() { require.Contains(t, h.alerts(), "legal_cap_near") })
		h.must("2026-12-09 11:00", models.VerbWithdraw)
		require.Equal(t, models.InvoiceWithdrawn, h.invoice(models.InvoiceSelfBilled).Status)
	})
}

func TestInvoiceSupplier(t *testing.T) {
	t.Run("F194 asked for, reminded, deposited, conforming, paid", func(t *testing.T) {
		h := newHarness(t)
		h.deposit("2026-11-10 10:00", 45_000, 9_000)
		h.must("2026-11-12 10:00", models.VerbConform)
		var early, date *reply
		h.at("2026-11-09 10:00", func() {
			early = h.command(invoiceID, models.VerbPay, models.Pay{By: staff, PaidOn: "2026-11-09"})
			date = h.command(invoiceID, models.VerbPay, models.Pay{By: staff, PaidOn: ""})
		})
		h.paid("2026-12-11 10:00", "2026-12-11")
		v := h.invoice(models.InvoiceSupplier)
		require.Equal(t, models.CodeInvoiceState, early.code)
		require.Equal(t, models.CodeInvalid, date.code)
		require.Equal(t, models.InvoicePaid, v.Status)
		require.Len(t, h.left("invoice_reminder"), 1)
		require.Equal(t, "invoice_not_received", h.alerts()[0])
		require.Equal(t, models.Date("2026-12-12"), v.PromiseOn)
		require.Equal(t, models.Date("2026-12-11"), v.PayOn)
		require.Equal(t, models.LinePaid, h.lines[models.SessionRef(dossier, 1)].Status)
		require.Len(t, h.told(models.FactInvoicePaid), 1)
		require.Equal(t, models.Date("2026-12-11"), h.told(models.FactInvoicePaid)[0].Data.PaidOn)
		require.Len(t, h.left("invoice_paid"), 1)
		require.Equal(t, models.Met, h.waits(models.DeadlineClaim)[0].Status)
		t.Logf("steps: %d", len(h.steps))
	})
	t.Run("F200 amounts that are not those agreed on cannot be conforming; F198 another one is deposited", func(t *testing.T) {
		h := newHarness(t)
		h.deposit("2026-11-03 10:00", 45_000, 0)
		h.deposit("2026-11-03 11:00", 45_000, 9_000) // while the first is held: ignored
		var refused, mute *reply
		h.at("2026-11-04 10:00", func() {
			refused = h.command(invoiceID, models.VerbConform, decision())
			mute = h.command(invoiceID, models.VerbReject, models.Decision{By: models.By{Actor: "U-000009"}})
			h.do(invoiceID, models.VerbReject, decision())
		})
		h.deposit("2026-11-05 10:00", 45_000, 9_000)
		h.must("2026-11-06 10:00", models.VerbConform)
		h.paid("2026-12-04 10:00", "2026-12-04")
		v := h.invoice(models.InvoiceSupplier)
		require.Equal(t, models.CodeVATMismatch, refused.code)
		require.Equal(t, models.CodeReasonMissing, mute.code)
		require.Equal(t, 2, v.Round)
		require.Equal(t, "N-000001", h.left("invoice_rejected")[0].Args.Get("note"))
		require.Equal(t, 2, h.left("invoice_rejected")[0].Links[0].Generation)
		require.Equal(t, "45000", h.left("invoice_rejected")[0].Args.Get("billed"), "what they billed")
		require.Empty(t, v.Note, "the reason was about the one before")
		require.Equal(t, models.Date("2026-12-18"), v.LegalOn, "undated, the ceiling runs from the first deposit")
		require.Equal(t, models.FactIgnored, h.told(models.FactInvoiceReceived)[1].State)
	})
}

func TestInvoiceDated(t *testing.T) {
	for _, c := range []struct {
		name       string
		kind       models.InvoiceKind
		legal, cap models.Date // of the last invoice, and on which finance are called
		alerts     int
		deposits   [][2]string // when, and the date it bears
	}{
		{"the ceiling counts from the date that the invoice bears", models.InvoiceSupplier, "2026-12-11", "2026-12-01", 0, [][2]string{{"2026-11-05 10:00", "2026-10-27"}}},
		{"a second invoice brings its own", models.InvoiceSupplier, "2026-12-20", "2026-12-10", 0, [][2]string{{"2026-11-03 10:00", "2026-10-27"}, {"2026-11-05 10:00", "2026-11-05"}}},
		{"which may be an earlier one", models.InvoiceSelfBilled, "2026-12-05", "2026-11-25", 0, [][2]string{{"2026-11-05 10:00", "2026-10-21"}}},
		{"or past its ceiling already", models.InvoiceSelfBilled, "2026-11-04", "2026-11-05", 1, [][2]string{{"2026-11-05 10:00", "2026-09-20"}}},
	} {
		t.Run("F196 "+c.name, func(t *testing.T) {
			h := newHarness(t)
			for i, x := range c.deposits {
				if i > 0 || c.kind == models.InvoiceSelfBilled {
					h.must("2026-11-04 10:00", models.VerbReject)
				}
				h.deposit(x[0], 45_000, 9_000, models.Date(x[1]))
			}
			h.must("2026-11-06 10:00", models.VerbConform)
			h.paid("2026-11-20 10:00", "2026-11-20")
			v := h.invoice(c.kind)
			require.Equal(t, models.Date(c.deposits[len(c.deposits)-1][1]), models.ParisDate(v.IssuedAt))
			require.Equal(t, c.legal, v.LegalOn)
			caps := h.waits(models.DeadlineLegalCap)
			require.Equal(t, c.cap, models.ParisDate(caps[len(caps)-1].DueAt))
			for _, d := range caps[:len(caps)-1] {
				require.Equal(t, models.Cancelled, d.Status, "the ceiling of one that was replaced")
			}
			called := 0
			for _, a := range h.alerts() {
				if a == "legal_cap_near" {
					called++
				}
			}
			require.Equal(t, c.alerts, called)
		})
	}
	t.Run("F196 finance are called again about the ceiling of another invoice", func(t *testing.T) {
		h := newHarness(t)
		h.must("2026-11-04 10:00", models.VerbReject)
		h.deposit("2026-12-09 10:00", 45_000, 9_000, "2026-12-09") // two days after they were called about the first
		h.paid("2027-01-20 10:00", "2027-01-20")
		h.must("2027-01-19 10:00", models.VerbConform)
		h.invoice(models.InvoiceSelfBilled)
		caps := h.waits(models.DeadlineLegalCap)
		require.Len(t, caps, 2)
		require.Equal(t, []any{models.Date("2026-12-07"), models.Date("2027-01-13")}, []any{models.ParisDate(caps[0].DueAt), models.ParisDate(caps[1].DueAt)})
		require.Equal(t, []models.Outcome{models.Missed, models.Missed}, []models.Outcome{caps[0].Status, caps[1].Status})
	})
}

func TestInvoiceReplaced(t *testing.T) {
	t.Run("F193 F198 a contested self-billed invoice stays known once the supplier sent another", func(t *testing.T) {
		h := newHarness(t)
		h.must("2026-11-03 10:00", models.VerbReject)
		h.deposit("2026-11-04 10:00", 45_000, 0)
		h.must("2026-11-05 10:00", models.VerbReject)
		h.deposit("2026-11-06 10:00", 45_000, 9_000)
		h.must("2026-11-09 10:00", models.VerbConform)
		h.paid("2026-12-04 10:00", "2026-12-04")
		v := h.invoice(models.InvoiceSelfBilled)
		require.Equal(t, []string{"2026-12", sha("upload")}, []string{v.Number, v.SHA256})
		require.Equal(t, []string{"T-000001-2026-0001", sha(invoiceRef)}, []string{v.Replaces, v.ReplacesSHA256}, "the one issued, not the one refused since")
		var told []string
		for _, l := range h.journal {
			if l.Kind == "invoice_received" {
				told = append(told, l.Args.Get("replaces"))
			}
		}
		require.Equal(t, []string{"", "T-000001-2026-0001", ""}, told)
		require.Equal(t, []string{"", "45000"}, []string{h.left("invoice_rejected")[0].Args.Get("billed"), h.left("invoice_rejected")[1].Args.Get("billed")}, "the agency's own says what it is")
	})
}

func TestInvoiceUndone(t *testing.T) {
	t.Run("F205 paid by mistake, then paid", func(t *testing.T) {
		h := newHarness(t)
		h.must("2026-11-03 10:00", models.VerbConform)
		h.paid("2026-11-20 10:00", "2026-11-20")
		var mute *reply
		h.at("2026-11-21 10:00", func() { mute = h.command(invoiceID, models.VerbUndo, models.Decision{By: models.By{Actor: "U"}}) })
		h.must("2026-11-21 11:00", models.VerbUndo)
		h.at("2026-11-21 12:00", func() {
			require.Equal(t, models.LineSettled, h.lines[models.SessionRef(dossier, 1)].Status)
			require.Equal(t, models.InvoiceConform, row[models.Invoice](h.world, invoiceRef).Status)
		})
		h.paid("2026-12-02 10:00", "2026-12-02")
		v := h.invoice(models.InvoiceSelfBilled)
		require.Equal(t, models.CodeReasonMissing, mute.code)
		require.Equal(t, models.Date("2026-12-02"), v.PaidOn)
		require.Len(t, h.told(models.FactInvoicePaid), 2)
		require.Empty(t, h.mails("invoice_unconfirmed"), "the day holds")
		require.Len(t, h.told(models.FactInvoiceUnpaid), 1)
	})
	t.Run("F205 conforming by mistake: checked again", func(t *testing.T) {
		h := newHarness(t)
		h.must("2026-11-03 10:00", models.VerbConform)
		h.must("2026-11-04 10:00", models.VerbUndo)
		h.must("2026-11-10 10:00", models.VerbConform)
		h.paid("2026-12-02 10:00", "2026-12-02")
		v := h.invoice(models.InvoiceSelfBilled)
		require.Equal(t, models.Date("2026-12-10"), v.PromiseOn)
		require.Len(t, h.left("invoice_conform"), 2)
		require.Len(t, h.left("invoice_unconfirmed"), 1, "the day that was told does not hold")
		require.Len(t, h.mails("finance_conformity"), 2)
		require.Len(t, h.left("finance_payment_due"), 0, "paid before the day")
	})
	t.Run("F201 withdrawn: its lines are due again, in the first open month", func(t *testing.T) {
		h := newHarness(t)
		h.months["agencyT-0000012026-10"] = models.PayMonth{SettledAt: start}
		var paid *reply
		h.must("2026-11-10 10:00", models.VerbWithdraw)
		h.at("2026-11-10 10:00", func() { paid = h.command(invoiceID, models.VerbPay, models.Pay{By: staff, PaidOn: "2026-11-10"}) })
		require.Equal(t, models.InvoiceWithdrawn, h.invoice(models.InvoiceSelfBilled).Status)
		require.NotEmpty(t, paid.code)
		l := h.lines[models.SessionRef(dossier, 1)]
		require.Equal(t, models.LineDue, l.Status)
		require.Equal(t, models.Month("2026-11"), l.Month)
		require.Empty(t, l.InvoiceRef)
		require.Equal(t, "remuneration/agency/T-000001/2026-11", h.told(models.FactLineDue)[0].Workflow)
		require.Len(t, h.left("invoice_withdrawn"), 1)
	})
}

func TestInvoiceNotices(t *testing.T) {
	for verb, want := range map[models.Verb]struct{ conform, paid []string }{
		models.VerbPay:      {[]string{models.MessageWithdrawn}, []string{models.MessageSent}},
		models.VerbWithdraw: {[]string{models.MessageWithdrawn}, []string{}},
		models.VerbUndo:     {[]string{models.MessageWithdrawn, models.MessageSent}, []string{models.MessageSent}},
	} {
		t.Run("F204 what has not left when it is over does not leave: "+string(verb), func(t *testing.T) {
			h := newHarness(t)
			h.must("2026-11-07 10:00", models.VerbConform) // a Saturday: no mail leaves
			switch verb {
			case models.VerbPay:
				h.paid("2026-11-07 11:00", "2026-11-07")
			case models.VerbUndo:
				h.must("2026-11-07 11:00", verb)
				h.must("2026-11-10 10:00", models.VerbConform)
				h.paid("2026-11-12 10:00", "2026-11-12")
			default:
				h.must("2026-11-07 11:00", verb)
			}
			h.invoice(models.InvoiceSelfBilled)
			states := func(template string) []string {
				out := []string{}
				for _, m := range h.mails(template) {
					out = append(out, m.Status)
				}
				return out
			}
			require.Equal(t, want.conform, states("invoice_conform"))
			require.Equal(t, want.paid, states("invoice_paid"))
			require.Empty(t, states("invoice_unconfirmed"), "nobody was told a day")
		})
	}
}

func TestInvoiceClient(t *testing.T) {
	t.Run("F211 issued, reminded, handed to finance, paid", func(t *testing.T) {
		h := newHarness(t)
		h.paid("2026-12-15 10:00", "2026-12-14")
		v := h.invoice(models.InvoiceClient)
		require.Equal(t, models.InvoicePaid, v.Status)
		require.Equal(t, "F-2026-000001", v.Number)
		require.Len(t, h.left("client_invoice_reminder"), 1)
		require.Equal(t, "client_payment_late", h.alerts()[0])
		require.Empty(t, h.told(models.FactInvoicePaid))
	})
	for _, verb := range []models.Verb{models.VerbPay, models.VerbWithdraw} {
		t.Run("F211 what has not left when it ends does not leave: "+string(verb), func(t *testing.T) {
			h := newHarness(t)
			h.mailFate = func(m models.Message) (string, time.Duration) {
				if m.To == models.RoleBilling {
					return models.MessageQueued, 0
				}
				return "", 0
			}
			bill := models.MessageQueued // who paid gets the invoice all the same
			if verb == models.VerbPay {
				h.paid("2026-12-15 10:00", "2026-12-14")
			} else {
				h.must("2026-12-15 10:00", verb)
				bill = models.MessageWithdrawn
			}
			h.invoice(models.InvoiceClient)
			require.Equal(t, bill, h.mails("client_invoice")[0].Status)
			require.Equal(t, models.MessageWithdrawn, h.mails("client_invoice_reminder")[0].Status)
		})
	}
	t.Run("F211 paid in time", func(t *testing.T) {
		h := newHarness(t)
		h.paid("2026-11-15 10:00", "2026-11-14")
		h.invoice(models.InvoiceClient)
		require.Empty(t, h.alerts())
		require.Equal(t, models.Met, h.waits(models.DeadlineClientPayment)[0].Status)
	})
}
