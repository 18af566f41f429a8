package activities

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"jalon/models"
)

// Weights of the contact order (F051), in thousandths: what a trainer knows counts for half, what they ask for and how
// far they live share the rest. Each part is itself scored 0 to 1000, so a score is 0 to 1000.
const (
	weightSkill    = 500
	weightRate     = 300
	weightDistance = 200
)

// Scores of one part.
const (
	full    = 1000
	neutral = 500 // not known: neither for nor against
	similar = 750 // thousandths of the level kept by a skill declared as similar (F049)
	distant = 500 // thousandths of the level kept by an adjacent skill (F050)
	region  = 600 // another department of the same region
)

// hundredthsOfHourPerHalfDay converts an hourly rate when the order itself does not count hours.
const hundredthsOfHourPerHalfDay = 350

// Match lists the trainers to contact, in order: holders of the requested skill or of one declared as similar (F049),
// holders of adjacent ones after them, flagged, when asked for (F050). The order weighs skill, rate against the target,
// and distance, ties by reference (F051). Named trainers are the only ones listed; excluded, inactive and unknown ones
// never are. A limit of 0 lists all.
func (a *Activities) Match(ctx context.Context, in models.MatchInput) ([]models.Candidate, error) {
	course, err := a.Store.Course(ctx, in.Scope.Topic)
	if err != nil && models.ErrorCode(err) != models.CodeUnknown {
		return nil, failure(ctx, err)
	}
	if err != nil { // a topic outside the catalogue has no neighbours
		course = models.Course{Topic: in.Scope.Topic}
	}
	var trainers []models.Trainer
	if len(in.Only) > 0 {
		trainers, err = a.Store.TrainersByRefs(ctx, in.Only)
	} else {
		topics := append([]string{course.Topic}, list(course.Similar)...)
		if in.Adjacent {
			topics = append(topics, list(course.Adjacent)...)
		}
		trainers, err = a.Store.TrainersByTopics(ctx, topics)
	}
	if err != nil {
		return nil, failure(ctx, err)
	}
	return rank(in, course, trainers), nil
}

// rank scores and orders trainers already known to hold one of the wanted skills, or to be named by staff.
func rank(in models.MatchInput, course models.Course, trainers []models.Trainer) []models.Candidate {
	target := target(in)
	out := []models.Candidate{}
	for _, t := range trainers {
		named := slices.Contains(in.Only, t.Ref)
		if !t.Active || slices.Contains(in.Exclude, t.Ref) || len(in.Only) > 0 && !named {
			continue
		}
		skill, upskilling := skillScore(t, course)
		if upskilling && !named && (!in.Adjacent || skill == 0) {
			continue
		}
		score := weightSkill*skill + weightRate*rateScore(t, in.Scope.Order, target) + weightDistance*distanceScore(t, in.Scope)
		out = append(out, models.Candidate{TrainerRef: t.Ref, Score: score / full, Upskilling: upskilling})
	}
	slices.SortFunc(out, func(a, b models.Candidate) int {
		if a.Upskilling != b.Upskilling {
			if a.Upskilling {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.TrainerRef, b.TrainerRef))
	})
	if in.Limit > 0 && len(out) > in.Limit {
		out = out[:in.Limit]
	}
	return out
}

// skillScore is the best of a trainer's skills for the course, and whether even that one needs upskilling.
func skillScore(t models.Trainer, course models.Course) (score int, upskilling bool) {
	upskilling = true
	similars, adjacents := list(course.Similar), list(course.Adjacent)
	for _, s := range t.Skills {
		level := min(max(s.Level, 0), 5) * full / 5
		switch {
		case s.Topic == course.Topic:
			score, upskilling = max(score, level), false
		case slices.Contains(similars, s.Topic):
			score, upskilling = max(score, level*similar/full), false
		}
	}
	if !upskilling {
		return score, false
	}
	for _, s := range t.Skills {
		if slices.Contains(adjacents, s.Topic) {
			score = max(score, min(max(s.Level, 0), 5)*full/5*distant/full)
		}
	}
	return score, true
}

// target is the trainer rate per half-day that the budget allows (F056), 0 when it cannot be known.
func target(in models.MatchInput) models.Cents {
	if in.TargetRateShare <= 0 || in.Scope.BudgetCents <= 0 {
		return 0
	}
	return models.DivQuantity(models.Percent(in.Scope.BudgetCents, int64(in.TargetRateShare)), int64(in.Scope.Order.HalfDays)*100)
}

// rateScore is full up to the target and falls to 0 at twice the target.
func rateScore(t models.Trainer, order models.Order, target models.Cents) int {
	rate := perHalfDay(t, order)
	if target <= 0 || rate <= 0 {
		return neutral
	}
	over := max(0, rate-target)
	if over >= target {
		return 0
	}
	return full - int(over*full/target)
}

// perHalfDay is a trainer's own reference rate (F055) per half-day, 0 when not known.
func perHalfDay(t models.Trainer, order models.Order) models.Cents {
	switch t.RateUnit {
	case models.UnitHalfDay:
		return t.RateCents
	case models.UnitDay:
		return models.DivQuantity(t.RateCents, 200)
	case models.UnitFlat:
		return models.DivQuantity(t.RateCents, int64(order.HalfDays)*100)
	case models.UnitHour:
		hours := int64(hundredthsOfHourPerHalfDay)
		if order.Unit == models.UnitHour && order.HalfDays > 0 {
			hours = order.Quantity / int64(order.HalfDays)
		}
		return models.MulQuantity(t.RateCents, hours)
	}
	return 0
}

// distanceScore compares departments; a remote course is near everybody.
func distanceScore(t models.Trainer, s models.Scope) int {
	switch {
	case !s.Mode.OnSite() || s.Department != "" && s.Department == t.Department:
		return full
	case s.Department == "" || t.Department == "":
		return neutral
	case regionOf(s.Department) != "" && regionOf(s.Department) == regionOf(t.Department):
		return region
	}
	return 0
}

// regions are the regions of metropolitan France by their departments; overseas, a department is its own region.
var regions = []string{
	"01 03 07 15 26 38 42 43 63 69 73 74", "21 25 39 58 70 71 89 90", "22 29 35 56", "18 28 36 37 41 45", "2A 2B",
	"08 10 51 52 54 55 57 67 68 88", "02 59 60 62 80", "75 77 78 91 92 93 94 95", "14 27 50 61 76",
	"16 17 19 23 24 33 40 47 64 79 86 87", "09 11 12 30 31 32 34 46 48 65 66 81 82", "44 49 53 72 85",
	"04 05 06 13 83 84",
}

func regionOf(department string) string {
	for _, r := range regions {
		if slices.Contains(strings.Fields(r), department) {
			return r
		}
	}
	return ""
}

// list splits comma-separated topics.
func list(topics string) []string {
	return strings.FieldsFunc(topics, func(r rune) bool { return r == ',' || r == ' ' })
}
