package api

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"jalon/models"
	"jalon/worker/temporaltest"
)

const (
	month    = "agency/T-000001/2026-10"
	recapAt  = moneyPath + "/recaps/" + month
	invoices = moneyPath + "/invoices/"
)

// money puts invoices of every state and a contested month on the desks, on Wednesday 25 November 2026.
func (o *office) money() {
	o.t.Helper()
	ctx := o.t.Context()
	require.NoError(o.t, o.store.SaveTrainer(ctx, models.Trainer{Ref: "T-000001", Name: "François Fabulé " + hostile, Email: "f@example.org", IBAN: "FR7630006000011234567890189", Company: "123456789", Active: true}))
	require.NoError(o.t, o.store.SaveTrainer(ctx, models.Trainer{Ref: "T-000002", Name: "=Zoé Œuvré", Active: true}))
	require.NoError(o.t, o.store.SaveClient(ctx, models.Client{Ref: "C-000001", Name: "Atelier Œillet"}))
	require.NoError(o.t, o.store.SaveBrief(ctx, models.Brief{Ref: "D-2026-000001", ClientRef: "C-000001", Topic: "tableur", Title: "Tableur, prise en main"}))
	for ref, text := range map[string]string{"N-900001": "Le numéro SIREN manque " + hostile, "N-900002": "Deux jours et non trois"} {
		require.NoError(o.t, o.store.SaveNote(ctx, models.Note{Ref: ref, Text: text}))
	}
	stored, err := o.cfg.Documents.Put(ctx, []byte(pdf))
	require.NoError(o.t, err)
	require.NoError(o.t, o.store.SaveDocument(ctx, models.Document{SHA256: stored, Kind: models.DocumentInvoice, Name: "A-1.pdf", MediaType: "application/pdf"}))
	lines := []models.PayLine{
		{Ref: "D-2026-000001/session/1", Dossier: "D-2026-000001", Payer: "agency", TrainerRef: "T-000001", Month: "2026-10", HeldOn: "2026-10-12", Unit: models.UnitDay, Quantity: 100, RateCents: 45_000, Cents: 45_000, Status: models.LineSettled, InvoiceRef: "I-2026-000001", RecapRef: month + "/recap/1"},
		{Ref: "D-2026-000001/session/2", Dossier: "D-2026-000001", Payer: "agency", TrainerRef: "T-000001", Month: "2026-10", HeldOn: "2026-10-13", Unit: models.UnitDay, Quantity: 150, RateCents: 45_000, Cents: 67_500, Status: models.LineContested, RecapRef: month + "/recap/1"},
	}
	invoice := func(n, status string, kind models.InvoiceKind, change func(*models.Invoice)) models.Invoice {
		i := models.Invoice{Ref: "I-2026-00000" + n, Number: "A-" + n, Kind: kind, TrainerRef: "T-000001", Status: status, NetCents: 45_000,
			VATBps: 2000, VATCents: 9_000, TotalCents: 54_000, SHA256: stored, IssuedAt: paris(5, 9, 0), ReceivedAt: paris(5, 9, 0), LegalOn: "2026-12-20"}
		if change != nil {
			change(&i)
		}
		return i
	}
	o.apply(models.Step{
		Rows: models.Rows{Lines: lines, Invoices: []models.Invoice{
			invoice("1", models.InvoiceConform, models.InvoiceSelfBilled, func(i *models.Invoice) {
				i.PromiseOn, i.PayOn, i.Lines, i.RecapRef = "2026-11-20", "2026-11-20", []string{lines[0].Ref}, month+"/recap/1"
			}),
			invoice("2", models.InvoiceConform, models.InvoiceSupplier, func(i *models.Invoice) {
				i.PromiseOn, i.LegalOn, i.PayOn, i.TrainerRef, i.TotalCents = "2026-12-05", "2026-11-30", "2026-11-30", "T-000002", 100_050
			}),
			invoice("3", models.InvoiceReceived, models.InvoiceSupplier, nil),
			invoice("4", models.InvoiceAwaited, models.InvoiceSupplier, func(i *models.Invoice) {
				i.Number, i.SHA256, i.LegalOn, i.IssuedAt, i.ReceivedAt = "", "", "", time.Time{}, time.Time{}
			}),
			invoice("5", models.InvoiceNonConforming, models.InvoiceSupplier, func(i *models.Invoice) { i.Note = "N-900001" }),
			invoice("6", models.InvoicePaid, models.InvoiceSelfBilled, func(i *models.Invoice) { i.PayOn, i.PaidOn = "2026-11-20", "2026-11-19" }),
			invoice("7", models.InvoiceIssued, models.InvoiceClient, func(i *models.Invoice) {
				i.TrainerRef, i.Dossier, i.PromiseOn, i.LegalOn = "", "D-2026-000001", "2026-11-24", ""
			}),
			invoice("8", models.InvoiceReceived, models.InvoiceSelfBilled, nil),
		}, Recaps: []models.Recap{{Ref: month + "/recap/1", Workflow: "remuneration/" + month, Payer: "agency", TrainerRef: "T-000001", Month: "2026-10", Number: 1,
			Status: models.RecapContested, Lines: []string{lines[0].Ref, lines[1].Ref}, Contested: []string{lines[1].Ref}, Cents: 112_500, SHA256: stored, SentAt: paris(5, 9, 0), AnsweredAt: paris(6, 9, 0), Note: "N-900002"},
			{Ref: "agency/T-000002/2026-11/recap/1", Workflow: "remuneration/agency/T-000002/2026-11", Payer: "agency", TrainerRef: "T-000002", Month: "2026-11", Number: 1, Status: models.RecapWithStaff, Lines: []string{lines[0].Ref}, Cents: 45_000}}},
		Deadlines: []models.Deadline{
			{ID: "invoice/I-2026-000006#3", Workflow: "invoice/I-2026-000006", Subject: "I-2026-000006", Kind: models.DeadlineClaim, Awaits: models.RoleSystem, Status: models.Open, DueAt: paris(27, 9, 0), Consequence: "paid_claim"},
			{ID: "invoice/I-2026-000003#1", Workflow: "invoice/I-2026-000003", Subject: "I-2026-000003", Kind: models.DeadlineConformity, Awaits: models.RoleFinance, Status: models.Open, DueAt: paris(26, 23, 59), Consequence: "conformity", Postponable: true},
			{ID: "remuneration/" + month + "#2", Workflow: "remuneration/" + month, Subject: month + "/recap/1", Kind: models.DeadlineStaff, Awaits: models.RoleStaff, Status: models.Open, DueAt: paris(27, 9, 0), Consequence: "recap_contested", Postponable: true}},
		Journal: []models.JournalLine{
			{ID: "j1", Kind: "invoice_received", Subject: "I-2026-000005", Actor: "T-000001", Channel: models.ChannelPaper, Recorder: "U-000001", At: paris(5, 9, 0)},
			{ID: "j2", Kind: "invoice_rejected", Subject: "I-2026-000005", Actor: "U-000002", Note: "N-900001", At: paris(6, 9, 0), Args: models.Args{{Name: "number", Value: "A-5"}}},
			{ID: "j3", Kind: "recap_contested", Subject: month + "/recap/1", Actor: "T-000001", Note: "N-900002", At: paris(6, 9, 0)}},
	})
	_, _, err = o.store.Receive(ctx, models.Fact{ID: "f1", Kind: models.FactInvoiceReceived, Workflow: "invoice/I-2026-000003", Subject: "I-2026-000003", ReceivedAt: paris(5, 9, 0),
		Data: models.FactData{Number: "A-3", NetCents: 45_000, VATCents: 0}}, func() time.Time { return paris(5, 9, 0) })
	require.NoError(o.t, err)
}

// cells are the texts of a table's rows, spaces made plain.
func (p seen) cells() [][]string {
	var out [][]string
	p.Find("table.board tbody tr").Each(func(_ int, tr *goquery.Selection) {
		out = append(out, tr.Find("th, td").Map(func(_ int, s *goquery.Selection) string {
			return strings.Join(strings.Fields(strings.ReplaceAll(s.Text(), "\u00a0", " ")), " ")
		}))
	})
	return out
}

// sums are the totals above a list.
func (p seen) sums() string {
	return strings.Join(p.Find(".sums dt, .sums dd").Map(func(_ int, s *goquery.Selection) string { return plainly(s.Text()) }), " ")
}

// offered are the forms of a page, by where they go.
func (p seen) offered() []string {
	return p.Find("main form[method=post]").Map(func(_ int, s *goquery.Selection) string {
		action, _ := s.Attr("action")
		return action[strings.LastIndexByte(action, '/')+1:]
	})
}

func TestConsolePayments(t *testing.T) {
	o := newOffice(t)
	o.money()
	o.as("bo")
	p := o.get(moneyPath)
	require.Equal(t, http.StatusOK, p.status)
	rows := p.cells()
	require.Len(t, rows, 2, "conforming ones alone")
	require.Equal(t, "20 novembre 2026 en retard selon la promesse", rows[0][0])
	require.Contains(t, rows[0][1], "François Fabulé <script>")
	require.Equal(t, []string{"30 novembre 2026 selon le terme légal", "=Zoé Œuvré sans SIREN, sans IBAN", "A-2", "–", "1 000,50 €"}, rows[1], "the earlier clock leads (F196), and nothing can be paid without an account (F203)")
	require.Equal(t, "En retard 1 facture, 540,00 € Dans les sept jours 1 facture, 1 000,50 € En tout 2 factures, 1 540,50 €", p.sums())
	require.NotContains(t, p.html, "<script>alert")
	require.Equal(t, []string{"À payer 2", "Factures des formateurs 2 à vérifier", "Factures des clients 1 à encaisser", "Relevés 2 à trancher"},
		p.Find(".tabs a").Map(func(_ int, s *goquery.Selection) string { return plainly(s.Text()) }), "tabs say what they count: lists hold more")

	t.Run("F196 what is late before it was checked, or sent back, shows first", func(t *testing.T) {
		o := newOffice(t)
		o.money()
		for _, ref := range []string{"I-2026-000003", "I-2026-000005"} {
			i, err := o.store.Invoice(t.Context(), ref)
			require.NoError(t, err)
			i.LegalOn = "2026-11-24"
			o.apply(models.Step{Rows: models.Rows{Invoices: []models.Invoice{i}}})
		}
		p := o.get(moneyPath)
		rows := p.cells()
		require.Len(t, rows, 4)
		require.Equal(t, []string{"24 novembre 2026 en retard selon le terme légal", "A-3 À vérifier", "540,00 €"}, []string{rows[0][0], rows[0][2], rows[0][4]})
		require.Contains(t, rows[0][3], "Vérifiez-la")
		require.Equal(t, "A-5 Renvoyée", rows[1][2])
		require.Contains(t, rows[1][3], "facture corrigée")
		require.Equal(t, "En retard 3 factures, 1 620,00 € Dans les sept jours 1 facture, 1 000,50 € En tout 4 factures, 2 620,50 €", p.sums())
		require.Equal(t, "À payer 4", plainly(p.Find(".tabs a").First().Text()))
		require.NotContains(t, p.html, "[money.")
	})
	t.Run("only finance take the accounts out", func(t *testing.T) {
		require.Equal(t, 1, p.Find(`a[href="/console/money/payments.csv"]`).Length())
		file := o.get(moneyPath + "/payments.csv")
		require.Contains(t, file.header.Get("Content-Disposition"), "paiements-2026-11-25.csv")
		r := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.Find("body").Text(), "\ufeff")))
		r.Comma = ';'
		table, err := r.ReadAll()
		require.NoError(t, err)
		require.Len(t, table, 3)
		require.Equal(t, []string{"2026-11-20", table[1][1], "FR7630006000011234567890189", "540,00", "A-1", "I-2026-000001", "2026-12-20"}, table[1])
		require.Equal(t, []string{"'=Zoé Œuvré", "1000,50"}, []string{table[2][1], table[2][3]}, "a spreadsheet computes nothing, and reads a number")
		o.as("amel")
		require.Equal(t, http.StatusForbidden, o.get(moneyPath+"/payments.csv").status)
		require.Zero(t, o.get(moneyPath).Find(`a[href="/console/money/payments.csv"]`).Length())
		o.as("cleo")
		require.Equal(t, http.StatusForbidden, o.get(moneyPath).status)
	})
}

// Of who is paid the console says what their number is, and who sells their work where it is a company (F021).
func TestF021ConsoleSaysWhoIsPaid(t *testing.T) {
	o := newOffice(t)
	o.as("bo")
	o.money()
	shows := func(form models.LegalForm, number string, wanted ...string) {
		require.NoError(t, o.store.SaveTrainer(t.Context(), models.Trainer{Ref: "T-000001", Name: "Paul Porté", LegalForm: form, Company: number, Intermediary: "Portage Exemple", Titles: "Master de gestion, 2009", Active: true}))
		require.Contains(t, plainly(o.get(trainersPath+"/T-000001").words()), wanted[0])
		for _, w := range wanted {
			require.Contains(t, plainly(o.get(invoices+"I-2026-000001").words()), w)
		}
	}
	shows(models.FormUmbrella, "123456789", "SIREN123456789", "Société intermédiairePortage Exemple")
	require.Contains(t, o.get(moneyPath+"/payments.csv").Find("body").Text(), "Portage Exemple")
	page := plainly(o.get(trainersPath + "/T-000001").words())
	require.Contains(t, page, "Portage Exemple")
	require.Contains(t, page, "Titres et référencesMaster de gestion, 2009")
	shows(models.FormForeign, "HRB12345", "N° d’entrepriseHRB12345")
	require.NotContains(t, o.get(moneyPath+"/payments.csv").Find("body").Text(), "Portage Exemple")
}

func TestConsoleInvoicesByStatus(t *testing.T) {
	o := newOffice(t)
	o.money()
	require.Len(t, o.get(moneyPath+"/invoices").cells(), 7)
	rows := o.get(moneyPath + "/invoices?status=received").cells()
	require.Len(t, rows, 2)
	require.Contains(t, rows[1][3], "À vérifier")
	require.Contains(t, rows[1][4], "20 décembre 2026 selon le terme légal", "it runs while the invoice is held")
	require.Equal(t, "Payée le 19 novembre 2026", o.get(moneyPath + "/invoices?status=paid").cells()[0][3], "when it was paid, not when it came")
	require.Equal(t, "En retard 1 facture, 540,00 € Dans les sept jours 0 facture, 0,00 € En tout 1 facture, 540,00 €", o.get(moneyPath+"/clients").sums(), "what clients owe")
	clients := o.get(moneyPath + "/clients").cells()
	require.Len(t, clients, 1)
	require.Equal(t, []string{"A-7 I-2026-000007", "Atelier Œillet", "D-2026-000001", "En attente de règlement", "24 novembre 2026 en retard échéance du client", "540,00 €"},
		append(append([]string{}, clients[0][:3]...), strings.Split(clients[0][3], " reçue")[0], clients[0][4], clients[0][5]))
	for _, wrong := range []string{"/invoices?status=nonsense", "/clients?status=awaited", "/invoices?cursor=x", "?cursor=x", "/recaps?month=octobre", "/recaps?status=x"} {
		require.Equal(t, http.StatusBadRequest, o.get(moneyPath+wrong).status, wrong)
	}
	require.Equal(t, http.StatusNotFound, o.get(invoices+"I-2026-999999").status)
}

func TestConsoleOneInvoice(t *testing.T) {
	o := newOffice(t)
	o.money()
	o.as("bo")
	for ref, offered := range map[string][]string{
		"1": {"pay", "undo", "withdraw"}, "2": {"undo", "withdraw"}, "3": {"reject", "withdraw"}, "4": {"withdraw", "record"}, "5": {"withdraw", "record"},
		"6": {"undo"}, "7": {"pay", "withdraw"}, "8": {"conform", "reject", "withdraw"},
	} {
		p := o.get(invoices + "I-2026-00000" + ref)
		require.Equal(t, http.StatusOK, p.status)
		require.Equal(t, offered, p.offered(), ref)
		require.Equal(t, len(offered), p.Find("main form .says").Length(), "each says what will happen")
		require.NotContains(t, p.html, "[money.")
		require.NotContains(t, p.html, "<script>alert")
	}
	words := o.get(invoices + "I-2026-000003").words()
	require.Contains(t, words, "450,00 € hors taxes et 0,00 € de TVA, alors que 450,00 € et 90,00 € sont convenus", "F200")
	require.Contains(t, words, "Contrôle de conformité")
	words = o.get(invoices + "I-2026-000001").words()
	require.Contains(t, words, "vendredi 20 novembre 2026 (l’échéance qui compte)")
	require.Contains(t, words, "Tableur, prise en main, Séance 1")
	require.Contains(t, words, "FR76 3000 6000 0112 3456 7890 189", "what the form of a bank asks for")
	require.Contains(t, words, "Libellé du virementA-1")
	words = o.get(invoices + "I-2026-000002").words()
	require.Contains(t, words, "Manquantes", "F203")
	require.Contains(t, words, "Le numéro d’entreprise manque", "F022")
	refused := o.post(invoices+"I-2026-000002/pay", url.Values{"paid_on": {"2026-11-25"}, "key": {"k203"}})
	require.Equal(t, http.StatusConflict, refused.status, "nothing is paid")
	require.Contains(t, refused.Find("[role=alert] li").Text(), "numéro d’entreprise")
	zoe, err := o.store.Trainer(t.Context(), "T-000002")
	require.NoError(t, err)
	zoe.Company = "999999980"
	require.NoError(t, o.store.SaveTrainer(t.Context(), zoe))
	require.Contains(t, o.get(invoices+"I-2026-000002").words(), "Les coordonnées bancaires du formateur manquent", "F203")
	require.Contains(t, o.get(moneyPath).cells()[1][1], "Zoé Œuvré sans IBAN")
	zoe.IBAN = "FR7630006000011234567890189"
	require.NoError(t, o.store.SaveTrainer(t.Context(), zoe))
	require.Equal(t, []string{"pay", "undo", "withdraw"}, o.get(invoices+"I-2026-000002").offered())
	words = o.get(invoices + "I-2026-000006").words()
	require.Contains(t, words, "Payée le 19 novembre 2026")
	require.NotContains(t, words, "FR76", "nothing is left to pay")
	require.NotContains(t, o.get(invoices+"I-2026-000005").words(), "Montant de la facture renvoyée", "none came otherwise than by the agency")
	_, _, err = o.store.Receive(t.Context(), models.Fact{ID: "f5", Kind: models.FactInvoiceReceived, Workflow: "invoice/I-2026-000005", Subject: "I-2026-000005", ReceivedAt: paris(5, 9, 0),
		Data: models.FactData{Number: "A-5", NetCents: 50_000, VATCents: 1_000}}, func() time.Time { return paris(5, 9, 0) })
	require.NoError(t, err)
	words = o.get(invoices + "I-2026-000005").words()
	require.Contains(t, words, "Montant de la facture renvoyée500,00 € hors taxes, 10,00 € de TVA", "F198 what was refused")
	require.Contains(t, words, "Le numéro SIREN manque")
	require.Contains(t, words, "saisi par Amel Exemple")
	require.Contains(t, words, "La facture A-5 n’est pas conforme.")
	paper := o.get(invoices + "I-2026-000001/document")
	require.Equal(t, "application/pdf", paper.header.Get("Content-Type"))
	require.Equal(t, http.StatusNotFound, o.get(invoices+"I-2026-000004/document").status)

	o.as("amel") // staff read
	p := o.get(invoices + "I-2026-000001")
	require.Empty(t, p.offered())
	require.Contains(t, p.words(), "Seule la comptabilité décide")
	require.Equal(t, http.StatusForbidden, o.post(invoices+"I-2026-000001/pay", url.Values{"paid_on": {"2026-11-24"}}).status)
	require.Equal(t, []string{"record"}, o.get(invoices+"I-2026-000004").offered())
}

// What an invoice tells the dossiers that it pays for, they write too: its own page tells it once, and theirs go on telling it.
func TestConsoleTellsAPaymentOnce(t *testing.T) {
	o := newOffice(t)
	o.money()
	paid := models.Args{{Name: "paid_on", Value: "2026-11-19"}}
	var told []models.JournalLine
	for _, ref := range []string{"D-2026-000001", "D-2026-000002"} {
		for i, kind := range []models.FactKind{models.FactLinesSettled, models.FactInvoicePaid} {
			told = append(told, models.JournalLine{ID: fmt.Sprintf("%s#9.%d", models.RequestID(ref), i), Dossier: ref, Kind: string(kind), Subject: "I-2026-000006",
				Actor: string(models.RoleSystem), Args: paid, At: paris(19, 9, 1)})
		}
	}
	o.apply(models.Step{Journal: append(told,
		models.JournalLine{ID: "invoice/I-2026-000006#4.1", Kind: "invoice_paid", Subject: "I-2026-000006", Actor: "U-000002", Args: paid, At: paris(19, 9, 0)},
		// A client's invoice is of a dossier, which it does not tell.
		models.JournalLine{ID: "invoice/I-2026-000007#4.1", Dossier: "D-2026-000001", Kind: "invoice_paid", Subject: "I-2026-000007", Actor: "U-000002", Args: paid, At: paris(19, 9, 0)})})
	o.as("bo")
	for _, ref := range []string{"6", "7"} {
		require.Equal(t, 1, strings.Count(o.get(invoices+"I-2026-00000"+ref).words(), "I-2026-00000"+ref+" est payée le"), ref)
	}
	require.Contains(t, o.get(dossiersPath+"/D-2026-000001/journal").words(), "I-2026-000006 est payée le")
}

// Past its legal term, an invoice is due at once: no page promises a day that is past (F197).
func TestF197ConsoleTellsThatAPaymentIsLate(t *testing.T) {
	o := newOffice(t)
	o.money()
	o.as("bo")
	eight, err := o.store.Invoice(t.Context(), "I-2026-000008")
	require.NoError(t, err)
	require.Contains(t, o.get(invoices+eight.Ref).words(), "annonce la date de paiement")
	eight.LegalOn = "2026-11-24"
	six, err := o.store.Invoice(t.Context(), "I-2026-000006")
	require.NoError(t, err)
	o.apply(models.Step{Rows: models.Rows{Invoices: []models.Invoice{eight}}})
	words := o.get(invoices + eight.Ref).words()
	require.Contains(t, words, "Le terme légal du mardi 24 novembre 2026 est passé : le paiement est en retard, et dû sans délai.")
	require.NotContains(t, words, "annonce la date de paiement")
	require.Contains(t, o.get(invoices+"I-2026-000001").words(), "vendredi 20 novembre 2026 (passé : à payer sans délai)")
	require.Contains(t, o.get(invoices+six.Ref).words(), "sans délai : elle devait l’être le vendredi 20 novembre 2026")
	six.PayOn = "2026-11-25"
	o.apply(models.Step{Rows: models.Rows{Invoices: []models.Invoice{six}}})
	require.Contains(t, o.get(invoices+six.Ref).words(), "au plus tard le mercredi 25 novembre 2026")
}

// A self-billed invoice that the supplier contested and replaced is in the books: it stays in sight, with what is owed.
func TestF193F198ConsoleShowsWhatAnInvoiceReplaced(t *testing.T) {
	o := newOffice(t)
	o.money()
	one, err := o.store.Invoice(t.Context(), "I-2026-000001")
	require.NoError(t, err)
	require.Zero(t, o.get(invoices+one.Ref).Find(`a[href$="/replaced"]`).Length())
	require.Equal(t, http.StatusNotFound, o.get(invoices+one.Ref+"/replaced").status)
	one.Kind, one.Number, one.SHA256, one.Replaces, one.ReplacesSHA256 = models.InvoiceSupplier, "2026-12", "", "A-T-000001-2026-0001", one.SHA256
	o.apply(models.Step{Rows: models.Rows{Invoices: []models.Invoice{one}}, Journal: []models.JournalLine{
		{ID: "j9", Kind: "invoice_received", Subject: one.Ref, Actor: "T-000001", At: paris(6, 9, 0), Args: models.Args{{Name: "number", Value: one.Number}, {Name: "replaces", Value: one.Replaces}}}}})
	p := o.get(invoices + one.Ref)
	require.Contains(t, p.words(), "remplace l’autofacture A-T-000001-2026-0001")
	require.Contains(t, p.words(), "La facture 2026-12 est reçue. Elle remplace la facture A-T-000001-2026-0001, pour laquelle un avoir est dû.")
	require.Equal(t, 1, p.Find(`a[href="`+invoices+one.Ref+`/replaced"]`).Length())
	require.Equal(t, "application/pdf", o.get(invoices+one.Ref+"/replaced").header.Get("Content-Type"))
	require.Equal(t, http.StatusNotFound, o.get(invoices+one.Ref+"/document").status)
}

// ordered are the commands that stood-in processes took.
type ordered struct {
	mu   sync.Mutex
	took []string
	args []map[string]any
}

func (x *ordered) last(t *testing.T) (string, map[string]any) {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	require.NotEmpty(t, x.took)
	return x.took[len(x.took)-1], x.args[len(x.args)-1]
}

// moneyProcess stands for an Invoice or a Remuneration: it takes every command but those of yesterday's payment.
func (x *ordered) moneyProcess(ctx workflow.Context) error {
	for _, verb := range append([]models.Verb{models.VerbCorrectRecap}, decisionsOnInvoices...) {
		err := workflow.SetUpdateHandlerWithOptions(ctx, string(verb), func(ctx workflow.Context, arg map[string]any) (models.CommandResult, error) {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.took, x.args = append(x.took, workflow.GetInfo(ctx).WorkflowExecution.ID+" "+string(verb)), append(x.args, arg)
			return models.CommandResult{Status: "done"}, nil
		}, workflow.UpdateHandlerOptions{Validator: func(_ workflow.Context, arg map[string]any) error {
			if arg["paid_on"] == "2026-11-24" {
				return temporal.NewNonRetryableApplicationError("not there", string(models.CodeInvoiceState), nil)
			}
			return nil
		}})
		if err != nil {
			return err
		}
	}
	return workflow.Await(ctx, func() bool { return false })
}

func runningMoney(t *testing.T) (*office, *ordered) {
	t.Helper()
	c, _ := temporaltest.Start(t)
	x := &ordered{}
	w := worker.New(c, models.TaskQueue, worker.Options{})
	w.RegisterWorkflowWithOptions(x.moneyProcess, workflow.RegisterOptions{Name: "Money"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	o := newOffice(t, func(cfg *Config) { cfg.Temporal = c })
	o.money()
	for _, id := range []string{"invoice/I-2026-000001", "invoice/I-2026-000008", "remuneration/" + month} {
		_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: models.TaskQueue}, "Money")
		require.NoError(t, err)
	}
	return o, x
}

func TestConsoleDecidesAboutMoney(t *testing.T) {
	o, x := runningMoney(t)
	o.as("bo")
	_, err := o.store.Apply(t.Context(), models.Step{Workflow: "invoice/I-2026-000001", Run: "r", Seq: 1, At: o.now,
		Messages: []models.Message{{Key: "copy", Template: models.TemplateAlertUnread, To: models.RoleStaff, NotBefore: o.now.Add(48 * time.Hour)}}})
	require.NoError(t, err)
	const one, eight = invoices + "I-2026-000001", invoices + "I-2026-000008"
	page := o.get(one)
	m, err := o.store.Message(t.Context(), "copy")
	require.NoError(t, err)
	require.Equal(t, models.MessageWithdrawn, m.Status, "seen: the team is not told any more")

	key, _ := page.Find("input[name=key]").First().Attr("value")
	for range 2 { // sent twice, done once
		res := o.post(one+"/pay", url.Values{"paid_on": {"2026-11-23"}, "payment_reference": {"VIR 42"}, "key": {key}})
		require.Equal(t, http.StatusSeeOther, res.status, res.words())
	}
	require.Len(t, x.took, 1)
	verb, arg := x.last(t)
	require.Equal(t, "invoice/I-2026-000001 pay", verb)
	require.Equal(t, "2026-11-23", arg["paid_on"])
	n, err := o.store.Note(t.Context(), arg["note"].(string))
	require.NoError(t, err)
	require.Equal(t, "Référence du paiement\u00a0: VIR 42", n.Text)
	require.Contains(t, o.get(one).words(), "Le paiement est confirmé.")

	for form, says := range map[string]string{"2026-11-26": "à venir", "2026-11-01": "précède celle de la facture", "2026-11-24": "", "hier": "Indiquez une date"} {
		res := o.post(one+"/pay", url.Values{"paid_on": {form}, "payment_reference": {"VIR 43"}, "key": {"k" + form}})
		require.GreaterOrEqual(t, res.status, 400, form)
		require.NotEmpty(t, res.Find("[role=alert] li").Text(), form)
		typed, _ := res.Find("#f-payment_reference").Attr("value")
		require.Equal(t, "VIR 43", typed, "what was typed is kept")
		require.Contains(t, strings.ToLower(res.words()), strings.ToLower(says))
	}
	require.Equal(t, http.StatusUnprocessableEntity, o.post(eight+"/reject", url.Values{"key": {"k1"}}).status, "a reason is needed")
	require.Equal(t, http.StatusSeeOther, o.post(eight+"/reject", url.Values{"key": {"k2"}, "reject_reason": {"TVA"}}).status)
	require.Equal(t, http.StatusSeeOther, o.post(eight+"/conform", url.Values{"key": {"k3"}}).status)
	require.Equal(t, http.StatusSeeOther, o.post(one+"/undo", url.Values{"key": {"k4"}, "undo_reason": {"Erreur"}}).status)
	require.Equal(t, http.StatusSeeOther, o.post(one+"/withdraw", url.Values{"key": {"k5"}, "withdraw_reason": {"Doublon"}}).status)
	verb, _ = x.last(t)
	require.Equal(t, "invoice/I-2026-000001 withdraw", verb)

	t.Run("F181 contested lines are decided", func(t *testing.T) {
		o.as("amel")
		p := o.get(recapAt)
		require.Equal(t, []string{"correct"}, p.offered())
		require.Contains(t, p.words(), "Deux jours et non trois")
		require.Equal(t, 1, p.Find("input[name=quantity-1]").Length(), "contested ones alone")
		require.Zero(t, p.Find("input[name=quantity-0]").Length())
		res := o.post(recapAt+"/correct", url.Values{"key": {"k6"}, "quantity-1": {"deux"}, "correct_reason": {""}})
		require.Equal(t, http.StatusUnprocessableEntity, res.status)
		require.Equal(t, 2, res.Find("[role=alert] li").Length())
		res = o.post(recapAt+"/correct", url.Values{"key": {"k7"}, "quantity-1": {"1,25"}, "correct_reason": {"Un jour et un quart"}})
		require.Equal(t, http.StatusSeeOther, res.status, res.words())
		verb, arg := x.last(t)
		require.Equal(t, "remuneration/"+month+" correct_recap", verb)
		require.Equal(t, []any{map[string]any{"line": "D-2026-000001/session/2", "quantity": float64(125)}}, arg["corrections"])
	})
	t.Run("F181 a version that is replaced shows no lines that are no longer as it said", func(t *testing.T) {
		row, err := o.store.Recap(t.Context(), month+"/recap/1")
		require.NoError(t, err)
		lines, err := o.store.PayLinesByRefs(t.Context(), row.Lines)
		require.NoError(t, err)
		row.Status, lines[1].Status, lines[1].Quantity, lines[1].Cents = models.RecapReplaced, models.LineDue, 125, 56_250
		apply(t, o.store, models.Request{Ref: "D-2026-000001", Stage: models.StageSessions, OpenedAt: epoch}, models.Rows{Recaps: []models.Recap{row}, Lines: lines})
		p := o.get(recapAt)
		require.Contains(t, p.words(), "la suivante est en cours d’envoi")
		require.NotContains(t, p.words(), "562,50")
		lines[1].Status, lines[1].Quantity, lines[1].Cents = models.LineCancelled, 0, 0
		apply(t, o.store, models.Request{Ref: "D-2026-000001", Stage: models.StageSessions, OpenedAt: epoch}, models.Rows{Lines: lines})
		require.Contains(t, o.get(recapAt).words(), "aucun relevé ne remplace celui-ci")
	})
}

func TestConsoleRecordsWhatWasSaidAboutMoney(t *testing.T) {
	o := newOffice(t)
	o.money()
	const at = moneyPath + "/recaps/agency/T-000002/2026-11"
	require.Equal(t, []string{"record"}, o.get(at).offered())
	said := func(change ...string) url.Values {
		form := url.Values{"key": {randomID()}, "answer": {"recap_contested"}, "line": {"D-2026-000001/session/1"}, "channel": {"phone"},
			"received_on": {"2026-11-25"}, "received_at": {"11:30"}, "answer_words": {"Il manque une heure"}}
		for i := 0; i+1 < len(change); i += 2 {
			form.Set(change[i], change[i+1])
		}
		return form
	}
	for _, c := range [][]string{{"answer", ""}, {"line", ""}, {"channel", ""}, {"received_on", "hier"}, {"received_on", "2026-11-26"}, {"received_on", "1026-11-25"}} {
		res := o.post(at+"/record", said(c...))
		if c[0] == "line" {
			form := said()
			form.Del("line")
			res = o.post(at+"/record", form)
		}
		require.Equal(t, http.StatusUnprocessableEntity, res.status, c)
		require.NotEmpty(t, res.Find("[role=alert] li").Text(), c)
	}
	res := o.post(at+"/record", said())
	require.Equal(t, http.StatusSeeOther, res.status, res.words())
	f, err := o.store.LastFact(t.Context(), "remuneration/agency/T-000002/2026-11", models.FactRecapContested)
	require.NoError(t, err)
	require.Equal(t, []any{models.ChannelPhone, "U-000001", "T-000002", paris(25, 11, 30).UTC()}, []any{f.Channel, f.Recorder, f.Actor, f.ReceivedAt})

	require.Len(t, o.get(moneyPath+"/recaps").cells(), 2)
	require.Len(t, o.get(moneyPath+"/recaps?month=2026-10").cells(), 1)
	for month, want := range map[string]string{"": "En cours, Envoyé, Sans réponse 1, Contesté 1, Accepté, Remplacé", "2026-10": "En cours, Envoyé, Sans réponse 0, Contesté 1, Accepté, Remplacé"} {
		chips := o.get(moneyPath + "/recaps?month=" + month).Find(".chips a").Map(func(_ int, s *goquery.Selection) string { return plainly(s.Text()) })
		require.Equal(t, want, strings.Join(chips, ", "), "what the agency has to decide is counted, of the month shown")
	}
	require.Len(t, o.get(moneyPath+"/recaps?status=with_staff").cells(), 1)
	require.Equal(t, http.StatusNotFound, o.get(moneyPath+"/recaps/agency/T-000009/2026-11").status)

	t.Run("F194 an invoice on paper", func(t *testing.T) {
		issued := "2026-11-20"
		upload := func(content string) seen {
			var body bytes.Buffer
			w := multipart.NewWriter(&body)
			for name, value := range map[string]string{"key": randomID(), "number": "2026-12", "net": "450", "vat": "90,00", "issued_on": issued, "channel": "paper", "received_on": "2026-11-24", "received_at": "09:00"} {
				require.NoError(t, w.WriteField(name, value))
			}
			part, err := w.CreateFormFile("file", "facture.pdf")
			require.NoError(t, err)
			_, err = part.Write([]byte(content))
			require.NoError(t, err)
			require.NoError(t, w.Close())
			r, err := http.NewRequest(http.MethodPost, o.http.URL+invoices+"I-2026-000004/record", &body)
			require.NoError(t, err)
			r.Header.Set("Content-Type", w.FormDataContentType())
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			return o.send(r)
		}
		require.Equal(t, http.StatusUnprocessableEntity, upload("not a document").status)
		issued = "2026-11-26"
		require.Contains(t, upload(pdf).Find("[role=alert] li").Text(), "la date que porte la facture", "still to come")
		issued = "2026-11-20"
		res := upload(pdf)
		require.Equal(t, http.StatusSeeOther, res.status, res.words())
		f, err := o.store.LastFact(t.Context(), "invoice/I-2026-000004", models.FactInvoiceReceived)
		require.NoError(t, err)
		require.Equal(t, []any{models.Cents(45_000), models.Cents(9_000), "2026-12", models.Date("2026-11-20"), models.ChannelPaper, paris(24, 9, 0).UTC()},
			[]any{f.Data.NetCents, f.Data.VATCents, f.Data.Number, f.Data.IssuedOn, f.Channel, f.ReceivedAt})
	})
}

func TestConsoleAddress(t *testing.T) {
	for _, c := range [][3]string{
		{"D-2026-000001", "D-2026-000001/audit/1", "/console/dossiers/D-2026-000001"},
		{"", "I-2026-000001", "/console/money/invoices/I-2026-000001"},
		{"D-2026-000001", "I-2026-000001", "/console/money/invoices/I-2026-000001"},
		{"", month + "/recap/2", "/console/money/recaps/" + month},
		{"", "remuneration/" + month, "/console/money"},
	} {
		require.Equal(t, c[2], ConsoleAddress(c[0], c[1]))
	}
}
