"""The page within a minute, in real time and on what is shipped: its intervals, rules and routes, with a real
Prometheus and Alertmanager. All is healthy and nobody is told; then everything breaks at once, each on a node of
its own: Redis killed, PostgreSQL killed, a file system filled, an agent killed. The right page is at PagerDuty and
in Slack within 60 s of its break, the end of it after the repair, and nothing else is told. What is only
restarted within 10 s pages nobody."""
import os
import pathlib
import subprocess
import threading
import time
import unittest

from support.postgres import Postgres, monitoring_role
from support.receivers import ROUTING_KEY, Receivers
from support.redis import Redis
from support.scrape_configs import shipped
from support.servers import BASEWATCH, Agent, Alertmanager, Prometheus, address, scratch, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES_POSTGRES = (ROOT / "rules/alerts/postgres.yml").is_file() and \
    "alert: PostgresDown" in (ROOT / "rules/alerts/postgres.yml").read_text()

SITE = """version: 1
runbook_url: https://runbooks.example.org/
receivers:
  page: {{pagerduty: {{routing_key_file: {folder}/pagerduty.key, url: "{stub}/v2/enqueue"}}}}
  chat: {{slack: {{api_url_file: {folder}/slack.url, channel: "#alerts"}}}}
"""

LIMIT = 60       # seconds, from the break to the message
OUTAGE = 8       # how long what is only restarted is away


class Break:
    """Something that can be broken and repaired, and the one alert that says so."""

    def __init__(self, what, node, alert, broken, repaired):
        self.what, self.node, self.alert = what, node, alert
        self.break_it, self.repair = broken, repaired

    def is_page(self, action):
        return lambda kind, _, body: (kind == "pagerduty" and body["event_action"] == action and
                                      body.get("payload", {}).get("group") == self.node)

    def is_message(self, resolved):
        return lambda kind, _, body: (
            kind == "slack" and f"*Where:* {self.node}" in body["attachments"][0]["text"] and
            body["attachments"][0]["title"].startswith("Resolved: ") == resolved)


class LoopMount:
    """A file system of its own in a file."""

    def __init__(self, folder):
        self.mountpoint = folder / "data"
        self.mountpoint.mkdir()
        image = folder / "image"
        with open(image, "wb") as file:
            file.truncate(32 << 20)
        for command in (["mkfs.ext4", "-q", "-m", "0", image], ["mount", "-o", "loop", image, self.mountpoint]):
            subprocess.run(command, check=True, capture_output=True, timeout=30)

    def fill(self):
        with open(self.mountpoint / "log", "wb") as file:
            try:
                while True:
                    file.write(b"x" * (1 << 16))
                    file.flush()
            except OSError:
                pass

    def make_room(self):
        os.unlink(self.mountpoint / "log")

    def unmount(self):
        subprocess.run(["umount", "-l", self.mountpoint], check=True, timeout=30)


class Minute(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.folder.chmod(0o755)
        self.agents, self.breaks, self.restarts = [], [], []
        self.add_redis()
        self.add_postgres()
        self.add_filesystem()
        self.add_agent()
        self.add_restarts()
        self.receivers = Receivers(self.addCleanup)
        (self.folder / "pagerduty.key").write_text(ROUTING_KEY + "\n")
        (self.folder / "slack.url").write_text(self.receivers.url + "/slack/chat\n")
        site = self.folder / "site.yml"
        site.write_text(SITE.format(folder=self.folder, stub=self.receivers.url))
        done = subprocess.run([BASEWATCH, "generate", "--site", site, "--out", self.folder],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        alertmanager = self.enterContext(
            Alertmanager(self.folder / "alertmanager/alertmanager.yml", self.enterContext(scratch())))
        host = address()
        self.prometheus = self.enterContext(Prometheus(self.enterContext(scratch()), shipped(
            "prometheus.yml", self.agents, self.folder, scrape=None,
            alertmanager=alertmanager.url.removeprefix("http://"), prometheus=f"{host}:9090"), host=host))

    # What is watched: a folder, an agent and a node for each.

    def room(self, node):
        folder = self.folder / node
        folder.mkdir()
        return folder

    def agent(self, node, exporters, host=None):
        folder = self.folder / node
        agent = Agent(folder, f"node: {node}\nexporters: {exporters}\n", host=host)
        self.addCleanup(agent.stop)
        if host is None:
            self.agents.append((agent.url.removeprefix("http://"), node))
        return agent

    def redis(self, folder, host=None):
        redis = Redis(folder / "redis", host=host)
        self.addCleanup(redis.stop)
        return redis

    def add_redis(self):
        folder = self.room("redis-1")
        redis = self.redis(folder)
        self.agent("redis-1", f'{{redis: {{url: "redis://{redis.where}"}}}}')
        self.breaks.append(Break("redis-server killed", "redis-1", "RedisDown", redis.process.kill,
                                 lambda: self.redis(folder, redis.host)))

    def add_postgres(self):
        if not PAGES_POSTGRES:
            return
        folder = self.room("postgres-1")
        server = Postgres(folder, preload="", fsync="on", full_page_writes="on")
        self.addCleanup(server.stop)
        monitoring_role(server)
        (folder / "password").write_text("watch\n")
        self.agent("postgres-1", "{postgres: {dsn: \"host=%s port=5432 user=basewatch dbname=postgres\", "
                                 "password_file: %s}}" % (server.host, folder / "password"))

        def kill():
            server.process.kill()
            server.process.wait()

        def start():
            # Its children notice the death of their parent by themselves; a new server waits for the last one.
            (server.folder / "postmaster.pid").unlink(missing_ok=True)
            server.start()

        self.breaks.append(Break("PostgreSQL killed", "postgres-1", "PostgresDown", kill, start))

    def add_filesystem(self):
        if os.geteuid() != 0:
            print("not root: no file system is filled", flush=True)
            return
        mount = LoopMount(self.room("disk-1"))
        self.addCleanup(mount.unmount)
        self.agent("disk-1", '{node: {collectors: {filesystem: {mount_points_include: "^%s$"}}}}' % mount.mountpoint)
        self.breaks.append(Break("loop mount filled", "disk-1", "FilesystemFull", mount.fill, mount.make_room))

    def add_agent(self):
        folder = self.room("agent-1")
        redis = self.redis(folder)  # what the dead agent watched must not page besides
        exporters = f'{{redis: {{url: "redis://{redis.where}"}}}}'
        agent = self.agent("agent-1", exporters)
        self.breaks.append(Break("agent killed", "agent-1", "AgentDown", agent.process.kill,
                                 lambda: self.agent("agent-1", exporters, agent.host)))

    def add_restarts(self):
        folder = self.room("restart-1")
        redis = self.redis(folder)
        self.agent("restart-1", f'{{redis: {{url: "redis://{redis.where}"}}}}')
        self.restarts.append((redis.stop, lambda: self.redis(folder, redis.host)))
        self.room("restart-2")
        agent = self.agent("restart-2", "{}")
        self.restarts.append((agent.stop, lambda: self.agent("restart-2", "{}", agent.host)))

    # What is looked at.

    def told(self):
        return [(kind, name, str(body)[:400]) for _, kind, name, body in self.receivers.log]

    def await_evaluations(self, count):
        """So many evaluations of the alerts from now on."""
        start = time.time()
        wanted = f"min(prometheus_rule_group_last_evaluation_timestamp_seconds) > {start + 10 * (count - 1)}"
        wait_until(f"{count} evaluations", lambda: self.prometheus.query(wanted), 10 * count + 30)

    def run_all(self, functions):
        """At the same time; when each was done, in monotonic seconds."""
        times = [0.0] * len(functions)

        def run(index, function):
            function()
            times[index] = time.monotonic()

        threads = [threading.Thread(target=run, args=pair) for pair in enumerate(functions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertTrue(all(times), "something could not be broken or repaired")
        return times

    def await_told(self, since, page, message, what):
        for one, begin in zip(self.breaks, since):
            left = max(1, begin + LIMIT - time.monotonic())
            paged = self.receivers.wait_for(f"{what}: PagerDuty, {one.what}", page(one), left)
            wrote = self.receivers.wait_for(f"{what}: Slack, {one.what}", message(one),
                                            max(1, begin + LIMIT - time.monotonic()))
            print(f"{what}: {one.what}: PagerDuty after {paged[0] - begin:.1f} s, Slack after "
                  f"{wrote[0] - begin:.1f} s", flush=True)
            for at in (paged[0], wrote[0]):
                self.assertLess(at - begin, LIMIT)
            yield one, paged[3], wrote[3]

    def test_everything_breaks_and_each_is_one_page_within_a_minute(self):
        expected = 2 + sum(2 if "restart-2" != node else 1 for _, node in self.agents)
        wait_until("every target is up", lambda: len(self.prometheus.query("up == 1")) == expected, 60)
        self.await_evaluations(3)
        firing = {alert["labels"]["alertname"] for alert in self.prometheus.api("alerts")["alerts"]
                  if alert["labels"]["priority"] in ("P1", "P2")}
        self.assertEqual(set(), firing, "all is healthy")
        self.assertEqual([], self.told())

        def restart():
            for stop, _ in self.restarts:
                stop()
            threading.Event().wait(OUTAGE)  # the outage itself
            for _, start in self.restarts:
                start()

        restarting = threading.Thread(target=restart)
        restarting.start()
        broken = self.run_all([one.break_it for one in self.breaks])
        dedup_keys = {}
        for one, page, message in self.await_told(broken, lambda b: b.is_page("trigger"),
                                                  lambda b: b.is_message(False), "told"):
            self.assertEqual(one.alert, page["payload"]["class"])
            self.assertEqual("critical", page["payload"]["severity"])
            self.assertIn({"href": f"https://runbooks.example.org/{one.alert}.md", "text": "Runbook"}, page["links"])
            self.assertEqual("danger", message["attachments"][0]["color"])
            dedup_keys[one.node] = page["dedup_key"]
        restarting.join(60)

        repaired = self.run_all([one.repair for one in self.breaks])

        def ends(one):
            return lambda kind, _, body: (kind == "pagerduty" and body["event_action"] == "resolve" and
                                          body["dedup_key"] == dedup_keys[one.node])

        for _ in self.await_told(repaired, ends, lambda b: b.is_message(True), "over"):
            pass
        self.await_evaluations(2)
        # One page and one message for each break, one end of each, and not a word about what was restarted.
        self.assertEqual(4 * len(self.breaks), len(self.receivers.log), self.told())
        self.assertEqual([], self.receivers.refused)


if __name__ == "__main__":
    unittest.main()
