#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every script passes shellcheck; .shellcheckrc says what is allowed. Scripts for the lab's dom0 and guests
# are for busybox's sh.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

command -v shellcheck >/dev/null || skip "shellcheck is not installed"
cd "$source_dir"
mapfile -t scripts < <(find .ci scripts tests debian -type f -exec grep -lE '^#! ?/(usr/)?bin/(env )?(ba|da)?sh' {} + |
	grep -v -e '/corpus/' -e '/node_modules/' | sort)
[ ${#scripts[@]} -gt 5 ] || fail "found only ${#scripts[@]} scripts"
shellcheck "${scripts[@]}" || fail "shellcheck has remarks"
echo "${#scripts[@]} scripts checked"
