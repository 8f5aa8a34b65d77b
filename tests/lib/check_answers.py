#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks saved answers of mmserver, as fetch_answers.py or a run in the lab leaves them.

check_answers.py [--mutants] [--need KIND,...] DIR

Every file of DIR is checked by its name (see answers.py): JSON against the schema, metrics by promtool and as OpenMetrics.
--mutants also shows that the schema refuses what is wrong; --need insists on these kinds. Exit status 77: no python3-jsonschema.
"""
import argparse
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    import answers
except ImportError as missing:
    print(f"check_answers: {missing} (package python3-jsonschema)", file=sys.stderr)
    sys.exit(77)


def compare(stream, other, names):
    """What a stream has gathered from changes is what another one, opened then, got as a whole. How often they met."""
    met = 0
    for number, (is_full, rows) in other.items():
        if is_full and number in stream:
            answers.need(stream[number][1] == rows, f"{names}: round {number} differs: {stream[number][1]}, {rows}")
            met += 1
    return met


def cross_check(found):
    """What the answers of one folder must agree on: whose they are, and the host's size."""
    for name, answer in found.items():
        whose = re.match(r"(domain|history|decisions)-(\d+)[-.]", name)
        if not whose:
            continue
        rows = {"domain": lambda a: [a["guest"] or {}] + a["decisions"], "history": lambda a: [a["domain"] or {}],
                "decisions": lambda a: a["decisions"]}[whose[1]](answer)
        answers.need(all(row.get("domid", -1) in (-1, int(whose[2])) for row in rows), f"{name}: another guest's")
    streams = {name: stream for name, stream in found.items() if name.startswith("events")}
    met = [compare(streams[a], streams[b], f"{a}, {b}") for a in streams for b in streams if a != b]
    answers.need(not met or sum(met), "no message with all guests can be compared with another stream")
    for metrics in (m for name, m in found.items() if name.startswith(("metrics", "openmetrics"))):
        total = metrics["xenmm_host_memory_total_bytes"][{}][1]
        for name, status in found.items():
            if name.startswith("status"):
                answers.need(total == str(status["host"]["total_kib"] * 1024), f"{name}: another host than the metrics'")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutants", action="store_true")
    parser.add_argument("--need", default="")
    parser.add_argument("dir")
    options = parser.parse_args()
    checker = answers.Checker()
    found, faults = {}, 0
    for name in sorted(os.listdir(options.dir)):
        try:
            found[name] = checker.file(os.path.join(options.dir, name))
        except answers.Wrong as wrong:
            print(f"{name}: {wrong}")
            faults += 1
    try:
        cross_check(found)
        for kind in filter(None, options.need.split(",")):
            answers.need(kind in checker.counts, f"no {kind} is there")
        refused = answers.refuse_mutants(checker) if options.mutants else 0
    except answers.Wrong as wrong:
        print(wrong)
        faults += 1
        refused = 0
    print(", ".join(f"{count} {kind}" for kind, count in sorted(checker.counts.items())) or "nothing", end="")
    print(f"; {refused} wrong answers refused" if refused else "")
    return 1 if faults or not found else 0


if __name__ == "__main__":
    sys.exit(main())
