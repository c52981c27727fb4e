package snapshot

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type leaf struct {
	n int
	s string
}

type still struct{ n int }

type tree struct {
	leaf
	next  *tree
	list  []leaf
	bytes []byte
	lists [][]byte
	table map[string]*leaf
	any   any
	array [2]*leaf
	still *still
}

func grown() *tree {
	t := &tree{leaf: leaf{1, "x"}, list: make([]leaf, 1, 4), bytes: []byte("abc"), lists: [][]byte{{1}, {2, 3}},
		table: map[string]*leaf{"k": {5, "z"}}, any: &leaf{7, "v"}, array: [2]*leaf{{8, ""}, nil}, still: &still{9}}
	t.next = &tree{next: t}
	return t
}

// TestEverythingComesBack changes one thing at a time, and all of them.
func TestEverythingComesBack(t *testing.T) {
	s := New("snapshot.still")
	changes := []func(*tree){
		func(x *tree) { x.n++ }, func(x *tree) { x.s = "y" }, func(x *tree) { x.next = nil }, func(x *tree) { x.next.n = 3 },
		func(x *tree) { x.list[0].n++ }, func(x *tree) { x.list = append(x.list[:0], leaf{4, ""}, leaf{5, ""}) },
		func(x *tree) { x.bytes[1] = 'x' }, func(x *tree) { x.bytes = append(x.bytes, 1) }, func(x *tree) { x.lists[1][0]++ },
		func(x *tree) { x.lists[0] = nil }, func(x *tree) { x.table["k"].n++ }, func(x *tree) { delete(x.table, "k") },
		func(x *tree) { x.table["l"] = nil }, func(x *tree) { x.any.(*leaf).n++ }, func(x *tree) { x.any = 7 },
		func(x *tree) { x.array[0].n++ }, func(x *tree) { x.array[1] = x.array[0] }, func(x *tree) { x.still = nil },
	}
	for i, change := range append(changes, func(x *tree) {
		for _, c := range changes[3:] {
			c(x)
		}
	}) {
		x := grown()
		first := x.list
		s.Take(x)
		for range 2 {
			change(x)
			s.Restore()
			require.Equal(t, grown(), x, "change %d", i)
			require.Same(t, &first[0], &x.list[0], "the same object")
			require.Same(t, x, x.next.next)
		}
	}
}

// TestWhatIsLeftAlone stays as it has become.
func TestWhatIsLeftAlone(t *testing.T) {
	x := grown()
	for _, leave := range []string{"snapshot.still", "holdfast/sim/snapshot/"} {
		s := New(leave)
		s.Take(x)
		x.still.n++
		now := x.still.n
		s.Restore()
		require.Equal(t, now, x.still.n)
	}
}
