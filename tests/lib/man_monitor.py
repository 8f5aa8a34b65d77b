#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether mmmon.conf(5) names every setting, member and metric, and nothing else.

man_monitor.py PAGE.rst SCHEMA.json METRICS.txt HELP.txt (as /metrics and mmmon --help print them)
"""
import json
import re
import sys


def section(text, title, line="="):
    match = re.search(rf"(?ms)^{re.escape(title)}\n{line}+\n(.*?)(?=^\S[^\n]*\n{line}+\n|\Z)", text)
    if not match:
        sys.exit(f"the page has no section {title}")
    return match.group(1)


def terms(text):
    """Terms of a definition list: lines that an indented one follows."""
    return re.findall(r"(?m)^(\S.*)\n(?=    \S)", text)


def same(what, page, program):
    if page != program:
        sys.exit(f"{what}: only in the page: {sorted(page - program)}; only in the program: {sorted(program - page)}")


page, schema, metrics, usage = [open(name).read() for name in sys.argv[1:]]
objects = json.loads(schema)["$defs"]
fields = section(page, "FIELDS")
told = set(re.findall(r"(?m)^([a-z_]+)\n-+$", fields))
same("objects", told, {name for name, of in objects.items() if of.get("type") == "object"} - {"health", "problem"})
for name in told:
    members = objects[name]["properties"]
    if name == "host":
        members = members["host"]["properties"]
    if name == "owned_process":
        members = set(members) - set(objects["process"]["properties"])
    same(f"members of {name}", set(terms(section(fields, name, "-"))), set(members) - {"schema_version"})
same("metrics", set(terms(section(page, "METRICS"))), set(re.findall(r"(?m)^# TYPE (\w+) ", metrics)))
settings = usage[usage.index("Settings:"):usage.index("Running:")]
keys = {key for term in terms(section(page, "GENERAL SETTINGS")) for key in re.findall(r"([a-z-]+) = ", term)}
same("settings", keys, set(re.findall(r"--([a-z-]+)", "\n".join(line[:24] for line in settings.splitlines()))))
print("mmmon.conf(5) is complete")
