package rules_test

import (
	"strings"
	"testing"

	"holdfast/sim/rules"
)

// TestSecretsAreNotShown: neither the slow log nor MONITOR shows a password,
// be it of a parameter that has no effect.
func TestSecretsAreNotShown(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		a, m := s.Dial(), s.Dial()
		s.Config("slowlog-log-slower-than", "0")
		m.Want("+OK", "MONITOR")
		for _, name := range []string{"masterauth", "masteruser", "requirepass"} {
			a.Want("+OK", "CONFIG", "SET", name, "hunter2")
		}
		a.Want("+OK", "AUTH", "hunter2")
		a.Want("+OK", "CONFIG", "SET", "requirepass", "")
		slow := a.Do("SLOWLOG", "GET", "-1")
		s.Assert(strings.Contains(slow, `"masterauth"`), "the slow log has no CONFIG SET: %s", slow)
		s.Assert(!strings.Contains(slow, "hunter2"), "the slow log shows a password: %s", slow)
		line := m.Reply()
		s.Assert(strings.Contains(line, "AUTH") && !strings.Contains(line, "hunter2"), "MONITOR shows %s", line)
	}})
}
