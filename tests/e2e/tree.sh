#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The shape of the tree: what lies at the top, a licence line in every file, no function or file too long.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$source_dir"

function_lines=70
file_lines=550 # about 500; a test's table of cases may be longer
test_file_lines=900
faults=0

complain() {
	echo "$*"
	faults=$((faults + 1))
}

# Files that belong to the tree; in an unpacked archive, where there is no git, whatever is there.
list_files() {
	if git -c safe.directory='*' rev-parse --git-dir >/dev/null 2>&1; then
		git -c safe.directory='*' ls-files
	else
		find . -type f -not -path './build*' -printf '%P\n'
	fi
}

check_top() {
	local name
	while read -r name; do
		case $name in
		.* | CMakeLists.txt | CMakePresets.json | LICENSE | README.rst | CHANGES.rst) ;;
		src | client | include | tests | scripts | debian | rpm) ;;
		*) complain "top level: $name does not belong there" ;;
		esac
	done < <(list_files | cut -d/ -f1 | sort -u)
}

check_licence() {
	local file
	while read -r file; do
		[ -f "$file" ] || continue # deleted, not committed yet
		case $file in
		*/corpus/* | */golden/* | *.json | debian/* | LICENSE | .git* | .editorconfig | .clang-* | .shellcheckrc) continue ;;
		*.png | *.svg | *.trace | *.scenario) continue ;;
		*/vendor/*) continue ;; # under licences of their own, named in debian/copyright
		esac
		head -n 5 "$file" | grep -q 'SPDX-License-Identifier: GPL-3.0-or-later' ||
			complain "$file: no SPDX line within its first five"
	done < <(list_files)
}

# A function, as formatted here, opens with a brace in the first column and ends with one.
check_lengths() {
	local file limit lines
	while read -r file; do
		[ -f "$file" ] || continue
		limit=$file_lines
		case $file in tests/*) limit=$test_file_lines ;; esac
		lines=$(wc -l <"$file")
		[ "$lines" -le "$limit" ] || echo "$file: $lines lines, more than $limit"
		awk -v limit="$function_lines" '
			/^{/ { start = NR }
			/^}/ && start {
				if (NR - start + 1 > limit)
					printf "%s:%d: function of %d lines\n", FILENAME, start, NR - start + 1
				start = 0
			}' "$file"
	done < <(list_files | grep '\.[ch]$') >"$work/long"
	while read -r line; do complain "$line"; done <"$work/long"
}

check_build_rules() {
	if list_files | grep -E '(CMakeLists.txt|\.cmake)$' | xargs grep -nE 'file *\(GLOB|FetchContent|add_compile_options|__DATE__'; then
		complain "CMake: global flags, globs and downloads are not allowed"
	fi
	if list_files | grep '\.[ch]$' | xargs grep -nE '__DATE__|__TIME__'; then
		complain "C: the time of the build makes builds differ"
	fi
}

check_top
check_licence
check_lengths
check_build_rules
[ "$faults" = 0 ] || fail "$faults faults in the tree"
echo "the tree is in shape"
