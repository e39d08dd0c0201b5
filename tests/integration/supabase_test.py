"""The catalog's subject supabase against a real PostgreSQL with Supabase's schemas: every metric has the
value that counting tests/support/supabase_data.sql by hand gives, under the least-privilege role."""
import pathlib
import re
import subprocess
import unittest

from support.postgres import Postgres, monitoring_role
from support.servers import BASEWATCH, Agent, get, scratch, series_of, wait_until
from support.supabase import Supabase

QUERIES = ("lints", "api_roles", "realtime", "realtime_subscriptions", "workers", "cron", "net", "auth_users",
           "auth_sessions", "storage", "schemas", "extensions", "hosted", "hosted_connections",
           "hosted_realtime", "hosted_sizes", "hosted_statements")
BACKGROUND = ("lints", "api_roles", "realtime_subscriptions", "cron", "net", "auth_users", "auth_sessions",
              "storage", "schemas", "extensions", "hosted_sizes", "hosted_statements")
HOSTED = ("pg_database_size_mb", "pg_stat_database_num_backends", "pg_stat_database_xact_commit_total",
          "pg_stat_database_xact_rollback_total", "pg_stat_database_deadlocks_total",
          "pg_stat_database_conflicts_confl_tablespace_total", "pg_stat_database_conflicts_confl_lock_total",
          "pg_stat_database_conflicts_confl_snapshot_total", "pg_stat_database_conflicts_confl_bufferpin_total",
          "pg_stat_database_conflicts_confl_deadlock_total", "pg_stat_statements_total_queries",
          "pg_stat_statements_total_time_seconds", "pg_status_in_recovery", "replication_realtime_lag_bytes",
          "replication_realtime_slot_status", "supabase_usage_metrics_user_queries_total", "pg_up",
          "pg_settings_default_transaction_read_only", "pg_stat_bgwriter_checkpoints_timed_total",
          "pg_stat_bgwriter_checkpoints_req_total", "pg_stat_bgwriter_checkpoint_write_time_total",
          "pg_stat_bgwriter_checkpoint_sync_time_total", "pg_stat_bgwriter_buffers_checkpoint_total",
          "pg_stat_bgwriter_buffers_clean_total", "pg_stat_bgwriter_maxwritten_clean_total",
          "pg_stat_bgwriter_buffers_backend_total", "pg_stat_bgwriter_buffers_backend_fsync_total",
          "pg_stat_bgwriter_buffers_alloc_total", "physical_replication_lag_physical_replication_lag_seconds",
          "connection_stats_connection_count", "max_connections_connection_count", "pg_stat_activity_xact_runtime",
          "pg_wal_size_mb", "pg_ls_archive_statusdir_wal_pending_count", "auth_users_user_count",
          "realtime_postgres_changes_total_subscriptions", "realtime_postgres_changes_client_subscriptions",
          "replication_slots_max_lag_bytes", "storage_storage_size_mb")

FINDINGS = {  # of the schema public; the others have none but where it says so
    "anon_security_definer_function_executable": ["mighty()"], "auth_rls_initplan": ["profiles: slow"],
    "auth_users_exposed": ["users"], "extension_in_public": [], "foreign_table_in_api": [],
    "function_search_path_mutable": ["plain(a integer)"], "materialized_view_in_api": ["totals"],
    "policy_exists_rls_disabled": ["open_too"], "rls_disabled_in_public": ["open_orders", "open_too"],
    "rls_enabled_no_policy": ["closed"],
    "rls_policy_always_true": ["profiles: everybody_adds", "profiles: everybody_writes"],
    "rls_references_user_metadata": ["profiles: by_what_they_say"], "security_definer_view": ["all_orders", "users"]}

COUNTED = {
    'supabase_rls_tables{rls="on",schema="public"}': 2, 'supabase_rls_tables{rls="off",schema="public"}': 3,
    'supabase_rls_tables{rls="on",schema="storage"}': 2, 'supabase_rls_tables{rls="off",schema="storage"}': 1,
    'supabase_rls_tables{rls="on",schema="graphql_public"}': 0,
    'supabase_rls_tables{rls="off",schema="graphql_public"}': 0,
    'supabase_api_role_bypasses_rls{rolname="anon"}': 0,
    'supabase_api_role_bypasses_rls{rolname="authenticated"}': 0,
    "supabase_realtime_subscriptions": 3, "supabase_realtime_subscribers": 2,
    "supabase_realtime_subscribed_tables": 2, "realtime_postgres_changes_total_subscriptions": 3,
    "realtime_postgres_changes_client_subscriptions": 2,
    'supabase_worker_up{worker="pg_cron"}': 0, 'supabase_worker_up{worker="pg_net"}': 0,
    'supabase_cron_job_active{jobid="1",jobname="every-minute"}': 1,
    'supabase_cron_job_active{jobid="3",jobname=""}': 1, 'supabase_cron_job_active{jobid="4",jobname="off"}': 0,
    'supabase_cron_job_failures_since_success{jobid="1",jobname="every-minute"}': 0,
    'supabase_cron_job_failures_since_success{jobid="2",jobname="backup"}': 2,
    'supabase_cron_job_failures_since_success{jobid="5",jobname="new"}': 0,
    'supabase_cron_job_running_seconds{jobid="2",jobname="backup"}': 0,
    'supabase_cron_job_longest_gap_seconds{jobid="1",jobname="every-minute"}': 60,
    "supabase_net_queued_requests": 12, 'supabase_net_responses{outcome="done"}': 2,
    'supabase_net_responses{outcome="client_error"}': 1, 'supabase_net_responses{outcome="server_error"}': 2,
    'supabase_net_responses{outcome="failed"}': 1, 'supabase_net_responses{outcome="timed_out"}': 1,
    "supabase_auth_users": 13, "auth_users_user_count": 13, "supabase_auth_users_unconfirmed": 3,
    "supabase_auth_users_anonymous": 2, "supabase_auth_users_created_last_hour": 5,
    "supabase_auth_users_signed_in_last_day": 9,
    "supabase_auth_sessions": 7, "supabase_auth_sessions_unexpired": 5, "supabase_auth_sessions_used_last_day": 5,
    'supabase_storage_objects{bucket="avatars"}': 3, 'supabase_storage_bytes{bucket="avatars"}': 1500,
    'supabase_storage_objects{bucket="videos"}': 2, 'supabase_storage_bytes{bucket="videos"}': 3e9,
    'supabase_storage_objects{bucket="empty"}': 0, 'supabase_storage_bytes{bucket="empty"}': 0,
    'supabase_storage_bucket_public{bucket="avatars"}': 1, 'supabase_storage_bucket_public{bucket="videos"}': 0,
    "storage_storage_size_mb": 3000001500 / 1048576,
    'supabase_schema_tables{datname="postgres",schema="auth"}': 2,
    'supabase_schema_tables{datname="postgres",schema="storage"}': 3,
    'supabase_schema_tables{datname="postgres",schema="cron"}': 2,
    'supabase_schema_tables{datname="_supabase",schema="_analytics"}': 2,
    'supabase_extension_info{available="",extension="pg_cron",installed="1.6.4"}': 1,
    'supabase_extension_info{available="1.10",extension="pg_stat_statements",installed="1.9"}': 1,
    'supabase_extension_outdated{extension="pg_stat_statements"}': 1,
    'supabase_extension_outdated{extension="plpgsql"}': 0,
    "pg_status_in_recovery": 0, "max_connections_connection_count": 40,
    "physical_replication_lag_physical_replication_lag_seconds": 0,
    "physical_replication_lag_is_connected_to_primary": 0, "physical_replication_lag_is_wal_replay_paused": 0,
    "pg_ls_archive_statusdir_wal_pending_count": 0,
}
ABSENT = ('supabase_cron_job_last_start_timestamp_seconds{jobid="5"', 'supabase_cron_job_longest_gap_seconds{jobid="2"',
          'supabase_cron_job_longest_gap_seconds{jobid="5"', 'supabase_lint_findings{lint="rls_disabled_in_public",schema="api"}')


class SupabaseTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = scratch()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = pathlib.Path(cls.scratch.name)
        for name in ("supabase", "plain"):
            (cls.folder / name).mkdir()
        cls.folder.chmod(0o755)
        cls.server = Supabase(cls.folder / "supabase", max_connections=40)
        cls.addClassCleanup(cls.server.stop)
        cls.server.sql("SELECT pg_create_logical_replication_slot('supabase_realtime_replication_slot_', 'pgoutput');"
                       "UPDATE pg_extension SET extversion = '1.9' WHERE extname = 'pg_stat_statements';"
                       "ALTER ROLE basewatch CONNECTION LIMIT 20;"  # two instances and this test
                       "CREATE ROLE unprepared LOGIN PASSWORD 'none'; GRANT pg_monitor TO unprepared")
        cls.plain = Postgres(cls.folder / "plain")
        cls.addClassCleanup(cls.plain.stop)
        monitoring_role(cls.plain)
        (cls.folder / "password").write_text("watch\n")
        soon = ", ".join(f"supabase_{name}: {{every: 1s}}" for name in BACKGROUND)
        labels = "{supabase_project_ref: shop, supabase_identifier: shop, service_type: postgresql}"
        dsn = "host={} user=basewatch dbname=postgres"
        cls.config = f"""node: db-1
exporters:
  postgres:
    - {{name: main, dsn: "{dsn.format(cls.server.host)}", password: watch, labels: {labels}, collectors: {{{soon}, databases: {{every: 5s}}}}}}
    - {{name: api, dsn: "{dsn.format(cls.server.host)}", password: watch, exposed_schemas: [api, public], databases: {{all: false}}}}
    - {{name: plain, dsn: "{dsn.format(cls.plain.host)}", password: watch}}
    - {{name: unprepared, dsn: "host={cls.server.host} user=unprepared dbname=postgres", password: none, databases: {{all: false}}}}
"""
        cls.agent = Agent(cls.folder, cls.config)
        cls.addClassCleanup(cls.agent.stop)

    def text(self, name="main"):
        status, text = get(f"{self.agent.url}/metrics/postgres/{name}", timeout=30,
                           headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"})
        self.assertEqual(200, status, text)
        return text

    def page(self, name="main"):
        """Its series, their labels by name: the order on the page is the catalog's."""
        def sorted_labels(series):
            family, brace, labels = series.partition("{")
            return family + brace + (",".join(sorted(re.findall(r'\w+="[^"]*"', labels))) + "}" if brace else "")
        return {sorted_labels(series): value for series, value in series_of(self.text(name)).items()}

    def when(self, what, condition, name="main"):
        """The page once it says so: what runs in the background comes when it is done."""
        def look():
            page = self.page(name)
            return condition(page) and page
        return wait_until(what, look, 40)

    def whole(self):
        return self.when("every collector has been there", lambda page: all(
            f'pg_scrape_collector_success{{collector="supabase_{name}"}}' in page for name in QUERIES)
            and 'supabase_schema_tables{datname="_supabase",schema="_analytics"}' in page)

    def test_every_number_is_the_one_counted_by_hand(self):
        page = self.whole()
        expected = dict(COUNTED)
        for lint, objects in FINDINGS.items():
            for schema in ("public", "storage", "graphql_public"):
                found = objects if schema == "public" else []
                if (lint, schema) == ("rls_disabled_in_public", "storage"):
                    found = ["own_migrations"]
                expected[f'supabase_lint_findings{{lint="{lint}",schema="{schema}"}}'] = len(found)
                for one in found:
                    expected[f'supabase_lint_finding_info{{lint="{lint}",object="{one}",schema="{schema}"}}'] = 1
        for series, value in expected.items():
            with self.subTest(series):
                self.assertEqual(value, page.get(series))
        infos = [name for name in page if name.startswith("supabase_lint_finding_info{")]
        self.assertEqual(sum(map(len, FINDINGS.values())) + 1, len(infos))
        for absent in ABSENT:
            self.assertFalse([name for name in page if name.startswith(absent)], absent)

    def test_times_and_sizes(self):
        page = self.whole()
        times = self.server.sql("""
            SELECT (SELECT extract(epoch FROM max(start_time)) FROM cron.job_run_details WHERE jobid = 2),
              (SELECT extract(epoch FROM max(end_time)) FROM cron.job_run_details WHERE jobid = 2 AND status = 'succeeded'),
              (SELECT extract(epoch FROM now() - start_time) FROM cron.job_run_details WHERE jobid = 3 AND status = 'running')""")[0]
        start, success, running = map(float, times)
        self.assertEqual(start, page['supabase_cron_job_last_start_timestamp_seconds{jobid="2",jobname="backup"}'])
        self.assertEqual(success, page['supabase_cron_job_last_success_timestamp_seconds{jobid="2",jobname="backup"}'])
        self.assertAlmostEqual(running, page['supabase_cron_job_running_seconds{jobid="3",jobname=""}'], delta=30)
        size = self.server.sql("SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND "
                               "relnamespace = '_analytics'::regnamespace", database="_supabase")[0][0]
        self.assertEqual(float(size), page['supabase_schema_size_bytes{datname="_supabase",schema="_analytics"}'])
        total = self.server.sql("SELECT sum(pg_database_size(oid)) / 1048576 FROM pg_database")[0][0]
        self.assertAlmostEqual(float(total), page["pg_database_size_mb"], delta=5)

    def test_realtime_slots(self):
        self.server.sql("CREATE TABLE IF NOT EXISTS written (t text)")
        page = self.page()
        self.assertEqual(1, page["supabase_realtime_change_slots"])
        self.assertEqual(0, page["supabase_realtime_broadcast_slots"])
        self.assertEqual(1, page["supabase_realtime_inactive_slots"])
        self.assertEqual(0, page['replication_realtime_slot_status{slot_name="supabase_realtime_replication_slot_"}'])
        before = float(self.server.sql("SELECT pg_current_wal_lsn() - confirmed_flush_lsn FROM pg_replication_slots")[0][0])
        self.server.sql("INSERT INTO written SELECT repeat('x', 1000) FROM generate_series(1, 1000)")
        with self.server.session("SELECT pg_create_logical_replication_slot("
                                 "'supabase_realtime_messages_replication_slot_', 'pgoutput', true);"):
            page = self.when("both slots are there", lambda page: page["supabase_realtime_broadcast_slots"] == 1)
            self.assertGreater(page["supabase_realtime_lag_bytes"], before + 1_000_000)
            self.assertGreater(page['replication_realtime_lag_bytes{slot_name="supabase_realtime_replication_slot_"}'],
                               before)
        self.when("the temporary one is gone", lambda page: page["supabase_realtime_broadcast_slots"] == 0)

    def test_names_of_hosted_supabase_with_its_labels(self):
        self.whole()
        status, text = get(self.agent.url + "/metrics", timeout=30)
        self.assertEqual(200, status)
        lines = [line for line in text.splitlines() if 'instance="db-1/main"' in line]
        for name in HOSTED:
            found = [line for line in lines if re.match(name + r"[{ ]", line)]
            self.assertTrue(found, name)
            for line in found:
                for label in ('supabase_project_ref="shop"', 'supabase_identifier="shop"', 'service_type="postgresql"'):
                    self.assertIn(label, line)

    def test_under_the_least_privilege_role_and_without_secrets(self):
        page = self.whole()
        for name in QUERIES:
            self.assertEqual(1, page[f'pg_scrape_collector_success{{collector="supabase_{name}"}}'], name)
        self.assertNotIn("secret", self.text() + self.agent.output())

        def rows(sql):
            return self.server.sql(sql, user="basewatch", password="watch")
        self.assertEqual([["0"]], rows("SELECT count(*) FROM cron.job"), "row security holds for the role")
        for closed in ("SELECT email FROM auth.users", "SELECT name FROM storage.objects",
                       "SELECT url FROM net.http_request_queue", "SELECT storage.get_size_by_bucket()"):
            with self.assertRaisesRegex(RuntimeError, "permission denied"):
                rows(closed)

    def test_schemas_of_the_configuration_and_of_the_database(self):
        page = self.when("its lints are there", lambda page: 'supabase_rls_tables{rls="off",schema="api"}' in page, "api")
        self.assertEqual(1, page['supabase_lint_findings{lint="rls_disabled_in_public",schema="api"}'])
        self.assertNotIn('supabase_lint_findings{lint="rls_disabled_in_public",schema="storage"}', page)
        self.addCleanup(self.server.sql, "ALTER ROLE authenticator RESET pgrst.db_schemas")
        self.server.sql("ALTER ROLE authenticator SET pgrst.db_schemas = 'public, api'")
        page = self.when("the database's own setting is taken", lambda page:
                         'supabase_lint_findings{lint="rls_disabled_in_public",schema="api"}' in page)
        self.assertNotIn('supabase_lint_findings{lint="rls_disabled_in_public",schema="storage"}', page)

    def test_a_role_above_row_security(self):
        def is_above(role):
            return lambda page: page.get(f'supabase_api_role_bypasses_rls{{rolname="{role}"}}') == 1
        self.addCleanup(self.when, "as before", lambda page: not any(
            is_above(role)(page) for role in ("anon", "authenticated")))
        self.addCleanup(self.server.sql, "ALTER ROLE anon NOBYPASSRLS; REVOKE service_role FROM authenticated")
        self.server.sql("ALTER ROLE anon BYPASSRLS")
        page = self.when("anon", is_above("anon"))
        self.assertEqual(0, page['supabase_api_role_bypasses_rls{rolname="authenticated"}'])
        self.server.sql("GRANT service_role TO authenticated")
        self.when("by membership", is_above("authenticated"))

    def test_tables_too_large_to_count(self):
        self.addCleanup(self.server.sql, "ANALYZE auth.users; ANALYZE storage.objects")
        self.server.sql("UPDATE pg_class SET reltuples = 3e6 WHERE oid = 'auth.users'::regclass")
        page = self.when("an estimate", lambda page: page.get("supabase_auth_users") == 3e6)
        for name in ("unconfirmed", "anonymous", "created_last_hour", "signed_in_last_day"):
            self.assertNotIn("supabase_auth_users_" + name, page)
        # A sample of all blocks but scaled: the table has one block, so it is all or nothing.
        self.server.sql("UPDATE pg_class SET reltuples = 2e6 WHERE oid = 'storage.objects'::regclass")
        self.when("a sample", lambda page: page['supabase_storage_objects{bucket="avatars"}'] in (0, 6))

    def test_a_lock_on_what_is_counted(self):
        self.whole()
        with self.server.session("BEGIN; LOCK TABLE auth.users IN ACCESS EXCLUSIVE MODE;"):
            page = self.when("it fails", lambda page:
                             page['pg_scrape_collector_success{collector="supabase_auth_users"}'] == 0)
            self.assertEqual(1, page["pg_up"])
            self.assertEqual(7, page["supabase_auth_sessions"])
            self.assertIn("supabase_realtime_change_slots", page)
        self.when("it works again", lambda page:
                  page['pg_scrape_collector_success{collector="supabase_auth_users"}'] == 1)

    def test_a_plain_postgresql_shows_nothing_and_logs_nothing(self):
        self.when("the background has been there", lambda page: any(
            name.startswith("pg_database_size_bytes") for name in page), "plain")
        text = self.text("plain")
        # Its one query that looks into every database runs, and finds nothing.
        lines = [line for line in text.splitlines() if 'collector="supabase_schemas"' not in line]
        self.assertFalse([line for line in lines if "supabase" in line])
        for name in HOSTED[:8] + HOSTED[10:12] + HOSTED[13:15]:
            self.assertNotIn(name, text)
        self.assertNotRegex(self.agent.output(), "postgres/plain.*supabase")

    def test_without_the_views_it_is_said_what_to_do(self):
        text = (self.folder / "basewatch.yml").read_text()
        only = self.folder / "only.yml"
        only.write_text("\n".join(line for line in text.splitlines() if "name: " not in line or "unprepared" in line) + "\n")
        done = subprocess.run([BASEWATCH, "check", "--config", only], capture_output=True, text=True, timeout=60)
        self.assertRegex(done.stdout, r"supabase_cron +absent +.*GRANT SELECT ON basewatch\.cron_jobs TO")
        self.assertRegex(done.stdout, r"supabase_schemas +ok")
        self.assertNotIn("FAILED", done.stdout)


if __name__ == "__main__":
    unittest.main()
