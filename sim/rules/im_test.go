package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/sim/rules"
)

// importing switches the mode on and returns the source and another client.
func importing(s *rules.S) (source, other *rules.Client) {
	source, other = s.Dial(), s.Dial()
	source.Want("+OK", "CONFIG", "SET", "import-mode", "yes")
	source.Want("+OK", "CLIENT", "IMPORT-SOURCE", "ON")
	return source, other
}

// die waits until keys that are to die soon are dead.
func die(s *rules.S, other *rules.Client, keys ...string) {
	for _, k := range keys {
		s.Until(k+" dies", func() bool { return other.Do("EXISTS", k) == ":0" })
	}
}

// retained waits until so many keys are known to be dead and to stay.
func retained(s *rules.S, n int64) {
	s.Until(fmt.Sprint(n, " keys are retained"), func() bool { return s.InfoInt("import_expired_keys_retained") == n })
}

func TestIM01ASettingThatMayChangeAtRunTime(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		c := s.Dial()
		c.Want(`["import-mode" "no"]`, "CONFIG", "GET", "import-mode")
		c.Want("+OK", "CONFIG", "SET", "import-mode", "yes")
		c.Want(`["import-mode" "yes"]`, "CONFIG", "GET", "import-mode")
		s.Check(s.Info("import_mode") == "1", "INFO does not show the mode")
		c.Want("-ERR CONFIG SET failed*", "CONFIG", "SET", "import-mode", "maybe")
		c.Want("+OK", "CONFIG", "SET", "import-mode", "no")
		s.Check(s.Info("import_mode") == "0", "INFO does not show that the mode is off")
	}})
}

func TestIM02TheMarkNeedsTheMode(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		c := s.Dial()
		c.Want("-ERR Server is not in import mode", "CLIENT", "IMPORT-SOURCE", "ON")
		c.Want("-ERR Server is not in import mode", "CLIENT", "IMPORT-SOURCE", "x")
		c.Want("+OK", "CLIENT", "IMPORT-SOURCE", "OFF")
		s.Config("import-mode", "yes")
		c.Want("+OK", "CLIENT", "IMPORT-SOURCE", "ON")
		c.Want("-ERR syntax error", "CLIENT", "IMPORT-SOURCE", "x")
		s.Check(s.InfoInt("import_sources_connected") == 1, "one source is connected")
		s.Config("import-mode", "no")
		c.Want("-ERR Server is not in import mode", "CLIENT", "IMPORT-SOURCE", "ON")
		c.Want("+OK", "CLIENT", "IMPORT-SOURCE", "OFF")
		s.Check(s.InfoInt("import_sources_connected") == 0, "no source is connected")
	}})
}

func TestIM03TheMarkShowsAndOutlivesTheMode(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		source, other := importing(s)
		flags := func(c *rules.Client) string {
			for _, f := range strings.Fields(strings.Trim(c.Do("CLIENT", "INFO"), `"`)) {
				if v, ok := strings.CutPrefix(f, "flags="); ok {
					return v
				}
			}
			return ""
		}
		s.Check(strings.Contains(flags(source), "I"), "the source lacks its flag")
		s.Check(!strings.Contains(flags(other), "I"), "another has the source's flag")
		s.Config("import-mode", "no")
		s.Check(strings.Contains(flags(source), "I"), "the mark went with the mode")
		source.Want("+OK", "SET", "k", "v", "PX", "5")
		s.Until("k dies", func() bool { return source.Do("GET", "k") == "nil" }) // without effect
		s.Config("import-mode", "yes")
		source.Want("+OK", "SET", "k", "v", "PX", "5")
		die(s, other, "k")
		source.Want(`"v"`, "GET", "k") // and with effect again
		source.Want("+RESET", "RESET")
		source.Want("nil", "GET", "k")
	}})
}

// Loading ignores deadlines: TestIM12. There are no replicas. What is left of the
// order: import mode before a pause of expiry, and before deletion.
func TestIM04ImportModeBeforePausedExpiryBeforeDeletion(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		source, other := importing(s)
		source.Want("+OK", "SET", "k", "v", "PX", "5")
		die(s, other, "k")
		other.Want("+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "0")
		source.Want(`"v"`, "GET", "k")
		other.Want("nil", "GET", "k")
		other.Want("+OK", "CLIENT", "PAUSE", "100000", "WRITE")
		source.Want(`"v"`, "GET", "k")
		other.Want("nil", "GET", "k")
		other.Want("+OK", "CLIENT", "UNPAUSE")
		s.Config("import-mode", "no")
		source.Want("nil", "GET", "k") // expiry is paused: dead all the same
		other.Want("+OK", "DEBUG", "SET-ACTIVE-EXPIRE", "1")
		s.Until("k is removed", func() bool { return other.Do("DBSIZE") == ":0" })
		s.Check(s.InfoInt("expired_keys") == 1, "k expired once")
	}})
}

func TestIM05TheSourceSeesNoDeadlines(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		source, other := importing(s)
		source.Want("+OK", "SET", "n", "1", "PX", "20")
		source.Want(":1", "HSET", "h", "f", "1")
		source.Want(":2", "RPUSH", "l", "a", "b")
		source.Want(":1", "PEXPIRE", "h", "20")
		source.Want(":1", "PEXPIRE", "l", "20")
		die(s, other, "n", "h", "l")
		// What the mode is for: the source has counted before the key died there.
		source.Want(":2", "INCR", "n")
		source.Want(`"2"`, "GET", "n")
		source.Want(":0", "TTL", "n")
		source.Want(":0", "PTTL", "n")
		source.Want(":2", "HINCRBY", "h", "f", "1")
		source.Want(":3", "RPUSH", "l", "c")
		source.Want(":1", "LREM", "l", "1", "a")
		source.Want(":1", "EXISTS", "n")
		source.Want("+string", "TYPE", "n")
		source.Want(`["n"]`, "KEYS", "n")
		source.Want(`["0" ["n"]]`, "SCAN", "0", "MATCH", "n", "COUNT", "1000")
		s.Check(source.Do("RANDOMKEY") != "nil", "RANDOMKEY finds nothing")
		source.Want(":3", "DBSIZE")
		// An EXEC of its own, which watches a key that is dead to others.
		source.Want("+OK", "WATCH", "n")
		source.Want("+OK", "MULTI")
		source.Want("+QUEUED", "INCR", "n")
		source.Want("[:3]", "EXEC")
		other.Want("nil", "GET", "n")
		source.Want(":1", "PERSIST", "n") // and back to life
		other.Want(`"3"`, "GET", "n")
		source.Want(":1", "DEL", "h")
		source.Want("nil", "HGET", "h", "f")
		// Dead, dumped, and given another life.
		dump := source.Do("DUMP", "l")
		s.Check(dump != "nil", "a dead key has no dump")
		other.Want("nil", "DUMP", "l")
	}})
}

func TestIM06OthersMissWhatIsDeadAndReadsDeleteNothing(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		source, other := importing(s)
		for _, k := range []string{"a", "b", "c"} {
			source.Want("+OK", "SET", k, "v", "PX", "20")
		}
		die(s, other, "a", "b", "c")
		other.Want("nil", "GET", "a")
		other.Want(":-2", "TTL", "a")
		other.Want(":-2", "PTTL", "a")
		other.Want("+none", "TYPE", "a")
		other.Want("[]", "KEYS", "*")
		other.Want(`["0" []]`, "SCAN", "0", "COUNT", "1000")
		other.Want("nil", "RANDOMKEY")
		other.Want(":0", "EXPIRE", "a", "100")
		other.Want("-ERR no such key", "RENAME", "a", "z")
		other.Want(":3", "DBSIZE")
		source.Want(`"v"`, "GET", "a")
		// Their writes begin anew.
		other.Want(":1", "APPEND", "a", "x")
		source.Want(`"x"`, "GET", "a")
		other.Want("+OK", "SET", "b", "w")
		source.Want(`"w"`, "GET", "b")
		source.Want(":-1", "TTL", "b")
		other.Want(":1", "HSET", "c", "f", "v")
		source.Want("+hash", "TYPE", "c")
		// DEL takes what is kept, and says so.
		source.Want("+OK", "SET", "d", "v", "PX", "20")
		die(s, other, "d")
		other.Want(":4", "DBSIZE")
		other.Want(":1", "DEL", "d")
		other.Want(":0", "UNLINK", "d")
		source.Want("nil", "GET", "d")
		other.Want(":3", "DBSIZE")
		s.Restart(rules.PowerCut)
		other = s.Dial()
		other.Want(`"x"`, "GET", "a")
		other.Want("+hash", "TYPE", "c")
		other.Want("nil", "GET", "d")
		other.Want(":3", "DBSIZE")
	}})
}

func TestIM07NothingExpiresNothingIsEvictedTieringGoesOn(t *testing.T) {
	rules.Check(t, rules.Rule{
		Sound: true,
		Settings: []string{"maxmemory", "64mb", "maxmemory-policy", "allkeys-lru", "tiered_prefix", "tier",
			"log-segment-size", "1mb", "log-batch-size", "64kb", "tiered_max_file_size", "1gb"},
		Run: func(s *rules.S) {
			source, other := importing(s)
			for i := range 100 {
				source.Want("+OK", "SET", fmt.Sprint("k", i), "v", "PX", "5")
			}
			die(s, other, "k99")
			retained(s, 100)
			other.Want(":100", "DBSIZE")
			s.Config("maxmemory", fmt.Sprint(s.InfoInt("used_memory")+1<<20))
			key, value, full := strings.Repeat("k", 2000), strings.Repeat("v", 3000), ""
			for i := 0; i < 20_000 && full == ""; i++ { // a key stays in memory, whatever its value does
				if got := source.Do("SET", fmt.Sprint(i, key), value); got != "+OK" {
					full = got
				}
			}
			s.Check(strings.HasPrefix(full, "-OOM"), "memory never filled up: %s", full)
			s.Check(s.InfoInt("evicted_keys") == 0, "a key was evicted")
			s.Check(s.InfoInt("expired_keys") == 0, "a key expired")
			s.Check(s.InfoInt("tiered_offloading_stashes") > 0, "nothing went cold")
			source.Want(`"v"`, "GET", "k0")
			s.Config("import-mode", "no")
			s.Until("writers are served by eviction", func() bool { return other.Do("SET", "more", value) == "+OK" })
			s.Until("the dead are gone", func() bool { return s.InfoInt("expired_keys") == 100 })
		}})
}

func TestIM08APastDeadlineKeepsTheKey(t *testing.T) {
	rules.Check(t, rules.Rule{Sound: true, Run: func(s *rules.S) {
		source, other := importing(s)
		for i, expire := range []string{"EXPIRE k0 -1", "PEXPIRE k1 -1000", "EXPIREAT k2 1", "PEXPIREAT k3 -5", "EXPIREAT k4 -9000000000",
			"GETEX k5 PXAT 1", "SET k6 v PXAT 1", "RESTORE"} {
			key := fmt.Sprint("k", i)
			source.Want("+OK", "SET", key, "v")
			if expire == "RESTORE" {
				source.Want("+OK", "RESTORE", key, "1", "\x00\x01v\n\x00\x91\b\u03b2\x198\x8a\xce", "REPLACE", "ABSTTL")
			} else if got := source.Do(strings.Fields(expire)...); got[0] == '-' || got == ":0" || got == "nil" {
				s.Check(false, "%s answered %s", expire, got)
			}
			other.Want("nil", "GET", key)
			source.Want(`"v"`, "GET", key)
			source.Want(":0", "PTTL", key)
		}
		source.Want(":0", "PEXPIRETIME", "k3") // negative is 0
		other.Want(":8", "DBSIZE")
		s.Restart(rules.PowerCut)
		other = s.Dial()
		other.Want(":8", "DBSIZE")
		s.Config("import-mode", "no")
		s.Until("they are gone", func() bool { return s.InfoInt("expired_keys") == 8 })
		other.Want(":0", "DBSIZE")
	}})
}

// Rule 9 is of deadlines of hash fields, which do not exist yet: the commands
// must not seem to.
func TestIM09HashFieldsHaveNoDeadlines(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		source, _ := importing(s)
		source.Want(":1", "HSET", "h", "f", "v")
		source.Want("-ERR unknown command*", "HPEXPIRE", "h", "1", "FIELDS", "1", "f")
	}})
}

func TestIM10TurnedOffTheStaleDrainInSteps(t *testing.T) {
	rules.Check(t, rules.Rule{Settings: []string{"appendfsync", "everysec"}, Run: func(s *rules.S) {
		source, other := importing(s)
		const keys = 5000
		for i := 0; i < keys; i += 100 {
			var pipe []string
			for k := range 100 {
				pipe = append(pipe, fmt.Sprintf("SET k%d v PX 5", i+k))
			}
			source.Pipe(pipe...)
			for range pipe {
				source.Expect("+OK")
			}
		}
		source.Want("+OK", "SET", "late", "v", "PX", "600000")
		source.Want("+OK", "SET", "stays", "v")
		die(s, other, fmt.Sprint("k", keys-1))
		retained(s, keys)
		s.Check(s.InfoInt("expired_keys") == 0, "active expiry ran")
		s.Config("import-mode", "no")
		s.Until("all are gone", func() bool { return s.InfoInt("expired_keys") == keys })
		s.Check(s.InfoInt("import_expired_keys_retained") == 0, "some are still retained")
		other.Want(":2", "DBSIZE")
		other.Want("nil", "GET", "k17")
		other.Want(`"v"`, "GET", "late")
		// Nothing was lost of the index: what dies now is gone in time.
		other.Want(":1", "PEXPIRE", "late", "5")
		s.Until("the last one is gone", func() bool { return s.InfoInt("expired_keys") == keys+1 })
	}})
}

func TestIM11RandomKeyEndsWhenAllAreDead(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		source, other := importing(s)
		for i := range 50 {
			source.Want("+OK", "SET", fmt.Sprint("k", i), "v", "PXAT", "1")
		}
		other.Want("nil", "RANDOMKEY")
		s.Check(source.Do("RANDOMKEY") != "nil", "the source finds no key")
		source.Want("+OK", "SET", "alive", "v")
		other.Want(`"alive"`, "RANDOMKEY") // one among many dead
	}})
}

func TestIM12ModeChangesAreDurable(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		source, other := s.Dial(), s.Dial()
		source.Want("+OK", "SET", "before", "v", "PX", "20")
		die(s, other, "before")
		source.Want("+OK", "CONFIG", "SET", "import-mode", "yes")
		source.Want("+OK", "CLIENT", "IMPORT-SOURCE", "ON")
		source.Want("nil", "GET", "before") // dead before the mode, dead for good
		source.Want("+OK", "SET", "k", "1", "PX", "20")
		die(s, other, "k")
		for _, how := range []rules.End{rules.PowerCut, rules.CleanStop, rules.Kill} {
			s.Restart(how)
			source, other = s.Dial(), s.Dial()
			source.Want(`["import-mode" "yes"]`, "CONFIG", "GET", "import-mode")
			other.Want("nil", "GET", "k")
			source.Want("+OK", "CLIENT", "IMPORT-SOURCE", "ON")
			source.Want(`"1"`, "GET", "k")
			source.Want("nil", "GET", "before")
			source.Want(":1", "DBSIZE")
		}
		s.Config("import-mode", "no")
		s.Restart(rules.PowerCut)
		source = s.Dial()
		source.Want(`["import-mode" "no"]`, "CONFIG", "GET", "import-mode")
		source.Want(":0", "DBSIZE")
		// What the operator writes into the configuration afterwards counts more.
		s.Restart(rules.CleanStop, "import-mode", "yes")
		s.Dial().Want(`["import-mode" "yes"]`, "CONFIG", "GET", "import-mode")
		s.Config("import-mode", "no")
		s.Restart(rules.PowerCut, "import-mode", "yes")
		s.Dial().Want(`["import-mode" "no"]`, "CONFIG", "GET", "import-mode")
		s.Config("import-mode", "yes")
		s.Restart(rules.PowerCut)
		s.Dial().Want(`["import-mode" "no"]`, "CONFIG", "GET", "import-mode")
	}})
}

// TestIM12ASwitchIsToldWhenDurable: the reply of the switch, and every reply that
// it could have changed, waits for its record.
func TestIM12ASwitchIsToldWhenDurable(t *testing.T) {
	rules.Check(t, rules.Rule{Run: func(s *rules.S) {
		source, other := importing(s)
		source.Want("+OK", "SET", "k", "v", "PX", "20")
		die(s, other, "k")
		s.Pause()
		other.Send("CONFIG", "SET", "import-mode", "no")
		other.Held()
		source.Send("GET", "k")
		source.Held()
		s.Resume()
		other.Expect("+OK")
		source.Expect("nil")
	}})
}
