#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A guest that starts on a host whose memory others hold: refused without a lease; with one it starts, nobody else gets
# what was set aside for it, and the lease ends when it runs.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

pid=
socket=$work/control
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT

# 1,536 MiB for guests, of which three idle ones hold 1,200 and greedy wants all it can get.
cat >"$work/host.scn" <<'END'
host total=2G dom0=512M
duration 12s
guest web memory=400M maxmem=800M use=60M cache=30M
guest db  memory=400M maxmem=800M use=70M cache=60M
guest greedy memory=400M maxmem=1500M use=60M cache=900M
at 4500ms create mail memory=500M maxmem=500M use=60M boot=1s
END

play() { # until its table has begun
	: >"$work/rows"
	(cd "$work" && exec "$bin/mmserver" --backend "sim:$work/host.scn" --pace real --interval 0.5 --http off \
		--log-dir "$work/logs" --control "$socket" >"$work/rows" 2>"$work/log") &
	pid=$!
	wait_for 20 grep -q '^τ' "$work/rows"
}

play
wait "$pid" || fail "status $?"
if grep -q '^mmserver: mail' "$work/log"; then
	fail "mail starts without a lease: the test shows nothing"
fi

play
run 0 "$bin/mmctl" reserve 504M --socket "$socket" --for mail --wait 4 --hold 10
taken_over() {
	"$bin/mmctl" leases --socket "$socket" | grep -qE '^lease 1: 504M for mail, set aside, domain [0-9]+ is being built'
}
wait_for 8 taken_over
wait "$pid" || fail "status $?"
grep -q '^mmserver: mail (domain [0-9]*): is balanced' "$work/log" || fail "mail did not start"
grep -q '^mmserver: lease 1 (504M for mail) ends: its guest runs' "$work/log" || fail "the lease did not end with the start"
grep -E '^mail +' "$work/rows" | awk '$4 != 0 { exit 1 }' || fail "something in mail was killed"
echo "a lease makes room for a guest that starts"
