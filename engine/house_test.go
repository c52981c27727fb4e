package engine_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The bounds of a file and of a function, in lines.
const (
	fileLinesMax     = 500
	functionLinesMax = 70
)

var leftOpen = regexp.MustCompile(`\b(TODO|FIXME|XXX)\b`)

// house is what the rules found in one package after another.
type house struct {
	found []string
	docs  map[string]bool // package folder -> has a package comment
}

func (h *house) report(format string, args ...any) {
	h.found = append(h.found, fmt.Sprintf(format, args...))
}

// file judges one source file that is not a test.
func (h *house) file(name, src string) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		h.report("%v", err)
		return
	}
	if n := strings.Count(src, "\n"); n > fileLinesMax {
		h.report("%s: %d lines, more than %d: is it still one idea?", name, n, fileLinesMax)
	}
	for i, line := range strings.Split(src, "\n") {
		if leftOpen.MatchString(line) {
			h.report("%s:%d: left open: finish it or write it down in the issue", name, i+1)
		}
	}
	folder := filepath.Dir(name)
	h.docs[folder] = h.docs[folder] || f.Doc != nil && len(f.Doc.Text()) > 40
	inMain := f.Name.Name == "main"
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if n := fset.Position(d.End()).Line - fset.Position(d.Pos()).Line + 1; n > functionLinesMax {
				h.report("%s: function %s has %d lines, more than %d", name, d.Name.Name, n, functionLinesMax)
			}
			if !inMain && d.Name.IsExported() && exportedReceiver(d) && d.Doc == nil {
				h.report("%s: exported %s has no doc comment", name, d.Name.Name)
			}
		case *ast.GenDecl:
			if !inMain {
				h.declaration(name, d)
			}
		}
	}
}

// exportedReceiver reports whether a function is part of what importers see.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

// declaration wants a comment at each exported name or at its group.
func (h *house) declaration(name string, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		var names []*ast.Ident
		own := false
		switch s := spec.(type) {
		case *ast.TypeSpec:
			names, own = []*ast.Ident{s.Name}, s.Doc != nil || s.Comment != nil
		case *ast.ValueSpec:
			names, own = s.Names, s.Doc != nil || s.Comment != nil
		}
		for _, n := range names {
			if n.IsExported() && !own && d.Doc == nil {
				h.report("%s: exported %s has no doc comment", name, n.Name)
			}
		}
	}
}

func (h *house) finish() {
	for folder, ok := range h.docs {
		if !ok {
			h.report("%s: no package comment worth reading", folder)
		}
	}
}

func TestHouseRules(t *testing.T) {
	h := &house{docs: make(map[string]bool)}
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		src, err := os.ReadFile(path)
		if err == nil {
			h.file(path, string(src))
		}
		return err
	}))
	h.finish()
	for _, line := range h.found {
		t.Error(line)
	}
}

func TestHouseRulesCatch(t *testing.T) {
	f := func(want, src string) {
		t.Helper()
		h := &house{docs: make(map[string]bool)}
		h.file("x/x.go", src)
		h.finish()
		require.Contains(t, strings.Join(h.found, "\n"), want)
	}
	const doc = "// Package x is documented at some length, for the sake of the rule.\n"
	f("no package comment", "package x\n")
	f("more than 500", doc+"package x\n"+strings.Repeat("\n", 600))
	f("more than 70", doc+"package x\nfunc f() {\n"+strings.Repeat("\n", 70)+"}\n")
	f("exported F", doc+"package x\nfunc F() {}\n")
	f("exported M", doc+"package x\n// T is.\ntype T int\nfunc (t *T) M() {}\n")
	f("exported T", doc+"package x\ntype T int\n")
	f("exported V", doc+"package x\nvar (\n\tV = 1\n)\n")
	f("left open", doc+"package x\n// TO"+"DO: more\n")
	h := &house{docs: make(map[string]bool)}
	h.file("x/x.go", doc+"package x\n// F does.\nfunc F() {}\ntype t int\nfunc (t) M() {}\n// Sizes.\nconst (\n\tA = 1\n)\n")
	h.finish()
	require.Empty(t, h.found)
}
