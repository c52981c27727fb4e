package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// arrows says which packages of ours each package may import. A name ending in
// /... stands for the package and all below it. The engine's rows are the table
// of DESIGN.md; a change here is a change of the design.
var arrows = []struct{ from, to string }{
	{"engine/unit", ""},
	{"engine/config", ""},
	{"engine/event", "engine/unit"},
	{"engine/latency", ""},
	{"engine/resp", ""},
	{"engine/obj", ""},
	{"engine/mem", ""},
	{"engine/rdb", "engine/obj"},
	{"engine/keyspace", "engine/mem engine/unit"},
	{"engine/wal", "vfs engine/unit"},
	{"engine/tx", "engine/keyspace engine/wal engine/obj engine/unit"},
	{"engine/tier", "engine/tx engine/keyspace engine/wal engine/obj engine/unit"},
	{"engine/ckpt", "vfs engine/tier engine/tx engine/keyspace engine/wal engine/unit"},
	{"engine/hold", "engine/unit"},
	{"engine/command", "engine/tx engine/obj engine/rdb engine/resp engine/unit"},
	{"engine/command/script", "engine/resp"},
	{"engine/session", "engine/command engine/tx engine/tier engine/hold engine/wal engine/obj engine/resp net engine/unit"},
	{"engine", "engine/... clock vfs net"},

	// The ports know nothing of the engine.
	{"clock", ""},
	{"clock/...", "clock"},
	{"vfs", ""},
	{"vfs/...", "vfs/..."},
	{"net", ""},
	{"net/...", "net/... clock"},

	// Above the engine.
	{"sim/...", "sim/... engine/... clock vfs/... net/..."},
	{"cmd/holdfast", "engine/... clock vfs/... net/..."},
	{"cmd/holdfast-sim", "sim/... engine/... clock vfs/... net/..."},
	{"fuzz", "sim/... engine/... clock vfs/... net/..."},
	{"bench/...", "bench/... engine/resp"},
}

// anybody are engine packages that every engine package may import: settings,
// the events an observer hears, what is measured.
const anybody = "engine/config engine/event engine/latency"

// outside are the modules that each folder may use. Tests may use more.
var outside = []struct{ from, to string }{
	{"engine/...", "golang.org/x/exp/..."},
	{"clock/clocktest", "github.com/stretchr/testify/require"}, // conformance suites
	{"vfs/vfstest", "github.com/stretchr/testify/require pgregory.net/rapid"},
	{"net/nettest", "github.com/stretchr/testify/require"},
	{"vfs/...", "golang.org/x/sys/..."},
	{"net/...", "golang.org/x/sys/..."},
	{"clock", "golang.org/x/sys/..."},
	{"cmd/...", "golang.org/x/sys/... golang.org/x/exp/... github.com/HdrHistogram/..."},
	{"sim/...", "golang.org/x/exp/... github.com/anishathalye/porcupine github.com/HdrHistogram/... github.com/cockroachdb/datadriven"},
	{"bench/...", "golang.org/x/sys/... github.com/HdrHistogram/... github.com/tidwall/redcon"},
	{"fuzz", "github.com/tidwall/redcon pgregory.net/rapid"},
}

// matches reports whether one of the patterns names the package.
func matches(patterns, pkg string) bool {
	for _, p := range strings.Fields(patterns) {
		if root, below := strings.CutSuffix(p, "/..."); p == pkg || below && (pkg == root || strings.HasPrefix(pkg, root+"/")) {
			return true
		}
	}
	return false
}

// checkArrows returns the imports of pkg that its row does not allow.
// Rows are tried in order, so that a special row can stand before a general one.
func checkArrows(pkg string, imports []string) (bad []string) {
	row := slices.IndexFunc(arrows, func(r struct{ from, to string }) bool { return matches(r.from, pkg) })
	if row < 0 {
		return []string{pkg + " has no row in the table of arrows"}
	}
	for _, one := range imports {
		to, ours := strings.CutPrefix(one, "holdfast/")
		if ours {
			inEngine := matches("engine/...", pkg)
			if !matches(arrows[row].to, to) && !(inEngine && pkg != "engine/unit" && matches(anybody, to)) {
				bad = append(bad, fmt.Sprintf("%s must not import %s: it may import %q", pkg, to, arrows[row].to))
			}
			continue
		}
		if !strings.Contains(strings.SplitN(one, "/", 2)[0], ".") {
			continue // the standard library
		}
		allowed := false
		for _, r := range outside {
			allowed = allowed || matches(r.from, pkg) && matches(r.to, one)
		}
		if !allowed {
			bad = append(bad, fmt.Sprintf("%s must not import the module package %s", pkg, one))
		}
	}
	return bad
}

func TestImportArrows(t *testing.T) {
	all, err := goList()
	require.NoError(t, err)
	checked := 0
	for path, p := range all {
		pkg, ours := strings.CutPrefix(path, "holdfast/")
		if !ours || len(p.GoFiles) == 0 {
			continue
		}
		checked++
		for _, line := range checkArrows(pkg, p.Imports) {
			t.Error(line)
		}
	}
	require.Greater(t, checked, 10, "go list found too few packages")
}

func TestArrowCheckCatches(t *testing.T) {
	f := func(pkg string, imports ...string) {
		t.Helper()
		require.Len(t, checkArrows(pkg, imports), 1, "%s -> %v", pkg, imports)
	}
	f("engine/command", "holdfast/engine/session")
	f("engine/tx", "holdfast/engine/command")
	f("engine/keyspace", "holdfast/engine/wal")
	f("engine/wal", "holdfast/engine/tx")
	f("engine/unit", "holdfast/engine/config")
	f("engine/session", "holdfast/clock")
	f("engine/resp", "holdfast/net")
	f("engine/hold", "github.com/tidwall/redcon")
	f("engine", "holdfast/sim")
	f("vfs/uring", "holdfast/net")
	f("vfs/pool", "holdfast/engine/wal")
	f("net/poll", "holdfast/engine/resp")
	f("cmd/holdfast", "holdfast/sim")
	f("sim", "holdfast/cmd/holdfast")
	f("engine/newcomer", "errors")
}

func TestArrowCheckAllows(t *testing.T) {
	f := func(pkg string, imports ...string) {
		t.Helper()
		require.Empty(t, checkArrows(pkg, imports))
	}
	f("engine/session", "holdfast/engine/command", "holdfast/engine/config", "holdfast/net", "strings")
	f("engine", "holdfast/engine/session", "holdfast/clock", "holdfast/vfs", "holdfast/net")
	f("vfs/disk", "holdfast/vfs", "holdfast/vfs/uring", "golang.org/x/sys/unix")
	f("sim/world", "holdfast/engine", "holdfast/vfs", "github.com/anishathalye/porcupine")
}
