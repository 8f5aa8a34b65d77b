#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A guest of 5 GiB, 2 of them above the hole for devices, in a sparse file: it is read, and looking fills no hole of the file.
set -euo pipefail
# shellcheck source=tests/vmi/lib.sh
. "$(dirname "$0")/lib.sh"

boot 6.1 -m 5120 -cpu max
inside 'crowd 60' || fail "no crowd"
sleep 1
compare "5 GiB" look -b 3072
"$bench/guest" freeze "$guest_name"
before=$(stat -c %b "$ram")
"$tests/look" -b 3072 "$ram" >"$work/sample" || fail "a guest that stands still is not read: $(cat "$work/sample")"
after=$(stat -c %b "$ram")
"$bench/guest" thaw "$guest_name"
echo "blocks of the memory file: $before before a look with a sweep, $after after it, $(stat -c %s "$ram") bytes long"
[ "$before" = "$after" ] || fail "looking filled the file"
[ $((before * 512)) -lt "$(stat -c %s "$ram")" ] || fail "the file is not sparse: this test shows nothing here"
