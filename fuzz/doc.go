// Package fuzz holds the go fuzz targets: bytes that strangers send and bytes
// that disks give back. Each target states what must hold for any input, and
// each has its seeds in code, so a plain go test runs them as tests:
//
//	go test ./fuzz -fuzz FuzzCommands -fuzztime 30s
package fuzz
