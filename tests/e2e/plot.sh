#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/plot draws the newest run of a folder, another run of it, and logs by name; what it cannot draw is one line.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

command -v gnuplot >/dev/null || skip "gnuplot is not installed"
plot="$source_dir/scripts/plot"
mkdir "$work/logs" "$work/empty"
run 0 "$bin/mmserver" --http off --backend sim --seed 1 -d "$work/logs"
run 0 "$bin/mmserver" --http off --backend sim --seed 2 -d "$work/logs"

is_png() {
	head -c 8 "$1" | od -An -tx1 | grep -q '89 50 4e 47' || fail "$1 is no PNG"
}

run 0 "$plot" "$work/logs"
[ ! -s "$work/err" ] || fail "gnuplot has remarks"
newest=$(find "$work/logs" -name '*_2.png')
is_png "$newest"
run 0 "$plot" --run 1 -o "$work/first.png" "$work/logs"
is_png "$work/first.png"
run 0 "$plot" -o "$work/one.svg" "$work"/logs/*_1_1.log
grep -q '<svg' "$work/one.svg" || fail "no SVG"

# A log whose last line was not finished, as a killed mmserver leaves it.
head -c 2000 "$(find "$work/logs" -name '*_1_1.log')" >"$work/cut.log"
run 0 "$plot" -o "$work/cut.png" "$work/cut.log"
is_png "$work/cut.png"

run 2 "$plot"
one_line help
run 2 "$plot" "$work/empty"
one_line empty
run 2 "$plot" "$work/nothing.log"
one_line nothing.log
echo "plots are drawn"
