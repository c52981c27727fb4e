package obj

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMatch(t *testing.T) {
	for _, tc := range []struct {
		pattern, s string
		nocase     bool
		want       bool
	}{
		{"*", "", false, false},
		{"**", "", false, false},
		{"", "", false, true},
		{"", "a", false, false},
		{"a", "", false, false},
		{"?", "", false, false},
		{"**", "abc", false, true},
		{"h?llo", "hello", false, true},
		{"h*llo", "heeeello", false, true},
		{"h[ae]llo", "hallo", false, true},
		{"h[ae]llo", "hillo", false, false},
		{"h[^e]llo", "hbllo", false, true},
		{"h[^e]llo", "hello", false, false},
		{"h[a-b]llo", "hbllo", false, true},
		{"h[b-a]llo", "hallo", false, true},
		{"[a-", "-", false, true},
		{"[a-", "a", false, true},
		{"[abc", "c", false, true},
		{"[", "a", false, false},
		{"[^", "a", false, true},
		{"[]", "a", false, false},
		{"[^]", "a", false, true},
		{"[\\]]", "]", false, true},
		{"[\\", "\\", false, true},
		{"\\*", "*", false, true},
		{"\\*", "a", false, false},
		{"\\", "\\", false, true},
		{"a\\", "a\\", false, true},
		{"HeLLo", "hEllO", true, true},
		{"h[A-E]llo", "hallo", true, true},
		{"h[A-E]llo", "hallo", false, false},
		{"[\\A]", "a", true, false},
		{"*a*b*c*", "xxaxxbxxcxx", false, true},
		{"*a*b*c", "xxaxxbxxcxx", false, false},
		{"a*", "a", false, true},
		{"*aab", "aaaab", false, true},
		{"user:*:name", "user:12:name", false, true},
		{"\x80-", "\x80-", false, true},
		{"[\x80-a]", "\x00", false, true},
	} {
		require.Equal(t, tc.want, Match([]byte(tc.pattern), []byte(tc.s), tc.nocase), "%q %q", tc.pattern, tc.s)
	}
}

// TestMatchHasNoBlowUp would not end within the age of the world.
func TestMatchHasNoBlowUp(t *testing.T) {
	pattern := []byte(strings.Repeat("a*", 1000) + "b")
	require.False(t, Match(pattern, bytes.Repeat([]byte("a"), 10_000), false))
}

// slowMatch is the definition: every star tries every length.
func slowMatch(p, s []byte, nocase bool) bool {
	if len(p) == 0 {
		return len(s) == 0
	}
	if p[0] == '*' {
		for i := 0; i <= len(s); i++ {
			if slowMatch(p[1:], s[i:], nocase) {
				return true
			}
		}
		return false
	}
	if len(s) == 0 {
		return false
	}
	next, ok := matchOne(p, 0, s[0], nocase)
	return ok && slowMatch(p[next:], s[1:], nocase)
}

func TestMatchAgainstItsDefinition(t *testing.T) {
	thoroughly(t, 20_000)
	rapid.Check(t, func(t *rapid.T) {
		p := []byte(rapid.StringMatching(`[ab*?\[\]\\^-]{0,10}`).Draw(t, "pattern"))
		s := []byte(rapid.StringMatching(`[abA*\]-]{0,8}`).Draw(t, "s"))
		nocase := rapid.Bool().Draw(t, "nocase")
		require.Equal(t, slowMatch(p, s, nocase) && (len(s) > 0 || len(p) == 0), Match(p, s, nocase))
	})
}

// TestHash64IsWrittenDown: the values are part of the format of what is stored.
func TestHash64IsWrittenDown(t *testing.T) {
	p := make([]byte, 200)
	for i := range p {
		p[i] = byte(i)
	}
	var all uint64
	for n := range p {
		all = bits.RotateLeft64(all, 1) ^ Hash64(uint64(n), p[:n])
	}
	require.Equal(t, uint64(0xdfc4c7c4b69bdffb), all)
}

// TestHash64Spreads: no collisions of whole hashes, and as many in 18 low or
// high bits as chance has it, for names as people choose them.
func TestHash64Spreads(t *testing.T) {
	const n = 1 << 15
	for name, make := range map[string]func(i int) []byte{
		"decimal":     func(i int) []byte { return fmt.Append(nil, i) },
		"user":        func(i int) []byte { return fmt.Append(nil, "user:", i, ":profile") },
		"long":        func(i int) []byte { return fmt.Append(nil, strings.Repeat("x", 40), i, strings.Repeat("y", 40)) },
		"binary":      func(i int) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(i)) },
		"big end":     func(i int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(i)) },
		"zeros":       func(i int) []byte { return bytes.Repeat([]byte{0}, i%4096) },
		"high stride": func(i int) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(i)<<40) },
	} {
		whole := map[uint64]bool{}
		low, high := map[uint64]bool{}, map[uint64]bool{}
		for i := range n {
			h := Hash64(0, make(i))
			whole[h], low[h&(1<<18-1)], high[h>>46] = true, true, true
		}
		distinct := n
		if name == "zeros" {
			distinct = 4096
		}
		require.Len(t, whole, distinct, name)
		// Expected distinct among 2^18 places: about n - n*n/2^19.
		expect := float64(distinct) - float64(distinct)*float64(distinct)/(1<<19)*0.96
		require.InEpsilon(t, expect, len(low), 0.01, name)
		require.InEpsilon(t, expect, len(high), 0.01, name)
	}
}

// TestHash64Avalanche: each bit of the input and the seed turns about half of
// the output.
func TestHash64Avalanche(t *testing.T) {
	for _, size := range []int{1, 3, 4, 7, 8, 9, 16, 17, 32, 48, 49, 100} {
		for bit := range size * 8 {
			turned := 0
			const trials = 200
			for i := range trials {
				p := make([]byte, size)
				for j := range p {
					p[j] = byte(Hash64(uint64(i), []byte{byte(j)}))
				}
				h := Hash64(0, p)
				p[bit/8] ^= 1 << (bit % 8)
				turned += bits.OnesCount64(h ^ Hash64(0, p))
			}
			require.InDelta(t, 32, float64(turned)/trials, 2, "%d bytes, bit %d", size, bit)
		}
	}
}

func BenchmarkHash64(b *testing.B) {
	for _, n := range []int{8, 16, 32, 64, 1024} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := make([]byte, n)
			b.SetBytes(int64(n))
			var x uint64
			for b.Loop() {
				x = Hash64(x, p)
			}
		})
	}
}
