# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What the bench's guests are made of: kernels as Debian ships them, unpacked and never installed, and a ramdisk with
# busybox and the programs in inside/. Sourced by ./guest, after the lab's images.sh whose tools it uses.
#
# The cache ($CACHE) holds
#   kernel-<series>/   vmlinuz, brd.ko and "complete", which names the package and its version
#   ramdisk-<key>.cpio the key is made from the sources in inside/ and the kernels' modules
# Both are made under another name and renamed when whole.

# Where each series is found: Debian 12 itself, its backports, Debian 11.
declare -A SUITE_OF=([6.1]=bookworm [6.12]=bookworm-backports [5.10]=bullseye)
BENCH_PACKAGES=(qemu-system-x86 busybox-static cpio gcc libc6-dev xz-utils)

# The mirror of Debian 12 that this machine's apt uses.
debian_mirror() {
    apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT) $(CREATED_BY)' |
        awk '$4 == "Packages" && $2 == "bookworm" && $3 == "main" { print $1; exit }'
}

# apt with package lists of its own, so that this machine's sources stay as they are.
apt_aside() { # DIR COMMAND ARGUMENT...
    local dir=$1 command=$2
    shift 2
    "$command" -o "Dir::Etc::SourceList=$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache" -o Acquire::Languages=none "$@"
}

# The newest kernel package of a series among the lists in DIR; neither cloud, real-time nor debugging variants.
newest_package() { # DIR SERIES
    apt_aside "$1" apt-cache pkgnames "linux-image-$2." | grep -E "^linux-image-${2//./\\.}\.[0-9.-]+(\+deb[0-9.]+)?-amd64\$" |
        sort -V | tail -n 1
}

fetch_kernel() { # SERIES DIR
    local suite=${SUITE_OF[$1]} mirror package deb
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || die "apt on this machine knows no mirror of Debian 12"
    mkdir -p "$2/apt/lists/partial" "$2/apt/cache/archives/partial"
    echo "deb $mirror $suite main" >"$2/apt/sources.list"
    apt_aside "$2/apt" apt-get update -qq >"$CACHE/apt.log" 2>&1 || die "no package lists of $suite (no network?): $(tail -n 1 "$CACHE/apt.log")"
    package=$(newest_package "$2/apt" "$1")
    [ -n "$package" ] || die "$suite has no kernel of the series $1"
    say "downloading $package"
    (cd "$2" && apt_aside "$2/apt" apt-get download -qq "$package") >"$CACHE/apt.log" 2>&1 ||
        die "cannot download $package: $(grep -m1 '^E:' "$CACHE/apt.log")"
    deb=$(echo "$2"/*.deb)
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$2" --wildcards './boot/vmlinuz-*' '*/brd.ko*' || broken "cannot unpack $deb"
    mv "$2"/boot/vmlinuz-* "$2/vmlinuz"
    find "$2/lib" "$2/usr" -name 'brd.ko*' -exec mv {} "$2" \; 2>/dev/null
    [ ! -e "$2/brd.ko.xz" ] || xz -d "$2/brd.ko.xz"
    [ -s "$2/brd.ko" ] || broken "$package has no module brd"
    basename "$deb" .deb >"$2/complete"
    rm -rf "${2:?}"/{apt,boot,lib,usr} "$2"/*.deb
}

# Makes $CACHE/kernel-SERIES unless it is there.
need_kernel() { # SERIES
    local dir=$CACHE/kernel-$1 part=$CACHE/kernel-$1.part.$$
    [ -n "${SUITE_OF[$1]:-}" ] || die "no kernel series $1 (known: ${!SUITE_OF[*]})"
    [ ! -e "$dir/complete" ] || return 0
    rm -rf "$part"
    mkdir -p "$part"
    fetch_kernel "$1" "$part"
    rm -rf "$dir"
    mv "$part" "$dir"
}

ramdisk_key() {
    {
        cat "$BENCH/images.sh" "$BENCH"/inside/* "$LAB/guest/hog.c" "$CACHE"/kernel-*/complete
        dpkg-query -W -f='${Package} ${Version}\n' "${BENCH_PACKAGES[@]}"
    } | sha256sum | cut -c1-12
}

# Sets RAMDISK, making it when its sources have changed.
need_ramdisk() {
    local root name kernel
    RAMDISK=$CACHE/ramdisk-$(ramdisk_key).cpio
    [ ! -e "$RAMDISK" ] || return 0
    root=$CACHE/root.part.$$
    mkdir -p "$root"/{bin,dev,proc,sys,tmp,etc,mod}
    put "$root" /bin/busybox
    for name in agent crowd storm; do compile "$root/bin/$name" "$BENCH/inside/$name.c" -static; done
    compile "$root/bin/hog" "$LAB/guest/hog.c" -static
    for kernel in "$CACHE"/kernel-*/; do
        kernel=$(basename "$kernel")
        [ ! -e "$CACHE/$kernel/complete" ] || cp "$CACHE/$kernel/brd.ko" "$root/mod/${kernel#kernel-}.ko"
    done
    install -m 755 "$BENCH/inside/init" "$root/init"
    pack "$root" "$RAMDISK.part.$$"
    rm -rf "$root"
    mv "$RAMDISK.part.$$" "$RAMDISK"
    find "$CACHE" -maxdepth 1 -name 'ramdisk-*.cpio' ! -path "$RAMDISK" -mmin +60 -delete
}

# Everything for guests with these kernels, one at a time.
need_images() { # SERIES...
    local series
    [ "$(uname -m)" = x86_64 ] || die "needs an x86-64 machine"
    mkdir -p "$CACHE" || die "cannot make $CACHE"
    exec 8>"$CACHE/lock"
    flock 8
    install_packages "${BENCH_PACKAGES[@]}"
    for series; do need_kernel "$series"; done
    need_ramdisk
    exec 8>&-
}
