-- The role that basewatch uses to watch PostgreSQL: it reads statistics, and no row of yours.
--
-- Run it as a superuser, in every database that is to be watched (of Supabase: postgres); it may be
-- run again at any time. Then give the role a password, and the agent the same in a file:
--
--   psql -f monitoring-role.sql postgres
--   psql -c "\password basewatch" postgres
--
--   exporters:
--     postgres: {dsn: "host=127.0.0.1 user=basewatch dbname=postgres", password_file: /run/secrets/pg}

-- Five connections: the agent uses three at most (max_connections), and one each for a second agent
-- during an upgrade and for the person who looks at why something is missing.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'basewatch') THEN
    CREATE ROLE basewatch LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 5;
  END IF;
END
$$;

-- Sessions of others with what they do and wait for, statistics of statements, sizes of databases
-- and tables, the server's parameters, the WAL's folder: everything that PostgreSQL itself calls
-- monitoring. Without it: stat_activity knows only own sessions, and stat_statements, wal, size and
-- wal_receiver have nothing to say.
GRANT pg_monitor TO basewatch;

-- A watcher that writes is a mistake. The agent sets all three by itself; these hold for whoever else
-- uses the role.
ALTER ROLE basewatch SET default_transaction_read_only = on;
ALTER ROLE basewatch SET lock_timeout = '100ms';
ALTER ROLE basewatch SET statement_timeout = '30s';

-- Needed only where CONNECT has been taken from PUBLIC.
DO $$
BEGIN
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO basewatch', current_database());
END
$$;

-- Extensions that stand in a schema of their own, as Supabase has it.
DO $$
DECLARE
  home text;
BEGIN
  FOR home IN SELECT DISTINCT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname IN ('pg_stat_statements', 'pg_buffercache') AND n.nspname <> 'pg_catalog'
  LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO basewatch', home);
  END LOOP;
END
$$;
-- What PostgreSQL shows to nobody but owners, made readable without what it would give away beside it.
-- These views are the only objects that this script makes; they have a schema of their own.
CREATE SCHEMA IF NOT EXISTS basewatch;
GRANT USAGE ON SCHEMA basewatch TO basewatch;

-- How wide each column's values are, by which bloat is estimated (table_bloat, index_bloat). The
-- system's table also holds samples of the values themselves; the view leaves them out.
CREATE OR REPLACE VIEW basewatch.column_widths AS
  SELECT starelid, staattnum, stainherit, stanullfrac, stawidth FROM pg_catalog.pg_statistic;
GRANT SELECT ON basewatch.column_widths TO basewatch;

-- Where each sequence stands (sequences). Without it the role would need rights on every one of them,
-- and on every one to come. Those that are locked would make us wait, and are left out.
CREATE OR REPLACE FUNCTION basewatch.read_sequences() RETURNS TABLE (seqrelid oid, last_value bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.oid, pg_sequence_last_value(c.oid)
  FROM pg_class c
  WHERE c.relkind = 'S' AND c.relpersistence = 'p' AND c.oid NOT IN (
    SELECT l.relation FROM pg_locks l WHERE l.mode = 'AccessExclusiveLock' AND l.relation IS NOT NULL
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
$$;
REVOKE ALL ON FUNCTION basewatch.read_sequences() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION basewatch.read_sequences() TO basewatch;
CREATE OR REPLACE VIEW basewatch.sequences AS SELECT seqrelid, last_value FROM basewatch.read_sequences();
GRANT SELECT ON basewatch.sequences TO basewatch;

-- Own queries (site.yml) need a SELECT on what they read:
--   GRANT USAGE ON SCHEMA shop TO basewatch; GRANT SELECT ON shop.orders TO basewatch;
-- Where row security is on, the role would see no rows, and the agent says so instead of counting
-- none. A view that belongs to the table's owner counts for it, and shows the counts alone:
--   CREATE VIEW monitoring.orders_open AS SELECT count(*) AS orders FROM shop.orders WHERE open;
--   GRANT USAGE ON SCHEMA monitoring TO basewatch; GRANT SELECT ON monitoring.orders_open TO basewatch;

-- Supabase: the rest does nothing in a database that has none of its schemas.
-- There row security stands before auth, storage and cron: a role like this one would count no users
-- and no failed jobs, and believe it. So it gets views, which read with the rights of whoever runs this
-- script: counts and times, never a name, an address, a token or the text of a job. The catalog's
-- queries (catalog/supabase/metrics.yml) read nothing else of these schemas.
--
-- On Supabase run it as supabase_admin:
--   docker exec -i supabase-db psql -U supabase_admin -d postgres < monitoring-role.sql
-- and once more after pg_cron, pg_net or a newer version of a service has been installed.
CREATE FUNCTION pg_temp.provide(view_name text, needs regclass[], body text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog SET client_min_messages = warning AS $$
BEGIN
  EXECUTE format('DROP VIEW IF EXISTS basewatch.%I', view_name);
  IF array_position(needs, NULL) IS NOT NULL THEN
    RETURN;
  END IF;
  IF NOT (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) THEN
    RAISE EXCEPTION 'row security holds for %: run this as supabase_admin or another superuser', current_user;
  END IF;
  CREATE SCHEMA IF NOT EXISTS basewatch;
  GRANT USAGE ON SCHEMA basewatch TO basewatch;
  EXECUTE format('CREATE VIEW basewatch.%I AS %s', view_name, body);
  EXECUTE format('GRANT SELECT ON basewatch.%I TO basewatch', view_name);
EXCEPTION WHEN undefined_column THEN
  RAISE WARNING 'basewatch.% is left out: %', view_name, SQLERRM;
END
$$;

DO $provide$
BEGIN
-- Says that this is a Supabase, and that the script was run: without it no query about one is asked.
PERFORM pg_temp.provide('supabase', ARRAY[to_regclass('auth.users'),
  (SELECT to_regclass('pg_roles') WHERE (SELECT count(*) FROM pg_roles WHERE rolname IN ('anon', 'authenticated')) = 2)],
  'SELECT true AS here');

-- Up to a million users all are counted; beyond that the number is PostgreSQL's own estimate, and those
-- of the last hour are counted only where an index leads to them.
PERFORM pg_temp.provide('auth_users', ARRAY[to_regclass('auth.users')], $view$
  SELECT CASE WHEN small THEN total ELSE estimate END AS users, unconfirmed, anonymous,
    CASE WHEN small OR indexed THEN (SELECT count(*) FROM auth.users
      WHERE created_at > now() - interval '1 hour' AND deleted_at IS NULL)
    END AS created_last_hour, signed_in_last_day
  FROM (SELECT reltuples AS estimate, reltuples < 1000000 AS small, EXISTS (
          SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
          WHERE i.indrelid = c.oid AND a.attname = 'created_at' AND i.indisvalid AND i.indpred IS NULL) AS indexed
        FROM pg_class c WHERE c.oid = 'auth.users'::regclass) AS size
  CROSS JOIN LATERAL (
    SELECT CASE WHEN small THEN count(*) END AS total,
      CASE WHEN small THEN count(*) FILTER (WHERE email_confirmed_at IS NULL AND phone_confirmed_at IS NULL
        AND NOT is_anonymous) END AS unconfirmed,
      CASE WHEN small THEN count(*) FILTER (WHERE is_anonymous) END AS anonymous,
      CASE WHEN small THEN count(*) FILTER (WHERE last_sign_in_at > now() - interval '1 day') END AS signed_in_last_day
    FROM (SELECT * FROM auth.users WHERE deleted_at IS NULL AND small) AS alive) AS counted
$view$);

-- Likewise.
PERFORM pg_temp.provide('auth_sessions', ARRAY[to_regclass('auth.sessions')], $view$
  SELECT CASE WHEN small THEN total ELSE estimate END AS sessions, unexpired, used_last_day
  FROM (SELECT reltuples AS estimate, reltuples < 1000000 AS small FROM pg_class
        WHERE oid = 'auth.sessions'::regclass) AS size
  CROSS JOIN LATERAL (
    SELECT CASE WHEN small THEN count(*) END AS total,
      CASE WHEN small THEN count(*) FILTER (WHERE not_after IS NULL OR not_after > now()) END AS unexpired,
      CASE WHEN small THEN count(*) FILTER (
        WHERE coalesce(refreshed_at AT TIME ZONE 'UTC', created_at) > now() - interval '1 day') END AS used_last_day
    FROM (SELECT * FROM auth.sessions WHERE small) AS few) AS counted
$view$);

-- Objects and bytes of each bucket: from all objects up to a million, else from a sample of as many,
-- scaled up. (Not storage.get_size_by_bucket(): it fails from 2 GiB an object on.)
PERFORM pg_temp.provide('storage_buckets', ARRAY[to_regclass('storage.buckets'), to_regclass('storage.objects')], $view$
  WITH share AS MATERIALIZED (
    SELECT least(1, 1000000 / greatest(reltuples::float8, 1)) AS sampled FROM pg_class
    WHERE oid = 'storage.objects'::regclass),
  counted AS (
    SELECT bucket_id, count(*) AS objects, sum(CASE WHEN jsonb_typeof(metadata -> 'size') = 'number'
      THEN (metadata ->> 'size')::float8 END) AS bytes
    FROM storage.objects TABLESAMPLE SYSTEM ((SELECT 100 * sampled FROM share))
    GROUP BY bucket_id)
  SELECT b.id AS bucket, b.public AS is_public, coalesce(c.objects / s.sampled, 0) AS objects,
    coalesce(c.bytes / s.sampled, 0) AS bytes, s.sampled
  FROM storage.buckets b CROSS JOIN share s LEFT JOIN counted c ON c.bucket_id = b.id
$view$);

-- Jobs and their runs, without the commands, which may hold keys, and without what they answered.
PERFORM pg_temp.provide('cron_jobs', ARRAY[to_regclass('cron.job')], $view$
  SELECT jobid, jobname, database, active FROM cron.job
$view$);
PERFORM pg_temp.provide('cron_runs', ARRAY[to_regclass('cron.job_run_details')], $view$
  SELECT runid, jobid, status, start_time, end_time FROM cron.job_run_details
$view$);

-- Requests of pg_net that wait, counted up to a hundred thousand, and how the last five minutes' ended.
PERFORM pg_temp.provide('net_requests', ARRAY[to_regclass('net.http_request_queue'), to_regclass('net._http_response')], $view$
  SELECT (SELECT count(*) FROM (SELECT FROM net.http_request_queue LIMIT 100000) AS waiting) AS queued,
    count(*) FILTER (WHERE timed_out) AS timed_out,
    count(*) FILTER (WHERE error_msg IS NOT NULL AND timed_out IS NOT TRUE) AS failed,
    count(*) FILTER (WHERE error_msg IS NULL AND status_code >= 500) AS server_error,
    count(*) FILTER (WHERE error_msg IS NULL AND status_code BETWEEN 400 AND 499) AS client_error,
    count(*) FILTER (WHERE error_msg IS NULL AND status_code < 400) AS done
  FROM net._http_response WHERE created > now() - interval '5 minutes'
$view$);

-- Who listens to changes of tables, counted up to a hundred thousand.
PERFORM pg_temp.provide('realtime_subscriptions', ARRAY[to_regclass('realtime.subscription')], $view$
  SELECT count(*) AS subscriptions, count(DISTINCT subscription_id) AS clients, count(DISTINCT entity) AS tables
  FROM (SELECT subscription_id, entity FROM realtime.subscription LIMIT 100000) AS listening
$view$);
END
$provide$;
