"""Metrics, alerts, boards, configuration and command line are a public interface under Semantic Versioning:
what breaks since the last release has to stand in CHANGELOG.md, in the section that is not released yet.

docs/interface.txt lists the names. What is new joins it with `./dev test --accept`, which drops only what
CHANGELOG.md tells of; the tests compare with the list of the last release or, before the first, with this one."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CATALOGC = pathlib.Path(os.environ.get("BASEWATCH_BUILD", ROOT / "build")) / "catalogc"


def run(*command, cwd=ROOT):
    return subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)


def unreleased(changelog):
    """The text under the first heading that says (unreleased), or nothing."""
    found = re.search(r"^## [^\n]*\(unreleased\)\n(.*?)(?=^## |\Z)", changelog, re.S | re.M)
    return found.group(1) if found else ""


def unmentioned(told, changelog):
    """The breaking lines of `catalogc diff` whose subject the changelog does not name."""
    section = unreleased(changelog)
    missing = []
    for line in told.splitlines():
        # "breaking: recorded series a:b:c was removed: ...": the name stands after one or two words.
        found = re.match(r"breaking: (?:recorded series|time interval|\w+) (\S+)", line)
        name = found and found.group(1)
        if name and not re.search(rf"(?<![\w:]){re.escape(name)}(?![\w:])", section):
            missing.append(line)
    return missing


def last_release():
    done = run("git", "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", "HEAD")
    return done.stdout.strip() if done.returncode == 0 else None


INTERFACE = ROOT / "docs/interface.txt"
HEAD = """# What users build on, by name: metrics with type and labels, alerts with their labels, boards with their
# panels and variables, settings, commands. `./dev test --accept` adds what is new, and drops what is gone once
# CHANGELOG.md tells of it.
"""
BINARY = CATALOGC.parent / "basewatch"


def settings(text):
    """Every key of config/basewatch.yml, also those behind a '#', as exporters.node.paths.procfs."""
    path, out = [], set()
    for line in text.splitlines():
        found = re.match(r"( *)#?(?! )([A-Za-z_]\w*):(?: |$)", line)
        if found:
            depth = len(found.group(1))
            path = [(at, key) for at, key in path if at < depth] + [(depth, found.group(2))]
            out.add("setting " + ".".join(key for _, key in path))
    return out


def commands(*words):
    """Every command and option that --help lists, down to the last subcommand."""
    out = {"command " + " ".join(("basewatch", *words))}
    section = ""
    for line in run(BINARY, *words, "--help").stdout.splitlines():
        if re.match(r"\w+:$", line):
            section = line
        elif section in ("Options:", "Positionals:") and (found := re.match(r"  (-\S+|\w+)", line)):
            out.add(" ".join(("option basewatch", *words, found.group(1).split(",")[-1])))
        elif section == "Subcommands:" and (found := re.match(r"  (\w\S*)", line)):
            out |= commands(*words, found.group(1))
    return out


def interface_now():
    names = run(CATALOGC, "names", "catalog")
    if names.returncode != 0:
        raise AssertionError(names.stderr)
    return (set(names.stdout.splitlines()) | commands() |
            settings((ROOT / "config/basewatch.yml").read_text()))


def lines_of(text):
    return {line for line in text.splitlines() if line and not line.startswith("#")}


def named(line):
    """The word of a line that CHANGELOG.md has to mention: of a panel or an option the last one."""
    words = line.split()
    if words[0] in ("panel", "option", "variable", "command"):
        return words[-1]
    return words[1].split(".")[-1] if words[0] == "setting" else words[1]


def untold(gone, changelog):
    section = unreleased(changelog)
    return sorted(line for line in gone
                  if not re.search(rf"(?<![\w:-]){re.escape(named(line))}(?![\w:-])", section))


class Interface(unittest.TestCase):
    def test_what_is_gone_stands_in_the_changelog(self):
        now, changelog = interface_now(), (ROOT / "CHANGELOG.md").read_text()
        kept = lines_of(INTERFACE.read_text())
        released = run("git", "show", f"{tag}:docs/interface.txt") if (tag := last_release()) else None
        known = lines_of(released.stdout) if released and released.returncode == 0 else kept
        missing = untold(known - now, changelog)
        self.assertEqual([], missing, "gone or changed: name each in CHANGELOG.md under '(unreleased)'")
        if os.environ.get("BASEWATCH_ACCEPT"):
            INTERFACE.write_text(HEAD + "".join(line + "\n" for line in sorted(now)))

    def test_what_the_list_is_made_of(self):
        now = interface_now()
        for line in ("metric node_load1 gauge", "board basewatch-node", "setting exporters.node.paths.procfs",
                     "setting server.listen", "option basewatch generate --check", "command basewatch catalog show",
                     "threshold filesystem_full_ratio", "receiver page",
                     "alert AgentDown {class=instant,priority=P1,severity=critical}"):
            self.assertIn(line, now)
        self.assertEqual({"setting a", "setting a.b", "setting a.b.c", "setting a.d", "setting e"},
                         settings("a:\n  b:\n    #c: 5\n  # a sentence: of words\n  #d: {x: 1}\n#e: f\n"))

    def test_a_name_that_goes_needs_its_line(self):
        told = "## 0.2.0 (unreleased)\n\n- node_load1 is gone, and so are panel 17 and generate's --check\n"
        gone = {"metric node_load1 gauge", "panel basewatch-node 17", "option basewatch generate --check"}
        self.assertEqual([], untold(gone, told))
        self.assertEqual(["alert AgentDown {priority=P1}", "metric node_load15 gauge", "panel basewatch-node 1"],
                         untold({"metric node_load15 gauge", "panel basewatch-node 1",
                                 "alert AgentDown {priority=P1}"}, told))


class Compatible(unittest.TestCase):
    def test_what_breaks_since_the_last_release_stands_in_the_changelog(self):
        tag = last_release()
        if tag is None:
            self.skipTest("no release yet: there is no tag v* to compare with, only the list of names")
        with tempfile.TemporaryDirectory() as folder:
            archive = subprocess.run(["git", "archive", tag, "catalog"], cwd=ROOT, capture_output=True, check=True)
            subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
            done = run(CATALOGC, "diff", pathlib.Path(folder, "catalog"), "catalog")
        self.assertIn(done.returncode, (0, 1), done.stderr)
        missing = unmentioned(done.stdout, (ROOT / "CHANGELOG.md").read_text())
        self.assertEqual([], missing, f"since {tag}; name each in CHANGELOG.md under '(unreleased)'")

    def test_a_breaking_change_needs_its_line(self):
        told = ("breaking: metric node_load1 was removed\nnote: metric node_load2 is new\n"
                "breaking: recorded series instance:a:rate5m was removed: boards go blank\n")
        entry = "# Changelog\n\n## 0.2.0 (unreleased)\n\n{}\n\n## 0.1.0\n\n- node_load1, instance:a:rate5m\n"
        self.assertEqual(2, len(unmentioned(told, entry.format("- node_load15 is gone"))))
        self.assertEqual([], unmentioned(told, entry.format("- `node_load1` and `instance:a:rate5m` are gone")))
        self.assertEqual(2, len(unmentioned(told, "## 0.1.0\n\nnode_load1 instance:a:rate5m\n")))

    def test_the_command_line(self):
        catalog = ROOT / "catalog"
        same = run(CATALOGC, "diff", catalog, catalog)
        self.assertEqual((0, "", ""), (same.returncode, same.stdout, same.stderr))
        with tempfile.TemporaryDirectory() as folder:
            changed = pathlib.Path(folder, "catalog")
            subprocess.run(["cp", "-r", catalog, changed], check=True)
            alerts = changed / "agent/alerts.yml"
            alerts.write_text(alerts.read_text().replace("priority: P1", "priority: P2", 1))
            done = run(CATALOGC, "diff", catalog, changed)
            self.assertEqual(1, done.returncode)
            self.assertEqual("breaking: alert AgentDown changed its priority from P1 to P2\n", done.stdout)
            alerts.write_text("version: 1\nalerts: 5\n")
            self.assertEqual(2, run(CATALOGC, "diff", catalog, changed).returncode)
        self.assertEqual(2, run(CATALOGC, "diff", catalog, "/nowhere").returncode)
        self.assertEqual(2, run(CATALOGC, "diff", catalog).returncode)


if __name__ == "__main__":
    unittest.main()
