package judge

import (
	"bytes"
	"slices"

	"holdfast/sim/model"
)

// A connection may be told for others that track: REDIRECT. What it is told so is kept
// in a hearer of its own, for its order among what else the connection hears is not
// declared.

const invalidateChannel = "__redis__:invalidate"

// number notes what CLIENT ID has answered.
func (j *Judge) number(c *conn, got []byte) {
	if j.numbers == nil {
		j.numbers = map[string]uint64{}
	}
	j.numbers[string(bytes.TrimSpace(bytes.TrimPrefix(got, []byte{':'})))] = c.id
}

// redirects notes where a connection that tracks has its messages go.
func (j *Judge) redirects(h *hearer, options [][]byte) {
	if at := slices.IndexFunc(options, func(o []byte) bool { return string(o) == "REDIRECT" }); at >= 0 {
		h.tracking.to = j.numbers[string(options[at+1])]
	}
}

// outlet is where a connection that tracks is told: itself, or who it redirects to;
// nil if that one is gone or listens to nothing.
func (j *Judge) outlet(h *hearer) *hearer {
	if h.tracking.to == 0 {
		return h
	}
	to := j.conn(h.tracking.to)
	if to == nil || to.over || to.hears == nil {
		return nil
	}
	if to.hears.relay == nil {
		to.hears.relay = &hearer{conn: to.id}
	}
	return to.hears.relay
}

// broken reports whether a message rightly says that who is redirected to has gone.
func (j *Judge) broken(h *hearer, words [][]byte) bool {
	to := j.conn(h.tracking.to)
	return string(words[0]) == model.RedirectionBroken && to != nil && to.over
}

// redirected finds what a message tells of that is for another. Where it may be
// either of two, the other need not come.
func (h *hearer) redirected(words [][]byte) *tiding {
	if h.relay == nil {
		return nil
	}
	d := h.relay.message(append([][]byte{[]byte("invalidate")}, words...))
	if d != nil && d.optional {
		for _, list := range [...][]tiding{h.relay.due[h.relay.head:], h.relay.floating} {
			for i := range list {
				list[i].optional = list[i].optional || list[i].key == d.key
			}
		}
	}
	return d
}

// floats expects something whose place within a unit is not declared.
func (j *Judge) floats(h *hearer, d tiding) {
	if h != nil {
		d.unit = j.Counts.Units
		h.floating = append(h.floating, d)
	}
}
