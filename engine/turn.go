package engine

// timed is when the first event of this turn came, while turns are timed: 0
// before it.
type timed struct {
	at     int64
	labour int64 // processor time of the thread by then
}

// turns notes that a turn is under way.
func (s *Shard) turns() {
	if s.turn.at != 0 {
		return
	}
	s.turn.at = s.book.Now()
	if s.ports.Labour != nil {
		s.turn.labour = s.ports.Labour()
	}
}

// Turned tells that the turn is over, what it submitted included. Hosts that
// call it have turns timed while latency-monitor-threshold is set; what came
// before the first input or the end of the turn is not counted.
func (s *Shard) Turned() {
	if s.turn.at == 0 {
		return
	}
	s.book.Took("turn", &s.book.Turn, s.book.Now()-s.turn.at)
	if s.ports.Labour != nil {
		s.book.Labour.Record(s.ports.Labour() - s.turn.labour)
	}
	s.turn = timed{}
}
