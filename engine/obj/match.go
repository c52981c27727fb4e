package obj

// Match reports whether s matches Redis's glob pattern: * ? [a-z] [^a-z] and
// backslash. It goes back to the latest star only, which is enough for a glob,
// so the time is at most the product of the lengths; no pattern blows up.
//
// As in Redis only the empty pattern matches the empty string; where a lone
// star is to match everything the caller looks for it first.
func Match(pattern, s []byte, nocase bool) bool {
	if len(s) == 0 {
		return len(pattern) == 0
	}
	p, i := 0, 0
	star, mark := -1, 0 // the pattern behind the latest star, and where in s it was tried last
	for i < len(s) {
		if p < len(pattern) && pattern[p] == '*' {
			for p < len(pattern) && pattern[p] == '*' {
				p++
			}
			if p == len(pattern) {
				return true
			}
			star, mark = p, i
			continue
		}
		if p < len(pattern) {
			if next, ok := matchOne(pattern, p, s[i], nocase); ok {
				p, i = next, i+1
				continue
			}
		}
		if star < 0 {
			return false
		}
		mark++
		p, i = star, mark
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// matchOne matches the one element of the pattern at p, which is no star,
// against c and returns the place behind the element.
func matchOne(pattern []byte, p int, c byte, nocase bool) (next int, ok bool) {
	switch pattern[p] {
	case '?':
		return p + 1, true
	case '[':
		return matchClass(pattern, p+1, c, nocase)
	case '\\':
		if p+1 < len(pattern) {
			p++
		}
	}
	if nocase {
		return p + 1, lower(pattern[p]) == lower(c)
	}
	return p + 1, pattern[p] == c
}

// matchClass matches the class whose bracket ends at p. As in Redis a class
// that is never closed ends with the pattern, an escaped character in a class
// keeps its case, and ranges may run backwards and compare signed.
func matchClass(pattern []byte, p int, c byte, nocase bool) (next int, ok bool) {
	not := p < len(pattern) && pattern[p] == '^'
	if not {
		p++
	}
	for {
		switch {
		case p+1 < len(pattern) && pattern[p] == '\\':
			p++
			ok = ok || pattern[p] == c
		case p >= len(pattern):
			return p, ok != not
		case pattern[p] == ']':
			return p + 1, ok != not
		case p+2 < len(pattern) && pattern[p+1] == '-':
			ok = ok || inRange(pattern[p], pattern[p+2], c, nocase)
			p += 2
		case nocase:
			ok = ok || lower(pattern[p]) == lower(c)
		default:
			ok = ok || pattern[p] == c
		}
		p++
	}
}

func inRange(from, to, c byte, nocase bool) bool {
	a, b, x := int8(from), int8(to), int8(c)
	if a > b {
		a, b = b, a
	}
	if nocase {
		a, b, x = int8(lower(byte(a))), int8(lower(byte(b))), int8(lower(c))
	}
	return a <= x && x <= b
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
