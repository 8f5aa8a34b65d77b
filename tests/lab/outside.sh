#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The endpoint of a mmserver that balances real guests in the lab, judged on this machine: what it answered in dom0 (test_http.sh)
# and what it answers here is checked against the JSON Schema and by promtool, the first xenmm's curves are drawn, and the page is
# opened in a browser while a guest bursts (tests/web).
#
# Usage: tests/lab/outside.sh (after building into build/, or with XENMM_BIN)
set -uo pipefail
lab=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
tests=$(dirname "$lab")
work=$(mktemp -d)
export LAB_RUN=${LAB_RUN:-$work/run}
share=$LAB_RUN/share
host=
failed=0
untried=
# The one that has jsonschema, if there are several.
python=python3
python3 -c 'import jsonschema' 2>/dev/null || python=/usr/bin/python3

cleanup() {
    touch "$share/done" 2>/dev/null
    [ -z "$host" ] || kill "$host" 2>/dev/null
    wait
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

note() {
    echo "FAILED: $*"
    failed=1
}

# try NAME COMMAND...: 77 is "cannot be tried here".
try() {
    local name=$1 status=0
    shift
    "$@" || status=$?
    case $status in
    0) echo "ok: $name" ;;
    77) untried="$untried $name" ;;
    *) note "$name (status $status)" ;;
    esac
}

# The three curves of the first xenmm's page (total, used, free), of all guests together, from polls of GET /.
draw_curves() {
    command -v gnuplot >/dev/null || return 77
    "$python" - "$share/polls" "$LAB_RUN/curves.dat" <<'END' || return 1
import json, sys
rows = []
for line in open(sys.argv[1]):
    time, _, answer = line.partition(" ")
    guests = json.loads(answer)
    assert all(len(g) == 3 and g[0] == g[1] + g[2] for g in guests), line
    rows.append((float(time), guests))
used = [max(g[1] for g in guests) for _, guests in rows if guests]
total = [max(g[0] for g in guests) for _, guests in rows if guests]
assert max(used) - min(used) > 200 * 1024, f"a burst of 330 MiB shows as {max(used) - min(used)} KiB"
assert max(total) - min(total) > 100 * 1024, "no guest grows"
with open(sys.argv[2], "w") as out:
    for time, guests in rows:
        print(time - rows[0][0], *(sum(g[i] for g in guests) / 1024 for i in range(3)), file=out)
print(f"{len(rows)} polls in {rows[-1][0] - rows[0][0]:.1f} s")
END
    gnuplot -e "set term png size 800,300; set output '$LAB_RUN/curves.png'; set ylabel 'MiB'; set xlabel 's'; set key outside;
        plot for [i=2:4] '$LAB_RUN/curves.dat' using 1:i with lines title word('total used free', i-1)" &&
        [ -s "$LAB_RUN/curves.png" ]
}

await_ready() {
    until [ -e "$share/ready" ]; do
        kill -0 "$host" 2>/dev/null || return 1
        sleep 0.5
    done
}

rm -f "$share/ready" "$LAB_RUN/address" # of an earlier run
: >"$work/outside"
"$lab/lab" run "$lab/test_http.sh" "$work/outside" &
host=$!
if await_ready; then
    address=$(cat "$LAB_RUN/address")
    kinds=status,domain,history,decisions,root,metrics,openmetrics,event
    try "answers to those outside" "$python" "$tests/lib/fetch_answers.py" "$address" "$work/live"
    # The host has a guest burst when that file appears.
    try "page" env XENMM_URL="http://$address" XENMM_BURST="touch '$share/burst'" "$tests/web/run" live
    touch "$share/done"
    wait "$host" || note "the host's own checks"
    host=
    try "saved answers" "$python" "$tests/lib/check_answers.py" --need "$kinds" "$share/http"
    try "live answers" "$python" "$tests/lib/check_answers.py" --need "$kinds,error" "$work/live"
    try "curves" draw_curves
else
    status=0
    wait "$host" || status=$?
    host=
    [ $status != 77 ] || exit 77
    note "the host did not come up, or did not answer (status $status)"
fi
[ $failed = 0 ] || exit 1
[ -z "$untried" ] || {
    echo "skipped: cannot be tried here:$untried"
    exit 77
}
