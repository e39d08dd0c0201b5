"""pg_stat_statements under churn: far more distinct statements than it keeps and we show, evictions, a reset. The
series stay bounded, their labels stay the same, no counter goes back without a reset, and no text of a statement is
seen anywhere."""
import re
import unittest

from support.postgres import Postgres, Scraper, monitoring_role
from support.servers import Agent, scratch

SHOWN, KEPT, COLUMNS = 20, 100, 600  # on the page, in the server (its least), distinct statements that there may be
HOT = [f"SELECT c{n}, pg_sleep(0.004) FROM wide" for n in range(5)]
NEEDLE = "needle_in_a_text"
NAMES = ("calls_total", "seconds_total", "rows_total", "block_read_seconds_total", "block_write_seconds_total")


class Statements(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = scratch()
        cls.addClassCleanup(cls.scratch.cleanup)
        folder = cls.scratch.name
        cls.server = Postgres(folder, **{"pg_stat_statements.max": KEPT})
        cls.addClassCleanup(cls.server.stop)
        monitoring_role(cls.server)
        columns = ", ".join(f"c{n} int" for n in range(COLUMNS))
        cls.server.sql(f"CREATE EXTENSION pg_stat_statements; CREATE TABLE wide ({columns}); INSERT INTO wide DEFAULT VALUES;"
                       "CREATE TABLE hay (id int)")
        cls.agent = Agent(folder, "node: db-1\nexporters:\n  postgres: {dsn: 'postgresql://basewatch:watch@"
                          f"{cls.server.host}/postgres', databases: {{all: false}}, collectors: {{stat_statements: "
                          f"{{max_rows: {SHOWN}}}}}}}\n")
        cls.addClassCleanup(cls.agent.stop)
        cls.scraper = Scraper(cls.agent)
        cls.first = 0

    def setUp(self):
        self.server.sql("SELECT pg_stat_statements_reset()")

    def churn(self, count):
        """`count` statements that nobody has asked before, and the busy ones several times."""
        texts = []
        for _ in range(count):
            n = type(self).first = self.first + 1
            texts.append(f"SELECT c{n % COLUMNS}, c{n // COLUMNS} FROM wide WHERE c{n % 7} IS NULL")
        self.server.sql(";".join(texts + HOT * 5 + [f"SELECT id AS {NEEDLE} FROM hay"] * 3))

    def scrape(self):
        series = self.scraper.becomes("main", 'pg_scrape_collector_success{collector="stat_statements"}', 1,
                                      "?collect[]=stat_statements")
        page = {name: value for name, value in series.items() if name.startswith("pg_stat_statements_")}
        self.assertNotIn(NEEDLE, str(page))
        return page

    def by_family(self, page):
        out = {name: {} for name in NAMES}
        for series, value in page.items():
            name, labels = re.fullmatch(r"pg_stat_statements_(\w+)\{(.*)\}", series).groups()
            self.assertEqual(["datname", "queryid", "user"], sorted(re.findall(r'(\w+)="', labels)))
            out[name][labels] = value
        return out

    def queryids(self):
        rows = self.server.sql("SELECT queryid FROM pg_stat_statements WHERE query LIKE 'SELECT c%pg_sleep%'")
        return {row[0] for row in rows}

    def test_bounded_stable_and_never_backwards(self):
        self.churn(150)
        hot = self.queryids()
        self.assertEqual(len(HOT), len(hot))
        before, seen = None, set()
        for _ in range(4):
            self.churn(150)
            self.assertGreater(int(self.server.sql("SELECT dealloc FROM pg_stat_statements_info")[0][0]), 0, "evictions")
            families = self.by_family(self.scrape())
            for name, series in families.items():
                self.assertLessEqual(len(series), SHOWN, name)
                self.assertEqual(set(families["calls_total"]), set(series), name)
            shown = {re.search(r'queryid="(-?\d+)"', labels)[1]: labels for labels in families["calls_total"]}
            self.assertEqual(hot, hot & set(shown), "what takes the time is always there")
            self.assertEqual(hot, self.queryids())
            busy = {(name, shown[queryid]): families[name][shown[queryid]] for name in NAMES for queryid in hot}
            if before:
                self.assertEqual(set(before), set(busy), "under the same labels")
                for series, value in busy.items():
                    self.assertGreaterEqual(value, before[series], series)
                    if series[0] == "calls_total":
                        self.assertEqual(5, value - before[series])
            before = busy
            seen |= set(families["calls_total"])
        self.assertLessEqual(len(seen), 4 * SHOWN)

    def test_a_reset(self):
        self.churn(20)
        hot = self.queryids()
        families = self.by_family(self.scrape())
        labels = {labels for labels in families["calls_total"] if any(f'"{queryid}"' in labels for queryid in hot)}
        self.assertEqual(len(HOT), len(labels))
        self.server.sql("SELECT pg_stat_statements_reset()")
        after = self.by_family(self.scrape())["calls_total"]
        self.assertFalse(labels & set(after), "what the server has forgotten is not on the page")
        self.churn(20)
        again = self.by_family(self.scrape())["calls_total"]
        self.assertEqual(labels, labels & set(again), "and comes back by the same labels")
        self.assertEqual({5.0}, {again[each] for each in labels}, "counted from the reset on")

    def test_no_text_is_seen(self):
        self.churn(5)
        self.assertTrue(self.server.sql(f"SELECT 1 FROM pg_stat_statements WHERE query LIKE '%{NEEDLE}%'"))
        self.scrape()
        for path in ("/metrics", "/", "/api/v1/status"):
            self.assertNotIn(NEEDLE, self.agent.page(path))
        self.assertNotIn(NEEDLE, self.agent.output())

    def test_without_the_extension(self):
        self.server.sql("DROP EXTENSION pg_stat_statements")
        self.addCleanup(self.server.sql, "CREATE EXTENSION pg_stat_statements")
        # What the server has is known for a minute; that it is gone is found out by asking.
        page = self.scraper.becomes("main", "pg_up", 1)
        self.assertFalse([name for name in page if name.startswith("pg_stat_statements_calls")])
        self.assertTrue([name for name in page if name.startswith("pg_stat_database_numbackends")])


if __name__ == "__main__":
    unittest.main()
