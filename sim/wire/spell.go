package wire

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"holdfast/engine/resp"
)

// Bounds of what a trace line quotes.
const (
	spellWord = 28
	spellAll  = 400
)

// Spell writes bytes of the protocol for people: commands and replies one after
// another, separated by a bar. What is not whole is quoted.
func Spell(p []byte) string {
	var b strings.Builder
	for len(p) > 0 && b.Len() < spellAll {
		if b.Len() > 0 {
			b.WriteString(" | ")
		}
		v, n, err := resp.Decode(p)
		if n == 0 || err != nil {
			b.WriteString(spellRaw(p))
			return b.String()
		}
		if v.Kind == '*' && !v.Null {
			spellList(&b, v.Elems)
		} else {
			spellValue(&b, &v)
		}
		p = p[n:]
	}
	if len(p) > 0 {
		fmt.Fprintf(&b, " | (%d more bytes)", len(p))
	}
	return b.String()
}

func spellList(b *strings.Builder, list []resp.Value) {
	if len(list) == 0 {
		b.WriteString("[]")
	}
	for i := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		if b.Len() > spellAll {
			fmt.Fprintf(b, "(%d more)", len(list)-i)
			return
		}
		spellValue(b, &list[i])
	}
}

func spellValue(b *strings.Builder, v *resp.Value) {
	switch {
	case v.Null:
		b.WriteString("(nil)")
	case v.Kind == ':':
		b.WriteByte(':')
		b.WriteString(strconv.FormatInt(v.Int, 10))
	case len(v.Elems) > 0 || strings.IndexByte("*~>%", v.Kind) >= 0:
		b.WriteByte('[')
		spellList(b, v.Elems)
		b.WriteByte(']')
	case v.Kind == '$':
		b.WriteString(spellRaw(v.Str))
	default:
		b.WriteByte(v.Kind)
		b.Write(v.Str)
	}
}

func spellRaw(p []byte) string {
	s, cut := p, ""
	if len(p) > spellWord {
		s, cut = p[:spellWord-8], fmt.Sprintf("…(%d bytes)", len(p))
	}
	if len(s) > 0 && bytes.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0 {
		return string(s) + cut
	}
	return strconv.Quote(string(s)) + cut
}
