package workflows_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

var id = models.RequestID(dossier)

// working is a harness in which everybody does what is asked of them.
func working(t testing.TB) *harness {
	h := newHarness(t)
	h.autopilot()
	return h
}

func TestRequestTellsHowItArrived(t *testing.T) {
	h := working(t)
	h.run(models.TrainingRequestType, models.RequestID(dossier), models.RequestInput{Common: h.common(), Ref: dossier, Scope: h.scope(),
		Channel: models.ChannelPhone, Recorder: "U-000001"})
	line := h.line("request_opened") // F001
	require.Equal(t, models.ChannelPhone, line.Channel)
	require.Equal(t, "U-000001", line.Recorder)
}

func TestRequestFromIntakeToClosure(t *testing.T) {
	for halfDays := 1; halfDays <= 12; halfDays++ {
		t.Run(fmt.Sprintf("%d half-days for %d people", halfDays, halfDays), func(t *testing.T) {
			h := working(t)
			s := h.scope()
			s.GroupSize, s.Order.HalfDays = halfDays, halfDays
			h.participants = nil
			for i := range halfDays {
				h.participants = append(h.participants, fmt.Sprintf("P-%06d", i+1))
			}
			h.certified = h.participants
			h.when(models.StageQualification, func() { h.do(id, models.VerbQualify, models.Qualify{By: staff, Scope: s}) })
			h.when(models.StageSessions, func() {
				days := h.days((halfDays + 1) / 2)
				if halfDays%2 == 1 {
					last := &days[len(days)-1]
					last.HalfDays = last.HalfDays[:1]
				}
				h.do(id, models.VerbPlanSessions, models.PlanSessions{By: staff, Sessions: days})
			})
			h.request()
			require.False(t, h.cut, h.kinds())
			require.Equal(t, []models.Stage{models.StageSolicitation, models.StageAudit, models.StageProgramme, models.StageInterview,
				models.StageContract, models.StageReadiness, models.StageSessions, models.StageDelivered, models.StageClosed}, h.stages())
			require.Empty(t, h.alerts())
			require.Empty(t, h.current.Alert)
			require.Equal(t, halfDays, h.current.HalfDaysHeld)
			require.Equal(t, "closed", h.current.Outcome)
			var paid models.Cents
			for _, l := range h.lines {
				paid += l.Cents
			}
			require.Equal(t, models.Cents(22_500*halfDays), paid)
			require.Len(t, h.mails("certificate"), len(h.participants))
			require.Len(t, h.told(models.FactInvoiceDue), 1, "F211 the client's invoice")
			require.Less(t, len(h.written(id)), 40)
			if halfDays == 4 {
				t.Logf("steps: request %d, search %d, session %d", len(h.written(id)), len(h.written(models.SolicitationID(dossier, 1))), len(h.written(models.SessionID(dossier, 1))))
			}
		})
	}
	t.Run("F208 a closed dossier refuses every command", func(t *testing.T) {
		h := working(t)
		var r *reply
		h.onJournal["stage_entered"] = func(usual func(models.JournalLine)) func(models.JournalLine) {
			return func(l models.JournalLine) {
				usual(l)
				if l.Args.Get("stage") == string(models.StageDelivered) {
					h.later(time.Hour, func() { r = h.command(id, models.VerbCancel, decision()) })
				}
			}
		}(h.onJournal["stage_entered"])
		h.request()
		require.Equal(t, models.CodeWrongStage, r.code)
	})
	t.Run("F206 closed when the pay requests are transmitted, if the policy says so", func(t *testing.T) {
		h := working(t)
		h.policy.ClosureWhen = models.ClosureWhenTransmitted
		h.onJournal["session_validated"] = func(l models.JournalLine) {
			h.later(time.Hour, func() {
				h.fact(models.Fact{Kind: models.FactLinesSettled, Subject: "I", Channel: models.ChannelWorkflow, Data: models.FactData{Lines: []string{l.Subject}}})
			})
		}
		h.request()
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F206 a payment undone keeps the dossier open until it is made again", func(t *testing.T) {
		h := working(t)
		h.onJournal["session_validated"] = nil
		open := false
		lines := models.FactData{Lines: []string{models.SessionRef(dossier, 1)}}
		other := models.FactData{Lines: []string{models.SessionRef(dossier, 2)}}
		h.also(models.StageDelivered, time.Hour, func() {
			h.fact(models.Fact{Kind: models.FactInvoicePaid, Subject: "I-1", Data: lines})
			h.fact(models.Fact{Kind: models.FactInvoiceUnpaid, Subject: "I-1", Data: lines})
			h.fact(models.Fact{Kind: models.FactLinesCancelled, Subject: "I-2", Data: other})
		})
		h.also(models.StageDelivered, 48*time.Hour, func() {
			open = h.current.Stage == models.StageDelivered
			lines.PaidOn = "2026-12-11"
			h.fact(models.Fact{Kind: models.FactInvoicePaid, Subject: "I-1", Data: lines})
		})
		h.request()
		require.True(t, open)
		var days []string
		for _, line := range h.journal {
			if line.Kind == "invoice_paid" {
				days = append(days, line.Args.Get("paid_on"))
			}
		}
		require.Equal(t, []string{"", "2026-12-11"}, days, "as the invoice tells it; versions before did not")
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
}

func TestRequestQualification(t *testing.T) {
	t.Run("F003 what is decided before the first task comes after the arrival", func(t *testing.T) {
		h := working(t)
		h.when(models.StageQualification, func() {})
		qualify := models.Qualify{By: staff, Scope: h.scope()}
		h.later(0, func() { h.do(h.id, models.VerbQualify, qualify) })
		h.request()
		require.Equal(t, []string{"request_opened", "request_qualified"}, h.kinds()[:2])
		require.Equal(t, models.RequestID(dossier)+"#1.1", h.journal[0].ID, "lines of one moment are told in the order of their keys")
		require.Equal(t, models.StageClosed, h.current.Stage)

		h = working(t)
		h.later(0, func() { h.do(h.id, models.VerbCancel, decision()) })
		h.request()
		require.Equal(t, []string{"request_opened", "request_cancelled"}, h.kinds()[:2])
		require.Len(t, h.written(h.id), 1, "the arrival makes no step by itself: dossiers of earlier versions replay")
	})
	t.Run("F003 the search starts on creation", func(t *testing.T) {
		h := working(t)
		h.policy.SearchStart = models.SearchOnCreation
		h.when(models.StageQualification, func() {})
		h.request()
		require.Equal(t, start, h.mails("invitation")[0].SentAt)
		require.Equal(t, "yes", h.mails("request_received")[0].Args.Get("searched"), "the client is told that it does")
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F004 nothing starts before the needs are known; staff are called", func(t *testing.T) {
		h := working(t)
		h.when(models.StageQualification, func() {})
		h.at("2026-11-10 09:00", func() {
			require.Empty(t, h.mails("invitation"))
			require.Empty(t, h.mails("request_received")[0].Args.Get("searched"))
			require.Equal(t, "qualification_overdue", h.current.Alert)
			require.Equal(t, []string{"qualification_overdue", "qualification_overdue"}, h.alerts())
			require.Equal(t, h.line("alert").At, h.current.AlertAt, "since the first call, whatever the number of calls")
			h.do(id, models.VerbQualify, models.Qualify{By: staff, Scope: h.scope()})
		})
		var again *reply
		h.at("2026-11-10 10:00", func() {
			require.Empty(t, h.current.Alert)
			require.Zero(t, h.current.AlertAt)
			again = h.command(id, models.VerbQualify, models.Qualify{By: staff, Scope: h.scope()})
		})
		h.request()
		require.Equal(t, models.CodeWrongStage, again.code)
	})
	t.Run("F007 a newer alert hides none that still stands", func(t *testing.T) {
		h := working(t)
		h.policy.GroupAlert = 7
		h.when(models.StageQualification, func() {})
		alerts := func() (out []string) {
			for _, a := range h.standing {
				require.Equal(t, dossier, a.Dossier)
				out = append(out, a.Alert)
			}
			return out
		}
		h.at("2026-11-10 09:00", func() {
			require.Equal(t, []string{"group_size", "qualification_overdue"}, alerts())
			require.Equal(t, "qualification_overdue", h.current.Alert)
			require.Equal(t, start, h.standing[0].Since)
			require.Contains(t, h.details(), "- À regarder depuis le 02/11/2026 09:00 : `group_size` ("+dossier+")\n")
			h.do(id, models.VerbQualify, models.Qualify{By: staff, Scope: h.scope()})
		})
		h.at("2026-11-10 10:00", func() { require.Empty(t, alerts()) })
		h.request()
	})
	t.Run("F007 a large group calls staff", func(t *testing.T) {
		h := working(t)
		h.policy.GroupAlert = 7
		h.request()
		require.Equal(t, []string{"group_size"}, h.alerts())
	})
	t.Run("F007 what the dossier and its search call about at once reaches staff twice", func(t *testing.T) {
		h := working(t)
		h.policy.GroupAlert, h.policy.SearchStart, h.trainers = 7, models.SearchOnCreation, nil
		h.at("2026-11-02 12:00", func() { h.do(id, models.VerbCancel, decision()) })
		h.request()
		require.ElementsMatch(t, []string{"group_size", "no_candidate_left"}, h.alerts())
		require.Len(t, h.left("staff_alert"), 2)
	})
	t.Run("F013 handed over before the contract, never after", func(t *testing.T) {
		h := working(t)
		h.answers(map[int]string{})
		var mute *reply
		h.at("2026-11-03 09:00", func() {
			mute = h.command(id, models.VerbHandOver, models.Decision{By: models.By{Actor: "U-000001"}})
			h.do(id, models.VerbHandOver, decision())
		})
		h.request()
		require.Equal(t, models.CodeReasonMissing, mute.code)
		require.Equal(t, models.StageHandedOver, h.current.Stage)
		require.Equal(t, "out_of_scope", h.current.Outcome)
		require.Len(t, h.mails("invitation_closed"), 5)
		require.Len(t, h.mails("request_handed_over_client"), 1)

		h = working(t)
		var late *reply
		h.also(models.StageAudit, time.Minute, func() { late = h.command(id, models.VerbHandOver, decision()) })
		h.request()
		require.Equal(t, models.CodeWrongStage, late.code)
	})
	t.Run("a known trainer is assigned without a search", func(t *testing.T) {
		h := working(t)
		var free, again *reply
		machine := staff
		machine.Channel = models.ChannelAPI
		assign := models.Assign{By: machine, TrainerRef: trainer(7), RateCents: 50_000, RateUnit: models.UnitDay}
		h.when(models.StageQualification, func() {
			free = h.command(id, models.VerbAssign, models.Assign{By: staff, TrainerRef: trainer(7)})
			h.do(id, models.VerbAssign, assign)
		})
		h.at("2026-11-02 11:00", func() { again = h.command(id, models.VerbAssign, assign) })
		h.request()
		require.Equal(t, models.CodeInvalid, free.code)
		require.Equal(t, models.CodeWrongStage, again.code)
		require.Equal(t, models.StageClosed, h.current.Stage)
		require.Equal(t, trainer(7), h.current.TrainerRef)
		require.Equal(t, models.ChannelAPI, h.line("trainer_assigned").Channel)
		require.Empty(t, h.mails("invitation"))
		leave := models.Link{Purpose: models.LinkWithdraw, Subject: models.AssignmentRef(dossier, trainer(7)), Generation: 1}
		for _, template := range []string{"audit_slots", "audit_booked_trainer", "programme_ask"} {
			require.Contains(t, h.mails(template)[0].Links, leave, template)
		}
		require.Equal(t, "yes", h.mails("audit_slots")[0].Args.Get("assigned"))
	})
	t.Run("F081 an assigned trainer withdraws: a search begins, which does not ask them", func(t *testing.T) {
		h := working(t)
		h.when(models.StageQualification, func() {
			h.do(id, models.VerbAssign, models.Assign{By: staff, TrainerRef: trainer(1), RateCents: 50_000, RateUnit: models.UnitDay})
		})
		usual := h.onMail["audit_slots"]
		h.onMail["audit_slots"] = func(m models.Message) {
			h.onMail["audit_slots"] = usual
			h.later(time.Hour, func() {
				h.fact(models.Fact{Kind: models.FactTrainerWithdrew, Subject: m.Links[1].Subject, Actor: m.ToRef})
			})
		}
		h.onJournal["invitation_interested"] = func(models.JournalLine) { h.later(time.Hour, h.chooseBest) }
		h.request()
		require.Equal(t, models.StageClosed, h.current.Stage)
		require.Equal(t, "trainer_withdrew", h.line("trainer_left").Args.Get("reason"))
		require.Equal(t, trainer(1), h.mails("mission_ended")[0].ToRef)
		require.Len(t, h.mails("trainer_changed_client"), 1)
		require.Empty(t, h.mails("trainer_changed_client")[0].Args.Get("searched"), "nobody had been asked")
		require.NotEmpty(t, h.mails("invitation"))
		for _, m := range h.mails("invitation") {
			require.NotEqual(t, trainer(1), m.ToRef)
		}
		require.Empty(t, h.mails("audit_slots")[1].Args.Get("assigned"), "chosen through the search")
	})
	t.Run("a trainer assigned again leaves by another link than the one they used", func(t *testing.T) {
		h := working(t)
		assign := func() {
			h.do(id, models.VerbAssign, models.Assign{By: staff, TrainerRef: trainer(7), RateCents: 50_000, RateUnit: models.UnitDay})
		}
		h.when(models.StageQualification, assign)
		usual := h.onMail["audit_slots"]
		h.onMail["audit_slots"] = func(m models.Message) {
			h.onMail["audit_slots"] = usual
			h.later(time.Hour, func() {
				h.fact(models.Fact{Kind: models.FactTrainerWithdrew, Subject: m.Links[1].Subject, Actor: m.ToRef})
				h.later(time.Minute, assign)
			})
		}
		h.request()
		require.Equal(t, trainer(7), h.current.TrainerRef)
		require.Equal(t, 1, h.mails("audit_slots")[0].Links[1].Generation)
		require.Equal(t, 2, h.mails("audit_slots")[1].Links[1].Generation)
	})
	t.Run("a known trainer is assigned while a search runs; when that one leaves, another search follows", func(t *testing.T) {
		h := working(t)
		h.answers(map[int]string{1: "interested", 2: "declined"})
		h.onJournal["invitation_interested"] = nil
		h.onJournal["stage_entered"] = func(usual func(models.JournalLine)) func(models.JournalLine) {
			return func(l models.JournalLine) {
				if l.Args.Get("stage") != string(models.StageSolicitation) || h.current.Solicitation > 0 {
					usual(l)
				}
			}
		}(h.onJournal["stage_entered"])
		h.at("2026-11-03 09:00", func() {
			h.do(id, models.VerbAssign, models.Assign{By: staff, TrainerRef: trainer(7), RateCents: 50_000, RateUnit: models.UnitDay})
			h.later(0, func() { h.do(id, models.VerbDropTrainer, decision()) }) // at once: the search is still ending
		})
		h.request()
		require.Equal(t, models.StageClosed, h.current.Stage)
		require.Equal(t, 2, h.current.Solicitation)
		require.Equal(t, trainer(1), h.current.TrainerRef, "the runner-up, without another mail")
		require.Len(t, h.mails("invitation"), 5)
	})
}

// TestRequestNothingIsAnnouncedAfterwards: an interview held before the mail that announces it has left.
func TestRequestNothingIsAnnouncedAfterwards(t *testing.T) {
	h := working(t)
	h.policy.MailHours = models.MailHours{Open: "23:58", Close: "23:59"}
	h.request()
	require.Equal(t, models.StageClosed, h.current.Stage)
	require.Equal(t, models.MessageWithdrawn, h.mails("interview_notice")[0].Status)
}

func TestRequestTrainerLeaves(t *testing.T) {
	for _, stage := range []models.Stage{models.StageAudit, models.StageProgramme, models.StageInterview, models.StageContract,
		models.StageReadiness, models.StageSessions} {
		for _, byStaff := range []bool{false, true} {
			t.Run(fmt.Sprintf("F081 at %s, by staff: %v", stage, byStaff), func(t *testing.T) {
				h := working(t)
				if stage != models.StageSessions { // the step itself is not done meanwhile
					h.when(stage, func() {})
				}
				if stage == models.StageContract {
					client := h.onMail["contract_client"]
					h.onMail["contract_client"] = func(m models.Message) { h.onMail["contract_client"] = client }
				}
				h.also(stage, 49*time.Hour+time.Minute, func() {
					require.Equal(t, trainer(1), h.current.TrainerRef)
					if byStaff {
						h.do(id, models.VerbDropTrainer, decision())
						return
					}
					h.fact(models.Fact{Kind: models.FactTrainerWithdrew, Subject: inv(1), Actor: trainer(2)}) // not the retained one
					f := h.fact(models.Fact{Kind: models.FactTrainerWithdrew, Subject: inv(1), Actor: trainer(1)})
					h.deliver(f)
				})
				if stage == models.StageAudit {
					h.onMail["audit_slots"] = func(usual func(models.Message)) func(models.Message) {
						return func(m models.Message) { h.onMail["audit_slots"] = usual }
					}(h.onMail["audit_slots"])
				}
				if stage == models.StageProgramme {
					h.onMail["programme_ask"] = func(usual func(models.Message)) func(models.Message) {
						return func(m models.Message) { h.onMail["programme_ask"] = usual }
					}(h.onMail["programme_ask"])
				}
				if stage == models.StageContract {
					h.onMail["trainer_contract"] = func(usual func(models.Message)) func(models.Message) {
						return func(m models.Message) { h.onMail["trainer_contract"] = usual }
					}(h.onMail["trainer_contract"])
				}
				h.request()
				require.False(t, h.cut, h.kinds())
				require.Equal(t, models.StageClosed, h.current.Stage)
				require.Equal(t, trainer(2), h.current.TrainerRef)
				require.Len(t, h.mails("invitation"), 5, "nobody is asked twice")
				ended := h.mails("mission_ended")
				require.Len(t, ended, 1)
				require.Equal(t, trainer(1), ended[0].ToRef)
				require.Len(t, h.mails("trainer_changed_client"), 1)
				require.Equal(t, "yes", h.mails("trainer_changed_client")[0].Args.Get("searched"))
				require.Len(t, h.kinds("trainer_left"), 1)
				for _, a := range all[models.Audit](h.world) {
					require.Contains(t, []string{models.AuditHeld, models.AuditCancelled}, a.Status)
				}
				for _, p := range all[models.Programme](h.world) {
					require.Contains(t, []string{models.ProgrammeApproved, models.ProgrammeCancelled}, p.Status)
				}
				signed := 0
				for _, c := range all[models.Contract](h.world) {
					if c.Status == models.ContractSigned {
						signed++
						if c.Signer == models.RoleTrainer {
							require.Equal(t, trainer(2), c.TrainerRef)
						}
					} else {
						require.Equal(t, models.ContractCancelled, c.Status)
					}
				}
				require.Equal(t, 2, signed)
				for _, s := range all[models.Session](h.world) {
					if s.TrainerRef == trainer(1) {
						require.Equal(t, models.SessionCancelled, s.Status)
						require.Len(t, slices.DeleteFunc(h.mails("session_cancelled_trainer"), func(m models.Message) bool { return m.Subject != s.Ref }), 1)
					} else {
						require.Equal(t, models.SessionValidated, s.Status)
					}
				}
				for _, l := range h.lines {
					require.Equal(t, trainer(2), l.TrainerRef)
				}
			})
		}
	}
	t.Run("F081 as soon as the contract is signed: the ending search is followed by another", func(t *testing.T) {
		h := working(t)
		once := false
		h.onMail["trainer_contract"] = func(m models.Message) {
			h.later(time.Hour, func() {
				h.sign(m.Subject, m.ToRef)
				if !once {
					once = true
					h.fact(models.Fact{Kind: models.FactTrainerWithdrew, Subject: inv(1), Actor: trainer(1)})
				}
			})
		}
		h.request()
		require.False(t, h.cut, h.kinds())
		require.Equal(t, trainer(2), h.current.TrainerRef)
	})
}

// A decision answers the stage that it led to, as the step that it is written in says, not the one it was taken at.
func TestDecisionsAnswerTheStageReached(t *testing.T) {
	for verb, c := range map[models.Verb]struct {
		in      any
		reached models.Stage
	}{
		models.VerbQualify: {models.Qualify{By: staff, Scope: newHarness(t).scope()}, models.StageSolicitation},
		models.VerbAssign:  {models.Assign{By: staff, TrainerRef: trainer(1), RateCents: 45_000, RateUnit: models.UnitDay}, models.StageAudit},
	} {
		h := working(t)
		var r *reply
		h.when(models.StageQualification, func() { r = h.command(id, verb, c.in) })
		h.request()
		require.True(t, r.completed, r.err)
		require.Equal(t, models.CommandResult{Ref: dossier, Status: string(c.reached)}, r.result, verb)
	}
}

func TestRequestCancelled(t *testing.T) {
	for _, stage := range []models.Stage{models.StageQualification, models.StageSolicitation, models.StageAudit, models.StageProgramme,
		models.StageInterview, models.StageContract, models.StageReadiness, models.StageSessions} {
		for _, byStaff := range []bool{false, true} {
			t.Run(fmt.Sprintf("F012 at %s, by staff: %v", stage, byStaff), func(t *testing.T) {
				h := working(t)
				after := 30 * time.Minute
				if stage == models.StageSessions {
					after = 15 * 24 * time.Hour // the first session is convoked
				}
				h.also(stage, after, func() {
					if byStaff {
						h.do(id, models.VerbCancel, decision())
						return
					}
					f := h.fact(models.Fact{Kind: models.FactClientCancelled, Subject: dossier})
					h.deliver(f)
					h.fact(models.Fact{Kind: models.FactClientCancelled, Subject: dossier})
				})
				h.request()
				require.False(t, h.cut, h.kinds())
				require.Equal(t, models.StageCancelled, h.current.Stage)
				require.Equal(t, map[bool]string{false: "by_client", true: "by_agency"}[byStaff], h.current.Outcome)
				require.Len(t, h.mails("request_cancelled_client"), 1)
				told := h.mails("staff_request_cancelled") // staff who cancel know it
				require.Equal(t, byStaff, len(told) == 0)
				for _, m := range told {
					require.Equal(t, h.scope().Owner, m.ToRef)
				}
				require.LessOrEqual(t, len(told), 1)
				retained := 0
				if h.current.TrainerRef != "" {
					retained = 1
				}
				require.Len(t, h.mails("mission_cancelled"), retained)
				closed := map[string]int{}
				for _, m := range h.mails("invitation_closed") {
					closed[m.ToRef]++
				}
				for who, n := range closed {
					require.Equal(t, 1, n, who)
				}
				for _, c := range all[models.Contract](h.world) {
					require.Equal(t, models.ContractCancelled, c.Status)
				}
				for _, s := range all[models.Session](h.world) {
					require.Equal(t, models.SessionCancelled, s.Status)
				}
				if stage == models.StageSessions {
					require.Len(t, h.left("convocation"), len(h.participants))
					require.Len(t, h.left("session_cancelled_participant"), 2*len(h.participants), "each session, each participant, once")
					require.Empty(t, h.left("attend"))
					require.Empty(t, h.left("sheet_ask"))
				}
				require.Empty(t, h.lines)
			})
		}
	}
}

func TestRequestAudit(t *testing.T) {
	t.Run("F079 no slots: reminder, alert, and slots late still count", func(t *testing.T) {
		h := working(t)
		usual := h.onMail["audit_slots"]
		h.onMail["audit_slots"] = func(m models.Message) { h.later(12*24*time.Hour, func() { usual(m) }) }
		h.request()
		require.Equal(t, []string{"no_answer_slots", "no_answer_slots"}, h.alerts())
		require.Len(t, h.left("audit_slots_reminder"), 1)
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F079 slots in the night after the term: neither reminder nor alert in the morning", func(t *testing.T) {
		h := working(t)
		usual := h.onMail["audit_slots"]
		h.onMail["audit_slots"] = nil
		h.onOpen[models.DeadlineSlots] = func(d models.Deadline) {
			h.later(d.DueAt.Add(2*time.Hour).Sub(h.env.Now()), func() { usual(h.mails("audit_slots")[0]) })
		}
		h.request()
		require.Equal(t, []string{"no_answer_slots"}, h.alerts())
		for _, template := range []string{"audit_slots_reminder", models.TemplateAlert, models.TemplateAlertUnread} {
			require.Equal(t, models.MessageWithdrawn, h.mails(template)[0].Status, template)
		}
	})
	t.Run("F079 none suits the client: the trainer offers others", func(t *testing.T) {
		h := working(t)
		usual := h.onMail["audit_choice"]
		h.onMail["audit_choice"] = func(m models.Message) {
			h.onMail["audit_choice"] = usual
			h.fact(models.Fact{Kind: models.FactSlotsRefused, Subject: m.Subject})
		}
		h.request()
		require.Equal(t, 2, row[models.Audit](h.world, models.AuditRef(dossier, 1)).Round)
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F079 the slots pass unanswered: others are asked for", func(t *testing.T) {
		h := working(t)
		usual := h.onMail["audit_choice"]
		h.onMail["audit_choice"] = func(m models.Message) { h.onMail["audit_choice"] = usual }
		h.request()
		require.Equal(t, []string{"no_slot_chosen"}, h.alerts())
		require.Equal(t, 2, row[models.Audit](h.world, models.AuditRef(dossier, 1)).Round)
	})
	t.Run("F079 reminded: the client can choose, and is told so, until the last slot", func(t *testing.T) {
		h := working(t)
		last, until := on("2026-11-30 10:00"), time.Time{}
		h.onMail["audit_slots"] = func(m models.Message) {
			h.fact(models.Fact{Kind: models.FactSlotsOffered, Subject: m.Subject, Actor: m.ToRef, Data: models.FactData{Slots: []time.Time{last}}})
		}
		usual := h.onMail["audit_choice"]
		delete(h.onMail, "audit_choice")
		h.onMail["audit_choice_reminder"] = func(m models.Message) {
			until = h.deadlines[row[models.Audit](h.world, m.Subject).DeadlineID].DueAt
			usual(m)
		}
		h.request()
		require.Len(t, h.left("audit_choice_reminder"), 1)
		require.Equal(t, last, until)
		require.Equal(t, last, row[models.Audit](h.world, models.AuditRef(dossier, 1)).SlotAt)
	})
	t.Run("F079 a slot that was not offered, or is past, is not booked", func(t *testing.T) {
		h := working(t)
		usual := h.onMail["audit_choice"]
		h.onMail["audit_choice"] = func(m models.Message) {
			h.fact(models.Fact{Kind: models.FactSlotChosen, Subject: m.Subject, Data: models.FactData{At: h.env.Now().Add(time.Hour)}})
			h.fact(models.Fact{Kind: models.FactSlotChosen, Subject: m.Subject, ReceivedAt: on("2027-01-01 00:00"),
				Data: models.FactData{At: row[models.Audit](h.world, m.Subject).Slots[0]}})
			usual(m)
		}
		h.request()
		require.Equal(t, models.FactIgnored, h.told(models.FactSlotChosen)[0].State)
		require.Equal(t, models.FactIgnored, h.told(models.FactSlotChosen)[1].State)
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F079 a slot that has passed meanwhile is not booked, the next one is", func(t *testing.T) {
		h := working(t)
		h.onMail["audit_choice"] = func(m models.Message) {
			a := row[models.Audit](h.world, m.Subject)
			for i, slot := range a.Slots {
				h.later(time.Duration(60+i)*time.Hour, func() {
					h.fact(models.Fact{Kind: models.FactSlotChosen, Subject: m.Subject, Data: models.FactData{At: slot}})
				})
			}
		}
		h.request()
		require.Equal(t, models.FactIgnored, h.told(models.FactSlotChosen)[0].State)
		a := row[models.Audit](h.world, models.AuditRef(dossier, 1))
		require.Equal(t, a.Slots[1], a.SlotAt)
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F079 a choice mail that never leaves makes no haste", func(t *testing.T) {
		h := working(t)
		h.mailFate = func(m models.Message) (string, time.Duration) {
			if m.Template == "audit_choice" {
				return models.MessageQueued, 0
			}
			return "", 0
		}
		h.stop("2026-11-12 09:00")
		h.request()
		require.Less(t, len(h.steps), 60)
	})
	t.Run("F081 unfit: back to the search, the runner-up first", func(t *testing.T) {
		h := working(t)
		usual := h.onMail["audit_booked_trainer"]
		h.onMail["audit_booked_trainer"] = func(m models.Message) {
			h.onMail["audit_booked_trainer"] = usual
			h.later(72*time.Hour, func() { h.report(m.Subject, false) })
		}
		h.request()
		require.Equal(t, trainer(2), h.current.TrainerRef)
		require.Len(t, h.mails("invitation"), 5)
		require.Equal(t, 1, h.current.Solicitation)
		require.Len(t, all[models.Audit](h.world), 2)
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F082 no report: reminder, alert, staff record it for the trainer", func(t *testing.T) {
		h := working(t)
		h.onMail["audit_booked_trainer"] = func(m models.Message) {
			h.later(10*24*time.Hour, func() {
				h.fact(models.Fact{Kind: models.FactAuditReported, Subject: m.Subject, Actor: trainer(1), Recorder: "U-000001",
					Channel: models.ChannelPhone, Data: models.FactData{Feasible: true}})
			})
		}
		h.request()
		require.Equal(t, "audit_not_reported", h.alerts()[0])
		require.Len(t, h.left("audit_report_reminder"), 1)
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F080 a call brought forward by phone was held when staff say", func(t *testing.T) {
		h := working(t)
		held := earlyReport(h, time.Minute)
		h.request()
		require.Equal(t, *held, row[models.Audit](h.world, models.AuditRef(dossier, 1)).SlotAt)
		require.Empty(t, h.left("audit_report_reminder"))
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	for _, stage := range []models.Stage{models.StageAudit, models.StageProgramme, models.StageInterview, models.StageReadiness} {
		t.Run("F083 waived: "+string(stage), func(t *testing.T) {
			h := working(t)
			delete(h.onMail, "audit_slots")
			delete(h.onMail, "programme_ask")
			var mute, wrong *reply
			for _, s := range []models.Stage{models.StageAudit, models.StageProgramme, models.StageInterview, models.StageReadiness} {
				h.when(s, func() {
					h.later(time.Minute, func() {
						if s == stage {
							mute = h.command(id, models.VerbWaive, models.Waive{By: models.By{Actor: "U-000001"}, Step: s})
							wrong = h.command(id, models.VerbWaive, models.Waive{By: staff, Step: models.StageContract})
						}
						h.do(id, models.VerbWaive, models.Waive{By: staff, Step: s})
					})
				})
			}
			var contract *reply
			h.also(models.StageContract, time.Minute, func() {
				contract = h.command(id, models.VerbWaive, models.Waive{By: staff, Step: models.StageContract})
			})
			h.request()
			require.Equal(t, models.CodeReasonMissing, mute.code)
			require.Equal(t, models.CodeWrongStage, wrong.code)
			require.Equal(t, models.CodeNothingToWaive, contract.code)
			require.Equal(t, models.StageClosed, h.current.Stage)
			require.Len(t, h.kinds("step_waived"), 4)
			require.Equal(t, models.AuditWaived, row[models.Audit](h.world, models.AuditRef(dossier, 1)).Status)
			require.Equal(t, models.Waived, h.waits(models.DeadlineSlots)[0].Status)
		})
	}
}

func TestRequestProgramme(t *testing.T) {
	t.Run("F089 late: reminder and alert; F090 returned once, with a reason, then approved", func(t *testing.T) {
		h := working(t)
		submit := h.onMail["programme_ask"]
		h.onMail["programme_ask"] = func(m models.Message) { h.later(9*24*time.Hour, func() { submit(m) }) }
		var mute, early, second *reply
		h.also(models.StageProgramme, time.Hour, func() { early = h.command(id, models.VerbApproveProgramme, decision()) })
		approve := h.onJournal["programme_submitted"]
		h.onJournal["programme_submitted"] = func(models.JournalLine) {
			h.onJournal["programme_submitted"] = approve
			h.later(time.Hour, func() {
				mute = h.command(id, models.VerbReturnProgramme, models.Decision{By: models.By{Actor: "U-000002"}})
				h.do(id, models.VerbReturnProgramme, decision())
				second = h.command(id, models.VerbApproveProgramme, decision())
			})
		}
		h.request()
		require.Equal(t, models.CodeProgrammeMissing, early.code)
		require.Equal(t, models.CodeProgrammeMissing, second.code, "one decision a version")
		require.Equal(t, models.CodeReasonMissing, mute.code)
		require.Equal(t, "programme_late", h.alerts()[0])
		require.Len(t, h.left("programme_reminder"), 1)
		require.Equal(t, models.ProgrammeReturned, row[models.Programme](h.world, models.ProgrammeRef(dossier, 1)).Status)
		require.Equal(t, models.ProgrammeApproved, row[models.Programme](h.world, models.ProgrammeRef(dossier, 2)).Status)
		require.Equal(t, "N-000001", h.left("programme_returned")[0].Args.Get("note"))
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F090 nobody decides: staff are called", func(t *testing.T) {
		h := working(t)
		approve := h.onJournal["programme_submitted"]
		h.onJournal["programme_submitted"] = func(l models.JournalLine) { h.later(72*time.Hour, func() { approve(l) }) }
		h.request()
		require.Equal(t, []string{"programme_unreviewed"}, h.alerts()[:1])
	})
	t.Run("F084 the interview fails: back to the search", func(t *testing.T) {
		h := working(t)
		h.when(models.StageInterview, func() {
			h.do(id, models.VerbRecordInterview, models.Verdict{By: staff})
		})
		h.request()
		require.Equal(t, trainer(2), h.current.TrainerRef)
		require.Equal(t, "interview_failed", h.line("trainer_left").Args.Get("reason"))
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F085 the paperwork is refused, then passes", func(t *testing.T) {
		h := working(t)
		h.when(models.StageReadiness, func() {
			h.do(id, models.VerbConfirmReadiness, models.Verdict{By: staff})
			h.later(time.Hour, func() {
				require.Equal(t, models.StageReadiness, h.current.Stage)
				require.Equal(t, "readiness_refused", h.current.Alert)
				h.do(id, models.VerbConfirmReadiness, models.Verdict{By: staff, Passed: true})
			})
		})
		h.request()
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F074 reworked: a new search may ask everybody again", func(t *testing.T) {
		h := working(t)
		var late *reply
		h.also(models.StageProgramme, 10*time.Minute, func() {
			h.do(id, models.VerbRework, models.Qualify{By: staff, Scope: h.scope()})
		})
		h.also(models.StageContract, 10*time.Minute, func() {
			late = h.command(id, models.VerbRework, models.Qualify{By: staff, Scope: h.scope()})
		})
		h.request()
		require.Equal(t, models.CodeWrongStage, late.code)
		require.Equal(t, 2, h.current.Solicitation)
		require.Len(t, h.mails("invitation"), 10)
		require.Len(t, h.mails("mission_ended"), 1)
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
}

// Who looks after the dossier is told that the client cancelled, and why, unless they recorded it themselves.
func TestOwnerLearnsThatTheClientCancelled(t *testing.T) {
	for recorder, want := range map[string]int{"": 1, "U-000009": 1, "U-000001": 0} {
		h := working(t)
		h.also(models.StageSolicitation, time.Hour, func() {
			h.fact(models.Fact{Kind: models.FactClientCancelled, Subject: dossier, Recorder: recorder, Data: models.FactData{Note: "N-1"}})
		})
		h.request()
		require.False(t, h.cut, h.kinds())
		told := h.mails("staff_request_cancelled")
		require.Len(t, told, want, "recorded by %q", recorder)
		for _, m := range told {
			require.Equal(t, models.RoleStaff, m.To)
			require.Equal(t, "N-1", m.Args.Get("note"))
		}
		require.Empty(t, h.current.Alert)
	}
}

// What was given before the client cancelled is signed for, paid, billed for its part and certified; what was still to
// come is called off.
func TestF211_CancelledAfterTheFirstSession(t *testing.T) {
	h := working(t)
	usual := h.onMail["sheet_ask"]
	h.onMail["sheet_ask"] = func(m models.Message) {
		if m.Subject == models.SessionRef(dossier, 1) {
			h.deliver(h.fact(models.Fact{Kind: models.FactClientCancelled, Subject: dossier}))
		}
		usual(m)
	}
	h.request()
	require.False(t, h.cut, h.kinds())
	require.Equal(t, models.StageCancelled, h.current.Stage)
	for _, s := range all[models.Session](h.world) {
		want := models.SessionCancelled
		if s.Number == 1 {
			want = models.SessionValidated
		}
		require.Equal(t, want, s.Status, s.Ref)
	}
	require.Len(t, h.lines, 1)
	first := row[models.Session](h.world, models.SessionRef(dossier, 1))
	order := h.scope().Order
	var billed []models.Fact
	for _, f := range h.inbox {
		if f.Kind == models.FactInvoiceDue && f.Start.Invoice.Invoice.Kind == models.InvoiceClient {
			billed = append(billed, f.Fact)
		}
	}
	require.Len(t, billed, 1)
	require.Equal(t, order.TotalCents()*models.Cents(len(first.HalfDays))/models.Cents(order.HalfDays), billed[0].Start.Invoice.Invoice.NetCents)
	require.NotEmpty(t, h.mails("certificate"))
}

// earlyReport has staff report a call before the moment agreed on; they say when it was held, ago, unless ago is 0.
func earlyReport(h *harness, ago time.Duration) *time.Time {
	var held time.Time
	usual := h.onMail["audit_booked_trainer"]
	h.onMail["audit_booked_trainer"] = func(m models.Message) {
		h.later(time.Minute, func() {
			if ago > 0 {
				held = h.env.Now().Add(-ago).UTC()
			}
			h.fact(models.Fact{Kind: models.FactAuditReported, Subject: m.Subject, Actor: trainer(1), Recorder: "U-000001",
				Channel: models.ChannelPhone, Data: models.FactData{Scale: "complex", Feasible: true, At: held}})
		})
		usual(m)
	}
	return &held
}
