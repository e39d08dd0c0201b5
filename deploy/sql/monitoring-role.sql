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

-- Own queries (site.yml) need a SELECT on what they read:
--   GRANT USAGE ON SCHEMA shop TO basewatch; GRANT SELECT ON shop.orders TO basewatch;
-- Where row security is on, the role would see no rows, and the agent says so instead of counting
-- none. A view that belongs to the table's owner counts for it, and shows the counts alone:
--   CREATE VIEW monitoring.orders_open AS SELECT count(*) AS orders FROM shop.orders WHERE open;
--   GRANT USAGE ON SCHEMA monitoring TO basewatch; GRANT SELECT ON monitoring.orders_open TO basewatch;
