#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: mem=3072 timeout=1800
# Benchmark: the burst of bench_burst.sh, with mmclient in every guest and with no agent in any, where mmserver looks into them from
# outside. Prints relief in seconds for both, and what looking costs dom0. Without agents it shall take no more than twice as long.
# LAB_DOM0_ARGS=lab.quick: once each instead of three times.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh
# shellcheck source=tests/lab/dom0/burst.sh
. /burst.sh

ROUNDS=3
! grep -qw lab.quick /proc/cmdline || ROUNDS=1
ZRAM=512

# field GUEST KEY: a number out of the guest's "introspection" in the status
seen() {
    mmctl status --json | tr -d ' \n' | sed 's/{"name":/\n&/g' | sed -n "s/^{\"name\":\"$1\".*\"introspection\":{[^}]*\"$2\":\([0-9]*\).*/\1/p"
}

# What the looks cost until the end of the burst.
during() {
    local guest
    [ "$CLIENT" = no ] || return 0
    for guest in one two three; do
        printf '%s: start %s us, %s looks of %s us, %s us in all, %s ppm of a CPU lately\n' "$guest" "$(seen $guest start_us)" \
            "$(seen $guest looks)" "$(seen $guest cost_us)" "$(seen $guest spent_us)" "$(seen $guest share_ppm)" >>/share/costs
    done
    for guest in $(pidof mmprobe); do
        sed -n 's/^VmHWM:[[:space:]]*/a probe took at most /p; s/^VmRSS:[[:space:]]*/and takes /p' "/proc/$guest/status"
    done >>/share/costs
}

# Whether it ever runs short hangs on how fast the machine is that emulates all this; a burst is answered in any case. Seconds from
# when the guest had 16 MiB less available than before to its first grant, and the least it had available, MiB.
answer() {
    awk -v id="$(cat "$OUT/id")" '
        FILENAME ~ /memlog$/ {
            for (i = 2; i <= NF; i++) { split($i, word, "="); value[word[1]] = word[2] }
            if (FNR == 1 || value["available"] < least) least = value["available"]
            if (FNR == 1) first = value["available"]
            if (!begun && value["available"] + 16384 < first) begun = $1
        }
        FILENAME ~ /host$/ && $2 == id {
            if (last && $4 > last && begun && $1 >= begun && !grant) grant = $1
            last = $4
        }
        END { if (begun && grant) printf "%.2f %d\n", grant - begun, least / 1024; else print "- -" }' "$OUT/memlog" "$OUT/host"
}

# A line for what both are compared by: answer, least available, grant and settled since it was short, the program's time.
keep() { echo "$(answer) $GRANT $SETTLED ${TIME% }" >>"/share/relief.$1"; }

with_agents() {
    CLIENT=yes
    burst "agent-$1" "350 one" --policy need -N 768M --introspection off || return 1
    keep agent
    check_number "with agents: OOM kills" "$KILLS" -eq 0
    check "with agents: the program got all it wanted: $GOT" test "$GOT" = "1 of 1"
}

without() {
    CLIENT=no
    burst "seen-$1" "350 one" --policy need -N 768M --introspection agentless || return 1
    keep seen
    check_number "seen: OOM kills" "$KILLS" -eq 0
    check_number "seen: pages the donors swapped out" "$DONORS" -eq 0
    check "seen: the program got all it wanted: $GOT" test "$GOT" = "1 of 1"
}

each_once() { with_agents "$ROUND" && without "$ROUND"; }

# mean FILE COLUMN: of those that ran short
mean() { awk -v c="$2" '$c != "-" { sum += $c; n++ } END { if (n) printf "%.2f", sum / n; else print "-" }' "$1"; }

row() { printf '%-19s %-22s %-19s %-21s %s' "$(mean "/share/relief.$1" 1)" "$(mean "/share/relief.$1" 2)" "$(mean "/share/relief.$1" 3)" "$(mean "/share/relief.$1" 4)" "$(mean "/share/relief.$1" 5)"; }

verdict() { # COLUMN WHAT
    awk -v a="$(mean /share/relief.agent "$1")" -v s="$(mean /share/relief.seen "$1")" -v what="$2" 'BEGIN {
        if (a == "-" || s == "-") print what ": nothing to compare"
        else printf "%s: %.2f times the agent'\''s, limit 2: %s\n", what, s / a, (s <= 2 * a) ? "within" : "NOT within" }'
}

printf '%-16s %7s %7s %8s %7s %8s %6s %7s  %s\n' '' 'pages out' grant settled donors: 'stall %' OOM apart 'got all, s' >/share/figures
ROUND=1
while [ $ROUND -le $ROUNDS ]; do
    run_case "burst $ROUND: with mmclient, then without" each_once
    ROUND=$((ROUND + 1))
done
cat <<X

350 MiB touched at full speed in one of three 256 MiB guests, -N 768M. Seconds since it ran short; -: it never did, or nothing was
granted.
$(cat /share/figures)

means                burst to grant, s   least available, MiB   short to grant, s   short to settled, s   program, s
with mmclient        $(row agent)
seen from outside    $(row seen)
$(verdict 1 "burst to first grant")
$(verdict 4 "short to settled")
$(verdict 5 "the program")

what looking cost:
$(cat /share/costs)
X
finish
