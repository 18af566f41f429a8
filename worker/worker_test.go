package worker

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"jalon/activities"
	"jalon/models"
	"jalon/workflows"
)

// wrapper is how package workflows calls an activity.
type wrapper struct{ constant, in, out string }

// wrappers reads them from the source: they are not exported, and nothing else sees both ends.
func wrappers(t *testing.T) []wrapper {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "workflows", "activities.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []wrapper
	for _, d := range file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil || fn.Type.TypeParams != nil {
			continue
		}
		arguments := map[string]string{}
		for _, field := range fn.Type.Params.List {
			for _, name := range field.Names {
				arguments[name.Name] = types.ExprString(field.Type)
			}
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok || len(c.Args) < 3 {
				return true
			}
			generic, ok := c.Fun.(*ast.IndexExpr)
			if !ok || !slices.Contains([]string{"call", "begin"}, types.ExprString(generic.X)) {
				return true
			}
			activity, input := c.Args[len(c.Args)-3], c.Args[len(c.Args)-2]
			out = append(out, wrapper{types.ExprString(activity), strings.TrimPrefix(arguments[types.ExprString(input)], "*"), types.ExprString(generic.Index)})
			return true
		})
	}
	return out
}

func TestActivitiesAreWhatWorkflowsCall(t *testing.T) {
	registered := effects(&activities.Activities{})
	if got, want := slices.Sorted(maps.Keys(registered)), slices.Sorted(slices.Values(workflows.ActivityNames)); !reflect.DeepEqual(got, want) {
		t.Fatalf("registered %v, called %v", got, want)
	}
	called := map[string]wrapper{}
	for _, w := range wrappers(t) {
		called[strings.TrimPrefix(w.constant, "Activity")] = w
	}
	for name, effect := range registered {
		signature := reflect.TypeOf(effect)
		full := runtime.FuncForPC(reflect.ValueOf(effect).Pointer()).Name()
		if method := strings.TrimSuffix(full[strings.LastIndexByte(full, '.')+1:], "-fm"); method != name {
			t.Errorf("%s is the method %s", name, method)
		}
		w, ok := called[name]
		if !ok {
			t.Errorf("%s: no workflow calls it", name)
			continue
		}
		if signature.NumIn() != 2 || signature.NumOut() != 2 || signature.In(0) != reflect.TypeFor[context.Context]() || signature.Out(1) != reflect.TypeFor[error]() {
			t.Errorf("%s: %s", name, signature)
			continue
		}
		if in, out := signature.In(1).String(), signature.Out(0).String(); in != w.in || out != w.out {
			t.Errorf("%s: takes %s and gives %s, called with %s for %s", name, in, out, w.in, w.out)
		}
	}
}

func TestAllWorkflowsAreRegistered(t *testing.T) {
	registered := processes()
	for _, name := range []string{models.TrainingRequestType, models.SolicitationType, models.SessionType, models.FollowUpType,
		models.RemunerationType, models.InvoiceType} {
		process, ok := registered[name]
		if !ok {
			t.Errorf("%s is not registered", name)
			continue
		}
		full := runtime.FuncForPC(reflect.ValueOf(process).Pointer()).Name()
		if got := full[strings.LastIndexByte(full, '.')+1:]; got != name {
			t.Errorf("%s is the function %s", name, got)
		}
		delete(registered, name)
	}
	if len(registered) > 0 {
		t.Errorf("registered under unknown names: %v", slices.Sorted(maps.Keys(registered)))
	}
	// Nothing that looks like a process is forgotten.
	for _, fn := range exportedWorkflows(t) {
		if _, ok := processes()[fn]; !ok {
			t.Errorf("workflows.%s is not registered", fn)
		}
	}
}

// exportedWorkflows are the exported functions that take a workflow context first.
func exportedWorkflows(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "workflows", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var out []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if ok && fn.Recv == nil && fn.Name.IsExported() && len(fn.Type.Params.List) > 0 &&
				types.ExprString(fn.Type.Params.List[0].Type) == "workflow.Context" {
				out = append(out, fn.Name.Name)
			}
		}
	}
	return out
}
