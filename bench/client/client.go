// Package client is the least client there is: one connection on which
// commands are queued, sent together, and answered in order. The benchmarks
// load servers with it, and the tests of the real program lean on it.
package client

import (
	"bytes"
	"errors"
	"io"
	"net"
	"time"

	"holdfast/engine/resp"
)

// patience bounds each wait for the server.
const patience = time.Minute

// Client is one connection. It speaks RESP2 until it says HELLO.
type Client struct {
	// Conn is the connection, for those who send bytes that are no commands.
	Conn net.Conn
	in   []byte
	out  []byte
	buf  [16 << 10]byte
}

// Dial connects to "tcp" or "unix" addresses.
func Dial(network, address string) (*Client, error) {
	conn, err := net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	return &Client{Conn: conn}, nil
}

// Close gives the connection up.
func (c *Client) Close() { _ = c.Conn.Close() }

// Queue adds a command to what the next Flush sends.
func (c *Client) Queue(args ...string) { c.out = resp.AppendCommandStrings(c.out, args...) }

// Queued returns what the next Flush would send, and forgets it.
func (c *Client) Queued() []byte {
	p := c.out
	c.out = nil
	return p
}

// Flush sends what was queued.
func (c *Client) Flush() error {
	_ = c.Conn.SetDeadline(time.Now().Add(patience))
	_, err := c.Conn.Write(c.out)
	c.out = c.out[:0]
	return err
}

// Reply returns the next reply, which is the caller's to keep.
func (c *Client) Reply() (resp.Value, error) {
	for {
		v, n, err := resp.Decode(c.in)
		if err != nil {
			return v, err
		}
		if n > 0 {
			v = owned(v)
			c.in = c.in[:copy(c.in, c.in[n:])]
			return v, nil
		}
		k, err := c.Conn.Read(c.buf[:])
		if k == 0 && err != nil || err != nil && !errors.Is(err, io.EOF) {
			return v, err
		}
		c.in = append(c.in, c.buf[:k]...)
	}
}

func owned(v resp.Value) resp.Value {
	v.Str = bytes.Clone(v.Str)
	for i := range v.Elems {
		v.Elems[i] = owned(v.Elems[i])
	}
	return v
}

// Do sends one command and returns its reply.
func (c *Client) Do(args ...string) (resp.Value, error) {
	c.Queue(args...)
	if err := c.Flush(); err != nil {
		return resp.Value{}, err
	}
	return c.Reply()
}
