"""The postgres exporter against Debian's postgres_exporter with its tables' queries: one PostgreSQL with 23
databases, the configured one with 4 schemas of 200 tables and pgbench at work.

Two views. Per scrape: what the two cost in the same seconds, scrape by scrape. Per minute: all that the server and
the exporter spend in a minute of scrapes, the background's work with it, each exporter by itself; what the server
spends without any is taken off. The peer does not look into other databases: ours is measured without them and with
them, and the difference told per database."""
import os
import pathlib
import re
import statistics
import subprocess
import time
import urllib.request

from support.postgres import BIN, Postgres, monitoring_role
from support.postgres_exporter import BLOCKS, PostgresExporter
from support.servers import Agent, scratch, wait_until

SCRAPES = 20
OTHERS = 20
MINUTE, EVERY = int(os.environ.get("BASEWATCH_BENCH_MINUTE", "60")), 10
TABLES = """
CREATE EXTENSION pg_stat_statements;
DO $$ BEGIN FOR s IN 1..4 LOOP EXECUTE format('CREATE SCHEMA s%s', s);
  FOR t IN 1..200 LOOP EXECUTE format('CREATE TABLE s%s.t%s (id int PRIMARY KEY, v text)', s, t); END LOOP;
END LOOP; END $$;
"""
COUNTERS = ("seq_scan seq_tup_read idx_scan idx_tup_fetch n_tup_ins n_tup_upd n_tup_del n_tup_hot_upd n_live_tup n_dead_tup "
            "n_mod_since_analyze vacuum_count autovacuum_count analyze_count autoanalyze_count").split()
VIEWS = {
    "pg_stat_user_tables": {name: name for name in COUNTERS}
    | {f"last_{what}": f"coalesce(last_{what}, '1970-01-01Z')" for what in ("vacuum", "autovacuum", "analyze", "autoanalyze")},
    "pg_statio_user_tables": BLOCKS,
}


def cpu_of(pid):
    """Milliseconds, of all threads."""
    return sum(int(task.read_text().split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e6


def memory_of(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


class ServerClock:
    """What the server's processes that are no applications have spent: also those that have ended, which the
    postmaster's own count of its children knows. pgbench's sessions are told apart by their name."""

    def __init__(self, server):
        self.server = server

    def read(self):
        """(what watchers cost, what everything costs), in ms."""
        postmaster = self.server.process.pid
        stat = pathlib.Path(f"/proc/{postmaster}/stat").read_text().rsplit(")", 1)[1].split()
        ended = (int(stat[13]) + int(stat[14])) * 1000 / os.sysconf("SC_CLK_TCK")
        watchers = ended + cpu_of(postmaster)
        everything = watchers
        children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for pid in children:
            try:
                spent, title = cpu_of(pid), pathlib.Path(f"/proc/{pid}/cmdline").read_text()
            except OSError:
                continue
            everything += spent
            if " basewatch " in title or " peer " in title:
                watchers += spent
        return watchers, everything


def scrape(url):
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity",
                                                   "X-Prometheus-Scrape-Timeout-Seconds": "10"})
    begin = time.monotonic()
    with urllib.request.urlopen(request) as reply:
        text = reply.read()
    return (time.monotonic() - begin) * 1e3, text


def series(text):
    return sum(1 for line in text.splitlines() if line.startswith(b"pg_"))


def report(name, ours, theirs, unit):
    a, b = statistics.median(ours), statistics.median(theirs)
    print(f"postgres: {name}: ours {a:.2f} {unit}, postgres_exporter {b:.2f} {unit}, ratio {a / b:.2f}", flush=True)


class Bench:
    def __init__(self, folder, server):
        self.folder, self.server = pathlib.Path(folder), server
        self.clock = ServerClock(server)
        self.dsn = f"postgresql://basewatch:watch@{server.host}/postgres"

    def peer(self):
        return PostgresExporter(self.folder, self.server, VIEWS)

    def ours(self, options):
        agent = Agent(self.folder, f"node: bench\nexporters:\n  postgres: {{dsn: \"{self.dsn}\", {options}}}\n")
        agent.page_url = agent.url + "/metrics/postgres/main"
        return agent

    def measure(self, process):
        before, server_before = cpu_of(process.process.pid), self.clock.read()[0]
        took, text = scrape(process.page_url)
        return cpu_of(process.process.pid) - before, self.clock.read()[0] - server_before, took, text

    def per_scrape(self):
        off = "databases: {all: false}, collectors: {database: false, stat_user_tables_size: false}"
        with self.peer() as peer, self.ours(off) as agent:
            for process in (peer, agent):
                for _ in range(5):
                    scrape(process.page_url)
            results = {agent: [], peer: []}
            for _ in range(SCRAPES):
                time.sleep(1.02)  # a good result serves again for a second
                for process, found in results.items():
                    found.append(self.measure(process))
            ours, theirs = results[agent], results[peer]
            report("cpu per scrape", [r[0] for r in ours], [r[0] for r in theirs], "ms")
            report("the server's cpu per scrape", [r[1] for r in ours], [r[1] for r in theirs], "ms")
            report("latency", [r[2] for r in ours], [r[2] for r in theirs], "ms")
            report("series", [series(r[3]) for r in ours], [series(r[3]) for r in theirs], "series")
            report("bytes", [len(r[3]) / 1e6 for r in ours], [len(r[3]) / 1e6 for r in theirs], "MB")

    def minute(self, process=None):
        """(the exporter's CPU, the server's for it, memory, series) of a minute of scrapes."""
        own = cpu_of(process.process.pid) if process else 0
        server, end = self.clock.read()[0], time.monotonic() + MINUTE
        text = b""
        while time.monotonic() < end:
            if process:
                text = scrape(process.page_url)[1]
            time.sleep(max(0, min(EVERY, end - time.monotonic())))
        spent = self.clock.read()[0] - server
        if not process:
            return 0, spent, 0, 0
        return cpu_of(process.process.pid) - own, spent, memory_of(process.process.pid), series(text)

    def background_done(self, agent, others):
        def ready():
            text = scrape(agent.page_url)[1].decode()
            done = all(f'pg_scrape_collector_success{{collector="{name}"}} 1' in text
                       for name in ("database", "stat_user_tables_size"))
            return done and text.count("\nbasewatch_postgres_database_success{") == others and text
        return wait_until("the background has been everywhere", ready, 120)

    # Without autovacuum, whose work would be counted as that of whoever is measured just then.
    def per_minute(self):
        time.sleep(2)  # the time of those that were measured last counts when the postmaster has reaped them
        idle = self.minute()[1]
        with self.peer() as peer:
            scrape(peer.page_url)
            theirs = self.minute(peer)
        with self.ours("databases: {all: false}") as agent:
            self.background_done(agent, 0)
            one = self.minute(agent)
        with self.ours("databases: {all: true}") as agent:
            text = self.background_done(agent, OTHERS)
            every = self.minute(agent)
            took = float(re.search(r'pg_scrape_collector_duration_seconds{collector="databases"} (\S+)', text)[1])
        for name, found in (("the configured database", one), (f"all {OTHERS + 1} databases", every)):
            report(f"{name}: cpu a minute", [found[0]], [theirs[0]], "ms")
            report(f"{name}: the server's cpu a minute", [found[1] - idle], [theirs[1] - idle], "ms")
            report(f"{name}: resident memory", [found[2]], [theirs[2]], "MB")
            report(f"{name}: series", [found[3]], [theirs[3]], "series")
        print(f"postgres: {OTHERS} other databases: {took * 1e3 / OTHERS:.1f} ms each a minute in the background, of the "
              f"server's cpu {(every[1] - one[1]) / OTHERS:.1f} ms, of ours {(every[0] - one[0]) / OTHERS:.2f} ms, "
              f"{(every[2] - one[2]) * 1024 / OTHERS:.0f} KB; without any exporter the server's own {idle:.0f} ms")


def main():
    with scratch() as folder, Postgres(folder, max_locks_per_transaction=1000, autovacuum="off") as server:
        monitoring_role(server)
        server.sql(PostgresExporter.ROLE)
        for number in range(OTHERS):
            server.sql(f"CREATE DATABASE d{number}")
        server.sql(TABLES)
        environment = server.environment()
        subprocess.run([BIN / "pgbench", "-i", "-q", "-s", "1"], env=environment, check=True, capture_output=True)
        load = subprocess.Popen([BIN / "pgbench", "-c", "2", "-T", "3600", "-n", "-R", "50"], env=environment,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            bench = Bench(folder, server)
            bench.per_scrape()
            bench.per_minute()
        finally:
            load.kill()
            load.wait()


main()
