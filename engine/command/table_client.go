package command

// The subcommands of CLIENT.
var clientSubs = []Command{
	{
		Name: "client|id", Arity: 2, Flags: NoScript | Loading | Stale,
		Categories: CatSlow | CatConnection,
		Summary:    "Answer the connection's number",
		Since:      "5.0.0", Group: "connection", Complexity: "O(1)",
	},
	{
		Name: "client|info", Arity: 2, Flags: NoScript | Loading | Stale | Random,
		Categories: CatSlow | CatConnection,
		Tips:       []string{"nondeterministic_output"},
		Summary:    "Describe the connection",
		Since:      "6.2.0", Group: "connection", Complexity: "O(1)",
	},
	{
		Name: "client|list", Arity: -2, Flags: Admin | NoScript | Loading | Stale | Random,
		Categories: CatAdmin | CatSlow | CatDangerous | CatConnection,
		Tips:       []string{"nondeterministic_output"},
		Summary:    "Describe all connections",
		Since:      "2.4.0", Group: "connection", Complexity: "O(N) where N is the number of client connections",
		Args: []Arg{
			{Name: "normal_master_replica_pubsub", Type: "oneof", Token: "TYPE", Since: "5.0.0", Optional: true, Args: []Arg{
				{Name: "normal", Type: "pure-token", Token: "NORMAL"},
				{Name: "master", Type: "pure-token", Token: "MASTER"},
				{Name: "replica", Type: "pure-token", Token: "REPLICA"},
				{Name: "pubsub", Type: "pure-token", Token: "PUBSUB"},
			}},
			{Name: "id", Type: "block", Token: "ID", Since: "6.2.0", Optional: true, Args: []Arg{
				{Name: "client-id", Type: "integer", Multiple: true},
			}},
		},
	},
	{
		Name: "client|setname", Arity: 3, Flags: NoScript | Loading | Stale,
		Categories: CatSlow | CatConnection,
		Summary:    "Name the connection",
		Since:      "2.6.9", Group: "connection", Complexity: "O(1)",
		Args: []Arg{
			{Name: "connection-name", Type: "string"},
		},
	},
	{
		Name: "client|getname", Arity: 2, Flags: NoScript | Loading | Stale,
		Categories: CatSlow | CatConnection,
		Summary:    "Answer the connection's name",
		Since:      "2.6.9", Group: "connection", Complexity: "O(1)",
	},
	{
		Name: "client|kill", Arity: -3, Flags: Admin | NoScript | Loading | Stale,
		Categories: CatAdmin | CatSlow | CatDangerous | CatConnection,
		Summary:    "Close connections",
		Since:      "2.4.0", Group: "connection", Complexity: "O(N) where N is the number of client connections",
		Args: []Arg{
			{Name: "filter", Type: "oneof", Args: []Arg{
				{Name: "ip:port", Type: "string", Deprecated: "2.8.12"},
				{Name: "new-format", Type: "oneof", Multiple: true, Args: []Arg{
					{Name: "client-id", Type: "integer", Token: "ID", Since: "2.8.12", Optional: true},
					{Name: "normal_master_slave_pubsub", Type: "oneof", Token: "TYPE", Since: "2.8.12", Optional: true, Args: []Arg{
						{Name: "normal", Type: "pure-token", Token: "NORMAL"},
						{Name: "master", Type: "pure-token", Token: "MASTER", Since: "3.2.0"},
						{Name: "slave", Type: "pure-token", Token: "SLAVE"},
						{Name: "replica", Type: "pure-token", Token: "REPLICA", Since: "5.0.0"},
						{Name: "pubsub", Type: "pure-token", Token: "PUBSUB"},
					}},
					{Name: "username", Type: "string", Token: "USER", Optional: true},
					{Name: "ip:port", Type: "string", Token: "ADDR", Optional: true},
					{Name: "ip:port", Type: "string", Token: "LADDR", Since: "6.2.0", Optional: true},
					{Name: "yes/no", Type: "string", Token: "SKIPME", Optional: true},
				}},
			}},
		},
	},
	{
		Name: "client|pause", Arity: -3, Flags: Admin | NoScript | Loading | Stale,
		Categories: CatAdmin | CatSlow | CatDangerous | CatConnection,
		Summary:    "Hold clients' commands back for a while",
		Since:      "2.9.50", Group: "connection", Complexity: "O(1)",
		Args: []Arg{
			{Name: "timeout", Type: "integer"},
			{Name: "mode", Type: "oneof", Since: "6.2.0", Optional: true, Args: []Arg{
				{Name: "write", Type: "pure-token", Token: "WRITE"},
				{Name: "all", Type: "pure-token", Token: "ALL"},
			}},
		},
	},
	{
		Name: "client|unpause", Arity: 2, Flags: Admin | NoScript | Loading | Stale,
		Categories: CatAdmin | CatSlow | CatDangerous | CatConnection,
		Summary:    "Let clients that were held back go on",
		Since:      "6.2.0", Group: "connection", Complexity: "O(N) Where N is the number of paused clients",
	},
	{
		Name: "client|unblock", Arity: -3, Flags: Admin | NoScript | Loading | Stale,
		Categories: CatAdmin | CatSlow | CatDangerous | CatConnection,
		Summary:    "Have a blocked client go on as if it had waited in vain, or with an error",
		Since:      "5.0.0", Group: "connection", Complexity: "O(log N) where N is the number of client connections",
		Args: []Arg{
			{Name: "client-id", Type: "integer"},
			{Name: "timeout_error", Type: "oneof", Optional: true, Args: []Arg{
				{Name: "timeout", Type: "pure-token", Token: "TIMEOUT"},
				{Name: "error", Type: "pure-token", Token: "ERROR"},
			}},
		},
	},
	{
		Name: "client|reply", Arity: 3, Flags: NoScript | Loading | Stale,
		Categories: CatSlow | CatConnection,
		Summary:    "Choose whether the server answers the connection",
		Since:      "3.2.0", Group: "connection", Complexity: "O(1)",
		Args: []Arg{
			{Name: "on_off_skip", Type: "oneof", Args: []Arg{
				{Name: "on", Type: "pure-token", Token: "ON"},
				{Name: "off", Type: "pure-token", Token: "OFF"},
				{Name: "skip", Type: "pure-token", Token: "SKIP"},
			}},
		},
	},
	{
		Name: "client|no-evict", Arity: 3, Flags: Admin | NoScript | Loading | Stale,
		Categories: CatAdmin | CatSlow | CatDangerous | CatConnection,
		Summary:    "Spare the connection when clients must be dropped",
		Since:      "7.0.0", Group: "connection", Complexity: "O(1)",
		Args: []Arg{
			{Name: "enabled", Type: "oneof", Args: []Arg{
				{Name: "on", Type: "pure-token", Token: "ON"},
				{Name: "off", Type: "pure-token", Token: "OFF"},
			}},
		},
	},
	{
		Name: "client|getredir", Arity: 2, Flags: NoScript | Loading | Stale,
		Categories: CatSlow | CatConnection,
		Summary:    "Answer to which connection invalidations go",
		Since:      "6.0.0", Group: "connection", Complexity: "O(1)",
	},
	{
		Name: "client|tracking", Arity: -3, Flags: NoScript | Loading | Stale,
		Categories: CatSlow | CatConnection,
		Summary:    "Have the connection told when keys change that it has read",
		Since:      "6.0.0", Group: "connection", Complexity: "O(1). Some options may introduce additional complexity.",
		Args: []Arg{
			{Name: "status", Type: "oneof", Args: []Arg{
				{Name: "on", Type: "pure-token", Token: "ON"},
				{Name: "off", Type: "pure-token", Token: "OFF"},
			}},
			{Name: "client-id", Type: "integer", Token: "REDIRECT", Optional: true},
			{Name: "prefix", Type: "string", Token: "PREFIX", Optional: true, Multiple: true, Repeat: true},
			{Name: "bcast", Type: "pure-token", Token: "BCAST", Optional: true},
			{Name: "optin", Type: "pure-token", Token: "OPTIN", Optional: true},
			{Name: "optout", Type: "pure-token", Token: "OPTOUT", Optional: true},
			{Name: "noloop", Type: "pure-token", Token: "NOLOOP", Optional: true},
		},
	},
	{
		Name: "client|caching", Arity: 3, Flags: NoScript | Loading | Stale,
		Categories: CatSlow | CatConnection,
		Summary:    "Track, or do not track, what the next command reads",
		Since:      "6.0.0", Group: "connection", Complexity: "O(1)",
		Args: []Arg{
			{Name: "mode", Type: "oneof", Args: []Arg{
				{Name: "yes", Type: "pure-token", Token: "YES"},
				{Name: "no", Type: "pure-token", Token: "NO"},
			}},
		},
	},
	{
		Name: "client|trackinginfo", Arity: 2, Flags: NoScript | Loading | Stale,
		Categories: CatSlow | CatConnection,
		Summary:    "Describe the connection's tracking",
		Since:      "6.2.0", Group: "connection", Complexity: "O(1)",
	},
	helpSub("client|help", "5.0.0", "connection", CatSlow|CatConnection),
	{
		Name: "client|setinfo", Arity: 4, Flags: NoScript | Loading | Stale,
		Categories: CatSlow | CatConnection,
		Summary:    "Name the library that the client uses, or its version",
		Since:      "7.2.0", Group: "connection", Complexity: "O(1)",
		Args: []Arg{
			{Name: "attr", Type: "oneof", Args: []Arg{
				{Name: "libname", Type: "string", Token: "LIB-NAME"},
				{Name: "libver", Type: "string", Token: "LIB-VER"},
			}},
		},
	},
	{
		Name: "client|no-touch", Arity: 3, Flags: NoScript | Loading | Stale,
		Categories: CatSlow | CatConnection,
		Summary:    "Choose whether the connection's commands make keys hot",
		Since:      "7.2.0", Group: "connection", Complexity: "O(1)",
		Args: []Arg{
			{Name: "enabled", Type: "oneof", Args: []Arg{
				{Name: "on", Type: "pure-token", Token: "ON"},
				{Name: "off", Type: "pure-token", Token: "OFF"},
			}},
		},
	},
	{
		Name: "client|import-source", Arity: 3, Flags: NoScript | Loading | Stale,
		Categories: CatSlow | CatConnection,
		Summary:    "Mark the connection as the one that imports data",
		Since:      "8.1.0", Group: "connection", Complexity: "O(1)",
		Args: []Arg{
			{Name: "enabled", Type: "oneof", Args: []Arg{
				{Name: "on", Type: "pure-token", Token: "ON"},
				{Name: "off", Type: "pure-token", Token: "OFF"},
			}},
		},
	},
}
