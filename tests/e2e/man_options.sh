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

check() { # PROGRAM PAGE
	local help page
	run 0 "$bin/$1" --help
	help=$(grep -E '^ +-' "$work/out" | sed -E 's/^( +(-[A-Za-z0-9](, | )?)?(--[a-z-]+)?).*/\1/' | options_in)
	page=$(grep -E '^-' "$2" | grep -vE '^-+$' | options_in)
	[ -n "$help" ] || fail "$1 --help lists no option"
	diff <(echo "$help") <(echo "$page") || fail "--help (<) and the man page (>) of $1 differ"
	echo "$1: $(echo "$help" | wc -l) options"
}

check mmserver "$source_dir/src/man/mmserver.8.rst"
if [ -x "$bin/mmclient" ]; then
	check mmclient "$source_dir/src/man/mmclient.8.rst"
fi
