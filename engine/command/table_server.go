package command

// The server and its databases.
var serverTable = []Command{
	{
		Name: "dbsize", Arity: 1, Flags: ReadOnly | Fast | WholeDB | Drains,
		Categories: CatKeyspace | CatRead | CatFast,
		Handler:    dbsizeCmd,
		Tips:       []string{"request_policy:all_shards", "response_policy:agg_sum"},
		Summary:    "Answer the number of keys in the database",
		Since:      "1.0.0", Group: "server", Complexity: "O(1)",
	},
	{
		Name: "flushdb", Arity: -1, Flags: Write | WholeDB,
		Categories: CatKeyspace | CatWrite | CatSlow | CatDangerous,
		Handler:    flushdbCmd,
		Tips:       []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Summary:    "Delete all keys of the database",
		Since:      "1.0.0", Group: "server", Complexity: "O(N) where N is the number of keys in the selected database",
		Args: []Arg{
			{Name: "async", Type: "oneof", Optional: true, Args: []Arg{
				{Name: "async", Type: "pure-token", Token: "ASYNC", Since: "4.0.0"},
				{Name: "sync", Type: "pure-token", Token: "SYNC", Since: "6.2.0"},
			}},
		},
	},
	{
		Name: "flushall", Arity: -1, Flags: Write | WholeDB,
		Categories: CatKeyspace | CatWrite | CatSlow | CatDangerous,
		Handler:    flushallCmd,
		Tips:       []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Summary:    "Delete all keys of all databases",
		Since:      "1.0.0", Group: "server", Complexity: "O(N) where N is the total number of keys in all databases",
		Args: []Arg{
			{Name: "async", Type: "oneof", Optional: true, Args: []Arg{
				{Name: "async", Type: "pure-token", Token: "ASYNC", Since: "4.0.0"},
				{Name: "sync", Type: "pure-token", Token: "SYNC", Since: "6.2.0"},
			}},
		},
	},
	{
		Name: "swapdb", Arity: 3, Flags: Write | Fast | WholeDB,
		Categories: CatKeyspace | CatWrite | CatFast | CatDangerous,
		Handler:    swapdbCmd,
		Summary:    "Exchange two databases",
		Since:      "4.0.0", Group: "server", Complexity: "O(N) where N is the count of clients watching or blocking on keys from both databases.",
		Args: []Arg{
			{Name: "index1", Type: "integer"},
			{Name: "index2", Type: "integer"},
		},
	},
	{
		Name: "time", Arity: 1, Flags: Loading | Stale | Fast,
		Categories: CatFast,
		Handler:    timeCmd,
		Tips:       []string{"nondeterministic_output"},
		Summary:    "Answer the server's time",
		Since:      "2.6.0", Group: "server", Complexity: "O(1)",
	},
	{
		Name: "info", Arity: -1, Flags: Loading | Stale | WholeDB | Random,
		Categories: CatSlow | CatDangerous,
		Tips:       []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
		Summary:    "Describe the server's state",
		Since:      "1.0.0", Group: "server", Complexity: "O(1)",
		Args: []Arg{
			{Name: "section", Type: "string", Optional: true, Multiple: true},
		},
	},
	{
		Name: "config", Arity: -2,
		Categories: CatSlow,
		Summary:    "Commands about the configuration",
		Since:      "2.0.0", Group: "server", Complexity: "Depends on subcommand.",
		Subs: []Command{
			{
				Name: "config|get", Arity: -3, Flags: Admin | NoScript | Loading | Stale,
				Categories: CatAdmin | CatSlow | CatDangerous,
				Summary:    "Answer configuration parameters",
				Since:      "2.0.0", Group: "server", Complexity: "O(N) when N is the number of configuration parameters provided",
				Args: []Arg{
					{Name: "parameter", Type: "block", Multiple: true, Args: []Arg{
						{Name: "parameter", Type: "string"},
					}},
				},
			},
			{
				Name: "config|set", Arity: -4, Flags: Admin | NoScript | Loading | Stale,
				Categories: CatAdmin | CatSlow | CatDangerous,
				Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
				Summary:    "Change configuration parameters",
				Since:      "2.0.0", Group: "server", Complexity: "O(N) when N is the number of configuration parameters provided",
				Args: []Arg{
					{Name: "parameter_value", Type: "block", Multiple: true, Args: []Arg{
						{Name: "parameter", Type: "string"},
						{Name: "value", Type: "string"},
					}},
				},
			},
			{
				Name: "config|resetstat", Arity: 2, Flags: Admin | NoScript | Loading | Stale,
				Categories: CatAdmin | CatSlow | CatDangerous,
				Summary:    "Start the statistics from zero",
				Since:      "2.0.0", Group: "server", Complexity: "O(1)",
			},
			{
				Name: "config|rewrite", Arity: 2, Flags: Admin | NoScript | Loading | Stale,
				Categories: CatAdmin | CatSlow | CatDangerous,
				Summary:    "Write the configuration back to its file",
				Since:      "2.8.0", Group: "server", Complexity: "O(1)",
			},
			helpSub("config|help", "5.0.0", "server", CatSlow),
		},
	},
	{
		Name: "command", Arity: -1, Flags: Loading | Stale | Unordered,
		Categories: CatSlow | CatConnection,
		Tips:       []string{"nondeterministic_output_order"},
		Summary:    "Describe all commands",
		Since:      "2.8.13", Group: "server", Complexity: "O(N) where N is the total number of Redis commands",
		Subs: []Command{
			{
				Name: "command|count", Arity: 2, Flags: Loading | Stale,
				Categories: CatSlow | CatConnection,
				Summary:    "Answer the number of commands",
				Since:      "2.8.13", Group: "server", Complexity: "O(1)",
			},
			{
				Name: "command|info", Arity: -2, Flags: Loading | Stale | Unordered,
				Categories: CatSlow | CatConnection,
				Tips:       []string{"nondeterministic_output_order"},
				Summary:    "Describe commands",
				Since:      "2.8.13", Group: "server", Complexity: "O(N) where N is the number of commands to look up",
				Args: []Arg{
					{Name: "command-name", Type: "string", Optional: true, Multiple: true},
				},
			},
			{
				Name: "command|docs", Arity: -2, Flags: Loading | Stale | Unordered,
				Categories: CatSlow | CatConnection,
				Tips:       []string{"nondeterministic_output_order"},
				Summary:    "Document commands",
				Since:      "7.0.0", Group: "server", Complexity: "O(N) where N is the number of commands to look up",
				Args: []Arg{
					{Name: "command-name", Type: "string", Optional: true, Multiple: true},
				},
			},
			{
				Name: "command|getkeys", Arity: -4, Flags: Loading | Stale,
				Categories: CatSlow | CatConnection,
				Summary:    "Find the keys in a command",
				Since:      "2.8.13", Group: "server", Complexity: "O(N) where N is the number of arguments to the command",
			},
			{
				Name: "command|getkeysandflags", Arity: -4, Flags: Loading | Stale,
				Categories: CatSlow | CatConnection,
				Summary:    "Find the keys in a command and what is done to them",
				Since:      "7.0.0", Group: "server", Complexity: "O(N) where N is the number of arguments to the command",
			},
			{
				Name: "command|list", Arity: -2, Flags: Loading | Stale | Unordered,
				Categories: CatSlow | CatConnection,
				Tips:       []string{"nondeterministic_output_order"},
				Summary:    "List the names of commands",
				Since:      "7.0.0", Group: "server", Complexity: "O(N) where N is the total number of Redis commands",
				Args: []Arg{
					{Name: "filterby", Type: "oneof", Token: "FILTERBY", Optional: true, Args: []Arg{
						{Name: "module-name", Type: "string", Token: "MODULE"},
						{Name: "category", Type: "string", Token: "ACLCAT"},
						{Name: "pattern", Type: "pattern", Token: "PATTERN"},
					}},
				},
			},
			helpSub("command|help", "5.0.0", "server", CatSlow|CatConnection),
		},
	},
	{
		Name: "monitor", Arity: 1, Flags: Admin | NoScript | Loading | Stale,
		Categories: CatAdmin | CatSlow | CatDangerous,
		Summary:    "Listen to all commands that run",
		Since:      "1.0.0", Group: "server",
	},
	{
		Name: "shutdown", Arity: -1, Flags: Admin | NoScript | Loading | Stale | NoMulti | AllowBusy,
		Categories: CatAdmin | CatSlow | CatDangerous,
		Summary:    "Stop the server",
		Since:      "1.0.0", Group: "server", Complexity: "O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)",
		Args: []Arg{
			{Name: "nosave_save", Type: "oneof", Optional: true, Args: []Arg{
				{Name: "nosave", Type: "pure-token", Token: "NOSAVE"},
				{Name: "save", Type: "pure-token", Token: "SAVE"},
			}},
			{Name: "now", Type: "pure-token", Token: "NOW", Since: "7.0.0", Optional: true},
			{Name: "force", Type: "pure-token", Token: "FORCE", Since: "7.0.0", Optional: true},
			{Name: "abort", Type: "pure-token", Token: "ABORT", Since: "7.0.0", Optional: true},
		},
	},
	{
		Name: "debug", Arity: -2, Flags: Admin | NoScript | Loading | Stale,
		Categories: CatAdmin | CatSlow | CatDangerous,
		Summary:    "Commands for debugging",
		Since:      "1.0.0", Group: "server", Complexity: "Depends on subcommand.",
		System: true,
	},
	{
		Name: "lastsave", Arity: 1, Flags: Loading | Stale | Fast | Random,
		Categories: CatAdmin | CatFast | CatDangerous,
		Tips:       []string{"nondeterministic_output"},
		Summary:    "Answer when the last backup was made",
		Since:      "1.0.0", Group: "server", Complexity: "O(1)",
	},
	{
		Name: "save", Arity: 1, Flags: Admin | NoScript | NoAsyncLoading | NoMulti,
		Categories: CatAdmin | CatSlow | CatDangerous,
		Summary:    "Make a backup and wait for it",
		Since:      "1.0.0", Group: "server", Complexity: "O(N) where N is the total number of keys in all databases",
	},
	{
		Name: "bgsave", Arity: -1, Flags: Admin | NoScript | NoAsyncLoading,
		Categories: CatAdmin | CatSlow | CatDangerous,
		Summary:    "Begin a backup",
		Since:      "1.0.0", Group: "server", Complexity: "O(1)",
		Args: []Arg{
			{Name: "schedule", Type: "pure-token", Token: "SCHEDULE", Since: "3.2.2", Optional: true},
		},
	},
	{
		Name: "bgrewriteaof", Arity: 1, Flags: Admin | NoScript | NoAsyncLoading,
		Categories: CatAdmin | CatSlow | CatDangerous,
		Summary:    "Begin to compact the whole log",
		Since:      "1.0.0", Group: "server", Complexity: "O(1)",
	},
}

// helpSub is a subcommand that describes the others.
func helpSub(name, since, group string, cat Category) Command {
	return Command{
		Name: name, Arity: 2, Flags: Loading | Stale, Categories: cat,
		Summary: "Describe the subcommands",
		Since:   since, Group: group, Complexity: "O(1)",
	}
}
