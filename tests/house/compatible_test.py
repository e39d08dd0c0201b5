"""The catalog is a public interface under Semantic Versioning: what breaks since the last release has to
stand in CHANGELOG.md, in the section that is not released yet."""
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


class Compatible(unittest.TestCase):
    def test_what_breaks_since_the_last_release_stands_in_the_changelog(self):
        tag = last_release()
        if tag is None:
            self.skipTest("no release yet: there is no tag v* to compare with")
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
