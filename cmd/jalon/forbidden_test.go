package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestForbiddenCalls holds, over all files of the module, the calls that may not be made and says what to do instead.
// Which room imports what is held by the test at the root, determinism of workflows by workflowcheck.
func TestForbiddenCalls(t *testing.T) {
	everywhere := func(string) bool { return true }
	pure := func(path string) bool {
		room, _, _ := strings.Cut(path, "/")
		return (room == "workflows" || room == "models" || room == "documents") && !strings.HasSuffix(path, "_test.go")
	}
	rules := []struct {
		call, instead string
		where         func(path string) bool
	}{
		{"time.Now", "time is given: workflow.Now, the instant of a fact or of a step", pure},
		{"time.Sleep", "wait on a condition, or on a timer that a context ends", everywhere},
		{"context.TODO", "pass the context on", everywhere},
		{"t.Skip", "a missing tool fails the test and names its install command", everywhere},
		{"t.Skipf", "a missing tool fails the test and names its install command", everywhere},
	}
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "tools") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(file, ".go") {
			return nil
		}
		files++
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		path := filepath.ToSlash(rel)
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			id, ok := s.X.(*ast.Ident)
			for _, rule := range rules {
				if ok && id.Name+"."+s.Sel.Name == rule.call && rule.where(path) {
					t.Errorf("%s calls %s: %s", path, rule.call, rule.instead)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files read: %v", files, err)
	}
}
