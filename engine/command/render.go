package command

import (
	"holdfast/engine/obj"
	"holdfast/engine/resp"
)

// The functions here answer COMMAND and its subcommands. They are not handlers
// because they read the table that handlers stand in: the session calls them.

// flagNames are Redis's flags, by bit.
var flagNames = [...]string{
	"write", "readonly", "denyoom", "module", "admin", "pubsub", "noscript",
	"blocking", "loading", "stale", "skip_monitor", "skip_slowlog", "asking",
	"fast", "no_auth", "may_replicate", "no_mandatory_keys",
	"no_async_loading", "no_multi", "movablekeys", "allow_busy",
}

var categoryNames = [...]string{
	"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string",
	"bitmap", "hyperloglog", "geo", "stream", "pubsub", "admin", "fast",
	"slow", "blocking", "dangerous", "connection", "transaction", "scripting",
}

var accessNames = [...]string{
	"RO", "RW", "OW", "RM", "access", "update", "insert", "delete", "not_key",
	"incomplete", "variable_flags",
}

// writeSet writes the names of the bits that are set, as a set of words.
func writeSet(w *resp.Writer, bits uint32, prefix string, names []string) {
	mark, n := len(w.Buf), 0
	for i, name := range names {
		if bits>>i&1 != 0 {
			w.Simple(prefix + name)
			n++
		}
	}
	prepend(w, mark, func(head *resp.Writer) { head.Set(n) })
}

// WriteCommands answers COMMAND.
func WriteCommands(w *resp.Writer) {
	w.Array(len(sorted))
	for _, c := range sorted {
		c.writeInfo(w)
	}
}

// WriteCount answers COMMAND COUNT.
func WriteCount(w *resp.Writer) { w.Int(int64(len(sorted))) }

// WriteInfo answers COMMAND INFO with the names asked for, all if none.
func WriteInfo(w *resp.Writer, names Args) {
	if len(names) == 0 {
		WriteCommands(w)
		return
	}
	w.Array(len(names))
	for _, name := range names {
		if c := lookupFull(name); c != nil {
			c.writeInfo(w)
		} else {
			w.Null()
		}
	}
}

func (c *Command) writeInfo(w *resp.Writer) {
	const fields = 10
	w.Array(fields)
	w.BulkString(c.Name)
	w.Int(int64(c.Arity))
	writeSet(w, uint32(c.Flags), "", flagNames[:])
	w.Int(int64(c.Keys.First))
	w.Int(int64(c.Keys.Last))
	w.Int(int64(c.Keys.Step))
	writeSet(w, uint32(c.Categories), "@", categoryNames[:])
	w.Set(len(c.Tips))
	for _, tip := range c.Tips {
		w.BulkString(tip)
	}
	w.Set(len(c.Specs))
	for i := range c.Specs {
		c.Specs[i].write(w)
	}
	if len(c.Subs) == 0 { // an empty set, yet an array otherwise
		w.Set(0)
		return
	}
	w.Array(len(c.Subs))
	for i := range c.Subs {
		c.Subs[i].writeInfo(w)
	}
}

func (s *KeySpec) write(w *resp.Writer) {
	w.Map(3)
	w.BulkString("flags")
	writeSet(w, uint32(s.Access), "", accessNames[:])
	w.BulkString("begin_search")
	w.Map(2)
	pair(w, "type", "index")
	w.BulkString("spec")
	w.Map(1)
	w.BulkString("index")
	w.Int(int64(s.Index))
	w.BulkString("find_keys")
	w.Map(2)
	if s.Last == Counted {
		pair(w, "type", "keynum")
		w.BulkString("spec")
		w.Map(3)
		w.BulkString("keynumidx")
		w.Int(0)
		w.BulkString("firstkey")
		w.Int(1)
		w.BulkString("keystep")
		w.Int(int64(s.Step))
		return
	}
	pair(w, "type", "range")
	w.BulkString("spec")
	w.Map(3)
	w.BulkString("lastkey")
	w.Int(int64(s.Last))
	w.BulkString("keystep")
	w.Int(int64(s.Step))
	w.BulkString("limit")
	w.Int(0)
}

func pair(w *resp.Writer, key, value string) {
	w.BulkString(key)
	w.BulkString(value)
}

// WriteKeys answers COMMAND GETKEYS for the words of a command; with access
// set, COMMAND GETKEYSANDFLAGS.
func WriteKeys(w *resp.Writer, a Args, access bool) {
	c := Lookup(a[0])
	if c != nil && len(c.Subs) > 0 && len(a) > 1 {
		c = c.Sub(a[1])
	}
	switch {
	case c == nil:
		w.Error("ERR Invalid command specified")
		return
	case c.Keys.First == 0 && c.FindKeys == nil || len(c.Specs) == 1 && c.Specs[0].Access == NotKey:
		w.Error("ERR The command has no key arguments")
		return
	case !c.ArityOK(len(a)):
		w.Error("ERR Invalid number of arguments specified for command")
		return
	}
	mark, n := len(w.Buf), 0
	put := func(key []byte, how Access) {
		n++
		if access {
			w.Array(2)
		}
		w.Bulk(key)
		if access {
			writeSet(w, uint32(how), "", accessNames[:])
		}
	}
	c.eachAccess(a, put)
	if n == 0 {
		w.Error("ERR Invalid arguments specified for command")
		return
	}
	prepend(w, mark, func(head *resp.Writer) { head.Array(n) })
}

// eachAccess calls fn with every key and what is done to it.
func (c *Command) eachAccess(a Args, fn func(key []byte, how Access)) {
	if c.FindKeys != nil || len(c.Specs) == 0 {
		var how Access
		if len(c.Specs) == 1 {
			how = c.Specs[0].Access
		}
		c.EachKey(a, func(key []byte) { fn(key, how) })
		return
	}
	for i := range c.Specs {
		s := &c.Specs[i]
		last := s.Last
		if last >= 0 {
			last += s.Index
		}
		how := s.Access
		if how&VariableAccess != 0 && c.Access != nil {
			how = c.Access(a)
		}
		Keys{s.Index, last, s.Step}.each(a, func(key []byte) { fn(key, how) })
	}
}

// WriteList answers COMMAND LIST; a begins behind the word LIST.
func WriteList(w *resp.Writer, a Args) {
	keep, good := listFilter(a)
	if !good {
		w.Error(errSyntax)
		return
	}
	mark, n := len(w.Buf), 0
	put := func(c *Command) {
		if keep(c) {
			w.BulkString(c.Name)
			n++
		}
	}
	for _, c := range sorted {
		put(c)
		for i := range c.Subs {
			put(&c.Subs[i])
		}
	}
	prepend(w, mark, func(head *resp.Writer) { head.Array(n) })
}

// listFilter reads FILTERBY MODULE, ACLCAT or PATTERN. There are no modules,
// so the first keeps nothing; nor does a category that does not exist.
func listFilter(a Args) (keep func(*Command) bool, good bool) {
	none := func(*Command) bool { return false }
	switch {
	case len(a) == 0:
		return func(*Command) bool { return true }, true
	case len(a) != 3 || !is(a[0], "filterby"):
		return nil, false
	case is(a[1], "module"):
		return none, true
	case is(a[1], "aclcat"):
		for i, name := range categoryNames {
			if is(a[2], name) {
				return func(c *Command) bool { return c.Categories>>i&1 != 0 }, true
			}
		}
		return none, true
	case is(a[1], "pattern"):
		pattern := a[2]
		return func(c *Command) bool { return obj.Match(pattern, []byte(c.Name), true) }, true
	}
	return nil, false
}

// WriteHelp answers COMMAND HELP.
func WriteHelp(w *resp.Writer) {
	Help(w, "COMMAND",
		"(no subcommand)", "    Describe all commands.",
		"COUNT", "    Answer the number of commands.",
		"LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]", "    List the names of commands.",
		"INFO [<command-name> ...]", "    Describe the given commands, or all.",
		"DOCS [<command-name> ...]", "    Document the given commands, or all.",
		"GETKEYS <full-command>", "    Find the keys in a command.",
		"GETKEYSANDFLAGS <full-command>", "    Find the keys in a command and what is done to them.",
	)
}

// InCategory returns the names of the commands of an ACL category, ok false if
// there is none of that name; without one, the names of the categories.
func InCategory(category []byte) (names []string, ok bool) {
	if category == nil {
		return categoryNames[:], true
	}
	for i, name := range categoryNames {
		if is(category, name) {
			Each(func(c *Command) {
				if c.Categories&(1<<i) != 0 && len(c.Subs) == 0 {
					names = append(names, c.Name)
				}
			})
			return names, true
		}
	}
	return nil, false
}
