package mail

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"jalon/models"
)

const testKey = "0123456789abcdef0123456789abcdef"

var purposes = []models.Purpose{models.LinkAnswer, models.LinkSlots, models.LinkChoose, models.LinkAuditReport,
	models.LinkProgramme, models.LinkSign, models.LinkAttend, models.LinkSheet, models.LinkJustify,
	models.LinkPositioning, models.LinkHot, models.LinkCold, models.LinkRecap, models.LinkInvoice, models.LinkWithdraw,
	models.LinkCancel, models.LinkDocument}

func signer(t interface{ Fatal(...any) }, current string, older ...string) *Signer {
	s, err := NewSigner(current, older...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func drawLink(t *rapid.T, label string) models.Link {
	return models.Link{Purpose: rapid.SampledFrom(purposes).Draw(t, label+" purpose"),
		Subject:    rapid.StringMatching(`[DTPI]-2026-[0-9]{1,6}(/[a-z]{1,9}/[0-9]{1,3})?(\|P-[0-9]{1,6})?`).Draw(t, label+" subject"),
		Generation: rapid.IntRange(0, 50).Draw(t, label+" generation")}
}

func TestTokensSayWhatWasSigned(t *testing.T) {
	s := signer(t, testKey)
	safe := regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	rapid.Check(t, func(t *rapid.T) {
		l := drawLink(t, "link")
		token := s.Sign(l)
		if token != s.Sign(l) {
			t.Fatal("a retry would send another link")
		}
		if !safe.MatchString(token) {
			t.Fatalf("not safe in a URL: %s", token)
		}
		if got, err := s.Verify(token); err != nil || got != l {
			t.Fatalf("got %+v, %v; want %+v", got, err, l)
		}
		if other := drawLink(t, "other"); other != l && s.Sign(other) == token {
			t.Fatalf("%+v and %+v have one token", l, other)
		}
	})
}

func TestAlteredTokensAreRefused(t *testing.T) {
	s := signer(t, testKey)
	refused := func(t *rapid.T, token string) {
		if _, err := s.Verify(token); models.ErrorCode(err) != models.CodeLinkInvalid {
			t.Fatalf("%q: %v", token, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		token := s.Sign(drawLink(t, "link"))
		bytes := []byte(token)
		i := rapid.IntRange(0, len(bytes)-1).Draw(t, "at")
		bytes[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		refused(t, string(bytes))

		c := rapid.SampledFrom([]byte("ABab01-_.=\n\r ")).Draw(t, "character")
		if c != token[i] {
			refused(t, token[:i]+string(c)+token[i+1:])
		}
		refused(t, token[:i])
		refused(t, token[:i]+"\n"+token[i:]) // base64 decoders skip line ends
		refused(t, token+"=")
	})
	rapid.Check(t, func(t *rapid.T) { refused(t, rapid.String().Draw(t, "nonsense")) })
}

func TestKeysRotate(t *testing.T) {
	l := models.Link{Purpose: models.LinkAttend, Subject: "D-2026-000123/session/2|P-000009"}
	newKey := strings.Repeat("n", MinLinkKey)
	old := signer(t, testKey).Sign(l)
	both := signer(t, newKey, testKey)
	if got, err := both.Verify(old); err != nil || got != l {
		t.Errorf("a link mailed before the rotation: %+v, %v", got, err)
	}
	if both.Sign(l) == old {
		t.Error("the old key still signs")
	}
	if _, err := signer(t, newKey).Verify(old); models.ErrorCode(err) != models.CodeLinkInvalid {
		t.Errorf("a forgotten key is still honoured: %v", err)
	}
	if _, err := NewSigner("short"); err == nil {
		t.Error("a short key is accepted")
	}
}
