#include "agent/clients/postgres/connection.h"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <array>
#include <cmath>
#include <map>

#include "agent/base/strings.h"
#include "agent/clients/postgres/connect.h"
#include "agent/clients/postgres/socket.h"

namespace basewatch::clients {
namespace {

using namespace std::chrono_literals;

constexpr auto kGrace = 200ms;       // for an answer to a cancelled query
constexpr auto kAnswerLate = 150ms;  // after the server's own timeout, before we cancel
constexpr auto kLeast = 5ms;         // less is not worth a question
constexpr auto kMostSetup = 2s;      // for all settings of a new session
constexpr std::string_view kClosed = "the connection has been closed";

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

ResultHandle next_result(PGconn* connection) {
  return {PQgetResult(connection), PQclear};
}

// A column whose type has changed under a prepared statement.
constexpr std::string_view kPlanChanged = "0A000";

}  // namespace

struct Connection::Impl {
  explicit Impl(Handle handle, std::shared_ptr<Canceller> canceller)
      : pq(std::move(handle)), canceller(std::move(canceller)) {}

  void set_up(const Deadline& deadline);
  Table run(const Statement& statement, const Deadline& deadline);
  Table ask(const Statement& statement, const std::string& prepared, const Deadline& deadline);
  Table ask(std::string_view sql, const Deadline& deadline) {
    return ask({.sql = sql, .rows = 1000, .bytes = 1u << 20}, {}, deadline);
  }
  std::string prepare(const Statement& statement, const Deadline& deadline);
  void send(int accepted, const Deadline& deadline);
  ResultHandle await(const Deadline& deadline, std::size_t& received, std::size_t most);
  void take(PGresult* result, const Statement& statement, Table& table);
  void stop(const std::string& reason);
  [[noreturn]] void lost(std::string reason);
  void expect_time(const Deadline& deadline) const;
  Duration span_of(const Statement& statement, const Deadline& deadline) const;
  void apply_settings(const Statement& statement, Duration span, const Deadline& deadline);
  Table run_in_transaction(const Statement& statement, Duration span, const Deadline& deadline);

  Handle pq;
  std::shared_ptr<Canceller> canceller;
  int version = 0, backend = 0;
  bool console = false, pooled = false, standby = false, left_behind = false;
  std::string database, path, lost_reason;
  std::vector<std::string> refused;
  std::int64_t timeout_ms = -1;  // as the session has it
  bool own_path = false;
  std::map<std::string, std::string, std::less<>> prepared;  // SQL -> the server's name for it
  std::size_t prepared_ever = 0;
};

// --- sending and reading

void Connection::Impl::lost(std::string reason) {
  if (reason.empty()) reason = kClosed;
  pq.reset();
  lost_reason = reason;
  throw PgError(reason);
}

void Connection::Impl::send(int accepted, const Deadline& deadline) {
  if (!accepted) lost(words_of(PQerrorMessage(pq.get())));
  for (;;) {
    const int left = PQflush(pq.get());
    if (left == 0) return;
    if (left < 0) lost(words_of(PQerrorMessage(pq.get())));
    // What the server says meanwhile has to be read, or both wait for each other.
    if (!wait_for(PQsocket(pq.get()), true, true, deadline)) {
      left_behind = true;
      lost("the server does not take the query");
    }
    if (!PQconsumeInput(pq.get())) lost(words_of(PQerrorMessage(pq.get())));
  }
}

// The next result, null at the end of a query; null with a pq that is busy: the deadline has
// passed. `received` counts what arrives before a row is complete: one row may be larger than the
// memory.
ResultHandle Connection::Impl::await(const Deadline& deadline, std::size_t& received,
                                     std::size_t most) {
  const int fd = PQsocket(pq.get());
  while (PQisBusy(pq.get())) {
    if (!wait_for(fd, true, false, deadline)) return {nullptr, PQclear};
    int pending = 0;
    if (::ioctl(fd, FIONREAD, &pending) == 0 && pending > 0) {
      received += static_cast<std::size_t>(pending);
    }
    if (received > most) return {nullptr, PQclear};
    if (!PQconsumeInput(pq.get())) lost(words_of(PQerrorMessage(pq.get())));
  }
  return next_result(pq.get());
}

// Ends the query that is under way, and the connection with it.
void Connection::Impl::stop(const std::string& reason) {
  std::shared_ptr<PGcancel> cancel(PQgetCancel(pq.get()), PQfreeCancel);
  if (cancel) {
    canceller->submit([cancel] {
      char ignored[256];
      PQcancel(cancel.get(), ignored, sizeof ignored);
    });
  }
  const auto grace = Deadline::in(Clock::system(), kGrace);
  std::size_t received = 0;
  for (;;) {
    const auto result = await(grace, received, static_cast<std::size_t>(-1));
    if (!result) {
      left_behind = PQisBusy(pq.get());
      break;
    }
  }
  // Also when the query has ended: a cancel that is still on its way would hit the next one.
  pq.reset();
  lost_reason = reason;
}

void Connection::Impl::take(PGresult* result, const Statement& statement, Table& table) {
  const int columns = PQnfields(result);
  if (table.columns.empty()) {
    for (int i = 0; i < columns; ++i) table.columns.emplace_back(PQfname(result, i));
  }
  for (int row = 0; row < PQntuples(result); ++row) {
    if (table.rows() >= statement.rows) {
      table.truncated = true;
      return;
    }
    for (int i = 0; i < columns; ++i) {
      if (PQgetisnull(result, row, i)) {
        table.add(std::nullopt);
      } else {
        table.add(std::string_view(PQgetvalue(result, row, i),
                                   static_cast<std::size_t>(PQgetlength(result, row, i))));
      }
    }
  }
}

Table Connection::Impl::ask(const Statement& statement, const std::string& name,
                            const Deadline& deadline) {
  expect_time(deadline);
  const std::string sql(statement.sql);
  if (!name.empty()) {
    send(PQsendQueryPrepared(pq.get(), name.c_str(), 0, nullptr, nullptr, nullptr, 0), deadline);
  } else if (console) {  // knows the simple protocol only
    send(PQsendQuery(pq.get(), sql.c_str()), deadline);
  } else {
    send(PQsendQueryParams(pq.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0),
         deadline);
  }
  PQsetSingleRowMode(pq.get());

  Table table;
  std::string error, state;
  std::size_t received = 0;
  for (;;) {
    const auto result = await(deadline, received, statement.bytes);
    if (!result) {
      if (!PQisBusy(pq.get())) break;
      const bool large = received > statement.bytes;
      const std::string reason = large
                                     ? fmt::format("a row is larger than {} bytes", statement.bytes)
                                     : std::string("the server has not answered in time");
      stop(reason);
      throw PgError(reason, large ? "" : "57014");
    }
    switch (PQresultStatus(result.get())) {
      case PGRES_SINGLE_TUPLE:
      case PGRES_TUPLES_OK:
        take(result.get(), statement, table);
        received = 0;
        break;
      case PGRES_COMMAND_OK:
      case PGRES_EMPTY_QUERY:
        break;
      default: {
        const auto* primary = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
        const auto* code = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
        error = words_of(primary ? primary : PQresultErrorMessage(result.get()));
        state = code ? code : "";
        if (PQstatus(pq.get()) == CONNECTION_BAD) lost(error);
      }
    }
    if (table.truncated || table.bytes() > statement.bytes) {
      table.truncated = true;
      stop("the rest of a result that is too large does not end");
      return table;
    }
  }
  if (!error.empty()) throw PgError(error, state);
  return table;
}

std::string Connection::Impl::prepare(const Statement& statement, const Deadline& deadline) {
  if (const auto known = prepared.find(statement.sql); known != prepared.end())
    return known->second;
  expect_time(deadline);
  auto name = fmt::format("basewatch_{}", ++prepared_ever);
  send(PQsendPrepare(pq.get(), name.c_str(), std::string(statement.sql).c_str(), 0, nullptr),
       deadline);
  std::string error, state;
  std::size_t received = 0;
  for (;;) {
    const auto result = await(deadline, received, 1u << 20);
    if (!result) {
      if (!PQisBusy(pq.get())) break;
      stop("the server has not planned the query in time");
      throw PgError("the server has not planned the query in time", "57014");
    }
    if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) continue;
    const auto* code = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    const auto* primary = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
    error = words_of(primary ? primary : PQresultErrorMessage(result.get()));
    state = code ? code : "";
    if (PQstatus(pq.get()) == CONNECTION_BAD) lost(error);
  }
  if (!error.empty()) throw PgError(error, state);
  prepared.emplace(statement.sql, name);
  return name;
}

// --- a session

void Connection::Impl::set_up(const Deadline& deadline) {
  PQsetnonblocking(pq.get(), 1);
  PQsetNoticeProcessor(
      pq.get(), [](void*, const char*) {}, nullptr);
  const auto* server = PQparameterStatus(pq.get(), "server_version");
  console = server && std::string_view(server).find("bouncer") != std::string_view::npos;
  version = PQserverVersion(pq.get());
  database = PQdb(pq.get());
  backend = PQbackendPID(pq.get());
  if (console) {  // 1.18.0/bouncer: libpq makes 11800 of it
    const auto parts =
        split(std::string_view(server).substr(0, std::string_view(server).find('/')), '.');
    const auto number = [&](std::size_t i) {
      return parts.size() > i ? parse_int(parts[i]).value_or(0) : 0;
    };
    version = static_cast<int>(number(0) * 10000 + number(1));
    return;
  }
  const auto known =
      ask("SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery(), "
          "pg_catalog.current_setting('search_path'), pg_catalog.current_database()",
          deadline);
  if (known.rows() != 1) lost("the server does not say who it is");
  const auto pid = parse_int(known.cell(0, 0).value_or(""));
  pooled = pid != backend;
  if (pid) backend = static_cast<int>(*pid);
  standby = known.cell(0, 1) == "t";
  path = known.cell(0, 2).value_or("");
  database = known.cell(0, 3).value_or("");
  if (pooled) return;
  const auto until =
      Deadline::in(Clock::system(), std::min<Duration>(deadline.remaining(), kMostSetup));
  for (const auto& [name, value] : kSettings) {
    try {
      ask("SELECT " + set_config(name, value, false), until);
    } catch (const PgError&) {
      if (!pq) throw;
      refused.emplace_back(name);
    }
  }
}

void Connection::Impl::expect_time(const Deadline& deadline) const {
  if (!pq) throw PgError(lost_reason.empty() ? std::string(kClosed) : lost_reason);
  if (deadline.remaining() < kLeast) throw PgError("no time is left for the query", "57014");
}

// What the server may take: it has to have given up before we do.
Duration Connection::Impl::span_of(const Statement& statement, const Deadline& deadline) const {
  const Duration left = deadline.remaining() - kGrace - kAnswerLate;
  if (left < kLeast) throw PgError("no time is left for the query", "57014");
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
  ask(calls, deadline);
  timeout_ms = wanted;
  own_path = statement.own_path;
}

Table Connection::Impl::run_in_transaction(const Statement& statement, Duration span,
                                           const Deadline& deadline) {
  ask("BEGIN READ ONLY", deadline);
  try {
    auto calls = "SELECT " +
                 set_config("statement_timeout", fmt::format("{}ms", stepped_ms(span)), true) +
                 ", " + set_config("lock_timeout", "100ms", true);
    if (!statement.own_path) calls += ", " + set_config("search_path", "pg_catalog", true);
    ask(calls, deadline);
    auto table = ask(statement, {}, deadline);
    if (pq) ask("COMMIT", Deadline::in(Clock::system(), kGrace));
    return table;
  } catch (const PgError&) {
    if (pq) {
      try {
        ask("ROLLBACK", Deadline::in(Clock::system(), kGrace));
      } catch (const PgError&) {
        pq.reset();  // an open transaction would stay with the pooler's next client
      }
    }
    throw;
  }
}

Table Connection::Impl::run(const Statement& statement, const Deadline& deadline) {
  expect_time(deadline);
  const auto span = span_of(statement, deadline);
  auto late = Deadline::in(Clock::system(), span + kAnswerLate);
  if (late.at() > deadline.at()) late = deadline.earlier_by(kGrace);
  if (console) return ask(statement, {}, late);
  if (pooled) return run_in_transaction(statement, span, late);
  apply_settings(statement, span, late);
  if (!statement.prepare) return ask(statement, {}, late);
  try {
    return ask(statement, prepare(statement, late), late);
  } catch (const PgError& error) {
    const auto found = prepared.find(statement.sql);
    if (!pq || error.sqlstate() != kPlanChanged || found == prepared.end()) throw;
    const auto old = found->second;
    prepared.erase(found);
    ask("DEALLOCATE " + old, late);
    return ask(statement, prepare(statement, late), late);
  }
}

// --- what others see

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

std::unique_ptr<Connection> Connection::open(const ConnectRequest& request,
                                             const Deadline& deadline) {
  auto impl = std::make_unique<Impl>(connect(request, deadline), request.canceller);
  impl->set_up(deadline);
  return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}

Table Connection::run(const Statement& statement, const Deadline& deadline) {
  return impl_->run(statement, deadline);
}
bool Connection::usable() const {
  return impl_->pq && PQstatus(impl_->pq.get()) == CONNECTION_OK;
}
bool Connection::left_behind() const {
  return impl_->left_behind;
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
