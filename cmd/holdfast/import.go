package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"holdfast/engine/rdb"
	"holdfast/engine/resp"
)

// importer copies a Redis server's data and follows its changes, as a replica
// does: what the source sends first is a snapshot, and then every write in order,
// its own expiries among them. docs/migration.md tells how to use it.
type importer struct {
	from, to *link
	out      io.Writer
	offset   atomic.Int64 // of the source's stream: applied up to here
}

// importFrom is the subcommand import.
func importFrom(args []string, stdout io.Writer) (int, error) {
	m := &importer{out: stdout}
	var err error
	if m.from, err = connect(args[0]); err != nil {
		return 1, fmt.Errorf("the source: %w", err)
	}
	defer m.from.Close()
	if m.to, err = connect(args[1]); err != nil {
		return 1, fmt.Errorf("the destination: %w", err)
	}
	defer m.to.Close()
	stopped := atomic.Bool{}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-asked
		stopped.Store(true)
		_ = m.from.Close()
	}()
	err = m.run()
	if stopped.Load() {
		fmt.Fprintf(stdout, "stopped at offset %d\n", m.offset.Load())
		return 0, nil
	}
	return 1, err
}

// run works until the source is gone.
func (m *importer) run() error {
	if _, err := m.to.do("CLIENT", "IMPORT-SOURCE", "ON"); err != nil {
		return fmt.Errorf("the destination: %w (CONFIG SET import-mode yes)", err)
	}
	if there, err := m.to.do("INFO", "keyspace"); err != nil {
		return err
	} else if strings.Contains(string(there.Str), "db") {
		return errors.New("the destination is not empty: FLUSHALL it first, what the source has deleted would stay")
	}
	if err := m.snapshot(); err != nil {
		return err
	}
	go m.acknowledge()
	return m.follow()
}

// snapshot copies the file that the source sends.
func (m *importer) snapshot() error {
	line, err := m.from.ask("PSYNC", "?", "-1")
	if err != nil {
		return err
	}
	words := strings.Fields(line)
	if len(words) != 3 || words[0] != "+FULLRESYNC" {
		return fmt.Errorf("the source does not begin a full synchronisation: %s", line)
	}
	at, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil {
		return err
	}
	m.offset.Store(at)
	if line, err = m.from.line(); err != nil {
		return err
	}
	size, err := strconv.ParseInt(strings.TrimPrefix(line, "$"), 10, 64)
	if err != nil {
		return fmt.Errorf("the source sends no snapshot: %s", line)
	}
	var f rdb.File
	keys, db := 0, 0
	for left := size; ; {
		k, err := f.Next()
		if errors.Is(err, rdb.ErrMore) {
			if left == 0 {
				return errors.New("the snapshot ends in the middle")
			}
			p := make([]byte, min(left, int64(max(f.Held(), 256<<10))))
			if _, err := io.ReadFull(m.from.in, p); err != nil {
				return err
			}
			left -= int64(len(p))
			f.Feed(p)
			continue
		}
		if err != nil {
			return err
		}
		if k == nil || keys%512 == 511 {
			if err := m.to.settle(); err != nil {
				return err
			}
		}
		if k == nil {
			break
		}
		if k.DB != db {
			db = k.DB
			m.to.queue([]byte("SELECT"), strconv.AppendInt(nil, int64(db), 10))
		}
		m.to.queue(restoreOf(k)...)
		keys++
	}
	fmt.Fprintf(m.out, "copied %d keys, following from offset %d\n", keys, at)
	return nil
}

// restoreOf is the command that makes a key of the snapshot.
func restoreOf(k *rdb.Key) [][]byte {
	args := [][]byte{[]byte("RESTORE"), k.Name, strconv.AppendInt(nil, k.DeadlineMS, 10), rdb.Seal(k.Value), []byte("REPLACE"), []byte("ABSTTL")}
	switch {
	case k.Freq >= 0:
		args = append(args, []byte("FREQ"), strconv.AppendInt(nil, k.Freq, 10))
	case k.Idle >= 0:
		args = append(args, []byte("IDLETIME"), strconv.AppendInt(nil, k.Idle, 10))
	}
	return args
}

// follow applies the source's stream of writes.
func (m *importer) follow() error {
	buf, part := []byte(nil), make([]byte, 256<<10)
	for {
		at := 0
		for {
			v, n, err := resp.Decode(buf[at:])
			if err != nil {
				return fmt.Errorf("the source sends what is no command: %w", err)
			}
			if n == 0 {
				break
			}
			at += n
			m.forward(v)
		}
		if err := m.to.settle(); err != nil {
			return err
		}
		if m.offset.Add(int64(at)); at > 0 && m.from.in.Buffered() == 0 {
			fmt.Fprintf(m.out, "applied up to offset %d\n", m.offset.Load())
		}
		buf = buf[:copy(buf, buf[at:])]
		n, err := m.from.in.Read(part)
		if errors.Is(err, io.EOF) {
			return errors.New("the source has closed the connection")
		}
		if err != nil {
			return fmt.Errorf("the source: %w", err)
		}
		buf = append(buf, part[:n]...)
	}
}

// forward passes one command of the stream on, unless it is about replication.
func (m *importer) forward(v resp.Value) {
	if len(v.Elems) == 0 {
		return
	}
	switch strings.ToUpper(string(v.Elems[0].Str)) {
	case "PING", "REPLCONF":
		return
	}
	args := make([][]byte, 0, len(v.Elems))
	for _, e := range v.Elems {
		args = append(args, e.Str)
	}
	m.to.queue(args...)
}

// acknowledge tells the source once a second how far we are: it gives up a replica
// that is silent.
func (m *importer) acknowledge() {
	for {
		ack := resp.AppendCommandStrings(nil, "REPLCONF", "ACK", strconv.FormatInt(m.offset.Load(), 10))
		if _, err := m.from.Write(ack); err != nil {
			return // follow finds out
		}
		time.Sleep(time.Second)
	}
}

// link is a connection to one of the servers.
type link struct {
	net.Conn
	in    *bufio.Reader
	out   []byte
	names []string // of the commands in out
	buf   []byte   // replies that are not whole
}

// connect reaches a server at HOST:PORT, at the path of a socket, or at
// redis://[[USER]:PASSWORD@]HOST[:PORT].
func connect(where string) (*link, error) {
	network, address := "tcp", where
	var login []string
	switch scheme, _, isURL := strings.Cut(where, "://"); {
	case isURL && scheme != "redis":
		return nil, fmt.Errorf("cannot reach a server at %s://: only host:port, the path of a socket, or redis://", scheme)
	case isURL:
		u, err := url.Parse(where)
		if bad := (*url.Error)(nil); errors.As(err, &bad) {
			return nil, fmt.Errorf("cannot read the address: %w", bad.Err) // all of it would show the password
		}
		if address = u.Host; u.Port() == "" {
			address = net.JoinHostPort(u.Hostname(), "6379")
		}
		if password, ok := u.User.Password(); ok {
			login = append(login, "AUTH", u.User.Username(), password)
		}
		if len(login) > 0 && login[1] == "" {
			login = slices.Delete(login, 1, 2)
		}
	case strings.Contains(where, "/"):
		network = "unix"
	}
	c, err := net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	l := &link{Conn: c, in: bufio.NewReaderSize(c, 256<<10)}
	if login != nil {
		if _, err := l.do(login...); err != nil {
			_ = c.Close()
			return nil, err
		}
	}
	return l, nil
}

// queue adds a command to what settle sends.
func (l *link) queue(args ...[]byte) {
	l.out = resp.AppendCommand(l.out, args...)
	name := string(args[0])
	if len(args) > 1 {
		name += " " + strconv.Quote(string(args[1][:min(len(args[1]), 64)]))
	}
	l.names = append(l.names, name)
}

// settle sends what is queued and demands that all of it is done.
func (l *link) settle() error {
	if len(l.names) == 0 {
		return nil
	}
	failed := make(chan error, 1)
	go func(p []byte) { // replies may come before all is sent
		_, err := l.Write(p)
		failed <- err
	}(l.out)
	var problem error
	for _, name := range l.names {
		v, err := l.reply()
		if err != nil {
			return fmt.Errorf("the destination: %w", err)
		}
		if v.Kind == '-' && problem == nil {
			problem = fmt.Errorf("the destination refuses %s: %s", name, v.Str)
		}
	}
	if err := <-failed; err != nil {
		return err
	}
	l.out, l.names = l.out[:0], l.names[:0]
	return problem
}

// do sends one command and returns its reply; an error reply is an error.
func (l *link) do(args ...string) (resp.Value, error) {
	if _, err := l.Write(resp.AppendCommandStrings(nil, args...)); err != nil {
		return resp.Value{}, err
	}
	v, err := l.reply()
	if err == nil && v.Kind == '-' {
		err = errors.New(string(v.Str))
	}
	return v, err
}

func (l *link) reply() (resp.Value, error) {
	for {
		v, n, err := resp.Decode(l.buf)
		if err != nil {
			return v, err
		}
		if n > 0 {
			l.buf = l.buf[n:]
			return v, nil
		}
		part := make([]byte, 64<<10)
		if n, err = l.in.Read(part); err != nil {
			return v, err
		}
		l.buf = append(l.buf, part[:n]...)
	}
}

// ask sends a command that is answered with a line, not in the protocol's way.
func (l *link) ask(args ...string) (string, error) {
	if _, err := l.Write(resp.AppendCommandStrings(nil, args...)); err != nil {
		return "", err
	}
	return l.line()
}

// line reads the next line that is not empty: empty ones say that the source is
// still at work.
func (l *link) line() (string, error) {
	for {
		s, err := l.in.ReadString('\n')
		if err != nil {
			return "", err
		}
		if s = strings.TrimSpace(s); s != "" {
			return s, nil
		}
	}
}
