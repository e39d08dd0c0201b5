#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/diagnostics.h"
#include "agent/base/network.h"

// Who may reach the agent's HTTP server, and how: what agent/config reads and agent/serve enforces.
// The two do not see each other, so their words stand here. Plain values.
namespace basewatch {

// Certificates or a key in PEM, in a file or given in place.
struct Pem {
  std::string path, text;
  Location where;
  bool given() const { return !path.empty() || !text.empty(); }
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
};

struct UserSettings {
  std::string name, hash;  // bcrypt
  Location where;
};

struct AccessSettings {
  TlsSettings tls;
  std::vector<UserSettings> users;
  std::string token_file;  // bearer tokens, one a line
  Location token_where;
  std::vector<std::string> open = {"/-/healthy", "/-/ready"};  // no password or token needed
  std::vector<Network> allow;                                // empty: everybody
  std::vector<std::pair<std::string, std::string>> headers;  // added to every answer
  Duration rate_interval{};                                  // a token bucket; zero: no limit
  std::int64_t rate_burst = 0;

  bool needs_password() const { return !users.empty() || !token_file.empty(); }
};

}  // namespace basewatch
