package mail

import (
	"context"
	"crypto/x509"
	"net"
	netmail "net/mail"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/mail/smtptest"
	"jalon/models"
)

// transport is a transport to a test's mail server.
func transport(s *smtptest.Server, mode TLSMode) SMTP {
	return SMTP{Host: s.Host, Port: s.Port, TLS: mode, Hello: "agency.example.org"}
}

func trusting(t *testing.T, s *smtptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(s.CA))
	return pool
}

func TestSMTPMail(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{})
	m := sample()
	m.Template, m.Dossier, m.Lang = "invitation", "D-2026-000123", models.French
	m.FromName = `Agence "Élan", formation`
	m.Text = "Bonjour Zoé,\n\n.\n..une ligne qui commence par des points\n" + m.Text + "\n"
	_, err := transport(server, NoTLS).Send(t.Context(), m)
	require.NoError(t, err)

	mails := server.Mails()
	require.Len(t, mails, 1)
	got := mails[0]
	require.Equal(t, m.From, got.From)
	require.Equal(t, m.To, got.To)
	from, err := netmail.ParseAddress(got.Header.Get("From"))
	require.NoError(t, err)
	require.Equal(t, netmail.Address{Name: m.FromName, Address: m.From}, *from)
	to, err := netmail.ParseAddress(got.Header.Get("To"))
	require.NoError(t, err)
	require.Equal(t, netmail.Address{Name: m.ToName, Address: m.To}, *to)
	require.Equal(t, m.Subject, got.Subject())
	require.Equal(t, m.MessageID, got.Header.Get("Message-ID"))
	date, err := got.Header.Date()
	require.NoError(t, err)
	require.True(t, date.Equal(m.At), "dated %s", date)
	for name, want := range map[string]string{HeaderKey: m.Key, HeaderTemplate: m.Template, HeaderDossier: m.Dossier,
		"Auto-Submitted": "auto-generated", "Content-Language": "fr"} {
		require.Equal(t, want, got.Header.Get(name), name)
	}
	require.Equal(t, m.Text, got.Text)
	require.Equal(t, m.HTML, got.HTML)
	require.Equal(t, []smtptest.File{{Name: "contrat.pdf", MediaType: "application/pdf", Content: []byte("%PDF")}}, got.Files)
}

// TestSMTPAnswers holds what each answer of a server means (DESIGN section 4): clear refusals are told apart from not
// knowing.
func TestSMTPAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		at     smtptest.Step
		answer error
		want   error
	}{
		{"taken", "", nil, nil},
		{"greeting refused", smtptest.Greeting, smtptest.Refuse(554, "no"), &Retry{Code: "configuration", After: configAfter}},
		{"busy at the greeting", smtptest.Greeting, smtptest.Refuse(421, "busy"), &Retry{Code: "smtp_421"}},
		{"sender refused", smtptest.From, smtptest.Refuse(550, "who?"), &Retry{Code: "configuration", After: configAfter}},
		{"sign-in wanted", smtptest.To, smtptest.Refuse(530, "who?"), &Retry{Code: "configuration", After: configAfter}},
		{"addressee greylisted", smtptest.To, smtptest.Refuse(450, "later"), &Retry{Code: "smtp_450"}},
		{"addressee unknown", smtptest.To, smtptest.Refuse(550, "nobody"), &Rejected{Code: "smtp_550"}},
		{"server full", smtptest.Data, smtptest.Refuse(452, "full"), &Retry{Code: "smtp_452"}},
		{"mail refused", smtptest.Data, smtptest.Refuse(554, "spam"), &Rejected{Code: "smtp_554"}},
		{"cut before the mail", smtptest.To, smtptest.ErrCut, &Retry{Code: "connection_failed"}},
		{"cut after the mail", smtptest.Data, smtptest.ErrCut, &Unclear{Code: "connection_failed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := smtptest.Start(t, smtptest.Options{Answer: func(at smtptest.Step) error {
				if at == c.at {
					return c.answer
				}
				return nil
			}})
			_, err := transport(server, NoTLS).Send(t.Context(), sample())
			require.Equal(t, c.want, err)
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		port := l.Addr().(*net.TCPAddr).Port
		l.Close()
		_, err = SMTP{Host: "127.0.0.1", Port: port, TLS: NoTLS, Hello: "x.example.org"}.Send(t.Context(), sample())
		require.Equal(t, &Retry{Code: "connection_failed"}, err)
	})
	t.Run("an address that is none", func(t *testing.T) {
		m := sample()
		m.To = "nobody"
		_, err := SMTP{Host: "127.0.0.1", Port: 1, TLS: NoTLS}.Send(t.Context(), m)
		require.Equal(t, &Rejected{Code: "address_invalid"}, err)
	})
}

// TestSMTPSilence ends an attempt that a server never answers when its context does.
func TestSMTPSilence(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	host, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = SMTP{Host: host, Port: n, TLS: ImplicitTLS, Hello: "x.example.org"}.Send(ctx, sample())
	require.Equal(t, &Retry{Code: "connection_failed"}, err)
}

func TestSMTPTLS(t *testing.T) {
	for _, c := range []struct {
		name    string
		options smtptest.Options
		mode    TLSMode
		trusted bool
		want    error
	}{
		{"STARTTLS, authority given", smtptest.Options{StartTLS: true}, StartTLS, true, nil},
		{"STARTTLS, authority unknown", smtptest.Options{StartTLS: true}, StartTLS, false, &Retry{Code: "certificate", After: configAfter}},
		{"STARTTLS wanted and not offered", smtptest.Options{}, StartTLS, true, &Retry{Code: "configuration", After: configAfter}},
		{"TLS, authority given", smtptest.Options{TLS: true}, ImplicitTLS, true, nil},
		{"TLS, authority unknown", smtptest.Options{TLS: true}, ImplicitTLS, false, &Retry{Code: "certificate", After: configAfter}},
		{"TLS to a server that begins in clear", smtptest.Options{StartTLS: true}, ImplicitTLS, true, &Retry{Code: "configuration", After: configAfter}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := smtptest.Start(t, c.options)
			tr := transport(server, c.mode)
			if c.trusted {
				tr.CAs = trusting(t, server)
			}
			_, err := tr.Send(t.Context(), sample())
			require.Equal(t, c.want, err)
			if c.want == nil {
				require.Len(t, server.Mails(), 1)
			} else {
				require.Empty(t, server.Mails())
			}
		})
	}
}

func TestSMTPSignIn(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{StartTLS: true, User: "agency", Password: "right"})
	tr := transport(server, StartTLS)
	tr.CAs = trusting(t, server)
	refused := &Retry{Code: "configuration", After: configAfter}
	_, err := tr.Send(t.Context(), sample())
	require.Equal(t, refused, err, "without signing in")
	tr.User, tr.Password = "agency", "wrong"
	_, err = tr.Send(t.Context(), sample())
	require.Equal(t, refused, err, "with a wrong password")
	require.Empty(t, server.Mails())
	tr.Password = "right"
	_, err = tr.Send(t.Context(), sample())
	require.NoError(t, err)
	require.Len(t, server.Mails(), 1)

	t.Run("never in clear", func(t *testing.T) {
		server := smtptest.Start(t, smtptest.Options{User: "agency", Password: "right"})
		tr := transport(server, NoTLS)
		tr.User, tr.Password = "agency", "right"
		_, err := tr.Send(t.Context(), sample())
		require.Equal(t, refused, err)
	})
}
