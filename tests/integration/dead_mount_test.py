"""A mount whose server is gone, under the real agent: it costs only itself, scrape after scrape."""
import os
import pathlib
import re
import time
import unittest

from support.dead_mount_agent import DeadMountAgent, can_mount
from support.servers import get, scratch

SCRAPES = 300


def threads_and_files(pid):
    return len(os.listdir(f"/proc/{pid}/task")), len(os.listdir(f"/proc/{pid}/fd"))


@unittest.skipUnless(can_mount(), "needs root and /dev/fuse to make a dead mount")
class DeadMount(unittest.TestCase):
    def test_a_dead_mount_costs_only_itself(self):
        folder = self.enterContext(scratch())
        dead = pathlib.Path(folder) / "dead"
        dead.mkdir()
        # The agent reads the mounts of process 1, which lives outside of the namespace: a procfs in
        # which process 1 is the agent itself.
        proc = pathlib.Path(folder) / "proc"
        proc.mkdir()
        for name, target in (("1", "self"), ("self", "self"), ("loadavg", "loadavg")):
            (proc / name).symlink_to(pathlib.Path("/proc") / target)
        agent = self.enterContext(DeadMountAgent(folder, dead, f"""
node: alpha
exporters:
  node:
    paths: {{procfs: {proc}}}
    collectors: {{filesystem: {{mount_timeout: 200ms}}}}
"""))
        headers = {"X-Prometheus-Scrape-Timeout-Seconds": "2"}

        def scrape(path="/metrics/node"):
            start = time.monotonic()
            status, text = get(agent.url + path, headers=headers)
            self.assertEqual(200, status)
            self.assertLess(time.monotonic() - start, 2)
            return text

        first = scrape()
        hung = re.findall(r"^node_filesystem_hung_seconds\{(.*)\}", first, re.MULTILINE)
        self.assertEqual(1, len(hung), first[-2000:])
        self.assertIn(f'mountpoint="{dead}"', hung[0])
        self.assertRegex(first, rf'node_filesystem_device_error\{{[^}}]*mountpoint="{dead}"[^}}]*\}} 1')
        self.assertRegex(first, r'node_filesystem_size_bytes\{[^}]*mountpoint="/"[^}]*\} [1-9]')
        self.assertIn('node_scrape_collector_success{collector="filesystem"} 1', first)
        # A good result serves again for a second, so it takes some to see several runs: each of them
        # tells another age of the hanging call.
        ages, number = set(), 0
        while number < SCRAPES or len(ages) < 4:
            page = scrape("/metrics/node?collect[]=filesystem&collect[]=loadavg")
            ages.update(re.findall(r"^node_filesystem_hung_seconds\{.*\} (.*)$", page, re.MULTILINE))
            if number == 20:
                before = threads_and_files(agent.process.pid)
            number += 1
        # Threads that stand ready come and go; a leak would be one for each of the scrapes.
        after = threads_and_files(agent.process.pid)
        self.assertLessEqual(after[0], before[0] + 6)
        self.assertLessEqual(after[1], before[1] + 6)
        start = time.monotonic()
        self.assertEqual(0, agent.stop())
        self.assertLess(time.monotonic() - start, 5)


if __name__ == "__main__":
    unittest.main()
