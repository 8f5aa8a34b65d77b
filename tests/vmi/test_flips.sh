#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A real kernel's memory with random bits flipped: no crash, no hang, bounded work. test_flips.sh [RUNS [SEED]]
set -euo pipefail
# shellcheck source=tests/vmi/lib.sh
. "$(dirname "$0")/lib.sh"

boot 6.1 -m 192 -cpu qemu64,+rdrand +mitigations=off
inside 'crowd 30' || fail "no crowd"
"$bench/guest" freeze "$guest_name"
image=$(dirname "$ram")/image # beside it: where there is room for such files
cp --sparse=always "$ram" "$image"
"$tests/flips" "$image" "${1:-180}" "${2:-$RANDOM}"
