#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: timeout=300
# Around the agent: its SysV init script under busybox's sh, and a new xenstored under everybody's feet (live update).
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

sysv_script() {
    local pid
    guests "old" client=no args=' lab.sysv' || return 1
    server_start || return 1
    await 20 xs "$(home old)/data/xenmm" exists || fail "the init script did not start the agent" || return 1
    pid=$(gx old 'pidof mmclient')
    check "status says that it runs" gx old '/etc/init.d/mmclientd status'
    check "a second start is no error" gx old '/etc/init.d/mmclientd start'
    check "and starts no second one" test "$(gx old 'pidof mmclient')" = "$pid"
    check "restart" gx old '/etc/init.d/mmclientd restart'
    check_not "it is another process then" test "$(gx old 'pidof mmclient')" = "$pid"
    check "stop" gx old '/etc/init.d/mmclientd stop'
    check_not "nothing runs then" gx old 'pidof mmclient'
    check_not "status says so" gx old '/etc/init.d/mmclientd status'
    check "stopping what does not run is no error" gx old '/etc/init.d/mmclientd stop'
    check "start" gx old '/etc/init.d/mmclientd start'
    check "mmserver took it on" server_says 'old .*is balanced'
    server_stop || fail "mmserver ended with status $?"
    destroy_all
}

live_update() {
    local pid
    guests "one two" || return 1
    server_start -N 384M || return 1
    server_says 'one .*is balanced' && server_says 'two .*is balanced' || return 1
    settle
    pid=$(pidof xenstored)
    xenstore-control live-update "$(readlink -f /proc/"$pid"/exe)" >/share/live-update.log 2>&1 ||
        fail "live update: $(cat /share/live-update.log)" || return 1
    check "the store answers" xenstore-read /local/domain/0/name
    check "mmserver goes on" server_alive
    gx one 'hog -s 3 170' >/tmp/hog 2>&1
    check_number "MiB that a guest gets afterwards" "$(hog_size /tmp/hog)" -eq 170
    server_stop || fail "mmserver ended with status $?"
}

run_case "the agent's SysV init script" sysv_script
run_case "xenstored replaced under way" live_update
finish
