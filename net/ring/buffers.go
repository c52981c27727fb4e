//go:build linux

package ring

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"holdfast/internal/iouring"

	"golang.org/x/sys/unix"
)

const (
	bufferCount = 64 // at most; a power of two
	bufferFirst = 16 // given at first; twice as many whenever they ran out
	// Not a power of two: the first lines of all buffers would share few places
	// in the processor's caches.
	bufferBytes = 256<<10 + 64
)

const registerBuffers = 22

// buffers are what the kernel takes for input, one for each completion. They
// are shared by all connections, and memory only once they were used.
type buffers struct {
	ring, data []byte
	descs      []descriptor
	given      int // buffers that circulate
	tail       uint16
}

// descriptor is struct io_uring_buf. The ring's tail overlays the last field of
// the first one.
type descriptor struct {
	addr    uint64
	len     uint32
	id      uint16
	overlay uint16
}

func anonymous(n int) ([]byte, error) {
	return unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
}

// init maps and registers them.
func (b *buffers) init(r *iouring.Ring) error {
	var err error
	if b.ring, err = anonymous(bufferCount * int(unsafe.Sizeof(descriptor{}))); err != nil {
		return err
	}
	if b.data, err = anonymous(bufferCount * bufferBytes); err != nil {
		return err
	}
	b.descs = unsafe.Slice((*descriptor)(unsafe.Pointer(&b.ring[0])), bufferCount)
	reg := struct {
		addr        uint64
		entries     uint32
		group, mode uint16
		_           [3]uint64
	}{addr: uint64(uintptr(unsafe.Pointer(&b.ring[0]))), entries: bufferCount}
	if err := r.Register(registerBuffers, unsafe.Pointer(&reg), 1); err != nil {
		return fmt.Errorf("cannot give io_uring buffers: %w", err)
	}
	b.grow(bufferFirst)
	return nil
}

// grow lets n more circulate, as far as there are any.
func (b *buffers) grow(n int) {
	for n = min(n, bufferCount-b.given); n > 0; n-- {
		b.give(b.given)
		b.given++
	}
}

// give hands buffer id to the kernel.
func (b *buffers) give(id int) {
	d := &b.descs[b.tail%bufferCount]
	d.addr, d.len, d.id = uint64(uintptr(unsafe.Pointer(&b.data[id*bufferBytes]))), bufferBytes, uint16(id)
	b.tail++
	first := &b.descs[0]
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&first.id)), uint32(first.id)|uint32(b.tail)<<16)
}

// of returns n bytes of buffer id.
func (b *buffers) of(id, n int) []byte {
	at := id * bufferBytes
	return b.data[at : at+n : at+n]
}

func (b *buffers) close() {
	for _, m := range [][]byte{b.ring, b.data} {
		if m != nil {
			_ = unix.Munmap(m)
		}
	}
}
