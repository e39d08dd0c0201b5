#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/clients/postgres/connection.h"

namespace basewatch::postgres {

// What a session needs of a connection: the real one is clients::Connection, tests have their own.
class Link {
 public:
  struct Server {
    int version = 0;
    bool is_console = false, is_pooled = false, is_standby = false;
    int backend = 0;
    std::string database;
  };

  virtual ~Link() = default;
  virtual clients::Table run(const clients::Statement&, const Deadline&) = 0;
  virtual Server server() const = 0;
  virtual bool usable() const = 0;
  virtual bool left_behind() const = 0;  // closed while the server's process had not answered
};

// Opens a link to a database; the configured one when the name is empty. Throws clients::PgError.
using Dial = std::function<std::unique_ptr<Link>(const std::string& database, const Deadline&)>;

}  // namespace basewatch::postgres
