package documents

import (
	"time"

	"jalon/models"
)

// Attestation is one participant's certificate of completion.
type Attestation struct {
	Ref         string
	At          time.Time
	Agency      Agency
	Participant string
	Employer    string // the client who ordered the course; none for who pays alone
	Course      Course
	From, To    models.Date
	Minutes     int64 // done, absences left out (F134)
	Planned     int64
}

// Certificate renders the certificate of completion, after the ministry's model (order of 21 December 2018): who, at
// whose employ, what, when, how long, of which nature, and how long the proofs are kept.
func Certificate(a Attestation) ([]byte, error) {
	var m mentions
	m.agency(a.Agency)
	m.need("agency representative", a.Agency.Representative)
	m.need("participant name", a.Participant)
	m.need("title", a.Course.Title)
	m.must("dates", a.From != "" && a.To != "")
	m.must("duration", a.Minutes > 0)
	if err := m.check("certificate"); err != nil {
		return nil, err
	}
	p := newPaper(a.Agency.head("Certificat de réalisation", "Action concourant au développement des compétences (art. L6313-1 du Code du travail)", a.Ref, a.Course.Dossier, a.At))
	p.text(a.Agency.Representative + ", pour l’organisme de formation " + a.Agency.Name + ", atteste que\u00a0:")
	p.facts([2]string{"Stagiaire", a.Participant}, [2]string{"Entreprise ou client", a.Employer})
	p.text("a suivi l’action suivante\u00a0:")
	dates := "le " + fr.ShortDay(a.From)
	if a.To != a.From {
		dates = "du " + fr.ShortDay(a.From) + " au " + fr.ShortDay(a.To)
	}
	p.facts([2]string{"Intitulé", a.Course.Title}, [2]string{"Nature de l’action", nature}, [2]string{"Modalité", join(", ", a.Course.Mode, a.Course.Place)},
		[2]string{"Dates", dates}, [2]string{"Durée suivie", fr.Minutes(a.Minutes) + ", sur " + fr.Minutes(a.Planned) + " prévues"})
	p.text("La durée suivie est celle des demi-journées signées par le stagiaire, absences déduites.",
		"Sans préjudice des délais imposés par les règles fiscales, comptables ou commerciales, l’organisme s’engage à conserver l’ensemble des pièces justificatives qui ont permis d’établir le présent certificat pendant 3 ans à compter de la fin de l’année du dernier paiement ; les preuves de présence sont conservées 6 ans. En cas de cofinancement par des fonds européens, cette durée est étendue selon les obligations conventionnelles.")
	p.text("Fait le " + fr.ShortDay(models.ParisDate(a.At)) + ".")
	p.boxes(box{lines: []string{"Cachet et signature du responsable de l’organisme", a.Agency.Name, a.Agency.Representative}, stamp: a.Agency.Stamp})
	return p.bytes()
}
