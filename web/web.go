// Package web holds what people see: templates, one stylesheet and the words in French and English. It knows how to
// show a page, not what a page does. Pages work without scripts, on a phone, in light and dark.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"jalon/models"
)

//go:embed templates static messages
var files embed.FS

// CSP is the content security policy of every page: no script, no frame around it, nothing from elsewhere.
const CSP = "default-src 'none'; style-src 'self'; form-action 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'"

// StaticPrefix is the path under which the static files are served, ending with a hash of their content.
var StaticPrefix = "/static/" + staticHash() + "/"

var (
	bundle     = loadMessages()
	localizers = map[models.Lang]*i18n.Localizer{
		models.French:  i18n.NewLocalizer(bundle, "fr"),
		models.English: i18n.NewLocalizer(bundle, "en"),
	}
	templates = loadTemplates()
)

// Static serves the stylesheet and the icon for ever: a change of content changes their path.
func Static() http.Handler {
	sub, err := fs.Sub(files, "static")
	if err != nil {
		panic(err)
	}
	inner := http.StripPrefix(StaticPrefix, http.FileServerFS(sub))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, StaticPrefix) || strings.HasSuffix(r.URL.Path, "/") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		inner.ServeHTTP(w, r)
	})
}

// Render is the HTML of a page in the template called name (templates/name.html).
func Render(name string, p *Page) ([]byte, error) {
	t, ok := templates[name]
	if !ok {
		return nil, fmt.Errorf("web: no template %q", name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout.html", p); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// T is the sentence of a key in a language, its {{.name}} filled from pairs; a value called count chooses the plural.
// A key without sentence shows as itself between brackets, which the tests look for.
func T(lang models.Lang, key string, pairs ...any) string {
	l, ok := localizers[lang]
	if !ok {
		l = localizers[models.French]
	}
	c := &i18n.LocalizeConfig{MessageID: key}
	if len(pairs) > 0 {
		data := make(map[string]any, len(pairs)/2)
		for i := 0; i+1 < len(pairs); i += 2 {
			name, _ := pairs[i].(string)
			data[name] = pairs[i+1]
			if name == "count" {
				c.PluralCount = pairs[i+1]
			}
		}
		c.TemplateData = data
	}
	s, err := l.Localize(c)
	if err != nil {
		return "[" + key + "]"
	}
	return s
}

// Has tells whether a key has a sentence.
func Has(key string) bool {
	_, err := localizers[models.French].Localize(&i18n.LocalizeConfig{MessageID: key})
	return err == nil
}

func loadMessages() *i18n.Bundle {
	b := i18n.NewBundle(language.French)
	b.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	names, err := fs.Glob(files, "messages/*.yaml")
	if err != nil {
		panic(err)
	}
	for _, name := range names { // fr.yaml, money.fr.yaml: a file for each area and language
		text, err := files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		if strings.HasSuffix(strings.TrimSuffix(name, ".yaml"), "fr") {
			text = []byte(models.FrenchSpaces.Replace(string(text)))
		}
		if _, err := b.ParseMessageFileBytes(text, path.Base(name)); err != nil {
			panic(fmt.Errorf("web: %s: %w", name, err))
		}
	}
	return b
}

func loadTemplates() map[string]*template.Template {
	base := template.Must(template.New("").Funcs(template.FuncMap{
		"static": func(name string) string { return StaticPrefix + name },
	}).ParseFS(files, "templates/layout.html", "templates/parts.html", "templates/console_parts.html"))
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		panic(err)
	}
	out := map[string]*template.Template{}
	for _, n := range names {
		name := strings.TrimSuffix(path.Base(n), ".html")
		if name == "layout" || name == "parts" || name == "console_parts" {
			continue
		}
		out[name] = template.Must(template.Must(base.Clone()).ParseFS(files, n))
	}
	return out
}

func staticHash() string {
	h := sha256.New()
	err := fs.WalkDir(files, "static", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := files.ReadFile(p)
		h.Write([]byte(p))
		h.Write(text)
		return err
	})
	if err != nil {
		panic(err)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}
