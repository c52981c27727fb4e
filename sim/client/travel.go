package client

import (
	"holdfast/engine/rdb"
	"holdfast/sim/tape"
)

// What comes beside the menu has sites of its own, so that it moves no other
// choice.
var (
	siteTravel = tape.NewSite("client #/command #/dump or restore", tape.Free)
	siteImport = tape.NewSite("client #/command #/import", tape.Free)
)

// beside draws a command that is on no menu, now and then, and reports whether it
// did.
func (c *Client) beside(outside bool) bool {
	if f := c.choose(siteTravel, 24); f >= 22 {
		c.travel(f == 23)
		return true
	}
	if f := c.choose(siteImport, 32); outside && c.w.shape.Import && f >= 26 {
		c.importing(f - 26)
		return true
	}
	return false
}

func (c *Client) travel(restore bool) {
	key := c.key(str)
	if !restore {
		c.emit(c.word("DUMP"), c.key(c.choose(siteDB, numClasses)))
		return
	}
	v := rdb.Seal(rdb.AppendString(nil, c.value(key)))
	ms := c.millis()
	args := append(c.w.args.Room(6), c.word("RESTORE"), key)
	switch c.choose(siteForm, 6) {
	case 0:
		args = append(args, c.num(0), v)
	case 1:
		args = append(args, c.num(0), v, c.word("REPLACE"))
	case 2:
		args = append(args, c.num(ms), v, c.word("REPLACE"))
	case 3:
		args = append(args, c.num(ms), v)
	case 4:
		args = append(args, c.num(c.wallMS()+ms), v, c.word("REPLACE"), c.word("ABSTTL"))
	case 5:
		args = append(args, c.num(max(1, c.wallMS()-ms)), v, c.word("REPLACE"), c.word("ABSTTL"))
	}
	c.emit(args...)
}

// importing marks the connection as a source, or switches import mode, unless it
// is on throughout.
func (c *Client) importing(form int) {
	switch {
	case form < 2:
		c.emit(c.word("CLIENT"), c.word("IMPORT-SOURCE"), c.word("ON"))
	case form == 2:
		c.emit(c.word("CLIENT"), c.word("IMPORT-SOURCE"), c.word("OFF"))
	case c.w.shape.ImportOn && form == 3:
		// Everything dead at once: what asks for any key must come to an end.
		for k := range int32(c.w.shape.Groups * numClasses) {
			c.emit(c.word("PEXPIRE"), c.name(k), c.word("-1"))
		}
		c.emit(c.word("RANDOMKEY"))
	case c.w.shape.ImportOn:
		c.emit(c.pick("DBSIZE", "RANDOMKEY"))
	case form < 5:
		c.emit(c.word("CONFIG"), c.word("SET"), c.word("import-mode"), c.word("yes"))
	default:
		c.emit(c.word("CONFIG"), c.word("SET"), c.word("import-mode"), c.word("no"))
	}
}
