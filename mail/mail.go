// Package mail writes messages in the words of a courteous colleague, and hands them to a transport.
package mail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"jalon/models"
)

// Mail is a rendered message, ready to leave. Key is the outbox's: the same message always carries the same one.
type Mail struct {
	Key         string
	MessageID   string // with its angle brackets
	From        string
	FromName    string
	To          string
	ToName      string
	Subject     string
	Text        string
	HTML        string
	Lang        models.Lang
	Template    string
	Dossier     string
	Attachments []Attachment
	At          time.Time // business time of the attempt
}

// Attachment is a document that goes with a mail; SHA256 is the name under which it is stored.
type Attachment struct {
	Name      string
	MediaType string
	SHA256    string
	Data      []byte
}

// MessageID is the Message-ID of a key: the same however often it is tried, and silent about what the key says.
func MessageID(key, domain string) string {
	sum := sha256.Sum256([]byte(key))
	return "<" + hex.EncodeToString(sum[:16]) + "@" + domain + ">"
}

// Headers that tell rules and searches of a mail program what a mail is about, without its words.
const (
	HeaderKey      = "X-Jalon-Key"
	HeaderTemplate = "X-Jalon-Template"
	HeaderDossier  = "X-Jalon-Dossier"
)

// Header is one line of a mail's head.
type Header struct{ Name, Value string }

// headers are what every transport adds to sender, addressee, subject and Message-ID.
func headers(m Mail) []Header {
	out := []Header{{"Auto-Submitted", "auto-generated"}, // absence notes need not answer (RFC 3834)
		{HeaderKey, m.Key}, {HeaderTemplate, m.Template}}
	if m.Dossier != "" {
		out = append(out, Header{HeaderDossier, m.Dossier})
	}
	if m.Lang != "" {
		out = append(out, Header{"Content-Language", string(m.Lang)})
	}
	return out
}

// Receipt is what a transport says of a mail it took.
type Receipt struct {
	Provider string // the provider's own identifier, if it gave one
}

// Transport takes one mail. Its errors are *Rejected, *Retry or *Unclear; any other one means that nothing left.
type Transport interface {
	Name() string
	Send(ctx context.Context, m Mail) (Receipt, error)
}

// Rejected says that the provider will never take this mail.
type Rejected struct {
	Code string // stable, for the outbox row
}

func (e *Rejected) Error() string { return "mail rejected: " + e.Code }

// Retry says that nothing left and that a later attempt may succeed. After is real time, zero when the provider gave
// no hint.
type Retry struct {
	Code  string
	After time.Duration
}

func (e *Retry) Error() string { return fmt.Sprintf("mail not taken: %s (after %s)", e.Code, e.After) }

// Unclear says that the mail may or may not have been taken: trying again could send it twice.
type Unclear struct {
	Code string
}

func (e *Unclear) Error() string { return "mail perhaps taken: " + e.Code }
