package api

import (
	"slices"
	"strconv"
	"time"

	"jalon/models"
	"jalon/web"
)

// recapPage shows a month's statement; the trainer accepts its amount or contests lines (F180, F181). A delay that is
// past changes nothing to that: silence never accepts.
type recapPage struct {
	recap    models.Recap
	lines    []models.PayLine
	deadline models.Deadline
	// What follows: lines that are not contested are billed at once, and the supplier writes the invoice.
	undisputed, own bool
}

func openRecap(v *visit) (linkPage, error) {
	row, err := v.s.store.Recap(v.ctx, v.link.Subject)
	if err != nil {
		return nil, err
	}
	if err := v.trainer(row.TrainerRef); err != nil {
		return nil, err
	}
	fact, stored, err := v.stored()
	if err != nil {
		return nil, err
	}
	switch {
	case row.Status == models.RecapAccepted:
		return nil, v.recapTold(models.FactRecapAccepted, row.AnsweredAt, row)
	case row.Status == models.RecapReplaced:
		return nil, v.recapReplaced(row)
	case row.Status == models.RecapContested:
		return nil, v.recapTold(models.FactRecapContested, row.AnsweredAt, row)
	case stored:
		return nil, v.recapTold(fact.Kind, fact.ReceivedAt, row)
	}
	p := &recapPage{recap: row}
	if p.lines, err = v.s.store.PayLinesByRefs(v.ctx, row.Lines); err != nil {
		return nil, err
	}
	if p.deadline, err = v.due(row.DeadlineID); err != nil {
		return nil, err
	}
	return p, p.follows(v)
}

// recapReplaced points to the version that counts: the lines of a version that was corrected are no longer as it said.
func (v *visit) recapReplaced(row models.Recap) error {
	words := v.t("recap.replaced")
	next, err := v.s.store.Recap(v.ctx, models.RecapRef(row.Payer, row.TrainerRef, row.Month, row.Number+1))
	switch {
	case err == nil:
		words = v.t("recap.replaced_by", "number", next.Number, "day", web.Day(v.lang, v.s.calendar.DateOf(next.SentAt)))
	case models.ErrorCode(err) != models.CodeUnknown:
		return err
	default:
		lines, err := v.s.store.PayLinesByRefs(v.ctx, row.Lines)
		if err != nil {
			return err
		}
		if !dueStill(lines) {
			words = v.t("recap.none_left")
		}
	}
	stop := v.withdrawn(words)
	stop.notice.Facts = slices.Concat(v.fact("month", web.MonthName(v.lang, row.Month)), v.fact("version", strconv.Itoa(row.Number)), v.fact("net", web.Money(v.lang, row.Cents)))
	stop.notice.Paper = row.SHA256
	return stop
}

// dueStill tells whether a statement is yet to come for some of the lines.
func dueStill(lines []models.PayLine) bool {
	return slices.ContainsFunc(lines, func(l models.PayLine) bool { return l.Status == models.LineDue })
}

// follows reads what the dossiers' way of working does next; nothing is promised of one that is not known any more.
func (p *recapPage) follows(v *visit) error {
	if len(p.lines) == 0 {
		return nil
	}
	request, err := v.request(p.lines[0].Dossier)
	if err != nil {
		return err
	}
	t, err := v.s.store.Trainer(v.ctx, p.recap.TrainerRef)
	if policy, unknown := v.s.cfg.Policies.Load(request.Policy); unknown == nil {
		p.undisputed, p.own = policy.UndisputedPart == models.UndisputedPay, !policy.SelfBills(t.Supplier())
	}
	return err
}

func (v *visit) recapTold(kind models.FactKind, at time.Time, row models.Recap) *linkStop {
	key := "recap.accepted"
	if kind == models.FactRecapContested {
		key = "recap.contested"
	}
	stop := v.used(at, v.t(key), append(v.fact("month", web.MonthName(v.lang, row.Month)),
		v.fact("net", web.Money(v.lang, row.Cents))...)...)
	stop.notice.Paper = row.SHA256
	return stop
}

// recapLine is one line of pay in words; staff see in addition what became of it.
type recapLine struct {
	Title, Day, Quantity, Rate, Amount string
	Dossier, Status, Tone, Invoice     string
}

func (p *recapPage) show(v *visit, page *web.Page) string {
	v.initial()
	lines := v.payLines(p.lines)
	var options []pick
	for i, l := range p.lines {
		options = append(options, pick{Value: l.Ref, Label: lines[i].Title, Small: lines[i].Day + ", " + lines[i].Amount})
	}
	g := v.group("checkbox", "line", v.t("recap.lines"), "", options...)
	g.Hint = v.t("recap.lines_hint")
	if p.undisputed {
		g.Hint = v.t("recap.lines_hint_billed")
	}
	corrects := ""
	if p.recap.Corrects() {
		corrects = v.t("recap.corrects", "number", p.recap.Number-1)
	}
	page.Wide = true
	page.Title = v.t("recap.title", "month", web.MonthName(v.lang, p.recap.Month))
	page.Data = struct {
		Late, Total, Paper string
		Corrects           string // the version it replaces
		Why                string
		Apart              bool
		Lines              []recapLine
		Facts              []pageFact
		Picks              picks
		Contesting         bool
	}{v.late(p.deadline), web.Money(v.lang, p.recap.Cents), p.recap.SHA256, corrects, v.noteText(p.recap.Explanation), p.recap.BilledApart, lines, v.answerBy(p.deadline), g,
		v.values.Get("action") == "contest"}
	return "recap"
}

func (p *recapPage) act(v *visit, action string) (*linkDone, error) {
	kind, data, next := models.FactRecapAccepted, models.FactData{}, v.t("recap.next_accepted")
	if p.own {
		next = v.t("recap.next_own")
	}
	var text string
	switch action {
	case "accept":
		if p.recap.SHA256 == "" || v.values.Get("sha256") != p.recap.SHA256 {
			return nil, errChanged
		}
		data.SHA256 = p.recap.SHA256
	case "contest":
		kind, next = models.FactRecapContested, v.t("recap.next_contested")
		var wrong faults
		for _, ref := range v.values["line"] {
			if !slices.Contains(p.recap.Lines, ref) {
				wrong.add("line", v.t("fault.line"))
				break
			}
			if !slices.Contains(data.Lines, ref) {
				data.Lines = append(data.Lines, ref)
			}
		}
		if p.undisputed && len(data.Lines) > 0 && len(data.Lines) < len(p.recap.Lines) {
			next = v.t("recap.next_billed")
			if p.own {
				next = v.t("recap.next_billed_own")
			}
		}
		text = v.text(&wrong, "explanation", v.t("recap.explanation"), web.MaxText, false)
		if err := wrong.err(); err != nil {
			return nil, err
		}
	default:
		return nil, errAction
	}
	with := v.note(&data, "", text)
	if err := v.receive(kind, data, with...); err != nil {
		return nil, err
	}
	return v.done(v.recapTold(kind, time.Time{}, p.recap), next), nil
}
