"""The generated Alertmanager configuration under Alertmanager's own tools: it loads, every alert reaches
the receivers that its runbook names, what is inhibited is inhibited, and the texts say what they should."""
import concurrent.futures
import copy
import json
import pathlib
import subprocess
import unittest

from support.servers import BASEWATCH, Alertmanager, scratch, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIG = ROOT / "alertmanager/alertmanager.yml"
CASES = json.loads((ROOT / "alertmanager/tests/cases.json").read_text())

EVERY_RECEIVER = """version: 1
time_zone: Europe/Berlin
time_intervals:
  maintenance: [{years: ["2026"], months: [december], days_of_month: ["5"], times: ["22:00-24:00"]}]
  working_hours: [{weekdays: ["monday:thursday"], times: ["09:00-17:00"]}, {weekdays: [friday], times: ["09:00-13:00"]}]
receivers:
  page:
    pagerduty: {routing_key_file: /etc/alertmanager/pagerduty.key}
    slack: [{api_url_file: /etc/alertmanager/slack.url, channel: "#oncall"}]
  last_resort: {email: {to: boss@example.org, from: alerts@example.org, smarthost: "mail.example.org:587"}}
  escalation:
    pagerduty: [{routing_key_file: /etc/alertmanager/second.key, url: "https://events.eu.pagerduty.com/v2/enqueue"}]
  chat: {slack: {api_url_file: /etc/alertmanager/slack.url, channel: "#alerts"}}
  team: {slack: {api_url_file: /etc/alertmanager/slack.url, channel: C012AB3CD}}
  digest:
    email: {to: team@example.org, from: alerts@example.org, smarthost: "mail.example.org:587",
            username: alerts, password_file: /etc/alertmanager/mail.password}
  heartbeat: {webhook: {url: "https://heartbeat.example.org/x", credentials_file: /etc/alertmanager/hb}}
"""


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60)


def amtool_routes(config, case):
    labels = [f"{name}={value}" for name, value in case["labels"].items()]
    return run("amtool", "config", "routes", "test", f"--config.file={config}",
               "--verify.receivers=" + ",".join(case["receivers"]), *labels)


class Configuration(unittest.TestCase):
    def check_config(self, config):
        done = run("amtool", "check-config", config)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def check_routes(self, config, cases):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for case, done in zip(cases, pool.map(lambda c: amtool_routes(config, c), cases)):
                self.assertEqual(0, done.returncode, f"{case['alert']}: {done.stdout}{done.stderr}")

    def test_it_loads_out_of_the_box(self):
        self.assertIn("1 templates", self.check_config(CONFIG))
        self.assertNotIn("_configs", CONFIG.read_text())  # nobody is told before somebody is named

    def test_every_alert_reaches_its_receivers(self):
        self.assertGreater(len(CASES["routes"]), 20)
        self.check_routes(CONFIG, CASES["routes"])

    def test_a_wrong_expectation_is_noticed(self):
        case = dict(CASES["routes"][0], receivers=["digest"])
        self.assertNotEqual(0, amtool_routes(CONFIG, case).returncode)

    def test_every_kind_of_receiver_loads_and_changes_no_route(self):
        folder = pathlib.Path(self.enterContext(scratch()))
        (folder / "site.yml").write_text(EVERY_RECEIVER)
        done = run(BASEWATCH, "generate", "--site", folder / "site.yml", "--out", folder)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        config = folder / "alertmanager/alertmanager.yml"
        self.check_config(config)
        self.check_routes(config, CASES["routes"])
        text = config.read_text()
        for kind in ("slack", "pagerduty", "email", "webhook"):
            self.assertIn(f"{kind}_configs:", text)
        self.assertIn("location: Europe/Berlin", text)

    def test_inhibitions_in_a_running_alertmanager(self):
        cases = CASES["inhibitions"]
        self.assertEqual({True, False}, {case["inhibited"] for case in cases})
        alertmanager = self.enterContext(Alertmanager(CONFIG, self.enterContext(scratch())))
        # Alerts are known before the inhibitor has heard of them. It hears of them in their order, so when the last pair
        # is inhibited it knows all.
        last = copy.deepcopy(next(case for case in cases if case["inhibited"] and case["source"]["alertname"] == "AgentDown"))
        for side in ("source", "target"):
            last[side]["node"] = "last-of-all"
        alertmanager.post([{"labels": case[side]} for case in [*cases, last] for side in ("source", "target")])

        def known():
            by_labels = {json.dumps(alert["labels"], sort_keys=True): alert for alert in alertmanager.alerts()}
            target = by_labels.get(json.dumps(last["target"], sort_keys=True))
            return by_labels if target and target["status"]["inhibitedBy"] else None

        by_labels = wait_until("the last alert is inhibited", known)
        for case in cases:
            target = by_labels[json.dumps(case["target"], sort_keys=True)]
            source = by_labels[json.dumps(case["source"], sort_keys=True)]
            self.assertEqual(case["inhibited"],
                             source["fingerprint"] in target["status"]["inhibitedBy"], case)


def alert(status="firing", summary="/data on db-1 is full", **more):
    return {"status": status,
            "labels": {"alertname": "FilesystemFull", "node": "db-1", "instance": "db-1", "job": "node",
                       "severity": "critical", "priority": "P1", **more.pop("labels", {})},
            "annotations": {"summary": summary, "description": "Only 2% of /data on db-1 is free.",
                            "runbook_url": "https://runbooks.example.org/FilesystemFull.md",
                            "dashboard_url": "https://grafana.example.org/d/node",
                            **more.pop("annotations", {})},
            "startsAt": "2026-11-20T23:27:39.857Z",
            "endsAt": "2026-11-20T23:29:39.857Z" if status == "resolved" else "0001-01-01T00:00:00Z"}


def data(*alerts):
    def common(key):
        first = alerts[0][key].items()
        return {k: v for k, v in first if all(other[key].get(k) == v for other in alerts)}
    status = "firing" if any(a["status"] == "firing" for a in alerts) else "resolved"
    return {"receiver": "page", "status": status, "externalURL": "http://alertmanager:9093",
            "groupLabels": {"alertname": "FilesystemFull", "node": "db-1"}, "alerts": list(alerts),
            "commonLabels": common("labels"), "commonAnnotations": common("annotations")}


# The filter of the silence that a message about alert() offers.
SILENCE = "%7Binstance%3D%22db-1%22%2Cjob%3D%22node%22%2Cnode%3D%22db-1%22%2Calertname%3D%22FilesystemFull%22%7D"


class Texts(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))

    def render(self, text, content, kind="text"):
        file = self.folder / "data.json"
        file.write_text(json.dumps(content))
        done = run("amtool", "template", "render",
                   f"--template.glob={ROOT / 'alertmanager/templates'}/*.tmpl",
                   f"--template.type={kind}", f"--template.data={file}", f"--template.text={text}")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def named(self, name, content, kind="text"):
        return self.render('{{ template "basewatch.%s" . }}' % name, content, kind)

    def test_slack(self):
        one = data(alert())
        self.assertEqual("P1 /data on db-1 is full", self.named("slack.title", one))
        self.assertEqual("danger", self.named("slack.color", one))
        self.assertEqual("Only 2% of /data on db-1 is free.\n*Where:* db-1\n"
                         "*Since:* 2026-11-20 23:27:39 UTC\n"
                         "<https://runbooks.example.org/FilesystemFull.md|Runbook> "
                         "<https://grafana.example.org/d/node|Dashboard> "
                         f"<http://alertmanager:9093/#/silences/new?filter={SILENCE}|Silence>\n",
                         self.named("slack.text", one))

    def test_what_is_resolved_says_so(self):
        done = data(alert("resolved"))
        self.assertEqual("Resolved: /data on db-1 is full", self.named("slack.title", done))
        self.assertEqual("good", self.named("slack.color", done))
        self.assertIn("2026-11-20 23:27:39 UTC, until 2026-11-20 23:29:39 UTC",
                      self.named("slack.text", done))
        self.assertNotIn("Silence", self.named("slack.text", done))
        self.assertEqual("", self.named("pagerduty.silence", done))
        self.assertEqual("Resolved: /data on db-1 is full", self.named("title", done))

    def test_label_values_from_outside_call_nobody(self):
        hostile = data(alert(summary="<!channel> & <https://evil.example|click>",
                             labels={"node": "<!here>", "instance": "<b>x</b>"}))
        for name in ("slack.title", "slack.text"):
            text = self.named(name, hostile)
            self.assertNotIn("<!", text)
            self.assertNotIn("|click>", text)
        html = self.named("email.html", hostile, "html")
        self.assertNotIn("<!channel>", html)
        self.assertNotIn("<b>x", html)
        # Also where the headline is made of labels.
        two = data(alert(summary="a", labels={"node": "<!here>"}), alert(summary="b", labels={"node": "<!here>"}))
        self.assertEqual("P1 FilesystemFull on &lt;!here&gt; (2 alerts)", self.named("slack.title", two))

    def test_several_alerts_of_a_group(self):
        mixed = data(alert(summary="/ is full"), alert("resolved", summary="/data is full"))
        self.assertEqual("P1 FilesystemFull on db-1 (2 alerts)", self.named("title", mixed))
        text = self.named("slack.text", mixed)
        self.assertIn("*/ is full*\n", text)
        self.assertIn("*/data is full* (resolved)\n", text)

    def test_a_storm_is_cut(self):
        storm = data(*(alert(summary=f"alert number {n}") for n in range(300)))
        for text in (self.named("slack.text", storm),
                     self.render('{{ template "basewatch.plain" .Alerts }}', storm)):
            self.assertIn("alert number 19", text)
            self.assertNotIn("alert number 20", text)
            self.assertIn("Only the first 20 of 300 are shown.", text)
        self.assertIn("Only the first 100 of 300 are shown.", self.named("email.html", storm, "html"))

    def test_pagerduty(self):
        one = data(alert())
        self.assertEqual("critical", self.named("pagerduty.severity", one))
        self.assertEqual("error", self.named("pagerduty.severity", data(alert(labels={"severity": "none"}))))
        self.assertEqual("https://runbooks.example.org/FilesystemFull.md", self.named("pagerduty.runbook", one))
        self.assertEqual(f"http://alertmanager:9093/#/silences/new?filter={SILENCE}",
                         self.named("pagerduty.silence", one))
        details = self.render('{{ template "basewatch.plain" .Alerts }}', one)
        for part in ("/data on db-1 is full", "Only 2%", "where: db-1\n", "since: 2026-11-20 23:27:39 UTC",
                     "runbook: https://", "dashboard: https://"):
            self.assertIn(part, details)

    def test_email(self):
        html = self.named("email.html", data(alert(labels={"instance": "db-1/main"})), "html")
        for part in ("<h2>P1 /data on db-1 is full</h2>", "Where: db-1, instance db-1/main<br>",
                     '<a href="https://runbooks.example.org/FilesystemFull.md">Runbook</a>',
                     f'/#/silences/new?filter={SILENCE.replace("db-1%22%2Cjob", "db-1%2fmain%22%2Cjob")}">Silence</a>',
                     "Sent by <a href=\"http://alertmanager:9093\">"):
            self.assertIn(part, html)

    def test_foreign_alerts_have_none_of_our_labels(self):
        foreign = data({"status": "firing", "labels": {"alertname": "Foreign"}, "annotations": {},
                        "startsAt": "2026-11-20T23:27:39Z", "endsAt": "0001-01-01T00:00:00Z"})
        self.assertEqual("Foreign (1 alert)", self.named("title", foreign))
        self.assertIn("no single node", self.named("slack.text", foreign))
        self.assertEqual("error", self.named("pagerduty.severity", foreign))


if __name__ == "__main__":
    unittest.main()
