#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: hosts=2 mem=1536 cpus=1 timeout=400
# Live migration between two hosts with mmserver on both: this script runs on each, /share/role says which one it is. PVH,
# because Debian's Xen cannot track a PV guest's dirty pages; a PV guest moves by save and restore over the same wire.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

read -r ROLE </share/role

tell() { : >"/common/$1"; }
hear() { await "${2:-120}" file "/common/$1" || fail "no word of '$1' from the other host"; }

send() {
    local id
    guests "live" type=pvh mem=160 max=256 && guests "cold" mem=160 max=256 || return 1
    server_start -N 400M || return 1
    server_says 'live .*is balanced' 30 && server_says 'cold .*is balanced' 30 || return 1
    id=$(dom live id)
    gx live 'echo kept >/tmp/keep' && gx cold 'echo kept >/tmp/keep' || return 1
    hear listening || return 1
    # With an empty -s, xl takes the "host" as the command to run.
    xl migrate -s '' live 'wire connect 10.9.0.2 8002' >/share/migrate.log 2>&1 || fail "xl migrate: $(tail -n 1 /share/migrate.log)" || return 1
    check_not "nothing is written below the domid it had here" xenstore-exists "/local/domain/$id"
    mkfifo /tmp/image
    wire connect 10.9.0.2 8003 </tmp/image >/dev/null &
    xl save cold /tmp/image >/share/save.log 2>&1 || fail "xl save: $(tail -n 1 /share/save.log)"
    tell sent
    hear checked
    check "mmserver goes on" server_alive
}

arrived() { # GUEST
    local id
    await 60 file /tmp/"$1" || fail "$1 did not arrive" || return 1
    id=$(dom "$1" id)
    check "$1 is the same guest as before" test "$(gx "$1" 'cat /tmp/keep')" = kept
    await 30 xs "/local/domain/$id/data/xenmm" exists || fail "$1's agent does not publish again"
    await 30 xs "/local/domain/$id/memory/free" above 1000 || fail "$1's agent does not write memory/free here"
    check "$1 is balanced here" server_says "$1 .domain $id.*is balanced" 30
}

receive() {
    guests "native" mem=160 max=256 || return 1
    server_start -N 480M || return 1
    wire listen 8002 sh -c 'xl migrate-receive 2>/share/receive.log; : >/tmp/live' &
    # cat: a socket cannot be opened by name.
    wire listen 8003 sh -c 'cat | xl restore /dev/stdin >/share/restore.log 2>&1; : >/tmp/cold' &
    sleep 0.5
    tell listening
    hear sent || return 1
    arrived live
    arrived cold
    settle
    gx native 'hog -s 2 150' >/tmp/hog 2>&1
    check_number "MiB that a guest gets beside them" "$(hog_size /tmp/hog)" -eq 150
    check_number "OOM kills" "$(($(gstat live oom_kill) + $(gstat cold oom_kill) + $(gstat native oom_kill)))" -eq 0
    check "mmserver goes on" server_alive
    tell checked
}

if [ "$ROLE" = a ]; then
    run_case "guests leave for another host" send
else
    run_case "guests come from another host" receive
    tell checked
fi
finish
