#pragma once

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/diagnostics.h"
#include "agent/base/network.h"

// Who may reach the agent's HTTP server, and how: what agent/config reads and agent/serve enforces.
// The two do not see each other, so their words stand here. Plain values; they are equal when they
// say the same, wherever in a file it stands.
namespace basewatch {

// Certificates or a key in PEM, in a file or given in place.
struct Pem {
  std::string path, text;
  Location where;
  bool given() const { return !path.empty() || !text.empty(); }
  bool operator==(const Pem& other) const { return path == other.path && text == other.text; }
};

// What Go calls ClientAuthType, in its order.
enum class ClientCertificate { none, request, require_any, verify_if_given, require_and_verify };

struct TlsSettings {
  bool on = false;
  Location where;
  Pem certificate, key, client_ca;
  ClientCertificate client = ClientCertificate::none;
  std::vector<std::string> client_sans;  // one of them must stand in the client's certificate
  int least = 2, most = 3;               // TLS 1.<n>
  std::string ciphers;                   // OpenSSL's names for TLS 1.2; empty: our choice
  std::string groups;                    // likewise, for the key exchange
  bool server_order = true;

  bool operator==(const TlsSettings& other) const {
    const auto all = [](const TlsSettings& one) {
      return std::tie(one.on, one.certificate, one.key, one.client_ca, one.client, one.client_sans,
                      one.least, one.most, one.ciphers, one.groups, one.server_order);
    };
    return all(*this) == all(other);
  }
};

struct UserSettings {
  std::string name, hash;  // bcrypt
  Location where;
  bool operator==(const UserSettings& other) const {
    return name == other.name && hash == other.hash;
  }
};

struct AccessSettings {
  TlsSettings tls;
  std::vector<UserSettings> users;
  std::string token_file;  // bearer tokens, one a line
  Location token_where;
  std::vector<std::string> open = {"/-/healthy", "/-/ready"};  // no password or token needed
  std::vector<Network> allow;                                  // empty: everybody
  std::vector<std::pair<std::string, std::string>> headers;    // added to every answer
  Duration rate_interval{};                                    // a token bucket; zero: no limit
  std::int64_t rate_burst = 0;

  bool operator==(const AccessSettings& other) const {
    const auto all = [](const AccessSettings& one) {
      return std::tie(one.tls, one.users, one.token_file, one.open, one.allow, one.headers,
                      one.rate_interval, one.rate_burst);
    };
    return all(*this) == all(other);
  }
  bool needs_password() const { return !users.empty() || !token_file.empty(); }
};

}  // namespace basewatch
