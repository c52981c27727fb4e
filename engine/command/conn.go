package command

import (
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

func pingCmd(_ *tx.Tx, a Args, w *resp.Writer) Outcome {
	switch len(a) {
	case 1:
		w.Simple("PONG")
	case 2:
		w.Bulk(a[1])
	default:
		w.Error(arityError("ping"))
	}
	return Done
}

func echoCmd(_ *tx.Tx, a Args, w *resp.Writer) Outcome {
	w.Bulk(a[1])
	return Done
}

// timeCmd answers the unit's instant, as everything in the unit sees it.
func timeCmd(t *tx.Tx, _ Args, w *resp.Writer) Outcome {
	const second = 1_000_000 // in the microseconds of unit.Time
	var buf [decimalDigits]byte
	now := int64(t.Now())
	w.Array(2)
	w.Bulk(formatInt(&buf, now/second))
	w.Bulk(formatInt(&buf, now%second))
	return Done
}
