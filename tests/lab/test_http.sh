#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: forward=9091 timeout=600
# mmserver's HTTP endpoint while it balances real guests, of which one bursts: all that it answers, asked for in dom0 and kept in
# share/http, by kind (tests/lib/check_answers.py reads them). With a file "outside" in the share it then serves whoever is out there
# (outside.sh), and has a guest burst when asked.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

OUT=/share/http
SERVED_S=240

# keep FILE PATH [HEADER]
keep() {
    local file=$1
    shift
    get "$ADDRESS" "$@" >"$OUT/$file" && [ -s "$OUT/$file" ] || fail "GET $1 $2: nothing"
}

# What the first xenmm's page draws: its three curves are made of such answers.
poll() {
    while [ -e /run/polling ]; do
        echo "$(now) $(get "$ADDRESS" /)" >>/share/polls
        sleep 0.5
    done
}

keep_all() { # WHEN
    keep "root-$1.json" /
    keep "status-$1.json" /api/v1/status
    keep "domain-$1.json" /api/v1/domains/one
    keep "history-$1.json" '/api/v1/history?domain=one&since=-60000'
    keep "history-host-$1.json" /api/v1/history
    keep "decisions-$1.json" '/api/v1/decisions?limit=1000'
    keep "metrics-$1.txt" /metrics
    keep "openmetrics-$1.txt" /metrics 'Accept: application/openmetrics-text; version=1.0.0'
}

# The same by the control socket, and what people see of it in a terminal.
ask_by_socket() {
    mmctl status --json >"$OUT/status-mmctl.json" || fail "mmctl status"
    mmctl history one --json >"$OUT/history-mmctl.json" || fail "mmctl history"
    mmctl why one --json >"$OUT/why-mmctl.json" || fail "mmctl why"
    mmctl top -b -n 1 >/share/top || fail "mmctl top"
    for guest in one two three; do
        check "mmctl top shows $guest" grep -q " $guest " /share/top
    done
    check "mmctl watch tells of the burst" eval "mmctl watch -l 200 -n 5 one | grep -q ' -> '"
}

answers() {
    local poller events
    ADDRESS=127.0.0.1:9091
    guests "one two three" mem=256 max=896 zram=512 || return 1
    server_start -N 768M || return 1
    settle
    mkdir -p "$OUT"
    check "a browser gets the page" eval "get $ADDRESS / 'Accept: text/html' | grep -qi '<!doctype html'"
    check_not "nothing is there" get "$ADDRESS" /nonexistent
    check_not "no guest of that name" get "$ADDRESS" /api/v1/domains/nobody
    keep_all before
    : >/run/polling
    poll &
    poller=$!
    get "$ADDRESS" /api/v1/events >"$OUT/events.txt" &
    events=$!
    gx one 'hog -s 6 330' 120 >/tmp/hog
    check_number "MiB that the burst got" "$(hog_size /tmp/hog)" -eq 330
    keep_all after
    ask_by_socket
    rm /run/polling
    wait $poller
    kill $events
    check_number "rounds told as they happened" "$(grep -c '^event: round' "$OUT/events.txt")" -ge 10
    check_number "polls" "$(wc -l </share/polls)" -ge 10
    check "they are the first xenmm's" grep -qE '^[0-9.]+ \[\[[0-9]+, ?[0-9]+, ?[0-9]+\](, ?\[[0-9, ]+\]){2}\]$' /share/polls
    check_number "pages swapped out in the burst" "$(gstat one pswpout)" -lt 200
    server_stop || fail "mmserver ended with status $?"
}

# Asked for by those outside, and only then, on an address that they can reach.
serve_outside() {
    local end
    : >"$SERVER_LOG"
    server_start -N 768M --http 10.0.2.15:9091 || return 1
    check "an address that others reach is warned of" server_says '10.0.2.15'
    end=$(($(date +%s) + SERVED_S))
    : >/share/ready
    while [ ! -e /share/done ]; do
        [ "$(date +%s)" -lt $end ] || fail "nobody was done after $SERVED_S s" || return 1
        # Whoever is outside asks for a burst by a file, so that it knows when it began.
        if [ -e /share/burst ]; then
            rm /share/burst
            gbg one 'hog -s 6 330' || return 1
        fi
        sleep 0.2
    done
    server_stop || fail "mmserver ended with status $?"
}

run_case "the endpoint answers while guests are balanced" answers
[ ! -e /share/outside ] || run_case "the endpoint answers those outside" serve_outside
finish
