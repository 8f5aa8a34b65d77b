#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: timeout=400
# Which guests mmserver finds, which store keys it makes for them, who can write these, and what becomes of guests that have
# no agent, that have XenServer's agent, that come and that go.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

# Nodes of a guest's directory that the guest owns, data/ apart (which it owns by default): "path (permissions)".
owned_by_guest() { # GUEST
    xenstore-ls -f -p "$(home "$1")" | sed -nE "s#^$(home "$1")/([^ ]+) = .*\\((n$(dom "$1" id)[,)].*)#\\1 (\\2#p" | grep -v '^data[/ ]' | sort
}

key_permissions() {
    local id before after
    guests "alpha beta" client=no || return 1
    id=$(dom alpha id)
    before=$(owned_by_guest alpha)
    server_start || return 1
    await 20 xs "/local/domain/$id/memory/tot" exists || fail "memory/tot was not made" || return 1
    after=$(printf '%s\n' "$before" "memory/free (n$id)" "memory/tot (n$id)" | sort)
    # What was made, and nothing else, belongs to the guest; nobody else but dom0 may so much as read it.
    check "mmserver makes exactly memory/free and memory/tot, for that guest alone, not: $(owned_by_guest alpha | tr '\n' ' ')" \
        test "$(owned_by_guest alpha)" = "$after"
    check "the guest can write its memory/free" gx alpha 'xenstore-write memory/free 1000'
    check_not "the guest cannot make another key there" gx alpha 'xenstore-write memory/meminfo 1'
    check_not "the guest cannot write its target" gx alpha 'xenstore-write memory/target 1'
    check_not "the guest cannot make a key in its home" gx alpha 'xenstore-write xenmm 1'
    check_not "a neighbour cannot write memory/free" gx beta "xenstore-write /local/domain/$id/memory/free 1"
    check_not "a neighbour cannot read memory/free" gx beta "xenstore-read /local/domain/$id/memory/free"
    check_not "a neighbour cannot write data/xenmm" gx beta "xenstore-write /local/domain/$id/data/xenmm 1"
    check_not "a neighbour cannot remove memory/tot" gx beta "xenstore-rm /local/domain/$id/memory/tot"
    server_stop || fail "mmserver ended with status $?"
    destroy_all
}

discovery() {
    local id
    guests "alpha plain" client=no || return 1
    server_start -N 512M || return 1
    guests "late" || return 1
    server_says 'late .*is balanced' || fail "a guest that came later was not taken on" || return 1
    id=$(dom late id)
    gbg alpha mmclient || return 1
    server_says 'alpha .*is balanced' || fail "an agent that started later was not noticed" || return 1
    await 10 xs "$(home alpha)/memory/free" above 1000 || fail "mmclient does not write memory/free"
    await 10 xs "$(home alpha)/memory/tot" above 100000 || fail "mmclient does not write memory/tot"
    guest_destroy late
    sleep 3
    check "mmserver outlives a destroyed guest" server_alive
    check_not "nothing is written below a guest that is gone" xenstore-exists "/local/domain/$id"
    check "a log was left for it" ls /share/logs/*_"$id".log
}

without_agent() {
    local held target
    settle
    held=$(dom plain held)
    target=$(dom plain target)
    gx alpha 'hog -s 5 200' >/tmp/hog 2>&1
    check_number "MiB that the other guest got meanwhile" "$(hog_size /tmp/hog)" -eq 200
    check_number "the target of a guest without agent" "$(dom plain target)" -eq "$target"
    check_number "what a guest without agent holds" "$(dom plain held)" -eq "$held"
    check_not "it is not called balanced" grep -q 'plain .*is balanced' "$SERVER_LOG"
}

# XenServer's agent writes these three once a minute.
xenserver_agent() {
    local target=$((192 * 1024))
    gx plain 'xenstore-write data/meminfo_total $(sed -n "s/MemTotal: *\([0-9]*\).*/\1/p" /proc/meminfo) \
        data/meminfo_free $(sed -n "s/MemAvailable: *\([0-9]*\).*/\1/p" /proc/meminfo) data/updated "Sat Nov 21 09:00:00 2026"' || return 1
    server_says 'plain .*is balanced' || fail "a guest with XenServer's agent was not taken on" || return 1
    # Not said by its agent when it booted, so its first 10 s are those since it was seen.
    sleep 11
    gbg alpha 'hog -r 40 -s 10 230' || return 1
    await 30 held plain below $((target - 8192)) || fail "a guest with XenServer's agent gives nothing" || return 1
    check_number "OOM kills in it" "$(gstat plain oom_kill)" -eq 0
}

run_case "keys and their permissions" key_permissions
run_case "guests and agents that come and go" discovery
run_case "a guest without agent is left alone" without_agent
run_case "a guest with XenServer's agent is balanced" xenserver_agent
finish
