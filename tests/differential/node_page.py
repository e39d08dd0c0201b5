"""Pages of the text format as data, and how two of them differ. Shared by the node tests."""
import math
import pathlib
import re

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')


class Page:
    """types: family -> type; series: (name, labels) -> value. A label with an empty value is none."""

    def __init__(self, text):
        self.types = {}
        self.series = {}
        for line in text.split("\n"):  # splitlines() would also split at control characters
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.types[name] = kind
            elif line and not line.startswith("#"):
                self._add(line)

    def _add(self, line):
        match = SAMPLE.match(line)
        if not match:
            raise ValueError(f"no sample: {line!r}")
        name, block, value = match.groups()
        labels, end = {}, 0
        for label in LABEL.finditer(block or ""):
            if label.start() != end:
                break
            end = label.end()
            if label[2]:
                labels[label[1]] = label[2]
        if end != len(block or ""):
            raise ValueError(f"no labels: {line!r}")
        key = (name, tuple(sorted(labels.items())))
        if key in self.series:
            raise ValueError(f"twice: {line!r}")
        self.series[key] = float(value)

    def part(self, is_in):
        page = Page("")
        page.types = {n: t for n, t in self.types.items() if is_in(n)}
        page.series = {k: v for k, v in self.series.items() if is_in(k[0])}
        return page

    def only(self, wanted):
        """The part of the page whose names match the expression."""
        return self.part(lambda name: re.search(wanted, name))

    def without(self, unwanted):
        return self.part(lambda name: not re.search(unwanted, name))


def text_of(key):
    name, labels = key
    return name + ("{" + ",".join(f'{n}="{v}"' for n, v in labels) + "}" if labels else "")


def equal(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


def differences(theirs, ours, same=equal):
    """One line for each difference: what the peer has and we have not, the other way round, values,
    types. `same` decides about two values; it may take the name as its third argument."""
    lines = []
    for name in sorted(theirs.types.keys() | ours.types.keys()):
        mine, yours = ours.types.get(name), theirs.types.get(name)
        if mine and yours and mine != yours:
            lines.append(f"type {name} {yours} -> {mine}")
    for key in sorted(theirs.series.keys() | ours.series.keys()):
        if key not in ours.series:
            lines.append(f"missing {text_of(key)}")
        elif key not in theirs.series:
            lines.append(f"extra {text_of(key)}")
        elif not same(theirs.series[key], ours.series[key]):
            lines.append(f"value {text_of(key)} {theirs.series[key]!r} -> {ours.series[key]!r}")
    return lines


class Expected:
    """The listed differences: sections "[name]", then "<regular expression>  # <reason>"."""

    def __init__(self, section, file="node.expected"):
        self.rules = []
        current = None
        for line in (pathlib.Path(__file__).with_name(file)).read_text().splitlines():
            line = line.strip()
            if line.startswith("[") and line.endswith("]"):
                current = line[1:-1]
            elif line and not line.startswith("#") and current == section:
                pattern, _, reason = line.partition("  # ")
                if not reason:
                    raise ValueError(f"{file}: no reason given for: {pattern}")
                self.rules.append(re.compile(pattern.strip()))
        self.used = set()

    def remove(self, lines):
        rest = []
        for line in lines:
            rule = next((r for r in self.rules if r.fullmatch(line)), None)
            if rule:
                self.used.add(rule)
            else:
                rest.append(line)
        return rest
