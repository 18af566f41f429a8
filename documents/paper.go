package documents

import (
	"bytes"
	_ "embed" // fonts
	"fmt"
	"image"
	_ "image/jpeg" // logos and stamps
	_ "image/png"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"

	"jalon/models"
)

// Lengths are millimetres, sizes points.
const (
	margin     = 20.0
	width      = 210 - 2*margin
	height     = 297.0
	bottom     = 25.0
	lineSize   = 5.0  // of running text
	cellLine   = 4.3  // of tables and blocks
	pad        = 1.3  // around the text of a cell
	sumLine    = 6.0  // of totals
	noteLine   = 3.9  // of notes
	top        = 22.0 // where pages that go on begin
	underTable = 3.0
	family     = "Jalon Sans"

	// pages stands for the number of pages until it is known. It is replaced among bytes: nobody can type it, since clean
	// lets no private letter through, nor two letters that hold its bytes between them.
	pages = "\ue0e0"
)

// tofu stands for what the font cannot show.
const tofu = '□'

// Liberation Sans has, unlike the Go fonts, the narrow spaces that French uses and the letters of all European names; of
// it what documents show (fonts/subset.py).
var (
	//go:embed fonts/JalonSans-Regular.ttf
	regularFont []byte
	//go:embed fonts/JalonSans-Bold.ttf
	boldFont []byte
)

var glyphs = func() *sfnt.Font {
	f, err := sfnt.Parse(regularFont)
	if err != nil {
		panic(err) // embedded
	}
	return f
}()

// letterhead is who a document comes from.
type letterhead struct {
	name  string
	lines []string // under the name, on the first page
	foot  []string // at the bottom of each page
	logo  []byte
}

// cover is the top of a first page.
type cover struct {
	from      letterhead
	title     string
	under     string      // the law it follows, or what it is about
	facts     [][2]string // reference, date and the like, on the right
	to        []string    // who it is sent to
	reference string
	at        time.Time
	lang      models.Lang
}

// paper is an A4 document under way. The same calls give the same bytes: its date is the document's, and nothing in it
// depends on when or where it is made.
type paper struct {
	*fpdf.Fpdf
	cover
	fronts bool // the page under way begins with a front
}

// blanks are papers whose fonts are loaded, two fifths of what a short document takes: they wait for a document instead
// of a document for them. Each is written on once, since the library changes a font as it uses it, and holds 1 MiB.
var blanks = make(chan *fpdf.Fpdf, 8)

// lull is after how long used papers are replaced: once the documents of one occasion are drawn.
const lull = 200 * time.Millisecond

var restocking atomic.Bool

// take hands over a blank paper; who finds none prepares its own.
func take() *fpdf.Fpdf {
	if restocking.CompareAndSwap(false, true) {
		time.AfterFunc(lull, func() {
			for len(blanks) < cap(blanks) {
				blanks <- blank() // nobody else adds any
			}
			restocking.Store(false)
		})
	}
	select {
	case f := <-blanks:
		return f
	default:
		return blank()
	}
}

func blank() *fpdf.Fpdf {
	f := fpdf.New("P", "mm", "A4", "")
	f.AddUTF8FontFromBytes(family, "", regularFont)
	f.AddUTF8FontFromBytes(family, "B", boldFont)
	return f
}

func newPaper(c cover) *paper {
	p := &paper{Fpdf: take(), cover: c}
	at := c.at.UTC().Truncate(time.Second)
	p.SetCreationDate(at)
	p.SetModificationDate(at)
	p.SetCatalogSort(true)
	p.SetProducer("Jalon", true)
	p.SetTitle(clean(c.title+" "+c.reference), true)
	p.SetAuthor(clean(c.from.name), true)
	p.SetLang("fr-FR")
	if c.lang == models.English {
		p.SetLang("en-GB")
	}
	p.SetMargins(margin, margin, margin)
	p.SetCellMargin(0)
	p.SetAutoPageBreak(true, bottom)
	p.AliasNbPages(pages)
	p.SetHeaderFunc(p.running)
	p.SetFooterFunc(p.footer)
	p.begin(c)
	return p
}

// begin starts a document, or the next one of a set, on a page of its own.
func (p *paper) begin(c cover) {
	p.cover, p.fronts = c, true
	p.AddPage()
	p.fronts = false
	p.front()
}

// running heads the pages that go on.
func (p *paper) running() {
	if p.fronts {
		return
	}
	p.face("", 7.5, 110)
	p.SetXY(margin, 12)
	what := p.fit(clean(p.title+" – "+p.reference), width*2/3) // it has to be read whole: who it is from, the foot tells too
	title := p.GetStringWidth(what)
	const gap = 6.0
	name := width - title - gap
	p.CellFormat(name+gap, 4, p.fit(clean(p.from.name), name), "", 0, "L", false, 0, "")
	p.CellFormat(title, 4, what, "", 1, "R", false, 0, "")
	p.rule(17, 0.2, 200, 200, 200)
	p.SetXY(margin, top)
}

func (p *paper) footer() {
	p.rule(height-bottom+4, 0.2, 200, 200, 200)
	p.SetXY(margin, height-bottom+5.5)
	p.face("", 7, 110)
	of := "page %d sur %s"
	if p.lang == models.English {
		of = "page %d of %s"
	}
	for i, l := range p.from.foot {
		w := width
		if i == len(p.from.foot)-1 {
			w -= 24
		}
		for _, s := range p.wrap(clean(l), w) {
			p.CellFormat(w, 3.4, s, "", 2, "L", false, 0, "")
		}
	}
	p.SetXY(margin+width-24, p.GetY()-3.4)
	p.CellFormat(24, 3.4, fmt.Sprintf(of, p.PageNo(), pages), "", 0, "R", false, 0, "")
}

// front writes the top of the first page: who it comes from, its references, who it is for, its title.
func (p *paper) front() {
	const left, right, label = 82.0, 82.0, 24.0
	if h := p.picture(p.from.logo, margin, margin-4, 45, 16); h > 0 {
		p.SetY(margin - 4 + h + 2)
	}
	p.face("B", 12, 0)
	p.SetTextColor(24, 62, 110)
	p.MultiCell(left, 5.4, clean(p.from.name), "", "L", false)
	p.face("", 8, 80)
	for _, l := range p.from.lines {
		p.MultiCell(left, 3.8, clean(l), "", "L", false)
	}
	low, page := p.GetY(), p.PageNo()
	x := margin + width - right
	p.SetY(margin)
	for _, f := range withValue(p.cover.facts) {
		p.face("", 8, 110)
		p.SetX(x)
		p.CellFormat(label, 4.4, clean(f[0]), "", 0, "L", false, 0, "")
		p.face("", 8.5, 20)
		for _, s := range p.wrap(clean(f[1]), right-label) {
			p.SetX(x + label)
			p.CellFormat(right-label, 4.4, s, "", 1, "L", false, 0, "")
		}
	}
	if len(p.to) > 0 {
		p.SetY(max(p.GetY()+5, margin+24)) // where the window of an envelope is
		for i, l := range p.to {
			style := ""
			if i == 0 {
				style = "B"
			}
			p.face(style, 10, 20)
			for _, s := range p.wrap(clean(l), right) {
				p.SetX(x)
				p.CellFormat(right, 4.9, s, "", 1, "L", false, 0, "")
			}
		}
	}
	if p.PageNo() == page {
		p.SetY(max(low, p.GetY()))
	}
	p.Ln(8)
	p.face("B", 16, 0)
	p.SetTextColor(24, 62, 110)
	p.MultiCell(width, 7.2, clean(p.title), "", "L", false)
	if p.under != "" {
		p.face("", 9.5, 90)
		p.MultiCell(width, lineSize, clean(p.under), "", "L", false)
	}
	p.rule(p.GetY()+1.5, 0.6, 24, 62, 110)
	p.Ln(6)
}

func withValue(all [][2]string) (out [][2]string) {
	for _, f := range all {
		if f[1] != "" {
			out = append(out, f)
		}
	}
	return out
}

func (p *paper) rule(y, thick float64, r, g, b int) {
	p.SetDrawColor(r, g, b)
	p.SetLineWidth(thick)
	p.Line(margin, y, margin+width, y)
	p.SetLineWidth(0.2)
	p.SetDrawColor(190, 190, 190)
}

// picture draws an image within a box and returns its height, 0 for none.
func (p *paper) picture(data []byte, x, y, w, h float64) float64 {
	size, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return 0
	}
	name := strconv.Itoa(len(data)) + SHA256(data)
	o := fpdf.ImageOptions{ImageType: kind}
	p.RegisterImageOptionsReader(name, o, bytes.NewReader(data))
	scale := min(w/float64(size.Width), h/float64(size.Height))
	tall := float64(size.Height) * scale
	p.ImageOptions(name, x, y, float64(size.Width)*scale, tall, false, o, 0, "")
	return tall
}

func (p *paper) face(style string, size float64, grey int) {
	p.SetFont(family, style, size)
	p.SetTextColor(grey, grey, grey)
}

// headingHeight is how high a heading of one line is.
const headingHeight = 1.5 + 5.6 + 0.8

// textHeight is how high a paragraph is.
func (p *paper) textHeight(s string) float64 {
	p.face("", 9.5, 20)
	return float64(len(p.wrap(clean(s), width)))*lineSize + 1.4
}

// heading starts a section, on the next page when no line of it would fit on this one.
func (p *paper) heading(s string) {
	p.room(18)
	p.Ln(1.5)
	p.face("B", 10.5, 0)
	p.SetTextColor(24, 62, 110)
	p.MultiCell(width, 5.6, clean(s), "", "L", false)
	p.Ln(0.8)
}

// subheading names a part of a section.
func (p *paper) subheading(s string) {
	p.room(14)
	p.face("B", 9.5, 40)
	p.MultiCell(width, lineSize, clean(s), "", "L", false)
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

// note writes what must be said but is not what the document is about.
func (p *paper) note(paragraphs ...string) {
	for _, s := range paragraphs {
		if s == "" {
			continue
		}
		p.face("", 8, 90)
		p.MultiCell(width, noteLine, clean(s), "", "L", false)
		p.Ln(1)
	}
}

// list writes items after a dash.
func (p *paper) list(items ...string) {
	p.face("", 9.5, 20)
	for _, s := range items {
		if s == "" {
			continue
		}
		p.room(lineSize)
		p.SetX(margin + 3)
		p.CellFormat(4, lineSize, "–", "", 0, "L", false, 0, "")
		p.SetLeftMargin(margin + 7)
		p.MultiCell(width-7, lineSize, clean(s), "", "L", false)
		p.SetLeftMargin(margin)
		p.SetX(margin)
	}
	p.Ln(1.4)
}

// facts writes labels and values; a value that says nothing is left out.
func (p *paper) facts(pairs ...[2]string) {
	const label = 46.0
	for _, f := range pairs {
		if f[1] == "" {
			continue
		}
		p.face("", 9.5, 20)
		value := clean(f[1])
		labels := p.wrap(clean(f[0]), label)
		n := max(len(labels), len(p.wrap(value, width-label)))
		p.room(float64(min(n, 4)) * lineSize)
		y, page := p.GetY(), p.PageNo()
		p.face("", 9.5, 105)
		for i, l := range labels {
			p.SetXY(margin, y+float64(i)*lineSize)
			p.CellFormat(label, lineSize, l, "", 0, "L", false, 0, "")
		}
		p.SetXY(margin+label, y)
		p.face("", 9.5, 20)
		p.SetLeftMargin(margin + label)
		p.MultiCell(width-label, lineSize, value, "", "L", false)
		p.SetLeftMargin(margin)
		if low := y + float64(len(labels))*lineSize; p.PageNo() == page && p.GetY() < low {
			p.SetY(low)
		}
		p.SetX(margin)
	}
	p.Ln(1.6)
}

// parties shows who a contract is between, side by side.
func (p *paper) parties(left, right []string) {
	const gap = 6.0
	w := (width - gap) / 2
	p.face("", 9, 20)
	var lines [2][]string
	tall := 0
	for i, side := range [2][]string{left, right} {
		for j, s := range side {
			p.face(bold(j == 1), 9, 20)
			lines[i] = append(lines[i], p.wrap(clean(s), w-6)...)
		}
		tall = max(tall, len(lines[i]))
	}
	h := float64(tall)*cellLine + 5
	p.room(h)
	y := p.GetY()
	p.SetFillColor(246, 248, 251)
	for i, side := range [2][]string{left, right} {
		x := margin + float64(i)*(w+gap)
		p.Rect(x, y, w, h, "F")
		at := y + 2.5
		for j, s := range side {
			p.face(bold(j == 1), 9, 20)
			if j == 0 {
				p.face("", 8, 105)
			}
			for _, l := range p.wrap(clean(s), w-6) {
				p.SetXY(x+3, at)
				p.CellFormat(w-6, cellLine, l, "", 0, "L", false, 0, "")
				at += cellLine
			}
		}
	}
	p.SetXY(margin, y+h+3)
}

func bold(yes bool) string {
	if yes {
		return "B"
	}
	return ""
}

type column struct {
	title string
	width float64 // the columns add up to width
	align string
}

// table writes rows under a header that each page repeats and that is never without one; a row is cut in two only when a page
// could not hold it. What comes next, that many millimetres high, stays on the page of the last row: a total tells of what,
// a signature of whom.
func (p *paper) table(columns []column, rows [][]string, rowHeight, next float64) {
	split := func(cells []string) (lines [][]string, tall int) {
		lines = make([][]string, len(columns))
		for i, c := range columns {
			lines[i] = p.wrap(clean(cells[i]), c.width-2*pad)
			tall = max(tall, len(lines[i]))
		}
		return lines, tall
	}
	p.face("B", 8.5, 40)
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = c.title
	}
	heads, tall := split(titles)
	headHeight := float64(tall)*cellLine + 2*pad
	head := func() {
		p.face("B", 8.5, 40)
		p.SetFillColor(232, 238, 246)
		p.cells(columns, heads, headHeight, true)
		p.face("", 8.5, 20)
	}
	p.face("", 8.5, 20)
	page := int((height - bottom - top - headHeight - 2*pad) / cellLine) // lines of a row that a page can hold
	fits := func() int { return int((height - bottom - p.GetY() - 2*pad) / cellLine) }
	for i, r := range rows {
		lines, tall := split(r)
		need := max(rowHeight, float64(tall)*cellLine+2*pad)
		switch {
		case tall > page: // it is cut: a few lines are enough to begin
			need = 3*cellLine + 2*pad
		case i == len(rows)-1:
			need += next
		}
		if i == 0 {
			p.room(headHeight + need)
			head()
		} else if p.GetY()+need > height-bottom {
			p.AddPage()
			head()
		}
		for n := fits(); tall > n; n = fits() {
			part := make([][]string, len(lines))
			for i := range lines {
				k := min(n, len(lines[i]))
				part[i], lines[i] = lines[i][:k], lines[i][k:]
			}
			p.cells(columns, part, float64(n)*cellLine+2*pad, false)
			p.AddPage()
			head()
			tall -= n
		}
		p.cells(columns, lines, max(rowHeight, float64(tall)*cellLine+2*pad), false)
	}
	p.Ln(underTable)
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
			p.SetXY(x+pad, y+pad+float64(j)*cellLine)
			p.CellFormat(c.width-2*pad, cellLine, l, "", 0, c.align, false, 0, "")
		}
		x += c.width
	}
	p.SetXY(margin, y+h)
}

// sums writes totals on the right, the last one in bold.
func (p *paper) sums(pairs ...[2]string) {
	p.room(float64(len(pairs)) * sumLine)
	for i, s := range pairs {
		p.face(bold(i == len(pairs)-1), 9.5, 20)
		if i == len(pairs)-1 {
			p.SetFillColor(232, 238, 246)
		}
		p.SetX(margin + width - 90)
		p.CellFormat(54, sumLine, clean(s[0]), "", 0, "R", i == len(pairs)-1, 0, "")
		p.CellFormat(36-pad, sumLine, clean(s[1]), "", 0, "R", i == len(pairs)-1, 0, "")
		p.CellFormat(pad, sumLine, "", "", 1, "R", i == len(pairs)-1, 0, "")
	}
	p.Ln(3)
}

// box is room for somebody to sign.
type box struct {
	lines []string // who signs, then what is known of the signature
	stamp []byte
}

const boxWidth, boxGap = (width - boxGap) / 2, 6.0

// boxesHeight is how high boxes are, without what is under them.
func (p *paper) boxesHeight(all ...box) float64 {
	tall := 32.0
	for _, b := range all {
		n := 0
		for i, s := range b.lines {
			p.face(bold(i == 0), 8.5, 40)
			n += len(p.wrap(clean(s), boxWidth-4))
		}
		tall = max(tall, float64(n)*cellLine+20)
	}
	return tall
}

// boxes leaves room for one or two to sign, side by side.
func (p *paper) boxes(all ...box) {
	tall := p.boxesHeight(all...)
	p.room(tall)
	y := p.GetY()
	for i, b := range all {
		x := margin + float64(i)*(boxWidth+boxGap)
		p.Rect(x, y, boxWidth, tall, "D")
		at := y + 1.8
		for j, s := range b.lines {
			p.face(bold(j == 0), 8.5, 40)
			for _, l := range p.wrap(clean(s), boxWidth-4) {
				p.SetXY(x+2, at)
				p.CellFormat(boxWidth-4, cellLine, l, "", 0, "L", false, 0, "")
				at += cellLine
			}
		}
		p.picture(b.stamp, x+boxWidth-46, at, 44, y+tall-at-1)
	}
	p.SetXY(margin, y+tall+3)
}

// beside writes a note on the right of a box, or under it where it is too long for that.
func (p *paper) beside(s string, y, tall float64) {
	under := p.GetY()
	p.face("", 8, 90)
	if float64(len(p.wrap(clean(s), boxWidth)))*noteLine > tall {
		p.note(s)
		return
	}
	p.SetLeftMargin(margin + boxWidth + boxGap)
	p.SetY(y)
	p.MultiCell(boxWidth, noteLine, clean(s), "", "L", false)
	p.SetLeftMargin(margin)
	p.SetXY(margin, under)
}

// room starts a new page unless that many millimetres are left on this one.
func (p *paper) room(mm float64) {
	if p.GetY()+mm > height-bottom {
		p.AddPage()
	}
}

// wrap cuts text into lines that fit a cell; a word that is too long is cut.
func (p *paper) wrap(s string, cell float64) []string {
	var out []string
	for _, l := range strings.Split(s, "\n") {
		line := ""
		for _, word := range strings.Split(l, " ") {
			if try := strings.TrimPrefix(line+" "+word, " "); p.GetStringWidth(try) <= cell {
				line = try
				continue
			}
			if line != "" {
				out = append(out, line)
			}
			for line = word; p.GetStringWidth(line) > cell; {
				r := []rune(line)
				n := len(r) - 1
				for n > 1 && p.GetStringWidth(string(r[:n])) > cell {
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

var unbroken = strings.NewReplacer("\r\n", "\n", "\r", "\n", "art. ", "art.\u00a0", "n° ", "n°\u00a0", "N° ", "N°\u00a0")

// clean keeps what the embedded font can show: accents composed, line ends kept, and a box for a letter it lacks.
func clean(s string) string {
	s = unbroken.Replace(models.FrenchSpaces.Replace(norm.NFC.String(strings.ToValidUTF8(s, string(tofu)))))
	var buffer sfnt.Buffer
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case r == '\u2028' || r == '\u2029':
			return '\n'
		case r == '\u2011':
			return '-'
		case r == '\u00ad' || r == '\u200b' || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r):
			return -1
		case r > 0xffff || unicode.Is(unicode.Co, r):
			return tofu
		}
		if i, err := glyphs.GlyphIndex(&buffer, r); err != nil || i == 0 {
			return tofu
		}
		return r
	}, s)
}
