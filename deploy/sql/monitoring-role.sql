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
