// Package engine_test holds the house rules of the engine: that it is pure, and
// that its packages import each other in one direction.
package engine_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath, Dir, Export   string
	Standard                  bool
	GoFiles, Imports          []string
	CgoFiles, IgnoredGoFiles  []string
	SFiles, CFiles, SysoFiles []string
	Error                     *struct{ Err string }
}

// goList runs once: it type-checks through the build cache, so that a purity
// check of the whole engine takes a second. With a profile each package would
// be listed once more for the program that the profile is for.
var goList = sync.OnceValues(func() (map[string]*listed, error) {
	cmd := exec.Command("go", "list", "-e", "-deps", "-export", "-pgo=off",
		"-json=ImportPath,Dir,Export,Standard,GoFiles,Imports,CgoFiles,IgnoredGoFiles,SFiles,CFiles,SysoFiles,Error",
		"holdfast/...", "time", "os", "sync", "math/rand", "math/rand/v2", "maps", "runtime", "math")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	all := make(map[string]*listed)
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		p := new(listed)
		if err := d.Decode(p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all[p.ImportPath] = p
	}
})

// typeCheck checks the files of one package against its dependencies' export data.
func typeCheck(t *testing.T, pkg string, fset *token.FileSet, files []*ast.File) *types.Info {
	t.Helper()
	all, err := goList()
	require.NoError(t, err)
	open := func(path string) (io.ReadCloser, error) {
		if p := all[path]; p != nil && p.Export != "" {
			return os.Open(p.Export)
		}
		return nil, errors.New("no export data for " + path)
	}
	info := &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue),
		Uses:  make(map[*ast.Ident]types.Object),
		Defs:  make(map[*ast.Ident]types.Object),
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", open), Sizes: types.SizesFor("gc", "amd64")}
	_, err = conf.Check(pkg, fset, files, info)
	require.NoError(t, err)
	return info
}

// TestEngineIsPure reads every source file under engine/.
func TestEngineIsPure(t *testing.T) {
	all, err := goList()
	require.NoError(t, err)
	checked := 0
	for path, p := range all {
		if path != "holdfast/engine" && !strings.HasPrefix(path, "holdfast/engine/") || len(p.GoFiles) == 0 {
			continue
		}
		checked++
		t.Run(strings.TrimPrefix(path, "holdfast/"), func(t *testing.T) { packageIsPure(t, p) })
	}
	require.Greater(t, checked, 5, "go list found too few packages of the engine")
}

func packageIsPure(t *testing.T, p *listed) {
	if p.Error != nil {
		t.Fatal(p.Error.Err)
	}
	if len(p.CgoFiles)+len(p.SFiles)+len(p.CFiles)+len(p.SysoFiles) > 0 {
		t.Error("the engine is Go alone")
	}
	if len(p.IgnoredGoFiles) > 0 {
		t.Errorf("%v: build constraints would make two engines", p.IgnoredGoFiles)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, f)
	}
	for _, line := range checkPurity(p.ImportPath, fset, files, typeCheck(t, p.ImportPath, fset, files)) {
		t.Error(line)
	}
}

// TestPurityCheckCatches plants one violation at a time.
func TestPurityCheckCatches(t *testing.T) {
	f := func(want, src string) {
		t.Helper()
		got := purityOf(t, src)
		require.NotEmpty(t, got, "not caught: %s", src)
		require.Contains(t, strings.Join(got, "\n"), want)
	}
	f("imports time", `import clock "time"; var x = clock.Now()`)
	f("imports time", `import . "time"; var x = Now()`)
	f("imports math/rand", `import "math/rand"; var x = rand.Int()`)
	f("imports math/rand/v2", `import r "math/rand/v2"; var x = r.Int()`)
	f("imports os", `import "os"; var x = os.Getpid()`)
	f("imports sync", `import "sync"; var mu sync.Mutex`)
	f("imports sync", `import "sync"; var pool sync.Pool`)
	f("imports runtime", `import "runtime"; func f(x *int) { runtime.SetFinalizer(x, nil) }`)
	f("imports maps", `import "maps"; func f(m map[int]int) { for k := range maps.Keys(m) { _ = k } }`)
	f("unsafe.Pointer", `import "unsafe"; func f(x *int) bool { return uintptr(unsafe.Pointer(x)) > 7 }`)
	f("unsafe.String", `import u "unsafe"; func f(b []byte) string { return u.String(&b[0], len(b)) }`)
	f("range over a map", `func f(m map[string]int) (n int) { for _, v := range m { n += v }; return n }`)
	f("range over a map", `type set map[string]bool; type deep set; func f(m deep) { for range m { } }`)
	f("range over a map", `func f[M ~map[K]V, K comparable, V any](m M) { for range m { } }`)
	f("range over a map", `type s struct{ m map[int]int }; func (x *s) f() { for k := range x.m { _ = k } }`)
	f("go statement", `func f() { go f() }`)
	f("select", `func f() { select {} }`)
	f("channel", `var c = make(chan int)`)
	f("channel send", `func f(c chan<- int) { c <- 1 }`)
	f("channel receive", `func f(c <-chan int) int { return <-c }`)
	f("range over a channel", `func f(c <-chan int) { for range c { } }`)
	f("init function", `func init() {}`)
	f("println", `func f() { println(1) }`)
	f("linkname", "import _ \"errors\"\n//go:linkname nanotime runtime.nanotime\nfunc nanotime() int64 { return 0 }")
	f("math.Log", `import "math"; func f(x float64) float64 { return math.Log(x) }`)
	f("fuse", `func f(x, y, z float64) float64 { return x*y + z }`)
	f("fuse", `func f(x, y, z float64) float64 { z += x * y; return z }`)
	f("fuse", `func f(x, y, z float64) float64 { t := x * y; return t - z }`)
	f("fuse", `func f(x, y float64) float64 { x *= y; return x }`)
	f("fuse", `type share float32; func f(x, y share) share { return 1 - (x * y) }`)
}

// TestPurityCheckAllows keeps the check from refusing what is harmless.
func TestPurityCheckAllows(t *testing.T) {
	f := func(src string) {
		t.Helper()
		require.Empty(t, purityOf(t, src))
	}
	f(`import "strings"; func f(m map[string]int) int { return m[strings.ToLower("A")] + len(m) }`)
	f(`func f(s []int, a [3]int, x string) { for range s {}; for range a {}; for range x {}; for range 10 {} }`)
	f(`import "unsafe"; type t struct{ a, b int }; const size = unsafe.Sizeof(t{})`)
	f(`func f(x, y int) int { x *= y; return x*y + 1 }`)
	f(`func f(x, y, z float64) float64 { return float64(x*y) + z }`)
	f(`func f(x, y, z float64) bool { return x*y < z }`)
	f(`func f(x, y float64) int { return int(x*y/2) }`)
	f(`const c = 2.5 * 4.0; func f() float64 { return c + 1.5*2 }`)
	f(`import "math"; func f(x float64) float64 { return math.Sqrt(math.Floor(x)) }`)
}

func purityOf(t *testing.T, src string) []string {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "planted.go", "package planted\n"+src, parser.ParseComments|parser.SkipObjectResolution)
	require.NoError(t, err)
	files := []*ast.File{file}
	return checkPurity("holdfast/engine/planted", fset, files, typeCheck(t, "holdfast/engine/planted", fset, files))
}
