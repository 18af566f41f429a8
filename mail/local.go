package mail

import (
	"context"

	"jalon/models"
)

// Keeper stores mails for the local mailbox page; keeping the same key again changes nothing.
type Keeper interface {
	KeepMail(ctx context.Context, item models.MailboxItem) error
}

// Local is the transport that keeps mails in the installation, where a page shows them. Nothing is unclear with it:
// the key makes a repeat harmless.
type Local struct{ Keeper Keeper }

// Name is "local".
func (Local) Name() string { return "local" }

// Send keeps the mail.
func (t Local) Send(ctx context.Context, m Mail) (Receipt, error) {
	item := models.MailboxItem{Key: m.Key, MessageID: m.MessageID, To: m.To, Subject: m.Subject, Text: m.Text,
		HTML: m.HTML, Dossier: m.Dossier, Template: m.Template, At: m.At}
	for _, a := range m.Attachments {
		item.Attach = append(item.Attach, a.SHA256)
	}
	if err := t.Keeper.KeepMail(ctx, item); err != nil {
		return Receipt{}, &Retry{Code: "mailbox_unavailable"}
	}
	return Receipt{Provider: m.MessageID}, nil
}
