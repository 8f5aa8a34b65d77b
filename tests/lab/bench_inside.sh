#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: mem=3072 timeout=600
# Benchmark: looking into guests in which nothing of ours runs, PV and PVH, and what that costs dom0. What is seen must be what the
# guest's own /proc says; what it costs is printed beside the limits, because it hangs on the machine that emulates all this.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

CROWD=60 # with the kernel's own about 100 processes
SAMPLES=30
BOOTSTRAP_LIMIT_MS=2000
SAMPLE_LIMIT_MS=10

# census GUEST WORD: what the guest's /proc says, into /tmp/census.WORD
census() {
    local log=/var/log/xen/console/guest-$1.log
    gx "$1" "!census $2" 60 && await 20 file "$log" "^census $2 done" || fail "$1: no census" || return 1
    tr -d '\r' <"$log" | sed -n "/^census $2\$/,/^census $2 done\$/p" >"/tmp/census.$2"
}

# figure KEY: of the last comparison
figure() { tr ' ' '\n' </tmp/compared | sed -n "s/^$1=//p"; }

# Leaves a row in /share/figures.
look_into() { # GUEST WORD
    local id status=0
    id=$(dom "$1" id)
    census "$1" "$2-before" || return 1
    probelook -n "$SAMPLES" "$id" >/tmp/look || fail "$1: no look: $(head -n 2 /tmp/look)" || return 1
    census "$1" "$2-after" || return 1
    cp /tmp/look "/share/look.$1.$2"
    cp /tmp/census.* /share/
    awk -f /compare.awk "/tmp/census.$2-before" /tmp/look "/tmp/census.$2-after" >/tmp/compared.all || status=1
    grep '^WRONG' /tmp/compared.all | head -n 20
    grep '^compared' /tmp/compared.all >/tmp/compared
    printf '%-14s %9s %7s %5s %5s %8s %7s %8s %7s %9s %9s %9s\n' "$1 $2" "$(figure processes)" "$(figure missing)" "$(figure extra)" \
        "$(figure wrong)" "$(figure rss_kib)" "$(figure cpu_ms)" "$(figure total_kib)" "$(figure free_kib)" "$(figure committed_kib)" \
        "$(awk -v us="$(figure bootstrap_us)" 'BEGIN { printf "%.0f", us / 1000 }')" \
        "$(awk -v us="$(figure cost_us)" 'BEGIN { printf "%.2f", us / 1000 }')" >>/share/figures
    [ $status = 0 ] || fail "$1 $2: what is seen is not what the guest says"
    check_number "$1: processes" "$(figure processes)" -ge $CROWD
}

# Idle; with memory that a program took; after its end, and after the balloon gave that memory back to the host.
look_at() { # GUEST
    gx "$1" "crowd $CROWD" 120 >/dev/null || fail "$1: no crowd" || return 1
    sleep 2
    look_into "$1" idle || return 1
    gbg "$1" 'hog 60' || return 1
    sleep 6
    look_into "$1" hog || return 1
    gx "$1" 'killall hog' >/dev/null
    xl mem-set "$1" 160
    await 30 held "$1" below $((170 * 1024)) || fail "$1 does not give memory back" || return 1
    sleep 1
    look_into "$1" ballooned
}

pv() {
    guests one mem=256 max=256 client=no zram=64 && look_at one
}
pvh() {
    guests two type=pvh mem=256 max=256 client=no && look_at two
}

{
    printf '%-14s %9s %7s %5s %5s %8s %7s %8s %7s %9s %9s %9s\n' guest processes missing extra wrong 'RSS off' 'CPU off' 'MemTotal' MemFree Committed bootstrap sample
    printf '%-14s %9s %7s %5s %5s %8s %7s %8s %7s %9s %9s %9s\n' '' '' '' '' '' KiB ms 'off KiB' 'off KiB' 'off KiB' 'CPU ms' 'CPU ms'
} >/share/figures
run_case "a PV guest" pv
run_case "a PVH guest" pvh
cat <<X

What is seen in guests without an agent, beside what their own /proc says right before and after it; and what it costs dom0: finding
kernel, symbols and types, once, and the average of $SAMPLES samples. Limits: $BOOTSTRAP_LIMIT_MS ms, and $SAMPLE_LIMIT_MS ms with 100 processes.
$(cat /share/figures)
X
finish
