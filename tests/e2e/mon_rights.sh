#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# mmmon with just the rights that its unit leaves it: it can end a child that became another user, and ends itself.
set -euo pipefail
# shellcheck source=tests/e2e/mon_lib.sh
. "$(dirname "$0")/mon_lib.sh"
port=$(free_ports 1)
[ "$(id -u)" = 0 ] || skip "this is for root"
setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null || skip "setpriv cannot change the user"

# CAP_KILL CAP_SETUID ... -> +kill,+setuid,...
rights=$(sed -n 's/^CapabilityBoundingSet=//p' "$source_dir/scripts/mmmon.service.in" | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')
[ -n "$rights" ] || fail "the unit names no rights"
printf '#!/bin/sh\nexec setpriv --bounding-set="-all,%s" "%s" "$@"\n' "$rights" "$mmmon" >"$work/mmmon"
printf '#!/bin/sh\necho $$ >"%s/child"\nexec setpriv --reuid 65534 --regid 65534 --clear-groups sleep 1000\n' "$work" >"$work/probe"
chmod 755 "$work/mmmon" "$work/probe"
mmmon=$work/mmmon
export XENMM_PROBE=$work/probe

: >"$work/a"
start client.log --memory "a=$work/a" --listen "127.0.0.1:$port"
is_nobody() {
	[ -s "$work/child" ] && [ "$(stat -c %u "/proc/$(cat "$work/child")")" = 65534 ]
}
wait_for 20 is_nobody
child=$(cat "$work/child")
stop "$pid"
[ ! -e "/proc/$child" ] || fail "its child lives on"
