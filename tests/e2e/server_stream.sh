#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The event stream, and crowds of clients: those who read, leave, never read, never finish, and come all at once.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip "python3 is missing"

port=$((20000 + $$ % 20000))
pid=
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT

# Some guests that change all the time, and some that never do.
cat >"$work/host.scn" <<'END'
host total=8G dom0=512M
duration 10m
guest busy count=6 memory=256M maxmem=512M use=100M cache=40M noise=16M swap=512M
guest idle count=3 memory=256M maxmem=512M use=60M swap=512M
END

start() {
	: >"$work/err"
	(cd "$work" && exec "$bin/mmserver" --backend "sim:$work/host.scn" --pace real --interval 0.1 \
		--log-dir "$work/logs" --http "127.0.0.1:$port" >"$work/rows" 2>"$work/err") &
	pid=$!
	wait_for 20 grep -q '^τ' "$work/rows"
}

clients() { # TEST
	timeout 120 python3 "$source_dir/tests/lib/http_clients.py" "$port" "$pid" "$1" >"$work/out" 2>&1 || fail "$1"
	kill -0 "$pid" 2>/dev/null || [ "$1" = end ] || fail "mmserver ended in $1"
}

start
for test in stream head sighup pipeline flood slow deaf crowd full; do
	clients "$test"
done
clients end
wait "$pid" || fail "status $?"

# At once at the same port again.
start
clients stream
kill "$pid"
wait "$pid" || fail "status $?"
echo "the stream flows"
