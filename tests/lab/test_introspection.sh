#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: mem=3072 timeout=900
# Guests that are looked into from outside: without an agent in any of them a burst is balanced; an agent that lies is found out;
# guests that end, come back or cannot be read do no harm.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

# With a log of its own, so that what an earlier one said is not taken for this one's.
balance() { # OPTION...
    : >"$SERVER_LOG"
    server_start --policy need -N 576M "$@"
}

are_balanced() { # GUEST...
    local guest
    for guest; do
        server_says "$guest .*is balanced" 60 || fail "$guest is not balanced" || return 1
    done
    settle
}

# seen GUEST KEY: a word or number out of the guest's "introspection" in the status
seen() {
    mmctl status --json 2>/dev/null | tr -d ' \n' | sed 's/{"name":/\n&/g' | sed -n "s/^{\"name\":\"$1\".*\"introspection\":{[^}]*\"$2\":\"*\([a-z0-9-]*\).*/\1/p"
}
source_of() { mmctl status --json | tr -d ' \n' | sed 's/{"name":/\n&/g' | sed -n "s/^{\"name\":\"$1\".*\"source\":\"\([a-z]*\).*/\1/p"; }

probes() { pidof mmprobe | wc -w; }

# until SECONDS COMMAND...: tried once a second
until_holds() {
    local left=$1
    shift
    until "$@"; do
        left=$((left - 1))
        [ $left -gt 0 ] || return 1
        sleep 1
    done
}

three_without_agents() {
    guests "one two three" client=no || return 1
    balance --introspection agentless || return 1
    are_balanced one two three
}

burst_without_agents() {
    three_without_agents || return 1
    check_number "probes" "$(probes)" -eq 3
    check "one is seen from outside: $(source_of one)" test "$(source_of one)" = introspection
    # No swap: what is not there in time is an OOM kill.
    gx one 'hog -s 4 230' 120 >/tmp/hog 2>&1
    check_number "MiB that the burst got" "$(hog_size /tmp/hog)" -eq 230
    check_number "what it holds then, KiB" "$(dom one held)" -gt $((256 * 1024))
    check_number "two: OOM kills" "$(gstat two oom_kill)" -eq 0
    check_number "three: OOM kills" "$(gstat three oom_kill)" -eq 0
    check_number "two: pages swapped out" "$(gstat two pswpout)" -le 50
    await 90 held one below $((220 * 1024)) || fail "the burst's memory is not given back"
    say "a look costs $(seen one cost_us) us of CPU, all of them $(seen one share_ppm) ppm; the start $(seen one start_us) us"
    server_stop || fail "mmserver ended with status $?"
    destroy_all
}

# One ends while it is looked at, and comes back; nothing of it stays behind.
ends_and_returns() {
    three_without_agents || return 1
    guest_destroy two
    check "a domain stays behind: $(xl list)" until_holds 10 no_zombie
    check "a probe stays behind: $(probes)" until_holds 10 test "$(probes)" = 2
    guest_create two client=no && guest_wait two || return 1
    check "two is not looked into again: $(seen two state)" until_holds 60 is_seen two
    xl pause three
    check "a paused guest is looked at: $(seen three state)" until_holds 20 is_waiting three
    xl unpause three
    check "three is not looked into again: $(seen three state)" until_holds 20 is_seen three
    kill -KILL "$(pidof mmprobe | cut -d' ' -f1)"
    check "a killed probe is not started again" until_holds 20 has_probes 3
    check "mmserver lives" server_alive
    check_number "lines of warning" "$(grep -c 'killed\|cannot' "$SERVER_LOG")" -eq 0
    server_stop || fail "mmserver ended with status $?"
    check_number "probes after its end" "$(probes)" -eq 0
    destroy_all
}
no_zombie() { [ "$(xl list | wc -l)" = 4 ]; } # a head, dom0, two guests
is_seen() { [ "$(seen "$1" state)" = ok ]; }
is_waiting() { [ "$(seen "$1" state)" = waiting ]; }
has_probes() { [ "$(probes)" = "$1" ]; }

# The guest's root says that all is in use; its kernel says otherwise.
liar_is_found_out() {
    guests "one bad" mem=256 || return 1
    gx bad 'killall mmclient' >/dev/null
    gbg bad 'liar 90 calm' || return 1
    balance --introspection on || return 1
    server_says 'bad .*its agent says 0 MiB of .* available, its kernel .*the agent is believed' 60 || fail "the lie is not told" || return 1
    check "its agent is believed: $(source_of bad)" test "$(source_of bad)" = xenmm
    check "mmctl tells it" sh -c 'mmctl why bad | grep -q "its agent says 0 MiB"'
    check_not "the honest one is accused" grep -q 'one .*its agent says' "$SERVER_LOG"
    server_stop || fail "mmserver ended with status $?"
    balance --introspection strict || return 1
    server_says 'bad .*the kernel is believed' 60 || fail "the lie is not told in strict" || return 1
    sleep 2
    check "its kernel is believed: $(source_of bad)" test "$(source_of bad)" = introspection
    check "the honest agent is believed: $(source_of one)" test "$(source_of one)" = xenmm
    server_stop || fail "mmserver ended with status $?"
    destroy_all
}

# What no probe can read, or where there is none, is as it was before: nobody is squeezed.
cannot_be_read() {
    local before
    guests "one two" mem=256 client=no || return 1
    before="$(dom one held) $(dom two held)"
    printf '#!/bin/sh\nexit 1\n' >/tmp/broken
    chmod +x /tmp/broken
    export XENMM_PROBE=/tmp/broken
    balance --introspection on || return 1
    check "its state: $(seen one state)" until_holds 20 is_killed one
    sleep 15
    check "they hold what they held" test "$(dom one held) $(dom two held)" = "$before"
    check_number "lines of the log" "$(wc -l <"$SERVER_LOG")" -lt 12
    server_stop || fail "mmserver ended with status $?"
    export XENMM_PROBE=/tmp/missing
    balance --introspection on || return 1
    server_says 'mmprobe is not installed' || fail "a missing mmprobe is not told"
    check_number "how often" "$(grep -c 'mmprobe is not installed' "$SERVER_LOG")" -eq 1
    unset XENMM_PROBE
    server_stop || fail "mmserver ended with status $?"
}
is_killed() { [ "$(seen "$1" state)" = killed ]; }

run_case "a burst is balanced without an agent in any guest" burst_without_agents
run_case "guests that end, return and pause; a probe that is killed" ends_and_returns
run_case "an agent that lies is found out" liar_is_found_out
run_case "guests that cannot be read are left alone" cannot_be_read
finish
