package disk

import (
	"testing"

	"holdfast/sim/sched"
	"holdfast/sim/tape"
	"holdfast/vfs"
	"holdfast/vfs/vfstest"
)

// rig drives a disk without a world.
type rig struct {
	s *sched.Sched
	t tape.Tape
	d *Disk
}

func newRig(seed uint64, p *tape.Profile, cfg Config, w Watch) *rig {
	r := &rig{s: &sched.Sched{}, d: New()}
	r.t.Seed(seed, p)
	r.s.Reset(&r.t, 0)
	r.d.Reset(r.s, cfg, w)
	return r
}

func (r *rig) pump() bool {
	for r.s.Len() > 0 {
		if r.d.Deliver(r.s.Take()) {
			return true
		}
	}
	return false
}

func TestConformance(t *testing.T) {
	for seed := range uint64(6) {
		vfstest.Run(t, func(t *testing.T) *vfstest.Harness {
			align := 512
			if seed%2 == 1 {
				align = 4096
			}
			r := newRig(seed, &tape.Clean, Config{Align: align}, Watch{})
			return &vfstest.Harness{
				FS:      r.d,
				Pump:    r.pump,
				Restart: func() vfs.FS { r.d.Kill(); return r.d },
				Crash:   func() vfs.FS { r.d.PowerCut(); return r.d },
			}
		})
	}
}
