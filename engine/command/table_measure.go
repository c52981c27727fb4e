package command

// What the server measures.
var measureTable = []Command{
	{
		Name: "latency", Arity: -2, Categories: CatSlow,
		Summary: "Commands about latency",
		Since:   "2.8.13", Group: "server", Complexity: "Depends on subcommand.",
		Subs: []Command{
			latencySub("latency|doctor", 2, "Answer a report of latency for people"),
			latencySub("latency|graph", 3, "Answer a graph of an event's latency", Arg{Name: "event", Type: "string"}),
			helpSub("latency|help", "2.8.13", "server", CatSlow),
			{
				Name: "latency|histogram", Arity: -2, Flags: Admin | NoScript | Loading | Stale,
				Categories: CatAdmin | CatSlow | CatDangerous,
				Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
				Summary:    "Answer the cumulative distribution of the latencies of commands",
				Since:      "7.0.0", Group: "server", Complexity: "O(N) where N is the number of commands with latency information being retrieved.",
				Args: []Arg{{Name: "command", Type: "string", Optional: true, Multiple: true}},
			},
			latencySub("latency|history", 3, "Answer an event's samples", Arg{Name: "event", Type: "string"}),
			latencySub("latency|latest", 2, "Answer the latest sample of every event"),
			{
				Name: "latency|reset", Arity: -2, Flags: Admin | NoScript | Loading | Stale,
				Categories: CatAdmin | CatSlow | CatDangerous,
				Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
				Summary:    "Forget the samples of events",
				Since:      "2.8.13", Group: "server", Complexity: "O(1)",
				Args: []Arg{{Name: "event", Type: "string", Optional: true, Multiple: true}},
			},
		},
	},
	{
		Name: "slowlog", Arity: -2, Categories: CatSlow,
		Summary: "Commands about the slow log",
		Since:   "2.2.12", Group: "server", Complexity: "Depends on subcommand.",
		Subs: []Command{
			{
				Name: "slowlog|get", Arity: -2, Flags: Admin | Loading | Stale,
				Categories: CatAdmin | CatSlow | CatDangerous,
				Tips:       []string{"request_policy:all_nodes", "nondeterministic_output"},
				Summary:    "Answer the entries of the slow log",
				Since:      "2.2.12", Group: "server", Complexity: "O(N) where N is the number of entries returned",
				Args: []Arg{{Name: "count", Type: "integer", Optional: true}},
			},
			helpSub("slowlog|help", "6.2.0", "server", CatSlow),
			{
				Name: "slowlog|len", Arity: 2, Flags: Admin | Loading | Stale,
				Categories: CatAdmin | CatSlow | CatDangerous,
				Tips:       []string{"request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"},
				Summary:    "Answer how many entries the slow log has",
				Since:      "2.2.12", Group: "server", Complexity: "O(1)",
			},
			{
				Name: "slowlog|reset", Arity: 2, Flags: Admin | Loading | Stale,
				Categories: CatAdmin | CatSlow | CatDangerous,
				Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
				Summary:    "Empty the slow log",
				Since:      "2.2.12", Group: "server", Complexity: "O(N) where N is the number of entries in the slowlog",
			},
		},
	},
}

// latencySub is a subcommand of LATENCY that shows what was sampled.
func latencySub(name string, arity int, summary string, args ...Arg) Command {
	return Command{
		Name: name, Arity: arity, Flags: Admin | NoScript | Loading | Stale,
		Categories: CatAdmin | CatSlow | CatDangerous,
		Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
		Summary:    summary,
		Since:      "2.8.13", Group: "server", Complexity: "O(1)",
		Args: args,
	}
}
