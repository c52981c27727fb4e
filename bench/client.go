package main

import (
	"net"
	"time"

	"holdfast/engine/resp"
)

// client is one connection for loading and looking; redis-benchmark does the
// measuring.
type client struct {
	conn net.Conn
	in   []byte
	buf  [64 << 10]byte
	out  []byte
}

func dial(port string) (*client, error) {
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn}, nil
}

func (c *client) close() { _ = c.conn.Close() }

func (c *client) queue(args ...string) { c.out = resp.AppendCommandStrings(c.out, args...) }

func (c *client) flush() error {
	_ = c.conn.SetDeadline(time.Now().Add(time.Minute))
	_, err := c.conn.Write(c.out)
	c.out = c.out[:0]
	return err
}

// reply returns the next reply; its bytes are good until the next call.
func (c *client) reply() (resp.Value, error) {
	for {
		v, n, err := resp.Decode(c.in)
		if err != nil {
			return v, err
		}
		if n > 0 {
			c.in = c.in[n:]
			return v, nil
		}
		k, err := c.conn.Read(c.buf[:])
		if err != nil {
			return v, err
		}
		c.in = append(append([]byte(nil), c.in...), c.buf[:k]...)
	}
}

func (c *client) do(args ...string) (resp.Value, error) {
	c.queue(args...)
	if err := c.flush(); err != nil {
		return resp.Value{}, err
	}
	return c.reply()
}
