package tape

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
)

// Token is everything that a run depends on, for people to paste.
type Token struct {
	Profile  string // name of the profile and world
	Settings string // the engine's settings, as the campaign spells them
	Seed     uint64
	// Recorded says that Outcomes, not Seed, feed the run.
	Recorded bool
	Outcomes []Outcome
	// Unknown counts the outcomes dropped by DecodeToken because this binary
	// has no such site: the run still works, it may only fail differently.
	Unknown int
}

const (
	tokenVersion = 2
	tokenPrefix  = "hf2-"
	// maxToken bounds what a damaged or hostile token can make us allocate.
	maxToken = 1 << 20
)

// ErrToken is wrapped by every error of DecodeToken.
var ErrToken = errors.New("not a run token")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encode returns the token as text: a prefix, then base64url of one version
// byte, one flag byte (1: deflated), the body and its CRC32C.
//
//	body := seed | profile | settings | recorded | sites | site*
//	site := id (3 bytes) | outcomes | outcome*
//	outcome := index a, index b or moment, occurrence (each a difference) | value
func (t Token) Encode() string {
	body := binary.LittleEndian.AppendUint64(nil, t.Seed)
	body = appendString(body, t.Profile)
	body = appendString(body, t.Settings)
	if !t.Recorded {
		body = append(body, 0)
	} else {
		body = append(body, 1)
		body = appendOutcomes(body, t.Outcomes)
	}
	flags := byte(0)
	if packed := deflate(body); len(packed) < len(body) {
		body, flags = packed, 1
	}
	out := append([]byte{tokenVersion, flags}, body...)
	out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, castagnoli))
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(out)
}

func appendString(p []byte, s string) []byte {
	p = binary.AppendUvarint(p, uint64(len(s)))
	return append(p, s...)
}

func appendOutcomes(p []byte, list []Outcome) []byte {
	list = slices.Clone(list)
	slices.SortFunc(list, func(x, y Outcome) int {
		ix, iy := sites[x.Label.Site()].id, sites[y.Label.Site()].id
		switch {
		case ix != iy:
			return int(ix) - int(iy)
		case x.Label != y.Label:
			if x.Label < y.Label {
				return -1
			}
			return 1
		}
		return int(x.Occurrence) - int(y.Occurrence)
	})
	groups := 0
	for i := range list {
		if i == 0 || list[i].Label.Site() != list[i-1].Label.Site() {
			groups++
		}
	}
	p = binary.AppendUvarint(p, uint64(groups))
	for len(list) > 0 {
		s := list[0].Label.Site()
		n := 0
		for n < len(list) && list[n].Label.Site() == s {
			n++
		}
		id := sites[s].id
		p = append(p, byte(id>>16), byte(id>>8), byte(id))
		p = binary.AppendUvarint(p, uint64(n))
		var pa, pb, po int
		for _, o := range list[:n] {
			a, b := o.Label.Indices()
			p = binary.AppendVarint(p, int64(a-pa))
			p = binary.AppendVarint(p, int64(b-pb))
			p = binary.AppendVarint(p, int64(int(o.Occurrence)-po))
			p = binary.AppendUvarint(p, uint64(o.Value))
			pa, pb, po = a, b, int(o.Occurrence)
		}
		list = list[n:]
	}
	return p
}

func deflate(p []byte) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return p
	}
	if _, err := w.Write(p); err != nil || w.Close() != nil {
		return p
	}
	return b.Bytes()
}

// DecodeToken is the inverse of Encode. Damage is an error that says what is
// wrong; sites this binary does not know are dropped and counted.
func DecodeToken(s string) (Token, error) {
	var t Token
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, tokenPrefix) {
		if strings.HasPrefix(s, "hf1-") {
			return t, fmt.Errorf("%w: it is of version 1, this program reads version %d", ErrToken, tokenVersion)
		}
		return t, fmt.Errorf("%w: it does not begin with %q", ErrToken, tokenPrefix)
	}
	if len(s) > maxToken {
		return t, fmt.Errorf("%w: %d characters is too long", ErrToken, len(s))
	}
	p, err := base64.RawURLEncoding.DecodeString(s[len(tokenPrefix):])
	if err != nil {
		return t, fmt.Errorf("%w: %v", ErrToken, err)
	}
	if len(p) < 6 {
		return t, fmt.Errorf("%w: cut short at %d bytes", ErrToken, len(p))
	}
	sum := binary.LittleEndian.Uint32(p[len(p)-4:])
	p = p[:len(p)-4]
	if crc32.Checksum(p, castagnoli) != sum {
		return t, fmt.Errorf("%w: the checksum does not match: it was cut or mistyped", ErrToken)
	}
	if p[0] != tokenVersion {
		return t, fmt.Errorf("%w: version %d, this program reads version %d", ErrToken, p[0], tokenVersion)
	}
	body := p[2:]
	if p[1]&1 != 0 {
		body, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(body)), maxToken))
		if err != nil {
			return t, fmt.Errorf("%w: %v", ErrToken, err)
		}
	}
	r := tokenReader{p: body}
	t.decode(&r)
	if r.bad || len(r.p) != 0 {
		return Token{}, fmt.Errorf("%w: its body is malformed", ErrToken)
	}
	return t, nil
}

func (t *Token) decode(r *tokenReader) {
	if seed := r.bytes(8); seed != nil {
		t.Seed = binary.LittleEndian.Uint64(seed)
	}
	t.Profile = string(r.bytes(r.uvarint()))
	t.Settings = string(r.bytes(r.uvarint()))
	if kind := r.bytes(1); kind == nil || kind[0] == 0 {
		return
	}
	t.Recorded = true
	for groups := r.uvarint(); groups > 0 && !r.bad; groups-- {
		id := r.bytes(3)
		if id == nil {
			return
		}
		site, known := siteOf[uint32(id[0])<<16|uint32(id[1])<<8|uint32(id[2])]
		var a, b, occ int64
		for n := r.uvarint(); n > 0 && !r.bad; n-- {
			a, b, occ = a+r.varint(), b+r.varint(), occ+r.varint()
			v := r.uvarint()
			if !known {
				t.Unknown++
				continue
			}
			t.Outcomes = append(t.Outcomes, Outcome{
				Label: site.At2(int(a), int(b)), Occurrence: uint32(occ), Value: uint32(v)})
		}
	}
}

// tokenReader reads fields and remembers the first that does not fit.
type tokenReader struct {
	p   []byte
	bad bool
}

func (r *tokenReader) bytes(n uint64) []byte {
	if r.bad || n > uint64(len(r.p)) {
		r.bad = true
		return nil
	}
	v := r.p[:n]
	r.p = r.p[n:]
	return v
}

func (r *tokenReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.p)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.p = r.p[n:]
	return v
}

func (r *tokenReader) varint() int64 {
	v, n := binary.Varint(r.p)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.p = r.p[n:]
	return v
}
