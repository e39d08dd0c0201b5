"""The postgres exporter against Debian's postgres_exporter with its tables' queries: one PostgreSQL with 23
databases, the configured one with 4 schemas of 200 tables, one run. The other databases are measured apart:
the peer does not look into them."""
import os
import pathlib
import statistics
import time
import urllib.request

from support.postgres import Postgres, monitoring_role
from support.servers import Agent, Server, address, scratch, wait_until

SCRAPES = 20
TABLES = """
DO $$ BEGIN FOR s IN 1..4 LOOP EXECUTE format('CREATE SCHEMA s%s', s);
  FOR t IN 1..200 LOOP EXECUTE format('CREATE TABLE s%s.t%s (id int PRIMARY KEY, v text)', s, t); END LOOP;
END LOOP; END $$;
"""
COUNTERS = {
    "pg_stat_user_tables": ("seq_scan seq_tup_read idx_scan idx_tup_fetch n_tup_ins n_tup_upd n_tup_del n_tup_hot_upd "
                            "n_live_tup n_dead_tup n_mod_since_analyze vacuum_count autovacuum_count analyze_count "
                            "autoanalyze_count").split(),
    "pg_statio_user_tables": ("heap_blks_read heap_blks_hit idx_blks_read idx_blks_hit toast_blks_read toast_blks_hit "
                              "tidx_blks_read tidx_blks_hit").split(),
}


def peer_queries():
    lines = []
    for view, columns in COUNTERS.items():
        times = ""
        if view == "pg_stat_user_tables":
            names = ["last_vacuum", "last_autovacuum", "last_analyze", "last_autoanalyze"]
            times = "".join(f", coalesce({name}, '1970-01-01Z') AS {name}" for name in names)
            columns = columns + names
        plain = ", ".join(name for name in columns if not name.startswith("last_"))
        lines += [f"{view}:", f"  query: \"SELECT current_database() datname, schemaname, relname, {plain}{times} "
                  f"FROM {view}\"", "  metrics:"]
        for name in ("datname", "schemaname", "relname"):
            lines.append(f"    - {name}: {{usage: LABEL, description: {name}}}")
        for name in columns:
            lines.append(f"    - {name}: {{usage: COUNTER, description: {name}}}")
    return "\n".join(lines) + "\n"


def cpu_of(pid):
    return sum(int(task.read_text().split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e6


def server_cpu(server):
    total = 0
    children = pathlib.Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    for pid in [server.process.pid, *children]:
        try:
            total += cpu_of(pid)
        except OSError:
            pass
    return total


def scrape(url):
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity",
                                                   "X-Prometheus-Scrape-Timeout-Seconds": "10"})
    begin = time.monotonic()
    with urllib.request.urlopen(request) as reply:
        text = reply.read()
    return (time.monotonic() - begin) * 1e3, text


def measure(process, server, url):
    before, server_before = cpu_of(process.process.pid), server_cpu(server)
    took, text = scrape(url)
    return cpu_of(process.process.pid) - before, server_cpu(server) - server_before, took, text


def series(text):
    return sum(1 for line in text.splitlines() if line.startswith(b"pg_"))


def report(name, ours, theirs, unit):
    a, b = statistics.median(ours), statistics.median(theirs)
    print(f"postgres: {name}: ours {a:.2f} {unit}, postgres_exporter {b:.2f} {unit}, ratio {a / b:.2f}")


def main():
    with scratch() as folder, Postgres(folder, max_locks_per_transaction=1000) as server:
        monitoring_role(server)
        for number in range(20):
            server.sql(f"CREATE DATABASE d{number}")
        server.sql(TABLES)
        queries = pathlib.Path(folder) / "queries.yaml"
        queries.write_text(peer_queries())
        dsn = f"postgresql://basewatch:watch@{server.host}/postgres"
        peer_address = f"{address()}:9187"
        peer = Server(["prometheus-postgres-exporter", f"--web.listen-address={peer_address}",
                       f"--extend.query-path={queries}"], ready="Listening on",
                      env=dict(os.environ, DATA_SOURCE_NAME=dsn + "?sslmode=disable"))
        off = "collectors: {database: false, stat_user_tables_size: false}"
        config = ("node: bench\nexporters:\n  postgres:\n"
                  f"    - {{name: one, dsn: \"{dsn}\", databases: {{all: false}}, {off}}}\n")
        with peer, Agent(folder, config) as agent:
            urls = {agent: agent.url + "/metrics/postgres/one", peer: f"http://{peer_address}/metrics"}
            for url in urls.values():
                for _ in range(5):
                    scrape(url)
            results = {agent: [], peer: []}
            for _ in range(SCRAPES):
                time.sleep(1.02)  # a good result serves again for a second
                for process, url in urls.items():
                    results[process].append(measure(process, server, url))
            ours, theirs = results[agent], results[peer]
            report("cpu per scrape", [r[0] for r in ours], [r[0] for r in theirs], "ms")
            report("the server's cpu per scrape", [r[1] for r in ours], [r[1] for r in theirs], "ms")
            report("latency", [r[2] for r in ours], [r[2] for r in theirs], "ms")
            report("series", [series(r[3]) for r in ours], [series(r[3]) for r in theirs], "series")
            report("bytes", [len(r[3]) / 1e6 for r in ours], [len(r[3]) / 1e6 for r in theirs], "MB")
        walk(folder, server, dsn)


def walk(folder, server, dsn):
    """One round through the other databases, by an agent of its own."""
    with Agent(folder, f"node: bench\nexporters:\n  postgres: {{dsn: \"{dsn}\"}}\n") as agent:
        def visited():
            text = scrape(agent.url + "/metrics/postgres/main")[1]
            return text if b"basewatch_postgres_database_success" in text else None
        text = wait_until("the round is over", visited)
        count = text.count(b"\nbasewatch_postgres_database_success")
        took = next(float(line.split()[-1]) for line in text.decode().splitlines()
                    if line.startswith('pg_scrape_collector_duration_seconds{collector="databases"}'))
        print(f"postgres: {count} other databases, in the background once a minute: {took * 1e3 / count:.1f} ms each")


main()
