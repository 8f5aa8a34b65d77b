#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: mem=3072 timeout=300
# The demonstration that scripts/run shows: three guests, of which one needs far more memory than it
# has for a while, and gives it back. Runs mmserver with the options in /share/options, one a line.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

BURST_MIB=330
HOLD_S=10
AFTER_S=20

tell() { echo "# $*"; }

set --
while read -r option; do set -- "$@" "$option"; done </share/options
tell "three guests boot: 256 MiB each, at most 896, swap on zram"
guests "web db build" mem=256 max=896 zram=512 >/share/guests.log || {
    cat /share/guests.log
    exit 1
}
tell "mmserver $*"
mkdir -p /share/logs
mmserver -d /share/logs "$@" 2>&1 &
SERVER_PID=$!
settle
server_alive || {
    tell "mmserver has ended"
    exit 1
}
tell "build now touches $BURST_MIB MiB, as fast as it can"
gx build "hog -s $HOLD_S $BURST_MIB" 120 >/tmp/hog
tell "build is done and frees it again; $(sed 's/^hog: //' /tmp/hog)"
sleep "$AFTER_S"
for guest in web db build; do
    tell "$guest swapped out $(gstat $guest pswpout) pages, and the OOM killer came $(gstat $guest oom_kill) times"
done
server_stop || {
    tell "mmserver ended with status $?"
    exit 1
}
