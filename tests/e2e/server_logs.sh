#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The data logs: named by day, run and domain, never overwritten, plottable; and balancing goes on where they
# cannot be written.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$work/logs"
cd "$work/logs"

# The simulator ends with its scenario, the same way each time.
run 0 "$bin/mmserver" --http off --backend sim --seed 7
cp "$work/out" "$work/table"
mapfile -t first < <(find . -name '*_1_*.log' | sort)
[ ${#first[@]} -gt 1 ] || fail "${#first[@]} logs of the first run"
sha256sum "${first[@]}" >"$work/first"
run 0 "$bin/mmserver" --http off --backend sim --seed 7
mapfile -t second < <(find . -name '*_2_*.log' | sort)
[ ${#second[@]} = ${#first[@]} ] || fail "${#second[@]} logs of the second run"
sha256sum -c --quiet "$work/first" || fail "the second run touched the first one's logs"

for log in "${first[@]}"; do
	[[ ${log#./} =~ ^[0-9]{2}_[0-9]{2}_[0-9]{2}_1_[0-9]+\.log$ ]] || fail "name of $log"
	grep -q '^#.*time.*tg_mem.*use_mem.*free_mem.*tot_mem' "$log" || fail "$log: no column names"
	grep -q '^#.*uuid' "$log" || fail "$log: no uuid"
	grep -q '^#.*KiB' "$log" || fail "$log: no units"
	awk '/^#/ || NF == 0 { next }
		$1 !~ /^20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9.]*$/ { print FILENAME ": time " $1; exit 1 }
		!columns { columns = NF }
		NF != columns { print FILENAME ": line " NR " has " NF " columns"; exit 1 }
		{ for (i = 2; i <= 5; i++) if ($i !~ /^([0-9]+|-|nan)$/) { print FILENAME ": " $0; exit 1 } }
		END { if (NR < 10) exit 1 }' "$log" || fail "$log: rows"
done

# -d: a folder that is missing is made; one below a file cannot be. Everything else stays the same.
run 0 "$bin/mmserver" --http off --backend sim --seed 7 -d "$work/made"
[ "$(find "$work/made" -name '*_1_*.log' | wc -l)" = ${#first[@]} ] || fail "the missing folder is not made"
: >"$work/file"
run 0 "$bin/mmserver" --http off --backend sim --seed 7 -d "$work/file/folder"
grep -q "$work/file/folder" "$work/err" || fail "the bad folder is not reported"
cmp -s "$work/out" "$work/table" || fail "the table is another one without logs"
# Said at the start, not when the first guest reports; none here ever does.
printf '%s\n' 'host total=1G dom0=256M' 'duration 5s' 'guest mute memory=64M agent=none' >"$work/mute.scn"
run 0 "$bin/mmserver" --http off --backend "sim:$work/mute.scn" -d "$work/file/folder"
grep -q "data logs in $work/file/folder: cannot write there: Not a directory; balancing goes on without them" "$work/err" ||
	fail "the bad folder is not reported at the start"
mkdir "$work/other"
run 0 "$bin/mmserver" --http off --backend sim --seed 7 --log-dir "$work/other"
[ "$(find "$work/other" -name '*_1_*.log' | wc -l)" = ${#first[@]} ] || fail "--log-dir is not used"
cmp -s "$work/out" "$work/table" || fail "the same seed gives another run"

# A full disk, where a small file system can be mounted.
untried=
mkdir "$work/full"
if unshare --mount true 2>/dev/null; then
	run 0 unshare --mount bash -c 'mount -t tmpfs -o size=16k,mode=755 tmpfs "$1" && cd "$1" && exec "$2" --http off --backend sim --seed 7' \
		bash "$work/full" "$bin/mmserver"
	grep -qi 'no space' "$work/err" || fail "the full disk is not reported"
	[ "$(grep -ci 'no space' "$work/err")" -le ${#first[@]} ] || fail "the full disk is reported again and again"
	cmp -s "$work/out" "$work/table" || fail "the table is another one on a full disk"
else
	untried="the full disk is not tried: no right to mount"
fi

# A dry run leaves nothing behind, unless it is told where.
mkdir "$work/dry"
(cd "$work/dry" && run 0 "$bin/mmserver" --http off --backend sim --seed 7 --dry-run)
[ -z "$(ls "$work/dry")" ] || fail "a dry run leaves files behind"
run 0 "$bin/mmserver" --http off --backend sim --seed 7 --dry-run --log-dir "$work/other"
[ "$(find "$work/other" -name '*_2_*.log' | wc -l)" = ${#first[@]} ] || fail "a dry run does not use --log-dir"
[ -z "$untried" ] || skip "$untried"
echo "logs are kept"
