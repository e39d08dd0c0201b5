#include "agent/clients/postgres/connect.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "agent/clients/postgres/dsn.h"

namespace basewatch::clients {
namespace {

using Hosts = std::vector<DsnTarget::Host>;

// Every name with each of its addresses. Names that do not resolve are left out, unless all are.
Hosts addressed(const DsnTarget& target, Resolver& resolver, const Deadline& deadline) {
  Hosts out;
  std::string failure;
  for (const auto& host : target.hosts) {
    if (host.is_socket() || !host.address.empty()) {
      out.push_back(host);
      continue;
    }
    try {
      for (auto& address : resolver.resolve(host.name, deadline)) {
        out.push_back({host.name, std::move(address), host.port});
      }
    } catch (const ResolveError& error) {
      failure = error.what();
    }
  }
  if (out.empty()) throw PgError(failure);
  return out;
}

std::string list_of(const Hosts& hosts, std::string DsnTarget::Host::*part) {
  std::string out;
  for (const auto& host : hosts) out += (&host == hosts.data() ? "" : ",") + host.*part;
  return out;
}

Handle begin(const ConnectRequest& request, const Hosts& hosts) {
  const auto names = list_of(hosts, &DsnTarget::Host::name),
             addresses = list_of(hosts, &DsnTarget::Host::address),
             ports = list_of(hosts, &DsnTarget::Host::port);
  // What stands before the string gives way to it, what stands behind overrides it.
  std::vector<std::pair<const char*, const char*>> parameters = {
      {"gssencmode", "disable"},  // Kerberos' libraries wait as long as they like
      {"dbname", request.dsn.c_str()},   {"host", names.c_str()},
      {"hostaddr", addresses.c_str()},   {"port", ports.c_str()},
      {"application_name", "basewatch"}, {"client_encoding", "UTF8"},
  };
  if (!request.password.empty()) parameters.emplace_back("password", request.password.c_str());
  if (!request.database.empty()) parameters.emplace_back("dbname", request.database.c_str());
  std::vector<const char*> keys, values;
  for (const auto& [key, value] : parameters) keys.push_back(key), values.push_back(value);
  keys.push_back(nullptr), values.push_back(nullptr);
  return {PQconnectStartParams(keys.data(), values.data(), 1), PQfinish};
}

enum class Progress { done, failed, late };

Progress finish(PGconn* connection, const Deadline& deadline) {
  if (PQstatus(connection) == CONNECTION_BAD) return Progress::failed;
  auto want = PGRES_POLLING_WRITING;
  while (want != PGRES_POLLING_OK) {
    if (want == PGRES_POLLING_FAILED) return Progress::failed;
    const int fd = PQsocket(connection);
    if (!wait_for(fd, want == PGRES_POLLING_READING, want == PGRES_POLLING_WRITING, deadline)) {
      return Progress::late;
    }
    want = PQconnectPoll(connection);
  }
  return Progress::done;
}

std::string text_of(const char* text) {
  return text ? text : "";
}

}  // namespace

Handle connect(const ConnectRequest& request, const Deadline& deadline) {
  const auto target = read_dsn(request.dsn);
  auto hosts = addressed(target, *request.resolver, deadline);
  const auto tries = hosts.size();
  for (std::size_t attempt = 1;; ++attempt) {
    auto connection = begin(request, hosts);
    if (!connection) throw PgError("out of memory");
    const bool last = attempt >= tries;
    auto own = deadline;
    if (!last) own = deadline.earlier_by(deadline.remaining() / 2);
    switch (finish(connection.get(), own)) {
      case Progress::done:
        return connection;
      case Progress::failed: {
        auto reason = words_of(PQerrorMessage(connection.get()));
        if (PQconnectionNeedsPassword(connection.get())) {
          reason += "; give the password by password_file, PGPASSFILE or ~/.pgpass";
        }
        if (reason.find("session is read-only") != reason.npos) {
          reason +=
              "; a role that only reads (default_transaction_read_only) finds the primary by "
              "target_session_attrs=primary, not read-write";
        }
        throw PgError(reason);
      }
      case Progress::late:
        break;
    }
    const auto name = text_of(PQhost(connection.get()));
    if (last) {
      throw PgError(fmt::format("{} has not answered within the time that the scrape leaves",
                                printable(name.empty() ? target.shown() : name)));
    }
    const auto address = text_of(PQhostaddr(connection.get()));
    std::ranges::stable_partition(hosts, [&](const auto& host) {
      return address.empty() ? host.name != name : host.address != address;
    });
  }
}

}  // namespace basewatch::clients
