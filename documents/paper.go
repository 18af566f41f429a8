package documents

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

const (
	margin   = 20.0 // mm
	width    = 210 - 2*margin
	height   = 297.0
	bottom   = 22.0
	lineSize = 5.2
	family   = "Go"
)

var glyphs = func() *sfnt.Font {
	f, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		panic(err) // embedded in the module
	}
	return f
}()

// paper is an A4 document under way. The same calls give the same bytes: its date is the document's, and nothing in it
// depends on when or where it is made.
type paper struct {
	*fpdf.Fpdf
}

func newPaper(agency Agency, title, reference string, at time.Time) *paper {
	p := &paper{fpdf.New("P", "mm", "A4", "")}
	at = at.UTC().Truncate(time.Second)
	p.SetCreationDate(at)
	p.SetModificationDate(at)
	p.SetCatalogSort(true)
	p.SetProducer("Jalon", true)
	p.SetTitle(clean(title+" "+reference), true)
	p.SetAuthor(clean(agency.Name), true)
	p.SetLang("fr-FR")
	p.AddUTF8FontFromBytes(family, "", goregular.TTF)
	p.AddUTF8FontFromBytes(family, "B", gobold.TTF)
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(true, bottom)
	p.AliasNbPages("{pages}")
	foot := clean(agency.line())
	p.SetFooterFunc(func() {
		p.SetY(-16)
		p.face("", 7.5, 110)
		p.CellFormat(width-30, 4, p.fit(foot, width-30), "", 0, "L", false, 0, "")
		p.CellFormat(30, 4, fmt.Sprintf("%d/{pages}", p.PageNo()), "", 1, "R", false, 0, "")
		p.SetX(margin)
		p.CellFormat(width, 4, p.fit(clean(title+" – "+reference), width), "", 0, "L", false, 0, "")
	})
	p.AddPage()
	p.face("B", 10, 60)
	p.CellFormat(width, 5, p.fit(clean(agency.Name), width), "", 1, "L", false, 0, "")
	p.face("", 8.5, 90)
	p.block(agency.identity())
	p.Ln(5)
	p.face("B", 17, 20)
	p.MultiCell(width, 7.5, clean(title), "", "L", false)
	p.face("", 9, 90)
	p.block("Référence\u00a0: " + reference)
	p.SetDrawColor(29, 78, 137)
	p.SetLineWidth(0.6)
	p.Line(margin, p.GetY()+2, margin+width, p.GetY()+2)
	p.SetLineWidth(0.2)
	p.SetDrawColor(190, 190, 190)
	p.Ln(6)
	return p
}

func (p *paper) face(style string, size float64, grey int) {
	p.SetFont(family, style, size)
	p.SetTextColor(grey, grey, grey)
}

func (p *paper) block(s string) {
	if s != "" {
		p.MultiCell(width, 4.4, clean(s), "", "L", false)
	}
}

// heading starts a section, on the next page when no line of it would fit on this one.
func (p *paper) heading(s string) {
	p.room(16)
	p.Ln(2)
	p.face("B", 11, 29)
	p.MultiCell(width, 6, clean(s), "", "L", false)
	p.Ln(0.5)
}

func (p *paper) text(paragraphs ...string) {
	for _, s := range paragraphs {
		if strings.TrimSpace(s) == "" {
			continue
		}
		p.face("", 9.5, 20)
		p.MultiCell(width, lineSize, clean(s), "", "L", false)
		p.Ln(1.4)
	}
}

// list writes items after a dash.
func (p *paper) list(items ...string) {
	p.face("", 9.5, 20)
	for _, s := range items {
		if s == "" {
			continue
		}
		p.SetX(margin + 3)
		p.CellFormat(4, lineSize, "–", "", 0, "L", false, 0, "")
		p.MultiCell(width-7, lineSize, clean(s), "", "L", false)
	}
	p.Ln(1.4)
}

// facts writes labels and values; a value that says nothing is left out.
func (p *paper) facts(pairs ...[2]string) {
	const label = 48.0
	for _, f := range pairs {
		if f[1] == "" {
			continue
		}
		p.face("", 9.5, 20)
		value := clean(f[1])
		n := len(p.wrap(value, width-label))
		p.room(float64(min(n, 4)) * lineSize)
		y, page := p.GetY(), p.PageNo()
		p.face("", 9.5, 100)
		p.CellFormat(label, lineSize, clean(f[0]), "", 0, "L", false, 0, "")
		p.face("", 9.5, 20)
		p.SetLeftMargin(margin + label)
		p.MultiCell(width-label, lineSize, value, "", "L", false)
		p.SetLeftMargin(margin)
		if p.PageNo() == page && p.GetY() < y+lineSize {
			p.SetY(y + lineSize)
		}
		p.SetX(margin)
	}
	p.Ln(2)
}

type column struct {
	title string
	width float64 // mm; the columns add up to width
	align string
}

// table writes rows under a header that each page repeats; a row is never cut in two.
func (p *paper) table(columns []column, rows [][]string, rowHeight float64) {
	header := func() {
		p.face("B", 8.5, 40)
		p.SetFillColor(235, 240, 246)
		lines, tall := make([][]string, len(columns)), 1
		for i, c := range columns {
			lines[i] = p.wrap(clean(c.title), c.width)
			tall = max(tall, len(lines[i]))
		}
		p.cells(columns, lines, float64(tall)*4.4+2, true)
	}
	p.room(20)
	header()
	for _, r := range rows {
		p.face("", 8.5, 20)
		lines, tall := make([][]string, len(columns)), 1
		for i, c := range columns {
			lines[i] = p.wrap(clean(r[i]), c.width)
			tall = max(tall, len(lines[i]))
		}
		h := max(rowHeight, float64(tall)*4.4+2)
		if p.GetY()+h > height-bottom {
			p.AddPage()
			header()
			p.face("", 8.5, 20)
		}
		p.cells(columns, lines, h, false)
	}
	p.Ln(3)
}

func (p *paper) cells(columns []column, lines [][]string, h float64, fill bool) {
	x, y := margin, p.GetY()
	for i, c := range columns {
		style := "D"
		if fill {
			style = "FD"
		}
		p.Rect(x, y, c.width, h, style)
		for j, l := range lines[i] {
			p.SetXY(x, y+1+float64(j)*4.4)
			p.CellFormat(c.width, 4.4, l, "", 0, c.align, false, 0, "")
		}
		x += c.width
	}
	p.SetXY(margin, y+h)
}

// boxes leaves room for one or two to sign, side by side.
func (p *paper) boxes(titles ...string) {
	const tall = 34.0
	p.room(tall + 4)
	y, w := p.GetY(), width/2.0
	for i, s := range titles {
		x := margin + float64(i)*w
		p.Rect(x, y, w-3, tall, "D")
		p.face("B", 8.5, 40)
		for j, l := range p.wrap(clean(s), w-5) {
			p.SetXY(x+1, y+1.5+float64(j)*4.4)
			p.CellFormat(w-5, 4.4, l, "", 0, "L", false, 0, "")
		}
	}
	p.SetXY(margin, y+tall+3)
}

// room starts a new page unless that many millimetres are left on this one.
func (p *paper) room(mm float64) {
	if p.GetY()+mm > height-bottom {
		p.AddPage()
	}
}

// wrap cuts text into lines that fit a cell; a word that is too long is cut.
func (p *paper) wrap(s string, cell float64) []string {
	room := cell - 2*p.GetCellMargin()
	var out []string
	for _, l := range strings.Split(s, "\n") {
		line := ""
		for _, word := range strings.Split(l, " ") {
			if try := strings.TrimPrefix(line+" "+word, " "); p.GetStringWidth(try) <= room {
				line = try
				continue
			}
			if line != "" {
				out = append(out, line)
			}
			for line = word; p.GetStringWidth(line) > room; {
				r := []rune(line)
				n := len(r) - 1
				for n > 1 && p.GetStringWidth(string(r[:n])) > room {
					n--
				}
				if n < 1 {
					break
				}
				out, line = append(out, string(r[:n])), string(r[n:])
			}
		}
		out = append(out, line)
	}
	return out
}

// fit shortens what must stay on one line.
func (p *paper) fit(s string, cell float64) string {
	if l := p.wrap(s, cell); len(l) > 1 {
		return p.wrap(s, cell-5)[0] + "…"
	}
	return s
}

func (p *paper) bytes() ([]byte, error) {
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		return nil, fmt.Errorf("render document: %w", err)
	}
	return b.Bytes(), nil
}

var unbroken = strings.NewReplacer("\r\n", "\n", "\r", "\n", " :", "\u00a0:", " ;", "\u00a0;", " ?", "\u00a0?", " !", "\u00a0!",
	"« ", "«\u00a0", " »", "\u00a0»", " €", "\u00a0€", " %", "\u00a0%")

// clean keeps what the embedded font can show: accents composed, thin spaces made no-break ones, line ends kept, and a
// question mark for a letter it lacks.
func clean(s string) string {
	s = unbroken.Replace(norm.NFC.String(strings.ToValidUTF8(s, "?")))
	var buffer sfnt.Buffer
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case r == '\u202f' || r == '\u2009':
			return '\u00a0'
		case r == '\u2011':
			return '-'
		case r == '\u00ad' || r == '\u200b' || unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		case r > 0xffff:
			return '?'
		}
		if i, err := glyphs.GlyphIndex(&buffer, r); err != nil || i == 0 {
			return '?'
		}
		return r
	}, s)
}
