package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

var (
	sessionID  = models.SessionID(dossier, 1)
	sessionRef = models.SessionRef(dossier, 1)
)

func day(d models.Date) []models.HalfDay {
	return []models.HalfDay{{Start: d.At(9, 0, paris), End: d.At(12, 30, paris)}, {Start: d.At(14, 0, paris), End: d.At(17, 30, paris)}}
}

// session runs one session, planned on Friday 20 November 2026; convocations leave on the 13th.
func (h *harness) session(change ...func(*models.SessionInput)) models.Session {
	h.t.Helper()
	half := day("2026-11-20")
	in := models.SessionInput{Common: h.common(), First: true, Owner: "U-000001", RateCents: 45_000, RateUnit: models.UnitDay,
		Session: models.Session{Ref: sessionRef, Dossier: dossier, Number: 1, TrainerRef: trainer(1), Status: models.SessionPlanned,
			HalfDays: half, StartAt: half[0].Start, EndAt: half[1].End}}
	for _, c := range change {
		c(&in)
	}
	h.run(models.SessionType, sessionID, in)
	return row[models.Session](h.world, sessionRef)
}

// signed has the trainer sign the sheet, half an hour after the session.
func (h *harness) signed() {
	h.at("2026-11-20 18:00", func() {
		h.fact(models.Fact{Kind: models.FactSheetSigned, Subject: sessionRef, Actor: trainer(1)})
	})
}

func (h *harness) judge(passed bool, by models.By) *reply {
	return h.command(sessionID, models.VerbJudgeSheet, models.Verdict{By: by, Passed: passed})
}

func TestSessionSheet(t *testing.T) {
	t.Run("F127 a complete sheet validates the session by itself", func(t *testing.T) {
		h := newHarness(t)
		h.signed()
		s := h.session()
		require.Equal(t, models.SessionValidated, s.Status)
		require.True(t, s.Complete)
		require.Equal(t, on("2026-11-20 18:00"), s.SheetSigned)
		require.Equal(t, on("2026-11-13 08:00"), h.left("convocation")[0].SentAt)
		require.Equal(t, models.Link{Purpose: models.LinkPositioning, Subject: dossier + "|P-000001"}, h.left("convocation")[0].Links[0])
		require.Equal(t, on("2026-11-20 09:00"), h.left("attend")[0].SentAt)
		require.Equal(t, on("2026-11-20 17:30"), h.left("sheet_ask")[0].SentAt)
		line := h.lines[sessionRef]
		require.Equal(t, models.Cents(45_000), line.Cents)
		require.Equal(t, models.Month("2026-11"), line.Month)
		require.Equal(t, "remuneration/agency/T-000001/2026-11", h.told(models.FactLineDue)[0].Workflow)
		require.Empty(t, h.alerts())
		t.Logf("steps: %d", len(h.steps))
	})
	t.Run("F127 a sheet signed before the end, or twice, is ignored", func(t *testing.T) {
		h := newHarness(t)
		h.at("2026-11-20 17:00", func() { h.fact(models.Fact{Kind: models.FactSheetSigned, Subject: sessionRef}) })
		h.signed()
		h.signed()
		require.Equal(t, on("2026-11-20 18:00"), h.session().SheetSigned)
		require.Len(t, h.kinds("sheet_signed"), 1)
	})
	t.Run("F129 no sheet: reminder and alert; signed late it still counts", func(t *testing.T) {
		h := newHarness(t)
		h.at("2026-11-24 09:00", func() {
			require.Equal(t, models.SessionToJudge, row[models.Session](h.world, sessionRef).Status)
			h.fact(models.Fact{Kind: models.FactSheetSigned, Subject: sessionRef, Actor: trainer(1)})
		})
		require.Equal(t, models.SessionValidated, h.session().Status)
		require.Equal(t, []string{"sheet_missing"}, h.alerts())
		require.Len(t, h.left("sheet_reminder"), 1)
		require.Equal(t, on("2026-11-24 00:00").Add(-time.Microsecond), h.waits(models.DeadlineSheet)[0].DueAt)
		require.Len(t, h.told(models.FactAlertCleared), 1)
	})
	t.Run("F129 the sheet comes in the night: nobody is called for it in the morning", func(t *testing.T) {
		h := newHarness(t)
		h.unsigned[sessionRef] = []models.AbsenceEntry{{Participant: "P-000001", HalfDays: []int{1}}}
		h.at("2026-11-24 02:09", func() {
			h.fact(models.Fact{Kind: models.FactSheetSigned, Subject: sessionRef, Actor: trainer(1)})
		})
		h.at("2026-11-24 09:00", func() { h.do(sessionID, models.VerbJudgeSheet, models.Verdict{By: staff, Passed: true}) })
		h.session()
		require.Equal(t, []string{"sheet_missing", "sheet_incomplete"}, h.alerts())
		require.Equal(t, models.MessageWithdrawn, h.mails("sheet_reminder")[0].Status)
		alerted := h.left(models.TemplateAlert)
		require.Len(t, alerted, 1, "of what is still to do")
		require.Equal(t, "sheet_incomplete", alerted[0].Args.Get("alert"))
		require.Empty(t, h.left(models.TemplateAlertUnread))
	})
	t.Run("F128 no sheet: staff judge the session held, unproved hours are absences", func(t *testing.T) {
		h := newHarness(t)
		h.unsigned[sessionRef] = []models.AbsenceEntry{{Participant: "P-000001", HalfDays: []int{0, 1}}}
		var early, mute, again *reply
		h.at("2026-11-20 17:29", func() { early = h.judge(true, staff) })
		h.at("2026-11-24 09:00", func() {
			mute = h.judge(false, models.By{Actor: "U-000001"})
			h.do(sessionID, models.VerbJudgeSheet, models.Verdict{By: staff, Passed: true})
		})
		h.at("2026-11-24 09:30", func() { again = h.judge(true, staff) })
		require.Equal(t, models.SessionValidated, h.session().Status)
		require.Equal(t, models.CodeSessionState, early.code)
		require.Equal(t, models.CodeReasonMissing, mute.code)
		require.Equal(t, models.CodeSessionState, again.code)
		require.Equal(t, []int{0, 1}, row[models.Absence](h.world, models.AbsenceRef(sessionRef, "P-000001")).HalfDays)
		require.Len(t, h.lines, 1)
	})
	for _, passed := range []bool{true, false} {
		t.Run("F128 an incomplete sheet waits for a judgement", func(t *testing.T) {
			h := newHarness(t)
			h.unsigned[sessionRef] = []models.AbsenceEntry{{Participant: "P-000001", HalfDays: []int{1}}}
			h.signed()
			h.at("2026-11-23 09:00", func() {
				require.Equal(t, models.SessionToJudge, row[models.Session](h.world, sessionRef).Status)
				h.do(sessionID, models.VerbJudgeSheet, models.Verdict{By: staff, Passed: passed})
			})
			s := h.session()
			require.Equal(t, []string{"sheet_incomplete"}, h.alerts())
			require.False(t, s.Complete)
			if passed {
				require.Equal(t, models.SessionValidated, s.Status)
				require.Len(t, h.lines, 1)
			} else {
				require.Equal(t, models.SessionRefused, s.Status)
				require.Empty(t, h.lines, "what was not held is not paid")
			}
		})
	}
	t.Run("F127 the sheet is missing while nobody looks: the team is called each step", func(t *testing.T) {
		h := newHarness(t)
		h.at("2026-12-07 09:00", h.env.CancelWorkflow) // the mission ends, but the day was given
		h.at("2026-12-08 09:00", func() { h.do(sessionID, models.VerbJudgeSheet, models.Verdict{By: staff, Passed: true}) })
		require.Equal(t, models.SessionValidated, h.session().Status)
		require.Len(t, h.alerts(), 4)
		require.Len(t, h.lines, 1, "what was given is paid")
	})
}

func TestSessionAbsence(t *testing.T) {
	absent := func(t *testing.T) *harness {
		h := newHarness(t)
		h.absences[sessionRef] = []models.AbsenceEntry{{Participant: "P-000002", HalfDays: []int{1}}}
		h.signed()
		return h
	}
	ref := models.AbsenceRef(sessionRef, "P-000002")
	justify := func(h *harness, late bool) models.Fact {
		f := models.Fact{Kind: models.FactAbsenceJustified, Subject: ref, Actor: "P-000002", Data: models.FactData{Note: "N-000007"}}
		if late {
			f.ReceivedAt = on("2026-11-22 18:01")
		}
		return h.fact(f)
	}
	for _, c := range []struct {
		name, when, want, state string
	}{
		{"justified", "2026-11-21 10:00", models.AbsenceJustified, models.FactApplied},
		{"justified at the very instant", "2026-11-22 18:00", models.AbsenceJustified, models.FactApplied},
		{"justified a minute too late, whatever is processed first", "2026-11-22 17:59", models.AbsenceUnjustified, models.FactLate},
		{"never justified", "", models.AbsenceUnjustified, ""},
	} {
		t.Run("F136 "+c.name, func(t *testing.T) {
			h := absent(t)
			if c.when != "" {
				h.at(c.when, func() { justify(h, c.state == models.FactLate) })
			}
			s := h.session()
			require.Equal(t, models.SessionValidated, s.Status)
			a := row[models.Absence](h.world, ref)
			require.Equal(t, c.want, a.Status)
			require.Equal(t, on("2026-11-20 18:00"), a.ToldAt)
			require.Equal(t, on("2026-11-22 18:00"), h.waits(models.DeadlineAbsence)[0].DueAt)
			if c.state != "" {
				require.Equal(t, c.state, h.told(models.FactAbsenceJustified)[0].State)
			}
			if c.want == models.AbsenceUnjustified {
				require.Equal(t, on("2026-11-22 18:00"), h.line("absence_unjustified").At)
			}
		})
	}
	t.Run("F136 48 hours count from being told, over a weekend", func(t *testing.T) {
		h := newHarness(t)
		h.absences[sessionRef] = []models.AbsenceEntry{{Participant: "P-000002", HalfDays: []int{0, 1}}}
		h.at("2026-11-20 20:00", func() { h.fact(models.Fact{Kind: models.FactSheetSigned, Subject: sessionRef}) })
		h.session()
		require.Equal(t, on("2026-11-23 08:00"), h.left("absence_told")[0].SentAt)
		require.Equal(t, on("2026-11-25 08:00"), h.waits(models.DeadlineAbsence)[0].DueAt)
		require.Equal(t, "2026-11-25T07:00:00Z", h.left("absence_told")[0].Args.Get("due"))
	})
	t.Run("F136 told late, the window is as long", func(t *testing.T) {
		h := absent(t)
		h.mailFate = func(m models.Message) (string, time.Duration) {
			if m.Template == "absence_told" {
				return "", 10 * time.Hour
			}
			return "", 0
		}
		h.session()
		require.Equal(t, on("2026-11-23 04:00"), h.waits(models.DeadlineAbsence)[0].DueAt)
	})
	t.Run("F136 a justification keyed later, received in time, reopens", func(t *testing.T) {
		h := absent(t)
		h.absences[sessionRef] = append(h.absences[sessionRef], models.AbsenceEntry{Participant: "P-000003", HalfDays: []int{0}})
		h.mailFate = func(m models.Message) (string, time.Duration) {
			if m.Template == "absence_told" && m.ToRef == "P-000003" {
				return "", 48 * time.Hour // the session is not over yet
			}
			return "", 0
		}
		h.at("2026-11-23 10:00", func() {
			require.Equal(t, models.AbsenceUnjustified, row[models.Absence](h.world, ref).Status)
			h.fact(models.Fact{Kind: models.FactAbsenceJustified, Subject: ref, Recorder: "U-000001", ReceivedAt: on("2026-11-21 10:00")})
		})
		h.session()
		require.Equal(t, models.AbsenceJustified, row[models.Absence](h.world, ref).Status)
	})
	t.Run("F136 nobody could tell the participant: staff have a step, the dossier is not held for ever", func(t *testing.T) {
		h := absent(t)
		h.mailFate = func(m models.Message) (string, time.Duration) {
			if m.Template == "absence_told" {
				return models.MessageNoAddress, 0
			}
			return "", 0
		}
		h.session()
		require.False(t, h.cut)
		require.Equal(t, []string{"message_undeliverable"}, h.alerts())
		require.Equal(t, models.Undeliverable, h.waits(models.DeadlineAbsence)[0].Status)
		require.Equal(t, models.AbsenceUnjustified, row[models.Absence](h.world, ref).Status)
	})
}

func TestSessionMoves(t *testing.T) {
	move := func(h *harness, d models.Date) *reply {
		return h.command(sessionID, models.VerbReschedule, models.Reschedule{By: staff, HalfDays: day(d)})
	}
	for name, when := range map[string]string{"before": "2026-11-10 10:00", "after": "2026-11-16 10:00"} {
		t.Run("F113 moved "+name+" the convocation", func(t *testing.T) {
			h := newHarness(t)
			var r, short, late *reply
			h.at(when, func() {
				short = h.command(sessionID, models.VerbReschedule, models.Reschedule{By: staff, HalfDays: day("2026-12-04")[:1]})
				r = move(h, "2026-12-04")
			})
			h.at("2026-12-04 09:00", func() { late = move(h, "2026-12-11") })
			h.at("2026-12-04 18:00", func() { h.fact(models.Fact{Kind: models.FactSheetSigned, Subject: sessionRef}) })
			s := h.session()
			require.True(t, r.completed, r.err)
			require.Equal(t, models.CodeInvalid, short.code)
			require.Equal(t, models.CodeSessionState, late.code, "it has started")
			require.Equal(t, models.SessionValidated, s.Status)
			require.Equal(t, on("2026-12-04 09:00"), s.StartAt)
			calls := h.left("convocation")
			require.Equal(t, on("2026-11-27 08:00"), calls[len(calls)-1].SentAt)
			require.Len(t, h.left("session_moved_participant"), 3)
			require.Len(t, h.left("session_moved_trainer"), 1)
			require.Len(t, h.left("attend"), 3, "on the day, once")
			require.Equal(t, on("2026-12-04 09:00"), h.left("attend")[0].SentAt)
			require.Len(t, h.left("sheet_ask"), 1)
		})
	}
	t.Run("F121 another room at the same hours", func(t *testing.T) {
		h := newHarness(t)
		var same, r *reply
		h.at("2026-11-16 10:00", func() {
			hours := row[models.Session](h.world, sessionRef).HalfDays
			same = h.command(sessionID, models.VerbReschedule, models.Reschedule{By: staff, HalfDays: hours})
			r = h.command(sessionID, models.VerbReschedule, models.Reschedule{By: staff, HalfDays: hours, PlaceRef: "N-2"})
		})
		h.signed()
		s := h.session()
		require.True(t, r.completed, r.err)
		require.Equal(t, models.CodeSessionUnchanged, same.code)
		require.Equal(t, "N-2", s.PlaceRef)
		require.Equal(t, models.SessionValidated, s.Status)
		require.Len(t, h.left("session_moved_participant"), 3)
		require.Len(t, h.left("attend"), 3, "on the day, once")
	})
	t.Run("F114 cancelled: everyone is told once, nothing is paid", func(t *testing.T) {
		h := newHarness(t)
		var mute *reply
		h.at("2026-11-16 10:00", func() {
			mute = h.command(sessionID, models.VerbCancelSession, models.Decision{By: models.By{Actor: "U-000001"}})
			h.do(sessionID, models.VerbCancelSession, decision())
		})
		require.Equal(t, models.SessionCancelled, h.session().Status)
		require.Equal(t, models.CodeReasonMissing, mute.code)
		require.Len(t, h.left("session_cancelled_participant"), 3)
		require.Len(t, h.left("session_cancelled_client"), 1)
		require.Len(t, h.left("session_cancelled_trainer"), 1)
		require.Empty(t, h.left("attend"))
		require.Empty(t, h.lines)
	})
	t.Run("F119 who registers late is convoked, nobody twice", func(t *testing.T) {
		h := newHarness(t)
		register := func() {
			h.mu.Lock()
			h.participants = append(h.participants, "P-000004")
			h.mu.Unlock()
			h.fact(models.Fact{Kind: models.FactRegistered, Workflow: sessionID, Channel: models.ChannelConsole})
		}
		h.at("2026-11-17 10:00", register)
		h.signed()
		h.session()
		require.Len(t, h.left("convocation"), 4)
		require.Len(t, h.left("attend"), 4)
		require.Equal(t, "P-000004", h.left("convocation")[3].ToRef)
	})
	t.Run("F052 hours and half-days are paid as agreed", func(t *testing.T) {
		for unit, want := range map[models.Unit]models.Cents{models.UnitHour: 35_000, models.UnitHalfDay: 10_000, models.UnitDay: 5_000} {
			h := newHarness(t)
			h.signed()
			h.session(func(in *models.SessionInput) { in.RateCents, in.RateUnit = 5_000, unit })
			require.Equal(t, want, h.lines[sessionRef].Cents, unit)
		}
	})
	t.Run("F119 moved to Saturday on Friday night, its convocation does not wait for Monday", func(t *testing.T) {
		h := newHarness(t)
		h.at("2026-11-13 19:25", func() { move(h, "2026-11-14") })
		h.at("2026-11-14 18:00", func() { h.fact(models.Fact{Kind: models.FactSheetSigned, Subject: sessionRef}) })
		require.Equal(t, models.SessionValidated, h.session().Status)
		calls := h.left("convocation")
		require.Equal(t, on("2026-11-13 19:25"), calls[len(calls)-1].SentAt)
	})
	t.Run("F119 moved to Monday on Friday night, its convocation waits for the hours of mail", func(t *testing.T) {
		h := newHarness(t)
		h.at("2026-11-13 19:25", func() { move(h, "2026-11-16") })
		h.at("2026-11-16 18:00", func() { h.fact(models.Fact{Kind: models.FactSheetSigned, Subject: sessionRef}) })
		h.session()
		calls := h.left("convocation")
		require.Equal(t, on("2026-11-16 08:00"), calls[len(calls)-1].SentAt)
	})
	for name, passed := range map[string]bool{"validated": true, "refused": false} {
		t.Run("F119 what has not left when the session is "+name+" is withdrawn", func(t *testing.T) {
			h := newHarness(t)
			h.mailFate = func(m models.Message) (string, time.Duration) {
				if m.Template == "convocation" || m.Template == "sheet_reminder" {
					return models.MessageQueued, 0
				}
				return "", 0
			}
			h.at("2026-11-24 09:00", func() {
				for _, m := range append(h.mails("convocation"), h.mails("sheet_reminder")...) {
					require.Equal(t, models.MessageQueued, m.Status, m.Key)
				}
				h.do(sessionID, models.VerbJudgeSheet, models.Verdict{By: staff, Passed: passed})
			})
			h.session()
			queued := append(h.mails("convocation"), h.mails("sheet_reminder")...)
			require.Len(t, queued, 4)
			for _, m := range queued {
				require.Equal(t, models.MessageWithdrawn, m.Status, m.Key)
			}
		})
	}
	t.Run("planned so late that the convocation leaves at once", func(t *testing.T) {
		h := newHarness(t)
		half := day("2026-11-03")
		h.at("2026-11-03 18:00", func() { h.fact(models.Fact{Kind: models.FactSheetSigned, Subject: sessionRef}) })
		s := h.session(func(in *models.SessionInput) {
			in.Session.HalfDays, in.Session.StartAt, in.Session.EndAt = half, half[0].Start, half[1].End
		})
		require.Equal(t, models.SessionValidated, s.Status)
		require.Equal(t, start, h.left("convocation")[0].SentAt)
	})
}
