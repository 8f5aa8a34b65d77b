#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every JSON answer of mmserver, over HTTP and through mmctl --json, against the JSON Schema, in all the states that guests
# and host can be in; and what is wrong is refused by that schema.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

python=
for name in python3 /usr/bin/python3; do
	if "$name" -c 'import jsonschema; jsonschema.Draft202012Validator' 2>/dev/null; then
		python=$name
		break
	fi
done
[ -n "$python" ] || skip "python3-jsonschema is missing"

lib=$source_dir/tests/lib
port=$((20000 + $$ % 20000))
socket=$work/control
pid=
waiting=
trap 'kill $pid $waiting 2>/dev/null || true; wait $pid $waiting 2>/dev/null || true; rm -rf "$work"' EXIT

start() { # OPTION...
	: >"$work/err"
	: >"$work/rows"
	(cd "$work" && exec "$bin/mmserver" --pace real --interval 0.5 --log-dir "$work/logs" --http "127.0.0.1:$port" \
		--control "$socket" "$@" >"$work/rows" 2>"$work/err") &
	pid=$!
	wait_for 20 test -S "$socket"
	wait_for 20 "$bin/mmctl" status --socket "$socket" >"$work/out"
}

stop() {
	kill "$pid"
	wait "$pid" || fail "status $?"
}

ctl() {
	"$bin/mmctl" "$@" --socket "$socket" --json
}

fetch() {
	"$python" "$lib/fetch_answers.py" "$@" >"$work/out" 2>&1 || fail "fetching: $*"
}

check() { # FOLDER [OPTION...]
	"$python" "$lib/check_answers.py" "$@" >"$work/out" || fail "answers of $1"
	echo "${1##*/}: $(cat "$work/out")"
}

ask() { # REQUEST: on the control socket
	"$python" - "$socket" "$1" <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(sys.argv[2].encode() + b"\n")
print(s.makefile().readline(), end="")
END
}

# What mmctl prints, and what its socket answers, is the same.
from_ctl() { # FOLDER GUEST
	mkdir -p "$1"
	ctl status >"$1/status-ctl.json" || fail "mmctl status"
	ctl leases >"$1/leases-ctl.json" || fail "mmctl leases"
	ctl why "$2" >"$1/why-ctl.json" || fail "mmctl why"
	ask '{"request":"history"}' >"$1/history-socket.json"
	ask "{\"request\":\"history\",\"guest\":\"$2\",\"since\":-60000}" >"$1/history-socket-guest.json"
	ask "{\"request\":\"decisions\",\"guest\":\"$2\",\"count\":5}" >"$1/decisions-socket.json"
	ctl history >"$1/history-ctl.json" || fail "mmctl history"
	ctl history "$2" --since 1h >"$1/history-ctl-guest.json" || fail "mmctl history of a guest"
	ctl watch --last 3 --lines 3 >"$1/watch-ctl.txt" || fail "mmctl watch"
	if ctl why nobody >"$1/error-ctl.json" 2>"$work/out"; then
		fail "mmctl why nobody"
	fi
}

has() { # WORD: in the status
	ctl status | grep -qF -- "$1"
}

"$python" -c "import json, jsonschema, sys
jsonschema.Draft202012Validator.check_schema(json.load(open(sys.argv[1])))" \
	"$source_dir/src/web/schema/xenmm-api.schema.json" || fail "the schema is none"

# ---- hostile names, guests with each kind of agent and with none, leases: granted, and waited for (lump cannot give) ----
cat >"$work/host.scn" <<'END'
host total=5G dom0=512M
duration 60m
guest web memory=256M maxmem=896M use=100M cache=30M swap=512M noise=4M
guest a"b\c} memory=256M maxmem=896M use=70M cache=60M
guest <script>alert(1)</script> memory=256M maxmem=512M use=70M
guest 'x%2f..;rm&?#+ memory=256M maxmem=512M use=70M agent=seed
guest mute memory=256M maxmem=512M use=70M agent=none
guest xs memory=256M maxmem=512M use=70M agent=xenserver
guest 3 memory=256M maxmem=512M use=70M
guest big memory=1G maxmem=2G use=900M swap=1G type=hvm
guest lump memory=1G maxmem=1G use=60M balloon=none
at 1s web use 700M over 1s
at 2s create late memory=128M maxmem=256M use=50M type=hvm
at 8s mute pause
at 8s xs save
at 8s 3 destroy
at 8s 'x%2f..;rm&?#+ silent
END
start --backend "sim:$work/host.scn" --exclude big
ctl reserve 64M --for mail --hold 5m >/dev/null || fail "a lease"
ctl reserve 1300M --wait 5m >"$work/waiting" 2>&1 &
waiting=$!
wait_for 10 has '"granted": false'
fetch --seconds 9 "127.0.0.1:$port" "$work/first" # 3 is destroyed meanwhile
grep -q '"gone":\[[0-9]' "$work/first/events-long.txt" || fail "no event says that a guest is gone"
from_ctl "$work/first" web
check "$work/first" --mutants --need status,root,domain,history,decisions,event,error,metrics,openmetrics,leases,why

# ---- guests that are paused, saved, destroyed; the balancing paused ----
wait_for 20 has '"state": "paused"'
ctl pause >/dev/null || fail "mmctl pause"
wait_for 10 sh -c '! "$1" status --socket "$2" | grep -qw xs' sh "$bin/mmctl" "$socket"
fetch "127.0.0.1:$port" "$work/second"
from_ctl "$work/second" 7
fetch --get /api/v1/domains/7 domain-7.json --get '/api/v1/history?domain=7' history-7.json "127.0.0.1:$port" "$work/second"
grep -q '"guest":null' "$work/second/domain-7.json" || fail "a destroyed guest is there"
grep -q '"gone": true' "$work/second/why-ctl.json" || fail "a destroyed guest is not said to be gone"
grep -q '"paused":true' "$work/second/status.json" || fail "the pause does not show"
check "$work/second" --need status,domain
stop
wait "$waiting" || true
waiting=

# ---- a host that cannot be helped, in a dry run ----
cat >"$work/host.scn" <<'END'
host total=1G dom0=256M
duration 60m
guest hog count=3 memory=200M maxmem=900M use=350M swap=1G
END
start --backend "sim:$work/host.scn" --dry-run
wait_for 20 has '"overcommitted": true'
fetch "127.0.0.1:$port" "$work/third"
from_ctl "$work/third" hog1
check "$work/third"
stop

# ---- guests that are looked into: one that can be read, one that cannot, one whose agent lies ----
cat >"$work/host.scn" <<'END'
host total=2G dom0=256M
duration 60m
guest seen memory=256M maxmem=512M use=60M noise=4M agent=none
guest hidden memory=256M maxmem=512M use=60M agent=none introspection=off
guest liar memory=256M maxmem=512M use=60M noise=4M
at 0s liar lie
END
start --backend "sim:$work/host.scn" --introspection on
wait_for 40 has '"difference": "its agent says 0 MiB of'
fetch "127.0.0.1:$port" "$work/seen"
from_ctl "$work/seen" seen
grep -q '"source":"introspection"' "$work/seen/status.json" || fail "no source introspection"
grep -q '"state":"no-btf"' "$work/seen/status.json" || fail "it does not say why a guest cannot be read"
grep -q '^xenmm_domain_agent_differs{.*} 1$' "$work/seen"/metrics* || fail "no metric says that an agent lies"
check "$work/seen" --need status,domain,metrics
"$bin/mmctl" why --socket "$socket" liar >"$work/out" || fail "mmctl why"
grep -q 'its agent says 0 MiB of .* its kernel .*; the agent is believed' "$work/out" || fail "mmctl why does not tell of the lie"
"$bin/mmctl" why --socket "$socket" hidden >"$work/out" || fail "mmctl why"
grep -q 'cannot be looked into: no-btf' "$work/out" || fail "mmctl why does not say why"
COLUMNS=300 "$bin/mmctl" top -b -n 1 --socket "$socket" >"$work/out" || fail "mmctl top"
grep -q ' liar .*; its agent differs from its kernel$' "$work/out" || fail "mmctl top does not tell of the lie"
"$bin/mmctl" status --socket "$socket" >"$work/out" || fail "mmctl status"
grep -q ' seen .*; seen from outside$' "$work/out" || fail "mmctl status does not say who speaks"
grep -q ' hidden .*; cannot be looked into$' "$work/out" || fail "mmctl status does not say that a guest cannot be looked into"
stop
[ "$(sed -n 's/.* seen (domain [0-9]*): \(.*\); holds.*/\1/p' "$work/err" | head -n 2 | paste -sd ,)" = "has no agent, is being looked into,is balanced" ] ||
	fail "the log does not say that seen is being looked into: $(grep ' seen ' "$work/err")"
[ "$(sed -n 's/.* hidden (domain [0-9]*): \(.*\); holds.*/\1/p' "$work/err" | paste -sd ';')" = "has no agent, is being looked into;never reported, not balanced" ] ||
	fail "the log does not say that hidden is not balanced: $(grep ' hidden ' "$work/err")"

# ---- nobody there ----
cat >"$work/host.scn" <<'END'
host total=1G dom0=256M
duration 60m
END
start --backend "sim:$work/host.scn"
fetch "127.0.0.1:$port" "$work/fourth"
[ "$(cat "$work/fourth/root.json")" = "[]" ] || fail "an empty host is not []"
check "$work/fourth"
stop
echo "all answers are as the schema says"
