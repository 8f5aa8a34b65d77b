#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: timeout=500
# One guest that lies, goes silent, or does not give back what is asked of it: its neighbours keep what they are guaranteed and get
# what they need, and all is well again when it behaves. (Floods and nonsense: test_faults.)
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

GUARANTEE_MIB=150
BUDGET=576M

# Sees that nobody else fell below the guarantee, for as long as it runs: the lowest target and size of each.
watch_neighbours() {
    hostlog /share/hostile.txt 50 &
    LOGGER=$!
}

# What the timeline has as the least of a guest, KiB, its first line apart (a guest that is not yet balanced).
least() { # GUEST
    awk -v id="$(dom "$1" id)" '$2 == id { v = ($3 < $4) ? $3 : $4; if (!low || v < low) low = v } END { print low }' /share/hostile.txt
}

unharmed() {
    local guest
    kill "$LOGGER"
    for guest; do
        check_number "the least that $guest had, KiB" "$(least "$guest")" -ge $((GUARANTEE_MIB * 1024))
        check_number "OOM kills in $guest" "$(gstat "$guest" oom_kill)" -eq 0
        check_number "KiB available in $guest" "$(gstat "$guest" available)" -ge 12288
    done
}

start() { # [OPTION of the bad guest]
    destroy_all
    guests "one two" mem=192 && guests "bad" mem=192 client=no "$@" || return 1
    server_start -N $BUDGET --min ${GUARANTEE_MIB}M || return 1
    watch_neighbours
}

# A neighbour's own need is met in the middle of it all.
neighbour_gets() { # MIB
    gx one "hog -r 60 -s 3 $1" 90 >/tmp/hog 2>&1
    check_number "MiB that a neighbour got meanwhile" "$(hog_size /tmp/hog)" -eq "$1"
}

# The guest's real agent says how little it uses: its memory goes to whoever needs it.
recovers() {
    gx bad 'killall -q liar mmclient; mmclient >/dev/console 2>&1 </dev/null &' >/dev/null
    await 60 held bad below $((210 * 1024)) || fail "it keeps what it does not need"
    gx one 'hog -r 60 -s 3 150' 90 >/tmp/hog 2>&1
    check_number "MiB that a neighbour gets when it behaves" "$(hog_size /tmp/hog)" -eq 150
    check_number "OOM kills in it" "$(gstat bad oom_kill)" -eq 0
    server_stop || fail "mmserver ended with status $?"
}

lies() { # stressed|calm
    start || return 1
    gbg bad "liar 60 $1" || return 1
    server_says 'bad .*is balanced' || fail "it is not balanced" || return 1
    sleep 12
    say "it claims to be full and $1: holds $(dom bad held) KiB, its neighbours $(dom one held) and $(dom two held)"
    # An honest guest that needs as much would get the same; only the guarantee is sure.
    neighbour_gets $((GUARANTEE_MIB - 100))
    unharmed one two
    recovers
}
lies_stressed() { lies stressed; }
lies_calm() { lies calm; }

goes_silent() {
    start || return 1
    gbg bad mmclient || return 1
    server_says 'bad .*is balanced' || fail "it is not balanced" || return 1
    settle
    gx bad 'kill -STOP $(pidof mmclient)' >/dev/null || return 1
    server_says 'bad .*(quiet|silent)' 60 || fail "the log does not say that it is silent" || return 1
    neighbour_gets 120
    unharmed one two
    gx bad 'killall -9 mmclient' >/dev/null
    recovers
}

# Without its balloon driver a guest reports idle memory, and nothing that is asked of it happens. It behaves once it has one.
will_not_shrink() {
    start "args= initcall_blacklist=balloon_init" || return 1
    gbg bad mmclient || return 1
    server_says 'bad .*is balanced' || fail "it is not balanced" || return 1
    settle
    neighbour_gets 120
    check_number "what the guest holds, KiB" "$(dom bad held)" -ge $((190 * 1024))
    unharmed one two
    guest_destroy bad
    guests "bad" mem=256 client=no || return 1
    recovers
}

run_case "a guest claims to use all it has, and to suffer" lies_stressed
run_case "a guest claims to use all it has, and does not suffer" lies_calm
run_case "a guest goes silent" goes_silent
run_case "a guest does not shrink" will_not_shrink
finish
