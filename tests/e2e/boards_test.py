"""Every query of every board returns data, asked of a Prometheus that has scraped the demo; those that cannot stand in
boards.expected with the reason, and are at most a twentieth."""
import json
import pathlib
import re
import signal
import time
import unittest

from support.demo import Demo
from support.servers import ROOT, wait_until

EXPECTED = pathlib.Path(__file__).with_name("boards.expected")
MOST = 0.05


def queries():
    """[(board/panel/query, expr), ...] with the variables filled in as 'All'."""
    out = []
    for path in sorted((ROOT / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                expr = re.sub(r"\$__(rate_interval|interval|range)", "1m", target["expr"])
                expr = expr.replace('node="$node"', 'node="db-1"')
                expr = re.sub(r"\$(\w+)|\$\{(\w+)(:\w+)?\}", ".*", expr)
                if "ALERTS{" in expr:  # of a subject of which nothing fires now: what fires at all
                    expr = re.sub(r'alertname=~"[^"]*",?', "", expr)
                out.append((f"{path.stem}/{panel['title']}/{target['refId']}", expr))
    return out


def expected():
    out = {}
    for number, line in enumerate(EXPECTED.read_text().splitlines(), 1):
        if line and not line.startswith("#"):
            name, tab, reason = line.partition("\t")
            assert tab and reason, f"{EXPECTED.name}:{number}: a query, a tab, the reason"
            out[name] = reason
    return out


class Boards(unittest.TestCase):
    def test_every_query_returns_data(self):
        every, empty = dict(queries()), set()
        self.assertGreater(len(every), 300)
        listed = expected()
        self.assertEqual(set(), set(listed) - set(every), "queries that there are no more")
        self.assertLessEqual(len(listed), MOST * len(every))
        demo = Demo(self.addCleanup)
        wait_until("all is up", lambda: not demo.prometheus.query("up == 0") and len(demo.prometheus.query("up")) > 10)
        waiting = set(every) - set(listed)
        end = time.monotonic() + 90
        while waiting and time.monotonic() < end:
            demo.agent.signal(signal.SIGHUP)  # it has something to say, too
            waiting = {name for name in waiting if not demo.prometheus.query(every[name])}
            time.sleep(1)
        self.assertEqual({}, {name: every[name] for name in sorted(waiting)})
        # What returns data all the same need not be excused.
        self.assertEqual([], [name for name in listed if demo.prometheus.query(every[name])
                              and "sometimes" not in listed[name]])


if __name__ == "__main__":
    unittest.main()
