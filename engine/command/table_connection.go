package command

// What belongs to a connection.
var connectionTable = []Command{
	{
		Name: "ping", Arity: -1, Flags: Fast,
		Categories: CatFast | CatConnection,
		Handler:    pingCmd,
		Tips:       []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Summary:    "Answer at once",
		Since:      "1.0.0", Group: "connection", Complexity: "O(1)",
		Args: []Arg{
			{Name: "message", Type: "string", Optional: true},
		},
	},
	{
		Name: "echo", Arity: 2, Flags: Loading | Stale | Fast,
		Categories: CatFast | CatConnection,
		Handler:    echoCmd,
		Summary:    "Answer the given string",
		Since:      "1.0.0", Group: "connection", Complexity: "O(1)",
		Args: []Arg{
			{Name: "message", Type: "string"},
		},
	},
	{
		Name: "select", Arity: 2, Flags: Loading | Stale | Fast,
		Categories: CatFast | CatConnection,
		Summary:    "Choose the database that the connection works on",
		Since:      "1.0.0", Group: "connection", Complexity: "O(1)",
		Args: []Arg{
			{Name: "index", Type: "integer"},
		},
	},
	{
		Name: "auth", Arity: -2, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy,
		Categories: CatFast | CatConnection,
		Summary:    "Authenticate the connection",
		Since:      "1.0.0", Group: "connection", Complexity: "O(N) where N is the number of passwords defined for the user",
		Args: []Arg{
			{Name: "username", Type: "string", Since: "6.0.0", Optional: true},
			{Name: "password", Type: "string"},
		},
	},
	{
		Name: "hello", Arity: -1, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy,
		Categories: CatFast | CatConnection,
		Summary:    "Choose the protocol, authenticate and name the connection",
		Since:      "6.0.0", Group: "connection", Complexity: "O(1)",
		Args: []Arg{
			{Name: "arguments", Type: "block", Optional: true, Args: []Arg{
				{Name: "protover", Type: "integer"},
				{Name: "username_password", Type: "block", Token: "AUTH", Optional: true, Args: []Arg{
					{Name: "username", Type: "string"},
					{Name: "password", Type: "string"},
				}},
				{Name: "clientname", Type: "string", Token: "SETNAME", Optional: true},
			}},
		},
	},
	{
		Name: "reset", Arity: 1, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy,
		Categories: CatFast | CatConnection,
		Summary:    "Bring the connection back to the state it began in",
		Since:      "6.2.0", Group: "connection", Complexity: "O(1)",
	},
	{
		Name: "quit", Arity: -1, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy,
		Categories: CatFast | CatConnection,
		Summary:    "Close the connection",
		Since:      "1.0.0", Group: "connection", Complexity: "O(1)",
	},
	{
		Name: "client", Arity: -2,
		Categories: CatSlow,
		Summary:    "Commands about connections",
		Since:      "2.4.0", Group: "connection", Complexity: "Depends on subcommand.",
		Subs: clientSubs,
	},
}
