// The parts of read/net.h that talk to the kernel by netlink and getifaddrs.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>

#include "exporters/node/read/error_text.h"
#include "exporters/node/read/net.h"

namespace basewatch::node {
namespace {

constexpr std::size_t kMaxDevices = 100'000;
constexpr std::size_t kBuffer = 64 * 1024;  // the kernel fills at most 32 KiB of a dump at once

template <typename T>
T head(std::string_view bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(sizeof value, bytes.size()));
  return value;
}

// Takes one aligned piece with a length in its header off the front; empty at the end or when
// broken.
template <typename Header, auto Length>
std::string_view next_piece(std::string_view& rest) {
  if (rest.size() < sizeof(Header)) return {};
  const std::size_t length = head<Header>(rest).*Length;
  if (length < sizeof(Header) || length > rest.size()) return {};
  const auto piece = rest.substr(0, length);
  rest.remove_prefix(std::min(rest.size(), NLMSG_ALIGN(length)));
  return piece;
}

// Kernels older than 2.6.35 have 32-bit counters only; the same fields in the same order.
rtnl_link_stats64 widened(std::string_view bytes) {
  rtnl_link_stats64 wide{};
  auto* to = reinterpret_cast<__u64*>(&wide);
  const auto count = std::min(bytes.size(), sizeof(rtnl_link_stats)) / sizeof(__u32);
  for (std::size_t i = 0; i < count; ++i) to[i] = head<__u32>(bytes.substr(i * sizeof(__u32)));
  return wide;
}

void parse_link(std::string_view message, std::vector<Device>& out) {
  const std::size_t skip = NLMSG_LENGTH(sizeof(ifinfomsg));
  if (message.size() < skip) return;
  auto rest = message.substr(skip);
  Device device;
  bool has_wide = false, has_narrow = false;
  while (true) {
    const auto piece = next_piece<rtattr, &rtattr::rta_len>(rest);
    if (piece.empty()) break;
    const auto value = piece.substr(RTA_LENGTH(0));
    switch (head<rtattr>(piece).rta_type) {
      case IFLA_IFNAME:
        device.name = value.substr(0, value.find('\0'));
        break;
      case IFLA_STATS64:
        device.stats = head<rtnl_link_stats64>(value);
        has_wide = true;
        break;
      case IFLA_STATS:
        if (!has_wide) device.stats = widened(value);
        has_narrow = true;
        break;
    }
  }
  if (device.name.empty() || !(has_wide || has_narrow)) return;
  if (out.size() >= kMaxDevices) throw ReadError("netlink lists too many network devices");
  out.push_back(std::move(device));
}

}  // namespace

bool parse_links(std::string_view datagram, std::vector<Device>& out) {
  while (!datagram.empty()) {
    const auto message = next_piece<nlmsghdr, &nlmsghdr::nlmsg_len>(datagram);
    if (message.empty()) throw ReadError("netlink answered with a broken message");
    const auto header = head<nlmsghdr>(message);
    if (header.nlmsg_type == NLMSG_DONE) return true;
    if (header.nlmsg_type == NLMSG_ERROR) {
      const int error = message.size() < NLMSG_LENGTH(sizeof(int))
                            ? EBADMSG
                            : -head<int>(message.substr(NLMSG_HDRLEN));
      throw ReadError(fmt::format("netlink refuses the list of devices: {}", error_text(error)));
    }
    if (header.nlmsg_type == RTM_NEWLINK) parse_link(message, out);
  }
  return false;
}

void Links::ask() {
  if (!socket_) {
    socket_.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    if (!socket_) throw ReadError(fmt::format("cannot open netlink: {}", error_text(errno)));
  }
  struct {
    nlmsghdr header;
    ifinfomsg body;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.header.nlmsg_seq = ++sequence_;
  request.body.ifi_family = AF_UNSPEC;
  if (send(socket_.get(), &request, sizeof request, 0) != sizeof request) {
    throw ReadError(fmt::format("cannot ask netlink: {}", error_text(errno)));
  }
}

std::vector<Device> Links::list(const Deadline& deadline) {
  std::vector<Device> devices;
  buffer_.resize(kBuffer);
  try {
    ask();
    while (true) {
      pollfd readable{socket_.get(), POLLIN, 0};
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining()).count();
      const int ready = poll(&readable, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
      if (ready == 0) throw ReadError("netlink did not answer in time");
      const auto got = recv(socket_.get(), buffer_.data(), buffer_.size(), MSG_TRUNC);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got < 0) throw ReadError(fmt::format("cannot read from netlink: {}", error_text(errno)));
      if (static_cast<std::size_t>(got) > buffer_.size()) {
        throw ReadError("netlink sent more at once than the kernel ever does");
      }
      const std::string_view datagram(buffer_.data(), static_cast<std::size_t>(got));
      // An answer to an earlier question, given up at its deadline, may still lie in the socket.
      if (got > 0 && head<nlmsghdr>(datagram).nlmsg_seq != sequence_) continue;
      if (parse_links(datagram, devices)) return devices;
    }
  } catch (...) {
    socket_.reset();  // the next run begins with a clean one
    throw;
  }
}

std::vector<Address> list_addresses() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) {
    throw ReadError(fmt::format("cannot list the addresses: {}", error_text(errno)));
  }
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
  std::vector<Address> out;
  for (const auto* item = list; item; item = item->ifa_next) {
    if (!item->ifa_addr || !item->ifa_netmask) continue;
    const int family = item->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    const bool is_v4 = family == AF_INET;
    const auto bytes = [&](const sockaddr* address) {
      return is_v4
                 ? std::string_view(reinterpret_cast<const char*>(
                                        &reinterpret_cast<const sockaddr_in*>(address)->sin_addr),
                                    4)
                 : std::string_view(reinterpret_cast<const char*>(
                                        &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr),
                                    16);
    };
    int prefix = 0;
    for (const char byte : bytes(item->ifa_netmask)) {
      prefix += std::popcount(static_cast<unsigned char>(byte));
    }
    char text[INET6_ADDRSTRLEN];
    if (!inet_ntop(family, bytes(item->ifa_addr).data(), text, sizeof text)) continue;
    out.push_back({item->ifa_name, text, std::to_string(prefix),
                   std::string(address_scope(bytes(item->ifa_addr)))});
  }
  return out;
}

}  // namespace basewatch::node
