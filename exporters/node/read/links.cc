// The parts of read/net.h that ask the kernel: netlink and getifaddrs.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <memory>

#include "exporters/node/read/error_text.h"
#include "exporters/node/read/net.h"

namespace basewatch::node {
namespace {

constexpr std::size_t kMaxDevices = 100'000;

// Kernels older than 2.6.35 have 32-bit counters only; the same fields in the same order.
rtnl_link_stats64 widened(std::string_view bytes) {
  rtnl_link_stats64 wide{};
  auto* to = reinterpret_cast<__u64*>(&wide);
  const auto count = std::min(bytes.size(), sizeof(rtnl_link_stats)) / sizeof(__u32);
  for (std::size_t i = 0; i < count; ++i) {
    to[i] = netlink_value<__u32>(bytes.substr(i * sizeof(__u32)));
  }
  return wide;
}

}  // namespace

void parse_link(const NetlinkMessage& message, std::vector<Device>& out) {
  if (message.type != RTM_NEWLINK || message.body.size() < sizeof(ifinfomsg)) return;
  Device device;
  device.index = netlink_value<ifinfomsg>(message.body).ifi_index;
  bool has_wide = false, has_narrow = false;
  for_each_attribute(message.body, sizeof(ifinfomsg), [&](auto type, std::string_view value) {
    if (type == IFLA_IFNAME) device.name = netlink_text(value);
    if (type == IFLA_STATS64) {
      device.stats = netlink_value<rtnl_link_stats64>(value);
      has_wide = true;
    }
    if (type == IFLA_STATS) {
      if (!has_wide) device.stats = widened(value);
      has_narrow = true;
    }
  });
  if (device.name.empty() || !(has_wide || has_narrow)) return;
  if (out.size() >= kMaxDevices) throw ReadError("netlink lists too many network devices");
  out.push_back(std::move(device));
}

std::vector<Device> Links::list(const Deadline& deadline) {
  std::vector<Device> devices;
  netlink_.dump(
      RTM_GETLINK, netlink_bytes(ifinfomsg{}), "the list of devices", deadline,
      [&] { devices.clear(); },
      [&](const NetlinkMessage& message) { parse_link(message, devices); });
  return devices;
}

std::string_view device_name(const std::vector<Device>& devices, int index) {
  const auto found = std::ranges::find(devices, index, &Device::index);
  return found == devices.end() ? std::string_view() : std::string_view(found->name);
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
