package mail

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sendgrid/rest"
	"github.com/sendgrid/sendgrid-go"
	sg "github.com/sendgrid/sendgrid-go/helpers/mail"
)

// KeyArgument is the custom argument that carries the outbox key to SendGrid and back in its events.
const KeyArgument = "jalon_key"

const (
	sendGridTimeout = 30 * time.Second
	configAfter     = 5 * time.Minute
)

// SendGrid is the production transport.
type SendGrid struct {
	Key  string
	Host string // https://api.sendgrid.com unless set
}

// Name is "sendgrid".
func (SendGrid) Name() string { return "sendgrid" }

// Send posts the mail. A wrong key or an unverified sender (401, 403) is the installation's fault, not the mail's: it
// is tried again, so that nothing is lost when the setting is corrected.
func (t SendGrid) Send(ctx context.Context, m Mail) (Receipt, error) {
	host := t.Host
	if host == "" {
		host = "https://api.sendgrid.com"
	}
	request := sendgrid.GetRequest(t.Key, "/v3/mail/send", host)
	request.Method = rest.Post
	client := sendgrid.Client{Request: request}

	ctx, cancel := context.WithTimeout(ctx, sendGridTimeout)
	defer cancel()
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true) }})

	response, err := client.SendWithContext(ctx, compose(m))
	// A status is an answer, even when the connection broke in the middle of the body behind it.
	if response == nil {
		code := "connection_failed"
		if errors.Is(err, context.DeadlineExceeded) {
			code = "timeout"
		}
		if written.Load() {
			return Receipt{}, &Unclear{Code: code}
		}
		return Receipt{}, &Retry{Code: code}
	}
	switch status := response.StatusCode; {
	case status >= 200 && status < 300:
		return Receipt{Provider: http.Header(response.Headers).Get("X-Message-Id")}, nil
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return Receipt{}, &Retry{Code: "configuration", After: configAfter}
	case status == http.StatusTooManyRequests || status >= 500 || status == http.StatusRequestTimeout:
		return Receipt{}, &Retry{Code: "status_" + strconv.Itoa(status), After: retryAfter(response.Headers)}
	case status == http.StatusRequestEntityTooLarge:
		return Receipt{}, &Rejected{Code: "too_large"}
	default:
		return Receipt{}, &Rejected{Code: "status_" + strconv.Itoa(status)}
	}
}

func retryAfter(h http.Header) time.Duration {
	secs, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || secs < 0 {
		return 0
	}
	return time.Duration(min(secs, 3600)) * time.Second
}

func compose(m Mail) *sg.SGMailV3 {
	out := sg.NewV3Mail()
	out.SetFrom(sg.NewEmail(m.FromName, m.From))
	out.Subject = m.Subject
	out.AddContent(sg.NewContent("text/plain", m.Text), sg.NewContent("text/html", m.HTML))
	p := sg.NewPersonalization()
	p.AddTos(sg.NewEmail(m.ToName, m.To))
	p.SetCustomArg(KeyArgument, m.Key)
	out.AddPersonalizations(p)
	out.SetHeader("Message-ID", m.MessageID)
	for _, h := range headers(m) {
		out.SetHeader(h.Name, h.Value)
	}
	for _, a := range m.Attachments {
		out.AddAttachment(sg.NewAttachment().SetContent(base64.StdEncoding.EncodeToString(a.Data)).SetType(a.MediaType).
			SetFilename(a.Name).SetDisposition("attachment"))
	}
	// Rewritten links would hide where they lead, and tell a third party who follows them.
	out.SetTrackingSettings(sg.NewTrackingSettings().
		SetClickTracking(sg.NewClickTrackingSetting().SetEnable(false).SetEnableText(false)).
		SetOpenTracking(sg.NewOpenTrackingSetting().SetEnable(false)))
	return out
}
