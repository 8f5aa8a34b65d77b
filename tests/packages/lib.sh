# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Shared by the package tests: saying what is wrong, skipping, a clean Debian 12 in a folder.

source_dir=${XENMM_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
work=$(mktemp -d)

fail() {
	echo "FAILED: $*"
	exit 1
}

skip() {
	echo "skipped: $*"
	exit 77
}

need_root() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

trap 'rm -rf --one-file-system "$work"' EXIT

# build_packages DEB|RPM: with CMake's target 'package' and make, into $work/packages.
build_packages() {
	{
		cmake -S "$source_dir" -B "$work/build" -G 'Unix Makefiles' "-D$1=ON" -DXENMM_TESTS=OFF &&
			make -C "$work/build" package
	} >"$work/build.log" 2>&1 || {
		tail -n 40 "$work/build.log"
		fail "make package failed"
	}
	mv "$work/build/packages" "$work/packages"
	ls "$work/packages"
}

# bare_root DIR: a Debian 12 with nothing but the base, from the cache that scripts/fresh keeps.
bare_root() {
	"$source_dir/scripts/fresh" --root "$1"
}

# in_root DIR COMMAND...: runs it in the root, with /proc and a plain environment. The mount and what was
# left running end with the command.
in_root() {
	local root=$1
	shift
	unshare --mount --pid --fork --kill-child sh -c \
		'root=$1; shift; mount -t proc proc "$root/proc" && exec chroot "$root" "$@"' sh "$root" \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}
