#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: timeout=400
# Benchmark: what mmclient costs a guest in which nothing happens. Prints memory, CPU share and store writes beside their
# limits, and fails beyond them. tests/bench/client_cost.sh --lab runs it so that the CPU's time is instructions, one a
# nanosecond: the same on any machine. Run otherwise, the CPU figure is the emulator's.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

SECONDS_MEASURED=60
RSS_LIMIT_KIB=2048
CPU_LIMIT_PPM=1000 # 0.1 %
WRITES_LIMIT=1     # in 10 s

# Nanoseconds on a CPU so far, of all its threads: mmclient's own and the one that libxenstore starts.
cpu_ns() { gx quiet 'cat /proc/$(pidof mmclient)/task/*/schedstat' | awk '{ sum += $1 } END { printf "%.0f", sum }'; }

# Rss of all mappings, exactly: the VmRSS of "status" lags behind by up to 64 pages a thread.
rss_kib() { gx quiet 'grep ^Rss: /proc/$(pidof mmclient)/smaps_rollup' | awk '{ print $2 }'; }

report() { # WHAT VALUE UNIT LIMIT
    printf '%-32s %8s %-4s limit %s\n' "$1" "$2" "$3" "$4"
}

quiet_guest() {
    local home before after spent_ppm writes
    guests "quiet" mem=256 max=512 client=no || return 1
    home=$(home quiet)
    for key in free tot; do
        xenstore-write "$home/memory/$key" ''
        xenstore-chmod "$home/memory/$key" "n$(dom quiet id)"
    done
    gbg quiet mmclient || return 1
    await 20 xs "$home/memory/tot" above 1000 || fail "mmclient does not publish" || return 1
    sleep 12 # a first sign of life, and the boot's leftovers
    before=$(cpu_ns)
    xenstore-watch "$home/data/xenmm" "$home/memory/free" "$home/memory/tot" >/tmp/writes &
    sleep $SECONDS_MEASURED
    kill $!
    after=$(cpu_ns)
    # Each of the three watches fired once when it was set.
    writes=$(($(wc -l </tmp/writes) - 3))
    spent_ppm=$(((after - before) / SECONDS_MEASURED / 1000))
    say "mmclient in a guest where nothing happens, $SECONDS_MEASURED s"
    report "resident memory" "$(rss_kib)" KiB "$RSS_LIMIT_KIB"
    report "CPU time of a core" "$(awk -v p=$spent_ppm 'BEGIN { printf "%.3f", p / 10000 }')" % 0.1
    report "store writes in 10 s" "$(awk -v w=$writes -v s=$SECONDS_MEASURED 'BEGIN { printf "%.1f", w * 10 / s }')" '' $WRITES_LIMIT
    check_number "resident KiB" "$(rss_kib)" -lt $RSS_LIMIT_KIB
    check_number "CPU time, millionths of a core" "$spent_ppm" -lt $CPU_LIMIT_PPM
    check_number "store writes" "$writes" -le $((SECONDS_MEASURED * WRITES_LIMIT / 10))
    check_number "signs of life" "$writes" -ge $((SECONDS_MEASURED / 10 - 1))
}

run_case "an agent that costs next to nothing" quiet_guest
finish
