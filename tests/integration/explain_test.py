"""`basewatch explain` and `basewatch generate --dry-run` as a person uses them, with a real Prometheus that has a
history (blocks that promtool made) and alerts that fire now."""
import json
import pathlib
import re
import subprocess
import time
import unittest

from support.receivers import Pages
from support.servers import BASEWATCH, ROOT, Prometheus, address, scratch, wait_until

HOUR, DAY = 3600, 86400
CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: {rules}
scrape_configs:
  - job_name: redis
    static_configs: [{{targets: ["{target}:9121"], labels: {{node: db-1, instance: db-1/cache}}}}]
"""
PAGE = """redis_up 0
redis_memory_used_bytes 95
redis_memory_max_bytes 100
"""


def run(*arguments):
    return subprocess.run([BASEWATCH, *map(str, arguments)], capture_output=True, text=True, timeout=120)


class Explain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = scratch()
        cls.addClassCleanup(cls.scratch.cleanup)
        folder = pathlib.Path(cls.scratch.name)
        target = address()
        Pages(cls.addClassCleanup, lambda _: PAGE, target, 9121)
        rules = [str(ROOT / f"rules/{kind}/redis.yml") for kind in ("recording", "alerts")]
        cls.prometheus = Prometheus(folder, CONFIG.format(rules=json.dumps(rules), target=target))
        cls.addClassCleanup(cls.prometheus.stop)

    def explain(self, *arguments):
        return run("explain", "--prometheus", self.prometheus.url, *arguments)

    def test_an_alert_that_fires(self):
        wait_until("it fires", lambda: self.prometheus.firing("RedisDown"))
        done = self.explain("RedisDown")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        for expected in (r"(?m)^RedisDown  P1, critical\nRedis <instance> does not answer$",
                         r"(?m)^  firing since 20\S+ with 0\S*: \{instance=\"db-1/cache\", job=\"redis\", node=\"db-1\"\}$",
                         r"redis_up.*fires when == 0\n +0 ! \{", r"(?m)^Meaning\n  \S", r"(?m)^Mitigation\n  \S"):
            self.assertRegex(done.stdout, expected)

    def test_a_limit_and_whose_it_is(self):
        wait_until("it is recorded", lambda: self.prometheus.query("instance:redis_memory_used_per_max:ratio"))
        with scratch() as folder:
            site = pathlib.Path(folder) / "site.yml"
            site.write_text("version: 1\nthresholds: {redis_memory_ratio: 0.97}\n")
            for arguments, limit, over in (((), "0.9", "!"), (("--site", site), "0.97 (set by the site)", " ")):
                done = self.explain("RedisMemoryHigh", *arguments)
                self.assertEqual(0, done.returncode, done.stderr)
                self.assertIn(f"limit redis_memory_ratio = {limit}: ", done.stdout)
                self.assertRegex(done.stdout, rf"(?m)^ +0.95 {over} \{{")

    def test_a_limit_of_an_instance(self):
        wait_until("it is recorded", lambda: self.prometheus.query("instance:redis_memory_used_per_max:ratio"))
        with scratch() as folder:
            site = pathlib.Path(folder) / "site.yml"
            site.write_text("version: 1\ninstances: {db-1/cache: {thresholds: {redis_memory_ratio: 0.97}}}\n")
            done = self.explain("RedisMemoryHigh", "--site", site)
            self.assertIn("limit redis_memory_ratio = 0.9: ", done.stdout)
            self.assertIn("and by the site of db-1/cache: 0.97", done.stdout)
            self.assertRegex(done.stdout, r"(?m)^ +0.95   \{")  # no "!": it is below its own

    def test_what_nobody_records_and_nobody_knows(self):
        done = self.explain("NodeMemoryLow")
        self.assertEqual(0, done.returncode)
        self.assertIn("neither pending nor firing", done.stdout)
        self.assertIn("has no value here", done.stdout)
        done = self.explain("RedisDwn")
        self.assertEqual(2, done.returncode)
        self.assertIn("there is no alert 'RedisDwn'; did you mean 'RedisDown'?", done.stderr)

    def test_without_a_prometheus(self):
        for url, words in ((f"http://{address()}:9090", "Failed to connect"), ("127.0.0.1:9090", "is no address"),
                           ("ftp://127.0.0.1/", "is no address")):
            done = run("explain", "RedisDown", "--prometheus", url)
            self.assertEqual(3, done.returncode)
            self.assertIn(words, done.stdout)
            self.assertIn("Mitigation", done.stdout)
        done = run("explain", "RedisDown", "--prometheus", f"http://me:secret@{address()}:9090")
        self.assertNotIn("secret", done.stdout + done.stderr)
        done = run("explain", "RedisDown", "--offline")
        self.assertEqual(0, done.returncode)
        self.assertNotIn("Now", done.stdout)

    def test_what_is_no_prometheus(self):
        other = address()
        Pages(self.addCleanup, lambda _: "<html>hello</html>", other, 9090, "text/html")
        done = run("explain", "RedisDown", "--prometheus", f"http://{other}:9090")
        self.assertEqual(3, done.returncode)
        self.assertIn("is this the address of a Prometheus?", done.stdout)
        done = run("generate", "--dry-run", "--prometheus", f"http://{other}:9090")
        self.assertEqual(1, done.returncode)


class DryRun(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = scratch()
        cls.addClassCleanup(cls.scratch.cleanup)
        folder = pathlib.Path(cls.scratch.name)
        now = int(time.time()) // 60 * 60
        labels = 'job="redis",instance="db-1/cache",node="db-1"'
        lines = []
        # Down for 10 minutes five days ago and for an hour yesterday; memory too full for two hours, which only a
        # recorded name tells.
        down = ((now - 5 * DAY, 600), (now - DAY, HOUR))
        full = (now - 2 * DAY, 2 * HOUR)
        for name in ("redis_up", "redis_memory_used_bytes", "redis_memory_max_bytes"):
            lines.append(f"# TYPE {name} gauge")
            for at in range(now - 6 * DAY, now - HOUR, 60):
                value = {"redis_up": int(not any(begin <= at < begin + span for begin, span in down)),
                         "redis_memory_used_bytes": 95 if full[0] <= at < sum(full) else 20,
                         "redis_memory_max_bytes": 100}[name]
                lines.append(f"{name}{{{labels}}} {value} {at}")
        data = folder / "history.txt"
        data.write_text("\n".join(lines) + "\n# EOF\n")
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", data, folder / "data"], check=True,
                       capture_output=True)
        cls.prometheus = Prometheus(folder, "scrape_configs: []\n", options=("--storage.tsdb.retention.time=30d",))
        cls.addClassCleanup(cls.prometheus.stop)

    def test_what_the_last_week_would_have_been(self):
        with scratch() as folder:
            done = subprocess.run([BASEWATCH, "generate", "--dry-run", "--prometheus", self.prometheus.url],
                                  capture_output=True, text=True, timeout=200, cwd=folder)
            self.assertEqual([], list(pathlib.Path(folder).iterdir()), "it writes nothing")
        self.assertEqual((0, ""), (done.returncode, done.stderr), done.stdout)
        # As Prometheus would have: from the first minute after `for` until a minute without, once more 5m lookback.
        down = re.search(r"P1  RedisDown +(\d+) times, (\S+) in all, longest (\S+), from (\S+ \S+) to (\S+ \S+)\n", done.stdout)
        self.assertTrue(down, done.stdout)
        self.assertEqual("2", down[1])
        self.assertIn(down[3], ("59m", "1h", "1h1m"))
        full = re.search(r"P3  RedisMemoryHigh +1 time , (\S+) in all", done.stdout)
        self.assertTrue(full, done.stdout)
        self.assertRegex(full[1], r"^(1h5\dm|2h)$")
        self.assertRegex(done.stdout, r"(?m)^\d+ alerts would have fired \(P1 2, P2 \d+, P3 \d+, P4 \d+\), \d+ would have been silent\.$")
        self.assertNotIn("could not be evaluated", done.stdout)

    def test_another_limit_makes_another_week(self):
        for text in ("thresholds: {redis_memory_ratio: 0.97}",
                     "instances: {db-1/cache: {thresholds: {redis_memory_ratio: 0.97}}}"):
            with self.subTest(text), scratch() as folder:
                site = pathlib.Path(folder) / "site.yml"
                site.write_text(f"version: 1\n{text}\n")
                done = run("generate", "--dry-run", "--prometheus", self.prometheus.url, "--site", site)
                self.assertEqual(0, done.returncode, done.stdout)
                self.assertNotIn("RedisMemoryHigh", done.stdout)
                self.assertNotIn("could not be evaluated", done.stdout)
                self.assertIn("RedisDown", done.stdout)

    def test_without_a_prometheus(self):
        done = run("generate", "--dry-run", "--prometheus", f"http://{address()}:9090")
        self.assertEqual(1, done.returncode)
        self.assertIn("Failed to connect", done.stderr)
        done = run("generate", "--dry-run", "--prometheus", "nonsense")
        self.assertEqual(2, done.returncode)
        done = run("generate", "--prometheus", "http://127.0.0.1:9090")
        self.assertEqual(2, done.returncode)
        self.assertIn("--dry-run", done.stderr)


if __name__ == "__main__":
    unittest.main()
