"""A Supabase on one node with all that is watched: PostgreSQL at work, PgBouncer, Redis with a replica, the agent,
Prometheus with everything generated, Alertmanager. What cannot be had here (Kong, Realtime, a prober, Loki) is a
page of faults/healthy.txt, its counters running. `python3 demo.py` keeps it up until Ctrl-C."""
import pathlib
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from faults import world  # noqa: E402
from support.postgres import BIN, PgBouncer, Standby  # noqa: E402
from support.receivers import Pages, Receivers  # noqa: E402
from support.redis import Redis, Sentinel  # noqa: E402
from support.scrape_configs import shipped  # noqa: E402
from support.servers import BASEWATCH, Agent, Alertmanager, Prometheus, address, scratch, wait_until  # noqa: E402
from support.supabase import Supabase  # noqa: E402

# What the boards have panels for: an empty table half full, indexes that nobody needs, one that could not be made.
FAULTS = """
CREATE SCHEMA app;
CREATE TABLE app.bloated (id int PRIMARY KEY, v text);
INSERT INTO app.bloated SELECT i, repeat('x', 200) FROM generate_series(1, 60000) i;
CREATE INDEX one ON app.bloated (v, id); CREATE INDEX two ON app.bloated (v, id);
DELETE FROM app.bloated WHERE id % 4 > 0;
VACUUM ANALYZE app.bloated;
CREATE TABLE app.late (id int) WITH (autovacuum_enabled = off);
INSERT INTO app.late SELECT generate_series(1, 60000); ANALYZE app.late; DELETE FROM app.late WHERE id % 2 = 0;
CREATE TABLE app.double (id int); INSERT INTO app.double VALUES (1), (1);
"""
WORK = """
\\set id random(1, 200000)
SELECT pg_sleep(0.02);
UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :id;
"""
SORT = "SET work_mem = '64kB'; SELECT count(*) FROM (SELECT aid FROM pgbench_accounts ORDER BY filler, aid OFFSET 1) s; CHECKPOINT;"
# A collector that fails, which is something to look at, too.
BROKEN = """
metrics:
  - query: demo_broken
    help: A query of a table that is not there.
    every: 5s
    sql: SELECT 1 AS things FROM app.gone
    columns:
      things: {metric: demo_things, type: gauge, unit: things, help: Nobody knows how many.}
"""

STAND_INS = ("kong", "realtime", "blackbox", "loki")


def page_of(job, begun):
    """What the stand-in of this job says now."""
    lines = []
    for series in world.healthy():
        begin, rate = world.steps(series.value)
        if series.job == job and not series.own.startswith("up"):
            lines.append(f"{series.own} {begin + rate * (time.time() - begun) / 60:.10g}")
    return "\n".join(lines) + "\n"


class Demo:
    """`add_cleanup` is the test's, or an ExitStack's callback."""

    def __init__(self, add_cleanup):
        self.add_cleanup = add_cleanup
        folder = scratch()
        add_cleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o755)
        self.servers()
        self.generate()
        agent = self.keep(Agent(self.room("agent"), self.config()))
        host = address()
        alertmanager = self.keep(Alertmanager(self.folder / "alertmanager/alertmanager.yml", self.room("am")))
        text = shipped("prometheus.yml", [(agent.url.removeprefix("http://"), "db-1")], self.folder,
                       alertmanager=alertmanager.url.removeprefix("http://"), prometheus=f"{host}:9090")
        text += "".join(f'  - job_name: {job}\n    static_configs: [{{targets: ["{self.stand_in(job)}"], '
                        f"labels: {{node: db-1, instance: db-1/{job}}}}}]\n" for job in STAND_INS)
        self.prometheus = self.keep(Prometheus(self.room("prometheus"), text, host=host))
        self.agent, self.alertmanager = agent, alertmanager

    def room(self, name):
        (self.folder / name).mkdir()
        return self.folder / name

    def keep(self, server):
        self.add_cleanup(server.stop)
        return server

    def servers(self):
        self.postgres = self.keep(Supabase(self.room("postgres"), max_connections=60, archive_mode="on",
                                           archive_command="'/bin/true'", track_io_timing="on", autovacuum="on",
                                           fsync="on", full_page_writes="on", max_slot_wal_keep_size="1GB"))
        self.postgres.sql("ALTER ROLE basewatch CONNECTION LIMIT 20;"
                          "SELECT pg_create_logical_replication_slot('supabase_realtime_replication_slot_', 'pgoutput')")
        self.postgres.sql(FAULTS)
        subprocess.run(["psql", "-XqAt", "-c", "CREATE UNIQUE INDEX CONCURRENTLY broken ON app.double (id)"],
                       env=self.postgres.environment(), capture_output=True)  # fails, and leaves an invalid index
        self.standby = self.keep(Standby(self.room("standby"), self.postgres, "standby"))
        self.bouncer = self.keep(PgBouncer(self.folder, self.postgres, "web", "web", users=[("watch", "watch")],
                                           stats_users="watch"))
        self.redis = self.keep(Redis(self.room("redis"), "--maxmemory", "200mb", "--appendonly", "yes"))
        self.replica = self.keep(Redis(self.room("replica"), "--replicaof", self.redis.host, str(self.redis.port)))
        self.sentinel = self.keep(Sentinel(self.folder / "sentinel", self.redis, quorum=1))
        self.work()
        self.receivers = Receivers(self.add_cleanup)

    def work(self):
        """Something to look at: pgbench, and reads and writes of Redis."""
        environment = self.postgres.environment()
        subprocess.run([BIN / "pgbench", "-i", "-q", "-s", "2"], env=environment, check=True, capture_output=True)
        script = self.folder / "work.sql"
        script.write_text(WORK)
        through_pooler = dict(environment, PGHOST=self.bouncer.host, PGPORT="6432", PGUSER="web", PGPASSWORD="web")
        self.postgres.sql("CREATE ROLE web LOGIN SUPERUSER PASSWORD 'web'")
        for where in (environment, through_pooler):
            bench = subprocess.Popen([BIN / "pgbench", "-c", "3", "-T", "36000", "-n", "-f", script], env=where,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.add_cleanup(bench.wait)
            self.add_cleanup(bench.kill)
        ended = threading.Event()
        self.add_cleanup(ended.set)

        def ask():
            client = self.redis.client()
            number = 0
            client("XADD", "events", "*", "a", "1")
            client("XGROUP", "CREATE", "events", "workers", "0")
            while not ended.wait(0.02):
                number += 1
                if number % 100 == 0:
                    self.postgres.sql(SORT)
                    for words in (("NOSUCH",), ("AUTH", "nobody", "wrong")):
                        try:
                            client(*words)
                        except Exception:  # an error reply, which is what is wanted
                            pass
                client("SET", f"key:{number % 1000}", "v" * 100, "EX", "600")
                client("GET", f"key:{number % 1300}")
        threading.Thread(target=ask, daemon=True).start()

    def config(self):
        return f"""node: db-1
exporters:
  node: {{collectors: {{textfile: {{directory: ["{self.textfiles()}"]}}}}}}
  postgres:
    - {{name: main, dsn: "host={self.postgres.host} user=basewatch dbname=postgres", password: watch}}
    - {{name: standby, dsn: "host={self.standby.host} user=basewatch dbname=postgres", password: watch}}
    - {{name: pool, dsn: "host={self.bouncer.host} port=6432 user=watch dbname=pgbouncer", password: watch}}
  redis:
    - {{name: cache, url: "redis://{self.redis.where}",
       collectors: {{keys: {{every: 5s, check: ["key:1*"], count: ["key:*"], groups: ["^(key):"], streams: [events]}}}}}}
    - {{name: replica, url: "redis://{self.replica.where}"}}
    - {{name: sentinel, url: "redis://{self.sentinel.host}:{self.sentinel.port}"}}
site: {self.folder}/site.yml
"""

    def textfiles(self):
        """What the jobs of the handbook on backups write."""
        room, now = self.room("textfile"), int(time.time())
        (room / "backup.prom").write_text("".join(
            f'backup_last_success_timestamp_seconds{{backup="{name}"}} {now - age}\n'
            f'backup_last_duration_seconds{{backup="{name}"}} {took}\nbackup_last_size_bytes{{backup="{name}"}} {size}\n'
            for name, age, took, size in (("cluster", 11 * 3600, 840, 18.2e9), ("dump", 10 * 3600, 310, 2.1e9),
                                          ("storage", 1800, 45, 6.4e9))))
        (room / "restore.prom").write_text(f"restore_last_success_timestamp_seconds {now - 12 * 86400}\n"
                                           "restore_last_duration_seconds 2340\n")
        return room

    def generate(self):
        site = self.folder / "site.yml"
        address_file = self.folder / "slack.url"
        address_file.write_text(self.receivers.url + "/slack/chat\n")
        # A limit that every disk is above, so that something fires and somebody is told.
        site.write_text("version: 1\nintervals: {scrape: 1s, timeout: 1s, evaluation: 1s}\n"
                        "thresholds: {filesystem_full_ratio: 0.999, filesystem_low_ratio: 0.9999}\n"
                        f'receivers: {{chat: {{slack: {{api_url_file: {address_file}, channel: "#alerts"}}}}}}\n' + BROKEN)
        subprocess.run([BASEWATCH, "generate", "--site", site, "--out", self.folder], check=True, capture_output=True)

    def stand_in(self, job):
        begun = time.time() - 3600
        return Pages(self.add_cleanup, lambda _: page_of(job, begun), port=9000).url.removeprefix("http://")


def main():
    import contextlib
    # Whoever ends the demo ends its servers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.ExitStack() as stack:
        demo = Demo(stack.callback)
        wait_until("all is up", lambda: not demo.prometheus.query("up == 0") and len(demo.prometheus.query("up")) > 10)
        print(f"Prometheus {demo.prometheus.url}\nboards {demo.folder}/dashboards", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
