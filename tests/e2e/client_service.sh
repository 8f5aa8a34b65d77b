#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The agent's SysV init script, with its pid file, its agent and its Xen made up here: what it started it stops, and
# nothing else.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$work"

[ -x "$bin/mmclient" ] || skip "mmclient was not built"
mkdir -p bin other guest/proc
cp "$bin/mmclient" bin/
cp "$bin/mmclient" other/
printf 'MemTotal: 500000 kB\nMemFree: 100000 kB\n' >guest/proc/meminfo
arguments=(--dry-run --root "$work/guest")
sed -e "s|^PATH=|&$work/bin:|" -e "s|^PIDFILE=.*|PIDFILE=$work/pid|" -e "s|/dev/kmsg|$work/kmsg|" \
	-e "s|^MMCLIENT_ARGS=.*|MMCLIENT_ARGS='${arguments[*]}'|" -e 's|^is_xen() {|&\n\treturn 0|' \
	-e 's|^\[ ! -r /.*||' "$source_dir/scripts/mmclientd" >service
trap 'kill $(agents) 2>/dev/null || true; rm -rf "$work"' EXIT

# Those of this test's programs that run.
agents() {
	local exe
	for exe in /proc/[0-9]*/exe; do
		case $(readlink "$exe") in
		"$work"/*mmclient*)
			exe=${exe#/proc/}
			echo "${exe%/exe}"
			;;
		esac
	done
}

is_alone() { # PID
	[ "$(agents)" = "$1" ]
}

run 3 sh service status
run 0 sh service start
pid=$(cat pid)
is_alone "$pid" || fail "not the one process"
run 0 sh service status
run 0 sh service start
is_alone "$pid" || fail "a second one was started"
rm bin/mmclient
cp "$bin/mmclient" bin/ # upgraded meanwhile
run 0 sh service restart
is_alone "$(cat pid)" || fail "the old one runs on"
[ "$(cat pid)" != "$pid" ] || fail "not started anew"
run 0 sh service stop
is_alone '' || fail "not stopped"

# Nothing runs on that could not be stopped again.
mkdir pid
run 1 sh service start
grep -q 'cannot write' out || fail "the reason is not told"
wait_for 10 is_alone ''
rmdir pid

# A stale pid file names another process meanwhile, even one of the same name.
other/mmclient "${arguments[@]}" >/dev/null 2>&1 &
other=$!
echo $other >pid
wait_for 10 is_alone $other
run 1 sh service status
run 0 sh service stop
is_alone $other || fail "somebody else's process was stopped"
echo "the init script keeps to its own agent"
