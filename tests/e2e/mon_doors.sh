#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Who may ask mmmon: tokens and their scopes, TLS with a certificate made here, what other machines may not do; and what SIGHUP changes.
set -euo pipefail
# shellcheck source=tests/e2e/mon_lib.sh
. "$(dirname "$0")/mon_lib.sh"
command -v openssl >/dev/null || skip "openssl is missing"

port=$(free_ports 1)
totals='totals-0123456789abcdef'
private='private-0123456789abcdef'
later='later-0123456789abcdef'
bearer() { # TOKEN: what curl is to send
	printf 'Authorization: Bearer %s' "$1"
}
certificate() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
		-addext 'subjectAltName=IP:127.0.0.1,DNS:localhost' -keyout "$work/$1.key" -out "$work/$1.pem" 2>"$work/err" ||
		fail "openssl"
	chmod 600 "$work/$1.key"
}
memories sample
umask 077
printf '# the page\n%s processes\n%s # prometheus\n' "$private" "$totals" >"$work/tokens"
cat >"$work/mmmon.conf" <<END
listen = 127.0.0.1:$port
interval = 1
processes = yes
memory = web=$work/m/sample
token-file = $work/tokens
END

# ---- tokens ----
start tokens.log --config "$work/mmmon.conf"
client=$pid
! grep -q 'no tokens' "$work/tokens.log" || fail "warned about tokens that are there"
ask 200 "$port" /healthz
problem 401 "a token is needed" "$port" /v1/domains
head_has 'WWW-Authenticate: Bearer'
problem 401 "a token is needed" "$port" /nothing
problem 401 "not known here" "$port" /v1/domains -H "$(bearer wrong-0123456789abcdef)"
grep -q '127.0.0.1 sent a wrong token' "$work/tokens.log" || fail "a wrong token is not told of"
! grep -q 'wrong-0123' "$work/tokens.log" || fail "a token in the log"
problem 401 "not known here" "$port" /v1/domains -H "Authorization: Basic dXNlcjpwYXNz"
problem 400 "twice" "$port" /v1/domains -H "$(bearer "$totals")" -H "$(bearer "$private")"
has_sample() {
	ask 200 "$port" /v1/domains -H "$(bearer "$totals")"
	[ "$(value "a['domains'][0]['samples'] > 1")" = True ]
}
wait_for 20 has_sample
uuid=$(value "a['domains'][0]['uuid']")
is False "'process_list' in a['domains'][0]"
for target in /v1/processes "/v1/domains/$uuid/processes" '/v1/domains?processes=3'; do
	problem 403 "this token is for totals" "$port" "$target" -H "$(bearer "$totals")"
	ask 200 "$port" "$target" -H "$(bearer "$private")"
	body_has '"name":"mariadbd"'
done
ask 200 "$port" /metrics -H "$(bearer "$totals")"
! grep -q mariadbd "$work/body" || fail "processes for a token of totals"
ask 200 "$port" /metrics -H "$(bearer "$private")"
body_has 'process="mariadbd"'
# a page elsewhere has no token, and a name that leads here is one like another
ask 200 "$port" /v1/host -H 'Host: dom0.example:9092' -H "$(bearer "$totals")"

# ---- SIGHUP: other tokens, other settings; a wrong file changes nothing ----
hup() { # TEXT: that the log holds then
	local before
	before=$(grep -cF -- "$1" "$work/tokens.log" || true)
	kill -HUP "$client"
	more() { [ "$(grep -cF -- "$1" "$work/tokens.log")" -gt "$2" ]; }
	wait_for 20 more "$1" "$before"
}
printf '%s\n' "$later" >"$work/tokens"
hup 'read again: nothing changed'
problem 401 "not known here" "$port" /v1/host -H "$(bearer "$totals")"
ask 200 "$port" /v1/host -H "$(bearer "$later")"
is "(1000, True)" "(a['host']['interval_ms'], a['host']['processes'])"
sed -i 's/^interval = 1/interval = 2/; s/^processes = yes/processes = no/' "$work/mmmon.conf"
hup 'read again: changed interval, processes'
ask 200 "$port" /v1/host -H "$(bearer "$later")"
is "(2000, False)" "(a['host']['interval_ms'], a['host']['processes'])"
sed -i 's/^interval = 2/intervall = 3/' "$work/mmmon.conf"
hup "mmmon.conf:2: intervall: no such key; did you mean 'interval'?; the settings stay as they are"
ask 200 "$port" /v1/host -H "$(bearer "$later")"
is 2000 "a['host']['interval_ms']"
sed -i 's/^intervall = 3/interval = 2/; s/^listen = .*/listen = 127.0.0.1:1/' "$work/mmmon.conf"
hup 'listen: needs a restart of mmmon'
printf 'short\n' >"$work/tokens"
hup 'tokens:1: a token of 5 bytes; it must have 16 to 128; tokens and certificate stay as they are'
ask 200 "$port" /v1/host -H "$(bearer "$later")"
chmod 644 "$work/tokens"
hup 'chmod 600'
ask 200 "$port" /v1/host -H "$(bearer "$later")"
stop "$client"

# ---- TLS, for other machines ----
certificate one
certificate two
printf '%s\n' "$totals" >"$work/tokens"
chmod 600 "$work/tokens"
cp "$work/one.pem" "$work/cert.pem"
cp "$work/one.key" "$work/cert.key"
cat >"$work/mmmon.conf" <<END
listen = 0.0.0.0:$port
interval = 1
memory = web=$work/m/sample
token-file = $work/tokens
tls-cert = $work/cert.pem
tls-key = $work/cert.key
END
start tokens.log --config "$work/mmmon.conf"
client=$pid
grep -qF "https://0.0.0.0:$port/" "$work/tokens.log" || fail "no https"
! grep -q 'whoever reaches' "$work/tokens.log" || fail "warned about what is right"
tls() { # STATUS CERTIFICATE [CURL-OPTION...]
	local want=$1 got
	got=$(curl -sS --max-time 20 --cacert "$work/$2.pem" -o "$work/body" -w '%{http_code}' -H "$(bearer "$totals")" \
		"${@:3}" "https://127.0.0.1:$port/v1/host" 2>"$work/err") || true
	[ "$got" = "$want" ] || fail "$got over TLS, not $want: $(cat "$work/err")"
}
tls 200 one
tls 200 one --tlsv1.3
tls 000 one --tls-max 1.1
tls 000 two
! curl -sS --max-time 20 "http://127.0.0.1:$port/v1/host" >"$work/out" 2>&1 || [ ! -s "$work/out" ] || fail "an answer without TLS"
# another certificate, while it runs; one that does not fit its key changes nothing
cp "$work/two.key" "$work/cert.key"
hup 'are not a certificate and its key; tokens and certificate stay as they are'
tls 200 one
cp "$work/two.pem" "$work/cert.pem"
hup 'read again: nothing changed'
tls 200 two
tls 000 one
# who guesses is told to wait, and with him nobody who knows
seq 40 | sed "s|.*|url = \"https://127.0.0.1:$port/v1/host\"\noutput = \"$work/body\"|" |
	curl -sS --max-time 60 -K - --cacert "$work/two.pem" -w '%{http_code}\n' -H "$(bearer wrong-0123456789abcdef)" >"$work/out" 2>"$work/err" || true
[ "$(sort -u "$work/out" | paste -sd ' ')" = '401 429' ] || fail "guesses are answered with $(sort -u "$work/out")"
stop "$client"
chmod 644 "$work/cert.key"
run 2 "$mmmon" --config "$work/mmmon.conf"
one_line "tls-key: $work/cert.key: everybody can read or write it"
printf 'nonsense\n' >"$work/cert.pem"
chmod 600 "$work/cert.key"
run 2 "$mmmon" --config "$work/mmmon.conf"
one_line "are not a certificate and its key"

# ---- other machines without TLS and tokens: only who says so, and it is told ----
start insecure.log --listen "0.0.0.0:$port" --insecure --memory "web=$work/m/sample"
grep -qF "listen: whoever reaches 0.0.0.0:$port can read the memory of all guests: there are no tokens" "$work/insecure.log" ||
	fail "insecure is not warned about"
problem 403 "evil.example" "$port" /v1/domains -H 'Host: evil.example'
# more than may come at once, in one connection; the refusal says when to come again
seq 600 | sed "s|.*|url = \"http://127.0.0.1:$port/v1/host\"|" |
	curl -sS --max-time 60 -K - -i >"$work/crowd" 2>"$work/err" || true
sed -n '/^HTTP\/1.1 429/,/^{/p' "$work/crowd" | tr -d '\r' >"$work/head"
cp "$work/head" "$work/body"
head_has 'Retry-After: 1'
body_has '"status":429,"detail":"too many requests'
wait_for 20 says "a['host']['mode'] == 'client'" "$port" /v1/host
stop "$pid"
echo "the doors are closed to whom they must be"
