#include "exporters/postgres/walker.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "exporters/postgres/collect.h"
#include "exporters/postgres/rows.h"
#include "metrics/postgres.h"

namespace basewatch::postgres {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLeastInterval = 60s;  // of a query on a database that is not the configured one
constexpr Duration kForDatabase = 5s;     // one visit, at most
constexpr Duration kLeastForDatabase = 1s;
constexpr std::size_t kMostDatabases = 1000;

constexpr std::string_view kList =
    "SELECT datname::text, has_database_privilege(oid, 'CONNECT') FROM pg_database WHERE "
    "datallowconn AND NOT datistemplate AND datname <> current_database() ORDER BY datname";

Duration interval_of(const QuerySpec& query) {
  return std::max(query.every, kLeastInterval);
}

std::string round_note(std::size_t seen, std::size_t all) {
  if (seen == all) return "";
  if (seen == 0) {
    return fmt::format("the time of a run is too short for one database: set "
                       "collectors.databases.every to {}s or more",
                       kForDatabase / 1s);
  }
  return fmt::format("{} of {} databases were reached in one run; the others follow in the next",
                     seen, all);
}

MonoTime now_of(const Deadline& deadline) {
  return deadline.at() - deadline.remaining();
}

}  // namespace

Session& SessionPool::get(const std::string& database) {
  auto& entry = entries_[database];
  entry.used = ++clock_;
  if (!entry.session) entry.session = std::make_unique<Session>(shared_, database);
  while (entries_.size() > most_) {
    entries_.erase(std::ranges::min_element(entries_, {}, [&](const auto& each) {
      const bool stays = each.first.empty() && most_ > 1;
      return std::pair(stays, each.second.used);
    }));
  }
  return *entry.session;
}

void SessionPool::drop(const std::string& database) {
  entries_.erase(database);
}

void Walker::list_databases(Session& configured, const Deadline& deadline) {
  const auto table =
      configured.run({.sql = kList, .prepare = true, .span = 2s, .rows = kMostDatabases}, deadline);
  std::map<std::string, Database> now;
  std::string closed;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string name(table.cell(row, 0).value_or(""));
    if (!databases_.accepts(name)) continue;
    if (table.cell(row, 1) != "t") {
      closed += (closed.empty() ? "" : ", ") + name;
      continue;
    }
    const auto before = known_.find(name);
    now[name] = before == known_.end() ? Database{} : std::move(before->second);
  }
  for (const auto& [name, database] : known_) {
    if (!now.contains(name)) state_->note("database " + name, "");
  }
  known_ = std::move(now);
  state_->note("databases", closed.empty() ? ""
                                           : fmt::format("may not connect to {}: GRANT CONNECT ON "
                                                         "DATABASE ... TO the monitoring role, or "
                                                         "leave them out by databases.exclude",
                                                         closed));
}

void Walker::visit(const std::string& name, Database& database, SessionPool& pool,
                   const Deadline& deadline) {
  const auto until = deadline.remaining() > kForDatabase
                         ? deadline.earlier_by(deadline.remaining() - kForDatabase)
                         : deadline;
  database.visited = now_of(deadline);
  database.ok = false;
  std::string problems;
  try {
    auto& session = pool.get(name);
    session.facts(until);
    for (const auto* query : queries_) {
      auto& kept = database.results[query->name];
      // A little early rather than a whole round late.
      if (kept.at != MonoTime{} && database.visited - kept.at < interval_of(*query) * 9 / 10) {
        continue;
      }
      try {
        auto served = serve(*query, session, query->others_rows, until, true);
        kept = {std::move(served.table), database.visited};
      } catch (const std::exception& error) {
        problems +=
            fmt::format("{}{}: {}", problems.empty() ? "" : "; ", query->name, error.what());
        if (!session.open()) throw;
      }
    }
    database.ok = problems.empty();
  } catch (const std::exception& error) {
    pool.drop(name);
    if (problems.empty()) problems = error.what();
  }
  state_->note("database " + name, problems);
}

void Walker::drop_old(MonoTime now) {
  for (auto& [name, database] : known_) {
    for (const auto* query : queries_) {
      const auto found = database.results.find(query->name);
      if (found != database.results.end() && now - found->second.at > 3 * interval_of(*query)) {
        database.results.erase(found);
      }
    }
  }
}

void Walker::write(Page& page) const {
  for (const auto* query : queries_) {
    for (const auto& [name, database] : known_) {
      const auto found = database.results.find(query->name);
      if (found == database.results.end()) continue;
      try {
        add_rows(*query, found->second.table, page);
      } catch (const RowError& error) {
        state_->note("database " + name, fmt::format("{}: {}", query->name, error.what()));
      }
    }
  }
  for (const auto& [name, database] : known_) {
    if (database.visited == MonoTime{}) continue;
    page.add(metrics::postgres::basewatch_postgres_database_success, database.ok ? 1 : 0, name);
  }
}

Outcome Walker::run(SessionPool& pool, Page& page, const Deadline& deadline) {
  list_databases(pool.get(""), deadline);
  std::vector<std::string> order;
  for (const auto& [name, database] : known_) order.push_back(name);
  std::ranges::stable_sort(
      order, [&](const auto& a, const auto& b) { return known_[a].visited < known_[b].visited; });
  std::size_t seen = 0;
  for (const auto& name : order) {
    if (deadline.remaining() < kLeastForDatabase) break;
    visit(name, known_[name], pool, deadline);
    ++seen;
  }
  state_->note("round", round_note(seen, order.size()));
  drop_old(now_of(deadline));
  write(page);
  return done();
}

}  // namespace basewatch::postgres
