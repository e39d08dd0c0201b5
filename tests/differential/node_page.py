"""Pages of the text format as data, and how two of them differ. Shared by the node tests."""
import math
import pathlib
import re
import unittest

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

    def only(self, wanted):
        """The part of the page whose names match the expression."""
        part = Page("")
        part.types = {n: t for n, t in self.types.items() if re.search(wanted, n)}
        part.series = {k: v for k, v in self.series.items() if re.search(wanted, k[0])}
        return part


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

    def __init__(self, section):
        self.rules = []
        current = None
        for line in (pathlib.Path(__file__).with_name("node.expected")).read_text().splitlines():
            line = line.strip()
            if line.startswith("[") and line.endswith("]"):
                current = line[1:-1]
            elif line and not line.startswith("#") and current == section:
                pattern, _, reason = line.partition("  # ")
                if not reason:
                    raise ValueError(f"node.expected: no reason given for: {pattern}")
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


class PageTest(unittest.TestCase):
    """That the comparison itself sees what it should see."""

    def test_differences(self):
        theirs = Page('# TYPE a counter\na{x="1",y=""} 1\nb 2\nc{l="a\\"},b"} 3\n')
        ours = Page('# TYPE a gauge\na{x="1"} 1\nb 3\nd 4\n')
        self.assertEqual(["type a counter -> gauge", "value b 2.0 -> 3.0", 'missing c{l="a\\"},b"}',
                          "extra d"], differences(theirs, ours))
        self.assertEqual([], differences(theirs, theirs))
        for bad in ("a 1 2 3", "a{x=1} 2", "a 1\na 1", 'a{x="1" y="2"} 3'):
            with self.assertRaises(ValueError, msg=bad):
                Page(bad)


if __name__ == "__main__":
    unittest.main()
