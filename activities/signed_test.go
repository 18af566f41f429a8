package activities

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"jalon/documents"
	"jalon/mail"
	"jalon/models"
	"jalon/store"
)

// contract draws a contract, has it sent, and takes the fact that signs it.
func (d *desk) contract(n int, kind models.ContractKind, f models.Fact, with ...store.ReceiveOption) models.Contract {
	d.t.Helper()
	ctx := d.t.Context()
	c := models.Contract{Ref: models.ContractRef(mission, n), Dossier: mission, Number: n, Kind: kind, Signer: models.RoleClient, TrainerRef: "T-000042",
		Status: models.ContractPending, SentAt: instant(3, 8, 0)}
	ask := models.Message{Key: c.Ref, Template: "contract_client", To: models.RoleClient, ToRef: "K-000001", Subject: c.Ref}
	document := models.DocumentConvention
	if kind == models.ContractTrainer {
		c.Signer, document = models.RoleTrainer, models.DocumentTrainerContract
		ask.Template, ask.To, ask.ToRef = "trainer_contract", models.RoleTrainer, "T-000042"
	}
	var err error
	if c.SHA256, err = d.Activities.Render(ctx, models.RenderInput{Kind: document, Subject: c.Ref, Dossier: mission, At: c.SentAt, Contract: &c, Rate: &models.Offer{Cents: 45000, Unit: models.UnitDay}}); err != nil {
		d.t.Fatal(err)
	}
	step := models.Step{Workflow: models.RequestID(mission), Run: "run", At: c.SentAt, Dossier: mission, Rows: models.Rows{Contracts: []models.Contract{c}}, Messages: []models.Message{ask}}
	d.step(step)
	if err := d.store.MessageSent(ctx, ask.Key, instant(3, 8, 4)); err != nil {
		d.t.Fatal(err)
	}
	f.ID, f.Kind, f.Subject, f.Workflow, f.Dossier, f.Data.SHA256, f.ReceivedAt = "sign/"+c.Ref, models.FactContractSigned, c.Ref, models.RequestID(mission), mission, c.SHA256, instant(4, 18, 30)
	if _, _, err := d.store.Receive(ctx, f, func() time.Time { return f.ReceivedAt }, with...); err != nil {
		d.t.Fatal(err)
	}
	c.Status, c.SignedAt = models.ContractSigned, f.ReceivedAt
	d.step(models.Step{Workflow: models.RequestID(mission), Run: "run", At: instant(4, 18, 30), Dossier: mission, Rows: models.Rows{Contracts: []models.Contract{c}},
		Handled: []models.FactHandling{{ID: f.ID, State: models.FactApplied}}})
	return c
}

func (d *desk) step(s models.Step) {
	d.t.Helper()
	d.seq++
	s.Seq = d.seq
	if _, err := d.store.Apply(d.t.Context(), s); err != nil {
		d.t.Fatal(err)
	}
}

// signedMail is the mail that brings a signed copy.
func (d *desk) signedMail(c models.Contract) (mail.Mail, mail.Attachment) {
	d.t.Helper()
	m := models.Message{Template: "contract_signed", To: c.Signer, Subject: c.Ref, CreatedAt: instant(4, 18, 31)}
	if c.Signer == models.RoleTrainer {
		m.ToRef = c.TrainerRef
	}
	out := d.write(m)
	if len(out.Attachments) != 1 {
		d.t.Fatalf("%d documents come with it", len(out.Attachments))
	}
	return out, out.Attachments[0]
}

func TestF096F101SignedCopyIsDrawnWhenItsMailLeaves(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	for _, err := range []error{
		d.store.SaveNote(ctx, models.Note{Ref: "N-10", Dossier: mission, Text: "Ada D. Demande"}),
		d.store.SaveNote(ctx, models.Note{Ref: "N-11", Dossier: mission, Text: "Noé Œuvré"}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	d.step(models.Step{Workflow: models.RequestID(mission), Run: "run", At: instant(2, 9, 0), Dossier: mission,
		Journal: []models.JournalLine{{Kind: "trainer_chosen", Actor: "U-000001", At: instant(1, 9, 0)}, {Kind: "programme_approved", Actor: "U-000001"}, {Kind: "owner_changed", Actor: "U-000001", At: instant(2, 10, 0)}}})
	client := d.contract(1, models.ContractConvention, models.Fact{Channel: models.ChannelLink, Actor: "K-000001", Data: models.FactData{Note: "N-10"}})
	d.step(models.Step{Workflow: models.RequestID(mission), Run: "run", At: instant(5, 9, 0), Dossier: mission, Journal: []models.JournalLine{{Kind: "programme_approved", Actor: "U-000001"}}})
	out, copied := d.signedMail(client)
	contains(t, out.Text, "Bonjour Ada Demande", "votre exemplaire signé est joint", mission)
	if copied.Name != "exemplaire-signe-D-2026-000123-contract-1.pdf" || copied.MediaType != "application/pdf" {
		t.Errorf("%s, %s", copied.Name, copied.MediaType)
	}
	document, err := d.Activities.Documents.Get(ctx, client.SHA256)
	if err != nil || !bytes.HasPrefix(copied.Data, document) {
		t.Errorf("it is not what was signed: %v", err)
	}
	text := d.read(copied.SHA256)
	contains(t, text, "Convention de formation professionnelle", "Page de signature", client.SHA256, "Camille Exemple, gérante", "jeudi 3 décembre 2026 à 8 h, heure de Paris (2026-12-03T07:00:00Z)",
		"Olga Suivi, le mercredi 2 décembre 2026 à 9 h (programme approuvé)", "Le client Société Secrète", "Représenté par Ada Demande", "Nom saisi pour signer Ada D. Demande",
		"vendredi 4 décembre 2026 à 18 h 30, heure de Paris (2026-12-04T17:30:00Z)", "lien personnel envoyé à son adresse électronique le jeudi 3 décembre 2026 à 8 h 04", "ada@example.com")

	// Sent again, or asked for elsewhere, it is the one that was drawn, though people are called otherwise by now.
	if err := d.store.SaveContact(ctx, models.Contact{Ref: "K-000001", ClientRef: "C-000001", Name: "Ada Autrement", Email: "ada@example.net", Lang: models.English}); err != nil {
		t.Fatal(err)
	}
	again, same := d.signedMail(client)
	contains(t, again.Text, "your signed copy", "Ada Autrement")
	row, err := Copies(d.Activities.clerk()).Signed(ctx, client.Ref)
	if err != nil || same.SHA256 != copied.SHA256 || row.SHA256 != copied.SHA256 || row.Kind != models.DocumentSigned || row.Subject != client.Ref || row.Dossier != mission || !row.CreatedAt.Equal(client.SignedAt) {
		t.Errorf("another copy: %+v, %v", row, err)
	}

	trainer := d.contract(2, models.ContractTrainer, models.Fact{Channel: models.ChannelLink, Actor: "T-000042", Data: models.FactData{Note: "N-11"}})
	out, copied = d.signedMail(trainer)
	contains(t, out.Text, "Hello Noé Œuvré", "your signed copy is attached")
	contains(t, d.read(copied.SHA256), "Contrat d’intervention d’un formateur Référence D-2026-000123/contract/2", "Le formateur Noé Œuvré", "Nom saisi pour signer Noé Œuvré", "noe@example.com")
}

func TestF101SignatureThatStaffRecord(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	told := d.contract(1, models.ContractIndividual, models.Fact{Channel: models.ChannelPhone, Actor: "K-000001", Recorder: "U-000001", Data: models.FactData{Note: "N-1"}})
	_, copied := d.signedMail(told)
	text := d.read(copied.SHA256)
	contains(t, text, "Contrat de formation professionnelle", "Le stagiaire Société Secrète", "Signature reçue vendredi 4 décembre 2026", "Par téléphone, enregistré par Olga Suivi")
	for _, wrong := range []string{"Préciser l’évaluation", "Nom saisi", "Signature électronique"} {
		if bytes.Contains([]byte(text), []byte(wrong)) {
			t.Errorf("%q is on the copy", wrong)
		}
	}

	// The scan is the signed copy.
	scan := []byte("%PDF-1.4 scan")
	sha, err := d.Activities.Documents.Put(ctx, scan)
	if err != nil {
		t.Fatal(err)
	}
	paper := d.contract(2, models.ContractConvention, models.Fact{Channel: models.ChannelPaper, Actor: "K-000001", Recorder: "U-000001", Data: models.FactData{Scan: sha}},
		store.Alongside(func(tx *store.Store) error {
			return tx.SaveDocument(ctx, models.Document{SHA256: sha, Kind: models.DocumentEvidence, Subject: models.ContractRef(mission, 2), Dossier: mission, Name: "justificatif.pdf", MediaType: "application/pdf"})
		}))
	if _, copied = d.signedMail(paper); !bytes.Equal(copied.Data, scan) || copied.Name != "justificatif.pdf" {
		t.Errorf("the scan does not come with it: %s", copied.Name)
	}
	all, err := d.store.Documents(ctx, mission)
	if n := len(slices.DeleteFunc(all, func(x models.Document) bool { return x.Kind != models.DocumentSigned })); err != nil || n != 1 {
		t.Errorf("%d copies drawn, %v", n, err)
	}
}

// A mail that is there to bring a copy does not leave without it.
func TestSignedCopyOfWhatIsNotSigned(t *testing.T) {
	d := newDesk(t)
	d.apply(models.Rows{Contracts: []models.Contract{{Ref: models.ContractRef(mission, 1), Dossier: mission, Number: 1, Kind: models.ContractConvention, Signer: models.RoleClient,
		Status: models.ContractPending, SHA256: documents.SHA256([]byte("x"))}}})
	m := models.Message{Key: "x", Template: "contract_signed", To: models.RoleClient, Subject: models.ContractRef(mission, 1), Dossier: mission}
	if _, err := d.Letters.Render(t.Context(), m); models.ErrorCode(err) != models.CodeUnknown {
		t.Errorf("it leaves: %v", err)
	}
}
