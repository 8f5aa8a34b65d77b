#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# mmmon on a host, with a stand-in for mmprobe: its command line, every answer, tokens, TLS, limits, signals.
set -euo pipefail
# shellcheck source=tests/e2e/mon_lib.sh
. "$(dirname "$0")/mon_lib.sh"

uuid=c0ffee00-1234-5678-9abc-def012345678
memory=()
for name in sample hostile many no-btf dies nonsense; do
	memories "$name"
	memory+=(--memory "$name=$work/m/$name")
done
memory+=(--memory "$uuid=$work/m/sample")
port=$(free_ports 1)
totals='totals-0123456789abcdef'

# ---- the command line ----
run 0 "$mmmon" --help
grep -q '^Usage: mmmon ' "$work/out" || fail "no usage line"
run 0 "$mmmon" --version
grep -qE '^mmmon \(xenmm\) [0-9.]+$' "$work/out" || fail "no version"
misuse() { # TEXT OPTION...
	local text=$1
	shift
	run 2 "$mmmon" "$@"
	one_line "$text"
}
misuse "unknown option '--hlep'" --hlep
misuse "'--listen' needs a value" --listen
misuse "unexpected 'x'" x
misuse "'0' is not a time from 1s to 1h" --interval 0
misuse "'21' is not a number from 0 to 20" --top 21
misuse "'nonsense' is not NAME=FILE" --memory nonsense
misuse "tls-cert and tls-key must be set" --listen "0.0.0.0:$port"
misuse "token-file must be set" --listen "[::]:$port" --tls-cert /c --tls-key /k
misuse "'host:1'" --listen host:1
misuse "token-file: $work/none: No such file" "${memory[@]}" --token-file "$work/none"
misuse "memory: x: $work/none: No such file" --memory "x=$work/none"
misuse "memory: x: $work: not a file of memory" --memory "x=$work"
printf '%s\n' "$totals" >"$work/open"
chmod 644 "$work/open"
misuse "chmod 600" "${memory[@]}" --token-file "$work/open"
printf 'interval = 5\n\nprocesess = yes\n' >"$work/wrong.conf"
run 1 "$mmmon" --config "$work/wrong.conf" --check-config
one_line "$work/wrong.conf:3: procesess: no such key; did you mean 'processes'?"
printf '[host a]\nurl = http://a\n' >"$work/hosts.conf"
misuse "only a controller gathers hosts" --config "$work/hosts.conf"
printf 'interval = 5\n' >"$work/right.conf"
run 0 "$mmmon" --config "$work/right.conf" --check-config
grep -qx "$work/right.conf: understood" "$work/out" || fail "what is understood"
for setting in "token-file = $work/none" "token-file = $work/open" "memory = x=$work/none" "tls-cert = $work/none
tls-key = $work/none"; do # "--check-config && systemctl restart" must not end a service that ran
	printf '%s\n' "$setting" >"$work/right.conf"
	run 1 "$mmmon" --config "$work/right.conf" --check-config
	one_line "$work/"
done
run 2 "$mmmon" --config "$work/none.conf"
one_line "$work/none.conf: No such file"

# ---- one look ----
run 0 "$mmmon" --once "${memory[@]}"
cp "$work/out" "$work/body"
is "['sample', 'hostile', 'many', 'no-btf', 'dies', 'nonsense', '$uuid']" "[d['name'] for d in a['domains']]"
is "['ok', 'ok', 'ok', 'no-btf', 'probe-died', 'probe-nonsense', 'ok']" "[d['reason'] for d in a['domains']]"
for line in 'no-btf: cannot be read (no-btf): ' 'dies: cannot be read (probe-died): '; do
	[ "$(grep -cF "guest $line" "$work/err")" = 1 ] || fail "not one line of $line: $(cat "$work/err")"
done
! grep -qE 'guest (sample|hostile|many|c0ffee00)' "$work/err" || fail "lines of guests that can be read"
is "[False]" "list({'process_list' in d for d in a['domains']})"

# ---- answers, without per-process data ----
start client.log "${memory[@]}" --listen "127.0.0.1:$port" --interval 1
client=$pid
wait_for 20 says "all(d['reason'] != 'not-yet' for d in a['domains'])" "$port" /v1/domains
ask 200 "$port" /v1/domains
schema domains
is 524288 "a['domains'][0]['memory']['total_kib']"
is 40960 "a['domains'][0]['memory']['slab_kib']"
is 3140 "a['domains'][0]['cost_us']"
is None "a['domains'][3]['memory']"
is "$uuid" "a['domains'][6]['uuid']"
for header in 'Cache-Control: no-store' 'X-Content-Type-Options: nosniff' 'Referrer-Policy: no-referrer'; do
	head_has "$header"
done
! grep -qi '^access-control' "$work/head" || fail "CORS"
ask 200 "$port" "/v1/domains/$uuid"
schema domain
is "$uuid" "a['domain']['name']"
ask 200 "$port" "/v1/domains/${uuid^^}"
ask 200 "$port" /v1/host
schema host
is "('client', 7, False)" "(a['host']['mode'], a['host']['guests'], a['host']['processes'])"
ask 200 "$port" /healthz
schema health
ask 200 "$port" /healthz -I
problem 404 "there is no '/v1/hosts' here" "$port" /v1/hosts
schema problem
problem 404 "there is no guest of the uuid 'web'" "$port" /v1/domains/web
problem 400 "there is no parameter 'x'" "$port" '/v1/domains?x=1'
problem 405 "POST: only GET and HEAD" "$port" /v1/domains -X POST
head_has 'Allow: GET, HEAD'
problem 413 "no body" "$port" /v1/domains -X GET -d x
problem 403 "evil.example" "$port" /v1/domains -H 'Host: evil.example'
problem 403 "pages of" "$port" /v1/domains -H 'Origin: http://evil.example'
problem 403 "other sites" "$port" /v1/domains -H 'Sec-Fetch-Site: cross-site'
problem 431 "8192 bytes" "$port" /v1/domains -H "X: $(head -c 9000 /dev/zero | tr '\0' x)"
for target in /v1/processes "/v1/domains/$uuid/processes" '/v1/domains?processes=5'; do
	problem 403 "per-process data is off" "$port" "$target"
done
metrics "$port"
! grep -q 'process="' "$work/metrics.txt" || fail "processes in the metrics"
grep -q "^xenmm_guest_memory_total_bytes{uuid=\"$uuid\"} 536870912\$" "$work/metrics.txt" || fail "no total"
grep -q '^xenmm_guest_unreadable{uuid="[^"]*",reason="no-btf"} 1$' "$work/metrics.txt" || fail "no reason"
grep -qE "^xenmm_monitor_cost_seconds_total\{uuid=\"$uuid\"\} 0\.0[0-9]+\$" "$work/metrics.txt" || fail "no cost"
grep -q '^xenmm_monitor_http_requests_total{code="404"} 2$' "$work/metrics.txt" || fail "requests"
"$mmmon" --help >"$work/help"
run 0 python3 "$lib/man_monitor.py" "$source_dir/src/man/mmmon.conf.5.rst" \
	"$source_dir/src/monitor/schema/xenmm-monitor-api.schema.json" "$work/metrics.txt" "$work/help"
# the samples go on
wait_for 20 says "a['domains'][0]['samples'] >= 3" "$port" /v1/domains

# ---- the log: one line for a change, whatever often it is tried ----
port2=$(free_ports 1)
echo damaged >"$work/m/as-told"
start told.log --memory "turn=$work/m/as-told" --listen "127.0.0.1:$port2" --interval 1
told=$pid
wait_for 20 grep -q 'guest turn: cannot be read (damaged): ' "$work/told.log"
wait_for 20 says "a['domains'][0]['failures'] >= 2" "$port2" /v1/domains
echo sample >"$work/m/as-told"
wait_for 20 grep -q 'guest turn: can be read again' "$work/told.log"
stop "$told"
[ "$(grep -c 'guest turn' "$work/told.log")" = 2 ] || fail "not two lines: $(cat "$work/told.log")"

# ---- the port is taken ----
run 1 "$mmmon" "${memory[@]}" --listen "127.0.0.1:$port"
one_line "cannot listen on 127.0.0.1:$port: Address already in use"

# ---- 200 slow clients: others are served, and the slow ones are let go ----
python3 - "$port" <<'END' || fail "slow clients"
import socket, sys, time, urllib.request
port = int(sys.argv[1])
slow = []
for i in range(200):
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(b"GET /v1/domains HTTP/1.1\r\nHost: localhost\r\nX: ")
    slow.append(s)
assert urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10).status == 200
ended = time.monotonic() + 30
for i, s in enumerate(slow):
    s.settimeout(max(0.1, ended - time.monotonic()))
    try:
        s.sendall(b"x")
        while s.recv(4096):
            pass
    except (ConnectionError, BrokenPipeError):
        pass
assert urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/domains", timeout=10).status == 200
END

# ---- SIGTERM: it goes, and its probes with it ----
stop "$client"
! pgrep -P "$client" >/dev/null || fail "a probe is left"
grep -q 'told to stop by SIGTERM' "$work/client.log" || fail "no word of SIGTERM"

# ---- per-process data ----
start private.log "${memory[@]}" --listen "127.0.0.1:$port" --interval 1 --processes --top 2
grep -q 'processes: every user of this machine' "$work/private.log" || fail "not warned about"
wait_for 30 says "all(d['reason'] != 'not-yet' for d in a['domains']) and a['domains'][0]['samples'] > 1" "$port" /v1/domains
ask 200 "$port" "/v1/domains/$uuid/processes?sort=rss&limit=2"
schema guest_processes
is "['mariadbd', 'systemd']" "[p['name'] for p in a['processes']]"
is 4 "a['matching']"
is 5 "a['domain']['processes']"
ask 200 "$port" "/v1/domains/$uuid/processes?kernel=yes&sort=pid"
is "[1, 2, 310, 412, 65000]" "[p['pid'] for p in a['processes']]"
ask 200 "$port" "/v1/processes?sort=cpu&limit=3"
schema processes
is "['burn', 'burn']" "[p['name'] for p in a['processes']][:2]"
is "[200.0, 200.0]" "[p['cpu_percent'] for p in a['processes']][:2]"
ask 200 "$port" '/v1/domains?processes=1'
cp "$work/body" "$work/domains.json"
is "['burn', 'mariadbd']" "[p['name'] for p in a['domains'][0]['process_list']]"
is 65536 "a['domains'][2]['processes']"
metrics "$port" # names of the hostile guest, too
[ "$(grep -c '^xenmm_guest_process_memory_bytes' "$work/metrics.txt")" = 7 ] || fail "not two names of each guest: $(grep process_memory "$work/metrics.txt")"
grep -q "^xenmm_guest_process_cpu_ratio{uuid=\"$uuid\",process=\"mariadbd\"}" "$work/metrics.txt" || fail "no ratio"
stop "$pid"
check_schemas
echo "a client answers"
