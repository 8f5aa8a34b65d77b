# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The lab's images: which Debian packages they are made of, where these are cached, and how dom0's and the guests' initial
# ramdisks are put together. Sourced by ./lab. Booting them is qemu.sh's part.
#
# The cache ($CACHE) holds
#   pkg-<key>/       unpacked packages, hypervisor and kernel; the key is made from package names and versions
#   images-<key>/    ramdisks; the key is made from the packages, the host's libraries and the lab's own sources
#   *.part.<pid>/    something being made: never used, removed by the next build
# Both kinds of folder are made under another name and renamed when whole, so an interrupted build leaves nothing that
# looks finished. lock serialises builds.

# What the lab runs on this machine, and what its programs are linked with.
HOST_PACKAGES=(qemu-system-x86 busybox-static cpio gcc libc6-dev libxen-dev libyajl2 libuuid1 zlib1g liblzma5 libzstd1 xz-utils)
NEEDED_MIB=1500 # 0.5 GB in use afterwards, as much again while it is being replaced, and apt's own

XENSTORE_COMMANDS=(read write list ls rm exists watch chmod)
DOM0_MODULES=(xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs virtio_pci virtio_blk virtio_net 9pnet_virtio 9p loop xen-blkback)
GUEST_MODULES=(xen-evtchn xen-privcmd xenfs zsmalloc zram xen-blkfront)

say() { echo "lab: $*" >&2; }

# die MESSAGE: the lab cannot be made or used on this machine; ./lab turns the status into a test's skip.
CANNOT=77
die() {
    say "$*"
    exit "$CANNOT"
}

# broken MESSAGE: the lab could be had here, but something went wrong with it.
broken() {
    say "$*"
    exit 1
}

# ---- packages

is_installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

install_packages() { # NAME...
    local name missing=()
    command -v dpkg-query >/dev/null || die "needs apt and dpkg (Debian 12)"
    for name; do is_installed "$name" || missing+=("$name"); done
    [ ${#missing[@]} != 0 ] || return 0
    [ "$(id -u)" = 0 ] || die "needs root to install: ${missing[*]} (or run: apt-get install ${missing[*]})"
    say "apt-get install ${missing[*]}"
    update_lists
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$CACHE/apt.log" 2>&1 ||
        die "apt-get install failed (no network?): $(grep -m1 '^E:' "$CACHE/apt.log" || tail -n 1 "$CACHE/apt.log")"
}

update_lists() {
    [ "$(id -u)" = 0 ] || return 0
    apt-get update -qq >"$CACHE/apt.log" 2>&1 || say "apt-get update failed, going on with the package lists at hand"
}

# The archive's Xen version ("4.17"); it is part of package names and of paths.
xen_version() { apt-cache depends xen-system-amd64 2>/dev/null | sed -n 's/.*Depends: xen-hypervisor-\([0-9.]*\)-amd64.*/\1/p' | head -n 1; }

# "name=version" of everything that is downloaded and unpacked, never installed.
wanted_packages() {
    local xen kernel name
    xen=$(xen_version)
    kernel=$(apt-cache depends linux-image-amd64 2>/dev/null | awk '/Depends:/ { print $2; exit }')
    [ -n "$xen" ] && [ -n "$kernel" ] || return 1
    for name in "xen-hypervisor-$xen-amd64" "xen-utils-$xen" xen-utils-common xenstore-utils "$kernel"; do
        echo "$name=$(apt-cache policy "$name" | awk '/Candidate:/ { print $2 }')"
    done
}

download() { # DIR NAME=VERSION...
    local dir=$1
    shift
    # apt drops its privileges for downloads and warns when it cannot write here; as root that is harmless.
    (cd "$dir" && apt-get download -qq "$@") >"$CACHE/apt.log" 2>&1
}

need_space() {
    local free
    free=$(df -Pm "$CACHE" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$NEEDED_MIB" ] || die "needs $NEEDED_MIB MiB of disk space at $CACHE, there are $free (XENMM_LAB_CACHE names another place)"
}

# xz in the emulator would cost seconds at every boot and every xl create, so the kernel is unpacked here.
unpack_kernel() { # VMLINUZ OUT
    local offset
    offset=$(LC_ALL=C grep -abo -m1 -P '\xfd7zXZ\x00' "$1" | head -n 1 | cut -d: -f1)
    [ -z "$offset" ] || tail -c +$((offset + 1)) "$1" | xz -dc --single-stream >"$2" 2>/dev/null || true
    [ "$(head -c 4 "$2" 2>/dev/null | tail -c 3)" = ELF ] || cp "$1" "$2"
}

# Makes $CACHE/pkg-<key> and points $CACHE/pkg at it. Package lists that are older than the archive name versions it no longer
# has, so a failure is tried once more with fresh lists.
fetch_packages() { # [refresh]
    if [ "${1:-}" != refresh ] && [ -e "$CACHE/pkg/complete" ]; then return; fi
    fetch_listed && return
    update_lists
    fetch_listed || die "$REASON"
}

fetch_listed() {
    local list key part
    REASON="no xen-system-amd64 or linux-image-amd64 in apt's package lists (no network, or not Debian?)"
    list=$(wanted_packages) || return 1
    key=$(sha256sum <<<"$list" | cut -c1-12)
    if [ ! -e "$CACHE/pkg-$key/complete" ]; then
        need_space
        part=$CACHE/pkg-$key.part.$$
        mkdir -p "$part/debs"
        say "downloading: ${list//$'\n'/ }"
        # shellcheck disable=SC2086 # one word a package
        download "$part/debs" $list || {
            REASON="cannot download Debian packages (no network?): $(grep -m1 '^E:' "$CACHE/apt.log")"
            return 1
        }
        unpack_packages "$part"
        echo "$list" >"$part/complete"
        rm -rf "$CACHE/pkg-$key"
        mv "$part" "$CACHE/pkg-$key"
    fi
    ln -sfn "pkg-$key" "$CACHE/pkg"
}

unpack_packages() { # PART
    local deb
    for deb in "$1"/debs/*.deb; do dpkg -x "$deb" "$1/root" || broken "cannot unpack $deb"; done
    rm -rf "$1/debs"
    zcat "$1"/root/boot/xen-*-amd64.gz >"$1/xen" || broken "cannot unpack the hypervisor"
    unpack_kernel "$(echo "$1"/root/boot/vmlinuz-*)" "$1/vmlinux"
}

# ---- ramdisks

# Copies files (SRC or SRC=DEST) and the shared libraries they need into a root.
put() { # ROOT FILE...
    local root=$1 file src dest lib
    shift
    for file; do
        src=${file%%=*} dest=${file#*=}
        mkdir -p "$root/$(dirname "$dest")"
        cp -L "$src" "$root/$dest" || broken "cannot copy $src"
        for lib in $(ldd "$src" 2>/dev/null | grep -o '/[^ ]*' || true); do
            [ -e "$root/$lib" ] || {
                mkdir -p "$root/$(dirname "$lib")"
                cp -L "$lib" "$root/$lib" || broken "cannot copy $lib"
            }
        done
    done
}

# Copies kernel modules and what they depend on; /mod/list has them in load order.
put_modules() { # ROOT NAME...
    local root=$1 name
    shift
    mkdir -p "$root/mod"
    touch "$root/mod/list"
    for name; do put_module "$root" "$name"; done
}

put_module() { # ROOT NAME
    local file pattern dep
    pattern=${2//[-_]/[-_]}
    ! grep -qx "$pattern" "$1/mod/list" || return 0
    file=$(find "$PKG/root/lib/modules" -name "$pattern.ko" | head -n 1)
    [ -n "$file" ] || return 0 # built into this kernel
    for dep in $(grep -a -z -o '^depends=.*' "$file" | tr -d '\0' | sed 's/^depends=//; s/,/ /g'); do put_module "$1" "$dep"; done
    cp "$file" "$1/mod/"
    basename "$file" .ko >>"$1/mod/list"
}

pack() { (cd "$1" && find . | cpio -o -H newc --quiet -R 0:0) >"$2" || broken "cannot write $2"; }

compile() { # OUT SOURCE LIBRARY...
    local out=$1 src=$2
    shift 2
    gcc -D_GNU_SOURCE -O1 -Wall -Wextra -o "$out" "$src" "$@" || broken "cannot compile $src"
}

base_root() { # ROOT: busybox and the xenstore commands, the same in dom0 and guests
    local command
    mkdir -p "$1"/{bin,sbin,usr/bin,usr/sbin,dev,proc,sys,run,tmp,etc,mnt,var/lock,var/log}
    ln -s /run "$1/var/run"
    put "$1" /bin/busybox "$PKG/root/usr/bin/xenstore=/bin/xenstore"
    for command in "${XENSTORE_COMMANDS[@]}"; do ln -s xenstore "$1/bin/xenstore-$command"; done
    echo 'root:x:0:0:root:/:/bin/sh' >"$1/etc/passwd"
}

guest_root() { # ROOT
    local name
    base_root "$1"
    put "$1" "$LIBDIR/libxenstore.so.4"
    put_modules "$1" "${GUEST_MODULES[@]}"
    for name in agent flood liar; do compile "$1/bin/$name" "$LAB/guest/$name.c" -lxenstore; done
    for name in hog memlog; do compile "$1/bin/$name" "$LAB/guest/$name.c" -static; done
    compile "$1/bin/crowd" "$LAB/../vmi/inside/crowd.c" -static
    for name in poweroff reboot; do # what the kernel runs for xl shutdown and xl reboot
        printf '#!/bin/busybox sh\nsync\nexec /bin/busybox %s -f\n' "$name" >"$1/sbin/$name"
        chmod 755 "$1/sbin/$name"
    done
    install -m 755 "$LAB/guest/init" "$1/init"
}

dom0_root() { # ROOT
    local name xen bin
    xen=$(basename "$(echo "$PKG"/root/usr/lib/xen-[0-9]*)")
    bin=/usr/lib/$xen/bin
    base_root "$1"
    mkdir -p "$1"/{share,etc/xen/scripts,var/lib/xen/dump,var/lib/xenstored,var/log/xen/console}
    for name in xl xenstored oxenstored xenconsoled xenconsole xen-init-dom0 libxl-save-helper xenstore-control xen-lowmemd; do
        put "$1" "$PKG/root$bin/$name=$bin/$name"
        ln -sf "$bin/$name" "$1/bin/$name"
    done
    for name in libxenstore.so.4 "libxenctrl.so.${xen#xen-}" "libxenlight.so.${xen#xen-}" libxenevtchn.so.1 libxentoollog.so.1 libm.so.6; do
        put "$1" "$LIBDIR/$name"
    done
    put "$1" "$LIBDIR/libgcc_s.so.1" # loaded by name when xl cancels a thread; without it xl create aborts
    put_modules "$1" "${DOM0_MODULES[@]}"
    for name in gx wire; do compile "$1/bin/$name" "$LAB/dom0/$name.c" -lxenstore; done
    compile "$1/bin/get" "$LAB/dom0/get.c"
    for name in dom await hostlog; do compile "$1/bin/$name" "$LAB/dom0/$name.c" -lxenstore -lxenctrl; done
    cp "$LAB/dom0/lib.sh" "$LAB/dom0/burst.sh" "$1/"
    cp "$LAB/../vmi/compare.awk" "$1/compare.awk"
    printf 'autoballoon="off"\n' >"$1/etc/xen/xl.conf"
    cp "$PKG/root/etc/xen/oxenstored.conf" "$1/etc/xen/"
    install -m 755 "$LAB/dom0/block-hotplug" "$1/etc/xen/scripts/block-hotplug"
    install -m 755 "$LAB/dom0/init" "$1/init"
}

image_key() {
    {
        cat "$PKG/complete" "$LAB/images.sh"
        find "$LAB/dom0" "$LAB/guest" "$LAB/../vmi/inside" "$LAB/../vmi/compare.awk" -type f | LC_ALL=C sort | xargs cat
        dpkg-query -W -f='${Package} ${Version}\n' "${HOST_PACKAGES[@]}"
    } | sha256sum | cut -c1-12
}

# Sets IMAGES to a folder with finished images, making them when the lab's sources or packages have changed.
make_images() {
    local part start=$SECONDS
    PKG=$(readlink -f "$CACHE/pkg")
    LIBDIR=/usr/lib/$(gcc -print-multiarch)
    IMAGES=$CACHE/images-$(image_key)
    [ ! -e "$IMAGES/complete" ] || return 0
    need_space
    part=$IMAGES.part.$$
    mkdir -p "$part"
    guest_root "$part/guest"
    dom0_root "$part/dom0"
    pack "$part/guest" "$part/guest.cpio"
    pack "$part/dom0" "$part/dom0.cpio"
    rm -rf "$part/guest" "$part/dom0"
    ln "$PKG/xen" "$PKG/vmlinux" "$part/" || broken "cannot link the kernel"
    : >"$part/complete"
    rm -rf "$IMAGES"
    mv "$part" "$IMAGES"
    say "images made in $((SECONDS - start)) s from $(tail -n 1 "$PKG/complete")"
}

# Removes what nobody uses: half-made folders, images of older sources (a run holds a shared lock on its own), older packages.
prune_cache() {
    local dir
    rm -rf "$CACHE"/*.part.*
    # Of a driver that was killed; a run takes minutes.
    find "$CACHE" -maxdepth 1 -name 'run.*' -mmin +1440 -exec rm -rf {} +
    for dir in "$CACHE"/images-*; do
        [ "$dir" != "$IMAGES" ] || continue
        flock -n -x "$dir" rm -rf "$dir" || true
    done
    for dir in "$CACHE"/pkg-*; do
        [ "$dir" = "$PKG" ] || rm -rf "$dir"
    done
}

# Everything up to date, one build at a time. "refresh" asks the archive for newer packages first.
build_lab() { # [refresh]
    [ "$(uname -m)" = x86_64 ] || die "needs an x86-64 machine"
    mkdir -p "$CACHE" || die "cannot make $CACHE"
    exec 8>"$CACHE/lock"
    flock -n 8 || {
        say "waiting for another build"
        flock 8
    }
    install_packages "${HOST_PACKAGES[@]}"
    [ "${1:-}" != refresh ] || update_lists
    fetch_packages "${1:-}"
    make_images
    prune_cache
    # Held until this run ends, and taken before the build lock goes: prune_cache of a later build leaves these images be.
    exec 9<"$IMAGES"
    flock -s 9
    exec 8>&-
}
