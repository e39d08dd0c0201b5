"""The status page of a real agent of which several things are broken, as a browser shows it: is it there
why each is broken, and what to do?"""
import html.parser
import json
import pathlib
import re
import time
import unittest
import urllib.request

from support.chromium import dump_dom
from support.dead_mount_agent import DeadMountAgent, can_mount
from support.servers import Agent, get, scratch


class Document(html.parser.HTMLParser):
    """Text by element, and every element with its attributes."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.text, self._skip = [], "", False
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._skip = tag in ("style", "script", "title")

    def handle_endtag(self, tag):
        self._skip = False

    def handle_data(self, data):
        if not self._skip:
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def words(self):
        return re.sub(r"\s+", " ", self.text)


class StatusPage(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))

    def broken_agent(self):
        proc = self.folder / "proc"
        proc.mkdir()
        for name in ("stat", "meminfo", "self", "1", "net", "mounts"):
            (proc / name).symlink_to(pathlib.Path("/proc") / name)
        (proc / "vmstat").mkdir()  # and there is no loadavg at all
        texts = self.folder / "texts"
        texts.mkdir()
        (texts / "evil.prom").write_text('backup_size_bytes{name="<script>alert(1)</script>" 1\n')
        return self.enterContext(Agent(self.folder, f"""
node: alpha
exporters:
  node:
    paths: {{procfs: {proc}}}
    collectors:
      textfile: {{directory: [{texts}]}}
      netdev: {{every: 30s}}
"""))

    def test_a_person_finds_out_why(self):
        agent = self.broken_agent()
        agent.page("/metrics")
        with open(agent.config, "a") as file:
            file.write("nonsense: 1\n")
        self.assertEqual(500, get(agent.url + "/-/reload", method="POST")[0])
        source, complaints = dump_dom(agent.url + "/")
        self.assertEqual([], complaints)  # nothing that the security policy forbids
        document = Document(source)
        words = document.words()

        self.assertIn("! node/main fails in part", words)
        self.assertIn("node/main: loadavg", words)
        self.assertIn(f"cannot read {self.folder}/proc/loadavg: no such file or directory", words)
        self.assertIn("What to do: It is not where it was looked for.", words)
        self.assertIn("What to do: A folder lies where a file should be", words)
        self.assertIn("The last reload of the configuration was refused", words)
        self.assertIn("unknown key 'nonsense'", words)
        self.assertIn(f"basewatch check --config {agent.config}", words)
        self.assertIn("runs in the background every 30s", words)
        self.assertIn("evil.prom:1", words)
        self.assertIn("Whoever writes it should write to another name", words)
        self.assertIn("This agent", words)

        for forbidden in ("script", "link", "img", "iframe", "form"):
            self.assertEqual([], document.all(forbidden))
        for tag, attributes in document.elements:
            self.assertNotIn("style", attributes, tag)
            self.assertFalse([name for name in attributes if name.startswith("on")], tag)
        charts = document.all("svg")
        self.assertGreaterEqual(len(charts), 12)
        self.assertTrue(all(chart["role"] == "img" and chart["aria-label"] for chart in charts))
        self.assertTrue(any("failures in 1 minute" in chart["aria-label"] for chart in charts))
        targets = {link["href"] for link in document.all("a")}
        ids = {attributes.get("id") for _, attributes in document.elements}
        for target in targets:
            if target.startswith("#"):
                self.assertIn(target[1:], ids)
            else:
                self.assertEqual(200, get(agent.url + target)[0], target)

    def test_the_same_facts_as_json(self):
        agent = self.broken_agent()
        agent.page("/metrics")
        with urllib.request.urlopen(agent.url + "/api/v1/status", timeout=10) as reply:
            self.assertEqual("application/json", reply.headers["Content-Type"])
            self.assertTrue(reply.headers["Content-Security-Policy"].startswith("default-src 'none';"))
            facts = json.load(reply)
        self.assertEqual((1, "degraded", "alpha"), (facts["version"], facts["health"], facts["node"]))
        self.assertEqual({"node/main"}, {problem["instance"] for problem in facts["problems"]})
        node, own = facts["instances"]
        self.assertEqual(("node", "degraded", "fine"), (node["exporter"], node["health"], own["health"]))
        self.assertEqual("alpha", node["labels"]["node"])
        collectors = {collector["name"]: collector for collector in node["collectors"]}
        self.assertEqual("failed", collectors["loadavg"]["state"])
        self.assertTrue(collectors["loadavg"]["failing_since"])
        self.assertEqual(30, collectors["netdev"]["every_seconds"])
        self.assertEqual([1], [count for count in collectors["loadavg"]["last_hour"]["failures"] if count])
        self.assertEqual(60, len(collectors["cpu"]["last_hour"]["series"]))
        self.assertEqual(str(agent.config), facts["config"]["path"])
        self.assertIn("textfile", [note["topic"] for note in node["notes"]])

        # Documented, and nothing undocumented.
        text = (pathlib.Path(__file__).resolve().parents[2] / "docs/status.md").read_text()

        def keys(value):
            if isinstance(value, dict):
                for key, inner in value.items():
                    yield key
                    if key != "labels":
                        yield from keys(inner)
            elif isinstance(value, list):
                for inner in value:
                    yield from keys(inner)

        self.assertEqual([], sorted({key for key in keys(facts) if f"`{key}`" not in text}))

    @unittest.skipUnless(can_mount(), "needs root and /dev/fuse to make a dead mount")
    def test_the_page_answers_while_a_collector_hangs(self):
        dead = self.folder / "dead"
        dead.mkdir()
        agent = self.enterContext(DeadMountAgent(self.folder, dead, f"""
exporters: {{node: {{collectors: {{textfile: {{directory: ["{dead}"]}}}}}}}}
"""))
        headers = {"X-Prometheus-Scrape-Timeout-Seconds": "1"}
        self.assertEqual(200, get(agent.url + "/metrics", headers=headers)[0])
        begin = time.monotonic()
        words = Document(agent.page("/")).words()
        self.assertLess(time.monotonic() - begin, 1)
        self.assertIn("node/main: textfile", words)
        self.assertIn("still running since", words)
        self.assertIn("most often a mount whose server is gone", words)


if __name__ == "__main__":
    unittest.main()
