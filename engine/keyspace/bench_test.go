package keyspace

import (
	"runtime"
	"testing"
	"time"

	"holdfast/engine/unit"
)

const million = 1_000_000

// order is a fixed shuffle of the first million numbers, without a table.
func order(i int) int { return int(mix(uint64(i)) % million) }

func BenchmarkFindHit(b *testing.B) {
	d := fill(million, nil)
	var a [16]byte
	i := 0
	for b.Loop() {
		k := key16(a[:], order(i))
		if d.Find(d.Hash(k), k) == 0 {
			b.Fatal("lost")
		}
		i++
	}
}

// BenchmarkFindWarmed finds in pipelines of 16 that Warm has gone through.
func BenchmarkFindWarmed(b *testing.B) {
	d := fill(million, nil)
	var keys [16][16]byte
	hashes := make([]uint64, len(keys))
	for i := 0; b.Loop(); {
		for j := range keys {
			hashes[j] = d.Hash(key16(keys[j][:], order(i+j)))
		}
		d.Warm(hashes)
		for j := range keys {
			if d.Find(hashes[j], keys[j][:]) == 0 {
				b.Fatal("lost")
			}
		}
		i += len(keys)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(keys)), "ns/find")
}

func BenchmarkInsert(b *testing.B) {
	value := make([]byte, 64)
	var k []byte
	d, i := NewDB(Options{}), 0
	var worst time.Duration
	for b.Loop() {
		if i == 5*million {
			d, i = NewDB(Options{}), 0
		}
		k = key16(k, i)
		start := time.Now()
		d.InsertString(d.Hash(k), k, value)
		worst = max(worst, time.Since(start))
		i++
	}
	b.ReportMetric(float64(worst.Microseconds()), "us-worst")
}

// BenchmarkDue expires a million keys, in turns of 1 ms: spread over a minute, and
// over one second in the order of their records, so that no two of a list are near.
func BenchmarkDue(b *testing.B) {
	b.Run("minute", func(b *testing.B) { expireMillion(b, func(i int) int64 { return int64(mix(uint64(i)) % 60_000) }) })
	b.Run("second", func(b *testing.B) { expireMillion(b, func(i int) int64 { return 9_000 + int64(i%1000) }) })
}

func expireMillion(b *testing.B, when func(i int) int64) {
	var worst time.Duration
	for b.Loop() {
		b.StopTimer()
		d := volatileDB(million, when)
		b.StartTimer()
		for ms := int64(epoch); d.Len() > 0; {
			start := time.Now()
			d.Due(unit.Time(ms*1000), 2000, d.Remove)
			worst = max(worst, time.Since(start))
			next, _ := d.NextDeadline()
			ms = max(ms, next)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*million), "ns/key")
	b.ReportMetric(float64(worst.Microseconds()), "us-worst")
}

func BenchmarkSetDeadline(b *testing.B) {
	d := volatileDB(million, func(i int) int64 { return int64(mix(uint64(i)) % 3_600_000) })
	var a [16]byte
	i := 0
	for b.Loop() {
		k := key16(a[:], order(i))
		d.SetDeadline(d.Find(d.Hash(k), k), unit.Deadline(epoch+int64(mix(uint64(i))%3_600_000)))
		i++
	}
}

func BenchmarkCollection(b *testing.B) {
	d := fill(2*million, nil)
	for b.Loop() {
		runtime.GC()
	}
	runtime.KeepAlive(d)
}
