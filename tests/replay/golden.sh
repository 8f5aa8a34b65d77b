#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Replays one golden trace: the same must be decided now. After an intended change: scripts/record-golden.
# Usage: golden.sh NAME
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"

trace=$source_dir/tests/replay/golden/$1.trace
[ "$(grep -c '^P ' "$trace")" -gt 10 ] || fail "$trace has hardly any decision in it"
status=0
"$bin/mmserver" --backend "replay:$trace" --log-dir "$work" >"$work/out" 2>"$work/err" || status=$?
grep '^replay:' "$work/out" || fail "the replay says nothing"
[ "$status" = 0 ] || fail "decided otherwise than recorded; if that is meant: scripts/record-golden"
