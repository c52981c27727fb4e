package command

// Messages between clients: the session delivers them.
var pubsubTable = []Command{
	{
		Name: "publish", Arity: 3, Flags: PubSub | Loading | Stale | Fast,
		Categories: CatPubSub | CatFast,
		Summary:    "Send a message to a channel",
		Since:      "2.0.0", Group: "pubsub", Complexity: "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client).",
		Args: []Arg{
			{Name: "channel", Type: "string"},
			{Name: "message", Type: "string"},
		},
	},
	{
		Name: "subscribe", Arity: -2, Flags: PubSub | NoScript | Loading | Stale,
		Categories: CatPubSub | CatSlow,
		Summary:    "Listen to channels",
		Since:      "2.0.0", Group: "pubsub", Complexity: "O(N) where N is the number of channels to subscribe to.",
		Args: []Arg{
			{Name: "channel", Type: "string", Multiple: true},
		},
	},
	{
		Name: "unsubscribe", Arity: -1, Flags: PubSub | NoScript | Loading | Stale,
		Categories: CatPubSub | CatSlow,
		Summary:    "Stop listening to channels",
		Since:      "2.0.0", Group: "pubsub", Complexity: "O(N) where N is the number of clients already subscribed to a channel.",
		Args: []Arg{
			{Name: "channel", Type: "string", Optional: true, Multiple: true},
		},
	},
	{
		Name: "psubscribe", Arity: -2, Flags: PubSub | NoScript | Loading | Stale,
		Categories: CatPubSub | CatSlow,
		Summary:    "Listen to the channels that match patterns",
		Since:      "2.0.0", Group: "pubsub", Complexity: "O(N) where N is the number of patterns the client is already subscribed to.",
		Args: []Arg{
			{Name: "pattern", Type: "block", Multiple: true, Args: []Arg{{Name: "pattern", Type: "pattern"}}},
		},
	},
	{
		Name: "punsubscribe", Arity: -1, Flags: PubSub | NoScript | Loading | Stale,
		Categories: CatPubSub | CatSlow,
		Summary:    "Stop listening to patterns",
		Since:      "2.0.0", Group: "pubsub", Complexity: "O(N+M) where N is the number of patterns the client is already subscribed and M is the number of total patterns subscribed in the system (by any client).",
		Args: []Arg{
			{Name: "pattern", Type: "pattern", Optional: true, Multiple: true},
		},
	},
	{
		Name: "spublish", Arity: 3, Flags: PubSub | Loading | Stale | Fast,
		Categories: CatPubSub | CatFast,
		Keys:       Keys{1, 1, 1},
		Specs:      []KeySpec{{NotKey, 1, 0, 1}},
		Summary:    "Send a message to a shard channel",
		Since:      "7.0.0", Group: "pubsub", Complexity: "O(N) where N is the number of clients subscribed to the receiving shard channel.",
		Args: []Arg{
			{Name: "shardchannel", Type: "string"},
			{Name: "message", Type: "string"},
		},
	},
	{
		Name: "ssubscribe", Arity: -2, Flags: PubSub | NoScript | Loading | Stale,
		Categories: CatPubSub | CatSlow,
		Keys:       Keys{1, -1, 1},
		Specs:      []KeySpec{{NotKey, 1, -1, 1}},
		Summary:    "Listen to shard channels",
		Since:      "7.0.0", Group: "pubsub", Complexity: "O(N) where N is the number of shard channels to subscribe to.",
		Args: []Arg{
			{Name: "shardchannel", Type: "string", Multiple: true},
		},
	},
	{
		Name: "sunsubscribe", Arity: -1, Flags: PubSub | NoScript | Loading | Stale,
		Categories: CatPubSub | CatSlow,
		Keys:       Keys{1, -1, 1},
		Specs:      []KeySpec{{NotKey, 1, -1, 1}},
		Summary:    "Stop listening to shard channels",
		Since:      "7.0.0", Group: "pubsub", Complexity: "O(N) where N is the number of clients already subscribed to a shard channel.",
		Args: []Arg{
			{Name: "shardchannel", Type: "string", Optional: true, Multiple: true},
		},
	},
	{
		Name: "pubsub", Arity: -2,
		Categories: CatSlow,
		Summary:    "Commands about channels",
		Since:      "2.8.0", Group: "pubsub", Complexity: "Depends on subcommand.",
		Subs: pubsubSubs,
	},
}

var pubsubSubs = []Command{
	{
		Name: "pubsub|channels", Arity: -2, Flags: PubSub | Loading | Stale,
		Categories: CatPubSub | CatSlow,
		Summary:    "List channels that somebody subscribes to",
		Since:      "2.8.0", Group: "pubsub", Complexity: "O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short channels and patterns)",
		Args: []Arg{
			{Name: "pattern", Type: "pattern", Optional: true},
		},
	},
	{
		Name: "pubsub|numsub", Arity: -2, Flags: PubSub | Loading | Stale,
		Categories: CatPubSub | CatSlow,
		Summary:    "Count the subscribers of channels",
		Since:      "2.8.0", Group: "pubsub", Complexity: "O(N) for the NUMSUB subcommand, where N is the number of requested channels",
		Args: []Arg{
			{Name: "channel", Type: "string", Optional: true, Multiple: true},
		},
	},
	{
		Name: "pubsub|numpat", Arity: 2, Flags: PubSub | Loading | Stale,
		Categories: CatPubSub | CatSlow,
		Summary:    "Count the patterns that somebody subscribes to",
		Since:      "2.8.0", Group: "pubsub", Complexity: "O(1)",
	},
	{
		Name: "pubsub|shardchannels", Arity: -2, Flags: PubSub | Loading | Stale,
		Categories: CatPubSub | CatSlow,
		Summary:    "List shard channels that somebody subscribes to",
		Since:      "7.0.0", Group: "pubsub", Complexity: "O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively short shard channels).",
		Args: []Arg{
			{Name: "pattern", Type: "pattern", Optional: true},
		},
	},
	{
		Name: "pubsub|shardnumsub", Arity: -2, Flags: PubSub | Loading | Stale,
		Categories: CatPubSub | CatSlow,
		Summary:    "Count the subscribers of shard channels",
		Since:      "7.0.0", Group: "pubsub", Complexity: "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels",
		Args: []Arg{
			{Name: "shardchannel", Type: "string", Optional: true, Multiple: true},
		},
	},
	helpSub("pubsub|help", "6.2.0", "pubsub", CatSlow),
}
