// Package script reads and prints the scripts in engine/command/testdata: plain
// text with one command a line and, one a line, the reply to each. Anything
// that answers commands can replay them; the expectations were written by a
// Redis server, so whoever agrees with them agrees with Redis.
//
// A block looks like this, in the form of github.com/cockroachdb/datadriven:
//
//	run proto=3
//	HSET h f v
//	HGETALL h
//	----
//	:1
//	{"f": "v"}
//
// The directive's arguments: proto=3 for RESP3; sort, or sort=pairs, when the
// order of an array's strings means nothing. A file begins with empty
// databases and database 0 selected; its blocks follow on one another.
package script

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"holdfast/engine/resp"
)

// Options are a block's.
type Options struct {
	Sort bool // the order of strings in an array means nothing
	Pair bool // they come in pairs
}

// Run sends every line of input to do, which returns the reply's bytes, and
// prints the replies, one a line. Lines that begin with # are comments.
func Run(input string, o Options, do func(args []string) ([]byte, error)) (string, error) {
	var out strings.Builder
	for line := range strings.Lines(input) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		args, err := Split(line)
		if err != nil {
			return "", err
		}
		reply, err := do(args)
		if err != nil {
			return "", err
		}
		v, n, err := resp.Decode(reply)
		if err != nil || n != len(reply) {
			return "", errors.New("not one whole reply to " + line + ": " + strconv.Quote(string(reply)))
		}
		if o.Sort {
			order(&v, o.Pair)
		}
		out.WriteString(Format(v))
		out.WriteByte('\n')
	}
	return out.String(), nil
}

// order sorts the strings of every array and set in v that holds nothing else.
func order(v *resp.Value, pairs bool) {
	step := 1
	if pairs && v.Kind != '%' || v.Kind == '%' {
		step = 2
	}
	only := true
	for i := range v.Elems {
		order(&v.Elems[i], pairs)
		k := v.Elems[i].Kind
		only = only && (k == '$' || k == '+')
	}
	if !only || len(v.Elems)%step != 0 {
		return
	}
	groups := slices.Collect(slices.Chunk(slices.Clone(v.Elems), step))
	slices.SortStableFunc(groups, func(a, b []resp.Value) int {
		return strings.Compare(string(a[0].Str), string(b[0].Str))
	})
	v.Elems = slices.Concat(groups...)
}

// Format prints a reply on one line, types told apart.
func Format(v resp.Value) string {
	if v.Null {
		if v.Kind == '*' {
			return "nil array"
		}
		return "nil"
	}
	switch v.Kind {
	case '+', '-', ',', '(':
		return string(v.Kind) + string(v.Str)
	case ':':
		return ":" + strconv.FormatInt(v.Int, 10)
	case '#':
		return "#" + strconv.FormatBool(v.Int != 0)
	case '$':
		return strconv.Quote(string(v.Str))
	case '%':
		return formatMap(v.Elems)
	case '*', '~', '>':
		parts := make([]string, len(v.Elems))
		for i, e := range v.Elems {
			parts[i] = Format(e)
		}
		kind := ""
		if v.Kind != '*' {
			kind = string(v.Kind)
		}
		return kind + "[" + strings.Join(parts, " ") + "]"
	}
	return string(v.Kind) + strconv.Quote(string(v.Str))
}

func formatMap(elems []resp.Value) string {
	var parts []string
	for i := 0; i+1 < len(elems); i += 2 {
		parts = append(parts, Format(elems[i])+": "+Format(elems[i+1]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// Split cuts a line into words. A word in double quotes is a Go string.
func Split(line string) (args []string, err error) {
	for line = strings.TrimLeft(line, " "); line != ""; line = strings.TrimLeft(line, " ") {
		if line[0] != '"' {
			word, rest, _ := strings.Cut(line, " ")
			args, line = append(args, word), rest
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return nil, err
		}
		word, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, err
		}
		args, line = append(args, word), line[len(quoted):]
	}
	return args, nil
}

// Quote writes a word as Split reads it.
func Quote(word string) string { return strconv.Quote(word) }
