package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

func TestPlanSessions(t *testing.T) {
	t.Run("F108 what cannot be held as planned is refused", func(t *testing.T) {
		h := working(t)
		replies := map[string]*reply{}
		plan := func(days ...models.PlannedSession) *reply {
			return h.command(id, models.VerbPlanSessions, models.PlanSessions{By: staff, Sessions: days})
		}
		h.also(models.StageAudit, time.Minute, func() { replies["early"] = plan(h.days(1)...) })
		h.when(models.StageSessions, func() {
			day := h.days(1)[0]
			backwards := models.PlannedSession{HalfDays: []models.HalfDay{day.HalfDays[1], day.HalfDays[0]}}
			empty := models.PlannedSession{HalfDays: []models.HalfDay{{Start: day.HalfDays[0].Start, End: day.HalfDays[0].Start}}}
			replies["nothing"], replies["no half-day"] = plan(), plan(models.PlannedSession{})
			replies["twice"], replies["too many"] = plan(day, day), plan(h.days(3)...)
			replies["backwards"], replies["empty"] = plan(backwards), plan(empty)
			h.do(id, models.VerbPlanSessions, models.PlanSessions{By: staff, Sessions: []models.PlannedSession{day}})
			h.later(time.Hour, func() {
				replies["taken"] = plan(day)
				moved := models.PlanSessions{By: staff, Sessions: h.days(2)[1:], Hours: []models.SessionHours{{Number: 1, HalfDays: h.days(2)[1].HalfDays}}}
				replies["where another was moved to"] = h.command(id, models.VerbPlanSessions, moved)
				h.do(id, models.VerbPlanSessions, models.PlanSessions{By: staff, Sessions: h.days(2)[1:]})
			})
			h.later(2*time.Hour, func() { replies["all planned"] = plan(h.days(3)[2]) })
		})
		h.request()
		for name, code := range map[string]models.Code{"early": models.CodeWrongStage, "nothing": models.CodeInvalid, "no half-day": models.CodeInvalid,
			"twice": models.CodeSessionOverlap, "too many": models.CodeOverPlanned, "backwards": models.CodeSessionOverlap, "empty": models.CodeInvalid,
			"taken": models.CodeSessionOverlap, "where another was moved to": models.CodeSessionOverlap, "all planned": models.CodeOverPlanned} {
			require.Equal(t, code, replies[name].code, name)
		}
		require.Len(t, all[models.Session](h.world), 2)
		require.Len(t, h.kinds("sessions_planned"), 2)
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("planned on Friday night for Saturday, trainer and client are told before it begins", func(t *testing.T) {
		h := working(t)
		var night time.Time
		h.when(models.StageSessions, func() {
			friday := models.ParisDate(h.env.Now()).AddDays(1)
			for friday.At(12, 0, paris).Weekday() != time.Friday {
				friday = friday.AddDays(1)
			}
			night = friday.At(19, 25, paris)
			h.later(night.Sub(h.env.Now()), func() {
				days := h.days(2) // the day that comes first is not the first in the list
				days[1].HalfDays = day(friday.AddDays(1))
				h.do(id, models.VerbPlanSessions, models.PlanSessions{By: staff, Sessions: days})
			})
		})
		h.request()
		for _, template := range []string{"sessions_planned_trainer", "sessions_planned_client"} {
			require.True(t, night.Equal(h.left(template)[0].SentAt), template)
		}
		require.True(t, night.Equal(h.left("convocation")[0].SentAt))
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F108 nobody plans: staff are called", func(t *testing.T) {
		h := working(t)
		h.when(models.StageSessions, func() { h.later(73*time.Hour, func() { h.staffStep(id, models.StageSessions) }) })
		h.request()
		require.Equal(t, "planning_overdue", h.alerts()[0])
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F128 a session refused or cancelled is planned again", func(t *testing.T) {
		h := working(t)
		h.onMail["sheet_ask"] = func(m models.Message) {
			h.later(time.Hour, func() {
				if models.LastNumber(m.Subject) != 1 {
					h.sheet(m.Subject)
					return
				}
				h.do(models.SessionID(dossier, 1), models.VerbJudgeSheet, models.Verdict{By: staff})
				h.later(time.Hour, func() {
					h.do(models.SessionID(dossier, 2), models.VerbCancelSession, decision())
					h.later(time.Hour, func() { h.staffStep(id, models.StageSessions) })
				})
			})
		}
		h.request()
		var states []string
		for _, s := range all[models.Session](h.world) {
			states = append(states, s.Status)
		}
		require.Equal(t, []string{models.SessionRefused, models.SessionCancelled, models.SessionValidated, models.SessionValidated}, states)
		require.Equal(t, models.StageClosed, h.current.Stage)
		require.Len(t, h.lines, 2)
		for _, m := range h.mails("convocation") {
			require.Equal(t, m.Subject == models.SessionRef(dossier, 1), len(m.Links) == 1, "F120 the positioning test goes with the first")
		}
	})
	t.Run("F138 two sessions in a row missed: staff are called", func(t *testing.T) {
		h := working(t)
		for n := 1; n <= 2; n++ {
			h.absences[models.SessionRef(dossier, n)] = []models.AbsenceEntry{{Participant: "P-000002", HalfDays: []int{0, 1}}}
		}
		h.absences[models.SessionRef(dossier, 2)] = append(h.absences[models.SessionRef(dossier, 2)], models.AbsenceEntry{Participant: "P-000003", HalfDays: []int{1}})
		h.request()
		require.Equal(t, []string{"consecutive_absences"}, h.alerts())
		require.Equal(t, models.AbsenceRef(models.SessionRef(dossier, 2), "P-000002"), h.line("alert").Subject)
	})
	t.Run("F138 too many absences without a reason: staff are called", func(t *testing.T) {
		h := working(t)
		h.policy.ConsecutiveAbsenceAlert = 0
		for n := 1; n <= 2; n++ {
			h.absences[models.SessionRef(dossier, n)] = []models.AbsenceEntry{{Participant: "P-000002", HalfDays: []int{n - 1}}}
		}
		h.request()
		require.Equal(t, []string{"unjustified_absences"}, h.alerts())
	})
	t.Run("F052 the sessions of a flat rate add up to it, to the cent", func(t *testing.T) {
		h := working(t)
		s := h.scope()
		s.Order.HalfDays = 3
		h.when(models.StageQualification, func() {
			h.do(id, models.VerbQualify, models.Qualify{By: staff, Scope: s})
		})
		h.when(models.StageSolicitation, func() {
			h.do(id, models.VerbAssign, models.Assign{By: staff, TrainerRef: trainer(7), RateCents: 100_000, RateUnit: models.UnitFlat})
		})
		h.onMail["invitation"] = nil
		h.when(models.StageSessions, func() {
			days := h.days(2)
			days[1].HalfDays = days[1].HalfDays[:1]
			h.do(id, models.VerbPlanSessions, models.PlanSessions{By: staff, Sessions: days})
		})
		h.request()
		require.Equal(t, models.Cents(66_667), h.lines[models.SessionRef(dossier, 1)].Cents)
		require.Equal(t, models.Cents(33_333), h.lines[models.SessionRef(dossier, 2)].Cents)
	})
	t.Run("F052 a session planned again has the part of a flat rate of the one it replaces", func(t *testing.T) {
		h := working(t)
		s := h.scope()
		s.Order.HalfDays = 3
		h.when(models.StageQualification, func() {
			h.do(id, models.VerbQualify, models.Qualify{By: staff, Scope: s})
		})
		h.when(models.StageSolicitation, func() {
			h.do(id, models.VerbAssign, models.Assign{By: staff, TrainerRef: trainer(7), RateCents: 100_001, RateUnit: models.UnitFlat})
		})
		h.onMail["invitation"] = nil
		h.when(models.StageSessions, func() {
			days := h.days(3)
			days[1].HalfDays = days[1].HalfDays[:1]
			h.do(id, models.VerbPlanSessions, models.PlanSessions{By: staff, Sessions: days[:2]})
			h.later(time.Hour, func() { h.do(models.SessionID(dossier, 1), models.VerbCancelSession, decision()) })
			h.later(2*time.Hour, func() {
				h.do(id, models.VerbPlanSessions, models.PlanSessions{By: staff, Sessions: days[2:]})
			})
		})
		h.request()
		require.Len(t, h.lines, 2)
		require.Equal(t, models.Cents(100_001), h.lines[models.SessionRef(dossier, 2)].Cents+h.lines[models.SessionRef(dossier, 3)].Cents)
	})
	t.Run("F211 nothing to invoice when nothing is sold", func(t *testing.T) {
		h := working(t)
		s := h.scope()
		s.Order.UnitPriceCents = 0
		h.when(models.StageQualification, func() { h.do(id, models.VerbQualify, models.Qualify{By: staff, Scope: s}) })
		h.request()
		require.Empty(t, h.told(models.FactInvoiceDue))
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
}
