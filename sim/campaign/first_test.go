package campaign

import (
	"testing"

	"holdfast/sim/tape"
)

func TestFirst(t *testing.T) {
	r := NewRunner()
	for seed := range uint64(200) {
		res, err := r.Run(tape.Token{Seed: seed, Profile: "clean"})
		if err != nil {
			t.Fatal(err)
		}
		if res.Failure != nil {
			t.Log(seed, res.Failure.Signature(), res.Events, res.Counts.Units)
			for _, l := range res.Failure.Story {
				t.Log("   ", l)
			}
		}
	}
}
