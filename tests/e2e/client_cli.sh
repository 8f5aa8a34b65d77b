#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# mmclient's command line, what it would publish from a /proc of our making, and its end without Xen.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$work"

misuse() { # TEXT OPTION...
	local text=$1
	shift
	run 2 "$bin/mmclient" "$@"
	one_line "$text"
	[ ! -s out ] || fail "misuse prints to stdout"
}

field() { # NAME
	sed -n "s/.* $1=\([0-9]*\).*/\1/p" out
}

run 0 "$bin/mmclient" --help
[ ! -s err ] || fail "--help writes to stderr"
run 0 "$bin/mmclient" --version
grep -Eqx 'mmclient (\(xenmm\) )?[0-9]+\.[0-9]+\.[0-9]+' out || fail "no version"
misuse --no-such-option --no-such-option
misuse Z -Z
misuse interval --interval
misuse extra --dry-run extra
misuse "'two?lines?[1m'" --dry-run $'two\nlines\e[1m'

# The journal's marks only where the journal listens, not wherever its variable is inherited.
JOURNAL_STREAM=1:2 misuse 'mmclient: option' -Z
JOURNAL_STREAM=$(stat -c %d:%i err) misuse '<3>option' -Z
for value in 0 0.05 11 -1 ten 1h2 ''; do
	misuse "'$value'" --dry-run --interval "$value"
done

# A kernel without MemAvailable, without pressure figures, and without a balloon.
mkdir -p old/proc
cat >old/proc/meminfo <<'EOF'
MemTotal:         524288 kB
MemFree:          100000 kB
Buffers:           10000 kB
Cached:            60000 kB
SReclaimable:       5000 kB
Shmem:             20000 kB
SwapTotal:        262144 kB
SwapFree:         200000 kB
EOF
printf 'pswpin 11\npswpout 22\npgmajfault 33\nworkingset_refault 44\n' >old/proc/vmstat
echo '100.50 90.00' >old/proc/uptime
run 0 "$bin/mmclient" --dry-run --once --root old
[ "$(field tot)" = 524288 ] && [ "$(field free)" = 100000 ] || fail "total or free is wrong"
[ "$(field avail)" = 155000 ] || fail "available is $(field avail), not free + buffers + cached + slab - shmem"
[ "$(field si)" = 11 ] && [ "$(field so)" = 22 ] && [ "$(field mf)" = 33 ] || fail "counters are wrong"

# The balloon's size and the kernel's own estimate are taken where they are there.
mkdir -p new/sys/devices/system/xen_memory/xen_memory0/info new/proc/pressure
cp old/proc/* new/proc/
echo 'MemAvailable:     140000 kB' >>new/proc/meminfo
echo 786432 >new/sys/devices/system/xen_memory/xen_memory0/info/current_kb
printf 'some avg10=0.00 avg60=0.00 avg300=0.00 total=1234\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=567\n' \
	>new/proc/pressure/memory
run 0 "$bin/mmclient" --dry-run --once --root new
[ "$(field avail)" = 140000 ] || fail "MemAvailable is not taken"
[ "$(field cur)" = 786432 ] || fail "the balloon's size is not taken"
[ "$(field ps)" = 1234 ] && [ "$(field pf)" = 567 ] || fail "pressure is not taken"

# Below --root nothing is written, wherever a link there leads: this one to the process's own name.
mkdir -p link/proc/pressure
cp old/proc/meminfo link/proc/
ln -s /proc/self/comm link/proc/pressure/memory
rm -f out
"$bin/mmclient" --dry-run --root link >out 2>err &
pid=$!
wait_for 10 test -s out
name=$(cat /proc/$pid/comm)
kill $pid
wait $pid || fail "status $?"
[ "$name" = mmclient ] || fail "wrote through a link: it is called '$name' now"

# A /proc that makes no sense is one line and status 1.
mkdir -p bad/proc
echo 'MemTotal: lots' >bad/proc/meminfo
run 1 "$bin/mmclient" --dry-run --once --root bad
one_line meminfo

if [ ! -e /dev/xen/xenbus ] && [ ! -e /proc/xen ]; then
	run 1 "$bin/mmclient"
	one_line Xen
fi

# Signals end it, quietly and with status 0.
for signal in TERM INT; do
	rm -f out
	"$bin/mmclient" --dry-run --root new >out 2>err &
	pid=$!
	wait_for 10 test -s out
	kill -"$signal" "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" = 0 ] || fail "status $status after SIG$signal"
done
echo "mmclient answers"
