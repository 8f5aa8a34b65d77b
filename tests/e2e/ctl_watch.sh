#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# mmctl watch and mmctl history, with a server that is restarted meanwhile.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

pid=
watcher=
socket=$work/control
trap 'kill $pid $watcher 2>/dev/null || true; rm -rf "$work"' EXIT

cat >"$work/host.scn" <<'END'
host total=2G dom0=512M
duration 1h
guest web memory=512M maxmem=896M use=60M cache=30M swap=512M
guest db memory=512M maxmem=896M use=70M cache=60M swap=512M
guest mute memory=64M agent=none
at 3s db use 600M over 1s
END

ctl() { # STATUS COMMAND ARGUMENT...
	local want=$1 command=$2
	shift 2
	run "$want" timeout 60 "$bin/mmctl" "$command" --socket "$socket" "$@"
}

misuse() { # TEXT COMMAND ARGUMENT...
	local text=$1
	shift
	ctl 2 "$@"
	one_line "$text"
}

start_server() {
	rm -f "$work/rows"
	(cd "$work" && exec "$bin/mmserver" --backend "sim:$work/host.scn" --pace real --interval 0.2 \
		--log-dir "$work/logs" --http off --control "$socket" >"$work/rows" 2>"$work/log") &
	pid=$!
	wait_for 20 grep -qs '^τ' "$work/rows"
}

# Whether every line of a file is a JSON object.
is_json_lines() { # FILE
	python3 -c 'import json, sys
for line in open(sys.argv[1]):
    assert isinstance(json.loads(line), dict)' "$1"
}

misuse "lines: '0' is not a number from 1 on" watch -n 0
misuse "last: '1001' is not a number from 0 to 1000" watch --last 1001
misuse "unexpected 'db'" watch web db
misuse "unexpected 'db'" history web db
misuse "since: '25h' is not a time from 1s to 24h" history --since 25h
misuse "since: '10ms' is not a time" history -s 10ms
misuse "--csv and --json do not go together" history --csv --json
ctl 3 watch
one_line "no mmserver answers"
ctl 3 history
one_line "no mmserver answers"
start_server
ctl 1 watch nobody
one_line "there is no guest 'nobody'"
ctl 1 history nobody
one_line "there is no guest 'nobody'"

# ---- watch ----
ctl 0 watch --last 5 -n 1 mute
ctl 0 watch -n 3
[ "$(wc -l <"$work/out")" = 3 ] || fail "not three lines"
! grep -qvE '^[0-9:]{8} (web|db|mute) (grew|shrank|stays) ' "$work/out" || fail "a line is no decision"
ctl 0 watch --last 0 -n 4 --json db # something new: its burst
[ "$(wc -l <"$work/out")" = 4 ] || fail "not four lines"
is_json_lines "$work/out" || fail "no JSON"
! grep -v '"name":"db"' "$work/out" || fail "of another guest"
grep -q '"seq":' "$work/out" || fail "no numbers"

"$bin/mmctl" watch --socket "$socket" --last 0 >"$work/watched" &
watcher=$!
"$bin/mmctl" watch --socket "$socket" --last 1000 --json >"$work/watched.json" &
watcher="$watcher $!"
wait_for 20 test -s "$work/watched.json"
kill "$pid"
wait "$pid" || fail "status $?"
wait_for 20 grep -qE '^[0-9:]{8} -- .*; waiting for it$' "$work/watched"
start_server
wait_for 20 grep -qE '^[0-9:]{8} -- mmserver was started anew$' "$work/watched"
restarted() { # what the new one decided
	sed '1,/started anew/d' "$work/watched" | grep -qE '^[0-9:]{8} mute stays at .* never reported'
}
wait_for 20 restarted
wait_for 20 grep -q '"notice":"mmserver was started anew"' "$work/watched.json"
is_json_lines "$work/watched.json" || fail "no JSON"
# shellcheck disable=SC2086
kill $watcher
[ "$(grep -c '"seq":1,' "$work/watched.json")" -ge 1 ] || fail "the first decision is missing"
! grep -q 'missing' "$work/watched" || fail "something was lost"

# ---- history ----
ctl 0 history web
grep -qx 'web (domain 1), a row for each 1 s' "$work/out" || fail "no heading"
grep -qE '^TIME +TARGET +HELD +USED +HARD +WARM +ROOM +STALL%$' "$work/out" || fail "no titles"
grep -qE '^[0-9:]{8}( +[0-9.]+[KMG]){6} +[0-9.]+$' "$work/out" || fail "no row"
ctl 0 history --since 1h
grep -qx 'host, a row for each 10 s' "$work/out" || fail "not the host by ten seconds"
ctl 0 history mute # it has said nothing
grep -qE '^[0-9:]{8} +[0-9.]+M +64M +- ' "$work/out" || fail "a use that nobody knows"
ctl 0 history --csv web
head -n 1 "$work/out" | grep -qx 'time_ms,target_kib,held_kib,used_kib,hard_kib,warm_kib,headroom_kib,pressure_ppm' || fail "no names"
! sed 1d "$work/out" | grep -qvE '^([0-9]*,){7}[0-9]*$' || fail "more than numbers"
ctl 0 history --json --since 24h
python3 -c 'import json, sys; assert json.load(open(sys.argv[1]))["step_ms"] == 60000' "$work/out" || fail "not by minutes"
echo "decisions and history are told"
