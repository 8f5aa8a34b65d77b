#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: timeout=800
# What goes wrong on a host: a guest dies while it is being shrunk, a balloon has given up, mmserver is killed in mid-balance,
# a guest floods the store.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

BUDGET=384M

# Two guests, one of which runs short; returns when the other is on its way down.
start_shrinking() {
    guests "rich poor" || return 1
    server_start -N $BUDGET || return 1
    server_says 'rich .*is balanced' && server_says 'poor .*is balanced' || fail "not all guests are balanced" || return 1
    settle
    gbg poor 'hog -r 40 -s 15 170' || return 1
    await 30 target rich below $((186 * 1024)) || fail "no shrink began"
}

dies_in_a_shrink() {
    local id
    start_shrinking || return 1
    id=$(dom rich id)
    guest_destroy rich
    check "mmserver outlives it" server_alive
    await 30 held poor above $((260 * 1024)) || fail "the other guest did not get the dead one's memory"
    check_not "nothing is written below the dead guest" xenstore-exists "/local/domain/$id"
    check_number "OOM kills in the other" "$(gstat poor oom_kill)" -eq 0
    server_stop || fail "mmserver ended with status $?"
    destroy_all
}

# Linux's balloon takes what it can have, tries a few times more, and then stops for good until its target changes. A high
# watermark keeps memory from it here, for as long as its tries last; after that there is plenty again.
BALLOON=/sys/devices/system/xen_memory/xen_memory0
balloon_gave_up() {
    local held
    guests "stuck" mem=256 || return 1
    guests "other" || return 1
    settle
    gbg stuck "echo 1 >$BALLOON/max_retry_count; echo 80000 >/proc/sys/vm/min_free_kbytes; sleep 7; echo 2000 >/proc/sys/vm/min_free_kbytes" || return 1
    sleep 1
    xl mem-set stuck 120
    sleep 9
    held=$(dom stuck held)
    check_number "the balloon stops above its target: KiB held" "$held" -gt $((150 * 1024)) || return 1
    check_number "and stays there though memory is free: KiB available" "$(gstat stuck available)" -gt $((50 * 1024)) || return 1
    server_start -N 448M || return 1
    await 40 target stuck above $((150 * 1024)) || fail "its target was not reset"
    gbg other 'hog -r 40 -s 15 220' || return 1
    await 60 held other above $((260 * 1024)) || fail "the balloon that had given up was not woken"
    check_number "OOM kills" "$(($(gstat other oom_kill) + $(gstat stuck oom_kill)))" -eq 0
    server_stop || fail "mmserver ended with status $?"
    destroy_all
}

# A guest that reports idle memory and has no balloon driver: nothing that is asked of it happens.
balloon_never_moves() {
    guests "stuck" mem=256 args=' initcall_blacklist=balloon_init' || return 1
    guests "other" || return 1
    server_start -N 448M || return 1
    settle
    gbg other 'hog -r 40 -s 120 90' || return 1
    server_says 'stuck .*does not follow' 120 || fail "the log does not say that it is stuck"
    await 60 target stuck above $((255 * 1024)) || fail "its target was not reset to what it holds"
    check_number "sum of targets, KiB" "$(($(dom stuck target) + $(dom other target)))" -le $((448 * 1024))
    check_number "lines in the log about it" "$(grep -c '^mmserver: stuck' "$SERVER_LOG")" -lt 40
    check "mmserver goes on" server_alive
    server_stop || fail "mmserver ended with status $?"
    destroy_all
}

# A PVH guest moves its balloon by itself before mmserver knows it, so that it never holds what its target says; for an
# honest one the same difference is what its type holds besides. Whichever it is taken for, it must not grow on it.
moves_by_itself() {
    local i=0 sum most=0
    guests "odd" type=pvh mem=192 max=512 || return 1
    guests "even" || return 1
    gx odd 'echo $((178 * 1024)) >/sys/devices/system/xen_memory/xen_memory0/target_kb' 20 >/dev/null
    sleep 3
    server_start -N 440M || return 1
    while [ $i -lt 30 ]; do
        sleep 3
        sum=$(($(dom odd held) + $(dom even held)))
        [ "$sum" -le "$most" ] || most=$sum
        i=$((i + 1))
    done
    check_number "KiB that both hold at most" "$most" -le $(((440 + 20) * 1024))
    check_number "KiB that it holds" "$(dom odd held)" -le $((300 * 1024))
    check "mmserver goes on" server_alive
    server_stop || fail "mmserver ended with status $?"
    destroy_all
}

killed_in_mid_balance() {
    local sum
    start_shrinking || return 1
    server_kill
    sum=$(($(dom rich target) + $(dom poor target)))
    check_number "sum of the targets it leaves, KiB" "$sum" -le $((384 * 1024))
    server_start -N $BUDGET || return 1
    await 30 held poor above $((250 * 1024)) || fail "the one after it does not go on"
    check_number "OOM kills" "$(($(gstat poor oom_kill) + $(gstat rich oom_kill)))" -eq 0
    server_stop || fail "mmserver ended with status $?"
    destroy_all
}

cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$SERVER_PID/stat"; } # hundredths of a second

flood() {
    local ticks lines start
    guests "mad" client=no || return 1
    guests "one two" || return 1
    server_start -N 576M || return 1
    await 20 xs "$(home mad)/memory/free" exists || fail "no memory/free" || return 1
    server_says 'one .*is balanced' || return 1
    settle
    lines=$(wc -l <"$SERVER_LOG")
    ticks=$(cpu_ticks)
    start=$(now)
    gbg mad 'flood 15 memory/free numbers & flood 15 data/xenmm junk' || return 1
    sleep 2
    gx one 'hog -s 3 230' 60 >/tmp/hog 2>&1
    check_number "MiB that a guest got during the flood" "$(hog_size /tmp/hog)" -eq 230
    sleep 6
    ticks=$(awk -v ticks=$(($(cpu_ticks) - ticks)) -v s="$(since "$start")" 'BEGIN { printf "%d", ticks / s }')
    say "mmserver took $ticks % of the emulated CPU, and $(($(wc -l <"$SERVER_LOG") - lines)) log lines; $(grep -h 'flood:' /var/log/xen/console/guest-mad.log | tr '\r\n' ' ')"
    check_number "share of the emulated CPU that mmserver takes, %" "$ticks" -lt 40
    check_number "log lines about the flooding guest" "$(grep -c 'mad ' "$SERVER_LOG")" -lt 60
    check "mmserver outlives it" server_alive
}

malformed() {
    local value
    for value in huge junk '-1' '18446744073709551616' '1 2' '0x10' '%s%n' 'xenmm/1 seq=1'; do
        gx mad "flood 1 data/xenmm '$value'; flood 1 memory/tot '$value'" 30 >/dev/null
        check "mmserver outlives $value" server_alive
    done
    check_number "OOM kills among its neighbours" "$(($(gstat one oom_kill) + $(gstat two oom_kill)))" -eq 0
    gx two 'hog -s 1 210' 60 >/tmp/hog 2>&1
    check_number "MiB that a neighbour gets afterwards" "$(hog_size /tmp/hog)" -eq 210
    server_stop || fail "mmserver ended with status $?"
    destroy_all
}

run_case "a guest dies during its shrink" dies_in_a_shrink
run_case "a balloon that gave up is woken" balloon_gave_up
run_case "a guest without a balloon is let be" balloon_never_moves
run_case "a guest moves its balloon by itself" moves_by_itself
run_case "mmserver killed in mid-balance, and started again" killed_in_mid_balance
run_case "a guest floods its keys" flood
run_case "a guest writes nonsense" malformed
finish
