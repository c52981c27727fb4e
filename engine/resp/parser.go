package resp

import (
	"bytes"
	"math"
)

// Limits bounds what a client may declare. The lower ones in force before a
// client has authenticated are just other values.
type Limits struct {
	MaxBulk   int64 // bytes of one argument
	MaxArgs   int   // arguments of one command
	MaxInline int   // bytes of an inline command or of a header line, its line end not counted
	// Unauthenticated words the refusal of a length that only authenticated
	// clients may declare as such. It changes no limit.
	Unauthenticated bool
}

// Redis's limits: 512 MiB an argument, a million arguments, 64 KiB a line; ten
// arguments of 16 KiB for a client that has yet to authenticate.
const (
	DefaultMaxBulk   = 512 << 20
	DefaultMaxArgs   = 1 << 20
	DefaultMaxInline = 64 << 10

	unauthMaxBulk = 16 << 10
	unauthMaxArgs = 10
)

// DefaultLimits are those of an authenticated client.
func DefaultLimits() Limits {
	return Limits{MaxBulk: DefaultMaxBulk, MaxArgs: DefaultMaxArgs, MaxInline: DefaultMaxInline}
}

// UnauthenticatedLimits are those of a client that has yet to authenticate.
func UnauthenticatedLimits() Limits {
	return Limits{MaxBulk: unauthMaxBulk, MaxArgs: unauthMaxArgs, MaxInline: DefaultMaxInline, Unauthenticated: true}
}

// ProtocolError says why input is not the protocol. The connection it came
// from cannot be understood any further.
type ProtocolError struct {
	Reason string // as Redis words it, after "Protocol error: "
}

// Error returns the text of the reply without its leading "ERR ".
func (e *ProtocolError) Error() string { return "Protocol error: " + e.Reason }

func refuse(reason string) error { return &ProtocolError{Reason: reason} }

// Command is one command as it was sent. Args alias the input buffer, so they
// live as long as its bytes do; an inline argument written with quotes has
// memory of its own.
type Command struct {
	Args [][]byte
}

// Parser cuts commands from a stream. The zero value is ready. A Parser holds
// the state of one partial command at the start of the unconsumed input and
// nothing else; to look further down a pipeline use a second Parser.
type Parser struct {
	pos  int // bytes of the command that are understood
	scan int // the search for the end of the current line goes on here
	left int // arguments still to come
	bulk int // declared length of the argument at pos; -1 before its header is read
	at   stage
}

type stage uint8

const (
	atStart  stage = iota // nothing seen
	atCount               // within the line that says how many arguments follow
	atArgs                // within the arguments
	atInline              // within an inline command
)

// smallestArg is the length of the shortest argument on the wire.
const smallestArg = len("$0\r\n\r\n")

// Reset forgets a partial command.
func (p *Parser) Reset() { *p = Parser{} }

// Need returns a lower bound of the bytes of the whole partial command, taken
// from the lengths it declared so far. 0 if it declared none yet.
func (p *Parser) Need() int {
	if p.at != atArgs {
		return 0
	}
	if p.bulk < 0 {
		return p.pos + p.left*smallestArg
	}
	return p.pos + p.bulk + len("\r\n") + (p.left-1)*smallestArg
}

// Next cuts one command from buf, which starts at the first byte not yet
// consumed and may have moved since the last call. It returns n > 0 for the n
// bytes it consumed, where c.Args may be empty (an empty line, *0) and the
// caller skips the command; or 0 and no error if the command is not all there;
// or a *ProtocolError.
func (p *Parser) Next(buf []byte, lim Limits, c *Command) (n int, err error) {
	if p.at == atStart {
		if len(buf) == 0 {
			c.Args = c.Args[:0]
			return 0, nil
		}
		if buf[0] == '*' {
			if n = c.cut(buf, &lim); n > 0 {
				return n, nil
			}
			p.at, p.scan = atCount, 1
		} else {
			p.at = atInline
		}
	}
	c.Args = c.Args[:0]
	if p.at == atInline {
		return p.inline(buf, &lim, c)
	}
	if p.at == atCount {
		if n, err = p.count(buf, &lim); n > 0 || err != nil || p.at == atCount {
			return n, err
		}
	}
	complete, err := p.arguments(buf, &lim)
	if !complete || err != nil {
		return 0, err
	}
	p.Reset()
	return c.cut(buf, &lim), nil
}

// cut is the fast path: it takes a command that is all there and in order, and
// returns 0 for anything else without saying what is wrong with it.
func (c *Command) cut(buf []byte, lim *Limits) int {
	args := c.Args[:0]
	n, i := shortLength(buf, 1)
	if i == 0 || n == 0 || n > lim.MaxArgs {
		return 0
	}
	for ; n > 0; n-- {
		if uint(i) >= uint(len(buf)) || buf[i] != '$' {
			c.Args = args
			return 0
		}
		size, at := shortLength(buf, i+1)
		if at == 0 || int64(size) > lim.MaxBulk || len(buf)-at < size+2 {
			c.Args = args
			return 0
		}
		end := at + size
		if tail := buf[end : end+2]; tail[0] != '\r' || tail[1] != '\n' {
			c.Args = args
			return 0
		}
		args = append(args, buf[at:end:end])
		i = end + 2
	}
	c.Args = args
	return i
}

// shortLength reads a canonical non-negative decimal and its CR LF at i and
// returns the place behind them, or 0 for anything else.
func shortLength(buf []byte, i int) (n, next int) {
	if uint(i+2) < uint(len(buf)) {
		if d := buf[i] - '0'; d <= 9 && buf[i+1] == '\r' && buf[i+2] == '\n' {
			return int(d), i + 3
		}
	}
	if uint(i+3) < uint(len(buf)) && buf[i] != '0' {
		if d, e := buf[i]-'0', buf[i+1]-'0'; d <= 9 && e <= 9 && buf[i+2] == '\r' && buf[i+3] == '\n' {
			return int(d)*10 + int(e), i + 4
		}
	}
	return longLength(buf, i)
}

// maxDigits keeps a length below 10^18, where no sum of it overflows.
const maxDigits = 18

func longLength(buf []byte, i int) (n, next int) {
	start := i
	for ; i < len(buf) && i-start <= maxDigits; i++ {
		d := buf[i] - '0'
		if d > 9 {
			break
		}
		n = n*10 + int(d)
	}
	digits := i - start
	if digits == 0 || digits > maxDigits || digits > 1 && buf[start] == '0' ||
		i+1 >= len(buf) || buf[i] != '\r' || buf[i+1] != '\n' || n > math.MaxInt/2 {
		return 0, 0
	}
	return n, i + 2
}

// shortestLimit is the least that MaxInline means for a header line: any number
// fits, so the fast path need not look at the limit.
const shortestLimit = 32

// line finds the end of the header line at p.pos. cr is the place of its CR, or
// -1 if more input is needed. tooBig and broken are the refusals of a line that
// does not end in time, and of one whose CR has no LF.
func (p *Parser) line(buf []byte, lim *Limits, tooBig, broken string) (cr int, err error) {
	most := max(lim.MaxInline, shortestLimit)
	rest := buf[p.pos:]
	if len(rest) > most {
		rest = rest[:most+1]
	}
	from := min(p.scan-p.pos, len(rest))
	i := bytes.IndexByte(rest[from:], '\r')
	if i < 0 {
		p.scan = p.pos + len(rest)
		if len(rest) > most {
			return -1, refuse(tooBig)
		}
		return -1, nil
	}
	cr = p.pos + from + i
	p.scan = cr
	if cr+1 >= len(buf) {
		return -1, nil
	}
	if buf[cr+1] != '\n' {
		return -1, refuse(broken)
	}
	return cr, nil
}

// count reads the line that says how many arguments follow. n > 0 for a command
// that ends with it, having none.
func (p *Parser) count(buf []byte, lim *Limits) (n int, err error) {
	cr, err := p.line(buf, lim, "too big mbulk count string", "invalid multibulk length")
	if cr < 0 {
		return 0, err
	}
	args, ok := parseInt(buf[1:cr])
	switch {
	case !ok || args > math.MaxInt32:
		return 0, refuse("invalid multibulk length")
	case args > int64(lim.MaxArgs):
		if lim.Unauthenticated && args <= DefaultMaxArgs {
			return 0, refuse("unauthenticated multibulk length")
		}
		return 0, refuse("invalid multibulk length")
	case args <= 0:
		p.Reset()
		return cr + 2, nil
	}
	p.at, p.pos, p.scan, p.left, p.bulk = atArgs, cr+2, cr+2, int(args), -1
	return 0, nil
}

// arguments walks over the arguments that are there.
func (p *Parser) arguments(buf []byte, lim *Limits) (complete bool, err error) {
	for ; p.left > 0; p.left-- {
		if p.bulk < 0 {
			if err := p.header(buf, lim); p.bulk < 0 {
				return false, err
			}
		}
		end := p.pos + p.bulk
		if len(buf) < end+2 {
			return false, nil
		}
		if buf[end] != '\r' || buf[end+1] != '\n' {
			return false, refuse("invalid bulk length")
		}
		p.pos, p.scan, p.bulk = end+2, end+2, -1
	}
	return true, nil
}

// header reads the length of the argument at p.pos into p.bulk, which stays -1
// if more input is needed.
func (p *Parser) header(buf []byte, lim *Limits) error {
	if p.pos >= len(buf) {
		return nil
	}
	if c := buf[p.pos]; c != '$' {
		return refuse("expected '$', got '" + string([]byte{c}) + "'")
	}
	if n, next := shortLength(buf, p.pos+1); next > 0 && int64(n) <= lim.MaxBulk {
		p.pos, p.bulk = next, n
		return nil
	}
	cr, err := p.line(buf, lim, "too big bulk count string", "invalid bulk length")
	if cr < 0 {
		return err
	}
	n, ok := parseInt(buf[p.pos+1 : cr])
	switch {
	case !ok || n < 0 || n > math.MaxInt/2:
		return refuse("invalid bulk length")
	case n > lim.MaxBulk:
		if lim.Unauthenticated && n <= DefaultMaxBulk {
			return refuse("unauthenticated bulk length")
		}
		return refuse("invalid bulk length")
	}
	p.pos, p.bulk = cr+2, int(n)
	return nil
}

// parseInt reads a canonical decimal: no plus, no leading zero, no blank, no
// negative zero, within 64 bits.
func parseInt(b []byte) (int64, bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 19 || b[0] == '0' && (neg || len(b) > 1) {
		return 0, false
	}
	var n uint64 // 19 digits fit
	for _, c := range b {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + uint64(d)
	}
	if neg {
		return -int64(n), n <= 1<<63
	}
	return int64(n), n <= math.MaxInt64
}
