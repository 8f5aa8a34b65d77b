#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A fork storm in the guest and 10,000 looks at it: no process may be seen that cannot be.
set -euo pipefail
# shellcheck source=tests/vmi/lib.sh
. "$(dirname "$0")/lib.sh"

boot 6.1 -cpu max
inside 'crowd 30' || fail "no crowd"
inside '!census' >"$work/before"
inside 'storm 2 500 >/dev/null 2>&1 &'
sleep 1
"$tests/look" -n "${1:-10000}" -s "$work/before" "$ram"
