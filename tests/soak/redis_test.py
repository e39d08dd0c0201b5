"""What takes too long for CI: a Cluster of three primaries and three replicas that fails over, and a server
with 20,000 clients."""
import json
import pathlib
import re
import resource
import signal
import subprocess
import time
import unittest

from support.redis import Client, Redis
from support.servers import Agent, get, scratch, wait_until


class Soak(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))

    def test_a_cluster_fails_over(self):
        nodes = [self.enterContext(Redis(self.folder / f"n{i}", "--cluster-enabled", "yes", "--cluster-node-timeout", "1500",  port=7000)) for i in range(6)]
        run = subprocess.run(["redis-cli", "--cluster", "create", *[n.where for n in nodes], "--cluster-replicas", "1",
                              "--cluster-yes"], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(0, run.returncode, run.stdout + run.stderr)
        agent = self.enterContext(Agent(self.folder, "exporters: {redis: {name: c, url: 'redis://%s', discover: {cluster: true}}}\n"
                                        % nodes[0].where))
        name = lambda node: "c" if node is nodes[0] else f"c-{node.host}-{node.port}".replace(".", "-")
        page = lambda node: get(f"{agent.url}/metrics/redis/{name(node)}")[1]

        def all_up():
            page(nodes[0])
            return all("\nredis_up 1\n" in page(node) for node in nodes)
        wait_until("all six are found", all_up)
        wait_until("the Cluster is well", lambda: "redis_cluster_state 1" in page(nodes[0]))
        roles = lambda: {node: re.search('role="([a-z]+)"', page(node)) for node in nodes}
        primaries = [node for node, role in roles().items() if role and role[1] == "master"]
        self.assertEqual(3, len(primaries))
        victim = next(node for node in primaries if node is not nodes[0])
        victim.signal(signal.SIGKILL)
        wait_until("a replica takes over", lambda: sum(1 for n, r in roles().items() if n is not victim and r and r[1] == "master") == 3, 60)
        self.assertIn("\nredis_up 0\n", page(victim))
        wait_until("the Cluster is well again", lambda: "redis_cluster_state 1" in page(nodes[0]))
        self.assertNotIn("SELECT is not", json.dumps(json.loads(agent.page("/api/v1/status"))))

    def test_twenty_thousand_clients(self):
        """Or as many of them as the limit of open files allows, of which a few are for others."""
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 20_000 if before[1] == resource.RLIM_INFINITY else min(20_000, before[1] - 200)
        if wanted < 15_000:
            self.skipTest(f"only {before[1]} open files are allowed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted + 200, before[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        server = self.enterContext(Redis(self.folder / "a", "--maxclients", str(wanted + 100)))
        agent = self.enterContext(Agent(self.folder, f"exporters: {{redis: {{url: 'redis://{server.where}', client_list: true, max_series: 400000}}}}\n"))
        clients = [Client(server.host, server.port) for _ in range(wanted)]
        try:
            begin = time.monotonic()
            status, page = get(agent.url + "/metrics/redis", timeout=20)
            self.assertEqual(200, status)
            self.assertLess(time.monotonic() - begin, 9)
            self.assertGreaterEqual(float(re.search(r"^redis_connected_clients (\S+)", page, re.MULTILINE)[1]), wanted)
            self.assertGreater(page.count("redis_connected_client_info{"), wanted - 1)
        finally:
            for client in clients:
                client.close()


if __name__ == "__main__":
    unittest.main()
