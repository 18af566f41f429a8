package documents

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2" // bounded and safe for all who draw at once
)

// Programme is what is taught: the client approves it by signing the convention, participants get it before they come
// (L6353-8).
type Programme struct{ Objectives, Content, Methods, Assessment string }

// Outline is the programme as a document of its own.
type Outline struct {
	Ref       string
	At        time.Time
	Agency    Agency
	Course    Course
	Programme Programme
	Trainer   string
}

// syllabi are the last programmes drawn, by all they say: the same one goes with the convocation of each participant to
// each session.
var syllabi, _ = lru.New[[sha256.Size]byte, []byte](64) // the only error is a size of nothing

// Syllabus renders the programme with whom it is for and how it is followed (F091; quality indicators 1, 5 and 6). It is
// refused (document_incomplete) without one of its four parts.
func Syllabus(o Outline) ([]byte, error) {
	var m mentions
	m.agency(o.Agency)
	m.must("date", !o.At.IsZero())
	m.need("title", o.Course.Title)
	m.need("duration", o.Course.Duration)
	m.need("objectives", o.Programme.Objectives)
	m.need("content", o.Programme.Content)
	m.need("methods and means", o.Programme.Methods)
	m.need("assessment", o.Programme.Assessment)
	if err := m.check("programme"); err != nil {
		return nil, err
	}
	said, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	key := sha256.Sum256(said)
	if pdf, drawn := syllabi.Get(key); drawn {
		return pdf, nil
	}
	p := newPaper(o.Agency.head("Programme de formation", o.Course.Title, o.Ref, o.Course.Dossier, o.At))
	c := o.Course
	p.facts([2]string{"Intitulé", c.Title}, [2]string{"Nature de l’action", nature}, [2]string{"Durée", c.Duration}, [2]string{"Modalité", c.Mode}, [2]string{"Lieu", c.Place},
		[2]string{"Niveau préalable requis", c.Level}, [2]string{"Formateur", o.Trainer})
	p.programme(o.Programme)
	p.subheading("Suivi et sanction")
	p.text("Un test de positionnement précède la formation. La présence est signée par demi-journée. La formation se termine par une évaluation des acquis et un questionnaire de satisfaction ; un certificat de réalisation est remis à chaque participant.")
	p.subheading("Accessibilité")
	p.text("Une situation de handicap ou un besoin particulier ? Dites-le à " + o.Agency.contact() + "\u00a0: les conditions de la formation sont adaptées autant que possible.")
	pdf, err := p.bytes()
	if err == nil {
		syllabi.Add(key, pdf)
	}
	return pdf, err
}

// programme writes the four parts of a programme.
func (p *paper) programme(t Programme) {
	for _, s := range [][2]string{{"Objectifs", t.Objectives}, {"Contenu", t.Content}, {"Méthodes et moyens pédagogiques", t.Methods}, {"Évaluation des acquis", t.Assessment}} {
		if strings.TrimSpace(s[1]) != "" {
			p.subheading(s[0])
			p.text(s[1])
		}
	}
}
