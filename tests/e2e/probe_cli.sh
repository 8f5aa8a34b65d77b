#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# mmprobe on the command line: misuse is answered in one line, a guest that is not there over the pipe.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# wrong TEXT WORD...: refused with one line that has TEXT in it
wrong() {
	local text=$1
	shift
	run 2 "$bin/mmprobe" "$@"
	one_line "$text"
}

wrong 'which guest'
wrong "'0'" 0
wrong "'32752'" 32752
wrong "'12x'" 12x
wrong "'name'" name
wrong "'2'" 1 2
wrong "'--frob'" --frob 1
wrong "'-x'" -x 1
wrong "'--memory'" --memory
wrong "'12Q'" --memory /dev/null --below 12Q
wrong "'0'" --memory /dev/null --below 0
wrong "'5000T'" --memory /dev/null --below 5000T
wrong "'--below'" --below 3G 1
wrong "'7'" --memory /dev/null 7
run 0 "$bin/mmprobe" --version
grep -q '^mmprobe (xenmm) [0-9]' "$work/out" || fail "--version: $(cat "$work/out")"

# The question "mmpQ", version 1, with processes; in the answer's header the reason is the third number.
ask() { printf 'mmpQ\1\0\1\0' | timeout 60 "$bin/mmprobe" "$@" 2>"$work/err" | od -An -tu4 -j8 -N4 | tr -d ' '; }

gone=11 not_booted=1
[ "$(ask --memory "$work/none")" = $gone ] || fail "a file that is not there is not answered"
head -c 16M /dev/zero >"$work/zeros"
[ "$(ask --memory "$work/zeros")" = $not_booted ] || fail "memory that holds nothing is not answered"
for below in all none 8M; do # all and none say the same, as mmps' do
	[ "$(ask --memory "$work/zeros" --below "$below")" = $not_booted ] || fail "not understood: --below $below"
done

# Nonsense ends it with status 1, no question with 0; both without an answer.
status=0
echo 'who are you?' | "$bin/mmprobe" --memory "$work/zeros" >"$work/out" 2>"$work/err" || status=$?
[ "$status" = 1 ] || fail "nonsense: status $status"
run 0 "$bin/mmprobe" --memory "$work/zeros" </dev/null
[ ! -s "$work/out" ] || fail "an answer that nobody asked for"
echo "mmprobe's command line is in order"
