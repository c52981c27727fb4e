// Package campaign runs seeds: it builds one world, one engine, its clients and
// its judge for each, and says what came of it.
//
//	r := campaign.NewRunner()          // one per worker; reused
//	res := r.Run(tape.Token{Seed: 7, Profile: "standard"})
//	if res.Failure != nil { ... res.Token().Encode() replays it }
//
// A run is: draw settings and a workload; let the clients work in a world that
// breaks things, with one planned crash or more besides those the world
// chooses; after every recovery read everything back; then end all faults and
// demand that everybody is answered or gone and that the accounts are zero.
package campaign
