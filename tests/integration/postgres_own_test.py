"""What basewatch tells of PostgreSQL beside its peer, each provoked in a real server and read with the rights
of the monitoring role alone."""
import subprocess
import time
import unittest

from support.postgres import Postgres, monitoring_role
from support.servers import Agent, get, scratch, wait_until

ARCHIVE = "test ! -e {folder}/refuse"
QUICK = ("blocking", "archive", "vacuum_due", "sequences", "indexes", "table_bloat", "index_bloat", "settings_pending")
CONFIG = """node: db-1
exporters:
  postgres:
    - name: main
      dsn: "host={host} user=basewatch dbname=postgres"
      password_file: {folder}/password
      databases: {{all: false}}
      collectors: {{{collectors}}}
"""

# 40000 rows, nine in ten deleted; three indexes that nobody needs; numbers that come to their end.
SHOP = """
CREATE TABLE orders (id serial PRIMARY KEY, plan text, note text);
INSERT INTO orders (plan, note) SELECT 'p' || i % 3, repeat('x', 100) || i FROM generate_series(1, 40000) i;
CREATE INDEX orders_plan ON orders (plan);
CREATE INDEX orders_plan_again ON orders (plan);
CREATE INDEX orders_note ON orders (note);
CREATE UNIQUE INDEX orders_id_again ON orders (id);
SELECT setval('orders_id_seq', 1932735283);
CREATE TABLE small (id smallint GENERATED ALWAYS AS IDENTITY, wide bigint);
ALTER TABLE small ALTER id SET MAXVALUE 32767; SELECT setval('small_id_seq', 16384);
CREATE SEQUENCE downward INCREMENT -1 MINVALUE -100 MAXVALUE -1; SELECT setval('downward', -91);
CREATE SEQUENCE circle MAXVALUE 10 CYCLE; SELECT setval('circle', 10);
CREATE SEQUENCE unused;
"""


def parse(text):
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def table(name, **labels):
    labels = dict({"datname": "postgres", "schemaname": "public", "relname": "orders"}, **labels)
    return f"basewatch_postgres_{name}{{" + ",".join(f'{key}="{labels[key]}"' for key in sorted(labels)) + "}"


class PostgresOwnTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = scratch()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = cls.scratch.name
        archive = ARCHIVE.format(folder=cls.folder)
        cls.server = Postgres(cls.folder, max_connections=30, max_prepared_transactions=5, wal_level="logical",
                              archive_mode="on", archive_command=f"'{archive}'", max_slot_wal_keep_size="200MB")
        cls.addClassCleanup(cls.server.stop)
        monitoring_role(cls.server)
        with open(f"{cls.folder}/password", "w") as file:
            file.write("watch\n")
        cls.agent = Agent(cls.folder, CONFIG.format(
            host=cls.server.host, folder=cls.folder,
            collectors=", ".join(f"{name}: {{every: 1s}}" for name in QUICK)))
        cls.addClassCleanup(cls.agent.stop)

    def page(self):
        status, text = get(f"{self.agent.url}/metrics/postgres/main", timeout=30)
        self.assertEqual(200, status)
        return parse(text)

    def until(self, what, condition, seconds=60):
        """A page for which the condition holds; scrapes and the background bring it in their time."""
        def look():
            page = self.page()
            return page if condition(page) else None
        return wait_until(what, look, seconds)

    def value(self, name):
        return lambda page: page.get(f"basewatch_postgres_{name}", -1)

    def test_every_query_runs_under_the_role(self):
        names = ("connections", "activity_longest", "xmin_age", "prepared_transactions", "standbys", "wal_activity",
                 "database_sessions") + QUICK
        page = self.until("all have run", lambda page: all(
            f'pg_scrape_collector_success{{collector="{name}"}}' in page for name in names))
        for name in names:
            self.assertEqual(1, page[f'pg_scrape_collector_success{{collector="{name}"}}'], name)
        self.assertEqual(1, page['pg_scrape_collector_success{collector="stat_io"}'], "absent for its version")
        self.assertEqual(0, page["basewatch_postgres_standbys"])
        self.assertGreater(page["basewatch_postgres_wal_written_bytes_total"], 1e6)
        self.assertGreater(page["basewatch_postgres_wal_records_total"], 0)
        self.assertGreater(page['basewatch_postgres_sessions_total{datname="postgres"}'], 0)

    def test_connections(self):
        self.server.sql("CREATE ROLE api LOGIN CONNECTION LIMIT 4")
        self.addCleanup(self.server.sql, "DROP ROLE api")
        before = self.until("the role is seen", lambda page: 'basewatch_postgres_role_connections{rolname="api"}' in page)
        self.assertEqual(27, before["basewatch_postgres_client_connections_limit"])
        self.assertEqual(4, before['basewatch_postgres_role_connections_limit{rolname="api"}'])
        self.assertEqual(0, before['basewatch_postgres_role_connections{rolname="api"}'])
        with self.server.session("SELECT 1;"), self.server.session("SELECT 1;"):
            page = self.until("both are seen", lambda page: page.get(
                'basewatch_postgres_role_connections{rolname="postgres"}', 0) >= 2)
            own = page['basewatch_postgres_role_connections{rolname="basewatch"}']
            self.assertEqual(page["basewatch_postgres_client_connections"],
                             own + page['basewatch_postgres_role_connections{rolname="postgres"}'])
        self.assertEqual(5, page['basewatch_postgres_role_connections_limit{rolname="basewatch"}'])
        self.assertEqual(27, page['basewatch_postgres_role_connections_limit{rolname="postgres"}'])

    def test_a_blocked_session_and_who_is_to_blame(self):
        self.server.sql("CREATE TABLE door (id int PRIMARY KEY); INSERT INTO door VALUES (1)")
        self.addCleanup(self.server.sql, "DROP TABLE door")
        # The two wait in one queue: one waits for the other, but only one session is to blame.
        with self.server.session("BEGIN; UPDATE door SET id = 2;"):
            waiting = [subprocess.Popen(["psql", "-Xqc", "UPDATE door SET id = 3"], stderr=subprocess.DEVNULL,
                                        env=self.server.environment()) for _ in range(2)]
            page = self.until("both wait", lambda page: self.value("blocked_sessions")(page) == 2
                              and self.value("blocked_longest_seconds")(page) > 1
                              and self.value("statement_longest_seconds")(page) > 1
                              and self.value("idle_in_transaction_longest_seconds")(page) > 1)
            self.assertEqual(1, page["basewatch_postgres_blocking_sessions"])
            self.assertGreater(page['basewatch_postgres_xmin_age_transactions{holder="session"}'], 0)
        for process in waiting:
            process.wait()
        page = self.until("nobody waits", lambda page: self.value("blocked_sessions")(page) == 0
                          and self.value("idle_in_transaction_longest_seconds")(page) == 0)
        self.assertEqual(0, page["basewatch_postgres_blocked_longest_seconds"])
        self.assertEqual(0, page["basewatch_postgres_blocking_sessions"])

    def test_prepared_transactions_block_and_hold_vacuum_back(self):
        self.server.sql("CREATE TABLE deal (id int PRIMARY KEY); INSERT INTO deal VALUES (1)")
        self.addCleanup(self.server.sql, "DROP TABLE deal")
        self.server.sql("BEGIN; UPDATE deal SET id = 2; PREPARE TRANSACTION 'forgotten'")
        held = 'basewatch_postgres_xmin_age_transactions{holder="prepared transaction"}'
        try:
            waiting = subprocess.Popen(["psql", "-Xqc", "UPDATE deal SET id = 3"], env=self.server.environment())
            page = self.until("it is seen", lambda page: page.get(held, 0) > 0
                              and self.value("blocking_sessions")(page) == 1)
            self.assertEqual(1, page["basewatch_postgres_prepared_transactions"])
            self.assertGreater(page["basewatch_postgres_prepared_transaction_oldest_seconds"], 0)
        finally:
            self.server.sql("ROLLBACK PREPARED 'forgotten'")
            waiting.wait()
        page = self.until("it is gone", lambda page: page.get(held) == 0)
        self.assertEqual(0, page["basewatch_postgres_prepared_transaction_oldest_seconds"])

    def test_a_slot_that_nobody_reads(self):
        self.server.sql("SELECT pg_create_logical_replication_slot('etl', 'pgoutput')")
        self.addCleanup(self.server.sql, "SELECT pg_drop_replication_slot('etl')")
        self.server.sql("CREATE TABLE bulk AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 3000)")
        self.addCleanup(self.server.sql, "DROP TABLE bulk")
        held = 'basewatch_postgres_xmin_age_transactions{holder="slot catalog"}'
        page = self.until("it holds WAL back", lambda page: page.get(
            'pg_replication_slots_pg_wal_lsn_diff{database="postgres",slot_name="etl"}', 0) > 1e6 and page.get(held, 0) > 0)
        self.assertEqual(0, page['pg_replication_slots_active{database="postgres",slot_name="etl"}'])
        self.assertGreater(page['pg_replication_slots_safe_wal_size_bytes{slot_name="etl",slot_type="logical"}'], 1e6)
        self.assertEqual(200 * 1024 ** 2, page["pg_settings_max_slot_wal_keep_size_bytes"])

    def test_an_archive_that_refuses(self):
        switch = "SELECT pg_switch_wal(); SELECT txid_current(); CHECKPOINT"
        fill = "CREATE TABLE fill AS SELECT repeat('y', 1000) AS y FROM generate_series(1, 500); DROP TABLE fill"
        self.server.sql(fill + "; " + switch)
        page = self.until("all is archived but crumbs", lambda page: self.value("archive_missing_bytes")(page) != -1
                          and self.value("archive_recovery_point_age_seconds")(page) == 0)
        self.assertEqual(1, page["basewatch_postgres_archive_enabled"])
        self.assertEqual(0, page["basewatch_postgres_archive_failing"])
        self.assertLessEqual(page["basewatch_postgres_archive_missing_bytes"], 32768)
        refuse = f"{self.folder}/refuse"
        with open(refuse, "w"):
            pass
        self.server.sql(fill + "; " + switch)
        self.server.sql(fill)
        page = self.until("it fails", lambda page: self.value("archive_failing")(page) == 1
                          and self.value("archive_recovery_point_age_seconds")(page) > 1)
        self.assertGreaterEqual(page["basewatch_postgres_archive_ready_files"], 1)
        self.assertGreater(page["basewatch_postgres_archive_ready_oldest_seconds"], 0)
        self.assertGreater(page["basewatch_postgres_archive_missing_bytes"], 32768)
        subprocess.run(["rm", refuse], check=True)
        self.server.sql(switch)
        page = self.until("it works again", lambda page: self.value("archive_failing")(page) == 0
                          and self.value("archive_ready_files")(page) == 0)
        self.assertEqual(0, page["basewatch_postgres_archive_ready_oldest_seconds"])

    def test_tables_indexes_and_sequences(self):
        self.server.sql(SHOP)
        self.addCleanup(self.server.sql, "DROP TABLE orders, small; DROP SEQUENCE downward, circle, unused")
        with self.assertRaises(RuntimeError):  # plan is not unique, so what is begun is left behind
            self.server.sql("CREATE UNIQUE INDEX CONCURRENTLY orders_broken ON orders (plan)")
        self.server.sql("ANALYZE orders")
        broken = table("index_invalid", indexrelname="orders_broken")
        page = self.until("indexes are seen", lambda page: broken in page
                          and table("index_duplicate_bytes", indexrelname="orders_plan_again") in page)
        self.assertNotIn(table("table_bloat_bytes"), page)
        self.assertIn(table("index_duplicate_bytes", indexrelname="orders_id_again"), page)
        self.assertIn(table("index_unused_bytes", indexrelname="orders_note"), page)
        for index in ("orders_plan", "orders_pkey"):  # the first of two alike, and what a constraint needs
            self.assertNotIn(table("index_duplicate_bytes", indexrelname=index), page)
        self.assertNotIn(table("index_unused_bytes", indexrelname="orders_pkey"), page)
        self.assert_sequences()
        self.server.sql("DELETE FROM orders WHERE id % 10 <> 0; SELECT pg_stat_force_next_flush()")
        due = table("table_vacuum_due_ratio")
        page = self.until("vacuum is due", lambda page: page.get(due, 0) > 1)
        self.assertAlmostEqual(36000 / (50 + 0.2 * 40000), page[due], delta=0.1)
        self.assertEqual(1, page['basewatch_postgres_tables_vacuum_due{datname="postgres"}'])
        self.server.sql("VACUUM ANALYZE orders")
        self.server.sql("ALTER TABLE small SET (autovacuum_enabled = off)")
        bloat = table("table_bloat_ratio")
        page = self.until("bloat is estimated", lambda page: bloat in page and due not in page)
        self.assertAlmostEqual(0.9, page[bloat], delta=0.03)
        index = table("index_bloat_ratio", indexrelname="orders_note")
        self.assertGreater(self.until("of indexes, too", lambda page: index in page)[index], 0.8)
        self.until("autovacuum is off for one", lambda page: page.get(
            'basewatch_postgres_tables_autovacuum_off{datname="postgres"}') == 1)

    def assert_sequences(self):
        def of(name):
            return f'basewatch_postgres_sequence_used_ratio{{datname="postgres",schemaname="public",sequencename="{name}"}}'
        page = self.until("sequences are seen", lambda page: of("small_id_seq") in page)
        self.assertAlmostEqual(0.9, page[of("orders_id_seq")], places=6)  # of an integer, though the sequence is
        self.assertAlmostEqual(0.5, page[of("small_id_seq")], places=3)
        self.assertAlmostEqual(90 / 99, page[of("downward")], places=6)
        self.assertNotIn(of("circle"), page)
        self.assertNotIn(of("unused"), page)

    def test_a_setting_that_waits_for_a_restart(self):
        self.server.sql("ALTER SYSTEM SET max_connections = 40")
        self.server.sql("SELECT pg_reload_conf()")
        self.until("it is seen", lambda page: self.value("settings_pending_restart")(page) == 1)
        self.server.sql("ALTER SYSTEM SET max_connections = 30")
        self.server.sql("SELECT pg_reload_conf()")
        self.until("it is taken back", lambda page: self.value("settings_pending_restart")(page) == 0)

    def test_an_index_that_is_being_built_is_not_invalid(self):
        self.server.sql("CREATE TABLE site AS SELECT 1 AS id")
        self.addCleanup(self.server.sql, "DROP TABLE site")
        with self.server.session("BEGIN; INSERT INTO site VALUES (2);"):  # the build waits for it
            build = subprocess.Popen(["psql", "-Xqc", "CREATE INDEX CONCURRENTLY site_id ON site (id)"],
                                     env=self.server.environment())
            wait_until("it is built", lambda: self.server.sql(
                "SELECT count(*) FROM pg_stat_progress_create_index") == [["1"]])
            begin = time.monotonic()
            page = self.until("the background came by", lambda page: time.monotonic() - begin > 2.5)
            self.assertNotIn(table("index_invalid", relname="site", indexrelname="site_id"), page)
        build.wait()


if __name__ == "__main__":
    unittest.main()
