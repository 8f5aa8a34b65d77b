#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What mmclient costs where nothing happens: resident memory, CPU share, reports in 10 s, beside their limits. Ends with
# status 1 beyond one of them.
#   client_cost.sh [SECONDS]   here (20 s): the real files of this machine, --dry-run instead of xenstore
#   client_cost.sh --lab       in a guest of a real Xen host under QEMU, in which time is counted in instructions
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=${XENMM_BIN:-$source_dir/build/bin}

if [ "${1:-}" = --lab ]; then
	LAB_CPUS=1 LAB_ACCEL=tcg,thread=single LAB_QEMU_ARGS='-icount shift=0,sleep=off' \
		exec "$source_dir/tests/lab/lab" test bench_client
fi

seconds=${1:-20}
if ! [[ $seconds =~ ^[1-9][0-9]*$ ]]; then
	echo "client_cost.sh: '$seconds': must be --lab or a number of seconds" >&2
	exit 2
fi

work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid"; rm -rf "$work"' EXIT

# A machine on which tests run is not quiet: its files are copied, so that nothing changes between two reports.
root=$work/root
mkdir -p "$root/proc/pressure" "$root/sys/devices/system/xen_memory/xen_memory0/info"
cp /proc/meminfo /proc/vmstat "$root/proc/"
cp /proc/pressure/memory "$root/proc/pressure/" 2>/dev/null || true
echo 262144 >"$root/sys/devices/system/xen_memory/xen_memory0/info/current_kb"

cpu_ns() {
	cat "/proc/$pid/task/"*/schedstat | awk '{ sum += $1 } END { printf "%.0f", sum }'
}

# report WHAT VALUE UNIT LIMIT: and whether it is kept
status=0
report() {
	printf '%-32s %8s %-4s limit %s\n' "$1" "$2" "$3" "$4"
	awk -v value="$2" -v limit="$4" 'BEGIN { exit !(value <= limit) }' || status=1
}

measure() { # ROOT WHAT
	"$bin/mmclient" --dry-run --root "$1" >"$work/out" 2>"$work/err" &
	pid=$!
	sleep 2
	local before after lines
	before=$(cpu_ns)
	lines=$(wc -l <"$work/out")
	sleep "$seconds"
	after=$(cpu_ns)
	lines=$(($(wc -l <"$work/out") - lines))
	echo "mmclient --dry-run, $2, $seconds s"
	report "resident memory" "$(awk '/^Rss:/ { print $2 }' "/proc/$pid/smaps_rollup")" KiB 2048
	report "CPU time of a core" "$(awk -v ns=$((after - before)) -v s="$seconds" 'BEGIN { printf "%.4f", ns / s / 1e7 }')" % 0.1
	[ "$3" != quiet ] ||
		report "reports in 10 s" "$(awk -v n="$lines" -v s="$seconds" 'BEGIN { printf "%.1f", n * 10 / s }')" '' 1
	kill "$pid"
	wait "$pid"
	pid=
}

measure "$root" "files that never change" quiet
measure / "the kernel's own files" busy
exit $status
