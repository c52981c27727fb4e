package campaign

import "slices"

func storageScopes() []Scope {
	return []Scope{
		{
			Name: "rename-and-checkpoint", What: "keys renamed while the index is written down, the process ending anywhere",
			Mutants: []string{"checkpoint-revives-the-deleted"},
			Clients: [][]string{
				{fill, fill, fill, fill, "SET k0 $ | SET k1 $ | SET k5 $ | SET k6 $ | SET k10 $", "RENAME k0 k11", "RENAME k11 k0 | DEL k1", "GET k0"},
				{"PING", "PING", "PING", "PING", "PING", "PING", "SET k5 $", "MGET k0 k11"},
			},
			Base: []Fixed{{"run/value size", 4}, {"run/checkpoint", 1}},
			Vary: append([]Vary{{"disk/op #/time", opWrite, []int{usual, long}}, hurried}, crashAnywhere...),
			From: 40, Grain: calmGrain, Step: calmStep,
		},
		{
			Name: "compaction-and-read", What: "a cold value read and overwritten while its segment is compacted, the process ending anywhere",
			Mutants: []string{"copy-overwrites-newer-value"},
			Clients: [][]string{
				{"SET k1 $ | SET k5 $", fill, fill, fill, fill, fill, fill, "SET k5 $", "GET k1"},
				append(slices.Repeat([]string{"PING"}, 11), "GET k1", "SET k1 $", "GET k1"),
			},
			Base: append([]Fixed{{"run/value size", 4}, {"run/segment", 1}, {"run/batch", 1}}, cold...),
			Vary: []Vary{
				hurried, slow,
				{"crash", -1, []int{0, 1}},
				{"power cut/file #/write in flight", -1, []int{0, 1, 2}},
			},
			From: 60, Grain: calmGrain, Step: calmStep,
		},
	}
}

// largeScopes are out of reach without recognising states.
func largeScopes() []Scope {
	think := Vary{"client #/command #/think", -1, []int{usual, grid}}
	write := Vary{"disk/op #/time", opWrite, []int{usual, long, grid}}
	return []Scope{
		{
			Name: "set-get-tick-crash", What: "three commands, three completions, two ticks and a deadline, the process ending anywhere",
			Mutants: []string{"reply-before-fsync"},
			Clients: [][]string{{"SET k0 $ PX 24", "GET k0", "GET k1"}, {"SET k1 $", "GET k0"}, {"PING", "GET k0"}},
			Vary: append([]Vary{
				{"disk/op #/time", opWrite, []int{usual, firstDead, grid}},
				{"client #/command #/think", -1, []int{usual, firstDead, grid}},
				{"clock/late tick", -1, []int{usual, firstDead}},
			}, crashAnywhere...),
		},
		{
			Name: "everysec-and-crash", What: "three writes, two fsyncs behind them, a power cut anywhere",
			Base:    []Fixed{{"run/appendfsync", 1}},
			Clients: [][]string{{"SET k0 $", "SET k1 $"}, {"APPEND k0 $"}},
			Vary: []Vary{
				{"client #/command #/think", -1, []int{usual, grid, 11}},
				{"disk/op #/time", 9, []int{usual, grid}},
				{"crash", -1, []int{0, 1, 2}},
				{"power cut/file #/write in flight", -1, []int{0, 1}},
				{"power cut/file #/unsynced write", -1, []int{0, 1}},
			},
		},
		{
			Name: "woken-expiry-fsync", What: "a client that waits for an element of a list that expires, and the log behind it, the process ending anywhere",
			Mutants: []string{"woken-reply-not-held"},
			Clients: [][]string{{"BLPOP k10 1", "LLEN k10"}, {"PING", "MULTI | RPUSH k10 a | RPUSH k10 b | PEXPIRE k10 12 | EXEC", "LLEN k10"}, {"PING", "LLEN k10"}},
			Vary:    append([]Vary{think, write, {"clock/late tick", -1, []int{usual, firstDead}}}, crashAnywhere...),
		},
		{
			Name: "switch-and-crash", What: "appendonly switched on while clients write, the process ending anywhere",
			Base: []Fixed{{"run/appendfsync", 3}}, Logs: 1,
			Clients: [][]string{{"SET k0 $", "SET k0 $", "GET k0", "SET k1 $"}, {"PING", "SET k1 $", "GET k0"}},
			Vary:    append([]Vary{think, write, slow, {"admin/wait", -1, []int{usual, 4, grid}}}, crashAnywhere...),
			Step:    calmStep,
		},
		{
			Name: "import-and-client", What: "a source of an import and a client around a deadline, and the end of the mode",
			Mutants: []string{"import-expires", "import-source-sees-deadlines", "import-del-keeps-the-dead", "import-switch-not-held"},
			Clients: [][]string{
				{"CONFIG SET import-mode yes | CLIENT IMPORT-SOURCE ON | SET k0 $ PX 13", "GET k0", "CONFIG SET import-mode no", "GET k0"},
				{"PING", "GET k0", "DEL k0", "DBSIZE"},
			},
			Vary: []Vary{
				{"client #/command #/think", -1, []int{usual, lastAlive, firstDead, grid}},
				{"disk/op #/time", opWrite, []int{usual, firstDead}},
				{"clock/late tick", -1, []int{usual, firstDead}},
			},
		},
		{
			Name: "checkpoint-and-crash", What: "the index written down while keys change, the process ending anywhere",
			Base: []Fixed{{"run/value size", 4}, {"run/checkpoint", 1}},
			Clients: [][]string{
				{fill, fill, fill, fill, "SET k0 $ | SET k1 $ | SET k5 $ | SET k6 $ | SET k10 $", "SET k0 $", "DEL k1", "GET k0"},
				{"PING", "PING", "PING", "PING", "PING", "APPEND k5 $", "MGET k0 k5"},
			},
			Vary: append([]Vary{hurried, {"disk/op #/time", opWrite, []int{usual, jitter, long}}}, crashAnywhere...),
			From: 40, Grain: calmGrain, Step: calmStep,
		},
	}
}
