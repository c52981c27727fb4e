package command

import (
	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

// timeoutArg reads a timeout in seconds; the message is empty when it is one.
func timeoutArg(p []byte) (ms int64, message string) {
	ms, fits, good := obj.ParseSeconds(p)
	switch {
	case !good:
		return 0, "ERR timeout is not a float or out of range"
	case !fits || ms < 0:
		return 0, "ERR timeout is negative" // to Redis, too large wraps
	}
	return ms, ""
}

// blockForLists has the command wait for one of keys to be a list. null is its
// answer where it may not wait.
func blockForLists(t *tx.Tx, ms int64, null func(), keys ...[]byte) Outcome {
	null()
	t.Block(ms, obj.TypeList, keys...)
	return Block
}

func blpopCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome { return blockingPop(t, a, w, true) }
func brpopCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome { return blockingPop(t, a, w, false) }

func blockingPop(t *tx.Tx, a Args, w *resp.Writer, left bool) Outcome {
	ms, message := timeoutArg(a[len(a)-1])
	if message != "" {
		return refuse(w, message)
	}
	keys := a[1 : len(a)-1]
	for _, key := range keys {
		if t.Taken(key) {
			break
		}
		l, err := t.List(key)
		if err != nil {
			return fail(w, err)
		}
		if l != nil {
			w.Array(2)
			w.Bulk(key)
			return popOne(t, key, left, w)
		}
	}
	return blockForLists(t, ms, w.NullArray, keys...)
}

func blmoveCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	from, good := side(a[3])
	to, goodTo := side(a[4])
	if !good || !goodTo {
		return refuse(w, errSyntax)
	}
	return blockingMove(t, a, from, to, w)
}

func brpoplpushCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	return blockingMove(t, a, false, true, w)
}

func blockingMove(t *tx.Tx, a Args, from, to bool, w *resp.Writer) Outcome {
	ms, message := timeoutArg(a[len(a)-1])
	if message != "" {
		return refuse(w, message)
	}
	if t.Taken(a[1]) {
		return blockForLists(t, ms, w.Null, a[1])
	}
	l, err := t.List(a[1])
	if err != nil {
		return fail(w, err)
	}
	if l == nil {
		return blockForLists(t, ms, w.Null, a[1])
	}
	return move(t, a[1], a[2], from, to, w)
}

func blmpopCmd(t *tx.Tx, a Args, w *resp.Writer) Outcome {
	p, message := parseManyPop(a[2:])
	if message != "" {
		return refuse(w, message)
	}
	ms, message := timeoutArg(a[1])
	if message != "" {
		return refuse(w, message)
	}
	if found, err := p.run(t, w, t.Taken); err != nil {
		return fail(w, err)
	} else if found {
		return Done
	}
	return blockForLists(t, ms, w.NullArray, p.keys...)
}

// Narrow for BLPOP and BRPOP, and for BLMPOP.
func onlyPop(a Args, key []byte) Args { return Args{a[0], key, a[len(a)-1]} }

func onlyManyPop(a Args, key []byte) Args {
	keys := len(countedKeys(a[1:]))
	return append(Args{a[0], a[1], []byte("1"), key}, a[3+keys:]...)
}

// laterKeys returns where the keys of BLMPOP stand.
func laterKeys(a Args) []int {
	at := countedKeys(a[1:])
	for i := range at {
		at[i]++
	}
	return at
}
