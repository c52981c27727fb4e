// Package linear checks what clients saw against nothing but itself: the
// history of a run, each command with the instants at which its client sent it
// and had its reply, must have an order that a single copy of the data explains
// (strict serialisability, key by key). It hears nothing from the engine.
//
// A command whose connection broke before its reply may have run at any later
// time, or never: it is kept open to the end of time, where "at the very end"
// is as good as never. A read without a reply says nothing and is left out; so
// is a command that was refused, which must have changed nothing.
//
// The search is exponential, so histories are of a kind of their own: few
// clients, short pipelines, commands on single keys without deadlines, at most
// maxOps of them on a key.
package linear

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/anishathalye/porcupine"
)

const (
	maxOps = 200
	// maxTime bounds the search; a history that takes longer is not judged.
	maxTime = 2 * time.Second
)

// Log is the history of one run. It is reused.
type Log struct {
	ops []op
}

type op struct {
	client int
	args   [][]byte
	call   int64
	ret    int64
	reply  []byte
	done   bool
}

// Reset begins a history.
func (l *Log) Reset() { l.ops = l.ops[:0] }

// Call notes a command that is being sent, and returns its number.
func (l *Log) Call(client int, args [][]byte, now int64) int {
	kept := make([][]byte, len(args))
	for i, a := range args {
		kept[i] = bytes.Clone(a)
	}
	l.ops = append(l.ops, op{client: client, args: kept, call: now})
	return len(l.ops) - 1
}

// Return notes a command's reply.
func (l *Log) Return(id int, reply []byte, now int64) {
	o := &l.ops[id]
	o.ret, o.reply, o.done = now, bytes.Clone(reply), true
}

// Verdict is what Check says.
type Verdict struct {
	Judged int // commands on keys that were judged
	Wrong  bool
	Key    string
	Story  []string
}

// Check looks for an order that explains the history.
func (l *Log) Check() (v Verdict) {
	byKey := map[string][]porcupine.Operation{}
	var keys []string
	for i := range l.ops {
		o := &l.ops[i]
		in := newInput(o.args)
		if in == nil || o.done && len(o.reply) > 0 && o.reply[0] == '-' || !o.done && in.reads() {
			continue
		}
		p := porcupine.Operation{ClientId: o.client, Input: in, Call: o.call, Return: math.MaxInt64}
		if o.done {
			p.Output, p.Return = string(o.reply), o.ret
		}
		if byKey[in.key] == nil {
			keys = append(keys, in.key)
		}
		byKey[in.key] = append(byKey[in.key], p)
	}
	slices.Sort(keys)
	for _, key := range keys {
		ops := byKey[key]
		if len(ops) > maxOps {
			continue
		}
		switch porcupine.CheckOperationsTimeout(model, ops, maxTime) {
		case porcupine.Ok:
			v.Judged += len(ops)
		case porcupine.Illegal:
			v.Wrong, v.Key = true, key
			v.Story = story(ops)
			return v
		}
	}
	return v
}

func story(ops []porcupine.Operation) (lines []string) {
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	for _, o := range ops {
		in := o.Input.(*input)
		what := "no reply"
		if s, ok := o.Output.(string); ok {
			what = strconv.Quote(s[:min(len(s), 60)])
		}
		lines = append(lines, "client "+strconv.Itoa(o.ClientId)+" from "+strconv.FormatInt(o.Call, 10)+": "+
			in.name+" "+in.key+" "+in.arg[:min(len(in.arg), 24)]+" -> "+what)
	}
	return lines
}

// input is a command on one key.
type input struct{ name, key, arg string }

// Commands are those that a history may hold, with one key each.
var Commands = []string{"GET", "SET", "INCRBY", "APPEND", "GETSET", "GETDEL", "DEL", "SETNX", "STRLEN"}

func newInput(args [][]byte) *input {
	if len(args) < 2 || !slices.Contains(Commands, string(args[0])) {
		return nil
	}
	in := &input{name: string(args[0]), key: string(args[1])}
	if len(args) > 2 {
		in.arg = string(args[2])
	}
	return in
}

func (in *input) reads() bool { return in.name == "GET" || in.name == "STRLEN" }

// The state of a key: "" absent, else "=" and the value.
var model = porcupine.Model{
	Init: func() any { return "" },
	Step: func(state, in, out any) (bool, any) {
		next, reply := in.(*input).step(state.(string))
		if got, ok := out.(string); ok && got != reply {
			return false, state
		}
		return true, next
	},
}

func bulk(state string) string {
	if state == "" {
		return "$-1\r\n"
	}
	v := state[1:]
	return "$" + strconv.Itoa(len(v)) + "\r\n" + v + "\r\n"
}

func number(n int) string { return ":" + strconv.Itoa(n) + "\r\n" }

// step is what the command does to a state, and answers.
func (in *input) step(state string) (next, reply string) {
	switch in.name {
	case "GET":
		return state, bulk(state)
	case "SET":
		return "=" + in.arg, "+OK\r\n"
	case "GETSET":
		return "=" + in.arg, bulk(state)
	case "GETDEL":
		return "", bulk(state)
	case "DEL":
		if state == "" {
			return "", number(0)
		}
		return "", number(1)
	case "SETNX":
		if state == "" {
			return "=" + in.arg, number(1)
		}
		return state, number(0)
	case "STRLEN":
		return state, number(max(len(state)-1, 0))
	case "APPEND":
		if state == "" {
			state = "="
		}
		return state + in.arg, number(len(state) - 1 + len(in.arg))
	}
	// INCRBY, on keys that nothing else sets.
	old := 0
	if state != "" {
		old, _ = strconv.Atoi(state[1:])
	}
	by, _ := strconv.Atoi(in.arg)
	return "=" + strconv.Itoa(old+by), number(old + by)
}
