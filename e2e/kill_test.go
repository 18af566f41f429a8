package e2e

import (
	"slices"
	"testing"
	"time"

	"jalon/demo"
	"jalon/models"
)

// TestKilledAtAnyMoment kills each process, alone and together, while a mission goes on: it closes all the same, no
// mail goes twice, nothing is lost, no timely answer becomes silence.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	h := newHouse(t, day/4, map[string]demo.React{"staff_alert": demo.Nothing}) // who is held up may be reported late
	s := demo.Reference(0)
	s.ColdAnswers = false
	m := h.open(s)

	seen := func(template string) func() bool {
		return func() bool {
			return slices.ContainsFunc(h.player.Mails(), func(mail demo.Mail) bool { return mail.Template == template })
		}
	}
	for _, cut := range []struct {
		name    string
		when    func() bool
		kills   []string
		outage  time.Duration
		settles time.Duration // before the next one
	}{
		{"worker while trainers answer", seen("invitation"), []string{demo.Worker}, 300 * time.Millisecond, time.Second},
		{"API while answers come", func() bool { return true }, []string{demo.API}, 300 * time.Millisecond, time.Second},
		{"Temporal before the silence is due", func() bool { return true }, []string{demo.Temporal}, 300 * time.Millisecond, 0},
		{"worker while the audit is arranged", seen("audit_slots"), []string{demo.Worker}, 200 * time.Millisecond, 0},
		{"Temporal and worker at the programme", seen("programme_ask"), []string{demo.Temporal, demo.Worker}, 200 * time.Millisecond, 0},
		{"API at the contracts", seen("trainer_contract"), []string{demo.API}, 300 * time.Millisecond, 0},
		{"worker at the convocations", seen("convocation"), []string{demo.Worker}, 100 * time.Millisecond, 0},
		{"API while half-days are signed", seen("attend"), []string{demo.API}, 100 * time.Millisecond, 0},
		{"worker while certificates leave", seen("certificate"), []string{demo.Worker}, 200 * time.Millisecond, 0},
		{"Temporal at the recap", seen("recap"), []string{demo.Temporal}, 300 * time.Millisecond, 0},
		{"everything before the payment", seen("invoice_conform"), []string{demo.Worker, demo.API, demo.Temporal}, 500 * time.Millisecond, 0},
	} {
		if !eventually(t, cut.when, m.Done, 8*time.Minute) {
			t.Fatalf("the mission did not come to: %s", cut.name)
		}
		t.Logf("killed: %s", cut.name)
		for _, p := range cut.kills {
			h.Kill(p)
		}
		wait(t, cut.outage)
		for _, p := range slices.Backward(cut.kills) {
			if err := h.Start(p); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		wait(t, cut.settles)
	}
	within(t, m, 8*time.Minute)
	h.settle(m)
	h.stop()
	for _, err := range h.player.Errors() {
		t.Error(err)
	}

	want := referenceMails()
	for k, n := range moneyMails() {
		want[k] = n
	}
	got := h.mails(everything)
	// Reminders and alerts tell who was held up by an outage; everything else leaves once, whatever was killed.
	for template, n := range want {
		if n >= 0 && got[template] != n {
			t.Errorf("%d mails %s, not %d", got[template], template, n)
		}
	}
	for _, message := range rows[models.Message](h, m, "messages") {
		if message.Status != models.MessageSent && message.Status != models.MessageWithdrawn {
			t.Errorf("message %s is %s", message.Key, message.Status)
		}
	}
	answers := map[models.InvitationStatus]int{}
	for _, i := range rows[models.Invitation](h, m, "invitations") {
		answers[i.Status]++
	}
	if answers[models.InvitationSilent] != 2 || answers[models.InvitationDeclined] != 1 {
		t.Errorf("answers: %v: only two trainers stayed silent", answers)
	}
	for _, s := range rows[models.Session](h, m, "sessions") {
		if s.Status != models.SessionValidated || !s.Complete {
			t.Errorf("session %d is %s, complete %t: signatures were lost", s.Number, s.Status, s.Complete)
		}
	}
	for _, f := range rows[models.Inbox](h, m, "facts") {
		if f.State != models.FactApplied && !(starts(f) && f.State == models.FactDelivered) {
			t.Errorf("fact %s is %s", f.ID, f.State)
		}
	}
	if paid, err := m.Paid(t.Context()); err != nil || !paid || !m.Closed() {
		t.Errorf("closed %t, paid %t, %v", m.Closed(), paid, err)
	}
}

// wait lets real time pass.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-t.Context().Done():
	case <-time.After(d):
	}
}

// eventually waits, in real time, for a condition; false when the mission ended or the limit passed before.
func eventually(t *testing.T, met func() bool, done <-chan struct{}, limit time.Duration) bool {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !met() {
		select {
		case <-done:
			return met()
		case <-deadline.C:
			return false
		case <-tick.C:
		}
	}
	return true
}
