//go:build linux

package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCounterAtEveryCut(t *testing.T) {
	const stream = "+OK\r\n$5\r\nhe\nlo\r\n:12\r\n$-1\r\n$0\r\n\r\n*3\r\n$1\r\nx\r\n+OK\r\n$-1\r\n:1\r\n"
	for i := range stream {
		for j := i; j <= len(stream); j++ {
			var c counter
			total := 0
			for _, part := range []string{stream[:i], stream[i:j], stream[j:]} {
				n, err := c.count([]byte(part))
				require.NoError(t, err)
				total += n
			}
			require.Equal(t, 7, total)
		}
	}
	var c counter
	_, err := c.count([]byte("+OK\r\n-ERR no\r\n"))
	require.ErrorContains(t, err, "ERR no")
}
