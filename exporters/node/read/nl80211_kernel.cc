// The part of read/nl80211.h that asks the kernel.
#include <linux/genetlink.h>
#include <linux/nl80211.h>

#include <cerrno>

#include "exporters/node/read/nl80211.h"

namespace basewatch::node {
namespace {

constexpr std::size_t kMaxEntries = 100'000;

std::string question(std::uint8_t command, std::uint8_t version) {
  return std::string(netlink_bytes(genlmsghdr{command, version, 0}));
}

}  // namespace

// A driver may be loaded and unloaded: the number of the family is asked for in each run.
bool Nl80211::open(const Deadline& deadline) {
  family_ = 0;
  const auto body = question(CTRL_CMD_GETFAMILY, 1) +
                    netlink_attribute(CTRL_ATTR_FAMILY_NAME, {NL80211_GENL_NAME, 8});
  try {
    netlink_.ask(
        GENL_ID_CTRL, body, "the family nl80211", deadline,
        [&](const NetlinkMessage& message) { family_ = parse_family_id(generic_body(message)); });
  } catch (const NetlinkError& error) {
    if (error.error() == ENOENT || error.error() == EPERM || error.error() == EACCES) return false;
    throw;
  }
  return family_ != 0;
}

void Nl80211::dump(std::uint8_t command, const WifiInterface* interface, std::string_view what,
                   const Deadline& deadline, const std::function<void()>& begin,
                   const std::function<void(std::string_view)>& visit) {
  auto body = question(command, 0);
  if (interface) {
    body += netlink_attribute(NL80211_ATTR_IFINDEX, netlink_bytes(interface->index));
    if (!interface->mac.empty()) body += netlink_attribute(NL80211_ATTR_MAC, interface->mac);
  }
  std::size_t entries = 0;
  netlink_.dump(
      family_, body, what, deadline,
      [&] {
        begin();
        entries = 0;
      },
      [&](const NetlinkMessage& message) {
        if (++entries > kMaxEntries) throw ReadError("netlink lists too much of wireless");
        visit(generic_body(message));
      });
}

std::vector<WifiInterface> Nl80211::interfaces(const Deadline& deadline) {
  std::vector<WifiInterface> list;
  dump(
      NL80211_CMD_GET_INTERFACE, nullptr, "the list of wireless interfaces", deadline,
      [&] { list.clear(); },
      [&](std::string_view attributes) { list.push_back(parse_wifi_interface(attributes)); });
  return list;
}

std::optional<WifiNetwork> Nl80211::network(const WifiInterface& interface,
                                            const Deadline& deadline) {
  std::optional<WifiNetwork> network;
  dump(
      NL80211_CMD_GET_SCAN, &interface, "the networks of a wireless interface", deadline,
      [&] { network.reset(); },
      [&](std::string_view attributes) {
        if (!network) network = parse_wifi_network(attributes);
      });
  return network;
}

std::vector<WifiStation> Nl80211::stations(const WifiInterface& interface,
                                           const Deadline& deadline) {
  std::vector<WifiStation> list;
  dump(
      NL80211_CMD_GET_STATION, &interface, "the stations of a wireless interface", deadline,
      [&] { list.clear(); },
      [&](std::string_view attributes) { list.push_back(parse_wifi_station(attributes)); });
  return list;
}

}  // namespace basewatch::node
