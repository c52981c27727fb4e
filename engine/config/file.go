package config

import (
	"errors"
	"fmt"
	"strings"
)

// Line is one directive of a configuration file.
type Line struct {
	Number int // from 1
	Name   string
	Args   []string
}

// Parse cuts a file in redis.conf's syntax into directives: one a line, words
// apart by blanks, # begins a comment line, quotes as SplitArgs has them.
func Parse(file string) ([]Line, error) {
	var out []Line
	for i, line := range strings.Split(file, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		words, err := SplitArgs(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w: %s", i+1, err, line)
		}
		if len(words) == 0 {
			continue
		}
		out = append(out, Line{i + 1, words[0], words[1:]})
	}
	return out, nil
}

// Apply sets one directive on c.
func (c *Config) Apply(name string, args []string) error {
	known, many, _ := Known(name)
	if !known {
		return &Error{Name: name, Unknown: true}
	}
	if len(args) == 0 || len(args) > 1 && !many {
		return &Error{Name: name, Value: strings.Join(args, " "), Reason: "wrong number of arguments"}
	}
	return c.Set(name, strings.Join(args, " "))
}

var errQuotes = errors.New("unbalanced quotes")

// SplitArgs cuts a line into words. A word in double quotes may hold \n \r \t
// \b \a, \xHH and any other character after a backslash as itself; in single
// quotes only \' is special. A closing quote ends its word.
func SplitArgs(line string) ([]string, error) {
	var out []string
	for i := 0; ; {
		for i < len(line) && isBlank(line[i]) {
			i++
		}
		if i == len(line) {
			return out, nil
		}
		var word []byte
		var err error
		for i < len(line) && !isBlank(line[i]) {
			if line[i] != '"' && line[i] != '\'' {
				word = append(word, line[i])
				i++
				continue
			}
			if word, i, err = quoted(word, line, i); err != nil {
				return nil, err
			}
			if i < len(line) && !isBlank(line[i]) {
				return nil, errQuotes
			}
		}
		out = append(out, string(word))
	}
}

func isBlank(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' || b == 0 }

// quoted appends what stands between the quote at line[i] and its partner, and
// returns the index behind that.
func quoted(word []byte, line string, i int) ([]byte, int, error) {
	quote := line[i]
	for i++; i < len(line); i++ {
		b := line[i]
		switch {
		case b == quote:
			return word, i + 1, nil
		case b == '\\' && quote == '\'' && i+1 < len(line) && line[i+1] == '\'':
			i++
			word = append(word, '\'')
		case b == '\\' && quote == '"' && i+1 < len(line):
			i++
			if line[i] == 'x' && i+2 < len(line) && hex(line[i+1]) >= 0 && hex(line[i+2]) >= 0 {
				word = append(word, byte(hex(line[i+1])<<4|hex(line[i+2])))
				i += 2
				continue
			}
			word = append(word, unescape(line[i]))
		default:
			word = append(word, b)
		}
	}
	return nil, i, errQuotes
}

func unescape(b byte) byte {
	switch b {
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
	return b
}

func hex(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'a' && b <= 'f':
		return int(b-'a') + 10
	case b >= 'A' && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}
