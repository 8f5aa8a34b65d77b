# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Shared by the end-to-end tests: a folder of its own for each, running a program and looking at what it said.

source_dir=${XENMM_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
# shellcheck disable=SC2034
bin=${XENMM_BIN:-$source_dir/build/bin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "FAILED: $*"
	[ ! -s "$work/out" ] || sed 's/^/  stdout: /' "$work/out" | tail -n 20
	[ ! -s "$work/err" ] || sed 's/^/  stderr: /' "$work/err" | tail -n 20
	exit 1
}

skip() {
	echo "skipped: $*"
	exit 77
}

# run STATUS COMMAND...: runs it, keeps what it said in $work/out and $work/err, and insists on its status.
run() {
	local want=$1 status=0
	shift
	"$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	[ "$status" = "$want" ] || fail "exit status $status, not $want: $*"
}

# one_line TEXT: stderr is one line, and it holds TEXT.
one_line() {
	[ "$(wc -l <"$work/err")" = 1 ] || fail "not one line on stderr"
	grep -qF -- "$1" "$work/err" || fail "stderr does not say '$1'"
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || fail "waited in vain: $*"
		sleep 0.05
	done
}
