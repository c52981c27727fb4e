package obj

// tail says where the entries of a list's last node begin: read from its front, a
// node has no way back. It is made when a long list is popped from that end, and
// holds for as long as the node changes only there.
type tail struct {
	starts [nodeEntries]uint32
	n      int // entries of the last node; 0: not known
}

// knows reports whether the tail is known, and is of that node.
func (s *spine) knows(nd *node) bool {
	return s.tail != nil && s.tail.n > 0 && nd == &s.all[s.to-1]
}

// forget notes that the last node is another, or was changed.
func (s *spine) forget() {
	if s.tail != nil {
		s.tail.n = 0
	}
}

// learn walks a node that is not empty.
func (t *tail) learn(nd *node) {
	for at := 0; at < len(nd.buf); {
		t.add(at)
		_, size, value := head(nd.buf, at)
		at = value + size
	}
}

func (t *tail) add(start int) {
	t.starts[t.n] = uint32(start)
	t.n++
}

// last returns the last node of a list that is not empty, and the place of its
// last entry.
func (l *List) last() (*node, spot) {
	if l.many == nil {
		return &l.one, l.one.seek(l.one.n - 1)
	}
	nd := l.node(l.nodes() - 1)
	if l.many.tail == nil {
		l.many.tail = &tail{}
	}
	t := l.many.tail
	if t.n == 0 {
		t.learn(nd)
	}
	s := spot{start: int(t.starts[nd.n-1]), pos: nd.last, before: nd.last}
	size := 0
	s.dist, size, s.value = head(nd.buf, s.start)
	s.end = s.value + size
	if nd.n > 1 {
		s.before -= int64(s.dist)
	}
	return nd, s
}

// Pop removes the element at one end of a list that is not empty. It returns its
// position, and the element appended to dst.
func (l *List) Pop(left bool, dst []byte) (pos int64, v []byte) {
	at, nd, s := 0, l.node(0), spot{}
	if left {
		s = nd.seek(0)
	} else {
		at = l.nodes() - 1
		nd, s = l.last()
	}
	v = append(dst, nd.buf[s.value:s.end]...)
	switch {
	case nd.n == 1:
		l.drop(at, 1)
	case left:
		l.account(nd, func() { nd.cut(0, 1) })
	default:
		l.account(nd, func() { nd.cutLast(&s, l.many != nil) })
		if l.many != nil {
			l.many.tail.n = nd.n
		}
	}
	l.join(at)
	return s.pos, v
}

// Removed is a run of elements that went: the positions of its first and last.
type Removed struct{ First, Last int64 }

// RemoveAll removes the elements that have these positions, which are in order,
// and returns the runs that they were.
func (l *List) RemoveAll(positions []int64) (runs []Removed) {
	joined := false // the last run may go on: nothing was kept since
	passed := -1
	for len(positions) > 0 {
		at, _, _ := l.find(positions[0])
		joined = joined && at == passed+1
		passed = at
		nd := l.node(at)
		out := node{first: nd.first, last: nd.last} // which find looks at, if it is left empty
		for i, pos, b := 0, nd.first, 0; i < nd.n; i++ {
			dist, size, value := head(nd.buf, b)
			if b = value + size; i > 0 {
				pos += int64(dist)
			}
			if len(positions) == 0 || positions[0] != pos {
				out.add(pos, nd.buf[value:b], len(nd.buf))
				joined = false
				continue
			}
			positions = positions[1:]
			if !joined {
				runs, joined = append(runs, Removed{First: pos}), true
			}
			runs[len(runs)-1].Last = pos
		}
		if out.n == nd.n {
			panic("obj: a position that no element of the list has")
		}
		out.fit()
		l.account(nd, func() { *nd = out })
	}
	l.tidy()
	return runs
}

// add adds an entry behind the last; the node is one that is filled once, with so
// much at most.
func (nd *node) add(pos int64, v []byte, most int) {
	dist := uint64(listGap)
	if nd.n == 0 {
		nd.buf, nd.first = make([]byte, 0, roundUp(most)), pos
	} else {
		dist = uint64(pos) - uint64(nd.last)
	}
	nd.buf = append(appendHead(nd.buf, dist, len(v)), v...)
	nd.last = pos
	nd.n++
}

// tidy drops empty nodes, and makes one of neighbours that have become small.
func (l *List) tidy() {
	s := l.many
	if s == nil {
		return
	}
	s.forget()
	to := s.from
	for i := s.from; i < s.to; i++ {
		nd := &s.all[i]
		switch {
		case nd.n == 0:
		case to > s.from && s.all[to-1].fits(nd):
			was := &s.all[to-1]
			s.held -= cap(was.buf) + cap(nd.buf)
			was.join(nd)
			s.held += cap(was.buf)
		default:
			s.all[to] = *nd
			to++
		}
	}
	clear(s.all[to:s.to])
	s.to = to
	if n := to - s.from; len(s.all) > 16 && n < len(s.all)/8 {
		s.center(n)
	}
	l.settle()
}
