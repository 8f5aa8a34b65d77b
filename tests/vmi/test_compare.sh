#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The yardstick itself: compare.awk passes what is equal and finds each kind of difference.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bench=$(dirname "$(readlink -f "$0")")

cat >"$work/guest" <<'E'
counter total_kib 480000
counter free_kib 300000
counter committed_kib 9000
process pid=1 parent=0 uid=0 threads=1 state=S kernel=0 anon_kib=900 file_kib=100 shmem_kib=0 swap_kib=0 vm_kib=1136 cpu_ms=1000 start_ms=230 comm=agent
process pid=2 parent=0 uid=0 threads=1 state=S kernel=1 anon_kib=0 file_kib=0 shmem_kib=0 swap_kib=0 vm_kib=0 cpu_ms=0 start_ms=230 comm=kworker/0:0-events
process pid=7 parent=1 uid=1007 threads=3 state=S kernel=0 anon_kib=50000 file_kib=0 shmem_kib=64 swap_kib=8 vm_kib=60000 cpu_ms=500 start_ms=990 comm=with\x20space
end
E
sed -e '1i sample reason=ok' -e 's|kworker/0:0-events|kworker/0:0|; s/anon_kib=900/anon_kib=1100/; s/cpu_ms=500/cpu_ms=519/' "$work/guest" >"$work/good"

judge() { awk -f "$bench/compare.awk" "$work/guest" "$1" "$work/guest" >"$work/out"; }

judge "$work/good" || {
	cat "$work/out"
	echo "FAILED: what is equal does not pass"
	exit 1
}
number=0
while read -r change; do
	sed "$change" "$work/good" >"$work/bad"
	! cmp -s "$work/good" "$work/bad" || { echo "FAILED: $change changes nothing" && exit 1; }
	! judge "$work/bad" || { echo "FAILED: not found: $change" && exit 1; }
	number=$((number + 1))
done <<'E'
/pid=7 /d
/pid=2 /s/pid=2 /pid=3 /
s/comm=agent/comm=agenT/
s/comm=kworker.*/comm=kworkers/
s/parent=1 /parent=2 /
s/uid=1007/uid=1008/
s/threads=3/threads=2/
s/kernel=1/kernel=0/
s/vm_kib=60000/vm_kib=60004/
s/pid=7 \(.*\)state=S/pid=7 \1state=D/
s/anon_kib=50000/anon_kib=51000/
s/anon_kib=50000/anon_kib=49000/
s/shmem_kib=64/shmem_kib=640/
s/swap_kib=8/swap_kib=800/
s/cpu_ms=519/cpu_ms=521/
s/cpu_ms=519/cpu_ms=479/
s/start_ms=990/start_ms=1020/
s/total_kib 480000/total_kib 480004/
s/free_kib 300000/free_kib 301000/
s/committed_kib 9000/committed_kib 9600/
/^process/d
/^end/d
E
echo "$number differences found"
