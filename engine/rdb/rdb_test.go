package rdb

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChecksumIsRedis(t *testing.T) {
	require.Equal(t, uint64(0xe9c6d914c4b8d9ca), Checksum(0, []byte("123456789")))
	require.Equal(t, Checksum(0, []byte("123456789")), Checksum(Checksum(0, []byte("1234")), []byte("56789")))
}

func TestOpen(t *testing.T) {
	p := Seal([]byte("\x00\x01a"))
	body, err := Open(p)
	require.NoError(t, err)
	require.Equal(t, "\x00\x01a", string(body))
	for i := range p {
		p[i] ^= 1
		_, err = Open(p)
		require.Equal(t, ErrChecksum, err)
		p[i] ^= 1
		_, err = Open(p[:i])
		require.Equal(t, ErrChecksum, err)
	}
}

// TestExpandBounds: a stream that would reach outside what it has made, or what
// it has said it makes, is refused.
func TestExpandBounds(t *testing.T) {
	for _, c := range []struct {
		in   string
		size int
		want string
	}{
		{"\x01ab", 2, "ab"},
		{"\x01ab\x20\x01", 5, "ababa"},
		{"\x00a\xe0\x0a\x00", 20, "aaaaaaaaaaaaaaaaaaaa"},
		{"\x01ab", 3, ""}, {"\x01ab", 1, ""}, {"\x02ab", 3, ""},
		{"\x01ab\x20\x02", 5, ""}, {"\x01ab\x20", 5, ""}, {"\x01ab\xe0", 5, ""}, {"\x01ab\x20\x01", 4, ""},
	} {
		got, ok := expand([]byte("before"), []byte(c.in), c.size)
		require.Equal(t, c.want != "", ok, "%q", c.in)
		if ok {
			require.Equal(t, "before"+c.want, string(got))
		}
	}
}
