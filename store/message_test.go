package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
	"jalon/store/storetest"
)

// TestParkedMessageIsSettledByAPerson raises an alert on the dossier of a message that nobody knows to have left, until
// a person says what became of it.
func TestParkedMessageIsSettledByAPerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		park := func(key string, at time.Time) {
			ok, err := s.RecordAttempt(ctx, key, at)
			require.NoError(t, err)
			require.True(t, ok)
			require.NoError(t, s.MessageFailed(ctx, key, models.MessageParked, "unclear", at.Add(time.Minute)))
			require.NoError(t, s.MessageFailed(ctx, key, models.MessageParked, "unclear", at.Add(2*time.Minute)), "another relay saw it too")
		}
		alerts := func() (out []string) {
			rows, err := s.ClaimFacts(ctx, noon.Add(240*time.Hour), time.Second, 100)
			require.NoError(t, err)
			for _, f := range rows {
				require.Equal(t, models.RequestID(dossier), f.Workflow)
				out = append(out, string(f.Kind)+" "+f.Subject)
				require.NoError(t, s.FactDelivered(ctx, f.ID))
			}
			return out
		}
		message := func(key string) models.Message {
			m, err := s.Message(ctx, key)
			require.NoError(t, err)
			return m
		}
		apply(t, s, models.Step{Workflow: request, Seq: 1, Dossier: dossier, Messages: []models.Message{
			{Key: "left", Template: "certificate", To: models.RoleStaff}, {Key: "lost", Template: "certificate", To: models.RoleStaff}}})
		settle := func(key string, left bool) error {
			return s.Settle(ctx, store.Settlement{ID: key, Key: key, Left: left, Actor: "U-1", At: noon.Add(time.Hour)})
		}
		require.Equal(t, models.CodeNotParked, models.ErrorCode(settle("left", true)))
		require.Equal(t, models.CodeUnknown, models.ErrorCode(settle("nothing", true)))

		park("left", noon)
		park("lost", noon)
		require.ElementsMatch(t, []string{"alert_raised left", "alert_raised lost"}, alerts())
		parked, err := s.Parked(ctx, store.ParkedFilter{}, store.Cursor{}, 0)
		require.NoError(t, err)
		require.Len(t, parked.Items, 2)

		require.NoError(t, settle("left", true))
		require.Equal(t, models.MessageSent, message("left").Status)
		require.True(t, message("left").SentAt.Equal(noon), "it left when it was tried")
		require.NoError(t, settle("lost", false))
		require.Equal(t, models.MessageQueued, message("lost").Status)
		require.ElementsMatch(t, []string{"alert_cleared left", "alert_cleared lost"}, alerts())
		claimed, err := s.ClaimMessages(ctx, noon, noon, time.Minute, 10)
		require.NoError(t, err)
		require.Len(t, claimed, 1)
		require.Equal(t, "lost", claimed[0].Key)

		park("lost", noon.Add(2*time.Hour))
		require.Equal(t, []string{"alert_raised lost"}, alerts(), "each time")
	})
}

// TestWhoSettledAMessageIsInTheJournal keeps, with what was found out about a parked message, who said so.
func TestWhoSettledAMessageIsInTheJournal(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		apply(t, s, models.Step{Workflow: request, Seq: 1, Messages: []models.Message{
			{Key: "left", Dossier: dossier, Template: "certificate", Subject: dossier, To: models.RoleStaff},
			{Key: "invoice", Dossier: dossier, Template: "client_invoice", Subject: "I-1", To: models.RoleStaff},
			{Key: "unwritten", Template: "recap", Subject: "agency/T-1/2026-11/recap/1", To: models.RoleStaff}}})
		settle := func(id, key string, left bool) error {
			return s.Settle(ctx, store.Settlement{ID: id, Key: key, Left: left, Actor: "U-1", Channel: models.ChannelConsole, At: noon})
		}
		require.Equal(t, models.CodeUnknown, models.ErrorCode(settle("a", "nothing", true)))
		require.Equal(t, models.CodeNotParked, models.ErrorCode(settle("a", "left", true)))
		ok, err := s.RecordAttempt(ctx, "left", noon)
		require.NoError(t, err)
		require.True(t, ok)
		for _, key := range []string{"left", "invoice", "unwritten"} {
			require.NoError(t, s.MessageFailed(ctx, key, models.MessageParked, "unclear", noon))
		}
		for filter, want := range map[store.ParkedFilter]int{{}: 3, {NoMoney: true}: 1, {Dossier: dossier}: 2, {Dossier: dossier, NoMoney: true}: 1} {
			page, err := s.Parked(ctx, filter, store.Cursor{}, 10)
			require.NoError(t, err)
			n, err := s.ParkedCount(ctx, filter)
			require.NoError(t, err)
			require.Equal(t, []int{want, want}, []int{len(page.Items), int(n)})
		}
		require.Equal(t, models.CodeNeverTried, models.ErrorCode(settle("b", "unwritten", true)))
		require.NoError(t, settle("c", "unwritten", false))
		require.NoError(t, settle("d", "left", true))
		require.NoError(t, settle("d", "left", true), "the same finding again")
		require.Equal(t, models.CodeNotParked, models.ErrorCode(settle("e", "left", false)))
		m, err := s.Message(ctx, "left")
		require.NoError(t, err)
		require.Equal(t, models.MessageSent, m.Status)

		lines, err := s.JournalBack(ctx, dossier, store.Cursor{}, 10)
		require.NoError(t, err)
		require.Len(t, lines.Items, 1, "what was refused leaves no line")
		l := lines.Items[0]
		require.Equal(t, []string{"message_left", "U-1", "certificate"}, []string{l.Kind, l.Actor, l.Args.Get("template")})
		lines, err = s.JournalOf(ctx, "agency/T-1/2026-11/recap/1", store.Cursor{}, 10)
		require.NoError(t, err)
		require.Len(t, lines.Items, 1)
		require.Equal(t, "message_again", lines.Items[0].Kind)
	})
}

// What reached nobody goes again to the address known by now, once a person asks for it, and its alert is taken back.
func TestMessageThatReachedNobodyGoesAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		require.NoError(t, s.SaveContact(ctx, models.Contact{Ref: "X-1", Email: "contcat@example.org"}))
		require.NoError(t, s.SaveParticipants(ctx, []models.Participant{{Ref: "P-1", Dossier: dossier, Email: "a@example.org"}, {Ref: "P-2", Dossier: dossier, Email: "b@example.org"}}))
		session := models.SessionRef(dossier, 1)
		apply(t, s, models.Step{Workflow: request, Seq: 1, Dossier: dossier, Messages: []models.Message{{Key: "ask", Template: "audit_choice", To: models.RoleClient, ToRef: "X-1", Subject: dossier + "/audit/1"}}})
		apply(t, s, models.Step{Workflow: models.SessionID(dossier, 1), Seq: 1, Dossier: dossier, Messages: []models.Message{{Key: "call", Template: "convocation", To: models.RoleParticipants, Subject: session}}})
		bounce := func(key string, at time.Time) {
			ok, err := s.RecordAttempt(ctx, key, at)
			require.NoError(t, err)
			require.True(t, ok)
			require.NoError(t, s.MessageSent(ctx, key, at))
			require.NoError(t, s.MessageEvent(ctx, key, store.EventBounced, at.Add(time.Minute)))
		}
		resend := func(id, key string) error {
			return s.Resend(ctx, store.Settlement{ID: id, Key: key, Actor: "U-1", Channel: models.ChannelConsole, At: noon.Add(time.Hour)})
		}
		cleared := func(subject string) bool {
			f, err := s.Fact(ctx, fmt.Sprintf("alert_cleared/%s/%d", subject, noon.Add(time.Hour).UnixMicro()))
			if err == nil {
				require.Equal(t, []string{request, subject, models.AlertUndeliverable}, []string{f.Workflow, f.Subject, f.Data.Reason})
				return true
			}
			require.ErrorIs(t, err, store.ErrNotFound)
			return false
		}
		require.Equal(t, models.CodeNotParked, models.ErrorCode(resend("early", "ask")), "it waits to leave")
		bounce("ask", noon)
		require.Equal(t, models.CodeNotParked, models.ErrorCode(s.Settle(ctx, store.Settlement{ID: "x", Key: "ask", At: noon})), "nobody made sure that it is of use")
		require.Equal(t, models.CodeNotParked, models.ErrorCode(s.Settle(ctx, store.Settlement{ID: "y", Key: "ask", Left: true, At: noon})))
		require.NoError(t, s.SaveContact(ctx, models.Contact{Ref: "X-1"}))
		require.Equal(t, models.CodeNoAddress, models.ErrorCode(resend("nowhere", "ask")))
		require.NoError(t, s.SaveContact(ctx, models.Contact{Ref: "X-1", Email: "contact@example.org"}))
		require.NoError(t, resend("again", "ask"))
		require.NoError(t, resend("again", "ask"), "the same once more")
		m, err := s.Message(ctx, "ask")
		require.NoError(t, err)
		require.Equal(t, []any{models.MessageQueued, "", true}, []any{m.Status, m.Failure, m.SentAt.IsZero()}, "it counts from when it leaves")
		require.True(t, cleared("ask"), "as the request raised it when it came back")
		require.True(t, cleared(dossier+"/audit/1"), "as the request raised it when nobody answered")
		lines, err := s.JournalBack(ctx, dossier, store.Cursor{}, 10)
		require.NoError(t, err)
		require.Len(t, lines.Items, 1, "what was refused leaves no line")
		require.Equal(t, []string{"message_resent", "U-1", "audit_choice"}, []string{lines.Items[0].Kind, lines.Items[0].Actor, lines.Items[0].Args.Get("template")})
		// What the provider says again of the first attempt is not about the address corrected since.
		of := func(event string, at time.Time) string {
			require.NoError(t, s.MessageEvent(ctx, "ask", event, at))
			m, err := s.Message(ctx, "ask")
			require.NoError(t, err)
			return m.Status
		}
		require.Equal(t, models.MessageQueued, of(store.EventBounced, noon.Add(time.Minute)))
		ok, err := s.RecordAttempt(ctx, "ask", noon.Add(90*time.Minute))
		require.NoError(t, err)
		require.True(t, ok)
		require.NoError(t, s.MessageSent(ctx, "ask", noon.Add(90*time.Minute)))
		require.Equal(t, models.MessageSent, of(store.EventBounced, noon.Add(time.Minute)))
		require.Equal(t, models.MessageDelivered, of(store.EventDelivered, noon.Add(91*time.Minute)))
		require.Equal(t, models.MessageBounced, of(store.EventBounced, noon.Add(92*time.Minute)))
		_, err = s.Fact(ctx, "message_undeliverable/ask/2")
		require.NoError(t, err, "told again")

		// A session says once that something reached nobody: it stands until the last of it goes again.
		bounce("call/P-1", noon)
		bounce("call/P-2", noon)
		require.NoError(t, resend("one", "call/P-1"))
		require.False(t, cleared(session))
		require.NoError(t, resend("two", "call/P-2"))
		require.True(t, cleared(session), "as the session raised it")
	})
}

// Who was removed is looked for by nobody: what could not be delivered to them keeps no alert, and is named in none.
func TestUndeliveredToWhoWasRemoved(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		session := models.SessionRef(dossier, 1)
		require.NoError(t, s.SaveParticipants(ctx, []models.Participant{{Ref: "P-1", Dossier: dossier, Email: "a@example.org"}, {Ref: "P-2", Dossier: dossier}}))
		apply(t, s, models.Step{Workflow: models.SessionID(dossier, 1), Seq: 1, Dossier: dossier, Messages: []models.Message{{Key: "call", Template: "convocation", To: models.RoleParticipants, Subject: session}}})
		require.NoError(t, s.MessageSent(ctx, "call/P-1", noon))
		require.NoError(t, s.MessageEvent(ctx, "call/P-1", store.EventBounced, noon))
		keys := func(of map[string][]models.Message) (out []string) {
			for _, m := range of[session] {
				out = append(out, m.Key)
			}
			return out
		}
		of, err := s.UndeliveredOf(ctx, dossier, session, "call/P-2", "other")
		require.NoError(t, err)
		require.Equal(t, []string{"call/P-1", "call/P-2"}, keys(of))
		require.Len(t, of["call/P-2"], 1)
		require.Empty(t, of["other"])
		require.NoError(t, s.RemoveParticipant(ctx, models.JournalLine{Dossier: dossier, At: noon}, "P-2"))
		of, err = s.UndeliveredOf(ctx, dossier, session)
		require.NoError(t, err)
		require.Equal(t, []string{"call/P-1"}, keys(of))
		by, err := s.UndeliveredBy(ctx, models.SessionID(dossier, 1))
		require.NoError(t, err)
		require.Len(t, by, 1)
	})
}

// What goes again on a dossier that ended takes back no alert: none is left, and the fact would be a late one.
func TestNoAlertIsTakenBackOfWhatEnded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		require.NoError(t, s.SaveContact(ctx, models.Contact{Ref: "X-1", Email: "contact@example.org"}))
		apply(t, s, models.Step{Workflow: request, Seq: 1, Dossier: dossier, Rows: models.Rows{Request: &models.Request{Ref: dossier, Stage: models.StageClosed}},
			Messages: []models.Message{{Key: "bill", Template: "client_invoice", To: models.RoleBilling, ToRef: "X-1", Subject: "I-1"}}})
		require.NoError(t, s.MessageSent(ctx, "bill", noon))
		require.NoError(t, s.MessageEvent(ctx, "bill", store.EventBounced, noon))
		require.NoError(t, s.Resend(ctx, store.Settlement{ID: "again", Key: "bill", Actor: "U-1", At: noon}))
		facts, err := s.Facts(ctx, dossier)
		require.NoError(t, err)
		for _, f := range facts {
			require.NotEqual(t, models.FactAlertCleared, f.Kind)
		}
	})
}

// TestFollowsWhatLeft tells of the end of a search (F075) who got its question, and nobody else, though the outbox holds what
// the history says.
func TestFollowsWhatLeft(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		require.NoError(t, s.SaveTrainer(ctx, models.Trainer{Ref: "T-1", Email: "alpha@example.com"}))
		attempt := func(key string) {
			ok, err := s.RecordAttempt(ctx, key, noon)
			require.NoError(t, err)
			require.True(t, ok)
		}
		step := models.Step{Workflow: request, Seq: 1, Dossier: dossier}
		for _, key := range []string{"sent", "sending", "bounced", "parked", "unwritten", "again", "queued"} {
			step.Messages = append(step.Messages, models.Message{Key: key, Template: "invitation", To: models.RoleTrainer, ToRef: "T-1"})
		}
		step.Messages = append(step.Messages, models.Message{Key: "nowhere", Template: "invitation", To: models.RoleTrainer, ToRef: "T-2"})
		apply(t, s, step)
		for _, key := range []string{"sent", "sending", "bounced", "parked", "again"} {
			attempt(key)
		}
		require.NoError(t, s.MessageSent(ctx, "sent", noon))
		require.NoError(t, s.MessageFailed(ctx, "bounced", models.MessageBounced, "bounced", noon))
		require.NoError(t, s.MessageFailed(ctx, "parked", models.MessageParked, "unclear", noon))
		require.NoError(t, s.MessageFailed(ctx, "unwritten", models.MessageParked, "template", noon))
		require.NoError(t, s.MessageFailed(ctx, "again", models.MessageBounced, "bounced", noon))
		require.NoError(t, s.Resend(ctx, store.Settlement{ID: "1", Key: "again", At: noon}))
		attempt("again")

		told := map[string]string{"sent": models.MessageQueued, "sending": models.MessageQueued, "parked": models.MessageQueued, "again": models.MessageQueued,
			"bounced": models.MessageWithdrawn, "unwritten": models.MessageWithdrawn, "queued": models.MessageWithdrawn, "nowhere": models.MessageWithdrawn,
			"unknown": models.MessageWithdrawn}
		closed := models.Step{Workflow: request, Seq: 2, Dossier: dossier}
		for key := range told {
			m := models.Message{Key: key + "/closed", Template: "invitation_closed", To: models.RoleTrainer, ToRef: "T-1", Follows: key}
			if key == "nowhere" {
				m.ToRef = "T-2"
			}
			closed.Messages, closed.Withdraw = append(closed.Messages, m), append(closed.Withdraw, key)
		}
		apply(t, s, closed)
		for key, want := range told {
			m, err := s.Message(ctx, key+"/closed")
			require.NoError(t, err)
			require.Equal(t, want, m.Status, key)
		}
	})
}
