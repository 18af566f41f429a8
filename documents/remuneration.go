package documents

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"jalon/models"
)

// Line is one session of a recap or of an invoice, as people read it.
type Line struct {
	Ref, Label, Date, Status, Duration, Quantity, Rate string
	Cents                                              models.Cents
}

// what names the session of a line: what it is about is said once, by subjects.
func (l Line) what() string {
	if dossier, n, ok := strings.Cut(l.Ref, "/session/"); ok {
		return "Séance\u00a0" + n + " – " + dossier
	}
	return join("\n", l.Label, l.Ref)
}

// subjects are the courses whose sessions are listed: in a narrow column a long title would be broken on every row.
func subjects(lines []Line) (out [][2]string) {
	for _, l := range lines {
		dossier, _, ok := strings.Cut(l.Ref, "/session/")
		if said := [2]string{"Formation " + dossier, l.Label}; ok && !slices.Contains(out, said) {
			out = append(out, said)
		}
	}
	return out
}

// Statement is a trainer's month.
type Statement struct {
	Ref     string
	At      time.Time
	Agency  Agency
	Trainer Party
	Month   models.Month
	Lines   []Line
	Total   models.Cents
	VATText string // why the trainer charges no VAT; empty for who charges it
	Terms   models.Terms
	// Of one that replaces another (F181): its reference, why, and whether lines that were not contested are billed apart.
	Replaces, Explanation string
	BilledApart           bool
}

// Recap renders a month's statement: each session with its status, duration, rate and amount (F179). It is no invoice,
// and silence never accepts it (F180).
func Recap(s Statement) ([]byte, error) {
	var m mentions
	m.agency(s.Agency)
	m.need("trainer name", s.Trainer.Name)
	m.need("month", fr.MonthName(s.Month))
	m.must("lines", len(s.Lines) > 0)
	m.must("terms", s.Terms.PromiseDays > 0)
	if err := m.check("recap"); err != nil {
		return nil, err
	}
	title := "Relevé"
	if s.Replaces != "" {
		title = "Relevé corrigé"
	}
	c := s.Agency.head(title+" des séances – "+fr.MonthName(s.Month), "Appel à facturation", s.Ref, "", s.At)
	c.to = s.Trainer.address()
	p := newPaper(c)
	p.text(s.corrects()...)
	rows := make([][]string, len(s.Lines))
	for i, l := range s.Lines {
		rows[i] = []string{l.Date, l.what(), l.Status, l.Duration, l.Quantity, l.Rate, fr.Euros(l.Cents)}
	}
	p.facts(subjects(s.Lines)...)
	before, total := " HT", "Total hors taxes"
	if s.VATText != "" {
		before, total = "", "Total"
	}
	p.table([]column{{"Date", 29, "L"}, {"Séance", 48, "L"}, {"Statut", 16, "L"}, {"Durée", 14, "R"}, {"Quantité", 18, "R"}, {"Tarif" + before, 22, "R"}, {"Montant" + before, 23, "R"}}, rows, 0, underTable+sumLine)
	p.sums([2]string{total, fr.Euros(s.Total)})
	if s.VATText != "" {
		p.text(s.VATText + ".")
	}
	others := ""
	if s.Terms.UndisputedPaid {
		others = "\u00a0; les lignes que vous ne contestez pas sont facturées sans attendre"
	}
	p.text("Ce relevé n’est pas une facture. Il n’est payé qu’après votre acceptation expresse ; votre silence ne vaut pas acceptation. Vous pouvez contester une ou plusieurs lignes\u00a0: l’écart vous est expliqué et le relevé corrigé"+others+".",
		fmt.Sprintf("Le paiement est fait %d jours", s.Terms.PromiseDays)+" après la plus tardive de la réception et de la conformité de la facture, et jamais au-delà du délai légal.")
	p.note("Une question sur ce relevé\u00a0: " + s.Agency.contact() + ".")
	return p.bytes()
}

// corrects says which statement it replaces, why, and where its other lines went.
func (s Statement) corrects() (out []string) {
	if s.Replaces == "" {
		return nil
	}
	out = append(out, "Ce relevé corrigé remplace le relevé "+s.Replaces+", que vous avez contesté.")
	if s.Explanation != "" {
		out = append(out, "Explication\u00a0: "+s.Explanation)
	}
	if s.BilledApart {
		out = append(out, "Les lignes que vous n’avez pas contestées sont facturées à part et ne figurent plus ici.")
	}
	return out
}
