package api

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"jalon/models"
	"jalon/web"
)

// positioningQuestions is how many statements a participant rates from 0 to 4 before the course (F120).
const positioningQuestions = 5

// evaluationPage is a short questionnaire: the answers are one row, read once.
type evaluationPage struct {
	kind        string
	brief       models.Brief
	participant models.Participant
}

func openPositioning(v *visit) (linkPage, error) {
	return openEvaluation(v, models.EvaluationPositioning)
}
func openHot(v *visit) (linkPage, error)  { return openEvaluation(v, models.EvaluationHot) }
func openCold(v *visit) (linkPage, error) { return openEvaluation(v, models.EvaluationCold) }

func openEvaluation(v *visit, kind string) (linkPage, error) {
	dossier, who, _ := strings.Cut(v.link.Subject, "|")
	p := &evaluationPage{kind: kind}
	var err error
	if p.participant, err = v.participant(dossier, who); err != nil {
		return nil, err
	}
	var request models.Request
	if p.brief, request, err = v.mission(dossier); err != nil {
		return nil, err
	}
	row, err := v.s.store.Evaluation(v.ctx, dossier, who, kind)
	if err == nil {
		return nil, v.used(row.At, v.t("evaluation.recorded"))
	}
	if models.ErrorCode(err) != models.CodeUnknown {
		return nil, err
	}
	// The cold evaluation comes long after the dossier is closed, and what was held before it was cancelled is evaluated.
	if request.HalfDaysHeld == 0 && (request.Stage == models.StageCancelled || request.Stage == models.StageHandedOver) {
		return nil, v.withdrawn(v.t("stop.ended"))
	}
	end, err := p.until(v)
	if err != nil {
		return nil, err
	}
	if !end.IsZero() && v.now.After(end) {
		return nil, v.expired(end, v.t(kind+".closed"))
	}
	return p, nil
}

// until is when a questionnaire closes: with the first session for the positioning test, with the last of the waits
// that serve it for the others; zero if nothing closes it yet.
func (p *evaluationPage) until(v *visit) (time.Time, error) {
	var end time.Time
	if p.kind == models.EvaluationPositioning {
		sessions, err := v.s.store.Sessions(v.ctx, p.brief.Ref)
		for _, s := range sessions {
			if s.Status != models.SessionCancelled && (end.IsZero() || s.EndAt.Before(end)) {
				end = s.EndAt
			}
		}
		return end, err
	}
	kind := models.DeadlineHot
	if p.kind == models.EvaluationCold {
		kind = models.DeadlineColdAnswer
	}
	deadlines, err := v.s.store.Deadlines(v.ctx, p.brief.Ref)
	for _, d := range deadlines {
		if d.Kind == kind && d.DueAt.After(end) {
			end = d.DueAt
		}
	}
	return end, err
}

// questions are the groups of buttons of a questionnaire.
func (p *evaluationPage) questions(v *visit) []picks {
	if p.kind != models.EvaluationPositioning {
		var options []pick
		for n := 1; n <= 5; n++ {
			options = append(options, pick{Value: strconv.Itoa(n), Label: v.t("score.s" + strconv.Itoa(n))})
		}
		return []picks{v.group("radio", "q1", v.t(p.kind+".q1"), "scale", options...)}
	}
	var out []picks
	for q := 1; q <= positioningQuestions; q++ {
		var options []pick
		for n := 0; n <= 4; n++ {
			options = append(options, pick{Value: strconv.Itoa(n), Label: v.t("positioning.a" + strconv.Itoa(n))})
		}
		name := "q" + strconv.Itoa(q)
		out = append(out, v.group("radio", name, v.t("positioning."+name), "scale", options...))
	}
	return out
}

func (p *evaluationPage) show(v *visit, page *web.Page) string {
	v.initial()
	page.Title, page.Values = v.t(p.kind+".title"), v.values
	page.Data = struct {
		Lead  string
		Facts []pageFact
		Picks []picks
		Text  web.Field
	}{v.t(p.kind + ".lead"), v.fact("course", v.title(p.brief)), p.questions(v), page.Text(p.kind, "text", "optional")}
	return "evaluation"
}

func (p *evaluationPage) act(v *visit, action string) (*linkDone, error) {
	if action != "evaluate" {
		return nil, errAction
	}
	var wrong faults
	total, asked := 0, p.questions(v)
	for _, q := range asked {
		given := v.values.Get(q.Name)
		if !slices.ContainsFunc(q.Options, func(o pick) bool { return o.Value == given }) {
			wrong.add(q.Name, v.t("fault.choose", "label", q.Label))
			continue
		}
		n, _ := strconv.Atoi(given)
		total += n
	}
	text := v.text(&wrong, "text", v.t(p.kind+".text"), web.MaxText, true)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	if p.kind == models.EvaluationPositioning {
		total = total * 100 / (4 * positioningQuestions)
	}
	_, first, err := v.s.store.SaveEvaluation(v.ctx, models.Evaluation{Dossier: p.brief.Ref, Participant: p.participant.Ref,
		Kind: p.kind, Score: total, Text: text, At: v.now, Channel: models.ChannelLink})
	if err == nil && !first {
		return nil, errRecorded
	}
	if err != nil {
		return nil, err
	}
	return v.done(v.used(time.Time{}, v.t("evaluation.recorded")), v.t(p.kind+".next")), nil
}
