"""Scrapes from many sides while the configuration is reloaded all the time. Run it against a build with
the thread sanitizer: its findings end the agent with another status than 0."""
import os
import signal
import threading
import time
import unittest

from support.servers import Agent, get, scratch

SECONDS, SCRAPERS = 60, 8
# The first race is the end.
os.environ.setdefault("TSAN_OPTIONS", "halt_on_error=1")
ONE = "node: alpha\nexporters: {node: {}}\n"
TWO = "node: alpha\nexporters: {node: {collectors: {cpu: false, loadavg: {every: 1s}}}}\n"
BROKEN = "node: alpha\nexporters: {nodes: {}}\n"


class Reload(unittest.TestCase):
    def test_scrapes_survive_reloads(self):
        folder = self.enterContext(scratch())
        agent = self.enterContext(Agent(folder, ONE))
        head = agent.config.read_text().removesuffix(ONE)
        end = time.monotonic() + SECONDS
        wrong, scrapes = [], [0] * SCRAPERS

        def scraper(index):
            paths = ["/metrics", "/metrics/node", "/metrics/agent", "/sd", "/metrics/node?collect[]=stat"]
            while time.monotonic() < end:
                status, text = get(agent.url + paths[(index + scrapes[index]) % len(paths)])
                if status != 200:
                    wrong.append((status, text[:300]))
                scrapes[index] += 1

        threads = [threading.Thread(target=scraper, args=(i,)) for i in range(SCRAPERS)]
        for thread in threads:
            thread.start()
        reloads = refused = 0
        while time.monotonic() < end:
            for config in (TWO, BROKEN, ONE):
                agent.config.write_text(head + config)
                if reloads % 2:
                    agent.signal(signal.SIGHUP)
                status, _ = get(agent.url + "/-/reload", method="POST")
                refused += status != 200
                reloads += 1
        for thread in threads:
            thread.join()
        print(f"{sum(scrapes)} scrapes, {reloads} reloads, {refused} of them refused")
        self.assertEqual([], wrong[:5])
        self.assertGreater(reloads, 30)
        self.assertEqual(reloads // 3, refused)
        self.assertEqual(0, agent.stop(), agent.output()[-4000:])


if __name__ == "__main__":
    unittest.main()
