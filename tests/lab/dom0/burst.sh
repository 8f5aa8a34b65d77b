# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# For benchmarks in the lab's dom0 (". /burst.sh"): three 256 MiB PV guests (maxmem 896 MiB, zram swap, one CPU), programs in them that
# touch memory as fast as they can, and what that costs them. Needs /lib.sh.

HOLD_S=8
OUT=/share/burst

# field FILE KEY: from a line of key=value words
field() { tr ' ' '\n' <"$1" | sed -n "s/^$2=//p"; }
grown() { echo $(($(field "$OUT/$1.after" "$2") - $(field "$OUT/$1.before" "$2"))); }
sum_grown() { # KEY GUEST...
    local key=$1 guest sum=0
    shift
    for guest; do sum=$((sum + $(grown "$guest" "$key"))); done
    echo $sum
}

ask_all() { # before|after
    now >"$OUT/$1"
    for guest in one two three; do gx "$guest" '!stat' >"$OUT/$guest.$1" || return 1; done
}

# "GRANT SETTLED": seconds from the moment the guest ran short to its first grant, and to holding what it was granted last. Short:
# less than a tenth available, or the first page swapped out. Targets are read from the host's timeline, shortness from the guest's.
relief() {
    awk -v id="$(cat "$OUT/id")" -v hog_end="$(cat "$OUT/hog_end")" '
        FILENAME ~ /memlog$/ {
            for (i = 2; i <= NF; i++) { split($i, word, "="); value[word[1]] = word[2] }
            if (FNR == 1) first_out = value["pswpout"]
            if (!short && (value["available"] < value["total"] / 10 || value["pswpout"] > first_out)) short = $1
        }
        FILENAME ~ /host$/ && $2 == id && $1 < hog_end {
            if (last && $4 > last) { if (!grant) grant = $1; asked = $4; holds = 0 }
            if (asked && !holds && $3 >= asked * 0.98) holds = $1
            last = $4
        }
        END {
            if (short && grant) printf "%.1f %.1f\n", grant - short, (holds ? holds : hog_end) - short
            else print "- -"
        }' "$OUT/memlog" "$OUT/host"
}

# What two guests hold differs by so much of the larger, %: by the host's timeline, a second before the first program ends.
apart() {
    awk -v one="$(dom one id)" -v two="$(dom two id)" -v end="$(sort -n "$OUT"/end.* | head -n 1)" '
        $1 < end - 1 { held[$2] = $3 }
        END { a = held[one]; b = held[two]; m = (a > b) ? a : b; print m ? int((m - ((a > b) ? b : a)) * 100 / m) : 100 }' "$OUT/host"
}

# The programs run, each from a process of its own in dom0, which notes when it ended.
run_hogs() { # MIB GUEST...
    local mib=$1 guest pids=''
    shift
    for guest; do
        (gx "$guest" "hog -s $HOLD_S $mib" 300 >"$OUT/hog.$guest" && date +%s >"$OUT/end.$guest") &
        pids="$pids $!"
    done
    for guest in $pids; do wait "$guest"; done
    date +%s >"$OUT/hog_end"
    HELD_APART=0
    [ $# != 2 ] || HELD_APART=$(apart)
}

# burst NAME "MIB GUEST..." OPTION... ("none": no mmserver); ZRAM is the guests' swap; CLIENT=no: without mmclient in any of them.
# A function during() is called before mmserver is stopped, if there is one.
burst() {
    local name=$1 hogs=$2 logger
    shift 2
    rm -rf "$OUT"
    mkdir -p "$OUT"
    destroy_all
    guests "one two three" mem=256 max=896 zram="$ZRAM" client="${CLIENT:-yes}" || return 1
    dom one id >"$OUT/id"
    [ "$1" = none ] || server_start "$@" --record "/share/$name.trace" || return 1
    settle
    [ "$1" = none ] || [ "${CLIENT:-yes}" = yes ] || server_says 'one .*is balanced' 60 || fail "one is not balanced" || return 1
    ask_all before || return 1
    hostlog "$OUT/host" 50 &
    logger=$!
    gbg one 'memlog 100 60 /run/memlog' || return 1
    sleep 1
    # shellcheck disable=SC2086 # words
    run_hogs $hogs
    ask_all after || return 1
    gx one 'killall memlog; sleep 1; cat /run/memlog >/dev/console' 60 >/dev/null
    sleep 1
    kill "$logger"
    ! command -v during >/dev/null || during
    [ "$1" = none ] || server_stop || fail "mmserver ended with status $?"
    tr -d '\r' </var/log/xen/console/guest-one.log | sed -n 's/^memlog //p' >"$OUT/memlog"
    report "$name" "$hogs"
    cp -r "$OUT" "/share/burst-$name"
    rm -f /var/log/xen/console/guest-*.log
    destroy_all
}

# Leaves the figures in PAGES DONORS STALL GRANT SETTLED KILLS GOT, too.
report() { # NAME "MIB GUEST..."
    local name=$1 mib donors='two three' seconds
    # shellcheck disable=SC2086 # words
    set -- $2
    mib=$1
    shift
    [ $# = 1 ] || donors=three
    PAGES=$(sum_grown pswpout "$@")
    # shellcheck disable=SC2086 # words
    DONORS=$(sum_grown pswpout $donors)
    seconds=$(awk -v a="$(cat "$OUT/before")" -v b="$(cat "$OUT/after")" 'BEGIN { print b - a }')
    # The worst of them, in hundredths of a per cent of the time measured.
    STALL=0
    for guest in $donors; do
        STALL=$(awk -v us="$(grown "$guest" psi_some)" -v s="$seconds" -v worst="$STALL" 'BEGIN { x = us / s / 100; printf "%d", (x > worst) ? x : worst }')
    done
    KILLS=$(sum_grown oom_kill one two three)
    GOT=0
    for guest; do [ "$(hog_size "$OUT/hog.$guest")" != "$mib" ] || GOT=$((GOT + 1)); done
    GOT="$GOT of $#"
    TIME=$(sed -n 's/.* in \([0-9.]*\) s$/\1/p' "$OUT"/hog.* | tr '\n' ' ')
    # shellcheck disable=SC2046 # two words
    set -- $(relief)
    GRANT=$1 SETTLED=$2
    printf '%-16s %7s %7s %8s %7s %8s %6s %7s  %s\n' "$name" "$PAGES" "$GRANT" "$SETTLED" "$DONORS" \
        "$(awk -v s="$STALL" 'BEGIN { printf "%.2f", s / 100 }')" "$KILLS" "$HELD_APART" "$GOT, $TIME" | tee -a /share/figures
}
