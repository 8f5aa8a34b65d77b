#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: timeout=400
# Memory follows need: one guest bursts while others idle, two burst at once and there is not enough. Donors keep what they use.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

targets_kib() { # GUEST...
    local guest sum=0
    for guest; do sum=$((sum + $(dom "$guest" target))); done
    echo $sum
}

# The worst of a donor's lot: nothing swapped or killed, and something left for its next step.
unharmed() { # GUEST [KIB]
    gx "$1" '!stat' | tr ' ' '\n' >/tmp/stat
    check_number "$1: pages swapped out" "$(sed -n 's/^pswpout=//p' /tmp/stat)" -le 50
    check_number "$1: OOM kills" "$(sed -n 's/^oom_kill=//p' /tmp/stat)" -eq 0
    check_number "$1: KiB available" "$(sed -n 's/^available=//p' /tmp/stat)" -ge "${2:-12288}"
}

one_bursts() {
    local after
    guests "one two three" || return 1
    server_start -N 576M || return 1
    server_says 'three .*is balanced' && server_says 'two .*is balanced' && server_says 'one .*is balanced' || fail "not all guests are balanced" || return 1
    settle
    # No swap: what is not there in time is an OOM kill.
    gx one 'hog -s 4 230' >/tmp/hog 2>&1
    check_number "MiB that the burst got" "$(hog_size /tmp/hog)" -eq 230
    check_number "what it holds then, KiB" "$(dom one held)" -gt $((256 * 1024))
    unharmed two
    unharmed three
    # What they use, 85 MiB, a margin of 16 and headroom of 32, up to the dead band.
    await 60 held two above $((128 * 1024)) && await 60 held three above $((128 * 1024)) || fail "the donors did not get back what they need"
    await 60 held one below $((220 * 1024)) || fail "the burst's memory is not given back"
    after=$(targets_kib one two three)
    check_number "sum of targets, KiB" "$after" -le $((576 * 1024))
    server_stop || fail "mmserver ended with status $?"
    destroy_all
}

two_burst() {
    local first second
    guests "one two three four" zram=384 || return 1
    server_start -N 768M || return 1
    server_says 'four .*is balanced' || return 1
    settle
    gbg one 'hog -s 20 330' || return 1
    gbg two 'hog -s 20 330' || return 1
    await 40 held one above $((230 * 1024)) && await 40 held two above $((230 * 1024)) || fail "a guest that bursts got too little"
    sleep 15
    first=$(dom one held) second=$(dom two held)
    check_number "sum of targets, KiB" "$(targets_kib one two three four)" -le $((768 * 1024))
    check_number "what the two hold differs by, %" $(((first > second ? first - second : second - first) * 100 / first)) -le 20
    # They have swap, and others lack what they use: most of their margin is asked for, too.
    unharmed three 8192
    unharmed four 8192
    check_number "OOM kills in the first" "$(gstat one oom_kill)" -eq 0
    check_number "OOM kills in the second" "$(gstat two oom_kill)" -eq 0
    server_stop || fail "mmserver ended with status $?"
}

run_case "one guest bursts, the others idle" one_bursts
run_case "two guests short at once, too little for both" two_burst
finish
