package command

// Strings as arrays of bits.
var bitmapTable = []Command{
	{
		Name: "setbit", Arity: 4, Flags: Write | DenyOOM | Fetch | Carries,
		Categories: CatWrite | CatBitmap | CatSlow,
		Keys:       Keys{1, 1, 1}, Adds: setbitAdds, Handler: setbitCmd,
		Specs:   []KeySpec{{RW | ReadsValue | UpdatesValue, 1, 0, 1}},
		Summary: "Set or clear a bit of the value of a key",
		Since:   "2.2.0", Group: "bitmap", Complexity: "O(1)",
		Args: []Arg{
			{Name: "key", Type: "key"},
			{Name: "offset", Type: "integer"},
			{Name: "value", Type: "integer"},
		},
	},
	{
		Name: "getbit", Arity: 3, Flags: ReadOnly | Fast | Fetch,
		Categories: CatRead | CatBitmap | CatFast,
		Keys:       Keys{1, 1, 1}, Handler: getbitCmd,
		Specs:   []KeySpec{{RO | ReadsValue, 1, 0, 1}},
		Summary: "Answer a bit of the value of a key",
		Since:   "2.2.0", Group: "bitmap", Complexity: "O(1)",
		Args: []Arg{
			{Name: "key", Type: "key"},
			{Name: "offset", Type: "integer"},
		},
	},
	{
		Name: "bitcount", Arity: -2, Flags: ReadOnly | Fetch,
		Categories: CatRead | CatBitmap | CatSlow,
		Keys:       Keys{1, 1, 1}, Handler: bitcountCmd,
		Specs:   []KeySpec{{RO | ReadsValue, 1, 0, 1}},
		Summary: "Count the bits that are set in a value",
		Since:   "2.6.0", Group: "bitmap", Complexity: "O(N)",
		Args: []Arg{
			{Name: "key", Type: "key"},
			{Name: "index", Type: "block", Optional: true, Args: []Arg{
				{Name: "start", Type: "integer"},
				{Name: "end", Type: "integer"},
				{Name: "index_unit", Type: "oneof", Since: "7.0.0", Optional: true, Args: []Arg{
					{Name: "byte", Type: "pure-token", Token: "BYTE"},
					{Name: "bit", Type: "pure-token", Token: "BIT"},
				}},
			}},
		},
	},
	{
		Name: "bitpos", Arity: -3, Flags: ReadOnly | Fetch,
		Categories: CatRead | CatBitmap | CatSlow,
		Keys:       Keys{1, 1, 1}, Handler: bitposCmd,
		Specs:   []KeySpec{{RO | ReadsValue, 1, 0, 1}},
		Summary: "Find the first bit that is set or clear in a value",
		Since:   "2.8.7", Group: "bitmap", Complexity: "O(N)",
		Args: []Arg{
			{Name: "key", Type: "key"},
			{Name: "bit", Type: "integer"},
			{Name: "index", Type: "block", Optional: true, Args: []Arg{
				{Name: "start", Type: "integer"},
				{Name: "end_index", Type: "block", Optional: true, Args: []Arg{
					{Name: "end", Type: "integer"},
					{Name: "index_unit", Type: "oneof", Since: "7.0.0", Optional: true, Args: []Arg{
						{Name: "byte", Type: "pure-token", Token: "BYTE"},
						{Name: "bit", Type: "pure-token", Token: "BIT"},
					}},
				}},
			}},
		},
	},
	{
		Name: "bitop", Arity: -4, Flags: Write | DenyOOM | Fetch | Carries,
		Categories: CatWrite | CatBitmap | CatSlow,
		Keys:       Keys{2, -1, 1}, Sources: Keys{3, -1, 1}, Handler: bitopCmd,
		Specs:   []KeySpec{{OW | UpdatesValue, 2, 0, 1}, {RO | ReadsValue, 3, -1, 1}},
		Summary: "Combine values bit by bit",
		Since:   "2.6.0", Group: "bitmap", Complexity: "O(N)",
		Args: []Arg{
			{Name: "operation", Type: "string"},
			{Name: "destkey", Type: "key"},
			{Name: "key", Type: "key", Spec: 1, Multiple: true},
		},
	},
	{
		Name: "bitfield", Arity: -2, Flags: Write | DenyOOM | Fetch | Carries,
		Categories: CatWrite | CatBitmap | CatSlow,
		Keys:       Keys{1, 1, 1}, Access: bitfieldAccess, Adds: bitfieldAdds, Handler: bitfieldCmd,
		Specs:   []KeySpec{{RW | ReadsValue | UpdatesValue | VariableAccess, 1, 0, 1}},
		Summary: "Read and change integers of any width within a value",
		Since:   "3.2.0", Group: "bitmap", Complexity: "O(1) for each subcommand specified",
		Args: []Arg{
			{Name: "key", Type: "key"},
			{Name: "operation", Type: "oneof", Optional: true, Multiple: true, Args: []Arg{
				{Name: "encoding_offset", Type: "block", Token: "GET", Args: []Arg{
					{Name: "encoding", Type: "string"},
					{Name: "offset", Type: "integer"},
				}},
				{Name: "write", Type: "block", Args: []Arg{
					{Name: "wrap_sat_fail", Type: "oneof", Token: "OVERFLOW", Optional: true, Args: []Arg{
						{Name: "wrap", Type: "pure-token", Token: "WRAP"},
						{Name: "sat", Type: "pure-token", Token: "SAT"},
						{Name: "fail", Type: "pure-token", Token: "FAIL"},
					}},
					{Name: "write_operation", Type: "oneof", Args: []Arg{
						{Name: "encoding_offset_value", Type: "block", Token: "SET", Args: []Arg{
							{Name: "encoding", Type: "string"},
							{Name: "offset", Type: "integer"},
							{Name: "value", Type: "integer"},
						}},
						{Name: "encoding_offset_increment", Type: "block", Token: "INCRBY", Args: []Arg{
							{Name: "encoding", Type: "string"},
							{Name: "offset", Type: "integer"},
							{Name: "increment", Type: "integer"},
						}},
					}},
				}},
			}},
		},
	},
	{
		Name: "bitfield_ro", Arity: -2, Flags: ReadOnly | Fast | Fetch,
		Categories: CatRead | CatBitmap | CatFast,
		Keys:       Keys{1, 1, 1}, Handler: bitfieldroCmd,
		Specs:   []KeySpec{{RO | ReadsValue, 1, 0, 1}},
		Summary: "Read integers of any width within a value",
		Since:   "6.0.0", Group: "bitmap", Complexity: "O(1) for each subcommand specified",
		Args: []Arg{
			{Name: "key", Type: "key"},
			{Name: "encoding_offset", Type: "block", Token: "GET", Optional: true, Multiple: true, Repeat: true, Args: []Arg{
				{Name: "encoding", Type: "string"},
				{Name: "offset", Type: "integer"},
			}},
		},
	},
}
