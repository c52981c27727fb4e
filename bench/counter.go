//go:build linux

package main

import (
	"bytes"
	"fmt"
	"strconv"
)

// counter counts whole replies in a stream: lines, strings with their length
// ahead, and arrays of these.
type counter struct {
	skip   int    // bytes of a string still to pass over
	nested int    // elements of an array still to come
	line   []byte // the beginning of a line that a read cut
}

// ended counts a reply, or an element of one.
func (c *counter) ended() int {
	if c.nested > 0 {
		c.nested--
	}
	if c.nested > 0 {
		return 0
	}
	return 1
}

// count takes what came next and returns how many replies ended in it.
func (c *counter) count(p []byte) (done int, err error) {
	for len(p) > 0 {
		if c.skip > 0 {
			n := min(c.skip, len(p))
			p = p[n:]
			if c.skip -= n; c.skip == 0 {
				done += c.ended()
			}
			continue
		}
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			c.line = append(c.line, p...)
			return done, nil
		}
		line := p[:end]
		if len(c.line) > 0 {
			c.line = append(c.line, line...)
			line, c.line = c.line, c.line[:0]
		}
		p = p[end+1:]
		switch {
		case len(line) == 0 || line[0] == '-':
			return done, fmt.Errorf("the server answered %q", line)
		case line[0] == '$' && line[1] != '-':
			n, err := strconv.Atoi(string(line[1 : len(line)-1]))
			if err != nil {
				return done, fmt.Errorf("the server answered %q", line)
			}
			c.skip = n + 2
		case line[0] == '*' && c.nested == 0 && line[1] != '-' && line[1] != '0':
			n, err := strconv.Atoi(string(line[1 : len(line)-1]))
			if err != nil {
				return done, fmt.Errorf("the server answered %q", line)
			}
			c.nested = n
		default:
			done += c.ended()
		}
	}
	return done, nil
}
