package documents

import (
	"fmt"
	"slices"
	"time"

	"jalon/models"
)

// Bill is what an invoice says. The seller is either the agency, or a trainer whom the agency bills for under a mandate,
// or a trainer who gets a draft to check and number.
type Bill struct {
	Number     string    // none on a draft
	At         time.Time // issue
	Agency     Agency    // who draws it
	Trainer    *Party    // the seller, when the agency buys
	SelfBilled bool
	Client     Party // the buyer, when the agency sells
	Course     Course
	Details    [][2]string // trainees, their status, dates, trainee-hours, reporting code of a training invoice (F202)
	Period     string      // when the service was given, in words
	Lines      []Line
	Price      Price
	VATText    string // exemption, franchise or reverse charge
	DueOn      models.Date
	// PromiseDays are those from the check of what the agency bills itself, in which it pays (F197), as the contract says:
	// DueOn is then the last day that the law allows, since nobody knows yet when the check will be.
	PromiseDays int
	IBAN        string
}

// draft tells whether it is a proposal that the supplier has to number and to issue.
func (b Bill) draft() bool { return b.Trainer != nil && !b.SelfBilled }

func (b Bill) lacks() (m mentions) {
	m.agency(b.Agency)
	company, vat := b.Agency.Company, b.Agency.VATNumber
	if b.Trainer != nil {
		company, vat = b.Trainer.Company, b.Trainer.VATNumber
		m.need("supplier name", b.Trainer.Name)
		m.need("supplier address", b.Trainer.Address)
	} else {
		m.need("client name", b.Client.Name)
		m.need("client address", b.Client.Address)
		m.must("activity number, without which there is no VAT exemption", b.Price.VAT > 0 || b.Agency.ActivityNumber != "")
	}
	m.need("company number", company)
	m.must("number", b.Number != "" || b.draft())
	m.must("lines", len(b.Lines) > 0)
	m.must("VAT number", b.Price.VAT == 0 || vat != "")
	m.must("reason why no VAT is charged", b.Price.VAT != 0 || b.VATText != "")
	m.must("due date", b.DueOn != "" || b.draft())
	m.must("terms", b.PromiseDays > 0 || !b.SelfBilled)
	m.must("total that adds up", b.Price.Net+b.Price.VAT == b.Price.Total)
	return m
}

// Invoice renders an invoice with what the law wants on it (CGI ann. II 242 nonies A, C. com. L441-9, F202), or the draft
// of one. It is refused (document_incomplete) rather than issued without.
func Invoice(b Bill) ([]byte, error) {
	lacks := b.lacks()
	if err := lacks.check("invoice"); err != nil {
		return nil, err
	}
	c := cover{from: b.Agency.letterhead(), title: "Facture", reference: b.Number, at: b.At, lang: fr, to: b.Client.address()}
	buyer := b.Client
	if b.Trainer != nil {
		a := b.Agency
		buyer = Party{Name: a.Name, LegalForm: a.LegalForm, Address: a.Address, Company: a.Company, VATNumber: a.VATNumber}
		c.from, c.to = b.Trainer.letterhead(), buyer.address()
	}
	switch {
	case b.SelfBilled:
		c.title, c.under = "Facture – Autofacturation", "Établie par "+b.Agency.Name+", au nom et pour le compte de "+b.Trainer.Name
	case b.draft():
		c.title, c.under = "Projet de facture", "Ce document n’est pas une facture\u00a0: à vérifier, à numéroter dans votre série et à dater"
	}
	c.facts = [][2]string{{"Numéro", b.Number}, {"Date d’émission", fr.ShortDay(models.ParisDate(b.At))}, {"Échéance", fr.ShortDay(b.DueOn)}, {"Dossier", b.Course.Dossier}}
	if b.draft() {
		c.facts = [][2]string{{"Numéro", "……………………"}, {"Date d’émission", "……………………"}, {"Dossier", b.Course.Dossier}}
	}
	p := newPaper(c)
	p.facts([2]string{"Formation", b.Course.Title}, [2]string{"Durée", b.Course.Duration}, [2]string{"Lieu", join(", ", b.Course.Mode, b.Course.Place)})
	p.facts(subjects(b.Lines)...)
	p.facts([2]string{"Date de la prestation", b.Period}, [2]string{"Catégorie d’opération", "Prestation de services"})
	columns := []column{{"Date", 29, "L"}, {"Désignation", 51, "L"}, {"Quantité", 25, "R"}, {"Prix unitaire" + b.Price.before(), 27, "R"}, {"TVA", 13, "R"}, {"Montant" + b.Price.before(), 25, "R"}}
	rows := make([][]string, len(b.Lines))
	for i, l := range b.Lines {
		rows[i] = []string{l.Date, l.what(), l.Quantity, l.Rate, percent(b.Price.VATBps), fr.Euros(l.Cents)}
	}
	without := func(i int) { // gives its width to what is named
		columns[1].width += columns[i].width
		columns = slices.Delete(columns, i, i+1)
		for j := range rows {
			rows[j] = slices.Delete(rows[j], i, i+1)
		}
	}
	if b.Price.VAT == 0 {
		without(4)
	}
	if !slices.ContainsFunc(b.Lines, func(l Line) bool { return l.Date != "" }) {
		without(0)
	}
	p.table(columns, rows, 0, b.Price.sumsHeight())
	p.sums(b.Price.sums()...)
	if b.VATText != "" && b.Price.VAT == 0 {
		p.text(b.VATText + ".")
	}
	due := ""
	if b.PromiseDays > 0 {
		due = fmt.Sprintf(", %d jours après vérification", b.PromiseDays)
	}
	if b.DueOn != "" {
		due += ", au plus tard le " + fr.ShortDay(b.DueOn)
	}
	p.facts([2]string{"Règlement", "Par virement" + due}, [2]string{"IBAN", models.GroupIBAN(b.IBAN, "\u00a0")})
	p.text(late(buyer.Type) + " Pas d’escompte pour paiement anticipé.")
	if len(b.Details) > 0 { // last: however many sessions and trainees there are, the price is where one looks for it
		p.subheading("Détail de la formation")
		p.facts(b.Details...)
	}
	if b.SelfBilled {
		p.note("Autofacturation\u00a0: facture établie par " + b.Agency.Name + " selon le mandat écrit qui les lie (art. 289 I-2 du CGI). Le fournisseur peut la contester en répondant au message qui l’accompagne\u00a0: une facture rectificative est alors établie. Il reste responsable de ses obligations en matière de TVA.")
	}
	return p.bytes()
}
