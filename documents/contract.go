package documents

import (
	"fmt"
	"strings"
	"time"

	"jalon/models"
)

// Agreement is what a convention (L6353-1, D6353-1) or an individual training contract (L6353-3 to L6353-7) says.
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

func (a Agreement) lacks() (m mentions) {
	m.agency(a.Agency)
	m.need("agency representative", a.Agency.Representative)
	m.need("client name", a.Client.Name)
	m.need("client address", a.Client.Address)
	m.need("title", a.Course.Title)
	m.need("duration", a.Course.Duration)
	m.must("period", a.Course.Period != "" || len(a.Course.Sessions) > 0)
	m.need("mode", a.Course.Mode)
	m.must("headcount", a.Course.GroupSize > 0)
	m.need("objectives", a.Programme.Objectives)
	m.need("content", a.Programme.Content)
	m.must("price", a.Price.Total > 0)
	m.must("agency VAT number", a.Price.VAT == 0 || a.Agency.VATNumber != "")
	m.must("agency activity number, without which there is no VAT exemption", a.Price.VAT > 0 || a.Agency.ActivityNumber != "")
	if a.Individual { // on pain of nullity (L6353-4)
		m.need("methods and means", a.Programme.Methods)
		m.need("assessment", a.Programme.Assessment)
		m.need("prior level", a.Course.Level)
		m.need("trainer name", a.Trainer)
		m.need("trainer titles", a.Titles)
		m.need("consumer mediator", a.Agency.Mediator)
	}
	return m
}

// Convention renders the client's document, with the programme in it: who signs the one approves the other (F101). It is
// refused (document_incomplete) when it lacks what the law wants in it.
func Convention(a Agreement) ([]byte, error) {
	title, law, role, m := "Convention de formation professionnelle", "articles L6353-1 et D6353-1", "Le client", a.lacks()
	if a.Individual {
		title, law, role = "Contrat de formation professionnelle", "articles L6353-3 à L6353-7", "Le stagiaire"
	}
	if err := m.check("agreement"); err != nil {
		return nil, err
	}
	p := newPaper(a.Agency.head(title, "En application des "+law+" du Code du travail", a.Ref, a.Course.Dossier, a.At))
	p.text("Entre\u00a0:")
	p.parties(a.Agency.party(), a.Client.lines(role))
	p.text("il est convenu ce qui suit.")
	p.heading("Article 1 – Objet, durée et effectif")
	p.facts(a.Course.facts()...)
	p.heading("Article 2 – Programme")
	p.text("La signature du présent document vaut approbation de ce programme.")
	p.programme(a.Programme)
	p.heading("Article 3 – Moyens, déroulement, suivi et sanction")
	p.facts([2]string{"Formateur", a.Trainer}, [2]string{"Titres et références", a.Titles})
	p.text("Un test de positionnement précède la formation. Chaque participant signe sa présence par demi-journée, et le formateur signe la feuille d’émargement. Une évaluation des acquis et un questionnaire de satisfaction ont lieu en fin de formation. La formation est sanctionnée par un certificat de réalisation, remis à chaque participant, qui dit les heures suivies, absences déduites.")
	if a.Course.Remote {
		held := "de la convocation"
		if len(a.Course.Sessions) > 0 {
			held = "des séances ci-dessus ou " + held
		}
		p.text("À distance (art. D6313-3-1)\u00a0: le formateur assiste les participants pendant toute la séance par visioconférence ; les activités à distance et leur durée moyenne sont celles " + held + " ; les évaluations ont lieu pendant et à la fin de la formation. Les connexions et les travaux réalisés attestent du suivi.")
	}
	p.heading("Article 4 – Prix et règlement")
	p.price(a.Course.Title, a.Price)
	if a.Individual {
		a.individual(p)
	} else {
		from := "l’envoi de la facture" // as the invoice counts; a public body's term runs from receipt (R2192-10), the same day
		if a.Client.Type == models.ClientPublic {
			from = "réception de la facture"
		}
		p.text("Le prix est réglé par virement, 30 jours après " + from + ", émise une fois la formation réalisée ; les heures d’absence sont déduites des heures facturables à un financeur. " + late(a.Client.Type))
		p.heading("Article 5 – Annulation et inexécution")
		p.text("Le client peut annuler sa demande avant la signature sans frais. En cas d’inexécution totale ou partielle, seules les prestations effectivement réalisées sont dues ; les sommes indûment perçues sont remboursées (art. L6354-1).")
	}
	p.heading("Article 6 – Données personnelles")
	p.text("L’organisme traite les données des signataires et des participants pour exécuter le présent document et pour prouver la formation, comme la loi l’y oblige. Il conserve les factures 10 ans, les contrats 5 ans après leur fin et les preuves de présence 6 ans. Chacun peut demander l’accès à ses données, leur rectification ou leur effacement à " + a.Agency.contact() + ", et saisir la CNIL.")
	complaint := "Toute réclamation peut être adressée à " + a.Agency.contact() + " ; il y est répondu. Les parties cherchent d’abord une solution amiable. "
	if a.Individual {
		complaint += "Le stagiaire peut recourir gratuitement au médiateur de la consommation (art. L616-1 du Code de la consommation)\u00a0: " + a.Agency.Mediator + ". "
	}
	p.closing("Article 7 – Réclamations et différends", complaint+"À défaut, le tribunal compétent est saisi.", "Pour l’organisme de formation", a.Agency, role, join("\n", a.Client.Represented, a.Client.Name))
	if a.Individual {
		p.withdrawal(a)
	}
	return p.bytes()
}

// individual writes what protects somebody who pays alone.
func (a Agreement) individual(p *paper) {
	p.text("Rien n’est à payer avant la fin de la formation\u00a0: aucune somme n’est demandée à la signature, pendant le délai de rétractation ni pendant la formation (art. L6353-6). Le prix est réglé en une fois, par virement, au plus tard 30 jours après la date de la facture, émise une fois la formation réalisée. " + late(models.ClientIndividual))
	p.heading("Article 5 – Rétractation et fin anticipée")
	p.text("Le stagiaire dispose de 10 jours à compter de la signature pour se rétracter par lettre recommandée avec avis de réception (art. L6353-5). Signé à distance ou hors établissement, le contrat peut l’être pendant 14 jours, sans motif (art. L221-18 du Code de la consommation), par toute déclaration dénuée d’ambiguïté, par le formulaire ci-joint ou en ligne\u00a0: le lien « Me rétracter » du message qui accompagne le contrat ouvre une page qui enregistre la rétractation, et un message daté en accuse réception. Un délai qui expire un samedi, un dimanche ou un jour férié est prolongé jusqu’au premier jour ouvrable suivant. La formation ne commence avant la fin de ce délai qu’à la demande expresse du stagiaire.",
		"Si le stagiaire est empêché par un cas de force majeure dûment reconnue, le contrat est rompu et seules les prestations effectivement dispensées sont dues, au prorata du prix (art. L6353-7). Il en est de même si l’organisme cesse la formation. En cas d’abandon pour un autre motif, les séances effectivement dispensées sont dues au prorata du prix ; rien d’autre n’est demandé.")
}

// withdrawal is the form that a consumer may use (C. conso. R221-1).
func (p *paper) withdrawal(a Agreement) {
	p.room(64)
	p.heading("Annexe – Formulaire de rétractation")
	p.note("À compléter et à renvoyer seulement si vous souhaitez vous rétracter du contrat.")
	p.text("À l’attention de "+join(", ", a.Agency.Name, a.Agency.Address, a.Agency.Email)+"\u00a0:",
		"Je vous notifie ma rétractation du contrat de formation professionnelle "+a.Ref+", signé le ……………………, portant sur « "+a.Course.Title+" ».",
		"Nom du stagiaire\u00a0: "+a.Client.Name+"\nAdresse du stagiaire\u00a0: "+a.Client.Address,
		"Date\u00a0: ……………………          Signature (sur papier seulement)\u00a0: ……………………")
}

// price writes what is ordered, what it costs and the tax.
func (p *paper) price(label string, price Price) {
	p.table([]column{{"Désignation", 82, "L"}, {"Quantité", 28, "R"}, {"Prix unitaire" + price.before(), 30, "R"}, {"Montant" + price.before(), 30, "R"}},
		[][]string{{label, price.Quantity, price.Unit, fr.Euros(price.Net)}}, 0, price.sumsHeight())
	p.sums(price.sums()...)
	if price.VAT == 0 {
		p.text(Exempt + ".")
	}
}

// closing ends a contract: nobody signs a page that says nothing, so its last article is on the page of the signatures.
func (p *paper) closing(article, words, first string, a Agency, second, who string) {
	made := "Établi le " + fr.ShortDay(models.ParisDate(p.at)) + ". Chaque partie en reçoit un exemplaire signé. Signé en ligne, c’est ce fichier suivi d’une page de signature, qui dit qui a signé, quand et sous quelle empreinte SHA-256."
	boxes := []box{{lines: said([]string{first, a.Name, a.Representative}), stamp: a.Stamp}, {lines: append([]string{second}, strings.Split(who, "\n")...)}}
	p.room(2*headingHeight + p.textHeight(words) + p.textHeight(made) + p.boxesHeight(boxes...))
	p.heading(article)
	p.text(words)
	p.heading("Signatures")
	p.text(made)
	p.boxes(boxes...)
}

// Mission is what a trainer's contract says.
type Mission struct {
	Ref       string
	At        time.Time
	Agency    Agency
	Trainer   Party
	Course    Course
	Programme Programme    // empty when the contract comes first
	Rate      string       // in words
	Cents     models.Cents // the whole mission at that rate, 0 if not known
	Abroad    bool         // the trainer is established abroad
	Mandate   bool         // self-billing
	VATText   string       // exemption, franchise or reverse charge; empty for who charges VAT
	Expenses  string       // what is covered; empty says that the rate includes them
	CPF       bool         // subcontracted under CPF (R6333-6-2)
	Terms     models.Terms
}

func (m Mission) lacks() (out mentions) {
	out.agency(m.Agency)
	out.need("agency representative", m.Agency.Representative)
	out.need("trainer name", m.Trainer.Name)
	out.need("trainer address", m.Trainer.Address)
	out.need("trainer company number", m.Trainer.Company)
	out.need("title", m.Course.Title)
	out.need("duration", m.Course.Duration)
	out.must("period", m.Course.Period != "" || len(m.Course.Sessions) > 0)
	out.need("rate", m.Rate)
	out.must("terms", m.Terms.PromiseDays > 0 && m.Terms.VigilanceMonths > 0)
	out.must("trainer VAT number or exemption", m.VATText != "" || m.Trainer.VATNumber != "")
	return out
}

// TrainerContract renders the contract between the agency and a trainer (F096): expenses and the documents that
// condition payment (F097), quality requirements that leave the trainer independent (F099), and that no volume of work
// is promised (F034). It is refused (document_incomplete) when it lacks what it must say.
func TrainerContract(m Mission) ([]byte, error) {
	lacks := m.lacks()
	if err := lacks.check("trainer contract"); err != nil {
		return nil, err
	}
	under := "Contrat de prestation de services"
	if m.CPF {
		under += " – sous-traitance d’une action éligible au CPF (art. L6323-9-2 et R6333-6-2 du Code du travail)"
	}
	p := newPaper(m.Agency.head("Contrat d’intervention d’un formateur", under, m.Ref, m.Course.Dossier, m.At))
	p.text("Entre\u00a0:")
	p.parties(m.Agency.party(), m.Trainer.lines("Le formateur"))
	p.text("il est convenu ce qui suit.")
	p.heading("Article 1 – Mission")
	p.facts(m.Course.facts()...)
	p.text("Le formateur prépare et anime la formation selon le programme convenu avec le client, évalue les acquis et fait émarger les participants. Il peut s’écarter du programme pour s’adapter au terrain ; les écarts sont notés. Il confirme sa préparation avant la première séance. La formation est sanctionnée par un certificat de réalisation.")
	p.programme(m.Programme)
	p.heading("Article 2 – Indépendance et qualité")
	p.text("Le formateur organise librement son travail et reste libre de refuser toute mission, présente ou future, sans conséquence sur les propositions suivantes. Il s’engage sur la qualité\u00a0: respect du programme, du calendrier convenu, de la feuille d’émargement, de l’évaluation des acquis, et des exigences du référentiel national qualité qui concernent ses prestations ; il en tient les preuves à la disposition de l’organisme. Les demandes de modification du client passent par l’organisme, qui n’en décide que sur la qualité et l’étendue de la mission.",
		"La mission ne peut pas être sous-traitée à son tour. Aucun volume de travail n’est promis ni réservé.")
	p.heading("Article 3 – Rémunération")
	rate, total, before, vat, rounded := "Tarif", "", "", m.VATText, ""
	if vat == "" {
		rate, before, vat = "Tarif hors taxes", " hors taxes", "TVA en sus, au taux en vigueur"
	}
	if m.Cents > 0 {
		total = fr.Euros(m.Cents) + before
		rounded = " Chaque séance est arrondie au centime\u00a0: le total des séances relevées est dû, même s’il s’écarte de quelques centimes du montant ci-dessus."
	}
	p.facts([2]string{rate, m.Rate}, [2]string{"Pour la mission", total}, [2]string{"TVA", vat})
	expenses := m.Expenses
	if expenses == "" {
		expenses = "Les frais (déplacement, repas, hébergement, supports) ne sont pas pris en charge en plus\u00a0: le tarif les comprend, sauf accord écrit préalable."
	}
	p.text("Frais. "+expenses, "Seules les séances validées sont rémunérées. Un relevé mensuel, à accepter ou à contester, les récapitule ; le silence ne vaut jamais acceptation."+rounded)
	if m.Mandate {
		p.text("Autofacturation (art. 289 I-2 du CGI). Selon le mandat écrit que le formateur a signé, l’organisme établit les factures en son nom et pour son compte, dans une série de numéros qui lui est propre. Le formateur peut contester chaque facture, et reste responsable de ses obligations en matière de TVA et de sa déclaration.")
	}
	p.heading("Article 4 – Pièces qui conditionnent le paiement")
	invoice := "la facture du formateur, avec son numéro d’entreprise et les mentions de TVA qui le concernent ;"
	if m.Mandate {
		invoice = "le relevé accepté, sur lequel l’organisme établit la facture au nom du formateur, selon le mandat d’autofacturation signé ;"
	}
	vigilance := "l’attestation de vigilance URSSAF et la preuve d’immatriculation (art. L8222-1, R8222-1 et D8222-5 du Code du travail)."
	if m.Abroad {
		vigilance = "le numéro de TVA ou d’identification de l’entreprise, la preuve de la régularité de sa situation sociale (formulaire A1 dans l’Union européenne) et, où elle est obligatoire, celle de son inscription à un registre professionnel (art. L8222-4, R8222-1 et D8222-7 du Code du travail), rédigés en français ou traduits (art. D8222-8)."
	}
	p.list(invoice, "la feuille d’émargement de chaque séance, signée par demi-journée par les participants et par le formateur ;",
		"les coordonnées bancaires à jour ;",
		fmt.Sprintf("à la signature puis tous les %d mois", m.Terms.VigilanceMonths)+", à partir de "+fr.Euros(m.Terms.VigilanceCents)+" hors taxes cumulés, "+vigilance)
	p.text("Une pièce manquante est signalée au formateur, qui peut la fournir avant toute retenue ; ce qui n’est pas en cause reste payé.",
		fmt.Sprintf("Le paiement est fait par virement, %d jours", m.Terms.PromiseDays)+" après la plus tardive de la réception et de la conformité, et jamais au-delà du délai légal. "+late(""))
	p.heading("Article 5 – Durée et fin")
	p.text("Le contrat vaut de sa signature à la fin de la mission. Chaque partie peut y mettre fin par écrit si l’autre manque à ses obligations, ou si la demande du client est annulée ; les séances tenues et validées restent dues.")
	p.heading("Article 6 – Confidentialité et données personnelles")
	p.text("Le formateur garde confidentielles les informations du client et des participants. Il ne traite les données des participants que pour la mission et sur instruction de l’organisme (art. 28 du RGPD), les protège, signale sans délai toute violation et les efface à la fin de la mission. L’organisme traite les données du formateur pour exécuter le contrat et tenir sa comptabilité ; le formateur exerce ses droits auprès de " + m.Agency.contact() + ".")
	p.closing("Article 7 – Différends", "Les parties cherchent d’abord une solution amiable. À défaut, le tribunal compétent est saisi.", "Pour l’organisme de formation", m.Agency, "Le formateur", m.Trainer.Name)
	return p.bytes()
}
