#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# mmctl simulate: tables, JSON, plots, traces, and one precise line for every mistake.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

simulate() { # STATUS ARG...
	local status=$1
	shift
	run "$status" "$bin/mmctl" simulate "$@"
}

misuse() { # TEXT ARG...
	local text=$1
	shift
	simulate 2 "$@"
	one_line "$text"
}

rows() { # how often a row of that name stands in the table
	grep -c "^  $1 " "$work/out" || true
}

# All that ship: by name, each with its story; the folder has no others.
simulate 0 --list
listed=$(wc -l <"$work/out")
[ "$listed" -ge 10 ] || fail "only $listed scenarios ship"
[ "$listed" = "$(find "$source_dir/src/ctl/scenarios" "$source_dir/src/ctl/traces" -type f | wc -l)" ] ||
	fail "not every file in src/ctl/scenarios and traces ships"
! grep -qvE '^[a-z0-9-]+ +[A-Z].*\.$' "$work/out" || fail "a scenario without a story"

# The table, and the same again.
simulate 0 lab-burst
[ ! -s "$work/err" ] || fail "something on stderr"
for row in '(bound)' need tax coordinator; do
	[ "$(rows "$row")" = 1 ] || fail "not one row '$row'"
done
cp "$work/out" "$work/first"
simulate 0 lab-burst
cmp -s "$work/out" "$work/first" || fail "two runs differ"
simulate 0 --seed 7 lab-burst
! cmp -s "$work/out" "$work/first" || fail "another seed changes nothing"

# Files; several; settings for all and for one. Another budget has another bound.
cat >"$work/small.scn" <<'EOF'
# Two guests, one of which grows.
host total=1500M dom0=512M
duration 30s
guest a memory=200M maxmem=600M use=60M swap=256M
guest b memory=200M maxmem=600M use=60M swap=256M
at 5s a use 400M over 3s
EOF
simulate 0 "$work/small.scn" lab-burst
grep -qx 'small: Two guests, one of which grows.' "$work/out" || fail "no headline"
[ "$(rows need)" = 2 ] || fail "not two tables"
simulate 0 -p need,budget=400M -p tax,tax-rate=0.5 -p tax "$work/small.scn"
[ "$(rows need,budget=400M)$(rows tax,tax-rate=0.5)$(rows tax)" = 111 ] || fail "not the policies that were asked for"
[ "$(rows '(bound)')" = 2 ] || fail "not two bounds"
simulate 0 -p need --set budget=400M "$work/small.scn"
! grep -qE '^  need +0\.000' "$work/out" || fail "the budget changes nothing"
(cd / && simulate 0 "$work/small.scn")

# JSON: whole, and the same figures as in the table.
simulate 0 --json "$work/small.scn" lab-burst
python3 - "$work/out" <<'EOF'
import json, sys
scenarios = json.load(open(sys.argv[1]))["scenarios"]
assert [s["scenario"] for s in scenarios] == ["small", "lab-burst"], scenarios
for s in scenarios:
    assert [p["policy"] for p in s["policies"]] == ["need", "tax", "coordinator"]
    for p in s["policies"]:
        assert p["unmet_kib_s"] >= p["bound"]["unmet_kib_s"] >= 0
        assert p["need_kib_s"] > 0 and p["lowest_free_kib"] >= 0
        assert p["relief_p50_ms"] <= p["relief_p99_ms"]
        assert p["unmet_ppm"] == p["unmet_kib_s"] * 1000000 // p["need_kib_s"] or p["unmet_kib_s"] < 1000
EOF

# A recorded run.
run 0 "$bin/mmserver" --backend "sim:$work/small.scn" --budget 420M --record "$work/rec.trace" -d "$work"
simulate 0 "$work/rec.trace"
[ "$(rows need)" = 1 ] || fail "a trace is not played"
! grep -qE '^  need +0\.000' "$work/out" || fail "the recorded budget does not hold"
simulate 0 --set budget=auto "$work/rec.trace"
grep -qE '^  need +0\.000' "$work/out" || fail "--set does not override the recorded budget"
head -c 3000 "$work/rec.trace" | sed 's/^T .*/T x/' >"$work/bad.trace"
misuse "bad.trace: line" "$work/bad.trace"

# Pictures.
if command -v gnuplot >/dev/null; then
	simulate 0 --plot "$work/all.png" lab-burst "$work/small.scn"
	head -c 8 "$work/all.png" | od -An -tx1 | grep -q '89 50 4e 47' || fail "no PNG"
	simulate 0 -p "tax,exclude='q'" --plot "$work/it's.svg" "$work/small.scn"
	grep -q '<svg' "$work/it's.svg" || fail "no SVG"
fi
run 1 env PATH="$work" "$bin/mmctl" simulate --plot "$work/none.png" "$work/small.scn"
one_line "gnuplot"
[ ! -e "$work/none.png" ] || fail "an empty picture is left"
misuse "must end with .png or .svg" --plot "$work/x.gif" "$work/small.scn"
simulate 1 --plot "$work/no/such/folder.png" "$work/small.scn"
one_line "cannot write"

# Mistakes.
misuse "'taxes'" -p taxes lab-burst
misuse "policy: given more than 16 times" -p tax -p tax -p tax -p tax -p tax -p tax -p tax -p tax -p tax -p tax \
	-p tax -p tax -p tax -p tax -p tax -p tax -p tax
misuse "is not SETTING=VALUE" --set budget lab-burst
misuse "policies are chosen with --policy" --set policy=tax
misuse "seed: '-1'" --seed -1
misuse "seed: '18446744073709551616'" --seed 18446744073709551616
misuse "min" --set min=2G --set max=1G
misuse "no-such-file" no-such-file
misuse "$work" "$work"
printf 'host total=1G dom0=2G\n' >"$work/bad.scn"
misuse "bad.scn: line 1" "$work/bad.scn"
printf 'guest a memory=200M\nat 5s b use 4M\n' >"$work/bad.scn"
misuse 'no guest "b"' "$work/bad.scn"
head -c 2000000 /dev/zero | tr '\0' '#' >"$work/bad.scn"
misuse "bad.scn" "$work/bad.scn"
: >"$work/empty.scn"
simulate 0 "$work/empty.scn"
run 1 sh -c '"$1" simulate lab-burst >/dev/full' sh "$bin/mmctl"
one_line "cannot write"
echo "what-if answers"
