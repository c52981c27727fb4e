package campaign

// drained checks the accounts once everybody has been answered.
func (r *Runner) drained() {
	if !r.serving() {
		return
	}
	r.world.Run(r.world.Sched.Events()+200, func() bool { return r.world.Disk.InFlight() == 0 })
}
