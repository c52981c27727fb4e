package config

import "strings"

// EventLetters are the classes of keyspace events, and the two channels they
// can be told on, by the letters of notify-keyspace-events: letter i stands for
// bit i of Config.NotifyEvents. CONFIG GET shows them in this order.
const EventLetters = "g$lshzxetdnKEm"

// allEvents is what the letter A stands for; new keys and misses are not in it.
const allEvents = 1<<10 - 1

// events is notify-keyspace-events.
func events(name string, ref func(*Config) *uint16) param {
	return param{
		name: name,
		get: func(c *Config) string {
			var b []byte
			from, set := 0, *ref(c)
			if set&allEvents == allEvents {
				b, from = append(b, 'A'), 11 // Redis does not show n beside it
			}
			for i := from; i < len(EventLetters); i++ {
				if set&(1<<i) != 0 {
					b = append(b, EventLetters[i])
				}
			}
			return string(b)
		},
		set: func(c *Config, v string) string {
			set := uint16(0)
			for i := range len(v) {
				at := strings.IndexByte(EventLetters, v[i])
				switch {
				case v[i] == 'A':
					set |= allEvents
				case at >= 0:
					set |= 1 << at
				default:
					return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."
				}
			}
			*ref(c) = set
			return ""
		},
	}
}
