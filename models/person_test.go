package models

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnAddressIsTypedAlone(t *testing.T) {
	for _, address := range []string{"a@example.org", "prénom.nom@example.org", "a+b@example.org"} {
		require.NoError(t, CheckEmail(address), address)
	}
	for _, address := range []string{"", "a", "a@", "@example.org", "<a@example.org>", `"A" <a@example.org>`, `"A"<a@example.org>`, "A <a@example.org>",
		`"a"@example.org`, " a@example.org", "a..b@example.org", "a.@example.org", "a@example..org", "a@b@example.org", "a@example.org\x00", "a@example.org, b@example.org", "a@example.org\r\nBcc: b@example.org"} {
		require.Equal(t, CodeInvalid, ErrorCode(CheckEmail(address)), address)
	}
}
