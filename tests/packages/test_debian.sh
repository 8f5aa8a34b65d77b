#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the Debian packages as the README says, checks them with lintian, installs them in a clean Debian 12, starts what can be
# started there, and purges them: nothing may stay behind.
set -euo pipefail
# shellcheck source=tests/packages/lib.sh
. "$(dirname "$0")/lib.sh"

check_lintian() {
	echo "--- lintian"
	lintian --fail-on error --allow-root "$work"/packages/*.deb || fail "lintian found errors"
}

# Everything in the root that is ours, but for what dpkg and apt note down about any package.
list_ours() {
	find "$root" -xdev \( -path "$root/tmp" -o -path "$root/var/cache" -o -path "$root/var/lib/apt" \
		-o -path "$root/proc" \) -prune -o \
		\( -name '*xenmm*' -o -name '*mmserver*' -o -name '*mmclient*' \
		-o -name 'mmps*' -o -name 'mmmon*' -o -name 'mmprobe*' \) -print
}

install_packages() {
	echo "--- installing"
	cp "$work"/packages/xenmm-{server,monitor,client}_*.deb "$root/tmp/"
	in_root "$root" sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends man-db systemd \
		/tmp/xenmm-*.deb' \
		>"$work/log" 2>&1 || {
		tail -n 30 "$work/log"
		fail "the packages do not install"
	}
	[ "$(list_ours | wc -l)" -gt 10 ] || fail "nothing of ours is installed"
}

check_server() {
	echo "--- mmserver"
	in_root "$root" mmserver --version || fail "mmserver does not start"
	in_root "$root" mmctl --version || fail "mmctl does not start"
	in_root "$root" mmserver --backend sim --once --log-dir /tmp || fail "mmserver does not run the simulator"
	local status=0
	in_root "$root" mmserver --once >"$work/out" 2>&1 || status=$?
	cat "$work/out"
	[ "$status" = 1 ] || fail "mmserver without Xen ended with $status, not 1"
	[ "$(wc -l <"$work/out")" = 1 ] || fail "mmserver without Xen said more or less than one line"
	in_root "$root" sh -c 'man mmserver | grep -- --budget >/dev/null' || fail "no man page mmserver"
	local file
	for file in /etc/default/mmserver /etc/xenmm/mmserver.conf; do
		[ -f "$root$file" ] || fail "no $file"
		[[ $(in_root "$root" dpkg-query -W -f '${Conffiles}' xenmm-server) = *" $file "* ]] || fail "$file is no conffile"
	done
	in_root "$root" mmserver --check-config | grep -x '/etc/xenmm/mmserver.conf: understood, 0 sections for guests' ||
		fail "mmserver does not take the configuration file that comes with it"
	in_root "$root" sh -c 'man mmserver.conf | grep -- burst-pool >/dev/null' || fail "no man page mmserver.conf"
	in_root "$root" sh -c 'man xenmm-api | grep -- /api/v1/status >/dev/null' || fail "no man page xenmm-api"
	for file in xenmm-api.schema.json prometheus/xenmm-alerts.yml grafana/xenmm.json; do
		[ -s "$root/usr/share/xenmm/$file" ] || fail "no /usr/share/xenmm/$file"
	done
	for file in mmctl mmserver mmclient; do
		in_root "$root" bash -n "/usr/share/bash-completion/completions/$file" || fail "no completion for $file"
	done
	in_root "$root" sh -c 'TERM=dumb mmctl top --help >/dev/null' || fail "mmctl top does not start"
}

check_monitor() {
	echo "--- mmps, mmmon"
	local status=0 file
	in_root "$root" mmps --version || fail "mmps does not start"
	in_root "$root" mmmon --version || fail "mmmon does not start"
	in_root "$root" /usr/libexec/xenmm/mmprobe --version || fail "mmprobe does not start"
	in_root "$root" mmmon --check-config || fail "mmmon does not take the configuration file that comes with it"
	in_root "$root" mmmon --controller --check-config || fail "mmmon --controller does not take the configuration file that comes with it"
	for file in /etc/default/mmmon /etc/xenmm/mmmon.conf /etc/xenmm/mmmon-controller.conf; do
		[[ $(in_root "$root" dpkg-query -W -f '${Conffiles}' xenmm-monitor) = *" $file "* ]] || fail "$file is no conffile"
	done
	# A memory without a kernel: mmps finds mmprobe where it is installed, and that can lock itself up.
	truncate -s 64M "$root/tmp/memory"
	in_root "$root" mmps --memory /tmp/memory >"$work/out" 2>&1 || status=$?
	cat "$work/out"
	[ "$status" != 0 ] || fail "mmps sees processes in an empty memory"
	grep -q 'not-booted' "$work/out" || fail "mmps does not say that no kernel is up in that memory"
	in_root "$root" sh -c 'man mmps | grep -- --memory >/dev/null' || fail "no man page mmps"
	in_root "$root" sh -c 'man mmprobe >/dev/null' || fail "no man page mmprobe"
	in_root "$root" bash -n /usr/share/bash-completion/completions/mmps || fail "no completion for mmps"
	[[ $(dpkg-deb -f "$work"/packages/xenmm-server_*.deb Recommends) = *xenmm-monitor* ]] || fail "xenmm-server does not recommend xenmm-monitor"
}

# ask PATH [HEADER]: an answer of the mmserver that runs in the root, head and all.
ask() {
	exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
	printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n%s\r\n\r\n' "$1" "${2:-Accept: */*}" >&3
	cat <&3
	exec 3>&-
}

# The page is in the program: nothing else is installed for it.
check_endpoint() {
	echo "--- endpoint"
	port=$((20000 + RANDOM % 12000))
	local tries=100 pid
	in_root "$root" mmserver --backend sim --pace real --log-dir /tmp --http "127.0.0.1:$port" >/dev/null 2>"$work/err" &
	pid=$!
	until (ask /) >"$work/out" 2>/dev/null; do
		[ $((tries -= 1)) -gt 0 ] && kill -0 $pid || fail "no endpoint: $(cat "$work/err")"
		sleep 0.1
	done
	tail -n 1 "$work/out" | grep -E '^\[\[[0-9]+,' || fail "not the first xenmm's JSON"
	ask / 'Accept: text/html' >"$work/out"
	grep -qi '<!doctype html' "$work/out" || fail "no page"
	grep -oE '"page/[^"]+' "$work/out" | tr '"' / | sort -u >"$work/files"
	[ -s "$work/files" ] || fail "a page without files"
	while read -r file; do
		ask "$file" >"$work/out"
		head -n 1 "$work/out" | grep -q ' 200 ' || fail "$file is not there"
	done <"$work/files"
	ask /metrics >"$work/out"
	grep -q '^xenmm_build_info' "$work/out" || fail "no metrics"
	kill $pid
	wait $pid || true
}

check_client() {
	echo "--- mmclient"
	in_root "$root" mmclient --version || fail "mmclient does not start"
	in_root "$root" mmclient --dry-run --once || fail "mmclient --dry-run failed"
	in_root "$root" sh -c 'man mmclient | grep -- --interval >/dev/null' || fail "no man page mmclient"
	local status=0
	in_root "$root" service mmclientd start >"$work/out" 2>&1 || status=$?
	cat "$work/out"
	[ "$status" != 0 ] || fail "mmclientd claims to run where there is no Xen"
	grep -qi xen "$work/out" || fail "mmclientd does not say that this is no Xen guest"
	in_root "$root" service mmclientd status && fail "mmclientd status claims that it runs"
	in_root "$root" service mmclientd stop || fail "mmclientd stop failed"
}

check_units() {
	echo "--- units"
	local unit
	local -A enabled=([mmserver]=disabled [mmmon]=disabled [mmmon-controller]=disabled [mmclientd]=enabled) # the administrator says when guests begin to be moved
	for unit in mmserver mmmon mmmon-controller mmclientd; do
		[ "$(in_root "$root" systemctl is-enabled "$unit")" = "${enabled[$unit]}" ] || fail "$unit is not ${enabled[$unit]}"
		in_root "$root" systemd-analyze verify --man=no "$unit.service" >"$work/verify" 2>&1 || true
		[ ! -s "$work/verify" ] || {
			cat "$work/verify"
			fail "systemd has remarks on $unit.service"
		}
		# 0 is all locked up, 10 is all open; services of root without any of this have 9.6.
		in_root "$root" systemd-analyze security --offline=yes --threshold=40 --no-pager "$unit.service" \
			>"$work/security" || {
			tail -n 60 "$work/security"
			fail "$unit.service is less hardened than it was"
		}
		tail -n 1 "$work/security"
	done
}

# next_version VERSION [FILE LINE]: the server's package as that version, with one more line in a file of it.
next_version() {
	local tree="$work/next"
	rm -rf "$tree"
	dpkg-deb -R "$work"/packages/xenmm-server_*.deb "$tree"
	sed -i "s/^Version: .*/Version: $1/" "$tree/DEBIAN/control"
	[ $# = 1 ] || echo "$3" >>"$tree$2"
	dpkg-deb -b "$tree" "$root/tmp/next.deb" >/dev/null
}

# What the administrator wrote outlives newer packages, also when the files in these have changed.
check_upgrade() {
	echo "--- upgrading"
	echo 'MMSERVER_ARGS="--reserve 300M"' >>"$root/etc/default/mmserver"
	printf '\n[guest db-*]\nmin = 300M\n' >>"$root/etc/xenmm/mmserver.conf"
	cp "$root/etc/default/mmserver" "$root/etc/xenmm/mmserver.conf" "$work/"
	next_version 99.1
	in_root "$root" apt-get install -y -qq /tmp/next.deb </dev/null >"$work/log" 2>&1 || {
		tail -n 30 "$work/log"
		fail "a newer package asks, or does not install"
	}
	kept_edits
	next_version 99.2 /etc/default/mmserver '# a line of the newer package'
	in_root "$root" apt-get install -y -qq -o Dpkg::Options::=--force-confold /tmp/next.deb </dev/null >"$work/log" 2>&1 || {
		tail -n 30 "$work/log"
		fail "a newer package with another /etc/default/mmserver does not install"
	}
	kept_edits
	grep -qx '# a line of the newer package' "$root/etc/default/mmserver.dpkg-dist" || fail "the package's own file is not beside the edited one"
	[ "$(in_root "$root" dpkg-query -W -f '${Version}' xenmm-server)" = 99.2 ] || fail "not upgraded"
	in_root "$root" mmserver --check-config | grep -x '/etc/xenmm/mmserver.conf: understood, 1 section for guests' ||
		fail "the edited file is not understood"
}

kept_edits() {
	cmp "$work/mmserver" "$root/etc/default/mmserver" || fail "/etc/default/mmserver is not as it was left"
	cmp "$work/mmserver.conf" "$root/etc/xenmm/mmserver.conf" || fail "/etc/xenmm/mmserver.conf is not as it was left"
}

purge_packages() {
	echo "--- purging"
	in_root "$root" sh -c 'mkdir -p /var/log/xenmm && touch /var/log/xenmm/log'
	in_root "$root" dpkg --purge xenmm-server xenmm-monitor xenmm-client || fail "the packages do not go"
	list_ours >"$work/after"
	[ ! -s "$work/after" ] || {
		cat "$work/after"
		fail "purging leaves files behind"
	}
}

need_root dpkg-buildpackage dh lintian debootstrap
build_packages DEB
check_lintian
root="$work/root"
bare_root "$root"
install_packages
check_server
check_endpoint
check_monitor
check_client
check_units
check_upgrade
purge_packages
echo "installed, started, upgraded, purged"
