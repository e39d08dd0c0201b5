"""Who is told what and when, by a running Alertmanager with the generated routes and texts: the waits are shortened
in routing.yml and nothing else. PagerDuty, Slack, the webhook and the mail server are stand-ins that refuse what
breaks their formats."""
import json
import pathlib
import re
import subprocess
import time
import unittest
import urllib.request
from urllib.parse import quote, unquote

from support.receivers import Mail, Receivers
from support.servers import BASEWATCH, Alertmanager, get, scratch, wait_until

KEYS = {"page": "a" * 32, "escalation": "b" * 32, "last_resort": "c" * 32}
ESCALATES, LAST_RESORT = 5, 9   # seconds for 15 and 30 minutes

SHORTER = [("group_wait: 15m", f"group_wait: {ESCALATES}s"), ("group_wait: 30m", f"group_wait: {LAST_RESORT}s"),
           ("group_wait: 10s", "group_wait: 1s"), ("group_wait: 30s", "group_wait: 1s"),
           ("group_wait: 1m", "group_wait: 1s"),
           ("group_interval: 1m", "group_interval: 1s"), ("group_interval: 5m", "group_interval: 1s"),
           ("group_interval: 10m", "group_interval: 1s"), ("repeat: 4m", "repeat: 1s")]

ALWAYS = '[{times: ["00:00-24:00"]}]'
NEVER = '[{years: ["1999"]}]'

SITE = """version: 1
time_intervals: {{working_hours: {working_hours}, digest_hour: {always}, maintenance: {maintenance}}}
receivers:
  page: {{pagerduty: {{routing_key_file: {folder}/page, url: "{web}/v2/enqueue"}}}}
  escalation: {{pagerduty: {{routing_key_file: {folder}/escalation, url: "{web}/v2/enqueue"}}}}
  last_resort: {{pagerduty: {{routing_key_file: {folder}/last_resort, url: "{web}/v2/enqueue"}}}}
  chat: {{slack: {{api_url_file: {folder}/chat, channel: "#alerts"}}}}
  team: {{slack: {{api_url_file: {folder}/team, channel: "#ops"}}}}
  digest: {{email: {{to: team@example.org, from: alerts@example.org, smarthost: "{mail}", require_tls: false}}}}
  heartbeat: {{webhook: {{url: "{web}/webhook/heartbeat", credentials_file: {folder}/token}}}}
"""


class Chain:
    """An Alertmanager and all whom it tells."""

    def __init__(self, add_cleanup, enter, working_hours=ALWAYS, maintenance=NEVER):
        folder = pathlib.Path(enter(scratch()))
        self.receivers, self.mail = Receivers(add_cleanup), Mail(add_cleanup)
        for name, key in KEYS.items():
            (folder / name).write_text(key + "\n")
        for name in ("chat", "team"):
            (folder / name).write_text(f"{self.receivers.url}/slack/{name}\n")
        (folder / "token").write_text("hush\n")
        self.receivers.tokens["heartbeat"] = "hush"
        site = folder / "site.yml"
        site.write_text(SITE.format(working_hours=working_hours, maintenance=maintenance, always=ALWAYS,
                                    folder=folder, web=self.receivers.url, mail=self.mail.smarthost))
        self.run("catalog", "export", folder / "catalog")
        routing = folder / "catalog/routing.yml"
        text = routing.read_text()
        for long, short in SHORTER:
            assert long in text, long
            text = text.replace(long, short)
        # The digest waits for its hour's end otherwise; its wait is what collects the alerts.
        routing.write_text(text)
        self.run("generate", "--catalog", folder / "catalog", "--site", site, "--out", folder / "out")
        self.alertmanager = enter(Alertmanager(folder / "out/alertmanager/alertmanager.yml", enter(scratch()),
                                               options=["--web.external-url=https://alerts.example.org/am"]))
        self.api = self.alertmanager.url + "/am/api/v2"

    @staticmethod
    def run(*arguments):
        done = subprocess.run([BASEWATCH, *map(str, arguments)], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    def post(self, path, data):
        request = urllib.request.Request(f"{self.api}/{path}", json.dumps(data).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.read()

    def raise_alerts(self, *alerts, ended=False):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.post("alerts", [dict(alert, **({"endsAt": now} if ended else {})) for alert in alerts])

    def known(self, filters):
        query = "&".join("filter=" + quote(one) for one in filters)
        return json.loads(get(f"{self.api}/alerts?{query}")[1])

    def told(self, node):
        """Who has heard of this node so far: ["page trigger", "chat firing", ...]."""
        names = {key: name for name, key in KEYS.items()}
        out = []
        for _, kind, name, body in self.receivers.log:
            if kind == "pagerduty" and body.get("payload", {}).get("group") == node:
                out.append(f"{names[name]} {body['event_action']}")
            if kind == "slack" and f"*Where:* {node}" in body["attachments"][0]["text"]:
                ended = body["attachments"][0]["title"].startswith("Resolved: ")
                out.append(f"{name} {'resolved' if ended else 'firing'}")
        return out

    def wait_told(self, node, *whom, seconds=30):
        wait_until(f"{node}: {whom}, told {self.told(node)}", lambda: set(whom) <= set(self.told(node)), seconds)
        return self.told(node)

    def page_of(self, receiver, node, seconds=30):
        return self.receivers.wait_for(f"{receiver} about {node}", lambda kind, name, body: (
            kind == "pagerduty" and name == KEYS[receiver] and body["payload"]["group"] == node), seconds)


def alert(priority, node, name="Down", severity="critical", **labels):
    return {"labels": {"alertname": name, "node": node, "instance": f"{node}/main", "job": "test",
                       "priority": priority, "severity": severity, **labels},
            "annotations": {"summary": f"{name} on {node}", "description": f"{node} is at 97%, the limit is 90%.",
                            "runbook_url": f"https://runbooks.example.org/{name}.md",
                            "dashboard_url": "https://grafana.example.org/d/x?viewPanel=1"}}


def filters_of(link):
    """The matchers of a link to a new silence, as Alertmanager's page reads them."""
    base, _, query = link.partition("?filter=")
    assert base == "https://alerts.example.org/am/#/silences/new", link
    text = unquote(query)
    assert text[0] == "{" and text[-1] == "}", text
    return re.findall(r'(\w+="(?:[^"\\]|\\.)*")(?:,|$)', text[1:-1])


class ByDay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.chain = Chain(cls.addClassCleanup, cls.enterClassContext)

    def tearDown(self):
        self.assertEqual([], self.chain.receivers.refused)
        self.assertEqual([], self.chain.mail.refused)

    def test_a_page_goes_up_twice_unless_somebody_acts(self):
        chain = self.chain
        begin = time.monotonic()
        odd = 'a "b" & c+d #1|<x> 100%\\'
        chain.raise_alerts(alert("P1", "up-1"), alert("P1", "up-2", shop=odd), alert("P1", "up-3"))
        for node in ("up-1", "up-2", "up-3"):
            chain.wait_told(node, "page trigger", "chat firing")
        self.assertLess(time.monotonic() - begin, ESCALATES, "at once")

        # One is silenced by its link, one is over.
        links = {link["text"]: link["href"] for link in chain.page_of("page", "up-2")[3]["links"]}
        self.assertEqual({"Runbook", "Dashboard", "Silence"}, set(links))
        filters = filters_of(links["Silence"])
        found = chain.known(filters)
        self.assertEqual([("up-2", odd)], [(one["labels"]["node"], one["labels"]["shop"]) for one in found])
        matchers = []
        for one in filters:
            name, _, value = one.partition("=")
            matchers.append({"name": name, "value": json.loads(value), "isRegex": False, "isEqual": True})
        times = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + t)) for t in (-1, 3600)]
        chain.post("silences", {"matchers": matchers, "startsAt": times[0], "endsAt": times[1],
                                "createdBy": "test", "comment": "I look at it"})
        chain.raise_alerts(alert("P1", "up-3"), ended=True)
        self.assertLess(time.monotonic() - begin, ESCALATES, "before it goes up")
        chain.wait_told("up-3", "page resolve", "chat resolved")

        first, second = chain.page_of("escalation", "up-1"), chain.page_of("last_resort", "up-1")
        self.assertGreater(first[0] - begin, ESCALATES - 0.5)
        self.assertGreater(second[0] - begin, LAST_RESORT - 0.5)
        self.assertLess(first[0], second[0])
        # By now the others would have gone up, too.
        self.assertEqual({"page trigger", "chat firing"}, set(chain.told("up-2")))
        self.assertEqual({"page trigger", "chat firing", "page resolve", "chat resolved"}, set(chain.told("up-3")))
        page, over = [body for _, kind, name, body in chain.receivers.log
                      if kind == "pagerduty" and name == KEYS["page"] and body["payload"]["group"] == "up-3"][:2]
        self.assertEqual(page["dedup_key"], over["dedup_key"])
        self.assertEqual("P1 Down on up-1", first[3]["payload"]["summary"])

    def test_what_a_tired_person_reads(self):
        self.chain.raise_alerts(alert("P1", "read-1"))
        self.chain.wait_told("read-1", "chat firing")
        text = next(body["attachments"][0]["text"] for _, kind, name, body in self.chain.receivers.log
                    if name == "chat" and "read-1" in body["attachments"][0]["text"])
        self.assertRegex(text, r"^read-1 is at 97%, the limit is 90%\.\n\*Where:\* read-1, instance read-1/main\n"
                               r"\*Since:\* \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n"
                               r"<https://runbooks\.example\.org/Down\.md\|Runbook> "
                               r"<https://grafana\.example\.org/d/x\?viewPanel=1\|Dashboard> <https://\S+\|Silence>\n$")
        silence = re.search(r"<([^|]+)\|Silence>", text).group(1)
        self.assertEqual(1, len(self.chain.known(filters_of(silence))))

    def test_p2_pages_in_working_hours_and_p3_is_for_the_team(self):
        self.chain.raise_alerts(alert("P2", "day-2"), alert("P3", "day-3", severity="warning"))
        self.chain.wait_told("day-2", "page trigger", "chat firing")
        self.chain.wait_told("day-3", "team firing")
        self.assertNotIn("chat firing", self.chain.told("day-3"))

    def test_p4_is_one_mail(self):
        self.chain.raise_alerts(*(alert("P4", f"mail-{n}", severity="info", shop='a "b" & c') for n in range(3)))
        mail = self.chain.mail.mails.get(timeout=30)
        self.assertEqual("team@example.org", mail["To"])
        self.assertEqual("P4 Down (3 alerts)", mail["Subject"])
        html = mail.get_body(("html",)).get_content()
        for n in range(3):
            self.assertIn(f"<h3>Down on mail-{n}</h3>", html)
        links = re.findall(r'<a href="([^"]+)">Silence</a>', html)
        self.assertEqual(3, len(links))
        for link in links:
            link = link.replace("&amp;", "&")
            self.assertEqual(1, len(self.chain.known(filters_of(link))), link)
        self.assertEqual([], [entry for entry in self.chain.receivers.log if "mail-" in str(entry)])

    def test_the_heartbeat_goes_on(self):
        self.chain.raise_alerts({"labels": {"alertname": "Heartbeat", "priority": "P5", "severity": "info"},
                                 "annotations": {"summary": "Alerting works"}})
        first, second = (self.chain.receivers.calls.get(timeout=30) for _ in range(2))
        self.assertEqual("firing", first["status"])
        self.assertEqual("Heartbeat", second["alerts"][0]["labels"]["alertname"])

    def test_the_cause_speaks_alone(self):
        cause = alert("P1", "dead-1", name="AgentDown")
        self.chain.raise_alerts(cause)
        self.chain.raise_alerts(alert("P1", "dead-1", name="RedisDown"), alert("P2", "dead-1", name="TargetDown"),
                                alert("P1", "alive-1", name="RedisDown"))
        self.chain.wait_told("alive-1", "page trigger", "chat firing")
        self.chain.wait_told("dead-1", "page trigger", "chat firing")
        classes = [body["payload"]["class"] for _, kind, _, body in self.chain.receivers.log
                   if kind == "pagerduty" and body["payload"]["group"] == "dead-1"]
        self.assertEqual({"AgentDown"}, set(classes))
        # Once the cause is gone, what is still wrong is told.
        self.chain.raise_alerts(cause, ended=True)
        self.chain.receivers.wait_for("RedisDown of dead-1", lambda kind, _, body: (
            kind == "pagerduty" and body["payload"]["group"] == "dead-1" and
            body["payload"]["class"] == "RedisDown"), 30)


class AtNight(unittest.TestCase):
    def test_p2_wakes_nobody_and_p3_waits(self):
        chain = Chain(self.addCleanup, self.enterContext, working_hours=NEVER)
        chain.raise_alerts(alert("P3", "night-3", severity="warning"), alert("P2", "night-2"))
        chain.raise_alerts(alert("P1", "night-1"))
        chain.wait_told("night-2", "chat firing")
        chain.wait_told("night-1", "page trigger", "chat firing", "escalation trigger")  # seconds after the others
        self.assertEqual({"chat firing"}, set(chain.told("night-2")))
        self.assertEqual([], chain.told("night-3"))
        self.assertEqual([], chain.receivers.refused)


class Maintenance(unittest.TestCase):
    def test_only_p1_is_told(self):
        chain = Chain(self.addCleanup, self.enterContext, maintenance=ALWAYS)
        chain.raise_alerts(alert("P2", "work-2"), alert("P3", "work-3", severity="warning"),
                           alert("P4", "work-4", severity="info"))
        chain.raise_alerts(alert("P1", "work-1"))
        chain.wait_told("work-1", "page trigger", "chat firing", "escalation trigger")
        for node in ("work-2", "work-3", "work-4"):
            self.assertEqual([], chain.told(node))
        self.assertTrue(chain.mail.mails.empty())
        self.assertEqual([], chain.receivers.refused)


if __name__ == "__main__":
    unittest.main()
