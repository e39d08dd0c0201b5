#include "agent/clients/postgres/connection.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "agent/base/strings.h"
#include "agent/clients/postgres/connect.h"
#include "agent/clients/postgres/wire.h"

namespace basewatch::clients {
namespace {

using namespace std::chrono_literals;

constexpr auto kAnswerLate = 150ms;  // after the server's own timeout, before we cancel
constexpr auto kMostSetup = 2s;      // for all settings of a new session

// Of a session that is ours alone. What a server refuses (a setting of an extension, a right that
// we lack) is done without.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kSettings{{
    {"default_transaction_read_only", "on"},
    {"lock_timeout", "100ms"},
    {"idle_in_transaction_session_timeout", "10s"},
    {"search_path", "pg_catalog"},
    {"jit", "off"},
    {"max_parallel_workers_per_gather", "0"},
    {"pg_stat_statements.track", "none"},
}};

// The next lower of ten steps a decade: a value that is set again at every query costs a round
// trip.
std::int64_t stepped_ms(Duration span) {
  const double ms = std::max(1.0, std::floor(seconds(span) * 1000));
  return static_cast<std::int64_t>(std::pow(10, std::floor(std::log10(ms) * 10 + 1e-9) / 10));
}

std::string literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::string set_config(std::string_view name, std::string_view value, bool local) {
  return fmt::format("pg_catalog.set_config({}, {}, {})", literal(name), literal(value), local);
}

// What a console says of its version: "1.18.0/bouncer", of which libpq makes 11800.
int console_version(std::string_view text) {
  const auto parts = split(text.substr(0, text.find('/')), '.');
  const auto number = [&](std::size_t i) {
    return parts.size() > i ? parse_int(parts[i]).value_or(0) : 0;
  };
  return static_cast<int>(number(0) * 10000 + number(1));
}

}  // namespace

struct Connection::Impl {
  Impl(Handle handle, std::shared_ptr<Canceller> canceller)
      : wire(std::move(handle), std::move(canceller)) {}

  void set_up(bool expect_console, const Deadline& deadline);
  void learn_server(const Deadline& deadline);
  void set_session(const Deadline& deadline);
  Table run(const Statement& statement, const Deadline& deadline);
  Duration span_of(const Statement& statement, const Deadline& deadline) const;
  void apply_settings(const Statement& statement, Duration span, const Deadline& deadline);
  Table run_in_transaction(const Statement& statement, Duration span, const Deadline& deadline);

  Wire wire;
  int version = 0, backend = 0;
  bool console = false, pooled = false, standby = false;
  std::string database, path;
  std::vector<std::string> refused;
  std::int64_t timeout_ms = -1;  // as the session has it
  bool own_path = false;
};

// --- a session

void Connection::Impl::set_up(bool expect_console, const Deadline& deadline) {
  auto* pq = wire.get();
  PQsetnonblocking(pq, 1);
  PQsetNoticeProcessor(
      pq, [](void*, const char*) {}, nullptr);
  const auto* given = PQparameterStatus(pq, "server_version");
  const std::string_view server = given ? given : "";
  console = expect_console || server.find("bouncer") != server.npos;
  version = PQserverVersion(pq);
  database = PQdb(pq);
  backend = PQbackendPID(pq);
  if (console) {
    wire.speak_simply();
    version = console_version(server);
    return;
  }
  learn_server(deadline);
  if (!pooled) set_session(deadline);
}

void Connection::Impl::learn_server(const Deadline& deadline) {
  const auto known = wire.ask(
      "SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery(), "
      "pg_catalog.current_setting('search_path'), pg_catalog.current_database()",
      deadline);
  if (known.rows() != 1) wire.lost("the server does not say who it is");
  const auto pid = parse_int(known.cell(0, 0).value_or(""));
  pooled = pid != backend;
  if (pid) backend = static_cast<int>(*pid);
  standby = known.cell(0, 1) == "t";
  path = known.cell(0, 2).value_or("");
  database = known.cell(0, 3).value_or("");
}

void Connection::Impl::set_session(const Deadline& deadline) {
  const auto until =
      Deadline::in(Clock::system(), std::min<Duration>(deadline.remaining(), kMostSetup));
  for (const auto& [name, value] : kSettings) {
    try {
      wire.ask("SELECT " + set_config(name, value, false), until);
    } catch (const PgError&) {
      if (!wire.open()) throw;
      refused.emplace_back(name);
    }
  }
}

// What the server may take: it has to have given up before we do.
Duration Connection::Impl::span_of(const Statement& statement, const Deadline& deadline) const {
  const Duration left = deadline.remaining() - kGrace - kAnswerLate;
  if (left < kLeastTime) throw PgError("no time is left for the query", "57014");
  return statement.span > Duration::zero() ? std::min(left, statement.span) : left;
}

void Connection::Impl::apply_settings(const Statement& statement, Duration span,
                                      const Deadline& deadline) {
  const auto wanted = stepped_ms(span);
  std::string calls;
  const auto add = [&](std::string_view name, std::string_view value) {
    calls += (calls.empty() ? "SELECT " : ", ") + set_config(name, value, false);
  };
  if (wanted != timeout_ms) add("statement_timeout", fmt::format("{}ms", wanted));
  if (statement.own_path != own_path) add("search_path", statement.own_path ? path : "pg_catalog");
  if (calls.empty()) return;
  wire.ask(calls, deadline);
  timeout_ms = wanted;
  own_path = statement.own_path;
}

Table Connection::Impl::run_in_transaction(const Statement& statement, Duration span,
                                           const Deadline& deadline) {
  wire.ask("BEGIN READ ONLY", deadline);
  try {
    auto calls = "SELECT " +
                 set_config("statement_timeout", fmt::format("{}ms", stepped_ms(span)), true) +
                 ", " + set_config("lock_timeout", "100ms", true);
    if (!statement.own_path) calls += ", " + set_config("search_path", "pg_catalog", true);
    wire.ask(calls, deadline);
    auto table = wire.ask(statement, deadline);
    if (wire.open()) wire.ask("COMMIT", Deadline::in(Clock::system(), kGrace));
    return table;
  } catch (const PgError&) {
    if (wire.open()) {
      try {
        wire.ask("ROLLBACK", Deadline::in(Clock::system(), kGrace));
      } catch (const PgError&) {
        wire.close();  // an open transaction would stay with the pooler's next client
      }
    }
    throw;
  }
}

Table Connection::Impl::run(const Statement& statement, const Deadline& deadline) {
  wire.expect_time(deadline);
  const auto span = span_of(statement, deadline);
  auto late = Deadline::in(Clock::system(), span + kAnswerLate);
  if (late.at() > deadline.at()) late = deadline.earlier_by(kGrace);
  if (console) return wire.ask(statement, late);
  if (pooled) return run_in_transaction(statement, span, late);
  apply_settings(statement, span, late);
  return statement.prepare ? wire.ask_prepared(statement, late) : wire.ask(statement, late);
}

// --- what others see

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

std::unique_ptr<Connection> Connection::open(const ConnectRequest& request,
                                             const Deadline& deadline) {
  auto impl = std::make_unique<Impl>(connect(request, deadline), request.canceller);
  impl->set_up(request.is_console, deadline);
  return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}

Table Connection::run(const Statement& statement, const Deadline& deadline) {
  return impl_->run(statement, deadline);
}
bool Connection::usable() const {
  return impl_->wire.open() && PQstatus(impl_->wire.get()) == CONNECTION_OK;
}
bool Connection::left_behind() const {
  return impl_->wire.left_behind();
}
int Connection::version() const {
  return impl_->version;
}
bool Connection::is_console() const {
  return impl_->console;
}
bool Connection::is_pooled() const {
  return impl_->pooled;
}
bool Connection::is_standby() const {
  return impl_->standby;
}
int Connection::backend() const {
  return impl_->backend;
}
const std::string& Connection::database() const {
  return impl_->database;
}
const std::string& Connection::path() const {
  return impl_->path;
}
const std::vector<std::string>& Connection::refused() const {
  return impl_->refused;
}

}  // namespace basewatch::clients
