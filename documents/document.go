package documents

import (
	"fmt"
	"strings"
	"time"

	"jalon/models"
)

// The documents are French law's, and so are their words; only what informs people without binding them also exists in
// English. docs/documents.md says which law asks for what.
const fr = models.French

const nature = "Action de formation (art. L6313-1, 1° du Code du travail)"

// Exempt is the mention of an invoice without VAT because its seller holds the certificate for training (form 3511-SD).
const Exempt = "Exonération de TVA, art. 261-4-4° a du CGI"

// LateFeeCents is the recovery fee owed for each late invoice (C. com. D441-5).
const LateFeeCents models.Cents = 4000

// Agency is who issues the documents, with what business documents must tell of it (C. com. R123-237 and R123-238).
type Agency struct {
	Name           string
	LegalForm      string // with its capital, « SARL au capital de 10 000 € »
	Address        string
	Company        string // SIREN
	Establishment  string // SIRET, none if not known
	Register       string // « RCS Paris », none for who is in no register
	VATNumber      string
	ActivityNumber string // of its declaration as a training provider
	Representative string // who signs, with their capacity
	Email, Phone   string
	HouseRules     string // where the rules that apply to trainees are published (L6352-3)
	Mediator       string // consumer mediator (C. conso. L616-1)
	IBAN           string // to be paid on
	Logo, Stamp    []byte // PNG or JPEG; Stamp is the seal with the signature
}

func (a Agency) letterhead() letterhead {
	out := letterhead{name: a.Name, lines: said([]string{a.LegalForm, a.Address, a.contact()}), logo: a.Logo,
		foot: []string{join(" – ", a.Name, a.LegalForm, a.Address, siren(a.Company), a.Register, vatNumber(a.VATNumber))}}
	out.foot = append(out.foot, said([]string{registered(a.ActivityNumber)})...)
	return out
}

// party is the agency as one side of a contract.
func (a Agency) party() []string {
	return said([]string{"L’organisme de formation", a.Name, a.LegalForm, a.Address, join(" – ", siren(a.Company), a.Register), siret(a.Establishment), vatNumber(a.VATNumber),
		registered(a.ActivityNumber), prefixed("Représenté par ", a.Representative)})
}

func (a Agency) contact() string {
	return join(" – ", a.Email, strings.ReplaceAll(a.Phone, " ", "\u00a0"))
}

// Party is the other side of a document.
type Party struct {
	Name, Address  string
	LegalForm      string
	Company        string // SIREN, or what a foreign register gives
	VATNumber      string
	ActivityNumber string
	Represented    string            // who signs for it
	Type           models.ClientType // of a client
}

func (p Party) lines(role string) []string {
	out := []string{role, p.Name, p.LegalForm, p.Address, siren(p.Company), vatNumber(p.VATNumber), registered(p.ActivityNumber),
		prefixed("Représenté par ", p.Represented)}
	return said(out)
}

// address is the party as the one a document is sent to.
func (p Party) address() []string {
	return said(append([]string{p.Name}, append(strings.Split(p.Address, "\n"), siren(p.Company), vatNumber(p.VATNumber))...))
}

func (p Party) letterhead() letterhead {
	return letterhead{name: p.Name, lines: said([]string{p.LegalForm, p.Address, siren(p.Company), vatNumber(p.VATNumber), registered(p.ActivityNumber)}),
		foot: []string{join(" – ", p.Name, p.LegalForm, siren(p.Company), vatNumber(p.VATNumber), p.Address)}}
}

// Course is what is taught, to whom and where, as people say it.
type Course struct {
	Dossier, Title, Mode, Place, Duration, Level string
	GroupSize                                    int
	Participants                                 []string
	Period                                       string   // known dates
	Sessions                                     []string // planned days with their hours
	Remote                                       bool     // all of it or a part
}

func (c Course) facts() [][2]string {
	size := ""
	if c.GroupSize > 0 {
		size = fmt.Sprint(c.GroupSize)
	}
	if n := len(c.Participants); n > c.GroupSize && c.GroupSize > 0 { // what follows names more than were announced
		size = fmt.Sprintf("%d prévus, %d inscrits", c.GroupSize, n)
	}
	return [][2]string{{"Intitulé", c.Title}, {"Nature de l’action", nature}, {"Durée", c.Duration}, {"Période", c.Period}, {"Séances", strings.Join(c.Sessions, "\n")},
		{"Modalité", c.Mode}, {"Lieu", c.Place}, {"Niveau préalable requis", c.Level}, {"Effectif", size}, {"Participants", strings.Join(c.Participants, ", ")}}
}

// Price is what is paid, in cents, and what it is made of.
type Price struct {
	Net, VAT, Total models.Cents
	VATBps          int64
	Quantity, Unit  string // « 3 jours », « 1 forfait », and the price of one
}

// before says after the name of an amount that VAT comes on top; where none is charged, nothing is before it.
func (p Price) before() string {
	if p.VAT == 0 {
		return ""
	}
	return " HT"
}

// sums are the totals of a price: the net to pay alone where no VAT is charged, under the mention that says why.
func (p Price) sums() [][2]string {
	if p.VAT == 0 {
		return [][2]string{{"Net à payer", fr.Euros(p.Total)}}
	}
	return [][2]string{{"Total hors taxes", fr.Euros(p.Net)}, {"TVA " + percent(p.VATBps), fr.Euros(p.VAT)}, {"Total toutes taxes comprises", fr.Euros(p.Total)}}
}

// sumsHeight is how high totals are, under a table.
func (p Price) sumsHeight() float64 { return underTable + float64(len(p.sums()))*sumLine }

// mentions gathers what a document lacks. A document that lacks what the law wants on it is refused, not printed.
type mentions []string

func (m *mentions) need(name, value string) { m.must(name, strings.TrimSpace(value) != "") }

func (m *mentions) must(name string, there bool) {
	if !there {
		*m = append(*m, name)
	}
}

func (m *mentions) agency(a Agency) {
	m.need("agency name", a.Name)
	m.need("agency legal form", a.LegalForm)
	m.need("agency address", a.Address)
	m.need("agency company number", a.Company)
}

// check is document_incomplete, naming what is missing and nobody.
func (m mentions) check(document string) error {
	if len(m) == 0 {
		return nil
	}
	return models.NewError(models.CodeDocumentIncomplete, "the "+document+" lacks: "+strings.Join(m, ", "))
}

// head is the cover of a document of the agency.
func (a Agency) head(title, under, reference, dossier string, at time.Time) cover {
	if dossier == reference {
		dossier = ""
	}
	return cover{from: a.letterhead(), title: title, under: under, reference: reference, at: at, lang: fr,
		facts: [][2]string{{"Référence", reference}, {"Dossier", dossier}, {"Date", fr.ShortDay(models.ParisDate(at))}}}
}

// late is what a late payment costs whom (C. com. L441-10 II and D441-5; for public bodies Code de la commande publique
// R2192-31 and D2192-35; consumers owe what C. civ. 1231-6 says).
func late(t models.ClientType) string {
	switch t {
	case models.ClientIndividual:
		return "En cas de retard, des intérêts au taux légal courent à compter d’une mise en demeure."
	case models.ClientPublic:
		return "Tout retard entraîne, de plein droit et sans rappel, des intérêts moratoires au taux de refinancement de la Banque centrale européenne majoré de 8 points et une indemnité forfaitaire de recouvrement de " + fr.Euros(LateFeeCents) + "."
	}
	return "Tout retard entraîne, sans rappel et dès le lendemain de l’échéance, des intérêts au taux de refinancement de la Banque centrale européenne majoré de 10 points et une indemnité forfaitaire de recouvrement de " + fr.Euros(LateFeeCents) + "."
}

func said(lines []string) []string {
	out := make([]string, 0, len(lines))
	for _, l := range lines {
		if l != "" {
			out = append(out, l)
		}
	}
	return out
}

func join(sep string, parts ...string) string { return strings.Join(said(parts), sep) }

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// siren shows a company number; what a foreign register gave is shown as it is.
func siren(s string) string {
	if len(s) != 9 || strings.Trim(s, "0123456789") != "" {
		return prefixed("N° d’entreprise ", s)
	}
	return "SIREN\u00a0" + grouped(s)
}

func siret(s string) string {
	if len(s) != 14 {
		return prefixed("SIRET ", s)
	}
	return "SIRET\u00a0" + grouped(s[:9]) + "\u00a0" + s[9:]
}

func grouped(nine string) string {
	return nine[:3] + "\u00a0" + nine[3:6] + "\u00a0" + nine[6:]
}

// registered is the only wording by which a training provider may tell of its activity number (L6352-12).
func registered(s string) string {
	if s == "" {
		return ""
	}
	return "Enregistrée sous le numéro " + s + ". Cet enregistrement ne vaut pas agrément de l’État."
}

func vatNumber(s string) string { return prefixed("TVA\u00a0", s) }

func percent(bps int64) string { return fr.Quantity(bps) + "\u00a0%" }
