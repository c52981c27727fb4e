//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"holdfast/bench/client"
)

// server is one process under measurement.
type server struct {
	name string
	args []string // the program's, but port and folder
	dir  string
	cmd  *exec.Cmd
	port string
	out  bytes.Buffer
	done chan struct{}
}

// persistence is what a server is told of a policy. Redis rewrites no AOF by
// itself meanwhile: its child would take the client's core.
func persistence(policy string, ours bool) []string {
	args := []string{"--appendonly", "yes", "--appendfsync", policy}
	if policy == "off" {
		args = []string{"--appendonly", "no"}
	}
	if !ours {
		args = append(args, "--save", "", "--auto-aof-rewrite-percentage", "0")
	}
	return args
}

// start runs all subjects; those that run are returned with an error too.
func (b *bench) start(args func(s subject) []string) (out []*server, err error) {
	for _, one := range b.subjects {
		s, err := startServer(b.scratch, one.program, args(one)...)
		if err != nil {
			return out, err
		}
		s.name = one.Name
		out = append(out, s)
	}
	return out, nil
}

// lone runs our server by itself, with a connection to it; end ends both.
func (b *bench) lone(args ...string) (s *server, c *client.Client, end func(), err error) {
	if s, err = startServer(b.scratch, b.subjects[0].program, args...); err != nil {
		return nil, nil, nil, err
	}
	if c, err = s.dial(); err != nil {
		stopAll([]*server{s})
		return nil, nil, nil, err
	}
	return s, c, func() {
		c.Close()
		stopAll([]*server{s})
	}, nil
}

func stopAll(servers []*server) {
	for _, s := range servers {
		s.stop()
		os.RemoveAll(s.dir)
	}
}

// startServer runs a program on a free loopback port, in a folder of its own.
func startServer(scratch, program string, args ...string) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(scratch, filepath.Base(program))
	if err != nil {
		return nil, err
	}
	s := &server{name: filepath.Base(program), args: args, port: port, dir: dir}
	if err := s.launch(program, 20*time.Second); err != nil {
		return nil, err
	}
	return s, nil
}

// launch starts the program in its folder and waits until it serves.
func (s *server) launch(program string, patience time.Duration) error {
	s.done = make(chan struct{})
	s.cmd = exec.Command(program, append([]string{"--port", s.port, "--bind", "127.0.0.1", "--dir", s.dir}, s.args...)...)
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.done)
	}()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		select {
		case <-s.done:
			return fmt.Errorf("%s ended: %s", s.name, s.out.String())
		default:
		}
		c, err := s.dial()
		if err != nil {
			continue
		}
		v, err := c.Do("DBSIZE")
		c.Close()
		if err == nil && v.Kind == ':' {
			return nil
		}
	}
	s.stop()
	return fmt.Errorf("%s does not serve: %s", s.name, s.out.String())
}

// fields are those of the hash that HGET asks for, and a list's elements.
const fields = 1000

// populate writes the keys that a point asks for, in their order.
func (s *server) populate(keys, size int) error {
	if err := s.write("SET", keys, size); err != nil {
		return err
	}
	if err := s.write("HSET", fields, size); err != nil {
		return err
	}
	c, err := s.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	for range fields {
		c.Queue("LPUSH", "mylist", strings.Repeat("x", size))
	}
	return drain(c, fields)
}

// write sends a command n times, for keys or fields in their order.
func (s *server) write(command string, n, size int) error {
	p := point{Command: command, Value: size, Pipeline: min(n, 100)}
	l := &load{port: s.port, pipeline: p.Pipeline, kinds: []loadKind{kindOf(p)}, pick: inOrder(), most: n/p.Pipeline - 1}
	_, err := l.run(make([]int, 1)) // it sends one batch to warm up
	return err
}

func (s *server) stop() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

// freePort asks the system for a port that nobody uses. The listener is closed
// before the server opens it again: a race that only a busy machine loses.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

// cpu is what the process has used so far in user and system mode.
func (s *server) cpu() (time.Duration, error) {
	return processTime(s.cmd.Process.Pid)
}

// resident is the process's memory in bytes.
func (s *server) resident() int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	f := strings.Fields(string(text))
	if len(f) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(f[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
