#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What bash offers on Tab: all that the programs' --help tells, guests of the running mmserver, and nothing that a guest can run.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/completion/xenmm.bash
. "$source_dir/scripts/completion/xenmm.bash"

pid=
socket=$work/control
trap 'kill $pid 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

# tab WORD...: what COMPREPLY holds, in a line, when Tab is pressed behind the last word (which may be empty).
tab() {
	COMP_WORDS=("$bin/$1" "${@:2}")
	COMP_CWORD=$(($# - 1))
	set +eu # as in a shell that people use
	_xenmm "$bin/$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
	set -eu
	offered="${COMPREPLY[*]}"
}

offers() { # EXPECTED WORD...
	local expected=$1
	shift
	tab "$@"
	[ "$offered" = "$expected" ] || fail "'$*' offers '$offered', not '$expected'"
}

# same EXPECTED-LINES WORD...: the same in any order.
same() {
	local expected=$1
	shift
	tab "$@"
	diff <(tr ' ' '\n' <<<"$offered" | sort -u) <(sort -u <<<"$expected") || fail "'$*' does not offer that"
}

# ---- commands and options: exactly those of --help ----
long_options() { # COMMAND...
	"$@" --help | grep -oE '^ +(-[A-Za-z0-9], )?--[a-z-]+' | grep -oE -- '--[a-z-]+'
}
commands=$("$bin/mmctl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
same "$commands" mmctl ''
offers "--help --version" mmctl --
offers "status" mmctl st
offers "" mmctl xyz ''
offers "" mmctl '$(touch run)' ''
for command in $commands; do
	same "$(long_options "$bin/mmctl" "$command")" mmctl "$command" --
done
same "$(long_options "$bin/mmserver")" mmserver --
same "$(long_options "$bin/mmps")" mmps --
if [ -x "$bin/mmmon" ]; then
	same "$(long_options "$bin/mmmon")" mmmon --
	offers "--token-file" mmmon --tok
fi
offers "-p" mmserver -p
offers "--dry-run" mmserver --dr
if [ -x "$bin/mmclient" ]; then
	same "$(long_options "$bin/mmclient")" mmclient --
fi

# ---- values: what the program takes, and all of it ----
offers "need tax coordinator" mmserver --policy ''
offers "need tax coordinator" mmserver --policy = ''
offers "tax" mmserver --policy = t
offers "coordinator" mmserver -p c
offers "auto on off" mmserver --probing ''
offers "off agentless on strict" mmserver --introspection ''
offers "virtual real" mmserver --pace ''
offers "xen sim replay" mmserver --backend ''
offers "need tax coordinator" mmctl simulate --policy ''
for policy in need tax coordinator; do
	run 0 "$bin/mmserver" --policy "$policy" --backend sim --print-config
done
run 2 "$bin/mmserver" --policy x --backend sim --print-config
one_line "need"
offers "ID NAME STATE HELD TARGET USED NEED STALL% AGE WHY" mmctl top --sort ''
for column in $offered; do
	run 3 "$bin/mmctl" top --socket "$socket" --sort "$column"
done
run 2 "$bin/mmctl" top --sort x
[ "$(sed 's/.*there are //' "$work/err")" = "$offered" ] || fail "columns that are not offered: $(cat "$work/err")"
tab mmctl simulate --set bu
[ "$offered" = "budget= burst-pool=" ] || fail "settings: $offered"
offers "cpu rss swap pid time name threads" mmps --sort ''
offers "swap" mmps web -s s
for key in cpu rss swap pid time name threads; do
	XENMM_PROBE=$work/none run 1 "$bin/mmps" --memory "$bin/mmps" --sort "$key"
done
offers "--no-header" mmps --watch --no
offers "" mmps --limit ''
offers "" mmps --watch ''
offers "" mmctl top --delay ''
offers "" mmserver --budget ''
offers "" mmserver --http '' # "[...; replay: off]" is no list of words, nor is a sentence
offers "" mmserver -t ''
offers "" mmctl history -s ''

# ---- files ----
touch 'a file' a.log
mkdir a.dir
tab mmctl plot a
[ "$(printf '%s|' "${COMPREPLY[@]}" | tr '|' '\n' | sort | tr '\n' '|')" = 'a file|a.dir|a.log|' ] || fail "files: $offered"
offers "a.dir" mmserver --log-dir a
offers "a.log" mmserver --backend sim : a.l
offers "a.log" mmctl plot a.l
offers "a.log" mmps --memory a.l
offers "a.log" mmctl reserve 1G -- cat a.l
scenarios=$("$bin/mmctl" simulate --list | sed 's/ .*//')
tab mmctl simulate ''
for scenario in $scenarios 'a.log'; do
	[[ " $offered " = *" $scenario "* ]] || fail "no $scenario: $offered"
done
offers "many-small" mmctl simulate many

# ---- guests ----
mkdir fake
cat >fake/mmps <<'END'
#!/bin/sh
[ "$*" = --names ] && printf '%s\n' web '$(touch run)' || echo 'Usage: mmps [OPTION]... [GUEST]'
END
chmod +x fake/mmps
COMP_WORDS=("$work/fake/mmps" '') COMP_CWORD=1
_xenmm "$work/fake/mmps" '' "$work/fake/mmps"
[ "${#COMPREPLY[@]}" = 2 ] && [ "${COMPREPLY[0]}" = web ] || fail "mmps' guests: ${COMPREPLY[*]}"
eval "names=(${COMPREPLY[*]})" # as bash reads the line
# shellcheck disable=SC2154,SC2016
[ "${names[1]}" = '$(touch run)' ] && [ ! -e run ] || fail "mmps: a guest's name was run"
offers "" mmctl why ''
cat >host.scn <<'END'
host total=2G dom0=512M
duration 1h
guest web memory=256M maxmem=512M use=60M cache=30M swap=512M
guest web-2 memory=256M maxmem=512M use=60M cache=30M swap=512M
guest $(touch${IFS}run) memory=64M agent=none
guest `touch${IFS}run`;"\ memory=64M agent=none
END
"$bin/mmserver" --backend sim:host.scn --pace real --interval 0.5 --log-dir logs --http off --control "$socket" >rows 2>log &
pid=$!
wait_for 20 grep -q '^τ' rows
offers "web web-2" mmctl why --socket "$socket" w
offers "web-2" mmctl watch --socket = "$socket" web-
tab mmctl history --socket "$socket" ''
[ "${#COMPREPLY[@]}" = 4 ] || fail "not four guests: $offered"
eval "names=(${COMPREPLY[*]})"
# shellcheck disable=SC2154,SC2016,SC1003
[ "${names[2]}" = '$(touch${IFS}run)' ] && [ "${names[3]}" = '`touch${IFS}run`;"\' ] || fail "other names: ${names[*]}"
[ ! -e run ] || fail "a guest's name was run"
"$bin/mmctl" reserve 10M --socket "$socket" --hold 5m >/dev/null
offers "1" mmctl release --socket "$socket" ''
offers "" mmctl status --socket "$socket" ''
echo "bash completes"
