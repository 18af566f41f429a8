package api

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"jalon/models"
)

// docsPage shows people how to call and the operations with their parameters and bodies, without a script and without loading anything from elsewhere;
// openapi.json tells all of it.
var docsPage = template.Must(template.New("docs").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Jalon API</title>
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:84rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;table-layout:fixed}th:first-child{width:26%}th:last-child{width:14%}td th{width:auto!important}td,th{padding:.3rem .6rem;border-bottom:1px solid #8886;text-align:left;vertical-align:top}
td{overflow-wrap:anywhere}code{font-size:.9em}summary{cursor:pointer}td table{margin:.3rem 0 .6rem;font-size:.9em}td table tr:last-child td{border:0}</style></head><body>
<h1>Jalon API</h1><p>{{.About}}</p><p>The whole description, answers included: <a href="/openapi.json">openapi.json</a></p>
<h2>Who calls</h2><dl>{{range .Security}}<dt><code>{{.Name}}</code></dt><dd>{{.Meaning}}</dd>{{end}}</dl>
<p>Each call below says which roles may; those who may not are answered 403 (<code>forbidden</code>), who is nobody 401 (<code>unauthenticated</code>).</p>
<h2>Doing something once</h2><p>Calls that decide or record something need the header <code>Idempotency-Key</code>: 1 to {{.MaxKey}} characters, chosen by the caller, a new one for each
thing to do. Who gets no answer calls again with the same key and the same body: it is done once, and answered as the first time, with the header <code>Idempotency-Replayed: true</code>.
The same key with another body is refused (422, <code>idempotency_key_reused</code>). A body is JSON (<code>Content-Type: application/json</code>); fields that are not listed are refused.</p>
<h2>Lists</h2><p>A list answers <code>items</code>, and <code>next</code> where there are more: give it as <code>cursor</code> to get the following page, with the same other parameters. Nonsense in an address is answered 400.</p>
<h2>Refusals</h2><p>A refusal is a problem document (RFC 9457, <code>application/problem+json</code>) with a <code>code</code> that never changes, a <code>detail</code> for people in the language of
<code>Accept-Language</code> (French, or English), and in <code>errors</code> what is wrong with which field. After 429 and 503 call again once <code>Retry-After</code> seconds have passed, with the same key: nothing is lost.</p>
<details><summary>All codes</summary><table><thead><tr><th>Code</th><th>Meaning</th><th>Status</th></tr></thead><tbody>
{{range .Codes}}<tr id="code-{{.Code}}"><td><code>{{.Code}}</code></td><td>{{.Meaning}}</td><td>{{.Status}}</td></tr>
{{end}}</tbody></table></details>
{{range .Groups}}<h2>{{.Tag}}</h2><table><thead><tr><th>Call</th><th>What it does</th><th>Who may</th></tr></thead><tbody>
{{range .Operations}}<tr id="{{.ID}}"><td><code>{{.Method}} {{.Path}}</code></td><td>{{.Summary}}
{{- template "fields" .Parameters}}{{template "fields" .Body}}</td><td>{{.Who}}</td></tr>
{{end}}</tbody></table>{{end}}</body></html>
{{define "fields"}}{{with .Fields}}<details><summary>{{$.Title}}</summary><table><thead><tr><th>Field</th><th>Type</th><th>Meaning</th></tr></thead><tbody>
{{range .}}<tr><td><code>{{.Name}}</code>{{if .Required}} <strong>needed</strong>{{end}}</td><td>{{.Type}}</td><td>{{.Meaning}}</td></tr>
{{end}}</tbody></table></details>{{end}}{{end}}
`))

type docsGroup struct {
	Tag        string
	Operations []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, Who string
	Parameters, Body               docsFields
}

// docsFields are a table under a call, left out where there is none.
type docsFields struct {
	Title  string
	Fields []docsField
}

type docsCode struct {
	Code    models.Code
	Meaning string
	Status  int
}

// docsField is a parameter or a field of a body; those of an object within are named by their path.
type docsField struct {
	Name, Type, Meaning string
	Required            bool
}

// parameterFields are what an address and the headers of a call hold, those of the path first.
func parameterFields(all []*huma.Param) (out []docsField) {
	for _, in := range []string{"path", "query", "header"} {
		for _, p := range all {
			if p.In == in {
				out = append(out, docsField{p.Name, "in the " + in + ", " + docsType(p.Schema) + docsBounds(p.Schema), p.Description, p.Required})
			}
		}
	}
	return out
}

// bodyFields are the fields of a body, those needed first. within are the schemas it is part of.
func (s *Server) bodyFields(at string, schema *huma.Schema, within ...string) (out []docsField) {
	if schema.Ref != "" {
		if slices.Contains(within, schema.Ref) {
			return nil
		}
		within = append(within, schema.Ref)
		schema = s.api.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
	}
	names := make([]string, 0, len(schema.Properties))
	for name := range schema.Properties {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if first := slices.Contains(schema.Required, a); first != slices.Contains(schema.Required, b) {
			if first {
				return -1
			}
			return 1
		}
		return cmp.Compare(a, b)
	})
	for _, name := range names {
		p := schema.Properties[name]
		path, inner, kind := at+name, p, docsType(p)
		if p.Items != nil {
			path, inner, kind = path+"[]", p.Items, "list of "+docsType(p.Items)
		}
		out = append(out, docsField{path, kind + docsBounds(p), p.Description, slices.Contains(schema.Required, name)})
		if inner.Ref != "" || inner.Type == huma.TypeObject {
			out = append(out, s.bodyFields(path+".", inner, within...)...)
		}
	}
	return out
}

func docsType(schema *huma.Schema) string {
	switch {
	case schema.Ref != "":
		return huma.TypeObject
	case schema.ContentEncoding != "":
		return schema.ContentEncoding
	case schema.Type == huma.TypeString && schema.Format != "":
		return schema.Format
	}
	return schema.Type
}

// docsBounds are what a value must keep to, in words.
func docsBounds(schema *huma.Schema) string {
	var out []string
	if len(schema.Enum) > 0 {
		values := make([]string, len(schema.Enum))
		for i, v := range schema.Enum {
			values[i] = fmt.Sprint(v)
		}
		out = append(out, "one of "+strings.Join(values, ", "))
	}
	span := func(least, most any, of string) {
		switch {
		case least != nil && most != nil:
			out = append(out, fmt.Sprintf("%v to %v%s", least, most, of))
		case least != nil:
			out = append(out, fmt.Sprintf("%v%s or more", least, of))
		case most != nil:
			out = append(out, fmt.Sprintf("up to %v%s", most, of))
		}
	}
	span(bound(schema.Minimum, "%.0f"), bound(schema.Maximum, "%.0f"), "")
	span(bound(schema.MinLength, "%d"), bound(schema.MaxLength, "%d"), " characters")
	span(bound(schema.MinItems, "%d"), bound(schema.MaxItems, "%d"), " items")
	if schema.Pattern != "" {
		out = append(out, "like "+schema.Pattern)
	}
	if schema.Default != nil {
		out = append(out, fmt.Sprintf("%v if absent", schema.Default))
	}
	if len(out) == 0 {
		return ""
	}
	return ": " + strings.Join(out, "; ")
}

// bound is a limit in figures, nil for none.
func bound[N int | float64](limit *N, verb string) any {
	if limit == nil {
		return nil
	}
	return fmt.Sprintf(verb, *limit)
}

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
			row := docsOperation{ID: op.OperationID, Method: op.Method, Path: path, Summary: op.Summary, Who: strings.Join(who, ", ")}
			row.Parameters = docsFields{"Parameters", parameterFields(op.Parameters)}
			if op.RequestBody != nil {
				row.Body = docsFields{"Body", s.bodyFields("", op.RequestBody.Content["application/json"].Schema)}
			}
			groups[i].Operations = append(groups[i].Operations, row)
		}
	}
	slices.SortFunc(groups, func(a, b docsGroup) int { return strings.Compare(a.Tag, b.Tag) })
	for _, g := range groups {
		slices.SortFunc(g.Operations, func(a, b docsOperation) int {
			return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
		})
	}
	var security []docsField
	for _, name := range []string{"token", "session"} {
		security = append(security, docsField{Name: name, Meaning: s.api.OpenAPI().Components.SecuritySchemes[name].Description})
	}
	var codes []docsCode
	for _, code := range codesInOrder() {
		codes = append(codes, docsCode{code, refusals[code].en, refusals[code].status})
	}
	var b bytes.Buffer
	err := docsPage.Execute(&b, struct {
		About    string
		MaxKey   int
		Security []docsField
		Codes    []docsCode
		Groups   []docsGroup
	}{s.api.OpenAPI().Info.Description, maxKey, security, codes, groups})
	if err != nil {
		s.problem(c, err)
		return
	}
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	c.Data(http.StatusOK, "text/html; charset=utf-8", b.Bytes())
}
