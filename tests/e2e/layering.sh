#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Each room includes and links only what it may touch: core is pure, Xen stays in its back end and in mmclient.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$source_dir"

libraries=${XENMM_BUILD:-$source_dir/build}/src
faults=0

pure_headers='assert|ctype|errno|fnmatch|inttypes|limits|stdarg|stdbool|stddef|stdint|stdio|stdlib|string|strings'
core_headers=$(cd include/xenmm && printf '%s|' *.h | sed 's/backend\.h|//; s/|$//')
xen_headers='xen[a-z_]*\.h|libxl[a-z_]*\.h|xentoollog\.h|_libxl[a-z_]*\.h|xen/.*'

includes() { # FOLDER...: "file<TAB>header" of every include
	find "$@" -name '*.[ch]' -exec grep -HE '^[[:space:]]*#[[:space:]]*include' {} + |
		sed -E 's/^([^:]*):.*[<"]([^>"]*)[>"].*/\1\t\2/'
}

# only FOLDER REGEX: every include there matches REGEX, or is a header beside the file. A folder after that is left out.
only() {
	local folder=$1 allowed=$2 file header
	while IFS=$'\t' read -r file header; do
		[ -z "${3-}" ] || [[ $file != "$3"* ]] || continue
		[ ! -e "$(dirname "$file")/$header" ] || continue
		if ! [[ $header =~ ^($allowed)$ ]]; then
			echo "$file includes <$header>, which $folder may not"
			faults=$((faults + 1))
		fi
	done < <(includes "$folder")
}

# never FOLDER REGEX: no include there matches REGEX. Files that match a third REGEX are left out.
never() {
	local file header
	while IFS=$'\t' read -r file header; do
		[ -z "${3-}" ] || ! [[ $file =~ ^($3) ]] || continue
		if [[ $header =~ ^($2)$ ]]; then
			echo "$file includes <$header>, which $1 may not"
			faults=$((faults + 1))
		fi
	done < <(includes "$1")
}

# pure LIBRARY: what it takes from outside is strings, numbers, memory and streams that it was handed.
pure() {
	local archive=$1 symbol
	[ -f "$archive" ] || fail "no $archive"
	while read -r symbol; do
		case $symbol in
		mm_* | json_* | mem* | str* | __str* | bcmp | snprintf | vsnprintf | qsort | bsearch | fnmatch) ;;
		malloc | calloc | realloc | reallocarray | free | abort) ;;
		inet_pton | htons | htonl | ntohs | ntohl) ;; # addresses are text, and numbers, too
		fprintf | fputs | fputc | putc | fwrite | ferror | fflush | open_memstream | fclose) ;;
		tolower | toupper) ;; # functions, with a sanitizer
		__errno_location | __assert_fail | __stack_chk_fail | __ctype_*_loc | __*_chk | __isoc*) ;;
		__asan_* | __ubsan_* | __sanitizer_* | __gcov_* | __sancov_* | llvm_gcda_* | llvm_gcov_*) ;;
		__*ti3 | _GLOBAL_OFFSET_TABLE_) ;; # 128-bit arithmetic of the compiler
		*)
			echo "${archive##*/} needs $symbol, which is not pure"
			faults=$((faults + 1))
			;;
		esac
	done < <(nm -u "$archive" | awk '$1 == "U" { print $2 }' | sort -u)
}

only src/core "($pure_headers)\.h|xenmm/($core_headers)"
never src "$xen_headers" 'src/(backend|vmi)/xen/'
only src/status "($pure_headers|time|jansson)\.h|xenmm/($core_headers)"
only src/vmi "($pure_headers|fcntl|unistd|sys/stat|bpf/btf|bpf/libbpf)\.h|vmi/[a-z_]+\.h|xenmm/($core_headers)" src/vmi/xen/
never src/probe 'xenmm/(backend|.*_private)\.h|event2/.*|jansson\.h|bpf/.*|vmi/(guest|virt|wanted)\.h'
never src/server 'xenmm/.*_private\.h'
never src/daemon 'xenmm/(backend|.*_private)\.h|event2/.*|microhttpd\.h|jansson\.h'
never src/web 'xenmm/.*_private\.h|xenmm/backend\.h'
never src/ctl 'xenmm/.*_private\.h|event2/.*'
never src/monitor 'xenmm/(backend|.*_private)\.h|vmi/(guest|virt|wanted)\.h'
never src/monitor 'event2/.*|curl/.*|microhttpd\.h' src/monitor/service/
only client "[a-z0-9_]+\.h|(sys|linux)/[a-z0-9_]+\.h|xenmm/(guest_proto|units)\.h|xenstore\.h"
never client 'libxl[a-z_]*\.h|xenctrl\.h|xenguest\.h|xenevtchn\.h|event2/.*'
never tests/unit "$xen_headers"
never tests/sim "$xen_headers"
never tests/fuzz "$xen_headers"
pure "$libraries/core/libxenmm_proto.a"
pure "$libraries/core/libxenmm_core.a"
pure "$libraries/monitor/libxenmm_look.a"
[ ! -e "$libraries/monitor/service" ] || pure "$libraries/monitor/service/libxenmm_gathered.a"
pure "$libraries/probe/libxenmm_wire.a"
pure "$libraries/status/libxenmm_status.a"
pure "$libraries/vmi/libxenmm_sample.a"
pure "$libraries/web/libxenmm_route.a"
[ "$faults" = 0 ] || fail "$faults steps over the rooms' borders"
echo "every room keeps to itself"
