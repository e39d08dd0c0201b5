#include "agent/base/network.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "agent/base/strings.h"

namespace basewatch {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kMappedBits = 96;

IpAddress from_v4(const void* four) {
  IpAddress out;
  std::ranges::copy(kMapped, out.bytes.begin());
  std::memcpy(out.bytes.data() + kMapped.size(), four, 4);
  return out;
}

// Everything behind the first `bits` set to zero.
IpAddress masked(IpAddress address, int bits) {
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(bits - 8 * i, 0, 8);
    auto& byte = address.bytes[static_cast<std::size_t>(i)];
    byte = static_cast<std::uint8_t>(byte & (0xff00 >> kept));
  }
  return address;
}

}  // namespace

bool IpAddress::is_v4() const {
  return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return bytes[12] == 127;
  return bytes[15] == 1 &&
         std::all_of(bytes.begin(), bytes.end() - 1, [](auto b) { return b == 0; });
}

std::string IpAddress::text() const {
  char out[INET6_ADDRSTRLEN] = "";
  if (is_v4()) {
    ::inet_ntop(AF_INET, bytes.data() + kMapped.size(), out, sizeof out);
  } else {
    ::inet_ntop(AF_INET6, bytes.data(), out, sizeof out);
  }
  return out;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  const std::string copy(text);  // inet_pton would stop at a NUL
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  IpAddress out;
  if (::inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1) return out;
  in_addr four{};
  if (::inet_pton(AF_INET, copy.c_str(), &four) == 1) return from_v4(&four);
  return std::nullopt;
}

IpAddress ip_of(const sockaddr_storage& address) {
  IpAddress out;
  if (address.ss_family == AF_INET) {
    return from_v4(&reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  }
  if (address.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    std::memcpy(out.bytes.data(), &six, out.bytes.size());
  }
  return out;
}

std::optional<Network> Network::parse(std::string_view text, std::string& problem) {
  const auto slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) {
    problem = fmt::format(
        "'{}' is no address or network: write 10.0.0.0/8, 2001:db8::/32 or an "
        "address; names are not looked up",
        printable(text, 60));
    return std::nullopt;
  }
  Network out;
  const bool four = address->is_v4() && text.substr(0, slash).find(':') == std::string_view::npos;
  if (slash != std::string_view::npos) {
    const auto bits = parse_uint(text.substr(slash + 1));
    const std::uint64_t most = four ? 32 : 128;
    if (!bits || *bits > most) {
      problem =
          fmt::format("'{}' must end in a number of bits from 0 to {}", printable(text, 60), most);
      return std::nullopt;
    }
    out.bits_ = static_cast<int>(*bits) + (four ? kMappedBits : 0);
  }
  out.first_ = masked(*address, out.bits_);
  if (out.first_ != *address) {
    problem = fmt::format(
        "'{}' has bits beyond its length: write {} for the network, or the "
        "address alone",
        printable(text, 60), out.text());
    return std::nullopt;
  }
  return out;
}

bool Network::contains(const IpAddress& address) const {
  if (address == IpAddress{}) return false;
  // ::/0 is every IPv6 address; what arrived by IPv4 is meant by 0.0.0.0/0 only.
  if (address.is_v4() && bits_ < kMappedBits) return false;
  return masked(address, bits_) == first_;
}

std::string Network::text() const {
  const bool four = first_.is_v4() && bits_ >= kMappedBits;
  return fmt::format("{}/{}", first_.text(), four ? bits_ - kMappedBits : bits_);
}

}  // namespace basewatch
