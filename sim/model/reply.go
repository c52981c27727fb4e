package model

import (
	"bytes"
	"holdfast/engine/event"
	"slices"
	"strconv"
)

// mode says how an expected reply compares with a real one.
type mode uint8

const (
	exact     mode = iota
	unordered      // the same groups in any order
	member         // out lists the candidates; the reply is one of them, or nil if there are none
	sample         // the reply lists want distinct candidates
	draws          // the reply lists want candidates, repeats allowed
	cursor         // the reply is a cursor and some of the candidates
	payload        // the reply is what DUMP makes of ctx.dumped
)

func appendInt(p []byte, n int64) []byte { return strconv.AppendInt(p, n, 10) }

func (c *ctx) head(kind byte, n int64) {
	c.out = append(appendInt(append(c.out, kind), n), '\r', '\n')
}

func (c *ctx) num(n int64) { c.head(':', n) }

func (c *ctx) array(n int) { c.head('*', int64(n)) }

func (c *ctx) bulk(p []byte) {
	c.values = true
	c.text(p)
}

// text is a bulk string that is no value.
func (c *ctx) text(p []byte) {
	c.head('$', int64(len(p)))
	c.out = append(append(c.out, p...), '\r', '\n')
}

func (c *ctx) null() {
	if c.proto == 3 {
		c.out = append(c.out, "_\r\n"...)
	} else {
		c.out = append(c.out, "$-1\r\n"...)
	}
}

// hashMap is the header of a map of n pairs.
func (c *ctx) hashMap(n int) {
	if c.proto == 3 {
		c.head('%', int64(n))
	} else {
		c.head('*', int64(2*n))
	}
}

func (c *ctx) simple(s string) { c.out = append(append(append(c.out, '+'), s...), '\r', '\n') }
func (c *ctx) ok()             { c.simple("OK") }
func (c *ctx) fail(s string)   { c.out = append(append(append(c.out, '-'), s...), '\r', '\n') }
func (c *ctx) wrongType()      { c.fail("WRONGTYPE") }

func isError(p []byte) bool { return len(p) > 0 && p[0] == '-' }

func isNull(p []byte) bool {
	return len(p) >= 3 && (p[0] == '_' || (p[0] == '*' || p[0] == '$') && p[1] == '-')
}

// header reads an aggregate's header of the given kind: its count and where
// its elements begin. -1 when p does not begin with one.
func header(p []byte, kinds ...byte) (n, at int) {
	if len(p) < 4 || !slices.Contains(kinds, p[0]) {
		return -1, 0
	}
	n, at = length(p)
	return n, at
}

// Elements returns how many elements an array reply has and where they begin;
// n is -1 for any other reply.
func Elements(p []byte) (at, n int) {
	n, at = header(p, '*')
	return at, n
}

// length reads the number after a type byte, and where the next line begins;
// at is 0 when the line is not all there.
func length(p []byte) (n, at int) {
	neg := false
	for i := 1; i < len(p); i++ {
		switch ch := p[i]; {
		case ch == '-' && i == 1:
			neg = true
		case ch >= '0' && ch <= '9' && n < 1<<40:
			n = n*10 + int(ch-'0')
		case ch == '\r':
			if i+1 >= len(p) {
				return 0, 0
			}
			if neg {
				n = -n
			}
			return n, i + 2
		default:
			return -1, -1
		}
	}
	return 0, 0
}

// Skip returns the length of the reply that p begins with: 0 when it is not
// all there, -1 when it is malformed.
func Skip(p []byte) int {
	at, open := 0, 1
	for open > 0 {
		if at >= len(p) {
			return 0
		}
		open--
		kind := p[at]
		switch kind {
		case '+', '-', ':', '_', ',', '#', '(':
			i := bytes.IndexByte(p[at:], '\n')
			if i < 0 {
				return 0
			}
			at += i + 1
		case '$', '=', '!', '*', '%', '~', '>':
			n, m := length(p[at:])
			if m == 0 {
				return 0
			}
			if m < 0 {
				return -1
			}
			at += m
			switch kind {
			case '*', '~', '>':
				open += max(n, 0)
			case '%':
				open += 2 * max(n, 0)
			default:
				if n >= 0 {
					at += n + 2
				}
			}
			if at > len(p) {
				return 0
			}
		default:
			return -1
		}
	}
	return at
}

// RedirectionBroken is the word of a message to a connection that tracks, when the
// one that is told in its place has gone.
const RedirectionBroken = "tracking-redir-broken"

// Told reports whether what p begins with answers no command: a message of
// RESP3, one to a subscriber of RESP2, a line of MONITOR. Confirmations of
// subscriptions are answers.
func Told(p []byte) bool {
	if len(p) < 2 {
		return false
	}
	switch p[0] {
	case '+':
		return p[1] >= '0' && p[1] <= '9'
	case '>', '*':
		_, at := header(p, '>', '*')
		for _, word := range [...]string{"$7\r\nmessage\r\n", "$8\r\nsmessage\r\n", "$8\r\npmessage\r\n", "$10\r\ninvalidate\r\n", "$21\r\n" + RedirectionBroken} {
			if at > 0 && bytes.HasPrefix(p[at:], []byte(word)) {
				return true
			}
		}
	}
	return false
}

// Words returns the strings of an array of strings, and of those in it.
func Words(dst [][]byte, p []byte) [][]byte {
	for len(p) > 0 {
		n, at := length(p)
		if at <= 0 {
			return dst
		}
		if p[0] == '$' && n >= 0 {
			dst = append(dst, p[at:at+n])
			at += n + 2
		} else if p[0] == '$' || p[0] == '_' {
			dst = append(dst, nil)
		}
		p = p[at:]
	}
	return dst
}

// compare says why got is not what was expected; "" if it is.
func (c *ctx) compare(got []byte) string {
	if isError(c.out) {
		if isError(got) && bytes.Equal(word(got), word(c.out)) {
			return ""
		}
		return "the reply is not the error it must be"
	}
	if isError(got) {
		return "the reply is an error"
	}
	switch c.mode {
	case exact:
		if !bytes.Equal(got, c.out) {
			return "the reply differs"
		}
		return ""
	case payload:
		return c.comparePayload(got)
	case member:
		return c.compareMember(got)
	case cursor:
		n, at := header(got, '*')
		if n != 2 {
			return "the reply is no cursor"
		}
		at += Skip(got[at:])
		return c.compareSome(got[at:])
	}
	return c.compareSome(got)
}

// word returns an error's code.
func word(p []byte) []byte {
	for i, ch := range p {
		if ch == ' ' || ch == '\r' {
			return p[:i]
		}
	}
	return p
}

// elements splits an aggregate into groups of raw elements.
func elements(dst [][]byte, p []byte, group int) (out [][]byte, ok bool) {
	n, at := header(p, '*', '%', '~')
	if n < 0 || at <= 0 {
		return dst, false
	}
	if p[0] == '%' {
		n *= 2
	}
	if n%group != 0 {
		return dst, false
	}
	for i := 0; i < n; i += group {
		begin := at
		for range group {
			m := Skip(p[at:])
			if m <= 0 {
				return dst, false
			}
			at += m
		}
		dst = append(dst, p[begin:at])
	}
	return dst, true
}

func (c *ctx) compareMember(got []byte) string {
	var ok bool
	if c.a, ok = elements(c.a[:0], c.out, c.group); !ok {
		return "the model's candidates are malformed"
	}
	if len(c.a) == 0 {
		if isNull(got) {
			return ""
		}
		return "the reply names one of none"
	}
	for _, e := range c.a {
		if bytes.Equal(e, got) {
			return ""
		}
	}
	return "the reply is not among the candidates"
}

// compareSome compares aggregates whose order is free.
func (c *ctx) compareSome(got []byte) string {
	var ok bool
	if c.a, ok = elements(c.a[:0], c.out, c.group); !ok {
		return "the model's candidates are malformed"
	}
	if c.b, ok = elements(c.b[:0], got, c.group); !ok {
		return "the reply is no such aggregate"
	}
	slices.SortFunc(c.a, bytes.Compare)
	slices.SortFunc(c.b, bytes.Compare)
	switch c.mode {
	case unordered:
		if got[0] != c.out[0] || !slices.EqualFunc(c.a, c.b, bytes.Equal) {
			return "the reply's members differ"
		}
		return ""
	case sample, draws:
		if len(c.b) != c.want {
			return "the reply has the wrong number of members"
		}
	}
	i := 0
	for n, e := range c.b {
		if c.mode == sample && n > 0 && bytes.Equal(e, c.b[n-1]) {
			return "the reply repeats a member"
		}
		for i < len(c.a) && bytes.Compare(c.a[i], e) < 0 {
			i++
		}
		if i == len(c.a) || !bytes.Equal(c.a[i], e) {
			return "the reply has a member that must not be there"
		}
	}
	return ""
}

// number reads a canonical decimal as Redis does.
func number(p []byte) (n int64, ok bool) {
	if len(p) == 0 || len(p) > 20 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(p), 10, 64)
	if err != nil {
		return 0, false
	}
	var b [24]byte
	return n, bytes.Equal(strconv.AppendInt(b[:0], n, 10), p)
}

// SameReply reports whether two replies to one unit say the same, where the
// order of members, or the choice of them, is the server's.
func SameReply(u *event.Unit, other []byte) bool {
	if !u.Exec {
		return same(string(u.Commands[0][0]), u.Reply, other)
	}
	n, a := header(u.Reply, '*')
	m, b := header(other, '*')
	if n != m || n != len(u.Commands) {
		return false
	}
	for _, args := range u.Commands {
		i, k := Skip(u.Reply[a:]), Skip(other[b:])
		if i <= 0 || k <= 0 || !same(string(args[0]), u.Reply[a:a+i], other[b:b+k]) {
			return false
		}
		a, b = a+i, b+k
	}
	return true
}

func same(name string, x, y []byte) bool {
	if bytes.Equal(x, y) {
		return true
	}
	group := 1
	switch name {
	case "SCAN", "HSCAN", "RANDOMKEY", "HRANDFIELD":
		return x[0] == y[0] // which members is the server's choice
	case "HGETALL":
		group = 2
	case "KEYS", "HKEYS", "HVALS":
	default:
		return false
	}
	a, ok1 := elements(nil, x, group)
	b, ok2 := elements(nil, y, group)
	if !ok1 || !ok2 || len(a) != len(b) {
		return false
	}
	slices.SortFunc(a, bytes.Compare)
	slices.SortFunc(b, bytes.Compare)
	return slices.EqualFunc(a, b, bytes.Equal)
}
