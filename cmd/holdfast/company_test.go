package main

import (
	"context"
	"crypto/tls"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"
)

// cached opens a rueidis client whose copies of values the server invalidates,
// each of which goes to told. A flush comes as nil.
func cached(t *testing.T, s *server, tracking ...string) (c rueidis.Client, told chan []string) {
	t.Helper()
	told = make(chan []string, 64)
	c, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{"holdfast"},
		DialCtxFn: func(ctx context.Context, _ string, d *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return d.DialContext(ctx, "unix", s.socket)
		},
		ForceSingleClient:     true,
		PipelineMultiplex:     -1, // one connection, which has all copies
		ClientTrackingOptions: tracking,
		OnInvalidations: func(m []rueidis.RedisMessage) {
			var keys []string
			for _, k := range m {
				key, err := k.ToString()
				if err != nil {
					key = err.Error()
				}
				keys = append(keys, key)
			}
			told <- keys
		},
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c, told
}

// hear waits for the next invalidation.
func hear(t *testing.T, told chan []string) []string {
	t.Helper()
	select {
	case keys := <-told:
		return keys
	case <-time.After(readyIn):
		require.Fail(t, "no invalidation came")
		return nil
	}
}

// TestClientSideCaching lets rueidis keep copies, which change, expiry and
// FLUSHALL must void: by OPTIN, as it does by itself, and by BCAST.
func TestClientSideCaching(t *testing.T) {
	s := launch(t, t.TempDir())
	writer := s.ready(t)
	defer writer.Close()
	for name, options := range map[string][]string{"optin": nil, "bcast": {"BCAST", "PREFIX", "k"}} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), readyIn)
			defer cancel()
			writer.ask(t, "FLUSHALL")
			c, told := cached(t, s, options...)
			get := func(key string) (string, bool) {
				r := c.DoCache(ctx, c.B().Get().Key(key).Cache(), time.Hour)
				v, err := r.ToString()
				if rueidis.IsRedisNil(err) {
					return "", r.IsCacheHit()
				}
				require.NoError(t, err)
				return v, r.IsCacheHit()
			}
			want := func(key, value string, hit bool) {
				t.Helper()
				v, was := get(key)
				require.Equal(t, value, v)
				require.Equal(t, hit, was)
			}
			writer.ask(t, "SET", "k", "1")
			if name == "bcast" {
				require.Equal(t, []string{"k"}, hear(t, told))
			}
			want("k", "1", false)
			want("k", "1", true)
			writer.ask(t, "SET", "k", "2")
			require.Equal(t, []string{"k"}, hear(t, told))
			want("k", "2", false)
			writer.ask(t, "PEXPIRE", "k", "60")
			require.Equal(t, []string{"k"}, hear(t, told))
			if v, _ := get("k"); v != "" { // it is told of its expiry, or had it so when it came
				require.Equal(t, []string{"k"}, hear(t, told))
			} else if name == "bcast" {
				require.Equal(t, []string{"k"}, hear(t, told))
			}
			want("k2", "", false)
			want("k2", "", true) // an absence is a copy, too
			writer.ask(t, "LPUSH", "k2", "a")
			require.Equal(t, []string{"k2"}, hear(t, told))
			v, err := c.DoCache(ctx, c.B().Lrange().Key("k2").Start(0).Stop(-1).Cache(), time.Hour).AsStrSlice()
			require.NoError(t, err)
			require.Equal(t, []string{"a"}, v)
			writer.ask(t, "FLUSHALL")
			require.Nil(t, hear(t, told))
			v, err = c.DoCache(ctx, c.B().Lrange().Key("k2").Start(0).Stop(-1).Cache(), time.Hour).AsStrSlice()
			require.NoError(t, err)
			require.Empty(t, v)

			for range 2 {
				for _, r := range c.DoMultiCache(ctx, rueidis.CT(c.B().Get().Key("k3").Cache(), time.Hour),
					rueidis.CT(c.B().Get().Key("k4").Cache(), time.Hour)) {
					require.True(t, rueidis.IsRedisNil(r.Error()))
				}
			}
		})
	}
}

// TestClientsInCompany has go-redis and rueidis do what needs more than one
// connection: channels, blocking pops and a restart below them.
func TestClientsInCompany(t *testing.T) {
	dir := t.TempDir()
	s := launch(t, dir)
	s.ready(t).Close()
	ctx, cancel := context.WithTimeout(context.Background(), readyIn)
	defer cancel()
	for _, protocol := range []int{2, 3} {
		c := redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket, Protocol: protocol})
		require.NoError(t, c.FlushAll(ctx).Err())
		require.NoError(t, c.ConfigSet(ctx, "notify-keyspace-events", "KEA").Err())
		sub := c.PSubscribe(ctx, "__keyevent@0__:*", "news.*")
		_, err := sub.Receive(ctx)
		require.NoError(t, err)
		_, err = sub.Receive(ctx)
		require.NoError(t, err)

		popped := make(chan []string, 1)
		go func() { popped <- c.BLPop(ctx, 0, "none", "list").Val() }()
		require.Eventually(t, func() bool {
			return c.InfoMap(ctx, "clients").Item("Clients", "blocked_clients") == "1"
		}, readyIn, time.Millisecond)
		require.NoError(t, c.RPush(ctx, "list", "a", "b").Err())
		require.Equal(t, []string{"list", "a"}, <-popped)
		require.Equal(t, "b", c.BLMove(ctx, "list", "other", "LEFT", "RIGHT", time.Second).Val())
		require.ErrorIs(t, c.Do(ctx, "BLPOP", "none", "0.01").Err(), redis.Nil)
		key, values, err := c.LMPop(ctx, "left", 5, "none", "other").Result()
		require.NoError(t, err)
		require.Equal(t, "other", key)
		require.Equal(t, []string{"b"}, values)
		require.Equal(t, int64(1), c.Publish(ctx, "news.x", "hello").Val())
		var heard []string
		for len(heard) == 0 || heard[len(heard)-1] != "news.x hello" {
			m, err := sub.ReceiveMessage(ctx)
			require.NoError(t, err)
			heard = append(heard, m.Channel+" "+m.Payload)
		}
		require.Equal(t, []string{"__keyevent@0__:rpush list", "__keyevent@0__:lpop list",
			"__keyevent@0__:rpush other", "__keyevent@0__:lpop list", "__keyevent@0__:del list",
			"__keyevent@0__:lpop other", "__keyevent@0__:del other", "news.x hello"}, heard)
		require.NoError(t, sub.Close())

		_, err = c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := range 1000 {
				p.HSet(ctx, "hash", i, i)
				p.SetNX(ctx, "key:"+string(rune('a'+i%26)), i, 0)
			}
			return nil
		})
		require.NoError(t, err)
		n := 0
		for it := c.HScan(ctx, "hash", 0, "", 10).Iterator(); it.Next(ctx); n++ {
			require.NoError(t, it.Err())
		}
		require.Equal(t, 2000, n)
		n = 0
		for it := c.Scan(ctx, 0, "key:*", 3).Iterator(); it.Next(ctx); n++ {
			require.NoError(t, it.Err())
		}
		require.Equal(t, 26, n)
		info := c.ClientInfo(ctx)
		require.NoError(t, info.Err())
		require.Equal(t, "go-redis", info.Val().LibName[:8])
		require.NoError(t, c.SlowLogGet(ctx, 1).Err())
		all, err := c.Command(ctx).Result()
		require.NoError(t, err)
		require.Contains(t, all, "blmpop")
		require.NoError(t, c.Close())
	}

	c, _ := cached(t, s)
	answer := make(chan error, 1)
	go func() { answer <- c.Do(ctx, c.B().Blpop().Key("never").Timeout(0).Build()).Error() }()
	p := s.ready(t)
	require.Eventually(t, func() bool {
		return strings.Contains(string(p.ask(t, "INFO", "clients").Str), "blocked_clients:1\r")
	}, readyIn, time.Millisecond)
	p.Close()
	require.NoError(t, c.Do(ctx, c.B().Set().Key("kept").Value("1").Build()).Error())
	s.kill()
	s = launch(t, dir)
	s.ready(t).Close()
	v, err := c.Do(ctx, c.B().Get().Key("kept").Build()).ToString()
	require.NoError(t, err)
	require.Equal(t, "1", v)
	p = s.ready(t)
	defer p.Close()
	p.ask(t, "RPUSH", "never", "x")
	select {
	case err := <-answer:
		require.Error(t, err)
	case <-time.After(readyIn):
		require.Fail(t, "the blocked pop was forgotten")
	}
}

// TestBlockedClientThatLeaves: one that has sent more behind its blocking pop
// than is read is gone when it goes, and takes nothing with it.
func TestBlockedClientThatLeaves(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the portable network learns of it by reading only")
	}
	s := launch(t, t.TempDir())
	p := s.ready(t)
	defer p.Close()
	c, err := net.Dial("unix", s.socket)
	require.NoError(t, err)
	_, err = c.Write([]byte("BLPOP l 0\r\n" + strings.Repeat("PING "+strings.Repeat("x", 1000)+"\r\n", 100)))
	require.NoError(t, err)
	blocked := func(n string) func() bool {
		return func() bool {
			return strings.Contains(string(p.ask(t, "INFO", "clients").Str), "blocked_clients:"+n+"\r")
		}
	}
	require.Eventually(t, blocked("1"), readyIn, time.Millisecond)
	require.NoError(t, c.Close())
	require.Eventually(t, blocked("0"), readyIn, time.Millisecond)
	require.Equal(t, int64(1), p.ask(t, "RPUSH", "l", "a").Int)
	require.Equal(t, "a", string(p.ask(t, "LPOP", "l").Str))
}
