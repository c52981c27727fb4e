package command

// Transactions: the session runs them.
var transactionTable = []Command{
	{
		Name: "multi", Arity: 1, Flags: NoScript | Loading | Stale | Fast | AllowBusy,
		Categories: CatFast | CatTransaction,
		Summary:    "Begin a transaction",
		Since:      "1.2.0", Group: "transactions", Complexity: "O(1)",
	},
	{
		Name: "exec", Arity: 1, Flags: NoScript | Loading | Stale | SkipSlowlog,
		Categories: CatSlow | CatTransaction,
		Summary:    "Run the transaction",
		Since:      "1.2.0", Group: "transactions", Complexity: "Depends on commands in the transaction",
	},
	{
		Name: "discard", Arity: 1, Flags: NoScript | Loading | Stale | Fast | AllowBusy,
		Categories: CatFast | CatTransaction,
		Summary:    "Forget the transaction",
		Since:      "2.0.0", Group: "transactions", Complexity: "O(N), when N is the number of queued commands",
	},
	{
		Name: "watch", Arity: -2, Flags: NoScript | Loading | Stale | Fast | AllowBusy,
		Categories: CatFast | CatTransaction,
		Keys:       Keys{1, -1, 1},
		Specs:      []KeySpec{{RO, 1, -1, 1}},
		Summary:    "Make the next transaction depend on keys staying as they are",
		Since:      "2.2.0", Group: "transactions", Complexity: "O(1) for every key.",
		Args: []Arg{
			{Name: "key", Type: "key", Multiple: true},
		},
	},
	{
		Name: "unwatch", Arity: 1, Flags: NoScript | Loading | Stale | Fast | AllowBusy,
		Categories: CatFast | CatTransaction,
		Summary:    "Forget all watched keys",
		Since:      "2.2.0", Group: "transactions", Complexity: "O(1)",
	},
}
