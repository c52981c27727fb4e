package rules

import "holdfast/vfs"

// breaker is a disk that fails what a scenario wants failed, at the moment at
// which it would have been done.
type breaker struct {
	vfs.FS
	fail func(op *vfs.Op) error
}

// FailDisk makes the simulated disk fail the operations for which fail returns
// an error, without doing them; nil ends that, and so does a restart.
func (s *S) FailDisk(fail func(op *vfs.Op) error) { s.world.(*simulated).disk.fail = fail }

// Submit implements vfs.FS.
func (b *breaker) Submit(op *vfs.Op) {
	if b.fail != nil {
		if err := b.fail(op); err != nil {
			b.FS.Submit(&vfs.Op{Kind: vfs.List, Owner: &failing{op, err}})
			return
		}
	}
	b.FS.Submit(op)
}

// failing completes an operation with an error.
type failing struct {
	op  *vfs.Op
	err error
}

// Complete implements vfs.Completer.
func (f *failing) Complete(*vfs.Op) {
	f.op.N, f.op.Err = 0, f.err
	f.op.Owner.Complete(f.op)
}
