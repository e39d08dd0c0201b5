#pragma once

#include <string>
#include <vector>

namespace basewatch::clients {

// Where a connection string leads once service files, environment and defaults are in it.
struct DsnTarget {
  struct Host {
    std::string name, address, port;  // name: a host, or the folder of a socket; address: hostaddr
    bool is_socket() const {
      return address.empty() && (name.empty() || name.front() == '/' || name.front() == '@');
    }
  };
  std::vector<Host> hosts;
  std::string user, database;
  bool has_password = false;  // in the string itself, a password file or the environment

  std::string shown() const;  // user@host/database: the only form that a log or page may show
};

// Reads a URL or a keyword string without touching the network. Throws DsnError, whose words never
// hold what may be a secret.
DsnTarget read_dsn(const std::string& dsn);

}  // namespace basewatch::clients
