package rules

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"holdfast/sim/mutant/active"
)

// End is how a process ends.
type End uint8

// The ways.
const (
	PowerCut End = iota // on the real program, a kill -9
	Kill
	CleanStop
)

// Rule is a scenario and what it needs.
type Rule struct {
	// Run is the scenario. It fails the test by itself.
	Run func(s *S)
	// Settings are names and values in turn, as flags take them.
	Settings []string
	// Simulated leaves the real program out, for what only a simulated disk
	// does; say why where it is set.
	Simulated bool
	// Sound leaves the seeds with failing disks out: the scenario is about them.
	Sound bool
}

// S is one run of a scenario.
type S struct {
	t        testing.TB
	where    string // of a failure
	world    world
	settings []string
	control  *Client
	clients  int
	sections map[string]string // of INFO, by field
}

// world is what a run happens in.
type world interface {
	dial() (link, error)
	// boot starts a process over what the last one left.
	boot(settings []string)
	end(how End)
	pass(ms int64)
	// excuse says why an error reply may be the disk's fault; "" is none.
	excuse() string
}

// link is one connection.
type link interface {
	write(p []byte)
	// read returns what has come, at least a byte; nil when it is closed.
	read() []byte
	// poll returns what has come by now.
	poll() []byte
	// stop makes the client read nothing, or read again.
	stop(on bool)
	close()
}

// excused ends a run whose disk has failed.
type excused struct{ why string }

// Main is for TestMain: it runs the tests and removes what was built for them.
func Main(m *testing.M) {
	if name := os.Getenv("HOLDFAST_RULE_MUTANT"); !active.Set(name) {
		fmt.Fprintf(os.Stderr, "this build has no mutant %q\n", name)
		os.Exit(2)
	}
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// Check runs a rule's scenario in both worlds.
func Check(t *testing.T, r Rule) {
	t.Helper()
	t.Run("simulated", func(t *testing.T) { simulate(t, r) })
	if r.Simulated {
		return
	}
	t.Run("real", func(t *testing.T) {
		if testing.Short() {
			t.Skip("runs the real program; go test without -short does")
		}
		s := &S{t: t, where: "real program", world: newProgram(t), settings: r.Settings}
		s.world.boot(s.settings)
		s.serving()
		r.Run(s)
	})
}

func simulate(t *testing.T, r Rule) {
	from, n := uint64(1), uint64(20)
	if v, err := strconv.ParseUint(os.Getenv("HOLDFAST_RULE_SEEDS"), 10, 64); err == nil && v > 0 {
		n = v
	}
	if v, err := strconv.ParseUint(os.Getenv("HOLDFAST_RULE_SEED"), 10, 64); err == nil {
		from, n = v, 1
	}
	w := newSimulated(t)
	whole := 0
	for seed := from; seed < from+n; seed++ {
		if w.run(seed, r) == "" {
			whole++
		}
	}
	if n >= 20 && uint64(whole) < n/2 {
		t.Errorf("only %d of %d seeds came to the end", whole, n)
	}
	t.Logf("%d seeds, %d of them whole", n, whole)
}

func (s *S) failf(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s: %s", s.where, fmt.Sprintf(format, args...))
}

// broken ends the run: what was expected did not come. It is excused where the
// disk has failed.
func (s *S) broken(format string, args ...any) {
	s.t.Helper()
	if why := s.world.excuse(); why != "" {
		panic(excused{why})
	}
	s.failf(format, args...)
}

// Real reports whether this is the real program.
func (s *S) Real() bool { _, ok := s.world.(*program); return ok }

// Dial opens a connection.
func (s *S) Dial() *Client {
	s.t.Helper()
	c := s.connect()
	if _, err := fmt.Sscanf(c.Do("CLIENT", "ID"), ":%d", &c.id); err != nil {
		s.broken("no client id: %v", err)
	}
	return c
}

func (s *S) connect() *Client {
	s.t.Helper()
	l, err := s.world.dial()
	if err != nil {
		s.broken("cannot connect: %v", err)
	}
	s.clients++
	return &Client{s: s, link: l, name: "client " + strconv.Itoa(s.clients)}
}

// ask sends a command on the connection that is kept for questions.
func (s *S) ask(args ...string) string {
	s.t.Helper()
	return s.asked(args...).Reply()
}

// asked is ask before its reply.
func (s *S) asked(args ...string) *Client {
	s.t.Helper()
	if s.control == nil || s.control.closed {
		s.control = s.connect()
	}
	s.control.Send(args...)
	return s.control
}

// serving waits until the process serves commands.
func (s *S) serving() {
	s.t.Helper()
	for i := range 100_000 {
		got := s.ask("DBSIZE")
		if got[0] == ':' {
			return
		}
		if !strings.HasPrefix(got, "-LOADING") {
			s.broken("the process does not serve: %s", got)
		}
		s.world.pass(min(int64(i), 50))
	}
	s.failf("the process is still loading")
}

// Pause holds every reply that waits for the log; Resume lets them go.
func (s *S) Pause() { s.t.Helper(); s.want("+OK", "DEBUG", "reply-blocking-pause", "aof") }

// Resume ends a Pause.
func (s *S) Resume() { s.t.Helper(); s.want("+OK", "DEBUG", "reply-blocking-resume", "aof") }

func (s *S) want(want string, args ...string) {
	s.t.Helper()
	if got := s.ask(args...); got != want {
		s.broken("%s answered %s, not %s", strings.Join(args, " "), got, want)
	}
}

// Config is CONFIG SET.
func (s *S) Config(name, value string) { s.t.Helper(); s.want("+OK", "CONFIG", "SET", name, value) }

// Info returns one field of INFO, "" when there is none.
func (s *S) Info(field string) string {
	s.t.Helper()
	section, known := s.sections[field]
	if !known {
		section = "everything"
	}
	v := s.asked("INFO", section).value()
	for line := range strings.Lines(string(v.Str)) {
		if title, ok := strings.CutPrefix(line, "# "); ok {
			section = strings.TrimSpace(title)
		}
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && name == field {
			if s.sections == nil {
				s.sections = map[string]string{}
			}
			s.sections[field] = section // the whole of INFO is much to ask for at every step of a wait
			return value
		}
	}
	return ""
}

// InfoInt is Info for a number.
func (s *S) InfoInt(field string) int64 {
	s.t.Helper()
	n, err := strconv.ParseInt(s.Info(field), 10, 64)
	if err != nil {
		s.broken("INFO's %s: %v", field, err)
	}
	return n
}

// Restart ends the process and starts the next one over what it left; every
// connection is over. Settings, names and values in turn, are in addition to
// the rule's.
func (s *S) Restart(how End, settings ...string) {
	s.t.Helper()
	s.world.end(how)
	s.control = nil
	s.world.boot(append(append([]string(nil), s.settings...), settings...))
	s.serving()
}

// patienceFailed bounds the steps of a wait once the disk has failed: most of
// what is waited for then does not come.
const patienceFailed = 500

// Until asks until the answer is yes. Time passes meanwhile: the longer it has
// waited, the more between two questions.
func (s *S) Until(what string, yes func() bool) {
	s.t.Helper()
	for i := range 200_000 {
		if yes() {
			return
		}
		if i > patienceFailed && s.world.excuse() != "" {
			break
		}
		s.world.pass(1 << min(i/50, 10))
	}
	s.broken("it never came about: %s", what)
}

// Advance lets time pass in the simulated world. The real program is not
// waited for: what a scenario needs to have happened there it asks for.
func (s *S) Advance(ms int64) { s.world.pass(ms) }

// Check demands what a failing disk may excuse.
func (s *S) Check(ok bool, format string, args ...any) {
	s.t.Helper()
	if !ok {
		s.broken(format, args...)
	}
}

// Assert fails the run, whatever the disk did: no fault excuses it.
func (s *S) Assert(ok bool, format string, args ...any) {
	s.t.Helper()
	if !ok {
		s.failf(format, args...)
	}
}
