#include "agent/clients/redis/url.h"

#include <fmt/format.h>

#include "agent/base/strings.h"

namespace basewatch::clients {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// %40 becomes @; nothing when a % is followed by something else than two hexadecimal digits.
std::optional<std::string> decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

class Parser {
 public:
  Parser(std::string_view text, std::string& problem) : rest_(text), problem_(problem) {}

  std::optional<RedisUrl> parse() {
    if (rest_.starts_with('/')) return socket(rest_);
    if (!take_scheme()) return std::nullopt;
    if (is_socket_) return socket(rest_);
    const auto at = rest_.rfind('@', rest_.find_first_of("/?"));
    if (at != std::string_view::npos && !credentials(rest_.substr(0, at))) return std::nullopt;
    if (at != std::string_view::npos) rest_.remove_prefix(at + 1);
    if (!database() || !address()) return std::nullopt;
    return out_;
  }

 private:
  std::nullopt_t fail(std::string problem) {
    problem_ = std::move(problem);
    return std::nullopt;
  }

  bool take_scheme() {
    const auto end = rest_.find("://");
    if (end == std::string_view::npos) return true;  // host:port
    const auto scheme = rest_.substr(0, end);
    rest_.remove_prefix(end + 3);
    is_socket_ = scheme == "unix" || scheme == "redis-socket";
    out_.tls = scheme == "rediss" || scheme == "valkeys";
    if (is_socket_ || out_.tls || scheme == "redis" || scheme == "valkey") return true;
    fail(fmt::format("has the unknown scheme '{}': write redis://, rediss:// or unix://",
                     printable(scheme, 20)));
    return false;
  }

  std::optional<RedisUrl> socket(std::string_view path) {
    const auto query = path.find('?');
    if (query != std::string_view::npos) {
      const auto option = path.substr(query + 1);
      const auto number =
          option.starts_with("db=") ? parse_uint(option.substr(3)) : std::optional<std::uint64_t>();
      if (!number || *number > 1'000'000) {
        return fail("knows only the option ?db=NUMBER behind the path of a socket");
      }
      out_.database = static_cast<int>(*number);
      path = path.substr(0, query);
    }
    if (!path.starts_with('/') || path.size() < 2) {
      return fail("needs the whole path of the socket: write unix:///run/redis/redis.sock");
    }
    if (path.size() > 107) return fail("names a socket whose path is longer than 107 bytes");
    out_.socket = path;
    return out_;
  }

  bool credentials(std::string_view text) {
    const auto colon = text.find(':');
    const auto user = decode(text.substr(0, colon));
    const auto password = colon == std::string_view::npos ? std::optional<std::string>("")
                                                          : decode(text.substr(colon + 1));
    if (!user || !password) {
      fail("has a % in user or password that does not start an escape such as %40 for @");
      return false;
    }
    out_.user = *user;
    out_.password = *password;
    return true;
  }

  bool database() {
    const auto slash = rest_.find('/');
    if (slash == std::string_view::npos) return true;
    const auto text = rest_.substr(slash + 1);
    rest_ = rest_.substr(0, slash);
    if (text.empty()) return true;
    const auto number = parse_uint(text);
    if (number && *number <= 1'000'000) {
      out_.database = static_cast<int>(*number);
      return true;
    }
    fail("must end with the number of a database, as in redis://127.0.0.1:6379/0");
    return false;
  }

  bool address() {
    std::string_view port;
    if (rest_.starts_with('[')) {
      const auto close = rest_.find(']');
      if (close == std::string_view::npos) {
        fail("has a [ without ] around its address");
        return false;
      }
      out_.host = rest_.substr(1, close - 1);
      port = rest_.substr(close + 1);
    } else {
      const auto colon = rest_.find(':');
      out_.host = rest_.substr(0, colon);
      port = colon == std::string_view::npos ? std::string_view() : rest_.substr(colon);
    }
    if (out_.host.empty() || printable(out_.host) != out_.host ||
        out_.host.find(' ') != std::string::npos) {
      fail("names no host: write redis://127.0.0.1:6379");
      return false;
    }
    if (port.empty()) return true;
    const auto number = port.starts_with(':') ? parse_uint(port.substr(1)) : std::nullopt;
    if (!number || *number == 0 || *number > 65535) {
      fail("has no port between 1 and 65535: write redis://127.0.0.1:6379");
      return false;
    }
    out_.port = static_cast<std::uint16_t>(*number);
    return true;
  }

  std::string_view rest_;
  std::string& problem_;
  RedisUrl out_;
  bool is_socket_ = false;
};

}  // namespace

std::string RedisUrl::shown() const {
  if (!socket.empty()) return socket;
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

std::optional<RedisUrl> parse_redis_url(std::string_view text, std::string& problem) {
  return Parser(text, problem).parse();
}

}  // namespace basewatch::clients
