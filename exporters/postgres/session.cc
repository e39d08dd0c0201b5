#include "exporters/postgres/session.h"

namespace basewatch::postgres {
namespace {

using namespace std::chrono_literals;

constexpr auto kFactsFresh = 60s;
constexpr auto kFactsSpan = 2s;

}  // namespace

void Session::close() {
  if (!link_) return;
  const auto server = link_->server();
  // What hangs behind a console is no process of the server's: nobody could say when it has gone.
  const bool left = link_->left_behind() && !server.is_console;
  link_.reset();
  used_ = false;
  facts_at_.reset();
  shared_->backends->closed(server.backend, left);
}

std::optional<Link::Server> Session::server() const {
  return link_ ? std::optional(link_->server()) : std::nullopt;
}

// A database that refuses us says nothing of the server.
void Session::tell(bool reached, const std::string& reason) const {
  if (database_.empty()) shared_->told(reached, reason);
}

// Three fifths of what is left at most: those that come after have to hear why in time.
void Session::connect(const Deadline& deadline) {
  try {
    const auto until = deadline.earlier_by(deadline.remaining() * 2 / 5);
    link_ = shared_->dial(database_, until);
    shared_->backends->opened();
    shared_->backends->expect_room(*link_, until);
  } catch (const clients::PgError& error) {
    close();
    failed_for_ = deadline.at();
    failure_ = error.what();
    failure_state_ = error.sqlstate();
    tell(false, failure_);
    throw;
  }
  failed_for_.reset();
  tell(true, "");
}

Link& Session::link(const Deadline& deadline) {
  if (link_ && !link_->usable()) close();
  if (!link_) {
    if (failed_for_ == deadline.at()) throw clients::PgError(failure_, failure_state_);
    connect(deadline);
  }
  return *link_;
}

clients::Table Session::run(const clients::Statement& statement, const Deadline& deadline) {
  auto& first = link(deadline);
  const bool stale = used_;
  used_ = true;
  try {
    return first.run(statement, deadline);
  } catch (const clients::PgError& error) {
    if (first.usable()) throw;
    const bool hangs = first.left_behind();
    close();
    if (hangs || !stale || !error.sqlstate().empty()) {
      tell(false, error.what());
      throw;
    }
  }
  auto& second = link(deadline);
  used_ = true;
  return second.run(statement, deadline);
}

void Session::read_facts(Link& link, const Deadline& deadline) {
  const auto server = link.server();
  facts_.server = server.is_console ? ServerKind::pgbouncer : ServerKind::postgres;
  facts_.version = server.version;
  facts_.standby = server.is_standby;
  facts_.database = server.database;
  facts_.exposed_schemas = shared_->exposed_schemas;
  if (server.is_console) return;
  auto queries = shared_->queries;
  // Planned anew for each database that is not the configured one: the less is asked the better.
  if (!database_.empty()) {
    std::erase_if(queries, [](const auto* query) { return query->on != QueryOn::each; });
  }
  const auto sql = facts_sql(queries);
  // Not through `link`: that one may have died, and is then made anew.
  postgres::read_facts(run({.sql = sql, .prepare = true, .span = kFactsSpan}, deadline), facts_);
}

const Facts& Session::facts(const Deadline& deadline) {
  auto& current = link(deadline);
  const auto now = deadline.at() - deadline.remaining();
  if (!facts_at_ || now - *facts_at_ > kFactsFresh) {
    read_facts(current, deadline);
    facts_at_ = now;
    try {
      shared_->backends->recount(link(deadline), deadline);
    } catch (const clients::PgError&) {
      // The facts are there all the same; it is asked again with the next ones.
    }
  }
  return facts_;
}

}  // namespace basewatch::postgres
