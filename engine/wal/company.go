package wal

// company has the open batch wait, under Always, for the units of clients who
// have just been answered. Without it, as soon as one batch is durable the next
// takes whoever came meanwhile, and those who were answered must wait for the
// whole of it: there are two parties that take turns, and each waits for two
// writes. If a moment later all have come, all wait for one.
//
// How many: the units of the last batch, and those that were there when it was
// durable. How long: half of what a write takes, from then on. Clients that do
// not come back at once are waited for in vain; after two such waits in a row
// nobody is for a while.
type company struct {
	expect   int   // units worth waiting for; 0: nobody is waited for
	begun    int64 // when the last write was submitted; 0: since the last tick
	last     int64 // the same of the write that is done
	took     int64 // ns, a write of late
	until    int64
	done     bool // since the last tick
	held     bool // a batch has waited over a tick
	vain     int  // waits in a row
	rest     int  // batches to come that nobody is waited for
	dropping int  // units of the batches that are just done
}

const (
	vainWaits = 2
	restFor   = 64
)

// awaits reports whether the open batch b had better wait for company.
func (l *Log) awaits(b *batch) bool {
	c := &l.company
	if b.units == 0 || b.units >= c.expect || l.policy != Always || l.era == Cache || l.inflight > 0 {
		return false
	}
	return !l.tick.gathered && !l.closing && !l.wantRoom && l.synced >= max(l.floor, l.wanted) && l.head <= l.headDurable
}

// submitted is told of every write.
func (c *company) submitted(b *batch) {
	if c.held && b.units >= c.expect {
		c.vain = 0
	}
	c.begun, c.held, c.expect = 0, false, 0
}

// finished is told when nothing is in flight any more, and what waits.
func (c *company) finished(open *batch) {
	c.done, c.last, c.expect = true, c.begun, c.dropping
	if open != nil {
		c.expect += open.units
	}
	c.dropping = 0
	switch {
	case c.took == 0: // not known yet
		c.expect = 0
	case c.rest > 0:
		c.rest--
		c.expect = 0
	}
}

// tick says when the open batch has waited long enough; 0: it does not wait.
func (l *Log) tickCompany(mono int64) (next int64) {
	c := &l.company
	if c.done {
		c.done = false
		if c.last != 0 {
			c.took += (mono - c.last - c.took) / 4
		}
		c.until = mono + min(c.took/2, l.cfg.CommitDelay)
	}
	if c.begun == 0 {
		c.begun = mono
	}
	switch {
	case c.expect == 0:
		return 0
	case mono < c.until:
		if l.open == nil || !l.awaits(l.open) {
			return 0
		}
		c.held = true
		return c.until
	}
	if c.expect = 0; c.held {
		c.held = false
		if c.vain++; c.vain == vainWaits {
			c.vain, c.rest = 0, restFor
		}
	}
	l.pump()
	return 0
}
