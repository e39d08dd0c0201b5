"""Our page against Debian's postgres_exporter (0.11.1) on the same PostgreSQL 15 in the same minute, and
against the names, types and labels of postgres_exporter 0.20.0: on an empty cluster, on a loaded one (23
databases, 4 schemas of 200 tables, pgbench at work) and on a standby. BASEWATCH_POSTGRES_SCALE multiplies the load.

0.11.1 has a `server` label and, in what 0.20.0 also has, fewer labels: what both have is 0.20.0's here
(docs/postgres.md), so those families are compared after summing over the labels that 0.11.1 lacks. What moves is
asked of the peer before and after us: a counter of ours must lie between."""
import collections
import math
import os
import pathlib
import re
import subprocess
import unittest

from support.postgres import BIN, Postgres, Standby, monitoring_role
from support.postgres_exporter import BLOCKS, PostgresExporter
from support.servers import BASEWATCH, get, scratch, wait_until

HERE = pathlib.Path(__file__).parent
SCALE = int(os.environ.get("BASEWATCH_POSTGRES_SCALE", "1"))
DATABASES, TABLES = 20 * SCALE, 200 * SCALE  # with postgres and the templates 23 databases; tables in each schema
SMALL = """
CREATE EXTENSION pg_stat_statements;
DO $$ BEGIN FOR s IN 1..4 LOOP EXECUTE format('CREATE SCHEMA s%s', s); END LOOP; END $$;
CREATE TABLE s1.t1 (id int PRIMARY KEY, v text);
INSERT INTO s1.t1 SELECT g, 'x' FROM generate_series(1, 1000) g;
DELETE FROM s1.t1 WHERE id < 100;
INSERT INTO s1.t1 VALUES (0, (SELECT string_agg(md5(g::text), '') FROM generate_series(1, 1000) g)); -- in TOAST
SELECT sum(length(v)) FROM s1.t1;
SELECT pg_create_physical_replication_slot('standby', true);
"""
LARGE = """
DO $$ BEGIN FOR s IN 1..4 LOOP
  FOR t IN %d..%d LOOP EXECUTE format('CREATE TABLE s%%s.t%%s (id int PRIMARY KEY, v text)', s, t); END LOOP;
END LOOP; END $$;
"""
COMPARED = {
    "pg_stat_user_tables": {name: name for name in ("seq_scan", "idx_scan", "n_tup_ins", "n_tup_upd")},
    "pg_statio_user_tables": BLOCKS,
}
# Move while one looks, or count the peer itself.
MOVING = re.compile(r"pg_(stat_activity|locks|stat_database|stat_bgwriter|exporter|up|scrape|wal|stat_archiver|"
                    r"replication_slots_pg_wal|stat_user|statio)")
# Counters of one server that the peer and we read at different moments; its own sessions are in them, too.
BETWEEN = """pg_stat_database_xact_commit pg_stat_database_xact_rollback pg_stat_database_blks_read
    pg_stat_database_blks_hit pg_stat_database_tup_returned pg_stat_database_tup_fetched pg_stat_database_tup_inserted
    pg_stat_database_tup_updated pg_stat_database_tup_deleted pg_stat_database_temp_files pg_stat_database_temp_bytes
    pg_stat_database_deadlocks pg_stat_bgwriter_buffers_alloc_total pg_stat_bgwriter_checkpoints_timed_total
    pg_stat_bgwriter_checkpoints_req_total pg_stat_bgwriter_buffers_clean_total pg_stat_bgwriter_buffers_checkpoint_total
    """.split() + [f"{view}_{name}" for view, columns in COMPARED.items() for name in columns]


class Page:
    LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$")
    LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

    def __init__(self, text):
        self.types, self.series = {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ", 3)
                self.types[name] = kind
            elif not line.startswith("#") and line:
                name, labels, value = self.LINE.match(line).groups()
                pairs = {k: v for k, v in self.LABEL.findall(labels or "") if k != "server"}
                self.series.setdefault(name, {})[tuple(sorted(pairs.items()))] = float(value)

    def labels(self, name):
        return {key for pairs in self.series.get(name, {}) for key, _ in pairs}

    def summed(self, name, labels):
        out = collections.defaultdict(float)
        for pairs, value in self.series.get(name, {}).items():
            out[tuple(pair for pair in pairs if pair[0] in labels)] += value
        return dict(sorted(out.items()))


def expected():
    """Families that only one of the two has, with the reason."""
    out = {}
    for line in (HERE / "postgres.expected").read_text().splitlines():
        if line and not line.startswith("#"):
            name, reason = line.split("\t")
            assert reason
            out[name] = reason
    return out


def families_of_0_20():
    out = {}
    for line in (HERE / "postgres_exporter-0.20.0.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            name, kind, labels = line.split("\t")
            out[name] = (kind, set(filter(None, labels.split(","))))
    return out


class Compared:
    """What holds on every cluster; a subclass makes one and asks both: theirs, ours, theirs again."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = scratch()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = pathlib.Path(cls.scratch.name)
        server = cls.make_server()
        with PostgresExporter(cls.folder, server, COMPARED) as peer:
            cls.theirs = Page(get(peer.page_url)[1])
            cls.ours = cls.our_page(server)
            cls.theirs_after = Page(get(peer.page_url)[1])

    @classmethod
    def server_at(cls, name, **settings):
        folder = cls.folder / name
        folder.mkdir()
        cls.folder.chmod(0o755)
        server = Postgres(folder, max_locks_per_transaction=1000 * SCALE, **settings)
        cls.addClassCleanup(server.stop)
        monitoring_role(server)
        server.sql(PostgresExporter.ROLE)
        return server

    @classmethod
    def our_page(cls, server):
        config = cls.folder / "basewatch.yml"
        config.write_text("version: 1\nexporters: {postgres: {compat_names: true, dsn: 'postgresql://basewatch:"
                          f"watch@{server.host}/postgres', collectors: {{statio_user_indexes: true}}}}}}\n")
        done = subprocess.run([BASEWATCH, "once", "postgres", "--config", config], text=True,
                              capture_output=True)
        assert done.returncode == 0, done.stderr
        return Page(done.stdout)

    def test_no_collector_failed(self):
        failed = [dict(pairs)["collector"] for pairs, value in self.ours.series["pg_scrape_collector_success"].items()
                  if value == 0]
        self.assertEqual([], [name for name in failed if name not in self.may_be_absent])

    def test_every_family_of_the_old_peer_is_here(self):
        theirs = {name for name in self.theirs.series if name.startswith("pg_")} - {"pg_exporter_user_queries_load_error"}
        self.assertGreater(len(theirs), 250)
        missing = {name for name in theirs if name not in self.ours.series} - set(expected())
        self.assertEqual(set(), missing)

    def test_the_old_peers_own_names_have_its_types(self):
        new = families_of_0_20()
        for name in self.theirs.series:
            if name in new or name not in self.ours.series or not name.startswith("pg_"):
                continue
            self.assertEqual(self.theirs.types[name], self.ours.types[name], name)

    def test_values_are_equal(self):
        compared = 0
        for name in sorted(self.theirs.series):
            if not name.startswith("pg_") or MOVING.match(name) or name in expected() or name in self.moving_here:
                continue
            labels = self.theirs.labels(name)
            if name == "pg_database_size_bytes":
                for pairs, value in self.theirs.series[name].items():
                    self.assertAlmostEqual(value, self.ours.series[name][pairs], delta=value * self.growth)
                continue
            ours, theirs = self.ours.summed(name, labels), self.theirs.summed(name, labels)
            self.assertEqual(str(theirs), str(ours), name)  # as text: NaN is NaN
            compared += 1
        self.assertGreater(compared, 200)

    def test_moving_families_have_the_same_series(self):
        for name in ("pg_stat_database_numbackends", "pg_locks_count", "pg_stat_bgwriter_buffers_alloc_total",
                     "pg_stat_database_xact_commit"):
            labels = self.theirs.labels(name)
            # 0.20.0 leaves the row of shared objects out, which has no database.
            theirs = {key for key in self.theirs.summed(name, labels) if ("datname", "") not in key}
            self.assertEqual(theirs, set(self.ours.summed(name, labels)), name)

    def test_counters_lie_between_two_looks_of_the_peer(self):
        compared = 0
        for name in BETWEEN:
            labels = self.theirs.labels(name)
            before, after = self.theirs.summed(name, labels), self.theirs_after.summed(name, labels)
            ours = self.ours.summed(name, labels)
            for pairs, value in before.items():
                # NaN is the old peer's NULL: the scans of indexes that a table does not have.
                if ("datname", "") in pairs or pairs not in after or math.isnan(value):
                    continue
                self.assertIn(pairs, ours, name)
                self.assertLessEqual(value, ours[pairs], (name, pairs))
                self.assertLessEqual(ours[pairs], after[pairs], (name, pairs))
                compared += 1
        self.assertGreater(compared, self.least_between)

    def test_names_types_and_labels_are_those_of_the_new_peer(self):
        """All of 0.20.0's families: on this server's page, or declared for servers that have them."""
        declared = subprocess.run([BASEWATCH, "catalog", "list"], text=True, capture_output=True,
                                  check=True).stdout
        absent = []
        for name, (kind, labels) in families_of_0_20().items():
            if name in expected():
                continue
            self.assertRegex(declared, rf"(?m)^{name}\b", name)
            sample = next((part for part in (name, name + "_count") if part in self.ours.series), None)
            if sample is None:
                absent.append(name)
                continue
            self.assertEqual(kind, self.ours.types[name], name)
            self.assertEqual(labels, self.ours.labels(sample), name)
        self.assertEqual([], [name for name in absent if not self.may_lack.match(name)])


class OnAnEmptyCluster(Compared, unittest.TestCase):
    may_be_absent = {"stat_statements"}  # nobody has made the extension
    moving_here = set()
    growth = 0.02
    least_between = 20
    may_lack = re.compile("pg_(buffercache|stat_checkpointer|stat_wal_receiver|stat_progress_vacuum|stat_replication|"
                          "stat_activity_autovacuum|process_idle|stat_archiver_last|replication_slots_|"
                          "stat_user_tables_|statio_user_|stat_statements_)")

    @classmethod
    def make_server(cls):
        return cls.server_at("one")


class OnALoadedCluster(Compared, unittest.TestCase):
    may_be_absent = set()
    moving_here = {"pg_replication_slots_slot_current_wal_lsn", "pg_stat_replication_pg_current_wal_lsn_bytes"}
    growth = 0.2
    least_between = 100 + DATABASES * 5 + TABLES * 8
    may_lack = re.compile("pg_(buffercache|stat_checkpointer|stat_wal_receiver|stat_progress_vacuum|stat_replication|"
                          "stat_activity_autovacuum|process_idle|stat_archiver_last|"
                          "replication_slots_(safe|slot_confirmed))")

    @classmethod
    def make_server(cls):
        server = cls.server_at("one")
        server.sql(SMALL)
        server.sql("".join(f"CREATE DATABASE d{number};" for number in range(DATABASES)))
        for first in range(2, TABLES + 1, 200):
            server.sql(LARGE % (first, min(first + 199, TABLES)))
        environment = server.environment()
        subprocess.run([BIN / "pgbench", "-i", "-q", "-s", "1"], env=environment, check=True, capture_output=True)
        bench = subprocess.Popen([BIN / "pgbench", "-c", "4", "-T", "300", "-n", "-R", "100"], env=environment,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(bench.wait)
        cls.addClassCleanup(bench.kill)
        wait_until("it works", lambda: int(server.sql("SELECT sum(n_tup_upd) FROM pg_stat_user_tables WHERE relname = "
                                                      "'pgbench_accounts'")[0][0]) > 100)
        return server

    def test_the_load_is_there(self):
        self.assertEqual(DATABASES + 3, len(self.theirs.series["pg_stat_database_numbackends"]) -
                         sum(("datname", "") in pairs for pairs in self.theirs.series["pg_stat_database_numbackends"]))
        tables = [pairs for pairs in self.ours.series["pg_stat_user_tables_n_live_tup"] if ("datname", "postgres") in pairs]
        self.assertGreater(len(tables), 4 * (TABLES - 1))
        for name in BLOCKS:
            if name.endswith("_hit"):
                self.assertTrue(any(value > 0 for value in self.theirs.series[f"pg_statio_user_tables_{name}"].values()), name)
        busy = {pairs: value for pairs, value in self.theirs_after.series["pg_stat_database_xact_commit"].items()
                if ("datname", "postgres") in pairs}
        before = self.theirs.series["pg_stat_database_xact_commit"]
        self.assertGreater(max(value - before[pairs] for pairs, value in busy.items()), 20, "pgbench has worked meanwhile")

    def test_the_other_databases(self):
        seen = {dict(pairs)["datname"] for pairs, value in
                self.ours.series["basewatch_postgres_database_success"].items() if value == 1}
        self.assertEqual({f"d{number}" for number in range(DATABASES)}, seen)


class OnAStandby(Compared, unittest.TestCase):
    may_be_absent = set()
    moving_here = {"pg_replication_lag_seconds", "pg_replication_slots_slot_current_wal_lsn",
                   "pg_stat_replication_pg_current_wal_lsn_bytes", "pg_replication_last_replay_seconds"}
    growth = 0.1
    least_between = 20
    may_lack = re.compile("pg_(buffercache|stat_checkpointer|stat_progress_vacuum|stat_replication|"
                          "stat_activity_autovacuum|process_idle|stat_archiver_last|replication_slots_)")

    @classmethod
    def make_server(cls):
        primary = cls.server_at("one")
        primary.sql(SMALL)
        folder = cls.folder / "two"
        folder.mkdir()
        standby = Standby(folder, primary, "repmgr_slot_2")
        cls.addClassCleanup(standby.stop)
        wait_until("it streams", lambda: primary.sql("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"))
        wait_until("it has replayed all", lambda: standby.sql(
            "SELECT 1 WHERE pg_last_wal_replay_lsn() = pg_last_wal_receive_lsn()"))
        # Known once the primary has answered the standby's first report.
        wait_until("it knows how far the primary is", lambda: primary.sql("SELECT pg_switch_wal()") and standby.sql(
            "SELECT 1 FROM pg_stat_wal_receiver WHERE latest_end_lsn IS NOT NULL"))
        return standby


if __name__ == "__main__":
    unittest.main()
