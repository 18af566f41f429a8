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
		settle := func(id, key string) error {
			return s.Settle(ctx, store.Settlement{ID: id, Key: key, Failed: true, Actor: "U-1", Channel: models.ChannelConsole, At: noon.Add(time.Hour)})
		}
		cleared := func(key string) (string, bool) {
			f, err := s.Fact(ctx, fmt.Sprintf("alert_cleared/%s/%d", key, noon.Add(time.Hour).UnixMicro()))
			require.Equal(t, err != nil, models.ErrorCode(err) == models.CodeUnknown)
			return f.Subject, err == nil
		}
		require.Equal(t, models.CodeNotParked, models.ErrorCode(settle("early", "ask")), "it waits to leave")
		bounce("ask", noon)
		require.Equal(t, models.CodeNotParked, models.ErrorCode(s.Settle(ctx, store.Settlement{ID: "x", Key: "ask", At: noon})), "nobody made sure that it is of use")
		require.Equal(t, models.CodeNotParked, models.ErrorCode(s.Settle(ctx, store.Settlement{ID: "y", Key: "ask", Failed: true, Left: true, At: noon})))
		require.NoError(t, s.SaveContact(ctx, models.Contact{Ref: "X-1"}))
		require.Equal(t, models.CodeNoAddress, models.ErrorCode(settle("nowhere", "ask")))
		require.NoError(t, s.SaveContact(ctx, models.Contact{Ref: "X-1", Email: "contact@example.org"}))
		require.NoError(t, settle("again", "ask"))
		require.NoError(t, settle("again", "ask"), "the same once more")
		m, err := s.Message(ctx, "ask")
		require.NoError(t, err)
		require.Equal(t, []any{models.MessageQueued, "", true}, []any{m.Status, m.Failure, m.SentAt.IsZero()}, "it counts from when it leaves")
		subject, ok := cleared("ask")
		require.True(t, ok)
		require.Equal(t, "ask", subject, "as the request raised it")
		lines, err := s.JournalBack(ctx, dossier, store.Cursor{}, 10)
		require.NoError(t, err)
		require.Len(t, lines.Items, 1, "what was refused leaves no line")
		require.Equal(t, []string{"message_resent", "U-1", "audit_choice"}, []string{lines.Items[0].Kind, lines.Items[0].Actor, lines.Items[0].Args.Get("template")})
		bounce("ask", noon.Add(2*time.Hour))
		_, err = s.Fact(ctx, "message_undeliverable/ask/2")
		require.NoError(t, err, "told again")

		// A session says once that something reached nobody: it stands until the last of it goes again.
		bounce("call/P-1", noon)
		bounce("call/P-2", noon)
		require.NoError(t, settle("one", "call/P-1"))
		_, ok = cleared("call/P-1")
		require.False(t, ok)
		alert := models.Alert{Dossier: dossier, Alert: "sheet_missing", Subject: session}
		apply(t, s, models.Step{Workflow: request, Seq: 2, Dossier: dossier, Rows: models.Rows{Request: &models.Request{Ref: dossier}, Alerts: []models.Alert{alert}}})
		require.NoError(t, settle("two", "call/P-2"))
		_, ok = cleared("call/P-2")
		require.False(t, ok, "the missing sheet would be taken back with it")
		apply(t, s, models.Step{Workflow: request, Seq: 3, Dossier: dossier, Rows: models.Rows{Request: &models.Request{Ref: dossier}}})
		bounce("call/P-2", noon.Add(2*time.Hour))
		require.NoError(t, settle("three", "call/P-2"))
		subject, ok = cleared("call/P-2")
		require.True(t, ok)
		require.Equal(t, session, subject, "as the session raised it")
	})
}
