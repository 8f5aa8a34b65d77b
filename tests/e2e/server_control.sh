#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The control socket: who gets in, memory set aside and given back, and clients that misbehave, none of which may hold
# up a round.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip "python3 is missing"

pid=
socket=$work/run/control
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT

# 2 GiB, of which dom0 has 512 MiB and the reserve 192 MiB; two guests that idle.
cat >"$work/host.scn" <<'END'
host total=2G dom0=512M
duration 10m
guest web memory=512M maxmem=896M use=60M cache=30M swap=512M
guest db  memory=512M maxmem=896M use=70M cache=60M swap=512M
at 10m db use 70M
END

start() { # OPTION...
	: >"$work/err"
	: >"$work/rows"
	(cd "$work" && exec "$bin/mmserver" --backend "sim:$work/host.scn" --pace real --interval 0.5 \
		--log-dir "$work/logs" --http off --control "$socket" "$@" >"$work/rows" 2>"$work/err") &
	pid=$!
	wait_for 20 grep -q '^τ' "$work/rows"
}

stop() {
	kill "$pid"
	wait "$pid" || fail "status $?"
}

more_rows() { # the balancing goes on: so many rows more
	local want=$(($(grep -c '^τ' "$work/rows") + $1))
	wait_for 20 sh -c '[ "$(grep -c "^τ" "$1")" -ge "$2" ]' sh "$work/rows" "$want"
}

# ask REQUEST...: sends the lines in one connection, and prints as many answers.
ask() {
	python3 - "$socket" "$@" <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.settimeout(20)
s.sendall("".join(line + "\n" for line in sys.argv[2:]).encode())
answers = s.makefile()
for _ in sys.argv[2:]:
    print(answers.readline(), end="")
END
}

says() { # TEXT REQUEST: the answer holds the text
	ask "$2" >"$work/out"
	grep -qF -- "$1" "$work/out" || fail "$2 is not answered with $1"
}

# ---- opening ----
for path in '' "$(printf 'x%.0s' $(seq 108))" /nonexistent/folder/socket; do
	run 2 "$bin/mmserver" --backend sim --http off --control "$path"
	one_line "control: cannot listen at '$path'"
done
: >"$work/file"
run 2 "$bin/mmserver" --backend sim --http off --control "$work/file"
one_line "no socket is there, and is not overwritten"
[ -f "$work/file" ] || fail "a file was removed"
run 0 "$bin/mmserver" --backend sim --http off --control off --log-dir "$work/logs"

start
[ "$(stat -c %a "$socket")" = 600 ] || fail "the socket's mode is $(stat -c %a "$socket")"
[ "$(stat -c %a "$work/run")" = 755 ] || [ "$(umask)" != 0022 ] || fail "the folder's mode"
# A second server does not take the socket over; one that was killed leaves it, and the next one may.
run 1 "$bin/mmserver" --backend sim --http off --control "$socket" --log-dir "$work/logs"
one_line "another mmserver answers there"
kill -KILL "$pid"
{ wait "$pid"; } 2>/dev/null || true
[ -S "$socket" ] || fail "the socket of a killed server is gone"
start

# ---- answers ----
says '"ok":true,"version":1,"server":{"version":' '{"request":"status"}'
python3 - "$work/out" "$(uname -n)" <<'END' || fail "the status lacks something"
import json, sys
status = json.load(open(sys.argv[1]))
host = status["host"]
assert host["total_kib"] == 2 << 20 and host["reserve_kib"] == 192 << 10, host
assert [guest["name"] for guest in status["guests"]] == ["web", "db"]
for guest in status["guests"]:
    assert guest["held_kib"] > 0 and guest["agent"]["age_ms"] >= 0, guest
    assert set(guest["need"]) == {"hard_kib", "warm_kib", "headroom_kib", "pressure_ppm"}
    assert guest["reason"] and guest["reason_text"], guest
assert status["leases"] == []
assert status["server"]["host"] == sys.argv[2], status["server"]
END
says '"decisions":[{"seq":1,"name":"web",' '{"request":"why","guest":"web"}'
says "there is no guest 'nobody'" '{"request":"why","guest":"nobody"}'
says '"step_ms":1000,"domain":{"name":"web","domid":1,' '{"request":"history","guest":"web"}'
says '"step_ms":60000,"domain":null,"columns":["time_ms","total_kib"' '{"request":"history","since":-86400000}'
says "there is no guest 'nobody'" '{"request":"history","guest":"nobody"}'
says '"last_seq":' '{"request":"decisions","guest":"web","since":0,"count":1}'
says '"decisions":[]' '{"request":"decisions","since":9000000}'
says "there is no guest 'nobody'" '{"request":"decisions","guest":"nobody"}'
says "there is no lease 7" '{"request":"release","id":7}'
says "not JSON" 'status'
says "there is no request 'dance'" '{"request":"dance"}'
[ "$(ask '{"request":"leases"}' 'x' '{"request":"leases"}' | wc -l)" = 3 ] || fail "three lines in one go"

# ---- memory set aside ----
ask '{"request":"reserve","kib":524288,"wait_ms":15000,"hold_ms":8000}' >"$work/out"
grep -q '"ok":true.*"id":1,"kib":524288' "$work/out" || fail "512 MiB cannot be had"
says '"granted":true,"expires_in_ms"' '{"request":"leases"}'
says '"reserved_kib":524288' '{"request":"status"}'
no_lease() {
	ask '{"request":"leases"}' | grep -qF '"leases":[]'
}
wait_for 30 no_lease # it expires
grep -q "lease 1 (512M) ends: nobody used it in time" "$work/err" || fail "an end is not told"
ask '{"request":"reserve","kib":1024,"wait_ms":15000,"guest":"mail"}' >"$work/out"
grep -q '"id":2' "$work/out" || fail "an id comes again"
says '"ok":true' '{"request":"release","guest":"mail"}'
no_lease || fail "a released lease is there"
# More than there is: refused after the wait, with who kept what; nobody is squeezed for it meanwhile.
ask '{"request":"reserve","kib":1310720,"wait_ms":1000}' >"$work/out"
grep -q '"ok":false,.*1.3G could not be had within 1.0 s.*"missing_kib":[0-9]*,"refused":\[' "$work/out" ||
	fail "1.25 GiB are not refused"
no_lease || fail "a refused lease is there"
# More than there could be if all guests ended: refused at once.
ask '{"request":"reserve","kib":8388608,"wait_ms":3600000}' >"$work/out"
grep -q '"ok":false,.*8G can never be had: without any guest this host would have 1.3G.*"missing_kib":[0-9]*,"refused":\[' "$work/out" ||
	fail "8 GiB are not refused at once"
no_lease || fail "a refused lease is there"

# ---- clients that go ----
python3 - "$socket" <<'END' &
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b'{"request":"reserve","kib":262144,"wait_ms":15000,"tied":true}\n')
s.recv(10000)
time.sleep(60)
END
client=$!
has_lease() {
	ask '{"request":"leases"}' | grep -qF '"granted":true,"expires_in_ms":null'
}
wait_for 20 has_lease
kill -KILL "$client"
wait "$client" 2>/dev/null || true
wait_for 5 no_lease
# One that goes while it waits.
python3 - "$socket" <<'END'
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b'{"request":"reserve","kib":8388608,"wait_ms":60000}\n')
time.sleep(0.3)
END
wait_for 5 no_lease

# ---- clients that misbehave ----
python3 - "$socket" <<'END' || fail "a hostile client got more than it should"
import os, socket, sys
def client():
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.settimeout(20)
    return s
def talk(data):
    s = client()
    try:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    got = b""
    try:
        while True:
            more = s.recv(65536)
            if not more:
                return got
            got += more
    except OSError:
        return got
assert b'"ok":false' in talk(b"\x00\xff\xfe\n")
assert b'"ok":false' in talk(b"[" * 60000 + b"\n")
assert b"at most 65536 bytes" in talk(b"a" * 70000)
assert b"at most 65536 bytes" in talk(b"a" * 3000000)
assert talk(b'{"request":"status"}') == b"" # never finished
assert talk(b"\n" * 30).count(b'"ok":false') == 30
assert b'"ok":true' in talk(b'{"request":"status"}\n')
for _ in range(50):
    talk(os.urandom(2000).replace(b"\n", b" ") + b"\n")
END
more_rows 2

# One that asks all the time and never reads: it is stopped, and others are served.
python3 - "$socket" >"$work/flood" <<'END' &
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.settimeout(30)
sent = 0
try:
    while sent < 1 << 30:
        sent += s.send(b'{"request":"status"}\n' * 100)
except OSError as error:
    print(sent, error)
END
client=$!
more_rows 3
says '"ok":true' '{"request":"leases"}'
wait_for 30 test -s "$work/flood" # let go after a while
wait "$client" || true
[ "$(cut -d ' ' -f 1 "$work/flood")" -lt 2000000 ] || fail "a client that does not read is listened to: $(cat "$work/flood")"

# A hundred at a time: 32 are served, the others are told so; when they go others come in.
python3 - "$socket" <<'END' || fail "a hundred connections"
import socket, sys
clients = []
for _ in range(100):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.settimeout(20)
    clients.append(s)
for s in clients:
    try:
        s.sendall(b'{"request":"leases"}\n')
    except OSError:
        pass
answers = [s.recv(1000) for s in clients]
served = sum(b'"ok":true' in answer for answer in answers)
refused = sum(b"too many connections" in answer for answer in answers)
assert 30 <= served <= 32 and served + refused == 100, answers # one before may still be on its way out
END
wait_for 5 says '"ok":true' '{"request":"leases"}'
more_rows 2

# ---- another user, even where the socket's mode lets it connect ----
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$work" "$work/run"
	run 1 setpriv --reuid 65534 --regid 65534 --clear-groups "$bin/mmctl" status --socket "$socket"
	one_line "no permission to use $socket"
	chmod 666 "$socket"
	run 1 setpriv --reuid 65534 --regid 65534 --clear-groups "$bin/mmctl" status --socket "$socket"
	one_line "only root may use this socket"
fi

# ---- pause ----
says '"ok":true' '{"request":"pause"}'
says '"paused":true' '{"request":"status"}'
says '"ok":true' '{"request":"resume"}'
says '"paused":false' '{"request":"status"}'
stop
[ ! -e "$socket" ] || fail "the socket is left behind"

# ---- no reservations where nothing can be taken ----
start --dry-run
says "nothing can be reserved in a dry run" '{"request":"reserve","kib":1024}'
stop
echo "the control socket answers, and nobody can hold it up"
