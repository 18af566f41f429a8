package worker

import (
	"strings"
	"testing"
	"time"

	"jalon/activities"
	"jalon/documents"
	"jalon/mail"
	"jalon/models"
	"jalon/store"
)

// TestAlertUnreadGoesToTheTeam sends what the step of an alert left in the outbox, with the real letters: the alert to
// who stands in for its owner, its copy to the team a business day later, unless it was read meanwhile (docs/adr/0007).
func TestAlertUnreadGoesToTheTeam(t *testing.T) {
	for name, read := range map[string]bool{"nobody reads it": false, "somebody opens the dossier": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "local")
			ctx := t.Context()
			signer, err := mail.NewSigner(strings.Repeat("k", mail.MinLinkKey))
			if err != nil {
				t.Fatal(err)
			}
			folder, err := documents.NewFolder(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			b.Relay.Transport = mail.Local{Keeper: b.Store}
			b.Relay.Letters = &activities.Letters{Store: b.Store, Documents: folder, Signer: signer, BaseURL: "https://jalon.example.org",
				From: "missions@example.org", TeamEmail: "equipe@example.org", Clock: models.Clock{RealEpoch: time.Now(), BusinessEpoch: noon, Scale: 1},
				Console: func(dossier, _ string) string { return "https://jalon.example.org/console/dossiers/" + dossier }}
			const dossier = "D-2026-000001"
			alert := models.Message{Key: "alert", Template: models.TemplateAlert, To: models.RoleStaff, ToRef: "U-000001", Subject: dossier, NotBefore: noon,
				Args: models.Args{{Name: "alert", Value: "qualification_overdue"}}}
			copied := alert
			copied.Key, copied.Template, copied.ToRef, copied.NotBefore = "copy", models.TemplateAlertUnread, "", noon.Add(44*time.Hour)
			copied.Args = append(copied.Args, models.Arg{Name: "owner", Value: "U-000001"})
			for _, err := range []error{
				b.Store.SaveUser(ctx, models.User{Ref: "U-000001", Login: "a", Name: "Ada Suivi", Email: "ada@example.org", Active: true}),
				b.Store.SaveUser(ctx, models.User{Ref: "U-000002", Login: "b", Name: "Bo Relais", Email: "bo@example.org", Active: true}),
				b.Store.AddLeave(ctx, models.Leave{Ref: "L-000001", UserRef: "U-000001", From: "2026-11-23", Until: "2026-11-23", Backup: "U-000002"}),
				b.Store.SaveBrief(ctx, models.Brief{Ref: dossier, Title: "Tableur"}),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			_, err = b.Store.Apply(ctx, models.Step{Workflow: "request/" + dossier, Run: "r", Seq: 1, At: noon, Dossier: dossier,
				Messages: []models.Message{alert, copied}, Rows: models.Rows{Request: &models.Request{Ref: dossier, Owner: "U-000001"}}})
			if err != nil {
				t.Fatal(err)
			}
			pass := func() {
				t.Helper()
				if _, err := b.SendMessages(ctx); err != nil {
					t.Fatal(err)
				}
			}
			pass()
			first, err := b.Store.MailboxItem(ctx, "alert")
			if err != nil || first.To != "bo@example.org" || !strings.Contains(first.Text, "Ada Suivi") || !strings.Contains(first.Text, "/console/dossiers/"+dossier) {
				t.Fatalf("the alert: %+v (%v)", first, err)
			}
			if read {
				if _, err := b.Store.ReadAlerts(ctx, store.AlertsOf{Dossier: dossier}, "U-000002", noon.Add(time.Hour)); err != nil {
					t.Fatal(err)
				}
			}
			b.real = noon.Add(43 * time.Hour)
			pass()
			if _, err := b.Store.MailboxItem(ctx, "copy"); models.ErrorCode(err) != models.CodeUnknown {
				t.Fatalf("before its time: %v", err)
			}
			b.real = noon.Add(45 * time.Hour)
			pass()
			second, err := b.Store.MailboxItem(ctx, "copy")
			switch {
			case read && models.ErrorCode(err) != models.CodeUnknown:
				t.Fatalf("the team is told of what was read: %v", err)
			case !read && (err != nil || second.To != "equipe@example.org" || !strings.Contains(second.Text, "envoyée à Ada Suivi")):
				t.Fatalf("the copy: %+v (%v)", second, err)
			}
		})
	}
}
