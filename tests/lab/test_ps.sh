#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: timeout=400
# mmps on guests without an agent: their list and their processes, guests that cannot be read (yet), that go and come back.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

# row GUEST TITLE: what "mmps" (in /share/list) has of it in that column
row() {
    awk -v name="$1" -v title="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == title) column = i } $1 == name { print $column }' /share/list
}

process() { # GUEST NAME COLUMN: of "mmps --no-header": 1 PID, 4 S, 6 RSS, 9 COMMAND
    mmps "$1" --no-header --kernel | awk -v name="$2" -v column="$3" '$NF == name { print $column; exit }'
}

in_json() { # GUEST KEY: the first number with this key
    mmps "$1" --json --limit 1 | sed -nE "s/^ *\"$2\": ([0-9]+),?\$/\1/p" | head -n 1
}

nobody() {
    check "mmps without a guest" eval "mmps >/share/list 2>/share/err"
    check "it says so" grep -q "no guest runs" /share/err
    check_not "mmps of none" mmps web
}

list() {
    local total
    guests "web db" client=no zram=64 || return 1
    gbg web 'hog 60' || return 1
    # shellcheck disable=SC2016 # for the guest's shell
    gbg web 'printf "\\033[2Jevil" >/proc/self/comm; sleep 1000; :' || return 1
    sleep 2
    check "mmps" eval "mmps >/share/list" || return 1
    sed 's/^/# /' /share/list
    check "web is readable" test "$(row web STATE)" = ok
    check "db is readable" test "$(row db STATE)" = ok
    check "its kernel" test "$(row web KERNEL)" = "$(gx web 'uname -r')"
    total=$(gx web 'sed -n "s/^MemTotal: *\([0-9]*\) kB/\1/p" /proc/meminfo')
    check_number "MemTotal, KiB" "$(in_json web total_kib)" -eq "$total"
    check "names" test "$(mmps --names | sort | tr '\n' ' ')" = "db web "
}

one_guest() {
    local uuid
    mmps web --sort cpu >/share/web || fail "mmps web" || return 1
    sed 's/^/# /' /share/web
    check "hog's pid" test "$(process web hog 1)" = "$(gx web 'pidof hog')"
    check "hog holds 60 MiB" grep -qE '^ *[0-9]+ .* 6[01](\.[0-9])?M .* hog$' /share/web
    check "kernel threads, in brackets" test "$(process web '[kthreadd]' 1)" = 2
    check_not "no kernel threads unless asked for" grep -q kthreadd /share/web
    uuid=$(mmps web --json --limit 1 | sed -n 's/^ *"uuid": "\(.*\)",$/\1/p')
    check "by uuid" test "$(mmps "$uuid" --no-header | wc -l)" = "$(mmps web --no-header | wc -l)"
    check "by domid" eval "mmps $(dom web id) | grep -q '^web '"
    check "a name that would command a terminal" eval "mmps web | grep -q ' .x1b.2Jevil$'"
    check "a name of control bytes commands no terminal" test "$(mmps web -k | tr -d ' -~\n' | wc -c)" = 0
    check_number "one CPU" "$(in_json web cpus)" -eq 1
}

unreadable() {
    guest_config still client=no
    xl create -q -p /tmp/still.cfg || fail "xl create -p" || return 1
    check_not "a guest that has not begun" eval "mmps still 2>/share/err"
    check "says so" grep -q '(not-booted)' /share/err
    check "does not hide the others" eval "mmps | grep -q '^web .* ok$'"
    guest_destroy still
    guest_create lean type=pvh mem=128 max=384 client=no || return 1
    mmps >/share/list
    check "is pvh" test "$(row lean TYPE)" = pvh
    check "is not read while it boots, or is up already: $(row lean STATE)" eval "row lean STATE | grep -qE '^(populate-on-demand:|not-booted:|ok$)'"
    guest_wait lean || return 1
    mmps lean >/share/lean 2>&1 || fail "mmps lean: $(cat /share/lean)"
    check "is read when it is up, with its pages still made on demand" grep -q "^lean .domid $(dom lean id)., pvh: Linux" /share/lean
    guest_destroy lean
}

comes_back() {
    local pid
    mmps db --watch 0.5 >/share/watch 2>&1 &
    pid=$!
    await 20 file /share/watch '^db .domid' || fail "mmps shows nothing" || return 1
    guest_destroy db
    sleep 2
    guest_create db client=no && guest_wait db || return 1
    await 20 file /share/watch "^db .domid $(dom db id)., pv: Linux" || fail "it is not seen again, under its new domid"
    check "mmps still watches" kill "$pid"
    wait "$pid" 2>/dev/null
    check "it was gone" grep -q "no such guest" /share/watch
    sleep 1
    check "no child is left" test -z "$(pidof mmprobe)"
}

run_case "a host without guests" nobody
run_case "the guests of a host" list
run_case "a guest's processes" one_guest
run_case "guests that cannot be read" unreadable
run_case "a guest that is watched goes and comes back" comes_back
finish
