#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SIGTERM and SIGINT end mmserver with status 0 and whole logs; systemd hears of start, life and end.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

rows() { # COUNT
	[ -f "$work/out" ] && [ "$(grep -c '^τ' "$work/out")" -ge "$1" ]
}

for signal in TERM INT; do
	mkdir "$work/$signal"
	rm -f "$work/out"
	(cd "$work/$signal" && exec "$bin/mmserver" --http off --backend sim --pace real --interval 0.2 >"$work/out" 2>"$work/err") &
	pid=$!
	wait_for 20 rows 2
	kill -"$signal" "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" = 0 ] || fail "status $status after SIG$signal"
	found=
	for log in "$work/$signal"/*.log; do
		[ -z "$(tail -c 1 "$log" | tr -d '\n')" ] || fail "$log ends in the middle of a line"
		found=1
	done
	[ -n "$found" ] || fail "no logs"
done
: >"$work/out"

command -v python3 >/dev/null || skip "systemd's messages are not tried: no python3"
cat >"$work/listen.py" <<'EOF'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(30)
seen = ""
while "STOPPING=1" not in seen:
    seen += s.recv(4096).decode() + "\n"
    with open(sys.argv[2], "w") as f:
        f.write(seen)
EOF
python3 "$work/listen.py" "$work/notify" "$work/seen" &
listener=$!
wait_for 20 test -S "$work/notify"
mkdir "$work/unit"
(cd "$work/unit" && NOTIFY_SOCKET="$work/notify" WATCHDOG_USEC=1000000 exec "$bin/mmserver" \
	--http off --backend sim --pace real --interval 0.2 >"$work/out" 2>"$work/err") &
pid=$!
wait_for 20 grep -qs '^READY=1' "$work/seen"
wait_for 20 grep -qs '^WATCHDOG=1' "$work/seen"
kill -TERM "$pid"
wait "$pid" || fail "status $? as a service"
wait "$listener" || fail "no STOPPING=1"
echo "signals and systemd's messages work"
