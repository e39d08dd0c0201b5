#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace basewatch::clients {

// Where a Redis server is.
struct RedisUrl {
  std::string host{};  // a name or an address, without brackets
  std::uint16_t port = 6379;
  std::string socket{};  // a path, in place of host and port
  bool tls = false;
  std::string user{}, password{};  // only where the URL holds them
  int database = 0;

  // For logs and errors: never the password.
  std::string shown() const;
  bool operator==(const RedisUrl&) const = default;
};

// redis://[user[:password]@]host[:port][/database], rediss:// for TLS, valkey:// and valkeys://
// alike, unix:///path[?db=1], or short host:port and /path. Otherwise nothing, and `problem` is the
// rest of a sentence that starts with the name of the key; it never repeats what may be a password.
std::optional<RedisUrl> parse_redis_url(std::string_view text, std::string& problem);

}  // namespace basewatch::clients
