package fuzz

import (
	"testing"

	"holdfast/sim/campaign"
)

// FuzzTape lets the fuzzer write the tape: every byte string is a world, with
// its clients, faults and crashes, and the oracles judge it.
func FuzzTape(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0})
	f.Add([]byte("\x00\x80\xff\x40\x20\x10\x08\x04\x02\x01"))
	long := make([]byte, 4096)
	for i := range long {
		long[i] = byte(i * 37 >> 3)
	}
	f.Add(long)
	r := campaign.NewRunner()
	f.Fuzz(func(t *testing.T, data []byte) {
		res, err := r.RunBytes(data, "standard")
		if err != nil {
			t.Fatal(err)
		}
		if res.Failure != nil {
			t.Errorf("%s\n%q", res.Failure.Signature(), res.Failure.Story)
		}
	})
}
