package client

import (
	"strconv"

	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

var (
	// siteAdmin is how long the administrator waits before the next step.
	siteAdmin  = sched.NewDelaySite("admin/wait")
	sitePolicy = tape.NewSite("admin/appendfsync #", tape.Free)
	siteCap    = tape.NewSite("admin/tiered_max_file_size #", tape.Free)
	siteFirst  = tape.NewSite("admin/appendonly first", tape.Free)
)

// administer settles what the administrator will do: one more client, that
// sends one command of a list after the other, over crashes too.
func (w *Workload) administer(s Shape) {
	c := &w.admin
	c.reset(w, s.Clients+1)
	c.admin = true
	for i := range s.Backups {
		c.order([...]string{"BGSAVE", "SAVE", "BGREWRITEAOF", "BGSAVE", "SAVE", "SAVE"}[i%6])
	}
	for i := range max(s.Policies, s.Logs) {
		if i < s.Policies {
			c.order("CONFIG", "SET", "appendfsync", [...]string{"everysec", "always", "no"}[w.world.Tape.Choose(sitePolicy.At(i), 3)])
		}
		if i < s.Logs {
			c.order("CONFIG", "SET", "appendonly", [...]string{"no", "yes"}[(i+w.world.Tape.Choose(siteFirst.Label(), 2))%2])
		}
	}
	for i := range s.Caps {
		n := [...]int64{6, 4, 12, 1}[w.world.Tape.Choose(siteCap.At(i), 4)]
		c.order("CONFIG", "SET", "tiered_max_file_size", strconv.FormatInt(n*s.Segment, 10))
	}
	w.halts(s.Halts)
	for range s.Pauses {
		c.order("DEBUG", "reply-blocking-pause", "aof")
		c.order("DEBUG", "reply-blocking-resume", "aof")
	}
	if len(c.script) > 0 {
		c.wake(siteAdmin, 4*sched.Millisecond)
	}
}

// Empty has the administrator delete everything, and then write: there has to be
// room again.
func (w *Workload) Empty() {
	w.admin.order("FLUSHALL")
	for range 3 {
		w.admin.order("SET", "k0", "1")
	}
	w.admin.wake(siteAdmin, sched.Millisecond)
}

func (c *Client) order(words ...string) {
	args := c.w.args.Room(len(words))
	for _, word := range words {
		args = append(args, c.word(word))
	}
	c.script = append(c.script, c.w.args.Copy(args))
}

// attend settles who listens to the others: a subscriber to messages and to
// what happens to keys, and a monitor. They come back when they are cut off.
func (w *Workload) attend(s Shape) {
	for i := range w.listen {
		c := &w.listen[i]
		c.reset(w, s.Clients+2+i)
		c.listens = true
		if !s.Listen {
			continue
		}
		if i == 0 {
			c.order("CLIENT", "ID")
			c.order("PSUBSCRIBE", "__keyspace@*")
			c.order("SUBSCRIBE", "news")
			c.order("SSUBSCRIBE", "shard")
		} else {
			c.order("MONITOR")
		}
		c.wake(siteReconnect, 50*sched.Microsecond)
	}
}
