package mail

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"jalon/models"
)

func sample() Mail {
	return Mail{Key: "invitation/D-2026-000123/1/3", MessageID: MessageID("invitation/D-2026-000123/1/3", "example.org"),
		From: "agency@example.org", FromName: "Agence", To: "trainer@example.com", ToName: "Zoé Élan", Subject: "Été",
		Text: "texte", HTML: "<p>html</p>", At: time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC),
		Attachments: []Attachment{{Name: "contrat.pdf", MediaType: "application/pdf", SHA256: "ab", Data: []byte("%PDF")}}}
}

func TestSendGridAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		header string
		want   error
	}{
		{202, "", nil},
		{400, "", &Rejected{Code: "status_400"}},
		{401, "", &Retry{Code: "configuration", After: configAfter}},
		{403, "", &Retry{Code: "configuration", After: configAfter}},
		{413, "", &Rejected{Code: "too_large"}},
		{429, "7", &Retry{Code: "status_429", After: 7 * time.Second}},
		{503, "", &Retry{Code: "status_503"}},
	} {
		var got map[string]any
		double := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v3/mail/send" || r.Header.Get("Authorization") != "Bearer key" {
				t.Errorf("%s with %s", r.URL.Path, r.Header.Get("Authorization"))
			}
			if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
				t.Error(err)
			}
			w.Header().Set("X-Message-Id", "sg-1")
			w.Header().Set("Retry-After", c.header)
			w.WriteHeader(c.status)
		}))
		receipt, err := SendGrid{Key: "key", Host: double.URL}.Send(context.Background(), sample())
		double.Close()
		if !sameError(err, c.want) {
			t.Errorf("%d: %#v, want %#v", c.status, err, c.want)
		}
		if err == nil && receipt.Provider != "sg-1" {
			t.Errorf("receipt %+v", receipt)
		}
		person := got["personalizations"].([]any)[0].(map[string]any)
		if key := person["custom_args"].(map[string]any)[KeyArgument]; key != sample().Key {
			t.Errorf("key %v", key)
		}
		if id := got["headers"].(map[string]any)["Message-ID"]; id != sample().MessageID {
			t.Errorf("Message-ID %v", id)
		}
		if a := got["attachments"].([]any)[0].(map[string]any); a["content"] != "JVBERg==" || a["filename"] != "contrat.pdf" {
			t.Errorf("attachment %v", a)
		}
	}
}

func sameError(got, want error) bool {
	if want == nil || got == nil {
		return got == nil && want == nil
	}
	return got.Error() == want.Error()
}

func TestSendGridWithoutAnswer(t *testing.T) {
	read := make(chan struct{})
	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		panic(http.ErrAbortHandler)
	}))
	defer cut.Close()
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		close(read)
		<-r.Context().Done()
	}))
	defer silent.Close()
	gone := httptest.NewServer(nil)
	gone.Close()

	var unclear *Unclear
	if _, err := (SendGrid{Host: cut.URL}).Send(context.Background(), sample()); !errors.As(err, &unclear) {
		t.Errorf("cut after the request was written: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-read; cancel() }()
	if _, err := (SendGrid{Host: silent.URL}).Send(ctx, sample()); !errors.As(err, &unclear) {
		t.Errorf("no answer: %v", err)
	}
	var retry *Retry
	if _, err := (SendGrid{Host: gone.URL}).Send(context.Background(), sample()); !errors.As(err, &retry) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestEventsAreReadWhenSigned(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	events, err := NewEvents(base64.StdEncoding.EncodeToString(der))
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`[{"event":"bounce","sg_event_id":"e1","jalon_key":"k/1","timestamp":1795000000},` +
		`{"event":"open","jalon_key":"k/1","timestamp":1795000001},{"event":"delivered","timestamp":1795000001},` +
		`{"event":"delivered","sg_event_id":"e2","jalon_key":"k/2","timestamp":1795000002}]`)
	signed := func(body []byte) http.Header {
		hash := sha256.Sum256(append([]byte("1795000003"), body...))
		signature, err := ecdsa.SignASN1(rand.Reader, private, hash[:])
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		h.Set("X-Twilio-Email-Event-Webhook-Signature", base64.StdEncoding.EncodeToString(signature))
		h.Set("X-Twilio-Email-Event-Webhook-Timestamp", "1795000003")
		return h
	}
	got, err := events.Read(signed(body), body)
	if err != nil {
		t.Fatal(err)
	}
	want := []Event{{ID: "e1", Key: "k/1", Kind: EventBounced, At: time.Unix(1795000000, 0).UTC()},
		{ID: "e2", Key: "k/2", Kind: EventDelivered, At: time.Unix(1795000002, 0).UTC()}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v", got)
	}
	for name, c := range map[string]struct {
		headers http.Header
		body    []byte
		code    models.Code
	}{
		"another body":  {signed(body), []byte(`[]`), models.CodeUnauthenticated},
		"no signature":  {http.Header{}, body, models.CodeUnauthenticated},
		"not a list":    {signed([]byte(`{}`)), []byte(`{}`), models.CodeMalformed},
		"not JSON":      {signed([]byte(`x`)), []byte(`x`), models.CodeMalformed},
		"bad signature": {http.Header{"X-Twilio-Email-Event-Webhook-Signature": {"AAAA"}}, body, models.CodeUnauthenticated},
	} {
		if _, err := events.Read(c.headers, c.body); models.ErrorCode(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewEvents("nonsense"); err == nil {
		t.Error("nonsense is accepted as a key")
	}
}

type mailbox map[string]models.MailboxItem

func (m mailbox) KeepMail(_ context.Context, item models.MailboxItem) error {
	if item.To == "" {
		return errors.New("away")
	}
	m[item.Key] = item
	return nil
}

func TestLocalMailboxKeepsMails(t *testing.T) {
	box := mailbox{}
	for range 2 {
		if _, err := (Local{Keeper: box}).Send(context.Background(), sample()); err != nil {
			t.Fatal(err)
		}
	}
	item := box[sample().Key]
	if len(box) != 1 || item.Subject != "Été" || item.Attach[0] != "ab" || item.MessageID != sample().MessageID {
		t.Errorf("kept %+v", box)
	}
	var retry *Retry
	if _, err := (Local{Keeper: box}).Send(context.Background(), Mail{}); !errors.As(err, &retry) {
		t.Errorf("a mailbox that is away: %v", err)
	}
}
