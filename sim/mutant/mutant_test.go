package mutant

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnchorsMatchOnce(t *testing.T) {
	root, err := Root(".")
	require.NoError(t, err)
	list, err := Load(root)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(list), 20)
	for _, err := range Check(root, list) {
		t.Error(err)
	}
}

// toy is a module with one function to break.
var toy = map[string]string{
	"go.mod":                      "module holdfast\n\ngo 1.26.0\n",
	"sim/mutant/active/active.go": "",
	"toy/toy.go": `package toy

type T struct{ n int }

// Add adds.
func (t *T) Add(a int, _ string) int {
	t.n += a
	return t.n
}

func Twice(xs ...int) (sum int) {
	for _, x := range xs {
		sum += 2 * x
	}
	return sum
}
`,
	"main.go": `package main

import (
	"os"

	"holdfast/sim/mutant/active"
	"holdfast/toy"
)

func main() {
	if len(os.Args) > 1 && !active.Set(os.Args[1]) {
		os.Exit(3)
	}
	var t toy.T
	println(t.Add(5, ""), toy.Twice(1, 2))
}
`,
}

func TestOverlayPutsMutantsBack(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	text, err := os.ReadFile("active/active.go")
	require.NoError(t, err)
	toy["sim/mutant/active/active.go"] = string(text)
	for name, text := range toy {
		p := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o755))
		require.NoError(t, os.WriteFile(p, []byte(text), 0o644))
	}
	minus, err := Parse("minus", "promise: KEPT\nsource: a toy\ncatch: x\n\nin: toy (*T).Add\n-t.n += a\n+\tt.n -= a\n")
	require.NoError(t, err)
	once, err := Parse("once", "promise: KEPT\nsource: a toy\ncatch: x\nin: toy Twice\n-sum += 2 * x\n+\tsum += x\n")
	require.NoError(t, err)
	file, err := Overlay(root, dir, []Mutant{minus, once})
	require.NoError(t, err)

	bin := filepath.Join(dir, "toy")
	build := exec.Command("go", "build", "-overlay", file, "-o", bin, ".")
	build.Dir = root
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	run := func(want string, args ...string) {
		t.Helper()
		out, err := exec.Command(bin, args...).CombinedOutput()
		require.NoError(t, err)
		require.Equal(t, want, string(out))
	}
	run("5 6\n")
	run("-5 6\n", "minus")
	run("5 3\n", "once")
}

func TestStaleAnchorsAreErrors(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "toy"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "toy", "toy.go"), []byte(toy["toy/toy.go"]), 0o644))
	for _, in := range []string{
		"in: toy (*T).Add\n-t.n *= a\n+x\n", // no such line
		"in: toy (*T).Sub\n-t.n += a\n+x\n", // no such function
		"in: toy Twice\n-}\n+x\n",           // not unique
	} {
		m, err := Parse("stale", "promise: P\nsource: S\ncatch: c\n"+in)
		require.NoError(t, err)
		require.Len(t, Check(root, []Mutant{m}), 1, in)
	}
	for _, text := range []string{"", "promise: P\n", "promise: P\nsource: S\ncatch: c\nin: toy Twice\n+x\n", "nonsense\n"} {
		_, err := Parse("bad", text)
		require.ErrorIs(t, err, ErrBank)
	}
}
