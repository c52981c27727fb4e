package meta

import (
	"fmt"

	"holdfast/engine/config"
	"holdfast/sim/tape"
	"holdfast/sim/world"
)

// Variant is what one side has that nobody may notice.
type Variant struct {
	Config config.Config
	Cut    int // how a step travels: whole, command by command, or each awaited
	// Rests says how the process ends at a rest, by turns; 0 is not at all.
	Rests [3]world.End
}

// The ways in which a step travels.
const (
	whole = iota
	byCommand
	awaited
)

var (
	sitePolicy  = tape.NewSite("side #/appendfsync", tape.Free)
	siteMemory  = tape.NewSite("side #/memory", tape.Free)
	siteSegment = tape.NewSite("side #/segment", tape.Free)
	siteBatch   = tape.NewSite("side #/batch", tape.Free)
	siteFlight  = tape.NewSite("side #/log in flight", tape.Free)
	siteMargin  = tape.NewSite("side #/hold margin", tape.Free)
	siteFetch   = tape.NewSite("side #/fetch memory", tape.Free)
	siteCkpt    = tape.NewSite("side #/checkpoint", tape.Free)
	siteCut     = tape.NewSite("side #/cut of the stream", tape.Free)
	siteEnd     = tape.NewSite("side #/rest #", tape.Free)
	siteMeasure = tape.NewSite("side #/measures", tape.Free)
)

// Vary draws a side's settings over a base that both have.
func Vary(t *tape.Tape, side int, base *config.Config) Variant {
	pick := func(l tape.Label, menu ...int) int { return menu[t.Choose(l, len(menu))] }
	v := Variant{Config: *base}
	c := &v.Config
	policy := pick(sitePolicy.At(side), 0, 0, 0, 1, 2, 3)
	c.AppendOnly = policy != 3
	c.AppendFsync = [...]string{"always", "everysec", "no", "always"}[policy]
	v.tune(t, side, pick)
	v.Cut = pick(siteCut.At(side), whole, byCommand, awaited)
	for i := range v.Rests {
		how := world.End(pick(siteEnd.At2(side, i), 0, int(world.CleanStop), int(world.Kill), int(world.PowerCut), 0))
		if !c.AppendOnly || c.AppendFsync != "always" && how != world.CleanStop {
			how = 0 // it promises less
		}
		v.Rests[i] = how
	}
	return v
}

// tune draws what may change at a restart.
func (v *Variant) tune(t *tape.Tape, side int, pick func(tape.Label, ...int) int) {
	c := &v.Config
	c.SegmentBytes = int64(pick(siteSegment.At(side), 32<<10, 16<<10, 256<<10))
	c.BatchBytes = pick(siteBatch.At(side), 8<<10, 4<<10, 16<<10)
	c.LogCommitDelayUS = 0 // the clock stands still within a step
	c.LogInFlight = pick(siteFlight.At(side), 2, 1, 3)
	c.HoldMarginMS = pick(siteMargin.At(side), 100, 0, 5)
	c.FetchBytes = int64(pick(siteFetch.At(side), 64<<10, 8<<10, 1<<20))
	c.CheckpointLogBytes = int64(pick(siteCkpt.At(side), 0, 4<<10, 48<<10))
	c.LatencyTracking = pick(siteMeasure.At(side), 0, 0, 0, 1) == 1
	c.SlowlogSlowerThan = int64(pick(siteMeasure.At(side), 10_000, 0))
	memory := pick(siteMemory.At(side), 0, 1, 1, 2, 3)
	if Place(c, memory); memory == 3 { // cold by and by
		c.TieredOffloadShare = 0.995 // of 8 MiB: what a script writes, and a little more
	}
}

// Place says where values are: 0 is in memory, 1 cold at once, 2 that and never
// kept. Others are as 1, to be refined.
func Place(c *config.Config, mode int) {
	c.TieredPrefix, c.MaxMemory, c.TieredMinValueSize, c.TieredOffloadShare, c.TieredUploadShare = "", 0, 64, 0.5, 0.1
	if mode == 0 {
		return
	}
	c.TieredPrefix, c.MaxMemory, c.TieredMinValueSize = "tier", 8<<20, 1
	c.TieredOffloadShare = 1 // every committed value goes cold at once
	if mode == 2 {
		c.TieredUploadShare = 1 // and is not kept when it is read
	}
}

// String says what there is.
func (v *Variant) String() string {
	c := &v.Config
	return fmt.Sprintf("appendonly %v, appendfsync %s, tiering %q with maxmemory %d, offload below %g, keep above %g, "+
		"segments %d, batches %d, %d in flight, checkpoint after %d, hold margin %d ms, fetch memory %d, stream %s, rests %v",
		c.AppendOnly, c.AppendFsync, c.TieredPrefix, c.MaxMemory, c.TieredOffloadShare, c.TieredUploadShare,
		c.SegmentBytes, c.BatchBytes, c.LogInFlight, c.CheckpointLogBytes, c.HoldMarginMS, c.FetchBytes,
		[...]string{"whole", "by commands", "one awaited after the other"}[v.Cut], v.Rests)
}
