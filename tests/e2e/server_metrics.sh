#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# /metrics of a running mmserver: accepted by promtool, and by a strict reader of OpenMetrics; equal to the status; alerts and
# dashboard name only metrics that are there.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip "python3 is missing"
export PYTHONDONTWRITEBYTECODE=1

lib=$source_dir/tests/lib
port=$((20000 + $$ % 20000))
status=0
"$lib/promtool" --version >"$work/out" 2>"$work/err" || status=$?
[ "$status" != 77 ] || skip "$(cat "$work/err")"

cat >"$work/host.scn" <<'END'
host total=4G dom0=512M
duration 60m
guest web memory=256M maxmem=896M use=100M cache=30M swap=512M noise=4M
guest a"b\c}{ memory=256M maxmem=896M use=70M
guest mute memory=256M maxmem=512M use=70M agent=none introspection=off
at 1s web use 600M over 1s
at 3s mute pause
END
mmserver_pid=
trap 'kill "$mmserver_pid" 2>/dev/null || true; wait "$mmserver_pid" 2>/dev/null || true; rm -rf "$work"' EXIT
(cd "$work" && exec "$bin/mmserver" --backend "sim:$work/host.scn" --pace real --interval 0.5 --introspection on --log-dir "$work/logs" \
	--http "127.0.0.1:$port" --control "$work/control" >"$work/rows" 2>"$work/err") &
mmserver_pid=$!
wait_for 20 grep -q '^τ' "$work/rows"

run 0 python3 "$lib/openmetrics.py" --self-test
has_paused() {
	python3 "$lib/fetch_answers.py" --events 0 "127.0.0.1:$port" "$work/answers" >"$work/out" 2>&1 &&
		grep -q 'state="paused"' "$work/answers/metrics.txt"
}
wait_for 20 has_paused
"$lib/promtool" check metrics <"$work/answers/metrics.txt" >"$work/out" 2>&1 || fail "promtool"
[ ! -s "$work/out" ] || fail "promtool has remarks"
run 0 python3 "$lib/openmetrics.py" "$work/answers/openmetrics.txt"
run 0 python3 "$lib/openmetrics.py" --text "$work/answers/metrics.txt"
sleep 1
run 0 python3 "$lib/fetch_answers.py" --events 0 "127.0.0.1:$port" "$work/later"

python3 - "$lib" "$work" "$source_dir" <<'END' || fail "the metrics are not right"
import json, re, sys
sys.path.insert(0, sys.argv[1])
import openmetrics
work, source = sys.argv[2:]
text, late = [open(f"{work}/{when}/metrics.txt", "rb").read() for when in ("answers", "later")]
first, later = openmetrics.read(text, False), openmetrics.read(late, False)
status = json.load(open(f"{work}/later/status.json"))
opened = openmetrics.read(open(f"{work}/later/openmetrics.txt", "rb").read())

def of(families, name, **labels):
    return families[name][labels][0]

# The two forms hold the same.
def names(families):
    return {f.name + suffix: labels for f in families.values() for suffix, labels in f.samples}
assert set(names(opened)) == set(names(later))

# They are those of the status.
host = status["host"]
assert of(later, "xenmm_host_memory_total_bytes") == host["total_kib"] * 1024
assert of(later, "xenmm_host_memory_reserve_bytes") == host["reserve_kib"] * 1024
info = {dict(labels)["uuid"]: dict(labels) for _, labels in later["xenmm_domain_info"].samples}
for guest in status["guests"]:
    uuid = guest["uuid"]
    assert info[uuid]["name"] == guest["name"] and info[uuid]["domid"] == str(guest["domid"]), info
    assert of(later, "xenmm_domain_state", uuid=uuid, state=guest["state"]) == 1
    if guest["max_kib"]:
        assert of(later, "xenmm_domain_memory_maximum_bytes", uuid=uuid) == guest["max_kib"] * 1024
    knows = [("", (("uuid", uuid),)) in later[name].samples for name in
             ("xenmm_domain_agent_age_seconds", "xenmm_domain_memory_used_bytes", "xenmm_domain_memory_pressure_ratio")]
    assert all(knows) if guest["balanced"] else not any(knows), (guest, knows)
assert len(info) == len(status["guests"]) == 3
assert 'a"b\\c}{' in {i["name"] for i in info.values()}

# Counters do not fall, and count.
for family in first.values():
    if family.type != "gauge":
        for key, (value, _) in family.samples.items():
            if key in later[family.name].samples:
                assert later[family.name].samples[key][0] >= value, (family.name, key)
assert of(later, "xenmm_rounds_total") > of(first, "xenmm_rounds_total") > 0
assert of(later, "xenmm_http_requests_total", code="404") > 0
assert sum(v for v, _ in later["xenmm_decisions_total"].samples.values()) > 0
changes = sum(v for v, _ in later["xenmm_domain_target_changes_total"].samples.values())
assert changes > 0, changes
rounds = later["xenmm_round_duration_seconds"].samples[("_count", ())][0]
assert abs(rounds - of(later, "xenmm_rounds_total")) <= 1

# Alerts and dashboard ask for what is there.
there = set(names(later)) | {"up"}
for file in ("scripts/prometheus/xenmm-alerts.yml", "scripts/grafana/xenmm.json", "tests/alerts/xenmm-alerts.test.yml"):
    asked = set(re.findall(r"\bxenmm_\w+", open(f"{source}/{file}").read()))
    assert asked and asked <= there, f"{file}: {asked - there}"
print(f"{len(later)} families, {changes:.0f} changes of target")
END
run 0 python3 "$lib/man_api.py" "$source_dir/src/man/xenmm-api.5.rst" "$source_dir/src/web/schema/xenmm-api.schema.json" \
	"$source_dir/src/web/route.c" "$work/later/metrics.txt"
cat "$work/out"
kill "$mmserver_pid"
wait "$mmserver_pid" || fail "status $?"
echo "the metrics are as they must be"
