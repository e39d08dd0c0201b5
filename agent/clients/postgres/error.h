#pragma once

#include <stdexcept>
#include <string>

namespace basewatch::clients {

// Why a connection or a query failed, in words fit for a log: no passwords, one line.
class PgError : public std::runtime_error {
 public:
  explicit PgError(const std::string& message, std::string sqlstate = {})
      : std::runtime_error(message), sqlstate_(std::move(sqlstate)) {}
  // The server's code for it; empty when the server did not say anything.
  const std::string& sqlstate() const { return sqlstate_; }

 private:
  std::string sqlstate_;
};

// A connection string that libpq cannot read.
class DsnError : public PgError {
 public:
  using PgError::PgError;
};

}  // namespace basewatch::clients
