package command

import (
	"holdfast/engine/obj"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
)

// option is a set of the options of SET and GETEX.
type option uint16

const (
	optNX option = 1 << iota
	optXX
	optGet
	optKeepTTL
	optPersist
	optEX
	optPX
	optEXAT
	optPXAT

	optSeconds  = optEX | optEXAT
	optRelative = optEX | optPX
	optExpire   = optEX | optPX | optEXAT | optPXAT
)

// setOptions and getexOptions list what each command knows, and with which
// others each option may not stand. An option may be repeated: the last wins.
var (
	setOptions = []optionRule{
		{"nx", optNX, optXX}, {"xx", optXX, optNX}, {"get", optGet, 0},
		{"keepttl", optKeepTTL, optExpire},
		{"ex", optEX, optKeepTTL | optExpire&^optEX}, {"px", optPX, optKeepTTL | optExpire&^optPX},
		{"exat", optEXAT, optKeepTTL | optExpire&^optEXAT}, {"pxat", optPXAT, optKeepTTL | optExpire&^optPXAT},
	}
	getexOptions = []optionRule{
		{"persist", optPersist, optExpire},
		{"ex", optEX, optPersist | optExpire&^optEX}, {"px", optPX, optPersist | optExpire&^optPX},
		{"exat", optEXAT, optPersist | optExpire&^optEXAT}, {"pxat", optPXAT, optPersist | optExpire&^optPXAT},
	}
)

type optionRule struct {
	name    string
	bit     option
	exclude option
}

// parseOptions reads options from the arguments; when is the operand of the
// one that sets a deadline. It fails on a syntax error.
func parseOptions(rules []optionRule, a Args) (opts option, when []byte, good bool) {
	for i := 0; i < len(a); i++ {
		r := findOption(rules, a[i])
		if r == nil || opts&r.exclude != 0 {
			return 0, nil, false
		}
		if r.bit&optExpire != 0 {
			if i++; i == len(a) {
				return 0, nil, false
			}
			when = a[i]
		}
		opts |= r.bit
	}
	return opts, when, true
}

func findOption(rules []optionRule, arg []byte) *optionRule {
	for i := range rules {
		if is(arg, rules[i].name) {
			return &rules[i]
		}
	}
	return nil
}

func invalidExpire(name string) string { return "ERR invalid expire time in '" + name + "' command" }

// deadline turns the operand of EX, PX, EXAT or PXAT into a deadline. The
// command's name is for the error.
func deadline(t *tx.Tx, opts option, when []byte, name string) (unit.Deadline, string) {
	n, good := obj.ParseInt(when)
	if !good {
		return 0, errNotInt
	}
	if n <= 0 {
		return 0, invalidExpire(name)
	}
	if opts&optSeconds != 0 {
		if n > maxInt/secondsPerMS {
			return 0, invalidExpire(name)
		}
		n *= secondsPerMS
	}
	if opts&optRelative != 0 {
		if n, good = add(n, t.NowMS()); !good {
			return 0, invalidExpire(name)
		}
	}
	return unit.Deadline(n), ""
}
