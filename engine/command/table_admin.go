package command

import (
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

// What tools and clients ask a server about its company and its memory. There is
// one server, with one user and no modules, and these say so.
var adminTable = []Command{
	{
		Name: "role", Arity: 1, Flags: NoScript | Loading | Stale | Fast, Categories: CatAdmin | CatFast | CatDangerous,
		Summary: "Answer the server's part in replication",
		Since:   "2.8.12", Group: "server", Complexity: "O(1)",
	},
	replicaOf("replicaof", "5.0.0"), replicaOf("slaveof", "1.0.0"),
	{
		Name: "cluster", Arity: -2, Categories: CatSlow,
		Summary: "Commands about the cluster",
		Since:   "3.0.0", Group: "cluster", Complexity: "Depends on subcommand.",
		Subs: []Command{
			clusterSub("cluster|countkeysinslot", 3, "3.0.0", "O(1)", Arg{Name: "slot", Type: "integer"}),
			clusterSub("cluster|getkeysinslot", 4, "3.0.0", "O(log(N)) where N is the number of requested keys", Arg{Name: "slot", Type: "integer"}, Arg{Name: "count", Type: "integer"}),
			clusterSub("cluster|help", 2, "5.0.0", "O(1)"),
			clusterSub("cluster|info", 2, "3.0.0", "O(1)"),
			clusterSub("cluster|keyslot", 3, "3.0.0", "O(N) where N is the number of bytes in the key", Arg{Name: "key", Type: "string"}),
			clusterSub("cluster|links", 2, "7.0.0", "O(N) where N is the total number of Cluster nodes"),
			clusterSub("cluster|myid", 2, "3.0.0", "O(1)"),
			clusterSub("cluster|nodes", 2, "3.0.0", "O(N) where N is the total number of Cluster nodes"),
			clusterSub("cluster|shards", 2, "7.0.0", "O(N) where N is the total number of cluster nodes"),
			clusterSub("cluster|slots", 2, "3.0.0", "O(N) where N is the total number of Cluster nodes"),
		},
	},
	clusterCommand("readonly", 1, Loading|Stale|Fast, CatFast|CatConnection, "3.0.0"),
	clusterCommand("readwrite", 1, Loading|Stale|Fast, CatFast|CatConnection, "3.0.0"),
	clusterCommand("asking", 1, Fast, CatFast|CatConnection, "3.0.0"),
	{
		Name: "module", Arity: -2, Categories: CatSlow,
		Summary: "Commands about modules",
		Since:   "4.0.0", Group: "server", Complexity: "Depends on subcommand.",
		Subs: []Command{helpSub("module|help", "5.0.0", "server", CatSlow), {
			Name: "module|list", Arity: 2, Flags: Admin | NoScript, Categories: CatAdmin | CatSlow | CatDangerous,
			Tips:    []string{"nondeterministic_output_order"},
			Summary: "Answer the modules that are loaded",
			Since:   "4.0.0", Group: "server", Complexity: "O(N) where N is the number of loaded modules.",
		}},
	},
	{
		Name: "acl", Arity: -2, Categories: CatSlow,
		Summary: "Commands about users",
		Since:   "6.0.0", Group: "server", Complexity: "Depends on subcommand.",
		Subs: []Command{
			{
				Name: "acl|cat", Arity: -2, Flags: NoScript | Loading | Stale, Categories: CatSlow,
				Summary: "Answer the categories, or the commands of one",
				Since:   "6.0.0", Group: "server", Complexity: "O(1) since the categories and commands are a fixed set.",
				Args: []Arg{{Name: "categoryname", Type: "string", Optional: true}},
			},
			helpSub("acl|help", "6.0.0", "server", CatSlow),
			{
				Name: "acl|users", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Categories: CatAdmin | CatSlow | CatDangerous,
				Summary: "Answer the names of the users",
				Since:   "6.0.0", Group: "server", Complexity: "O(N). Where N is the number of configured users.",
			},
			{
				Name: "acl|whoami", Arity: 2, Flags: NoScript | Loading | Stale, Categories: CatSlow,
				Summary: "Answer the name of the connection's user",
				Since:   "6.0.0", Group: "server", Complexity: "O(1)",
			},
		},
	},
	{
		Name: "memory", Arity: -2, Categories: CatSlow,
		Summary: "Commands about memory",
		Since:   "4.0.0", Group: "server", Complexity: "Depends on subcommand.",
		Subs: []Command{
			helpSub("memory|help", "4.0.0", "server", CatSlow),
			{
				Name: "memory|usage", Arity: -3, Flags: ReadOnly | Random, Categories: CatRead | CatSlow,
				Keys: Keys{2, 2, 1}, Specs: []KeySpec{{RO, 2, 0, 1}}, Handler: memoryUsageCmd,
				Summary: "Answer how much memory a key and its value take",
				Since:   "4.0.0", Group: "server", Complexity: "O(N) where N is the number of samples.",
				Args: []Arg{{Name: "key", Type: "key"}, {Name: "count", Type: "integer", Token: "SAMPLES", Optional: true}},
			},
		},
	},
	{
		Name: "lolwut", Arity: -1, Flags: ReadOnly | Fast, Categories: CatRead | CatFast,
		Summary: "Answer the version",
		Since:   "5.0.0", Group: "server",
		Args: []Arg{{Name: "version", Type: "integer", Token: "VERSION", Optional: true}},
	},
}

func replicaOf(name, since string) Command {
	c := Command{
		Name: name, Arity: 3, Flags: Admin | NoScript | Stale | NoAsyncLoading, Categories: CatAdmin | CatSlow | CatDangerous,
		Summary: "Follow another server, or none",
		Since:   since, Group: "server", Complexity: "O(1)",
		Args: []Arg{{Name: "args", Type: "oneof", Args: []Arg{
			{Name: "host-port", Type: "block", Args: []Arg{{Name: "host", Type: "string"}, {Name: "port", Type: "integer"}}},
			{Name: "no-one", Type: "block", Args: []Arg{
				{Name: "no", Type: "pure-token", Token: "NO"}, {Name: "one", Type: "pure-token", Token: "ONE"},
			}},
		}}},
	}
	if name == "slaveof" {
		c.Deprecated, c.Instead = "5.0.0", "`REPLICAOF`"
	}
	return c
}

func clusterCommand(name string, arity int, flags Flag, cat Category, since string) Command {
	return Command{
		Name: name, Arity: arity, Flags: flags, Categories: cat,
		Summary: "Say that there is no cluster",
		Since:   since, Group: "cluster", Complexity: "O(1)",
	}
}

// memoryUsageCmd answers what the key holds in memory: of a cold one, its entry.
func memoryUsageCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	for i := 3; i < len(a); i += 2 {
		if !is(a[i], "samples") || i+1 == len(a) {
			return refuse(w, "ERR syntax error")
		}
		n, good := obj.ParseInt(a[i+1])
		if !good {
			return refuse(w, errNotInt)
		}
		if n < 0 {
			return refuse(w, "ERR syntax error")
		}
	}
	t.Quiet = true
	if n, there := t.MemoryOf(a[2]); there {
		w.Int(n)
	} else {
		w.Null()
	}
	return Done
}

func clusterSub(name string, arity int, since, complexity string, args ...Arg) Command {
	c := Command{
		Name: name, Arity: arity, Flags: Stale, Categories: CatSlow,
		Summary: "Say that there is no cluster",
		Since:   since, Group: "cluster", Complexity: complexity, Args: args,
	}
	switch name {
	case "cluster|help":
		c.Flags |= Loading
	case "cluster|countkeysinslot", "cluster|keyslot", "cluster|myid":
	default:
		c.Tips = []string{"nondeterministic_output"}
	}
	if name == "cluster|slots" {
		c.Deprecated, c.Instead = "7.0.0", "`CLUSTER SHARDS`"
	}
	return c
}
