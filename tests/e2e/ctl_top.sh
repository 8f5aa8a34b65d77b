#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# mmctl top: as text in a pipe, and on a real terminal (tmux is the terminal; what it shows is looked at), with a server that dies.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

command -v tmux >/dev/null || skip "tmux is not installed"
pid=
socket=$work/control
export LC_ALL=C
unset NO_COLOR COLUMNS
terminal() {
	tmux -S "$work/tmux" -f /dev/null "$@"
}
trap 'terminal kill-server 2>/dev/null || true; kill -CONT $pid 2>/dev/null || true; kill $pid 2>/dev/null || true; rm -rf "$work"' EXIT

cat >"$work/host.scn" <<'END'
host total=3G dom0=512M
duration 1h
guest web memory=512M maxmem=896M use=60M cache=30M swap=512M
guest db memory=640M maxmem=896M use=170M cache=60M swap=512M
guest mail memory=400M maxmem=896M use=100M cache=60M swap=512M
guest mute memory=64M agent=none
END

top() { # STATUS ARGUMENT...
	local want=$1
	shift
	run "$want" timeout 60 "$bin/mmctl" top --socket "$socket" "$@"
}

start_server() {
	rm -f "$work/rows"
	(cd "$work" && exec "$bin/mmserver" --backend "sim:$work/host.scn" --pace real --interval 0.5 \
		--log-dir "$work/logs" --http off --control "$socket" >"$work/rows" 2>"$work/log") &
	pid=$!
	wait_for 20 grep -qs '^τ' "$work/rows"
}

misuse() { # TEXT ARGUMENT...
	local text=$1
	shift
	top 2 "$@"
	one_line "$text"
}

# ---- misuse, no server, no terminal ----
misuse "unexpected 'x'" x
misuse "delay: '0' is not a time from 0.1 to 3600 seconds" -d 0
misuse "delay: '2h' is not" --delay 2h
misuse "iterations: '0' is not a number" -n 0
misuse "sort: 'colour' is no column; there are ID NAME" -s colour
misuse "filter: '" -f "$(printf '%048d' 1)"
top 3
one_line "no mmserver answers at $socket"
top 3 -b
one_line "no mmserver answers at $socket"
start_server
top 1
one_line "this is no terminal"

# ---- batch ----
top 0 -b -n 3 -d 0.2 -s name
[ "$(grep -c '^mmctl top - ' "$work/out")" = 3 ] || fail "not three blocks"
! grep -q '[^[:print:]]' "$work/out" || fail "more than plain text"
names() { # of the first block: the column after the id
	sed -n '/^ *ID NAME/,/^$/p' "$work/out" | sed -n 's/^ *[0-9][0-9]* \([a-z]*\) .*/\1/p' | head -n 4 | tr '\n' ' '
}
[ "$(names)" = "db mail mute web " ] || fail "order by name: $(names)"
top 0 -b -n 1 -s HELD
[ "$(names)" = "db web mail mute " ] || fail "order by size: $(names)"
top 0 -b -n 1 -s M -r
[ "$(names)" = "mute mail web db " ] || fail "reverse order by size: $(names)"
top 0 -b -n 1 -f M -s ID
[ "$(names)" = "mail mute " ] || fail "those with an m: $(names)"
grep -q "2 of 4 with 'M'" "$work/out" || fail "does not say that some are hidden"
grep -qE '^ +4 mute +running +64M +64M +- +- \[ +\] +- +- never reported, not balanced$' "$work/out" || fail "mute's row"
COLUMNS=80 top 0 -b -n 1
awk 'length > 80 { exit 1 }' "$work/out" || fail "wider than 80 columns"
{ "$bin/mmctl" top --socket "$socket" -b -d 0.1 || true; } | head -n 3 >/dev/null # ends with its reader, or this never does

# ---- on a terminal ----
screen() {
	terminal capture-pane -t top -p
}
shows() { # REGEX
	screen | grep -qE -- "$1"
}
shows_not() {
	! shows "$1"
}
order_is() { # NAME...
	[ "$(screen | sed -n 's/^ *\([0-9][0-9]* \)\?\(web\|db\|mail\|mute\) .*/\2/p' | tr '\n' ' ')" = "$* " ]
}
press() {
	terminal send-keys -t top "$@"
}
expect() { # COMMAND...
	local end=$((SECONDS + 20))
	until "$@"; do
		if [ "$SECONDS" -ge "$end" ]; then
			screen
			fail "waited in vain: $*"
		fi
		sleep 0.05
	done
}
close_top() { # in order: a leak checker that the terminal is taken away from hangs
	press q
	expect shows '^ended with 0'
	terminal kill-session -t top
}
open_top() { # [ENVIRONMENT...]
	terminal new-session -d -s top -x 130 -y 24 "env $* '$bin/mmctl' top --socket '$socket' -d 0.3; echo ended with \$?; sleep 600"
	expect shows '^mmctl top - .* policy need'
}
terminal new-session -d -s keep 'sleep 600' # so that the server stays between two sessions
open_top TERM=screen
expect shows 'ID NAME +STATE +HELD +TARGET'
press N
expect order_is db mail mute web
press r
expect order_is web mute mail db
press M
expect order_is db web mail mute
press '<' '<' # state, name
expect order_is db mail mute web
press /
press -l we
expect shows '^Show only: we_'
expect order_is web
press Enter
expect shows "1 of 4 with 'we'"
press Escape
expect order_is db mail mute web
terminal resize-window -t top -x 60 -y 6
expect shows_not ' STATE '
expect order_is db
press End
expect order_is web
terminal resize-window -t top -x 130 -y 40
expect order_is db mail mute web
press Home Down Enter # mail
expect shows '^mail  domain 3, pv, running, uuid '
expect shows '^The last 5 minutes: # used, : held, - target'
expect shows '^ +[0-9.]+M .*-$' # its target, now
expect shows '^Decisions, the last one first'
expect shows 'shall hold [0-9]+ of 65536 to 917504, weight 100'
press q
expect order_is db mail mute web
press h
expect shows 'mmctl top - keys'
press q
expect order_is db mail mute web

# A server that stands still, one that dies, and one that is there again.
is_reversed() { # the alarm stands out
	terminal capture-pane -t top -p -e | head -n 1 | grep -q $'\033\\[[0-9;]*7.* OLD FIGURES'
}
kill -STOP "$pid"
expect shows 'OLD FIGURES, of .*: mmserver does not answer'
press M # and keys work
expect order_is db web mail mute
kill -CONT "$pid"
expect shows '^mmctl top - .* policy need'
kill "$pid"
wait "$pid" || fail "status $?"
expect shows '^ OLD FIGURES, of [0-9:]{8} .* ago.: no mmserver answers at'
is_reversed || fail "the alarm does not stand out"
order_is db web mail mute || fail "the last figures are gone"
start_server
expect shows '^mmctl top - .* policy need'
close_top

# Without colours none are sent; they are otherwise.
has_colours() {
	terminal capture-pane -t top -p -e | grep -q $'\033\\[[0-9;]*3[1-6]m'
}
open_top TERM=screen
expect has_colours
close_top
open_top TERM=screen NO_COLOR=1
! has_colours || fail "colours in spite of NO_COLOR"
close_top
open_top TERM=vt100
! has_colours || fail "colours on a terminal that has none"
close_top
terminal new-session -d -s top -x 130 -y 24 "TERM=nothing '$bin/mmctl' top --socket '$socket'; echo ended with \$?; sleep 600"
expect shows "^mmctl top: the terminal 'nothing' .* is not known"
expect shows '^ended with 1'
terminal kill-session -t top
terminal new-session -d -s top -x 130 -y 24 "TERM=dumb '$bin/mmctl' top --socket '$socket'; echo ended with \$?; sleep 600"
expect shows "^mmctl top: the terminal 'dumb' .* cannot move its cursor"
expect shows '^ended with 1'
terminal kill-session -t top
# Sizes in the environment that are none.
for sizes in 'LINES=0 COLUMNS=99999' 'COLUMNS=-5 LINES=x' 'LINES=1001'; do
	open_top "TERM=screen $sizes"
	close_top
done
echo "top shows, sorts, filters, and says when nobody answers"
