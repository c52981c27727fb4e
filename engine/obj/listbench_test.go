package obj

import (
	"bytes"
	"testing"
)

// BenchmarkQueue pushes at one end of a list and pops at the other: one of each.
func BenchmarkQueue(b *testing.B) {
	for _, c := range []struct {
		name string
		left bool
	}{{"LPUSH+RPOP", true}, {"RPUSH+LPOP", false}} {
		b.Run(c.name, func(b *testing.B) {
			v, l := bytes.Repeat([]byte("x"), 64), NewList()
			for range 1000 {
				l.Push(c.left, v)
			}
			var to []byte
			for b.Loop() {
				l.Push(c.left, v)
				_, to = l.Pop(!c.left, to[:0])
			}
		})
	}
}
