package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/sim/world"
)

// dialogue sends each line's command and compares the reply. The words of a
// command stand before "=>".
func (k *client) dialogue(lines string) {
	k.s.t.Helper()
	for line := range strings.Lines(lines) {
		cmd, want, ok := strings.Cut(strings.TrimSpace(line), " => ")
		if !ok {
			continue
		}
		words := strings.Fields(cmd)
		for i, w := range words {
			if w == `""` {
				words[i] = ""
			}
		}
		require.Equal(k.s.t, want, strings.TrimSpace(k.do(words...)), cmd)
	}
}

func TestHelloAndAuth(t *testing.T) {
	s := serve(t, small())
	k, late := s.dial(), s.dial()
	k.dialogue(`
		CLIENT GETNAME => nil
		HELLO x => -ERR Protocol version is not an integer or out of range
		HELLO 4 => -NOPROTO unsupported protocol version
		HELLO 3 FOO => -ERR Syntax error in HELLO option 'FOO'
		AUTH x => -ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?
		HELLO 3 SETNAME me => {"server": "redis", "version": "7.0.15", "proto": :3, "id": :1, "mode": "standalone", "role": "master", "modules": []}
		GET absent => nil
		CLIENT GETNAME => "me"
		CONFIG SET requirepass secret => +OK
		PING => +PONG
		AUTH wrong => -WRONGPASS invalid username-password pair or user is disabled.
		AUTH someone secret => -WRONGPASS invalid username-password pair or user is disabled.
		RESET => +RESET
		PING => -NOAUTH Authentication required.
		COMMAND COUNT => -NOAUTH Authentication required.
		HELLO 3 => -NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time
		AUTH default secret => +OK
		PING => +PONG
		CLIENT GETNAME => nil
	`)
	require.Equal(t, "+PONG", late.do("PING"), "who was in stays in")
	fresh := s.dial()
	require.Equal(t, "-NOAUTH Authentication required.", fresh.do("PING"))
	require.Equal(t, "+OK", k.do("CONFIG", "SET", "requirepass", ""))
	require.Equal(t, "+PONG", fresh.do("PING"))
}

func TestResetForgetsEverything(t *testing.T) {
	s := serve(t, small())
	k := s.dial()
	k.dialogue(`
		SELECT 3 => +OK
		SET k v => +OK
		WATCH k => +OK
		MULTI => +OK
		GET k => +QUEUED
		RESET => +RESET
		EXEC => -ERR EXEC without MULTI
		GET k => nil
	`)
	require.Contains(t, k.do("CLIENT", "INFO"), " db=0 ")
}

// TestWaitingCommandsAreBounded queues and watches more than there is memory.
func TestWaitingCommandsAreBounded(t *testing.T) {
	c := small()
	c.ClientQueryBufferLimit = 4 << 20
	s := serve(t, c)
	k := s.dial()
	require.Equal(t, "+OK", k.do("MULTI"))
	key := strings.Repeat("k", 256<<10)
	last := ""
	for range 20 {
		if last = k.do("GET", key); last != "+QUEUED" {
			break
		}
	}
	require.Equal(t, "-ERR transaction is too large", last)
	require.Contains(t, k.do("EXEC"), "-EXECABORT")
	before := s.info("mem_clients_normal")
	for i := range 100 {
		require.Equal(t, "+OK", k.do("WATCH", fmt.Sprint(key[:1000], i)))
	}
	require.NotEqual(t, before, s.info("mem_clients_normal"))
	require.Equal(t, "+OK", k.do("UNWATCH"))
	require.Equal(t, before, s.info("mem_clients_normal"))
}

func TestClientKill(t *testing.T) {
	s := serve(t, small())
	k := s.dial()
	victim := func() (*client, string) {
		v := s.dial()
		return v, strings.TrimPrefix(v.do("CLIENT", "ID"), ":")
	}
	v, id := victim()
	require.Equal(t, ":1", k.do("CLIENT", "KILL", "ID", id))
	require.Empty(t, v.gone())
	v, _ = victim()
	require.Equal(t, ":1", k.do("CLIENT", "KILL", "TYPE", "normal"), "not itself")
	require.Empty(t, v.gone())
	k.dialogue(`
		CLIENT KILL 1.2.3.4:5 => -ERR No such client
		CLIENT KILL ID 0 => -ERR client-id should be greater than 0
		CLIENT KILL ID 99 => :0
		CLIENT KILL USER someone => -ERR No such user 'someone'
		CLIENT KILL TYPE => -ERR No such client
		CLIENT KILL TYPE foo => -ERR Unknown client type 'foo'
		CLIENT KILL SKIPME x => -ERR syntax error
		CLIENT KILL TYPE pubsub SKIPME no => :0
	`)
	k.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")
	require.Equal(t, ":1\r\n", k.gone())
}

func TestClientList(t *testing.T) {
	s := serve(t, small())
	a, b := s.dial(), s.dial()
	require.Equal(t, "+OK", b.do("CLIENT", "SETNAME", "two"))
	require.Equal(t, "+OK", b.do("CLIENT", "SETINFO", "LIB-NAME", "go"))
	require.Equal(t, "+OK", b.do("MULTI"))
	a.send("CLIENT", "LIST")
	lines := strings.Split(string(a.read().Str), "\n")
	require.Len(t, lines, 3)
	require.Regexp(t, `^id=1 addr=\S+ laddr=\S+ fd=\d+ name= age=0 idle=0 flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=\d+ qbuf-free=\d+ argv-mem=\d+ multi-mem=0 rbs=\d+ rbp=\d+ obl=\d+ oll=0 omem=\d+ tot-mem=\d+ events=r cmd=client\|list user=default redir=-1 resp=2 lib-name= lib-ver=$`, lines[0])
	require.Regexp(t, `^id=2 .* name=two .* flags=x .* multi=0 .* lib-name=go lib-ver=$`, lines[1])
	a.send("CLIENT", "LIST", "ID", "2", "7")
	require.True(t, strings.HasPrefix(string(a.read().Str), "id=2 "))
	a.dialogue(`
		CLIENT LIST TYPE pubsub => ""
		CLIENT LIST TYPE foo => -ERR Unknown client type 'foo'
		CLIENT LIST ID x => -ERR Invalid client ID
		CLIENT SETINFO foo x => -ERR Unrecognized option 'foo'
		CLIENT NO-TOUCH maybe => -ERR syntax error
		CLIENT GETREDIR => :-1
	`)
}

func TestClientReply(t *testing.T) {
	k := serve(t, small()).dial()
	for _, c := range [][]string{{"CLIENT", "REPLY", "SKIP"}, {"SET", "a", "1"}, {"GET", "a"}, {"CLIENT", "REPLY", "OFF"},
		{"SET", "a", "2"}, {"GET", "a"}, {"CLIENT", "REPLY", "ON"}, {"GET", "a"}} {
		k.send(c...)
	}
	for _, want := range []string{`"1"`, "+OK", `"2"`} {
		require.Equal(t, want, text(k.read()))
	}
}

func TestClientPause(t *testing.T) {
	s := serve(t, small())
	k, w, m := s.dial(), s.dial(), s.dial()
	require.Equal(t, "+OK", m.do("MULTI"))
	require.Equal(t, "+QUEUED", m.do("SET", "m", "1"))
	require.Equal(t, "+OK", k.do("CLIENT", "PAUSE", "100000", "WRITE"))
	require.Equal(t, "nil", k.do("GET", "a"))
	m.send("EXEC")
	w.send("SET", "a", "1")
	w.send("PING")
	w.silent(50_000)
	m.silent(1)
	require.Equal(t, "+OK", k.do("CLIENT", "UNPAUSE"))
	require.Equal(t, []string{"+OK", "+PONG", "[+OK]"}, []string{text(w.read()), text(w.read()), text(m.read())})
	require.Equal(t, "+OK", k.do("CLIENT", "PAUSE", "1000"))
	w.send("PING")
	w.silent(900)
	s.pass(200)
	require.Equal(t, "+PONG\r\n", string(w.in), "a pause ends by itself")
}

func TestDebugSleepAnswersAfterwards(t *testing.T) {
	s := serve(t, small())
	k, other := s.dial(), s.dial()
	k.send("DEBUG", "SLEEP", "1.5")
	k.send("PING")
	s.pass(1)
	other.send("PING")
	k.silent(1400)
	other.silent(1)
	s.pass(200)
	require.Equal(t, "+OK\r\n+PONG\r\n", string(k.in))
	require.Equal(t, "+PONG\r\n", string(other.in))
}

func TestDebugObject(t *testing.T) {
	cfg := small()
	cfg.TieredPrefix, cfg.MaxMemory, cfg.TieredOffloadShare, cfg.TieredUploadShare = "x", 1<<30, 1, 1
	s := serve(t, cfg)
	k := s.dial()
	require.Equal(t, "-ERR no such key", k.do("DEBUG", "OBJECT", "k"))
	require.Equal(t, "+OK", k.do("SET", "k", strings.Repeat("x", 500), "PX", "100000"))
	s.pass(10)
	for range 3 { // looking does not fetch it
		require.Regexp(t, `^\+Value at:0x0 refcount:1 encoding:raw serializedlength:500 lru:0 lru_seconds_idle:0 ttl:99\d\d\dms spill_len:5\d\d$`,
			k.do("DEBUG", "OBJECT", "k"))
	}
	require.Equal(t, "0", s.info("tiered_total_fetches"))
	require.Equal(t, ":3", k.do("APPEND", "s", "abc"))
	require.Equal(t, ":1", k.do("HSET", "h", "f", "v"))
	require.Regexp(t, `encoding:embstr serializedlength:3 .*spill_len:\d+$`, k.do("DEBUG", "OBJECT", "s"))
	require.Regexp(t, `encoding:listpack `, k.do("DEBUG", "OBJECT", "h"))
	k.dialogue(`
		DEBUG JMAP => -ERR DEBUG JMAP is not supported. Try DEBUG HELP.
		DEBUG SLEEP => -ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP.
	`)
}

// TestDebugObjectIsHeld: what it reveals must be durable, like a read's.
func TestDebugObjectIsHeld(t *testing.T) {
	s := serve(t, small())
	k, w := s.dial(), s.dial()
	for range 20 {
		w.send("SET", "k", "v")
		k.send("DEBUG", "OBJECT", "k")
		require.Contains(t, "-ERR no such key +Value", text(k.read())[:6])
		require.Equal(t, "+OK", text(w.read()))
		require.Equal(t, ":1", w.do("DEL", "k"))
	}
	k.dialogue(`
		SET a 1 => +OK
		MULTI => +OK
		DEBUG OBJECT a => +QUEUED
		SELECT 1 => +QUEUED
		DEBUG OBJECT a => +QUEUED
		SHUTDOWN => -ERR Command not allowed inside a transaction
		EXEC => -EXECABORT Transaction discarded because of previous errors.
	`)
}

func TestDebugIsLocal(t *testing.T) {
	for mode, allowed := range map[string]bool{"yes": true, "local": false, "no": false} {
		cfg := small()
		cfg.EnableDebugCommand = mode
		got := serve(t, cfg).dial().do("DEBUG", "SET-ACTIVE-EXPIRE", "0")
		require.Equal(t, allowed, got == "+OK", "%s: %s", mode, got)
	}
}

func TestConfigSet(t *testing.T) {
	k := serve(t, small()).dial()
	k.dialogue(`
		CONFIG SET hz 20 timeout x => -ERR CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an integer
		CONFIG GET hz => ["hz" "100"]
		CONFIG SET hz 20 => +OK
		CONFIG GET hz timeout => ["hz" "20" "timeout" "0"]
		CONFIG SET port 1 => -ERR CONFIG SET failed (possibly related to argument 'port') - can't set immutable config
		CONFIG SET nothing 1 => -ERR Unknown option or number of arguments for CONFIG SET - 'nothing'
		CONFIG SET hz 1 timeout => -ERR syntax error
		CONFIG REWRITE => -ERR The server is running without a config file
		HSET h a 1 b 2 => :2
		OBJECT ENCODING h => "listpack"
		CONFIG SET hash-max-listpack-entries 2 => +OK
		HSET h c 3 => :1
		OBJECT ENCODING h => "hashtable"
		CONFIG SET appendfsync no => +OK
		SET a b => +OK
		CONFIG SET appendfsync always => +OK
		SET a c => +OK
		GET a => "c"
		CONFIG SET appendfsync everysec => +OK
		MULTI => +OK
		SET a d => +QUEUED
		CONFIG SET appendfsync always => +QUEUED
		SET a e => +QUEUED
		EXEC => [+OK +OK +OK]
		GET a => "e"
	`)
}

func TestInfo(t *testing.T) {
	s := serve(t, small())
	k := s.dial()
	k.dialogue(`
		SET a 1 PX 100000 => +OK
		SET b 1 => +OK
		GET a => "1"
		GET c => nil
		INFO keyspace => "# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=0\r\n"
		INFO nothing => ""
	`)
	for field, want := range map[string]string{"redis_version": "7.0.15", "keyspace_hits": "1", "keyspace_misses": "1", "role": "master",
		"reply_blocking_enabled": "1", "log_enabled": "1", "aof_enabled": "1", "loading": "0", "volatile_keys": "1", "log_records": "3"} {
		require.Equal(t, want, s.info(field), field)
	}
	require.Equal(t, "+OK", k.do("CONFIG", "RESETSTAT"))
	require.Equal(t, "0", s.info("keyspace_hits"))
	k.send("INFO", "server", "Clients", "server")
	sections := string(k.read().Str)
	require.Equal(t, 2, strings.Count(sections, "# "))
	require.Contains(t, sections, "\r\n\r\n# Clients\r\n")
	k.send("INFO")
	require.NotContains(t, string(k.read().Str), "reply_blocking")
}

func TestShutdownKeepsEverything(t *testing.T) {
	s := serve(t, small())
	k := s.dial()
	k.dialogue(`
		SHUTDOWN ABORT => -ERR No shutdown in progress.
		SHUTDOWN NOW SOON => -ERR syntax error
		SHUTDOWN SAVE NOSAVE => -ERR syntax error
		CONFIG SET appendfsync everysec => +OK
		SET a 1 => +OK
	`)
	k.send("INCR", "a")
	k.send("SHUTDOWN")
	require.Equal(t, ":2\r\n", k.gone(), "what came before is answered, the shutdown is not")
	s.until(func() bool { return s.shard.Serving() })
	require.Equal(t, `"2"`, s.dial().do("GET", "a"))
	s.restart(world.Kill)
	require.Equal(t, `"2"`, s.dial().do("GET", "a"))
}

func TestCommandReplies(t *testing.T) {
	k := serve(t, small()).dial()
	k.dialogue(`
		COMMAND GETKEYS MSET a 1 b 2 => ["a" "b"]
		COMMAND GETKEYS ECHO x => -ERR The command has no key arguments
		COMMAND LIST FILTERBY PATTERN hget* => ["hget" "hgetall"]
		COMMAND INFO nothing => [nil]
		COMMAND DOCS nothing => []
		COMMAND NOTHING => -ERR unknown subcommand 'NOTHING'. Try COMMAND HELP.
	`)
	require.Equal(t, k.do("COMMAND", "COUNT"), fmt.Sprint(":", strings.Count(k.do("COMMAND", "LIST"), "\"")/2-strings.Count(k.do("COMMAND", "LIST"), "|")))
}
