#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: mem=2048 timeout=300
# The host around mmserver: Xen's word that its memory is low, toolstacks that take dom0's memory for guests, and the policy that
# dom0 writes into a guest's own key.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

free_mib() { xl info | sed -n 's/^free_memory *: //p'; }

# Fills the host up to 40 MiB; Xen's limit is 64 MiB.
fill_host() {
    local mib
    mib=$(($(free_mib) - 40))
    guest_create fill mem=$mib max=$mib client=no
}

hears_low_memory() {
    guests "one" || return 1
    server_start -N 192M || return 1
    check_not "nothing is said as long as there is plenty" grep -q 'host memory is low' "$SERVER_LOG"
    fill_host || return 1
    server_says 'Xen says that host memory is low: [0-9]+ KiB free' 10 || fail "it did not hear Xen"
    guest_destroy fill
    sleep 1
    fill_host || return 1
    sleep 2
    check_number "lines about it" "$(grep -c 'host memory is low' "$SERVER_LOG")" -eq 1
    check "mmserver goes on" server_alive
    server_stop || fail "mmserver ended with status $?"
    destroy_all
}

# The event has one owner; whoever comes second does without.
event_is_taken() {
    local pid
    xen-lowmemd >/share/lowmemd.log 2>&1 &
    pid=$!
    sleep 1
    check "xen-lowmemd runs" kill -0 "$pid" || return 1
    server_start -N 192M || return 1
    check "mmserver says so" server_says 'low-memory event belongs to another program' 5
    check "mmserver goes on" server_alive
    server_stop || fail "mmserver ended with status $?"
    kill "$pid"
}

warned() { mmserver --dry-run --once 2>&1 >/dev/null | grep autoballoon; }

autoballoon() {
    check_not "no warning where dom0's size is fixed and xl leaves it alone" warned
    printf 'autoballoon="auto"\n' >/etc/xen/xl.conf
    check_not "no warning where dom0's size is fixed" warned
    printf 'autoballoon="on"\n' >/etc/xen/xl.conf
    check "a warning that says what to do" sh -c 'mmserver --dry-run --once 2>&1 >/dev/null | grep -q "autoballoon=.off. in /etc/xen/xl.conf"'
    mkdir -p /etc/libvirt
    printf 'autoballoon = 1\n' >/etc/libvirt/libxl.conf
    check "and names libvirt, too" sh -c 'mmserver --dry-run --once 2>&1 >/dev/null | grep -q "xl and libvirt will take"'
    rm -r /etc/libvirt
    printf 'autoballoon="off"\n' >/etc/xen/xl.conf
}

write_policy() { xenstore-write "$(home "$1")/memory/xenmm" "$2"; }

# Two guests and mmserver, unless they are there already.
start_two() {
    ! server_alive || return 0
    guests "one two" || return 1
    server_start -N 384M || return 1
    server_says 'one .*is balanced' && server_says 'two .*is balanced' || return 1
    settle
}

policy_key() {
    local before
    start_two || return 1
    write_policy one 'max=150M'
    await 20 target one below $((150 * 1024 + 1)) || fail "its maximum is not honoured"
    write_policy one 'min=220M'
    await 20 target one above $((220 * 1024 - 1)) || fail "its minimum is not honoured"
    write_policy one 'min=much'
    check "a text that is wrong is told, with the guest's name" server_says 'one .*memory/xenmm: .*much' 5
    sleep 3
    check_number "its target, by what held before, KiB" "$(dom one target)" -ge $((220 * 1024))
    write_policy one 'exclude=yes'
    check "exclude is honoured" server_says 'one .*excluded' 10
    before=$(dom one target)
    gx two 'hog -s 2 110' 60 >/tmp/hog 2>&1
    check_number "its target while the other is short, KiB" "$(dom one target)" -eq "$before"
    xenstore-rm "$(home one)/memory/xenmm"
    sleep 1
    gx two 'hog -r 60 -s 2 190' 60 >/tmp/hog 2>&1
    check_number "MiB that the other gets when the key is gone" "$(hog_size /tmp/hog)" -eq 190
}

# No guest makes its own weight.
policy_key_is_dom0s() {
    start_two || return 1
    check_not "a guest cannot make the key" gx one 'xenstore-write memory/xenmm min=300M'
    write_policy one 'weight=50'
    check_not "a guest cannot write the key" gx one 'xenstore-write memory/xenmm min=300M'
    check_not "a guest cannot remove the key" gx one 'xenstore-rm memory/xenmm'
    check_not "a guest cannot take the key" gx one "xenstore-chmod memory/xenmm n$(dom one id)"
    check_not "another guest cannot read it" gx two "xenstore-read $(home one)/memory/xenmm"
    # Where somebody gave it away all the same it does not count.
    xenstore-chmod "$(home one)/memory/xenmm" "n$(dom one id)"
    check "the guest can write it now" gx one 'xenstore-write memory/xenmm min=300M'
    check "mmserver says that it is ignored" server_says 'one .*memory/xenmm is ignored' 5
    sleep 3
    check_number "its target, KiB" "$(dom one target)" -lt $((300 * 1024))
    xenstore-chmod "$(home one)/memory/xenmm" n0 "b$(dom one id)"
    sleep 2
    check_number "its target while it may write with others, KiB" "$(dom one target)" -lt $((300 * 1024))
    server_stop || fail "mmserver ended with status $?"
    destroy_all
}

run_case "Xen says that memory is low" hears_low_memory
run_case "Xen's low-memory event belongs to another" event_is_taken
run_case "toolstacks that take dom0's memory" autoballoon
run_case "a guest's own policy key" policy_key
run_case "the policy key is dom0's" policy_key_is_dom0s
finish
