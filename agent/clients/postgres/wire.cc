#include "agent/clients/postgres/wire.h"

#include <fmt/format.h>
#include <sys/ioctl.h>

namespace basewatch::clients {
namespace {

constexpr std::string_view kClosed = "the connection has been closed";
constexpr std::string_view kPlanChanged = "0A000";  // a column of its result has another type now

ResultHandle next_result(PGconn* connection) {
  return {PQgetResult(connection), PQclear};
}

void take(PGresult* result, const Statement& statement, Table& table) {
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

}  // namespace

Wire::Wire(Handle handle, std::shared_ptr<Canceller> canceller)
    : pq_(std::move(handle)), canceller_(std::move(canceller)) {}

Wire::~Wire() {
  if (pq_ && PQtransactionStatus(pq_.get()) == PQTRANS_IDLE) part(std::move(pq_), kGrace);
}

void Wire::expect_time(const Deadline& deadline) const {
  if (!pq_) throw PgError(lost_reason_.empty() ? std::string(kClosed) : lost_reason_);
  if (deadline.remaining() < kLeastTime) throw PgError("no time is left for the query", "57014");
}

void Wire::lost(std::string reason) {
  if (reason.empty()) reason = kClosed;
  pq_.reset();
  lost_reason_ = reason;
  throw PgError(reason);
}

void Wire::send(int accepted, const Deadline& deadline) {
  if (!accepted) lost(words_of(PQerrorMessage(pq_.get())));
  for (;;) {
    const int left = PQflush(pq_.get());
    if (left == 0) return;
    if (left < 0) lost(words_of(PQerrorMessage(pq_.get())));
    // What the server says meanwhile has to be read, or both wait for each other.
    if (!wait_for(PQsocket(pq_.get()), true, true, deadline)) {
      left_behind_ = true;
      lost("the server does not take the query");
    }
    if (!PQconsumeInput(pq_.get())) lost(words_of(PQerrorMessage(pq_.get())));
  }
}

// The next result, null at the end of a query; null with a pq that is busy: the deadline has
// passed. `received` counts what arrives before a row is complete: one row may be larger than the
// memory.
ResultHandle Wire::await(const Deadline& deadline, std::size_t& received, std::size_t most) {
  const int fd = PQsocket(pq_.get());
  while (PQisBusy(pq_.get())) {
    if (!wait_for(fd, true, false, deadline)) return {nullptr, PQclear};
    int pending = 0;
    if (::ioctl(fd, FIONREAD, &pending) == 0 && pending > 0) {
      received += static_cast<std::size_t>(pending);
    }
    if (received > most) return {nullptr, PQclear};
    if (!PQconsumeInput(pq_.get())) lost(words_of(PQerrorMessage(pq_.get())));
  }
  return next_result(pq_.get());
}

// Ends the query that is under way, and the connection with it.
void Wire::stop(const std::string& reason) {
  std::shared_ptr<PGcancel> cancel(PQgetCancel(pq_.get()), PQfreeCancel);
  if (cancel) {
    canceller_->submit([cancel] {
      char ignored[256];
      PQcancel(cancel.get(), ignored, sizeof ignored);
    });
  }
  const auto grace = Deadline::in(Clock::system(), kGrace);
  std::size_t received = 0;
  for (;;) {
    const auto result = await(grace, received, static_cast<std::size_t>(-1));
    if (!result) {
      left_behind_ = PQisBusy(pq_.get());
      break;
    }
  }
  // Also when the query has ended: a cancel that is still on its way would hit the next one.
  pq_.reset();
  lost_reason_ = reason;
}

Table Wire::ask(const Statement& statement, const std::string& name, const Deadline& deadline) {
  expect_time(deadline);
  const std::string sql(statement.sql);
  if (!name.empty()) {
    send(PQsendQueryPrepared(pq_.get(), name.c_str(), 0, nullptr, nullptr, nullptr, 0), deadline);
  } else if (simple_) {  // knows the simple protocol only
    send(PQsendQuery(pq_.get(), sql.c_str()), deadline);
  } else {
    send(PQsendQueryParams(pq_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0),
         deadline);
  }
  PQsetSingleRowMode(pq_.get());

  Table table;
  std::string error, state;
  std::size_t received = 0;
  for (;;) {
    const auto result = await(deadline, received, statement.bytes);
    if (!result) {
      if (!PQisBusy(pq_.get())) break;
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
        if (PQstatus(pq_.get()) == CONNECTION_BAD) lost(error);
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

std::string Wire::prepare(const Statement& statement, const Deadline& deadline) {
  if (const auto known = prepared_.find(statement.sql); known != prepared_.end())
    return known->second;
  expect_time(deadline);
  auto name = fmt::format("basewatch_{}", ++prepared_ever_);
  send(PQsendPrepare(pq_.get(), name.c_str(), std::string(statement.sql).c_str(), 0, nullptr),
       deadline);
  std::string error, state;
  std::size_t received = 0;
  for (;;) {
    const auto result = await(deadline, received, 1u << 20);
    if (!result) {
      if (!PQisBusy(pq_.get())) break;
      stop("the server has not planned the query in time");
      throw PgError("the server has not planned the query in time", "57014");
    }
    if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) continue;
    const auto* code = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    const auto* primary = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
    error = words_of(primary ? primary : PQresultErrorMessage(result.get()));
    state = code ? code : "";
    if (PQstatus(pq_.get()) == CONNECTION_BAD) lost(error);
  }
  if (!error.empty()) throw PgError(error, state);
  prepared_.emplace(statement.sql, name);
  return name;
}

Table Wire::ask(const Statement& statement, const Deadline& deadline) {
  return ask(statement, {}, deadline);
}

Table Wire::ask_prepared(const Statement& statement, const Deadline& deadline) {
  try {
    return ask(statement, prepare(statement, deadline), deadline);
  } catch (const PgError& error) {
    const auto found = prepared_.find(statement.sql);
    if (!pq_ || error.sqlstate() != kPlanChanged || found == prepared_.end()) throw;
    const auto old = found->second;
    prepared_.erase(found);
    ask("DEALLOCATE " + old, deadline);
    return ask(statement, prepare(statement, deadline), deadline);
  }
}

}  // namespace basewatch::clients
