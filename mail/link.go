package mail

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"jalon/models"
)

// MinLinkKey is the shortest key accepted, in bytes.
const MinLinkKey = 32

// Signer makes and checks the tokens of links. What a token allows, until when, is looked up elsewhere; the token only
// proves that the agency gave it out for this purpose, subject and generation.
type Signer struct {
	current string
	keys    map[string][]byte
}

// NewSigner signs with the current key and still honours the older ones; each needs MinLinkKey bytes.
func NewSigner(current string, older ...string) (*Signer, error) {
	s := &Signer{current: keyID(current), keys: map[string][]byte{}}
	for _, k := range append([]string{current}, older...) {
		if len(k) < MinLinkKey {
			return nil, errors.New("a link key needs at least " + strconv.Itoa(MinLinkKey) + " characters")
		}
		s.keys[keyID(k)] = []byte(k)
	}
	return s, nil
}

// keyID names a key without telling anything of it, so that keys can be rotated without numbering them.
func keyID(key string) string {
	sum := sha256.Sum256([]byte("link key id\x00" + key))
	return base64.RawURLEncoding.EncodeToString(sum[:3])
}

// Sign is the token of a link, the same one each time, safe in a URL.
func (s *Signer) Sign(l models.Link) string { return s.sign(l, s.current) }

func (s *Signer) sign(l models.Link, id string) string {
	payload := string(l.Purpose) + "|" + l.Subject + "|" + strconv.Itoa(l.Generation) + "|" + id
	mac := hmac.New(sha256.New, s.keys[id])
	mac.Write([]byte(payload))
	return base64.RawURLEncoding.EncodeToString([]byte(payload)) + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Verify is the link a token stands for; anything that Sign did not make is refused (link_invalid).
func (s *Signer) Verify(token string) (models.Link, error) {
	bad := models.NewError(models.CodeLinkInvalid, "not a link of ours")
	encoded, _, _ := strings.Cut(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return models.Link{}, bad
	}
	// A subject may hold bars; a purpose, a number and a key name do not.
	parts := strings.Split(string(payload), "|")
	if len(parts) < 4 {
		return models.Link{}, bad
	}
	n := len(parts)
	generation, err := strconv.Atoi(parts[n-2])
	if err != nil || s.keys[parts[n-1]] == nil {
		return models.Link{}, bad
	}
	l := models.Link{Purpose: models.Purpose(parts[0]), Subject: strings.Join(parts[1:n-2], "|"), Generation: generation}
	// The whole token is made again: one written in another way (padding, line ends, signs) is refused too.
	if subtle.ConstantTimeCompare([]byte(s.sign(l, parts[n-1])), []byte(token)) != 1 {
		return models.Link{}, bad
	}
	return l, nil
}
