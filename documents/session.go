package documents

import (
	"strings"
	"time"

	"jalon/models"
)

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
	Spare         int // at most that many lines are left for who registers later, where the page has room
}

// Attendee is a row of the sheet: Marks says, for each half-day, when it was signed, or that the person was absent; empty
// leaves room to sign.
type Attendee struct {
	Name, Email string
	Marks       []string
}

func (r Roll) lacks() (m mentions) {
	m.agency(r.Agency)
	m.need("title", r.Course.Title)
	m.must("times", len(r.Times) > 0 && len(r.HalfDays) > 0)
	m.need("mode", r.Course.Mode)
	m.need("trainer name", r.Trainer)
	m.must("participants", len(r.People) > 0)
	return m
}

// Sheets renders attendance sheets, filled in with what is known, one after another (F123): title as in the other
// documents, date, hours, place, one signature per half-day and the trainer's (F124, F125; CAA Nantes 20 April and 1 June
// 2021). It is refused (document_incomplete) when one of them lacks any.
func Sheets(rolls ...Roll) ([]byte, error) {
	var p *paper
	for _, r := range rolls {
		m := r.lacks()
		if err := m.check("attendance sheet"); err != nil {
			return nil, err
		}
		head := r.Agency.head("Feuille d’émargement", r.Course.Title, r.Ref, r.Course.Dossier, r.At)
		if p == nil {
			p = newPaper(head)
		} else {
			p.begin(head)
		}
		p.roll(r)
	}
	if p == nil {
		return nil, mentions{"sessions"}.check("attendance sheet")
	}
	return p.bytes()
}

func (p *paper) roll(r Roll) {
	p.facts([2]string{"Séance", strings.Join(r.Times, "\n")},
		[2]string{"Modalité", r.Course.Mode}, [2]string{"Lieu", r.Course.Place}, [2]string{"Formateur", r.Trainer})
	const first, tall = 82.0, 12.0
	columns := []column{{"Participant", first, "L"}}
	for _, h := range r.HalfDays {
		columns = append(columns, column{h, (width - first) / float64(len(r.HalfDays)), "C"})
	}
	rows := make([][]string, len(r.People))
	for i, a := range r.People {
		rows[i] = append([]string{join("\n", a.Name, a.Email)}, a.Marks...)
		for len(rows[i]) < len(columns) {
			rows[i] = append(rows[i], "")
		}
	}
	signed := box{lines: []string{"Signature du formateur", r.Trainer}}
	if r.TrainerSigned != "" {
		signed.lines = append(signed.lines, "Signé en ligne le "+r.TrainerSigned)
	}
	note := "Chaque participant signe lui-même chaque demi-journée suivie, le formateur signe la feuille. Elle prouve la formation auprès des financeurs et de l’administration (art. L6362-6 du Code du travail) ; elle est conservée 6 ans. Accès et rectification\u00a0: " + r.Agency.contact() + "."
	end := p.boxesHeight(signed)
	p.table(columns, rows, tall, underTable+end)
	for n := r.Spare; n > 0 && p.GetY()+tall+end <= height-bottom; n-- {
		p.SetY(p.GetY() - underTable)
		p.cells(columns, make([][]string, len(columns)), tall, false)
		p.Ln(underTable)
	}
	y := p.GetY()
	p.boxes(signed)
	p.beside(note, y, end)
}

// Summons is the convocation of one participant to a session.
type Summons struct {
	Ref         string
	At          time.Time
	Lang        models.Lang
	Agency      Agency
	Participant string
	Client      string // who ordered the course, and whom participants may turn to (L6353-8)
	Contact     string
	Course      Course // Sessions: all that are planned
	Times       []string
	Trainer     string
	Assessment  string // how learning is assessed
	Programme   bool   // it comes with the convocation
}

// Convocation renders what a participant must know before coming: when, where, with whom, how learning is assessed, the
// rules that apply and whom to ask (L6353-8; F119; quality indicator 9). In English for who reads English.
func Convocation(s Summons) ([]byte, error) {
	var m mentions
	m.agency(s.Agency)
	m.need("participant name", s.Participant)
	m.need("title", s.Course.Title)
	m.must("times", len(s.Times) > 0)
	m.need("mode", s.Course.Mode)
	m.need("agency e-mail", s.Agency.Email)
	if err := m.check("convocation"); err != nil {
		return nil, err
	}
	say := func(french, english string) string {
		if s.Lang == models.English {
			return english
		}
		return french
	}
	c := s.Agency.head(say("Convocation à une formation", "Convocation to a course"), s.Course.Title, s.Ref, s.Course.Dossier, s.At)
	c.to, c.lang = []string{s.Participant, s.Client}, s.Lang
	if s.Lang == models.English {
		c.facts = [][2]string{{"Reference", s.Ref}, {"File", s.Course.Dossier}, {"Date", s.Lang.ShortDay(models.ParisDate(s.At))}}
	}
	p := newPaper(c)
	p.text(say("Bonjour ", "Hello ")+s.Participant+",", say("Vous participez à la formation suivante. Nous vous attendons\u00a0:", "You are registered for the following course. We are expecting you:"))
	p.facts([2]string{say("Date et heures", "Date and times"), strings.Join(s.Times, "\n")}, [2]string{say("Modalité", "Mode"), s.Course.Mode}, [2]string{say("Lieu", "Place"), s.Course.Place},
		[2]string{say("Formateur", "Trainer"), s.Trainer}, [2]string{say("Durée de la formation", "Length of the course"), s.Course.Duration})
	if len(s.Course.Sessions) > 1 {
		p.subheading(say("Toutes les séances", "All sessions"))
		p.list(s.Course.Sessions...)
	}
	p.subheading(say("Avant de venir", "Before you come"))
	programme := ""
	if s.Programme {
		programme = say("Le programme est joint à cette convocation ; lisez-le.", "The programme comes with this convocation; please read it.")
	}
	p.list(programme,
		say("Arrivez quelques minutes avant l’heure, ou connectez-vous un peu à l’avance.", "Please arrive a few minutes early, or connect a little ahead of time."),
		say("Un test de positionnement vous est envoyé avant la première séance.", "A positioning test is sent to you before the first session."))
	p.subheading(say("Pendant et après", "During and after"))
	assessment := ""
	if s.Assessment != "" {
		assessment = say("Évaluation des acquis\u00a0: ", "Assessment of learning: ") + s.Assessment
	}
	p.list(say("Vous signez votre présence à chaque demi-journée.", "You sign your presence for each half-day."), assessment,
		say("Un questionnaire de satisfaction et votre certificat de réalisation vous sont envoyés à la fin.", "A satisfaction questionnaire and your certificate of completion are sent to you at the end."))
	p.subheading(say("Règles, aide et contacts", "Rules, help and contacts"))
	rules := say("Le règlement intérieur applicable aux stagiaires vous est remis sur simple demande.", "The rules that apply to trainees are sent to you on request.")
	if s.Agency.HouseRules != "" {
		rules = say("Règlement intérieur applicable aux stagiaires\u00a0: ", "Rules that apply to trainees: ") + s.Agency.HouseRules
	}
	contact := ""
	if s.Contact != "" {
		contact = say("Votre interlocuteur chez le client\u00a0: ", "Your contact at the client: ") + s.Contact
	}
	p.list(rules, contact,
		say("Une question, un empêchement, une réclamation\u00a0: ", "A question, an impediment, a complaint: ")+s.Agency.contact(),
		say("Une situation de handicap ou un besoin particulier ? Prévenez-nous, nous adaptons l’accueil autant que possible. Violences, harcèlement ou discrimination\u00a0: signalez-les à la même adresse, ils sont traités sans délai.",
			"A disability or a special need? Tell us, and we adapt as far as possible. Violence, harassment or discrimination: report them to the same address; they are dealt with at once."))
	p.note(say("Vos données (nom, adresse, présence, évaluations) servent à organiser la formation et à la prouver, comme la loi l’y oblige ; les preuves de présence sont conservées 6 ans. Accès, rectification, effacement\u00a0: à la même adresse ; réclamation\u00a0: CNIL.",
		"Your data (name, address, attendance, evaluations) serve to organise the course and to prove it, as the law requires; proof of attendance is kept for 6 years. Access, rectification, erasure: at the same address; complaints: CNIL."))
	return p.bytes()
}
