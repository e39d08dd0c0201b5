#include "agent/config/web_config.h"

#include <doctest/doctest.h>

namespace basewatch::config {
namespace {

// The password is "test".
constexpr auto kHash = "$2y$04$zWbUwGZf1vdLauSnfov1x.Uvf4a.LdZj6ROiL6kasLe3bK9SrJIUS";

struct Web {
  AccessSettings access;
  Diagnostics diagnostics;
  explicit Web(const std::string& text) {
    read_web_config_text(text, "/etc/x/web.yml", access, diagnostics);
  }
};

// The complaint about one setting of a file that is fine otherwise.
std::string said_of_tls(const std::string& line) {
  Web web("tls_server_config:\n  cert_file: a\n  key_file: b\n  " + line + "\n");
  CHECK(!web.diagnostics.text().empty());
  return web.diagnostics.text();
}

}  // namespace

TEST_CASE("a web configuration says what it says to Prometheus' exporters") {
  const Web web(std::string(R"(
tls_server_config:
  cert_file: server.crt
  key_file: /keys/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: clients.crt
  client_allowed_sans: [prometheus, 10.0.0.9]
  min_version: TLS13
  cipher_suites:
    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    - TLS_AES_128_GCM_SHA256
    - TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP256, X25519]
http_server_config:
  http2: false
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Frame-Options: deny
rate_limit: {interval: 100ms, burst: 20}
basic_auth_users:
  prometheus: )") +
                kHash + "\n");
  CHECK(web.diagnostics.text() == "");
  const auto& tls = web.access.tls;
  CHECK(tls.on);
  CHECK(tls.certificate.path == "/etc/x/server.crt");
  CHECK(tls.key.path == "/keys/server.key");
  CHECK(tls.client == ClientCertificate::require_and_verify);
  CHECK(tls.client_ca.path == "/etc/x/clients.crt");
  CHECK(tls.client_sans == std::vector<std::string>{"prometheus", "10.0.0.9"});
  CHECK(tls.least == 3);
  CHECK(tls.ciphers == "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305");
  CHECK(tls.groups == "P-256:X25519");
  CHECK(!tls.server_order);
  REQUIRE(web.access.headers.size() == 2);
  CHECK(web.access.headers[0].second == "max-age=31536000");
  CHECK(web.access.rate_burst == 20);
  REQUIRE(web.access.users.size() == 1);
  CHECK(web.access.users[0].name == "prometheus");
  CHECK(web.access.users[0].hash == kHash);
}

TEST_CASE("certificate and key may stand in the file itself") {
  const Web web("tls_server_config:\n  cert: |\n    CERT\n  key: |\n    KEY\n");
  CHECK(web.diagnostics.text() == "");
  CHECK(web.access.tls.certificate.text == "CERT\n");
  CHECK(web.access.tls.key.text == "KEY\n");
  CHECK(web.access.tls.certificate.path == "");
}

TEST_CASE("what is not said is as there") {
  for (const auto* text : {"", "# nothing\n", "tls_server_config: {}\n", "basic_auth_users:\n",
                           "tls_server_config:\n  min_version: TLS12\n"}) {
    const Web web(text);
    CAPTURE(text);
    CHECK(web.diagnostics.text() == "");
    CHECK(!web.access.tls.on);
    CHECK(!web.access.needs_password());
  }
}

TEST_CASE("every name that Go has for asking clients is known") {
  struct Case {
    std::string name;
    ClientCertificate meaning;
  };
  using enum ClientCertificate;
  for (const auto& [name, meaning] :
       {Case{"NoClientCert", none}, Case{"\"\"", none}, Case{"RequestClientCert", request},
        Case{"RequireAnyClientCert", require_any}, Case{"RequireClientCert", require_any},
        Case{"VerifyClientCertIfGiven", verify_if_given},
        Case{"RequireAndVerifyClientCert", require_and_verify}}) {
    CAPTURE(name);
    const bool verifies = meaning == verify_if_given || meaning == require_and_verify;
    const Web web("tls_server_config:\n  cert_file: a\n  key_file: b\n  client_auth_type: " + name +
                  "\n" + (verifies ? "  client_ca_file: c\n" : ""));
    CHECK(web.diagnostics.text() == "");
    CHECK(web.access.tls.client == meaning);
  }
}

TEST_CASE("only suites of TLS 1.3 leave nothing for TLS 1.2") {
  const Web web(
      "tls_server_config: {cert_file: a, key_file: b, cipher_suites: [TLS_AES_128_GCM_SHA256]}\n");
  CHECK(web.diagnostics.text() == "");
  CHECK(web.access.tls.least == 3);
}

TEST_CASE("what cannot be honoured is told at its place") {
  CHECK(said_of_tls("client_auth_type: RequireAndVerifyClientCerts")
            .starts_with(
                "/etc/x/web.yml:4:21: error: client_auth_type must be one of NoClientCert, "));
  CHECK(said_of_tls("client_auth_type: VerifyClientCertIfGiven") ==
        "/etc/x/web.yml:2:3: error: verifying the clients' certificates needs client_ca_file: "
        "without it whoever has a certificate of any public authority would get in\n");
  CHECK(
      said_of_tls("client_ca_file: c")
          .starts_with(
              "/etc/x/web.yml:4:19: error: client_ca_file has no effect while no client is asked"));
  CHECK(said_of_tls("client_allowed_sans: [a]")
            .starts_with("/etc/x/web.yml:2:3: error: client_allowed_sans needs clients that must "
                         "show a certificate"));
  CHECK(said_of_tls("min_version: TLS10") ==
        "/etc/x/web.yml:4:16: warning: TLS10 is broken and not served: TLS12 is the least here\n");
  CHECK(
      said_of_tls("max_version: TLS11").starts_with("/etc/x/web.yml:4:16: error: TLS11 is broken"));
  CHECK(said_of_tls("min_version: TLS14").find("must be one of TLS10, TLS11, TLS12, TLS13") !=
        std::string::npos);
  CHECK(said_of_tls("cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA25]") ==
        "/etc/x/web.yml:4:19: error: unknown cipher suite 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA25': "
        "did you mean 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'?\n");
  CHECK(said_of_tls("curve_preferences: [CurveP256, P-999]")
            .starts_with("/etc/x/web.yml:4:34: error: unknown curve 'P-999': "));
  CHECK(said_of_tls("cert: CERT") ==
        "/etc/x/web.yml:4:9: error: cert and cert_file are both given: keep one of them\n");
  CHECK(said_of_tls("certfile: c") ==
        "/etc/x/web.yml:4:3: error: unknown key 'certfile' in tls_server_config: did you mean "
        "'cert_file'?\n");
  CHECK(Web("tls_server_config: {cert_file: a}\n").diagnostics.text() ==
        "/etc/x/web.yml:1:20: error: TLS needs a key: write key_file: server.key\n");
  CHECK(Web("tls_server_config: {key_file: a}\n").diagnostics.text() ==
        "/etc/x/web.yml:1:20: error: TLS needs a certificate: write cert_file: server.crt\n");
  CHECK(Web("http_server_config: {http2: true}\n")
            .diagnostics.text()
            .starts_with("/etc/x/web.yml:1:29: warning: http2 has no effect"));
  CHECK(Web("http_server_config: {headers: {X-Frame-Options: DENY}}\n").diagnostics.text() ==
        "/etc/x/web.yml:1:49: error: X-Frame-Options must be deny or sameorigin\n");
  CHECK(
      Web("http_server_config: {headers: {X-XSS-Protection: \"a\\r\\nb\"}}\n").diagnostics.text() ==
      "/etc/x/web.yml:1:50: error: X-XSS-Protection must be one line\n");
  CHECK(Web("http_server_config: {headers: {Server: x}}\n")
            .diagnostics.text()
            .find("unknown key 'Server' in headers") != std::string::npos);
  CHECK(Web("rate_limit: {interval: 1s}\n").diagnostics.text().find("burst") != std::string::npos);
  CHECK(Web("basic_auth_user: {}\n").diagnostics.text().find("did you mean 'basic_auth_users'?") !=
        std::string::npos);
}

TEST_CASE("a password that is no bcrypt hash is refused and not shown") {
  for (const auto* hash : {"hunter2", "$1$hunter2", "[hunter2]", "",
                           "$2y$32$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG",
                           "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7z",
                           "$2x$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG",
                           "$2y$10$X0h1gDsPszWURQaxFh:zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"}) {
    CAPTURE(hash);
    const Web web("basic_auth_users:\n  prometheus: " + std::string(hash) + "\n");
    CHECK(web.diagnostics.text().find("the password of 'prometheus' must be a bcrypt hash") !=
          std::string::npos);
    CHECK(web.diagnostics.text().find("hunter2") == std::string::npos);
    CHECK(web.diagnostics.text().find("X0h1") == std::string::npos);
  }
}

}  // namespace basewatch::config
