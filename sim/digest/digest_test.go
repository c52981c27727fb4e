package digest

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

type leaf struct {
	a uint8
	b uint64 // behind a gap
	s string
}

type tree struct {
	leaf
	next    *tree
	list    []leaf
	table   map[string]*leaf
	any     any
	call    func()
	counter int
	skip    struct{ x int }
}

func make1() *tree {
	t := &tree{leaf: leaf{1, 2, "x"}, list: []leaf{{3, 4, "y"}}, table: map[string]*leaf{"k": {5, 6, "z"}, "l": {}}, any: leaf{7, 8, "v"}}
	t.next = t
	return t
}

// TestEqualIsEqual: copies have one digest, whatever their addresses.
func TestEqualIsEqual(t *testing.T) {
	h := New(Rules{})
	want := h.Of(make1())
	for range 50 { // maps come in other orders
		require.Equal(t, want, h.Of(make1()))
	}
}

// TestEveryFieldCounts changes one thing at a time.
func TestEveryFieldCounts(t *testing.T) {
	h := New(Rules{Skip: []string{"digest.tree.counter"}})
	seen := map[Sum]int{h.Of(make1()): -1}
	for i, change := range []func(*tree){
		func(x *tree) { x.a++ }, func(x *tree) { x.b++ }, func(x *tree) { x.s = "xx" }, func(x *tree) { x.next = nil },
		func(x *tree) { x.next = make1() }, func(x *tree) { x.list[0].b++ }, func(x *tree) { x.list = append(x.list, leaf{}) },
		func(x *tree) { x.table["k"].s = "" }, func(x *tree) { delete(x.table, "l") }, func(x *tree) { x.table["m"] = &leaf{} },
		func(x *tree) { x.any = 7 }, func(x *tree) { x.any = nil }, func(x *tree) { x.call = func() {} }, func(x *tree) { x.skip.x = 1 },
		func(x *tree) { x.table["l"] = x.table["k"] },
	} {
		x := make1()
		change(x)
		d := h.Of(x)
		require.NotContains(t, seen, d, "change %d", i)
		seen[d] = i
	}
	x := make1()
	x.counter++
	require.Equal(t, h.Of(make1()), h.Of(x), "left out")
	require.Empty(t, h.Unused())
	require.Equal(t, []string{"digest.gone"}, New(Rules{Skip: []string{"digest.gone"}}).Unused())
}

// TestRules replaces what counts of a type.
func TestRules(t *testing.T) {
	h := New(Rules{
		Skip:   []string{"digest.leaf.b"},
		Void:   map[string]func(reflect.Value) bool{"digest.leaf": func(v reflect.Value) bool { return v.FieldByName("a").Uint() == 9 }},
		Custom: map[string]func(*Hasher, reflect.Value){"digest.leaf": func(h *Hasher, v reflect.Value) { h.Number(v.FieldByName("b").Uint() / 10) }},
	})
	require.Equal(t, h.Of(&leaf{1, 11, ""}), h.Of(&leaf{1, 12, ""}))
	require.NotEqual(t, h.Of(&leaf{1, 11, ""}), h.Of(&leaf{1, 21, ""}))
	require.Equal(t, h.Of(&leaf{9, 11, "a"}), h.Of(&leaf{9, 41, "b"}))
}
