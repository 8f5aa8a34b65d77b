#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The HTTP endpoint: every route, what is refused and how, and where it listens.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

port=$((20000 + $$ % 20000))
pid=

start() { # OPTION...
	rm -rf "$work/run"
	mkdir "$work/run"
	: >"$work/err"
	(cd "$work/run" && exec "$bin/mmserver" --backend sim --pace real --interval 0.2 "$@" \
		>"$work/out" 2>"$work/err") &
	pid=$!
	trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
	wait_for 20 grep -q '^τ' "$work/out"
}

ask() { # REQUEST-LINE [HEADER]
	exec 3<>"/dev/tcp/127.0.0.1/$port"
	printf '%s\r\n%s\r\n\r\n' "$1" "${2-Host: 127.0.0.1:$port}" >&3
	timeout 10 cat <&3 >"$work/answer" || fail "no answer to $1"
	exec 3>&-
	head -n 1 "$work/answer" | cut -d ' ' -f 2
}

for address in 127.0.0.1 9091 127.0.0.1:0 127.0.0.1:70000 host:80 127.0.0.1:x '[::1]' '[::1]:0' '::1:80' '[127.0.0.1]:80' ''; do
	run 2 "$bin/mmserver" --backend sim --http "$address"
	one_line "'$address'"
done

# says STATUS REQUEST-LINE [HEADER]: the status, and the header fields and body in $work/answer.
says() {
	local want=$1 got
	shift
	got=$(ask "$@")
	[ "$got" = "$want" ] || fail "$* is answered with $got, not $want"
}

holds() { # TEXT: in the answer
	tr -d '\r' <"$work/answer" >"$work/text"
	grep -qF -- "$1" "$work/text" || fail "the answer does not hold '$1': $(cat "$work/answer")"
}

# refused STATUS TEXT REQUEST-LINE [HEADER]: by a line that holds TEXT
refused() {
	local status=$1 text=$2
	shift 2
	says "$status" "$@"
	holds '{"ok":false,"version":1,"error":"'
	holds "$text"
	holds 'Content-Type: application/json'
}

start --http "127.0.0.1:$port"
[ ! -s "$work/err" ] || ! grep -q 'password' "$work/err" || fail "loopback is warned about"
grep -qE "^mmserver: version [0-9.]+: policy need, budget auto; page at http://127.0.0.1:$port/\$" "$work/err" || fail "where the page is is not told"
says 200 'GET / HTTP/1.0'
tail -n 1 "$work/answer" | tr -d '\r' | grep -Eqx '\[\[[0-9]+,[0-9]+,[0-9]+\](,\[[0-9]+,[0-9]+,[0-9]+\])*\]' ||
	fail "not the array: $(tail -n 1 "$work/answer")"
says 200 'GET / HTTP/1.0' 'Accept: */*'
holds 'Content-Type: application/json'
for header in 'Cache-Control: no-store' 'X-Content-Type-Options: nosniff' 'Referrer-Policy: no-referrer'; do
	holds "$header"
done
grep -qi '^access-control' "$work/answer" && fail "CORS"

# The page, to who asks for HTML.
says 200 'GET / HTTP/1.0' 'Accept: text/html,*/*;q=0.8'
holds 'Content-Type: text/html'
holds "Content-Security-Policy: default-src 'none'; script-src 'self'"
holds 'Cache-Control: no-cache'
grep -oE '(src|href)="/?page/[^"]*"' "$work/answer" | sed 's/.*page\///; s/"//' >"$work/files"
while read -r file; do
	says 200 "GET /page/$file HTTP/1.0"
	etag=$(sed -n 's/^ETag: \(.*\)\r$/\1/p' "$work/answer")
	says 304 "GET /page/$file HTTP/1.0" "If-None-Match: $etag"
done <"$work/files"
[ -n "${etag-}" ] || fail "the page has no files"
refused 404 'no such file' 'GET /page/nothing.js HTTP/1.0'

says 200 'GET /api/v1/status HTTP/1.0'
holds '"ok":true,"version":1,"server":{'
says 200 'GET /api/v1/domains/1 HTTP/1.0'
holds '"decisions":['
name=$(grep -o '"name":"[^"]*"' "$work/answer" | head -n 1 | cut -d '"' -f 4)
uuid=$(grep -o '"uuid":"[^"]*"' "$work/answer" | head -n 1 | cut -d '"' -f 4)
says 200 "GET /api/v1/domains/$uuid HTTP/1.0"
holds "\"name\":\"$name\""
says 200 "GET /api/v1/domains/%${name:+$(printf %x "'${name:0:1}")}${name:1} HTTP/1.0"
holds "\"uuid\":\"$uuid\""
says 200 "GET /api/v1/history HTTP/1.0"
holds '"domain":null,"columns":["time_ms","total_kib"'
says 200 "GET /api/v1/history?domain=$name&since=-60000 HTTP/1.0"
holds '"columns":["time_ms","target_kib"'
says 200 'GET /api/v1/decisions?limit=1 HTTP/1.0'
holds '"last_seq":'
says 200 "GET /api/v1/decisions?domain=$uuid&since=0 HTTP/1.0"
says 200 'GET /metrics HTTP/1.0'
holds 'Content-Type: text/plain; version=0.0.4'
holds 'xenmm_http_requests_total{code="404"} 1'
says 200 'GET /metrics HTTP/1.0' 'Accept: application/openmetrics-text'
holds 'Content-Type: application/openmetrics-text; version=1.0.0'
holds '# EOF'
says 200 'HEAD /api/v1/status HTTP/1.0'
[ -z "$(sed '1,/^\r$/d' "$work/answer")" ] || fail "HEAD has a body"

refused 404 "there is no guest 'nobody'" 'GET /api/v1/domains/nobody HTTP/1.0'
refused 404 "there is no guest 'nobody'" 'GET /api/v1/history?domain=nobody HTTP/1.0'
refused 404 "there is no guest 'nobody'" 'GET /api/v1/decisions?domain=nobody HTTP/1.0'
refused 404 "there is no '/etc/passwd'" 'GET /etc/passwd HTTP/1.0'
refused 404 "there is no '/../../etc/passwd'" 'GET /../../etc/passwd HTTP/1.0'
refused 404 'nothing of that name' 'GET /page/..%2fx HTTP/1.0'
refused 400 "since: 'x'" 'GET /api/v1/history?since=x HTTP/1.0'
refused 400 "limit: '1025'" 'GET /api/v1/decisions?limit=1025 HTTP/1.0'
refused 400 "no parameter 'pretty'" 'GET /api/v1/status?pretty=1 HTTP/1.0'
refused 405 'POST' 'POST / HTTP/1.0' 'Content-Length: 0'
holds 'Allow: GET, HEAD'
refused 405 'DELETE' 'DELETE /api/v1/domains/1 HTTP/1.0'
refused 405 'OPTIONS' 'OPTIONS * HTTP/1.0'
refused 413 'no body' 'GET / HTTP/1.0' 'Content-Length: 1'
refused 413 'no body' 'GET / HTTP/1.1' $'Host: localhost\r\nTransfer-Encoding: chunked'
refused 431 '8192' 'GET / HTTP/1.0' "Cookie: $(printf '%09000d' 0)"
refused 403 "not by 'evil.example.org'" 'GET / HTTP/1.0' 'Host: evil.example.org'
refused 403 'evil.example.org' 'GET /api/v1/status HTTP/1.0' 'Origin: http://evil.example.org'
refused 403 'other sites' 'GET /api/v1/status HTTP/1.0' 'Sec-Fetch-Site: cross-site'
refused 400 'twice' 'GET / HTTP/1.0' $'Host: localhost\r\nHost: evil.example.org'
says 200 'GET / HTTP/1.0' "Host: $(hostname):$port"
says 200 'GET / HTTP/1.0' "Host: [::1]:$port"

# What is not HTTP: an answer that says so, or none; never silence.
for text in 'GET /' $'GET / HTTP/1.1\r\n' $'\x16\x03\x01\x02' 'GET / HTTP/9.9' ' ' "GET /$(printf '%020000d' 0) HTTP/1.0"; do
	exec 3<>"/dev/tcp/127.0.0.1/$port"
	printf '%s\r\n\r\n' "$text" >&3
	timeout 10 cat <&3 >"$work/answer" || fail "silence for ${text:0:20}"
	exec 3>&-
	[ ! -s "$work/answer" ] || [[ $(head -c 10 "$work/answer") = 'HTTP/1.'[01]' '[45] ]] || fail "${text:0:20} is taken"
done

# A client that says nothing, one that is never done, and one that leaves.
exec 4<>"/dev/tcp/127.0.0.1/$port"
exec 5<>"/dev/tcp/127.0.0.1/$port"
printf 'GET / HT' >&5
exec 6<>"/dev/tcp/127.0.0.1/$port"
printf 'GET / HTTP/1.1\r\n' >&6
exec 6>&-
more_rows() {
	[ "$(grep -c '^τ' "$work/out")" -ge "$1" ]
}
wait_for 20 more_rows $(($(grep -c '^τ' "$work/out") + 3))
says 200 'GET / HTTP/1.0'
exec 4>&- 5>&-

# The port is taken: one line, and not a second balancer that runs without its endpoint.
run 1 "$bin/mmserver" --backend sim --http "127.0.0.1:$port" --log-dir "$work"
one_line "127.0.0.1:$port"
kill "$pid"
wait "$pid" || fail "status $?"

# The default address is taken, by us or whoever has it already: that does not end the balancing, unless it was asked for.
python3 - "$work/bound" <<'END' &
import socket, sys, time
listener = socket.socket()
try:
    listener.bind(("127.0.0.1", 9091))
    listener.listen()
except OSError:
    pass
open(sys.argv[1], "w").close()
time.sleep(60)
END
holder=$!
wait_for 20 test -e "$work/bound"
run 0 "$bin/mmserver" --backend sim --log-dir "$work"
grep -q "cannot listen on 127.0.0.1:9091: .*; balancing goes on without the endpoint" "$work/err" || fail "no word of the taken default"
run 1 "$bin/mmserver" --backend sim --http 127.0.0.1:9091 --log-dir "$work"
one_line "cannot listen on 127.0.0.1:9091"
echo "http = 127.0.0.1:9091" >"$work/http.conf"
run 1 "$bin/mmserver" --backend sim --config "$work/http.conf" --log-dir "$work"
one_line "cannot listen on 127.0.0.1:9091"
kill "$holder"
wait "$holder" 2>/dev/null || true

# The port is free again at once. Other addresses of this host: they are warned about.
start --http "0.0.0.0:$port"
[ "$(grep -c 'no password' "$work/err")" = 1 ] || fail "0.0.0.0 is not warned about"
grep -q "0.0.0.0:$port" "$work/err" || fail "the warning does not say where"
says 200 'GET / HTTP/1.0'
kill "$pid"
wait "$pid" || fail "status $?"

if [ -e /proc/net/if_inet6 ] && [ -s /proc/net/if_inet6 ]; then
	start --http "[::1]:$port" --dry-run --budget 1G
	grep -qE "policy need, budget 1G; page at http://\[::1\]:$port/; dry run: nothing is changed\$" "$work/err" || fail "no word of the dry run"
	! grep -q 'password' "$work/err" || fail "[::1] is warned about"
	exec 3<>"/dev/tcp/::1/$port"
	printf 'GET / HTTP/1.0\r\nHost: [::1]:%s\r\n\r\n' "$port" >&3
	timeout 10 cat <&3 >"$work/answer" || fail "silence at [::1]"
	grep -q '^HTTP/1.1 200 ' "$work/answer" || fail "no answer at [::1]"
	exec 3>&-
	kill "$pid"
	wait "$pid" || fail "status $?"
fi
echo "the endpoint answers"
