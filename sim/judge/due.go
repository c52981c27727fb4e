package judge

import "holdfast/sim/model"

// dueHeap orders live deadlines, earliest first.
type dueHeap []model.Ref

// Push is for model.Model.Volatile.
func (j *Judge) push(r model.Ref) {
	h := append(j.due, r)
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if h[up].Deadline <= r.Deadline {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = r
	j.due = h
}

func (h *dueHeap) pop() {
	a := *h
	last := len(a) - 1
	r := a[last]
	a = a[:last]
	*h = a
	i := 0
	for {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && a[child+1].Deadline < a[child].Deadline {
			child++
		}
		if r.Deadline <= a[child].Deadline {
			break
		}
		a[i] = a[child]
		i = child
	}
	if last > 0 {
		a[i] = r
	}
}
