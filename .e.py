import re
p='list.go'; s=open(p).read()
# insert
s=s.replace('''	nd := l.node(at)
	switch {
	case nd.room(len(v)):
	case k == 0:
		nd = l.fresh(at)
	case k == nd.n:
		nd, k = l.fresh(at+1), 0
	default:
		l.split(at, k)
		l.insert(at, k, pos, v)
		return
	}
	l.account(nd, func() { nd.insert(k, pos, v) })
}
''','''	nd, hint := l.node(at), 0
	switch {
	case nd.room(len(v)):
	case k == 0 || k == nd.n:
		l.account(nd, nd.fit)
		if hint = len(nd.buf) / 4; k > 0 {
			at, k = at+1, 0
		}
		nd = l.fresh(at)
	default:
		l.split(at, k)
		l.insert(at, k, pos, v)
		return
	}
	if l.many == nil {
		nd.insert(k, pos, v)
		return
	}
	start, last := len(nd.buf), k == nd.n && l.many.knows(nd)
	l.account(nd, func() {
		nd.ahead(len(v), hint)
		nd.insert(k, pos, v)
	})
	if last {
		l.many.tail.add(start)
	}
}
''')
s=s.replace('''	fn()
	if l.many != nil {
		l.many.count += nd.n - n
		l.many.held += cap(nd.buf) - held
	}
}
''','''	if l.many != nil && l.many.knows(nd) {
		l.many.tail.n = 0
	}
	fn()
	if l.many != nil {
		l.many.count += nd.n - n
		l.many.held += cap(nd.buf) - held
	}
}
''')
s=s.replace('''		a, b := l.node(at), l.node(at+1)
		if a.n+b.n > nodeEntries/2 || len(a.buf)+len(b.buf) > nodeBytes/2 {
			continue
		}
''','''		a, b := l.node(at), l.node(at+1)
		if !a.fits(b) {
			continue
		}
''')
open(p,'w').write(s)

p='listnode.go'; s=open(p).read()
s=s.replace('''// splice puts three pieces''','''// fits reports whether the node and the one behind it are small enough to be one.
func (nd *node) fits(b *node) bool {
	return nd.n+b.n <= nodeEntries/2 && len(nd.buf)+len(b.buf) <= nodeBytes/2
}

// ahead makes room for a string in a node of a long list, and for more: so much
// to begin with, then half of what there is. Such a node is likely to fill up;
// fit then takes back what it has not used.
func (nd *node) ahead(size, begin int) {
	const heads = 4
	need := len(nd.buf) + heads + size
	if need <= cap(nd.buf) {
		return
	}
	room := max(need, min(max(need+need/2, begin), nodeBytes))
	nd.buf = append(make([]byte, 0, roundUp(room)), nd.buf...)
}

func (nd *node) fit() {
	if n := len(nd.buf); cap(nd.buf) > roundUp(n+n/8) {
		nd.buf = append(make([]byte, 0, roundUp(n)), nd.buf...)
	}
}

// splice puts three pieces''')
s=s.replace('''	count, held int // entries, and bytes of their nodes
}
''','''	count, held int // entries, and bytes of their nodes
	tail        *tail
}
''')
s=s.replace('''	return int(unsafe.Sizeof(*s)) + cap(s.all)*int(unsafe.Sizeof(node{})) + s.held
}
''','''	n := int(unsafe.Sizeof(*s)) + cap(s.all)*int(unsafe.Sizeof(node{})) + s.held
	if s.tail != nil {
		n += int(unsafe.Sizeof(*s.tail))
	}
	return n
}
''')
s=s.replace('''	if i == 0 {
		s.from--
	} else {
		at := s.from + i
''','''	if i == n {
		s.forget()
	}
	if i == 0 {
		s.from--
	} else {
		at := s.from + i
''')
s=s.replace('''	at := s.from + i
	for _, nd := range s.all[at : at+n] {
''','''	at := s.from + i
	if at+n == s.to {
		s.forget()
	}
	for _, nd := range s.all[at : at+n] {
''')
s=s.replace('''	c := *s
	c.all = make([]node, len(s.all))
	c.held = 0
''','''	c := *s
	c.all, c.tail = make([]node, len(s.all)), nil
	c.held = 0
''')
open(p,'w').write(s)
