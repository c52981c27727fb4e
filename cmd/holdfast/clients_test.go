package main

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// TestUnmodifiedClient uses the server as a program with go-redis would, over
// both protocols.
func TestUnmodifiedClient(t *testing.T) {
	s := launch(t, t.TempDir())
	s.ready(t).Close()
	for _, protocol := range []int{2, 3} {
		ctx, cancel := context.WithTimeout(context.Background(), readyIn)
		c := redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket, Protocol: protocol, ClientName: "test", DB: protocol})
		require.NoError(t, c.Ping(ctx).Err())
		require.NoError(t, c.Set(ctx, "k", "v", time.Hour).Err())
		require.Equal(t, "v", c.Get(ctx, "k").Val())
		require.ErrorIs(t, c.Get(ctx, "none").Err(), redis.Nil)
		require.InDelta(t, time.Hour, c.PTTL(ctx, "k").Val(), float64(time.Minute))
		require.NoError(t, c.HSet(ctx, "h", map[string]any{"a": 1, "b": "two"}).Err())
		require.Equal(t, map[string]string{"a": "1", "b": "two"}, c.HGetAll(ctx, "h").Val())
		require.Equal(t, 1.5, c.HIncrByFloat(ctx, "h", "f", 1.5).Val())

		cmds, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Incr(ctx, "n")
			p.Incr(ctx, "n")
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, int64(2), cmds[1].(*redis.IntCmd).Val())

		// A watched key that changes fails the transaction.
		err = c.Watch(ctx, func(tx *redis.Tx) error {
			require.NoError(t, c.Set(ctx, "k", "other", 0).Err())
			_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error { p.Set(ctx, "k", "mine", 0); return nil })
			return err
		}, "k")
		require.ErrorIs(t, err, redis.TxFailedErr)
		require.Equal(t, "other", c.Get(ctx, "k").Val())

		keys, cursor := 0, uint64(0)
		for {
			found, next, err := c.Scan(ctx, cursor, "*", 10).Result()
			require.NoError(t, err)
			if keys += len(found); next == 0 {
				break
			}
			cursor = next
		}
		require.Equal(t, 3, keys)
		require.ErrorContains(t, c.HGet(ctx, "k", "f").Err(), "WRONGTYPE")
		require.NotEmpty(t, c.Info(ctx, "server").Val())
		require.NoError(t, c.ConfigSet(ctx, "appendfsync", "everysec").Err())
		require.Equal(t, "everysec", c.ConfigGet(ctx, "appendfsync").Val()["appendfsync"])
		require.NoError(t, c.FlushDB(ctx).Err())
		require.NoError(t, c.Close())
		cancel()
	}
}
