#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Something else than mmserver at the socket: it says what would command a terminal, or sends an answer byte by byte.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

command -v python3 >/dev/null || skip "python3 is missing"
pid=
trap 'kill $pid 2>/dev/null || true; rm -rf "$work"' EXIT

# Sockets: evil (answers with escape sequences), error (refuses with some), broken (no JSON), drip (a byte now and then).
cat >"$work/server.py" <<'END'
import json, os, socket, sys, threading, time

bad = "\x1b]0;owned\x07\x1b[2J\x9b31m\x7f\u202e\r\nq"
need = {"hard_kib": 1, "warm_kib": 1, "headroom_kib": 1, "pressure_ppm": 1}
decision = {"name": bad, "reason_text": bad, "outcome": bad, "time_ms": 1, "seq": 1, "max_kib": 1, "need": need}
guest = {"name": bad, "state": bad, "reason_text": bad, "domid": 1, "uuid": bad, "balanced": True, "need": need}
answer = {"ok": True, "version": 1, "server": {"policy": bad, "rounds": 1}, "host": {}, "guests": [guest], "guest": guest, "now": guest,
    "leases": [{"name": bad, "id": 1}], "decisions": [decision], "last_seq": 1, "domain": guest, "step_ms": 1000,
    "columns": [bad, "time_ms"], "rows": [[1, 2]]}
line = json.dumps(answer, ensure_ascii=False).encode()
answers = {
    "evil": line,
    "error": json.dumps({"ok": False, "error": bad}, ensure_ascii=False).encode(),
    "broken": b'{"ok" "owned\xc2\x9b31m\x7f\xe2\x80\xae"',
}

def serve(name, connection):
    try:
        for _ in connection.makefile("rb"):
            if name == "drip":
                for byte in line * 1000:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.3)
            connection.sendall(answers[name] + b"\n")
    except OSError:
        pass

def listen(name):
    s = socket.socket(socket.AF_UNIX)
    s.bind(os.path.join(sys.argv[1], name))
    s.listen(64)
    while True:
        threading.Thread(target=serve, args=(name, s.accept()[0]), daemon=True).start()

for name in ("evil", "error", "broken", "drip"):
    threading.Thread(target=listen, args=(name,), daemon=True).start()
time.sleep(600)
END
python3 "$work/server.py" "$work" &
pid=$!
wait_for 20 test -S "$work/drip"

# Nothing that goes to the terminal commands it: not a byte of it is a control, nor above ASCII.
is_harmless() {
	! LC_ALL=C grep -q '[^ -~]' "$@" || fail "a terminal would be told something: $(od -c "$@" | head -n 20)"
}
ctl() { # STATUS SOCKET COMMAND ARGUMENT...
	local want=$1 socket=$2 command=$3
	shift 3
	run "$want" timeout 60 "$bin/mmctl" "$command" --socket "$work/$socket" "$@"
	is_harmless "$work/out" "$work/err"
}

for command in status 'status --json' 'why web' 'why --json web' leases 'leases --json' 'history web' 'history --csv' 'history --json' \
	'watch -n 1' 'watch -n 1 --json' 'top -b -n 1'; do
	# shellcheck disable=SC2086
	ctl 0 evil $command
	grep -q 'owned' "$work/out" || [ "$command" = 'top -b -n 1' ] || fail "the text itself is gone: $command"
done
for command in status 'why web' leases history watch pause 'release 1' 'reserve 1M'; do
	for socket in error broken; do
		# shellcheck disable=SC2086
		ctl 1 $socket $command
		[ ! -s "$work/out" ] || fail "an answer that is none: $command"
	done
	one_line "no JSON"
	grep -q 'owned' "$work/err" || fail "it is not told what was sent"
done

# An answer that would take an hour: all end, at once so that the test waits only for one.
slow=(status 'why web' leases history watch 'reserve 1M --wait 1s' 'top -b -n 1')
ends=()
for i in "${!slow[@]}"; do
	read -ra words <<<"${slow[i]}"
	timeout 120 "$bin/mmctl" "${words[0]}" --socket "$work/drip" "${words[@]:1}" >"$work/out.$i" 2>"$work/err.$i" </dev/null &
	ends+=($!)
done
for i in "${!slow[@]}"; do
	status=0
	wait "${ends[i]}" || status=$?
	[ "$status" = 1 ] || fail "status $status, not 1, of a server that drips: ${slow[i]}"
	grep -q 'the server does not answer' "$work/err.$i" || fail "no reason: ${slow[i]}: $(cat "$work/err.$i")"
	[ ! -s "$work/out.$i" ] || fail "half an answer: ${slow[i]}"
done
echo "a hostile server gets nowhere"
