#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A dry run of calm guests: what it would do is told once, not each round, and rounds do not follow each other as if balloons moved.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$work"

pid=
trap 'kill $pid 2>/dev/null || true; rm -rf "$work"' EXIT
calm=$source_dir/tests/sim/scenarios/calm.scn # 300 s, four guests

run 0 "$bin/mmserver" --backend "sim:$calm" --http off --dry-run --record dry.trace
lines=$(grep -c '^mmserver: dry run: ' err) || fail "nothing is told"
[ "$lines" -le 60 ] || fail "$lines lines of a dry run, for four calm guests"
rounds=$(grep -c '^T ' dry.trace)
[ "$rounds" -le 600 ] || fail "$rounds rounds in 300 s, each 2 s and when a guest reports"
[ "$rounds" -ge 150 ] || fail "$rounds rounds in 300 s"
awk '/^mmserver: dry run: / { sub(/^.*dry run: /, ""); split($0, part, /[;:,]/); line = part[1] part[2] part[3]; if (line == last) exit 1; last = line }' err ||
	fail "the same is told twice"

# Nothing is under way, in a dry run as in a pause.
begin() { # OPTION...
	"$bin/mmserver" --backend "sim:$calm" --pace real --http off --control socket --log-dir logs "$@" >out 2>err &
	pid=$!
	wait_for 20 grep -qs '^τ' out
}
status_says() { # TEXT; not through a pipe: grep ends at once, and mmctl could not write the rest
	"$bin/mmctl" status --json --socket socket >answer && grep -q "$1" answer
}
begin --dry-run --interval 60
status_says '"dry_run": true' || fail "no dry run"
"$bin/mmctl" why db --socket socket >answer && grep -q 'would shrink' answer || fail "nothing would be done"
status_says '"moving": false' || fail "a dry run moves something"
kill "$pid"
wait "$pid" || fail "status $? after SIGTERM"
# Balloons that take some seconds: something is under way for long enough to be looked at.
sed '/^guest /s/$/ rate-down=2M\/s/' "$calm" >slow.scn
calm=$work/slow.scn
begin --interval 60
wait_for 20 grep -q ': target [0-9]* -> ' err
status_says '"moving": true' || fail "nothing moves"
"$bin/mmctl" pause --socket socket >said
paused() {
	status_says '"moving": false'
}
wait_for 60 paused # balloons that were under way arrive
echo "a dry run is quiet"
