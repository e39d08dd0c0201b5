"""Every query on every supported version of PostgreSQL. The server is 15; of the others it has the catalogs' and
statistics' columns as their own servers have them (tests/fixtures/postgres), and the agent is told that version. So
the SQL that it chooses for the version is planned and run against that version's columns. Where
BASEWATCH_POSTGRES names folders with real servers (17=/path/to/bin:...), the same is asked of those."""
import json
import os
import pathlib
import re
import unittest

from support import postgres_version
from support.postgres import Postgres, monitoring_role, wait_until
from support.servers import Agent, get, scratch, series_of

EXTENSIONS = "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION pg_buffercache;"
TABLE = "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100); VACUUM t; SELECT * FROM t;"
# Units as versions and extensions have them, one that nobody knows, a number that is none.
SETTINGS = """
CREATE SCHEMA v15;
GRANT USAGE ON SCHEMA v15 TO PUBLIC;
CREATE VIEW v15.pg_settings AS
  SELECT name, setting, unit, vartype, source, reset_val, NULL::text AS short_desc, pending_restart FROM pg_catalog.pg_settings
  UNION ALL SELECT name, setting, unit, 'integer', 'default', setting, NULL, false
  FROM (VALUES ('odd.bytes', '7', 'B'), ('odd.segments', '3', '64kB'), ('odd.pages', '2', '16kB'), ('odd.large', '1', 'TB'),
    ('odd-days', '2', 'd'), ('odd.never', '-1', 'min'), ('odd.unknown', '5', 'parsec'), ('odd.text', 'many', 'kB'))
    AS s(name, setting, unit);
GRANT SELECT ON v15.pg_settings TO PUBLIC;
"""
# What a version lacks, or is not there in this test, is no fault of a query; that a column or function is not there is.
MAY_LACK = re.compile(r"version [\d.]+ does not have it|only a standby has it|there is no relation|"
                      r"the extension \S+ is not installed|the setting \S+ is|does not know the setting")
# Family -> the versions that have it.
ONLY = {
    "pg_stat_database_active_time_seconds_total": lambda version: version >= 14,
    "pg_stat_bgwriter_checkpoints_timed_total": lambda version: True,
    "pg_stat_bgwriter_buffers_backend_total": lambda version: True,
    "pg_stat_bgwriter_buffers_clean_total": lambda version: True,
    "pg_stat_bgwriter_stats_reset_total": lambda version: True,
    "pg_stat_checkpointer_num_timed_total": lambda version: version >= 17,
    "pg_stat_checkpointer_buffers_written_total": lambda version: version >= 17,
    "pg_buffercache_summary_buffers_used": lambda version: version >= 16,
    "pg_stat_statements_seconds_total": lambda version: True,
    "pg_stat_statements_block_read_seconds_total": lambda version: True,
    "pg_stat_user_tables_n_live_tup": lambda version: True,
    "pg_statio_user_tables_heap_blocks_hit": lambda version: True,
    "pg_settings_max_connections": lambda version: True,
    "pg_wal_segments": lambda version: True,
}


class Versions(unittest.TestCase):
    def ask(self, folder, version, host):
        """The page of an agent that watches `host`, once all collectors have run, and its status."""
        folder = pathlib.Path(folder) / f"agent-{version}"
        folder.mkdir()
        config = ("node: db-1\nexporters:\n  postgres: {dsn: 'postgresql://basewatch:watch@" + host + "/postgres', "
                  "compat_names: true, databases: {all: false}, collectors: {statio_user_indexes: true}}\n")
        with Agent(folder, config) as agent:
            def settled():
                text = agent.page("/metrics/postgres/main")
                status = json.loads(agent.page("/api/v1/status"))
                own = next(each for each in status["instances"] if each["exporter"] == "postgres")
                # A machine that is too busy to answer in time says nothing of the versions.
                late = "timeout|no time is left|not within"
                return (series_of(text).get("pg_up") == 1 and all(
                    each["state"] != "pending" and not re.search(late, each.get("reason") or "")
                    for each in own["collectors"]) and (text, own))
            text, own = wait_until(f"all collectors have run on {version}", settled)
            return text, own["collectors"]

    def check(self, version, text, collectors):
        page = series_of(text)
        self.assertEqual(1, page["pg_up"])
        wrong = {each["name"]: f"{each['state']}: {each.get('reason')}" for each in collectors
                 if each["state"] != "ok" and not (each["state"] == "absent" and MAY_LACK.search(each.get("reason", "")))}
        self.assertEqual({}, wrong)
        families = {name.split("{")[0] for name in page}
        major = int(version.split(".")[0])
        self.assertEqual({name: has(major) for name, has in ONLY.items()}, {name: name in families for name in ONLY})
        done = [each["name"] for each in collectors if each["state"] == "ok"]
        self.assertGreater(len(done), 20)

    def test_the_columns_of_each_version(self):
        self.assertEqual(["13", "14", "16", "17", "18"], postgres_version.versions())
        with scratch() as folder, Postgres(folder) as server:
            monitoring_role(server)
            server.sql(EXTENSIONS + TABLE)
            for version in postgres_version.versions():
                with self.subTest(version=version):
                    postgres_version.install(server, version)
                    with postgres_version.As(server, f"{version}.3") as proxy:
                        self.check(version, *self.ask(folder, version, proxy.host))
            text, collectors = self.ask(folder, "15", server.host)
            self.check("15", text, collectors)
            self.values_since_17(folder, server)

    def values_since_17(self, folder, server):
        """Rows that 17 and 18 gave reach the page by the right names, and by those that they had before."""
        names = ("num_timed", "num_requested", "write_time", "sync_time", "buffers_written")
        before = ("checkpoints_timed", "checkpoints_req", "checkpoint_write_time", "checkpoint_sync_time", "buffers_checkpoint")
        # In tests/fixtures/postgres: of 17 a backend wrote 1007 pages and added 658 and 8, of 18 only the WAL was written.
        for version, written in (("17", 1673), ("18", 0)):
            row = server.sql(f"SELECT {', '.join(names)} FROM v{version}.pg_stat_checkpointer")[0]
            with postgres_version.As(server, f"{version}.3") as proxy:
                page = series_of(self.ask(folder, f"{version}-again", proxy.host)[0])
            self.assertEqual([float(value) for value in row], [page[f"pg_stat_checkpointer_{name}_total"] for name in names])
            self.assertEqual([float(value) for value in row], [page[f"pg_stat_bgwriter_{name}_total"] for name in before])
            self.assertEqual(written, page["pg_stat_bgwriter_buffers_backend_total"])

    def test_settings_of_any_unit(self):
        with scratch() as folder, Postgres(folder) as server:
            monitoring_role(server)
            server.sql(SETTINGS)
            with postgres_version.As(server, "15.3") as proxy:
                page = series_of(self.ask(folder, "15-odd", proxy.host)[0])
        odd = {name.removeprefix("pg_settings_"): value for name, value in page.items() if "settings_odd" in name}
        self.assertEqual({"odd_bytes_bytes": 7, "odd_segments_bytes": 3 * 65536, "odd_pages_bytes": 2 * 16384,
                          "odd_large_bytes": 2 ** 40, "odd_days_seconds": 172800, "odd_never_seconds": -1}, odd)
        self.assertIn("pg_settings_max_connections", page)

    def test_real_servers_where_there_are_any(self):
        wanted = [item.split("=", 1) for item in os.environ.get("BASEWATCH_POSTGRES", "15=/usr/lib/postgresql/15/bin").split(":")]
        for version, programs in wanted:
            with self.subTest(version=version), scratch() as folder, Postgres(folder, programs=programs) as server:
                monitoring_role(server)
                server.sql(EXTENSIONS + TABLE)
                self.assertEqual(version, server.sql("SHOW server_version")[0][0].split(".")[0])
                self.check(version, *self.ask(folder, version, server.host))


if __name__ == "__main__":
    unittest.main()
