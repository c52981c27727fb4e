package command

import (
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

const (
	scanCount = 10 // elements a SCAN looks for unless told
	scanSteps = 10 // steps for each of them, so that a sparse table ends the call too
)

func keysCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	m := matcher{pattern: a[1]}
	m.init()
	mark, n := len(w.Buf), 0
	for cursor := uint64(0); ; {
		cursor = t.Scan(cursor, func(key []byte, _ tx.Entry) {
			if m.match(key) {
				w.Bulk(key)
				n++
			}
		})
		if cursor == 0 {
			break
		}
	}
	prepend(w, mark, func(head *resp.Writer) { head.Array(n) })
	return Done
}

func scanCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	cursor, good := parseCursor(a[1])
	if !good {
		return refuse(w, errBadCursor)
	}
	o, message := parseScan(a[2:], true)
	if message != "" {
		return refuse(w, message)
	}
	mark, n, seen := len(w.Buf), 0, int64(0)
	take := func(key []byte, e tx.Entry) {
		seen++
		if o.match(key) && (o.typ == nil || is(o.typ, e.Type.String())) {
			w.Bulk(key)
			n++
		}
	}
	for steps := o.steps(); ; steps-- {
		cursor = t.Scan(cursor, take)
		if cursor == 0 || steps == 0 || seen >= o.count {
			break
		}
	}
	scanReply(w, mark, cursor, n)
	return Done
}

func hscanCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	cursor, good := parseCursor(a[2])
	if !good {
		return refuse(w, errBadCursor)
	}
	h, err := t.Hash(a[1])
	if err != nil {
		return fail(w, err)
	}
	mark, n := len(w.Buf), 0
	if h == nil {
		scanReply(w, mark, 0, n)
		return Done
	}
	o, message := parseScan(a[3:], false)
	if message != "" {
		return refuse(w, message)
	}
	cursor = h.Scan(cursor, int(min(o.count, maxReplyParts)), func(f, v []byte) {
		if o.match(f) {
			w.Bulk(f)
			w.Bulk(v)
			n += 2
		}
	})
	scanReply(w, mark, cursor, n)
	return Done
}

// scanReply puts the cursor and the count before the n elements that follow
// mark.
func scanReply(w *resp.Writer, mark int, cursor uint64, n int) {
	prepend(w, mark, func(head *resp.Writer) {
		head.Array(2)
		head.Bulk(appendUint(nil, cursor))
		head.Array(n)
	})
}

// prepend inserts what write writes before the bytes that follow mark: the
// counts that a reply begins with are known at its end.
func prepend(w *resp.Writer, mark int, write func(*resp.Writer)) {
	var small [64]byte
	head := resp.Writer{Buf: small[:0], Proto: w.Proto}
	write(&head)
	end := len(w.Buf)
	w.Buf = append(w.Buf, head.Buf...)
	copy(w.Buf[mark+len(head.Buf):], w.Buf[mark:end])
	copy(w.Buf[mark:], head.Buf)
}

// scanOptions are MATCH, COUNT and TYPE.
type scanOptions struct {
	matcher
	count int64
	typ   []byte
}

func (o *scanOptions) steps() int64 {
	if o.count > maxInt/scanSteps {
		return maxInt
	}
	return o.count * scanSteps
}

func parseScan(a Args, types bool) (o scanOptions, message string) {
	o.count = scanCount
	for i := 0; i < len(a); i += 2 {
		if i+1 == len(a) {
			return o, errSyntax
		}
		switch v := a[i+1]; {
		case is(a[i], "count"):
			n, good := obj.ParseInt(v)
			if !good {
				return o, errNotInt
			}
			if n < 1 {
				return o, errSyntax
			}
			o.count = n
		case is(a[i], "match"):
			o.pattern = v
		case is(a[i], "type") && types:
			o.typ = v
		default:
			return o, errSyntax
		}
	}
	o.init()
	return o, ""
}

// matcher is a glob; none, or a lone star, matches everything.
type matcher struct {
	pattern []byte
	all     bool
}

func (m *matcher) init() { m.all = m.pattern == nil || string(m.pattern) == "*" }

func (m *matcher) match(p []byte) bool { return m.all || obj.Match(m.pattern, p, false) }

// parseCursor reads what strtoul reads: an optional sign, which negates, and
// digits. Nothing at all is 0.
func parseCursor(p []byte) (n uint64, good bool) {
	if len(p) == 0 {
		return 0, true
	}
	negative := p[0] == '-'
	if negative || p[0] == '+' {
		p = p[1:]
	}
	if len(p) == 0 {
		return 0, false
	}
	for _, b := range p {
		d := uint64(b - '0')
		if b-'0' > 9 || n > (1<<64-1-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	if negative {
		n = -n
	}
	return n, true
}
