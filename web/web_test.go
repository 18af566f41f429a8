package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/web"
)

func keys(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var tree map[string]any
	require.NoError(t, yaml.Unmarshal(text, &tree))
	var out []string
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		m, ok := v.(map[string]any)
		if _, plural := m["other"]; !ok || plural {
			out = append(out, prefix)
			return
		}
		for k, child := range m {
			walk(strings.TrimPrefix(prefix+"."+k, "."), child)
		}
	}
	walk("", tree)
	sort.Strings(out)
	return out
}

func TestBothLanguagesHoldTheSameSentences(t *testing.T) {
	files, err := filepath.Glob("messages/*fr.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		fr, en := keys(t, file), keys(t, strings.TrimSuffix(file, "fr.yaml")+"en.yaml")
		require.Equal(t, fr, en, file)
		for _, key := range fr {
			require.True(t, web.Has(key), key)
		}
	}
}

func TestEverySentenceOfATemplateExists(t *testing.T) {
	files, err := filepath.Glob("templates/*.html")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	call := regexp.MustCompile(`\.T "([^"]+)"`)
	field := regexp.MustCompile(`\.(?:Input|Text) "([^"]+)" "([^"]+)"`)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, m := range call.FindAllStringSubmatch(string(text), -1) {
			require.True(t, web.Has(m[1]), "%s: %s", f, m[1])
		}
		for _, m := range field.FindAllStringSubmatch(string(text), -1) {
			require.True(t, web.Has(m[1]+"."+m[2]), "%s: %s.%s", f, m[1], m[2])
		}
		require.NotContains(t, string(text), "style=", f)
		require.NotContains(t, string(text), "<script", f)
	}
}

func TestWordsOfDatesAndFigures(t *testing.T) {
	at := time.Date(2026, 12, 1, 13, 5, 0, 0, time.UTC)
	require.Equal(t, "mardi 1er décembre 2026 à\u00a014\u00a0h\u00a005", web.DateTime(models.French, at))
	require.Equal(t, "Tuesday 1 December 2026 at\u00a014:05", web.DateTime(models.English, at))
	require.Equal(t, "novembre 2026", web.MonthName(models.French, "2026-11"))
	require.Equal(t, "1,5\u00a0jour", web.Quantity(models.French, 150, models.UnitDay))
	require.Equal(t, "1.5\u00a0days", web.Quantity(models.English, 150, models.UnitDay))
	require.Equal(t, "6\u00a0demi-journées", web.Quantity(models.French, 600, models.UnitHalfDay))
	require.Equal(t, "30\u00a0heures", web.Quantity(models.French, 3000, models.UnitHour))
	require.Equal(t, "3 points sont à corriger", web.T(models.French, "form.wrong", "count", 3))
	require.Equal(t, "Et maintenant\u202f?", web.T(models.French, "layout.next"))
	require.Equal(t, "[no.such]", web.T(models.English, "no.such"))
}

func TestStaticFilesAreKeptForEver(t *testing.T) {
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		web.Static().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	css := get(web.StaticPrefix + "style.css")
	require.Equal(t, http.StatusOK, css.Code)
	require.Contains(t, css.Header().Get("Content-Type"), "text/css")
	require.Contains(t, css.Header().Get("Cache-Control"), "immutable")
	require.Equal(t, http.StatusNotFound, get("/static/other/style.css").Code)
	require.Equal(t, http.StatusNotFound, get(web.StaticPrefix).Code)
	require.Equal(t, http.StatusNotFound, get(web.StaticPrefix+"../messages/fr.yaml").Code)
}
