// Package tx is the one door to state.
//
// A State is a shard's data: its databases, the ring of keys whose newest
// change is not yet durable, the watchers, and engine time. A Tx is one unit
// on it: an outermost command, or an EXEC and everything it runs. Handlers
// read and change data only through a Tx.
//
// # What a lookup does
//
// Every lookup, absences included, judges the key's deadline at the unit's one
// instant, raises the unit's need (the log offset its reply must wait for) to
// the newest undurable change of that key and of its database, and notes the
// earliest deadline among the keys it found alive. So no handler can forget to
// hold a reply. A key found dead reveals more than the key: that engine time
// passed its deadline; the unit then also needs a durable ceiling of engine
// time beyond this instant (see Timekeeper).
//
// # What a mutation does
//
// It applies itself to the keyspace and appends its record to the log, in that
// one call, so nothing can change unlogged. Recovery applies the same records
// through Apply. The records a unit appended become one contiguous run of the
// log, closed by Seal.
//
// # Images and deltas
//
// A record is an image (the whole value of a key) or a delta on top of one. An
// entry's address is its newest image. Rules that keep recovery right when the
// log's head has moved on:
//
//   - A hash is born by a HashSet with FlagNew, which forgets any older value,
//     so that a key that expired without a record cannot lend its fields to
//     its successor. A list is born by a ListSet in the same way.
//   - The elements of a list have positions that stay: a delta names those. When
//     there is none left between two elements, all are spaced anew, and the list
//     is logged whole.
//   - A delta whose key is absent at replay is an orphan of something dead and
//     is ignored.
//   - A cold value is exactly one image: a value with deltas is imaged first.
//   - An image in parts (parts.go) is a value from its end on, and its address is
//     that of the end. Parts are needed as long as the end is some entry's address.
//
// # The metadata database
//
// Incarnation 0 is hidden. It maps database numbers to incarnations (so FLUSH
// and SWAPDB are one record each) and holds the ceiling of engine time and the
// state of import mode (see importing.go).
package tx
