-- A shop on that Supabase, with one of each fault; the numbers stand in integration/supabase_test.py.
INSERT INTO auth.users (email_confirmed_at, phone_confirmed_at, last_sign_in_at, created_at, is_anonymous, deleted_at)
SELECT t - interval '3 days', NULL::timestamptz, t - interval '1 hour', t - interval '3 days', false, NULL::timestamptz
  FROM generate_series(1, 7), (SELECT now() AS t) n
UNION ALL SELECT NULL, t - interval '9 days', t - interval '5 days', t - interval '9 days', false, NULL FROM (SELECT now() AS t) n
UNION ALL SELECT NULL, NULL, NULL, t - interval '10 minutes', false, NULL FROM generate_series(1, 3), (SELECT now() AS t) n
UNION ALL SELECT NULL, NULL, t - interval '5 minutes', t - interval '5 minutes', true, NULL FROM generate_series(1, 2), (SELECT now() AS t) n
UNION ALL SELECT NULL, NULL, NULL, t, false, t FROM (SELECT now() AS t) n;
INSERT INTO auth.sessions (user_id, created_at, refreshed_at, not_after, aal)
SELECT id, now() - interval '40 days', (now() AT TIME ZONE 'UTC') - interval '2 hours', NULL, 'aal1'::auth.aal_level
  FROM (SELECT id FROM auth.users LIMIT 4) u
UNION ALL SELECT id, now() - interval '2 hours', NULL, now() + interval '1 day', 'aal2' FROM (SELECT id FROM auth.users LIMIT 1) u
UNION ALL SELECT id, now() - interval '9 days', NULL, now() - interval '1 day', 'aal1' FROM (SELECT id FROM auth.users LIMIT 2) u;

INSERT INTO storage.buckets (id, name, public) VALUES ('avatars', 'avatars', true), ('videos', 'videos', false), ('empty', 'empty', false);
INSERT INTO storage.objects (bucket_id, name, metadata) VALUES
  ('avatars', 'a.png', '{"size": 1000}'), ('avatars', 'b.png', '{"size": 500}'), ('avatars', 'c.png', NULL),
  ('videos', 'large.mp4', '{"size": 3000000000}'), ('videos', 'odd.mp4', '{"size": "unknown"}');

INSERT INTO cron.job (jobid, schedule, command, username, active, jobname) VALUES
  (1, '* * * * *', 'SELECT secret()', 'shop', true, 'every-minute'), (2, '0 3 * * *', 'SELECT 2', 'shop', true, 'backup'),
  (3, '0 * * * *', 'SELECT 3', 'shop', true, NULL), (4, '0 0 * * *', 'SELECT 4', 'shop', false, 'off'),
  (5, '5 seconds', 'SELECT 5', 'shop', true, 'new');
INSERT INTO cron.job_run_details (jobid, database, username, status, start_time, end_time, return_message)
SELECT 1, 'postgres', 'shop', 'succeeded', at, at + interval '1 s', 'secret' FROM (
  SELECT date_trunc('minute', now()) - i * interval '1 min' AS at FROM generate_series(20, 1, -1) i) t
UNION ALL SELECT 2, 'postgres', 'shop', 'succeeded', date_trunc('day', now()) - interval '4 days', date_trunc('day', now()) - interval '4 days' + interval '90 s', ''
UNION ALL SELECT 2, 'postgres', 'shop', 'failed', date_trunc('day', now()) - i * interval '1 day', date_trunc('day', now()) - i * interval '1 day', 'secret'
  FROM generate_series(3, 2, -1) i
UNION ALL SELECT 3, 'postgres', 'shop', 'succeeded', now() - interval '3 hours', now() - interval '2 hours', ''
UNION ALL SELECT 3, 'postgres', 'shop', 'running', now() - interval '2 hours', NULL, NULL;

INSERT INTO net.http_request_queue (method, url, timeout_milliseconds) SELECT 'POST', 'https://example.org', 1000 FROM generate_series(1, 12);
INSERT INTO net._http_response (id, status_code, timed_out, error_msg, created) VALUES
  (1, 200, false, NULL, now()), (2, 204, false, NULL, now()), (3, 404, false, NULL, now()), (4, 503, false, NULL, now()),
  (5, 500, false, NULL, now()), (6, NULL, true, 'Timeout was reached', now()), (7, NULL, NULL, 'Could not resolve host', now()),
  (8, 500, false, NULL, now() - interval '10 minutes');

CREATE TABLE public.profiles (id uuid PRIMARY KEY, name text);
ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.profiles USING ((SELECT auth.uid()) = id);
CREATE POLICY slow ON public.profiles FOR SELECT USING (auth.uid() = id);
CREATE POLICY everybody_reads ON public.profiles FOR SELECT USING (true);
CREATE POLICY everybody_writes ON public.profiles FOR UPDATE USING (true);
CREATE POLICY everybody_adds ON public.profiles FOR INSERT TO anon WITH CHECK (true);
CREATE POLICY the_service_alone ON public.profiles FOR DELETE TO service_role USING (true);
CREATE POLICY by_what_they_say ON public.profiles FOR DELETE USING (((SELECT auth.jwt()) -> 'user_metadata' ->> 'admin') = 'yes');
CREATE TABLE public.open_orders (id int PRIMARY KEY);                      -- no row security, and open
CREATE TABLE public.open_too (id int PRIMARY KEY);                         -- likewise, and with a policy in vain
CREATE POLICY in_vain ON public.open_too USING (false);
CREATE TABLE public.internal (id int PRIMARY KEY);                         -- no row security, but nobody may
REVOKE ALL ON public.internal FROM anon, authenticated;
CREATE TABLE public.closed (id int PRIMARY KEY);                           -- nobody sees anything
ALTER TABLE public.closed ENABLE ROW LEVEL SECURITY;
CREATE VIEW public.all_orders AS SELECT * FROM public.open_orders;         -- the owner's rights
CREATE VIEW public.my_orders WITH (security_invoker = on) AS SELECT * FROM public.open_orders;
CREATE VIEW public.users AS SELECT id, email FROM auth.users;              -- likewise, and addresses
CREATE VIEW public.unreachable AS SELECT 1 AS one;
REVOKE ALL ON public.unreachable FROM anon, authenticated;
CREATE MATERIALIZED VIEW public.totals AS SELECT 1 AS one;
CREATE FUNCTION public.plain(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION public.fixed() RETURNS int LANGUAGE sql SET search_path = '' AS 'SELECT 1';
CREATE FUNCTION public.mighty() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1';
CREATE TABLE storage.own_migrations (id int);                              -- Supabase's schema, but open
GRANT SELECT ON storage.own_migrations TO anon;
CREATE SCHEMA api;                                                         -- served only when the configuration says so
GRANT USAGE ON SCHEMA api TO anon;
CREATE TABLE api.things (id int PRIMARY KEY);
GRANT SELECT (id) ON api.things TO anon;

INSERT INTO realtime.subscription (subscription_id, entity, claims) VALUES
  ('00000000-0000-0000-0000-000000000001', 'public.profiles', '{}'), ('00000000-0000-0000-0000-000000000001', 'public.open_orders', '{}'),
  ('00000000-0000-0000-0000-000000000002', 'public.profiles', '{}');
