# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Shared by the tests on plain QEMU guests: starting one that ends with the test, comparing a look with what it says itself.

bench=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
tests=${XENMM_BUILD:-$bench/../../build}/tests
export XENMM_PROBE=${XENMM_BIN:-$bench/../../build/bin}/mmprobe
work=$(mktemp -d)
guest_name=

fail() {
	echo "FAILED: $*"
	exit 1
}

clean_up() {
	[ -z "$guest_name" ] || "$bench/guest" stop "$guest_name"
	rm -rf "$work"
}
trap clean_up EXIT

# boot SERIES WORD...: the one guest of this test. Skipped where QEMU or Debian's archive cannot be had; as root with
# XENMM_LAB_REQUIRED=1, that is a failure.
boot() {
	local status=0 start=$SECONDS
	guest_name=test.$$
	"$bench/guest" start "$guest_name" "$@" || status=$?
	if [ "$status" = 77 ] && [ -z "${XENMM_LAB_REQUIRED:-}" ]; then
		echo "skipped: no guest with kernel $1 can be had here"
		exit 77
	fi
	[ "$status" = 0 ] || fail "no guest: $*"
	ram=$("$bench/guest" ram "$guest_name")
	echo "guest: $(inside 'uname -r') $* up after $((SECONDS - start)) s"
}

inside() { "$bench/guest" run "$guest_name" "$1"; }

# compare WHAT PROGRAM [OPTION...]: the guest's own word, a look, its word again. PROGRAM: look, or probelook (in a sandbox).
compare() {
	local what=$1 program=$2
	shift 2
	inside '!census' >"$work/before" || fail "$what: no census"
	"$tests/$program" "$@" "$ram" >"$work/sample" || fail "$what: no look: $(head -n 3 "$work/sample")"
	inside '!census' >"$work/after" || fail "$what: no census"
	awk -v DRIFT="${DRIFT:-}" -f "$bench/compare.awk" "$work/before" "$work/sample" "$work/after" >"$work/out" || {
		cat "$work/out"
		fail "$what: the look differs from what the guest says"
	}
	echo "$what: $(cat "$work/out")"
}

# counter KEY: of the last look
counter() { awk -v key="$1" '$1 == "counter" && $2 == key { print $3 }' "$work/sample"; }
