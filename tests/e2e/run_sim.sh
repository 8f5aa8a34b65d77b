#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/run --sim: rows with their virtual time, logs and all that was said; nothing is left behind of a wrong option.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
mkdir "$work/here"
cd "$work/here"
export XENMM_BIN=$bin

run 0 "$source_dir/scripts/run" --sim --http off
grep -Eq '^   0 s .*is balanced' "$work/out" || fail "it does not begin at 0 s"
grep -E '^ +[0-9]+ s .*█' "$work/out" | awk '
	$1 < last || $1 > 120 { print "time: " $0; exit 1 }
	{ last = $1; rows++; if ($1 >= 20 && $1 <= 26) burst++ }
	END { exit !(rows > 20 && burst > 5 && last > 80) }' || fail "the burst is not where the scenario has it"
grep -q '^sim: seed 1, 120.000 s' "$work/out" || fail "no figures at the end"
[ "$(find xenmm-run-*-1 -name '*.log' | wc -l)" = 3 ] || fail "not a log for each guest"
grep -q '^Field' xenmm-run-*-1/mmserver.out || fail "what mmserver said is not kept"
[ -z "$(find . -name trace)" ] || fail "the trace is left behind"

for options in '--no-such-option' '--free much' '--min 2G --max 1G'; do
	# shellcheck disable=SC2086
	run 2 "$source_dir/scripts/run" --sim --out wrong $options
	[ "$(cat "$work/out" "$work/err" | wc -l)" = 1 ] || fail "more than mmserver's line for $options"
	grep -q '^mmserver: ' "$work/err" || fail "not mmserver's line for $options"
	[ ! -e wrong ] || fail "a folder of a run that never began"
done
run 1 "$source_dir/scripts/run" --sim --out "$work/here"
one_line exists
echo "scripts/run shows the simulator"
