package session

// deadlines is a heap of waits by the instant at which they end.
type deadlines []*blocked

func (h deadlines) first() *blocked {
	if len(h) == 0 {
		return nil
	}
	return h[0]
}

func (h deadlines) before(i, j int) bool {
	return h[i].until < h[j].until || h[i].until == h[j].until && h[i].c.num < h[j].c.num
}

func (h deadlines) swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i+1, j+1
}

func (h *deadlines) push(b *blocked) {
	*h = append(*h, b)
	b.at = len(*h)
	h.up(b.at - 1)
}

func (h deadlines) up(i int) {
	for i > 0 && h.before(i, (i-1)/2) {
		h.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

// remove takes b out, if it is in.
func (h *deadlines) remove(b *blocked) {
	i, last := b.at-1, len(*h)-1
	if i < 0 {
		return
	}
	h.swap(i, last)
	(*h)[last] = nil
	*h, b.at = (*h)[:last], 0
	if i == last {
		return
	}
	h.up(i)
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < last; c++ {
			if h.before(c, least) {
				least = c
			}
		}
		if least == i {
			return
		}
		h.swap(i, least)
		i = least
	}
}
