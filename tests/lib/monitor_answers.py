#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks answers of mmmon against their schema.

monitor_answers.py KIND FILE...    KIND is one of the schema's $defs (domains, hosts, problem ...)
monitor_answers.py --mutants KIND FILE...    ... and shows that the schema refuses them when something is wrong in them
Exit status 77: no python3-jsonschema.
"""
import copy
import json
import os
import sys

sys.dont_write_bytecode = True
try:
    import jsonschema
except ImportError as missing:
    print(f"monitor_answers: {missing} (package python3-jsonschema)", file=sys.stderr)
    sys.exit(77)

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../src/monitor/schema/xenmm-monitor-api.schema.json")
schema = json.load(open(SCHEMA))
jsonschema.Draft202012Validator.check_schema(schema)


def fault(kind, answer, validators={}):
    if kind not in validators:
        validators[kind] = jsonschema.Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]})
    validator = validators[kind]
    error = jsonschema.exceptions.best_match(validator.iter_errors(answer))
    return error and f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def shorten(value):
    """The answer with one entry in each list: the others are like it."""
    if isinstance(value, list):
        return [shorten(inner) for inner in value[:1]] if value and isinstance(value[0], dict) else value
    return {key: shorten(inner) for key, inner in value.items()} if isinstance(value, dict) else value


def mutants(answer):
    """The answer with each member in turn missing, of another type, or beside one that is not told of."""
    def paths(value, path=()):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield path + (key,)
                yield from paths(inner, path + (key,))
        elif isinstance(value, list) and value:
            yield from paths(value[0], path + (0,))
    for path in paths(answer):
        for change in ("drop", "type", "add"):
            mutant = copy.deepcopy(answer)
            owner = mutant
            for key in path[:-1]:
                owner = owner[key]
            if change == "drop":
                if path[-1] == "process_list":
                    continue
                del owner[path[-1]]
            elif change == "type":
                owner[path[-1]] = [{}]
            else:
                owner["other"] = 1
            yield f"{change} {'/'.join(map(str, path))}", mutant


def main():
    kind, *files = sys.argv[1:]
    with_mutants = kind == "--mutants"
    if with_mutants:
        kind, *files = files
    count = 0
    for file in files:
        answer = json.load(open(file))
        wrong = fault(kind, answer)
        if wrong:
            sys.exit(f"{file}: {wrong}")
        for what, mutant in mutants(shorten(answer)) if with_mutants else ():
            count += 1
            if not fault(kind, mutant):
                sys.exit(f"{file}: the schema lets through: {what}")
    print(f"{len(files)} answers are right, {count} wrong ones are refused")


main()
