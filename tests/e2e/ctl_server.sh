#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What mmctl says of a running mmserver, and how it reserves, with an xl that writes down what it is asked.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

pid=
socket=$work/control
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT

cat >"$work/host.scn" <<'END'
host total=2G dom0=512M
duration 10m
guest web memory=512M maxmem=896M use=60M cache=30M swap=512M
guest db  memory=512M maxmem=896M use=70M cache=60M swap=512M
guest mute memory=64M agent=none
at 10m db use 70M
END
mkdir "$work/bin"
for program in xl xenstore-write; do
	cat >"$work/bin/$program" <<'END'
#!/bin/sh
# "leases" of the moment, then what it was asked; "xl domid" prints 7; "fails" makes "xl create" fail.
[ "$1" != create ] || "$MMCTL" leases --socket "$SOCKET" >>"$WORK/asked"
echo "${0##*/} $*" >>"$WORK/asked"
[ "$1" != domid ] || echo 7
[ "$1" != create ] || [ ! -e "$WORK/fails" ] || exit 5
END
	chmod +x "$work/bin/$program"
done
export PATH="$work/bin:$PATH" MMCTL="$bin/mmctl" SOCKET="$socket" WORK="$work"

ctl() { # STATUS ARGUMENT...: a command and what follows it
	local want=$1 command=$2
	shift 2
	run "$want" "$bin/mmctl" "$command" --socket "$socket" "$@"
}

has() {
	grep -qE -- "$1" "$work/out" || fail "stdout does not say '$1'"
}

misuse() { # TEXT ARGUMENT...
	local text=$1
	shift
	ctl 2 "$@"
	one_line "$text"
}

# ---- misuse, and no server ----
misuse "unexpected 'x'" status x
misuse "needs one guest" why
misuse "'33' is not a number from 1 to 32" why web --count 33
misuse "'0' is not a number" why web -n 0
misuse "needs a size" reserve
misuse "'12q' is not a size" reserve 12q
misuse "'0' is not a size" reserve 0
misuse "wait: '2h' is not a time" reserve 1M --wait 2h
misuse "hold: '1ms' is less than a second" reserve 1M --hold 1ms
misuse "needs the number of a lease" release
misuse "needs the number of a lease" release 1 --for web
misuse "'x' is not the number of a lease" release x
misuse "unknown option '--json'" create --json
misuse "needs the guest's configuration file" create
misuse "cannot read '/nonexistent'" create /nonexistent
run 2 "$bin/mmctl" status --socket ''
one_line "socket: ''"
ctl 3 status
one_line "no mmserver answers at $socket"
[ ! -s "$work/out" ] || fail "something on stdout without a server"
ctl 3 reserve 1M -- touch "$work/started"
[ ! -e "$work/started" ] || fail "a command runs without its memory"

(cd "$work" && exec "$bin/mmserver" --backend "sim:$work/host.scn" --pace real --interval 0.5 \
	--log-dir "$work/logs" --http off --control "$socket" >"$work/rows" 2>"$work/log") &
pid=$!
wait_for 20 grep -q '^τ' "$work/rows"

# ---- showing ----
ctl 0 status
has "^host $(uname -n): 2G, free "
has '^budget [0-9.]+[MG], policy need$'
has '^ +1 web +running +[0-9.]+M +[0-9.]+M .* 100 [a-z]'
has '^ +3 mute +running +64M .* never reported, not balanced$'
ctl 0 status --json
has '"version": 1'
ctl 0 why web
has '^web \(domain 1\) holds [0-9]+ KiB, target [0-9]+: '
has '^[0-9:]{8} .* KiB: .*; holds [0-9]+.* \(hard\) \+ [0-9]+ warm \+ [0-9]+ headroom'
ctl 0 why mute -n 1
[ "$(wc -l <"$work/out")" = 2 ] || fail "more than one decision"
has 'never reported'
ctl 1 why nobody
one_line "there is no guest 'nobody'"
ctl 0 leases
has '^no leases$'
run 0 "$bin/mmctl" leases --control "$socket" # as mmserver calls it
has '^no leases$'
run 2 "$bin/mmctl" leases --control
one_line "option '--control' needs a value"
ctl 0 resume
has '^was not paused$'
ctl 0 pause
has "^paused: no target is set until 'mmctl resume'$"
ctl 0 pause
has "^was paused already: no target is set until 'mmctl resume'$"
ctl 0 status
has 'PAUSED'
ctl 0 resume --json
has '"was_paused": true'
ctl 0 pause
ctl 0 resume
has '^resumed: targets are set again$'

# ---- reserving ----
ctl 0 reserve 600M --for mail --hold 1m
has '^lease 1: 600M set aside for mail after [0-9.]+ s.* for 60 s$'
ctl 0 leases
has '^lease 1: 600M for mail, set aside, ends in (59|60) s$'
ctl 1 release 9
one_line "there is no lease 9"
ctl 0 release 1
ctl 0 leases
has '^no leases$'
ctl 1 reserve 1300M --wait 500ms
grep -q "1.3G could not be had within 0.5 s" "$work/err" || fail "no reason"
grep -q "mute holds 64M and could do without 64M: never reported" "$work/err" || fail "nobody refused"
# More than the host has beside dom0 and the reserve: nobody waits for that.
ctl 1 reserve 5G --wait 1h
grep -q "5G can never be had: without any guest this host would have 1.3G" "$work/err" || fail "no reason"
# shellcheck disable=SC2016
ctl 7 reserve 100M -- sh -c '"$MMCTL" leases --socket "$SOCKET"; exit 7'
has '^lease [0-9]+: 100M for the next guest, set aside, ends with its client$'
ctl 127 reserve 100M -- /nonexistent/program
# shellcheck disable=SC2016
ctl 143 reserve 100M -- sh -c 'kill -TERM $$'
# mmctl is told to end: its command is too.
"$bin/mmctl" reserve 100M --socket "$socket" -- sleep 60 >"$work/out" &
client=$!
leased() {
	"$bin/mmctl" leases --socket "$socket" | grep -q "ends with its client"
}
wait_for 10 leased
kill "$client"
status=0
wait "$client" || status=$?
[ "$status" = 143 ] || fail "status $status after SIGTERM"
no_lease() {
	"$bin/mmctl" leases --socket "$socket" | grep -qx "no leases"
}
wait_for 5 no_lease
# mmctl is killed: its lease ends.
"$bin/mmctl" reserve 100M --socket "$socket" -- sleep 5 >"$work/out" &
client=$!
wait_for 10 leased
kill -KILL "$client"
{ wait "$client" || true; } 2>/dev/null
wait_for 5 no_lease

# ---- creating ----
cat >"$work/mail.cfg" <<'END'
# a guest
name = "mail"
type = "pvh"
memory = 700	# MiB
maxmem = "1024"
disk = [ 'phy:/dev/vg/mail,xvda,w' ]
xenmm = "min=256M weight=200"
END
ctl 0 create "$work/mail.cfg" -p vcpus=2
has '^lease [0-9]+: 712M set aside for mail after'
diff "$work/asked" - <<END || fail "xl was not asked like this"
$(sed -n 1p "$work/asked")
xl create $work/mail.cfg -p vcpus=2
xl domid mail
xenstore-write /local/domain/7/memory/xenmm min=256M weight=200
END
grep -qx "lease [0-9]*: 712M for mail, set aside, ends with its client" "$work/asked" ||
	fail "the lease does not last while xl works: $(cat "$work/asked")"
no_lease || fail "the lease outlives xl"
rm "$work/asked"
# Options behind the file, too; behind -- they are xl's.
ctl 0 create "$work/mail.cfg" -p --wait 5 vcpus=2 -w5 -- --wait -w
grep -qx "xl create $work/mail.cfg -p vcpus=2 --wait -w" "$work/asked" || fail "xl was asked: $(cat "$work/asked")"
rm "$work/asked"
ctl 0 create -- "$work/mail.cfg" --wait x
grep -qx "xl create $work/mail.cfg --wait x" "$work/asked" || fail "xl was asked: $(cat "$work/asked")"
rm "$work/asked"
misuse "wait: 'x' is not a time" create "$work/mail.cfg" -p --wait x
misuse "option '--wait' needs a value" create "$work/mail.cfg" --wait
ctl 0 create "$work/mail.cfg" --help
has '^Usage: mmctl create '
ctl 1 create "$work/mail.cfg" memory=1200 maxmem=1200 --wait 200ms
grep -q "could not be had within 0.2 s" "$work/err" || fail "no reason"
[ ! -e "$work/asked" ] || fail "xl runs without memory"
ctl 1 create --wait 1h "$work/mail.cfg" memory=3000 maxmem=3000
grep -q "can never be had" "$work/err" || fail "no reason"
[ ! -e "$work/asked" ] || fail "xl runs without memory"
touch "$work/fails"
ctl 1 create "$work/mail.cfg"
[ "$(grep -c xl "$work/asked")" = 1 ] || fail "xl is asked on after it failed"
sed -i 's/weight=200/weight=0/' "$work/mail.cfg"
misuse "weight" create "$work/mail.cfg"
kill "$pid"
wait "$pid" || fail "status $?"
echo "mmctl shows, reserves and creates"
