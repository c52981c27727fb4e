package command

// Deadlines.
var expireTable = []Command{
	{
		Name: "expire", Arity: -3, Flags: Write | Fast,
		Categories: CatKeyspace | CatWrite | CatFast,
		Keys:       Keys{1, 1, 1}, Handler: expireCmd,
		Specs:   []KeySpec{{RW | UpdatesValue, 1, 0, 1}},
		Summary: "Give a key a deadline in seconds from now",
		Since:   "1.0.0", Group: "generic", Complexity: "O(1)",
		Args: []Arg{
			{Name: "key", Type: "key"},
			{Name: "seconds", Type: "integer"},
			{Name: "condition", Type: "oneof", Since: "7.0.0", Optional: true, Args: []Arg{
				{Name: "nx", Type: "pure-token", Token: "NX"},
				{Name: "xx", Type: "pure-token", Token: "XX"},
				{Name: "gt", Type: "pure-token", Token: "GT"},
				{Name: "lt", Type: "pure-token", Token: "LT"},
			}},
		},
	},
	{
		Name: "pexpire", Arity: -3, Flags: Write | Fast,
		Categories: CatKeyspace | CatWrite | CatFast,
		Keys:       Keys{1, 1, 1}, Handler: pexpireCmd,
		Specs:   []KeySpec{{RW | UpdatesValue, 1, 0, 1}},
		Summary: "Give a key a deadline in milliseconds from now",
		Since:   "2.6.0", Group: "generic", Complexity: "O(1)",
		Args: []Arg{
			{Name: "key", Type: "key"},
			{Name: "milliseconds", Type: "integer"},
			{Name: "condition", Type: "oneof", Since: "7.0.0", Optional: true, Args: []Arg{
				{Name: "nx", Type: "pure-token", Token: "NX"},
				{Name: "xx", Type: "pure-token", Token: "XX"},
				{Name: "gt", Type: "pure-token", Token: "GT"},
				{Name: "lt", Type: "pure-token", Token: "LT"},
			}},
		},
	},
	{
		Name: "expireat", Arity: -3, Flags: Write | Fast,
		Categories: CatKeyspace | CatWrite | CatFast,
		Keys:       Keys{1, 1, 1}, Handler: expireatCmd,
		Specs:   []KeySpec{{RW | UpdatesValue, 1, 0, 1}},
		Summary: "Give a key a deadline as a Unix time in seconds",
		Since:   "1.2.0", Group: "generic", Complexity: "O(1)",
		Args: []Arg{
			{Name: "key", Type: "key"},
			{Name: "unix-time-seconds", Type: "unix-time"},
			{Name: "condition", Type: "oneof", Since: "7.0.0", Optional: true, Args: []Arg{
				{Name: "nx", Type: "pure-token", Token: "NX"},
				{Name: "xx", Type: "pure-token", Token: "XX"},
				{Name: "gt", Type: "pure-token", Token: "GT"},
				{Name: "lt", Type: "pure-token", Token: "LT"},
			}},
		},
	},
	{
		Name: "pexpireat", Arity: -3, Flags: Write | Fast,
		Categories: CatKeyspace | CatWrite | CatFast,
		Keys:       Keys{1, 1, 1}, Handler: pexpireatCmd,
		Specs:   []KeySpec{{RW | UpdatesValue, 1, 0, 1}},
		Summary: "Give a key a deadline as a Unix time in milliseconds",
		Since:   "2.6.0", Group: "generic", Complexity: "O(1)",
		Args: []Arg{
			{Name: "key", Type: "key"},
			{Name: "unix-time-milliseconds", Type: "unix-time"},
			{Name: "condition", Type: "oneof", Since: "7.0.0", Optional: true, Args: []Arg{
				{Name: "nx", Type: "pure-token", Token: "NX"},
				{Name: "xx", Type: "pure-token", Token: "XX"},
				{Name: "gt", Type: "pure-token", Token: "GT"},
				{Name: "lt", Type: "pure-token", Token: "LT"},
			}},
		},
	},
	{
		Name: "ttl", Arity: 2, Flags: ReadOnly | Fast | Random,
		Categories: CatKeyspace | CatRead | CatFast,
		Keys:       Keys{1, 1, 1}, Handler: ttlCmd,
		Specs:   []KeySpec{{RO | ReadsValue, 1, 0, 1}},
		Tips:    []string{"nondeterministic_output"},
		Summary: "Answer how many seconds a key has to live",
		Since:   "1.0.0", Group: "generic", Complexity: "O(1)",
		Args: []Arg{
			{Name: "key", Type: "key"},
		},
	},
	{
		Name: "pttl", Arity: 2, Flags: ReadOnly | Fast | Random,
		Categories: CatKeyspace | CatRead | CatFast,
		Keys:       Keys{1, 1, 1}, Handler: pttlCmd,
		Specs:   []KeySpec{{RO | ReadsValue, 1, 0, 1}},
		Tips:    []string{"nondeterministic_output"},
		Summary: "Answer how many milliseconds a key has to live",
		Since:   "2.6.0", Group: "generic", Complexity: "O(1)",
		Args: []Arg{
			{Name: "key", Type: "key"},
		},
	},
	{
		Name: "expiretime", Arity: 2, Flags: ReadOnly | Fast,
		Categories: CatKeyspace | CatRead | CatFast,
		Keys:       Keys{1, 1, 1}, Handler: expiretimeCmd,
		Specs:   []KeySpec{{RO | ReadsValue, 1, 0, 1}},
		Summary: "Answer the deadline of a key as a Unix time in seconds",
		Since:   "7.0.0", Group: "generic", Complexity: "O(1)",
		Args: []Arg{
			{Name: "key", Type: "key"},
		},
	},
	{
		Name: "pexpiretime", Arity: 2, Flags: ReadOnly | Fast,
		Categories: CatKeyspace | CatRead | CatFast,
		Keys:       Keys{1, 1, 1}, Handler: pexpiretimeCmd,
		Specs:   []KeySpec{{RO | ReadsValue, 1, 0, 1}},
		Summary: "Answer the deadline of a key as a Unix time in milliseconds",
		Since:   "7.0.0", Group: "generic", Complexity: "O(1)",
		Args: []Arg{
			{Name: "key", Type: "key"},
		},
	},
	{
		Name: "persist", Arity: 2, Flags: Write | Fast,
		Categories: CatKeyspace | CatWrite | CatFast,
		Keys:       Keys{1, 1, 1}, Handler: persistCmd,
		Specs:   []KeySpec{{RW | UpdatesValue, 1, 0, 1}},
		Summary: "Take the deadline off a key",
		Since:   "2.2.0", Group: "generic", Complexity: "O(1)",
		Args: []Arg{
			{Name: "key", Type: "key"},
		},
	},
}
