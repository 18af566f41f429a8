package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail" // MIME, STARTTLS and every way of signing in, kept up to date
)

// TLSMode is how a connection to a mail server is protected.
type TLSMode string

// Modes. None is for a server on the same machine or network that is trusted with everything in the mails.
const (
	StartTLS    TLSMode = "starttls" // begins in clear, and must be raised to TLS before anything is said; port 587
	ImplicitTLS TLSMode = "tls"      // TLS from the first byte; port 465
	NoTLS       TLSMode = "none"
)

// smtpTimeout bounds each half of an attempt, real time: connecting and signing in, then handing over.
const smtpTimeout = 30 * time.Second

// SMTP is the transport to any mail server. It says nothing afterwards of what became of a mail: what bounces later
// comes back to the sender's mailbox.
type SMTP struct {
	Host     string
	Port     int
	TLS      TLSMode
	CAs      *x509.CertPool // that may vouch for the server; nil: the system's
	User     string         // empty: without signing in
	Password string
	Hello    string // what this side calls itself: a full domain name, or many servers refuse
}

// Name is "smtp".
func (SMTP) Name() string { return "smtp" }

// Send hands the mail over on a connection of its own. Only the server's answer to the whole mail says that it was
// taken: a connection lost before that answer, with all of it written, is unclear. What the server has against this
// installation (sign-in, sender, greeting) is tried again, so that nothing is lost when the setting is corrected; what
// it has against the addressee or the mail for good is rejected.
func (t SMTP) Send(ctx context.Context, m Mail) (Receipt, error) {
	msg, err := message(m)
	if err != nil {
		return Receipt{}, &Rejected{Code: "address_invalid"}
	}
	client, err := t.client()
	if err != nil {
		return Receipt{}, &Retry{Code: "configuration", After: configAfter}
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return Receipt{}, notConnected(err)
	}
	if err := client.SendWithSMTPClient(conn, msg); err != nil {
		// Without a farewell: after a half-written mail, the next command would end it and have it delivered.
		_ = conn.Close()
		return Receipt{}, notTaken(err)
	}
	_ = conn.Quit() // the mail is taken, whatever becomes of the connection
	return Receipt{}, nil
}

func (t SMTP) client() (*mail.Client, error) {
	options := []mail.Option{mail.WithPort(t.Port), mail.WithTimeout(smtpTimeout), mail.WithHELO(t.Hello),
		mail.WithoutNoop(), mail.WithoutRset(), // one mail per connection
		mail.WithTLSConfig(&tls.Config{ServerName: t.Host, RootCAs: t.CAs, MinVersion: tls.VersionTLS12})}
	switch t.TLS {
	case StartTLS:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	case ImplicitTLS:
		options = append(options, mail.WithSSL())
	case NoTLS:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		return nil, fmt.Errorf("smtp: no TLS mode %q", t.TLS)
	}
	if t.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(t.User), mail.WithPassword(t.Password))
	}
	return mail.NewClient(t.Host, options...)
}

// message writes the mail in MIME: text, the same as HTML, and what is attached.
func message(m Mail) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From((&netmail.Address{Name: m.FromName, Address: m.From}).String()); err != nil {
		return nil, err
	}
	if err := msg.To((&netmail.Address{Name: m.ToName, Address: m.To}).String()); err != nil {
		return nil, err
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.At)
	msg.SetMessageIDWithValue(strings.Trim(m.MessageID, "<>"))
	for _, h := range headers(m) {
		msg.SetGenHeader(mail.Header(h.Name), h.Value)
	}
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	for _, a := range m.Attachments {
		msg.AttachReadSeeker(a.Name, bytes.NewReader(a.Data), mail.WithFileContentType(mail.ContentType(a.MediaType)))
	}
	return msg, nil
}

// notConnected tells why nothing could be said yet: no mail was on its way. The server's permanent answers concern
// this installation here, never the mail.
func notConnected(err error) error {
	if answer := (*textproto.Error)(nil); errors.As(err, &answer) {
		if answer.Code >= 500 {
			return &Retry{Code: "configuration", After: configAfter}
		}
		return &Retry{Code: smtpCode(answer.Code)}
	}
	var (
		certificate *tls.CertificateVerificationError
		network     net.Error
	)
	switch {
	case errors.As(err, &certificate):
		return &Retry{Code: "certificate", After: configAfter}
	case errors.As(err, &network), errors.Is(err, io.EOF):
		return &Retry{Code: "connection_failed"}
	}
	return &Retry{Code: "configuration", After: configAfter} // no STARTTLS, no way of signing in that both know
}

// notTaken tells what a failed hand-over means.
func notTaken(err error) error {
	var failed *mail.SendError
	if !errors.As(err, &failed) {
		return &Unclear{Code: "connection_failed"}
	}
	code := failed.ErrorCode()
	switch {
	case code == 0 && failed.Reason == mail.ErrSMTPDataClose:
		return &Unclear{Code: "connection_failed"}
	case code == 0: // the mail's end was never written
		return &Retry{Code: "connection_failed"}
	case code < 500:
		return &Retry{Code: smtpCode(code)}
	case failed.Reason == mail.ErrSMTPMailFrom || code == 530: // the sender is refused; sign-in is wanted (RFC 4954)
		return &Retry{Code: "configuration", After: configAfter}
	}
	return &Rejected{Code: smtpCode(code)}
}

func smtpCode(code int) string { return "smtp_" + strconv.Itoa(code) }
