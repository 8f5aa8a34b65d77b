# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file of an answer holds, by its name, and whether it is right: form (JSON Schema, OpenMetrics) and sense.

status.json, domain-web.json, history-host.json, decisions.json, why.json, leases.json, root.json, error-404.json, events.txt
(the stream as it came), watch.txt (mmctl watch --json), metrics.txt, openmetrics.txt: the kind is what stands before the first "-" or ".".
"""
import copy
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
import jsonschema  # noqa: E402
import openmetrics  # noqa: E402

SCHEMA = os.path.join(here, "../../src/web/schema/xenmm-api.schema.json")
KINDS = ("status", "domain", "why", "leases", "history", "decisions", "root", "error")


class Wrong(Exception):
    pass


def need(is_right, what):
    if not is_right:
        raise Wrong(what)


def load_schema():
    with open(SCHEMA, encoding="utf-8") as file:
        return json.load(file)


def validator(schema, kind):
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]})


def strict_json(text):
    """As json.loads(), but what is not JSON, or says a thing twice, is refused."""

    def no_twins(pairs):
        keys = [key for key, _ in pairs]
        need(len(keys) == len(set(keys)), f"a member twice: {keys}")
        return dict(pairs)

    def no_constant(name):
        raise Wrong(f"{name} is no JSON")

    try:
        return json.loads(text, object_pairs_hook=no_twins, parse_constant=no_constant)
    except ValueError as error:
        raise Wrong(f"not JSON: {error}") from None


# ---- sense: what a schema cannot say ----


def falls(rows, key):
    values = [row[key] for row in rows]
    return all(a > b for a, b in zip(values, values[1:]))


def sense_decisions(answer):
    need(falls(answer["decisions"], "seq"), "decisions: not newest first")
    for d in answer["decisions"]:
        need((d["outcome"] == "none") == (d["old_kib"] == d["new_kib"]),
             f"decision {d['seq']}: outcome {d['outcome']} with {d['old_kib']} -> {d['new_kib']}")
    if "last_seq" in answer and answer["decisions"]:
        need(answer["decisions"][0]["seq"] <= answer["last_seq"], "decisions: later than the last")


def sense_status(answer):
    ids = [guest["domid"] for guest in answer["guests"]]
    need(ids == sorted(set(ids)), "guests: not by domid, or one twice")
    host, server = answer["host"], answer["server"]
    need(host["free_kib"] <= host["total_kib"], "more free than there is")
    need(server["start_ms"] <= server["time_ms"], "a round before the start")
    for guest in answer["guests"]:
        if guest["agent"]["source"] == "none":
            need(guest["used_kib"] is None, f"{guest['name']}: used, though nobody reports")
        else:
            used = guest["agent"]["total_kib"] - guest["agent"]["available_kib"]
            need(guest["used_kib"] == used, f"{guest['name']}: used is not total less available")


def sense_history(answer):
    times = [row[0] for row in answer["rows"]]
    step = answer["step_ms"]
    need(all(a < b for a, b in zip(times, times[1:])), "history: times do not rise")
    steps = [t // step for t in times]
    need(step == 1000 or len(set(steps)) == len(steps), "history: two rows within a step")
    need(not times or times[-1] <= answer["time_ms"] + step, "history: a row of the future")


SENSE = {"status": sense_status, "domain": sense_decisions, "why": sense_decisions, "decisions": sense_decisions,
         "history": sense_history}


# ---- one file ----


class Checker:
    def __init__(self):
        self.schema = load_schema()
        self.validators = {}
        self.seen = {}  # kind: a right answer of it
        self.counts = {}

    def validate(self, kind, value):
        if kind not in self.validators:
            self.validators[kind] = validator(self.schema, kind)
        return next(self.validators[kind].iter_errors(value), None)

    def json(self, kind, text):
        value = strict_json(text)
        error = self.validate(kind, value)
        if error:
            where = "/".join(str(part) for part in error.absolute_path)
            deepest = jsonschema.exceptions.best_match([error])
            raise Wrong(f"{where or 'the answer'}: {deepest.message[:300]}")
        if kind in SENSE:
            SENSE[kind](value)
        self.note(kind, value)
        return value

    def note(self, kind, value):
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if len(json.dumps(value)) > len(json.dumps(self.seen.get(kind, None))):
            self.seen[kind] = value

    def events(self, text):
        """The stream: "retry:" once, then a message a round; the first holds all guests."""
        messages = text.split("\n\n")
        messages.pop()  # what was cut off, or nothing
        last, rows, stream = None, {}, {}
        for message in messages:
            event = self.message(message)
            if event is None:
                continue
            need(last is None or event["round"] > last, "rounds do not rise")
            need(last is not None or event["full"], "the first message is not full")
            last = event["round"]
            changed = {row[0]: row for row in event["guests"]}
            need(len(changed) == len(event["guests"]), "a guest twice in a message")
            need(not set(event["gone"]) & set(changed), "a guest that is gone and there")
            rows = {} if event["full"] else {k: v for k, v in rows.items() if k not in event["gone"]}
            rows.update(changed)
            stream[last] = (event["full"], dict(rows))
        need(last is not None, "no event")
        return stream

    def message(self, message):
        """A message's event; None for a comment or retry."""
        fields = [line.partition(": ") for line in message.split("\n") if not line.startswith(":")]
        values = {name: value for name, _, value in fields}
        need(len(values) == len(fields) and set(values) <= {"retry", "event", "id", "data"},
             f"a message with the fields {[name for name, _, _ in fields]}")
        if "data" not in values:
            return None
        need(values.get("event") == "round", "a message that is no round")
        event = self.json("event", values["data"])
        need(values.get("id") == str(event["round"]), "the id is not the round")
        return event

    def metrics(self, data, is_open):
        try:
            families = openmetrics.read(data, is_open)
        except (openmetrics.Fault, UnicodeDecodeError) as fault:
            raise Wrong(str(fault)) from None
        need(any(name.startswith("xenmm_build") for name in families), "no xenmm_build_info")
        self.note("openmetrics" if is_open else "metrics", sorted(families))
        if not is_open:
            self.promtool(data)
        return families

    def promtool(self, data):
        tool = subprocess.run([os.path.join(here, "promtool"), "check", "metrics"], input=data,
                              capture_output=True, check=False)
        said = (tool.stdout + tool.stderr).decode(errors="replace").strip()
        if tool.returncode == 77:
            self.counts["without promtool"] = self.counts.get("without promtool", 0) + 1
            return
        need(tool.returncode == 0 and not said, f"promtool: {said}")

    def file(self, path):
        name = os.path.basename(path)
        kind = re.split(r"[-.]", name)[0]
        with open(path, "rb") as file:
            data = file.read()
        if kind in ("metrics", "openmetrics"):
            return self.metrics(data, kind == "openmetrics")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Wrong(f"not UTF-8: {error}") from None
        if kind == "events":
            return self.events(text)
        if kind == "watch":  # a decision a line, oldest first
            lines = [self.json("decision", line) for line in text.splitlines()]
            need(lines and falls(lines[::-1], "seq"), "watch: not oldest first")
            return lines
        need(kind in KINDS, f"what '{kind}' is, is not known")
        return self.json(kind, text)


# ---- wrong answers ----


def mutants(value):
    """(what was done, copy): one member or element missing, one too many, one of another type."""

    def paths(node, path=()):
        yield path, node
        if isinstance(node, dict):
            for key in node:
                yield from paths(node[key], path + (key,))
        elif isinstance(node, list) and node:
            indices = range(len(node)) if not isinstance(node[0], (dict, list)) else [0]
            for i in indices:
                yield from paths(node[i], path + (i,))

    def changed(path, change):
        result = copy.deepcopy(value)
        if not path:
            return change(result)
        node = result
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = change(node[path[-1]])
        return result

    def other(node):
        return "x" * 200 if not isinstance(node, str) else -1

    for path, node in paths(value):
        where = "/".join(map(str, path)) or "the answer"
        if isinstance(node, dict):
            yield f"{where} with a member too many", changed(path, lambda n: {**n, "other": 1})
            for key in node:
                yield f"{where} without {key}", changed(path, lambda n, k=key: {a: b for a, b in n.items() if a != k})
        yield f"{where} of another type", changed(path, other)
        if isinstance(node, (int, float)) and not isinstance(node, bool):
            yield f"{where} negative", changed(path, lambda n: -1)
            yield f"{where} with a fraction", changed(path, lambda n: n + 0.5)


def refuse_mutants(checker):
    """Every mutant of a right answer must be refused. Returns how many there were."""
    count = 0
    for kind, answer in checker.seen.items():
        if kind in ("metrics", "openmetrics"):
            continue
        for what, mutant in mutants(answer):
            count += 1
            if not checker.validate(kind, mutant):
                raise Wrong(f"the schema takes a wrong {kind}: {what}")
    return count
