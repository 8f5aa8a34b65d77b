#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# mmctl plot draws the newest run of a folder, another run of it, and logs by name; what it cannot draw is one line.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

command -v gnuplot >/dev/null || skip "gnuplot is not installed"
command -v python3 >/dev/null || skip "python3 is missing"
plot() {
	run "$1" "$bin/mmctl" plot "${@:2}"
}
mkdir "$work/logs" "$work/empty"
run 0 "$bin/mmserver" --http off --backend sim --seed 1 -d "$work/logs"
run 0 "$bin/mmserver" --http off --backend sim --seed 2 -d "$work/logs"

is_png() {
	head -c 8 "$1" | od -An -tx1 | grep -q '89 50 4e 47' || fail "$1 is no PNG"
}

plot 0 "$work/logs"
[ ! -s "$work/err" ] || fail "gnuplot has remarks"
newest=$(find "$work/logs" -name '*_2.png')
is_png "$newest"
plot 0 --run 1 -o "$work/first.png" "$work/logs"
is_png "$work/first.png"
plot 0 -o "$work/one.svg" "$work"/logs/*_1_1.log
grep -q '<svg' "$work/one.svg" || fail "no SVG"

# A log whose last line was not finished, as a killed mmserver leaves it.
head -c 2000 "$(find "$work/logs" -name '*_1_1.log')" >"$work/cut.log"
plot 0 -o "$work/cut.png" "$work/cut.log"
is_png "$work/cut.png"

# The first xenmm's columns, without a name, and with lines that are no data.
printf '%s\n' '# time tg_mem use_mem free_mem tot_mem' 'nonsense' '2026-11-21T10:00:00 1 2 3' >"$work/26_11_21_1_7.log"
for second in 00 02 04; do
	echo "2026-11-21T10:00:$second 262144 100000 162144 262144" >>"$work/26_11_21_1_7.log"
done
plot 0 -o "$work/old.svg" "$work/26_11_21_1_7.log"
grep -q '>domain 7<' "$work/old.svg" || fail "the domain is not named"

# Fifty guests, one of which has nothing to show.
mkdir "$work/many"
{
	echo "host total=40G dom0=1G"
	echo "duration 30s"
	for i in $(seq 50); do echo "guest shop$i memory=256M maxmem=512M use=60M cache=30M swap=512M"; done
	echo "at 5s shop3 use 300M over 5s"
} >"$work/many.scn"
run 0 "$bin/mmserver" --http off --backend "sim:$work/many.scn" -d "$work/many"
head -c 20 /dev/urandom >"$(find "$work/many" -name '*_1_9.log')"
run 0 "$bin/mmctl" plot "$work/many" -o "$work/many.svg"
one_line "no data in $work/many/"
grep -q '^49 guests: ' "$work/out" || fail "not 49 guests"
[ "$(grep -cE '>shop[0-9]+<' "$work/many.svg")" -ge 98 ] || fail "not every guest has its bar and its panel"
for text in 'budget' 'free in the host' 'stalled' 'All guests together'; do
	grep -q "$text" "$work/many.svg" || fail "no '$text'"
done

# Names of guests that would be commands, were they not quoted well; the file's name may be anything, too.
hostile() { # DOMID NAME
	{
		printf '# xenmm 1.0 data log of guest %s, domain %d, uuid 0-0\n# time tg_mem use_mem free_mem tot_mem\n' "$2" "$1"
		for second in 00 02 04; do
			echo "2026-11-21T10:00:$second 262144 100000 162144 262144"
		done
	} >"$work/hostile/26_11_21_1_$1.log"
}
mkdir "$work/hostile" "$work/cwd"
names=("'" "';system('touch ran');'" "''" '";system("touch ran");"' '`touch ran`' "'\`touch ran\`" "\\\\" '\";!touch ran' '@GPVAL_PWD'
	'%d%s' '{/Bold x}' "x'" '$0 #')
for i in "${!names[@]}"; do
	hostile $((i + 1)) "${names[i]}"
done
cd "$work/cwd"
plot 0 -o "$work/hostile.svg" "$work/hostile"
python3 - "$work/hostile.svg" "${names[@]}" <<'END' || fail "not every name is in the picture as it is"
import sys
from xml.etree import ElementTree
texts = ["".join(text.itertext()).strip() for text in ElementTree.parse(sys.argv[1]).iter("{http://www.w3.org/2000/svg}text")]
missing = [name for name in sys.argv[2:] if name not in texts]
sys.exit(f"missing: {missing}" if missing else 0)
END
for path in "'.png" "';system('touch ran');'.png" '`touch ran`.png' '|touch ran;.png' '~.png' '"\.png' $'a\nb.png' "$work/cwd/'.png"; do
	rm -f -- "$path"
	plot 0 -o "$path" "$work/hostile"
	is_png "$path"
	rm -- "$path"
done
[ -z "$(ls -A)" ] || fail "something was run: $(ls -A)"
cd "$work"

plot 2
one_line help
plot 2 "$work/empty"
one_line empty
plot 2 "$work/nothing.log"
one_line nothing.log
plot 2 --run 9 "$work/logs"
one_line "no run 9"
plot 2 --run 1 "$work/cut.log"
one_line "one folder"
plot 2 -o "$work/picture.gif" "$work/logs"
one_line "must end with .png or .svg"
echo kept >"$work/kept.png"
plot 1 -o "$work/nowhere/picture.png" "$work/logs"
one_line "cannot write '$work/nowhere/picture.png'"
printf 'garbage\0garbage\n\n#\n# time\n' >"$work/garbage.log"
plot 2 -o "$work/kept.png" "$work/garbage.log"
one_line "no data in $work/garbage.log"
mkfifo "$work/pipe.log"
plot 2 "$work/pipe.log"
one_line "pipe.log"
mkdir "$work/bin"
ln -s /bin/sh "$work/bin/sh"
PATH="$work/bin" plot 1 -o "$work/kept.png" "$work/logs"
one_line "gnuplot is not installed"
[ "$(cat "$work/kept.png")" = kept ] || fail "the picture that was there is gone"
[ -z "$(find "$work" -name 'kept.png.*')" ] || fail "something is left behind"
echo "plots are drawn"
