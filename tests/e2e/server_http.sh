#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The first xenmm's JSON: total, used and free memory of each guest. On this machine only, and no client can stop
# the balancing.
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

for address in 127.0.0.1 9091 127.0.0.1:0 127.0.0.1:70000 host:80 127.0.0.1:x ''; do
	run 2 "$bin/mmserver" --backend sim --http "$address"
	one_line "'$address'"
done

start --http "127.0.0.1:$port"
[ "$(ask 'GET / HTTP/1.0')" = 200 ] || fail "no answer"
tail -n 1 "$work/answer" | tr -d '\r' | grep -Eqx '\[\[[0-9]+,[0-9]+,[0-9]+\](,\[[0-9]+,[0-9]+,[0-9]+\])*\]' ||
	fail "not the array: $(tail -n 1 "$work/answer")"
[ "$(ask 'GET /etc/passwd HTTP/1.0')" = 404 ] || fail "a path that is not there"
[ "$(ask 'POST / HTTP/1.0' 'Content-Length: 0')" = 405 ] || fail "POST is taken"
[ "$(ask 'GET / HTTP/1.0' 'Host: evil.example.org')" = 403 ] || fail "another host's name is taken"

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
[ "$(ask 'GET / HTTP/1.0')" = 200 ] || fail "slow clients keep others out"
exec 4>&- 5>&-

# The port is taken: one line, and not a second balancer that runs without its endpoint.
run 1 "$bin/mmserver" --backend sim --http "127.0.0.1:$port" --log-dir "$work"
one_line "127.0.0.1:$port"
kill "$pid"
wait "$pid" || fail "status $?"

# The port is free again at once.
start --http "127.0.0.1:$port"
kill "$pid"
wait "$pid" || fail "status $?"
echo "the endpoint answers"
