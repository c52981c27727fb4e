package tape

// Profiles returns the profiles that campaigns use.
//
//	clean     schedules vary, nothing breaks
//	standard  everything the promises cover: crashes, lost and torn writes,
//	          I/O errors, full disks, resets, clock jumps
//	storm     standard, with every rate high
//	damage    standard, and durable data rots or is read wrong: the engine must
//	          say so, it need not survive it
//	lying     damage, and the disk misplaces and skips writes: only detection
//	metamorphic
//	          clean, and every run compares two sets of settings
//	canary    clean, on a disk that lies about durability: a campaign must fail
func Profiles() []*Profile {
	return []*Profile{&Clean, &Standard, &Storm, &Harmful, &Lying, &Metamorphic, &Canary}
}

// ProfileNamed finds one of Profiles.
func ProfileNamed(name string) (*Profile, bool) {
	for _, p := range Profiles() {
		if p.Name == name {
			return p, true
		}
	}
	return nil, false
}

var (
	scheduleRates = []uint32{1 << 25, 1 << 27, 1 << 29, 1 << 30, 1 << 31}
	faultRates    = []uint32{0, 0, 0, 1 << 20, 1 << 23, 1 << 26}
	crashRates    = []uint32{0, 1 << 21, 1 << 22, 1 << 22, 1 << 23, 1 << 24}
	stormRates    = []uint32{0, 1 << 24, 1 << 26, 1 << 28}
	damageRates   = []uint32{0, 1 << 21, 1 << 24}
)

// The profiles, see Profiles.
var (
	Clean    = Profile{Name: "clean", Rates: [numGroups][]uint32{Schedule: scheduleRates}}
	Standard = Profile{Name: "standard", Rates: [numGroups][]uint32{
		Schedule: scheduleRates, DiskFault: faultRates, NetFault: faultRates, ClockFault: faultRates, Crash: crashRates}}
	Storm = Profile{Name: "storm", Rates: [numGroups][]uint32{
		Schedule: scheduleRates, DiskFault: stormRates, NetFault: stormRates, ClockFault: stormRates, Crash: {1 << 24, 1 << 25}}}
	Harmful = Profile{Name: "damage", Rates: [numGroups][]uint32{
		Schedule: scheduleRates, DiskFault: faultRates, NetFault: faultRates, ClockFault: faultRates, Crash: crashRates,
		Damage: damageRates}}
	Lying = Profile{Name: "lying", Rates: [numGroups][]uint32{
		Schedule: scheduleRates, DiskFault: faultRates, Crash: crashRates, Damage: damageRates, Lie: damageRates}}
	Metamorphic = Profile{Name: "metamorphic", Rates: [numGroups][]uint32{Schedule: scheduleRates}}
	Canary      = Profile{Name: "canary", Rates: [numGroups][]uint32{
		Schedule: scheduleRates, Crash: {1 << 23, 1 << 24}, FalseSync: {1 << 31}}}
)
