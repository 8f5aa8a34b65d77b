# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# One emulated Xen host: laying out its run folder, starting QEMU, waiting for it, and never leaving one behind. Sourced by
# ./lab after images.sh. A run folder has
#   share/     read-write at /share in dom0: main.sh, root/ (laid over dom0's root), out.txt, rc, console/
#   img/       read-only at /img: the kernel and the guests' ramdisk with this run's programs
#   serial.log what Xen and dom0's kernel said

HOST_PIDS=()
FOLLOWERS=()
TIMER=

# Puts the project's programs where dom0 and the guests find them. Without them the lab still boots.
lay_programs() { # RUN
    local run=$1 name
    mkdir -p "$run/share/root" "$run/img" "$run/guest"
    for name in mmserver mmctl mmps mmmon mmprobe; do
        [ ! -x "$BIN/$name" ] || put "$run/share/root" "$BIN/$name=/usr/sbin/$name"
    done
    # What looks into guests for bench_inside.sh and test_probe.sh, beside the probe.
    for name in probelook probewatch; do
        [ ! -x "$BIN/../tests/$name" ] || put "$run/share/root" "$BIN/../tests/$name=/usr/sbin/$name"
    done
    [ ! -x "$BIN/mmclient" ] || put "$run/guest" "$BIN/mmclient=/usr/sbin/mmclient"
    name=$SOURCE/scripts/mmclientd
    [ ! -x "$name" ] || install -D -m 755 "$name" "$run/guest/etc/init.d/mmclientd"
    cp "$IMAGES/guest.cpio" "$run/img/"
    # Archives that follow one another are unpacked in order over the same root, so nothing has to be rebuilt.
    pack "$run/guest" "$run/overlay.cpio"
    cat "$run/overlay.cpio" >>"$run/img/guest.cpio"
    rm -rf "$run/guest" "$run/overlay.cpio"
    ln -f "$IMAGES/vmlinux" "$run/img/" 2>/dev/null || cp "$IMAGES/vmlinux" "$run/img/"
}

# The network device that joins two hosts, by a socket in the run folder that both can reach.
wire_options() { # a|b WIRE
    local number=1 server=on
    [ "$1" = a ] || { number=2 server=off; }
    echo -netdev "stream,id=wire,server=$server,addr.type=unix,addr.path=$2" \
        -device "virtio-net-pci,netdev=wire,romfile=,host_mtu=65000,mac=52:54:00:00:00:0$number"
}

# A port of this machine on which nobody listens.
free_port() {
    local port
    for _ in {1..100}; do
        port=$((20000 + RANDOM % 12000)) # below those that the kernel gives to clients
        ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || continue
        echo $port
        return
    done
    broken "no free port"
}

# A network device through which dom0's TCP port is reached from this machine, and nothing from there. The address here is in the
# run folder's file "address"; in dom0 the server must listen on 10.0.2.15.
forward_options() { # RUN PORT
    local port
    port=$(free_port)
    echo "127.0.0.1:$port" >"$1/address"
    echo -netdev "user,id=out,restrict=on,hostfwd=tcp:127.0.0.1:$port-10.0.2.15:$2" -device virtio-net-pci,netdev=out,romfile=
}

# File descriptor 7 is what the host's serial console reads: the terminal for an interactive shell, /dev/null otherwise.
start_host() { # RUN SERIAL [ROLE WIRE COMMON]
    local run=$1 serial=$2 role=${3:-} dom0_args=${LAB_DOM0_ARGS:-} options=()
    [ -z "$role" ] || {
        # shellcheck disable=SC2207 # words without spaces
        options+=($(wire_options "$role" "$4"))
        options+=(-fsdev "local,id=common,path=$5,security_model=none" -device "virtio-9p-pci,fsdev=common,mount_tag=common")
        dom0_args+=" lab.ip=10.9.0.$([ "$role" = a ] && echo 1 || echo 2) lab.mtu=65000"
    }
    [ -z "${LAB_FORWARD:-}" ] || [ -n "$role" ] || {
        # shellcheck disable=SC2207 # words without spaces
        options+=($(forward_options "$run" "$LAB_FORWARD"))
        dom0_args+=" lab.ip=10.0.2.15"
    }
    # norandmaps and rdrand are essential: without the first, reusing a destroyed guest's memory takes minutes in the
    # emulator; without the second, libuuid waits 3 s in every xl create.
    # shellcheck disable=SC2086 # LAB_QEMU_ARGS is words
    setpriv --pdeathsig KILL -- qemu-system-x86_64 \
        -accel "${LAB_ACCEL:-tcg,thread=multi}" -cpu qemu64,+svm,+npt,+rdrand -smp "${LAB_CPUS:-2}" -m "${LAB_MEM:-3072}" \
        -nodefaults -display none -no-reboot -nic none -serial "$serial" \
        -kernel "$IMAGES/xen" \
        -append "com1=115200 console=com1 loglvl=warning guest_loglvl=warning bootscrub=0 spec-ctrl=no xpti=no dom0_mem=${LAB_DOM0_MEM:-384}M,max:${LAB_DOM0_MEM:-384}M dom0_max_vcpus=1" \
        -initrd "$IMAGES/vmlinux console=hvc0 mitigations=off quiet norandmaps panic=1 random.trust_cpu=1 $dom0_args,$IMAGES/dom0.cpio" \
        -fsdev "local,id=share,path=$run/share,security_model=none" -device virtio-9p-pci,fsdev=share,mount_tag=share \
        -fsdev "local,id=img,path=$run/img,security_model=none,readonly=on" -device virtio-9p-pci,fsdev=img,mount_tag=img \
        "${options[@]}" ${LAB_QEMU_ARGS:-} 9<&- <&7 &
    HOST_PIDS+=($!)
}

stop_hosts() {
    [ ${#HOST_PIDS[@]} = 0 ] || kill "${HOST_PIDS[@]}" 2>/dev/null || true
    [ -z "$TIMER" ] || kill "$TIMER" 2>/dev/null || true
    HOST_PIDS=()
    TIMER=
}

# Shows what the script in dom0 prints, as it prints it; ends a moment after the host started last.
follow_host() { # RUN [PREFIX]
    : >>"$1/share/out.txt"
    if [ -n "${2:-}" ]; then
        tail -c +1 -s 0.2 -f --pid="${HOST_PIDS[-1]}" "$1/share/out.txt" > >(exec sed -u "s/^/$2/") &
    else
        tail -c +1 -s 0.2 -f --pid="${HOST_PIDS[-1]}" "$1/share/out.txt" &
    fi
    FOLLOWERS+=($!)
}

# Until every host has powered off; 124 when they had to be stopped after SECONDS.
wait_hosts() { # SECONDS
    local ended pid left
    setpriv --pdeathsig KILL -- sleep "$1" 9<&- &
    TIMER=$!
    while [ ${#HOST_PIDS[@]} != 0 ]; do
        wait -n -p ended "${HOST_PIDS[@]}" "$TIMER" || true
        if [ "$ended" = "$TIMER" ]; then
            stop_hosts
            return 124
        fi
        left=()
        for pid in "${HOST_PIDS[@]}"; do [ "$pid" = "$ended" ] || left+=("$pid"); done
        HOST_PIDS=("${left[@]}")
    done
    stop_hosts
    wait "${FOLLOWERS[@]}" 2>/dev/null || true
}
