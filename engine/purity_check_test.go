package engine_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// pureImports is all of the standard library and of the modules beside it that
// the engine may use: nothing here reads a clock, a file, a socket or the
// scheduler, and nothing here has an order of its own making.
var pureImports = []string{
	"bytes", "cmp", "container/heap", "crypto/sha1", "crypto/sha256", "crypto/subtle", "encoding/binary", "encoding/hex",
	"errors", "fmt", "hash", "hash/crc32", "hash/crc64", "math", "math/big", "math/bits", "path", "slices", "sort",
	"strconv", "strings", "unicode", "unicode/utf8",
	"golang.org/x/exp/constraints",
}

// unsafeAllowed are the packages that lay out raw memory. Others may ask for the
// size of a type, to account for it, and for nothing else.
var unsafeAllowed = []string{"holdfast/engine/mem", "holdfast/engine/keyspace"}

// exactMath are math's functions whose result is the same on every machine.
// The others are assembly here and Go there, and may differ in the last bit.
var exactMath = []string{
	"Abs", "Ceil", "Copysign", "Dim", "FMA", "Float32bits", "Float32frombits", "Float64bits", "Float64frombits",
	"Floor", "Frexp", "Ilogb", "Inf", "IsInf", "IsNaN", "Ldexp", "Logb", "Max", "Min", "Mod", "Modf", "NaN", "Nextafter",
	"Nextafter32", "Remainder", "Round", "RoundToEven", "Signbit", "Sqrt", "Trunc",
}

// purity collects the violations of one type-checked package.
type purity struct {
	pkg   string // import path
	fset  *token.FileSet
	info  *types.Info
	found []string
}

// checkPurity returns what in files would make a run differ from its replay,
// one line each, with the reason.
func checkPurity(pkg string, fset *token.FileSet, files []*ast.File, info *types.Info) []string {
	c := &purity{pkg: pkg, fset: fset, info: info}
	for _, f := range files {
		c.imports(f)
		c.directives(f)
		var parents []ast.Node
		ast.Inspect(f, func(n ast.Node) bool {
			if n == nil {
				parents = parents[:len(parents)-1]
				return true
			}
			c.node(n, parents)
			parents = append(parents, n)
			return true
		})
	}
	return c.found
}

func (c *purity) report(at token.Pos, format string, args ...any) {
	p := c.fset.Position(at)
	c.found = append(c.found, fmt.Sprintf("%s:%d: %s", filepath.Base(p.Filename), p.Line, fmt.Sprintf(format, args...)))
}

func (c *purity) imports(f *ast.File) {
	for _, spec := range f.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		switch {
		case strings.HasPrefix(name, "holdfast/"): // arrows_test.go judges these
		case name == "unsafe": // ident judges what is used of it
		case !slices.Contains(pureImports, name):
			c.report(spec.Pos(), "imports %s: the engine gets time, disk, network and randomness from its ports alone", name)
		}
	}
}

func (c *purity) directives(f *ast.File) {
	for _, g := range f.Comments {
		for _, one := range g.List {
			if strings.HasPrefix(one.Text, "//go:linkname") {
				c.report(one.Pos(), "go:linkname reaches around the import rules")
			}
		}
	}
}

func (c *purity) node(n ast.Node, parents []ast.Node) {
	switch n := n.(type) {
	case *ast.GoStmt:
		c.report(n.Pos(), "go statement: the engine is one goroutine")
	case *ast.SelectStmt:
		c.report(n.Pos(), "select picks at random")
	case *ast.ChanType:
		c.report(n.Pos(), "channel: the engine is one goroutine")
	case *ast.SendStmt:
		c.report(n.Pos(), "channel send: the engine is one goroutine")
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			c.report(n.Pos(), "channel receive: the engine is one goroutine")
		}
	case *ast.RangeStmt:
		c.rangeOver(n)
	case *ast.FuncDecl:
		if n.Recv == nil && n.Name.Name == "init" {
			c.report(n.Pos(), "init function: state belongs to a Shard, tables are literals")
		}
	case *ast.Ident:
		c.ident(n)
	case *ast.BinaryExpr:
		if n.Op == token.MUL {
			c.product(n, parents)
		}
	case *ast.AssignStmt:
		if n.Tok == token.MUL_ASSIGN && c.isFloat(n.Lhs[0]) {
			c.report(n.Pos(), "floating-point *= may fuse with a later addition: write x = float64(x*y)")
		}
	}
}

func (c *purity) rangeOver(n *ast.RangeStmt) {
	t := c.info.TypeOf(n.X)
	if t == nil {
		c.report(n.Pos(), "range over an expression of unknown type")
		return
	}
	each := []types.Type{t}
	if p, ok := types.Unalias(t).(*types.TypeParam); ok {
		each = typeSet(p)
	}
	for _, one := range each {
		switch one.Underlying().(type) {
		case *types.Map:
			c.report(n.Pos(), "range over a map: its order is random")
		case *types.Chan:
			c.report(n.Pos(), "range over a channel: the engine is one goroutine")
		}
	}
}

// typeSet lists the types a type parameter's constraint names.
func typeSet(p *types.TypeParam) (out []types.Type) {
	set, ok := p.Constraint().Underlying().(*types.Interface)
	if !ok {
		return nil
	}
	for i := range set.NumEmbeddeds() {
		switch e := types.Unalias(set.EmbeddedType(i)).(type) {
		case *types.Union:
			for j := range e.Len() {
				out = append(out, e.Term(j).Type())
			}
		default:
			out = append(out, e)
		}
	}
	return out
}

// ident judges uses of single names: what an aliased or dotted import cannot
// hide, for it asks the type checker what the name means.
func (c *purity) ident(n *ast.Ident) {
	use := c.info.Uses[n]
	if use != nil && use.Pkg() == types.Unsafe && use.Name() != "Sizeof" && !slices.Contains(unsafeAllowed, c.pkg) {
		c.report(n.Pos(), "unsafe.%s: raw memory belongs to mem and keyspace", use.Name())
	}
	switch o := use.(type) {
	case *types.Builtin:
		if o.Name() == "print" || o.Name() == "println" {
			c.report(n.Pos(), "%s writes to standard error", o.Name())
		}
	case *types.Func:
		if o.Pkg() != nil && o.Pkg().Path() == "math" && !slices.Contains(exactMath, o.Name()) {
			c.report(n.Pos(), "math.%s may differ between machines in its last bit", o.Name())
		}
	}
}

func (c *purity) isFloat(e ast.Expr) bool {
	t := c.info.TypeOf(e)
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsFloat|types.IsComplex) != 0
}

// product judges a multiplication of floats. The language lets a compiler fuse
// it with an addition, later statements and inlined calls included, and only an
// explicit conversion forbids that; arm64 does fuse, amd64 does not.
func (c *purity) product(n *ast.BinaryExpr, parents []ast.Node) {
	if tv := c.info.Types[n]; tv.Value != nil || !c.isFloat(n) {
		return
	}
	for i := len(parents) - 1; i >= 0; i-- {
		switch p := parents[i].(type) {
		case *ast.ParenExpr:
			continue
		case *ast.CallExpr:
			if tv, ok := c.info.Types[p.Fun]; ok && tv.IsType() {
				return
			}
		case *ast.BinaryExpr:
			switch p.Op {
			case token.MUL, token.QUO, token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
				return
			}
		}
		break
	}
	c.report(n.Pos(), "floating-point product may fuse with an addition: write float64(x*y)")
}
