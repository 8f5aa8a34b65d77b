#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A strict reader of OpenMetrics 1.0 text and of Prometheus' text format 0.0.4, as far as mmserver uses them.

openmetrics.py FILE...       reads each as OpenMetrics; ends with status 1 and a line for the first fault
openmetrics.py --text FILE   as text format 0.0.4
openmetrics.py --self-test   shows that what is wrong is refused
"""
import re
import sys

METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^\\"\n]|\\["\\n])*)"')
NUMBER = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?")  # what we write: no sign, no exponent
SUFFIXES = {
    "gauge": {""},
    "counter": {"_total"},
    "histogram": {"_bucket", "_sum", "_count"},
    "info": {"_info"},
}


class Fault(Exception):
    pass


def unescape(text):
    return re.sub(r"\\(.)", lambda m: "\n" if m.group(1) == "n" else m.group(1), text)


class Family:
    def __init__(self, name):
        self.name = name
        self.type = self.help = self.unit = None
        self.samples = {}  # (suffix, labels as sorted tuple): (number, text)

    def __getitem__(self, labels):
        return self.samples[("", tuple(sorted(labels.items())))]


class Reader:
    def __init__(self, is_open):
        self.is_open = is_open
        self.families = {}
        self.current = None

    # ---- lines ----

    def comment(self, line):
        parts = line.split(" ", 3)
        if len(parts) != 4 or parts[0] != "#" or parts[1] not in ("HELP", "TYPE", "UNIT"):
            raise Fault("a comment that is not HELP, TYPE or UNIT")
        _, keyword, name, text = parts
        if not METRIC.fullmatch(name):
            raise Fault(f"'{name}' is no name of a metric")
        if self.current is None or self.current.name != name:
            self.open_family(name)
        if self.current.samples:
            raise Fault(f"{keyword} of {name} behind its samples")
        if getattr(self.current, keyword.lower()) is not None:
            raise Fault(f"a second {keyword} of {name}")
        setattr(self.current, keyword.lower(), text)
        check = {"TYPE": self.check_type, "UNIT": self.check_unit, "HELP": self.check_help}[keyword]
        check(name, text)

    def check_type(self, name, text):
        if text not in SUFFIXES or (text == "info" and not self.is_open):
            raise Fault(f"type {text} of {name}")

    def check_unit(self, name, text):
        if not self.is_open:
            raise Fault("UNIT is OpenMetrics'")
        if not name.endswith("_" + text):
            raise Fault(f"{name} does not end in its unit, {text}")

    def check_help(self, name, text):
        if not text.strip() or re.search(r"\\(?![\\n\"])", text):
            raise Fault(f"HELP of {name}: '{text}'")

    def open_family(self, name):
        self.close_family()
        if name in self.families:
            raise Fault(f"{name} comes again: families must not be interleaved")
        self.current = self.families[name] = Family(name)

    def close_family(self):
        family = self.current
        if family is None:
            return
        if family.type is None or family.help is None:
            raise Fault(f"{family.name} has no TYPE or no HELP")
        if family.type == "histogram":
            self.check_histogram(family)

    def labels(self, text):
        labels = {}
        at = 0
        while at < len(text):
            match = LABEL.match(text, at)
            if not match:
                raise Fault(f"labels '{text}'")
            if match.group(1) in labels:
                raise Fault(f"label {match.group(1)} twice")
            labels[match.group(1)] = unescape(match.group(2))
            at = match.end()
            if at < len(text):
                if text[at] != "," or at + 1 == len(text):
                    raise Fault(f"labels '{text}'")
                at += 1
        return labels

    def suffix(self, name):
        family = self.current
        if family is None or not name.startswith(family.name):
            raise Fault(f"sample {name} outside of its family")
        suffix = name[len(family.name):]
        allowed = SUFFIXES[family.type or "gauge"]
        if family.type == "counter" and not self.is_open:
            allowed = {""}  # there the family has the samples' name
        if suffix not in allowed:
            raise Fault(f"sample {name} in a family of type {family.type}")
        return suffix

    def sample(self, line):
        match = METRIC.match(line)
        if not match:
            raise Fault("no name of a metric")
        name = match.group(0)
        rest = line[match.end():]
        labels = {}
        if rest.startswith("{"):
            quoted = re.match(r'\{((?:[^"}]|"(?:[^\\"]|\\.)*")*)\}', rest)
            if not quoted or not quoted.group(1):
                raise Fault("labels have no end")
            labels = self.labels(quoted.group(1))
            rest = rest[quoted.end():]
        if not rest.startswith(" ") or not NUMBER.fullmatch(rest[1:]):
            raise Fault(f"the value '{rest.strip()}'")
        suffix = self.suffix(name)
        key = (suffix, tuple(sorted(labels.items())))
        if key in self.current.samples:
            raise Fault(f"{name} with these labels twice")
        if ("le" in labels) != (suffix == "_bucket"):
            raise Fault(f"{name}: le belongs to buckets")
        self.current.samples[key] = (float(rest[1:]), rest[1:])
        if suffix == "_info" and rest[1:] != "1":
            raise Fault(f"{name} is not 1")

    # ---- families ----

    def check_histogram(self, family):
        kinds = [suffix for suffix, _ in family.samples]
        buckets = [k for k in family.samples if k[0] == "_bucket"]
        if kinds != ["_bucket"] * len(buckets) + ["_sum", "_count"]:
            raise Fault(f"{family.name}: not buckets, sum, count")
        bounds = [dict(labels)["le"] for _, labels in buckets]
        if not bounds or bounds[-1] != "+Inf" or "+Inf" in bounds[:-1]:
            raise Fault(f"{family.name}: the last bucket is not +Inf")
        if any(not re.fullmatch(r"[0-9]+\.[0-9]+", bound) for bound in bounds[:-1]):
            raise Fault(f"{family.name}: a bound that is not canonical: {bounds}")
        numbers = [float(bound) for bound in bounds]
        if numbers != sorted(set(numbers)):
            raise Fault(f"{family.name}: bounds do not rise")
        counts = [family.samples[key][0] for key in buckets]
        if counts != sorted(counts):
            raise Fault(f"{family.name}: buckets are not cumulative")
        if counts[-1] != family.samples[("_count", ())][0]:
            raise Fault(f"{family.name}: the count is not that of +Inf")

    def read(self, data):
        text = data.decode("utf-8")
        if not text.endswith("\n") or "\r" in text:
            raise Fault("the last line has no end, or there are CRs")
        lines = text[:-1].split("\n")
        if self.is_open and lines.pop() != "# EOF":
            raise Fault("the last line is not # EOF")
        for number, line in enumerate(lines, 1):
            try:
                if line.startswith("#"):
                    self.comment(line)
                else:
                    self.sample(line)
            except Fault as fault:
                raise Fault(f"line {number}: {fault}: {line[:200]}") from None
        self.close_family()
        return self.families


def read(data, is_open=True):
    """bytes -> {name: Family}; raises Fault."""
    return Reader(is_open).read(data)


GOOD = """# HELP a_seconds How long.
# TYPE a_seconds histogram
# UNIT a_seconds seconds
a_seconds_bucket{le="0.1"} 1
a_seconds_bucket{le="1.0"} 2
a_seconds_bucket{le="+Inf"} 3
a_seconds_sum 1.5
a_seconds_count 3
# HELP b Count.
# TYPE b counter
b_total{x="a\\"}{,\\\\b\\n"} 1
b_total{x="b"} 2
# HELP c_bytes Size.
# TYPE c_bytes gauge
# UNIT c_bytes bytes
c_bytes 0.25
# HELP d It.
# TYPE d info
d_info{v="1"} 1
# EOF
"""

BROKEN = [  # (what stands in GOOD, what stands there instead)
    ("# EOF\n", ""), ("# EOF\n", "# EOF\n\n"), ("# EOF\n", "# EOF"), ("# EOF\n", "# EOF\nc 1\n"),
    ("b_total{x=\"b\"} 2\n", "b_total{x=\"b\"} 2\n\n"), ("b_total{x=\"b\"} 2", "b_total{x=\"b\"} 2\r"),
    ("c_bytes 0.25", "c_bytes  0.25"), ("c_bytes 0.25", "c_bytes 1e3"), ("c_bytes 0.25", "c_bytes NaN"),
    ("c_bytes 0.25", "c_bytes -1"), ("c_bytes 0.25", "c_bytes .25"), ("c_bytes 0.25", "c_bytes 0.25 # {} 1"),
    ("c_bytes 0.25", "c_bytes{} 0.25"), ("c_bytes 0.25", "c_bytes 0.25\nc_bytes 0.25"),
    ("c_bytes 0.25", "c_bytes 0.25\nb_total{x=\"c\"} 1"), ("c_bytes 0.25", "c 0.25"),
    ("c_bytes 0.25", "c_bytes 0.25\n# TYPE c_bytes gauge"), ("# TYPE c_bytes gauge\n", ""),
    ("# TYPE c_bytes gauge\n", "# TYPE c_bytes gauge\n# TYPE c_bytes gauge\n"), ("# HELP c_bytes Size.\n", ""),
    ("# HELP c_bytes Size.", "# HELP c_bytes "), ("c_bytes bytes", "c_bytes seconds"), ("c_bytes gauge", "c_bytes size"),
    ("# UNIT c_bytes bytes", "# NOTE c_bytes bytes"), ("# HELP d It.", "# HELP b Count.\n# TYPE b gauge\n# HELP d It."),
    ("b_total{x=\"b\"}", "b{x=\"b\"}"), ("b_total{x=\"b\"}", "b_total{x=\"b\",x=\"c\"}"),
    ("b_total{x=\"b\"}", "b_total{x=\"b\",}"), ("b_total{x=\"b\"}", "b_total{x=\"\\b\"}"),
    ("b_total{x=\"b\"}", "b_total{x=\"b\"b\"}"), ("b_total{x=\"b\"}", "b_total{x=\"b}"), ("b_total{x=\"b\"}", "b_total{x=b}"),
    ("b_total{x=\"b\"}", "b_total{0=\"b\"}"), ("b_total{x=\"b\"}", "b_total{x=\"b\",le=\"1\"}"),
    ("x=\"b\"", "x=\"a\\\"}{,\\\\b\\n\""), ("d_info{v=\"1\"} 1", "d_info{v=\"1\"} 2"), ("d_info", "d"),
    ("le=\"0.1\"} 1", "le=\"0.1\"} 3"), ("le=\"0.1\"", "le=\"2.0\""), ("le=\"1.0\"", "le=\"1\""),
    ("le=\"+Inf\"} 3", "le=\"+Inf\"} 4"), ("a_seconds_bucket{le=\"+Inf\"} 3\n", ""), ("a_seconds_sum 1.5\n", ""),
]


def self_test():
    families = read(GOOD.encode())
    assert families["b"].samples[("_total", (("x", 'a"}{,\\b\n'),))] == (1.0, "1")
    for old, new in BROKEN:
        assert old in GOOD, old
        try:
            read(GOOD.replace(old, new, 1).encode())
        except Fault:
            continue
        raise SystemExit(f"FAILED: not refused: {new!r} in place of {old!r}")
    print(f"openmetrics: {len(BROKEN)} broken texts are refused")


def main(args):
    if args == ["--self-test"]:
        self_test()
        return
    is_open = args[:1] != ["--text"]
    for name in args if is_open else args[1:]:
        with open(name, "rb") as file:
            try:
                families = read(file.read(), is_open)
            except (Fault, UnicodeDecodeError) as fault:
                raise SystemExit(f"{name}: {fault}")
        print(f"{name}: {len(families)} families, {sum(len(f.samples) for f in families.values())} samples")


if __name__ == "__main__":
    main(sys.argv[1:])
