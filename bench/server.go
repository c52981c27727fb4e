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

// pair is the two servers of a comparison: ours first.
type pair [2]*server

func startPair(scratch, ours, redis, policy string) (pair, error) {
	var p pair
	for i, program := range []string{ours, redis} {
		args := []string{"--appendonly", "yes", "--appendfsync", policy}
		if program == redis {
			args = append(args, "--save", "")
		}
		s, err := startServer(scratch, program, args...)
		if err != nil {
			p.stop()
			return p, err
		}
		p[i] = s
		if err := s.populate(); err != nil {
			p.stop()
			return p, err
		}
	}
	return p, nil
}

func (p pair) stop() {
	for _, s := range p {
		if s != nil {
			s.stop()
		}
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
		c, err := client.Dial("tcp", "127.0.0.1:"+s.port)
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

// populate writes the keys that GET asks for.
func (s *server) populate() error {
	c, err := client.Dial("tcp", "127.0.0.1:"+s.port)
	if err != nil {
		return err
	}
	defer c.Close()
	value := strings.Repeat("x", 64)
	for i := range keySpace {
		c.Queue("SET", fmt.Sprintf("key:%012d", i), value)
		if i%500 == 499 {
			if err := drain(c, 500); err != nil {
				return err
			}
		}
	}
	return nil
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

// cpu is what the process has used so far in user and system mode, by its own
// CPU clock: it counts nanoseconds, where the times in /proc/PID/stat are in
// ticks of 10 ms, and threads that have ended.
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

func machine() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	model, cores := "unknown processor", 0
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			switch strings.TrimSpace(name) {
			case "model name":
				model = strings.TrimSpace(value)
			case "processor":
				cores++
			}
		}
	}
	return fmt.Sprintf("%d x %s", cores, model)
}
