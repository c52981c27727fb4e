// Package config holds every setting of a server: one struct of fields the
// engine reads, and one table that maps the names of redis.conf and Dragonfly
// to them, for flags, the configuration file and CONFIG GET/SET alike.
package config

// Config is a shard's settings. The engine reads fields directly; names,
// defaults, bounds and which may change at run time are in the parameter
// table. Durations end in their unit.
type Config struct {
	// The server.
	Bind        []string
	Port        int
	UnixSocket  string
	Dir         string
	Databases   int
	RequirePass string
	MaxClients  int
	TimeoutS    int // idle clients are closed after this; 0 never
	Hz          int

	// Durability.
	AppendOnly  bool
	AppendFsync string // "always", "everysec", "no"

	// Memory and eviction.
	MaxMemory              int64 // bytes; 0 no limit
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
	TieredMinTTLMS        int
	TieredMaxPendingStash int64
	TieredCooling         bool
	TieredHashSupport     bool

	// Protocol limits.
	ProtoMaxBulkLen         int64
	ClientQueryBufferLimit  int64
	ClientOutputLimitNormal int64 // 0 none
	EnableDebugCommand      string

	// Expiry and import.
	ImportMode bool

	// Sizes that only tests and the simulator change.
	SegmentBytes   int64
	BatchBytes     int
	LogInFlight    int
	MaxUnwritten   int64
	SlabBytes      int
	MinBuckets     int
	FetchBytes     int64 // RAM that reads in flight may use
	HoldMarginMS   int   // a held read whose deadline is nearer than this parks instead
	LeaseMS        int   // how far ahead engine time's durable ceiling is kept
	StepPersistMS  int   // how long a forward wall step must last before it is adopted
	Seed           uint64
	NoActiveExpire bool
	Listen         []string // "tcp:HOST:PORT", "unix:PATH"; the host fills it from Bind, Port and UnixSocket
	Version        string
	Backend        string // the disk and network backends, for INFO and the banner
	ExecPath       string
	ConfigFile     string
	RunID          string
}

// Default returns the settings of a server started without any.
func Default() *Config {
	return &Config{
		Bind: []string{"127.0.0.1"}, Port: 7379, Dir: "./data", Databases: 16,
		MaxClients: 10000, Hz: 100,
		AppendOnly: true, AppendFsync: "always",
		MaxMemoryPolicy: "noeviction", MaxMemorySamples: 5,
		LFULogFactor: 10, LFUDecayTime: 1,
		HashMaxListpackEntries: 128, HashMaxListpackValue: 64,
		TieredMinValueSize: 64, TieredOffloadShare: 0.5, TieredUploadShare: 0.1,
		TieredMinTTLMS: 5000, TieredMaxPendingStash: 256 << 10,
		TieredCooling: true, TieredHashSupport: true,
		ProtoMaxBulkLen: 512 << 20, ClientQueryBufferLimit: 1 << 30,
		EnableDebugCommand: "local",
		SegmentBytes:       64 << 20, BatchBytes: 1 << 20, LogInFlight: 2,
		MaxUnwritten: 64 << 20, SlabBytes: 1 << 20, MinBuckets: 64,
		FetchBytes: 64 << 20, HoldMarginMS: 100, LeaseMS: 1000, StepPersistMS: 10000,
		Seed: 0x9e3779b97f4a7c15, Version: "0.1.0",
	}
}
