#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The table, and a run that is recorded and replayed.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$work"

run 0 "$bin/mmserver" --http off --backend sim --once
[ "$(grep -c '^τ' out)" = 1 ] || fail "--once is not one round"
grep -q ', 1 round, ' out || fail "the simulator counts otherwise"

run 0 "$bin/mmserver" --http off --backend sim --seed 3 --record trace
grep -q '^τ' out || fail "no rows"
names=$(grep -m 1 '^Field' out | wc -w)
[ "$names" -gt 2 ] || fail "no header with the guests' names"
awk -v columns="$names" '/^τ/ && NF != columns && !wrong { wrong = NR } END { exit wrong > 0 }' out ||
	echo "note: rows change their width when guests come and go"
cp out table
head -n 1 trace | grep -qx 'xenmm-trace [0-9]*' || fail "no trace"

# Replayed, the same is decided; with a decision changed in the file, that is noticed.
run 0 "$bin/mmserver" --backend replay:trace
grep '^τ' table >rows
grep '^τ' out >again
cmp -s rows again || fail "the replay prints other rows"
awk '/^P / && !done { $4 += 4; done = 1 } { print }' trace >changed
cmp -s trace changed && fail "nothing was decided in the recorded run"
run 1 "$bin/mmserver" --backend replay:changed
[ -s err ] || fail "the difference is not reported"

# A recording that breaks off, as a killed mmserver leaves it, is replayed as far as it goes.
size=$(wc -c <"trace")
head -c $((size * 2 / 3)) trace >"cut"
run 0 "$bin/mmserver" --backend replay:cut

run 0 "$bin/mmserver" --http off --backend sim --seed 3 --verbose
for row in 'tot' 'use' 'free'; do
	grep -q "^$row" out || fail "--verbose prints no row '$row'"
done

# A dry run decides, but nobody's memory moves.
mkdir dry
run 0 "$bin/mmserver" --http off --backend sim --seed 3 --dry-run -d dry
awk -F '\t' '/^# time/ { for (i = 1; i <= NF; i++) if ($i == "held_mem") held = i }
	/^#/ || NF == 0 { next }
	!(FILENAME in first) { first[FILENAME] = $held }
	$held != first[FILENAME] { print FILENAME ": held " first[FILENAME] " -> " $held; exit 1 }
	END { exit !held }' dry/*.log || fail "--dry-run moved memory"
echo "table, record and replay agree"
