"""Break something real, see the page arrive: an agent that does not answer, Debian's Prometheus and
Alertmanager with what `basewatch generate` wrote, and stand-ins for PagerDuty and Slack that take the
requests Alertmanager really sends. Nothing is configured by hand but the site file."""
import pathlib
import subprocess
import time
import unittest

from support.receivers import ROUTING_KEY, Pages, Receivers
from support.servers import BASEWATCH, Alertmanager, Prometheus, address, scratch, wait_until

NODE = "db-1"

SITE = """version: 1
intervals: {{scrape: 1s, timeout: 1s, evaluation: 1s}}
runbook_url: https://runbooks.example.org/
receivers:
  page: {{pagerduty: {{routing_key_file: {folder}/pagerduty.key, url: "{stub}/v2/enqueue"}}}}
  chat: {{slack: {{api_url_file: {folder}/slack.url, channel: "#alerts"}}}}
"""

PROMETHEUS = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ["{folder}/rules/recording/*.yml", "{folder}/rules/alerts/*.yml"]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["{alertmanager}"]}}]}}]}}
scrape_configs:
  - job_name: basewatch
    static_configs: [{{targets: ["{agent}"], labels: {{node: {node}, instance: {node}}}}}]
"""


class Page(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.receivers = Receivers(self.addCleanup)
        (self.folder / "pagerduty.key").write_text(ROUTING_KEY + "\n")
        (self.folder / "slack.url").write_text(self.receivers.url + "/slack/chat\n")
        site = self.folder / "site.yml"
        site.write_text(SITE.format(folder=self.folder, stub=self.receivers.url))
        done = subprocess.run([BASEWATCH, "generate", "--site", site, "--out", self.folder],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.agent = address()  # nothing listens there
        alertmanager = self.enterContext(
            Alertmanager(self.folder / "alertmanager/alertmanager.yml", self.enterContext(scratch())))
        self.prometheus = self.enterContext(Prometheus(self.enterContext(scratch()), PROMETHEUS.format(
            folder=self.folder, alertmanager=alertmanager.url.removeprefix("http://"),
            agent=f"{self.agent}:9777", node=NODE)))
        self.started = time.monotonic()

    def test_a_dead_agent_is_one_page_and_its_return_another_word(self):
        page = self.receivers.pages.get(timeout=60)
        self.assertLess(time.monotonic() - self.started, 60)
        self.assertEqual("trigger", page["event_action"])
        self.assertEqual(ROUTING_KEY, page["routing_key"])
        self.assertEqual(f"P1 Nothing is heard of {NODE}", page["payload"]["summary"])
        self.assertEqual("critical", page["payload"]["severity"])
        self.assertEqual("AgentDown", page["payload"]["class"])
        self.assertEqual(NODE, page["payload"]["group"])
        self.assertIn(f"where: {NODE}\n", page["payload"]["custom_details"]["firing"])
        runbook = "https://runbooks.example.org/AgentDown.md"
        # No dashboard_url without a Grafana in the site: the empty link is left out.
        self.assertEqual([{"href": runbook, "text": "Runbook"}], page["links"][:1])
        silence, = page["links"][1:]
        self.assertEqual("Silence", silence["text"])
        self.assertIn("/#/silences/new?filter=", silence["href"])
        self.assertIn("alertname%3D%22AgentDown%22", silence["href"])

        message = self.receivers.messages.get(timeout=10)
        self.assertEqual("#alerts", message["channel"])
        attachment = message["attachments"][0]
        self.assertEqual("danger", attachment["color"])
        self.assertEqual(f"P1 Nothing is heard of {NODE}", attachment["title"])
        self.assertIn(f"<{runbook}|Runbook>", attachment["text"])

        # Nothing else of this node is wrong enough to be told.
        names = {alert["labels"]["alertname"] for alert in self.prometheus.api("alerts")["alerts"]
                 if alert["state"] == "firing"}
        self.assertLessEqual(names, {"AgentDown", "Heartbeat"})

        Pages(self.addCleanup, lambda _: "basewatch_build_info 1\n", self.agent, 9777)
        wait_until("the agent is back", lambda: self.prometheus.query('up{job="basewatch"} == 1'))
        resolved = self.receivers.pages.get(timeout=30)
        self.assertEqual("resolve", resolved["event_action"])
        self.assertEqual(page["dedup_key"], resolved["dedup_key"])
        goodbye = self.receivers.messages.get(timeout=10)["attachments"][0]
        self.assertEqual(f"Resolved: Nothing is heard of {NODE}", goodbye["title"])
        self.assertEqual("good", goodbye["color"])

        # One page, one end of it: nothing was sent twice.
        self.assertTrue(self.receivers.pages.empty())
        self.assertTrue(self.receivers.messages.empty())
        self.assertEqual([], self.receivers.refused)


if __name__ == "__main__":
    unittest.main()
