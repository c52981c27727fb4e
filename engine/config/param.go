package config

import (
	"math"
	"strconv"
	"strings"
)

// param is one row of the parameter table: a name, how its text is read into
// the Config and how the Config is shown.
type param struct {
	name    string
	aliases []string
	// fixed at start: CONFIG SET refuses it.
	fixed bool
	// many says that a configuration line may give several words.
	many bool
	// inert: accepted for the sake of existing files, without effect.
	inert bool
	// neutral: only values that ask for nothing are accepted.
	neutral bool
	// directive: a line of the file and no parameter, so CONFIG does not know it.
	directive bool
	// get renders the value as CONFIG GET shows it.
	get func(c *Config) string
	// set stores the value, or says in Redis's words why it cannot.
	set func(c *Config, v string) (reason string)
}

func (p param) alias(names ...string) param { p.aliases = names; return p }
func (p param) atStart() param              { p.fixed = true; return p }
func (p param) fileOnly() param             { p.directive = true; return p }

// boolean reads yes and no as Redis does, true and false as Dragonfly does.
func boolean(name string, ref func(*Config) *bool) param {
	return param{
		name: name,
		get: func(c *Config) string {
			if *ref(c) {
				return "yes"
			}
			return "no"
		},
		set: func(c *Config, v string) string {
			b, ok := parseBool(v)
			if !ok {
				return "argument must be 'yes' or 'no'"
			}
			*ref(c) = b
			return ""
		},
	}
}

func parseBool(v string) (value, ok bool) {
	switch strings.ToLower(v) {
	case "yes", "true":
		return true, true
	case "no", "false":
		return false, true
	}
	return false, false
}

func integer[T number](name string, low, high int64, ref func(*Config) *T) param {
	return param{
		name: name,
		get:  func(c *Config) string { return strconv.FormatInt(int64(*ref(c)), 10) },
		set: func(c *Config, v string) string {
			n, reason := parseInt(v, 10, low, high)
			if reason == "" {
				*ref(c) = T(n)
			}
			return reason
		},
	}
}

func parseInt(v string, base int, low, high int64) (n int64, reason string) {
	n, err := strconv.ParseInt(v, base, 64)
	if err != nil {
		if base == 8 {
			return 0, "argument couldn't be parsed into an octal integer"
		}
		return 0, "argument couldn't be parsed into an integer"
	}
	return n, outside(n, low, high)
}

func outside(n, low, high int64) (reason string) {
	if n < low || n > high {
		return "argument must be between " + strconv.FormatInt(low, 10) +
			" and " + strconv.FormatInt(high, 10) + " inclusive"
	}
	return ""
}

// octal is an integer written as file mode bits are.
func octal(name string, high int64, ref func(*Config) *int) param {
	return param{
		name: name,
		get:  func(c *Config) string { return strconv.FormatInt(int64(*ref(c)), 8) },
		set: func(c *Config, v string) string {
			n, reason := parseInt(v, 8, 0, high)
			if reason == "" {
				*ref(c) = int(n)
			}
			return reason
		},
	}
}

// number is any integer type that holds a size.
type number interface{ ~int | ~int64 }

func memory[T number](name string, low, high int64, ref func(*Config) *T) param {
	return param{
		name: name,
		get:  func(c *Config) string { return strconv.FormatInt(int64(*ref(c)), 10) },
		set: func(c *Config, v string) string {
			n, ok := ParseMemory(v)
			if !ok {
				return "argument must be a memory value"
			}
			reason := outside(n, low, high)
			if reason == "" {
				*ref(c) = T(n)
			}
			return reason
		},
	}
}

// ParseMemory reads a size as redis.conf writes it, in any case: "100",
// "100b", "1k" (1000), "1kb" (1024), and m, g, t alike.
func ParseMemory(v string) (bytes int64, ok bool) {
	digits := len(v)
	for i := 0; i < len(v); i++ {
		if v[i] < '0' || v[i] > '9' {
			digits = i
			break
		}
	}
	n, err := strconv.ParseInt(v[:digits], 10, 64)
	if err != nil {
		return 0, false
	}
	scale := int64(1)
	switch strings.ToLower(v[digits:]) {
	case "", "b":
	case "k":
		scale = 1000
	case "kb":
		scale = 1 << 10
	case "m":
		scale = 1000 * 1000
	case "mb":
		scale = 1 << 20
	case "g":
		scale = 1000 * 1000 * 1000
	case "gb":
		scale = 1 << 30
	case "t":
		scale = 1000 * 1000 * 1000 * 1000
	case "tb":
		scale = 1 << 40
	default:
		return 0, false
	}
	if n > math.MaxInt64/scale {
		return 0, false
	}
	return n * scale, true
}

func decimal(name string, low, high float64, ref func(*Config) *float64) param {
	show := func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
	return param{
		name: name,
		get:  func(c *Config) string { return show(*ref(c)) },
		set: func(c *Config, v string) string {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return "argument couldn't be parsed into a number"
			}
			if !(f >= low && f <= high) { // this way round refuses NaN too
				return "argument must be between " + show(low) + " and " + show(high) + " inclusive"
			}
			*ref(c) = f
			return ""
		},
	}
}

func text(name string, ref func(*Config) *string) param {
	return param{
		name: name,
		get:  func(c *Config) string { return *ref(c) },
		set:  func(c *Config, v string) string { *ref(c) = v; return "" },
	}
}

func enum(name string, ref func(*Config) *string, values ...string) param {
	return param{
		name: name,
		get:  func(c *Config) string { return *ref(c) },
		set: func(c *Config, v string) string {
			for _, one := range values {
				if strings.EqualFold(v, one) {
					*ref(c) = one
					return ""
				}
			}
			return "argument(s) must be one of the following: " + strings.Join(values, ", ")
		},
	}
}

func words(name string, ref func(*Config) *[]string) param {
	return param{
		name: name,
		many: true,
		get:  func(c *Config) string { return strings.Join(*ref(c), " ") },
		// A new slice, so that a copy of the Config keeps the old one.
		set: func(c *Config, v string) string { *ref(c) = strings.Fields(v); return "" },
	}
}

// percentiles are numbers from 0 to 100.
func percentiles(name string, ref func(*Config) *[]float64) param {
	return param{
		name: name,
		many: true,
		get: func(c *Config) string {
			var out []string
			for _, p := range *ref(c) {
				out = append(out, strconv.FormatFloat(p, 'g', -1, 64))
			}
			return strings.Join(out, " ")
		},
		set: func(c *Config, v string) string {
			var all []float64
			for _, word := range strings.Fields(v) {
				p, err := strconv.ParseFloat(word, 64)
				if err != nil || !(p >= 0 && p <= 100) {
					return name + " parameters should sit between [0.0,100.0]"
				}
				all = append(all, p)
			}
			*ref(c) = all
			return ""
		},
	}
}

// outputLimits is client-output-buffer-limit: groups of class, hard limit,
// soft limit and seconds; classes not named keep theirs.
func outputLimits(name string) param {
	classes := [3]string{"normal", "slave", "pubsub"}
	return param{
		name: name,
		many: true,
		get: func(c *Config) string {
			var b []byte
			for i, class := range classes {
				if i > 0 {
					b = append(b, ' ')
				}
				l := c.ClientOutputLimits[i]
				b = append(append(b, class...), ' ')
				b = append(strconv.AppendInt(b, l.Hard, 10), ' ')
				b = append(strconv.AppendInt(b, l.Soft, 10), ' ')
				b = strconv.AppendInt(b, int64(l.SoftS), 10)
			}
			return string(b)
		},
		set: setOutputLimits,
	}
}

func setOutputLimits(c *Config, v string) (reason string) {
	f := strings.Fields(v)
	if len(f) == 0 || len(f)%4 != 0 {
		return "Wrong number of arguments in buffer limit configuration."
	}
	limits := c.ClientOutputLimits
	for ; len(f) > 0; f = f[4:] {
		class := 0
		switch strings.ToLower(f[0]) {
		case "normal":
		case "slave", "replica":
			class = 1
		case "pubsub":
			class = 2
		default:
			return "Invalid client class specified in buffer limit configuration."
		}
		hard, ok1 := ParseMemory(f[1])
		soft, ok2 := ParseMemory(f[2])
		seconds, bad := parseInt(f[3], 10, 0, math.MaxInt32)
		if !ok1 || !ok2 || bad != "" {
			return "Error in hard, soft or soft_seconds setting in buffer limit configuration."
		}
		limits[class] = OutputLimit{Hard: hard, Soft: soft, SoftS: int(seconds)}
	}
	c.ClientOutputLimits = limits
	return ""
}

// ignored is a parameter of redis.conf or Dragonfly that has no meaning here.
// Its text is kept for CONFIG GET.
func ignored(name, value string) param {
	return param{
		name: name, many: true, inert: true,
		get: func(c *Config) string {
			if i, ok := findSetting(c.Inert, name); ok {
				return c.Inert[i].Value
			}
			return value
		},
		set: func(c *Config, v string) string {
			i, ok := findSetting(c.Inert, name)
			kept := make([]Setting, 0, len(c.Inert)+1)
			kept = append(append(kept, c.Inert[:i]...), Setting{name, v})
			if ok {
				i++
			}
			c.Inert = append(kept, c.Inert[i:]...)
			return ""
		},
	}
}

// refused is a parameter whose effect a user would miss: only the values that
// ask for nothing are accepted.
func refused(name string, nothing ...string) param {
	return param{
		name: name, many: true, neutral: true,
		get: func(*Config) string { return nothing[0] },
		set: func(_ *Config, v string) string {
			for _, one := range nothing {
				if strings.EqualFold(v, one) {
					return ""
				}
			}
			return "this server does not support it"
		},
	}
}
