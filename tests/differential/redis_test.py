"""Debian's redis_exporter 1.45.0 and ours over the same server in the same second, idle and under
redis-benchmark: the same families, types, labels, and values that differ by no more than time explains."""
import pathlib
import re
import shutil
import subprocess
import sys
import time
import unittest

from differential.node_page import Expected, Page, differences
from support.redis import Redis
from support.servers import Agent, Server, address, get, scratch, wait_until

KEYS, COUNT, GROUPS, STREAMS = "db0=session:1*,db0=motto,db0=jobs,db0=visitors", "db0=session:*,db3=*", "^([^:]+):", "db0=ord*"

# What is told of the moment, or of who asks: present on both sides, never equal.
OF_THE_MOMENT = re.compile(
    r"^redis_(exporter_last_scrape_|exporter_scrapes|connected_slave_lag|last_key_groups_scrape|last_slow_execution|slowlog_last|stream_group_consumer_idle"
    r"|connected_client_|net_|cpu_|commands?_|errors_total|latency_|latest_fork|total_error|allocator_|mem_|memory_used_|"
    r"connections_received|connected_clients|total_reads|total_writes|client_recent|defrag_|used_active|start_time|uptime"
    r"|expire|repl_backlog_history|key_memory|key_group_memory|keyspace_|rdb_changes|db_keys|db_avg|keys_count|key_group_count|number_of_dist)")


class Differential(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.binary = shutil.which("prometheus-redis-exporter")
        if not self.binary:
            print("SKIPPED: prometheus-redis-exporter is not installed", file=sys.stderr)
            self.skipTest("prometheus-redis-exporter is not installed")
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.server = self.enterContext(Redis(self.folder / "a"))
        replica = self.enterContext(Redis(self.folder / "b", "--replicaof", self.server.host, "6379"))
        with self.server.client() as admin:
            for i in range(200):
                admin("SET", f"session:{i}", i)
            admin("SET", "motto", "so it goes")
            admin("PFADD", "visitors", *range(100))
            admin("RPUSH", "jobs", 1, 2, 3)
            admin("XADD", "orders", "1700000000000-1", "a", "1")
            admin("XGROUP", "CREATE", "orders", "billing", "0")
            admin("XREADGROUP", "GROUP", "billing", "worker", "COUNT", "1", "STREAMS", "orders", ">")
            admin("SELECT", "3")
            admin("SET", "other", "1", "EX", "1000")
            wait_until("the replica is there", lambda: "state=online" in admin("INFO", "replication"))
        host = address()
        self.peer = self.enterContext(Server(
            [self.binary, f"-redis.addr=redis://{self.server.where}", f"-web.listen-address={host}:9121",
             "-include-config-metrics", "-include-system-metrics", "-redis-only-metrics", f"-check-keys={KEYS}",
             f"-count-keys={COUNT}", f"-check-key-groups={GROUPS}", f"-check-streams={STREAMS}"],
            ready="Providing metrics", answers=f"{host}:9121"))
        self.peer_url = f"http://{host}:9121/metrics"
        quoted = lambda words: "[" + ", ".join(f"'{w}'" for w in words.split(",")) + "]"
        self.agent = self.enterContext(Agent(self.folder, f"""exporters:
  redis:
    name: a
    url: "redis://{self.server.where}"
    config_metrics: true
    system_memory: true
    collectors: {{keys: {{check: {quoted(KEYS)}, count: {quoted(COUNT)}, groups: {quoted(GROUPS)}, streams: {quoted(STREAMS)}}}}}
"""))
        self.ours()
        wait_until("our walk is complete", lambda: "redis_keys_count" in self.ours())
        get(self.peer_url)

    def ours(self):
        time.sleep(1.05)  # a good result serves again for a second
        return self.agent.page("/metrics/redis/a")

    def pages(self):
        before = Page(get(self.peer_url)[1])
        ours = Page(self.ours())
        return before, ours, Page(get(self.peer_url)[1])

    def compare(self, section, before, ours, after):
        self.assertGreater(len(before.series), 300)
        lines = differences(before, ours, same=lambda a, b: True)
        expected = Expected(section, "redis.expected")
        self.assertEqual([], expected.remove(lines))
        wrong = [f"{key}: {before.series[key]} .. {value} .. {after.series[key]}" for key, value in ours.series.items()
                 if key in before.series and key in after.series and not self.between(key[0], before.series[key], value, after.series[key])]
        self.assertEqual([], wrong)

    @staticmethod
    def between(name, low, value, high):
        if name in ("redis_start_time_seconds", "redis_uptime_in_seconds"):
            return min(low, high) - 1 <= value <= max(low, high) + 1
        if OF_THE_MOMENT.search(name):
            return value == value
        return min(low, high) <= value <= max(low, high)

    def test_idle(self):
        before, ours, after = self.pages()
        self.compare("idle", before, ours, after)
        # At rest these are equal, not only near.
        for name in ("redis_db_keys", "redis_db_keys_expiring", "redis_keys_count", "redis_key_size", "redis_key_value",
                     "redis_key_group_count", "redis_number_of_distinct_key_groups", "redis_stream_length",
                     "redis_key_group_memory_usage_bytes", "redis_connected_slaves", "redis_stream_last_generated_id"):
            mine = {k: v for k, v in ours.series.items() if k[0] == name}
            self.assertEqual({k: v for k, v in before.series.items() if k[0] == name}, mine, name)
            self.assertTrue(mine, name)
        # Counters of commands that we do not send are equal, too.
        for command in ("set", "rpush", "pfadd", "xadd"):
            key = ("redis_commands_total", (("cmd", command),))
            self.assertEqual(before.series[key], ours.series[key], command)

    def test_under_load(self):
        load = subprocess.Popen(["redis-benchmark", "-h", self.server.host, "-c", "20", "-n", "100000000", "-t", "set,get",
                                 "-q", "-r", "1000"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            commands = ("redis_commands_total", (("cmd", "set"),))
            wait_until("the load is there", lambda: Page(get(self.peer_url)[1]).series[commands] > 5000)
            before, ours, after = self.pages()
        finally:
            load.kill()
            load.wait()
        self.compare("load", before, ours, after)
        for name in ("redis_commands_processed_total", "redis_net_input_bytes_total", "redis_connections_received_total"):
            low, value, high = (page.series[(name, ())] for page in (before, ours, after))
            self.assertTrue(low <= value <= high, (name, low, value, high))
        self.assertTrue(before.series[commands] < ours.series[commands] < after.series[commands])


if __name__ == "__main__":
    unittest.main()
