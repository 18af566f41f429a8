// Package smtptest is a mail server in the process of a test: it takes mails over SMTP and shows what came.
package smtptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp" // a server that speaks all of the protocol
)

// Mail is what arrived.
type Mail struct {
	From, To string // of the envelope
	Header   netmail.Header
	Text     string
	HTML     string
	Files    []File
}

// File is an attachment.
type File struct {
	Name, MediaType string
	Content         []byte
}

// Subject is the subject in plain words.
func (m Mail) Subject() string {
	s, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return m.Header.Get("Subject")
	}
	return s
}

// Step is a point of the conversation at which a server may answer otherwise.
type Step string

// Steps.
const (
	Greeting Step = "greeting"
	From     Step = "from"
	To       Step = "to"
	Data     Step = "data" // all of the mail has been read
)

// ErrCut, answered at a step, ends the connection without a word.
var ErrCut = errors.New("cut")

// Refuse is an answer.
func Refuse(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: text}
}

// Options say how the server behaves.
type Options struct {
	TLS      bool // from the first byte
	StartTLS bool // offered
	User     string
	Password string
	Answer   func(Step) error // nil: everything is taken
}

// Server is a running mail server.
type Server struct {
	Host string
	Port int
	CA   []byte // PEM of the authority that vouches for it

	options Options
	mu      sync.Mutex
	mails   []Mail
}

// Start runs a server on a free loopback port until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{options: o}
	certificate := s.certify(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().(*net.TCPAddr)
	s.Host, s.Port = address.IP.String(), address.Port
	server := smtp.NewServer(smtp.BackendFunc(s.session))
	server.Domain, server.ErrorLog = "mail.example.org", log.New(io.Discard, "", 0)
	server.ReadTimeout, server.WriteTimeout, server.AllowInsecureAuth = time.Minute, time.Minute, true
	if config := (&tls.Config{Certificates: []tls.Certificate{certificate}}); o.TLS {
		l = tls.NewListener(l, config)
	} else if o.StartTLS {
		server.TLSConfig = config
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return s
}

// Mails is what arrived so far, in order.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

func (s *Server) answer(c *smtp.Conn, at Step) error {
	if s.options.Answer == nil {
		return nil
	}
	err := s.options.Answer(at)
	if errors.Is(err, ErrCut) {
		_ = c.Conn().Close()
	}
	return err
}

func (s *Server) session(c *smtp.Conn) (smtp.Session, error) {
	v := &visit{server: s, conn: c, known: s.options.User == ""}
	err := s.answer(c, Greeting)
	if s.options.User == "" {
		return v, err
	}
	return &lockedVisit{v}, err
}

// visit is one connection.
type visit struct {
	server   *Server
	conn     *smtp.Conn
	known    bool
	from, to string
}

func (v *visit) Reset()        { v.from, v.to = "", "" }
func (v *visit) Logout() error { return nil }

func (v *visit) Mail(from string, _ *smtp.MailOptions) error {
	if !v.known {
		return Refuse(530, "sign in first")
	}
	v.from = from
	return v.server.answer(v.conn, From)
}

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.to = to
	return v.server.answer(v.conn, To)
}

func (v *visit) Data(r io.Reader) error {
	m, err := read(r)
	if err != nil {
		return Refuse(554, "not a mail")
	}
	if err := v.server.answer(v.conn, Data); err != nil {
		return err
	}
	m.From, m.To = v.from, v.to
	v.server.mu.Lock()
	defer v.server.mu.Unlock()
	v.server.mails = append(v.server.mails, m)
	return nil
}

// lockedVisit is one to a server that wants to know who comes.
type lockedVisit struct{ *visit }

func (v *lockedVisit) AuthMechanisms() []string { return []string{sasl.Plain} }

func (v *lockedVisit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		v.known = user == v.server.options.User && password == v.server.options.Password
		if !v.known {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

// read takes a mail apart.
func read(r io.Reader) (Mail, error) {
	raw, err := netmail.ReadMessage(r)
	if err != nil {
		return Mail{}, err
	}
	m := Mail{Header: raw.Header}
	return m, m.part(raw.Header.Get, raw.Body)
}

func (m *Mail) part(header func(string) string, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(header("Content-Type"))
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err == nil {
				err = m.part(p.Header.Get, p)
			}
			if err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(header("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	disposition, place, _ := mime.ParseMediaType(header("Content-Disposition"))
	switch {
	case disposition == "attachment":
		name, err := new(mime.WordDecoder).DecodeHeader(place["filename"])
		if err != nil {
			return err
		}
		m.Files = append(m.Files, File{Name: name, MediaType: kind, Content: content})
	case kind == "text/html":
		m.HTML = strings.ReplaceAll(string(content), "\r\n", "\n")
	default:
		m.Text = strings.ReplaceAll(string(content), "\r\n", "\n")
	}
	return nil
}

// certify makes the server a certificate for loopback that vouches for itself.
func (s *Server) certify(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.example.org"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
