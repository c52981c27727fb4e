package rules

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	stdnet "net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait for the real program.
const patience = 30 * time.Second

// build builds the program once. HOLDFAST_BINARY names another one to test.
var build = sync.OnceValues(func() (string, error) {
	if other := os.Getenv("HOLDFAST_BINARY"); other != "" {
		return other, nil
	}
	dir, err := os.MkdirTemp("", "holdfast")
	if err != nil {
		return "", err
	}
	built = dir
	path := filepath.Join(dir, "holdfast")
	out, err := exec.Command("go", "build", "-o", path, "holdfast/cmd/holdfast").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

var built string

// program is the real program and its folder.
type program struct {
	t      testing.TB
	dir    string
	addr   string
	cmd    *exec.Cmd
	output *bytes.Buffer
	done   chan error
}

func newProgram(t testing.TB) *program {
	p := &program{t: t, dir: t.TempDir()}
	t.Cleanup(func() {
		p.end(Kill)
		if t.Failed() {
			t.Logf("the program said:\n%s", p.output)
		}
	})
	return p
}

func (p *program) boot(settings []string) {
	p.t.Helper()
	path, err := build()
	if err != nil {
		p.t.Fatal(err)
	}
	for range 5 { // somebody may take the port before the program does
		if p.start(path, settings) {
			return
		}
	}
	p.t.Fatalf("the program does not start:\n%s", p.output)
}

func (p *program) start(path string, settings []string) bool {
	port, err := freePort()
	if err != nil {
		p.t.Fatal(err)
	}
	p.addr = "127.0.0.1:" + port
	args := []string{"--port", port, "--dir", filepath.Join(p.dir, "data"), "--enable-debug-command", "yes"}
	for i := 0; i+1 < len(settings); i += 2 {
		args = append(args, "--"+settings[i], settings[i+1])
	}
	p.output, p.done = &bytes.Buffer{}, make(chan error, 1)
	p.cmd = exec.Command(path, args...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func(cmd *exec.Cmd, done chan error) { done <- cmd.Wait() }(p.cmd, p.done)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		select {
		case err := <-p.done:
			p.done <- err
			return false
		default:
		}
		if c, err := stdnet.Dial("tcp", p.addr); err == nil {
			_ = c.Close()
			return true
		}
	}
	return false
}

// freePort asks the system for a port that nobody has.
func freePort() (string, error) {
	l, err := stdnet.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := stdnet.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

func (p *program) end(how End) {
	if p.cmd == nil {
		return
	}
	if how == CleanStop {
		_ = p.cmd.Process.Signal(os.Interrupt)
	} else {
		_ = p.cmd.Process.Kill()
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		p.t.Errorf("the program does not end:\n%s", p.output)
	}
	p.cmd = nil
}

func (p *program) pass(int64) {}

func (p *program) excuse() string { return "" }

func (p *program) dial() (link, error) {
	c, err := stdnet.Dial("tcp", p.addr)
	if err != nil {
		return nil, err
	}
	p.t.Cleanup(func() { _ = c.Close() })
	return &tcpLink{p: p, c: c.(*stdnet.TCPConn)}, nil
}

// tcpLink is a connection over the loopback.
type tcpLink struct {
	p *program
	c *stdnet.TCPConn
}

func (l *tcpLink) write(p []byte) { _, _ = l.c.Write(p) }

func (l *tcpLink) read() []byte {
	buf := make([]byte, 64<<10)
	_ = l.c.SetReadDeadline(time.Now().Add(patience))
	n, err := l.c.Read(buf)
	if n > 0 {
		return buf[:n]
	}
	if !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
		l.p.t.Fatalf("real program: no reply: %v", err)
	}
	return nil
}

// poll looks into the socket without waiting.
func (l *tcpLink) poll() []byte {
	raw, err := l.c.SyscallConn()
	if err != nil {
		l.p.t.Fatal(err)
	}
	buf, n := make([]byte, 64<<10), 0
	_ = l.c.SetReadDeadline(time.Now().Add(patience))
	_ = raw.Read(func(fd uintptr) bool {
		n = receive(fd, buf)
		return true
	})
	return buf[:max(n, 0)]
}

// stop needs nothing: who does not read is told no more than its window takes.
func (l *tcpLink) stop(bool) {}

// close resets the connection: a mere end of input is no end for a server that
// still owes replies.
func (l *tcpLink) close() {
	_ = l.c.SetLinger(0)
	_ = l.c.Close()
}
