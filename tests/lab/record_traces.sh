#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: mem=3072 timeout=500
# Records the traces of real guests that ship with mmctl simulate: into NAME.trace in the run's folder (LAB_RUN=DIR tests/lab/lab
# run tests/lab/record_traces.sh, then DIR/share/). No test: what is decided is not judged here.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

# begin NAME OPTION...: guests are up; from here on is in the trace
begin() {
    local name=$1
    shift
    server_start --record "/share/$name.trace" "$@" || return 1
    settle
    sleep 4
}

end() {
    sleep 6
    server_stop || fail "mmserver ended with status $?"
    for guest in $1; do
        say "$guest: $(gx "$guest" '!stat')"
    done
    destroy_all
}

one_bursts() {
    guests "web db build" mem=256 max=896 zram=512 || return 1
    begin real-burst -N 768M || return 1
    gx build 'hog -s 8 350' 120
    end "web db build"
}

two_burst() {
    local pid
    guests "web db build" mem=256 max=896 zram=512 || return 1
    begin real-two-bursts -N 834M || return 1
    gx build 'hog -s 8 250' 120 &
    pid=$!
    gx web 'hog -s 8 250' 120
    wait $pid
    end "web db build"
}

# A file of 120 MiB is read again and again, so that its place in the page cache is in use; then a neighbour bursts.
uses_cache() {
    truncate -s 120M /tmp/files.img
    guests "files" mem=256 max=896 zram=512 conf='disk=["format=raw,vdev=xvda,access=r,script=block-hotplug,target=/tmp/files.img"]' || return 1
    guests "idle build" mem=256 max=896 zram=512 || return 1
    begin real-cache -N 768M || return 1
    gbg files 'hog -c -s 45 /dev/xvda' || return 1
    sleep 20
    gx build 'hog -s 8 250' 120
    end "files idle build"
}

run_case "one burst" one_bursts
run_case "two bursts at once" two_burst
run_case "a guest that uses its page cache" uses_cache
finish
