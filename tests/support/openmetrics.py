"""A reader of OpenMetrics 1.0 that takes nothing else: written from the specification, to judge what we
write. parse() returns the families or raises Invalid with the line and the rule that is broken.

One rule is left out on purpose: "le" and "quantile" follow the text format (1, not 1.0), because a
label value is never changed between the formats."""
import math
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
NUMBER = r"[+-]?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[iI]nf(?:inity)?)|[nN]a[nN]"
COMMENT = re.compile(rf"# (TYPE|UNIT|HELP) ({NAME}) (.*)")
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:{LABEL}(?:,{LABEL})*)?)\}})? ({NUMBER})")
ONE_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')

SUFFIXES = {
    "counter": ("_total", "_created"), "gauge": ("",), "unknown": ("",), "stateset": ("",),
    "info": ("_info",), "summary": ("", "_count", "_sum", "_created"),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
    "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
}


class Invalid(Exception):
    pass


class Family:
    def __init__(self, name):
        self.name, self.type, self.unit, self.help = name, None, None, None
        self.samples = []  # (suffix, labels as a dict, value)


def unescaped(text):
    return re.sub(r"\\(.)", lambda m: "\n" if m.group(1) == "n" else m.group(1), text)


def parse(text):
    """The families by name, or Invalid."""
    if "\r\n" in text:
        raise Invalid("lines end with a line feed alone")
    if not text.endswith("# EOF\n") or text.count("\n# EOF\n") + text.startswith("# EOF\n") != 1:
        raise Invalid("the exposition does not end with the one '# EOF'")
    families, current = {}, None
    for number, line in enumerate(text.split("\n")[:-2], 1):
        try:
            current = _line(line, families, current)
        except Invalid as error:
            raise Invalid(f"line {number}: {error}: {line}") from None
    for family in families.values():
        _judge(family)
    _no_clashes(families)
    return families


def _family(name, families):
    if name in families:
        raise Invalid(f"family {name} is interleaved or stands twice")
    return families.setdefault(name, Family(name))


def _line(line, families, current):
    if line.startswith("#"):
        found = COMMENT.fullmatch(line)
        if not found:
            raise Invalid("a line that begins with # is TYPE, UNIT, HELP or EOF")
        what, name, rest = found.groups()
        if current is None or current.name != name:
            current = _family(name, families)
        if current.samples:
            raise Invalid("metadata stands before the samples")
        _describe(current, what, rest)
        return current
    found = SAMPLE.fullmatch(line)
    if not found:
        raise Invalid("this is no sample")
    name, labels, value = found.groups()
    if current is None or not _belongs(name, current):
        current = _family(name, families)  # without metadata it is unknown
    suffix = name[len(current.name):]
    pairs = [(key, unescaped(value)) for key, value in ONE_LABEL.findall(labels or "")]
    if len(dict(pairs)) != len(pairs):
        raise Invalid("a label stands twice")
    current.samples.append((suffix, dict(pairs), float(value)))
    return current


def _belongs(name, family):
    return (name.startswith(family.name)
            and name[len(family.name):] in SUFFIXES[family.type or "unknown"])


def _describe(family, what, rest):
    attribute = what.lower()
    if getattr(family, attribute) is not None:
        raise Invalid(f"a second {what}")
    if what == "TYPE" and rest not in SUFFIXES:
        raise Invalid("no such type")
    if what == "UNIT" and rest and not family.name.endswith("_" + rest):
        raise Invalid("the name does not end with the unit")
    if what == "HELP" and re.search(r'(?<!\\)(?:\\\\)*"', rest):
        raise Invalid("a quote that is not escaped")
    if what == "HELP" and re.fullmatch(r'(?:[^\\]|\\["\\n])*', rest) is None:
        raise Invalid("an escape that there is not")
    setattr(family, attribute, rest)


def _metric_of(family, suffix, labels):
    """What tells one metric of the family from another."""
    own = dict(labels)
    if family.type in ("histogram", "gaugehistogram"):
        own.pop("le", None)
    if family.type == "summary":
        own.pop("quantile", None)
    return frozenset(own.items())


def _judge(family):
    kind = family.type or "unknown"
    metrics, seen, last = {}, set(), None
    for suffix, labels, value in family.samples:
        key = (suffix, frozenset(labels.items()))
        if key in seen:
            raise Invalid(f"{family.name}{suffix}{labels} stands twice")
        seen.add(key)
        metric = _metric_of(family, suffix, labels)
        if metric != last and metric in metrics:
            raise Invalid(f"metrics of {family.name} are interleaved: {labels}")
        last = metric
        metrics.setdefault(metric, []).append((suffix, labels, value))
    for samples in metrics.values():
        try:
            {"counter": _counter, "histogram": _histogram, "summary": _summary,
             "info": _info}.get(kind, lambda _: None)(samples)
        except Invalid as error:
            raise Invalid(f"{family.name}: {error}: {samples}") from None


def _counter(samples):
    totals = [value for suffix, _, value in samples if suffix == "_total"]
    if len(totals) != 1 or not totals[0] >= 0:
        raise Invalid("a counter has one total, neither negative nor NaN")


def _info(samples):
    if any(value != 1 for _, _, value in samples):
        raise Invalid("an info is 1")


def _whole(value):
    return value >= 0 and value == math.floor(value)


def _histogram(samples):
    buckets, sums, counts = [], [], []
    for suffix, labels, value in samples:
        if suffix == "_bucket":
            if "le" not in labels:
                raise Invalid("a bucket without le")
            buckets.append((float(labels["le"]), value))
        else:
            {"_sum": sums, "_count": counts}[suffix].append(value)
    bounds, values = [b for b, _ in buckets], [v for _, v in buckets]
    if not bounds or bounds[-1] != math.inf or not all(a < b for a, b in zip(bounds, bounds[1:])):
        raise Invalid("buckets ascend to +Inf")
    if not all(map(_whole, values)) or values != sorted(values):
        raise Invalid("bucket counts are whole and cumulative")
    if len(sums) > 1 or len(counts) > 1 or len(sums) != len(counts):
        raise Invalid("sum and count stand both or neither")
    if counts and counts[0] != values[-1]:
        raise Invalid("the count is that of +Inf")
    if sums and (bounds[0] < 0 or not sums[0] >= 0):
        raise Invalid("a sum is not negative and not beside negative bounds")


def _summary(samples):
    for suffix, labels, value in samples:
        if suffix == "" and not ("quantile" in labels and 0 <= float(labels["quantile"]) <= 1
                                 and not value < 0):
            raise Invalid("quantiles are 0 to 1, their values not negative")
        if suffix == "_sum" and not value >= 0:
            raise Invalid("the sum is not negative")
        if suffix == "_count" and not _whole(value):
            raise Invalid("the count is whole")


def _no_clashes(families):
    taken = {}
    for family in families.values():
        kind = family.type or "unknown"
        for name in {family.name, *(family.name + suffix for suffix in SUFFIXES[kind])}:
            if name in taken:
                raise Invalid(f"{family.name} and {taken[name]} clash in {name}")
            taken[name] = family.name


def series(families):
    """{(sample name, labels): value} of parse()'s result."""
    return {(family.name + suffix, frozenset(labels.items())): value
            for family in families.values() for suffix, labels, value in family.samples}
