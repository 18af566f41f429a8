package api

import (
	"encoding/json"
	"fmt"
	"html"
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
	for call, words := range map[string][]string{
		"list-invoices": {`<code>limit</code></td><td>in the query, integer: 1 to 100; 50 if absent</td><td>Items of a page`, `<code>cursor</code></td><td>in the query, string: up to 300 characters`},
		"postpone":      {`<code>Idempotency-Key</code> <strong>needed</strong></td><td>in the header, string: 1 to 200 characters`},
		"get-recap":     {`<code>month</code> <strong>needed</strong></td><td>in the path, string: like ^[0-9]{4}-[0-9]{2}$`},
		"get-document":  {`<code>sha256</code> <strong>needed</strong>`},
	} {
		for _, w := range words {
			require.Contains(t, calls[call], w, call)
		}
	}
	for _, words := range []string{"Bearer jln_", "the header Origin of the address", "Idempotency-Replayed", "Retry-After", "give it as <code>cursor</code>"} {
		require.Contains(t, a.body, words)
	}
	for code, r := range refusals {
		if !strings.HasPrefix(string(code), "link_") {
			require.Contains(t, html.UnescapeString(a.body), fmt.Sprintf("<code>%s</code></td><td>%s</td><td>%d</td>", code, r.en, r.status))
		}
	}
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

// What openapi.json says of refusals is what calls answer: each status, with its problem document and its codes.
func TestOpenAPITellsHowToCallAndWhatIsRefused(t *testing.T) {
	h := newAgency(t, nil)
	raw, err := h.OpenAPI()
	require.NoError(t, err)
	type param struct {
		In, Name, Description string
		Schema                map[string]any
	}
	type response struct {
		Ref         string `json:"$ref"`
		Description string
		Headers     map[string]any
		Content     map[string]struct{ Schema map[string]any }
	}
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Parameters  []param
			Responses   map[string]response
			Security    []map[string][]string
			Roles       []string `json:"x-roles"`
		}
		Components struct {
			Responses       map[string]response
			SecuritySchemes map[string]map[string]string
		}
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	require.Equal(t, "bearer", doc.Components.SecuritySchemes["token"]["scheme"])
	require.Equal(t, cookieName, doc.Components.SecuritySchemes["session"]["name"])
	require.Contains(t, doc.Components.SecuritySchemes["session"]["description"], "Origin")
	for name, r := range doc.Components.Responses {
		require.Equal(t, "#/components/schemas/Problem", r.Content["application/problem+json"].Schema["$ref"], name)
	}
	for _, name := range []string{"TooManyRequests", "Unavailable"} {
		require.Contains(t, doc.Components.Responses[name].Headers, "Retry-After")
	}
	require.Contains(t, doc.Components.Responses["Gone"].Description, "`dossier_closed`: ")
	for path, methods := range doc.Paths {
		for method, op := range methods {
			for _, p := range op.Parameters {
				require.NotEmpty(t, p.Description, "%s %s: %s", method, path, p.Name)
				require.NotEmpty(t, p.Schema["type"], "%s %s: %s", method, path, p.Name)
			}
			want := []string{"400", "429", "500", "503"}
			public := len(op.Roles) == 1 && op.Roles[0] == "public"
			require.Equal(t, public, len(op.Security) == 0, op.OperationID)
			if !public {
				want = append(want, "401", "403")
			}
			if method != "get" {
				want = append(want, "404", "409", "410", "413", "415", "422")
			}
			for _, status := range want {
				name := strings.TrimPrefix(op.Responses[status].Ref, "#/components/responses/")
				require.Contains(t, doc.Components.Responses, name, "%s: %s", op.OperationID, status)
			}
		}
	}
}
