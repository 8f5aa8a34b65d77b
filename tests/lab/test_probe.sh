#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# lab: mem=3072 dom0_mem=768 timeout=600
# Looking into guests from dom0 through the sandboxed mmprobe, with no agent in them: what it gets, what it costs, and that the
# guest does not notice: not its balloon, not its end, not its populate-on-demand cache.
# shellcheck source=tests/lab/dom0/lib.sh
. /lib.sh

WATCH=/tmp/watch # what probewatch printed

# look GUEST SAMPLES INTERVAL_MS: status 0 when all samples were good
look() { probewatch "$(dom "$1" id)" "$2" "$3" >$WATCH 2>&1; }

# figure KEY: out of probewatch's last line
figure() { tail -n 1 $WATCH | tr ' ' '\n' | sed -n "s/^$1=//p"; }

# fact FILE KEY: of the probe that runs now
fact() { sed -n "s/^$2:[ \t]*//p" "/proc/$(pidof mmprobe)/$1"; }

has_mapping() { grep -q privcmd "/proc/$(pidof mmprobe)/maps"; }

# Between two samples: a mapping that is there each time one looks, stays.
is_let_go() {
    local tries=30
    while has_mapping; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.1
    done
}

# ends PID WHAT: a look in the background ends, and not because it had all its samples. Not by check: only this shell can wait for it.
ends() {
    local status=0
    wait "$1" || status=$?
    [ $status = 1 ] || fail "$2 does not end ($status)"
}

say_costs() { # GUEST
    say "$1: kernel $(figure release), $(figure processes) processes; dom0 CPU: bootstrap $(($(figure bootstrap_us) / 1000)) ms (goal 2000)," \
        "a sample $(figure cost_us) us in the middle, $(figure worst_us) at worst (goal 10000)"
}

# A probe at rest between two samples: locked up, and nothing of the guest mapped.
check_sandbox() {
    check "a probe is nobody, not $(fact status Uid)" test "$(fact status Uid | cut -f1)" = 65534
    check "with no rights" test "$(fact status CapEff)" = 0000000000000000
    check "with its calls filtered" test "$(fact status Seccomp)" = 2
    check "nothing of the guest stays mapped" is_let_go
    say "memory of a probe: $(fact status VmHWM) at most, $(fact status VmPeak) of addresses, $(fact status VmRSS) now"
}

look_at() { # GUEST
    # shellcheck disable=SC2016 # the guest's shell counts
    gbg "$1" 'i=0; while [ $i -lt 55 ]; do sleep 1000 & i=$((i + 1)); done; wait' || return 1
    sleep 5
    : >$WATCH
    look "$1" 40 300 &
    until [ "$(grep -cs reason=ok $WATCH)" -ge 5 ]; do
        sleep 1
        kill -0 $! 2>/dev/null || fail "$1 cannot be looked into: $(tail -n 1 $WATCH)" || return 1
    done
    check_sandbox
    wait $! || fail "$1: $(tail -n 1 $WATCH)" || return 1
    check_number "processes" "$(figure processes)" -ge 90
    check_number "torn processes in a guest at rest" "$(grep -c 'torn=[1-9]' $WATCH)" -eq 0
    say_costs "$1"
    check_number "MemTotal (KiB)" "$(sed -n '1s/.*total_kib=\([0-9]*\).*/\1/p' $WATCH)" -eq \
        "$(gx "$1" 'cat /proc/meminfo' | awk '/^MemTotal:/ { print $2 }')"
}

pv() { guests one mem=192 max=512 client=no && look_at one; }

pvh() { guests two type=pvh mem=192 max=192 client=no && look_at two; }

# Down and up while it is looked at: a page that stays mapped could not be given back.
balloon() {
    look one 80 100 &
    sleep 2
    xl mem-set one 130
    await 30 held one below $((131 * 1024)) || fail "the balloon does not reach 130 MiB: $(dom one held) KiB"
    xl mem-set one 300
    await 30 held one above $((299 * 1024)) || fail "the balloon does not reach 300 MiB: $(dom one held) KiB"
    wait $! || fail "while the balloon moved: $(tail -n 1 $WATCH)"
    check_number "samples" "$(grep -c reason=ok $WATCH)" -eq 80
}

# Destroyed between two samples, and under a sample: the domain is gone at once, though the probe lives.
destroyed() {
    local id
    id=$(dom two id)
    look two 20 4000 &
    sleep 6
    guest_destroy two
    check "its probe is alive" pidof mmprobe
    check_number "domains of that guest that are left" "$(xl list | awk -v id="$id" 'NR > 1 && $2 == id' | wc -l)" -eq 0
    ends $! "its probe"
    check "and says that it is gone, not: $(tail -n 1 $WATCH)" grep -q 'reason=gone' $WATCH
    check_not "no probe is left" pidof mmprobe
    id=$(dom one id)
    look one 10000 0 &
    sleep 3
    guest_destroy one
    ends $! "its probe"
    check_number "samples before" "$(grep -c reason=ok $WATCH)" -gt 3
    check_number "domains that are left, dom0 too" "$(xl list | awk 'NR > 1' | wc -l)" -eq 1
}

# What Xen says of a guest's populate-on-demand pages: "entries cache".
pod() {
    xl dmesg -c >/dev/null
    xl debug-keys q
    sleep 1
    xl dmesg | sed -n 's/.*PoD entries=\([0-9]*\) cachesize=\([0-9]*\).*/\1 \2/p' | tail -n 1
}

populate_on_demand() {
    local before after
    guests pod type=pvh mem=160 max=512 client=no || return 1
    sleep 3
    before=$(pod)
    say "populate on demand (entries, cache): $before"
    check_number "entries" "${before% *}" -gt 0
    check "it is read, by the page table in use: $(tail -n 1 $WATCH)" look pod 20 100
    after=$(pod)
    say "populate on demand, afterwards: $after; $(tail -n 1 $WATCH)"
    check_number "entries that it cost, of which the guest itself uses up some" $((${before% *} - ${after% *})) -lt 256
    guest_destroy pod
}

# A restored guest and a rebooted one are other domains with the same kernel: what is known of the old one is worth nothing.
restored() {
    local processes
    guests moved mem=128 max=256 client=no || return 1
    look moved 3 100 || fail "before: $(tail -n 1 $WATCH)" || return 1
    processes=$(figure processes)
    look moved 1000 200 &
    sleep 2
    xl save moved /tmp/moved.save >/dev/null 2>&1 || fail "xl save" || return 1
    ends $! "the probe of a saved guest"
    xl restore /tmp/moved.save >/dev/null 2>&1 || fail "xl restore" || return 1
    rm /tmp/moved.save
    await 30 held moved above $((100 * 1024)) || return 1
    sleep 1
    look moved 5 100 || fail "after a restore: $(tail -n 1 $WATCH)"
    check_number "processes, as many as before, about" "$(figure processes)" -ge $((processes - 3))
}

rebooted() {
    local id
    id=$(dom moved id)
    look moved 10000 200 &
    xl reboot moved || fail "xl reboot" || return 1
    ends $! "the probe of a guest that reboots"
    guest_wait moved || return 1
    check_not "it is another domain" test "$(dom moved id)" = "$id"
    look moved 5 100 || fail "after a reboot: $(tail -n 1 $WATCH)"
    guest_destroy moved
}

run_case "a PV guest" pv
run_case "a PVH guest" pvh
run_case "the balloon moves while it is looked at" balloon
run_case "a guest that is destroyed" destroyed
run_case "populate on demand" populate_on_demand
run_case "save and restore" restored
run_case "reboot" rebooted
finish
