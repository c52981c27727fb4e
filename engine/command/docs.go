package command

import "holdfast/engine/resp"

// WriteDocs answers COMMAND DOCS with the names asked for, all if none. Names
// that do not exist are left out.
func WriteDocs(w *resp.Writer, names Args) {
	mark, n := len(w.Buf), 0
	put := func(c *Command) {
		w.BulkString(c.Name)
		c.writeDocs(w)
		n++
	}
	for _, name := range names {
		if c := lookupFull(name); c != nil {
			put(c)
		}
	}
	if len(names) == 0 {
		for _, c := range sorted {
			put(c)
		}
	}
	prepend(w, mark, func(head *resp.Writer) { head.Map(n) })
}

// fields counts the pairs of a map as they are written, for only those that
// say something are.
type fields struct {
	w    *resp.Writer
	mark int
	n    int
}

func beginMap(w *resp.Writer) *fields { return &fields{w: w, mark: len(w.Buf)} }

func (f *fields) text(key, value string) {
	if value != "" {
		pair(f.w, key, value)
		f.n++
	}
}

// key begins a pair whose value the caller writes.
func (f *fields) key(key string) {
	f.w.BulkString(key)
	f.n++
}

func (f *fields) words(key string, words ...string) {
	n := 0
	for _, s := range words {
		if s != "" {
			n++
		}
	}
	if n == 0 {
		return
	}
	f.key(key)
	f.w.Set(n)
	for _, s := range words {
		if s != "" {
			f.w.Simple(s)
		}
	}
}

func (f *fields) end() {
	prepend(f.w, f.mark, func(head *resp.Writer) { head.Map(f.n) })
}

func (c *Command) writeDocs(w *resp.Writer) {
	f := beginMap(w)
	f.text("summary", c.Summary)
	f.text("since", c.Since)
	f.text("group", c.Group)
	f.text("complexity", c.Complexity)
	f.words("doc_flags", when(c.Deprecated != "", "deprecated"), when(c.System, "syscmd"))
	f.text("deprecated_since", c.Deprecated)
	f.text("replaced_by", c.Instead)
	if len(c.Args) > 0 {
		f.key("arguments")
		writeArgs(w, c.Args)
	}
	if len(c.Subs) > 0 {
		f.key("subcommands")
		w.Map(len(c.Subs))
		for i := range c.Subs {
			w.BulkString(c.Subs[i].Name)
			c.Subs[i].writeDocs(w)
		}
	}
	f.end()
}

func when(b bool, word string) string {
	if b {
		return word
	}
	return ""
}

func writeArgs(w *resp.Writer, args []Arg) {
	w.Array(len(args))
	for i := range args {
		a := &args[i]
		f := beginMap(w)
		f.text("name", a.Name)
		f.text("type", a.Type)
		if a.Type == "key" {
			f.key("key_spec_index")
			w.Int(int64(a.Spec))
		}
		f.text("token", a.Token)
		f.text("since", a.Since)
		f.text("deprecated_since", a.Deprecated)
		f.words("flags", when(a.Optional, "optional"), when(a.Multiple, "multiple"), when(a.Repeat, "multiple_token"))
		if len(a.Args) > 0 {
			f.key("arguments")
			writeArgs(w, a.Args)
		}
		f.end()
	}
}
