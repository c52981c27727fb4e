package tape

import "fmt"

// Odometer enumerates every combination of outcomes in a scope, by re-running
// from the start: run with Tape.Enumerate(o), then Next, until Next says no.
//
//	for o := tape.NewOdometer(scope); ; {
//		t.Enumerate(o, base)
//		run()
//		if !o.Next() { break }
//	}
type Odometer struct {
	scope func(l Label, occurrence uint32, n int) []int
	digit []digit
	at    int
}

type digit struct{ value, n uint32 }

// NewOdometer returns an odometer over the choices for which scope returns more
// than one outcome to try. One outcome is what comes out; where scope returns
// none, it is what the base says.
func NewOdometer(scope func(l Label, occurrence uint32, n int) []int) *Odometer {
	return &Odometer{scope: scope}
}

// Upto lists the first k of a choice's n outcomes, for a scope.
func Upto(k, n int) []int {
	out := make([]int, min(k, n))
	for i := range out {
		out[i] = i
	}
	return out
}

func (o *Odometer) rewind() { o.at = 0 }

// draw returns the outcome of the current combination; ok is false when the
// choice is not in scope.
func (o *Odometer) draw(l Label, occ uint32, n int) (v int, ok bool) {
	menu := o.scope(l, occ, n)
	if len(menu) == 0 {
		return 0, false
	}
	if len(menu) == 1 {
		return menu[0], true
	}
	if o.at == len(o.digit) {
		o.digit = append(o.digit, digit{0, uint32(len(menu))})
	}
	d := o.digit[o.at]
	if d.n != uint32(len(menu)) {
		panic(fmt.Sprintf("tape: choice %d at %v had %d outcomes in the run before and has %d now: the run is not deterministic",
			o.at, l, d.n, len(menu)))
	}
	o.at++
	return menu[d.value], true
}

// Depth returns how many choices in scope the current run has made.
func (o *Odometer) Depth() int { return o.at }

// Place returns which of its outcomes, counted from 0, the last choice in scope
// came to; -1 if there was none.
func (o *Odometer) Place() int {
	if o.at == 0 {
		return -1
	}
	return int(o.digit[o.at-1].value)
}

// Changed returns how many choices the current run repeats before the first
// that comes out otherwise than in the run before it.
func (o *Odometer) Changed() int { return max(len(o.digit)-1, 0) }

// Next moves to the next combination; false means all have been visited.
func (o *Odometer) Next() bool {
	o.digit = o.digit[:o.at] // a shorter run: digits beyond its end are stale
	for i := len(o.digit) - 1; i >= 0; i-- {
		if d := &o.digit[i]; d.value+1 < d.n {
			d.value++
			o.digit = o.digit[:i+1]
			return true
		}
	}
	return false
}
