package engine

// Info implements session.Host: the sections of INFO that are about the engine
// rather than its connections.
func (s *Shard) Info(name string, put func(field, value string)) bool { return false }
