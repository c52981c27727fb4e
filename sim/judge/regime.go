package judge

import "strings"

// regime is which settings the clients have been told to be in force. A promise
// begins when the OK to CONFIG SET leaves, and ends when the command that gives it
// up is sent.
type regime struct {
	kept    bool // appendonly yes: what is acknowledged outlives the process
	off     bool // appendonly no was acknowledged: nothing of before may come back
	always  bool
	booted  bool // this process began with appendonly yes
	loading bool // and does not serve yet: nothing can change
	plain   bool // some process ran without a log
	leaves  bool // appendonly no is on its way
	before  struct {
		kept, off, always bool
		acked             uint64
	}
}

// Booting says with which settings the next process begins.
func (j *Judge) Booting(appendOnly, always bool) {
	r := &j.regime
	r.booted, r.always, r.loading, r.leaves = appendOnly, always, true, false
}

// Kept and Off tell what the clients have been told of appendonly. Neither: a
// change was asked for and may have come about.
func (j *Judge) Kept() bool { return j.regime.kept }

// Off is Kept's counterpart.
func (j *Judge) Off() bool { return j.regime.off }

// Sure reports whether what is declared now has to be durable before it is told.
func (j *Judge) Sure() bool {
	return j.rules.Sure && j.regime.kept && j.regime.always && j.world.Holds()
}

// binding returns the address that must be stable before something that was
// caused now is told; 0 if nothing must.
func (j *Judge) binding(lsn uint64) uint64 {
	if !j.Sure() {
		return 0
	}
	return lsn
}

// logs reports whether what changes now has to be logged.
func (j *Judge) logs() bool { return j.rules.Logged && j.regime.kept && j.world.Logs() }

// asks notes a CONFIG SET that is on its way.
func (j *Judge) asks(args [][]byte) {
	name, value, ok := setting(args)
	if !ok {
		return
	}
	r := &j.regime
	r.before.kept, r.before.off, r.before.always, r.before.acked = r.kept, r.off, r.always, j.acked
	switch {
	case name == "appendfsync" && value != "always":
		r.always = false
	case name == "appendonly" && value == "no":
		r.kept, r.leaves, j.acked = false, true, 0
	case name == "appendonly":
		r.off = false
	}
}

// answered notes what became of it.
func (j *Judge) answered(args [][]byte, got []byte) {
	name, value, ok := setting(args)
	if !ok {
		return
	}
	r := &j.regime
	r.leaves = false
	switch {
	case strings.HasPrefix(string(got), "-LOADING"), name == "appendonly" && r.loading: // nothing has changed
		r.kept, r.off, r.always = r.before.kept, r.before.off, r.before.always
		j.acked = max(j.acked, r.before.acked)
	case !isOK(got):
	case name == "appendfsync":
		r.always = value == "always"
	case value == "yes":
		r.kept = true
	default:
		r.kept, r.off = false, true
	}
}

func setting(args [][]byte) (name, value string, ok bool) {
	if len(args) != 4 || string(args[0]) != "CONFIG" || string(args[1]) != "SET" {
		return "", "", false
	}
	name, value = string(args[2]), string(args[3])
	return name, value, name == "appendonly" || name == "appendfsync"
}

func regimeIn(args [][]byte) bool { _, _, ok := setting(args); return ok }

// restarted judges whether a recovery may have come back with nothing, or with
// something, and begins the regime of the new process. It reports whether the
// state is that of the log.
func (j *Judge) restarted(void bool, keys int) (logged bool) {
	r := &j.regime
	logged = r.booted && !void
	if j.rules.Logged && !j.rules.Damage {
		j.check(Recovery)
		switch {
		case r.kept && !logged:
			j.Fail(Recovery, "KEPT", "a log that was kept is void", j.last)
		case r.off && logged && keys > 0:
			j.Fail(Recovery, "KEPT", "a log that was switched off came back", j.last)
		}
	}
	if !logged {
		j.acked, j.revealed = 0, 0
	}
	r.kept, r.loading = r.booted && !r.leaves, false
	r.off = r.off && !r.booted
	r.plain = r.plain || !r.booted
	return logged
}
