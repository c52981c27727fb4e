package resp

import "bytes"

// inline takes a command typed as a line, as telnet and health checks send it.
func (p *Parser) inline(buf []byte, lim *Limits, c *Command) (n int, err error) {
	rest := buf
	if len(rest) > lim.MaxInline {
		rest = rest[:lim.MaxInline+1]
	}
	from := min(p.scan, len(rest))
	i := bytes.IndexByte(rest[from:], '\n')
	if i < 0 {
		p.scan = len(rest)
		if len(rest) > lim.MaxInline {
			return 0, refuse("too big inline request")
		}
		return 0, nil
	}
	end := from + i
	line := buf[:end]
	if end > 0 && line[end-1] == '\r' {
		line = line[:end-1]
	}
	args, ok := splitLine(c.Args[:0], line)
	if !ok {
		p.scan = end // the same input is refused again
		return 0, refuse("unbalanced quotes in request")
	}
	c.Args = args
	p.Reset()
	return end + 1, nil
}

// splitLine splits a line as a Redis command line is split: at blanks, with
// "double quotes" that know escapes and 'single quotes' that know only \'. A
// closing quote must end its argument. A NUL is a byte like any other.
func splitLine(args [][]byte, line []byte) ([][]byte, bool) {
	for i := 0; ; {
		for i < len(line) && isBlank(line[i]) {
			i++
		}
		if i == len(line) {
			return args, true
		}
		end := i
		for end < len(line) && !endsWord(line[end]) && line[end] != '"' && line[end] != '\'' {
			end++
		}
		if end == len(line) || endsWord(line[end]) {
			args = append(args, line[i:end:end])
			i = end
			continue
		}
		arg, next, ok := quoted(line, i)
		if !ok {
			return args, false
		}
		args = append(args, arg)
		i = next
	}
}

// quoted reads the argument at i, which has a quote in it. It takes memory of
// its own for it: rewriting the input in place would change what a second look
// at the same bytes sees, and only people type quotes.
func quoted(line []byte, i int) (arg []byte, next int, ok bool) {
	arg = make([]byte, 0, len(line)-i)
	for i < len(line) {
		c := line[i]
		switch {
		case endsWord(c):
			return arg, i, true
		case c == '"' || c == '\'':
			if c == '"' {
				arg, i, ok = doubleQuoted(arg, line, i+1)
			} else {
				arg, i, ok = singleQuoted(arg, line, i+1)
			}
			return arg, i, ok && (i == len(line) || isBlank(line[i]))
		}
		arg = append(arg, c)
		i++
	}
	return arg, i, true
}

// doubleQuoted reads up to the closing quote and returns the place behind it.
func doubleQuoted(arg, line []byte, i int) ([]byte, int, bool) {
	for i < len(line) {
		c := line[i]
		if c == '"' {
			return arg, i + 1, true
		}
		if c != '\\' || i+1 == len(line) {
			arg = append(arg, c)
			i++
			continue
		}
		if i+3 < len(line) && line[i+1] == 'x' {
			hi, ok1 := hexDigit(line[i+2])
			lo, ok2 := hexDigit(line[i+3])
			if ok1 && ok2 {
				arg = append(arg, hi<<4|lo)
				i += 4
				continue
			}
		}
		arg = append(arg, unescape(line[i+1]))
		i += 2
	}
	return arg, i, false
}

// singleQuoted reads up to the closing quote and returns the place behind it.
func singleQuoted(arg, line []byte, i int) ([]byte, int, bool) {
	for i < len(line) {
		c := line[i]
		if c == '\'' {
			return arg, i + 1, true
		}
		if c == '\\' && i+1 < len(line) && line[i+1] == '\'' {
			c = '\''
			i++
		}
		arg = append(arg, c)
		i++
	}
	return arg, i, false
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'a':
		return '\a'
	}
	return c
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// isBlank tells what may stand between arguments: C's isspace.
func isBlank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// endsWord tells what ends an argument outside quotes. As in Redis, vertical
// tab and form feed separate arguments but do not end one.
func endsWord(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }
