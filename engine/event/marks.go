package event

// Mark is a rare state that the engine tells of by name (Observer.Mark).
type Mark struct {
	Name string
	// Within is in how many runs of the simulator's standard profile it has to be
	// reached, a multiple of what it takes; 0: it is not reached there.
	Within int64
}

// Marks lists them all. A campaign that is long enough and does not reach one has
// lost its way there: a fault, a client or a setting does no longer what it did.
func Marks() []Mark {
	return []Mark{
		{"a command waits for expiry", 2000},
		{"a command waits for memory to read into", 2000},
		{"an expiry waits for the ceiling of time", 4000},
		{"blocked client served", 500},
		{"checkpoint loaded", 500},
		{"checkpoint out of date", 2000},
		{"checkpoint published", 500},
		{"checkpoint refused", 1000},
		{"client blocked", 500},
		{"cold value fetched", 500},
		{"compaction waits for an image in parts", 4000},
		{"damage met by compaction", 0}, // of the profiles whose disks do damage
		{"entry changed while it was moved", 2000},
		{"entry changed while its parts were moved", 1000},
		{"entry changed while its value was read", 1000},
		{"first in a queue cannot be served at once", 4000},
		{"key evicted", 500},
		{"list spaced anew", 2000},
		{"no room for an image in parts", 16000},
		{"parts moved", 500},
		{"read parked until committed", 500},
		{"redo waits for a value", 500},
		{"reply died while held", 2000},
		{"segment compacted", 500},
		{"value changed while it was imaged", 500},
		{"value given away in parts", 500},
		{"value gone while it was imaged", 16000},
		{"value imaged in parts", 500},
		{"value read inside a unit", 1000},
		{"value went cold", 500},
		{"writer parked for room", 500},
		{"writer refused by a full log", 500},
		{"writer waits for compaction", 500},
	}
}
