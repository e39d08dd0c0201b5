"""The postgres exporter against a real PostgreSQL 15 that misbehaves in every way its users have
reported of the peer. Always: the page within the scrape's time, everything else on it, at most three
connections of an instance, one clear line in the log, and recovery without a restart."""
import contextlib
import json
import os
import re
import signal
import subprocess
import time
import unittest

from support.postgres import PgBouncer, Postgres, monitoring_role
from support.servers import Agent, get, scratch, series_of, wait_until

HBA = "host rejected all all reject\n"

# Another role for the instance with a user's queries, so that its connections can be counted.
OWN_ROLE = """
CREATE ROLE own LOGIN PASSWORD 'own';
CREATE DATABASE shop;
CREATE DATABASE rejected;
CREATE DATABASE "odd name";
CREATE DATABASE refused;
REVOKE CONNECT ON DATABASE refused FROM PUBLIC;
"""
TABLES = """
CREATE EXTENSION pg_stat_statements;
CREATE TABLE orders (id int PRIMARY KEY, plan text, price float8);
INSERT INTO orders VALUES (1, 'free', 0), (2, 'pro', 25), (3, 'pro', 25);
CREATE TABLE hidden (id int); INSERT INTO hidden VALUES (1);
ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON orders, hidden TO own;
"""
SITE = """version: 1
metrics:
  - query: own_orders
    help: Orders by plan.
    instances: [own]
    labels: [plan]
    sql: SELECT plan, count(*) AS orders, sum(price) AS price FROM orders GROUP BY 1
    columns:
      orders: {metric: shop_orders, type: gauge, unit: orders, help: Orders.}
      price: {metric: shop_price, type: gauge, unit: none, help: What they cost.}
  - query: own_wrong
    help: A column that is not there.
    instances: [own]
    sql: SELECT nowhere AS wrong FROM orders
    columns: {wrong: {metric: shop_wrong, type: gauge, help: Nothing.}}
  - query: own_sleep
    help: It sleeps.
    instances: [own]
    sql: SELECT 1 AS slept FROM pg_sleep(60)
    columns: {slept: {metric: shop_slept, type: gauge, help: Nothing.}}
  - query: own_million
    help: Too many rows.
    instances: [own]
    labels: [n]
    max_rows: 1000
    sql: SELECT generate_series(1, 1000000) AS n, 1 AS one
    columns: {one: {metric: shop_one, type: gauge, help: Ones.}}
  - query: own_twice
    help: Two rows with one label.
    instances: [own]
    labels: [plan]
    sql: SELECT plan, id AS number FROM orders ORDER BY id
    columns: {number: {metric: shop_number, type: gauge, help: Numbers.}}
  - query: own_hidden
    help: Rows that row security hides.
    instances: [own]
    requires: {relation: public.hidden}
    sql: SELECT count(*) AS rows FROM hidden
    columns: {rows: {metric: shop_hidden, type: gauge, help: Rows.}}
  - query: own_pools
    help: PgBouncer's pools.
    instances: [console]
    requires: {server: pgbouncer}
    labels: [database, user]
    sql: SHOW POOLS
    columns: {cl_active: {metric: bouncer_clients_active, type: gauge, help: Clients.}}
  - query: own_each
    help: Of every database.
    instances: [own]
    on: {database: each}
    labels: [datname]
    sql: SELECT current_database() AS datname, 1 AS here, 7 AS whatever
    columns:
      here: {metric: shop_here, type: gauge, help: Always 1.}
      whatever: {metric: shop_whatever, type: untyped, help: Who knows what it is.}
"""
CONFIG = """node: db-1
site: {folder}/site.yml
exporters:
  postgres:
    - {{name: main, dsn: "host={host} user=basewatch dbname=postgres", password_file: {folder}/password}}
    - {{name: own, dsn: "postgresql://own:own@{host}:5432/postgres", databases: {{exclude: "^(rejected|refused)$"}}, collectors: {{stat_user_tables_size: {{every: 1s}}}}}}
    - {{name: pooled, dsn: "postgresql://own:own@{bouncer}:6432/postgres", databases: {{all: false}}}}
    - {{name: console, dsn: "host={bouncer} port=6432 user=own password=own dbname=pgbouncer"}}
    - {{name: bare, dsn: "host={host} user=bare password=bare dbname=postgres", databases: {{all: false}}}}
"""


class PostgresTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.answered = {}  # when the last page of each instance came
        cls.scratch = scratch()
        cls.folder = cls.scratch.name
        cls.server = Postgres(cls.folder, hba=HBA, max_connections=20)
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.addClassCleanup(cls.server.stop)
        cls.server.sql(OWN_ROLE)
        cls.server.sql("CREATE ROLE bare LOGIN PASSWORD 'bare'")
        monitoring_role(cls.server)
        cls.server.sql(TABLES)
        bouncer = PgBouncer(cls.folder, cls.server, "own", "own")
        cls.addClassCleanup(bouncer.stop)
        cls.bouncer = bouncer
        cls.write("password", "watch\n")
        cls.write("site.yml", SITE)
        cls.agent = Agent(cls.folder, CONFIG.format(host=cls.server.host, bouncer=bouncer.host, folder=cls.folder))
        cls.addClassCleanup(cls.agent.stop)

    @classmethod
    def write(cls, name, text):
        with open(os.path.join(cls.folder, name), "w") as file:
            file.write(text)

    def page(self, name="main", seconds=5, query=""):
        """The page as a scrape with this timeout gets it: in time, whatever has happened."""
        begin = time.monotonic()
        status, text = get(f"{self.agent.url}/metrics/postgres/{name}{query}", timeout=30,
                           headers={"X-Prometheus-Scrape-Timeout-Seconds": str(seconds)})
        self.answered[name] = time.monotonic()
        took = self.answered[name] - begin
        self.assertEqual(200, status, text)
        self.assertLess(took, seconds, "the page came too late")
        page = series_of(text)
        # One that the server has just refused may take a moment to go.
        wait_until("there are three connections at most", lambda: len(self.server.backends()) <= 3, 2)
        return page

    def fresh(self, name="main", seconds=5):
        """A page that no scrape before it has asked for: results are reused for a second."""
        time.sleep(max(0, self.answered.get(name, 0) + 1.02 - time.monotonic()))
        return self.page(name, seconds)

    def has(self, page, series):  # without the whole page in the message
        self.assertTrue(series in page, f"there is no {series}")

    def lacks(self, page, series):
        self.assertFalse(series in page, f"there is {series}")

    def logged(self, pattern):
        """The line may come a moment after the page."""
        wait_until(f"the log says {pattern}", lambda: re.search(pattern, self.own_log()), 5)

    def own_log(self):
        return self.agent.output()

    @contextlib.contextmanager
    def told_once(self, pattern):
        """What happens inside is one line in the log, however many scrapes see it."""
        before = len(self.own_log())
        yield
        self.logged(pattern)
        self.assertEqual(1, len(re.findall(pattern, self.own_log()[before:])), pattern)

    def failed(self, page):
        return {name for name, value in page.items() if name.startswith("pg_scrape_collector_success") and value == 0}

    def collectors(self, name):
        """What the status page tells of the instance's collectors, by name."""
        status = json.loads(get(self.agent.url + "/api/v1/status")[1])
        found = next(each for each in status["instances"] if each["exporter"] == "postgres" and each["name"] == name)
        return {each["name"]: each for each in found["collectors"]}

    def assert_whole(self, page):
        self.assertEqual(1, page["pg_up"])
        # What runs in the background, and had its turn while the server was away, has its next one later.
        background = {f'pg_scrape_collector_success{{collector="{name}"}}'
                      for name, each in self.collectors("main").items() if each["every_seconds"] > 0}
        # Of this server: no standby, no extension of version 16.
        self.assertEqual(set(), self.failed(page) - background)
        for name in ("pg_stat_database_numbackends", "pg_settings_max_connections", "pg_locks_count",
                     "pg_stat_user_tables_n_live_tup", "pg_stat_activity_count", "pg_wal_segments",
                     "pg_stat_statements_calls_total", "pg_static"):
            self.assertTrue(any(series.startswith(name) for series in page), name)

    def test_everything_is_served_to_the_least_privilege_role(self):
        wait_until("the background has been everywhere",
                   lambda: 'pg_stat_user_tables_table_size_bytes{datname="postgres",relname="orders",'
                           'schemaname="public"}' in self.page()
                   and 'basewatch_postgres_database_success{datname="shop"}' in self.page())
        page = self.page()
        self.assert_whole(page)
        self.assertEqual(1, page['basewatch_postgres_database_success{datname="shop"}'])
        self.assertEqual(1, page['basewatch_postgres_database_success{datname="odd name"}'])
        self.assertEqual(0, page['basewatch_postgres_database_success{datname="rejected"}'])
        self.lacks(page, 'basewatch_postgres_database_success{datname="refused"}')
        self.assertGreater(page['pg_database_size_bytes{datname="shop"}'], 1e6)
        own = wait_until("also for a user's query", lambda: (lambda page: 'shop_here{datname="shop"}' in page
                                                             and page)(self.page("own")))
        self.has(own, 'shop_here{datname="postgres"}')
        self.assertEqual(7, own['shop_whatever{datname="postgres"}'])
        self.assertIn("# TYPE shop_whatever untyped\n", get(f"{self.agent.url}/metrics/postgres/own")[1])

    def test_a_users_queries_and_their_faults(self):
        page = self.page("own")
        self.assertEqual(2, page['shop_orders{plan="pro"}'])
        self.assertEqual(50, page['shop_price{plan="pro"}'])
        self.assertEqual(1000, sum(name.startswith("shop_one{") for name in page))
        self.assertGreaterEqual(page['basewatch_postgres_truncated_results_total{collector="own_million"}'], 1)
        self.lacks(page, "shop_slept")
        self.lacks(page, "shop_hidden")
        self.assertEqual({"free": 1, "pro": 2}, {plan: page[f'shop_number{{plan="{plan}"}}'] for plan in ("free", "pro")})
        self.logged("1 duplicate series left out")
        for name in ("own_wrong", "own_sleep"):
            self.assertEqual(0, page[f'pg_scrape_collector_success{{collector="{name}"}}'])
        self.assertEqual(1, page["pg_up"])
        self.logged(r'own_wrong fails: .*site\.yml:11:12: column .*nowhere.* does not exist')
        self.logged(r'own_sleep fails: .*site\.yml:16:12: canceling statement due to statement timeout')
        self.logged("more than 1000 rows")

    def test_a_column_that_turns_null_then_text(self):
        self.addCleanup(self.server.sql, "DROP TABLE orders; " + TABLES.split(";", 1)[1].split("CREATE TABLE hidden")[0]
                        + "; GRANT SELECT ON orders TO own")
        self.has(self.fresh("own"), 'shop_price{plan="pro"}')
        self.server.sql("UPDATE orders SET price = NULL")
        page = self.fresh("own")
        self.lacks(page, 'shop_price{plan="pro"}')
        self.assertEqual(2, page['shop_orders{plan="pro"}'])
        self.server.sql("DROP TABLE orders; CREATE TABLE orders (id int, plan text, price interval);"
                        "GRANT SELECT ON orders TO own; INSERT INTO orders VALUES (1, 'pro', '1 day')")
        page = self.fresh("own")
        self.lacks(page, 'shop_orders{plan="pro"}')
        self.assertEqual(0, page['pg_scrape_collector_success{collector="own_orders"}'])
        self.logged(r"own_orders fails: .*site\.yml:3:12: the column 'price' holds "
                                         r"'1 day', which is no number")
        self.has(page, "pg_settings_max_connections")
        self.server.sql("ALTER TABLE orders ALTER price TYPE float8 USING 25")
        self.assertEqual(25, self.fresh("own")['shop_price{plan="pro"}'])

    def test_an_exclusive_lock(self):
        def size(table):
            return f'pg_stat_user_tables_table_size_bytes{{datname="postgres",relname="{table}",schemaname="public"}}'
        wait_until("sizes are there", lambda: size("orders") in self.fresh("own"))
        with self.server.session("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE;"):
            with self.told_once("own_orders fails: .*lock timeout; another session holds a lock"):
                for _ in range(3):
                    self.assert_whole(self.fresh())
                    page = self.fresh("own")
                    self.assertEqual(0, page['pg_scrape_collector_success{collector="own_orders"}'])
                    self.assertEqual(1000, sum(name.startswith("shop_one{") for name in page))
            page = wait_until("the size of the locked table is left out", lambda: (lambda page: size("orders") not in page
                                                                                   and page)(self.fresh("own")))
            self.has(page, size("hidden"))
        self.has(self.fresh("own"), 'shop_orders{plan="pro"}')
        wait_until("its size is there again", lambda: size("orders") in self.fresh("own"))

    def test_a_server_that_stands_still(self):
        self.fresh()
        stopped = [self.server.process.pid, *self.server.backends()]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            with self.told_once(r'postgres/main.*fails: basewatch@[^"]*has not answered'):
                for _ in range(3):
                    page = self.fresh(seconds=2)
                    self.assertEqual(0, page["pg_up"])
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        wait_until("it works again", lambda: self.fresh()["pg_up"] == 1, 20)
        self.assert_whole(self.fresh())

    def test_dropped_connections_and_a_restart(self):
        self.page()
        for _ in range(2):
            self.server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'basewatch'")
            self.assert_whole(self.fresh())
        lines = self.own_log().count("postgres/main")
        self.server.stop()
        page = self.fresh()
        self.assertEqual(0, page["pg_up"])
        self.assertEqual(1, page["pg_exporter_last_scrape_error"])
        wait_until("the log has it", lambda: self.own_log().count("postgres/main") > lines, 5)
        before = self.own_log().count("postgres/main")
        self.fresh()
        self.assertEqual(before, self.own_log().count("postgres/main"), "one line a change, none a scrape")
        self.server.start()
        self.assert_whole(self.fresh())

    def test_no_connection_is_left(self):
        sessions = []
        try:
            self.server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN "
                            "('basewatch', 'own', 'bare')")
            with self.assertRaises(RuntimeError):
                while True:
                    sessions.append(self.server.session("SELECT 1;"))
            with self.told_once("postgres/main.*fails: basewatch@.*(?:too many clients already|remaining connection slots)"):
                for _ in range(3):
                    self.assertEqual(0, self.fresh()["pg_up"])
        finally:
            for session in sessions:
                session.close()
        wait_until("it works again", lambda: self.fresh()["pg_up"] == 1, 20)

    def test_a_password_that_is_rotated(self):
        self.server.sql("ALTER ROLE basewatch PASSWORD 'rotated'")
        with self.told_once("postgres/main.*fails: basewatch@.*password authentication failed"):
            self.server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'basewatch'")
            for _ in range(3):
                self.assertEqual(0, self.fresh()["pg_up"])
        self.write("password", "rotated\n")
        self.assert_whole(self.fresh())
        for secret in ("watch\n", "rotated", "own:own"):
            self.assertNotIn(f"password={secret}", self.own_log())
        self.assertNotIn("rotated", self.own_log())

    def test_a_pooler_gets_its_connections_back_as_they_were(self):
        page = self.page("pooled")
        self.assertEqual(1, page["pg_up"])
        self.has(page, "pg_settings_max_connections")
        self.has(page, 'pg_stat_user_tables_n_live_tup{datname="postgres",relname="orders",schemaname="public"}')
        environment = dict(self.server.environment("own", "own"), PGHOST=self.bouncer.host, PGPORT="6432")
        done = subprocess.run(["psql", "-XqAt", "-c", "SELECT current_setting('default_transaction_read_only'), "
                               "current_setting('lock_timeout'), current_setting('statement_timeout'), "
                               "(SELECT count(*) FROM pg_prepared_statements)"],
                              env=environment, text=True, capture_output=True, check=True)
        self.assertEqual("off|0|0|0\n", done.stdout)

    def test_the_console_of_pgbouncer(self):
        page = self.page("console")
        self.assertEqual(1, page["pgbouncer_up"])
        self.has(page, 'bouncer_clients_active{database="pgbouncer",user="pgbouncer"}')
        self.lacks(page, "pg_settings_max_connections")

    def test_a_role_without_rights(self):
        page = self.page("bare")
        self.assertEqual(1, page["pg_up"])
        self.lacks(page, "pg_wal_segments")
        self.assertEqual(0, page['pg_scrape_collector_success{collector="wal"}'])
        self.has(page, 'pg_settings_max_connections')
        self.assertNotRegex(self.own_log(), "postgres/bare.*wal")
        wal = self.collectors("bare")["wal"]
        self.assertEqual("absent", wal["state"])
        self.assertIn("GRANT pg_monitor", wal["reason"])


if __name__ == "__main__":
    unittest.main()
