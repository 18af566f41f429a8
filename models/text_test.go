package models

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesTyped(t *testing.T) {
	for typed, want := range map[string]struct {
		name string
		code Code
	}{
		" Éloïse  D’Arc\u00a0":   {"Éloïse  D’Arc", ""},
		"👩\u200d🏫":               {"👩\u200d🏫", ""},
		"Alix\n":                 {"Alix", ""},
		"":                       {"", CodeInvalid},
		" \t\u00a0\u2003":        {"", CodeInvalid},
		"\u200b\ufeff\u2060":     {"", CodeInvalid},
		"\u3164\u115f":           {"", CodeInvalid},
		"Alix\nBcc: x@y.example": {"Alix\nBcc: x@y.example", CodeInvalid},
		"Alix\u2028Exemple":      {"Alix\u2028Exemple", CodeInvalid},
	} {
		got := Trimmed(typed)
		require.Equal(t, want.name, got, "%q", typed)
		require.Equal(t, want.code, ErrorCode(CheckName(got)), "%q", typed)
	}
}
