package campaign

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"holdfast/engine/ckpt"
	"holdfast/engine/event"
	"holdfast/engine/keyspace"
	"holdfast/engine/obj"
	"holdfast/engine/tier"
	"holdfast/engine/tx"
	"holdfast/engine/unit"
	"holdfast/engine/wal"
	"holdfast/sim/disk"
	"holdfast/sim/judge"
	"holdfast/sim/model"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
)

func (r *Runner) saved(b *event.Saved) {
	r.told = append(r.told, *b)
	r.mark("backup made")
}

// stranger is a file in a folder among those of backups that is none of them.
const stranger = wal.BackupFolder + "/mine/notes"

// strangers puts somebody else's file where backups are made.
func (r *Runner) strangers() {
	r.world.Disk.PutFolder(wal.BackupFolder)
	r.world.Disk.PutFolder(path.Dir(stranger))
	r.world.Disk.Put(stranger, []byte("not a backup"))
}

// backups judges every backup that is on the disk now: after a crash, and at the
// end. What the engine has told of is there, and each that has a manifest is
// restored to a disk of its own, recovered there, and must hold what the model
// held at its cut.
func (r *Runner) backups() {
	rules := r.judge.Rules()
	r.believe()
	r.offline = nil
	if rules.Damage || !rules.Logged || r.judge.Failure() != nil || r.plan.shape.Backups == 0 {
		return // nobody has asked for one, and files are costly to look at
	}
	all := r.world.Disk.Files()
	r.audit(all)
	there := func(name string) bool {
		r.judge.Check(judge.Recovery)
		return slices.ContainsFunc(all, func(e disk.Entry) bool { return e.Name == name })
	}
	if !there(stranger) {
		r.judge.Fail(judge.Recovery, "KEPT", "somebody else's file among backups is gone", stranger)
		return
	}
	for _, b := range r.told {
		if !there(b.Folder + "/" + wal.ManifestName) {
			r.judge.Fail(judge.Recovery, "KEPT", "a backup that was told of is not there", b.Folder)
			return
		}
	}
	for _, e := range all {
		if folder, file := path.Split(e.Name); file == wal.ManifestName && r.judge.Failure() == nil && !slices.Contains(r.outdated, folder) {
			r.restore(folder, e.Data, all)
		}
	}
}

// outdate passes over the backups that are there: the model has forgotten the
// history that they are of.
func (r *Runner) outdate() {
	if r.plan.shape.Backups == 0 {
		return
	}
	for _, e := range r.world.Disk.Files() {
		if folder, file := path.Split(e.Name); file == wal.ManifestName {
			r.outdated = append(r.outdated, folder)
		}
	}
}

// audit verifies the log offline, as holdfast check does: nobody has damaged
// anything, and it ends where the next recovery will find its end.
func (r *Runner) audit(all []disk.Entry) {
	if r.plan.shape.Backups != 6 { // as good a share of the runs as any
		return
	}
	var files []wal.AuditFile
	for _, e := range all {
		if strings.HasPrefix(e.Name, "log") && strings.HasSuffix(e.Name, ".seg") {
			files = append(files, wal.AuditFile{Name: e.Name, Bytes: int64(len(e.Data)), ReadAt: func(p []byte, off int64) (int, error) {
				return copy(p, e.Data[min(off, int64(len(e.Data))):]), nil
			}})
		}
	}
	r.judge.Check(judge.Recovery)
	sum, err := wal.Audit(files, 0, nil)
	switch {
	case err != nil:
		r.judge.Fail(judge.Recovery, "KEPT", "an undamaged directory cannot be checked", err.Error())
	case len(sum.Damage) > 0:
		r.judge.Fail(judge.Recovery, "KEPT", "check finds damage that nobody did", sum.Damage[0].String())
	default:
		r.offline = sum
	}
}

// restore recovers one backup and compares.
func (r *Runner) restore(folder string, manifest []byte, all []disk.Entry) {
	fail := func(what string, story ...string) {
		r.judge.Fail(judge.Recovery, "KEPT", what, append([]string{"backup " + folder}, story...)...)
	}
	r.judge.Check(judge.Recovery)
	m, err := wal.ParseManifest(manifest)
	if err != nil {
		fail("a backup's manifest is not whole", err.Error())
		return
	}
	files := map[string][]byte{}
	for _, e := range all {
		if name, in := strings.CutPrefix(e.Name, folder); in {
			files[name] = e.Data
		}
	}
	for _, f := range m.Files {
		if files[f.Name] == nil {
			fail("a backup lacks a file of its manifest", f.Name)
			return
		}
	}
	ways := []bool{false}
	if files[m.Beside] != nil {
		ways = append(ways, true)
	}
	for _, checkpoint := range ways {
		c := r.recoverCopy(&m, files, checkpoint)
		with := fmt.Sprintf("with its checkpoint: %v", checkpoint)
		if !c.over || c.err != nil {
			fail("a backup cannot be recovered", with, fmt.Sprint(c.err))
		} else if c.tail < m.Cut {
			fail("a backup ends before its cut", with, fmt.Sprintf("recovered up to %d, cut at %d", c.tail, m.Cut))
		} else if why := r.compare(c, &m); why != "" {
			fail("a backup holds something else than the data at its cut", with, why, fmt.Sprintf("cut at %d", m.Cut))
		}
	}
}

// recoverCopy recovers a backup on a disk of its own.
func (r *Runner) recoverCopy(m *wal.Manifest, files map[string][]byte, checkpoint bool) *copied {
	if r.spare == nil {
		r.spare = disk.New()
	}
	d, s, t := r.spare, &sched.Sched{}, &tape.Tape{}
	t.Zero()
	s.Reset(t, 0)
	d.Reset(s, disk.Config{Align: 512}, disk.Watch{})
	for _, f := range m.Files {
		d.Put(f.Name, files[f.Name])
	}
	cfg := r.cfg
	cfg.TieredPrefix, cfg.MaxMemory = "", 0
	c := &copied{}
	c.log = wal.New(wal.Config{SegmentBytes: cfg.SegmentBytes, BatchBytes: cfg.BatchBytes}, d, c)
	c.state = tx.New(&cfg, c.log, &event.Observer{})
	if checkpoint {
		d.Put(m.Beside, files[m.Beside])
		o := &event.Observer{Mark: func(name string) {
			if name == "checkpoint loaded" {
				r.mark("backup's checkpoint loaded")
			}
		}}
		c.keeper = ckpt.New(&cfg, c.state, tier.New(&cfg, c.state, c.log, o), c.log, d, o)
		c.log.Recover(c.keeper)
	} else {
		c.log.Recover(c.state)
	}
	for n := 0; !c.over && n < 100_000 && s.Len() > 0; n++ {
		d.Deliver(s.Take())
	}
	if c.over && c.err == nil {
		c.state.EndLoad()
	}
	return c
}

// copied is a backup that has been recovered, and the owner of its log.
type copied struct {
	log    *wal.Log
	state  *tx.State
	keeper *ckpt.Keeper
	over   bool
	tail   unit.LSN
	err    error
}

func (c *copied) LogCommitted(unit.LSN) {}
func (c *copied) LogRoom()              {}
func (c *copied) LogFailed(err error)   { c.err = err }
func (c *copied) LogRecovered(r wal.Recovered, err error) {
	if err == nil && c.keeper != nil && !c.keeper.Redone(func() { c.LogRecovered(r, nil) }) {
		return
	}
	c.over, c.tail, c.err = true, r.Tail, err
}

// compare says how a recovered backup differs from the model at its cut. What
// has died since may be there or not.
func (r *Runner) compare(c *copied, m *wal.Manifest) (why string) {
	// What may have died by then is judged by the newest instant of any process.
	now := max(r.newest, m.Time) + 1_000_000
	for n, d := range c.state.Databases()[:model.Databases] {
		seen := 0
		r.judge.Model.KeysAt(n, uint64(m.Cut), func(key int32, v *model.Value) {
			name := model.AppendKey(nil, key)
			at := keyspace.Ref(0)
			if d.KS != nil {
				at = d.KS.Find(d.KS.Hash(name), name)
			}
			if at != 0 {
				seen++
			}
			if why == "" && !model.Dead(v.Deadline, now) && (at == 0 || !c.holds(d.KS, at, v)) {
				why = fmt.Sprintf("database %d, key %s, there %v, is not type %d, %.40q, %d fields, %d elements, deadline %d",
					n, name, at != 0, v.Type, v.Str, len(v.Hash), len(v.List), v.Deadline)
			}
		})
		if d.KS != nil && why == "" && seen != d.KS.Len() {
			why = fmt.Sprintf("database %d has %d keys too many", n, d.KS.Len()-seen)
		}
	}
	return why
}

// holds reports whether the entry at is v.
func (c *copied) holds(ks *keyspace.DB, at keyspace.Ref, v *model.Value) bool {
	if !ks.Resident(at) {
		var err error
		if at, err = c.state.ReadNow(ks, at); err != nil {
			return false
		}
	}
	if ks.Deadline(at) != v.Deadline {
		return false
	}
	same := false
	switch o := ks.Object(at).(type) {
	case *obj.Hash:
		same = v.Type == model.Hash && o.Len() == len(v.Hash)
		for _, p := range v.Hash {
			got, ok := o.Get(p.Field)
			same = same && ok && bytes.Equal(got, p.Value)
		}
	case *obj.List:
		same = v.Type == model.List && o.Len() == len(v.List)
		for i := 0; same && i < len(v.List); i++ {
			same = bytes.Equal(o.At(i), v.List[i])
		}
	default:
		same = v.Type == model.String && bytes.Equal(ks.String(at), v.Str)
	}
	return same
}
