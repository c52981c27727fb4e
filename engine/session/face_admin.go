package session

import (
	"strings"

	"holdfast/engine/command"
	"holdfast/engine/resp"
)

// What tools and clients ask a server about its company. There is one server,
// with one user and no modules.
func addAdmin(m map[string]faceFunc) {
	m["role"] = faceRole
	m["replicaof"], m["slaveof"] = faceReplicaOf, faceReplicaOf
	for _, name := range []string{"readonly", "readwrite", "asking"} {
		m[name] = faceNoCluster
	}
	for _, c := range command.Lookup([]byte("cluster")).Subs {
		m[c.Name] = faceNoCluster
	}
	m["module|list"] = func(_ *Server, _ *conn, _ command.Args, w *resp.Writer) { w.Array(0) }
	m["acl|cat"] = faceACLCat
	m["acl|users"] = faceACLUsers
	m["acl|whoami"] = func(_ *Server, _ *conn, _ command.Args, w *resp.Writer) { w.BulkString("default") }
	m["acl|help"], m["memory|help"], m["module|help"] = faceAdminHelp, faceAdminHelp, faceAdminHelp
	m["lolwut"] = faceLolwut
}

func faceRole(_ *Server, _ *conn, _ command.Args, w *resp.Writer) {
	w.Array(3)
	w.BulkString("master")
	w.Int(0)
	w.Array(0)
}

// faceReplicaOf follows nobody, which is all that there is.
func faceReplicaOf(_ *Server, _ *conn, a command.Args, w *resp.Writer) {
	if !strings.EqualFold(string(a[1]), "no") || !strings.EqualFold(string(a[2]), "one") {
		w.Error("ERR replication is not supported")
		return
	}
	w.OK()
}

func faceNoCluster(_ *Server, _ *conn, _ command.Args, w *resp.Writer) {
	w.Error("ERR This instance has cluster support disabled")
}

func faceACLUsers(_ *Server, _ *conn, _ command.Args, w *resp.Writer) {
	w.Array(1)
	w.BulkString("default")
}

func faceACLCat(_ *Server, _ *conn, a command.Args, w *resp.Writer) {
	var category []byte
	if len(a) > 2 {
		category = a[2]
	}
	names, ok := command.InCategory(category)
	switch {
	case len(a) > 3:
		w.Error("ERR unknown subcommand or wrong number of arguments for '" + string(a[1]) + "'. Try ACL HELP.")
	case !ok:
		w.Error("ERR Unknown category '" + string(category) + "'")
	default:
		w.Array(len(names))
		for _, n := range names {
			w.BulkString(n)
		}
	}
}

func faceAdminHelp(_ *Server, _ *conn, a command.Args, w *resp.Writer) {
	switch name := strings.ToUpper(string(a[0])); name {
	case "ACL":
		command.Help(w, name,
			"CAT [<category>]", "    List the categories of commands, or the commands of one.",
			"USERS", "    List the users: there is one.",
			"WHOAMI", "    Name the connection's user.")
	case "MEMORY":
		command.Help(w, name,
			"USAGE <key> [SAMPLES <count>]", "    Tell how many bytes <key> and its value take in memory; of a cold one, its entry.")
	default:
		command.Help(w, name, "LIST", "    List the modules: there are none.")
	}
}

func faceLolwut(_ *Server, _ *conn, _ command.Args, w *resp.Writer) {
	w.Verbatim("txt", "Holdfast, with commands of Redis ver. "+ServerVersion+"\n")
}
