#!/bin/sh
# Prints the commands that filled the data directories beside it, for redis-cli.
# sh commands.sh 1 is what ran before a restart, 2 what ran behind it.
part=$1
big() { head -c "$2" /dev/zero | tr '\0' "$1"; }
if [ "$part" = 1 ]; then
	for db in 0 1 2 3; do
		echo "SELECT $db"
		for i in $(seq 1 60); do
			echo "SET s$db:$i value-$i-of-database-$db"
			echo "HSET h$db:$((i % 7)) f$i v$i g$i w$i"
		done
		echo "SET empty$db \"\""
		echo "SET binary$db \"\\x00\\x01\\xff\\r\\n\""
		echo "SET future$db later PXAT 4000000000000"
		echo "SET extended$db x PX 1"
		echo "SET extended$db y EXAT 4000000001"
		echo "SET persisted$db z EX 100"
		echo "PERSIST persisted$db"
		echo "SET passed$db gone PX 700"
		echo "HSET passedhash$db a b"
		echo "PEXPIRE passedhash$db 600"
		echo "HSET futurehash$db a b"
		echo "PEXPIREAT futurehash$db 4000000000777"
		echo "INCRBY n$db 41"
		echo "INCR n$db"
	done
	echo "SELECT 0"
	for i in $(seq 1 30); do # more than one segment, then overwritten: compaction has work
		echo "SET big$i $(big "$((i % 10))" 9000)"
	done
	for i in $(seq 1 40); do
		for k in $(seq 1 20); do
			echo "SET big$k $(big "$(((i + k) % 10))" 8000)"
		done
	done
	echo "SELECT 4"; echo "SET flushed 1"; echo "HSET flushedhash a b"; echo "FLUSHDB"; echo "SET after-flush 1"
	exit
fi
echo "SELECT 0"
echo "SWAPDB 1 2"
echo "SELECT 1"; echo "SET in-one-after-swap yes"; echo "APPEND s2:1 -and-more"; echo "HSET h2:1 new field"
echo "SELECT 0"
for i in $(seq 1 40); do
	echo "APPEND grown part-$i;"
	echo "SETRANGE s0:5 $((i * 3)) <$i>"
	echo "HSET h0:1 f1 changed-$i"
	echo "HINCRBY h0:2 counter $i"
done
echo "HDEL h0:3 f3 g3 f10 g10"
echo "SETBIT bits 100000 1"; echo "SETBIT bits 7 1"
echo "APPEND big1 tail"; echo "SETRANGE big2 4000 middle"
echo "RENAME s0:7 renamed"; echo "RENAME h0:4 renamedhash"; echo "RENAME future0 renamedfuture"
echo "COPY h0:5 copied"; echo "COPY s0:8 copied8 DB 3"; echo "MOVE s0:9 3"; echo "MOVE h0:6 5"
echo "DEL s0:10 s0:11 big30"; echo "GETDEL s0:12"; echo "UNLINK big29"
echo "MULTI"; echo "SET together1 a"; echo "SET together2 b"; echo "HSET together3 c d"; echo "DEL s0:13"; echo "EXEC"
echo "HSET emptied a b"; echo "HDEL emptied a"
echo "SELECT 6"; echo "SET moved-with-swap 1 PXAT 4000000002000"; echo "SWAPDB 6 7"
echo "SELECT 8"; echo "SET lost 1"; echo "SWAPDB 8 9"; echo "SELECT 9"; echo "FLUSHDB"; echo "SET kept 1"
echo "SELECT 0"; echo "SET last command"
