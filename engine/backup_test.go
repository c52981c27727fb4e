package engine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInfoSaysNothingTwice: no section of INFO has a field twice.
func TestInfoSaysNothingTwice(t *testing.T) {
	s := serve(t, small())
	seen := map[string]bool{}
	k := s.dial()
	k.send("INFO", "everything")
	for _, line := range strings.Split(string(k.read().Str), "\r\n") {
		if strings.HasPrefix(line, "# ") {
			clear(seen)
		}
		if field, _, ok := strings.Cut(line, ":"); ok {
			require.False(t, seen[field], field)
			seen[field] = true
		}
	}
}

// TestSaveWaitsAlone: SAVE holds back its own connection only, and what others
// write meanwhile is served. The texts are Redis's.
func TestSaveWaitsAlone(t *testing.T) {
	s := serve(t, small())
	k, other := s.dial(), s.dial()
	require.Equal(t, "+OK", k.do("SET", "k", "v"))
	k.send("SAVE")
	k.send("GET", "k")
	require.Equal(t, "+OK", other.do("SET", "k", "w"))
	require.Equal(t, "-ERR Background save already in progress", other.do("BGSAVE"))
	require.Equal(t, "-ERR Background save already in progress", other.do("SAVE"))
	require.Equal(t, "+OK", text(k.read()))
	require.Equal(t, `"w"`, text(k.read()))
	require.Equal(t, "1", s.info("rdb_saves"))
	require.Equal(t, "+OK", k.do("MULTI"))
	require.Equal(t, "-ERR Command not allowed inside a transaction", k.do("SAVE"))
	require.Equal(t, "-EXECABORT Transaction discarded because of previous errors.", k.do("EXEC"))
	require.Equal(t, "+OK", k.do("MULTI"))
	require.Equal(t, "+QUEUED", k.do("BGSAVE"))
	require.Equal(t, "[+Background saving started]", k.do("EXEC"))
	s.until(func() bool { return s.info("rdb_saves") == "2" })
	require.Equal(t, "-ERR syntax error", k.do("BGSAVE", "NOW"))
}
