"""PgBouncer's admin console as an instance of the postgres exporter: the real PgBouncer of Debian, and a
console of another make (one that does not call itself a bouncer, with columns of newer versions)."""
import os
import re
import signal
import socketserver
import struct
import subprocess
import threading
import unittest

from support.postgres import PgBouncer, Postgres, Scraper, wait_until
from support.servers import Agent, address, get, scratch

CONFIG = """node: db-1
exporters:
  postgres:
    - {{name: console, job: pgbouncer, dsn: "host={bouncer} port=6432 user=watch dbname=pgbouncer", password_file: {folder}/password}}
    - {{name: other, kind: pgbouncer, dsn: "host={other} port=6432 user=watch password=x dbname=admin"}}
"""
# Of PgBouncer 1.24, which has columns that 1.18 has not; a console may lack any that we know.
ANSWERS = {
    "SHOW VERSION": (["version"], [["Stand-in 3.1"]]),
    "SHOW DATABASES": (["name", "host", "port", "database", "force_user", "pool_size", "min_pool_size",
                        "reserve_pool_size", "pool_mode", "max_connections", "current_connections", "paused",
                        "disabled"],
                       [["app", None, "5432", "app", None, "15", "0", "7", "transaction", "0", "4", "1", "0"]]),
    "SHOW POOLS": (["database", "user", "cl_active", "cl_waiting", "sv_active", "sv_idle", "maxwait", "pool_mode"],
                   [["app", "web", "12", "3", "4", "0", "9", "transaction"]]),
    "SHOW STATS_TOTALS": (["database", "server_assignment_count", "xact_count", "query_count", "bytes_received",
                           "bytes_sent", "xact_time", "query_time", "wait_time", "client_parse_count",
                           "server_parse_count", "bind_count"],
                          [["app", "40", "100", "200", "3000", "4000", "2500000", "1500000", "500000", "8", "2", "9"]]),
    "SHOW LISTS": (["list", "items"], [["databases", "1"], ["used_clients", "15"], ["peers", "2"]]),
    "SHOW CONFIG": (["key", "value", "default", "changeable"],
                    [["max_client_conn", "100", "100", "yes"], ["job_name", "pgbouncer", "pgbouncer", "no"]]),
    "SHOW CLIENTS": (["type", "user", "database", "replication", "state", "application_name"],
                     [["C", "web", "app", "none", "active", "puma"]] * 2 + [["C", "web", "app", "none", "waiting", None]]),
}


class Console(socketserver.ThreadingTCPServer):
    """Speaks the simple protocol alone, trusts everybody, and answers what is in ANSWERS."""
    allow_reuse_address = True
    daemon_threads = True

    class Handler(socketserver.BaseRequestHandler):
        def take(self, size):
            data = b""
            while len(data) < size:
                more = self.request.recv(size - len(data))
                if not more:
                    raise ConnectionError
                data += more
            return data

        def say(self, kind, body=b""):
            self.request.sendall(kind + struct.pack("!i", len(body) + 4) + body)

        def handle(self):
            try:
                code = 0
                while code != 196608:  # it may ask for TLS first
                    size, code = struct.unpack("!ii", self.take(8))
                    self.take(size - 8)
                    if code != 196608:
                        self.request.sendall(b"N")
                self.say(b"R", struct.pack("!i", 0))
                self.say(b"S", b"server_version\x00pooler 3.1\x00")
                self.say(b"Z", b"I")
                while True:
                    kind = self.take(1)
                    body = self.take(struct.unpack("!i", self.take(4))[0] - 4)
                    if kind == b"X":
                        return
                    self.answer(kind, body.rstrip(b"\x00").decode())
            except (ConnectionError, OSError):
                pass

        def answer(self, kind, sql):
            self.server.asked.append((kind, sql))
            if kind != b"Q" or sql not in ANSWERS:
                self.say(b"E", b"SERROR\x00C42601\x00Mnot understood\x00\x00")
            else:
                columns, rows = ANSWERS[sql]
                self.say(b"T", struct.pack("!h", len(columns)) + b"".join(
                    name.encode() + b"\x00" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0) for name in columns))
                for row in rows:
                    cells = b"".join(struct.pack("!i", -1) if cell is None else
                                     struct.pack("!i", len(cell)) + cell.encode() for cell in row)
                    self.say(b"D", struct.pack("!h", len(row)) + cells)
                self.say(b"C", b"SHOW\x00")
            self.say(b"Z", b"I")

    def __init__(self):
        self.asked = []
        self.host = address()
        super().__init__((self.host, 6432), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class Pooler(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = scratch()
        cls.folder = cls.scratch.name
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.server = Postgres(cls.folder)
        cls.addClassCleanup(cls.server.stop)
        cls.server.sql("CREATE ROLE web LOGIN PASSWORD 'web'")
        cls.start_bouncer()
        cls.addClassCleanup(lambda: cls.bouncer.stop())
        cls.console = Console()
        cls.addClassCleanup(cls.console.stop)
        cls.password("watch")
        cls.agent = Agent(cls.folder, CONFIG.format(bouncer=cls.bouncer.host, other=cls.console.host, folder=cls.folder))
        cls.addClassCleanup(cls.agent.stop)
        cls.scraper = Scraper(cls.agent)

    def up(self, name="console"):
        """Its page, once it is up."""
        return self.scraper.becomes(name, "pgbouncer_up", 1)

    def down(self, seconds=10):
        page = self.scraper.page("console", seconds=seconds)
        self.assertEqual(0, page["pgbouncer_up"])
        return page

    @classmethod
    def start_bouncer(cls, host=None):
        cls.bouncer = PgBouncer(cls.folder, cls.server, "web", "web", users=[("watch", "watch")], host=host,
                                stats_users="watch", max_client_conn=50)

    @classmethod
    def password(cls, text):
        with open(os.path.join(cls.folder, "password"), "w") as file:
            file.write(text + "\n")

    def logged(self, pattern):
        try:
            wait_until(f"the log says {pattern}", lambda: re.search(pattern, self.agent.output()), 15)
        except AssertionError as error:
            raise AssertionError(f"{error}; it says:\n{self.agent.output()}") from None

    def psql(self, sql):
        return subprocess.run(["psql", "-XqAt", "-c", sql], check=True, capture_output=True, text=True,
                              env=dict(self.server.environment("web", "web"), PGHOST=self.bouncer.host,
                                       PGPORT="6432")).stdout

    def test_the_console_of_pgbouncer(self):
        for _ in range(3):
            self.psql("SELECT pg_sleep(0.01)")
        page = self.up()
        self.assertEqual(1, page['pgbouncer_version_info{version="PgBouncer 1.18.0"}'])
        self.assertEqual(50, page["pgbouncer_config_max_client_connections"])
        self.assertEqual(0, page["pgbouncer_config_max_user_connections"])
        self.assertEqual(1, page["pgbouncer_used_clients"])  # ours
        self.assertEqual(1, page['pgbouncer_client_connections{application_name="basewatch",database="pgbouncer",'
                                 'state="active",user="watch"}'])
        self.assertEqual(3, page['pgbouncer_stats_totals_queries_pooled_total{database="postgres"}'])
        self.assertGreater(page['pgbouncer_stats_totals_queries_duration_seconds_total{database="postgres"}'], 0.03)
        self.assertLess(page['pgbouncer_stats_totals_queries_duration_seconds_total{database="postgres"}'], 10)
        self.assertEqual(1, page['pgbouncer_pools_server_idle_connections{database="postgres",user="web"}'])
        self.assertEqual(0, page['pgbouncer_pools_client_maxwait_seconds{database="postgres",user="web"}'])
        own = 'database="pgbouncer",force_user="pgbouncer",host="",name="pgbouncer",pool_mode="statement",port="6432"'
        self.assertEqual(2, page[f"pgbouncer_databases_pool_size{{{own}}}"])
        self.assertIn(f"pgbouncer_databases_reserve_pool{{{own}}}", page)
        # Nothing of PostgreSQL's: its rules would call the pooler a server that is down.
        self.assertEqual([], [name for name in page if name.startswith("pg_")])

    def test_all_that_the_peer_has(self):
        """Every family of pgbouncer_exporter 0.12 that 1.18 has columns for, and its type."""
        self.up()
        text = self.agent.page("/metrics/postgres/console")
        types = dict(re.findall(r"(?m)^# TYPE (pgbouncer_\S+) (\S+)$", text))
        declared = [name for name in types if not name.startswith("pgbouncer_stats_totals")]
        self.assertEqual({"gauge"}, {types[name] for name in declared})
        self.assertEqual({"counter"}, {kind for name, kind in types.items() if name not in declared})
        expected = """pgbouncer_up pgbouncer_version_info
            pgbouncer_databases_pool_size pgbouncer_databases_reserve_pool pgbouncer_databases_max_connections
            pgbouncer_databases_current_connections pgbouncer_databases_paused pgbouncer_databases_disabled
            pgbouncer_pools_client_active_connections pgbouncer_pools_client_active_cancel_connections
            pgbouncer_pools_client_waiting_connections pgbouncer_pools_client_waiting_cancel_connections
            pgbouncer_pools_server_active_connections pgbouncer_pools_server_active_cancel_connections
            pgbouncer_pools_server_being_canceled_connections pgbouncer_pools_server_idle_connections
            pgbouncer_pools_server_used_connections pgbouncer_pools_server_testing_connections
            pgbouncer_pools_server_login_connections pgbouncer_pools_client_maxwait_seconds
            pgbouncer_stats_totals_queries_pooled_total pgbouncer_stats_totals_queries_duration_seconds_total
            pgbouncer_stats_totals_received_bytes_total pgbouncer_stats_totals_sent_bytes_total
            pgbouncer_stats_totals_client_wait_seconds_total pgbouncer_stats_totals_sql_transactions_pooled_total
            pgbouncer_stats_totals_server_in_transaction_seconds_total
            pgbouncer_databases pgbouncer_users pgbouncer_pools pgbouncer_free_clients pgbouncer_used_clients
            pgbouncer_login_clients pgbouncer_free_servers pgbouncer_used_servers pgbouncer_cached_dns_names
            pgbouncer_cached_dns_zones pgbouncer_in_flight_dns_queries pgbouncer_config_max_client_connections
            pgbouncer_config_max_user_connections pgbouncer_client_connections""".split()
        self.assertEqual(sorted(expected), sorted(types))

    def test_the_names_of_the_target(self):
        status, text = get(self.agent.url + "/metrics")
        self.assertEqual(200, status)
        self.assertIn('pgbouncer_up{job="pgbouncer",instance="db-1/console",node="db-1"} 1', text)

    def test_a_console_of_another_make(self):
        page = self.up("other")
        self.assertEqual({b"Q"}, {kind for kind, _ in self.console.asked}, "only the simple protocol")
        self.assertEqual(set(ANSWERS), {sql for _, sql in self.console.asked}, "and nothing but SHOW")
        labels = 'database="app",force_user="",host="",name="app",pool_mode="transaction",port="5432"'
        self.assertEqual(7, page[f"pgbouncer_databases_reserve_pool{{{labels}}}"])
        self.assertEqual(1, page[f"pgbouncer_databases_paused{{{labels}}}"])
        self.assertEqual(9, page['pgbouncer_pools_client_maxwait_seconds{database="app",user="web"}'])
        self.assertEqual(1.5, page['pgbouncer_stats_totals_queries_duration_seconds_total{database="app"}'])
        self.assertEqual(40, page['pgbouncer_stats_totals_server_assignments_total{database="app"}'])
        self.assertEqual(9, page['pgbouncer_stats_totals_binds_total{database="app"}'])
        self.assertEqual(2, page['pgbouncer_client_connections{application_name="puma",database="app",'
                                 'state="active",user="web"}'])
        self.assertNotIn('pgbouncer_pools_server_login_connections{database="app",user="web"}', page)
        self.assertNotIn("pgbouncer_users", page)

    def test_a_wrong_password_then_the_right_one(self):
        self.addCleanup(self.password, "watch")
        self.password("wrong-secret")
        pid = self.bouncer.process.pid
        self.restart()  # the connection that there was is gone
        self.assertNotEqual(pid, self.bouncer.process.pid)
        page = self.down()
        self.assertNotIn("pgbouncer_used_clients", page)
        self.logged(r"postgres/console.*fails: watch@.*(password|auth)")
        self.assertNotIn("wrong-secret", self.agent.output())
        self.up("other")
        self.password("watch")
        self.up()

    def restart(self):
        self.bouncer.stop()
        self.start_bouncer(self.bouncer.host)

    def test_it_stops_and_comes_back(self):
        self.up()
        self.bouncer.stop()
        self.down()
        self.start_bouncer(self.bouncer.host)
        self.up()

    def test_it_stands_still(self):
        self.up()
        self.bouncer.signal(signal.SIGSTOP)
        try:
            for _ in range(3):
                self.down(seconds=2)
            self.up("other")
        finally:
            self.bouncer.signal(signal.SIGCONT)
        self.up()


if __name__ == "__main__":
    unittest.main()
