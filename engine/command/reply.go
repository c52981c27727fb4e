package command

import (
	"errors"
	"strconv"

	"holdfast/engine/obj"
	"holdfast/engine/resp"
	"holdfast/engine/tx"
)

// Error replies that more than one command gives, in Redis's words.
const (
	errSyntax      = "ERR syntax error"
	errNotInt      = "ERR value is not an integer or out of range"
	errNotFloat    = "ERR value is not a valid float"
	errNot32       = errOutOfRange + ", value must between -2147483648 and 2147483647"
	errNot63       = errOutOfRange + ", value must between -9223372036854775807 and 9223372036854775807"
	errOutOfRange  = "ERR value is out of range"
	errOffset      = "ERR offset is out of range"
	errNoKey       = "ERR no such key"
	errSameObject  = "ERR source and destination objects are the same"
	errDBIndex     = "ERR DB index is out of range"
	errOverflow    = "ERR increment or decrement would overflow"
	errNaN         = "ERR increment would produce NaN or Infinity"
	errTooLong     = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
	errBadCursor   = "ERR invalid cursor"
	maxString      = 512 << 20 // the bound of proto-max-bulk-len by default
	maxReplyParts  = 1 << 26
	maxInt         = 1<<63 - 1
	minInt         = -1 << 63
	decimalDigits  = 20
	secondsPerMS   = 1000
	halfSecondInMS = 500
)

// fail answers an error of the transaction, or asks for the fetch it needs.
func fail(w *resp.Writer, err error) Outcome {
	if errors.Is(err, tx.ErrCold) {
		return Cold
	}
	w.Error(err.Error())
	return Done
}

// refuse answers an error.
func refuse(w *resp.Writer, message string) Outcome {
	w.Error(message)
	return Done
}

func number(w *resp.Writer, n int64) Outcome {
	w.Int(n)
	return Done
}

func yes(w *resp.Writer, b bool) Outcome {
	if b {
		return number(w, 1)
	}
	return number(w, 0)
}

func ok(w *resp.Writer) Outcome {
	w.OK()
	return Done
}

func bulkOrNull(w *resp.Writer, v []byte, present bool) Outcome {
	if present {
		w.Bulk(v)
	} else {
		w.Null()
	}
	return Done
}

func exists(t *tx.Tx, key []byte) bool { return t.Lookup(key).Type != obj.None }

// is compares an argument with an option's name, given in lower case.
func is(arg []byte, option string) bool { return equalFold(arg, option) }

// intArg parses an argument that must be a 32-bit integer; the message is
// empty when it is one.
func intArg(p []byte) (n int64, message string) {
	n, good := obj.ParseInt(p)
	switch {
	case !good:
		return 0, errNotInt
	case n > 1<<31-1 || n < -1<<31:
		return 0, errNot32
	}
	return n, ""
}

// add returns a+b unless that overflows.
func add(a, b int64) (int64, bool) {
	if (b < 0 && a < minInt-b) || (b > 0 && a > maxInt-b) {
		return 0, false
	}
	return a + b, true
}

func formatInt(buf *[decimalDigits]byte, n int64) []byte {
	return strconv.AppendInt(buf[:0], n, 10)
}

func isWrongType(err error) bool { return errors.Is(err, tx.ErrWrongType) }

func appendUint(dst []byte, n uint64) []byte { return strconv.AppendUint(dst, n, 10) }
