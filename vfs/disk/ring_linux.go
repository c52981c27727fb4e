package disk

import (
	"holdfast/vfs/internal/posix"
	"holdfast/vfs/uring"
)

// ring opens d with io_uring. Neither a disk nor an error means that it was not
// wanted.
func ring(d *posix.Dir, opt Options) (FS, error) {
	if opt.Pool {
		return nil, nil
	}
	fs, err := uring.New(d)
	if err != nil {
		return nil, err
	}
	return fs, nil
}
