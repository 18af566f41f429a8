package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jalon/demo"
	"jalon/models"
)

// TestMissionsAtOnce plays five reference missions and the ways a mission may turn, all on one system.
func TestMissionsAtOnce(t *testing.T) {
	rejected := make(chan string, 1)
	var p *demo.Player
	h := newHouse(t, day*10/32, map[string]demo.React{
		"staff_alert": demo.Nothing, // checked below, for the missions that may not raise any
		"finance_conformity": func(ctx context.Context, m *demo.Mission, mail demo.Mail) error {
			return checkForeign(ctx, p, m, mail, rejected)
		},
	})
	p = h.player

	var missions []*demo.Mission
	for n := range 5 {
		s := demo.Reference(n)
		s.ColdAnswers = false // its mission is over once the dossier is closed
		missions = append(missions, h.open(s))
	}
	nobody := openNobodyInterested(h)
	unfit := openUnfit(h)
	foreign := openForeign(h)

	all := append(slices.Clone(missions), nobody, unfit, foreign)
	for _, m := range all {
		within(t, m, 8*time.Minute)
	}
	h.settle(all...)
	h.stop()
	for _, err := range h.player.Errors() {
		t.Error(err)
	}

	t.Run("nobody interested, widened, then cancelled by the client", func(t *testing.T) { nobodyInterested(t, h, nobody) })
	t.Run("audit unfit, runner-up, contract expired", func(t *testing.T) { auditUnfit(t, h, unfit) })
	t.Run("five reference missions", func(t *testing.T) {
		want := referenceMails()
		for _, m := range missions {
			if paid, err := m.Paid(t.Context()); err != nil || !paid || !m.Closed() {
				t.Errorf("%s: closed %t, paid %t, %v", m.Ref, m.Closed(), paid, err)
			}
			compare(t, m.Ref+" mails", h.mails(of(m)), want)
			remindedInTime(t, h, m)
		}
	})
	t.Run("trainer withdraws, foreign runner-up, recap contested, invoice rejected once", func(t *testing.T) {
		trainerWithdrew(t, h, foreign, rejected)
	})
}

// cast makes a topic of its own with its trainers, who are in no other mission.
func (h *house) cast(topic string, trainers ...map[string]any) {
	h.t.Helper()
	ctx := h.t.Context()
	if err := h.player.Staff.Post(ctx, "/catalogue", "topic/"+topic, map[string]any{"topic": topic, "title_fr": "Sujet " + topic,
		"title_en": "Topic " + topic}, nil); err != nil {
		h.t.Fatal(err)
	}
	for _, x := range trainers {
		h.trainer(topic, x)
	}
	if err := h.player.Meet(ctx); err != nil {
		h.t.Fatal(err)
	}
}

// trainer makes a trainer of a topic.
func (h *house) trainer(topic string, with map[string]any) {
	h.t.Helper()
	body := map[string]any{"legal_form": models.FormMicro, "company_number": "999999923", "vat_status": models.VATFranchise,
		"iban": "FR7699999000010000000000212", "self_billing_mandate": true, "validated": true, "department": "69",
		"address": "2 rue de l'Exemple, 69002 Lyon", "activity_number": "84690000002"}
	if topic != "" {
		body["skills"] = []map[string]any{{"topic": topic, "level": 4}}
	}
	for k, v := range with {
		body[k] = v
	}
	body["name"] = body["email"]
	if err := h.player.Staff.Post(h.t.Context(), "/trainers", fmt.Sprint("trainer/", body["email"]), body, nil); err != nil {
		h.t.Fatal(err)
	}
}

// own is a reference script with another cast.
func own(number int, topic string, bids map[string]demo.Bid, choice string) demo.Script {
	s := demo.Reference(number)
	s.Topic, s.Title, s.Bids, s.Choice, s.ColdAnswers, s.Missed, s.Returned = topic, "Sujet "+topic, bids, choice, false, nil, 0
	s.On = map[string]demo.React{"staff_alert": demo.Nothing}
	s.Board = map[models.Stage]demo.Act{}
	return s
}

// openNobodyInterested is a request that everybody declines: staff widen it to somebody found elsewhere, and once she is
// retained the client cancels.
func openNobodyInterested(h *house) *demo.Mission {
	h.cast("sujet-rare", map[string]any{"email": "rare-1@example.net"}, map[string]any{"email": "rare-2@example.net"})
	h.trainer("", map[string]any{"email": "rare-3@example.net"})
	if err := h.player.Meet(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	s := own(100, "sujet-rare", map[string]demo.Bid{"rare-1@example.net": {Reason: "Non."}, "rare-2@example.net": {Reason: "Non."},
		"rare-3@example.net": {Rate: "410"}}, "rare-3@example.net")
	var cancel string
	s.On["request_received"] = func(_ context.Context, _ *demo.Mission, mail demo.Mail) error {
		cancel = mail.Link(models.LinkCancel)
		return nil
	}
	s.On["staff_alert"] = func(ctx context.Context, m *demo.Mission, mail demo.Mail) error {
		if m.Reached(models.StageAudit).IsZero() {
			return m.Command(ctx, "widen", "rare-3", map[string]any{"trainers": []string{h.player.Trainer("rare-3@example.net").Ref},
				"reason": "Recommandée par une consœur."})
		}
		return nil
	}
	s.On["audit_slots"] = func(ctx context.Context, m *demo.Mission, _ demo.Mail) error {
		_, err := h.player.Browser("client-101@example.com").Act(ctx, cancel, "cancel", func(f *demo.Form) error {
			f.Values.Set("reason", "Budget gelé.")
			f.Values.Set("confirm", "yes")
			return nil
		})
		return err
	}
	return h.open(s)
}

func nobodyInterested(t *testing.T, h *house, m *demo.Mission) {
	if r := h.request(m); r.Stage != models.StageCancelled || r.Outcome != "by_client" {
		t.Errorf("the dossier stands at %s, %s", r.Stage, r.Outcome)
	}
	compare(t, "mails", h.mails(of(m)), map[string]int{"request_received": 1, "invitation": 3, "invitation_reminder": -3, "staff_alert": 1, "audit_slots": 1,
		"mission_cancelled": 1, "request_cancelled_client": 1, "staff_request_cancelled": 1})
	for _, d := range rows[models.Deadline](h, m, "deadlines") {
		if d.Status == models.Open {
			t.Errorf("a cancelled dossier still awaits %s", d.Kind)
		}
	}
	refused(t, m.Command(t.Context(), "qualify", "after", map[string]any{}), 410, models.CodeClosed)
}

// openUnfit is a request whose first trainer finds the mission unfit, and whose runner-up never signs.
func openUnfit(h *house) *demo.Mission {
	h.cast("sujet-delicat", map[string]any{"email": "delicat-1@example.net"}, map[string]any{"email": "delicat-2@example.net"})
	s := own(200, "sujet-delicat", map[string]demo.Bid{"delicat-1@example.net": {Rate: "400"}, "delicat-2@example.net": {Rate: "420"}}, "delicat-1@example.net")
	s.On["audit_booked_trainer"] = func(ctx context.Context, m *demo.Mission, mail demo.Mail) error {
		return demo.Report(mail.To != "delicat-1@example.net")(ctx, m, mail)
	}
	s.On["trainer_contract"] = demo.Nothing
	s.Board[models.StageSolicitation] = func(ctx context.Context, m *demo.Mission, row models.Request) error {
		for _, mail := range h.player.Mails() {
			if mail.Template == "trainer_contract_expired" && mail.Dossier == m.Ref {
				return m.Command(ctx, "cancel", "expired", map[string]any{"reason": "Personne ne signe.", "cause": "by_agency"})
			}
		}
		return demo.Choose(ctx, m, row)
	}
	return h.open(s)
}

func auditUnfit(t *testing.T, h *house, m *demo.Mission) {
	if r := h.request(m); r.Stage != models.StageCancelled || r.Outcome != "by_agency" {
		t.Errorf("the dossier stands at %s, %s", r.Stage, r.Outcome)
	}
	invitations := 0
	asked := map[string]int{}
	for _, mail := range h.player.Mails() {
		if mail.Dossier == m.Ref && mail.Template == "invitation" {
			asked[mail.To]++
			invitations++
		}
	}
	if invitations != 2 || len(asked) != 2 {
		t.Errorf("invitations: %v: nobody is asked twice about one version of a request", asked)
	}
	audits := rows[models.Audit](h, m, "audits")
	if len(audits) != 2 || audits[0].Feasible || !audits[1].Feasible {
		t.Errorf("audits: %+v", audits)
	}
	expired := 0
	for _, c := range rows[models.Contract](h, m, "contracts") {
		if c.Signer == models.RoleTrainer && c.Status == models.ContractExpired {
			expired++
			sent, due := dateOf(c.SentAt), time.Time{}
			for _, d := range rows[models.Deadline](h, m, "deadlines") {
				if d.ID == c.DeadlineID {
					due = d.DueAt
				}
			}
			// From the day its mail left, which is the next morning with mail hours at the latest.
			if days := dateOf(due).Sub(sent).Hours() / 24; days < 7 || days > 10 {
				t.Errorf("the contract of %s expires on %s", sent, due.In(paris))
			}
		}
		if c.Status == models.ContractPending {
			t.Errorf("%s still awaits a signature", c.Ref)
		}
	}
	if expired != 1 {
		t.Errorf("%d trainer's contracts expired, not 1", expired)
	}
	got := h.mails(of(m))
	for template, n := range map[string]int{"mission_ended": 2, "trainer_changed_client": 2, "trainer_contract_expired": 1, "programme_ask": 1} {
		if got[template] != n {
			t.Errorf("%d mails %s, not %d", got[template], template, n)
		}
	}
}

const foreigner = "etranger-2@example.net"

// openForeign is a request whose first trainer withdraws by link; the runner-up is established abroad, contests the
// month once, and sends an own invoice, wrong at first.
func openForeign(h *house) *demo.Mission {
	h.cast("sujet-lointain", map[string]any{"email": "etranger-1@example.net"},
		map[string]any{"email": foreigner, "legal_form": models.FormForeign, "company_number": "DE999999999", "vat_status": models.VATReverse,
			"self_billing_mandate": false, "iban": "DE75512108001245126199"})
	s := own(300, "sujet-lointain", map[string]demo.Bid{"etranger-1@example.net": {Rate: "400"}, foreigner: {Rate: "500"}}, "etranger-1@example.net")
	s.On["programme_ask"] = func(ctx context.Context, m *demo.Mission, mail demo.Mail) error {
		if mail.To == foreigner {
			return demo.Submit(ctx, m, mail)
		}
		_, err := h.player.Browser(mail.To).Act(ctx, mail.Link(models.LinkWithdraw), "withdraw", func(f *demo.Form) error {
			f.Values.Set("reason", "Accident.")
			f.Values.Set("confirm", "yes")
			return nil
		})
		return err
	}
	var mu sync.Mutex
	recaps := 0
	s.On["recap"] = func(ctx context.Context, m *demo.Mission, mail demo.Mail) error {
		mu.Lock()
		recaps++
		first := recaps == 1
		mu.Unlock()
		if !first {
			_, err := h.player.Browser(mail.To).Act(ctx, mail.Link(models.LinkRecap), "accept", func(*demo.Form) error { return nil })
			return err
		}
		if _, err := h.player.Browser(mail.To).Act(ctx, mail.Link(models.LinkRecap), "contest", func(f *demo.Form) error {
			f.Values["line"] = []string{models.SessionRef(m.Ref, 3)}
			f.Values.Set("explanation", "La troisième journée a duré une demi-journée de plus.")
			return nil
		}); err != nil {
			return err
		}
		return correct(ctx, h.player, m, mail)
	}
	deposit := func(ctx context.Context, m *demo.Mission, mail demo.Mail) error {
		_, err := h.player.Browser(mail.To).Act(ctx, mail.Link(models.LinkInvoice), "send", func(f *demo.Form) error {
			var invoice models.Invoice
			ref, _, _ := strings.Cut(mail.Key, "/")
			if err := h.player.Finance.Get(ctx, "/invoices/"+ref, &invoice); err != nil {
				return err
			}
			f.Values.Set("number", "E-"+ref[len(ref)-3:])
			f.Values.Set("net", fmt.Sprintf("%d,%02d", invoice.NetCents/100, invoice.NetCents%100))
			f.Values.Set("vat", "0,00")
			if mail.Template == "invoice_ask" && invoice.NetCents == 100000 {
				f.Values.Set("vat", "200,00") // there is none between the two countries
			}
			f.Attach([]byte("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"))
			return nil
		})
		return err
	}
	s.On["invoice_ask"], s.On["invoice_rejected"] = deposit, deposit
	return h.open(s)
}

// correct is staff who decide the contested line of the month that a mail is about: one day and a half.
func correct(ctx context.Context, p *demo.Player, m *demo.Mission, mail demo.Mail) error {
	month, _, _ := strings.Cut(mail.Key, "/recap/")
	path := "/recaps/" + month
	line := models.SessionRef(m.Ref, 3)
	for {
		var recap models.Recap
		if err := p.Finance.Get(ctx, path, &recap); err != nil {
			return err
		}
		if recap.Status == models.RecapContested {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return p.Finance.Post(ctx, path+"/correct", m.Ref+"/correct", map[string]any{"reason": "Vérifié auprès du client.",
		"corrections": []map[string]any{{"line": line, "quantity": 150}}}, nil)
}

// checkForeign is finance: an invoice whose VAT is wrong cannot be declared conforming, and is sent back.
func checkForeign(ctx context.Context, p *demo.Player, m *demo.Mission, mail demo.Mail, rejected chan<- string) error {
	ref, _, _ := strings.Cut(mail.Key, "/")
	err := p.Conform(ctx, m, mail)
	if err == nil || !strings.Contains(err.Error(), string(models.CodeVATMismatch)) {
		return err
	}
	if err := p.Finance.Post(ctx, "/invoices/"+ref+"/reject", mail.Key+"/reject", map[string]any{"reason": "Pas de TVA entre nos deux pays."}, nil); err != nil {
		return err
	}
	rejected <- ref
	return nil
}

func trainerWithdrew(t *testing.T, h *house, m *demo.Mission, rejected <-chan string) {
	if r := h.request(m); r.Stage != models.StageClosed || r.TrainerRef != h.player.Trainer(foreigner).Ref {
		t.Errorf("the dossier stands at %s with %s", r.Stage, r.TrainerRef)
	}
	select {
	case ref := <-rejected:
		t.Logf("%s was rejected once", ref)
	default:
		t.Error("no invoice was rejected")
	}
	invoices, err := demo.All[models.Invoice](t.Context(), h.player.Finance, "/invoices?trainer="+h.player.Trainer(foreigner).Ref)
	if err != nil {
		t.Fatal(err)
	}
	var net models.Cents
	for _, i := range invoices {
		net += i.NetCents
		if i.Kind != models.InvoiceSupplier || i.Status != models.InvoicePaid || i.VATCents != 0 {
			t.Errorf("invoice %s: %s, %s, VAT %d", i.Ref, i.Kind, i.Status, i.VATCents)
		}
	}
	// What is not disputed is paid at once: two days; the third one as decided: a day and a half, at 500 €.
	if len(invoices) != 2 || net != 175000 {
		t.Errorf("%d invoices over %d cents, not 2 over 175000", len(invoices), net)
	}
	got := h.mails(of(m))
	for template, n := range map[string]int{"mission_ended": 1, "trainer_changed_client": 1, "convocation": 12, "certificate": 4} {
		if got[template] != n {
			t.Errorf("%d mails %s, not %d", got[template], template, n)
		}
	}
	mine := h.mails(func(mail demo.Mail) bool { return mail.To == foreigner && mail.Dossier == "" })
	compare(t, "mails of the month", mine, map[string]int{"recap": 2, "invoice_ask": 2, "invoice_rejected": 1, "invoice_conform": 2, "invoice_paid": 2})
}
