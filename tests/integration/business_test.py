"""examples/business as a user follows it, with a real PostgreSQL, promtool and Prometheus: five queries in a
site file become metrics with the right values, rules, alerts and a board; a wrong one harms nothing."""
import json
import pathlib
import re
import shutil
import subprocess
import unittest

from support.postgres import Postgres, monitoring_role
from support.scrape_configs import shipped
from support.servers import BASEWATCH, ROOT, Agent, Prometheus, get, scratch, series_of, wait_until

EXAMPLE = ROOT / "examples" / "business"

# Of today, whatever the time: seconds after midnight are never before it.
ROWS = """
INSERT INTO app.subscriptions (customer, plan, price_cents, begins_at, ends_at)
SELECT gen_random_uuid(), 'pro', 2500, now() - interval '40 days', NULL FROM generate_series(1, 6)
UNION ALL SELECT gen_random_uuid(), 'team', 9900, now() - interval '9 days', now() + interval '20 days' FROM generate_series(1, 2)
UNION ALL SELECT gen_random_uuid(), 'pro', 2500, now() - interval '80 days', now() - interval '20 days'
UNION ALL SELECT gen_random_uuid(), 'free', 0, now() + interval '1 day', NULL;
INSERT INTO app.events (chain, seen_at)
SELECT 'bitcoin', date_trunc('day', now()) + interval '1 s' FROM generate_series(1, 4)
UNION ALL SELECT 'ethereum', date_trunc('day', now()) - interval '1 s' FROM generate_series(1, 3)
UNION ALL SELECT 'ethereum', date_trunc('day', now()) + interval '2 s' FROM generate_series(1, 2);
INSERT INTO app.deliveries (event_id, channel, status, created_at, finished_at)
SELECT 1, 'mail', 'delivered', day, day + took * interval '1 s' FROM unnest(ARRAY[0.25, 0.5, 4, 45, 400]) AS took, (SELECT date_trunc('day', now()) AS day) d
UNION ALL SELECT 1, 'mail', 'failed', day, day + interval '9 s' FROM generate_series(1, 2), (SELECT date_trunc('day', now()) AS day) d
UNION ALL SELECT 1, 'mail', 'delivered', day - interval '9 s', day - interval '1 s' FROM (SELECT date_trunc('day', now()) AS day) d
UNION ALL SELECT 1, 'webhook', 'pending', now(), NULL FROM generate_series(1, 7);
INSERT INTO app.payments (subscription_id, currency, amount_cents, paid_at)
SELECT 1, 'EUR', 2500, date_trunc('day', now()) + interval '1 s' FROM generate_series(1, 3)
UNION ALL SELECT 1, 'USD', 9950, date_trunc('day', now()) + interval '1 s'
UNION ALL SELECT 1, 'EUR', 100000, date_trunc('day', now()) - interval '1 s';
"""
EXPECTED = {
    'app_subscriptions_active{plan="pro"}': 6, 'app_subscriptions_active{plan="team"}': 2,
    'app_subscriptions_monthly_revenue{plan="pro"}': 150, 'app_subscriptions_monthly_revenue{plan="team"}': 198,
    'app_events_total{chain="bitcoin"}': 4, 'app_events_total{chain="ethereum"}': 2, 'app_events_total{chain="solana"}': 0,
    'app_deliveries_total{channel="mail",status="delivered"}': 5, 'app_deliveries_total{channel="mail",status="failed"}': 2,
    'app_deliveries_total{channel="chat",status="failed"}': 0, 'app_deliveries_pending{channel="webhook"}': 7,
    'app_deliveries_pending{channel="mail"}': 0,
    'app_delivery_seconds_bucket{channel="mail",le="0.5"}': 2, 'app_delivery_seconds_bucket{channel="mail",le="1"}': 2,
    'app_delivery_seconds_bucket{channel="mail",le="5"}': 3, 'app_delivery_seconds_bucket{channel="mail",le="60"}': 4,
    'app_delivery_seconds_bucket{channel="mail",le="300"}': 4, 'app_delivery_seconds_bucket{channel="mail",le="+Inf"}': 5,
    'app_delivery_seconds_sum{channel="mail"}': 449.75, 'app_delivery_seconds_count{channel="mail"}': 5,
    'app_delivery_seconds_count{channel="chat"}': 0,
    'app_payments_total{currency="EUR"}': 3, 'app_revenue_total{currency="EUR"}': 75,
    'app_revenue_total{currency="USD"}': 99.5}


class BusinessTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = scratch()
        cls.addClassCleanup(cls.scratch.cleanup)
        folder = pathlib.Path(cls.scratch.name)
        cls.server = Postgres(folder)
        cls.addClassCleanup(cls.server.stop)
        monitoring_role(cls.server)
        cls.server.sql((EXAMPLE / "schema.sql").read_text())
        # A day long enough for what has to have happened on it: at midnight there would be nothing yet.
        cls.server.sql("ALTER ROLE ALL SET timezone = '" + cls.noon(cls.server) + "'")
        cls.server.sql("CREATE DATABASE other")
        cls.server.sql("CREATE TABLE other (id int)", database="other")

    @staticmethod
    def noon(server):
        """A time zone in which it is between noon and one o'clock."""
        hour = int(server.sql("SELECT extract(hour FROM now() AT TIME ZONE 'UTC')")[0][0])
        return f"<noon>{hour - 12:+d}"  # POSIX: west is positive

    def setUp(self):
        self.server.sql("TRUNCATE app.subscriptions, app.events, app.deliveries, app.payments RESTART IDENTITY CASCADE;" + ROWS)
        self.folder = pathlib.Path(self.enterContext(scratch()))

    def example(self, change=lambda text: text):
        """The example's files with the address of our server; `change` edits the site file."""
        config = (EXAMPLE / "basewatch.yml").read_text()
        config = config.replace("host=127.0.0.1", f"host={self.server.host}")
        config = config.replace("/run/secrets/basewatch-pg", str(self.folder / "password"))
        (self.folder / "password").write_text("watch\n")
        (self.folder / "site.yml").write_text(change((EXAMPLE / "site.yml").read_text()))
        config = config.replace("version: 1\n", "", 1)
        path = self.folder / "written.yml"
        path.write_text("version: 1\n" + config)
        return path, config

    def run_it(self, *arguments):
        return subprocess.run([BASEWATCH, *arguments], capture_output=True, text=True, timeout=120)

    def page(self, agent):
        status, text = get(agent.url + "/metrics/postgres/main", timeout=30)
        self.assertEqual(200, status, text)
        return series_of(text)

    def test_the_commands_of_the_readme(self):
        path, _ = self.example()
        checked = self.run_it("check", "--config", path)
        self.assertEqual(0, checked.returncode, checked.stdout + checked.stderr)
        for name in ("subscriptions", "events", "deliveries", "delivery_seconds", "revenue"):
            self.assertRegex(checked.stdout, rf"app_{name} +ok +[1-9]")
        once = self.run_it("once", "postgres/main", "--config", path)
        page = series_of(once.stdout)
        for series, value in EXPECTED.items():
            with self.subTest(series):
                self.assertEqual(value, page.get(series))
        self.assertNotIn('app_subscriptions_active{plan="free"}', page)
        self.assertNotIn('app_deliveries_total{channel="mail",status="pending"}', page)
        self.assertNotIn('app_event_newest_timestamp_seconds{chain="solana"}', page)

        out = self.folder / "out"
        made = self.run_it("generate", "--config", path, "--out", out)
        self.assertEqual(0, made.returncode, made.stderr)
        for tool in (["check", "rules", "--lint=all", "--lint-fatal", out / "rules/recording/site.yml", out / "rules/alerts/site.yml"],
                     ["test", "rules", *sorted((out / "rules/tests").glob("site*.yml"))]):
            done = subprocess.run(["promtool", *tool], capture_output=True, text=True)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        alerts = (out / "rules/alerts/site.yml").read_text()
        names = re.findall(r"alert: (\w+)", alerts)
        self.assertEqual(["AppChainSilent", "AppDeliveriesFail", "AppDeliveriesPileUp", "AppDeliveriesSlow",
                          "AppSubscriptionsDropped"], sorted(names))
        for name in names:
            self.assertTrue((out / f"docs/runbooks/{name}.md").exists(), name)
        board = json.loads((out / "dashboards/business.json").read_text())
        self.assertEqual("basewatch-business", board["uid"])

    def test_in_a_prometheus_with_its_rules_alerts_and_board(self):
        fast = "intervals: {scrape: 1s, timeout: 1s, evaluation: 1s}\n"
        path, config = self.example(lambda text: re.sub(r"every: \d+s", "every: 1s", text)
                                    .replace("version: 1\n", "version: 1\n" + fast, 1)
                                    .replace("for: 5m\n", "for: 2s\n    class: instant\n", 1))
        config = config.replace("dsn:", "collectors: {static: true}, dsn:")
        out = self.folder / "out"
        made = self.run_it("generate", "--config", path, "--out", out)
        self.assertEqual(0, made.returncode, made.stderr)
        agent = self.enterContext(Agent(self.folder, config))
        target = agent.url.removeprefix("http://")
        prometheus = self.enterContext(Prometheus(self.folder, shipped(
            "prometheus.yml", [(target, "db-1")], out)))
        wait_until("the metrics are there", lambda: prometheus.query('app_events_total{chain="bitcoin"}'))

        def more():
            self.server.sql("INSERT INTO app.events (chain) VALUES ('bitcoin');"
                            "INSERT INTO app.deliveries (event_id, channel, status, created_at, finished_at) "
                            "SELECT 1, 'chat', s, now() - interval '3 s', now() FROM unnest(ARRAY['delivered', 'failed']) s;"
                            "INSERT INTO app.payments (subscription_id, currency, amount_cents, paid_at) VALUES (1, 'EUR', 100, now())")

        def answers(expr):
            more()
            return prometheus.query(expr)
        for expr in ('instance_chain:app_events:rate5m{chain="bitcoin"} > 0',
                     'instance_channel:app_deliveries_failed_per_finished:ratio_rate5m{channel="chat"} > 0.4',
                     'instance_channel:app_delivery_seconds:p95_rate5m{channel="chat"} > 2'):
            (labels, value), *rest = wait_until(expr, lambda expr=expr: answers(expr))
            self.assertEqual([], rest)
            self.assertEqual(("db-1", "postgres", "db-1/main"), (labels["node"], labels["job"], labels["instance"]))
        # Half of chat's deliveries fail: its alert fires.
        firing = wait_until("AppDeliveriesFail", lambda: more() or prometheus.firing("AppDeliveriesFail"))
        self.assertIn("chat", [alert["labels"]["channel"] for alert in firing])

        board = json.loads((out / "dashboards/business.json").read_text())
        panels = [panel for panel in board["panels"] if panel.get("targets")]
        self.assertGreaterEqual(len(panels), 12)
        for panel in panels:
            for query in panel["targets"]:
                expr = (query["expr"].replace("$__rate_interval", "1m").replace("$node", ".*"))
                if panel["title"] == "Subscriptions by plan":
                    continue  # compares with a day ago; drawn below from what it compares
                with self.subTest(panel["title"]):
                    wait_until(expr, lambda expr=expr: answers(expr), 20)

    def test_a_wrong_query_costs_itself_alone(self):
        def broken(text):
            self.assertIn("sum(amount_cents)", text)
            return text.replace("sum(amount_cents)", "sum(amount_in_cents)")
        path, config = self.example(broken)
        line = next(number for number, text in enumerate((self.folder / "site.yml").read_text().splitlines(), 1)
                    if "query: app_revenue" in text)
        told = rf'site\.yml:{line}:\d+: column "amount_in_cents" does not exist'
        agent = self.enterContext(Agent(self.folder, config))
        page = wait_until("all else is there", lambda: (lambda page: 'app_events_total{chain="bitcoin"}' in page
                          and 'pg_scrape_collector_success{collector="app_revenue"}' in page
                          and 'pg_stat_user_tables_n_live_tup{datname="other",relname="other",schemaname="public"}' in page
                          and 'app_delivery_seconds_count{channel="mail"}' in page
                          and 'app_deliveries_pending{channel="mail"}' in page
                          and 'app_subscriptions_active{plan="pro"}' in page and page)(self.page(agent)))
        self.assertEqual(1, page["pg_up"])
        self.assertEqual(0, page['pg_scrape_collector_success{collector="app_revenue"}'])
        self.assertFalse([name for name in page if name.startswith(("app_revenue", "app_payments"))])
        failed = [name for name, value in page.items() if name.startswith("pg_scrape_collector_success") and value == 0]
        # The other is of an extension that this server does not have.
        self.assertEqual(['pg_scrape_collector_success{collector="app_revenue"}',
                          'pg_scrape_collector_success{collector="stat_statements"}'], sorted(failed))
        self.assertEqual(1, page['basewatch_postgres_database_success{datname="other"}'])
        wait_until("the log says so", lambda: re.search("app_revenue.*" + told, agent.output().replace('\\"', '"')), 10)
        status, text = get(agent.url + "/api/v1/status")
        self.assertEqual(200, status)
        self.assertRegex(text.replace('\\"', '"'), told)
        status, text = get(agent.url + "/")
        self.assertEqual(200, status)
        self.assertRegex(text.replace("&quot;", '"').replace("&#34;", '"'), told)
        checked = self.run_it("check", "--config", path)
        self.assertEqual(1, checked.returncode, checked.stdout)
        self.assertRegex(checked.stdout, "app_revenue +FAILED +.*" + told)
        self.assertRegex(checked.stdout, r"app_events +ok")


if __name__ == "__main__":
    unittest.main()
