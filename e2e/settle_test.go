package e2e

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"jalon/demo"
	"jalon/models"
	"jalon/store"
)

// settle waits, in real time, until nothing about the missions is on its way any more: their facts are taken in, every
// mail left, with those that mail hours hold back, and people saw them all. What is counted before depends on the machine.
func (h *house) settle(missions ...*demo.Mission) {
	h.t.Helper()
	h.settleOn("sqlite:"+filepath.Join(h.Dir, "jalon.db"), inMailbox, missions...)
}

// settleOn is settle for another database, and for mails kept elsewhere.
func (h *house) settleOn(database string, count func(context.Context, *store.Store) (int, error), missions ...*demo.Mission) {
	h.t.Helper()
	ctx := h.t.Context()
	db, err := store.Open(ctx, database)
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	var backlog store.Backlog
	var kept, seen int
	idle := func() bool {
		// What is due later waits in its process, not in these queues.
		backlog, err = db.Backlog(ctx, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil || backlog.Facts+backlog.Messages > 0 ||
			slices.ContainsFunc(missions, func(m *demo.Mission) bool { return underway(h, m) }) {
			return false
		}
		kept, err = count(ctx, db)
		seen = len(h.player.Mails())
		return err == nil && seen == kept
	}
	if !eventually(h.t, idle, nil, 3*time.Minute) {
		h.t.Errorf("still on their way: %+v; %d mails kept, %d seen; %v", backlog, kept, seen, err)
	}
}

// inMailbox counts the mails that were kept.
func inMailbox(ctx context.Context, db *store.Store) (n int, err error) {
	for from := (store.Cursor{}); ; {
		page, err := db.Mailbox(ctx, "", from, 200)
		n += len(page.Items)
		if err != nil || page.Next == (store.Cursor{}) {
			return n, err
		}
		from = page.Next
	}
}

// underway tells whether a fact of a dossier is not taken in yet.
func underway(h *house, m *demo.Mission) bool {
	return slices.ContainsFunc(rows[models.Inbox](h, m, "facts"), func(f models.Inbox) bool {
		return f.State == models.FactPending || f.State == models.FactDelivered && !starts(f)
	})
}

// starts tells whether a fact starts a process, and says all it has to say by that.
func starts(f models.Inbox) bool {
	return f.Kind == models.FactIntake || f.Kind == models.FactInvoiceDue
}

// remindedInTime checks that who stays silent is reminded, and who answered is not, as soon as the answer is taken in
// (F070). How many answer before the reminder falls due depends on the machine.
func remindedInTime(t *testing.T, h *house, m *demo.Mission) {
	t.Helper()
	reminders := map[string]models.Message{}
	for _, message := range rows[models.Message](h, m, "messages") {
		if message.Template == "invitation_reminder" {
			reminders[message.Subject] = message
		}
	}
	for _, i := range rows[models.Invitation](h, m, "invitations") {
		r := reminders[i.Ref]
		switch {
		case i.Status == models.InvitationSilent && r.SentAt.IsZero():
			t.Errorf("%s is silent, and was not reminded", i.Ref)
		case !i.AnsweredAt.IsZero() && r.SentAt.Sub(i.AnsweredAt) > 12*time.Hour:
			t.Errorf("%s answered on %s, and was reminded on %s", i.Ref, i.AnsweredAt, r.SentAt)
		}
	}
}
