#include "agent/config/listen.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"

namespace basewatch::config {
namespace {

bool is_ip(int family, const std::string& text) {
  unsigned char buffer[sizeof(in6_addr)];
  return ::inet_pton(family, text.c_str(), buffer) == 1;
}

bool is_host_name(std::string_view text) {
  return !text.starts_with('-') && std::ranges::all_of(text, [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) || c == '.' || c == '-' || c == '_');
  });
}

}  // namespace

std::optional<Address> parse_address(std::string_view text, std::string& problem) {
  const auto colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  if (colon == std::string_view::npos || (bracketed && text.ends_with(']'))) {
    problem = fmt::format("needs a port: write {}:9777", printable(text));
    return std::nullopt;
  }
  Address out;
  out.host = text.substr(0, colon);
  if (bracketed) {
    if (!out.host.ends_with(']') || !is_ip(AF_INET6, out.host.substr(1, out.host.size() - 2))) {
      problem = fmt::format("has no IPv6 address in its brackets: write [::1]:9777, not '{}'",
                            printable(text));
      return std::nullopt;
    }
    out.host = out.host.substr(1, out.host.size() - 2);
  } else if (out.host.find(':') != std::string::npos) {
    problem = "needs brackets around an IPv6 address: write [::1]:9777";
    return std::nullopt;
  } else if (out.host.find_first_not_of("0123456789.") == std::string::npos
                 ? !out.host.empty() && !is_ip(AF_INET, out.host)
                 : !is_host_name(out.host)) {
    problem = fmt::format("has no valid address before the port: '{}'", printable(out.host));
    return std::nullopt;
  }
  const auto port = parse_uint(text.substr(colon + 1));
  if (!port || *port == 0 || *port > 65535) {
    problem = fmt::format("must end in a port from 1 to 65535, not '{}'",
                          printable(text.substr(colon + 1)));
    return std::nullopt;
  }
  out.port = static_cast<std::uint16_t>(*port);
  return out;
}

}  // namespace basewatch::config
