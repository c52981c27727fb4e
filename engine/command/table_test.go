package command_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/command"
	"holdfast/engine/command/script"
	"holdfast/engine/resp"
)

// Commands that Redis 7.0 lacks.
var newer = []string{"waitaof", "client|setinfo", "client|no-touch", "client|import-source"}

// TestTableIsRedis compares what COMMAND INFO and DOCS say with Redis, all but
// prose (summaries, notes, history) and subcommands that are not ours.
func TestTableIsRedis(t *testing.T) {
	r := startRedis(t)
	for _, proto := range []int{2, 3} {
		require.NoError(t, r.speak(proto))
		for _, c := range command.All() {
			if slices.Contains(newer, c.Name) {
				continue
			}
			w := &resp.Writer{Proto: proto}
			command.WriteInfo(w, command.Args{[]byte(c.Name)})
			want, err := r.do([]string{"COMMAND", "INFO", c.Name})
			require.NoError(t, err)
			got := normal(t, w.Buf, c)
			require.Equal(t, normal(t, want, c), got, c.Name)

			w.Buf = nil
			command.WriteDocs(w, command.Args{[]byte(c.Name)})
			want, err = r.do([]string{"COMMAND", "DOCS", c.Name})
			require.NoError(t, err)
			require.Equal(t, normal(t, want, c), normal(t, w.Buf, c), c.Name)
		}
	}
}

// normal prints a reply without what may differ.
func normal(t *testing.T, p []byte, c *command.Command) string {
	v, n, err := resp.Decode(slices.Clone(p))
	require.NoError(t, err)
	require.Equal(t, len(p), n)
	known := map[string]bool{}
	for i := range c.Subs {
		known[c.Subs[i].Name] = !slices.Contains(newer, c.Subs[i].Name)
	}
	prune(&v, known)
	return script.Format(v)
}

// prune drops prose and unknown subcommands, wherever they are, and sorts the
// subcommands.
func prune(v *resp.Value, known map[string]bool) {
	isSub := func(e resp.Value) bool { return strings.Contains(string(e.Str), "|") }
	var kept, subs []resp.Value
	for i := 0; i < len(v.Elems); i++ {
		e := v.Elems[i]
		name := string(e.Str)
		next := i+1 < len(v.Elems)
		switch {
		case e.Kind == '$' && next && slices.Contains([]string{"summary", "notes", "history"}, name):
			i++
		case e.Kind == '$' && next && isSub(e) && v.Elems[i+1].Kind != ':': // DOCS: name, map
			if i++; known[name] {
				prune(&v.Elems[i], known)
				subs = append(subs, e, v.Elems[i])
			}
		case len(e.Elems) == 10 && isSub(e.Elems[0]) && e.Elems[1].Kind == ':': // INFO
			if known[string(e.Elems[0].Str)] {
				prune(&e, known)
				subs = append(subs, e)
			}
		default:
			prune(&e, known)
			kept = append(kept, e)
		}
	}
	step := 1
	if len(subs) > 0 && subs[0].Kind == '$' {
		step = 2
	}
	if len(subs) > 0 {
		groups := slices.Collect(slices.Chunk(subs, step))
		slices.SortFunc(groups, func(a, b []resp.Value) int {
			return strings.Compare(script.Format(a[0]), script.Format(b[0]))
		})
		subs = slices.Concat(groups...)
	}
	v.Elems = slices.Concat(kept, subs)
}

func TestLookup(t *testing.T) {
	for _, c := range command.All() {
		require.Same(t, c, command.Lookup([]byte(c.Name)))
		require.Same(t, c, command.Lookup([]byte(strings.ToUpper(c.Name))))
		require.Equal(t, strings.ToLower(c.Name), c.Name)
	}
	for _, name := range []string{"", "g", "gett", "ge", "set\x00", "s\xc5t", "g%t", "client|id", strings.Repeat("x", 1000)} {
		require.Nil(t, command.Lookup([]byte(name)), name)
	}
	name := []byte("GetRange")
	require.Zero(t, testing.AllocsPerRun(100, func() { command.Lookup(name) }))
}

// TestTable checks what the runner relies on.
func TestTable(t *testing.T) {
	var visit func(c *command.Command)
	visit = func(c *command.Command) {
		require.False(t, c.Is(command.Write) && c.Is(command.ReadOnly), c.Name)
		require.NotEmpty(t, c.Summary, c.Name)
		require.NotZero(t, c.Arity, c.Name)
		if c.Keys.First > 0 {
			// Legacy positions name the keys that the specifications name.
			a := make(command.Args, max(c.Arity, -c.Arity)+2)
			for i := range a {
				a[i] = []byte{byte(i)}
			}
			var keys []byte
			c.EachKey(a, func(key []byte) { keys = append(keys, key[0]) })
			require.NotEmpty(t, keys, c.Name)
			require.True(t, slices.IsSorted(keys))
			require.NotEmpty(t, c.Specs, c.Name)
			c.EachValue(a, func(key []byte) { require.Contains(t, keys, key[0], c.Name) })
			if c.Is(command.Write) {
				require.Greater(t, c.Footprint(a), len(a))
			}
		}
		for i := range c.Subs {
			require.True(t, strings.HasPrefix(c.Subs[i].Name, c.Name+"|"))
			visit(&c.Subs[i])
		}
	}
	for _, c := range command.All() {
		visit(c)
	}
}

func words(line string) (a command.Args) {
	for _, s := range strings.Fields(line) {
		a = append(a, []byte(s))
	}
	return a
}

func TestKeysAndValues(t *testing.T) {
	for _, test := range []struct{ line, keys, values string }{
		{"get a", "a", "a"},
		{"SET a v", "a", ""},
		{"set a v get", "a", "a"},
		{"set a v EX 10 Get", "a", "a"},
		{"set a get", "a", ""},
		{"set a v EX get", "a", ""},
		{"mset a 1 b 2", "a b", ""},
		{"mget a b c", "a b c", "a b c"},
		{"rename a b", "a b", "a"},
		{"copy a b replace", "a b", "a"},
		{"bitop and d x y", "d x y", "x y"},
		{"lcs a b len", "a b", "a b"},
		{"del a b", "a b", ""},
		{"expire a 1", "a", ""},
		{"append a v", "a", "a"},
		{"object encoding k", "k", "k"},
		{"object freq k", "k", ""},
		{"hset h f v", "h", "h"},
		{"watch a b", "a b", ""},
		{"ping", "", ""},
		{"keys *", "", ""},
		{"lmove a b left right", "a b", "a b"},
		{"lmpop 2 a b left", "a b", "a b"},
		{"lmpop 9 a b left", "", ""},
	} {
		a := words(test.line)
		c, message := command.Resolve(a)
		require.Empty(t, message, test.line)
		var keys, values []string
		c.EachKey(a, func(key []byte) { keys = append(keys, string(key)) })
		c.EachValue(a, func(key []byte) { values = append(values, string(key)) })
		require.Equal(t, test.keys, strings.Join(keys, " "), test.line)
		require.Equal(t, test.values, strings.Join(values, " "), test.line)
	}
}

func TestFootprint(t *testing.T) {
	size := func(line string) int {
		a := words(line)
		c, message := command.Resolve(a)
		require.Empty(t, message, line)
		return c.Footprint(a)
	}
	require.Zero(t, size("get a"))
	require.Greater(t, size("set a "+strings.Repeat("v", 1000)), 1000)
	require.Greater(t, size("setrange a 1000000 v"), 1000000)
	require.Greater(t, size("setbit a 8000000 1"), 1000000)
	require.Greater(t, size("bitfield a set u8 8000000 1"), 1000000)
	require.Less(t, size("setrange a 99999999999 v"), 10000)
	require.Less(t, size("setrange a -5 v"), 10000)
	key := strings.Repeat("k", 1000)
	require.Greater(t, size("hset "+key+" a 1 b 2 c 3"), 3000)
}

// TestCommandReplies compares the parts of COMMAND that are no description.
func TestCommandReplies(t *testing.T) {
	r := startRedis(t)
	for _, line := range []string{
		"get a", "mset a 1 b 2", "set a b get", "rename a b", "copy a b", "bitop not d a", "object freq k",
		"nosuch a", "ping a", "get a b", "mset a 1 b", "object nosuch", "object freq", "lcs a b",
		"bitfield a", "bitfield a get u8 0", "bitfield a get u8 0 set u8 0 1", "set a b", "set a b nx",
		"client id", "hset h f v", "getex a", "getdel a", "unlink a b", "sort_not_here a", "expire a 10",
		"lpush a b", "lmove a b left right", "lmpop 2 a b left", "lmpop 3 a b left", "lmpop 0 a left", "lmpop x a left",
		"lmpop -1 a left", "lmpop 4 a b left", "lmpop 9223372036854775807 a left",
	} {
		for _, sub := range []string{"GETKEYS", "GETKEYSANDFLAGS"} {
			w := &resp.Writer{Proto: 2}
			command.WriteKeys(w, words(line), sub == "GETKEYSANDFLAGS")
			want, err := r.do(append([]string{"COMMAND", sub}, strings.Fields(line)...))
			require.NoError(t, err)
			require.Equal(t, string(want), string(w.Buf), sub+" "+line)
		}
	}
	for _, line := range []string{
		"INFO nosuch", "INFO get nosuch", "INFO client|nosuch", "DOCS nosuch", "LIST FILTERBY PATTERN xyz*",
		"LIST FILTERBY ACLCAT nosuch", "LIST FILTERBY MODULE x", "LIST FILTERBY PATTERN", "LIST FOO BAR BAZ",
		"LIST FILTERBY FOO x", "LIST FOO", "LIST FILTERBY PATTERN getde*", "LIST FILTERBY PATTERN GETDE*",
	} {
		for _, proto := range []int{2, 3} {
			require.NoError(t, r.speak(proto))
			w := &resp.Writer{Proto: proto}
			a := words(line)
			switch string(a[0]) {
			case "INFO":
				command.WriteInfo(w, a[1:])
			case "DOCS":
				command.WriteDocs(w, a[1:])
			default:
				command.WriteList(w, a[1:])
			}
			want, err := r.do(append([]string{"COMMAND"}, strings.Fields(line)...))
			require.NoError(t, err)
			got, n, err := resp.Decode(w.Buf)
			require.NoError(t, err)
			require.Equal(t, len(w.Buf), n)
			expect, _, err := resp.Decode(want)
			require.NoError(t, err)
			if line == "INFO get nosuch" {
				got, expect = got.Elems[1], expect.Elems[1]
			}
			require.Equal(t, script.Format(expect), script.Format(got), line)
		}
	}
	w := &resp.Writer{Proto: 3}
	command.WriteCount(w)
	command.WriteCommands(w)
	command.WriteDocs(w, nil)
	command.WriteList(w, nil)
	command.WriteHelp(w)
	for len(w.Buf) > 0 {
		_, n, err := resp.Decode(w.Buf)
		require.NoError(t, err)
		require.NotZero(t, n)
		w.Buf = w.Buf[n:]
	}
}

func BenchmarkLookup(b *testing.B) {
	names := [][]byte{[]byte("get"), []byte("SET"), []byte("hincrbyfloat"), []byte("Expire")}
	for i := 0; b.Loop(); i++ {
		command.Lookup(names[i&3])
	}
}
