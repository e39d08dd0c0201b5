"""What a site says of the size of its machines, of single nodes and single instances, as promtool evaluates it."""
import json
import pathlib
import re
import subprocess
import unittest

from support.servers import BASEWATCH, scratch

SITE = """version: 1
size: {size}
thresholds: {{redis_clients_ratio: 0.7}}
nodes:
  db-2: {{size: large, thresholds: {{filesystem_low_ratio: 0.03}}, without: [NodeRebooted]}}
  'db$3"': {{size: large}}
instances:
  db-1/cache: {{thresholds: {{redis_memory_ratio: 0.99}}, without: [RedisClusterFailing]}}
  db-2/main: {{thresholds: {{postgres_slot_wal_gibibytes: 5}}}}
without: [SupabaseSignupsUnusual]
"""
GIB = 1 << 30


def generated(folder, site):
    folder.mkdir()
    (folder / "site.yml").write_text(site)
    done = subprocess.run([BASEWATCH, "generate", "--site", folder / "site.yml", "--out", folder], text=True,
                          capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


def firing(folder, subjects, series, minutes, alert):
    """The node and instance of every alert of that name which fires then, with its texts."""
    rules = [str(path) for subject in subjects for path in folder.glob(f"rules/*/{subject}.yml")
             if path.parent.name != "tests"]
    tests = folder / "case_test.yml"
    # An expectation that nothing meets makes promtool print what fires.
    tests.write_text(json.dumps({
        "rule_files": rules, "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": [{"series": name, "values": f"{value}x{minutes}"}
                                                      for name, value in series.items()],
                   "promql_expr_test": [{"expr": f'ALERTS{{alertname="{alert}",alertstate="firing"}}',
                                         "eval_time": f"{minutes}m", "exp_samples": []}]}]}))
    done = subprocess.run(["promtool", "test", "rules", tests], capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


class Places(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = scratch()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.root = pathlib.Path(cls.scratch.name)
        cls.folder = generated(cls.root / "medium", SITE.format(size="medium"))

    def test_what_is_generated_passes_promtool(self):
        done = subprocess.run(["promtool", "check", "rules", *self.folder.glob("rules/alerts/*.yml")],
                              capture_output=True, text=True, timeout=120)
        self.assertNotIn("FAILED", done.stdout + done.stderr)
        done = subprocess.run(["promtool", "test", "rules", *self.folder.glob("rules/tests/redis_*.yml")],
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def fires(self, subjects, metric, values, alert, minutes=60, labels=""):
        series = {}
        for instance, value in values.items():
            node = instance.partition("/")[0].replace('"', '\\"')
            name = instance.replace('"', '\\"')
            for one, number in (value if isinstance(value, dict) else {metric: value}).items():
                series[f'{one}{{job="j",instance="{name}",node="{node}"{labels}}}'] = number
        told = firing(self.folder, subjects, series, minutes, alert)
        return {instance for instance in values if f'instance="{instance}"'.replace('"db$3""', '"db$3\\""') in told}

    def test_an_instance_has_a_limit_of_its_own(self):
        memory = {name: {"redis_memory_used_bytes": used, "redis_memory_max_bytes": 1000} for name, used in
                  {"db-1/cache": 985, "db-1/queue": 985, "db-4/low": 880}.items()}
        self.assertEqual(self.fires(["redis"], "", memory, "RedisMemoryHigh"), {"db-1/queue"})
        memory = {"db-1/cache": {"redis_memory_used_bytes": 995, "redis_memory_max_bytes": 1000}}
        self.assertEqual(self.fires(["redis"], "", memory, "RedisMemoryHigh"), {"db-1/cache"})

    def test_a_node_has_a_size_and_a_limit_of_its_own(self):
        def free(ratio):
            return {"node_filesystem_avail_bytes": ratio * 1000, "node_filesystem_size_bytes": 1000,
                    "node_filesystem_readonly": 0}
        disks = {"db-1": free(0.1), "db-2": free(0.04), 'db$3"': free(0.06), "db-4": free(0.2)}
        labels = ',mountpoint="/",device="/dev/sda",fstype="ext4"'
        self.assertEqual(self.fires(["node"], "", disks, "FilesystemSpaceLow", labels=labels), {"db-1"})
        disks = {"db-2": free(0.025), 'db$3"': free(0.04)}
        self.assertEqual(self.fires(["node"], "", disks, "FilesystemSpaceLow", labels=labels), {"db-2", 'db$3"'})

    def test_an_instance_comes_before_its_node(self):
        rule = self.rule("PostgresSlotRetainsWal")
        self.assertRegex(rule, r'description: [^{]*(?s:.){{ if eq \$labels.instance "db-2/main" }}')
        for limit in (" 5 GiB", " 100 GiB", " 10 GiB"):
            self.assertIn(limit, rule)
        held = {"db-2/main": 6 * GIB, "db-2/other": 50 * GIB, "db-1/main": 11 * GIB, "db-4/main": 9 * GIB}
        self.assertEqual(self.fires(["postgres"], "pg_replication_slots_pg_wal_lsn_diff", held, "PostgresSlotRetainsWal",
                                    labels=',slot_name="etl",database="shop"'), {"db-2/main", "db-1/main"})

    def rule(self, name):
        for path in self.folder.glob("rules/alerts/*.yml"):
            for rule in re.split(r"(?=- alert: )", path.read_text()):
                if rule.startswith(f"- alert: {name}\n"):
                    return rule
        return None

    def test_an_alert_is_left_out(self):
        self.assertIsNone(self.rule("SupabaseSignupsUnusual"))
        self.assertIn("this site leaves it out", (self.folder / "docs/runbooks/SupabaseSignupsUnusual.md").read_text())
        boots = {"db-1": 0, "db-2": 0}
        self.assertEqual(self.fires(["node"], "node_boot_time_seconds", boots, "NodeRebooted", minutes=5), {"db-1"})
        state = {name: {"redis_cluster_state": 0, "redis_cluster_enabled": 1} for name in ("db-1/cache", "db-1/other")}
        self.assertEqual(self.fires(["redis"], "", state, "RedisClusterFailing"), {"db-1/other"})

    def test_the_size_of_all_machines(self):
        small = generated(self.root / "small", "version: 1\nsize: small\n")
        text = (small / "rules/alerts/node.yml").read_text()
        self.assertIn("< 0.2", text)
        self.assertNotIn("unless on (node)", text)
        self.assertIn("FilesystemSpaceLow", (small / "rules/tests/node_test.yml").read_text().splitlines()[1])

    def test_explain_tells_of_other_limits(self):
        done = subprocess.run([BASEWATCH, "explain", "RedisMemoryHigh", "--offline", "--site",
                               self.folder / "site.yml"], capture_output=True, text=True, timeout=60)
        self.assertIn("and by the site of db-1/cache: 0.99", done.stdout, done.stderr)


if __name__ == "__main__":
    unittest.main()
