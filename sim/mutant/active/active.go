// Package active says which mutant a build with mutants runs. The plain build
// knows none; the overlay of the mutant tool adds their names.
package active

// ID is the number of the active mutant, from 1; 0 is none. Changed functions
// of a build with mutants compare it. One process, one mutant: it is not
// guarded.
var ID int

var names []string

// Set makes a mutant active, "" none; false if this build has none of that name.
func Set(name string) bool {
	if name == "" {
		ID = 0
		return true
	}
	for i, n := range names {
		if n == name {
			ID = i + 1
			return true
		}
	}
	return false
}

// Pause makes no mutant active and returns the one that was, for Resume. Where
// none is, as in every run by several workers, neither writes.
func Pause() int {
	id := ID
	if id != 0 {
		ID = 0
	}
	return id
}

// Resume undoes a Pause.
func Resume(id int) {
	if id != 0 {
		ID = id
	}
}

// Names returns the mutants of this build.
func Names() []string { return names }
