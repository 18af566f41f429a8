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
	case row.Status == models.RecapContested:
		return nil, v.recapTold(models.FactRecapContested, row.AnsweredAt, row)
	case stored:
		return nil, v.recapTold(fact.Kind, fact.ReceivedAt, row)
	case row.Status == models.RecapReplaced:
		return nil, v.withdrawn("")
	}
	p := &recapPage{recap: row}
	if p.lines, err = v.s.store.PayLinesByRefs(v.ctx, row.Lines); err != nil {
		return nil, err
	}
	p.deadline, err = v.due(row.DeadlineID)
	return p, err
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

// recapLine is one line of the statement in words.
type recapLine struct{ Title, Day, Quantity, Rate, Amount string }

func (p *recapPage) show(v *visit, page *web.Page) string {
	v.initial()
	var lines []recapLine
	var options []pick
	titles := map[string]string{}
	for _, l := range p.lines {
		if _, ok := titles[l.Dossier]; !ok {
			titles[l.Dossier] = l.Dossier
			if b, err := v.s.store.Brief(v.ctx, l.Dossier); err == nil {
				titles[l.Dossier] = v.title(b)
			}
		}
		line := recapLine{Title: titles[l.Dossier] + ", " + v.t("fact.session") + " " + strconv.Itoa(models.LastNumber(l.Ref)),
			Day: web.ShortDay(v.lang, l.HeldOn), Amount: web.Money(v.lang, l.Cents)}
		if l.Unit == models.UnitFlat {
			line.Quantity, line.Rate = v.t("unit.flat"), web.Money(v.lang, l.RateCents)
		} else {
			line.Quantity = web.Quantity(v.lang, l.Quantity, l.Unit)
			line.Rate = web.Money(v.lang, l.RateCents) + " " + v.t("unit."+string(l.Unit))
		}
		lines = append(lines, line)
		options = append(options, pick{Value: l.Ref, Label: line.Title, Small: line.Day + ", " + line.Amount})
	}
	g := v.group("checkbox", "line", v.t("recap.lines"), "", options...)
	g.Hint = v.t("recap.lines_hint")
	page.Wide = true
	page.Title = v.t("recap.title", "month", web.MonthName(v.lang, p.recap.Month))
	page.Data = struct {
		Late, Total, Paper string
		Lines              []recapLine
		Facts              []pageFact
		Picks              picks
		Contesting         bool
	}{v.late(p.deadline), web.Money(v.lang, p.recap.Cents), p.recap.SHA256, lines, v.answerBy(p.deadline), g,
		v.values.Get("action") == "contest"}
	return "recap"
}

func (p *recapPage) act(v *visit, action string) (*linkDone, error) {
	kind, data, next := models.FactRecapAccepted, models.FactData{}, v.t("recap.next_accepted")
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
