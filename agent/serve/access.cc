#include "agent/serve/access.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>

#include "agent/base/small_file.h"
#include "agent/base/strings.h"

namespace basewatch::serve {
namespace {

constexpr std::size_t kMaxTokenBytes = 64 * 1024, kMinToken = 16;
constexpr std::size_t kMaxCredentials = 4096;

Answer plain(int status, std::string text) {
  Answer out;
  out.status = status;
  out.body = std::move(text) + "\n";
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const auto padding = text.size() - (text.find_last_not_of('=') + 1);
  if (padding > 2) return std::nullopt;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

bool is_scheme(std::string_view text, std::string_view scheme) {
  return std::ranges::equal(text, scheme, [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  });
}

// The name or address in a Host header, without its port.
std::string_view name_in(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

bool is_this_machine(std::string_view host) {
  const auto name = name_in(host);
  if (is_scheme(name, "localhost")) return true;
  const auto address = parse_ip(name);
  return address && address->is_loopback();
}

// Everything on which it depends whether a client gets through the handshake.
std::string rules_of(const TlsSettings& tls) {
  if (!tls.on) return "plain";
  std::string authorities = tls.client_ca.text, problem;
  if (!tls.client_ca.path.empty()) {
    authorities = read_small_file(tls.client_ca.path, 1u << 20, problem).value_or("");
  }
  return fmt::format("{} {} {} {} {}", static_cast<int>(tls.client), tls.least, tls.most,
                     join(tls.client_sans, "\n"), authorities);
}

}  // namespace

std::shared_ptr<const Access> Access::make(const AccessSettings& settings, WallTime now,
                                           Diagnostics& diagnostics) {
  const std::shared_ptr<Access> out(new Access(settings));
  bool fine = true;
  if (settings.tls.on) {
    Certificate certificate;
    out->tls_ = make_tls(settings.tls, now, certificate, diagnostics);
    out->certificate_ = certificate;
    fine = out->tls_ != nullptr;
  }
  if (!settings.token_file.empty()) fine = out->read_tokens(diagnostics) && fine;
  for (const auto& user : settings.users) {  // both digits of the cost stand behind "$2y$"
    if (out->decoy_.empty() || user.hash.substr(4, 2) > out->decoy_.substr(4, 2)) {
      out->decoy_ = user.hash;
    }
  }
  out->client_rules_ = rules_of(settings.tls);
  out->rate_left_ = static_cast<double>(settings.rate_burst);
  return fine ? out : nullptr;
}

std::shared_ptr<const Access> Access::open() {
  const std::shared_ptr<Access> out(new Access({}));
  out->client_rules_ = rules_of({});
  return out;
}

bool Access::read_tokens(Diagnostics& diagnostics) {
  std::string problem;
  const auto text = read_small_file(settings_.token_file, kMaxTokenBytes, problem);
  if (!text) {
    diagnostics.error(settings_.token_where, fmt::format("token_file '{}' cannot be read: {}",
                                                         printable(settings_.token_file), problem));
    return false;
  }
  std::string_view rest = *text, line;
  for (int number = 1; next_line(rest, line); ++number) {
    line = trim(line);
    if (line.empty() || line.starts_with('#')) continue;
    if (line.size() < kMinToken) {
      diagnostics.error({settings_.token_file, number, 1},
                        fmt::format("a token has at least {} characters: `openssl rand -hex 32` "
                                    "makes one",
                                    kMinToken));
      return false;
    }
    tokens_.push_back(keyed_digest(line));
  }
  if (tokens_.empty()) {
    diagnostics.error(settings_.token_where,
                      fmt::format("token_file '{}' holds no token: write one a line",
                                  printable(settings_.token_file)));
  }
  return !tokens_.empty();
}

bool Access::admits(const IpAddress& client) const {
  const auto& allow = settings_.allow;
  return allow.empty() || std::ranges::any_of(allow, [&](const Network& network) {
           return network.contains(client);
         });
}

bool Access::knows_token(std::string_view token) const {
  const auto digest = keyed_digest(token);
  bool known = false;
  for (const auto& one : tokens_) known = equal(one, digest) | known;  // all of them, always
  return known;
}

bool Access::within_rate() const {
  if (settings_.rate_interval == Duration::zero()) return true;
  std::lock_guard guard(mutex_);
  const auto now = Clock::system().now();
  if (rate_at_ != MonoTime{})
    rate_left_ += seconds(now - rate_at_) / seconds(settings_.rate_interval);
  rate_at_ = now;
  rate_left_ = std::min(rate_left_, static_cast<double>(settings_.rate_burst));
  if (rate_left_ < 1) return false;
  rate_left_ -= 1;
  return true;
}

std::optional<Refusal> Access::check_basic(const Call& call, std::string_view encoded,
                                           Passwords& passwords) const {
  const auto pair = from_base64(encoded);
  const auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos || settings_.users.empty()) {
    return Refusal{plain(401, "this Authorization header is of no use here"), "malformed",
                   "an Authorization header that is of no use came from " + call.client.text()};
  }
  const auto name = pair->substr(0, colon), password = pair->substr(colon + 1);
  const auto user = std::ranges::find(settings_.users, name, &UserSettings::name);
  const auto verdict = passwords.check(
      name, password, user == settings_.users.end() ? "" : user->hash, decoy_, call.client);
  if (verdict == Password::right) return std::nullopt;
  if (verdict == Password::busy) {
    Refusal out{plain(503, "too many passwords are being checked: try again"), "busy",
                "too many passwords to check at once, the last from " + call.client.text()};
    out.answer.headers.emplace_back("Retry-After", "5");
    return out;
  }
  // A name that nobody has may be a password in the wrong field: it is not written down.
  const auto who = user == settings_.users.end() ? "a user that does not exist"
                                                 : fmt::format("'{}'", printable(name, 60));
  return Refusal{plain(401, "wrong user or password"), "wrong_password",
                 fmt::format("a wrong password came from {} for {}", call.client.text(), who)};
}

std::optional<Refusal> Access::refuse(Call& call, Passwords& passwords) const {
  call.authenticated = call.client_verified;
  if (!within_rate()) {
    return Refusal{plain(429, "too many requests: see rate_limit in the web configuration"), "rate",
                   "more requests than rate_limit allows, the last from " + call.client.text()};
  }
  if (!settings_.needs_password()) return std::nullopt;
  const bool is_open = std::ranges::find(settings_.open, call.path) != settings_.open.end();
  if (is_open) return std::nullopt;
  const std::string_view given = trim(call.authorization);
  const auto blank = given.find(' ');
  const auto scheme = given.substr(0, blank);
  const auto value = blank == std::string_view::npos ? "" : trim(given.substr(blank));
  std::optional<Refusal> out;
  if (given.empty()) {
    out = Refusal{plain(401, "a password or token is needed"), "no_credentials",
                  "a request without password or token came from " + call.client.text()};
  } else if (value.size() > kMaxCredentials) {
    out = Refusal{plain(401, "this Authorization header is too long"), "malformed",
                  "an Authorization header that is too long came from " + call.client.text()};
  } else if (is_scheme(scheme, "bearer")) {
    if (!knows_token(value)) {
      out = Refusal{plain(401, "wrong token"), "wrong_token",
                    "a wrong token came from " + call.client.text()};
    }
  } else {
    out = check_basic(call, is_scheme(scheme, "basic") ? value : "", passwords);
  }
  if (!out) {
    call.authenticated = true;
  } else if (out->answer.status == 401) {
    out->answer.headers.emplace_back("WWW-Authenticate", settings_.users.empty()
                                                             ? "Bearer realm=\"basewatch\""
                                                             : "Basic realm=\"basewatch\"");
  }
  return out;
}

std::string why_not_act(const Call& call) {
  const auto& site = call.fetch_site;
  const auto scheme = call.origin.find("://");
  const bool foreign = (!site.empty() && site != "same-origin" && site != "none") ||
                       (!call.origin.empty() && (scheme == std::string::npos ||
                                                 std::string_view(call.origin).substr(scheme + 3) !=
                                                     std::string_view(call.host)));
  if (foreign) return "this came from a page of another site in a browser";
  if (call.authenticated) return "";
  if (!call.from_loopback) {
    return "without a password, a token or a client certificate (server.auth, server.tls) this is "
           "only taken from this machine: POST to the loopback address, or send SIGHUP to the "
           "agent";
  }
  if (call.forwarded) {
    return "this came through a proxy, so from anywhere: configure server.auth, or send SIGHUP to "
           "the agent";
  }
  if (!call.host.empty() && !is_this_machine(call.host)) {
    return "the Host header must be localhost or a loopback address, such as 127.0.0.1:9777";
  }
  return "";
}

}  // namespace basewatch::serve
