#include "agent/config/server.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/small_file.h"
#include "agent/base/strings.h"
#include "agent/config/instance.h"
#include "agent/config/listen.h"
#include "agent/config/web_config.h"

namespace basewatch::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxUsersBytes = 1u << 20;

void read_addresses(yaml::Mapping& map, Server& out, Diagnostics& diagnostics) {
  std::string problem;
  out.listen_where = map.where("listen");
  const auto listen = map.string("listen", "127.0.0.1:9777");
  if (const auto address = parse_address(listen, problem)) {
    out.host = address->host;
    out.port = address->port;
  } else {
    diagnostics.error(map.where("listen"), "listen " + problem);
  }
  out.advertise = map.string("advertise");
  if (out.advertise.empty()) return;
  const auto address = parse_address(out.advertise, problem);
  if (!address) {
    diagnostics.error(map.where("advertise"), "advertise " + problem);
  } else if (address->host.empty()) {
    diagnostics.error(map.where("advertise"),
                      "advertise needs the address at which Prometheus reaches this agent: write "
                      "db-1.example.org:9777");
  }
}

Pem read_file(yaml::Mapping& map, std::string_view key, const Context& context) {
  return {resolve(context.folder, map.string(key)), "", map.where(key)};
}

void read_tls(const yaml::Node& node, TlsSettings& out, const Context& context) {
  yaml::Mapping map(node, "tls", context.diagnostics);
  out.on = true;
  out.where = node.where;
  out.certificate = read_file(map, "cert_file", context);
  out.key = read_file(map, "key_file", context);
  out.client_ca = read_file(map, "client_ca_file", context);
  constexpr ClientCertificate kinds[] = {ClientCertificate::none,
                                         ClientCertificate::verify_if_given,
                                         ClientCertificate::require_and_verify};
  out.client = kinds[map.choice("client_certificate", out.client_ca.given() ? 2 : 0,
                                {"none", "optional", "required"})];
  out.client_sans = map.strings("client_allowed_sans");
  out.least = static_cast<int>(map.choice("min_version", 0, {"1.2", "1.3"})) + 2;
  map.finish();
  check_tls(out, context.diagnostics);
}

void read_auth(const yaml::Node& node, Server& out, const Context& context) {
  yaml::Mapping map(node, "auth", context.diagnostics);
  if (const auto* users = map.find("users")) {
    read_users(*users, "users", out.written.users, context.diagnostics);
  }
  out.users_file = resolve(context.folder, map.string("users_file"));
  out.users_file_where = map.where("users_file");
  out.written.token_file = resolve(context.folder, map.string("token_file"));
  out.written.token_where = map.where("token_file");
  if (map.find("open")) out.written.open = map.strings("open");
  for (const auto& path : out.written.open) {
    if (path.starts_with('/') && path != "/-/reload") continue;
    context.diagnostics.error(
        map.where("open"),
        fmt::format("open lists paths such as /-/healthy that need no password, never one that "
                    "acts, not '{}'",
                    printable(path)));
  }
  map.finish();
}

void read_allow(yaml::Mapping& map, AccessSettings& out, Diagnostics& diagnostics) {
  const auto* node = map.find("allow");
  std::size_t index = 0;
  for (const auto& text : map.strings("allow")) {
    const auto where = index < node->items.size() ? node->items[index].where : node->where;
    ++index;
    std::string problem;
    if (const auto network = Network::parse(text, problem)) {
      out.allow.push_back(*network);
    } else {
      diagnostics.error(where, "allow: " + problem);
    }
  }
  if (node && node->kind == yaml::Kind::sequence && node->items.empty()) {
    diagnostics.error(node->where,
                      "allow: an empty list would let nobody in: leave allow out to let everybody "
                      "in, or write [127.0.0.0/8]");
  }
}

Duration read_time(yaml::Mapping& map, std::string_view key, Duration fallback,
                   Diagnostics& diagnostics) {
  const auto time = map.duration(key, fallback);
  if (time < 1s || time > 1h) {
    diagnostics.error(map.where(key), fmt::format("{} must be from 1s to 1h", key));
  }
  return time;
}

void read_limits(const yaml::Node& node, Limits& out, Diagnostics& diagnostics) {
  yaml::Mapping map(node, "limits", diagnostics);
  const auto count = [&](std::string_view key, std::size_t& value, std::int64_t least,
                         std::int64_t most) {
    value =
        static_cast<std::size_t>(map.integer(key, static_cast<std::int64_t>(value), least, most));
  };
  count("connections", out.connections, 8, 10'000);
  count("workers", out.workers, 4, 1000);
  count("scrapes", out.scrapes, 1, 1000);
  count("header_bytes", out.header_bytes, 1024, 1 << 20);
  count("unsent_bytes", out.unsent_bytes, 1 << 20, std::int64_t{1} << 32);
  out.header_time = read_time(map, "header_time", out.header_time, diagnostics);
  out.idle_time = read_time(map, "idle_time", out.idle_time, diagnostics);
  out.answer_time = read_time(map, "answer_time", out.answer_time, diagnostics);
  if (out.scrapes >= out.workers) {
    diagnostics.error(map.where("scrapes"),
                      fmt::format("scrapes must be fewer than workers, which are {}: else nobody "
                                  "is left to answer anything else",
                                  out.workers));
  }
  map.finish();
}

bool is_bcrypt(std::string_view hash) {
  const auto digit = [&](std::size_t at) { return hash[at] >= '0' && hash[at] <= '9'; };
  return hash.size() == 60 && hash.starts_with("$2") &&
         std::string_view("aby").find(hash[2]) != std::string_view::npos && hash[3] == '$' &&
         digit(4) && digit(5) && hash[6] == '$' && hash.substr(4, 2) >= "04" &&
         hash.substr(4, 2) <= "31" && std::ranges::all_of(hash.substr(7), [](unsigned char c) {
           return c < 0x80 && (std::isalnum(c) || c == '.' || c == '/');
         });
}

void add_user(UserSettings user, std::vector<UserSettings>& out, Diagnostics& diagnostics) {
  const auto shown = printable(user.name, 60);
  if (user.name.find(':') != std::string::npos || printable(user.name, 1000) != user.name) {
    diagnostics.error(user.where, fmt::format("'{}' cannot be the name of a user: a colon and "
                                              "control characters cannot be sent",
                                              shown));
  } else if (!is_bcrypt(user.hash)) {
    diagnostics.error(user.where,
                      fmt::format("the password of '{}' must be a bcrypt hash: `htpasswd -nBC 10 "
                                  "{}` prints one behind the colon",
                                  shown, shown));
  } else if (std::ranges::find(out, user.name, &UserSettings::name) != out.end()) {
    diagnostics.error(user.where, fmt::format("a second password for '{}': keep one", shown));
  } else {
    const auto cost = user.hash.substr(4, 2);
    if (cost > "14") {
      diagnostics.warning(user.where,
                          fmt::format("the hash of '{}' has cost {}, seconds of computing for each "
                                      "new password tried: 10 is usual",
                                      shown, cost));
    }
    out.push_back(std::move(user));
  }
}

void read_users_file(const Server& server, std::vector<UserSettings>& out,
                     Diagnostics& diagnostics) {
  std::string problem;
  const auto text = read_small_file(server.users_file, kMaxUsersBytes, problem);
  if (!text) {
    diagnostics.error(server.users_file_where, fmt::format("users_file '{}' cannot be read: {}",
                                                           printable(server.users_file), problem));
    return;
  }
  std::string_view rest = *text, line;
  for (int number = 1; next_line(rest, line); ++number) {
    line = trim(line);
    if (line.empty() || line.starts_with('#')) continue;
    const Location where{server.users_file, number, 1};
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) {
      diagnostics.error(where, "each line must be name:hash, as htpasswd -B writes it");
    } else {
      add_user({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1)), where},
               out, diagnostics);
    }
  }
}

}  // namespace

void read_users(const yaml::Node& node, std::string_view what, std::vector<UserSettings>& out,
                Diagnostics& diagnostics) {
  if (node.kind != yaml::Kind::mapping) {
    diagnostics.error(node.where, fmt::format("{} must be a mapping of names to bcrypt hashes, not "
                                              "{}",
                                              what, yaml::kind_name(node.kind)));
    return;
  }
  for (const auto& [name, hash] : node.entries) {
    add_user({name.scalar, hash.kind == yaml::Kind::scalar ? hash.scalar : "", hash.where}, out,
             diagnostics);
  }
}

AccessSettings read_access(const Server& server, Diagnostics& diagnostics) {
  auto out = server.written;
  if (!server.users_file.empty()) read_users_file(server, out.users, diagnostics);
  if (server.web_config.empty()) return out;
  AccessSettings web;
  read_web_config(server.web_config, server.web_config_where, web, diagnostics);
  const auto twice = [&](std::string_view ours, std::string_view theirs) {
    diagnostics.error(server.web_config_where,
                      fmt::format("server.{} and {} of the web_config say the same: keep one of "
                                  "them",
                                  ours, theirs));
  };
  if (out.tls.on && web.tls.on) twice("tls", "tls_server_config");
  if (!out.users.empty() && !web.users.empty()) twice("auth", "basic_auth_users");
  if (web.tls.on) out.tls = std::move(web.tls);
  if (!web.users.empty()) out.users = std::move(web.users);
  out.headers = std::move(web.headers);
  out.rate_interval = web.rate_interval;
  out.rate_burst = web.rate_burst;
  return out;
}

std::vector<std::string> access_files(const Server& server) {
  std::vector<std::string> out = {server.web_config, server.users_file};
  for (const auto& path : {server.access.tls.certificate.path, server.access.tls.key.path,
                           server.access.tls.client_ca.path, server.access.token_file}) {
    out.push_back(path);
  }
  std::erase(out, "");
  return out;
}

Server read_server(const yaml::Node& node, const Context& context) {
  Server out;
  yaml::Mapping map(node, "server", context.diagnostics);
  read_addresses(map, out, context.diagnostics);
  out.web_config = resolve(context.folder, map.string("web_config"));
  out.web_config_where = map.where("web_config");
  if (const auto* tls = map.find("tls")) read_tls(*tls, out.written.tls, context);
  if (const auto* auth = map.find("auth")) read_auth(*auth, out, context);
  read_allow(map, out.written, context.diagnostics);
  if (const auto* limits = map.find("limits")) {
    read_limits(*limits, out.limits, context.diagnostics);
  }
  out.openmetrics = map.flag("openmetrics", false);
  map.finish();
  out.access = read_access(out, context.diagnostics);
  return out;
}

}  // namespace basewatch::config
