#include "exporters/postgres/postgres.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "agent/clients/postgres/dsn.h"
#include "exporters/postgres/collect.h"
#include "exporters/postgres/console.h"
#include "exporters/postgres/instance.h"
#include "exporters/postgres/queries.h"
#include "exporters/postgres/rows.h"
#include "exporters/postgres/session.h"
#include "exporters/postgres/walker.h"
#include "metrics/pgbouncer.h"
#include "metrics/postgres.h"

namespace basewatch::postgres {
namespace {

using namespace std::chrono_literals;

// Two lanes, so that what is slow in the background never stands before a scrape: each has its
// connections, and together they are max_connections.
constexpr std::string_view kScrapeLane = "scrape", kBackgroundLane = "background";
constexpr std::string_view kWalker = "databases";
constexpr Duration kWalkEvery = 60s;

constexpr std::string_view kKinds[] = {"auto", "postgres", "pgbouncer"};

constexpr Option kOptions[] = {
    {"dsn", OptionType::secret, "",
     "Where the server is: a URL or host=... user=... dbname=...; empty: libpq's defaults."},
    {"password", OptionType::secret, "", "The role's password, read again at each connect."},
    {"kind", OptionType::choice, "auto",
     "What answers: postgres, or the admin console of pgbouncer; auto: the console when the "
     "database is called pgbouncer.",
     kKinds},
    {"max_connections", OptionType::integer, "3",
     "How many connections there are at most, from 2 to 10."},
    {"compat_names", OptionType::flag, "false",
     "Adds the metrics of postgres_exporter 0.11 that 0.20 no longer has."},
    {"databases.all", OptionType::flag, "true",
     "Looks into the databases beside the configured one, too, in the background."},
    {"databases.include", OptionType::regex, "",
     "Which of them are looked at; empty: all that are not left out."},
    {"databases.exclude", OptionType::regex, "", "Which of them are left out."},
    {"exposed_schemas", OptionType::texts, "[public, storage, graphql_public]",
     "Of Supabase: the schemas that its REST API serves, as PGRST_DB_SCHEMAS has them."},
};

class RealLink final : public Link {
 public:
  explicit RealLink(std::unique_ptr<clients::Connection> connection)
      : connection_(std::move(connection)) {}
  clients::Table run(const clients::Statement& statement, const Deadline& deadline) override {
    return connection_->run(statement, deadline);
  }
  Server server() const override {
    return {connection_->version(),    connection_->is_console(), connection_->is_pooled(),
            connection_->is_standby(), connection_->backend(),    connection_->database()};
  }
  bool usable() const override { return connection_->usable(); }
  bool left_behind() const override { return connection_->left_behind(); }

 private:
  const std::unique_ptr<clients::Connection> connection_;
};

std::size_t connections_of(const Settings& settings) {
  const auto most = settings.integer("max_connections");
  if (most < 2 || most > 10) {
    throw SettingError("max_connections",
                       "max_connections must be from 2 to 10: one for scrapes, the others for the "
                       "background");
  }
  return static_cast<std::size_t>(most);
}

clients::DsnTarget target_of(const Settings& settings) {
  try {
    return clients::read_dsn(settings.secret("dsn"));
  } catch (const clients::DsnError& error) {
    throw SettingError("dsn", fmt::format("dsn: {}", error.what()));
  }
}

ServerKind kind_of(const Settings& settings, const clients::DsnTarget& target) {
  const auto& kind = settings.text("kind");
  const bool console = kind == "pgbouncer" || (kind == "auto" && target.database == "pgbouncer");
  return console ? ServerKind::pgbouncer : ServerKind::postgres;
}

// Everything that runs need, owned by them together: a run that hangs outlives its exporter.
struct Core {
  explicit Core(const Settings& given) : Core(given, target_of(given)) {}

  Core(const Settings& given, const clients::DsnTarget& target)
      : settings(given),
        kind(kind_of(given, target)),
        most(connections_of(given)),
        queries(queries_of(given, kind)),
        shown(target.shown()),
        state(std::make_shared<InstanceState>()),
        shared(std::make_shared<SessionShared>()),
        scrape(shared, ""),
        pool(shared, most - 1),
        walker(each_database(), NameFilter(given, "databases.exclude", "databases.include"),
               state) {
    shared->backends = std::make_shared<Backends>(most);
    shared->exposed_schemas = join(settings.texts("exposed_schemas"), ",");
    for (const auto& query : queries) shared->queries.push_back(&query);
    shared->dial = [given = settings, console = is_console()](const std::string& database,
                                                              const Deadline& deadline) {
      clients::ConnectRequest request;
      request.dsn = given.secret("dsn");
      request.password = given.secret("password");
      request.database = database;
      request.is_console = console;
      return std::make_unique<RealLink>(clients::Connection::open(request, deadline));
    };
    shared->told = [state = state, shown = shown](bool ok, const std::string& reason) {
      state->reached(ok, shown, reason);
    };
  }
  Core(const Core&) = delete;

  bool is_console() const { return kind == ServerKind::pgbouncer; }

  std::vector<const QuerySpec*> each_database() const {
    std::vector<const QuerySpec*> out;
    for (const auto& query : queries) {
      if (query.on == QueryOn::each && query.enabled) out.push_back(&query);
    }
    return out;
  }

  Outcome run(const QuerySpec& query, Session& session, Page& page, const Deadline& deadline) {
    Served served;
    try {
      served = serve(query, session, query.max_rows, deadline);
    } catch (const clients::PgError& error) {
      if (!session.open()) throw InstanceFailure(fmt::format("{}: {}", shown, error.what()));
      throw;
    }
    note_server(session);
    if (served.lack) {
      state->note(query.name, served.lack->text());
      state->absent_for_peer(query.name, served.lack->is_version);
      return absent(served.lack->text());
    }
    state->note(query.name, "");
    if (served.table.truncated) state->truncated(query.name, query.max_rows);
    try {
      auto& rows = served.table;
      if (is_console()) rows = console_rows(query.sql.front().sql, std::move(rows));
      add_rows(query, rows, page);
    } catch (const RowError& error) {
      if (query.where.empty()) throw;
      throw RowError(fmt::format("{}: {}", query.where, error.what()));
    }
    return done();
  }

  Outcome walk(Page& page, const Deadline& deadline) {
    try {
      return walker.run(pool, page, deadline);
    } catch (const clients::PgError& error) {
      if (!pool.get("").open()) throw InstanceFailure(fmt::format("{}: {}", shown, error.what()));
      throw;
    }
  }

  void note_server(const Session& session) {
    const auto server = session.server();
    if (!server) return;
    state->note(
        "pooler",
        server->is_pooled
            ? "a connection pooler stands before the server: every query is a transaction of "
              "its own, and other databases are reached through it, too; the server's own "
              "port is cheaper"
            : "");
  }

  const Settings settings;  // also keeps the user's declarations
  const ServerKind kind;
  const std::size_t most;
  const std::vector<QuerySpec> queries;
  const std::string shown;
  const std::shared_ptr<InstanceState> state;
  const std::shared_ptr<SessionShared> shared;
  Session scrape;    // only in kScrapeLane
  SessionPool pool;  // only in kBackgroundLane
  Walker walker;
};

class PostgresExporter final : public Exporter {
 public:
  explicit PostgresExporter(const Settings& settings) : core_(std::make_shared<Core>(settings)) {
    for (const auto& query : core_->queries) add(query);
    if (core_->is_console()) return;  // of its databases it tells itself
    collectors_.push_back({kWalker, kBackgroundLane, settings.flag("databases.all"),
                           every(kWalkEvery), [core = core_](Page& page, const Deadline& deadline) {
                             return core->walk(page, deadline);
                           }});
  }

  std::span<const Collector> collectors() override { return collectors_; }

  void summarize(Page& page, std::span<const CollectorResult> results) override {
    if (core_->is_console()) {
      summarize_console(page, results);
    } else {
      summarize_server(page, results);
    }
    add_own(page);
  }

  void start(Host& host) override { core_->state->host.connect(&host); }
  void stop() noexcept override { core_->state->host.connect(nullptr); }

 private:
  // The peer's one sign: everything that it asks was answered.
  void summarize_console(Page& page, std::span<const CollectorResult> results) const {
    const bool failed = std::ranges::any_of(results, [](const auto& result) {
      return result.state == RunState::failed || result.state == RunState::stuck;
    });
    page.add(metrics::pgbouncer::up, core_->state->up() && !failed ? 1 : 0);
  }

  void summarize_server(Page& page, std::span<const CollectorResult> results) const {
    namespace m = metrics::postgres;
    const auto& state = *core_->state;
    page.add(m::up, state.up() ? 1 : 0);
    double spent = 0;
    bool failed = false;
    for (const auto& result : results) {
      if (result.age == Duration::zero()) spent += seconds(result.duration);
      failed |= result.state == RunState::failed || result.state == RunState::stuck;
    }
    page.add(m::exporter_last_scrape_duration_seconds, spent);
    page.add(m::exporter_last_scrape_error, failed || !state.up() ? 1 : 0);
    page.add(m::exporter_scrapes_total, static_cast<double>(++core_->state->scrapes));
    for (const auto& result : results) {
      if (is_unknown_to_peer(result)) continue;
      const bool good =
          result.state == RunState::done ||
          (result.state == RunState::absent && state.peer_success_when_absent(result.collector));
      page.add(m::scrape_collector_success, good ? 1 : 0, result.collector);
    }
    for (const auto& result : results) {
      if (is_unknown_to_peer(result)) continue;
      page.add(m::scrape_collector_duration_seconds, seconds(result.duration), result.collector);
    }
  }

  // What is not there for a query of Supabase's or of a site would be a failure under the peer's names.
  static bool is_unknown_to_peer(const CollectorResult& result) {
    return result.state == RunState::pending ||
           (result.state == RunState::absent && !is_the_peers(result.collector));
  }

  void add(const QuerySpec& query) {
    const bool background = query.every > Duration::zero();
    collectors_.push_back(
        {query.name, background ? kBackgroundLane : kScrapeLane, query.enabled,
         background ? every(query.every) : on_scrape,
         [core = core_, &query, background](Page& page, const Deadline& deadline) {
           auto& session = background ? core->pool.get("") : core->scrape;
           return core->run(query, session, page, deadline);
         }});
  }

  void add_own(Page& page) const {
    namespace m = metrics::postgres;
    const auto& state = *core_->state;
    const auto& backends = *core_->shared->backends;
    page.add(m::basewatch_postgres_connections, static_cast<double>(backends.open()));
    page.add(m::basewatch_postgres_connections_left, static_cast<double>(backends.left()));
    page.add(m::basewatch_postgres_connects_total, state.connects(), "done");
    page.add(m::basewatch_postgres_connects_total, state.connect_failures(), "failed");
    for (const auto& [collector, count] : state.truncations()) {
      page.add(m::basewatch_postgres_truncated_results_total, count, collector);
    }
  }

  std::shared_ptr<Core> core_;
  std::vector<Collector> collectors_;
};

std::span<const Option> all_options() {
  static const auto options = [] {
    std::vector<Option> all(std::begin(kOptions), std::end(kOptions));
    const auto more = query_options();
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }();
  return options;
}

}  // namespace

const Plugin plugin{
    .name = "postgres",
    .summary = "PostgreSQL: its own statistics, and metrics from SQL.",
    .default_job = "postgres",
    .options = all_options(),
    .create = [](const Settings& settings) -> std::unique_ptr<Exporter> {
      return std::make_unique<PostgresExporter>(settings);
    },
};

}  // namespace basewatch::postgres
