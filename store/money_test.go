package store_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
	"jalon/store/storetest"
)

func TestMoneyLists(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		var rows models.Rows
		for n := range 7 { // two a day, the last one first
			rows.Invoices = append(rows.Invoices, models.Invoice{Ref: fmt.Sprintf("I-2026-%06d", n), Kind: models.InvoiceSupplier,
				Status: models.InvoiceConform, TotalCents: 100, PayOn: models.NewDate(2026, 12, 20-n/2)})
		}
		rows.Invoices = append(rows.Invoices,
			models.Invoice{Ref: "I-2026-000010", Kind: models.InvoiceClient, Dossier: "D-1", Status: models.InvoiceIssued, PromiseOn: "2026-12-18", TotalCents: 7},
			models.Invoice{Ref: "I-2026-000013", Kind: models.InvoiceSelfBilled, Dossier: "D-1", Status: models.InvoiceWithdrawn, TotalCents: 7},
			models.Invoice{Ref: "I-2026-000011", Kind: models.InvoiceSelfBilled, Status: models.InvoiceReceived, LegalOn: "2026-12-18", TotalCents: 7},
			models.Invoice{Ref: "I-2026-000012", Kind: models.InvoiceSelfBilled, Status: models.InvoicePaid, TotalCents: 7})
		for n, month := range []models.Month{"2026-11", "2026-12", "2026-12", "2027-01"} {
			rows.Recaps = append(rows.Recaps, models.Recap{Ref: fmt.Sprintf("agency/T-%d/%s/recap/1", n, month), Month: month, Status: models.RecapSent})
		}
		rows.Recaps[2].Status = models.RecapReplaced
		_, err := s.Apply(ctx, models.Step{Workflow: "invoice/x", Run: "r", Seq: 1, At: noon, Rows: rows, Journal: []models.JournalLine{
			{Kind: "invoice_received", Subject: "I-2026-000001"}, {Kind: "invoice_received", Subject: "I-2026-000002"}, {Kind: "invoice_conform", Subject: "I-2026-000001"}}})
		require.NoError(t, err)

		var refs []string
		for from := (store.Cursor{}); ; {
			p, err := s.Payables(ctx, from, 2)
			require.NoError(t, err)
			for _, i := range p.Items {
				refs = append(refs, i.Ref)
			}
			if p.Next.ID == "" {
				break
			}
			from, err = store.ParseCursor(p.Next.String()) // as an address carries it
			require.NoError(t, err)
		}
		require.Equal(t, []string{"I-2026-000006", "I-2026-000004", "I-2026-000005", "I-2026-000002", "I-2026-000003", "I-2026-000000", "I-2026-000001"}, refs,
			"by the date money leaves, each once")
		late, soon, all, err := s.PayableSums(ctx, "2026-12-18", "2026-12-19")
		require.NoError(t, err)
		require.Equal(t, []store.Owed{{Count: 1, Cents: 100}, {Count: 4, Cents: 400}, {Count: 7, Cents: 700}}, []store.Owed{late, soon, all})
		for day, want := range map[models.Date]store.Owed{"2026-12-18": {}, "2026-12-19": {Count: 1, Cents: 7}} {
			held, err := s.HeldLate(ctx, day, 10)
			require.NoError(t, err)
			require.Len(t, held, int(want.Count), day)
			sum, err := s.HeldLateSum(ctx, day)
			require.NoError(t, err)
			require.Equal(t, want, sum, "F196 the legal term runs while an invoice is held")
		}
		late, soon, all, err = s.ReceivableSums(ctx, "2026-12-18", "2026-12-19")
		require.NoError(t, err)
		require.Equal(t, []store.Owed{{}, {Count: 1, Cents: 7}, {Count: 1, Cents: 7}}, []store.Owed{late, soon, all}, "what clients owe is not what the agency does")
		suppliers, clients, err := s.InvoicesByStatus(ctx)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{models.InvoiceConform: 7, models.InvoiceReceived: 1}, suppliers)
		require.Equal(t, map[string]int64{models.InvoiceIssued: 1}, clients)
		owed, err := s.Invoices(ctx, store.InvoiceFilter{Payable: true}, store.Cursor{}, 0)
		require.NoError(t, err)
		require.Len(t, owed.Items, 10)

		require.NoError(t, s.SaveBrief(ctx, models.Brief{Ref: "D-1", ClientRef: "C-1"}))
		for client, want := range map[string]int{"C-1": 1, "C-2": 0} { // what a client owes, not what was paid for its dossiers
			theirs, err := s.Invoices(ctx, store.InvoiceFilter{Client: client}, store.Cursor{}, 0)
			require.NoError(t, err)
			require.Len(t, theirs.Items, want, client)
		}
		clientRefs, err := s.ClientRefs(ctx, []string{"D-1", "D-2"})
		require.NoError(t, err)
		require.Equal(t, map[string]string{"D-1": "C-1"}, clientRefs)

		months, err := s.RecapMonths(ctx, 2)
		require.NoError(t, err)
		require.Equal(t, []models.Month{"2027-01", "2026-12"}, months)
		var seen []models.Month
		for from := (store.Cursor{}); ; {
			p, err := s.AllRecaps(ctx, store.RecapFilter{Current: true}, from, 1)
			require.NoError(t, err)
			for _, r := range p.Items {
				seen = append(seen, r.Month)
			}
			if from = p.Next; from.ID == "" {
				break
			}
		}
		require.Equal(t, []models.Month{"2027-01", "2026-12", "2026-11"}, seen)
		lines, err := s.JournalOf(ctx, "I-2026-000001", store.Cursor{}, 0)
		require.NoError(t, err)
		require.Len(t, lines.Items, 2)
	})
}
