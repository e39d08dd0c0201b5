#pragma once

#include <linux/if_link.h>
#include <linux/netlink.h>

#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.h"
#include "exporters/node/read/netlink.h"
#include "exporters/node/read/source.h"

// What the kernel counts for each network device.
namespace basewatch::node {

struct Device {
  std::string name;
  int index = 0;  // the kernel's number for it; of netlink only
  rtnl_link_stats64 stats{};
};

// /proc/net/dev, where some of the counters are sums already: drop, frame and carrier.
std::vector<Device> parse_net_dev(const Source& net_dev);

// A message of an RTM_GETLINK dump; a device without counters is left out.
void parse_link(const NetlinkMessage& message, std::vector<Device>& out);

// Asks the kernel by netlink, over one socket that stays open. One thread at a time.
class Links {
 public:
  std::vector<Device> list(const Deadline& deadline);

 private:
  Netlink netlink_{NETLINK_ROUTE};
};

// The name of a device in the list, or nothing.
std::string_view device_name(const std::vector<Device>& devices, int index);

struct Address {
  std::string device, address, prefix, scope;
};
// The addresses of this network namespace, as node_network_address_info shows them.
std::vector<Address> list_addresses();

// "link-local", "global" ...: where an address is valid, in node_exporter's words; empty for none.
// `bytes` are 4 or 16, in network order.
std::string_view address_scope(std::string_view bytes);

}  // namespace basewatch::node
