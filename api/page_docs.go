package api

import (
	"bytes"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

// docsPage shows the operations to people, without loading anything from elsewhere; openapi.json tells all of it.
var docsPage = template.Must(template.New("docs").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Jalon API</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}td,th{padding:.3rem .6rem;border-bottom:1px solid #8886;text-align:left;vertical-align:top}
code{font-size:.9em}</style></head><body>
<h1>Jalon API</h1><p>{{.About}}</p><p>The whole description: <a href="/openapi.json">openapi.json</a></p>
{{range .Groups}}<h2>{{.Tag}}</h2><table><thead><tr><th>Call</th><th>What it does</th><th>Who may</th></tr></thead><tbody>
{{range .Operations}}<tr><td><code>{{.Method}} {{.Path}}</code></td><td>{{.Summary}}</td><td>{{.Who}}</td></tr>
{{end}}</tbody></table>{{end}}</body></html>
`))

type docsGroup struct {
	Tag        string
	Operations []docsOperation
}

type docsOperation struct{ Method, Path, Summary, Who string }

func (s *Server) docs(c *gin.Context) {
	var groups []docsGroup
	for path, item := range s.api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op == nil {
				continue
			}
			i := slices.IndexFunc(groups, func(g docsGroup) bool { return g.Tag == op.Tags[0] })
			if i < 0 {
				groups, i = append(groups, docsGroup{Tag: op.Tags[0]}), len(groups)
			}
			who, _ := op.Extensions["x-roles"].([]string)
			groups[i].Operations = append(groups[i].Operations, docsOperation{op.Method, path, op.Summary, strings.Join(who, ", ")})
		}
	}
	slices.SortFunc(groups, func(a, b docsGroup) int { return strings.Compare(a.Tag, b.Tag) })
	for _, g := range groups {
		slices.SortFunc(g.Operations, func(a, b docsOperation) int {
			return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
		})
	}
	var b bytes.Buffer
	err := docsPage.Execute(&b, struct {
		About  string
		Groups []docsGroup
	}{s.api.OpenAPI().Info.Description, groups})
	if err != nil {
		s.problem(c, err)
		return
	}
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	c.Data(http.StatusOK, "text/html; charset=utf-8", b.Bytes())
}
