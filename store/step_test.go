package store_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"jalon/models"
	"jalon/store"
	"jalon/store/storetest"
)

func apply(t *testing.T, s *store.Store, step models.Step) models.StepResult {
	t.Helper()
	if step.Run == "" {
		step.Run = "run"
	}
	if step.At.IsZero() {
		step.At = noon
	}
	r, err := s.Apply(ctx, step)
	require.NoError(t, err)
	return r
}

func fact(id, deadline string) models.Fact {
	return models.Fact{ID: id, Kind: models.FactInvitationAnswered, Workflow: request, Dossier: dossier, DeadlineID: deadline,
		Channel: models.ChannelLink, Data: models.FactData{Answer: "interested", RateCents: 45000}}
}

func TestApplyIgnoresWhatItKnows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		apply(t, s, models.Step{Workflow: request, Seq: 1, Dossier: dossier, Deadlines: []models.Deadline{{ID: "d", Status: models.Open, DueAt: noon}}})
		second := models.Step{Workflow: request, Seq: 2, Dossier: dossier,
			Rows:     models.Rows{Request: &models.Request{Ref: dossier, Stage: models.StageAudit}},
			Journal:  []models.JournalLine{{ID: "j", Dossier: dossier, At: noon, Kind: "k", Args: models.Args{{Name: "a", Value: "b"}}}},
			Expiries: []string{"d", "unknown"}}
		result := apply(t, s, second)
		require.Equal(t, []models.ExpiryResult{{DeadlineID: "d", Missed: true}, {DeadlineID: "unknown"}}, result.Expiries)

		// A fact that comes meanwhile must not change what a repeat answers.
		_, _, err := s.Receive(ctx, fact("f", "d"), at(-time.Hour))
		require.NoError(t, err)
		second.Rows.Request.Stage = models.StageClosed
		require.Equal(t, result, apply(t, s, second), "a repeat gets the recorded result")
		second.Seq = 1
		apply(t, s, second)
		row, err := s.Request(ctx, dossier)
		require.NoError(t, err)
		require.Equal(t, models.StageAudit, row.Stage, "an older step changes nothing")

		second.Seq, second.Run, second.At = 3, "another", noon
		_, err = s.Apply(ctx, second)
		require.ErrorIs(t, err, store.ErrStaleRun)
		require.Equal(t, models.CodeStaleRun, models.ErrorCode(err))
		journal, err := s.Journal(ctx, dossier, store.Cursor{}, 0)
		require.NoError(t, err)
		require.Len(t, journal.Items, 1)
		require.Equal(t, "b", journal.Items[0].Args.Get("a"))
	})
}

func TestApplyRefusesNonsenseWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		line := models.PayLine{Ref: "l", Payer: models.PayerAgency, TrainerRef: "T-1", HeldOn: "2026-13-01"}
		start := &models.Start{Remuneration: &models.RemunerationInput{}}
		for name, step := range map[string]models.Step{
			"no number":          {Workflow: request, Run: "r", At: noon},
			"no workflow":        {Run: "r", Seq: 1, At: noon},
			"no instant":         {Workflow: request, Run: "r", Seq: 1},
			"fact for nobody":    {Workflow: request, Run: "r", Seq: 1, At: noon, Facts: []models.Fact{{Kind: models.FactInvoicePaid}}},
			"no such fact state": {Workflow: request, Run: "r", Seq: 1, At: noon, Handled: []models.FactHandling{{ID: "f", State: "x"}}},
			"line without fact":  {Workflow: request, Run: "r", Seq: 1, At: noon, Rows: models.Rows{NewLines: []models.PayLine{line}}},
			"line without date": {Workflow: request, Run: "r", Seq: 1, At: noon, Rows: models.Rows{NewLines: []models.PayLine{line}},
				Facts: []models.Fact{{Kind: models.FactLineDue, Subject: "l", Start: start}}},
			"month without name": {Workflow: request, Run: "r", Seq: 1, At: noon, Rows: models.Rows{PayMonth: &models.PayMonth{SettledAt: noon}}},
		} {
			step.Journal = []models.JournalLine{{Dossier: dossier, Kind: "k"}}
			_, err := s.Apply(ctx, step)
			require.Equal(t, models.CodeInvalid, models.ErrorCode(err), name)
		}
		journal, err := s.Journal(ctx, dossier, store.Cursor{}, 0)
		require.NoError(t, err)
		require.Empty(t, journal.Items)
		apply(t, s, models.Step{Workflow: request, Seq: 1, Handled: []models.FactHandling{{ID: "unknown", State: models.FactApplied}},
			Withdraw: []string{"unknown"}, Expiries: []string{"unknown"}})
	})
}

func TestApplyKeepsTheLastVersion(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		_, _, err := s.Receive(ctx, fact("f", ""), at(0))
		require.NoError(t, err)
		invitation := func(ref, note string) models.Invitation {
			return models.Invitation{Ref: ref, Dossier: dossier, Number: 1, Note: note}
		}
		deadline := func(id string, status models.Outcome) models.Deadline {
			return models.Deadline{ID: id, Dossier: dossier, Status: status}
		}
		apply(t, s, models.Step{Workflow: request, Seq: 1, Dossier: dossier,
			Rows:      models.Rows{Invitations: []models.Invitation{invitation("i1", "a"), invitation("i2", "b"), invitation("i1", "c")}},
			Deadlines: []models.Deadline{deadline("d2", models.Open), deadline("d1", models.Open), deadline("d2", models.Met)},
			Messages:  []models.Message{{Key: "m", To: models.RoleStaff, Template: "first"}, {Key: "m", To: models.RoleStaff, Template: "second"}},
			Handled:   []models.FactHandling{{ID: "f", State: models.FactApplied}, {ID: "f", State: models.FactIgnored}}})
		invitations, err := s.Invitations(ctx, dossier, 0)
		require.NoError(t, err)
		require.Len(t, invitations, 2)
		for _, i := range invitations {
			require.Equal(t, map[string]string{"i1": "c", "i2": "b"}[i.Ref], i.Note)
		}
		for id, status := range map[string]models.Outcome{"d1": models.Open, "d2": models.Met} {
			d, err := s.Deadline(ctx, id)
			require.NoError(t, err)
			require.Equal(t, status, d.Status, id)
		}
		m, err := s.Message(ctx, "m")
		require.NoError(t, err)
		require.Equal(t, "first", m.Template, "a message is written once")
		f, err := s.Fact(ctx, "f")
		require.NoError(t, err)
		require.Equal(t, models.FactIgnored, f.State)
	})
}

// silence opens a deadline due an hour after noon whose message must have left by noon.
func silence(t *testing.T, s *store.Store, id string) {
	t.Helper()
	require.NoError(t, s.SaveTrainer(ctx, models.Trainer{Ref: "T-1", Email: "trainer@example.org", Active: true}))
	apply(t, s, models.Step{Workflow: request + "/" + id, Seq: 1, Dossier: dossier,
		Deadlines: []models.Deadline{{ID: id, Kind: models.DeadlineSilence, Status: models.Open, DueAt: noon.Add(time.Hour), LeftBy: noon, Asked: []string{"m/" + id}}},
		Messages:  []models.Message{{Key: "m/" + id, Template: "invitation", To: models.RoleTrainer, ToRef: "T-1"}}})
}

func expire(t *testing.T, s *store.Store, id string) models.ExpiryResult {
	t.Helper()
	r := apply(t, s, models.Step{Workflow: request + "/" + id, Seq: 2, At: noon.Add(2 * time.Hour), Expiries: []string{id}})
	require.Len(t, r.Expiries, 1)
	return r.Expiries[0]
}

func TestF070_SilenceNeedsAMessageThatLeft(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for name, c := range map[string]struct {
			happens func(key string)
			missed  bool
			status  string
		}{
			"left in time":      {func(k string) { require.NoError(t, s.MessageSent(ctx, k, noon)) }, true, models.MessageSent},
			"delivered in time": {func(k string) { require.NoError(t, s.MessageEvent(ctx, k, store.EventDelivered, noon)) }, true, models.MessageDelivered},
			"left late":         {func(k string) { require.NoError(t, s.MessageSent(ctx, k, noon.Add(time.Microsecond))) }, false, models.MessageSent},
			"never left":        {func(string) {}, false, models.MessageQueued},
			"bounced": {func(k string) {
				require.NoError(t, s.MessageSent(ctx, k, noon))
				require.NoError(t, s.MessageEvent(ctx, k, store.EventBounced, noon))
			}, false, models.MessageBounced},
			"parked": {func(k string) { require.NoError(t, s.MessageFailed(ctx, k, models.MessageParked, "unclear", noon)) }, false, models.MessageParked},
			"withdrawn": {func(k string) {
				apply(t, s, models.Step{Workflow: "other/" + k, Seq: 1, Withdraw: []string{k}})
			}, true, models.MessageWithdrawn},
		} {
			id := strings.ReplaceAll(name, " ", "_")
			silence(t, s, id)
			c.happens("m/" + id)
			d, err := s.Deadline(ctx, id)
			require.NoError(t, err)
			over, err := s.Overdue(ctx, d, d.DueAt.Add(time.Microsecond))
			require.NoError(t, err)
			require.Equal(t, c.missed, over, name)
			over, err = s.Overdue(ctx, d, d.DueAt)
			require.NoError(t, err)
			require.False(t, over, "at its very instant")
			r := expire(t, s, id)
			require.Equal(t, c.missed, r.Missed, name)
			require.Len(t, r.Asked, 1)
			require.Equal(t, c.status, r.Asked[0].Status)
			d, err = s.Deadline(ctx, id)
			require.NoError(t, err)
			if c.missed {
				require.Equal(t, models.Missed, d.Status, name)
				require.Equal(t, d.DueAt, d.ClosedAt, "what a deadline causes is dated by it")
			} else {
				require.Equal(t, models.Open, d.Status, name)
			}
		}
	})
}

func TestF071_AnswerBeforeTheDeadlineWins(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for name, c := range map[string]struct {
			received time.Duration
			before   func(id string)
			missed   bool
		}{
			"in time":            {time.Hour, func(string) {}, false},
			"in time, signalled": {time.Hour, func(id string) { require.NoError(t, s.FactDelivered(ctx, id)) }, false},
			"late":               {time.Hour + time.Microsecond, func(string) {}, true},
			"in time but ignored": {0, func(id string) {
				apply(t, s, models.Step{Workflow: "x/" + id, Seq: 1, Handled: []models.FactHandling{{ID: id, State: models.FactIgnored}}})
			}, true},
		} {
			silence(t, s, name)
			require.NoError(t, s.MessageSent(ctx, "m/"+name, noon))
			f := fact("f/"+name, name)
			_, dup, err := s.Receive(ctx, f, at(c.received))
			require.NoError(t, err)
			require.False(t, dup)
			c.before(f.ID)
			r := expire(t, s, name)
			require.Equal(t, c.missed, r.Missed, name)
			if !c.missed {
				require.Len(t, r.Facts, 1)
				f.ReceivedAt = noon.Add(c.received)
				require.Equal(t, f, r.Facts[0])
			}
		}
	})
}

// An answer and the expiry race: whichever takes the deadline's row first decides, and never both nor neither.
func TestF071_AnswerRacesExpiry(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		missed, answered := 0, 0
		for i := range 40 {
			id := fmt.Sprintf("race%d", i)
			silence(t, s, id)
			require.NoError(t, s.MessageSent(ctx, "m/"+id, noon))
			var result models.ExpiryResult
			var row models.Inbox
			require.NoError(t, together(2, func(n int) error {
				if n == i%2 {
					r, err := s.Apply(ctx, models.Step{Workflow: request + "/" + id, Run: "run", Seq: 2, At: noon.Add(time.Hour), Expiries: []string{id}})
					if err == nil {
						result = r.Expiries[0]
					}
					return err
				}
				var err error
				// The clock is read under the lock: once the expiry is written, it shows a later instant.
				row, _, err = s.Receive(ctx, fact("f/"+id, id), func() time.Time {
					if d, err := s.Deadline(ctx, id); err == nil && d.Status == models.Missed {
						return noon.Add(time.Hour + time.Microsecond)
					}
					return noon.Add(time.Hour)
				})
				return err
			}))
			inTime := !row.ReceivedAt.After(noon.Add(time.Hour))
			require.Equal(t, inTime, !result.Missed, "an answer in time never becomes silence, and a late one never undoes it")
			require.Equal(t, inTime, len(result.Facts) == 1)
			if result.Missed {
				missed++
			} else {
				answered++
			}
		}
		t.Logf("%d missed, %d answered", missed, answered)
	})
}

func TestReceive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		woken := 0
		s.OnCommit(func(left store.Left) {
			require.Equal(t, store.Left{Facts: true}, left)
			woken++
		})
		_, _, err := s.Receive(ctx, models.Fact{ID: "f"}, at(0))
		require.Equal(t, models.CodeInvalid, models.ErrorCode(err))
		stored := 0
		note := store.Alongside(func(tx *store.Store) error {
			stored++
			return tx.SaveNote(ctx, models.Note{Ref: "N-1", Text: "x"})
		})
		row, dup, err := s.Receive(ctx, fact("f", "no deadline"), at(0), note)
		require.NoError(t, err)
		require.False(t, dup)
		require.Equal(t, noon, row.ReceivedAt)
		again := fact("f", "")
		again.Data.Answer = "declined"
		row, dup, err = s.Receive(ctx, again, at(time.Hour), note)
		require.NoError(t, err)
		require.True(t, dup)
		require.Equal(t, "interested", row.Data.Answer, "the recorded outcome")
		require.Equal(t, noon, row.ReceivedAt)
		require.Equal(t, 1, stored)
		require.Equal(t, 1, woken)

		given := fact("by staff", "")
		given.ReceivedAt = noon.Add(-24 * time.Hour)
		row, _, err = s.Receive(ctx, given, at(0))
		require.NoError(t, err)
		require.Equal(t, given.ReceivedAt, row.ReceivedAt)
		require.Equal(t, noon, row.StoredAt)

		_, _, err = s.Receive(ctx, fact("undone", ""), at(0), store.Alongside(func(*store.Store) error { return store.ErrNotFound }))
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = s.Fact(ctx, "undone")
		require.ErrorIs(t, err, store.ErrNotFound)
		var fresh [20]bool
		require.NoError(t, together(20, func(i int) error {
			_, dup, err := s.Receive(ctx, fact("same", "d"), at(0))
			fresh[i] = !dup
			return err
		}))
		n := 0
		for _, f := range fresh {
			if f {
				n++
			}
		}
		require.Equal(t, 1, n)
	})
}

func TestClaimFacts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for i := range 60 {
			f := fact(fmt.Sprintf("f%02d", i), "")
			f.Workflow = models.SessionID(dossier, i)
			_, _, err := s.Receive(ctx, f, at(time.Duration(i)*time.Second))
			require.NoError(t, err)
		}
		_, _, err := s.Receive(ctx, fact("leased", ""), at(0), store.Leased(noon.Add(time.Second)))
		require.NoError(t, err)
		_, _, err = s.Receive(ctx, fact("after it", ""), at(time.Second))
		require.NoError(t, err)
		var claimed [6][]models.Inbox
		require.NoError(t, together(6, func(i int) (err error) {
			claimed[i], err = s.ClaimFacts(ctx, noon, time.Minute, 10)
			return err
		}))
		seen := map[string]bool{}
		for _, c := range claimed {
			for _, row := range c {
				require.False(t, seen[row.ID], "two relays never hold the same fact")
				seen[row.ID] = true
			}
			require.True(t, slices.IsSortedFunc(c, func(a, b models.Inbox) int { return a.StoredAt.Compare(b.StoredAt) }))
		}
		rest, err := s.ClaimFacts(ctx, noon, time.Minute, 100)
		require.NoError(t, err)
		require.Equal(t, 60, len(seen)+len(rest), "all are claimed, but for those that are held")
		none, err := s.ClaimFacts(ctx, noon.Add(500*time.Millisecond), time.Minute, 100)
		require.NoError(t, err)
		require.Empty(t, none, "a fact waits for the earlier ones of its addressee that somebody holds")

		require.NoError(t, s.FactDelivered(ctx, "f00"))
		apply(t, s, models.Step{Workflow: request, Seq: 1, Handled: []models.FactHandling{{ID: "f01", State: models.FactApplied}}})
		require.NoError(t, s.FactDelivered(ctx, "f01"))
		require.NoError(t, s.FactLate(ctx, "f01", noon))
		require.NoError(t, s.FactLate(ctx, "f02", noon))
		require.NoError(t, s.FactLate(ctx, "f02", noon))
		require.NoError(t, s.FactRetry(ctx, "f03", noon.Add(time.Hour)))
		for id, state := range map[string]string{"f00": models.FactDelivered, "f01": models.FactApplied, "f02": models.FactLate, "f03": models.FactPending} {
			row, err := s.Fact(ctx, id)
			require.NoError(t, err)
			require.Equal(t, state, row.State, id)
		}
		journal, err := s.Journal(ctx, dossier, store.Cursor{}, 0)
		require.NoError(t, err)
		require.Len(t, journal.Items, 1)
		require.Equal(t, "fact_late", journal.Items[0].Kind)
		again, err := s.ClaimFacts(ctx, noon.Add(2*time.Minute), time.Minute, 100)
		require.NoError(t, err)
		require.Len(t, again, 60-4+2, "a lease that is over is free, and what waited behind it")
		require.Equal(t, 2, again[len(again)-1].Attempts)
	})
}

func TestF120_MessageToEveryParticipant(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		require.NoError(t, s.SaveParticipants(ctx, []models.Participant{{Ref: "P-1", Dossier: dossier, Email: "a@example.org"},
			{Ref: "P-2", Dossier: dossier}, {Ref: "P-3", Dossier: dossier, Email: "c@example.org", RemovedAt: noon},
			{Ref: "P-4", Dossier: dossier, Email: "d@example.org"}}))
		send := models.Step{Workflow: request, Seq: 1, Dossier: dossier, Messages: []models.Message{{Key: "convocation/1", Template: "convocation",
			To: models.RoleParticipants, Links: []models.Link{{Purpose: models.LinkPositioning, Subject: dossier + "|"}, {Purpose: models.LinkDocument, Subject: "sha"}},
			Attach: []string{"certificate:" + dossier + "|", "sha"}}}}
		apply(t, s, send)
		got, err := s.Messages(ctx, dossier, store.Cursor{}, 0)
		require.NoError(t, err)
		require.Len(t, got.Items, 3)
		require.Equal(t, models.Message{Key: "convocation/1/P-1", GroupKey: "convocation/1", Dossier: dossier, Workflow: request, Template: "convocation",
			To: models.RoleParticipant, ToRef: "P-1", Links: []models.Link{{Purpose: models.LinkPositioning, Subject: dossier + "|P-1"}, {Purpose: models.LinkDocument, Subject: "sha"}},
			Attach: []string{"certificate:" + dossier + "|P-1", "sha"}, NotBefore: noon, Status: models.MessageQueued, CreatedAt: noon}, got.Items[0])
		require.Equal(t, models.MessageNoAddress, got.Items[1].Status, "F122 nothing can be sent without an address")
		told, err := s.Fact(ctx, "message_undeliverable/convocation/1/P-2")
		require.NoError(t, err)
		require.Equal(t, request, told.Workflow)
		require.Equal(t, "convocation/1/P-2", told.Data.Ref)

		require.NoError(t, s.MessageSent(ctx, "convocation/1/P-1", noon))
		apply(t, s, models.Step{Workflow: request, Seq: 2, Dossier: dossier, Messages: send.Messages, Withdraw: []string{"convocation/1"}})
		for key, status := range map[string]string{"P-1": models.MessageSent, "P-2": models.MessageNoAddress, "P-4": models.MessageWithdrawn} {
			m, err := s.Message(ctx, "convocation/1/"+key)
			require.NoError(t, err)
			require.Equal(t, status, m.Status, key)
		}
	})
}

// Who had no address is convoked once there is one; what left already does not leave again, and nobody is looked for any more.
func TestF122_AddressKnownLater(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		people := []models.Participant{{Ref: "P-1", Dossier: dossier, Email: "a@example.org"}, {Ref: "P-2", Dossier: dossier}, {Ref: "P-3", Dossier: dossier}}
		require.NoError(t, s.SaveParticipants(ctx, people))
		step := models.Step{Workflow: models.SessionID(dossier, 1), Dossier: dossier, Messages: []models.Message{{Key: "convocation/1",
			Template: "convocation", To: models.RoleParticipants, Subject: models.SessionRef(dossier, 1)}}}
		var steps []models.Step
		cleared := func(seq int64) error {
			f, err := s.Fact(ctx, fmt.Sprintf("%s/%s/%d", models.FactAlertCleared, models.SessionRef(dossier, 1), noon.Add(time.Duration(seq)*time.Hour).UnixMicro()))
			if err == nil {
				require.Equal(t, []string{models.RequestID(dossier), models.SessionRef(dossier, 1), models.AlertUndeliverable}, []string{f.Workflow, f.Subject, f.Data.Reason}, "as the process raised it")
			}
			return err
		}
		known := func(seq int64, states ...string) {
			step.Run, step.Seq, step.At = "run", seq, noon.Add(time.Duration(seq)*time.Hour)
			apply(t, s, step)
			steps = append(steps, step)
			for i, state := range states {
				m, err := s.Message(ctx, "convocation/1/"+people[i].Ref)
				require.NoError(t, err)
				require.Equal(t, state, m.Status, m.Key)
				require.Equal(t, noon.Add(time.Hour), m.CreatedAt, "the same message")
				require.Equal(t, state == models.MessageNoAddress, m.Failure != "")
			}
		}
		known(1, models.MessageQueued, models.MessageNoAddress, models.MessageNoAddress)
		require.NoError(t, s.MessageSent(ctx, "convocation/1/P-1", noon))
		people[1].Email = "b@example.org"
		require.NoError(t, s.SaveParticipants(ctx, people))
		known(2, models.MessageSent, models.MessageQueued, models.MessageNoAddress)
		require.ErrorIs(t, cleared(2), store.ErrNotFound, "one still has none")
		claimed, err := s.ClaimMessages(ctx, noon.Add(time.Hour), noon.Add(time.Hour), time.Minute, 10)
		require.NoError(t, err)
		require.Len(t, claimed, 1)
		require.NoError(t, s.MessageSent(ctx, claimed[0].Key, noon))
		people[2].Email = "c@example.org"
		require.NoError(t, s.SaveParticipants(ctx, people))
		known(3, models.MessageSent, models.MessageSent, models.MessageQueued)
		require.NoError(t, cleared(3))
		known(4, models.MessageSent, models.MessageSent, models.MessageQueued)
		require.ErrorIs(t, cleared(4), store.ErrNotFound, "once")

		claimed, err = s.ClaimMessages(ctx, noon.Add(time.Hour), noon.Add(time.Hour), time.Minute, 10)
		require.NoError(t, err)
		_, err = s.RecordAttempt(ctx, claimed[0].Key, noon.Add(time.Hour))
		require.NoError(t, err)
		require.NoError(t, s.MessageFailed(ctx, claimed[0].Key, models.MessageBounced, "bounced", noon))
		_, err = s.Fact(ctx, "message_undeliverable/convocation/1/P-3/1")
		require.NoError(t, err, "told again, of the address that is wrong")
		known(5, models.MessageSent, models.MessageSent)
		m, err := s.Message(ctx, "convocation/1/P-3")
		require.NoError(t, err)
		require.Equal(t, models.MessageBounced, m.Status, "it was tried")
		require.Empty(t, verify(t, s, steps).Differences)
	})
}

func TestOutbox(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		require.NoError(t, s.SaveContact(ctx, models.Contact{Ref: "X-1", Email: "client@example.org"}))
		step := models.Step{Workflow: request, Seq: 1, Dossier: dossier}
		for i := range 40 {
			step.Messages = append(step.Messages, models.Message{Key: fmt.Sprintf("m%02d", i), To: models.RoleClient, ToRef: "X-1"})
		}
		step.Messages = append(step.Messages, models.Message{Key: "later", To: models.RoleStaff, NotBefore: noon.Add(time.Hour)},
			models.Message{Key: "nobody", To: models.RoleBilling, ToRef: "X-unknown"})
		apply(t, s, step)
		var claimed [5][]models.Message
		require.NoError(t, together(5, func(i int) (err error) {
			claimed[i], err = s.ClaimMessages(ctx, noon, noon, time.Minute, 10)
			return err
		}))
		seen := map[string]bool{}
		for _, c := range claimed {
			for _, m := range c {
				require.False(t, seen[m.Key], "two relays never hold the same message")
				seen[m.Key] = true
			}
		}
		rest, err := s.ClaimMessages(ctx, noon, noon, time.Minute, 100)
		require.NoError(t, err)
		require.Equal(t, 40, len(seen)+len(rest), "what may not leave yet, or has no address, is not claimed")

		// The lease ran out, two relays hold it: one attempt.
		var made [8]bool
		require.NoError(t, together(8, func(i int) (err error) {
			made[i], err = s.RecordAttempt(ctx, "m00", noon)
			return err
		}))
		require.Equal(t, 1, len(slices.DeleteFunc(made[:], func(ok bool) bool { return !ok })))
		stale, err := s.StaleSending(ctx, noon)
		require.NoError(t, err)
		require.Len(t, stale, 1)
		require.NoError(t, s.MessageBack(ctx, stale[0], noon.Add(10*time.Minute), "busy"))
		again, err := s.ClaimMessages(ctx, noon.Add(5*time.Minute), noon, time.Minute, 100)
		require.NoError(t, err)
		require.Len(t, again, 39)
		again, err = s.ClaimMessages(ctx, noon.Add(10*time.Minute), noon, time.Minute, 100)
		require.NoError(t, err)
		require.Len(t, again, 40)

		apply(t, s, models.Step{Workflow: request, Seq: 2, Withdraw: []string{"m01"}})
		ok, err := s.RecordAttempt(ctx, "m01", noon)
		require.NoError(t, err)
		require.False(t, ok, "withdrawn while a relay held it")

		// The provider's event may come before its answer.
		require.NoError(t, s.MessageEvent(ctx, "m02", store.EventDelivered, noon))
		require.NoError(t, s.MessageSent(ctx, "m02", noon.Add(time.Minute)))
		require.NoError(t, s.MessageEvent(ctx, "m02", "open", noon))
		require.NoError(t, s.MessageEvent(ctx, "m03", store.EventDropped, noon))
		require.NoError(t, s.MessageEvent(ctx, "m03", store.EventBounced, noon))
		require.NoError(t, s.MessageSent(ctx, "m03", noon))
		require.NoError(t, s.MessageEvent(ctx, "m03", store.EventDelivered, noon))
		require.Error(t, s.MessageFailed(ctx, "m03", models.MessageSent, "", noon))
		for key, status := range map[string]string{"m01": models.MessageWithdrawn, "m02": models.MessageDelivered, "m03": models.MessageBounced} {
			m, err := s.Message(ctx, key)
			require.NoError(t, err)
			require.Equal(t, status, m.Status, key)
		}
		facts, err := s.Facts(ctx, dossier)
		require.NoError(t, err)
		require.Len(t, facts, 2, "one for nobody, one for the bounce")
	})
}

func TestMailbox(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for i := range 5 {
			require.NoError(t, s.KeepMail(ctx, models.MailboxItem{Key: fmt.Sprint(i), To: fmt.Sprintf("%d@example.org", i%2), At: noon.Add(time.Duration(i) * time.Second)}))
		}
		require.NoError(t, s.KeepMail(ctx, models.MailboxItem{Key: "0", Subject: "again"}))
		item, err := s.MailboxItem(ctx, "0")
		require.NoError(t, err)
		require.Empty(t, item.Subject)
		p, err := s.Mailbox(ctx, "0@example.org", store.Cursor{}, 2)
		require.NoError(t, err)
		require.Equal(t, "4", p.Items[0].Key, "newest first")
		p, err = s.Mailbox(ctx, "0@example.org", p.Next, 2)
		require.NoError(t, err)
		require.Len(t, p.Items, 1)
		require.Zero(t, p.Next)
		p, err = s.Mailbox(ctx, "", store.Cursor{}, 0)
		require.NoError(t, err)
		require.Len(t, p.Items, 5)
	})
}

func TestSessionBelongsToItsProcess(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		row := models.Session{Ref: models.SessionRef(dossier, 1), Dossier: dossier, Number: 1, Status: models.SessionConvoked}
		apply(t, s, models.Step{Workflow: models.SessionID(dossier, 1), Seq: 1, Rows: models.Rows{Sessions: []models.Session{row}}})
		// The request announced it first, but its step was held up by a crash and is written second.
		row.Status = models.SessionPlanned
		apply(t, s, models.Step{Workflow: request, Seq: 1, Rows: models.Rows{NewSessions: []models.Session{row}}})
		stored, err := s.Session(ctx, row.Ref)
		require.NoError(t, err)
		require.Equal(t, models.SessionConvoked, stored.Status)
	})
}

// due is a step of a session that is worth a line.
func due(n int, held models.Date) models.Step {
	ref := models.SessionRef(dossier, n)
	return models.Step{Workflow: models.SessionID(dossier, n), Seq: 1, Run: "run", At: noon, Dossier: dossier,
		Rows: models.Rows{NewLines: []models.PayLine{{Ref: ref, Dossier: dossier, Payer: models.PayerAgency, TrainerRef: "T-1", HeldOn: held, Status: models.LineDue, Cents: 45000}}},
		Facts: []models.Fact{{Kind: models.FactLineDue, Subject: ref,
			Start: &models.Start{Remuneration: &models.RemunerationInput{Common: models.Common{Clock: models.Clock{Scale: 7}}}}}}}
}

func settle(month models.Month, lines ...models.PayLine) models.Step {
	return models.Step{Workflow: models.RemunerationID(models.PayerAgency, "T-1", month), Seq: 1, Run: "run", At: noon,
		Rows: models.Rows{Lines: lines, PayMonth: &models.PayMonth{Payer: models.PayerAgency, TrainerRef: "T-1", Month: month, SettledAt: noon}}}
}

func TestF178_LineJoinsTheFirstUnsettledMonth(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		apply(t, s, settle("2026-11"))
		apply(t, s, settle("2026-12"))
		for n, c := range map[int]struct {
			held models.Date
			want models.Month
		}{1: {"2026-10-31", "2026-10"}, 2: {"2026-11-02", "2027-01"}, 3: {"2027-02-01", "2027-02"}} {
			apply(t, s, due(n, c.held))
			ref := models.SessionRef(dossier, n)
			line, err := s.PayLine(ctx, ref)
			require.NoError(t, err)
			require.Equal(t, c.want, line.Month)
			f, err := s.Fact(ctx, "line_due/"+ref)
			require.NoError(t, err)
			require.Equal(t, models.RemunerationID(models.PayerAgency, "T-1", c.want), f.Workflow)
			require.Equal(t, models.RemunerationInput{Common: models.Common{Clock: models.Clock{Scale: 7}}, Payer: models.PayerAgency, TrainerRef: "T-1", Month: c.want}, *f.Start.Remuneration)
		}
		month, err := s.ActivePayMonth(ctx, models.PayerAgency, "T-1", "2026-11")
		require.NoError(t, err)
		require.Equal(t, models.Month("2027-01"), month)

		// A line repeated by another step keeps its month.
		apply(t, s, settle("2026-10", models.PayLine{Ref: models.SessionRef(dossier, 1), Payer: models.PayerAgency, TrainerRef: "T-1", Month: "2026-10", Status: models.LineSettled}))
		again := due(1, "2026-10-31")
		again.Workflow += "/again"
		apply(t, s, again)
		line, err := s.PayLine(ctx, models.SessionRef(dossier, 1))
		require.NoError(t, err)
		require.Equal(t, models.LineSettled, line.Status)
		require.Equal(t, models.Month("2026-10"), line.Month)
	})
}

func TestReopenedLineJoinsAnOpenMonth(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		apply(t, s, due(1, "2026-11-10"))
		ref := models.SessionRef(dossier, 1)
		line, err := s.PayLine(ctx, ref)
		require.NoError(t, err)
		line.Status, line.InvoiceRef = models.LineSettled, "I-1"
		apply(t, s, settle("2026-11", line))
		line.Status, line.InvoiceRef = models.LineDue, ""
		step := due(1, "")
		step.Workflow, step.Rows, step.Facts[0].ID = "invoice/I-1", models.Rows{Reopened: []models.PayLine{line}}, "line_due/"+ref+"/I-1"
		apply(t, s, step)
		line, err = s.PayLine(ctx, ref)
		require.NoError(t, err)
		require.Equal(t, models.Month("2026-12"), line.Month)
		f, err := s.Fact(ctx, "line_due/"+ref+"/I-1")
		require.NoError(t, err)
		require.Equal(t, models.RemunerationID(models.PayerAgency, "T-1", "2026-12"), f.Workflow)
		line.HeldOn = ""
		step.Workflow, step.Rows.Reopened = "invoice/I-2", []models.PayLine{line}
		_, err = s.Apply(ctx, step)
		require.Equal(t, models.CodeInvalid, models.ErrorCode(err))
	})
}

func TestMessageFindsTheDossiersContact(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for ref, email := range map[string]string{"X-1": "asks@example.org", "X-2": "pays@example.org"} {
			require.NoError(t, s.SaveContact(ctx, models.Contact{Ref: ref, Email: email}))
		}
		require.NoError(t, s.SaveBrief(ctx, models.Brief{Ref: dossier, ContactRef: "X-1", BillingRef: "X-2"}))
		require.NoError(t, s.SaveBrief(ctx, models.Brief{Ref: "D-2026-000002", ContactRef: "X-1"}))
		apply(t, s, models.Step{Workflow: request, Seq: 1, Messages: []models.Message{
			{Key: "client", Dossier: dossier, To: models.RoleClient}, {Key: "billing", Dossier: dossier, To: models.RoleBilling},
			{Key: "the same", Dossier: "D-2026-000002", To: models.RoleBilling}, {Key: "no dossier", To: models.RoleClient}}})
		for key, want := range map[string]string{"client": "X-1", "billing": "X-2", "the same": "X-1", "no dossier": ""} {
			m, err := s.Message(ctx, key)
			require.NoError(t, err)
			require.Equal(t, want, m.ToRef)
			require.Equal(t, want == "", m.Status == models.MessageNoAddress, key)
		}
	})
}

// A month is settled from the lines that were read; one that slipped in meanwhile must not be lost in it.
func TestF178_LineRacesSettling(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		apply(t, s, due(1, "2026-11-10"))
		read, err := s.PayLines(ctx, models.LinesQuery{Payer: models.PayerAgency, TrainerRef: "T-1", Month: "2026-11"})
		require.NoError(t, err)
		require.Len(t, read, 1)
		read[0].Status, read[0].RecapRef = models.LineSettled, "recap"
		require.NoError(t, together(12, func(i int) error {
			step := settle("2026-11", read...)
			if i > 0 {
				step = due(i+1, "2026-11-20")
			}
			_, err := s.Apply(ctx, step)
			return err
		}))
		kept, err := s.PayLines(ctx, models.LinesQuery{Payer: models.PayerAgency, TrainerRef: "T-1", Month: "2026-11"})
		require.NoError(t, err)
		require.Len(t, kept, 1)
		moved, err := s.PayLines(ctx, models.LinesQuery{Payer: models.PayerAgency, TrainerRef: "T-1", Month: "2026-12"})
		require.NoError(t, err)
		require.Len(t, moved, 11)
		told := map[string]bool{}
		facts, err := s.Facts(ctx, dossier)
		require.NoError(t, err)
		for _, f := range facts {
			if f.Workflow == models.RemunerationID(models.PayerAgency, "T-1", "2026-12") {
				told[f.Subject] = true
				require.Equal(t, models.Month("2026-12"), f.Start.Remuneration.Month)
			}
		}
		require.Len(t, told, 11, "the next month is told of each")
	})
}

// Whatever the order in which workflows' steps come, and however often, the rows end up the same: a workflow's own
// steps are written one after the other, everything else may interleave and repeat.
func TestStepsEndAlike(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		run := 0
		rapid.Check(t, func(r *rapid.T) {
			run++
			var ends [2]string
			// Two dossiers live the same steps: one plainly, one in a drawn order with repeats.
			steps := drawSteps(r)
			for twin := range ends {
				ref := fmt.Sprintf("D-%d-%06d", 2000+twin, run)
				next := map[int]int{}
				do := func(w, n int) {
					step := steps[w][n](ref)
					_, err := s.Apply(ctx, step)
					require.NoError(t, err)
				}
				for left := total(steps); left > 0; {
					w := slices.IndexFunc(workflows, func(w int) bool { return next[w] < len(steps[w]) })
					if twin == 1 {
						w = rapid.SampledFrom(workflows).Draw(r, "workflow")
						if next[w] > 0 && rapid.Bool().Draw(r, "repeat") {
							do(w, rapid.IntRange(0, next[w]-1).Draw(r, "older"))
						}
						if next[w] == len(steps[w]) {
							continue
						}
					}
					do(w, next[w])
					next[w]++
					left--
				}
				ends[twin] = strings.ReplaceAll(picture(t, s, ref), ref, "D")
			}
			require.Equal(t, ends[0], ends[1])
		})
	})
}

var workflows = []int{0, 1, 2}

func total(steps [][]func(string) models.Step) (n int) {
	for _, s := range steps {
		n += len(s)
	}
	return n
}

func drawSteps(r *rapid.T) [][]func(string) models.Step {
	out := make([][]func(string) models.Step, len(workflows))
	for _, w := range workflows {
		for n := range rapid.IntRange(1, 3).Draw(r, "steps") {
			stage := rapid.SampledFrom([]models.Stage{models.StageAudit, models.StageContract, models.StageSessions}).Draw(r, "stage")
			status := rapid.SampledFrom([]models.Outcome{models.Open, models.Met}).Draw(r, "status")
			withdraw := rapid.Bool().Draw(r, "withdraw")
			out[w] = append(out[w], func(ref string) models.Step {
				wf := fmt.Sprintf("request/%s/session/%d", ref, w)
				step := models.Step{Workflow: wf, Run: "run", Seq: int64(n + 1), At: noon.Add(time.Duration(n) * time.Hour), Dossier: ref,
					Rows:      models.Rows{Sessions: []models.Session{{Ref: models.SessionRef(ref, w), Dossier: ref, Number: w, Status: string(stage)}}},
					Journal:   []models.JournalLine{{Kind: "k"}},
					Deadlines: []models.Deadline{{ID: wf + "/d", Dossier: ref, Status: status, DueAt: noon}},
					Messages:  []models.Message{{Key: fmt.Sprintf("%s/m%d", wf, n), To: models.RoleStaff}},
					Facts:     []models.Fact{{Kind: models.FactLinesSettled, Workflow: models.RequestID(ref)}},
					Expiries:  []string{wf + "/d"}}
				if withdraw {
					step.Withdraw = []string{fmt.Sprintf("%s/m%d", wf, n-1)}
				}
				return step
			})
		}
	}
	return out
}

func picture(t *testing.T, s *store.Store, ref string) string {
	t.Helper()
	sessions, err := s.Sessions(ctx, ref)
	require.NoError(t, err)
	journal, err := s.Journal(ctx, ref, store.Cursor{}, 0)
	require.NoError(t, err)
	deadlines, err := s.Deadlines(ctx, ref)
	require.NoError(t, err)
	messages, err := s.Messages(ctx, ref, store.Cursor{}, 0)
	require.NoError(t, err)
	facts, err := s.Facts(ctx, ref)
	require.NoError(t, err)
	out, err := json.Marshal([]any{sessions, journal.Items, deadlines, messages.Items, facts})
	require.NoError(t, err)
	return string(out)
}
