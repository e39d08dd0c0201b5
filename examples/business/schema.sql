-- A service that tells its subscribers what happens on blockchains: by mail, in chat, to their webhooks.
-- Every table that the queries of site.yml read has an index that leads to the rows of the day.
CREATE SCHEMA app;

CREATE TABLE app.chains (name text PRIMARY KEY);
CREATE TABLE app.channels (name text PRIMARY KEY);

CREATE TABLE app.subscriptions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer uuid NOT NULL,
  plan text NOT NULL,
  price_cents int NOT NULL,
  begins_at timestamptz NOT NULL,
  ends_at timestamptz
);
CREATE INDEX ON app.subscriptions (plan) WHERE ends_at IS NULL;

CREATE TABLE app.events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chain text NOT NULL REFERENCES app.chains,
  seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON app.events (chain, seen_at);

CREATE TABLE app.deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id bigint NOT NULL REFERENCES app.events,
  channel text NOT NULL REFERENCES app.channels,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);
CREATE INDEX ON app.deliveries (channel) WHERE status = 'pending';
CREATE INDEX ON app.deliveries (finished_at);

CREATE TABLE app.payments (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subscription_id bigint NOT NULL REFERENCES app.subscriptions,
  currency text NOT NULL,
  amount_cents bigint NOT NULL,
  paid_at timestamptz NOT NULL
);
CREATE INDEX ON app.payments (paid_at);

INSERT INTO app.chains VALUES ('bitcoin'), ('ethereum'), ('solana');
INSERT INTO app.channels VALUES ('mail'), ('chat'), ('webhook');

-- What the monitoring role may read: columns that it counts by, no customer and no address.
GRANT USAGE ON SCHEMA app TO basewatch;
GRANT SELECT ON app.chains, app.channels TO basewatch;
GRANT SELECT (plan, price_cents, begins_at, ends_at) ON app.subscriptions TO basewatch;
GRANT SELECT (chain, seen_at) ON app.events TO basewatch;
GRANT SELECT (channel, status, created_at, finished_at) ON app.deliveries TO basewatch;
GRANT SELECT (currency, amount_cents, paid_at) ON app.payments TO basewatch;
