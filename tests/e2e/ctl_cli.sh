#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# mmctl's frame: help, version, and one precise line for what it does not know.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

misuse() { # TEXT ARG...
	local text=$1
	shift
	run 2 "$bin/mmctl" "$@"
	one_line "$text"
	[ ! -s "$work/out" ] || fail "misuse printed something on stdout: $*"
}

for option in -h --help; do
	run 0 "$bin/mmctl" "$option"
	grep -q '^Usage: mmctl ' "$work/out" || fail "no usage line"
	grep -q '^  simulate  ' "$work/out" || fail "no command simulate"
	[ ! -s "$work/err" ] || fail "help on stderr"
	run 0 "$bin/mmctl" simulate "$option"
	grep -q '^Usage: mmctl simulate ' "$work/out" || fail "no usage line of simulate"
done
for option in -V --version; do
	run 0 "$bin/mmctl" "$option"
	grep -qE '^mmctl \(xenmm\) [0-9.]+$' "$work/out" || fail "no version"
done

misuse "no command"
misuse "unknown command 'simulat'" simulat
misuse "unknown command ''" ''
misuse "unknown option '--hlep'" --hlep
misuse "unknown option '-x'" -x
misuse "unknown option '--nonsense'" simulate --nonsense
misuse "unknown option '-q'" simulate -q
misuse "option '--policy' needs a value" simulate --policy
misuse "option '--help=yes' takes no value" simulate --help=yes
misuse "'MB' is one word too many" reserve 10 MB
misuse "'--' needs a command" reserve 5M --

run 1 sh -c '"$1" --help >/dev/full' sh "$bin/mmctl"
one_line "cannot write"
echo "mmctl answers"
