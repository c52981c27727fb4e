//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"holdfast/engine/resp"
)

// batch is the requests of one pipeline, written once. Only the numbers in the
// keys are new each time it is sent.
type batch struct {
	text  []byte
	keys  []int // where the twelve digits of a key stand
	reply int   // bytes of the answers, 0 if that is not always the same
}

const keyDigits = 12

// batchesOf prepares what a point sends: some batches, taken in turn, so that
// all of them together have the mix that the command stands for.
func batchesOf(p point) []batch {
	forms := 1
	switch p.Command {
	case "LPUSH/RPOP":
		forms = 2
	case "90/10":
		forms = 10
	}
	out := make([]batch, forms)
	value := strings.Repeat("x", p.Value)
	for i := range out {
		b := &out[i]
		for j := range p.Pipeline {
			n := b.command(p, i*p.Pipeline+j, value)
			if b.reply += n; n == 0 {
				b.reply = -1 << 40
			}
		}
		b.reply = max(b.reply, 0)
	}
	return out
}

// command appends the n-th command of a point and returns the bytes of its
// reply, 0 where they vary.
func (b *batch) command(p point, n int, value string) int {
	bulk := len(fmt.Sprintf("$%d\r\n\r\n", p.Value)) + p.Value
	const ok = len("+OK\r\n")
	switch p.Command {
	case "GET":
		b.add("GET", keyName(0))
		return bulk
	case "SET":
		b.add("SET", keyName(0), value)
		return ok
	case "SET+TTL":
		b.add("SET", "ttl:"+zeros, value, "EX", "7200")
		return ok
	case "90/10":
		if n%10 == 9 {
			b.add("SET", keyName(0), value)
			return ok
		}
		b.add("GET", keyName(0))
		return bulk
	case "MGET16":
		args := []string{"MGET"}
		for range 16 {
			args = append(args, keyName(0))
		}
		b.add(args...)
		return len("*16\r\n") + 16*bulk
	case "EXEC4":
		b.add("MULTI")
		for range 4 {
			b.add("SET", keyName(0), value)
		}
		b.add("EXEC")
		return ok + 4*len("+QUEUED\r\n") + len("*4\r\n") + 4*ok
	case "INCR":
		b.add("INCR", "counter:"+zeros)
	case "HSET":
		b.add("HSET", "myhash", "element:"+zeros, value)
	case "HGET":
		b.add("HGET", "myhash", "element:"+zeros)
		return bulk
	case "LPUSH/RPOP":
		if n%2 == 0 {
			b.add("LPUSH", "mylist", value)
		} else {
			b.add("RPOP", "mylist")
		}
	}
	return 0
}

// answers is how many replies a command of a point has.
func (p point) answers() int {
	if p.Command == "EXEC4" {
		return 6
	}
	return 1
}

var zeros = strings.Repeat("0", keyDigits)

func keyName(i int) string { return fmt.Sprintf("key:%012d", i) }

func (b *batch) add(args ...string) {
	at := len(b.text)
	b.text = resp.AppendCommandStrings(b.text, args...)
	for {
		i := strings.Index(string(b.text[at:]), ":"+zeros)
		if i < 0 {
			return
		}
		b.keys = append(b.keys, at+i+1)
		at += i + 1 + keyDigits
	}
}

// digits are the numbers below 10,000, written out.
var digits = func() (d [10000][4]byte) {
	for i := range d {
		copy(d[i][:], fmt.Sprintf("%04d", i))
	}
	return d
}()

// draw gives every key of the batch a new number.
func (b *batch) draw(pick func() int) {
	for _, at := range b.keys {
		id := pick()
		k := b.text[at : at+keyDigits]
		*(*[4]byte)(k) = digits[id/100_000_000]
		*(*[4]byte)(k[4:]) = digits[id/10_000%10_000]
		*(*[4]byte)(k[8:]) = digits[id%10_000]
	}
}

var draws uint64 // sequences begun

// uniform draws from n keys, each time others: keys that a round has read are
// hotter than the rest.
func uniform(n int) func() int {
	draws++
	source := rand.NewPCG(1, draws)
	return func() int { return int((source.Uint64() >> 32) * uint64(n) >> 32) }
}

// inOrder counts.
func inOrder() func() int {
	next := -1
	return func() int { next++; return next }
}
