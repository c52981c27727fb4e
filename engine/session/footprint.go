package session

import (
	"holdfast/engine/command"
	"holdfast/engine/tx"
)

// growth follows the sizes of values through a queue of commands, by name
// whatever the database: what a command carries may have been made by those
// before it.
type growth struct {
	s       *Server
	db      int
	swapped bool           // what is under a name may be of any database
	moved   int            // the largest value that has to move once where it is
	passes  bool           // elements of lists are moved, so that theirs are followed too
	sizes   map[string]int // of what the queue has made or changed
	largest map[string]int // element of each list
}

// footprint bounds what a queue adds to the log.
func (s *Server) footprint(m *multi, db int) int {
	if !m.follows {
		return m.adds
	}
	g := growth{s: s, db: db, sizes: map[string]int{}, largest: map[string]int{}}
	for _, q := range m.queue {
		g.passes = g.passes || q.cmd.Is(command.Passes)
	}
	n := m.adds
	for _, q := range m.queue {
		switch {
		case q.cmd.Name == "select":
			if n, ok := parseDB(q.args[1], s.cfg.Databases); ok {
				g.db = n
			}
		case q.cmd.Name == "swapdb":
			g.swapped = true
		}
		if q.cmd.Is(command.Write) {
			n += g.add(q.cmd, q.args)
		}
	}
	return n + g.moved
}

// size bounds the bytes of the value at key.
func (g *growth) size(key []byte) int {
	most := max(g.sizes[string(key)], g.s.tier.Size(g.db, key))
	for i := 0; g.swapped && i < g.s.cfg.Databases; i++ {
		most = max(most, g.s.tier.Size(i, key))
	}
	return most
}

// element bounds the bytes of any element of the list at key.
func (g *growth) element(key []byte) int {
	if g.swapped {
		return g.size(key)
	}
	n, known := g.largest[string(key)]
	if !known {
		n = g.s.tier.Largest(g.db, key)
		g.largest[string(key)] = n
	}
	return n
}

// add returns what a command may add to the log beside its arguments, and
// follows what it does to sizes. A value that is changed where it is may have to
// move once, and is logged whole while it is small; a list may be logged whole
// with each change of it.
func (g *growth) add(cmd *command.Command, a command.Args) (n int) {
	largest, element, keys := 0, 0, 0
	cmd.EachKey(a, func(key []byte) {
		largest, keys = max(largest, g.size(key)), keys+1
		if g.passes {
			element = max(element, g.element(key))
		}
	})
	isList := cmd.Group == "list"
	carries, inPlace := cmd.Is(command.Carries), keys == 1 && cmd.Name != "move"
	own := cmd.Footprint(a)
	adds := own
	switch {
	case cmd.Is(command.Passes):
		n, adds = element, adds+element
	case carries && inPlace && !isList:
		g.moved = max(g.moved, largest)
		n = min(largest, tx.ImageBelow)
	case carries:
		n = largest
	}
	cmd.EachKey(a, func(key []byte) {
		if g.passes {
			g.largest[string(key)] = max(element, own)
		}
		switch {
		case isList, carries && inPlace, cmd.Group == "hash":
			g.sizes[string(key)] = g.size(key) + adds
		case carries:
			g.sizes[string(key)] = largest
		default: // replaced, or left as it is
			g.sizes[string(key)] = max(g.size(key), adds)
		}
	})
	return n
}
