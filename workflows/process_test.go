package workflows_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"jalon/models"
)

func TestProcess(t *testing.T) {
	t.Run("the answer of Apply is lost: the step is written once, its result known", func(t *testing.T) {
		h := working(t)
		h.lose = func(s models.Step) bool { return s.Workflow == id }
		h.request()
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("what comes while a step is written goes in the next, together", func(t *testing.T) {
		h := searching(t)
		written := make(chan struct{})
		h.writing = func(s models.Step) {
			if s.Seq != 2 {
				return
			}
			h.later(0, func() { // the first answer's step is on its way
				h.answer(inv(2), "interested", 45_000)
				h.answer(inv(3), "declined", 0)
				h.answer(inv(4), "declined", 0)
				h.later(0, func() { close(written) })
			})
			<-written
		}
		h.at("2026-11-02 10:00", func() { h.answer(inv(1), "interested", 45_000) })
		h.search()
		steps := h.written(h.id)
		require.Len(t, steps[1].Handled, 1)
		require.Len(t, steps[2].Handled, 3)
		require.Equal(t, start.Add(time.Hour), steps[2].At)
	})
	t.Run("a command is answered when its step is written, and drains before the end", func(t *testing.T) {
		h := newHarness(t)
		var r, after *reply
		h.at("2026-11-02 10:00", func() {
			h.engaged()
			r = h.command(h.id, models.VerbWiden, models.Widen{By: staff})
		})
		h.writing = func(s models.Step) {
			if slices.ContainsFunc(s.Handled, func(f models.FactHandling) bool { return true }) {
				done := make(chan struct{})
				h.later(0, func() {
					after = h.command(h.id, models.VerbWiden, models.Widen{By: staff})
					h.later(0, func() { close(done) })
				})
				<-done
			}
		}
		h.search()
		require.Equal(t, models.CodeFinished, r.code)
		require.Equal(t, models.CodeFinished, after.code)
	})
	t.Run("a step that is refused for good ends the process, whatever it waits for", func(t *testing.T) {
		h := newHarness(t)
		h.stale = func(s models.Step) bool {
			return slices.ContainsFunc(s.Journal, func(l models.JournalLine) bool { return l.Kind == "trainer_chosen" })
		}
		h.at("2026-11-02 10:00", func() { h.answer(inv(1), "interested", 45_000) })
		h.at("2026-11-02 11:00", func() { h.command(h.id, models.VerbChoose, models.Choose{By: staff, Invitation: inv(1)}) })
		h.search() // what follows is for the request to say, and nothing here has a deadline
	})
	t.Run("a command that is there before the story waits is written and answered, and the story goes on", func(t *testing.T) {
		h := newHarness(t)
		var r *reply
		h.later(0, func() { r = h.command(id, models.VerbQualify, models.Qualify{By: staff, Scope: h.scope()}) })
		h.at("2026-11-02 10:00", func() {
			require.True(t, r.completed)
			require.Equal(t, models.StageSolicitation, h.current.Stage)
			h.do(id, models.VerbCancel, decision())
		})
		h.request()
		require.Equal(t, models.StageCancelled, h.current.Stage)
	})
	t.Run("a fact taken in while the process ends is late, not lost", func(t *testing.T) {
		h := newHarness(t)
		h.at("2026-11-02 10:00", h.engaged)
		h.writing = func(s models.Step) {
			if len(s.Messages) > 0 && s.Messages[0].Template == "invitation_closed" {
				done := make(chan struct{})
				h.later(0, func() { h.answer(inv(1), "interested", 45_000); h.later(0, func() { close(done) }) })
				<-done
			}
		}
		h.search()
		require.Equal(t, models.FactLate, h.told(models.FactInvitationAnswered)[0].State)
		require.Len(t, h.kinds("fact_late"), 1)
	})
	t.Run("postponed while the database is asked: not missed", func(t *testing.T) {
		h := searching(t)
		asked := false
		h.writing = func(s models.Step) {
			if len(s.Expiries) > 0 && !asked {
				asked = true
				done := make(chan struct{})
				h.later(0, func() {
					h.do(h.id, models.VerbPostpone, models.Postpone{By: staff, DeadlineID: s.Expiries[0], DueAt: on("2026-11-06 18:00")})
					h.later(0, func() { close(done) })
				})
				<-done
			}
		}
		h.at("2026-11-06 17:00", func() {
			require.Equal(t, models.InvitationSent, h.status(1))
			require.Equal(t, models.Open, h.waits(models.DeadlineSilence)[0].Status)
		})
		h.search()
		require.Equal(t, on("2026-11-06 18:00"), h.waits(models.DeadlineSilence)[0].ClosedAt)
	})
	t.Run("accelerated time: the same story, in hours", func(t *testing.T) {
		h := newHarness(t)
		clock := models.Clock{RealEpoch: start, BusinessEpoch: start, Scale: 86_400}
		h.run(models.FollowUpType, models.FollowUpID(dossier), models.FollowUpInput{
			Common: models.Common{Policy: h.policy, Clock: clock}, Dossier: dossier, CourseEnd: on("2026-10-30 17:30")})
		require.Less(t, h.env.Now().Sub(start), 3*time.Minute)
		require.Len(t, h.mails("cold_evaluation"), 3)
	})
}

// TestRequestWhateverComes repeats, delays and shuffles what people do, adds what they should not, and looks at what must
// always hold: the dossier does not fail, never has two trainers, and leaves nothing open when it ends. (The world checks
// the last two in every test.)
func TestRequestWhateverComes(t *testing.T) {
	kinds := []models.FactKind{models.FactInvitationAnswered, models.FactSlotsOffered, models.FactSlotChosen, models.FactSlotsRefused,
		models.FactAuditReported, models.FactProgrammeSubmitted, models.FactContractSigned, models.FactContractDeclined,
		models.FactTrainerWithdrew, models.FactClientCancelled, models.FactSheetSigned, models.FactAbsenceJustified,
		models.FactUndeliverable, models.FactRegistered, models.FactTrainerChosen, models.FactTrainerDropped, models.FactTrainerEngaged,
		models.FactInvoicePaid, models.FactInvoiceUnpaid, models.FactAlertRaised, models.FactAlertCleared, "unheard_of"}
	subjects := []string{inv(1), inv(2), inv(3), models.AuditRef(dossier, 1), models.ProgrammeRef(dossier, 1), models.ContractRef(dossier, 1),
		models.ContractRef(dossier, 2), models.SessionRef(dossier, 1), models.AbsenceRef(models.SessionRef(dossier, 1), "P-000001"), "nothing"}
	verbs := map[models.Verb]any{
		models.VerbAssign:           models.Assign{By: staff, TrainerRef: trainer(8), RateCents: 40_000, RateUnit: models.UnitHalfDay},
		models.VerbDropTrainer:      decision(),
		models.VerbApproveProgramme: decision(),
		models.VerbReturnProgramme:  decision(),
		models.VerbRecordInterview:  models.Verdict{By: staff},
		models.VerbConfirmReadiness: models.Verdict{By: staff},
		models.VerbReissueContract:  models.Reissue{By: staff, Contract: models.ContractRef(dossier, 2)},
		models.VerbCancel:           decision(),
		models.VerbHandOver:         decision(),
	}
	var names []models.Verb
	for v := range verbs {
		names = append(names, v)
	}
	slices.Sort(names)
	ended := map[models.Stage]int{}
	rapid.Check(t, func(rt *rapid.T) {
		h := working(failing{t, rt})
		h.horizon = 300 * 24 * time.Hour
		hour := rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(rapid.IntRange(0, 24*60).Draw(t, "hour")) * time.Hour
		})
		var facts []models.Fact
		for range rapid.IntRange(1, 25).Draw(rt, "facts") {
			f := models.Fact{Kind: rapid.SampledFrom(kinds).Draw(rt, "kind"), Subject: rapid.SampledFrom(subjects).Draw(rt, "subject"),
				Actor: rapid.SampledFrom([]string{trainer(1), trainer(2), "client"}).Draw(rt, "actor"),
				Data: models.FactData{Answer: rapid.SampledFrom([]string{"interested", "declined", ""}).Draw(rt, "answer"), RateCents: 45_000,
					RateUnit: models.UnitDay, Ref: trainer(2), SHA256: sha(models.ContractRef(dossier, 1)), Feasible: rapid.Bool().Draw(rt, "feasible"),
					Slots: []time.Time{start.Add(200 * time.Hour)}, At: start.Add(200 * time.Hour), Reason: "some_alert",
					Lines: []string{models.SessionRef(dossier, 1)}}}
			if rapid.Bool().Draw(rt, "keyed") {
				f.Recorder = "U-000001"
			}
			if rapid.Bool().Draw(rt, "same") {
				f.ID = fmt.Sprintf("same/%d", len(facts))
			}
			facts = append(facts, f)
		}
		for _, f := range facts {
			for range rapid.IntRange(1, 3).Draw(rt, "times") {
				h.later(hour.Draw(rt, "when"), func() { h.deliver(h.keyed(f)) })
			}
		}
		for range rapid.IntRange(0, 4).Draw(rt, "commands") {
			v := rapid.SampledFrom(names).Draw(rt, "verb")
			h.later(hour.Draw(rt, "when"), func() { h.command(id, v, verbs[v]) })
		}
		h.request()
		ended[h.current.Stage]++
		if h.cut && h.current.Stage != models.StageDelivered { // what money does has clocks of its own
			require.NotEmpty(h.t, h.awaited, "nobody is called: %s, %v", h.current.Stage, h.kinds())
		}
	})
	t.Logf("ended at %v", ended)
	require.Positive(t, ended[models.StageCancelled])
}

// failing reports to rapid what a harness finds, so that it can be shrunk.
type failing struct {
	*testing.T
	rt *rapid.T
}

func (f failing) Errorf(format string, args ...any) { f.rt.Errorf(format, args...) }
func (f failing) FailNow()                          { f.rt.FailNow() }
func (f failing) Helper()                           { f.rt.Helper() }

func TestTimelineKeepsTheNumberAnInvoiceHadThen(t *testing.T) {
	h := newHarness(t)
	received := func(when, number string) {
		h.at(when, func() {
			h.fact(models.Fact{Kind: models.FactInvoiceReceived, Subject: invoiceRef, Actor: trainer(1),
				Data: models.FactData{Number: number, SHA256: sha(number), NetCents: 45_000, VATCents: 9_000}})
		})
	}
	received("2026-11-03 10:00", "RE-1")
	h.must("2026-11-04 10:00", models.VerbReject)
	received("2026-11-05 10:00", "RE-2")
	h.must("2026-11-06 10:00", models.VerbConform)
	h.paid("2026-12-04 10:00", "2026-12-04")
	h.invoice(models.InvoiceSupplier)
	var got []string
	for _, l := range h.journal {
		got = append(got, l.Kind+" "+l.Args.Get("number"))
	}
	require.Equal(t, []string{"invoice_awaited ", "invoice_received RE-1", "invoice_rejected RE-1", "invoice_received RE-2", "invoice_conform RE-2", "invoice_paid RE-2"}, got)
	require.Equal(t, "RE-2", h.told(models.FactInvoicePaid)[0].Data.Number, "dossiers say so too")
}
