#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# CMake's options: every wrong value stops the configuration with one line that names it, right ones do not.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

untried=

# The programs and libraries are not asked for where a value is wrong, so each of these takes a moment.
bad() { # EXPECTED-LINE OPTION...
	local line=$1
	shift
	rm -rf "$work/bad"
	run 1 cmake -S "$source_dir" -B "$work/bad" "$@"
	grep -qxF "   $line" "$work/err" || fail "no line '$line'"
	# The line, and CMake's own two around it.
	[ "$(grep -c . "$work/err")" -le 3 ] || fail "more than the one line and CMake's frame"
	grep -q 'Call Stack' "$work/err" && fail "a call stack around the line"
	return 0
}

good() { # OPTION...
	run 0 cmake -S "$source_dir" -B "$work/good" -DXENMM_TESTS=OFF "$@"
}

says() {
	grep -qF -- "$1" "$work/out" || fail "the summary does not say '$1'"
}

for option in ONLY_CLIENT DEB RPM SOCK XENMM_WITH_XEN; do
	for value in maybe 2 '' 'ON OFF'; do
		bad "$option=$value: must be ON or OFF" "-D$option=$value"
	done
done
for value in 2 1.01 -0.5 .5 0. 0,5 75% 1e-1 NaN automatic ''; do
	bad "TAX_RATE=$value: must be AUTO or a number from 0.0 to 1.0" "-DTAX_RATE=$value"
done
bad "TAX_RATE=0.1234567: must have six decimals at most" -DTAX_RATE=0.1234567
bad "XENMM_WITH_XEN=OFF: must be ON with ONLY_CLIENT=ON, because mmclient writes to xenstore" \
	-DONLY_CLIENT=ON -DXENMM_WITH_XEN=OFF

# Without Xen everything else must configure anywhere.
good -DXENMM_WITH_XEN=OFF -DSOCK=OFF -DTAX_RATE=AUTO
says "AUTO"
says "sim, replay"
for value in 0 0.0 0.25 1 1.0 0.123456; do
	good -DTAX_RATE="$value"
	says "$value"
done
if pkg-config --exists libmicrohttpd; then
	good -DTAX_RATE=0.75 -DSOCK=ON
	says "127.0.0.1:9091"
else
	untried=libmicrohttpd-dev
fi
good -DSOCK=no -DDEB=OFF -DRPM=0 -DONLY_CLIENT=false -DXENMM_WITH_XEN=off

# A library that is not there: one line, with the package to install.
rm -rf "$work/missing"
run 1 env PKG_CONFIG_LIBDIR="$work/none" PKG_CONFIG_PATH= \
	cmake -S "$source_dir" -B "$work/missing" -DXENMM_TESTS=OFF -DXENMM_WITH_XEN=OFF
grep -qxF "   missing libevent_core (pkg-config): install it, on Debian with 'apt-get install libevent-dev'" "$work/err" ||
	fail "no line that names libevent-dev"

if pkg-config --exists xenstore; then
	# mmclient alone must not ask for anything but libxenstore.
	mkdir "$work/only"
	cp "$(pkg-config --variable=pcfiledir xenstore)"/xen*.pc "$work/only/"
	run 0 env PKG_CONFIG_LIBDIR="$work/only" cmake -S "$source_dir" -B "$work/client" -DONLY_CLIENT=ON
	says "mmclient"
	! grep -q mmserver "$work/out" || fail "mmserver configured with ONLY_CLIENT"
else
	untried="${untried:+$untried }libxen-dev"
fi
[ -z "$untried" ] || skip "some options are not tried: not installed: $untried"
echo "all options answer"
