package documents

import (
	"fmt"
	"strings"
	"time"

	"jalon/models"
)

// The documents are French law's, and so are their words.
const fr = models.French

const enregistree = "Enregistrée sous le numéro %s. Cet enregistrement ne vaut pas agrément de l’État." // L6352-12: the only wording

// LateFeeCents is the recovery fee owed for each late invoice (C. com. D441-5).
const LateFeeCents models.Cents = 4000

// Agency is who issues the documents.
type Agency struct {
	Name, Address, Company, VATNumber, ActivityNumber string
}

func (a Agency) identity() string {
	out := []string{a.Address, siren(a.Company), vatNumber(a.VATNumber)}
	if a.ActivityNumber != "" {
		out = append(out, fmt.Sprintf(enregistree, a.ActivityNumber))
	}
	return join("\n", out...)
}

func (a Agency) line() string { return join(" – ", a.Name, siren(a.Company)) }

// Party is the other side of a document.
type Party struct {
	Name, Address, Company, VATNumber, ActivityNumber string
	Represented                                       string // who signs for it
}

func (p Party) facts(role string) [][2]string {
	return [][2]string{{role, p.Name}, {"Adresse", p.Address}, {"SIREN", p.Company},
		{"TVA intracommunautaire", p.VATNumber}, {"Déclaration d’activité", p.ActivityNumber}, {"Représenté par", p.Represented}}
}

// Course is what is taught, to whom and where, as people say it.
type Course struct {
	Dossier, Title, Mode, Place, Duration, Level string
	GroupSize                                    int
	Participants                                 []string
	Period                                       string   // known dates
	Sessions                                     []string // planned days with their hours
}

func (c Course) facts() [][2]string {
	size := ""
	if c.GroupSize > 0 {
		size = fmt.Sprint(c.GroupSize)
	}
	return [][2]string{{"Formation", c.Title}, {"Dossier", c.Dossier}, {"Nature", "Action de formation (art. L6313-1 du Code du travail)"},
		{"Durée", c.Duration}, {"Période", c.Period}, {"Séances", strings.Join(c.Sessions, "\n")}, {"Modalité", c.Mode},
		{"Lieu", c.Place}, {"Niveau préalable", c.Level}, {"Effectif", size}, {"Participants", strings.Join(c.Participants, ", ")}}
}

// Programme is what the client approves by signing.
type Programme struct{ Objectives, Content, Methods, Assessment string }

// Price is what is paid, in cents.
type Price struct {
	Net, VAT, Total models.Cents
	VATBps          int64
}

func (p Price) words() string {
	if p.VATBps == 0 {
		return fr.Euros(p.Net) + ", exonéré de TVA (art. 261-4-4° a du CGI)"
	}
	return fmt.Sprintf("%s hors taxes, TVA %s %s, soit %s toutes taxes comprises", fr.Euros(p.Net), percent(p.VATBps), fr.Euros(p.VAT), fr.Euros(p.Total))
}

// Agreement is what a convention (L6353-1) or an individual training contract (L6353-3 to -7) says.
type Agreement struct {
	Ref        string
	At         time.Time
	Individual bool
	Agency     Agency
	Client     Party
	Course     Course
	Programme  Programme
	Trainer    string
	Titles     string // titles or references of the trainer
	Price      Price
}

// Convention renders the client's document, with the programme in it: who signs the one approves the other (F101).
func Convention(a Agreement) ([]byte, error) {
	title, law := "Convention de formation professionnelle", "articles L6353-1 et D6353-1"
	if a.Individual {
		title, law = "Contrat de formation professionnelle", "articles L6353-3 à L6353-7"
	}
	p := newPaper(a.Agency, title, a.Ref, a.At)
	p.text("Établi le " + fr.ShortDay(models.ParisDate(a.At)) + " en application des " + law + " du Code du travail, entre l’organisme de formation désigné ci-dessus et\u00a0:")
	role := "Client"
	if a.Individual {
		role = "Stagiaire"
	}
	p.facts(a.Client.facts(role)...)
	p.heading("1. Objet, durée et effectif")
	p.facts(a.Course.facts()...)
	p.heading("2. Programme")
	p.text("La signature du présent document vaut approbation de ce programme.")
	for _, s := range [][2]string{{"Objectifs", a.Programme.Objectives}, {"Contenu", a.Programme.Content},
		{"Méthodes et moyens pédagogiques", a.Programme.Methods}, {"Évaluation des acquis", a.Programme.Assessment}} {
		if s[1] != "" {
			p.room(14)
			p.face("B", 9.5, 40)
			p.MultiCell(width, lineSize, s[0], "", "L", false)
			p.text(s[1])
		}
	}
	p.heading("3. Déroulement, suivi et sanction")
	p.facts([2]string{"Formateur", a.Trainer}, [2]string{"Titres et références", a.Titles})
	p.text("Un test de positionnement précède la formation. Chaque participant signe sa présence par demi-journée, et le formateur signe la feuille d’émargement. Les heures d’absence sont déduites des heures facturables au financeur. Une évaluation des acquis et un questionnaire de satisfaction ont lieu en fin de formation ; un certificat de réalisation est remis à chaque participant.",
		"Pour la partie à distance, le cas échéant, le formateur assiste les participants pendant toute la séance par visioconférence ; les connexions et les travaux réalisés attestent du suivi.")
	p.heading("4. Prix et règlement")
	p.facts([2]string{"Prix", a.Price.words()})
	if a.Individual {
		p.text("Aucune somme n’est due avant la fin du délai de rétractation. Ensuite, au plus 30 % du prix peuvent être demandés ; le solde est échelonné au fur et à mesure du déroulement de la formation.")
		p.heading("5. Rétractation et fin anticipée")
		p.text("Le stagiaire dispose de 10 jours à compter de la signature pour se rétracter par lettre recommandée avec avis de réception. Signé à distance ou hors établissement, le contrat peut l’être pendant 14 jours, sans motif, aussi par la fonction en ligne qui délivre un accusé de réception daté. Un délai qui expire un samedi, un dimanche ou un jour férié est prolongé jusqu’au premier jour ouvrable suivant. La formation ne commence avant la fin de ce délai qu’à la demande expresse du stagiaire.",
			"Si le stagiaire est empêché par un cas de force majeure dûment reconnue, le contrat est rompu et seules les prestations effectivement dispensées sont dues, au prorata du prix. Il en est de même si l’organisme cesse la formation.")
	} else {
		p.text("Le prix est réglé par virement, 30 jours après réception de la facture émise une fois la formation réalisée. Tout retard entraîne, sans rappel, des intérêts au taux de la Banque centrale européenne majoré de 10 points et une indemnité forfaitaire de recouvrement de " + fr.Euros(LateFeeCents) + ".")
		p.heading("5. Annulation et inexécution")
		p.text("Le client peut annuler sa demande avant la signature sans frais. En cas d’inexécution totale ou partielle, seules les prestations effectivement réalisées sont dues ; les sommes indûment perçues sont remboursées (art. L6354-1).")
	}
	p.heading("6. Différends")
	p.text("Les parties cherchent d’abord une solution amiable. À défaut, le tribunal compétent est saisi.")
	p.heading("Signatures")
	p.text("Signé en ligne : l’empreinte SHA-256 de ce fichier, la date et l’auteur de chaque signature sont conservés avec lui.")
	p.boxes("Pour l’organisme\n"+a.Agency.Name, "Pour le client\n"+join(", ", a.Client.Represented, a.Client.Name))
	return p.bytes()
}

// Mission is what a trainer's contract says.
type Mission struct {
	Ref      string
	At       time.Time
	Agency   Agency
	Trainer  Party
	Course   Course
	Rate     string       // in words
	Cents    models.Cents // the whole mission at that rate, 0 if not known
	Mandate  bool         // self-billing
	VATText  string
	Expenses string // what is covered; empty says that the rate includes them
}

// TrainerContract renders the contract between the agency and a trainer (F096): expenses and the documents that
// condition payment (F097), quality requirements that leave the trainer independent (F099), and that no volume of work is promised (F034).
func TrainerContract(m Mission) ([]byte, error) {
	p := newPaper(m.Agency, "Contrat de prestation de formation", m.Ref, m.At)
	p.text("Établi le " + fr.ShortDay(models.ParisDate(m.At)) + " entre l’organisme désigné ci-dessus et\u00a0:")
	p.facts(m.Trainer.facts("Formateur")...)
	p.heading("1. Mission")
	p.facts(m.Course.facts()...)
	p.text("Le formateur assure la mission selon le programme convenu avec le client. Il peut s’en écarter pour s’adapter au terrain ; les écarts sont notés. Il confirme sa préparation avant la première séance.")
	p.heading("2. Indépendance et qualité")
	p.text("Le formateur organise librement son travail et reste libre de refuser toute mission, présente ou future, sans conséquence sur les propositions suivantes. Il s’engage sur la qualité\u00a0: respect du programme, du calendrier convenu, de la feuille d’émargement, de l’évaluation des acquis, et des exigences du référentiel national qualité qui concernent ses prestations. Les demandes de modification du client passent par l’organisme, qui n’en décide que sur la qualité et l’étendue de la mission.",
		"La mission ne peut pas être sous-traitée à son tour. Aucun volume de travail n’est promis ni réservé.")
	p.heading("3. Rémunération")
	total := ""
	if m.Cents > 0 {
		total = fr.Euros(m.Cents) + " hors taxes"
	}
	p.facts([2]string{"Tarif convenu", m.Rate}, [2]string{"Pour la mission", total}, [2]string{"TVA", m.VATText})
	expenses := m.Expenses
	if expenses == "" {
		expenses = "Les frais (déplacement, repas, hébergement, supports) ne sont pas pris en charge en plus\u00a0: le tarif les comprend, sauf accord écrit préalable."
	}
	p.text("Frais. "+expenses, "Seules les séances validées sont rémunérées. Un relevé mensuel, à accepter ou à contester, les récapitule\u00a0; le silence ne vaut jamais acceptation.")
	p.heading("4. Pièces qui conditionnent le paiement")
	invoice := "la facture du formateur, avec son numéro d’entreprise et les mentions de TVA qui le concernent ;"
	if m.Mandate {
		invoice = "le relevé accepté, sur lequel l’organisme établit la facture au nom du formateur, selon le mandat d’autofacturation signé ;"
	}
	p.list(invoice, "la feuille d’émargement de chaque séance, signée par demi-journée par les participants et par le formateur ;",
		"les coordonnées bancaires à jour ;",
		"à la signature puis tous les 6 mois, à partir de 5\u00a0000 € hors taxes cumulés, l’attestation de vigilance URSSAF et la preuve d’immatriculation.")
	p.text("Une pièce manquante est signalée au formateur, qui peut la fournir avant toute retenue ; ce qui n’est pas en cause reste payé.",
		"Le paiement est fait 30 jours après la plus tardive de la réception et de la conformité, et jamais au-delà du délai légal. Tout retard entraîne, sans rappel, des intérêts au taux de la Banque centrale européenne majoré de 10 points et une indemnité de "+fr.Euros(LateFeeCents)+".")
	p.heading("5. Durée et fin")
	p.text("Le contrat vaut de sa signature à la fin de la mission. Chaque partie peut y mettre fin par écrit si l’autre manque à ses obligations, ou si la demande du client est annulée ; les séances tenues et validées restent dues.")
	p.heading("6. Confidentialité")
	p.text("Le formateur garde confidentielles les informations du client et des participants, et ne les emploie que pour la mission.")
	p.heading("Signatures")
	p.text("Signé en ligne : l’empreinte SHA-256 de ce fichier, la date et l’auteur de chaque signature sont conservés avec lui.")
	p.boxes("Pour l’organisme\n"+m.Agency.Name, "Le formateur\n"+m.Trainer.Name)
	return p.bytes()
}

// Line is one session of a recap or of an invoice, as people read it.
type Line struct {
	Ref, Label, Date, Status, Duration, Quantity, Rate string
	Cents                                              models.Cents
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
}

// Recap renders a month's statement: each session with its status, duration, rate and amount (F179).
func Recap(s Statement) ([]byte, error) {
	p := newPaper(s.Agency, "Relevé des séances – "+fr.MonthName(s.Month), s.Ref, s.At)
	p.facts(s.Trainer.facts("Formateur")...)
	rows := make([][]string, len(s.Lines))
	for i, l := range s.Lines {
		rows[i] = []string{l.Date, join("\n", l.Label, l.Ref), l.Status, l.Duration, l.Quantity, l.Rate, fr.Euros(l.Cents)}
	}
	p.table([]column{{"Date", 24, "L"}, {"Séance", 46, "L"}, {"Statut", 20, "L"}, {"Durée", 16, "R"}, {"Quantité", 18, "R"}, {"Tarif", 24, "R"}, {"Montant HT", 22, "R"}}, rows, 0)
	p.sums([2]string{"Total hors taxes", fr.Euros(s.Total)})
	p.text("Ce relevé n’est pas une facture. Il n’est payé qu’après votre acceptation expresse ; votre silence ne vaut pas acceptation. Vous pouvez contester une ou plusieurs lignes.")
	return p.bytes()
}

// Bill is what an invoice says.
type Bill struct {
	Number     string
	At         time.Time // issue
	Seller     Agency
	Buyer      Party
	SelfBilled bool
	BilledBy   Agency // who issues a self-billed one
	Course     Course
	Details    [][2]string // trainees, dates, trainee-hours of a training invoice (F202)
	Lines      []Line
	Price      Price
	VATText    string // exemption or reverse charge mention
	DueOn      models.Date
	IBAN       string
}

// Invoice renders an invoice with what the law wants on it (CGI ann. II 242 nonies A, C. com. L441-9).
func Invoice(b Bill) ([]byte, error) {
	title := "Facture"
	if b.SelfBilled {
		title = "Facture – Autofacturation"
	}
	p := newPaper(b.Seller, title, b.Number, b.At)
	p.facts([2]string{"Numéro", b.Number}, [2]string{"Date d’émission", fr.ShortDay(models.ParisDate(b.At))}, [2]string{"Échéance", fr.ShortDay(b.DueOn)},
		[2]string{"Catégorie d’opération", "Prestation de services"})
	if b.SelfBilled {
		p.text("Autofacturation : facture établie par " + b.BilledBy.Name + ", au nom et pour le compte de " + b.Seller.Name + ", selon le mandat qui les lie (art. 289 I-2 du CGI). Le fournisseur peut la contester et reste responsable de ses obligations fiscales.")
	}
	p.heading("Client")
	p.facts(b.Buyer.facts("Nom")...)
	if b.Course.Title != "" {
		p.heading("Formation")
		p.facts(append([][2]string{{"Intitulé", b.Course.Title}, {"Dossier", b.Course.Dossier}, {"Lieu", join(", ", b.Course.Mode, b.Course.Place)}}, b.Details...)...)
	}
	rows := make([][]string, len(b.Lines))
	for i, l := range b.Lines {
		rows[i] = []string{l.Date, join("\n", l.Label, l.Ref), l.Quantity, l.Rate, fr.Euros(l.Cents)}
	}
	p.table([]column{{"Date", 28, "L"}, {"Désignation", 66, "L"}, {"Quantité", 24, "R"}, {"Prix unitaire HT", 28, "R"}, {"Montant HT", 24, "R"}}, rows, 0)
	p.sums([2]string{"Total hors taxes", fr.Euros(b.Price.Net)}, [2]string{"TVA " + percent(b.Price.VATBps), fr.Euros(b.Price.VAT)}, [2]string{"Total à payer", fr.Euros(b.Price.Total)})
	p.text(b.VATText)
	if b.IBAN != "" {
		p.facts([2]string{"Règlement", "Par virement"}, [2]string{"IBAN", b.IBAN})
	}
	p.text("En cas de retard, des intérêts courent sans rappel dès le lendemain de l’échéance, au taux de refinancement de la Banque centrale européenne majoré de 10 points, avec une indemnité forfaitaire de recouvrement de " + fr.Euros(LateFeeCents) + ". Pas d’escompte pour paiement anticipé.")
	return p.bytes()
}

// Attestation is one participant's certificate of completion.
type Attestation struct {
	Ref         string
	At          time.Time
	Agency      Agency
	Participant string
	Employer    string
	Course      Course
	From, To    models.Date
	Minutes     int64 // done, absences left out (F134)
	Planned     int64
}

// Certificate renders the certificate of completion, after the ministry's model (order of 21 December 2018).
func Certificate(a Attestation) ([]byte, error) {
	p := newPaper(a.Agency, "Certificat de réalisation", a.Ref, a.At)
	p.text("L’organisme de formation désigné ci-dessus atteste que\u00a0:")
	p.facts([2]string{"Stagiaire", a.Participant}, [2]string{"Employeur ou client", a.Employer})
	p.text("a suivi l’action suivante\u00a0:")
	dates := "le " + fr.ShortDay(a.From)
	if a.To != a.From {
		dates = "du " + fr.ShortDay(a.From) + " au " + fr.ShortDay(a.To)
	}
	p.facts([2]string{"Intitulé", a.Course.Title}, [2]string{"Dossier", a.Course.Dossier}, [2]string{"Nature de l’action", "Action de formation (art. L6313-1 du Code du travail)"},
		[2]string{"Modalité", join(", ", a.Course.Mode, a.Course.Place)}, [2]string{"Dates", dates},
		[2]string{"Durée suivie", fr.Minutes(a.Minutes) + ", sur " + fr.Minutes(a.Planned) + " prévues"})
	p.text("La durée suivie est celle des demi-journées signées par le stagiaire, absences déduites. Les feuilles d’émargement et les pièces qui la prouvent sont conservées par l’organisme.")
	p.text("Fait le " + fr.ShortDay(models.ParisDate(a.At)) + ".")
	p.boxes("Cachet et signature de l’organisme\n" + a.Agency.Name)
	return p.bytes()
}

// Roll is the attendance sheet of one session.
type Roll struct {
	Ref           string
	At            time.Time
	Agency        Agency
	Course        Course
	Trainer       string
	TrainerSigned string   // when, in words; empty if not signed
	Times         []string // the session's day and hours
	HalfDays      []string // their hours, one column each
	People        []Attendee
}

// Attendee is a row of the sheet: Marks says, for each half-day, when it was signed, or that the person was absent; empty
// leaves room to sign.
type Attendee struct {
	Name, Email string
	Marks       []string
}

// Sheet renders the attendance sheet, filled in with what is known (F123); one signature per half-day (F124).
func Sheet(r Roll) ([]byte, error) {
	p := newPaper(r.Agency, "Feuille d’émargement", r.Ref, r.At)
	p.facts([2]string{"Formation", r.Course.Title}, [2]string{"Dossier", r.Course.Dossier}, [2]string{"Séance", strings.Join(r.Times, "\n")},
		[2]string{"Modalité", r.Course.Mode}, [2]string{"Lieu", r.Course.Place}, [2]string{"Formateur", r.Trainer})
	columns := []column{{"Participant", 62, "L"}}
	for _, h := range r.HalfDays {
		columns = append(columns, column{h, (width - 62) / float64(len(r.HalfDays)), "C"})
	}
	rows := make([][]string, len(r.People))
	for i, a := range r.People {
		rows[i] = append([]string{join("\n", a.Name, a.Email)}, a.Marks...)
		for len(rows[i]) < len(columns) {
			rows[i] = append(rows[i], "")
		}
	}
	p.table(columns, rows, 12)
	signed := "Signature du formateur"
	if r.TrainerSigned != "" {
		signed += "\n" + r.Trainer + "\nSigné en ligne le " + r.TrainerSigned
	}
	p.boxes(signed)
	return p.bytes()
}

// sums writes totals on the right, the last one in bold.
func (p *paper) sums(pairs ...[2]string) {
	p.room(float64(len(pairs)) * 6)
	for i, s := range pairs {
		style := ""
		if i == len(pairs)-1 {
			style = "B"
		}
		p.face(style, 10, 20)
		p.SetX(margin + width - 90)
		p.CellFormat(54, 6, clean(s[0]), "", 0, "R", false, 0, "")
		p.CellFormat(36, 6, clean(s[1]), "", 1, "R", false, 0, "")
	}
	p.Ln(3)
}

func join(sep string, parts ...string) string {
	var out []string
	for _, s := range parts {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, sep)
}

func siren(s string) string {
	if s == "" {
		return ""
	}
	return "SIREN " + s
}

func vatNumber(s string) string {
	if s == "" {
		return ""
	}
	return "TVA " + s
}

func percent(bps int64) string { return fr.Quantity(bps) + "\u00a0%" }
