package api

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
)

// faultsOfCode are the words said of fields, read from their source: new ones without French must not pass.
func faultsOfCode(t *testing.T) (out []string) {
	t.Helper()
	library, err := build.Import("github.com/danielgtaylor/huma/v2/validation", ".", build.FindOnly)
	require.NoError(t, err)
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	files = append(files, "../models/audit.go", "../models/bounds.go", "../models/person.go", "../models/remuneration.go", "../models/session.go", "../models/text.go", filepath.Join(library.Dir, "messages.go"))
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "fault.go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		words := func(e ast.Expr) {
			if call, ok := e.(*ast.CallExpr); ok { // fmt.Sprintf
				e = call.Args[0]
			}
			if lit, ok := e.(*ast.BasicLit); ok {
				text, err := strconv.Unquote(lit.Value)
				require.NoError(t, err)
				out = append(out, text)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				called := ""
				if id, ok := n.Fun.(*ast.Ident); ok {
					called = id.Name
				}
				if called == "invalid" || called == "fault" || called == "badQuery" || called == "NewError" && strings.HasPrefix(name, "../models") {
					words(n.Args[len(n.Args)-1])
				}
			case *ast.CompositeLit:
				if id, ok := n.Type.(*ast.Ident); ok && id.Name == "Fault" && len(n.Elts) == 2 {
					words(n.Elts[1])
				}
			case *ast.ValueSpec:
				if strings.HasPrefix(n.Names[0].Name, "Msg") {
					words(n.Values[0])
				}
			}
			return true
		})
	}
	return out
}

func TestWhatIsSaidOfAFieldHasFrench(t *testing.T) {
	all := faultsOfCode(t)
	require.Greater(t, len(all), 90)
	for _, english := range all {
		french, ok := frenchFaults[english]
		require.True(t, ok, "no French for %q", english)
		filled := strings.NewReplacer("%d", "7", "%s", "sept", "%v", "sept").Replace(english)
		got := frenchFault(filled)
		require.NotEqual(t, filled, got)
		require.NotContains(t, got, "$", english)
		if strings.Contains(french, "$1") {
			require.Regexp(t, "7|sept", got, english)
		} else {
			require.Equal(t, french, got, "other words cover %q", english)
		}
	}
	require.Equal(t, frenchFaults[unreadable], frenchFault("something never heard of"))
	for status, r := range refusals {
		require.NotEmpty(t, frenchStatuses[r.status], status)
	}
}

func TestARefusalIsInOneLanguage(t *testing.T) {
	h := newAgency(t, nil)
	for name, c := range map[string]struct {
		path, body, french, english string
	}{
		"the library's words": {"/requests", strings.Replace(intakeBody, `"group_size":4`, `"group_size":0`, 1), "un nombre d’au moins 1 est attendu", "expected number >= 1"},
		"ours":                {"/requests", strings.Replace(intakeBody, `"address":"1 rue de l'Exemple, Paris",`, "", 1), "ce mode a besoin d’une adresse", "this mode needs an address"},
		"those of an address": {"/requests?surprise=1&limit=x", "", "un nombre entier est attendu", "invalid integer"},
	} {
		method := "POST"
		if c.body == "" {
			method = "GET"
		}
		p := h.staff(method, c.path, c.body).problem(t)
		require.Equal(t, c.french, p.Errors[0].Message, name)
		require.Equal(t, frenchStatuses[p.Status], p.Title)
		require.Equal(t, Sentence(models.CodeInvalid, models.French), p.Detail)
		p = h.staff(method, c.path, c.body, "Accept-Language", "en").problem(t)
		require.Equal(t, c.english, p.Errors[0].Message, name)
		require.NotEqual(t, frenchStatuses[p.Status], p.Title)
	}
}

// Who is refused for the stage reads where the dossier stands, as the console calls it, whether the database or the process
// refused.
func TestWrongStageSaysWhereTheDossierStands(t *testing.T) {
	h := runningAgency(t)
	b := h.open()
	path := "/requests/" + b.Ref
	for _, c := range []struct{ path, body string }{
		{"/qualify", `{"group_size":99}`}, // the process
		{"/choose", `{"number":1}`},
		{"/rework", "{}"},
		{"/give-up-follow-up", "{}"},
		{"/record", `{"kind":"slots_refused","channel":"phone"}`},
		{"/record", `{"kind":"programme_submitted","channel":"phone"}`},
	} {
		p := h.refused(h.staff("POST", path+c.path, c.body), 409, models.CodeWrongStage)
		require.Equal(t, models.StageQualification, p.Stage, c.path)
		require.Equal(t, "Le dossier n’en est pas à cette étape. Il en est à l’étape «\u00a0Analyse du besoin\u00a0».", p.Detail, c.path)
		p = h.refused(h.staff("POST", path+c.path, c.body, "Accept-Language", "en"), 409, models.CodeWrongStage)
		require.Equal(t, "The request does not stand at this stage. It stands at “Needs analysis”.", p.Detail, c.path)
	}
	apply(t, h.store, models.Request{Ref: b.Ref, Stage: models.StageDelivered, OpenedAt: epoch})
	p := h.refused(h.staff("POST", path+"/registrations", `{"participants":[{"name":"Alix"}]}`), 409, models.CodeWrongStage)
	require.Equal(t, models.StageDelivered, p.Stage)
}

// Nobody joins a dossier that is cancelled while its sessions under way still end (F112): the console offers it no more.
func TestF112NobodyIsRegisteredWhileADossierEnds(t *testing.T) {
	h := runningAgency(t)
	b := h.open()
	path := "/requests/" + b.Ref + "/registrations"
	step := models.Step{Workflow: models.RequestID(b.Ref), Run: "ending", Seq: 1, At: epoch, Dossier: b.Ref, Rows: models.Rows{
		Request:     &models.Request{Ref: b.Ref, Stage: models.StageSessions, OpenedAt: epoch},
		NewSessions: []models.Session{{Ref: models.SessionRef(b.Ref, 1), Dossier: b.Ref, Number: 1, Status: models.SessionConvoked, StartAt: epoch, EndAt: epoch.AddDate(0, 0, 1)}}}}
	_, err := h.store.Apply(t.Context(), step)
	require.NoError(t, err)
	var people List[Registration]
	h.staff("POST", path, `{"participants":[{"name":"Alix"}]}`).into(t, &people)
	step = models.Step{Workflow: step.Workflow, Run: step.Run, Seq: 2, At: epoch, Dossier: b.Ref, Journal: []models.JournalLine{{Kind: "request_cancelled", Subject: b.Ref, Actor: "client"}}}
	_, err = h.store.Apply(t.Context(), step)
	require.NoError(t, err)
	h.refused(h.staff("POST", path, `{"participants":[{"name":"Bo"}]}`), 409, models.CodeConflict)
	h.staff("PUT", path+"/"+people.Items[0].Ref, `{"name":"Alix Exemple"}`).into(t, &Registration{}) // certificates want names
}

// A field written in another case would be read without its bounds: it is none, alone or beside the one that is meant.
func TestAFieldInAnotherCaseIsRefused(t *testing.T) {
	h := newAgency(t, nil)
	for name, c := range map[string]struct{ path, body, at string }{
		"beside":    {"/requests", strings.Replace(intakeBody, `"budget_cents":600000`, `"budget_cents":5,"Budget_Cents":-5`, 1), "body.Budget_Cents"},
		"alone":     {"/requests", strings.Replace(intakeBody, `"budget_cents":600000`, `"BUDGET_CENTS":-5`, 1), "body.BUDGET_CENTS"},
		"further":   {"/requests", strings.Replace(intakeBody, `"unit_price_cents":90000`, `"unit_price_cents":1,"unit_Price_cents":-1`, 1), "body.order.unit_Price_cents"},
		"folded":    {"/requests", strings.Replace(intakeBody, `"needs":`, `"needſ":"x","needs":`, 1), "body.needſ"},
		"elsewhere": {"/clients", `{"type":"sme","name":"Example SARL","Name":""}`, "body.Name"},
	} {
		for lang, says := range map[string]string{"fr": "ce champ n’existe pas", "en": "unexpected property"} {
			p := h.refused(h.staff("POST", c.path, c.body, "Accept-Language", lang), 422, models.CodeInvalid)
			require.Equal(t, []Fault{{c.at, says}}, p.Errors, name)
		}
	}
	all, err := h.store.Clients(t.Context(), store.Cursor{}, 10)
	require.NoError(t, err)
	require.Empty(t, all.Items)
}

func TestF052AChoiceNamesSomebody(t *testing.T) {
	h := newAgency(t, nil)
	b := h.open()
	apply(t, h.store, models.Request{Ref: b.Ref, Stage: models.StageSolicitation, Solicitation: 1, OpenedAt: epoch})
	p := h.refused(h.staff("POST", "/requests/"+b.Ref+"/choose", "{}"), 422, models.CodeInvalid)
	require.Equal(t, []Fault{{"body.invitation", "nécessaire"}}, p.Errors)
	h.refused(h.staff("POST", "/requests/"+b.Ref+"/choose", `{"number":7}`), 404, models.CodeUnknown)
}

// Mails write who and what they are about on one line: a blank one would be parked, whatever it says.
func TestBlankNamesAreRefused(t *testing.T) {
	h := newAgency(t, nil)
	b := h.open()
	path := "/requests/" + b.Ref
	intake := func(old, new string) string { return strings.Replace(intakeBody, old, new, 1) }
	for at, c := range map[string]struct{ method, path, body string }{
		"body.title":                   {"POST", "/requests", intake("Tableur, 3 jours", " ")},
		"body.address":                 {"POST", "/requests", intake("1 rue de l'Exemple, Paris", " \u00a0")},
		"body.client.name":             {"POST", "/requests", intake("Example SARL", "\u200b")},
		"body.client.contacts[1].name": {"POST", "/requests", intake("Compta", "Compta\\nBcc: x")},
		"body.title ":                  {"POST", path + "/qualify", `{"title":"\t"}`},
		"body.name":                    {"POST", "/clients/" + b.ClientRef + "/contacts", `{"name":" ","email":"x@example.org"}`},
		"body.name ":                   {"PUT", "/clients/" + b.ClientRef, `{"name":" "}`},
		"body.name  ":                  {"POST", "/trainers", `{"name":" ","email":"x@example.org","legal_form":"company"}`},
		"body.participants[0].name":    {"POST", path + "/registrations", `{"participants":[{"name":"  ","email":"x@example.org"}]}`},
		"body.participants[0].name ":   {"POST", path + "/registrations", `{"participants":[{"name":"\u200b"}]}`},
	} {
		p := h.refused(h.staff(c.method, c.path, c.body), 422, models.CodeInvalid)
		require.Equal(t, strings.TrimSpace(at), p.Errors[0].Location)
		require.Len(t, p.Errors, 1)
	}
	var trimmed models.Brief
	h.staff("POST", "/requests", intake("Tableur, 3 jours", " Tableur ")).into(t, &trimmed)
	require.Equal(t, "Tableur", trimmed.Title)
}
