#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The hook of libvirt's Xen driver, with a mmctl that writes down what it is asked.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

hook=$source_dir/scripts/libvirt-hook-libxl
export XENMM_HOOK_SETTINGS=$work/settings
cat >"$work/mmctl" <<'END'
#!/bin/sh
echo "$*" >>"${0%/*}/asked"
[ ! -e "${0%/*}/words" ] || cat "${0%/*}/words" >&2
exit "$(cat "${0%/*}/status")"
END
chmod +x "$work/mmctl"
echo "MMCTL=$work/mmctl" >"$work/settings"

call() { # STATUS XML ARGUMENT...
	local want=$1 status=0
	printf '%s\n' "$2" >"$work/xml"
	shift 2
	: >"$work/asked"
	# dash where it is there: the hook is for any sh
	"$(command -v dash || echo sh)" "$hook" "$@" <"$work/xml" >"$work/out" 2>"$work/err" || status=$?
	[ "$status" = "$want" ] || fail "status $status, not $want: $*"
	[ ! -s "$work/out" ] || fail "libvirt takes what it prints for XML"
}

asked() {
	[ "$(cat "$work/asked")" = "$1" ] || fail "asked '$(cat "$work/asked")', not '$1'"
}

xml="<domain type='xen' id='7'>
  <name>web</name>
  <memory unit='KiB'>1048576</memory>
  <currentMemory unit='KiB'>524288</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <description>&lt;memory&gt;5&lt;/memory&gt;</description>
</domain>"
echo 0 >"$work/status"
call 0 "$xml" web prepare begin -
asked "reserve 536576 --for web --wait 10 --hold 120" # 524288 + 2048 + 2 * 1024 + 1048576 / 128
call 0 "$xml" web started begin -
asked "release --for web"
call 0 "$xml" web release end -
asked "release --for web"
for operation in start stopped migrate restore reconnect; do
	call 0 "$xml" web "$operation" begin -
	asked ""
done

# Other units and forms.
call 0 "<domain><memory unit='GiB'>1</memory><vcpu>1</vcpu></domain>" db prepare begin -
asked "reserve 1059840 --for db --wait 10 --hold 120"
call 0 "<domain><memory>65536</memory></domain>" db prepare begin -
asked "reserve 69120 --for db --wait 10 --hold 120"
call 0 "<domain><memory dumpCore='off' unit=\"MiB\"> 64 </memory></domain>" db prepare begin -
asked "reserve 69120 --for db --wait 10 --hold 120"
call 1 "<domain/>" db prepare begin -
one_line "no <memory> in the description of db"
asked ""

# The memory cannot be had: the guest does not start, and libvirt shows what mmctl says.
echo 1 >"$work/status"
echo "mmctl reserve: 1G could not be had" >"$work/words"
call 1 "$xml" web prepare begin -
one_line "1G could not be had"
call 0 "$xml" web release end - # nothing was there to release
[ ! -s "$work/err" ] || fail "it complains when there is nothing to release"
# No server: guests start as ever.
echo 3 >"$work/status"
call 0 "$xml" web prepare begin -
# Settings.
printf 'WAIT=3\nHOLD=30\n' >>"$work/settings"
call 0 "$xml" web prepare begin -
asked "reserve 536576 --for web --wait 3 --hold 30"
call 2 "" web
one_line usage
echo "libvirt's hook reserves and releases"
