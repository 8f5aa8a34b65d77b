#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saves every kind of answer of a running mmserver.

fetch_answers.py [--events N] [--seconds S] [--get PATH FILE]... ADDR:PORT DIR

A stream of events is read all the time, for S seconds at least, and N messages of another one at the end.
Fails when a status code or Content-Type is not what it must be. With --get only that is fetched.
"""
import argparse
import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import quote

JSON = "application/json"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Fetcher:
    def __init__(self, address, folder):
        host, _, port = address.rpartition(":")
        self.host, self.port, self.folder = host.strip("[]"), int(port), folder
        os.makedirs(folder, exist_ok=True)

    def get(self, path, name, status=200, kind=JSON, **headers):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != status or answer.getheader("Content-Type") != kind:
            raise SystemExit(f"{path}: {answer.status} {answer.getheader('Content-Type')}, not {status} {kind}")
        connection.close()
        self.save(name, body)
        return body

    def save(self, name, body):
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(body)

    def open_events(self):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        connection.request("GET", "/api/v1/events", headers={"Accept": "text/event-stream"})
        answer = connection.getresponse()
        if answer.status != 200 or answer.getheader("Content-Type").split(";")[0] != "text/event-stream":
            raise SystemExit(f"events: {answer.status} {answer.getheader('Content-Type')}")
        return answer

    @staticmethod
    def read_events(answer, is_enough):
        """Whole messages until is_enough(how many)."""
        body, count = b"", 0
        while not is_enough(count):
            line = answer.readline()
            if not line:
                raise SystemExit("events: the stream ends")
            body += line
            count += line.startswith(b"data: ")
        return body + answer.readline()

    def follow(self, is_over):
        """Reads a stream beside other requests, until two messages after is_over is set. Returns the thread."""
        answer = self.open_events()

        def read():
            body = self.read_events(answer, lambda _: is_over.is_set())
            self.save("events-long.txt", body + self.read_events(answer, lambda count: count >= 2))

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def events(self, count):
        self.save("events.txt", self.read_events(self.open_events(), lambda n: n >= count))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--get", nargs=2, action="append", metavar=("PATH", "FILE"))
    parser.add_argument("address")
    parser.add_argument("dir")
    options = parser.parse_args()
    fetch = Fetcher(options.address, options.dir)
    for path, name in options.get or []:
        fetch.get(path, name)
    if options.get:
        return
    is_over = threading.Event()
    end = time.monotonic() + options.seconds
    follower = fetch.follow(is_over) if options.events else None
    fetch.get("/", "root.json")
    status = json.loads(fetch.get("/api/v1/status", "status.json"))
    for guest in status["guests"]:
        domid = guest["domid"]
        fetch.get(f"/api/v1/domains/{domid}", f"domain-{domid}.json")
        fetch.get(f"/api/v1/domains/{guest['uuid']}", f"domain-{domid}-uuid.json")
        name = guest["name"] if not guest["name"].isdigit() else guest["uuid"]  # digits are a domid
        fetch.get(f"/api/v1/domains/{quote(name, safe='')}", f"domain-{domid}-name.json")
        fetch.get(f"/api/v1/history?domain={quote(name, safe='')}", f"history-{domid}.json")
        fetch.get(f"/api/v1/history?domain={domid}&since=-3600000", f"history-{domid}-hour.json")
        fetch.get(f"/api/v1/decisions?domain={guest['uuid']}", f"decisions-{domid}.json")
    fetch.get("/api/v1/history", "history-host.json")
    fetch.get("/api/v1/history?since=-86400000", "history-host-day.json")
    fetch.get(f"/api/v1/history?since={status['server']['time_ms'] - 60000}", "history-host-minute.json")
    fetch.get("/api/v1/decisions?limit=1000", "decisions.json")
    fetch.get("/api/v1/decisions?since=1&limit=2", "decisions-some.json")
    fetch.get("/api/v1/domains/nobody", "error-guest.json", 404)
    fetch.get("/api/v1/history?domain=nobody", "error-history.json", 404)
    fetch.get("/api/v1/history?since=x", "error-since.json", 400)
    fetch.get("/api/v1/decisions?limit=0", "error-limit.json", 400)
    fetch.get("/api/v2/status", "error-path.json", 404)
    fetch.get("/api/v1/status", "error-host.json", 403, Host="evil.example.org")
    fetch.get("/metrics", "metrics.txt", kind=TEXT)
    fetch.get("/metrics", "openmetrics.txt", kind=OPEN, Accept="application/openmetrics-text; version=1.0.0")
    time.sleep(max(0, end - time.monotonic()))
    if options.events:
        fetch.events(options.events)
        is_over.set()
        follower.join(30)
        if follower.is_alive():
            raise SystemExit("events: no round within 30 s")


if __name__ == "__main__":
    sys.exit(main())
