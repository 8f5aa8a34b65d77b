#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# test_kernel.sh SERIES WORD...: processes and memory of a living guest, seen from outside through its memory file, are what
# its own /proc says: idle, busy, and (with +bench.swap) while it swaps. Words as in "guest start".
set -euo pipefail
# shellcheck source=tests/vmi/lib.sh
. "$(dirname "$0")/lib.sh"

boot "$@"
inside 'crowd 60' || fail "no crowd"
sleep 2 # what the kernel has to do after that
compare "idle" look
compare "idle, by a probe" probelook -n 20
inside 'for i in 1 2; do yes >/dev/null & done; hog -r 20 100 >/dev/null 2>&1 &'
sleep 1
DRIFT=65536 compare "busy" look
inside 'killall hog yes'
case "$*" in
*bench.swap=*)
	inside 'hog 460 >/dev/null 2>&1 &'
	tries=60
	until compare_line=$(inside 'cat /proc/swaps' | awk 'NR == 2 { print $4 }') && [ "${compare_line:-0}" -gt 4096 ]; do
		[ $((tries -= 1)) -gt 0 ] || fail "the guest does not swap"
		sleep 0.5
	done
	DRIFT=32768 compare "swapping" look
	[ "$(counter swap_free_kib)" -lt "$(counter swap_total_kib)" ] || fail "no swap in use was seen"
	[ "$(counter swapout_pages)" -gt 0 ] || fail "no swapping was seen"
	;;
esac
echo "as the guest says"
