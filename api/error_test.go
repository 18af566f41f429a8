package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

// codes are every models.Code, read from its source: a new one without sentences must not pass.
func codes(t *testing.T) []models.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../models/error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []models.Code
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 {
			if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "Code" {
				text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, models.Code(text))
			}
		}
		return true
	})
	return out
}

func TestEveryCodeHasASentenceInBothLanguages(t *testing.T) {
	all := codes(t)
	if len(all) < 40 {
		t.Fatalf("only %d codes read", len(all))
	}
	for _, c := range all {
		r, ok := refusals[c]
		if !ok || r.fr == "" || r.en == "" || r.fr == r.en || http.StatusText(r.status) == "" {
			t.Errorf("%s: %+v", c, r)
		}
	}
	if len(refusals) != len(all) {
		t.Errorf("%d refusals for %d codes", len(refusals), len(all))
	}
}

// Who reads that something went wrong here may have been heard all the same: nothing is said of what was changed.
func TestAnErrorOfOursClaimsNothingOfWhatWasDone(t *testing.T) {
	for _, code := range []models.Code{models.CodeInternal, models.CodeUnavailable} {
		require.NotContains(t, Sentence(code, models.French), "changé")
		require.NotContains(t, Sentence(code, models.English), "changed")
	}
}

func TestLanguageOfTheReader(t *testing.T) {
	for header, want := range map[string]models.Lang{"": "fr", "en": "en", "en-GB,fr;q=0.5": "en", "fr-CA": "fr", "de": "fr",
		"de, en;q=0.8": "en", "*": "fr", "nonsense;;": "fr"} {
		if got := langOfHeader(header); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}
