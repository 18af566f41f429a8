package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"jalon/models"
	"jalon/store"
)

// Filled says what Fill wrote.
type Filled struct {
	Now      time.Time // all of it happened before, but for what is still awaited
	Dossiers []string
	Users    []string
	Invoices []string // of suppliers
	Months   []string // of pay: payer, trainer and month, as in addresses
}

var (
	fillFirst  = []string{"Amélie", "Bruno", "Chloé", "Désiré", "Éloïse", "Fabrice", "Gaëlle", "Hervé", "Inès", "Joël"}
	fillLast   = []string{"Exemple", "Spécimen", "Modèle", "Témoin", "Essai", "Échantillon", "Fictif", "Maquette", "Gabarit", "Épreuve"}
	fillTitles = []string{"Tableur, prise en main", "Sécurité incendie", "Conduite de réunion", "Écrits professionnels", "Anglais, niveau 2", "Accueil du public"}
	fillStages = []models.Stage{models.StageQualification, models.StageSolicitation, models.StageAudit, models.StageProgramme, models.StageInterview,
		models.StageContract, models.StageReadiness, models.StageSessions, models.StageDelivered}
	fillAlerts = []string{"qualification_overdue", "choice_overdue", "programme_late", "client_unsigned", "sheet_missing", "message_undeliverable"}
	fillKinds  = []models.DeadlineKind{models.DeadlineStaff, models.DeadlineSilence, models.DeadlineSlots, models.DeadlineProgramme,
		models.DeadlineClientSignature, models.DeadlineConvocation, models.DeadlineSheet}
	fillRoles = []models.Role{models.RoleStaff, models.RoleTrainer, models.RoleTrainer, models.RoleTrainer, models.RoleClient, models.RoleSystem, models.RoleTrainer}
)

// Fill writes n dossiers of an agency of a certain age, the same each time: two in five are open, each has five
// deadlines, two of them open while the dossier is, and what a mission leaves of messages and journal.
func Fill(t testing.TB, s *store.Store, n int) Filled {
	t.Helper()
	ctx := t.Context()
	random := rand.New(rand.NewPCG(1, 2))
	f := Filled{Now: time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC)}
	name := func(i int) string { return fillFirst[i%10] + " " + fillLast[i/10%10] }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	clients, trainers := max(n/4, 1), max(n/20, 1)
	must(s.Transact(ctx, func(tx *store.Store) error {
		for i := range 12 {
			f.Users = append(f.Users, fmt.Sprintf("U-%06d", i+1))
			must(tx.SaveUser(ctx, models.User{Ref: f.Users[i], Login: fmt.Sprint("user-", i+1), Name: name(i * 7), Lang: models.French,
				Roles: []models.Role{models.RoleStaff}, Active: true}))
		}
		for i := range clients {
			ref := fmt.Sprintf("C-%06d", i+1)
			must(tx.SaveClient(ctx, models.Client{Ref: ref, Type: models.ClientSME, Name: fmt.Sprintf("%s et Cie %d", fillLast[i%10], i)}))
			must(tx.SaveContact(ctx, models.Contact{Ref: "C" + ref, ClientRef: ref, Name: name(i), Email: fmt.Sprintf("contact-%d@example.org", i), Lang: models.French}))
		}
		for i := range trainers {
			must(tx.SaveTrainer(ctx, models.Trainer{Ref: fmt.Sprintf("T-%06d", i+1), Name: name(i * 3), Email: fmt.Sprintf("trainer-%d@example.org", i), Active: i%9 > 0, Validated: i%3 > 0,
				Skills: []models.Skill{{Topic: fmt.Sprint("topic-", i%len(fillTitles)), Level: i%5 + 1}, {Topic: fmt.Sprint("topic-", (i+1)%len(fillTitles)), Level: 3}}}))
		}
		for i, title := range fillTitles {
			must(tx.SaveCourse(ctx, models.Course{Topic: fmt.Sprint("topic-", i), TitleFR: title, TitleEN: title}))
		}
		return nil
	}))
	const batch = 250
	for from := 0; from < n; from += batch {
		must(s.Transact(ctx, func(tx *store.Store) error {
			for i := from; i < min(from+batch, n); i++ {
				must(fillDossier(ctx, tx, random, &f, i, n, clients, trainers))
			}
			return nil
		}))
	}
	return f
}

func fillDossier(ctx context.Context, tx *store.Store, random *rand.Rand, f *Filled, i, n, clients, trainers int) error {
	ref := fmt.Sprintf("D-%d-%06d", 2024+i*3/n, i+1)
	f.Dossiers = append(f.Dossiers, ref)
	client := fmt.Sprintf("C-%06d", random.IntN(clients)+1)
	title := random.IntN(len(fillTitles))
	opened := f.Now.Add(-time.Duration(n-i) * 24 * time.Hour * 900 / time.Duration(n))
	r := models.Request{Ref: ref, Stage: models.StageClosed, Policy: "standard", Topic: fmt.Sprint("topic-", title), OpenedAt: opened}
	if i%11 > 0 {
		r.Owner = f.Users[random.IntN(len(f.Users))]
	}
	open := random.IntN(n) < i*4/5 // the newest ones most
	switch {
	case open:
		r.Stage = fillStages[random.IntN(len(fillStages))]
		if random.IntN(8) == 0 {
			r.Alert, r.AlertAt = fillAlerts[random.IntN(len(fillAlerts))], f.Now.Add(-time.Duration(random.IntN(200))*time.Hour)
		}
	case random.IntN(6) == 0:
		r.Stage = models.StageCancelled
	}
	if r.Stage != models.StageQualification {
		r.TrainerRef = fmt.Sprintf("T-%06d", random.IntN(trainers)+1)
	}
	err := tx.SaveBrief(ctx, models.Brief{Ref: ref, Channel: models.ChannelPhone, ClientRef: client, ContactRef: "C" + client, BillingRef: "C" + client,
		Topic: r.Topic, Title: fillTitles[title], Mode: models.ModeRemote, GroupSize: 6, Policy: r.Policy, Owner: r.Owner, CreatedAt: opened})
	if err != nil {
		return err
	}
	step := models.Step{Workflow: models.RequestID(ref), Run: "run", Seq: 1, At: opened, Rows: models.Rows{Request: &r}}
	for k := range 5 {
		kind := random.IntN(len(fillKinds))
		d := models.Deadline{ID: fmt.Sprintf("%s#%d", step.Workflow, k+1), Workflow: step.Workflow, Dossier: ref, Kind: fillKinds[kind], Subject: ref,
			Awaits: fillRoles[kind], OpenedAt: opened, DueAt: opened.AddDate(0, 0, 3*k+2), Status: models.Met, ClosedAt: opened.AddDate(0, 0, 3*k+1),
			Consequence: string(fillKinds[kind]), Postponable: true}
		if d.Awaits == models.RoleTrainer {
			d.AwaitsRef = r.TrainerRef
		}
		if kind == 0 {
			d.Consequence = fillAlerts[k%len(fillAlerts)]
		}
		if open && k >= 3 {
			d.Status, d.ClosedAt, d.DueAt = models.Open, time.Time{}, f.Now.Add(time.Duration(random.IntN(60*24)-24)*time.Hour)
		}
		step.Deadlines = append(step.Deadlines, d)
	}
	for k := range 8 {
		at := opened.AddDate(0, 0, k)
		step.Messages = append(step.Messages, models.Message{Key: fmt.Sprintf("acknowledgement/%s/%d", ref, k), Dossier: ref, Workflow: step.Workflow, Template: "request_received",
			To: models.RoleClient, ToRef: "C" + client, Subject: ref, NotBefore: at, Status: models.MessageSent, SentAt: at, CreatedAt: at})
	}
	for k := range 12 {
		step.Journal = append(step.Journal, models.JournalLine{ID: fmt.Sprintf("%s/%d", step.Workflow, k), Dossier: ref, At: opened.AddDate(0, 0, k), Kind: "stage_entered",
			Subject: ref, Actor: string(models.RoleSystem), Args: models.Args{{Name: "stage", Value: string(fillStages[k%len(fillStages)])}}})
	}
	if r.TrainerRef != "" {
		fillMoney(random, f, &step, r)
	}
	_, err = tx.Apply(ctx, step)
	return err
}

// fillMoney adds what a mission leads to: a line, the month it is in, its supplier's and its client's invoice.
func fillMoney(random *rand.Rand, f *Filled, step *models.Step, r models.Request) {
	over := r.Stage.Ended()
	held := models.ParisDate(r.OpenedAt)
	month := held.Month()
	cents := models.Cents(10_000 + random.IntN(500_000))
	supplier := models.Invoice{Ref: "I-" + r.Ref[2:], Number: "A-" + r.TrainerRef + r.Ref[1:], Kind: models.InvoiceSelfBilled, TrainerRef: r.TrainerRef,
		RecapRef: models.RecapRef(models.PayerAgency, r.TrainerRef, month, len(f.Dossiers)), Status: models.InvoicePaid, NetCents: cents, VATBps: 2000, VATCents: cents / 5, TotalCents: cents + cents/5,
		IssuedAt: r.OpenedAt, ReceivedAt: r.OpenedAt, LegalOn: held.AddDays(45), PromiseOn: held.AddDays(30), PayOn: held.AddDays(30)}
	bill := models.Invoice{Ref: "I-1" + r.Ref[3:], Number: "F-" + r.Ref[2:], Kind: models.InvoiceClient, Dossier: r.Ref, Status: models.InvoicePaid,
		NetCents: 2 * cents, TotalCents: 2 * cents, IssuedAt: r.OpenedAt, PromiseOn: held.AddDays(30)}
	recap := models.Recap{Ref: supplier.RecapRef, Workflow: models.RemunerationID(models.PayerAgency, r.TrainerRef, month), Payer: models.PayerAgency, TrainerRef: r.TrainerRef,
		Month: month, Number: len(f.Dossiers), Status: models.RecapAccepted, Lines: []string{models.SessionRef(r.Ref, 1)}, Cents: cents, SentAt: r.OpenedAt, AnsweredAt: r.OpenedAt}
	line := models.PayLine{Ref: recap.Lines[0], Dossier: r.Ref, Payer: models.PayerAgency, TrainerRef: r.TrainerRef, Month: month, HeldOn: held, Unit: models.UnitDay,
		Quantity: 100, RateCents: cents, Cents: cents, Status: models.LinePaid, RecapRef: recap.Ref, InvoiceRef: supplier.Ref, CreatedAt: r.OpenedAt}
	supplier.Lines = recap.Lines
	if !over {
		supplier.Status = []string{models.InvoiceAwaited, models.InvoiceReceived, models.InvoiceNonConforming, models.InvoiceConform}[random.IntN(4)]
		bill.Status, line.Status = models.InvoiceIssued, models.LineSettled
		recap.Status = []string{models.RecapSent, models.RecapWithStaff, models.RecapContested}[random.IntN(3)]
	}
	for k, kind := range []string{"invoice_received", "invoice_conform", "invoice_paid"} {
		step.Journal = append(step.Journal, models.JournalLine{ID: fmt.Sprintf("%s/%d", models.InvoiceID(supplier.Ref), k), At: r.OpenedAt.AddDate(0, 0, k), Kind: kind,
			Subject: supplier.Ref, Actor: f.Users[random.IntN(len(f.Users))], Dossier: r.Ref})
	}
	step.Rows.Lines, step.Rows.Recaps, step.Rows.Invoices = []models.PayLine{line}, []models.Recap{recap}, []models.Invoice{supplier, bill}
	f.Invoices, f.Months = append(f.Invoices, supplier.Ref), append(f.Months, strings.TrimPrefix(recap.Workflow, "remuneration/"))
}
