#include "agent/serve/access.h"

#include <doctest/doctest.h>

#include "tests/unit/serve/certificates.h"

using namespace std::chrono_literals;

namespace basewatch::serve {
namespace {

constexpr auto kHash = "$2y$04$zWbUwGZf1vdLauSnfov1x.Uvf4a.LdZj6ROiL6kasLe3bK9SrJIUS";
constexpr auto kTestTest = "Basic dGVzdDp0ZXN0";        // test:test
constexpr auto kTestWrong = "Basic dGVzdDp3cm9uZw==";   // test:wrong
constexpr auto kNobodyTest = "Basic bm9ib2R5OnRlc3Q=";  // nobody:test

WallTime now() {
  return std::chrono::system_clock::now();
}

// Settings with a Location for each file, so that a test sees which one is blamed.
AccessSettings tls_settings(const std::string& certificate, const std::string& key) {
  AccessSettings out;
  out.tls.on = true;
  out.tls.where = {"c.yml", 1, 1};
  out.tls.certificate = {certificate, "", {"c.yml", 2, 1}};
  out.tls.key = {key, "", {"c.yml", 3, 1}};
  return out;
}

std::string said(const AccessSettings& settings, WallTime at = now()) {
  Diagnostics diagnostics;
  const auto access = Access::make(settings, at, diagnostics);
  CHECK((access == nullptr) == !diagnostics.ok());
  return diagnostics.text();
}

struct Door {
  Passwords passwords;
  std::shared_ptr<const Access> access;
  explicit Door(const AccessSettings& settings) {
    Diagnostics diagnostics;
    access = Access::make(settings, now(), diagnostics);
    REQUIRE_MESSAGE(access, diagnostics.text());
  }
  // "" when the request may come in.
  std::string_view ask(const std::string& authorization, const std::string& path = "/metrics") {
    call = {};
    call.path = path;
    call.authorization = authorization;
    call.client = *parse_ip("10.0.0.1");
    refusal = access->refuse(call, passwords);
    return refusal ? refusal->reason : "";
  }
  Call call;
  std::optional<Refusal> refusal;
};

}  // namespace

TEST_CASE("without users and tokens everybody comes in, and nobody is known") {
  Door door{AccessSettings{}};
  CHECK(door.ask("") == "");
  CHECK(!door.call.authenticated);
  CHECK(door.ask(kTestWrong) == "");
  CHECK(!door.call.authenticated);
}

TEST_CASE("a password is asked for, but at the open paths") {
  AccessSettings settings;
  settings.users = {{"test", kHash, {}}};
  Door door(settings);
  CHECK(door.ask("") == "no_credentials");
  CHECK(door.refusal->answer.status == 401);
  CHECK(door.refusal->answer.headers.at(0) ==
        std::pair<std::string, std::string>("WWW-Authenticate", "Basic realm=\"basewatch\""));
  CHECK(door.ask(kTestTest) == "");
  CHECK(door.call.authenticated);
  CHECK(door.ask("bAsIc   dGVzdDp0ZXN0 ") == "");
  CHECK(door.ask(kTestWrong) == "wrong_password");
  CHECK(!door.call.authenticated);
  CHECK(door.ask(kNobodyTest) == "wrong_password");
  CHECK(door.ask("", "/-/healthy") == "");
  CHECK(!door.call.authenticated);
  CHECK(door.ask("", "/-/healthy/") == "no_credentials");
  for (const auto* bad : {"Basic", "Basic ", "Basic !!!!", "Basic dGVzdA==", "Basic dGVzdDp0ZXN0=",
                          "Digest x", "dGVzdDp0ZXN0", "Basic ====", "Basic dGVzdDp0ZXN0\x01\x02"}) {
    CHECK_MESSAGE(door.ask(bad) == "malformed", bad);
    CHECK(door.refusal->answer.status == 401);
  }
  CHECK(door.ask("Basic " + std::string(8000, 'A')) == "malformed");
  CHECK(door.ask("Bearer test") == "wrong_token");
}

TEST_CASE("tokens come from a file, several at a time") {
  const Certificates files;
  files.write("token", "# two\n0123456789abcdef0\r\n\n  fedcba98765432100\n");
  AccessSettings settings;
  settings.token_file = files.path("token");
  settings.token_where = {"c.yml", 4, 1};
  Door door(settings);
  CHECK(door.ask("Bearer 0123456789abcdef0") == "");
  CHECK(door.call.authenticated);
  CHECK(door.ask("Bearer fedcba98765432100") == "");
  CHECK(door.ask("Bearer 0123456789abcdef") == "wrong_token");
  CHECK(door.ask("Bearer") == "wrong_token");
  CHECK(door.ask(kTestTest) == "malformed");
  CHECK(door.refusal->answer.headers.at(0).second == "Bearer realm=\"basewatch\"");
  files.write("token", "short\n");
  CHECK(said(settings) == files.path("token") +
                              ":1:1: error: a token has at least 16 characters: `openssl rand -hex "
                              "32` makes one\n");
  files.write("token", "\n#\n");
  CHECK(said(settings).find("holds no token") != std::string::npos);
  settings.token_file = "/nowhere";
  CHECK(said(settings) ==
        "c.yml:4:1: error: token_file '/nowhere' cannot be read: No such file or directory\n");
}

TEST_CASE("the rate limit is a bucket") {
  AccessSettings settings;
  settings.rate_interval = 1h;
  settings.rate_burst = 2;
  Door door(settings);
  CHECK(door.ask("") == "");
  CHECK(door.ask("") == "");
  CHECK(door.ask("") == "rate");
  CHECK(door.refusal->answer.status == 429);
}

TEST_CASE("the allow-list") {
  AccessSettings settings;
  std::string problem;
  settings.allow = {*Network::parse("10.0.0.0/8", problem), *Network::parse("::1", problem)};
  const Door door(settings);
  CHECK(door.access->admits(*parse_ip("10.9.9.9")));
  CHECK(door.access->admits(*parse_ip("::1")));
  CHECK(!door.access->admits(*parse_ip("127.0.0.1")));
  CHECK(!door.access->admits({}));
}

TEST_CASE("certificates and keys that cannot be used are explained at their place") {
  const Certificates files;
  files.make("server", 30, "DNS:db-1,IP:10.0.0.5,IP:2001:db8::1");
  files.make("other", 30, "");
  files.write("garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  files.write("empty", "");
  const auto crt = files.path("server.crt"), key = files.path("server.key");
  CHECK(said(tls_settings(crt, key)) == "");
  CHECK(said(tls_settings("/nowhere", key)) ==
        "c.yml:2:1: error: '/nowhere' cannot be read: No such file or directory\n");
  CHECK(said(tls_settings(crt, "/nowhere")) ==
        "c.yml:3:1: error: '/nowhere' cannot be read: No such file or directory\n");
  CHECK(said(tls_settings(files.path("."), key)).find("it is not a regular file") !=
        std::string::npos);
  CHECK(said(tls_settings(files.path("empty"), key)).find("holds no certificate: it must be PEM") !=
        std::string::npos);
  CHECK(said(tls_settings(key, crt)).find("holds no private key: it must be PEM") !=
        std::string::npos);
  CHECK(said(tls_settings(files.path("garbage"), key))
            .find("has a certificate that cannot be read") != std::string::npos);
  CHECK(said(tls_settings(crt, files.path("other.key"))) ==
        "c.yml:3:1: error: the key '" + files.path("other.key") +
            "' belongs to another certificate than '" + crt +
            "', whose first one has to be the server's own\n");
  CHECK(said(tls_settings(crt, files.path("server-encrypted.key"))).find("is encrypted") !=
        std::string::npos);
  ::chmod(key.c_str(), 0644);
  CHECK(said(tls_settings(crt, key)) ==
        "c.yml:3:1: warning: every user of this machine can read "
        "the key '" +
            key + "': chmod 600\n");
}

TEST_CASE("a certificate that ends is a warning in time, and no reason to be silent") {
  const Certificates files;
  files.make("server", 30, "DNS:db-1,IP:10.0.0.5,IP:2001:db8::1");
  const auto settings = tls_settings(files.path("server.crt"), files.path("server.key"));
  Diagnostics diagnostics;
  const auto access = Access::make(settings, now(), diagnostics);
  REQUIRE(access->certificate());
  CHECK(access->certificate()->names == "db-1, 10.0.0.5, 2001:db8::1");
  const auto until = access->certificate()->until;
  CHECK(said(settings, until - 24h * 14 - 1s) == "");
  CHECK(said(settings, until - 24h * 14 + 1s)
            .starts_with("c.yml:2:1: warning: the certificate for db-1, 10.0.0.5, 2001:db8::1 "
                         "expires in less than 14 days, on 20"));
  CHECK(said(settings, until - 1s).find("expires in less than 1 days") != std::string::npos);
  CHECK(said(settings, until).find("has expired, on 20") != std::string::npos);
  CHECK(said(settings, until - 24h * 32).find("is not valid before 20") != std::string::npos);
}

TEST_CASE("who would have to show another certificate has to shake hands anew") {
  const Certificates files;
  files.make("server", 30, "");
  files.make("ca", 30, "");
  auto settings = tls_settings(files.path("server.crt"), files.path("server.key"));
  const Door plain{AccessSettings{}}, tls(settings);
  CHECK(tls.access->same_clients(*Door(settings).access));
  CHECK(!tls.access->same_clients(*plain.access));
  settings.tls.client = ClientCertificate::require_and_verify;
  settings.tls.client_ca = {files.path("ca.crt"), "", {"c.yml", 5, 1}};
  const Door mutual(settings);
  CHECK(!mutual.access->same_clients(*tls.access));
  CHECK(mutual.access->same_clients(*Door(settings).access));
  files.make("ca", 30, "");
  CHECK(!mutual.access->same_clients(*Door(settings).access));
  settings.tls.client_ca.path = "/nowhere";
  CHECK(said(settings) ==
        "c.yml:5:1: error: '/nowhere' cannot be read: No such file or directory\n");
}

TEST_CASE("what acts is for those who are known, or on this machine and nowhere else") {
  Call call;
  CHECK(why_not_act(call) != "");
  call.from_loopback = true;
  CHECK(why_not_act(call) == "");
  for (const auto* host :
       {"localhost", "LOCALHOST:9777", "127.0.0.1:9777", "[::1]:9777", "127.8.8.8"}) {
    call.host = host;
    CHECK_MESSAGE(why_not_act(call) == "", host);
  }
  // A name that somebody made point to 127.0.0.1.
  for (const auto* host : {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example:9777",
                           "10.0.0.1", "[::2]", "[", "localhost@evil"}) {
    call.host = host;
    CHECK_MESSAGE(why_not_act(call) != "", host);
  }
  call.authenticated = true;
  CHECK(why_not_act(call) == "");
  call.authenticated = false;
  call.host = "localhost:9777";
  call.forwarded = true;
  CHECK(why_not_act(call) != "");
  call.forwarded = false;
  call.origin = "http://localhost:9777";
  call.fetch_site = "same-origin";
  CHECK(why_not_act(call) == "");
  call.fetch_site = "cross-site";
  CHECK(why_not_act(call) != "");
  call.fetch_site = "";
  call.authenticated = true;  // a browser remembers passwords
  for (const auto* origin : {"http://evil.example", "null", "http://localhost:9778", "http://"}) {
    call.origin = origin;
    CHECK_MESSAGE(why_not_act(call) != "", origin);
  }
}

}  // namespace basewatch::serve
