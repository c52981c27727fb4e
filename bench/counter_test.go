package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCounterAtEveryCut(t *testing.T) {
	const stream = "+OK\r\n$5\r\nhe\nlo\r\n:12\r\n$-1\r\n$0\r\n\r\n"
	for i := range stream {
		for j := i; j <= len(stream); j++ {
			var c counter
			total := 0
			for _, part := range []string{stream[:i], stream[i:j], stream[j:]} {
				n, err := c.count([]byte(part))
				require.NoError(t, err)
				total += n
			}
			require.Equal(t, 5, total)
		}
	}
	var c counter
	_, err := c.count([]byte("+OK\r\n-ERR no\r\n"))
	require.ErrorContains(t, err, "ERR no")
}

func TestParse(t *testing.T) {
	f, err := parse("\"test\",\"rps\",\"p50_latency_ms\",\"p99_latency_ms\"\n\"SET\",\"1000.5\",\"0.5\",\"2\"\n")
	require.NoError(t, err)
	require.Equal(t, figure{PerSecond: 1000.5, P50MS: 0.5, P99MS: 2}, f)
	_, err = parse("ERR\n")
	require.Error(t, err)
}
