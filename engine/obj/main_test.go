package obj

import (
	"flag"
	"os"
	"testing"
)

// TestMain fixes the seed of the property tests: a run is the same everywhere.
func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("rapid.nofailfile", "true")
	if f := flag.Lookup("rapid.seed"); f.Value.String() == "0" {
		f.Value.Set("1")
	}
	os.Exit(m.Run())
}
