package engine_test

import (
	"strconv"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"holdfast/engine/command/script"
	"holdfast/engine/config"
	"holdfast/engine/resp"
)

// text writes a reply on one line, as the scripts do.
func text(v resp.Value) string { return script.Format(v) }

// TestScriptsOverTheWire replays what Redis answered against whole shards:
// parser, sessions, held replies, log and tier included.
func TestScriptsOverTheWire(t *testing.T) {
	for name, change := range map[string]func(*config.Config){
		"memory":   func(c *config.Config) { c.AppendOnly = false },
		"always":   func(*config.Config) {},
		"everysec": func(c *config.Config) { c.AppendFsync = "everysec" },
		"cold": func(c *config.Config) { // whatever can leave memory leaves it at once
			c.TieredPrefix, c.MaxMemory = "x", 4<<30
			c.TieredOffloadShare, c.TieredUploadShare = 1, 1
			c.TieredMinValueSize = 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := small()
			cfg.HashMaxListpackEntries = 128 // as the server had it that wrote the scripts
			change(cfg)
			s := serve(t, cfg)
			replayScripts(t, s)
			s.t = t
			require.Equal(t, name == "cold", s.info("tiered_total_fetches") != "0")
		})
	}
}

func replayScripts(t *testing.T, s *served) {
	k := s.dial()
	datadriven.Walk(t, "command/testdata", func(t *testing.T, path string) {
		s.t = t
		for _, words := range [][]string{{"SELECT", "0"}, {"FLUSHALL"}, {"HELLO", "2"}} {
			k.do(words...)
		}
		now := 2
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.t = t
			proto := 2
			d.MaybeScanArgs(t, "proto", &proto)
			o := script.Options{Sort: d.HasArg("sort")}
			for _, arg := range d.CmdArgs {
				o.Pair = o.Pair || arg.Key == "sort" && len(arg.Vals) > 0
			}
			if proto != now {
				k.do("HELLO", strconv.Itoa(proto))
				now = proto
			}
			out, err := script.Run(d.Input, o, func(args []string) ([]byte, error) {
				k.send(args...)
				return k.raw(), nil
			})
			require.NoError(t, err)
			return out
		})
	})
}
