#include "exporters/node/read/net.h"

#include <fmt/format.h>

#include <array>

namespace basewatch::node {
namespace {

using Counter = __u64 rtnl_link_stats64::*;

// The columns of /proc/net/dev, in the order in which they stand there.
constexpr std::array<Counter, 16> kColumns{
    &rtnl_link_stats64::rx_bytes,          &rtnl_link_stats64::rx_packets,
    &rtnl_link_stats64::rx_errors,         &rtnl_link_stats64::rx_dropped,
    &rtnl_link_stats64::rx_fifo_errors,    &rtnl_link_stats64::rx_frame_errors,
    &rtnl_link_stats64::rx_compressed,     &rtnl_link_stats64::multicast,
    &rtnl_link_stats64::tx_bytes,          &rtnl_link_stats64::tx_packets,
    &rtnl_link_stats64::tx_errors,         &rtnl_link_stats64::tx_dropped,
    &rtnl_link_stats64::tx_fifo_errors,    &rtnl_link_stats64::collisions,
    &rtnl_link_stats64::tx_carrier_errors, &rtnl_link_stats64::tx_compressed,
};

}  // namespace

std::vector<Device> parse_net_dev(const Source& net_dev) {
  std::vector<Device> devices;
  std::string_view rest = net_dev.text, line;
  if (!next_line(rest, line) || !next_line(rest, line) || line.find('|') == line.npos) {
    net_dev.fail(net_dev.text, "the two header lines are missing");
  }
  while (next_line(rest, line)) {
    if (trim(line).empty()) continue;
    const auto colon = line.rfind(':');  // a name may have colons (aliases), the columns have none
    if (colon == std::string_view::npos) net_dev.fail(line, "there is no device name");
    auto& device = devices.emplace_back();
    device.name = trim(line.substr(0, colon));
    auto columns = line.substr(colon + 1);
    for (const auto counter : kColumns) device.stats.*counter = net_dev.whole(next_word(columns));
  }
  return devices;
}

std::string_view address_scope(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  constexpr std::string_view kV4Mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  if (bytes.size() == 16 && bytes.starts_with(kV4Mapped)) bytes.remove_prefix(12);
  const bool is_unspecified = bytes.find_first_not_of('\0') == bytes.npos;
  if (bytes.size() == 4) {
    if (at(0) == 127 || (at(0) == 169 && at(1) == 254) ||
        (at(0) == 224 && at(1) == 0 && at(2) == 0)) {
      return "link-local";
    }
    const bool is_broadcast = bytes == "\xff\xff\xff\xff";
    const bool is_multicast = (at(0) & 0xf0) == 0xe0;
    return is_unspecified || is_broadcast || is_multicast ? "" : "global";
  }
  if (bytes.size() != 16) return "";
  const bool is_loopback = bytes.substr(0, 15).find_first_not_of('\0') == bytes.npos && at(15) == 1;
  const bool is_link_local = at(0) == 0xfe && (at(1) & 0xc0) == 0x80;
  const bool is_multicast = at(0) == 0xff;
  if (is_loopback || is_link_local || (is_multicast && (at(1) & 0x0f) == 2)) return "link-local";
  if (is_multicast) return (at(1) & 0x0f) == 1 ? "interface-local" : "";
  return is_unspecified ? "" : "global";
}

}  // namespace basewatch::node
