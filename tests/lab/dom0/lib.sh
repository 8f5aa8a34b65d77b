# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# The library of scripts that run in the lab's dom0 (". /lib.sh"): creating guests and running commands in them, starting and
# stopping mmserver, checks with clear messages, and a summary line. C helpers beside it do what would need polling loops:
#   await SECONDS CONDITION    wait for a node, a guest's balloon, a line in a file     (await.c)
#   gx GUEST COMMAND [S]       run a command in a guest                                  (gx.c)
#   dom GUEST id|held|target   one number about a guest, KiB                             (dom.c)
#   hostlog FILE               timeline of balloons and targets                          (hostlog.c)
#   get ADDR:PORT PATH [HEADER]  what a web server answers                               (get.c)

SERVER_PID=
SERVER_LOG=/share/mmserver.log     # stderr: why each target was changed
SERVER_TABLE=/share/mmserver.out   # stdout: the table
PASSED=0
FAILED=0
CASE=
UP_AT=0
GUESTS_TOOK=0 # seconds for which the last guests() waited

# ---- checks

now() { cut -d' ' -f1 /proc/uptime; } # seconds, in hundredths
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f", b - a }'; }
say() { echo "# $*"; }

# A case is a function; the first check in it that fails ends it by "|| return 1" or is counted and passed over.
run_case() { # DESCRIPTION FUNCTION
    local start before=$FAILED
    CASE=$1
    start=$(now)
    "$2" || [ "$FAILED" != "$before" ] || fail "ended early"
    if [ "$FAILED" = "$before" ]; then
        PASSED=$((PASSED + 1))
        echo "ok: $CASE ($(since "$start") s)"
    else
        FAILED=$((before + 1))
        echo "not ok: $CASE ($(since "$start") s)"
        # The next case starts from nothing, too.
        [ -z "$SERVER_PID" ] || server_stop
        destroy_all
    fi
}

fail() { # MESSAGE...
    FAILED=$((FAILED + 1))
    echo "  FAILED: $CASE: $*"
    return 1
}

# check MESSAGE COMMAND...: the command must succeed; the message says what should hold.
check() {
    local message=$1 out
    shift
    out=$("$@" 2>&1) || fail "$message${out:+ ($out)}"
}

# check_not MESSAGE COMMAND...: the command must fail.
check_not() {
    local message=$1 out
    shift
    ! out=$("$@" 2>&1) || fail "$message${out:+ ($out)}"
}

# check_number MESSAGE VALUE -lt|-le|-gt|-ge|-eq BOUND
check_number() {
    case $2 in
    '' | *[!0-9-]*) fail "$1: no number: '$2'" ;;
    *) test "$2" "$3" "$4" || fail "$1: $2, wanted $3 $4" ;;
    esac
}

# The last command of every test: its status is the script's, and its line is what test runners count.
finish() {
    [ -z "$SERVER_PID" ] || server_stop >/dev/null
    echo "$PASSED passed, $FAILED failed"
    if [ "$FAILED" != 0 ] && [ -s "$SERVER_LOG" ]; then
        say "last lines of mmserver's log:"
        tail -n 30 "$SERVER_LOG"
    fi
    [ "$FAILED" = 0 ]
}

# ---- guests

# guest_config NAME [KEY=VALUE...]: writes /tmp/NAME.cfg for xl.
#   type=pv mem=192 max=512 (MiB) vcpus=1 zram=MIB (compressed swap) client=yes|no|SECONDS (mmclient, and its interval)
#   args=WORDS (more kernel arguments) conf=LINES (more xl configuration)
guest_config() {
    local name=$1 type=pv mem=192 max=512 vcpus=1 zram='' client=yes args='' conf=''
    shift
    while [ $# != 0 ]; do
        case $1 in
        type=* | mem=* | max=* | vcpus=* | zram=* | client=* | args=* | conf=*) eval "${1%%=*}=\${1#*=}" ;;
        *) fail "guest_config: unknown option $1" || return 1 ;;
        esac
        shift
    done
    case $client in
    yes) args="$args lab.client" ;;
    no) ;;
    *) args="$args lab.client=$client" ;;
    esac
    cat >"/tmp/$name.cfg" <<X
name="$name"
type="$type"
kernel="/img/vmlinux"
ramdisk="/img/guest.cpio"
cmdline="console=hvc0 quiet psi=1 mitigations=off norandmaps${zram:+ lab.zram=$zram}$args"
memory=$mem
maxmem=$max
vcpus=$vcpus
on_crash="destroy"
on_poweroff="destroy"
$conf
X
}

# guest_create NAME [KEY=VALUE...]: starts a guest and does not wait for it.
guest_create() {
    guest_config "$@" || return 1
    xl create -q "/tmp/$1.cfg" || fail "xl create $1"
}

# A PVH kernel under emulation triple-faults now and then before it has started anything; xl then starts the guest anew, under
# another domid: no domid is waited for long before the name is looked up again.
guest_wait() { # NAME...
    local name id tries
    for name; do
        tries=0
        until id=$(dom "$name" id) && await 2 xs "/local/domain/$id/data/lab/up" exists >/dev/null; do
            tries=$((tries + 1))
            [ $tries -lt 60 ] || fail "guest $name did not come up" || return 1
            [ -n "$id" ] || sleep 1
        done
    done
}

# guests "NAME NAME..." [KEY=VALUE...]: several alike, created at the same time (the toolstack waits more than it works).
guests() {
    local names=$1 name start pids=''
    start=$(now)
    shift
    for name in $names; do
        guest_create "$name" "$@" &
        pids="$pids $!"
    done
    for name in $pids; do wait "$name" || fail "a guest was not created" || return 1; done
    # shellcheck disable=SC2086 # one word a guest
    guest_wait $names || return 1
    UP_AT=$(now)
    GUESTS_TOOK=$(since "$start")
    say "guests $names up after $GUESTS_TOOK s"
}

# settle: until mmserver takes from the guests that came last. It lets a guest grow into its services for 10 s.
settle() {
    local left
    left=$(awk -v up="$UP_AT" -v now="$(now)" 'BEGIN { left = up + 11 - now; print (left > 0) ? left : 0 }')
    sleep "$left"
}

guest_destroy() { xl destroy "$1" 2>/dev/null; }

destroy_all() {
    local name
    for name in $(xl list | awk 'NR > 2 { print $1 }'); do guest_destroy "$name"; done
}

# gbg GUEST COMMAND: in the guest's background, output to its console (console/guest-NAME.log in the run's folder)
gbg() { gx "$1" "($2) </dev/null >/dev/console 2>&1 &" 20 >/dev/null || fail "cannot run in $1: $2"; }

# gstat GUEST KEY: a number out of the guest's kernel (guest/memstat.h), asked without a fork in the guest
gstat() { gx "$1" '!stat' 60 | tr ' ' '\n' | sed -n "s/^$2=//p"; }

# hog_size OUTPUT: the MiB a finished hog says it touched; nothing when it was cut short
hog_size() { sed -n 's/^hog: touched \([0-9]*\) MiB.*/\1/p' "$1"; }

# home GUEST: its directory in xenstore
home() { echo "/local/domain/$(dom "$1" id)"; }

# ---- mmserver

# server_start OPTION...: returns when its table has a first row. Output is appended, so that a test with several servers keeps all.
server_start() {
    local rows
    mkdir -p /share/logs
    rows=$(server_rows)
    mmserver -d /share/logs "$@" >>"$SERVER_TABLE" 2>>"$SERVER_LOG" &
    SERVER_PID=$!
    until_rows $((rows + 2)) 30 || fail "mmserver printed nothing within 30 s: $(tail -n 3 "$SERVER_LOG")"
}

server_rows() { if [ -e "$SERVER_TABLE" ]; then wc -l <"$SERVER_TABLE"; else echo 0; fi; }

until_rows() { # COUNT SECONDS
    local i=0
    while [ "$(server_rows)" -lt "$1" ]; do
        i=$((i + 1))
        [ $i -le $(($2 * 2)) ] && kill -0 "$SERVER_PID" 2>/dev/null || return 1
        sleep 0.5
    done
}

server_alive() { [ -n "$SERVER_PID" ] && kill -0 "$SERVER_PID" 2>/dev/null; }

# server_stop: asks it to end and returns its exit status; 137 when it had to be killed after 10 s.
server_stop() {
    local status=0 guard
    kill -TERM "$SERVER_PID" 2>/dev/null
    (sleep 10 && kill -KILL "$SERVER_PID") 2>/dev/null &
    guard=$!
    wait "$SERVER_PID" || status=$?
    kill "$guard" 2>/dev/null
    SERVER_PID=
    return $status
}

server_kill() {
    kill -KILL "$SERVER_PID"
    wait "$SERVER_PID" 2>/dev/null
    SERVER_PID=
}

# server_says REGEX [SECONDS]: a line of its log matches
server_says() { await "${2:-20}" file "$SERVER_LOG" "$1"; }
