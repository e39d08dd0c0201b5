"""Our PromQL parser against promtool: every expression gets the same verdict from both.

BASEWATCH_BUILD names the build folder (default: build); promtool comes from PATH.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("BASEWATCH_BUILD", HERE.parent.parent / "build"))
FAILED_RULE = re.compile(r'group "all", rule (\d+), ".*?": (could not parse expression: .*)')


def unescape(text):
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text)


def escape(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def expressions():
    """Pairs of the expected verdict and the expression."""
    for line in (HERE / "promql_expressions.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            verdict, text = line.split(" ", 1)
            yield verdict == "good", unescape(text)


def promtool_errors(texts):
    """Index -> message of every expression that promtool refuses, from one run."""
    rules = [{"record": f"r{i}", "expr": text} for i, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "rules.yml"
        # JSON is YAML.
        groups = {"groups": [{"name": "all", "rules": rules}]}
        path.write_text(json.dumps(groups, ensure_ascii=False), encoding="utf-8")
        run = subprocess.run(
            ["promtool", "check", "rules", path], capture_output=True, text=True, timeout=60
        )
    output = run.stdout + run.stderr
    errors = {int(number) - 1: message for number, message in FAILED_RULE.findall(output)}
    # A failure for another reason must not pass for "all are good".
    if (run.returncode != 0) != bool(errors):
        raise RuntimeError(f"promtool ended with {run.returncode}:\n{output}")
    return errors


def our_lines(texts):
    """One line for each expression: ok <printed form>, or error <offset> <message>."""
    run = subprocess.run(
        [BUILD / "promql_tool"],
        input="".join(escape(text) + "\n" for text in texts),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return run.stdout.splitlines()


class PromqlTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("promtool"):
            raise unittest.SkipTest("promtool is not installed")
        cls.expected = list(expressions())
        cls.texts = [text for _, text in cls.expected]
        cls.ours = our_lines(cls.texts)
        cls.theirs = promtool_errors(cls.texts)

    def test_there_is_something_to_compare(self):
        good = sum(verdict for verdict, _ in self.expected)
        self.assertGreaterEqual(good, 100)
        self.assertGreaterEqual(len(self.expected) - good, 100)
        self.assertEqual(len(self.ours), len(self.texts))

    def test_same_verdict(self):
        for i, (good, text) in enumerate(self.expected):
            with self.subTest(expression=text):
                theirs = self.theirs.get(i, "ok")
                self.assertEqual(theirs == "ok", good, f"promtool: {theirs}")
                self.assertEqual(self.ours[i].startswith("ok "), good, self.ours[i])

    def test_errors_point_into_the_expression(self):
        for (good, text), line in zip(self.expected, self.ours):
            if good or line.startswith("ok "):
                continue
            with self.subTest(expression=text):
                _, offset, message = line.split(" ", 2)
                self.assertLessEqual(int(offset), len(text.encode()))
                self.assertGreater(len(message), 10)

    def test_printed_form_is_stable_and_good(self):
        printed = [line[3:] for line in self.ours if line.startswith("ok ")]
        self.assertEqual(our_lines(printed), ["ok " + text for text in printed])
        self.assertEqual(promtool_errors(printed), {})


if __name__ == "__main__":
    unittest.main()
