package campaign

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"

	"holdfast/engine/event"
	"holdfast/sim/disk"
	"holdfast/sim/judge"
	"holdfast/sim/sched"
	"holdfast/sim/shadow"
	"holdfast/sim/tape"
)

// index is what the runner knows of the checkpoints of the index.
type index struct {
	published bool // the process has published one, or begun with one
	stale     bool // the last one is out of date, and the engine said so
	hurt      bool // one was damaged or replaced, or failed to be read
	older     []byte
}

// What may befall the newest checkpoint at a crash.
const (
	spoilBit   = iota + 1 // one bit flips
	spoilTail             // its end is missing
	spoilOlder            // it is an older one
	spoilOther            // it belongs to another log: one with the same addresses
)

var sitePlace = tape.NewSite("crash/place in the checkpoint", tape.Free)

// spoil does to the newest checkpoint what the plan has in store.
func (r *Runner) spoil() {
	if r.plan.spoil == 0 {
		return
	}
	for _, f := range slices.Backward(r.world.Disk.Files()) {
		if !strings.HasSuffix(f.Name, ".ckpt") || len(f.Data) == 0 {
			continue
		}
		at := r.tape.Choose(sitePlace.Label(), len(f.Data))
		p := bytes.Clone(f.Data)
		switch r.plan.spoil {
		case spoilBit:
			p[at] ^= 1 << (at % 8)
		case spoilTail:
			p = p[:at]
		case spoilOlder:
			if r.index.older == nil {
				r.index.older = p
			}
			p = r.index.older
		case spoilOther:
			if r.index.older == nil {
				r.index.older = p
				return
			}
			p = otherLog(r.index.older, p)
		}
		r.world.Disk.Put(f.Name, p)
		r.index.hurt = true
		return
	}
}

// otherLog returns a checkpoint with the entries of one and the place in the log
// of another, for a log whose batch there has another checksum. The layout is
// drawn in engine/ckpt.
func otherLog(entries, place []byte) []byte {
	const header = 128
	if len(entries) < header || len(place) < header {
		return place
	}
	p := bytes.Clone(entries)
	copy(p[24:68], place[24:68])
	binary.LittleEndian.PutUint32(p[64:], 1) // not to be undone by a second time
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(crc32.Update(0, table, p[:12]), table, p[16:header])
	binary.LittleEndian.PutUint32(p[12:], sum)
	return p
}

// isCheckpoint reports whether damage to a file must do no harm at all.
func isCheckpoint(name string) bool {
	return strings.HasSuffix(name, ".ckpt") || strings.HasSuffix(name, ".tmp")
}

func (r *Runner) damaged(_ disk.FileID, name string, _ int64, _ int) {
	if isCheckpoint(name) {
		r.index.hurt = true
		return
	}
	r.judge.Rules().Damage = true
	r.judge.Rules().Flaws++
}

func (r *Runner) misread(_ disk.FileID, name string, _ int64, _ int) {
	r.index.hurt = true
	if isCheckpoint(name) {
		return
	}
	r.judge.Rules().Damage = true
	r.judge.Rules().Misreads++
}

// mark notes what the engine says of its checkpoints.
func (x *index) mark(name string) {
	switch name {
	case "checkpoint published":
		x.published = true
	case "checkpoint out of date":
		x.stale = true
	}
}

// accelerated compares what a checkpoint and the log's end led to with what the
// whole log says, and demands that a checkpoint that was published is used.
func (r *Runner) accelerated(e *event.Recovered) {
	if r.shard == nil || r.cfg.CheckpointLogBytes == 0 || !r.judge.Rules().Logged || r.plan.shape.Logs > 0 {
		return
	}
	loaded := r.shard.Checkpoints().Loaded
	was := r.index
	r.index = index{published: loaded, hurt: was.hurt, older: was.older}
	seen := r.world.Seen()
	lied := seen[sched.PhantomWrite]+seen[sched.MisdirectedWrite]+seen[sched.FalseSync] > 0
	if was.published && !was.stale && !was.hurt && !lied && !r.judge.Rules().Damage && r.diskFaults() == 0 { // damage may hide its place in the log
		r.judge.Check(judge.Recovery)
		if !loaded {
			r.judge.Fail(judge.Recovery, "CHECKPOINT", "a checkpoint that was published is not used")
		}
	}
	if !loaded || r.judge.Rules().Damage || lied {
		return
	}
	r.judge.Check(judge.Recovery)
	if diff := shadow.Differs(&r.cfg, r.world.Disk.Files(), r.world.Disk.Align(), r.shard.State(), e.Now); diff != "" {
		r.judge.Fail(judge.Recovery, "KEPT", "a checkpoint led to another state than the whole log", diff)
	}
}
