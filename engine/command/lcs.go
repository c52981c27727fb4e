package command

import (
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

// A cell of the textbook table is four bytes, and Redis refuses a table larger
// than a string may be. Ours is a bit for each, but the bound on the work is
// worth keeping.
const lcsCellBytes = 4

func lcsCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	var s [2][]byte
	for i := range s {
		v, _, err := t.String(a[1+i])
		if isWrongType(err) {
			return refuse(w, "ERR The specified keys must contain string values")
		}
		if err != nil {
			return fail(w, err)
		}
		s[i] = v
	}
	o, message := parseLCS(a[3:])
	if message != "" {
		return refuse(w, message)
	}
	x, y := s[0], s[1]
	if int64(len(x)+1)*int64(len(y)+1) > longest(t)/lcsCellBytes {
		return refuse(w, "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
	}
	up, n := lcsTable(x, y, !o.length || o.idx)
	switch {
	case o.idx:
		o.ranges(w, x, y, up, n)
	case o.length:
		w.Int(int64(n))
	default:
		common := make([]byte, n)
		walkLCS(x, y, up, func(i, j int) {
			n--
			common[n] = x[i]
		})
		w.Bulk(common)
	}
	return Done
}

type lcsOptions struct {
	length, idx, withLen bool
	minLen               int64
}

func parseLCS(a Args) (o lcsOptions, message string) {
	for i := 0; i < len(a); i++ {
		switch {
		case is(a[i], "len"):
			o.length = true
		case is(a[i], "idx"):
			o.idx = true
		case is(a[i], "withmatchlen"):
			o.withLen = true
		case is(a[i], "minmatchlen") && i+1 < len(a):
			i++
			n, good := obj.ParseInt(a[i])
			if !good {
				return o, errNotInt
			}
			o.minLen = max(n, 0)
		default:
			return o, errSyntax
		}
	}
	if o.length && o.idx {
		return o, "ERR If you want both the length and indexes, please just use IDX."
	}
	return o, ""
}

// lcsTable returns the length of the longest common subsequence. up, kept if
// asked for, has a bit for each pair of prefixes: set when dropping the last
// byte of x loses less than dropping that of y.
func lcsTable(x, y []byte, keep bool) (up bitset, n int) {
	if keep {
		up = newBitset(len(x) * len(y))
	}
	above := make([]uint32, len(y)+1)
	row := make([]uint32, len(y)+1)
	for i := range x {
		for j := range y {
			switch {
			case x[i] == y[j]:
				row[j+1] = above[j] + 1
			case above[j+1] > row[j]:
				row[j+1] = above[j+1]
				if keep {
					up.set(i*len(y) + j)
				}
			default:
				row[j+1] = row[j]
			}
		}
		above, row = row, above
	}
	return up, int(above[len(y)])
}

// walkLCS visits the pairs of the subsequence from the last to the first.
func walkLCS(x, y []byte, up bitset, visit func(i, j int)) {
	i, j := len(x)-1, len(y)-1
	for i >= 0 && j >= 0 {
		switch {
		case x[i] == y[j]:
			visit(i, j)
			i--
			j--
		case up.has(i*len(y) + j):
			i--
		default:
			j--
		}
	}
}

// ranges answers the runs of the subsequence, the last first.
func (o *lcsOptions) ranges(w *resp.Writer, x, y []byte, up bitset, n int) {
	w.Map(2)
	w.BulkString("matches")
	mark, count := len(w.Buf), 0
	startX, startY, run := 0, 0, 0
	emit := func() {
		if run == 0 || int64(run) < o.minLen {
			return
		}
		count++
		if o.withLen {
			w.Array(3)
		} else {
			w.Array(2)
		}
		for _, start := range [...]int{startX, startY} {
			w.Array(2)
			w.Int(int64(start))
			w.Int(int64(start + run - 1))
		}
		if o.withLen {
			w.Int(int64(run))
		}
	}
	walkLCS(x, y, up, func(i, j int) {
		if run > 0 && (i != startX-1 || j != startY-1) {
			emit()
			run = 0
		}
		startX, startY = i, j
		run++
	})
	emit()
	prepend(w, mark, func(head *resp.Writer) { head.Array(count) })
	w.BulkString("len")
	w.Int(int64(n))
}

type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) set(i int) { b[i>>6] |= 1 << (i & 63) }

func (b bitset) has(i int) bool { return b[i>>6]>>(i&63)&1 != 0 }
