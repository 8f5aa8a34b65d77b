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

# What was mounted below the clean root must be gone before the root is removed.
clean_up() {
	awk -v root="$work/" 'index($2, root) == 1 { print $2 }' /proc/mounts | sort -r |
		while read -r mounted; do
			umount -l "$mounted"
		done
	rm -rf --one-file-system "$work"
}
trap clean_up EXIT

# bare_root DIR: a Debian 12 with nothing but the base, from the cache that scripts/fresh keeps.
bare_root() {
	"$source_dir/scripts/fresh" --root "$1"
}

# in_root DIR COMMAND...: runs it in the root, with the usual mounts and a plain environment.
in_root() {
	local root=$1
	shift
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		chroot "$root" "$@"
}
