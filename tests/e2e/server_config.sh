#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The configuration file: checked, printed, below the command line, read again on SIGHUP, and never lost.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$work"

server() {
	"$bin/mmserver" --backend sim --config "$work/conf" "$@"
}

# refused LINE TEXT: what is on stdin is refused, at that line, with that reason.
refused() {
	cat >conf
	run 1 server --check-config
	one_line "$work/conf:$1: $2"
	run 1 server --print-config
	run 2 server --once
	one_line "$work/conf:$1: $2"
}

# ---- check ----
cat >conf <<'END'
# a comment
min = 128M      # another
exclude = build-*

[guest db-*]
weight = 300
END
run 0 server --check-config
grep -qx "$work/conf: understood, 1 section for guests" "$work/out" || fail "--check-config does not say so"
refused 1 "mni: no such key; did you mean 'min'?" <<<'mni = 5M'
refused 2 "min: '5X' is not a size" <<<$'\nmin = 5X'
refused 3 "min: 2G is above max, 1G" <<<$'\nmax = 1G\nmin = 2G'
refused 2 "weight: '0' is not a number from 1 to 10000" <<<$'[guest a]\nweight = 0'
refused 1 "byte 0x00" < <(printf 'min = 5M\0\n')
refused 2 "http: 'foo'" <<<$'\nhttp = foo'
rm conf
run 1 server --check-config
one_line "$work/conf: No such file or directory"
run 2 server --once
mkdir conf
run 1 server --check-config
one_line "$work/conf: Is a directory"
rmdir conf
mkfifo conf
run 1 server --check-config
one_line "$work/conf: not a regular file"
rm conf
echo 'min = 5M' >conf
chmod 666 conf
run 0 server --check-config
one_line "everybody may write it"
chmod 644 conf

# ---- print: the same again, and the order of precedence ----
cat >conf <<'END'
min = 128M
max = 1G
exclude = build-*
verbose = yes
[guest db-*]
min = 2G
[guest [a-c]*] # three
exclude = yes
END
run 0 server --print-config --max 2G --exclude extra --log-dir logs
cp out printed
for line in 'min = 128M' 'max = 2G' 'exclude = build-*' 'exclude = extra' 'log-dir = logs' 'verbose = yes' '[guest db-*]'; do
	grep -qxF "$line" printed || fail "--print-config has no line '$line'"
done
cp printed conf
run 0 server --print-config
cmp -s out printed || fail "what --print-config wrote prints otherwise"

# A command line that puts a file's bounds right is right, and one that puts them wrong is misuse.
echo 'max = 32M' >conf
run 0 server --check-config --min 16M
run 1 server --check-config
one_line "$work/conf:1: min: 64M is above max, 32M"
echo 'max = 1G' >conf
run 2 server --check-config --min 2G
one_line "min: 2G is above max, 1G"

# ---- the sample: every setting, and uncommented they are the defaults ----
sample=${XENMM_BUILD:-$source_dir/build}/etc/mmserver.conf
run 0 "$bin/mmserver" --config /dev/null --print-config
cp out defaults
run 0 "$bin/mmserver" --config "$sample" --print-config
cmp -s out defaults || fail "the sample is not all comments"
sed 's/^#\([a-z]\)/\1/' "$sample" >conf
run 0 "$bin/mmserver" --config "$work/conf" --print-config
diff defaults out || fail "the sample's settings (>) are not the defaults (<)"
sed -n 's/^\([a-z-]*\) =.*/\1/p' defaults | while read -r key; do
	grep -q "^#$key = " "$sample" || fail "the sample does not show $key"
	grep -qE "(^|, )$key = " "$source_dir/src/man/mmserver.conf.5.rst" || fail "mmserver.conf(5) does not show $key"
done
sed -n '/^# *\[guest/,$s/^#  *//p' "$sample" >conf
run 0 server --check-config

# ---- read again while it runs ----
said() { # TEXT
	grep -qF -- "$1" "$work/err"
}

rows() { # COUNT
	[ "$(grep -c '^τ' "$work/out")" -ge "$1" ]
}

# again TEXT: SIGHUP, and what it says then.
again() {
	kill -HUP "$pid"
	wait_for 20 said "$1"
}

echo 'min = 128M' >conf
rm -f out err
"$bin/mmserver" --http off --backend sim --config "$work/conf" --pace real --interval 0.2 --record trace >out 2>err &
pid=$!
wait_for 20 rows 2
again "conf read again: nothing changed"
cat >conf <<'END'
min = 100M
exclude = nobody
http = off
dry-run = yes
[guest web]
max = 200M
END
again "conf read again: changed min, exclude, the guests' rules"
wait_for 20 said "conf: dry-run: needs a restart of mmserver"
count=$(grep -c '^τ' out)
wait_for 20 rows $((count + 3))
printf 'min = 100M\nmax = 1X\n' >conf
again "conf:2: max: '1X' is not a size"
said "max: '1X' is not a size from 1K to 16384T, such as 768M or 4G; the settings stay as they are" ||
	fail "nothing is said of the settings that stay"
rm conf
again "conf: No such file or directory; the settings stay as they are"
count=$(grep -c '^τ' out)
wait_for 20 rows $((count + 2))
printf 'reserve = 100M\ninterval = 5\n' >conf # the command line's interval wins
again "conf read again: changed min, reserve, exclude, the guests' rules"
count=$(grep -c '^τ' out)
wait_for 20 rows $((count + 2))
kill -TERM "$pid"
wait "$pid" || fail "status $? at the end"
said "SIGHUP" && fail "SIGHUP ended it"
grep -q 'web (domain 1): target .* -> 204800 KiB' err || fail "the new rule did not bring web down to 200M"

# The trace has the settings that held when, and so a replay decides the same.
grep -qx 'G web max=200M' trace || fail "the trace does not have the rule"
[ "$(grep -c '^C min ' trace)" = 3 ] || fail "the trace does not have the settings of each reload"
run 0 "$bin/mmserver" --backend "replay:$work/trace"
grep -q ' rounds, 0 differ' out || fail "the replay differs"

# Sizes beyond the host are told, once; a number that is right is not.
cat >small.scn <<'END'
host total=1G dom0=256M
duration 20s
guest web memory=256M maxmem=512M use=60M
guest db  memory=256M maxmem=512M use=60M
END
run 0 "$bin/mmserver" --http off --backend sim:small.scn -n --reserve 2000000 --budget 5G
[ "$(grep -c "a bare number is KiB" "$work/err")" = 2 ] || fail "not one line for each size beyond the host"
grep -qx "mmserver: reserve: 1.9G is more than the 1G that this host has; a bare number is KiB" "$work/err" || fail "reserve"
grep -qx "mmserver: budget: 5G is more than the 1G that this host has; a bare number is KiB" "$work/err" || fail "budget"
echo "reserve = 2T" >large.conf
run 0 "$bin/mmserver" --http off --backend sim:small.scn -n --config large.conf
grep -qx "mmserver: reserve: 2T is more than the 1G that this host has; a bare number is KiB" "$work/err" || fail "reserve of the file"
run 0 "$bin/mmserver" --http off --backend sim:small.scn -n --reserve 64M --budget 1G
! grep -q "a bare number" "$work/err" || fail "a size that fits is told"

# What overcommits: minima that do not fit, or what the guests use.
run 0 "$bin/mmserver" --http off --backend sim:small.scn -n --budget 300M --min 200M
grep -q "overcommitted: the guests' minima alone are 409600 KiB, the budget is 307200 KiB: lower min or reserve" "$work/err" ||
	fail "minima are not named"
run 0 "$bin/mmserver" --http off --backend sim:small.scn -n --budget 100M --min 20M
grep -q "overcommitted: hard use of all guests exceeds the budget of 102400 KiB" "$work/err" || fail "hard use is not named"

# Without a file there is nothing to read, and nothing ends.
rm -f out err
"$bin/mmserver" --http off --backend sim --pace real --interval 0.2 >out 2>err &
pid=$!
wait_for 20 rows 1
again "there is no configuration file to read again"
kill -TERM "$pid"
wait "$pid" || fail "status $? at the end"

# A terminal that is gone ends it, as ever.
if command -v python3 >/dev/null; then
	rm -f out err
	cat >terminal.py <<'END'
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    for n, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT, 0o644), n)
    os.execv(sys.argv[1], sys.argv[1:])
while not (os.path.exists("out") and open("out").read().count("\n") > 1):
    time.sleep(0.05)
os.close(fd)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
	timeout 30 python3 terminal.py "$bin/mmserver" --http off --backend sim --pace real --interval 0.2 ||
		fail "status $? when the terminal went"
	said "told to stop by SIGHUP" || fail "it does not say why it ends"
fi
echo "the configuration file is checked, printed, and read again"
