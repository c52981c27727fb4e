package wal

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"holdfast/engine/unit"
)

// The folder of backups and the file that makes a folder in it one.
const (
	BackupFolder = "backup"
	ManifestName = "MANIFEST"
)

// manifestVersion is the first line's number.
const manifestVersion = 1

// ErrManifest: a backup's manifest that is not whole.
var ErrManifest = errors.New("not a manifest of a backup")

// Manifest says what a backup holds; doc.go draws its file.
type Manifest struct {
	Format       int       // of the segments
	Cut          unit.LSN  // every unit that ends at or below is in it, none above
	Head         unit.LSN  // what lies below is not needed
	Epoch        uint64    // of the last segment
	Time         unit.Time // engine time of the cut
	SegmentBytes int64
	Files        []ManifestFile // oldest first
	Beside       string         // a checkpoint, without which it is a backup too; "" none
}

// ManifestFile is one segment.
type ManifestFile struct {
	Name   string
	Bytes  int64
	Number uint64
	End    unit.LSN // where its last batch ends
}

// Encode returns the manifest's file.
func (m *Manifest) Encode() []byte {
	b := fmt.Appendf(nil, "holdfast backup %d\nformat %d\ncut %d\nhead %d\nepoch %d\ntime %d\nsegment-bytes %d\n",
		manifestVersion, m.Format, m.Cut, m.Head, m.Epoch, m.Time, m.SegmentBytes)
	for _, f := range m.Files {
		b = fmt.Appendf(b, "file %s %d %d %d\n", f.Name, f.Bytes, f.Number, f.End)
	}
	if m.Beside != "" {
		b = fmt.Appendf(b, "beside %s\n", m.Beside)
	}
	return fmt.Appendf(b, "sum %08x\n", crc32.Checksum(b, castagnoli))
}

// ParseManifest reads a manifest's file. ErrVersion: of a newer format.
func ParseManifest(p []byte) (m Manifest, err error) {
	p = bytes.TrimRight(p, "\n")
	at := bytes.LastIndex(p, []byte("\nsum ")) + 1
	var version int
	if n, _ := fmt.Sscanf(string(p), "holdfast backup %d\n", &version); n != 1 {
		return m, ErrManifest
	}
	if version > manifestVersion {
		return m, fmt.Errorf("%w: a backup of format %d", ErrVersion, version)
	}
	if at == 0 || string(p[at:]) != fmt.Sprintf("sum %08x", crc32.Checksum(p[:at], castagnoli)) {
		return m, fmt.Errorf("%w: its checksum does not fit", ErrManifest)
	}
	for _, line := range strings.Split(string(p[:at]), "\n")[1:] {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if !m.field(words[0], words[1:]) {
			return m, fmt.Errorf("%w: %q", ErrManifest, line)
		}
	}
	return m, nil
}

func (m *Manifest) field(name string, words []string) bool {
	file := ""
	if name == "beside" && len(words) == 1 {
		m.Beside = words[0]
		return !strings.ContainsAny(m.Beside, "/\x00")
	}
	if name == "file" && len(words) == 4 {
		file, words = words[0], words[1:]
	}
	var v [3]uint64
	for i, w := range words {
		var err error
		if i == len(v) {
			return false
		}
		if v[i], err = strconv.ParseUint(w, 10, 63); err != nil {
			return false
		}
	}
	if name == "file" {
		m.Files = append(m.Files, ManifestFile{file, int64(v[0]), v[1], unit.LSN(v[2])})
		return file != "" && !strings.ContainsAny(file, "/\x00") && strings.HasSuffix(file, ".seg")
	}
	switch name {
	case "format":
		m.Format = int(v[0])
	case "cut":
		m.Cut = unit.LSN(v[0])
	case "head":
		m.Head = unit.LSN(v[0])
	case "epoch":
		m.Epoch = v[0]
	case "time":
		m.Time = unit.Time(v[0])
	case "segment-bytes":
		m.SegmentBytes = int64(v[0])
	default:
		return false
	}
	return len(words) == 1
}
