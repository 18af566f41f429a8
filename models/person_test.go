package models

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnAddressIsTypedAlone(t *testing.T) {
	for _, address := range []string{"a@example.org", "prénom.nom@example.org", "a+b@example.org", "a@écoles.example.org", "a@e\u0301coles.example.org",
		"a@xn--e1afmkfd.xn--p1ai", "a@пример.рф", "a@1-2.example.org"} {
		require.NoError(t, CheckEmail(address), address)
	}
	for _, address := range []string{"", "a", "a@", "@example.org", "<a@example.org>", `"A" <a@example.org>`, `"A"<a@example.org>`, "A <a@example.org>",
		`"a"@example.org`, " a@example.org", "a..b@example.org", "a.@example.org", "a@example..org", "a@b@example.org", "a@example.org\x00", "a@example.org, b@example.org", "a@example.org\r\nBcc: b@example.org",
		"a@example.org\u00a0", "\u200ba@example.org", "a\u00a0b@example.org", "a@exam\u200bple.org", "a@example.org\u2028", "a\ufeff@example.org", "a\u202e@example.org",
		"a@exa!mple.org", "a@-", "a@-example.org", "a@example-.org", "a@example", "a@example.org.", "a@exam_ple.org"} {
		require.Equal(t, CodeInvalid, ErrorCode(CheckEmail(address)), address)
	}
}
