package documents

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"jalon/models"
)

// Signature is what is known of who signed a document, for the page that its signed copy ends with.
type Signature struct {
	Ref, Dossier string
	Kind         models.ContractKind
	Agency       Agency
	IssuedAt     time.Time // when the agency drew the document up
	Decided      string    // by whom and when the agency decided on it; empty where nobody of it did
	Signer       Party     // Represented: who signs for it
	Online       bool
	Name         string // as typed online
	At           time.Time
	Means        string // the link, or who recorded it
}

// SignedCopy is a document as it was signed, followed by a page that says by whom, when and how. The document's bytes are
// those at the beginning of the copy, unchanged: anybody can compute the SHA-256 that was signed from it. Refused
// (invalid_input) upon what this package did not draw.
func SignedCopy(document []byte, s Signature) ([]byte, error) {
	kind, role := "Convention de formation professionnelle", "Le client"
	switch s.Kind {
	case models.ContractIndividual:
		kind, role = "Contrat de formation professionnelle", "Le stagiaire"
	case models.ContractTrainer:
		kind, role = "Contrat d’intervention d’un formateur", "Le formateur"
	}
	when, signed, law := "Signature reçue", "Signature reçue", ""
	if s.Online {
		when, signed, law = "Signé", "Signé en ligne par "+s.Name, "Signature électronique au sens des articles 1366 et 1367 du Code civil."
	}
	p := newPaper(s.Agency.head("Page de signature", kind, s.Ref, s.Dossier, s.At))
	p.text("Cette page suit le document signé, dont les pages précèdent sans changement.")
	p.heading("Document signé")
	p.facts([2]string{"Document", kind}, [2]string{"Référence", s.Ref}, [2]string{"Empreinte SHA-256", SHA256(document)})
	p.heading("Pour l’organisme de formation")
	p.facts([2]string{"Organisme", s.Agency.Name}, [2]string{"Représenté par", s.Agency.Representative},
		[2]string{"Document établi", exactly(s.IssuedAt)}, [2]string{"Décidé par", s.Decided})
	p.text("L’organisme s’est engagé en émettant ce document sous le nom de son représentant.")
	p.heading("Pour l’autre partie")
	p.facts([2]string{role, s.Signer.Name}, [2]string{"Représenté par", s.Signer.Represented}, [2]string{"Nom saisi pour signer", s.Name},
		[2]string{when, exactly(s.At)}, [2]string{"Moyen", s.Means})
	p.heading("Vérifier cet exemplaire")
	p.text(fmt.Sprintf("Les %d premiers octets de ce fichier sont le document tel qu’il a été signé\u00a0: leur empreinte SHA-256 est celle qui est donnée ci-dessus, et celle que l’organisme conserve avec la date et l’auteur de la signature. ", len(document)) + law)
	day := func(t time.Time) string { return fr.ShortDay(models.ParisDate(t)) }
	p.boxes(box{lines: said([]string{"Pour l’organisme de formation", s.Agency.Name, s.Agency.Representative, "Émis le " + day(s.IssuedAt)}), stamp: s.Agency.Stamp},
		box{lines: said([]string{role, s.Signer.Name, s.Signer.Represented, signed + " le " + day(s.At)})})
	page, err := p.bytes()
	if err != nil {
		return nil, err
	}
	return followed(document, page)
}

// exactly is an instant in words, with its zone.
func exactly(t time.Time) string {
	return fr.Moment(t) + ", heure de Paris (" + t.UTC().Format(time.RFC3339) + ")"
}

// followed is a PDF of this package with the pages of another one after its own, written as an update of the file (ISO
// 32000-1, 7.5.6): what is there stays as it is, and what is new comes after it.
func followed(first, second []byte) ([]byte, error) {
	all, table, err := objects(first)
	more, _, err2 := objects(second)
	if err != nil || err2 != nil {
		return nil, models.NewError(models.CodeInvalid, "a document to be completed was not drawn here")
	}
	n, more := len(all), more[:len(more)-2] // without what describes the second as a file of its own
	out := bytes.NewBuffer(slices.Clone(first))
	var entries []string
	add := func(object []byte) {
		entries = append(entries, fmt.Sprintf("%010d 00000 n \n", out.Len()))
		out.Write(object)
	}
	pages, branch := all[0], moved(more[0], n) // the pages of the second become a branch of the first's
	add(kids.ReplaceAll(total.ReplaceAll(pages, fmt.Appendf(nil, "/Count %d", counted(pages)+counted(branch))), fmt.Appendf(nil, "/Kids [${1} %d 0 R]", n+1)))
	add(bytes.Replace(branch, []byte("/Type /Pages"), []byte("/Type /Pages /Parent 1 0 R"), 1))
	for _, o := range more[1:] {
		add(moved(o, n))
	}
	at := out.Len()
	fmt.Fprintf(out, "xref\n1 1\n%s%d %d\n%s", entries[0], n+1, len(more), strings.Join(entries[1:], ""))
	fmt.Fprintf(out, "trailer\n<<\n/Size %d\n/Root %d 0 R\n/Info %d 0 R\n/Prev %d\n>>\nstartxref\n%d\n%%%%EOF\n", n+len(more)+1, n, n-1, table, at)
	return out.Bytes(), nil
}

// What the library writes, as far as it is read here.
var (
	kids      = regexp.MustCompile(`/Kids \[([^]]*)\]`)
	total     = regexp.MustCompile(`/Count (\d+)`)
	reference = regexp.MustCompile(`\b(\d+) 0 (obj|R)\b`)
	start     = regexp.MustCompile(`\nstartxref\n(\d+)\n%%EOF\n$`)
	contents  = regexp.MustCompile(`^xref\n0 (\d+)\n0{10} 65535 f \n`)
	entry     = regexp.MustCompile(`^(\d{10}) 00000 n \n`)
)

var errForeign = errors.New("not a PDF of this package")

// objects takes a PDF apart: its objects by number, the tree of its pages first, and where the table of them is.
func objects(pdf []byte) (all [][]byte, table int, err error) {
	found := start.FindSubmatch(pdf)
	if found == nil {
		return nil, 0, errForeign
	}
	table = number(found[1])
	if table >= len(pdf) {
		return nil, 0, errForeign
	}
	rest := pdf[table:]
	if found = contents.FindSubmatch(rest); found == nil {
		return nil, 0, errForeign
	}
	rest = rest[len(found[0]):]
	var from []int
	for range number(found[1]) - 1 {
		line := entry.FindSubmatch(rest)
		if line == nil {
			return nil, 0, errForeign
		}
		from, rest = append(from, number(line[1])), rest[len(line[0]):]
	}
	ends := append(slices.Sorted(slices.Values(from)), table)
	for i, begin := range from {
		n, _ := slices.BinarySearch(ends, begin+1)
		if n == len(ends) || !bytes.HasPrefix(pdf[begin:], fmt.Appendf(nil, "%d 0 obj\n", i+1)) {
			return nil, 0, errForeign
		}
		all = append(all, pdf[begin:ends[n]])
	}
	if len(all) < 3 || !total.Match(all[0]) || !kids.Match(all[0]) {
		return nil, 0, errForeign
	}
	return all, table, nil
}

// moved is an object numbered from n on, with what it refers to; a stream is left as it is.
func moved(object []byte, n int) []byte {
	head, stream, has := bytes.Cut(object, []byte("\nstream\n"))
	head = reference.ReplaceAllFunc(head, func(ref []byte) []byte {
		m := reference.FindSubmatch(ref)
		return fmt.Appendf(nil, "%d 0 %s", number(m[1])+n, m[2])
	})
	if !has {
		return head
	}
	return slices.Concat(head, []byte("\nstream\n"), stream)
}

func counted(pages []byte) int { return number(total.FindSubmatch(pages)[1]) }

// number reads figures that an expression found.
func number(figures []byte) int {
	n, _ := strconv.Atoi(string(figures))
	return n
}
