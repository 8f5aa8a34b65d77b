#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# CPU time of a whole mmserver process at real pace on simulated guests, the simulator included: an upper bound beside
# bench_load, which measures the server alone.
# Usage: server_cpu.sh [BUILD [DOMAINS [SECONDS]]]
set -euo pipefail

build=${1-build}
domains=${2-1000}
seconds=${3-30}
[ -x "$build/bin/mmserver" ] || { echo "server_cpu.sh: no $build/bin/mmserver: build first" >&2; exit 1; }

dir=$(mktemp -d /tmp/xenmm-server-cpu-XXXXXX)
pid=
cleanup() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT

ticks() { # of CPU time, user and system
	awk '{ print $14 + $15 }' "/proc/$pid/stat"
}

cat >"$dir/load.scn" <<END
host total=$((1024 + domains * 300))M dom0=512M step=50ms
duration 24h
guest g count=$domains memory=256M maxmem=896M use=100M cache=40M noise=8M swap=512M
END
"$build/bin/mmserver" --backend "sim:$dir/load.scn" --pace real -d "$dir" >/dev/null 2>&1 &
pid=$!
sleep 5
before=$(ticks)
sleep "$seconds"
after=$(ticks)
awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" -v s="$seconds" -v n="$domains" \
	'BEGIN { printf "%d guests, %d s: %.1f %% of a core, with the simulator\n", n, s, 100 * ticks / hz / s }'
