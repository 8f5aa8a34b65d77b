#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: dom0_mem=768 timeout=400
# Guests that are not quite there: a PVH guest that boots with less memory than its maximum (populate on demand) is let be
# until its balloon has caught up; a guest that is saved and restored comes back under another domid with an empty store.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

# The lowest target that the timeline has for a guest before its agent's first report.
lowest_target() { # DOMID
    awk -v id="$1" '$2 == id && !$5 && $4 > 0 && (!low || $4 < low) { low = $4 } END { print low }' /share/host.txt
}

populate_on_demand() {
    local first logger
    guests "poor" || return 1
    server_start -N 420M || return 1
    hostlog /share/host.txt 50 &
    logger=$!
    # The other guest asks for all there is while this one boots.
    guest_create pod type=pvh mem=192 max=512 || return 1
    first=$(dom pod target)
    gbg poor 'hog -r 60 -s 60 300' || return 1
    guest_wait pod || return 1
    check_number "lowest target before its agent was up, KiB" "$(lowest_target "$(dom pod id)")" -ge "$first"
    server_says 'pod .*is balanced' 30 || fail "it is not balanced once it is up" || return 1
    await 30 held pod below $((180 * 1024)) || fail "it gives nothing once it is up"
    check_number "OOM kills in it" "$(gstat pod oom_kill)" -eq 0
    check_number "KiB available in it" "$(gstat pod available)" -ge 12288
    kill "$logger"
    server_stop || fail "mmserver ended with status $?"
    destroy_all
}

save_and_restore() {
    local old new
    guests "mover stayer" || return 1
    server_start -N 384M || return 1
    server_says 'mover .*is balanced' && server_says 'stayer .*is balanced' || return 1
    old=$(dom mover id)
    xl save mover /tmp/mover.save >/share/save.log 2>&1 || fail "xl save" || return 1
    sleep 3
    check "mmserver goes on while it is away" server_alive
    check_not "nothing is written below the old domid" xenstore-exists "/local/domain/$old"
    xl restore /tmp/mover.save >>/share/save.log 2>&1 || fail "xl restore" || return 1
    new=$(dom mover id)
    check_number "its new domid" "$new" -gt "$old"
    await 20 xs "/local/domain/$new/data/xenmm" exists || fail "its agent does not publish again" || return 1
    await 20 xs "/local/domain/$new/memory/free" above 1000 || fail "its agent does not write the new memory/free"
    check "it is balanced again" server_says "mover .domain $new.*is balanced"
    settle
    gx mover 'hog -s 3 170' >/tmp/hog 2>&1
    check_number "MiB that it gets" "$(hog_size /tmp/hog)" -eq 170
    check_number "OOM kills in the other" "$(gstat stayer oom_kill)" -eq 0
    server_stop || fail "mmserver ended with status $?"
}

run_case "a PVH guest that boots ballooned" populate_on_demand
run_case "save and restore" save_and_restore
finish
