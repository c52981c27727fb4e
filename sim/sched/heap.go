package sched

// A four-ary heap of values: shallower than a binary one, and four children
// share two cache lines.

func before(x, y *Event) bool {
	if x.At != y.At {
		return x.At < y.At
	}
	return x.key < y.key
}

func (s *Sched) push(e Event) {
	s.heap = append(s.heap, e)
	h := s.heap
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !before(&e, &h[up]) {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = e
}

func (s *Sched) pop() Event {
	h := s.heap
	top := h[0]
	last := len(h) - 1
	h[0] = h[last]
	s.heap = h[:last]
	if last > 1 {
		s.down(0)
	}
	return top
}

func (s *Sched) down(i int) {
	h := s.heap
	e := h[i]
	for {
		child := 4*i + 1
		if child >= len(h) {
			break
		}
		least := child
		for c := child + 1; c < min(child+4, len(h)); c++ {
			if before(&h[c], &h[least]) {
				least = c
			}
		}
		if !before(&h[least], &e) {
			break
		}
		h[i] = h[least]
		i = least
	}
	h[i] = e
}
