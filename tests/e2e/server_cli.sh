#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# mmserver's command line: help, version, and one precise line with status 2 for every misuse.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$work"

misuse() { # TEXT OPTION...
	local text=$1
	shift
	run 2 "$bin/mmserver" "$@"
	one_line "$text"
	[ ! -s "$work/out" ] || fail "misuse prints to stdout"
}

run 0 "$bin/mmserver" --help
[ ! -s "$work/err" ] || fail "--help writes to stderr"
cp "$work/out" "$work/help"
run 0 "$bin/mmserver" -h
cmp -s "$work/out" "$work/help" || fail "-h and --help differ"
run 0 "$bin/mmserver" --version
grep -Eqx 'mmserver (\(xenmm\) )?[0-9]+\.[0-9]+\.[0-9]+' "$work/out" || fail "no version"

misuse --no-such-option --no-such-option
misuse Z -Z
misuse budget --budget
misuse extra --backend sim extra
for option in -N --budget -f --free --min --max --reserve; do
	for value in 12q -1M 1e9 1.2.3M 99999999T ''; do
		misuse "'$value'" --backend sim "$option" "$value"
	done
done
for value in 0 0.05 61 -1 ten 1h2 ''; do
	misuse "'$value'" --backend sim --interval "$value"
done
for value in 2 -0.1 1.01 NaN automatic 0.1234567 ''; do
	misuse "'$value'" --backend sim --tax-rate "$value"
done
misuse "'fair'" --backend sim --policy fair
misuse "'warp'" --backend sim --pace warp
misuse "'x1'" --backend sim --seed x1
misuse "''" --backend sim --exclude ''
misuse cloud --backend cloud
misuse min --backend sim --min 2G --max 1G

# Files that are not there, or not what they should be.
misuse /nonexistent/file --backend sim:/nonexistent/file
misuse /nonexistent/file --backend replay:/nonexistent/file
misuse "sim:" --backend sim:
misuse "xen:file" --backend xen:file
misuse "$work" --backend "sim:$work"
: >"$work/there"
misuse exists --backend sim --record "$work/there"
misuse /nonexistent/file --backend sim --record /nonexistent/file
printf 'this is no scenario\n' >"$work/broken"
misuse broken --backend "sim:$work/broken"
misuse broken --backend "replay:$work/broken"

if grep -qs '^XENMM_WITH_XEN:BOOL=OFF' "${XENMM_BUILD-}/CMakeCache.txt"; then
	misuse "without Xen"
elif ! grep -qs control_d /proc/xen/capabilities; then
	run 1 "$bin/mmserver"
	one_line Xen
fi
[ -z "$(find . -name '*.log')" ] || fail "logs of a run that never began"
echo "the command line answers"
