// Package rules runs scenarios, one for each numbered rule of the references,
// in two worlds: simulated, over many seeds, and against the real program over
// TCP. Only tests use it.
//
//	func TestMain(m *testing.M) { rules.Main(m) }
//
//	func TestWB14AbsenceIsAFact(t *testing.T) {
//		rules.Check(t, rules.Rule{Run: func(s *rules.S) {
//			a, b := s.Dial(), s.Dial()
//			a.Want("+OK", "SET", "k", "v")
//			s.Pause()              // DEBUG reply-blocking-pause aof
//			a.Send("DEL", "k")
//			a.Held()               // it ran, and nothing of its reply has left
//			b.Send("GET", "k")
//			b.Held()
//			s.Resume()
//			a.Expect(":1")
//			b.Expect("nil")
//		}})
//	}
//
// A reply is one line of text, as package script writes it: +OK, -ERR why,
// :1, "text" in quotes, nil, [:1 "a"] and so on.
//
// # In the simulated world
//
// Every seed has its own disk delays, fragments and order of events; I/O is
// slow or stuck and sends are partial in most. HOLDFAST_RULE_SEEDS says how
// many seeds run (20). Values are cold in every third. In one seed of four the
// disk fails too: there an expectation that meets a refusal (-MISCONF, -ERR no
// space ...) or a closed connection ends the seed without a verdict, but no
// value other than the expected one is ever excused, and nothing that Held
// forbids. A seed runs alone with HOLDFAST_RULE_SEED=7.
//
// # Against the real program
//
// It is built once, runs in a folder of its own, and a power cut is a kill -9.
// Nothing sleeps: Held asks CLIENT LIST until the reply waits, then looks into
// the socket. Held needs a pause in force, so that what is held stays held.
package rules
