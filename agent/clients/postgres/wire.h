#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "agent/clients/postgres/canceller.h"
#include "agent/clients/postgres/connection.h"
#include "agent/clients/postgres/socket.h"

namespace basewatch::clients {

inline constexpr auto kGrace = std::chrono::milliseconds(200);  // for an answer after a cancel
inline constexpr auto kLeastTime = std::chrono::milliseconds(5);  // less is not worth a question

// One libpq connection and the questions that go over it, none of which waits past its deadline:
// what is late is cancelled, given kGrace, and left with the connection. What a session is, and
// which settings it has, is Connection's business. One thread at a time.
class Wire {
 public:
  Wire(Handle handle, std::shared_ptr<Canceller> canceller);
  ~Wire();
  Wire(const Wire&) = delete;

  // Throws PgError; open() tells whether the connection has outlived it.
  Table ask(const Statement& statement, const Deadline& deadline);
  Table ask(std::string_view sql, const Deadline& deadline) {
    return ask(Statement{.sql = sql, .rows = 1000, .bytes = 1u << 20}, deadline);
  }
  // The same over a statement that the server has planned: once, and anew when a column of its
  // result has changed its type since.
  Table ask_prepared(const Statement& statement, const Deadline& deadline);
  void expect_time(const Deadline& deadline) const;  // throws PgError: closed, or too late

  // Whoever stands at the other end knows neither parameters nor prepared statements.
  void speak_simply() { simple_ = true; }
  [[noreturn]] void lost(std::string reason);  // closes, and throws PgError
  void close() { pq_.reset(); }

  bool open() const { return pq_ != nullptr; }
  bool left_behind() const { return left_behind_; }  // closed while the server had not answered
  PGconn* get() const { return pq_.get(); }

 private:
  Table ask(const Statement& statement, const std::string& prepared, const Deadline& deadline);
  std::string prepare(const Statement& statement, const Deadline& deadline);
  void send(int accepted, const Deadline& deadline);
  ResultHandle await(const Deadline& deadline, std::size_t& received, std::size_t most);
  void stop(const std::string& reason);

  Handle pq_;
  std::shared_ptr<Canceller> canceller_;
  bool simple_ = false, left_behind_ = false;
  std::string lost_reason_;
  std::map<std::string, std::string, std::less<>> prepared_;  // SQL -> the server's name for it
  std::size_t prepared_ever_ = 0;
};

}  // namespace basewatch::clients
