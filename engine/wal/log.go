package wal

import (
	"errors"
	"fmt"

	"holdfast/engine/latency"
	"holdfast/engine/unit"
	"holdfast/vfs"
)

// The sentinels that errors of this package wrap. An error of the disk that is
// none of these, such as a failed read, wraps vfs's.
var (
	// ErrDamaged: bytes that were once acknowledged do not check. The message
	// names file and offset.
	ErrDamaged = errors.New("log damaged")
	// ErrFull: no space for this class of record. LogRoom follows when there is.
	ErrFull = errors.New("log full")
	// ErrBusy: too many bytes wait to be written. LogRoom follows.
	ErrBusy = errors.New("log busy")
	// ErrFailed: a write or a sync failed; the log is read-only until restart.
	ErrFailed = errors.New("log failed")
	// ErrKept: a cache was to begin where a log is kept.
	ErrKept = errors.New("the data directory holds a log")
	// ErrVersion: a segment of a newer format.
	ErrVersion = errors.New("log format version not supported")
	// ErrForeign: a file has a segment's name and something else's contents.
	ErrForeign = errors.New("not a log segment")
	// ErrNotYet: the record is not written, or its address was never given out.
	ErrNotYet = errors.New("log record not written yet")
)

// Config holds the log's sizes. The zero value of a field means its default.
type Config struct {
	SegmentBytes    int64  // one file; multiple of 4 KiB; fixed at the log's birth (default 64 MiB)
	BatchBytes      int    // largest single write, at most 1 MiB (default 256 KiB)
	ReadBytes       int    // piece in which recovery and Scan read (default 256 KiB)
	InFlight        int    // batches written at a time (default 2)
	CommitDelay     int64  // ns that a batch waits for company at most; 0: it does not
	MaxUnwritten    int64  // bytes appended and not yet written before Reserve says ErrBusy (default 8 MiB)
	CapBytes        int64  // all segments together; 0 is no cap
	ReserveSegments int    // left to compaction alone (default 2)
	Prefix          string // of the file names (default "log")
	Cache           bool   // nothing needs to survive a restart
}

func (c *Config) setDefaults(align int) {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&c.BatchBytes, 256<<10)
	def(&c.ReadBytes, 256<<10)
	def(&c.InFlight, 2)
	def(&c.ReserveSegments, 2)
	if c.SegmentBytes <= 0 {
		c.SegmentBytes = 64 << 20
	}
	if c.MaxUnwritten <= 0 {
		c.MaxUnwritten = 8 << 20
	}
	if c.Prefix == "" {
		c.Prefix = "log"
	}
	c.SegmentBytes = max(roundUp(c.SegmentBytes, 4096), int64(8*align))
	c.BatchBytes = min(int(roundUp(int64(c.BatchBytes), int64(align))), maxBatch)
	c.ReadBytes = max(int(roundUp(int64(c.ReadBytes), int64(align))), align)
}

// Policy says when a batch counts as committed.
type Policy uint8

// The policies, as appendfsync has them.
const (
	Always   Policy = iota // once its own write is durable
	EverySec               // once a sync, one each second, covers it
	No                     // once it is written: a power cut may undo it
)

// Owner is told what became of the log. Its methods are called from
// completions and from Tick, never from inside another call by the owner, and
// may themselves call the log.
type Owner interface {
	// LogCommitted: every unit that ends at or below lsn is committed. It is
	// also told that what Sync asked for is durable.
	LogCommitted(lsn unit.LSN)
	// LogRoom: a refused Reserve may succeed now.
	LogRoom()
	// LogFailed: a write or sync failed. Told once; committed moves no more.
	LogFailed(err error)
	// LogRecovered ends Recover. After an error the log is unusable.
	LogRecovered(r Recovered, err error)
}

// Sink takes what recovery finds, in the order of the log.
type Sink interface {
	// Apply applies r, whose slices are valid during the call only. False
	// pauses recovery until Resume, which offers the same record again.
	Apply(r *Record) bool
}

// Recovered sums up a recovery.
type Recovered struct {
	Head, Tail unit.LSN  // the log's head; where the old log was sealed
	Time       unit.Time // the newest engine time found in the log
	Epoch      uint64    // the new epoch
	Segments   int       // segments replayed
	Units      int64
	Records    int64
	Bytes      int64 // of the segments replayed
	Total      int64 // of the segments to be replayed
	Void       bool  // it ended as a cache, or before it was whole: nothing of it counts
	Cut        bool  // an incomplete unit or torn batch was left out at the tail
}

// Log is one shard's log. It is driven by its owner's calls and by the
// completions of the disk port; nothing in it runs by itself.
type Log struct {
	cfg    Config
	fs     vfs.FS
	owner  Owner
	policy Policy
	align  int64

	files  int        // files that exist, live or spare
	nextID int        // number in the next new file's name
	segs   []*segment // live, by number; the last is cur once it has a header
	spares []*segment // free and ready, first to be used first
	cur    *segment
	epoch  uint64
	era    Era  // of the current segment
	turn   turn // to another one

	// Appending. pos is where the next batch starts.
	pos         unit.LSN
	tail        unit.LSN
	q           []*batch // oldest first: in flight, then sealed, then open
	open        *batch
	inflight    int
	free        []*batch
	seq         uint64
	first, last framePos // frames of the open unit whose checksums wait
	meta        [64]byte
	unwritten   int64
	flushing    bool
	attestNow   bool // write a batch even if it is empty

	// Offsets. attested <= synced <= written; see doc.go.
	written, synced, committed, told unit.LSN
	frozen, thawed                   bool // committed stands still; it may go on at the next Tick
	attested, dataEnd                unit.LSN
	plainEnd                         unit.LSN // end of the last batch written without its own sync
	floor                            unit.LSN // what was appended under a stricter policy
	wanted                           unit.LSN // Sync asked for it and the owner was not told
	mark                             Mark     // of the last batch written
	attestPend                       attestation
	chain                            uint32
	now                              unit.Time // of the last unit

	beside                  int64 // bytes of files that are no segments
	head, headDurable       unit.LSN
	headPending, headPendAt unit.LSN

	sync       task
	syncing    bool
	syncTarget unit.LSN
	syncBegun  int64
	roll       rollState
	space      spaceState
	chores     choreState
	backup     *backup
	cutAt      cutAt
	tick       tickState
	company    company

	rec  *recovery
	scan *scan

	failed     error
	failedTold bool
	wantRoom   bool
	claimed    bool // see Claim
	closing    bool
	lastBatch  bool // the batch that Close ends with is in the queue
	closed     bool
	closeTold  bool
	nowBuf     []byte
	stats      Stats
	book       *latency.Book // nil when nobody measures
}

// task is an operation of the log's own with what to do when it is over.
type task struct {
	op vfs.Op
	fn func()
}

// Complete implements vfs.Completer.
func (t *task) Complete(*vfs.Op) { t.fn() }

func (l *Log) submit(t *task, kind vfs.Kind) {
	t.op.Kind, t.op.Owner, t.op.Err = kind, t, nil
	l.fs.Submit(&t.op)
}

// New returns a log on fs that knows nothing yet: call Recover, and nothing
// else before LogRecovered.
func New(cfg Config, fs vfs.FS, o Owner) *Log {
	cfg.setDefaults(fs.Align())
	l := &Log{cfg: cfg, fs: fs, owner: o, align: int64(fs.Align())}
	if cfg.Cache {
		l.era = Cache
	}
	l.sync.fn = l.syncDone
	l.roll.task.fn = l.headerWritten
	l.space.zero.fn = l.zeroDone
	return l
}

// Measure has every durable write and every sync of records timed.
func (l *Log) Measure(b *latency.Book) { l.book = b }

func (l *Log) timed(begun int64) {
	if l.book != nil {
		l.book.Took("aof-fsync-always", &l.book.Commit, l.book.Now()-begun)
	}
}

// Tail returns the address after the last whole unit appended: the value that
// the committed offset must reach for that unit to be committed.
func (l *Log) Tail() unit.LSN { return l.tail }

// Committed returns the committed offset.
func (l *Log) Committed() unit.LSN { return l.committed }

// Synced returns the offset up to which everything is durable, whatever the
// policy; while committed stands still, no more than that.
func (l *Log) Synced() unit.LSN {
	if l.frozen {
		return min(l.synced, l.committed)
	}
	return l.synced
}

// Freeze makes the committed offset stand still, or lets it go on, which Tick
// tells the owner of. Writes and syncs do not wait for it, and a restart knows
// nothing of it.
func (l *Log) Freeze(on bool) {
	l.thawed = l.thawed || l.frozen && !on
	l.frozen = on
}

// Frozen reports whether the committed offset stands still.
func (l *Log) Frozen() bool { return l.frozen }

// Head returns the log's head as last set.
func (l *Log) Head() unit.LSN { return l.head }

// Err returns why the log failed, or nil.
func (l *Log) Err() error { return l.failed }

// Closed reports whether everything that Close started is over. A log that
// failed or never recovered has nothing to close.
func (l *Log) Closed() bool { return l.closed || l.closing && (l.failed != nil || l.cur == nil) }

// fail makes the log read-only for ever. The first cause stands.
func (l *Log) fail(what string, s *segment, op *vfs.Op) {
	if l.failed != nil {
		return
	}
	err := op.Err
	if err == nil {
		err = vfs.ErrIO
	}
	l.failed = fmt.Errorf("%w: cannot %s %s at %d: %w", ErrFailed, what, s.name, op.Off, err)
	l.wantRoom = true
}

func roundUp(n, a int64) int64 { return (n + a - 1) / a * a }

func (l *Log) number(lsn unit.LSN) uint64 { return uint64(lsn) / uint64(l.cfg.SegmentBytes) }

func (l *Log) start(no uint64) unit.LSN { return unit.LSN(no * uint64(l.cfg.SegmentBytes)) }

// data returns how many bytes of a segment batches may fill.
func (l *Log) data() int64 { return l.cfg.SegmentBytes - 2*l.align }
