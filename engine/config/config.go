// Package config holds every setting of a server: one struct of fields the
// engine reads, and one table that maps the names of redis.conf and Dragonfly
// to them, for flags, the configuration file and CONFIG GET/SET alike.
package config

// Config is a shard's settings. The engine reads fields directly; names,
// defaults, bounds and which may change at run time are in the parameter
// table. Durations end in their unit.
type Config struct {
	// The server.
	Bind           []string
	Port           int // 0: no TCP
	UnixSocket     string
	UnixSocketPerm int // mode bits of the socket file; 0 leaves the umask's
	Dir            string
	BackupDir      string // "" is the folder backup in Dir
	Databases      int
	RequirePass    string
	ProtectedMode  bool // without a password, refuse to listen beyond loopback
	MaxClients     int
	MaxClientsMost int // what CONFIG SET may raise it to; 0 no limit; the host fills it
	TimeoutS       int // idle clients are closed after this; 0 never
	TCPKeepAliveS  int
	TCPBacklog     int    // clients that connected and are not accepted yet
	LogLevel       string // "debug", "verbose", "notice", "warning"
	LogFile        string // "" is standard error
	PidFile        string

	// Durability.
	AppendOnly  bool
	AppendFsync string // "always", "everysec", "no"

	// Memory and eviction.
	MaxMemory              int64 // bytes; 0 no limit
	MaxMemoryAuto          int64 // what setting maxmemory to 0 means; the host fills it
	MaxMemoryPolicy        string
	MaxMemorySamples       int
	CacheMode              bool
	LFULogFactor           int
	LFUDecayTime           int
	HashMaxListpackEntries int
	HashMaxListpackValue   int

	// Tiering.
	TieredPrefix          string
	TieredMinValueSize    int
	TieredOffloadShare    float64 // tiered_offload_threshold
	TieredUploadShare     float64 // tiered_upload_threshold
	TieredMaxFileSize     int64   // 0: the host resolves it to 80 % of the free disk
	TieredMaxFileAuto     int64   // what setting it to 0 means; the host fills it and follows the disk
	TieredMaxFileFixed    bool    // somebody set it to something else
	TieredMaxPendingStash int64
	TieredHashSupport     bool
	BackingFileDirect     bool   // open the log with O_DIRECT where the file system can
	DiskBackend           string // "auto", "uring", "pool"

	// Protocol limits.
	ProtoMaxBulkLen        int64
	ClientQueryBufferLimit int64
	ClientOutputLimits     [3]OutputLimit // of normal, replica and pubsub clients
	EnableDebugCommand     string         // "no", "local", "yes"
	NotifyEvents           uint16         // notify-keyspace-events; bit i is letter i of EventLetters
	TrackingMaxKeys        int            // keys whose readers are remembered for invalidation; 0 no limit

	// What is measured.
	SlowlogSlowerThan  int64 // us; 0 logs every command, negative none
	SlowlogMaxLen      int64
	LatencyThresholdMS int64 // events this slow are remembered; 0 none
	LatencyTracking    bool
	LatencyPercentiles []float64

	// Expiry and import.
	ImportMode bool

	// CheckpointLogBytes is what is logged between two checkpoints of the index,
	// at least; 0 takes none.
	CheckpointLogBytes int64

	// Sizes that only tests and the simulator change.
	SegmentBytes int64
	BatchBytes   int
	LogInFlight  int
	// The longest that a write under always waits for clients who have just been
	// answered; package wal decides whether.
	LogCommitDelayUS int
	MaxUnwritten     int64
	SlabBytes        int
	MinBuckets       int
	WeakHash         bool // of keyspace.Options and obj.Limits; the simulator's
	// ImagePartBytes is the size of a part of an image; larger collections are
	// imaged in parts.
	ImagePartBytes int
	// ExpireBatch is how many dead keys one turn removes at most.
	ExpireBatch   int
	FetchBytes    int64 // RAM that reads in flight may use
	HoldMarginMS  int   // a held read whose deadline is nearer than this parks instead
	LeaseMS       int   // how far ahead engine time's durable ceiling is kept
	StepPersistMS int   // how long a forward wall step must last before it is adopted
	Seed          uint64
	Listen        []string // "tcp:HOST:PORT", "unix:PATH"; the host fills it from Bind, Port and UnixSocket
	Version       string
	Backend       string // the disk and network backends, for INFO and the banner
	ExecPath      string
	ConfigFile    string
	RunID         string

	// Inert holds the parameters that were set and have no effect here, so that
	// CONFIG GET answers what the file said. Sorted by name.
	Inert []Setting
}

// OutputLimit bounds one class of clients' pending output: at Hard bytes, or
// at Soft bytes for SoftS seconds, the client is disconnected. 0 is no bound.
type OutputLimit struct {
	Hard, Soft int64
	SoftS      int
}

// Setting is one parameter's name and its value as CONFIG GET shows it.
type Setting struct {
	Name, Value string
}

// Default returns the settings of a server started without any.
func Default() *Config {
	return &Config{
		Bind: []string{"127.0.0.1"}, Port: 7379, Dir: "./data", Databases: 16,
		ProtectedMode: true, MaxClients: 10000, TCPKeepAliveS: 300, TCPBacklog: 511, LogLevel: "notice",
		AppendOnly: true, AppendFsync: "always",
		MaxMemoryPolicy: "noeviction", MaxMemorySamples: 5,
		LFULogFactor: 10, LFUDecayTime: 1,
		HashMaxListpackEntries: 512, HashMaxListpackValue: 64,
		TieredMinValueSize: 64, TieredOffloadShare: 0.5, TieredUploadShare: 0.1,
		TieredMaxPendingStash: 256 << 10, TieredHashSupport: true,
		BackingFileDirect: true, DiskBackend: "auto",
		ProtoMaxBulkLen: 512 << 20, ClientQueryBufferLimit: 1 << 30,
		ClientOutputLimits: [3]OutputLimit{
			1: {Hard: 256 << 20, Soft: 64 << 20, SoftS: 60},
			2: {Hard: 32 << 20, Soft: 8 << 20, SoftS: 60},
		},
		EnableDebugCommand: "local", TrackingMaxKeys: 1_000_000,
		SlowlogSlowerThan: 10_000, SlowlogMaxLen: 128,
		LatencyTracking: true, LatencyPercentiles: []float64{50, 99, 99.9},
		CheckpointLogBytes: 256 << 20,
		SegmentBytes:       64 << 20, BatchBytes: 1 << 20, LogInFlight: 2, LogCommitDelayUS: 5000,
		MaxUnwritten: 64 << 20, SlabBytes: 1 << 20, MinBuckets: 64,
		ImagePartBytes: 64 << 10, ExpireBatch: 2000, FetchBytes: 64 << 20, HoldMarginMS: 100, LeaseMS: 1000, StepPersistMS: 10000,
		Seed: 0x9e3779b97f4a7c15, Version: "0.1.0",
	}
}
