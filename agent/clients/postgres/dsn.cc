#include "agent/clients/postgres/dsn.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <memory>

#include "agent/base/strings.h"
#include "agent/clients/postgres/error.h"

namespace basewatch::clients {
namespace {

// libpq quotes what it does not understand, which may be a piece of a password.
bool may_hold_secret(std::string dsn) {
  std::ranges::transform(dsn, dsn.begin(), [](unsigned char c) { return std::tolower(c); });
  return dsn.find("pass") != dsn.npos || dsn.find('@') != dsn.npos;
}

std::string why_unreadable(const std::string& dsn, std::string_view libpq) {
  if (!may_hold_secret(dsn)) return printable(trim(libpq), 300);
  return "libpq cannot read it, and its reason is not shown because it may hold the password; in a "
         "URL write %40 for @, %2F for / and %25 for %, in host=... password='...' put a backslash "
         "before ' and \\";
}

// A value no TLS library knows, so libpq merges all its sources, refuses, and connects nowhere.
constexpr auto kRefused = "basewatch-looks-only";

}  // namespace

std::string DsnTarget::shown() const {
  std::string names;
  for (const auto& host : hosts) {
    const auto& name = host.name.empty() ? host.address : host.name;
    if (names.size() > 100 || (!names.empty() && names.ends_with(name))) continue;
    names += (names.empty() ? "" : ",") + name;
  }
  return printable(fmt::format("{}@{}/{}", user, names, database));
}

DsnTarget read_dsn(const std::string& dsn) {
  if (dsn.find('\0') != dsn.npos) throw DsnError("the dsn holds a byte 0");
  const char* keys[] = {"dbname", "ssl_max_protocol_version", nullptr};
  const char* values[] = {dsn.c_str(), kRefused, nullptr};
  const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectStartParams(keys, values, 1),
                                                              PQfinish);
  if (!connection) throw DsnError("out of memory");
  const std::string_view reason = PQerrorMessage(connection.get());
  if (reason.find(kRefused) == reason.npos) throw DsnError(why_unreadable(dsn, reason));

  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfo(connection.get()), PQconninfoFree);
  DsnTarget target;
  std::string hosts, addresses, ports;
  for (const auto* option = options.get(); option && option->keyword; ++option) {
    if (!option->val) continue;
    const std::string_view key = option->keyword;
    if (key == "host") hosts = option->val;
    if (key == "hostaddr") addresses = option->val;
    if (key == "port") ports = option->val;
    if (key == "user") target.user = option->val;
    if (key == "dbname") target.database = option->val;
    if (key == "password") target.has_password = *option->val != '\0';
  }
  if (target.database.empty()) target.database = target.user;
  // libpq has checked that the lists go together.
  const auto names = split(hosts, ','), given = split(addresses, ','), numbers = split(ports, ',');
  const auto at = [](const auto& list, std::size_t i) {
    return std::string(i < list.size() ? list[i] : list.empty() ? "" : list.back());
  };
  const auto count = std::max<std::size_t>(addresses.empty() ? names.size() : given.size(), 1);
  for (std::size_t i = 0; i < count; ++i) {
    target.hosts.push_back(
        {hosts.empty() ? "" : at(names, i), addresses.empty() ? "" : at(given, i), at(numbers, i)});
  }
  return target;
}

}  // namespace basewatch::clients
