package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

// searching is a harness with one search, over on 20 November at the latest.
func searching(t *testing.T) *harness {
	h := newHarness(t)
	h.at("2026-11-20 10:00", h.engaged)
	return h
}

func (h *harness) engaged() {
	h.fact(models.Fact{Kind: models.FactTrainerEngaged, Workflow: models.SolicitationID(dossier, 1), Channel: models.ChannelWorkflow})
}

func (h *harness) search() {
	h.t.Helper()
	h.run(models.SolicitationType, models.SolicitationID(dossier, 1),
		models.SolicitationInput{Common: h.common(), Dossier: dossier, Number: 1, Scope: h.scope()})
}

func inv(n int) string { return models.InvitationRef(dossier, 1, n) }

func (h *harness) status(n int) models.InvitationStatus {
	return row[models.Invitation](h.world, inv(n)).Status
}

// answers has trainers answer their invitations, by number, when they get them.
func (h *harness) answers(what map[int]string) {
	h.onMail["invitation"] = func(m models.Message) {
		a := what[models.LastNumber(m.Subject)]
		if a == "" {
			return
		}
		rate := models.Cents(0)
		if a == "interested" {
			rate = 45_000
		}
		h.later(time.Hour, func() { h.answer(m.Subject, a, rate) })
	}
}

func TestSolicitationSilence(t *testing.T) {
	t.Run("F067 F070 five at a time, and silence is a refusal that is not one", func(t *testing.T) {
		h := searching(t)
		h.answers(map[int]string{2: "declined"})
		h.search()
		due := on("2026-11-05 18:00")
		require.Len(t, h.mails("invitation"), 8)
		waves := h.waits(models.DeadlineSilence)
		require.Len(t, waves, 2)
		require.Len(t, waves[0].Asked, 5)
		require.Equal(t, due, waves[0].DueAt)
		require.Equal(t, models.Missed, waves[0].Status)
		require.Equal(t, due, waves[0].ClosedAt)
		require.Equal(t, on("2026-11-10 18:00"), waves[1].DueAt, "the second wave left on a Thursday at six")
		require.Equal(t, models.InvitationSilent, h.status(1))
		require.Equal(t, models.InvitationDeclined, h.status(2))
		require.Equal(t, due, h.line("invitation_silent").At)
		require.Len(t, h.kinds("invitation_silent"), 7)
		require.Equal(t, []string{"nobody_interested"}, h.alerts()[:1])
	})
	t.Run("F070 urgent: one business day", func(t *testing.T) {
		h := searching(t)
		h.run(models.SolicitationType, models.SolicitationID(dossier, 1), models.SolicitationInput{Common: h.common(), Dossier: dossier, Number: 1,
			Scope: func() models.Scope { s := h.scope(); s.Urgent = true; return s }()})
		require.Equal(t, on("2026-11-03 18:00"), h.waits(models.DeadlineSilence)[0].DueAt)
	})
	for name, deliver := range map[string]bool{"delivered": true, "only stored": false} {
		t.Run("F070 an answer at the very instant counts, "+name, func(t *testing.T) {
			h := searching(t)
			h.at("2026-11-05 18:00", func() {
				f := models.Fact{Kind: models.FactInvitationAnswered, Subject: inv(1), Actor: trainer(1),
					Data: models.FactData{Answer: "interested", RateCents: 45_000, RateUnit: models.UnitDay}}
				if f = h.keyed(f); deliver {
					h.deliver(f)
				}
			})
			h.at("2026-11-06 08:00", func() { require.Equal(t, models.InvitationInterested, h.status(1)) })
			h.search()
			require.Equal(t, on("2026-11-05 18:00"), h.line("invitation_interested").At)
			require.Equal(t, models.FactApplied, h.told(models.FactInvitationAnswered)[0].State)
			require.Equal(t, models.InvitationSilent, h.status(2))
			require.Len(t, h.mails("invitation"), 5, "somebody is interested: no second wave")
		})
	}
	t.Run("F071 a late answer is kept, does not reopen, and staff may choose it", func(t *testing.T) {
		h := searching(t)
		h.at("2026-11-05 18:01", func() { h.answer(inv(1), "interested", 40_000) })
		var r *reply
		h.at("2026-11-05 18:30", func() {
			i := row[models.Invitation](h.world, inv(1))
			require.Equal(t, models.InvitationSilent, i.Status)
			require.Equal(t, "interested", i.LateAnswer)
			r = h.choose(i)
		})
		h.search()
		require.True(t, r.completed, r.err)
		require.Equal(t, models.FactLate, h.told(models.FactInvitationAnswered)[0].State)
		require.Len(t, h.kinds("fact_late"), 1)
		require.Len(t, h.mails("invitation"), 8, "the next wave had left")
		require.Equal(t, models.Cents(40_000), h.told(models.FactTrainerChosen)[0].Data.RateCents)
	})
	t.Run("F071 an answer too late is late even when it is processed before the deadline", func(t *testing.T) {
		h := searching(t)
		h.at("2026-11-05 17:00", func() {
			h.fact(models.Fact{Kind: models.FactInvitationAnswered, Subject: inv(1), Actor: trainer(1), ReceivedAt: on("2026-11-05 18:01"),
				Data: models.FactData{Answer: "interested", RateCents: 45_000, RateUnit: models.UnitDay}})
		})
		h.search()
		require.Equal(t, "interested", row[models.Invitation](h.world, inv(1)).LateAnswer)
		require.Equal(t, models.InvitationSilent, h.status(1))
		require.Equal(t, models.FactLate, h.told(models.FactInvitationAnswered)[0].State)
	})
	for _, c := range []struct {
		name   string
		chosen bool
		want   models.InvitationStatus
	}{{"reopens what silence closed", false, models.InvitationNotRetained}, {"is late once another is chosen", true, models.InvitationSilent}} {
		t.Run("F071 an answer received in time and keyed later "+c.name, func(t *testing.T) {
			h := searching(t)
			h.answers(map[int]string{3: "interested"})
			h.at("2026-11-06 10:00", func() {
				if c.chosen {
					h.choose(row[models.Invitation](h.world, inv(3)))
				}
			})
			h.at("2026-11-06 11:00", func() {
				require.Equal(t, models.InvitationSilent, h.status(1))
				h.fact(models.Fact{Kind: models.FactInvitationAnswered, Subject: inv(1), Actor: trainer(1), Channel: models.ChannelPhone,
					Recorder: "U-000001", ReceivedAt: on("2026-11-05 17:00"),
					Data: models.FactData{Answer: "interested", RateCents: 45_000, RateUnit: models.UnitDay}})
			})
			h.search()
			require.Equal(t, c.want, h.status(1)) // not retained: interested, until another was engaged
		})
	}
	t.Run("F072 interest without a rate is ignored", func(t *testing.T) {
		h := searching(t)
		h.at("2026-11-03 10:00", func() {
			h.answer(inv(1), "interested", 0)
			for _, d := range []models.FactData{{RateUnit: models.UnitDay}, {RateCents: 45_000}, {RateCents: 45_000, RateUnit: "week"}} {
				d.Answer = "interested"
				h.fact(models.Fact{Kind: models.FactInvitationAnswered, Subject: inv(1), Actor: trainer(1), Data: d})
			}
		})
		h.search()
		require.Equal(t, models.InvitationSilent, h.status(1))
		require.Equal(t, models.FactIgnored, h.told(models.FactInvitationAnswered)[0].State)
	})
	t.Run("F068 the reminder is withdrawn by the answer", func(t *testing.T) {
		h := searching(t)
		h.answers(map[int]string{1: "declined"})
		h.search()
		reminders := h.mails("invitation_reminder")
		require.Equal(t, models.MessageWithdrawn, reminders[0].Status)
		require.Equal(t, models.MessageSent, reminders[1].Status)
		require.Equal(t, on("2026-11-03 08:00"), reminders[1].SentAt)
	})
	t.Run("F074 the search ends: who got the mission, or never got the question, is not told of its end", func(t *testing.T) {
		for hours, closed := range map[string]int{"08:00-19:00": 4, "14:00-19:00": 0} {
			h := newHarness(t)
			var err error
			h.policy.MailHours, err = models.ParseMailHours(hours)
			require.NoError(t, err)
			h.at("2026-11-02 10:00", func() {
				h.fact(models.Fact{Kind: models.FactSearchReworked, Workflow: models.SolicitationID(dossier, 1), Channel: models.ChannelWorkflow,
					Data: models.FactData{Ref: trainer(1)}})
			})
			h.search()
			require.Len(t, h.mails("invitation_closed"), closed, hours)
			require.NotContains(t, h.keys, inv(1)+"/invitation_closed/"+trainer(1))
		}
	})
	t.Run("F068 what was answered by phone before it left is not asked any more", func(t *testing.T) {
		h := searching(t)
		h.policy.MailHours = models.MailHours{Open: "14:00", Close: "19:00"}
		h.at("2026-11-02 10:00", func() { h.answer(inv(1), "interested", 45_000) })
		h.search()
		asked := h.mails("invitation")
		require.Equal(t, models.MessageWithdrawn, asked[0].Status)
		require.Equal(t, models.MessageSent, asked[1].Status)
		require.Equal(t, on("2026-11-02 14:00"), asked[1].SentAt)
	})
	t.Run("a postponed deadline keeps the wave open", func(t *testing.T) {
		h := searching(t)
		postpone := func(due string, by models.By) *reply {
			return h.command(h.id, models.VerbPostpone, models.Postpone{By: by, DeadlineID: h.waits(models.DeadlineSilence)[0].ID, DueAt: on(due)})
		}
		var r, earlier, mute, closed *reply
		h.at("2026-11-04 10:00", func() {
			earlier, mute = postpone("2026-11-04 18:00", staff), postpone("2026-11-09 18:00", models.By{Actor: "U-000001"})
			r = postpone("2026-11-09 18:00", staff)
		})
		h.at("2026-11-09 17:00", func() { h.answer(inv(1), "declined", 0) })
		h.at("2026-11-09 19:00", func() { closed = postpone("2026-11-30 18:00", staff) })
		h.search()
		require.True(t, r.completed)
		require.Equal(t, models.CodeDeadlineEarlier, earlier.code)
		require.Equal(t, models.CodeReasonMissing, mute.code)
		require.Equal(t, models.CodeDeadlineClosed, closed.code)
		require.Equal(t, models.InvitationDeclined, h.status(1))
		d := h.waits(models.DeadlineSilence)[0]
		require.Equal(t, on("2026-11-09 18:00"), d.ClosedAt)
		require.Equal(t, 1, d.Postponed)
		require.Equal(t, models.ChannelConsole, h.line("deadline_postponed").Channel, "sent by a version that told no channel")
		require.Equal(t, d.ClosedAt, h.line("invitation_silent").At)
	})
}

func TestSolicitationMail(t *testing.T) {
	first := func(m models.Message) bool { return m.Template == "invitation" && m.Subject == inv(1) }
	for _, status := range []string{models.MessageBounced, models.MessageNoAddress} {
		t.Run("F070 a mail that is "+status+" makes no silence", func(t *testing.T) {
			h := searching(t)
			h.mailFate = func(m models.Message) (string, time.Duration) {
				if first(m) {
					return status, 0
				}
				return "", 0
			}
			h.at("2026-11-06 09:00", func() { h.answer(inv(1), "interested", 45_000) }) // by phone
			h.search()
			require.Equal(t, "invitation_undeliverable", h.line("invitation_undeliverable").Kind)
			require.Len(t, h.kinds("invitation_silent"), 7)
			require.NotEmpty(t, h.kinds("invitation_interested"))
			require.Equal(t, models.MessageWithdrawn, h.mails("invitation_reminder")[0].Status)
		})
	}
	t.Run("F070 a mail that bounces without anybody being told makes no silence either", func(t *testing.T) {
		h := searching(t)
		h.at("2026-11-05 12:00", func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			k := h.keys[0]
			m := h.messages[k]
			m.Status = models.MessageBounced
			h.messages[k] = m
		})
		h.search()
		require.Equal(t, inv(1), h.line("invitation_undeliverable").Subject)
		require.Equal(t, models.InvitationSilent, h.status(2))
	})
	t.Run("F070 the delay counts from the mail that left late", func(t *testing.T) {
		h := searching(t)
		h.mailFate = func(m models.Message) (string, time.Duration) {
			if first(m) {
				return "", 24 * time.Hour
			}
			return "", 0
		}
		h.search()
		d := h.waits(models.DeadlineSilence)[0]
		require.Equal(t, on("2026-11-06 18:00"), d.DueAt)
		require.Equal(t, models.Missed, d.Status)
		require.Equal(t, models.InvitationSilent, h.status(1))
	})
	t.Run("F070 a mail that does not leave makes no silence, and no haste", func(t *testing.T) {
		h := searching(t)
		h.mailFate = func(m models.Message) (string, time.Duration) {
			if first(m) {
				return models.MessageQueued, 0
			}
			return "", 0
		}
		h.search()
		d := h.waits(models.DeadlineSilence)[0]
		require.Equal(t, models.Cancelled, d.Status, "still waiting when the search ended")
		require.Less(t, len(h.steps), 20)
	})
}

func TestSolicitationWaves(t *testing.T) {
	t.Run("F073 all refuse: the next wave leaves at once", func(t *testing.T) {
		h := searching(t)
		h.answers(map[int]string{1: "declined", 2: "declined", 3: "declined", 4: "declined", 5: "declined"})
		h.search()
		require.Equal(t, models.Met, h.waits(models.DeadlineSilence)[0].Status)
		require.Equal(t, on("2026-11-02 10:00"), h.mails("invitation")[5].SentAt)
	})
	t.Run("F073 one is interested: no other wave, staff choose", func(t *testing.T) {
		h := searching(t)
		h.answers(map[int]string{1: "declined", 2: "interested"})
		h.search()
		require.Len(t, h.mails("invitation"), 5)
		require.Equal(t, "choice_overdue", h.alerts()[0])
	})
	t.Run("F074 when the waves are used up staff name trainers, F050 who agree to learn", func(t *testing.T) {
		h := searching(t)
		h.policy.MaxWaves = 1
		h.adjacent = []models.Candidate{{TrainerRef: trainer(9), Score: 300, Upskilling: true}}
		var twice, not, yes *reply
		h.at("2026-11-06 10:00", func() {
			require.Equal(t, []string{"nobody_interested"}, h.alerts())
			twice = h.command(h.id, models.VerbWiden, models.Widen{By: staff, Trainers: []string{trainer(1)}})
			h.do(h.id, models.VerbWiden, models.Widen{By: staff, Trainers: []string{trainer(9)}, Adjacent: true})
		})
		h.at("2026-11-06 11:00", func() { h.answer(inv(6), "interested", 30_000) })
		h.at("2026-11-06 12:00", func() { not = h.choose(row[models.Invitation](h.world, inv(6))) })
		h.at("2026-11-06 13:00", func() { // the answer stands, the agreement is missing: a second search would be asked
			h.do(h.id, models.VerbWiden, models.Widen{By: staff, Trainers: []string{trainer(7)}})
		})
		h.at("2026-11-06 14:00", func() {
			h.fact(models.Fact{Kind: models.FactInvitationAnswered, Subject: inv(7), Actor: trainer(7),
				Data: models.FactData{Answer: "interested", RateCents: 40_000, RateUnit: models.UnitDay, Agreed: true}})
		})
		h.at("2026-11-06 15:00", func() { yes = h.choose(row[models.Invitation](h.world, inv(7))) })
		h.search()
		require.Equal(t, models.CodeTrainerBusy, twice.code)
		require.Equal(t, models.CodeUpskillingNotAgreed, not.code)
		require.True(t, yes.completed)
		require.True(t, row[models.Invitation](h.world, inv(6)).Upskilling)
	})
	t.Run("F051 all those named by staff are asked, however many", func(t *testing.T) {
		h := searching(t)
		h.policy.WaveSize = 1
		h.policy.MaxWaves = 1
		h.at("2026-11-02 10:00", func() {
			h.do(h.id, models.VerbWiden, models.Widen{By: staff, Trainers: []string{trainer(4), trainer(5), trainer(6)}})
		})
		h.search()
		require.Len(t, h.mails("invitation"), 4)
	})
	t.Run("F050 nobody has the skill: holders of an adjacent one are asked", func(t *testing.T) {
		h := searching(t)
		h.trainers, h.adjacent = nil, []models.Candidate{{TrainerRef: trainer(9), Upskilling: true}}
		h.search()
		require.True(t, row[models.Invitation](h.world, inv(1)).Upskilling)
	})
	t.Run("F074 nobody at all: staff are called, again and again", func(t *testing.T) {
		h := searching(t)
		h.trainers = nil
		h.search()
		require.Equal(t, []string{"no_candidate_left", "no_candidate_left", "no_candidate_left", "no_candidate_left"}, h.alerts())
		require.Equal(t, start, h.line("alert").At)
		require.Len(t, h.told(models.FactAlertRaised), 4)
		var due []time.Time
		for _, d := range h.waits(models.DeadlineStaff) {
			due = append(due, d.DueAt)
		}
		end := func(s string) time.Time { return on(s + " 00:00").Add(-time.Microsecond) }
		require.Equal(t, []time.Time{end("2026-11-05"), end("2026-11-07"), end("2026-11-17"), end("2026-11-24")}, due,
			"two business days, two more, then five: the 11th is a holiday")
	})
}

func TestSolicitationChoice(t *testing.T) {
	t.Run("F052 what cannot be chosen is refused, and changes nothing", func(t *testing.T) {
		h := searching(t)
		h.answers(map[int]string{1: "interested", 2: "interested"})
		replies := map[string]*reply{}
		h.at("2026-11-02 14:00", func() {
			replies["unknown"] = h.choose(models.Invitation{Ref: inv(99), Search: 1})
			replies["silent"] = h.choose(row[models.Invitation](h.world, inv(3)))
		})
		h.at("2026-11-02 15:00", func() { replies["first"] = h.choose(row[models.Invitation](h.world, inv(2))) })
		h.at("2026-11-02 16:00", func() {
			replies["second"] = h.choose(row[models.Invitation](h.world, inv(1)))
			replies["widen"] = h.command(h.id, models.VerbWiden, models.Widen{By: staff})
		})
		h.search()
		require.Equal(t, models.CodeUnknown, replies["unknown"].code)
		require.Equal(t, models.CodeNotInterested, replies["silent"].code)
		require.True(t, replies["first"].completed)
		require.Contains(t, replies["first"].journal, "trainer_chosen", "the answer comes when the step is written")
		require.Equal(t, models.CodeAlreadyChosen, replies["second"].code)
		require.Equal(t, models.CodeAlreadyChosen, replies["widen"].code)
		require.Len(t, h.kinds("trainer_chosen"), 1)
		require.Equal(t, "N-000001", row[models.Invitation](h.world, inv(2)).DecidedNote, "F066 why is kept")
	})
	t.Run("F081 the trainer leaves: the runner-up is there at once, nobody is asked twice", func(t *testing.T) {
		h := searching(t)
		h.answers(map[int]string{1: "interested", 2: "interested"})
		h.at("2026-11-02 15:00", func() { h.choose(row[models.Invitation](h.world, inv(1))) })
		h.at("2026-11-10 15:00", func() {
			h.fact(models.Fact{Kind: models.FactTrainerDropped, Workflow: h.id, Channel: models.ChannelWorkflow, Data: models.FactData{Reason: "audit_unfit"}})
		})
		var r *reply
		h.at("2026-11-10 16:00", func() { r = h.choose(row[models.Invitation](h.world, inv(2))) })
		h.search()
		require.True(t, r.completed, r.err)
		require.Equal(t, models.InvitationDropped, h.status(1))
		require.Equal(t, models.InvitationChosen, h.status(2))
		require.Len(t, h.mails("invitation"), 5)
		require.Len(t, h.told(models.FactTrainerChosen), 2)
	})
	t.Run("F075 engaged: the others are told once, and kept as runners-up", func(t *testing.T) {
		h := newHarness(t)
		h.answers(map[int]string{1: "interested", 2: "interested", 3: "declined"})
		h.at("2026-11-02 15:00", func() { h.choose(row[models.Invitation](h.world, inv(1))) })
		h.at("2026-11-03 15:00", func() { h.engaged() })
		h.at("2026-11-03 15:00", func() { h.engaged() })
		h.search()
		var told []string
		for _, m := range h.mails("invitation_closed") {
			told = append(told, m.ToRef)
		}
		require.Equal(t, []string{trainer(2), trainer(4), trainer(5)}, told)
		var out models.SolicitationResult
		require.NoError(t, h.env.GetWorkflowResult(&out))
		require.Len(t, out.RunnersUp, 1)
		require.Equal(t, trainer(2), out.RunnersUp[0].TrainerRef)
		require.Len(t, out.Asked, 5)
	})
	t.Run("F074 runners-up of an earlier search come first, without a mail", func(t *testing.T) {
		h := searching(t)
		h.run(models.SolicitationType, models.SolicitationID(dossier, 1), models.SolicitationInput{Common: h.common(), Dossier: dossier, Number: 1,
			Scope: h.scope(), Asked: []string{trainer(1), trainer(2)},
			RunnersUp: []models.Invitation{{TrainerRef: trainer(2), RateCents: 42_000, RateUnit: models.UnitDay}}})
		require.Empty(t, h.mails("invitation"))
		require.Equal(t, "choice_overdue", h.alerts()[0])
	})
	t.Run("facts repeated and out of order change nothing twice", func(t *testing.T) {
		h := searching(t)
		h.at("2026-11-02 10:00", func() {
			h.fact(models.Fact{Kind: models.FactTrainerDropped, Workflow: h.id, Channel: models.ChannelWorkflow})
			f := h.answer(inv(1), "interested", 45_000)
			h.deliver(f)
			h.answer(inv(1), "declined", 0) // another fact: the first answer stands
			h.deliver(f)
			h.fact(models.Fact{Kind: models.FactSheetSigned, Workflow: h.id, Subject: "nothing"})
			h.fact(models.Fact{Kind: "unheard_of", Workflow: h.id})
		})
		h.at("2026-11-02 11:00", func() { require.Equal(t, models.InvitationInterested, h.status(1)) })
		h.search()
		require.Len(t, h.kinds("invitation_interested"), 1)
		require.Equal(t, models.Cents(45_000), row[models.Invitation](h.world, inv(1)).RateCents)
	})
	t.Run("the request is cancelled: everyone waiting is told", func(t *testing.T) {
		h := newHarness(t)
		h.answers(map[int]string{1: "interested", 2: "declined"})
		h.stop("2026-11-03 15:00")
		h.search()
		require.True(t, h.cut)
		require.Len(t, h.left("invitation_closed"), 4)
		require.Len(t, h.mails("invitation_closed"), 4)
		require.Equal(t, models.Cancelled, h.waits(models.DeadlineSilence)[0].Status)
	})
}
