package command

import (
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

func delCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	n := int64(0)
	for _, key := range a[1:] {
		if t.Delete(key) {
			t.Notify(tx.EventGeneric, "del", key)
			n++
		}
	}
	return number(w, n)
}

// touchCmd counts like existsCmd; the use it notes is its purpose.
func touchCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	n := int64(0)
	for _, key := range a[1:] {
		if t.Touch(key) {
			n++
		}
	}
	return number(w, n)
}

// existsCmd counts a key named twice twice.
func existsCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	n := int64(0)
	for _, key := range a[1:] {
		if exists(t, key) {
			n++
		}
	}
	return number(w, n)
}

func typeCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	w.Simple(t.Lookup(a[1]).Type.String())
	return Done
}

func renameCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	if !exists(t, a[1]) {
		return refuse(w, errNoKey)
	}
	if string(a[1]) != string(a[2]) {
		if err := rename(t, a[1], a[2]); err != nil {
			return fail(w, err)
		}
	}
	return ok(w)
}

func rename(t *tx.Tx, src, dst []byte) error {
	if err := t.Rename(src, dst); err != nil {
		return err
	}
	t.Notify(tx.EventGeneric, "rename_from", src)
	t.Notify(tx.EventGeneric, "rename_to", dst)
	return nil
}

func renamenxCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	if !exists(t, a[1]) {
		return refuse(w, errNoKey)
	}
	if exists(t, a[2]) { // which the key itself does, under its own name
		return number(w, 0)
	}
	if err := rename(t, a[1], a[2]); err != nil {
		return fail(w, err)
	}
	return number(w, 1)
}

func renameGift(a Args, db, _ int) (Gift, bool) {
	return Gift{Key: a[2], DB: db, Moves: true}, string(a[1]) != string(a[2])
}

func renamenxGift(a Args, db, _ int) (Gift, bool) {
	return Gift{Key: a[2], DB: db, Moves: true, Fresh: true}, string(a[1]) != string(a[2])
}

func copyGift(a Args, db, databases int) (Gift, bool) {
	to, replace, message := copyOptions(a, db, databases)
	return Gift{Key: a[2], DB: to, Fresh: !replace}, message == "" && (to != db || string(a[1]) != string(a[2]))
}

func moveGift(a Args, db, databases int) (Gift, bool) {
	to, message := databaseArg(a[2], databases)
	return Gift{Key: a[1], DB: to, Moves: true, Fresh: true}, message == "" && to != db
}

// copyOptions reads what follows the keys of COPY.
func copyOptions(a Args, db, databases int) (to int, replace bool, message string) {
	for i := 3; i < len(a); i++ {
		switch {
		case is(a[i], "replace"):
			replace = true
		case is(a[i], "db") && i+1 < len(a):
			i++
			if db, message = databaseArg(a[i], databases); message != "" {
				return 0, false, message
			}
		default:
			return 0, false, errSyntax
		}
	}
	return db, replace, ""
}

func copyCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	db, replace, message := copyOptions(a, t.DB(), t.Databases())
	if message != "" {
		return refuse(w, message)
	}
	if db == t.DB() && string(a[1]) == string(a[2]) {
		return refuse(w, errSameObject)
	}
	if !exists(t, a[1]) {
		t.Missed(a[1])
		return number(w, 0)
	}
	if !replace && t.LookupIn(db, a[2]).Type != obj.None {
		return number(w, 0)
	}
	if err := t.Copy(a[1], db, a[2]); err != nil {
		return fail(w, err)
	}
	t.NotifyIn(db, tx.EventGeneric, "copy_to", a[2])
	return number(w, 1)
}

func moveCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	db, message := databaseArg(a[2], t.Databases())
	if message != "" {
		return refuse(w, message)
	}
	if db == t.DB() {
		return refuse(w, errSameObject)
	}
	if !exists(t, a[1]) || t.LookupIn(db, a[1]).Type != obj.None {
		return number(w, 0)
	}
	if err := t.Move(a[1], db); err != nil {
		return fail(w, err)
	}
	t.Notify(tx.EventGeneric, "move_from", a[1])
	t.NotifyIn(db, tx.EventGeneric, "move_to", a[1])
	return number(w, 1)
}

// databaseArg parses the number of a database that exists.
func databaseArg(p []byte, databases int) (db int, message string) {
	n, message := intArg(p)
	if message != "" {
		return 0, message
	}
	if n < 0 || n >= int64(databases) {
		return 0, errDBIndex
	}
	return int(n), ""
}

func swapdbCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	first, message := intArg(a[1])
	if message != "" {
		return refuse(w, "ERR invalid first DB index")
	}
	second, message := intArg(a[2])
	if message != "" {
		return refuse(w, "ERR invalid second DB index")
	}
	for _, n := range [...]int64{first, second} {
		if n < 0 || n >= int64(t.Databases()) {
			return refuse(w, errDBIndex)
		}
	}
	if first != second {
		t.SwapDB(int(first), int(second))
	}
	return ok(w)
}

func flushdbCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	if !flushMode(a) {
		return refuse(w, errSyntax)
	}
	t.FlushDB(t.DB())
	return ok(w)
}

func flushallCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	if !flushMode(a) {
		return refuse(w, errSyntax)
	}
	t.FlushAll()
	return ok(w)
}

// flushMode accepts SYNC and ASYNC, which make no difference here: a database
// is dropped whole either way.
func flushMode(a Args) bool {
	return len(a) == 1 || len(a) == 2 && (is(a[1], "sync") || is(a[1], "async"))
}

func dbsizeCmd(t *tx.Tx, _ Args, w *resp.Writer) Outcome {
	return number(w, int64(t.Size()))
}

func randomkeyCmd(t *tx.Tx, _ Args, w *resp.Writer) Outcome {
	key, present := t.RandomKey()
	return bulkOrNull(w, key, present)
}
