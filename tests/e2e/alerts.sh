#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The example alerts: understood by Prometheus, and each shown to fire where it must and only there. The dashboard: JSON
# whose queries Prometheus understands.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip "python3 is missing"

promtool=$source_dir/tests/lib/promtool
alerts=$source_dir/scripts/prometheus/xenmm-alerts.yml
cases=$source_dir/tests/alerts/xenmm-alerts.test.yml
status=0
"$promtool" --version >"$work/out" 2>"$work/err" || status=$?
[ "$status" != 77 ] || skip "$(cat "$work/err")"
[ "$status" = 0 ] || fail "promtool does not run"

run 0 "$promtool" check rules "$alerts"
run 0 "$promtool" test rules "$cases"

# Each has a case in which it fires and one in which it does not, and says what is the matter.
python3 - "$alerts" "$cases" <<'END' || fail "alerts without a case, a severity or a text"
import re, sys
rules = open(sys.argv[1]).read().split("- alert: ")[1:]
cases = re.split(r"(?m)^ +- eval_time: .*$", open(sys.argv[2]).read())[1:]
assert len(rules) >= 6, rules
for rule in rules:
    name = rule.split()[0]
    of = [case for case in cases if re.search(rf"alertname: {name}\s", case)]
    assert any("exp_alerts" in case for case in of), f"{name} never fires"
    assert any("exp_alerts" not in case for case in of), f"{name} always fires"
    for key in ("for", "severity", "summary", "description"):
        assert re.search(rf"(?m)^ +{key}: \S", rule), f"{name} has no {key}"
print(f"{len(rules)} alerts, {len(cases)} moments")
END

# The tests can fail: an alert that never fires is found.
mkdir -p "$work/scripts/prometheus" "$work/tests/alerts"
sed 's/xenmm_paused == 1/xenmm_paused == 2/' "$alerts" >"$work/scripts/prometheus/xenmm-alerts.yml"
cp "$cases" "$work/tests/alerts/"
run 1 "$promtool" test rules "$work/tests/alerts/xenmm-alerts.test.yml"

# Queries of the dashboard, as rules, with its variables filled in.
python3 - "$source_dir/scripts/grafana/xenmm.json" >"$work/queries.yml" <<'END' || fail "the dashboard is broken"
import json, re, sys
board = json.load(open(sys.argv[1]))
variables = {v["name"] for v in board["templating"]["list"]}
ids = [panel["id"] for panel in board["panels"]]
assert len(set(ids)) == len(ids)
print("groups:\n  - name: dashboard\n    rules:")
for panel in board["panels"]:
    assert panel["title"] and panel["description"] and panel["targets"], panel["id"]
    for target in panel["targets"]:
        expr = target["expr"]
        used = set(re.findall(r"\$(\w+)", expr)) - {"__rate_interval"}
        assert used <= variables, used
        expr = expr.replace("$__rate_interval", "1m").replace("$host", "h").replace("$guest", ".*")
        print(f"      - record: panel{panel['id']}{target['refId']}\n        expr: {json.dumps(expr)}")
END
run 0 "$promtool" check rules "$work/queries.yml"
grep -q "rules found" "$work/out" || fail "no query was checked"
echo "alerts and dashboard are understood"
