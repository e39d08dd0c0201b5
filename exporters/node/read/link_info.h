#pragma once

#include <linux/if_link.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/node/read/netlink.h"

// What the kernel says by netlink of network devices beside their counters.
namespace basewatch::node {

struct LinkInfo {
  std::string name, address, broadcast, alias;
  std::vector<std::string> other_names;
  int index = 0;
  unsigned flags = 0;
  unsigned type = 0;       // ARPHRD_ETHER and so on
  unsigned below = 0;      // the index of the device that it is on top of; 0 for none
  std::uint8_t state = 0;  // IF_OPER_UP and so on
  std::uint32_t mtu = 0;
  std::optional<std::uint32_t> carrier, carrier_changes, carrier_up, carrier_down, link_mode, group,
      queue_length;
  std::optional<rtnl_link_stats64> stats;
};

// A message of the answer to RTM_GETLINK; nothing for other messages.
std::optional<LinkInfo> parse_link_info(const NetlinkMessage& message);

// "up", "down", "lowerlayerdown" ... as sysfs writes operstate.
std::string_view link_state(std::uint8_t state);

struct LinkSpeed {
  std::string device;
  std::int32_t megabits = -1;  // less than 0: not known
  std::string_view duplex;     // in the peer's words: "Full", "Half", "Unknown"
};

// A message of the answer to ETHTOOL_MSG_LINKMODES_GET, without the headers.
LinkSpeed parse_link_speed(std::string_view attributes);

// Asks the kernel. One thread at a time.
class LinkInfos {
 public:
  std::vector<LinkInfo> list(const Deadline& deadline);
  // Of devices that have a speed, by name; nothing from kernels older than 5.6.
  std::map<std::string, LinkSpeed> speeds(const Deadline& deadline);

 private:
  std::uint16_t ethtool_family(const Deadline& deadline);

  Netlink links_{NETLINK_ROUTE}, generic_{NETLINK_GENERIC};
};

}  // namespace basewatch::node
