#include "agent/config/web_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "agent/base/small_file.h"
#include "agent/base/strings.h"
#include "agent/config/instance.h"
#include "agent/config/server.h"

namespace basewatch::config {
namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;

struct Name {
  std::string_view go, openssl;
};

// What Go's crypto/tls calls them, and OpenSSL. Those of TLS 1.3 cannot be chosen, in Go neither.
constexpr std::array kCiphers = {
    Name{"TLS_AES_128_GCM_SHA256", ""},
    Name{"TLS_AES_256_GCM_SHA384", ""},
    Name{"TLS_CHACHA20_POLY1305_SHA256", ""},
    Name{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    Name{"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    Name{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    Name{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    Name{"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    Name{"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    Name{"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    Name{"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    Name{"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    Name{"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
    Name{"TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"},
    Name{"TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"},
    Name{"TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"},
    Name{"TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"}};

constexpr std::array kCurves = {Name{"X25519", "X25519"}, Name{"CurveP256", "P-256"},
                                Name{"CurveP384", "P-384"}, Name{"CurveP521", "P-521"}};

// In the order of ClientCertificate; the last two are other names of the first and the third.
const std::vector<std::string_view> kClientTypes = {"NoClientCert",
                                                    "RequestClientCert",
                                                    "RequireAnyClientCert",
                                                    "VerifyClientCertIfGiven",
                                                    "RequireAndVerifyClientCert",
                                                    "",
                                                    "RequireClientCert"};

const std::vector<std::string_view> kVersions = {"TLS10", "TLS11", "TLS12", "TLS13"};

// Each item as OpenSSL calls it, those without a name there left out, joined by ':'.
template <std::size_t N>
std::string names_of(yaml::Mapping& map, std::string_view key, std::string_view what,
                     const std::array<Name, N>& table, Diagnostics& diagnostics) {
  std::vector<std::string_view> out, known;
  for (const auto& name : table) known.push_back(name.go);
  const auto* node = map.find(key);
  for (const auto& wanted : map.strings(key)) {
    const auto found = std::ranges::find(table, wanted, &Name::go);
    if (found != table.end()) {
      if (!found->openssl.empty()) out.push_back(found->openssl);
      continue;
    }
    auto where = node->where;
    for (const auto& item : node->items) {
      if (item.scalar == wanted) where = item.where;
    }
    const auto guess = nearest(wanted, known);
    diagnostics.error(
        where, fmt::format("unknown {} '{}': {}", what, printable(wanted),
                           guess.empty() ? "take it out, or write one of " + join(known, ", ")
                                         : fmt::format("did you mean '{}'?", guess)));
  }
  return join(out, ":");
}

Pem read_pem(yaml::Mapping& map, const std::string& key, const std::string& folder,
             Diagnostics& diagnostics) {
  Pem out;
  const auto file = key + "_file";
  out.path = resolve(folder, map.string(file));
  out.text = map.string(key);
  out.where = map.where(out.path.empty() && !out.text.empty() ? key : file);
  if (!out.path.empty() && !out.text.empty()) {
    diagnostics.error(map.where(key),
                      fmt::format("{} and {} are both given: keep one of them", key, file));
  }
  return out;
}

int read_version(yaml::Mapping& map, std::string_view key, int fallback, Diagnostics& diagnostics) {
  const auto version =
      static_cast<int>(map.choice(key, static_cast<std::size_t>(fallback), kVersions));
  if (version >= 2) return version;
  if (key == "max_version") {
    diagnostics.error(map.where(key), fmt::format("{} is broken and not served: write TLS12 or "
                                                  "TLS13, or leave max_version out",
                                                  kVersions[static_cast<std::size_t>(version)]));
  } else {
    diagnostics.warning(map.where(key),
                        fmt::format("{} is broken and not served: TLS12 is the least here",
                                    kVersions[static_cast<std::size_t>(version)]));
  }
  return 2;
}

void read_tls(const yaml::Node& node, const std::string& folder, TlsSettings& out,
              Diagnostics& diagnostics) {
  yaml::Mapping map(node, "tls_server_config", diagnostics);
  out.where = node.where;
  out.certificate = read_pem(map, "cert", folder, diagnostics);
  out.key = read_pem(map, "key", folder, diagnostics);
  out.client_ca = read_pem(map, "client_ca", folder, diagnostics);
  auto client = map.choice("client_auth_type", 0, kClientTypes);
  if (client == 5) client = 0;
  if (client == 6) client = 2;
  out.client = static_cast<ClientCertificate>(client);
  out.client_sans = map.strings("client_allowed_sans");
  out.least = read_version(map, "min_version", 2, diagnostics);
  out.most = read_version(map, "max_version", 3, diagnostics);
  const bool chosen = map.find("cipher_suites") && !map.strings("cipher_suites").empty();
  out.ciphers = names_of(map, "cipher_suites", "cipher suite", kCiphers, diagnostics);
  // A list with suites of TLS 1.3 alone leaves none for TLS 1.2.
  if (chosen && out.ciphers.empty()) out.least = 3;
  out.groups = names_of(map, "curve_preferences", "curve", kCurves, diagnostics);
  out.server_order = map.flag("prefer_server_cipher_suites", true);
  out.on = out.certificate.given() || out.key.given() || out.client_ca.given() ||
           map.find("client_auth_type") != nullptr;
  map.finish();
  check_tls(out, diagnostics);
}

constexpr std::string_view kHeaders[] = {"Strict-Transport-Security", "X-Content-Type-Options",
                                         "X-Frame-Options", "X-XSS-Protection",
                                         "Content-Security-Policy"};

void read_headers(const yaml::Node& node, AccessSettings& out, Diagnostics& diagnostics) {
  yaml::Mapping map(node, "headers", diagnostics);
  for (const auto name : kHeaders) {
    auto value = map.string(name);
    if (value.empty()) continue;
    if (printable(value, value.size() * 4) != value) {
      diagnostics.error(map.where(name), fmt::format("{} must be one line", name));
    } else if (name == "X-Content-Type-Options" && value != "nosniff") {
      diagnostics.error(map.where(name), fmt::format("{} must be nosniff", name));
    } else if (name == "X-Frame-Options" && value != "deny" && value != "sameorigin") {
      diagnostics.error(map.where(name), fmt::format("{} must be deny or sameorigin", name));
    } else {
      out.headers.emplace_back(name, std::move(value));
    }
  }
  map.finish();
}

void read_http(const yaml::Node& node, AccessSettings& out, Diagnostics& diagnostics) {
  yaml::Mapping map(node, "http_server_config", diagnostics);
  if (map.flag("http2", false)) {
    diagnostics.warning(map.where("http2"),
                        "http2 has no effect: this agent serves HTTP/1.1, which every client of an "
                        "exporter speaks as well");
  }
  if (const auto* headers = map.find("headers")) read_headers(*headers, out, diagnostics);
  map.finish();
}

void read_rate(const yaml::Node& node, AccessSettings& out, Diagnostics& diagnostics) {
  yaml::Mapping map(node, "rate_limit", diagnostics);
  out.rate_interval = map.duration("interval", {});
  out.rate_burst = map.integer("burst", 0, 0, 1'000'000);
  if (out.rate_interval > Duration::zero() && out.rate_burst == 0) {
    diagnostics.error(map.where(),
                      "rate_limit with an interval and no burst answers nobody: write "
                      "burst: 10");
  }
  map.finish();
}

void read_web(const yaml::Node& root, const std::string& path, AccessSettings& out,
              Diagnostics& diagnostics) {
  if (!diagnostics.ok() && root.kind == yaml::Kind::null) return;  // not read at all
  auto folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  yaml::Mapping map(root, "the web configuration", diagnostics);
  if (const auto* tls = map.find("tls_server_config")) {
    read_tls(*tls, folder, out.tls, diagnostics);
  }
  if (const auto* http = map.find("http_server_config")) read_http(*http, out, diagnostics);
  if (const auto* users = map.find("basic_auth_users")) {
    read_users(*users, "basic_auth_users", out.users, diagnostics);
  }
  if (const auto* rate = map.find("rate_limit")) read_rate(*rate, out, diagnostics);
  map.finish();
}

}  // namespace

void check_tls(const TlsSettings& tls, Diagnostics& diagnostics) {
  if (!tls.on) return;
  if (!tls.certificate.given()) {
    diagnostics.error(tls.where, "TLS needs a certificate: write cert_file: server.crt");
  }
  if (!tls.key.given()) diagnostics.error(tls.where, "TLS needs a key: write key_file: server.key");
  if (tls.least > tls.most) {
    diagnostics.error(tls.where, "min_version is above max_version: exchange them");
  }
  const bool verifies = tls.client == ClientCertificate::verify_if_given ||
                        tls.client == ClientCertificate::require_and_verify;
  const bool required = tls.client == ClientCertificate::require_any ||
                        tls.client == ClientCertificate::require_and_verify;
  if (verifies && !tls.client_ca.given()) {
    diagnostics.error(tls.where,
                      "verifying the clients' certificates needs client_ca_file: without it "
                      "whoever has a certificate of any public authority would get in");
  }
  if (tls.client == ClientCertificate::none && tls.client_ca.given()) {
    diagnostics.error(tls.client_ca.where,
                      "client_ca_file has no effect while no client is asked for a certificate: "
                      "write client_auth_type: RequireAndVerifyClientCert (client_certificate: "
                      "required under server.tls)");
  }
  if (!tls.client_sans.empty() && !required) {
    diagnostics.error(tls.where,
                      "client_allowed_sans needs clients that must show a certificate: write "
                      "client_auth_type: RequireAndVerifyClientCert (client_certificate: required "
                      "under server.tls)");
  }
}

void read_web_config(const std::string& path, const Location& named_at, AccessSettings& out,
                     Diagnostics& diagnostics) {
  std::string problem;
  const auto text = read_small_file(path, kMaxFileBytes, problem);
  if (!text) {
    diagnostics.error(named_at,
                      fmt::format("web_config '{}' cannot be read: {}", printable(path), problem));
    return;
  }
  read_web_config_text(*text, path, out, diagnostics);
}

void read_web_config_text(std::string_view text, const std::string& path, AccessSettings& out,
                          Diagnostics& diagnostics) {
  Diagnostics own;  // whether this file could be read does not depend on errors of others
  const auto root = yaml::parse(text, path, own);
  read_web(root, path, out, own);
  for (const auto& one : own.sorted()) {
    if (one.severity == Severity::error) {
      diagnostics.error(one.where, one.message);
    } else {
      diagnostics.warning(one.where, one.message);
    }
  }
}

}  // namespace basewatch::config
