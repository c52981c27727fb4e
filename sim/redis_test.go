package sim_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/command"
	"holdfast/engine/event"
	"holdfast/engine/resp"
	"holdfast/sim/campaign"
	"holdfast/sim/redistest"
	"holdfast/sim/tape"
)

// peer is a redis-server on a socket of its own.
type peer struct {
	conn net.Conn
	buf  []byte
	db   int
}

func startPeer(t *testing.T) *peer {
	conn, err := net.Dial("unix", redistest.Start(t))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return &peer{conn: conn}
}

// do sends a pipeline and returns the replies.
func (p *peer) do(t *testing.T, cmds ...[][]byte) []resp.Value {
	var out []byte
	for _, c := range cmds {
		out = resp.AppendCommand(out, c...)
	}
	_, err := p.conn.Write(out)
	require.NoError(t, err)
	p.buf = p.buf[:0]
	for {
		var list []resp.Value
		at := 0
		for len(list) < len(cmds) {
			v, n, err := resp.Decode(p.buf[at:])
			require.NoError(t, err)
			if n == 0 {
				break
			}
			at += n
			list = append(list, v)
		}
		if len(list) == len(cmds) {
			return list
		}
		var part [32 << 10]byte
		n, err := p.conn.Read(part[:])
		require.NoError(t, err)
		p.buf = append(p.buf, part[:n]...)
	}
}

func words(s string) (out [][]byte) {
	for _, w := range strings.Fields(s) {
		out = append(out, []byte(w))
	}
	return out
}

// said is one unit, kept.
type said struct {
	db    int
	exec  bool
	cmds  [][][]byte
	reply []byte
}

// TestBesideRedis has a real Redis repeat simulated histories, unit by unit in
// the engine's serial order, values going cold and coming back meanwhile: what
// engine and twin have in common is checked by something that shares nothing.
func TestBesideRedis(t *testing.T) {
	p := startPeer(t)
	seeds := uint64(40)
	if testing.Short() {
		seeds = 5
	}
	if n, err := strconv.ParseUint(os.Getenv("HOLDFAST_PEER_SEEDS"), 10, 64); err == nil {
		seeds = n
	}
	r := campaign.NewRunner()
	compared := map[string]int{}
	for seed := uint64(1); seed <= seeds; seed++ {
		var units []said
		r.Heard = func(u *event.Unit) { units = append(units, keepUnit(u)) }
		res, err := r.Run(tape.Token{Seed: seed, Profile: "clean", Settings: "beside=redis,fsync=always"})
		require.NoError(t, err)
		require.Nil(t, res.Failure)
		p.do(t, words("FLUSHALL"), words("SELECT 0"))
		p.db = 0
		for i := range units {
			p.repeat(t, seed, &units[i], compared)
		}
	}
	total := 0
	for _, n := range compared {
		total += n
	}
	t.Logf("%d replies of %d commands compared", total, len(compared))
	require.Greater(t, len(compared), 40)
	require.Greater(t, total, 50*int(seeds))
}

func keepUnit(u *event.Unit) said {
	s := said{db: u.DB, exec: u.Exec, reply: bytes.Clone(u.Reply)}
	for _, args := range u.Commands {
		var c [][]byte
		for _, a := range args {
			c = append(c, bytes.Clone(a))
		}
		s.cmds = append(s.cmds, c)
	}
	return s
}

// repeat has Redis run a unit and compares the replies.
func (p *peer) repeat(t *testing.T, seed uint64, u *said, compared map[string]int) {
	ours, n, err := resp.Decode(u.reply)
	require.NoError(t, err)
	if n == 0 || len(u.cmds) == 0 || u.exec && (ours.Null || ours.Kind == '-') {
		return // watched keys changed, or it was refused: nothing ran
	}
	cmd, problem := command.Resolve(u.cmds[0])
	if problem != "" || !u.exec && (cmd.Handler == nil || cmd.Is(command.Blocking) && ours.Null) {
		return // of the connection, or a wait that timed out
	}
	if !u.exec && cmd.Is(command.Blocking) && len(ours.Elems) > 1 {
		u.cmds[0] = woken(cmd.Name, u.cmds[0], ours.Elems[0].Str)
	}
	batch := [][][]byte{words(fmt.Sprintf("SELECT %d", u.db))}
	if u.exec {
		batch = append(batch, words("MULTI"))
	}
	batch = append(batch, u.cmds...)
	if u.exec {
		batch = append(batch, words("EXEC"))
	}
	replies := p.do(t, batch...)
	theirs := replies[len(replies)-1]
	if !u.exec && cmd.Name == "dump" && !ours.Null {
		// The bytes may differ (compression, the order of fields); Redis must
		// take ours for what it has itself.
		for _, r := range p.do(t, [][]byte{[]byte("RESTORE"), []byte("__dumped"), []byte("0"), ours.Str}, words("TYPE __dumped"), words("DEL __dumped"))[:1] {
			require.Equal(t, byte('+'), r.Kind, "seed %d: RESTORE of %q: %s", seed, u.reply, r.Str)
		}
		compared["dump"]++
		return
	}
	if !u.exec {
		compare(t, seed, u.cmds[0], ours, theirs, compared)
		return
	}
	require.Len(t, ours.Elems, len(theirs.Elems), "seed %d: %q", seed, u.cmds)
	for i := range u.cmds {
		compare(t, seed, u.cmds[i], ours.Elems[i], theirs.Elems[i], compared)
	}
}

// woken is a command of several keys that waited, as it was served: by one of
// them, whatever the others had become meanwhile.
func woken(name string, args [][]byte, key []byte) [][]byte {
	switch name {
	case "blpop", "brpop":
		return [][]byte{args[0], key, args[len(args)-1]}
	case "blmpop":
		n, _ := strconv.Atoi(string(args[2]))
		return append([][]byte{args[0], args[1], []byte("1"), key}, args[3+n:]...)
	}
	return args
}

// clocked answer what a clock says.
var clocked = []string{"ttl", "pttl", "expiretime", "pexpiretime"}

func compare(t *testing.T, seed uint64, args [][]byte, ours, theirs resp.Value, compared map[string]int) {
	cmd, problem := command.Resolve(args)
	if problem != "" || cmd.Handler == nil {
		return
	}
	switch {
	case slices.Contains(clocked, cmd.Name):
		ours.Int, theirs.Int = min(ours.Int, 1), min(theirs.Int, 1)
	case cmd.Is(command.Random), cmd.Name == "time", cmd.Name == "dump":
		return
	case cmd.Is(command.Unordered):
		order(cmd.Name, &ours)
		order(cmd.Name, &theirs)
	}
	compared[cmd.Name]++
	require.Equal(t, spell(theirs), spell(ours), "seed %d: %q", seed, args)
}

// order sorts what may come in any order: elements, or pairs of them.
func order(name string, v *resp.Value) {
	if name != "hgetall" {
		slices.SortFunc(v.Elems, func(a, b resp.Value) int { return bytes.Compare(a.Str, b.Str) })
		return
	}
	var pairs []resp.Value
	for i := 0; i+1 < len(v.Elems); i += 2 {
		pairs = append(pairs, resp.Value{Kind: '$', Str: []byte(fmt.Sprintf("%q %q", v.Elems[i].Str, v.Elems[i+1].Str))})
	}
	v.Elems = pairs
	order("", v)
}

func spell(v resp.Value) string {
	switch {
	case v.Null:
		return "nil"
	case v.Kind == ':':
		return fmt.Sprint(v.Int)
	case v.Kind == '*':
		var b strings.Builder
		for _, e := range v.Elems {
			fmt.Fprintf(&b, "[%s]", spell(e))
		}
		return b.String()
	}
	return fmt.Sprintf("%c%q", v.Kind, v.Str)
}
