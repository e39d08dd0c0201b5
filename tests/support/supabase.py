"""The database of a self-hosted Supabase, as far as a watcher looks, on a real PostgreSQL: supabase.sql
makes its schemas, supabase_data.sql a shop with one of each fault."""
import pathlib

from support.postgres import Postgres, monitoring_role

HERE = pathlib.Path(__file__).resolve().parent
ANALYTICS = """
CREATE SCHEMA _analytics;
CREATE TABLE _analytics.log_events_1 (id text PRIMARY KEY, body jsonb, timestamp timestamp);
CREATE TABLE _analytics.log_events_2 (id text PRIMARY KEY, body jsonb, timestamp timestamp);
INSERT INTO _analytics.log_events_1 SELECT i::text, '{"event_message": "GET /"}', now() FROM generate_series(1, 5000) i;
"""


class Supabase(Postgres):
    def __init__(self, folder, **settings):
        super().__init__(folder, wal_level="logical", **settings)
        self.sql((HERE / "supabase.sql").read_text())
        self.sql((HERE / "supabase_data.sql").read_text())
        self.sql("CREATE DATABASE _supabase")
        self.sql(ANALYTICS, database="_supabase")
        monitoring_role(self)
