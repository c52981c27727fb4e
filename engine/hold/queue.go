package hold

import "holdfast/engine/unit"

// Queue orders waiters by the log offset they wait for, oldest first; equal
// offsets in the order they came. A waiter may be in it more than once.
type Queue[T any] struct {
	items []waiting[T]
	seq   uint64
}

type waiting[T any] struct {
	need unit.LSN
	seq  uint64
	who  T
}

func (a waiting[T]) before(b waiting[T]) bool {
	return a.need < b.need || a.need == b.need && a.seq < b.seq
}

// Len returns how many wait.
func (q *Queue[T]) Len() int { return len(q.items) }

// Push adds a waiter for need.
func (q *Queue[T]) Push(need unit.LSN, who T) {
	q.seq++
	q.items = append(q.items, waiting[T]{need, q.seq, who})
	for i := len(q.items) - 1; i > 0; {
		p := (i - 1) / 2
		if !q.items[i].before(q.items[p]) {
			return
		}
		q.items[i], q.items[p] = q.items[p], q.items[i]
		i = p
	}
}

// Pop removes and returns the oldest waiter whose offset is committed.
func (q *Queue[T]) Pop(committed unit.LSN) (who T, ok bool) {
	if len(q.items) == 0 || q.items[0].need > committed {
		return who, false
	}
	who = q.items[0].who
	last := len(q.items) - 1
	q.items[0] = q.items[last]
	q.items[last] = waiting[T]{}
	q.items = q.items[:last]
	for i := 0; ; {
		c := 2*i + 1
		if c >= last {
			break
		}
		if c+1 < last && q.items[c+1].before(q.items[c]) {
			c++
		}
		if !q.items[c].before(q.items[i]) {
			break
		}
		q.items[i], q.items[c] = q.items[c], q.items[i]
		i = c
	}
	return who, true
}
