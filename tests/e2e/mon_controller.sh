#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# mmmon as a controller: two clients on this machine, one by TLS and token; hosts that hang, lie and are not there; a guest that two hosts show.
set -euo pipefail
# shellcheck source=tests/e2e/mon_lib.sh
. "$(dirname "$0")/mon_lib.sh"
command -v openssl >/dev/null || skip "openssl is missing"

moving=c0ffee00-1234-5678-9abc-def012345678
token='private-0123456789abcdef'
read -r a b own gone < <(free_ports 4)
memories sample hostile not-linux
umask 077
printf '%s processes\n' "$token" >"$work/tokens"
printf 'wrong-0123456789abcdef\n' >"$work/wrong-token"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=beta \
	-addext 'subjectAltName=IP:127.0.0.1' -keyout "$work/key.pem" -out "$work/cert.pem" 2>"$work/err" || fail "openssl"

start alpha.log --listen "127.0.0.1:$a" -i 1 --processes --memory "web=$work/m/sample" --memory "bad=$work/m/hostile"
alpha=$pid
start beta.log --listen "127.0.0.1:$b" -i 1 --processes --memory "$moving=$work/m/sample" --memory "win=$work/m/not-linux" \
	--tls-cert "$work/cert.pem" --tls-key "$work/key.pem" --token-file "$work/tokens"
beta=$pid
python3 "$lib/liars.py" "$work/liars" "http://127.0.0.1:$a/v1/domains" 2>"$work/liars.err" &
pids+=($!)
wait_for 20 test -s "$work/liars"

{
	cat <<END
listen = 127.0.0.1:$own
interval = 1
timeout = 2
processes = yes
[host alpha]
url = http://127.0.0.1:$a
[host beta]
url = https://127.0.0.1:$b
token-file = $work/tokens
ca-file = $work/cert.pem
[host no-ca]
url = https://127.0.0.1:$b
token-file = $work/tokens
[host no-token]
url = https://127.0.0.1:$b
ca-file = $work/cert.pem
[host wrong-token]
url = https://127.0.0.1:$b
token-file = $work/wrong-token
ca-file = $work/cert.pem
[host gone]
url = http://127.0.0.1:$gone
[host nowhere]
url = http://no-such-host.invalid:9092
END
	while read -r kind number; do
		printf '[host %s]\nurl = http://127.0.0.1:%s\n' "$kind" "$number"
	done <"$work/liars"
} >"$work/controller.conf"

run 0 "$mmmon" --controller --config "$work/controller.conf" --check-config
start own.log --controller --config "$work/controller.conf"
own_pid=$pid

# ---- the hosts ----
wait_for 40 says "all(h['requests'] > 1 for h in a['hosts']) and [h['name'] for h in a['hosts'] if h['up']] == ['alpha', 'beta']" "$own" /v1/hosts
ask 200 "$own" /v1/hosts
schema hosts
error() { # HOST TEXT: sooner or later, for a host on a busy machine may be late as well
	wait_for 20 says "'$2' in str([h['error'] for h in a['hosts'] if h['name'] == '$1'][0])" "$own" /v1/hosts
}
error alpha None
error hangs 'no whole answer within 2 s (timeout)'
error drips 'within 2 s (timeout)'
error closes 'hung up without an answer: does it want https?'
error nonsense ''
error nojson 'no JSON: line 1'
error deep 'more objects and values'
error lies 'domid is not a number'
error later 'another version'
error refuses 'it refuses us (401)'
error fails 'status 500'
error redirects 'redirection (302)'
error bombs 'longer than 64 KiB'
error promises 'partial file'
error endless 'longer than 8 MiB'
error short 'partial file'
error gone "connect to server"
error nowhere 'resolve host'
error no-ca "not signed by one that the system trusts (ca-file)"
error no-token '(401)'
error wrong-token '(401)'
is 2 "sum(h['guests'] > 0 for h in a['hosts'])"
! LC_ALL=C grep -q '[^ -~]' "$work/own.log" || fail "bytes of a liar in the log"

# ---- their guests ----
wait_for 20 says "all(d['samples'] > 1 for d in a['domains'] if d['readable']) and len(a['domains']) == 4" "$own" /v1/domains
ask 200 "$own" /v1/domains
schema domains
is "[('alpha', 'bad'), ('alpha', 'web'), ('beta', '$moving'), ('beta', 'win')]" "sorted((d['host'], d['name']) for d in a['domains'])"
is "['not-linux']" "[d['reason'] for d in a['domains'] if d['name'] == 'win']"
is 524288 "[d['memory']['total_kib'] for d in a['domains'] if d['name'] == 'web'][0]"
ask 200 "$own" '/v1/domains?host=beta'
is 2 "len(a['domains'])"
problem 404 "there is no host 'x'" "$own" '/v1/domains?host=x'
ask 200 "$own" "/v1/domains/$moving"
is beta "a['domain']['host']"
ask 200 "$own" "/v1/domains/$moving/processes?sort=rss&limit=1"
schema guest_processes
is "[('mariadbd', 71680)]" "[(p['name'], p['rss_kib'] + p['swap_kib']) for p in a['processes']]"
ask 200 "$own" '/v1/processes?sort=rss&limit=50&host=beta'
schema processes
is "{'$moving'}" "{p['domain_name'] for p in a['processes']}"
wait_for 20 says "[p['name'] for p in a['processes']] == ['burn', 'burn']" "$own" '/v1/processes?sort=cpu&limit=2'
is "['alpha', 'beta']" "sorted(p['host'] for p in a['processes'])"
ask 200 "$own" /v1/host
is controller "a['host']['mode']"
schema host
metrics "$own"
grep -q '^xenmm_monitor_host_up{host="alpha"} 1$' "$work/metrics.txt" || fail "alpha is not up"
grep -q '^xenmm_monitor_host_up{host="hangs"} 0$' "$work/metrics.txt" || fail "hangs is up"
grep -q "^xenmm_guest_info{uuid=\"$moving\",name=\"$moving\",host=\"beta\"" "$work/metrics.txt" || fail "no info"

# ---- a guest moves: both hosts are told, then the one that still has it ----
stop "$alpha"
start alpha.log --listen "127.0.0.1:$a" -i 1 --memory "$moving=$work/m/sample"
alpha=$pid
wait_for 20 says "a['domain']['also_on'] is not None and {a['domain']['host'], a['domain']['also_on']} == {'alpha', 'beta'}" "$own" "/v1/domains/$moving"
ask 200 "$own" /v1/hosts # alpha has no per-process data now, which is no fault
is "[(True, None, True, 1)]" "[(h['up'], h['error'], h['lacks_processes'], h['guests']) for h in a['hosts'] if h['name'] == 'alpha']"
metrics "$own"
grep -q '^xenmm_monitor_duplicates 1$' "$work/metrics.txt" || fail "no duplicate"
stop "$beta"
wait_for 20 says "a['domain']['host'] == 'alpha' and a['domain']['also_on'] is None" "$own" "/v1/domains/$moving"

# ---- what a silent host said last is kept, and marked ----
wait_for 20 says "[(d['stale'], d['reason'], d['readable']) for d in a['domains'] if d['name'] == 'win'] == [(True, 'host-silent', False)]" "$own" /v1/domains
stop "$alpha"
wait_for 20 says "a['domain']['stale'] and a['domain']['reason'] == 'host-silent' and a['domain']['memory']['total_kib'] == 524288" "$own" "/v1/domains/$moving"
grep -qF "connect" <<<"$(value "a['domain']['reason_text']")" || fail "no word of why: $(cat "$work/body")"
start alpha.log --listen "127.0.0.1:$a" -i 1 --processes --memory "$moving=$work/m/sample"
wait_for 30 says "not a['domain']['stale'] and a['domain']['readable']" "$own" "/v1/domains/$moving"
grep -q 'host alpha: answers again' "$work/own.log" || fail "no word of its return"

# ---- other hosts, while it runs ----
sed -i '/^\[host no-ca\]/,$d' "$work/controller.conf"
kill -HUP "$own_pid"
wait_for 20 says "[h['name'] for h in a['hosts']] == ['alpha', 'beta']" "$own" /v1/hosts
grep -q 'read again: changed hosts' "$work/own.log" || fail "no word of other hosts"
stop "$own_pid"

# ---- one look at all hosts ----
run 0 "$mmmon" --controller --config "$work/controller.conf" --once
cp "$work/out" "$work/body"
is "['$moving']" "[d['name'] for d in a['domains']]"
check_schemas
echo "a controller gathers"
