//go:build !linux

package main

import "errors"

func drive(string, benchCase, int) (figure, error) {
	return figure{}, errors.New("only --redis-benchmark works on this system")
}
