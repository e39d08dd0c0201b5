"""Whether the alerts' tests would notice a wrong alert: every expression is changed a little in many ways, and each of
these mutants has to fail one of its alert's tests, or stands in survivors.tsv with the reason. All mutants of an alert
go through promtool at once, as alerts of other names."""
import concurrent.futures
import pathlib
import re
import subprocess
import textwrap
import unittest

from support.servers import ROOT, scratch

SURVIVORS = pathlib.Path(__file__).with_name("survivors.tsv")
RULES = ROOT / "rules"


class Alert:
    def __init__(self, subject, block):
        self.subject = subject
        self.block = textwrap.dedent(block)
        self.name = re.search(r"alert: (\w+)", block)[1]
        text = re.search(r"\n  expr: (\|-\n(?:    .*\n|\n)+|.*\n)", self.block)
        self.written = text[1]
        self.expr = textwrap.dedent(text[1].removeprefix("|-\n")).strip()
        if self.expr.startswith('"'):
            self.expr = self.expr.strip('"')
        self.hold = re.search(r"\n  for: (\S+)\n", self.block)[1]

    def rule(self, name, expr=None, hold=None):
        block = self.block.replace(f"alert: {self.name}\n", f"alert: {name}\n", 1)
        if expr is not None:
            body = "|-\n" + textwrap.indent(expr, "    ") + "\n"
            block = block.replace(f"\n  expr: {self.written}", f"\n  expr: {body}", 1)
        if hold is not None:
            block = block.replace(f"\n  for: {self.hold}\n", f"\n  for: {hold}\n", 1)
        return textwrap.indent(block, "      ")


def alerts():
    out = []
    for path in sorted((RULES / "alerts").glob("*.yml")):
        blocks = re.split(r"(?m)^      (?=- alert: )", path.read_text())[1:]
        out += [Alert(path.stem, "      " + block) for block in blocks]
    return out


def strings_masked(expr):
    """The expression with what stands in quotes or braces of the same length but without meaning."""
    return re.sub(r'"[^"]*"', lambda found: '"' + "_" * (len(found[0]) - 2) + '"', expr)


def seconds(text):
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([smhdw])", text))


def mutants(alert):
    """{what was changed: (expression, for)}"""
    out = {}
    masked = strings_masked(alert.expr)
    outside = re.sub(r"\{[^}]*\}", lambda found: "{" + "_" * (len(found[0]) - 2) + "}", masked)

    def add(what, begin, end, text):
        out[what] = (alert.expr[:begin] + text + alert.expr[end:], None)
    for number, found in enumerate(re.finditer(r"(==|!=|>=|<=|>|<)(?!~)", outside)):
        for other in {">": ("<", ">="), "<": (">", "<="), ">=": ("<", ">"), "<=": (">", "<"), "==": ("!=",), "!=": ("==",)}[found[1]]:
            add(f"{found[1]} {number} is {other}", found.start(), found.end(), other)
        limit = re.compile(r"\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w.:\[])").match(outside, found.end())
        if limit and float(limit[1]) != 0:
            for factor in (0.9, 1.1):
                add(f"limit {number} x {factor}", limit.start(1), limit.end(1), f"{float(limit[1]) * factor:.10g}")
    for found in re.finditer(r"\{([^}]*)\}", masked):
        inside = alert.expr[found.start(1):found.end(1)]
        for part in re.finditer(r'(\w+)(=~|!~|!=|=)"[^"]*",?', inside):
            add(f"without {part[1]}{part[2]} at {found.start(1) + part.start()}", found.start(1) + part.start(),
                found.start(1) + part.end(), "")
    for found in re.finditer(r"\b(?:by|without|on|ignoring) ?\(([^)]*)\)", outside):
        labels = [label.strip() for label in found[1].split(",") if label.strip()]
        for label in labels:
            add(f"without the label {label} at {found.start(1)}", found.start(1), found.end(1),
                ", ".join(each for each in labels if each != label))
    hold = seconds(alert.hold)
    if hold:
        out["half of for"] = (None, f"{hold // 2}s")
        out["twice for"] = (None, f"{hold * 2}s")
    return out


def cases(alert):
    """The alert's own test cases, of all its subject's test files: [(head of the file, case)]."""
    out = []
    for path in sorted((RULES / "tests").glob(f"{alert.subject}*_test.yml")):
        head, *tests = re.split(r"(?m)^  (?=- name: )", path.read_text())
        for test in tests:
            if re.search(rf"(?m)^\s+alertname: {alert.name}$", test):
                out.append((path, head, "  " + test))
    return out


def survivors_of(alert):
    """The mutants that no test notices, and how many there are."""
    changed = mutants(alert)
    names = {f"Mutant{number}": what for number, what in enumerate(changed)}
    killed = set()
    # One that cannot be evaluated ends the whole run: it is noticed, and the others are asked again without it.
    while True:
        alive = {name: changed[what] for name, what in names.items() if name not in killed}
        broken = run(alert, alive, killed)
        if not broken:
            return {names[name] for name in names if name not in killed}, len(names)
        killed |= broken


def run(alert, alive, killed):
    """Asks the alert's tests of these mutants and adds to `killed`; returns those that cannot be evaluated."""
    group = ["groups:\n", f"  - name: basewatch-{alert.subject}-alerts\n", "    interval: 10s\n", "    rules:\n", alert.rule(alert.name)]
    group += [alert.rule(name, *change) for name, change in alive.items()]
    with scratch() as folder:
        folder = pathlib.Path(folder)
        (folder / "mutants.yml").write_text("".join(group))
        checked = subprocess.run(["promtool", "check", "rules", folder / "mutants.yml"], capture_output=True, text=True)
        if checked.returncode:
            raise AssertionError(f"{alert.name}: a mutant is no rule: {checked.stdout}{checked.stderr}")
        files = {}
        for path, head, case in cases(alert):
            files.setdefault((path.stem, head), []).append(case)
        for (stem, head), texts in files.items():
            head = head.replace('"../alerts/' + alert.subject + '.yml"', f'"{folder}/mutants.yml"').replace('"../', f'"{RULES}/')
            body = []
            for text in texts:
                begin, tests = text.split("    alert_rule_test:\n")
                looks, _, times = tests.partition("    promql_expr_test:\n")  # how it reads, and whether it is in time
                body += [begin]
                for key, part in (("alert_rule_test", looks), ("promql_expr_test", times)):
                    body += [f"    {key}:\n", part] if part else []
                    body += [re.sub(rf'(alertname: |alertname="){alert.name}\b', rf"\1{name}", part) for name in alive if part]
            (folder / f"{stem}.yml").write_text(head + "".join(body))
            done = subprocess.run(["promtool", "test", "rules", folder / f"{stem}.yml"], capture_output=True, text=True)
            said = done.stdout + done.stderr
            broken = set(re.findall(r"rule: (Mutant\d+),", said))
            if broken:
                return broken
            noticed = set(re.findall(r'alertname(?:: |=\\")(Mutant\d+)\b', said))
            if re.search(rf'(?:alertname: |rule: |alertname=\\"){alert.name}\b', said) or (done.returncode and not noticed):
                raise AssertionError(f"{alert.name} fails its own tests here: {said[:2000]}")
            killed |= noticed
    return set()


def listed():
    """{(alert, mutant): reason}; an alert `*` stands for all."""
    out = {}
    for number, line in enumerate(SURVIVORS.read_text().splitlines(), 1):
        if line and not line.startswith("#"):
            parts = line.split("\t")
            assert len(parts) == 3 and all(parts), f"{SURVIVORS.name}:{number}: alert, tab, mutant, tab, reason"
            out[parts[0], parts[1]] = parts[2]
    return out


class Mutation(unittest.TestCase):
    def test_every_mutant_is_noticed_or_listed(self):
        known, found, total = listed(), set(), 0
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            every = alerts()
            for alert, (alive, count) in zip(every, pool.map(survivors_of, every)):
                found |= {(alert.name, what) for what in alive}
                total += count
        print(f"{total} mutants of {len(every)} alerts, {len(found)} survive", flush=True)
        self.assertGreater(total, 5 * len(every))
        new = sorted(each for each in found if each not in known and ("*", each[1]) not in known)
        gone = sorted(each for each in known if each[0] != "*" and each not in found)
        self.assertEqual([], [f"{name}\t{what}" for name, what in new], "survive, and no reason is listed")
        self.assertEqual([], gone, "are listed and do not survive: remove them")


if __name__ == "__main__":
    unittest.main()
