package command

import (
	"slices"
	"strings"
)

// The names are found through a small open-addressed table of a hash over the
// length and three letters, folded to lower case as it goes: no allocation and
// usually one comparison.
const indexSize = 1024

type nameIndex [indexSize]*Command

var (
	count  = numberAll(tables[:])
	byName = buildIndex(tables[:])
	sorted = sortTables(tables[:])
)

// tables are all groups, in the order in which COMMAND lists them.
var tables = [...][]Command{
	stringTable, bitmapTable, hashTable, listTable, listBlockTable, genericTable, expireTable,
	connectionTable, transactionTable, pubsubTable, serverTable, measureTable, adminTable,
}

// numberAll gives every command and subcommand its ID.
func numberAll(groups [][]Command) (n int) {
	var each func(all []Command)
	each = func(all []Command) {
		for i := range all {
			all[i].ID = n
			n++
			each(all[i].Subs)
		}
	}
	for _, g := range groups {
		each(g)
	}
	return n
}

// Count returns how many commands and subcommands there are.
func Count() int { return count }

// Each calls fn with every command, by name, a subcommand after its command.
func Each(fn func(c *Command)) {
	for _, c := range sorted {
		fn(c)
		for i := range c.Subs {
			fn(&c.Subs[i])
		}
	}
}

func buildIndex(groups [][]Command) *nameIndex {
	x := new(nameIndex)
	for _, g := range groups {
		for i := range g {
			slot := nameHash([]byte(g[i].Name))
			for x[slot] != nil {
				slot = (slot + 1) % indexSize
			}
			x[slot] = &g[i]
		}
	}
	return x
}

func sortTables(groups [][]Command) []*Command {
	var all []*Command
	for _, g := range groups {
		for i := range g {
			all = append(all, &g[i])
		}
	}
	slices.SortFunc(all, func(a, b *Command) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// nameHash mixes the length, the first, the last and two inner letters of a
// name that is not empty, ignoring case.
func nameHash(p []byte) uint32 {
	n := len(p)
	h := uint32(n) | uint32(p[0]|0x20)<<8 | uint32(p[n-1]|0x20)<<16 | uint32(p[n/2]|0x20)<<24
	h = (h ^ uint32(p[n/4]|0x20)<<5 ^ uint32(p[(n-1)*3/4]|0x20)<<13) * 0x9E3779B1
	return h >> 22
}

// Lookup finds a top-level command by name in any case; nil if there is none.
func Lookup(name []byte) *Command {
	if len(name) == 0 {
		return nil
	}
	for slot := nameHash(name); ; slot = (slot + 1) % indexSize {
		c := byName[slot]
		if c == nil {
			return nil
		}
		if equalFold(name, c.Name) {
			return c
		}
	}
}

// All lists the top-level commands by name. The slice is shared: read only.
func All() []*Command { return sorted }

// Sub finds a subcommand by its own name ("id") in any case.
func (c *Command) Sub(name []byte) *Command {
	prefix := len(c.Name) + 1
	for i := range c.Subs {
		if equalFold(name, c.Subs[i].Name[prefix:]) {
			return &c.Subs[i]
		}
	}
	return nil
}

// lookupFull finds a command or, by "container|sub", a subcommand.
func lookupFull(name []byte) *Command {
	for i, b := range name {
		if b == '|' {
			if c := Lookup(name[:i]); c != nil {
				return c.Sub(name[i+1:])
			}
			return nil
		}
	}
	return Lookup(name)
}

// equalFold compares p with lower, which is in lower case, ignoring ASCII case.
func equalFold(p []byte, lower string) bool {
	if len(p) != len(lower) {
		return false
	}
	for i := 0; i < len(p); i++ {
		b := p[i]
		if b-'A' <= 'Z'-'A' {
			b |= 0x20
		}
		if b != lower[i] {
			return false
		}
	}
	return true
}

// Resolve finds the command or subcommand that the words name and checks their
// number. A non-empty message is the error to answer, prefix included; c is nil
// then unless it is only the number that is wrong.
func Resolve(a Args) (c *Command, message string) {
	c = Lookup(a[0])
	if c == nil {
		return nil, unknownCommand(a)
	}
	if len(c.Subs) > 0 && len(a) > 1 {
		s := c.Sub(a[1])
		if s == nil {
			return nil, "ERR unknown subcommand '" + clip(a[1], 128) + "'. Try " + strings.ToUpper(c.Name) + " HELP."
		}
		c = s
	}
	if !c.ArityOK(len(a)) {
		return c, arityError(c.Name)
	}
	return c, ""
}

func arityError(name string) string {
	return "ERR wrong number of arguments for '" + name + "' command"
}

// unknownCommand quotes the first arguments, as Redis does, up to 128 bytes.
func unknownCommand(a Args) string {
	var b strings.Builder
	b.WriteString("ERR unknown command '")
	b.WriteString(clip(a[0], 128))
	b.WriteString("', with args beginning with: ")
	quoted := 0
	for i := 1; i < len(a) && quoted < 128; i++ {
		arg := clip(a[i], 128-quoted)
		b.WriteByte('\'')
		b.WriteString(arg)
		b.WriteString("' ")
		quoted += len(arg) + 3
	}
	return b.String()
}

// clip returns at most n bytes of p, and like a C string none after a zero.
func clip(p []byte, n int) string {
	for i, b := range p {
		if i == n || b == 0 {
			return string(p[:i])
		}
	}
	return string(p)
}
