#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that do not behave, for a controller to ask. Usage: liars.py FILE [REDIRECT-URL]

Listens on a free port for each kind, writes "KIND PORT" lines to FILE, and goes on until it is killed. Connections that
are refused must be made elsewhere: every kind here accepts them.
"""
import os
import socket
import sys
import threading
import time

BOMB = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"x" * 1000) for i in range(200))
GOOD = b'{"schema_version":1,"domains":[]}'


def answer(body, head=b"", status=b"200 OK"):
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n" % (status, head, len(body)) + body


def endless(s):
    s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
    while True:
        s.sendall(b"0," * 32768)


def drip(s):
    for byte in answer(GOOD):
        s.sendall(bytes([byte]))
        time.sleep(0.5)


KINDS = {
    "hangs": lambda s: time.sleep(3600),
    "closes": lambda s: None,
    "nonsense": lambda s: s.sendall(b"\x00\xff\x1b[2Jhello\r\n\r\n"),
    "nojson": lambda s: s.sendall(answer(b"<html>\x1b[2J</html>")),
    "deep": lambda s: s.sendall(answer(b"[" * 1000000)),
    "lies": lambda s: s.sendall(answer(b'{"schema_version":1,"domains":[{"uuid":"../../etc/passwd"}]}')),
    "later": lambda s: s.sendall(answer(b'{"schema_version":9}')),
    "refuses": lambda s: s.sendall(answer(b"{}", status=b"401 Unauthorized")),
    "fails": lambda s: s.sendall(answer(b"{}", status=b"500 Oops")),
    "redirects": lambda s: s.sendall(answer(b"", b"Location: " + sys.argv[2].encode() + b"\r\n", b"302 Found")),
    "bombs": lambda s: s.sendall(BOMB + b"\r\n" + GOOD),
    "short": lambda s: s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + GOOD),
    "promises": lambda s: s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + GOOD),
    "endless": endless,
    "drips": drip,
}


def serve(listener, kind):
    def talk(s):
        try:
            s.recv(65536)
            KINDS[kind](s)
        except OSError:
            pass
        s.close()
    while True:
        threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()


with open(sys.argv[1] + ".new", "w") as out:
    for kind in KINDS:
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=serve, args=(listener, kind), daemon=True).start()
        print(kind, listener.getsockname()[1], file=out)
os.rename(sys.argv[1] + ".new", sys.argv[1])
threading.Event().wait()
