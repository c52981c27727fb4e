#!/bin/sh
# Prints the commands that filled the data directories beside it, for redis-cli.
# sh commands.sh 1 is what ran before a restart, 2 what ran behind it.
part=$1
big() { head -c "$2" /dev/zero | tr '\0' "$1"; }
if [ "$part" = 1 ]; then
	for db in 0 1 2; do
		echo "SELECT $db"
		for i in $(seq 1 40); do
			echo "SET s$db:$i value-$i-of-database-$db"
			echo "HSET h$db:$((i % 7)) f$i v$i g$i w$i"
			echo "RPUSH l$db:$((i % 5)) r$i; LPUSH l$db:$((i % 5)) l$i" | tr ';' '\n'
		done
		echo "SET future$db later PXAT 4000000000000"
		echo "RPUSH futurelist$db a b c"
		echo "PEXPIREAT futurelist$db 4000000000777"
		echo "RPUSH passedlist$db a"
		echo "PEXPIRE passedlist$db 600"
	done
	echo "SELECT 0"
	for i in $(seq 1 1200); do # images of more than 64 KiB
		echo "HSET bighash field-$i $(big "$((i % 10))" 60)"
		echo "RPUSH biglist $(big "$((i % 10))" 60)-$i"
	done
	for i in $(seq 1 30); do # more than one segment, then overwritten: compaction has work
		for k in $(seq 1 20); do
			echo "SET big$k $(big "$(((i + k) % 10))" 8000)"
		done
	done
	echo "COPY bighash copiedhash"; echo "RENAME biglist renamedlist"
	exit
fi
echo "SELECT 0"
for i in $(seq 1 30); do
	echo "HSET bighash field-$((i * 7)) changed-$i"
	echo "LSET renamedlist $((i * 11)) changed-$i"
	echo "LINSERT l0:1 BEFORE r1 between-$i"
	echo "RPOPLPUSH l0:2 l0:3"
done
echo "HDEL bighash field-1 field-600 field-1200"; echo "HDEL copiedhash field-3"
echo "LREM renamedlist 1 $(big 5 60)-5"; echo "LTRIM renamedlist 3 1100"; echo "LPOP renamedlist"; echo "RPUSH renamedlist last"
echo "LTRIM l0:4 1 3"; echo "SWAPDB 1 2"; echo "COPY l0:0 copiedlist"; echo "MOVE l0:1 5"; echo "DEL h0:1"
echo "MULTI"; echo "SET together1 a"; echo "RPUSH together2 b"; echo "HSET together3 c d"; echo "EXEC"
echo "SELECT 9"; echo "SET lost 1"; echo "FLUSHDB"; echo "SET kept 1"
