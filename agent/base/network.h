#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr_storage;

namespace basewatch {

// An IP address of either kind; an IPv4 address is the same whether it came as 10.0.0.1 or as
// ::ffff:10.0.0.1. The default is no address at all: no network contains it.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const IpAddress&) const = default;

  bool is_v4() const;
  bool is_loopback() const;
  std::string text() const;
};

std::optional<IpAddress> parse_ip(std::string_view text);
// The address of a socket's other end; the default for what is no IP.
IpAddress ip_of(const sockaddr_storage& address);

// "10.0.0.0/8", "2001:db8::/32", or one address alone.
class Network {
 public:
  // Nothing when `text` is none; then `problem` is the rest of a sentence that says what to write.
  static std::optional<Network> parse(std::string_view text, std::string& problem);

  bool contains(const IpAddress& address) const;
  std::string text() const;
  bool operator==(const Network&) const = default;

 private:
  IpAddress first_;
  int bits_ = 128;  // of the sixteen bytes
};

}  // namespace basewatch
