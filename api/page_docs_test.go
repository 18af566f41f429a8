package api

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDocsTellTheBodyOfEachCall(t *testing.T) {
	h := newAgency(t, nil)
	a := h.do("", "GET", "/docs", "")
	require.Equal(t, 200, a.StatusCode)
	require.NotContains(t, a.body, "<script")
	require.NotContains(t, a.Header.Get("Content-Security-Policy"), "script-src")
	calls := map[string]string{}
	for _, row := range strings.Split(a.body, `<tr id="`)[1:] {
		id, words, _ := strings.Cut(row, `"`)
		calls[id] = words
	}
	for path, p := range h.api.OpenAPI().Paths {
		if p.Post != nil && p.Post.RequestBody != nil {
			require.Contains(t, calls[p.Post.OperationID], "<details>", path)
		}
	}
	require.NotContains(t, calls["sign-out"], "<details>")
	for call, fields := range map[string][]string{
		"create-request": {"<code>title</code> <strong>needed</strong></td><td>string: 1 to 200 characters</td><td>What the mission is called",
			"<code>client.contacts[].email</code> <strong>needed</strong></td><td>email", "<code>mode</code> <strong>needed</strong></td><td>string: one of at_client, in_centre, remote, mixed",
			"<code>policy</code></td><td>string: up to 64 characters; standard if absent"},
		"plan-sessions":  {"<code>sessions[].half_days[].start</code> <strong>needed</strong></td><td>date-time</td><td>When it begins"},
		"record-invoice": {"<code>document</code> <strong>needed</strong></td><td>base64</td><td>The PDF"},
	} {
		for _, f := range fields {
			require.Contains(t, calls[call], f, call)
		}
	}
	require.Empty(t, regexp.MustCompile(`<code>[^<]*</code>( <strong>needed</strong>)?</td><td>[^<]*</td><td></td>`).FindAllString(a.body, -1), "fields that nobody explains")
}
