#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The man pages list exactly the options that --help lists.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# An option line of --help: blanks, then one or more options. Of a page: the same at the start of the line.
options_in() {
	grep -oE -- '(^|[ ,])--?[a-zA-Z0-9][a-z-]*' | tr -d ' ,' | sort -u
}

options_of() { # FILE of --help
	grep -E '^ +-' "$1" | sed -E 's/^( +(-[A-Za-z0-9](, | )?)?(--[a-z-]+)?).*/\1/' | options_in
}

check() { # PROGRAM PAGE
	local help page
	run 0 "$bin/$1" --help
	help=$(options_of "$work/out")
	page=$(grep -E '^-' "$2" | grep -vE '^-+$' | options_in)
	[ -n "$help" ] || fail "$1 --help lists no option"
	diff <(echo "$help") <(echo "$page") || fail "--help (<) and the man page (>) of $1 differ"
	echo "$1: $(echo "$help" | wc -l) options"
}

# The same for mmctl: its own options and those of all its commands. Each command has a heading of its name.
check_commands() { # PROGRAM PAGE
	local command
	run 0 "$bin/$1" --help
	sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$work/out" >"$work/commands"
	[ -s "$work/commands" ] || fail "$1 --help lists no command"
	cp "$work/out" "$work/help"
	while read -r command; do
		grep -qx "$command" "$2" || fail "the man page of $1 has no section '$command'"
		run 0 "$bin/$1" "$command" --help
		cat "$work/out" >>"$work/help"
	done <"$work/commands"
	diff <(options_of "$work/help") <(grep -E '^-' "$2" | grep -vE '^-+$' | options_in) ||
		fail "--help (<) and the man page (>) of $1 differ"
	echo "$1: $(wc -l <"$work/commands") commands, $(options_of "$work/help" | wc -l) options"
}

check mmserver "$source_dir/src/man/mmserver.8.rst"
check mmprobe "$source_dir/src/man/mmprobe.8.rst"
check mmps "$source_dir/src/man/mmps.8.rst"
if [ -x "$bin/mmmon" ]; then
	check mmmon "$source_dir/src/man/mmmon.8.rst"
fi
check_commands mmctl "$source_dir/src/man/mmctl.8.rst"
if [ -x "$bin/mmclient" ]; then
	check mmclient "$source_dir/src/man/mmclient.8.rst"
fi
