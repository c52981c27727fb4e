package meta

import (
	"bytes"
	"fmt"
	"slices"

	"holdfast/sim/model"
)

// answers is what one side was told: the bytes that each client got in each
// step, in the order of the steps.
type answers struct {
	steps   int
	clients int
	bytes   [][]byte // by step, then client
}

func (a *answers) at(step, client int) []byte { return a.bytes[step*a.clients+client] }

// compare says what differs between two sides and where, "" if nothing does, and
// how many checks that could have failed it made.
func compare(script []Step, a, b *answers) (what, where string, checks int64) {
	waiting := make([][]string, a.clients)
	for i := range script {
		s := &script[i]
		if s.Rest {
			clear(waiting)
		}
		if len(waiting[s.Client]) == 0 { // else it was blocked and has sent nothing
			for _, args := range s.Commands {
				waiting[s.Client] = append(waiting[s.Client], string(args[0]))
			}
		}
		for c := range a.clients {
			p, q := a.at(i, c), b.at(i, c)
			if len(p)+len(q) == 0 {
				continue
			}
			checks++
			rest, what, diff := sameBytes(p, q, waiting[c])
			if what != "" {
				return what, fmt.Sprintf("step %d, client %d: %s", i, c, diff), checks
			}
			waiting[c] = rest
		}
	}
	return "", "", checks
}

// sameBytes compares what a client was told in one step. names are the commands
// that it waits for; what is left of them is returned.
func sameBytes(p, q []byte, names []string) (rest []string, what, diff string) {
	ra, ma := split(p)
	rb, mb := split(q)
	if len(ra) != len(rb) {
		return nil, "a reply comes at another time", fmt.Sprintf("%d replies to %v, and %d: %s", len(ra), names, len(rb), beside(p, q))
	}
	var queued []string
	multi := false
	for i := range ra {
		name := ""
		if i < len(names) {
			name = names[i]
		}
		same := false
		switch {
		case name == "MULTI":
			multi, queued = true, nil
			same = bytes.Equal(ra[i], rb[i])
		case name == "EXEC" && multi:
			multi = false
			same = alikeExec(ra[i], rb[i], queued)
		case multi:
			if same = bytes.Equal(ra[i], rb[i]); ra[i][0] == '+' {
				queued = append(queued, name)
			}
		default:
			same = alike(ra[i], rb[i], likenessOf(name))
		}
		if !same {
			return nil, name + " answers otherwise", beside(ra[i], rb[i])
		}
	}
	slices.SortFunc(ma, bytes.Compare)
	slices.SortFunc(mb, bytes.Compare)
	if !slices.EqualFunc(ma, mb, bytes.Equal) {
		return nil, "other messages", beside(bytes.Join(ma, nil), bytes.Join(mb, nil))
	}
	return names[min(len(ra), len(names)):], "", ""
}

// split parts replies from messages that answer nothing.
func split(p []byte) (replies, messages [][]byte) {
	for len(p) > 0 {
		n := model.Skip(p)
		if n <= 0 {
			return append(replies, p), messages
		}
		if model.Told(p) {
			messages = append(messages, p[:n])
		} else {
			replies = append(replies, p[:n])
		}
		p = p[n:]
	}
	return replies, messages
}

// parts returns the elements of an array reply, nil for any other.
func parts(p []byte) (list [][]byte) {
	at, n := model.Elements(p)
	if n < 0 {
		return nil
	}
	for p = p[at:]; len(p) > 0; {
		m := model.Skip(p)
		if m <= 0 {
			return nil
		}
		list, p = append(list, p[:m]), p[m:]
	}
	return list
}

func alikeExec(a, b []byte, names []string) bool {
	if bytes.Equal(a, b) {
		return true
	}
	pa, pb := parts(a), parts(b)
	if len(pa) != len(names) || len(pb) != len(names) {
		return false
	}
	for i := range pa {
		if !alike(pa[i], pb[i], likenessOf(names[i])) {
			return false
		}
	}
	return true
}

func alike(a, b []byte, l likeness) bool {
	if bytes.Equal(a, b) {
		return true
	}
	switch l {
	case exact:
		return false
	case drawn:
		return empty(a) == empty(b) && a[0] == b[0]
	case scanned, scannedPairs:
		pa, pb := parts(a), parts(b)
		if len(pa) != 2 || len(pb) != 2 || !bytes.Equal(pa[0], pb[0]) {
			return false
		}
		a, b = pa[1], pb[1]
	}
	size := 1
	if l == pairs || l == scannedPairs {
		size = 2
	}
	pa, pb := groups(parts(a), size), groups(parts(b), size)
	return len(pa) > 0 && slices.EqualFunc(pa, pb, bytes.Equal)
}

// groups joins every size elements and sorts what comes out.
func groups(list [][]byte, size int) (out [][]byte) {
	for ; len(list) >= size; list = list[size:] {
		out = append(out, bytes.Join(list[:size], nil))
	}
	slices.SortFunc(out, bytes.Compare)
	return out
}

func empty(p []byte) bool {
	return bytes.HasPrefix(p, []byte("$-1")) || bytes.HasPrefix(p, []byte("*0"))
}

func beside(a, b []byte) string { return fmt.Sprintf("%s, and %s", short(a), short(b)) }

func short(p []byte) string {
	if len(p) > 200 {
		return fmt.Sprintf("%q...(%d bytes)", p[:200], len(p))
	}
	return fmt.Sprintf("%q", p)
}
