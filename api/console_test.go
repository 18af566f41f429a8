package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

func TestWithinKeepsToTheConsole(t *testing.T) {
	for next, want := range map[string]string{
		"":                              ConsolePath,
		"/console/dossiers?stage=audit": "/console/dossiers?stage=audit",
		"/consoles":                     ConsolePath,
		"//example.org/console":         ConsolePath,
		"https://example.org/console":   ConsolePath,
		"/console/\\example.org":        ConsolePath,
		"/mailbox":                      ConsolePath,
		"/console/../mailbox":           ConsolePath,
	} {
		require.Equal(t, want, within(next), next)
	}
}

func TestNobodyEntersTheConsoleUnasked(t *testing.T) {
	h := newAgency(t, nil)
	for _, r := range h.engine.Routes() {
		if !strings.HasPrefix(r.Path, ConsolePath) {
			continue
		}
		rule := h.rules[r.Method+" "+r.Path]
		require.NotEmpty(t, rule.Roles, "%s %s", r.Method, r.Path)
		open := func(token string) *httptest.ResponseRecorder {
			w, req := httptest.NewRecorder(), httptest.NewRequest(r.Method, strings.ReplaceAll(r.Path, ":", ""), nil)
			req.Header.Set("Accept", "text/html")
			if token != "" {
				req.Header.Set("Authorization", "Bearer "+token)
			}
			h.Handler().ServeHTTP(w, req)
			return w
		}
		w := open("")
		require.Equal(t, http.StatusSeeOther, w.Code, "%s %s", r.Method, r.Path)
		to, err := url.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		require.Equal(t, signInPath, to.Path)
		for role, token := range h.tokens {
			if !rule.Allows([]models.Role{role}) {
				require.Equal(t, http.StatusForbidden, open(token).Code, "%s %s as %s", r.Method, r.Path, role)
			}
		}
	}
}
