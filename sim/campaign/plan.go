package campaign

import (
	"fmt"
	"strconv"
	"strings"

	"holdfast/engine/config"
	"holdfast/sim/client"
	"holdfast/sim/judge"
	"holdfast/sim/meta"
	"holdfast/sim/model"
	"holdfast/sim/sched"
	"holdfast/sim/tape"
	"holdfast/sim/world"
)

// plan is what a run has drawn before it begins.
type plan struct {
	config   config.Config
	rules    judge.Rules
	shape    client.Shape
	capacity int64
	calm     bool // nothing delays the engine: it must be punctual
	crashes  [2]crash
	total    int64
	scope    Scope // none: the zero value
	limited  bool
	evicts   bool
	spoil    int  // what befalls the checkpoint at a crash
	beside   bool // a Redis is to repeat it
	lying    bool // the disk's lies are outside the promise
	meta     bool // the run compares two sets of settings
	lasts    int64
}

// crash is a planned end of a process, once so many units have run.
type crash struct {
	how   world.End
	at    int64
	early bool // be it before the process serves
	done  bool
	as    tape.Outcome // of the world's own ends, the one that is the same
}

// What a plan draws are meanings: how often each comes is the site's affair, so that
// recordings outlive its tuning.
var (
	siteClients  = tape.NewSite("run/clients", tape.Free)
	siteCommands = tape.NewSiteWeighted("run/commands", tape.Free, 0, 1, 3, 3, 3, 3, 2, 1, 1, 1, 1)
	siteGroups   = tape.NewSite("run/keys", tape.Free)
	siteSize     = tape.NewSite("run/value size", tape.Free)
	siteDepth    = tape.NewSiteWeighted("run/pipeline depth", tape.Free, 0, 1, 6, 3, 1, 1)
	siteFsync    = tape.NewSiteWeighted("run/appendfsync", tape.Free, 0, 12, 2, 1, 1)
	siteSegment  = tape.NewSite("run/segment", tape.Free)
	siteCap      = tape.NewSiteWeighted("run/log cap", tape.Free, 0, 12, 1, 1, 1, 1)
	siteCaps     = tape.NewSiteWeighted("run/changes of the cap", tape.Free, 0, 2, 1, 1)
	siteLarge    = tape.NewSiteWeighted("run/large", tape.Free, 0, 3, 1)
	sitePart     = tape.NewSite("run/part", tape.Free)
	siteDead     = tape.NewSiteWeighted("run/dead a turn", tape.Free, 0, 2, 1, 1)
	siteBatch    = tape.NewSite("run/batch", tape.Free)
	siteFlight   = tape.NewSite("run/log in flight", tape.Free)
	siteMargin   = tape.NewSite("run/hold margin", tape.Free)
	siteHash     = tape.NewSiteWeighted("run/weak hash", tape.Free, 0, 3, 1)
	siteMemory   = tape.NewSiteWeighted("run/memory", tape.Free, 0, 3, 3, 1, 1)
	siteEvict    = tape.NewSiteWeighted("run/eviction", tape.Free, 0, 4, 1, 1, 1, 1)
	siteCkpt     = tape.NewSiteWeighted("run/checkpoint", tape.Free, 0, 1, 2, 1, 1)
	siteSpoil    = tape.NewSiteWeighted("run/spoiled checkpoint", tape.Free, 0, 8, 1, 1, 1, 1)
	siteProto    = tape.NewSiteWeighted("run/protocol", tape.Free, 0, 3, 1)
	siteImport   = tape.NewSiteWeighted("run/import", tape.Free, 0, 11, 3, 2)
	sitePauses   = tape.NewSiteWeighted("run/pauses of replies", tape.Free, 0, 6, 1, 1)
	siteHalts    = tape.NewSiteWeighted("run/pauses of clients", tape.Free, 0, 6, 1, 1)
	sitePolicies = tape.NewSiteWeighted("run/changes of appendfsync", tape.Free, 0, 5, 1, 1, 1)
	siteLogs     = tape.NewSiteWeighted("run/changes of appendonly", tape.Free, 0, 8, 1, 1, 1)
	siteRefsync  = tape.NewSite("run/boot # appendfsync", tape.Free)
	siteSettle   = tape.NewSite("run/boot # with appendonly", tape.Free)
	siteOther    = tape.NewSiteWeighted("run/boot # with other settings", tape.Free, 0, 3, 1)
	siteLazy     = tape.NewSiteWeighted("run/active expiry off", tape.Free, 0, 3, 1)
	siteBackups  = tape.NewSiteWeighted("run/backups", tape.Free, 0, 4, 1, 1, 1, 1)
	siteRegister = tape.NewSiteWeighted("run/registers", tape.Free, 0, 11, 1)
	siteListen   = tape.NewSiteWeighted("run/listeners", tape.Free, 0, 3, 1)
	siteEnd      = tape.NewSiteWeighted("run/crash # kind", tape.Free, 0, 2, 2, 1, 1)
	siteWhen     = tape.NewSite("run/crash # time", tape.Free)
	siteEarly    = tape.NewSite("run/crash # in recovery", tape.Free)
	siteLasts    = tape.NewSiteWeighted("run/goes on", tape.Free, 0, 20, 1, 1, 1, 1)
)

// lasts is how long a run goes on, faults and all, when clients have sent and heard
// everything.
var lasts = [...]int64{0, sched.Millisecond, 10 * sched.Millisecond, 100 * sched.Millisecond, 1100 * sched.Millisecond}

// settings are fixed by a token, over what the tape draws.
type settings map[string]string

// parseSettings reads "name=value,name=value": fsync, an appendfsync policy;
// mutant, the name of the published bug that a token's run had (the program
// sees to it); beside=redis, for a history that a Redis can repeat: no deadline
// passes, nothing crashes and memory is not short; large=yes, for collections that are
// large beside a segment, cold and changed all the time; backups, how many are made; scope, whose clients and
// settings it has; commands, how many each client sends, as in "3/0/2"; total, the
// number of commands by which the time of a crash is reckoned, and without commands how
// many are sent.
func parseSettings(s string) (settings, error) {
	out := settings{}
	for _, kv := range strings.Split(s, ",") {
		if kv == "" {
			continue
		}
		k, v, ok := strings.Cut(kv, "=")
		switch k {
		case "fsync", "mutant":
		case "large":
			ok = v == "yes"
		case "beside":
			ok = v == "redis"
		case "scope":
			_, ok = ScopeNamed(v)
		case "commands":
			_, ok = parseCommands(v)
		case "total":
			n, err := strconv.Atoi(v)
			ok = err == nil && n > 0 && n <= 100_000
		case "backups":
			n, err := strconv.Atoi(v)
			ok = err == nil && n > 0 && n <= 100
		default:
			ok = false
		}
		if !ok {
			return nil, fmt.Errorf("no setting %q", kv)
		}
		out[k] = v
	}
	return out, nil
}

// parseCommands reads the setting commands.
func parseCommands(s string) (each []int, ok bool) {
	for _, f := range strings.Split(s, "/") {
		n, err := strconv.Atoi(f)
		if err != nil || n < 0 || n > 1000 {
			return nil, false
		}
		each = append(each, n)
	}
	return each, len(each) <= 16
}

func drawPlan(t *tape.Tape, set settings, profile string) (p plan) {
	pick := func(l tape.Label, menu ...int) int { return menu[t.Choose(l, len(menu))] }
	p.shape = client.Shape{
		Clients:  pick(siteClients.Label(), 3, 1, 2, 4, 6),
		Groups:   pick(siteGroups.Label(), 2, 1, 3, 6, 12),
		Size:     pick(siteSize.Label(), 40, 20, 100, 300, 900),
		Depth:    pick(siteDepth.Label(), 4, 1, 2, 8, 16),
		Proto3:   pick(siteProto.Label(), 0, 1) == 1,
		Commands: 0,
	}
	// Most runs are short, some go deep: a crash behind a long history is another one.
	p.total = int64(pick(siteCommands.Label(), 320, 80, 96, 112, 128, 160, 192, 256, 384, 448))
	p.shape.Commands = int(p.total) / p.shape.Clients
	p.pin(set)
	if name := set["scope"]; name != "" {
		sc, _ := ScopeNamed(name)
		p.shape.Script, p.shape.Clients, p.shape.Each, p.shape.Logs, p.scope = sc.Clients, len(sc.Clients), nil, sc.Logs, sc
	}
	p.beside = set["beside"] != ""
	p.drawConfig(t, pick)
	if v := set["fsync"]; v != "" {
		p.config.AppendFsync = v
	}
	p.rules = judge.Rules{Logged: p.config.AppendOnly, Sure: p.config.AppendOnly && p.config.AppendFsync == "always",
		PersistMS: int64(p.config.StepPersistMS)}
	p.drawCap(t, pick)
	p.rules.Limited, p.rules.Evicts, p.lying = p.limited, p.evicts, profile == tape.Lying.Name
	p.rules.Volatile = strings.HasPrefix(p.config.MaxMemoryPolicy, "volatile-")
	p.calm = profile == "clean"
	p.shape.Lazy = pick(siteLazy.Label(), 0, 1) == 1 && !p.calm
	if n := pick(sitePauses.Label(), 0, 1, 2); p.rules.Sure && !p.calm {
		p.shape.Pauses = n
	}
	if n := pick(siteHalts.Label(), 0, 1, 3); !p.beside && p.shape.Script == nil {
		p.shape.Halts = n
	}
	p.shape.Backups = set.number("backups", pick(siteBackups.Label(), 0, 1, 2, 4, 6))
	if mode := pick(siteImport.Label(), 0, 1, 2); !p.beside && p.shape.Script == nil {
		p.drawImport(mode)
	}
	p.drawChanges(pick)
	for i := range p.crashes {
		c := &p.crashes[i]
		c.how = world.End(t.Choose(siteEnd.At(i), int(world.CleanStop)+1))
		c.at = p.total * int64(t.Choose(siteWhen.At(i), 64)) / 64
		c.early = t.Choose(siteEarly.At(i), 2) == 1
	}
	if pick(siteRegister.Label(), 0, 1) == 1 && p.rules.Sure && !p.limited && !p.beside {
		p.shape.Registers, p.shape.Proto3, p.shape.Depth = true, false, min(p.shape.Depth, 2)
	}
	p.shape.Large = pick(siteLarge.Label(), 0, 1) == 1
	if set["large"] != "" && !p.rules.Capped {
		p.shape.Large, p.config.SegmentBytes, p.config.ImagePartBytes = true, 16<<10, 32
		if !p.limited {
			p.drawMemory(t, &p.config, 1)
		}
	}
	listen := pick(siteListen.Label(), 0, 1) == 1
	if p.shape.Listen = listen && !p.beside && p.shape.Script == nil && !p.shape.Registers && !p.shape.Import; p.shape.Listen {
		p.config.NotifyEvents = 1<<10 - 1 | 1<<11 // KA
	}
	if p.beside {
		p.shape.Far, p.shape.Proto3, p.shape.Lazy = true, false, false
		p.crashes = [2]crash{}
	}
	p.lasts = lasts[t.Choose(siteLasts.Label(), len(lasts))]
	p.drawMeta(t, set, profile)
	return p
}

// number returns a setting, or what was drawn for it.
func (s settings) number(name string, drawn int) int {
	if n, err := strconv.Atoi(s[name]); err == nil {
		return n
	}
	return drawn
}

// pin takes the numbers of commands from a token, if it has them.
func (p *plan) pin(set settings) {
	if each, ok := parseCommands(set["commands"]); ok {
		p.shape.Each, p.shape.Clients, p.total = each, len(each), 0
		for _, n := range each {
			p.total += int64(n)
		}
	}
	if n, err := strconv.Atoi(set["total"]); err == nil {
		p.total = int64(n)
		if p.shape.Each == nil {
			p.shape.Commands = max(n/p.shape.Clients, 1)
		}
	}
}

func (p *plan) drawConfig(t *tape.Tape, pick func(tape.Label, ...int) int) {
	c := config.Default()
	c.Databases = model.Databases
	c.Listen = []string{"tcp:10.0.0.254:6379"}
	c.SlabBytes, c.MinBuckets = 4096, 8
	c.WeakHash = pick(siteHash.Label(), 0, 1) == 1
	c.SegmentBytes = int64(pick(siteSegment.Label(), 32<<10, 16<<10, 64<<10))
	c.BatchBytes = pick(siteBatch.Label(), 8<<10, 4<<10, 16<<10)
	c.LogInFlight = pick(siteFlight.Label(), 2, 1, 3)
	c.MaxUnwritten = 64 << 10
	c.HoldMarginMS = pick(siteMargin.Label(), 100, 0, 5)
	c.FetchBytes = 64 << 10
	c.EnableDebugCommand = "yes"
	c.HashMaxListpackEntries = 8
	c.ImagePartBytes = pick(sitePart.Label(), 64, 32, 256, 1024)
	c.ExpireBatch = pick(siteDead.Label(), 2000, 3, 1)
	switch pick(siteFsync.Label(), 0, 1, 2, 3) {
	case 1:
		c.AppendFsync = "everysec"
	case 2:
		c.AppendFsync = "no"
	case 3:
		c.AppendOnly = false
	}
	c.CheckpointLogBytes = int64(pick(siteCkpt.Label(), 0, 4<<10, 16<<10, 48<<10))
	p.spoil = pick(siteSpoil.Label(), 0, spoilBit, spoilTail, spoilOlder, spoilOther)
	memory := pick(siteMemory.Label(), 0, 1, 2, 3)
	if memory == 3 && p.beside {
		memory = 2
	}
	p.drawMemory(t, c, memory)
	c.LatencyTracking = p.shape.Clients == 4 // histograms are large, and change nothing
	p.config = *c
}

// drawCap decides whether the log may only take a few segments, and those small,
// so that it is full in the midst of the run; and how often that is changed.
func (p *plan) drawCap(t *tape.Tape, pick func(tape.Label, ...int) int) {
	segments := pick(siteCap.Label(), 0, 4, 5, 6, 8)
	changes := pick(siteCaps.Label(), 0, 1, 3)
	if segments == 0 || p.beside || p.shape.Script != nil {
		return
	}
	p.rules.Capped = true
	p.config.SegmentBytes = min(p.config.SegmentBytes/2, 16<<10)
	p.config.TieredMaxFileSize = p.config.SegmentBytes * int64(segments)
	p.shape.Caps, p.shape.Segment = changes, p.config.SegmentBytes
	p.config.ImagePartBytes = max(p.config.ImagePartBytes, 4096) // less is mostly padding, which no compaction gets rid of
}

// drawMemory decides whether values go cold.
func (p *plan) drawMemory(t *tape.Tape, c *config.Config, mode int) {
	meta.Place(c, mode)
	if mode == 3 {
		c.MaxMemory = 96 << 10 // writers meet the limit
		c.TieredOffloadShare = 0.5
		p.shape.Memory = true
		p.limited = true
		if n := t.Choose(siteEvict.Label(), 5); n > 0 {
			c.MaxMemoryPolicy = [...]string{"allkeys-random", "allkeys-lru", "volatile-ttl", "volatile-lfu"}[n-1]
			p.evicts = true
		}
	}
}

// drawImport decides whether data is imported: with a mode that is switched at run
// time, or with one that the configuration has on for good.
func (p *plan) drawImport(mode int) {
	p.shape.Import, p.shape.ImportOn = mode != 0, mode == 2
	if mode == 2 {
		p.config.ImportMode, p.rules.Import = true, true
		p.config.MaxMemoryPolicy = "allkeys-random" // which must not make a difference
	}
}

// drawChanges decides whether the administrator changes appendfsync and
// appendonly.
func (p *plan) drawChanges(pick func(tape.Label, ...int) int) {
	policies := pick(sitePolicies.Label(), 0, 1, 2, 4)
	logs := pick(siteLogs.Label(), 0, 1, 2, 3)
	switch {
	case p.shape.Script != nil:
		policies, logs = 0, p.shape.Logs
	case p.calm || p.beside:
		return
	}
	p.shape.Policies, p.shape.Logs = policies, logs
	p.rules.Logged = p.rules.Logged || p.shape.Logs > 0
	p.rules.Sure = p.rules.Sure || p.rules.Logged && p.shape.Policies > 0 || p.shape.Logs > 0
}

// turn ends the process when its time has come.
func (p *plan) turn(r *Runner) {
	if r.judge.Failure() != nil {
		return
	}
	for i := range p.crashes {
		c := &p.crashes[i]
		if c.how == 0 || c.done || r.judge.Counts.Units < c.at || r.world.Engine() == nil || r.world.Sched.IsCalm() || !c.early && !r.serving() {
			continue
		}
		c.done = true
		c.as = r.tape.Next(siteCrash.Label(), int(c.how))
		r.world.End(c.how)
		return
	}
}
