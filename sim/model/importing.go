package model

import (
	"slices"

	"holdfast/engine/unit"
)

// switched is import mode as it is from a point of the serial order on.
type switched struct {
	on  bool
	lsn uint64
	seq uint64
	now unit.Time
}

// Import says, at the beginning of a run or of a process without a log, that the
// configuration has import mode on.
func (m *Model) Import(on bool) { m.modes = append(m.modes[:0], switched{on: on}) }

// switchedAt returns the mode at a cut.
func (m *Model) switchedAt(cut uint64) switched {
	for i := len(m.modes) - 1; i >= 0; i-- {
		if m.modes[i].lsn <= cut {
			return m.modes[i]
		}
	}
	return switched{}
}

// Importing reports whether import mode is on, and since when it is what it is.
func (m *Model) Importing() (on bool, since unit.Time) {
	s := m.switchedAt(^uint64(0))
	return s.on, s.now
}

// stays reports whether a dead version is kept for the source: it was not dead
// yet when the mode began, or came after that.
func (s *switched) stays(v *version) bool {
	return s.on && (v.seq > s.seq || !dead(v.val.Deadline, s.now))
}

// shows reports whether a version is there for this unit's client.
func (c *ctx) shows(v *version) bool {
	return v.val.Type != None && (!dead(v.val.Deadline, c.now) || c.source && c.imports.stays(v))
}

// at returns the value of a key that is there, nil if there is none.
func (c *ctx) at(inc, key int32) *Value {
	e, i := c.m.spaces[inc].find(key, c.cut)
	if i < 0 || !c.shows(&e.vers[i]) {
		return nil
	}
	return &e.vers[i].val
}

// kept reports whether a key is there for who deletes it, dead or not.
func (c *ctx) kept(inc, key int32) bool {
	if key < 0 {
		return false
	}
	e, i := c.m.spaces[inc].find(key, c.cut)
	return i >= 0 && e.vers[i].val.Type != None && c.imports.stays(&e.vers[i])
}

// size counts what DBSIZE does: in import mode the dead that are kept as well.
func (c *ctx) size() (n int64) {
	inc := c.m.inc(c.db, c.cut)
	for _, k := range c.m.spaces[inc].used {
		e, i := c.m.spaces[inc].find(k, c.cut)
		if i < 0 || e.vers[i].val.Type == None {
			continue
		}
		if v := &e.vers[i]; !dead(v.val.Deadline, c.now) || c.imports.stays(v) {
			n++
		}
	}
	return n
}

// configure is CONFIG SET import-mode, of which the engine declares what changes
// something.
func (c *ctx) configure(a [][]byte) {
	if len(a) != 4 || string(a[2]) != "import-mode" {
		c.unknown = true
		return
	}
	c.ok()
	c.changed = true
	if !c.dry {
		c.m.seq++
		c.m.modes = append(c.m.modes, switched{string(a[3]) == "yes", c.lsn, c.m.seq, c.now})
	}
}

// client is CLIENT IMPORT-SOURCE.
func (c *ctx) client(conn uint64, a [][]byte) {
	if len(a) != 3 || string(a[1]) != "IMPORT-SOURCE" {
		c.unknown = true
		return
	}
	c.ok()
	if c.dry {
		return
	}
	c.m.Unmark(conn)
	if string(a[2]) == "ON" {
		c.m.sources = append(c.m.sources, conn)
	}
}

// Unmark takes the mark of an import source from a connection, if it has it.
func (m *Model) Unmark(conn uint64) {
	if i := slices.Index(m.sources, conn); i >= 0 {
		m.sources = slices.Delete(m.sources, i, i+1)
	}
}

// Source reports whether a connection is marked as an import source.
func (m *Model) Source(conn uint64) bool { return slices.Contains(m.sources, conn) }

// Marked reports whether the client of the last unit that Exec ran was marked as an
// import source.
func (m *Model) Marked() bool { return m.ctx.marked }
