#include "exporters/node/read/link_info.h"

#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "exporters/node/read/nl80211.h"

namespace basewatch::node {
namespace {

constexpr std::size_t kMaxDevices = 100'000;
constexpr auto kTypeMask = static_cast<std::uint16_t>(NLA_TYPE_MASK);  // without NLA_F_NESTED

// "02:42:ac:11:00:02"
std::string hex_address(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += fmt::format("{}{:02x}", text.empty() ? "" : ":", static_cast<unsigned char>(byte));
  }
  return text;
}

void take(LinkInfo& link, std::uint16_t type, std::string_view value) {
  const auto number = [&] { return netlink_value<std::uint32_t>(value); };
  switch (type & kTypeMask) {
    case IFLA_IFNAME:
      link.name = netlink_text(value);
      break;
    case IFLA_ADDRESS:
      link.address = hex_address(value);
      break;
    case IFLA_BROADCAST:
      link.broadcast = hex_address(value);
      break;
    case IFLA_IFALIAS:
      link.alias = netlink_text(value);
      break;
    case IFLA_PROP_LIST:
      for_each_attribute(value, [&](std::uint16_t kind, std::string_view name) {
        if ((kind & kTypeMask) == IFLA_ALT_IFNAME)
          link.other_names.emplace_back(netlink_text(name));
      });
      break;
    case IFLA_OPERSTATE:
      link.state = netlink_value<std::uint8_t>(value);
      break;
    case IFLA_MTU:
      link.mtu = number();
      break;
    case IFLA_LINK:
      link.below = number();
      break;
    case IFLA_CARRIER:
      link.carrier = number();
      break;
    case IFLA_CARRIER_CHANGES:
      link.carrier_changes = number();
      break;
    case IFLA_CARRIER_UP_COUNT:
      link.carrier_up = number();
      break;
    case IFLA_CARRIER_DOWN_COUNT:
      link.carrier_down = number();
      break;
    case IFLA_LINKMODE:
      link.link_mode = number();
      break;
    case IFLA_GROUP:
      link.group = number();
      break;
    case IFLA_TXQLEN:
      link.queue_length = number();
      break;
    case IFLA_STATS64:
      link.stats = netlink_value<rtnl_link_stats64>(value);
      break;
  }
}

}  // namespace

std::optional<LinkInfo> parse_link_info(const NetlinkMessage& message) {
  if (message.type != RTM_NEWLINK || message.body.size() < sizeof(ifinfomsg)) return std::nullopt;
  LinkInfo link;
  const auto head = netlink_value<ifinfomsg>(message.body);
  link.index = head.ifi_index;
  link.flags = head.ifi_flags;
  link.type = head.ifi_type;
  for_each_attribute(message.body, sizeof(ifinfomsg),
                     [&](std::uint16_t type, std::string_view value) { take(link, type, value); });
  if (link.name.empty()) return std::nullopt;
  return link;
}

std::string_view link_state(std::uint8_t state) {
  constexpr std::string_view kStates[] = {"unknown", "notpresent", "down", "lowerlayerdown",
                                          "testing", "dormant",    "up"};
  return state < std::size(kStates) ? kStates[state] : kStates[0];
}

LinkSpeed parse_link_speed(std::string_view attributes) {
  LinkSpeed speed;
  for_each_attribute(attributes, [&](std::uint16_t type, std::string_view value) {
    switch (type & kTypeMask) {
      case ETHTOOL_A_LINKMODES_HEADER:
        for_each_attribute(value, [&](std::uint16_t kind, std::string_view name) {
          if ((kind & kTypeMask) == ETHTOOL_A_HEADER_DEV_NAME) speed.device = netlink_text(name);
        });
        break;
      case ETHTOOL_A_LINKMODES_SPEED:
        speed.megabits = netlink_value<std::int32_t>(value);
        break;
      case ETHTOOL_A_LINKMODES_DUPLEX: {
        const auto duplex = netlink_value<std::uint8_t>(value);
        speed.duplex = duplex == DUPLEX_FULL ? "Full" : duplex == DUPLEX_HALF ? "Half" : "Unknown";
        break;
      }
    }
  });
  return speed;
}

std::vector<LinkInfo> LinkInfos::list(const Deadline& deadline) {
  std::vector<LinkInfo> found;
  links_.dump(
      RTM_GETLINK, netlink_bytes(ifinfomsg{}), "the list of devices", deadline,
      [&] { found.clear(); },
      [&](const NetlinkMessage& message) {
        if (found.size() >= kMaxDevices) throw ReadError("netlink lists too many network devices");
        if (auto link = parse_link_info(message)) found.push_back(std::move(*link));
      });
  return found;
}

std::uint16_t LinkInfos::ethtool_family(const Deadline& deadline) {
  const auto question =
      std::string(netlink_bytes(genlmsghdr{CTRL_CMD_GETFAMILY, 1, 0})) +
      netlink_attribute(CTRL_ATTR_FAMILY_NAME, {ETHTOOL_GENL_NAME, sizeof ETHTOOL_GENL_NAME});
  std::uint16_t family = 0;
  try {
    generic_.ask(
        GENL_ID_CTRL, question, "the family ethtool", deadline,
        [&](const NetlinkMessage& message) { family = parse_family_id(generic_body(message)); });
  } catch (const NetlinkError& error) {
    if (error.error() != ENOENT) throw;
  }
  return family;
}

std::map<std::string, LinkSpeed> LinkInfos::speeds(const Deadline& deadline) {
  std::map<std::string, LinkSpeed> found;
  const auto family = ethtool_family(deadline);
  if (family == 0) return found;
  const auto question = std::string(netlink_bytes(genlmsghdr{ETHTOOL_MSG_LINKMODES_GET, 1, 0})) +
                        netlink_attribute(ETHTOOL_A_LINKMODES_HEADER | NLA_F_NESTED, {});
  generic_.dump(
      family, question, "the speeds of devices", deadline, [&] { found.clear(); },
      [&](const NetlinkMessage& message) {
        if (found.size() >= kMaxDevices) throw ReadError("netlink lists too many network devices");
        auto speed = parse_link_speed(generic_body(message));
        auto name = speed.device;
        if (!name.empty()) found.insert_or_assign(std::move(name), std::move(speed));
      });
  return found;
}

}  // namespace basewatch::node
