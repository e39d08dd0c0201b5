"""Whose series is it? Two agents with equal instance names under one real Prometheus, both ways of
scraping, and the proof that both ways store the same series."""
import re
import unittest

from support.scrape_configs import shipped
from support.servers import Agent, Prometheus, scratch, wait_until

CONFIG = """
node: {node}
exporters:
  node:
    - {{name: main, collectors: {{textfile: {{directory: ["{textfiles}"]}}}}}}
"""
WAYS = ("prometheus.yml", "prometheus-single-target.yml")


class Identity(unittest.TestCase):
    def start(self, way, nodes):
        agents = []
        for node in nodes:
            folder = self.enterContext(scratch())
            with open(f"{folder}/own.prom", "w") as file:
                file.write(f'# TYPE own_jobs gauge\nown_jobs{{job="nightly"}} {len(node)}\n')
            agents.append(self.enterContext(
                Agent(folder, CONFIG.format(node=node, textfiles=folder))))
        targets = [(agent.url.removeprefix("http://"), node) for agent, node in zip(agents, nodes)]
        prometheus = self.enterContext(
            Prometheus(self.enterContext(scratch()), shipped(way, targets, rules="/nowhere")))
        wait_until("both nodes scraped", lambda: len(prometheus.query("node_load1")) == len(nodes))
        return agents, prometheus

    def test_two_agents_with_equal_instance_names_keep_apart(self):
        for way in WAYS:
            with self.subTest(way):
                _, prometheus = self.start(way, ["alpha", "beta2"])
                identities = {(s["job"], s["instance"], s["node"])
                              for s, _ in prometheus.query("node_load1")}
                self.assertEqual({("node", "alpha", "alpha"), ("node", "beta2", "beta2")}, identities)
                # A label of the user's own that collides is kept under another name.
                own = {(s["job"], s["exported_job"], s["node"]): value
                       for s, value in prometheus.query("own_jobs")}
                self.assertEqual({("node", "nightly", "alpha"): 5, ("node", "nightly", "beta2"): 5}, own)
                ups = wait_until("an up for every target", lambda: (
                    lambda found: found if len(found) == 4 else None)(
                        {(s["job"], s["instance"], s["node"]): v for s, v in prometheus.query("up")}))
                self.assertEqual({("basewatch", "alpha", "alpha"): 1, ("basewatch", "beta2", "beta2"): 1,
                                  ("node", "alpha", "alpha"): 1, ("node", "beta2", "beta2"): 1}, ups)
                self.assertEqual([], prometheus.query("scrape_samples_scraped - "
                                                      "scrape_samples_post_metric_relabeling != 0"))

    def test_both_ways_store_the_same_series(self):
        stored = []
        for way in WAYS:
            agents, prometheus = self.start(way, ["alpha"])
            # With targets of their own, the agent may be scraped before the node was for the first time.
            told = re.findall(r'^basewatch_collector_success{.*exporter="node".*}', agents[0].page(), re.MULTILINE)
            wait_until("the agent tells of all collectors", lambda: len(
                prometheus.query('basewatch_collector_success{exporter="node"}')) == len(told))
            names = prometheus.api("label/__name__/values")
            names = [n for n in names if n.startswith(("node_", "basewatch_", "own_"))]
            self.assertGreater(len(names), 50)
            series = {tuple(sorted(s.items())) for n in names
                      for s, _ in prometheus.query(f'{{__name__="{n}"}}')}
            # Paths of this test's own folders, and what only the second scrape has.
            stored.append({tuple((k, "FILE" if k == "file" else v) for k, v in one)
                           for one in series if not dict(one)["__name__"].startswith("basewatch_http_")})
            prometheus.stop()
            for agent in agents:
                agent.stop()
        self.assertEqual(set(), stored[0] ^ stored[1])


if __name__ == "__main__":
    unittest.main()
