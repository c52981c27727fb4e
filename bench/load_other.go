//go:build !linux

package main

import (
	"errors"
	"time"
)

func drive(string, benchCase, int) (figure, error) {
	return figure{}, errors.New("only --redis-benchmark works on this system")
}

func processTime(int) (time.Duration, error) {
	return 0, errors.New("the CPU time of another process can be read on Linux only")
}

func runMix(*server, int, int, int, bool) (mixRound, error) {
	return mixRound{}, errors.New("the mix is measured on Linux only")
}
