package jalon_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "jalon/"

// arrows are the rooms that each room may import. A room that is not listed may not exist: say what it may import.
var arrows = map[string][]string{
	"models":     {},
	"policies":   {"models"},
	"web":        {"models"},
	"store":      {"models"},
	"mail":       {"models"},
	"documents":  {"models"},
	"workflows":  {"models"},
	"activities": {"store", "mail", "documents", "models"},
	"worker":     {"workflows", "activities", "store", "mail", "documents", "policies", "models"},
	"api":        {"workflows", "activities", "store", "mail", "documents", "web", "policies", "models"},
	// Its people have what real people have: mails, pages and the API.
	"demo": {"models"},
	"cmd":  {"demo", "api", "worker", "workflows", "activities", "store", "mail", "documents", "web", "policies", "models"},
	// Whole-system tests and benchmarks look at the house from outside.
	"e2e":   {"cmd", "demo", "api", "worker", "workflows", "activities", "store", "mail", "documents", "web", "policies", "models"},
	"bench": {"cmd", "demo", "api", "worker", "workflows", "activities", "store", "mail", "documents", "web", "policies", "models"},
}

// outside limits what rooms import from elsewhere, by prefix. Rooms not listed here are free.
var outside = map[string]struct{ only, never []string }{
	// Pure: no files, no network, no database, no framework.
	"models": {never: []string{"os", "net", "log", "database/", "io/ioutil", "gorm.io/", "go.temporal.io/",
		"github.com/gin-gonic/", "github.com/danielgtaylor/huma/"}},
	// Deterministic: the domain and the SDK, nothing that could look at the world.
	"workflows": {only: []string{"go.temporal.io/"}, never: []string{"os", "net", "log", "database/", "math/rand",
		"go.temporal.io/sdk/client", "go.temporal.io/sdk/worker"}},
	"store":     {never: []string{"go.temporal.io/", "net/http", "github.com/gin-gonic/"}},
	"mail":      {never: []string{"go.temporal.io/", "gorm.io/", "github.com/gin-gonic/"}},
	"documents": {never: []string{"go.temporal.io/", "gorm.io/", "net/http", "github.com/gin-gonic/"}},
}

// notRooms are folders without code of the house.
var notRooms = []string{"bin", "tools", "deploy", "docs"}

type source struct {
	path    string // slash-separated, from the root
	room    string
	test    bool
	imports []string
}

// TestImportArrows holds the shape of the house: imports point one way only.
func TestImportArrows(t *testing.T) {
	for _, s := range sources(t) {
		if s.room == "" {
			continue // the root itself
		}
		allowed, known := arrows[s.room]
		if !known {
			t.Errorf("%s: no arrow says what the room %q may import", s.path, s.room)
			continue
		}
		for _, imported := range s.imports {
			if rest, ours := strings.CutPrefix(imported, module); ours {
				target, _, _ := strings.Cut(rest, "/")
				// Tests may start a server and read the shipped policies, whatever their room.
				helper := s.test && (imported == module+"worker/temporaltest" || target == "policies")
				if target != s.room && !helper && !slices.Contains(allowed, target) {
					t.Errorf("%s imports %s: %s may import %v only", s.path, imported, s.room, allowed)
				}
				continue
			}
			if s.test {
				continue
			}
			limits := outside[s.room]
			if under(imported, limits.never) {
				t.Errorf("%s imports %s: not in %s", s.path, imported, s.room)
			}
			standard := !strings.Contains(strings.SplitN(imported, "/", 2)[0], ".")
			if limits.only != nil && !standard && !under(imported, limits.only) {
				t.Errorf("%s imports %s: %s imports %v only", s.path, imported, s.room, limits.only)
			}
		}
	}
}

// TestOneConceptOneFileName refuses two spellings of one name (invoice.go beside invoices.go), and holds the example
// that the design gives.
func TestOneConceptOneFileName(t *testing.T) {
	spelled := map[string]source{}
	for _, s := range sources(t) {
		name := strings.TrimSuffix(filepath.Base(s.path), "_test.go")
		name = strings.TrimSuffix(name, ".go")
		plain := strings.TrimSuffix(strings.NewReplacer("_", "", "-", "").Replace(name), "s")
		first, seen := spelled[plain]
		firstName := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(first.path), "_test.go"), ".go")
		switch {
		case !seen:
			spelled[plain] = s
		case firstName != name:
			t.Errorf("%s and %s: one concept has one file name", first.path, s.path)
		}
	}
	for _, room := range []string{"models", "workflows", "activities", "store", "api"} {
		if _, err := os.Stat(filepath.Join(room, "solicitation.go")); err != nil {
			t.Errorf("%s/solicitation.go: a concept has its file in every room that knows it", room)
		}
	}
}

func under(imported string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool {
		return imported == p || strings.HasPrefix(imported, strings.TrimSuffix(p, "/")+"/")
	})
}

func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		slashed := filepath.ToSlash(path)
		if d.IsDir() {
			if path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || slices.Contains(notRooms, slashed)) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		s := source{path: slashed, test: strings.HasSuffix(path, "_test.go")}
		if room, _, inside := strings.Cut(slashed, "/"); inside {
			s.room = room
		}
		for _, i := range file.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, imported)
		}
		out = append(out, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
