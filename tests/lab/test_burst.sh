#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: timeout=600
# Memory follows need: one guest bursts while others idle, two burst at once and there is not enough. Donors keep what they use.
# Under tax with the bounds that were first set for it, and under need, which gives donors back what they need and no more.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

targets_kib() { # GUEST...
    local guest sum=0
    for guest; do sum=$((sum + $(dom "$guest" target))); done
    echo $sum
}

# The worst of a donor's lot: nothing swapped or killed, and something left for its next step.
unharmed() { # GUEST KIB
    gx "$1" '!stat' | tr ' ' '\n' >/tmp/stat
    check_number "$1: pages swapped out" "$(sed -n 's/^pswpout=//p' /tmp/stat)" -le 50
    check_number "$1: OOM kills" "$(sed -n 's/^oom_kill=//p' /tmp/stat)" -eq 0
    check_number "$1: KiB available" "$(sed -n 's/^available=//p' /tmp/stat)" -ge "$2"
}

# With a log of its own, so that what an earlier one said is not taken for this one's.
balance() { # "GUEST..." OPTION...
    local guests=$1 guest
    shift
    : >"$SERVER_LOG"
    server_start "$@" || return 1
    for guest in $guests; do
        server_says "$guest .*is balanced" || fail "$guest is not balanced" || return 1
    done
    settle
}

one_bursts() { # POLICY MIB: what donors get back
    local after
    balance "one two three" --policy "$1" -N 576M || return 1
    # No swap: what is not there in time is an OOM kill.
    gx one 'hog -s 4 230' >/tmp/hog 2>&1
    check_number "MiB that the burst got" "$(hog_size /tmp/hog)" -eq 230
    check_number "what it holds then, KiB" "$(dom one held)" -gt $((256 * 1024))
    unharmed two 12288
    unharmed three 12288
    await 60 held two above $(($2 * 1024)) && await 60 held three above $(($2 * 1024)) || fail "the donors did not get their memory back"
    await 60 held one below $((220 * 1024)) || fail "the burst's memory is not given back"
    after=$(targets_kib one two three)
    check_number "sum of targets, KiB" "$after" -le $((576 * 1024))
    server_stop || fail "mmserver ended with status $?"
}

two_burst() { # POLICY KIB: what donors have available
    local first second
    balance "one two three four" --policy "$1" -N 768M || return 1
    gbg one 'hog -s 20 330' || return 1
    gbg two 'hog -s 20 330' || return 1
    await 40 held one above $((230 * 1024)) && await 40 held two above $((230 * 1024)) || fail "a guest that bursts got too little"
    sleep 15
    first=$(dom one held) second=$(dom two held)
    check_number "sum of targets, KiB" "$(targets_kib one two three four)" -le $((768 * 1024))
    check_number "what the two hold differs by, %" $(((first > second ? first - second : second - first) * 100 / first)) -le 20
    unharmed three "$2"
    unharmed four "$2"
    check_number "OOM kills in the first" "$(gstat one oom_kill)" -eq 0
    check_number "OOM kills in the second" "$(gstat two oom_kill)" -eq 0
}

one_under_tax() {
    guests "one two three" || return 1
    one_bursts tax 170
}

# What they use, 85 MiB, a margin of 16 and headroom of 32, up to the dead band.
one_under_need() {
    one_bursts need 128 || return 1
    destroy_all
}

two_under_tax() {
    guests "one two three four" zram=384 || return 1
    two_burst tax 12288 || return 1
    # All of them begin again as they began here.
    await 60 held one below $((220 * 1024)) && await 60 held two below $((220 * 1024)) || fail "the bursts' memory is not given back"
    server_stop || fail "mmserver ended with status $?"
}

# They have swap, and others lack what they use: most of their margin is asked for, too.
two_under_need() {
    two_burst need 8192 || return 1
    server_stop || fail "mmserver ended with status $?"
}

run_case "tax: one guest bursts, the others idle" one_under_tax
run_case "need: one guest bursts, the others idle" one_under_need
run_case "tax: two guests short at once, too little for both" two_under_tax
run_case "need: two guests short at once, too little for both" two_under_need
finish
