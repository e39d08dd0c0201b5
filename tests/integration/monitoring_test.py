"""The subject `monitoring` against the programs that it is about: every metric that it declares is on the page
of a running Prometheus or Alertmanager, with that type and no other labels, and its alerts fire when these
programs really have the trouble. Loki is no package of Debian's: its names are checked against nothing here."""
import pathlib
import re
import subprocess
import unittest

from support.servers import BASEWATCH, Alertmanager, Prometheus, address, get, scratch, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Declared for a newer version than Debian's, which knows fewer labels: name -> what it has beyond.
NEWER_LABELS = {
    "prometheus_tsdb_head_samples_appended_total": {"type"},
    "alertmanager_notifications_total": {"receiver_name"},
    "alertmanager_notifications_failed_total": {"reason", "receiver_name"},
}

ROUTES = """route: {{receiver: dead, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1s}}
receivers: [{{name: dead, webhook_configs: [{{url: "http://{nobody}:1/", max_alerts: 0}}]}}]
"""

PROMETHEUS = """global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}/*.yml"]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["{first}", "{second}"]}}]}}]}}
scrape_configs:
  - job_name: prometheus
    static_configs: [{{targets: ["{host}:9090"], labels: {{node: db-1, instance: db-1/main}}}}]
  - job_name: alertmanager
    static_configs:
      - {{targets: ["{first}"], labels: {{node: db-1, instance: db-1/main}}}}
      - {{targets: ["{second}"], labels: {{node: db-2, instance: db-2/main}}}}
  - job_name: discovered
    http_sd_configs: [{{url: "http://{nobody}:1/sd", refresh_interval: 1s}}]
"""

# One rule that cannot be evaluated, one alert that always fires.
RULES = """groups:
  - name: broken
    rules:
      - {record: twice, expr: 'label_replace(up, "instance", "x", "", "") * on () group_left () vector(1)'}
      - {alert: Always, expr: vector(1)}
"""


def declared():
    """{name: (type, labels)} of the subject, as docs/metrics/monitoring.md lists it."""
    rows = re.findall(r'^\| <a id="[^"]+"></a>`(\w+)` \| (\w+)[^|]*\| ([^|]*) \|',
                      (ROOT / "docs/metrics/monitoring.md").read_text(), re.M)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def on_page(text):
    """{family: (type, labels)}."""
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    found = {name: (kind, set()) for name, kind in types.items()}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", text, re.M):
        family = name if name in types else re.sub(r"_(bucket|sum|count)$", "", name)
        found[family][1].update(set(re.findall(r'(\w+)="', labels)) - {"le", "quantile"})
    return found


class Monitoring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(scratch()))
        rules = cls.folder / "rules"
        done = subprocess.run([BASEWATCH, "generate", "--out", cls.folder], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        (rules / "alerts/broken.yml").write_text(RULES)
        for file in (rules / "alerts").glob("*.yml"):  # what holds for a minute in earnest holds at once here
            file.write_text(re.sub(r"^( +for): .*$", r"\1: 0s", file.read_text(), flags=re.M))
        nobody = address()
        config = cls.folder / "routes.yml"
        config.write_text(ROUTES.format(nobody=nobody))
        cls.first = cls.enterClassContext(Alertmanager(config, cls.enterClassContext(scratch()), peers=[]))
        cls.second = cls.enterClassContext(
            Alertmanager(config, cls.enterClassContext(scratch()), peers=[cls.first.host]))
        host = address()
        cls.prometheus = cls.enterClassContext(Prometheus(cls.enterClassContext(scratch()), PROMETHEUS.format(
            rules=rules / "alerts", first=f"{cls.first.host}:9093", second=f"{cls.second.host}:9093",
            host=host, nobody=nobody), host=host))

    def fires(self, name, seconds=60):
        return wait_until(name, lambda: self.prometheus.firing(name), seconds)

    def test_every_declared_metric_is_on_the_page_of_the_program(self):
        self.fires("PrometheusRulesFailing")   # by now every counter with labels has been touched
        self.fires("AlertmanagerNotificationsFailing")
        pages = on_page(get(self.prometheus.url + "/metrics")[1]) | on_page(get(self.first.url + "/metrics")[1])
        names = declared()
        self.assertGreater(len(names), 30)
        self.assertIn("loki_discarded_samples_total", names)
        for name, (kind, labels) in names.items():
            if name.startswith("loki_"):
                continue
            with self.subTest(name):
                self.assertIn(name, pages)
                self.assertEqual(kind, pages[name][0])
                self.assertEqual(labels - NEWER_LABELS.get(name, set()), pages[name][1])

    def test_a_rule_that_cannot_be_evaluated(self):
        alert = self.fires("PrometheusRulesFailing")[0]
        self.assertTrue(alert["labels"]["rule_group"].endswith("broken.yml;broken"))
        self.assertIn("broken.yml;broken failed within five", alert["annotations"]["description"])

    def test_messages_that_do_not_arrive(self):
        alert = self.fires("AlertmanagerNotificationsFailing")[0]
        self.assertEqual("webhook", alert["labels"]["integration"])
        self.assertEqual("db-1", alert["labels"]["node"])

    def test_discovery_that_fails(self):
        alert = self.fires("PrometheusDiscoveryFailing")[0]
        self.assertEqual("http", alert["labels"]["mechanism"])

    def test_a_configuration_that_is_refused(self):
        good = self.prometheus.config.read_text()
        self.prometheus.config.write_text("nonsense: true\n")
        self.assertEqual(500, get(self.prometheus.url + "/-/reload", method="POST")[0])
        try:
            alert = self.fires("MonitoringReloadFailed")[0]
            self.assertEqual("prometheus db-1/main refused its new configuration", alert["annotations"]["summary"])
        finally:
            self.prometheus.config.write_text(good)
            get(self.prometheus.url + "/-/reload", method="POST")
        wait_until("it is over", lambda: not self.prometheus.firing("MonitoringReloadFailed"))

    def test_a_cluster_that_is_whole_is_quiet_and_so_is_what_works(self):
        wait_until("both know both", lambda: len(self.prometheus.query("alertmanager_cluster_members == 2")) == 2)
        for name in ("AlertmanagerClusterSplit", "AlertmanagerUnwatched", "PrometheusAlertsNotDelivered",
                     "PrometheusStorageFailing", "PrometheusSamplesLost", "PrometheusSamplesRejected"):
            self.assertEqual([], self.prometheus.firing(name))


class NotDelivered(unittest.TestCase):
    def test_alerts_without_an_alertmanager(self):
        folder = pathlib.Path(self.enterContext(scratch()))
        (folder / "rules.yml").write_text(
            RULES + "      - {alert: NotDelivered, expr: 'rate(prometheus_notifications_dropped_total[10s]) > 0'}\n")
        host, nobody = address(), address()
        prometheus = self.enterContext(Prometheus(self.enterContext(scratch()), (
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            f"rule_files: [{folder}/rules.yml]\n"
            f'alerting: {{alertmanagers: [{{static_configs: [{{targets: ["{nobody}:9093"]}}]}}]}}\n'
            f'scrape_configs: [{{job_name: prometheus, static_configs: [{{targets: ["{host}:9090"]}}]}}]\n'),
            host=host, options=["--rules.alert.resend-delay=1s"]))
        # The counter that PrometheusAlertsNotDelivered reads grows when nobody takes the alerts.
        wait_until("alerts are dropped", lambda: prometheus.firing("NotDelivered"), 90)


if __name__ == "__main__":
    unittest.main()
