#include "exporters/redis/discover.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "agent/base/strings.h"

namespace basewatch::redis {
namespace {

constexpr std::size_t kLongestHost = 253;

// Names and addresses only: what a server tells becomes part of a URL.
bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= kLongestHost && text != "?" &&
         std::ranges::all_of(text, [](char one) {
           const auto sign = static_cast<unsigned char>(one);
           return sign < 0x80 &&
                  (std::isalnum(sign) || one == '.' || one == '-' || one == ':' || one == '_');
         });
}

std::string join_address(const std::string& host, int port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

}  // namespace

std::vector<Address> address_of(std::string_view host, std::string_view port) {
  const auto number = parse_uint(port);
  if (!is_host(host) || !number || *number == 0 || *number > 65'535) return {};
  return {{std::string(host), static_cast<std::uint16_t>(*number)}};
}

// <id> <ip:port@cport[,hostname]> <flags> ...
std::vector<Address> cluster_members(std::string_view nodes) {
  std::vector<Address> out;
  std::string_view line;
  while (next_line(nodes, line)) {
    line = trim(line);
    next_word(line);
    const auto where = next_word(line), flags = next_word(line);
    const auto has = [&](std::string_view flag) {
      const auto all = split(flags, ',');
      return std::ranges::find(all, flag) != all.end();
    };
    if (has("myself") || has("noaddr") || has("handshake")) continue;
    const auto address = where.substr(0, where.find('@'));
    const auto colon = address.rfind(':');
    if (colon == std::string_view::npos) continue;
    for (auto& one : address_of(address.substr(0, colon), address.substr(colon + 1))) {
      out.push_back(std::move(one));
    }
  }
  return out;
}

std::string identity_of(const clients::RedisUrl& url) {
  return url.socket.empty() ? join_address(url.host, url.port) : url.socket;
}

std::vector<FoundInstance> as_instances(std::vector<Address> found, const Options& options,
                                        bool by_sentinel) {
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  std::vector<FoundInstance> out;
  for (const auto& [host, port] : found) {
    FoundInstance one;
    one.name = fmt::format("{}-{}", host, port);
    one.identity = join_address(host, port);
    one.changes["url"] =
        fmt::format("{}://{}", options.target.url.tls ? "rediss" : "redis", one.identity);
    // Whoever is found finds nobody: a ring of servers would go round for ever.
    for (const auto* way : {"discover.replicas", "discover.cluster", "discover.sentinel"}) {
      one.changes[way] = false;
    }
    if (by_sentinel) {
      one.changes["user"] = options.discover_user;
      one.changes["password"] = options.discover_password;
    } else if (options.target.user.empty() && !options.target.url.user.empty()) {
      one.changes["user"] = options.target.url.user;
    }
    if (!by_sentinel && !options.target.url.password.empty()) {
      one.changes["password"] = std::function<std::string()>([of = options.target] {
        const auto given = of.password();
        return given.empty() ? of.url.password : given;
      });
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace basewatch::redis
