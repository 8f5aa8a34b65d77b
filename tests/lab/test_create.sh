#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: mem=2048 timeout=300
# A host full of idle guests: "xl create" finds no memory for one more, "mmctl create" has it made room for.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

IDLE="one two three four"
NEW_MIB=800

free_mib() { xl info | sed -n 's/^free_memory *: //p'; }

# The host's memory in four idle guests, as good as all of it.
fill_host() {
    local each
    each=$((($(free_mib) - 60) / 4))
    guests "$IDLE" mem=$each max=$each || return 1
    # Where the machine has other work all takes longer than it should: four guests are up within 20 s otherwise.
    LIMIT_S=$(awk -v took="$GUESTS_TOOK" 'BEGIN { printf "%.1f", (took > 20) ? 5 * took / 20 : 5 }')
    check_number "MiB free in the host" "$(free_mib)" -lt 128
}

unharmed() {
    local guest
    for guest in $IDLE; do
        check_number "OOM kills in $guest" "$(gstat "$guest" oom_kill)" -eq 0
        check_number "KiB available in $guest" "$(gstat "$guest" available)" -ge 12288
    done
}

creates() {
    local start took
    fill_host || return 1
    server_start --policy need || return 1
    server_says 'four .*is balanced' || fail "not all guests are balanced" || return 1
    settle
    sleep 5
    say "$(free_mib) MiB are free in the host, $NEW_MIB are wanted"
    guest_config late mem=$NEW_MIB max=$NEW_MIB || return 1
    check_not "xl create alone finds no memory" xl create -q /tmp/late.cfg
    start=$(now)
    check "mmctl create" mmctl create /tmp/late.cfg || return 1
    took=$(since "$start")
    say "mmctl create took $took s"
    check "within $LIMIT_S s: $took" awk -v s="$took" -v limit="$LIMIT_S" 'BEGIN { exit !(s <= limit) }'
    guest_wait late || return 1
    check "the new guest is balanced" server_says 'late .*is balanced'
    check_number "what it holds, KiB" "$(dom late held)" -ge $((NEW_MIB * 1000))
    unharmed
}

# Once it is gone there is nothing set aside any more, and its memory is for the others.
given_back() {
    server_alive || return 1
    guest_destroy late
    sleep 3
    check_number "MiB free in the host" "$(free_mib)" -gt $((NEW_MIB / 2))
    gx one 'hog -s 2 200' 60 >/tmp/hog 2>&1
    check_number "MiB that another gets" "$(hog_size /tmp/hog)" -eq 200
    unharmed
    server_stop || fail "mmserver ended with status $?"
}

# Asking for more than there can be: an answer in time, and no guest.
too_large() {
    server_alive || return 1
    guest_config huge mem=3000 max=3000
    check_not "a guest that cannot fit is refused" mmctl create --wait 3 /tmp/huge.cfg
    check_not "and not made" dom huge id
    unharmed
}

run_case "a guest that fits only when others make room" creates
run_case "a guest that cannot fit" too_large
run_case "what it leaves" given_back
finish
