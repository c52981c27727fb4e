package meta

import "strings"

// grammar lists what is sent, one of them per command. A word beginning with $
// is drawn: $s $c $h $l a key that mostly holds a string, a number, a hash, a
// list; $k a key of any kind; $v a value, $n a number, $r a real one, $f a
// field, $i a small index, $o an offset, $b a bit, $t milliseconds, $T seconds,
// $a and $A a deadline in either, $d a database, $w a timeout in seconds.
const grammar = `
GET $s|GET $s|GET $k|SET $s $v|SET $s $v|SET $s $v|SET $k $v|SET $s $v PX $t|SET $s $v EX $T|SET $s $v KEEPTTL
SET $s $v NX|SET $k $v XX GET|SET $s $v GET|SET $s $v PXAT $a|SET $s $v NX GET|SETEX $s $T $v|PSETEX $s $t $v
SETNX $s $v|GETSET $s $v|GETDEL $s|GETEX $s PX $t|GETEX $s PERSIST|GETEX $k|MGET $s $k|MSET $s $v $s $v
MSETNX $s $v $s $v|APPEND $s $v|APPEND $s $n|STRLEN $k|GETRANGE $s $i $o|SUBSTR $s $o -1|SETRANGE $s $o $v
SETRANGE $s 0 $n|LCS $c $c|LCS $c $c IDX|INCR $c|DECR $c|INCRBY $c $n|DECRBY $c $n|INCRBYFLOAT $c $r
INCRBYFLOAT $s $r|SET $c $n|SET $c $r|SET $c $n PX $t|GET $c|SETBIT $s $o $b|GETBIT $s $o|BITCOUNT $s
BITCOUNT $s $i $o BIT|BITPOS $s $b|BITOP XOR $s $s $s|BITOP NOT $s $s|BITFIELD $s SET u8 #$b $n INCRBY i5 $o 7
BITFIELD_RO $s GET u12 $o|HSET $h $f $v|HSET $h $f $v $f $v $f $n|HSETNX $h $f $v|HGET $h $f|HGET $k $f
HMSET $h $f $v|HMGET $h $f $f $f|HGETALL $h|HDEL $h $f $f|HEXISTS $h $f|HLEN $h|HSTRLEN $h $f|HKEYS $h|HVALS $h
HINCRBY $h n $n|HINCRBYFLOAT $h n $r|HSCAN $h 0 COUNT 1000|HRANDFIELD $h|LPUSH $l $v|RPUSH $l $v $n $v
LPUSHX $l $v|RPUSHX $k $v|LPOP $l|RPOP $l|RPOP $l 2|LLEN $l|LINDEX $l $i|LRANGE $l $i $o|LRANGE $l 0 -1
LPOS $l $n|LPOS $l $n RANK -1 COUNT 0|LSET $l $i $v|LINSERT $l BEFORE $n $v|LREM $l 0 $n|LTRIM $l $i $o
LMOVE $l $l LEFT RIGHT|RPOPLPUSH $l $l|LMPOP 2 $l $l RIGHT COUNT 2|BLPOP $l $l $w|BRPOP $l $w
BLMOVE $l $l RIGHT LEFT $w|BRPOPLPUSH $l $l $w|BLMPOP $w 2 $l $k LEFT|DEL $k|DEL $s $h|UNLINK $k|EXISTS $k $k
TOUCH $k $k|TYPE $k|TYPE $k|RENAME $k $k|RENAMENX $k $k|COPY $k $k|COPY $k $k REPLACE|COPY $k $k DB $d REPLACE
MOVE $k $d|DUMP $k|DUMP $s|OBJECT ENCODING $k|OBJECT ENCODING $s|OBJECT REFCOUNT $k|OBJECT ENCODING $h
PEXPIRE $k $t|PEXPIRE $k $t NX|PEXPIRE $k $t GT|PEXPIRE $k $t LT|EXPIRE $k $T XX|PEXPIREAT $k $a|EXPIREAT $k $A
PEXPIRE $k -1|TTL $k|PTTL $k|PTTL $s|EXPIRETIME $k|PEXPIRETIME $k|PERSIST $k|KEYS *|SCAN 0 COUNT 1000
SCAN 0 COUNT 1000 TYPE string|RANDOMKEY|DBSIZE|SELECT $d|SELECT 0|FLUSHDB|SWAPDB 0 $d|PING|ECHO $v|TIME
PUBLISH news $n|WATCH $k|WATCH $s|UNWATCH|COMMAND COUNT`

// templates are the words of each entry.
var templates = func() (list [][]string) {
	for _, entry := range strings.FieldsFunc(grammar, func(r rune) bool { return r == '|' || r == '\n' }) {
		list = append(list, strings.Fields(entry))
	}
	return list
}()

// How two replies to a command compare.
type likeness uint8

const (
	exact    likeness = iota
	elements          // the same elements in any order
	pairs             // the same pairs in any order
	scanned           // a cursor, and the same elements in any order
	scannedPairs
	drawn // both nothing, or both something
)

func likenessOf(command string) likeness {
	switch command {
	case "KEYS", "HKEYS", "HVALS":
		return elements
	case "HGETALL":
		return pairs
	case "SCAN":
		return scanned
	case "HSCAN":
		return scannedPairs
	case "RANDOMKEY", "HRANDFIELD":
		return drawn
	}
	return exact
}
