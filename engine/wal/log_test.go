package wal

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/unit"
)

// host is the owner and sink of a log under test.
type host struct {
	t         testing.TB
	fs        *fakeFS
	l         *Log
	recovered *Recovered
	err       error
	failed    error
	rooms     int
	committed unit.LSN
	got       []Record // applied, with copies
	pause     int      // refuse every so many records once
	refused   bool
	readBack  bool
}

func (h *host) LogCommitted(lsn unit.LSN) { h.committed = lsn }
func (h *host) LogRoom()                  { h.rooms++ }
func (h *host) LogFailed(err error)       { h.failed = err }
func (h *host) LogRecovered(r Recovered, err error) {
	h.recovered, h.err = &r, err
	if err == nil {
		h.committed = h.l.Committed()
	}
}

func (h *host) Apply(r *Record) bool {
	if h.pause > 0 && len(h.got)%h.pause == 0 && !h.refused {
		h.refused = true
		return false
	}
	h.refused = false
	h.got = append(h.got, clone(r))
	if h.readBack { // a sink may read what it has been given
		g := h.readNow(r.LSN, r.Span)
		require.NoError(h.t, g.Err)
		require.Equal(h.t, norm(clone(r).Value), norm(g.got.Value))
	}
	return true
}

func clone(r *Record) Record {
	c := *r
	c.Key, c.Field, c.Value = bytes.Clone(r.Key), bytes.Clone(r.Field), bytes.Clone(r.Value)
	return c
}

func tiny() Config {
	return Config{SegmentBytes: 8192, BatchBytes: 2048, ReadBytes: 1024, MaxUnwritten: 1 << 20, Prefix: "log"}
}

// start recovers a log on fs, which must work.
func start(t testing.TB, fs *fakeFS, cfg Config) *host {
	h := recoverLog(t, fs, cfg)
	require.NoError(t, h.err)
	return h
}

func recoverLog(t testing.TB, fs *fakeFS, cfg Config) *host {
	h := &host{t: t, fs: fs}
	h.l = New(cfg, fs, h)
	h.l.Recover(h)
	for h.recovered == nil {
		if len(fs.ops) == 0 {
			h.l.Resume()
			continue
		}
		fs.complete(0)
	}
	return h
}

// set appends a unit of one SET record.
func (h *host) set(key string, value []byte) unit.LSN {
	h.l.Append(&Record{Kind: String, DB: 1, Key: []byte(key), Value: value})
	h.l.EndUnit(1)
	return h.l.Tail()
}

func value(i, n int) []byte {
	b := make([]byte, n)
	for j := range b {
		b[j] = byte(i + j*7)
	}
	return b
}

func TestAppendRecover(t *testing.T) {
	for _, align := range []int{512, 4096} {
		cfg := tiny()
		cfg.SegmentBytes = int64(16 * align)
		cfg.BatchBytes = 4 * align
		fs := newFakeFS(align)
		h := start(t, fs, cfg)
		var want []Record
		for i := range 200 {
			for j := range i%3 + 1 {
				r := Record{Kind: Kind(i%8 + 1), Flags: uint8(i % 2), DB: uint64(i), Deadline: unit.Deadline(i % 5 * 1e12), Arg: uint64(i % 4 << 20),
					Key: fmt.Appendf(nil, "key%d.%d", i, j), Field: value(i, i%4), Value: value(j, i*i%3000)}
				h.l.Append(&r)
				r.Time, r.Last = unit.Time(i), j == i%3
				want = append(want, clone(&r))
			}
			h.l.EndUnit(unit.Time(i))
			if i%3 == 0 {
				h.l.Flush()
			}
			if i%7 == 0 {
				fs.run()
			}
		}
		h.l.Flush()
		fs.run()
		require.GreaterOrEqual(t, h.committed, h.l.Tail())
		for _, pause := range []int{0, 1, 3} {
			g := &host{t: t, fs: fs.killed(), pause: pause, readBack: true}
			g.l = New(cfg, g.fs, g)
			g.l.Recover(g)
			for g.recovered == nil {
				if len(g.fs.ops) == 0 {
					g.l.Resume()
				} else {
					g.fs.complete(0)
				}
			}
			require.NoError(t, g.err)
			require.Equal(t, len(want), len(g.got))
			for i := range want {
				g.got[i].Key, want[i].Key = norm(g.got[i].Key), norm(want[i].Key)
				g.got[i].Field, want[i].Field = norm(g.got[i].Field), norm(want[i].Field)
				g.got[i].Value, want[i].Value = norm(g.got[i].Value), norm(want[i].Value)
				require.Equal(t, want[i], g.got[i])
			}
		}
	}
}

func norm(p []byte) []byte {
	if len(p) == 0 {
		return nil
	}
	return p
}

func TestRecordSize(t *testing.T) {
	h := start(t, newFakeFS(512), tiny())
	_, span := h.l.Append(&Record{Kind: String, DB: 100, Deadline: 1767225600000, Key: value(0, 16), Value: value(0, 64)})
	require.LessOrEqual(t, int(span), 110)
}
