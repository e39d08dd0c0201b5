#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.h"
#include "agent/clients/postgres/canceller.h"
#include "agent/clients/postgres/error.h"
#include "agent/clients/postgres/table.h"
#include "agent/clients/resolver.h"

namespace basewatch::clients {

struct ConnectRequest {
  std::string dsn;
  std::string password;  // instead of the string's; empty: as libpq finds it
  std::string database;  // instead of the string's; empty: that
  bool is_console = false;  // a pooler's, also of one that does not say so; PgBouncer does
  std::shared_ptr<Resolver> resolver = Resolver::shared();
  std::shared_ptr<Canceller> canceller = Canceller::shared();
};

struct Statement {
  std::string_view sql;   // one statement
  bool prepare = false;   // planned once a connection, not each time
  bool own_path = false;  // sees the role's search_path; else pg_catalog alone, which nobody can
                          // fill with functions of his own
  Duration span{};        // what the server may take for it
  std::size_t rows = 10'000;
  std::size_t bytes = 64u << 20;
};

// A connection to PostgreSQL, or to PgBouncer's admin console, that never waits past a deadline:
// everything is sent and read without blocking, names are resolved elsewhere, and a query that is
// late is cancelled, given 200 ms, and then left with its connection.
//
// A session reads only, waits 100 ms for a lock at most, and takes no more time for a statement
// than it is given; each of these is a setting of the server's that is tried by itself. Behind a
// pooler a session belongs to many, so there every query is a transaction that carries its settings
// and leaves nothing behind.
//
// One thread at a time. Uses real time for its waiting.
class Connection {
 public:
  // Throws PgError, and DsnError.
  static std::unique_ptr<Connection> open(const ConnectRequest& request, const Deadline& deadline);
  ~Connection();
  Connection(const Connection&) = delete;

  // Rows beyond `rows` are not read: Table::truncated. Throws PgError; ask usable() then.
  Table run(const Statement& statement, const Deadline& deadline);

  bool usable() const;       // false: the connection is lost, or was left behind
  bool left_behind() const;  // closed while the server had not answered
  int version() const;       // major * 10000 + minor, of PgBouncer, too
  bool is_console() const;   // a pooler's own
  bool is_pooled() const;
  bool is_standby() const;
  int backend() const;  // the server's process
  const std::string& database() const;
  const std::string& path() const;                  // the role's own search_path
  const std::vector<std::string>& refused() const;  // settings that the server did not take

 private:
  struct Impl;
  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace basewatch::clients
