package activities

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"jalon/documents"
	"jalon/mail"
	"jalon/models"
	"jalon/store"
	"jalon/store/storetest"
)

const mission = "D-2026-000123"

func instant(day, hour, minute int) time.Time {
	return models.NewDate(2026, 12, day).At(hour, minute, time.FixedZone("CET", 3600))
}

func halfDays(day int) []models.HalfDay {
	return []models.HalfDay{{Start: instant(day, 9, 0), End: instant(day, 12, 30)}, {Start: instant(day, 14, 0), End: instant(day, 17, 30)}}
}

// agency has all that documents must tell of it.
var agency = documents.Agency{Name: "Atelier Jalon", LegalForm: "SARL au capital de 10 000 €", Address: "1 place de l’Exemple, Paris", Company: "123456789", VATNumber: "FR00123456789",
	ActivityNumber: "11750000075", Representative: "Camille Exemple, gérante", Email: "missions@example.org", Mediator: "Médiation Exemple, Paris"}

// desk is an agency in the middle of a mission.
type desk struct {
	*Activities
	*Letters
	t     *testing.T
	store *store.Store
	seq   int64
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	s := storetest.SQLite(t)
	folder, err := documents.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	signer, err := mail.NewSigner(strings.Repeat("k", mail.MinLinkKey))
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, store: s,
		Activities: &Activities{Store: s, Documents: folder, Agency: agency},
		Letters: &Letters{Store: s, Documents: folder, Signer: signer, BaseURL: "https://jalon.example.org", Agency: agency,
			From: "Atelier Jalon <missions@example.org>", TeamEmail: "equipe@example.org"}}
	ctx := t.Context()
	for _, err := range []error{
		s.SaveClient(ctx, models.Client{Ref: "C-000001", Type: models.ClientSME, Name: "Société Secrète", Company: "111222333", Address: "12 rue de l’Été, Lyon"}),
		s.SaveContact(ctx, models.Contact{Ref: "K-000001", ClientRef: "C-000001", Name: "Ada Demande", Email: "ada@example.com", Phone: "0100000001", Lang: models.French}),
		s.SaveContact(ctx, models.Contact{Ref: "K-000002", ClientRef: "C-000001", Name: "Bill Ledger", Email: "bill@example.com", Lang: models.English}),
		s.SaveTrainer(ctx, models.Trainer{Ref: "T-000042", Name: "Noé Œuvré", Email: "noe@example.com", Phone: "0100000042", Lang: models.English, LegalForm: models.FormMicro,
			VATStatus: models.VATFranchise, Company: "987654321", Address: "3 allée du Gué, Lyon", SelfBilling: true, Active: true, Titles: "Master de gestion, 2009", Skills: []models.Skill{{Topic: "tableur", Level: 5}}}),
		s.SaveTrainer(ctx, models.Trainer{Ref: "T-000043", Name: "Sans Adresse", Lang: models.French, Active: true, Label: true, Skills: []models.Skill{{Topic: "tableur", Level: 5}}}),
		s.SaveUser(ctx, models.User{Ref: "U-000001", Login: "officer", Name: "Olga Suivi", Email: "olga@example.org", Lang: models.French, Active: true}),
		s.SaveBrief(ctx, models.Brief{Ref: mission, ClientRef: "C-000001", ClientType: models.ClientSME, ContactRef: "K-000001", BillingRef: "K-000002", Topic: "tableur",
			Title: "Tableur, perfectionnement", Mode: models.ModeClient, Address: "12 rue de l’Été, Lyon", Department: "69", GroupSize: 3, Level: "intermediate", Funding: "employer", WantedFrom: "2026-12-07",
			Order: models.Order{HalfDays: 6, Unit: models.UnitDay, Quantity: 300, UnitPriceCents: 100000, VATBps: 2000}}),
		s.SaveParticipants(ctx, []models.Participant{{Ref: "P-000001", Dossier: mission, Name: "Léo Ÿvan", Email: "leo@example.com", Lang: models.French, CreatedAt: instant(1, 9, 0)},
			{Ref: "P-000002", Dossier: mission, Name: "Zoé Élan", Email: "zoe@example.com", Lang: models.English, CreatedAt: instant(1, 9, 1)},
			{Ref: "P-000003", Dossier: mission, Name: "Max Absent", Email: "max@example.com", Lang: models.French, CreatedAt: instant(1, 9, 2)}}),
		s.SaveProgrammeText(ctx, models.ProgrammeText{Ref: "PT-1", Dossier: mission, Objectives: "Maîtriser les formules", Content: "Fonctions à 1 €", Methods: "Exercices", Assessment: "Cas pratique"}),
		s.SaveNote(ctx, models.Note{Ref: "N-1", Dossier: mission, Text: "Préciser l’évaluation.\nEt la durée."}),
		s.SaveNote(ctx, models.Note{Ref: "N-2", Dossier: mission, Text: "Salle Ampère"}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var sessions []models.Session
	for n := 1; n <= 3; n++ {
		day := 6 + n
		row := models.Session{Ref: models.SessionRef(mission, n), Dossier: mission, Number: n, TrainerRef: "T-000042", Status: models.SessionConvoked,
			HalfDays: halfDays(day), StartAt: instant(day, 9, 0), EndAt: instant(day, 17, 30)}
		if n == 1 {
			row.PlaceRef = "N-2"
		}
		sessions = append(sessions, row)
	}
	d.apply(models.Rows{Request: &models.Request{Ref: mission, TrainerRef: "T-000042", RateCents: 45000, RateUnit: models.UnitDay},
		Sessions: sessions, Programmes: []models.Programme{{Ref: models.ProgrammeRef(mission, 1), Dossier: mission, Number: 1, TrainerRef: "T-000042", Status: models.ProgrammeApproved, TextRef: "PT-1", SubmittedAt: instant(1, 7, 0)}},
		Invitations: []models.Invitation{{Ref: models.InvitationRef(mission, 1, 1), Dossier: mission, Search: 1, Number: 1, TrainerRef: "T-000042", Status: models.InvitationSent, DeadlineID: "silence/1"}},
		Audits:      []models.Audit{{Ref: models.AuditRef(mission, 1), Dossier: mission, Number: 1, TrainerRef: "T-000042", Status: models.AuditBooked, Slots: []time.Time{instant(1, 9, 0), instant(1, 10, 0)}, SlotAt: instant(1, 10, 0)}},
		Absences:    []models.Absence{{Ref: models.AbsenceRef(models.SessionRef(mission, 1), "P-000001"), Dossier: mission, Session: models.SessionRef(mission, 1), Participant: "P-000001", HalfDays: []int{1}, Status: models.AbsenceOpen}},
	}, models.Deadline{ID: "silence/1", Workflow: models.RequestID(mission), Dossier: mission, Kind: models.DeadlineSilence, OpenedAt: instant(1, 8, 0), DueAt: instant(4, 18, 0), Status: models.Open})
	return d
}

func (d *desk) apply(rows models.Rows, deadlines ...models.Deadline) {
	d.t.Helper()
	d.seq++
	if _, err := d.store.Apply(d.t.Context(), models.Step{Workflow: models.RequestID(mission), Run: "run", Seq: d.seq, At: instant(1, 8, 0), Dossier: mission, Rows: rows, Deadlines: deadlines}); err != nil {
		d.t.Fatal(err)
	}
}

// line makes a line of pay due.
func (d *desk) line(line models.PayLine) {
	d.t.Helper()
	d.seq++
	if _, err := d.store.Apply(d.t.Context(), models.Step{Workflow: models.RequestID(mission), Run: "run", Seq: d.seq, At: instant(8, 8, 0), Dossier: mission, Rows: models.Rows{NewLines: []models.PayLine{line}},
		Facts: []models.Fact{{Kind: models.FactLineDue, Subject: line.Ref, Dossier: mission, Start: &models.Start{Remuneration: &models.RemunerationInput{Payer: line.Payer, TrainerRef: line.TrainerRef}}}}}); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) write(m models.Message) mail.Mail {
	d.t.Helper()
	if m.Key == "" {
		m.Key = m.Template
	}
	m.Dossier = mission
	out, err := d.Letters.Render(d.t.Context(), m)
	if err != nil {
		d.t.Fatalf("%s: %v", m.Template, err)
	}
	return out
}

func contains(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(strings.ReplaceAll(text, "\u00a0", " "), w) {
			t.Errorf("%q is missing from\n%s", w, text)
		}
	}
}

func TestF067F068InvitationLetter(t *testing.T) {
	d := newDesk(t)
	link := models.Link{Purpose: models.LinkAnswer, Subject: models.InvitationRef(mission, 1, 1)}
	m := models.Message{Key: "invitation/1", Template: "invitation", To: models.RoleTrainer, ToRef: "T-000042", Subject: link.Subject, Links: []models.Link{link},
		Args: models.Args{{Name: "due", Value: instant(2, 18, 0).Format(time.RFC3339)}}}
	out := d.write(m)
	// The deadline counts as it stands now: it was postponed since.
	contains(t, out.Text, "Hello Noé Œuvré", "Tableur, perfectionnement", "On the client's premises", "French department: 69", "3 days (6 half-days)", "from Monday 7 December 2026",
		"by Friday 4 December 2026 at 18:00", "https://jalon.example.org/l/"+d.Signer.Sign(link))
	for _, secret := range []string{"Secrète", "Ada", "ada@example.com", "0100000001", "rue de"} {
		if strings.Contains(out.Text, secret) || strings.Contains(out.HTML, secret) {
			t.Errorf("the invitation tells %q", secret)
		}
	}
	if out.To != "noe@example.com" || out.From != "missions@example.org" || out.FromName != "Atelier Jalon" || out.Lang != models.English || !strings.HasSuffix(out.MessageID, "@example.org>") {
		t.Errorf("envelope %+v", out)
	}
	if again := d.write(m); again.MessageID != out.MessageID || again.Text != out.Text {
		t.Error("a retry writes another mail")
	}
	// It reached nobody, and goes again: a date that ended without it binds nobody.
	d.apply(models.Rows{}, models.Deadline{ID: "silence/1", Workflow: models.RequestID(mission), Dossier: mission, Kind: models.DeadlineSilence, OpenedAt: instant(1, 8, 0), DueAt: instant(4, 18, 0), Status: models.Undeliverable})
	if late := d.write(m); strings.Contains(late.Text, "December 2026 at 18:00") || strings.Contains(late.Text, "silence") {
		t.Errorf("a mail sent again says a date that is past: %s", late.Text)
	}
}

// What reminders of a missed deadline announced was its date, already past.
func TestRemindersSayWhenTheAnswerWasAwaited(t *testing.T) {
	d := newDesk(t)
	past := instant(10, 23, 59)
	missed := models.Deadline{ID: "past", Workflow: models.RequestID(mission), Dossier: mission, Kind: models.DeadlineRecap, OpenedAt: instant(7, 8, 0), DueAt: past, Status: models.Missed}
	month := models.RecapRef(models.PayerAgency, "T-000042", "2026-11", 1)
	d.apply(models.Rows{Recaps: []models.Recap{{Ref: month, TrainerRef: "T-000042", Month: "2026-11", Cents: 45000, DeadlineID: "past"}},
		Invoices:   []models.Invoice{{Ref: "I-2026-000001", Kind: models.InvoiceSupplier, TrainerRef: "T-000042", Status: models.InvoiceAwaited, NetCents: 45000, DeadlineID: "past"}},
		Programmes: []models.Programme{{Ref: models.ProgrammeRef(mission, 2), Dossier: mission, Number: 2, TrainerRef: "T-000042", Status: models.ProgrammeAwaited, DeadlineID: "past"}},
		Audits:     []models.Audit{{Ref: models.AuditRef(mission, 2), Dossier: mission, Number: 2, TrainerRef: "T-000042", Status: models.AuditSlotsAwaited, DeadlineID: "past"}},
		Sessions:   []models.Session{{Ref: models.SessionRef(mission, 4), Dossier: mission, Number: 4, TrainerRef: "T-000042", Status: models.SessionToJudge, HalfDays: halfDays(9), DeadlineID: "past"}},
	}, missed)
	for _, c := range []struct {
		template, subject string
		purpose           models.Purpose
	}{{"recap_reminder", month, models.LinkRecap}, {"invoice_reminder", "I-2026-000001", models.LinkInvoice},
		{"programme_reminder", models.ProgrammeRef(mission, 2), models.LinkProgramme}, {"audit_slots_reminder", models.AuditRef(mission, 2), models.LinkSlots},
		{"sheet_reminder", models.SessionRef(mission, 4), models.LinkSheet}} {
		text := d.write(models.Message{Template: c.template, To: models.RoleTrainer, ToRef: "T-000042", Subject: c.subject, CreatedAt: past,
			Links: []models.Link{{Purpose: c.purpose, Subject: c.subject}}, Args: models.Args{{Name: "due", Value: past.Format(time.RFC3339)}}}).Text
		contains(t, text, "expected by Thursday 10 December 2026")
		if n := strings.Count(text, "10 December"); n != 1 {
			t.Errorf("%s: the date that is past is said %d times: %s", c.template, n, text)
		}
	}
}

func TestLettersFindTheirAddressee(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		role      models.Role
		ref, want string
		lang      models.Lang
	}{
		{models.RoleClient, "", "ada@example.com", models.French}, {models.RoleBilling, "", "bill@example.com", models.English},
		{models.RoleClient, "K-000002", "bill@example.com", models.English}, {models.RoleParticipant, "P-000002", "zoe@example.com", models.English},
		{models.RoleStaff, "U-000001", "olga@example.org", models.French}, {models.RoleStaff, "", "equipe@example.org", models.French},
		{models.RoleFinance, "", "equipe@example.org", models.French}, {models.RoleStaff, "U-999999", "equipe@example.org", models.French},
	} {
		out := d.write(models.Message{Template: "staff_alert", To: c.role, ToRef: c.ref, Args: models.Args{{Name: "alert", Value: "slots_refused"}}})
		if out.To != c.want || out.Lang != c.lang {
			t.Errorf("%s %s: %s in %s", c.role, c.ref, out.To, out.Lang)
		}
	}
	_, err := d.Letters.Render(t.Context(), models.Message{Template: "programme_approved", To: models.RoleTrainer, ToRef: "T-000043", Dossier: mission})
	if models.ErrorCode(err) != models.MessageNoAddress {
		t.Errorf("nobody to write to: %v", err)
	}
	_, err = d.Letters.Render(t.Context(), models.Message{Template: "programme_approved", To: models.RoleTrainer, ToRef: "T-999999", Dossier: mission})
	if models.ErrorCode(err) != models.CodeUnknown {
		t.Errorf("an unknown trainer: %v", err)
	}
}

func TestStaffMailsInAnAbsence(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	// Half an hour before midnight in Paris, which is the day before in UTC.
	d.Letters.Clock = models.Clock{RealEpoch: time.Now(), BusinessEpoch: models.NewDate(2026, 7, 1).At(23, 30, time.FixedZone("CEST", 7200)), Scale: 1}
	for _, u := range []models.User{{Ref: "U-000002", Login: "b", Name: "Brice Relais", Email: "brice@example.org", Lang: models.English, Active: true},
		{Ref: "U-000003", Login: "c", Name: "Chloé Suppléante", Email: "chloe@example.org", Lang: models.French, Active: true},
		{Ref: "U-000004", Login: "d", Name: "Dan Parti", Email: "dan@example.org"}} {
		if err := d.store.SaveUser(ctx, u); err != nil {
			t.Fatal(err)
		}
	}
	const before, last, next = models.Date("2026-06-30"), models.Date("2026-07-01"), models.Date("2026-07-02")
	away := func(user, backup string, from, until models.Date) models.Leave {
		return models.Leave{Ref: "L-" + user, UserRef: user, From: from, Until: until, Backup: backup}
	}
	for _, c := range []struct {
		why    string
		owner  string // of the dossier now
		leaves []models.Leave
		to     string
		lang   models.Lang
		said   string // who is absent, as the mail says
	}{
		{"present", "U-000001", nil, "olga@example.org", models.French, ""},
		{"absent until today", "U-000001", []models.Leave{away("U-000001", "U-000002", before, last)}, "brice@example.org", models.English, "in the absence of Olga Suivi"},
		{"absent from tomorrow", "U-000001", []models.Leave{away("U-000001", "U-000002", next, next)}, "olga@example.org", models.French, ""},
		{"the backup is absent too", "U-000001", []models.Leave{away("U-000001", "U-000002", last, last), away("U-000002", "U-000003", last, last)},
			"chloe@example.org", models.French, "en l’absence de Olga Suivi"},
		{"each stands in for the other", "U-000001", []models.Leave{away("U-000001", "U-000002", last, last), away("U-000002", "U-000001", last, last)},
			"equipe@example.org", models.French, "en l’absence de Olga Suivi"},
		{"no backup", "U-000001", []models.Leave{away("U-000001", "", last, last)}, "equipe@example.org", models.French, "en l’absence de Olga Suivi"},
		{"the account is closed", "U-000004", nil, "equipe@example.org", models.French, "en l’absence de Dan Parti"},
		{"the dossier was handed on", "U-000003", []models.Leave{away("U-000001", "U-000002", last, last)}, "chloe@example.org", models.French, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			for _, l := range c.leaves {
				if err := d.store.AddLeave(ctx, l); err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := d.store.DropLeave(ctx, l.Ref); err != nil {
						t.Error(err)
					}
				}()
			}
			d.apply(models.Rows{Request: &models.Request{Ref: mission, Owner: c.owner, TrainerRef: "T-000042"}})
			out := d.write(models.Message{Template: models.TemplateAlert, To: models.RoleStaff, ToRef: "U-000001",
				Args: models.Args{{Name: "alert", Value: "slots_refused"}}})
			if out.To != c.to || out.Lang != c.lang {
				t.Errorf("to %s in %s", out.To, out.Lang)
			}
			contains(t, out.Text, c.said)
			if absent := strings.Contains(out.Text, "absence de") || strings.Contains(out.Text, "absence of"); absent != (c.said != "") {
				t.Errorf("an absence is said:\n%s", out.Text)
			}
		})
	}
	t.Run("the team's copy names who did not read", func(t *testing.T) {
		out := d.write(models.Message{Template: models.TemplateAlertUnread, To: models.RoleStaff,
			Args: models.Args{{Name: "alert", Value: "slots_refused"}, {Name: "owner", Value: "U-000001"}}})
		if out.To != "equipe@example.org" {
			t.Errorf("to %s", out.To)
		}
		contains(t, out.Text, "envoyée à Olga Suivi")
	})
}

func TestF081AssignedTrainerIsToldSoAndMayLeave(t *testing.T) {
	d := newDesk(t)
	audit := models.AuditRef(mission, 1)
	leave := models.Link{Purpose: models.LinkWithdraw, Subject: models.AssignmentRef(mission, "T-000042"), Generation: 1}
	out := d.write(models.Message{Template: "audit_slots", To: models.RoleTrainer, ToRef: "T-000042", Subject: audit,
		Links: []models.Link{{Purpose: models.LinkSlots, Subject: audit}, leave}, Args: models.Args{{Name: "assigned", Value: "yes"}}})
	contains(t, out.Subject, "You are named for")
	contains(t, out.Text, "We have named you for the following mission.", "Withdraw from this mission", "https://jalon.example.org/l/"+d.Signer.Sign(leave))
	if strings.Contains(out.Text+out.Subject, "retained") {
		t.Error("nobody was chosen among candidates")
	}
}

func TestLettersTellWhatTheyAreAbout(t *testing.T) {
	d := newDesk(t)
	session, absence := models.SessionRef(mission, 1), models.AbsenceRef(models.SessionRef(mission, 1), "P-000001")
	out := d.write(models.Message{Template: "audit_booked_trainer", To: models.RoleTrainer, ToRef: "T-000042", Subject: models.AuditRef(mission, 1),
		Links: []models.Link{{Purpose: models.LinkAuditReport, Subject: models.AuditRef(mission, 1)}}})
	contains(t, out.Text, "Tuesday 1 December 2026 at 10:00", "Ada Demande", "0100000001", "ada@example.com", "Société Secrète")
	out = d.write(models.Message{Template: "audit_booked_client", To: models.RoleClient, Subject: models.AuditRef(mission, 1)})
	contains(t, out.Text, "mardi 1er décembre 2026 à 10 h", "Noé Œuvré")
	out = d.write(models.Message{Template: "convocation", To: models.RoleParticipant, ToRef: "P-000001", Subject: session, Args: models.Args{{Name: "session", Value: session}}})
	contains(t, out.Text, "lundi 7 décembre 2026, de 9 h à 12 h 30 et de 14 h à 17 h 30", "Salle Ampère")
	contains(t, out.Subject, "Votre convocation pour le lundi 7 décembre 2026 à 9 h : Tableur, perfectionnement") // F119: each session has its own
	out = d.write(models.Message{Template: "convocation", To: models.RoleParticipant, ToRef: "P-000002", Subject: models.SessionRef(mission, 2)})
	contains(t, out.Subject, "Your convocation for Tuesday 8 December 2026 at 09:00: Tableur, perfectionnement")
	out = d.write(models.Message{Template: "absence_told", To: models.RoleParticipant, ToRef: "P-000001", Subject: absence,
		Links: []models.Link{{Purpose: models.LinkJustify, Subject: absence}}, Args: models.Args{{Name: "session", Value: session}, {Name: "due", Value: instant(9, 18, 0).Format(time.RFC3339)}}})
	contains(t, out.Text, "lundi 7 décembre 2026, de 14 h à 17 h 30", "avant le mercredi 9 décembre 2026 à 18 h")
	if strings.Contains(out.Text, "de 9") {
		t.Error("the morning was attended")
	}
	out = d.write(models.Message{Template: "programme_returned", To: models.RoleTrainer, ToRef: "T-000042", Subject: models.ProgrammeRef(mission, 1), Args: models.Args{{Name: "note", Value: "N-1"}},
		Links: []models.Link{{Purpose: models.LinkProgramme, Subject: models.ProgrammeRef(mission, 1)}}})
	contains(t, out.Text, "> Préciser l’évaluation.\n> Et la durée.")
	out = d.write(models.Message{Template: "staff_request_cancelled", To: models.RoleStaff, ToRef: "U-000001", Subject: mission, Args: models.Args{{Name: "note", Value: "N-1"}}})
	contains(t, out.Subject, mission+" : le client a annulé sa demande")
	contains(t, out.Text, "Bonjour Olga Suivi", "> Préciser l’évaluation.")
	// F108: as the convocations say it, where each session takes place.
	out = d.write(models.Message{Template: "sessions_planned_client", To: models.RoleClient, Subject: mission})
	contains(t, out.Text, "lundi 7 décembre", "17 h 30 – Salle Ampère", "mardi 8 décembre", "mercredi 9 décembre", "12 rue de l’Été, Lyon")
	if strings.Count(out.Text, "Salle Ampère") != 1 {
		t.Errorf("the room of one session is said of others: %s", out.Text)
	}
	out = d.write(models.Message{Template: "sessions_planned_trainer", To: models.RoleTrainer, ToRef: "T-000042", Subject: mission})
	contains(t, out.Text, "Monday 7 December", "Salle Ampère", "12 rue de l’Été, Lyon")
}

// Who reads that a mail reached nobody is told which one, and to whom; the alert's own message names neither.
func TestAlertOfAnUndeliveredMailNamesIt(t *testing.T) {
	d := newDesk(t)
	contract, session := models.ContractRef(mission, 1), models.SessionRef(mission, 1)
	sign := models.Link{Purpose: models.LinkSign, Subject: contract}
	d.lose(models.Message{Key: "ask", Template: "contract_client", To: models.RoleClient, Subject: contract, Links: []models.Link{sign}},
		models.Message{Key: "summons", Template: "convocation", To: models.RoleParticipant, ToRef: "P-000002", Subject: session, Workflow: models.SessionID(mission, 1)},
		models.Message{Key: "absence", Template: "absence_told", To: models.RoleParticipant, ToRef: "P-000001", Subject: models.AbsenceRef(session, "P-000001"), Workflow: models.SessionID(mission, 1)},
		models.Message{Key: "gone", Template: "convocation", To: models.RoleParticipant, ToRef: "P-000002", Subject: models.SessionRef(mission, 9), Workflow: models.SessionID(mission, 1)},
		models.Message{Key: "alert", Template: models.TemplateAlert, To: models.RoleStaff, ToRef: "U-000001", Subject: session, Workflow: models.SessionID(mission, 1)})
	alert := func(subject string) string {
		return d.write(models.Message{Key: "call", Template: models.TemplateAlert, To: models.RoleStaff, ToRef: "U-000001", Subject: subject,
			Args: models.Args{{Name: "alert", Value: "message_undeliverable"}, {Name: "subject", Value: subject}}}).Text
	}
	contains(t, alert(contract), "Non remis : Ada Demande – ", "Tableur, perfectionnement – mardi 1er décembre 2026 à 9 h 05")
	text := alert(session)
	contains(t, text, "- Zoé Élan – Your convocation", "- Léo Ÿvan – Votre absence",
		"- Zoé Élan – mardi 1er décembre 2026 à 9 h 05") // this one cannot be written again: its session is gone
	if strings.Contains(text, "Ada Demande") || strings.Contains(text, "Olga Suivi –") {
		t.Errorf("mails about something else, or to staff, are named:\n%s", text)
	}
	if text := d.write(models.Message{Template: models.TemplateAlert, To: models.RoleStaff, Subject: contract,
		Args: models.Args{{Name: "alert", Value: "client_unsigned"}}}).Text; strings.Contains(text, "Non remis") {
		t.Error("another alert names it")
	}
}

// Of hundreds that came back the alert names the first ones, and counts the others: a mail is read.
func TestAlertOfManyUndeliveredMailsCountsThem(t *testing.T) {
	d := newDesk(t)
	session := models.SessionRef(mission, 1)
	var many []models.Message
	for i := range models.UndeliveredNamed + 2 {
		many = append(many, models.Message{Key: fmt.Sprintf("summons/%02d", i), Template: "convocation", To: models.RoleParticipant, ToRef: "P-000002",
			Subject: session, Workflow: models.SessionID(mission, 1)})
	}
	alert := func() string {
		return d.write(models.Message{Template: models.TemplateAlert, To: models.RoleStaff, ToRef: "U-000001", Subject: session,
			Args: models.Args{{Name: "alert", Value: models.AlertUndeliverable}, {Name: "subject", Value: session}}}).Text
	}
	d.lose(many[:models.UndeliveredNamed+1]...)
	text := alert()
	contains(t, text, "et 1 autre")
	if n := strings.Count(text, "Zoé Élan – "); n != models.UndeliveredNamed {
		t.Errorf("%d are named:\n%s", n, text)
	}
	d.lose(many[models.UndeliveredNamed+1:]...)
	contains(t, alert(), "et 2 autres")
}

// lose has messages leave and come back.
func (d *desk) lose(messages ...models.Message) {
	d.t.Helper()
	d.seq++
	for i := range messages {
		messages[i].Dossier, messages[i].NotBefore = mission, instant(1, 9, 0)
		if messages[i].Workflow == "" {
			messages[i].Workflow = models.RequestID(mission)
		}
	}
	_, err := d.store.Apply(d.t.Context(), models.Step{Workflow: models.RequestID(mission), Run: "run", Seq: d.seq, At: instant(1, 8, 0), Dossier: mission, Messages: messages})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, m := range messages {
		if err := d.store.MessageSent(d.t.Context(), m.Key, instant(1, 9, 5)); err != nil {
			d.t.Fatal(err)
		}
		if err := d.store.MessageFailed(d.t.Context(), m.Key, models.MessageBounced, "bounced", instant(1, 9, 6)); err != nil {
			d.t.Fatal(err)
		}
	}
}

func TestLettersCarryTheirDocuments(t *testing.T) {
	d := newDesk(t)
	sign(t, d)
	if _, err := d.IssueCertificates(t.Context(), models.CertificateInput{Dossier: mission, At: instant(10, 8, 0)}); err != nil {
		t.Fatal(err)
	}
	out := d.write(models.Message{Template: "certificate", To: models.RoleParticipant, ToRef: "P-000001", Subject: mission, Attach: []string{"certificate:" + mission + "|P-000001"}})
	if len(out.Attachments) != 1 || out.Attachments[0].MediaType != "application/pdf" || documents.SHA256(out.Attachments[0].Data) != out.Attachments[0].SHA256 {
		t.Errorf("attachments %+v", out.Attachments)
	}
	byName := out.Attachments[0].SHA256
	if out = d.write(models.Message{Template: "certificate", To: models.RoleParticipant, ToRef: "P-000001", Attach: []string{byName}}); out.Attachments[0].SHA256 != byName {
		t.Error("a document is not found by its SHA-256")
	}
	_, err := d.Letters.Render(t.Context(), models.Message{Template: "certificate", To: models.RoleParticipant, ToRef: "P-000003", Dossier: mission, Attach: []string{"certificate:" + mission + "|P-000003"}})
	if models.ErrorCode(err) != models.CodeUnknown {
		t.Errorf("a document that is not there: %v", err)
	}
}

// sign has the first participant follow all but one half-day, the second all, the third none.
func sign(t *testing.T, d *desk) {
	t.Helper()
	for n := 1; n <= 3; n++ {
		for h := range 2 {
			for _, p := range []string{"P-000001", "P-000002", "P-000003"} {
				state := models.AttendanceSigned
				if p == "P-000003" || p == "P-000001" && n == 2 && h == 1 {
					state = models.AttendanceAbsent
				}
				if _, _, err := d.store.SaveAttendance(t.Context(), models.Attendance{Session: models.SessionRef(mission, n), Participant: p, HalfDay: h, State: state, SignedAt: halfDays(6 + n)[h].Start.Add(5 * time.Minute)}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func (d *desk) read(sha string) string {
	d.t.Helper()
	pdf, err := d.Activities.Documents.Get(d.t.Context(), sha)
	if err != nil {
		d.t.Fatal(err)
	}
	bin, err := exec.LookPath("pdftotext")
	if err != nil {
		d.t.Fatal("pdftotext is missing: apt-get install poppler-utils")
	}
	cmd := exec.Command(bin, "-raw", "-enc", "UTF-8", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	text, err := cmd.Output()
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(text)), " ")
}

func (d *desk) draw(in models.RenderInput) string {
	d.t.Helper()
	sha, err := d.Activities.Render(d.t.Context(), in)
	if err != nil {
		d.t.Fatalf("%s: %v", in.Kind, err)
	}
	again, err := d.Activities.Render(d.t.Context(), in)
	if err != nil || again != sha {
		d.t.Errorf("%s: drawn again as %s (%v)", in.Kind, again, err)
	}
	row, err := d.store.Document(d.t.Context(), sha)
	if err != nil || row.Kind != in.Kind || row.Subject != in.Subject || row.MediaType != "application/pdf" || !row.CreatedAt.Equal(in.At) {
		d.t.Errorf("row %+v, %v", row, err)
	}
	return d.read(sha)
}

func TestContractsAreDrawn(t *testing.T) {
	d := newDesk(t)
	at := instant(3, 8, 0)
	c := models.Contract{Ref: models.ContractRef(mission, 1), Dossier: mission, Number: 1, Kind: models.ContractConvention, TrainerRef: "T-000042"}
	contains(t, d.draw(models.RenderInput{Kind: models.DocumentConvention, Subject: c.Ref, Dossier: mission, At: at, Contract: &c}),
		"Convention de formation", "Société Secrète", "Ada Demande", "Maîtriser les formules", "Fonctions à 1 €", "Total hors taxes 3 000,00 €", "3 600,00 €", "Noé Œuvré", "3 décembre 2026", "Période du 7 décembre 2026 au 9 décembre 2026", "lundi 7 décembre 2026")
	c.Kind, c.Ref = models.ContractIndividual, models.ContractRef(mission, 2)
	sold := models.Order{HalfDays: 6, Unit: models.UnitDay, Quantity: 300, UnitPriceCents: 123_456, VATBps: 2000} // what will be billed, whatever the brief says
	contains(t, d.draw(models.RenderInput{Kind: models.DocumentConvention, Subject: c.Ref, Dossier: mission, At: at, Contract: &c, Order: &sold}), "6 demi-journées", "3 703,68 €")
	contains(t, d.draw(models.RenderInput{Kind: models.DocumentConvention, Subject: c.Ref, Dossier: mission, At: at, Contract: &c}), "Contrat de formation", "14 jours", "Titres et références Master de gestion, 2009")
	b, err := d.store.Brief(t.Context(), mission)
	if err != nil {
		t.Fatal(err)
	}
	b.Level, b.Order.Unit, b.Order.Quantity = "", models.UnitFlat, 100
	if err := d.store.SaveBrief(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	contains(t, d.draw(models.RenderInput{Kind: models.DocumentConvention, Subject: c.Ref, Dossier: mission, At: at, Contract: &c}), "Niveau préalable requis aucun", "perfectionnement 1 forfait 1 000,00 € 1 000,00 €")
	c.Kind, c.Ref = models.ContractTrainer, models.ContractRef(mission, 3)
	text := d.draw(models.RenderInput{Kind: models.DocumentTrainerContract, Subject: c.Ref, Dossier: mission, At: at, Contract: &c, Rate: &models.Offer{Cents: 45000, Unit: models.UnitDay}})
	contains(t, text, "450,00 € par jour", "1 350,00 € TVA TVA non applicable", "mandat d’autofacturation", "TVA non applicable, art. 293 B du CGI", "Entrepreneur individuel (EI)", "30 jours", "5 000,00 €", "Maîtriser les formules")
	long := models.Terms{PromiseDays: 45, VigilanceCents: 300000, VigilanceMonths: 3}
	contains(t, d.draw(models.RenderInput{Kind: models.DocumentTrainerContract, Subject: c.Ref, Dossier: mission, At: at, Contract: &c, Rate: &models.Offer{Cents: 45000, Unit: models.UnitDay}, Terms: &long}),
		"45 jours", "tous les 3 mois", "3 000,00 € hors taxes cumulés")
	hours := models.Order{HalfDays: 16, Unit: models.UnitHour, Quantity: 5600, UnitPriceCents: 50000, VATBps: 2000}
	contains(t, d.draw(models.RenderInput{Kind: models.DocumentTrainerContract, Subject: c.Ref, Dossier: mission, At: at, Contract: &c, Order: &hours, Rate: &models.Offer{Cents: 33333, Unit: models.UnitHour}}),
		"333,33 € par heure", "Pour la mission 18 666,48 €")
	abroad, err := d.store.Trainer(t.Context(), "T-000042")
	if err != nil {
		t.Fatal(err)
	}
	contains(t, text, "URSSAF", "D8222-5")
	abroad.LegalForm, abroad.Company = models.FormForeign, "HRB12345"
	if err := d.store.SaveTrainer(t.Context(), abroad); err != nil {
		t.Fatal(err)
	}
	text = d.draw(models.RenderInput{Kind: models.DocumentTrainerContract, Subject: c.Ref, Dossier: mission, At: at, Contract: &c, Rate: &models.Offer{Cents: 45000, Unit: models.UnitDay}})
	contains(t, text, "N° d’entreprise HRB12345", "D8222-7", "rédigés en français ou traduits (art. D8222-8)")
	if strings.Contains(text, "URSSAF") || strings.Contains(text, "SIREN HRB") {
		t.Errorf("a trainer abroad is asked for what France gives: %s", text)
	}
	if _, err := d.Activities.Render(t.Context(), models.RenderInput{Kind: models.DocumentConvention}); err == nil {
		t.Error("a contract that is not given is drawn")
	}
}

func TestF101TheContractSaysWhatIsKnownOfThePeriod(t *testing.T) {
	order := models.Order{HalfDays: 4}
	day := func(d int, status string) models.Session {
		return models.Session{Status: status, HalfDays: halfDays(d), StartAt: instant(d, 9, 0), EndAt: instant(d, 17, 30)}
	}
	for _, c := range []struct {
		want     models.Date
		sessions []models.Session
		says     string
	}{
		{"", []models.Session{day(9, models.SessionPlanned), day(7, models.SessionPlanned), day(1, models.SessionCancelled)}, "du 7 décembre 2026 au 9 décembre 2026"},
		{"2026-12-01", []models.Session{day(7, models.SessionPlanned)}, "7 décembre 2026 pour les séances ci-dessous, les autres à des dates fixées d’un commun accord"},
		{"2026-12-01", []models.Session{day(7, models.SessionCancelled)}, "à partir du 1er décembre 2026, aux dates fixées d’un commun accord après la signature"},
		{"", nil, "dates fixées d’un commun accord après la signature"},
	} {
		if says := strings.ReplaceAll(period(models.Brief{Order: order, WantedFrom: c.want}, c.sessions), "\u00a0", " "); says != c.says {
			t.Errorf("%q instead of %q", says, c.says)
		}
	}
}

// With an intermediary the one who sells is a company, for the trainer; until it is known, documents name the trainer.
func TestF021DocumentsNameTheIntermediary(t *testing.T) {
	d := newDesk(t)
	d.line(models.PayLine{Ref: models.SessionRef(mission, 1), Dossier: mission, Payer: models.PayerAgency, TrainerRef: "T-000042", HeldOn: "2026-12-07", Unit: models.UnitDay, Quantity: 100, RateCents: 45000, Cents: 45000, Status: models.LineDue})
	contract := models.Contract{Ref: models.ContractRef(mission, 1), Dossier: mission, Kind: models.ContractTrainer, TrainerRef: "T-000042"}
	invoice := models.Invoice{Ref: "I-2026-000001", Number: "T-000042-0001", Kind: models.InvoiceSelfBilled, TrainerRef: "T-000042", Lines: []string{models.SessionRef(mission, 1)}, NetCents: 45000, TotalCents: 45000, LegalOn: "2027-02-14"}
	for _, c := range []struct {
		form         models.LegalForm
		intermediary string
		seller       string
	}{
		{models.FormCooperative, "Coopérative Exemple", "Coopérative Exemple, pour Noé Œuvré Dans une coopérative"},
		{models.FormCooperative, "", "Noé Œuvré Dans une coopérative"},
		{models.FormMicro, "Portage d’avant", "Noé Œuvré Entrepreneur individuel"},
	} {
		trainer, err := d.store.Trainer(t.Context(), "T-000042")
		if err != nil {
			t.Fatal(err)
		}
		trainer.LegalForm, trainer.Intermediary = c.form, c.intermediary
		if err := d.store.SaveTrainer(t.Context(), trainer); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{
			d.draw(models.RenderInput{Kind: models.DocumentTrainerContract, Subject: contract.Ref, Dossier: mission, At: instant(3, 8, 0), Contract: &contract, Rate: &models.Offer{Cents: 45000, Unit: models.UnitDay}}),
			d.draw(models.RenderInput{Kind: models.DocumentInvoice, Subject: invoice.Ref, At: instant(31, 8, 0), Invoice: &invoice})} {
			contains(t, text, c.seller)
			if named := strings.Contains(text, "pour Noé"); named != strings.Contains(c.seller, "pour Noé") {
				t.Errorf("%s, %q: %s", c.form, c.intermediary, text)
			}
		}
	}
}

func TestF179F202RecapAndInvoicesAreDrawn(t *testing.T) {
	d := newDesk(t)
	sign(t, d)
	line := models.PayLine{Ref: models.SessionRef(mission, 1), Dossier: mission, Payer: models.PayerAgency, TrainerRef: "T-000042", HeldOn: "2026-12-07", Unit: models.UnitDay,
		Quantity: 100, RateCents: 45000, Cents: 45000, Status: models.LineDue}
	d.line(line)
	recap := models.Recap{Ref: models.RecapRef(models.PayerAgency, "T-000042", "2026-12", 1), TrainerRef: "T-000042", Month: "2026-12", Lines: []string{line.Ref}, Cents: 45000}
	contains(t, d.draw(models.RenderInput{Kind: models.DocumentRecap, Subject: recap.Ref, At: instant(31, 8, 0), Recap: &recap}),
		"décembre 2026", "Tableur, perfectionnement", "validée", "7 h", "1 jour", "450,00 €", "Noé Œuvré", "Total 450,00 € TVA non applicable, art. 293 B du CGI")
	invoice := models.Invoice{Ref: "I-2026-000001", Number: "T-000042-0001", Kind: models.InvoiceSelfBilled, TrainerRef: "T-000042", Lines: []string{line.Ref}, NetCents: 45000, TotalCents: 45000, LegalOn: "2027-02-14"}
	// F196 F197: the promise counts from the check, so what is printed as due is what is due whenever that is.
	text := d.draw(models.RenderInput{Kind: models.DocumentInvoice, Subject: invoice.Ref, At: instant(31, 8, 0), Invoice: &invoice, Terms: &models.Terms{PromiseDays: 20}})
	for _, confusing := range []string{"TVA 0", "0 %", "HT", "toutes taxes"} {
		if strings.Contains(text, confusing) {
			t.Errorf("beside « TVA non applicable » stands %q", confusing)
		}
	}
	contains(t, text, "Autofacturation", "T-000042-0001", "Net à payer 450,00 € TVA non applicable, art. 293 B du CGI", "987 654 321", "Date de la prestation 7 décembre 2026",
		"Échéance 14 février 2027", "Par virement, 20 jours après vérification, au plus tard le 14 février 2027", "40,00 €")
	d.hold(1, 2, 3)
	invoice = models.Invoice{Ref: "I-2026-000002", Number: "F-2026-0001", Kind: models.InvoiceClient, Dossier: mission, NetCents: 300000, VATBps: 2000, VATCents: 60000, TotalCents: 360000, PromiseOn: "2027-01-09"}
	text = d.draw(models.RenderInput{Kind: models.DocumentInvoice, Subject: invoice.Ref, Dossier: mission, At: instant(10, 8, 0), Invoice: &invoice})
	contains(t, text, "F-2026-0001", "Société Secrète", "2 : Léo Ÿvan, Zoé Élan", "38 h 30, absences déduites", "3 jours", "3 600,00 €", "9 janvier 2027", // 17 h 30 and 21 h
		"salariés d’employeurs privés", "cadre C, ligne 1", "du 7 décembre 2026 au 9 décembre 2026")
	if strings.Contains(text, "Max Absent") {
		t.Error("who was never there is billed as a trainee")
	}
	if strings.Contains(text, "en partie") {
		t.Error("the whole course is billed as a part")
	}
}

// hold validates sessions of the mission.
func (d *desk) hold(numbers ...int) {
	d.t.Helper()
	var rows []models.Session
	for _, n := range numbers {
		s, err := d.store.Session(d.t.Context(), models.SessionRef(mission, n))
		if err != nil {
			d.t.Fatal(err)
		}
		s.Status = models.SessionValidated
		rows = append(rows, s)
	}
	d.apply(models.Rows{Sessions: rows})
}

func TestF202F211AShortenedCourseIsBilledAsAPart(t *testing.T) {
	d := newDesk(t)
	d.hold(1)
	bill := func(net models.Cents) string {
		vat := models.VAT(net, 2000)
		i := models.Invoice{Ref: "I-2026-000002", Number: "F-2026-0001", Kind: models.InvoiceClient, Dossier: mission, NetCents: net, VATBps: 2000, VATCents: vat, TotalCents: net + vat, PromiseOn: "2027-01-09"}
		return d.draw(models.RenderInput{Kind: models.DocumentInvoice, Subject: i.Ref, Dossier: mission, At: instant(10, 8, 0), Invoice: &i})
	}
	contains(t, bill(100_000), "Durée 1 jour (2 demi-journées), pour une commande de 3 jours (6 demi-journées)", "la formation est réalisée en partie", "perfectionnement 1 jour 1 000,00 € 20 % 1 000,00 €")
	contains(t, bill(99_999), "perfectionnement 1 forfait 999,99 € 20 % 999,99 €") // a share that no quantity explains
}

func TestF181CorrectedRecapSaysWhatItReplacesAndWhy(t *testing.T) {
	d := newDesk(t)
	sign(t, d)
	line := models.PayLine{Ref: models.SessionRef(mission, 1), Dossier: mission, Payer: models.PayerAgency, TrainerRef: "T-000042", HeldOn: "2026-12-07", Unit: models.UnitHour,
		Quantity: 800, RateCents: 5000, Cents: 40000, Status: models.LineDue, Corrected: true}
	d.line(line)
	first := models.Recap{Ref: models.RecapRef(models.PayerAgency, "T-000042", "2026-12", 1), Payer: models.PayerAgency, TrainerRef: "T-000042", Month: "2026-12", Number: 1, Lines: []string{line.Ref}, Cents: 35000}
	second := first
	second.Ref, second.Number, second.Cents = models.RecapRef(models.PayerAgency, "T-000042", "2026-12", 2), 2, 40000
	second.Explanation, second.BilledApart = "N-1", true
	d.apply(models.Rows{Recaps: []models.Recap{first, second}})
	contains(t, d.draw(models.RenderInput{Kind: models.DocumentRecap, Subject: second.Ref, At: instant(31, 8, 0), Recap: &second}),
		"Relevé corrigé", first.Ref, "Préciser l’évaluation.", "à part", "7 h", "8 heures", "(corrigée)")
	letter := models.Message{Template: "recap", To: models.RoleTrainer, ToRef: "T-000042", Subject: second.Ref, Args: models.Args{{Name: "recap", Value: second.Ref}},
		Links: []models.Link{{Purpose: models.LinkRecap, Subject: second.Ref}}}
	contains(t, d.write(letter).Text, "corrected statement", "replaces the one you contested", "Préciser l’évaluation.", "billed apart")
	letter.Subject, letter.Args = first.Ref, models.Args{{Name: "recap", Value: first.Ref}}
	plain := d.draw(models.RenderInput{Kind: models.DocumentRecap, Subject: first.Ref, At: instant(31, 8, 0), Recap: &first}) + d.write(letter).Text
	for _, word := range []string{"Préciser", "corrigé des", "replaces", "apart", "à part"} {
		if strings.Contains(plain, word) {
			t.Errorf("the first one says %q", word)
		}
	}
}

func TestF123SheetIsDrawn(t *testing.T) {
	d := newDesk(t)
	sign(t, d)
	contains(t, d.draw(models.RenderInput{Kind: models.DocumentSheet, Subject: models.SessionRef(mission, 1), Dossier: mission, At: instant(7, 18, 0)}),
		"Feuille d’émargement", "Salle Ampère", "Léo Ÿvan", "leo@example.com", "9 h – 12 h 30", "9 h 05", "Absent", "Noé Œuvré")
}

func TestF123WhoRegistersOnceItIsOverIsNotOnTheSheet(t *testing.T) {
	d := newDesk(t)
	sign(t, d)
	s, err := d.store.Session(t.Context(), models.SessionRef(mission, 1))
	if err != nil {
		t.Fatal(err)
	}
	late := models.Participant{Ref: "P-000004", Dossier: mission, Name: "Ana Tard", Email: "ana@example.com", Lang: models.French, CreatedAt: s.EndAt.Add(time.Hour)}
	if err := d.store.SaveParticipants(t.Context(), []models.Participant{late}); err != nil {
		t.Fatal(err)
	}
	reading, err := d.ReadAttendance(t.Context(), s)
	if err != nil || slices.Contains(reading.Participants, late.Ref) || len(reading.Participants) != 3 {
		t.Errorf("%+v, %v", reading, err)
	}
	if text := d.draw(models.RenderInput{Kind: models.DocumentSheet, Subject: s.Ref, Dossier: mission, At: instant(8, 8, 0)}); strings.Contains(text, late.Name) {
		t.Error("on the paper of a session that they had not registered for")
	}
	if text := d.draw(models.RenderInput{Kind: models.DocumentSheet, Subject: models.SessionRef(mission, 2), Dossier: mission, At: instant(8, 8, 0)}); !strings.Contains(strings.ReplaceAll(text, "\u00a0", " "), late.Name) {
		t.Error("not on the paper of the next one")
	}
}

func TestF126TheSheetIsKeptAsItWasRead(t *testing.T) {
	d := newDesk(t)
	sign(t, d)
	s, err := d.store.Session(t.Context(), models.SessionRef(mission, 1))
	if err != nil {
		t.Fatal(err)
	}
	s.SheetSigned = instant(7, 18, 0)
	for range 2 {
		if _, err := d.ReadAttendance(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	all, err := d.store.Documents(t.Context(), mission)
	if err != nil || len(all) != 1 || all[0].Kind != models.DocumentSheet || all[0].Subject != s.Ref || !all[0].CreatedAt.Equal(s.SheetSigned) {
		t.Fatalf("%+v, %v", all, err)
	}
	contains(t, d.read(all[0].SHA256), "Signé en ligne le lundi 7 décembre 2026 à 18 h", "Absent")
}

func TestF096F101WhatADocumentLacksIsRefused(t *testing.T) {
	d := newDesk(t)
	at := instant(3, 8, 0)
	refused := func(in models.RenderInput, lacks string) {
		t.Helper()
		in.Dossier, in.At = mission, at
		_, err := d.Activities.Render(t.Context(), in)
		var refusal *temporal.ApplicationError
		if !errors.As(err, &refusal) || !refusal.NonRetryable() || refusal.Type() != string(models.CodeDocumentIncomplete) || !strings.HasSuffix(refusal.Message(), lacks) {
			t.Errorf("without %s: %v", lacks, err)
		}
	}
	convention := &models.Contract{Ref: models.ContractRef(mission, 1), Dossier: mission, Kind: models.ContractConvention, TrainerRef: "T-000042"}
	individual := &models.Contract{Ref: models.ContractRef(mission, 2), Dossier: mission, Kind: models.ContractIndividual, TrainerRef: "T-000043"}
	trainer := &models.Contract{Ref: models.ContractRef(mission, 3), Dossier: mission, Kind: models.ContractTrainer, TrainerRef: "T-000043"}
	refused(models.RenderInput{Kind: models.DocumentConvention, Contract: individual}, "lacks: trainer titles")
	refused(models.RenderInput{Kind: models.DocumentTrainerContract, Contract: trainer, Rate: &models.Offer{Cents: 1, Unit: models.UnitFlat}},
		"lacks: trainer address, trainer company number, trainer VAT number or exemption")

	// Staff went without a written programme: what the client asked for stands for it, but not for somebody who pays alone.
	programme := models.Programme{Ref: models.ProgrammeRef(mission, 1), Dossier: mission, Number: 1, TrainerRef: "T-000042", Status: models.ProgrammeWaived}
	d.apply(models.Rows{Programmes: []models.Programme{programme}})
	refused(models.RenderInput{Kind: models.DocumentConvention, Contract: convention}, "lacks: objectives, content")
	b, err := d.store.Brief(t.Context(), mission)
	if err != nil {
		t.Fatal(err)
	}
	b.Needs = "Gagner du temps sur les suivis."
	if err := d.store.SaveBrief(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if text := d.draw(models.RenderInput{Kind: models.DocumentConvention, Subject: convention.Ref, Dossier: mission, At: at, Contract: convention}); strings.Contains(text, "sur 5") {
		t.Error("the paper tells an internal score")
	}
	contains(t, d.draw(models.RenderInput{Kind: models.DocumentConvention, Subject: convention.Ref, Dossier: mission, At: at, Contract: convention}), "Gagner du temps sur les suivis.", "sans programme écrit séparé")
	individual.TrainerRef = "T-000042"
	refused(models.RenderInput{Kind: models.DocumentConvention, Contract: individual}, "lacks: objectives, content, methods and means, assessment")
}

func TestF119LettersEncloseWhatIsDrawnWhenTheyLeave(t *testing.T) {
	d := newDesk(t)
	session := models.SessionRef(mission, 1)
	names := func(out mail.Mail) (all []string) {
		for _, a := range out.Attachments {
			all = append(all, a.Name)
			if documents.SHA256(a.Data) != a.SHA256 {
				t.Errorf("%s is not what its SHA-256 says", a.Name)
			}
		}
		return all
	}
	equal := func(got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("enclosed %q instead of %q", got, want)
		}
	}
	m := models.Message{Template: "convocation", To: models.RoleParticipant, ToRef: "P-000001", Subject: session, CreatedAt: instant(1, 8, 0), Args: models.Args{{Name: "session", Value: session}}}
	out := d.write(m)
	equal(names(out), "convocation-D-2026-000123-session-1-P-000001.pdf", "programme-D-2026-000123-programme-1.pdf")
	contains(t, out.Text, "pièce jointe")
	contains(t, d.read(out.Attachments[0].SHA256), "Convocation à une formation", "Léo Ÿvan", "Société Secrète", "lundi 7 décembre 2026, de 9 h à 12 h 30", "Salle Ampère", "mardi 8 décembre", "Cas pratique", "Ada Demande", "1er décembre 2026")
	contains(t, d.read(out.Attachments[1].SHA256), "Programme de formation", "Date 1er décembre 2026", "Maîtriser les formules", "Fonctions à 1 €")
	if again := d.write(m); !slices.Equal(names(again), names(out)) || again.Attachments[0].SHA256 != out.Attachments[0].SHA256 {
		t.Error("a retry encloses something else")
	}
	m.ToRef = "P-000002"
	english := d.write(m)
	contains(t, d.read(english.Attachments[0].SHA256), "Convocation to a course", "Monday 7 December 2026, 09:00 to 12:30", "Tuesday 8 December 2026", "3 days (6 half-days)", "page 1 of 1")
	if english.Attachments[1].SHA256 != out.Attachments[1].SHA256 {
		t.Error("the programme differs from one participant to another")
	}
	all, err := d.store.Documents(t.Context(), mission)
	if err != nil || len(all) != 3 { // two convocations and one programme
		t.Errorf("%d documents kept, %v", len(all), err)
	}

	out = d.write(models.Message{Template: "sessions_planned_trainer", To: models.RoleTrainer, ToRef: "T-000042", Subject: mission, CreatedAt: instant(2, 8, 0)})
	equal(names(out), "programme-D-2026-000123-programme-1.pdf", "emargement-D-2026-000123.pdf")
	contains(t, d.read(out.Attachments[1].SHA256), session, "Léo Ÿvan", models.SessionRef(mission, 3), "page 3 sur 3")

	if out = d.write(models.Message{Template: "sessions_planned_client", To: models.RoleClient, Subject: mission}); len(out.Attachments) != 0 || strings.Contains(out.Text, "joint") {
		t.Error("the client has the convention")
	}
	// Without a programme the mail leaves all the same.
	d.apply(models.Rows{Programmes: []models.Programme{{Ref: models.ProgrammeRef(mission, 1), Dossier: mission, Number: 1, TrainerRef: "T-000042", Status: models.ProgrammeWaived}}})
	equal(names(d.write(m)), "convocation-D-2026-000123-session-1-P-000002.pdf")
}

func TestF193F194SuppliersGetADraftOfTheirInvoice(t *testing.T) {
	d := newDesk(t)
	line := models.PayLine{Ref: models.SessionRef(mission, 1), Dossier: mission, Payer: models.PayerAgency, TrainerRef: "T-000042", HeldOn: "2026-12-07", Unit: models.UnitDay,
		Quantity: 100, RateCents: 45000, Cents: 45000, Status: models.LineDue}
	d.line(line)
	d.apply(models.Rows{Invoices: []models.Invoice{{Ref: "I-2026-000003", Kind: models.InvoiceSupplier, TrainerRef: "T-000042", Status: models.InvoiceAwaited, Lines: []string{line.Ref}, NetCents: 45000}}})
	ask := models.Message{Template: "invoice_ask", To: models.RoleTrainer, ToRef: "T-000042", Subject: "I-2026-000003", CreatedAt: instant(31, 8, 0), Links: []models.Link{{Purpose: models.LinkInvoice, Subject: "I-2026-000003"}}}
	out := d.write(ask)
	if len(out.Attachments) != 1 || out.Attachments[0].Name != "projet-de-facture-I-2026-000003.pdf" {
		t.Fatalf("attachments %+v", out.Attachments)
	}
	contains(t, out.Text, "draft invoice")
	contains(t, d.read(out.Attachments[0].SHA256), "Ce document n’est pas une facture", "Noé Œuvré", "SIREN 987 654 321", "Atelier Jalon", "7 décembre 2026", "450,00 €", "TVA non applicable, art. 293 B du CGI")
}

// Who cannot be paid is asked for what is missing, as it stands when the mail leaves (F022, F203).
func TestF203AConformingInvoiceAsksForWhatIsMissing(t *testing.T) {
	d := newDesk(t)
	d.apply(models.Rows{Invoices: []models.Invoice{{Ref: "I-2026-000003", Number: "A-1", Kind: models.InvoiceSelfBilled, TrainerRef: "T-000042", Status: models.InvoiceConform, TotalCents: 45000, PayOn: "2027-01-29"}}})
	m := models.Message{Template: "invoice_conform", To: models.RoleTrainer, ToRef: "T-000042", Subject: "I-2026-000003", CreatedAt: instant(31, 8, 0), Args: models.Args{{Name: "pay_on", Value: "2027-01-29"}}}
	trainer, err := d.store.Trainer(t.Context(), "T-000042")
	if err != nil {
		t.Fatal(err)
	}
	d.Letters.Clock = models.Clock{RealEpoch: time.Now(), BusinessEpoch: instant(31, 8, 0), Scale: 1}
	for _, c := range []struct {
		iban, company  string
		says, saysNone []string
	}{
		{"", "987654321", []string{"something is missing to pay it", "your bank details (IBAN)."}, []string{"nothing left", "company number", "29 January"}},
		{"", "", []string{"your bank details (IBAN) and your company number."}, []string{"nothing left"}},
		{"FR7630006000011234567890189", "", []string{"we need your company number."}, []string{"nothing left", "IBAN"}},
		{"FR7630006000011234567890189", "987654321", []string{"nothing left for you to do", "29 January 2027"}, []string{"missing", "IBAN"}},
	} {
		trainer.IBAN, trainer.Company = c.iban, c.company
		if err := d.store.SaveTrainer(t.Context(), trainer); err != nil {
			t.Fatal(err)
		}
		out := d.write(m)
		contains(t, out.Subject+"\n"+out.Text, c.says...)
		for _, not := range c.saysNone {
			if strings.Contains(out.Subject+out.Text, not) {
				t.Errorf("%q is said in\n%s", not, out.Text)
			}
		}
	}
}

// Who is told that their invoice is refused reads what they billed, not what was agreed on (F198, F200).
func TestF198ARefusedInvoiceIsToldByItsOwnAmount(t *testing.T) {
	d := newDesk(t)
	d.apply(models.Rows{Invoices: []models.Invoice{{Ref: "I-2026-000003", Number: "E-7", Kind: models.InvoiceSupplier, TrainerRef: "T-000042", Status: models.InvoiceNonConforming, TotalCents: 45000}}})
	m := models.Message{Template: "invoice_rejected", To: models.RoleTrainer, ToRef: "T-000042", Subject: "I-2026-000003", Args: models.Args{{Name: "amount", Value: "45000"}, {Name: "note", Value: "N-1"}, {Name: "billed", Value: "54000"}},
		Links: []models.Link{{Purpose: models.LinkInvoice, Subject: "I-2026-000003"}}}
	contains(t, d.write(m).Text, "Invoice: E-7", "Amount billed: €540.00")
	m.Args = m.Args[:2] // the agency's own
	contains(t, d.write(m).Text, "Amount billed: €450.00")
}

// A date that is past when the mail leaves is not promised any more (F197).
func TestF197APaymentThatIsLateIsNotPromisedForAPastDay(t *testing.T) {
	d := newDesk(t)
	d.apply(models.Rows{Invoices: []models.Invoice{{Ref: "I-2026-000003", Number: "A-1", Kind: models.InvoiceSelfBilled, TrainerRef: "T-000042", Status: models.InvoiceConform, TotalCents: 45000, PayOn: "2027-01-29"}}})
	trainer, err := d.store.Trainer(t.Context(), "T-000042")
	if err != nil {
		t.Fatal(err)
	}
	trainer.IBAN = "FR7630006000011234567890189"
	if err := d.store.SaveTrainer(t.Context(), trainer); err != nil {
		t.Fatal(err)
	}
	told := models.Message{Template: "invoice_conform", To: models.RoleTrainer, ToRef: "T-000042", Subject: "I-2026-000003", Args: models.Args{{Name: "pay_on", Value: "2027-01-29"}}}
	finance := models.Message{Template: "finance_payment_due", To: models.RoleFinance, Subject: "I-2026-000003", Args: told.Args}
	for _, c := range []struct {
		on      time.Time
		m       models.Message
		subject string
	}{
		{models.Date("2027-01-29").At(8, 0, time.UTC), told, "Your invoice A-1 will be paid by Friday 29 January 2027"},
		{models.Date("2027-01-30").At(8, 0, time.UTC), told, "Your invoice A-1 will be paid at once"},
		{models.Date("2027-01-29").At(8, 0, time.UTC), finance, "Paiement à faire au plus tard le vendredi 29 janvier 2027 : facture A-1"},
		{models.Date("2027-01-30").At(8, 0, time.UTC), finance, "Paiement en retard, à faire sans délai : facture A-1"},
	} {
		d.Letters.Clock = models.Clock{RealEpoch: time.Now(), BusinessEpoch: c.on, Scale: 1}
		out := d.write(c.m)
		contains(t, out.Subject, c.subject)
		if late := strings.Contains(out.Text, "we are late") || strings.Contains(out.Text, "dû depuis le"); late != strings.Contains(c.on.String(), "01-30") {
			t.Errorf("late: %v in\n%s", late, out.Text)
		}
	}
}

func TestF134CertificatesAreIssuedOnce(t *testing.T) {
	d := newDesk(t)
	if got, err := d.IssueCertificates(t.Context(), models.CertificateInput{Dossier: mission, At: instant(10, 8, 0)}); err != nil || len(got) != 0 {
		t.Errorf("nobody came: %v, %v", got, err)
	}
	sign(t, d)
	for range 2 {
		got, err := d.IssueCertificates(t.Context(), models.CertificateInput{Dossier: mission, At: instant(10, 8, 0)})
		if err != nil || !slices.Equal(got, []string{"P-000001", "P-000002"}) {
			t.Fatalf("%v, %v", got, err)
		}
	}
	all, err := d.store.Documents(t.Context(), mission)
	if err != nil || len(all) != 2 {
		t.Errorf("%d documents, %v", len(all), err)
	}
	row, err := d.store.DocumentOf(t.Context(), models.DocumentCertificate, mission+"|P-000001")
	if err != nil {
		t.Fatal(err)
	}
	contains(t, d.read(row.SHA256), "Léo Ÿvan", "17 h 30, sur 21 h prévues", "du 7 décembre 2026 au 9 décembre 2026", "Société Secrète")
	p, err := d.store.Participant(t.Context(), "P-000001")
	if err != nil {
		t.Fatal(err)
	}
	p.Name = "Corrigé Entretemps"
	if err := d.store.SaveParticipants(t.Context(), []models.Participant{p}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.IssueCertificates(t.Context(), models.CertificateInput{Dossier: mission, At: instant(10, 8, 0).Add(300 * time.Nanosecond)}); err != nil {
		t.Fatal(err)
	}
	if all, err = d.store.Documents(t.Context(), mission); err != nil || len(all) != 2 {
		t.Errorf("a retry after a name was corrected: %d documents, %v", len(all), err)
	}
	if again, err := d.store.DocumentOf(t.Context(), models.DocumentCertificate, mission+"|P-000001"); err != nil || again.SHA256 != row.SHA256 {
		t.Errorf("what is sent changed: %v", err)
	}
	if _, err := d.IssueCertificates(t.Context(), models.CertificateInput{Dossier: mission, At: instant(11, 8, 0)}); err != nil {
		t.Fatal(err)
	}
	if all, err = d.store.Documents(t.Context(), mission); err != nil || len(all) != 4 {
		t.Errorf("issued another day: %d documents, %v", len(all), err)
	}
}
