package store_test

import (
	"reflect"
	"testing"
	"time"

	"jalon/models"
	"jalon/store"
	"jalon/store/storetest"
)

func TestClaimedFactsHoldUpTheLaterOnesOfTheirAddressee(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		receive := func(id, workflow string, after time.Duration) {
			_, _, err := s.Receive(t.Context(), models.Fact{ID: id, Kind: models.FactSheetSigned, Workflow: workflow}, at(after))
			if err != nil {
				t.Fatal(err)
			}
		}
		claim := func(after time.Duration) (ids []string) {
			rows, err := s.ClaimFacts(t.Context(), noon.Add(after), time.Minute, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				ids = append(ids, r.ID)
			}
			return ids
		}
		receive("a/1", "a", 0)
		if got := claim(0); !reflect.DeepEqual(got, []string{"a/1"}) {
			t.Fatalf("claimed %v", got)
		}
		receive("a/2", "a", time.Second)
		receive("b/1", "b", 2*time.Second)
		if got := claim(3 * time.Second); !reflect.DeepEqual(got, []string{"b/1"}) {
			t.Errorf("while a/1 is held: %v", got)
		}
		if got := claim(time.Hour); !reflect.DeepEqual(got, []string{"a/1", "a/2", "b/1"}) {
			t.Errorf("after the lease: %v", got)
		}
		if err := s.FactDelivered(t.Context(), "a/1"); err != nil {
			t.Fatal(err)
		}
		receive("a/3", "a", time.Hour)
		if got := claim(3 * time.Hour); !reflect.DeepEqual(got, []string{"a/2", "b/1", "a/3"}) {
			t.Errorf("in the end: %v", got)
		}
	})
}

func TestMessageGoesBackOnlyFromTheAttemptThatWasRead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		step := models.Step{Workflow: "request/D-1", Run: "r", Seq: 1, At: noon, Dossier: "D-1", Messages: []models.Message{
			{Key: "now", To: models.RoleStaff}, {Key: "later", To: models.RoleStaff, NotBefore: noon.Add(time.Hour)}}}
		if _, err := s.Apply(t.Context(), step); err != nil {
			t.Fatal(err)
		}
		if due, err := s.NextMessageDue(t.Context(), noon); err != nil || !due.Equal(noon.Add(time.Hour)) {
			t.Errorf("due %s (%v)", due, err)
		}
		if due, err := s.NextMessageDue(t.Context(), noon.Add(time.Hour)); err != nil || !due.IsZero() {
			t.Errorf("nothing more is due, got %s (%v)", due, err)
		}
		attempt := func() models.Message {
			if ok, err := s.RecordAttempt(t.Context(), "now", noon); !ok || err != nil {
				t.Fatal(ok, err)
			}
			m, err := s.Message(t.Context(), "now")
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		status := func(after models.Message) string {
			if err := s.MessageBack(t.Context(), after, time.Time{}, "unclear"); err != nil {
				t.Fatal(err)
			}
			m, err := s.Message(t.Context(), "now")
			if err != nil {
				t.Fatal(err)
			}
			return m.Status
		}
		first := attempt()
		if got := status(first); got != models.MessageQueued {
			t.Errorf("first attempt: %s", got)
		}
		second := attempt()
		if got := status(first); got != models.MessageSending {
			t.Errorf("the second attempt was undone: %s", got)
		}
		if err := s.MessageSent(t.Context(), "now", noon); err != nil {
			t.Fatal(err)
		}
		if got := status(second); got != models.MessageSent {
			t.Errorf("a sent message went back: %s", got)
		}
		if b, err := s.Backlog(t.Context(), noon.Add(2*time.Hour)); err != nil || b != (store.Backlog{Messages: 1}) {
			t.Errorf("backlog %+v (%v)", b, err)
		}
	})
}

func TestHeldMessages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		held, err := s.Held(t.Context(), noon)
		if err != nil || held != (store.Held{}) {
			t.Errorf("%+v (%v)", held, err)
		}
		step := models.Step{Workflow: "w", Run: "r", Seq: 1, At: noon}
		for i, leaves := range []time.Time{noon, noon.Add(time.Hour), noon.Add(time.Hour), noon.Add(48 * time.Hour)} {
			step.Messages = append(step.Messages, models.Message{Key: string(rune('a' + i)), NotBefore: leaves, Status: models.MessageQueued})
		}
		if _, err := s.Apply(t.Context(), step); err != nil {
			t.Fatal(err)
		}
		held, err = s.Held(t.Context(), noon)
		if err != nil || held != (store.Held{Next: noon.Add(time.Hour), First: 2, Later: 1}) {
			t.Errorf("%+v (%v)", held, err)
		}
	})
}
