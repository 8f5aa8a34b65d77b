#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the RPM packages and looks into them: the files, the configuration file, what they require, and that
# the programs in them run; and installs a newer version over what an administrator has edited.
set -euo pipefail
# shellcheck source=tests/packages/lib.sh
. "$(dirname "$0")/lib.sh"

has_file() { # PACKAGE PATH
	grep -x "$2" <<<"$(rpm -qpl "$1" 2>/dev/null)" >/dev/null || fail "${1##*/} has no $2"
}

command -v rpmbuild >/dev/null || skip "rpmbuild is not installed"
command -v rpm2cpio >/dev/null || skip "rpm2cpio is not installed"
command -v cpio >/dev/null || skip "cpio is not installed"
build_packages RPM
server=$(find "$work/packages" -name 'xenmm-server-[0-9]*.rpm')
client=$(find "$work/packages" -name 'xenmm-client-[0-9]*.rpm')
monitor=$(find "$work/packages" -name 'xenmm-monitor-[0-9]*.rpm')
[ -f "$server" ] && [ -f "$client" ] && [ -f "$monitor" ] || fail "not one package each for server, monitor and client"
has_file "$server" /usr/sbin/mmserver
has_file "$server" /usr/sbin/mmctl
has_file "$server" '/usr/share/man/man8/mmctl.8.*'
has_file "$server" /usr/lib/systemd/system/mmserver.service
has_file "$server" '/usr/share/man/man8/mmserver.8.*'
has_file "$client" /usr/sbin/mmclient
has_file "$client" /usr/lib/systemd/system/mmclientd.service
has_file "$client" /etc/init.d/mmclientd
has_file "$client" '/usr/share/man/man8/mmclient.8.*'
has_file "$server" '/usr/share/man/man5/mmserver.conf.5.*'
has_file "$server" '/usr/share/man/man5/xenmm-api.5.*'
has_file "$server" '/usr/share/man/man5/xenmm-datalog.5.*'
has_file "$server" /usr/share/bash-completion/completions/mmctl
has_file "$server" /usr/share/bash-completion/completions/mmserver
has_file "$client" /usr/share/bash-completion/completions/mmclient
has_file "$server" /usr/share/xenmm/xenmm-api.schema.json
has_file "$server" /usr/share/xenmm/prometheus/xenmm-alerts.yml
has_file "$server" /usr/share/xenmm/grafana/xenmm.json
has_file "$monitor" /usr/sbin/mmps
has_file "$monitor" /usr/sbin/mmmon
has_file "$monitor" /usr/libexec/xenmm/mmprobe
has_file "$monitor" /usr/lib/systemd/system/mmmon.service
has_file "$monitor" /usr/lib/systemd/system/mmmon-controller.service
has_file "$monitor" '/usr/share/man/man8/mmps.8.*'
has_file "$monitor" /usr/share/bash-completion/completions/mmps
for library in libbpf libseccomp libcurl; do
	[[ $(rpm -qp --requires "$monitor" 2>/dev/null) = *$library* ]] || fail "xenmm-monitor does not require $library"
done
[[ $(rpm -qp --requires "$server" 2>/dev/null) != *libbpf* ]] || fail "xenmm-server requires libbpf: only mmprobe may parse what a guest holds"
[[ $(rpm -qp --recommends "$server" 2>/dev/null) = *xenmm-monitor* ]] || fail "xenmm-server does not recommend xenmm-monitor"
for file in /etc/default/mmmon /etc/xenmm/mmmon.conf /etc/xenmm/mmmon-controller.conf; do
	grep -x "$file" <<<"$(rpm -qpc "$monitor" 2>/dev/null)" >/dev/null || fail "$file is no configuration file"
done
for library in libmicrohttpd libncursesw; do
	[[ $(rpm -qp --requires "$server" 2>/dev/null) = *$library* ]] || fail "xenmm-server does not require $library"
done
for file in /etc/default/mmserver /etc/xenmm/mmserver.conf; do
	grep -x "$file" <<<"$(rpm -qpc "$server" 2>/dev/null)" >/dev/null || fail "$file is no configuration file"
done
requires=$(rpm -qp --requires "$client" 2>/dev/null)
[[ $requires = *libxenstore* ]] || fail "xenmm-client does not require libxenstore"
if [[ $requires = *libevent* ]] || [[ $requires = *libinih* ]] || [[ $requires = *libjansson* ]] || [[ $requires = *libxenlight* ]]; then
	fail "xenmm-client requires more than libxenstore"
fi
for package in "$server" "$monitor" "$client"; do
	mkdir -p "$work/root"
	rpm2cpio "$package" | (cd "$work/root" && cpio --quiet -idm)
done
"$work/root/usr/sbin/mmserver" --version
"$work/root/usr/sbin/mmclient" --version
"$work/root/usr/sbin/mmps" --version
"$work/root/usr/sbin/mmmon" --version
"$work/root/usr/libexec/xenmm/mmprobe" --version

# The same source as a newer release, with one more line in a configuration file.
build_next() {
	mkdir "$work/next"
	tar -C "$source_dir" --exclude='./build*' --exclude='./xenmm-run-*' --exclude=./.git -cf - . | tar -C "$work/next" -xf -
	sed -i 's/^Release: .*/Release:        2/' "$work/next/rpm/xenmm.spec"
	echo '# a line of the newer package' >>"$work/next/scripts/mmserver.default"
	"$work/next/scripts/package" --rpm --output "$work/next-packages" >"$work/build.log" 2>&1 || {
		tail -n 40 "$work/build.log"
		fail "a newer release does not build"
	}
}

# No scripts and no dependencies: there is no system around it.
rpm_in_root() {
	rpm --root "$work/system" --nodeps --noscripts "$@" 2>"$work/err" || {
		cat "$work/err"
		fail "rpm $*"
	}
}

[ "$(id -u)" = 0 ] || skip "upgrading is not tried: it needs root"
build_next
mkdir "$work/system"
rpm_in_root -i "$server"
echo 'MMSERVER_ARGS="--reserve 300M"' >>"$work/system/etc/default/mmserver"
echo 'reserve = 300M' >>"$work/system/etc/xenmm/mmserver.conf"
cp "$work/system/etc/default/mmserver" "$work/system/etc/xenmm/mmserver.conf" "$work/"
rpm_in_root -U "$work"/next-packages/xenmm-server-*.rpm
[[ $(rpm --root "$work/system" -q xenmm-server) = xenmm-server-*-2.* ]] || fail "not upgraded"
cmp "$work/mmserver" "$work/system/etc/default/mmserver" || fail "/etc/default/mmserver is not as it was left"
cmp "$work/mmserver.conf" "$work/system/etc/xenmm/mmserver.conf" || fail "/etc/xenmm/mmserver.conf is not as it was left"
grep -qx '# a line of the newer package' "$work/system/etc/default/mmserver.rpmnew" || fail "the package's own file is not beside the edited one"
echo "all packages are complete, and what was edited outlives a newer one"
