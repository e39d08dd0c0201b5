"""Our page against Debian's postgres_exporter (0.11.1) on the same PostgreSQL 15 in the same minute, and
against the names, types and labels of postgres_exporter 0.20.0.

0.11.1 has a `server` label and, in what 0.20.0 also has, fewer labels: what both have is 0.20.0's here
(docs/postgres.md), so those families are compared after summing over the labels that 0.11.1 lacks."""
import collections
import os
import pathlib
import re
import subprocess
import unittest

from support.postgres import Postgres, monitoring_role
from support.servers import BASEWATCH, Server, address, get, scratch, wait_until

HERE = pathlib.Path(__file__).parent
LOAD = """
CREATE EXTENSION pg_stat_statements;
DO $$ BEGIN FOR s IN 1..4 LOOP EXECUTE format('CREATE SCHEMA s%s', s);
  FOR t IN 1..25 LOOP EXECUTE format('CREATE TABLE s%s.t%s (id int PRIMARY KEY, v text)', s, t); END LOOP;
END LOOP; END $$;
INSERT INTO s1.t1 SELECT g, 'x' FROM generate_series(1, 1000) g;
DELETE FROM s1.t1 WHERE id < 100;
SELECT pg_create_physical_replication_slot('standby', true);
"""
# Move while one looks, or count the peer itself.
MOVING = re.compile(r"pg_(stat_activity|locks|stat_database|stat_bgwriter|exporter|up|scrape|wal|stat_archiver|"
                    r"replication_slots_pg_wal|stat_user|statio)")


class Page:
    LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$")
    LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

    def __init__(self, text):
        self.types, self.series = {}, collections.defaultdict(dict)
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ", 3)
                self.types[name] = kind
            elif not line.startswith("#") and line:
                name, labels, value = self.LINE.match(line).groups()
                pairs = {k: v for k, v in self.LABEL.findall(labels or "") if k != "server"}
                self.series[name][tuple(sorted(pairs.items()))] = float(value)

    def labels(self, name):
        return {key for pairs in self.series[name] for key, _ in pairs}

    def summed(self, name, labels):
        out = collections.defaultdict(float)
        for pairs, value in self.series[name].items():
            out[tuple(pair for pair in pairs if pair[0] in labels)] += value
        return dict(sorted(out.items()))


class Peer(Server):
    def __init__(self, dsn):
        self.address = f"{address()}:9187"
        super().__init__(["prometheus-postgres-exporter", f"--web.listen-address={self.address}"],
                         ready="Listening on", env=dict(os.environ, DATA_SOURCE_NAME=dsn))


def expected():
    """Families that only one of the two has, with the reason."""
    out = {}
    for line in (HERE / "postgres.expected").read_text().splitlines():
        if line and not line.startswith("#"):
            name, reason = line.split("\t")
            assert reason
            out[name] = reason
    return out


class PostgresLive(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = scratch()
        cls.addClassCleanup(cls.scratch.cleanup)
        folder = pathlib.Path(cls.scratch.name)
        server = Postgres(folder)
        cls.addClassCleanup(server.stop)
        monitoring_role(server)
        server.sql(LOAD)
        with Peer(f"postgresql://basewatch:watch@{server.host}:5432/postgres?sslmode=disable") as peer:
            wait_until("the peer answers", lambda: get(f"http://{peer.address}/metrics")[0] == 200)
            cls.theirs = Page(get(f"http://{peer.address}/metrics")[1])
        config = folder / "basewatch.yml"
        config.write_text("version: 1\nexporters: {postgres: {compat_names: true, dsn: 'postgresql://basewatch:"
                          f"watch@{server.host}/postgres', databases: {{all: false}}, "
                          "collectors: {statio_user_indexes: true}}}\n")
        done = subprocess.run([BASEWATCH, "once", "postgres", "--config", config], text=True,
                              capture_output=True)
        assert done.returncode == 0, done.stderr
        cls.ours = Page(done.stdout)

    def test_every_family_of_the_old_peer_is_here(self):
        theirs = {name for name in self.theirs.series if name.startswith("pg_")}
        self.assertGreater(len(theirs), 250)
        missing = {name for name in theirs if name not in self.ours.series} - set(expected())
        self.assertEqual(set(), missing)

    def test_the_old_peers_own_names_have_its_types(self):
        new = self.families_of_0_20()
        for name in self.theirs.series:
            if name in new or name not in self.ours.series or not name.startswith("pg_"):
                continue
            self.assertEqual(self.theirs.types[name], self.ours.types[name], name)

    def test_values_are_equal(self):
        compared = 0
        for name in sorted(self.theirs.series):
            if not name.startswith("pg_") or MOVING.match(name) or name in expected():
                continue
            labels = self.theirs.labels(name)
            if name == "pg_database_size_bytes":
                for pairs, value in self.theirs.series[name].items():
                    self.assertAlmostEqual(value, self.ours.series[name][pairs], delta=value * 0.02)
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

    @staticmethod
    def families_of_0_20():
        out = {}
        for line in (HERE / "postgres_exporter-0.20.0.tsv").read_text().splitlines():
            if line and not line.startswith("#"):
                name, kind, labels = line.split("\t")
                out[name] = (kind, set(filter(None, labels.split(","))))
        return out

    def test_names_types_and_labels_are_those_of_the_new_peer(self):
        """All of 0.20.0's families: on this server's page, or declared for servers that have them."""
        declared = subprocess.run([BASEWATCH, "catalog", "list"], text=True, capture_output=True,
                                  check=True).stdout
        absent = []
        for name, (kind, labels) in self.families_of_0_20().items():
            if name in expected():
                continue
            self.assertRegex(declared, rf"(?m)^{name}\b", name)
            sample = next((part for part in (name, name + "_count") if part in self.ours.series), None)
            if sample is None:
                absent.append(name)
                continue
            self.assertEqual(kind, self.ours.types[name], name)
            self.assertEqual(labels, self.ours.labels(sample), name)
        wanted = re.compile("pg_(buffercache|stat_checkpointer|stat_wal_receiver|stat_progress_vacuum|"
                            "stat_replication|stat_activity_autovacuum|process_idle|stat_archiver_last|"
                            "replication_slots_(safe|slot_confirmed))")
        self.assertEqual([], [name for name in absent if not wanted.match(name)])


if __name__ == "__main__":
    unittest.main()
