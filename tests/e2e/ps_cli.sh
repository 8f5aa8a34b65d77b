#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# mmps: its command line, what it prints of what a probe answers, and of a probe that dies, hangs or talks nonsense.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

mmps=$bin/mmps
export XENMM_PROBE=$bin/../tests/fake_probe # it does what its target is called

# memory NAME: the option for the fake, and a file of that name.
memory() {
	echo x >"$work/$1"
	printf '%s\n' "--memory=$work/$1"
}

misuse() { # TEXT ARG...
	local text=$1
	shift
	run 2 "$mmps" "$@"
	one_line "$text"
	[ ! -s "$work/out" ] || fail "misuse printed something on stdout: $*"
}

unreadable() { # TEXT ARG...
	local text=$1
	shift
	run 1 "$mmps" "$@"
	one_line "$text"
	[ ! -s "$work/out" ] || fail "something on stdout: $*"
}

names() { # EXPECTED ARG...: the commands, in their order
	local expected=$1
	shift
	run 0 "$mmps" --no-header "$@"
	[ "$(awk '{ print $NF }' "$work/out" | paste -sd ' ')" = "$expected" ] || fail "not '$expected': $*"
}

# ---- the command line ----
for option in -h --help; do
	run 0 "$mmps" "$option"
	grep -q '^Usage: mmps ' "$work/out" || fail "no usage line"
	[ ! -s "$work/err" ] || fail "help on stderr"
done
for option in -V --version; do
	run 0 "$mmps" "$option"
	grep -qE '^mmps \(xenmm\) [0-9.]+$' "$work/out" || fail "no version"
done
run 1 sh -c '"$1" --help >/dev/full' sh "$mmps"
one_line "cannot write"
run 0 "$mmps" --reasons
cp "$work/out" "$work/reasons"
for reason in not-linux no-btf encrypted no-access probe-late probe-died no-probe; do
	grep -q "^$reason  *[^ ]" "$work/reasons" || fail "no reason $reason"
done

sample=$(memory sample)
misuse "unknown option '--hlep'" --hlep
misuse "unknown option '-x'" -x
misuse "unknown option '-\\xff'" -$'\xff'
misuse "unknown option '--a\\x1b[2J'" --a$'\033'[2J
misuse "option '--sort' needs a value" web --sort
misuse "option '-n' needs a value" web -n
misuse "option '--help=yes' takes no value" --help=yes
misuse "--sort: 'memory' is none of cpu, rss, swap, pid, time, name or threads" web --sort memory
misuse "--limit: '0' is no number from 1 to 65536" web --limit 0
misuse "--limit: '65537' is no" web -n 65537
misuse "--limit: '-1' is no" web -n -1
misuse "--limit: '1e3' is no" web -n 1e3
misuse "--interval: '0' is no time from 50ms to 1h" web -i 0
misuse "--interval: '2h' is no time" web -i 2h
misuse "--interval: 'now' is no time" web -i now
misuse "--watch: '0.01' is no time from 100ms to 24h" web --watch=0.01
misuse "--watch: '25h' is no time" web --watch 25h
misuse "--watch: 'x' is no time" web -wx
misuse "--count: '0' is no number" web -w -c 0
misuse "--below: '3x' is neither" "$sample" --below 3x
misuse "--below: '5G' is neither" "$sample" --below 5G
misuse "--below: '0' is neither" "$sample" --below 0
misuse "--below: '1025K' is neither" "$sample" --below 1025K
for below in all none 1G; do
	run 0 "$mmps" "$sample" --below "$below"
done
misuse "'db' is one word too many" web db
misuse "the guest's name is empty" ''
misuse "--memory: the file's name is empty" --memory ''
misuse "a guest ('web') and --memory do not go together" web "$sample"
misuse "a guest ('web') and --names do not go together" web --names
misuse "--json and --tree do not go together" web --json --tree
misuse "--json and --no-header do not go together" --json --no-header
misuse "--names and --json do not go together" --names --json
misuse "--interval and --watch do not go together" web -i 1 -w
misuse "--count needs --watch" web --count 3
misuse "--below needs --memory" web --below 1G
for option in --kernel --sort=rss --limit=1 --tree --interval=1; do
	misuse "${option%=*} needs a guest" "$option"
done

# ---- whom to look at ----
unreadable "$work/none: No such file" --memory "$work/none"
unreadable "$work: not a file of memory" --memory "$work"
: >"$work/nothing"
unreadable "$work/nothing: this file is empty" --memory "$work/nothing"
if [ ! -e /proc/xen/capabilities ]; then
	unreadable "cannot list this host's guests: "
	unreadable "cannot list this host's guests: " web
	unreadable "cannot list this host's guests: " --names
	unreadable "cannot list this host's guests: " --watch 5 --json
fi

# ---- a guest that can be read ----
run 0 "$mmps" "$sample"
[ ! -s "$work/err" ] || fail "something on stderr"
diff - "$work/out" <<END || fail "not what is expected"
the file $work/sample: Linux 6.1.0-42-amd64, 2 CPUs, up 3:12 h, load 1.23 0.50 0.07
memory: 512M, 31.2M free, 203.1M available; 300M committed
used for: anonymous 120M, files 180M (shared 12M), slab 40M
swap: 256M, 6M used; 12 pages in, 1536 out; balloon: holds 512M, target 480M
stalls: 1.17 % of 10 s, 1.2 s since boot; 345 major faults, 0 OOM kills
processes: 4, and 1 kernel thread (-k); 1 changed meanwhile (*)
this look: 3.1 ms of CPU time here; finding the kernel: 41 ms, once

  PID  PPID   UID  S   THR   RSS  SWAP     TIME  COMMAND
  310     1   106  S    12   64M    6M  1:02:05  mariadbd
    1     0     0  S     1   11M     -     0:00  systemd
65000   412  1000  R     4    1M     -    16:40  burn
  412     1  1000  S*    1  512K     -     0:00  bash
END
names "mariadbd systemd burn bash" "$sample"
names "mariadbd systemd burn bash [kthreadd]" "$sample" -k
names "mariadbd systemd" "$sample" --limit 2
names "systemd mariadbd bash burn" "$sample" --sort pid
names "mariadbd burn systemd bash" "$sample" -s time
names "bash burn mariadbd systemd" "$sample" -s name
names "mariadbd burn systemd bash" "$sample" -s threads
names "mariadbd systemd bash burn" "$sample" -s swap
names "burn systemd mariadbd bash" "$sample" -s cpu -i 50ms
grep -q ' 200\.0  *33:20  burn$' "$work/out" || fail "no share of CPU, or more than two CPUs can give"
names "mariadbd systemd burn bash" "$sample" -i 50ms
grep -q ' 0\.0  *0:00  systemd$' "$work/out" || fail "--interval gives no shares"
names "systemd mariadbd bash burn [kthreadd]" "$sample" -k --tree
grep -q '  \\_ bash$' "$work/out" && grep -q '    \\_ burn$' "$work/out" || fail "no tree"

run 0 "$mmps" "$(memory bare)"
diff - "$work/out" <<END || fail "not what is expected without symbols"
the file $work/bare: Linux 5.10.0-30-amd64
memory: not known: this kernel has no symbols that can be found (CONFIG_KALLSYMS), only its processes
processes: 4, and 1 kernel thread (-k); 1 changed meanwhile (*)
this look: 3.1 ms of CPU time here; finding the kernel: 41 ms, once

  PID  PPID   UID  S   THR   RSS  SWAP     TIME  COMMAND
  310     1   106  S    12   64M    6M  1:02:05  mariadbd
    1     0     0  S     1   11M     -     0:00  systemd
65000   412  1000  R     4    1M     -    16:40  burn
  412     1  1000  S*    1  512K     -     0:00  bash
END

run 0 "$mmps" "$(memory quick)"
grep -qFx 'this look: less than a tick of CPU time here; finding the kernel: < 1 ms, once' "$work/out" || fail "a look that costs nothing"

# ---- what guests call their processes commands no terminal ----
hostile=$(memory hostile)
for option in --tree --kernel --no-header --json; do
	run 0 "$mmps" "$hostile" "$option"
	! LC_ALL=C grep -q '[^ -~]' "$work/out" || fail "bytes that a terminal obeys: $option"
	[ "$option" = --json ] || [ "$(grep -c 'x1b\[2J' "$work/out")" = 1 ] || fail "the name is gone: $option"
done
run 0 "$mmps" "$hostile"
grep -q 'PARTIAL: some may be missing' "$work/out" || fail "nobody is told that it is partial"

# ---- JSON ----
if command -v python3 >/dev/null; then
	cat >"$work/check.py" <<'END'
import json, sys
whole = [json.loads(line) for line in open(sys.argv[1])] if sys.argv[2] == 'lines' else [json.load(open(sys.argv[1]))]
assert all(w['schema_version'] == 1 and w['time_ms'] > 0 for w in whole), whole
last = whole[-1]
assert eval(sys.argv[3]), (sys.argv[3], last)
END
	json() { # "lines" or "one", PYTHON, ARG...: what must be true of the last answer
		local kind=$1 wanted=$2
		shift 2
		run 0 "$mmps" --json "$@"
		python3 "$work/check.py" "$work/out" "$kind" "$wanted" || fail "JSON is not right: $*"
	}
	json one 'last["guest"]["readable"] is True and last["guest"]["memory"]["available_kib"] == 207974 and last["guest"]["processes"] == 5' "$sample"
	json one '[p["name"] for p in last["processes"]] == ["mariadbd", "systemd"]' "$sample" -n 2
	json one 'last["processes"][0]["cpu_percent"] is None and last["processes"][0]["cpu_ms"] == 3725000' "$sample"
	json one 'last["processes"][0]["cpu_percent"] == 200 and last["processes"][1]["cpu_percent"] == 0' "$sample" -s cpu -i 50ms
	json one 'last["guest"]["domid"] is None and last["guest"]["type"] == "file" and last["guest"]["torn"] == 1' "$sample"
	json one '[p["torn"] for p in last["processes"] if p["name"] == "bash"] == [True]' "$sample"
	json one 'last["processes"] == [] and last["guest"]["processes"] is None' "$(memory empty)"
	json one 'last["guest"]["readable"] and last["guest"]["memory"] is None and last["guest"]["load"] is None' "$(memory bare)"
	json one 'sorted(p["name"] for p in last["processes"])[-1] == "\ufffd\ufffd\ufffd"' "$hostile"
	json lines 'len(whole) == 2 and whole[0]["processes"][0]["cpu_percent"] is None and last["processes"][1]["cpu_percent"] == 0' "$sample" -w 0.1 -c 2
	json one 'last["guest"]["processes"] == 65536 and len(last["processes"]) == 7' "$(memory many)" -n 7
fi

# ---- again and again ----
run 0 "$mmps" "$sample" --watch 0.1 --count 3
[ "$(grep -c '^the file ' "$work/out")" = 3 ] || fail "not three blocks"
[ "$(grep -cE '^20[0-9-]{8} [0-9:]{8}$' "$work/out")" = 3 ] || fail "not three times"
[ "$(grep -c ' 200\.0 ' "$work/out")" = 2 ] || fail "not two blocks with shares"
! LC_ALL=C grep -q '[^ -~]' "$work/out" || fail "sequences for a terminal in a pipe"
run 0 "$mmps" --watch=100ms "$sample" -c2 --no-header
[ "$(wc -l <"$work/out")" = 8 ] || fail "more than rows"
run 1 sh -c '"$1" "$2" -w 0.1 >/dev/full' sh "$mmps" "$sample" # ends
one_line "cannot write"
if command -v script >/dev/null; then
	script -qec "stty rows 11 cols 30; '$mmps' '$sample' -w 0.1 -c 2" "$work/typescript" >"$work/out" </dev/null
	[ "$(tr '\033' '#' <"$work/out" | grep -o '#\[H' | wc -l)" = 2 ] || fail "not drawn twice"
	! sed 's/\x1b\[H/\n/g; s/\x1b\[[KJ]//g; s/\r//g' "$work/out" | grep -qE '.{31}' || fail "longer lines than the terminal's"
	! grep -q burn "$work/out" || fail "more lines than the terminal's"
fi

# ---- guests that cannot be read, each with its reason ----
while read -r reason text; do
	case $reason in probe-* | no-probe | no-memory | no-process | no-files) continue ;; esac
	unreadable "$reason cannot be read ($reason): $text" "$(memory "$reason")"
	case $reason in
	not-linux | no-symbols) one_line "; is --below right for this file?" ;;
	*) ! grep -q -- '--below' "$work/err" || fail "a word of --below: $reason" ;;
	esac
	grep -qFx -- "$reason" "$source_dir/src/man/mmps.8.rst" || fail "the man page does not explain $reason"
done <"$work/reasons"
unreadable "(probe-died): mmprobe ended" "$(memory dies)"
unreadable "(probe-nonsense): mmprobe gave no sensible answer" "$(memory nonsense)"
unreadable "(probe-died): " "$(memory dies-later)" -s cpu -i 50ms
unreadable "(probe-late): it took too long" "$(memory hangs-later)" -i 50ms
XENMM_PROBE=$work/none unreadable "(no-probe): the program mmprobe" "$sample"
run 1 "$mmps" --json "$(memory no-btf)"
one_line "(no-btf): "
grep -q '"readable": false' "$work/out" && grep -q '"reason": "no-btf"' "$work/out" || fail "no JSON of it"
# The next block asks another probe.
run 0 "$mmps" "$(memory dies-later)" -w 0.1 -c 3
[ "$(grep -c 'cannot be read (probe-died): ' "$work/out")" = 1 ] && [ "$(grep -c mariadbd "$work/out")" = 2 ] || fail "no second probe"
echo "mmps answers"
