package mail

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/sendgrid/sendgrid-go/helpers/eventwebhook"

	"jalon/models"
)

// EventKind is what became of a mail after the provider took it.
type EventKind string

// Kinds of event. Bounced and dropped are final: the mail did not arrive.
const (
	EventProcessed EventKind = "processed"
	EventDelivered EventKind = "delivered"
	EventDeferred  EventKind = "deferred"
	EventBounced   EventKind = "bounced"
	EventDropped   EventKind = "dropped"
)

// Event is the provider's news of the mail with that key. At is real time, not business time.
type Event struct {
	ID   string // the provider's, for repeats
	Key  string
	Kind EventKind
	At   time.Time
}

// Events checks and reads what SendGrid's event webhook posts.
type Events struct{ key *ecdsa.PublicKey }

// NewEvents takes the public key that SendGrid shows for its signed webhook (base64 of its DER form).
func NewEvents(publicKey string) (*Events, error) {
	der, err := base64.StdEncoding.DecodeString(publicKey)
	if err != nil {
		return nil, errors.New("the event webhook's public key is not base64")
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	key, ok := parsed.(*ecdsa.PublicKey)
	if err != nil || !ok {
		return nil, errors.New("the event webhook's public key is not an ECDSA public key")
	}
	return &Events{key: key}, nil
}

// Read is the events of a request about our mails; a wrong signature is refused (unauthenticated), a body that is not
// a list of events too (malformed_body). Opens and clicks are left out: they are not asked for.
func (e *Events) Read(headers http.Header, body []byte) ([]Event, error) {
	ok, err := eventwebhook.VerifySignature(e.key, body, headers.Get(eventwebhook.VerificationHTTPHeader),
		headers.Get(eventwebhook.TimestampHTTPHeader))
	if err != nil || !ok {
		return nil, models.NewError(models.CodeUnauthenticated, "the event webhook's signature is wrong")
	}
	var posted []struct {
		Event     string `json:"event"`
		ID        string `json:"sg_event_id"`
		Key       string `json:"jalon_key"` // KeyArgument
		Timestamp int64  `json:"timestamp"` // Unix seconds
	}
	if err := json.Unmarshal(body, &posted); err != nil {
		return nil, models.NewError(models.CodeMalformed, "not a list of events")
	}
	kinds := map[string]EventKind{"processed": EventProcessed, "delivered": EventDelivered, "deferred": EventDeferred,
		"bounce": EventBounced, "dropped": EventDropped}
	var out []Event
	for _, p := range posted {
		if kind := kinds[p.Event]; kind != "" && p.Key != "" {
			out = append(out, Event{ID: p.ID, Key: p.Key, Kind: kind, At: time.Unix(p.Timestamp, 0).UTC()})
		}
	}
	return out, nil
}
