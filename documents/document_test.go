package documents

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

var (
	issued = time.Date(2026, 12, 14, 8, 30, 0, 123456000, time.UTC)
	agency = Agency{Name: "Atelier Jalon", LegalForm: "SARL au capital de 10\u00a0000 €", Address: "1 place de l’Exemple, 75000 Paris", Company: "123456789", Establishment: "12345678900012",
		Register: "RCS Paris", VATNumber: "FR00123456789", ActivityNumber: "11750000075", Representative: "Camille Exemple, gérante", Email: "missions@example.org", Phone: "01 99 00 00 00",
		HouseRules: "https://www.example.org/reglement-interieur", Mediator: "Médiation Exemple, 2 rue de l’Entente, 75000 Paris, https://mediation.example.org", IBAN: "FR3999999000010000000000199"}
	trainer = Party{Name: "Noé Œuvré", LegalForm: "Entrepreneur individuel (EI)", Address: "3 allée du Gué, 69000 Lyon", Company: "987654321", ActivityNumber: "84690000069"}
	client  = Party{Name: "Société Ça & Là", Address: "12 rue de l’Été, 69003 Lyon", Company: "111222333", VATNumber: "FR00111222333", Represented: "Ada Çontact", Type: models.ClientSME}
	course  = Course{Dossier: "D-2026-000123", Title: "Tableur : du calcul à l’analyse", Mode: "Sur site, chez le client",
		Place: "12 rue de l’Été, 69003 Lyon", Duration: "3\u00a0jours (6\u00a0demi-journées)", Level: "intermédiaire", GroupSize: 4,
		Participants: []string{"Léo Ÿvan", "Zoé Élan", "Maël Île", "Inès Où"},
		Sessions: []string{"lundi\u00a07\u00a0décembre 2026, de 9\u00a0h à 12\u00a0h\u00a030 et de 14\u00a0h à 17\u00a0h\u00a030", "mardi\u00a08\u00a0décembre 2026, de 9\u00a0h à 12\u00a0h\u00a030 et de 14\u00a0h à 17\u00a0h\u00a030",
			"mercredi\u00a09\u00a0décembre 2026, de 9\u00a0h à 12\u00a0h\u00a030 et de 14\u00a0h à 17\u00a0h\u00a030"}}
	lines = []Line{
		{Ref: "D-2026-000123/session/1", Label: "Tableur : du calcul à l’analyse", Date: "7\u00a0décembre 2026", Status: "validée", Duration: "7\u00a0h", Quantity: "1\u00a0jour", Rate: "450,00\u00a0€", Cents: 45000},
		{Ref: "D-2026-000123/session/2", Label: "Tableur : du calcul à l’analyse", Date: "8\u00a0décembre 2026", Status: "validée", Duration: "3\u00a0h\u00a030", Quantity: "0,5\u00a0jour", Rate: "450,00\u00a0€", Cents: 22500}}
	terms     = models.Terms{PromiseDays: 30, VigilanceCents: 500000, VigilanceMonths: 6, UndisputedPaid: true}
	programme = Programme{Objectives: "Maîtriser les formules.\nCréer un tableau croisé.", Content: "Fonctions logiques, recherche, mise en forme – le « cœur de métier » à 1\u202f234,56 €.\nÀ la fin : synthèse… et bilan.",
		Methods: "Exercices sur les fichiers de l’entreprise ; un poste par personne.", Assessment: "Cas pratique noté."}
)

// paperwork is one of each document, by the features it serves.
func paperwork() map[string]any {
	agreement := Agreement{Ref: "D-2026-000123/contract/1", At: issued, Agency: agency, Client: client, Course: course,
		Programme: programme, Trainer: "Noé Œuvré", Titles: "Master de gestion, 2009\ncertification qualité", Price: Price{Net: 300000, VAT: 60000, Total: 360000, VATBps: 2000, Quantity: "3\u00a0jours", Unit: "1\u00a0000,00\u00a0€"}}
	individual := agreement
	individual.Individual = true
	individual.Client = Party{Name: "Léo Ÿvan", Address: "5 rue du Mûr, 13000 Marseille", Type: models.ClientIndividual}
	individual.Course.Participants, individual.Course.GroupSize, individual.Course.Mode, individual.Course.Remote = nil, 1, "En partie à distance", true
	individual.Price = Price{Net: 90000, Total: 90000, Quantity: "3\u00a0jours", Unit: "300,00\u00a0€"}
	bill := Bill{Number: "T-000042-2026-0001", At: issued, SelfBilled: true, Agency: agency, Trainer: &trainer, Lines: lines, Period: "du 7\u00a0décembre 2026 au 8\u00a0décembre 2026",
		Price: Price{Net: 67500, Total: 67500}, VATText: "TVA non applicable, art. 293 B du CGI", DueOn: "2027-01-13", PromiseDays: 30, IBAN: "FR7630006000011234567890189"}
	company := Party{Name: "Formations Éole", Address: "7 quai du Nord, 59000 Lille", Company: "987654322", VATNumber: "FR00987654322"}
	draft := Bill{At: issued, Agency: agency, Trainer: &company, Lines: lines, Period: "décembre 2026", Price: Price{Net: 67500, VAT: 13500, Total: 81000, VATBps: 2000}, IBAN: "FR7630006000011234567890189"}
	clientBill := Bill{Number: "F-2026-0001", At: issued, Agency: agency, Client: client, Course: course, DueOn: "2027-01-13", Period: "du 7\u00a0décembre 2026 au 9\u00a0décembre 2026", IBAN: agency.IBAN,
		Details: [][2]string{{"Séances", strings.Join(course.Sessions, "\n")}, {"Stagiaires", "2 : Léo Ÿvan, Zoé Élan"}, {"Statut des stagiaires", "salariés d’employeurs privés"},
			{"Heures-stagiaires", "38\u00a0h\u00a030, absences déduites"}, {"Code BPF", "cadre C, ligne 1 (entreprises, pour la formation de leurs salariés)"}},
		Lines: []Line{{Label: "Tableur : du calcul à l’analyse", Quantity: "3\u00a0jours", Rate: "1\u00a0000,00\u00a0€", Cents: 300000}},
		Price: Price{Net: 300000, VAT: 60000, Total: 360000, VATBps: 2000}}
	exempt := clientBill
	exempt.Number, exempt.Client, exempt.VATText, exempt.Price = "F-2026-0002", individual.Client, Exempt, Price{Net: 300000, Total: 300000}
	roll := Roll{Ref: "D-2026-000123/session/1", At: issued, Agency: agency, Course: course, Trainer: trainer.Name, TrainerSigned: "lundi\u00a07\u00a0décembre 2026 à 17\u00a0h\u00a045", Times: course.Sessions[:1],
		HalfDays: []string{"9\u00a0h – 12\u00a0h\u00a030", "14\u00a0h – 17\u00a0h\u00a030"}, People: []Attendee{
			{Name: "Léo Ÿvan", Email: "leo@example.com", Marks: []string{"Signé en ligne\nle 7\u00a0décembre 2026 à 9\u00a0h\u00a005", "Absent"}},
			{Name: "Zoé Élan", Email: "zoe@example.com", Marks: []string{"Signé en ligne\nle 7\u00a0décembre 2026 à 9\u00a0h\u00a004", "Signé, relevé\nle 8\u00a0décembre 2026 à 10\u00a0h"}}}}
	blank := roll
	blank.Ref, blank.TrainerSigned, blank.Times = "D-2026-000123/session/2", "", course.Sessions[1:2]
	blank.People = []Attendee{{Name: "Léo Ÿvan", Email: "leo@example.com"}, {Name: "Zoé Élan", Email: "zoe@example.com"}}
	blank.Spare = 2
	summons := Summons{Ref: "D-2026-000123/session/1 – P-000001", At: issued, Lang: models.French, Agency: agency, Participant: "Léo Ÿvan", Client: client.Name, Contact: client.Represented,
		Course: course, Times: course.Sessions[:1], Trainer: trainer.Name, Assessment: "Cas pratique noté.", Programme: true}
	english := summons
	english.Lang, english.Participant, english.Course.Mode, english.Course.Duration = models.English, "Zoé Élan", "On the client's premises", "3\u00a0days (6\u00a0half-days)"
	english.Times, english.Course.Sessions = []string{"Monday 7 December 2026, 09:00 to 12:30 and 14:00 to 17:30"}, nil
	corrected := slices.Clone(lines[1:])
	corrected[0].Quantity += " (corrigée)"
	return map[string]any{
		"F101 convention": agreement, "F101 training contract": individual, "F103 public client": publicly(agreement),
		"F034 F096 F097 F099 trainer contract": Mission{Ref: "D-2026-000123/contract/2", At: issued, Agency: agency, Trainer: trainer, Course: course, Programme: programme, Rate: "450,00\u00a0€ par jour", Cents: 135000,
			Mandate: true, VATText: "TVA non applicable, art. 293 B du CGI", CPF: true, Terms: terms},
		"F091 programme":  Outline{Ref: "D-2026-000123/programme/2", At: issued, Agency: agency, Course: course, Programme: programme, Trainer: trainer.Name},
		"F179 F180 recap": Statement{Ref: "agency/T-000042/2026-12/recap/1", At: issued, Agency: agency, Trainer: trainer, Month: "2026-12", Lines: lines, Total: 67500, VATText: "TVA non applicable, art. 293 B du CGI", Terms: terms},
		"F181 corrected recap": Statement{Ref: "agency/T-000042/2026-12/recap/2", At: issued, Agency: agency, Trainer: trainer, Month: "2026-12", Lines: corrected, Total: 22500, VATText: "TVA non applicable, art. 293 B du CGI", Terms: terms,
			Replaces: "agency/T-000042/2026-12/recap/1", Explanation: "La feuille signée compte une demi-journée.\nMerci de nous l’avoir dit.", BilledApart: true},
		"F192 self-billed invoice": bill, "F193 F194 supplier draft": draft, "F202 client invoice": clientBill, "F202 individual invoice": exempt,
		"F134 F140 certificate": Attestation{Ref: "D-2026-000123 – P-000001", At: issued, Agency: agency, Participant: "Léo Ÿvan", Employer: client.Name, Course: course, From: "2026-12-07", To: "2026-12-09", Minutes: 1050, Planned: 1260},
		"F123 F124 F125 sheets": []Roll{roll, blank}, "F119 convocation": summons, "F119 convocation in English": english,
	}
}

func publicly(a Agreement) Agreement {
	a.Client = Party{Name: "Ville d’Exemple", Address: "Place de la Mairie, 01000 Exemple", Company: "210000000", Represented: "Sam Élu", Type: models.ClientPublic}
	return a
}

func draw(doc any) ([]byte, error) {
	switch d := doc.(type) {
	case Agreement:
		return Convention(d)
	case Mission:
		return TrainerContract(d)
	case Outline:
		return Syllabus(d)
	case Statement:
		return Recap(d)
	case Bill:
		return Invoice(d)
	case Attestation:
		return Certificate(d)
	case []Roll:
		return Sheets(d...)
	case Summons:
		return Convocation(d)
	}
	return nil, fmt.Errorf("no document %T", doc)
}

// poppler runs one of its tools upon a PDF.
func poppler(t *testing.T, pdf []byte, tool string, args ...string) string {
	t.Helper()
	bin, err := exec.LookPath(tool)
	require.NoError(t, err, "install it: apt-get install poppler-utils")
	cmd := exec.Command(bin, args...)
	cmd.Stdin = bytes.NewReader(pdf)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

// extract is the text of a PDF in the order it was written; poppler shows every space as a plain one.
func extract(t *testing.T, pdf []byte) string {
	return strings.ReplaceAll(poppler(t, pdf, "pdftotext", "-raw", "-enc", "UTF-8", "-", "-"), "\f", "")
}

// solid is a text without what separates its words: how it was broken into lines does not count.
func solid(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// strs calls put with every text put into a document; pictures, dates and choices are none.
func strs(v reflect.Value, put func(string)) {
	switch v.Kind() {
	case reflect.String:
		switch v.Interface().(type) {
		case models.Lang, models.ClientType, models.Date, models.Month:
		default:
			put(v.String())
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			strs(v.Field(i), put)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			strs(v.Index(i), put)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			strs(v.Elem(), put)
		}
	}
}

// unsaid are the texts put in that a document has no use for: what is known of an agency, a course or a line is more
// than each of them tells.
var unsaid = func() map[string][]string {
	whole := slices.Concat(course.Participants, course.Sessions, []string{course.Duration, course.Level})
	agreement := []string{agency.HouseRules, agency.Mediator, agency.IBAN}
	refs := []string{lines[0].Ref, lines[1].Ref} // in words
	inform := []string{agency.Establishment, agency.Representative, agency.Mediator, agency.IBAN}
	return map[string][]string{
		"F101 convention": agreement, "F103 public client": agreement, "F034 F096 F097 F099 trainer contract": agreement, "F101 training contract": {agency.HouseRules, agency.IBAN},
		"F091 programme":   slices.Concat(inform, []string{agency.HouseRules}, course.Participants, course.Sessions),
		"F119 convocation": slices.Concat(inform, course.Participants, []string{course.Level}), "F119 convocation in English": slices.Concat(inform, course.Participants, []string{course.Level}),
		"F123 F124 F125 sheets":    slices.Concat(inform, whole, []string{agency.HouseRules}),
		"F134 F140 certificate":    slices.Concat([]string{agency.Establishment, agency.HouseRules, agency.Mediator, agency.IBAN}, whole),
		"F179 F180 recap":          slices.Concat(inform, refs, []string{agency.HouseRules, trainer.LegalForm, trainer.ActivityNumber}),
		"F181 corrected recap":     slices.Concat(inform, refs, []string{agency.HouseRules, trainer.LegalForm, trainer.ActivityNumber}),
		"F192 self-billed invoice": slices.Concat(inform, refs, []string{agency.HouseRules, agency.Register, agency.ActivityNumber, agency.LegalForm, agency.Email, agency.Phone, "validée", "7\u00a0h", "3\u00a0h\u00a030"}),
		"F193 F194 supplier draft": slices.Concat(inform, refs, []string{agency.HouseRules, agency.Register, agency.ActivityNumber, agency.LegalForm, agency.Email, agency.Phone, "validée", "7\u00a0h", "3\u00a0h\u00a030"}),
		"F202 client invoice":      slices.Concat(inform[:3], []string{agency.HouseRules, client.Represented}, course.Participants, []string{course.Level}),
		"F202 individual invoice":  slices.Concat(inform[:3], []string{agency.HouseRules}, course.Participants, []string{course.Level}),
	}
}()

func TestEachDocumentSaysAllAndOnlyWhatItShould(t *testing.T) {
	for name, doc := range paperwork() {
		t.Run(name, func(t *testing.T) {
			pdf, err := draw(doc)
			require.NoError(t, err)
			again, err := draw(doc)
			require.NoError(t, err)
			require.Equal(t, SHA256(pdf), SHA256(again), "the same data gives other bytes")
			if dir := os.Getenv("JALON_PDF_DIR"); dir != "" { // to look at them
				require.NoError(t, os.WriteFile(filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".pdf"), pdf, 0o644))
			}

			// The whole flow of its text, as somebody read and approved it.
			text := extract(t, pdf)
			golden := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".txt")
			if os.Getenv("UPDATE") != "" {
				require.NoError(t, os.WriteFile(golden, []byte(text), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err, "UPDATE=1 go test ./documents writes it; read it before it is committed")
			require.Equal(t, string(want), text)

			for _, number := range []string{agency.ActivityNumber, trainer.ActivityNumber} { // L6352-12 has no other wording
				require.Equal(t, strings.Count(solid(text), number), strings.Count(solid(text), solid(registered(number))))
			}

			// And everything that was put in, whatever was approved.
			flat, lost := solid(text), []string{}
			strs(reflect.ValueOf(doc), func(s string) {
				if !slices.Contains(unsaid[name], s) && !strings.Contains(flat, solid(clean(s))) {
					lost = append(lost, s)
				}
			})
			require.Empty(t, lost, text)

			fonts := strings.Split(strings.TrimSpace(poppler(t, pdf, "pdffonts", "-")), "\n")[2:]
			require.NotEmpty(t, fonts)
			for _, f := range fonts { // name, type, encoding, embedded, subset, unicode, object
				require.Regexp(t, `jalon sansB? +CID TrueType +Identity-H +yes +(yes|no) +yes +[0-9]+ +[0-9]+$`, f)
			}
			about := poppler(t, pdf, "pdfinfo", "-")
			author := "Atelier Jalon"
			if b, ok := doc.(Bill); ok && b.Trainer != nil {
				author = b.Trainer.Name
			}
			require.Regexp(t, `(?m)^Title: +\S`, about)
			require.Regexp(t, `(?m)^Author: +`+author+`$`, about)
			lang := "fr-FR"
			if strings.HasSuffix(name, "English") {
				lang = "en-GB"
			}
			require.Contains(t, string(pdf), "/Lang ("+lang+")")
		})
	}
}

func TestADocumentThatLacksAMandatoryMentionIsRefused(t *testing.T) {
	all := paperwork()
	agreement, individual := all["F101 convention"].(Agreement), all["F101 training contract"].(Agreement)
	contract, self, bill := all["F034 F096 F097 F099 trainer contract"].(Mission), all["F192 self-billed invoice"].(Bill), all["F202 client invoice"].(Bill)
	certificate, summons, roll := all["F134 F140 certificate"].(Attestation), all["F119 convocation"].(Summons), all["F123 F124 F125 sheets"].([]Roll)[0]
	outline, recap := all["F091 programme"].(Outline), all["F179 F180 recap"].(Statement)
	for _, c := range []struct {
		lacks string
		doc   func() any
	}{
		{"agency legal form", func() any { d := agreement; d.Agency.LegalForm = ""; return d }},
		{"client address", func() any { d := agreement; d.Client.Address = " "; return d }},
		{"objectives", func() any { d := agreement; d.Programme.Objectives = ""; return d }},
		{"period", func() any { d := agreement; d.Course.Sessions = nil; return d }},
		{"price", func() any { d := agreement; d.Price = Price{}; return d }},
		{"agency VAT number", func() any { d := agreement; d.Agency.VATNumber = ""; return d }},
		{"agency activity number, without which there is no VAT exemption", func() any { d := individual; d.Agency.ActivityNumber = ""; return d }},
		{"prior level", func() any { d := individual; d.Course.Level = ""; return d }},
		{"trainer titles", func() any { d := individual; d.Titles = ""; return d }},
		{"consumer mediator", func() any { d := individual; d.Agency.Mediator = ""; return d }},
		{"trainer company number", func() any { d := contract; d.Trainer.Company = ""; return d }},
		{"trainer VAT number or exemption", func() any { d := contract; d.VATText = ""; return d }},
		{"terms", func() any { d := contract; d.Terms = models.Terms{}; return d }},
		{"rate", func() any { d := contract; d.Rate = ""; return d }},
		{"company number", func() any { p := trainer; p.Company = ""; d := self; d.Trainer = &p; return d }},
		{"number", func() any { d := self; d.Number = ""; return d }},
		{"reason why no VAT is charged", func() any { d := self; d.VATText = ""; return d }},
		{"VAT number", func() any { d := bill; d.Agency.VATNumber = ""; return d }},
		{"due date", func() any { d := bill; d.DueOn = ""; return d }},
		{"terms", func() any { d := self; d.PromiseDays = 0; return d }},
		{"total that adds up", func() any { d := bill; d.Price.Total--; return d }},
		{"duration", func() any { d := certificate; d.Minutes = 0; return d }},
		{"participant name", func() any { d := certificate; d.Participant = ""; return d }},
		{"agency e-mail", func() any { d := summons; d.Agency.Email = ""; return d }},
		{"trainer name", func() any { d := roll; d.Trainer = ""; return []Roll{d} }},
		{"sessions", func() any { return []Roll{} }},
		{"date", func() any { d := outline; d.At = time.Time{}; return d }},
		{"assessment", func() any { d := outline; d.Programme.Assessment = ""; return d }},
		{"lines", func() any { d := recap; d.Lines = nil; return d }},
	} {
		t.Run(c.lacks, func(t *testing.T) {
			pdf, err := draw(c.doc())
			require.Equal(t, models.CodeDocumentIncomplete, models.ErrorCode(err))
			require.Nil(t, pdf)
			require.Regexp(t, "lacks: "+regexp.QuoteMeta(c.lacks)+"$", err.Error())
		})
	}
}

// follows tells that texts are found one after another.
func follows(t *testing.T, text string, want ...string) {
	t.Helper()
	flat := solid(text)
	for _, w := range want {
		_, rest, ok := strings.Cut(flat, solid(w))
		if !ok {
			t.Fatalf("%q does not follow in\n%s", w, text)
		}
		flat = rest
	}
}

func pageCount(t *testing.T, pdf []byte, text string) int {
	t.Helper()
	n := strings.Count(string(pdf), "/Type /Page\n")
	for i := range n {
		require.Contains(t, text, fmt.Sprintf("page %d sur %d\n", i+1, n))
	}
	return n
}

func TestLongDocumentsGoOnFromPageToPage(t *testing.T) {
	all := paperwork()
	var want []string
	t.Run("F091 a programme of 20,000 characters", func(t *testing.T) {
		content := ""
		for i := 0; len(content) < 20_000; i++ {
			want = append(want, fmt.Sprintf("Point %d", i))
			content += want[i] + ", puis un exercice sur un cas réel, « à la carte ». "
			if i%7 == 6 {
				content += "\n"
			}
		}
		for _, doc := range []any{all["F101 convention"], all["F091 programme"]} {
			switch d := doc.(type) {
			case Agreement:
				d.Programme.Content = content
				doc = d
			case Outline:
				d.Programme.Content = content
				doc = d
			}
			pdf, err := draw(doc)
			require.NoError(t, err)
			text := extract(t, pdf)
			require.GreaterOrEqual(t, pageCount(t, pdf, text), 5)
			follows(t, text, append(want, "Évaluation des acquis")...)
		}
	})
	t.Run("F123 a group of 60", func(t *testing.T) {
		roll := all["F123 F124 F125 sheets"].([]Roll)[0]
		roll.People, want = nil, nil
		for i := range 60 {
			name := fmt.Sprintf("Participante n° %d Élan-Où", i)
			want = append(want, name)
			roll.People = append(roll.People, Attendee{Name: name, Email: fmt.Sprintf("participante-%d@example.org", i), Marks: []string{fmt.Sprintf("Signé %d", i)}})
		}
		pdf, err := Sheets(roll)
		require.NoError(t, err)
		text := extract(t, pdf)
		n := pageCount(t, pdf, text)
		require.GreaterOrEqual(t, n, 4)
		require.Equal(t, n, strings.Count(text, "Participant 9 h – 12 h 30 14 h – 17 h 30\n"), "the header of the table is on each page")
		follows(t, text, append(want, "Signature du formateur")...)
	})
	t.Run("F202 an invoice of 40 lines", func(t *testing.T) {
		bill := all["F202 client invoice"].(Bill)
		bill.Lines, want = nil, nil
		for i := range 40 {
			want = append(want, fmt.Sprintf("Module %d à la carte", i))
			bill.Lines = append(bill.Lines, Line{Label: want[i], Date: "décembre 2026", Quantity: "1\u00a0jour", Rate: "75,00\u00a0€", Cents: 7500})
		}
		pdf, err := Invoice(bill)
		require.NoError(t, err)
		text := extract(t, pdf)
		n := pageCount(t, pdf, text)
		require.GreaterOrEqual(t, n, 2)
		require.Equal(t, n, strings.Count(text, "Désignation"))
		follows(t, text, append(want, "Total toutes taxes comprises 3 600,00 €")...)
	})
	t.Run("F123 a blank sheet for nine fits on one page", func(t *testing.T) {
		roll := all["F123 F124 F125 sheets"].([]Roll)[1]
		roll.Course.Title = "Maîtriser l’analyse multidimensionnelle de données budgétaires hétérogènes : du calcul élémentaire à la modélisation prédictive avancée"
		roll.Course.Place = "Salle de conférences Maréchal-de-Lattre-de-Tassigny, 3e étage, porte 312, Centre d’affaires international des Deux-Rives, 12 quai de l’Exemple, 69002 Lyon"
		roll.Trainer = "Maximilienne-Anastasie de la Rochefoucauld-Châteaubriant d’Œuvray-Nuñez"
		for n := range 12 {
			roll.People = nil
			for i := range n + 1 {
				name := "Zoé Élan"
				if i < 3 {
					name = "Marie-Antoinette Joséphine de Sainte-Hermine du Plessis-Bellière"
				}
				roll.People = append(roll.People, Attendee{Name: name, Email: fmt.Sprintf("participante-%d@example.org", i)})
			}
			pdf, err := Sheets(roll)
			require.NoError(t, err)
			text := extract(t, pdf)
			pages := pageCount(t, pdf, text)
			roll.Spare = 0
			without, err := Sheets(roll)
			require.NoError(t, err)
			require.Equal(t, pages, pageCount(t, without, extract(t, without)), "lines to spare take no page")
			if roll.Spare = 2; n < 5 {
				require.NotEqual(t, SHA256(without), SHA256(pdf), "lines are left for who comes later")
			}
			if dir := os.Getenv("JALON_PDF_DIR"); dir != "" && n == 8 {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "sheet-of-nine.pdf"), pdf, 0o644))
			}
			if n < 9 {
				require.Equal(t, 1, pages, "%d people", n+1)
			} else if pages > 1 {
				follows(t, text, "page 1 sur 2", "participante", "Signature du formateur")
			}
		}
	})
	t.Run("F179 F192 eight sessions of a long title", func(t *testing.T) {
		const title = "Maîtriser l’analyse multidimensionnelle de données budgétaires hétérogènes : du calcul élémentaire à la modélisation prédictive avancée"
		bill, recap := all["F192 self-billed invoice"].(Bill), all["F179 F180 recap"].(Statement)
		bill.Lines = nil
		for i := range 8 {
			bill.Lines = append(bill.Lines, Line{Ref: course.Dossier + "/session/" + strconv.Itoa(i+1), Label: title, Date: "30 septembre 2026", Cents: 45_000})
		}
		bill.Lines = append(bill.Lines, Line{Ref: "D-2026-000124/session/1", Label: "Deuxième mission du mois", Date: "30 septembre 2026", Cents: 45_000})
		recap.Lines = bill.Lines
		for _, doc := range []any{bill, recap} {
			pdf, err := draw(doc)
			require.NoError(t, err)
			text := extract(t, pdf)
			require.Equal(t, 1, pageCount(t, pdf, text))
			require.Equal(t, 1, strings.Count(solid(text), solid(title)), "the title is said once")
			follows(t, text, "Formation D-2026-000123 Maîtriser", "Formation D-2026-000124 Deuxième mission", "Séance 8 – D-2026-000123", "Séance 1 – D-2026-000124")
		}
	})
	t.Run("F192 whose name is long is named on each page", func(t *testing.T) {
		bill := all["F192 self-billed invoice"].(Bill)
		seller := trainer
		seller.Name = "Maximilienne-Anastasie de la Rochefoucauld-Châteaubriant d’Œuvray-Nuñez"
		bill.Trainer, bill.Lines = &seller, slices.Repeat(lines, 30)
		pdf, err := draw(bill)
		require.NoError(t, err)
		require.Contains(t, extract(t, pdf), seller.Name+" Facture – Autofacturation – T-000042-2026-0001\n")
	})
	t.Run("a cell longer than a page", func(t *testing.T) {
		recap := all["F179 F180 recap"].(Statement)
		label := ""
		want = nil
		for i := range 300 {
			want = append(want, fmt.Sprintf("mot%d.", i))
			label += want[i] + " "
		}
		recap.Lines = []Line{lines[0], {Label: label, Cents: 1}, lines[1]}
		pdf, err := Recap(recap)
		require.NoError(t, err)
		text := extract(t, pdf)
		require.GreaterOrEqual(t, pageCount(t, pdf, text), 3)
		follows(t, text, append(want, "8 décembre 2026")...)
	})
}

// However many rows there are, a header has one under it, a total is on the page of the last line and a signature on that of
// the last who signed.
func TestWhatBelongsTogetherStaysOnOnePage(t *testing.T) {
	all := paperwork()
	const title = "Conduire le changement dans un établissement médico-social, du diagnostic des usages au bilan"
	checked := func(name string, doc any, header, row, last string) {
		pdf, err := draw(doc)
		require.NoError(t, err)
		pages := strings.Split(strings.TrimSuffix(poppler(t, pdf, "pdftotext", "-raw", "-enc", "UTF-8", "-", "-"), "\f"), "\f")
		for i, page := range pages {
			for _, belongs := range []string{header, last} {
				require.False(t, strings.Contains(page, belongs) && !strings.Contains(page, row), "%s: page %d has %q without a row\n%s", name, i+1, belongs, page)
			}
		}
		require.Contains(t, strings.Join(pages, ""), last)
	}
	for n := 1; n <= 30; n++ {
		bill, recap, roll := all["F192 self-billed invoice"].(Bill), all["F179 F180 recap"].(Statement), all["F123 F124 F125 sheets"].([]Roll)[0]
		bill.Lines, recap.Lines, roll.People = nil, nil, nil
		for i := range n {
			l := Line{Ref: course.Dossier + "/session/" + strconv.Itoa(i), Label: title, Date: "30 septembre 2026", Cents: 45_000}
			bill.Lines, recap.Lines = append(bill.Lines, l), append(recap.Lines, l)
			roll.People = append(roll.People, Attendee{Name: "Participante n° " + strconv.Itoa(i), Email: "participante@example.org"})
		}
		checked(fmt.Sprint("F192 invoice of ", n), bill, "Désignation", "Séance ", "Net à payer")
		checked(fmt.Sprint("F179 recap of ", n), recap, "Montant", "Séance ", "Total")
		checked(fmt.Sprint("F125 sheet of ", n), []Roll{roll}, "9 h – 12 h 30 14 h", "Participante n°", "Signature du formateur")

		client := all["F202 client invoice"].(Bill) // one line, after as many sessions
		client.Lines = []Line{{Label: title, Ref: "séance n° 1", Cents: 45_000}}
		client.Details = [][2]string{{"Séances", strings.Repeat("jeudi\n", n+10)}}
		pdf, err := draw(client)
		require.NoError(t, err)
		first, _, _ := strings.Cut(poppler(t, pdf, "pdftotext", "-raw", "-enc", "UTF-8", "-", "-"), "\f")
		require.Contains(t, first, "Total toutes taxes comprises", "the price is on the first page, whatever its details")
		checked(fmt.Sprint("F202 client's invoice after ", n), client, "Désignation", "séance n°", "Total toutes taxes comprises")
	}
}

// A contract is signed on the page of its last article, which takes another page only where this one has no room.
func TestF096F101SignaturesStandUnderTheLastArticle(t *testing.T) {
	all := paperwork()
	mission, individual := all["F034 F096 F097 F099 trainer contract"].(Mission), all["F101 training contract"].(Agreement)
	mission.CPF, mission.Mandate, mission.Course.Sessions, mission.Course.Participants, mission.Course.Period = false, false, nil, nil, "à partir du 7 décembre 2026"
	mission.Programme.Objectives, mission.Programme.Content = "Maîtriser les formules.", "Fonctions logiques."
	for n := range 45 {
		more := strings.Repeat("\nEncore un point.", n)
		m, a := mission, individual
		m.Programme.Content += more
		a.Programme.Content += more
		for _, doc := range []any{m, a} {
			pdf, err := draw(doc)
			require.NoError(t, err)
			for page := range strings.SplitSeq(poppler(t, pdf, "pdftotext", "-raw", "-enc", "UTF-8", "-", "-"), "\f") {
				last := strings.Contains(page, "Article 7 –")
				require.Equal(t, last, strings.Contains(page, "\nSignatures\n") && strings.Contains(page, "Camille Exemple, gérante\nLe "), page)
			}
		}
	}

	end := func(left float64) (page int, used float64) { // where a contract ends that has so much of its first page left
		p := newPaper(agency.head("Contrat", "", "C-1", "", issued))
		from := height - bottom - left
		p.SetY(from)
		p.closing("Article 7", "Les parties cherchent d’abord une solution amiable.", "Pour l’organisme", agency, "Le formateur", trainer.Name)
		return p.PageNo(), p.GetY() - 3 - from
	}
	_, tall := end(150)
	for left, page := range map[float64]int{tall + 0.1: 1, tall - 0.1: 2} {
		got, _ := end(left)
		require.Equal(t, page, got, "%g mm left for %g", left, tall)
	}
}

func TestDocumentsTakeAnyText(t *testing.T) {
	for put, want := range map[string]string{
		"’ « » œ Œ Ÿ € – — … ‑ №": "’ «\u00a0» œ Œ Ÿ\u00a0€ – — … - №", "1\u202f234 \u2009€": "1\u202f234 \u2009€", "e\u0301te\u0301": "été", "Nguyễn Łukasz Ağaoğlu Ștefan Жанна": "Nguyễn Łukasz Ağaoğlu Ștefan Жанна",
		"🙂 oui": "□ oui", "👩🏽‍💻!": "□□□!", "漢字": "□□", "a\u200bb\u00adc\u202ed": "abcd", "a\tb\x00\r\nc": "a b\nc", "\ue0e0": "□", "\xff": "□",
	} {
		require.Equal(t, want, clean(put), "%q", put)
	}
	hostile := "e\u0301te\u0301 \u202f\u2009 🙂 漢字 {pages} \ue0e0 " + strings.Repeat("x", 400) + "\x00\xff\r\nfin"
	people := make([]Attendee, 60)
	for i := range people {
		people[i] = Attendee{Name: hostile, Email: hostile, Marks: []string{"", hostile}}
	}
	pdf, err := Sheets(Roll{Ref: hostile, At: issued, Agency: Agency{Name: hostile, LegalForm: hostile, Address: hostile, Company: hostile}, Course: Course{Title: hostile, Mode: hostile, Place: strings.Repeat(hostile+"\n", 60)},
		Trainer: hostile, Times: []string{hostile}, HalfDays: []string{"9 h", "14 h"}, People: people})
	require.NoError(t, err)
	text := extract(t, pdf)
	whole := solid("été□□□{pages}□" + strings.Repeat("x", 400) + "□fin")
	require.GreaterOrEqual(t, strings.Count(solid(text), whole), 60+60+60, "each name, address and mark is there, whole")
}

func TestPicturesOfTheAgency(t *testing.T) {
	logo, err := os.ReadFile(filepath.Join("testdata", "logo.png"))
	require.NoError(t, err)
	doc := paperwork()["F134 F140 certificate"].(Attestation)
	plain, err := Certificate(doc)
	require.NoError(t, err)
	require.NotContains(t, string(plain), "/Subtype /Image")
	doc.Agency.Logo, doc.Agency.Stamp = logo, logo
	pdf, err := Certificate(doc)
	require.NoError(t, err)
	require.Contains(t, string(pdf), "/Subtype /Image")
	require.Equal(t, extract(t, plain), extract(t, pdf))
	if dir := os.Getenv("JALON_PDF_DIR"); dir != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "pictures.pdf"), pdf, 0o644))
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

// TestSyllabusIsKept: one that was drawn before is given again, whole, and never for another.
func TestF007ContractsTellOfMoreThanAnnounced(t *testing.T) {
	said := func(people ...string) string {
		c := course
		c.Participants = people
		for _, f := range c.facts() {
			if f[0] == "Effectif" {
				return f[1]
			}
		}
		return ""
	}
	require.Equal(t, "4", said(course.Participants[:2]...), "others may still be registered")
	require.Equal(t, "4", said(course.Participants...))
	require.Equal(t, "4 prévus, 5 inscrits", said(append(course.Participants[:4:4], "Noël Ün")...))
}

func TestSyllabusIsKept(t *testing.T) {
	o := paperwork()["F091 programme"].(Outline)
	first, err := Syllabus(o)
	require.NoError(t, err)
	again, err := Syllabus(o)
	require.NoError(t, err)
	require.Same(t, &first[0], &again[0])
	for name, change := range map[string]func(o *Outline){
		"content": func(o *Outline) { o.Programme.Content += " ou presque" },
		"trainer": func(o *Outline) { o.Trainer = "Une autre personne" },
		"agency":  func(o *Outline) { o.Agency.Phone = "01 99 00 00 01" },
		"date":    func(o *Outline) { o.At = o.At.Add(time.Second) },
	} {
		other := o
		change(&other)
		pdf, err := Syllabus(other)
		require.NoError(t, err)
		require.NotEqual(t, SHA256(first), SHA256(pdf), name)
	}
}
