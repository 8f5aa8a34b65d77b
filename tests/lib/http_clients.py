# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of mmserver's HTTP endpoint, well and badly behaved. Usage: http_clients.py PORT PID TEST"""
import json
import os
import signal
import socket
import sys
import time

PORT, PID = int(sys.argv[1]), int(sys.argv[2])
STREAMS = 224
CONNECTIONS = 256


def dial(text=b"", rcvbuf=None):
    s = socket.socket()
    if rcvbuf:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    s.settimeout(20)
    s.connect(("127.0.0.1", PORT))
    if text:
        s.sendall(text)
    return s


def request(path, method="GET", headers=()):
    lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{PORT}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def ends(s):
    """Whether the server ends the connection, however."""
    try:
        while s.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


def ask(path, method="GET", headers=()):
    """Status, headers and body of an answer."""
    s = dial(request(path, method, [*headers, "Connection: close"]))
    data = b""
    while part := s.recv(65536):
        data += part
    s.close()
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), fields, body


class Stream:
    """A client of the event stream: lines out of HTTP's chunks."""

    def __init__(self, rcvbuf=None):
        self.socket = dial(request("/api/v1/events"), rcvbuf)
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.fields = {}
        while (line := self.file.readline().decode().strip()):
            name, value = line.lower().split(": ", 1)
            self.fields[name] = value
        self.text = ""

    def message(self):
        while "\n\n" not in self.text:
            size = int(self.file.readline(), 16)
            if size == 0:
                raise EOFError
            self.text += self.file.read(size).decode()
            self.file.readline()
        message, self.text = self.text.split("\n\n", 1)
        fields = [line.split(": ", 1) for line in message.split("\n")]
        return dict(fields) | {"data": json.loads(dict(fields)["data"])}

    def close(self):
        self.file.close()
        self.socket.close()


def check(claim, what):
    if not claim:
        sys.exit(f"FAILED: {what}")


def wait_for(claim, what, seconds=20):
    end = time.monotonic() + seconds
    while not claim():
        check(time.monotonic() < end, what)
        time.sleep(0.1)


def streams():
    body = ask("/metrics")[2].decode()
    return int(body.split("\nxenmm_event_streams ")[1].split("\n")[0])


def rounds():
    return json.loads(ask("/api/v1/status")[2])["server"]["rounds"]


def test_stream():
    """The first message is in full, later ones say what changed; together they are the status."""
    s = Stream()
    check(s.status == 200 and s.fields["content-type"] == "text/event-stream", s.fields)
    check(s.fields["cache-control"] == "no-store", s.fields)
    first = s.message()
    check(first["retry"] == "1000" and first["event"] == "round", first)
    check(first["data"]["full"], first)
    seen = {row[0]: row for row in first["data"]["guests"]}
    columns = first["data"]["columns"]
    check(len(seen) >= 3, seen)
    last, fewer = first, 0
    for _ in range(20):
        now = s.message()
        data = now["data"]
        check("retry" not in now and not data["full"], now)
        check(int(now["id"]) == data["round"] > last["data"]["round"], (last["id"], now["id"]))
        check(data["columns"] == columns and len(data["decisions"]) <= 32, data)
        fewer += len(data["guests"]) < len(seen)
        for row in data["guests"]:
            check(len(row) == len(columns) and row != seen.get(row[0]), row)
            seen[row[0]] = row
        last = now
    check(fewer, "every message has every guest")
    # A new client's full message is what this one has put together.
    other = Stream()
    full = other.message()["data"]
    while last["data"]["round"] < full["round"]:
        last = s.message()
        for row in last["data"]["guests"]:
            seen[row[0]] = row
    check({row[0]: row for row in full["guests"]} == seen, (full["guests"], seen))
    s.close()
    other.close()


def test_sighup():
    """A new reading of the settings does not touch who listens."""
    s = Stream()
    s.message()
    os.kill(PID, signal.SIGHUP)
    for _ in range(5):
        check(not s.message()["data"]["full"], "a full message after SIGHUP")
    s.close()


def test_head():
    wait_for(lambda: streams() == 0, "the streams of those who left stay")
    before = rounds()
    status, fields, body = ask("/api/v1/events", "HEAD")
    check(status == 200 and fields["content-type"] == "text/event-stream" and not body, fields)
    wait_for(lambda: rounds() > before + 2, "no rounds")  # metrics are built once a round
    check(streams() == 0, "HEAD counts as a stream")


def test_crowd():
    """So many get on the stream; above, they are told; all others are still answered; who leaves is gone."""
    crowd = [Stream() for _ in range(STREAMS)]
    check(all(s.status == 200 for s in crowd), "a stream is refused")
    check(streams() == STREAMS, f"{streams()} streams")
    status, fields, body = ask("/api/v1/events")
    check(status == 503 and fields["retry-after"] == "1", (status, fields))
    check(not json.loads(body)["ok"], body)
    # the daemon takes no more than so many; the others wait at the door, and are served when these are let go
    idle = [dial() for _ in range(CONNECTIONS - STREAMS + 44)]
    for s in crowd:
        s.message()
    before = rounds()
    for s in idle:
        check(ends(s), "an idle client is kept")
        s.close()
    for s in crowd[:100]:
        s.message()
    check(rounds() > before, "no round while clients were idle")
    for s in crowd:
        s.close()
    wait_for(lambda: streams() == 0, "clients that are gone are kept")


def test_full():
    """All connections taken by clients who say nothing, and let go at once: it listens again."""
    idle = [dial() for _ in range(CONNECTIONS + 44)]
    for s in idle:
        check(ends(s), "an idle client is kept")
    check(ask("/")[0] == 200, "it does not listen any more")
    for s in idle:
        s.close()


def test_deaf():
    """Who never reads is cut off, and keeps nobody from anything."""
    deaf = [Stream(rcvbuf=2048) for _ in range(5)]
    wait_for(lambda: streams() == 0, "clients that do not read are kept", 60)
    check(all(ends(s.socket) for s in deaf), "it has not ended")
    for s in deaf:
        s.close()


def test_slow():
    """Whoever is slow with a request is let go after 5 seconds, also when he sends a byte now and then."""
    silent = dial()
    begun = dial(b"GET / HTTP/1.1\r\nHost: loc")
    drip = dial(b"GET / HTTP/1.1\r\n")
    begin = time.monotonic()
    try:
        while time.monotonic() < begin + 30:
            drip.sendall(b"X: y\r\n")
            time.sleep(0.5)
        check(False, "a request that never ends is waited for")
    except ConnectionError:
        pass
    for s in (silent, begun, drip):
        check(ends(s), "a slow client is kept")
        s.close()


def test_pipeline():
    """Many requests in one go are answered one after the other."""
    s = dial(request("/api/v1/status") * 50 + request("/api/v1/history", headers=["Connection: close"]))
    data = b""
    while part := s.recv(65536):
        data += part
    check(data.count(b"HTTP/1.1 200 OK") == 51, data.count(b"HTTP/1.1 200 OK"))
    s.close()


def test_flood():
    """Costly requests from many at once are all answered, and rounds go on."""
    before = rounds()
    flood = [dial(request("/api/v1/history?since=-86400000", headers=["Connection: close"])) for _ in range(200)]
    for s in flood:
        data = b""
        while part := s.recv(65536):
            data += part
        check(data.startswith(b"HTTP/1.1 200 OK"), data[:100])
        s.close()
    wait_for(lambda: rounds() > before, "no round in a flood")


def test_end():
    """Streams of a server that ends are ended, at once."""
    crowd = [Stream() for _ in range(50)]
    os.kill(PID, signal.SIGTERM)
    for s in crowd:
        check(ends(s.socket), "a stream outlives the server")
        s.close()


globals()["test_" + sys.argv[3]]()
