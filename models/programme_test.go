package models

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestF091WithoutAProgramme(t *testing.T) {
	firm, person := Brief{ClientType: ClientSME}, Brief{ClientType: ClientIndividual, Needs: "Trier"}
	told := firm
	told.Needs = "Trier"
	of := func(status, text string) []Programme { return []Programme{{Status: status, TextRef: text}} }
	for name, c := range map[string]struct {
		brief    Brief
		versions []Programme
		code     Code
	}{
		"needs":                {told, of(ProgrammeAwaited, ""), ""},
		"nothing":              {firm, of(ProgrammeAwaited, ""), CodeNeedsUnknown},
		"a text":               {firm, of(ProgrammeSubmitted, "W-000001"), ""},
		"one that was refused": {firm, of(ProgrammeReturned, "W-000001"), CodeNeedsUnknown},
		"an individual":        {person, nil, CodeNeedsUnknown},
		"with a text":          {person, of(ProgrammeSubmitted, "W-000001"), ""},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.code, ErrorCode(CheckWithoutProgramme(c.brief, c.versions))) })
	}
}
