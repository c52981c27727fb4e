package meta

import (
	"fmt"
	"strconv"
	"strings"

	"holdfast/sim/tape"
)

// Step is one pipeline of one client, and how far the clock moves before it.
type Step struct {
	Client   int
	Gap      int64 // us
	Rest     bool  // everybody leaves and comes back first
	Commands [][][]byte
}

// Shape is how much a script holds.
type Shape struct {
	Clients int
	Steps   int   // of each client
	Each    []int // of each client, if they differ
	Keys    int   // of each kind
}

func (s *Shape) steps(c int) int {
	if s.Each == nil {
		return s.Steps
	}
	return s.Each[c]
}

// The sites of what clients do, labelled with the client and its step, so that
// leaving one out moves no other.
var (
	siteNext  = tape.NewSite("client #/command #/who is next", tape.Free)
	siteGap   = tape.NewSite("client #/command #/time passes", tape.Free)
	siteRest  = tape.NewSite("client #/command #/rest", tape.Free)
	siteDepth = tape.NewSite("client #/command #/depth", tape.Free)
	siteWhat  = tape.NewSite("client #/command #/template", tape.Free)
	siteBlock = tape.NewSite("script/clients block", tape.Free)
	siteWord  = tape.NewSite("client #/command #/word", tape.Free)
)

// gaps are by how much the clock moves between steps, in microseconds.
var gaps = [...]int64{1000, 0, 1000, 3000, 11_000, 80_000, 700_000, 5_000_000}

// restTime is how long everybody stays away: longer than a lease.
const restTime = 2_500_000

// Draw makes a script.
func Draw(t *tape.Tape, sh Shape) []Step {
	d := drawer{t: t, keys: sh.Keys, blocks: t.Chance(siteBlock.Label())}
	n := make([]int, sh.Clients)
	var steps []Step
	for c := 0; ; {
		left := -1
		for i := range sh.Clients {
			if k := (c + i) % sh.Clients; n[k] < sh.steps(k) {
				left = k
				break
			}
		}
		if left < 0 {
			return steps
		}
		d.client, d.step = left, n[left]
		steps = append(steps, d.draw())
		n[left]++
		c = left + 1 + t.Choose(siteNext.At2(left, d.step), sh.Clients)
	}
}

type drawer struct {
	t            *tape.Tape
	client, step int
	keys         int
	blocks       bool  // clients may block, and no list appears that may be cold
	now          int64 // ms since the script began
}

func (d *drawer) choose(s tape.Site, n int) int { return d.t.Choose(s.At2(d.client, d.step), n) }

func (d *drawer) draw() Step {
	s := Step{Client: d.client, Gap: gaps[d.choose(siteGap, len(gaps))], Rest: d.choose(siteRest, 24) == 1}
	if s.Rest {
		s.Gap += restTime
	}
	d.now += s.Gap / 1000
	depth := 1 + d.choose(siteDepth, 4)
	if d.choose(siteDepth, 5) == 4 {
		s.add("MULTI")
		for range depth {
			d.command(&s)
		}
		s.add("EXEC")
		return s
	}
	for range depth {
		if d.command(&s); blocks(string(s.Commands[len(s.Commands)-1][0])) {
			break
		}
	}
	return s
}

func blocks(command string) bool { return command[0] == 'B' && command[1] != 'I' }

// moves says which commands give a key elements that may be on disk: whoever is
// blocked for it is then served later than if they were in memory.
func moves(command string) bool {
	switch command {
	case "RENAME", "RENAMENX", "COPY", "MOVE", "SWAPDB":
		return true
	}
	return false
}

func (s *Step) add(words ...string) {
	args := make([][]byte, len(words))
	for i, w := range words {
		args[i] = []byte(w)
	}
	s.Commands = append(s.Commands, args)
}

func (d *drawer) command(s *Step) {
	tmpl := templates[d.choose(siteWhat, len(templates))]
	if d.blocks && moves(tmpl[0]) || !d.blocks && blocks(tmpl[0]) {
		tmpl = templates[0]
	}
	words := make([]string, len(tmpl))
	for i, w := range tmpl {
		words[i] = w
		if at := strings.IndexByte(w, '$'); at >= 0 && at+1 < len(w) {
			words[i] = w[:at] + d.word(w[at+1])
		}
	}
	s.add(words...)
}

func (d *drawer) word(kind byte) string {
	num := func(n int) string { return strconv.Itoa(n) }
	switch kind {
	case 's', 'c', 'h', 'l':
		return d.key(kind)
	case 'k':
		return d.key("scshl"[d.choose(siteWord, 5)])
	case 'v':
		return d.value()
	case 'n':
		return [...]string{"7", "0", "-3", "42", "9223372036854775800", "007", "100000", "12x"}[d.choose(siteWord, 8)]
	case 'r':
		return [...]string{"0.1", "-2.5", "1e3", "3.0e-5", "1e300", "10", "nan"}[d.choose(siteWord, 7)]
	case 'f':
		return [...]string{"a", "b", "c", "d", "n", "a-field-with-a-longer-name"}[d.choose(siteWord, 6)]
	case 'i':
		return num([...]int{0, 1, -1, 2, -2, 5, -100}[d.choose(siteWord, 7)])
	case 'o':
		return num([...]int{0, 1, 3, 7, 8, 30, 100, 400}[d.choose(siteWord, 8)])
	case 'b':
		return num(d.choose(siteWord, 2))
	case 'd':
		return num(d.choose(siteWord, 3))
	case 'w':
		return [...]string{"0", "0.002", "0.05", "1"}[d.choose(siteWord, 4)]
	case 't':
		return num(d.millis())
	case 'T':
		return num(1 + d.millis()/1000)
	case 'a':
		return num(int(startMS+d.now) + d.millis())
	case 'A':
		return num((int(startMS+d.now) + 1000 + d.millis()) / 1000)
	}
	panic(fmt.Sprintf("no such word: $%c", kind))
}

func (d *drawer) millis() int {
	return [...]int{100_000, 1, 2, 4, 12, 90, 800, 6000}[d.choose(siteWord, 8)]
}

// key draws a key of a kind; some have long names.
func (d *drawer) key(kind byte) string {
	n := d.choose(siteWord, d.keys)
	if n%3 == 2 {
		return fmt.Sprintf("%c:%d:a-key-whose-name-does-not-fit-next-to-its-entry", kind, n)
	}
	return fmt.Sprintf("%c%d", kind, n)
}

// value draws a value of a length near where an encoding changes.
func (d *drawer) value() string {
	n := [...]int{20, 0, 1, 5, 44, 45, 64, 130, 700, 3000}[d.choose(siteWord, 10)]
	head := fmt.Sprintf("%d.%d.", d.client, d.step)
	return (head + strings.Repeat("v", n))[:n]
}
