"""What users take away is current, accepted by promtool, and passes its own tests."""
import concurrent.futures
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from support.servers import BASEWATCH

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command, cwd=ROOT):
    return subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)


class Generated(unittest.TestCase):
    def passes(self, *command, cwd=ROOT):
        done = run(*command, cwd=cwd)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def test_generated_files_are_current(self):
        self.passes(BASEWATCH, "generate", "--check")

    def test_check_sees_a_changed_a_missing_and_a_stale_file(self):
        with tempfile.TemporaryDirectory() as folder:
            self.passes(BASEWATCH, "generate", "--out", folder)
            self.passes(BASEWATCH, "generate", "--out", folder, "--check")
            files = sorted(pathlib.Path(folder, "rules").rglob("*.yml"))
            self.assertGreater(len(files), 5)
            text = files[0].read_text()
            for spoil in (lambda: files[0].write_text(text + "\n"), files[0].unlink,
                          lambda: shutil.copy(files[1], files[1].with_name("gone-subject.yml"))):
                spoil()
                done = run(BASEWATCH, "generate", "--out", folder, "--check")
                self.assertEqual(1, done.returncode, done.stdout + done.stderr)
                self.passes(BASEWATCH, "generate", "--out", folder)
                self.passes(BASEWATCH, "generate", "--out", folder, "--check")

    def test_promtool_accepts_the_rules(self):
        files = [*(ROOT / "rules/recording").glob("*.yml"), *(ROOT / "rules/alerts").glob("*.yml")]
        self.assertGreaterEqual(len(files), 3)
        self.passes("promtool", "check", "rules", "--lint=all", "--lint-fatal", *files)

    def test_the_rules_pass_their_own_tests(self):
        # promtool takes its files one after the other; the longest first, or it would be alone in the end.
        files = sorted((ROOT / "rules/tests").glob("*.yml"), key=lambda path: -path.stat().st_size)
        self.assertGreaterEqual(len(files), 2)
        with concurrent.futures.ThreadPoolExecutor(2) as two:
            list(two.map(lambda path: self.passes("promtool", "test", "rules", path.name, cwd=path.parent), files))

    def test_every_alert_has_a_firing_and_a_quiet_case(self):
        names = {line.split()[-1] for path in (ROOT / "rules/alerts").glob("*.yml")
                 for line in path.read_text().splitlines() if line.strip().startswith("- alert:")}
        tests = "".join(path.read_text() for path in (ROOT / "rules/tests").glob("*.yml"))
        self.assertGreater(len(names), 20)
        for name in names:
            self.assertIn(name, tests)

    def test_the_shipped_scrape_configurations_are_valid(self):
        for name in ("prometheus.yml", "prometheus-single-target.yml"):
            with tempfile.TemporaryDirectory() as folder:
                shutil.copy(ROOT / "deploy" / name, folder)
                shutil.copytree(ROOT / "rules", pathlib.Path(folder, "rules"))
                self.passes("promtool", "check", "config", pathlib.Path(folder, name))


if __name__ == "__main__":
    unittest.main()
