package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

const recap = "agency/T-000001/2026-11/recap/"

// month runs a trainer's November; lines are worth 450 € each.
func (h *harness) month(lines int, month models.Month) {
	h.t.Helper()
	for n := 1; n <= lines; n++ {
		ref := models.SessionRef(dossier, n)
		h.lines[ref] = models.PayLine{Ref: ref, Dossier: dossier, Payer: models.PayerAgency, TrainerRef: trainer(1), Month: month,
			HeldOn: month.First(), Unit: models.UnitDay, Quantity: 100, RateCents: 45_000, Cents: 45_000, Status: models.LineDue}
	}
	h.run(models.RemunerationType, models.RemunerationID(models.PayerAgency, trainer(1), month),
		models.RemunerationInput{Common: h.common(), Payer: models.PayerAgency, TrainerRef: trainer(1), Month: month, Owner: "U-000001"})
}

func (h *harness) accept(n int) {
	ref := fmt.Sprint(recap, n)
	h.fact(models.Fact{Kind: models.FactRecapAccepted, Subject: ref, Actor: trainer(1), Data: models.FactData{SHA256: sha(ref)}})
}

func (h *harness) contest(n int, lines ...int) {
	var refs []string
	for _, l := range lines {
		refs = append(refs, models.SessionRef(dossier, l))
	}
	h.fact(models.Fact{Kind: models.FactRecapContested, Subject: fmt.Sprint(recap, n), Actor: trainer(1), Data: models.FactData{Lines: refs, Note: "N-000003"}})
}

func (h *harness) correct(by models.By, c ...models.LineCorrection) *reply {
	return h.command(h.id, models.VerbCorrectRecap, models.CorrectRecap{By: by, Corrections: c})
}

func decided(n int, quantity int64) models.LineCorrection {
	return models.LineCorrection{Line: models.SessionRef(dossier, n), Quantity: quantity}
}

func TestRemunerationDay(t *testing.T) {
	for month, want := range map[models.Month]string{
		"2026-11": "2026-12-07 08:00", // the 5th is a Saturday
		"2026-12": "2027-01-05 08:00",
		"2027-01": "2027-02-05 08:00",
		"2027-03": "2027-04-05 08:00",
		"2027-05": "2027-06-07 08:00", // a Saturday
		"2027-06": "2027-07-05 08:00",
		"2027-08": "2027-09-06 08:00", // a Sunday
	} {
		t.Run("F178 "+string(month), func(t *testing.T) {
			h := newHarness(t)
			h.month(0, month)
			d := h.waits(models.DeadlineRecapDay)
			require.Equal(t, on(want), d[0].DueAt)
			require.Empty(t, h.mails("recap"))
			require.Equal(t, on(want), h.months[fmt.Sprint(models.PayerAgency, trainer(1), month)].SettledAt)
		})
	}
	t.Run("F178 a month that is over already goes at once", func(t *testing.T) {
		h := newHarness(t)
		h.onMail["recap"] = func(m models.Message) {
			h.fact(models.Fact{Kind: models.FactRecapAccepted, Subject: m.Subject, Data: models.FactData{SHA256: sha(m.Subject)}})
		}
		h.month(1, "2026-08")
		require.Len(t, h.left("recap"), 1)
	})
}

func TestRemunerationAnswer(t *testing.T) {
	t.Run("F180 accepted: the lines become a self-billed invoice", func(t *testing.T) {
		h := newHarness(t)
		h.at("2026-12-08 10:00", func() { h.accept(1) })
		h.month(2, "2026-11")
		require.Equal(t, models.RecapAccepted, row[models.Recap](h.world, recap+"1").Status)
		due := h.told(models.FactInvoiceDue)
		require.Len(t, due, 1)
		invoice := due[0].Start.Invoice.Invoice
		require.Equal(t, models.InvoiceSelfBilled, invoice.Kind)
		require.Equal(t, models.Cents(90_000), invoice.NetCents)
		require.Equal(t, invoice.NetCents+invoice.VATCents, invoice.TotalCents)
		require.Len(t, due[0].Start.Invoice.Lines, 2)
		require.Equal(t, []string{models.SessionRef(dossier, 1), models.SessionRef(dossier, 2)}, h.told(models.FactLinesSettled)[0].Data.Lines)
		for _, l := range h.lines {
			require.Equal(t, models.LineSettled, l.Status)
			require.Equal(t, invoice.Ref, l.InvoiceRef)
		}
		t.Logf("steps: %d", len(h.steps))
	})
	for name, s := range map[string]models.Supplier{"without a mandate": {Domestic: true}, "abroad": {Mandate: true},
		"through an umbrella company": {Domestic: true, Mandate: true, Umbrella: true}} {
		t.Run("F193 a supplier "+name+" sends an invoice", func(t *testing.T) {
			h := newHarness(t)
			h.supplier = s
			h.at("2026-12-08 10:00", func() { h.accept(1) })
			h.month(1, "2026-11")
			require.Equal(t, models.InvoiceSupplier, h.told(models.FactInvoiceDue)[0].Start.Invoice.Invoice.Kind)
		})
	}
	t.Run("F180 another document is not accepted, nor twice", func(t *testing.T) {
		h := newHarness(t)
		h.at("2026-12-08 10:00", func() {
			h.fact(models.Fact{Kind: models.FactRecapAccepted, Subject: recap + "1", Data: models.FactData{SHA256: sha("forged")}})
		})
		h.at("2026-12-08 11:00", func() {
			require.Equal(t, models.RecapSent, row[models.Recap](h.world, recap+"1").Status)
			h.accept(1)
			h.accept(1)
		})
		h.month(1, "2026-11")
		require.Len(t, h.told(models.FactInvoiceDue), 1)
		require.Equal(t, models.FactIgnored, h.told(models.FactRecapAccepted)[0].State)
	})
	t.Run("F180 silence never accepts, whatever the weeks", func(t *testing.T) {
		h := newHarness(t)
		h.at("2027-02-10 10:00", func() {
			require.Equal(t, models.RecapWithStaff, row[models.Recap](h.world, recap+"1").Status)
			require.Empty(t, h.told(models.FactInvoiceDue))
			require.Len(t, h.left("recap_reminder"), 1)
			require.Greater(t, len(h.alerts()), 5)
			h.accept(1)
		})
		h.month(1, "2026-11")
		require.Len(t, h.told(models.FactInvoiceDue), 1)
	})
	t.Run("F180 accepted in the night after the term: neither reminder nor alert in the morning", func(t *testing.T) {
		h := newHarness(t)
		h.onOpen[models.DeadlineRecap] = func(d models.Deadline) {
			h.later(d.DueAt.Add(2*time.Hour).Sub(h.env.Now()), func() { h.accept(1) })
		}
		h.month(1, "2026-11")
		for _, template := range []string{"recap_reminder", models.TemplateAlert, models.TemplateAlertUnread} {
			require.Equal(t, models.MessageWithdrawn, h.mails(template)[0].Status, template)
		}
	})
	t.Run("F180 accepted at the very instant", func(t *testing.T) {
		h := newHarness(t)
		h.onOpen[models.DeadlineRecap] = func(d models.Deadline) { h.later(d.DueAt.Sub(h.env.Now()), func() { h.accept(1) }) }
		h.month(1, "2026-11")
		require.Empty(t, h.left("recap_reminder"))
		require.Equal(t, models.Met, h.waits(models.DeadlineRecap)[0].Status)
	})
	t.Run("F177 a line that comes while the month is read falls in the next", func(t *testing.T) {
		h := newHarness(t)
		h.writing = func(s models.Step) {
			if s.Rows.PayMonth != nil {
				h.mu.Lock()
				defer h.mu.Unlock()
				late := h.lines[models.SessionRef(dossier, 1)]
				late.Ref, late.Status, late.RecapRef = models.SessionRef(dossier, 9), models.LineDue, ""
				h.lines[late.Ref] = late
			}
		}
		h.at("2026-12-08 10:00", func() { h.accept(1) })
		h.month(1, "2026-11")
		require.Equal(t, models.Month("2026-12"), h.lines[models.SessionRef(dossier, 9)].Month)
		require.Equal(t, models.Cents(45_000), row[models.Recap](h.world, recap+"1").Cents)
	})
}

func TestRemunerationContested(t *testing.T) {
	for _, c := range []struct {
		policy   string
		invoices []models.Cents
	}{{models.UndisputedPay, []models.Cents{45_000, 22_500}}, {models.UndisputedWait, []models.Cents{67_500}}} {
		t.Run("F181 the undisputed part: "+c.policy, func(t *testing.T) {
			h := newHarness(t)
			h.policy.UndisputedPart = c.policy
			var early, mute, unknown, negative, r *reply
			h.at("2026-12-07 12:00", func() { early = h.correct(staff) })
			h.at("2026-12-08 10:00", func() { h.contest(1, 2) })
			h.at("2026-12-09 10:00", func() {
				require.Equal(t, models.LineContested, h.lines[models.SessionRef(dossier, 2)].Status)
				mute = h.correct(models.By{Actor: "U-000001"}, decided(2, 50))
				unknown, negative = h.correct(staff, decided(7, 50)), h.correct(staff, decided(2, -1))
				r = h.correct(staff, decided(2, 50))
			})
			h.at("2026-12-10 10:00", func() {
				require.Equal(t, models.RecapReplaced, row[models.Recap](h.world, recap+"1").Status)
				h.accept(1) // over
				h.accept(2)
			})
			h.month(2, "2026-11")
			require.Equal(t, models.CodeConflict, early.code)
			require.Equal(t, models.CodeReasonMissing, mute.code)
			require.Equal(t, models.CodeLineUnknown, unknown.code)
			require.Equal(t, models.CodeInvalid, negative.code)
			require.True(t, r.completed, r.err)
			second := row[models.Recap](h.world, recap+"2")
			require.Equal(t, []any{staff.Note, c.policy == models.UndisputedPay}, []any{second.Explanation, second.BilledApart}, "the trainer reads why")
			require.Empty(t, row[models.Recap](h.world, recap+"1").Explanation)
			require.True(t, h.lines[models.SessionRef(dossier, 2)].Corrected)
			require.False(t, h.lines[models.SessionRef(dossier, 1)].Corrected)
			var got []models.Cents
			for _, f := range h.told(models.FactInvoiceDue) {
				got = append(got, f.Start.Invoice.Invoice.NetCents)
			}
			require.Equal(t, c.invoices, got)
		})
	}
	t.Run("F181 decided at nothing: cancelled, the dossier is told, the month ends", func(t *testing.T) {
		h := newHarness(t)
		h.at("2026-12-08 10:00", func() { h.contest(1) }) // no line named: all
		h.at("2026-12-09 10:00", func() { h.correct(staff, decided(1, 0), decided(2, 0)) })
		h.month(2, "2026-11")
		require.Empty(t, h.told(models.FactInvoiceDue))
		require.Len(t, h.told(models.FactLinesCancelled), 1, "once, whatever the lines")
		require.Equal(t, []string{models.SessionRef(dossier, 1), models.SessionRef(dossier, 2)}, h.told(models.FactLinesCancelled)[0].Data.Lines)
		require.Equal(t, models.LineCancelled, h.lines[models.SessionRef(dossier, 1)].Status)
		require.Len(t, h.left("recap_cancelled"), 1)
		require.Equal(t, staff.Note, h.left("recap_cancelled")[0].Args.Get("note"), "the trainer reads why")
	})
	t.Run("F181 contested twice, with nobody in a hurry", func(t *testing.T) {
		h := newHarness(t)
		h.at("2026-12-08 10:00", func() { h.contest(1, 1) })
		h.at("2026-12-20 10:00", func() { h.correct(staff, decided(1, 200)) })
		h.at("2026-12-21 12:00", func() { h.contest(2, 1) })
		h.at("2026-12-22 12:00", func() { h.correct(staff, decided(1, 150)) })
		h.at("2026-12-23 12:00", func() { h.accept(3) })
		h.month(1, "2026-11")
		require.Equal(t, models.Cents(67_500), h.told(models.FactInvoiceDue)[0].Start.Invoice.Invoice.NetCents)
		require.Equal(t, "recap_contested", h.alerts()[0])
		require.Len(t, h.left("recap"), 3)
		require.Empty(t, h.left("recap_reminder"))
	})
	t.Run("F181 contested after the reminder", func(t *testing.T) {
		h := newHarness(t)
		h.at("2026-12-20 10:00", func() { h.contest(1, 1) })
		h.at("2026-12-21 10:00", func() { h.correct(staff) }) // nothing changed: explained
		h.at("2026-12-22 10:00", func() { h.accept(2) })
		h.month(1, "2026-11")
		require.Equal(t, models.Cents(45_000), h.told(models.FactInvoiceDue)[0].Start.Invoice.Invoice.NetCents)
	})
}
