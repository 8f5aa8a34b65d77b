#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether xenmm-api(5) names every path, parameter, member and metric, and nothing else.

man_api.py PAGE.rst SCHEMA.json ROUTE.c METRICS.txt (as /metrics prints them)
"""
import json
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import openmetrics  # noqa: E402


def same(what, page, program):
    if page != program:
        raise SystemExit(f"{what}: only in the page: {sorted(page - program)}; only in the program: {sorted(program - page)}")


def section(text, title, line="="):
    match = re.search(rf"(?ms)^{re.escape(title)}\n{line}+\n(.*?)(?=^\S[^\n]*\n{line}+\n|\Z)", text)
    if not match:
        raise SystemExit(f"the page has no section {title}")
    return match.group(1)


def terms(text):
    """Terms of a definition list: lines that an indented one follows."""
    return re.findall(r"(?m)^(\S.*)\n(?=    \S)", text)


def check_fields(page, schema):
    """Each object has a subsection with its members; "ok" and "version" of answers are told once."""
    objects = {name: (of["oneOf"][0] if name == "history" else of) for name, of in schema["$defs"].items()}
    objects = {name: of for name, of in objects.items() if of.get("type") == "object"}
    fields = section(page, "FIELDS")
    same("objects", set(re.findall(r"(?m)^([a-z]+)\n-+$", fields)), set(objects))
    members = set()
    for name, of in objects.items():
        told = {key for key, rule in of["properties"].items() if key not in ("ok", "version") or "const" not in rule}
        same(f"members of {name}", set(terms(section(fields, name, "-"))), told)
        members |= set(of["properties"])
    columns = set(re.findall(r"[a-z_]+_(?:kib|ms|ppm)", json.dumps(schema)))
    named = set(re.findall(r"(?<![\w])[a-z]+(?:_[a-z]+)*_(?:kib|ms|us|ppm)\b", page))
    if named - members - columns:
        raise SystemExit(f"the page names what there is not: {named - members - columns}")
    return len(members)


def check_paths(page, route):
    """The table of route.c against the list of paths."""
    macros = {}
    for name, value in re.findall(r"#define (\w+)\s+((?:\w+ )?\"[^\"]*\")", route):
        macros[name] = "".join(macros.get(word, word.strip('"')) for word in value.split())
    table = route[route.index("} paths[] = {"):]
    table = table[:table.index("\n};")]
    program = {}
    for macro, text, kind, rest in re.findall(r"\{(\w+)?\s*(?:\"([^\"]*)\")?, (MM_ROUTE_\w+),(.*?\}\})\}", table, re.S):
        path = macros.get(macro, "") + text
        if kind in ("MM_ROUTE_DOMAIN", "MM_ROUTE_PAGE"):
            path += "GUEST" if kind == "MM_ROUTE_DOMAIN" else "FILE"
        program[path] = set(re.findall(r"\{\"(\w+)\"", rest))
    listed = {}
    for term in terms(section(page, "PATHS")):
        path, _, query = term.removeprefix("GET ").partition("?")
        listed[path] = set(re.findall(r"(\w+)=", query))
    listed.pop("/page/FILE", None)
    program.pop("/page/FILE", None)
    same("paths", set(listed), set(program))
    for path, names in program.items():
        same(f"parameters of {path}", listed[path], names)
    return len(program)


def check_metrics(page, text):
    families = openmetrics.read(text, False)
    told = re.findall(r"(?m)^(xenmm_\w+) \((\w+)\)\n((?:    .*\n)+)", section(page, "METRICS"))
    same("metrics", {name for name, _, _ in told}, set(families))
    for name, kind, lines in told:
        family = families[name]
        words = " ".join(lines.split())
        labels = {key for _, pairs in family.samples for key, _ in pairs} - {"le"}
        if kind != family.type or not words.startswith(family.help):
            raise SystemExit(f"{name}: {kind}, {words}; but it is: {family.type}, {family.help}")
        if family.samples:
            same(f"labels of {name}", set(re.findall(r"\*(\w+)\*", words.partition("Labels:")[2])), labels)
    alien = set(re.findall(r"\bxenmm_\w+", page)) - set(families)
    if alien:
        raise SystemExit(f"the page names metrics that there are not: {alien}")
    return len(families)


def main():
    page, schema, route = (open(name, encoding="utf-8").read() for name in sys.argv[1:4])
    with open(sys.argv[4], "rb") as file:
        text = file.read()
    print(f"{check_paths(page, route)} paths, {check_fields(page, json.loads(schema))} members, {check_metrics(page, text)} metrics")


if __name__ == "__main__":
    main()
