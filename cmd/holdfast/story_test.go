package main

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestStoryTransactions: SET k 0 NX PX 3; INCR k; PTTL k in one MULTI, many
// times. A key that expired between two commands of an EXEC would come back
// from INCR without a deadline, and PTTL would say -1.
func TestStoryTransactions(t *testing.T) {
	long(t)
	total := environment("HOLDFAST_STORY_TRANSACTIONS", 20_000)
	const clients, pipeline = 4, 25
	s := launch(t, t.TempDir())
	s.ready(t).Close()
	var wait sync.WaitGroup
	faults := make([]error, clients)
	for i := range clients {
		c, err := dial(s.socket)
		require.NoError(t, err)
		key := "k"
		if i%2 == 1 {
			key += strconv.Itoa(i)
		}
		wait.Go(func() {
			defer c.Close()
			for n := 0; n < total/clients && faults[i] == nil; n += pipeline {
				faults[i] = transactions(c, key, pipeline)
			}
		})
	}
	wait.Wait()
	for _, err := range faults {
		require.NoError(t, err)
	}
}

func transactions(c *peer, key string, n int) error {
	for range n {
		c.Queue("MULTI")
		c.Queue("SET", key, "0", "NX", "PX", "3")
		c.Queue("INCR", key)
		c.Queue("PTTL", key)
		c.Queue("EXEC")
	}
	if err := c.Flush(); err != nil {
		return err
	}
	for range n {
		for range 4 {
			if _, err := c.Reply(); err != nil {
				return err
			}
		}
		v, err := c.Reply()
		if err != nil {
			return err
		}
		if len(v.Elems) != 3 || v.Elems[2].Kind != ':' {
			return fmt.Errorf("EXEC answered %+v", v)
		}
		if left := v.Elems[2].Int; left < 0 || left > 3 {
			return fmt.Errorf("PTTL is %d", left)
		}
	}
	return nil
}

// tiered is one key of the story below and what is known of it.
type tiered struct {
	key      string
	deadline int64        // ms
	goneAt   atomic.Int64 // ns since the epoch at which a client knew that it is gone
}

// TestStoryTiered: a tiered server, its memory full, hundreds of cold keys read
// from many connections around their deadlines. Nobody gets a value by a GET
// that was sent after someone was told that the key is gone.
// HOLDFAST_STORY_MB=256 makes it the size of the report it comes from.
func TestStoryTiered(t *testing.T) {
	long(t)
	megabytes := environment("HOLDFAST_STORY_MB", 32)
	keys := 4 * megabytes
	const size, clients = 2000, 48
	s := launch(t, t.TempDir(), "--maxmemory", strconv.Itoa(megabytes)+"mb", "--tiered_prefix", "tier",
		"--appendfsync", "no", "--tiered_max_file_size", strconv.Itoa(16*megabytes)+"mb", "--log-segment-size", "4mb")
	c := s.ready(t)
	defer c.Close()
	targets := make([]*tiered, keys)
	for i := range targets {
		targets[i] = &tiered{key: "cold" + strconv.Itoa(i)}
		c.Queue("SET", targets[i].key, strings.Repeat("v", size), "EX", "3600")
	}
	drain(t, c, keys)
	// Twice the memory, so that what was written first is long on disk alone.
	for i := 0; i < 2*megabytes<<20/size; i += 100 {
		for j := range 100 {
			c.Queue("SET", "fill"+strconv.Itoa(i+j), strings.Repeat("f", size))
		}
		drain(t, c, 100)
	}
	if isOurs(t) {
		const around = 96 << 20 // the program itself, its collector, and the rings
		require.Less(t, s.resident(t), int64(megabytes)<<20*5/4+around, "resident bytes with maxmemory %d MB", megabytes)
	}
	cold := 0
	for _, k := range targets {
		if v := c.ask(t, "DEBUG", "OBJECT", k.key); strings.Contains(string(v.Str), "spill_len:") {
			cold++
		}
	}
	require.Greater(t, cold, keys*9/10, "of %d keys; the rest was never on disk", keys)
	bringNear(t, c, targets)

	var wait sync.WaitGroup
	var reads, values atomic.Int64
	faults := make([]error, clients)
	for i := range clients {
		c, err := dial(s.socket)
		require.NoError(t, err)
		wait.Go(func() {
			defer c.Close()
			faults[i] = readAround(c, targets, i, size, &reads, &values)
		})
	}
	wait.Wait()
	for _, err := range faults {
		require.NoError(t, err)
	}
	require.Positive(t, values.Load())
	t.Logf("%d keys, %d cold, %d reads near deadlines, %d of them got the value", keys, cold, reads.Load(), values.Load())
}

// bringNear gives the cold keys deadlines that begin shortly and follow each
// other over four seconds. On a machine so slow that the first has come before
// the last is set, a later beginning is tried.
func bringNear(t *testing.T, c *peer, targets []*tiered) {
	t.Helper()
	for ahead := 2 * time.Second; ; ahead *= 2 {
		first := time.Now().Add(ahead).UnixMilli()
		for i, k := range targets {
			k.deadline = first + int64(i*4000/len(targets))
			c.Queue("PEXPIREAT", k.key, strconv.FormatInt(k.deadline, 10))
		}
		drain(t, c, len(targets))
		if time.Now().UnixMilli() < first {
			return
		}
		require.Less(t, ahead, time.Minute, "no time to set deadlines in")
	}
}

func drain(t *testing.T, c *peer, n int) {
	t.Helper()
	require.NoError(t, c.Flush())
	for range n {
		v, err := c.Reply()
		require.NoError(t, err)
		require.NotEqual(t, byte('-'), v.Kind, string(v.Str))
	}
}

// readAround reads each key from 3 ms before its deadline until it is gone. Half
// the clients ask for the value and half for the time left.
func readAround(c *peer, targets []*tiered, client, size int, reads, values *atomic.Int64) error {
	const spin = 3 * time.Millisecond
	for _, k := range targets {
		time.Sleep(time.Until(time.UnixMilli(k.deadline).Add(-spin)))
		for gone := false; !gone; {
			sent := time.Now().UnixNano()
			known := k.goneAt.Load() // told before this GET was sent
			name := "GET"
			if client%2 == 1 {
				name = "PTTL"
			}
			v, err := c.Do(name, k.key)
			if err != nil {
				return err
			}
			reads.Add(1)
			switch {
			case v.Kind == '-':
				return fmt.Errorf("%s %s: %s", name, k.key, v.Str)
			case name == "GET" && v.Null, name == "PTTL" && v.Int == -2:
				k.goneAt.CompareAndSwap(0, time.Now().UnixNano())
				gone = true
			case name == "PTTL" && v.Int == -1:
				return fmt.Errorf("%s lost its deadline", k.key)
			case known != 0:
				return fmt.Errorf("%s: answered %.20q though the key was gone %d us before it was asked", name, v.Str, (sent-known)/1000)
			case name == "GET" && len(v.Str) != size:
				return fmt.Errorf("%s: %d bytes", k.key, len(v.Str))
			case name == "GET":
				values.Add(1)
			}
			if late := sent/1e6 - k.deadline; !gone && late > 1000 {
				return fmt.Errorf("%s is there %d ms after its deadline", k.key, late)
			}
		}
	}
	return nil
}
