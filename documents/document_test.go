package documents

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jalon/models"
)

var (
	issued = time.Date(2026, 12, 14, 8, 30, 0, 123456000, time.UTC)
	agency = Agency{Name: "Atelier Jalon", Address: "1 place de l’Exemple, 75000 Paris", Company: "123456789",
		VATNumber: "FR00123456789", ActivityNumber: "11750000075"}
	trainer = Party{Name: "Noé Œuvré", Address: "3 allée du Gué, 69000 Lyon", Company: "987654321", ActivityNumber: "84690000069"}
	client  = Party{Name: "Société Ça & Là", Address: "12 rue de l’Été, 69003 Lyon", Company: "111222333", Represented: "Ada Çontact"}
	course  = Course{Dossier: "D-2026-000123", Title: "Tableur, perfectionnement", Mode: "Sur site, chez le client",
		Place: "12 rue de l’Été, 69003 Lyon", Duration: "3 jours (6 demi-journées)", Level: "intermédiaire", GroupSize: 4,
		Participants: []string{"Léo Ÿvan", "Zoé Élan", "Maël Île", "Inès Où"}, Period: "décembre 2026",
		Sessions: []string{"lundi 7 décembre 2026, de 9 h à 12 h 30 et de 14 h à 17 h 30", "mardi 8 décembre 2026, de 9 h à 12 h 30 et de 14 h à 17 h 30"}}
	lines = []Line{
		{Ref: "D-2026-000123/session/1", Label: "Tableur, perfectionnement", Date: "7 décembre 2026", Status: "validée", Duration: "7 h", Quantity: "1 jour", Rate: "450,00 €", Cents: 45000},
		{Ref: "D-2026-000123/session/2", Label: "Tableur, perfectionnement", Date: "8 décembre 2026", Status: "validée", Duration: "3 h 30", Quantity: "0,5 jour", Rate: "450,00 €", Cents: 22500}}
	programme = Programme{Objectives: "Maîtriser les formules.\nCréer un tableau croisé.", Content: strings.Repeat("Fonctions logiques, recherche, mise en forme – « cœur de métier » à 1 234,56 €. ", 20),
		Methods: "Exercices sur les fichiers de l’entreprise.", Assessment: "Cas pratique noté."}
)

// kinds renders one of each kind of document.
func kinds() map[string]func() ([]byte, error) {
	agreement := Agreement{Ref: "D-2026-000123/contract/1", At: issued, Agency: agency, Client: client, Course: course,
		Programme: programme, Trainer: "Noé Œuvré", Titles: "Niveau 5", Price: Price{Net: 300000, VAT: 60000, Total: 360000, VATBps: 2000}}
	individual := agreement
	individual.Individual = true
	individual.Client = Party{Name: "Léo Ÿvan", Address: "5 rue du Mûr, 13000 Marseille"}
	bill := Bill{Number: "T-000042-2026-0001", At: issued, SelfBilled: true, BilledBy: agency,
		Seller: Agency{Name: trainer.Name, Address: trainer.Address, Company: trainer.Company, ActivityNumber: trainer.ActivityNumber},
		Buyer:  Party{Name: agency.Name, Address: agency.Address, Company: agency.Company}, Lines: lines,
		Price: Price{Net: 67500, Total: 67500}, VATText: "TVA non applicable, art. 293 B du CGI", DueOn: "2027-01-13", IBAN: "FR76 3000 6000 0112 3456 7890 189"}
	clientBill := Bill{Number: "F-2026-0001", At: issued, Seller: agency, Buyer: client, Course: course, DueOn: "2027-01-13",
		Details: [][2]string{{"Stagiaires", "Léo Ÿvan, Zoé Élan"}, {"Heures-stagiaires", "80,5"}},
		Lines:   []Line{{Label: "Formation, 6 demi-journées", Date: "décembre 2026", Quantity: "3", Rate: "1 000,00 €", Cents: 300000}},
		Price:   Price{Net: 300000, VAT: 60000, Total: 360000, VATBps: 2000}}
	return map[string]func() ([]byte, error){
		"convention":        func() ([]byte, error) { return Convention(agreement) },
		"training-contract": func() ([]byte, error) { return Convention(individual) },
		"trainer-contract": func() ([]byte, error) {
			return TrainerContract(Mission{Ref: "D-2026-000123/contract/2", At: issued, Agency: agency, Trainer: trainer, Course: course, Rate: "450,00 € par jour", Cents: 135000, VATText: "TVA non applicable, art. 293 B du CGI"})
		},
		"recap": func() ([]byte, error) {
			return Recap(Statement{Ref: "agency/T-000042/2026-12/recap/1", At: issued, Agency: agency, Trainer: trainer, Month: "2026-12", Lines: lines, Total: 67500})
		},
		"self-billed":    func() ([]byte, error) { return Invoice(bill) },
		"client-invoice": func() ([]byte, error) { return Invoice(clientBill) },
		"certificate": func() ([]byte, error) {
			return Certificate(Attestation{Ref: "D-2026-000123|P-000001", At: issued, Agency: agency, Participant: "Léo Ÿvan", Employer: client.Name, Course: course, From: "2026-12-07", To: "2026-12-09", Minutes: 1050, Planned: 1260})
		},
		"sheet": func() ([]byte, error) {
			return Sheet(Roll{Ref: "D-2026-000123/session/1", At: issued, Agency: agency, Course: course, Trainer: trainer.Name, TrainerSigned: "lundi 7 décembre 2026 à 17 h 45", Times: course.Sessions[:1],
				HalfDays: []string{"9 h – 12 h 30", "14 h – 17 h 30"}, People: []Attendee{{Name: "Léo Ÿvan", Email: "leo@example.com", Marks: []string{"Signé à 9 h 05", "Absent"}}, {Name: "Zoé Élan", Email: "zoe@example.com"}}})
		},
	}
}

// extract is the text of a PDF, spaces made plain and single.
func extract(t *testing.T, pdf []byte) string {
	t.Helper()
	bin, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Fatal("pdftotext is missing: apt-get install poppler-utils")
	}
	cmd := exec.Command(bin, "-layout", "-enc", "UTF-8", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

func TestDocumentsSayWhatWasPutIn(t *testing.T) {
	want := map[string][]string{
		"convention": {"Convention de formation professionnelle", "D-2026-000123/contract/1", "14 décembre 2026", "Société Ça & Là",
			"Ada Çontact", "SIREN 123456789", "Enregistrée sous le numéro 11750000075. Cet enregistrement ne vaut pas agrément de l’État.",
			"Tableur, perfectionnement", "3 jours (6 demi-journées)", "Maîtriser les formules.", "« cœur de métier » à 1 234,56 €",
			"Exercices sur les fichiers", "Cas pratique noté.", "3 000,00 € hors taxes, TVA 20 % 600,00 €, soit 3 600,00 € toutes taxes comprises", "Léo Ÿvan", "Noé Œuvré", "Niveau 5", "L6353-1", "40,00 €", "1/2"},
		"training-contract": {"Contrat de formation professionnelle", "L6353-3 à L6353-7", "10 jours", "14 jours", "lettre recommandée", "30 %", "force majeure", "intermédiaire", "Niveau 5"},
		"trainer-contract": {"450,00 € par jour", "1 350,00 € hors taxes", "Les frais (déplacement", "Pièces qui conditionnent le paiement", "feuille d’émargement",
			"libre de refuser toute mission", "sous-traitée", "Aucun volume de travail", "TVA non applicable, art. 293 B du CGI", "5 000 €", "84690000069"},
		"recap":          {"Relevé des séances – décembre 2026", "7 décembre", "D-2026-000123/session/1", "validée", "3 h 30", "0,5 jour", "225,00 €", "675,00 €", "votre silence ne vaut pas acceptation"},
		"self-billed":    {"Autofacturation", "T-000042-2026-0001", "293 B", "13 janvier 2027", "40,00 €", "Pas d’escompte", "SIREN 987654321", "FR76 3000 6000 0112 3456 7890 189", "Prestation de services"},
		"client-invoice": {"F-2026-0001", "111222333", "TVA 20 %", "600,00 €", "3 600,00 €", "80,5", "Léo Ÿvan, Zoé Élan", "Sur site, chez le client, 12 rue de l’Été"},
		"certificate":    {"Certificat de réalisation", "Léo Ÿvan", "17 h 30, sur 21 h prévues", "du 7 décembre 2026 au 9 décembre 2026", "Société Ça & Là"},
		"sheet":          {"Feuille d’émargement", "Léo Ÿvan", "leo@example.com", "Signé à 9 h 05", "Absent", "9 h – 12 h 30", "zoe@example.com", "Signé en ligne le lundi 7 décembre 2026"},
	}
	for name, render := range kinds() {
		t.Run(name, func(t *testing.T) {
			pdf, err := render()
			if err != nil {
				t.Fatal(err)
			}
			again, err := render()
			if err != nil || !bytes.Equal(pdf, again) {
				t.Errorf("the same data gives other bytes (%v)", err)
			}
			text := extract(t, pdf)
			for _, s := range want[name] {
				if !strings.Contains(text, s) {
					t.Errorf("%q is missing from\n%s", s, text)
				}
			}
			if dir := os.Getenv("JALON_PDF_DIR"); dir != "" { // to look at them
				if err := os.WriteFile(filepath.Join(dir, name+".pdf"), pdf, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestDocumentsTakeAnyText(t *testing.T) {
	hostile := "e\u0301te\u0301 \u202f\u2009 🙂 漢字 {pages} " + strings.Repeat("x", 400) + "\x00\xff\r\nfin"
	long := strings.Repeat(hostile+"\n", 60)
	people := make([]Attendee, 60)
	for i := range people {
		people[i] = Attendee{Name: hostile, Email: hostile, Marks: []string{"", hostile}}
	}
	pdf, err := Sheet(Roll{Ref: hostile, At: issued, Agency: Agency{Name: hostile, Address: long}, Course: Course{Title: hostile, Place: long},
		HalfDays: []string{"9 h", "14 h"}, People: people})
	if err != nil {
		t.Fatal(err)
	}
	if text := extract(t, pdf); !strings.Contains(text, "été") || !strings.Contains(text, "fin") {
		t.Error("text was lost")
	}
	if _, err := Recap(Statement{}); err != nil {
		t.Errorf("an empty statement: %v", err)
	}
}

func TestFolderKeepsByContent(t *testing.T) {
	ctx := context.Background()
	root := filepath.Join(t.TempDir(), "documents")
	f, err := NewFolder(root)
	if err != nil {
		t.Fatal(err)
	}
	sha, err := f.Put(ctx, []byte("%PDF"))
	if err != nil || sha != SHA256([]byte("%PDF")) {
		t.Fatalf("%s, %v", sha, err)
	}
	if again, err := f.Put(ctx, []byte("%PDF")); err != nil || again != sha {
		t.Errorf("again: %s, %v", again, err)
	}
	if data, err := f.Get(ctx, sha); err != nil || string(data) != "%PDF" {
		t.Errorf("%q, %v", data, err)
	}
	for _, name := range []string{"", "../../etc/passwd", strings.Repeat("0", 64), strings.ToUpper(sha)} {
		if _, err := f.Get(ctx, name); models.ErrorCode(err) != models.CodeUnknown {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := os.WriteFile(f.path(sha), []byte("changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Get(ctx, sha); models.ErrorCode(err) != models.CodeInternal {
		t.Errorf("changed bytes: %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := f.Put(gone, []byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}
