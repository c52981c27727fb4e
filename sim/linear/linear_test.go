package linear

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func cmd(words ...string) (out [][]byte) {
	for _, w := range words {
		out = append(out, []byte(w))
	}
	return out
}

func TestHistories(t *testing.T) {
	f := func(wrong bool, play func(l *Log)) {
		t.Helper()
		var l Log
		l.Reset()
		play(&l)
		v := l.Check()
		require.Equal(t, wrong, v.Wrong, "%v", v.Story)
	}
	f(false, func(l *Log) {
		l.Return(l.Call(0, cmd("SET", "k", "a"), 1), []byte("+OK\r\n"), 2)
		l.Return(l.Call(1, cmd("GET", "k"), 3), []byte("$1\r\na\r\n"), 4)
	})
	f(true, func(l *Log) { // acknowledged, and gone
		l.Return(l.Call(0, cmd("SET", "k", "a"), 1), []byte("+OK\r\n"), 2)
		l.Return(l.Call(1, cmd("GET", "k"), 3), []byte("$-1\r\n"), 4)
	})
	f(false, func(l *Log) { // at the same time: either order
		w := l.Call(0, cmd("SET", "k", "a"), 1)
		l.Return(l.Call(1, cmd("GET", "k"), 2), []byte("$-1\r\n"), 3)
		l.Return(w, []byte("+OK\r\n"), 4)
	})
	f(false, func(l *Log) { // no reply: it ran, and late
		l.Call(0, cmd("SET", "k", "a"), 1)
		l.Return(l.Call(1, cmd("GET", "k"), 2), []byte("$-1\r\n"), 3)
		l.Return(l.Call(1, cmd("GET", "k"), 4), []byte("$1\r\na\r\n"), 5)
	})
	f(true, func(l *Log) { // seen, then unseen: what was told was undone
		l.Call(0, cmd("SET", "k", "a"), 1)
		l.Return(l.Call(1, cmd("GET", "k"), 2), []byte("$1\r\na\r\n"), 3)
		l.Return(l.Call(1, cmd("GET", "k"), 4), []byte("$-1\r\n"), 5)
	})
	f(true, func(l *Log) { // an increment done twice
		l.Return(l.Call(0, cmd("INCRBY", "n", "3"), 1), []byte(":3\r\n"), 2)
		l.Return(l.Call(0, cmd("GET", "n"), 3), []byte("$1\r\n6\r\n"), 4)
	})
	f(false, func(l *Log) { // refused: it did nothing
		l.Return(l.Call(0, cmd("SET", "k", "a"), 1), []byte("-MISCONF no\r\n"), 2)
		l.Return(l.Call(0, cmd("SETNX", "k", "b"), 3), []byte(":1\r\n"), 4)
		l.Return(l.Call(0, cmd("APPEND", "k", "c"), 5), []byte(":2\r\n"), 6)
		l.Return(l.Call(0, cmd("STRLEN", "k"), 7), []byte(":2\r\n"), 8)
		l.Return(l.Call(0, cmd("GETSET", "k", "d"), 9), []byte("$2\r\nbc\r\n"), 10)
		l.Return(l.Call(0, cmd("GETDEL", "k"), 11), []byte("$1\r\nd\r\n"), 12)
		l.Return(l.Call(0, cmd("DEL", "k"), 13), []byte(":0\r\n"), 14)
	})
}
