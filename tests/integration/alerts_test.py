"""From YAML to a firing alert in a real Prometheus: a generated alert in both ways of scraping, and a
user's own metric, rule and alert out of a site file."""
import os
import pathlib
import signal
import subprocess
import unittest

from support.scrape_configs import shipped
from support.servers import BASEWATCH, Agent, Prometheus, get, scratch, wait_until

WAYS = ("prometheus.yml", "prometheus-single-target.yml")

# Every file system counts as full, so a real alert fires on a healthy machine.
SITE = """version: 1
intervals: {scrape: 1s, timeout: 1s, evaluation: 1s}
thresholds: {filesystem_full_ratio: 2}
"""

OWN = SITE + """
metrics:
  - metric: shop_orders_open
    type: gauge
    unit: orders
    labels: [shop]
    help: Orders that nobody has packed yet.
    from: textfile
rules:
  - record: instance_shop:shop_orders_open:max
    expr: max by (job, instance, node, shop) (shop_orders_open)
    help: Open orders of a shop.
alerts:
  - alert: ShopOrdersPileUp
    expr: instance_shop:shop_orders_open:max > 10
    for: 2s
    class: instant
    severity: critical
    priority: P2
    summary: Orders of {{ $labels.shop }} pile up
    description: "{{ $value }} orders of {{ $labels.shop }} wait on {{ $labels.node }}."
    runbook: {meaning: Nobody packs., impact: Customers wait., diagnosis: Look., mitigation: Pack.}
    tests:
      fires:
        - at: 1m
          series: {'shop_orders_open{shop="north"}': 11x5}
          expect: {shop: north}
          summary: Orders of north pile up
          description: 11 orders of north wait on db-1.
      quiet:
        - at: 1m
          series: {'shop_orders_open{shop="north"}': 10x5}
"""


def generate(folder, *arguments):
    return subprocess.run([BASEWATCH, "generate", *arguments, "--out", folder],
                          capture_output=True, text=True, timeout=60)


def identity(alert):
    return {k: v for k, v in alert["labels"].items() if k not in ("device", "fstype", "mountpoint")}


class Alerts(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))

    def start(self, way, site, config):
        (self.folder / "site.yml").write_text(site)
        agent = self.enterContext(Agent(self.folder, config + "site: site.yml\n"))
        done = generate(self.folder, "--config", agent.config)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        address = agent.url.removeprefix("http://")
        prometheus = self.enterContext(Prometheus(self.enterContext(scratch()),
                                                  shipped(way, [(address, "alpha")], self.folder)))
        return agent, prometheus

    def test_the_same_generated_alerts_fire_both_ways(self):
        stacks = [self.start(way, SITE, "node: alpha\nexporters: {node: {}}\n") for way in WAYS]
        full = [wait_until("FilesystemFull", lambda p=prometheus: p.firing("FilesystemFull"))
                for _, prometheus in stacks]
        for agent, _ in stacks:
            agent.signal(signal.SIGKILL)
        seen = []
        for (_, prometheus), filesystems in zip(stacks, full):
            down = wait_until("AgentDown", lambda p=prometheus: p.firing("AgentDown"))
            self.assertEqual(1, len(down))
            # The dead agent pages once: nothing else that is wrong because of it joins, not even pending.
            others = {a["labels"]["alertname"] for a in prometheus.api("alerts")["alerts"]}
            self.assertIn("Heartbeat", others)
            self.assertEqual(set(), others & {"TargetDown", "TargetMissing", "InstanceDown",
                                              "CollectorFailing", "CollectorsHang"})
            seen.append((sorted({tuple(sorted(identity(a).items())) for a in filesystems}),
                         identity(down[0]), down[0]["annotations"]))
        self.assertEqual(seen[0], seen[1])

    def test_a_users_own_metric_rule_and_alert(self):
        textfile = self.folder / "shop.prom"

        def write(open_orders):
            new = self.folder / "shop.new"
            new.write_text(f'shop_orders_open{{shop="north"}} {open_orders}\n')
            os.rename(new, textfile)

        write(3)
        agent, prometheus = self.start(
            "prometheus.yml", OWN,
            f'node: alpha\nexporters: {{node: {{collectors: {{textfile: {{directory: ["{self.folder}"]}}}}}}}}\n')
        # Served, with type and help from the site although the file says neither.
        page = agent.page("/metrics/node")
        self.assertIn("# HELP shop_orders_open Orders that nobody has packed yet.\n"
                      "# TYPE shop_orders_open gauge\n"
                      'shop_orders_open{shop="north"} 3\n', page)
        # Rendered and proven by promtool.
        for check in (["check", "rules", *(self.folder / "rules").rglob("*ing/*.yml")],
                      ["test", "rules", *(self.folder / "rules/tests").glob("site*_test.yml")]):
            done = subprocess.run(["promtool", *check], cwd=self.folder / "rules/tests",
                                  capture_output=True, text=True)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        # Recorded, quiet, then firing.
        wait_until("the recorded rule", lambda: prometheus.query(
            'instance_shop:shop_orders_open:max{shop="north",node="alpha"} == 3'))
        self.assertEqual([], prometheus.firing("ShopOrdersPileUp"))
        write(12)
        alert = wait_until("ShopOrdersPileUp", lambda: prometheus.firing("ShopOrdersPileUp"))[0]
        self.assertEqual("12 orders of north wait on alpha.", alert["annotations"]["description"])
        self.assertEqual({"alertname": "ShopOrdersPileUp", "severity": "critical", "priority": "P2",
                          "shop": "north", "job": "node", "instance": "alpha", "node": "alpha"},
                         {k: v for k, v in alert["labels"].items() if k != "class"})

    def test_a_broken_site_is_refused_with_its_place(self):
        (self.folder / "site.yml").write_text(OWN.replace("> 10", "/ node_load1 > 10"))
        done = generate(self.folder, "--site", self.folder / "site.yml")
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertRegex(done.stderr, r"site\.yml:18:\d+: error: ")
        self.assertFalse((self.folder / "rules").exists())


if __name__ == "__main__":
    unittest.main()
