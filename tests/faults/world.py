"""The healthy world of healthy.txt, what changes in it, and promtool files made of both."""
import pathlib
import re

from support.servers import ROOT

HERE = pathlib.Path(__file__).parent
NODE = {"prometheus": "monitor", "alertmanager": "monitor", "loki": "monitor"}  # all else: db-1


class Series:
    """A series of the healthy world. `own`: its name and labels without those of the target."""

    def __init__(self, job, instance, own, value):
        self.job, self.instance, self.own, self.value = job, instance, own, value
        name, _, labels = own.partition("{")
        node = NODE.get(job, "db-1")
        self.text = f'{name}{{job="{job}",instance="{instance}",node="{node}"' + (f",{labels}" if labels else "}")

    def is_meant(self, key):
        """By the beginning of a series; `JOB/` or `INSTANCE@` before it where several have it."""
        if "@" in key:
            instance, key = key.split("@")
            return self.instance == instance and self.own.startswith(key)
        job, slash, rest = key.partition("/")
        if slash and re.fullmatch(r"\w+", job):
            return self.job == job and self.own.startswith(rest)
        return (self.own + " ").startswith(key)


def healthy():
    out, target = [], None
    for number, line in enumerate((HERE / "healthy.txt").read_text().splitlines(), 1):
        if line.startswith("["):
            target = line.strip("[]").split(" ")
        elif line and not line.startswith("#"):
            own, _, value = line.rpartition(" ")
            assert target and re.fullmatch(r'[a-zA-Z_:][\w:]*(\{.*\})?', own), f"healthy.txt:{number}: {line}"
            out.append(Series(*target, own, value))
    assert len({each.text for each in out}) == len(out), "a series stands twice"
    return out


def steps(value):
    """(first value, change a step) of a world's value."""
    start, plus, rate = value.partition("+") if not value.startswith("+") else ("0", "+", value[1:])
    return float(start), float(rate) if plus and rate else 0.0


def values(value, count, change=None, at=0):
    """promtool's values of `count` steps; from step `at` on the `change`: another value, another rate of a counter
    (`+R`), `-` for gone."""
    begin, rate = steps(value)
    if change is None:
        return f"{begin:.15g}{rate:+.15g}x{count}"
    first = f"{begin:.15g}{rate:+.15g}x{at - 1}"
    if change == "-":
        return f"{first} stale _x{count - at}"
    if change.startswith("+"):
        now = begin + rate * at
        return f"{first} {now:.15g}+{float(change[1:]):.15g}x{count - at}"
    begin, rate = steps(change)
    return f"{first} {begin:.15g}{rate:+.15g}x{count - at}"


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def head(step, rules=None):
    """All rules of all subjects, recorded names before those who read them."""
    kinds = [sorted((ROOT / "rules" / kind).glob("*.yml")) for kind in ("recording", "alerts")]
    files = rules or [path for kind in kinds for path in kind]
    order = [f"  - basewatch-{path.stem}-{'recording' if path.parent.name == 'recording' else 'alerts'}" for path in files]
    return (f"evaluation_interval: {step}\nrule_files:\n" + "".join(f"  - {path}\n" for path in files) +
            "group_eval_order:\n" + "\n".join(order) + "\ntests:\n")


def case(name, step, series, expectations):
    """`series`: [(series, values)]; `expectations`: [(minute, expr, [(labels, value)])]."""
    out = [f"  - name: {quoted(name)}", f"    interval: {step}", "    input_series:"]
    for one, text in series:
        out += [f"      - series: {quoted(one)}", f"        values: {quoted(text)}"]
    out.append("    promql_expr_test:")
    for minute, expr, samples in expectations:
        out += [f"      - expr: {quoted(expr)}", f"        eval_time: {minute}m"]
        out.append("        exp_samples:" + ("" if samples else " []"))
        for labels, value in samples:
            out += [f"          - labels: {quoted(labels)}", f"            value: {value}"]
    return "\n".join(out) + "\n"
