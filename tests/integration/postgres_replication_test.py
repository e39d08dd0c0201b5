"""A primary and its streaming standby: what each shows, and an agent that follows the primary through a failover
by a list of hosts."""
import os
import pathlib
import signal
import unittest

from support.postgres import Postgres, Scraper, Standby, monitoring_role, wait_until
from support.servers import Agent, scratch

CONFIG = """node: db-1
exporters:
  postgres:
    - {{name: primary, dsn: "host={primary} user=basewatch password=watch dbname=postgres", databases: {{all: false}}}}
    - {{name: standby, dsn: "host={standby} user=basewatch password=watch dbname=postgres"}}
    - {{name: writer, dsn: "postgresql://basewatch:watch@{primary},{standby}/postgres?target_session_attrs=primary", databases: {{all: false}}}}
    - {{name: read_write, dsn: "postgresql://basewatch:watch@{primary},{standby}/postgres?target_session_attrs=read-write", databases: {{all: false}}}}
    - {{name: reader, dsn: "host={primary},{standby} target_session_attrs=prefer-standby user=basewatch password=watch dbname=postgres", databases: {{all: false}}}}
"""


class Replication(unittest.TestCase):
    """Each test starts where a pair streams; the failover, which cannot be undone, has a pair of its own."""

    def pair(self):
        folder = pathlib.Path(self.enterContext(scratch()))
        for name in ("a", "b"):
            (folder / name).mkdir()
        folder.chmod(0o755)
        primary = self.enterContext(Postgres(folder / "a", wal_sender_timeout="2s"))
        monitoring_role(primary)
        # Several instances share the role here.
        primary.sql("ALTER ROLE basewatch CONNECTION LIMIT -1; CREATE EXTENSION pg_stat_statements")
        standby = self.enterContext(Standby(folder / "b", primary))
        agent = Scraper(self.enterContext(Agent(folder, CONFIG.format(primary=primary.host, standby=standby.host))))
        wait_until("it streams", lambda: primary.sql("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"))
        return primary, standby, agent

    def failed(self, page):
        return [name for name, value in page.items() if name.startswith("pg_scrape_collector_success") and value == 0]

    def families(self, page):
        return {name.split("{")[0] for name in page}

    def test_both_ends(self):
        primary, standby, agent = self.pair()
        primary.sql("CREATE TABLE t AS SELECT generate_series(1, 1000)")
        wait_until("the standby has it", lambda: standby.sql(
            "SELECT 1 WHERE pg_last_wal_replay_lsn() = pg_last_wal_receive_lsn() AND to_regclass('t') IS NOT NULL"))
        one, two = agent.becomes("primary", "pg_up", 1), agent.becomes("standby", "pg_up", 1)
        self.assertEqual([], self.failed(one))
        self.assertEqual([], self.failed(two), "nothing that only a primary serves is an error on a standby")
        self.assertEqual((0, 1), (one["pg_replication_is_replica"], two["pg_replication_is_replica"]))
        self.assertEqual(0, one["pg_replication_lag_seconds"])
        self.assertLess(two["pg_replication_lag_seconds"], 60)
        self.assertEqual(1, one['pg_replication_slots_active{database="",slot_name="standby"}'])
        self.assertIn('pg_replication_slots_wal_status{slot_name="standby",slot_type="physical",wal_status="reserved"}', one)
        lag = [value for name, value in one.items() if name.startswith("pg_stat_replication_pg_wal_lsn_diff{")]
        self.assertEqual(1, len(lag))
        self.assertLess(lag[0], 16 << 20)
        receiver = [name for name in two if name.startswith("pg_stat_wal_receiver_flushed_lsn{")]
        self.assertEqual(1, len(receiver))
        self.assertIn(f'upstream_host="{primary.host}"', receiver[0])
        self.assertIn('slot_name="standby"', receiver[0])
        self.assertNotIn("pg_stat_wal_receiver_flushed_lsn", self.families(one))
        wait_until("the background of the standby, too", lambda: "pg_database_size_bytes" in self.families(
            agent.page("standby")))
        self.assertEqual([], self.failed(agent.page("standby")))
        # What both have by the peer's names is the same but for what tells of the other end.
        only = self.families(one) ^ self.families(two)
        self.assertEqual([], [name for name in only if not name.startswith(
            ("pg_stat_wal_receiver_", "pg_stat_replication_", "pg_replication_slots_", "pg_database_size",
             "pg_stat_user_tables_table_size", "pg_stat_user_tables_index_size", "basewatch_postgres_"))], only)

    def test_a_standby_that_replays_nothing(self):
        primary, standby, agent = self.pair()
        primary.sql("CREATE TABLE before ()")  # a transaction whose time the standby knows
        wait_until("the standby has it", lambda: standby.sql(
            "SELECT 1 WHERE pg_last_xact_replay_timestamp() IS NOT NULL AND to_regclass('before') IS NOT NULL"))
        standby.sql("SELECT pg_wal_replay_pause()")
        primary.sql("CREATE TABLE t AS SELECT generate_series(1, 1000)")
        wait_until("the standby has received it", lambda: standby.sql(
            "SELECT 1 WHERE pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()"))
        self.assertGreater(agent.becomes("standby", "pg_up", 1)["pg_replication_lag_seconds"], 0)
        lag = [value for name, value in agent.becomes("primary", "pg_up", 1).items()
               if name.startswith("pg_stat_replication_pg_wal_lsn_diff{")]
        self.assertGreater(lag[0], 0)

    def test_a_failover(self):
        primary, standby, agent = self.pair()
        one = "?collect[]=replication&collect[]=static"
        agent.becomes("writer", "pg_replication_is_replica", 0, one)
        agent.becomes("reader", "pg_replication_is_replica", 1, one)
        # The role reads only, so no session of it is one that libpq calls read-write.
        self.assertEqual(0, agent.page("read_write", one)["pg_up"])
        wait_until("it is told", lambda: "target_session_attrs=primary, not read-write" in agent.agent.output(), 10)
        # The primary hangs: the other host is no primary yet, so nobody is there.
        stopped = [primary.process.pid, *primary.backends()]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        self.assertEqual(0, agent.page("writer", one, 3)["pg_up"])
        agent.becomes("reader", "pg_up", 1, one)
        standby.promote()
        # The old primary still hangs: its address is asked last.
        agent.becomes("writer", "pg_replication_is_replica", 0, one)
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        primary.stop()
        agent.becomes("writer", "pg_replication_is_replica", 0, one)
        agent.becomes("standby", "pg_replication_is_replica", 0, one)


if __name__ == "__main__":
    unittest.main()
