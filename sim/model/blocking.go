package model

import (
	"holdfast/engine/unit"
)

// Blocking reports whether a command may wait for a key.
func Blocking(name string) bool {
	switch name {
	case "BLPOP", "BRPOP", "BLMPOP", "BLMOVE", "BRPOPLPUSH":
		return true
	}
	return false
}

// WaitsFor returns the keys that a blocking command waits for, and its timeout
// as written.
func WaitsFor(a [][]byte) (keys [][]byte, timeout []byte) {
	switch string(a[0]) {
	case "BLMPOP":
		n, _ := number(a[2])
		return a[3 : 3+n], a[1]
	case "BLPOP", "BRPOP":
		return a[1 : len(a)-1], a[len(a)-1]
	}
	return a[1:2], a[len(a)-1]
}

// Narrow returns what a command does that key has woken: it looks at that key
// and at no other. Where none has it is what it is.
func Narrow(a [][]byte, key []byte) [][]byte {
	if key == nil {
		return a
	}
	keys, timeout := WaitsFor(a)
	switch string(a[0]) {
	case "BLPOP", "BRPOP":
		return [][]byte{a[0], key, timeout}
	case "BLMPOP":
		return append([][]byte{a[0], timeout, []byte("1"), key}, a[3+len(keys):]...)
	}
	return a
}

// Offers reports whether key holds a list at an instant.
func (m *Model) Offers(db int, key []byte, now unit.Time) bool {
	v := m.Value(db, KeyIndex(key))
	return v != nil && v.Type == List && !dead(v.Deadline, now)
}

func (c *ctx) blockingPop(left bool, keys [][]byte) {
	for _, key := range keys {
		v, ok := c.seq(key)
		if !ok {
			return
		}
		if v != nil {
			rest, e := split(v.List, left)
			c.array(2)
			c.text(key)
			c.putList(key, v, rest)
			c.bulk(e)
			return
		}
	}
	c.nullArray()
}
