package config

import (
	"path"
	"slices"
	"strings"
)

// Error says why a parameter was not set. Its text is for a person who starts
// a server; Reply is for a client of CONFIG SET.
type Error struct {
	Name, Value string
	Unknown     bool   // there is no such parameter
	Reason      string // else, in Redis's words
}

// Error names the parameter and what is wrong with it, in one line.
func (e *Error) Error() string {
	if e.Unknown {
		return "unknown parameter '" + e.Name + "'"
	}
	if e.Value == "" {
		return "bad value for '" + e.Name + "': " + e.Reason
	}
	return "bad value '" + e.Value + "' for '" + e.Name + "': " + e.Reason
}

// Reply is the error reply of CONFIG SET, as Redis 7 words it.
func (e *Error) Reply() string {
	if e.Unknown {
		return "ERR Unknown option or number of arguments for CONFIG SET - '" + e.Name + "'"
	}
	return "ERR CONFIG SET failed (possibly related to argument '" + e.Name + "') - " + e.Reason
}

// Set sets a parameter from a flag or a line of the configuration file; the
// words of a line are joined by one space. The error is an *Error.
func (c *Config) Set(name, value string) error {
	return c.assign(name, value, false)
}

// SetRuntime sets one parameter as CONFIG SET does: those fixed at start are
// refused. The error is an *Error, whose Reply the client gets.
func (c *Config) SetRuntime(name, value string) error {
	return c.assign(name, value, true)
}

// SetAll is CONFIG SET with its names and values in turn: all are set, or none
// and an *Error says why. An odd number of words is the caller's to refuse.
func (c *Config) SetAll(pairs ...string) error {
	seen := make([]*param, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		p, ok := find(pairs[i])
		if !ok {
			return &Error{Name: pairs[i], Unknown: true}
		}
		if slices.Contains(seen, p) {
			return &Error{Name: pairs[i], Reason: "duplicate parameter"}
		}
		seen = append(seen, p)
	}
	// Setters replace what they point to, so a shallow copy undoes them all.
	before := *c
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := c.SetRuntime(pairs[i], pairs[i+1]); err != nil {
			*c = before
			return err
		}
	}
	return nil
}

func (c *Config) assign(name, value string, running bool) error {
	p, ok := find(name)
	if !ok || running && p.directive {
		return &Error{Name: name, Value: value, Unknown: true}
	}
	e := &Error{Name: name, Value: value}
	if running && p.fixed {
		e.Reason = "can't set immutable config"
		return e
	}
	// No text of ours spans lines, and one that did could forge a log line.
	if strings.ContainsAny(value, "\x00\r\n") {
		e.Value, e.Reason = "", "argument must not hold a line break or a zero byte"
		return e
	}
	if e.Reason = p.set(c, value); e.Reason != "" {
		return e
	}
	return nil
}

// Known reports whether a parameter has this name, whether it takes several
// words, and whether it is accepted only for the sake of existing files.
func Known(name string) (known, many, inert bool) {
	p, ok := find(name)
	if !ok {
		return false, false, false
	}
	return true, p.many, p.inert
}

// Switch reports whether a parameter is a yes or no, which a flag may name
// without a value to say yes.
func Switch(name string) bool {
	p, ok := find(name)
	if !ok {
		return false
	}
	v := p.get(Default())
	return !p.many && (v == "yes" || v == "no") && p.set(Default(), "true") == ""
}

// Get returns the parameters that any of the patterns names, as CONFIG GET
// does: sorted, none twice. A pattern without wildcards finds aliases too and
// is answered under the name that was asked.
func (c *Config) Get(patterns ...string) []Setting {
	var out []Setting
	for _, pattern := range patterns {
		if !strings.ContainsAny(pattern, "*?[") {
			if p, ok := find(pattern); ok && !p.directive {
				out = append(out, Setting{pattern, p.get(c)})
			}
			continue
		}
		glob := plain(pattern)
		for i := range table {
			// A malformed pattern matches nothing, which is an answer.
			if ok, err := path.Match(glob, plain(table[i].name)); ok && err == nil && !table[i].directive {
				out = append(out, Setting{table[i].name, table[i].get(c)})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Setting) int { return strings.Compare(plain(a.Name), plain(b.Name)) })
	return slices.CompactFunc(out, func(a, b Setting) bool { return plain(a.Name) == plain(b.Name) })
}

// Effective returns the parameters that change what a server does.
func (c *Config) Effective() []Setting {
	var out []Setting
	for i := range table {
		if p := &table[i]; !p.inert && !p.neutral {
			out = append(out, Setting{p.name, p.get(c)})
		}
	}
	return out
}

// Names returns the parameters' names, sorted, aliases not among them.
func Names() []string {
	out := make([]string, 0, len(table))
	for i := range table {
		out = append(out, table[i].name)
	}
	return out
}
