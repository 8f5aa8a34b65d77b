# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Shared by the tests of mmmon: clients with a stand-in for mmprobe, and asking them.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
mmmon=$bin/mmmon
lib=$source_dir/tests/lib
export XENMM_PROBE=$bin/../tests/fake_probe # it does what its target is called
export PYTHONDONTWRITEBYTECODE=1
command -v curl >/dev/null || skip "curl is missing"
command -v python3 >/dev/null || skip "python3 is missing"
pids=()

stop_all() {
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$work"
}
trap stop_all EXIT

# free_ports COUNT: ports of loopback that nobody has.
free_ports() {
	python3 -c 'import socket, sys
s = [socket.create_server(("", 0)) for _ in range(int(sys.argv[1]))]
print(*(x.getsockname()[1] for x in s))' "$1"
}

# memories NAME...: files for --memory; what is in them is the stand-in's to say.
memories() {
	local name
	mkdir -p "$work/m"
	for name; do
		: >"$work/m/$name"
	done
}

# start LOG OPTION...: in the background; its id is in $pid. It answers before this returns.
start() {
	local log=$work/$1
	shift
	: >"$log"
	"$mmmon" "$@" >"$work/rows" 2>"$log" &
	pid=$!
	pids+=("$pid")
	wait_for 20 grep -q 'answers at' "$log"
}

# stop PID: by SIGTERM, and insists on status 0.
stop() {
	kill "$1"
	wait "$1" || fail "status $? after SIGTERM"
}

# ask STATUS PORT TARGET [CURL-OPTION...]: the body is in $work/body, the head in $work/head.
ask() {
	local want=$1 got target=$3
	local url="http://127.0.0.1:$2$target"
	shift 3
	got=$(curl -sS --max-time 20 -o "$work/body" -D "$work/head" -w '%{http_code}' "$@" "$url" 2>"$work/err") || true
	[ "$got" = "$want" ] || fail "$target is answered with $got, not $want: $(cat "$work/body" 2>/dev/null)"
}

body_has() { # TEXT
	grep -qF -- "$1" "$work/body" || fail "the body does not hold '$1': $(head -c 600 "$work/body")"
}

head_has() { # TEXT
	tr -d '\r' <"$work/head" | grep -qiF -- "$1" || fail "the head does not hold '$1': $(cat "$work/head")"
}

# problem STATUS TEXT PORT TARGET [CURL-OPTION...]
problem() {
	local status=$1 text=$2
	shift 2
	ask "$status" "$@"
	head_has 'content-type: application/problem+json'
	body_has "\"status\":$status,\"detail\":\""
	body_has "$text"
}

# value EXPRESSION: of the body, which is JSON, called a.
value() {
	python3 -c 'import json, sys; a = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$work/body" "$1"
}

is() { # EXPECTED EXPRESSION
	local got
	got=$(value "$2") || fail "no $2 in $(head -c 600 "$work/body")"
	[ "$got" = "$1" ] || fail "$2 is '$got', not '$1'"
}

says() { # EXPRESSION PORT TARGET: for wait_for; whether it is true of the answer
	curl -sS --max-time 20 -o "$work/body" "http://127.0.0.1:$2$3" 2>/dev/null && [ "$(value "$1" 2>/dev/null)" = True ]
}

schema() { # KIND: the body keeps to it
	cp "$work/body" "$work/$1.json"
	schemas="${schemas-} $1"
}

check_schemas() {
	local python kind
	for python in python3 /usr/bin/python3; do
		"$python" -c 'import jsonschema; jsonschema.Draft202012Validator' 2>/dev/null || continue
		for kind in $schemas; do
			run 0 "$python" "$lib/monitor_answers.py" --mutants "$kind" "$work/$kind.json"
		done
		return
	done
	echo "python3-jsonschema is missing: the schema is not checked"
}

# metrics PORT: both forms are accepted by promtool and a strict reader.
metrics() {
	local status=0
	ask 200 "$1" /metrics
	cp "$work/body" "$work/metrics.txt"
	head_has 'text/plain; version=0.0.4'
	run 0 python3 "$lib/openmetrics.py" --text "$work/metrics.txt"
	"$lib/promtool" --version >"$work/out" 2>"$work/err" || status=$?
	if [ "$status" != 77 ]; then
		"$lib/promtool" check metrics <"$work/metrics.txt" >"$work/out" 2>&1 || fail "promtool"
		[ ! -s "$work/out" ] || fail "promtool has remarks"
	fi
	ask 200 "$1" /metrics -H 'Accept: application/openmetrics-text'
	head_has 'application/openmetrics-text'
	cp "$work/body" "$work/openmetrics.txt"
	run 0 python3 "$lib/openmetrics.py" "$work/openmetrics.txt"
}
