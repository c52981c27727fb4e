package client

import (
	"bytes"
	"fmt"

	"holdfast/sim/bump"
	"holdfast/sim/judge"
	"holdfast/sim/ledger"
	"holdfast/sim/linear"
	"holdfast/sim/model"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
	"holdfast/sim/wire"
	"holdfast/sim/world"
)

// Shape is what a run's workload looks like. The campaign draws it.
type Shape struct {
	Clients  int
	Commands int   // drawn by each client; a transaction and what is in it are several
	Each     []int // of each client, if they differ: what shrinking found to be enough
	Groups   int   // of six keys: two strings, a counter, a hash, one of anything, a list
	Size     int   // of most values, in bytes
	Depth    int   // of pipelines
	Proto3   bool
	// Registers makes clients send only what package linear can judge, and
	// note it in its log.
	Registers bool
	Far       bool // deadlines are too far off to pass, and to compare two clocks
	// Script, if set, is what each client sends, in place of what it would
	// draw: pipelines, their commands separated by " | ". The word $ is a new
	// value for the key before it.
	Script   [][]string
	Memory   bool // values of many sizes, to fill memory
	Large    bool // a hash and a list grow large and are changed all the time
	Backups  int  // times that the administrator has a backup made
	Policies int  // times that the administrator sets appendfsync
	Logs     int  // times that the administrator sets appendonly
	Pauses   int  // times that the administrator holds all replies for a while
	Halts    int  // times that he has all clients wait
	Caps     int  // times that the administrator sets tiered_max_file_size
	Segment  int64
	Lazy     bool // clients switch active expiry off and on: dead keys stay
	// Import says that some are import sources, and switch the mode; ImportOn that
	// it is on in the configuration and stays so.
	Import, ImportOn bool
	Listen           bool // some subscribe, track keys and monitor; all publish
}

// commands returns how many commands client i draws.
func (s *Shape) commands(i int) int {
	if i < len(s.Each) {
		return s.Each[i]
	}
	if s.Script != nil {
		return len(s.Script[i])
	}
	return s.Commands
}

// Workload is the clients of one run. It is reused.
type Workload struct {
	world  *world.World
	judge  *judge.Judge
	ledger *ledger.Ledger
	shape  Shape
	list   []*Client
	check  *Client
	admin  Client
	listen [2]Client // a subscriber and a monitor
	enough bool      // no new commands: the run is draining

	bytes bump.Arena[byte]
	args  bump.Arena[[]byte]
	out   []byte
	cmds  [][][]byte
	// History is what clients sent and were told, where the shape is Registers.
	History linear.Log
	// Answered counts replies that clients have read.
	Answered int64
	Lost     int64 // commands whose connection broke before the reply
	// Commands counts what was sent but by the checker and by those who listen.
	Commands int64
}

// Client is one simulated client; the checker is one too.
type Client struct {
	w       *Workload
	id      int
	conn    *wire.Conn
	up      bool
	rx      []byte
	wait    bool    // the server said that it is loading
	open    []int   // numbers in the history of what is owed
	owed    int     // commands sent and not answered
	left    int     // commands still to draw
	n       int     // the number of the command being drawn
	drawn   []Drawn // the commands of this run
	uniques int64   // given out
	sent    int     // commands drawn for the last send
	db      int
	// script is what to send next, when that is settled: the checker's list.
	script  [][][]byte
	at      int
	watched bool
	forever bool   // what it sent may wait for ever
	timer   uint64 // matches the timer that counts
	asleep  bool
	checker bool
	admin   bool
	listens bool
	quiet   quiet
	number  string // its CLIENT ID, of who listens
	boot    int    // the process that gave it
	hello   bool   // ask for RESP3 first
	track   bool   // and to be told of changes
	excepts string // the word of CLIENT CACHING that its mode allows
	fails   int
	loads   int // times in a row that the server was loading
}

// What a client does between its sends is filed under the command to come.
var (
	siteThink     = sched.NewDelaySite("client #/command #/think")
	siteLeave     = tape.NewSiteWeighted("client #/command #/leaves", tape.NetFault, 0, 3, 1)
	siteEager     = tape.NewSite("client #/command #/does not wait", tape.Schedule)
	siteGiveUp    = sched.NewDelaySite("client #/command #/gives up")
	siteReconnect = sched.NewDelaySite("client #/command #/reconnect")
)

// Reset begins a run.
func (w *Workload) Reset(wd *world.World, j *judge.Judge, l *ledger.Ledger, s Shape) {
	w.world, w.judge, w.ledger, w.shape, w.enough = wd, j, l, s, false
	w.bytes.Chunk = 64 << 10
	w.bytes.Reset()
	w.args.Reset()
	w.Answered, w.Lost, w.Commands = 0, 0, 0
	w.History.Reset()
	for len(w.list) < s.Clients {
		w.list = append(w.list, &Client{})
	}
	for i := range w.list[:s.Clients] {
		w.list[i].reset(w, i)
		w.list[i].left = s.commands(i)
		w.list[i].wake(siteReconnect, 100*sched.Microsecond)
	}
	if w.check == nil {
		w.check = &Client{}
	}
	w.check.reset(w, s.Clients)
	w.check.checker = true
	w.administer(s)
	w.attend(s)
}

func (c *Client) reset(w *Workload, id int) {
	*c = Client{open: c.open[:0], w: w, id: id, rx: c.rx[:0], script: c.script[:0], drawn: c.drawn[:0]}
}

// Timer is for the world's hook.
func (w *Workload) Timer(a uint32, b uint64) {
	if w.Waits(a, b) {
		c := w.client(a)
		c.asleep = false
		c.act()
	}
}

// Waits reports whether a timer still counts.
func (w *Workload) Waits(a uint32, b uint64) bool {
	c := w.client(a)
	return c.timer == b && c.asleep
}

func (w *Workload) client(id uint32) *Client {
	switch n := uint32(w.shape.Clients); {
	case id < n:
		return w.list[id]
	case id > n+1:
		return &w.listen[id-n-2]
	case id > n:
		return &w.admin
	}
	return w.check
}

func (c *Client) wake(s tape.Site, usual int64) {
	c.timer++
	c.asleep = true
	l := s.At2(c.id, c.n)
	if s == siteAdmin {
		l = s.Label()
	}
	c.w.world.Timer(c.w.world.Sched.Delay(l, usual), uint32(c.id), c.timer)
}

// idle reports that the client has nothing left to do.
func (c *Client) idle() bool {
	if c.owed > 0 {
		return false
	}
	if c.checker || c.admin || c.listens {
		return c.at == len(c.script)
	}
	return c.left <= 0 || c.w.enough
}

// Sent reports whether any client has sent a command.
func (w *Workload) Sent() bool {
	for _, c := range w.list[:w.shape.Clients] {
		if c.n > 0 {
			return true
		}
	}
	return false
}

// Drawn says what a drawn command is a part of, by numbers of commands.
type Drawn struct {
	Send  int // with which its send began
	Multi int // the transaction that it is in, or its own
}

// Drawn returns the commands that a client has drawn.
func (w *Workload) Drawn(i int) []Drawn { return w.list[i].drawn }

// Done reports that every client has finished.
func (w *Workload) Done() bool {
	for _, c := range w.list[:w.shape.Clients] {
		if !c.idle() {
			return false
		}
	}
	return w.check.idle() && w.admin.idle() && w.listen[0].idle() && w.listen[1].idle()
}

// Enough makes clients send nothing new.
func (w *Workload) Enough() { w.enough = true }

// Waiting describes the clients that have not finished.
func (w *Workload) Waiting() (s []string) {
	for _, c := range append(w.list[:w.shape.Clients:w.shape.Clients], w.check, &w.admin, &w.listen[0], &w.listen[1]) {
		if !c.idle() {
			s = append(s, fmt.Sprintf("client %d: connected %v, up %v, asleep %v, waits for %d replies, has %d commands to send, script %d of %d",
				c.id, c.conn != nil, c.up, c.asleep, c.owed, c.left, c.at, len(c.script)))
		}
	}
	return s
}

// act connects, or sends the next commands.
func (c *Client) act() {
	if c.idle() {
		return
	}
	if c.conn == nil {
		c.conn = c.w.world.Wire.Connect(c.id, c)
		c.w.judge.Open(uint64(c.conn.Handle()))
		c.db, c.watched = 0, false
		return
	}
	switch {
	case c.up && c.owed == 0:
		c.send()
	case c.up && c.forever:
		c.leave(1 + c.choose(siteForm, 2))
	}
}

// leave closes the connection, 1 in good order, 2 by a reset, and comes back.
func (c *Client) leave(how int) {
	if how == 1 {
		c.conn.Close()
	} else {
		c.conn.Reset()
	}
	c.drop()
	c.wake(siteReconnect, 500*sched.Microsecond)
}

// Up implements wire.Endpoint.
func (c *Client) Up(*wire.Conn) {
	c.up, c.fails = true, 0
	c.track = c.w.shape.Listen && c.id == 0
	c.hello = c.track || c.w.shape.Proto3 && c.id&1 == 1 && !c.admin && !c.listens // their scripts count their replies
	c.act()
}

// Down implements wire.Endpoint.
func (c *Client) Down(_ *wire.Conn, why error) {
	if why == wire.ErrRefused {
		c.fails++
	}
	c.drop()
	usual := 2 * sched.Millisecond
	if c.checker {
		usual = 200 * sched.Microsecond
	}
	c.wake(siteReconnect, usual<<min(c.fails, 6))
}

func (c *Client) drop() {
	c.w.Lost += int64(c.owed)
	if c.admin {
		c.at -= c.owed // not answered: once more
	}
	c.open = c.open[:0]
	c.conn, c.up, c.owed, c.rx, c.forever, c.quiet, c.number = nil, false, 0, c.rx[:0], false, loud, ""
	if c.checker || c.listens {
		c.at = 0 // from the start: replies were lost
	}
}

// Data implements wire.Endpoint.
func (c *Client) Data(_ *wire.Conn, p []byte) {
	c.rx = append(c.rx, p...)
	at := 0
	for at < len(c.rx) {
		n := model.Skip(c.rx[at:])
		if n <= 0 {
			break
		}
		at += n
		if (c.listens || c.track) && model.Told(c.rx[at-n:]) {
			continue
		}
		c.owed--
		if c.listens && c.rx[at-n] == ':' { // to CLIENT ID
			c.number, c.boot = string(bytes.TrimSpace(c.rx[at-n+1:at])), c.w.world.Boots
		}
		if len(c.open) > 0 {
			c.w.History.Return(c.open[0], c.rx[at-n:at], c.w.world.Sched.Now())
			c.open = c.open[:copy(c.open, c.open[1:])]
		}
		if bytes.HasPrefix(c.rx[at-n:], loading) {
			c.wait = true
		} else {
			c.w.Answered++
		}
	}
	c.rx = c.rx[:copy(c.rx, c.rx[at:])]
	if c.owed > 0 {
		return
	}
	c.forever = false
	usual, site := 60*sched.Microsecond, siteThink
	if c.admin {
		usual, site = 2*sched.Millisecond, siteAdmin
	}
	if !c.wait {
		c.loads = 0
	} else {
		c.wait, usual = false, 2*sched.Millisecond<<min(c.loads, 8)
		c.loads++
		if c.checker {
			c.at = 0
		}
		if c.admin {
			c.at--
		}
		c.left += c.sent // others in their place
	}
	c.wake(site, usual)
}

var loading = []byte("-LOADING")

// send writes the next pipeline.
func (c *Client) send() {
	w := c.w
	w.cmds = w.cmds[:0]
	if c.hello {
		c.hello = false
		w.cmds = append(w.cmds, w.args.Copy([][]byte{c.word("HELLO"), c.word("3")}))
		if c.track {
			w.cmds = append(w.cmds, c.tracking())
		}
	}
	switch {
	case c.checker, c.admin, c.listens:
		n := min(len(c.script)-c.at, 16)
		if c.admin {
			n = min(n, 1)
			w.world.Tape.Begin(tape.Sent(c.id, c.at))
		}
		w.cmds = append(w.cmds, c.script[c.at:c.at+n]...)
		c.at += n
	default:
		w.world.Tape.Begin(tape.Sent(c.id, c.n))
		first := c.n
		c.draw(first)
		c.behind()
		c.sent = c.n - first
		c.left -= c.sent
	}
	w.out = w.out[:0]
	h := uint64(c.conn.Handle())
	for _, args := range w.cmds {
		if c.hushed(args) {
			w.judge.Muted(h, args)
		} else {
			w.judge.Sent(h, args)
			c.owed++
		}
		if w.shape.Registers && !c.admin {
			c.open = append(c.open, w.History.Call(c.id, args, w.world.Sched.Now()))
		}
		w.out = appendCommand(w.out, args)
	}
	if !c.checker && !c.listens {
		w.Commands += int64(len(w.cmds))
	}
	c.conn.Write(w.out)
	if c.checker || c.admin || c.conn == nil {
		return
	}
	if !c.forever && c.left > 0 && !w.enough && w.world.Tape.Chance(siteEager.At2(c.id, c.n)) {
		c.send() // without waiting for answers: the two may travel as one
		return
	}
	c.storm()
	if how := w.world.Sched.Fault(siteLeave.At2(c.id, c.n), 3); how > 0 {
		c.leave(how)
	} else if c.forever {
		c.wake(siteGiveUp, 30*sched.Millisecond)
	}
}

func appendCommand(dst []byte, args [][]byte) []byte {
	dst = appendHead(dst, '*', len(args))
	for _, a := range args {
		dst = appendHead(dst, '$', len(a))
		dst = append(append(dst, a...), '\r', '\n')
	}
	return dst
}

func appendHead(dst []byte, kind byte, n int) []byte {
	return append(appendInt(append(dst, kind), int64(n)), '\r', '\n')
}
